/* options.c - the options of all commands: one table. */
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/api/number.h"
#include "compiler/cli/search.h"
#include "compiler/cli/training.h"
#include "compiler/front/literal.h"

#define ANY_NET (CMD_COMPILE | CMD_QUANTIZE | CMD_RUN | CMD_EVAL | CMD_INSPECT | CMD_DIFF | CMD_TUNE | CMD_RECOVER | CMD_EXPORT)
#define TRAINS (CMD_TRAIN | CMD_TUNE | CMD_RECOVER)
#define READS (ANY_NET | CMD_IMPORT | CMD_AUGMENT | TRAINS)
#define SEARCHES (CMD_COMPILE | CMD_QUANTIZE)
#define REPORTS (SEARCHES | CMD_EVAL | CMD_INSPECT)
#define EMITS (CMD_COMPILE | CMD_RUN | CMD_EVAL | CMD_INSPECT)

typedef struct option_row option_row;
struct option_row {
    const char *name;      /* long name; one letter: short */
    const char *metavar;   /* NULL: a flag */
    unsigned commands;
    const char *help;
    bool (*take)(qctx *ctx, cli *c, const option_row *row, const char *value);
    size_t offset;         /* of the field in cli, for the plain takers */
};

static bool take_flag(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)value;
    *(bool *)((char *)c + row->offset) = true;
    return true;
}

static bool take_text(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx;
    *(const char **)((char *)c + row->offset) = value;
    return true;
}

static bool take_quant(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)row;
    if (c->quants.n && c->command->bit != CMD_EVAL)
        return cli_usage(c, "more than one --quant; only eval compares several"), false;
    *VEC_PUSH(ctx->a, &c->quants) = value;
    c->net.quant_file = value;
    return true;
}

static bool take_output(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)row;
    *VEC_PUSH(ctx->a, &c->outputs) = value;
    return true;
}

/* Options that decide quantization are checked where they are used: their errors are bad input. */
static bool take_setting(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    *VEC_PUSH(ctx->a, &c->net.settings) = (net_setting){row->name, value};
    return true;
}

static bool take_level(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    static const struct { const char *name; emit_opt opt; } levels[] = {
        {"s", EMIT_OS}, {"2", EMIT_O2}, {"speed", EMIT_OSPEED}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (!strcmp(value, levels[i].name)) {
            c->emit.opt = levels[i].opt;
            return true;
        }
    }
    return cli_usage(c, "-O%s is none of -Os, -O2, -Ospeed", value), false;
}

static bool take_unroll(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    int64_t n = 0;
    if (!strcmp(value, "full"))
        n = INT_MAX;
    else if (strcmp(value, "none") && !parse_int(value, 0, INT_MAX, &n))
        return cli_usage(c, "--unroll=%s is none of full, none, a number", value), false;
    c->emit.unroll = (int)n;
    return true;
}

static bool take_weights(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    if (strcmp(value, "decimal") && strcmp(value, "string"))
        return cli_usage(c, "--weights=%s is none of decimal, string", value), false;
    c->emit.weights = !strcmp(value, "string") ? EMIT_STRING : EMIT_DECIMAL;
    return true;
}

static bool take_ram(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    if (strcmp(value, "min"))
        return cli_usage(c, "--ram=%s is not --ram=min", value), false;
    c->emit.ram_min = true;
    return true;
}

static bool take_seed(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)row;
    if (!parse_u64(value, &ctx->seed))
        return cli_usage(c, "--seed %s is not a whole number", value), false;
    c->net.seed_given = true;
    return true;
}

static bool take_layout(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    if (strcmp(value, "nchw") && strcmp(value, "nhwc"))
        return cli_usage(c, "--layout %s is none of nchw, nhwc", value), false;
    c->net.layout = value;
    return true;
}

static bool take_bind(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)row;
    *VEC_PUSH(ctx->a, &c->net.binds) = value;
    return true;
}

static bool take_augment(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)row;
    *VEC_PUSH(ctx->a, &c->augments) = value;
    return true;
}

static bool take_qdq(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    bool u8 = value && !strcmp(value, "u8");
    if (value && !u8 && strcmp(value, "i8") != 0)
        return cli_usage(c, "--qdq=%s is none of i8, u8", value), false;
    c->export = u8 ? EXPORT_QDQ_U8 : EXPORT_QDQ_I8;
    return true;
}

static bool take_selftest(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    c->emit.selftest = true;
    c->selftest_rows = value;
    return true;
}

