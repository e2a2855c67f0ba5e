/* onnx_none.c - a build without protobuf-c: .onnx models are refused. */
#include "compiler/import/import.h"

ir_graph *import_onnx(qctx *ctx, const source *file, const char *name, const import_options *o)
{
    (void)name, (void)o;
    diag_add(ctx, D_IMPORTER, loc_file(file), "this build imports no .onnx models");
    diag_hint(ctx, "configure it with protobuf-c and onnx.proto (Debian: apt-get install "
                   "protobuf-c-compiler libprotobuf-c-dev libonnx-dev)");
    return NULL;
}

bool import_bind(qctx *ctx, const char *text, import_options *o)
{
    (void)text, (void)o;
    diag_add(ctx, D_IMPORTER, loc_none(),
             "--bind is for .onnx models, which this build does not import");
    return false;
}
