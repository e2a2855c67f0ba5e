/* test_spec.c - the quantize part: rules, their messages, and what they come to layer by layer. */
#include "tests/unit/cm.h"

#include <stdio.h>

#include "tests/unit/qdl.h"

static const struct message {
    const char *text, *printed;
} messages[] = {
    {"quantize { defualt int8 }",
     "t.qdl:1:12: error: a rule without `:`, and 'defualt' is no other statement [unknown-word]\n"
     "    1 | quantize { defualt int8 }\n"
     "      |            ^~~~~~~\n"
     "  expected: LAYER : SETTINGS, or `numerics MODE`\n"
     "  hint: what a rule is for is followed by `:`\n"},
    {"quantize { saevd \"abc\" }",
     "t.qdl:1:12: error: a rule without `:`, and 'saevd' is no other statement [unknown-word]\n"
     "    1 | quantize { saevd \"abc\" }\n"
     "      |            ^~~~~\n"
     "  expected: LAYER : SETTINGS, or `numerics MODE`\n"
     "  hint: did you mean 'saved'?\n"},
    {"quantize { defalt : intt8 }", "t.qdl:1:21: error: 'intt8' is no setting [unknown-setting]\n"
                                    "    1 | quantize { defalt : intt8 }\n"
                                    "      |                     ^~~~~\n"
                                    "  hint: did you mean 'int8'?\n"},
    {"quantize { default : codebook [1, 2, 3] }",
     "t.qdl:1:31: error: '[1, 2, 3]' is no setting [unknown-setting]\n"
     "    1 | quantize { default : codebook [1, 2, 3] }\n"
     "      |                               ^~~~~~~~~\n"
     "  hint: a table is written `codebook entries [ … ]`\n"},
    {"quantize { default : symetric [1, 2] \"x\" 3x3 }",
     "t.qdl:1:22: error: 'symetric' is no setting [unknown-setting]\n"
     "    1 | quantize { default : symetric [1, 2] \"x\" 3x3 }\n"
     "      |                      ^~~~~~~~\n"
     "  hint: did you mean 'symmetric'?\n"
     "t.qdl:1:31: error: '[1, 2]' is no setting [unknown-setting]\n"
     "    1 | quantize { default : symetric [1, 2] \"x\" 3x3 }\n"
     "      |                               ^~~~~~\n"
     "  hint: a range is written `range [LOW, HIGH]`\n"
     "t.qdl:1:38: error: '\"x\"' is no setting [unknown-setting]\n"
     "    1 | quantize { default : symetric [1, 2] \"x\" 3x3 }\n"
     "      |                                      ^~~\n"
     "t.qdl:1:42: error: '3x3' is no setting [unknown-setting]\n"
     "    1 | quantize { default : symetric [1, 2] \"x\" 3x3 }\n"
     "      |                                          ^~~\n"},
    {"quantize { default : per }", "t.qdl:1:22: error: nothing follows `per` [setting-value]\n"
                                   "    1 | quantize { default : per }\n"
                                   "      |                      ^~~\n"
                                   "  expected: `channel` or `tensor`\n"},
    {"quantize { default : per chanel, grid, table per foo, 4 bit }",
     "t.qdl:1:26: error: 'chanel' cannot follow `per` [setting-value]\n"
     "    1 | quantize { default : per chanel, grid, table per foo, 4 bit }\n"
     "      |                          ^~~~~~\n"
     "  expected: `channel` or `tensor`\n"
     "  hint: did you mean 'channel'?\n"
     "t.qdl:1:40: error: 'table' cannot follow `grid` [setting-value]\n"
     "    1 | quantize { default : per chanel, grid, table per foo, 4 bit }\n"
     "      |                                        ^~~~~\n"
     "  expected: `tread` or `midpoint`\n"
     "t.qdl:1:50: error: 'foo' cannot follow `per` [setting-value]\n"
     "    1 | quantize { default : per chanel, grid, table per foo, 4 bit }\n"
     "      |                                                  ^~~\n"
     "  expected: `layer` or `channel`\n"
     "t.qdl:1:57: error: 'bit' cannot follow `4` [setting-value]\n"
     "    1 | quantize { default : per chanel, grid, table per foo, 4 bit }\n"
     "      |                                                         ^~~\n"
     "  expected: `bits`\n"
     "  hint: did you mean 'bits'?\n"},
    {"quantize { default : calibrate percentile, int8 }",
     "t.qdl:1:44: error: 'int8' cannot follow `percentile` [setting-value]\n"
     "    1 | quantize { default : calibrate percentile, int8 }\n"
     "      |                                            ^~~~\n"
     "  expected: a number\n"},
    {"quantize { default : scale 1 zero x }",
     "t.qdl:1:35: error: 'x' cannot follow `zero` [setting-value]\n"
     "    1 | quantize { default : scale 1 zero x }\n"
     "      |                                   ^\n"
     "  expected: a number\n"},
    {"quantize { default : bits 0, activations bits 4, biases int16 }",
     "t.qdl:1:27: error: weights cannot have 0 bits [setting-bits]\n"
     "    1 | quantize { default : bits 0, activations bits 4, biases int16 }\n"
     "      |                           ^\n"
     "  expected: 1 to 8, or 16\n"
     "t.qdl:1:47: error: activations cannot have 4 bits [setting-bits]\n"
     "    1 | quantize { default : bits 0, activations bits 4, biases int16 }\n"
     "      |                                               ^\n"
     "  expected: 8 or 16\n"
     "t.qdl:1:57: error: biases cannot have 16 bits [setting-bits]\n"
     "    1 | quantize { default : bits 0, activations bits 4, biases int16 }\n"
     "      |                                                         ^~~~~\n"
     "  expected: 32 or 64\n"},
    {"quantize { default : bits 8.5 }",
     "t.qdl:1:27: error: weights cannot have 8.5 bits [setting-bits]\n"
     "    1 | quantize { default : bits 8.5 }\n"
     "      |                           ^~~\n"
     "  expected: 1 to 8, or 16\n"},
    {"quantize { default : int99999999999999999999999999999999 }",
     "t.qdl:1:22: error: weights cannot have 1e+32 bits [setting-bits]\n"
     "    1 | quantize { default : int99999999999999999999999999999999 }\n"
     "      |                      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
     "  expected: 1 to 8, or 16\n"},
    {"quantize { default : range [1], activations range [2, 1] }",
     "t.qdl:1:28: error: a range has two ends [setting-value]\n"
     "    1 | quantize { default : range [1], activations range [2, 1] }\n"
     "      |                            ^~~\n"
     "  expected: two numbers: [LOW, HIGH]\n"
     "t.qdl:1:51: error: the range's lower end 2 is not below 1 [empty-range]\n"
     "    1 | quantize { default : range [1], activations range [2, 1] }\n"
     "      |                                                   ^~~~~~\n"
     "  hint: the lower end stands first: [1, 2]\n"},
    {"quantize { default : range [1, 1] }",
     "t.qdl:1:28: error: the range's lower end 1 is not below 1 [empty-range]\n"
     "    1 | quantize { default : range [1, 1] }\n"
     "      |                            ^~~~~~\n"},
    {"quantize { default : calibrate percentile 10 }",
     "t.qdl:1:43: error: no percentile 10 [setting-value]\n"
     "    1 | quantize { default : calibrate percentile 10 }\n"
     "      |                                           ^~\n"
     "  expected: a number above 50, at most 100, such as 99.99\n"},
    {"quantize { c : codebook entries [1] }",
     "t.qdl:1:33: error: a codebook of 1 entries [setting-value]\n"
     "    1 | quantize { c : codebook entries [1] }\n"
     "      |                                 ^~~\n"
     "  expected: 2 to 256 entries\n"},
    {"quantize { c : codebook entries [1, x, 1e39] }",
     "t.qdl:1:37: error: a codebook's entries are real numbers [setting-value]\n"
     "    1 | quantize { c : codebook entries [1, x, 1e39] }\n"
     "      |                                     ^\n"
     "  expected: a number of float32\n"
     "t.qdl:1:40: error: a codebook's entries are real numbers [setting-value]\n"
     "    1 | quantize { c : codebook entries [1, x, 1e39] }\n"
     "      |                                        ^~~~\n"
     "  expected: a number of float32\n"},
    {"quantize { c : scale 0, activations scale 1e-60 }",
     "t.qdl:1:22: error: 0 is no scale [bad-scale]\n"
     "    1 | quantize { c : scale 0, activations scale 1e-60 }\n"
     "      |                      ^\n"
     "  expected: a number above 0 that float32 holds\n"
     "t.qdl:1:43: error: 1e-60 is no scale [bad-scale]\n"
     "    1 | quantize { c : scale 0, activations scale 1e-60 }\n"
     "      |                                           ^~~~~\n"
     "  expected: a number above 0 that float32 holds\n"},
    {"quantize { c : scale 1 zero 0.5 }", "t.qdl:1:29: error: 0.5 is no zero point [bad-scale]\n"
                                          "    1 | quantize { c : scale 1 zero 0.5 }\n"
                                          "      |                             ^~~\n"
                                          "  expected: a whole number of 32 bits\n"},
    {"quantize { c.weight : activations int8 }",
     "t.qdl:1:23: error: this rule is for the weights of its layer [setting-part]\n"
     "    1 | quantize { c.weight : activations int8 }\n"
     "      |                       ^~~~~~~~~~~\n"},
    {"quantize { c.activation : codebook }",
     "t.qdl:1:27: error: activations have no such setting [setting-part]\n"
     "    1 | quantize { c.activation : codebook }\n"
     "      |                           ^~~~~~~~\n"},
    {"quantize { c : activations int8 grid tread }",
     "t.qdl:1:33: error: activations have no such setting [setting-part]\n"
     "    1 | quantize { c : activations int8 grid tread }\n"
     "      |                                 ^~~~~~~~~~\n"
     "  hint: settings after `weights` are for weights, after `activations` for activations\n"},
    {"quantize { c : activations int8 per channel }",
     "t.qdl:1:33: error: activations have one scale per tensor [setting-part]\n"
     "    1 | quantize { c : activations int8 per channel }\n"
     "      |                                 ^~~\n"
     "  hint: settings after `weights` are for weights\n"},
    {"quantize { c.bias : range [0, 1] }",
     "t.qdl:1:21: error: biases have no such setting [setting-part]\n"
     "    1 | quantize { c.bias : range [0, 1] }\n"
     "      |                     ^~~~~~~~~~~~\n"},
    {"quantize { c : int8 activations int8, weights int4 }",
     "t.qdl:1:47: error: stated twice for the weights of one rule [setting-twice]\n"
     "    1 | quantize { c : int8 activations int8, weights int4 }\n"
     "      |                                               ^~~~\n"
     "  t.qdl:1:16: note: the first one\n"
     "    1 | quantize { c : int8 activations int8, weights int4 }\n"
     "      |                ^~~~\n"},
    {"quantize { c : weights range [0, 1] calibrate mse scale 2 }",
     "t.qdl:1:37: error: a range that is given is not calibrated [setting-conflict]\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                                     ^~~~~~~~~~~~~\n"
     "  t.qdl:1:24: note: the other one\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                        ^~~~~~~~~~~~\n"
     "t.qdl:1:51: error: a range and an exact scale [setting-conflict]\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                                                   ^~~~~~~\n"
     "  t.qdl:1:24: note: the other one\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                        ^~~~~~~~~~~~\n"
     "t.qdl:1:51: error: an exact scale is not calibrated [setting-conflict]\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                                                   ^~~~~~~\n"
     "  t.qdl:1:37: note: the other one\n"
     "    1 | quantize { c : weights range [0, 1] calibrate mse scale 2 }\n"
     "      |                                     ^~~~~~~~~~~~~\n"},
    {"quantize { c : uniform kmeans table per layer }",
     "t.qdl:1:24: error: a uniform grid has no codebook to fit [setting-conflict]\n"
     "    1 | quantize { c : uniform kmeans table per layer }\n"
     "      |                        ^~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : uniform kmeans table per layer }\n"
     "      |                ^~~~~~~\n"
     "t.qdl:1:31: error: a uniform grid has no table [setting-conflict]\n"
     "    1 | quantize { c : uniform kmeans table per layer }\n"
     "      |                               ^~~~~~~~~~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : uniform kmeans table per layer }\n"
     "      |                ^~~~~~~\n"},
    {"quantize { c : codebook grid tread symmetric int16 }",
     "t.qdl:1:25: error: a codebook has no grid [setting-conflict]\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                         ^~~~~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                ^~~~~~~~\n"
     "t.qdl:1:36: error: a codebook is neither symmetric nor asymmetric [setting-conflict]\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                                    ^~~~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                ^~~~~~~~\n"
     "t.qdl:1:46: error: a codebook has at most 8 bits [setting-conflict]\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                                              ^~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : codebook grid tread symmetric int16 }\n"
     "      |                ^~~~~~~~\n"},
    {"quantize { c : codebook 2 bits entries [1, 2, 3, 4, 5] }",
     "t.qdl:1:32: error: more entries than codes of this width [setting-conflict]\n"
     "    1 | quantize { c : codebook 2 bits entries [1, 2, 3, 4, 5] }\n"
     "      |                                ^~~~~~~~~~~~~~~~~~~~~~~\n"
     "  t.qdl:1:25: note: the other one\n"
     "    1 | quantize { c : codebook 2 bits entries [1, 2, 3, 4, 5] }\n"
     "      |                         ^~~~~~\n"},
    {"quantize { c : int1 grid tread }",
     "t.qdl:1:21: error: 1 bit exists on the midpoint grid only [setting-conflict]\n"
     "    1 | quantize { c : int1 grid tread }\n"
     "      |                     ^~~~~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : int1 grid tread }\n"
     "      |                ^~~~\n"},
    {"quantize { c : per channel scale 2 }",
     "t.qdl:1:28: error: one scale for scales per channel [setting-conflict]\n"
     "    1 | quantize { c : per channel scale 2 }\n"
     "      |                            ^~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : per channel scale 2 }\n"
     "      |                ^~~~~~~~~~~\n"},
    {"quantize { c : symmetric scale 1 zero 3 }",
     "t.qdl:1:26: error: a symmetric grid has zero point 0 [setting-conflict]\n"
     "    1 | quantize { c : symmetric scale 1 zero 3 }\n"
     "      |                          ^~~~~~~~~~~~~~\n"
     "  t.qdl:1:16: note: the other one\n"
     "    1 | quantize { c : symmetric scale 1 zero 3 }\n"
     "      |                ^~~~~~~~~\n"},
    {"quantize { c : weights }", "t.qdl:1:12: error: a rule without a setting [setting-value]\n"
                                 "    1 | quantize { c : weights }\n"
                                 "      |            ^~~~~~~~~~~\n"
                                 "  expected: a setting such as `int8` or `range [-1, 1]`\n"},
    {"quantize { numerics q31 }", "t.qdl:1:21: error: no such numerics [unknown-numerics]\n"
                                  "    1 | quantize { numerics q31 }\n"
                                  "      |                     ^~~\n"
                                  "  expected: `q32`, `tflm`, `single` or `onnx`\n"
                                  "  hint: did you mean 'q32'?\n"},
    {"quantize { numerics 5; numerics q32 tflm }",
     "t.qdl:1:21: error: no such numerics [unknown-numerics]\n"
     "    1 | quantize { numerics 5; numerics q32 tflm }\n"
     "      |                     ^\n"
     "  expected: `q32`, `tflm`, `single` or `onnx`\n"
     "t.qdl:1:37: error: `numerics` takes one value [setting-value]\n"
     "    1 | quantize { numerics 5; numerics q32 tflm }\n"
     "      |                                     ^~~~\n"
     "  expected: the end of the line\n"},
    {"quantize { numerics q32; numerics tflm }",
     "t.qdl:1:26: error: a second `numerics` [setting-twice]\n"
     "    1 | quantize { numerics q32; numerics tflm }\n"
     "      |                          ^~~~~~~~~~~~~\n"
     "  t.qdl:1:12: note: the first one\n"
     "    1 | quantize { numerics q32; numerics tflm }\n"
     "      |            ^~~~~~~~~~~~\n"},
    {"quantize { saved \"abc\" }",
     "t.qdl:1:18: error: `saved` without the hash of the original files [saved-hash]\n"
     "    1 | quantize { saved \"abc\" }\n"
     "      |                  ^~~~~\n"
     "  expected: 64 hexadecimal digits in quotes\n"},
    {"quantize { saved abc }",
     "t.qdl:1:18: error: `saved` without the hash of the original files [saved-hash]\n"
     "    1 | quantize { saved abc }\n"
     "      |                  ^~~\n"
     "  expected: 64 hexadecimal digits in quotes\n"},
};

