/* dense.c - dense layers, and what they share with convolutions: biases. */
#include "compiler/train/internal.h"

TRAIN_CLONES
void train_add_bias(float *y, int64_t rows, int64_t channels, const float *b)
{
    for (int64_t r = 0; r < rows; r++, y += channels)
        for (int64_t c = 0; c < channels; c++)
            y[c] += b[c];
}

TRAIN_CLONES
void train_sum_bias(const float *dy, int64_t rows, int64_t channels, float *db)
{
    for (int64_t r = 0; r < rows; r++, dy += channels)
        for (int64_t c = 0; c < channels; c++)
            db[c] += dy[c];
}

void dense_forward(const tcall *c)
{
    int o = c->node->in_shape[1]->dim[0], k = c->node->in_shape[1]->dim[1];
    int rows = (int)(c->rows * c->node->in[0]->n / k);
    train_gemm(false, true, rows, o, k, c->x[0], k, c->w, k, 0, c->y, o);
    if (c->b)
        train_add_bias(c->y, rows, o, c->b);
}

void dense_backward(const tcall *c)
{
    int o = c->node->in_shape[1]->dim[0], k = c->node->in_shape[1]->dim[1];
    int rows = (int)(c->rows * c->node->in[0]->n / k);
    if (c->db)
        train_sum_bias(c->dy, rows, o, c->db);
    train_gemm(true, false, o, k, rows, c->dy, o, c->x[0], k, 1, c->dw, k);
    if (c->dx[0])
        train_gemm(false, false, rows, k, o, c->dy, o, c->w, k, 0, c->dx[0], k);
}
