/* rows.h - what is trained on: rows of inputs with labels or target outputs, and which of them. */
#ifndef QCC_TRAIN_ROWS_H
#define QCC_TRAIN_ROWS_H

#include "compiler/augment/augment.h"
#include "compiler/io/dataset.h"
#include "compiler/train/engine.h"

/* Rows vary anew in each epoch (docs/augmentation.md): vary.c. */
typedef struct row_variants {
    const augmenter *a;
    uint64_t seed, epoch; /* epoch: that is under way */
    int64_t elems;        /* of a row */
    float *scratch;       /* [shards of a batch][2][elems] */
} row_variants;

typedef struct train_rows {
    const port_map *ports; /* one for each input */
    int n_ports;
    bool through_codes;     /* rows are what the integer net sees: quantized, then real again */
    const int32_t *labels;  /* by row of the file, or NULL */
    const dataset *targets; /* by row of the file, real outputs; or NULL */
    const int32_t *which;   /* [n] rows of the file */
    int64_t n;
    row_variants *vary; /* or NULL: as they are */
} train_rows;

/* All rows of the ports. */
train_rows rows_all(qctx *ctx, const port_map *ports, int n_ports, const int32_t *labels);
/* Moves a seeded tenth of the rows (at least 1) to *select. */
void rows_split(qctx *ctx, train_rows *train, train_rows *select, uint64_t seed);
/* The first `count` of a seeded order. */
void rows_take(qctx *ctx, train_rows *r, int64_t count, uint64_t seed);
/* Puts rows order[0…n) of r (numbers into which; NULL: at, at + 1, …) into the inputs of e. */
void rows_load(const train_rows *r, tengine *e, const int32_t *order, int64_t at, int n);
/* Row of the file behind place i. */
int32_t rows_number(const train_rows *r, const int32_t *order, int64_t i);

/* vary.c: variants of the rows of this input, in batches of at most `batch`. */
row_variants *rows_variants(qctx *ctx, const augmenter *a, const ir_tensor *port, uint64_t seed,
                            int batch);
int64_t rows_variants_bytes(const row_variants *v, int batch);
/* The variant of a row of the file, real values, mixed with its partner's where mixup says so. */
void rows_vary(const train_rows *r, int shard, int32_t row, float *x);
/* The share that a row keeps, in [1/2, 1], of values and target; 1: all, else *partner (a row of
 * the file) has the rest. */
double rows_share(const train_rows *r, int32_t row, int32_t *partner);
/* real → code → real, as the integer net sees it. */
void rows_round(const ir_quant *q, float *x, int64_t n);

#endif
