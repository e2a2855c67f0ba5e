/* lean_taps.c - kernels without the rows and columns at their edges that add nothing: zero in all
 * filters, or outside the input at every place of the window.
 *
 * What is outside holds the zero point. Biases have it folded in for every weight, so those of a
 * line that goes are taken out of them. Bounds stay: they are above what is left. */
#include "compiler/quant/lean.h"

static int line_of(const ir_tensor *w, int axis, int64_t i)
{
    const int32_t *d = w->shape.dim;
    return (int)(axis == 0 ? i / (d[2] * d[3]) % d[1] : i / d[3] % d[2]);
}

static bool is_zero_line(const ir_tensor *w, int axis, int k)
{
    for (int64_t i = 0; i < ir_elems(&w->shape); i++)
        if (line_of(w, axis, i) == k && weight_level(w, i) != 0)
            return false;
    return true;
}

bool kernel_line_is_outside(const ir_op *op, int axis, int k)
{
    int size = op->in[0]->shape.dim[axis], places = op->out[0]->shape.dim[axis];
    for (int i = 0; i < places; i++) {
        int at = i * op->at.stride[axis] - op->at.pad[2 * axis] + k * op->at.dilation[axis];
        if (at >= 0 && at < size)
            return false;
    }
    return true;
}

static bool is_idle_line(const ir_op *op, int axis, int k)
{
    return kernel_line_is_outside(op, axis, k) || is_zero_line(op->in[1], axis, k);
}

/* Of the raw biases, which count the zero point for every weight. */
static void unfold_line(qctx *ctx, ir_op *op, int axis, int k)
{
    ir_iparams *q = op->q;
    const ir_tensor *w = op->in[1];
    int64_t terms = ir_elems(&w->shape) / q->channels;
    int64_t *bias = arena_memdup(ctx->a, q->bias, sizeof *bias * (size_t)q->channels);
    for (int64_t i = 0; i < ir_elems(&w->shape); i++)
        if (line_of(w, axis, i) == k)
            bias[i / terms] += (int64_t)weight_level(w, i) * q->in_zero[0];
    for (int c = 0; c < q->channels; c++)
        if (bias[c] > INT32_MAX || bias[c] < INT32_MIN)
            q->bias_type = IR_I64;
    q->bias = bias;
}

static void drop_line(qctx *ctx, ir_op *op, int axis, int k)
{
    ir_tensor *w = op->in[1];
    size_t size = ir_type_size(w->type), n = 0;
    char *to = arena_alloc(ctx->a, (size_t)ir_elems(&w->shape) * size);
    unfold_line(ctx, op, axis, k);
    for (int64_t i = 0; i < ir_elems(&w->shape); i++) {
        bool goes = line_of(w, axis, i) == k;
        for (size_t b = 0; !goes && b < size; b++)
            to[n++] = ((const char *)w->data)[(size_t)i * size + b];
    }
    w->data = to;
    w->shape.dim[1 + axis]--;
    op->at.kernel[axis]--;
}

/* Places of a window of n taps along an axis. */
static int places(const ir_op *op, int axis, int n, int after)
{
    int reach = (n - 1) * op->at.dilation[axis] + 1;
    return (op->in[0]->shape.dim[axis] + op->at.pad[2 * axis] + after - reach) /
               op->at.stride[axis] +
           1;
}

static bool trim_axis(qctx *ctx, ir_op *op, int axis)
{
    int *kernel = &op->at.kernel[axis], *pad = &op->at.pad[2 * axis], step = op->at.dilation[axis];
    bool changed = false;
    while (*kernel > 1 && pad[0] >= step && is_idle_line(op, axis, 0)) {
        drop_line(ctx, op, axis, 0);
        pad[0] -= step;
        changed = true;
    }
    while (*kernel > 1 && is_idle_line(op, axis, *kernel - 1)) {
        int after = pad[1] > step ? pad[1] - step : 0;
        if (places(op, axis, *kernel - 1, after) != op->out[0]->shape.dim[axis])
            break;
        drop_line(ctx, op, axis, *kernel - 1);
        pad[1] = after;
        changed = true;
    }
    return changed;
}

bool trim_kernel(qctx *ctx, const ir_graph *g, ir_op *op)
{
    if (op->kind != OP_CONV2D || ir_uses(g, op->in[1]) > 1)
        return false;
    bool rows = trim_axis(ctx, op, 0), columns = trim_axis(ctx, op, 1);
    return rows || columns;
}