enum { N_MESSAGES = sizeof messages / sizeof *messages };

static void messages_are_exact(void **state)
{
    (void)state;
    for (int i = 0; i < N_MESSAGES; i++) {
        qctx *ctx = qctx_new();
        assert_null(qdl_text(ctx, messages[i].text));
        assert_string_equal(all_messages(ctx), messages[i].printed);
        qctx_free(ctx);
    }
}

static const struct message options[] = {
    {"bits c1=", "<command line>:1:11: error: no value of --bits [setting-option]\n"
                 "    1 | --bits c1=\n"
                 "      |           ^\n"
                 "  expected: [LAYER=]N, such as 8 or c1=4\n"},
    {"bits 4.5", "<command line>:1:8: error: no value of --bits [setting-option]\n"
                 "    1 | --bits 4.5\n"
                 "      |        ^~~\n"
                 "  expected: [LAYER=]N, such as 8 or c1=4\n"},
    {"bits c1=9", "<command line>:1:11: error: weights cannot have 9 bits [setting-bits]\n"
                  "    1 | --bits c1=9\n"
                  "      |           ^\n"
                  "  expected: 1 to 8, or 16\n"},
    {"bits =4", "<command line>:1:8: error: no value of --bits [setting-option]\n"
                "    1 | --bits =4\n"
                "      |        ^\n"
                "  expected: a layer's name before `=`\n"},
    {"range 1", "<command line>:1:9: error: no value of --range [setting-option]\n"
                "    1 | --range 1\n"
                "      |         ^\n"
                "  expected: [LAYER=]LOW:HIGH, such as -1:1 or c1=-0.5:0.5\n"},
    {"range a:b", "<command line>:1:9: error: no value of --range [setting-option]\n"
                  "    1 | --range a:b\n"
                  "      |         ^~~\n"
                  "  expected: [LAYER=]LOW:HIGH, such as -1:1 or c1=-0.5:0.5\n"},
    {"range c1=1:-1",
     "<command line>:1:12: error: the range's lower end 1 is not below -1 [empty-range]\n"
     "    1 | --range c1=1:-1\n"
     "      |            ^~~~\n"
     "  hint: the lower end stands first: [-1, 1]\n"},
    {"grid c1=tred", "<command line>:1:11: error: 'tred' cannot follow `grid` [setting-value]\n"
                     "    1 | --grid c1=tred\n"
                     "      |           ^~~~\n"
                     "  expected: `tread` or `midpoint`\n"
                     "  hint: did you mean 'tread'?\n"},
    {"grid ", "<command line>:1:8: error: no value of --grid [setting-option]\n"
              "    1 | --grid \n"
              "      |        ^\n"
              "  expected: [LAYER=]tread or [LAYER=]midpoint\n"},
    {"numerics q31", "<command line>:1:12: error: no such numerics [unknown-numerics]\n"
                     "    1 | --numerics q31\n"
                     "      |            ^~~\n"
                     "  expected: `q32`, `tflm`, `single` or `onnx`\n"
                     "  hint: did you mean 'q32'?\n"},
    {"colour red", "<command line>: error: no setting --colour [setting-option]\n"},
};

