/* test_vary.c - rows that vary while training: the same variant wherever a row stands in a batch
 * and for any number of threads, mixup of rows, labels and targets, a teacher that sees the varied
 * batch. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/quant/grid.h"
#include "compiler/train/fit.h"
#include "compiler/train/judge.h"
#include "tests/unit/float_nets.h"
#include "tests/unit/qdl.h"

enum { H = 4, W = 3, ELEMS = H * W, ROWS = 37, OUTPUTS = 3 };

typedef struct bench {
    qctx *ctx;
    ir_graph *g;
    port_map port;
    dataset data, targets;
    train_rows rows;
    int32_t labels[ROWS], others[ROWS];
    float values[ROWS * ELEMS], wanted[ROWS * OUTPUTS], given[ROWS * OUTPUTS], shares[ROWS];
} bench;

static tengine *engine(bench *b, int threads)
{
    tengine_options o = {.batch = ROWS, .threads = threads};
    tengine *e = tengine_new(b->ctx, b->g, &o);
    assert_non_null(e);
    return e;
}

static void vary(bench *b, const char *option)
{
    aug_spec *s = ARENA_NEW(b->ctx->a, aug_spec);
    assert_true(aug_option(b->ctx, s, option));
    const augmenter *a = aug_new(b->ctx, s, b->port.port);
    assert_non_null(a);
    b->rows.vary = rows_variants(b->ctx, a, b->port.port, 5, ROWS);
}

static dataset floats(const float *v, int elems)
{
    return (dataset){.format = DF_CSV,
                     .dtype = DT_F32,
                     .rank = 2,
                     .dim = {ROWS, elems},
                     .rows = ROWS,
                     .row_elems = elems,
                     .data = v};
}

static bench *set_up(void **state)
{
    bench *b = ARENA_NEW(((qctx *)*state)->a, bench);
    b->ctx = *state;
    net_maker m = net_make(b->ctx);
    ir_tensor *x = net_input(&m, "x", shape3(H, W, 1));
    x->real_lo = 0;
    x->real_hi = 1;
    net_output(&m, net_dense(&m, "d", net_reshape(&m, "r", x, shape1(ELEMS)), OUTPUTS, true));
    b->g = m.g;
    for (int i = 0; i < ROWS * ELEMS; i++)
        b->values[i] = (float)rng_double(&m.r);
    for (int i = 0; i < ROWS * OUTPUTS; i++)
        b->given[i] = (float)rng_double(&m.r);
    for (int i = 0; i < ROWS; i++)
        b->labels[i] = i % OUTPUTS;
    b->data = floats(b->values, ELEMS);
    b->targets = floats(b->given, OUTPUTS);
    b->port = (port_map){.port = x, .data = &b->data, .rows = ROWS};
    b->rows = rows_all(b->ctx, &b->port, 1, b->labels);
    return b;
}

static bool same(const float *a, const float *b, int n)
{
    return !memcmp(a, b, (size_t)n * sizeof *a);
}

static void a_variant_is_its_rows_and_epochs(void **state)
{
    bench *b = set_up(state);
    vary(b, "rotate=20,crop=1,noise=0.1,mixup=0.5");
    tengine *one = engine(b, 1), *three = engine(b, 3);
    rows_load(&b->rows, one, NULL, 0, ROWS);
    rows_load(&b->rows, three, NULL, 0, ROWS);
    assert_true(same(tengine_input(one, 0), tengine_input(three, 0), ROWS * ELEMS));
    assert_false(same(tengine_input(one, 0), b->values, ELEMS));
    rows_load(&b->rows, three, NULL, 9, 20); /* elsewhere in a batch */
    assert_true(same(tengine_input(one, 0) + 9 * ELEMS, tengine_input(three, 0), 20 * ELEMS));
    b->rows.vary->epoch = 1;
    rows_load(&b->rows, three, NULL, 0, ROWS);
    assert_false(same(tengine_input(one, 0), tengine_input(three, 0), ELEMS));
}

