/* loss.h - losses over a batch of outputs, with their gradients.
 *
 * Outputs are logits: cross-entropy applies softmax itself (one output: the logistic function).
 * Distillation (Hinton et al. 2015) is T²·KL(teacher ‖ student) of the distributions at temperature
 * T, mixed with cross-entropy where there are labels. Sums go shard by shard, in a fixed order. */
#ifndef QCC_TRAIN_LOSS_H
#define QCC_TRAIN_LOSS_H

#include "compiler/train/engine.h"

typedef enum loss_kind { LOSS_CROSS_ENTROPY, LOSS_SQUARED, LOSS_DISTILL } loss_kind;
extern const char *const loss_words[]; /* "ce", "mse", "distill", ended by NULL */

typedef struct loss_spec {
    loss_kind kind;
    double temperature; /* > 0 */
    double mix;         /* distillation: share of cross-entropy with the labels, 0 without any */
} loss_spec;

/* One batch: what its rows should have given. */
typedef struct loss_batch {
    int rows;
    const int32_t *labels; /* [rows] or NULL */
    const float
        *targets; /* [rows][outputs]: a teacher's logits, or what squares are taken against */
    /* mixup: cross-entropy is share·(of labels) + (1 − share)·(of others) */
    const int32_t *others; /* [rows] or NULL */
    const float *shares;   /* [rows], in [1/2, 1] */
} loss_batch;

typedef struct loss_sum {
    double loss;   /* summed over rows */
    int64_t right; /* rows whose largest output is the label's, or the teacher's; 0 for squares */
} loss_sum;

/* Of the engine's last outputs; with gradient, dloss/doutput of the batch's mean loss is put where
 * the engine wants it, times `scale` (the whole batch may be larger than this engine's part). */
loss_sum loss_of(tengine *e, const loss_spec *s, const loss_batch *b, bool gradient, double scale);
/* The same of outputs from elsewhere: one row. */
loss_sum loss_row(const loss_spec *s, const float *y, int64_t n, const int32_t *label,
                  const float *target);

#endif
