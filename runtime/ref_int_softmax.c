/* ref_int_softmax.c - softmax over the last axis, one function a mode. */
#include "runtime/arith.h"
#include "runtime/ref.h"

static int32_t largest(const int32_t *x, int64_t n)
{
    int32_t top = x[0];
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    return top;
}

static void row_q32(const ir_iparams *q, const int32_t *x, int64_t n, int32_t *y)
{
    int32_t top = largest(x, n);
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += q->exp_table[top - x[i]];
    for (int64_t i = 0; i < n; i++) {
        int64_t share = (256 * (int64_t)q->exp_table[top - x[i]] + sum / 2) / sum;
        y[i] = (int32_t)arith_clamp(q->out_zero + share, q->lo, q->hi);
    }
}

static void row_onnx(const ir_iparams *q, const int32_t *x, int64_t n, int32_t *y)
{
    int32_t top = largest(x, n);
    volatile float sum = 0, share;
    for (int64_t i = 0; i < n; i++)
        sum = sum + q->exp_real[top - x[i]];
    for (int64_t i = 0; i < n; i++) {
        share = q->exp_real[top - x[i]] / sum;
        share = share / q->out.fscale[0];
        y[i] = (int32_t)arith_clamp(q->out_zero + arith_rint((double)share), q->lo, q->hi);
    }
}

/* e^-(top - x) in Q0.31, or -1 where the difference is too large to count. */
static int32_t exponential(const ir_iparams *q, int32_t difference)
{
    if (difference < q->soft_diff_min)
        return -1;
    int64_t a = arith_scale_q31(difference, q->soft_mult, q->soft_shift, q->mode == IR_NUM_SINGLE);
    return arith_exp_negative(arith_sat32(a), 5);
}

static void row_tflm(const ir_iparams *q, const int32_t *x, int64_t n, int32_t *y)
{
    int32_t top = largest(x, n);
    int64_t sum = 0; /* Q12.19: below 2^31 for n ≤ 4095 */
    for (int64_t i = 0; i < n; i++) {
        int32_t e = exponential(q, x[i] - top);
        sum += e < 0 ? 0 : arith_round_away_shr(e, 12);
    }
    int headroom = arith_clz32((uint32_t)sum);
    int64_t above_one = sum * arith_pow2(headroom) - arith_pow2(31);
    int32_t inverse = arith_shl_sat32(arith_reciprocal((int32_t)above_one), 1);
    for (int64_t i = 0; i < n; i++) {
        int32_t e = exponential(q, x[i] - top);
        int64_t share = e < 0 ? 0
                              : arith_round_away_shr(arith_doubling_high(inverse, e), 35 - headroom);
        y[i] = (int32_t)arith_clamp(q->out_zero + share, q->lo, q->hi);
    }
}

void ref_int_softmax(const ref_args *a)
{
    static void (*const rows[])(const ir_iparams *, const int32_t *, int64_t, int32_t *) = {
        [IR_NUM_Q32] = row_q32,
        [IR_NUM_TFLM] = row_tflm,
        [IR_NUM_SINGLE] = row_tflm,
        [IR_NUM_ONNX] = row_onnx,
    };
    const ir_shape *shape = &a->op->out[0]->shape;
    int64_t n = shape->rank == 0 ? 1 : shape->dim[shape->rank - 1];
    for (int64_t at = 0; at < ir_elems(shape); at += n)
        rows[a->op->q->mode](a->op->q, (const int32_t *)a->in[0] + at, n, (int32_t *)a->out + at);
}
