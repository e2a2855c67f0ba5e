/* packed.h - weights narrower than 8 bits and codebooks: how they lie in the C, and how they come
 * out.
 *
 * A row of weights is a string of fields of 1, 2, 3, 4 or 8 bits, the first in the lowest bits.
 * Fields are read by groups that begin and end at a byte: as many as one byte holds, 8 in 3 bytes
 * for 3 bits. Each row is filled up to a whole group with zero bits. uniform   field = code +
 * 2^(n−1), or (code + 2^n − 1)/2 for odd midpoint codes; never negative. level = mul·field + add +
 * wzero[c] codebook  field = index; level = table[index], or table[c·entries + index] Widths 5 to 7
 * are stored as 8: uniform ones then are int8 codes and not packed at all. */
#ifndef QCC_EMIT_PACKED_H
#define QCC_EMIT_PACKED_H

#include "compiler/emit/dots.h"

typedef struct packed {
    int bits;                 /* of a field */
    int group, bytes;         /* fields that are read together, and their bytes */
    int64_t row;              /* bytes of a row */
    int32_t mul, add;         /* uniform only */
    const char *weight;       /* array of uint8_t */
    const char *table, *type; /* codebook: array of levels and its element type; else NULL */
    int entries;
    bool table_per_channel;
} packed;

/* Whether the weights are stored so. */
bool weights_packed(const ir_op *op);
/* Emits the array of the weights, and the table. by_term: rows are terms and fields filters
 * ([term][filter]); else rows are filters. */
packed packed_weights(emitter *e, const ir_op *op, bool by_term);
/* The same without arrays: bits, mul, add, and for codebooks entries. */
packed packed_numbers(const ir_op *op);
/* Emits the table of a codebook alone; where each channel has one, `channels` of them, zeros beyond
 * the layer's. */
void packed_table(emitter *e, const ir_op *op, packed *p, int channels);
/* Emits the table of the layer and prints a function, $make_pairs$(pairs), of all pairs of its levels:
 * pairs[(i << bits) + j] = `pair`, a C expression of $table$[i] and $table$[j]. */
void packed_pairs(emitter *e, const ir_op *op, packed *p, const char *pair, text *t);
/* Field of weight i, in the IR's order. */
uint32_t packed_value(const ir_op *op, int64_t i);
/* What is added to mul·field: add + wzero[c]; literal 0 for codebooks. */
per_channel packed_offsets(emitter *e, const ir_op *op, const packed *p);
/* C expression of field i (0 ≤ i < group) of the group `u`. */
const char *packed_field(arena *a, const packed *p, const char *u, int i);
/* C expression of the group at byte `base` + bytes·`k`; base or k may be NULL. */
const char *packed_group(arena *a, const packed *p, const char *base, const char *k);
/* Prints a function `name`(row, c) that gives the level of field c of a row; offset: added to
 * mul·field. */
void packed_level_function(emitter *e, const packed *p, const per_channel *offset, const char *name,
                           text *t);
/* dots_print for packed weights. */
void packed_dots_print(emitter *e, const ir_op *op, const dots *d, text *t);

#endif
