/* sizes.c - weight_bytes and constant_bytes: what the emitted C really bakes. */
#include "compiler/emit/emit.h"

void model_sizes(qctx *ctx, const ir_graph *g, const emit_options *given, int64_t *weight_bytes,
                 int64_t *constant_bytes)
{
    emit_options o;
    emit_result r;
    emit_options_init(&o);
    const ir_graph *emitted = emit_lean(ctx, g, given ? given : &o);
    o.whole_layers = true; /* what is left out is left out already */
    bool ok = emit_c(ctx, emitted, &o, &r);
    *weight_bytes = ok ? r.weight_bytes : 0;
    *constant_bytes = ok ? r.constant_bytes : 0;
}
