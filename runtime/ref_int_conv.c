/* ref_int_conv.c - integer convolution and dense layer, straight from the formula: zero points taken
 * off every input, biases as they are stored, padding skipped (a real zero adds nothing). */
#include "runtime/ref.h"

static int64_t conv_at(const ref_args *a, int oy, int ox, int o)
{
    const ir_op *op = a->op;
    const int32_t *in = op->in[0]->shape.dim, *w = op->in[1]->shape.dim;
    const int32_t *x = a->in[0];
    int32_t zero = op->q->in_zero[0];
    int64_t first_y = (int64_t)oy * op->at.stride[0] - op->at.pad[0];
    int64_t first_x = (int64_t)ox * op->at.stride[1] - op->at.pad[2];
    int first = o / (w[0] / op->at.groups) * w[3];
    int64_t acc = a->bias ? a->bias[o] : 0;
    for (int ky = 0; ky < w[1]; ky++)
        for (int kx = 0; kx < w[2]; kx++) {
            int64_t iy = first_y + (int64_t)ky * op->at.dilation[0];
            int64_t ix = first_x + (int64_t)kx * op->at.dilation[1];
            if (iy < 0 || iy >= in[0] || ix < 0 || ix >= in[1])
                continue;
            const int32_t *cell = x + (iy * in[1] + ix) * in[2] + first;
            const int32_t *level = a->level + (((int64_t)o * w[1] + ky) * w[2] + kx) * w[3];
            for (int c = 0; c < w[3]; c++)
                acc += (int64_t)level[c] * (cell[c] - zero);
        }
    return acc;
}

void ref_int_conv2d(const ref_args *a)
{
    const int32_t *out = a->op->out[0]->shape.dim;
    const ir_iparams *q = a->op->q;
    int32_t *y = a->out;
    for (int oy = 0; oy < out[0]; oy++)
        for (int ox = 0; ox < out[1]; ox++)
            for (int o = 0; o < out[2]; o++)
                *y++ = ref_requantize(q, &q->out, o, conv_at(a, oy, ox, o));
}

void ref_int_dense(const ref_args *a)
{
    const ir_iparams *q = a->op->q;
    const int32_t *w = a->op->in[1]->shape.dim;
    int64_t rows = ir_elems(&a->op->in[0]->shape) / w[1];
    const int32_t *x = a->in[0];
    int32_t *y = a->out;
    for (int64_t r = 0; r < rows; r++)
        for (int o = 0; o < w[0]; o++) {
            int64_t acc = a->bias ? a->bias[o] : 0;
            for (int64_t i = 0; i < w[1]; i++)
                acc += (int64_t)a->level[(int64_t)o * w[1] + i] * (x[r * w[1] + i] - q->in_zero[0]);
            *y++ = ref_requantize(q, &q->out, o, acc);
        }
}
