/* test_arith.c - the arithmetic contract against models written independently of it: wide integers,
 * literal transcriptions of the published definitions, libm where a tolerance is enough. */
#include "tests/unit/cm.h"

#include <float.h>
#include <math.h>

#include "compiler/base/rng.h"
#include "runtime/arith.h"
#include "runtime/real.h"

typedef __int128 wide;

enum { ROUNDS = 200000 };

static wide wide_pow2(int n) { return (wide)1 << n; }

/* Floor and nearest divisions by 2^n, from the quotient and remainder. */
static wide floor_div(wide v, wide d) { return v / d - (v % d < 0); }

/* A random integer of a random width up to bits, either sign; small values are as likely as large. */
static int64_t random_int(rng *r, int bits)
{
    int width = (int)rng_below(r, (uint64_t)bits) + 1;
    int64_t v = (int64_t)(rng_next(r) >> (64 - width));
    return rng_below(r, 2) ? -v : v;
}

/* 2^(-span…span) times 1…2. */
static double random_ratio(rng *r, int lowest, int highest)
{
    int e = lowest + (int)rng_below(r, (uint64_t)(highest - lowest + 1));
    return ldexp(1 + rng_double(r), e);
}

/* ---- rounding shifts ---------------------------------------------------------------------------- */

static void shifts_equal_divisions(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 1);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t v = random_int(&r, 62);
        int n = (int)rng_below(&r, 62);
        wide d = wide_pow2(n);
        assert_true(arith_shr(v, n) == floor_div(v, d));
        assert_true(arith_round_up_shr(v / 2, n) == floor_div(v / 2 + d / 2, d));
        wide a = v < 0 ? -(wide)v : v, away = (a + d / 2) / d;
        assert_true(arith_round_away_shr(v, n) == (v < 0 ? -away : away));
        int64_t b = 1 + (int64_t)rng_below(&r, 1000);
        assert_true(arith_floor_div(v, b) == floor_div(v, b));
    }
    assert_true(arith_shr(INT64_MIN, 62) == -2);
    assert_int_equal(arith_round_up_shr(-3, 1), -1); /* ties up */
    assert_int_equal(arith_round_up_shr(3, 1), 2);
    assert_int_equal(arith_round_away_shr(-3, 1), -2); /* ties away */
    assert_int_equal(arith_round_away_shr(3, 1), 2);
}

static void saturations(void **state)
{
    (void)state;
    assert_int_equal(arith_sat32((int64_t)INT32_MAX + 1), INT32_MAX);
    assert_int_equal(arith_sat32((int64_t)INT32_MIN - 1), INT32_MIN);
    assert_int_equal(arith_sat16(40000), 32767);
    assert_int_equal(arith_sat16(-40000), -32768);
    assert_int_equal(arith_shl_sat32(INT64_MAX, 31), INT32_MAX);
    assert_int_equal(arith_shl_sat32(INT64_MIN, 31), INT32_MIN);
    assert_int_equal(arith_shl_sat32(-1, 31), INT32_MIN);
    assert_int_equal(arith_shl_sat32(1, 31), INT32_MAX);
    assert_int_equal(arith_shl_sat32(-5, 3), -40);
    assert_int_equal(arith_clz32(0), 32);
    assert_int_equal(arith_clz32(1), 31);
    assert_int_equal(arith_clz32(UINT32_MAX), 0);
}

static void nearest_integer_ties_to_even(void **state)
{
    (void)state;
    static const struct { double v; int32_t want; } cases[] = {
        { 0.5, 0 },   { 1.5, 2 },   { 2.5, 2 },    { -0.5, 0 },         { -1.5, -2 },
        { -2.5, -2 }, { 2.4999, 2 }, { -2.51, -3 }, { 1e300, 1 << 30 },  { -1e300, -(1 << 30) },
        { INFINITY, 1 << 30 }, { -INFINITY, -(1 << 30) }, { NAN, 0 },     { 1073741823.5, 1 << 30 },
        { -1073741823.5, -(1 << 30) },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(arith_rint(cases[i].v), cases[i].want);
    rng r;
    rng_seed(&r, 2);
    for (int i = 0; i < ROUNDS; i++) {
        double v = (double)random_int(&r, 30) / 4;
        assert_true(arith_rint(v) == nearbyint(v));
    }
}

/* ---- q32 ---------------------------------------------------------------------------------------- */

static void q32_multiplier_is_the_least_shift(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < ROUNDS; i++) {
        double ratio = random_ratio(&r, -40, 28);
        int k;
        int32_t m = arith_q32_multiplier(ratio, &k);
        assert_true(m >= 0 && k >= 0 && k <= 31);
        assert_true(m == (int64_t)floor(ratio * ldexp(1, 32 - k) + 0.5));
        if (k > 0)
            assert_true(floor(ratio * ldexp(1, 33 - k) + 0.5) > INT32_MAX);
    }
    int k;
    assert_int_equal(arith_q32_multiplier(0.25, &k), 1 << 30);
    assert_int_equal(k, 0);
    assert_int_equal(arith_q32_multiplier(0.5, &k), 1 << 30); /* 2^31 does not fit */
    assert_int_equal(k, 1);
    assert_int_equal(arith_q32_multiplier(ldexp(1, -34), &k), 0); /* flushed */
    assert_int_equal(arith_q32_multiplier(ldexp(1, -33), &k), 1);
}

