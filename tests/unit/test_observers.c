/* test_observers.c - ranges of activations and weights out of known distributions. */
#include "tests/unit/cm.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/internal.h"

enum { N = 20000, ROWS = 10 };

static int setup(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    qctx_free(*state);
    return 0;
}

static double gaussian(rng *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_double(r);
    return sum;
}

static spec_settings settings(spec_observer o, int bits)
{
    return (spec_settings){.bits = bits, .observer = o, .percentile = 99};
}

/* Both passes over v, a tenth of it a row. */
static act_range observe(qctx *ctx, spec_settings s, bool behind_relu, const float *v)
{
    observer o = {.s = s, .lo_is_zero = behind_relu};
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(observer_extremes(&o, v + i * (N / ROWS), N / ROWS), -1);
    if (observer_wants_histogram(ctx, &o))
        for (int i = 0; i < ROWS; i++)
            observer_histogram(&o, v + i * (N / ROWS), N / ROWS);
    act_range r = observer_range(ctx, &o);
    assert_int_equal(r.samples, N);
    return r;
}

static float *uniform(qctx *ctx, double lo, double hi)
{
    rng r;
    rng_seed(&r, 1);
    float *v = ARENA_ARRAY(ctx->a, float, N);
    for (int i = 0; i < N; i++)
        v[i] = (float)(lo + (hi - lo) * rng_double(&r));
    return v;
}

/* Mean squared error of quantizing v on [lo, hi]. */
static double error_on(qctx *ctx, const float *v, int n, int bits, bool symmetric, double lo,
                       double hi)
{
    const ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, symmetric, false, bits, -1, 1, &lo, &hi);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double d = (double)v[i] - quant_value(q, 0, quant_encode(q, 0, (double)v[i], NULL));
        sum += d * d;
    }
    return sum / n;
}

/* ---- activations --------------------------------------------------------------------------- */

/* One value at 100 deviations: mse takes it in, robust clips it and keeps the others fine. */
static void robust_leaves_outliers_out(void **state)
{
    rng r;
    rng_seed(&r, 8);
    float *v = ARENA_ARRAY(((qctx *)*state)->a, float, N);
    for (int i = 0; i < N; i++)
        v[i] = (float)gaussian(&r);
    spec_settings s = settings(SPEC_ROBUST, 8);
    s.percentile = 0; /* the default */
    act_range plain = observe(*state, settings(SPEC_MSE, 8), false, v);
    v[123] = 100;
    act_range mse = observe(*state, settings(SPEC_MSE, 8), false, v);
    act_range robust = observe(*state, s, false, v);
    double wider = (mse.hi - mse.lo) / (robust.hi - robust.lo);
    print_message("steps of mse over those of robust: %.1f\n", wider);
    assert_true(mse.hi > 60 && wider > 8);
    assert_true(robust.hi < 6 && robust.hi > 2.5 && robust.lo < -2.5);
    assert_true(robust.clipped > 0 && robust.clipped < 0.01);
    v[123] = 0;
    double fine = error_on(*state, v, N, 8, false, robust.lo, robust.hi);
    assert_true(error_on(*state, v, N, 8, false, mse.lo, mse.hi) > 50 * fine);
    assert_true(fine < 2 * error_on(*state, v, N, 8, false, plain.lo, plain.hi));
}

static void minmax_is_the_extremes(void **state)
{
    float *v = uniform(*state, -1, 2);
    v[77] = -9;
    v[19999] = 5;
    act_range r = observe(*state, settings(SPEC_MINMAX, 8), false, v);
    assert_true(r.lo == -9 && r.hi == 5 && r.clipped == 0);
}

static void moving_average_weighs_rows(void **state)
{
    float *v = uniform(*state, 0, 0.5);
    for (int i = 0; i < ROWS; i++) {
        v[i * (N / ROWS)] = (float)(1 + i);
        v[i * (N / ROWS) + 1] = -2;
    }
    double want = 1;
    for (int i = 1; i < ROWS; i++)
        want += 0.01 * (1 + i - want);
    act_range r = observe(*state, settings(SPEC_MOVING_AVERAGE, 8), false, v);
    assert_true(fabs(r.hi - want) < 1e-12 && r.lo == -2);
    assert_true(fabs(r.clipped - 9.0 / N) < 1e-9);
}

static void percentile_leaves_its_share_outside(void **state)
{
    const float *v = uniform(*state, -1, 3);
    act_range r = observe(*state, settings(SPEC_PERCENTILE, 8), false, v);
    assert_true(fabs(r.hi - 2.96) < 0.01 && fabs(r.lo + 0.96) < 0.01);
    assert_true(fabs(r.clipped - 0.02) < 0.002);
    const float *positive = uniform(*state, 0, 1);
    r = observe(*state, settings(SPEC_PERCENTILE, 8), true, positive);
    assert_true(r.lo == 0 && fabs(r.hi - 0.99) < 0.005);
}

