/* tflite.h - between the files of the TensorFlow Lite importer.
 *
 *   tflite_read.c    the file's tables: tensors, operators, ports
 *   tflite_const.c   constants: weights, biases, quantizations, small integers
 *   tflite_fold.c    shape computations, done at import
 *   tflite_ops.c     one row an operator code: attributes → IR
 *   tflite_layers.c  the operators with weights
 *   tflite_state.c   variables
 *   tflite_operand.c constants as operands, PRELU, L2_NORMALIZATION
 *   tflite_space.c   dilation by SPACE_TO_BATCH_ND, depth to space, mirrored edges
 *   tflite_reduce.c  sums, means, extremes along dimensions
 *   tflite_move.c    slices, splits, packs, transposes
 *   tflite.c         the graph, ports, what cannot be imported
 *
 * What cannot be imported is collected (cannot) and told at the end; results of such operators, and of
 * all that read them, have no IR tensor and are skipped in silence. */
#ifndef QCC_TFLITE_H
#define QCC_TFLITE_H

#include "compiler/import/flatbuffer.h"
#include "compiler/import/import.h"
#include "compiler/import/names.h"
#include "compiler/import/problems.h"
#include "compiler/import/tflite_schema.h"

enum {
    TFL_MAX_RANK = 8,
    TFL_MAX_TENSORS = 1 << 16,
    TFL_MAX_OPERATORS = 10000,  /* what QDL takes */
    TFL_MAX_INTS = 64,          /* of a shape computation */
    TFL_MAX_NAME = 1024
};

/* What SPACE_TO_BATCH_ND was told. */
typedef struct tfl_space {
    struct tfl_tensor *x;
    int block[2], pad[4];
} tfl_space;

typedef struct tfl_tensor {
    int index;
    const char *name;
    int type; /* TFL_FLOAT32, … */
    int rank;
    int32_t dim[TFL_MAX_RANK];
    bool variable, sparse;
    fb_vector data;         /* bytes; n = 0: no constant */
    fb_vector scale, zero;  /* float32, int64 */
    int axis;               /* of several scales */
    const int32_t *ints;    /* a small integer constant, or a result of tflite_fold.c */
    int n_ints;             /* -1: not known */
    ir_tensor *ir;          /* an activation once it is made; several may share one */
    const float *reals;     /* a constant that an operator made: dequantized weights */
    int readers;            /* live operators that read it */
    ir_tensor *operand;     /* a constant as an operand, once it was needed */
    ir_tensor *state;       /* of a variable that operators write */
    bool assigned;          /* it was written */
    const struct tfl_space *space; /* result of a SPACE_TO_BATCH_ND: no tensor of the IR */
    const char *handle;     /* "container/name" of the variable that it is a handle of, or NULL */
} tfl_tensor;

typedef struct tfl_op {
    int index, code;        /* code: TFL_OP_… */
    const char *custom;     /* name of a custom operator */
    int n_in, n_out;
    int32_t *in, *out;      /* tensors; -1: left out */
    fb_table options;
    int options_type;
    bool live;              /* its results reach an output */
} tfl_op;

/* A variable of the file: a state of the graph. */
typedef struct tfl_variable {
    const char *handle;
    ir_tensor *state;
    bool assigned;
} tfl_variable;

typedef struct tfl_model {
    qctx *ctx;
    fb_file file;
    tfl_tensor *tensors;
    int n_tensors;
    tfl_op *ops;
    int n_ops;
    int32_t *inputs, *outputs;
    int n_inputs, n_outputs;
    bool quantized;
    ir_graph *g;
    name_set names;
    uint64_t constant_bytes; /* unpacked so far */
    import_problems problems;
    VEC(tfl_variable) variables;
} tfl_model;

/* ---- tflite_read.c ------------------------------------------------------------------------- */
bool tfl_read(tfl_model *m);
const char *tfl_code_name(int code);
const char *tfl_type_name(int type);
/* Bytes of an element; 0: not fixed. */
size_t tfl_type_size(int type);

