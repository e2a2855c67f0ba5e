/* test_sema.c - from QDL text to a graph: every diagnostic of sema, and what right models become. */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"
#include "tests/unit/lowered.h"

/* ---- one mistake, one diagnostic ----------------------------------------------------------- */

typedef struct mistake {
    const char *text;    /* the model's inner lines, or a whole file if it says `model` or `block` */
    const char *want[4]; /* parts of the printed diagnostics, which must be one error alone */
} mistake;

static const char *whole_file(qctx *ctx, const char *text)
{
    if (strstr(text, "model ") || strstr(text, "block "))
        return text;
    return arena_printf(ctx->a, "model m {\ninput x : i8[8, 9, 4]\n%s\noutput y\n}\n", text);
}

static int check_mistake(const mistake *m)
{
    qctx *keep = qctx_new();
    assert_non_null(keep);
    result r = lower(whole_file(keep, m->text));
    const char *out = printed(&r);
    bool ok = !r.g && diag_errors(r.ctx) == 1 && diag_warnings(r.ctx) == 0;
    for (int i = 0; i < 4 && m->want[i]; i++)
        ok &= strstr(out, m->want[i]) != NULL;
    if (!ok)
        print_message("%s\ngave\n%s", m->text, out);
    qctx_free(r.ctx);
    qctx_free(keep);
    return !ok;
}

