/* qdl.h - QDL text in tests. */
#ifndef QCC_TESTS_QDL_H
#define QCC_TESTS_QDL_H

#include <string.h>

#include "compiler/front/ast.h"
#include "tests/unit/context.h"

static inline int qdl_setup(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static inline int qdl_teardown(void **state)
{
    qctx_free(*state);
    return 0;
}

static inline ast_file *qdl_bytes(qctx *ctx, const char *text, size_t n)
{
    source *src = ARENA_NEW(ctx->a, source);
    *src = (source){"t.qdl", arena_strndup(ctx->a, text, n), n};
    return qdl_parse(ctx, src);
}

static inline ast_file *qdl_text(qctx *ctx, const char *text)
{
    return qdl_bytes(ctx, text, strlen(text));
}

#endif
