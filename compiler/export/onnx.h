/* onnx.h - between the files of the ONNX exporter.
 *
 *   onnx_build.c    nodes, attributes, initializers, ports: ModelProto in the arena
 *   onnx_forms.c    channels first or last; pairs of QuantizeLinear and DequantizeLinear
 *   onnx_layers.c   conv2d and dense, float and in codes
 *   onnx_window.c   pools, pads, resizes, what works on images
 *   onnx_eltwise.c  operators element by element
 *   onnx_move.c     reshapes, slices, reductions, what works along dimensions
 *   onnx.c          one row an operator, ports, the file
 *
 * Every activation of the IR is a real tensor of ONNX in one or two forms; what an operator cannot
 * say in ONNX is collected (exo_cannot) and told at the end. */
#ifndef QCC_EXPORT_ONNX_H
#define QCC_EXPORT_ONNX_H

#include "compiler/export/export.h"
#include "compiler/import/onnx.pb-c.h"
#include "compiler/import/problems.h"

/* ONNX's numbers of element types (TensorProto.DataType). */
enum { EXO_FLOAT = 1, EXO_UINT8 = 2, EXO_INT8 = 3, EXO_INT32 = 6, EXO_INT64 = 7 };

/* How the dimensions of an IR tensor stand in ONNX, behind the batch of 1: as they are, or the last
 * one first. Tensors of rank 0 and 1 are EXO_LAST only. */
typedef enum exo_form { EXO_FIRST, EXO_LAST, EXO_FORMS } exo_form;

typedef struct exo_value {
    const char *name[EXO_FORMS]; /* NULL: not made yet */
    const char *scale, *zero;    /* initializers of its quantization */
} exo_value;

typedef struct exo_dims {
    int rank;
    int64_t dim[IR_MAX_RANK + 2];
} exo_dims;

typedef struct exo_graph {
    qctx *ctx;
    const ir_graph *g;
    export_kind kind;
    int opset; /* the least that has every operator used */
    Onnx__GraphProto graph;
    exo_value *values;  /* [tensors.n] */
    const char **names; /* every name given, open addressing */
    int n_names, size_names;
    import_problems problems;
} exo_graph;

bool exo_quantized(const exo_graph *x);
/* false. What has no form in ONNX, of an operator or (NULL) of the net. */
bool exo_cannot(exo_graph *x, const ir_op *op, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- onnx_build.c -------------------------------------------------------------------------- */
/* A name that nothing has yet, like this; bytes that are no printable ASCII become '?'. */
const char *exo_name(exo_graph *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A node with one result, which has no name yet. Operands may be NULL: left out. */
Onnx__NodeProto *exo_node(exo_graph *x, const char *type, int n, const char *const *in);
Onnx__NodeProto *exo_node1(exo_graph *x, const char *type, const char *in);
void exo_set_int(exo_graph *x, Onnx__NodeProto *n, const char *name, int64_t v);
void exo_set_ints(exo_graph *x, Onnx__NodeProto *n, const char *name, int count, const int64_t *v);
void exo_set_float(exo_graph *x, Onnx__NodeProto *n, const char *name, double v);
void exo_set_text(exo_graph *x, Onnx__NodeProto *n, const char *name, const char *v);
/* Initializers; each returns its name. */
const char *exo_const(exo_graph *x, const char *name, int type, const exo_dims *d,
                      const void *data);
const char *exo_int64s(exo_graph *x, const char *name, int n, const int64_t *v);
const char *exo_real(exo_graph *x, const char *name, double v); /* float32 scalar */
void exo_port(exo_graph *x, bool output, const char *name, int type, const exo_dims *d);
void exo_pack(exo_graph *x, buf *out);

/* ---- onnx_forms.c -------------------------------------------------------------------------- */
exo_dims exo_dims_of(const ir_shape *s, exo_form form);
/* Dimension k of the IR, in a form. */
int exo_axis(const ir_tensor *t, exo_form form, int k);
/* Whether both forms have their elements in one order. */
bool exo_same_order(const ir_shape *s);
/* The tensor's value in a form, made from the other one where need be. */
const char *exo_get(exo_graph *x, const ir_tensor *t, exo_form form);
/* A constant that is an operand: its elements as in that form, in these dimensions. */
const char *exo_constant(exo_graph *x, const ir_tensor *t, exo_form form, const exo_dims *d);
/* The form in which it is: EXO_FIRST where it is in both. */
exo_form exo_form_of(const exo_graph *x, const ir_tensor *t);
/* A value whose elements are in the IR's order, of either form. */
const char *exo_flat(exo_graph *x, const ir_tensor *t);
/* A reshape of a value. */
Onnx__NodeProto *exo_reshape(exo_graph *x, const char *in, const char *name, const exo_dims *to);
/* Names a node's result, a step on the way to `op`: with the codes of `like` in between. */
const char *exo_step(exo_graph *x, Onnx__NodeProto *n, const ir_op *op, const char *what,
                     const ir_tensor *like);
/* op's activation behind a node: the node that gives the result. */
Onnx__NodeProto *exo_acted(exo_graph *x, const ir_op *op, Onnx__NodeProto *n);
/* The node gives op's result in this form; with exo_acted before it. true. */
bool exo_done(exo_graph *x, const ir_op *op, Onnx__NodeProto *n, exo_form form);
bool exo_result(exo_graph *x, const ir_op *op, Onnx__NodeProto *n, exo_form form);
/* A real value (an input of the net, what is requantized) becomes t by way of its codes, called
 * `name`. */
void exo_define(exo_graph *x, const ir_tensor *t, const char *real, const char *name,
                exo_form form);

/* ---- operators: false after exo_cannot ------------------------------------------------------ */
typedef bool exo_write(exo_graph *x, const ir_op *op);
exo_write exo_conv, exo_dense;                                        /* onnx_layers.c */
exo_write exo_pool, exo_global_pool, exo_pad, exo_resize, exo_dilate; /* onnx_window.c */
exo_write exo_unary, exo_binary, exo_softmax, exo_requantize;         /* onnx_eltwise.c */
exo_write exo_concat, exo_to_shape, exo_slice, exo_transpose, exo_reduce,
    exo_argmax; /* onnx_move.c */

#endif
