/* test_witness.c - a second witness: TensorFlow Lite itself (its C library, given as the first
 * argument) beside the reference interpreter, on the models of models.c and on random ones of a
 * single operator. Codes are the same ones where the library's arithmetic is TFLM's; the operators
 * of `loose` it computes otherwise, from tables of its own. */
#include "tests/unit/cm.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"
#include "tests/import/models.h"

enum { ROWS = 20, RANDOM_EACH = 60, PORTS = 4 };

/* ---- the library ---------------------------------------------------------------------------- */

static struct {
    void *(*model)(const void *bytes, size_t n);
    void *(*options)(void);
    void (*threads)(void *options, int32_t n);
    void *(*create)(const void *model, const void *options);
    void (*destroy)(void *interpreter);
    void (*forget)(void *model);
    int (*allocate)(void *interpreter);
    int (*invoke)(void *interpreter);
    void *(*input)(const void *interpreter, int32_t i);
    const void *(*output)(const void *interpreter, int32_t i);
    size_t (*size)(const void *tensor);
    int (*put)(void *tensor, const void *from, size_t n);
    int (*get)(const void *tensor, void *to, size_t n);
} lite;

static void find(void *library, const char *name, void *to)
{
    void *address = dlsym(library, name);
    if (!address) {
        fprintf(stderr, "the library has no %s\n", name);
        exit(99);
    }
    memcpy(to, &address, sizeof address);
}

static void open_library(const char *path)
{
    void *l = dlopen(path, RTLD_NOW);
    if (!l) {
        fprintf(stderr, "%s\n", dlerror());
        exit(99);
    }
    find(l, "TfLiteModelCreate", &lite.model);
    find(l, "TfLiteModelDelete", &lite.forget);
    find(l, "TfLiteInterpreterOptionsCreate", &lite.options);
    find(l, "TfLiteInterpreterOptionsSetNumThreads", &lite.threads);
    find(l, "TfLiteInterpreterCreate", &lite.create);
    find(l, "TfLiteInterpreterDelete", &lite.destroy);
    find(l, "TfLiteInterpreterAllocateTensors", &lite.allocate);
    find(l, "TfLiteInterpreterInvoke", &lite.invoke);
    find(l, "TfLiteInterpreterGetInputTensor", &lite.input);
    find(l, "TfLiteInterpreterGetOutputTensor", &lite.output);
    find(l, "TfLiteTensorByteSize", &lite.size);
    find(l, "TfLiteTensorCopyFromBuffer", &lite.put);
    find(l, "TfLiteTensorCopyToBuffer", &lite.get);
}

/* ---- both ------------------------------------------------------------------------------------ */

/* How many codes two results may differ by: matrix products (ruy) and means are rounded otherwise
 * there, the others come from tables in float32. */
static const struct {
    int code, codes;
} loose[] = {{TFL_OP_CONV_2D, 1},   {TFL_OP_FULLY_CONNECTED, 1}, {TFL_OP_MEAN, 1},
             {TFL_OP_SOFTMAX, 1},   {TFL_OP_LOGISTIC, 1},        {TFL_OP_TANH, 1},
             {TFL_OP_HARD_SWISH, 1}};

/* What is behind such an operator may double the difference. */
static int tolerance(const make_model *m)
{
    int most = 0;
    for (int i = 0; i < m->n_ops; i++)
        for (size_t k = 0; k < sizeof loose / sizeof *loose; k++)
            if (m->ops[i].code == loose[k].code)
                most += loose[k].codes * (m->n_ops > 1 ? 2 : 1);
    return most;
}

/* Sums of codes do not saturate in that version, as TFLM's do. */
static bool is_unlike(const make_model *m)
{
    for (int i = 0; i < m->n_ops; i++)
        if (m->ops[i].code == TFL_OP_SUM)
            return true;
    return false;
}

typedef struct pair {
    qctx *ctx;
    ir_graph *g;
    interp *own;
    void *model, *other; /* NULL: the library does not take the model */
    bool codes;
} pair;

static size_t bytes_of(const ir_tensor *t)
{
    return (size_t)ir_elems(&t->shape) * ir_type_size(t->type);
}

