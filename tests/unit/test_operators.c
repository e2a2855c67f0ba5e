/* test_operators.c - operators on tensors small enough to compute by hand, in codes and in floats.
 */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/ir/words.h"
#include "runtime/ref.h"
#include "tests/unit/nets.h"

typedef struct operand {
    ir_shape shape;
    float scale;
    int32_t zero;
    const int8_t *codes;
    const float *reals;
} operand;

/* Codes of one operator in one mode. */
static void check_codes(ir_numerics mode, ir_opkind kind, ir_attrs at, int n_in, const operand *in,
                        float scale, int32_t zero, const int8_t *want, int n)
{
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x[3];
    const void *data[3];
    for (int i = 0; i < n_in; i++) {
        x[i] = kit_input(&k, in[i].shape, in[i].scale, in[i].zero);
        data[i] = in[i].codes;
    }
    ir_op *op = kit_op(&k, kind, at, n_in, x, scale, zero);
    int8_t out[64];
    kit_output(&k, op);
    assert_int_equal(ir_elems(&op->out[0]->shape), n);
    assert_true(legalize(k.ctx, k.g, mode));
    kit_run(&k, data, out);
    for (int i = 0; i < n; i++)
        if (out[i] != want[i])
            fail_msg("%s in mode %s: [%d] is %d, not %d", ir_opinfos[kind].word,
                     ir_numerics_name(mode), i, out[i], want[i]);
    kit_free(&k);
}

static void check_all_modes(ir_opkind kind, ir_attrs at, int n_in, const operand *in, float scale,
                            int32_t zero, const int8_t *want, int n)
{
    for (int mode = IR_NUM_Q32; mode <= IR_NUM_ONNX; mode++)
        check_codes((ir_numerics)mode, kind, at, n_in, in, scale, zero, want, n);
}

static void check_reals(ir_opkind kind, ir_attrs at, int n_in, const operand *in, const float *want,
                        int n)
{
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *x[3];
    const void *data[3];
    for (int i = 0; i < n_in; i++) {
        x[i] = kit_input(&k, in[i].shape, 0, 0);
        data[i] = in[i].reals;
    }
    ir_op *op = kit_op(&k, kind, at, n_in, x, 0, 0);
    float out[64];
    kit_output(&k, op);
    assert_int_equal(ir_elems(&op->out[0]->shape), n);
    kit_run(&k, data, out);
    for (int i = 0; i < n; i++)
        if (!(fabsf(out[i] - want[i]) <= 1e-6f * (1 + fabsf(want[i]))))
            fail_msg("%s: [%d] is %g, not %g", ir_opinfos[kind].word, i, (double)out[i],
                     (double)want[i]);
    kit_free(&k);
}

#define CODES(...) ((const int8_t[]){__VA_ARGS__})
#define REALS(...) ((const float[]){__VA_ARGS__})

/* ---- two operands ------------------------------------------------------------------------------
 */

/* Reals 1, 2, −3, 4 less 0.5, −1, 2, 0.25. */
static void differences(void **state)
{
    (void)state;
    const operand in[] = {{SHAPE(4), 0.5f, 1, CODES(3, 5, -5, 9), REALS(1, 2, -3, 4)},
                          {SHAPE(4), 0.25f, -2, CODES(0, -6, 6, -1), REALS(0.5f, -1, 2, 0.25f)}};
    check_all_modes(OP_SUB, (ir_attrs){0}, 2, in, 0.25f, 3, CODES(5, 15, -17, 18), 4);
    check_all_modes(OP_SUB, (ir_attrs){.act = IR_ACT_RELU}, 2, in, 0.25f, 3, CODES(5, 15, 3, 18),
                    4);
    check_reals(OP_SUB, (ir_attrs){0}, 2, in, REALS(0.5f, 3, -5, 3.75f), 4);
}

/* The same reals; the first operand repeats along the second where it has one element. */
static void extremes(void **state)
{
    (void)state;
    const operand in[] = {{SHAPE(4), 0.5f, 1, CODES(3, 5, -5, 9), REALS(1, 2, -3, 4)},
                          {SHAPE(1), 0.25f, -2, CODES(2), REALS(1)}};
    check_all_modes(OP_MINIMUM, (ir_attrs){0}, 2, in, 0.25f, 0, CODES(4, 4, -12, 4), 4);
    check_all_modes(OP_MAXIMUM, (ir_attrs){0}, 2, in, 0.25f, 0, CODES(4, 8, 4, 16), 4);
    check_reals(OP_MINIMUM, (ir_attrs){0}, 2, in, REALS(1, 1, -3, 1), 4);
    check_reals(OP_MAXIMUM, (ir_attrs){0}, 2, in, REALS(1, 2, 1, 4), 4);
    const operand same[] = {{SHAPE(3), 0.5f, 1, CODES(-128, 5, 127), NULL},
                            {SHAPE(3), 0.5f, 1, CODES(-127, 4, 126), NULL}};
    check_all_modes(OP_MINIMUM, (ir_attrs){0}, 2, same, 0.5f, 1, CODES(-128, 4, 126), 3);
    check_all_modes(OP_MAXIMUM, (ir_attrs){0}, 2, same, 0.5f, 1, CODES(-127, 5, 127), 3);
}

