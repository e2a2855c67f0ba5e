/* test_refused.c - what is told of models that cannot be imported: every operator of a model at once,
 * and for each way in which a sample model can be wrong its reason. */
#include "tests/import/made.h"

#include <math.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_unsupported_operators_are_told),
        cmocka_unit_test(more_than_the_error_limit_is_told),
        cmocka_unit_test(reasons_are_told),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
