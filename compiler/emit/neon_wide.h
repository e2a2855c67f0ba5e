/* neon_wide.h - terms of 16 bits on NEON: what the kernels of weights share whose levels need more
 * than 8 bits, or whose activations have 16. Codes are staged in scratch as 16 bits. */
#ifndef QCC_EMIT_NEON_WIDE_H
#define QCC_EMIT_NEON_WIDE_H

#include "compiler/emit/neon.h"

/* Whether sums of 32 bits serve, of codes of 8 or 16 bits. */
bool neon_wide_takes(const ir_op *op);
/* Emits what makes codes of `quads` sums at a time: in registers where the operator allows that
 * (neon_scales), else one by one in plain C. order: the channel at each of `places` places. Sets
 * variables of t: plain, and $codes_param$, $codes_argument$: what a tile takes for them, its first
 * place and (plain) first channel being the expressions `place` and `channel`. */
void neon_wide_codes(emitter *e, const ir_op *op, text *t, const int *order, int places, int quads,
                     const char *place, const char *channel);
/* Lines that store codes of the sums v[$quads$], less their biases, at $to$; $count$ of them. */
void neon_wide_put_codes(text *t);

/* A padded copy of 16 bits: as s (neon_stage.c) has it, in elements. */
int64_t neon_wide_stage_bytes(const neon_stage *s);
/* Prints `const int16_t *x = …;`, staged `at` bytes into scratch. */
void neon_wide_stage(const neon_stage *s, emitter *e, const ir_op *op, text *t, int64_t at);

bool neon_takes_wide(const emitter *e, const ir_op *op);
bool neon_print_wide(emitter *e, const ir_op *op);
int64_t neon_scratch_wide(const emitter *e, const ir_op *op);
bool neon_takes_wide_depthwise(const emitter *e, const ir_op *op);
bool neon_print_wide_depthwise(emitter *e, const ir_op *op);
int64_t neon_scratch_wide_depthwise(const emitter *e, const ir_op *op);

#endif