static bool take_split(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx, (void)row;
    c->emit.split_weights = true;
    c->split_weights = value;
    return true;
}

/* Bytes: 48000, 48K, 1M; K = 1000. */
static bool take_bytes(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    (void)ctx;
    size_t n = strlen(value);
    int64_t unit = n && value[n - 1] == 'K' ? 1000 : n && value[n - 1] == 'M' ? 1000000 : 1, v;
    char digits[16];
    snprintf(digits, sizeof digits, "%.*s", (int)(n - (unit > 1)), value);
    if (n > 15 || !parse_int(digits, 1, INT32_MAX, &v))
        return cli_usage(c, "--%s %s is no number of bytes, such as 48K", row->name, value), false;
    *(int64_t *)((char *)c + row->offset) = v * unit;
    return true;
}

static bool take_rate(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    double v;
    bool integer;
    if (literal_number(ctx, value, strlen(value), &v, &integer) != LITERAL_OK || !(v > 0 && v <= 1))
        return cli_usage(c, "--%s %s is no rate above 0, at most 1", row->name, value), false;
    *(double *)((char *)c + row->offset) = v;
    return true;
}

static bool take_training(qctx *ctx, cli *c, const option_row *row, const char *value)
{
    return training_option(ctx, c, row->name, value);
}