static const mistake mistakes[] = {
    /* names */
    {"c1 = relu(x)\ny = relu(c9)", {"test.qdl:4:10: error", "[undefined-name]", "did you mean 'c1'"}},
    {"y = relu(nothing)", {"undefined name 'nothing'"}},
    {"y = relu(b)\nb = relu(x)", {"[used-before-definition]", "test.qdl:4:1: note: 'b' is defined here"}},
    {"y = relu(b)\nb = tanh(y)", {"[cycle]", "a cycle: 'b' needs the result of this statement"}},
    {"y = add(x, b)\nb = tanh(y) |> relu", {"[cycle]"}},
    {"y = relu(y)", {"[cycle]", "'y' is defined in terms of itself"}},
    {"y = relu(x)\ny = tanh(x)", {"test.qdl:4:1: error: 'y' is defined twice [duplicate-name]",
                                  "test.qdl:3:1: note: the first definition is here"}},
    {"x = relu(x)\ny = relu(x)", {"[duplicate-name]"}},
    {"y = dense(x, 4)\n\"y.weight\" = relu(y)\noutput \"y.weight\"",
     {"the graph already has something called 'y.weight'", "[duplicate-name]"}},
    {"y = rleu(x)", {"[unknown-operator]", "did you mean 'relu'"}},
    {"y = x |> swish", {"'swish' is neither an operator nor a block"}},

    /* arguments and attributes */
    {"y = add(x)", {"[wrong-arity]", "add has 1 tensor", "expected: 2"}},
    {"y = relu(x, x)", {"[wrong-arity]", "relu has 2 tensors", "expected: 1"}},
    {"y = concat()", {"[wrong-arity]", "expected: 1 to 64"}},
    {"y = x |> add(x, x)", {"[wrong-arity]", "add has 3 tensors"}},
    {"y = relu(x, 3)", {"[wrong-arity]", "relu takes no such value"}},
    {"y = conv2d(x, 8, 3x3)", {"[wrong-arity]", "conv2d takes: filters, kernel, stride, pad"}},
    {"y = conv2d(x, 8, kernal 3x3, kernel 3)", {"[unknown-attribute]", "did you mean 'kernel'"}},
    {"y = maxpool(x, 2x2, groups 2)", {"[unknown-attribute]", "maxpool takes: kernel, stride, pad, ceil"}},
    {"y = conv2d(x, 8, kernel 3, kernel 3)", {"[duplicate-attribute]"}},
    {"y = conv2d(x, 8, filters 8, kernel 3)", {"[duplicate-attribute]"}},
    {"y = conv2d(x, 8)", {"[missing-attribute]", "conv2d needs kernel", "height x width"}},
    {"y = dense(x)", {"[missing-attribute]", "dense needs units"}},
    {"y = reshape(x)", {"[missing-attribute]"}},
    {"y = conv2d(x, 0, kernel 3)", {"[bad-value]", "a whole number from 1"}},
    {"y = conv2d(x, 8.0, kernel 3)", {"[bad-value]"}},
    {"y = conv2d(x, 8, kernel 0)", {"[bad-value]", "kernel of conv2d"}},
    {"y = conv2d(x, 8, kernel 3, stride 40000)", {"[bad-value]"}},
    {"y = conv2d(x, 8, kernel 3, pad sam)", {"[bad-value]", "same, valid, a number or"}},
    {"y = conv2d(x, 8, kernel 3, pad [1, 1])", {"[bad-value]"}},
    {"y = conv2d(x, 8, kernel 3, pad -1)", {"[bad-value]"}},
    {"y = pad(x, same)", {"[undefined-name]"}},
    {"y = conv2d(x, 8, kernel 3, no weights)", {"[bad-value]", "expected: bias"}},
    {"y = conv2d(x, 8, kernel 3, weights c9)", {"[bad-value]", "a text"}},
    {"y = avgpool(x, 2x2, count some)", {"[bad-value]", "expected: all"}},
    {"y = leaky_relu(x, slope steep)", {"[bad-value]", "a number from"}},
    {"y = batch_norm(x, eps -1)", {"[bad-value]"}},
    {"y = reshape(x, [-1, -1])", {"[bad-value]", "one of which may be -1"}},
    {"y = reshape(x, [1, 1, 1, 1, 1, 288])", {"[bad-value]", "a list of 1 to 5"}},
    {"y = concat(x, x, axis 7)", {"[bad-value]"}},
    {"y = dense(x, 3) |> dense(4)", {"[weights-name]", "say dense(…, weights \"name\")"}},
    {"y = batch_norm(x) |> relu |> batch_norm |> batch_norm", {"[weights-name]"}},

    /* shapes, through the front */
    {"y = concat(x, x, axis 3)", {"[shape-mismatch]", "axis 3 is not one of 'x'"}},
    {"y = conv2d(flatten(x), 8, kernel 3)", {"[shape-mismatch]", "reshape(", "height, width, channels"}},
    {"y = add(x, flatten(x))", {"[shape-mismatch]", "neither shape repeats"}},
    {"y = reshape(x, [7, -1])", {"[shape-mismatch]", "288 elements"}},
    {"y = conv2d(x, 8, kernel 9x9)", {"[kernel-too-large]", "covers 9 cells in height", "`pad same`"}},
    {"y = maxpool(x, 2x2, pad 2)", {"[pad-too-large]"}},
    {"y = conv2d(x, 8, kernel 1, groups 3)", {"[bad-groups]"}},
    {"y = conv2d(x, 16777216, kernel 9x9, pad same)", {"[shape-too-large]", "a weight of 'y'"}},
    {"y = depthwise(x, kernel 1, multiplier 16777216)", {"[shape-too-large]"}},
    {"model m { input x : i8[1, 1, 2147483647]\ny = depthwise(x, kernel 1, multiplier 2)\noutput y }",
     {"[shape-too-large]", "times multiplier 2"}},

    {"y = slice(x, [0, 0], [1, 1])", {"[shape-mismatch]", "begin of 'y' has 2 numbers, 'x' 3 dimensions"}},
    {"y = slice(x, [0, 0, 0], [1, 1, 1], stride [1, 1])", {"[shape-mismatch]", "stride of 'y' has 2"}},
    {"y = slice(x, [0, 4, 0], [1, 4, 1])", {"[shape-mismatch]", "takes nothing along dimension 1"}},
    {"y = slice(x, [0, 0, 0], [1, 1, 1], stride [1, 0, 1])", {"[shape-mismatch]", "nothing along dimension 1"}},
    {"y = slice(x, [0, 0, 0])", {"[missing-attribute]", "slice needs end", "a list of 1 to 5 whole numbers"}},
    {"y = transpose(x, [0, 1, 1])", {"[shape-mismatch]", "do not name each dimension"}},
    {"y = transpose(x, [0, 1])", {"[shape-mismatch]", "axes of 'y' has 2 numbers"}},
    {"y = transpose(x, [0, 1, 5])", {"[bad-value]", "from 0 to 4"}},
    {"y = reduce_sum(x, [3])", {"[shape-mismatch]", "axis 3 is not one of 'x'"}},
    {"y = reduce_max(x)", {"[missing-attribute]", "reduce_max needs axes"}},
    {"y = resize_nearest(x, 2x2, align corners, half pixel)", {"[bad-value]", "one of them, or none"}},
    {"y = argmax(x, axis -4)", {"[shape-mismatch]", "axis -4 is not one of 'x'"}},
    {"y = elu(x, alpha -1)", {"[bad-value]"}},
    {"y = conv1d(x, 8, kernel 3)", {"[shape-mismatch]", "conv1d takes a tensor of length, channels"}},
    {"y = reshape(x, [-1, 3]) |> maxpool1d(999)", {"[kernel-too-large]"}},
    {"y = conv1d(reshape(x, [-1, 3]), 8, kernel 3x3)", {"[bad-value]", "kernel of conv1d"}},
    {"y = conv_transpose(flatten(x), 8, kernel 3)", {"[shape-mismatch]", "conv_transpose takes a tensor of height"}},
    {"y = conv_transpose(x, 8, kernel 3, pad 3)", {"[pad-too-large]", "reaches 2 cells further", "-1 is not in 0"}},
    {"y = conv_transpose(x, 8, kernel 3, stride 2, output_padding 2x0)", {"[bad-value]", "an output_padding of 2"}},
    {"y = relu(constant([3]))", {"[constant-place]", "relu takes no constant as its tensor"}},
    {"y = add(constant([3]), constant([1], weights \"k\"))", {"[constant-place]", "in the place of its tensor"}},
    {"y = prelu(constant([3]), x)", {"[constant-place]", "prelu takes no constant in the place"}},
    {"y = add(x, constant([3, 65536, 65536]))", {"[shape-too-large]"}},
    {"y = add(x, constant([-1]))", {"[bad-value]"}},
    {"y = add(x, constant(x, [1]))", {"[wrong-arity]"}},
    {"y = prelu(x, constant([5]))", {"[shape-mismatch]", "slopes of 5 do not repeat"}},
    {"y = conv2d(x, 4, kernel 1) |> prelu", {"[weights-name]", "say prelu(…, weights"}},
    {"model m { input x : i8[3]\noutput y = constant([3])\noutput x }",
     {"[constant-place]", "an output cannot be the constant"}},
    {"model m { input x : i8[3]\nstate s : i8[3]\ns := constant([3])\noutput add(x, s) }",
     {"[constant-place]", "a state cannot be assigned the constant"}},
    {"y = split(x)", {"[return-count]", "several results", "name them all in a statement"}},
    {"y, z = split(x, axis 3)", {"[shape-mismatch]", "axis 3 is not one of 'x'"}},
    {"y, z, w, v, u = split(x)", {"[shape-mismatch]", "has no 5 equal parts"}},
    {"y, z = split(x, sizes [1, 1, 1])", {"[shape-mismatch]", "into 3 sizes, 2 names"}},
    {"y, z = split(x, sizes [1, 9], axis 0)", {"[shape-mismatch]", "add up to 10, dimension 0 of 'x' is"}},

    /* states */
    {"model m { input x : i8[3]\ny = relu(x)\ny := tanh(x)\noutput y }",
     {"[not-a-state]", "'y' is no state", "declares; results are `y = …`"}},
    {"model m { input x : i8[3]\nstate s : i8[3]\ny = add(x, s)\ns := y\ns := x\noutput y }",
     {"[state-assigned]", "the state 's' is assigned twice", "the first assignment is here"}},
    {"model m { input x : i8[3]\nstate s : i8[3]\noutput add(x, s) }",
     {"[state-assigned]", "the state 's' is never assigned", "`s := …` says"}},
    {"model m { input x : i8[3]\nstate s : f32[4]\ns := x\noutput relu(s) }",
     {"[shape-mismatch]", "'x' (3) is assigned to the state 's' (4)"}},
    {"model m { input x : i8[3]\nt := x\noutput relu(x) }", {"[undefined-name]"}},
    {"model m { input x : i8[3]\nstate s : u8[3]\ns := x\noutput add(x, s) }",
     {"[unknown-type]", "'u8' is no type of a state", "`i8`, `i16` or `f32`"}},
    {"model m { input x : i8[3]\nstate s : i8[3] layout nchw\ns := x\noutput add(x, s) }",
     {"[input-qualifier]", "a state has no layout"}},

    /* ports */
    {"model m { input x : i8[3]\ny = relu(x) }", {"[no-output]"}},
    {"model m { input x : i8[0, 3]\noutput x }", {"[bad-shape]", "not a dimension"}},
    {"model m { input x : i8[2.5]\noutput x }", {"[bad-shape]"}},
    {"model m { input x : i8[n]\noutput x }", {"[bad-shape]"}},
    {"model m { input x : i8[1, 1, 1, 1, 1, 1]\noutput x }", {"[bad-shape]", "1 to 5 dimensions"}},
    {"model m { input x : i8[65536, 65536]\noutput x }", {"[shape-too-large]"}},
    {"model m { input x : u8[3] real [1, 1]\noutput x }", {"[empty-range]"}},
    {"model m { input x : u8[3] real [2, -1]\noutput x }", {"[empty-range]"}},
    {"model m { input x : u8[3] real [0.5, 1]\noutput x }", {"[range-without-zero]", "does not hold 0"}},
    {"model m { input x : i8[3] real [-2, -1]\noutput x }", {"[range-without-zero]"}},
    {"model m { input x : u8[3] real [0, 1e-44]\noutput x }", {"[bad-scale]", "float32"}},
    {"model m { input x : i8[3] scale 0 zero 0\noutput x }", {"[bad-scale]", "a number > 0"}},
    {"model m { input x : i8[3] scale 1e39 zero 0\noutput x }", {"[bad-scale]"}},
    {"model m { input x : i8[3] scale 0.5 zero 128\noutput x }", {"[bad-scale]", "from -128 to 127"}},
    {"model m { input x : u8[3] scale 0.5 zero -1\noutput x }", {"[bad-scale]", "from 0 to 255"}},
    {"model m { input x : i8[2, 2, 2] layout nchw\ninput z : i8[2, 2, 2] layout nhwc\n"
     "output add(x, z) }", {"[layout-conflict]", "the input 'z' is nhwc", "note: stated here"}},

    /* blocks */
    {"block b(x) { return x }\nblock b(x) { return relu(x) }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[duplicate-name]", "the block 'b' is defined twice"}},
    {"block b(x) { y = c(x)\nreturn y }\nblock c(x) { y = b(x)\nreturn y }\n"
     "model m { input x : i8[3]\noutput b(x) }", {"[recursive-block]", "calls itself", "by way of 'c'"}},
    {"block b(x, n) { return dense(x, n) }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[wrong-arity]", "the block 'b' has 1 argument", "expected: 2: x, n"}},
    {"block b(x, x) { return relu(x) }\nmodel m { input x : i8[3]\noutput b(x, x) }", {"[duplicate-name]"}},
    {"block b(x) { y = relu(x) }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[return-count]", "does not end with a return"}},
    {"block b(x) { return x, relu(x) }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[return-count]", "returns 2 results; 1 is named", "`a, b = b(…)`"}},
    {"block b(x) { return x }\nmodel m { input x : i8[3]\nu, v = b(x)\noutput u, v }",
     {"[return-count]", "returns 1 result; 2 are named"}},
    {"u, y = relu(x)", {"[return-count]", "relu gives one result, not 2"}},
    {"u, y = x", {"[return-count]", "one tensor cannot have 2 names"}},
    {"block b(x) { return x\nz = relu(x) }\nmodel m { input x : i8[3]\noutput b(x) }", {"[return-count]"}},
    {"block b(x) { return x\nreturn x }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[misplaced-statement]", "the last statement of a block"}},
    {"block b(x) { input z : i8[3]\nreturn x }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[misplaced-statement]", "no inputs", "in this instance of the block 'b'"}},
    {"block b(x) { output x\nreturn x }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[misplaced-statement]", "no outputs"}},
    {"block b(x) { weights native\nreturn x }\nmodel m { input x : i8[3]\noutput b(x) }",
     {"[misplaced-statement]", "belongs to the model"}},
    {"model m { input x : i8[3]\nreturn x\noutput x }", {"[misplaced-statement]", "no returns"}},
    {"block b(x, n) { return dense(x, n) }\nmodel m { input x : i8[3]\noutput b(x, relu(x)) }",
     {"[wrong-arity]"}},
    {"block b(x, n) { return dense(x, units n) }\nmodel m { input x : i8[3]\noutput b(x, relu(x)) }",
     {"[not-a-value]", "the parameter 'n' is a tensor here"}},
    {"block b(x, n) { return add(x, relu(n)) |> leaky_relu(slope n) }\nmodel m { input x : i8[3]\noutput b(x, 3) }",
     {"[not-a-tensor]", "'n' is a number here"}},
    {"block b(x) { return relu(x) }\nmodel m { input x : i8[3]\noutput b(x, size 3) }",
     {"[unknown-attribute]", "go by their order"}},
    {"block b(x) { return relu(x) }\nmodel m { input x : i8[3]\noutput b(x, weights p) }",
     {"[bad-value]", "weights of a block"}},
    {"block b(x) { return rleu(x) }\nmodel m { input x : i8[3]\nu = b(x)\nv = b(u)\noutput v }",
     {"[unknown-operator]", "test.qdl:3:5: note: in this instance of the block 'b'"}},
};

