/* test_parse.c - what the parser makes of right QDL, and that nothing can hurt it. */
#include "tests/unit/cm.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/base/file.h"
#include "compiler/base/rng.h"
#include "compiler/front/literal.h"
#include "compiler/ir/words.h"
#include "tests/unit/qdl.h"

static ast_file *parsed(qctx *ctx, const char *text)
{
    ast_file *f = qdl_text(ctx, text);
    if (!f)
        fail_msg("does not parse:\n%s\n%s", text, all_messages(ctx));
    return f;
}

static const char *printed(qctx *ctx, const ast_file *f)
{
    buf b;
    buf_init(&b, ctx->a);
    ast_print(f, &b);
    return buf_str(&b);
}

/* The body of a model reads back as what is given, and the printed form is a fixed point. */
static void reads_as(void **state, const char *body, const char *want)
{
    qctx *ctx = *state;
    char *text = arena_printf(ctx->a, "model m {\n%s\n}\n", body);
    char *expect = arena_printf(ctx->a, "model m {\n    %s\n}\n", want);
    const char *once = printed(ctx, parsed(ctx, text));
    assert_string_equal(once, expect);
    assert_string_equal(printed(ctx, parsed(ctx, once)), expect);
}

static const char lenet[] = "# a comment\n"
                            "model lenet {\n"
                            "    input image : u8[28, 28, 1] real [0, 1]   # another\n"
                            "    c1 = conv2d(image, 6, kernel 5x5, pad [2, 2, 2, 2]) |> relu\n"
                            "    output f = dense(flatten(c1), 10)\n"
                            "}\n";

static void a_model_has_name_statements_and_places(void **state)
{
    ast_file *f = parsed(*state, lenet);
    assert_true(f->has_model);
    assert_false(f->has_quantize);
    assert_string_equal(f->model.s, "lenet");
    assert_int_equal(f->stmts.n, 3);
    const ast_stmt *in = f->stmts.v[0];
    assert_int_equal(in->kind, AST_S_INPUT);
    assert_string_equal(in->names.v[0].s, "image");
    assert_string_equal(in->type.s, "u8");
    assert_int_equal(in->dims.n, 3);
    assert_true(in->dims.v[0]->integer);
    assert_true(in->dims.v[0]->number == 28);
    assert_true(in->has_real && in->lo == 0 && in->hi == 1);
    assert_false(in->has_scale);
    int line, col;
    loc_line_col(in->quant_loc, &line, &col);
    assert_int_equal(line, 3);
    assert_int_equal(col, 33);
    assert_int_equal(in->quant_loc.end - in->quant_loc.begin, strlen("real [0, 1]"));
}

static void a_chain_holds_its_calls(void **state)
{
    const ast_stmt *s = parsed(*state, lenet)->stmts.v[1];
    const ast_expr *chain = s->exprs.v[0], *call = chain->left;
    assert_int_equal(s->kind, AST_S_LET);
    assert_int_equal(chain->kind, AST_E_CHAIN);
    assert_int_equal(chain->right->kind, AST_E_NAME);
    assert_string_equal(chain->right->name.s, "relu");
    assert_int_equal(call->kind, AST_E_CALL);
    assert_string_equal(call->name.s, "conv2d");
    assert_int_equal(call->args.n, 1);
    assert_int_equal(call->values.n, 1);
    assert_true(call->values.v[0]->number == 6);
    assert_int_equal(call->attrs.n, 2);
    assert_int_equal(call->attrs.v[0].value->kind, AST_V_SIZE);
    assert_int_equal(call->attrs.v[1].value->kind, AST_V_LIST);
    assert_int_equal(call->attrs.v[1].value->list.n, 4);
    assert_int_equal(chain->depth, 3);
}

static void an_output_may_have_a_name(void **state)
{
    const ast_stmt *s = parsed(*state, lenet)->stmts.v[2];
    assert_int_equal(s->kind, AST_S_OUTPUT);
    assert_int_equal(s->names.n, 1);
    assert_string_equal(s->names.v[0].s, "f");
    assert_int_equal(s->exprs.n, 1);
}

