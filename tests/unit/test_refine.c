/* test_refine.c - rounding that knows the data: moments, GPTQ, corrections, equalization. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/quant/gptq.h"
#include "compiler/quant/internal.h"
#include "compiler/quant/linalg.h"
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

static double uniform(rng *r)
{
    return 2 * rng_double(r) - 1;
}

/* ---- linear algebra -------------------------------------------------------------------------- */

static void cholesky_solves(void **state)
{
    (void)state;
    enum { N = 7 };
    double h[N][N] = {0}, factor[N][N], x[N], b[N];
    rng r;
    rng_seed(&r, 3);
    for (int k = 0; k < N + 2; k++) {
        double z[N];
        for (int i = 0; i < N; i++)
            z[i] = uniform(&r);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                h[i][j] += z[i] * z[j];
    }
    memcpy(factor, h, sizeof h);
    assert_true(cholesky(&factor[0][0], N));
    for (int i = 0; i < N; i++)
        x[i] = b[i] = uniform(&r);
    cholesky_solve(&factor[0][0], N, x);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < N; j++)
            sum += h[i][j] * x[j];
        assert_true(fabs(sum - b[i]) < 1e-9);
    }
}

static void cholesky_refuses_what_is_not_definite(void **state)
{
    (void)state;
    double indefinite[4] = {1, 2, 2, 1}, zero[1] = {0}, bad[1] = {NAN};
    assert_false(cholesky(indefinite, 2));
    assert_false(cholesky(zero, 1));
    assert_false(cholesky(bad, 1));
}

/* ---- moments --------------------------------------------------------------------------------- */

/* A convolution with everything that a window can have. */
static ir_op *strided_conv(net_maker *m)
{
    ir_tensor *x = net_input(m, "x", shape3(7, 6, 4));
    ir_attrs at = {.kernel = {3, 2},
                   .stride = {2, 1},
                   .dilation = {1, 2},
                   .padmode = IR_PAD_EXPLICIT,
                   .pad = {1, 0, 2, 1},
                   .groups = 2,
                   .filters = 6};
    ir_shape w = {.rank = 4, .dim = {6, 3, 2, 2}};
    ir_tensor *in[3] = {x, net_const(m, "c", "weight", w, -0.5, 0.5),
                        net_const(m, "c", "bias", shape1(6), -0.3, 0.3)};
    net_output(m, net_op(m, OP_CONV2D, "c", &at, 3, in));
    m->g->stage = IR_FOLDED;
    return m->g->ops.v[0];
}

/* The moments' error of halved weights on doubled inputs, against the float interpreter. */
static void moments_see_what_a_convolution_sees(void **state)
{
    qctx *ctx = *state;
    enum { ROWS = 6, IN = 7 * 6 * 4 };
    net_maker m = net_make(ctx);
    ir_op *op = strided_conv(&m);
    int64_t n_out = ir_elems(&op->out[0]->shape);
    moments mo;
    double want[MOMENTS_HALVES] = {0}, got, v[2 * 12 + 1];
    moments_start(&mo, op, ROWS, ARENA_ARRAY(ctx->a, double, moments_size(op)));
    assert_int_equal(mo.k, 12);
    interp *it = interp_new(ctx, m.g);
    float *y = ARENA_ARRAY(ctx->a, float, n_out);
    for (int row = 0; row < ROWS; row++) {
        float x[IN], other[IN];
        for (int i = 0; i < IN; i++) {
            x[i] = (float)uniform(&m.r);
            other[i] = 3 * x[i];
        }
        moments_add(&mo, op, row, x, other);
        interp_run(it, (const void *[]){x}, (void *[]){y});
        /* w·x + b - (w/2)·3x = b - (w·x)/2, and w·x = y - b */
        for (int64_t i = 0; i < n_out; i++) {
            double b = (double)((const float *)ir_bias(op)->data)[i % 6];
            double d = b - ((double)y[i] - b) / 2;
            want[row % 2] += d * d / (ROWS / 2) / ((double)n_out / 6);
        }
    }
    moments_finish(&mo);
    for (int half = 0; half < MOMENTS_HALVES; half++) {
        got = 0;
        for (int c = 0; c < 6; c++) {
            const float *w = (const float *)ir_weight(op)->data + 12 * c;
            for (int i = 0; i < 12; i++) {
                v[i] = (double)w[i];
                v[12 + i] = -(double)w[i] / 2;
            }
            v[24] = (double)((const float *)ir_bias(op)->data)[c];
            got += moments_error(&mo, half, c / 3, v);
        }
        assert_true(fabs(got - want[half]) < 1e-5 * want[half]);
    }
}

