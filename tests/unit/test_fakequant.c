/* test_fakequant.c - gradients of fake quantization against finite differences of the function that
 * a straight-through estimator differentiates: what rounding added (the residual) is held as it
 * was. */
#include "tests/unit/cm.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"
#include "compiler/train/fakequant.h"

enum { N = 400 };
static const double STEP = 1e-4;
static const float ZERO_UNIT =
    16; /* codes that a zero point moves where its parameter moves by 1 */

static float drawn(rng *r, double reach)
{
    return (float)(reach * (2 * rng_double(r) - 1));
}

static void near(double gradient, double difference)
{
    if (fabs(gradient - difference) > 2e-3 * (1 + fabs(difference)))
        fail_msg("gradient %g, finite difference %g", gradient, difference);
}

/* ---- activations ----------------------------------------------------------------------------- */

/* Σ weight·y at another step and zero point, with the residuals and the clipped values of those
 * that are. */
static double straight(const qact *q, const float *x, const float *weight, double log_step,
                       double moved)
{
    double s0 = (double)q->start, s = s0 * exp(log_step), z = q->zero_start, sum = 0;
    for (int i = 0; i < N; i++) {
        double t = (double)x[i] / s0, residual = floor(t + 0.5) - t;
        double nearest = floor(t + 0.5) + z,
               end = fmin(fmax(nearest, (double)q->lo), (double)q->hi);
        double code = end == nearest ? (double)x[i] / s + residual + z + moved : end;
        sum += (double)weight[i] * s * (code - z - moved);
    }
    return sum;
}

static void steps_and_zero_points_of_activations(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 7);
    qact q = {.at = 0,
              .zero_at = 1,
              .start = 0.05f,
              .scale = 0.05f,
              .zero_start = -3,
              .zero = -3,
              .lo = -8,
              .hi = 7};
    float x[N], weight[N], y[N], dx[N], dtheta[2] = {0, 0};
    for (int i = 0; i < N; i++) {
        x[i] = drawn(&r, 0.8); /* the grid's: [−0.25, 0.5] */
        weight[i] = drawn(&r, 1);
    }
    qat_forward(&q, N, x, y);
    qat_backward(&q, N, x, weight, dx, dtheta);
    double sum = 0, ends = 0;
    for (int i = 0; i < N; i++) {
        bool inside = x[i] > -0.25f - 0.025f && x[i] < 0.5f + 0.025f;
        assert_true(dx[i] == (inside ? weight[i] : 0));
        sum += (double)(weight[i] * y[i]);
        ends += !inside;
    }
    assert_true(ends > N / 10 && ends < N * 9 / 10);
    near(sum, straight(&q, x, weight, 0, 0));
    near((double)dtheta[0],
         (straight(&q, x, weight, STEP, 0) - straight(&q, x, weight, -STEP, 0)) / (2 * STEP));
    near((double)(dtheta[1] / ZERO_UNIT),
         (straight(&q, x, weight, 0, STEP) - straight(&q, x, weight, 0, -STEP)) / (2 * STEP));
}

/* Wherever its parameters go, a step stays positive and 0 is a code's value. */
static void zero_stays_exact_and_steps_positive(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 8);
    qact act = {.at = 0, .zero_at = 1, .start = 0.05f, .zero_start = -3, .lo = -8, .hi = 7};
    qact *acts[] = {&act};
    float start[] = {0.1f}, scale[1], theta[3], zero = 0, y = 1;
    qweight weights = {.now = {.n = 1}, .at = 2, .start = start, .scale = scale};
    qweight *all[] = {&weights};
    qat q = {.acts = {acts, 1, 1}, .weights = {all, 1, 1}};
    for (int i = 0; i < N; i++) {
        theta[0] = drawn(&r, 20);
        theta[1] = drawn(&r, 2);
        theta[2] = drawn(&r, 20);
        qat_begin_step(&q, theta);
        assert_true(act.scale > 0 && scale[0] > 0);
        assert_true(act.zero == rintf(act.zero) && act.zero >= act.lo && act.zero <= act.hi);
        qat_forward(&act, 1, &zero, &y);
        assert_true(y == 0);
    }
}

/* ---- weights --------------------------------------------------------------------------------- */

enum { CHANNELS = 3, ROW = 40, ALL = CHANNELS * ROW };

