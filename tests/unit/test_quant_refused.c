/* test_quant_refused.c - settings that no quantization can have, and how that is told. */
#include "tests/unit/quant_kit.h"

#include "compiler/quant/grid.h"

static const struct refusal {
    const char *layer;
    spec_part part;
    spec_settings s;
    const char *slug, *says;
} refusals[] = {
    {"c",
     SPEC_ACTIVATION,
     {.set = SPEC_GRID, .grid = IR_GRID_MIDPOINT},
     "quant-setting",
     "tread grid"},
    {"c",
     SPEC_ACTIVATION,
     {.set = SPEC_PER_CHANNEL, .per_channel = true},
     "quant-setting",
     "per tensor"},
    {"c", SPEC_ACTIVATION, {.set = SPEC_BITS, .bits = 1}, "quant-setting", "at least 2 bits"},
    {"c",
     SPEC_ACTIVATION,
     {.set = SPEC_SCHEME, .scheme = IR_Q_CODEBOOK},
     "quant-setting",
     "no codebooks"},
    {"c",
     SPEC_ACTIVATION,
     {.set = SPEC_RANGE, .lo = 1e30, .hi = 1.0000001e30},
     "quant-range",
     "'c'"},
    {"c",
     SPEC_ACTIVATION,
     {.set = SPEC_RANGE, .lo = -1e300, .hi = 1e300},
     "quant-range",
     "[-1e+300, 1e+300]"},
    {"s",
     SPEC_ACTIVATION,
     {.set = SPEC_RANGE, .lo = 0, .hi = 2},
     "quant-setting",
     "fixed by the operator"},
    {"x", SPEC_ACTIVATION, {.set = SPEC_SCALE, .scale = 1}, "quant-setting", "declared input"},
    {"c", SPEC_WEIGHT, {.set = SPEC_BITS, .bits = 1}, "quant-setting", "midpoint grid only"},
    {"c",
     SPEC_WEIGHT,
     {.set = SPEC_OBSERVER, .observer = SPEC_KL},
     "quant-setting",
     "minmax, percentile or mse"},
    {"c",
     SPEC_WEIGHT,
     {.set = SPEC_SCHEME | SPEC_BITS, .scheme = IR_Q_CODEBOOK, .bits = 16},
     "quant-setting",
     "at most 8 bits"},
    {"c",
     SPEC_WEIGHT,
     {.set = SPEC_SCHEME | SPEC_BITS | SPEC_CODEBOOK_FIT,
      .scheme = IR_Q_CODEBOOK,
      .bits = 1,
      .fit = SPEC_FIT_EXPLICIT,
      .entries = (const double[]){-1, 0, 1},
      .n_entries = 3},
     "quant-setting",
     "more entries than codes"},
    {"c",
     SPEC_WEIGHT,
     {.set = SPEC_SCHEME | SPEC_BITS | SPEC_SCALE | SPEC_PER_CHANNEL,
      .scheme = IR_Q_CODEBOOK,
      .bits = 4,
      .per_channel = true,
      .scale = 1},
     "quant-setting",
     "one scale is stated"},
    {"c", SPEC_WEIGHT, {.set = SPEC_RANGE, .lo = 1, .hi = 1.0000001}, "quant-range", "8-bit"},
};

static void impossible_settings_are_told(void **state)
{
    qctx *ctx = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        net_maker m = net_make(ctx);
        ir_tensor *x = net_input(&m, "x", shape3(3, 3, 2));
        ir_tensor *c = net_conv(&m, "c", x, 2, 1, 1, true);
        net_output(&m, net_unary(&m, OP_SIGMOID, "s", c));
        x->quant = quant_port(ctx, -1, 1, NULL);
        x->declared = true;
        ready(&m);
        quant_spec *spec = spec_new(ctx);
        *rule(ctx, spec, r->layer, r->part, 0) = r->s;
        assert_null(chosen(ctx, m.g, spec));
        newest_is(ctx, r->slug, r->says);
    }
}

