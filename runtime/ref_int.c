/* ref_int.c - requantization, the elementwise integer operators, and the table of all. */
#include <string.h>

#include "runtime/arith.h"
#include "runtime/interp.h"
#include "runtime/ref.h"

int32_t ref_requantize(const ir_iparams *q, const ir_rescale *r, int c, int64_t acc)
{
    int i = r->n > 1 ? c : 0;
    int64_t v = 0;
    switch (q->mode) {
    case IR_NUM_Q32:
        v = arith_scale_q32(acc, r->mult[i], r->shift[i], r->down[i]);
        break;
    case IR_NUM_TFLM:
    case IR_NUM_SINGLE:
        v = arith_scale_q31(acc, r->mult[i], r->shift[i], q->mode == IR_NUM_SINGLE);
        break;
    case IR_NUM_ONNX:
        v = arith_scale_onnx(acc, r->fscale[i]);
        break;
    }
    return (int32_t)arith_clamp(q->out_zero + v, q->lo, q->hi);
}

/* ---- two operands ---------------------------------------------------------------------------------- */

/* minus: sub. Here the second multiplier carries the sign. */
static int64_t add_q32(const ir_iparams *q, bool minus, int32_t x1, int32_t x2)
{
    (void)minus;
    int64_t sum = q->bias[0] + (int64_t)x1 * q->in[0].mult[0] + (int64_t)x2 * q->in[1].mult[0];
    return arith_shr(sum, q->right_shift);
}

static int64_t add_q31(const ir_iparams *q, bool minus, int32_t x1, int32_t x2)
{
    bool single = q->mode == IR_NUM_SINGLE;
    int32_t x[2] = { x1, x2 };
    int64_t sum = 0;
    for (int i = 0; i < 2; i++) {
        int64_t v = (x[i] - q->in_zero[i]) * arith_pow2(q->left_shift);
        int64_t term = arith_scale_q31(v, q->in[i].mult[0], q->in[i].shift[0], single);
        sum += i == 1 && minus ? -term : term;
    }
    return q->out_zero + arith_scale_q31(sum, q->out.mult[0], q->out.shift[0], single);
}

static int64_t add_onnx(const ir_iparams *q, bool minus, int32_t x1, int32_t x2)
{
    volatile float v1 = q->in[0].fscale[0] * (float)(x1 - q->in_zero[0]);
    volatile float v2 = q->in[1].fscale[0] * (float)(x2 - q->in_zero[1]);
    volatile float sum = minus ? v1 - v2 : v1 + v2;
    sum = sum / q->out.fscale[0];
    return q->out_zero + arith_rint((double)sum);
}

static int32_t add_codes(const ir_op *op, int32_t x1, int32_t x2)
{
    const ir_iparams *q = op->q;
    static int64_t (*const modes[])(const ir_iparams *, bool, int32_t, int32_t) = {
        [IR_NUM_Q32] = add_q32,
        [IR_NUM_TFLM] = add_q31,
        [IR_NUM_SINGLE] = add_q31,
        [IR_NUM_ONNX] = add_onnx,
    };
    return (int32_t)arith_clamp(modes[q->mode](q, op->kind == OP_SUB, x1, x2), q->lo, q->hi);
}

static int32_t mul_codes(const ir_op *op, int32_t x1, int32_t x2)
{
    const ir_iparams *q = op->q;
    return ref_requantize(q, &q->out, 0, (int64_t)(x1 - q->in_zero[0]) * (x2 - q->in_zero[1]));
}

/* Code x of operand k as a code of the output. */
static int32_t operand_code(const ir_op *op, int k, int32_t x)
{
    int32_t zero = op->in[k]->quant->zero[0];
    if (op->q->each[k].n == 0)
        return x;
    return ref_requantize(op->q, &op->q->each[k], 0, (int64_t)x - zero);
}

static int32_t select_codes(const ir_op *op, int32_t x1, int32_t x2)
{
    int32_t a = operand_code(op, 0, x1), b = operand_code(op, 1, x2);
    return (op->kind == OP_MINIMUM) == (a < b) ? a : b;
}