enum { N_OPTIONS = sizeof options / sizeof *options };

/* "which value" as one option; the value may be empty. */
static bool take_option(qctx *ctx, quant_spec *s, const char *option)
{
    const char *blank = strchr(option, ' ');
    return spec_option(ctx, s, arena_strndup(ctx->a, option, (size_t)(blank - option)), blank + 1);
}

static void messages_of_options_are_exact(void **state)
{
    (void)state;
    for (int i = 0; i < N_OPTIONS; i++) {
        qctx *ctx = qctx_new();
        quant_spec *s = spec_new(ctx);
        assert_false(take_option(ctx, s, options[i].text));
        assert_string_equal(all_messages(ctx), options[i].printed);
        assert_int_equal(s->rules.n, 0);
        qctx_free(ctx);
    }
}

static void every_diagnostic_is_tested(void **state)
{
    (void)state;
    for (int id = D_UNKNOWN_SETTING; id <= D_BAD_SETTING_OPTION; id++) {
        char slug[80];
        snprintf(slug, sizeof slug, " [%s]\n", diag_slug((diag_id)id));
        bool found = false;
        for (int i = 0; i < N_MESSAGES && !found; i++)
            found = strstr(messages[i].printed, slug) != NULL;
        for (int i = 0; i < N_OPTIONS && !found; i++)
            found = strstr(options[i].printed, slug) != NULL;
        if (!found)
            fail_msg("no test of%s", slug);
    }
}

