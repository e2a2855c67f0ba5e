/* codebook.h - tables of levels fitted to a layer's weights. */
#ifndef QCC_CODEBOOK_H
#define QCC_CODEBOOK_H

#include "compiler/quant/internal.h"

/* The codebook of a layer's weights by its settings; power: mean squares of its input's channels
 * (the last dimension), or NULL. */
ir_quant *codebook_for(qctx *ctx, const ir_op *op, const spec_settings *s, const double *power);
/* Width of the indices that a codebook by these settings needs. */
int codebook_bits(const spec_settings *s);

enum { CODEBOOK_I8_ENTRIES = 64 }; /* tables of more are int16 */

/* Weights v are [channels][terms]; term i of a filter multiplies input channel i % depth of its
 * group. */
typedef struct codebook_job {
    const spec_settings *s;
    const float *v;
    int channels, groups;
    int64_t terms;
    int depth;
    const double *power; /* [groups·depth] mean squares of the inputs, or NULL: all alike */
    double power_floor;
    const float *bias; /* [channels] or NULL */
    double in_scale, out_scale;
} codebook_job;

/* Table and scales by s->fit: at most 64 entries of int8, or at most 256 of int16. */
ir_quant *fit_codebook(qctx *ctx, const codebook_job *job);

/* ---- kmeans.c: one dimension, exactly, on a histogram -----------------------------------------
 */
typedef struct kmeans kmeans;
kmeans *kmeans_new(qctx *ctx, int most_means);
/* Each set of values comes three times: start, then all as range, then all with their costs. */
void kmeans_start(kmeans *k);
void kmeans_range(kmeans *k, double v);
void kmeans_add(kmeans *k, double v, double cost);
/* The n means of least Σ cost·(v − mean)², ascending; where there are fewer values, the last is
 * repeated. Dynamic programming over sorted bins (Wang and Song, "Ckmeans.1d.dp", 2011), the split
 * points being monotone: n·bins·log bins steps. */
void kmeans_solve(kmeans *k, int n, double *mean);
/* Means of n slices of equal cost. */
void kmeans_quantiles(kmeans *k, int n, double *mean);

#endif
