/* make_onnx.h - small .onnx files, written through the same generated code that the importer reads
 * by. */
#ifndef QCC_TESTS_MAKE_ONNX_H
#define QCC_TESTS_MAKE_ONNX_H

#include "compiler/base/ctx.h"
#include "compiler/base/rng.h"
#include "compiler/import/onnx.h"

typedef struct made_onnx {
    qctx *ctx;
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    int opset;
} made_onnx;

/* An empty model of operator set 13. */
made_onnx *onnx_new(qctx *ctx);
/* A graph input; a dimension of 0 has no size but the name "N". */
void onnx_input(made_onnx *b, const char *name, int type, int rank, const int64_t *dim);
void onnx_output(made_onnx *b, const char *name);
/* An initializer of raw bytes. */
void onnx_init(made_onnx *b, const char *name, int type, int rank, const int64_t *dim,
               const void *data, size_t bytes);
/* Random float32 numbers in [-1, 1), which are returned; integers; one float. */
const float *onnx_floats(made_onnx *b, const char *name, rng *r, int rank, const int64_t *dim);
void onnx_int64s(made_onnx *b, const char *name, int n, const int64_t *v);
void onnx_scalar(made_onnx *b, const char *name, float v);
void onnx_code(made_onnx *b, const char *name, int type, int v);
/* Operands and results in words; "-": left out. The name may be NULL. */
Onnx__NodeProto *onnx_add_node(made_onnx *b, const char *type, const char *in, const char *out);
void onnx_set_int(made_onnx *b, Onnx__NodeProto *n, const char *name, int64_t v);
void onnx_set_ints(made_onnx *b, Onnx__NodeProto *n, const char *name, int count, const int64_t *v);
void onnx_set_float(made_onnx *b, Onnx__NodeProto *n, const char *name, float v);
void onnx_set_text(made_onnx *b, Onnx__NodeProto *n, const char *name, const char *v);
const source *onnx_finish(made_onnx *b);

#define D(...)                                                                                     \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#endif