/* Ports that are the same bytes on both sides. */
static bool same_ports(const pair *p)
{
    for (int i = 0; i < p->g->inputs.n; i++)
        if (p->g->inputs.v[i]->u8_port ||
            lite.size(lite.input(p->other, i)) != bytes_of(p->g->inputs.v[i]))
            return false;
    for (int i = 0; i < p->g->outputs.n; i++)
        if (lite.size(lite.output(p->other, i)) != bytes_of(p->g->outputs.v[i]))
            return false;
    return p->g->inputs.n <= PORTS && p->g->outputs.n <= PORTS && p->g->states.n == 0;
}

static bool pair_open(pair *p, qctx *ctx, const make_model *m)
{
    const import_options plain = {0};
    const source *file = make_finish(m);
    *p = (pair){.ctx = ctx, .g = import_tflite(ctx, file, "m", &plain)};
    if (!p->g)
        return false;
    p->codes = p->g->stage == IR_QUANTIZED;
    if (p->codes && (is_unlike(m) || !legalize(ctx, p->g, p->g->numerics)))
        return false;
    p->own = interp_new(ctx, p->g);
    void *options = lite.options();
    lite.threads(options, 1);
    p->model = lite.model(file->text, file->len);
    p->other = p->model ? lite.create(p->model, options) : NULL;
    return p->other && lite.allocate(p->other) == 0 && same_ports(p);
}

static void pair_close(pair *p)
{
    if (p->other)
        lite.destroy(p->other);
    if (p->model)
        lite.forget(p->model);
}

static void fill(rng *r, const ir_tensor *t, int row, void *to)
{
    for (int64_t i = 0; i < ir_elems(&t->shape); i++)
        if (t->type == IR_I8)
            ((int8_t *)to)[i] = (int8_t)(row == 0   ? -128
                                         : row == 1 ? 127
                                                    : (int)rng_below(r, 256) - 128);
        else
            ((float *)to)[i] = (float)(4 * rng_double(r) - 2);
}

/* The largest difference of a row's results, in codes, or relative to the largest magnitude. */
static double run_row(const pair *p, rng *r, int row)
{
    void *in[PORTS], *out[PORTS];
    double worst = 0;
    for (int i = 0; i < p->g->inputs.n; i++) {
        in[i] = arena_alloc(p->ctx->a, bytes_of(p->g->inputs.v[i]));
        fill(r, p->g->inputs.v[i], row, in[i]);
        assert_int_equal(lite.put(lite.input(p->other, i), in[i], bytes_of(p->g->inputs.v[i])), 0);
    }
    for (int i = 0; i < p->g->outputs.n; i++)
        out[i] = arena_alloc(p->ctx->a, bytes_of(p->g->outputs.v[i]));
    interp_run(p->own, (const void *const *)in, out);
    assert_int_equal(lite.invoke(p->other), 0);
    for (int i = 0; i < p->g->outputs.n; i++) {
        const ir_tensor *t = p->g->outputs.v[i];
        void *want = arena_alloc(p->ctx->a, bytes_of(t));
        double most = 1e-30, apart = 0;
        assert_int_equal(lite.get(lite.output(p->other, i), want, bytes_of(t)), 0);
        for (int64_t k = 0; k < ir_elems(&t->shape); k++) {
            double a = t->type == IR_F32  ? (double)((float *)out[i])[k]
                       : t->type == IR_I8 ? ((int8_t *)out[i])[k]
                                          : ((int32_t *)out[i])[k];
            double b = t->type == IR_F32  ? (double)((float *)want)[k]
                       : t->type == IR_I8 ? ((int8_t *)want)[k]
                                          : ((int32_t *)want)[k];
            apart = fmax(apart, fabs(a - b));
            most = fmax(most, fabs(b));
        }
        worst = fmax(worst, t->type == IR_F32 ? apart / most : apart);
    }
    return worst;
}

static int failures;

/* 1: compared; 0: the library does not take it. */
static int compare(const make_model *m, const char *name, rng *r)
{
    pair p;
    if (!pair_open(&p, m->ctx, m)) {
        pair_close(&p);
        return 0;
    }
    double limit = p.codes ? tolerance(m) : 1e-5;
    for (int row = 0; row < ROWS; row++) {
        double apart = run_row(&p, r, row);
        if (apart > limit) {
            print_message("%s, row %d: %g apart, at most %g wanted\n", name, row, apart, limit);
            failures++;
            break;
        }
    }
    pair_close(&p);
    return 1;
}

