/* test_grid.c - the uniform grids of contracts.md §4, codebooks, ports. */
#include "tests/unit/cm.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"

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

static ir_quant *grid(void **state, ir_grid kind, bool symmetric, int bits, double lo, double hi)
{
    return quant_uniform(*state, kind, symmetric, false, bits, -1, 1, &lo, &hi);
}

static const int widths[] = {1, 2, 3, 4, 5, 6, 7, 8, 16};
enum { WIDTHS = sizeof widths / sizeof *widths };

static int32_t encode(const ir_quant *q, double v)
{
    return quant_encode(q, 0, v, NULL);
}

/* ---- the article's grid -------------------------------------------------------------------- */

static void midpoint_is_the_articles_formula(void **state)
{
    for (int w = 0; w < WIDTHS; w++) {
        int n = widths[w];
        const ir_quant *q = grid(state, IR_GRID_MIDPOINT, true, n, -0.5, 0.5);
        double delta = ldexp(1.0, -n), count = ldexp(1.0, n);
        rng r;
        rng_seed(&r, 7);
        for (int i = 0; i < 2000; i++) {
            double v = 1.2 * rng_double(&r) - 0.6;
            double k = floor((v + 0.5) / delta);
            k = k < 0 ? 0 : k > count - 1 ? count - 1 : k;
            assert_true(quant_value(q, 0, encode(q, v)) == -0.5 + (k + 0.5) * delta);
        }
    }
}

static void midpoint_codes_are_odd_up_to_seven_bits(void **state)
{
    for (int w = 0; w < WIDTHS && widths[w] <= 7; w++) {
        int n = widths[w];
        const ir_quant *q = grid(state, IR_GRID_MIDPOINT, true, n, -1, 1);
        int32_t lo, hi;
        quant_code_range(q, &lo, &hi);
        assert_true(quant_is_odd_midpoint(q));
        assert_int_equal(lo, 1 - (1 << n));
        assert_int_equal(hi, (1 << n) - 1);
        for (int k = 0; k < 1 << n; k++) {
            int32_t code = encode(q, -1 + (k + 0.5) * ldexp(2.0, -n));
            assert_int_equal(code, 2 * k + 1 - (1 << n));
            assert_int_equal(quant_level(q, 0, code), code);
        }
    }
}

static void midpoint_of_eight_bits_has_z_in_its_levels(void **state)
{
    const ir_quant *q = grid(state, IR_GRID_MIDPOINT, true, 8, -0.5, 0.5);
    assert_int_equal(q->zero[0], -256);
    assert_true(q->scale[0] == 1.0f / 512);
    assert_int_equal(quant_level(q, 0, -128), -255);
    assert_int_equal(quant_level(q, 0, 127), 255);
    assert_int_equal(encode(q, -0.5), -128);
    assert_int_equal(encode(q, 0.4999), 127);
    assert_int_equal(encode(q, 0), 0);
    assert_int_equal(encode(q, -1e-9), -1);
}

static void asymmetric_midpoint_moves_by_a_quarter_step(void **state)
{
    rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < 3000; i++) {
        int n = widths[rng_below(&r, WIDTHS)];
        double lo = 4 * rng_double(&r) - 3, hi = lo + 0.01 + 3 * rng_double(&r);
        const ir_quant *q = grid(state, IR_GRID_MIDPOINT, false, n, lo, hi);
        double step = 2 * (double)q->scale[0];
        assert_true(q->moved <= step / 4 * (1 + 1e-6));
        assert_int_equal(q->zero[0], (int)round(2 * lo / step));
        int32_t first, last;
        quant_code_range(q, &first, &last);
        assert_int_equal(quant_level(q, 0, first), 1 + q->zero[0]);
        double bottom = quant_value(q, 0, first) - step / 2;
        assert_true(fabs(fabs(bottom - lo) - q->moved) <= 1e-9);
    }
}

/* ---- tread --------------------------------------------------------------------------------- */

static void symmetric_tread_spans_the_larger_end(void **state)
{
    for (int w = 1; w < WIDTHS; w++) {
        int n = widths[w];
        int32_t top = (1 << (n - 1)) - 1, lo, hi;
        const ir_quant *q = grid(state, IR_GRID_TREAD, true, n, -0.25, 0.75);
        quant_code_range(q, &lo, &hi);
        assert_int_equal(lo, -top);
        assert_int_equal(hi, top);
        assert_true(q->scale[0] == (float)(0.75 / top));
        assert_int_equal(q->zero[0], 0);
        assert_int_equal(encode(q, 0.75), top);
        assert_int_equal(encode(q, -9), -top);
        assert_int_equal(encode(q, 0), 0);
    }
}

