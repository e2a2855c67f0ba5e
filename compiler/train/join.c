/* join.c - operators that join or move: of two operands, concat, reshape, pad. */
#include <string.h>

#include "compiler/train/internal.h"

void train_clear_dx(const tcall *c, int k)
{
    memset(c->dx[k], 0, (size_t)c->rows * (size_t)c->node->in[k]->n * sizeof(float));
}

/* ---- two operands ---------------------------------------------------------------------------- */

/* Element of operand k that element i of the output takes. */
static inline int64_t from(const tnode *n, int k, int64_t i)
{
    return n->map[k] ? n->map[k][i] : i;
}

static inline float combine(int kind, float a, float b)
{
    switch (kind) {
    case OP_ADD:
        return a + b;
    case OP_SUB:
        return a - b;
    case OP_MINIMUM:
        return a < b ? a : b;
    case OP_MAXIMUM:
        return a > b ? a : b;
    case OP_PRELU:
        return a < 0 ? a * b : a;
    default:
        return a * b;
    }
}

/* Derivative by operand k. Where both are the extreme each has half. */
static inline float slope(int kind, int k, float a, float b)
{
    switch (kind) {
    case OP_ADD:
        return 1;
    case OP_SUB:
        return k ? -1 : 1;
    case OP_MINIMUM:
    case OP_MAXIMUM:
        return a == b ? 0.5f : (float)((a < b) == ((kind == OP_MINIMUM) == (k == 0)));
    case OP_PRELU:
        return k ? (a < 0 ? a : 0) : a < 0 ? b : 1;
    default:
        return k ? a : b;
    }
}

/* Operand k of a row: slopes that are trained lie in theta. */
static inline const float *operand(const tcall *c, int k, int row)
{
    const tnode *n = c->node;
    return k < n->n_in ? c->x[k] + row * n->in[k]->n : c->w;
}

static inline void forward_of(const tcall *c, int kind)
{
    const tnode *n = c->node;
    for (int r = 0; r < c->rows; r++) {
        const float *a = operand(c, 0, r), *b = operand(c, 1, r);
        float *y = c->y + r * n->out->n;
        for (int64_t i = 0; i < n->out->n; i++)
            y[i] = combine(kind, a[from(n, 0, i)], b[from(n, 1, i)]);
    }
}

static inline void backward_of(const tcall *c, int kind, int k)
{
    const tnode *n = c->node;
    bool trained = k >= n->n_in;
    if (!trained && !c->dx[k])
        return;
    if (!trained)
        train_clear_dx(c, k);
    for (int r = 0; r < c->rows; r++) {
        const float *a = operand(c, 0, r), *b = operand(c, 1, r), *dy = c->dy + r * n->out->n;
        float *to = trained ? c->dw : c->dx[k] + r * n->in[k]->n;
        for (int64_t i = 0; i < n->out->n; i++)
            to[from(n, k, i)] += dy[i] * slope(kind, k, a[from(n, 0, i)], b[from(n, 1, i)]);
    }
}

#define BINARY(name, KIND)                                                                         \
    void name##_forward(const tcall *c)                                                            \
    {                                                                                              \
        forward_of(c, KIND);                                                                       \
    }                                                                                              \
    void name##_backward(const tcall *c)                                                           \
    {                                                                                              \
        backward_of(c, KIND, 0);                                                                   \
        backward_of(c, KIND, 1);                                                                   \
    }
BINARY(add, OP_ADD)
BINARY(sub, OP_SUB)
BINARY(mul, OP_MUL)
BINARY(minimum, OP_MINIMUM)
BINARY(maximum, OP_MAXIMUM)
BINARY(prelu, OP_PRELU)

/* ---- moves ----------------------------------------------------------------------------------- */

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
