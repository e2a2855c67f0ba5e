/* neon_fields.h - weights narrower than 8 bits and codebooks on NEON, decoded in registers by TBL.
 *
 * The levels of a layer, of a codebook or of a uniform grid alike, stand in one, two or four
 * registers, and a register of fields looks up sixteen of them at once. With a table per channel
 * these are the tables of the four filters of a quad, one after the other. Fields of several
 * registers share the bytes of a unit: register i of it has its field of byte j in bits i * bits on
 * of byte j; three bits: two fields in the lower six bits of each of three bytes, the last two
 * fields in what is left. */
#ifndef QCC_EMIT_NEON_FIELDS_H
#define QCC_EMIT_NEON_FIELDS_H

#include "compiler/emit/neon.h"

typedef struct neon_fields {
    int bits;      /* of a field as stored: 1, 2, 3, 4, 8 */
    int registers; /* of fields in a unit */
    int bytes;     /* of a unit */
    int entries;   /* levels of a table as it stands in registers: a power of two */
    int tables;    /* registers of levels */
    bool per_channel;
    bool offsets; /* each channel has an offset beside the levels, which the kernel adds times the
                     sum of the codes */
} neon_fields;

/* Whether the weights' levels can be looked up so. */
bool neon_fields_init(neon_fields *f, const ir_op *op);
/* n registers (a multiple of a unit's) of sixteen fields as bytes, n / registers * bytes of them.
 */
void neon_fields_pack(const neon_fields *f, const uint8_t *fields, int64_t n, uint8_t *to);
/* Level of weight i (in the IR's order), which is the channel's. */
int32_t neon_fields_level(const ir_op *op, int channel, int64_t i);
/* Emits the levels; order: the channel at each place (-1: none), for tables per channel. Sets
 * variables of t: table (the array), table_bytes (of a quad). */
void neon_fields_table(const neon_fields *f, emitter *e, const ir_op *op, text *t, const int *order,
                       int places);
/* Lines that load the levels from `from` (an expression) for neon_fields_put. */
void neon_fields_levels(const neon_fields *f, text *t, const char *from);
/* Lines that decode the unit at `at` (an expression) into f0, f1, … */
void neon_fields_put(const neon_fields *f, text *t, int columns, const char *at);

#endif
