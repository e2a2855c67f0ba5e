/* sections.h - the sections of a report: what is known of a quantized net, as charts and tables.
 *
 * Each function appends one section to a page (page.h) from results at hand, in the order in which
 * a command calls them; none runs a net but report_activations. */
#ifndef QCC_REPORT_SECTIONS_H
#define QCC_REPORT_SECTIONS_H

#include "compiler/emit/emit.h"
#include "compiler/report/errors.h"
#include "compiler/report/page.h"

/* A row for each layer: shape, parameters, multiply-accumulates, scheme, bytes, kernel. */
void report_layers(page *p, const ir_graph *legal, const emit_result *r);

/* One net in a comparison of sizes: float, a quantization, a step of a search. */
typedef struct report_point {
    const char *name;
    int64_t bytes;
    double rate, lo, hi; /* 0..1 with its 95 % interval */
    int colour;          /* 0 … CHART_COLOURS - 1 */
    const char *note;    /* "" or what is special of it */
} report_point;
/* rate: "accuracy" or "agreement"; bytes: what the bytes are of. */
void report_tradeoff(page *p, const char *rate, const char *bytes, const report_point *v, int n);

/* SQNR, clipping and share of the net's error, layer by layer, and what would help. */
void report_errors(page *p, const net *n, const layer_error *e);
/* Histograms of the weights on their grids. */
void report_weights(page *p, const net *n);
/* The same of the activations over the calibration rows. false after a diagnostic. */
bool report_activations(page *p, const net *n, const port_map *ports);
/* What lies in the arena where and when. */
void report_memory(page *p, const ir_graph *legal, const emit_result *r);
void report_health(page *p, const health *h);
/* What rounding on the data did; nothing where no layer asks. */
void report_rounding(page *p, const net *n);

#endif