static void each_mistake_is_one_diagnostic(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        wrong += check_mistake(&mistakes[i]);
    assert_int_equal(wrong, 0);
}

static void a_model_needs_an_input(void **state)
{
    (void)state;
    result r = lower("model m { output y }");
    assert_null(r.g);
    assert_int_equal(diag_errors(r.ctx), 2);
    assert_non_null(strstr(printed(&r), "1:18: error: undefined name 'y'"));
    assert_non_null(strstr(printed(&r), "1:7: error: the model has no input [no-input]"));
    qctx_free(r.ctx);
}

static void several_mistakes_in_one_run(void **state)
{
    (void)state;
    result r = lower("model m {\n"
                     "    input x : u8[8, 8, 3] real [0.25, 1]\n"
                     "    input z : i8[8, 8, 3]\n"
                     "    a = conv2d(x, 8)\n"
                     "    b = relu(a)\n"
                     "    c = conv2d(z, 0, kernel 99999)\n"
                     "    d = rleu(q)\n"
                     "    e = add(z, conv2d(z, 3, kernel 9))\n"
                     "    e = relu(z)\n"
                     "    output b, c, d, w\n"
                     "}\n");
    assert_null(r.g);
    static const char *const want[] = {
        "test.qdl:9:5: error: 'e' is defined twice [duplicate-name]",
        "test.qdl:2:", "[range-without-zero]",
        "test.qdl:4:9: error: conv2d needs kernel [missing-attribute]",
        "test.qdl:6:19: error: filters of conv2d",
        "test.qdl:6:29: error: kernel of conv2d",
        "test.qdl:7:9: error: 'rleu' is neither",
        "test.qdl:8:16: error: the kernel covers 9 cells in height",
        "test.qdl:10:21: error: undefined name 'w'",
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(printed(&r), want[i]))
            fail_msg("no '%s' in\n%s", want[i], printed(&r));
    qctx_free(r.ctx);
}