/* ---- what rules say ------------------------------------------------------------------------ */

static quant_spec *spec_of(qctx *ctx, const char *rules)
{
    ast_file *f = qdl_text(ctx, arena_printf(ctx->a, "quantize {\n%s\n}\n", rules));
    if (!f)
        fail_msg("%s", all_messages(ctx));
    return f->spec;
}

static spec_settings weight(qctx *ctx, const char *rules, const char *layer)
{
    return spec_for(spec_of(ctx, rules), layer, SPEC_WEIGHT);
}

static spec_settings activation(qctx *ctx, const char *rules, const char *layer)
{
    return spec_for(spec_of(ctx, rules), layer, SPEC_ACTIVATION);
}

static void nothing_said_gives_the_defaults(void **state)
{
    spec_settings w = weight(*state, "", "c1"), a = activation(*state, "", "c1");
    assert_int_equal(w.set, 0);
    assert_int_equal(w.bits, 8);
    assert_int_equal(w.grid, IR_GRID_TREAD);
    assert_true(w.symmetric && w.per_channel);
    assert_int_equal(w.observer, SPEC_MSE);
    assert_int_equal(w.scheme, IR_Q_UNIFORM);
    assert_int_equal(a.set, 0);
    assert_int_equal(a.bits, 8);
    assert_false(a.symmetric || a.per_channel);
    assert_int_equal(a.observer, SPEC_MSE);
    assert_int_equal(spec_for(spec_new(*state), "c1", SPEC_BIAS).type, IR_I32);
}