static void samples_agree(void **state)
{
    (void)state;
    int compared = 0;
    rng r;
    failures = 0;
    rng_seed(&r, 31);
    for (int i = 0; i < n_sample_models(); i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        int done = compare(sample_at(i)->build(ctx), sample_at(i)->name, &r);
        if (!done)
            print_message("not compared: %s\n", sample_at(i)->name);
        compared += done;
        qctx_free(ctx);
    }
    print_message("%d of %d models compared\n", compared, n_sample_models());
    assert_in_range(compared, n_sample_models() / 2, n_sample_models());
    assert_int_equal(failures, 0);
}

/* ---- random models --------------------------------------------------------------------------- */

static int between(rng *r, int lo, int hi)
{
    return lo + (int)rng_below(r, (uint64_t)(hi - lo + 1));
}

static float some_scale(rng *r)
{
    return (float)ldexp(1 + rng_double(r), between(r, -8, -4));
}

static int act(make_model *m, rng *r, const char *name, int rank, const int32_t *dim)
{
    return make_act(m, name, some_scale(r), between(r, -128, 127), rank, dim);
}

/* Places of a window of k cells in n; same padding where pad. */
static int32_t places(int n, int k, int s, bool pad)
{
    return pad ? (n + s - 1) / s : (n - k) / s + 1;
}

static make_model *random_conv(qctx *ctx, rng *r)
{
    make_model *m = make_new(ctx);
    bool depthwise = rng_below(r, 2), same = rng_below(r, 2);
    int kh = between(r, 1, 4), kw = between(r, 1, 4), sh = between(r, 1, 3), sw = between(r, 1, 3);
    int h = kh + between(r, 0, 6), w = kw + between(r, 0, 6), c = between(r, 1, 9),
        o = depthwise ? c * between(r, 1, 2) : between(r, 1, 9);
    int x = act(m, r, "x", 4, DIMS(1, h, w, c));
    int f = depthwise ? make_weights(m, "w", 4, DIMS(1, kh, kw, o), 3, (uint32_t)o, 0.01f)
                      : make_weights(m, "w", 4, DIMS(o, kh, kw, c), 0, (uint32_t)o, 0.01f);
    int b = make_bias(m, "b", o);
    int y = act(m, r, "y", 4, DIMS(1, places(h, kh, sh, same), places(w, kw, sw, same), o));
    make_op *op =
        make_operator(m, depthwise ? TFL_OP_DEPTHWISE_CONV_2D : TFL_OP_CONV_2D, INS(x, f, b), y);
    int type = depthwise ? OPTIONS_DEPTHWISE : OPTIONS_CONV_2D;
    make_option(op, type, CONV_PADDING, 'b', same ? TFL_PADDING_SAME : TFL_PADDING_VALID);
    make_option(op, type, CONV_STRIDE_W, 'i', sw);
    make_option(op, type, CONV_STRIDE_H, 'i', sh);
    if (depthwise)
        make_option(op, type, DEPTHWISE_MULTIPLIER, 'i', o / c);
    make_option(op, type, depthwise ? DEPTHWISE_ACTIVATION : CONV_ACTIVATION, 'b',
                rng_below(r, 2) ? TFL_ACT_RELU6 : TFL_ACT_NONE);
    make_ports(m, x, y);
    return m;
}

static make_model *random_dense(qctx *ctx, rng *r)
{
    make_model *m = make_new(ctx);
    int n = between(r, 1, 70), o = between(r, 1, 30);
    int x = act(m, r, "x", 2, DIMS(1, n)), w = make_weights(m, "w", 2, DIMS(o, n), 0, 1, 0.01f),
        b = make_bias(m, "b", o);
    const float scale = m->tensors[x].scale[0] * 0.01f; /* the library looks at it */
    m->tensors[b].n_scales = 1;
    m->tensors[b].scale = arena_memdup(ctx->a, &scale, sizeof scale);
    m->tensors[b].zero = arena_calloc(ctx->a, 1, sizeof(int64_t));
    int y = act(m, r, "y", 2, DIMS(1, o));
    make_operator(m, TFL_OP_FULLY_CONNECTED, INS(x, w, b), y);
    make_ports(m, x, y);
    return m;
}

