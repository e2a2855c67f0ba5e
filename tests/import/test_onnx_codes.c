/* test_onnx_codes.c - operators of quantized ONNX models (QuantizeLinear, DequantizeLinear), one by
 * one: dequantize, compute in reals, quantize is what they mean, so each result is the nearest code
 * to the test's own computation in double from the reals that the inputs' codes stand for.
 * Operators on reals that are spelled in several nodes. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/ir/words.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/import/make_onnx.h"
#include "tests/unit/context.h"

/* x and z are [1, C, H, W]. */
enum { C = 2, H = 5, W = 4, N = C * H * W, MOST = 240 };

static double number[64]; /* the reals of the case's constant */

/* ---- pieces -------------------------------------------------------------------------------- */

static const char *format(made_onnx *b, const char *fmt, const char *name)
{
    return arena_printf(b->ctx->a, fmt, name, name, name);
}

static void scale_of(made_onnx *b, const char *name, float scale, int type, int zero)
{
    onnx_scalar(b, format(b, "%s_scale", name), scale);
    onnx_code(b, format(b, "%s_zero", name), type, zero);
}

/* `from`_q in codes, `to` in reals. */
static void quantized(made_onnx *b, const char *from, const char *to, float scale, int zero)
{
    scale_of(b, from, scale, ONX_UINT8, zero);
    onnx_add_node(b, "QuantizeLinear", format(b, "%s %s_scale %s_zero", from),
                  format(b, "%s_q", from));
    onnx_add_node(b, "DequantizeLinear", format(b, "%s_q %s_scale %s_zero", from), to);
}

/* A constant of random codes behind a DequantizeLinear, `name`_r; its reals stand in number[]. */
static void coded(made_onnx *b, rng *r, const char *name, int type, float scale, int zero, int rank,
                  const int64_t *dim)
{
    int64_t n = 1;
    unsigned char codes[64];
    for (int i = 0; i < rank; i++)
        n *= dim[i];
    assert_true(n <= 64);
    for (int i = 0; i < n; i++) {
        codes[i] = (unsigned char)rng_below(r, 256);
        number[i] = (double)scale * ((type == ONX_INT8 ? (int8_t)codes[i] : codes[i]) - zero);
    }
    scale_of(b, name, scale, type, zero);
    onnx_init(b, name, type, rank, dim, codes, (size_t)n);
    onnx_add_node(b, "DequantizeLinear", format(b, "%s %s_scale %s_zero", name),
                  format(b, "%s_r", name));
}

/* ---- the cases ----------------------------------------------------------------------------- */

static void add(made_onnx *b, rng *r)
{
    (void)r, onnx_add_node(b, "Add", "xr zr", "y");
}
static double add_at(const double *x, const double *z, int i)
{
    return x[i] + z[i];
}
static void sub(made_onnx *b, rng *r)
{
    (void)r, onnx_add_node(b, "Sub", "xr zr", "y");
}
static double sub_at(const double *x, const double *z, int i)
{
    return x[i] - z[i];
}
static void mul(made_onnx *b, rng *r)
{
    (void)r, onnx_add_node(b, "Mul", "xr zr", "y");
}
static double mul_at(const double *x, const double *z, int i)
{
    return x[i] * z[i];
}

static void concat(made_onnx *b, rng *r)
{
    (void)r;
    onnx_set_int(b, onnx_add_node(b, "Concat", "xr zr", "y"), "axis", 1);
}
static double concat_at(const double *x, const double *z, int i)
{
    return i < N ? x[i] : z[i - N];
}

/* One value a channel, in the second and in the first place; one for all. */
static void add_constant(made_onnx *b, rng *r)
{
    coded(b, r, "k", ONX_INT8, 0.02f, -7, D(C, 1, 1));
    onnx_add_node(b, "Add", "xr k_r", "y");
}
static double add_constant_at(const double *x, const double *z, int i)
{
    return (void)z, x[i] + number[i / (H * W)];
}
static void mul_constant(made_onnx *b, rng *r)
{
    coded(b, r, "k", ONX_UINT8, 0.004f, 131, D(1, C, 1, 1));
    onnx_add_node(b, "Mul", "k_r xr", "y");
}
static double mul_constant_at(const double *x, const double *z, int i)
{
    return (void)z, x[i] * number[i / (H * W)];
}
static void constant_less(made_onnx *b, rng *r)
{
    coded(b, r, "k", ONX_UINT8, 0.01f, 3, 0, NULL);
    onnx_add_node(b, "Sub", "k_r xr", "y");
}
static double constant_less_at(const double *x, const double *z, int i)
{
    return (void)z, number[0] - x[i];
}

