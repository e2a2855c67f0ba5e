/* depthwise.c - depthwise convolution with multiplier 1, directly over channels-last rows.
 *
 * Weights are turned to [kh·kw][C], so that every loop runs over neighbouring channels, BLOCK of
 * them at a time in registers. */
#include <string.h>

#include "compiler/train/internal.h"

enum { BLOCK = 16 };

typedef struct plane {
    int h, w, c, oh, ow, kh, kw, sy, sx, dy, dx, top, left;
} plane;

static plane plane_of(const tnode *n)
{
    const int32_t *x = n->in_shape[0]->dim, *w = n->in_shape[1]->dim, *y = n->op->out[0]->shape.dim;
    const ir_attrs *at = &n->op->at;
    return (plane){.h = x[0], .w = x[1], .c = x[2], .oh = y[0], .ow = y[1], .kh = w[1], .kw = w[2],
                   .sy = at->stride[0], .sx = at->stride[1], .dy = at->dilation[0],
                   .dx = at->dilation[1], .top = at->pad[0], .left = at->pad[2]};
}

void depthwise_prepare(tnode *n)
{
    const int32_t *s = n->in_shape[1]->dim;
    int cells = s[1] * s[2];
    for (int c = 0; c < s[0]; c++)
        for (int k = 0; k < cells; k++)
            n->prepared[(int64_t)k * s[0] + c] = n->w[(int64_t)c * cells + k];
}

/* y += x·w, element by element, n channels. */
static inline void fma_channels(int n, const float *restrict x, const float *restrict w,
                                float *restrict y)
{
    int i = 0;
    for (; i + BLOCK <= n; i += BLOCK)
        for (int j = 0; j < BLOCK; j++)
            y[i + j] += x[i + j] * w[i + j];
    for (; i < n; i++)
        y[i] += x[i] * w[i];
}

/* One output place, BLOCK channels, the sum in registers. */
static inline void place_block(const plane *p, const float *x, const float *w, int oy, int ox,
                               float *restrict y)
{
    float acc[BLOCK] = {0};
    for (int ky = 0; ky < p->kh; ky++) {
        int iy = oy * p->sy - p->top + ky * p->dy;
        if (iy < 0 || iy >= p->h)
            continue;
        for (int kx = 0; kx < p->kw; kx++) {
            int ix = ox * p->sx - p->left + kx * p->dx;
            if (ix < 0 || ix >= p->w)
                continue;
            const float *xi = x + ((int64_t)iy * p->w + ix) * p->c;
            const float *wk = w + (int64_t)(ky * p->kw + kx) * p->c;
            for (int j = 0; j < BLOCK; j++)
                acc[j] += xi[j] * wk[j];
        }
    }
    for (int j = 0; j < BLOCK; j++)
        y[j] = acc[j];
}

static inline void place_rest(const plane *p, const float *x, const float *w, int oy, int ox, int n,
                              float *restrict y)
{
    for (int j = 0; j < n; j++)
        y[j] = 0;
    for (int ky = 0; ky < p->kh; ky++)
        for (int kx = 0; kx < p->kw; kx++) {
            int iy = oy * p->sy - p->top + ky * p->dy, ix = ox * p->sx - p->left + kx * p->dx;
            if (iy >= 0 && iy < p->h && ix >= 0 && ix < p->w)
                fma_channels(n, x + ((int64_t)iy * p->w + ix) * p->c,
                             w + (int64_t)(ky * p->kw + kx) * p->c, y);
        }
}

TRAIN_CLONES
static void forward_row(const plane *p, const float *x, const float *w, float *y)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++, y += p->c) {
            int c = 0;
            for (; c + BLOCK <= p->c; c += BLOCK)
                place_block(p, x + c, w + c, oy, ox, y + c);
            if (c < p->c)
                place_rest(p, x + c, w + c, oy, ox, p->c - c, y + c);
        }
}

void depthwise_forward(const tcall *c)
{
    plane p = plane_of(c->node);
    for (int r = 0; r < c->rows; r++)
        forward_row(&p, c->x[0] + r * c->node->in[0]->n, c->node->prepared,
                    c->y + r * c->node->out->n);
    if (c->b)
        train_add_bias(c->y, (int64_t)c->rows * p.oh * p.ow, p.c, c->b);
}

/* Each window cell in turn: all places where it lies inside. */
TRAIN_CLONES
static void backward_row(const plane *p, const float *x, const float *w, const float *dy,
                         float *dx, float *dw)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ky = 0; ky < p->kh; ky++) {
            int iy = oy * p->sy - p->top + ky * p->dy;
            if (iy < 0 || iy >= p->h)
                continue;
            for (int kx = 0; kx < p->kw; kx++) {
                int64_t cell = (int64_t)(ky * p->kw + kx) * p->c;
                for (int ox = 0; ox < p->ow; ox++) {
                    int ix = ox * p->sx - p->left + kx * p->dx;
                    if (ix < 0 || ix >= p->w)
                        continue;
                    int64_t from = ((int64_t)iy * p->w + ix) * p->c;
                    const float *g = dy + ((int64_t)oy * p->ow + ox) * p->c;
                    fma_channels(p->c, g, x + from, dw + cell);
                    if (dx)
                        fma_channels(p->c, g, w + cell, dx + from);
                }
            }
        }
}

/* dw of the shard is summed as [kh·kw][C] in scratch, then turned. */
void depthwise_backward(const tcall *c)
{
    plane p = plane_of(c->node);
    int cells = p.kh * p.kw;
    int64_t xn = c->node->in[0]->n;
    float *dw = c->scratch;
    memset(dw, 0, (size_t)cells * (size_t)p.c * sizeof *dw);
    if (c->dx[0])
        train_clear_dx(c, 0);
    for (int r = 0; r < c->rows; r++)
        backward_row(&p, c->x[0] + r * xn, c->node->prepared, c->dy + r * c->node->out->n,
                     c->dx[0] ? c->dx[0] + r * xn : NULL, dw);
    for (int i = 0; i < p.c; i++)
        for (int k = 0; k < cells; k++)
            c->dw[(int64_t)i * cells + k] += dw[(int64_t)k * p.c + i];
}
