/* neon.h - kernels for aarch64: what their printers share.
 *
 * One text serves two levels, by what the compiler defines: dot products (FEAT_DotProd: sixteen
 * products an instruction) and plain Advanced SIMD (eight products, and another instruction that
 * adds them in pairs). Layouts in memory are the same for both. Filters and channels stand in
 * quads: the four lanes of a sum. */
#ifndef QCC_EMIT_NEON_H
#define QCC_EMIT_NEON_H

#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

/* Little-endian: the kernels take four bytes for one lane of 32 bits. */
#define NEON_GUARD "defined(__ARM_NEON) && defined(__AARCH64EL__) && !defined(__TINYC__)"
#define NEON_INCLUDES                                                                              \
    "#if " NEON_GUARD "\n"                                                                         \
    "#include <arm_neon.h>\n"                                                                      \
    "#endif\n"

enum { NEON_LANES = 4, NEON_BYTES = 16 };

/* ---- neon_scale.c ------------------------------------------------------------------------------
 */

/* Requantization of four channels at once: for each quad rows of four numbers. */
typedef struct neon_scale {
    emitter *e;
    const ir_op *op;
    int numbers;     /* rows of a quad: bias, multiplier and what else the layer needs */
    int left, right; /* which of them are shifts before and after the multiplication; 0: none */
    int offset;      /* which of them is what is added to each weight; 0: none */
    int all_right;   /* the shift after it where all channels have the same; 0 otherwise */
    bool doubled; /* q32: every channel is shifted to the left, so that one bit of it may be that of
                     a doubling multiplication */
    bool correct; /* ties of negative numbers go away from zero, and it shows */
} neon_scale;

/* Whether its codes can be made so: exact for every channel, whatever the bounds. */
bool neon_scales(const ir_op *op);
/* Emits the numbers of `quads` quads; order: the channel at each place, -1 for none; NULL: as they
 * are. offsets (of each channel, or NULL) are carried along. Sets variables of t: scale (the
 * array), numbers (elements of a quad), offset (where they stand in it). */
void neon_scale_init(neon_scale *s, emitter *e, const ir_op *op, text *t, const int *order,
                     int quads, const int32_t *offsets);
/* Prints `int32x4_t $codes$(int32x4_t sum, const int32_t *scale)`, R of docs/numerics.md less what
 * $narrow$ does; the bias is not added. Then `int8x16_t $narrow$(const int32x4_t *v)`: `quads`
 * vectors of such as codes; what lies behind them is arbitrary. */
void neon_scale_functions(const neon_scale *s, text *t, int quads);
/* $narrow$ alone: `quads` vectors, `zero` added, limited to the operator's codes. */
void neon_narrow_function(emitter *e, const ir_op *op, text *t, int quads, int32_t zero);

/* ---- neon_stage.c ------------------------------------------------------------------------------
 */

/* A padded copy of the input in scratch: each channel `copies` times, then up to `channels` in all.
 */
typedef struct neon_stage {
    int w, h, channels, copies;
    int64_t bytes; /* with what may be read behind it */
} neon_stage;
void neon_stage_init(neon_stage *s, const ir_op *op, int channels, int copies);
bool neon_is_padded(const ir_op *op);
/* Prints `const int8_t *x = …;`, the staged input or, where `staged` is false, the input itself. */
void neon_stage_put(const neon_stage *s, emitter *e, const ir_op *op, text *t, bool staged);

/* ---- helpers (helpers_neon.c) ------------------------------------------------------------------
 */
extern const char helper_neon[], helper_neon_dot[], helper_neon_some[], helper_neon_copy[],
    helper_neon_fill[], helper_neon_store[], helper_neon_taps[],
    helper_neon_widened[], helper_neon_moved[];

/* ---- printers ----------------------------------------------------------------------------------
 */
bool neon_takes_conv(const emitter *e, const ir_op *op);
bool neon_print_conv(emitter *e, const ir_op *op);
int64_t neon_scratch_conv(const emitter *e, const ir_op *op);
bool neon_takes_depthwise(const emitter *e, const ir_op *op);
bool neon_print_depthwise(emitter *e, const ir_op *op);
int64_t neon_scratch_depthwise(const emitter *e, const ir_op *op);
bool neon_takes_add(const emitter *e, const ir_op *op);
bool neon_print_add(emitter *e, const ir_op *op);

#endif
