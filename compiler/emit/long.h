/* long.h - kernels for cores with a 32x32 -> 64 bit multiply-accumulate and no SIMD (Cortex-M3):
 * two products an instruction, in the two halves of a 64-bit sum. Their text is plain C. Behind
 * them, kernels for any integer core. */
#ifndef QCC_EMIT_LONG_H
#define QCC_EMIT_LONG_H

#include "compiler/emit/bundle.h"

bool long_takes_conv(const emitter *e, const ir_op *op);
bool long_print_conv(emitter *e, const ir_op *op);
int64_t long_scratch_conv(const emitter *e, const ir_op *op);
/* One window that lies in one piece, from the input's first code on: dense layers, convolutions
 * over the whole input. lone_takes: of int8 codes, with 32-bit sums. */
bool lone_takes(const ir_op *op);
bool long_takes_lone(const emitter *e, const ir_op *op);
bool long_print_lone(emitter *e, const ir_op *op);
int64_t long_scratch_lone(const emitter *e, const ir_op *op);

/* Weights that are numbers of 16 bits (store.h), several windows. */
bool wide_takes_conv(const emitter *e, const ir_op *op);
bool wide_print_conv(emitter *e, const ir_op *op);
int64_t wide_scratch_conv(const emitter *e, const ir_op *op);
/* One window, weights of any form. */
bool plain_takes_lone(const emitter *e, const ir_op *op);
bool plain_print_lone(emitter *e, const ir_op *op);

#endif