static void prelu(made_onnx *b, rng *r)
{
    coded(b, r, "k", ONX_INT8, 0.01f, 2, D(C, 1, 1));
    onnx_add_node(b, "PRelu", "xr k_r", "y");
}
static double prelu_at(const double *x, const double *z, int i)
{
    (void)z;
    return x[i] < 0 ? x[i] * number[i / (H * W)] : x[i];
}

static void pool(made_onnx *b, const char *type, int pads)
{
    Onnx__NodeProto *n = onnx_add_node(b, type, "xr", "y");
    onnx_set_ints(b, n, "kernel_shape", D(3, 2));
    if (pads)
        onnx_set_ints(b, n, "pads", D(1, 0, 1, 1));
    if (pads > 1)
        onnx_set_int(b, n, "count_include_pad", 1);
}

/* Cells of the 3x2 window of output i of a map that is w wide, from row `top`; the largest, the
 * sum; their number. */
static int cells(const double *x, int i, int h, int w, int top, double *most, double *sum)
{
    int n = 0;
    *most = -1e9, *sum = 0;
    for (int a = 0; a < 3; a++)
        for (int k = 0; k < 2; k++) {
            int y = i / w % h + a + top, v = i % w + k;
            if (y < 0 || y >= H || v >= W)
                continue;
            double t = x[(i / (h * w) * H + y) * W + v];
            *most = fmax(*most, t), *sum += t, n++;
        }
    return n;
}

static void maxpool(made_onnx *b, rng *r)
{
    (void)r, pool(b, "MaxPool", 0);
}
static double maxpool_at(const double *x, const double *z, int i)
{
    double most, sum;
    (void)z, cells(x, i, H - 2, W - 1, 0, &most, &sum);
    return most;
}
static void average(made_onnx *b, rng *r)
{
    (void)r, pool(b, "AveragePool", 1);
}
static double average_at(const double *x, const double *z, int i)
{
    double most, sum;
    (void)z;
    int n = cells(x, i, H, W, -1, &most, &sum);
    return sum / n;
}
static void average_all(made_onnx *b, rng *r)
{
    (void)r, pool(b, "AveragePool", 2);
}
static double average_all_at(const double *x, const double *z, int i)
{
    double most, sum;
    (void)z, cells(x, i, H, W, -1, &most, &sum);
    return sum / 6;
}
static void global(made_onnx *b, rng *r)
{
    (void)r, onnx_add_node(b, "GlobalAveragePool", "xr", "y");
}
static double global_at(const double *x, const double *z, int i)
{
    double sum = 0;
    (void)z;
    for (int k = 0; k < H * W; k++)
        sum += x[i * H * W + k];
    return sum / (H * W);
}

/* 3 filters of 2x2, stride 2: windows do not meet. */
static void upward(made_onnx *b, rng *r)
{
    coded(b, r, "k", ONX_INT8, 0.01f, 0, D(C, 3, 2, 2));
    onnx_set_ints(b, onnx_add_node(b, "ConvTranspose", "xr k_r", "y"), "strides", D(2, 2));
}
static double upward_at(const double *x, const double *z, int i)
{
    int o = i / (4 * H * W), y = i / (2 * W) % (2 * H), v = i % (2 * W);
    double sum = 0;
    (void)z;
    for (int c = 0; c < C; c++)
        sum += x[(c * H + y / 2) * W + v / 2] * number[((c * 3 + o) * 2 + y % 2) * 2 + v % 2];
    return sum;
}

