/* build.h - what an engine is made of; between build.c and run.c. */
#ifndef QCC_TRAIN_BUILD_H
#define QCC_TRAIN_BUILD_H

#include "compiler/train/internal.h"

struct tengine {
    qctx *ctx;
    tengine_options o;
    VEC(tval *) values;
    VEC(tval *) inputs;
    VEC(tnode *) nodes;    /* in order of execution */
    VEC(tparam) params;
    tval *output;
    int shards;
    int64_t n_theta, n_running, bytes;
    int64_t scratch;       /* floats of one thread */
    float *theta, *unit, *running, *thread_scratch;
    float *gradient;       /* [n_theta] */
    float *rank_work;      /* [shards][a process's share of n_theta] */
    bool alone;            /* this process does all shards itself */
    float *shard_gradient; /* [shards][n_theta] */
    int rows;              /* of the last forward */
    bool training;
    uint64_t seed;
};

/* The tensor whose values are the logits: the first output, or what goes into its softmax. */
const ir_tensor *train_logits(const ir_graph *g);

#endif
