/* apply.c - a row varied at random. */
#include <math.h>
#include <string.h>

#include "compiler/augment/internal.h"
#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"

/* ---- getting ready --------------------------------------------------------------------------- */

/* The real range that the input declares, by its range or by its scale. */
static void port_range(const ir_tensor *port, double *lo, double *hi)
{
    *lo = port->real_lo;
    *hi = port->real_hi;
    if (*lo < *hi || !port->quant)
        return;
    bool wide = port->type == IR_I16;
    *lo = quant_value(port->quant, 0, wide ? INT16_MIN : INT8_MIN);
    *hi = quant_value(port->quant, 0, wide ? INT16_MAX : INT8_MAX);
}

static void set_shape(augmenter *a, const ir_shape *s)
{
    int rank = s->rank;
    a->image = rank == 3;
    a->height = rank >= 2 ? (int)s->dim[0] : 1;
    a->width = rank >= 2 ? (int)s->dim[1] : (int)s->dim[0];
    a->channels = rank == 3 ? (int)s->dim[2] : 1;
}

/* The largest count that a step of this kind may have on an input. */
static int count_limit(const augmenter *a, aug_kind kind)
{
    int time = a->spec->time_is_width ? a->width : a->height;
    int frequency = a->spec->time_is_width ? a->height : a->width;
    int least = a->height < a->width && a->image ? a->height : a->image ? a->width : a->height;
    switch (kind) {
    case AUG_TIME_SHIFT:
    case AUG_TIME_MASK:
        return time - 1;
    case AUG_FREQ_MASK:
        return frequency - 1;
    case AUG_CUTOUT:
        return least;
    case AUG_CROP:
        return least - 1;
    default:
        return INT32_MAX;
    }
}

static bool suits(qctx *ctx, const augmenter *a, const aug_step *s, const ir_tensor *port)
{
    const aug_word *w = &aug_words[s->kind];
    if (port->shape.rank > 3 || port->shape.rank < w->min_rank) {
        diag_add(ctx, D_AUGMENT_SHAPE, s->loc, "%s: the input '%s' has %d dimension%s", w->name,
                 port->name, port->shape.rank, port->shape.rank == 1 ? "" : "s");
        diag_expected(ctx, "%s",
                      w->min_rank == 3   ? "an image, [height, width, channels]"
                      : w->min_rank == 2 ? "[height, width, channels] or [length, coefficients]"
                                         : "at most three dimensions");
        return false;
    }
    if (w->form == AUG_COUNT && s->hi > count_limit(a, s->kind)) {
        diag_add(ctx, D_AUGMENT_SHAPE, s->loc, "%s %g: the input '%s' allows %d at most", w->name,
                 s->hi, port->name, count_limit(a, s->kind));
        return false;
    }
    return true;
}

augmenter *aug_new(qctx *ctx, const aug_spec *s, const ir_tensor *port)
{
    augmenter *a = ARENA_NEW(ctx->a, augmenter);
    a->spec = s;
    set_shape(a, &port->shape);
    port_range(port, &a->lo, &a->hi);
    double fill = s->has_fill ? s->fill : 0;
    a->fill = (float)(a->lo < a->hi ? fmin(fmax(fill, a->lo), a->hi) : fill);
    bool ok = true;
    for (int i = 0; i < s->steps.n; i++)
        ok &= suits(ctx, a, &s->steps.v[i], port);
    return ok ? a : NULL;
}

/* ---- chance -----------------------------------------------------------------------------------
 */

/* A stream of its own for every variant (the mixing constants are those of splitmix64). */
static void seed_variant(rng *r, aug_key k)
{
    uint64_t h = k.seed;
    h = (h ^ (k.epoch + 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 29) ^ k.row) * 0x94d049bb133111ebu;
    rng_seed(r, h ^ (h >> 31));
}

static double uniform(rng *r, double lo, double hi)
{
    return lo + (hi - lo) * rng_double(r);
}

