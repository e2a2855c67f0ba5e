/* test_onnx.c - .onnx models written by the test: float nets against the same computation in
 * channels-first order, the layouts that are found, --bind, what is told of models that cannot be
 * imported, and files that are cut off or changed. Run it under sanitizers (./configure
 * --enable-sanitizers). */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/import/make_onnx.h"
#include "tests/unit/context.h"

static net *load(qctx *ctx, const source *src, const import_options *o, imported **pair)
{
    const net_options no = {0};
    *pair = import_source(ctx, src, "net", o);
    net *n = *pair ? net_load_imported(ctx, *pair, &no) : NULL;
    if (!n)
        fail_msg("%s", all_messages(ctx));
    return n;
}

static void expect_text(const imported *pair, const char *line)
{
    if (!strstr(pair->qdl->text, line))
        fail_msg("no '%s' in\n%s", line, pair->qdl->text);
}

/* ---- a net as PyTorch exports it ----------------------------------------------------------- */

enum { C = 3, H = 7, W = 6, O = 4, F = 5 };
static const int64_t image[] = {0, C, H, W};

/* conv 3x2 (pads 1, 0, 1, 1) + bias, batch norm, relu, max pool 2x2, flatten by a chain of shapes,
 * Gemm. */
static made_onnx *torch_net(qctx *ctx, rng *r, const float *v[8])
{
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "input.1", ONX_FLOAT, 4, image);
    v[0] = onnx_floats(b, "conv1.weight", r, D(O, C, 3, 2));
    v[1] = onnx_floats(b, "conv1.bias", r, D(O));
    Onnx__NodeProto *conv =
        onnx_add_node(b, "Conv", "input.1 conv1.weight conv1.bias", "/conv1/Conv_output_0");
    onnx_set_ints(b, conv, "pads", D(1, 0, 1, 1));
    onnx_set_ints(b, conv, "kernel_shape", D(3, 2));
    v[2] = onnx_floats(b, "bn.weight", r, D(O));
    v[3] = onnx_floats(b, "bn.bias", r, D(O));
    v[4] = onnx_floats(b, "bn.mean", r, D(O));
    float var[O] = {1, 0.5f, 2, 0.25f};
    v[5] = arena_memdup(ctx->a, var, sizeof var);
    onnx_init(b, "bn.var", ONX_FLOAT, D(O), var, sizeof var);
    Onnx__NodeProto *bn = onnx_add_node(
        b, "BatchNormalization", "/conv1/Conv_output_0 bn.weight bn.bias bn.mean bn.var", "bn_out");
    onnx_set_float(b, bn, "epsilon", 1e-3f);
    onnx_add_node(b, "Relu", "bn_out", "relu_out");
    Onnx__NodeProto *pool = onnx_add_node(b, "MaxPool", "relu_out", "pool_out");
    onnx_set_ints(b, pool, "kernel_shape", D(2, 2));
    onnx_set_ints(b, pool, "strides", D(2, 2));
    onnx_add_node(b, "Shape", "pool_out", "shape");
    onnx_int64s(b, "zero", D(0));
    onnx_int64s(b, "rest", D(-1));
    onnx_add_node(b, "Gather", "shape zero", "rows");
    Onnx__NodeProto *cat = onnx_add_node(b, "Concat", "rows rest", "to");
    onnx_set_int(b, cat, "axis", 0);
    onnx_add_node(b, "Reshape", "pool_out to", "flat");
    v[6] = onnx_floats(b, "fc.weight", r, D(F, O * 3 * 3));
    v[7] = onnx_floats(b, "fc.bias", r, D(F));
    Onnx__NodeProto *fc = onnx_add_node(b, "Gemm", "flat fc.weight fc.bias", "logits");
    onnx_set_int(b, fc, "transB", 1);
    onnx_output(b, "logits");
    return b;
}