static void every_setting_is_read(void **state)
{
    qctx *ctx = *state;
    assert_int_equal(weight(ctx, "c : bits 4", "c").bits, 4);
    assert_int_equal(weight(ctx, "c : 3 bits", "c").bits, 3);
    assert_int_equal(weight(ctx, "c : int16", "c").type, IR_I16);
    assert_int_equal(weight(ctx, "c : uniform", "c").set, SPEC_SCHEME);
    assert_int_equal(weight(ctx, "c : codebook", "c").scheme, IR_Q_CODEBOOK);
    assert_int_equal(weight(ctx, "c : grid midpoint", "c").grid, IR_GRID_MIDPOINT);
    assert_int_equal(weight(ctx, "c : grid tread", "c").set, SPEC_GRID);
    assert_false(weight(ctx, "c : asymmetric", "c").symmetric);
    assert_true(activation(ctx, "c : activations symmetric", "c").symmetric);
    assert_false(weight(ctx, "c : per tensor", "c").per_channel);
    assert_int_equal(weight(ctx, "c : scale per channel", "c").set, SPEC_PER_CHANNEL);
    assert_true(weight(ctx, "c : power of two", "c").pow2);
    assert_true(weight(ctx, "c : table per channel", "c").table_per_channel);
    assert_int_equal(weight(ctx, "c : kmeans", "c").fit, SPEC_FIT_KMEANS);
    assert_int_equal(weight(ctx, "c : quantile", "c").fit, SPEC_FIT_QUANTILE);
    assert_int_equal(weight(ctx, "c : apot", "c").fit, SPEC_FIT_APOT);
    spec_settings s = weight(ctx, "c : range [-0.5, 1]", "c");
    assert_true(s.set == SPEC_RANGE && s.lo == -0.5 && s.hi == 1);
    s = weight(ctx, "c : codebook 2 bits, entries [-1, 0, 0.25], scale per tensor, table per layer",
               "c");
    assert_int_equal(s.set,
                     SPEC_SCHEME | SPEC_BITS | SPEC_CODEBOOK_FIT | SPEC_PER_CHANNEL | SPEC_TABLE);
    assert_int_equal(s.fit, SPEC_FIT_EXPLICIT);
    assert_int_equal(s.n_entries, 3);
    assert_true(s.entries[2] == 0.25);
}

