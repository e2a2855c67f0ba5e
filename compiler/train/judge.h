/* judge.h - what a state of the net is worth on the rows that select. */
#ifndef QCC_TRAIN_JUDGE_H
#define QCC_TRAIN_JUDGE_H

#include "compiler/train/fit.h"

/* The engine itself, on rows that it does not train on. */
typedef struct float_judge {
    tengine *e;
    const train_rows *rows;
    const float *teacher; /* by row of the file, or NULL */
    loss_spec loss;
    int batch;
    int32_t *labels; /* [batch] */
    float *targets;  /* [batch][outputs] */
    uint8_t *hits;   /* [rows], 1 where a row has the class of its label; NULL: not noted */
} float_judge;
float_judge float_judge_new(qctx *ctx, tengine *e, const train_rows *rows, const loss_spec *loss,
                            int batch);
/* A fit_judge; user is a float_judge. */
bool judge_float(void *user, fit_score *score);

/* Outputs of the engine for all rows of a file: [rows of the file][outputs]. */
const float *teacher_outputs(qctx *ctx, tengine *e, const train_rows *rows, int batch);
/* What rows order[at … at + n) of r should give, in arrays for n rows. */
loss_batch rows_wanted(const train_rows *r, const float *teacher, const int32_t *order, int64_t at,
                       int n, int64_t outputs, int32_t *labels, float *targets);
/* mixup: gives b the partners' labels and shares, in arrays for its rows, and mixes `targets`
 * (those of b, where r has target rows) with the partners'. Without mixup b stays as it is. */
void rows_mix(const train_rows *r, const int32_t *order, int64_t at, int64_t outputs,
              int32_t *others, float *shares, float *targets, loss_batch *b);

#endif
