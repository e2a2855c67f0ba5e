/* norm.c - batch norm (Ioffe and Szegedy 2015), over the batch or with frozen statistics.
 *
 * Sums over the batch are taken shard by shard in double and added in the order of the shards.
 * stats: [0] factor k and [1] shift b of y = k·x + b, [2] mean, [3] 1/√(σ² + ε); backward keeps
 * Σdy/N in partial[0], Σdy·x̂/N in partial[1]. */
#include <math.h>
#include <string.h>

#include "compiler/train/internal.h"

static int channels_of(const tnode *n)
{
    return (int)n->wn;
}

static void set_affine(tnode *n)
{
    int c = channels_of(n);
    for (int i = 0; i < c; i++) {
        n->stats[i] = n->w[i] * n->stats[3 * c + i];
        n->stats[c + i] = n->b[i] - n->stats[i] * n->stats[2 * c + i];
    }
}

/* From the running statistics; a batch in training replaces them in merge. */
void norm_prepare(tnode *n)
{
    int c = channels_of(n);
    for (int i = 0; i < c; i++) {
        n->stats[2 * c + i] = n->running[i];
        n->stats[3 * c + i] = (float)(1 / sqrt((double)n->running[c + i] + n->op->at.eps));
    }
    set_affine(n);
}

TRAIN_CLONES
static void sums(const float *x, int64_t rows, int c, double *restrict s, double *restrict q)
{
    for (int64_t r = 0; r < rows; r++, x += c)
        for (int i = 0; i < c; i++) {
            double v = (double)x[i];
            s[i] += v;
            q[i] += v * v;
        }
}

static double *partial_of(const tcall *c)
{
    int n = channels_of(c->node);
    double *p = c->node->partial + (int64_t)c->shard * 2 * n;
    memset(p, 0, 2 * (size_t)n * sizeof *p);
    return p;
}

static int64_t cells(const tcall *c)
{
    return c->rows * (c->node->out->n / channels_of(c->node));
}

void norm_gather(const tcall *c)
{
    int n = channels_of(c->node);
    double *p = partial_of(c);
    sums(c->x[0], cells(c), n, p, p + n);
}

/* Adds the shards' partial sums into the first's. */
static void merge_shards(tnode *n, int shards)
{
    int c = channels_of(n);
    for (int s = 1; s < shards; s++)
        for (int i = 0; i < 2 * c; i++)
            n->partial[i] += n->partial[(int64_t)s * 2 * c + i];
}

void norm_merge(tnode *n, int shards, int64_t rows)
{
    int c = channels_of(n);
    double count = (double)(rows * (n->out->n / c));
    merge_shards(n, shards);
    for (int i = 0; i < c; i++) {
        double mean = n->partial[i] / count;
        double var = fmax(n->partial[c + i] / count - mean * mean, 0);
        double unbiased = count > 1 ? var * count / (count - 1) : var;
        n->stats[2 * c + i] = (float)mean;
        n->stats[3 * c + i] = (float)(1 / sqrt(var + n->op->at.eps));
        n->running[i] += (float)(n->momentum * (mean - (double)n->running[i]));
        n->running[c + i] += (float)(n->momentum * (unbiased - (double)n->running[c + i]));
    }
    set_affine(n);
}

TRAIN_CLONES
static void affine(const float *x, int64_t rows, int c, const float *k, const float *b, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += c, y += c)
        for (int i = 0; i < c; i++)
            y[i] = k[i] * x[i] + b[i];
}

void norm_forward(const tcall *c)
{
    int n = channels_of(c->node);
    affine(c->x[0], cells(c), n, c->node->stats, c->node->stats + n, c->y);
}

TRAIN_CLONES
static void back_sums(const float *x, const float *dy, int64_t rows, int c, const float *mean,
                      const float *inv, double *restrict s, double *restrict q)
{
    for (int64_t r = 0; r < rows; r++, x += c, dy += c)
        for (int i = 0; i < c; i++) {
            s[i] += (double)dy[i];
            q[i] += (double)(dy[i] * (x[i] - mean[i]) * inv[i]);
        }
}

void norm_gather_back(const tcall *c)
{
    int n = channels_of(c->node);
    double *p = partial_of(c);
    const float *st = c->node->stats;
    back_sums(c->x[0], c->dy, cells(c), n, st + 2 * n, st + 3 * n, p, p + n);
    for (int i = 0; i < n; i++) {
        c->db[i] += (float)p[i];
        c->dw[i] += (float)p[n + i];
    }
}

void norm_merge_back(tnode *n, int shards, int64_t rows)
{
    int c = channels_of(n);
    double count = (double)(rows * (n->out->n / c));
    merge_shards(n, shards);
    for (int i = 0; i < 2 * c; i++)
        n->partial[i] = n->batch_stats ? n->partial[i] / count : 0;
}

/* dx = k·(dy − Σdy/N − x̂·Σ(dy·x̂)/N) = k·dy − a·x − d */
TRAIN_CLONES
static void back(const float *x, const float *dy, int64_t rows, int c, const float *k,
                 const float *a, const float *d, float *dx)
{
    for (int64_t r = 0; r < rows; r++, x += c, dy += c, dx += c)
        for (int i = 0; i < c; i++)
            dx[i] = k[i] * dy[i] - a[i] * x[i] - d[i];
}

void norm_backward(const tcall *c)
{
    int n = channels_of(c->node);
    const float *st = c->node->stats, *mean = st + 2 * n, *inv = st + 3 * n;
    const double *p = c->node->partial;
    float *a = c->scratch, *d = a + n;
    for (int i = 0; i < n; i++) {
        a[i] = (float)((double)st[i] * p[n + i] * (double)inv[i]);
        d[i] = (float)((double)st[i] * p[i]) - a[i] * mean[i];
    }
    if (c->dx[0])
        back(c->x[0], c->dy, cells(c), n, st, a, d, c->dx[0]);
}
