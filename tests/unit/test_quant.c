/* test_quant.c - calibration and the choice of a quantization for every tensor. */
#include "tests/unit/quant_kit.h"

#include <math.h>

#include "compiler/quant/grid.h"

/* ---- calibration --------------------------------------------------------------------------- */

static void minmax_of_a_net_is_what_it_computes(void **state)
{
    net_maker m = small_net(*state);
    quant_spec *spec = spec_new(*state);
    rule(*state, spec, NULL, SPEC_ACTIVATION, SPEC_OBSERVER)->observer = SPEC_MINMAX;
    const act_range *r = calibrated(*state, m.g, spec, -1, 1);
    const ir_tensor *x = m.g->inputs.v[0], *d = m.g->outputs.v[0], *c = ir_find_tensor(m.g, "c");
    assert_true(r[x->id].lo < -0.99 && r[x->id].hi > 0.99 && r[x->id].lo >= -1);
    assert_true(r[c->id].lo == 0 && r[c->id].hi > 0.5);
    assert_int_equal(r[c->id].samples, 40 * 64);
    interp *it = interp_new(*state, m.g);
    dataset *rows = rows_of(*state, x, 40, -1, 1);
    double lo = INFINITY, hi = -INFINITY;
    for (int i = 0; i < 40; i++) {
        float out[5];
        interp_run(it, (const void *[]){(const float *)rows->data + i * 72}, (void *[]){out});
        for (int k = 0; k < 5; k++) {
            lo = fmin(lo, (double)out[k]);
            hi = fmax(hi, (double)out[k]);
        }
    }
    assert_true(r[d->id].lo == lo && r[d->id].hi == hi);
}

static void calibration_repeats_itself(void **state)
{
    for (int o = SPEC_MINMAX; o <= SPEC_KL; o++) {
        net_maker m = small_net(*state);
        quant_spec *spec = spec_new(*state);
        rule(*state, spec, NULL, SPEC_ACTIVATION, SPEC_OBSERVER)->observer = (spec_observer)o;
        const act_range *a = calibrated(*state, m.g, spec, -1, 1);
        ((qctx *)*state)->threads = 4;
        const act_range *b = calibrated(*state, m.g, spec, -1, 1);
        assert_memory_equal(a, b, (size_t)m.g->tensors.n * sizeof *a);
    }
}

static void noise_stands_in_with_a_warning(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    m.g->inputs.v[0]->real_lo = -3;
    m.g->inputs.v[0]->real_hi = 1;
    quant_spec *spec = spec_new(ctx);
    rule(ctx, spec, NULL, SPEC_ACTIVATION, SPEC_OBSERVER)->observer = SPEC_MINMAX;
    act_range *a = ARENA_ARRAY(ctx->a, act_range, m.g->tensors.n);
    act_range *b = ARENA_ARRAY(ctx->a, act_range, m.g->tensors.n);
    assert_true(calibrate(ctx, m.g, spec, NULL, a));
    newest_is(ctx, "calibration-none", "no calibration data");
    assert_true(a[0].lo < -2.9 && a[0].lo >= -3 && a[0].hi > 0.9 && a[0].hi < 1);
    assert_true(calibrate(ctx, m.g, spec, NULL, b));
    assert_memory_equal(a, b, (size_t)m.g->tensors.n * sizeof *a);
    ctx->seed = 2;
    assert_true(calibrate(ctx, m.g, spec, NULL, b));
    assert_true(a[0].lo != b[0].lo);
    assert_int_equal(diag_errors(ctx), 0);
}

static void overflow_in_the_net_is_told(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    ((float *)ir_weight(m.g->ops.v[0])->data)[0] = 3e38f;
    ((float *)ir_weight(m.g->ops.v[0])->data)[1] = 3e38f;
    ((float *)ir_weight(m.g->ops.v[0])->data)[2] = 3e38f;
    port_map map;
    act_range *ranges = ARENA_ARRAY(ctx->a, act_range, m.g->tensors.n);
    dataset *d = rows_of(ctx, m.g->inputs.v[0], 3, 2, 3);
    assert_true(port_map_make(ctx, m.g->inputs.v[0], d, NULL, &map));
    assert_false(calibrate(ctx, m.g, spec_new(ctx), &map, ranges));
    newest_is(ctx, "calibration-value", "'c' becomes infinite");
}

