/* kmeans.c - k-means of one dimension, exactly, on a histogram of values (codebook.h). */
#include <math.h>
#include <string.h>

#include "compiler/quant/codebook.h"

enum { BINS = 4096 };

struct kmeans {
    double lo, hi;
    double mass[BINS], sum[BINS]; /* of each bin: Σ cost, Σ cost·v */
    double square[BINS];          /* Σ cost·v² */
    int n;                        /* bins that are not empty, in front after `squeeze` */
    double m[BINS + 1], s[BINS + 1], q[BINS + 1]; /* sums before bin i */
    double loss[2][BINS + 1];                     /* of the first i bins with so many means */
    int *split; /* [means][BINS + 1]: where the last of them begins */
};

kmeans *kmeans_new(qctx *ctx, int most_means)
{
    kmeans *k = ARENA_NEW(ctx->a, kmeans);
    k->split = ARENA_ARRAY(ctx->a, int, (int64_t)most_means *(BINS + 1));
    return k;
}

void kmeans_start(kmeans *k)
{
    k->lo = INFINITY;
    k->hi = -INFINITY;
    memset(k->mass, 0, sizeof k->mass);
    memset(k->sum, 0, sizeof k->sum);
    memset(k->square, 0, sizeof k->square);
}

void kmeans_range(kmeans *k, double v)
{
    k->lo = fmin(k->lo, v);
    k->hi = fmax(k->hi, v);
}

void kmeans_add(kmeans *k, double v, double cost)
{
    double at = k->hi > k->lo ? (v - k->lo) / (k->hi - k->lo) * BINS : 0;
    int bin = at >= BINS ? BINS - 1 : (int)at;
    k->mass[bin] += cost;
    k->sum[bin] += cost * v;
    k->square[bin] += cost * v * v;
}

static void squeeze(kmeans *k)
{
    k->n = 0;
    for (int i = 0; i < BINS; i++) {
        if (!(k->mass[i] > 0))
            continue;
        k->mass[k->n] = k->mass[i];
        k->sum[k->n] = k->sum[i];
        k->square[k->n++] = k->square[i];
    }
    for (int i = k->n; i < BINS; i++) /* so that squeezing again changes nothing */
        k->mass[i] = k->sum[i] = k->square[i] = 0;
    for (int i = 0; i < k->n; i++) {
        k->m[i + 1] = k->m[i] + k->mass[i];
        k->s[i + 1] = k->s[i] + k->sum[i];
        k->q[i + 1] = k->q[i] + k->square[i];
    }
}

/* Loss of one mean for the bins [from, to). */
static double spread(const kmeans *k, int from, int to)
{
    double m = k->m[to] - k->m[from], s = k->s[to] - k->s[from], q = k->q[to] - k->q[from];
    return fmax(q - s * s / m, 0);
}

/* loss[now][i] for lo ≤ i < hi, whose last mean begins in [first, last]. */
static void solve_range(kmeans *k, int now, int *split, int lo, int hi, int first, int last)
{
    if (lo >= hi)
        return;
    int i = lo + (hi - lo) / 2, best = first;
    double least = INFINITY;
    for (int j = first; j <= last && j < i; j++) {
        double loss = k->loss[!now][j] + spread(k, j, i);
        if (loss < least) {
            least = loss;
            best = j;
        }
    }
    k->loss[now][i] = least;
    split[i] = best;
    solve_range(k, now, split, lo, i, first, best);
    solve_range(k, now, split, i + 1, hi, best, last);
}

void kmeans_solve(kmeans *k, int n, double *mean)
{
    squeeze(k);
    int means = n < k->n ? n : k->n, now = 0;
    for (int i = 1; i <= k->n; i++) {
        k->loss[0][i] = spread(k, 0, i);
        k->split[i] = 0;
    }
    for (int c = 1; c < means; c++) {
        now = !now;
        solve_range(k, now, k->split + (int64_t)c * (BINS + 1), c + 1, k->n + 1, c, k->n - 1);
    }
    for (int c = means - 1, end = k->n; c >= 0; c--) {
        int begin = k->split[(int64_t)c * (BINS + 1) + end];
        mean[c] = (k->s[end] - k->s[begin]) / (k->m[end] - k->m[begin]);
        end = begin;
    }
    for (int c = means; c < n; c++)
        mean[c] = mean[means - 1];
}

void kmeans_quantiles(kmeans *k, int n, double *mean)
{
    squeeze(k);
    double total = k->m[k->n], at = k->n ? k->sum[0] / k->mass[0] : 0;
    int i = 0;
    for (int c = 0; c < n; c++) {
        int from = i;
        while (i < k->n && (k->m[i] + k->m[i + 1]) / 2 * n < total * (c + 1))
            i++;
        if (i > from)
            at = (k->s[i] - k->s[from]) / (k->m[i] - k->m[from]);
        mean[c] = at;
    }
}
