/* rescale.h - a synthetic net: an example whose channels are rescaled, so that it computes the
 * same. */
#ifndef QCC_ACCURACY_RESCALE_H
#define QCC_ACCURACY_RESCALE_H

#include "tests/accuracy/bench.h"

/* Writes weights of n where each channel behind a batch norm and relu has a seeded factor in [1/16,
 * 16], which the layer that reads it takes back: relu(f·x) = f·relu(x). Float outputs stay as they
 * are but for rounding. */
void rescale_write(const bench_net *n, const char *path);

#endif
