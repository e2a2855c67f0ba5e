/* batches.h - random nets for a system compiler: one translation unit with a main that reads inputs and wanted
 * outputs from a file. Every buffer is a block of its own, so that the sanitizers see each access outside. */
#ifndef QCC_TESTS_BATCHES_H
#define QCC_TESTS_BATCHES_H

#include "compiler/emit/emit.h"

/* Whether one of the net's operators has a kernel whose name begins so. */
bool has_kernel(const ir_graph *g, const emit_result *c, const char *kernels);

/* n nets from `seed` on as dir/nets.c, dir/batch.c (which includes them) and dir/rows.bin; gives the seed after
 * the last one. target: all for one, or NULL: drawn. kernels: "neon" leaves nets out that have no kernel named
 * so, "" none. board: those out that do not fit the memory of one. */
uint64_t write_batch(const char *dir, uint64_t seed, int n, const char *target, const char *kernels, bool board);

#endif
