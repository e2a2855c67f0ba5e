/* ctx.c - the context's life. */
#include "compiler/base/ctx.h"

qctx *qctx_new(void)
{
    arena *a = arena_new();
    if (!a)
        return NULL;
    if (setjmp(*arena_guard(a))) {
        arena_free(a);
        return NULL;
    }
    qctx *ctx = ARENA_NEW(a, qctx);
    ctx->a = a;
    ctx->seed = 1;
    ctx->threads = 1;
    return ctx;
}

void qctx_free(qctx *ctx)
{
    if (ctx)
        arena_free(ctx->a);
}
