/* test_weights.c - tensors of a file into a graph: layouts, names, and what can be wrong. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/front/front.h"

typedef struct fixture {
    qctx *ctx;
    ir_graph *g;
    tensor_file *file;
} fixture;

static fixture start(const char *text)
{
    fixture f = {.ctx = qctx_new()};
    assert_non_null(f.ctx);
    source *src = ARENA_NEW(f.ctx->a, source);
    *src = (source){"net.qdl", text, strlen(text)};
    ast_file *ast = qdl_parse(f.ctx, src);
    assert_non_null(ast);
    f.g = sema_lower(f.ctx, ast);
    assert_non_null(f.g);
    f.file = ARENA_NEW(f.ctx->a, tensor_file);
    source *bin = ARENA_NEW(f.ctx->a, source);
    bin->name = "net.safetensors";
    f.file->src = bin;
    return f;
}

/* Element i is 1000 * number of the tensor + i. */
static named_tensor *add(fixture *f, const char *name, int rank, const int64_t *dim)
{
    named_tensor *t = VEC_PUSH(f->ctx->a, &f->file->tensors);
    t->name = name;
    t->dtype = DT_F32;
    t->rank = rank;
    t->dim = arena_memdup(f->ctx->a, dim, (size_t)rank * sizeof *dim);
    t->elems = 1;
    for (int i = 0; i < rank; i++)
        t->elems *= dim[i];
    float *v = ARENA_ARRAY(f->ctx->a, float, t->elems);
    for (int64_t i = 0; i < t->elems; i++)
        v[i] = (float)(1000 * f->file->tensors.n + i);
    t->data = v;
    return t;
}

#define DIMS(...) (const int64_t[]){__VA_ARGS__}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_tensor *)a)->name, ((const named_tensor *)b)->name);
}

static bool bind(fixture *f, bool allow_extra)
{
    if (f->file->tensors.n)
        qsort(f->file->tensors.v, (size_t)f->file->tensors.n, sizeof *f->file->tensors.v, by_name);
    return weights_bind(f->ctx, f->g, f->file, allow_extra);
}

static const char *printed(const fixture *f)
{
    buf b;
    buf_init(&b, f->ctx->a);
    for (int i = 0; i < diag_count(f->ctx); i++)
        diag_print(&b, diag_get(f->ctx, i));
    return buf_str(&b);
}

static const float *values(const fixture *f, const char *name)
{
    const ir_tensor *t = ir_find_tensor(f->g, name);
    assert_non_null(t);
    assert_non_null(t->data);
    return t->data;
}

/* Binds, expecting this one error with these words. */
static void assert_refused(fixture *f, const char *slug, const char *words, const char *more)
{
    bool bound = bind(f, false);
    const char *out = printed(f);
    bool told = diag_errors(f->ctx) == 1 && strstr(out, slug) && strstr(out, words) &&
                (!more || strstr(out, more));
    if (bound || !told)
        fail_msg("expected %s, %s:\n%s", slug, words, out);
    qctx_free(f->ctx);
}

/* ---- layouts ------------------------------------------------------------------------------- */

static void convolutions_turn_to_channels_last(void **state)
{
    (void)state;
    enum { O = 4, C = 3, H = 2, W = 5 };
    fixture f = start("model m { input x : i8[6, 7, 3]\ny = conv2d(x, 4, kernel 2x5)\noutput y }");
    add(&f, "y.weight", 4, DIMS(O, C, H, W));
    add(&f, "y.bias", 1, DIMS(O));
    assert_true(bind(&f, false));
    const float *w = values(&f, "y.weight");
    for (int o = 0; o < O; o++)
        for (int h = 0; h < H; h++)
            for (int x = 0; x < W; x++)
                for (int c = 0; c < C; c++)
                    assert_true(w[((o * H + h) * W + x) * C + c] ==
                                (float)(1000 + ((o * C + c) * H + h) * W + x));
    assert_true(values(&f, "y.bias")[3] == 2003);
    qctx_free(f.ctx);
}

static void depthwise_has_one_channel_a_filter(void **state)
{
    (void)state;
    fixture f = start("model m { input x : i8[6, 7, 3]\n"
                      "y = depthwise(x, kernel 2x5, multiplier 2, no bias)\noutput y }");
    add(&f, "y.weight", 4, DIMS(6, 1, 2, 5));
    assert_true(bind(&f, false));
    for (int i = 0; i < 60; i++)
        assert_true(values(&f, "y.weight")[i] == (float)(1000 + i));
    qctx_free(f.ctx);
}