static void positional_arguments_keep_their_order(void **state)
{
    const ast_expr *e =
        parsed(*state, "model m { a = b(3, x, 4x5, y(z), k 1, [1, n]) }")->stmts.v[0]->exprs.v[0];
    assert_int_equal(e->positional.n, 5);
    assert_int_equal(e->args.n, 2);
    assert_int_equal(e->values.n, 3);
    assert_ptr_equal(e->positional.v[0].value, e->values.v[0]);
    assert_ptr_equal(e->positional.v[1].expr, e->args.v[0]);
    assert_ptr_equal(e->positional.v[2].value, e->values.v[1]);
    assert_ptr_equal(e->positional.v[3].expr, e->args.v[1]);
    assert_ptr_equal(e->positional.v[4].value, e->values.v[2]);
    assert_int_equal(e->values.v[2]->list.v[1]->kind, AST_V_WORD);
}

static void statements_print_as_they_were_read(void **state)
{
    reads_as(state, "input a : f32[3]", "input a : f32[3]");
    reads_as(state, "input a : i8[3] scale 0.5 zero -3", "input a : i8[3] scale 0.5 zero -3");
    reads_as(state, "input a : i8[3] scale 0x1p-7 layout nchw",
             "input a : i8[3] scale 0.0078125 zero 0 layout nchw");
    reads_as(state, "input \"a/b\" : i16[1, 2, 3, 4]", "input \"a/b\" : i16[1, 2, 3, 4]");
    reads_as(state, "u, v = split(a, 2)", "u, v = split(a, 2)");
    reads_as(state, "output a, relu(b), c |> d(1)", "output a, relu(b), c |> d(1)");
    reads_as(state, "weights native", "weights native");
    reads_as(state, "return a", "return a");
    reads_as(state, "a = f()", "a = f()");
    reads_as(state, "a = b |> f() |> g", "a = b |> f() |> g");
    reads_as(state, "a = f(b |> g, c(d(e)))", "a = f(b |> g, c(d(e)))");
    reads_as(state, "a = f(x, k 3, s 3x4, p same, l [1, -2.5], w \"q.0\")",
             "a = f(x, k 3, s 3 x 4, p same, l [1, -2.5], w \"q.0\")");
    reads_as(state, "a = f(x, kernel kh x 3, 3 x kw)", "a = f(x, 3 x kw, kernel kh x 3)");
    reads_as(state, "a = f(x, no bias, count all, stride stride)",
             "a = f(x, no bias, count all, stride stride)");
    reads_as(state, "\"a\\\"\\\\\\x01b\" = \"f g\"(\"h.i\")",
             "\"a\\\"\\\\\\x01b\" = \"f g\"(\"h.i\")");
}

static void statements_end_at_newlines_and_semicolons(void **state)
{
    const char *want = "a = f(x) |> g\n    b = h(a, 2)\n    output b";
    reads_as(state, "a = f(x) |> g; b = h(a, 2); output b", want);
    reads_as(state, "a = f(x) |> g\r\nb = h(a, 2)\r\noutput b", want);
    reads_as(state, "\n\n;;\na = f(x)\n   |> g\n\n\n# c\nb = h(a,\n  2\n)\noutput b;\n", want);
    reads_as(state, "a = f(\n# c\nx # d\n) |> # e\n\n g # |>\nb = h(\na\n,\n2)\noutput\tb", want);
    reads_as(state, "a = f(x)\n# between\n  # the lines\n\n|> g\nb = h(a, 2)\noutput b", want);
}

static void commas_carry_over_lines(void **state)
{
    reads_as(state, "u,\n v = f(x)\noutput u,\n\n # c\n v", "u, v = f(x)\n    output u, v");
    ast_file *f = parsed(*state, "quantize {\n default : int8,\n   per tensor\n c : int4\n}");
    assert_int_equal(f->spec->rules.n, 2);
}

