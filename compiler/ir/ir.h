/* ir.h - the intermediate representation: a graph of operators over tensors.
 *
 * One graph type serves every stage; what a stage may hold is checked by ir_verify:
 *   LOWERED    straight from QDL + float weights: batch norm and stand-alone activations present
 *   FOLDED     batch norm folded, activations and pads fused; still float: "the float net"
 *   QUANTIZED  constants are integer codes and every activation has a quantization: the canonical
 *              quantized model. This is what a saved pair stores and what SHA-256 is taken of.
 *   LEGAL      each operator carries its integer parameters (op->q): folded biases, multipliers,
 *              tables, bounds. Oracle and emitters read only this.
 *
 * Activations are channels-last and have no batch dimension. Operators stand in execution order;
 * every tensor is written by at most one operator. Tensors and operators are numbered densely, and
 * their order is that of the QDL, so printing, hashing and emission are deterministic.
 * Everything lives in the context's arena. */
#ifndef QCC_IR_H
#define QCC_IR_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/ctx.h"

enum { IR_MAX_RANK = 5, IR_MAX_INPUTS = 64 };

#define OPF_W 1u
#define OPF_U 2u
#define OPF_P 4u
#define OPF_Q 8u
#define OPF_X 16u

typedef enum ir_opkind {
#define OP(NAME, word, mn, mx, nout, flags) OP_##NAME,
#include "compiler/ir/ops.def"
#undef OP
    OP_COUNT
} ir_opkind;

typedef struct ir_opinfo {
    const char *name;  /* "CONV2D" */
    const char *word;  /* QDL word */
    int min_in, max_in, n_out;
    unsigned flags;
} ir_opinfo;
extern const ir_opinfo ir_opinfos[OP_COUNT];

typedef enum ir_type { IR_F32, IR_I8, IR_U8, IR_I16, IR_I32, IR_I64 } ir_type;
size_t ir_type_size(ir_type t);
const char *ir_type_name(ir_type t); /* "f32", "i8", ... as QDL spells them */

typedef struct ir_shape {
    int rank;                 /* 0..IR_MAX_RANK */
    int32_t dim[IR_MAX_RANK]; /* each ≥ 1; the product fits int32 (checked by shape inference) */
} ir_shape;
int64_t ir_elems(const ir_shape *s);
bool ir_shape_eq(const ir_shape *a, const ir_shape *b);
const char *ir_shape_str(arena *a, const ir_shape *s); /* "28x28x1"; "scalar" for rank 0 */

/* ---- quantization ------------------------------------------------------------------------- */

typedef enum ir_scheme { IR_Q_UNIFORM, IR_Q_CODEBOOK } ir_scheme;
typedef enum ir_grid { IR_GRID_TREAD, IR_GRID_MIDPOINT } ir_grid;

/* How integer codes stand for reals. Scales are float32 values, always > 0 and finite.
 *   tread:     real = scale[c] * (code - zero[c])
 *   midpoint:  symmetric and bits ≤ 7: codes are the odd numbers 2k+1-2^n, real = scale * code,
 *              scale = Δ/2; else real = scale * (2*code + 1 + 2^n + zero), scale = Δ/2, zero = Z of
 *              contracts.md §4 and code = k - 2^(n-1).
 *   codebook:  real = scale[c] * table[code] (or table[c][code] for a table per channel).
 * Always go through quant_value()/quant_level() of quant/grid.h, never by hand. */
typedef struct ir_quant {
    ir_scheme scheme;
    ir_grid grid;
    bool symmetric;
    bool pow2;          /* scales are powers of two */
    int bits;           /* 1..8 or 16: width of a code */
    int axis;           /* -1 per tensor, else the axis that scale runs along */
    int n;              /* number of scales: 1, or shape.dim[axis] */
    const float *scale; /* [n] */
    const int32_t *zero;/* [n] zero points (all 0 when symmetric tread) */
    /* codebook only */
    ir_type table_type; /* IR_I8 or IR_I16 */
    int entries;        /* ≤ 2^bits */
    bool table_per_channel;
    const int16_t *table; /* [entries] or [n][entries] */
    /* provenance, for reports; not part of the canonical model */
    double lo, hi;      /* the range the grid was chosen for (per tensor) */
    double clipped;     /* share of values outside their range, 0..1 */
    double moved;       /* how far an asymmetric grid lies from its range, in reals: ≤ Δ/4 (midpoint)
                           or Δ/2 (tread); the largest of the channels */
} ir_quant;

