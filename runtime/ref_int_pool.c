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
        return q->in_zero[0] + arith_rint((double)quotient);
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
        return (int32_t)arith_clamp(q->in_zero[0], q->lo, q->hi);
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
