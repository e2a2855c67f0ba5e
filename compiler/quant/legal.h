/* legal.h - between legalize.c, multipliers.c, tables.c and bounds.c. Nothing else includes it. */
#ifndef QCC_LEGAL_H
#define QCC_LEGAL_H

#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"

/* ---- multipliers.c: real ratios of scales, and what a mode makes of them ------------------------- */

/* Scale and zero point of an activation (uniform tread, per tensor). */
float act_scale(const ir_tensor *t);
int32_t act_zero(const ir_tensor *t);

/* M of each operator, in the mode's order of operations (docs/numerics.md). */
double ratio_weighted(const ir_op *op, int c); /* conv2d, dense: output channel c */
double ratio_mean(const ir_op *op);            /* global_avgpool, reduce_mean, reduce_sum */
/* Elements of the input behind one of the result. */
int64_t mean_cells(const ir_op *op);
double ratio_mul(const ir_op *op);
double ratio_concat(const ir_op *op, int input);

/* Fills out for n multipliers from M ≥ 0 and the accumulators' bounds. false with `scale-ratio` where
 * M (after a pre-shift) is 2^30 or more. */
bool rescale_fill(qctx *ctx, const ir_op *op, int n, const double *ratio, const int64_t *bound,
                  ir_rescale *out);
/* TFLite's MEAN: divides a tflm or single multiplier of one by the number of cells. */
void rescale_divide(qctx *ctx, ir_rescale *r, int64_t cells, int64_t bound);
/* avgpool in mode onnx, of two quantizations: in[0], the float32 ratio of their scales. */
void rescale_average(qctx *ctx, ir_op *op);
/* add: constants of the mode. false with `scale-ratio`. */
bool rescale_add(qctx *ctx, ir_op *op);
/* The diagnostic, with the ratio and what it may be. Returns false. */
bool scale_ratio(qctx *ctx, const ir_op *op, double ratio, const char *limit);

/* ---- tables.c ---------------------------------------------------------------------------------- */

/* 256 output codes of a unary operator; softmax's constants. false with a diagnostic. */
bool fill_unary(qctx *ctx, ir_op *op);
bool fill_softmax(qctx *ctx, ir_op *op);
/* l2_norm: its sums stay inside int32, its result has its one quantization. */
bool check_l2_norm(qctx *ctx, ir_op *op);

/* ---- legalize.c -------------------------------------------------------------------------------- */

/* `numerics-refused` at the operator; fmt says what it cannot be. Returns false. */
bool refuse(qctx *ctx, const ir_op *op, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
