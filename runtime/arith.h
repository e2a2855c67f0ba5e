/* arith.h - the arithmetic contract: what integers do in each numerics mode (docs/numerics.md).
 *
 * Slow, obvious and free of undefined behaviour for every argument that the preconditions admit: all
 * sums and products are int64 or wider by construction, right shifts of negative numbers are floors
 * by definition here (arith_shr), left shifts are multiplications. The oracle and legalize use these
 * functions; emitted code restates them and is compared with them, bit for bit. */
#ifndef QCC_ARITH_H
#define QCC_ARITH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- integers ------------------------------------------------------------------------------ */

static inline int64_t arith_clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static inline int32_t arith_sat32(int64_t v) { return (int32_t)arith_clamp(v, INT32_MIN, INT32_MAX); }

static inline int32_t arith_sat16(int64_t v) { return (int32_t)arith_clamp(v, INT16_MIN, INT16_MAX); }

/* 2^n for 0 ≤ n ≤ 62. */
static inline int64_t arith_pow2(int n) { return (int64_t)1 << n; }

/* ⌊v / 2^n⌋ for 0 ≤ n ≤ 62; does not lean on the implementation's choice for negative v. */
static inline int64_t arith_shr(int64_t v, int n)
{
    return v >= 0 ? v >> n : -((-(v + 1)) >> n) - 1;
}

/* sat32(v·2^n) for 0 ≤ n ≤ 31 and any v. */
static inline int32_t arith_shl_sat32(int64_t v, int n)
{
    return arith_sat32(arith_clamp(v, INT32_MIN, INT32_MAX) * arith_pow2(n));
}

/* ⌊(v + 2^(n−1)) / 2^n⌋: nearest, ties up; n = 0 gives v. |v| < 2^62. */
static inline int64_t arith_round_up_shr(int64_t v, int n)
{
    return n == 0 ? v : arith_shr(v + arith_pow2(n - 1), n);
}

/* v / 2^n, nearest, ties away from zero (gemmlowp's RoundingDivideByPOT). |v| < 2^62, n ≤ 61. */
static inline int64_t arith_round_away_shr(int64_t v, int n)
{
    if (n == 0)
        return v;
    int64_t half = arith_pow2(n - 1);
    return v >= 0 ? (v + half) / arith_pow2(n) : -((-v + half) / arith_pow2(n));
}

/* ⌊a / b⌋ for b > 0. */
static inline int64_t arith_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

/* Leading zeros of a 32-bit word; 32 for 0. */
static inline int arith_clz32(uint32_t v)
{
    int n = 32;
    for (; v != 0; v >>= 1)
        n--;
    return n;
}

/* Nearest integer, ties to even, of a float or double of any magnitude, limited to ±2^30. NaN gives 0. */
static inline int32_t arith_rint(double v)
{
    const double limit = 1073741824.0;
    if (!(v > -limit))
        return v <= -limit ? -1073741824 : 0;
    if (v >= limit)
        return 1073741824;
    double low = floor(v), part = v - low; /* both exact */
    int64_t n = (int64_t)low;
    return (int32_t)(part > 0.5 || (part == 0.5 && n % 2 != 0) ? n + 1 : n);
}

/* ---- multipliers --------------------------------------------------------------------------- */

/* A positive real below this can be a requantization ratio; at or above it: `scale-ratio`. */
#define ARITH_MAX_RATIO 1073741824.0 /* 2^30 */

/* q32: M ≈ m·2^k/2^32 with the least k ≥ 0 for which m fits 31 bits. 0 ≤ M < 2^30. */
static inline int32_t arith_q32_multiplier(double ratio, int *k)
{
    for (*k = 0; *k < 31; ++*k) {
        double m = floor(ldexp(ratio, 32 - *k) + 0.5);
        if (m <= 2147483647.0)
            return (int32_t)m;
    }
    return INT32_MAX; /* not reached below ARITH_MAX_RATIO */
}

