/* chart_lines.c - series of points over one x: training curves, trade-offs. */
#include <math.h>
#include <stdio.h>

#include "compiler/report/chart.h"

static void widen(double v, double *lo, double *hi)
{
    if (!isfinite(v))
        return;
    *lo = fmin(*lo, v);
    *hi = fmax(*hi, v);
}

/* A little room around the points; an axis of one value gets a unit. */
static void loosen(double *lo, double *hi)
{
    double room = *hi > *lo ? (*hi - *lo) * 0.05 : fmax(fabs(*hi) * 0.05, 0.5);
    bool positive = *lo >= 0;
    *lo -= room;
    *hi += room;
    if (positive && *lo < 0)
        *lo = 0;
}

static void draw_line(chart *c, const chart_series *s, int colour)
{
    buf *b = &c->p->b;
    bool drawing = false;
    buf_printf(b, "<path class=\"line l%d\" d=\"", colour);
    for (int i = 0; i < s->n; i++) {
        bool there = isfinite(s->x[i]) && isfinite(s->y[i]);
        if (there)
            buf_printf(b, "%s%.1f %.1f", drawing ? "L" : "M", chart_x(c, s->x[i]),
                       chart_y(c, s->y[i]));
        drawing = there;
    }
    buf_puts(b, "\"/>\n");
}

static void draw_dots(chart *c, const chart_series *s, int colour)
{
    arena *a = c->p->ctx->a;
    for (int i = 0; i < s->n; i++)
        if (isfinite(s->x[i]) && isfinite(s->y[i]))
            chart_dot(c, arena_printf(a, "f%d", colour), s->x[i], s->y[i],
                      arena_printf(a, "%s: %.6g, %.6g", s->name, s->x[i], s->y[i]));
}

enum { HEIGHT = 300, LEGEND_LINE = 17 };

/* Above the area, where no line runs: the frame has that much more room at its top. */
static void draw_legend(chart *c, const chart_series *series, int n)
{
    buf *b = &c->p->b;
    for (int i = 0; i < n; i++) {
        double y = c->top - LEGEND_LINE * (n - i) + 6, x = c->w - c->right - 12;
        buf_printf(b, "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>\n",
                   i % CHART_COLOURS, x, y - 9);
        chart_label(c, "halo", "end", x - 6, y, "%s", series[i].name);
    }
}

static void list_points(page *p, const char *title, const char *x_label, const char *y_label,
                        const chart_series *series, int n)
{
    arena *a = p->ctx->a;
    const char *heads[3] = {"series", arena_printf(a, ">%s", x_label),
                            arena_printf(a, ">%s", y_label)};
    page_table(p, arena_printf(a, "%s, in numbers", title), true, heads, 3);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < series[i].n; k++) {
            page_cell(p, "%s", series[i].name);
            page_cell(p, "%.6g", series[i].x[k]);
            page_cell(p, isfinite(series[i].y[k]) ? "%.6g" : "-", series[i].y[k]);
        }
    page_table_end(p);
}

void chart_lines(page *p, const char *title, const char *description, const char *x_label,
                 const char *y_label, const chart_series *series, int n)
{
    chart_frame f = {.title = title,
                     .description = description,
                     .h = HEIGHT + LEGEND_LINE * n,
                     .x0 = INFINITY,
                     .x1 = -INFINITY,
                     .y0 = INFINITY,
                     .y1 = -INFINITY};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < series[i].n; k++) {
            widen(series[i].x[k], &f.x0, &f.x1);
            widen(series[i].y[k], &f.y0, &f.y1);
        }
    if (!(f.x0 <= f.x1 && f.y0 <= f.y1))
        return;
    loosen(&f.x0, &f.x1);
    loosen(&f.y0, &f.y1);
    chart c = chart_begin(p, &f);
    c.top += LEGEND_LINE * n;
    chart_axis_y(&c, y_label);
    chart_axis_x(&c, x_label);
    for (int i = 0; i < n; i++)
        (series[i].dots ? draw_dots : draw_line)(&c, &series[i], i % CHART_COLOURS);
    draw_legend(&c, series, n);
    chart_end(&c, "%s", description);
    list_points(p, title, x_label, y_label, series, n);
}
