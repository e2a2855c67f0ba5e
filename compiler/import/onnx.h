/* onnx.h - between the files of the ONNX importer.
 *
 *   onnx_wire.c    the protobuf text, checked before protobuf-c unpacks it
 *   onnx_read.c    values, nodes, attributes; graph inputs that become constants
 *   onnx_const.c   constants as doubles
 *   onnx_fold.c    nodes that compute with constants only, done at import
 *   onnx_qlinear.c nodes like QLinearConv, taken apart into DequantizeLinear, Conv, QuantizeLinear
 *   onnx_qdq.c     quantizations, layers of codes
 *   onnx_order.c   in which order an activation's elements lie: channels last or not
 *   onnx_graph.c   what every operator's import is made of
 *   onnx_ops.c     one row an operator; the other onnx_*.c hold its families
 *   onnx.c         ports, the choice of a layout, what cannot be imported
 *
 * What cannot be imported is collected (onx_cannot) and told at the end; results of such nodes, and
 * of all that read them, have no IR tensor and are skipped in silence. */
#ifndef QCC_ONNX_H
#define QCC_ONNX_H

#include "compiler/import/import.h"
#include "compiler/import/names.h"
#include "compiler/import/problems.h"
#include "compiler/import/onnx.pb-c.h"

enum {
    ONX_MAX_RANK = 8,
    ONX_MAX_FACTORS = 16,
    ONX_MAX_NODES = 10000, /* what QDL takes */
    ONX_MAX_VALUES = 1 << 17,
    ONX_MAX_OPERANDS = 64,
    ONX_MAX_FOLDED = 1 << 24 /* elements that folding makes, all together */
};

/* ONNX's numbers of element types (TensorProto.DataType). */
enum { ONX_FLOAT = 1, ONX_UINT8 = 2, ONX_INT8 = 3, ONX_INT32 = 6, ONX_INT64 = 7 };

typedef struct onx_dims {
    int rank;
    int64_t dim[ONX_MAX_RANK]; /* each ≥ 1 for activations, ≥ 0 for constants */
} onx_dims;

struct onx_const {
    int type;
    onx_dims d;
    int64_t n;
    const double *v; /* integers beyond 2^53 are rounded; 64-bit limits stay beyond 2^62 */
};

/* How the elements of an activation lie in its IR tensor. Its dimensions, written one after
 * another, are the product of `size` (sizes of 1, and the rows of the host, left out); the IR has
 * the factors in the sequence order[0], order[1], …, the last one fastest. A dimension is one
 * factor or several neighbours; its shape in the IR is any grouping of that sequence. */
typedef struct onx_lay {
    int n;
    int32_t size[ONX_MAX_FACTORS];
    int order[ONX_MAX_FACTORS];
} onx_lay;

typedef struct onx_value {
    const char *name;
    const Onnx__TensorProto *proto; /* initializer, not unpacked yet */
    const onx_const *bound;         /* a graph input made constant (--bind) */
    bool is_input, is_output;
    int in_type; /* of a graph input */
    onx_dims in_dims;
    int producer;        /* a node, or -1 */
    int readers, reader; /* live nodes, the last of them */
    /* ---- of one attempt ---- */
    const onx_const *c; /* once it was needed */
    bool bad;           /* an initializer that cannot be unpacked */
    bool known;         /* imported: ir, d and lay say what it is */
    onx_dims d;
    ir_tensor *ir;
    onx_lay lay;
    bool batch;    /* d.dim[0] counts the rows of the host */
    int code_type; /* of codes: ONX_INT8 or ONX_UINT8 */
    bool real;     /* quantized graphs: behind a DequantizeLinear, or before a Quantize */
} onx_value;

typedef struct onx_node {
    int index;
    const Onnx__NodeProto *p;
    const char *type, *domain;
    int n_in, n_out;
    int *in, *out; /* values; -1: left out */
    bool live;
    bool made; /* by onnx_qlinear.c */
} onx_node;

