/* main.c - which command, then its options, then its work. */
#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "compiler/cli/cli.h"
#include "compiler/train/ranks.h"

const cli_command cli_commands[] = {
    {NULL, CMD_COMPILE, 2, 2, cmd_compile, "qcc NET.qdl WEIGHTS [OPTIONS] -o NET.c",
     "compiles a model and its weights into one C file with baked integer weights",
     "  qcc net.qdl weights.bin --calibrate train.npy -o net.c --header net.h\n"
     "  qcc net.qdl weights.bin --range -1:1 --bits 8 -o net.c\n"
     "  qcc net.qdl weights.bin --emit-float -o net_float.c\n"},
    {"quantize", CMD_QUANTIZE, 2, 2, cmd_quantize, "qcc quantize NET.qdl WEIGHTS [OPTIONS] -o NAME",
     "writes the saved quantized pair NAME.qdl + NAME.bin; compiling it gives the same C",
     "  qcc quantize net.qdl weights.bin --calibrate train.npy:0+200 -o net_q\n"},
    {"run", CMD_RUN, 3, 2 + IR_MAX_INPUTS, cmd_run,
     "qcc run NET.qdl WEIGHTS IN.npy... [OPTIONS] [-o OUT.npy]...",
     "executes the network on rows of data, one by one; prints or saves the outputs",
     "  qcc run net.qdl weights.bin images.npy\n"
     "  qcc run net.qdl weights.bin images.npy --engine=interpreter -o codes.npy\n"
     "  qcc run net.qdl weights.bin images.npy --float --real -o out.npy\n"},
    {"import", CMD_IMPORT, 1, 1, cmd_import, "qcc import MODEL [OPTIONS] -o DIR/NAME",
     "writes a .tflite or .onnx model as DIR/NAME.qdl + DIR/NAME.bin; every other command takes it too",
     "  qcc import kws.tflite -o kws && qcc kws.qdl kws.bin -o kws.c\n"
     "  qcc kws.tflite -o kws.c\n"
     "  qcc import kws.tflite --numerics single -o kws\n"
     "  qcc import net.onnx --bind shape=shape.npy -o net\n"},
    {"export", CMD_EXPORT, 2, 2, cmd_export, "qcc export NET.qdl WEIGHTS [OPTIONS] -o NET.onnx",
     "writes the float net as ONNX, or the quantized one with QuantizeLinear and DequantizeLinear",
     "  qcc export net.qdl weights.bin -o net.onnx\n"
     "  qcc export net.qdl weights.bin --qdq=u8 --calibrate train.npy -o net_u8.onnx\n"},
    {"eval", CMD_EVAL, 2, 2, cmd_eval, "qcc eval NET.qdl WEIGHTS --data F [--labels F] [OPTIONS]",
     "float against quantized: accuracy, agreement, sizes, time per inference",
     "  qcc eval net.qdl weights.bin --data t10k-images.gz --labels t10k-labels.gz \\\n"
     "      --calibrate train-images.gz:0+200\n"},
    {"inspect", CMD_INSPECT, 1, 2, cmd_inspect, "qcc inspect NET.qdl [WEIGHTS] [OPTIONS]",
     "layers, shapes, parameters, MACs, scales, accumulator bounds, memory",
     "  qcc inspect net.qdl weights.bin --calibrate train.npy\n"},
    {"augment", CMD_AUGMENT, 1, 1, cmd_augment, "qcc augment NET.qdl --data F --preview OUT.png [OPTIONS]",
     "draws a contact sheet: rows of data as they are, and varied at random as training would see them",
     "  qcc augment net.qdl --data train-images.gz --augment rotate=10,crop=2 --preview sheet.png\n"},
    {"train", CMD_TRAIN, 1, 2, cmd_train,
     "qcc train NET.qdl [WEIGHTS] --data F --labels F [OPTIONS] -o weights.bin",
     "trains float weights from scratch, or further from given ones",
     "  qcc train net.qdl --data train-images.gz --labels train-labels.gz -o weights.bin \\\n"
     "      --test t10k-images.gz --test-labels t10k-labels.gz --epochs 5 --log run.csv\n"},
    {"tune", CMD_TUNE, 2, 2, cmd_tune, "qcc tune NET.qdl WEIGHTS --data F [--labels F] [OPTIONS] -o NAME",
     "wins lost accuracy back: fine-tunes behind the integer grid, with labels or the float net as teacher",
     "  qcc tune net.qdl weights.bin --bits 4 --calibrate train.npy:0+200 --data train.npy -o tuned\n"
     "  qcc tune net_q.qdl net_q.bin --data train.gz --labels labels.gz --epochs 12 -o tuned\n"},
    {"recover", CMD_RECOVER, 2, 2, cmd_recover,
     "qcc recover NET.qdl WEIGHTS --data F --labels F --test F --test-labels F [OPTIONS] -o NAME",
     "float, quantized, tuned on 1, 10 and 100 % of the data, and a control, in one table",
     "  qcc recover net.qdl weights.bin --bits 4 --calibrate train.gz:0+200 --data train.gz --labels labels.gz \\\n"
     "      --test t10k.gz --test-labels t10k-labels.gz --epochs 5 --augment rotate=10,crop=2 -o recovered\n"},
    {"diff", CMD_DIFF, 2, 2, cmd_diff, "qcc diff A B --data F [OPTIONS]",
     "compares two executions layer by layer: error of B against A, and where they first part",
     "  A and B are each float:NET.qdl,WEIGHTS, quant:NET.qdl,WEIGHTS, float:MODEL,\n"
     "  quant:MODEL (.tflite or .onnx), or a file of reference tensors (.npz), one for each layer\n\n"
     "  qcc diff float:net.qdl,weights.bin quant:net.qdl,weights.bin --data test.npy --calibrate train.npy\n"
     "  qcc diff reference.npz quant:kws.tflite --data in.npy --json\n"},
};
const int cli_n_commands = sizeof cli_commands / sizeof *cli_commands;

