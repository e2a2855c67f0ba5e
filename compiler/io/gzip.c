/* gzip.c - expanding gzip files through zlib. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "compiler/io/internal.h"

enum { FIRST_BYTES = 1 << 16, FORMAT_GZIP = 15 + 16 };

/* What one expansion owns. Deferred before it is filled, so that memory running out leaks nothing. */
typedef struct expansion {
    z_stream z;
    bool open;
    unsigned char *p; /* malloc'd: it grows by realloc */
    size_t n, cap;
} expansion;

static void close_stream(expansion *x)
{
    if (x->open)
        inflateEnd(&x->z);
    x->open = false;
}

static void release(void *p)
{
    expansion *x = p;
    close_stream(x);
    free(x->p);
}

bool is_gzip(const source *src)
{
    return src->len >= 2 && !memcmp(src->text, "\x1f\x8b", 2);
}

static bool reserve(expansion *x, uint64_t limit)
{
    if (x->n < x->cap)
        return true;
    uint64_t cap = x->cap ? 2 * (uint64_t)x->cap : FIRST_BYTES;
    cap = cap < limit ? cap : limit;
    unsigned char *p = realloc(x->p, (size_t)cap + 1);
    if (!p)
        return false;
    x->p = p;
    x->cap = (size_t)cap;
    return true;
}

/* Moves zlib's 32-bit windows over input and output; returns zlib's status. */
static int step(expansion *x, const source *src, size_t *used)
{
    static const size_t MOST = (size_t)1 << 30;
    size_t in = src->len - *used, out = x->cap - x->n;
    in = in < MOST ? in : MOST;
    out = out < MOST ? out : MOST;
    x->z.next_in = (unsigned char *)(uintptr_t)src->text + *used;
    x->z.avail_in = (uInt)in;
    x->z.next_out = x->p + x->n;
    x->z.avail_out = (uInt)out;
    int status = inflate(&x->z, Z_NO_FLUSH);
    *used += in - x->z.avail_in;
    x->n += out - x->z.avail_out;
    return status;
}

/* What is wrong, or NULL when all went well. One byte beyond the limit is asked for, so that a
 * stream of exactly `limit` bytes is read to its checksum. */
static const char *expand(expansion *x, const source *src, uint64_t limit, bool stop_at_limit)
{
    size_t used = 0;
    if (inflateInit2(&x->z, FORMAT_GZIP) != Z_OK)
        return "memory ran out while expanding it";
    x->open = true;
    for (;;) {
        if (!reserve(x, limit + 1))
            return "memory ran out while expanding it";
        int status = step(x, src, &used);
        if (x->n > limit)
            return stop_at_limit ? NULL : "it expands to more bytes than expected";
        if (status == Z_STREAM_END) {
            if (used == src->len)
                return NULL;
            if (src->len - used < 2 || memcmp(src->text + used, "\x1f\x8b", 2))
                return "there are bytes after the end of the compressed data";
            inflateReset(&x->z);
        } else if (status == Z_BUF_ERROR || (status == Z_OK && used == src->len && x->n < x->cap)) {
            return "truncated: the compressed data ends too early";
        } else if (status != Z_OK) {
            return status == Z_MEM_ERROR ? "memory ran out while expanding it"
                                         : "the compressed data is corrupt";
        }
    }
}

const source *gunzip(qctx *ctx, const source *src, uint64_t limit, bool stop_at_limit)
{
    expansion *x = ARENA_NEW(ctx->a, expansion);
    arena_defer(ctx->a, release, x);
    const char *wrong = expand(x, src, limit, stop_at_limit);
    close_stream(x);
    if (wrong) {
        diag_add(ctx, D_GZIP_DATA, loc_file(src), "broken gzip file: %s", wrong);
        diag_expected(ctx, "a complete gzip file that expands to at most %llu bytes",
                      (unsigned long long)limit);
        return NULL;
    }
    source *s = ARENA_NEW(ctx->a, source);
    s->name = src->name;
    s->len = x->n < limit ? x->n : (size_t)limit;
    x->p[s->len] = '\0';
    s->text = (const char *)x->p;
    return s;
}