/* ---- tensors ------------------------------------------------------------------------------ */

typedef enum ir_tkind { IR_INPUT, IR_CONST, IR_VALUE, IR_STATE } ir_tkind;

typedef struct ir_op ir_op;

/* Where a tensor lives in the arena; filled by the memory planner (emit/plan.c). Strides are in
 * elements; contiguous tensors have the natural ones. */
typedef struct ir_view {
    int buffer;      /* -1: none (constants; inputs and outputs that the caller owns) */
    int64_t offset;  /* bytes from the start of the buffer */
    int64_t stride[IR_MAX_RANK];
} ir_view;

/* Channels (the last dimension) of a tensor of a lean graph that are not stored: each holds one code
 * wherever it is read, or nothing reads it. Numbers are those of the whole tensor. */
typedef enum ir_gone {
    IR_KEPT,
    IR_GONE_WEIGHTS,    /* its weights are all zero: the bias alone decides the code */
    IR_GONE_MULTIPLIER, /* its multiplier is zero */
    IR_GONE_RANGE,      /* all that its accumulator can reach, or its input holds, gives one code */
    IR_GONE_CLAMP,      /* the same, by clamping */
    IR_GONE_UNREAD      /* whoever reads it multiplies it by zero */
} ir_gone;
typedef struct ir_channels {
    int n;               /* of the whole tensor */
    const int32_t *kept; /* [shape.dim[rank - 1]] rising */
    const uint8_t *gone; /* [n] ir_gone */
    const int32_t *code; /* [n] where gone, unless unread: the code */
    int multiple;        /* up to which the count was rounded */
    const uint8_t *spared; /* [n] ir_gone: why it could be left out, where it stays for the multiple alone */
} ir_channels;

typedef struct ir_tensor {
    int id;             /* index in graph->tensors */
    const char *name;   /* "c1", "c1.weight"; unique in the graph */
    ir_tkind kind;
    ir_shape shape;
    ir_type type;       /* of the stored elements: IR_F32, or the code type */
    ir_quant *quant;    /* NULL while float; biases have quant NULL and type I32/I64 */
    ir_op *producer;    /* NULL for inputs, constants, states */
    const void *data;   /* constants: shape elements of type, row-major; else NULL */
    bool declared;      /* input whose quantization the QDL declared: calibration leaves it alone */
    bool u8_port;       /* input declared as u8: user's codes are 0..255, the C takes code - 128 */
    ir_type port_type;  /* input: the code type that the QDL declares, I8 (u8 and f32 too) or I16 */
    double real_lo, real_hi; /* declared real range of an input (real_lo < real_hi), else 0, 0 */
    bool is_output;     /* also a graph output */
    const char *wname;  /* constant that is an operand: "k" of "k.weight" in the weight file; else NULL */
    int tflite_index;   /* tN that an importer noted, or -1 */
    const ir_channels *channels; /* of a lean graph: what was left out; NULL: whole */
    ir_view view;
    qloc loc;
} ir_tensor;

/* ---- operators ---------------------------------------------------------------------------- */

typedef enum ir_act { IR_ACT_NONE, IR_ACT_RELU, IR_ACT_RELU6 } ir_act;

/* Attributes. Every operator uses the few that its row in docs/qdl.md names. Pads are resolved
 * (explicit) after shape inference: `same` and `valid` exist only before it. */
