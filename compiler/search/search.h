/* search.h - a quantization layer by layer that fits a budget: bits and schemes of the weights.
 *
 * Sensitivity of each layer to each scheme is measured by real runs on the selection rows; a
 * knapsack gives the combinations that no other beats in bytes and estimated error; those are run
 * too, and a greedy repair changes single layers until the limits hold or nothing helps.
 * Deterministic; every run is noted in a file, so that a search that was stopped goes on where it
 * was. */
#ifndef QCC_SEARCH_H
#define QCC_SEARCH_H

#include "compiler/emit/emit.h"
#include "compiler/jit/engine.h"
#include "compiler/pipeline.h"

typedef struct search_options {
    int64_t max_flash, max_ram;         /* bytes; 0: no limit */
    double min_accuracy, min_agreement; /* 0..1; 0: no limit */
    const dataset *select;
    const int32_t *labels; /* of select's rows, or NULL */
    const char *layout;
    const char *resume; /* where runs are noted, or NULL */
    engine_kind engine;
    emit_options emit;
} search_options;

/* One combination and what a run gave. */
typedef struct search_point {
    const char *choice;   /* a digit for each layer: its scheme */
    bool estimated;       /* error only: the knapsack's sum; not run */
    int64_t flash;        /* constants as stored, code, the compiler's helpers */
    int64_t ram;          /* arena, input, output, states, and a bound of the stack */
    double error;         /* noise of the outputs over their power */
    int64_t right, agree; /* of the rows */
} search_point;

typedef struct search_result {
    int64_t rows;
    int64_t code, stack;  /* of the chosen one: flash but for the constants; -1: stack not known */
    const char *by;       /* the compiler that told code and stack, or NULL */
    const char *missing;  /* the target's compiler, where it is not there: code is an estimate */
    bool has_labels;
    VEC(search_point) pareto; /* by flash, ascending */
    search_point chosen;
    bool fits;            /* flash and RAM hold */
    bool reached;         /* the rate itself reaches the limit */
    bool met;             /* its lower 95 % bound does */
    int runs, remembered; /* remembered: taken from the file */
    const char *quantize; /* the chosen quantize part as QDL */
} search_result;

/* n: calibrated ports at hand, not yet quantized; left quantized as chosen. false after a
 * diagnostic. */
bool search_quantization(qctx *ctx, net *n, const port_map *ports, const search_options *o,
                         search_result *r);

/* "0 int8, 1 codebook 4 bits, …": what the digits of a choice mean. */
const char *search_scheme_names(qctx *ctx);

/* knapsack.c: combinations of one option a layer that none beats in both sums. */
typedef struct knapsack_option {
    int64_t bytes;
    double loss;
} knapsack_option;
typedef struct knapsack_state {
    int64_t bytes;
    double loss;
    char *choice; /* [layers], an option's number each */
} knapsack_state;
/* options [layers][n]; bytes < 0: not to be had. By bytes, ascending; at most a few thousand states
 * are kept at a time, the rest thinned out evenly. Gives their number. */
int knapsack(qctx *ctx, int layers, int n, const knapsack_option *options, knapsack_state **front);

#endif
