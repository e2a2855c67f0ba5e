/* levels.h - targets whose files hold their kernels once for each level of the processor, chosen at
 * run time.
 *
 * Kernels are printed once, for the level that the compiler defines; levels.c makes of that text
 * one for each level: identifiers PREFIX_x become PREFIX_avx2_x, PREFIX_X PREFIX_AVX2_X, save for
 * arrays, which all levels share. */
#ifndef QCC_EMIT_LEVELS_H
#define QCC_EMIT_LEVELS_H

#include "compiler/emit/internal.h"

enum { EMIT_LEVELS = 3 };

bool emit_has_levels(const emitter *e);
/* PREFIX_avx512, or (upper) PREFIX_AVX512. */
const char *emit_level_prefix(const emitter *e, int level, bool upper);
/* What stands around functions that use a level's instructions. */
void emit_level_begin(buf *b, int level);
void emit_level_end(buf *b, int level);
/* The definition that helpers go by. */
void emit_level_define(const emitter *e, buf *b, int level);
/* One operator's functions, `ops`, for each level, and the function that chooses; data: the arrays
 * they use. */
void emit_op_levels(emitter *e, const ir_op *op, buf *out, const char *ops, const char *data);

#endif
