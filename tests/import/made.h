/* made.h - models written by a test, imported: for programs with one such test group. */
#ifndef QCC_TESTS_IMPORT_MADE_H
#define QCC_TESTS_IMPORT_MADE_H

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compiler/pipeline.h"
#include "tests/import/models.h"

static char folder[] = "/tmp/qcc-import-XXXXXX";

static inline int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static inline void show(qctx *ctx)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    fputs(buf_str(&b), stderr);
}

static inline qctx *fresh(void)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    return ctx;
}

/* The pair of a model; NULL with diagnostics. The file is gone again. */
static inline imported *import_made(qctx *ctx, const make_model *m, const char *name, const net_options *o)
{
    const char *path = make_file(m, folder, "made");
    assert_non_null(path);
    imported *pair = net_import(ctx, path, name, o);
    unlink(path);
    return pair;
}

#endif