/* Σ weight·v of channel c at a step moved by its log, an entry of the table (−1: none) by `entry`
 * codes; what lies beyond a uniform grid is its end. */
static double levels(const qweight *q, int c, const float *w, const float *weight, double log_step,
                     int moved, double entry)
{
    double s0 = (double)q->start[c], s = s0 * exp(log_step), sum = 0;
    int32_t lo, hi;
    quant_code_range(&q->now, &lo, &hi);
    for (int i = c * ROW; i < (c + 1) * ROW; i++) {
        bool clipped = false;
        int32_t code = quant_encode(&q->now, c, (double)w[i], &clipped);
        double level = quant_value(&q->now, c, code) / s0, residual = level - (double)w[i] / s0;
        bool end = clipped && !q->n_table;
        double v =
            s * (end ? level : (double)w[i] / s + residual) + (code == moved ? s * entry : 0);
        sum += (double)weight[i] * v;
    }
    return sum;
}

static void check_weights(ir_quant now, int16_t *table)
{
    static float start[CHANNELS] = {0.1f, 0.03f, 0.2f};
    float scale[CHANNELS], w[ALL], weight[ALL], dw[ALL], dtheta[CHANNELS + 4] = {0};
    double table_start[4] = {0};
    qact in = {.scale = 0.5f, .start = 0.5f};
    rng r;
    rng_seed(&r, 9);
    memcpy(scale, start, sizeof scale);
    now.scale = scale;
    qweight q = {.in = &in,
                 .now = now,
                 .channels = CHANNELS,
                 .row = ROW,
                 .at = 0,
                 .start = start,
                 .scale = scale,
                 .table_at = CHANNELS,
                 .n_table = table ? 4 : 0,
                 .table = table,
                 .table_start = table_start,
                 .table_unit = 50};
    for (int i = 0; i < ALL; i++) {
        w[i] = drawn(&r, (table ? 80 : 12) * (double)start[i / ROW]);
        weight[i] = dw[i] = drawn(&r, 1);
    }
    qat_weight_gradient(&q, w, dw, dtheta);
    for (int c = 0; c < CHANNELS; c++)
        near((double)dtheta[c],
             (levels(&q, c, w, weight, STEP, -1, 0) - levels(&q, c, w, weight, -STEP, -1, 0)) /
                 (2 * STEP));
    for (int k = 0; table && k < 4; k++) {
        double difference = 0;
        for (int c = 0; c < CHANNELS; c++)
            difference +=
                (levels(&q, c, w, weight, 0, k, STEP) - levels(&q, c, w, weight, 0, k, -STEP)) /
                (2 * STEP);
        near((double)dtheta[CHANNELS + k] / q.table_unit, difference);
    }
    for (int i = 0; i < ALL; i++) { /* straight through, but not further beyond the ends */
        bool clipped = false;
        quant_encode(&q.now, i / ROW, (double)w[i], &clipped);
        bool further = clipped && !table && (weight[i] > 0) != (w[i] > 0);
        assert_true(dw[i] == (further ? 0 : weight[i]));
    }
}

static void steps_of_weights(void **state)
{
    (void)state;
    static const int32_t zero[CHANNELS] = {0, 0, 0};
    check_weights((ir_quant){.scheme = IR_Q_UNIFORM,
                             .grid = IR_GRID_TREAD,
                             .symmetric = true,
                             .bits = 4,
                             .axis = 0,
                             .n = CHANNELS,
                             .zero = zero},
                  NULL);
    check_weights((ir_quant){.scheme = IR_Q_UNIFORM,
                             .grid = IR_GRID_MIDPOINT,
                             .symmetric = true,
                             .bits = 2,
                             .axis = 0,
                             .n = CHANNELS,
                             .zero = zero},
                  NULL);
}

static void entries_of_codebooks(void **state)
{
    (void)state;
    static const int32_t zero[CHANNELS] = {0, 0, 0};
    int16_t table[4] = {-50, -7, 12, 44};
    check_weights((ir_quant){.scheme = IR_Q_CODEBOOK,
                             .bits = 2,
                             .axis = 0,
                             .n = CHANNELS,
                             .zero = zero,
                             .table_type = IR_I8,
                             .entries = 4,
                             .table = table},
                  table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_and_zero_points_of_activations),
        cmocka_unit_test(zero_stays_exact_and_steps_positive),
        cmocka_unit_test(steps_of_weights),
        cmocka_unit_test(entries_of_codebooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
