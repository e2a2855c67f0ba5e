/* models.c - models of one to five operators, with H, W and C apart: layers with weights, pools, elementwise
 * operators. (Operators that move or reduce, states, ports: models_moves.c.) */
#include "tests/import/model_pieces.h"

#include <string.h>

/* ---- convolutions -------------------------------------------------------------------------- */

static make_model *conv(qctx *ctx, float in, float out)
{
    make_model *m = make_new(ctx);
    int x = image(m, in);
    int w = in > 0 ? make_weights(m, "model/c1/Conv2D", 4, DIMS(6, 3, 2, 3), 0, 6, 0.01f)
                   : make_floats(m, "model/c1/Conv2D", 4, DIMS(6, 3, 2, 3));
    int b = in > 0 ? make_bias(m, "b", 6) : make_floats(m, "b", 1, DIMS(6));
    int y = make_act(m, "model/act/Relu;model/c1/BiasAdd", out, out > 0 ? -128 : 0, 4, DIMS(1, 3, 4, 6));
    make_op *op = make_operator(m, TFL_OP_CONV_2D, INS(x, w, b), y);
    window(op, OPTIONS_CONV_2D, TFL_PADDING_SAME, 2, 1);
    make_option(op, OPTIONS_CONV_2D, CONV_ACTIVATION, 'b', TFL_ACT_RELU);
    make_ports(m, x, y);
    return m;
}

make_model *sample_conv(qctx *ctx) { return conv(ctx, S1, S2); }
static make_model *float_conv(qctx *ctx) { return conv(ctx, 0, 0); }

/* Two groups, dilation 1x2, no bias; weights that need the code -128. */
static make_model *grouped(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", S1, 0, 4, DIMS(1, 5, 6, 4));
    int w = make_weights(m, "w", 4, DIMS(6, 2, 2, 2), 0, 6, 0.01f);
    ((int8_t *)(uintptr_t)m->tensors[w].data)[5] = -128;
    int y = make_act(m, "y", S2, 5, 4, DIMS(1, 4, 4, 6));
    make_op *op = make_operator(m, TFL_OP_CONV_2D, INS(x, w, -1), y);
    window(op, OPTIONS_CONV_2D, TFL_PADDING_VALID, 1, 1);
    make_option(op, OPTIONS_CONV_2D, CONV_DILATION_W, 'i', 2);
    make_ports(m, x, y);
    return m;
}

static make_model *depthwise(qctx *ctx, float in, float out)
{
    make_model *m = make_new(ctx);
    int x = image(m, in);
    int w = in > 0 ? make_weights(m, "model/d1/depthwise", 4, DIMS(1, 2, 3, 6), 3, 6, 0.02f)
                   : make_floats(m, "model/d1/depthwise", 4, DIMS(1, 2, 3, 6));
    int b = in > 0 ? make_bias(m, "b", 6) : make_floats(m, "b", 1, DIMS(6));
    int y = make_act(m, "model/y", out, out > 0 ? -7 : 0, 4, DIMS(1, 5, 2, 6));
    make_op *op = make_operator(m, TFL_OP_DEPTHWISE_CONV_2D, INS(x, w, b), y);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_PADDING, 'b', TFL_PADDING_SAME);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_STRIDE_W, 'i', 2);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_STRIDE_H, 'i', 1);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_MULTIPLIER, 'i', 2);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_ACTIVATION, 'b', TFL_ACT_RELU6);
    make_ports(m, x, y);
    return m;
}

static make_model *depthwise_int8(qctx *ctx) { return depthwise(ctx, S1, S2); }
static make_model *depthwise_float(qctx *ctx) { return depthwise(ctx, 0, 0); }

