/* round.c - weights onto their grid. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/quant/internal.h"

/* Shrinking of a weight range by percents, tried from the whole down to the last. */
enum { SHRINK_FIRST = 100, SHRINK_LAST = 30 };

static void extremes(const float *v, int64_t n, double *lo, double *hi)
{
    *lo = *hi = (double)v[0];
    for (int64_t i = 1; i < n; i++) {
        *lo = fmin(*lo, (double)v[i]);
        *hi = fmax(*hi, (double)v[i]);
    }
}

/* Σ (v - v̂)² on [lo, hi], or more than `limit` as soon as that is passed. */
static double rounding_error(const ir_quant *shape, const float *v, int64_t n, double lo, double hi,
                             double limit)
{
    float scale;
    int32_t zero;
    ir_quant q = *shape;
    q.scale = &scale;
    q.zero = &zero;
    quant_fit(&q, lo, hi, &scale, &zero);
    double sum = 0;
    for (int64_t i = 0; i < n && sum <= limit; i++) {
        double d = (double)v[i] - quant_value(&q, 0, quant_encode(&q, 0, (double)v[i], NULL));
        sum += d * d;
    }
    return sum;
}

/* The widest of the shrunk ranges with the least squared error. */
static void mse_weight_range(const spec_settings *s, const float *v, int64_t n, double *lo,
                             double *hi)
{
    ir_quant shape = {.grid = s->grid,
                      .symmetric = s->symmetric,
                      .pow2 = s->pow2,
                      .bits = s->bits,
                      .axis = -1,
                      .n = 1};
    double all_lo = *lo, all_hi = *hi, best = INFINITY;
    for (int percent = SHRINK_FIRST; percent >= SHRINK_LAST; percent--) {
        double a = all_lo * percent / 100, b = all_hi * percent / 100;
        double e = rounding_error(&shape, v, n, a, b, best);
        if (e < best) {
            best = e;
            *lo = a;
            *hi = b;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void percentile_weight_range(qctx *ctx, double percentile, const float *v, int64_t n,
                                    double *lo, double *hi)
{
    float *sorted = arena_memdup(ctx->a, v, (size_t)n * sizeof *v);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    double cut = (double)(n - 1) * (1 - percentile / 100);
    int64_t drop = (int64_t)floor(cut + 0.5);
    drop = drop < 0 ? 0 : drop > (n - 1) / 2 ? (n - 1) / 2 : drop;
    *lo = (double)sorted[drop];
    *hi = (double)sorted[n - 1 - drop];
}

void weight_range(qctx *ctx, const spec_settings *s, const float *v, int64_t n, double *lo,
                  double *hi)
{
    extremes(v, n, lo, hi);
    if (s->observer == SPEC_MSE && *hi > *lo)
        mse_weight_range(s, v, n, lo, hi);
    else if (s->observer == SPEC_PERCENTILE)
        percentile_weight_range(ctx, s->percentile, v, n, lo, hi);
}

void *round_weights(qctx *ctx, const ir_quant *q, const spec_settings *s, const ir_shape *shape,
                    const float *v, int64_t *outside)
{
    int64_t n = ir_elems(shape);
    bool wide = q->bits > 8, stated = s->set & SPEC_RANGE;
    bool uniform = q->scheme == IR_Q_UNIFORM; /* a codebook's outer entries are means, no range */
    int8_t *narrow = wide ? NULL : ARENA_ARRAY(ctx->a, int8_t, n);
    int16_t *codes = wide ? ARENA_ARRAY(ctx->a, int16_t, n) : NULL;
    *outside = 0;
    for (int64_t i = 0; i < n; i++) {
        bool clipped = false;
        double x = (double)v[i];
        int32_t code = quant_encode(q, quant_channel(q, shape, i), x, &clipped);
        *outside += stated ? x < s->lo || x > s->hi : uniform && clipped;
        if (wide)
            codes[i] = (int16_t)code;
        else
            narrow[i] = (int8_t)code;
    }
    return wide ? (void *)codes : (void *)narrow;
}
