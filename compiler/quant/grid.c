/* grid.c - uniform grids and codebooks: codes, levels, reals (contracts.md §4).
 *
 * Everything is computed in double from the float32 scales, in a fixed order, so that the same
 * ranges give the same codes on every machine. */
#include "compiler/quant/grid.h"

#include <float.h>
#include <math.h>

/* Zero points beyond this cannot come from a sane range; levels stay far inside int32. */
#define ZERO_LIMIT 1073741823.0
/* Relative slack of "outside the range": scales are float32, so the largest value of the range that
 * a scale was made for may lie a rounding error outside. */
#define CLIP_SLACK 0x1p-20

/* Midpoint grids whose codes are the odd numbers 2k + 1 - 2^n themselves. */
bool quant_is_odd_midpoint(const ir_quant *q)
{
    return q->scheme == IR_Q_UNIFORM && q->grid == IR_GRID_MIDPOINT && q->symmetric && q->bits <= 7;
}

ir_type weight_code_type(const ir_quant *q)
{
    return q->scheme == IR_Q_CODEBOOK ? IR_U8 : q->bits > 8 ? IR_I16 : IR_I8;
}

static int scale_index(const ir_quant *q, int c)
{
    return q->n > 1 ? c : 0;
}

static const int16_t *channel_table(const ir_quant *q, int c)
{
    return q->table_per_channel ? q->table + (int64_t)c * q->entries : q->table;
}

void quant_code_range(const ir_quant *q, int32_t *lo, int32_t *hi)
{
    int32_t half = (int32_t)1 << (q->bits - 1);
    if (q->scheme == IR_Q_CODEBOOK) {
        *lo = 0;
        *hi = q->entries - 1;
    } else if (quant_is_odd_midpoint(q)) {
        *lo = 1 - 2 * half;
        *hi = 2 * half - 1;
    } else {
        *lo = q->grid == IR_GRID_TREAD && q->symmetric ? 1 - half : -half;
        *hi = half - 1;
    }
}

int32_t quant_level(const ir_quant *q, int c, int32_t code)
{
    if (q->scheme == IR_Q_CODEBOOK)
        return channel_table(q, c)[code];
    if (quant_is_odd_midpoint(q))
        return code;
    int32_t zero = q->zero ? q->zero[scale_index(q, c)] : 0;
    if (q->grid == IR_GRID_MIDPOINT)
        return 2 * code + 1 + ((int32_t)1 << q->bits) + zero;
    return code - zero;
}

double quant_value(const ir_quant *q, int c, int32_t code)
{
    return (double)q->scale[scale_index(q, c)] * quant_level(q, c, code);
}

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Nearest entry; the lower index wins a tie. */
static int32_t encode_codebook(const ir_quant *q, int c, double v, bool *clipped)
{
    const int16_t *t = channel_table(q, c);
    double level = v / (double)q->scale[scale_index(q, c)];
    int32_t best = 0;
    int16_t lo = t[0], hi = t[0];
    for (int32_t i = 1; i < q->entries; i++) {
        if (fabs(level - t[i]) < fabs(level - t[best]))
            best = i;
        lo = t[i] < lo ? t[i] : lo;
        hi = t[i] > hi ? t[i] : hi;
    }
    if (clipped && (level < lo || level > hi))
        *clipped = true;
    return best;
}

/* Interval k of 2^n, the grid's lower end being scale * zero (the end of a symmetric one: -2^n
 * half-steps). Intervals move with the grid, so the error is at most half a step inside it. */
static int32_t encode_midpoint(const ir_quant *q, int c, double v, bool *clipped)
{
    int i = scale_index(q, c);
    double count = ldexp(1.0, q->bits);
    double begin = quant_is_odd_midpoint(q) ? -count : (double)q->zero[i];
    double at = (v / (double)q->scale[i] - begin) / 2;
    double slack = count * CLIP_SLACK + (q->symmetric ? 0 : 0.25);
    if (clipped && (at < -slack || at > count + slack))
        *clipped = true;
    int32_t k = (int32_t)clamp(floor(at), 0, count - 1);
    return quant_is_odd_midpoint(q) ? 2 * k + 1 - ((int32_t)1 << q->bits)
                                    : k - ((int32_t)1 << (q->bits - 1));
}

static int32_t encode_tread(const ir_quant *q, int c, double v, bool *clipped)
{
    int i = scale_index(q, c);
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    double zero = q->zero ? q->zero[i] : 0;
    double steps = v / (double)q->scale[i];
    double slack = q->symmetric ? hi * CLIP_SLACK : 0.5;
    if (clipped && (steps < lo - zero - slack || steps > hi - zero + slack))
        *clipped = true;
    return (int32_t)clamp(round(steps) + zero, lo, hi);
}

int32_t quant_encode(const ir_quant *q, int c, double v, bool *clipped)
{
    if (isnan(v))
        v = 0;
    if (q->scheme == IR_Q_CODEBOOK)
        return encode_codebook(q, c, v, clipped);
    return q->grid == IR_GRID_MIDPOINT ? encode_midpoint(q, c, v, clipped)
                                       : encode_tread(q, c, v, clipped);
}

/* ---- quantizations from ranges ------------------------------------------------------------- */

