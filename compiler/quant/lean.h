/* lean.h - between ranges.c, lean.c, lean_slice.c and lean_taps.c. Nothing else includes it. */
#ifndef QCC_LEAN_H
#define QCC_LEAN_H

#include "compiler/quant/quant.h"

/* Codes that one channel (index of the last dimension) of a tensor can hold: lo ≤ code ≤ hi. why:
 * where lo = hi, what makes it so (ir_gone), else IR_KEPT. */
typedef struct channel_range {
    int32_t lo, hi;
    ir_gone why;
} channel_range;

/* [tensors.n], each [last dimension]; NULL for constants and for what has no quantization. */
channel_range **channel_ranges(qctx *ctx, const ir_graph *legal);

int last_dim(const ir_tensor *t);
bool lean_has_pads(const ir_op *op);
/* Whether a reduction along dimensions goes over the last one. */
bool reduces_channels(const ir_op *op);
/* L(w) of weight i of a layer (docs/numerics.md). */
int32_t weight_level(const ir_tensor *w, int64_t i);

/* Of every activation: [tensors.n][last dimension]; NULL for constants. */
typedef struct kept_channels {
    bool **kept;
    const bool **spared; /* they stay only so that the count is a multiple */
} kept_channels;

/* lean.c: which channels stay. */
kept_channels choose_kept(qctx *ctx, const ir_graph *legal, channel_range *const *ranges,
                          int multiple);

/* lean_taps.c: takes rows and columns off a convolution's kernel, which add nothing. Whether it did. */
bool trim_kernel(qctx *ctx, const ir_graph *g, ir_op *op);

#endif
