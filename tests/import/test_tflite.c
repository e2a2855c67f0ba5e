/* test_tflite.c - models written by the test: the QDL that the importer makes of them, the same codes
 * from the graph and from its pair, and what is told of models that cannot be imported. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/rng.h"
#include "compiler/import/names.h"
#include "compiler/ir/words.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/import/models.h"

static char folder[] = "/tmp/qcc-import-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void show(qctx *ctx)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    fputs(buf_str(&b), stderr);
}

static qctx *fresh(void)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    return ctx;
}

/* The pair of a model; NULL with diagnostics. The file is gone again. */
static imported *import_made(qctx *ctx, const make_model *m, const char *name, const net_options *o)
{
    const char *path = make_file(m, folder, "made");
    assert_non_null(path);
    imported *pair = net_import(ctx, path, name, o);
    unlink(path);
    return pair;
}

/* ---- the graph and its pair ---------------------------------------------------------------- */

static void *random_row(qctx *ctx, rng *r, const ir_tensor *t)
{
    int64_t n = ir_elems(&t->shape);
    float *real = ARENA_ARRAY(ctx->a, float, n);
    int8_t *code = ARENA_ARRAY(ctx->a, int8_t, n);
    for (int64_t i = 0; i < n; i++) {
        real[i] = (float)(rng_double(r) * 4 - 2);
        code[i] = (int8_t)((int)rng_below(r, 256) - 128);
    }
    return t->type == IR_I8 ? (void *)code : (void *)real; /* int32: room for it */
}

static void assert_same(const ir_tensor *a, const void *x, const ir_tensor *b, const void *y)
{
    assert_true(ir_shape_eq(&a->shape, &b->shape));
    assert_int_equal(a->type, b->type);
    int64_t n = ir_elems(&a->shape);
    if (a->type != IR_F32)
        assert_memory_equal(x, y, n * (int64_t)ir_type_size(a->type));
    for (int64_t i = 0; a->type == IR_F32 && i < n; i++)
        assert_true(fabsf(((const float *)x)[i] - ((const float *)y)[i]) <= 1e-6f);
}

/* Same values for the same inputs in every tensor that both graphs know by its number. */
static void compare_graphs(qctx *ctx, const ir_graph *g, const ir_graph *h)
{
    interp *a = interp_new(ctx, g), *b = interp_new(ctx, h);
    rng r;
    rng_seed(&r, 7);
    assert_int_equal(g->inputs.n, h->inputs.n);
    assert_int_equal(g->outputs.n, h->outputs.n);
    for (int row = 0; row < 4; row++) {
        void *in[4], *out[4], *again[4];
        for (int i = 0; i < g->inputs.n; i++)
            in[i] = random_row(ctx, &r, g->inputs.v[i]);
        for (int i = 0; i < g->outputs.n; i++) {
            out[i] = random_row(ctx, &r, g->outputs.v[i]);
            again[i] = random_row(ctx, &r, g->outputs.v[i]);
        }
        interp_run(a, (const void *const *)in, out);
        interp_run(b, (const void *const *)in, again);
        for (int i = 0; i < g->outputs.n; i++)
            assert_same(g->outputs.v[i], out[i], h->outputs.v[i], again[i]);
        for (int i = 0; i < h->ops.n; i++)
            for (int k = 0; k < g->ops.n; k++) {
                const ir_tensor *s = h->ops.v[i]->out[0], *t = g->ops.v[k]->out[0];
                if (s->tflite_index >= 0 && s->tflite_index == t->tflite_index)
                    assert_same(s, interp_value(b, s), t, interp_value(a, t));
            }
    }
}

static void check_text(const sample_model *s, const char *qdl)
{
    for (int i = 0; i < 6 && s->says[i]; i++) {
        bool without = *s->says[i] == '!';
        if ((strstr(qdl, s->says[i] + without) != NULL) == without)
            fail_msg("%s: %s \"%s\" in\n%s", s->name, without ? "there is" : "no", s->says[i] + without, qdl);
    }
}

static void check_sample(const sample_model *s)
{
    qctx *ctx = fresh();
    const make_model *m = s->build(ctx);
    const net_options none = {0};
    const import_options plain = {0};
    ir_graph *g = import_tflite(ctx, make_finish(m), "m", &plain);
    imported *pair = import_made(ctx, m, "m", &none);
    net *n = net_load_imported(ctx, pair, &none);
    if (!g || !n || (s->quantized && (!net_quantize(ctx, n, &none) || !legalize(ctx, g, g->numerics)))) {
        show(ctx);
        fail_msg("%s", s->name);
        return;
    }
    assert_int_equal(diag_errors(ctx), 0);
    assert_int_equal(pair->quantized, s->quantized);
    check_text(s, pair->qdl->text);
    compare_graphs(ctx, g, s->quantized ? n->legal : n->floating);
    qctx_free(ctx);
}

