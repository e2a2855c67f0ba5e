/* models.h - small models that hold, between them, every operator that the importer takes. */
#ifndef QCC_TESTS_IMPORT_MODELS_H
#define QCC_TESTS_IMPORT_MODELS_H

#include "tests/import/make_tflite.h"

typedef struct sample_model {
    const char *name;
    make_model *(*build)(qctx *ctx);
    const char *says[6]; /* what stands in the QDL; with ! in front: what does not */
    bool quantized;
} sample_model;

int n_sample_models(void);
/* 0 <= i < n_sample_models() */
const sample_model *sample_at(int i);
/* The one of that name, which must be there. */
const sample_model *sample_named(const char *name);

/* x : 5x4x3 → conv2d, the beginning of others. */
make_model *sample_conv(qctx *ctx);

#endif