/* q32: least r ≥ 0 that brings an accumulator of this bound to int32 with rounding. */
static inline int arith_q32_down(int64_t bound)
{
    int r = 0;
    if (bound > INT32_MAX)
        do
            r++;
        while (arith_shr(bound, r) + (arith_shr(bound, r - 1) & 1) > INT32_MAX);
    return r;
}

/* TFLite's QuantizeMultiplier for ratio ≥ 0: ratio ≈ mult/2^31·2^shift; below 2^-32 it is flushed to
 * zero. */
static inline int32_t arith_q31_multiplier(double ratio, bool single, int *shift)
{
    *shift = 0;
    if (!(ratio > 0))
        return 0;
    int64_t q = (int64_t)floor(ldexp(frexp(ratio, shift), 31) + 0.5); /* half away: it is positive */
    if (q == arith_pow2(31)) {
        q /= 2;
        ++*shift;
    }
    if (*shift < -31) {
        *shift = 0;
        return 0;
    }
    if (single && *shift > 30) {
        *shift = 30;
        return INT32_MAX;
    }
    return (int32_t)q;
}

/* ---- requantization ------------------------------------------------------------------------ */

/* q32: |acc| ≤ 2^62; 0 ≤ k ≤ 31; down as arith_q32_down; mult ≥ 0. */
static inline int64_t arith_scale_q32(int64_t acc, int32_t mult, int k, int down)
{
    acc = arith_round_up_shr(acc, down);
    return arith_shr((int64_t)arith_shl_sat32(acc, k) * mult + arith_pow2(31), 32);
}

/* (a·b + 2^30) >> 31, saturating: gemmlowp's SaturatingRoundingDoublingHighMul. */
static inline int32_t arith_doubling_high(int32_t a, int32_t b)
{
    return arith_sat32(arith_shr((int64_t)a * b + arith_pow2(30), 31));
}

/* tflm: double rounding; −31 ≤ shift ≤ 31, mult ≥ 0. */
static inline int64_t arith_scale_tflm(int64_t acc, int32_t mult, int shift)
{
    int32_t a = arith_shl_sat32(acc, shift > 0 ? shift : 0);
    return arith_round_away_shr(arith_doubling_high(a, mult), shift > 0 ? 0 : -shift);
}

/* single: one rounding, ties up; −31 ≤ shift ≤ 30, mult ≥ 0. */
static inline int64_t arith_scale_single(int64_t acc, int32_t mult, int shift)
{
    int n = 31 - shift;
    return arith_shr((int64_t)arith_sat32(acc) * mult + arith_pow2(n - 1), n);
}

static inline int64_t arith_scale_q31(int64_t acc, int32_t mult, int shift, bool single)
{
    return single ? arith_scale_single(acc, mult, shift) : arith_scale_tflm(acc, mult, shift);
}

/* onnx: rint of the float32 product, limited to ±2^30. */
static inline int64_t arith_scale_onnx(int64_t acc, float factor)
{
    volatile float product = (float)acc * factor; /* its own rounding, whatever the optimiser */
    return arith_rint((double)product);
}

/* ---- fixed point of TFLite's exp, logistic, tanh (gemmlowp's formats) ------------------------ */

/* Qi.(31-i): a number a stands for a/2^(31-i). Q0.31 has "one" = 2^31 − 1. */

/* e^x in Q0.31 for −1/4 ≤ x < 0 in Q0.31: series of degree 4 around −1/8. */
static inline int32_t arith_exp_quarter(int32_t a)
{
    const int32_t e_eighth = 1895147668; /* e^(−1/8) */
    const int32_t third = 715827883;     /* 1/3 */
    int32_t x = a + (1 << 28);
    int32_t x2 = arith_doubling_high(x, x);
    int32_t x3 = arith_doubling_high(x2, x);
    int32_t x4_4 = (int32_t)arith_round_away_shr(arith_doubling_high(x2, x2), 2);
    int64_t tail = arith_round_away_shr((int64_t)arith_doubling_high(x4_4 + x3, third) + x2, 1);
    return e_eighth + arith_doubling_high(e_eighth, (int32_t)(x + tail));
}

