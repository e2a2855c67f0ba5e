/* section_errors.c - the report's sections on errors: layer by layer, rounding, calibration rows.
 */
#include <math.h>
#include <string.h>

#include "compiler/report/chart.h"
#include "compiler/report/sections.h"

enum { BAR_HEIGHT = 20, FRAME_HEIGHT = 70, NAMES = 118, NAME_CHARS = 17 };

/* A chart of horizontal bars, a layer each, the first on top. */
static chart bars_begin(page *p, const char *title, const char *description, int rows, double most)
{
    chart_frame f = {.title = title,
                     .description = description,
                     .w = 420,
                     .h = FRAME_HEIGHT + BAR_HEIGHT * rows,
                     .x1 = most > 0 ? most : 1,
                     .y1 = rows,
                     .left = NAMES,
                     .small = true};
    return chart_begin(p, &f);
}

static void bar_name(chart *c, int row, const char *name)
{
    double y = chart_y(c, c->y1 - row - 0.5) + 4;
    bool whole = strlen(name) <= NAME_CHARS;
    chart_label(c, "", "end", c->left - 6, y, "%.*s%s", whole ? NAME_CHARS : NAME_CHARS - 1, name,
                whole ? "" : "…");
}

static void bar(chart *c, const char *class, int row, double from, double to, const char *tip)
{
    chart_rect(c, class, from, c->y1 - row - 0.15, to, c->y1 - row - 0.85, tip);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void share_chart(page *p, const layer_error *e, int n)
{
    arena *a = p->ctx->a;
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, e[i].weights + e[i].activation);
    chart c = bars_begin(p, "Share of the error of the outputs",
                         "For each layer the share of its weights and of the codes of its result, "
                         "each quantized by itself; the numbers are in the table below",
                         n, 100 * most);
    for (int i = 0; i < n; i++) {
        double w = 100 * e[i].weights, all = w + 100 * e[i].activation;
        bar_name(&c, i, e[i].op->name);
        bar(&c, "f0", i, 0, w, arena_printf(a, "%s: weights %.1f %%", e[i].op->name, w));
        bar(&c, "f1", i, w, all,
            arena_printf(a, "%s: codes of the result %.1f %%", e[i].op->name, all - w));
    }
    chart_axis_x(&c, "percent");
    chart_end(&c, "Blue: the layer's weights. Orange: the codes of its result.");
}

static void sqnr_chart(page *p, const layer_error *e, int n)
{
    arena *a = p->ctx->a;
    double most = 0;
    for (int i = 0; i < n; i++)
        most = isfinite(e[i].sqnr_db) ? fmax(most, e[i].sqnr_db) : most;
    chart c = bars_begin(p, "Signal-to-noise ratio of each result",
                         "How far the quantized net's results lie from the float net's, errors of "
                         "the layers before included; the numbers are in the table below",
                         n, most);
    for (int i = 0; i < n; i++) {
        bool exact = !isfinite(e[i].sqnr_db);
        double db = exact ? most : fmax(e[i].sqnr_db, 0);
        bar_name(&c, i, e[i].op->name);
        bar(&c, exact ? "f2" : "f0", i, 0, db,
            exact ? arena_printf(a, "%s: exact", e[i].op->name)
                  : arena_printf(a, "%s: %.1f dB", e[i].op->name, e[i].sqnr_db));
    }
    chart_axis_x(&c, "dB, more is better");
    chart_end(&c, "In the quantized net, errors of the layers before included.");
}

void report_errors(page *p, const net *n, const layer_error *e)
{
    static const char *const heads[] = {
        "layer", ">SQNR, dB",      ">clipped", ">weights", ">codes of the result",
        ">both", "what would help"};
    int layers = n->prepared->ops.n;
    page_section(p, "errors", "Error, layer by layer");
    page_text(p, "Each layer's weights, and the codes of its result, were quantized alone in the "
                 "float net: what that did to the outputs, over the sum of all, is its share. "
                 "What would help was tried, not guessed.");
    for (int i = 0; i < layers; i++)
        if (e[i].advice)
            page_note(p, "%s", e[i].advice);
    page_cards(p);
    share_chart(p, e, layers);
    sqnr_chart(p, e, layers);
    page_cards_end(p);
    page_table(p, "Errors in numbers", false, heads, 7);
    for (int i = 0; i < layers; i++) {
        page_cell(p, "%s", e[i].op->name);
        page_cell(p, isfinite(e[i].sqnr_db) ? "%.1f" : "exact", e[i].sqnr_db);
        page_cell(p, "%.3f %%", 100 * e[i].clipped);
        page_cell(p, "%.1f %%", 100 * e[i].weights);
        page_cell(p, "%.1f %%", 100 * e[i].activation);
        page_cell(p, "%.1f %%", 100 * (e[i].weights + e[i].activation));
        page_cell(p, "%s", e[i].advice ? e[i].advice : "");
    }
    page_table_end(p);
}