/* Columns of a dense layer behind `text`, which flattens [2, 3, 4]; column i of the result should be
 * PyTorch's column want[i]. */
static void check_columns(const char *text, const int *want, int n)
{
    fixture f = start(text);
    add(&f, "y.weight", 2, DIMS(2, n));
    if (!bind(&f, false))
        fail_msg("%s\n%s", text, printed(&f));
    const float *w = values(&f, "y.weight");
    for (int o = 0; o < 2; o++)
        for (int i = 0; i < n; i++)
            if (w[o * n + i] != (float)(1000 + o * n + want[i]))
                fail_msg("%s\ncolumn %d of row %d is %g", text, i, o, (double)w[o * n + i]);
    qctx_free(f.ctx);
}

static void dense_columns_follow_the_flattened_tensor(void **state)
{
    (void)state;
    enum { H = 2, W = 3, C = 4, N = H * W * C };
    int chw[N], plain[N], both[2 * N + C];
    for (int h = 0; h < H; h++)
        for (int w = 0; w < W; w++)
            for (int c = 0; c < C; c++)
                chw[(h * W + w) * C + c] = (c * H + h) * W + w;
    for (int i = 0; i < N; i++) {
        plain[i] = i;
        both[i] = chw[i];
        both[N + C + i] = N + C + chw[i];
    }
    for (int i = 0; i < C; i++)
        both[N + i] = N + i;
#define NET(lines) "model m { input x : i8[2, 3, 4]\n" lines "\noutput y }"
    check_columns(NET("y = dense(flatten(x), 2, no bias)"), chw, N);
    check_columns(NET("y = dense(reshape(x, [24]), 2, no bias)"), chw, N);
    check_columns(NET("y = dense(reshape(x, [1, 1, 24]), 2, no bias)"), chw, N);
    check_columns(NET("y = flatten(x) |> tanh |> softmax |> flatten |> dense(2, no bias)"), chw, N);
    check_columns(NET("y = add(flatten(x), flatten(relu(x))) |> dense(2, no bias)"), chw, N);
    check_columns(NET("y = concat(flatten(x), global_avgpool(x), flatten(x)) |> dense(2, no bias)"), both,
                  2 * N + C);
    check_columns(NET("weights native\ny = dense(flatten(x), 2, no bias)"), plain, N);
    /* no spatial tensor, or none whose order shows */
    check_columns(NET("y = dense(x, 2, no bias)"), plain, C);
    check_columns(NET("y = flatten(global_avgpool(x, keep)) |> dense(2, no bias)"), plain, C);
    check_columns(NET("y = reshape(x, [6, 4]) |> dense(2, no bias)"), plain, C);
    check_columns("model m { input x : i8[6, 4]\ny = dense(flatten(x), 2, no bias)\noutput y }", plain, N);
    check_columns("model m { input x : i8[4, 6, 1]\ny = dense(flatten(x), 2, no bias)\noutput y }", plain, N);
#undef NET
}

static void a_norm_behind_a_flatten_follows_it(void **state)
{
    (void)state;
    static const char *const parts[] = {"y.weight", "y.bias", "y.running_mean", "y.running_var"};
    fixture f = start("model m { input x : i8[1, 2, 3]\ny = batch_norm(flatten(x))\noutput y }");
    for (int i = 0; i < 4; i++)
        add(&f, parts[i], 1, DIMS(6));
    assert_true(bind(&f, false));
    static const int want[] = {0, 2, 4, 1, 3, 5};
    for (int i = 0; i < 6; i++)
        assert_true(fmodf(values(&f, "y.running_mean")[i], 1000) == (float)want[i]);
    qctx_free(f.ctx);
}

static void sums_of_two_orders_are_refused(void **state)
{
    (void)state;
    fixture f = start("model m { input x : i8[2, 3, 4]\na = dense(flatten(x), 24, no bias)\n"
                      "y = add(flatten(x), a) |> relu |> dense(2, no bias)\noutput y }");
    add(&f, "a.weight", 2, DIMS(24, 24));
    add(&f, "y.weight", 2, DIMS(2, 24));
    assert_refused(&f, "[column-order]", "the columns of 'y.weight' go by the sum 'y.add'",
                   "weights native");
}

