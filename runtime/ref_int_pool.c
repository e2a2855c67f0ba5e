/* ref_int_pool.c - integer pools. Counted padding holds the code of real zero. */
#include "runtime/arith.h"
#include "runtime/ref.h"

static int32_t window_max(const ref_args *a, const ref_window *w, int c)
{
    const ir_iparams *q = a->op->q;
    const int32_t *in = a->op->in[0]->shape.dim, *x = a->in[0];
    int32_t best = INT32_MIN;
    for (int iy = w->y0; iy < w->y1; iy++)
        for (int ix = w->x0; ix < w->x1; ix++) {
            int32_t v = x[((int64_t)iy * in[1] + ix) * in[2] + c];
            best = v > best ? v : best;
        }
    return (int32_t)arith_clamp(best == INT32_MIN ? q->in_zero[0] : best, q->lo, q->hi);
}

/* Mean code of n cells whose codes sum to `sum`. */
static int64_t mean(const ir_iparams *q, int64_t sum, int64_t n)
{
    volatile float quotient;
    switch (q->mode) {
    case IR_NUM_Q32:
        return arith_floor_div(sum + n / 2, n);
    case IR_NUM_ONNX:
        quotient = (float)(sum - n * q->in_zero[0]) / (float)n;
        if (q->in[0].n > 0) /* of two scales */
            quotient = quotient * q->in[0].fscale[0];
        return q->out_zero + arith_rint((double)quotient);
    default:
        return sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;
    }
}

static int32_t window_mean(const ref_args *a, const ref_window *w, int c)
{
    const ir_iparams *q = a->op->q;
    const int32_t *in = a->op->in[0]->shape.dim, *x = a->in[0];
    int64_t valid = (int64_t)(w->y1 - w->y0) * (w->x1 - w->x0);
    if (valid == 0)
        return (int32_t)arith_clamp(q->out_zero, q->lo, q->hi);
    int64_t sum = (w->count - valid) * q->in_zero[0];
    for (int iy = w->y0; iy < w->y1; iy++)
        for (int ix = w->x0; ix < w->x1; ix++)
            sum += x[((int64_t)iy * in[1] + ix) * in[2] + c];
    if (q->out.n > 0)
        return ref_requantize(q, &q->out, 0, sum - w->count * q->in_zero[0]);
    return (int32_t)arith_clamp(mean(q, sum, w->count), q->lo, q->hi);
}

static void pool(const ref_args *a, int32_t (*reduce)(const ref_args *, const ref_window *, int))
{
    int size[3];
    ref_pool_size(a->op, size);
    int32_t *y = a->out;
    for (int oy = 0; oy < size[0]; oy++)
        for (int ox = 0; ox < size[1]; ox++) {
            ref_window w = ref_window_at(a->op, oy, ox);
            for (int c = 0; c < size[2]; c++)
                *y++ = reduce(a, &w, c);
        }
}

void ref_int_maxpool(const ref_args *a) { pool(a, window_max); }
void ref_int_avgpool(const ref_args *a) { pool(a, window_mean); }

/* ---- along dimensions --------------------------------------------------------------------------- */

static int32_t extreme(const ref_args *a, int64_t i, int64_t n)
{
    const int32_t *x = a->in[0];
    int32_t v = x[ref_reduce_source(a->op, i, 0)];
    for (int64_t k = 1; k < n; k++) {
        int32_t t = x[ref_reduce_source(a->op, i, k)];
        v = (a->op->kind == OP_REDUCE_MAX) == (t > v) ? t : v;
    }
    return (int32_t)arith_clamp(v, a->op->q->lo, a->op->q->hi);
}

static int32_t total(const ref_args *a, int64_t i, int64_t n)
{
    const ir_iparams *q = a->op->q;
    const int32_t *x = a->in[0];
    int64_t sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += x[ref_reduce_source(a->op, i, k)];
    if (q->out.n > 0)
        return ref_requantize(q, &q->out, 0, sum - n * q->in_zero[0]);
    return (int32_t)arith_clamp(mean(q, sum, n), q->lo, q->hi);
}

void ref_int_reduce(const ref_args *a)
{
    bool selects = a->op->kind == OP_REDUCE_MAX || a->op->kind == OP_REDUCE_MIN;
    int64_t n = ref_reduce_terms(a->op);
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = selects ? extreme(a, i, n) : total(a, i, n);
}

void ref_int_argmax(const ref_args *a)
{
    const int32_t *x = a->in[0];
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        y[i] = 0;
        for (int64_t k = 1; k < ref_reduce_terms(a->op); k++)
            if (x[ref_reduce_source(a->op, i, k)] > x[ref_reduce_source(a->op, i, y[i])])
                y[i] = (int32_t)k;
    }
}
