/* engine.h - runs a graph: the reference interpreter, libtcc on emitted C, or the system compiler.
 * The engines receive C text only. */
#ifndef QCC_ENGINE_H
#define QCC_ENGINE_H

#include "compiler/emit/emit.h"
#include "compiler/ir/ir.h"

/* ENGINE_BLAS runs float graphs only: the interpreter with OpenBLAS. */
typedef enum engine_kind { ENGINE_INTERPRETER, ENGINE_JIT, ENGINE_CC, ENGINE_BLAS } engine_kind;

typedef struct engine engine;

/* g: LEGAL for integers, FOLDED for float. cflags: for ENGINE_CC, e.g. "-O3" (NULL: "-O3"); the
 * compiler is $CC or cc. NULL with a diagnostic (`engine-unavailable`, `engine-compile` with the
 * compiler's first message lines). Freed with the context. */
engine *engine_new(qctx *ctx, const ir_graph *g, engine_kind kind, const emit_options *o,
                   const char *cflags);
/* The same, and each run tells of every operator's result as soon as it is there: its number in g->ops,
 * its elements. Constant channels are computed like any other (--whole-layers) and maps are whole, unless
 * o->profile: then the C is as o has it, and bands of rows are told one by one. For emitted C only. */
typedef void engine_heard(void *user, int op, const void *out, uint32_t bytes);
engine *engine_listening(qctx *ctx, const ir_graph *g, engine_kind kind, const emit_options *o,
                         const char *cflags, engine_heard *heard, void *user);
/* One row: ports as codes (or floats for float graphs). Returns NAME_run's value. */
int engine_run(engine *e, const void *const *in, void *const *out);
/* A stateful net starts anew, as it does after engine_new. */
void engine_reset(engine *e);
/* Address of NAME_run / NAME_selftest (any symbol), NULL for the interpreter or where absent. */
void *engine_symbol(engine *e, const char *suffix);
/* Median seconds of NAME_run over repeats on one row. */
double engine_time(engine *e, const void *const *in, void *const *out, int repeats);
/* Bytes of the arena that NAME_run wants (0 for the interpreter and with static_arena). */
int64_t engine_arena_bytes(const engine *e);
bool engine_available(engine_kind kind);

/* Sizes of the object that the system compiler makes of the emitted C: code and constants (without
 * unwind tables), and zeroed RAM; false with a diagnostic when there is no compiler. */
bool object_sizes(qctx *ctx, const char *c_text, const char *cflags, int64_t *flash, int64_t *bss);

/* Flash and stack of emitted C as the target's own compiler makes it. */
typedef struct target_size {
    int64_t flash;       /* code and constants of the object; 0 without any compiler */
    int64_t code;        /* what is behind the constants that the emitter counts, helpers with it */
    int64_t helpers;     /* what linking with the compiler's own library adds */
    int64_t stack;       /* an upper bound from the frames; -1: the compiler does not tell them */
    const char *by;      /* the compiler and its flags; NULL: there is none */
    const char *missing; /* the target's compiler, where it is not there; the host's served */
    double factor;       /* then: what code is to be taken times; else 0 */
} target_size;
/* Emits a legal graph (r) and compiles it at `level`, -Os or -O2. helpers: whether to link for them (a
 * second run of the compiler). A compiler that is missing is no error; false with a diagnostic where
 * one fails. */
typedef struct target_request {
    const ir_graph *graph;
    const emit_options *options;
    const char *level;
    bool helpers;
} target_request;
bool target_sizes(qctx *ctx, const target_request *want, emit_result *r, target_size *t);

/* What each operator of the emitted C costs, by NAME_profile: cost[i] of operator i, 0 where it has no
 * code. By $CC cflags on this machine, in nanoseconds, the least of many runs on random codes. Or by a
 * command, which gets `-o COSTS net.c` (names begin with net, ports are in the arena) and writes
 * lines `layer NUMBER COST`. */
typedef struct cost_request {
    const ir_graph *graph;
    const emit_options *options;
    const char *cflags, *command; /* command NULL: here */
} cost_request;
bool layer_costs(qctx *ctx, const cost_request *want, double *cost);

#endif