static void samples_become_pairs(void **state)
{
    (void)state;
    for (int i = 0; i < n_sample_models; i++)
        check_sample(&sample_models[i]);
}

/* Names, numbers of tensors and the hash survive saving the pair once more. */
static void pairs_save_to_themselves(void **state)
{
    (void)state;
    const net_options none = {0};
    for (int i = 0; i < n_sample_models; i++) {
        qctx *ctx = fresh();
        imported *pair = import_made(ctx, sample_models[i].build(ctx), "m", &none);
        net *n = net_load_imported(ctx, pair, &none);
        buf qdl, bin;
        buf_init(&qdl, ctx->a);
        buf_init(&bin, ctx->a);
        assert_non_null(n);
        if (sample_models[i].quantized) {
            assert_true(format_pair(ctx, n->quantized, &qdl, &bin));
            assert_string_equal(buf_str(&qdl), pair->qdl->text);
            assert_int_equal(bin.n, pair->weights->len);
            assert_memory_equal(bin.p, pair->weights->text, bin.n);
        }
        qctx_free(ctx);
    }
}

/* ---- layouts, against TensorFlow Lite's own index order ------------------------------------ */

/* Element [0, y, x, c] of the depthwise sample, by its definition. */
static double depthwise_at(const make_model *m, const float *in, int y, int x, int oc)
{
    const float *w = m->tensors[1].data, *b = m->tensors[2].data;
    double sum = (double)b[oc];
    for (int ky = 0; ky < 2; ky++)
        for (int kx = 0; kx < 3; kx++) {
            int iy = y + ky, ix = 2 * x + kx; /* the surplus pad is at bottom and right */
            if (iy < 5 && ix < 4)
                sum += (double)in[(iy * 4 + ix) * 3 + oc / 2] * (double)w[(ky * 3 + kx) * 6 + oc];
        }
    return fmin(6, fmax(0, sum));
}

/* Element [y, x, oc] of the transposed convolution, by its definition: every input cell adds its kernel. */
static double upward_at(const make_model *m, const float *in, int y, int x, int oc)
{
    const float *w = m->tensors[2].data, *b = m->tensors[3].data;
    double sum = (double)b[oc];
    for (int iy = 0; iy < 5; iy++)
        for (int ix = 0; ix < 4; ix++)
            for (int c = 0; c < 3; c++) {
                int ky = y - 2 * iy, kx = x - 3 * ix;
                if (ky >= 0 && ky < 3 && kx >= 0 && kx < 2)
                    sum += (double)in[(iy * 4 + ix) * 3 + c] * (double)w[((oc * 3 + ky) * 2 + kx) * 3 + c];
            }
    return sum;
}

static void transposed_convolutions_add_kernels(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    const sample_model *s = sample_named("upward_float");
    const make_model *m = s->build(ctx);
    const net_options none = {0};
    net *n = net_load_imported(ctx, import_made(ctx, m, "m", &none), &none);
    assert_non_null(n);
    rng r;
    rng_seed(&r, 5);
    float in[60], out[11 * 11 * 2];
    for (int i = 0; i < 60; i++)
        in[i] = (float)(rng_double(&r) - 0.5);
    interp_run(interp_new(ctx, n->floating), (const void *[]){in}, (void *[]){out});
    for (int i = 0; i < 11 * 11 * 2; i++)
        assert_true(fabs((double)out[i] - upward_at(m, in, i / 22, i / 2 % 11, i % 2)) < 1e-6);
    qctx_free(ctx);
}

/* Element [y, x, oc] of the convolution between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, step by step as TensorFlow
 * defines them: cell [y/2, x/3] of the small image number 3·(y % 2) + x % 3. */
static double dilated_at(const make_model *m, const float *in, int y, int x, int oc)
{
    const float *w = m->tensors[4].data;
    double sum = 0;
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 2; kx++)
            for (int c = 0; c < 3; c++) {
                int iy = (y / 2 + ky) * 2 + y % 2 - 2, ix = (x / 3 + kx) * 3 + x % 3; /* pads 2 and 0 before */
                if (iy >= 0 && iy < 5 && ix < 4)
                    sum += (double)in[(iy * 4 + ix) * 3 + c] * (double)w[((oc * 3 + ky) * 2 + kx) * 3 + c];
            }
    return sum;
}