/* |R − acc·M| ≤ |acc|·2^k/2^33 + ½ (contracts.md §4), and ½ + ¼ at most. */
static void q32_error_is_bounded(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 4);
    for (int i = 0; i < ROUNDS; i++) {
        double ratio = random_ratio(&r, -36, 12);
        int64_t acc = random_int(&r, 31);
        int k;
        int32_t m = arith_q32_multiplier(ratio, &k);
        if ((wide)(acc < 0 ? -acc : acc) * wide_pow2(k) > INT32_MAX)
            continue;
        long double error = fabsl((long double)arith_scale_q32(acc, m, k, 0) -
                                  (long double)acc * (long double)ratio);
        long double limit = fabsl((long double)acc) * powl(2, k) / powl(2, 33) + 0.5L;
        assert_true(error <= limit + 1e-7L);
        assert_true(error <= 0.75L + 1e-7L);
    }
}

static void q32_pre_shift_adds_half_a_multiplier(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 5);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t bound = (int64_t)1 << (31 + rng_below(&r, 20));
        int64_t acc = (int64_t)rng_below(&r, (uint64_t)bound) * (rng_below(&r, 2) ? -1 : 1);
        int down = arith_q32_down(bound), k;
        double ratio = random_ratio(&r, -60, -down - 2), shifted = ldexp(ratio, down);
        int32_t m = arith_q32_multiplier(shifted, &k);
        assert_int_equal(k, 0);
        long double error = fabsl((long double)arith_scale_q32(acc, m, k, down) -
                                  (long double)acc * (long double)ratio);
        long double reduced = fabsl((long double)acc) / powl(2, down) + 1;
        assert_true(error <= reduced / powl(2, 33) + 0.5L + (long double)shifted / 2 + 1e-7L);
    }
}

static void q32_pre_shift_is_the_least(void **state)
{
    (void)state;
    assert_int_equal(arith_q32_down(0), 0);
    assert_int_equal(arith_q32_down(INT32_MAX), 0);
    assert_int_equal(arith_q32_down((int64_t)INT32_MAX + 1), 1);
    assert_int_equal(arith_q32_down(4294967293), 1); /* (… + 1) >> 1 = 2^31 − 1 */
    assert_int_equal(arith_q32_down(4294967294), 1);
    assert_int_equal(arith_q32_down(4294967295), 2); /* rounds to 2^31 */
    for (int bits = 31; bits < 62; bits++)
        for (int delta = -3; delta <= 3; delta++) {
            int64_t bound = arith_pow2(bits) + delta;
            int r = arith_q32_down(bound);
            assert_true(arith_round_up_shr(bound, r) <= INT32_MAX);
            assert_true(r == 0 ? bound <= INT32_MAX
                               : r == 1 || arith_round_up_shr(bound, r - 1) > INT32_MAX);
        }
}

static void q32_saturates(void **state)
{
    (void)state;
    int k;
    int32_t m = arith_q32_multiplier(8, &k); /* k = 5 */
    int64_t top = ((int64_t)INT32_MAX * m + arith_pow2(31)) >> 32;
    assert_int_equal(k, 5);
    assert_true(arith_scale_q32(INT32_MAX, m, k, 0) == top);
    assert_true(arith_scale_q32(1 << 26, m, k, 0) == top);
    assert_true(arith_scale_q32(1000, m, k, 0) == 8000);
    assert_true(arith_scale_q32(-1000, m, k, 0) == -8000);
}

/* ---- tflm and single ------------------------------------------------------------------------------ */

/* gemmlowp's definition: nudge by the sign, then divide toward zero. */
static int32_t model_doubling_high(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    wide product = (wide)a * b;
    wide nudge = product >= 0 ? wide_pow2(30) : 1 - wide_pow2(30);
    return (int32_t)((product + nudge) / wide_pow2(31));
}

/* gemmlowp's definition: floor, plus one where the remainder exceeds the threshold. */
static int32_t model_divide_by_pot(int32_t x, int exponent)
{
    int64_t mask = (int64_t)(wide_pow2(exponent) - 1);
    int64_t floored = (int64_t)floor_div(x, wide_pow2(exponent));
    int64_t remainder = x - floored * (mask + 1);
    int64_t threshold = (mask >> 1) + (x < 0);
    return (int32_t)(floored + (remainder > threshold));
}

