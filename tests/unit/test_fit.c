/* test_fit.c - how a run of training ends: what is kept where a state cannot be judged, where none
 * is better, and where no epoch has been for a while. */
#include "tests/unit/cm.h"

#include "compiler/train/fit.h"
#include "tests/unit/float_nets.h"
#include "tests/unit/qdl.h"

enum { ELEMS = 6, ROWS = 20, OUTPUTS = 3, THETA = ELEMS * OUTPUTS + OUTPUTS, EPOCHS = 8 };

/* Judgements by number, from that of the start: how many rows are right, or −1: it fails. */
typedef struct script {
    qctx *ctx;
    tengine *e;
    const int *right;
    int at;
    float theta[EPOCHS + 1][THETA]; /* of the states that were judged */
} script;

static bool judge(void *user, fit_score *score)
{
    script *s = user;
    int64_t n;
    const float *theta = tengine_theta(s->e, &n);
    assert_int_equal(n, THETA);
    memcpy(s->theta[s->at], theta, sizeof s->theta[0]);
    int right = s->right[s->at++];
    if (right < 0) {
        diag_add(s->ctx, D_TRAIN_INTEGER, loc_none(), "the integer net cannot be judged");
        return false;
    }
    *score = (fit_score){.loss = 1, .accuracy = (double)right / ROWS, .right = right};
    return true;
}

/* A net of one dense layer, trained on random rows and judged by the script. */
static fit_end run(script *s, qctx *ctx, const int *right, int patience)
{
    static float values[ROWS * ELEMS];
    static int32_t labels[ROWS];
    static dataset data;
    static port_map port;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape1(ELEMS));
    net_output(&m, net_dense(&m, "d", x, OUTPUTS, true));
    for (int i = 0; i < ROWS * ELEMS; i++)
        values[i] = (float)rng_double(&m.r);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % OUTPUTS;
    data = (dataset){.format = DF_CSV,
                     .dtype = DT_F32,
                     .rank = 2,
                     .dim = {ROWS, ELEMS},
                     .rows = ROWS,
                     .row_elems = ELEMS,
                     .data = values};
    port = (port_map){.port = x, .data = &data, .rows = ROWS};
    tengine_options o = {.batch = 5, .threads = 1};
    *s = (script){.ctx = ctx, .e = tengine_new(ctx, m.g, &o), .right = right};
    assert_non_null(s->e);
    fit f = {.ctx = ctx,
             .o = {.epochs = EPOCHS,
                   .batch = 5,
                   .threads = 1,
                   .seed = 1,
                   .patience = patience,
                   .judge_start = true,
                   .opt = {.rate = 0.01, .momentum = 0.9}},
             .e = s->e,
             .rows = rows_all(ctx, &port, 1, labels),
             .judge = judge,
             .judge_user = s};
    return fit_run(&f);
}

static void assert_kept(const script *s, int of)
{
    int64_t n;
    const float *theta = tengine_theta(s->e, &n);
    assert_memory_equal(theta, s->theta[of], sizeof s->theta[of]);
    if (of + 1 < s->at)
        assert_memory_not_equal(theta, s->theta[of + 1], sizeof s->theta[of]);
}

static const diag *last_diag(const qctx *ctx)
{
    assert_true(diag_count(ctx) > 0);
    return diag_get(ctx, diag_count(ctx) - 1);
}

static void a_state_that_cannot_be_judged_leaves_the_best(void **state)
{
    static const int right[] = {4, 6, 9, 7, -1};
    script s;
    assert_int_equal(run(&s, *state, right, 0), FIT_DIVERGED);
    assert_int_equal(s.at, 5);
    assert_kept(&s, 2);
    assert_int_equal(last_diag(*state)->id, D_TRAIN_INTEGER);
}

static void nothing_is_kept_where_the_start_cannot_be_judged(void **state)
{
    static const int right[] = {-1};
    script s;
    assert_int_equal(run(&s, *state, right, 0), FIT_FAILED);
    assert_int_equal(s.at, 1);
}

static void a_start_that_nothing_beats_is_kept(void **state)
{
    static const int right[] = {9, 1, 9, 8, 2, 3, 4, 5, 8};
    script s;
    assert_int_equal(run(&s, *state, right, 0), FIT_DONE);
    assert_int_equal(s.at, EPOCHS + 1);
    assert_kept(&s, 0);
}

static void patience_ends_a_run(void **state)
{
    static const int right[] = {4, 6, 5, 6, 3, 9, 9, 9, 9};
    script s;
    assert_int_equal(run(&s, *state, right, 3), FIT_DONE);
    assert_int_equal(s.at, 5);
    assert_kept(&s, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_state_that_cannot_be_judged_leaves_the_best, qdl_setup,
                                        qdl_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_where_the_start_cannot_be_judged, qdl_setup,
                                        qdl_teardown),
        cmocka_unit_test_setup_teardown(a_start_that_nothing_beats_is_kept, qdl_setup,
                                        qdl_teardown),
        cmocka_unit_test_setup_teardown(patience_ends_a_run, qdl_setup, qdl_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
