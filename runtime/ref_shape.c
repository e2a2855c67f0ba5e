/* ref_shape.c - which elements an output element depends on. */
#include "runtime/ref.h"

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

void ref_pool_size(const ir_op *op, int size[3])
{
    bool global = op->kind == OP_GLOBAL_AVGPOOL || op->kind == OP_GLOBAL_MAXPOOL;
    const ir_shape *s = &op->out[0]->shape;
    size[0] = global ? 1 : s->dim[0];
    size[1] = global ? 1 : s->dim[1];
    size[2] = op->in[0]->shape.dim[2];
}

/* Cells that an average with `count all` divides by: the window, cut off at the end of the padded
 * input. */
static int64_t counted(const ir_op *op, int64_t y, int64_t x)
{
    const ir_shape *in = &op->in[0]->shape;
    int64_t end_y = smaller(y + op->at.kernel[0], (int64_t)in->dim[0] + op->at.pad[1]);
    int64_t end_x = smaller(x + op->at.kernel[1], (int64_t)in->dim[1] + op->at.pad[3]);
    return larger(end_y - y, 0) * larger(end_x - x, 0);
}

ref_window ref_window_at(const ir_op *op, int oy, int ox)
{
    const ir_shape *in = &op->in[0]->shape;
    ref_window w = { 0, in->dim[0], 0, in->dim[1], 0 };
    bool sliding = op->kind == OP_MAXPOOL || op->kind == OP_AVGPOOL;
    int64_t y = 0, x = 0;
    if (sliding) {
        y = (int64_t)oy * op->at.stride[0] - op->at.pad[0];
        x = (int64_t)ox * op->at.stride[1] - op->at.pad[2];
        w.y0 = (int)larger(y, 0);
        w.x0 = (int)larger(x, 0);
        w.y1 = (int)larger(w.y0, smaller(y + op->at.kernel[0], in->dim[0]));
        w.x1 = (int)larger(w.x0, smaller(x + op->at.kernel[1], in->dim[1]));
    }
    w.count = sliding && op->at.count_all ? counted(op, y, x)
                                          : (int64_t)(w.y1 - w.y0) * (w.x1 - w.x0);
    return w;
}

int64_t ref_broadcast(const ir_shape *out, const ir_shape *in, int64_t i)
{
    int64_t element = 0, stride = 1;
    for (int d = out->rank - 1, e = in->rank - 1; e >= 0; d--, e--) {
        int64_t at = i % out->dim[d];
        i /= out->dim[d];
        element += in->dim[e] == 1 ? 0 : at * stride;
        stride *= in->dim[e];
    }
    return element;
}

int64_t ref_pad_source(const ir_op *op, int64_t i)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    int64_t c = i % out->dim[2];
    int64_t x = i / out->dim[2] % out->dim[1] - op->at.pad[2];
    int64_t y = i / out->dim[2] / out->dim[1] - op->at.pad[0];
    if (y < 0 || y >= in->dim[0] || x < 0 || x >= in->dim[1])
        return -1;
    return (y * in->dim[1] + x) * in->dim[2] + c;
}

int ref_concat_source(const ir_op *op, int64_t i, int64_t *element)
{
    const ir_shape *out = &op->out[0]->shape;
    int axis = op->at.axis;
    int64_t inner = 1;
    for (int d = axis + 1; d < out->rank; d++)
        inner *= out->dim[d];
    int64_t at = i / inner % out->dim[axis];
    int64_t outer = i / inner / out->dim[axis];
    int k = 0;
    while (at >= op->in[k]->shape.dim[axis])
        at -= op->in[k++]->shape.dim[axis];
    *element = (outer * op->in[k]->shape.dim[axis] + at) * inner + i % inner;
    return k;
}

int64_t ref_slice_source(const ir_op *op, int64_t i)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    int64_t element = 0, stride = 1;
    for (int d = out->rank - 1; d >= 0; d--) {
        element += (op->at.begin.dim[d] + i % out->dim[d] * op->at.step.dim[d]) * stride;
        i /= out->dim[d];
        stride *= in->dim[d];
    }
    return element;
}

int64_t ref_transpose_source(const ir_op *op, int64_t i)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    int64_t at[IR_MAX_RANK], element = 0; /* by dimension of the input */
    for (int d = out->rank - 1; d >= 0; d--) {
        at[op->at.axes.dim[d]] = i % out->dim[d];
        i /= out->dim[d];
    }
    for (int d = 0; d < in->rank; d++)
        element = element * in->dim[d] + at[d];
    return element;
}

static bool is_reduced(const ir_op *op, int d)
{
    if (op->kind == OP_ARGMAX)
        return d == op->at.axis;
    for (int i = 0; i < op->at.axes.rank; i++)
        if (op->at.axes.dim[i] == d)
            return true;
    return false;
}

int64_t ref_reduce_terms(const ir_op *op)
{
    return ir_elems(&op->in[0]->shape) / ir_elems(&op->out[0]->shape);
}

int64_t ref_reduce_source(const ir_op *op, int64_t i, int64_t k)
{
    const ir_shape *in = &op->in[0]->shape;
    int64_t element = 0, stride = 1;
    for (int d = in->rank - 1; d >= 0; d--) {
        int64_t *index = is_reduced(op, d) ? &k : &i;
        element += *index % in->dim[d] * stride;
        *index /= in->dim[d];
        stride *= in->dim[d];
    }
    return element;
}

int64_t ref_dilate_source(const ir_op *op, int64_t i)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    int64_t c = i % out->dim[2];
    int64_t x = i / out->dim[2] % out->dim[1], y = i / out->dim[2] / out->dim[1];
    if (y % op->at.stride[0] != 0 || x % op->at.stride[1] != 0)
        return -1;
    return (y / op->at.stride[0] * in->dim[1] + x / op->at.stride[1]) * in->dim[2] + c;
}