/* ---- names --------------------------------------------------------------------------------- */

static void counters_are_ignored_and_dotted_names_found(void **state)
{
    (void)state;
    fixture f = start("block b(x) { c = conv2d(x, 2, kernel 1, no bias, weights \"conv.0\") |> batch_norm\n"
                      "return c }\n"
                      "model m { input x : i8[6, 7, 3]\nf = b(x, weights \"features.3\")\noutput f }");
    add(&f, "features.3.conv.0.weight", 4, DIMS(2, 3, 1, 1));
    static const char *const norm[] = {"features.3.c_bn.weight", "features.3.c_bn.bias",
                                       "features.3.c_bn.running_mean", "features.3.c_bn.running_var"};
    for (int i = 0; i < 4; i++)
        add(&f, norm[i], 1, DIMS(2));
    add(&f, "features.3.c_bn.num_batches_tracked", 0, DIMS(1))->dtype = DT_I64;
    add(&f, "num_batches_tracked", 0, DIMS(1));
    if (!bind(&f, false))
        fail_msg("%s", printed(&f));
    assert_int_equal(diag_count(f.ctx), 0);
    qctx_free(f.ctx);
}

static const char *const dense_net = "model m { input x : i8[3]\ny = dense(x, 2)\noutput y }";
static const char *const bare_net = "model m { input x : i8[3]\ny = dense(x, 2, no bias)\noutput y }";

static void missing_tensors(void **state)
{
    (void)state;
    fixture f = start(dense_net);
    add(&f, "y.weight", 2, DIMS(2, 3));
    assert_refused(&f, "[tensor-missing]", "net.qdl:2:5: error: the weights file has no tensor 'y.bias'",
                   "a layer without bias says `no bias`");
    f = start(bare_net);
    add(&f, "y1.weight", 2, DIMS(2, 3));
    assert_false(bind(&f, true));
    assert_non_null(strstr(printed(&f), "did you mean 'y1.weight'"));
    assert_non_null(strstr(printed(&f), "expected: [2, 3]"));
    assert_non_null(strstr(printed(&f), "net.safetensors: note"));
    qctx_free(f.ctx);
}

static void extra_tensors(void **state)
{
    (void)state;
    fixture f = start(bare_net);
    add(&f, "y.weight", 2, DIMS(2, 3));
    add(&f, "y.bias", 1, DIMS(2));
    assert_refused(&f, "[tensor-unused]", "no layer takes the tensor 'y.bias' [2]", "this layer says `no bias`");
    f = start(bare_net);
    add(&f, "y.weight", 2, DIMS(2, 3));
    add(&f, "head.weight", 2, DIMS(2, 3));
    add(&f, "head", 0, DIMS(1));
    assert_false(bind(&f, false));
    assert_int_equal(diag_errors(f.ctx), 2);
    assert_non_null(strstr(printed(&f), "--allow-extra"));
    qctx_free(f.ctx);
    f = start(bare_net);
    add(&f, "y.weight", 2, DIMS(2, 3));
    add(&f, "head.weight", 2, DIMS(2, 3));
    assert_true(bind(&f, true));
    assert_int_equal(diag_count(f.ctx), 0);
    qctx_free(f.ctx);
}

/* ---- contents ------------------------------------------------------------------------------ */

static void shapes_and_types(void **state)
{
    (void)state;
    fixture f = start(bare_net);
    add(&f, "y.weight", 2, DIMS(3, 2));
    assert_refused(&f, "[tensor-shape]", "the tensor 'y.weight' is [3, 2]", "its transpose");
    f = start(bare_net);
    add(&f, "y.weight", 3, DIMS(2, 3, 1));
    assert_refused(&f, "[tensor-shape]", "is [2, 3, 1]", "expected: [2, 3]");
    f = start(bare_net);
    add(&f, "y.weight", 9, DIMS(2, 3, 1, 1, 1, 1, 1, 1, 1));
    assert_refused(&f, "[tensor-shape]", "is [2, 3, 1, 1, 1, 1, 1, 1, …]", NULL);
    f = start(bare_net);
    add(&f, "y.weight", 2, DIMS(2, 3))->dtype = DT_I8;
    assert_refused(&f, "[tensor-type]", "the tensor 'y.weight' holds I8", "F32, F16, BF16 or F64");
}