static double to_space_at(const make_model *m, const float *in, int y, int x, int c)
{
    (void)m;
    return (double)in[((y / 2) * 2 + x / 2) * 12 + (y % 2 * 2 + x % 2) * 3 + c];
}

static double to_depth_at(const make_model *m, const float *in, int y, int x, int c)
{
    (void)m;
    return (double)in[((y * 2 + c / 6) * 6 + x * 2 + c / 3 % 2) * 3 + c % 3];
}

/* i - before mirrored into [0, n); the edge itself twice where symmetric. */
static int mirror(int i, int before, int n, int symmetric)
{
    i -= before;
    return i < 0 ? -i - symmetric : i >= n ? 2 * n - 2 - i + symmetric : i;
}

static double reflect_at(const make_model *m, const float *in, int y, int x, int c)
{
    (void)m;
    return (double)in[(mirror(y, 1, 5, 0) * 4 + mirror(x, 3, 4, 0)) * 3 + c];
}

static double symmetric_at(const make_model *m, const float *in, int y, int x, int c)
{
    (void)m;
    return (double)in[(mirror(y, 1, 5, 1) * 4 + mirror(x, 3, 4, 1)) * 3 + c];
}

static void images_are_moved_by_definition(void **state)
{
    static const struct {
        const char *sample;
        double (*at)(const make_model *, const float *, int, int, int);
    } cases[] = {{"dilated_float", dilated_at}, {"to_space", to_space_at}, {"to_depth", to_depth_at},
                 {"mirror_reflect", reflect_at}, {"mirror_symmetric", symmetric_at}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        qctx *ctx = fresh();
        const make_model *m = sample_named(cases[k].sample)->build(ctx);
        const net_options none = {0};
        net *n = net_load_imported(ctx, import_made(ctx, m, "m", &none), &none);
        assert_non_null(n);
        rng r;
        rng_seed(&r, 7);
        const int32_t *d = n->floating->outputs.v[0]->shape.dim;
        float *in = random_row(ctx, &r, n->floating->inputs.v[0]), out[512];
        assert_true(d[0] * d[1] * d[2] <= 512);
        interp_run(interp_new(ctx, n->floating), (const void *[]){in}, (void *[]){out});
        for (int i = 0; i < d[0] * d[1] * d[2]; i++)
            if (fabs((double)out[i] - cases[k].at(m, in, i / d[2] / d[1], i / d[2] % d[1], i % d[2])) > 1e-5)
                fail_msg("%s: element %d", cases[k].sample, i);
        qctx_free(ctx);
    }
}

static void depthwise_weights_are_transposed(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    const sample_model *s = sample_named("depthwise_float");
    const make_model *m = s->build(ctx);
    const net_options none = {0};
    net *n = net_load_imported(ctx, import_made(ctx, m, "m", &none), &none);
    assert_non_null(n);
    rng r;
    rng_seed(&r, 3);
    float *in = random_row(ctx, &r, n->floating->inputs.v[0]), out[60];
    interp_run(interp_new(ctx, n->floating), (const void *[]){in}, (void *[]){out});
    for (int i = 0; i < 60; i++)
        assert_true(fabs((double)out[i] - depthwise_at(m, in, i / 12, i / 6 % 2, i % 6)) < 1e-5);
    qctx_free(ctx);
}

static void half_precision_is_exact(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    const sample_model *s = sample_named("half_weights");
    const net_options none = {0};
    net *n = net_load_imported(ctx, import_made(ctx, s->build(ctx), "m", &none), &none);
    assert_non_null(n);
    static const float want[12] = {1, -2, 0x1.554p-2f, 0x1p-24f, -0x1p-14f, 65504, 0, -0.0f,
                                   0.5f, -0.5f, 0x1.92p1f, 0x1.8dp-11f};
    assert_memory_equal(ir_weight(n->floating->ops.v[0])->data, want, sizeof want);
    qctx_free(ctx);
}

/* ---- names --------------------------------------------------------------------------------- */