/* ADD, SUB, MUL, PRELU of x and another input or a constant of its channels. */
static make_model *random_two(qctx *ctx, rng *r)
{
    static const int codes[] = {TFL_OP_ADD, TFL_OP_SUB, TFL_OP_MUL, TFL_OP_PRELU};
    make_model *m = make_new(ctx);
    int h = between(r, 1, 5), w = between(r, 1, 7), c = between(r, 1, 9),
        code = codes[rng_below(r, 4)];
    bool constant = code == TFL_OP_PRELU || rng_below(r, 2);
    int x = act(m, r, "x", 4, DIMS(1, h, w, c)), z;
    if (constant) {
        z = make_weights(m, "c", 3, DIMS(1, 1, c), 0, 1, some_scale(r));
        *(int64_t *)(uintptr_t)m->tensors[z].zero = between(r, -20, 20);
    } else {
        z = act(m, r, "z", 4, DIMS(1, h, w, c));
    }
    make_operator(m, code, INS(x, z), act(m, r, "y", 4, DIMS(1, h, w, c)));
    make_ports(m, x, -1);
    if (!constant)
        make_ports(m, z, -1);
    make_ports(m, -1, m->n_tensors - 1);
    return m;
}

/* Of one tensor, elementwise or along its rows. */
static make_model *random_one(qctx *ctx, rng *r)
{
    static const int codes[] = {TFL_OP_LEAKY_RELU, TFL_OP_RELU, TFL_OP_L2_NORMALIZATION, TFL_OP_ELU,
                                TFL_OP_QUANTIZE};
    make_model *m = make_new(ctx);
    int code = codes[rng_below(r, 5)];
    const int32_t dim[] = {1, between(r, 1, 5), between(r, 1, 7), between(r, 1, 40)};
    int x = act(m, r, "x", 4, dim);
    int y = code == TFL_OP_L2_NORMALIZATION ? make_act(m, "y", 1.0f / 128, 0, 4, dim)
                                            : act(m, r, "y", 4, dim);
    make_op *op = make_operator(m, code, INS(x), y);
    if (code == TFL_OP_LEAKY_RELU)
        make_option(op, OPTIONS_LEAKY_RELU, LEAKY_RELU_ALPHA, 'f', rng_double(r));
    make_ports(m, x, y);
    return m;
}

static make_model *random_upward(qctx *ctx, rng *r)
{
    make_model *m = make_new(ctx);
    int k = between(r, 1, 4), s = between(r, 1, 3), h = between(r, 1, 5), w = between(r, 1, 5),
        c = between(r, 1, 6), o = between(r, 1, 5);
    bool same = k >= s && rng_below(r, 2);
    int32_t oh = same ? h * s : (h - 1) * s + k, ow = same ? w * s : (w - 1) * s + k;
    int size = make_const(m, "size", TFL_INT32, 1, DIMS(4), DIMS(1, oh, ow, o));
    int f = make_weights(m, "w", 4, DIMS(o, k, k, c), 0, (uint32_t)o, 0.01f);
    int x = act(m, r, "x", 4, DIMS(1, h, w, c)), b = make_bias(m, "b", o),
        y = act(m, r, "y", 4, DIMS(1, oh, ow, o));
    make_op *op = make_operator(m, TFL_OP_TRANSPOSE_CONV, INS(size, f, x, b), y);
    make_option(op, OPTIONS_TRANSPOSE_CONV, 0, 'b', same ? TFL_PADDING_SAME : TFL_PADDING_VALID);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_W, 'i', s);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_H, 'i', s);
    make_ports(m, x, y);
    return m;
}

static void random_models_agree(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        make_model *(*build)(qctx *ctx, rng *r);
    } kinds[] = {{"convolution", random_conv},
                 {"dense", random_dense},
                 {"two operands", random_two},
                 {"one operand", random_one},
                 {"transposed", random_upward}};
    failures = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int compared = 0;
        for (int i = 0; i < RANDOM_EACH; i++) {
            rng r;
            rng_seed(&r, 1000 * k + (uint64_t)i);
            qctx *ctx = qctx_new();
            assert_non_null(ctx);
            compared += compare(kinds[k].build(ctx, &r),
                                arena_printf(ctx->a, "%s %d", kinds[k].name, i), &r);
            qctx_free(ctx);
        }
        print_message("%s: %d of %d models compared\n", kinds[k].name, compared, RANDOM_EACH);
        assert_in_range(compared, RANDOM_EACH / 2, RANDOM_EACH);
    }
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_agree),
        cmocka_unit_test(random_models_agree),
    };
    if (argc != 2)
        return 77;
    open_library(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
