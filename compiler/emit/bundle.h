/* bundle.h - windows of a convolution or dense layer that are packed several to a word, for kernels
 * of cores without SIMD.
 *
 * A tile is one or two bundles of windows, each of two windows (one word a term) or three (two
 * words), and meets some filters at a time. The terms of a tile stand in scratch, the words of a
 * term side by side. bundle.c gathers windows, kernels print the function $dots$ that takes a full
 * tile. */
#ifndef QCC_EMIT_BUNDLE_H
#define QCC_EMIT_BUNDLE_H

#include "compiler/emit/dsp.h"

typedef struct bundle {
    emitter *e;
    const ir_op *op;
    text t;
    window w;            /* conv2d */
    int rows, row;       /* parts of a window that lie side by side, codes of each */
    int terms, count;    /* codes of a window; windows */
    int spare;           /* zero terms after a window's: the kernel's choice */
    int group, bundles;  /* windows of a bundle, bundles of a tile */
    int filters;         /* of a tile: the kernel's choice */
    int outputs, padded; /* filters of the layer, the same as a multiple of the tile's */
    fast_rescale f;
} bundle;

/* What all such kernels need: int8 codes, 32-bit sums, taps of equal distance, no groups. */
bool bundle_takes(const emitter *e, const ir_op *op);
/* group: windows of a bundle. Two bundles a tile where the layer has more windows than one holds.
 */
void bundle_init(bundle *v, const emitter *e, const ir_op *op, int group);
void bundle_set_filters(bundle *v, int filters);
int bundle_words(const bundle *v);   /* of a term, all bundles */
int bundle_windows(const bundle *v); /* of a tile */
int64_t bundle_scratch(const bundle *v);
/* Windows of 1x1 may be written over, as a tile is packed before its first code is written. */
bool bundle_in_place(const ir_op *op);
/* The largest sum of |weight| over one filter and `part` neighbouring terms. */
int64_t bundle_weight_sum(const bundle *v, int part);

/* ", int8_t *out0, int8_t *out1": parameters of $dots$ after `const $word$ *x`. */
const char *bundle_outs(const bundle *v);
/* Prints "bias = scale[0];" and so on for filter `filter` of the tile, into variables that
 * bundle_declare has declared; the result is for fast_code, with multiplier "mult". */
void bundle_declare(bundle *v);
fast_rescale bundle_scale(bundle *v, int filter);
/* "out0[o + 1] = …": the code of `sum` (an expression) of window i; -1: "out[o + 1]". */
void bundle_code(bundle *v, const fast_rescale *f, int filter, int i, const char *sum);
int bundle_unroll(const emitter *e); /* terms of an unrolled loop */

/* Prints the layer: begins it (variables, fast_init), then after $dots$ was printed the rest.
 * `word`: "int32_t" or "uint32_t". */
void bundle_begin(bundle *v, const char *word);
void bundle_finish(bundle *v);

#endif
