/* test_print.c - templates of lines, constants as C spells them, and the part of a sliding window's
 * outputs that needs no tests. */
#include "tests/unit/cm.h"

#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

typedef struct fixture {
    qctx *ctx;
    buf b;
    text t;
} fixture;

static int set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);
    f->ctx = qctx_new();
    buf_init(&f->b, f->ctx->a);
    text_init(&f->t, &f->b);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    qctx_free(f->ctx);
    test_free(f);
    return 0;
}

static void variables_are_replaced(void **state)
{
    fixture *f = *state;
    text_set(&f->t, "n", "%d", 3);
    text_set(&f->t, "x", "a[%s]", "i");
    text_put(&f->t, "$x$ += $n$;\n$n$$n$\n");
    assert_string_equal(buf_str(&f->b), "a[i] += 3;\n33\n");
    text_set(&f->t, "n", "4");
    assert_string_equal(text_expand(&f->t, "$n$"), "4");
}

static void values_are_not_templates(void **state)
{
    fixture *f = *state;
    text_set(&f->t, "name", "?a|$b$");
    text_put(&f->t, "$name$\n");
    assert_string_equal(buf_str(&f->b), "?a|$b$\n");
}

static void conditions_choose_lines(void **state)
{
    fixture *f = *state;
    text_set(&f->t, "yes", "1");
    text_set(&f->t, "zero", "0");
    text_set(&f->t, "empty", "%s", "");
    text_put(&f->t, "?yes|a\n!yes|b\n?zero|c\n!zero|d\n?empty|e\n?unknown|f\n?yes|!zero|g\n?yes|?zero|h\n");
    assert_string_equal(buf_str(&f->b), "a\nd\ng\n");
}

static void lines_are_indented(void **state)
{
    fixture *f = *state;
    f->b.indent = 2;
    text_put_at(&f->t, 2, "x\n\n  y\n");
    text_put(&f->t, "z\n");
    assert_string_equal(buf_str(&f->b), "    x\n\n      y\n  z\n");
}

static void constants_compile_everywhere(void **state)
{
    fixture *f = *state;
    arena *a = f->ctx->a;
    assert_string_equal(c_int(a, 0), "0");
    assert_string_equal(c_int(a, -128), "-128");
    assert_string_equal(c_int(a, INT32_MAX), "2147483647");
    assert_string_equal(c_int(a, INT32_MIN), "(-2147483647 - 1)");
    assert_string_equal(c_int(a, INT64_C(2147483648)), "INT64_C(2147483648)");
    assert_string_equal(c_int(a, INT64_C(-2147483649)), "INT64_C(-2147483649)");
    assert_string_equal(c_int(a, INT64_MIN), "(-INT64_C(9223372036854775807) - 1)");
    assert_string_equal(c_float(a, 0.5f), "0.5f");
    assert_string_equal(c_float(a, 1.0f), "1.0f");
}

/* ---- windows ------------------------------------------------------------------------------ */

static bool taps_inside(int out, int stride, int pad, int taps, int dilation, int size)
{
    int first = out * stride - pad;
    return first >= 0 && first + (taps - 1) * dilation < size;
}

/* Exactly the outputs of [y0, y1) × [x0, x1) read nothing outside; an empty range is allowed only
 * where there is none. */
static void check_window_of(const ir_op *op)
{
    window w;
    window_init(&w, op);
    assert_true(w.y0 <= w.y1 && w.y1 <= w.oh && w.x0 <= w.x1 && w.x1 <= w.ow);
    for (int y = 0; y < w.oh; ++y)
        for (int x = 0; x < w.ow; ++x) {
            bool want = taps_inside(y, w.sh, w.pt, w.kh, w.dh, w.h) &&
                        taps_inside(x, w.sw, w.pl, w.kw, w.dw, w.w);
            assert_int_equal(want, y >= w.y0 && y < w.y1 && x >= w.x0 && x < w.x1);
        }
    bool whole = w.y0 == 0 && w.x0 == 0 && w.y1 == w.oh && w.x1 == w.ow;
    assert_int_equal(window_has_edge(&w), !whole);
}

static void interiors_are_exact(void **state)
{
    fixture *f = *state;
    rng r;
    rng_seed(&r, 1);
    for (int i = 0; i < 3000; ++i) {
        ir_tensor in = {.shape = {3, {1, 1, 2}}}, out = in;
        ir_tensor *ins[] = {&in}, *outs[] = {&out};
        ir_op op = {.kind = rng_below(&r, 2) ? OP_CONV2D : OP_MAXPOOL, .n_in = 1, .n_out = 1,
                    .in = ins, .out = outs};
        for (int a = 0; a < 2; ++a) {
            in.shape.dim[a] = 1 + (int)rng_below(&r, 9);
            out.shape.dim[a] = 1 + (int)rng_below(&r, 9);
            op.at.kernel[a] = 1 + (int)rng_below(&r, 5);
            op.at.stride[a] = 1 + (int)rng_below(&r, 3);
            op.at.dilation[a] = (int)rng_below(&r, 4);
            op.at.pad[2 * a] = (int)rng_below(&r, 7);
        }
        check_window_of(&op);
    }
    (void)f;
}

static void coordinates_read_well(void **state)
{
    fixture *f = *state;
    arena *a = f->ctx->a;
    assert_string_equal(window_coord(a, "y", 1, 0, NULL, 1), "y");
    assert_string_equal(window_coord(a, "y", 2, 1, NULL, 1), "y * 2 - 1");
    assert_string_equal(window_coord(a, "x", 1, 1, "kx", 1), "x - 1 + kx");
    assert_string_equal(window_coord(a, "x", 3, 2, "kx", 2), "x * 3 - 2 + kx * 2");
}

static void unrolling_follows_the_option(void **state)
{
    fixture *f = *state;
    emit_options o = {.unroll = -1, .opt = EMIT_OS};
    emitter e = {.ctx = f->ctx, .o = &o};
    assert_false(loop_unrolled(&e, LOOP_TAPS, 1));
    o.opt = EMIT_O2;
    assert_true(loop_unrolled(&e, LOOP_TAPS, 9));
    assert_false(loop_unrolled(&e, LOOP_DOT, 64));
    o.unroll = 64;
    assert_true(loop_unrolled(&e, LOOP_DOT, 64));
    assert_false(loop_unrolled(&e, LOOP_DOT, 65));
    o.unroll = 0;
    assert_false(loop_unrolled(&e, LOOP_TAPS, 1));
}

static void targets_are_found_by_name(void **state)
{
    fixture *f = *state;
    int n;
    const char *const *names = emit_target_names(f->ctx, &n);
    assert_true(n >= 9);
    for (int i = 0; i < n; ++i)
        assert_string_equal(emit_find_target(names[i])->name, names[i]);
    assert_null(emit_find_target("abacus"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(variables_are_replaced), TEST(values_are_not_templates), TEST(conditions_choose_lines),
        TEST(lines_are_indented),     TEST(constants_compile_everywhere),
        TEST(interiors_are_exact),    TEST(coordinates_read_well),
        TEST(unrolling_follows_the_option), TEST(targets_are_found_by_name),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
