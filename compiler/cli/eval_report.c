/* eval_report.c - the page of `qcc eval --report`. */
#include <string.h>

#include "compiler/cli/eval.h"
#include "compiler/cli/report.h"

static report_point point(const eval *e, const char *name, const eval_side *s, int64_t hits,
                          int colour)
{
    const char *slash = strrchr(name, '/');
    report_point p = {.name = slash ? slash + 1 : name,
                      .bytes = s->constant_bytes,
                      .rate = (double)hits / (double)e->rows,
                      .colour = colour};
    wilson_interval(hits, e->rows, &p.lo, &p.hi);
    return p;
}

bool eval_report(qctx *ctx, cli *c, const eval *e)
{
    bool accuracy = eval_has_accuracy(e);
    report_point *v = ARENA_ARRAY(ctx->a, report_point, e->n_runs + 1);
    v[0] = point(e, "float", &e->f, accuracy ? e->f.right : e->rows, 1);
    for (int i = 0; i < e->n_runs; i++) {
        const eval_run *r = &e->runs[i];
        v[i + 1] = point(e, r->name, &r->q, accuracy ? r->q.right : r->agree, 0);
        v[i + 1].note = arena_printf(ctx->a, "agreement %.2f %%, SQNR %.1f dB",
                                     100 * (double)r->agree / (double)e->rows, r->sqnr_db);
    }
    report_extra x = {.points = v,
                      .n_points = e->reading == EVAL_RECONSTRUCTION ? 0 : e->n_runs + 1,
                      .rate = accuracy ? "Accuracy" : "Agreement",
                      .bytes = "all constants"};
    c->net.quant_file = c->quants.n ? c->quants.v[0] : NULL;
    return report_write(ctx, c, e->runs[0].n, &x);
}