/* ---- tflite.c ------------------------------------------------------------------------------ */
/* Notes why an operator cannot be imported; false. hint: the nearest way out, or NULL. */
bool tfl_cannot(tfl_model *m, const tfl_op *op, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Operand i; NULL: left out. */
tfl_tensor *tfl_in(const tfl_model *m, const tfl_op *op, int i);
tfl_tensor *tfl_out(const tfl_model *m, const tfl_op *op, int i);
/* Shape in the IR: without the batch dimension of 1. false where the IR has no such shape. */
bool tfl_shape(const tfl_tensor *t, ir_shape *s);
/* "the input 'x' (t3)" for messages. */
const char *tfl_tensor_str(const tfl_model *m, const tfl_tensor *t);
/* Appends an operator that writes `to`; label names it and its weights. Checks the shape that follows
 * against the file's. */
bool tfl_emit(tfl_model *m, const tfl_op *op, ir_opkind kind, const char *name, const ir_attrs *at,
              int n_in, ir_tensor *const *in, tfl_tensor *to);
/* The same for a tensor that the file does not have, quantized as `like`. NULL after tfl_cannot. */
ir_tensor *tfl_temporary(tfl_model *m, const tfl_op *op, ir_opkind kind, const char *name,
                         const ir_attrs *at, int n_in, ir_tensor *const *in, const tfl_tensor *like);
const char *tfl_fresh_name(tfl_model *m, const char *base, const char *suffix);
/* x in another shape, as a tensor that the file does not have; x itself where nothing changes. */
ir_tensor *tfl_reshaped(tfl_model *m, const tfl_op *op, ir_tensor *x, const ir_shape *shape);
/* The readable name of a result. from: the tensor whose name tells most (weights), or NULL. */
const char *tfl_layer_name(tfl_model *m, const tfl_op *op, const tfl_tensor *from);
/* The same for one of several results. */
const char *tfl_result_name(tfl_model *m, const tfl_op *op, const tfl_tensor *to);

/* ---- tflite_const.c ------------------------------------------------------------------------ */
bool tfl_is_const(const tfl_tensor *t);
/* Quantization of an activation: int8 with one scale. NULL after tfl_cannot. */
ir_quant *tfl_activation_quant(tfl_model *m, const tfl_op *op, const tfl_tensor *t);
/* Constants of a layer: `n` elements, element i at place[i] of the file's (NULL: i). The channel
 * dimension of the file's tensor is `axis`. NULL after tfl_cannot. */
ir_tensor *tfl_weight(tfl_model *m, const tfl_op *op, const char *layer, tfl_tensor *t,
                      const ir_shape *shape, const int32_t *place, int axis);
ir_tensor *tfl_bias(tfl_model *m, const tfl_op *op, const char *layer, tfl_tensor *t, int channels);
/* All elements as reals; NULL after tfl_cannot. */
const float *tfl_reals(tfl_model *m, const tfl_op *op, const tfl_tensor *t);
/* Whether two activations have one quantization; false after tfl_cannot. */
bool tfl_same_quant(tfl_model *m, const tfl_op *op, const tfl_tensor *a, const tfl_tensor *b);
int64_t tfl_elems(const tfl_tensor *t);
/* Counts unpacked bytes; false after breaking the file, when sharing made them too many. */
bool tfl_count_bytes(tfl_model *m, uint64_t bytes);

/* ---- tflite_fold.c ------------------------------------------------------------------------- */
/* An operator on known small integers: true when its result is known now. */
bool tfl_fold(tfl_model *m, const tfl_op *op);

/* ---- tflite_ops.c, tflite_layers.c --------------------------------------------------------- */
bool tfl_import_op(tfl_model *m, const tfl_op *op);
/* Whether there is a row that imports such operators at all. */
bool tfl_can_import(const tfl_op *op);
/* The word that TensorFlow ends an operator's name with ("Conv2D"), or NULL; QDL's word. */
const char *tfl_name_kind(int code);
const char *tfl_word(int code);
bool tfl_conv(tfl_model *m, const tfl_op *op);
bool tfl_depthwise(tfl_model *m, const tfl_op *op);
bool tfl_dense(tfl_model *m, const tfl_op *op);
bool tfl_transpose_conv(tfl_model *m, const tfl_op *op);
/* tflite_operand.c. An activation, or a constant as an operand, of int8 codes with one scale or of floats; NULL after
 * tfl_cannot. */
ir_tensor *tfl_operand(tfl_model *m, const tfl_op *op, tfl_tensor *t);
bool tfl_prelu(tfl_model *m, const tfl_op *op);
bool tfl_l2_norm(tfl_model *m, const tfl_op *op);
/* tflite_space.c */
bool tfl_space_to_batch(tfl_model *m, const tfl_op *op);
bool tfl_batch_to_space(tfl_model *m, const tfl_op *op);
/* The result of a convolution between the two, whose dilation and pads they become. NULL after tfl_cannot. */
tfl_tensor *tfl_dilated(tfl_model *m, const tfl_op *op, const tfl_space *s, ir_attrs *at);
bool tfl_depth_space(tfl_model *m, const tfl_op *op);
bool tfl_mirror_pad(tfl_model *m, const tfl_op *op);
/* tflite_state.c: states for variables that operators write; after an operator: its results are kept. */
void tfl_declare_states(tfl_model *m);
bool tfl_keep_states(tfl_model *m, const tfl_op *op);
/* tflite_state.c: names the handles' tensors; variables that nothing assigns are noted. */
void tfl_name_variables(tfl_model *m);
void tfl_check_variables(tfl_model *m);
bool tfl_is_state_op(const tfl_op *op);
bool tfl_var_handle(tfl_model *m, const tfl_op *op);
bool tfl_read_variable(tfl_model *m, const tfl_op *op);
bool tfl_assign_variable(tfl_model *m, const tfl_op *op);
bool tfl_call_once(tfl_model *m, const tfl_op *op);
/* tflite_move.c */
bool tfl_strided_slice(tfl_model *m, const tfl_op *op);
bool tfl_slice(tfl_model *m, const tfl_op *op);
bool tfl_split(tfl_model *m, const tfl_op *op);
bool tfl_unpack(tfl_model *m, const tfl_op *op);
bool tfl_pack(tfl_model *m, const tfl_op *op);
bool tfl_transpose(tfl_model *m, const tfl_op *op);
/* Whether the first of several dimensions is a batch of 1, which the IR has not. */
bool tfl_has_batch(const tfl_tensor *t);
/* Kernels that move codes or choose among them ignore scales: both must be one. false after tfl_cannot. */
bool tfl_check_scales(tfl_model *m, const tfl_op *op, const tfl_tensor *from, const tfl_tensor *to);
/* An axis counted from the front; -1 after tfl_cannot. */
int tfl_axis(tfl_model *m, const tfl_op *op, int axis, int rank);
/* The operator, and a reshape to the shape that the file gives its result where they differ. */
bool tfl_emit_shaped(tfl_model *m, const tfl_op *op, ir_opkind kind, const ir_attrs *at, int n,
                     ir_tensor *const *in, tfl_tensor *to);
/* tflite_reduce.c */
bool tfl_reduce(tfl_model *m, const tfl_op *op);
bool tfl_argmax(tfl_model *m, const tfl_op *op);
/* Whether that is a layer with one weight a channel. */
bool tfl_is_scaling(const tfl_model *m, const tfl_op *op, const tfl_tensor *x, const tfl_tensor *c);
/* ADD, SUB or MUL of x and a constant; fused: the activation. */
bool tfl_with_const(tfl_model *m, const tfl_op *op, const tfl_tensor *x, tfl_tensor *c,
                    const ir_attrs *fused);
/* Whether x is one image; kernel, stride, dilation in range. false after tfl_cannot. */
bool tfl_image(tfl_model *m, const tfl_op *op, const tfl_tensor *x);
bool tfl_window(tfl_model *m, const tfl_op *op, int padding, ir_attrs *at);
/* Fused activation; false after tfl_cannot. */
bool tfl_act(tfl_model *m, const tfl_op *op, int number, ir_act *act);
/* The options table, absent where the file has none; false after tfl_cannot when it is another's. */
bool tfl_options(tfl_model *m, const tfl_op *op, int type);

#endif