typedef enum ir_padmode { IR_PAD_VALID, IR_PAD_SAME, IR_PAD_EXPLICIT } ir_padmode;
typedef struct ir_attrs {
    int kernel[2], stride[2], dilation[2]; /* height, width; ≥ 1. kernel: the size that resize_… gives */
    ir_padmode padmode;
    int pad[4];        /* top, bottom, left, right; ≥ 0. Of OP_PAD too */
    int groups;        /* conv2d; == channels for depthwise */
    int out_pad[2];    /* conv_transpose: rows, columns more at bottom and right; until it is lowered */
    bool transposed;   /* conv2d: was written as `conv_transpose`, whose weights lie in the file as
                          [in, out/groups, kh, kw] and turned by half. Says nothing of the operator */
    bool depthwise;    /* was written as `depthwise`: for printing */
    int filters;       /* conv2d, dense: output channels. depthwise: multiplier * C */
    bool ceil_mode;    /* pools */
    bool align_corners, half_pixel; /* resize_…: where cells lie; not both */
    bool count_all;    /* average pool: padding cells count too */
    bool keep;         /* global pools, reduce_…, argmax: reduced dimensions stay, as 1 */
    int axis;          /* concat, argmax: 0-based, from the front (after sema) */
    ir_shape to;       /* reshape: target */
    ir_shape begin, end, step; /* slice, as numpy has them; after shape inference 0 ≤ begin < size,
                                  and the last index taken is end − sign(step) */
    ir_shape axes;     /* transpose: a permutation of the dimensions. reduce_…: which, rising */
    double alpha;      /* leaky_relu: slope. elu: α. dropout: rate */
    double eps;        /* batch_norm */
    ir_act act;        /* fused activation of the output */
    bool native_columns; /* dense weights are already in H·W·C order (weights native) */
} ir_attrs;

/* Requantization of an accumulator to output codes; one multiplier per output channel (or n = 1).
 * Formulas per mode: docs/numerics.md. */
typedef enum ir_numerics { IR_NUM_Q32, IR_NUM_TFLM, IR_NUM_SINGLE, IR_NUM_ONNX } ir_numerics;
const char *ir_numerics_name(ir_numerics n); /* "q32", "tflm", "single", "onnx" */

typedef struct ir_rescale {
    int n;                /* 0: not used by this operator in this mode */
    const int32_t *mult;  /* q32: m. tflm, single: Q31 multiplier of TFLite */
    const int8_t *shift;  /* q32: k in 0..31, applied to the left. tflm, single: TFLite's shift in
                             -31..30, > 0 left */
    const uint8_t *down;  /* q32: r ≥ 0, the rounding shift that brings the accumulator to int32;
                             0 in other modes */
    const uint8_t *sat;   /* 1 where a saturation to int32 is needed: q32 of acc·2^k, tflm of
                             acc·2^max(shift,0), single of acc; 0 where the bound proves it away */
    const float *fscale;  /* onnx: the float32 factor (NULL in the integer modes) */
} ir_rescale;

/* Integer parameters of one operator, filled by legalize (quant/legalize.c), bounds by
 * quant/bounds.c. Formulas: docs/numerics.md. What is not named for an operator is zero or NULL.
 *   conv2d, dense:   bias bound channels ratio out w* acc_type bias_type lo hi
 *   maxpool, global_maxpool:  lo hi (the output is clamped; equal quantization)
 *   avgpool:         lo hi in_zero acc_type bound[1] (sum of codes); onnx, of two scales: in[0].fscale
 *   reduce_max, reduce_min: lo hi. argmax: nothing
 *   global_avgpool, reduce_mean, reduce_sum: the same; out.n = 1: rescaled sum (MEAN), ratio[1], bias[1] = -cells*in_zero
 *   add, sub: q32: in[].mult (sub: the second is negative), bias[1] (c), right_shift, acc_type,
 *          bound[1]. tflm, single: in[], out, left_shift. onnx: in[].fscale = input scales,
 *          out.fscale = the output scale, a divisor
 *   mul:   out, ratio[1], bound[1], acc_type
 *   prelu: as mul for negative inputs, in[0] for the others
 *   concat, assign, minimum, maximum: each[n_in]; an input with each[i].n = 0 is taken as it is
 *   reshape, slice, transpose, resize_…, dilate, pad: in_zero (pad and dilate write it); nothing else
 *   unary:           lut (int8), or NULL: y = clamp(x) (relu, relu6 of int16)
 *   softmax: q32: exp_table. tflm, single: soft_*. onnx: exp_real, out.fscale = output scale */