#define AT(field) offsetof(cli, field)
static const option_row rows[] = {
    {"o", "FILE", READS & ~(CMD_EVAL | CMD_INSPECT | CMD_DIFF | CMD_AUGMENT), "where to write (compile, run: - is standard output)", take_output, 0},
    {"header", "FILE", CMD_COMPILE, "write a C header too", take_text, AT(header)},
    {"calibrate", "FILE[:OFFSET+COUNT]", ANY_NET, "data that activation ranges are taken from (no labels needed)", take_text, AT(net.calibrate)},
    {"quant", "FILE", ANY_NET, "a quantize part in a file of its own (eval: several are compared)", take_quant, 0},
    {"range", "[LAYER=]A:B", ANY_NET, "range of the weights, of all layers or of one", take_setting, 0},
    {"bits", "[LAYER=]N", ANY_NET, "bits of the weights", take_setting, 0},
    {"grid", "[LAYER=]tread|midpoint", ANY_NET, "levels at multiples of the scale, or the middle of each interval", take_setting, 0},
    {"numerics", "q32|tflm|single|onnx", READS & ~CMD_AUGMENT, "how accumulators become output codes (docs/numerics.md)", take_setting, 0},
    {"target", "NAME", EMITS, "what the C is written for (generic; help: all)", take_text, AT(emit.target)},
    {"O", "s|2|speed", EMITS, "flash against speed", take_level, 0},
    {"tune-kernels", "RECORD", CMD_COMPILE, "measure kernels layer by layer, note the best in RECORD; where it exists, do as it says", take_text, AT(tune_kernels)},
    {"measure", "COMMAND", CMD_COMPILE, "what tells the layers' costs: COMMAND -o COSTS net.c (default: this machine)", take_text, AT(measure)},
    {"max-flash", "BYTES", SEARCHES, "search bits and schemes layer by layer: constants and code at most this (48K)", take_bytes, AT(max_flash)},
    {"max-ram", "BYTES", SEARCHES, "arena, input and output at most this", take_bytes, AT(max_ram)},
    {"min-accuracy", "RATE", SEARCHES, "accuracy on --select, by its lower 95 % bound (needs labels)", take_rate, AT(min_accuracy)},
    {"min-agreement", "RATE", SEARCHES, "agreement with float on --select, likewise", take_rate, AT(min_agreement)},
    {"select", "FILE[:OFFSET+COUNT]", SEARCHES | TRAINS, "rows that the search may look at", take_text, AT(select)},
    {"select-labels", "FILE[:OFFSET+COUNT]", SEARCHES | TRAINS, "their labels (a CSV may hold its own)", take_text, AT(select_labels)},
    {"write-quant", "FILE", SEARCHES, "write the chosen quantize part as QDL", take_text, AT(write_quant)},
    {"search-file", "FILE", SEARCHES, "note runs here; a search that was stopped goes on from it", take_text, AT(search_file)},
    {"report", "FILE", REPORTS | CMD_TRAIN | CMD_TUNE, "write a page (HTML) that explains the net: errors, histograms, memory, sizes; train, tune: curves over the epochs", take_text, AT(report)},
    {"prefix", "NAME", CMD_COMPILE, "replaces the model's name in the emitted C", take_text, AT(emit.prefix)},
    {"static-arena", NULL, CMD_COMPILE, "the arena inside the file: for one thread", take_flag, AT(emit.static_arena)},
    {"io-in-arena", NULL, CMD_COMPILE, "inputs and outputs inside the arena", take_flag, AT(emit.io_in_arena)},
    {"float-io", NULL, CMD_COMPILE, "NAME_run_float too, with float ports", take_flag, AT(emit.float_io)},
    {"section", "NAME", CMD_COMPILE, "linker section of the weights", take_text, AT(emit.section)},
    {"split-weights", "FILE", CMD_COMPILE, "weights in a C file of their own", take_split, 0},
    {"selftest", "[=FILE]", CMD_COMPILE, "NAME_selftest with 2 baked vectors (of FILE, or seeded)", take_selftest, 0},
    {"qdq", "[=i8|u8]", CMD_EXPORT, "the quantized net; codes of activations are int8, or uint8 as ONNX Runtime on x86 wants them", take_qdq, 0},
    {"profile", NULL, CMD_COMPILE, "call NAME_profile after each layer", take_flag, AT(emit.profile)},
    {"whole-layers", NULL, EMITS, "leave no constant channel out", take_flag, AT(emit.whole_layers)},
    {"ram", "min", EMITS, "stream rows through chains of layers, for the least arena", take_ram, 0},
    {"weights", "decimal|string", CMD_COMPILE, "how weight arrays are written", take_weights, 0},
    {"emit-float", NULL, CMD_COMPILE, "the same network as plain float C", take_flag, AT(emit.emit_float)},
    {"no-libm", NULL, CMD_COMPILE, "with --emit-float: no <math.h>", take_flag, AT(emit.no_libm)},
    {"unroll", "N|full|none", EMITS, "unroll inner loops of at most N iterations", take_unroll, 0},
    {"strict-acc32", NULL, ANY_NET, "an accumulator beyond int32 is an error", take_flag, AT(net.strict_acc32)},
    {"engine", "jit|interpreter|cc|blas", CMD_RUN | CMD_EVAL | CMD_DIFF | CMD_TUNE | CMD_RECOVER, "libtcc, the reference interpreter, the system compiler; OpenBLAS with --float", take_text, AT(engine)},
    {"float", NULL, CMD_RUN, "run the float net", take_flag, AT(use_float)},
    {"real", NULL, CMD_RUN, "write real values (float32) instead of codes", take_flag, AT(real)},
    {"codes", NULL, ANY_NET | CMD_AUGMENT | TRAINS, "numbers of a CSV are codes", take_flag, AT(net.codes)},
    {"data", "FILE[:OFFSET+COUNT]", CMD_EVAL | CMD_DIFF | CMD_AUGMENT | TRAINS, "rows that are evaluated, compared, trained on or shown", take_text, AT(data)},
    {"labels", "FILE[:OFFSET+COUNT]", CMD_EVAL | TRAINS, "their labels (a CSV may hold its own)", take_text, AT(labels)},
    {"augment", "STEP=VALUE,...", CMD_AUGMENT | TRAINS, "vary rows at random: rotate=10,flip=h@0.5,crop=2 (docs/augmentation.md)", take_augment, 0},
    {"preview", "FILE.png", CMD_AUGMENT, "the contact sheet to write", take_text, AT(preview)},
    {"test", "FILE[:OFFSET+COUNT]", TRAINS, "rows that are reported when all is done", take_training, 0},
    {"test-labels", "FILE[:OFFSET+COUNT]", TRAINS, "their labels", take_training, 0},
    {"epochs", "N", TRAINS, "passes over the rows (15)", take_training, 0},
    {"batch", "N", TRAINS, "rows of a step (64)", take_training, 0},
    {"optimizer", "adam|sgd", TRAINS, "Adam, or SGD with momentum", take_training, 0},
    {"rate", "R", TRAINS, "largest learning rate (train: 0.003, tune: 0.0002, below 3 bits 0.0005)", take_training, 0},
    {"schedule", "onecycle|cosine|step|constant", TRAINS, "how the rate goes over the steps", take_training, 0},
    {"momentum", "M", TRAINS, "of SGD, and of Adam's first moment (0.9)", take_training, 0},
    {"decay", "D", TRAINS, "weight decay (0)", take_training, 0},
    {"clip", "N", TRAINS, "largest norm of a gradient (0: no limit)", take_training, 0},
    {"loss", "ce|mse|distill", TRAINS, "cross-entropy, squared error, or a float net's outputs", take_training, 0},
    {"temperature", "T", CMD_TUNE | CMD_RECOVER, "of the float net's outputs (2)", take_training, 0},
    {"mix", "SHARE", CMD_TUNE | CMD_RECOVER, "share of the labels beside the float net's outputs (0.5)", take_training, 0},
    {"init", "he|he-uniform|glorot|glorot-normal", CMD_TRAIN, "weights to begin with (he)", take_training, 0},
    {"patience", "N", TRAINS, "stop after N epochs without a better one on --select (0: never)", take_training, 0},
    {"threads", "N", TRAINS, "threads (all processors); the result is the same", take_training, 0},
    {"log", "FILE", TRAINS, "a line for each epoch, as CSV", take_training, 0},
    {"checkpoint", "FILE", TRAINS, "state of the run after each epoch (default: beside -o, while it runs)", take_training, 0},
    {"resume", NULL, TRAINS, "go on from the checkpoint", take_training, 0},
    {"json", NULL, CMD_EVAL | CMD_INSPECT | CMD_DIFF, "machine-readable output", take_flag, AT(json)},
    {"csv", NULL, CMD_EVAL, "print the figures as CSV, a line for each quantization", take_flag, AT(csv)},
    {"confusion", NULL, CMD_EVAL, "print the confusion matrices", take_flag, AT(confusion)},
    {"errors", NULL, CMD_INSPECT, "each layer's SQNR, clipping, share of the net's error, and what would help", take_flag, AT(errors)},
    {"health", NULL, CMD_INSPECT, "what the calibration rows are worth: coverage, drift, clipping, growth", take_flag, AT(health)},
    {"layout", "nchw|nhwc", READS, "order of the .npy files' dimensions", take_layout, 0},
    {"bind", "NAME=FILE", READS, "an input of a .onnx model becomes this constant (.npy, or .pb: a TensorProto)", take_bind, 0},
    {"allow-extra", NULL, ANY_NET | TRAINS, "tensors that the model does not use are no error", take_flag, AT(net.allow_extra)},
    {"seed", "N", ANY_NET | CMD_AUGMENT | TRAINS, "wherever chance enters (default 1)", take_seed, 0},
    {"dump", "PASS", READS, "print the graph after a pass (lower, fold_bn, fuse, equalize, choose, refine, legalize, lean, all)", take_text, AT(dump)},
    {"quiet", NULL, READS, "no warnings, no progress bar", take_flag, AT(quiet)},
};
enum { N_ROWS = sizeof rows / sizeof *rows, HELP = 1000 };

