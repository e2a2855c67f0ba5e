/* ref_float_pool.c - float32 pools; a window without a valid cell gives 0. */
#include <math.h>

#include "runtime/ref.h"

static double window_max(const ref_args *a, const ref_window *w, int c)
{
    const int32_t *in = a->op->in[0]->shape.dim;
    const float *x = a->in[0];
    double best = w->count == 0 ? 0 : -INFINITY;
    for (int iy = w->y0; iy < w->y1; iy++)
        for (int ix = w->x0; ix < w->x1; ix++)
            best = fmax(best, (double)x[((int64_t)iy * in[1] + ix) * in[2] + c]);
    return best;
}

static double window_mean(const ref_args *a, const ref_window *w, int c)
{
    const int32_t *in = a->op->in[0]->shape.dim;
    const float *x = a->in[0];
    double sum = 0;
    for (int iy = w->y0; iy < w->y1; iy++)
        for (int ix = w->x0; ix < w->x1; ix++)
            sum += (double)x[((int64_t)iy * in[1] + ix) * in[2] + c];
    return w->count == 0 ? 0 : sum / (double)w->count;
}

static void pool(const ref_args *a, double (*reduce)(const ref_args *, const ref_window *, int))
{
    int size[3];
    ref_pool_size(a->op, size);
    float *y = a->out;
    for (int oy = 0; oy < size[0]; oy++)
        for (int ox = 0; ox < size[1]; ox++) {
            ref_window w = ref_window_at(a->op, oy, ox);
            for (int c = 0; c < size[2]; c++)
                *y++ = ref_activate(a->op, reduce(a, &w, c));
        }
}

void ref_float_maxpool(const ref_args *a) { pool(a, window_max); }
void ref_float_avgpool(const ref_args *a) { pool(a, window_mean); }

/* ---- along dimensions --------------------------------------------------------------------------- */

static double reduce_terms(const ref_args *a, int64_t i, int64_t n)
{
    const float *x = a->in[0];
    ir_opkind kind = a->op->kind;
    double v = (double)x[ref_reduce_source(a->op, i, 0)];
    for (int64_t k = 1; k < n; k++) {
        double t = (double)x[ref_reduce_source(a->op, i, k)];
        v = kind == OP_REDUCE_MAX ? fmax(v, t) : kind == OP_REDUCE_MIN ? fmin(v, t) : v + t;
    }
    return kind == OP_REDUCE_MEAN ? v / (double)n : v;
}

void ref_float_reduce(const ref_args *a)
{
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = (float)reduce_terms(a, i, ref_reduce_terms(a->op));
}

/* Indices as floats; the lowest of equal ones. */
void ref_float_argmax(const ref_args *a)
{
    const float *x = a->in[0];
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t best = 0;
        for (int64_t k = 1; k < ref_reduce_terms(a->op); k++)
            if (x[ref_reduce_source(a->op, i, k)] > x[ref_reduce_source(a->op, i, best)])
                best = k;
        y[i] = (float)best;
    }
}
