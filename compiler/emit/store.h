/* store.h - weights of all forms for the kernels of integer cores: how they lie in the C, and how
 * those of a few filters come out of it.
 *
 * A kernel multiplies numbers of 8 or 16 bits, of which the level is (docs/numerics.md, L(w))
 *   level = mul·number + offset[filter].
 * Where an offset is not 0, Σx of each window is wanted; it serves all filters. Numbers are what is
 * stored, or they are decoded: from fields or indices (packed.h) that lie tile by tile in the order
 * of the kernel, each tile filled up to a whole group. A kernel decodes a block of filters to
 * scratch and takes them through all windows, so that unpacking is paid once a block. */
#ifndef QCC_EMIT_STORE_H
#define QCC_EMIT_STORE_H

#include "compiler/emit/packed.h"
#include "compiler/emit/target.h"

typedef struct store {
    weight_form form;
    ir_type type; /* of numbers: IR_I8, IR_I16 */
    bool decoded;
    bool sums;          /* some offset is not 0 */
    bool words;         /* decoded: four int8 numbers to an int32_t, from the lowest byte on */
    int32_t mul, add;   /* decoded fields: number = p.mul·field + add */
    packed p;           /* of what is decoded */
    per_channel offset; /* set by store_offsets */
} store;

store store_of(const ir_op *op);
/* Whether a kernel for numbers of that type may take the layer. */
bool store_takes(const emitter *e, const ir_op *op, ir_type type);
/* Number of weight i, in the IR's order. */
int32_t store_number(const ir_op *op, int64_t i);
/* Emits the offsets of `channels` filters; those beyond the layer's are alike. */
void store_offsets(store *s, emitter *e, const ir_op *op, int channels);

/* How the numbers of a layer lie for a kernel. */
typedef struct store_tiles {
    int filters;          /* of a tile: [tile][term][filters] */
    int outputs, terms;   /* of the layer */
    int spare;            /* terms after those */
    const bool *constant; /* [outputs] whose numbers must be 0; NULL: none */
} store_tiles;

/* Bytes that `tiles` decoded tiles want, a multiple of 4. */
int64_t store_bytes(const store *s, const store_tiles *n, int tiles);
/* Emits the numbers of what is not decoded; gives the array's name. */
const char *store_array(const store *s, emitter *e, const ir_op *op, const store_tiles *n);
/* Emits what is decoded and prints the function that does it, $decode$(tile, tiles, to). */
void store_print_decode(store *s, emitter *e, const ir_op *op, const store_tiles *n, text *t);

#endif
