/* gptq.c - rounding of a layer's weights that minimizes the error of its outputs. */
#include "compiler/quant/gptq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/quant/linalg.h"

/* λ as a share of the mean variance of an input, and by what it grows where H is not definite. */
#define DAMPING 0.01
#define DAMPING_GROWTH 10
/* Variances below this share of the largest are those of dead inputs. */
#define DEAD 1e-12
enum { SWEEPS = 16 };

gptq *gptq_new(qctx *ctx, int largest_k)
{
    gptq *g = ARENA_NEW(ctx->a, gptq);
    size_t k = (size_t)largest_k;
    g->order = ARENA_ARRAY(ctx->a, int, k);
    g->h = ARENA_ARRAY(ctx->a, double, k *k);
    g->r = ARENA_ARRAY(ctx->a, double, k *k);
    g->cross = ARENA_ARRAY(ctx->a, double, k *k);
    g->target = ARENA_ARRAY(ctx->a, double, k);
    g->level = ARENA_ARRAY(ctx->a, double, k);
    g->gradient = ARENA_ARRAY(ctx->a, double, k);
    return g;
}

/* E[z_i z_j], less the product of the means where centred. */
static double moment(const double *sum, int n, int i, int j, bool centred)
{
    double e = i < j ? sum[(int64_t)i * n + j] : sum[(int64_t)j * n + i];
    return centred ? e - sum[(int64_t)i * n + n - 1] * sum[(int64_t)j * n + n - 1] : e;
}

/* Ascending variances, the lower index first where equal: an insertion sort. */
static void sort_inputs(gptq *g, const double *variance)
{
    for (int i = 0; i < g->k; i++) {
        int at = i;
        for (; at > 0 && variance[g->order[at - 1]] > variance[i]; at--)
            g->order[at] = g->order[at - 1];
        g->order[at] = i;
    }
}

static void factor(gptq *g, double damping)
{
    int k = g->k;
    for (g->damping = damping;; g->damping *= DAMPING_GROWTH) {
        memcpy(g->r, g->h, (size_t)k * (size_t)k * sizeof *g->r);
        for (int i = 0; i < k; i++)
            g->r[(int64_t)i * k + i] += g->damping;
        if (cholesky(g->r, k))
            break;
    }
    for (int i = 0; i < k; i++) {
        g->h[(int64_t)i * k + i] += g->damping;
        g->cross[(int64_t)i * k + i] += g->damping;
    }
}

void gptq_prepare(gptq *g, const moments *m, int half, int group, bool centred)
{
    const double *sum = moments_of(m, half, group);
    int k = g->k = m->k, n = m->n, live = 0;
    double *variance = g->target, largest = 0, total = 0;
    for (int i = 0; i < k; i++) {
        variance[i] = moment(sum, n, k + i, k + i, centred);
        largest = fmax(largest, variance[i]);
    }
    g->dead = 0;
    sort_inputs(g, variance);
    for (int a = 0; a < k; a++) {
        int i = g->order[a];
        bool dead = !(variance[i] > largest * DEAD);
        g->dead += dead;
        live += !dead;
        total += dead ? 0 : variance[i];
        for (int b = 0; b < k; b++) {
            int j = g->order[b];
            bool alone = dead || !(variance[j] > largest * DEAD);
            double *h = g->h + (int64_t)a * k + b, *cross = g->cross + (int64_t)a * k + b;
            *h = alone ? 0 : moment(sum, n, k + i, k + j, centred);
            *cross = alone ? 0 : moment(sum, n, k + i, j, centred);
        }
    }
    factor(g, live ? DAMPING * total / live : 1);
}

/* The weights that fit best, in the order of rounding. */
static void fit_target(gptq *g, const float *w)
{
    int k = g->k;
    for (int a = 0; a < k; a++) {
        double sum = 0;
        for (int b = 0; b < k; b++)
            sum += g->cross[(int64_t)a * k + b] * (double)w[g->order[b]];
        g->target[a] = sum;
    }
    cholesky_solve(g->r, k, g->target);
}

/* ‖R(ŵ − w)‖²: row i holds the errors of i and of those after it, so the last is rounded first. */
static void nearest_plane(gptq *g, const ir_quant *q, int c, int32_t *codes)
{
    int k = g->k;
    for (int i = k - 1; i >= 0; i--) {
        const double *row = g->r + (int64_t)i * k;
        double left = 0;
        for (int j = i + 1; j < k; j++)
            left += row[j] * (g->level[j] - g->target[j]);
        int32_t code = quant_encode(q, c, g->target[i] - left / row[i], NULL);
        codes[g->order[i]] = code;
        g->level[i] = quant_value(q, c, code);
    }
}

static void start_gradient(gptq *g)
{
    int k = g->k;
    for (int i = 0; i < k; i++) {
        double sum = 0;
        for (int j = 0; j < k; j++)
            sum += g->h[(int64_t)i * k + j] * (g->level[j] - g->target[j]);
        g->gradient[i] = sum;
    }
}

/* One code after the other to its best level, the others held; true where one moved. */
static bool sweep(gptq *g, const ir_quant *q, int c, int32_t *codes)
{
    int k = g->k;
    bool moved = false;
    for (int i = k - 1; i >= 0; i--) {
        const double *h = g->h + (int64_t)i * k;
        int32_t code = quant_encode(q, c, g->level[i] - g->gradient[i] / h[i], NULL);
        double step = quant_value(q, c, code) - g->level[i];
        if (code == codes[g->order[i]] || !(2 * g->gradient[i] * step + h[i] * step * step < 0))
            continue;
        codes[g->order[i]] = code;
        g->level[i] += step;
        moved = true;
        for (int j = 0; j < k; j++)
            g->gradient[j] += h[j] * step;
    }
    return moved;
}

void gptq_round(gptq *g, const ir_quant *q, int c, const float *w, int32_t *codes)
{
    fit_target(g, w);
    nearest_plane(g, q, c, codes);
    start_gradient(g);
    for (int i = 0; i < SWEEPS && sweep(g, q, c, codes); i++)
        ;
}