/* Slopes 0.5 and −2, one a channel: a product where x is negative. */
static void slopes(void **state)
{
    (void)state;
    const operand in[] = {{{2, {2, 2}}, 0.5f, 1, CODES(3, 5, -5, -3), REALS(1, 2, -3, -2)},
                          {SHAPE(2), 0.25f, -2, CODES(0, -10), REALS(0.5f, -2)}};
    check_all_modes(OP_PRELU, (ir_attrs){0}, 2, in, 0.25f, 3, CODES(7, 11, -3, 19), 4);
    check_reals(OP_PRELU, (ir_attrs){0}, 2, in, REALS(1, 2, -1.5f, 4), 4);
}

/* 3, −4 has length 5, 0, 2 length 2: 128 times 0.6, −0.8, 0 and 1, of which 127 is left. A row of
 * zeros stays. */
static void lengths(void **state)
{
    (void)state;
    const operand in[] = {
        {{2, {3, 2}}, 0.5f, 1, CODES(7, -7, 1, 5, 1, 1), REALS(3, -4, 0, 2, 0, 0)}};
    check_all_modes(OP_L2_NORM, (ir_attrs){0}, 1, in, 1.0f / 128, 0, CODES(77, -102, 0, 127, 0, 0),
                    6);
    check_reals(OP_L2_NORM, (ir_attrs){0}, 1, in, REALS(0.6f, -0.8f, 0, 1, 0, 0), 6);
}

/* 0.75 at 0.5 a step is a tie: up in q32 and, without a right shift, in tflm; to even in onnx. */
static void other_scales(void **state)
{
    (void)state;
    const operand in[] = {
        {SHAPE(4), 0.25f, 2, CODES(5, -1, 127, 3), REALS(0.75f, -0.75f, 31.25f, 0.25f)}};
    check_codes(IR_NUM_Q32, OP_REQUANTIZE, (ir_attrs){0}, 1, in, 0.5f, -7, CODES(-5, -8, 56, -6),
                4);
    check_codes(IR_NUM_TFLM, OP_REQUANTIZE, (ir_attrs){0}, 1, in, 0.5f, -7, CODES(-5, -8, 56, -6),
                4);
    check_codes(IR_NUM_ONNX, OP_REQUANTIZE, (ir_attrs){0}, 1, in, 0.5f, -7, CODES(-5, -9, 55, -7),
                4);
    check_reals(OP_REQUANTIZE, (ir_attrs){0}, 1, in, REALS(0.75f, -0.75f, 31.25f, 0.25f), 4);
}

/* ---- moves -------------------------------------------------------------------------------------
 */

static ir_attrs slice_of(ir_shape begin, ir_shape end, ir_shape step)
{
    return (ir_attrs){.begin = begin, .end = end, .step = step};
}

/* Of [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]. */
static void slices(void **state)
{
    (void)state;
    int8_t codes[12];
    float reals[12];
    for (int i = 0; i < 12; i++)
        codes[i] = (int8_t)i, reals[i] = (float)i;
    const operand in[] = {{SHAPE(4, 3), 0.5f, 1, codes, reals}};
    ir_attrs rows = slice_of(SHAPE(1, 0), SHAPE(3, 3), (ir_shape){0});
    ir_attrs last = slice_of(SHAPE(-2, -1), SHAPE(100, 100), SHAPE(1, 1));
    ir_attrs back = slice_of(SHAPE(100, 2), SHAPE(-100, 0), SHAPE(-2, -1));
    ir_attrs steps = slice_of(SHAPE(0, 0), SHAPE(4, 3), SHAPE(3, 2));
    check_all_modes(OP_SLICE, rows, 1, in, 0.5f, 1, CODES(3, 4, 5, 6, 7, 8), 6);
    check_all_modes(OP_SLICE, last, 1, in, 0.5f, 1, CODES(8, 11), 2);
    check_all_modes(OP_SLICE, back, 1, in, 0.5f, 1, CODES(11, 10, 5, 4), 4);
    check_all_modes(OP_SLICE, steps, 1, in, 0.5f, 1, CODES(0, 2, 9, 11), 4);
    check_reals(OP_SLICE, back, 1, in, REALS(11, 10, 5, 4), 4);
}

