/* test_interp.c - the reference interpreters on nets small enough to compute by hand. */
#include "tests/unit/cm.h"

#include <math.h>

#include "tests/unit/nets.h"

static void equal_floats(const float *got, const float *want, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(fabsf(got[i] - want[i]) <= 1e-6f * (1 + fabsf(want[i])));
}

static void equal_codes(const int8_t *got, const int8_t *want, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

/* One operator on one float input. */
static void float_unary_case(ir_opkind kind, ir_attrs at, ir_shape shape, const float *in,
                             const float *want, int n)
{
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *x = kit_input(&k, shape, 0, 0);
    ir_op *op = kit_op(&k, kind, at, 1, &x, 0, 0);
    float out[64];
    kit_output(&k, op);
    assert_int_equal(ir_elems(&op->out[0]->shape), n);
    kit_run(&k, (const void *[]){ in }, out);
    equal_floats(out, want, n);
    kit_free(&k);
}

/* One operator on one integer input, in one mode. */
static void code_unary_case(ir_numerics mode, ir_opkind kind, ir_attrs at, ir_shape shape,
                            const float scale[2], const int32_t zero[2], const int8_t *in,
                            const int8_t *want, int n)
{
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, shape, scale[0], zero[0]);
    ir_op *op = kit_op(&k, kind, at, 1, &x, scale[1], zero[1]);
    int8_t out[64];
    kit_output(&k, op);
    assert_int_equal(ir_elems(&op->out[0]->shape), n);
    assert_true(legalize(k.ctx, k.g, mode));
    kit_run(&k, (const void *[]){ in }, out);
    equal_codes(out, want, n);
    kit_free(&k);
}

/* ---- float -------------------------------------------------------------------------------------- */

static void float_conv(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    const float w[] = { 1, 2, 3, 4, -1, 0, 0, 1 }, b[] = { 0.5f, -20 };
    const float in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    ir_tensor *t[3] = { kit_input(&k, SHAPE(3, 3, 1), 0, 0), kit_const(&k, IR_F32, SHAPE(2, 2, 2, 1), w),
                        kit_const(&k, IR_F32, SHAPE(2), b) };
    ir_op *op = kit_op(&k, OP_CONV2D, (ir_attrs){ .pad = { 1, 0, 0, 1 }, .stride = { 2, 1 },
                                                  .act = IR_ACT_RELU }, 3, t, 0, 0);
    kit_output(&k, op);
    assert_true(ir_shape_eq(&op->out[0]->shape, &SHAPE(2, 3, 2)));
    float out[12];
    kit_run(&k, (const void *[]){ in }, out);
    /* Row 0 sees one row of padding above, column 2 one column of padding to the right. */
    const float want[] = { 11.5f, 0, 18.5f, 0, 9.5f, 0, 67.5f, 0, 77.5f, 0, 33.5f, 0 };
    equal_floats(out, want, 12);
    kit_free(&k);
}

static void float_conv_groups_and_dilation(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    const float w[] = { 1, 10, 100, 1000 }; /* two groups, kernel 1x2, one channel each */
    const float in[] = { 1, 2, 3, 4, 5, 6 };  /* 1x3x2 */
    ir_tensor *t[2] = { kit_input(&k, SHAPE(1, 3, 2), 0, 0), kit_const(&k, IR_F32, SHAPE(2, 1, 2, 1), w) };
    ir_op *op = kit_op(&k, OP_CONV2D, (ir_attrs){ .groups = 2, .dilation = { 1, 2 } }, 2, t, 0, 0);
    kit_output(&k, op);
    float out[2];
    kit_run(&k, (const void *[]){ in }, out);
    equal_floats(out, (const float[]){ 1 + 10 * 5, 100 * 2 + 1000 * 6 }, 2);
    kit_free(&k);
}

static void float_dense(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    const float w[] = { 1, 2, 3, -1, -2, -3 }, b[] = { 1, 100 }, in[] = { 1, 0, 2, 0.5f, 0.25f, 0 };
    ir_tensor *t[3] = { kit_input(&k, SHAPE(2, 3), 0, 0), kit_const(&k, IR_F32, SHAPE(2, 3), w),
                        kit_const(&k, IR_F32, SHAPE(2), b) };
    ir_op *op = kit_op(&k, OP_DENSE, (ir_attrs){ .act = IR_ACT_RELU6 }, 3, t, 0, 0);
    kit_output(&k, op);
    float out[4];
    kit_run(&k, (const void *[]){ in }, out);
    equal_floats(out, (const float[]){ 6, 6, 2, 6 }, 4);
    kit_free(&k);
}