/* The same by loops over [C, H, W]. */
static void torch_reference(const float *x, const float *const v[8], double *y)
{
    static double conv[O][H][W], pool[O * 3 * 3];
    for (int o = 0; o < O; o++)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++) {
                double s = (double)v[1][o];
                for (int c = 0; c < C; c++)
                    for (int a = 0; a < 3; a++)
                        for (int k = 0; k < 2; k++) {
                            int h = i + a - 1, w = j + k;
                            if (h >= 0 && h < H && w < W)
                                s += (double)v[0][((o * C + c) * 3 + a) * 2 + k] *
                                     (double)x[(c * H + h) * W + w];
                        }
                s = (s - (double)v[4][o]) / sqrt((double)v[5][o] + 1e-3) * (double)v[2][o] +
                    (double)v[3][o];
                conv[o][i][j] = s > 0 ? s : 0;
            }
    for (int o = 0; o < O; o++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                pool[(o * 3 + i) * 3 + j] =
                    fmax(fmax(conv[o][2 * i][2 * j], conv[o][2 * i][2 * j + 1]),
                         fmax(conv[o][2 * i + 1][2 * j], conv[o][2 * i + 1][2 * j + 1]));
    for (int f = 0; f < F; f++) {
        y[f] = (double)v[7][f];
        for (int i = 0; i < O * 9; i++)
            y[f] += (double)v[6][f * O * 9 + i] * pool[i];
    }
}

static void torch_export_is_read(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    rng r;
    const float *v[8];
    const import_options o = {0};
    imported *pair;
    rng_seed(&r, 1);
    net *n = load(ctx, onnx_finish(torch_net(ctx, &r, v)), &o, &pair);
    expect_text(pair, "f32[7, 6, 3] layout nchw");
    expect_text(pair, "conv1 = conv2d(");
    assert_null(strstr(pair->qdl->text, "transpose"));
    float x[C * H * W], turned[C * H * W], got[F];
    double want[F];
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < C * H * W; i++)
            x[i] = (float)(2 * rng_double(&r) - 1);
        for (int i = 0; i < C * H * W; i++)
            turned[i] = x[port_host_index(&n->floating->inputs.v[0]->shape, true, i)];
        interp_run(interp_new(ctx, n->floating), (const void *[]){turned}, (void *[]){got});
        torch_reference(x, v, want);
        for (int i = 0; i < F; i++)
            assert_true(fabs((double)got[i] - want[i]) < 1e-4);
    }
    qctx_free(ctx);
}

/* As tf2onnx exports: NHWC outside, transposes around the convolution, which cost nothing. */
static void tensorflow_export_keeps_its_order(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    rng r;
    const import_options o = {0};
    imported *pair;
    rng_seed(&r, 2);
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "serving_default_x:0", ONX_FLOAT, D(0, 7, 6, 3));
    Onnx__NodeProto *in = onnx_add_node(b, "Transpose", "serving_default_x:0", "a");
    onnx_set_ints(b, in, "perm", D(0, 3, 1, 2));
    onnx_floats(b, "model/conv/kernel", &r, D(4, 3, 3, 3));
    Onnx__NodeProto *conv = onnx_add_node(b, "Conv", "a model/conv/kernel", "c");
    onnx_set_text(b, conv, "auto_pad", "SAME_UPPER");
    onnx_set_ints(b, conv, "strides", D(2, 2));
    onnx_scalar(b, "lo", 0);
    onnx_scalar(b, "hi", 6);
    onnx_add_node(b, "Clip", "c lo hi", "d");
    Onnx__NodeProto *out = onnx_add_node(b, "Transpose", "d", "y");
    onnx_set_ints(b, out, "perm", D(0, 2, 3, 1));
    onnx_output(b, "y");
    load(ctx, onnx_finish(b), &o, &pair);
    expect_text(pair, "input x : f32[7, 6, 3]\n");
    expect_text(pair, "conv = conv2d(x, 4, kernel 3x3, stride 2x2, pad [1, 1, 0, 1], no bias)");
    expect_text(pair, "relu6(");
    assert_null(strstr(pair->qdl->text, "transpose"));
    assert_null(strstr(pair->qdl->text, "reshape"));
    qctx_free(ctx);
}

static void a_sum_becomes_the_bias(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    rng r;
    const import_options o = {0};
    imported *pair;
    rng_seed(&r, 3);
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, 6));
    onnx_floats(b, "w", &r, D(6, 4));
    const float *bias = onnx_floats(b, "bias", &r, D(4));
    onnx_add_node(b, "MatMul", "x w", "p");
    onnx_add_node(b, "Add", "p bias", "y");
    onnx_output(b, "y");
    net *n = load(ctx, onnx_finish(b), &o, &pair);
    assert_int_equal(n->floating->ops.n, 1);
    assert_int_equal(n->floating->ops.v[0]->kind, OP_DENSE);
    assert_memory_equal(ir_bias(n->floating->ops.v[0])->data, bias, 4 * sizeof(float));
    qctx_free(ctx);
}

