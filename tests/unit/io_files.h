/* io_files.h - what the tests of file readers share: files made by hand, one diagnostic expected. */
#ifndef QCC_TESTS_IO_FILES_H
#define QCC_TESTS_IO_FILES_H

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "compiler/base/file.h"
#include "compiler/base/rng.h"

typedef struct fix {
    qctx *ctx;
    char dir[64];
    buf b; /* the file that is being built */
} fix;

/* A new context (of the same folder), for a test that reads many files. */
static inline void fresh(fix *f)
{
    qctx_free(f->ctx);
    f->ctx = qctx_new();
    assert_non_null(f->ctx);
    buf_init(&f->b, f->ctx->a);
}

static inline int setup(void **state)
{
    fix *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/qcc-io-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    fresh(f);
    *state = f;
    return 0;
}

static inline const char *in_dir(fix *f, const char *name)
{
    return arena_printf(f->ctx->a, "%s/%s", f->dir, name);
}

static inline int teardown(void **state)
{
    fix *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int failed = system(command);
    qctx_free(f->ctx);
    free(f);
    return failed;
}

/* Writes a file as it is; not through file_write, which is under test elsewhere. */
static inline const char *put(fix *f, const char *name, const void *p, size_t n)
{
    const char *path = in_dir(f, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    return path;
}

static inline const char *put_text(fix *f, const char *name, const char *text)
{
    return put(f, name, text, strlen(text));
}

static inline const char *put_built(fix *f, const char *name)
{
    return put(f, name, f->b.p, f->b.n);
}

/* Builds a .npy of version major.0 in f->b. */
static inline void build_npy(fix *f, int major, const char *dict, const void *data, size_t n)
{
    size_t at = major == 1 ? 10 : 12, len = strlen(dict) + 1;
    while ((at + len) % 64)
        len++;
    unsigned char head[12] = {0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)major, 0,
                              (unsigned char)(len & 255), (unsigned char)(len >> 8)};
    buf_init(&f->b, f->ctx->a);
    buf_bytes(&f->b, head, at);
    buf_puts(&f->b, dict);
    while (f->b.n < at + len - 1)
        buf_puts(&f->b, " ");
    buf_puts(&f->b, "\n");
    buf_bytes(&f->b, data, n);
}

#define NPY_DICT(descr, shape) \
    "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"

/* Compresses f->b in place. */
static inline void gzip_built(fix *f)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, f->b.n);
    buf in = f->b;
    unsigned char *out = arena_alloc(f->ctx->a, room);
    z.next_in = (unsigned char *)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_init(&f->b, f->ctx->a);
    buf_bytes(&f->b, out, room - z.avail_out);
    deflateEnd(&z);
}

/* Exactly one error, of this id, that names the file, says `text` and what was expected. */
static inline void assert_error(fix *f, diag_id id, const char *text)
{
    buf b;
    buf_init(&b, f->ctx->a);
    for (int i = 0; i < diag_count(f->ctx); i++)
        diag_print(&b, diag_get(f->ctx, i));
    if (diag_count(f->ctx) != 1 || diag_get(f->ctx, 0)->id != id || !strstr(buf_str(&b), text))
        fail_msg("expected one %s with '%s', got:\n%s", diag_slug(id), text, buf_str(&b));
}

static inline void assert_clean(fix *f)
{
    if (diag_count(f->ctx) == 0)
        return;
    buf b;
    buf_init(&b, f->ctx->a);
    diag_print(&b, diag_get(f->ctx, 0));
    fail_msg("unexpected: %s", buf_str(&b));
}

/* One error if it failed, none if not. */
static inline void assert_one_way(fix *f, bool ok)
{
    if (ok)
        assert_clean(f);
    else
        assert_int_equal(diag_errors(f->ctx), 1);
}

/* Every prefix of the bytes, then `rounds` copies with up to three bytes changed: read must give a
 * result and no diagnostic, or exactly one error, and never touch what is not its own. */
static inline void torment(fix *f, const void *bytes, size_t n, int rounds,
                           bool (*read)(fix *f, const char *path), bool prefixes_may_pass)
{
    unsigned char *copy = malloc(n ? n : 1);
    for (size_t cut = 0; cut < n; cut++) {
        fresh(f);
        bool ok = read(f, put(f, "cut", bytes, cut));
        assert_one_way(f, ok);
        if (ok && !prefixes_may_pass)
            fail_msg("the first %zu of %zu bytes were accepted", cut, n);
    }
    rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < rounds; i++) {
        memcpy(copy, bytes, n);
        for (uint64_t k = rng_below(&r, 3) + 1; k > 0; k--)
            copy[rng_below(&r, n)] = (unsigned char)rng_next(&r);
        fresh(f);
        assert_one_way(f, read(f, put(f, "changed", copy, n)));
    }
    free(copy);
}

/* Memory running out at any allocation leaks nothing (seen by the sanitizers) and ends. */
static inline void starve(fix *f, const char *path, bool (*read)(fix *f, const char *path))
{
    char *kept = strdup(path);
    volatile bool done = false;
    for (volatile unsigned long nth = 1; !done; nth++) {
        fresh(f);
        arena_fail_at(f->ctx->a, nth);
        if (setjmp(*arena_guard(f->ctx->a)) == 0)
            done = read(f, kept);
        assert_true(nth < 10000);
    }
    free(kept);
    fresh(f);
}

#endif