typedef struct ir_iparams {
    ir_numerics mode;
    int32_t in_zero[2], out_zero; /* activation zero points */
    int32_t lo, hi;         /* output clamp, codes (activation and type range) */
    ir_type acc_type;       /* IR_I32 or IR_I64: proved by bounds */
    int channels;           /* output channels: length of the arrays below */
    const int64_t *bias;    /* with input zero points folded in; acc starts here, and inner loops
                               multiply raw codes (padding = in_zero). Never NULL for conv2d, dense */
    ir_type bias_type;      /* narrowest of I32, I64 that holds every bias */
    const int64_t *bound;   /* |acc| ≤ bound for any order of summation, per channel */
    const double *ratio;    /* the real multiplier M that out stands for, per channel; what the mode
                               makes of the scales, before any pre-shift */
    int32_t wmul, wadd;     /* weight level = wmul*code + wadd + wzero[c]; 1, 0 = the code */
    const int32_t *wzero;   /* per-channel constant added to each weight's level, or NULL (zeros) */
    ir_rescale out;         /* accumulator -> output */
    ir_rescale in[2];       /* add: operand -> common scale */
    const ir_rescale *each; /* concat, minimum, maximum: one per input (n = 1 each, or 0: copied) */
    int left_shift;         /* add (tflm, single): 20 */
    int right_shift;        /* add (q32): s of y = (c + x1*m1 + x2*m2) >> s */
    const int16_t *lut;     /* unary: 256 output codes, index = input code + 128 */
    const int32_t *exp_table; /* softmax q32: 256 entries, index = max - x */
    const float *exp_real;  /* softmax onnx: the same in float32 */
    int32_t soft_mult, soft_shift, soft_diff_min; /* softmax tflm, single */
} ir_iparams;

struct ir_op {
    int id;             /* index in graph->ops, execution order */
    ir_opkind kind;
    const char *name;   /* of the statement; equals its output tensor's name after fusion */
    const char *wname;  /* prefix of its weights in the weight file ("features.0"), or NULL */
    int n_in, n_out;
    ir_tensor **in, **out;
    ir_attrs at;
    ir_iparams *q;      /* LEGAL only */
    qloc loc;
};

/* Inputs of weighted operators by role (NULL where absent). */
ir_tensor *ir_weight(const ir_op *op); /* in[1] of conv2d, dense */
ir_tensor *ir_bias(const ir_op *op);   /* in[2] or NULL */
/* Whether t holds whole numbers, int32 without a quantization, once the graph is quantized: argmax. */
bool ir_is_index(const ir_tensor *t);
bool ir_is_depthwise(const ir_op *op); /* conv2d with groups == input channels (> 1) */
int64_t ir_macs(const ir_op *op);      /* multiply-accumulates of one inference */

typedef enum ir_stage { IR_LOWERED, IR_FOLDED, IR_QUANTIZED, IR_LEGAL } ir_stage;

/* `b1 = dsconv(x)` returns the tensor b1.pw: b1 is an alias of it. Rules may use either. */
typedef struct ir_alias {
    const char *name, *of;
} ir_alias;