/* Of the form --name[=VALUE]. */
static bool may_lack_value(const option_row *r)
{
    return r->metavar && !strncmp(r->metavar, "[=", 2);
}

void cli_options_help(FILE *f, unsigned bit)
{
    fputs("\noptions:\n", f);
    for (int i = 0; i < N_ROWS; i++) {
        const option_row *r = &rows[i];
        if (!(r->commands & bit))
            continue;
        char left[64];
        bool single = strlen(r->name) == 1;
        snprintf(left, sizeof left, "%s%s%s%s", single ? "-" : "--", r->name,
                 !r->metavar || *r->name == 'O' || may_lack_value(r) ? "" : " ",
                 !r->metavar ? "" : r->metavar);
        fprintf(f, "  %-36s %s\n", left, r->help);
    }
    fputs("  -h, --help                           this text\n", f);
}

/* The table as getopt_long wants it, only the rows of this command. */
static void getopt_table(const cli *c, struct option *longs, char *shorts)
{
    int n = 0;
    char *s = shorts;
    *s++ = ':';
    *s++ = 'h';
    longs[n++] = (struct option){"help", no_argument, NULL, HELP};
    for (int i = 0; i < N_ROWS; i++) {
        if (!(rows[i].commands & c->command->bit))
            continue;
        if (strlen(rows[i].name) == 1) {
            *s++ = *rows[i].name;
            *s++ = ':';
            continue;
        }
        int has = !rows[i].metavar         ? no_argument
                  : may_lack_value(&rows[i]) ? optional_argument
                                                  : required_argument;
        longs[n++] = (struct option){rows[i].name, has, NULL, HELP + 1 + i};
    }
    *s = '\0';
    longs[n] = (struct option){0};
}

static const option_row *find_row(int code)
{
    if (code > HELP)
        return &rows[code - HELP - 1];
    for (int i = 0; i < N_ROWS; i++)
        if (strlen(rows[i].name) == 1 && *rows[i].name == code)
            return &rows[i];
    return NULL;
}

