/* ref.h - inside the reference interpreters: kernels and what they share.
 *
 * A kernel computes one operator's output 0 completely. Integer kernels see all activations widened
 * to int32 codes and return int32 codes inside [q->lo, q->hi] (copies: of the input's codes); float
 * kernels see float32. */
#ifndef QCC_REF_H
#define QCC_REF_H

#include "compiler/ir/ir.h"

typedef struct ref_args {
    const ir_op *op;
    const void *const *in; /* [op->n_in]: float, or int32_t codes; weights: float; NULL in integer nets */
    void *out;             /* float, or int32_t codes */
    const int32_t *level;  /* integer conv2d, dense: levels of the weights, in their order */
    const int64_t *bias;   /* integer conv2d, dense: biases, not folded */
    float *scratch;        /* float through BLAS: ref_blas_scratch elements */
} ref_args;

typedef void (*ref_kernel)(const ref_args *a);

/* By operator kind; NULL where a stage has none. */
extern const ref_kernel ref_float_kernels[OP_COUNT];
extern const ref_kernel ref_int_kernels[OP_COUNT];

/* blas_float.c: float kernels on OpenBLAS where it is built in (else the reference ones), and the
 * scratch elements that an operator wants. */
ref_kernel ref_blas_kernel(ir_opkind kind);
int64_t ref_blas_scratch(const ir_op *op);

void ref_float_conv2d(const ref_args *a);
void ref_float_dense(const ref_args *a);
void ref_float_maxpool(const ref_args *a);
void ref_float_avgpool(const ref_args *a);
void ref_int_conv2d(const ref_args *a);
void ref_int_dense(const ref_args *a);
void ref_int_maxpool(const ref_args *a);
void ref_int_avgpool(const ref_args *a);
void ref_int_softmax(const ref_args *a);
void ref_int_reduce(const ref_args *a);
void ref_int_argmax(const ref_args *a);
void ref_int_nearest(const ref_args *a);
void ref_int_bilinear(const ref_args *a);
void ref_int_l2_norm(const ref_args *a);
void ref_float_l2_norm(const ref_args *a);
void ref_float_nearest(const ref_args *a);
void ref_float_bilinear(const ref_args *a);
void ref_float_reduce(const ref_args *a);
void ref_float_argmax(const ref_args *a);

/* v rounded to float32, then the operator's fused activation (ref_float.c). */
float ref_activate(const ir_op *op, double v);

/* ---- ref_shape.c: geometry that float and integer kernels agree on ---------------------------- */

/* The window of a pool at one output position: cells [y0, y1) × [x0, x1) inside the input (maybe
 * none), and how many cells an average divides by. Global pools: the whole input. */
typedef struct ref_window {
    int y0, y1, x0, x1;
    int64_t count;
} ref_window;
ref_window ref_window_at(const ir_op *op, int oy, int ox);
/* Height, width and channels of the output of a pool, for every rank that it may have. */
void ref_pool_size(const ir_op *op, int size[3]);

/* Element of an operand that element i of the output reads, as in numpy's broadcasting. */
int64_t ref_broadcast(const ir_shape *out, const ir_shape *in, int64_t i);
/* The same for pad: element of the input, or -1 in the padding. */
int64_t ref_pad_source(const ir_op *op, int64_t i);
/* The same for dilate: -1 between the cells. */
int64_t ref_dilate_source(const ir_op *op, int64_t i);
/* Element of the input that element i of a slice, of a transpose is. */
int64_t ref_slice_source(const ir_op *op, int64_t i);
int64_t ref_transpose_source(const ir_op *op, int64_t i);
/* reduce_…, argmax: how many elements of the input element i of the result comes from, and the k-th of
 * them. */
int64_t ref_reduce_terms(const ir_op *op);
int64_t ref_reduce_source(const ir_op *op, int64_t i, int64_t k);
/* Element of the input that element i of resize_nearest is; the four that element i of
 * resize_bilinear is blended of, in reals, with their shares (sum 1). */
int64_t ref_nearest_source(const ir_op *op, int64_t i);
void ref_bilinear_sources(const ir_op *op, int64_t i, int64_t from[4], double share[4]);
/* Operand and its element that element i of a concatenation comes from. */
int ref_concat_source(const ir_op *op, int64_t i, int64_t *element);

/* ---- ref_int.c --------------------------------------------------------------------------------- */

/* clamp(zy + R(acc)) of channel c of a rescale, in the operator's mode. */
int32_t ref_requantize(const ir_iparams *q, const ir_rescale *r, int c, int64_t acc);

#endif