static void float_pools(void **state)
{
    (void)state;
    const float in[] = { 1, -2, 3, 4, 5, -6, 7, 8, 9 };
    ir_attrs at = { .kernel = { 2, 2 }, .stride = { 2, 2 }, .pad = { 1, 0, 1, 0 } };
    float_unary_case(OP_MAXPOOL, at, SHAPE(3, 3, 1), in, (const float[]){ 1, 3, 7, 9 }, 4);
    float_unary_case(OP_AVGPOOL, at, SHAPE(3, 3, 1), in, (const float[]){ 1, 0.5f, 5.5f, 4 }, 4);
    at.count_all = true;
    float_unary_case(OP_AVGPOOL, at, SHAPE(3, 3, 1), in, (const float[]){ 0.25f, 0.25f, 2.75f, 4 }, 4);
    /* With `ceil` the last window hangs over the end, where no cell counts, padded or not. */
    ir_attrs over = { .kernel = { 2, 2 }, .stride = { 2, 2 }, .ceil_mode = true, .count_all = true };
    float_unary_case(OP_AVGPOOL, over, SHAPE(3, 3, 1), in, (const float[]){ 2, -1.5f, 7.5f, 9 }, 4);
    float_unary_case(OP_GLOBAL_AVGPOOL, (ir_attrs){ 0 }, SHAPE(3, 3, 1), in,
                     (const float[]){ 29.0f / 9 }, 1);
    float_unary_case(OP_GLOBAL_MAXPOOL, (ir_attrs){ .keep = true }, SHAPE(3, 3, 1), in,
                     (const float[]){ 9 }, 1);
}

static void float_elementwise(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *t[2] = { kit_input(&k, SHAPE(2, 2), 0, 0), kit_input(&k, SHAPE(2), 0, 0) };
    ir_op *add = kit_op(&k, OP_ADD, (ir_attrs){ 0 }, 2, t, 0, 0);
    ir_tensor *u[2] = { t[1], add->out[0] };
    ir_op *mul = kit_op(&k, OP_MUL, (ir_attrs){ .act = IR_ACT_RELU6 }, 2, u, 0, 0);
    kit_output(&k, mul);
    float out[4];
    kit_run(&k, (const void *[]){ (float[]){ 1, 2, 3, 4 }, (float[]){ 1, -1 } }, out);
    equal_floats(out, (const float[]){ 2, 0, 4, 0 }, 4);
    kit_free(&k);
}

static void float_broadcast_of_ones(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *t[2] = { kit_input(&k, SHAPE(2, 1, 2), 0, 0), kit_input(&k, SHAPE(2, 3, 2), 0, 0) };
    ir_op *add = kit_op(&k, OP_ADD, (ir_attrs){ 0 }, 2, t, 0, 0);
    kit_output(&k, add);
    float out[12], b[12] = { 0 };
    kit_run(&k, (const void *[]){ (float[]){ 1, 2, 3, 4 }, b }, out);
    equal_floats(out, (const float[]){ 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4 }, 12);
    kit_free(&k);
}

static void float_concat_pad_reshape(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *t[2] = { kit_input(&k, SHAPE(1, 2, 1), 0, 0), kit_input(&k, SHAPE(1, 2, 2), 0, 0) };
    ir_op *cat = kit_op(&k, OP_CONCAT, (ir_attrs){ .axis = 2 }, 2, t, 0, 0);
    ir_op *pad = kit_op(&k, OP_PAD, (ir_attrs){ .pad = { 0, 1, 1, 0 } }, 1, cat->out, 0, 0);
    ir_op *flat = kit_op(&k, OP_RESHAPE, (ir_attrs){ .to = SHAPE(18) }, 1, pad->out, 0, 0);
    kit_output(&k, flat);
    float out[18];
    kit_run(&k, (const void *[]){ (float[]){ 1, 2 }, (float[]){ 3, 4, 5, 6 } }, out);
    const float want[18] = { 0, 0, 0, 1, 3, 4, 2, 5, 6 };
    equal_floats(out, want, 18);
    kit_free(&k);
}

