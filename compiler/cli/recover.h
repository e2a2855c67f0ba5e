/* recover.h - `qcc recover`: the states of a net in one table, each measured alike. */
#ifndef QCC_CLI_RECOVER_H
#define QCC_CLI_RECOVER_H

#include "compiler/cli/training_page.h"
#include "compiler/cli/tuning.h"

/* A row of the table. */
typedef struct state_row {
    const char *name;
    int64_t rows;   /* trained on; 0: none */
    bool varied;    /* by augmentation */
    int64_t right;  /* test rows of the label's class */
    int64_t agree;  /* test rows of the class that the float net gives */
    int64_t bytes;  /* constants, weights among them */
    double seconds; /* per inference */
    bool diverged;  /* the run: this is its best state before that */
    uint8_t *hits;  /* by test row: 1 where it is right */
} state_row;

/* A run of the table, for the log and the curves. */
typedef struct recovery_run {
    const char *name; /* of its row */
    int64_t rows;
    bool varied;
    VEC(fit_epoch) log;
} recovery_run;

typedef struct recovery {
    tuning t;
    train_rows test, unlabelled; /* the same rows, without labels */
    const float *float_test;     /* outputs of the float net, by row of the file */
    const float *select_teacher; /* likewise, of the selection split; control rows only */
    VEC(state_row) table;
    VEC(recovery_run) runs;
    const char *checkpoints; /* .1, .2, … of the runs follow */
    bool resume;             /* from those that are there */
    const ir_graph *best;    /* QUANTIZED: best on select */
    fit_score best_score;
    int best_row;
    const char *timing;
    bool told[2]; /* memory, without and with augmentation */
} recovery;

/* recover_measure.c: right, agree, bytes, seconds of a row. false after diagnostics. */
bool measure_integer(recovery *r, const ir_graph *quantized, state_row *row);
bool measure_float(recovery *r, tengine *e, state_row *row);
/* Size and time of the float net's C. */
bool measure_float_c(recovery *r, state_row *row);
/* The LEGAL graph of a QUANTIZED one, as the saved pair would give it. NULL after diagnostics. */
const ir_graph *recovery_legal(recovery *r, const ir_graph *quantized);

/* recover_runs.c: each run has a checkpoint of its own, which stays until all is written. */
/* Begins a run: o gets its checkpoint, whether it goes on from there, and who notes its epochs. */
void run_begin(recovery *r, const state_row *row, fit_options *o);
/* All lines of the run, those before an interruption too. false after a diagnostic. */
bool run_end(recovery *r, const fit_epoch *line, int n);
/* A score whose count of rows was not kept in a checkpoint gets it. */
void run_count(const recovery *r, fit_score *s);
bool runs_may_write(recovery *r);
void runs_forget(const recovery *r);

/* recover_page.c */
void print_heads(const recovery *r);
void print_row(const recovery *r, const state_row *row);
/* Paired differences of the states that matter most, with their p. */
void print_pairings(const recovery *r);
/* "tuned on 1000 rows, augmented" */
const char *state_text(const recovery *r, const state_row *row);
bool any_diverged(const recovery *r);
const char *recovery_page(recovery *r);

#endif
