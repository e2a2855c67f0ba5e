/* internal.h - between the files of the quantizer. Nothing outside compiler/quant includes it. */
#ifndef QCC_QUANT_INTERNAL_H
#define QCC_QUANT_INTERNAL_H

#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"

/* ---- names -------------------------------------------------------------------------------- */
/* Whether a rule for an activation names this layer, not only a default. */
bool names_activation(const quant_spec *spec, const char *layer);
/* What the spec says of an activation: by the tensor's name, or by that of the weights of the
 * layer that writes it (they differ where a batch norm or relu had a statement of its own).
 * *stated: some rule names it, not only a default. */
spec_settings activation_settings(qctx *ctx, const quant_spec *spec, const ir_tensor *t,
                                  bool *stated);

/* ---- observers.c: one activation's range out of its values -------------------------------- */
enum { OBSERVER_BINS = 8192 };

typedef struct observer {
    spec_settings s;
    bool lo_is_zero;               /* behind a relu: the range starts at 0 */
    double lo, hi;                 /* extremes seen */
    double mean_lo, mean_hi;       /* moving averages of each row's extremes */
    int64_t rows, values, outside; /* outside: of a stated range */
    /* second pass */
    double begin, width; /* of the histogram: OBSERVER_BINS bins from begin */
    int64_t zeros;       /* exact zeros: they have a code in every grid, and no error */
    int64_t *bins;       /* of the other values; NULL: no second pass wanted */
} observer;

/* Pass 1. Index of the first value that is not finite, or -1. */
int64_t observer_extremes(observer *o, const float *v, int64_t n);
/* Between the passes: whether this observer wants the second one; makes its histogram. */
bool observer_wants_histogram(qctx *ctx, observer *o);
/* Pass 2. */
void observer_histogram(observer *o, const float *v, int64_t n);
/* The range by the method of s, inside the extremes, and the share that it clips. */
act_range observer_range(qctx *ctx, const observer *o);

/* ---- round.c: weights onto their grid ----------------------------------------------------- */
/* Range of one channel (values v[0..n) at the given stride) for a grid: plain extremes, or, by
 * s->observer, the one with the least squared error. */
void weight_range(qctx *ctx, const spec_settings *s, const float *v, int64_t n, double *lo,
                  double *hi);
/* Codes of all weights, nearest (int8_t up to 8 bits, int16_t for 16); *outside counts values
 * outside the range (the stated one of s if it has one). */
void *round_weights(qctx *ctx, const ir_quant *q, const spec_settings *s, const ir_shape *shape,
                    const float *v, int64_t *outside);
/* ---- bias.c: biases onto the scale of the accumulator ------------------------------------- */
/* bias[c] / (in_scale * weight scale of c), half away from zero; the factor in double. false:
 * beyond ±2^62 at channel *bad. */
bool round_bias(const ir_quant *wq, double in_scale, const float *bias, int channels, int64_t *out,
                int *bad);
/* Gives op's bias the codes of these reals, one for each output channel, at the scale of its input
 * and its weights' quantization. false after a diagnostic. */
bool choose_bias(qctx *ctx, const quant_spec *spec, const ir_op *op, const float *bias);

/* ---- pack.c: codes as a saved pair stores them (contracts.md §2) --------------------------- */
/* Bytes of one row of n codes, n·bits / 8 rounded up. */
int64_t packed_row_bytes(int64_t n, int bits);
/* Codes of a weight of fewer than 8 bits, row by row, first code in the lowest bits. */
void pack_row(const ir_quant *q, const int8_t *codes, int64_t n, uint8_t *out);
/* false when the row holds a field that is no code, or padding bits that are not 0. */
bool unpack_row(const ir_quant *q, const uint8_t *in, int64_t n, int8_t *codes);

/* ---- saved_print.c ------------------------------------------------------------------------ */
/* The .qdl of a saved pair. */
void print_saved(const ir_graph *g, buf *b);
/* "c1" of "c1.weight": what the tensors of the weights file begin with. */
const char *saved_prefix(qctx *ctx, const ir_op *op);

#endif