/* e^a in Q0.31 for a ≤ 0 in Q(bits).(31−bits), bits 4 or 5: the quarter series times e^(−2^i) for
 * each bit of the rest. */
static inline int32_t arith_exp_negative(int32_t a, int bits)
{
    static const int32_t factor[] = { 1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242 }; /* e^(−2^i), i = −2…4 */
    if (a == 0)
        return INT32_MAX;
    int frac = 31 - bits;
    int32_t quarter = (int32_t)arith_pow2(frac - 2);
    int32_t low = (int32_t)(a - arith_floor_div(a, quarter) * quarter) - quarter; /* −1/4 ≤ low < 0 */
    int32_t rest = low - a; /* a multiple of 1/4 */
    int32_t e = arith_exp_quarter((int32_t)(low * arith_pow2(bits)));
    for (int i = -2; i < bits; i++)
        if ((rest / arith_pow2(frac + i)) % 2 != 0)
            e = arith_doubling_high(e, factor[i + 2]);
    return e;
}

/* 2/(1 + a) in Q2.29 for 0 ≤ a ≤ 1 in Q0.31: three Newton-Raphson steps. */
static inline int32_t arith_reciprocal(int32_t a)
{
    const int32_t start = 1515870810, slope = -1010580540; /* 48/17, −32/17 in Q2.29 */
    int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2); /* (1 + a)/2 */
    int32_t x = start + arith_doubling_high(half, slope);
    for (int i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - arith_doubling_high(half, x);
        x = arith_sat32((int64_t)x + arith_shl_sat32(arith_doubling_high(x, error), 2));
    }
    return x;
}

/* 1/√v ≈ result/2^31·2^−shift for v > 1; v ≤ 1: 1. Five Newton-Raphson steps in Q3.28 from 1 (TensorFlow Lite's
 * GetInvSqrtQuantizedMultiplierExp). 0 ≤ shift ≤ 15. */
static inline int32_t arith_inv_sqrt(int32_t v, int *shift)
{
    *shift = 0;
    if (v <= 1)
        return INT32_MAX;
    *shift = 11;
    for (; v >= 1 << 29; v /= 4)
        ++*shift;
    for (; v < 1 << 27; v *= 4)
        --*shift;
    int32_t x = 1 << 28, half = (int32_t)arith_round_away_shr(v >> 1, 1);
    for (int i = 0; i < 5; i++) {
        int32_t cube = arith_shl_sat32(arith_doubling_high(arith_doubling_high(x, x), x), 6);
        x = arith_shl_sat32((int64_t)arith_doubling_high(3 << 27, x) - arith_doubling_high(half, cube), 3);
    }
    x = arith_doubling_high(x, 1518500250); /* √½ */
    if (*shift >= 0)
        return x;
    x = (int32_t)(x * arith_pow2(-*shift));
    *shift = 0;
    return x;
}

/* 1/(1 + e^−a) in Q0.31, a in Q4.27. */
static inline int32_t arith_logistic(int32_t a)
{
    if (a == 0)
        return 1 << 30;
    int32_t magnitude = arith_sat32(a > 0 ? (int64_t)a : -(int64_t)a);
    int32_t r = arith_shl_sat32(arith_reciprocal(arith_exp_negative(-magnitude, 4)), 1);
    return a > 0 ? r : INT32_MAX - r;
}

/* tanh a in Q0.31, a in Q4.27. */
static inline int32_t arith_tanh(int32_t a)
{
    if (a == 0)
        return 0;
    int32_t magnitude = arith_sat32(a > 0 ? (int64_t)a : -(int64_t)a);
    int64_t x = arith_reciprocal(arith_exp_negative(-magnitude, 5)); /* e^(−2|a|): one bit more */
    int32_t t = arith_shl_sat32(x - (1 << 29), 2);
    return a > 0 ? t : -t;
}

#endif