/* ---- layouts, bindings --------------------------------------------------------------------- */

/* Only relu: nothing says where the channels are. */
static void unknown_layout_is_an_error(void **state)
{
    (void)state;
    const char *layouts[] = {NULL, "nchw", "nhwc"};
    const char *inputs[] = {NULL, "f32[4, 5, 3] layout nchw", "f32[3, 4, 5]\n"};
    for (int i = 0; i < 3; i++) {
        qctx *ctx = fresh_context();
        const import_options o = {.layout = layouts[i]};
        made_onnx *b = onnx_new(ctx);
        onnx_input(b, "x", ONX_FLOAT, D(1, 3, 4, 5));
        onnx_add_node(b, "Relu", "x", "y");
        onnx_output(b, "y");
        imported *pair = import_source(ctx, onnx_finish(b), "net", &o);
        assert_int_equal(pair != NULL, i > 0);
        if (i) {
            expect_text(pair, inputs[i]);
        } else {
            assert_int_equal(diag_count(ctx), 1);
            assert_int_equal(diag_get(ctx, 0)->id, D_IMPORT_LAYOUT);
        }
        qctx_free(ctx);
    }
}

static made_onnx *open_conv(qctx *ctx)
{
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, 2, 5, 4));
    onnx_input(b, "w", ONX_FLOAT, D(3, 2, 3, 3));
    onnx_add_node(b, "Conv", "x w", "y");
    onnx_output(b, "y");
    return b;
}

static void an_input_is_bound(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    struct import_needed needed = {0};
    import_options o = {.needed = &needed};
    char path[] = "/tmp/qcc-bind-XXXXXX.npy";
    imported *pair;
    assert_null(import_source(ctx, onnx_finish(open_conv(ctx)), "net", &o));
    assert_non_null(strstr(all_messages(ctx), "--bind w=FILE"));
    assert_int_equal(needed.names.n, 1);
    assert_string_equal(needed.names.v[0], "w");
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    close(fd);
    float w[54];
    for (int i = 0; i < 54; i++)
        w[i] = (float)i;
    assert_true(npy_write(ctx, path, DT_F32, 4, (const int64_t[]){3, 2, 3, 3}, w));
    qctx *again = fresh_context();
    assert_true(import_bind(again, arena_printf(again->a, "w=%s", path), &o));
    net *n = load(again, onnx_finish(open_conv(again)), &o, &pair);
    assert_int_equal(n->floating->inputs.n, 1);
    const float *bound = ir_weight(n->floating->ops.v[0])->data;
    for (int i = 0; i < 54; i++) /* [O, C, kh, kw] → [O, kh, kw, C] */
        assert_true(bound[i] == (float)(i / 18 * 18 + i % 2 * 9 + i % 18 / 2));
    unlink(path);
    o.binds.v[0].name = "nobody";
    assert_null(import_source(again, onnx_finish(open_conv(again)), "net", &o));
    assert_int_equal(diag_get(again, diag_count(again) - 1)->id, D_IMPORT_BIND);
    qctx_free(ctx);
    qctx_free(again);
}

/* ---- quantized models ---------------------------------------------------------------------- */

enum { QC = 2, QH = 5, QW = 4, QO = 3 };
#define SX 0.02f
#define SY 0.05f
static const float weight_scale[QO] = {0.01f, 0.02f, 0.005f};

/* A 3x2 convolution of uint8 codes (zero point 100 to 120) with relu; weights of type w, zero point
 * zw for all; linear: as one QLinearConv, else between DequantizeLinear and QuantizeLinear. */
