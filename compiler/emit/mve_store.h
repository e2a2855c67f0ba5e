/* mve_store.h - how weights of all forms lie in the C for Helium, and how they come out in
 * registers.
 *
 * A tile takes weights by vectors of sixteen lanes, those of four filters and of a block of terms
 * in turn. Vectors share bytes lane by lane; a unit is the least number of blocks, one or two, that
 * fills whole loads:
 *   4 bits  two loads give two vectors each       2 bits  one load gives four
 *   3 bits  two blocks: three loads give two vectors each from their upper six bits, and two more
 *           from the lower two bits of the three together
 *   1 bit   two blocks: one load, the upper four bits are the first block's
 * Uniform fields are not taken apart before they are multiplied. A byte is a number of several
 * digits, say 16a + b, and is the multiplicand itself; the next vector is the byte without its
 * first digit: Σ(16a + b)x less Σbx is 16Σax, once a sum. Two ways to lose the first digit: carry
 * codes are symmetric, and digits signed: a shift to the left drops it masks   anything else: the
 * first digit is signed, the others count from 0, an AND drops it; level = mul·digit + offset, so
 * that offset·Σx joins the sums Indices of codebooks are taken apart, and VLDRB gathers levels from
 * the table. Where a last block is not full, digits are 0; indices have no such value, so the codes
 * there become 0. */
#ifndef QCC_EMIT_MVE_STORE_H
#define QCC_EMIT_MVE_STORE_H

#include "compiler/emit/mve.h"
#include "compiler/emit/packed.h"

enum { MVE_FILTERS = 4, MVE_NO_FIELD = 255 };

typedef struct mve_store {
    weight_form form;
    packed p;       /* fields only: bits, table */
    int bits;       /* 8: bytes, codes or indices */
    int blocks;     /* of a unit */
    int chain;      /* vectors that share bytes */
    bool carry;     /* as above */
    bool sums;      /* offset·Σx is wanted */
    int32_t mul;    /* 1 or 2 */
    int table_step; /* bytes from one filter's table to the next; 0: one for all */
    bool apart;     /* fields lie there as they are, since they are taken apart before use */
} mve_store;

bool mve_store_takes(const ir_op *op);
mve_store mve_store_of(const ir_op *op);
/* Bytes, each a vector's lane: multiplied as they are. */
static inline bool mve_store_is_plain(const mve_store *s)
{
    return s->bits == 8 && s->form != WEIGHTS_CODEBOOK;
}
/* Bytes of n blocks with four filters. */
static inline int mve_store_bytes(const mve_store *s, int n)
{
    return n * MVE_FILTERS * MVE_BYTES * s->bits / 8;
}
/* Fields [blocks][4 filters][16 lanes], MVE_NO_FIELD where there is none, as stored bytes. */
const uint8_t *mve_store_pack(const mve_store *s, arena *a, const uint8_t *fields, int blocks);
/* Where vector j of a unit lies: byte of a lane's bytes (-1: the lower two bits of all three), and
 * the lowest bit. */
int mve_store_byte(const mve_store *s, int j);
int mve_store_bit(const mve_store *s, int j);
/* Emits the table, or one for each of `filters`; its name. */
const char *mve_store_table(mve_store *s, emitter *e, const ir_op *op, int filters);
/* What makes levels of sums of digits: sums are shifted by `down` (negative: to the right), a
 * number each of four lanes; false where there is nothing to shift. */
bool mve_store_down(const mve_store *s, int32_t down[MVE_LANES]);
/* Emits what Σx is multiplied by, for `filters` filters or, where all groups of four are alike, for
 * four: *alike. */
const char *mve_store_offsets(const mve_store *s, emitter *e, const ir_op *op, int filters,
                              bool *alike);
/* Prints the macro $unit$(mul, x[, y]): a unit of weights against `windows` windows (1 or 2), whose
 * codes x and y load block by block. Sets
 *   masks      lines that declare the masks that it wants    mask_args   them as operands
 *   clobbers   more registers that it changes                fix         lines of assembly that
 *                                                             make single digits of the sums */
void mve_store_print(const mve_store *s, emitter *e, const ir_op *op, int windows, text *t);

/* ---- mve_levels.c ---------------------------------------------------------------------------- */
/* Whether the weights have fields and all levels fit 8 bits. */
bool mve_levels_take(const ir_op *op);
/* Emits the weights of a depthwise layer by `channels` at a time: field i of channel c is that of
 * tap i, which goes to lane place[i] of the channel's `row` bytes, a multiple of 16; all other
 * lanes become 0. Prints a function that makes levels of so many channels; the call is
 * $levels$($weight$ + group * $levels_bytes$, first channel, to). */
void mve_levels_print(emitter *e, const ir_op *op, int channels, int row, const int *place,
                      text *t);

#endif
