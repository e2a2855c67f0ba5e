/* training_page.h - pages of train, tune and recover: curves over the epochs. */
#ifndef QCC_CLI_TRAINING_PAGE_H
#define QCC_CLI_TRAINING_PAGE_H

#include "compiler/report/page.h"
#include "compiler/train/fit.h"

/* The lines of a run, epoch 0 (if it was judged) first. */
typedef struct run_log {
    const char *name; /* "1,000 rows" */
    const fit_epoch *line;
    int n;
} run_log;

/* Charts of loss and accuracy over the epochs, with their numbers: of one run, on the training rows
 * and on those that select; of several, on those that select. what: "accuracy", or "agreement"
 * where the float net is the judge; NULL: no classes. */
void training_curves(page *p, const char *title, const char *what, const run_log *runs, int n);

#endif
