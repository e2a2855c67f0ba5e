/* spec.h - what the quantize part of a QDL (or the command line) asks for, layer by layer.
 *
 * The parser yields rules in order of appearance; later rules win setting by setting; a rule for a
 * layer wins over a default wherever it stands. Command line options are rules appended last.
 * `spec_for` resolves them. Settings that were not stated have their bit clear in `set`. */
#ifndef QCC_SPEC_H
#define QCC_SPEC_H

#include "compiler/ir/ir.h"

typedef enum spec_part { SPEC_WEIGHT, SPEC_ACTIVATION, SPEC_BIAS } spec_part;

typedef enum spec_observer {
    SPEC_MINMAX, SPEC_MOVING_AVERAGE, SPEC_PERCENTILE, SPEC_MSE, SPEC_KL, SPEC_ROBUST
} spec_observer;

typedef enum spec_fit { SPEC_FIT_KMEANS, SPEC_FIT_QUANTILE, SPEC_FIT_APOT, SPEC_FIT_EXPLICIT } spec_fit;

enum { /* bits of spec_settings.set */
    SPEC_BITS = 1 << 0, SPEC_GRID = 1 << 1, SPEC_SYMMETRIC = 1 << 2, SPEC_PER_CHANNEL = 1 << 3,
    SPEC_RANGE = 1 << 4, SPEC_OBSERVER = 1 << 5, SPEC_SCHEME = 1 << 6, SPEC_POW2 = 1 << 7,
    SPEC_SCALE = 1 << 8, SPEC_TYPE = 1 << 9, SPEC_CODEBOOK_FIT = 1 << 10, SPEC_TABLE = 1 << 11,
    SPEC_ROUND = 1 << 12, SPEC_BIAS_CORRECT = 1 << 13, SPEC_DEVIATION = 1 << 14,
    SPEC_EQUALIZE = 1 << 15
};

typedef enum spec_round { SPEC_NEAREST, SPEC_GPTQ, SPEC_ADAROUND } spec_round;

typedef struct spec_settings {
    unsigned set;
    int bits;             /* 1..8, 16 */
    ir_grid grid;
    bool symmetric;
    bool per_channel;     /* scales: per channel, else per tensor */
    double lo, hi;        /* SPEC_RANGE: lo < hi, finite */
    spec_observer observer;
    double percentile;    /* for SPEC_PERCENTILE, e.g. 99.99 */
    ir_scheme scheme;
    spec_fit fit;
    bool table_per_channel;
    const double *entries; /* SPEC_FIT_EXPLICIT: n_entries reals */
    int n_entries;
    bool pow2;
    double scale;         /* SPEC_SCALE: saved pairs and exact inputs; float32 value */
    int32_t zero;
    spec_round round;
    bool bias_correct;    /* means of outputs matched to the float net's, through the bias */
    bool deviation;       /* and their deviations, through the scales of the channels */
    bool equalize;        /* channels of this layer balanced against those that read them */
    ir_type type;         /* SPEC_TYPE: code type in a saved pair (bias i32/i64, activation i8/i16) */
} spec_settings;

typedef struct spec_rule {
    qloc loc;
    const char *layer;    /* NULL: default */
    spec_part part;       /* `layer : …` without a part gives one rule for each part it states */
    spec_settings s;
} spec_rule;

typedef struct quant_spec {
    VEC(spec_rule) rules;
    bool has_numerics;
    ir_numerics numerics;
    qloc numerics_loc;
    bool saved;              /* `saved "…"`: the weights file holds integer tensors */
    const char *source_sha256; /* of the original files, from `saved` */
    qloc saved_loc;
} quant_spec;

quant_spec *spec_new(qctx *ctx);
/* Effective settings of a part of a layer: built-in defaults (weights: int8, tread, symmetric, per
 * channel, range by mse; activations: int8 asymmetric, per tensor, observer mse), then default
 * rules, then the layer's rules. `set` keeps which settings a rule stated. */
spec_settings spec_for(const quant_spec *s, const char *layer, spec_part part);

/* One command line option as a rule: "LAYER=A:B" or "A:B" and so on; diagnostics on error.
 * which: "range", "bits", "grid", "numerics". */
bool spec_option(qctx *ctx, quant_spec *s, const char *which, const char *text);
const char *spec_observer_name(spec_observer o);

#endif
