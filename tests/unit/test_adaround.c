/* test_adaround.c - rounding up or down, learned on samples. */
#include "tests/unit/cm.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/adaround.h"
#include "compiler/quant/grid.h"

enum { K = 12, PER = 3, PLACES = 600 };

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

static double uniform(rng *r)
{
    return 2 * rng_double(r) - 1;
}

/* Inputs that vary together, outputs behind a relu; both halves from one source. */
static samples *make_samples(qctx *ctx, const float *w, ir_act act)
{
    samples *s = ARENA_NEW(ctx->a, samples);
    rng r;
    rng_seed(&r, 5);
    *s = (samples){.k = K, .per = PER, .groups = 1, .act = act, .most = PLACES};
    for (int h = 0; h < MOMENTS_HALVES; h++) {
        s->n[h] = PLACES;
        s->x[h] = ARENA_ARRAY(ctx->a, double, PLACES *K);
        s->y[h] = ARENA_ARRAY(ctx->a, double, PLACES *PER);
        for (int n = 0; n < PLACES; n++) {
            double base = uniform(&r);
            for (int i = 0; i < K; i++)
                s->x[h][n * K + i] = 0.8 * base + 0.5 * uniform(&r) + 0.3;
            for (int c = 0; c < PER; c++) {
                double sum = 0.1;
                for (int i = 0; i < K; i++)
                    sum += (double)w[c * K + i] * s->x[h][n * K + i];
                s->y[h][n * PER + c] = samples_act(s, sum);
            }
        }
    }
    return s;
}

static double error_of(const samples *s, int half, const ir_quant *q, const int32_t *codes,
                       const double *bias)
{
    double w[K], error = 0;
    for (int c = 0; c < PER; c++) {
        for (int i = 0; i < K; i++)
            w[i] = quant_value(q, c, codes[c * K + i]);
        error += samples_error(s, half, c, w, bias[c]);
    }
    return error;
}

static void make_weights(float *w)
{
    rng r;
    rng_seed(&r, 9);
    for (int i = 0; i < PER * K; i++)
        w[i] = (float)uniform(&r);
}

static ir_quant *grid_of(qctx *ctx, int kind)
{
    static const int16_t table[] = {-100, -60, -31, -9, 9, 40, 66, 101};
    double lo = -1, hi = 1;
    if (kind < 2)
        return quant_uniform(ctx, kind ? IR_GRID_MIDPOINT : IR_GRID_TREAD, true, false, 3, -1, 1,
                             &lo, &hi);
    ir_quant *q = ARENA_NEW(ctx->a, ir_quant);
    float *scale = ARENA_NEW(ctx->a, float);
    *scale = 0.01F;
    *q = (ir_quant){.scheme = IR_Q_CODEBOOK,
                    .bits = 3,
                    .axis = -1,
                    .n = 1,
                    .scale = scale,
                    .table_type = IR_I8,
                    .entries = 8,
                    .table = table};
    return q;
}

/* On every kind of grid: a level next to the weight, a smaller error on both halves, the same
 * again. */
static void beats_nearest(void **state)
{
    qctx *ctx = *state;
    static const double limits[] = {0.5, 0.5, 0.95};
    float w[PER * K];
    make_weights(w);
    for (int kind = 0; kind < 3; kind++) {
        const ir_quant *q = grid_of(ctx, kind);
        const samples *s = make_samples(ctx, w, kind == 1 ? IR_ACT_NONE : IR_ACT_RELU);
        int32_t near[PER * K], codes[PER * K], again[PER * K];
        double bias[PER] = {0.1, 0.1, 0.1};
        for (int i = 0; i < PER * K; i++)
            near[i] = quant_encode(q, 0, (double)w[i], NULL);
        memcpy(codes, near, sizeof near);
        memcpy(again, near, sizeof near);
        adaround_group(adaround_new(ctx, K, PER), s, 0, q, w, codes, bias, false);
        adaround_group(adaround_new(ctx, K, PER), s, 0, q, w, again, bias, false);
        assert_memory_equal(codes, again, sizeof codes);
        for (int h = 0; h < MOMENTS_HALVES; h++) {
            double ratio = error_of(s, h, q, codes, bias) / error_of(s, h, q, near, bias);
            print_message("grid %d, half %d: %.3f of the error of nearest\n", kind, h, ratio);
            assert_true(ratio < limits[kind]);
        }
        for (int i = 0; i < PER * K; i++) { /* no third level lies between */
            double v = quant_value(q, 0, codes[i]), lo = fmin(v, (double)w[i]) + 1e-9,
                   hi = fmax(v, (double)w[i]) - 1e-9;
            int32_t first, last;
            quant_code_range(q, &first, &last);
            for (int32_t k = first; k <= last; k += quant_is_odd_midpoint(q) ? 2 : 1)
                assert_false(quant_value(q, 0, k) > lo && quant_value(q, 0, k) < hi);
        }
    }
}

static void learns_the_bias_too(void **state)
{
    qctx *ctx = *state;
    float w[PER * K];
    make_weights(w);
    const ir_quant *q = grid_of(ctx, 0);
    const samples *s = make_samples(ctx, w, IR_ACT_RELU);
    int32_t codes[PER * K] = {0}, other[PER * K] = {0};
    double bias[PER] = {0.1, 0.1, 0.1}, fixed[PER] = {0.1, 0.1, 0.1};
    adaround_group(adaround_new(ctx, K, PER), s, 0, q, w, codes, bias, true);
    adaround_group(adaround_new(ctx, K, PER), s, 0, q, w, other, fixed, false);
    for (int c = 0; c < PER; c++)
        assert_true(fixed[c] == 0.1);
    assert_true(error_of(s, MOMENTS_FIT, q, codes, bias) <
                error_of(s, MOMENTS_FIT, q, other, fixed));
    /* without a sample nothing is known */
    samples none = *s;
    none.n[MOMENTS_FIT] = 0;
    memset(codes, 0, sizeof codes);
    adaround_group(adaround_new(ctx, K, PER), &none, 0, q, w, codes, fixed, true);
    for (int i = 0; i < PER * K; i++)
        assert_int_equal(codes[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(beats_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(learns_the_bias_too, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
