/* conv.c - convolution over im2col (Chellapilla et al. 2006) and GEMM, group by group.
 *
 * One row at a time: its windows are laid side by side, [places][kh·kw·C/groups], and multiplied
 * with the filters. Kernels of 1×1 at stride 1 without pads need no laying out. Windows of one
 * channel are short: there each cell of the kernel has its row, [kh·kw][places], of long runs. */
#include "compiler/train/internal.h"

typedef struct geometry {
    int h, w, c, oh, ow, o;   /* input, output */
    int kh, kw, sy, sx, dy, dx, top, left;
    int groups, cg, og, k;    /* channels and filters of a group, terms of a window */
} geometry;

static geometry geometry_of(const tnode *n)
{
    const int32_t *x = n->in_shape[0]->dim, *w = n->in_shape[1]->dim, *y = n->op->out[0]->shape.dim;
    const ir_attrs *at = &n->op->at;
    geometry g = {.h = x[0], .w = x[1], .c = x[2], .oh = y[0], .ow = y[1], .o = y[2],
                  .kh = w[1], .kw = w[2], .sy = at->stride[0], .sx = at->stride[1],
                  .dy = at->dilation[0], .dx = at->dilation[1],
                  .top = at->pad[0], .left = at->pad[2], .cg = w[3]};
    g.groups = g.c / g.cg;
    g.og = g.o / g.groups;
    g.k = g.kh * g.kw * g.cg;
    return g;
}

static bool is_pointwise(const geometry *g)
{
    return g->kh == 1 && g->kw == 1 && g->sy == 1 && g->sx == 1 && g->oh == g->h && g->ow == g->w &&
           g->groups == 1;
}

static bool is_planar(const geometry *g)
{
    return g->c == 1;
}

bool conv_is_depthwise(const tnode *n)
{
    geometry g = geometry_of(n);
    return g.cg == 1 && g.og == 1;
}

void conv_prepare(tnode *n)
{
    if (conv_is_depthwise(n))
        depthwise_prepare(n);
}

/* One row of a window: its first cell (iy, ix), and whether it lies inside and in one run. */
typedef struct strip {
    int iy, ix;
    bool whole;
} strip;

static inline strip strip_of(const geometry *g, int oy, int ox, int ky)
{
    strip s = {oy * g->sy - g->top + ky * g->dy, ox * g->sx - g->left, false};
    s.whole = g->groups == 1 && g->dx == 1 && s.iy >= 0 && s.iy < g->h && s.ix >= 0 &&
              s.ix + g->kw <= g->w;
    return s;
}

/* Offset of cell kx of a strip in the input, or −1 outside. */
static inline int64_t cell_of(const geometry *g, const strip *s, int kx)
{
    int ix = s->ix + kx * g->dx;
    bool inside = s->iy >= 0 && s->iy < g->h && ix >= 0 && ix < g->w;
    return inside ? ((int64_t)s->iy * g->w + ix) * g->c : -1;
}

/* Windows of a row of the input, channels 0…cg of x, side by side in col. */
TRAIN_CLONES
static void gather(const geometry *g, const float *x, float *restrict col)
{
    int run = g->kw * g->cg;
    for (int oy = 0; oy < g->oh; oy++)
        for (int ox = 0; ox < g->ow; ox++)
            for (int ky = 0; ky < g->kh; ky++, col += run) {
                strip s = strip_of(g, oy, ox, ky);
                int64_t first = cell_of(g, &s, 0);
                for (int i = 0; i < run && s.whole; i++)
                    col[i] = x[first + i];
                for (int kx = 0; kx < g->kw && !s.whole; kx++) {
                    int64_t cell = cell_of(g, &s, kx);
                    for (int i = 0; i < g->cg; i++)
                        col[kx * g->cg + i] = cell < 0 ? 0 : x[cell + i];
                }
            }
}

/* The way back: col is added to the input's gradient. */
TRAIN_CLONES
static void scatter(const geometry *g, const float *restrict col, float *restrict dx)
{
    int run = g->kw * g->cg;
    for (int oy = 0; oy < g->oh; oy++)
        for (int ox = 0; ox < g->ow; ox++)
            for (int ky = 0; ky < g->kh; ky++, col += run) {
                strip s = strip_of(g, oy, ox, ky);
                int64_t first = cell_of(g, &s, 0);
                for (int i = 0; i < run && s.whole; i++)
                    dx[first + i] += col[i];
                for (int kx = 0; kx < g->kw && !s.whole; kx++) {
                    int64_t cell = cell_of(g, &s, kx);
                    for (int i = 0; i < g->cg && cell >= 0; i++)
                        dx[cell + i] += col[kx * g->cg + i];
                }
            }
}

/* Places of a row of the output, [*x0, *x1), whose cell kx lies inside. */
static void inside_of(const geometry *g, int kx, int *x0, int *x1)
{
    int first = g->left - kx * g->dx, last = g->w - 1 + first; /* of ox·sx */
    *x0 = first > 0 ? (first + g->sx - 1) / g->sx : 0;
    *x1 = last < 0 ? 0 : last / g->sx + 1;
    *x1 = *x1 < g->ow ? *x1 : g->ow;
    *x0 = *x0 < *x1 ? *x0 : *x1;
}

/* A row of a plane: the run of places [x0, x1) that lie inside, and what lies under the first of
 * them. */
typedef struct plane_row {
    int x0, x1;
    int64_t at;
} plane_row;

static inline plane_row row_of(const geometry *g, int k, int oy, int x0, int x1)
{
    int iy = oy * g->sy - g->top + k / g->kw * g->dy;
    bool inside = iy >= 0 && iy < g->h && x0 < x1;
    int64_t at = (int64_t)iy * g->w + k % g->kw * g->dx - g->left + (int64_t)x0 * g->sx;
    return inside ? (plane_row){x0, x1, at} : (plane_row){0, 0, 0};
}

