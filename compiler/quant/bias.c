/* bias.c - biases onto the scale of their layer's accumulator. */
#include <math.h>

#include "compiler/quant/internal.h"

#define BIAS_LIMIT 0x1p62

bool round_bias(const ir_quant *wq, double in_scale, const float *bias, int channels, int64_t *out,
                int *bad)
{
    for (int c = 0; c < channels; c++) {
        double factor = in_scale * (double)wq->scale[wq->n > 1 ? c : 0];
        double v = round((double)bias[c] / factor);
        if (!(fabs(v) < BIAS_LIMIT)) {
            *bad = c;
            return false;
        }
        out[c] = (int64_t)v;
    }
    return true;
}

/* int32 where that holds all biases and nothing else is stated, else int64. */
static bool store_bias(qctx *ctx, const quant_spec *spec, const ir_op *op, const int64_t *wide,
                       int n)
{
    ir_tensor *b = ir_bias(op);
    spec_settings s = spec_for(spec, layer_of_weight(ctx, ir_weight(op)), SPEC_BIAS);
    bool fits = true, narrow = !(s.set & SPEC_TYPE) || s.type == IR_I32;
    int32_t *codes = ARENA_ARRAY(ctx->a, int32_t, n);
    for (int i = 0; i < n; i++) {
        fits &= wide[i] >= -INT32_MAX && wide[i] <= INT32_MAX;
        codes[i] = fits ? (int32_t)wide[i] : 0;
    }
    if (!fits && s.set & SPEC_TYPE && narrow) {
        diag_add(ctx, D_QUANT_SETTING, b->loc, "'%s': its codes need 64 bits, and int32 is stated",
                 b->name);
        return false;
    }
    b->type = fits && narrow ? IR_I32 : IR_I64;
    b->data = fits && narrow ? (const void *)codes : (const void *)wide;
    return true;
}

bool choose_bias(qctx *ctx, const quant_spec *spec, const ir_op *op, const float *bias)
{
    const ir_tensor *w = ir_weight(op), *b = ir_bias(op);
    int n = w->shape.dim[0], bad;
    int64_t *wide = ARENA_ARRAY(ctx->a, int64_t, n);
    if (!round_bias(w->quant, (double)op->in[0]->quant->scale[0], bias, n, wide, &bad)) {
        diag_add(ctx, D_BIAS_RANGE, b->loc,
                 "'%s'[%d] has no 62-bit code at the scale of input times weights", b->name, bad);
        diag_hint(ctx, "state a wider range for '%s'", w->name);
        return false;
    }
    return store_bias(ctx, spec, op, wide, n);
}