static const struct {
    const char *name;
    void (*build)(made_onnx *b, rng *r);
    double (*at)(const double *x, const double *z, int i);
    bool two;
    int n;
    float scale;
    int zero;
    const char *says;
} cases[] = {
    {"add", add, add_at, true, N, 0.08f, 100, " = add("},
    {"sub", sub, sub_at, true, N, 0.08f, 140, " = sub("},
    {"mul", mul, mul_at, true, N, 0.11f, 90, " = mul("},
    {"concat", concat, concat_at, true, 2 * N, 0.04f, 111, " = concat("},
    {"add_constant", add_constant, add_constant_at, false, N, 0.07f, 122, " = constant([2])"},
    {"mul_constant", mul_constant, mul_constant_at, false, N, 0.02f, 125, " = mul("},
    {"constant_less", constant_less, constant_less_at, false, N, 0.06f, 60, " = constant([1])"},
    {"prelu", prelu, prelu_at, false, N, 0.05f, 128, " = prelu("},
    {"maxpool", maxpool, maxpool_at, false, C *(H - 2) * (W - 1), 0.04f, 99, " = maxpool("},
    {"average", average, average_at, false, N, 0.021f, 137, " = avgpool("},
    {"average_all", average_all, average_all_at, false, N, 0.017f, 120, "count all"},
    {"global", global, global_at, false, C, 0.004f, 127, " = global_avgpool("},
    {"upward", upward, upward_at, false, 12 * H *W, 0.06f, 128, " = dilate("},
};

static const source *model(qctx *ctx, size_t k, rng *r)
{
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, C, H, W));
    quantized(b, "x", "xr", 0.03f, 120);
    if (cases[k].two) {
        onnx_input(b, "z", ONX_FLOAT, D(1, C, H, W));
        quantized(b, "z", "zr", 0.05f, 90);
    }
    cases[k].build(b, r);
    quantized(b, "y", "out", cases[k].scale, cases[k].zero);
    onnx_output(b, "out");
    return onnx_finish(b);
}

/* Codes as the C takes them, and the reals in the host's order. */
static void draw(rng *r, const ir_tensor *t, double scale, int zero, int8_t *codes, double *reals)
{
    int host[N];
    for (int i = 0; i < N; i++) {
        host[i] = (int)rng_below(r, 256);
        reals[i] = scale * (host[i] - zero);
    }
    for (int i = 0; i < N; i++)
        codes[i] = (int8_t)(host[port_host_index(&t->shape, true, i)] - 128);
}

static void check_row(size_t k, interp *it, const ir_graph *g, rng *r)
{
    int8_t x[N], z[N], y[MOST];
    double xr[N], zr[N];
    draw(r, g->inputs.v[0], (double)0.03f, 120, x, xr);
    if (cases[k].two)
        draw(r, g->inputs.v[1], (double)0.05f, 90, z, zr);
    interp_run(it, (const void *[]){x, z}, (void *[]){y});
    for (int i = 0; i < cases[k].n; i++) {
        int at = (int)port_host_index(&g->outputs.v[0]->shape, true, i);
        double real = cases[k].at(xr, zr, at) / (double)cases[k].scale + cases[k].zero;
        double want = fmin(255, fmax(0, real));
        if (fabs(y[i] + 128 - want) > 0.5 + 1e-4)
            fail_msg("%s, element %d: %d, not %g", cases[k].name, at, y[i] + 128, want);
    }
}

static void results_are_rounded_once(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 21);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        qctx *ctx = fresh_context();
        const import_options o = {.layout = "nchw"};
        const net_options no = {0};
        imported *pair = import_source(ctx, model(ctx, k, &r), "net", &o);
        net *n = pair ? net_load_imported(ctx, pair, &no) : NULL;
        if (!n || !net_quantize(ctx, n, &no))
            fail_msg("%s: %s", cases[k].name, all_messages(ctx));
        if (!strstr(pair->qdl->text, cases[k].says))
            fail_msg("%s: no '%s' in\n%s", cases[k].name, cases[k].says, pair->qdl->text);
        assert_int_equal(ir_elems(&n->legal->outputs.v[0]->shape), cases[k].n);
        interp *it = interp_new(ctx, n->legal);
        for (int row = 0; row < 8; row++)
            check_row(k, it, n->legal, &r);
        qctx_free(ctx);
    }
}

/* Other modes have no average of two scales: there it is rounded to its input's codes, then again.
 */