typedef struct onx_model {
    qctx *ctx;
    const source *src;
    const import_options *o;
    const Onnx__ModelProto *proto;
    int64_t opset;
    VEC(onx_value) values;
    int *slot, slots; /* hash of names → value + 1 */
    onx_node *nodes;
    int n_nodes;
    VEC(int) inputs, outputs;
    bool quantized;
    /* ---- of one attempt ---- */
    ir_graph *g;
    name_set names;
    int64_t folded;   /* elements so far */
    bool nchw, batch; /* the host's layout; dimension 0 counts rows */
    double moved;     /* elements that are transposed */
    import_problems problems;
    VEC(int) needed; /* graph inputs that some node needs constant */
} onx_model;

/* ---- onnx_wire.c --------------------------------------------------------------------------- */
/* The unpacked model, in the arena; NULL after one diagnostic (`onnx-broken`). */
const Onnx__ModelProto *onx_unpack_model(qctx *ctx, const source *src);
const Onnx__TensorProto *onx_unpack_tensor(qctx *ctx, const source *src);

/* ---- onnx_read.c --------------------------------------------------------------------------- */
bool onx_read(onx_model *m);
const onx_node *onx_producer(const onx_model *m, const onx_value *v);
/* The only live reader of a value that is no output; else NULL. */
const onx_node *onx_sole_reader(const onx_model *m, const onx_value *v);
/* Attributes, or what stands for them where absent. */
const Onnx__AttributeProto *onx_attr(const onx_node *node, const char *name);
int64_t onx_int(const onx_node *node, const char *name, int64_t fallback);
double onx_float(const onx_node *node, const char *name, double fallback);
const char *onx_string(onx_model *m, const onx_node *node, const char *name, const char *fallback);
/* Number of elements, at most `most` of which are in v; -1: absent. */
int onx_ints(const onx_node *node, const char *name, int most, int64_t *v);
const char *onx_type_name(int type);

/* A value's number; it is made where no other has the name. */
int onx_value_of(onx_model *m, const char *name);

/* ---- onnx_qlinear.c ------------------------------------------------------------------------ */
void onx_take_apart(onx_model *m);

/* ---- onnx_qdq.c ---------------------------------------------------------------------------- */
bool onx_is_quantized(const onx_model *m);
/* Scale and zero point of an activation, from operands `first`, `first` + 1 of a node; in the C's
 * codes. NULL after onx_cannot. type: of the file's codes. */
ir_quant *onx_read_quant(onx_model *m, const onx_node *node, int first, int *type);
/* Of what a node's result becomes behind activations and moves. NULL after onx_cannot. */
ir_quant *onx_target_quant(onx_model *m, const onx_node *node);
/* The same without onx_cannot. */
ir_quant *onx_next_quant(onx_model *m, const onx_node *node);
/* Operand i as a constant of codes with one scale, *shift more than the C's. NULL after onx_cannot. */
const onx_const *onx_const_codes(onx_model *m, const onx_node *node, int i, ir_quant **q, int *shift);
/* For an input of codes that are not described yet. */
ir_quant *onx_open_quant(onx_model *m);
bool onx_quant_known(const ir_quant *q);
bool onx_same_quant(const ir_quant *a, const ir_quant *b);
/* Whether a node may read its operands as they are: codes, or reals that have codes. */
bool onx_check_codes(onx_model *m, const onx_node *node);
/* Weights and bias of a layer, in[1] and in[2]; *n: operands. Element i of the weights, whose rows
 * are the channels, is place[i] of the file's; axis: the channels' there. */
typedef struct onx_layer {
    const char *name;
    int weight, bias; /* operands of the node; bias -1: none */
    ir_shape shape;
    const int32_t *place;
    int axis;
    double alpha, beta; /* factors of weights and bias */
} onx_layer;
bool onx_layer_consts(onx_model *m, const onx_node *node, const onx_layer *l, ir_tensor *in[3],
                      int *n);
/* Puts a relu into the operator before it, where that computes with the same quantization. */
bool onx_fuse_act(onx_model *m, const onx_node *node, onx_value *x, ir_act act);
bool onx_quantize(onx_model *m, const onx_node *node);
bool onx_dequantize(onx_model *m, const onx_node *node);