static void limits(void **state)
{
    (void)state;
    /* 2^20 instances of a block */
    buf b;
    qctx *ctx = qctx_new();
    buf_init(&b, ctx->a);
    buf_puts(&b, "block b0(x) { return relu(x) }\n");
    for (int i = 1; i <= 20; i++)
        buf_printf(&b, "block b%d(x) { u = b%d(x)\nreturn b%d(u) }\n", i, i - 1, i - 1);
    buf_puts(&b, "model m { input x : i8[3]\noutput b20(x) }\n");
    result r = lower(buf_str(&b));
    assert_null(r.g);
    assert_non_null(strstr(printed(&r), "[too-many-operators]"));
    assert_int_equal(diag_errors(r.ctx), 1);
    qctx_free(r.ctx);

    /* blocks inside one another */
    buf_init(&b, ctx->a);
    buf_puts(&b, "block b0(x) { return relu(x) }\n");
    for (int i = 1; i <= 300; i++)
        buf_printf(&b, "block b%d(x) { return b%d(x) }\n", i, i - 1);
    buf_puts(&b, "model m { input x : i8[3]\noutput b300(x) }\n");
    r = lower(buf_str(&b));
    assert_null(r.g);
    assert_non_null(strstr(printed(&r), "[too-deep]"));
    assert_int_equal(diag_errors(r.ctx), 1);
    qctx_free(r.ctx);

    /* a long chain is no deep one */
    buf_init(&b, ctx->a);
    buf_puts(&b, "model m { input x : i8[3]\noutput x");
    for (int i = 0; i < 400; i++)
        buf_puts(&b, " |> relu");
    buf_puts(&b, " }\n");
    r = lower(buf_str(&b));
    assert_non_null(r.g);
    assert_int_equal(r.g->ops.n, 400);
    qctx_free(r.ctx);
    qctx_free(ctx);
}

