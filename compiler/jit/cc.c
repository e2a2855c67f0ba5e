/* cc.c - the system compiler: emitted C to a temporary shared object, without a shell.
 *
 * Temporary files live in a directory of their own that is removed on every path; a loaded object
 * stays mapped after its file is gone. */
#include "config.h" /* pipe2 */

#include "compiler/jit/internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_WORDS = 64, KEPT_OUTPUT = 2000 };

/* ---- the command --------------------------------------------------------------------------- */

typedef struct words {
    const char *v[MAX_WORDS + 1];
    int n;
} words;

static bool add_word(words *w, const char *s)
{
    if (w->n >= MAX_WORDS)
        return false;
    w->v[w->n++] = s;
    return true;
}

/* Splits at blanks; no quoting, as make does with $(CC). */
static bool add_words(arena *a, words *w, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, " \t\n");
        if (n > 0 && !add_word(w, arena_strndup(a, text, n)))
            return false;
        text += n;
        text += strspn(text, " \t\n");
    }
    return true;
}

const char *cc_host(void)
{
    const char *cc = getenv("CC");
    return cc && cc[strspn(cc, " \t\n")] ? cc : "cc";
}

/* ---- temporary files ----------------------------------------------------------------------- */

static bool cannot(qctx *ctx, const char *what)
{
    diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "%s: %s", what, strerror(errno));
    return false;
}

