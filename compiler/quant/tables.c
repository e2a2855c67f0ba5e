/* tables.c - baked tables of unary operators and softmax. A unary operator at int8 has 256 inputs: its
 * table is computed by the oracle's formula, code by code, and is exact by definition. */
#include <math.h>

#include "compiler/quant/legal.h"
#include "runtime/arith.h"
#include "runtime/interp.h"
#include "runtime/real.h"

static bool is_q31(const ir_op *op)
{
    return op->q->mode == IR_NUM_TFLM || op->q->mode == IR_NUM_SINGLE;
}

/* TFLite fixes the output quantization of some operators. */
static bool want_output(qctx *ctx, const ir_op *op, float scale, int32_t zero)
{
    const ir_tensor *out = op->out[0];
    if (out->type == IR_I8 && act_scale(out) == scale && act_zero(out) == zero)
        return true;
    return refuse(ctx, op, "%s in mode %s gives int8 codes of scale 1/%g and zero point %d, "
                  "but '%s' has scale %.9g and zero point %d", ir_opinfos[op->kind].word,
                  ir_numerics_name(op->q->mode), 1 / (double)scale, zero, out->name,
                  (double)act_scale(out), act_zero(out));
}

/* ---- what the integer formulas of tflm and single can hold -------------------------------------- */

static bool check_rescale(qctx *ctx, const ir_op *op)
{
    double ratio = (double)act_scale(op->in[0]) / (double)act_scale(op->out[0]);
    if (op->kind == OP_LEAKY_RELU)
        ratio *= fmax(1, fabs(op->at.alpha));
    return ratio < ARITH_MAX_RATIO || scale_ratio(ctx, op, ratio, "below 2^30");
}

static bool check_q4(qctx *ctx, const ir_op *op)
{
    float scale = act_scale(op->in[0]);
    if (scale < 0x1p-27f || scale >= 0x1p30f)
        return scale_ratio(ctx, op, (double)scale, "2^-27 or more, below 2^30");
    return op->kind == OP_SIGMOID ? want_output(ctx, op, 1.0f / 256, -128)
                                  : want_output(ctx, op, 1.0f / 128, 0);
}

/* Both multipliers' exponents must be shifts that 16-bit arithmetic has. */
static bool check_hard_swish(qctx *ctx, const ir_op *op)
{
    volatile float fine = (1.0f / 128.0f) * act_scale(op->in[0]);
    volatile float out = fine / act_scale(op->out[0]), gate = fine / (3.0f / 32768.0f);
    int out_shift, gate_shift;
    bool nonzero = arith_q31_multiplier((double)out, false, &out_shift) != 0 &&
                   arith_q31_multiplier((double)gate, false, &gate_shift) != 0;
    if (!nonzero || out_shift > 0 || out_shift < -15)
        return scale_ratio(ctx, op, (double)out, "2^-16 or more, below 1");
    if (gate_shift < -15 || gate_shift > 30)
        return scale_ratio(ctx, op, (double)gate, "2^-16 or more, below 2^30");
    return true;
}

static bool check_table(qctx *ctx, const ir_op *op)
{
    return op->kind != OP_ELU || op->at.alpha == 1 ||
           refuse(ctx, op, "elu in mode %s has alpha 1, not %g", ir_numerics_name(op->q->mode),
                  op->at.alpha);
}

typedef bool (*check_fn)(qctx *, const ir_op *);

static const check_fn q31_checks[OP_COUNT] = {
    [OP_RELU] = check_rescale,
    [OP_RELU6] = check_rescale,
    [OP_LEAKY_RELU] = check_rescale,
    [OP_SIGMOID] = check_q4,
    [OP_TANH] = check_q4,
    [OP_HARD_SWISH] = check_hard_swish,
    [OP_REQUANTIZE] = check_rescale,
    [OP_ELU] = check_table,
    [OP_GELU] = check_table,
    [OP_GELU_TANH] = check_table,
};