/* PAD in front of a convolution without pads of its own. */
static make_model *padded(qctx *ctx, float in, float out, int code)
{
    make_model *m = make_new(ctx);
    const int8_t three = 3;
    int x = image(m, in), z = in > 0 ? 3 : 0;
    int pads = make_const(m, "pads", TFL_INT32, 2, DIMS(4, 2), DIMS(0, 0, 1, 2, 0, 1, 0, 0));
    int value = code == TFL_OP_PADV2 ? make_const(m, "value", TFL_INT8, 1, DIMS(1), &three) : -1;
    int p = make_act(m, "model/pad/Pad", in, z, 4, DIMS(1, 8, 5, 3));
    int w = in > 0 ? make_weights(m, "w", 4, DIMS(2, 3, 3, 3), 0, 1, 0.01f)
                   : make_floats(m, "w", 4, DIMS(2, 3, 3, 3));
    int y = make_act(m, "y", out, out > 0 ? 1 : 0, 4, DIMS(1, 6, 3, 2));
    if (value < 0)
        make_operator(m, code, INS(x, pads), p);
    else
        make_operator(m, code, INS(x, pads, value), p);
    make_op *op = make_operator(m, TFL_OP_CONV_2D, INS(p, w), y);
    window(op, OPTIONS_CONV_2D, TFL_PADDING_VALID, 1, 1);
    make_ports(m, x, y);
    return m;
}

static make_model *padded_int8(qctx *ctx) { return padded(ctx, S1, S2, TFL_OP_PAD); }
static make_model *padded_v2(qctx *ctx) { return padded(ctx, S1, S2, TFL_OP_PADV2); }
static make_model *padded_float(qctx *ctx) { return padded(ctx, 0, 0, TFL_OP_PAD); }

/* Stride 2x3, kernel 3x2: the result is as large as the window's places, or cut to stride times the input. */
static make_model *upward(qctx *ctx, float in, float out, int padding)
{
    make_model *m = make_new(ctx);
    bool same = padding == TFL_PADDING_SAME;
    int32_t h = same ? 10 : 11, w = same ? 12 : 11;
    int x = image(m, in), size = make_const(m, "size", TFL_INT32, 1, DIMS(4), DIMS(1, h, w, 2));
    int f = in > 0 ? make_weights(m, "model/up/conv2d_transpose", 4, DIMS(2, 3, 2, 3), 0, 2, 0.01f)
                   : make_floats(m, "model/up/conv2d_transpose", 4, DIMS(2, 3, 2, 3));
    int b = in > 0 ? make_bias(m, "b", 2) : make_floats(m, "b", 1, DIMS(2));
    int y = make_act(m, "y", out, out > 0 ? -5 : 0, 4, DIMS(1, h, w, 2));
    make_op *op = make_operator(m, TFL_OP_TRANSPOSE_CONV, INS(size, f, x, b), y);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_PADDING, 'b', padding);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_W, 'i', 3);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_H, 'i', 2);
    make_ports(m, x, y);
    return m;
}

static make_model *upward_int8(qctx *ctx) { return upward(ctx, S1, S2, TFL_PADDING_SAME); }
static make_model *upward_float(qctx *ctx) { return upward(ctx, 0, 0, TFL_PADDING_VALID); }

/* ---- dense --------------------------------------------------------------------------------- */

static make_model *dense(qctx *ctx, int rank, const int32_t *from, const int32_t *to, int32_t columns)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", S1, 3, rank, from);
    int w = make_weights(m, "model/fc/MatMul", 2, DIMS(5, columns), 0, 1, 0.01f);
    int b = make_bias(m, "b", 5), y = make_act(m, "y", S3, 2, rank == 4 ? 2 : rank, to);
    make_op *op = make_operator(m, TFL_OP_FULLY_CONNECTED, INS(x, w, b), y);
    make_option(op, OPTIONS_DENSE, DENSE_ACTIVATION, 'b', TFL_ACT_NONE);
    make_option(op, OPTIONS_DENSE, DENSE_KEEP_DIMS, 'b', rank == 3);
    make_ports(m, x, y);
    return m;
}

static make_model *dense_flat(qctx *ctx) { return dense(ctx, 4, DIMS(1, 2, 3, 4), DIMS(1, 5), 24); }
static make_model *dense_rows(qctx *ctx) { return dense(ctx, 3, DIMS(1, 3, 4), DIMS(1, 3, 5), 4); }
static make_model *dense_plain(qctx *ctx) { return dense(ctx, 2, DIMS(1, 7), DIMS(1, 5), 7); }

/* ---- pools --------------------------------------------------------------------------------- */

static make_model *maxpool(qctx *ctx)
{
    make_model *m = one(ctx, TFL_OP_MAX_POOL_2D, S1, S1, 3, 4, DIMS(1, 3, 3, 3));
    pool_window(&m->ops[0], TFL_PADDING_VALID, 3, 2, 1, 1);
    return m;
}

