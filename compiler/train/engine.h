/* engine.h - forward and backward of a float graph over mini-batches, in float32.
 *
 * A batch is cut into shards of TRAIN_SHARD rows, whatever the number of threads. Each shard writes
 * gradients of its own; they are summed in the order of the shards. So the same seed gives the same
 * bits with any number of threads (on one machine and build: GEMM comes from OpenBLAS where that is
 * built in). Batch norm takes its statistics over the whole batch.
 *
 * Where mpirun started several processes (ranks.h), each does a part of the shards; what crosses
 * shards (statistics of batch norm, gradients, losses) is exchanged, and summed in the same order.
 *
 * Rows are channels-last, as in the IR. Everything lives in the context's arena. */
#ifndef QCC_TRAIN_ENGINE_H
#define QCC_TRAIN_ENGINE_H

#include "compiler/ir/ir.h"

enum { TRAIN_SHARD = 16 };

typedef struct tengine tengine;

/* One trainable tensor: theta[offset … offset + count). */
typedef struct tparam {
    const ir_op *op;
    const ir_tensor *tensor;
    int64_t offset, count;
    bool decays;   /* weight decay applies: weights of convolutions and dense layers */
    bool positive; /* a step size: kept above 0 */
} tparam;

typedef struct tengine_options {
    int batch;                  /* ≥ 1: most rows of one step */
    int threads;                /* ≥ 1 */
    bool frozen_norm;           /* batch norm keeps its running statistics */
    double norm_momentum;       /* share of the new batch in them; PyTorch's 0.1 */
    bool inference;             /* no backward will be asked for */
    bool input_gradient;        /* of inputs too, for tests */
    struct qat *qat;            /* fake quantization of a FOLDED graph, or NULL (qat.h) */
} tengine_options;

/* The graph's first output, or what goes into its final softmax (losses apply softmax themselves).
 * Constants of g need no data: theta starts as theirs where they have any, else zero (batch norm:
 * weight 1, variance 1). NULL with `train-operator` naming what has no backward. */
tengine *tengine_new(qctx *ctx, const ir_graph *g, const tengine_options *o);
/* Whether every operator that the output needs has a backward; else false, after `train-operator`. */
bool tengine_trains(qctx *ctx, const ir_graph *g);

/* Bytes that a batch of this engine takes. */
int64_t tengine_bytes(const tengine *e);
int tengine_batch(const tengine *e);
int tengine_params(const tengine *e, const tparam **p);
float *tengine_theta(tengine *e, int64_t *n);
/* [theta] how far a rate of 1 moves each: 1; under fake quantization weights and biases have the range of
 * their channel's grid for a unit, so that channels of small weights move as others do. */
const float *tengine_units(const tengine *e);
/* Running statistics of batch norms: mean and variance, norm after norm. */
float *tengine_running(tengine *e, int64_t *n);
/* Copies theta and running statistics into arrays for the constant t; false if t is none of them. */
bool tengine_read(const tengine *e, const ir_tensor *t, float *out);
int64_t tengine_outputs(const tengine *e); /* elements of one row of the output */

/* Where rows of input k (0 ≤ k < inputs) are to be put: [batch][elements]. */
float *tengine_input(tengine *e, int k);
/* Runs rows rows. training: batch statistics, dropout. seed: of this step, for dropout. */
void tengine_forward(tengine *e, int rows, bool training, uint64_t seed);
/* From here on this process runs whole batches itself, whatever others do (ranks.h). */
void tengine_alone(tengine *e);
/* [rows][outputs] of the last forward. Where processes share the work: of this process's shards,
 * until tengine_share_output has brought the others'. */
const float *tengine_output(const tengine *e);
void tengine_share_output(tengine *e);
/* Where dloss/doutput is to be put before tengine_backward: [rows][outputs]. */
float *tengine_output_gradient(tengine *e);
/* dloss/dtheta of the last forward, summed over its rows: [theta]. */
const float *tengine_backward(tengine *e, int rows);
/* dloss/dinput of input 0, where input_gradient asked for it. */
const float *tengine_input_gradient(const tengine *e);
/* Values of a tensor in the last forward, or NULL where it has none of its own. */
const float *tengine_values(const tengine *e, const ir_tensor *t);
/* The first operator whose result holds a value that is not finite, or NULL. */
const ir_op *tengine_not_finite(const tengine *e, int rows);

/* fn(user, shard, first, rows) for each shard of rows rows that this process does, on the engine's
 * threads.
 */
typedef void tshard_fn(void *user, int shard, int first, int rows);
void tengine_each_shard(const tengine *e, int rows, tshard_fn *fn, void *user);
/* v has an element for each shard of rows rows: after it, all processes have all. */
void tengine_share_shards(const tengine *e, int rows, void *v, size_t size);

#endif
