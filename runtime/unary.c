/* unary.c - unary operators, one code at a time, by the formulas of docs/numerics.md. At int8 the
 * 256 results are the operator: legalize bakes them as a table. */
#include <math.h>

#include "runtime/arith.h"
#include "runtime/interp.h"
#include "runtime/real.h"

static float scale_of(const ir_tensor *t) { return t->quant->scale[0]; }

static int32_t finish(const ir_iparams *q, int64_t v)
{
    return (int32_t)arith_clamp(q->out_zero + v, q->lo, q->hi);
}

/* ---- q32, onnx: the real function -------------------------------------------------------------- */

static int32_t unary_q32(const ir_op *op, int32_t x)
{
    double v = (double)scale_of(op->in[0]) * (x - op->q->in_zero[0]);
    double t = floor(real_unary(op->kind, op->at.alpha, v) / (double)scale_of(op->out[0]) + 0.5);
    return finish(op->q, arith_rint(t));
}

static int32_t unary_onnx(const ir_op *op, int32_t x)
{
    volatile float v = scale_of(op->in[0]) * (float)(x - op->q->in_zero[0]);
    v = (float)real_unary(op->kind, op->at.alpha, (double)v);
    v = v / scale_of(op->out[0]);
    return finish(op->q, arith_rint((double)v));
}

/* ---- tflm, single: TensorFlow Lite Micro's integer formulas ------------------------------------ */

static int64_t scale_by(double ratio, int64_t v, bool single)
{
    int shift;
    int32_t mult = arith_q31_multiplier(ratio, single, &shift);
    return arith_scale_q31(v, mult, shift, single);
}

static int32_t tflm_relu(const ir_op *op, int32_t x)
{
    volatile float ratio = scale_of(op->in[0]) / scale_of(op->out[0]);
    return finish(op->q, scale_by((double)ratio, (int64_t)x - op->q->in_zero[0],
                                  op->q->mode == IR_NUM_SINGLE));
}

static int32_t tflm_requantize(const ir_op *op, int32_t x)
{
    double ratio = (double)scale_of(op->in[0]) / (double)scale_of(op->out[0]);
    return finish(op->q, scale_by(ratio, (int64_t)x - op->q->in_zero[0],
                                  op->q->mode == IR_NUM_SINGLE));
}

/* TensorFlow Lite's tables: the function in float32, and a product with the inverse of the scale. */
static int32_t tflm_table(const ir_op *op, int32_t x)
{
    volatile float v = scale_of(op->in[0]) * (float)(x - op->q->in_zero[0]);
    volatile float t = (float)real_unary(op->kind, op->at.alpha, (double)v);
    volatile float inverse = 1.0f / scale_of(op->out[0]);
    if (op->kind == OP_ELU && v < 0) {
        t = (float)real_exp((double)v);
        t = t - 1.0f;
    }
    t = t * inverse;
    double steps = floor(fabs((double)t) + 0.5);
    return finish(op->q, arith_rint(t < 0 ? -steps : steps));
}

static int32_t tflm_leaky_relu(const ir_op *op, int32_t x)
{
    int64_t v = (int64_t)x - op->q->in_zero[0];
    if (v >= 0)
        return tflm_relu(op, x);
    volatile float ratio = scale_of(op->in[0]) * (float)op->at.alpha;
    ratio = ratio / scale_of(op->out[0]);
    int64_t r = scale_by(fabs((double)ratio), v, op->q->mode == IR_NUM_SINGLE);
    return finish(op->q, ratio < 0 ? -r : r);
}

/* logistic and tanh: the input in Q4.27, its range cut at ±15/16 of what that holds. */
static int32_t tflm_sigmoid_tanh(const ir_op *op, int32_t x)
{
    const ir_iparams *q = op->q;
    int shift;
    double fraction = frexp((double)scale_of(op->in[0]) * 134217728.0 /* 2^27 */, &shift);
    int32_t mult = arith_sat32((int64_t)floor(fraction * 2147483648.0 + 0.5));
    int32_t v = x - q->in_zero[0];
    int64_t radius = 15 * arith_pow2(27) / arith_pow2(shift);
    if (v <= -radius || v >= radius)
        return v <= -radius ? q->lo : q->hi;
    int32_t a = arith_sat32(arith_scale_q31(v, mult, shift, q->mode == IR_NUM_SINGLE));
    return op->kind == OP_SIGMOID ? finish(q, arith_round_away_shr(arith_logistic(a), 23))
                                  : finish(q, arith_round_away_shr(arith_tanh(a), 24));
}

/* A Q31 multiplier in 16 bits. */
static int32_t to_q15(int32_t mult) { return arith_sat16(((int64_t)mult + 32768) >> 16); }

static int32_t doubling_high16(int32_t a, int32_t b)
{
    return arith_sat16(arith_shr((int64_t)a * b + 16384, 15));
}

static int32_t tflm_hard_swish(const ir_op *op, int32_t x)
{
    volatile float fine = (1.0f / 128.0f) * scale_of(op->in[0]);
    volatile float out_ratio = fine / scale_of(op->out[0]);
    volatile float gate_ratio = fine / (3.0f / 32768.0f);
    int out_shift, gate_shift;
    int32_t out_mult = to_q15(arith_q31_multiplier((double)out_ratio, false, &out_shift));
    int32_t gate_mult = to_q15(arith_q31_multiplier((double)gate_ratio, false, &gate_shift));
    int32_t v = (x - op->q->in_zero[0]) * 128;
    int32_t value = doubling_high16(v, out_mult);
    int32_t gate = v; /* becomes min(6, max(0, real + 3))/6 in Q15 */
    if (gate_shift > 0)
        gate = arith_sat16(arith_shl_sat32(gate, gate_shift - 1));
    gate = doubling_high16(gate, gate_mult);
    if (gate_shift > 0)
        gate = arith_sat16(2 * (int64_t)gate);
    else
        gate = (int32_t)arith_round_away_shr(gate, -gate_shift);
    gate = (gate + 32768) >> 1;
    return finish(op->q, arith_round_away_shr(gate * value / 32768, -out_shift));
}

typedef int32_t (*unary_fn)(const ir_op *, int32_t);

static const unary_fn tflm_functions[OP_COUNT] = {
    [OP_RELU] = tflm_relu,
    [OP_RELU6] = tflm_relu,
    [OP_LEAKY_RELU] = tflm_leaky_relu,
    [OP_SIGMOID] = tflm_sigmoid_tanh,
    [OP_TANH] = tflm_sigmoid_tanh,
    [OP_HARD_SWISH] = tflm_hard_swish,
    [OP_REQUANTIZE] = tflm_requantize,
    [OP_ELU] = tflm_table,
    [OP_GELU] = tflm_table,
    [OP_GELU_TANH] = tflm_table,
};

int32_t interp_unary_code(const ir_op *op, int32_t code)
{
    if (op->in[0]->type != IR_I8) /* int16: clamps of equal quantization only */
        return (int32_t)arith_clamp(code, op->q->lo, op->q->hi);
    switch (op->q->mode) {
    case IR_NUM_Q32:
        return unary_q32(op, code);
    case IR_NUM_ONNX:
        return unary_onnx(op, code);
    default:
        return tflm_functions[op->kind](op, code);
    }
}
