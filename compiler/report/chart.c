/* chart.c - charts of a page as inline SVG. */
#include "compiler/report/chart.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, HEIGHT = 300, LEFT = 64, RIGHT = 16, TOP = 14, BOTTOM = 44, TICKS = 6 };

double chart_x(const chart *c, double x)
{
    return c->left + (x - c->x0) / (c->x1 - c->x0) * (c->w - c->left - c->right);
}

double chart_y(const chart *c, double y)
{
    return c->h - c->bottom - (y - c->y0) / (c->y1 - c->y0) * (c->h - c->top - c->bottom);
}

/* ---- the figure ------------------------------------------------------------------------------ */

chart chart_begin(page *p, const chart_frame *f)
{
    chart c = {.p = p,
               .w = f->w > 0 ? f->w : WIDTH,
               .h = f->h > 0 ? f->h : HEIGHT,
               .left = f->left > 0 ? f->left : LEFT,
               .right = RIGHT,
               .top = TOP,
               .bottom = BOTTOM,
               .x0 = f->x0,
               .x1 = f->x1,
               .y0 = f->y0,
               .y1 = f->y1};
    buf *b = &p->b;
    int id = ++p->charts;
    buf_printf(b,
               "<figure>%s<svg viewBox=\"0 0 %g %g\" role=\"img\" "
               "aria-labelledby=\"t%d d%d\"><title id=\"t%d\">",
               f->small ? "" : "<div class=\"scroll\" tabindex=\"0\">", c.w, c.h, id, id, id);
    html_text(b, f->title);
    buf_printf(b, "</title><desc id=\"d%d\">", id);
    html_text(b, f->description);
    buf_puts(b, "</desc>\n");
    c.small = f->small;
    c.title = f->title;
    return c;
}

void chart_end(chart *c, const char *fmt, ...)
{
    buf *b = &c->p->b;
    va_list ap;
    va_start(ap, fmt);
    buf_printf(b, "</svg>%s<figcaption><b>", c->small ? "" : "</div>");
    html_text(b, c->title);
    buf_puts(b, "</b> ");
    html_vprintf(b, fmt, ap);
    buf_puts(b, "</figcaption></figure>\n");
    va_end(ap);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

void chart_rect(chart *c, const char *class, double x0, double y0, double x1, double y1,
                const char *tip)
{
    double ax = chart_x(c, fmin(x0, x1)), bx = chart_x(c, fmax(x0, x1));
    double ay = chart_y(c, fmax(y0, y1)), by = chart_y(c, fmin(y0, y1));
    buf *b = &c->p->b;
    buf_printf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", class,
               ax, ay, bx - ax, by - ay);
    if (tip) {
        buf_puts(b, "><title>");
        html_text(b, tip);
        buf_puts(b, "</title></rect>\n");
    } else {
        buf_puts(b, "/>\n");
    }
}

void chart_rule(chart *c, const char *class, double x0, double y0, double x1, double y1)
{
    buf_printf(&c->p->b, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, chart_x(c, x0),
               chart_y(c, y0), chart_x(c, x1), chart_y(c, y1));
}

void chart_dot(chart *c, const char *class, double x, double y, const char *tip)
{
    buf *b = &c->p->b;
    buf_printf(b, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"><title>", class,
               chart_x(c, x), chart_y(c, y));
    html_text(b, tip);
    buf_puts(b, "</title></circle>\n");
}

void chart_label(chart *c, const char *class, const char *anchor, double x, double y,
                 const char *fmt, ...)
{
    buf *b = &c->p->b;
    va_list ap;
    va_start(ap, fmt);
    buf_printf(b, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, anchor, x,
               y);
    html_vprintf(b, fmt, ap);
    buf_puts(b, "</text>\n");
    va_end(ap);
}

/* ---- axes ------------------------------------------------------------------------------------ */

/* 1, 2 or 5 times a power of ten, so that about TICKS of them fit. */
static double step_for(double span)
{
    double raw = span / TICKS, unit = pow(10, floor(log10(raw))), n = raw / unit;
    return (n <= 1 ? 1 : n <= 2 ? 2 : n <= 5 ? 5 : 10) * unit;
}

void chart_base(chart *c)
{
    chart_rule(c, "axis", c->x0, c->y0, c->x1, c->y0);
}

void chart_axis_x(chart *c, const char *label)
{
    double step = step_for(c->x1 - c->x0), foot = c->h - c->bottom;
    chart_base(c);
    for (double k = ceil(c->x0 / step - 1e-9); k * step <= c->x1 + step * 1e-9; k++) {
        double at = chart_x(c, k * step);
        buf_printf(&c->p->b, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>\n", at, foot);
        chart_label(c, "dim", "middle", at, foot + 18, "%.6g", k * step + 0.0);
    }
    chart_label(c, "dim", "middle", (c->left + c->w - c->right) / 2, c->h - 8, "%s", label);
}

void chart_axis_y(chart *c, const char *label)
{
    double step = step_for(c->y1 - c->y0);
    for (double k = ceil(c->y0 / step - 1e-9); k * step <= c->y1 + step * 1e-9; k++) {
        chart_rule(c, "rule", c->x0, k * step, c->x1, k * step);
        chart_label(c, "dim", "end", c->left - 6, chart_y(c, k * step) + 4, "%.6g", k * step + 0.0);
    }
    buf_printf(&c->p->b, "<g transform=\"translate(13 %.1f) rotate(-90)\">",
               (c->top + c->h - c->bottom) / 2);
    chart_label(c, "dim", "middle", 0, 0, "%s", label);
    buf_puts(&c->p->b, "</g>\n");
}
