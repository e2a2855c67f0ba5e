/* cli.h - the command line: a thin client of the compiler. */
#ifndef QCC_CLI_H
#define QCC_CLI_H

#include <stdio.h>

#include "compiler/emit/emit.h"
#include "compiler/export/export.h"
#include "compiler/jit/engine.h"
#include "compiler/pipeline.h"

enum { EXIT_DONE = 0, EXIT_BAD_INPUT = 1, EXIT_WRONG_USAGE = 2 };

/* What the options of a command line say. Strings point into argv. */
typedef struct cli {
    const struct cli_command *command;
    VEC(const char *) operands;
    VEC(const char *) outputs; /* -o */
    VEC(const char *) quants;  /* --quant */
    VEC(const char *) augments; /* --augment */
    net_options net;
    emit_options emit;
    const char *header, *split_weights, *selftest_rows;
    const char *preview;
    const char *data, *labels, *select, *select_labels;
    const char *tune_kernels, *measure;
    const char *write_quant, *search_file, *report;
    const struct search_result *searched; /* of a search that was made */
    int64_t max_flash, max_ram; /* bytes; 0: no limit */
    double min_accuracy, min_agreement;
    export_kind export;        /* --qdq */
    const char *engine, *cc, *cflags, *dump;
    int limit;                 /* of table rows; 0 none */
    bool json, csv, confusion, errors, health, use_float, real, quiet, static_float;
    int64_t seed;
    struct training *training; /* options of train, tune and recover (training.h), or NULL */
} cli;

typedef struct cli_command {
    const char *name;       /* NULL: the default, compile */
    unsigned bit;           /* in the options' masks */
    int min_operands, max_operands;
    int (*run)(qctx *ctx, cli *c);
    const char *usage, *what, *examples;
} cli_command;

enum {
    CMD_COMPILE = 1 << 0, CMD_QUANTIZE = 1 << 1, CMD_RUN = 1 << 2, CMD_EVAL = 1 << 3,
    CMD_INSPECT = 1 << 4, CMD_IMPORT = 1 << 5, CMD_DIFF = 1 << 6, CMD_EXPORT = 1 << 7, CMD_AUGMENT = 1 << 12,
    CMD_TRAIN = 1 << 16, CMD_TUNE = 1 << 17, CMD_RECOVER = 1 << 18
};

extern const cli_command cli_commands[];
extern const int cli_n_commands;

int cmd_compile(qctx *ctx, cli *c);
int cmd_quantize(qctx *ctx, cli *c);
int cmd_run(qctx *ctx, cli *c);
int cmd_eval(qctx *ctx, cli *c);
int cmd_inspect(qctx *ctx, cli *c);
int cmd_import(qctx *ctx, cli *c);
int cmd_export(qctx *ctx, cli *c);
int cmd_diff(qctx *ctx, cli *c);
int cmd_augment(qctx *ctx, cli *c);
int cmd_train(qctx *ctx, cli *c);
int cmd_tune(qctx *ctx, cli *c);
int cmd_recover(qctx *ctx, cli *c);

/* options.c: reads argv after the command's name. EXIT_DONE to go on, EXIT_WRONG_USAGE after a
 * message; *help where --help was among them. */
int cli_parse(qctx *ctx, cli *c, int argc, char **argv, bool *help);
/* help.c */
void cli_help(FILE *f, const cli_command *c);
void cli_options_help(FILE *f, unsigned bit);

/* Prints the diagnostics to stderr; errors only where quiet. */
void cli_flush_diags(qctx *ctx, bool quiet);
/* grids.c: clipped weights and moved grids, to stderr unless quiet. */
void cli_print_grids(const cli *c, const net *n);
/* Wrong usage: prints "qcc: message", a hint where to look, returns EXIT_WRONG_USAGE. */
int cli_usage(const cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Loads operands 0 and 1; quantizes too where quantize is set. NULL after diagnostics. */
net *cli_net(qctx *ctx, cli *c, bool quantize);
/* --engine: JIT by default where it is built in, else cc, else the interpreter. false after a
 * message. */
bool cli_engine(const cli *c, engine_kind *kind);

/* tune_kernels.c: with --tune-kernels, what each layer is made by: as the record says, or measured and
 * recorded. false after diagnostics. */
bool cli_tune_kernels(qctx *ctx, cli *c, const net *n);

/* cmd_augment.c: the model's `augment` part with --augment behind it, for the input of g, which has
 * as many as n's. *a: NULL where no step is stated. false after diagnostics. */
struct augmenter;
bool cli_augment(qctx *ctx, const cli *c, const net *n, const ir_graph *g,
                 const struct augmenter **a);

/* progress.c: a bar on a terminal, nothing in a pipe. */
void progress_start(qctx *ctx, const cli *c);
void progress_end(qctx *ctx);
/* Erases the bar, for output in its place; the next progress draws it again. */
void progress_pause(qctx *ctx);

/* eval_data.c: warns of rows that stand in both files. */
void cli_warn_shared_rows(qctx *ctx, const dataset *a, const char *role_a, const dataset *b,
                          const char *role_b);

/* stats.c */
/* Wilson's 95 % interval of k successes in n trials (E. B. Wilson, 1927). */
void wilson_interval(int64_t k, int64_t n, double *lo, double *hi);
/* Exact two-sided McNemar test: b and c are the discordant counts. */
double mcnemar_exact(int64_t b, int64_t c);

#endif
