/* multipliers.c - from ratios of scales to the integers that stand for them, mode by mode.
 *
 * The order of the float operations is part of the contract: it decides the last bit of M. Single
 * precision goes through volatile, so that neither excess precision nor contraction can enter. */
#include <math.h>

#include "compiler/quant/legal.h"
#include "runtime/arith.h"

float act_scale(const ir_tensor *t) { return t->quant->scale[0]; }

int32_t act_zero(const ir_tensor *t) { return t->quant->zero ? t->quant->zero[0] : 0; }

static float float_mul(float a, float b)
{
    volatile float r = a * b;
    return r;
}

static float float_div(float a, float b)
{
    volatile float r = a / b;
    return r;
}

/* ---- ratios ------------------------------------------------------------------------------------ */

/* (a·b)/c: in float32 for onnx, else in double. */
static double product_ratio(ir_numerics mode, float a, float b, float c)
{
    if (mode == IR_NUM_ONNX)
        return (double)float_div(float_mul(a, b), c);
    return ((double)a * (double)b) / (double)c;
}

double ratio_weighted(const ir_op *op, int c)
{
    const ir_quant *w = op->in[1]->quant;
    float in = act_scale(op->in[0]), out = act_scale(op->out[0]);
    float weight = w->scale[w->n > 1 ? c : 0];
    bool q31 = op->q->mode == IR_NUM_TFLM || op->q->mode == IR_NUM_SINGLE;
    if (op->kind == OP_DENSE && q31 && w->n == 1)
        return (double)float_mul(in, weight) / (double)out;
    return product_ratio(op->q->mode, in, weight, out);
}

int64_t mean_cells(const ir_op *op)
{
    return ir_elems(&op->in[0]->shape) / ir_elems(&op->out[0]->shape);
}

double ratio_mean(const ir_op *op)
{
    float in = act_scale(op->in[0]), out = act_scale(op->out[0]);
    double cells = op->kind == OP_REDUCE_SUM ? 1 : (double)mean_cells(op);
    if (op->q->mode == IR_NUM_ONNX)
        return (double)float_div(float_div(in, out), (float)cells);
    return (double)in / ((double)out * cells);
}

double ratio_mul(const ir_op *op)
{
    return product_ratio(op->q->mode, act_scale(op->in[0]), act_scale(op->in[1]),
                         act_scale(op->out[0]));
}

double ratio_concat(const ir_op *op, int input)
{
    return product_ratio(op->q->mode, act_scale(op->in[input]), 1.0f, act_scale(op->out[0]));
}

/* ---- rescales ---------------------------------------------------------------------------------- */

bool scale_ratio(qctx *ctx, const ir_op *op, double ratio, const char *limit)
{
    diag_add(ctx, D_SCALE_RATIO, op->loc,
             "the scales around '%s' have a ratio of %.6g, which no %s multiplier holds (%s)", op->name,
             ratio, ir_numerics_name(op->q->mode), limit);
    diag_hint(ctx, "a layer whose output range is far too narrow for its inputs has such a ratio");
    return false;
}

/* The arrays of a rescale, under construction. */
typedef struct rescale_arrays {
    int32_t *mult;
    int8_t *shift;
    uint8_t *down, *sat;
    float *fscale;
} rescale_arrays;

static rescale_arrays make_arrays(qctx *ctx, ir_numerics mode, int n, ir_rescale *r)
{
    rescale_arrays a = { 0 };
    *r = (ir_rescale){ .n = n };
    if (mode == IR_NUM_ONNX) {
        r->fscale = a.fscale = ARENA_ARRAY(ctx->a, float, n);
        return a;
    }
    r->mult = a.mult = ARENA_ARRAY(ctx->a, int32_t, n);
    r->shift = a.shift = ARENA_ARRAY(ctx->a, int8_t, n);
    r->down = a.down = ARENA_ARRAY(ctx->a, uint8_t, n);
    r->sat = a.sat = ARENA_ARRAY(ctx->a, uint8_t, n);
    return a;
}

static bool exceeds_int32(int64_t bound, int left)
{
    return bound > arith_shr(INT32_MAX, left);
}

/* False where the ratio after the pre-shift is too large. */
static bool fill_q32(const rescale_arrays *a, int i, double ratio, int64_t bound)
{
    int down = arith_q32_down(bound), k;
    ratio = ldexp(ratio, down);
    if (ratio >= ARITH_MAX_RATIO)
        return false;
    a->mult[i] = arith_q32_multiplier(ratio, &k);
    a->shift[i] = (int8_t)k;
    a->down[i] = (uint8_t)down;
    a->sat[i] = exceeds_int32(arith_round_up_shr(bound, down), k);
    return true;
}

static void fill_q31(const rescale_arrays *a, int i, double ratio, int64_t bound, bool single)
{
    int shift;
    a->mult[i] = arith_q31_multiplier(ratio, single, &shift);
    a->shift[i] = (int8_t)shift;
    a->sat[i] = exceeds_int32(bound, single || shift < 0 ? 0 : shift);
}

bool rescale_fill(qctx *ctx, const ir_op *op, int n, const double *ratio, const int64_t *bound,
                  ir_rescale *out)
{
    ir_numerics mode = op->q->mode;
    rescale_arrays a = make_arrays(ctx, mode, n, out);
    for (int i = 0; i < n; i++) {
        bool fits = ratio[i] < ARITH_MAX_RATIO;
        if (fits && mode == IR_NUM_Q32)
            fits = fill_q32(&a, i, ratio[i], bound[i]);
        else if (fits && mode == IR_NUM_ONNX)
            a.fscale[i] = (float)ratio[i];
        else if (fits)
            fill_q31(&a, i, ratio[i], bound[i], mode == IR_NUM_SINGLE);
        if (!fits)
            return scale_ratio(ctx, op, ratio[i], "below 2^30");
    }
    return true;
}

