/* moments.c - second moments of a layer's inputs, float and quantized. */
#include "compiler/quant/moments.h"

#include <math.h>
#include <string.h>

/* Multiplications that one layer may take for a half; more places than that are thinned out. */
#define WORK_LIMIT 4e8

int moments_groups(const ir_op *op)
{
    return op->kind == OP_CONV2D ? op->at.groups : 1;
}

int moments_inputs(const ir_op *op)
{
    const ir_shape *w = &ir_weight(op)->shape;
    return (int)(ir_elems(w) / w->dim[0]);
}

int64_t moments_size(const ir_op *op)
{
    int64_t n = 2 * moments_inputs(op) + 1;
    return MOMENTS_HALVES * n * n * moments_groups(op) + n;
}

int64_t moments_places(const ir_op *op)
{
    const ir_shape *out = &op->out[0]->shape;
    return ir_elems(out) / ir_weight(op)->shape.dim[0];
}

void moments_start(moments *m, const ir_op *op, int64_t rows, double *storage)
{
    int64_t k = moments_inputs(op), n = 2 * k + 1, all = n * n * moments_groups(op);
    *m = (moments){
        .k = (int)k, .n = (int)n, .groups = moments_groups(op), .places = moments_places(op)};
    memset(storage, 0, (size_t)moments_size(op) * sizeof *storage);
    for (int h = 0; h < MOMENTS_HALVES; h++)
        m->sum[h] = storage + h * all;
    m->z = storage + MOMENTS_HALVES * all;
    double work = (double)rows / 2 * (double)m->places * (double)all / 2;
    m->step = work > WORK_LIMIT ? (int64_t)ceil(work / WORK_LIMIT) : 1;
    if (m->step > m->places)
        m->step = m->places;
}

/* The window of a convolution's output place, cells outside being 0. */
static void window(const ir_op *op, int64_t place, int group, const float *x, double *z)
{
    const ir_shape *in = &op->in[0]->shape;
    const ir_attrs *at = &op->at;
    int width = op->out[0]->shape.dim[1], per = in->dim[2] / at->groups;
    int top = (int)(place / width) * at->stride[0] - at->pad[0];
    int left = (int)(place % width) * at->stride[1] - at->pad[2];
    for (int kh = 0; kh < at->kernel[0]; kh++)
        for (int kw = 0; kw < at->kernel[1]; kw++, z += per) {
            int h = top + kh * at->dilation[0], w = left + kw * at->dilation[1];
            bool inside = h >= 0 && h < in->dim[0] && w >= 0 && w < in->dim[1];
            const float *from =
                x + (inside ? ((int64_t)h * in->dim[1] + w) * in->dim[2] + group * per : 0);
            for (int c = 0; c < per; c++)
                z[c] = inside ? (double)from[c] : 0;
        }
}

void moments_gather(const ir_op *op, int k, int64_t place, int group, const float *x, double *z)
{
    if (op->kind == OP_CONV2D) {
        window(op, place, group, x, z);
        return;
    }
    for (int i = 0; i < k; i++)
        z[i] = (double)x[place * k + i];
}

static void add_outer(double *sum, const double *z, int n)
{
    for (int i = 0; i < n; i++) {
        double f = z[i], *row = sum + (int64_t)i * n;
        if (f == 0)
            continue;
        for (int j = i; j < n; j++)
            row[j] += f * z[j];
    }
}

void moments_add(moments *m, const ir_op *op, int64_t row, const float *x, const float *xq)
{
    int half = row % 2 ? MOMENTS_JUDGE : MOMENTS_FIT;
    int64_t each = (int64_t)m->n * m->n;
    /* the first place moves from row to row, so that all places are seen */
    for (int64_t p = row / 2 % m->step; p < m->places; p += m->step) {
        for (int g = 0; g < m->groups; g++) {
            moments_gather(op, m->k, p, g, x, m->z);
            moments_gather(op, m->k, p, g, xq, m->z + m->k);
            m->z[2 * m->k] = 1;
            add_outer(m->sum[half] + g * each, m->z, m->n);
        }
        m->count[half]++;
    }
}

void moments_finish(moments *m)
{
    int64_t all = (int64_t)m->n * m->n * m->groups;
    for (int h = 0; h < MOMENTS_HALVES; h++)
        for (int64_t i = 0; i < all; i++)
            m->sum[h][i] /= m->count[h] ? (double)m->count[h] : 1;
}

const double *moments_of(const moments *m, int half, int group)
{
    return m->sum[half] + (int64_t)m->n * m->n * group;
}

double moments_error(const moments *m, int half, int group, const double *v)
{
    const double *sum = moments_of(m, half, group);
    double error = 0;
    for (int i = 0; i < m->n; i++) {
        const double *row = sum + (int64_t)i * m->n;
        double inner = row[i] * v[i] / 2;
        if (v[i] == 0)
            continue;
        for (int j = i + 1; j < m->n; j++)
            inner += row[j] * v[j];
        error += 2 * v[i] * inner;
    }
    return fmax(error, 0);
}
