/* report.c - `--report FILE.html`: which sections the page of a command has. */
#include "compiler/cli/report.h"

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/search/search.h"

/* ---- at a glance ----------------------------------------------------------------------------- */

static void glance_row(page *p, const char *what, const char *value)
{
    page_cell(p, "%s", what);
    page_cell(p, "%s", value);
}

static int64_t float_weights(const ir_graph *g)
{
    int64_t n = 0;
    for (int i = 0; i < g->ops.n; i++)
        n += ir_weight(g->ops.v[i]) ? ir_elems(&ir_weight(g->ops.v[i])->shape) : 0;
    return n;
}

static const layer_error *guiltiest(const net *n, const layer_error *e)
{
    const layer_error *worst = NULL;
    for (int i = 0; e && i < n->prepared->ops.n; i++)
        if (!worst || e[i].weights + e[i].activation > worst->weights + worst->activation)
            worst = &e[i];
    return worst;
}

static void glance(page *p, const net *n, const emit_result *r, const layer_error *errors,
                   const health *h)
{
    static const char *const heads[] = {"figure", "value"};
    arena *a = p->ctx->a;
    int64_t weights = float_weights(n->floating), macs = 0;
    for (int i = 0; i < n->legal->ops.n; i++)
        macs += ir_macs(n->legal->ops.v[i]);
    page_section(p, "glance", "At a glance");
    page_table(p, "Figures of the quantized net", false, heads, 2);
    glance_row(p, "weights", arena_printf(a, "%" PRId64, weights));
    glance_row(
        p, "weights as stored",
        arena_printf(a, "%" PRId64 " bytes, %.2f times smaller than as float32", r->weight_bytes,
                     4.0 * (double)weights / (double)(r->weight_bytes ? r->weight_bytes : 1)));
    glance_row(p, "all constants", arena_printf(a, "%" PRId64 " bytes", r->constant_bytes));
    glance_row(p, "arena", arena_printf(a, "%" PRId64 " bytes", r->arena_bytes));
    glance_row(p, "multiply-accumulates", arena_printf(a, "%" PRId64, macs));
    const layer_error *worst = guiltiest(n, errors);
    if (worst)
        glance_row(p, "largest share of the error",
                   arena_printf(a, "%s: %.0f %%", worst->op->name,
                                100 * (worst->weights + worst->activation)));
    if (h)
        glance_row(p, "calibration rows", arena_printf(a, "%" PRId64, h->rows));
    page_table_end(p);
}

/* ---- the search ------------------------------------------------------------------------------ */

static void search_points(page *p, const search_result *r)
{
    arena *a = p->ctx->a;
    int n = r->pareto.n + 1;
    report_point *v = ARENA_ARRAY(a, report_point, n);
    for (int i = 0; i < n; i++) {
        bool chosen = i == r->pareto.n;
        const search_point *s = chosen ? &r->chosen : &r->pareto.v[i];
        int64_t hits = r->has_labels ? s->right : s->agree;
        v[i] = (report_point){.name = chosen ? "chosen" : s->choice,
                              .bytes = s->flash,
                              .rate = (double)hits / (double)r->rows,
                              .colour = chosen,
                              .note = chosen ? s->choice : ""};
        wilson_interval(hits, r->rows, &v[i].lo, &v[i].hi);
    }
    report_tradeoff(p, r->has_labels ? "Accuracy" : "Agreement", "flash", v, n);
    page_text(p,
              "Nets of the search that no other beats in both flash and error, on %" PRId64
              " rows, and the one that was chosen. A digit for each layer says its scheme: %s.",
              r->rows, search_scheme_names(p->ctx));
}

/* ---- the page -------------------------------------------------------------------------------- */

static bool find_extras(qctx *ctx, const net *n, const port_map *ports, report_extra *x, health *h)
{
    if (!x->errors && !explain_errors(ctx, n, ports, &x->errors))
        return false;
    if (!x->health && !check_health(ctx, n, ports, h))
        return false;
    x->health = x->health ? x->health : h;
    return true;
}

const char *report_text(qctx *ctx, cli *c, const net *n, const report_extra *extra)
{
    report_extra x = extra ? *extra : (report_extra){0};
    port_map *ports = NULL;
    emit_result r;
    health h;
    char hash[65];
    bool rows = !n->saved && n->floating->states.n == 0;
    if (!emit_c(ctx, n->legal, &c->emit, &r) || (rows && !net_ports(ctx, n, &c->net, &ports)) ||
        (rows && !find_extras(ctx, n, ports, &x, &h)))
        return NULL;
    ir_canonical_sha256(ctx, n->quantized, hash);
    page *p = page_new(ctx, arena_printf(ctx->a, "%s, quantized", n->legal->name),
                       arena_printf(ctx->a, "qcc %s · numerics %s · target %s · model %.16s…",
                                    PACKAGE_VERSION, ir_numerics_name(n->legal->numerics),
                                    c->emit.target, hash));
    glance(p, n, &r, x.errors, x.health);
    if (!rows)
        page_note(p, "%s: errors, activations and calibration are not in this report.",
                  n->saved ? "A saved pair has neither its float weights nor its calibration rows"
                           : "A model with states has no rows that stand by themselves");
    for (int i = 0; i < diag_count(ctx); i++)
        if (diag_get(ctx, i)->id == D_DATA_ROLES)
            page_note(p, "%s: figures on them are not held out.", diag_get(ctx, i)->message);
    if (x.n_points)
        report_tradeoff(p, x.rate, x.bytes, x.points, x.n_points);
    if (c->searched)
        search_points(p, c->searched);
    if (x.errors)
        report_errors(p, n, x.errors);
    report_rounding(p, n);
    report_weights(p, n);
    if (rows && !report_activations(p, n, ports))
        return NULL;
    report_memory(p, n->legal, &r);
    if (x.health)
        report_health(p, x.health);
    report_layers(p, n->legal, &r);
    return page_finish(p);
}

bool report_write(qctx *ctx, cli *c, const net *n, const report_extra *x)
{
    if (!c->report)
        return true;
    const char *text = report_text(ctx, c, n, x);
    return text && file_write(ctx, c->report, text, strlen(text));
}