/* ---- rounding -------------------------------------------------------------------------------- */

static double ratio_db(double signal, double noise)
{
    return noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

void report_rounding(page *p, const net *n)
{
    static const char *const heads[] = {
        "layer", ">inputs", ">damping", ">nearest, dB", ">what was kept, dB", "kept"};
    if (n->rounding.n == 0)
        return;
    page_section(p, "rounding", "Rounding on the data");
    page_text(p,
              "Even calibration rows fit, odd rows judge: a layer's rounding and biases are kept "
              "only where the error of its outputs falls on the rows that judge.");
    page_table(p, "Rounding in numbers", false, heads, 6);
    for (int i = 0; i < n->rounding.n; i++) {
        const refined *r = &n->rounding.v[i];
        page_cell(p, "%s", r->layer);
        page_cell(p, "%d", r->inputs);
        page_cell(p, "%.3g", r->damping);
        page_cell(p, "%.1f", ratio_db(r->signal, r->before));
        page_cell(p, "%.1f", ratio_db(r->signal, r->after));
        page_cell(p, "%s%s%s%s", !r->rounded ? "" : r->learned ? "codes by AdaRound " : "codes by GPTQ ", r->matched ? "deviations " : "",
                  r->corrected ? "biases " : "",
                  r->skipped                                 ? "nearest: too many inputs"
                  : r->rounded || r->matched || r->corrected ? ""
                                                             : "nearest");
    }
    page_table_end(p);
}

/* ---- calibration rows ------------------------------------------------------------------------ */

void report_health(page *p, const health *h)
{
    static const char *const heads[] = {"activation", ">lowest", ">highest", ">codes that occur",
                                        ">clipped",   ">drift",  ">growth"};
    const char *words[HEALTH_WORDS];
    int n = health_words(p->ctx, h, words);
    page_section(p, "calibration", "Health of the calibration rows");
    page_text(p,
              "%lld rows. Drift: how far the extremes of the first and the second half lie apart, "
              "over the range. Growth: by how much the last quarter widened the range.",
              (long long)h->rows);
    for (int i = 0; i < n; i++)
        page_note(p, "%s", words[i]);
    if (n == 0)
        page_text(p, "Nothing stands out.");
    page_cards(p);
    chart c = bars_begin(p, "Codes that occur",
                         "The share of each activation's codes that the "
                         "calibration rows reach; the numbers are in the table below",
                         h->n, 100);
    for (int i = 0; i < h->n; i++) {
        bar_name(&c, i, h->v[i].t->name);
        bar(&c, "f0", i, 0, 100 * h->v[i].covered,
            arena_printf(p->ctx->a, "%s: %.1f %%", h->v[i].t->name, 100 * h->v[i].covered));
    }
    chart_axis_x(&c, "percent of the codes");
    chart_end(&c, "A grid much wider than its values leaves codes unused.");
    page_cards_end(p);
    page_table(p, "Calibration in numbers", false, heads, 7);
    for (int i = 0; i < h->n; i++) {
        const layer_health *l = &h->v[i];
        page_cell(p, "%s", l->t->name);
        page_cell(p, "%.5g", l->lo);
        page_cell(p, "%.5g", l->hi);
        page_cell(p, "%.1f %%", 100 * l->covered);
        page_cell(p, "%.3f %%", 100 * l->clipped);
        page_cell(p, "%.1f %%", 100 * l->drift);
        page_cell(p, "%.1f %%", 100 * l->growth);
    }
    page_table_end(p);
}
