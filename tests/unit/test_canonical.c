/* test_canonical.c - the printed form of a graph and the hash of the canonical model. */
#include "tests/unit/cm.h"

#include "tests/unit/ir_build.h"

/* ---- the printer --------------------------------------------------------------------------- */

static void prints_qdl(void **state)
{
    qctx *ctx = *state;
    net_maker m = small_net(ctx);
    buf b;
    buf_init(&b, ctx->a);
    ir_find_tensor(m.g, "r")->name = "block.r";
    ir_print_model(m.g, &b);
    assert_string_equal(buf_str(&b),
                        "model m {\n"
                        "    weights native\n"
                        "    input x : f32[5, 6, 2]\n"
                        "    c = conv2d(x, 3, kernel 3x3)\n"
                        "    \"block.r\" = relu(c)\n"
                        "    f = flatten(\"block.r\")\n"
                        "    d = dense(f, 4, no bias)\n"
                        "    output d\n"
                        "}\n");
}

static void prints_every_attribute(void **state)
{
    qctx *ctx = *state;
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "in put", shape3(9, 9, 4));
    x->u8_port = true;
    x->real_hi = 1;
    m.g->layout = "nchw";
    ir_tensor *c = net_conv(&m, "c", x, 8, 3, 4);
    ir_attrs *at = &c->producer->at;
    at->depthwise = true;
    at->act = IR_ACT_RELU6;
    at->pad[0] = 1;
    at->stride[1] = 2;
    ir_weight(c->producer)->name = "label.weight";
    ir_attrs pool = {.kernel = {3, 2}, .stride = {1, 2}, .count_all = true, .ceil_mode = true};
    ir_tensor *p = net_op(&m, OP_AVGPOOL, "p", &pool, 1, &c);
    ir_attrs slope = {.alpha = 0.1};
    ir_tensor *l = net_op(&m, OP_LEAKY_RELU, "quote\"d", &slope, 1, &p);
    ir_tensor *two[2] = {l, l};
    ir_attrs axis = {.axis = 0};
    net_output(&m, net_op(&m, OP_CONCAT, "k", &axis, 2, two));
    buf b;
    buf_init(&b, ctx->a);
    ir_print_model(m.g, &b);
    assert_string_equal(
        buf_str(&b),
        "model m {\n"
        "    weights native\n"
        "    input \"in put\" : u8[9, 9, 4] real [0.0, 1.0] layout nchw\n"
        "    c = depthwise(\"in put\", kernel 3x3, stride 1x2, pad [1, 0, 0, 0], multiplier 2, "
        "weights \"label\") |> relu6\n"
        "    p = avgpool(c, 3x2, stride 1x2, ceil, count all)\n"
        "    \"quote\\\"d\" = leaky_relu(p, slope 0.1)\n"
        "    k = concat(\"quote\\\"d\", \"quote\\\"d\", axis 0)\n"
        "    output k\n"
        "}\n");
}

static void comments_tell_what_qdl_cannot(void **state)
{
    qctx *ctx = *state;
    ir_graph *g = quantized_net(ctx);
    buf b;
    buf_init(&b, ctx->a);
    ir_print(g, &b);
    assert_non_null(strstr(buf_str(&b), "# stage: quantized"));
    assert_non_null(strstr(buf_str(&b), "\"c.weight\" 3x3x3x2 i8 int8 per channel (3) #"));
    assert_non_null(strstr(buf_str(&b), "input x : i8[5, 6, 2] scale 0x1.0"));
}