static void float_batch_norm(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_LOWERED);
    const float w[] = { 2, 1 }, b[] = { 1, 0 }, mean[] = { 1, 3 }, var[] = { 3, 15 };
    ir_tensor *t[5] = { kit_input(&k, SHAPE(1, 2, 2), 0, 0), kit_const(&k, IR_F32, SHAPE(2), w),
                        kit_const(&k, IR_F32, SHAPE(2), b), kit_const(&k, IR_F32, SHAPE(2), mean),
                        kit_const(&k, IR_F32, SHAPE(2), var) };
    ir_op *op = kit_op(&k, OP_BATCH_NORM, (ir_attrs){ .eps = 1 }, 5, t, 0, 0);
    kit_output(&k, op);
    float out[4];
    kit_run(&k, (const void *[]){ (float[]){ 1, 3, 3, 7 } }, out);
    equal_floats(out, (const float[]){ 1, 0, 3, 1 }, 4);
    kit_free(&k);
}

static void float_activations(void **state)
{
    (void)state;
    const float in[] = { -4, -1, 0, 2, 7 };
    float_unary_case(OP_RELU, (ir_attrs){ 0 }, SHAPE(5), in, (const float[]){ 0, 0, 0, 2, 7 }, 5);
    float_unary_case(OP_RELU6, (ir_attrs){ 0 }, SHAPE(5), in, (const float[]){ 0, 0, 0, 2, 6 }, 5);
    float_unary_case(OP_LEAKY_RELU, (ir_attrs){ .alpha = 0.5 }, SHAPE(5), in,
                     (const float[]){ -2, -0.5f, 0, 2, 7 }, 5);
    float_unary_case(OP_HARD_SWISH, (ir_attrs){ 0 }, SHAPE(5), in,
                     (const float[]){ 0, -1.0f / 3, 0, 5.0f / 3, 7 }, 5);
    float_unary_case(OP_SIGMOID, (ir_attrs){ 0 }, SHAPE(5), in,
                     (const float[]){ 0.0179862100f, 0.268941421f, 0.5f, 0.880797078f, 0.999088949f }, 5);
    float_unary_case(OP_TANH, (ir_attrs){ 0 }, SHAPE(5), in,
                     (const float[]){ -0.999329300f, -0.761594156f, 0, 0.964027580f, 0.999998337f }, 5);
    float_unary_case(OP_SOFTMAX, (ir_attrs){ 0 }, SHAPE(2, 2), (const float[]){ 0, 0, 1000, 1001 },
                     (const float[]){ 0.5f, 0.5f, 0.268941421f, 0.731058579f }, 4);
}

/* ---- integers ------------------------------------------------------------------------------------- */

static const ir_numerics all_modes[] = { IR_NUM_Q32, IR_NUM_TFLM, IR_NUM_SINGLE, IR_NUM_ONNX };

/* Scales are powers of two, so every mode gives the exact result, rounded: acc/4 here. */
static void int_conv_with_padding(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        const int8_t w[] = { 1, 2, 3, 4 }, in[] = { 11, 12, 13, 14 }; /* less the zero point: 1 2 3 4 */
        const int32_t b[] = { 8 };
        ir_tensor *t[3] = { kit_input(&k, SHAPE(2, 2, 1), 0.5f, 10),
                            kit_weights(&k, SHAPE(1, 2, 2, 1), w, 0.25f),
                            kit_const(&k, IR_I32, SHAPE(1), b) };
        ir_op *op = kit_op(&k, OP_CONV2D, (ir_attrs){ .pad = { 1, 0, 0, 1 } }, 3, t, 0.5f, -100);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        int8_t out[4];
        kit_run(&k, (const void *[]){ in }, out);
        /* acc: 8 + 3+8 = 19, 8 + 6 = 14, 8 + 30 = 38, 8 + 2+12 = 22 */
        equal_codes(out, (const int8_t[]){ -95, -96, -90, -94 }, 4);
        kit_free(&k);
    }
}