/* ---- warnings ------------------------------------------------------------------------------ */

static void check_warning(const char *text, const char *want)
{
    result r = lower(text);
    if (!r.g || diag_warnings(r.ctx) != 1 || !strstr(printed(&r), want))
        fail_msg("%s\ngave\n%s", text, printed(&r));
    qctx_free(r.ctx);
}

static void warnings(void **state)
{
    (void)state;
    check_warning("model m { input x : i8[3]\nu = relu(x)\noutput tanh(x) }",
                  "test.qdl:2:1: warning: the result 'u' is never used [unused-result]");
    check_warning("model m { input x : i8[3]\ninput z : i8[3]\noutput tanh(x) }",
                  "the input 'z' is never used");
    check_warning("block b(x, n) { return relu(x) }\nmodel m { input x : i8[3]\nu = b(x, 3)\noutput b(u, 3) }",
                  "the parameter 'n' is never used");
    check_warning("block b(x) { return relu(x) }\nmodel m { input x : i8[3]\noutput tanh(x) }",
                  "the block 'b' is never called [unused-block]");
    check_warning("model m { input x : i8[3]\nstate s : i8[3]\ns := tanh(x)\noutput relu(x) }",
                  "the state 's' is never used [unused-result]");
    /* scale 2/255: 0 lies between two codes */
    check_warning("model m { input x : u8[3] real [-1, 1]\noutput tanh(x) }",
                  "0 is no code of [-1, 1]: the codes stand for [-1.003922, 0.9960785] "
                  "[zero-point-rounded]");
    check_warning("model m { input x : i16[3] real [-1, 1]\noutput tanh(x) }", "[zero-point-rounded]");
}

static void what_is_used_does_not_warn(void **state)
{
    (void)state;
    result r = lower("block two(x) { u = relu(x)\nreturn u, tanh(x) }\n"
                     "model m { input x : u8[3] real [0, 1]\nu, v = two(x)\noutput named = softmax(v) }");
    assert_non_null(r.g);
    assert_int_equal(diag_count(r.ctx), 0);
    qctx_free(r.ctx);
}

/* ---- names --------------------------------------------------------------------------------- */

static void assert_ops(const result *r, const char *const *names, int n)
{
    if (!r->g)
        fail_msg("%s", printed(r));
    assert_int_equal(r->g->ops.n, n);
    for (int i = 0; i < n; i++)
        assert_string_equal(r->g->ops.v[i]->out[0]->name, names[i]);
    assert_true(ir_verify(r->ctx, r->g, "lower"));
}

static void assert_keys(const result *r, const char *const *keys, int n)
{
    weight_slot *slots;
    assert_int_equal(weight_slots(r->ctx, r->g, &slots), n);
    for (int i = 0; i < n; i++)
        assert_string_equal(slots[i].key, keys[i]);
}