/* x2: the slope. */
static int32_t prelu_codes(const ir_op *op, int32_t x1, int32_t x2)
{
    const ir_iparams *q = op->q;
    int64_t v = (int64_t)x1 - q->in_zero[0];
    return v >= 0 ? ref_requantize(q, &q->in[0], 0, v) : ref_requantize(q, &q->out, 0, v * (x2 - q->in_zero[1]));
}

static void binary(const ref_args *a)
{
    const ir_op *op = a->op;
    const ir_shape *shape = &op->out[0]->shape;
    const int32_t *x1 = a->in[0], *x2 = a->in[1];
    int32_t *y = a->out;
    int32_t (*codes)(const ir_op *, int32_t, int32_t) =
        op->kind == OP_MUL ? mul_codes
        : op->kind == OP_PRELU ? prelu_codes
        : op->kind == OP_ADD || op->kind == OP_SUB ? add_codes : select_codes;
    for (int64_t i = 0; i < ir_elems(shape); i++) {
        int32_t c1 = x1[ref_broadcast(shape, &op->in[0]->shape, i)];
        int32_t c2 = x2[ref_broadcast(shape, &op->in[1]->shape, i)];
        y[i] = codes(op, c1, c2);
    }
}

/* ---- one input --------------------------------------------------------------------------------- */

static void unary(const ref_args *a)
{
    const int32_t *x = a->in[0];
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = interp_unary_code(a->op, x[i]);
}

static void concat(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t element;
        int k = ref_concat_source(a->op, i, &element);
        y[i] = operand_code(a->op, k, ((const int32_t *)a->in[k])[element]);
    }
}

static void assign(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = operand_code(a->op, 0, ((const int32_t *)a->in[0])[i]);
}

static void reshape(const ref_args *a)
{
    memcpy(a->out, a->in[0], (size_t)ir_elems(&a->op->out[0]->shape) * sizeof(int32_t));
}

static void slice(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = ((const int32_t *)a->in[0])[ref_slice_source(a->op, i)];
}

static void transpose(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++)
        y[i] = ((const int32_t *)a->in[0])[ref_transpose_source(a->op, i)];
}

static void pad(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t from = a->op->kind == OP_PAD ? ref_pad_source(a->op, i) : ref_dilate_source(a->op, i);
        y[i] = from < 0 ? a->op->q->in_zero[0] : ((const int32_t *)a->in[0])[from];
    }
}

const ref_kernel ref_int_kernels[OP_COUNT] = {
    [OP_CONV2D] = ref_int_conv2d,
    [OP_DENSE] = ref_int_dense,
    [OP_MAXPOOL] = ref_int_maxpool,
    [OP_AVGPOOL] = ref_int_avgpool,
    [OP_GLOBAL_AVGPOOL] = ref_int_avgpool,
    [OP_GLOBAL_MAXPOOL] = ref_int_maxpool,
    [OP_ADD] = binary,
    [OP_MUL] = binary,
    [OP_CONCAT] = concat,
    [OP_RESHAPE] = reshape,
    [OP_PAD] = pad,
    [OP_RELU] = unary,
    [OP_RELU6] = unary,
    [OP_LEAKY_RELU] = unary,
    [OP_SIGMOID] = unary,
    [OP_TANH] = unary,
    [OP_HARD_SWISH] = unary,
    [OP_SOFTMAX] = ref_int_softmax,
    [OP_SUB] = binary,
    [OP_MINIMUM] = binary,
    [OP_MAXIMUM] = binary,
    [OP_SLICE] = slice,
    [OP_TRANSPOSE] = transpose,
    [OP_REQUANTIZE] = unary,
    [OP_ASSIGN] = assign,
    [OP_REDUCE_SUM] = ref_int_reduce,
    [OP_REDUCE_MEAN] = ref_int_reduce,
    [OP_REDUCE_MAX] = ref_int_reduce,
    [OP_REDUCE_MIN] = ref_int_reduce,
    [OP_ARGMAX] = ref_int_argmax,
    [OP_RESIZE_NEAREST] = ref_int_nearest,
    [OP_RESIZE_BILINEAR] = ref_int_bilinear,
    [OP_DILATE] = pad,
    [OP_PRELU] = binary,
    [OP_L2_NORM] = ref_int_l2_norm,
    [OP_ELU] = unary,
    [OP_GELU] = unary,
    [OP_GELU_TANH] = unary,
};
