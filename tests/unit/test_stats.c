/* test_stats.c - intervals and exact tests against published or hand-computed values. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/api/number.h"
#include "compiler/cli/cli.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_matches_known_values),
        cmocka_unit_test(mcnemar_is_the_exact_binomial),
        cmocka_unit_test(numbers_are_read_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
