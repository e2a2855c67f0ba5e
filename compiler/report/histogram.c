/* histogram.c - values of a tensor, counted on its grid. */
#include "compiler/report/histogram.h"

#include <math.h>

#include "compiler/quant/grid.h"

/* About so many bins lie on the grid; beyond it a quarter as many on either side. */
enum { BINS = 72 };
#define BEYOND 0.25

/* ---- positions ------------------------------------------------------------------------------- */

static int code_step(const ir_quant *q)
{
    return quant_is_odd_midpoint(q) ? 2 : 1;
}

static int32_t levels_of(const ir_quant *q)
{
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    return (hi - lo) / code_step(q) + 1;
}

static double position(const ir_quant *q, int c, double v)
{
    double level = v / (double)q->scale[q->n > 1 ? c : 0];
    int32_t lo, hi;
    if (q->scheme == IR_Q_CODEBOOK)
        return level;
    quant_code_range(q, &lo, &hi);
    int32_t from = quant_level(q, c, lo), step = quant_level(q, c, lo + code_step(q)) - from;
    return (level - from) / step;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Bins that begin and end where intervals do. */
static void bins_of_uniform(histogram *h)
{
    int32_t n = levels_of(h->q), wide = (n + BINS - 1) / BINS, fine = BINS / n < 1 ? 1 : BINS / n;
    double margin = ceil(n * BEYOND / wide) * wide;
    h->first = 0;
    h->last = n - 1;
    h->width = (double)wide / fine;
    h->begin = -0.5 - margin;
    h->n = (int)ceil((n + 2 * margin) / h->width);
}

static void bins_of_codebook(histogram *h)
{
    const ir_quant *q = h->q;
    int64_t all = (int64_t)q->entries * (q->table_per_channel ? q->n : 1);
    h->first = h->last = q->table[0];
    for (int64_t i = 1; i < all; i++) {
        h->first = fmin(h->first, q->table[i]);
        h->last = fmax(h->last, q->table[i]);
    }
    double span = fmax(h->last - h->first, 1);
    h->width = span / BINS;
    h->begin = h->first - BEYOND * span;
    h->n = (int)(BINS * (1 + 2 * BEYOND));
}

histogram *histogram_new(qctx *ctx, const char *name, const ir_quant *q, bool activation)
{
    histogram *h = ARENA_NEW(ctx->a, histogram);
    h->name = name;
    h->q = q;
    h->activation = activation;
    if (q->scheme == IR_Q_CODEBOOK)
        bins_of_codebook(h);
    else
        bins_of_uniform(h);
    h->count = ARENA_ARRAY(ctx->a, int64_t, h->n);
    return h;
}

void histogram_add(histogram *h, int c, double v)
{
    bool clipped = false;
    double d = v - quant_value(h->q, c, quant_encode(h->q, c, v, &clipped));
    h->lo = h->values ? fmin(h->lo, v) : v;
    h->hi = h->values ? fmax(h->hi, v) : v;
    h->values++;
    h->clipped += clipped;
    h->signal += v * v;
    h->noise += d * d;
    if (h->activation && v == 0) {
        h->zeros++;
        return;
    }
    double at = floor((position(h->q, c, v) - h->begin) / h->width);
    if (at < 0)
        h->below++;
    else if (at >= h->n)
        h->above++;
    else
        h->count[(int)at]++;
}

const char *histogram_grid(qctx *ctx, const ir_quant *q)
{
    const char *scales = q->n > 1 ? "per channel" : "per tensor";
    if (q->scheme == IR_Q_CODEBOOK)
        return arena_printf(ctx->a, "codebook of %d entries, %d bits, scale %s, table per %s",
                            q->entries, q->bits, scales,
                            q->table_per_channel ? "channel" : "layer");
    return arena_printf(
        ctx->a, "%d bits, %s%s%s, %s", q->bits, q->symmetric ? "symmetric" : "asymmetric",
        q->grid == IR_GRID_MIDPOINT ? ", midpoint" : "", q->pow2 ? ", powers of two" : "", scales);
}

/* ---- the table ------------------------------------------------------------------------------- */

void histogram_table(page *p, const char *caption, histogram *const *h, int n)
{
    static const char *const heads[] = {
        "tensor",   "grid",         ">values",  ">lowest",
        ">highest", ">exact zeros", ">clipped", ">rounding, SQNR dB"};
    page_table(p, caption, true, heads, 8);
    for (int i = 0; i < n; i++) {
        const histogram *t = h[i];
        page_cell(p, "%s", t->name);
        page_cell(p, "%s", histogram_grid(p->ctx, t->q));
        page_cell(p, "%lld", (long long)t->values);
        page_cell(p, "%.5g", t->lo);
        page_cell(p, "%.5g", t->hi);
        page_cell(p, t->activation ? "%.1f %%" : "-", 100.0 * (double)t->zeros / (double)t->values);
        page_cell(p, "%.3f %%", 100.0 * (double)t->clipped / (double)t->values);
        page_cell(p, t->noise > 0 ? "%.1f" : "exact", 10 * log10(t->signal / t->noise));
    }
    page_table_end(p);
}
