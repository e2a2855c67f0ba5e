/* observers.c - from the values of an activation to its range.
 *
 * Pass 1 takes extremes; pass 2 fills a histogram between them, from which percentile, squared
 * error and entropy are computed. All in double and in the order of the data, so that a range never
 * depends on threads or libraries. */
#include <float.h>
#include <math.h>

#include "compiler/quant/internal.h"

/* Weight of a new row in the moving averages. */
#define MOVING_AVERAGE_RATE 0.01
#define DEFAULT_PERCENTILE 99.99
/* What stands for 1/Q where P has mass and Q has none. */
#define EMPTY_PENALTY 1e12

/* ---- collecting ---------------------------------------------------------------------------- */

int64_t observer_extremes(observer *o, const float *v, int64_t n)
{
    bool stated = o->s.set & SPEC_RANGE;
    float lo = v[0], hi = v[0];
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            return i;
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
        o->outside += stated && ((double)v[i] < o->s.lo || (double)v[i] > o->s.hi);
    }
    o->lo = o->rows == 0 ? (double)lo : fmin(o->lo, (double)lo);
    o->hi = o->rows == 0 ? (double)hi : fmax(o->hi, (double)hi);
    double rate = o->rows == 0 ? 1 : MOVING_AVERAGE_RATE;
    o->mean_lo += rate * ((double)lo - o->mean_lo);
    o->mean_hi += rate * ((double)hi - o->mean_hi);
    o->rows++;
    o->values += n;
    return -1;
}

bool observer_wants_histogram(qctx *ctx, observer *o)
{
    if (o->s.set & SPEC_RANGE || o->s.observer == SPEC_MINMAX || !(o->hi > o->lo))
        return false;
    o->begin = fmin(o->lo, 0);
    o->width = (fmax(o->hi, 0) - o->begin) / OBSERVER_BINS;
    if (!(o->width >= DBL_MIN))
        return false;
    o->bins = ARENA_ARRAY(ctx->a, int64_t, OBSERVER_BINS);
    return true;
}

void observer_histogram(observer *o, const float *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (v[i] == 0) {
            o->zeros++;
            continue;
        }
        double at = ((double)v[i] - o->begin) / o->width;
        o->bins[at < 0 ? 0 : at >= OBSERVER_BINS ? OBSERVER_BINS - 1 : (int)at]++;
    }
}

static double edge(const observer *o, int i)
{
    return i == OBSERVER_BINS ? fmax(o->hi, 0) : o->begin + i * o->width;
}

/* The bin in which 0 lies. */
static int zero_bin(const observer *o)
{
    int i = (int)(-o->begin / o->width);
    return i < 0 ? 0 : i >= OBSERVER_BINS ? OBSERVER_BINS - 1 : i;
}

/* ---- percentile ---------------------------------------------------------------------------- */

/* The value below which `share` of all values lie; linear inside a bin. */
static double quantile(const observer *o, double share)
{
    double want = share * (double)o->values, seen = 0;
    int zero = zero_bin(o);
    for (int i = 0; i < OBSERVER_BINS; i++) {
        double here = (double)o->bins[i] + (i == zero ? (double)o->zeros : 0);
        if (here > 0 && seen + here >= want)
            return edge(o, i) + (want - seen) / here * o->width;
        seen += here;
    }
    return o->hi;
}

static void percentile_range(const observer *o, double *lo, double *hi)
{
    double share = (o->s.percentile > 0 ? o->s.percentile : DEFAULT_PERCENTILE) / 100;
    *lo = o->lo < 0 ? fmin(quantile(o, 1 - share), 0) : 0;
    *hi = o->hi > 0 ? fmax(quantile(o, share), 0) : 0;
}

/* ---- squared error ------------------------------------------------------------------------- */

/* For each bin edge the sum of squared distances of the values beyond it: above[i] of those to its
 * right, below[i] of those to its left (as if at their bin's centre). Built from the far end, all
 * terms positive. */
typedef struct tails {
    double *above, *below;
} tails;

