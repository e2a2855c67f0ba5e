/* internal.h - between the emitter's frame (frame.c, header.c, array.c, plan.c) and the operator
 * printers (op_*.c, requant.c, target.c). Nothing outside compiler/emit includes it. */
#ifndef QCC_EMIT_INTERNAL_H
#define QCC_EMIT_INTERNAL_H

#include "compiler/base/buf.h"
#include "compiler/emit/emit.h"

typedef struct emitter emitter;
typedef struct emit_plan emit_plan;   /* plan.c */
typedef struct emit_names emit_names; /* names.c */
typedef struct emit_bands emit_bands; /* bands.c */

/* Small static functions that operator bodies may call; the frame prints those that were asked for,
 * once, before the operators (text in requant.c). */
typedef enum emit_helper {
    EH_CLAMP,          /* v limited to lo..hi */
    EH_ASR32, EH_ASR,  /* arithmetic shift right */
    EH_SHL, EH_SHL_SAT, EH_NARROW, EH_ROUND_AWAY, EH_DOUBLING_HIGH,
    EH_Q32, EH_TFLM_MULTIPLY, EH_SINGLE_MULTIPLY, EH_SINGLE_SATURATE, EH_RINT,
    EH_EXP_NEGATIVE, EH_RECIPROCAL, /* softmax of tflm and single */
    EH_EXPF, EH_TANHF, EH_ERFF, EH_SQRTF, /* --no-libm */
    EH_INV_SQRT,                    /* l2_norm of tflm and single */
    /* helpers_dsp.c: the DSP extension of Cortex-M, and the same in plain C */
    EH_DSP, EH_DSP_WORD, EH_DSP_PACK, EH_DSP_EVEN, EH_DSP_ODD, EH_DSP_SMLAD, EH_DSP_NEXT,
    EH_DSP_LOAD, EH_DSP_LOAD16, EH_DSP_WIDEN, EH_DSP_TILE22, EH_DSP_TILE14, EH_DSP_WIDE22,
    EH_DSP_WIDE14, EH_DSP_SMMLAR, EH_DSP_SMMLA, EH_DSP_TFLM, EH_DSP_SINGLE,
    EH_DSP_SMLABB, EH_DSP_SMLABT, EH_DSP_SMLATB, EH_DSP_SMLATT,
    EH_DSP_MAX4, EH_DSP_MIN4, EH_DSP_ADD_EVEN, EH_DSP_ADD_ODD,
    EH_DSP_BOTH, EH_DSP_SSAT8, EH_DSP_TWO, EH_DSP_ADD2,
    EH_APART, EH_TIE, EH_LONG_LOW, EH_LONG_HIGH, /* two sums in one of 64 bits */
    EH_V6M, EH_TRIPLE, EH_SIX, EH_THREE, EH_FOUR, EH_QUAD, EH_EIGHT, /* three sums in two words: helpers_triple.c */
    EH_SMALL, EH_SMALL_TFLM, /* products of 32 bits */
    /* helpers_mve.c: Helium */
    EH_MVE, EH_MVE_TILE2, EH_MVE_TILE1, EH_MVE_LOAD2, EH_MVE_LOAD1, EH_MVE_SUM, EH_MVE_COPY,
    EH_MVE_FILL,
    EH_X86_RUN_TIME, EH_X86_LEVEL, /* one of them: chosen at run time, or by the compiler */
    EH_X86, EH_X86_DOT, EH_X86_SHIFTED, EH_X86_QUADS, EH_X86_WIDE, EH_X86_LEVELS, EH_X86_LOOK64, /* x86_text.c */
    EH_X86_LOOK_OWN, EH_X86_PAIR, EH_X86_WIDENED, EH_X86_COPIED, EH_X86_ROWS, EH_X86_ROWS_WIDE, EH_X86_LOOK_WIDE, EH_X86_STORE_WIDE, /* x86_text_pair.c */
    EH_X86_UPPER, EH_X86_DOUBLED, EH_X86_SHIFT, EH_X86_TIES, EH_X86_PACKED, /* x86_text_scale.c */
    EH_NEON, EH_NEON_DOT, EH_NEON_SOME, EH_NEON_COPY, EH_NEON_FILL, EH_NEON_STORE, EH_NEON_TAPS, EH_NEON_WIDENED, EH_NEON_MOVED, /* helpers_neon.c */
    EH_COUNT /* texts: helpers.c */
} emit_helper;

typedef struct helper_set {
    bool has[EH_COUNT];
} helper_set;

