/* file.c - whole files in, whole files out. */
#include "compiler/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 1 << 20 };
static const size_t MAX_BYTES = (size_t)2 << 30;

static qloc place(qctx *ctx, const char *path)
{
    source *s = ARENA_NEW(ctx->a, source);
    s->name = arena_strdup(ctx->a, path);
    return loc_file(s);
}

static struct file_id id_of(const struct stat *st)
{
    return (struct file_id){(uint64_t)st->st_dev, (uint64_t)st->st_ino};
}

static bool is_among(const struct file_id *ids, int n, struct file_id id)
{
    for (int i = 0; i < n; i++)
        if (ids[i].device == id.device && ids[i].inode == id.inode)
            return true;
    return false;
}

static int open_for_reading(qctx *ctx, const char *path, struct stat *st)
{
    struct file_id *id = VEC_PUSH(ctx->a, &ctx->read);
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = errno;
    if (fd >= 0 && fstat(fd, st) == 0 && !S_ISDIR(st->st_mode)) {
        *id = id_of(st);
        ctx->read.n -= is_among(ctx->written.v, ctx->written.n, *id);
        return fd;
    }
    ctx->read.n--;
    if (fd >= 0) {
        err = EISDIR;
        close(fd);
    }
    diag_add(ctx, D_FILE_OPEN, place(ctx, path), "cannot open: %s", strerror(err));
    return -1;
}

/* Releases what a slot holds by then; slots are deferred before they are filled, so that running
 * out of memory in between leaks nothing. */
static void free_slot(void *slot)
{
    free(*(void **)slot);
}

/* Reads to the end into malloc'd memory (no arena: a full one must not leak the descriptor). */
static char *slurp(int fd, size_t guess, size_t *len, int *err)
{
    size_t cap = guess + 1, n = 0;
    char *p = malloc(cap);
    *err = p ? 0 : ENOMEM;
    while (!*err) {
        if (n + 1 >= cap) {
            cap = n + n / 2 + READ_STEP;
            char *q = realloc(p, cap);
            if (!q) {
                *err = ENOMEM;
                break;
            }
            p = q;
        }
        ssize_t got = read(fd, p + n, cap - n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            *err = errno;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > MAX_BYTES)
            *err = EFBIG;
    }
    *len = n;
    return p;
}

const source *file_read(qctx *ctx, const char *path)
{
    struct stat st;
    source *s = ARENA_NEW(ctx->a, source);
    s->name = arena_strdup(ctx->a, path);
    char **slot = ARENA_NEW(ctx->a, char *);
    arena_defer(ctx->a, free_slot, slot);
    int fd = open_for_reading(ctx, path, &st);
    if (fd < 0)
        return NULL;
    size_t guess = S_ISREG(st.st_mode) && st.st_size >= 0 ? (size_t)st.st_size : READ_STEP;
    int err = guess > MAX_BYTES ? EFBIG : 0;
    if (!err)
        *slot = slurp(fd, guess, &s->len, &err);
    close(fd);
    if (err) {
        diag_add(ctx, err == EFBIG ? D_FILE_TOO_LARGE : D_FILE_READ, place(ctx, path),
                 "cannot read: %s", err == EFBIG ? "more than the 2 GiB that qcc reads" : strerror(err));
        return NULL;
    }
    (*slot)[s->len] = '\0';
    s->text = *slot;
    return s;
}

const source *file_read_text(qctx *ctx, const char *path)
{
    const source *s = file_read(ctx, path);
    if (s && memchr(s->text, 0, s->len)) {
        diag_add(ctx, D_FILE_NOT_TEXT, place(ctx, path), "not a text file: it holds NUL bytes");
        diag_expected(ctx, "a .qdl file (text)");
        return NULL;
    }
    return s;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static bool fail(qctx *ctx, const char *path, int err)
{
    diag_add(ctx, D_FILE_WRITE, place(ctx, path), "cannot write: %s", strerror(err));
    return false;
}

static bool write_in_place(qctx *ctx, const char *path, int fd, const void *p, size_t n)
{
    bool ok = fd >= 0 && write_all(fd, p, n);
    int err = errno;
    if (fd > STDERR_FILENO && close(fd) != 0 && ok) {
        ok = false;
        err = errno;
    }
    return ok || fail(ctx, path, err);
}

/* A new file beside path, under the umask; its name in *tmp. -1 with errno. */
static int open_temporary(qctx *ctx, const char *path, char **tmp)
{
    for (int i = 0;; i++) {
        *tmp = arena_printf(ctx->a, "%s.%ld.%d.tmp", path, (long)getpid(), i);
        int fd = open(*tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST || i == 1000)
            return fd;
    }
}

/* A complete temporary beside path; its name in *tmp. What is replaced keeps its permissions. */
static bool write_temporary(qctx *ctx, const file_out *f, char **tmp)
{
    char *name;
    struct stat old;
    int fd = open_temporary(ctx, f->path, &name);
    if (fd < 0)
        return fail(ctx, f->path, errno);
    bool ok = write_all(fd, f->p, f->n) &&
              (stat(f->path, &old) != 0 || fchmod(fd, old.st_mode & 0777) == 0) && fsync(fd) == 0;
    int err = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        err = errno;
    }
    if (!ok) {
        unlink(name);
        return fail(ctx, f->path, err);
    }
    *tmp = name;
    return true;
}