static double *tail(qctx *ctx, const observer *o, int step)
{
    double *t = ARENA_ARRAY(ctx->a, double, OBSERVER_BINS + 1);
    double count = 0, first = 0, second = 0, w = o->width;
    int end = step > 0 ? OBSERVER_BINS : 0;
    t[step > 0 ? 0 : OBSERVER_BINS] = 0;
    for (int i = step > 0 ? 0 : OBSERVER_BINS; i != end; i += step) {
        double n = (double)o->bins[step > 0 ? i : i - 1];
        second += 2 * w * first + w * w * count + n * w * w / 4;
        first += w * count + n * w / 2;
        count += n;
        t[i + step] = second;
    }
    return t;
}

/* Squared error of the grid on [edge a, edge b]: rounding noise Δ²/12 for every value that is not
 * exactly 0, and what is clipped. */
static double squared_error(const observer *o, const tails *t, int a, int b)
{
    double levels = ldexp(1.0, o->s.bits) - 1;
    double lo = edge(o, a), hi = edge(o, b);
    double step = (o->s.symmetric ? 2 * fmax(-lo, hi) : hi - lo) / levels;
    double rounded = (double)(o->values - o->zeros) * step * step / 12;
    return rounded + t->above[b] + t->below[a];
}

/* Alternates between the ends, each over all edges on its side of 0, until neither moves. */
static void mse_range(qctx *ctx, const observer *o, double *lo, double *hi)
{
    tails t = {.below = tail(ctx, o, 1), .above = tail(ctx, o, -1)};
    int zero = (int)floor(-o->begin / o->width);
    int a = 0, b = OBSERVER_BINS, a_last = zero > OBSERVER_BINS ? OBSERVER_BINS : zero;
    int b_first = a_last < OBSERVER_BINS ? a_last + 1 : OBSERVER_BINS;
    double best = squared_error(o, &t, a, b);
    for (int round = 0; round < 16; round++) {
        int a_before = a, b_before = b;
        for (int i = b_first; i <= OBSERVER_BINS; i++) {
            double e = squared_error(o, &t, a, i);
            if (e < best)
                best = e, b = i;
        }
        for (int i = 0; i <= a_last; i++) {
            double e = squared_error(o, &t, i, b);
            if (e < best)
                best = e, a = i;
        }
        if (a == a_before && b == b_before)
            break;
    }
    *lo = edge(o, a);
    *hi = edge(o, b);
}

/* The least squared error of the values between the percentiles alone: a handful of outliers, whose
 * squares would outweigh all others', is clipped instead of widening the steps of the rest. */
static void robust_range(qctx *ctx, const observer *o, double *lo, double *hi)
{
    observer inner = *o;
    double from, to;
    percentile_range(o, &from, &to);
    inner.bins = arena_memdup(ctx->a, o->bins, OBSERVER_BINS * sizeof *o->bins);
    for (int i = 0; i < OBSERVER_BINS; i++) {
        if (edge(o, i + 1) >= from && edge(o, i) <= to)
            continue;
        inner.values -= inner.bins[i];
        inner.bins[i] = 0;
    }
    mse_range(ctx, &inner, lo, hi);
}

/* ---- entropy ------------------------------------------------------------------------------- */

enum { KL_BINS = 2048 };

/* ln v of a normal v > 0, within a few units in the last place, by our own series: libm's differ
 * between machines. v = m·2^e with m in [√½, √2); ln m = 2·artanh((m − 1)/(m + 1)). */
static double natural_log(double v)
{
    int e;
    double m = frexp(v, &e);
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    double t = (m - 1) / (m + 1), square = t * t, sum = 0;
    for (int k = 23; k >= 1; k -= 2)
        sum = sum * square + 1.0 / k;
    return e * 0.69314718055994531 + 2 * t * sum;
}

/* Σ P ln(P/Q) of the first `used` bins of h with the tail beyond them added to the last, against
 * the same bins merged into `levels` and spread again over those that are not empty. */
