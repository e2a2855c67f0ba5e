/* test_codebook.c - tables fitted to weights: k-means by hand and against every partition,
 * quantiles, additive powers of two, given entries, and the scales that go with them. */
#include "tests/unit/cm.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/codebook.h"

static int set_up(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    qctx_free(*state);
    return 0;
}

static void feed(kmeans *k, const double *v, const double *cost, int n)
{
    kmeans_start(k);
    for (int i = 0; i < n; i++)
        kmeans_range(k, v[i]);
    for (int i = 0; i < n; i++)
        kmeans_add(k, v[i], cost ? cost[i] : 1);
}

static void means_by_hand(void **state)
{
    kmeans *k = kmeans_new(*state, 8);
    const double v[] = {10, 21, 0, 22, 1, 11, 20}, cost[] = {1, 1, 3, 1, 1, 1, 1};
    double mean[8];
    feed(k, v, NULL, 7);
    kmeans_solve(k, 3, mean);
    assert_true(mean[0] == 0.5 && mean[1] == 10.5 && mean[2] == 21);
    feed(k, v, cost, 7);
    kmeans_solve(k, 3, mean);
    assert_true(mean[0] == 0.25 && mean[1] == 10.5 && mean[2] == 21);
    kmeans_solve(k, 1, mean);
    assert_true(mean[0] == 85.0 / 9);
}

/* More means than values: the values, the last repeated. */
static void means_of_few_values(void **state)
{
    kmeans *k = kmeans_new(*state, 5);
    const double v[] = {3, -1, 3, 2};
    double mean[5];
    feed(k, v, NULL, 4);
    kmeans_solve(k, 5, mean);
    const double want[] = {-1, 2, 3, 3, 3};
    for (int i = 0; i < 5; i++)
        assert_true(mean[i] == want[i]);
    const double same[] = {7, 7};
    feed(k, same, NULL, 2);
    kmeans_solve(k, 2, mean);
    assert_true(mean[0] == 7 && mean[1] == 7);
}

static double loss_of(const double *v, const double *cost, int n, const double *mean, int means)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double least = INFINITY;
        for (int k = 0; k < means; k++)
            least = fmin(least, (v[i] - mean[k]) * (v[i] - mean[k]));
        sum += cost[i] * least;
    }
    return sum;
}

static double mean_between(const double *v, const double *cost, int from, int to)
{
    double s = 0, m = 0;
    for (int i = from; i < to; i++) {
        s += cost[i] * v[i];
        m += cost[i];
    }
    return s / m;
}

/* Against all ways to cut ten sorted values into three. */
static void means_are_the_best(void **state)
{
    enum { N = 10 };
    kmeans *k = kmeans_new(*state, 3);
    rng r;
    rng_seed(&r, 7);
    for (int trial = 0; trial < 100; trial++) {
        double v[N], cost[N], mean[3], best = INFINITY, at = 0;
        for (int i = 0; i < N; i++) {
            v[i] = at += 0.05 + rng_double(&r); /* each in a bin of its own */
            cost[i] = 0.1 + rng_double(&r);
        }
        for (int a = 1; a < N - 1; a++)
            for (int b = a + 1; b < N; b++) {
                double m[] = {mean_between(v, cost, 0, a), mean_between(v, cost, a, b),
                              mean_between(v, cost, b, N)};
                best = fmin(best, loss_of(v, cost, N, m, 3));
            }
        feed(k, v, cost, N);
        kmeans_solve(k, 3, mean);
        assert_true(fabs(loss_of(v, cost, N, mean, 3) - best) <= 1e-9 * best);
    }
}

static void quantiles_by_hand(void **state)
{
    kmeans *k = kmeans_new(*state, 4);
    const double v[] = {8, 1, 2, 3, 4, 5, 6, 7};
    double mean[4];
    feed(k, v, NULL, 8);
    kmeans_quantiles(k, 4, mean);
    for (int i = 0; i < 4; i++)
        assert_true(mean[i] == 1.5 + 2 * i);
    const double heavy[] = {0, 0, 0, 0, 0, 0, 1, 2}; /* three slices of zeros */
    feed(k, heavy, NULL, 8);
    kmeans_quantiles(k, 4, mean);
    assert_true(mean[0] == 0 && mean[1] == 0 && mean[2] == 0 && mean[3] == 1.5);
}

/* ---- tables -------------------------------------------------------------------------------- */

static codebook_job job_of(const spec_settings *s, const float *v, int channels, int64_t terms)
{
    return (codebook_job){.s = s,
                          .v = v,
                          .channels = channels,
                          .groups = 1,
                          .terms = terms,
                          .depth = (int)terms,
                          .in_scale = 1,
                          .out_scale = 1};
}

static void table_is(const ir_quant *q, const int16_t *want, int n)
{
    assert_int_equal(q->entries, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(q->table[i], want[i]);
}

/* Weights that are a few levels times a scale are kept exactly, whatever the channel. */
static void levels_are_found(void **state)
{
    const int16_t level[] = {-127, -30, 0, 64};
    float v[3 * 40];
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 40; i++)
            v[c * 40 + i] = (float)ldexp(level[(i + c) % 4], c - 8);
    spec_settings s = {.bits = 2, .per_channel = true, .fit = SPEC_FIT_KMEANS};
    codebook_job j = job_of(&s, v, 3, 40);
    const ir_quant *q = fit_codebook(*state, &j);
    table_is(q, level, 4);
    assert_int_equal(q->table_type, IR_I8);
    assert_int_equal(q->n, 3);
    for (int c = 0; c < 3; c++)
        assert_true(q->scale[c] == ldexpf(1, c - 8));
    ir_shape shape = {2, {3, 40}};
    int64_t outside;
    const uint8_t *codes = round_weights(*state, q, &s, &shape, v, &outside);
    for (int i = 0; i < 120; i++)
        assert_true(quant_value(q, i / 40, codes[i]) == (double)v[i]);
    assert_int_equal(outside, 0);
}

