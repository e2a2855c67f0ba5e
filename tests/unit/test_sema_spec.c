/* test_sema_spec.c - the quantize part against the model that it is for. */
#include "tests/unit/cm.h"

#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"
#include "tests/unit/lowered.h"

static const char *const rule_model =
    "block sep(x) { dw = depthwise(x, kernel 3, no bias) |> batch_norm\nreturn dw }\n"
    "model m { input x : i8[8, 8, 3]\nb1 = sep(x)\np1 = maxpool(b1, 2x2)\n"
    "f1 = dense(flatten(p1), 4, no bias)\noutput f1 }\n"
    "quantize { %s }";

static result check_rule(const char *rule, bool *ok)
{
    qctx *keep = qctx_new();
    result r = lower(arena_printf(keep->a, rule_model, rule));
    if (!r.g)
        fail_msg("%s\n%s", rule, printed(&r));
    *ok = sema_check_spec(r.ctx, r.g, r.file->spec);
    qctx_free(keep);
    return r;
}

static void rules_name_layers_that_exist(void **state)
{
    (void)state;
    static const char *const good[] = {
        "default : weights int8, activations int8", "x : activations range [0, 1]",
        "b1.dw.weight : int4", "b1.weight : int4", "b1.dw.bias : int32", "f1 : weights bits 4",
        "p1 : activations range [-1, 1]"};
    static const struct { const char *rule, *slug, *hint; } bad[] = {
        {"f2.weight : int4", "unknown-layer", "did you mean 'f1'"},
        {"nothing : activations int8", "unknown-layer", NULL},
        {"b1.dv.weight : int4", "unknown-layer", "did you mean 'b1.dw'"},
        {"p1.weight : int4", "no-such-part", "the layer 'p1' has no weights"},
        {"f1.bias : int32", "no-such-part", "the layer 'f1' has no bias"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bool ok;
        result r = check_rule(good[i], &ok);
        if (!ok || diag_count(r.ctx))
            fail_msg("%s\n%s", good[i], printed(&r));
        qctx_free(r.ctx);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool ok;
        result r = check_rule(bad[i].rule, &ok);
        bool told = strstr(printed(&r), bad[i].slug) && (!bad[i].hint || strstr(printed(&r), bad[i].hint));
        if (ok || !told || diag_errors(r.ctx) != 1)
            fail_msg("%s\n%s", bad[i].rule, printed(&r));
        qctx_free(r.ctx);
    }
}

static void a_rule_for_a_block_reaches_its_layer(void **state)
{
    (void)state;
    bool ok;
    result r = check_rule("b1.weight : int4", &ok);
    assert_true(ok);
    assert_string_equal(r.file->spec->rules.v[0].layer, "b1.dw");
    assert_int_equal(spec_for(r.file->spec, "b1.dw", SPEC_WEIGHT).bits, 4);
    qctx_free(r.ctx);
}

/* Settings that no text gives, but a library call may. */
static void settings_that_make_no_sense(void **state)
{
    (void)state;
    static const spec_settings bad[] = {
        {.set = SPEC_RANGE, .lo = 1, .hi = 1}, {.set = SPEC_RANGE, .lo = 0, .hi = 1.0 / 0.0},
        {.set = SPEC_BITS, .bits = 9}, {.set = SPEC_BITS, .bits = 0}, {.set = SPEC_SCALE, .scale = 0},
        {.set = SPEC_SCHEME, .scheme = IR_Q_CODEBOOK}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        result r = lower("model m { input x : i8[3]\noutput relu(x) }");
        spec_rule *rule = VEC_PUSH(r.ctx->a, &r.file->spec->rules);
        *rule = (spec_rule){.part = SPEC_ACTIVATION, .s = bad[i]};
        assert_false(sema_check_spec(r.ctx, r.g, r.file->spec));
        assert_non_null(strstr(printed(&r), "[bad-setting]"));
        qctx_free(r.ctx);
    }
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rules_name_layers_that_exist),
        T(a_rule_for_a_block_reaches_its_layer),
        T(settings_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
