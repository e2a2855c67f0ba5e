/* test_torch.c - the fixtures of tests/torch: what torch computes, through the whole float path.
 *
 * parse → lower → bind → (fold batch norm → fuse) → float interpreter, compared with torch's numbers
 * to 1e-5 of the row's largest magnitude. */
#include "tests/unit/cm.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/front/front.h"
#include "compiler/io/dataset.h"
#include "compiler/quant/quant.h"
#include "runtime/interp.h"

static const char *folder(void)
{
    static char path[4096];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/tests/torch", top ? top : ".");
    return path;
}

static void print_diags(const qctx *ctx)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    print_message("%s", buf_str(&b));
}

static const char *path_of(qctx *ctx, const char *name, const char *suffix)
{
    return arena_printf(ctx->a, "%s/%s%s", folder(), name, suffix);
}

static ir_graph *load(qctx *ctx, const char *name, const char *weights)
{
    const source *src = file_read_text(ctx, path_of(ctx, name, ".qdl"));
    ast_file *file = src ? qdl_parse(ctx, src) : NULL;
    ir_graph *g = file ? sema_lower(ctx, file) : NULL;
    if (!g)
        return NULL;
    weight_slot *slots;
    int64_t parameters = 0;
    for (int n = weight_slots(ctx, g, &slots), i = 0; i < n; i++)
        parameters += ir_elems(&slots[i].torch_shape);
    tensor_file *f = tensor_file_read(ctx, path_of(ctx, weights, ""), parameters);
    bool ok = f && weights_bind(ctx, g, f, false) && ir_verify(ctx, g, "lower");
    return ok ? g : NULL;
}

/* Largest |difference| over a row, as a share of the row's largest magnitude. */
static double row_error(const float *got, const float *want, int64_t n)
{
    double error = 0, largest = 1e-30;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        error = d > error || isnan(d) ? d : error;
        largest = fmax(largest, fabs((double)want[i]));
    }
    return error / largest;
}

static double run(qctx *ctx, const ir_graph *g, const dataset *in, const dataset *want)
{
    float *out = ARENA_ARRAY(ctx->a, float, want->row_elems);
    interp *it = interp_new(ctx, g);
    double worst = 0;
    assert_int_equal(g->inputs.n, 1);
    assert_int_equal(g->outputs.n, 1);
    assert_int_equal(ir_elems(&g->inputs.v[0]->shape), in->row_elems);
    assert_int_equal(ir_elems(&g->outputs.v[0]->shape), want->row_elems);
    assert_int_equal(in->rows, want->rows);
    assert_true(in->rows > 0);
    for (int64_t r = 0; r < in->rows; r++) {
        const void *x = (const float *)in->data + r * in->row_elems;
        void *y = out;
        interp_run(it, &x, &y);
        double e = row_error(out, (const float *)want->data + r * want->row_elems, want->row_elems);
        worst = e > worst || isnan(e) ? e : worst;
    }
    return worst;
}

/* As lowered, and after folding and fusing: the same numbers. */
static void check(const char *name, const char *weights)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    ir_graph *g = load(ctx, name, weights);
    dataset *in = g ? dataset_read(ctx, path_of(ctx, name, ".in.npy"), false) : NULL;
    dataset *out = in ? dataset_read(ctx, path_of(ctx, name, ".out.npy"), false) : NULL;
    if (!out || diag_count(ctx)) {
        print_message("%s, %s:\n", name, weights);
        print_diags(ctx);
        fail();
    }
    double lowered = run(ctx, g, in, out);
    ir_graph *f = ir_clone(ctx, g);
    bool ok = pass_fold_bn(ctx, f) && ir_verify(ctx, f, "fold_bn") && pass_fuse(ctx, f) &&
              ir_verify(ctx, f, "fuse");
    if (!ok)
        print_diags(ctx);
    assert_true(ok);
    double folded = run(ctx, f, in, out);
    if (!(lowered <= 1e-5 && folded <= 1e-5))
        print_message("%s, %s: off by %g as lowered, by %g folded\n", name, weights, lowered, folded);
    assert_true(lowered <= 1e-5 && folded <= 1e-5);
    qctx_free(ctx);
}

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

static void every_fixture_gives_what_torch_gives(void **state)
{
    (void)state;
    int found = 0;
    DIR *d = opendir(folder());
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char name[256], weights[300];
        if (!ends_with(e->d_name, ".qdl"))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(e->d_name) - 4), e->d_name);
        snprintf(weights, sizeof weights, "%s.safetensors", name);
        check(name, weights);
        found++;
    }
    closedir(d);
    assert_true(found >= 25);
}

static void every_format_holds_the_same_weights(void **state)
{
    (void)state;
    static const char *const files[] = {"formats.safetensors", "formats_f16.safetensors",
                                        "formats_bf16.safetensors", "formats_f64.safetensors",
                                        "formats.npz", "formats_deflated.npz", "formats.bin"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check("formats", files[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture_gives_what_torch_gives),
        cmocka_unit_test(every_format_holds_the_same_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
