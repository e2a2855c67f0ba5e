/* test_search.c - the knapsack against all combinations, the bound against eval's. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/base/rng.h"
#include "compiler/search/internal.h"

enum { LAYERS = 5, OPTIONS = 4, ALL = 1024 };

static int digit(int combination, int layer)
{
    for (int i = 0; i < layer; i++)
        combination /= OPTIONS;
    return combination % OPTIONS;
}

/* Every combination: none beats a state of the front, and each has one that is as good. */
static void the_front_is_that_of_all_combinations(void **state)
{
    (void)state;
    qctx *ctx = qctx_new();
    rng r;
    rng_seed(&r, 5);
    for (int round = 0; round < 20; round++) {
        knapsack_option o[LAYERS * OPTIONS];
        for (int i = 0; i < LAYERS * OPTIONS; i++)
            o[i] = (knapsack_option){(int64_t)rng_below(&r, 100), (double)rng_below(&r, 64)};
        o[2].bytes = -1; /* not to be had */
        knapsack_state *front;
        int n = knapsack(ctx, LAYERS, OPTIONS, o, &front);
        for (int i = 1; i < n; i++)
            assert_true(front[i].bytes > front[i - 1].bytes && front[i].loss < front[i - 1].loss);
        for (int c = 0; c < ALL; c++) {
            int64_t bytes = 0;
            double loss = 0;
            bool there = digit(c, 0) != 2, matched = false;
            for (int l = 0; l < LAYERS; l++) {
                bytes += o[l * OPTIONS + digit(c, l)].bytes;
                loss += o[l * OPTIONS + digit(c, l)].loss;
            }
            for (int i = 0; there && i < n; i++) {
                matched |= front[i].bytes <= bytes && front[i].loss <= loss;
                assert_false(bytes <= front[i].bytes && loss < front[i].loss);
            }
            assert_true(matched == there);
        }
    }
    qctx_free(ctx);
}

static void choices_give_their_sums(void **state)
{
    (void)state;
    qctx *ctx = qctx_new();
    const knapsack_option o[] = {{10, 1}, {3, 5}, {20, 0}, {8, 2}};
    knapsack_state *front;
    int n = knapsack(ctx, 2, 2, o, &front);
    assert_int_equal(n, 3); /* 10 is larger than 01 and loses more */
    assert_string_equal(front[0].choice, "11");
    assert_int_equal(front[0].bytes, 11);
    assert_true(front[0].loss == 7);
    assert_string_equal(front[2].choice, "00");
    assert_int_equal(front[2].bytes, 30);
    qctx_free(ctx);
}

static void the_bound_is_wilsons(void **state)
{
    (void)state;
    assert_true(fabs(search_lower_bound(81, 263) - 0.2553) < 5e-5); /* Newcombe (1998) */
    assert_true(search_lower_bound(0, 20) == 0);
    assert_true(fabs(search_lower_bound(29, 29) - 0.8830) < 5e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_is_that_of_all_combinations),
        cmocka_unit_test(choices_give_their_sums),
        cmocka_unit_test(the_bound_is_wilsons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