static void mixup_mixes_rows_labels_and_targets(void **state)
{
    bench *b = set_up(state);
    vary(b, "mixup=1@0.7");
    b->rows.targets = &b->targets;
    tengine *e = engine(b, 1);
    rows_load(&b->rows, e, NULL, 0, ROWS);
    int32_t labels[ROWS];
    loss_batch l = rows_wanted(&b->rows, NULL, NULL, 0, ROWS, OUTPUTS, labels, b->wanted);
    rows_mix(&b->rows, NULL, 0, OUTPUTS, b->others, b->shares, b->wanted, &l);
    int mixed = 0;
    for (int i = 0; i < ROWS; i++) {
        int32_t p;
        double share = rows_share(&b->rows, i, &p);
        assert_true(share >= 0.5 && share <= 1);
        mixed += share < 1;
        for (int k = 0; k < ELEMS; k++)
            assert_float_equal(
                tengine_input(e, 0)[i * ELEMS + k],
                share * b->values[i * ELEMS + k] + (1 - share) * b->values[p * ELEMS + k], 1e-6);
        for (int k = 0; k < OUTPUTS; k++)
            assert_float_equal(
                l.targets[i * OUTPUTS + k],
                share * b->given[i * OUTPUTS + k] + (1 - share) * b->given[p * OUTPUTS + k], 1e-6);
        assert_int_equal(l.labels[i], i % OUTPUTS);
        assert_int_equal(l.others[i], p % OUTPUTS);
        assert_float_equal(l.shares[i], share, 1e-6);
    }
    assert_true(mixed > ROWS / 3 && mixed < ROWS);
}

/* Cross-entropy against mixed labels is Σ q·(−log p), q the mixed one-hot rows; its gradient p − q.
 */
static void mixed_cross_entropy(void **state)
{
    bench *b = set_up(state);
    vary(b, "mixup=1");
    tengine *e = engine(b, 2);
    int32_t labels[ROWS];
    rows_load(&b->rows, e, NULL, 0, ROWS);
    loss_batch l = rows_wanted(&b->rows, NULL, NULL, 0, ROWS, OUTPUTS, labels, b->wanted);
    rows_mix(&b->rows, NULL, 0, OUTPUTS, b->others, b->shares, b->wanted, &l);
    tengine_forward(e, ROWS, true, 0);
    loss_sum got = loss_of(e, &(loss_spec){LOSS_CROSS_ENTROPY, 1, 0}, &l, true, ROWS);
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        const float *y = tengine_output(e) + i * OUTPUTS,
                    *g = tengine_output_gradient(e) + i * OUTPUTS;
        double all = 0, q[OUTPUTS] = {0};
        for (int k = 0; k < OUTPUTS; k++)
            all += exp((double)y[k]);
        q[l.labels[i]] += (double)l.shares[i];
        q[l.others[i]] += 1 - (double)l.shares[i];
        for (int k = 0; k < OUTPUTS; k++) {
            sum -= q[k] * log(exp((double)y[k]) / all);
            assert_float_equal(g[k], exp((double)y[k]) / all - q[k], 1e-5);
        }
    }
    assert_float_equal(got.loss, sum, 1e-4);
}

static void rounded_rows_are_what_codes_mean(void **state)
{
    const float scale = 1 / 255.0f;
    const int32_t zero = -128;
    ir_quant q = {
        .bits = 8, .axis = -1, .n = 1, .scale = (float *)&scale, .zero = (int32_t *)&zero};
    float x[] = {-1, 0, 0.5f * scale, 0.4f, 0.4f + 0.3f * scale, 1, 7};
    (void)state;
    rows_round(&q, x, 7);
    const double codes[] = {0, 0, 1, 102, 102, 255, 255};
    for (int i = 0; i < 7; i++)
        assert_float_equal(x[i], codes[i] * (double)scale, 1e-6);
}

static bool no_judgement(void *user, fit_score *score)
{
    (void)user;
    *score = (fit_score){.loss = 1};
    return true;
}

/* After a step both engines hold the same varied batch. */
static void the_teacher_sees_the_varied_batch(void **state)
{
    bench *b = set_up(state);
    vary(b, "rotate=20,noise=0.1,mixup=0.5");
    tengine *e = engine(b, 2), *teacher = engine(b, 2);
    fit f = {.ctx = b->ctx,
             .o = {.epochs = 2,
                   .batch = ROWS,
                   .threads = 2,
                   .seed = 1,
                   .opt = {.rate = 0.01, .momentum = 0.9},
                   .loss = {LOSS_DISTILL, 2, 0.5}},
             .e = e,
             .rows = b->rows,
             .live_teacher = teacher,
             .judge = no_judgement};
    assert_int_equal(fit_run(&f), FIT_DONE);
    assert_true(same(tengine_input(e, 0), tengine_input(teacher, 0), ROWS * ELEMS));
    for (int i = 0; i < ROWS * ELEMS; i += ELEMS)
        assert_false(same(tengine_input(e, 0), b->values + i, ELEMS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_variant_is_its_rows_and_epochs, qdl_setup, qdl_teardown),
        cmocka_unit_test_setup_teardown(mixup_mixes_rows_labels_and_targets, qdl_setup,
                                        qdl_teardown),
        cmocka_unit_test_setup_teardown(mixed_cross_entropy, qdl_setup, qdl_teardown),
        cmocka_unit_test(rounded_rows_are_what_codes_mean),
        cmocka_unit_test_setup_teardown(the_teacher_sees_the_varied_batch, qdl_setup, qdl_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