static int32_t model_tflm(int32_t x, int32_t mult, int shift)
{
    wide left = (wide)x * wide_pow2(shift > 0 ? shift : 0);
    int32_t a = left > INT32_MAX ? INT32_MAX : left < INT32_MIN ? INT32_MIN : (int32_t)left;
    return model_divide_by_pot(model_doubling_high(a, mult), shift > 0 ? 0 : -shift);
}

static wide model_single(int32_t x, int32_t mult, int shift)
{
    return floor_div((wide)x * mult + wide_pow2(30 - shift), wide_pow2(31 - shift));
}

static void tflm_and_single_equal_their_models(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 6);
    for (int i = 0; i < 4 * ROUNDS; i++) {
        int32_t x = arith_sat32(random_int(&r, 32)), y = arith_sat32(random_int(&r, 32));
        int32_t mult = (int32_t)((1u << 30) + rng_below(&r, 1u << 30));
        int shift = (int)rng_below(&r, 62) - 31;
        assert_int_equal(arith_doubling_high(x, y), model_doubling_high(x, y));
        assert_true(arith_scale_tflm(x, mult, shift) == model_tflm(x, mult, shift));
        assert_true(arith_scale_single(x, mult, shift) == model_single(x, mult, shift));
    }
    assert_int_equal(arith_doubling_high(INT32_MIN, INT32_MIN), INT32_MAX);
}

/* Next to ties of either rounding step, where the modes differ. */
static void tflm_and_single_at_ties(void **state)
{
    (void)state;
    int differ = 0;
    for (int shift = -20; shift <= 0; shift++)
        for (int32_t x = -5000; x <= 5000; x++)
            for (int32_t delta = 0; delta < 3; delta++) {
                int32_t mult = (1 << 30) + delta * 0x15555555;
                int64_t d = arith_scale_tflm(x, mult, shift), s = arith_scale_single(x, mult, shift);
                assert_true(d == model_tflm(x, mult, shift));
                assert_true(s == model_single(x, mult, shift));
                assert_true(d - s <= 1 && s - d <= 1);
                differ += d != s;
            }
    assert_true(differ > 0);
    /* 3/2 and -3/2: double rounding goes away from zero below, single up. */
    assert_int_equal(arith_scale_tflm(3, 1 << 30, 0), 2);
    assert_int_equal(arith_scale_tflm(-3, 1 << 30, 0), -1);
    assert_int_equal(arith_scale_tflm(-6, 1 << 30, -1), -2);
    assert_int_equal(arith_scale_single(-6, 1 << 30, -1), -1);
}

static void q31_multipliers(void **state)
{
    (void)state;
    static const struct { double ratio; bool single; int32_t mult; int shift; } cases[] = {
        { 1.0, false, 1 << 30, 1 },
        { 0.5, false, 1 << 30, 0 },
        { 0.75, false, 0x60000000, 0 },
        { 0.0, false, 0, 0 },
        { 1e-9, false, 1152921505, -29 },
        { 0x1p-32, false, 1 << 30, -31 },
        { 0x1.fffffffffp-33, false, 1 << 30, -31 }, /* rounds up to 2^-32 */
        { 0x1p-33, false, 0, 0 },                   /* flushed */
        { 0x1.fffffffffp-1, false, 1 << 30, 1 },    /* rounds up to 1 */
        { 2147483647.0, false, INT32_MAX, 31 },
        { 2147483647.0, true, INT32_MAX, 30 },
        { 1073741823.0, true, 2147483646, 30 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int shift;
        assert_int_equal(arith_q31_multiplier(cases[i].ratio, cases[i].single, &shift), cases[i].mult);
        assert_int_equal(shift, cases[i].shift);
    }
}

/* Multipliers near 1e-9 with biases near ±2^30, as vww has them: constants, and no overflow. */
static void tiny_multipliers_with_huge_biases(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        int64_t acc = sign * ((int64_t)1 << 30);
        int shift, k;
        int32_t mult = arith_q31_multiplier(1e-9, false, &shift);
        assert_int_equal(arith_scale_tflm(acc, mult, shift), sign);
        assert_int_equal(arith_scale_single(acc, mult, shift), sign);
        mult = arith_q32_multiplier(1e-9, &k);
        assert_int_equal(arith_scale_q32(acc, mult, k, 0), sign);
    }
}