/* ---- onnx_const.c -------------------------------------------------------------------------- */
/* The unpacked tensor; NULL with a reason. */
const onx_const *onx_unpack(qctx *ctx, const Onnx__TensorProto *t, const char **why);
/* An operand's constant: initializer, bound input, or result of folding; NULL: it is none. */
const onx_const *onx_constant(onx_model *m, int value);
int64_t onx_count(const onx_dims *d); /* elements; -1: beyond 2^31 */
int64_t onx_as_int(double v);         /* limited to ±2^62 */
/* Element of a constant that is repeated over dims d, for element i of these. */
int64_t onx_broadcast_index(const onx_dims *d, const onx_dims *from, int64_t i);
/* The shape both repeat to, as numpy has it. */
bool onx_broadcast_dims(const onx_dims *a, const onx_dims *b, onx_dims *out);
/* Axis in 0…rank−1, or −1. */
int onx_axis(int64_t axis, int rank);

/* ---- onnx_fold.c --------------------------------------------------------------------------- */
/* Where all that a node needs is constant (of Shape: known), its result is constant from now on. */
bool onx_fold(onx_model *m, const onx_node *node);

/* ---- onnx_order.c -------------------------------------------------------------------------- */
/* One factor a dimension, in the sequence of dims[0..n). */
onx_lay onx_lay_of(const onx_dims *d, bool batch, int n, const int *dims);
/* The lay after a reshape; false: the sequence has to be that of the dimensions first. */
bool onx_lay_reshape(onx_lay *lay, const onx_dims *to, bool batch);
onx_lay onx_lay_transpose(const onx_value *x, const int *perm);
/* Factors of dimension k: [*first, result). */
int onx_factors(const onx_value *x, int k, int *first);
/* The IR's sequence as whole dimensions of more than one element; false where it is none. */
bool onx_dim_order(const onx_value *x, int *n, int *dims);
/* x with its elements in the sequence of factors `want` / of dimensions `dims`, in this shape. NULL
 * after onx_cannot. */
ir_tensor *onx_in_order(onx_model *m, const onx_node *node, const onx_value *x, int n,
                        const int *want, const ir_shape *shape);
ir_tensor *onx_in_dims(onx_model *m, const onx_node *node, const onx_value *x, int n,
                       const int *dims, const ir_shape *shape);
/* The sequence of the dimensions, in place: x itself is changed. */
bool onx_make_plain(onx_model *m, const onx_node *node, onx_value *x);
/* The IR's sequence as dimensions, with `must` (bits) among them even where they have one element;
 * x itself is changed where its sequence is none of dimensions. *shape: the sizes, at most
 * IR_MAX_RANK. */
bool onx_take_dims(onx_model *m, const onx_node *node, onx_value *x, unsigned must, int *n,
                   int *dims, ir_shape *shape);
/* Position in x's ONNX elements, its factors in `order` alone counted, of element i of that
 * sequence. */
int64_t onx_origin(const onx_value *x, int n, const int *order, int64_t i);

