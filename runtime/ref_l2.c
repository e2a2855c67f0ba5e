/* ref_l2.c - l2_norm: rows of the last dimension divided by their Euclidean length. */
#include <math.h>

#include "runtime/arith.h"
#include "runtime/ref.h"

static int64_t row_length(const ir_op *op)
{
    const ir_shape *s = &op->in[0]->shape;
    return s->rank == 0 ? 1 : s->dim[s->rank - 1];
}

void ref_float_l2_norm(const ref_args *a)
{
    int64_t n = row_length(a->op);
    const float *x = a->in[0];
    float *y = a->out;
    for (int64_t row = 0; row < ir_elems(&a->op->out[0]->shape); row += n) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)x[row + i] * (double)x[row + i];
        double length = fmax(sqrt(sum), 1e-6);
        for (int64_t i = 0; i < n; i++)
            y[row + i] = (float)((double)x[row + i] / length);
    }
}

/* ⌊√v⌋ */
static int64_t root(int64_t v)
{
    int64_t r = 0;
    while ((r + 1) * (r + 1) <= v)
        r++;
    return r;
}

/* 128·|v|/√sum, nearest, half up. */
static int64_t share(int64_t v, int64_t sum)
{
    return sum == 0 ? 0 : (root(65536 * v * v / sum) + 1) / 2;
}

static int64_t l2_code(const ir_iparams *q, int64_t v, int64_t sum)
{
    bool single = q->mode == IR_NUM_SINGLE;
    if (q->mode != IR_NUM_TFLM && !single)
        return v < 0 ? -share(v, sum) : share(v, sum);
    int shift;
    int32_t mult = arith_inv_sqrt((int32_t)sum, &shift);
    return arith_scale_q31(v, mult, 7 - shift, single);
}

void ref_int_l2_norm(const ref_args *a)
{
    const ir_iparams *q = a->op->q;
    int64_t n = row_length(a->op);
    const int32_t *x = a->in[0];
    int32_t *y = a->out;
    for (int64_t row = 0; row < ir_elems(&a->op->out[0]->shape); row += n) {
        int64_t sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += (int64_t)(x[row + i] - q->in_zero[0]) * (x[row + i] - q->in_zero[0]);
        for (int64_t i = 0; i < n; i++)
            y[row + i] = (int32_t)arith_clamp(
                q->out_zero + l2_code(q, x[row + i] - q->in_zero[0], sum), q->lo, q->hi);
    }
}
