/* report.h - `--report FILE.html` of compile, quantize, eval and inspect. */
#ifndef QCC_CLI_REPORT_H
#define QCC_CLI_REPORT_H

#include "compiler/cli/cli.h"
#include "compiler/report/sections.h"

/* What a command knows beside the net itself. */
typedef struct report_extra {
    const report_point *points; /* nets to compare by size; n_points = 0: none */
    int n_points;
    const char *rate, *bytes; /* of the points: "Accuracy", "weights and constants" */
    layer_error *errors;      /* NULL: found here */
    const health *health;     /* NULL: looked at here */
} report_extra;

/* The page of a quantized net, or NULL after diagnostics. Runs the calibration rows. */
const char *report_text(qctx *ctx, cli *c, const net *n, const report_extra *x);
/* Makes it and writes c->report, where that is asked for. */
bool report_write(qctx *ctx, cli *c, const net *n, const report_extra *x);

#endif