static make_model *avgpool(qctx *ctx)
{
    make_model *m = one(ctx, TFL_OP_AVERAGE_POOL_2D, S1, S1, 3, 4, DIMS(1, 3, 4, 3));
    pool_window(&m->ops[0], TFL_PADDING_SAME, 2, 3, 2, 1);
    make_option(&m->ops[0], OPTIONS_POOL_2D, POOL_ACTIVATION, 'b', TFL_ACT_RELU);
    return m;
}

static make_model *mean(qctx *ctx, bool keep)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), axes = make_const(m, "axes", TFL_INT32, 1, DIMS(2), DIMS(1, -2));
    int y = keep ? make_act(m, "model/m/Mean", S2, 4, 4, DIMS(1, 1, 1, 3))
                 : make_act(m, "model/m/Mean", S2, 4, 2, DIMS(1, 3));
    make_op *op = make_operator(m, TFL_OP_MEAN, INS(x, axes), y);
    make_option(op, OPTIONS_REDUCER, REDUCER_KEEP_DIMS, 'b', keep);
    make_ports(m, x, y);
    return m;
}

static make_model *mean_flat(qctx *ctx) { return mean(ctx, false); }
static make_model *mean_kept(qctx *ctx) { return mean(ctx, true); }

/* ---- elementwise --------------------------------------------------------------------------- */

/* Two inputs, the second repeated along the first. */
static make_model *binary(qctx *ctx, int code, float in, float out)
{
    make_model *m = make_new(ctx);
    int x = image(m, in), z = make_act(m, "z", in > 0 ? S3 : 0, in > 0 ? -9 : 0, 4, DIMS(1, 1, 1, 3));
    int y = make_act(m, "model/sum/add", out, out > 0 ? 2 : 0, 4, DIMS(1, 5, 4, 3));
    make_op *op = make_operator(m, code, INS(x, z), y);
    make_option(op, code == TFL_OP_ADD ? OPTIONS_ADD : code == TFL_OP_SUB ? OPTIONS_SUB : OPTIONS_MUL, BINARY_ACTIVATION, 'b', TFL_ACT_RELU6);
    make_ports(m, x, y);
    make_ports(m, z, -1);
    return m;
}

static make_model *add_int8(qctx *ctx) { return binary(ctx, TFL_OP_ADD, S1, S2); }
static make_model *add_float(qctx *ctx) { return binary(ctx, TFL_OP_ADD, 0, 0); }
static make_model *sub_int8(qctx *ctx) { return binary(ctx, TFL_OP_SUB, S1, S2); }
static make_model *mul_int8(qctx *ctx) { return binary(ctx, TFL_OP_MUL, S1, S2); }

static make_model *by_const(qctx *ctx, int code, float scale, int rank, const int32_t *dim)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", scale, scale > 0 ? 3 : 0, rank, dim);
    int c = scale > 0 ? make_weights(m, "c", 1, DIMS(3), 0, 1, 0.01f) : make_floats(m, "c", 1, DIMS(3));
    if (scale > 0)
        *(int64_t *)(uintptr_t)m->tensors[c].zero = 11;
    int y = make_act(m, "model/y/mul", scale > 0 ? S2 : 0, 0, rank, dim);
    make_operator(m, code, INS(c, x), y);
    make_ports(m, x, y);
    return m;
}

static make_model *mul_const_int8(qctx *ctx) { return by_const(ctx, TFL_OP_MUL, S1, 4, DIMS(1, 5, 4, 3)); }
static make_model *mul_const_float(qctx *ctx) { return by_const(ctx, TFL_OP_MUL, 0, 2, DIMS(1, 3)); }
static make_model *add_const_float(qctx *ctx) { return by_const(ctx, TFL_OP_ADD, 0, 4, DIMS(1, 5, 4, 3)); }

static make_model *add_const_int8(qctx *ctx) { return by_const(ctx, TFL_OP_ADD, S1, 4, DIMS(1, 5, 4, 3)); }
static make_model *sub_const_int8(qctx *ctx) { return by_const(ctx, TFL_OP_SUB, S1, 2, DIMS(1, 3)); }