/* ---- GPTQ ------------------------------------------------------------------------------------ */

enum { K = 12, ROWS = 60 };

/* A dense layer whose inputs depend on each other; input `dead` is always 0. */
static moments correlated(net_maker *m, ir_op *op, int dead)
{
    moments mo;
    moments_start(&mo, op, ROWS, ARENA_ARRAY(m->ctx->a, double, moments_size(op)));
    double mix[K][K];
    for (int i = 0; i < K * K; i++)
        mix[i / K][i % K] = uniform(&m->r) * (i % K < 3 ? 3 : 0.3);
    for (int row = 0; row < ROWS; row++) {
        float x[K] = {0};
        double z[K];
        for (int i = 0; i < K; i++)
            z[i] = uniform(&m->r);
        for (int i = 0; i < K; i++)
            for (int j = 0; j < K && i != dead; j++)
                x[i] += (float)(mix[i][j] * z[j]);
        moments_add(&mo, op, row, x, x);
    }
    moments_finish(&mo);
    return mo;
}

static double error_of(const moments *mo, const ir_quant *q, const float *w, const int32_t *codes)
{
    double v[2 * K + 1] = {0};
    for (int i = 0; i < K; i++) {
        v[i] = (double)w[i];
        v[K + i] = -quant_value(q, 0, codes[i]);
    }
    return moments_error(mo, MOMENTS_FIT, 0, v);
}

static ir_op *dense_op(net_maker *m)
{
    net_output(m, net_dense(m, "d", net_input(m, "x", shape1(K)), 8, true));
    return m->g->ops.v[0];
}

/* On both grids and a codebook: never worse than nearest on the rows it was fitted to, and much
 * better where inputs depend on each other. */
static void gptq_beats_nearest(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_op *op = dense_op(&m);
    moments mo = correlated(&m, op, -1);
    gptq *g = gptq_new(ctx, K);
    gptq_prepare(g, &mo, MOMENTS_FIT, 0, false);
    assert_int_equal(g->dead, 0);
    assert_true(g->damping > 0);
    double lo = -0.4, hi = 0.4;
    static const int16_t table[4] = {-100, -30, 20, 90};
    static const float scale = 0.004f;
    ir_quant codebook = {.scheme = IR_Q_CODEBOOK,
                         .bits = 2,
                         .axis = -1,
                         .n = 1,
                         .scale = &scale,
                         .entries = 4,
                         .table = table};
    const ir_quant *grids[] = {
        quant_uniform(ctx, IR_GRID_TREAD, true, false, 3, -1, 1, &lo, &hi),
        quant_uniform(ctx, IR_GRID_MIDPOINT, true, false, 2, -1, 1, &lo, &hi), &codebook};
    for (int kind = 0; kind < 3; kind++) {
        double sum = 0, plain = 0;
        for (int c = 0; c < 8; c++) {
            const float *w = (const float *)ir_weight(op)->data + K * c;
            int32_t codes[K], nearest[K];
            for (int i = 0; i < K; i++)
                nearest[i] = quant_encode(grids[kind], 0, (double)w[i], NULL);
            gptq_round(g, grids[kind], 0, w, codes);
            sum += error_of(&mo, grids[kind], w, codes);
            plain += error_of(&mo, grids[kind], w, nearest);
        }
        assert_true(sum < 0.7 * plain);
    }
}

static void dead_inputs_round_to_nearest(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_op *op = dense_op(&m);
    moments mo = correlated(&m, op, 5);
    gptq *g = gptq_new(ctx, K);
    gptq_prepare(g, &mo, MOMENTS_FIT, 0, true);
    assert_int_equal(g->dead, 1);
    double lo = -0.4, hi = 0.4;
    const ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, true, false, 3, -1, 1, &lo, &hi);
    for (int c = 0; c < 8; c++) {
        const float *w = (const float *)ir_weight(op)->data + K * c;
        int32_t codes[K];
        gptq_round(g, q, 0, w, codes);
        assert_int_equal(codes[5], quant_encode(q, 0, (double)w[5], NULL));
    }
}

/* ---- the pass -------------------------------------------------------------------------------- */

