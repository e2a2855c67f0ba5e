/* single_models.h - random int8 models of one operator, and what is known of TensorFlow Lite's
 * kernels. */
#ifndef QCC_TESTS_SINGLE_MODELS_H
#define QCC_TESTS_SINGLE_MODELS_H

#include "compiler/base/rng.h"
#include "tests/import/make_tflite.h"

typedef struct maker {
    qctx *ctx;
    rng r;
    make_model *m; /* empty: gets the model */
} maker;

/* Modes, as bits. */
enum { MODE_TFLM = 1, MODE_SINGLE = 2, MODE_BOTH = 3 };

typedef struct single_op {
    const char *name;
    void (*make)(maker *k);
    unsigned modes;  /* whose codes have to be the library's, bit for bit */
    int per_million; /* without modes: codes that may differ, by 1; -1: the kernels are others, any
                        may */
    const char *note;
} single_op;

extern const single_op single_ops[];
extern const int n_single_ops;

#endif
