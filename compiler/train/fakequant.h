/* fakequant.h - what fake quantization keeps; between fakequant.c and qat.c. */
#ifndef QCC_TRAIN_FAKEQUANT_H
#define QCC_TRAIN_FAKEQUANT_H

#include "compiler/train/qat.h"

/* Quantization of a group of activations that share their codes' meaning. */
struct qact {
    const ir_quant *of; /* in the QUANTIZED graph */
    int64_t at;         /* log of the step's change in theta; −1: fixed */
    int64_t zero_at;    /* the zero point's; −1: fixed */
    float start, scale; /* step before tuning, and of this step */
    double zero_start;
    float zero, lo, hi; /* codes */
};

struct qweight {
    const ir_op *op;
    const qact *in;      /* its input's */
    ir_quant now;        /* with the arrays below */
    int channels;
    int64_t row;         /* weights of a channel */
    int64_t at;          /* now.n logs in theta */
    float *start, *scale;
    int64_t table_at;
    int n_table;         /* entries of all tables; 0: no codebook */
    int16_t *table;
    double *table_start, table_unit; /* codes that an entry moves where its parameter moves by 1 */
};

struct qat {
    qctx *ctx;
    const ir_graph *folded, *quantized;
    VEC(qact *) acts;
    VEC(qweight *) weights;
    qact **of;          /* by tensor */
    int64_t count;
};

#endif