/* x and a constant of its shape but for the batch, of scale `other` and zero point 3. */
static make_model *by_map(qctx *ctx, int code, float scale, float other, float out, int zero)
{
    make_model *m = make_new(ctx);
    int x = image(m, scale);
    int c = scale > 0 ? make_weights(m, "model/map", 3, DIMS(5, 4, 3), 0, 1, other)
                      : make_floats(m, "model/map", 3, DIMS(5, 4, 3));
    if (scale > 0)
        *(int64_t *)(uintptr_t)m->tensors[c].zero = 3;
    int y = make_act(m, "model/y", out, zero, 4, DIMS(1, 5, 4, 3));
    make_operator(m, code, INS(x, c), y);
    make_ports(m, x, y);
    return m;
}

static make_model *mul_map(qctx *ctx) { return by_map(ctx, TFL_OP_MUL, S1, 0.01f, S2, 4); }
static make_model *add_map_float(qctx *ctx) { return by_map(ctx, TFL_OP_ADD, 0, 0, 0, 0); }
static make_model *max_map(qctx *ctx) { return by_map(ctx, TFL_OP_MAXIMUM, S1, S1, S1, 3); }

/* x and a constant of its scale side by side. */
static make_model *concat_const(qctx *ctx)
{
    make_model *m = by_map(ctx, TFL_OP_CONCATENATION, S1, S1, S1, 3);
    m->tensors[1].rank = 4;
    memcpy(m->tensors[1].dim, DIMS(1, 5, 4, 3), 4 * sizeof(int32_t));
    m->tensors[2].dim[3] = 6;
    make_option(&m->ops[0], OPTIONS_CONCAT, CONCAT_AXIS, 'i', 3);
    return m;
}

static make_model *prelu(qctx *ctx, float in, float out)
{
    make_model *m = make_new(ctx);
    int x = image(m, in);
    int a = in > 0 ? make_weights(m, "model/act/alpha", 3, DIMS(1, 1, 3), 0, 1, 0.004f)
                   : make_floats(m, "model/act/alpha", 3, DIMS(1, 1, 3));
    if (in > 0)
        *(int64_t *)(uintptr_t)m->tensors[a].zero = -9;
    int y = make_act(m, "model/act/y", out, out > 0 ? 8 : 0, 4, DIMS(1, 5, 4, 3));
    make_operator(m, TFL_OP_PRELU, INS(x, a), y);
    make_ports(m, x, y);
    return m;
}

static make_model *prelu_int8(qctx *ctx) { return prelu(ctx, S1, S2); }
static make_model *prelu_float(qctx *ctx) { return prelu(ctx, 0, 0); }
static make_model *l2_int8(qctx *ctx) { return one(ctx, TFL_OP_L2_NORMALIZATION, S1, 1.0f / 128, 0, 4, DIMS(1, 5, 4, 3)); }
static make_model *l2_float(qctx *ctx) { return one(ctx, TFL_OP_L2_NORMALIZATION, 0, 0, 0, 4, DIMS(1, 5, 4, 3)); }

/* Dilation 2x3 as older converters leave it: pads to whole blocks, of which the end is cropped. */
static make_model *dilated(qctx *ctx, float in, float out)
{
    make_model *m = make_new(ctx);
    int x = image(m, in), z = in > 0 ? 3 : 0;
    int block = make_const(m, "block", TFL_INT32, 1, DIMS(2), DIMS(2, 3));
    int pads = make_const(m, "pads", TFL_INT32, 2, DIMS(2, 2), DIMS(2, 1, 0, 2));
    int crops = make_const(m, "crops", TFL_INT32, 2, DIMS(2, 2), DIMS(0, 1, 0, 0));
    int w = in > 0 ? make_weights(m, "w", 4, DIMS(2, 3, 2, 3), 0, 2, 0.01f) : make_floats(m, "w", 4, DIMS(2, 3, 2, 3));
    int s = make_act(m, "space", in, z, 4, DIMS(6, 4, 2, 3)), c = make_act(m, "model/c", out, out > 0 ? 5 : 0, 4, DIMS(6, 2, 1, 2));
    int y = make_act(m, "model/y", out, out > 0 ? 5 : 0, 4, DIMS(1, 3, 3, 2));
    make_operator(m, TFL_OP_SPACE_TO_BATCH_ND, INS(x, block, pads), s);
    window(make_operator(m, TFL_OP_CONV_2D, INS(s, w, -1), c), OPTIONS_CONV_2D, TFL_PADDING_VALID, 1, 1);
    make_operator(m, TFL_OP_BATCH_TO_SPACE_ND, INS(c, block, crops), y);
    make_ports(m, x, y);
    return m;
}