static void sections_come_in_any_order(void **state)
{
    qctx *ctx = *state;
    ast_file *f =
        parsed(ctx, "quantize { numerics tflm }\nblock b(x, n)\n{ return x }\nmodel\nm\n{\n}\n"
                    "block c() { a = b(c); return a, a }");
    assert_true(f->has_model && f->has_quantize);
    assert_int_equal(f->blocks.n, 2);
    assert_string_equal(f->blocks.v[0]->name.s, "b");
    assert_int_equal(f->blocks.v[0]->params.n, 2);
    assert_string_equal(f->blocks.v[0]->params.v[1].s, "n");
    assert_int_equal(f->blocks.v[1]->params.n, 0);
    assert_int_equal(f->blocks.v[1]->stmts.v[1]->exprs.n, 2);
    f = parsed(ctx, "quantize { }");
    assert_false(f->has_model);
    assert_true(f->has_quantize);
    assert_string_equal(f->model.s, "");
}

static void files_without_sections_parse(void **state)
{
    static const char *const texts[] = {
        "", "\n", "# only a comment", "   \t\r\n# c\n\n", "\xef\xbb\xbf", "\xef\xbb\xbf# c\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ast_file *f = parsed(*state, texts[i]);
        assert_false(f->has_model || f->has_quantize);
        assert_non_null(f->spec);
    }
}

/* ---- words --------------------------------------------------------------------------------- */

static const char *const language_words[] = {
    "model",      "block",       "quantize", "input",     "output",     "return",
    "weights",    "native",      "x",        "u8",        "i8",         "i16",
    "f32",        "real",        "scale",    "zero",      "layout",     "nhwc",
    "nchw",       "kernel",      "stride",   "pad",       "same",       "valid",
    "dilation",   "groups",      "no",       "bias",      "filters",    "units",
    "multiplier", "ceil",        "count",    "all",       "keep",       "axis",
    "eps",        "slope",       "shape",    "pads",      "default",    "weight",
    "activation", "activations", "biases",   "numerics",  "saved",      "q32",
    "tflm",       "single",      "onnx",     "bits",      "uniform",    "codebook",
    "grid",       "tread",       "midpoint", "symmetric", "asymmetric", "per",
    "tensor",     "channel",     "range",    "calibrate", "minmax",     "moving_average",
    "percentile", "mse",         "kl",       "power",     "of",         "two",
    "table",      "layer",       "kmeans",   "quantile",  "apot",       "entries",
    "int1",       "int4",        "int8",     "int16",     "int32",      "int64",
    "begin",      "end",         "axes",     "sizes",     "alpha",
    "size",       "align",       "half",     "output_padding", "rate",
    "augment",    "rotate",      "flip",     "probability", "fill",      "edge",
    "state",      "robust",      "adaround", "gptq",
};

enum { N_WORDS = sizeof language_words / sizeof *language_words };

/* One file in which the word is everything that may have a name. */
static void word_as_every_name(qctx *ctx, const char *w)
{
    char *text = arena_printf(
        ctx->a,
        "block %s(%s) {\n %s = %s(%s, %s %s, 3)\n %s, y = %s |> %s(%s %s x %s)\n return %s, %s\n}\n"
        "model %s {\n input %s : f32[4]\n %s = %s\n %s = relu(%s) |> %s\n output %s = %s\n output "
        "%s, %s(%s)\n}\n"
        "quantize {\n %s.weight : int4\n \"%s\" : int8\n %s.%s.bias : int32\n}\n",
        w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w,
        w);
    ast_file *f = parsed(ctx, text);
    const ast_block *b = f->blocks.v[0];
    assert_string_equal(f->model.s, w);
    assert_string_equal(b->name.s, w);
    assert_string_equal(b->params.v[0].s, w);
    assert_string_equal(b->stmts.v[0]->names.v[0].s, w);
    assert_string_equal(b->stmts.v[0]->exprs.v[0]->attrs.v[0].name.s, w);
    assert_string_equal(b->stmts.v[0]->exprs.v[0]->attrs.v[0].value->text, w);
    assert_int_equal(b->stmts.v[1]->names.n, 2);
    assert_int_equal(b->stmts.v[2]->kind, AST_S_RETURN);
    assert_int_equal(b->stmts.v[2]->exprs.n, 2);
    assert_int_equal(f->stmts.v[0]->kind, AST_S_INPUT);
    assert_string_equal(f->stmts.v[0]->names.v[0].s, w);
    assert_int_equal(f->stmts.v[1]->kind, AST_S_LET);
    assert_int_equal(f->stmts.v[3]->kind, AST_S_OUTPUT);
    assert_string_equal(f->stmts.v[3]->names.v[0].s, w);
    assert_int_equal(f->stmts.v[4]->exprs.n, 2);
    assert_int_equal(f->spec->rules.n, 3);
    const char *layer = strcmp(w, "default") ? w : NULL;
    if (layer)
        assert_string_equal(f->spec->rules.v[0].layer, layer);
    else
        assert_null(f->spec->rules.v[0].layer);
    assert_string_equal(f->spec->rules.v[1].layer, w);
    assert_string_equal(f->spec->rules.v[2].layer, arena_printf(ctx->a, "%s.%s", w, w));
}

