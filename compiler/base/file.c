/* file.c - whole files in, whole files out. */
#include "compiler/base/file.h"

#include <errno.h>
#include <fcntl.h>
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

static int open_for_reading(qctx *ctx, const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, st) != 0) {
        diag_add(ctx, D_FILE_OPEN, place(ctx, path), "cannot open: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISDIR(st->st_mode)) {
        diag_add(ctx, D_FILE_OPEN, place(ctx, path), "cannot open: it is a directory");
        close(fd);
        return -1;
    }
    return fd;
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
    int fd = open_for_reading(ctx, path, &st);
    if (fd < 0)
        return NULL;
    size_t guess = S_ISREG(st.st_mode) && st.st_size >= 0 ? (size_t)st.st_size : READ_STEP;
    if (guess > MAX_BYTES) {
        close(fd);
        diag_add(ctx, D_FILE_TOO_LARGE, place(ctx, path), "%lld bytes: more than the 2 GiB that qcc reads",
                 (long long)st.st_size);
        return NULL;
    }
    size_t len;
    int err;
    char *p = slurp(fd, guess, &len, &err);
    close(fd);
    if (err) {
        free(p);
        diag_add(ctx, err == EFBIG ? D_FILE_TOO_LARGE : D_FILE_READ, place(ctx, path),
                 "cannot read: %s", strerror(err));
        return NULL;
    }
    p[len] = '\0';
    arena_defer(ctx->a, free, p);
    source *s = ARENA_NEW(ctx->a, source);
    s->name = arena_strdup(ctx->a, path);
    s->text = p;
    s->len = len;
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

/* mkstemp makes files private; the result gets what the umask allows, or what was there before. */
static mode_t wanted_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return st.st_mode & 0777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

bool file_write(qctx *ctx, const char *path, const void *p, size_t n)
{
    if (!strcmp(path, "-"))
        return write_in_place(ctx, "<stdout>", STDOUT_FILENO, p, n);
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return write_in_place(ctx, path,
                              S_ISDIR(st.st_mode) ? (errno = EISDIR, -1)
                                                  : open(path, O_WRONLY | O_CLOEXEC), p, n);
    char *tmp = arena_printf(ctx->a, "%s.XXXXXX", path);
    int fd = mkstemp(tmp);
    if (fd < 0)
        return fail(ctx, path, errno);
    bool ok = write_all(fd, p, n) && fchmod(fd, wanted_mode(path)) == 0 && fsync(fd) == 0;
    int err = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        err = errno;
    }
    if (ok && rename(tmp, path) != 0) {
        ok = false;
        err = errno;
    }
    if (!ok) {
        unlink(tmp);
        return fail(ctx, path, err);
    }
    return true;
}
