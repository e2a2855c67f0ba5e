/* chart.h - charts of a page as inline SVG: a plotting area with axes, and what is drawn in it.
 *
 * Each chart is a figure with a title, a description for those who do not see it, and a caption.
 * What it shows in numbers belongs in a table beside it. Coordinates are data's; classes of shapes
 * are those of page_style.c: bar, out, f0 … f5 (fills), l0 … l5 (lines). */
#ifndef QCC_REPORT_CHART_H
#define QCC_REPORT_CHART_H

#include "compiler/report/page.h"

enum { CHART_COLOURS = 6 };

/* A plotting area; the frame around it leaves room for the numbers of the axes. */
typedef struct chart {
    page *p;
    double w, h, left, right, top, bottom; /* of the figure, and its margins */
    double x0, x1, y0, y1;                 /* data at the edges of the area */
    const char *title;
    bool small;
} chart;

typedef struct chart_frame {
    const char *title, *description; /* description: what is to be seen, in words */
    double w, h;                     /* 0: 720 x 300 */
    double x0, x1, y0, y1;           /* x0 < x1, y0 < y1 */
    double left;                     /* margin for the numbers of y; 0: 64 */
    bool small;                      /* one of several side by side: never scrolls */
} chart_frame;

chart chart_begin(page *p, const chart_frame *f);
/* fmt: the caption below. */
void chart_end(chart *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

double chart_x(const chart *c, double x); /* data to figure */
double chart_y(const chart *c, double y);

/* Ticks at round numbers, with their values and what they are of; rules across for y. */
void chart_axis_x(chart *c, const char *label);
void chart_axis_y(chart *c, const char *label);
/* The line at the foot of the area, without numbers. */
void chart_base(chart *c);
/* A rectangle between data coordinates; tip (or NULL): shown where the pointer rests. */
void chart_rect(chart *c, const char *class, double x0, double y0, double x1, double y1,
                const char *tip);
/* A line between data coordinates. */
void chart_rule(chart *c, const char *class, double x0, double y0, double x1, double y1);
void chart_dot(chart *c, const char *class, double x, double y, const char *tip);
/* Text at a place of the figure (not of the data); anchor: start, middle, end. */
void chart_label(chart *c, const char *class, const char *anchor, double x, double y,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* A series of points: a line, or dots where `dots`. NaN in y leaves a gap. */
typedef struct chart_series {
    const char *name;
    const double *x, *y;
    int n;
    bool dots;
} chart_series;
/* A whole figure of series over one x, with a legend and axes that fit; the table behind it lists
 * all points. Nothing where no point is finite. */
void chart_lines(page *p, const char *title, const char *description, const char *x_label,
                 const char *y_label, const chart_series *series, int n);

#endif