static void unequal_rows_are_told(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape1(4)), *y = net_input(&m, "y", shape1(4));
    net_output(&m, net_binary(&m, OP_ADD, "a", x, y));
    ready(&m);
    port_map maps[2];
    act_range ranges[3];
    assert_true(port_map_make(ctx, x, rows_of(ctx, x, 5, 0, 1), NULL, &maps[0]));
    assert_true(port_map_make(ctx, y, rows_of(ctx, y, 4, 0, 1), NULL, &maps[1]));
    assert_false(calibrate(ctx, m.g, spec_new(ctx), maps, ranges));
    newest_is(ctx, "calibration-rows", "'y' has 4 calibration rows, 'x' has 5");
}

static int progress_calls;
static double progress_last;
static void note_progress(void *user, const char *what, double done)
{
    (void)user;
    assert_string_equal(what, "calibrating");
    assert_true(done >= progress_last && done <= 1);
    progress_last = done;
    progress_calls++;
}

static void progress_grows_to_the_end(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    ctx->progress = note_progress;
    progress_calls = 0;
    progress_last = 0;
    calibrated(ctx, m.g, spec_new(ctx), -1, 1);
    assert_int_equal(progress_calls, 80);
    assert_true(progress_last == 1);
}

/* What is behind a declared port: only values that its codes stand for. */
static void declared_inputs_are_seen_through_their_codes(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    bool moved;
    m.g->inputs.v[0]->quant = quant_port(ctx, 0, 0.5, &moved);
    m.g->inputs.v[0]->declared = true;
    const act_range *r = calibrated(ctx, m.g, spec_new(ctx), -1, 1);
    assert_true(r[0].lo == 0 && fabs(r[0].hi - 0.5) < 1e-6);
}

/* ---- activations --------------------------------------------------------------------------- */

static void movers_share_their_inputs_quantization(void **state)
{
    net_maker m = small_net(*state);
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    assert_int_equal(g->stage, IR_QUANTIZED);
    assert_true(same(quant_of(g, "c"), quant_of(g, "p")));
    assert_true(same(quant_of(g, "c"), quant_of(g, "f")));
    assert_false(same(quant_of(g, "c"), quant_of(g, "d")));
    assert_int_equal(quant_of(g, "c")->zero[0], -128); /* behind a relu no code is negative */
    assert_int_equal(ir_find_tensor(g, "c")->type, IR_I8);
    assert_int_equal(m.g->stage, IR_FOLDED); /* the float graph stays as it is */
    assert_int_equal(ir_weight(m.g->ops.v[0])->type, IR_F32);
}

static void concat_shares_where_nothing_else_reads(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 4, 2));
    ir_tensor *a = net_conv(&m, "a", x, 2, 1, 1, true), *b = net_conv(&m, "b", x, 2, 1, 1, true);
    ir_tensor *s = net_unary(&m, OP_SIGMOID, "s", a);
    ir_tensor *p = net_pool(&m, OP_MAXPOOL, "p", b, 1), *c = net_conv(&m, "c", x, 2, 1, 1, true);
    ir_attrs at = {.axis = 2};
    ir_tensor *k = net_op(&m, OP_CONCAT, "k", &at, 4, (ir_tensor *[]){a, p, s, c});
    net_output(&m, net_pool(&m, OP_MAXPOOL, "o", k, 2));
    ready(&m);
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    assert_true(same(quant_of(g, "k"), quant_of(g, "p")));
    assert_true(same(quant_of(g, "k"), quant_of(g, "b")));
    assert_true(same(quant_of(g, "k"), quant_of(g, "c")));
    assert_true(same(quant_of(g, "k"), quant_of(g, "o")));
    assert_false(same(quant_of(g, "k"), quant_of(g, "a"))); /* the sigmoid reads it too */
    assert_false(same(quant_of(g, "k"), quant_of(g, "s"))); /* fixed by the operator */
}