static void statements_name_their_results_and_weights(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[8, 8, 3]\n"
                     "c1 = conv2d(x, 4, kernel 3, no bias) |> batch_norm |> relu\n"
                     "f1 = relu(c1) |> relu |> flatten |> dense(3)\n"
                     "f2 = dense(f1, 4) |> tanh |> dense(5, weights \"second\")\n"
                     "output softmax(dense(f2, 2)), relu(f2), f2 }");
    static const char *const ops[] = {
        "c1.conv2d", "c1.batch_norm", "c1", "f1.relu", "f1.relu1", "f1.flatten", "f1",
        "f2.dense", "f2.tanh", "f2", "output.dense", "output", "output1"};
    static const char *const keys[] = {
        "c1.weight", "c1_bn.weight", "c1_bn.bias", "c1_bn.running_mean", "c1_bn.running_var",
        "f1.weight", "f1.bias", "f2.weight", "f2.bias", "second.weight", "second.bias",
        "output.weight", "output.bias"};
    assert_ops(&r, ops, 13);
    assert_keys(&r, keys, 13);
    assert_string_equal(r.g->ops.v[0]->name, "c1");
    assert_string_equal(r.g->ops.v[1]->name, "c1_bn");
    assert_int_equal(r.g->outputs.n, 3);
    assert_string_equal(r.g->outputs.v[2]->name, "f2");
    qctx_free(r.ctx);
}

/* conv1d is a convolution of an image of height 1; rules and weights go by the statement's name. */
static void one_dimension_is_an_image(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[10, 3]\n"
                     "c1 = conv1d(x, 4, kernel 3, stride 2, pad 1, groups 1) |> relu\n"
                     "p = maxpool1d(c1, 2)\n"
                     "q = avgpool1d(p, kernel 2, stride 1, pad same)\noutput q }\n"
                     "quantize { c1.weight : int8\nc1 : activations int8 asymmetric }");
    static const char *const names[] = {"c1.image", "c1.conv1d.conv2d", "c1.conv1d", "c1", "p.image", "p.maxpool",
                                        "p", "q.image", "q.avgpool", "q"};
    assert_ops(&r, names, 10);
    assert_keys(&r, (const char *const[]){"c1.weight", "c1.bias"}, 2);
    const ir_op *c = r.g->ops.v[1];
    assert_true(ir_shape_eq(&c->in[1]->shape, &(ir_shape){4, {4, 1, 3, 3}}));
    assert_true(c->at.pad[0] == 0 && c->at.pad[1] == 0 && c->at.pad[2] == 1 && c->at.pad[3] == 1);
    assert_true(ir_shape_eq(&c->out[0]->shape, &(ir_shape){3, {1, 5, 4}}));
    assert_true(ir_shape_eq(&r.g->ops.v[6]->out[0]->shape, &(ir_shape){2, {2, 4}}));
    assert_true(ir_shape_eq(&r.g->ops.v[9]->out[0]->shape, &(ir_shape){2, {2, 4}}));
    qctx_free(r.ctx);
}

/* What conv_transpose becomes; `same` is TensorFlow's. */
static void transposed_is_dilated(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[5, 3, 6]\n"
                     "c1 = conv_transpose(x, 4, kernel 3x2, stride 2x1, pad 1x0, groups 2)\n"
                     "c2 = conv_transpose(c1, 2, kernel 2x3, stride 3x2, pad same, no bias)\noutput c2 }");
    assert_null(r.g); /* pads are four numbers, or one */
    qctx_free(r.ctx);
    r = lower("model m { input x : i8[5, 3, 6]\n"
              "c1 = conv_transpose(x, 4, kernel 3x2, stride 2x1, pad [1, 0, 0, 1], groups 2)\n"
              "c2 = conv_transpose(c1, 2, kernel 2x3, stride 3x2, pad same, no bias)\noutput c2 }");
    assert_ops(&r, (const char *const[]){"c1.dilate", "c1", "c2.dilate", "c2"}, 4);
    assert_keys(&r, (const char *const[]){"c1.weight", "c1.bias", "c2.weight"}, 3);
    const ir_op *c1 = r.g->ops.v[1], *c2 = r.g->ops.v[3];
    assert_true(ir_shape_eq(&c1->out[0]->shape, &(ir_shape){3, {10, 3, 4}}));
    assert_true(c1->at.pad[0] == 1 && c1->at.pad[1] == 2 && c1->at.pad[2] == 1 && c1->at.pad[3] == 0);
    assert_true(ir_shape_eq(&c1->in[1]->shape, &(ir_shape){4, {4, 3, 2, 3}}));
    assert_true(ir_shape_eq(&c2->out[0]->shape, &(ir_shape){3, {30, 6, 2}}));
    qctx_free(r.ctx);
}

