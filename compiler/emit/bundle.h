/* bundle.h - windows of a convolution or dense layer that are packed several to a word, for kernels
 * of cores without SIMD.
 *
 * A tile is one or two bundles of windows, each of two windows (one word a term; plain: a word of
 * their own) or three (two words), and meets some filters at a time. The terms of a tile stand in
 * scratch, the words of a term side by side. Weights that are decoded (store.h) stand behind them,
 * a block of filters at a time; all windows are packed again for each block. bundle.c gathers
 * windows, kernels print the function $dots$ that takes a full tile. */
#ifndef QCC_EMIT_BUNDLE_H
#define QCC_EMIT_BUNDLE_H

#include "compiler/emit/dsp.h"
#include "compiler/emit/store.h"

typedef struct bundle {
    emitter *e;
    const ir_op *op;
    text t;
    window w;           /* conv2d */
    int rows, row;      /* parts of a window that lie side by side, codes of each */
    int terms, count;   /* codes of a window; windows */
    int spare;          /* zero terms after a window's: the kernel's choice */
    int group, bundles; /* windows of a bundle, bundles of a tile */
    bool plain;         /* two windows have two words */
    store s;
    int filters;         /* of a tile: the kernel's choice */
    int outputs, padded; /* filters of the layer, the same as a multiple of the tile's */
    int block;           /* filters that are decoded together; padded where nothing is decoded */
    fast_rescale f;
} bundle;

/* What all such kernels need: int8 codes, 32-bit sums, taps of equal distance, no groups, weights
 * that are numbers of that type. */
bool bundle_takes(const emitter *e, const ir_op *op, ir_type type);
/* group: windows of a bundle. Two bundles a tile where the layer has more windows than one holds.
 */
void bundle_init(bundle *v, const emitter *e, const ir_op *op, int group);
void bundle_set_filters(bundle *v, int filters);
int bundle_words(const bundle *v);   /* of a term, all bundles */
int bundle_windows(const bundle *v); /* of a tile */
int64_t bundle_scratch(const bundle *v);
/* Windows of 1x1 may be written over, as a tile is packed before its first code is written; not
 * where they are read again for the next block. */
bool bundle_in_place(const ir_op *op);
/* Cells, where all filters are decoded together: else the windows are read once for each block of them. */
kernel_order bundle_order(const emitter *e, const ir_op *op, int *lines);
/* The largest sum of |weight| over one filter and `part` neighbouring terms. */
int64_t bundle_weight_sum(const bundle *v, int part);

/* Whether sums of numbers times codes stay within int32_t on the way. */
bool bundle_is_signed(const bundle *v);
/* "for (int32_t o = 0; …) {": prints the head of $dots$(const $word$ *x, …) up to the loop over
 * tiles of filters. `scale` and `w`, of $number_type$, move with it: w on its own, by the kernel's
 * text. */
void bundle_open_dots(bundle *v, const char *number_type);
/* Emits the weights, decoded ones with their function: variable weight. */
void bundle_weights(bundle *v);
/* Prints "bias = scale[0];" and so on for filter `filter` of the tile, into variables that
 * bundle_declare has declared; the result is for fast_code, with multiplier "mult". */
void bundle_declare(bundle *v);
fast_rescale bundle_scale(bundle *v, int filter);
/* The accumulator of window i, `sum` being the sum of its products with the filter's numbers: an
 * expression of int32_t. */
const char *bundle_acc(bundle *v, const char *sum, int i);
/* "out0[o + 1] = …": the code of `sum` (an expression) of window i; -1: "out[o + 1]". */
void bundle_code(bundle *v, const fast_rescale *f, int filter, int i, const char *sum);
int bundle_unroll(const emitter *e); /* terms of an unrolled loop */

/* Prints the layer: begins it (variables, fast_init), then after $dots$ was printed the rest.
 * `word`: "int32_t" or "uint32_t". */
void bundle_begin(bundle *v, const char *word);
void bundle_finish(bundle *v);

#endif
