/* adaround.c - rounding of a layer's weights up or down, learned on its outputs. */
#include "compiler/quant/adaround.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"
#include "runtime/real.h"

enum { STEPS = 3000, WARM_STEPS = 600, BATCH = 128, BETA_FIRST = 20, BETA_LAST = 2, LANES = 8 };
#define STRETCH_LO (-0.1)
#define STRETCH_HI 1.1
/* λ of the term that makes h 0 or 1, beside an error of 1 at nearest: from nothing to this. */
#define PUSH 10.0
#define RATE 0.01
#define ADAM_1 0.9
#define ADAM_2 0.999
#define ADAM_EPSILON 1e-8

/* A parameter that Adam moves. */
typedef struct weight {
    double v, m, s; /* value, first and second moments of its gradient */
    double lo, gap; /* the level below, and the distance to the one above */
    int32_t lo_code, hi_code;
} weight;

struct adaround {
    qctx *ctx;
    weight *v;             /* [per][k] */
    weight *bias;          /* [per]: lo the bias at the start, gap the unit of its steps */
    double *w, *g;         /* [per][k] soft weights, their gradients */
    double *x, *y, *t;     /* [k][BATCH], [per][BATCH], [per][BATCH] */
    double *norm;          /* [per] 1 / (error at nearest) */
    double fade_1, fade_2; /* Adam's corrections */
};

adaround *adaround_new(qctx *ctx, int k, int per)
{
    adaround *a = ARENA_NEW(ctx->a, adaround);
    int64_t n = (int64_t)k * per;
    a->ctx = ctx;
    a->v = ARENA_ARRAY(ctx->a, weight, n);
    a->bias = ARENA_ARRAY(ctx->a, weight, per);
    a->w = ARENA_ARRAY(ctx->a, double, n);
    a->g = ARENA_ARRAY(ctx->a, double, n);
    a->x = ARENA_ARRAY(ctx->a, double, (int64_t)k *BATCH);
    a->y = ARENA_ARRAY(ctx->a, double, (int64_t)per *BATCH);
    a->t = ARENA_ARRAY(ctx->a, double, (int64_t)per *BATCH);
    a->norm = ARENA_ARRAY(ctx->a, double, per);
    return a;
}

/* ---- h(V) ------------------------------------------------------------------------------------ */

static double sigmoid(double v)
{
    return 1 / (1 + real_exp(-v));
}

static double soft(double v)
{
    double h = sigmoid(v) * (STRETCH_HI - STRETCH_LO) + STRETCH_LO;
    return h < 0 ? 0 : h > 1 ? 1 : h;
}