/* Planes of a row of the input, one for each cell of the kernel, side by side in col. */
TRAIN_CLONES
static void gather_planes(const geometry *g, const float *x, float *restrict col)
{
    for (int k = 0; k < g->k; k++) {
        int x0, x1;
        inside_of(g, k % g->kw, &x0, &x1);
        for (int oy = 0; oy < g->oh; oy++, col += g->ow) {
            plane_row p = row_of(g, k, oy, x0, x1);
            for (int i = 0; i < p.x0; i++)
                col[i] = 0;
            for (int i = p.x0; i < p.x1; i++)
                col[i] = x[p.at + (i - p.x0) * g->sx];
            for (int i = p.x1; i < g->ow; i++)
                col[i] = 0;
        }
    }
}

/* The way back: col is added to the input's gradient. */
TRAIN_CLONES
static void scatter_planes(const geometry *g, const float *restrict col, float *restrict dx)
{
    for (int k = 0; k < g->k; k++) {
        int x0, x1;
        inside_of(g, k % g->kw, &x0, &x1);
        for (int oy = 0; oy < g->oh; oy++, col += g->ow) {
            plane_row p = row_of(g, k, oy, x0, x1);
            for (int i = p.x0; i < p.x1; i++)
                dx[p.at + (i - p.x0) * g->sx] += col[i];
        }
    }
}

int64_t conv_scratch(const tnode *n)
{
    geometry g = geometry_of(n);
    return conv_is_depthwise(n) || is_pointwise(&g) ? 0 : 2 * (int64_t)g.oh * g.ow * g.k;
}

void conv_forward(const tcall *c)
{
    geometry g = geometry_of(c->node);
    if (conv_is_depthwise(c->node)) {
        depthwise_forward(c);
        return;
    }
    int places = g.oh * g.ow;
    int64_t xn = c->node->in[0]->n, yn = c->node->out->n;
    if (is_pointwise(&g))
        train_gemm(false, true, places * c->rows, g.o, g.k, c->x[0], g.k, c->w, g.k, 0, c->y, g.o);
    for (int r = 0; r < c->rows && is_planar(&g) && !is_pointwise(&g); r++) {
        gather_planes(&g, c->x[0] + r * xn, c->scratch);
        train_gemm(true, true, places, g.o, g.k, c->scratch, places, c->w, g.k, 0, c->y + r * yn,
                   g.o);
    }
    for (int r = 0; r < c->rows && !is_planar(&g) && !is_pointwise(&g); r++)
        for (int q = 0; q < g.groups; q++) {
            gather(&g, c->x[0] + r * xn + (int64_t)q * g.cg, c->scratch);
            train_gemm(false, true, places, g.og, g.k, c->scratch, g.k,
                       c->w + (int64_t)q * g.og * g.k, g.k, 0, c->y + r * yn + (int64_t)q * g.og, g.o);
        }
    if (c->b)
        train_add_bias(c->y, (int64_t)c->rows * places, g.o, c->b);
}

static void backward_planes(const tcall *c, const geometry *g, const float *x, const float *dy,
                            float *dx)
{
    int places = g->oh * g->ow;
    float *col = c->scratch, *dcol = c->scratch + (int64_t)places * g->k;
    gather_planes(g, x, col);
    train_gemm(true, true, g->o, g->k, places, dy, g->o, col, places, 1, c->dw, g->k);
    if (!dx)
        return;
    train_gemm(true, true, g->k, places, g->o, c->w, g->k, dy, g->o, 0, dcol, places);
    scatter_planes(g, dcol, dx);
}

static void backward_row(const tcall *c, const geometry *g, const float *x, const float *dy,
                         float *dx)
{
    int places = g->oh * g->ow;
    float *col = c->scratch, *dcol = c->scratch + (int64_t)places * g->k;
    for (int q = 0; q < g->groups; q++) {
        const float *dyq = dy + (int64_t)q * g->og;
        int64_t wq = (int64_t)q * g->og * g->k;
        gather(g, x + (int64_t)q * g->cg, col);
        train_gemm(true, false, g->og, g->k, places, dyq, g->o, col, g->k, 1, c->dw + wq, g->k);
        if (!dx)
            continue;
        train_gemm(false, false, places, g->k, g->og, dyq, g->o, c->w + wq, g->k, 0, dcol, g->k);
        scatter(g, dcol, dx + (int64_t)q * g->cg);
    }
}

void conv_backward(const tcall *c)
{
    geometry g = geometry_of(c->node);
    int places = g.oh * g.ow;
    int64_t xn = c->node->in[0]->n, yn = c->node->out->n, all = (int64_t)places * c->rows;
    if (c->db)
        train_sum_bias(c->dy, all, g.o, c->db);
    if (conv_is_depthwise(c->node)) {
        depthwise_backward(c);
        return;
    }
    if (is_pointwise(&g)) {
        train_gemm(true, false, g.o, g.k, (int)all, c->dy, g.o, c->x[0], g.k, 1, c->dw, g.k);
        if (c->dx[0])
            train_gemm(false, false, (int)all, g.k, g.o, c->dy, g.o, c->w, g.k, 0, c->dx[0], g.k);
        return;
    }
    if (c->dx[0])
        train_clear_dx(c, 0);
    void (*row)(const tcall *, const geometry *, const float *, const float *, float *) =
        is_planar(&g) ? backward_planes : backward_row;
    for (int r = 0; r < c->rows; r++)
        row(c, &g, c->x[0] + r * xn, c->dy + r * yn, c->dx[0] ? c->dx[0] + r * xn : NULL);
}
