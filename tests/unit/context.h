/* context.h - what tests do with a context: a new one, its diagnostics as text; whether the long
 * form runs. */
#ifndef QCC_TESTS_CONTEXT_H
#define QCC_TESTS_CONTEXT_H

#include "tests/unit/cm.h"

#include <stdlib.h>

#include "compiler/base/ctx.h"

static inline qctx *fresh_context(void)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    return ctx;
}

/* All diagnostics so far, as they are printed. */
static inline const char *all_messages(qctx *ctx)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    return buf_str(&b);
}

/* QCC_LONG=1 */
static inline bool is_long(void)
{
    const char *s = getenv("QCC_LONG");
    return s && *s && *s != '0';
}

#endif
