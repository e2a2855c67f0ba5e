/* cmd_export.c - qcc export: the float net, or the quantized one, as an ONNX model. */
#include "compiler/base/file.h"
#include "compiler/cli/cli.h"

int cmd_export(qctx *ctx, cli *c)
{
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: where to write the model");
    bool quantized = c->export != EXPORT_FLOAT;
    net *n = cli_net(ctx, c, quantized);
    buf out;
    buf_init(&out, ctx->a);
    if (!n || !export_onnx(ctx, quantized ? n->quantized : n->floating, c->export,
                           loc_file(n->file->src), &out))
        return EXIT_BAD_INPUT;
    return file_write(ctx, c->outputs.v[0], out.p, out.n) ? EXIT_DONE : EXIT_BAD_INPUT;
}
