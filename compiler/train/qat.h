/* qat.h - fake quantization inside the engine: the integer grid in the forward, straight-through
 * estimators (Bengio et al. 2013) and learned steps (LSQ, Esser et al. 2020; LSQ+, Bhalgat et al.
 * 2020) in the backward.
 *
 * A step size is s = s0·exp(p), p a parameter that starts at 0, so it stays positive and one
 * learning rate suits all. Zero points are rounded to integers in the forward: zero is exactly
 * representable. Rounding is that of the emitted C in mode q32: activations ⌊x/s + ½⌋, weights by
 * quant_encode. */
#ifndef QCC_TRAIN_QAT_H
#define QCC_TRAIN_QAT_H

#include "compiler/train/engine.h"

typedef struct qat qat;
typedef struct qact qact;
typedef struct qweight qweight;

/* Of a FOLDED graph and the QUANTIZED one that was made of it (tensors of equal numbers). */
qat *qat_new(qctx *ctx, const ir_graph *folded, const ir_graph *quantized);
/* Puts into theta what the quantized graph has: where a weight's code is not the nearest one (it was
 * rounded on the data), the code's value; biases as their codes say. */
void qat_start(const qat *q, tengine *e);
/* Units of weights and biases (tengine_units) into unit. */
void qat_units(const qat *q, const tengine *e, float *unit);
const ir_graph *qat_folded(const qat *q);
/* A QUANTIZED graph with the codes, scales and biases of theta; NULL after a diagnostic. */
ir_graph *qat_graph(qctx *ctx, qat *q, const tengine *e);

/* ---- for the engine ------------------------------------------------------------------------ */

/* Parameters that fake quantization adds behind the weights, from theta[at] on; they start at 0. */
int64_t qat_count(const qat *q);
void qat_place(qat *q, int64_t at);
/* The quantization that the result of an operator gets, or NULL: it keeps its input's. */
const qact *qat_activation(const qat *q, const ir_op *op);
const qweight *qat_weights(const qat *q, const ir_op *op);
/* Values of a constant that is an operand, as its codes have them: they are not tuned. */
const float *qat_constant(const qat *q, const ir_tensor *t);
/* Before each forward: scales and zero points of this step. */
void qat_begin_step(qat *q, const float *theta);
/* out: the values that w and b (or NULL) have on the integer grid, w first. */
void qat_quantize_weights(const qweight *q, const float *w, const float *b, float *out);
/* Turns the gradient with respect to quantized weights into that of w, in place, and adds those of
 * the steps and codebook entries to dtheta. */
void qat_weight_gradient(const qweight *q, const float *w, float *dw, float *dtheta);
/* n values; y = the grid's. */
void qat_forward(const qact *q, int64_t n, const float *x, float *y);
void qat_backward(const qact *q, int64_t n, const float *x, const float *dy, float *dx,
                  float *dtheta);

#endif