static void averages_keep_their_scale_in_other_modes(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 22);
    qctx *ctx = fresh_context();
    const import_options o = {.layout = "nchw", .has_numerics = true, .numerics = IR_NUM_Q32};
    const net_options no = {0};
    size_t k = 0;
    while (strcmp(cases[k].name, "average") != 0)
        k++;
    imported *pair = import_source(ctx, model(ctx, k, &r), "net", &o);
    assert_non_null(pair);
    assert_non_null(strstr(pair->qdl->text, " = requantize("));
    net *n = net_load_imported(ctx, pair, &no);
    assert_true(n && net_quantize(ctx, n, &no));
    qctx_free(ctx);
}

/* A constant of reals beside codes has no codes of its own. */
static void constants_of_reals_are_refused(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    const import_options o = {.layout = "nchw"};
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, C, H, W));
    quantized(b, "x", "xr", 0.03f, 120);
    onnx_scalar(b, "half", 0.5f);
    onnx_add_node(b, "Mul", "xr half", "y");
    quantized(b, "y", "out", 0.02f, 128);
    onnx_output(b, "out");
    assert_null(import_source(ctx, onnx_finish(b), "net", &o));
    assert_int_equal(diag_errors(ctx), 1);
    assert_non_null(strstr(all_messages(ctx), "its operand 2 is a constant of reals beside codes"));
    assert_non_null(strstr(all_messages(ctx), "hint: quantize the constant too"));
    qctx_free(ctx);
}

/* Coded constants that have no form: two scales, and a divisor. */
static void coded_constants_are_refused(void **state)
{
    (void)state;
    static const char *const says[] = {"its constant operand 2 is int8 with 2 scales",
                                       "it divides codes"};
    const float scales[] = {0.02f, 0.03f};
    const int8_t codes[C] = {3, 4};
    rng r;
    rng_seed(&r, 26);
    for (int k = 0; k < 2; k++) {
        qctx *ctx = fresh_context();
        const import_options o = {.layout = "nchw"};
        made_onnx *b = onnx_new(ctx);
        onnx_input(b, "x", ONX_FLOAT, D(1, C, H, W));
        quantized(b, "x", "xr", 0.03f, 120);
        if (k == 0) {
            onnx_init(b, "c", ONX_INT8, D(C, 1, 1), codes, sizeof codes);
            onnx_init(b, "c_scales", ONX_FLOAT, D(C), scales, sizeof scales);
            onnx_set_int(b, onnx_add_node(b, "DequantizeLinear", "c c_scales", "c_r"), "axis", 0);
        } else {
            coded(b, &r, "c", ONX_INT8, 0.02f, 0, D(C, 1, 1));
        }
        onnx_add_node(b, k == 0 ? "Mul" : "Div", "xr c_r", "y");
        quantized(b, "y", "out", 0.02f, 128);
        onnx_output(b, "out");
        assert_null(import_source(ctx, onnx_finish(b), "net", &o));
        assert_int_equal(diag_errors(ctx), 1);
        if (!strstr(all_messages(ctx), says[k]))
            fail_msg("no '%s' in\n%s", says[k], all_messages(ctx));
        qctx_free(ctx);
    }
}

/* ---- on reals ------------------------------------------------------------------------------ */

/* A number that is a node of its own, as PyTorch writes it, right before its first reader. */
static void number_node(made_onnx *b, const char *name, float v)
{
    onnx_set_float(b, onnx_add_node(b, "Constant", "", name), "value_float", v);
}

/* The ways in which exporters write x/2·(1 + erf(x/√2)); 3 is PyTorch's, the last is none. */
static made_onnx *spelled_gelu(qctx *ctx, int way)
{
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, 6));
    void (*put)(made_onnx *, const char *, float) = way == 3 ? number_node : onnx_scalar;
    put(b, "root", 1.41421354f);
    put(b, "inverse", 0.707106769f);
    if (way == 1)
        onnx_add_node(b, "Mul", "inverse x", "t");
    else
        onnx_add_node(b, "Div", "x root", "t");
    onnx_add_node(b, "Erf", "t", "e");
    put(b, "one", 1);
    onnx_add_node(b, "Add", way == 1 ? "one e" : "e one", "s");
    if (way != 3)
        onnx_scalar(b, "half", 0.5f);
    if (way == 0 || way == 3) {
        onnx_add_node(b, "Mul", "x s", "p");
        if (way == 3)
            number_node(b, "half", 0.5f);
        onnx_add_node(b, "Mul", "p half", "y");
    } else if (way == 1) {
        onnx_add_node(b, "Mul", "x half", "h");
        onnx_add_node(b, "Mul", "h s", "y");
    } else if (way == 2) {
        onnx_add_node(b, "Mul", "half s", "h");
        onnx_add_node(b, "Mul", "h x", "y");
    } else {
        onnx_add_node(b, "Mul", "s half", "y");
    }
    onnx_output(b, "y");
    return b;
}

