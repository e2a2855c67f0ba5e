/* rows.h - what is trained on: rows of inputs with labels or target outputs, and which of them. */
#ifndef QCC_TRAIN_ROWS_H
#define QCC_TRAIN_ROWS_H

#include "compiler/io/dataset.h"
#include "compiler/train/engine.h"

typedef struct train_rows {
    const port_map *ports; /* one for each input */
    int n_ports;
    bool through_codes;     /* rows are what the integer net sees: quantized, then real again */
    const int32_t *labels;  /* by row of the file, or NULL */
    const dataset *targets; /* by row of the file, real outputs; or NULL */
    const int32_t *which;   /* [n] rows of the file */
    int64_t n;
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

#endif
