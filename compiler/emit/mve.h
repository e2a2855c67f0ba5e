/* mve.h - kernels for Cortex-M with Helium (M-profile vector extension): what their printers share.
 *
 * All text stands behind MVE_GUARD, with the generic text behind #else. A Q register holds sixteen
 * codes or four accumulators. VMLADAVA sums sixteen products of codes into a general register, an
 * even one, and no other instruction multiplies as many: convolutions of all kinds are arranged so
 * that it serves. gcc 12 spills most of what the intrinsic gives, so the tiles are assembly
 * (helpers_mve.c); all else is intrinsics. */
#ifndef QCC_EMIT_MVE_H
#define QCC_EMIT_MVE_H

#include "compiler/emit/dots.h"
#include "compiler/emit/helpers_mve.h"
#include "compiler/emit/target.h"

enum { MVE_BYTES = 16, MVE_LANES = 4 };

/* ---- mve_scale.c ---------------------------------------------------------------------------- */

/* How four accumulators become codes: an array of int32_t [channels / group][number][group], the
 * numbers of a channel being bias, multiplier, and shifts where some channel has one. Group 4: the
 * lanes are channels; group 1: outputs of one channel. */
typedef struct mve_scale {
    emitter *e;
    const ir_op *op;
    int group, numbers;
    int left, right; /* which number it is; 0: no channel has that shift */
    bool correct;    /* ties of negative numbers go away from zero, and it can be seen */
    bool mixed;      /* right is 0 for some channels */
    const char *array;
} mve_scale;

/* Whether R of the operator's mode has the short exact form for all channels: int32 accumulators,
 * nothing saturates. */
bool mve_scale_applies(const ir_op *op);
/* Emits the array for `channels` channels; those beyond the layer's give whatever. */
void mve_scale_init(mve_scale *s, emitter *e, const ir_op *op, int group, int channels);
/* Prints the function that makes codes of `sum`. Sets variables of t:
 *   codes    its name; further arguments: group 4, the pointer to the numbers; group 1, the numbers
 *   numbers  of a channel       load_scale, scale_args (group 1): the numbers as locals of `scale`
 */
void mve_scale_function(const mve_scale *s, text *t);

/* ---- mve_copy.c ----------------------------------------------------------------------------- */
/* op_open and op_close with a fence behind and before: gcc 12 takes a vector in memory for one
 * element where it looks for stores that nothing reads, and where it inlines the function it would
 * drop those of the operators before and after. */
void mve_open(emitter *e, const ir_op *op, text *t);
void mve_close(text *t);
/* Lines that copy n neighbouring codes from C expression `from` to `to`; blocks: a last block of
 * sixteen may be copied whole. */
const char *mve_copy(emitter *e, const char *to, const char *from, int n, bool blocks);
/* Prints a function that gathers the window of an output whose taps may lie outside the input into
 * whole blocks of sixteen; gives its name. Parameters: in, y, x, patch. */
const char *mve_print_edge(emitter *e, const ir_op *op, int blocks);

/* ---- printers ------------------------------------------------------------------------------- */
bool mve_takes_dots(const emitter *e, const ir_op *op);
bool mve_dots_in_place(const ir_op *op);
bool mve_print_dots(emitter *e, const ir_op *op);
int64_t mve_scratch_dots(const emitter *e, const ir_op *op);
bool mve_takes_depthwise(const emitter *e, const ir_op *op);
bool mve_depthwise_in_place(const ir_op *op);
/* Channels, eight at a time, where the planes hold all of them. */
kernel_order mve_depthwise_order(const emitter *e, const ir_op *op, int *lines);
bool mve_print_depthwise(emitter *e, const ir_op *op);
int64_t mve_scratch_depthwise(const emitter *e, const ir_op *op);
bool mve_takes_add(const emitter *e, const ir_op *op);
bool mve_print_add(emitter *e, const ir_op *op);

#endif