static void names_are_readable_and_unique(void **state)
{
    (void)state;
    static const struct { const char *text, *better, *kind, *want; } rows[] = {
        {"model/c1/Relu;model/bn/x", "model/c1/Conv2D", "Conv2D", "c1"},
        {"model/c1/Conv2D", NULL, "Conv2D", "c1_2"},
        {"model/c1/Conv2D7", NULL, "Conv2D", "c1_3"},
        {"model/add/add", NULL, "add", "add"},
        {"block/deep/er/Conv2D", NULL, "Conv2D", "deep_er"},
        {"StatefulPartitionedCall:0", NULL, "Softmax", "layer"},
        {"Identity_1", NULL, NULL, "layer_2"},
        {"serving_default_image:0", NULL, NULL, "image"},
        {"a:1/b::2", NULL, NULL, "b"},
        {"1st", NULL, NULL, "_1st"},
        {"\xc3\xa9t\xc3\xa9", NULL, NULL, "t"},
        {"", NULL, NULL, "layer_3"},
        {"/", NULL, NULL, "layer_4"},
        {"///;x", "/Conv2D", "Conv2D", "layer_5"},
        {"c1_2", NULL, NULL, "c1_2_2"},
        {"IdentityMatrix", NULL, NULL, "IdentityMatrix"},
    };
    qctx *ctx = fresh();
    name_set taken = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(import_name(ctx, &taken, rows[i].text, rows[i].better, rows[i].kind, "layer"), rows[i].want);
    for (int i = 0; i < 10000; i++)
        import_name(ctx, &taken, "same", NULL, NULL, "layer");
    assert_string_equal(import_name(ctx, &taken, "same", NULL, NULL, "layer"), "same_10001");
    qctx_free(ctx);
}

/* Words of the grammar, of the operators, of settings: each as the name of a model and of its tensors. */
static void every_word_is_a_name(void **state)
{
    (void)state;
    static const char *const words[] = {
        "model", "block", "quantize", "input", "output", "return", "weights", "x", "native", "real", "scale",
        "zero", "layout", "tensor", "u8", "i8", "i16", "f32", "same", "valid", "default", "numerics", "saved",
        "q32", "tflm", "single", "onnx", "int8", "bits", "weight", "bias", "activation", "activations", "per",
        "channel", "symmetric", "calibrate", "a:b/c", "0", "p.q", "\"", "model/x:0", "-", " ", "default.weight"};
    const net_options none = {0};
    int n_words = (int)(sizeof words / sizeof *words);
    for (int i = 0; i < n_words + ir_words_count(); i++) {
        qctx *ctx = fresh();
        const char *word = i < n_words ? words[i] : ir_words[i - n_words].word;
        make_model *m = sample_conv(ctx);
        for (int t = 0; t < m->n_tensors; t++)
            m->tensors[t].name = word;
        net *n = net_load_imported(ctx, import_made(ctx, m, word, &none), &none);
        if (!n || !net_quantize(ctx, n, &none)) {
            show(ctx);
            fail_msg("a model called %s", word);
            return;
        }
        assert_string_equal(n->quantized->name, word);
        qctx_free(ctx);
    }
}

/* ---- numerics ------------------------------------------------------------------------------ */

static void numerics_are_chosen_at_import(void **state)
{
    (void)state;
    static const char *const modes[] = {"q32", "tflm", "single", "onnx"};
    for (int i = 0; i < 4; i++) {
        qctx *ctx = fresh();
        net_options o = {0};
        *VEC_PUSH(ctx->a, &o.settings) = (net_setting){"numerics", modes[i]};
        imported *pair = import_made(ctx, sample_conv(ctx), "m", &o);
        assert_non_null(strstr(pair->qdl->text, arena_printf(ctx->a, "    numerics %s\n", modes[i])));
        net *n = net_load_imported(ctx, pair, &o);
        assert_true(n && net_quantize(ctx, n, &o));
        assert_string_equal(ir_numerics_name(n->legal->numerics), modes[i]);
        qctx_free(ctx);
    }
}

/* The QDL records the order of the host's arrays. */
static void layouts_are_recorded(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    const net_options none = {0}, first = {.layout = "nchw"};
    imported *plain = import_made(ctx, sample_conv(ctx), "m", &none);
    imported *moved = import_made(ctx, sample_conv(ctx), "m", &first);
    assert_non_null(plain && moved ? plain : NULL);
    assert_null(strstr(plain->qdl->text, "layout"));
    assert_non_null(strstr(moved->qdl->text, " layout nchw\n"));
    net *n = net_load_imported(ctx, moved, &none);
    assert_non_null(n);
    assert_string_equal(n->quantized->layout, "nchw");
    qctx_free(ctx);
}

