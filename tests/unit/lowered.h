/* lowered.h - from QDL text to a graph, for tests of sema. */
#ifndef QCC_TESTS_LOWERED_H
#define QCC_TESTS_LOWERED_H

#include <string.h>

#include "compiler/front/front.h"
#include "tests/unit/context.h"

typedef struct result {
    qctx *ctx;
    ast_file *file;
    ir_graph *g; /* NULL after errors */
} result;

static inline result lower(const char *text)
{
    result r = {.ctx = qctx_new()};
    assert_non_null(r.ctx);
    source *src = ARENA_NEW(r.ctx->a, source);
    *src = (source){"test.qdl", arena_strdup(r.ctx->a, text), strlen(text)};
    r.file = qdl_parse(r.ctx, src);
    if (r.file)
        r.g = sema_lower(r.ctx, r.file);
    return r;
}

static inline const char *printed(const result *r)
{
    return all_messages(r->ctx);
}

#endif
