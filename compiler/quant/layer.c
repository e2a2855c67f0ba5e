/* layer.c - which rules of a quantize part a tensor obeys. */
#include <string.h>

#include "compiler/quant/internal.h"

const char *layer_of_weight(qctx *ctx, const ir_tensor *w)
{
    size_t n = strlen(w->name), suffix = strlen(".weight");
    bool has = n > suffix && strcmp(w->name + n - suffix, ".weight") == 0;
    return has ? arena_strndup(ctx->a, w->name, n - suffix) : w->name;
}

bool names_activation(const quant_spec *spec, const char *layer)
{
    for (int i = 0; i < spec->rules.n; i++) {
        const spec_rule *r = &spec->rules.v[i];
        if (r->layer && r->part == SPEC_ACTIVATION && strcmp(r->layer, layer) == 0)
            return true;
    }
    return false;
}

spec_settings activation_settings(qctx *ctx, const quant_spec *spec, const ir_tensor *t,
                                  bool *stated)
{
    const char *layer = t->name;
    const ir_op *op = t->producer;
    *stated = names_activation(spec, layer);
    if (!*stated && op && (op->kind == OP_CONV2D || op->kind == OP_DENSE)) {
        const char *weights = layer_of_weight(ctx, ir_weight(op));
        *stated = names_activation(spec, weights);
        layer = *stated ? weights : layer;
    }
    return spec_for(spec, layer, SPEC_ACTIVATION);
}