/* acc/4 at the ties -10/4 = -2.5 and 10/4 = 2.5: each mode rounds as its table entry says. */
static void int_dense_rounds_by_mode(void **state)
{
    (void)state;
    static const int8_t want[4][4] = {
        [IR_NUM_Q32] = { 3, -2, 2, -1 },
        [IR_NUM_TFLM] = { 3, -3, 2, -2 },
        [IR_NUM_SINGLE] = { 3, -2, 2, -1 },
        [IR_NUM_ONNX] = { 2, -2, 2, -2 },
    };
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        const int8_t w[] = { 10, -10, 6, -6 };
        ir_tensor *t[2] = { kit_input(&k, SHAPE(1), 0.5f, 0), kit_weights(&k, SHAPE(4, 1), w, 0.25f) };
        ir_op *op = kit_op(&k, OP_DENSE, (ir_attrs){ 0 }, 2, t, 0.5f, 0);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        int8_t out[4];
        kit_run(&k, (const void *[]){ (int8_t[]){ 1 } }, out);
        equal_codes(out, want[all_modes[m]], 4);
        kit_free(&k);
    }
}

static void int_dense_clamps(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        const int8_t w[] = { 100, -100, 4 };
        ir_tensor *t[2] = { kit_input(&k, SHAPE(1), 1, 0), kit_weights(&k, SHAPE(3, 1), w, 1) };
        ir_op *op = kit_op(&k, OP_DENSE, (ir_attrs){ .act = IR_ACT_RELU6 }, 2, t, 0.5f, -3);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        int8_t out[3];
        kit_run(&k, (const void *[]){ (int8_t[]){ 1 } }, out);
        equal_codes(out, (const int8_t[]){ 9, -3, 5 }, 3); /* 6/0.5 - 3 = 9 */
        kit_free(&k);
    }
}

static void int_pools(void **state)
{
    (void)state;
    const int8_t in[] = { 1, -2, 3, 4, 5, -6, 7, 8, 9 };
    const float s[2] = { 0.1f, 0.1f };
    const int32_t z[2] = { 2, 2 };
    ir_attrs at = { .kernel = { 2, 2 }, .stride = { 2, 2 }, .pad = { 1, 0, 1, 0 } };
    static const int8_t mean[4][4] = {
        /* sums 1/1, 1/2, 11/2, 16/4; onnx rounds the mean less the zero point: -1.5, 3.5 */
        [IR_NUM_Q32] = { 1, 1, 6, 4 },
        [IR_NUM_TFLM] = { 1, 1, 6, 4 },
        [IR_NUM_SINGLE] = { 1, 1, 6, 4 },
        [IR_NUM_ONNX] = { 1, 0, 6, 4 },
    };
    for (int m = 0; m < 4; m++) {
        code_unary_case(all_modes[m], OP_MAXPOOL, at, SHAPE(3, 3, 1), s, z, in,
                        (const int8_t[]){ 1, 3, 7, 9 }, 4);
        code_unary_case(all_modes[m], OP_AVGPOOL, at, SHAPE(3, 3, 1), s, z, in, mean[all_modes[m]], 4);
        code_unary_case(all_modes[m], OP_GLOBAL_MAXPOOL, (ir_attrs){ 0 }, SHAPE(3, 3, 1), s, z, in,
                        (const int8_t[]){ 9 }, 1);
        code_unary_case(all_modes[m], OP_GLOBAL_AVGPOOL, (ir_attrs){ 0 }, SHAPE(3, 3, 1), s, z, in,
                        (const int8_t[]){ 3 }, 1); /* 29/9 */
    }
}

static void int_average_counts_padding_as_zero_point(void **state)
{
    (void)state;
    ir_attrs at = { .kernel = { 2, 2 }, .stride = { 2, 2 }, .pad = { 1, 0, 1, 0 }, .count_all = true };
    const int8_t in[] = { 9 };
    /* (9 + 3·1)/4 = 3 */
    for (int m = 0; m < 4; m++)
        code_unary_case(all_modes[m], OP_AVGPOOL, at, SHAPE(1, 1, 1), (const float[]){ 1, 1 },
                        (const int32_t[]){ 1, 1 }, in, (const int8_t[]){ 3 }, 1);
}

/* -2.5 and -0.5: ties up, away from zero, to even. */
static void int_average_ties(void **state)
{
    (void)state;
    static const int8_t want[4][2] = {
        [IR_NUM_Q32] = { -2, 0 },
        [IR_NUM_TFLM] = { -3, -1 },
        [IR_NUM_SINGLE] = { -3, -1 },
        [IR_NUM_ONNX] = { -2, 0 },
    };
    const int8_t in[] = { -2, 0, -3, -1 };
    for (int m = 0; m < 4; m++)
        code_unary_case(all_modes[m], OP_AVGPOOL, (ir_attrs){ .kernel = { 1, 2 } }, SHAPE(1, 2, 2),
                        (const float[]){ 1, 1 }, (const int32_t[]){ 0, 0 }, in, want[all_modes[m]], 2);
}