static void asymmetric_tread_holds_zero_exactly(void **state)
{
    rng r;
    rng_seed(&r, 5);
    for (int i = 0; i < 3000; i++) {
        int n = widths[1 + rng_below(&r, WIDTHS - 1)];
        double lo = 4 * rng_double(&r) - 3, hi = lo + 0.01 + 3 * rng_double(&r);
        const ir_quant *q = grid(state, IR_GRID_TREAD, false, n, lo, hi);
        double a = fmin(lo, 0), b = fmax(hi, 0);
        int32_t first, last;
        quant_code_range(q, &first, &last);
        assert_true(q->scale[0] == (float)((b - a) / (ldexp(1.0, n) - 1)));
        assert_int_equal(q->zero[0], (int)(first - round(a / (double)q->scale[0])));
        assert_in_range(q->zero[0] - first, 0, last - first);
        assert_true(quant_value(q, 0, encode(q, 0)) == 0);
        assert_true(q->moved <= (double)q->scale[0] / 2 * (1 + 1e-5));
    }
}

static void ties_go_away_from_zero(void **state)
{
    const ir_quant *q = grid(state, IR_GRID_TREAD, true, 8, -127, 127);
    assert_int_equal(encode(q, 2.5), 3);
    assert_int_equal(encode(q, -2.5), -3);
    assert_int_equal(encode(q, 2.4999999), 2);
    assert_int_equal(encode(q, NAN), 0);
    assert_int_equal(encode(q, INFINITY), 127);
    assert_int_equal(encode(q, -INFINITY), -127);
}

/* ---- all grids ----------------------------------------------------------------------------- */

/* Inside its range a value moves by at most half a step; codes are fixed points. */
static void encoding_is_nearest_and_idempotent(void **state)
{
    rng r;
    rng_seed(&r, 11);
    for (int i = 0; i < 4000; i++) {
        int n = widths[rng_below(&r, WIDTHS)];
        bool symmetric = rng_below(&r, 2);
        ir_grid kind = n == 1 || rng_below(&r, 2) ? IR_GRID_MIDPOINT : IR_GRID_TREAD;
        double lo = -3 * rng_double(&r) - 0.01, hi = 3 * rng_double(&r) + 0.01;
        const ir_quant *q = grid(state, kind, symmetric, n, lo, hi);
        int32_t first, last;
        quant_code_range(q, &first, &last);
        double half = kind == IR_GRID_MIDPOINT ? (double)q->scale[0] : (double)q->scale[0] / 2;
        double v = lo + (hi - lo) * rng_double(&r);
        int32_t code = encode(q, v);
        double error = fabs(quant_value(q, 0, code) - v);
        double moved = symmetric ? 0 : half; /* the range's ends may lie outside the moved grid */
        assert_true(code >= first && code <= last);
        assert_true(error <= (half + moved) * (1 + 1e-5));
        assert_int_equal(encode(q, quant_value(q, 0, code)), code);
    }
}

static void clipping_is_what_lies_outside(void **state)
{
    bool clipped = false;
    const ir_quant *q = grid(state, IR_GRID_TREAD, true, 8, -0.3, 0.3);
    quant_encode(q, 0, 0.3, &clipped);
    quant_encode(q, 0, -0.3, &clipped);
    assert_false(clipped);
    quant_encode(q, 0, 0.301, &clipped);
    assert_true(clipped);
    clipped = false;
    q = grid(state, IR_GRID_MIDPOINT, true, 4, -0.3, 0.3);
    quant_encode(q, 0, 0.3, &clipped);
    assert_false(clipped);
    quant_encode(q, 0, -0.31, &clipped);
    assert_true(clipped);
}

static void powers_of_two_cover_the_range(void **state)
{
    double lo = -0.3, hi = 0.7;
    for (int w = 1; w < WIDTHS; w++)
        for (int kind = 0; kind < 2; kind++) {
            const ir_quant *plain =
                quant_uniform(*state, (ir_grid)kind, true, false, widths[w], -1, 1, &lo, &hi);
            const ir_quant *q =
                quant_uniform(*state, (ir_grid)kind, true, true, widths[w], -1, 1, &lo, &hi);
            int e;
            assert_true(frexpf(q->scale[0], &e) == 0.5f);
            assert_true(q->scale[0] >= plain->scale[0] && q->scale[0] < 2 * plain->scale[0]);
        }
    lo = hi = 127 * 0.25;
    const ir_quant *exact = quant_uniform(*state, IR_GRID_TREAD, true, true, 8, -1, 1, &lo, &hi);
    assert_true(exact->scale[0] == 0.25f);
}

static void scales_are_always_usable(void **state)
{
    static const double ends[][2] = {
        {0, 0}, {-1e-300, 1e-300}, {-1e300, 1e300}, {0, 1e-45}, {-1e38, 0}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int kind = 0; kind < 2; kind++)
            for (int pow2 = 0; pow2 < 2; pow2++)
                for (int symmetric = 0; symmetric < 2; symmetric++) {
                    const ir_quant *q = quant_uniform(*state, (ir_grid)kind, symmetric, pow2, 8, -1,
                                                      1, &ends[i][0], &ends[i][1]);
                    assert_true(isfinite(q->scale[0]) && q->scale[0] >= FLT_MIN);
                    int32_t code = encode(q, 0.5);
                    assert_true(isfinite(quant_value(q, 0, code)));
                }
}

