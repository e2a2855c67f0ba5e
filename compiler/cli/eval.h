/* eval.h - what `qcc eval` measures, apart from how it is printed. */
#ifndef QCC_EVAL_H
#define QCC_EVAL_H

#include "compiler/cli/cli.h"

/* How output 0 is read: the largest of several wins; one alone decides between two classes; an
 * output shaped like the input is a reconstruction of it, whose score is the mean squared error. */
typedef enum eval_reading { EVAL_CLASSES, EVAL_ONE, EVAL_RECONSTRUCTION } eval_reading;

/* One side of the comparison: the float net or a quantized one. */
typedef struct eval_side {
    const ir_graph *g;
    int32_t *guess; /* [rows] class of output 0, ties to the lowest index */
    double *score;  /* [rows] of a binary decision or a reconstruction, else NULL */
    int64_t right;  /* with labels */
    double loss;    /* mean cross-entropy in nats; with labels */
    double auc;     /* area under the ROC curve; NaN where labels or scores do not allow it */
    int64_t weight_bytes, constant_bytes;
    int64_t flash, bss; /* of the host object; -1 where no compiler was found */
    int64_t arena, io;  /* bytes; without the stack */
    double time_s;      /* per inference, median; NaN where not measured */
} eval_side;

/* One quantization against the float net. */
typedef struct eval_run {
    const char *name; /* the --quant file, or the model's name */
    const net *n;
    port_map port;
    eval_side q;
    int64_t agree;                      /* rows where both guess alike */
    int64_t only_float, only_quantized; /* right on one side only */
    int64_t only_first, only_this;      /* the same against the first run */
    double signal, noise; /* summed squares of the float outputs, of the differences */
    double sqnr_db, rmse; /* of the outputs, quantized against float */
    double score_error;   /* RMS error of the score in deviations of the float score; NaN without */
} eval_run;

typedef struct eval {
    int64_t rows, elements; /* elements: of output 0 */
    int classes;
    eval_reading reading;
    const int32_t *labels; /* or NULL */
    eval_side f;
    eval_run *runs;
    int n_runs;
    const char *engine, *timing; /* what ran the rows, what was timed */
} eval;

/* Runs the float net and all quantized ones over c->data; false after diagnostics. */
bool eval_measure(qctx *ctx, cli *c, eval *e);
/* eval_data.c: the ports of all runs, rows, labels. */
bool eval_data(qctx *ctx, cli *c, eval *e);

/* eval_metrics.c */
/* Class, score and loss of one row of outputs; x: the inputs as reals. */
void eval_judge(const eval *e, eval_side *s, int64_t row, const float *x, const float *y);
/* What comparisons and means need all rows for. */
void eval_compare(qctx *ctx, eval *e);
/* [classes][classes] rows of label i that were taken for class k. */
int64_t *eval_confusion(qctx *ctx, const eval *e, const eval_side *s);
/* Probability that a positive's score is above a negative's, ties half (Mann and Whitney, 1947);
 * NaN unless labels are 0 and 1, both present. */
double eval_auc(qctx *ctx, const int32_t *labels, const double *score, int64_t rows);

/* eval_report.c: the page of --report, of the first quantization, all of them by size. */
bool eval_report(qctx *ctx, cli *c, const eval *e);
bool eval_has_accuracy(const eval *e);
void eval_print(qctx *ctx, const eval *e, bool confusion);
void eval_print_json(qctx *ctx, const eval *e);
void eval_print_csv(const eval *e);

#endif
