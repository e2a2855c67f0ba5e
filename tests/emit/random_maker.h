/* random_maker.h - what the three parts of the generator of random nets share: chance, the net so far,
 * and what operators are made of. */
#ifndef QCC_TESTS_RANDOM_MAKER_H
#define QCC_TESTS_RANDOM_MAKER_H

#include <math.h>

#include "tests/emit/random_net.h"

enum { MAX_VALUES = 16 };

typedef struct maker {
    qctx *ctx;
    ir_graph *g;
    rng r;
    ir_numerics mode;
    bool wide;                 /* int16 activations */
    bool poor;                 /* with channels that are constant or unread, rows of zeros in kernels */
    rng p;                     /* decides on these */
    bool joined;               /* with branches that a concat joins, and pads before windows */
    rng b;                     /* decides on these */
    ir_tensor *values[MAX_VALUES];
    int n_values, names;
} maker;

static inline int below(maker *m, int n)
{
    return (int)rng_below(&m->r, (uint64_t)n);
}

static inline bool one_in(maker *m, int n)
{
    return below(m, n) == 0;
}

static inline int between(maker *m, int lo, int hi)
{
    return lo + below(m, hi - lo + 1);
}

static inline bool poor_one_in(maker *m, int n)
{
    return m->poor && rng_below(&m->p, (uint64_t)n) == 0;
}

/* 2^u, u uniform in [lo, hi]. */
static inline double power(maker *m, double lo, double hi)
{
    return exp2(lo + (hi - lo) * rng_double(&m->r));
}

/* ---- random_values.c ---------------------------------------------------------------------- */
/* A quantization of activations at this scale, with any zero point. */
ir_quant *draw_act_quant(maker *m, double scale);
/* A tensor named after the word, noted among m->values. */
ir_tensor *draw_activation(maker *m, ir_tkind kind, const char *word, const ir_shape *s, ir_quant *q);
/* A grid or a codebook for weights of so many output channels, and codes on it. */
ir_quant *draw_weight_quant(maker *m, int channels);
ir_tensor *draw_weights(maker *m, const char *base, const ir_shape *s, ir_quant *q);
ir_tensor *draw_biases(maker *m, const char *base, int channels);
/* Scale of the output of a layer of so many terms: most sums land inside the codes, some far outside. */
double draw_layer_scale(maker *m, double in, const ir_quant *w, int64_t terms);
/* The zero points of a quantization that was just made, to be changed. */
int32_t *draw_zeros(const ir_quant *q);

/* ---- random_operators.c --------------------------------------------------------------------- */
/* An operator on x; NULL where what was drawn has no shape. */
ir_tensor *draw_operator(maker *m, ir_tensor *x);

#endif