static void channels_have_their_own_scales(void **state)
{
    static const double lo[3] = {-1, -2, 0}, hi[3] = {0.5, 1, 4};
    const ir_quant *q = quant_uniform(*state, IR_GRID_TREAD, true, false, 8, 0, 3, lo, hi);
    ir_shape shape = {.rank = 4, .dim = {3, 2, 2, 5}};
    assert_int_equal(quant_channel(q, &shape, 0), 0);
    assert_int_equal(quant_channel(q, &shape, 19), 0);
    assert_int_equal(quant_channel(q, &shape, 20), 1);
    assert_int_equal(quant_channel(q, &shape, 59), 2);
    assert_true(quant_value(q, 1, 127) == 127 * (double)(float)(2.0 / 127));
    assert_int_equal(quant_encode(q, 2, 4, NULL), 127);
    assert_true(q->lo == -2 && q->hi == 4);
    ir_quant last = *q;
    last.axis = 3;
    assert_int_equal(quant_channel(&last, &shape, 23), 3);
    last.axis = -1;
    assert_int_equal(quant_channel(&last, &shape, 23), 0);
}

static void codebooks_pick_the_nearest_entry(void **state)
{
    (void)state;
    static const int16_t table[2][4] = {{-100, -10, 10, 90}, {1, 2, 3, 4}};
    static const float scale[2] = {0.5f, 2};
    ir_quant q = {.scheme = IR_Q_CODEBOOK,
                  .bits = 2,
                  .axis = 0,
                  .n = 2,
                  .scale = scale,
                  .table_type = IR_I8,
                  .entries = 4,
                  .table_per_channel = true,
                  .table = &table[0][0]};
    int32_t lo, hi;
    quant_code_range(&q, &lo, &hi);
    assert_int_equal(lo, 0);
    assert_int_equal(hi, 3);
    bool clipped = false;
    assert_int_equal(quant_encode(&q, 0, -4.9, &clipped), 1);
    assert_int_equal(quant_encode(&q, 0, 0, &clipped), 1); /* a tie: the lower index */
    assert_false(clipped);
    assert_int_equal(quant_encode(&q, 1, 100, &clipped), 3);
    assert_true(clipped);
    assert_true(quant_value(&q, 0, 3) == 45 && quant_value(&q, 1, 3) == 8);
}

/* ---- ports --------------------------------------------------------------------------------- */

static void ports_follow_their_declaration(void **state)
{
    static const struct {
        double lo, hi;
        int zero;
        bool moved;
    } cases[] = {{0, 1, 0, false},      {-1, 0.9921875, 128, false}, {-1, 1, 128, true},
                 {-255, 0, 255, false}, {-0.4, 0.6, 102, false},     {-0.1, 0.9, 26, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool moved;
        const ir_quant *q = quant_port(*state, cases[i].lo, cases[i].hi, &moved);
        assert_int_equal(q->zero[0], cases[i].zero - 128);
        assert_int_equal(moved, cases[i].moved);
        assert_true(q->scale[0] == (float)((cases[i].hi - cases[i].lo) / 255));
    }
}

static void port_quantize_rounds_half_away(void **state)
{
    (void)state;
    assert_int_equal(port_quantize(0.5f, 1, 0, -128, 127), 1);
    assert_int_equal(port_quantize(-0.5f, 1, 0, -128, 127), -1);
    assert_int_equal(port_quantize(0.49999997f, 1, 0, -128, 127), 0);
    assert_int_equal(port_quantize(2.5f, 1, -3, -128, 127), 0);
    assert_int_equal(port_quantize(1e30f, 1, 5, -128, 127), 127);
    assert_int_equal(port_quantize(-INFINITY, 1e-30f, 5, -128, 127), -128);
    assert_int_equal(port_quantize(NAN, 1, 5, -128, 127), 5);
    assert_int_equal(port_quantize(40000, 1, 0, -32768, 32767), 32767);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(midpoint_is_the_articles_formula, setup, teardown),
        cmocka_unit_test_setup_teardown(midpoint_codes_are_odd_up_to_seven_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(midpoint_of_eight_bits_has_z_in_its_levels, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(asymmetric_midpoint_moves_by_a_quarter_step, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(symmetric_tread_spans_the_larger_end, setup, teardown),
        cmocka_unit_test_setup_teardown(asymmetric_tread_holds_zero_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(ties_go_away_from_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(encoding_is_nearest_and_idempotent, setup, teardown),
        cmocka_unit_test_setup_teardown(clipping_is_what_lies_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(powers_of_two_cover_the_range, setup, teardown),
        cmocka_unit_test_setup_teardown(scales_are_always_usable, setup, teardown),
        cmocka_unit_test_setup_teardown(channels_have_their_own_scales, setup, teardown),
        cmocka_unit_test_setup_teardown(codebooks_pick_the_nearest_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(ports_follow_their_declaration, setup, teardown),
        cmocka_unit_test_setup_teardown(port_quantize_rounds_half_away, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
