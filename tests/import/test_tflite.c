/* test_tflite.c - models written by the test: the QDL that the importer makes of them, the same codes
 * from the graph and from its pair. (What cannot be imported: test_refused.c.) */
#include "tests/import/made.h"

#include <math.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/import/names.h"
#include "compiler/ir/words.h"
#include "runtime/interp.h"

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
    for (int i = 0; i < n_sample_models(); i++)
        check_sample(sample_at(i));
}

/* Names, numbers of tensors and the hash survive saving the pair once more. */
static void pairs_save_to_themselves(void **state)
{
    (void)state;
    const net_options none = {0};
    for (int i = 0; i < n_sample_models(); i++) {
        qctx *ctx = fresh();
        imported *pair = import_made(ctx, sample_at(i)->build(ctx), "m", &none);
        net *n = net_load_imported(ctx, pair, &none);
        buf qdl, bin;
        buf_init(&qdl, ctx->a);
        buf_init(&bin, ctx->a);
        assert_non_null(n);
        if (sample_at(i)->quantized) {
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
        cmocka_unit_test(u8_outputs_are_warned_of),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
