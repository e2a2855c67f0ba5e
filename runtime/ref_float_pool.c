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