/* ---- what cannot be imported --------------------------------------------------------------- */

/* The printed diagnostic, which is the only one. */
static const char *refusal(qctx *ctx, const make_model *m, diag_id id)
{
    const net_options none = {0};
    buf b;
    buf_init(&b, ctx->a);
    imported *pair = import_made(ctx, m, "m", &none);
    if (pair)
        fail_msg("imported:\n%s", pair->qdl->text);
    if (diag_errors(ctx) != 1 || diag_get(ctx, 0)->id != id) {
        show(ctx);
        fail_msg("not one error of the kind that was wanted");
    }
    diag_print(&b, diag_get(ctx, 0));
    return buf_str(&b);
}

static void assert_says(const char *text, const char *want)
{
    if (!strstr(text, want))
        fail_msg("no \"%s\" in\n%s", want, text);
}

static void all_unsupported_operators_are_told(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    make_model *m = sample_conv(ctx);
    const int32_t dim[] = {1, 3, 4, 6};
    int last = m->outputs[0];
    static const int codes[] = {TFL_OP_SIN, TFL_OP_CUSTOM, TFL_OP_LSTM, TFL_OP_WHILE, TFL_OP_SIN};
    static const char *const names[] = {"model/wave", "model/own", "model/memory", "model/loop", "model/wave2"};
    for (int i = 0; i < 5; i++) {
        int t = make_act(m, names[i], 0.02f, 0, 4, dim);
        make_operator(m, codes[i], INS(last), t)->custom = codes[i] == TFL_OP_CUSTOM ? "Mine" : NULL;
        last = t;
    }
    m->outputs[0] = last;
    const char *text = refusal(ctx, m, D_IMPORT_UNSUPPORTED);
    assert_says(text, "5 things cannot be imported [import-unsupported]");
    assert_says(text, "SIN 'model/wave' (operator 1): this version has no such operator");
    assert_says(text, "CUSTOM Mine 'model/own' (operator 2)");
    assert_says(text, "LSTM 'model/memory' (operator 3)");
    assert_says(text, "WHILE 'model/loop' (operator 4)");
    assert_says(text, "SIN 'model/wave2' (operator 5)");
    assert_says(text, "hint: cut the model before it, and do the rest in C");
    assert_says(text, "hint: run the model's steps as models of their own");
    qctx_free(ctx);
}

static void more_than_the_error_limit_is_told(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    make_model *m = make_new(ctx);
    const int32_t dim[] = {1, 4};
    int last = make_act(m, "x", 0, 0, 2, dim);
    make_ports(m, last, -1);
    for (int i = 0; i < 30; i++) {
        int t = make_act(m, arena_printf(ctx->a, "t%d", i), 0, 0, 2, dim);
        make_operator(m, i % 2 ? TFL_OP_SIN : TFL_OP_COS, INS(last), t);
        last = t;
    }
    make_ports(m, -1, last);
    const char *text = refusal(ctx, m, D_IMPORT_UNSUPPORTED);
    for (int i = 0; i < 30; i++)
        assert_non_null(strstr(text, arena_printf(ctx->a, "(operator %d)", i)));
    qctx_free(ctx);
}

/* A change of a sample, and the reason that is told. */
static void fused_tanh(make_model *m) { m->ops[0].options[3].value = TFL_ACT_TANH; }
static void stride_zero(make_model *m) { m->ops[0].options[1].value = 0; }
static void padding_odd(make_model *m) { m->ops[0].options[0].value = 7; }
static void options_other(make_model *m) { m->ops[0].options_type = OPTIONS_POOL_2D; }
static void batch_two(make_model *m) { m->tensors[0].dim[0] = m->tensors[3].dim[0] = 2; }
static void weights_bytes(make_model *m) { m->tensors[1].type = TFL_UINT8; }
static void weights_int8(make_model *m) { m->tensors[1].type = TFL_INT8, m->tensors[1].bytes = 108; }
static void weights_float(make_model *m)
{
    m->tensors[1] = (make_tensor){.name = "w", .type = TFL_FLOAT32, .rank = 4, .dim = {6, 3, 2, 3}, .bytes = 432,
                                  .data = ARENA_ARRAY(m->ctx->a, float, 108)};
}
static void weights_shifted(make_model *m) { *(int64_t *)(uintptr_t)m->tensors[1].zero = 1; }
static void weights_axis(make_model *m) { m->tensors[1].axis = 3; }
static void weights_variable(make_model *m) { m->tensors[1].data = NULL, m->tensors[1].variable = true; }
static void scale_zero(make_model *m) { *(float *)(uintptr_t)m->tensors[3].scale = 0; }
static void scale_nan(make_model *m) { *(float *)(uintptr_t)m->tensors[1].scale = NAN; }
static void zero_far(make_model *m) { *(int64_t *)(uintptr_t)m->tensors[3].zero = 128; }
static void no_scale(make_model *m) { m->tensors[3].n_scales = 0; }
static void result_float(make_model *m) { m->tensors[3].type = TFL_FLOAT32; }
static void input_int16(make_model *m) { m->tensors[0].type = TFL_INT16; }
static void bias_short(make_model *m) { m->tensors[2].dim[0] = 3, m->tensors[2].bytes = 12; }
static void bias_wide(make_model *m) { m->tensors[2].type = TFL_INT64, m->tensors[2].bytes = 48,
                                       m->tensors[2].data = ARENA_ARRAY(m->ctx->a, int64_t, 6); }