static void set_value(named_tensor *t, int64_t i, double v)
{
    ((float *)(uintptr_t)t->data)[i] = (float)v;
}

static void values_that_no_layer_can_use(void **state)
{
    (void)state;
    fixture f = start(bare_net);
    set_value(add(&f, "y.weight", 2, DIMS(2, 3)), 4, NAN);
    assert_refused(&f, "[tensor-not-finite]", "y.weight[1, 1] of the weights file is NaN", "net.qdl:2:5");
    f = start(bare_net);
    set_value(add(&f, "y.weight", 2, DIMS(2, 3)), 5, -INFINITY);
    assert_refused(&f, "[tensor-not-finite]", "y.weight[1, 2] of the weights file is infinite", NULL);
    f = start(bare_net);
    named_tensor *t = add(&f, "y.weight", 2, DIMS(2, 3));
    double *wide = ARENA_ARRAY(f.ctx->a, double, 6);
    wide[2] = -1e300;
    t->dtype = DT_F64;
    t->data = wide;
    assert_refused(&f, "[tensor-not-finite]", "y.weight[0, 2] of the weights file is beyond float32", NULL);
    f = start("model m { input x : i8[2]\ny = batch_norm(x)\noutput y }");
    add(&f, "y.weight", 1, DIMS(2));
    add(&f, "y.bias", 1, DIMS(2));
    add(&f, "y.running_mean", 1, DIMS(2));
    set_value(add(&f, "y.running_var", 1, DIMS(2)), 1, -0.5);
    assert_refused(&f, "[tensor-negative]", "y.running_var[1] of the weights file is negative", NULL);
}

static void every_mistake_of_a_file_is_told(void **state)
{
    (void)state;
    fixture f = start("model m { input x : i8[3]\na = dense(x, 4)\nb = dense(a, 5)\noutput b }");
    set_value(add(&f, "a.weight", 2, DIMS(4, 3)), 0, NAN);
    add(&f, "b.weight", 2, DIMS(4, 5));
    add(&f, "b.bias", 1, DIMS(5));
    add(&f, "c.bias", 1, DIMS(5));
    assert_false(bind(&f, false));
    assert_int_equal(diag_errors(f.ctx), 4);
    qctx_free(f.ctx);
}

/* ---- raw numbers --------------------------------------------------------------------------- */

static void raw_files_go_by_order_of_declaration(void **state)
{
    (void)state;
    fixture f = start("model m { input x : i8[1, 1, 2]\n"
                      "b = conv2d(x, 1, kernel 1) |> batch_norm\na = conv2d(b, 2, kernel 1, no bias)\n"
                      "output a }");
    weight_slot *slots;
    static const char *const keys[] = {"b.weight", "b.bias", "b_bn.weight", "b_bn.bias",
                                       "b_bn.running_mean", "b_bn.running_var", "a.weight"};
    int n = weight_slots(f.ctx, f.g, &slots), at = 0;
    float raw[9];
    for (int i = 0; i < 9; i++)
        raw[i] = (float)i;
    f.file->format = TF_RAW;
    f.file->raw = raw;
    f.file->raw_count = 9;
    assert_true(bind(&f, false));
    assert_int_equal(n, 7);
    for (int i = 0; i < n; i++) {
        assert_string_equal(slots[i].key, keys[i]);
        assert_true(((const float *)slots[i].tensor->data)[0] == (float)at);
        at += (int)ir_elems(&slots[i].torch_shape);
    }
    assert_int_equal(at, 9);
    f.file->raw_count = 8;
    assert_refused(&f, "[tensor-shape]", "holds 8 numbers, the model has 9 parameters", NULL);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(convolutions_turn_to_channels_last),
        T(depthwise_has_one_channel_a_filter),
        T(dense_columns_follow_the_flattened_tensor),
        T(a_norm_behind_a_flatten_follows_it),
        T(sums_of_two_orders_are_refused),
        T(counters_are_ignored_and_dotted_names_found),
        T(missing_tensors),
        T(extra_tensors),
        T(shapes_and_types),
        T(values_that_no_layer_can_use),
        T(every_mistake_of_a_file_is_told),
        T(raw_files_go_by_order_of_declaration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
