/* training.h - what train, tune and recover share: their options, data in roles, signals, tables.
 */
#ifndef QCC_CLI_TRAINING_H
#define QCC_CLI_TRAINING_H

#include "compiler/cli/cli.h"
#include "compiler/train/judge.h"

/* What the training options say; cli->training points to one. */
typedef struct training {
    fit_options fit;
    int init; /* number in init_words; −1: not given */
    bool rate_given, loss_given, mix_given, schedule_given, temperature_given;
    const char *test, *test_labels, *checkpoint;
} training;

/* The roles of data, kept apart. */
typedef struct roles {
    train_rows train, select, test; /* test.n = 0: none */
    bool seeded_tenth;              /* select was cut from train */
    const char *settings;           /* sums of all content, for checkpoints */
} roles;

/* One training option of the command line; false after a message. */
bool training_option(qctx *ctx, cli *c, const char *name, const char *value);
/* The options with their defaults. */
training *training_options(qctx *ctx, cli *c);

/* Reads --data, --select, --test and their labels for the inputs of g; without --select a seeded
 * tenth of the training rows. classes: outputs of the net. need_labels: --labels are wanted. false
 * after diagnostics. */
bool roles_read(qctx *ctx, cli *c, const ir_graph *g, bool need_labels, roles *r);

/* The model's `augment` part and --augment, for the training rows of r; *text is what shapes the
 * run. After the seed and the batch are known. false after diagnostics. */
bool roles_vary(qctx *ctx, cli *c, const net *n, const ir_graph *g, roles *r, const char **text);

/* training_flips.c: warns where the flips of spec cost rows that select their class; nothing
 * without labels. */
void flips_judge(qctx *ctx, const aug_spec *spec, const roles *r);

/* Whether --log, --checkpoint and --report can be written, before the work. false after a
 * diagnostic. */
bool training_may_write(qctx *ctx, const cli *c);

/* What shapes the run of a command on a model of this sum, for its checkpoints. */
const char *run_settings(qctx *ctx, const char *command, const char *model, const training *t,
                         const roles *r, const char *variants);

/* Processors of this machine, shared with other processes of mpirun. */
int processors(void);
/* SIGINT and SIGTERM are noted from here on; fit_options.stopped. */
void signals_note(void);
bool signals_came(void);

/* What a run takes: "42.8 M of memory for batches of 64 on 2 threads". */
const char *memory_text(const cli *c, qctx *ctx, int64_t bytes);
/* Rows in their roles and the memory of a run, on standard output; nothing where quiet. */
void tell_memory(const cli *c, qctx *ctx, const roles *r, int64_t bytes);

/* A line of the table after each epoch: fit_options.tell; user is a table_user. */
typedef struct table_user {
    qctx *ctx;
    bool quiet, header;
} table_user;
void table_tell(void *user, const fit_epoch *line);
/* Accuracy with its interval: "98.76 % (98.51 … 98.97)". */
const char *rate_text(qctx *ctx, int64_t right, int64_t rows);
/* Two states on the same rows, 1 where a row is right; what the first wins beside the other one:
 * "+1.20 points: 31 rows won, 19 lost, exact McNemar p = 0.12". */
const char *paired_text(qctx *ctx, const uint8_t *hits, const uint8_t *beside, int64_t rows);

#endif