static int below(rng *r, int n)
{
    return (int)rng_below(r, (uint64_t)n);
}

/* Standard normal, one of each pair (Box and Muller, 1958). */
static double normal(rng *r)
{
    double u = 1 - rng_double(r), v = rng_double(r);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Beta(a, a) for 0 < a <= 1 (Jöhnk's rejection, 1964). */
static double symmetric_beta(rng *r, double a)
{
    for (int i = 0; i < 1000; i++) {
        double x = pow(rng_double(r), 1 / a), y = pow(rng_double(r), 1 / a);
        if (x + y > 0 && x + y <= 1)
            return x / (x + y);
    }
    return 1;
}

/* ---- geometry: where a pixel of the result comes from ------------------------------------------
 */

/* Source = m · (result - centre) + t + centre; rows y, x. */
typedef struct affine {
    double m[2][2], t[2];
    bool any;
} affine;

/* The step maps p to s·p + d; its inverse goes in behind what is there: pixels of the result pass
 * the last step first. */
static void append_inverse(affine *f, double i00, double i01, double i10, double i11, double dy,
                           double dx)
{
    double inv[2][2] = {{i00, i01}, {i10, i11}}, m[2][2];
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++)
            m[r][c] = f->m[r][0] * inv[0][c] + f->m[r][1] * inv[1][c];
    for (int r = 0; r < 2; r++)
        f->t[r] -= m[r][0] * dy + m[r][1] * dx;
    memcpy(f->m, m, sizeof m);
    f->any = true;
}

static void rotate(affine *f, double degrees)
{
    double phi = degrees * 0.017453292519943295, c = cos(phi), s = sin(phi);
    append_inverse(f, c, s, -s, c, 0, 0);
}

/* Pads by n on every side, then cuts the old size out anywhere: a shift by whole pixels. */
static void crop(const augmenter *a, affine *f, rng *r, int n)
{
    int dy = below(r, 2 * n + 1) - n, dx = below(r, 2 * n + 1) - n;
    append_inverse(f, 1, 0, 0, 1, dy, a->image ? dx : 0);
}

static void shift(const augmenter *a, affine *f, rng *r, const aug_step *s)
{
    double dy = uniform(r, s->lo, s->hi) * a->height, dx = uniform(r, s->lo, s->hi) * a->width;
    append_inverse(f, 1, 0, 0, 1, a->image ? dy : floor(dy + 0.5), a->image ? dx : 0);
}

static void geometric(const augmenter *a, const aug_step *s, affine *f, rng *r)
{
    double v = 0;
    switch (s->kind) {
    case AUG_ROTATE:
        rotate(f, uniform(r, s->lo, s->hi));
        break;
    case AUG_FLIP: /* `hv`: each axis by itself */
        append_inverse(f, s->vertical && (!s->horizontal || below(r, 2)) ? -1 : 1, 0, 0,
                       s->horizontal && (!s->vertical || below(r, 2)) ? -1 : 1, 0, 0);
        break;
    case AUG_CROP:
        crop(a, f, r, (int)s->hi);
        break;
    case AUG_SHIFT:
        shift(a, f, r, s);
        break;
    case AUG_SCALE:
        v = 1 / uniform(r, s->lo, s->hi);
        append_inverse(f, v, 0, 0, v, 0, 0);
        break;
    case AUG_SHEAR: /* x grows with y */
        v = tan(uniform(r, s->lo, s->hi) * 0.017453292519943295);
        append_inverse(f, 1, 0, -v, 1, 0, 0);
        break;
    default:
        break;
    }
}

static bool is_geometric(aug_kind kind)
{
    return kind <= AUG_SHEAR;
}

/* The value at a whole position; outside: the fill, or the nearest one. */
static float pixel(const augmenter *a, const float *in, double y, double x, int c)
{
    if (a->spec->edge) {
        y = fmin(fmax(y, 0), a->height - 1);
        x = fmin(fmax(x, 0), a->width - 1);
    }
    if (!(y >= 0 && y <= a->height - 1 && x >= 0 && x <= a->width - 1))
        return a->fill;
    return in[((int64_t)y * a->width + (int64_t)x) * a->channels + c];
}

static float bilinear(const augmenter *a, const float *in, double y, double x, int c)
{
    double y0 = floor(y), x0 = floor(x), fy = y - y0, fx = x - x0;
    double top = (double)pixel(a, in, y0, x0, c), bottom = 0;
    if (fx > 0)
        top += fx * ((double)pixel(a, in, y0, x0 + 1, c) - top);
    if (!(fy > 0))
        return (float)top;
    bottom = (double)pixel(a, in, y0 + 1, x0, c);
    if (fx > 0)
        bottom += fx * ((double)pixel(a, in, y0 + 1, x0 + 1, c) - bottom);
    return (float)(top + fy * (bottom - top));
}

static void resample(const augmenter *a, const affine *f, const float *in, float *out)
{
    double cy = (a->height - 1) / 2.0, cx = (a->width - 1) / 2.0;
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++) {
            double sy = f->m[0][0] * (y - cy) + f->m[0][1] * (x - cx) + f->t[0] + cy;
            double sx = f->m[1][0] * (y - cy) + f->m[1][1] * (x - cx) + f->t[1] + cx;
            for (int c = 0; c < a->channels; c++)
                *out++ = bilinear(a, in, sy, sx, c);
        }
}

