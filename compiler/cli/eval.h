/* eval.h - what `qcc eval` measures, apart from how it is printed. */
#ifndef QCC_EVAL_H
#define QCC_EVAL_H

#include "compiler/cli/cli.h"

/* One side of the comparison: the float net or the quantized one. */
typedef struct eval_side {
    const ir_graph *g;
    int32_t *guess;            /* [rows] argmax of output 0, ties to the lowest index */
    int64_t right;             /* with labels */
    double loss;               /* mean cross-entropy in nats; with labels */
    int64_t weight_bytes, constant_bytes;
    int64_t flash, bss;        /* of the host object; -1 where no compiler was found */
    int64_t arena, io;         /* bytes; without the stack */
    double time_s;             /* per inference, median; NaN where not measured */
} eval_side;

typedef struct eval {
    int64_t rows;
    const int32_t *labels;     /* or NULL */
    eval_side f, q;
    int64_t agree;             /* rows where both guess alike */
    int64_t only_float, only_quantized; /* right on one side only */
    double sqnr_db;            /* of the outputs, quantized against float */
    const char *engine, *timing; /* what ran the rows, what was timed */
} eval;

/* Runs both nets over c->data; false after diagnostics. */
bool eval_measure(qctx *ctx, cli *c, const net *n, eval *e);
void eval_print(const eval *e, const net *n);
void eval_print_json(qctx *ctx, const eval *e, const net *n);

#endif