static net_maker three_layers(qctx *ctx)
{
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(6, 6, 3));
    ir_tensor *c = net_unary(&m, OP_RELU, "c", net_conv(&m, "c.conv2d", x, 8, 3, 1, true));
    ir_tensor *w = net_unary(&m, OP_RELU, "w", net_conv(&m, "w.conv2d", c, 8, 3, 8, true));
    ir_tensor *f = net_reshape(&m, "f", net_pool(&m, OP_MAXPOOL, "p", w, 2), shape1(8));
    net_output(&m, net_dense(&m, "d", f, 5, true));
    assert_true(pass_fold_bn(ctx, m.g) && pass_fuse(ctx, m.g));
    return m;
}

static spec_settings *weights_rule(qctx *ctx, quant_spec *s, unsigned set)
{
    spec_rule *r = VEC_PUSH(ctx->a, &s->rules);
    r->part = SPEC_WEIGHT;
    r->s.set = set;
    return &r->s;
}

static port_map rows_for(qctx *ctx, const ir_tensor *t, int rows)
{
    rng r;
    rng_seed(&r, 77);
    int64_t n = ir_elems(&t->shape);
    float *v = ARENA_ARRAY(ctx->a, float, rows *n);
    double base = 0;
    for (int64_t i = 0; i < rows * n; i++) { /* neighbours are alike, as in images */
        base = i % n ? 0.9 * base + 0.4 * uniform(&r) : uniform(&r);
        v[i] = (float)base;
    }
    port_map m;
    assert_true(port_map_make(ctx, t, rows_data(ctx, t, rows, v), NULL, &m));
    return m;
}

static ir_graph *refined_net(qctx *ctx, const ir_graph *f, const quant_spec *spec,
                             const port_map *ports, rounding_log *log)
{
    act_range *ranges = ARENA_ARRAY(ctx->a, act_range, f->tensors.n);
    *log = (rounding_log){0};
    assert_true(calibrate(ctx, f, spec, ports, ranges));
    ir_graph *q = choose_quantization(ctx, f, spec, ranges);
    assert_non_null(q);
    assert_true(refine_rounding(ctx, f, q, spec, ports, log));
    assert_true(ir_verify(ctx, q, "refine"));
    return q;
}

static void layers_get_closer_to_float(void **state)
{
    qctx *ctx = *state;
    net_maker m = three_layers(ctx);
    quant_spec *spec = spec_new(ctx);
    spec_settings *s =
        weights_rule(ctx, spec, SPEC_BITS | SPEC_ROUND | SPEC_BIAS_CORRECT | SPEC_DEVIATION);
    *s = (spec_settings){.set = s->set,
                         .bits = 3,
                         .type = IR_I8,
                         .round = SPEC_GPTQ,
                         .bias_correct = true,
                         .deviation = true};
    port_map ports = rows_for(ctx, m.g->inputs.v[0], 200);
    rounding_log log;
    ir_graph *q = refined_net(ctx, m.g, spec, &ports, &log);
    assert_int_equal(log.n, 3);
    int rounded = 0;
    for (int i = 0; i < log.n; i++) {
        assert_true(log.v[i].corrected || log.v[i].rounded);
        assert_true(log.v[i].after < log.v[i].before && log.v[i].after < log.v[i].signal);
        rounded += log.v[i].rounded;
    }
    assert_true(rounded >= 2);
    assert_int_equal(log.v[0].inputs, 27);
    assert_int_equal(log.v[1].inputs, 9);
    assert_true(legalize(ctx, q, IR_NUM_Q32) && prove_bounds(ctx, q, false));
    /* the same again, bit for bit */
    char a[65], b[65];
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, spec, &ports, &log), a);
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, spec, &ports, &log), b);
    assert_string_equal(a, b);
}

/* Kept only where the error behind the activation falls on the rows that judge. */
static void learned_rounding_is_judged(void **state)
{
    qctx *ctx = *state;
    net_maker m = three_layers(ctx);
    quant_spec *spec = spec_new(ctx);
    spec_settings *s = weights_rule(ctx, spec, SPEC_BITS | SPEC_ROUND);
    *s = (spec_settings){.set = s->set, .bits = 3, .type = IR_I8, .round = SPEC_ADAROUND};
    port_map ports = rows_for(ctx, m.g->inputs.v[0], 120);
    rounding_log log;
    char a[65], b[65];
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, spec, &ports, &log), a);
    assert_int_equal(log.n, 3);
    for (int i = 0; i < log.n; i++) {
        assert_true(log.v[i].learned);
        assert_true(log.v[i].rounded ? log.v[i].after < log.v[i].before
                                     : log.v[i].after == log.v[i].before);
    }
    assert_true(log.v[0].rounded);
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, spec, &ports, &log), b);
    assert_string_equal(a, b);
}

