/* histogram.h - values of a tensor, counted on its grid, and the chart of that.
 *
 * Positions: on a uniform grid position k is level k (of a channel's own scale and zero point), the
 * interval of level k reaches from k - ½ to k + ½; with a codebook a position is the value over its
 * channel's scale, the same unit as the table's entries. */
#ifndef QCC_REPORT_HISTOGRAM_H
#define QCC_REPORT_HISTOGRAM_H

#include "compiler/ir/ir.h"
#include "compiler/report/page.h"

typedef struct histogram {
    const char *name;
    const ir_quant *q;
    bool activation;
    double first, last;  /* positions of the outermost levels */
    double begin, width; /* bins */
    int n;               /* of bins */
    int64_t *count;
    int64_t below, above;           /* beyond the bins */
    int64_t values, zeros, clipped; /* zeros: exact ones of an activation, in no bin */
    double lo, hi;                  /* extremes, as reals */
    double signal, noise;           /* squares of the values, and of value less level */
} histogram;

histogram *histogram_new(qctx *ctx, const char *name, const ir_quant *q, bool activation);
/* One value of channel c. */
void histogram_add(histogram *h, int c, double v);
/* "int4, tread, per channel": what the grid is. */
const char *histogram_grid(qctx *ctx, const ir_quant *q);
void histogram_draw(page *p, const histogram *h);
/* The numbers behind all charts of a section. */
void histogram_table(page *p, const char *caption, histogram *const *h, int n);

#endif