/* Levels of int16 and codes of 16 bits: their products would leave no room for sums. */
static void large_codebooks_want_narrow_codes(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    rule(ctx, spec, "c", SPEC_ACTIVATION, SPEC_BITS)->bits = 16;
    spec_settings *s = rule(ctx, spec, "d", SPEC_WEIGHT, SPEC_SCHEME | SPEC_BITS);
    s->scheme = IR_Q_CODEBOOK;
    s->bits = 6;
    assert_non_null(chosen(ctx, m.g, spec));
    s->bits = 7;
    assert_null(chosen(ctx, m.g, spec));
    newest_is(ctx, "quant-setting", "more than 64 entries");
}

static void stated_bias_widths_are_kept(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    spec_settings *s = rule(ctx, spec, "d", SPEC_BIAS, SPEC_TYPE);
    s->type = IR_I64;
    const ir_graph *g = chosen(ctx, m.g, spec);
    assert_int_equal(ir_bias(g->ops.v[g->ops.n - 1])->type, IR_I64);
    s->type = IR_I32;
    s = rule(ctx, spec, "d", SPEC_WEIGHT, SPEC_RANGE);
    s->lo = -1e-9;
    s->hi = 1e-9;
    assert_null(chosen(ctx, m.g, spec));
    newest_is(ctx, "quant-setting", "int32 is stated");
}

static void rules_for_what_was_folded_are_told(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(3, 3, 2));
    ir_tensor *a = net_binary(&m, OP_ADD, "a",
                              net_batch_norm(&m, "n", net_conv(&m, "c", x, 2, 1, 1, false)), x);
    net_output(&m, net_unary(&m, OP_RELU, "r", a));
    ready(&m);
    static const struct {
        const char *layer;
        spec_part part;
        bool lost;
    } cases[] = {{"c", SPEC_WEIGHT, false},     {"c", SPEC_BIAS, false},
                 {"c", SPEC_ACTIVATION, false}, {"n", SPEC_ACTIVATION, false},
                 {"r", SPEC_ACTIVATION, false}, {"x", SPEC_ACTIVATION, false},
                 {"n", SPEC_WEIGHT, true},      {"a", SPEC_ACTIVATION, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        quant_spec *spec = spec_new(ctx);
        rule(ctx, spec, cases[i].layer, cases[i].part, SPEC_BITS)->bits = 8;
        int before = diag_count(ctx);
        assert_non_null(chosen(ctx, m.g, spec));
        assert_int_equal(diag_count(ctx) - before, cases[i].lost);
        if (cases[i].lost)
            newest_is(ctx, "rule-unused", cases[i].layer);
    }
}

static void sixteen_by_sixteen_is_refused(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    rule(ctx, spec, NULL, SPEC_ACTIVATION, SPEC_BITS)->bits = 16;
    rule(ctx, spec, "d", SPEC_WEIGHT, SPEC_BITS)->bits = 16;
    assert_null(chosen(ctx, m.g, spec));
    newest_is(ctx, "quant-setting", "16-bit weights");
}

static void two_statements_for_shared_codes_conflict(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    quant_spec *spec = spec_new(ctx);
    for (int i = 0; i < 2; i++) {
        spec_settings *s = rule(ctx, spec, i ? "f" : "p", SPEC_ACTIVATION, SPEC_RANGE);
        s->lo = 0;
        s->hi = 3;
    }
    assert_non_null(chosen(ctx, m.g, spec)); /* twice the same is fine */
    spec->rules.v[1].s.hi = 4;
    assert_null(chosen(ctx, m.g, spec));
    newest_is(ctx, "quant-setting", "shares");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(impossible_settings_are_told),
        T(large_codebooks_want_narrow_codes),
        T(stated_bias_widths_are_kept),
        T(rules_for_what_was_folded_are_told),
        T(sixteen_by_sixteen_is_refused),
        T(two_statements_for_shared_codes_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