/* Nothing asks for it, or no data: the codes of nearest rounding. */
static void nothing_changes_without_cause(void **state)
{
    qctx *ctx = *state;
    net_maker m = three_layers(ctx);
    quant_spec *plain = spec_new(ctx), *asks = spec_new(ctx);
    weights_rule(ctx, asks, SPEC_ROUND)->round = SPEC_GPTQ;
    port_map ports = rows_for(ctx, m.g->inputs.v[0], 20);
    rounding_log log;
    char a[65], b[65];
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, plain, NULL, &log), a);
    assert_int_equal(log.n, 0);
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, asks, NULL, &log), b);
    assert_int_equal(log.n, 0);
    assert_string_equal(a, b);
    assert_string_equal(diag_slug(diag_get(ctx, diag_count(ctx) - 1)->id), "rounding-data");
    ir_canonical_sha256(ctx, refined_net(ctx, m.g, asks, &ports, &log), b);
    assert_int_equal(log.n, 3);
    assert_string_not_equal(a, b);
}

/* ---- equalization ---------------------------------------------------------------------------- */

static double largest_ratio(const ir_op *op)
{
    const float *w = ir_weight(op)->data;
    int n = ir_weight(op)->shape.dim[0];
    int64_t k = ir_elems(&ir_weight(op)->shape) / n;
    double lo = INFINITY, hi = 0;
    for (int c = 0; c < n; c++) {
        double most = 0;
        for (int64_t i = 0; i < k; i++)
            most = fmax(most, fabs((double)w[c * k + i]));
        lo = fmin(lo, most);
        hi = fmax(hi, most);
    }
    return hi / lo;
}

static void equalization_preserves_the_function(void **state)
{
    qctx *ctx = *state;
    net_maker m = three_layers(ctx);
    for (int i = 0; i < 8; i++) { /* uneven channels of the first layer */
        float *w = (float *)ir_weight(m.g->ops.v[0])->data;
        for (int k = 0; k < 27; k++)
            w[i * 27 + k] *= (float)ldexp(1, i - 4);
    }
    quant_spec *spec = spec_new(ctx);
    assert_ptr_equal(equalize(ctx, m.g, spec), m.g);
    weights_rule(ctx, spec, SPEC_EQUALIZE)->equalize = true;
    const ir_graph *e = equalize(ctx, m.g, spec);
    assert_ptr_not_equal(e, m.g);
    assert_true(ir_verify(ctx, e, "equalize"));
    const float *a = net_run(ctx, m.g, 9), *b = net_run(ctx, e, 9);
    for (int i = 0; i < 5; i++)
        assert_true(fabs((double)a[i] - (double)b[i]) < 1e-4);
    assert_true(largest_ratio(m.g->ops.v[0]) > 50);
    assert_true(largest_ratio(e->ops.v[0]) < 10);
}

/* relu6 does not commute with a factor, and two readers have two opinions. */
static void equalization_leaves_others_alone(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(4, 4, 3));
    ir_tensor *c = net_unary(&m, OP_RELU6, "c", net_conv(&m, "c.conv2d", x, 4, 1, 1, true));
    ir_tensor *d = net_conv(&m, "d", c, 4, 1, 1, true);
    ir_tensor *e = net_conv(&m, "e", d, 4, 1, 1, true);
    net_output(&m, net_binary(&m, OP_ADD, "s", d, e));
    assert_true(pass_fold_bn(ctx, m.g) && pass_fuse(ctx, m.g));
    quant_spec *spec = spec_new(ctx);
    weights_rule(ctx, spec, SPEC_EQUALIZE)->equalize = true;
    assert_ptr_equal(equalize(ctx, m.g, spec), m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cholesky_solves, setup, teardown),
        cmocka_unit_test_setup_teardown(cholesky_refuses_what_is_not_definite, setup, teardown),
        cmocka_unit_test_setup_teardown(moments_see_what_a_convolution_sees, setup, teardown),
        cmocka_unit_test_setup_teardown(gptq_beats_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_inputs_round_to_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(layers_get_closer_to_float, setup, teardown),
        cmocka_unit_test_setup_teardown(learned_rounding_is_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_changes_without_cause, setup, teardown),
        cmocka_unit_test_setup_teardown(equalization_preserves_the_function, setup, teardown),
        cmocka_unit_test_setup_teardown(equalization_leaves_others_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