static void observers_are_read(void **state)
{
    static const spec_observer all[] = {SPEC_MINMAX, SPEC_MOVING_AVERAGE, SPEC_MSE, SPEC_KL};
    qctx *ctx = *state;
    for (int i = 0; i < 4; i++) {
        const char *rule = arena_printf(ctx->a, "c : calibrate %s", spec_observer_name(all[i]));
        assert_int_equal(activation(ctx, rule, "c").observer, all[i]);
        assert_int_equal(weight(ctx, rule, "c").set, 0);
    }
    assert_int_equal(activation(ctx, "c : calibrate robust", "c").observer, SPEC_ROBUST);
    spec_settings s = activation(ctx, "c : calibrate percentile 99.99", "c");
    assert_int_equal(s.observer, SPEC_PERCENTILE);
    assert_true(s.percentile == 99.99);
    assert_int_equal(weight(ctx, "c : weights calibrate kl", "c").observer, SPEC_KL);
    assert_int_equal(weight(ctx, "c.weight : calibrate mse", "c").observer, SPEC_MSE);
}

static void scales_are_float32(void **state)
{
    spec_settings s = activation(*state, "c : activations int8 scale 0.1 zero -3", "c");
    assert_true(s.scale == (double)0.1F);
    assert_int_equal(s.zero, -3);
    assert_int_equal(s.set, SPEC_BITS | SPEC_TYPE | SPEC_SCALE);
    assert_int_equal(s.type, IR_I8);
    s = weight(*state, "c.weight : int4 symmetric per tensor scale 0x1.8p-7", "c");
    assert_true(s.scale == 0x1.8p-7 && s.zero == 0);
    assert_int_equal(s.set, SPEC_BITS | SPEC_SYMMETRIC | SPEC_PER_CHANNEL | SPEC_SCALE);
}