static void result_shape(make_model *m) { m->tensors[3].dim[1] = 4; }
static void one_operand(make_model *m) { m->ops[0].n_in = 1; }
static void channels_odd(make_model *m) { m->tensors[0].dim[3] = 4; }
static void no_inputs(make_model *m) { m->ops[0].in[0] = 1, m->n_inputs = 0; }
static void beta_two(make_model *m) { m->ops[4].options[0].value = 2; }
static void concat_scales(make_model *m) { *(float *)(uintptr_t)m->tensors[1].scale = 0.5f; }
static void concat_batch(make_model *m) { m->ops[0].options[0].value = 0; }
static void assign_twice(make_model *m) { make_operator(m, TFL_OP_ASSIGN_VARIABLE, INS(1, 5), -1); }
static void assign_other(make_model *m) { m->ops[4].in[1] = 3; }
static void init_other(make_model *m) { ((int8_t *)(uintptr_t)m->init->tensors[1].data)[7] = 4; }
static void init_missing(make_model *m) { m->ops[m->n_ops - 1].options[0].value = 2; }
static void assign_const(make_model *m) { m->ops[4].in[1] = 6; }

static void no_handle(make_model *m) { m->ops[1].in[0] = 0; }
static void slice_scales(make_model *m) { *(float *)(uintptr_t)m->tensors[1].scale = 0.5f; }
static void slice_stride(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[4].data)[1] = 0; }
static void slice_axes(make_model *m) { m->ops[0].options[0].number = SLICE_NEW_AXIS_MASK; }
static void slice_more(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[3].data)[1] = 5; }
static void split_axis(make_model *m) { *(int32_t *)(uintptr_t)m->tensors[1].data = 4; }
static void split_odd(make_model *m) { *(int32_t *)(uintptr_t)m->tensors[1].data = 1; }
static void split_long(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[2].data)[2] = 9; }
static void turn_twice(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[1] = 2; }
static void unpack_three(make_model *m) { make_model *n = m; n->ops[0].options[0].value = 2; }
static void concat_axis(make_model *m) { m->ops[0].options[0].value = 4; }
static void sum_axis(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[0] = 5; }
static void max_scales(make_model *m) { *(float *)(uintptr_t)m->tensors[2].scale = 0.5f; }
static void upward_short(make_model *m) { m->tensors[4].dim[1] = 1; }
static void upward_weights(make_model *m) { m->tensors[2].dim[3] = 1, m->tensors[2].dim[2] = 6; }
static void resize_zero(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[0] = 0; }
static void argmax_batch(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[0] = 0; }
static void argmax_read(make_model *m)
{
    int t = make_act(m, "late", 0.1f, 0, 3, DIMS(1, 5, 4));
    make_operator(m, TFL_OP_RELU, INS(m->outputs[0]), t);
    m->outputs[0] = t;
}
static void pad_channels(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[7] = 1; }
static void pad_negative(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[2] = -1; }
static void pad_value(make_model *m) { *(int8_t *)(uintptr_t)m->tensors[2].data = 4; }
static void shape_open(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[4].data)[0] = -7; }
static void float_behind(make_model *m)
{
    int t = make_act(m, "late", 0, 0, 4, DIMS(1, 5, 4, 3));
    make_operator(m, TFL_OP_RELU, INS(m->outputs[0]), t);
    m->outputs[0] = t;
}
static void u8_scale(make_model *m) { *(float *)(uintptr_t)m->tensors[0].scale = 0.5f; }
static void const_scales(make_model *m)
{
    static const float two[] = {1, 2};
    static const int64_t zeros[] = {0, 0};
    m->tensors[1].n_scales = 2, m->tensors[1].scale = two, m->tensors[1].zero = zeros;
}
static void shape_unknown(make_model *m) { m->tensors[4].data = NULL, m->tensors[4].variable = true; }
static void input_int32(make_model *m) { m->tensors[0].type = TFL_INT32; }
static void slopes_many(make_model *m) { m->tensors[1].dim[1] = 2, m->tensors[1].bytes = 6; }
static void l2_fused(make_model *m) { make_option(&m->ops[0], OPTIONS_L2_NORM, L2_NORM_ACTIVATION, 'b', TFL_ACT_RELU); }
static void space_strided(make_model *m) { m->ops[1].options[1].value = 2; }
static void space_read(make_model *m)
{
    int z = make_act(m, "z", 0.02f, 3, 4, DIMS(6, 4, 2, 3));
    make_operator(m, TFL_OP_RELU, INS(5), z);
    make_ports(m, -1, z);
}
static void space_pool(make_model *m) { m->ops[1].code = TFL_OP_RELU, m->ops[1].n_in = 1, m->ops[1].n_options = 0; }
static void crops_far(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[3].data)[1] = 2; }
static void block_zero(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[0] = 0; }
static void block_odd(make_model *m) { m->ops[0].options[0].value = 5; }
static void mirror_far(make_model *m) { ((int32_t *)(uintptr_t)m->tensors[1].data)[2] = 5; }
static void sum_twice(make_model *m) { make_operator(m, TFL_OP_ADD, INS(0, 1), 1); }
static void shuffled(make_model *m) { m->ops[0].options[0] = (out_field){DENSE_WEIGHTS_FORMAT, 'b', 1, 0}; }
static void output_const(make_model *m) { m->outputs[0] = 1; }

