/* fit.h - the loop of training: epochs of mini-batches, a judgement after each, the best kept.
 *
 * The order of rows follows from the seed and the epoch, so a run that goes on from a checkpoint
 * gives the bits of one that was never stopped. */
#ifndef QCC_TRAIN_FIT_H
#define QCC_TRAIN_FIT_H

#include "compiler/base/buf.h"
#include "compiler/train/loss.h"
#include "compiler/train/optimizer.h"
#include "compiler/train/rows.h"

/* What a state of the net is worth on the selection split. */
typedef struct fit_score {
    double loss;     /* mean */
    double accuracy; /* share of rows in [0, 1], of labels or of the teacher's choice */
    int64_t right;
} fit_score;

/* Of the engine's present theta. false after a diagnostic. */
typedef bool fit_judge(void *user, fit_score *score);

/* A line of the log. */
typedef struct fit_epoch {
    int epoch;             /* from 1; 0: before training */
    double rate;           /* at its end */
    double loss, accuracy; /* of the training rows, as they came; NaN in epoch 0 */
    double select_loss, select_accuracy;
    double seconds;
    bool best; /* so far */
} fit_epoch;

typedef struct fit_options {
    int epochs, batch, threads;
    int patience; /* stop after so many epochs without a better one; 0: never */
    opt_options opt;
    loss_spec loss;
    uint64_t seed;
    bool judge_start;       /* the state before training is a candidate too */
    bool by_loss;           /* the least loss is best; else most right rows, then the least loss */
    const char *checkpoint; /* or NULL */
    bool resume;
    const char *log;       /* CSV, or NULL */
    const char *settings;  /* what shapes the run: a checkpoint of other settings is refused */
    bool (*stopped)(void); /* asked after every step, or NULL */
    void (*tell)(void *user, const fit_epoch *line); /* after each epoch, or NULL */
    void *user;
} fit_options;

typedef enum fit_end { FIT_DONE, FIT_STOPPED, FIT_DIVERGED, FIT_FAILED } fit_end;

typedef struct fit {
    qctx *ctx;
    fit_options o;
    tengine *e;
    train_rows rows;
    const float *teacher; /* [rows of the file][outputs], or NULL */
    /* rows that vary have targets of their own: */
    tengine *live_teacher; /* what it gives for the varied batch, or NULL */
    bool echo;             /* the varied batch itself */
    fit_judge *judge;
    void *judge_user;
    /* of the run */
    optimizer opt;
    int epoch;    /* that is under way, from 0 */
    int64_t step; /* next one of it */
    double loss_sum, right_sum, rows_sum;
    float *best_theta, *best_running;
    fit_score best;
    int best_epoch; /* −1: none yet */
    VEC(fit_epoch) log;
    int32_t *order, *labels, *others;
    float *targets, *shares;
} fit;

/* Trains; in the end theta and the running statistics of f->e are the best ones. Everything but
 * FIT_DONE comes with a diagnostic. FIT_DIVERGED: a loss was not finite, or a state could not be
 * judged; the best so far are there if best_epoch ≥ 0. */
fit_end fit_run(fit *f);
/* Bytes beyond the engine's. */
int64_t fit_bytes(const fit *f);

/* checkpoint.c: the state of the run, atomically; the first process alone writes and reads
 * (ranks.h). */
bool checkpoint_write(fit *f);
bool checkpoint_read(fit *f);
/* The log as CSV: its first line, and one of an epoch; a number that is not finite is empty. */
#define FIT_LOG_HEADS "epoch,rate,loss,accuracy,select_loss,select_accuracy,seconds,best\n"
void fit_put_line(buf *b, const fit_epoch *line);
bool fit_write_log(fit *f);

#endif