/* Zero is no code of the midpoint grid: its symmetric form has an offset all the same. */
static void symmetric_midpoints_have_offsets(void **state)
{
    spec_settings s = weight(
        *state, "c.weight : int8 symmetric grid midpoint per tensor scale 0.5 zero -256", "c");
    assert_true(s.symmetric && s.zero == -256);
}

static void words_choose_the_part(void **state)
{
    qctx *ctx = *state;
    const char *rule =
        "default : weights int4, per tensor, activations int16 symmetric, biases int64";
    quant_spec *s = spec_of(ctx, rule);
    assert_int_equal(s->rules.n, 3);
    assert_null(s->rules.v[0].layer);
    assert_int_equal(spec_for(s, "x", SPEC_WEIGHT).bits, 4);
    assert_int_equal(spec_for(s, "x", SPEC_ACTIVATION).bits, 16);
    assert_int_equal(spec_for(s, "x", SPEC_ACTIVATION).type, IR_I16);
    assert_true(spec_for(s, "x", SPEC_ACTIVATION).symmetric);
    assert_int_equal(spec_for(s, "x", SPEC_BIAS).type, IR_I64);
    assert_int_equal(spec_for(s, "x", SPEC_BIAS).set, SPEC_TYPE);
    /* What is calibrated is activations; after it weights are meant again. */
    s = spec_of(ctx, "c : calibrate kl, int4");
    assert_int_equal(spec_for(s, "c", SPEC_ACTIVATION).observer, SPEC_KL);
    assert_int_equal(spec_for(s, "c", SPEC_WEIGHT).bits, 4);
}

static void words_choose_the_rounding(void **state)
{
    qctx *ctx = *state;
    quant_spec *s = spec_of(ctx, "default : int8, round gptq, bias_correct, equalize\n"
                                 "c : no bias_correct, match_deviation\n d : round nearest\n"
                                 "e : round adaround");
    assert_int_equal(spec_for(s, "e", SPEC_WEIGHT).round, SPEC_ADAROUND);
    assert_int_equal(spec_for(s, "x", SPEC_WEIGHT).round, SPEC_GPTQ);
    assert_true(spec_for(s, "x", SPEC_WEIGHT).bias_correct);
    assert_true(spec_for(s, "x", SPEC_WEIGHT).equalize);
    assert_false(spec_for(s, "x", SPEC_WEIGHT).deviation);
    assert_false(spec_for(s, "c", SPEC_WEIGHT).bias_correct);
    assert_true(spec_for(s, "c", SPEC_WEIGHT).deviation);
    assert_int_equal(spec_for(s, "d", SPEC_WEIGHT).round, SPEC_NEAREST);
    assert_int_equal(spec_for(spec_new(ctx), "d", SPEC_WEIGHT).round, SPEC_NEAREST);
}

