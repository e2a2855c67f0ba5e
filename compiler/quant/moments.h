/* moments.h - second moments of what a layer multiplies its weights with.
 *
 * For each group of a convolution (a dense layer has one) z = [x, x̂, 1] are the K inputs of one
 * output in the float net, the same in the quantized one, and a constant; the moments are E[z zᵀ]
 * over places and rows. With v = [w, −ŵ, b − b̂] the expected squared error of an output before its
 * activation is vᵀ E[z zᵀ] v. Even rows and odd rows are kept apart: one half fits, the other
 * judges. */
#ifndef QCC_MOMENTS_H
#define QCC_MOMENTS_H

#include "compiler/ir/ir.h"

enum { MOMENTS_FIT, MOMENTS_JUDGE, MOMENTS_HALVES };

typedef struct moments {
    int k, n, groups;            /* inputs of one output, 2k + 1 */
    int64_t places, step;        /* places of one row, of which every step-th counts */
    double *sum[MOMENTS_HALVES]; /* [groups][n][n]: upper triangle */
    int64_t count[MOMENTS_HALVES];
    double *z; /* [n] */
} moments;

/* Inputs of one output of a conv2d or dense layer. */
int moments_inputs(const ir_op *op);
int moments_groups(const ir_op *op);
/* Places of op's output, for each of which a channel has one output. */
int64_t moments_places(const ir_op *op);
/* The k inputs of one group at a place, out of op's whole input x. */
void moments_gather(const ir_op *op, int k, int64_t place, int group, const float *x, double *z);
/* Doubles that the moments of op take. */
int64_t moments_size(const ir_op *op);
/* Empty moments of op in storage of that size, for so many rows. */
void moments_start(moments *m, const ir_op *op, int64_t rows, double *storage);
/* One row: the values of op->in[0] in the float net and in the quantized one. */
void moments_add(moments *m, const ir_op *op, int64_t row, const float *x, const float *xq);
/* Sums become means. */
void moments_finish(moments *m);
const double *moments_of(const moments *m, int half, int group);
/* vᵀ E[z zᵀ] v. */
double moments_error(const moments *m, int half, int group, const double *v);

#endif