/* MEAN rescales: (x − 4)·2 summed over four cells, divided by 4. */
static void int_global_average_rescales(void **state)
{
    (void)state;
    const int8_t in[] = { 5, 6, 7, 8 };
    for (int m = 0; m < 4; m++)
        code_unary_case(all_modes[m], OP_GLOBAL_AVGPOOL, (ir_attrs){ 0 }, SHAPE(2, 2, 1),
                        (const float[]){ 0.5f, 0.25f }, (const int32_t[]){ 4, -10 }, in,
                        (const int8_t[]){ -5 }, 1);
}

static void two_input_case(ir_numerics mode, ir_opkind kind, const float s[3], const int32_t z[3],
                           const int8_t *x1, const int8_t *x2, const int8_t *want)
{
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *t[2] = { kit_input(&k, SHAPE(2, 2), s[0], z[0]), kit_input(&k, SHAPE(2), s[1], z[1]) };
    ir_op *op = kit_op(&k, kind, (ir_attrs){ 0 }, 2, t, s[2], z[2]);
    kit_output(&k, op);
    assert_true(legalize(k.ctx, k.g, mode));
    int8_t out[4];
    kit_run(&k, (const void *[]){ x1, x2 }, out);
    equal_codes(out, want, 4);
    kit_free(&k);
}

static void int_add_and_mul(void **state)
{
    (void)state;
    const float s[3] = { 0.5f, 0.25f, 0.5f };
    const int32_t z[3] = { 1, -2, 3 };
    const int8_t x1[] = { 1, 11, 127, -128 }, x2[] = { 2, -128 };
    for (int m = 0; m < 4; m++) {
        /* (x1 − 1) + (x2 + 2)/2 + 3: x2 gives 2 and -63 */
        two_input_case(all_modes[m], OP_ADD, s, z, x1, x2, (const int8_t[]){ 5, -50, 127, -128 });
        /* (x1 − 1)(x2 + 2)/4 + 3 */
        two_input_case(all_modes[m], OP_MUL, s, z, x1, x2, (const int8_t[]){ 3, -128, 127, 127 });
    }
}

static void int_concat_rescales(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *t[3] = { kit_input(&k, SHAPE(2), 0.5f, 3), kit_input(&k, SHAPE(2), 0.25f, 1),
                            kit_input(&k, SHAPE(2), 2.0f, 0) };
        ir_op *op = kit_op(&k, OP_CONCAT, (ir_attrs){ 0 }, 3, t, 0.5f, 3);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        int8_t out[6];
        kit_run(&k, (const void *[]){ (int8_t[]){ -128, 7 }, (int8_t[]){ 5, -7 }, (int8_t[]){ 10, -100 } },
                out);
        equal_codes(out, (const int8_t[]){ -128, 7, 5, -1, 43, -128 }, 6);
        assert_int_equal(op->q->each[0].n, 0);
        assert_int_equal(op->q->each[1].n, 1);
        kit_free(&k);
    }
}

static void int_pad_writes_the_zero_point(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++)
        code_unary_case(all_modes[m], OP_PAD, (ir_attrs){ .pad = { 1, 0, 0, 1 } }, SHAPE(1, 1, 2),
                        (const float[]){ 1, 1 }, (const int32_t[]){ -7, -7 }, (const int8_t[]){ 1, 2 },
                        (const int8_t[]){ -7, -7, -7, -7, 1, 2, -7, -7 }, 8);
}