static int unknown_option(const cli *c, const char *arg)
{
    const char *names[N_ROWS];
    int n = 0;
    bool elsewhere = false;
    for (int i = 0; i < N_ROWS; i++) {
        if (rows[i].commands & c->command->bit)
            names[n++] = rows[i].name;
        else
            elsewhere |= !strncmp(arg, "--", 2) && !strcmp(arg + 2, rows[i].name);
    }
    if (elsewhere)
        return cli_usage(c, "option %s does not go with this command", arg);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg + strspn(arg, "-"), "="),
             arg + strspn(arg, "-"));
    const char *near = nearest_name(name, names, n);
    return near ? cli_usage(c, "unknown option %s; did you mean --%s?", arg, near)
                : cli_usage(c, "unknown option %s", arg);
}

static const option_row *find_long(const cli *c, const char *name, size_t n)
{
    for (int i = 0; i < N_ROWS; i++)
        if ((rows[i].commands & c->command->bit) && strlen(rows[i].name) == n && n > 1 &&
            !strncmp(rows[i].name, name, n))
            return &rows[i];
    return NULL;
}

/* getopt_long takes abbreviations, which would change meaning with every new option: whole names
 * only. */
static int check_names(const cli *c, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "-o")) {
            i++;
            continue;
        }
        if (strncmp(argv[i], "--", 2) || !strcmp(argv[i], "--help"))
            continue;
        size_t n = strcspn(argv[i] + 2, "=");
        const option_row *row = find_long(c, argv[i] + 2, n);
        if (!row)
            return unknown_option(c, argv[i]);
        i += row->metavar && !may_lack_value(row) && argv[i][2 + n] != '=';
    }
    return EXIT_DONE;
}

/* Options that would do nothing beside others. */
static int check_effects(const cli *c)
{
    if (c->emit.no_libm && !c->emit.emit_float)
        return cli_usage(c, "--no-libm goes with --emit-float");
    if (c->command->bit == CMD_EXPORT && c->export == EXPORT_FLOAT &&
        (c->net.settings.n || c->net.calibrate || c->net.quant_file || c->net.strict_acc32))
        return cli_usage(c, "without --qdq the float net is exported: --%s would do nothing",
                         c->net.settings.n     ? c->net.settings.v[0].which
                         : c->net.calibrate    ? "calibrate"
                         : c->net.strict_acc32 ? "strict-acc32"
                                               : "quant");
    if (c->emit.emit_float && c->emit.float_io)
        return cli_usage(c, "--emit-float has float ports: --float-io would do nothing");
    if (c->emit.emit_float && c->emit.ram_min)
        return cli_usage(c, "--emit-float has no layers in bands: --ram=min would do nothing");
    if (c->emit.emit_float && (c->net.settings.n || c->net.calibrate || c->net.quant_file))
        return cli_usage(c, "--emit-float quantizes nothing: --%s would do nothing",
                         c->net.settings.n     ? c->net.settings.v[0].which
                         : c->net.calibrate ? "calibrate"
                                            : "quant");
    if (c->emit.emit_float && c->report)
        return cli_usage(c, "--emit-float quantizes nothing: --report would have nothing to show");
    if (c->emit.emit_float && search_wanted(c))
        return cli_usage(c, "--emit-float quantizes nothing: a search would do nothing");
    return search_usage(c);
}

int cli_parse(qctx *ctx, cli *c, int argc, char **argv, bool *help)
{
    int status = check_names(c, argc, argv);
    if (status != EXIT_DONE)
        return status;
    struct option longs[N_ROWS + 2];
    char shorts[2 * N_ROWS + 4];
    getopt_table(c, longs, shorts);
    opterr = 0;
    optind = 0; /* glibc: start over */
    *help = false;
    for (int code; (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (code == 'h' || code == HELP) {
            *help = true;
            return EXIT_DONE;
        }
        if (code == ':')
            return cli_usage(c, "option %s wants a value", argv[optind - 1]);
        if (code == '?') /* an unknown letter may stand inside argv[optind] */
            return unknown_option(c, argv[optind > 1 ? optind - 1 : 1]);
        const option_row *row = find_row(code);
        if (!row->take(ctx, c, row, optarg))
            return EXIT_WRONG_USAGE;
    }
    for (int i = optind; i < argc; i++)
        *VEC_PUSH(ctx->a, &c->operands) = argv[i];
    return check_effects(c);
}
