/* test_export.c - what `qcc export` writes, read by `qcc import` again: the same numbers come out.
 *
 * Float nets to rounding error. Quantized ones against the net itself in mode onnx, whose
 * arithmetic a file of QuantizeLinear and DequantizeLinear says, and in its own mode, each layer of
 * which may round otherwise. Random nets of all operators; the examples' networks; MLPerf Tiny's
 * models where the shared data is. QCC_LONG=1 runs many times more random nets. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/export/export.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/emit/random_net.h"
#include "tests/unit/context.h"

enum { ROWS = 4, MODELS = 5, FLOAT_MODELS = 3 };
static const double FLOAT_LIMIT = 1e-6; /* of the row's largest magnitude */

static void show(qctx *ctx, const char *what)
{
    fail_msg("%s: %s", what, all_messages(ctx));
}

/* ---- there and back ------------------------------------------------------------------------ */

/* The exported model, imported: LEGAL in mode onnx, or the float net. Channels first outside, so
 * that the ports of both have one shape inside. NULL with diagnostics. */
static const ir_graph *there_and_back(qctx *ctx, const ir_graph *g, export_kind kind)
{
    buf b;
    net_options o = {.layout = "nchw"};
    const import_options i = {.layout = "nchw"};
    buf_init(&b, ctx->a);
    if (!export_onnx(ctx, g, kind, loc_none(), &b))
        return NULL;
    source *s = ARENA_NEW(ctx->a, source);
    *s = (source){.name = "there.onnx", .text = b.p, .len = b.n};
    net *n = net_load_imported(ctx, import_source(ctx, s, "back", &i), &o);
    if (!n || (kind != EXPORT_FLOAT && !net_quantize(ctx, n, &o)))
        return NULL;
    return kind == EXPORT_FLOAT ? n->floating : n->legal;
}

/* g in another mode. */
static const ir_graph *in_mode(qctx *ctx, const ir_graph *g, ir_numerics mode)
{
    ir_graph *c = ir_clone(ctx, g);
    c->stage = IR_QUANTIZED;
    c->numerics = mode;
    for (int i = 0; i < c->ops.n; i++)
        c->ops.v[i]->q = NULL;
    return legalize(ctx, c, mode) && prove_bounds(ctx, c, false) ? c : NULL;
}

static int64_t bytes_of(const ir_tensor *t)
{
    return ir_elems(&t->shape) * (int64_t)ir_type_size(t->type);
}

static void **room_for(qctx *ctx, const ir_tensor *const *t, int n)
{
    void **v = ARENA_ARRAY(ctx->a, void *, n);
    for (int i = 0; i < n; i++)
        v[i] = arena_calloc(ctx->a, 1, (size_t)bytes_of(t[i]));
    return v;
}

static void check_ports(const char *what, const ir_graph *a, const ir_graph *b)
{
    if (a->inputs.n != b->inputs.n || a->outputs.n != b->outputs.n)
        fail_msg("%s: other ports", what);
    for (int i = 0; i < a->outputs.n; i++)
        if (!ir_shape_eq(&a->outputs.v[i]->shape, &b->outputs.v[i]->shape))
            fail_msg("%s: output %d has another shape", what, i);
    for (int i = 0; i < a->inputs.n; i++)
        if (!ir_shape_eq(&a->inputs.v[i]->shape, &b->inputs.v[i]->shape))
            fail_msg("%s: input %d has another shape", what, i);
}

/* What was seen of all outputs: the largest difference of codes, how many differ, of how many. */
typedef struct seen {
    int worst;
    int64_t differ, all;
} seen;

static int code_of(const ir_tensor *t, const void *v, int64_t i)
{
    return t->type == IR_I32 ? ((const int32_t *)v)[i] : ((const int8_t *)v)[i];
}

static void compare_codes(const ir_tensor *t, const void *a, const void *b, seen *s)
{
    for (int64_t i = 0; i < ir_elems(&t->shape); i++) {
        int d = abs(code_of(t, a, i) - code_of(t, b, i));
        s->worst = d > s->worst ? d : s->worst;
        s->differ += d > 0;
        s->all++;
    }
}

/* |difference| by the row's largest magnitude. */
static double compare_reals(const ir_tensor *t, const void *a, const void *b)
{
    const float *p = a, *q = b;
    double most = 1e-30, worst = 0;
    for (int64_t i = 0; i < ir_elems(&t->shape); i++) {
        most = fmax(most, fabs((double)p[i]));
        worst = fmax(worst, fabs((double)p[i] - (double)q[i]));
    }
    return worst / most;
}

