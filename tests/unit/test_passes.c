/* test_passes.c - folding and fusing keep what a net computes and leave the graph as promised. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/quant/quant.h"
#include "tests/unit/float_nets.h"

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

static int count(const ir_graph *g, ir_opkind kind)
{
    int n = 0;
    for (int i = 0; i < g->ops.n; i++)
        n += g->ops.v[i]->kind == kind;
    return n;
}

/* Folds and fuses a copy; checks the graph and that outputs stay within `tolerance`. */
static ir_graph *run_passes(qctx *ctx, const ir_graph *before, double tolerance)
{
    assert_true(ir_verify(ctx, before, "test"));
    ir_graph *g = ir_clone(ctx, before);
    assert_true(pass_fold_bn(ctx, g));
    assert_true(ir_verify(ctx, g, "fold_bn"));
    assert_int_equal(count(g, OP_BATCH_NORM), 0);
    assert_true(pass_fuse(ctx, g));
    assert_true(ir_verify(ctx, g, "fuse"));
    assert_int_equal(g->stage, IR_FOLDED);
    int64_t n = ir_elems(&before->outputs.v[0]->shape);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const float *want = net_run(ctx, before, seed), *got = net_run(ctx, g, seed);
        for (int64_t i = 0; i < n; i++)
            assert_true(fabs((double)want[i] - (double)got[i]) <=
                        tolerance * (1 + fabs((double)want[i])));
    }
    return g;
}

/* ---- batch norm ---------------------------------------------------------------------------- */

static void batch_norm_goes_into_a_convolution(void **state)
{
    for (int bias = 0; bias < 2; bias++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(5, 6, 3));
        ir_tensor *y = net_batch_norm(&m, "n", net_conv(&m, "c", x, 4, 3, 1, bias));
        net_output(&m, y);
        const ir_graph *g = run_passes(*state, m.g, 1e-5);
        assert_int_equal(g->ops.n, 1);
        assert_string_equal(g->ops.v[0]->name, "n");
        assert_string_equal(ir_weight(g->ops.v[0])->name, "c.weight");
        assert_string_equal(ir_bias(g->ops.v[0])->name, "c.bias");
        assert_int_equal(g->tensors.n, 4); /* x, weight, bias, n: the statistics are gone */
    }
}

/* The weights are those of the formula, computed here on their own. */
static void folded_weights_are_the_formula(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 3, 2));
    ir_tensor *y = net_batch_norm(&m, "n", net_conv(&m, "c", x, 3, 2, 1, true));
    net_output(&m, y);
    const ir_op *conv = m.g->ops.v[0], *bn = m.g->ops.v[1];
    const float *w = conv->in[1]->data, *b = conv->in[2]->data, *gamma = bn->in[1]->data;
    const float *beta = bn->in[2]->data, *mean = bn->in[3]->data, *var = bn->in[4]->data;
    const ir_graph *g = run_passes(*state, m.g, 1e-5);
    const float *fw = ir_weight(g->ops.v[0])->data, *fb = ir_bias(g->ops.v[0])->data;
    for (int c = 0; c < 3; c++) {
        double k = (double)gamma[c] / sqrt((double)var[c] + 1e-3);
        for (int i = 0; i < 8; i++)
            assert_true(fw[c * 8 + i] == (float)((double)w[c * 8 + i] * k));
        double shift = ((double)b[c] - (double)mean[c]) * k + (double)beta[c];
        assert_true(fabs((double)fb[c] - shift) <= 1e-6);
    }
    assert_true(w == conv->in[1]->data && fw != w); /* the lowered graph keeps its own */
}

static void batch_norm_goes_into_depthwise_and_dense(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(5, 5, 3));
    ir_tensor *d = net_batch_norm(&m, "n1", net_conv(&m, "dw", x, 6, 3, 3, false));
    ir_tensor *f = net_reshape(&m, "f", net_unary(&m, OP_RELU, "r", d), shape1(54));
    net_output(&m, net_batch_norm(&m, "n2", net_dense(&m, "fc", f, 7, false)));
    const ir_graph *g = run_passes(*state, m.g, 1e-5);
    assert_int_equal(g->ops.n, 3);
    assert_int_equal(g->ops.v[0]->at.act, IR_ACT_RELU);
    assert_string_equal(g->ops.v[2]->name, "n2");
}

