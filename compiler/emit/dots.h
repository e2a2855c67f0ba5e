/* dots.h - the heart of convolutions and dense layers: one window against all filters. */
#ifndef QCC_EMIT_DOTS_H
#define QCC_EMIT_DOTS_H

#include "compiler/emit/ops.h"

/* Weights stay in the order [outputs][terms]; `x` holds the window's terms in the same order, its
 * padding as zero points. With groups, `x` is one group's and the function takes the number of its
 * first filter. */
typedef struct dots {
    const char *name;  /* of the function */
    const char *x;     /* element type of the window */
    int64_t terms;
    int outputs;       /* per group */
    int groups;
} dots;

/* Whether windows are widened to int16_t once, which all filters then share: the products vectorise
 * and are two multiplies wide on DSP cores. */
bool dots_widen(const emitter *e, const ir_op *op);
void dots_print(emitter *e, const ir_op *op, const dots *d, text *t);
/* The call for the window at `x` (an expression). */
const char *dots_call(emitter *e, const dots *d, const char *x);

/* op_conv.c: a function that gathers the int8 window of an output whose taps may lie outside the
 * input, row by row, zero points in their place; gives its name. Parameters: in, y, x, patch. */
const char *conv_print_edge(emitter *e, const ir_op *op);

/* Weight level = wmul*code + offset[c]: the offsets, literal 0 where there are none. */
per_channel weight_offsets(emitter *e, const ir_op *op);
/* The weights with filters innermost: [filter][term] -> [term][filter]. */
const void *weights_by_term(emitter *e, const ir_op *op);
const char *weight_array(emitter *e, const ir_op *op, const void *data, const char *layout);
per_channel bias_values(emitter *e, const ir_op *op);

#endif