static void every_word_may_be_a_name(void **state)
{
    qctx *ctx = *state;
    for (int i = 0; i < N_WORDS; i++)
        word_as_every_name(ctx, language_words[i]);
    for (int i = 0; i < ir_words_count(); i++)
        word_as_every_name(ctx, ir_words[i].word);
}

/* What the language knows is in the list above. */
static void the_list_of_words_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < ir_words_count(); i++)
        for (const ir_attr *at = ir_words[i].attrs; at && at->name; at++) {
            bool found = false;
            for (int k = 0; k < N_WORDS; k++)
                found |= !strcmp(language_words[k], at->name);
            if (!found)
                fail_msg("'%s' is missing", at->name);
        }
}

static void a_word_after_a_word_is_an_attribute(void **state)
{
    qctx *ctx = *state;
    /* `x` between two values is a size; elsewhere a name. */
    const ast_expr *e =
        parsed(ctx, "model m { a = f(x, stride x, kernel x x x) }")->stmts.v[0]->exprs.v[0];
    assert_int_equal(e->args.n, 1);
    assert_string_equal(e->args.v[0]->name.s, "x");
    assert_string_equal(e->attrs.v[0].value->text, "x");
    assert_int_equal(e->attrs.v[1].value->kind, AST_V_SIZE);
    assert_string_equal(e->attrs.v[1].value->list.v[1]->text, "x");
}

static const ast_expr *first_call(qctx *ctx, const char *body)
{
    const ast_expr *e =
        parsed(ctx, arena_printf(ctx->a, "model m { a = %s }", body))->stmts.v[0]->exprs.v[0];
    return e->kind == AST_E_CHAIN ? e->right : e;
}

static void flags_are_told_from_tensors_by_place(void **state)
{
    qctx *ctx = *state;
    static const struct {
        const char *call;
        int args, attrs;
    } cases[] = {
        {"maxpool(ceil, 2x2)", 1, 0},
        {"maxpool(x, 2x2, ceil)", 1, 1},
        {"maxpool(ceil, 2x2, ceil)", 1, 1},
        {"x |> maxpool(2x2, ceil)", 0, 1},
        {"global_avgpool(keep)", 1, 0},
        {"x |> global_avgpool(keep)", 0, 1},
        {"global_maxpool(x, keep)", 1, 1},
        {"maxpool(x, \"ceil\")", 2, 0},
        {"maxpool(x, keep)", 2, 0},
        {"relu(x, ceil)", 2, 0},
        {"avgpool(x, 2x2, ceil, count all)", 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ast_expr *e = first_call(ctx, cases[i].call);
        assert_int_equal(e->args.n, cases[i].args);
        assert_int_equal(e->attrs.n, cases[i].attrs);
        assert_int_equal(e->positional.n, e->args.n + e->values.n);
    }
    ast_file *f = parsed(ctx, "model m { a = maxpool(x, ceil) }\nblock maxpool(a, b) { return a }");
    assert_int_equal(f->stmts.v[0]->exprs.v[0]->args.n, 2);
}

/* ---- literals ------------------------------------------------------------------------------ */

static void numbers_read_exactly(void **state)
{
    static const struct {
        const char *text;
        double value;
        bool integer;
    } cases[] = {
        {"0", 0, true},
        {"-12", -12, true},
        {"007", 7, true},
        {"0.5", 0.5, false},
        {"-1.25e-2", -0.0125, false},
        {"1e3", 1000, false},
        {"1E+3", 1000, false},
        {"0x1.8p-3", 0.1875, false},
        {"-0X1P4", -16, false},
        {"0xap0", 10, false},
        {"18014398509481985", 18014398509481984.0, true},
        {"0.1", 0.1, false},
        {"1e-400", 0, false},
    };
    qctx *ctx = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ast_expr *e = first_call(ctx, arena_printf(ctx->a, "f(%s)", cases[i].text));
        assert_true(e->values.v[0]->number == cases[i].value);
        assert_int_equal(e->values.v[0]->integer, cases[i].integer);
    }
}

