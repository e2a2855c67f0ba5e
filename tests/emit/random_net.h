/* random_net.h - random integer nets, valid by construction. */
#ifndef QCC_TESTS_RANDOM_NET_H
#define QCC_TESTS_RANDOM_NET_H

#include "compiler/base/rng.h"
#include "compiler/ir/ir.h"

/* A LEGAL graph called "net<seed>": 1 to 4 operators of all kinds in one numerics mode, odd shapes,
 * strides, pads, dilations, groups, grids of weights. NULL where legalize refused what was drawn (a
 * ratio of scales, say): the diagnostics tell. A third has channels that are constant or that none reads
 * (multipliers near 1e-9, biases near ±2^30, weights of zero), and its lean graph. */
ir_graph *random_net(qctx *ctx, uint64_t seed);
/* The same nets over floats: a FOLDED graph with weights of about 1/√terms. NULL as above. */
ir_graph *random_float_net(qctx *ctx, uint64_t seed);
/* Row `row` of an input: 0 random, 1 all lowest codes, 2 all highest, 3 and up random again;
 * floats are all random in [-2, 2). */
void random_row(const ir_tensor *t, int row, rng *r, void *codes);

#endif
