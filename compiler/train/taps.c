/* taps.c - operators whose outputs are made of fixed elements of the input: slice, transpose, dilate,
 * resize, reduce.
 *
 * Element i of the output has `taps` elements of the input, from[i·taps …] (−1: a zero). It is their sum,
 * weighted where there are shares, or the largest or least of them (its gradient goes to the first). */
#include "compiler/train/internal.h"
#include "runtime/ref.h"

int64_t taps_of(const ir_op *op)
{
    switch (op->kind) {
    case OP_REDUCE_SUM:
    case OP_REDUCE_MEAN:
    case OP_REDUCE_MAX:
    case OP_REDUCE_MIN:
        return ref_reduce_terms(op);
    case OP_RESIZE_BILINEAR:
        return 4;
    case OP_SLICE:
    case OP_TRANSPOSE:
    case OP_DILATE:
    case OP_RESIZE_NEAREST:
        return 1;
    default:
        return 0;
    }
}

static int64_t element_of(const ir_op *op, int64_t i, int64_t k)
{
    switch (op->kind) {
    case OP_SLICE:
        return ref_slice_source(op, i);
    case OP_TRANSPOSE:
        return ref_transpose_source(op, i);
    case OP_DILATE:
        return ref_dilate_source(op, i);
    case OP_RESIZE_NEAREST:
        return ref_nearest_source(op, i);
    default:
        return ref_reduce_source(op, i, k);
    }
}

/* Room for the tables; *shares NULL: every share is 1. */
void taps_make(qctx *ctx, const ir_op *op, const int32_t **from, const float **shares)
{
    int64_t n = ir_elems(&op->out[0]->shape), taps = taps_of(op);
    bool blend = op->kind == OP_RESIZE_BILINEAR, mean = op->kind == OP_REDUCE_MEAN;
    int32_t *f = ARENA_ARRAY(ctx->a, int32_t, n * taps);
    float *s = blend || mean ? ARENA_ARRAY(ctx->a, float, n * taps) : NULL;
    for (int64_t i = 0; i < n; i++) {
        int64_t cells[4];
        double weights[4];
        if (blend)
            ref_bilinear_sources(op, i, cells, weights);
        for (int64_t k = 0; k < taps; k++) {
            f[i * taps + k] = (int32_t)(blend ? cells[k] : element_of(op, i, k));
            if (s)
                s[i * taps + k] = blend ? (float)weights[k] : 1 / (float)taps;
        }
    }
    *from = f;
    *shares = s;
}

/* ---- sums ------------------------------------------------------------------------------------------ */

void taps_forward(const tcall *c)
{
    const tnode *n = c->node;
    for (int r = 0; r < c->rows; r++) {
        const float *x = c->x[0] + r * n->in[0]->n;
        float *y = c->y + r * n->out->n;
        for (int64_t i = 0, at = 0; i < n->out->n; i++) {
            float sum = 0;
            for (int64_t k = 0; k < n->taps; k++, at++)
                if (n->from[at] >= 0)
                    sum += (n->shares ? n->shares[at] : 1) * x[n->from[at]];
            y[i] = sum;
        }
    }
}

void taps_backward(const tcall *c)
{
    const tnode *n = c->node;
    if (!c->dx[0])
        return;
    train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++) {
        const float *dy = c->dy + r * n->out->n;
        float *dx = c->dx[0] + r * n->in[0]->n;
        for (int64_t i = 0, at = 0; i < n->out->n; i++)
            for (int64_t k = 0; k < n->taps; k++, at++)
                if (n->from[at] >= 0)
                    dx[n->from[at]] += (n->shares ? n->shares[at] : 1) * dy[i];
    }
}

/* ---- extremes -------------------------------------------------------------------------------------- */

/* Element of the input that element i of the output is. */
static int32_t extreme(const tnode *n, const float *x, int64_t i)
{
    float sign = n->kind == OP_REDUCE_MIN ? -1 : 1;
    const int32_t *from = n->from + i * n->taps;
    int32_t best = from[0];
    for (int64_t k = 1; k < n->taps; k++)
        best = sign * x[from[k]] > sign * x[best] ? from[k] : best;
    return best;
}

void extreme_forward(const tcall *c)
{
    const tnode *n = c->node;
    for (int r = 0; r < c->rows; r++) {
        const float *x = c->x[0] + r * n->in[0]->n;
        for (int64_t i = 0; i < n->out->n; i++)
            c->y[r * n->out->n + i] = x[extreme(n, x, i)];
    }
}

void extreme_backward(const tcall *c)
{
    const tnode *n = c->node;
    if (!c->dx[0])
        return;
    train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++) {
        const float *x = c->x[0] + r * n->in[0]->n;
        for (int64_t i = 0; i < n->out->n; i++)
            c->dx[0][r * n->in[0]->n + extreme(n, x, i)] += c->dy[r * n->out->n + i];
    }
}