static void batch_norm_alone_becomes_depthwise(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 5, 3));
    net_output(&m, net_batch_norm(&m, "n", x));
    const ir_graph *g = run_passes(*state, m.g, 1e-5);
    assert_int_equal(g->ops.n, 1);
    assert_true(ir_is_depthwise(g->ops.v[0]));
    assert_true(g->ops.v[0]->at.depthwise);
    assert_string_equal(ir_weight(g->ops.v[0])->name, "n.weight");
}

static void batch_norm_of_other_ranks_is_reshaped(void **state)
{
    static const ir_shape shapes[] = {
        {.rank = 1, .dim = {6}}, {.rank = 2, .dim = {5, 3}}, {.rank = 3, .dim = {2, 3, 1}}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shapes[i]);
        ir_tensor *n1 = net_batch_norm(&m, "n1", x);
        net_output(&m, net_unary(&m, OP_SIGMOID, "s", net_unary(&m, OP_RELU, "r", n1)));
        const ir_graph *g = run_passes(*state, m.g, 1e-5);
        assert_int_equal(count(g, OP_CONV2D), 1);
        assert_int_equal(count(g, OP_RELU), 0); /* through the reshape into the convolution */
    }
}

/* A convolution whose own result is needed too keeps it. */
static void batch_norm_leaves_shared_results_alone(void **state)
{
    for (int output = 0; output < 2; output++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(4, 4, 2));
        ir_tensor *c = net_conv(&m, "c", x, 3, 3, 1, true);
        ir_tensor *n = net_batch_norm(&m, "n", c);
        if (output) {
            net_output(&m, n);
            net_output(&m, c);
        } else {
            net_output(&m, net_binary(&m, OP_ADD, "a", n, c));
        }
        const ir_graph *g = run_passes(*state, m.g, 1e-5);
        assert_int_equal(count(g, OP_CONV2D), 2);
    }
}

static void batch_norms_in_a_row_fold_together(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 4, 2));
    ir_tensor *n1 = net_batch_norm(&m, "n1", x);
    net_output(&m, net_batch_norm(&m, "n2", n1));
    const ir_graph *g = run_passes(*state, m.g, 1e-5);
    assert_int_equal(g->ops.n, 1);
    assert_string_equal(g->ops.v[0]->name, "n2");
}

static void batch_norm_without_data_folds_in_structure(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 4, 2));
    net_output(&m, net_batch_norm(&m, "n", net_conv(&m, "c", x, 3, 1, 1, false)));
    for (int i = 0; i < m.g->tensors.n; i++)
        m.g->tensors.v[i]->data = NULL;
    assert_true(pass_fold_bn(*state, m.g));
    assert_int_equal(m.g->ops.n, 1);
    assert_non_null(ir_bias(m.g->ops.v[0]));
    assert_int_equal(ir_bias(m.g->ops.v[0])->shape.dim[0], 3);
}

static void impossible_batch_norms_are_refused(void **state)
{
    qctx *ctx = *state;
    static const struct {
        float var, gamma;
        const char *says;
    } cases[] = {{-0.5f, 1, "eps not above 0"}, {1e-30f, 3e38f, "beyond float32"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int alone = 0; alone < 2; alone++) {
            net_maker m = net_make(ctx);
            ir_tensor *x = net_input(&m, "x", shape3(2, 2, 2));
            ir_tensor *y = net_batch_norm(&m, "n", alone ? x : net_conv(&m, "c", x, 2, 1, 1, true));
            net_output(&m, y);
            ((float *)y->producer->in[4]->data)[1] = cases[i].var;
            ((float *)y->producer->in[1]->data)[1] = cases[i].gamma;
            y->producer->at.eps = 0;
            assert_false(pass_fold_bn(ctx, m.g));
            const diag *d = diag_get(ctx, diag_count(ctx) - 1);
            assert_string_equal(diag_slug(d->id), "batch-norm-fold");
            assert_non_null(strstr(d->message, cases[i].says));
        }
    }
}

