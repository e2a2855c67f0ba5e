/* gptq.h - rounding of a layer's weights that minimizes the error of its outputs.
 *
 * Frantar, Ashkboos, Hoefler, Alistarh, "GPTQ", ICLR 2023, in the form of Babai's nearest plane
 * (Chen et al., "The geometry of LLM quantization", 2025): with H = E[x̂ x̂ᵀ] + λI = RᵀR the inputs
 * are rounded one after the other, each to the level that takes up best what the ones before it
 * left. The weights that are rounded are not w but those that fit the float outputs best on the
 * quantized inputs, H⁻¹(E[x̂ xᵀ] + λI)w. Sweeps of coordinate descent follow until no single code
 * can improve. */
#ifndef QCC_GPTQ_H
#define QCC_GPTQ_H

#include "compiler/quant/moments.h"

/* One group's inputs, prepared; arrays for the largest k are made once. */
typedef struct gptq {
    int k;
    int *order; /* inputs in the order of rounding: largest variance last … first rounded last */
    double *h, *r;                     /* [k][k] H and its factor, in that order */
    double *cross;                     /* [k][k] E[x̂ xᵀ] + λI in that order */
    double *target, *level, *gradient; /* [k] */
    double damping;                    /* λ */
    int dead; /* inputs that are always the same (centred) or 0: rounded to nearest */
} gptq;

gptq *gptq_new(qctx *ctx, int largest_k);
/* From the moments of one half; centred: of deviations from the mean, where a bias takes the rest.
 */
void gptq_prepare(gptq *g, const moments *m, int half, int group, bool centred);
/* Codes of output channel c, whose k float weights are w. */
void gptq_round(gptq *g, const ir_quant *q, int c, const float *w, int32_t *codes);

#endif
