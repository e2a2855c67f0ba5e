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

/* ---- add, mul ---------------------------------------------------------------------------------- */

static int64_t add_q32(const ir_iparams *q, int32_t x1, int32_t x2)
{
    int64_t sum = q->bias[0] + (int64_t)x1 * q->in[0].mult[0] + (int64_t)x2 * q->in[1].mult[0];
    return arith_shr(sum, q->right_shift);
}

static int64_t add_q31(const ir_iparams *q, int32_t x1, int32_t x2)
{
    bool single = q->mode == IR_NUM_SINGLE;
    int32_t x[2] = { x1, x2 };
    int64_t sum = 0;
    for (int i = 0; i < 2; i++) {
        int64_t v = (x[i] - q->in_zero[i]) * arith_pow2(q->left_shift);
        sum += arith_scale_q31(v, q->in[i].mult[0], q->in[i].shift[0], single);
    }
    return q->out_zero + arith_scale_q31(sum, q->out.mult[0], q->out.shift[0], single);
}

static int64_t add_onnx(const ir_iparams *q, int32_t x1, int32_t x2)
{
    volatile float v1 = q->in[0].fscale[0] * (float)(x1 - q->in_zero[0]);
    volatile float v2 = q->in[1].fscale[0] * (float)(x2 - q->in_zero[1]);
    volatile float sum = v1 + v2;
    sum = sum / q->out.fscale[0];
    return q->out_zero + arith_rint((double)sum);
}

static int32_t add_codes(const ir_iparams *q, int32_t x1, int32_t x2)
{
    static int64_t (*const modes[])(const ir_iparams *, int32_t, int32_t) = {
        [IR_NUM_Q32] = add_q32,
        [IR_NUM_TFLM] = add_q31,
        [IR_NUM_SINGLE] = add_q31,
        [IR_NUM_ONNX] = add_onnx,
    };
    return (int32_t)arith_clamp(modes[q->mode](q, x1, x2), q->lo, q->hi);
}

static int32_t mul_codes(const ir_iparams *q, int32_t x1, int32_t x2)
{
    return ref_requantize(q, &q->out, 0, (int64_t)(x1 - q->in_zero[0]) * (x2 - q->in_zero[1]));
}

static void binary(const ref_args *a)
{
    const ir_op *op = a->op;
    const ir_shape *shape = &op->out[0]->shape;
    const int32_t *x1 = a->in[0], *x2 = a->in[1];
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(shape); i++) {
        int32_t c1 = x1[ref_broadcast(shape, &op->in[0]->shape, i)];
        int32_t c2 = x2[ref_broadcast(shape, &op->in[1]->shape, i)];
        y[i] = op->kind == OP_ADD ? add_codes(op->q, c1, c2) : mul_codes(op->q, c1, c2);
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
    const ir_iparams *q = a->op->q;
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t element;
        int k = ref_concat_source(a->op, i, &element);
        int32_t x = ((const int32_t *)a->in[k])[element];
        int32_t zero = a->op->in[k]->quant->zero[0];
        y[i] = q->each[k].n == 0 ? x : ref_requantize(q, &q->each[k], 0, (int64_t)x - zero);
    }
}

static void reshape(const ref_args *a)
{
    memcpy(a->out, a->in[0], (size_t)ir_elems(&a->op->out[0]->shape) * sizeof(int32_t));
}

static void pad(const ref_args *a)
{
    int32_t *y = a->out;
    for (int64_t i = 0; i < ir_elems(&a->op->out[0]->shape); i++) {
        int64_t from = ref_pad_source(a->op, i);
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
};
