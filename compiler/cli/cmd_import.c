/* cmd_import.c - qcc import: a model of another tool as a pair of QDL and weights. */
#include <string.h>

#include "compiler/cli/cli.h"

/* Text that an arena holds, as the writer of pairs takes it. */
static buf as_buf(qctx *ctx, const source *s)
{
    buf b;
    buf_init(&b, ctx->a);
    buf_bytes(&b, s->text, s->len);
    return b;
}

/* Nothing is written that would not compile. */
static bool compiles(qctx *ctx, const imported *pair, const net_options *o)
{
    net *n = net_load_imported(ctx, pair, o);
    return n && (!pair->quantized || net_quantize(ctx, n, o));
}

int cmd_import(qctx *ctx, cli *c)
{
    const char *model = c->operands.v[0];
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: NAME of the pair NAME.qdl + NAME.bin");
    const char *base = c->outputs.v[0], *slash = strrchr(base, '/');
    if (!(slash ? slash[1] : *base))
        return cli_usage(c, "-o %s names a folder; DIR/NAME is wanted", base);
    if (!import_takes(model)) {
        diag_add(ctx, D_IMPORTER, loc_none(), "%s: this version imports .tflite and .onnx models", model);
        return EXIT_BAD_INPUT;
    }
    imported *pair = net_import(ctx, model, slash ? slash + 1 : base, &c->net);
    if (!pair || !compiles(ctx, pair, &c->net))
        return EXIT_BAD_INPUT;
    buf qdl = as_buf(ctx, pair->qdl), bin = as_buf(ctx, pair->weights);
    return write_pair(ctx, base, &qdl, &bin) ? EXIT_DONE : EXIT_BAD_INPUT;
}
