/* rows.h - the calibration rows as the float net sees them. */
#ifndef QCC_ROWS_H
#define QCC_ROWS_H

#include "compiler/base/rng.h"
#include "compiler/quant/quant.h"

typedef struct calib_rows {
    qctx *ctx;
    const ir_graph *g;
    const port_map *ports; /* NULL: noise over the declared ranges */
    int64_t n;
    rng noise;
} calib_rows;

/* false after `calibration-rows`; without data the warning `calibration-none`. */
bool rows_open(qctx *ctx, const ir_graph *g, const port_map *ports, calib_rows *r);
/* Before each pass over the rows, so that noise repeats itself. */
void rows_restart(calib_rows *r);
/* Values of input `port`; behind a declared port those of the nearest codes. Rows, and the ports of
 * a row, are read in order. */
void rows_read(calib_rows *r, int port, int64_t row, float *v);

#endif