static const source *quantized_conv(qctx *ctx, int w, int zw, bool linear,
                                    const unsigned char *codes, const int32_t *bias)
{
    made_onnx *b = onnx_new(ctx);
    unsigned char zeros[QO] = {(unsigned char)zw, (unsigned char)zw, (unsigned char)zw};
    float bias_scale[QO];
    for (int o = 0; o < QO; o++)
        bias_scale[o] = SX * weight_scale[o];
    onnx_input(b, "x", linear ? ONX_UINT8 : ONX_FLOAT, D(1, QC, QH, QW));
    onnx_scalar(b, "sx", SX);
    onnx_code(b, "zx", ONX_UINT8, 100);
    onnx_scalar(b, "sy", SY);
    onnx_code(b, "zy", ONX_UINT8, 120);
    onnx_init(b, "w", w, D(QO, QC, 3, 2), codes, QO * QC * 6);
    onnx_init(b, "sw", ONX_FLOAT, D(QO), weight_scale, sizeof weight_scale);
    onnx_init(b, "zw", w, D(QO), zeros, QO);
    onnx_init(b, "b", ONX_INT32, D(QO), bias, QO * sizeof *bias);
    onnx_init(b, "sb", ONX_FLOAT, D(QO), bias_scale, sizeof bias_scale);
    if (linear) {
        onnx_set_ints(b, onnx_add_node(b, "QLinearConv", "x sx zx w sw zw sy zy b", "y"), "pads",
                      D(1, 0, 1, 1));
        onnx_output(b, "y");
        return onnx_finish(b);
    }
    onnx_add_node(b, "QuantizeLinear", "x sx zx", "xq");
    onnx_add_node(b, "DequantizeLinear", "xq sx zx", "xr");
    onnx_set_int(b, onnx_add_node(b, "DequantizeLinear", "w sw zw", "wr"), "axis", 0);
    onnx_set_int(b, onnx_add_node(b, "DequantizeLinear", "b sb", "br"), "axis", 0);
    onnx_set_ints(b, onnx_add_node(b, "Conv", "xr wr br", "c"), "pads", D(1, 0, 1, 1));
    onnx_add_node(b, "Relu", "c", "r");
    onnx_add_node(b, "QuantizeLinear", "r sy zy", "yq");
    onnx_add_node(b, "DequantizeLinear", "yq sy zy", "y");
    onnx_output(b, "y");
    return onnx_finish(b);
}

/* The code of output channel o at i, j, by the definition of mode onnx. */
static int conv_code(const int *x, const unsigned char *codes, int w, int zw, const int32_t *bias,
                     bool relu, int o, int i, int j)
{
    int acc = bias[o];
    for (int c = 0; c < QC; c++)
        for (int a = 0; a < 3; a++)
            for (int k = 0; k < 2; k++) {
                int h = i + a - 1, v = j + k, code = codes[((o * QC + c) * 3 + a) * 2 + k];
                int level = (w == ONX_INT8 ? (int8_t)code : code) - zw;
                if (h >= 0 && h < QH && v < QW)
                    acc += level * (x[(c * QH + h) * QW + v] - 100);
            }
    volatile float f = SX * weight_scale[o];
    f = f / SY;
    volatile float y = (float)acc * f;
    int code = 120 + (int)nearbyintf(y);
    return code < (relu ? 120 : 0) ? (relu ? 120 : 0) : code > 255 ? 255 : code;
}

static void quantized_convolutions_are_exact(void **state)
{
    (void)state;
    static const struct {
        int type, zero;
        bool linear;
    } cases[] = {{ONX_INT8, 0, false},
                 {ONX_INT8, 0, true},
                 {ONX_UINT8, 128, false},
                 {ONX_UINT8, 90, true},
                 {ONX_INT8, -3, true}};
    rng r;
    rng_seed(&r, 7);
    for (size_t t = 0; t < sizeof cases / sizeof *cases; t++) {
        qctx *ctx = fresh_context();
        const import_options o = {0};
        const net_options no = {0};
        imported *pair;
        unsigned char codes[QO * QC * 6];
        int32_t bias[QO];
        int x[QC * QH * QW];
        int8_t in[QC * QH * QW], out[QO * QH * QW];
        for (int i = 0; i < QO * QC * 6; i++)
            codes[i] = (unsigned char)rng_below(&r, 256);
        for (int i = 0; i < QO; i++)
            bias[i] = (int32_t)rng_below(&r, 20000) - 10000;
        net *n = load(
            ctx, quantized_conv(ctx, cases[t].type, cases[t].zero, cases[t].linear, codes, bias),
            &o, &pair);
        assert_true(pair->quantized);
        expect_text(pair, "numerics onnx");
        expect_text(pair, "layout nchw");
        assert_true(net_quantize(ctx, n, &no));
        interp *it = interp_new(ctx, n->legal);
        const ir_tensor *px = n->legal->inputs.v[0], *py = n->legal->outputs.v[0];
        for (int i = 0; i < QC * QH * QW; i++)
            x[i] = (int)rng_below(&r, 256);
        for (int i = 0; i < QC * QH * QW; i++)
            in[i] = (int8_t)(x[port_host_index(&px->shape, true, i)] - 128);
        interp_run(it, (const void *[]){in}, (void *[]){out});
        for (int i = 0; i < QO * QH * QW; i++) {
            int at = (int)port_host_index(&py->shape, true, i);
            int want = conv_code(x, codes, cases[t].type, cases[t].zero, bias, !cases[t].linear,
                                 at / (QH * QW), at / QW % QH, at % QW);
            if (out[i] + 128 != want)
                fail_msg("case %zu, element %d: %d, not %d", t, at, out[i] + 128, want);
        }
        qctx_free(ctx);
    }
}