/* A float32 scale: normal, finite, > 0. A range without extent (all zeros) gets 1. Powers of two
 * are rounded up, so that the range stays inside. */
static float make_scale(double s, bool pow2)
{
    if (!(s > 0))
        return 1.0f;
    if (pow2 && s < (double)FLT_MAX) {
        int e;
        double f = frexp(s, &e);
        s = ldexp(1.0, f == 0.5 ? e - 1 : e);
    }
    float largest = pow2 ? 0x1p127f : FLT_MAX;
    return s >= (double)largest ? largest : s <= (double)FLT_MIN ? FLT_MIN : (float)s;
}

static int32_t make_zero(double z)
{
    return (int32_t)clamp(round(z), -ZERO_LIMIT, ZERO_LIMIT);
}

static void tread_channel(const ir_quant *q, double lo, double hi, float *scale, int32_t *zero)
{
    double half = ldexp(1.0, q->bits - 1);
    if (q->symmetric) {
        *scale = make_scale(fmax(fabs(lo), fabs(hi)) / fmax(half - 1, 1), q->pow2);
        *zero = 0;
        return;
    }
    lo = fmin(lo, 0);
    hi = fmax(hi, 0);
    *scale = make_scale((hi - lo) / (2 * half - 1), q->pow2);
    *zero = make_zero(clamp(-half - round(lo / (double)*scale), -half, half - 1));
}

/* scale is half a step; the zero is Z = round(2a/Δ) where codes do not carry it themselves. */
static void midpoint_channel(const ir_quant *q, double lo, double hi, float *scale, int32_t *zero)
{
    double count = ldexp(1.0, q->bits);
    if (q->symmetric) {
        double end = fmax(fabs(lo), fabs(hi));
        *scale = make_scale(end / count, q->pow2);
        *zero = quant_is_odd_midpoint(q) ? 0 : -((int32_t)1 << q->bits);
        return;
    }
    *scale = make_scale((hi / 2 - lo / 2) / count, q->pow2);
    *zero = make_zero(lo / (double)*scale);
}

void quant_fit(const ir_quant *q, double lo, double hi, float *scale, int32_t *zero)
{
    if (q->grid == IR_GRID_MIDPOINT)
        midpoint_channel(q, lo, hi, scale, zero);
    else
        tread_channel(q, lo, hi, scale, zero);
}

/* Distance of channel c's lowest end from lo. */
static double moved_from(const ir_quant *q, int c, double lo)
{
    int32_t first, last;
    quant_code_range(q, &first, &last);
    if (q->symmetric)
        return 0;
    if (q->grid == IR_GRID_MIDPOINT)
        return fabs((double)q->scale[c] * q->zero[c] - lo);
    return fabs(quant_value(q, c, first) - fmin(lo, 0));
}

ir_quant *quant_uniform(qctx *ctx, ir_grid grid, bool symmetric, bool pow2, int bits, int axis,
                        int n, const double *lo, const double *hi)
{
    ir_quant *q = ARENA_NEW(ctx->a, ir_quant);
    float *scale = ARENA_ARRAY(ctx->a, float, n);
    int32_t *zero = ARENA_ARRAY(ctx->a, int32_t, n);
    *q = (ir_quant){.scheme = IR_Q_UNIFORM,
                    .grid = grid,
                    .symmetric = symmetric,
                    .pow2 = pow2,
                    .bits = bits,
                    .axis = axis,
                    .n = n,
                    .scale = scale,
                    .zero = zero,
                    .lo = lo[0],
                    .hi = hi[0]};
    for (int c = 0; c < n; c++) {
        quant_fit(q, lo[c], hi[c], &scale[c], &zero[c]);
        q->lo = fmin(q->lo, lo[c]);
        q->hi = fmax(q->hi, hi[c]);
        q->moved = fmax(q->moved, moved_from(q, c, lo[c]));
    }
    return q;
}

ir_quant *quant_port(qctx *ctx, double lo, double hi, bool *moved)
{
    ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, false, false, 8, -1, 1, &lo, &hi);
    double exact = -lo / ((hi - lo) / 255);
    double zero = clamp(floor(exact + 0.5), 0, 255);
    int32_t *z = ARENA_NEW(ctx->a, int32_t);
    *z = (int32_t)zero - 128;
    q->zero = z;
    if (moved)
        *moved = fabs(exact - zero) > 1e-6;
    return q;
}

int quant_channel(const ir_quant *q, const ir_shape *shape, int64_t i)
{
    if (q->axis < 0)
        return 0;
    int64_t inner = 1;
    for (int d = q->axis + 1; d < shape->rank; d++)
        inner *= shape->dim[d];
    return (int)(i / inner % shape->dim[q->axis]);
}

/* ---- ports --------------------------------------------------------------------------------- */

int32_t port_quantize(float v, float scale, int32_t zero, int32_t lo, int32_t hi)
{
    float t = v / scale;
    float least = (float)(lo - zero), most = (float)(hi - zero);
    if (t != t)
        return zero;
    t = t < least ? least : t > most ? most : t;
    /* |t| < 2^17, so the whole part and the fraction are exact: adding a half could round up. */
    int32_t whole = (int32_t)t;
    float fraction = t - (float)whole;
    return whole + (fraction >= 0.5f) - (fraction <= -0.5f) + zero;
}