/* Rows through both; reals: returns the largest relative difference. */
static double compare_runs(qctx *ctx, const char *what, const ir_graph *a, const ir_graph *b,
                           seen *s)
{
    const ir_tensor *const *in_a = (const ir_tensor *const *)a->inputs.v;
    const ir_tensor *const *out_a = (const ir_tensor *const *)a->outputs.v;
    void **in = room_for(ctx, in_a, a->inputs.n), **x = room_for(ctx, out_a, a->outputs.n),
         **y = room_for(ctx, out_a, a->outputs.n);
    interp *ia = interp_new(ctx, a), *ib = interp_new(ctx, b);
    double worst = 0;
    rng r;
    check_ports(what, a, b);
    rng_seed(&r, 11);
    for (int row = 0; row < ROWS; row++) {
        for (int k = 0; k < a->inputs.n; k++)
            random_row(a->inputs.v[k], row, &r, in[k]);
        interp_run(ia, (const void *const *)in, x);
        interp_run(ib, (const void *const *)in, y);
        for (int k = 0; k < a->outputs.n; k++) {
            const ir_tensor *t = a->outputs.v[k];
            if (t->type == IR_F32)
                worst = fmax(worst, compare_reals(t, x[k], y[k]));
            else
                compare_codes(t, x[k], y[k], s);
        }
    }
    return worst;
}

/* ---- random nets --------------------------------------------------------------------------- */

/* Whether all errors are of this kind. */
static bool only(qctx *ctx, diag_id id)
{
    for (int i = 0; i < diag_count(ctx); i++)
        if (diag_get(ctx, i)->severity == DIAG_ERROR && diag_get(ctx, i)->id != id)
            return false;
    return diag_errors(ctx) > 0;
}

/* Refused where it may be: by the exporter, and by the importer where an operand is a constant,
 * which it takes of some operators only, or slopes are none. */
static bool refused(qctx *ctx, const ir_graph *g)
{
    ir_tensor **list;
    bool may = ir_operands(ctx->a, g, &list) > 0;
    for (int i = 0; i < g->ops.n; i++)
        may = may || g->ops.v[i]->kind == OP_PRELU;
    return only(ctx, D_EXPORT_UNSUPPORTED) || (may && only(ctx, D_IMPORT_UNSUPPORTED));
}

static bool float_net(uint64_t seed)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    const char *what = arena_printf(ctx->a, "float net of seed %llu", (unsigned long long)seed);
    ir_graph *g = random_float_net(ctx, seed);
    ctx->diags.n = ctx->errors = 0;
    const ir_graph *back = g ? there_and_back(ctx, g, EXPORT_FLOAT) : NULL;
    if (g && !back && !refused(ctx, g))
        show(ctx, what);
    double d = back ? compare_runs(ctx, what, g, back, NULL) : 0;
    if (!(d <= FLOAT_LIMIT))
        fail_msg("%s: relative difference %g", what, d);
    qctx_free(ctx);
    return back != NULL;
}

static void test_random_float(void **state)
{
    (void)state;
    int done = 0, n = is_long() ? 20000 : 600;
    for (uint64_t seed = 1; seed <= (uint64_t)n; seed++)
        done += float_net(seed);
    print_message("%d of %d random float nets were exported and imported\n", done, n);
    assert_true(done >= n / 2);
}

static bool quantized_net(uint64_t seed, seen *same, seen *own)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    const char *what = arena_printf(ctx->a, "net of seed %llu", (unsigned long long)seed);
    ir_graph *g = random_net(ctx, seed);
    const ir_graph *onnx = g ? in_mode(ctx, g, IR_NUM_ONNX) : NULL;
    ctx->diags.n = ctx->errors = 0;
    const ir_graph *back =
        onnx ? there_and_back(ctx, g, seed % 2 ? EXPORT_QDQ_I8 : EXPORT_QDQ_U8) : NULL;
    if (onnx && !back && !refused(ctx, g))
        show(ctx, what);
    seen here = {0};
    if (back) {
        compare_runs(ctx, what, onnx, back, &here);
        compare_runs(ctx, what, g, back, own);
        if (here.worst > 1)
            fail_msg("%s: a code differs by %d", what, here.worst);
        same->worst = here.worst > same->worst ? here.worst : same->worst;
        same->differ += here.differ;
        same->all += here.all;
    }
    qctx_free(ctx);
    return back != NULL;
}