static void gelu_is_recognized(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        qctx *ctx = fresh_context();
        const import_options o = {0};
        const net_options no = {0};
        imported *pair = import_source(ctx, onnx_finish(spelled_gelu(ctx, way)), "net", &o);
        assert_int_equal(pair != NULL, way < 4);
        if (!pair) {
            assert_int_equal(diag_errors(ctx), 1);
            assert_non_null(strstr(all_messages(ctx), "hint: as a part of gelu"));
            qctx_free(ctx);
            continue;
        }
        net *n = net_load_imported(ctx, pair, &no);
        assert_non_null(n);
        assert_int_equal(n->floating->ops.n, 1);
        assert_int_equal(n->floating->ops.v[0]->kind, OP_GELU);
        const float x[6] = {-3, -1, -0.25f, 0, 0.5f, 2};
        float y[6];
        interp_run(interp_new(ctx, n->floating), (const void *[]){x}, (void *[]){y});
        for (int i = 0; i < 6; i++) {
            double v = (double)x[i];
            assert_true(fabs((double)y[i] - v / 2 * (1 + erf(v / sqrt(2)))) < 1e-6);
        }
        qctx_free(ctx);
    }
}

/* PyTorch's pads of F.pad(x, (1, 0, 2, 3)): last dimension first, turned around by a slice of step
 * -1. */
static void pads_of_pytorch(void **state)
{
    (void)state;
    static const int64_t ends[][2] = {{-1, INT64_MIN + 1}, {3, -9}, {99, -99}};
    for (int i = 0; i < 3; i++) {
        qctx *ctx = fresh_context();
        made_onnx *b = onnx_new(ctx);
        const import_options o = {0};
        onnx_input(b, "x", ONX_FLOAT, D(1, 3, 5, 4));
        onnx_int64s(b, "some", D(1, 0, 2, 3));
        onnx_int64s(b, "none", D(0, 0, 0, 0));
        onnx_int64s(b, "pairs", D(-1, 2));
        onnx_int64s(b, "list", D(-1));
        onnx_int64s(b, "from", D(ends[i][0]));
        onnx_int64s(b, "to", D(ends[i][1]));
        onnx_int64s(b, "axis", D(0));
        onnx_int64s(b, "step", D(-1));
        onnx_set_int(b, onnx_add_node(b, "Concat", "some none", "all"), "axis", 0);
        onnx_add_node(b, "Reshape", "all pairs", "square");
        onnx_add_node(b, "Slice", "square from to axis step", "turned");
        onnx_set_ints(b, onnx_add_node(b, "Transpose", "turned", "flipped"), "perm", D(1, 0));
        onnx_add_node(b, "Reshape", "flipped list", "flat");
        onnx_set_int(b, onnx_add_node(b, "Cast", "flat", "pads"), "to", ONX_INT64);
        onnx_add_node(b, "Pad", "x pads", "y");
        onnx_output(b, "y");
        imported *pair = import_source(ctx, onnx_finish(b), "net", &o);
        if (!pair || !strstr(pair->qdl->text, "pad(x, [2, 3, 1, 0])"))
            fail_msg("%s%s", pair ? pair->qdl->text : "", all_messages(ctx));
        qctx_free(ctx);
    }
}