typedef struct ir_graph {
    const char *name;   /* the model's name */
    ir_stage stage;
    VEC(ir_tensor *) tensors;
    VEC(ir_op *) ops;
    VEC(ir_tensor *) inputs;
    VEC(ir_tensor *) outputs; /* in order of declaration; may repeat or be an input's reshape */
    VEC(struct ir_state *) states;
    VEC(ir_alias) aliases; /* other names of tensors: what a block returned, `a = b` */
    ir_numerics numerics;
    bool weights_native;
    const char *layout;    /* host layout that the QDL records: "nhwc" (default) or "nchw" */
    struct ir_graph *lean; /* LEGAL: what is emitted in its place (quant/lean.c), operators with the same
                              numbers, or NULL: itself */
    const char *source_sha256; /* of the original .qdl + weights (64 digits), kept in a saved pair */
} ir_graph;

/* A state variable: survives between calls of a stateful net; reads and writes are ordered by
 * their place among the operators. It is written once, by an ASSIGN whose result is the state's
 * tensor; the tensor has no producer, as who reads it before that reads what the last call left. */
typedef struct ir_state {
    ir_tensor *tensor;
    const void *initial; /* or NULL: zero points */
} ir_state;

/* ---- building ----------------------------------------------------------------------------- */
ir_graph *ir_new(qctx *ctx, const char *name);
ir_tensor *ir_add_tensor(qctx *ctx, ir_graph *g, const char *name, ir_tkind kind, ir_type type,
                         const ir_shape *shape, qloc loc);
/* Appends an operator; sets producer of its outputs. in/out arrays are copied. */
ir_op *ir_add_op(qctx *ctx, ir_graph *g, ir_opkind kind, const char *name, int n_in,
                 ir_tensor *const *in, int n_out, ir_tensor *const *out, qloc loc);
/* Deep copy (constants' data shared) into the same arena. */
ir_graph *ir_clone(qctx *ctx, const ir_graph *g);
/* Removes operators whose bit in dead[] is set and tensors that nothing uses; renumbers. */
void ir_compact(qctx *ctx, ir_graph *g, const bool *dead);
/* Removes the operators whose results reach no output. */
void ir_remove_unused(qctx *ctx, ir_graph *g);
ir_tensor *ir_find_tensor(const ir_graph *g, const char *name);
/* Whether t is a constant that stands as an operand, quantized like an activation: not a weight. */
bool ir_is_operand(const ir_tensor *t);
/* All such constants that operators read, in the order of their first use; their number. */
int ir_operands(arena *a, const ir_graph *g, ir_tensor ***list);
/* Number of operators that read t, plus one if it is an output. */
int ir_uses(const ir_graph *g, const ir_tensor *t);

/* ---- checking and printing ---------------------------------------------------------------- */
/* Checks the invariants of the graph's stage; a violation is a diagnostic `internal-ir` that names
 * the pass. Run after every pass. */
bool ir_verify(qctx *ctx, const ir_graph *g, const char *after_pass);
/* Readable form, in QDL syntax as far as that goes; constants by shape and hash. */
void ir_print(const ir_graph *g, buf *b);
/* The model alone, without comments: QDL that gives the same topology and the same names of tensors
 * again, one operator a statement (fused activations chained, pads explicit, `weights native`). A
 * layer whose constants are not called as its result says `weights "c1"`. For saved pairs. */
void ir_print_model(const ir_graph *g, buf *b);
/* A name as QDL spells it: quoted and escaped where it has to be. */
void ir_print_name(buf *b, const char *name);
void ir_print_string(buf *b, const char *s); /* quoted always */
/* A hexadecimal float, "0x1.8p-3", whatever the locale. */
void ir_print_hex(buf *b, double v);
/* SHA-256 over the serialised canonical model (QUANTIZED or LEGAL stage): names, shapes,
 * attributes, quantization, integer constants. Equal before saving and after loading. */
void ir_canonical_sha256(qctx *ctx, const ir_graph *g, char out[65]);

/* Infers and checks the output shapes of one operator from its inputs' shapes and attributes;
 * resolves `same` and `valid` into explicit pads and a -1 of reshape; checks the weights' shapes, and
 * fills in those that are not known yet (rank 0). false with a diagnostic at op->loc. */
bool ir_infer_shape(qctx *ctx, ir_op *op);

#endif