static const struct { const char *sample; void (*change)(make_model *); const char *says; } refusals[] = {
    {"conv", fused_tanh, "CONV_2D 'model/act/Relu' (operator 0): the fused activation TANH"},
    {"conv", stride_zero, "stride 2x0"},
    {"conv", padding_odd, "padding has the number 7"},
    {"conv", options_other, "attributes are those of another operator"},
    {"conv", batch_two, "'model/x' (t0) is not one image"},
    {"conv", weights_bytes, "(t1) are UINT8"},
    {"conv", weights_float, "(t1) are FLOAT32"},
    {"conv", weights_shifted, "zero point that is not 0"},
    {"conv", weights_axis, "6 scales along dimension 3, 6 channels"},
    {"conv", weights_variable, "is a variable"},
    {"conv", scale_zero, "has the scale 0 and"},
    {"conv", scale_nan, "nan"},
    {"conv", zero_far, "zero point 128, which is no quantization"},
    {"conv", no_scale, "has 0 scales; an activation has one"},
    {"conv", result_float, "is FLOAT32 in a model with int8 activations"},
    {"conv", input_int16, "is INT16"},
    {"conv", bias_short, "no constant of 6 numbers"},
    {"conv", bias_wide, "is INT64, not INT32"},
    {"conv", result_shape, "its result is 3x4x6 by its attributes"},
    {"conv", one_operand, "it has 1 operands"},
    {"conv", channels_odd, "do not suit 4 channels"},
    {"conv", no_inputs, "it computes with constants only"},
    {"float_conv", weights_int8, "dynamic range quantization"},
    {"activations", beta_two, "its beta is 2, not 1"},
    {"concat_height", concat_scales, "two scales, which the operator ignores"},
    {"concat_height", concat_batch, "along the batch"},
    {"concat_height", concat_axis, "its axis is not one of 4"},
    {"stream", assign_twice, "the variable is assigned twice"},
    {"stream", assign_other, "'all' (t3) has another shape or scale than the variable"},
    {"stream", assign_const, "it assigns the constant 'b'"},
    {"stream_zeroed", init_other, "it sets variables to something else than zero"},
    {"stream_zeroed", init_missing, "it sets variables to something else than zero"},
    {"stream_late", no_handle, "no variable's handle"},
    {"strided", slice_scales, "two scales, which the operator ignores"},
    {"strided", slice_stride, "its stride is 0"},
    {"strided", slice_axes, "an ellipsis or new axes"},
    {"sliced", slice_more, "it takes more than there is of 'model/x'"},
    {"split", split_axis, "its axis 4 is not one of 4 dimensions"},
    {"split", split_odd, "2 results do not fill 'model/x'"},
    {"split_sizes", split_long, "its sizes do not fill 'model/x'"},
    {"transposed", turn_twice, "no constant permutation of the 4"},
    {"stacks", unpack_three, "2 results do not fill 'x'"},
    {"sum", sum_axis, "its axis 5 is not one of 4 dimensions"},
    {"max", max_scales, "two scales, which the operator ignores"},
    {"upward", upward_short, "its result is 1 cells where kernel and stride give 11"},
    {"upward", upward_weights, "do not suit 3 channels"},
    {"nearest", resize_zero, "no constant of two numbers in 1..32767"},
    {"argmax", argmax_batch, "it looks along the batch"},
    {"argmax", argmax_read, "operators compute with its indices"},
    {"padded", pad_channels, "pads the channels"},
    {"padded", pad_negative, "not all in 0..32767"},
    {"padded_v2", pad_value, "something else than zero"},
    {"shapes", shape_open, "the shape of its result is not known"},
    {"float_edges", float_behind, "compute in float32 in an int8 model"},
    {"byte_edges", u8_scale, "two scales"},
    {"add_const_int8", const_scales, "has 2 scales; an activation has one"},
    {"shapes", shape_unknown, "holds whole numbers that are not known"},
    {"activations", input_int32, "is INT32"},
    {"prelu", slopes_many, "slopes of 2x3 do not repeat"},
    {"l2", l2_fused, "it has a fused activation"},
    {"dilated", space_strided, "it has strides, pads, a dilation or company"},
    {"dilated", space_read, "several operators read its result"},
    {"dilated", space_pool, "comes from SPACE_TO_BATCH_ND"},
    {"dilated", crops_far, "it does not undo the SPACE_TO_BATCH_ND before"},
    {"dilated", block_zero, "its numbers are not all in 0..32767"},
    {"to_space", block_odd, "blocks of 5 do not suit 'x'"},
    {"mirror_reflect", mirror_far, "its pads 5 and 2 do not suit dimension 1"},
    {"running_sum", sum_twice, "is written twice"},
    {"dense_flat", shuffled, "shuffled"},
    {"conv", output_const, "the output 'model/c1/Conv2D' (t1) is a constant"},
};