bool fill_unary(qctx *ctx, ir_op *op)
{
    if (is_q31(op) && !q31_checks[op->kind](ctx, op))
        return false;
    int16_t *lut = ARENA_ARRAY(ctx->a, int16_t, 256);
    for (int code = -128; code <= 127; code++)
        lut[code + 128] = (int16_t)interp_unary_code(op, code);
    op->q->lut = lut;
    return true;
}

/* ---- softmax ----------------------------------------------------------------------------------- */

/* Bits of the table's fraction: n entries, and 256 times one, stay inside uint32. */
static int exp_bits(int64_t n)
{
    int log2 = 0;
    while (arith_pow2(log2) < n)
        log2++;
    return log2 > 9 ? 31 - log2 : 22;
}

static bool softmax_q32(qctx *ctx, ir_op *op, int64_t n)
{
    if (n > 4096)
        return refuse(ctx, op, "softmax over %lld values: at most 4096 in mode q32", (long long)n);
    int32_t *table = ARENA_ARRAY(ctx->a, int32_t, 256);
    double one = ldexp(1, exp_bits(n));
    for (int d = 0; d < 256; d++)
        table[d] = (int32_t)floor(real_exp(-(double)act_scale(op->in[0]) * d) * one + 0.5);
    op->q->exp_table = table;
    return want_output(ctx, op, 1.0f / 256, -128);
}

static bool softmax_onnx(qctx *ctx, ir_op *op, int64_t n)
{
    (void)n;
    float *table = ARENA_ARRAY(ctx->a, float, 256), *scale = ARENA_NEW(ctx->a, float);
    for (int d = 0; d < 256; d++)
        table[d] = (float)real_exp(-(double)act_scale(op->in[0]) * d);
    *scale = act_scale(op->out[0]);
    op->q->exp_real = table;
    op->q->out = (ir_rescale){ .n = 1, .fscale = scale };
    return true;
}

static bool softmax_q31(qctx *ctx, ir_op *op, int64_t n)
{
    ir_iparams *q = op->q;
    bool single = q->mode == IR_NUM_SINGLE;
    double most = single ? 1073741823.0 : 2147483647.0;
    double ratio = fmin((double)act_scale(op->in[0]) * 67108864.0 /* 2^26 */, most);
    int shift;
    if (n > 4095)
        return refuse(ctx, op, "softmax over %lld values: at most 4095 in mode %s", (long long)n,
                      ir_numerics_name(q->mode));
    if (!(ratio > 1))
        return scale_ratio(ctx, op, ratio, "above 1: an input scale above 2^-26");
    q->soft_mult = arith_q31_multiplier(ratio, single, &shift);
    q->soft_shift = shift;
    q->soft_diff_min = (int32_t)-(31 * arith_pow2(26) / arith_pow2(shift));
    return want_output(ctx, op, 1.0f / 256, -128);
}

bool fill_softmax(qctx *ctx, ir_op *op)
{
    static bool (*const modes[])(qctx *, ir_op *, int64_t) = {
        [IR_NUM_Q32] = softmax_q32,
        [IR_NUM_TFLM] = softmax_q31,
        [IR_NUM_SINGLE] = softmax_q31,
        [IR_NUM_ONNX] = softmax_onnx,
    };
    const ir_shape *s = &op->in[0]->shape;
    return modes[op->q->mode](ctx, op, s->rank == 0 ? 1 : s->dim[s->rank - 1]);
}

/* ---- l2_norm ----------------------------------------------------------------------------------- */

bool check_l2_norm(qctx *ctx, ir_op *op)
{
    const ir_shape *s = &op->in[0]->shape;
    int64_t n = s->rank == 0 ? 1 : s->dim[s->rank - 1];
    op->q->channels = 1;
    if (n > 32768)
        return refuse(ctx, op, "l2_norm over %lld values: at most 32768", (long long)n);
    return want_output(ctx, op, 1.0f / 128, 0);
}
