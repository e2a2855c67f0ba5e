/* codebook.c - tables of levels fitted to a layer's weights, and the scales that go with them.
 *
 * Weights w of channel c are s_c·T[i]. Scales and table are fitted in turn: with scales held, the
 * entries that lose least are those of a one-dimensional k-means on w/s_c, found exactly on a
 * histogram (kmeans.c); they are rounded to integers, every weight takes its nearest one, and each
 * channel's scale becomes the one of least squares. What an error costs is Σ h·(w − ŵ)², h being
 * the mean square of the input that the weight multiplies, where calibration has seen it. */
#include <float.h>
#include <math.h>

#include "compiler/quant/codebook.h"

/* Largest level of an int8 table; of an int16 one where the accumulator leaves room for it. */
enum { MOST_I8 = 127, MOST_I16 = 8191, LEAST_I16 = 1023 };
enum { MOST_ENTRIES = 256, ROUNDS = 8, SHRINK_FIRST = 100, SHRINK_LAST = 30 };
/* An input that never moves counts as this share of the mean one. */
#define DEAD_SHARE 1e-3
/* As choose.c has it: biases stay below so many codes. */
#define BIAS_CODES 0x1p26

/* Some channels that share a table: all of a layer's, or one. */
typedef struct fit {
    const codebook_job *job;
    arena *a;
    int first, channels; /* channels [first, first + channels) */
    int scales;          /* 1, or channels */
    int64_t terms;
    int entries;
    double most; /* largest level */
    kmeans *means;
    double *scale; /* [scales]: of a level */
    double *entry; /* [entries]: what is fitted, up to ±1 */
    int16_t *table;
    double error;
    /* the best so far */
    double *best_scale;
    int16_t *best_table;
    double best;
} fit;

/* ---- values ---------------------------------------------------------------------------------- */

static double value_of(const fit *f, int c, int64_t i)
{
    const spec_settings *s = f->job->s;
    double v = (double)f->job->v[(int64_t)(f->first + c) * f->terms + i];
    return s->set & SPEC_RANGE ? fmin(fmax(v, s->lo), s->hi) : v;
}

/* h of weight i of channel c. */
static double cost_of(const fit *f, int c, int64_t i)
{
    const codebook_job *j = f->job;
    if (!j->power)
        return 1;
    int group = (f->first + c) / (j->channels / j->groups);
    return j->power[group * j->depth + (int)(i % j->depth)] + j->power_floor;
}

static double *scale_of(fit *f, int c)
{
    return &f->scale[f->scales > 1 ? c : 0];
}

