/* samples.h - random nets with rows and what the interpreter gives for them (tests/emit/test_differential). */
#ifndef QCC_TESTS_SAMPLES_H
#define QCC_TESTS_SAMPLES_H

#include "compiler/emit/emit.h"

enum { ROWS = 5 }; /* of a net */

typedef struct sample {
    ir_graph *g;
    emit_options o;
    void **in[ROWS], **out[ROWS];
    double *peaks[ROWS]; /* float nets: [tensor id], the largest magnitude that the interpreter met */
} sample;

bool is_long(void);        /* QCC_LONG */
uint64_t first_seed(void); /* QCC_SEED, or 1 */
int64_t bytes_of(const ir_tensor *t);

/* The net of a seed with its rows; false where the seed gives none. Its lean graphs are compared with it. */
bool make_sample(qctx *ctx, uint64_t seed, sample *s);
/* The same of a float net; every seed gives one. */
void make_float_sample(qctx *ctx, uint64_t seed, sample *s);
double largest_of(const float *v, int64_t n); /* magnitude */

#endif