static double divergence(const double *h, int used, double beyond, int levels, double total)
{
    double kl = 0, kept = total - beyond;
    if (!(kept > 0))
        return INFINITY;
    for (int k = 0; k < levels; k++) {
        int begin = (int)((int64_t)k * used / levels),
            end = (int)((int64_t)(k + 1) * used / levels);
        double mass = 0;
        int filled = 0;
        for (int i = begin; i < end; i++) {
            double p = h[i] + (i == used - 1 ? beyond : 0);
            mass += h[i];
            filled += p > 0;
        }
        for (int i = begin; i < end; i++) {
            double p = (h[i] + (i == used - 1 ? beyond : 0)) / total;
            double q = filled ? mass / filled / kept : 0;
            if (p > 0)
                kl += p * natural_log(q > 0 ? p / q : p * EMPTY_PENALTY);
        }
    }
    return kl;
}

/* The published method of TensorRT (Migacz, "8-bit inference with TensorRT", GTC 2017): of all
 * thresholds on |x| the one whose clipped distribution loses least information when it is brought
 * to the number of codes. Nonnegative activations have all codes on one side of 0. Beyond the
 * histogram's resolution (16 bits) the extremes stay. */
static void kl_range(qctx *ctx, const observer *o, double *lo, double *hi)
{
    double end = fmax(-o->lo, o->hi), width = end / KL_BINS, total = 0, beyond = 0, best = INFINITY;
    int levels = 1 << (o->s.bits - (o->lo < 0 ? 1 : 0)), at = KL_BINS;
    *lo = o->lo;
    *hi = o->hi;
    if (o->s.bits > 8 || !(width > 0))
        return;
    double *h = ARENA_ARRAY(ctx->a, double, KL_BINS);
    for (int i = 0; i < OBSERVER_BINS; i++) {
        double centre = o->begin + (i + 0.5) * o->width;
        int k = (int)(fabs(centre) / width);
        h[k < KL_BINS ? k : KL_BINS - 1] += (double)o->bins[i];
        total += (double)o->bins[i];
    }
    for (int used = KL_BINS; used >= levels; used--) {
        double kl = divergence(h, used, beyond, levels, total);
        if (kl < best)
            best = kl, at = used;
        beyond += h[used - 1];
    }
    *lo = fmax(o->lo, -at * width);
    *hi = fmin(o->hi, at * width);
}

/* ---- the range ----------------------------------------------------------------------------- */

static double clipped_share(const observer *o, double lo, double hi)
{
    double outside = 0;
    for (int i = 0; i < OBSERVER_BINS; i++) {
        double centre = o->begin + (i + 0.5) * o->width;
        outside += centre < lo || centre > hi ? (double)o->bins[i] : 0;
    }
    return outside / (double)o->values;
}

act_range observer_range(qctx *ctx, const observer *o)
{
    act_range r = {.lo = o->lo, .hi = o->hi, .samples = o->values};
    if (o->values == 0)
        return r;
    if (o->s.set & SPEC_RANGE) {
        r.lo = o->s.lo;
        r.hi = o->s.hi;
        r.clipped = (double)o->outside / (double)o->values;
        return r;
    }
    if (o->bins) {
        switch (o->s.observer) {
        case SPEC_MOVING_AVERAGE:
            r.lo = o->mean_lo;
            r.hi = o->mean_hi;
            break;
        case SPEC_PERCENTILE:
            percentile_range(o, &r.lo, &r.hi);
            break;
        case SPEC_MSE:
            mse_range(ctx, o, &r.lo, &r.hi);
            break;
        case SPEC_KL:
            kl_range(ctx, o, &r.lo, &r.hi);
            break;
        case SPEC_ROBUST:
            robust_range(ctx, o, &r.lo, &r.hi);
            break;
        case SPEC_MINMAX:
            break;
        }
        r.clipped = clipped_share(o, fmin(r.lo, 0), fmax(r.hi, 0));
    }
    if (o->lo_is_zero)
        r.lo = 0;
    return r;
}
