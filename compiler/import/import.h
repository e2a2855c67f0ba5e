/* import.h - models of other tools, turned into a pair of QDL and weights.
 *
 * An importer makes a graph: LOWERED with float constants, or QUANTIZED where the model is quantized.
 * The graph is printed as the pair that a user could have written or saved, and compiling the model
 * directly reads that very text, so that both ways give the same C by construction. */
#ifndef QCC_IMPORT_H
#define QCC_IMPORT_H

#include "compiler/ir/ir.h"

/* Whether a path names a model of another tool, by its ending (.tflite, .onnx). */
bool import_takes(const char *path);
/* Whether a path names a model whose inputs --bind can make constant (.onnx); false after a
 * diagnostic. */
bool import_binds(qctx *ctx, const char *path);
/* "net" of "dir/net.tflite". */
const char *import_model_name(qctx *ctx, const char *path);

typedef struct onx_const onx_const;

/* A graph input of an ONNX model that becomes a constant (--bind). */
typedef struct import_binding {
    const char *name;
    const onx_const *value;
} import_binding;

typedef struct import_options {
    bool has_numerics;
    ir_numerics numerics; /* of a quantized model; without it that of the model's own tool */
    const char *layout;   /* of the host's arrays, "nchw" or "nhwc"; NULL: what the model makes of them */
    VEC(import_binding) binds;
    /* Where not NULL: gets the names of graph inputs that an operator needs constant. */
    struct import_needed { VEC(const char *) names; } *needed;
} import_options;

/* The pair, in memory. Its sources are called after the model's file. */
typedef struct imported {
    const source *qdl, *weights;
    bool quantized; /* a saved pair, else float weights */
} imported;

/* The model called `name`. NULL after diagnostics; what cannot be imported is told all at once. */
imported *import_model(qctx *ctx, const char *path, const char *name, const import_options *o);

/* The same of a file in memory, by the ending of its name. */
imported *import_source(qctx *ctx, const source *file, const char *name, const import_options *o);

/* tflite.c: LOWERED or QUANTIZED graph of a TensorFlow Lite model. */
ir_graph *import_tflite(qctx *ctx, const source *file, const char *name, const import_options *o);

/* onnx.c: LOWERED or QUANTIZED graph of an ONNX model. */
ir_graph *import_onnx(qctx *ctx, const source *file, const char *name, const import_options *o);
/* onnx_read.c: one more binding, of "NAME=FILE" (.npy, or .pb: a TensorProto). false after a
 * diagnostic. */
bool import_bind(qctx *ctx, const char *text, import_options *o);

/* save_float.c: text and weights file of a LOWERED float graph; `comment` goes in front, line by
 * line. */
bool format_float(qctx *ctx, const ir_graph *g, const char *comment, buf *qdl, buf *weights);

#endif