/* ---- what cannot be imported --------------------------------------------------------------- */

static void all_is_told_at_once(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    const import_options o = {0};
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, 2, 5, 4));
    onnx_add_node(b, "Det", "x", "a")->name = (char *)(uintptr_t) "first";
    onnx_add_node(b, "Relu", "a", "b");
    onnx_add_node(b, "Erf", "x", "c")->domain = (char *)(uintptr_t) "my.own";
    Onnx__NodeProto *pad = onnx_add_node(b, "Pad", "x", "d");
    onnx_set_text(b, pad, "mode", "reflect");
    onnx_output(b, "b");
    onnx_output(b, "c");
    onnx_output(b, "d");
    assert_null(import_source(ctx, onnx_finish(b), "net", &o));
    static const char *const says[] = {"3 things cannot be imported",
                                       "Det 'first' (node 0): this version has no",
                                       "my.own.Erf 'c' (node 2): this version has no",
                                       "Pad 'd' (node 3)",
                                       "hint: pad with zeros",
                                       "import-unsupported"};
    const char *text = all_messages(ctx);
    assert_int_equal(diag_count(ctx), 1);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (!strstr(text, says[i]))
            fail_msg("no '%s' in\n%s", says[i], text);
    qctx_free(ctx);
}

/* ---- broken files -------------------------------------------------------------------------- */

/* x: [1, 2, 5, 4]. The attribute is a number where n is 0, else a list. */
static const struct {
    const char *type, *in, *attribute;
    int n;
    int64_t v[4];
    const char *says;
} refusals[] = {
    {"ConvTranspose", "x w", "output_padding", 2, {40000}, "its output_padding is not in 0..32767"},
    {"ConvTranspose", "x w", "pads", 2, {1, 1}, "its pads are not 4 numbers"},
    {"ConvTranspose",
     "x w",
     "pads",
     4,
     {9},
     "its result has -2 cells where kernel and stride give"},
    {"ConvTranspose", "x w", "output_shape", 1, {9}, "its output_shape is not 2 numbers"},
    {"ConvTranspose", "x v", "strides", 2, {1, 1}, "weights 3x3x3x3 in 1 groups do not suit 2"},
    {"LpNormalization", "x", "p", 0, {1}, "its axis is the batch, or its order is not 2"},
    {"Resize", "x - three", "antialias", 0, {0}, "it has 3 sizes for 4 dimensions"},
    {"Resize", "x - twice", "antialias", 0, {0}, "it resizes dimension 1 to 4"},
};

static void refusals_say_why(void **state)
{
    (void)state;
    static const float twice[] = {1, 2, 2, 2};
    const import_options o = {.layout = "nchw"};
    rng r;
    rng_seed(&r, 9);
    for (size_t k = 0; k < sizeof refusals / sizeof *refusals; k++) {
        qctx *ctx = fresh_context();
        made_onnx *b = onnx_new(ctx);
        onnx_input(b, "x", ONX_FLOAT, D(1, 2, 5, 4));
        onnx_floats(b, "w", &r, D(2, 3, 3, 3));
        onnx_floats(b, "v", &r, D(3, 3, 3, 3));
        onnx_init(b, "three", ONX_FLOAT, D(3), twice, 3 * sizeof *twice);
        onnx_init(b, "twice", ONX_FLOAT, D(4), twice, sizeof twice);
        Onnx__NodeProto *n = onnx_add_node(b, refusals[k].type, refusals[k].in, "y");
        if (refusals[k].n)
            onnx_set_ints(b, n, refusals[k].attribute, refusals[k].n, refusals[k].v);
        else
            onnx_set_int(b, n, refusals[k].attribute, refusals[k].v[0]);
        onnx_output(b, "y");
        assert_null(import_source(ctx, onnx_finish(b), "net", &o));
        assert_int_equal(diag_count(ctx), 1);
        assert_int_equal(diag_get(ctx, 0)->id, D_IMPORT_UNSUPPORTED);
        if (!strstr(all_messages(ctx), refusals[k].says))
            fail_msg("no '%s' in\n%s", refusals[k].says, all_messages(ctx));
        qctx_free(ctx);
    }
}

