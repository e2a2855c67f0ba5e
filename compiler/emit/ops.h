/* ops.h - what the operator printers share: geometry, loop nests, requantization as text.
 *
 * Every printer writes one static function (and the small functions that only it calls) from
 * templates of whole lines (text.h). Variables that op_begin sets for all of them:
 *   fn   the function's name         P    the prefix of every identifier of the file
 *   layer  the operator's name, for comments
 *   in0, in1  element types of the first two activations, x0, x1 their names (a parameter, or the
 *             array of a constant)     out  element type of the output
 *   cell  elements from one cell of the output to the next
 *   storage  of the operator's function: "static", unless its printer says otherwise
 *   r    "restrict ", or "" where the plan lets the output share an input's memory */
#ifndef QCC_EMIT_OPS_H
#define QCC_EMIT_OPS_H

#include "compiler/emit/internal.h"
#include "compiler/emit/text.h"

/* ---- heading.c ---------------------------------------------------------------------------- */
/* Activations come first among the inputs; weights and biases are not parameters. */
int op_activations(const ir_op *op);
/* Starts an operator: variables of t, which prints to e->ops. */
void op_begin(emitter *e, const ir_op *op, text *t);
/* The comment: layer, shapes, quantization, bounds. Stands before the first of its functions. */
void op_comment(emitter *e, const ir_op *op, text *t);
/* The function's first lines, as internal.h fixes its parameters. */
void op_open(emitter *e, const ir_op *op, text *t);
/* All of that for an operator that works on the rows of its last dimension: variables n, the
 * elements of a row, and rows. */
void op_open_rows(emitter *e, const ir_op *op, text *t);
void op_close(text *t);
/* Name of an array of this operator: "c1_weight" for emit_array. */
const char *op_base(const emitter *e, const ir_op *op, const char *what);
/* Name of a further function of this operator that no other operator's function has. */
const char *op_aux(emitter *e, const ir_op *op, const char *what);
/* Whether the output shares the memory of some input. */
bool op_overlaps(const emitter *e, const ir_op *op);

/* ---- loops.c ------------------------------------------------------------------------------ */
/* A window that slides over the rows and columns of an [H, W, C] input. The outputs of rows
 * y0 ≤ y < y1 and columns x0 ≤ x < x1 have all their taps inside. */
typedef struct window {
    int h, w, c;
    int kh, kw, sh, sw, dh, dw, pt, pl;
    int oh, ow, o;
    int y0, y1, x0, x1;
} window;
void window_init(window *w, const ir_op *op);
bool window_has_edge(const window *w);
/* Whether the window of some output has no cell inside the input; without dilation. */
bool window_some_empty(const window *w);
/* Lines that clip the window of output (y, x) to rows y0 to y1 and columns x0 to x1; want $first_y$, $first_x$. */
extern const char window_clip[];
/* Sets variables h w c kh kw sh sw dh dw pt pl oh ow o, and taps = kh*kw. */
void window_vars(const window *w, text *t);
/* C expression of the input row (or column) that tap `k` of output `y` reads: "y * 2 - 1 + ky". */
const char *window_coord(arena *a, const char *out, int stride, int pad, const char *tap, int dilation);
/* Prints the loops over y and x with `out` moving on by o elements: `edge` for outputs whose window
 * leaves the input, `inner` for all others, which so need no tests. */
void window_nest(text *t, const window *w, const char *edge, const char *inner);

typedef enum loop_kind { LOOP_TAPS, LOOP_DOT } loop_kind;
/* Whether a loop of n iterations is written out. LOOP_DOT: a dot product that compilers vectorise
 * if it stays a loop. */
bool loop_unrolled(const emitter *e, loop_kind kind, int64_t n);

/* ---- op_gather.c -------------------------------------------------------------------------- */
/* Loops from outside to inside, with the steps that they make in the input. */
typedef struct walk {
    char letter; /* the indices are i0, i1, … */
    int n;
    int64_t size[IR_MAX_RANK], step[IR_MAX_RANK], base;
} walk;
/* One more loop inside; none for a size of 1, and none where the one before can go on. */
void gather_push(walk *g, int64_t size, int64_t step);
/* "5 + i0 * 12 - i1" */
const char *gather_index(arena *a, const walk *g);
/* Prints the heads of the loops, with braces or for a single statement; the columns of what is inside. */
int gather_loops(text *t, const walk *g, int columns);
int gather_for(text *t, const walk *g, int columns);
void gather_close(text *t, const walk *g, int columns);

/* ---- requant.c ---------------------------------------------------------------------------- */
/* A number for each channel: an array of the emitted file, or one literal where all are equal. */
typedef struct per_channel {
    const char *array, *literal;
} per_channel;
const char *per_channel_at(arena *a, const per_channel *p, const char *index);
per_channel per_channel_i64(emitter *e, const char *base, ir_type type, const int64_t *v, int n,
                            const char *comment);
