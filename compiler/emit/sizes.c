/* sizes.c - weight_bytes and constant_bytes: what the emitted C really bakes. */
#include "compiler/emit/emit.h"

void model_sizes(qctx *ctx, const ir_graph *g, int64_t *weight_bytes, int64_t *constant_bytes)
{
    emit_options o;
    emit_result r;
    emit_options_init(&o);
    bool ok = emit_c(ctx, g, &o, &r);
    *weight_bytes = ok ? r.weight_bytes : 0;
    *constant_bytes = ok ? r.constant_bytes : 0;
}
