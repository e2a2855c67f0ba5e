/* x86.h - kernels for x86-64: what their printers share.
 *
 * One text serves three levels: AVX512 with VNNI (16 sums in a register), AVX2 (8), SSE2 (4). The
 * helpers of x86_text.c define the level's registers and operations by what the compiler defines;
 * layouts in memory are the same for all. Filters stand in blocks of 16. */
#ifndef QCC_EMIT_X86_H
#define QCC_EMIT_X86_H

#include "compiler/emit/target.h"
#include "compiler/emit/ops.h"

enum { X86_BLOCK = 16, X86_SCALE_ROWS = 5 };

/* ---- x86_scale.c ------------------------------------------------------------------------------ */
/* Whether the bounds prove the vector form of requantization for every channel. */
bool x86_scales(const ir_op *op);
/* Emits, for each block of 16 channels, the rows bias, mult, left, right, half of 16 numbers, and
 * sets variables of t: `scale` (the array) and `code` (the function that makes codes of sums).
 * extra[c] is added to the bias of channel c, modulo 2^32 (NULL: zeros). order: the channel at each
 * place, [blocks * 16], -1 for none; NULL: as they are. */
void x86_put_scale(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                   int blocks);

/* ---- helpers (x86_text.c) --------------------------------------------------------------------- */
extern const char helper_x86[], helper_x86_dot[], helper_x86_pair[], helper_x86_centred[], helper_x86_tflm[],
    helper_x86_q32[], helper_x86_single[];

/* ---- printers --------------------------------------------------------------------------------- */
bool x86_takes_conv(const emitter *e, const ir_op *op);
bool x86_print_conv(emitter *e, const ir_op *op);
int64_t x86_scratch_conv(const emitter *e, const ir_op *op);
bool x86_takes_add(const emitter *e, const ir_op *op);
bool x86_print_add(emitter *e, const ir_op *op);
bool x86_takes_depthwise(const emitter *e, const ir_op *op);
bool x86_print_depthwise(emitter *e, const ir_op *op);
int64_t x86_scratch_depthwise(const emitter *e, const ir_op *op);

#endif