static bool write_source(qctx *ctx, const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(ctx, "cannot write a temporary file");
    size_t n = strlen(text);
    while (n > 0) {
        ssize_t put = write(fd, text, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        text += put;
        n -= (size_t)put;
    }
    int err = errno;
    if (close(fd) != 0 && n == 0) {
        n = 1;
        err = errno;
    }
    errno = err;
    return n == 0 || cannot(ctx, "cannot write a temporary file");
}

void cc_done(cc_job *job)
{
    if (!job->dir)
        return;
    unlink(job->source);
    unlink(job->output);
    unlink(job->stack);
    rmdir(job->dir);
    job->dir = NULL;
}

static void cc_done_late(void *job)
{
    cc_done(job);
}

/* Registered before the directory exists: memory may run out before cc_done. */
static cc_job *make_dir(qctx *ctx, const char *output_name)
{
    const char *tmp = getenv("TMPDIR");
    cc_job *job = ARENA_NEW(ctx->a, cc_job);
    char *dir = arena_printf(ctx->a, "%s/qcc-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    size_t stem = strlen(dir);
    char *source_path = arena_printf(ctx->a, "%s/net.c", dir);
    char *output = arena_printf(ctx->a, "%s/%s", dir, output_name);
    char *stack = arena_printf(ctx->a, "%s/net.su", dir);
    arena_defer(ctx->a, cc_done_late, job);
    if (!mkdtemp(dir)) {
        cannot(ctx, "cannot make a temporary directory");
        return NULL;
    }
    memcpy(source_path, dir, stem); /* mkdtemp filled in its letters */
    memcpy(output, dir, stem);
    memcpy(stack, dir, stem);
    *job = (cc_job){dir, source_path, output, stack};
    return job;
}

/* ---- running it ---------------------------------------------------------------------------- */

/* Reads to the end, keeping the beginning, so that the compiler never blocks on a full pipe. */
static void drain(int fd, char *kept)
{
    char block[4096];
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size_t take = (size_t)got < KEPT_OUTPUT - n ? (size_t)got : KEPT_OUTPUT - n;
        memcpy(kept + n, block, take);
        n += take;
    }
    while (n > 0 && kept[n - 1] == '\n')
        n--;
    kept[n] = '\0';
}

/* The child's standard output and error go to fd. 0 or an errno. */
static int spawn(pid_t *pid, char *const *argv, int fd)
{
    posix_spawn_file_actions_t actions;
    int err = posix_spawn_file_actions_init(&actions);
    if (err)
        return err;
    err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
    if (!err)
        err = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* Exit status of the command, -1 where it could not be started (errno says why). `said` gets the
 * first of what it printed. */
static int run_words(const words *w, char *said)
{
    int ends[2], status, err;
    pid_t pid;
    *said = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    err = spawn(&pid, (char *const *)w->v, ends[1]);
    close(ends[1]);
    if (!err)
        drain(ends[0], said);
    close(ends[0]);
    if (err) {
        errno = err;
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static bool report(qctx *ctx, int status, const char *cc, const char *said)
{
    if (status == 0)
        return true;
    if (status < 0)
        diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "cannot run the compiler '%s': %s", cc,
                 strerror(errno));
    else
        diag_add(ctx, D_ENGINE_COMPILE, loc_none(), "'%s' exited with status %d: %s", cc, status,
                 *said ? said : "no message");
    return false;
}

static bool add_list(words *w, const char *const *list)
{
    for (int i = 0; list && list[i]; i++)
        if (!add_word(w, list[i]))
            return false;
    return true;
}

static bool command(qctx *ctx, words *w, const cc_request *how, const cc_job *job)
{
    if (add_words(ctx->a, w, how->cc) && add_words(ctx->a, w, how->flags) &&
        add_list(w, how->extra) && add_word(w, "-o") && add_word(w, job->output) &&
        add_word(w, job->source) && add_list(w, how->after))
        return true;
    diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "$CC and its flags are more than %d words", MAX_WORDS);
    return false;
}

cc_job *cc_run_by(qctx *ctx, const cc_request *how, const char *text, const char *output_name)
{
    words w = {.n = 0};
    char *said = arena_alloc(ctx->a, KEPT_OUTPUT + 1);
    cc_job *job = make_dir(ctx, output_name);
    if (!job)
        return NULL;
    if (command(ctx, &w, how, job) && write_source(ctx, job->source, text) &&
        report(ctx, run_words(&w, said), how->cc, said))
        return job;
    cc_done(job);
    return NULL;
}

cc_job *cc_run(qctx *ctx, const char *text, const char *cflags, const char *const *extra,
               const char *output_name)
{
    cc_request how = {cc_host(), cflags, extra, NULL};
    return cc_run_by(ctx, &how, text, output_name);
}

/* ---- shared objects ------------------------------------------------------------------------ */

/* Registered with the arena before there is a handle, for memory may run out in between. */
typedef struct shared_object {
    void *handle;
} shared_object;

static void close_object(void *p)
{
    shared_object *so = p;
    if (so->handle)
        dlclose(so->handle);
}

void *cc_load(qctx *ctx, const char *text, const char *cflags)
{
    static const char *const extra[] = {
        "-std=c99", "-shared", "-fPIC", "-ffp-contract=off", "-w", "-x", "c", NULL,
    };
    shared_object *so = ARENA_NEW(ctx->a, shared_object);
    arena_defer(ctx->a, close_object, so);
    cc_job *job = cc_run(ctx, text, cflags ? cflags : "-O3", extra, "net.so");
    if (!job)
        return NULL;
    so->handle = dlopen(job->output, RTLD_NOW | RTLD_LOCAL);
    const char *why = so->handle ? NULL : dlerror();
    cc_done(job);
    if (so->handle)
        return so;
    diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "cannot load what the compiler made: %s",
             why ? why : "no reason given");
    return NULL;
}

void *cc_lookup(void *code, const char *symbol)
{
    return dlsym(((shared_object *)code)->handle, symbol);
}

bool cc_found(const char *cc)
{
    arena *a = arena_new();
    if (!a)
        return false;
    bool found = false;
    if (setjmp(*arena_guard(a)) == 0) {
        words w = {.n = 0};
        char said[KEPT_OUTPUT + 1];
        found = add_words(a, &w, cc) && add_word(&w, "--version") && run_words(&w, said) == 0;
    }
    arena_free(a);
    return found;
}

bool cc_is_available(void)
{
    return cc_found(cc_host());
}