/* Index of the level nearest to u. Tables ascend. */
static int nearest(const fit *f, double u)
{
    int lo = 0, hi = f->entries - 1; /* the first level ≥ u, or the last */
    while (lo < hi) {
        int middle = (lo + hi) / 2;
        if (f->table[middle] < u)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo > 0 && u - f->table[lo - 1] <= f->table[lo] - u ? lo - 1 : lo;
}

/* ---- scales ---------------------------------------------------------------------------------- */

static double power_of_two(double s)
{
    int e;
    double m = frexp(s, &e); /* ½ ≤ m < 1: the nearer one by ratio */
    return ldexp(1.0, m < 0.70710678118654752 ? e - 1 : e);
}

/* A float32 scale under which the biases of its channels have at most BIAS_CODES codes. */
static double legal_scale(const fit *f, int of, double s)
{
    const codebook_job *j = f->job;
    int from = f->scales > 1 ? of : 0, to = f->scales > 1 ? of + 1 : f->channels;
    for (int c = from; j->bias && c < to; c++)
        s = fmax(s, fabs((double)j->bias[f->first + c]) / (j->in_scale * BIAS_CODES));
    s = fmin(fmax(s, (double)FLT_MIN), (double)FLT_MAX / 2);
    return j->s->pow2 ? power_of_two(s) : (double)(float)s;
}

/* Largest |w|, or root of the mean square, of the channels of scale `of`. */
static double extent(const fit *f, int of, bool rms)
{
    int from = f->scales > 1 ? of : 0, to = f->scales > 1 ? of + 1 : f->channels;
    double most = 0, sum = 0;
    for (int c = from; c < to; c++)
        for (int64_t i = 0; i < f->terms; i++) {
            double v = fabs(value_of(f, c, i));
            most = fmax(most, v);
            sum += v * v;
        }
    return rms ? sqrt(sum / (double)((to - from) * f->terms)) : most;
}

/* What a channel without weights, or a layer without any, is given. */
static void start_scales(fit *f, bool rms)
{
    double widest = 0;
    for (int k = 0; k < f->scales; k++) {
        f->scale[k] = extent(f, k, rms) * (rms ? 4 : 1) / f->most;
        widest = fmax(widest, f->scale[k]);
    }
    if (!(widest > 0))
        widest = f->job->out_scale / f->job->in_scale * 0x1p-8;
    for (int k = 0; k < f->scales; k++)
        f->scale[k] = legal_scale(f, k, f->scale[k] > 0 ? f->scale[k] : widest);
}

/* Σ h (w − sT)² of the channels of scale `of` at scale s; moments of the assignment for *wt and
 * *tt. */
static double scale_error(const fit *f, int of, double s, double *wt, double *tt)
{
    int from = f->scales > 1 ? of : 0, to = f->scales > 1 ? of + 1 : f->channels;
    double error = 0;
    *wt = *tt = 0;
    for (int c = from; c < to; c++)
        for (int64_t i = 0; i < f->terms; i++) {
            double w = value_of(f, c, i), h = cost_of(f, c, i), t = f->table[nearest(f, w / s)];
            double d = w - s * t;
            error += h * d * d;
            *wt += h * w * t;
            *tt += h * t * t;
        }
    return error;
}

/* One step of least squares for each scale; the error before it. */
static double refit_scales(fit *f)
{
    double error = 0, wt, tt;
    for (int k = 0; k < f->scales; k++) {
        error += scale_error(f, k, f->scale[k], &wt, &tt);
        if (!(f->job->s->set & SPEC_SCALE) && wt > 0 && tt > 0)
            f->scale[k] = legal_scale(f, k, wt / tt);
    }
    return error;
}

/* For tables of a given shape: the best of the extent shrunk by percents, as uniform ranges are. */
static void search_scales(fit *f)
{
    double wt, tt;
    for (int k = 0; k < f->scales && !(f->job->s->set & SPEC_SCALE); k++) {
        double whole = f->scale[k], best = INFINITY;
        for (int percent = SHRINK_FIRST; percent >= SHRINK_LAST; percent -= 2) {
            double s = legal_scale(f, k, whole * percent / 100);
            double e = scale_error(f, k, s, &wt, &tt);
            if (e < best) {
                best = e;
                f->scale[k] = s;
            }
        }
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Entries to integers: the largest becomes `most`, which all scales take up. */
static void round_table(fit *f)
{
    double largest = 0;
    bool fixed = f->job->s->set & SPEC_SCALE || f->job->s->pow2;
    for (int i = 0; i < f->entries; i++)
        largest = fmax(largest, fabs(f->entry[i]));
    double step = largest > 0 && !fixed ? largest / f->most : 1;
    for (int i = 0; i < f->entries; i++)
        f->table[i] = (int16_t)fmin(fmax(round(f->entry[i] / step), -f->most), f->most);
    for (int k = 0; k < f->scales && step != 1; k++)
        f->scale[k] = legal_scale(f, k, f->scale[k] * step);
}

/* Values over their scales, with their costs. */
static void collect(fit *f, bool weighted)
{
    kmeans_start(f->means);
    for (int pass = 0; pass < 2; pass++)
        for (int c = 0; c < f->channels; c++) {
            double s = *scale_of(f, c);
            for (int64_t i = 0; i < f->terms; i++) {
                double u = value_of(f, c, i) / s;
                if (pass == 0)
                    kmeans_range(f->means, u);
                else
                    kmeans_add(f->means, u, weighted ? cost_of(f, c, i) * s * s : 1);
            }
        }
}

static void keep_best(fit *f, double error)
{
    if (!(error < f->best))
        return;
    f->best = error;
    for (int k = 0; k < f->scales; k++)
        f->best_scale[k] = f->scale[k];
    for (int i = 0; i < f->entries; i++)
        f->best_table[i] = f->table[i];
}

static double error_now(fit *f)
{
    double error = 0, wt, tt;
    for (int k = 0; k < f->scales; k++)
        error += scale_error(f, k, f->scale[k], &wt, &tt);
    return error;
}

/* Table and scales in turn, from scales by extremes and from scales by mean squares. */
static void fit_values(fit *f, bool quantiles)
{
    for (int rms = 0; rms < 2; rms++) {
        start_scales(f, rms);
        if (f->job->s->set & SPEC_SCALE)
            f->scale[0] = f->job->s->scale;
        for (int round = 0; round < ROUNDS; round++) {
            collect(f, !quantiles);
            if (quantiles)
                kmeans_quantiles(f->means, f->entries, f->entry);
            else
                kmeans_solve(f->means, f->entries, f->entry);
            round_table(f);
            refit_scales(f);
            keep_best(f, error_now(f));
        }
    }
}

/* ---- additive powers of two ------------------------------------------------------------------ */

/* Magnitudes of m bits: sums of ⌈m/2⌉ terms; term i of n is 0 or 2^−(i + j·n), j < 2^b − 1, b its 2
 * bits (1 for the last where m is odd). Entries: ± the magnitudes, each value once. After Li, Dong,
 * Wang, "Additive Powers-of-Two Quantization", ICLR 2020. */
static int powers_of_two(int bits, double *entry)
{
    int m = bits - 1, n = (m + 1) / 2, count = 0;
    double least = 0;
    for (int code = 0; code < 1 << m; code++) {
        double sum = m == 0 ? 1 : 0;
        for (int i = 0; i < n; i++) {
            int width = 2 * i + 2 > m ? 1 : 2, j = code >> 2 * i & ((1 << width) - 1);
            sum += j ? ldexp(1.0, -(i + (j - 1) * n)) : 0;
        }
        bool known = false;
        for (int i = 0; i < count; i++)
            known |= entry[i] == sum;
        if (!known)
            entry[count++] = sum;
    }
    for (int i = 0, plain = count; i < plain; i++)
        if (entry[i] > least)
            entry[count++] = -entry[i];
    return count;
}

/* ---- given shapes ---------------------------------------------------------------------------- */

static void sort_entries(double *v, int n)
{
    for (int i = 1; i < n; i++) {
        double x = v[i];
        int at = i;
        for (; at > 0 && v[at - 1] > x; at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
}

/* Given entries are shapes, to which scales are fitted, only where scales per channel are stated.
 */
static bool is_absolute(const spec_settings *s)
{
    return s->fit == SPEC_FIT_EXPLICIT && !(s->set & SPEC_PER_CHANNEL && s->per_channel);
}

/* Entries are reals that stand for themselves: one scale, which makes the largest `most`. */
static void take_entries(fit *f)
{
    const spec_settings *s = f->job->s;
    double largest = 0;
    for (int i = 0; i < f->entries; i++)
        largest = fmax(largest, fabs(f->entry[i]));
    double step =
        s->set & SPEC_SCALE ? s->scale : legal_scale(f, 0, largest > 0 ? largest / f->most : 1);
    for (int i = 0; i < f->entries; i++)
        f->table[i] = (int16_t)fmin(fmax(round(f->entry[i] / step), -f->most), f->most);
    for (int k = 0; k < f->scales; k++)
        f->scale[k] = step;
    keep_best(f, error_now(f));
}

/* What an entry is divided by to be a level: the largest power of two of which all are multiples,
 * where that leaves them small enough; else what makes the largest `most`. */
static double unit_of(const fit *f)
{
    double largest = 0, unit = 1;
    bool exact = false;
    for (int i = 0; i < f->entries; i++)
        largest = fmax(largest, fabs(f->entry[i]));
    if (!(largest > 0))
        return 1;
    while (unit > largest)
        unit /= 2;
    for (; !exact && largest / unit <= f->most; unit /= 2) {
        exact = true;
        for (int i = 0; i < f->entries; i++)
            exact &= f->entry[i] / unit == floor(f->entry[i] / unit);
        if (exact)
            return unit;
    }
    return largest / f->most;
}

static void fit_shape(fit *f)
{
    const spec_settings *s = f->job->s;
    sort_entries(f->entry, f->entries);
    if (is_absolute(s)) {
        take_entries(f);
        return;
    }
    double unit = unit_of(f);
    f->most = 1;
    for (int i = 0; i < f->entries; i++) {
        f->table[i] = (int16_t)round(f->entry[i] / unit);
        f->most = fmax(f->most, fabs((double)f->table[i]));
    }
    start_scales(f, false);
    if (s->set & SPEC_SCALE)
        f->scale[0] = s->scale;
    search_scales(f);
    for (int round = 0; round < ROUNDS; round++)
        keep_best(f, refit_scales(f)), keep_best(f, error_now(f));
}

/* ---- the quantization ------------------------------------------------------------------------ */

static int entries_of(const spec_settings *s, int bits, double *entry)
{
    if (s->fit == SPEC_FIT_APOT)
        return powers_of_two(bits, entry);
    for (int i = 0; s->fit == SPEC_FIT_EXPLICIT && i < s->n_entries; i++)
        entry[i] = s->entries[i];
    return s->fit == SPEC_FIT_EXPLICIT ? s->n_entries : 1 << bits;
}

static double most_level(int entries, int64_t terms)
{
    double most = MOST_I8;
    if (entries <= CODEBOOK_I8_ENTRIES)
        return most;
    for (most = MOST_I16; most > LEAST_I16 && most * 128 * (double)terms > 0x1p30;)
        most = (most - 1) / 2;
    return most;
}

static void run(fit *f)
{
    spec_fit kind = f->job->s->fit;
    f->best = INFINITY;
    if (kind == SPEC_FIT_KMEANS || kind == SPEC_FIT_QUANTILE)
        fit_values(f, kind == SPEC_FIT_QUANTILE);
    else
        fit_shape(f);
}

static fit new_fit(qctx *ctx, const codebook_job *job, int entries, int channels, int scales)
{
    arena *a = ctx->a;
    fit f = {.job = job,
             .a = a,
             .channels = channels,
             .scales = scales,
             .terms = job->terms,
             .entries = entries,
             .most = most_level(entries, job->terms)};
    f.means = kmeans_new(ctx, entries);
    f.scale = ARENA_ARRAY(a, double, scales);
    f.best_scale = ARENA_ARRAY(a, double, scales);
    f.entry = ARENA_ARRAY(a, double, MOST_ENTRIES);
    f.table = ARENA_ARRAY(a, int16_t, entries);
    f.best_table = ARENA_ARRAY(a, int16_t, entries);
    return f;
}

int codebook_bits(const spec_settings *s)
{
    int bits = 1;
    if (s->fit != SPEC_FIT_EXPLICIT)
        return s->bits;
    while (1 << bits < s->n_entries)
        bits++;
    return bits;
}

static double mean_of(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

ir_quant *codebook_for(qctx *ctx, const ir_op *op, const spec_settings *s, const double *power)
{
    const ir_shape *w = &ir_weight(op)->shape;
    int groups = op->kind == OP_CONV2D ? op->at.groups : 1, depth = w->dim[w->rank - 1];
    double mean = power ? mean_of(power, groups * depth) : 0;
    codebook_job job = {.s = s,
                        .v = ir_weight(op)->data,
                        .channels = w->dim[0],
                        .groups = groups,
                        .terms = ir_elems(w) / w->dim[0],
                        .depth = depth,
                        .power = mean > 0 ? power : NULL,
                        .power_floor = mean * DEAD_SHARE,
                        .bias = ir_bias(op) ? ir_bias(op)->data : NULL,
                        .in_scale = (double)op->in[0]->quant->scale[0],
                        .out_scale = (double)op->out[0]->quant->scale[0]};
    return fit_codebook(ctx, &job);
}

ir_quant *fit_codebook(qctx *ctx, const codebook_job *job)
{
    const spec_settings *s = job->s;
    bool each = s->table_per_channel;
    double given[MOST_ENTRIES] = {0};
    int entries = entries_of(s, codebook_bits(s), given);
    int n =
        (s->per_channel && !(s->set & SPEC_SCALE) && !is_absolute(s)) || each ? job->channels : 1;
    ir_quant *q = ARENA_NEW(ctx->a, ir_quant);
    float *scale = ARENA_ARRAY(ctx->a, float, n);
    int16_t *table = ARENA_ARRAY(ctx->a, int16_t, (int64_t)entries * (each ? n : 1));
    fit f = new_fit(ctx, job, entries, each ? 1 : job->channels, each ? 1 : n);
    for (int c = 0; c < (each ? n : 1); c++) {
        f.first = c;
        for (int i = 0; i < entries; i++)
            f.entry[i] = given[i];
        run(&f);
        for (int k = 0; k < f.scales; k++)
            scale[c + k] = (float)f.best_scale[k];
        for (int i = 0; i < entries; i++)
            table[(int64_t)c * entries + i] = f.best_table[i];
    }
    *q = (ir_quant){.scheme = IR_Q_CODEBOOK,
                    .symmetric = true,
                    .pow2 = s->pow2,
                    .bits = codebook_bits(s),
                    .axis = n > 1 ? 0 : -1,
                    .n = n,
                    .scale = scale,
                    .zero = ARENA_ARRAY(ctx->a, int32_t, n),
                    .table_type = entries <= CODEBOOK_I8_ENTRIES ? IR_I8 : IR_I16,
                    .entries = entries,
                    .table_per_channel = each && n > 1,
                    .table = table};
    return q;
}
