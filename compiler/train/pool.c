/* pool.c - max and average pools. The gradient of a maximum goes to its first cell. */
#include <string.h>

#include "compiler/train/internal.h"

typedef struct window {
    int h, w, c, oh, ow, kh, kw, sy, sx, top, left;
    bool count_all;
    int bottom_edge, right_edge; /* of the padded input: cells beyond count nowhere */
} window;

static window window_of(const tnode *n)
{
    const int32_t *x = n->in_shape[0]->dim, *y = n->op->out[0]->shape.dim;
    const ir_attrs *at = &n->op->at;
    return (window){.h = x[0], .w = x[1], .c = x[2], .oh = y[0], .ow = y[1], .kh = at->kernel[0],
                    .kw = at->kernel[1], .sy = at->stride[0], .sx = at->stride[1],
                    .top = at->pad[0], .left = at->pad[2], .count_all = at->count_all,
                    .bottom_edge = x[0] + at->pad[1], .right_edge = x[1] + at->pad[3]};
}

/* Cells of the input under output place (oy, ox): [y0, y1) × [x0, x1). */
typedef struct span {
    int y0, y1, x0, x1;
} span;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static span span_of(const window *p, int oy, int ox)
{
    int y = oy * p->sy - p->top, x = ox * p->sx - p->left;
    return (span){larger(y, 0), smaller(y + p->kh, p->h), larger(x, 0), smaller(x + p->kw, p->w)};
}

static bool is_empty(const span *s)
{
    return s->y1 <= s->y0 || s->x1 <= s->x0;
}

/* What an average divides by; an empty window has no cell to divide. */
static int divisor(const window *p, int oy, int ox, const span *s)
{
    if (!p->count_all)
        return (s->y1 - s->y0) * (s->x1 - s->x0);
    int y = oy * p->sy - p->top, x = ox * p->sx - p->left;
    return (smaller(y + p->kh, p->bottom_edge) - y) * (smaller(x + p->kw, p->right_edge) - x);
}

TRAIN_CLONES
static void max_row(const window *p, const float *x, float *restrict y)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++, y += p->c) {
            span s = span_of(p, oy, ox);
            if (is_empty(&s)) {
                memset(y, 0, (size_t)p->c * sizeof *y);
                continue;
            }
            memcpy(y, x + ((int64_t)s.y0 * p->w + s.x0) * p->c, (size_t)p->c * sizeof *y);
            for (int iy = s.y0; iy < s.y1; iy++)
                for (int ix = s.x0; ix < s.x1; ix++) {
                    const float *v = x + ((int64_t)iy * p->w + ix) * p->c;
                    for (int c = 0; c < p->c; c++)
                        y[c] = v[c] > y[c] ? v[c] : y[c];
                }
        }
}

void maxpool_forward(const tcall *c)
{
    window p = window_of(c->node);
    for (int r = 0; r < c->rows; r++)
        max_row(&p, c->x[0] + r * c->node->in[0]->n, c->y + r * c->node->out->n);
}

static void max_back(const window *p, const float *x, const float *dy, float *dx)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++, dy += p->c) {
            span s = span_of(p, oy, ox);
            for (int c = 0; c < p->c && !is_empty(&s); c++) {
                int64_t best = ((int64_t)s.y0 * p->w + s.x0) * p->c + c;
                for (int iy = s.y0; iy < s.y1; iy++)
                    for (int ix = s.x0; ix < s.x1; ix++) {
                        int64_t i = ((int64_t)iy * p->w + ix) * p->c + c;
                        best = x[i] > x[best] ? i : best;
                    }
                dx[best] += dy[c];
            }
        }
}

void maxpool_backward(const tcall *c)
{
    window p = window_of(c->node);
    int64_t xn = c->node->in[0]->n;
    if (!c->dx[0])
        return;
    train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++)
        max_back(&p, c->x[0] + r * xn, c->dy + r * c->node->out->n, c->dx[0] + r * xn);
}

static void average_row(const window *p, const float *x, float *y)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++, y += p->c) {
            span s = span_of(p, oy, ox);
            float share = 1 / (float)divisor(p, oy, ox, &s);
            for (int c = 0; c < p->c; c++)
                y[c] = 0;
            for (int iy = s.y0; iy < s.y1; iy++)
                for (int ix = s.x0; ix < s.x1; ix++)
                    for (int c = 0; c < p->c; c++)
                        y[c] += share * x[((int64_t)iy * p->w + ix) * p->c + c];
        }
}

void avgpool_forward(const tcall *c)
{
    window p = window_of(c->node);
    for (int r = 0; r < c->rows; r++)
        average_row(&p, c->x[0] + r * c->node->in[0]->n, c->y + r * c->node->out->n);
}

static void average_back(const window *p, const float *dy, float *dx)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++, dy += p->c) {
            span s = span_of(p, oy, ox);
            float share = 1 / (float)divisor(p, oy, ox, &s);
            for (int iy = s.y0; iy < s.y1; iy++)
                for (int ix = s.x0; ix < s.x1; ix++)
                    for (int c = 0; c < p->c; c++)
                        dx[((int64_t)iy * p->w + ix) * p->c + c] += share * dy[c];
        }
}

void avgpool_backward(const tcall *c)
{
    window p = window_of(c->node);
    int64_t xn = c->node->in[0]->n;
    if (!c->dx[0])
        return;
    train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++)
        average_back(&p, c->dy + r * c->node->out->n, c->dx[0] + r * xn);
}

/* ---- global -------------------------------------------------------------------------------- */

void global_avg_forward(const tcall *c)
{
    int64_t n = c->node->out->n, cells = c->node->in[0]->n / n;
    float share = 1 / (float)cells;
    const float *x = c->x[0];
    float *y = c->y;
    for (int r = 0; r < c->rows; r++, y += n) {
        memset(y, 0, (size_t)n * sizeof *y);
        for (int64_t i = 0; i < cells; i++, x += n)
            for (int64_t k = 0; k < n; k++)
                y[k] += share * x[k];
    }
}

void global_avg_backward(const tcall *c)
{
    int64_t n = c->node->out->n, cells = c->node->in[0]->n / n;
    float share = 1 / (float)cells;
    float *dx = c->dx[0];
    for (int r = 0; r < c->rows && dx; r++)
        for (int64_t i = 0; i < cells; i++, dx += n)
            for (int64_t k = 0; k < n; k++)
                dx[k] = share * c->dy[r * n + k];
}

/* Place of the first maximum of channel k. */
static int64_t best_cell(const float *x, int64_t n, int64_t cells, int64_t k)
{
    int64_t best = 0;
    for (int64_t i = 1; i < cells; i++)
        best = x[i * n + k] > x[best * n + k] ? i : best;
    return best * n + k;
}

void global_max_forward(const tcall *c)
{
    int64_t n = c->node->out->n, xn = c->node->in[0]->n;
    for (int r = 0; r < c->rows; r++)
        for (int64_t k = 0; k < n; k++)
            c->y[r * n + k] = c->x[0][r * xn + best_cell(c->x[0] + r * xn, n, xn / n, k)];
}

void global_max_backward(const tcall *c)
{
    int64_t n = c->node->out->n, xn = c->node->in[0]->n;
    if (!c->dx[0])
        return;
    train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++)
        for (int64_t k = 0; k < n; k++)
            c->dx[0][r * xn + best_cell(c->x[0] + r * xn, n, xn / n, k)] += c->dy[r * n + k];
}