static void fixed_outputs_have_their_operators_codes(void **state)
{
    static const struct {
        ir_opkind kind;
        float scale;
        int zero;
    } cases[] = {
        {OP_SIGMOID, 1.0f / 256, -128}, {OP_SOFTMAX, 1.0f / 256, -128}, {OP_TANH, 1.0f / 128, 0}};
    for (size_t i = 0; i < 3; i++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape1(5));
        net_output(&m, net_unary(&m, cases[i].kind, "y", net_dense(&m, "d", x, 4, false)));
        ready(&m);
        const ir_quant *q = quant_of(chosen(*state, m.g, spec_new(*state)), "y");
        assert_true(q->scale[0] == cases[i].scale && q->zero[0] == cases[i].zero && q->bits == 8);
        assert_false(q->symmetric);
    }
}

static void stated_activations_win(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    spec_settings *s =
        rule(ctx, spec, "p", SPEC_ACTIVATION, SPEC_RANGE); /* of the pool: the group's */
    s->lo = 0;
    s->hi = 6;
    s = rule(ctx, spec, "d", SPEC_ACTIVATION, SPEC_SCALE);
    s->scale = 0.0625;
    s->zero = 7;
    const ir_graph *g = chosen(ctx, m.g, spec);
    assert_true(quant_of(g, "c")->scale[0] == (float)(6.0 / 255));
    assert_true(quant_of(g, "d")->scale[0] == 0.0625f && quant_of(g, "d")->zero[0] == 7);
}

static void symmetric_and_wide_activations(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    rule(ctx, spec, NULL, SPEC_ACTIVATION, SPEC_SYMMETRIC)->symmetric = true;
    const ir_graph *g = chosen(ctx, m.g, spec);
    for (int i = 0; i < g->tensors.n; i++)
        if (g->tensors.v[i]->kind != IR_CONST)
            assert_int_equal(g->tensors.v[i]->quant->zero[0], 0);
    spec = spec_new(ctx);
    rule(ctx, spec, NULL, SPEC_ACTIVATION, SPEC_BITS)->bits = 16;
    g = chosen(ctx, m.g, spec);
    assert_int_equal(ir_find_tensor(g, "c")->type, IR_I16);
    assert_true(quant_of(g, "c")->symmetric && quant_of(g, "d")->zero[0] == 0);
    spec = spec_new(ctx);
    rule(ctx, spec, NULL, SPEC_ACTIVATION, SPEC_POW2)->pow2 = true;
    int e;
    assert_true(frexpf(quant_of(chosen(ctx, m.g, spec), "c")->scale[0], &e) == 0.5f);
}

/* An input that the QDL calls i16 has 16 bits, whatever the default. */
static void i16_inputs_stay_i16(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape1(5));
    x->port_type = IR_I16;
    net_output(&m, net_dense(&m, "d", x, 4, false));
    ready(&m);
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    assert_int_equal(quant_of(g, "x")->bits, 16);
    assert_int_equal(ir_find_tensor(g, "x")->type, IR_I16);
    assert_int_equal(quant_of(g, "d")->bits, 8);
}

static void a_dead_activation_gets_a_sane_scale(void **state)
{
    net_maker m = small_net(*state);
    float *bias = (float *)ir_bias(m.g->ops.v[0])->data;
    for (int i = 0; i < 4; i++)
        bias[i] = -100; /* relu gives 0 for every row */
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    assert_true(quant_of(g, "c")->scale[0] == (float)(2.0 / 255));
}

/* ---- weights and biases -------------------------------------------------------------------- */

static void weights_are_symmetric_per_channel(void **state)
{
    net_maker m = small_net(*state);
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    const ir_quant *q = quant_of(g, "c.conv2d.weight");
    assert_int_equal(q->n, 4);
    assert_int_equal(q->axis, 0);
    assert_true(q->symmetric && q->grid == IR_GRID_TREAD);
    const float *w = ir_weight(m.g->ops.v[0])->data;
    const int8_t *codes = ir_weight(g->ops.v[0])->data;
    for (int i = 0; i < 72; i++)
        assert_true(fabs((double)w[i] - quant_value(q, i / 18, codes[i])) <=
                    (double)q->scale[i / 18]);
}

