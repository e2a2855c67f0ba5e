/* init.h - weights to begin with. */
#ifndef QCC_TRAIN_INIT_H
#define QCC_TRAIN_INIT_H

#include "compiler/ir/ir.h"

/* Words of --init, ended by NULL: "he" (normal of deviation √(2/fan-in), He et al. 2015),
 * "he-uniform", "glorot" (uniform in ±√(6/(fan-in + fan-out)), Glorot and Bengio 2010),
 * "glorot-normal". */
extern const char *const init_words[];

/* Gives data to all constants of a LOWERED graph that have none: weights by word number `how`,
 * biases and means 0, batch norm's weights and variances 1. The same seed gives the same weights.
 */
void init_weights(qctx *ctx, ir_graph *g, int how, uint64_t seed);

#endif