static void malformed_numbers_are_refused(void **state)
{
    static const char *const texts[] = {"",      "-",   ".",     ".5",   "1.",   "1e", "1e+",
                                        "0x",    "0x1", "0x.p1", "0x1p", "1 ",   "+1", "--1",
                                        "1.5.2", "inf", "nan",   "0b1",  "1_000"};
    double v;
    bool integer;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(literal_number(*state, texts[i], strlen(texts[i]), &v, &integer),
                         LITERAL_SYNTAX);
    assert_int_equal(literal_number(*state, "1e999", 5, &v, &integer), LITERAL_RANGE);
    assert_true(v == 0);
}

static void numbers_do_not_follow_the_locale(void **state)
{
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool set = false;
    for (int i = 0; i < 4 && !set; i++)
        set = setlocale(LC_NUMERIC, commas[i]) != NULL;
    double v;
    bool integer;
    literal_status status = literal_number(*state, "0.5", 3, &v, &integer);
    setlocale(LC_NUMERIC, "C");
    assert_int_equal(status, LITERAL_OK);
    assert_true(v == 0.5);
}

static void names_are_quoted_where_they_have_to_be(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"conv2d_1", "conv2d_1"},
        {"_", "_"},
        {"a.b", "\"a.b\""},
        {"1a", "\"1a\""},
        {"a b", "\"a b\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb\x7f", "\"a\\x0ab\\x7f\""},
        {"größe", "\"größe\""},
        {"model", "model"},
        {"", "\"\""},
    };
    qctx *ctx = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf b;
        buf_init(&b, ctx->a);
        ir_print_name(&b, cases[i].name);
        assert_string_equal(buf_str(&b), cases[i].text);
        if (*cases[i].name) {
            ast_file *f = parsed(ctx, arena_printf(ctx->a, "model %s { }", buf_str(&b)));
            assert_string_equal(f->model.s, cases[i].name);
        }
    }
}

/* Any byte but 0 comes back through quotes. */
static void every_byte_survives_quoting(void **state)
{
    qctx *ctx = *state;
    char name[256];
    for (int i = 1; i < 256; i++)
        name[i - 1] = (char)i;
    name[255] = '\0';
    buf b;
    buf_init(&b, ctx->a);
    ir_print_name(&b, name);
    assert_string_equal(parsed(ctx, arena_printf(ctx->a, "model %s { }", buf_str(&b)))->model.s,
                        name);
}

/* Every fenced block of docs/qdl.md that begins a section parses and reads back as itself. */
static void the_examples_of_the_reference_parse(void **state)
{
    qctx *ctx = *state;
    const char *top = getenv("top_srcdir");
    const source *doc =
        file_read_text(ctx, arena_printf(ctx->a, "%s/docs/qdl.md", top ? top : "."));
    if (!doc)
        skip();
    int found = 0;
    for (const char *p = strstr(doc->text, "```\n"); p; p = strstr(p, "```\n")) {
        const char *begin = p + 4, *end = strstr(begin, "```\n");
        assert_non_null(end);
        p = end + 4;
        if (strncmp(begin, "# LeNet", 7) && strncmp(begin, "block ds", 8) &&
            strncmp(begin, "quantize {", 10))
            continue;
        const char *once =
            printed(ctx, parsed(ctx, arena_strndup(ctx->a, begin, (size_t)(end - begin))));
        assert_string_equal(printed(ctx, parsed(ctx, once)), once);
        found++;
    }
    assert_int_equal(found, 3);
}

