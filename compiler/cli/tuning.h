/* tuning.h - what tune and recover share: a quantized net with its data, ready to be tuned. */
#ifndef QCC_CLI_TUNING_H
#define QCC_CLI_TUNING_H

#include "compiler/cli/training.h"
#include "compiler/train/tune.h"

typedef struct tuning {
    qctx *ctx;
    cli *c;
    training *t;
    net *n;
    roles data;
    const char *variants; /* the augmentation of the training rows, "" none */
    tune_job job;
} tuning;

/* Net, quantization, rows in their roles. false after diagnostics. */
bool tuning_load(tuning *r);
/* Whether the rows of --test have labels; false after a diagnostic. */
bool tuning_test_labels(const tuning *r);
/* The loss, whether there is what it needs, the engine that judges. */
bool tuning_choose(tuning *r);
/* The job, with defaults where options are silent. */
void tuning_set_up(tuning *r, table_user *table);

#endif
