/* make_tflite.h - small .tflite files, written by hand: what the importer is tested with. */
#ifndef QCC_TESTS_MAKE_TFLITE_H
#define QCC_TESTS_MAKE_TFLITE_H

#include "compiler/base/ctx.h"
#include "compiler/import/tflite_schema.h"

/* One field of a table. kind: 'b' int8, 'i' int32, 'l' int64, 'f' float32, 'o' an offset that `at` is the
 * place of once the table is written. */
typedef struct out_field {
    int number;
    char kind;
    double value;
    uint32_t at;
} out_field;

uint32_t out_table(buf *b, out_field *f, int n);
/* A vector's place; offsets in it begin at place + 4. */
uint32_t out_vector(buf *b, const void *data, uint32_t n, size_t size);
/* The offset at `at` leads to `target`. */
void out_point(buf *b, uint32_t at, uint32_t target);

enum { MAKE_MAX = 32 };

typedef struct make_tensor {
    const char *name;
    int type, rank;
    int32_t dim[10];
    const void *data; /* NULL: an activation */
    uint32_t bytes;
    uint32_t n_scales;
    const float *scale;
    const int64_t *zero;
    int axis;
    bool variable;
} make_tensor;

typedef struct make_op {
    int code, options_type;
    int n_in, n_out;
    int32_t in[MAKE_MAX], out[MAKE_MAX];
    int n_options;
    out_field options[8];
    const char *custom;
    const char *shared_name; /* of a VAR_HANDLE: its only option */
} make_op;

typedef struct make_model {
    qctx *ctx;
    int n_tensors, n_ops, n_inputs, n_outputs;
    make_tensor tensors[MAKE_MAX];
    make_op ops[MAKE_MAX];
    int32_t inputs[4], outputs[4];
    int version; /* of the schema; 0: 3 */
    struct make_model *init; /* a second graph, or NULL */
} make_model;

make_model *make_new(qctx *ctx);
/* Numbers of tensors. An activation: int8 with one scale, float32 where scale is 0. */
int make_act(make_model *m, const char *name, float scale, int zero, int rank, const int32_t *dim);
int make_const(make_model *m, const char *name, int type, int rank, const int32_t *dim, const void *data);
/* Random codes in [-127, 127] with a scale for each of n channels along axis (n = 1: one). */
int make_weights(make_model *m, const char *name, int rank, const int32_t *dim, int axis, uint32_t n,
                 float scale);
int make_floats(make_model *m, const char *name, int rank, const int32_t *dim);
int make_bias(make_model *m, const char *name, int32_t n);
/* One more result of the last operator. */
void make_result(make_model *m, int out);
/* The operator, for options. in ends with -2. */
make_op *make_operator(make_model *m, int code, const int32_t *in, int out);
void make_option(make_op *op, int type, int field, char kind, double value);
/* All input and output tensors of the model. */
void make_ports(make_model *m, int input, int output);
const source *make_finish(const make_model *m);
/* Writes the file; its path. */
const char *make_file(const make_model *m, const char *folder, const char *name);

#define DIMS(...) (const int32_t[]){__VA_ARGS__}
#define INS(...) (const int32_t[]){__VA_ARGS__, -2}

#endif
