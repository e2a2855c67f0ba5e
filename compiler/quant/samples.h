/* samples.h - places of a layer's output, kept one by one: what it multiplies its weights with in
 * the quantized net, and what comes out in the float net, activation included. Moments (moments.h)
 * cannot see an activation; rounding that does learns from these. Even rows fit, odd rows judge. */
#ifndef QCC_SAMPLES_H
#define QCC_SAMPLES_H

#include "compiler/quant/moments.h"

typedef struct samples {
    int k, per, groups; /* inputs of one output, outputs of a group */
    ir_act act;
    int64_t most, n[MOMENTS_HALVES]; /* most: room of a half */
    double *x[MOMENTS_HALVES];       /* [groups][most][k] */
    double *y[MOMENTS_HALVES];       /* [groups][most][per] */
    double *z;                       /* [k] */
    int64_t room_x, room_y, room_z;  /* doubles that x, y (each half), z have */
} samples;

/* Empty, for op's places, spread over so many rows. s: zero, or of another layer, whose memory is
 * used again. */
void samples_start(qctx *ctx, samples *s, const ir_op *op, int64_t rows);
/* One row of the input in the float net and in the quantized one; op: of the float net. */
void samples_add(samples *s, const ir_op *op, int64_t row, int64_t rows, const float *x,
                 const float *xq);
double samples_act(const samples *s, double v);
/* Mean squared error of output c (counted over all groups) with these weights and this bias. */
double samples_error(const samples *s, int half, int c, const double *w, double bias);
/* Variance of output c in the float net. */
double samples_signal(const samples *s, int half, int c);

#endif