/* ---- robustness ---------------------------------------------------------------------------- */

static char *repeated(const char *head, const char *part, int n, const char *tail)
{
    size_t h = strlen(head), p = strlen(part);
    char *s = malloc(h + p * (size_t)n + strlen(tail) + 1);
    assert_non_null(s);
    memcpy(s, head, h);
    for (int i = 0; i < n; i++)
        memcpy(s + h + p * (size_t)i, part, p);
    strcpy(s + h + p * (size_t)n, tail);
    return s;
}

/* Returns whether the text parsed; a context of its own. */
static bool survives(const char *text, size_t n)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    const ast_file *f = qdl_bytes(ctx, text, n);
    assert_int_equal(f == NULL, diag_errors(ctx) > 0);
    for (int i = 0; i < diag_count(ctx); i++) {
        qloc loc = diag_get(ctx, i)->loc;
        assert_true(loc.begin <= loc.end && loc.end <= n);
    }
    all_messages(ctx);
    bool ok = f != NULL;
    qctx_free(ctx);
    return ok;
}

static void deep_and_long_texts_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part;
        int n;
        const char *tail;
        bool ok;
    } cases[] = {
        {"model m { a = ", "f(", 62, "x", false},
        {"model m { a = ", "f(", 100000, "x", false},
        {"", "(", 100000, "", false},
        {"", "{", 100000, "", false},
        {"", "[{(", 50000, "", false},
        {"", "}", 100000, "", false},
        {"model m { a = x", " |> f", 450, " }", true},
        {"model m { a = x", " |> f", 200000, " }", false},
        {"model m { a = f(x", ", 3", 200000, ") }", true},
        {"model m {", "\na = f(x)", 20000, "}", true},
        {"model m { a = f([1", ", 2", 100000, "]) }", true},
        {"model m {", "\n", 500000, "}", true},
        {"model m {", ";", 500000, "}", true},
        {"", "# c\n", 200000, "", true},
        {"model \"", "a", 1000000, "\" { }", true},
        {"model m { a = f(", "9", 300, ") }", true},
        {"model m { a = f(", "9", 1000, ") }", false},
        {"quantize { default :", " int8", 100000, " }", false},
        {"quantize { a", ".b", 50000, " : int8 }", true},
        {"", "@ ", 500000, "", false},
        {"", "\n|>", 100000, "", false},
        {"model m { a = x", "\n\n|> f", 400, " }", true},
        {"model m { a = f(", "\nb =", 10000, " }", false},
        {"", "model m {\n", 10000, "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *s = repeated(cases[i].head, cases[i].part, cases[i].n, cases[i].tail);
        if (survives(s, strlen(s)) != cases[i].ok)
            fail_msg("%s%s…: %s", cases[i].head, cases[i].part, cases[i].ok ? "refused" : "taken");
        free(s);
    }
}

static void random_bytes_are_refused_calmly(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 7);
    for (int round = 0; round < 2000; round++) {
        char text[300];
        size_t n = rng_below(&r, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)rng_next(&r);
        survives(text, n);
    }
}

static const char seed_text[] =
    "block d(x, n) {\n a = conv2d(x, n, kernel 3x3, pad [1, 1, 1, 1], weights \"p.0\") |> relu\n"
    " return a |> maxpool(2x2, ceil)\n}\n"
    "model m {\n input x : u8[8, 8, 3] real [-1, 1]\n input \"y/z\" : i8[4] scale 0x1p-7 zero -3\n"
    " u, v = d(x, 8)\n output s = softmax(u)\n weights native\n}\n"
    "quantize {\n numerics q32\n default : weights int8 symmetric per channel, activations "
    "calibrate percentile 99.9\n"
    " a.weight : codebook 4 bits, entries [0, 0.5, 1], table per layer\n u : range [-1, 1] grid "
    "midpoint\n}\n";