static void int_relu_rescales(void **state)
{
    (void)state;
    const int8_t in[] = { -128, 4, 5, 7, 127 }; /* less 4: -132 0 1 3 123 */
    for (int m = 0; m < 4; m++) {
        code_unary_case(all_modes[m], OP_RELU, (ir_attrs){ 0 }, SHAPE(5), (const float[]){ 0.5f, 0.25f },
                        (const int32_t[]){ 4, -100 }, in, (const int8_t[]){ -100, -100, -98, -94, 127 }, 5);
        code_unary_case(all_modes[m], OP_RELU6, (ir_attrs){ 0 }, SHAPE(5), (const float[]){ 0.5f, 0.25f },
                        (const int32_t[]){ 4, -100 }, in, (const int8_t[]){ -100, -100, -98, -94, -76 }, 5);
        code_unary_case(all_modes[m], OP_LEAKY_RELU, (ir_attrs){ .alpha = 0.25 }, SHAPE(5),
                        (const float[]){ 0.5f, 0.5f }, (const int32_t[]){ 4, 0 }, in,
                        (const int8_t[]){ -33, 0, 1, 3, 123 }, 5);
        code_unary_case(all_modes[m], OP_LEAKY_RELU, (ir_attrs){ .alpha = -0.25 }, SHAPE(5),
                        (const float[]){ 0.5f, 0.5f }, (const int32_t[]){ 4, 0 }, in,
                        (const int8_t[]){ 33, 0, 1, 3, 123 }, 5);
    }
}

/* Smooth functions: every mode within one code of the real function, q32 within half. */
static void int_smooth_functions_are_close(void **state)
{
    (void)state;
    static const struct { ir_opkind kind; float in, out; int32_t zero_in, zero_out; } cases[] = {
        { OP_SIGMOID, 0.05f, 1.0f / 256, 3, -128 },
        { OP_TANH, 0.03f, 1.0f / 128, -5, 0 },
        { OP_HARD_SWISH, 0.04f, 0.03f, 10, -100 },
        { OP_LEAKY_RELU, 0.04f, 0.031f, 10, -7 },
    };
    for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_numerics mode = all_modes[i % 4];
        ir_tensor *x = kit_input(&k, SHAPE(256), cases[i / 4].in, cases[i / 4].zero_in);
        ir_op *op = kit_op(&k, cases[i / 4].kind, (ir_attrs){ .alpha = 0.1 }, 1, &x, cases[i / 4].out,
                           cases[i / 4].zero_out);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, mode));
        int8_t in[256], out[256];
        for (int c = 0; c < 256; c++)
            in[c] = (int8_t)(c - 128);
        kit_run(&k, (const void *[]){ in }, out);
        for (int c = 0; c < 256; c++) {
            double v = (double)cases[i / 4].in * (in[c] - cases[i / 4].zero_in);
            double want = op->kind == OP_SIGMOID ? 1 / (1 + exp(-v))
                        : op->kind == OP_TANH    ? tanh(v)
                        : op->kind == OP_LEAKY_RELU ? (v < 0 ? 0.1 * v : v)
                                                 : v * fmin(6, fmax(0, v + 3)) / 6;
            want = fmin(127, fmax(-128, want / (double)cases[i / 4].out + cases[i / 4].zero_out));
            assert_true(fabs(out[c] - want) <= (mode == IR_NUM_Q32 ? 0.5 + 1e-9 : 1.02));
            assert_int_equal(out[c], op->q->lut[c]);
        }
        kit_free(&k);
    }
}

/* ---- hard_swish of TFLite, modelled apart: 16-bit numbers as exact fractions, rounded by libm ------ */

static double saturated(double v) { return fmin(32767, fmax(-32768, v)); }

/* a·b/2^15, nearest, ties up. */
static double half_up_product(double a, double b) { return floor(a * b / 32768 + 0.5); }

/* m·2^e ≈ v with a 16-bit m in [2^14, 2^15). */
static double short_multiplier(double v, int *e)
{
    double q31 = round(frexp(v, e) * 2147483648.0);
    if (q31 == 2147483648.0) {
        q31 /= 2;
        ++*e;
    }
    return fmin(32767, floor((q31 + 32768) / 65536));
}

static double model_hard_swish(int x, float in, int32_t zin, float out, int32_t zout)
{
    int eo, er;
    float fine = in / 128;
    double mo = short_multiplier((double)(fine / out), &eo);
    double mr = short_multiplier((double)(fine / (3.0f / 32768.0f)), &er);
    double v = (x - zin) * 128.0, value = half_up_product(v, mo), gate = v;
    if (er > 0)
        gate = saturated(2 * half_up_product(saturated(ldexp(gate, er - 1)), mr));
    else
        gate = round(ldexp(half_up_product(gate, mr), er));
    gate = floor((gate + 32768) / 2);
    double y = round(ldexp(trunc(gate * value / 32768), eo)) + zout;
    return fmin(127, fmax(-128, y));
}