static void blocks_contribute_their_instance(void **state)
{
    (void)state;
    result r = lower("block pair(x, filters, stride, p) {\n"
                     "    dw = depthwise(x, kernel 3x3, stride stride, pad p, no bias)\n"
                     "    return conv2d(dw, filters, kernel 1x1) |> relu\n"
                     "}\n"
                     "block outer(x) { a = pair(x, 2, 1, valid)\nreturn a }\n"
                     "model m { input x : i8[9, 9, 3]\n"
                     "b1 = pair(x, 8, 2x1, same)\n"
                     "\"features.1\" = outer(b1, weights \"net.f1\")\n"
                     "c = relu(\"features.1\") |> pair(4, 1, [1, 0, 1, 0]) |> tanh\n"
                     "output c }");
    static const char *const ops[] = {
        "b1.dw", "b1.conv2d", "b1", "features.1.a.dw", "features.1.a.conv2d", "features.1.a",
        "c.relu", "c.pair.dw", "c.pair.conv2d", "c.pair", "c"};
    static const char *const keys[] = {
        "b1.dw.weight", "b1.weight", "b1.bias", "net.f1.a.dw.weight", "net.f1.a.weight",
        "net.f1.a.bias", "c.pair.dw.weight", "c.pair.weight", "c.pair.bias"};
    assert_ops(&r, ops, 11);
    assert_keys(&r, keys, 9);
    assert_string_equal(ir_weight(r.g->ops.v[3])->name, "features.1.a.dw.weight");
    assert_int_equal(r.g->aliases.n, 1);
    assert_string_equal(r.g->aliases.v[0].name, "features.1");
    assert_string_equal(r.g->aliases.v[0].of, "features.1.a");
    const ir_attrs *at = &r.g->ops.v[0]->at;
    assert_int_equal(at->stride[0], 2);
    assert_int_equal(at->stride[1], 1);
    assert_int_equal(at->groups, 3);
    assert_int_equal(r.g->ops.v[7]->at.pad[0], 1);
    assert_int_equal(r.g->ops.v[7]->at.pad[1], 0);
    qctx_free(r.ctx);
}

static void several_returns(void **state)
{
    (void)state;
    result r = lower("block split(x, n) { a = dense(x, n)\nreturn a, dense(x, n), x }\n"
                     "model m { input x : i8[6]\nu, v, w = split(x, 2)\noutput add(u, v), w }");
    assert_non_null(r.g);
    assert_string_equal(r.g->ops.v[0]->out[0]->name, "u.a");
    assert_string_equal(r.g->ops.v[1]->out[0]->name, "u.return");
    /* w is the input itself: an output is always written by an operator */
    assert_string_equal(r.g->outputs.v[0]->name, "output");
    assert_int_equal(r.g->outputs.v[1]->kind, IR_VALUE);
    assert_int_equal(r.g->outputs.v[1]->producer->kind, OP_RESHAPE);
    assert_true(ir_verify(r.ctx, r.g, "lower"));
    qctx_free(r.ctx);
}

static void outputs_are_tensors_of_their_own(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[2, 3]\ny = relu(x)\noutput y, y\noutput z = y\n"
                     "output again = tanh(y) }");
    assert_non_null(r.g);
    assert_int_equal(r.g->outputs.n, 4);
    static const char *const names[] = {"y", "output", "z", "again"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(r.g->outputs.v[i]->name, names[i]);
    assert_true(ir_verify(r.ctx, r.g, "lower"));
    qctx_free(r.ctx);
}

static void every_word_is_a_name(void **state)
{
    (void)state;
    result r = lower("block relu(tanh, same) { conv2d = relu(tanh)\nreturn dense(conv2d, same) }\n"
                     "model model { input input : i8[4, 4, 2]\n"
                     "relu = relu(input, 3)\n"
                     "ceil = maxpool(relu, 2x2, ceil)\n"
                     "keep = global_avgpool(ceil, keep)\n"
                     "quantize = maxpool(keep, 1x1)\n"
                     "bias = dense(quantize, 2, no bias)\n"
                     "output output = bias }");
    static const char *const ops[] = {"relu.conv2d", "relu", "ceil", "keep", "quantize", "bias"};
    assert_ops(&r, ops, 6);
    assert_true(r.g->ops.v[2]->at.ceil_mode);
    assert_true(r.g->ops.v[3]->at.keep);
    assert_null(ir_bias(r.g->ops.v[5]));
    qctx_free(r.ctx);
}

static void generated_names_give_way_to_stated_ones(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[3]\na = relu(x) |> tanh\n\"a.relu\" = tanh(a)\n"
                     "output = sigmoid(\"a.relu\")\noutput relu(output) }");
    static const char *const ops[] = {"a.relu1", "a", "a.relu", "output", "output1"};
    assert_ops(&r, ops, 5);
    qctx_free(r.ctx);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static const ir_tensor *input_of(result *r, const char *declaration)
{
    qctx *keep = qctx_new();
    *r = lower(arena_printf(keep->a, "model m { input x : %s\noutput relu(x) }", declaration));
    qctx_free(keep);
    if (!r->g)
        fail_msg("%s", printed(r));
    return r->g->inputs.v[0];
}