/* Exactly these bytes: imported, or refused with an error. */
static void try_bytes(const char *bytes, size_t n)
{
    qctx *ctx = fresh_context();
    const import_options o = {.layout = "nchw"};
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    const source src = {"x.onnx", copy, n};
    imported *pair = import_source(ctx, &src, "net", &o);
    if (!pair)
        assert_true(diag_errors(ctx) >= 1);
    free(copy);
    qctx_free(ctx);
}

/* Cut off at every 64th byte; up to four bytes changed, `times` times. */
static void break_file(const source *s, rng *r, int times)
{
    for (size_t n = 0; n < s->len; n += 64)
        try_bytes(s->text, n);
    char *copy = malloc(s->len);
    assert_non_null(copy);
    memcpy(copy, s->text, s->len);
    for (int i = 0; i < times; i++) {
        size_t at[4];
        for (int k = 0; k < 4; k++) {
            at[k] = (size_t)rng_below(r, s->len);
            if (k <= i % 4)
                copy[at[k]] = (char)rng_below(r, 256);
        }
        try_bytes(copy, s->len);
        for (int k = 0; k < 4; k++)
            copy[at[k]] = s->text[at[k]];
    }
    free(copy);
}

static void broken_bytes_are_refused(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    rng r;
    const float *v[8];
    unsigned char codes[QO * QC * 6] = {1, 2, 3};
    const int32_t bias[QO] = {5, -5, 0};
    rng_seed(&r, 5);
    break_file(onnx_finish(torch_net(ctx, &r, v)), &r, 1000);
    break_file(quantized_conv(ctx, ONX_INT8, 0, false, codes, bias), &r, 1500);
    break_file(quantized_conv(ctx, ONX_UINT8, 3, true, codes, bias), &r, 1500);
    qctx_free(ctx);
}

/* Graphs in attributes of nodes of graphs …: protobuf-c alone would run out of stack. */
static void deep_nesting_is_refused(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    const import_options o = {0};
    enum { DEEP = 20000 };
    /* from the inside: field 6 of an attribute, 5 of a node, 1 of a graph, 7 of the model */
    static const char tags[] = {6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2};
    size_t size = 16 * DEEP, at = size;
    char *bytes = arena_alloc(ctx->a, size);
    for (int i = 0; i <= 3 * DEEP / 4; i++) {
        size_t n = size - at;
        char length[5];
        int k = 0;
        do
            length[k++] = (char)((n & 127) | (n > 127 ? 128 : 0));
        while (n >>= 7);
        at -= (size_t)k;
        memcpy(bytes + at, length, (size_t)k);
        bytes[--at] = i == 3 * DEEP / 4 ? 7 << 3 | 2 : tags[i % 3];
    }
    const source src = {"deep.onnx", bytes + at, size - at};
    assert_null(import_source(ctx, &src, "net", &o));
    assert_int_equal(diag_count(ctx), 1);
    assert_int_equal(diag_get(ctx, 0)->id, D_ONNX_BROKEN);
    assert_non_null(strstr(diag_get(ctx, 0)->message, "too deep"));
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torch_export_is_read),
        cmocka_unit_test(tensorflow_export_keeps_its_order),
        cmocka_unit_test(a_sum_becomes_the_bias),
        cmocka_unit_test(unknown_layout_is_an_error),
        cmocka_unit_test(an_input_is_bound),
        cmocka_unit_test(quantized_convolutions_are_exact),
        cmocka_unit_test(all_is_told_at_once),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(broken_bytes_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