static void test_random_quantized(void **state)
{
    (void)state;
    int done = 0, n = is_long() ? 20000 : 600;
    seen same = {0}, own = {0};
    for (uint64_t seed = 1; seed <= (uint64_t)n; seed++)
        done += quantized_net(seed, &same, &own);
    print_message(
        "%d of %d random nets were exported and imported: against mode onnx %lld of %lld codes "
        "differ, by at most %d; against their own modes %lld, by at most %d\n",
        done, n, (long long)same.differ, (long long)same.all, same.worst, (long long)own.differ,
        own.worst);
    assert_true(done >= n / 4);
}

/* ---- real nets ----------------------------------------------------------------------------- */

static const char *shared_path(qctx *ctx, const char *name)
{
    const char *shared = getenv("QCC_SHARED");
    return arena_printf(ctx->a, "%s/data/models/%s", shared ? shared : "../shared", name);
}

static void float_pair(const char *path, const char *weights)
{
    qctx *ctx = qctx_new();
    const net_options o = {0};
    net *n = net_load(ctx, path, weights, &o);
    const ir_graph *back = n ? there_and_back(ctx, n->floating, EXPORT_FLOAT) : NULL;
    if (!back)
        show(ctx, path);
    double d = compare_runs(ctx, path, n->floating, back, NULL);
    print_message("%s, float: largest difference %.2g\n", path, d);
    assert_true(d <= FLOAT_LIMIT);
    qctx_free(ctx);
}

/* worst: of a code, between the net's own mode and the file's, as measured on these rows of noise.
 * Their modes round otherwise, and the softmax at the end magnifies a near tie. */
static void quantized_pair(const char *path, const char *weights, export_kind kind, int worst)
{
    qctx *ctx = qctx_new();
    const net_options o = {0};
    net *n = net_load(ctx, path, weights, &o);
    if (!n || !net_quantize(ctx, n, &o))
        show(ctx, path);
    const ir_graph *back = there_and_back(ctx, n->quantized, kind);
    if (!back)
        show(ctx, path);
    seen same = {0}, own = {0};
    compare_runs(ctx, path, in_mode(ctx, n->quantized, IR_NUM_ONNX), back, &same);
    compare_runs(ctx, path, n->legal, back, &own);
    print_message("%s: against mode onnx %d codes differ; against %s %d of %d, by at most %d\n",
                  path, (int)same.differ, ir_numerics_name(n->legal->numerics), (int)own.differ,
                  (int)own.all, own.worst);
    assert_int_equal(same.differ, 0);
    assert_true(own.worst <= worst);
    qctx_free(ctx);
}

static void test_examples(void **state)
{
    static const char *const names[] = {"fashion/lenet", "fashion/dscnn", "mnist/lenet"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4096], weights[4096];
        const char *root = getenv("top_srcdir");
        snprintf(path, sizeof path, "%s/examples/%s.qdl", root ? root : "..", names[i]);
        snprintf(weights, sizeof weights, "%s/examples/%s.safetensors", root ? root : "..",
                 names[i]);
        float_pair(path, weights);
        quantized_pair(path, weights, EXPORT_QDQ_I8, 0);
        quantized_pair(path, weights, EXPORT_QDQ_U8, 0);
    }
}

static void test_models(void **state)
{
    static const struct {
        const char *name;
        int worst;
    } whole[MODELS] = {{"kws", 8}, {"vww", 1}, {"ic", 25}, {"ad", 2}, {"sww", 1}};
    static const char *const real[FLOAT_MODELS] = {"ic", "vww", "ad"};
    (void)state;
    qctx *ctx = qctx_new();
    if (access(shared_path(ctx, "kws_int8.tflite"), R_OK) != 0) {
        print_message("no shared data (QCC_SHARED): MLPerf Tiny's models were not exported\n");
        qctx_free(ctx);
        skip();
    }
    for (int i = 0; i < FLOAT_MODELS; i++)
        float_pair(shared_path(ctx, arena_printf(ctx->a, "%s_f32.tflite", real[i])), NULL);
    for (int i = 0; i < MODELS; i++)
        quantized_pair(shared_path(ctx, arena_printf(ctx->a, "%s_int8.tflite", whole[i].name)),
                       NULL, i % 2 ? EXPORT_QDQ_I8 : EXPORT_QDQ_U8, whole[i].worst);
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_float),
        cmocka_unit_test(test_random_quantized),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
