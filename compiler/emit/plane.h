/* plane.h - depthwise convolutions for cores without SIMD: plane_depthwise.c. */
#ifndef QCC_EMIT_PLANE_H
#define QCC_EMIT_PLANE_H

#include "compiler/emit/dsp.h"

bool plane_takes(const emitter *e, const ir_op *op);
bool plane_print(emitter *e, const ir_op *op);
int64_t plane_scratch(const emitter *e, const ir_op *op);
/* For targets with long multiply-accumulates, and for others. */
bool plane_in_place_long(const ir_op *op);
bool plane_in_place(const ir_op *op);
/* Channels, where a plane holds all of one; else blocks of lines, if these are rows. */
kernel_order plane_order(const emitter *e, const ir_op *op, int *lines);

#endif