/* Inputs that matter draw the entries to their weights: with one entry to spare, theirs is exact.
 */
static void power_weighs(void **state)
{
    const float v[] = {-1, 1, 0.5f, 0.25f};
    double power[] = {1, 1, 100, 1};
    spec_settings s = {.bits = 1, .fit = SPEC_FIT_KMEANS};
    codebook_job j = job_of(&s, v, 1, 4);
    const ir_quant *plain = fit_codebook(*state, &j);
    j.power = power;
    const ir_quant *weighed = fit_codebook(*state, &j);
    double a = fabs(quant_value(plain, 0, 1) - 0.5), b = fabs(quant_value(weighed, 0, 1) - 0.5);
    assert_true(a > 0.05 && b < 0.01);
}

static void additive_powers(void **state)
{
    /* 0, 1, 2^-2, 2^-4 plus 0 or 2^-1, in sixteenths */
    static const int16_t want[] = {-24, -16, -12, -9, -8, -4, -1, 0, 1, 4, 8, 9, 12, 16, 24};
    float v[15];
    for (int i = 0; i < 15; i++)
        v[i] = (float)want[i] / 8;
    spec_settings s = {.bits = 4, .fit = SPEC_FIT_APOT};
    codebook_job j = job_of(&s, v, 1, 15);
    const ir_quant *q = fit_codebook(*state, &j);
    table_is(q, want, 15);
    assert_true(fabs((double)q->scale[0] * 8 - 1) < 1e-6);
    static const int16_t two[] = {-1, 0, 1}, one[] = {-1, 1};
    s.bits = 2;
    table_is(fit_codebook(*state, &j), two, 3);
    s.bits = 1;
    table_is(fit_codebook(*state, &j), one, 2);
}

static void given_entries(void **state)
{
    const double entries[] = {1, -0.5, 0.25, 0};
    const float v[] = {0.9f, -0.1f, 0.2f, 3};
    spec_settings s = {.bits = 8,
                       .fit = SPEC_FIT_EXPLICIT,
                       .entries = entries,
                       .n_entries = 4,
                       .per_channel = true};
    codebook_job j = job_of(&s, v, 2, 2);
    const ir_quant *q = fit_codebook(*state, &j); /* reals that stand for themselves */
    static const int16_t levels[] = {-64, 0, 32, 127}, quarters[] = {-2, 0, 1, 4};
    table_is(q, levels, 4);
    assert_int_equal(q->bits, 2);
    assert_int_equal(q->n, 1);
    assert_true(q->scale[0] == (float)(1.0 / 127));
    s.set = SPEC_SCALE;
    s.scale = 0.25;
    q = fit_codebook(*state, &j);
    table_is(q, quarters, 4);
    assert_true(q->scale[0] == 0.25f);
    s.set = SPEC_PER_CHANNEL; /* shapes: scales are fitted */
    q = fit_codebook(*state, &j);
    table_is(q, quarters, 4);
    assert_int_equal(q->n, 2);
    assert_true(q->scale[1] > 2 * q->scale[0]);
}

static void larger_tables_are_int16(void **state)
{
    float v[300];
    rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < 300; i++)
        v[i] = (float)(rng_double(&r) - 0.5);
    spec_settings s = {.bits = 7, .fit = SPEC_FIT_KMEANS};
    codebook_job j = job_of(&s, v, 1, 300);
    const ir_quant *q = fit_codebook(*state, &j);
    assert_int_equal(q->table_type, IR_I16);
    assert_int_equal(q->entries, 128);
    int most = 0;
    for (int i = 0; i < 128; i++)
        most = q->table[i] > most ? q->table[i] : -q->table[i] > most ? -q->table[i] : most;
    assert_int_equal(most, 8191);
    s.bits = 6;
    assert_int_equal(fit_codebook(*state, &j)->table_type, IR_I8);
    j.terms = j.depth = 100;
    j.channels = 3;
    s.table_per_channel = true;
    q = fit_codebook(*state, &j);
    assert_true(q->table_per_channel);
    assert_int_equal(q->n, 3);
}

/* Channels without weights and those whose bias is large keep scales that their biases can have. */
static void scales_hold_biases(void **state)
{
    const float v[] = {0, 0, 0.5f, -0.25f}, bias[] = {0, 1e6f};
    spec_settings s = {.bits = 2, .per_channel = true, .fit = SPEC_FIT_KMEANS};
    codebook_job j = job_of(&s, v, 2, 2);
    const ir_quant *q = fit_codebook(*state, &j);
    assert_true(q->scale[0] > 0 && q->scale[1] > 0);
    j.bias = bias;
    q = fit_codebook(*state, &j);
    assert_true((double)bias[1] / (double)q->scale[1] <= 0x1p26 * 1.001);
    const float none[4] = {0};
    j.v = none;
    q = fit_codebook(*state, &j);
    assert_true(q->scale[0] > 0);
    assert_true(quant_value(q, 0, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(means_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(means_of_few_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(means_are_the_best, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quantiles_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(levels_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(power_weighs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(additive_powers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(given_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(larger_tables_are_int16, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scales_hold_biases, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
