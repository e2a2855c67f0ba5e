/* adaround.h - rounding of a layer's weights up or down, learned on its outputs behind the
 * activation.
 *
 * Nagel, Amjad, van Baalen, Louizos, Blankevoort, "Up or Down? Adaptive Rounding for Post-Training
 * Quantization", ICML 2020: each weight lies between two levels, ŵ = lo + h(V)(hi − lo) with the
 * rectified sigmoid h; V is learned by Adam against the squared error of the outputs on the
 * quantized inputs, and a term that pushes h to 0 or 1 grows over time. Formulas and constants:
 * docs/numerics.md. */
#ifndef QCC_ADAROUND_H
#define QCC_ADAROUND_H

#include "compiler/quant/samples.h"

typedef struct adaround adaround;

/* Room for layers of at most so many inputs and outputs of a group. */
adaround *adaround_new(qctx *ctx, int k, int per);
/* Codes of the outputs of one group: w, codes [per][k]. bias [per] is changed too where it is not
 * NULL and learn_bias. Chance (which samples make a batch) comes from ctx->seed and the group. */
void adaround_group(adaround *a, const samples *s, int group, const ir_quant *q, const float *w,
                    int32_t *codes, double *bias, bool learn_bias);

#endif
