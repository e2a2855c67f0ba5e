/* join.c - operators that join or move: add, mul, concat, reshape, pad. */
#include <string.h>

#include "compiler/train/internal.h"

/* Element of input k that element i of the output takes. */
static inline int64_t from(const tnode *n, int k, int64_t i)
{
    return n->map[k] ? n->map[k][i] : i;
}

void add_forward(const tcall *c)
{
    const tnode *n = c->node;
    for (int r = 0; r < c->rows; r++) {
        const float *a = c->x[0] + r * n->in[0]->n, *b = c->x[1] + r * n->in[1]->n;
        float *y = c->y + r * n->out->n;
        for (int64_t i = 0; i < n->out->n; i++)
            y[i] = a[from(n, 0, i)] + b[from(n, 1, i)];
    }
}

void train_clear_dx(const tcall *c, int k)
{
    memset(c->dx[k], 0, (size_t)c->rows * (size_t)c->node->in[k]->n * sizeof(float));
}

void add_backward(const tcall *c)
{
    const tnode *n = c->node;
    for (int k = 0; k < 2; k++) {
        if (!c->dx[k])
            continue;
        train_clear_dx(c, k);
        for (int r = 0; r < c->rows; r++)
            for (int64_t i = 0; i < n->out->n; i++)
                c->dx[k][r * n->in[k]->n + from(n, k, i)] += c->dy[r * n->out->n + i];
    }
}

void mul_forward(const tcall *c)
{
    const tnode *n = c->node;
    for (int r = 0; r < c->rows; r++) {
        const float *a = c->x[0] + r * n->in[0]->n, *b = c->x[1] + r * n->in[1]->n;
        float *y = c->y + r * n->out->n;
        for (int64_t i = 0; i < n->out->n; i++)
            y[i] = a[from(n, 0, i)] * b[from(n, 1, i)];
    }
}

void mul_backward(const tcall *c)
{
    const tnode *n = c->node;
    for (int k = 0; k < 2; k++) {
        if (!c->dx[k])
            continue;
        train_clear_dx(c, k);
        for (int r = 0; r < c->rows; r++) {
            const float *other = c->x[1 - k] + r * n->in[1 - k]->n, *dy = c->dy + r * n->out->n;
            for (int64_t i = 0; i < n->out->n; i++)
                c->dx[k][r * n->in[k]->n + from(n, k, i)] += dy[i] * other[from(n, 1 - k, i)];
        }
    }
}

/* Elements of input k from the axis inwards, in one run. */
static int64_t run_length(const tnode *n, int k)
{
    int64_t run = 1;
    for (int d = n->op->at.axis; d < n->in_shape[k]->rank; d++)
        run *= n->in_shape[k]->dim[d];
    return run;
}

/* Moves between the inputs, run by run, and the output: which way is what `back` says. */
static void concat(const tcall *c, bool back)
{
    const tnode *n = c->node;
    int64_t whole = 0, begin = 0;
    for (int k = 0; k < n->n_in; k++)
        whole += run_length(n, k);
    for (int k = 0; k < n->n_in; k++) {
        int64_t run = run_length(n, k), runs = c->rows * n->in[k]->n / run;
        for (int64_t i = 0; i < runs && (!back || c->dx[k]); i++) {
            if (back)
                memcpy(c->dx[k] + i * run, c->dy + i * whole + begin, (size_t)run * sizeof(float));
            else
                memcpy(c->y + i * whole + begin, c->x[k] + i * run, (size_t)run * sizeof(float));
        }
        begin += run;
    }
}

void concat_forward(const tcall *c)
{
    concat(c, false);
}

void concat_backward(const tcall *c)
{
    concat(c, true);
}

void copy_forward(const tcall *c)
{
    if (c->y != c->x[0])
        memcpy(c->y, c->x[0], (size_t)c->rows * (size_t)c->node->out->n * sizeof(float));
}

void copy_backward(const tcall *c)
{
    if (c->dx[0] && c->dx[0] != c->dy)
        memcpy(c->dx[0], c->dy, (size_t)c->rows * (size_t)c->node->out->n * sizeof(float));
}

static void pad(const tcall *c, bool back)
{
    const int32_t *x = c->node->in_shape[0]->dim, *y = c->node->op->out[0]->shape.dim;
    const ir_attrs *at = &c->node->op->at;
    int64_t run = (int64_t)x[1] * x[2], pitch = (int64_t)y[1] * y[2];
    for (int r = 0; r < c->rows; r++)
        for (int i = 0; i < x[0]; i++) {
            int64_t in = r * c->node->in[0]->n + i * run;
            int64_t out = r * c->node->out->n + (i + at->pad[0]) * pitch + (int64_t)at->pad[2] * x[2];
            if (back)
                memcpy(c->dx[0] + in, c->dy + out, (size_t)run * sizeof(float));
            else
                memcpy(c->y + out, c->x[0] + in, (size_t)run * sizeof(float));
        }
}

void pad_forward(const tcall *c)
{
    memset(c->y, 0, (size_t)c->rows * (size_t)c->node->out->n * sizeof(float));
    pad(c, false);
}

void pad_backward(const tcall *c)
{
    if (c->dx[0])
        pad(c, true);
}