/* ---- onnx_graph.c -------------------------------------------------------------------------- */
bool onx_cannot(onx_model *m, const onx_node *node, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same where an operand has to be constant; notes graph inputs that --bind could give. */
bool onx_needs(onx_model *m, const onx_node *node, int operand, const char *what);
onx_value *onx_in(const onx_model *m, const onx_node *node, int i); /* NULL: left out */
onx_value *onx_out(onx_model *m, const onx_node *node, int i);
/* Operand i as an activation; NULL after onx_cannot. */
onx_value *onx_act(onx_model *m, const onx_node *node, int i);
/* Operand i as a constant of float32 numbers, of integers. NULL after onx_cannot (absent: `what`).
 */
const onx_const *onx_const_in(onx_model *m, const onx_node *node, int i, const char *what);
const char *onx_shown(qctx *ctx, const char *name);
const char *onx_dims_str(qctx *ctx, const onx_dims *d);
/* A layer's name, from its weights' (or NULL); a name that is not taken. */
const char *onx_layer_name(onx_model *m, const onx_node *node, const onx_value *weights);
const char *onx_fresh(onx_model *m, const char *base, const char *suffix);
/* Appends an operator; its result, of the inferred shape. NULL after onx_cannot. quant: NULL in
 * float graphs. name NULL: one made from the node's. */
ir_tensor *onx_emit(onx_model *m, const onx_node *node, ir_opkind kind, const char *name,
                    const ir_attrs *at, int n_in, ir_tensor *const *in, const ir_quant *quant);
ir_tensor *onx_emit1(onx_model *m, const onx_node *node, ir_opkind kind, ir_tensor *x);
ir_tensor *onx_reshaped(onx_model *m, const onx_node *node, ir_tensor *x, const ir_shape *shape);
ir_tensor *onx_add_const(onx_model *m, const char *layer, const char *part, ir_type type,
                         const ir_shape *shape, const void *data);
/* y[c] = k[c]·x + b[c] over the last dimension (NULL: ones, zeros), as a batch norm. */
ir_tensor *onx_affine(onx_model *m, const onx_node *node, const char *name, ir_tensor *x,
                      const float *k, const float *b);
/* The same with one k and b for all. */
ir_tensor *onx_scaled(onx_model *m, const onx_node *node, ir_tensor *x, double k, double b);
/* Says what result i is: x's elements and lay in dims d. */
bool onx_done(onx_model *m, const onx_node *node, int i, ir_tensor *ir, const onx_dims *d,
              onx_lay lay, bool batch);
/* As x is, elementwise. */
bool onx_done_like(onx_model *m, const onx_node *node, ir_tensor *ir, const onx_value *x);
ir_shape onx_shape(int n, const int64_t *dim); /* without checks: sizes of activations fit */

/* ---- operators: false after onx_cannot ------------------------------------------------------ */
typedef bool (*onx_import)(onx_model *m, const onx_node *node);
bool onx_import_node(onx_model *m, const onx_node *node);
bool onx_can_import(const onx_node *node);
/* onnx_window.c. An operator that slides over one or two dimensions of space. */
typedef struct onx_window {
    const onx_value *x;
    ir_tensor *image; /* H x W x C */
    int space;        /* 1 or 2 dimensions */
    ir_attrs at;
} onx_window;
bool onx_take_image(onx_model *m, const onx_node *node, onx_window *w);
/* Two numbers of an attribute: height and width, 1 for the width of a sequence. */
bool onx_pair(onx_model *m, const onx_node *node, const onx_window *w, const char *name, int fallback, int v[2]);
/* The result, H' x W' x C', as an ONNX value. */
bool onx_window_done(onx_model *m, const onx_node *node, const onx_window *w, ir_tensor *y);
bool onx_conv_transpose(onx_model *m, const onx_node *node);
bool onx_conv(onx_model *m, const onx_node *node);
bool onx_pool(onx_model *m, const onx_node *node);
bool onx_global_pool(onx_model *m, const onx_node *node);
/* onnx_dense.c */
bool onx_gemm(onx_model *m, const onx_node *node);
bool onx_matmul(onx_model *m, const onx_node *node);
bool onx_batch_norm(onx_model *m, const onx_node *node);
/* onnx_eltwise.c */
bool onx_unary(onx_model *m, const onx_node *node);
bool onx_composed(onx_model *m, const onx_node *node);
bool onx_erf(onx_model *m, const onx_node *node);
bool onx_gelu(onx_model *m, const onx_node *node);
bool onx_clip(onx_model *m, const onx_node *node);
bool onx_binary(onx_model *m, const onx_node *node);
bool onx_variadic(onx_model *m, const onx_node *node);
bool onx_prelu(onx_model *m, const onx_node *node);
/* onnx_move.c */
bool onx_identity(onx_model *m, const onx_node *node);
bool onx_reshape(onx_model *m, const onx_node *node);
bool onx_transpose(onx_model *m, const onx_node *node);
bool onx_concat(onx_model *m, const onx_node *node);
bool onx_pad(onx_model *m, const onx_node *node);
bool onx_depth_space(onx_model *m, const onx_node *node);
/* onnx_slice.c */
bool onx_slice(onx_model *m, const onx_node *node);
bool onx_split(onx_model *m, const onx_node *node);
bool onx_gather(onx_model *m, const onx_node *node);
/* onnx_resize.c */
bool onx_resize(onx_model *m, const onx_node *node);
/* onnx_reduce.c */
bool onx_reduce(onx_model *m, const onx_node *node);
bool onx_argmax(onx_model *m, const onx_node *node);
bool onx_lp_norm(onx_model *m, const onx_node *node);
bool onx_softmax(onx_model *m, const onx_node *node);

#endif