static void percentile_counts_zeros(void **state)
{
    float *v = uniform(*state, 0, 1);
    for (int i = 0; i < N; i++)
        v[i] = i % 2 ? 0 : v[i];
    act_range r = observe(*state, settings(SPEC_PERCENTILE, 8), true, v);
    assert_true(fabs(r.hi - 0.98) < 0.005); /* 1 % of all values are 2 % of the others */
}

static void mse_keeps_an_even_spread(void **state)
{
    const float *v = uniform(*state, -1, 2);
    act_range r = observe(*state, settings(SPEC_MSE, 8), false, v);
    assert_true(r.lo < -0.99 && r.hi > 1.98);
}

static float *bell(qctx *ctx)
{
    rng r;
    rng_seed(&r, 9);
    float *v = ARENA_ARRAY(ctx->a, float, N);
    for (int i = 0; i < N; i++)
        v[i] = (float)gaussian(&r);
    return v;
}

/* As good as the best of many ranges tried on the data itself, at every width. */
static void mse_is_near_the_best_there_is(void **state)
{
    static const int widths[] = {3, 4, 6, 8};
    const float *v = bell(*state);
    for (int w = 0; w < 4; w++) {
        act_range got = observe(*state, settings(SPEC_MSE, widths[w]), false, v);
        double best = INFINITY;
        for (int a = 3; a <= 12; a++)
            for (int b = 3; b <= 12; b++)
                best = fmin(best, error_on(*state, v, N, widths[w], false, -a / 3.0, b / 3.0));
        assert_true(error_on(*state, v, N, widths[w], false, got.lo, got.hi) <= best * 1.05);
        assert_true(widths[w] > 4 || got.clipped > 0);
    }
}

static void mse_drops_an_outlier_not_worth_its_codes(void **state)
{
    float *v = bell(*state);
    v[5] = 40;
    act_range got = observe(*state, settings(SPEC_MSE, 4), false, v);
    assert_true(got.hi < 5 && got.lo > -5);
    got = observe(*state, settings(SPEC_MSE, 8), false, v);
    assert_true(got.hi > 20); /* (40 - hi)²/N costs more than coarser steps here */
}

static void mse_of_a_symmetric_grid_minds_both_ends(void **state)
{
    spec_settings s = settings(SPEC_MSE, 8);
    s.symmetric = true;
    const float *v = uniform(*state, -0.1, 1);
    act_range r = observe(*state, s, false, v);
    assert_true(r.hi > 0.98);
    assert_true(r.lo <= 0);
}

static void kl_drops_outliers_and_keeps_the_rest(void **state)
{
    rng r;
    rng_seed(&r, 4);
    for (int sign = 0; sign < 2; sign++) {
        float *v = ARENA_ARRAY(((qctx *)*state)->a, float, N);
        for (int i = 0; i < N; i++) {
            double x = gaussian(&r);
            v[i] = (float)(sign ? x : fabs(x));
        }
        v[3] = 60;
        act_range got = observe(*state, settings(SPEC_KL, 8), !sign, v);
        assert_true(got.hi > 2.5 && got.hi < 15);
        assert_true(sign ? got.lo < -2.5 : got.lo == 0);
    }
}

static void kl_beyond_the_histogram_keeps_the_extremes(void **state)
{
    const float *v = uniform(*state, -1, 2);
    act_range narrow = observe(*state, settings(SPEC_KL, 16), false, v);
    act_range plain = observe(*state, settings(SPEC_MINMAX, 16), false, v);
    assert_true(narrow.lo == plain.lo && narrow.hi == plain.hi);
}

static void every_observer_takes_odd_data(void **state)
{
    static const float values[][2] = {{0, 0},      {3, 3},          {-2, -2},
                                      {0, 1e-40f}, {-3e38f, 3e38f}, {-1, -0.5f}};
    for (int o = SPEC_MINMAX; o <= SPEC_ROBUST; o++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            float *v = ARENA_ARRAY(((qctx *)*state)->a, float, N);
            for (int i = 0; i < N; i++)
                v[i] = values[k][i % 2];
            act_range r = observe(*state, settings((spec_observer)o, 8), false, v);
            assert_true(isfinite(r.lo) && isfinite(r.hi) && r.lo <= r.hi);
            assert_true(r.clipped >= 0 && r.clipped <= 1);
        }
}

static void a_stated_range_stays(void **state)
{
    const float *v = uniform(*state, 0, 4);
    spec_settings s = settings(SPEC_MSE, 8);
    s.set = SPEC_RANGE;
    s.lo = -1;
    s.hi = 3;
    act_range r = observe(*state, s, false, v);
    assert_true(r.lo == -1 && r.hi == 3);
    assert_true(fabs(r.clipped - 0.25) < 0.01);
}