/* ---- values ------------------------------------------------------------------------------------
 */

static int64_t elements(const augmenter *a)
{
    return (int64_t)a->height * a->width * a->channels;
}

/* The real range that brightness and noise are measured in. */
static void range_of(const augmenter *a, const float *v, double *lo, double *hi)
{
    *lo = a->lo;
    *hi = a->hi;
    if (a->lo < a->hi)
        return;
    *lo = *hi = (double)v[0];
    for (int64_t i = 1; i < elements(a); i++) {
        *lo = fmin(*lo, (double)v[i]);
        *hi = fmax(*hi, (double)v[i]);
    }
}

static void keep_range(const augmenter *a, float *v)
{
    for (int64_t i = 0; a->lo < a->hi && i < elements(a); i++)
        v[i] = (float)fmin(fmax((double)v[i], a->lo), a->hi);
}

static double mean_of(const augmenter *a, const float *v)
{
    double sum = 0;
    for (int64_t i = 0; i < elements(a); i++)
        sum += (double)v[i];
    return sum / (double)elements(a);
}

/* v ← mean + (v - mean) · gain + offset. */
static void linear(const augmenter *a, float *v, double gain, double mean, double offset)
{
    for (int64_t i = 0; i < elements(a); i++)
        v[i] = (float)(mean + ((double)v[i] - mean) * gain + offset);
    keep_range(a, v);
}

static void add_noise(const augmenter *a, float *v, rng *r, double deviation)
{
    for (int64_t i = 0; i < elements(a); i++)
        v[i] = (float)((double)v[i] + deviation * normal(r));
    keep_range(a, v);
}

/* A rectangle, cut at the borders, becomes the fill (a mask has no nearest value). */
static void blank(const augmenter *a, float *v, int y0, int x0, int height, int width)
{
    for (int y = y0 < 0 ? 0 : y0; y < y0 + height && y < a->height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x0 + width && x < a->width; x++)
            for (int c = 0; c < a->channels; c++)
                v[((int64_t)y * a->width + x) * a->channels + c] = a->fill;
}

/* DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017:
 * the square's centre is anywhere. */
static void cutout(const augmenter *a, float *v, rng *r, int n)
{
    int y = below(r, a->height), x = below(r, a->width);
    blank(a, v, y - n / 2, x - n / 2, n, n);
}