/* "-" and what is no regular file cannot be renamed over: they are written in place, at the end. */
static bool is_stream(const char *path)
{
    struct stat st;
    return !strcmp(path, "-") || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static bool write_stream(qctx *ctx, const file_out *f)
{
    if (!strcmp(f->path, "-"))
        return write_in_place(ctx, "<stdout>", STDOUT_FILENO, f->p, f->n);
    return write_in_place(ctx, f->path, open(f->path, O_WRONLY | O_CLOEXEC), f->p, f->n);
}

/* Same file by name: the same last part in the same folder. */
static bool same_name(const char *a, const char *b)
{
    const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
    if (strcmp(x ? x + 1 : a, y ? y + 1 : b))
        return false;
    char dir[2][PATH_MAX];
    struct stat st[2];
    snprintf(dir[0], PATH_MAX, "%.*s/.", x ? (int)(x - a) : 1, x ? a : ".");
    snprintf(dir[1], PATH_MAX, "%.*s/.", y ? (int)(y - b) : 1, y ? b : ".");
    return stat(dir[0], &st[0]) == 0 && stat(dir[1], &st[1]) == 0 && st[0].st_dev == st[1].st_dev &&
           st[0].st_ino == st[1].st_ino;
}

static bool was_read(const qctx *ctx, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           is_among(ctx->read.v, ctx->read.n, id_of(&st));
}

bool file_outputs_apart(qctx *ctx, const file_out *out, int n)
{
    for (int i = 0; i < n; i++) {
        bool input = was_read(ctx, out[i].path);
        for (int j = 0; j < i && !input; j++) {
            if (strcmp(out[i].path, "-") && same_name(out[i].path, out[j].path)) {
                diag_add(ctx, D_OUTPUT_TWICE, place(ctx, out[i].path), "two outputs have this name");
                return false;
            }
        }
        if (input) {
            diag_add(ctx, D_OUTPUT_IS_INPUT, place(ctx, out[i].path), "would be written over what was read");
            diag_hint(ctx, "choose another name for the output");
            return false;
        }
    }
    return true;
}

/* Streams first: what they refuse must leave no other file behind. */
static bool write_streams(qctx *ctx, const file_out *out, int n, char *const *tmp)
{
    for (int i = 0; i < n; i++)
        if (!tmp[i] && !write_stream(ctx, &out[i]))
            return false;
    return true;
}

static bool rename_all(qctx *ctx, const file_out *out, int n, char **tmp)
{
    for (int i = 0; i < n; i++) {
        if (tmp[i] && rename(tmp[i], out[i].path) != 0)
            return fail(ctx, out[i].path, errno);
        struct stat st;
        if (tmp[i] && stat(out[i].path, &st) == 0)
            *VEC_PUSH(ctx->a, &ctx->written) = id_of(&st);
        tmp[i] = NULL;
    }
    return true;
}

bool file_write_all(qctx *ctx, const file_out *out, int n)
{
    if (!file_outputs_apart(ctx, out, n))
        return false;
    char **tmp = ARENA_ARRAY(ctx->a, char *, n);
    bool ok = true;
    for (int i = 0; i < n && ok; i++)
        ok = is_stream(out[i].path) || write_temporary(ctx, &out[i], &tmp[i]);
    ok = ok && write_streams(ctx, out, n, tmp) && rename_all(ctx, out, n, tmp);
    for (int i = 0; i < n; i++)
        if (tmp[i])
            unlink(tmp[i]);
    return ok;
}

bool file_write(qctx *ctx, const char *path, const void *p, size_t n)
{
    return file_write_all(ctx, &(file_out){path, p, n}, 1);
}

bool file_may_write(qctx *ctx, const char *path)
{
    file_out f = {.path = path};
    char *tmp;
    if (!file_outputs_apart(ctx, &f, 1))
        return false;
    if (is_stream(path))
        return true;
    int fd = open_temporary(ctx, path, &tmp);
    if (fd < 0)
        return fail(ctx, path, errno);
    close(fd);
    unlink(tmp);
    return true;
}