void rescale_divide(qctx *ctx, ir_rescale *r, int64_t cells, int64_t bound)
{
    ir_rescale whole = *r;
    rescale_arrays a = make_arrays(ctx, IR_NUM_TFLM, 1, r);
    int most = 31 + whole.shift[0], h = 0;
    while (h < 32 && h < most && cells >> (h + 1) != 0)
        h++;
    a.mult[0] = (int32_t)(whole.mult[0] * arith_pow2(h) / cells);
    a.shift[0] = (int8_t)(whole.shift[0] - h);
    a.sat[0] = exceeds_int32(bound, a.shift[0] > 0 ? a.shift[0] : 0);
}

/* ---- add --------------------------------------------------------------------------------------- */

/* q32: both operands at 2^s output steps. The largest s for which every order of summation stays
 * inside the accumulator. */
static bool add_q32(qctx *ctx, ir_op *op)
{
    ir_iparams *q = op->q;
    bool wide = op->in[0]->type == IR_I16 || op->in[1]->type == IR_I16;
    int64_t limit = wide ? arith_pow2(62) : INT32_MAX;
    int64_t *c = ARENA_NEW(ctx->a, int64_t), *bound = ARENA_NEW(ctx->a, int64_t);
    double ratio[2];
    rescale_arrays a[2];
    for (int i = 0; i < 2; i++) {
        ratio[i] = (double)act_scale(op->in[i]) / (double)act_scale(op->out[0]);
        a[i] = make_arrays(ctx, q->mode, 1, &q->in[i]);
    }
    for (int s = 30; s >= 0; s--) {
        int64_t half = s > 0 ? arith_pow2(s - 1) : 0;
        int64_t zero = q->out_zero * arith_pow2(s);
        bool fits = true;
        *bound = half + (zero < 0 ? -zero : zero);
        *c = half + zero;
        for (int i = 0; i < 2; i++) {
            double m = floor(ldexp(ratio[i], s) + 0.5);
            fits = fits && m <= INT32_MAX;
            int64_t mult = fits ? (int64_t)m : 0, z = q->in_zero[i];
            *bound += mult * ((op->in[i]->type == IR_I16 ? 32768 : 128) + (z < 0 ? -z : z));
            mult = i == 1 && op->kind == OP_SUB ? -mult : mult;
            *c -= mult * z;
            a[i].mult[0] = (int32_t)mult;
        }
        if (fits && *bound <= limit) {
            q->right_shift = s;
            q->bias = c;
            q->bound = bound;
            q->acc_type = wide ? IR_I64 : IR_I32;
            q->bias_type = wide ? IR_I64 : IR_I32;
            return true;
        }
    }
    return scale_ratio(ctx, op, fmax(ratio[0], ratio[1]), "below about 2^21");
}

/* TFLM's SUB has the ratios of ADD in float32. */
static void sub_ratios(const ir_op *op, double ratio[2], double *out)
{
    float s1 = act_scale(op->in[0]), s2 = act_scale(op->in[1]);
    float twice = float_mul(2, s1 > s2 ? s1 : s2);
    ratio[0] = (double)float_div(s1, twice);
    ratio[1] = (double)float_div(s2, twice);
    *out = (double)float_div(twice, float_mul(1048576.0f, act_scale(op->out[0])));
}

/* tflm, single: operands brought to twice the larger scale, 20 bits up. */
static bool add_q31(qctx *ctx, ir_op *op)
{
    ir_iparams *q = op->q;
    float s1 = act_scale(op->in[0]), s2 = act_scale(op->in[1]);
    double twice = 2 * (double)(s1 > s2 ? s1 : s2);
    double ratio[2] = { (double)s1 / twice, (double)s2 / twice };
    double out = twice / (1048576.0 * (double)act_scale(op->out[0]));
    int64_t *bound = ARENA_NEW(ctx->a, int64_t);
    *bound = 255 * arith_pow2(20); /* of each operand, and of their scaled sum */
    if (op->kind == OP_SUB)
        sub_ratios(op, ratio, &out);
    q->left_shift = 20;
    q->bound = bound;
    q->acc_type = IR_I32;
    if (out >= 1)
        return scale_ratio(ctx, op, out, "below 1");
    return rescale_fill(ctx, op, 1, &ratio[0], bound, &q->in[0]) &&
           rescale_fill(ctx, op, 1, &ratio[1], bound, &q->in[1]) &&
           rescale_fill(ctx, op, 1, &out, bound, &q->out);
}

void rescale_average(qctx *ctx, ir_op *op)
{
    make_arrays(ctx, IR_NUM_ONNX, 1, &op->q->in[0]).fscale[0] = float_div(act_scale(op->in[0]), act_scale(op->out[0]));
}

/* onnx: the scales themselves. */
static bool add_onnx(qctx *ctx, ir_op *op)
{
    ir_rescale *r[3] = { &op->q->in[0], &op->q->in[1], &op->q->out };
    const ir_tensor *t[3] = { op->in[0], op->in[1], op->out[0] };
    for (int i = 0; i < 3; i++)
        make_arrays(ctx, IR_NUM_ONNX, 1, r[i]).fscale[0] = act_scale(t[i]);
    return true;
}

bool rescale_add(qctx *ctx, ir_op *op)
{
    static bool (*const modes[])(qctx *, ir_op *) = {
        [IR_NUM_Q32] = add_q32,
        [IR_NUM_TFLM] = add_q31,
        [IR_NUM_SINGLE] = add_q31,
        [IR_NUM_ONNX] = add_onnx,
    };
    return modes[op->q->mode](ctx, op);
}