static void transposes(void **state)
{
    (void)state;
    const operand in[] = {{SHAPE(2, 3, 2), 0.5f, 1, CODES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
                           REALS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)}};
    ir_attrs chw = {.axes = SHAPE(2, 0, 1)}, turned = {.axes = SHAPE(1, 0, 2)};
    check_all_modes(OP_TRANSPOSE, chw, 1, in, 0.5f, 1, CODES(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11),
                    12);
    check_all_modes(OP_TRANSPOSE, turned, 1, in, 0.5f, 1,
                    CODES(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11), 12);
    check_reals(OP_TRANSPOSE, chw, 1, in, REALS(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11), 12);
}

/* A slice that begins at the first of a dimension and goes backwards reaches its beginning, also
 * when it is inferred again from its own result. */
static void slices_infer_to_themselves(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *x = kit_input(&k, SHAPE(7), 0, 0);
    ir_op *op = kit_op(&k, OP_SLICE, slice_of(SHAPE(-1), SHAPE(-100), SHAPE(-3)), 1, &x, 0, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(op->out[0]->shape.dim[0], 3);
        assert_int_equal(op->at.begin.dim[0], 6);
        assert_int_equal(op->at.end.dim[0], -8);
        assert_true(ir_infer_shape(k.ctx, op));
    }
    kit_free(&k);
}

/* ---- along dimensions --------------------------------------------------------------------------
 */

/* [[1, 2, 3], [-4, 5, 6]] at scale 1/2, zero point 1: codes 3, 5, 7, -7, 11, 13. */
static void reductions(void **state)
{
    (void)state;
    const operand in[] = {
        {SHAPE(2, 3), 0.5f, 1, CODES(3, 5, 7, -7, 11, 13), REALS(1, 2, 3, -4, 5, 6)}};
    ir_attrs rows = {.axes = SHAPE(0)}, columns = {.axes = SHAPE(-1)},
             all = {.axes = SHAPE(1, 0, 1)};
    check_all_modes(OP_REDUCE_SUM, columns, 1, in, 1, -3, CODES(3, 4), 2);
    check_all_modes(OP_REDUCE_SUM, all, 1, in, 0.5f, 0, CODES(26), 1);
    check_all_modes(OP_REDUCE_MEAN, columns, 1, in, 0.25f, 0, CODES(8, 9), 2);
    check_all_modes(OP_REDUCE_MEAN, rows, 1, in, 0.5f, 1, CODES(-2, 8, 10), 3);
    check_all_modes(OP_REDUCE_MAX, rows, 1, in, 0.5f, 1, CODES(3, 11, 13), 3);
    check_all_modes(OP_REDUCE_MIN, columns, 1, in, 0.5f, 1, CODES(3, -7), 2);
    check_reals(OP_REDUCE_SUM, rows, 1, in, REALS(-3, 7, 9), 3);
    check_reals(OP_REDUCE_MEAN, all, 1, in, REALS(13.0f / 6), 1);
    check_reals(OP_REDUCE_MAX, columns, 1, in, REALS(3, 6), 2);
    check_reals(OP_REDUCE_MIN, rows, 1, in, REALS(-4, 2, 3), 3);
}

static void places(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, SHAPE(2, 3), 0.5f, 1);
    ir_op *op = kit_op(&k, OP_ARGMAX, (ir_attrs){.axis = -1, .keep = true}, 1, &x, 0.5f, 1);
    op->out[0]->type = IR_I32;
    op->out[0]->quant = NULL;
    kit_output(&k, op);
    assert_true(ir_shape_eq(&op->out[0]->shape, &(ir_shape){2, {2, 1}}));
    assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
    int32_t out[2];
    kit_run(&k, (const void *[]){CODES(3, 7, 7, 9, -128, 9)}, out); /* the lowest of equal ones */
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0);
    kit_free(&k);
    const operand in[] = {{SHAPE(2, 3), 0, 0, NULL, REALS(1, 2, 3, -4, 5, 3)}};
    check_reals(OP_ARGMAX, (ir_attrs){.axis = 0}, 1, in, REALS(0, 1, 0), 3);
}

/* ---- resize ------------------------------------------------------------------------------------
 */

