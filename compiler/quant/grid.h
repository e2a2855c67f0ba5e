/* grid.h - what codes mean and which code a value gets: the only place that knows (contracts.md §4). */
#ifndef QCC_GRID_H
#define QCC_GRID_H

#include "compiler/ir/ir.h"

/* Smallest and largest code of a quantization (tread symmetric: ±(2^(n-1)-1)). */
void quant_code_range(const ir_quant *q, int32_t *lo, int32_t *hi);
/* Integer level that the code of channel c stands for, so that real = scale[c] * level. */
int32_t quant_level(const ir_quant *q, int c, int32_t code);
/* Real value, in double. */
double quant_value(const ir_quant *q, int c, int32_t code);
/* Code of a real value: nearest, ties half away from zero in code space for tread; midpoint as
 * contracts.md §4. *clipped is set when the value lay outside the range. */
int32_t quant_encode(const ir_quant *q, int c, double v, bool *clipped);

/* Scale and zero point of one channel on [lo, hi], for the grid, symmetry, width and pow2 of q. */
void quant_fit(const ir_quant *q, double lo, double hi, float *scale, int32_t *zero);
/* Quantizations from ranges. ranges [n] of lo/hi, n = 1 (axis -1) or channels. Scales are rounded to
 * float32; the range of an asymmetric tread is widened to hold 0. */
ir_quant *quant_uniform(qctx *ctx, ir_grid grid, bool symmetric, bool pow2, int bits, int axis,
                        int n, const double *lo, const double *hi);
/* Port of `u8[…] real [lo, hi]` / i8: contracts.md §2. *moved: zero point had to be rounded. */
ir_quant *quant_port(qctx *ctx, double lo, double hi, bool *moved);
/* What codes of weights are stored as in the IR: U8 indices of codebooks, I16, else I8. */
ir_type weight_code_type(const ir_quant *q);
/* Symmetric midpoint of at most 7 bits: codes are the odd levels themselves. */
bool quant_is_odd_midpoint(const ir_quant *q);
/* Index of the channel that element i of a tensor belongs to. */
int quant_channel(const ir_quant *q, const ir_shape *shape, int64_t i);

/* Float → code exactly as the emitted NAME_quantize_input: float32 division, half away from zero,
 * clamp before the cast, NaN gives the zero point. */
int32_t port_quantize(float v, float scale, int32_t zero, int32_t lo, int32_t hi);

#endif
