/* triple.h - kernels for cores whose products have 32 bits (Cortex-M0, RV32): three sums in two
 * words. The inner loop has a second form in ARMv6-M's assembly, as gcc 12 hardly uses its high
 * registers. */
#ifndef QCC_EMIT_TRIPLE_H
#define QCC_EMIT_TRIPLE_H

#include "compiler/emit/bundle.h"

bool triple_takes_conv(const emitter *e, const ir_op *op);
bool triple_print_conv(emitter *e, const ir_op *op);
int64_t triple_scratch_conv(const emitter *e, const ir_op *op);
/* One window in one piece. */
bool triple_takes_lone(const emitter *e, const ir_op *op);
bool triple_print_lone(emitter *e, const ir_op *op);

/* The same, weights of 1 to 4 bits: pair_lone.c. */
bool pair_takes_lone(const emitter *e, const ir_op *op);
bool pair_print_lone(emitter *e, const ir_op *op);
int64_t pair_scratch_lone(const emitter *e, const ir_op *op);

#endif