static void biases_are_at_the_accumulators_scale(void **state)
{
    net_maker m = small_net(*state);
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    const ir_op *op = g->ops.v[0];
    const float *bias = ir_bias(m.g->ops.v[0])->data;
    assert_int_equal(ir_bias(op)->type, IR_I32);
    for (int c = 0; c < 4; c++) {
        double unit = (double)op->in[0]->quant->scale[0] * (double)ir_weight(op)->quant->scale[c];
        assert_int_equal(((const int32_t *)ir_bias(op)->data)[c],
                         (int32_t)round((double)bias[c] / unit));
    }
}

/* The article's range: one scale, the midpoint grid, what lies outside counted. */
static void stated_weight_ranges_are_exact(void **state)
{
    qctx *ctx = *state;
    for (int grid = 0; grid < 2; grid++) {
        net_maker m = small_net(ctx);
        quant_spec *spec = spec_new(ctx);
        spec_settings *s = rule(ctx, spec, NULL, SPEC_WEIGHT, SPEC_RANGE | SPEC_GRID);
        s->lo = -0.25;
        s->hi = 0.25;
        s->grid = (ir_grid)grid;
        const ir_graph *g = chosen(ctx, m.g, spec);
        const ir_quant *q = quant_of(g, "d.weight");
        assert_int_equal(q->n, 1);
        assert_true(q->scale[0] == (grid ? 0.5f / 512 : (float)(0.25 / 127)));
        const float *w = ir_weight(m.g->ops.v[3])->data;
        int outside = 0;
        for (int i = 0; i < 80; i++)
            outside += fabs((double)w[i]) > 0.25;
        assert_true(outside > 10 && q->clipped == outside / 80.0);
    }
}

static void all_widths_and_grids_are_chosen(void **state)
{
    qctx *ctx = *state;
    for (int bits = 1; bits <= 8; bits++)
        for (int grid = bits == 1; grid < 2; grid++)
            for (int symmetric = 0; symmetric < 2; symmetric++)
                for (int per_channel = 0; per_channel < 2; per_channel++) {
                    net_maker m = small_net(ctx);
                    quant_spec *spec = spec_new(ctx);
                    spec_settings *s =
                        rule(ctx, spec, NULL, SPEC_WEIGHT,
                             SPEC_BITS | SPEC_GRID | SPEC_SYMMETRIC | SPEC_PER_CHANNEL);
                    s->bits = bits;
                    s->grid = (ir_grid)grid;
                    s->symmetric = symmetric;
                    s->per_channel = per_channel;
                    const ir_quant *q = quant_of(chosen(ctx, m.g, spec), "d.weight");
                    assert_int_equal(q->bits, bits);
                    assert_int_equal(q->n, per_channel ? 5 : 1);
                    assert_int_equal(q->grid, grid);
                }
}

/* Channels of zeros, and channels so small that their bias would not fit, keep their bias. */
static void empty_and_tiny_channels_keep_their_bias(void **state)
{
    net_maker m = small_net(*state);
    float *w = (float *)ir_weight(m.g->ops.v[0])->data,
          *bias = (float *)ir_bias(m.g->ops.v[0])->data;
    memset(w, 0, 18 * sizeof *w);
    for (int i = 18; i < 36; i++)
        w[i] *= 1e-12f;
    bias[0] = 0.7f;
    bias[1] = 0.9f;
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    const ir_op *op = g->ops.v[0];
    assert_int_equal(ir_bias(op)->type, IR_I32);
    for (int c = 0; c < 2; c++) {
        double unit = (double)op->in[0]->quant->scale[0] * (double)ir_weight(op)->quant->scale[c];
        int32_t code = ((const int32_t *)ir_bias(op)->data)[c];
        assert_true(fabs(code * unit - (double)bias[c]) <= 1e-4);
        assert_true(code < 1 << 27);
    }
}

static void a_layer_of_zeros_keeps_its_bias(void **state)
{
    net_maker m = small_net(*state);
    const ir_op *dense = m.g->ops.v[m.g->ops.n - 1];
    memset((void *)ir_weight(dense)->data, 0, 80 * sizeof(float));
    const ir_graph *g = chosen(*state, m.g, spec_new(*state));
    const ir_op *op = g->ops.v[g->ops.n - 1];
    double unit = (double)op->in[0]->quant->scale[0] * (double)ir_weight(op)->quant->scale[0];
    double step = (double)op->out[0]->quant->scale[0];
    assert_true(unit <= step / 128 && unit >= step / 512);
}