static make_model *dilated_int8(qctx *ctx) { return dilated(ctx, S1, S2); }
static make_model *dilated_float(qctx *ctx) { return dilated(ctx, 0, 0); }

static make_model *shuffled_cells(qctx *ctx, int code, const int32_t *from, const int32_t *to)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", 0, 0, 4, from), y = make_act(m, "y", 0, 0, 4, to);
    make_option(make_operator(m, code, INS(x), y), code == TFL_OP_DEPTH_TO_SPACE ? OPTIONS_DEPTH_TO_SPACE : OPTIONS_SPACE_TO_DEPTH, BLOCK_SIZE, 'i', 2);
    make_ports(m, x, y);
    return m;
}

static make_model *to_space(qctx *ctx) { return shuffled_cells(ctx, TFL_OP_DEPTH_TO_SPACE, DIMS(1, 3, 2, 12), DIMS(1, 6, 4, 3)); }
static make_model *to_depth(qctx *ctx) { return shuffled_cells(ctx, TFL_OP_SPACE_TO_DEPTH, DIMS(1, 4, 6, 3), DIMS(1, 2, 3, 12)); }

static make_model *mirrored(qctx *ctx, int mode)
{
    make_model *m = make_new(ctx);
    int x = image(m, 0), pads = make_const(m, "pads", TFL_INT32, 2, DIMS(4, 2), DIMS(0, 0, 1, 2, 3, 0, 0, 0));
    int y = make_act(m, "y", 0, 0, 4, DIMS(1, 8, 7, 3));
    make_option(make_operator(m, TFL_OP_MIRROR_PAD, INS(x, pads), y), OPTIONS_MIRROR_PAD, MIRROR_PAD_MODE, 'b', mode);
    make_ports(m, x, y);
    return m;
}

static make_model *mirror_reflect(qctx *ctx) { return mirrored(ctx, 0); }
static make_model *mirror_symmetric(qctx *ctx) { return mirrored(ctx, 1); }

/* A variable that an operator writes: sums over the calls. */
static make_model *running_sum(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", S1, 3, 2, DIMS(1, 3)), sum = make_act(m, "model/sum", S3, -4, 2, DIMS(1, 3));
    int y = make_act(m, "y", S3, -4, 2, DIMS(1, 3));
    m->tensors[sum].variable = true;
    make_operator(m, TFL_OP_ADD, INS(x, sum), sum);
    make_operator(m, TFL_OP_RELU, INS(sum), y);
    make_ports(m, x, y);
    return m;
}

static make_model *activations(qctx *ctx)
{
    make_model *m = make_new(ctx);
    const int32_t dim[] = {1, 5, 4, 3};
    int x = image(m, S1);
    int a = make_act(m, "model/a/LeakyRelu", S2, 4, 4, dim), b = make_act(m, "b", S3, -20, 4, dim);
    int c = make_act(m, "c", SOFT, -128, 4, dim), d = make_act(m, "d", 1.0f / 128, 0, 4, dim);
    int e = make_act(m, "Identity", SOFT, -128, 4, dim);
    make_option(make_operator(m, TFL_OP_LEAKY_RELU, INS(x), a), OPTIONS_LEAKY_RELU, LEAKY_RELU_ALPHA, 'f', 0.3);
    make_operator(m, TFL_OP_HARD_SWISH, INS(a), b);
    make_operator(m, TFL_OP_LOGISTIC, INS(b), c);
    make_operator(m, TFL_OP_TANH, INS(c), d);
    make_option(make_operator(m, TFL_OP_SOFTMAX, INS(d), e), OPTIONS_SOFTMAX, SOFTMAX_BETA, 'f', 1);
    make_ports(m, x, e);
    return m;
}

