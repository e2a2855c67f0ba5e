/* ranks.h - processes that mpirun started and that train as one.
 *
 * Every process (rank) runs the whole program: it reads the data, quantizes, keeps the weights and
 * steps them. What is divided is the work on a batch: its shards (engine.h), and the rows that the
 * integer net is judged on. Sums are taken in the order of the shards, wherever those were
 * computed, so the result has the same bits for any number of processes. Only the first process
 * writes files and prints.
 *
 * ctx->ranks is NULL in a process of its own; then all of this does nothing. libmpi is loaded when
 * mpirun is seen (its environment variables), never before. */
#ifndef QCC_TRAIN_RANKS_H
#define QCC_TRAIN_RANKS_H

#include <stddef.h>

#include "compiler/base/ctx.h"

typedef struct ranks ranks;

/* What mpirun says, before anything is loaded: how many processes there are (1: no mpirun), how
 * many of them on this machine, and whether this is the one that speaks. */
int ranks_launched(void);
int ranks_on_machine(void);
bool ranks_first(void);

/* Joins the processes: sets ctx->ranks where there are more than one. false with `train-mpi`. From
 * here on a context that is freed without ranks_leave ends all processes with status 1. */
bool ranks_join(qctx *ctx);
/* All processes have done their work, or all have failed alike. */
void ranks_leave(qctx *ctx);

/* The part [*begin, *end) of n things that this process does. */
void ranks_part(const ranks *r, int64_t n, int64_t *begin, int64_t *end);
/* v holds n elements of size bytes, dealt out in pieces of `piece` elements by ranks_part; each
 * process gives its own and gets all others. */
void ranks_gather(const ranks *r, void *v, int64_t n, int64_t piece, size_t size);
/* sum[i] = v[0][i] + … + v[rows − 1][i] for n numbers, in this order. The rows are dealt out by
 * ranks_part; `work` has room for rows·n numbers. */
void ranks_sum(const ranks *r, const float *v, int rows, int64_t n, float *work, float *sum);
/* What the first process has. */
void ranks_copy(const ranks *r, void *v, size_t bytes);
/* Whether any process says so; the least of their numbers. */
bool ranks_any(const ranks *r, bool here);
int ranks_least(const ranks *r, int here);
/* Whether all processes are well. Where one is not, every other gets `train-process`, which holds
 * the newest error of the first that failed. */
bool ranks_agree(qctx *ctx, bool ok);

#endif
