/* dsp_store.h - how weights lie in the C for the dot products of cores with the DSP extension, and
 * how a quad of them becomes pairs of 16 bits in registers.
 *
 * A unit is four terms of two filters, eight fields of 1 to 4 bits, hence as many bytes. It gives
 * four pairs: terms 0 and 2 of either filter, then 1 and 3 of either.
 *   uniform    field i < 4 is the lower half of pair i, field i + 4 the upper one. One AND with a
 *              mask makes mul·field of both at once (a word of fewer than 4 bytes is spread before,
 *              so that these fields stand 16 bits apart). What is missing to the levels,
 *              offset[filter] · Σx, is added to the biases: Σx of a window serves all filters.
 *   codebook   fields 2i and 2i + 1 are one index into a table of pairs of levels, which is built
 * in scratch at every call: 4^bits words. All sums are modulo 2^32: what they end at is proved to
 * fit. */
#ifndef QCC_EMIT_DSP_STORE_H
#define QCC_EMIT_DSP_STORE_H

#include "compiler/emit/dsp.h"
#include "compiler/emit/packed.h"

typedef struct dsp_store {
    weight_form form;
    packed p;           /* fields: bits, mul */
    int32_t mul;        /* of bytes: level = mul·code + offset */
    bool sums;          /* Σx is wanted */
    bool later;         /* biases and Σx are added behind the products, since mul is not 1 */
    per_channel offset; /* set by dsp_store_offsets */
} dsp_store;

/* Whether weights of this operator can lie so. */
bool dsp_store_takes(const emitter *e, const ir_op *op);
dsp_store dsp_store_of(const ir_op *op);
static inline bool dsp_store_is_fields(const dsp_store *s)
{
    return s->form == WEIGHTS_PACKED || s->form == WEIGHTS_CODEBOOK;
}
/* Bytes of scratch for the pairs of a codebook. */
int64_t dsp_store_pairs(const dsp_store *s);
/* Emits what is added for Σx = 1, for `channels` filters; those beyond the layer's are 0 or alike.
 */
void dsp_store_offsets(dsp_store *s, emitter *e, const ir_op *op, int channels);
/* Emits the units of fields[filters][4·quads], `filters` a multiple of `tile` (2 or 4); gives the
 * array's name. */
const char *dsp_store_array(const dsp_store *s, emitter *e, const ir_op *op, const uint8_t *fields,
                            int filters, int tile, int quads);
/* Prints the function $tile$(w, x, pairs, sum) for two windows with two filters, or one with four;
 * for codebooks $pairs$(pairs) before it. */
void dsp_store_print(dsp_store *s, emitter *e, const ir_op *op, bool single, text *t);

/* ---- dsp_levels.c -----------------------------------------------------------------------------
 */
/* Whether the levels of a depthwise layer fit 16 bits. */
bool dsp_levels_take(const emitter *e, const ir_op *op);
/* Emits the weights as they are stored, prints the function $levels$($stored$ + c * $row$, c,
 * level), level being an array of `type`; sets these and $stored_type$. Wants $layer$ and $taps$. */
void dsp_levels_print(emitter *e, const ir_op *op, const char *type, text *t);

#endif