static void onnx_rounds_the_float_product(void **state)
{
    (void)state;
    assert_int_equal(arith_scale_onnx(5, 0.5f), 2);
    assert_int_equal(arith_scale_onnx(7, 0.5f), 4);
    assert_int_equal(arith_scale_onnx(-5, 0.5f), -2);
    assert_int_equal(arith_scale_onnx((1 << 24) + 1, 1.0f), 1 << 24);
    assert_int_equal(arith_scale_onnx(INT64_MAX, FLT_MAX), 1 << 30);
    assert_int_equal(arith_scale_onnx(-INT64_MAX, FLT_MAX), -(1 << 30));
}

/* ---- fixed-point exp, logistic, tanh --------------------------------------------------------------- */

static void fixed_point_functions_are_close(void **state)
{
    (void)state;
    const double q31 = 2147483648.0, q27 = 134217728.0, q26 = 67108864.0;
    for (int64_t a = -INT32_MAX; a <= INT32_MAX; a += 130003) {
        int32_t v = (int32_t)a;
        if (v <= 0) {
            assert_true(fabs(arith_exp_negative(v, 5) / q31 - exp(v / q26)) < 4e-7);
            assert_true(fabs(arith_exp_negative(v, 4) / q31 - exp(v / q27)) < 4e-7);
        }
        assert_true(fabs(arith_logistic(v) / q31 - 1 / (1 + exp(-v / q27))) < 4e-7);
        assert_true(fabs(arith_tanh(v) / q31 - tanh(v / q27)) < 4e-7);
    }
    assert_int_equal(arith_exp_negative(0, 5), INT32_MAX);
    assert_int_equal(arith_logistic(0), 1 << 30);
    assert_int_equal(arith_tanh(0), 0);
    assert_int_equal(arith_tanh(-12345678), -arith_tanh(12345678));
}

static void reciprocal_is_close(void **state)
{
    (void)state;
    for (int64_t a = 0; a <= INT32_MAX; a += 65537) {
        double want = 2 / (1 + (double)a / 2147483648.0);
        double got = arith_reciprocal((int32_t)a) / 536870912.0;
        assert_true(fabs(got - want) < 1e-7);
    }
}

/* ---- real functions --------------------------------------------------------------------------------- */

static void exponential_is_accurate(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < ROUNDS; i++) {
        double v = (rng_double(&r) - 0.5) * (i % 2 ? 1400 : 4);
        long double want = expl((long double)v);
        if (want > 1e-300L)
            assert_true(fabsl(((long double)real_exp(v) - want) / want) < 0x1p-50L);
    }
    assert_true(real_exp(0) == 1);
    assert_true(real_exp(-1e9) == 0);
    assert_true(real_exp(-INFINITY) == 0);
    assert_true(real_exp(INFINITY) < DBL_MAX);
    assert_true(isnan(real_exp(NAN)));
}

static void unary_functions(void **state)
{
    (void)state;
    assert_true(real_unary(OP_RELU, 0, -3) == 0 && real_unary(OP_RELU, 0, 3) == 3);
    assert_true(real_unary(OP_RELU6, 0, 7) == 6 && real_unary(OP_RELU6, 0, -1) == 0);
    assert_true(real_unary(OP_LEAKY_RELU, 0.25, -4) == -1 && real_unary(OP_LEAKY_RELU, 0.25, 4) == 4);
    assert_true(real_unary(OP_HARD_SWISH, 0, -3) == 0 && real_unary(OP_HARD_SWISH, 0, 4) == 4);
    assert_true(real_unary(OP_HARD_SWISH, 0, 1) == 4.0 / 6);
    for (double v = -40; v <= 40; v += 0.37) {
        assert_true(fabs(real_unary(OP_SIGMOID, 0, v) - 1 / (1 + exp(-v))) < 1e-15);
        assert_true(fabs(real_unary(OP_TANH, 0, v) - tanh(v)) < 1e-15);
        assert_true(real_unary(OP_TANH, 0, -v) == -real_unary(OP_TANH, 0, v));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shifts_equal_divisions),
        cmocka_unit_test(saturations),
        cmocka_unit_test(nearest_integer_ties_to_even),
        cmocka_unit_test(q32_multiplier_is_the_least_shift),
        cmocka_unit_test(q32_error_is_bounded),
        cmocka_unit_test(q32_pre_shift_adds_half_a_multiplier),
        cmocka_unit_test(q32_pre_shift_is_the_least),
        cmocka_unit_test(q32_saturates),
        cmocka_unit_test(tflm_and_single_equal_their_models),
        cmocka_unit_test(tflm_and_single_at_ties),
        cmocka_unit_test(q31_multipliers),
        cmocka_unit_test(tiny_multipliers_with_huge_biases),
        cmocka_unit_test(onnx_rounds_the_float_product),
        cmocka_unit_test(fixed_point_functions_are_close),
        cmocka_unit_test(reciprocal_is_close),
        cmocka_unit_test(exponential_is_accurate),
        cmocka_unit_test(unary_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
