/* target.h - targets and their kernels: tables (targets.c; one file with rows for each family).
 *
 * A kernel is a row: for which operator and form of weights, whether it takes this very operator
 * (shape, bounds, options), its printer, its scratch. The first row of the target that takes an
 * operator prints it; where none does, the generic printers of target.c serve, and `qcc inspect`
 * says so. Every file compiles everywhere:
 *   guard NULL   the kernel's text is portable: what it takes from the processor stands in helpers
 *                (helpers.c, helpers_dsp.c) that have a second, plain C form behind #else;
 *   guard "…"    a condition of the preprocessor; behind #else stands the next row without one that takes
 *                the operator, else the generic text. An output may have the memory of input 0 only if
 *                both texts allow it.
 * Guards name what the compiler defines and end with !defined(__TINYC__). */
#ifndef QCC_EMIT_TARGET_H
#define QCC_EMIT_TARGET_H

#include "compiler/emit/internal.h"

#define GENERIC "generic" /* where a kernel is named: the portable text of any target */

/* How the level of a weight comes from what is stored (docs/numerics.md, L(w)). */
typedef enum weight_form {
    WEIGHTS_NONE = 1,     /* the operator has none */
    WEIGHTS_CODE = 2,     /* int8, the code is the level */
    WEIGHTS_AFFINE = 4,   /* int8, wmul*code + offset of the channel */
    WEIGHTS_CODEBOOK = 8, /* an index into a table */
    WEIGHTS_WIDE = 16,    /* int16 codes */
    WEIGHTS_PACKED = 32   /* fields of 1 to 4 bits (packed.h) */
} weight_form;
enum { WEIGHTS_ALL = WEIGHTS_CODE | WEIGHTS_AFFINE | WEIGHTS_CODEBOOK | WEIGHTS_WIDE | WEIGHTS_PACKED };
weight_form weight_form_of(const ir_op *op);

/* In which order a kernel reads and writes, for the planner, which may let the output overlap the
 * input. */
typedef enum kernel_order {
    ORDER_UNKNOWN,
    /* The codes of a cell are written, in rising order of rows and columns, after all windows of cells
     * before the one before it were read for the last time. Tiles of any number of cells do so, where
     * their windows are gathered before the first code of a tile is written. */
    ORDER_CELLS,
    /* Each channel of the input is read for the last time before its codes are written, channel after
     * channel; or at least what the codes of that channel, cell for cell, are written over. */
    ORDER_CHANNELS,
    /* Some lines of the output are written while their windows are still read, but those of the lines
     * before them no more. */
    ORDER_LINES
} kernel_order;

typedef struct kernel {
    const char *name; /* "dsp-conv": in comments and `inspect` */
    ir_opkind kind;
    unsigned forms; /* set of weight_form */
    const char *guard;
    /* Whether the output may have the memory of input 0; NULL: never. */
    bool (*in_place)(const ir_op *op);
    bool (*takes)(const emitter *e, const ir_op *op); /* NULL: everything of that kind and form */
    bool (*print)(emitter *e, const ir_op *op);
    int64_t (*scratch)(const emitter *e, const ir_op *op); /* bytes, or NULL: none */
    kernel_order order;
    /* The order where it depends on the operator, and how many lines ORDER_LINES means; else NULL. */
    kernel_order (*order_of)(const emitter *e, const ir_op *op, int *lines);
} kernel;

/* What instructions cost, in hundredths of one issued instruction: kernels choose tiles by it. */
typedef struct target_cost {
    int registers;       /* general ones that a kernel can keep values in */
    int load, pair_load; /* of a word, of two neighbouring words */
    int multiply;        /* one multiply-accumulate instruction */
    int lanes;           /* products that it sums */
    bool narrow;         /* products have 32 bits, no upper half */
    bool long_sums;      /* a 64-bit multiply-accumulate is one instruction */
    int align;           /* of weight arrays, bytes; 0: 4 */
    int multiple;        /* of channels that is worth rounding up to (quant/lean.c); 0: any number does */
    int stack;           /* bytes that a function may need where compilers put vectors there; 0: 512 */
} target_cost;

typedef struct emit_target {
    const char *name, *description;
    const char *includes;  /* lines after <stdint.h> with guards, or NULL */
    const kernel *kernels; /* ends with a row without name; or NULL */
    target_cost cost;
} emit_target;

const emit_target *emit_find_target(const char *name); /* NULL when unknown */
/* The kernel that prints the operator, NULL: generic. Float graphs have generic ones only. */
const kernel *emit_kernel(const emitter *e, const ir_op *op);

/* Names of the kernels that take the operator, the target's choice first; then "generic" and NULL. */
const char *const *emit_alternatives(const emitter *e, const ir_op *op);

/* In which order the operator's text reads and writes, and with ORDER_LINES in blocks of how many lines;
 * where there are two texts, both must agree. */
kernel_order emit_order(const emitter *e, const ir_op *op, int *lines);

/* Whether the operator's text writes the cells of its output any number of elements apart, so that they
 * can be some channels of a larger map. */
bool emit_takes_pitch(const emitter *e, const ir_op *op);

/* ---- kernel tables, one a file ------------------------------------------------------------- */
extern const kernel cortex_m4_kernels[]; /* kernels_dsp.c */
extern const kernel cortex_m3_kernels[]; /* kernels_long.c */
extern const kernel cortex_m55_kernels[]; /* kernels_mve.c */
extern const kernel word_kernels[];       /* kernels_triple.c: cortex-m0, rv32 */
extern const kernel x86_kernels[], x86_dispatch_kernels[];       /* kernels_x86.c */
extern const kernel aarch64_kernels[];   /* kernels_neon.c */

#endif
