/* ref_float.c - the other float32 operators, and the table of all. */
#include <math.h>
#include <string.h>

#include "runtime/real.h"
#include "runtime/ref.h"

float ref_activate(const ir_op *op, double v)
{
    float f = (float)v;
    if (op->at.act != IR_ACT_NONE && !(f > 0))
        f = 0;
    return op->at.act == IR_ACT_RELU6 && f > 6 ? 6 : f;
}

/* ---- elementwise ------------------------------------------------------------------------------- */

static double combine(ir_opkind kind, double a, double b)
{
    switch (kind) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MINIMUM: return fmin(a, b);
    case OP_MAXIMUM: return fmax(a, b);
    case OP_PRELU: return a < 0 ? a * b : a;
    default: return a * b;
    }
}

static void binary(const ref_args *a)
{
    const ir_op *op = a->op;
    const ir_shape *shape = &op->out[0]->shape;
    const float *x1 = a->in[0], *x2 = a->in[1];
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(shape); i++) {
        double v1 = (double)x1[ref_broadcast(shape, &op->in[0]->shape, i)];
        double v2 = (double)x2[ref_broadcast(shape, &op->in[1]->shape, i)];
        y[i] = ref_activate(op, combine(op->kind, v1, v2));
    }
}

static void unary(const ref_args *a)
{
    const float *x = a->in[0];
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = (float)real_unary(a->op->kind, a->op->at.alpha, (double)x[i]);
}

static void batch_norm(const ref_args *a)
{
    const float *x = a->in[0], *w = a->in[1], *b = a->in[2], *mean = a->in[3], *var = a->in[4];
    const ir_shape *shape = &a->op->out[0]->shape;
    int64_t channels = ir_elems(&a->op->in[1]->shape);
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(shape); i++) {
        int64_t c = i % channels;
        double scale = (double)w[c] / sqrt((double)var[c] + a->op->at.eps);
        y[i] = ref_activate(a->op, ((double)x[i] - (double)mean[c]) * scale + (double)b[c]);
    }
}

static void softmax(const ref_args *a)
{
    const ir_shape *shape = &a->op->out[0]->shape;
    int64_t n = shape->rank == 0 ? 1 : shape->dim[shape->rank - 1];
    const float *x = a->in[0];
    float *y = a->out;
    for (int64_t row = 0; row < ir_elems(shape); row += n) {
        double top = (double)x[row], sum = 0;
        for (int64_t i = 0; i < n; i++)
            top = fmax(top, (double)x[row + i]);
        for (int64_t i = 0; i < n; i++)
            sum += real_exp((double)x[row + i] - top);
        for (int64_t i = 0; i < n; i++)
            y[row + i] = (float)(real_exp((double)x[row + i] - top) / sum);
    }
}

/* ---- moves ------------------------------------------------------------------------------------- */

static void concat(const ref_args *a)
{
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t element;
        int k = ref_concat_source(a->op, i, &element);
        y[i] = ((const float *)a->in[k])[element];
    }
}

static void reshape(const ref_args *a)
{
    memcpy(a->out, a->in[0], (size_t)ir_elems(&a->op->out[0]->shape) * sizeof(float));
}

static void slice(const ref_args *a)
{
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = ((const float *)a->in[0])[ref_slice_source(a->op, i)];
}

static void transpose(const ref_args *a)
{
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = ((const float *)a->in[0])[ref_transpose_source(a->op, i)];
}

static void pad(const ref_args *a)
{
    float *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t from = a->op->kind == OP_PAD ? ref_pad_source(a->op, i) : ref_dilate_source(a->op, i);
        y[i] = from < 0 ? 0 : ((const float *)a->in[0])[from];
    }
}

const ref_kernel ref_float_kernels[OP_COUNT] = {
    [OP_CONV2D] = ref_float_conv2d,
    [OP_DENSE] = ref_float_dense,
    [OP_MAXPOOL] = ref_float_maxpool,
    [OP_AVGPOOL] = ref_float_avgpool,
    [OP_GLOBAL_AVGPOOL] = ref_float_avgpool,
    [OP_GLOBAL_MAXPOOL] = ref_float_maxpool,
    [OP_ADD] = binary,
    [OP_MUL] = binary,
    [OP_CONCAT] = concat,
    [OP_RESHAPE] = reshape,
    [OP_PAD] = pad,
    [OP_BATCH_NORM] = batch_norm,
    [OP_RELU] = unary,
    [OP_RELU6] = unary,
    [OP_LEAKY_RELU] = unary,
    [OP_SIGMOID] = unary,
    [OP_TANH] = unary,
    [OP_HARD_SWISH] = unary,
    [OP_SOFTMAX] = softmax,
    [OP_SUB] = binary,
    [OP_MINIMUM] = binary,
    [OP_MAXIMUM] = binary,
    [OP_SLICE] = slice,
    [OP_TRANSPOSE] = transpose,
    [OP_REQUANTIZE] = unary,
    [OP_ASSIGN] = reshape,
    [OP_REDUCE_SUM] = ref_float_reduce,
    [OP_REDUCE_MEAN] = ref_float_reduce,
    [OP_REDUCE_MAX] = ref_float_reduce,
    [OP_REDUCE_MIN] = ref_float_reduce,
    [OP_ARGMAX] = ref_float_argmax,
    [OP_RESIZE_NEAREST] = ref_float_nearest,
    [OP_RESIZE_BILINEAR] = ref_float_bilinear,
    [OP_DILATE] = pad,
    [OP_PRELU] = binary,
    [OP_L2_NORM] = ref_float_l2_norm,
    [OP_DROPOUT] = reshape, /* of a graph before folding: the same values */
    [OP_ELU] = unary,
    [OP_GELU] = unary,
    [OP_GELU_TANH] = unary,
};
