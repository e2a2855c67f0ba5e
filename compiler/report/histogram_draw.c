/* histogram_draw.c - the chart of a histogram with its grid: levels, outermost intervals, what is
 * clipped. */
#include <math.h>

#include "compiler/quant/grid.h"
#include "compiler/report/chart.h"
#include "compiler/report/histogram.h"

/* Up to so many levels are lines over the whole height; above, short ticks, thinned out. */
enum { MOST_LINES = 32, MOST_TICKS = 256, SMALL_W = 400, SMALL_H = 190 };

/* The outermost borders: half an interval beyond the levels, the entries themselves of a codebook.
 */
static void borders(const histogram *h, double *lo, double *hi)
{
    double half = h->q->scheme == IR_Q_CODEBOOK ? 0 : 0.5;
    *lo = h->first - half;
    *hi = h->last + half;
}

/* Heights are square roots of shares, so that rare values show beside frequent ones. */
static double height(const histogram *h, int64_t count)
{
    return sqrt((double)count / (double)h->values);
}

/* The bins that the figure shows: the grid and all bins that hold something. */
static void visible(const histogram *h, double *x0, double *x1, double *top)
{
    double lo, hi;
    borders(h, &lo, &hi);
    double pad = (hi - lo) * 0.03;
    *x0 = lo - pad;
    *x1 = hi + pad;
    *top = 0;
    for (int i = 0; i < h->n; i++) {
        if (!h->count[i])
            continue;
        *x0 = fmin(*x0, h->begin + i * h->width - pad / 2);
        *x1 = fmax(*x1, h->begin + (i + 1) * h->width + pad / 2);
        *top = fmax(*top, height(h, h->count[i]));
    }
}

static void draw_bars(chart *c, const histogram *h)
{
    double lo, hi;
    borders(h, &lo, &hi);
    for (int i = 0; i < h->n; i++) {
        double from = h->begin + i * h->width, centre = from + h->width / 2;
        if (h->count[i])
            chart_rect(c, centre < lo || centre > hi ? "out" : "bar", from, 0, from + h->width,
                       height(h, h->count[i]), NULL);
    }
}

static void draw_levels(chart *c, const histogram *h)
{
    const ir_quant *q = h->q;
    buf *b = &c->p->b;
    bool codebook = q->scheme == IR_Q_CODEBOOK;
    int64_t n = codebook ? (int64_t)q->entries * (q->table_per_channel ? q->n : 1)
                         : (int64_t)(h->last - h->first) + 1;
    int64_t every = codebook ? 1 : (n + MOST_TICKS - 1) / MOST_TICKS;
    double foot = c->h - c->bottom, length = n <= MOST_LINES ? foot - c->top : 6;
    buf_puts(b, "<path class=\"level\" d=\"");
    for (int64_t i = 0; i < n && i < MOST_TICKS * every; i += every)
        buf_printf(b, "M%.1f %.1fv-%.1f", chart_x(c, codebook ? q->table[i] : (double)i), foot,
                   length);
    buf_puts(b, "\"/>\n");
}

/* What lies beyond the outermost intervals gets the last level: shaded. */
static void draw_clipping(chart *c, const histogram *h)
{
    double lo, hi;
    borders(h, &lo, &hi);
    chart_rect(c, "beyond", c->x0, 0, lo, c->y1, NULL);
    chart_rect(c, "beyond", hi, 0, c->x1, c->y1, NULL);
    chart_rule(c, "edge", lo, 0, lo, c->y1);
    chart_rule(c, "edge", hi, 0, hi, c->y1);
}

/* Reals where the tensor has one scale, else levels of each channel's own. */
static void draw_numbers(chart *c, const histogram *h)
{
    const ir_quant *q = h->q;
    double y = c->h - c->bottom + 16;
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    bool reals = q->n == 1 && !(q->scheme == IR_Q_CODEBOOK && q->table_per_channel);
    double scale = reals ? (double)q->scale[0] : 1;
    double from = q->scheme == IR_Q_CODEBOOK ? h->first : quant_level(q, 0, lo);
    double to = q->scheme == IR_Q_CODEBOOK ? h->last : quant_level(q, 0, hi);
    double zero = h->first + (0 - from) / (to - from) * (h->last - h->first);
    chart_label(c, "dim", "middle", chart_x(c, h->first), y, "%.4g", from * scale);
    chart_label(c, "dim", "middle", chart_x(c, h->last), y, "%.4g", to * scale);
    double span = h->last - h->first;
    if (zero > h->first + 0.15 * span && zero < h->last - 0.15 * span)
        chart_label(c, "dim", "middle", chart_x(c, zero), y, "0");
    chart_label(c, "dim", "middle", c->w / 2, c->h - 4, "%s",
                reals           ? "value"
                : h->activation ? "value"
                                : "weight over its channel's scale");
}

static const char *describe(page *p, const histogram *h)
{
    return arena_printf(
        p->ctx->a, "%lld values from %.4g to %.4g on a grid of %s, of which %.3g %% are clipped%s",
        (long long)h->values, h->lo, h->hi, histogram_grid(p->ctx, h->q),
        100.0 * (double)h->clipped / (double)h->values,
        h->zeros ? arena_printf(p->ctx->a, "; %.3g %% are exactly 0 and not drawn",
                                100.0 * (double)h->zeros / (double)h->values)
                 : "");
}

void histogram_draw(page *p, const histogram *h)
{
    chart_frame f = {.title = h->name,
                     .description = describe(p, h),
                     .w = SMALL_W,
                     .h = SMALL_H,
                     .left = 10,
                     .small = true};
    double top;
    if (!h->values)
        return;
    visible(h, &f.x0, &f.x1, &top);
    f.y1 = top > 0 ? top * 1.08 : 1;
    chart c = chart_begin(p, &f);
    draw_clipping(&c, h);
    draw_bars(&c, h);
    draw_levels(&c, h);
    chart_base(&c);
    draw_numbers(&c, h);
    chart_end(&c, "%s%s", f.description,
              h->below + h->above ? arena_printf(p->ctx->a, "; %lld lie beyond the figure",
                                                 (long long)(h->below + h->above))
                                  : "");
}
