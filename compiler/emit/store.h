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
    bool fields;        /* the kernel takes fields themselves for numbers: store_take_fields */
    int32_t mul, add;   /* decoded fields: number = p.mul·field + add */
    packed p;           /* of what is decoded */
    per_channel offset; /* set by store_offsets */
} store;

store store_of(const ir_op *op);
/* For kernels that multiply packed weights as fields, level = p.mul·field + offset[filter]. */
void store_take_fields(store *s);
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
/* Emits the arrays; gives the name of that of numbers, or of fields or indices. */
const char *store_array(store *s, emitter *e, const ir_op *op, const store_tiles *n);
/* The same for what is decoded, and prints the function that does it, $decode$(tile, tiles, to). */
void store_print_decode(store *s, emitter *e, const ir_op *op, const store_tiles *n, text *t);

/* What is decoded is read by steps of so many numbers in the tile's order: whole groups, and one or
 * more of each filter. What is not decoded: one of each filter. */
int store_step(const store *s, const store_tiles *n);
int store_step_bytes(const store *s,
                     const store_tiles *n); /* elements of the array, if not decoded */
int store_tile_bytes(const store *s, const store_tiles *n); /* the same, of a tile */
/* C expression of the group that begins with number i of the step at w[from], NULL: none begins. */
const char *store_group(const store *s, arena *a, int i, int from);
/* C expression of number i; `u` holds its group, and where channels have tables `t` points at those
 * of the tile. */
const char *store_number_text(const store *s, arena *a, const store_tiles *n, int i, int from);

#endif