static const cli_command *find_command(const char *name)
{
    for (int i = 1; i < cli_n_commands; i++)
        if (!strcmp(cli_commands[i].name, name))
            return &cli_commands[i];
    return NULL;
}

int cli_usage(const cli *c, const char *fmt, ...)
{
    va_list ap;
    if (!ranks_first())
        return EXIT_WRONG_USAGE;
    va_start(ap, fmt);
    fputs("qcc: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    const char *name = c && c->command ? c->command->name : NULL;
    fprintf(stderr, "\nusage: %s\n", c && c->command ? c->command->usage : cli_commands[0].usage);
    fprintf(stderr, "`qcc %s%s--help` tells all\n", name ? name : "", name ? " " : "");
    return EXIT_WRONG_USAGE;
}

void cli_flush_diags(qctx *ctx, bool quiet)
{
    fflush(stdout);
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx) && ranks_first(); i++)
        if (!quiet || diag_get(ctx, i)->severity == DIAG_ERROR)
            diag_print(&b, diag_get(ctx, i));
    fwrite(buf_str(&b), 1, b.n, stderr);
    if (diag_errors(ctx) > 20 && ranks_first())
        fprintf(stderr, "qcc: %d errors, the first 20 shown\n", diag_errors(ctx));
    ctx->diags.n = 0;
}

static void print_dump(void *user, const char *pass, const char *text)
{
    const cli *c = user;
    if (!strcmp(c->dump, "all") || !strcmp(c->dump, pass))
        printf("# after %s\n%s\n", pass, text);
}

static int check_dump(qctx *ctx, cli *c)
{
    bool known = !c->dump || !strcmp(c->dump, "all");
    for (int i = 0; !known && pipeline_passes[i]; i++)
        known = !strcmp(c->dump, pipeline_passes[i]);
    if (!known)
        return cli_usage(c, "--dump=%s: no such pass", c->dump);
    if (c->dump) {
        ctx->dump = print_dump;
        ctx->dump_user = c;
    }
    return EXIT_DONE;
}

/* A model of another tool holds its weights: no operand stands in their place. */
static void leave_out_weights(qctx *ctx, cli *c)
{
    if (c->command->bit == CMD_IMPORT || c->command->bit == CMD_DIFF || !c->operands.n || !import_takes(c->operands.v[0]))
        return;
    *VEC_PUSH(ctx->a, &c->operands) = NULL;
    for (int i = c->operands.n - 1; i > 1; i--)
        c->operands.v[i] = c->operands.v[i - 1];
    c->operands.v[1] = NULL;
}

static const char *target_list(qctx *ctx)
{
    int n;
    const char *const *names = emit_target_names(ctx, &n);
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
    return buf_str(&b);
}

static int check_operands(qctx *ctx, cli *c)
{
    const cli_command *k = c->command;
    leave_out_weights(ctx, c);
    int n = c->operands.n;
    if (n < k->min_operands && k->bit == CMD_DIFF)
        return cli_usage(c, "two executions are compared, %s given", n ? "one is" : "none is");
    if (n < k->min_operands)
        return cli_usage(c, n == 0 ? "no model given" : n == 1 ? "no weights given" : "no input given");
    if (n > k->max_operands)
        return cli_usage(c, "one operand too many: %s", c->operands.v[k->max_operands]);
    if (c->emit.target && !strcmp(c->emit.target, "help"))
        return cli_usage(c, "targets: %s", target_list(ctx));
    return EXIT_DONE;
}

static int run_command(qctx *ctx, cli *c, int argc, char **argv)
{
    bool help;
    int status = cli_parse(ctx, c, argc, argv, &help);
    if (status == EXIT_DONE && help) {
        cli_help(stdout, c->command);
        return EXIT_DONE;
    }
    if (status == EXIT_DONE)
        status = check_operands(ctx, c);
    if (status == EXIT_DONE)
        status = check_dump(ctx, c);
    if (status == EXIT_DONE && ranks_launched() > 1 && !(c->command->bit & (CMD_TRAIN | CMD_TUNE)))
        status = cli_usage(c, "mpirun is for `qcc train` and `qcc tune`");
    if (status != EXIT_DONE)
        return status;
    progress_start(ctx, c);
    status = c->command->run(ctx, c);
    progress_end(ctx);
    return status;
}

static int finish(qctx *ctx, const cli *c, int status)
{
    cli_flush_diags(ctx, c && c->quiet);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("qcc: cannot write to standard output\n", stderr);
        status = status ? status : EXIT_BAD_INPUT;
    }
    qctx_free(ctx);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
        puts("qcc " PACKAGE_VERSION);
        return EXIT_DONE;
    }
    if (argc < 2)
        return cli_usage(NULL, "no model given");
    if (!ranks_first() && !freopen("/dev/null", "w", stdout)) /* one process speaks */
        return EXIT_BAD_INPUT;
    qctx *ctx = qctx_new();
    if (!ctx || setjmp(*arena_guard(ctx->a))) {
        fputs("qcc: error: out of memory\n", stderr);
        qctx_free(ctx);
        return EXIT_BAD_INPUT;
    }
    cli *c = ARENA_NEW(ctx->a, cli);
    c->command = find_command(argv[1]);
    int skip = c->command != NULL;
    if (!c->command)
        c->command = &cli_commands[0];
    emit_options_init(&c->emit);
    return finish(ctx, c, run_command(ctx, c, argc - skip, argv + skip));
}