static const char *const fragments[] = {
    "(",      ")",       "[",       "]",        "{",     "}",      ",",      ";",
    ":",      "=",       ".",       "|>",       "\n",    "\"",     "\\",     "#",
    "@",      "-",       "3x3",     "0x1p-3",   "1e999", "model ", "block ", "quantize ",
    "input ", "output ", "return ", "weights ", "x",     " ",      "\0",     "\xff\xfe",
    "int9 ",  "range ",  "per ",    "default ", "zero ", "real ",
};

/* Cuts, doublings and fragments at random places of a right text. */
static void mutated_texts_are_refused_calmly(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 1);
    enum { N = sizeof seed_text - 1, ROOM = 4 * N };
    for (int round = 0; round < 4000; round++) {
        char text[ROOM];
        size_t n = N;
        memcpy(text, seed_text, N);
        for (uint64_t k = rng_below(&r, 6) + 1; k > 0; k--) {
            size_t at = rng_below(&r, n + 1), cut = rng_below(&r, 4) ? rng_below(&r, 12) : 0;
            const char *f = fragments[rng_below(&r, sizeof fragments / sizeof *fragments)];
            size_t add = *f ? strlen(f) : 1;
            cut = cut > n - at ? n - at : cut;
            if (n + add > ROOM)
                break;
            memmove(text + at + add, text + at + cut, n - at - cut);
            memcpy(text + at, f, add);
            n = n - cut + add;
        }
        survives(text, n);
    }
}

static void every_prefix_is_taken_or_refused(void **state)
{
    (void)state;
    assert_true(survives(seed_text, sizeof seed_text - 1));
    for (size_t n = 0; n < sizeof seed_text - 1; n++)
        survives(seed_text, n);
}

/* Whether the text parses while the nth allocation fails. */
static bool parses_without(qctx *ctx, const source *src, unsigned long nth)
{
    if (setjmp(*arena_guard(ctx->a)))
        return false;
    arena_fail_at(ctx->a, nth);
    return qdl_parse(ctx, src) != NULL;
}

/* Running out of memory at any allocation goes to the guard and leaks nothing. */
static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    static const source src = {"t.qdl", seed_text, sizeof seed_text - 1};
    bool ended = false;
    for (unsigned long nth = 1; !ended && nth < 5000; nth++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        ended = parses_without(ctx, &src, nth);
        qctx_free(ctx);
    }
    assert_true(ended);
}

static void two_parsers_do_not_meet(void **state)
{
    qctx *ctx = *state, *other = qctx_new();
    ast_file *a = parsed(ctx, lenet);
    assert_null(qdl_text(other, "model m { a = }"));
    assert_int_equal(diag_errors(ctx), 0);
    assert_int_equal(diag_errors(other), 1);
    qctx_free(other);
    assert_string_equal(a->model.s, "lenet");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, qdl_setup, qdl_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_model_has_name_statements_and_places),
        TEST(a_chain_holds_its_calls),
        TEST(an_output_may_have_a_name),
        TEST(positional_arguments_keep_their_order),
        TEST(statements_print_as_they_were_read),
        TEST(statements_end_at_newlines_and_semicolons),
        TEST(commas_carry_over_lines),
        TEST(sections_come_in_any_order),
        TEST(files_without_sections_parse),
        TEST(every_word_may_be_a_name),
        TEST(the_list_of_words_is_complete),
        TEST(a_word_after_a_word_is_an_attribute),
        TEST(flags_are_told_from_tensors_by_place),
        TEST(numbers_read_exactly),
        TEST(malformed_numbers_are_refused),
        TEST(numbers_do_not_follow_the_locale),
        TEST(names_are_quoted_where_they_have_to_be),
        TEST(every_byte_survives_quoting),
        TEST(the_examples_of_the_reference_parse),
        TEST(deep_and_long_texts_are_taken_or_refused),
        TEST(random_bytes_are_refused_calmly),
        TEST(mutated_texts_are_refused_calmly),
        TEST(every_prefix_is_taken_or_refused),
        TEST(running_out_of_memory_is_survived),
        TEST(two_parsers_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