static void declared_inputs_have_their_quantization(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool declared, u8;
        ir_type port;
        int bits, zero;
        double scale;
    } cases[] = {
        {"u8[3] real [0, 1]", true, true, IR_I8, 8, -128, 1.0 / 255},
        {"u8[3] real [-1, 1.55]", true, true, IR_I8, 8, -28, 0.01},
        {"i8[3] real [0, 2.55]", true, false, IR_I8, 8, -128, 0.01},
        {"f32[3] real [-1.28, 1.27]", true, false, IR_I8, 8, 0, 0.01},
        {"i8[3] scale 0x1.8p-3 zero -7", true, false, IR_I8, 8, -7, 0.1875},
        {"u8[3] scale 0.5 zero 200", true, true, IR_I8, 8, 72, 0.5},
        {"i16[3] scale 0.001 zero 300", true, false, IR_I16, 16, 300, 0.001},
        {"i16[3] real [0, 1]", true, false, IR_I16, 16, -32768, 1.0 / 65535},
        {"u8[3]", false, true, IR_I8, 0, 0, 0},
        {"i16[3]", false, false, IR_I16, 0, 0, 0},
        {"f32[3]", false, false, IR_I8, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result r;
        const ir_tensor *t = input_of(&r, cases[i].text);
        assert_int_equal(t->type, IR_F32);
        assert_int_equal(t->declared, cases[i].declared);
        assert_int_equal(t->u8_port, cases[i].u8);
        assert_int_equal(t->port_type, cases[i].port);
        assert_int_equal(t->quant != NULL, cases[i].declared);
        if (t->quant) {
            assert_int_equal(t->quant->bits, cases[i].bits);
            assert_int_equal(t->quant->zero[0], cases[i].zero);
            assert_true(t->quant->scale[0] == (float)cases[i].scale);
        }
        qctx_free(r.ctx);
    }
}

static void the_layout_of_the_host(void **state)
{
    (void)state;
    result r = lower("model m { input x : i8[4, 5, 3] layout nchw\noutput relu(x) }");
    assert_string_equal(r.g->layout, "nchw");
    assert_int_equal(r.g->inputs.v[0]->shape.dim[2], 3);
    qctx_free(r.ctx);
    r = lower("model m { weights native\ninput x : i8[4]\noutput dense(x, 2) }");
    assert_string_equal(r.g->layout, "nhwc");
    assert_true(r.g->weights_native);
    assert_true(r.g->ops.v[0]->at.native_columns);
    qctx_free(r.ctx);
}

/* ---- printing and reading back --------------------------------------------------------------- */

static void the_printed_model_gives_the_same_graph(void **state)
{
    (void)state;
    result r = lower("block sep(x, n) { dw = depthwise(x, kernel 3, pad same, multiplier 2) |> relu6\n"
                     "return conv2d(dw, n, kernel 1, groups 2) }\n"
                     "model m { input a : u8[9, 7, 3] real [0, 1] layout nchw\n"
                     "input b : i8[9, 7, 4] scale 0.1 zero 3 layout nchw\n"
                     "b1 = sep(a, 4)\n"
                     "s = add(b1, b) |> relu\n"
                     "p = avgpool(s, 3x2, stride 2, pad [1, 1, 0, 1], ceil, count all)\n"
                     "q = concat(maxpool(p, 1x1), pad(p, 0), axis 0) |> leaky_relu(slope 0.3)\n"
                     "g = reshape(q, [-1, 2]) |> flatten |> dense(5, no bias)\n"
                     "\"f\\x0a \\\\é\" = maxpool_free(g)\n"
                     "output softmax(\"f\\x0a \\\\é\"), global_avgpool(s, keep) }\n"
                     "block maxpool_free(x) { return sigmoid(x) }");
    if (!r.g || !pass_fuse(r.ctx, r.g) || !ir_verify(r.ctx, r.g, "fuse"))
        fail_msg("%s", printed(&r));
    buf first, second;
    buf_init(&first, r.ctx->a);
    ir_print_model(r.g, &first);
    result again = lower(buf_str(&first));
    if (!again.g || diag_count(again.ctx) || !pass_fuse(again.ctx, again.g))
        fail_msg("%s\n%s", buf_str(&first), printed(&again));
    buf_init(&second, again.ctx->a);
    ir_print_model(again.g, &second);
    assert_string_equal(buf_str(&first), buf_str(&second));
    /* names, shapes and attributes: the canonical hash of graphs without data */
    char before[65], after[65];
    ir_canonical_sha256(r.ctx, r.g, before);
    ir_canonical_sha256(again.ctx, again.g, after);
    assert_string_equal(before, after);
    qctx_free(again.ctx);
    qctx_free(r.ctx);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_mistake_is_one_diagnostic),
        T(a_model_needs_an_input),
        T(several_mistakes_in_one_run),
        T(limits),
        T(warnings),
        T(what_is_used_does_not_warn),
        T(statements_name_their_results_and_weights),
        T(one_dimension_is_an_image),
        T(transposed_is_dilated),
        T(blocks_contribute_their_instance),
        T(several_returns),
        T(outputs_are_tensors_of_their_own),
        T(every_word_is_a_name),
        T(generated_names_give_way_to_stated_ones),
        T(declared_inputs_have_their_quantization),
        T(the_layout_of_the_host),
        T(the_printed_model_gives_the_same_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