static void biases_beyond_int32_are_int64(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    spec_settings *s = rule(ctx, spec, "d", SPEC_WEIGHT, SPEC_RANGE);
    s->lo = -1e-9;
    s->hi = 1e-9;
    const ir_graph *g = chosen(ctx, m.g, spec);
    assert_int_equal(ir_bias(g->ops.v[g->ops.n - 1])->type, IR_I64);
    s->lo = -1e-30;
    s->hi = 1e-30;
    assert_null(chosen(ctx, m.g, spec));
    newest_is(ctx, "bias-range", "'d.bias'");
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Integers against floats: a net of every kind of operator stays within a few output steps. */
static void the_integer_net_is_near_the_float_net(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(8, 8, 3));
    ir_tensor *a = net_unary(
        &m, OP_RELU, "a", net_batch_norm(&m, "a_bn", net_conv(&m, "a.conv2d", x, 4, 3, 1, true)));
    ir_tensor *b = net_unary(&m, OP_RELU6, "b", net_conv(&m, "b.conv2d", a, 4, 1, 1, true));
    ir_tensor *d = net_conv(&m, "d", net_pad(&m, "z", b, 1), 4, 3, 4, false);
    ir_tensor *s = net_binary(&m, OP_MUL, "mul", net_binary(&m, OP_ADD, "s", a, d),
                              net_unary(&m, OP_SIGMOID, "g", b));
    ir_tensor *p = net_pool(&m, OP_AVGPOOL, "p", net_unary(&m, OP_LEAKY_RELU, "l", s), 2);
    p->producer->in[0]->producer->at.alpha = 0.1;
    net_output(&m, net_dense(&m, "o", net_reshape(&m, "f", p, shape1(36)), 6, true));
    ready(&m);
    quant_spec *spec = spec_new(ctx);
    ir_graph *g = chosen(ctx, m.g, spec);
    assert_non_null(g);
    assert_true(legalize(ctx, g, IR_NUM_Q32));
    interp *floats = interp_new(ctx, m.g), *ints = interp_new(ctx, g);
    const ir_quant *in = g->inputs.v[0]->quant, *out = g->outputs.v[0]->quant;
    const dataset *rows = rows_of(ctx, m.g->inputs.v[0], 40, -1, 1);
    double worst = 0;
    for (int r = 0; r < 40; r++) {
        const float *v = (const float *)rows->data + r * 192;
        int8_t codes[192], y[6];
        float want[6];
        for (int i = 0; i < 192; i++)
            codes[i] = (int8_t)port_quantize(v[i], in->scale[0], in->zero[0], -128, 127);
        interp_run(floats, (const void *[]){v}, (void *[]){want});
        interp_run(ints, (const void *[]){codes}, (void *[]){y});
        for (int i = 0; i < 6; i++)
            worst = fmax(worst, fabs(quant_value(out, 0, y[i]) - (double)want[i]));
    }
    assert_true(worst > 0 && worst < 6 * (double)out->scale[0]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(minmax_of_a_net_is_what_it_computes),
        T(calibration_repeats_itself),
        T(noise_stands_in_with_a_warning),
        T(overflow_in_the_net_is_told),
        T(unequal_rows_are_told),
        T(progress_grows_to_the_end),
        T(declared_inputs_are_seen_through_their_codes),
        T(movers_share_their_inputs_quantization),
        T(concat_shares_where_nothing_else_reads),
        T(fixed_outputs_have_their_operators_codes),
        T(stated_activations_win),
        T(symmetric_and_wide_activations),
        T(i16_inputs_stay_i16),
        T(a_dead_activation_gets_a_sane_scale),
        T(weights_are_symmetric_per_channel),
        T(biases_are_at_the_accumulators_scale),
        T(stated_weight_ranges_are_exact),
        T(all_widths_and_grids_are_chosen),
        T(empty_and_tiny_channels_keep_their_bias),
        T(a_layer_of_zeros_keeps_its_bias),
        T(biases_beyond_int32_are_int64),
        T(the_integer_net_is_near_the_float_net),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