/* ---- activations --------------------------------------------------------------------------- */

static void relu_goes_into_arithmetic(void **state)
{
    for (int six = 0; six < 2; six++) {
        net_maker m = net_make(*state);
        ir_opkind relu = six ? OP_RELU6 : OP_RELU;
        ir_tensor *x = net_input(&m, "x", shape3(4, 4, 2));
        ir_tensor *c = net_unary(&m, relu, "c", net_conv(&m, "c.conv2d", x, 2, 3, 1, true));
        ir_tensor *d = net_unary(&m, relu, "d", net_conv(&m, "d.conv2d", x, 2, 3, 1, true));
        ir_tensor *a = net_unary(&m, relu, "a", net_binary(&m, OP_ADD, "a.add", c, d));
        net_output(&m, net_unary(&m, relu, "u", net_binary(&m, OP_MUL, "u.mul", a, c)));
        const ir_graph *g = run_passes(*state, m.g, 1e-6);
        assert_int_equal(g->ops.n, 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(g->ops.v[i]->at.act, six ? IR_ACT_RELU6 : IR_ACT_RELU);
        assert_string_equal(g->ops.v[0]->name, "c");
    }
}

static void relu_moves_through_what_commutes(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(7, 7, 2));
    ir_tensor *c = net_conv(&m, "c", x, 3, 2, 1, true);
    ir_tensor *p = net_pool(&m, OP_MAXPOOL, "p", net_pad(&m, "z", c, 1), 2);
    ir_tensor *f = net_reshape(&m, "f", p, shape1(48));
    net_output(&m, net_unary(&m, OP_RELU, "r", f));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(count(g, OP_RELU), 0);
    assert_int_equal(g->ops.v[0]->kind, OP_CONV2D);
    assert_int_equal(g->ops.v[0]->at.act, IR_ACT_RELU);
}

static void relu_stays_where_others_look(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 3, 2));
    ir_tensor *c = net_conv(&m, "c", x, 2, 1, 1, true);
    ir_tensor *r = net_unary(&m, OP_RELU, "r", c);
    ir_tensor *rx = net_unary(&m, OP_RELU, "rx", x);
    ir_tensor *sum = net_binary(&m, OP_ADD, "s", r, c);
    net_output(&m, net_binary(&m, OP_ADD, "t", sum, rx));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(count(g, OP_RELU), 2);
}

static void relu_of_a_pooled_input_goes_into_the_pool(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 4, 2));
    ir_tensor *f = net_reshape(&m, "f", net_pool(&m, OP_MAXPOOL, "p", x, 2), shape1(8));
    net_output(&m, net_unary(&m, OP_RELU, "r", f));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(g->ops.n, 2);
    assert_int_equal(g->ops.v[0]->at.act, IR_ACT_RELU);
}

static void relus_in_a_row_become_the_strictest(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 3, 2));
    ir_tensor *c = net_unary(&m, OP_RELU, "r1", net_conv(&m, "c", x, 2, 1, 1, true));
    net_output(&m, net_unary(&m, OP_RELU, "r3", net_unary(&m, OP_RELU6, "r2", c)));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(g->ops.n, 1);
    assert_int_equal(g->ops.v[0]->at.act, IR_ACT_RELU6);
    net_maker n = net_make(*state);
    ir_tensor *y = net_input(&n, "x", shape3(3, 3, 2));
    net_output(&n, net_unary(&n, OP_RELU6, "r2", net_unary(&n, OP_RELU, "r1", y)));
    g = run_passes(*state, n.g, 1e-6);
    assert_int_equal(g->ops.n, 1);
    assert_int_equal(g->ops.v[0]->kind, OP_RELU6);
}

/* ---- pads and reshapes --------------------------------------------------------------------- */