/* Park et al., "SpecAugment", 2019: up to n consecutive frames, or coefficients. */
static void mask(const augmenter *a, float *v, rng *r, int n, bool rows)
{
    int width = below(r, n + 1), at = below(r, (rows ? a->height : a->width) - width + 1);
    if (rows)
        blank(a, v, at, 0, width, a->width);
    else
        blank(a, v, 0, at, a->height, width);
}

static void time_shift(const augmenter *a, float *v, rng *r, int n)
{
    int by = below(r, 2 * n + 1) - n, frames = a->spec->time_is_width ? a->width : a->height;
    int64_t step = a->spec->time_is_width ? a->channels : (int64_t)a->width * a->channels;
    int64_t others = elements(a) / frames;
    for (int64_t k = 0; k < others; k++) {
        float *line = a->spec->time_is_width
                          ? v + k / a->channels * a->width * a->channels + k % a->channels
                          : v + k;
        for (int i = 0; i < frames; i++) {
            int to = by < 0 ? i : frames - 1 - i, from = to - by;
            bool outside = from < 0 || from >= frames;
            from = from < 0 ? 0 : from >= frames ? frames - 1 : from;
            line[to * step] = outside && !a->spec->edge ? a->fill : line[from * step];
        }
    }
}

static void change_values(const augmenter *a, const aug_step *s, rng *r, float *v)
{
    double lo, hi;
    range_of(a, v, &lo, &hi);
    switch (s->kind) {
    case AUG_BRIGHTNESS:
        linear(a, v, 1, 0, uniform(r, s->lo, s->hi) * (hi - lo));
        break;
    case AUG_CONTRAST:
        linear(a, v, uniform(r, s->lo, s->hi), mean_of(a, v), 0);
        break;
    case AUG_NOISE:
        add_noise(a, v, r, uniform(r, s->lo, s->hi) * (hi - lo));
        break;
    case AUG_CUTOUT:
        cutout(a, v, r, (int)s->hi);
        break;
    case AUG_TIME_SHIFT:
        time_shift(a, v, r, (int)s->hi);
        break;
    case AUG_TIME_MASK:
    case AUG_FREQ_MASK:
        mask(a, v, r, (int)s->hi, (s->kind == AUG_TIME_MASK) != a->spec->time_is_width);
        break;
    default:
        break;
    }
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

static bool happens(const aug_step *s, rng *r)
{
    return rng_double(r) < s->probability;
}

void aug_row(const augmenter *a, aug_key key, const float *in, float *out)
{
    rng r;
    seed_variant(&r, key);
    affine f = {.m = {{1, 0}, {0, 1}}};
    for (int i = 0; i < a->spec->steps.n; i++) {
        const aug_step *s = &a->spec->steps.v[i];
        if (is_geometric(s->kind) && happens(s, &r))
            geometric(a, s, &f, &r);
    }
    if (f.any)
        resample(a, &f, in, out);
    else
        memcpy(out, in, (size_t)elements(a) * sizeof *out);
    for (int i = 0; i < a->spec->steps.n; i++) {
        const aug_step *s = &a->spec->steps.v[i];
        if (!is_geometric(s->kind) && s->kind != AUG_MIXUP && happens(s, &r))
            change_values(a, s, &r, out);
    }
}

double aug_partner(const augmenter *a, aug_key key, int64_t rows, int64_t *partner)
{
    *partner = 0;
    for (int i = 0; i < a->spec->steps.n; i++) {
        const aug_step *s = &a->spec->steps.v[i];
        if (s->kind != AUG_MIXUP)
            continue;
        rng r;
        key.seed ^= 0x6d69787570u; /* a stream beside the row's own */
        seed_variant(&r, key);
        if (!happens(s, &r))
            return 1;
        double share = symmetric_beta(&r, s->hi);
        *partner = (int64_t)rng_below(&r, (uint64_t)rows);
        return fmax(share, 1 - share);
    }
    return 1;
}