static void rows_are_normalized(void **state)
{
    (void)state;
    qctx *ctx = fresh_context();
    const import_options o = {.layout = "nchw"};
    const net_options no = {0};
    made_onnx *b = onnx_new(ctx);
    onnx_input(b, "x", ONX_FLOAT, D(1, C, H, W));
    onnx_set_int(b, onnx_add_node(b, "LpNormalization", "x", "y"), "axis", 1);
    onnx_output(b, "y");
    imported *pair = import_source(ctx, onnx_finish(b), "net", &o);
    net *n = pair ? net_load_imported(ctx, pair, &no) : NULL;
    assert_non_null(n);
    assert_non_null(strstr(pair->qdl->text, " = l2_norm("));
    float x[N], y[N];
    rng r;
    rng_seed(&r, 23);
    for (int i = 0; i < N; i++)
        x[i] = (float)(2 * rng_double(&r) - 1);
    interp_run(interp_new(ctx, n->floating), (const void *[]){x}, (void *[]){y});
    for (int i = 0; i < N; i++) { /* channels last */
        double a = (double)x[i / C * C], c = (double)x[i / C * C + 1];
        assert_true(fabs((double)y[i] - (double)x[i] / sqrt(a * a + c * c)) < 1e-6);
    }
    qctx_free(ctx);
}

/* ---- names and bytes ----------------------------------------------------------------------- */

/* Keywords of QDL, and what exporters call things, as the names of everything. */
static void every_word_is_a_name(void **state)
{
    (void)state;
    static const char *const words[] = {
        "model",  "block",  "quantize",  "input",   "output",        "return",   "weights",
        "native", "state",  "real",      "scale",   "zero",          "layout",   "tensor",
        "u8",     "i8",     "f32",       "default", "saved",         "numerics", "onnx",
        "bits",   "weight", "bias",      "x",       "a:b/c",         "/conv/w",  "0",
        "p.q",    "\"",     "model/x:0", "+",       "default.weight"};
    const import_options o = {.layout = "nchw"};
    const net_options no = {0};
    rng r;
    rng_seed(&r, 24);
    int n_words = (int)(sizeof words / sizeof *words);
    for (int i = 0; i < n_words + ir_words_count(); i++) {
        qctx *ctx = fresh_context();
        const char *word = i < n_words ? words[i] : ir_words[i - n_words].word;
        const char *w = format(onnx_new(ctx), "%s.w", word),
                   *y = format(onnx_new(ctx), "%s.y", word);
        made_onnx *b = onnx_new(ctx);
        onnx_input(b, word, ONX_FLOAT, D(1, C, H, W));
        onnx_floats(b, w, &r, D(3, C, 2, 2));
        Onnx__NodeProto *conv = onnx_add_node(b, "Conv", arena_printf(ctx->a, "%s %s", word, w), y);
        conv->name = (char *)(uintptr_t)word;
        onnx_output(b, y);
        imported *pair = import_source(ctx, onnx_finish(b), word, &o);
        net *n = pair ? net_load_imported(ctx, pair, &no) : NULL;
        if (!n)
            fail_msg("a model called %s: %s", word, all_messages(ctx));
        assert_string_equal(n->floating->name, word);
        qctx_free(ctx);
    }
}

/* Imported, or refused with an error. */
static void try_bytes(const char *bytes, size_t n)
{
    qctx *ctx = fresh_context();
    const import_options o = {.layout = "nchw"};
    const net_options no = {0};
    char *copy = malloc(n + 1); /* a sanitizer sees what is read behind it */
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    const source src = {"x.onnx", copy, n};
    imported *pair = import_source(ctx, &src, "net", &o);
    net *loaded = pair ? net_load_imported(ctx, pair, &no) : NULL;
    if (!loaded)
        assert_true(diag_errors(ctx) >= 1);
    free(copy);
    qctx_free(ctx);
}

static void broken_bytes_are_refused(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 25);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        qctx *ctx = fresh_context();
        const source *s = model(ctx, k, &r);
        char *copy = arena_memdup(ctx->a, s->text, s->len);
        for (size_t n = 0; n < s->len; n += 64)
            try_bytes(s->text, n);
        for (int i = 0; i < 60; i++) {
            for (int j = 0; j <= i % 4; j++)
                copy[rng_below(&r, s->len)] = (char)rng_below(&r, 256);
            try_bytes(copy, s->len);
            memcpy(copy, s->text, s->len);
        }
        qctx_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_rounded_once),
        cmocka_unit_test(averages_keep_their_scale_in_other_modes),
        cmocka_unit_test(constants_of_reals_are_refused),
        cmocka_unit_test(coded_constants_are_refused),
        cmocka_unit_test(gelu_is_recognized),
        cmocka_unit_test(pads_of_pytorch),
        cmocka_unit_test(rows_are_normalized),
        cmocka_unit_test(every_word_is_a_name),
        cmocka_unit_test(broken_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