static void values_that_are_none_are_found(void **state)
{
    (void)state;
    observer o = {.s = settings(SPEC_MSE, 8)};
    const float v[4] = {1, 2, NAN, 4}, w[3] = {1, -INFINITY, 0};
    assert_int_equal(observer_extremes(&o, v, 4), 2);
    assert_int_equal(observer_extremes(&o, w, 3), 1);
}

/* ---- weights ------------------------------------------------------------------------------- */

static void weight_ranges_by_method(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 2);
    float v[2000];
    for (int i = 0; i < 2000; i++)
        v[i] = (float)(gaussian(&r) / 10);
    double lo, hi, all_lo, all_hi;
    spec_settings s = {.bits = 4, .symmetric = true, .observer = SPEC_MINMAX};
    weight_range(ctx, &s, v, 2000, &all_lo, &all_hi);
    double plain = error_on(ctx, v, 2000, 4, true, all_lo, all_hi);
    s.observer = SPEC_MSE;
    weight_range(ctx, &s, v, 2000, &lo, &hi);
    assert_true(lo > all_lo && hi < all_hi);
    assert_true(error_on(ctx, v, 2000, 4, true, lo, hi) < 0.8 * plain);
    s.observer = SPEC_PERCENTILE;
    s.percentile = 99;
    weight_range(ctx, &s, v, 2000, &lo, &hi);
    int outside = 0;
    for (int i = 0; i < 2000; i++)
        outside += (double)v[i] < lo || (double)v[i] > hi;
    assert_int_equal(outside, 40); /* 20 at each end */
    s.percentile = 50;
    weight_range(ctx, &s, v, 1, &lo, &hi);
    assert_true(lo == (double)v[0] && hi == (double)v[0]);
}

static void weights_are_rounded_channel_by_channel(void **state)
{
    qctx *ctx = *state;
    static const double lo[2] = {-1, -4}, hi[2] = {1, 4};
    static const float v[6] = {0.5f, -1, 0.004f, 2, -4.5f, 0};
    ir_shape shape = {.rank = 2, .dim = {2, 3}};
    const ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, true, false, 8, 0, 2, lo, hi);
    spec_settings s = {.bits = 8};
    int64_t outside;
    const int8_t *codes = round_weights(ctx, q, &s, &shape, v, &outside);
    static const int8_t want[6] = {64, -127, 1, 64, -127, 0};
    assert_memory_equal(codes, want, 6);
    assert_int_equal(outside, 1);
    s.set = SPEC_RANGE;
    s.lo = -0.75;
    s.hi = 0.75;
    round_weights(ctx, q, &s, &shape, v, &outside);
    assert_int_equal(outside, 3); /* of the range that was stated */
    q = quant_uniform(ctx, IR_GRID_TREAD, true, false, 16, 0, 2, lo, hi);
    const int16_t *wide = round_weights(ctx, q, &s, &shape, v, &outside);
    assert_int_equal(wide[1], -32767);
    assert_int_equal(wide[0], 16384); /* 16383.5: away from zero */
}

static void biases_are_rounded_or_refused(void **state)
{
    (void)state;
    static const float scale[3] = {0.5f, 0.25f, 1e-20f};
    ir_quant q = {.n = 3, .axis = 0, .scale = scale};
    const float bias[3] = {3.125f, -0.3125f, 0}, huge[3] = {0, 0, 1};
    int64_t out[3];
    int bad = -1;
    assert_true(round_bias(&q, 0.5, bias, 3, out, &bad));
    assert_int_equal(out[0], 13); /* 12.5 */
    assert_int_equal(out[1], -3); /* -2.5 */
    assert_int_equal(out[2], 0);
    assert_false(round_bias(&q, 0.125, huge, 3, out, &bad));
    assert_int_equal(bad, 2);
    q.n = 1;
    assert_true(round_bias(&q, 1, huge, 3, out, &bad));
    assert_int_equal(out[2], 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(robust_leaves_outliers_out),
        T(minmax_is_the_extremes),
        T(moving_average_weighs_rows),
        T(percentile_leaves_its_share_outside),
        T(percentile_counts_zeros),
        T(mse_keeps_an_even_spread),
        T(mse_is_near_the_best_there_is),
        T(mse_drops_an_outlier_not_worth_its_codes),
        T(mse_of_a_symmetric_grid_minds_both_ends),
        T(kl_drops_outliers_and_keeps_the_rest),
        T(kl_beyond_the_histogram_keeps_the_extremes),
        T(every_observer_takes_odd_data),
        T(a_stated_range_stays),
        T(values_that_are_none_are_found),
        T(weight_ranges_by_method),
        T(weights_are_rounded_channel_by_channel),
        T(biases_are_rounded_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