/* relus as operators of their own round once more than fused ones. */
static make_model *relus(qctx *ctx)
{
    make_model *m = sample_conv(ctx);
    const int32_t dim[] = {1, 3, 4, 6};
    m->ops[0].options[m->ops[0].n_options - 1].value = TFL_ACT_NONE;
    *(int64_t *)(uintptr_t)m->tensors[m->outputs[0]].zero = 6;
    int a = make_act(m, "relu_a", S3, -4, 4, dim), b = make_act(m, "relu_b", S1, -128, 4, dim);
    make_operator(m, TFL_OP_RELU, INS(m->outputs[0]), a);
    make_operator(m, TFL_OP_RELU6, INS(a), b);
    m->outputs[0] = b;
    return m;
}

/* ---- the table ----------------------------------------------------------------------------- */

const sample_model sample_layers[] = {
    {"conv", sample_conv, {"c1 = conv2d(x, 6, kernel 3x2, stride 2x1, pad [1, 1, 0, 1]) |> relu(tensor 3)\n",
                           "input x : i8[5, 4, 3] scale 0x1.47ae14p-6 zero 3 tensor 0\n", "numerics tflm\n",
                           "c1.weight : int8 symmetric per channel\n", "c1.bias : int32\n"}, true},
    {"float_conv", float_conv, {"c1 = conv2d(x, 6, kernel 3x2, stride 2x1, pad [1, 1, 0, 1]) |> relu(tensor 3)\n",
                                "input x : f32[5, 4, 3] tensor 0\n", "weights native\n", "!quantize"}, false},
    {"grouped", grouped, {"conv2d(x, 6, kernel 2x2, dilation 1x2, groups 2, no bias, tensor 2)\n",
                          "int8 asymmetric per channel\n", "!.bias"}, true},
    {"depthwise", depthwise_int8, {"d1 = depthwise(x, kernel 2x3, stride 1x2, pad [0, 1, 0, 1], multiplier 2) "
                                   "|> relu6(tensor 3)\n"}, true},
    {"depthwise_float", depthwise_float, {"d1 = depthwise(x, kernel 2x3, stride 1x2, pad [0, 1, 0, 1], multiplier 2) "
                                          "|> relu6(tensor 3)\n"}, false},
    {"padded", padded_int8, {"y = conv2d(x, 2, kernel 3x3, pad [1, 2, 0, 1], no bias, tensor 4)\n", "!= pad("}, true},
    {"padded_v2", padded_v2, {"y = conv2d(x, 2, kernel 3x3, pad [1, 2, 0, 1], no bias, tensor 5)\n", "!= pad("}, true},
    {"padded_float", padded_float, {"pad = pad(x, [1, 2, 0, 1], tensor 2)\n",
                                    "y = conv2d(pad, 2, kernel 3x3, no bias, tensor 4)\n"}, false},
    {"upward", upward_int8, {"up_dilated = dilate(x, 2x3)\n", "up = conv2d(up_dilated, 2, kernel 3x2, pad [2, 1, 1, 2], tensor 4)\n"}, true},
    {"upward_float", upward_float, {"up = conv2d(up_dilated, 2, kernel 3x2, pad [2, 2, 1, 1], tensor 4)\n"}, false},
    {"dense_flat", dense_flat, {"x_flat = flatten(x)\n", "fc = dense(x_flat, 5, tensor 3)\n",
                                "fc.weight : int8 symmetric per tensor scale"}, true},
    {"dense_rows", dense_rows, {"fc = dense(x, 5, tensor 3)\n", "i8[3, 4]"}, true},
    {"dense_plain", dense_plain, {"fc = dense(x, 5, tensor 3)\n", "i8[7]"}, true},
    {"maxpool", maxpool, {"y = maxpool(x, 3x2, stride 1x1, tensor 1)\n"}, true},
    {"avgpool", avgpool, {"y = avgpool(x, 2x3, stride 2x1, pad [0, 1, 1, 1]) |> relu(tensor 1)\n"}, true},
    {"mean", mean_flat, {"m = global_avgpool(x, tensor 2)\n"}, true},
    {"mean_kept", mean_kept, {"m = global_avgpool(x, keep, tensor 2)\n"}, true},
    {"add", add_int8, {"sum = add(x, z) |> relu6(tensor 2)\n"}, true},
    {"add_float", add_float, {"sum = add(x, z) |> relu6(tensor 2)\n"}, false},
    {"sub", sub_int8, {" = sub(x, z) |> relu6(tensor 2)\n"}, true},
    {"mul", mul_int8, {" = mul(x, z) |> relu6(tensor 2)\n"}, true},
    {"mul_const", mul_const_int8, {"y = depthwise(x, kernel 1x1, no bias, tensor 2)\n",
                                   "y.weight : int8 asymmetric per tensor scale 0x1.47ae14p-7 zero 11"}, true},
    {"mul_const_float", mul_const_float, {"x_reshaped = reshape(x, [1, 1, 3])\n", "y = depthwise(x_reshaped, kernel 1x1, no bias)\n",
                                          "y_back = flatten(y, tensor 2)\n"}, false},
    {"add_const_float", add_const_float, {"y_mul = depthwise(x, kernel 1x1, tensor 2)\n"}, false},
    {"add_const_int8", add_const_int8, {"c = constant([3], tensor 1)\n", " = add(c, x, tensor 2)\n"}, true},
    {"sub_const_int8", sub_const_int8, {" = sub(c, x, tensor 2)\n", "c : activations int8 asymmetric scale 0x1.47ae14p-7 zero 11"}, true},
    {"mul_map", mul_map, {"map = constant([5, 4, 3], tensor 1)\n", "y = mul(x, map, tensor 2)\n"}, true},
    {"add_map_float", add_map_float, {"map = constant([5, 4, 3], tensor 1)\n", "y = add(x, map, tensor 2)\n"}, false},
    {"max_map", max_map, {"y = maximum(x, map, tensor 2)\n"}, true},
    {"concat_const", concat_const, {"map = constant([5, 4, 3], tensor 1)\n", "y = concat(x, map, tensor 2)\n"}, true},
    {"prelu", prelu_int8, {"act_alpha = constant([1, 3], tensor 1)\n", "act_y = prelu(x, act_alpha, tensor 2)\n"}, true},
    {"prelu_float", prelu_float, {"act_y = prelu(x, act_alpha, tensor 2)\n"}, false},
    {"l2", l2_int8, {"y = l2_norm(x, tensor 1)\n"}, true},
    {"l2_float", l2_float, {"y = l2_norm(x, tensor 1)\n"}, false},
    {"dilated", dilated_int8, {"conv2d(x, 2, kernel 3x2, pad [2, 0, 0, 2], dilation 2x3, no bias, tensor 7)\n"}, true},
    {"dilated_float", dilated_float, {"conv2d(x, 2, kernel 3x2, pad [2, 0, 0, 2], dilation 2x3, no bias, tensor 7)\n"}, false},
    {"to_space", to_space, {"transpose(x_reshaped, [0, 2, 1, 3, 4])\n"}, false},
    {"to_depth", to_depth, {"transpose(x_reshaped, [0, 2, 1, 3, 4])\n"}, false},
    {"mirror_reflect", mirror_reflect, {"concat("}, false},
    {"mirror_symmetric", mirror_symmetric, {"concat("}, false},
    {"running_sum", running_sum, {"state sum : i8[3]", "sum := ", "y = relu(sum, tensor 2)\n"}, true},
    {"activations", activations, {"a = leaky_relu(x, slope 0.30000001192092896, tensor 1)\n", "b = hard_swish(a, tensor 2)\n",
                                  "c = sigmoid(b, tensor 3)\n", "d = tanh(c, tensor 4)\n", "softmax = softmax(d, tensor 5)\n"}, true},
    {"relus", relus, {"c1 = conv2d(x, 6, kernel 3x2, stride 2x1, pad [1, 1, 0, 1], tensor 3)\n", "relu_a = relu(c1, tensor 4)\n",
                      "relu_b = relu6(relu_a, tensor 5)\n"}, true},
};
const int n_sample_layers = sizeof sample_layers / sizeof *sample_layers;

int n_sample_models(void)
{
    return n_sample_layers + n_sample_moves;
}

const sample_model *sample_at(int i)
{
    return i < n_sample_layers ? &sample_layers[i] : &sample_moves[i - n_sample_layers];
}

const sample_model *sample_named(const char *name)
{
    int i = 0;
    while (strcmp(sample_at(i)->name, name) != 0)
        i++;
    return sample_at(i);
}
