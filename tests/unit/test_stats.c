/* test_stats.c - intervals and exact tests against published or hand-computed values. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/api/number.h"
#include "compiler/cli/eval.h"

static void near(double got, double want, double tolerance)
{
    if (fabs(got - want) > tolerance)
        fail_msg("%.12g, want %.12g", got, want);
}

static void wilson_matches_known_values(void **state)
{
    (void)state;
    double lo, hi;
    wilson_interval(81, 263, &lo, &hi); /* Newcombe (1998), table I, method 3 */
    near(lo, 0.2553, 5e-5);
    near(hi, 0.3662, 5e-5);
    wilson_interval(15, 148, &lo, &hi);
    near(lo, 0.0624, 5e-5);
    near(hi, 0.1605, 5e-5);
    wilson_interval(0, 20, &lo, &hi);
    near(lo, 0, 0);
    near(hi, 0.1611, 5e-5);
    wilson_interval(29, 29, &lo, &hi);
    near(lo, 0.8830, 5e-5);
    near(hi, 1, 0);
    wilson_interval(0, 0, &lo, &hi);
    near(lo, 0, 0);
    near(hi, 1, 0);
}

static void mcnemar_is_the_exact_binomial(void **state)
{
    (void)state;
    near(mcnemar_exact(0, 0), 1, 0);
    near(mcnemar_exact(5, 5), 1, 0);
    near(mcnemar_exact(0, 5), 2.0 / 32, 1e-12);
    near(mcnemar_exact(1, 9), 2 * 11.0 / 1024, 1e-12);
    near(mcnemar_exact(9, 1), 2 * 11.0 / 1024, 1e-12);
}

static void numbers_are_read_whole_or_not(void **state)
{
    (void)state;
    uint64_t u;
    int64_t v;
    assert_true(parse_u64("18446744073709551615", &u) && u == UINT64_MAX);
    assert_false(parse_u64("18446744073709551616", &u));
    assert_false(parse_u64("", &u));
    assert_false(parse_u64("-1", &u));
    assert_false(parse_u64("1x", &u));
    assert_true(parse_int("-5", -5, 5, &v) && v == -5);
    assert_false(parse_int("6", -5, 5, &v));
    assert_false(parse_int("-", -5, 5, &v));
    assert_false(parse_int("99999999999999999999", -5, INT64_MAX, &v));
}

/* Every pair of a positive and a negative counted by hand. */
static void auc_counts_pairs(void **state)
{
    (void)state;
    qctx *ctx = qctx_new();
    const int32_t labels[] = {0, 1, 0, 1, 1}, one[] = {1, 1}, three[] = {0, 2};
    const double apart[] = {1, 5, 2, 4, 3}, ties[] = {1, 1, 2, 3, 2}, flat[] = {7, 7, 7, 7, 7};
    near(eval_auc(ctx, labels, apart, 5), 1, 0);
    near(eval_auc(ctx, labels, ties, 5), 4.0 / 6, 1e-12); /* ½ + 0, 1 + 1, 1 + ½ of 6 */
    near(eval_auc(ctx, labels, flat, 5), 0.5, 1e-12);
    assert_true(isnan(eval_auc(ctx, one, apart, 2)));
    assert_true(isnan(eval_auc(ctx, three, apart, 2)));
    assert_true(isnan(eval_auc(ctx, NULL, apart, 2)));
    qctx_free(ctx);
}

/* Two classes, three rows: what each figure of eval comes from. */
static void rows_become_figures(void **state)
{
    (void)state;
    qctx *ctx = qctx_new();
    const int32_t labels[] = {0, 1, 1};
    const float f[3][2] = {{2, 1}, {0, 1}, {3, 1}}, q[3][2] = {{2, 1}, {1, 0}, {0, 4}};
    ir_graph *g = ir_new(ctx, "m");
    ir_shape two = {.rank = 1, .dim = {2}};
    *VEC_PUSH(ctx->a, &g->outputs) =
        ir_add_tensor(ctx, g, "y", IR_VALUE, IR_F32, &two, loc_none());
    eval_run run = {.name = "q"};
    eval e = {.rows = 3, .elements = 2, .classes = 2, .labels = labels, .runs = &run, .n_runs = 1};
    eval_side *sides[2] = {&e.f, &run.q};
    e.f.g = g;
    for (int i = 0; i < 2; i++) {
        sides[i]->guess = ARENA_ARRAY(ctx->a, int32_t, 3);
        sides[i]->score = ARENA_ARRAY(ctx->a, double, 3);
        for (int r = 0; r < 3; r++)
            eval_judge(&e, sides[i], r, NULL, i ? q[r] : f[r]);
    }
    eval_compare(ctx, &e);
    assert_int_equal(e.f.right, 2);
    assert_int_equal(run.q.right, 2);
    assert_int_equal(run.agree, 1);
    assert_int_equal(run.only_float, 1);
    assert_int_equal(run.only_quantized, 1);
    near(e.f.auc, 0.5, 1e-12); /* scores -1, 1, -2 */
    near(e.f.loss, (log(1 + exp(-1)) + log(1 + exp(-1)) + log(1 + exp(2))) / 3, 1e-9);
    const int64_t *m = eval_confusion(ctx, &e, &run.q);
    assert_true(m[0] == 1 && m[1] == 0 && m[2] == 1 && m[3] == 1);
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_matches_known_values),
        cmocka_unit_test(mcnemar_is_the_exact_binomial),
        cmocka_unit_test(auc_counts_pairs), cmocka_unit_test(rows_become_figures),
        cmocka_unit_test(numbers_are_read_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