struct emitter {
    qctx *ctx;
    const ir_graph *g;       /* planned: views are set. The lean graph where there is one */
    const ir_graph *whole;   /* the graph that was asked for */
    const emit_options *o;
    const char *prefix;      /* C identifier: NAME_run, … */
    const char *upper;       /* the same in capitals: macros */
    buf data;                /* constant arrays, printed before the functions */
    buf weights_unit;        /* --split-weights: the arrays' definitions */
    buf ops;                 /* one static function an operator */
    helper_set helpers;      /* those that were asked for */
    helper_set fallback;     /* those of text that stands behind the #else of a kernel */
    const char *guard;       /* of the kernels so far, "" where they differ, NULL: none */
    int64_t constant_bytes;  /* tallied by emit_array */
    int64_t weight_bytes;
    /* the frame's own */
    emit_names *names;       /* identifiers given out so far */
    const emit_plan *plan;   /* places of all tensors; NULL while scratch is being asked for */
    const int *was;          /* [ops.n] numbers of the operators before they were put into another order, or
                                NULL: the same */
    int64_t own_order;       /* then: bytes of the arena in that order */
    emit_bands *bands;       /* --ram=min: chains of layers in bands of rows, or NULL */
    const bool *folded;      /* [n_folded] by tensor: of a pad that its readers' windows hold (elide.c) */
    int n_folded;
    bool scratch_idle;       /* the text being printed leaves its scratch parameter alone */
    uint64_t math;           /* bit set of the libm functions called, as emit_helper */
    bool needs_math;         /* set by a printer that calls libm (emit_float without no_libm):
                                the frame includes <math.h> and lists the functions */
};

/* ---- array.c ------------------------------------------------------------------------------ */
typedef enum emit_use { EMIT_WEIGHT, EMIT_CONSTANT } emit_use;
/* Prints one constant array, decimals or string by the options (section, alignment, --split-weights
 * honoured; sizes tallied) and returns its C identifier, PREFIX_base. Elements are given as the type
 * itself. `comment` is one line that says what, which shape and layout. */
const char *emit_array(emitter *e, emit_use use, const char *base, ir_type type, const void *data,
                       int64_t n, const char *comment);

/* The number that the operator has in the net, which its user knows. */
int emit_number(const emitter *e, int op);

/* ---- names -------------------------------------------------------------------------------- */
/* "lenet_c1": the static function of an operator; unique, legal C; the same at every call. */
const char *emit_fn_name(emitter *e, const ir_op *op);
/* A fresh file-scope identifier PREFIX_base (base is made legal, numbered when taken). Helpers'
 * fixed names are reserved by emit_reserve instead, before any operator is printed. */
const char *emit_identifier(emitter *e, const char *base);
void emit_reserve(emitter *e, const char *identifier);
/* A name from the QDL as text inside a C comment: no comment marks, no line ends. */
const char *emit_comment(emitter *e, const char *text);
/* C type of a tensor's elements: "int8_t", "int16_t", "int32_t", "float". */
const char *emit_ctype(ir_type t);
void emit_use_helper(emitter *e, emit_helper h);

/* ---- target.c and op_*.c ------------------------------------------------------------------ */
/* Prints the operator's static function into e->ops:
 *     static void NAME_c1(const int8_t *in0[, const T *in1 …], T *out[, void *scratch])
 * headed by a comment (layer, shapes, quantization, bounds). Operators whose output view equals their
 * input's (reshape in place) are not printed: emit_op_is_nop. Pointers that may alias by the plan
 * (out == in0) must not be `restrict`. Contiguous tensors only. */
bool emit_op(emitter *e, const ir_op *op);
/* Asked by the planner before views exist: a reshape, or a pad of nothing, keeps order, type and quantization, so
 * its output shares its input's memory, in the arena or at a port. That of a state is a copy: the state
 * may be assigned before the copy is read. Operators get as in0,
 * in1, … only those inputs that are not IR_CONST. */
bool emit_op_is_nop(const ir_op *op);
/* A pad that its readers' windows hold: its padded output does not exist (elide.c). */
bool emit_is_folded(const emitter *e, const ir_op *op);
/* Of concat and pad: input `in` lies in the output already, and is no parameter. */
bool emit_is_laid(const emitter *e, const ir_op *op, int in);
/* Elements from one cell of t, [rows, columns, channels], to the next: its channels, or those of the map that it is
 * part of. */
int emit_pitch(const emitter *e, const ir_tensor *t);
/* Nothing is left to do for the operator: it has no function. */
bool emit_is_silent(const emitter *e, const ir_op *op);
/* Whether the plan gave output 0 memory of input `in`: they overlap exactly, where emit_may_alias
 * allows it, or as far as writes stay behind reads. */
bool emit_is_aliased(const emitter *e, const ir_op *op, int in);
/* Whether they overlap, if so, as the second: output 0 begins far enough below input 0 (behind.c). */
bool emit_is_behind(const emitter *e, const ir_op *op);
/* Whether output 0 may share input `in`'s memory exactly (elementwise, same element size; unary
 * tables; add; reshape): used by the planner. */
bool emit_may_alias(const emitter *e, const ir_op *op, int in);
/* Scratch bytes in the arena that the operator's kernel wants (passed as last argument `void *`, 8-byte
 * aligned), or 0. Asked before planning: e->g, e->o, e->prefix are set, views are not. */
int64_t emit_scratch(const emitter *e, const ir_op *op);
/* Names of those asked for that all levels of a processor share. */
const char *emit_shared_helpers(const emitter *e);
/* Text of the helpers in e->helpers. */
void emit_helpers(emitter *e, buf *out);
/* Suffixes of the helpers' function names ("clamp" for PREFIX_clamp), NULL at the end: the frame
 * reserves them before any operator is named (requant.c). */
extern const char *const emit_helper_suffixes[];

#endif