/* V at which h is p, 0 ≤ p ≤ 1, by bisection: no logarithm is needed for it. */
static double soft_inverse(double p)
{
    double lo = -4, hi = 4;
    for (int i = 0; i < 50; i++) {
        double mid = (lo + hi) / 2;
        if (sigmoid(mid) * (STRETCH_HI - STRETCH_LO) + STRETCH_LO < p)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

/* n ≥ 0 */
static double power(double x, int n)
{
    double y = 1;
    for (int i = 0; i < n; i++)
        y *= x;
    return y;
}

/* ---- the start ------------------------------------------------------------------------------- */

/* The code whose level is the next one above (or below) that of `code`; code itself at the end. */
static int32_t neighbour(const ir_quant *q, int c, int32_t code, bool above)
{
    int32_t lo, hi, best = code;
    int32_t here = quant_level(q, c, code);
    if (q->scheme == IR_Q_UNIFORM) {
        int32_t step = quant_is_odd_midpoint(q) ? 2 : 1, next = above ? code + step : code - step;
        quant_code_range(q, &lo, &hi);
        return next < lo || next > hi ? code : next;
    }
    for (int32_t i = 0; i < q->entries; i++) {
        int32_t level = quant_level(q, c, i), found = quant_level(q, c, best);
        if (above ? level > here && (best == code || level < found)
                  : level < here && (best == code || level > found))
            best = i;
    }
    return best;
}

static void start_weight(weight *p, const ir_quant *q, int c, double w)
{
    int32_t near = quant_encode(q, c, w, NULL);
    bool below = quant_value(q, c, near) <= w;
    int32_t other = neighbour(q, c, near, below);
    *p = (weight){.lo_code = below ? near : other, .hi_code = below ? other : near};
    p->lo = quant_value(q, c, p->lo_code);
    p->gap = quant_value(q, c, p->hi_code) - p->lo;
    double h = p->gap > 0 ? (w - p->lo) / p->gap : 0;
    p->v = soft_inverse(h < 0 ? 0 : h > 1 ? 1 : h);
}

static void start(adaround *a, const samples *s, int group, const ir_quant *q, const float *w,
                  const int32_t *codes, const double *bias)
{
    for (int c = 0; c < s->per; c++) {
        int channel = group * s->per + c;
        double *level = a->w + (int64_t)c * s->k, b = bias ? bias[c] : 0;
        for (int i = 0; i < s->k; i++) {
            int64_t at = (int64_t)c * s->k + i;
            start_weight(&a->v[at], q, channel, (double)w[at]);
            level[i] = quant_value(q, channel, codes[at]);
        }
        double error = samples_error(s, MOMENTS_FIT, channel, level, b);
        a->norm[c] = error > 0 ? 1 / error : 0;
        a->bias[c] = (weight){.lo = b, .gap = sqrt(error)};
    }
    a->fade_1 = a->fade_2 = 1;
}

/* ---- one step -------------------------------------------------------------------------------- */

static void draw_batch(adaround *a, const samples *s, int group, rng *r)
{
    const double *x = s->x[MOMENTS_FIT] + (int64_t)group * s->most * s->k;
    const double *y = s->y[MOMENTS_FIT] + (int64_t)group * s->most * s->per;
    for (int b = 0; b < BATCH; b++) {
        int64_t n = (int64_t)rng_below(r, (uint64_t)s->n[MOMENTS_FIT]);
        for (int i = 0; i < s->k; i++)
            a->x[i * BATCH + b] = x[n * s->k + i];
        for (int c = 0; c < s->per; c++)
            a->t[c * BATCH + b] = y[n * s->per + c];
    }
}

/* y becomes the derivative of the squared error by each output before its activation. */
static void forward(adaround *a, const samples *s)
{
    for (int c = 0; c < s->per; c++) {
        double *y = a->y + (int64_t)c * BATCH, bias = a->bias[c].lo + a->bias[c].gap * a->bias[c].v;
        const double *t = a->t + (int64_t)c * BATCH, *w = a->w + (int64_t)c * s->k;
        for (int b = 0; b < BATCH; b++)
            y[b] = bias;
        for (int i = 0; i < s->k; i++)
            for (int b = 0; b < BATCH; b++)
                y[b] += w[i] * a->x[i * BATCH + b];
        for (int b = 0; b < BATCH; b++) {
            double out = samples_act(s, y[b]);
            bool passes =
                s->act == IR_ACT_NONE || (y[b] > 0 && (s->act == IR_ACT_RELU || y[b] < 6));
            y[b] = passes ? 2 * (out - t[b]) * a->norm[c] / BATCH : 0;
        }
    }
}

static double dot(const double *x, const double *y)
{
    double sum[LANES] = {0}, all = 0;
    for (int b = 0; b < BATCH; b += LANES)
        for (int j = 0; j < LANES; j++)
            sum[j] += x[b + j] * y[b + j];
    for (int j = 0; j < LANES; j++)
        all += sum[j];
    return all;
}

static void adam(const adaround *a, weight *p, double gradient)
{
    p->m = ADAM_1 * p->m + (1 - ADAM_1) * gradient;
    p->s = ADAM_2 * p->s + (1 - ADAM_2) * gradient * gradient;
    p->v -= RATE * (p->m / (1 - a->fade_1)) / (sqrt(p->s / (1 - a->fade_2)) + ADAM_EPSILON);
}

/* beta: exponent of the term that pushes h to 0 or 1, 0 while there is none; push: its weight. */
static void move_weight(const adaround *a, weight *p, double gradient, int beta, double push)
{
    double f = sigmoid(p->v), h = f * (STRETCH_HI - STRETCH_LO) + STRETCH_LO;
    if (h <= 0 || h >= 1) /* flat there: its moments fade, nothing pulls */
        gradient = 0;
    else {
        double far = 2 * h - 1, slope = beta * power(fabs(far), beta > 0 ? beta - 1 : 0);
        gradient = gradient * p->gap - push * 2 * (far < 0 ? -slope : slope);
        gradient *= (STRETCH_HI - STRETCH_LO) * f * (1 - f);
    }
    adam(a, p, gradient);
}

static void step(adaround *a, const samples *s, int beta, double push, bool learn_bias)
{
    a->fade_1 *= ADAM_1;
    a->fade_2 *= ADAM_2;
    forward(a, s);
    for (int c = 0; c < s->per; c++) {
        const double *y = a->y + (int64_t)c * BATCH;
        for (int i = 0; i < s->k; i++)
            move_weight(a, &a->v[(int64_t)c * s->k + i], dot(y, a->x + (int64_t)i * BATCH), beta,
                        push / s->k);
        double sum = 0;
        for (int b = 0; b < BATCH; b++)
            sum += y[b];
        if (learn_bias)
            adam(a, &a->bias[c], sum * a->bias[c].gap);
    }
}

void adaround_group(adaround *a, const samples *s, int group, const ir_quant *q, const float *w,
                    int32_t *codes, double *bias, bool learn_bias)
{
    rng r;
    int64_t n = (int64_t)s->per * s->k;
    if (s->n[MOMENTS_FIT] == 0)
        return;
    rng_seed(&r, a->ctx->seed + (uint64_t)group);
    start(a, s, group, q, w, codes, bias);
    for (int t = 0; t < STEPS; t++) {
        int left = STEPS - 1 - t, all = STEPS - WARM_STEPS;
        int beta = t < WARM_STEPS ? 0 : BETA_LAST + (BETA_FIRST - BETA_LAST) * left / all;
        double push = t < WARM_STEPS ? 0 : PUSH * (t - WARM_STEPS) / all;
        for (int64_t i = 0; i < n; i++)
            a->w[i] = a->v[i].lo + a->v[i].gap * soft(a->v[i].v);
        draw_batch(a, s, group, &r);
        step(a, s, beta, push, bias && learn_bias);
    }
    for (int64_t i = 0; i < n; i++)
        codes[i] = soft(a->v[i].v) < 0.5 ? a->v[i].lo_code : a->v[i].hi_code;
    for (int c = 0; bias && learn_bias && c < s->per; c++)
        bias[c] = a->bias[c].lo + a->bias[c].gap * a->bias[c].v;
}
