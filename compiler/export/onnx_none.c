/* onnx_none.c - a build without protobuf-c: nothing is exported. */
#include "compiler/export/export.h"

bool export_onnx(qctx *ctx, const ir_graph *g, export_kind kind, qloc loc, buf *out)
{
    (void)g, (void)kind, (void)loc, (void)out;
    diag_add(ctx, D_EXPORTER, loc_none(), "this build writes no .onnx models");
    diag_hint(ctx, "configure it with protobuf-c and onnx.proto (Debian: apt-get install "
                   "protobuf-c-compiler libprotobuf-c-dev libonnx-dev)");
    return false;
}
