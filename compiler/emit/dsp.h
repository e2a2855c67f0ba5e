/* dsp.h - kernels for Cortex-M with the DSP extension: what their printers share. */
#ifndef QCC_EMIT_DSP_H
#define QCC_EMIT_DSP_H

#include "compiler/emit/dots.h"
#include "compiler/emit/target.h"

/* ---- fast.c: requantization in 3 to 5 instructions ------------------------------------------ */

/* A layer's numbers per channel as `scale`: an array [channel][2] of bias and multiplier. Where the
 * bounds prove the short form for every channel, `fast`; else the general text of requant.c, and
 * the multipliers in `scale` are 0. */
typedef struct fast_rescale {
    emitter *e;
    const ir_op *op;
    bool fast, doubled;   /* doubled: biases are, and weights must be, taken twice */
    bool small;           /* the target's products have 32 bits, and that is enough for all sums */
    const bool *constant; /* [channels] the code does not depend on the input: weights must be 0 */
    const char *scale;    /* name of the array */
    const char *mult;     /* NULL, or the multiplier of all channels: `scale` holds biases alone */
    per_channel shift;
    requant general;
} fast_rescale;

/* Emits the arrays, for `channels` channels (those beyond the layer's give zeros). Doubled sums are
 * wanted where weights have 16 bits. */
void fast_init(fast_rescale *f, emitter *e, const ir_op *op, int channels, bool doubled);
/* The same, with one multiplier as a literal where all channels have it. */
void fast_init_shared(fast_rescale *f, emitter *e, const ir_op *op, int channels, bool doubled);
/* Whether fast_init would choose the short form. */
bool fast_applies(const emitter *e, const ir_op *op);
/* Whether it would then have channels whose weights must be 0. */
bool fast_has_constant(const emitter *e, const ir_op *op);
/* Emits a depthwise layer's int8 codes, that are its levels, as [channel][tap], 0 in constant
 * channels; gives the array's name. */
const char *fast_depthwise_weights(const fast_rescale *f);
/* C expression of the code of accumulator `acc`; `channel` an index, `mult` the multiplier. */
const char *fast_code(const fast_rescale *f, const char *acc, const char *channel,
                      const char *mult);

/* ---- printers -------------------------------------------------------------------------------- */
bool dsp_takes_conv(const emitter *e, const ir_op *op);
bool dsp_print_conv(emitter *e, const ir_op *op);
int64_t dsp_scratch_conv(const emitter *e, const ir_op *op);
bool dsp_conv_in_place(const ir_op *op);
bool dsp_takes_depthwise(const emitter *e, const ir_op *op);
bool dsp_print_depthwise(emitter *e, const ir_op *op);
int64_t dsp_scratch_depthwise(const emitter *e, const ir_op *op);
bool dsp_depthwise_in_place(const ir_op *op);
bool dsp_takes_dense(const emitter *e, const ir_op *op);
bool dsp_print_dense(emitter *e, const ir_op *op);
int64_t dsp_scratch_dense(const emitter *e, const ir_op *op);

#endif