/* Columns 0, 40 to three and four; rows one to one. */
static void resizes(void **state)
{
    (void)state;
    const operand in[] = {{SHAPE(1, 2, 1), 0.5f, 1, CODES(0, 40), REALS(0, 40)}};
    ir_attrs plain = {.kernel = {1, 4}}, half = {.kernel = {1, 4}, .half_pixel = true};
    ir_attrs corners = {.kernel = {1, 3}, .align_corners = true};
    check_all_modes(OP_RESIZE_NEAREST, plain, 1, in, 0.5f, 1, CODES(0, 0, 40, 40), 4);
    check_all_modes(OP_RESIZE_NEAREST, corners, 1, in, 0.5f, 1, CODES(0, 40, 40), 3);
    check_all_modes(OP_RESIZE_BILINEAR, plain, 1, in, 0.5f, 1, CODES(0, 20, 40, 40), 4);
    check_all_modes(OP_RESIZE_BILINEAR, half, 1, in, 0.5f, 1, CODES(0, 10, 30, 40), 4);
    check_all_modes(OP_RESIZE_BILINEAR, corners, 1, in, 0.5f, 1, CODES(0, 20, 40), 3);
    check_reals(OP_RESIZE_BILINEAR, half, 1, in, REALS(0, 10, 30, 40), 4);
    check_reals(OP_RESIZE_NEAREST, plain, 1, in, REALS(0, 0, 40, 40), 4);
    const operand tie[] = {{SHAPE(1, 2, 1), 0.5f, 1, CODES(0, -1), NULL}}; /* -1/2 */
    check_codes(IR_NUM_Q32, OP_RESIZE_BILINEAR, corners, 1, tie, 0.5f, 1, CODES(0, 0, -1), 3);
    check_codes(IR_NUM_TFLM, OP_RESIZE_BILINEAR, corners, 1, tie, 0.5f, 1, CODES(0, -1, -1), 3);
    check_codes(IR_NUM_SINGLE, OP_RESIZE_BILINEAR, corners, 1, tie, 0.5f, 1, CODES(0, 0, -1), 3);
}

static void dilations(void **state)
{
    (void)state;
    const operand in[] = {{SHAPE(2, 2, 1), 0.5f, 9, CODES(1, 2, 3, 4), REALS(1, 2, 3, 4)}};
    ir_attrs at = {.stride = {2, 3}};
    check_all_modes(OP_DILATE, at, 1, in, 0.5f, 9, CODES(1, 9, 9, 2, 9, 9, 9, 9, 3, 9, 9, 4), 12);
    check_reals(OP_DILATE, at, 1, in, REALS(1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4), 12);
}

/* ---- tables ------------------------------------------------------------------------------------
 */

/* Reals 0, 1, -1, -2, 2 at 1/64. elu(-1) = -0.63212, gelu(1) = 0.84134, gelu_tanh(2) = 1.95460. */
static void curves(void **state)
{
    (void)state;
    const operand in[] = {
        {SHAPE(5), 0.015625f, 0, CODES(0, 64, -64, -128, 127), REALS(0, 1, -1, -2, 2)}};
    ir_attrs one = {.alpha = 1};
    check_all_modes(OP_ELU, one, 1, in, 0.015625f, 0, CODES(0, 64, -40, -55, 127), 5);
    check_reals(OP_ELU, one, 1, in, REALS(0, 1, -0.63212056f, -0.86466472f, 2), 5);
    check_reals(OP_ELU, (ir_attrs){.alpha = 0.5}, 1, in, REALS(0, 1, -0.31606028f, -0.43233236f, 2),
                5);
    check_all_modes(OP_GELU, one, 1, in, 0.015625f, 0, CODES(0, 54, -10, -3, 124), 5);
    check_reals(OP_GELU, one, 1, in, REALS(0, 0.84134475f, -0.15865525f, -0.04550026f, 1.95449974f),
                5);
    check_reals(OP_GELU_TANH, one, 1, in,
                REALS(0, 0.84119199f, -0.15880801f, -0.04540231f, 1.95459769f), 5);
}

#define T(name) cmocka_unit_test(name)

/* What a graph can hold has a kernel in both oracles (batch norm is folded first), a rule for its
 * shape, and a row in docs/operators.md, as has every word of the language. */
static void operators_are_whole(void **state)
{
    (void)state;
    const char *top = getenv("top_srcdir");
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    const source *doc =
        file_read(ctx, arena_printf(ctx->a, "%s/docs/operators.md", top ? top : "."));
    assert_non_null(doc);
    for (int k = 0; k < OP_COUNT; k++) {
        if (!ref_float_kernels[k])
            fail_msg("%s has no float kernel", ir_opinfos[k].word);
        if (!ref_int_kernels[k] && !(ir_opinfos[k].flags & OPF_X))
            fail_msg("%s has no integer kernel", ir_opinfos[k].word);
    }
    for (int i = 0; i < ir_words_count(); i++)
        if (!strstr(doc->text, arena_printf(ctx->a, "`%s`", ir_words[i].word)))
            fail_msg("docs/operators.md has no row for %s", ir_words[i].word);
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(operators_are_whole),
        T(slopes),
        T(lengths),
        T(differences),
        T(extremes),
        T(other_scales),
        T(slices),
        T(transposes),
        T(slices_infer_to_themselves),
        T(reductions),
        T(places),
        T(curves),
        T(resizes),
        T(dilations),
    };
    return cmocka_run_group_tests_name("operators", tests, NULL, NULL);
}
