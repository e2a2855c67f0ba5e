/* section_values.c - the report's sections on weights and activations: histograms on their grids.
 */
#include "compiler/quant/grid.h"
#include "compiler/quant/rows.h"
#include "compiler/report/histogram.h"
#include "compiler/report/sections.h"
#include "runtime/interp.h"

static const char reading[] = "Bars are counts, as square roots, so that rare values show. Ochre: "
                              "the levels (lines, or ticks "
                              "below where there are many). Dashed red: the outermost intervals; "
                              "what lies beyond, shaded, is "
                              "clipped to the last level, and drawn red.";

/* ---- weights --------------------------------------------------------------------------------- */

static histogram *of_weights(qctx *ctx, const ir_tensor *f, const ir_tensor *q)
{
    histogram *h = histogram_new(ctx, f->name, q->quant, false);
    for (int64_t i = 0; i < ir_elems(&f->shape); i++)
        histogram_add(h, quant_channel(q->quant, &q->shape, i),
                      (double)((const float *)f->data)[i]);
    return h;
}

void report_weights(page *p, const net *n)
{
    const ir_graph *f = n->prepared, *q = n->quantized;
    VEC(histogram *) all = {0};
    for (int i = 0; i < f->ops.n; i++) {
        const ir_tensor *w = ir_weight(f->ops.v[i]);
        if (w && w->kind == IR_CONST && w->data && q->tensors.v[w->id]->quant)
            *VEC_PUSH(p->ctx->a, &all) = of_weights(p->ctx, w, q->tensors.v[w->id]);
    }
    if (all.n == 0)
        return;
    page_section(p, "weights", "Weights on their grids");
    page_text(p, "%s", reading);
    if (n->saved)
        page_text(p, "A saved pair keeps no float weights: these are its levels.");
    page_cards(p);
    for (int i = 0; i < all.n; i++)
        histogram_draw(p, all.v[i]);
    page_cards_end(p);
    histogram_table(p, "Weights in numbers", all.v, all.n);
}

/* ---- activations ----------------------------------------------------------------------------- */

typedef struct collector {
    histogram **of; /* by tensor */
} collector;

static void collect(collector *c, const ir_tensor *t, const float *v)
{
    for (int64_t i = 0; c->of[t->id] && i < ir_elems(&t->shape); i++)
        histogram_add(c->of[t->id], 0, (double)v[i]);
}

static void collect_result(void *user, const ir_op *op, const ir_tensor *out, const void *data)
{
    (void)op;
    collect(user, out, data);
}

static void run_rows(page *p, const ir_graph *g, calib_rows *rows, collector *c)
{
    arena *a = p->ctx->a;
    interp *it = interp_new(p->ctx, g);
    float **in = ARENA_ARRAY(a, float *, g->inputs.n);
    void **out = ARENA_ARRAY(a, void *, g->outputs.n);
    for (int k = 0; k < g->inputs.n; k++)
        in[k] = ARENA_ARRAY(a, float, ir_elems(&g->inputs.v[k]->shape));
    for (int k = 0; k < g->outputs.n; k++)
        out[k] = ARENA_ARRAY(a, float, ir_elems(&g->outputs.v[k]->shape));
    interp_set_hook(it, collect_result, c);
    for (int64_t row = 0; row < rows->n; row++) {
        for (int k = 0; k < g->inputs.n; k++) {
            rows_read(rows, k, row, in[k]);
            collect(c, g->inputs.v[k], in[k]);
        }
        interp_run(it, (const void *const *)in, out);
    }
}

bool report_activations(page *p, const net *n, const port_map *ports)
{
    const ir_graph *f = n->prepared, *q = n->quantized;
    collector c = {ARENA_ARRAY(p->ctx->a, histogram *, f->tensors.n)};
    VEC(histogram *) all = {0};
    calib_rows rows;
    int diags = p->ctx->diags.n, warnings = p->ctx->warnings;
    if (!rows_open(p->ctx, f, ports, &rows))
        return false;
    p->ctx->diags.n = diags; /* missing data was said when it was calibrated */
    p->ctx->warnings = warnings;
    for (int i = 0; i < f->tensors.n; i++) {
        const ir_tensor *t = f->tensors.v[i];
        if (t->kind != IR_CONST && q->tensors.v[i]->quant)
            c.of[i] = histogram_new(p->ctx, t->name, q->tensors.v[i]->quant, true);
    }
    run_rows(p, f, &rows, &c);
    for (int i = 0; i < f->tensors.n; i++)
        if (c.of[i] && c.of[i]->values)
            *VEC_PUSH(p->ctx->a, &all) = c.of[i];
    page_section(p, "activations", "Activations on their grids");
    page_text(p, "%lld calibration rows in the float net%s. %s", (long long)rows.n,
              ports ? "" : ", of noise, as no data was given", reading);
    page_cards(p);
    for (int i = 0; i < all.n; i++)
        histogram_draw(p, all.v[i]);
    page_cards_end(p);
    histogram_table(p, "Activations in numbers", all.v, all.n);
    return true;
}
