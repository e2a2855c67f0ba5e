/* emit.h - C text out of a LEGAL (integer) or FOLDED (--emit-float) graph. Contract: contracts.md §3. */
#ifndef QCC_EMIT_H
#define QCC_EMIT_H

#include "compiler/ir/ir.h"

enum { EMIT_ARENA_ALIGN = 16 }; /* NAME_ARENA_ALIGN, bytes */

typedef enum emit_weights { EMIT_DECIMAL, EMIT_STRING } emit_weights;
typedef enum emit_opt { EMIT_OS, EMIT_O2, EMIT_OSPEED } emit_opt;

/* What a layer's C is made by in place of the target's own choice: --tune-kernels. */
typedef struct emit_choice {
    const char *layer;
    const char *kernel; /* a name of emit_result.op_alternatives; one that does not take the layer: the first does */
    emit_opt opt;
} emit_choice;

typedef struct emit_options {
    const char *prefix;        /* NULL: the model's name made a C identifier */
    const char *target;        /* "generic" */
    emit_opt opt;
    emit_weights weights;
    int unroll;                /* inner loops with at most this many iterations are unrolled;
                                  0 none, INT_MAX full; -1: the policy of opt */
    bool static_arena, io_in_arena, float_io, profile, emit_float, no_libm, strict_acc32;
    bool whole_layers;         /* constant channels are computed and stored like any other */
    bool ram_min;              /* rows stream through chains of layers (bands.h), for the least arena */
    int chain_rows;            /* tests: with ram_min, not 0: the longest chains, whatever they save, in bands
                                  of at most so many rows */
    bool want_header;          /* C includes no header of its own; header text is made too */
    const emit_choice *choices;/* [n_choices]; layers without one: the target's first kernel, opt */
    int n_choices;
    const char *section;       /* NULL or section name for the weights */
    bool split_weights;
    const char *split_name;    /* base name of the weights unit, for comments */
    bool selftest;
    const void *selftest_rows; /* NULL: 2 random inputs, always the same (--seed only decides
                                  quantization); else rows of codes (floats with
                                  emit_float), all ports of row 0, then of row 1 */
    int selftest_n;
} emit_options;
void emit_options_init(emit_options *o);
const char *emit_opt_word(emit_opt opt); /* "-O2" */

/* A piece of the arena: a tensor (with those that share its memory), or an operator's scratch. Live
 * from operator `first` to operator `last`, both included; -1: from the start, ops.n: to the end. */
typedef struct emit_block {
    const char *name;
    bool scratch;
    int64_t offset, bytes;
    int first, last;
} emit_block;

/* With ram_min: operators `first` to `last` run in bands of rows; what lies between them never exists
 * whole. */
typedef struct emit_chain {
    int first, last;
    int64_t window_bytes; /* of all its windows */
    const char *windows;  /* "c1 4 of 32 rows, c2 ..." */
} emit_chain;

typedef struct emit_result {
    const char *c;        /* the C file */
    const char *header;   /* the header, or NULL */
    const char *weights_c;/* with split_weights, else NULL */
    /* facts, also in the header comment and `inspect` */
    int64_t arena_bytes, weight_bytes, constant_bytes;
    const int64_t *op_constants; /* bytes that each operator bakes, by its id */
    const int64_t *op_weights;   /* of these, weights and codebooks */
    const char *const *op_kernels; /* name of each operator's kernel, "generic" where the target has none */
    const char *const *const *op_alternatives; /* kernels that take each operator, best first, then "generic", NULL */
    const char *const *op_notes; /* of each concat and pad: "no copy: in place", "copies x (rescaled)"; else NULL */
    const int64_t *op_live;      /* bytes of the arena in use while it runs */
    const emit_block *blocks;    /* what lies in the arena, and when */
    int n_blocks;
    int64_t arena_lower_bound;   /* no plan needs less */
    int64_t arena_own_order;     /* arena_bytes (but for ram_min's chains) in the order of the net, where
                                    another one needs less; else 0 */
    const emit_chain *chains;    /* with ram_min */
    int n_chains;
    int64_t arena_whole;         /* arena_bytes without them */
} emit_result;

/* The C identifier that all names begin with: o->prefix, or the model's name made legal. NULL with the
 * diagnostic `prefix-invalid`. */
const char *emit_prefix(qctx *ctx, const ir_graph *g, const emit_options *o);

/* Names of the targets, in the order of their table. */
const char *const *emit_target_names(qctx *ctx, int *n);

/* What is emitted in the place of a LEGAL graph: itself (whole_layers, or nothing to leave out), or the copy without
 * constant channels as the target and the level want it. */
const ir_graph *emit_lean(qctx *ctx, const ir_graph *g, const emit_options *o);

/* Plans memory on a clone and prints. false with diagnostics (e.g. `prefix-invalid`). */
bool emit_c(qctx *ctx, const ir_graph *g, const emit_options *o, emit_result *r);

/* C text to append to emit_result.c, so that one signature fits every net and every option:
 *     int PREFIX_engine_call(void *state, const void *const *in, void *const *out, void *arena);
 *     uint32_t PREFIX_engine_state_bytes(void);      (0: no state)
 *     void PREFIX_engine_reset(void *state); */
const char *emit_adapter(qctx *ctx, const ir_graph *g, const emit_options *o);

/* emit/plan.c: offsets of all VALUE tensors (and, io_in_arena, of the ports) by lifetime, in place
 * where the operator allows. Sets view of every tensor; returns the arena's bytes. lower_bound: the
 * largest sum of live tensors. scratch bytes per operator come from the emitter's table. */
int64_t plan_memory(qctx *ctx, ir_graph *g, bool io_in_arena, int64_t *lower_bound);

/* emit/sizes.c: weight_bytes and constant_bytes of contracts.md §5 for a float or LEGAL graph: those of the
 * channels that `given` (NULL: the defaults) stores, laid out as portable C has them. */
void model_sizes(qctx *ctx, const ir_graph *g, const emit_options *given, int64_t *weight_bytes,
                 int64_t *constant_bytes);

#endif