static void any_name_can_be_printed(void **state)
{
    static const struct { const char *name, *text; } cases[] = {
        {"c1", "c1"}, {"_x9", "_x9"}, {"9x", "\"9x\""}, {"a.b/c:0", "\"a.b/c:0\""}, {"", "\"\""},
        {"q\"\\", "\"q\\\"\\\\\""}, {"new\nline\x7f", "\"new\\x0aline\\x7f\""}, {"é", "\"é\""},
        {"model", "model"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf b;
        buf_init(&b, ((qctx *)*state)->a);
        ir_print_name(&b, cases[i].name);
        assert_string_equal(buf_str(&b), cases[i].text);
    }
}

static void numbers_in_hexadecimal(void **state)
{
    buf b;
    buf_init(&b, ((qctx *)*state)->a);
    ir_print_hex(&b, 0.15625);
    assert_string_equal(buf_str(&b), "0x1.4p-3");
}

/* ---- the hash ------------------------------------------------------------------------------ */

static void other_name(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->name = "q"; }
static void other_model(qctx *ctx, ir_graph *g) { (void)ctx; g->name = "n"; }
static void other_mode(qctx *ctx, ir_graph *g) { (void)ctx; g->numerics = IR_NUM_TFLM; }
static void other_pad(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->at.pad[3]++; }
static void other_act(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->at.act = IR_ACT_RELU; }
static void other_port(qctx *ctx, ir_graph *g) { (void)ctx; g->inputs.v[0]->u8_port = true; }
static void other_kind(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[1]->kind = OP_RELU6; }
static void other_bits(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "d.weight")->quant->bits = 7; }
static void other_scale(qctx *ctx, ir_graph *g)
{
    ir_quant *q = ir_find_tensor(g, "d.weight")->quant;
    float *scale = arena_memdup(ctx->a, q->scale, (size_t)q->n * sizeof *scale);
    scale[2] *= 1.0000001f;
    q->scale = scale;
}
static void other_codes(qctx *ctx, ir_graph *g)
{
    ir_tensor *w = ir_find_tensor(g, "d.weight");
    int8_t *codes = arena_memdup(ctx->a, w->data, (size_t)ir_elems(&w->shape));
    codes[7]++;
    w->data = codes;
}

static void (*const changes[])(qctx *, ir_graph *) = {
    other_name, other_model, other_mode, other_pad, other_act, other_port, other_kind, other_bits,
    other_scale, other_codes,
};

static void provenance(qctx *ctx, ir_graph *g)
{
    (void)ctx;
    ir_find_tensor(g, "r")->quant->lo = -7;
    ir_find_tensor(g, "d.weight")->quant->clipped = 0.5;
    g->source_sha256 = "00";
    g->layout = "nchw";
    g->ops.v[0]->wname = "features.0";
    ir_find_tensor(g, "x")->declared = true;
}

/* Tensors listed in another order, as another reader may make them. */
static void reorder(qctx *ctx, ir_graph *g)
{
    (void)ctx;
    int n = g->tensors.n;
    for (int i = 0; i < n / 2; i++) {
        ir_tensor *t = g->tensors.v[i];
        g->tensors.v[i] = g->tensors.v[n - 1 - i];
        g->tensors.v[n - 1 - i] = t;
    }
    for (int i = 0; i < n; i++)
        g->tensors.v[i]->id = i;
}

static void the_hash_sees_what_counts_and_nothing_else(void **state)
{
    char base[65], other[65];
    ir_canonical_sha256(*state, quantized_net(*state), base);
    ir_canonical_sha256(*state, quantized_net(*state), other);
    assert_string_equal(base, other);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        ir_graph *g = quantized_net(*state);
        changes[i](*state, g);
        ir_canonical_sha256(*state, g, other);
        assert_string_not_equal(base, other);
    }
    ir_graph *g = quantized_net(*state);
    provenance(*state, g);
    ir_canonical_sha256(*state, g, other);
    assert_string_equal(base, other);
    reorder(*state, g);
    ir_canonical_sha256(*state, g, other);
    assert_string_equal(base, other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(prints_qdl),
        T(prints_every_attribute),
        T(comments_tell_what_qdl_cannot),
        T(any_name_can_be_printed),
        T(numbers_in_hexadecimal),
        T(the_hash_sees_what_counts_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