static void pad_goes_into_the_convolution(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(3, 4, 2));
    net_output(&m, net_conv(&m, "c", net_pad(&m, "p2", net_pad(&m, "p1", x, 1), 2), 2, 3, 1, true));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(g->ops.n, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(g->ops.v[0]->at.pad[i], 3);
}

static void pad_stays_before_pools_and_two_readers(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 4, 2));
    ir_tensor *p = net_pad(&m, "p", x, 1);
    ir_tensor *c1 = net_conv(&m, "c1", p, 2, 3, 1, true),
              *c2 = net_conv(&m, "c2", p, 2, 3, 1, true);
    ir_tensor *q = net_pad(&m, "q", net_binary(&m, OP_ADD, "a", c1, c2), 1);
    net_output(&m, net_pool(&m, OP_MAXPOOL, "mp", q, 2));
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(count(g, OP_PAD), 2);
}

static void reshapes_merge_and_vanish(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(2, 3, 4));
    ir_tensor *a = net_reshape(&m, "a", x, shape1(24));
    ir_tensor *r =
        net_unary(&m, OP_RELU, "r",
                  net_conv(&m, "c", net_reshape(&m, "b", a, shape3(2, 3, 4)), 4, 1, 1, true));
    ir_tensor *f = net_reshape(&m, "f", net_reshape(&m, "e", r, shape3(6, 1, 4)), shape1(24));
    net_output(&m, f);
    const ir_graph *g = run_passes(*state, m.g, 1e-6);
    assert_int_equal(g->ops.n, 2);
    assert_int_equal(g->ops.v[0]->kind, OP_CONV2D);
    assert_string_equal(g->ops.v[1]->name, "f");
}

static void outputs_keep_their_names(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape1(4));
    net_output(&m, net_reshape(&m, "same", x, shape1(4)));
    const ir_graph *g = run_passes(*state, m.g, 0);
    assert_int_equal(g->ops.n, 1);
    assert_string_equal(g->outputs.v[0]->name, "same");
}

/* Fusing a fused graph changes nothing: what saved pairs rely on. */
static void fusing_twice_is_fusing_once(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(8, 8, 2));
    ir_tensor *a = net_reshape(&m, "a", net_conv(&m, "c", x, 4, 3, 1, true), shape3(12, 3, 4));
    ir_tensor *b = net_reshape(&m, "b", net_unary(&m, OP_RELU, "r", a), shape3(6, 6, 4));
    ir_tensor *d =
        net_conv(&m, "d", net_pad(&m, "p", net_unary(&m, OP_RELU6, "s", b), 1), 2, 3, 1, false);
    net_output(&m, net_unary(&m, OP_RELU, "t", d));
    ir_graph *g = run_passes(*state, m.g, 1e-6);
    buf once, twice;
    buf_init(&once, ((qctx *)*state)->a);
    buf_init(&twice, ((qctx *)*state)->a);
    ir_print(g, &once);
    assert_true(pass_fuse(*state, g));
    ir_print(g, &twice);
    assert_string_equal(buf_str(&once), buf_str(&twice));
    assert_int_equal(count(g, OP_RESHAPE), 0); /* back to the shape it had */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(batch_norm_goes_into_a_convolution),
        T(folded_weights_are_the_formula),
        T(batch_norm_goes_into_depthwise_and_dense),
        T(batch_norm_alone_becomes_depthwise),
        T(batch_norm_of_other_ranks_is_reshaped),
        T(batch_norm_leaves_shared_results_alone),
        T(batch_norms_in_a_row_fold_together),
        T(batch_norm_without_data_folds_in_structure),
        T(impossible_batch_norms_are_refused),
        T(relu_goes_into_arithmetic),
        T(relu_moves_through_what_commutes),
        T(relu_stays_where_others_look),
        T(relu_of_a_pooled_input_goes_into_the_pool),
        T(relus_in_a_row_become_the_strictest),
        T(pad_goes_into_the_convolution),
        T(pad_stays_before_pools_and_two_readers),
        T(reshapes_merge_and_vanish),
        T(outputs_keep_their_names),
        T(fusing_twice_is_fusing_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