static void selectors_name_layers_and_parts(void **state)
{
    qctx *ctx = *state;
    static const struct {
        const char *selector, *layer;
        spec_part part;
    } cases[] = {
        {"c1", "c1", SPEC_WEIGHT},
        {"c1.weight", "c1", SPEC_WEIGHT},
        {"c1.bias", "c1", SPEC_BIAS},
        {"c1.activation", "c1", SPEC_ACTIVATION},
        {"b1.dw.weight", "b1.dw", SPEC_WEIGHT},
        {"b1.dw", "b1.dw", SPEC_WEIGHT},
        {"\"b1.dw\".bias", "b1.dw", SPEC_BIAS},
        {"\"a/b\".c", "a/b.c", SPEC_WEIGHT},
        {"b1.\"weight\"", "b1.weight", SPEC_WEIGHT},
        {"\"b1.bias\"", "b1.bias", SPEC_WEIGHT},
        {"weight", "weight", SPEC_WEIGHT},
        {"weight.activation", "weight", SPEC_ACTIVATION},
        {"default", NULL, SPEC_WEIGHT},
        {"default.bias", NULL, SPEC_BIAS},
        {"\"default\"", "default", SPEC_WEIGHT},
        {"\"default\".bias", "default", SPEC_BIAS},
        {"default.c", "default.c", SPEC_WEIGHT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *setting = cases[i].part == SPEC_BIAS ? "int32" : "int8";
        quant_spec *s = spec_of(ctx, arena_printf(ctx->a, "%s : %s", cases[i].selector, setting));
        assert_int_equal(s->rules.n, 1);
        assert_int_equal(s->rules.v[0].part, cases[i].part);
        if (cases[i].layer)
            assert_string_equal(s->rules.v[0].layer, cases[i].layer);
        else
            assert_null(s->rules.v[0].layer);
    }
}

static void rules_win_in_their_order(void **state)
{
    qctx *ctx = *state;
    const char *rules = "c : int4 symmetric\n default : int8 asymmetric per tensor\n c : per "
                        "channel\n default : int3\n d : int2";
    spec_settings c = weight(ctx, rules, "c"), other = weight(ctx, rules, "e");
    assert_int_equal(c.bits, 4);
    assert_true(c.symmetric && c.per_channel);
    assert_int_equal(other.bits, 3);
    assert_false(other.symmetric || other.per_channel);
    assert_int_equal(weight(ctx, rules, "d").bits, 2);
    assert_int_equal(weight(ctx, rules, NULL).bits, 3);
}

static void the_last_way_to_a_scale_wins(void **state)
{
    qctx *ctx = *state;
    spec_settings s =
        activation(ctx, "default : activations range [0, 6]\n c : activations calibrate kl", "c");
    assert_int_equal(s.set, SPEC_OBSERVER);
    s = activation(ctx, "default : activations calibrate kl\n c : activations range [0, 6]", "c");
    assert_int_equal(s.set, SPEC_RANGE);
    s = activation(ctx, "c : activations scale 1\n c : activations range [0, 6]", "c");
    assert_int_equal(s.set, SPEC_RANGE);
    s = activation(ctx, "c : activations range [0, 6] int16\n c : activations scale 2", "c");
    assert_int_equal(s.set, SPEC_SCALE | SPEC_BITS | SPEC_TYPE);
}

static void directives_are_read(void **state)
{
    qctx *ctx = *state;
    static const char *const modes[] = {"q32", "tflm", "single", "onnx"};
    for (int i = 0; i < 4; i++) {
        quant_spec *s = spec_of(ctx, arena_printf(ctx->a, "numerics %s", modes[i]));
        assert_true(s->has_numerics);
        assert_int_equal(s->numerics, i);
        assert_false(s->saved);
    }
    const char *hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    quant_spec *s = spec_of(ctx, arena_printf(ctx->a, "saved \"%s\"", hash));
    assert_true(s->saved);
    assert_string_equal(s->source_sha256, hash);
    assert_false(s->has_numerics);
}

/* ---- options ------------------------------------------------------------------------------- */

static void options_are_rules(void **state)
{
    qctx *ctx = *state;
    quant_spec *s = spec_of(ctx, "default : int8\n c2 : int3");
    static const char *const given[] = {
        "range -1:1",       "bits 4",        "range c1=-0x1p-1:1.5e-1", "bits c1=8",
        "grid midpoint",    "grid c1=tread", "range c1.activation=0:6", "bits a=b.c:d=2",
        "bits b1.weight=5", "numerics tflm", "numerics single",
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        assert_true(take_option(ctx, s, given[i]));
    spec_settings c1 = spec_for(s, "c1", SPEC_WEIGHT), other = spec_for(s, "other", SPEC_WEIGHT);
    assert_true(c1.lo == -0.5 && c1.hi == 0.15 && c1.bits == 8 && c1.grid == IR_GRID_TREAD);
    assert_true(other.lo == -1 && other.hi == 1 && other.bits == 4 &&
                other.grid == IR_GRID_MIDPOINT);
    assert_int_equal(spec_for(s, "c2", SPEC_WEIGHT).bits,
                     3); /* a layer's rule wins over a default */
    assert_true(spec_for(s, "c1", SPEC_ACTIVATION).hi == 6);
    assert_int_equal(spec_for(s, "other", SPEC_ACTIVATION).set, 0);
    assert_int_equal(spec_for(s, "a=b.c:d", SPEC_WEIGHT).bits, 2);
    assert_int_equal(spec_for(s, "b1", SPEC_WEIGHT).bits, 5);
    assert_int_equal(s->numerics, IR_NUM_SINGLE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, qdl_setup, qdl_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_are_exact),         TEST(messages_of_options_are_exact),
        TEST(every_diagnostic_is_tested), TEST(nothing_said_gives_the_defaults),
        TEST(every_setting_is_read),      TEST(observers_are_read),
        TEST(scales_are_float32),         TEST(symmetric_midpoints_have_offsets),
        TEST(words_choose_the_part),      TEST(words_choose_the_rounding),
        TEST(selectors_name_layers_and_parts),
        TEST(rules_win_in_their_order),   TEST(the_last_way_to_a_scale_wins),
        TEST(directives_are_read),        TEST(options_are_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
