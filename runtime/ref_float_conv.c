/* ref_float_conv.c - float32 convolution and dense layer, accumulated in double. */
#include "runtime/ref.h"

/* One output element: kernel row, kernel column, channel of the group, in this order. */
static double conv_at(const ref_args *a, int oy, int ox, int o)
{
    const ir_op *op = a->op;
    const int32_t *in = op->in[0]->shape.dim, *w = op->in[1]->shape.dim;
    const float *x = a->in[0], *weight = a->in[1];
    int64_t first_y = (int64_t)oy * op->at.stride[0] - op->at.pad[0];
    int64_t first_x = (int64_t)ox * op->at.stride[1] - op->at.pad[2];
    int first = o / (w[0] / op->at.groups) * w[3];
    double acc = 0;
    for (int ky = 0; ky < w[1]; ky++)
        for (int kx = 0; kx < w[2]; kx++) {
            int64_t iy = first_y + (int64_t)ky * op->at.dilation[0];
            int64_t ix = first_x + (int64_t)kx * op->at.dilation[1];
            if (iy < 0 || iy >= in[0] || ix < 0 || ix >= in[1])
                continue;
            const float *cell = x + (iy * in[1] + ix) * in[2] + first;
            const float *row = weight + (((int64_t)o * w[1] + ky) * w[2] + kx) * w[3];
            for (int c = 0; c < w[3]; c++)
                acc += (double)cell[c] * (double)row[c];
        }
    return acc;
}

void ref_float_conv2d(const ref_args *a)
{
    const int32_t *out = a->op->out[0]->shape.dim;
    const float *bias = a->op->n_in > 2 ? a->in[2] : NULL;
    float *y = a->out;
    for (int oy = 0; oy < out[0]; oy++)
        for (int ox = 0; ox < out[1]; ox++)
            for (int o = 0; o < out[2]; o++)
                *y++ = ref_activate(a->op, conv_at(a, oy, ox, o) + (bias ? (double)bias[o] : 0));
}

void ref_float_dense(const ref_args *a)
{
    const int32_t *w = a->op->in[1]->shape.dim;
    int64_t rows = ir_elems(&a->op->in[0]->shape) / w[1];
    const float *x = a->in[0], *weight = a->in[1];
    const float *bias = a->op->n_in > 2 ? a->in[2] : NULL;
    float *y = a->out;
    for (int64_t r = 0; r < rows; r++)
        for (int o = 0; o < w[0]; o++) {
            double acc = 0;
            for (int64_t i = 0; i < w[1]; i++)
                acc += (double)x[r * w[1] + i] * (double)weight[(int64_t)o * w[1] + i];
            *y++ = ref_activate(a->op, acc + (bias ? (double)bias[o] : 0));
        }
}