static make_model *changed(qctx *ctx, const char *sample, void (*change)(make_model *))
{
    const sample_model *s = sample_named(sample);
    make_model *m = s->build(ctx);
    change(m);
    return m;
}

static void reasons_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        qctx *ctx = fresh();
        const net_options none = {0};
        import_made(ctx, changed(ctx, refusals[i].sample, refusals[i].change), "m", &none);
        buf b;
        buf_init(&b, ctx->a);
        for (int k = 0; k < diag_count(ctx); k++)
            diag_print(&b, diag_get(ctx, k));
        if (diag_errors(ctx) != 1 || !strstr(buf_str(&b), refusals[i].says))
            fail_msg("%s, change %zu: no \"%s\" in\n%s", refusals[i].sample, i, refusals[i].says, buf_str(&b));
        qctx_free(ctx);
    }
}

static void u8_outputs_are_warned_of(void **state)
{
    (void)state;
    qctx *ctx = fresh();
    const net_options none = {0};
    const sample_model *s = sample_named("byte_edges");
    assert_non_null(import_made(ctx, s->build(ctx), "m", &none));
    assert_int_equal(diag_warnings(ctx), 1);
    assert_int_equal(diag_get(ctx, 0)->id, D_IMPORT_U8_OUTPUT);
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_become_pairs),
        cmocka_unit_test(pairs_save_to_themselves),
        cmocka_unit_test(depthwise_weights_are_transposed),
        cmocka_unit_test(transposed_convolutions_add_kernels),
        cmocka_unit_test(images_are_moved_by_definition),
        cmocka_unit_test(half_precision_is_exact),
        cmocka_unit_test(names_are_readable_and_unique),
        cmocka_unit_test(every_word_is_a_name),
        cmocka_unit_test(numerics_are_chosen_at_import),
        cmocka_unit_test(layouts_are_recorded),
        cmocka_unit_test(all_unsupported_operators_are_told),
        cmocka_unit_test(more_than_the_error_limit_is_told),
        cmocka_unit_test(reasons_are_told),
        cmocka_unit_test(u8_outputs_are_warned_of),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