bool per_channel_is(const per_channel *p, const char *literal);

typedef struct requant {
    emitter *e;
    ir_numerics mode;
    bool wide;          /* the accumulator is int64_t */
    bool narrow;        /* q32: brought to int32 by `down` first */
    bool saturate;
    bool identity;      /* no left shift in any channel */
    bool grows;         /* single: some channel's shift is to the left */
    per_channel mult, left, right, down, fscale;
    int32_t zero, lo, hi;
    const char *type;   /* of an output element */
} requant;

/* Emits the arrays of a rescale (named after the operator and `what`, which may be empty) and
 * prepares its text. */
void requant_init(requant *rq, emitter *e, const ir_op *op, const ir_rescale *s, const char *what);
/* C expression of R of docs/numerics.md: `acc` an expression without side effects, `channel` an
 * index expression. */
const char *requant_raw(const requant *rq, const char *acc, const char *channel);
/* clamp(zero + R) as an output element. */
const char *requant_code(const requant *rq, const char *acc, const char *channel);
/* clamp(v), v a C expression of at most 32 bits, as an element of the output. */
const char *clamp_code(emitter *e, const char *v, int32_t lo, int32_t hi, const char *type);
/* One line on it for the operator's comment. */
const char *requant_comment(emitter *e, const ir_op *op, const ir_rescale *s);

/* Whether the operator's sums of products, without its biases, fit 32 bits in any order. */
bool sums_fit(const ir_op *op);

/* Integer constants as C spells them, extreme values too. */
const char *c_int(arena *a, int64_t v);
const char *c_float(arena *a, float v);
/* "(in0[i] + 128)": a code less its zero point; x itself where that is 0. */
const char *centred(arena *a, const char *x, int32_t zero);
const char *acc_ctype(const ir_op *op); /* "int32_t", "int64_t"; "float" in float nets */

/* One element of input i as an element of the output (concat, minimum, maximum): `x` is its C
 * expression. */
const char *rescaled_operand(emitter *e, const ir_op *op, int i, const char *x);

/* ---- op_*.c: one printer an operator and arithmetic ---------------------------------------- */
bool print_conv(emitter *e, const ir_op *op);
bool print_depthwise(emitter *e, const ir_op *op);
bool print_dense(emitter *e, const ir_op *op);
bool print_maxpool(emitter *e, const ir_op *op);
bool print_avgpool(emitter *e, const ir_op *op);
bool print_global_avgpool(emitter *e, const ir_op *op);
bool print_add(emitter *e, const ir_op *op);
bool print_mul(emitter *e, const ir_op *op);
bool print_prelu(emitter *e, const ir_op *op);
bool print_concat(emitter *e, const ir_op *op);
bool print_reshape(emitter *e, const ir_op *op);
bool print_pad(emitter *e, const ir_op *op);
bool print_dilate(emitter *e, const ir_op *op);
bool print_select(emitter *e, const ir_op *op);
bool print_gather(emitter *e, const ir_op *op);
bool print_reduce_sum(emitter *e, const ir_op *op);
bool print_reduce_extreme(emitter *e, const ir_op *op);
bool print_argmax(emitter *e, const ir_op *op);
bool print_resize_nearest(emitter *e, const ir_op *op);
bool print_resize_bilinear(emitter *e, const ir_op *op);
bool print_unary(emitter *e, const ir_op *op);
/* Whether the table of codes only limits them to [lo, hi]. */
bool unary_is_clamp(const ir_iparams *q);
/* Emits the table [256] of codes from -128; gives its name. */
const char *unary_table(emitter *e, const ir_op *op);
bool print_softmax(emitter *e, const ir_op *op);
bool print_l2_norm(emitter *e, const ir_op *op);
bool print_float_l2_norm(emitter *e, const ir_op *op);
int64_t scratch_avgpool(const emitter *e, const ir_op *op);
int64_t scratch_conv(const emitter *e, const ir_op *op);
int64_t scratch_dense(const emitter *e, const ir_op *op);
int64_t scratch_depthwise(const emitter *e, const ir_op *op);

/* op_float.c. Convolutions, dense layers, pools and moves have one printer for codes and floats. */
const char *float_function(emitter *e, emit_helper h); /* EH_EXPF, EH_TANHF, EH_ERFF, EH_SQRTF: libm's or ours */
const char *float_act(const ir_op *op, arena *a, const char *v); /* the fused activation of v */
bool print_float_depthwise(emitter *e, const ir_op *op);
bool print_float_eltwise(emitter *e, const ir_op *op);
bool print_float_unary(emitter *e, const ir_op *op);
bool print_float_softmax(emitter *e, const ir_op *op);

#endif