static void hard_swish_is_tflites(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 21);
    for (int i = 0; i < 300; i++) {
        net_kit k = kit_new(IR_QUANTIZED);
        float in = (float)ldexp(1 + rng_double(&r), (int)rng_below(&r, 16) - 13);
        float out = (float)((double)in * ldexp(1 + rng_double(&r), (int)rng_below(&r, 5) - 6));
        int32_t zin = (int32_t)rng_below(&r, 256) - 128, zout = (int32_t)rng_below(&r, 256) - 128;
        ir_tensor *x = kit_input(&k, SHAPE(1), in, zin);
        ir_op *op = kit_op(&k, OP_HARD_SWISH, (ir_attrs){ 0 }, 1, &x, out, zout);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, i % 2 ? IR_NUM_TFLM : IR_NUM_SINGLE));
        for (int code = -128; code < 128; code++)
            assert_true(op->q->lut[code + 128] == model_hard_swish(code, in, zin, out, zout));
        kit_free(&k);
    }
}

static void int_softmax(void **state)
{
    (void)state;
    const int8_t in[] = { 10, 10, 10, 10, 127, -128, -128, -128, 20, 10, 0, -10 };
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *x = kit_input(&k, SHAPE(3, 4), 0.1f, 7);
        ir_op *op = kit_op(&k, OP_SOFTMAX, (ir_attrs){ 0 }, 1, &x, 1.0f / 256, -128);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        int8_t out[12];
        kit_run(&k, (const void *[]){ in }, out);
        equal_codes(out, (const int8_t[]){ -64, -64, -64, -64, 127, -128, -128, -128 }, 8);
        for (int i = 8; i < 12; i++) {
            double p = exp(in[i] / 10.0) / (exp(2) + exp(1) + exp(0) + exp(-1));
            assert_true(fabs(out[i] - (256 * p - 128)) <= (all_modes[m] == IR_NUM_Q32 ? 0.501 : 1));
        }
        kit_free(&k);
    }
}

static void hook_counts(void *user, const ir_op *op, const ir_tensor *out, const void *data)
{
    assert_ptr_equal(op->out[0], out);
    assert_non_null(data);
    ++*(int *)user;
}

static void hook_sees_every_operator(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_FOLDED);
    ir_tensor *x = kit_input(&k, SHAPE(2), 0, 0);
    ir_op *relu = kit_op(&k, OP_RELU, (ir_attrs){ 0 }, 1, &x, 0, 0);
    ir_op *tanh_op = kit_op(&k, OP_TANH, (ir_attrs){ 0 }, 1, relu->out, 0, 0);
    kit_output(&k, tanh_op);
    interp *it = interp_new(k.ctx, k.g);
    int calls = 0;
    float out[2];
    interp_set_hook(it, hook_counts, &calls);
    interp_run(it, (const void *[]){ (float[]){ -1, 1 } }, (void *[]){ out });
    assert_int_equal(calls, 2);
    assert_true(((const float *)interp_value(it, relu->out[0]))[0] == 0);
    assert_true(((const float *)interp_value(it, x))[0] == -1);
    kit_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_conv),
        cmocka_unit_test(float_conv_groups_and_dilation),
        cmocka_unit_test(float_dense),
        cmocka_unit_test(float_pools),
        cmocka_unit_test(float_elementwise),
        cmocka_unit_test(float_broadcast_of_ones),
        cmocka_unit_test(float_concat_pad_reshape),
        cmocka_unit_test(float_batch_norm),
        cmocka_unit_test(float_activations),
        cmocka_unit_test(int_conv_with_padding),
        cmocka_unit_test(int_dense_rounds_by_mode),
        cmocka_unit_test(int_dense_clamps),
        cmocka_unit_test(int_pools),
        cmocka_unit_test(int_average_counts_padding_as_zero_point),
        cmocka_unit_test(int_average_ties),
        cmocka_unit_test(int_global_average_rescales),
        cmocka_unit_test(int_add_and_mul),
        cmocka_unit_test(int_concat_rescales),
        cmocka_unit_test(int_pad_writes_the_zero_point),
        cmocka_unit_test(int_relu_rescales),
        cmocka_unit_test(int_smooth_functions_are_close),
        cmocka_unit_test(hard_swish_is_tflites),
        cmocka_unit_test(int_softmax),
        cmocka_unit_test(hook_sees_every_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
