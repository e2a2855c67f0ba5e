/* errors.h - where a quantized net's error comes from, and what the calibration rows are worth. */
#ifndef QCC_REPORT_ERRORS_H
#define QCC_REPORT_ERRORS_H

#include "compiler/pipeline.h"

typedef struct layer_error {
    const ir_op *op; /* of the float net that was quantized */
    double sqnr_db;  /* of its output in the quantized net, errors of the layers before included */
    double clipped;  /* share of float outputs beyond the codes */
    double weights,
        activation;     /* shares of the net's error: this alone quantized, over the sum of all */
    const char *advice; /* a setting that was tried on the weights, and what it cut; or NULL */
} layer_error;

/* A row for each operator; n is quantized. false after a diagnostic. */
bool explain_errors(qctx *ctx, const net *n, const port_map *ports, layer_error **errors);

typedef struct layer_health {
    const ir_tensor *t; /* of the float net */
    double lo, hi;      /* extremes over all rows */
    double covered;     /* share of the 8-bit codes that occur (of the range's 256 parts) */
    double clipped;     /* share of values beyond the codes */
    double drift;       /* largest distance of the halves' extremes, over the range */
    double growth;      /* how far the last quarter of the rows widened the range, over the range */
    double shift;  /* distance of the halves' means in standard errors: beyond 4 is no chance */
    bool constant; /* all values are the same */
} layer_health;

typedef struct health {
    int64_t rows, repeated; /* repeated: rows of input 0 that an earlier row equals */
    layer_health *v;        /* a row for each activation */
    int n;
} health;

/* Of the calibration rows on the net that was quantized. */
bool check_health(qctx *ctx, const net *n, const port_map *ports, health *h);
/* What is to be told of them, a sentence each, with the activation that shows it most; none where
 * nothing stands out. Returns how many. */
enum { HEALTH_WORDS = 8 };
int health_words(qctx *ctx, const health *h, const char *words[HEALTH_WORDS]);

#endif
