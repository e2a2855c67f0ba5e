/* single_models.c - random models of one operator: odd shapes, strides, pads, scales, zero points.
 * The table says, operator by operator, in which mode TensorFlow Lite's C library (2.9, x86-64) has
 * qcc's codes, or why its kernel is no witness of TensorFlow Lite Micro's. Not in it: what only
 * moves codes (RESHAPE, TRANSPOSE, STRIDED_SLICE, SPLIT, PACK, …), which has no arithmetic, and
 * ARG_MAX, whose results are no codes. */
#include "tests/import/single_models.h"

#include <math.h>
#include <string.h>

/* ---- random models ------------------------------------------------------------------------- */

static int between(maker *k, int lo, int hi)
{
    return lo + (int)rng_below(&k->r, (uint64_t)(hi - lo + 1));
}

/* 2^u, u in [lo, hi). */
static float power(maker *k, double lo, double hi)
{
    return (float)exp2(lo + (hi - lo) * rng_double(&k->r));
}

static int zero(maker *k)
{
    static const int special[] = {-128, 127, 0, -1};
    return between(k, 0, 2) ? between(k, -128, 127) : special[between(k, 0, 3)];
}

static int act(maker *k, float scale, int rank, const int32_t *dim)
{
    return make_act(k->m, arena_printf(k->ctx->a, "t%d", k->m->n_tensors), scale, zero(k), rank,
                    dim);
}

/* Codes in [-127, 127] with n scales around `scale` along axis. */
static int weights(maker *k, int rank, const int32_t *dim, int axis, uint32_t n, float scale)
{
    int w = make_weights(k->m, "w", rank, dim, axis, n, scale);
    make_tensor *t = &k->m->tensors[w];
    for (uint32_t i = 0; i < t->bytes; i++)
        ((int8_t *)(uintptr_t)t->data)[i] = (int8_t)between(k, -127, 127);
    for (uint32_t i = 0; i < n; i++)
        ((float *)(uintptr_t)t->scale)[i] = n > 1 ? scale * power(k, -2, 0.5) : scale;
    return w;
}

static int biases(maker *k, int32_t n)
{
    int32_t *v = ARENA_ARRAY(k->ctx->a, int32_t, n);
    for (int32_t i = 0; i < n; i++)
        v[i] = between(k, -30000, 30000);
    return make_const(k->m, "b", TFL_INT32, 1, &n, v);
}

static float scale_of(const maker *k, int t)
{
    return k->m->tensors[t].scale[0];
}

static int any_act(maker *k)
{
    static const int acts[] = {TFL_ACT_NONE, TFL_ACT_NONE, TFL_ACT_RELU, TFL_ACT_RELU6};
    return acts[between(k, 0, 3)];
}

/* Places of a window along one dimension. */
static int32_t places(int padding, int size, int kernel, int stride, int dilation)
{
    int reach = (kernel - 1) * dilation + 1;
    return padding == TFL_PADDING_SAME ? (size + stride - 1) / stride : (size - reach) / stride + 1;
}

typedef struct window {
    int kernel[2], stride[2], dilation[2], padding;
    int32_t in[4], out[4];
} window;

static window draw_window(maker *k, bool dilated)
{
    window w = {.padding = between(k, 0, 1), .in = {1}, .out = {1}};
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = between(k, 1, 4);
        w.stride[i] = between(k, 1, 3);
        w.dilation[i] = 1;
    }
    if (dilated && between(k, 0, 3) == 0) /* one of both, as the converter has it */
        for (int i = 0; i < 2; i++) {
            w.stride[i] = 1;
            w.dilation[i] = between(k, 1, 3);
        }
    for (int i = 0; i < 2; i++) {
        int reach = (w.kernel[i] - 1) * w.dilation[i] + 1;
        w.in[1 + i] = between(k, w.padding == TFL_PADDING_SAME ? 1 : reach, reach + 8);
        w.out[1 + i] = places(w.padding, w.in[1 + i], w.kernel[i], w.stride[i], w.dilation[i]);
    }
    w.in[3] = w.out[3] = between(k, 1, 19);
    return w;
}

static void conv(maker *k)
{
    window w = draw_window(k, true);
    w.out[3] = between(k, 1, 21);
    const int32_t dim[] = {w.out[3], w.kernel[0], w.kernel[1], w.in[3]};
    int x = act(k, power(k, -8, -2), 4, w.in),
        f = weights(k, 4, dim, 0, (uint32_t)w.out[3], power(k, -9, -5));
    int b = biases(k, w.out[3]);
    double terms = sqrt((double)w.kernel[0] * w.kernel[1] * w.in[3]);
    int y = act(k, scale_of(k, x) * scale_of(k, f) * 60 * (float)terms * power(k, -1, 2), 4, w.out);
    make_op *op = make_operator(k->m, TFL_OP_CONV_2D, INS(x, f, b), y);
    make_option(op, OPTIONS_CONV_2D, CONV_PADDING, 'b', w.padding);
    make_option(op, OPTIONS_CONV_2D, CONV_STRIDE_W, 'i', w.stride[1]);
    make_option(op, OPTIONS_CONV_2D, CONV_STRIDE_H, 'i', w.stride[0]);
    make_option(op, OPTIONS_CONV_2D, CONV_ACTIVATION, 'b', any_act(k));
    make_option(op, OPTIONS_CONV_2D, CONV_DILATION_W, 'i', w.dilation[1]);
    make_option(op, OPTIONS_CONV_2D, CONV_DILATION_H, 'i', w.dilation[0]);
    make_ports(k->m, x, y);
}

static void depthwise(maker *k)
{
    window w = draw_window(k, true);
    int multiplier = between(k, 0, 2) ? 1 : between(k, 2, 3);
    w.out[3] = w.in[3] * multiplier;
    const int32_t dim[] = {1, w.kernel[0], w.kernel[1], w.out[3]};
    int x = act(k, power(k, -8, -2), 4, w.in),
        f = weights(k, 4, dim, 3, (uint32_t)w.out[3], power(k, -9, -5));
    int b = biases(k, w.out[3]);
    double terms = sqrt((double)w.kernel[0] * w.kernel[1]);
    int y = act(k, scale_of(k, x) * scale_of(k, f) * 60 * (float)terms * power(k, -1, 2), 4, w.out);
    make_op *op = make_operator(k->m, TFL_OP_DEPTHWISE_CONV_2D, INS(x, f, b), y);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_PADDING, 'b', w.padding);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_STRIDE_W, 'i', w.stride[1]);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_STRIDE_H, 'i', w.stride[0]);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_MULTIPLIER, 'i', multiplier);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_ACTIVATION, 'b', any_act(k));
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_DILATION_W, 'i', w.dilation[1]);
    make_option(op, OPTIONS_DEPTHWISE, DEPTHWISE_DILATION_H, 'i', w.dilation[0]);
    make_ports(k->m, x, y);
}

static void dense(maker *k)
{
    const int32_t from[] = {1, between(k, 1, 70)}, to[] = {1, between(k, 1, 20)},
                  dim[] = {to[1], from[1]};
    int x = act(k, power(k, -8, -2), 2, from), f = weights(k, 2, dim, 0, 1, power(k, -9, -5)),
        b = biases(k, to[1]);
    int y = act(k, scale_of(k, x) * scale_of(k, f) * 60 * sqrtf((float)from[1]) * power(k, -1, 2),
                2, to);
    make_op *op = make_operator(k->m, TFL_OP_FULLY_CONNECTED, INS(x, f, b), y);
    make_option(op, OPTIONS_DENSE, DENSE_ACTIVATION, 'b', any_act(k));
    make_ports(k->m, x, y);
}

static void transposed(maker *k)
{
    window w = draw_window(k, false);
    w.out[3] = between(k, 1, 9);
    for (int i = 0; i < 2; i++) {
        w.in[1 + i] = between(k, 1, 6);
        w.stride[i] = between(k, 1, w.kernel[i]);
        w.out[1 + i] = w.padding == TFL_PADDING_SAME
                           ? w.in[1 + i] * w.stride[i]
                           : (w.in[1 + i] - 1) * w.stride[i] + w.kernel[i];
    }
    const int32_t dim[] = {w.out[3], w.kernel[0], w.kernel[1], w.in[3]}, four = 4;
    int x = act(k, power(k, -8, -2), 4, w.in),
        size = make_const(k->m, "size", TFL_INT32, 1, &four, w.out);
    int f = weights(k, 4, dim, 0, (uint32_t)w.out[3], power(k, -9, -5)), b = biases(k, w.out[3]);
    int y = act(k, scale_of(k, x) * scale_of(k, f) * 150 * sqrtf((float)w.in[3]) * power(k, -1, 2),
                4, w.out);
    make_op *op = make_operator(k->m, TFL_OP_TRANSPOSE_CONV, INS(size, f, x, b), y);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_PADDING, 'b', w.padding);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_W, 'i', w.stride[1]);
    make_option(op, OPTIONS_TRANSPOSE_CONV, TRANSPOSE_CONV_STRIDE_H, 'i', w.stride[0]);
    make_ports(k->m, x, y);
}

/* Another tensor with t's scale and zero point. */
static int like(maker *k, int t, int rank, const int32_t *dim)
{
    const make_tensor *from = &k->m->tensors[t];
    return make_act(k->m, "y", from->scale[0], (int)from->zero[0], rank, dim);
}

static void pool(maker *k, int code)
{
    window w = draw_window(k, false);
    int x = act(k, power(k, -8, -2), 4, w.in), y = like(k, x, 4, w.out);
    make_op *op = make_operator(k->m, code, INS(x), y);
    make_option(op, OPTIONS_POOL_2D, CONV_PADDING, 'b', w.padding);
    make_option(op, OPTIONS_POOL_2D, CONV_STRIDE_W, 'i', w.stride[1]);
    make_option(op, OPTIONS_POOL_2D, CONV_STRIDE_H, 'i', w.stride[0]);
    make_option(op, OPTIONS_POOL_2D, POOL_WIDTH, 'i', w.kernel[1]);
    make_option(op, OPTIONS_POOL_2D, POOL_HEIGHT, 'i', w.kernel[0]);
    make_option(op, OPTIONS_POOL_2D, POOL_ACTIVATION, 'b', any_act(k));
    make_ports(k->m, x, y);
}

static void maxpool(maker *k)
{
    pool(k, TFL_OP_MAX_POOL_2D);
}
static void avgpool(maker *k)
{
    pool(k, TFL_OP_AVERAGE_POOL_2D);
}

static const int32_t *draw_image(maker *k)
{
    int32_t *dim = ARENA_ARRAY(k->ctx->a, int32_t, 4);
    dim[0] = 1;
    for (int i = 1; i < 4; i++)
        dim[i] = between(k, 1, 9);
    return dim;
}

/* Over height and width, to a scale near the input's. */
static void reduce(maker *k, int code, bool same)
{
    const int32_t *from = draw_image(k), to[] = {1, from[3]}, two = 2;
    int x = act(k, power(k, -8, -2), 4, from),
        axes = make_const(k->m, "axes", TFL_INT32, 1, &two, DIMS(1, 2));
    int y = same ? like(k, x, 2, to) : act(k, scale_of(k, x) * power(k, -1, 1), 2, to);
    if (code == TFL_OP_SUM) { /* the library does not saturate: no sum is beyond the codes */
        make_tensor *t = &k->m->tensors[y];
        *(int64_t *)(uintptr_t)t->zero = k->m->tensors[x].zero[0];
        *(float *)(uintptr_t)t->scale =
            scale_of(k, x) * (float)(from[1] * from[2]) * power(k, 0.1, 1);
    }
    make_option(make_operator(k->m, code, INS(x, axes), y), OPTIONS_REDUCER, REDUCER_KEEP_DIMS, 'b',
                0);
    make_ports(k->m, x, y);
}

static void mean(maker *k)
{
    reduce(k, TFL_OP_MEAN, false);
}
static void mean_same(maker *k)
{
    reduce(k, TFL_OP_MEAN, true);
}
static void sum(maker *k)
{
    reduce(k, TFL_OP_SUM, false);
}
static void reduce_max(maker *k)
{
    reduce(k, TFL_OP_REDUCE_MAX, true);
}
static void reduce_min(maker *k)
{
    reduce(k, TFL_OP_REDUCE_MIN, true);
}

/* Two operands of one shape, or the second repeats along height and width. */
static void binary(maker *k, int code, int options)
{
    const int32_t *from = draw_image(k), small[] = {1, 1, 1, from[3]};
    bool repeat = between(k, 0, 2) == 0, same = code == TFL_OP_MAXIMUM || code == TFL_OP_MINIMUM;
    int x = act(k, power(k, -7, -3), 4, from), z, y;
    if (same) {
        z = like(k, x, 4, repeat ? small : from);
        y = like(k, x, 4, from);
    } else {
        z = act(k, power(k, -7, -3), 4, repeat ? small : from);
        float most = fmaxf(scale_of(k, x), scale_of(k, z));
        y = act(k,
                code == TFL_OP_MUL ? scale_of(k, x) * scale_of(k, z) * 60 * power(k, -1, 1)
                                   : most * power(k, -0.5, 1),
                4, from);
    }
    make_op *op = make_operator(k->m, code, INS(x, z), y);
    if (options)
        make_option(op, options, BINARY_ACTIVATION, 'b', any_act(k));
    make_ports(k->m, x, y);
    make_ports(k->m, z, -1);
}

static void add(maker *k)
{
    binary(k, TFL_OP_ADD, OPTIONS_ADD);
}
static void sub(maker *k)
{
    binary(k, TFL_OP_SUB, OPTIONS_SUB);
}
static void mul(maker *k)
{
    binary(k, TFL_OP_MUL, OPTIONS_MUL);
}
static void maximum(maker *k)
{
    binary(k, TFL_OP_MAXIMUM, 0);
}
static void minimum(maker *k)
{
    binary(k, TFL_OP_MINIMUM, 0);
}

static void concat(maker *k)
{
    const int32_t *from = draw_image(k), to[] = {1, from[1], from[2], 2 * from[3]};
    int x = act(k, power(k, -7, -3), 4, from), z = like(k, x, 4, from), y = like(k, x, 4, to);
    make_option(make_operator(k->m, TFL_OP_CONCATENATION, INS(x, z), y), OPTIONS_CONCAT,
                CONCAT_AXIS, 'i', 3);
    make_ports(k->m, x, y);
    make_ports(k->m, z, -1);
}

static void pad(maker *k)
{
    const int32_t *from = draw_image(k),
                  pads[] = {
                      0, 0, between(k, 0, 3), between(k, 0, 3), between(k, 0, 3), between(k, 0, 3),
                      0, 0};
    const int32_t to[] = {1, from[1] + pads[2] + pads[3], from[2] + pads[4] + pads[5], from[3]};
    int x = act(k, power(k, -7, -3), 4, from),
        list = make_const(k->m, "pads", TFL_INT32, 2, DIMS(4, 2), pads);
    int y = like(k, x, 4, to);
    make_operator(k->m, TFL_OP_PAD, INS(x, list), y);
    make_ports(k->m, x, y);
}

static void resize(maker *k, int code, int options, int corners, int pixel)
{
    const int32_t *from = draw_image(k), size[] = {between(k, 1, 12), between(k, 1, 12)}, two = 2;
    const int32_t to[] = {1, size[0], size[1], from[3]};
    int x = act(k, power(k, -7, -3), 4, from),
        s = make_const(k->m, "size", TFL_INT32, 1, &two, size);
    int y = like(k, x, 4, to), how = between(k, 0, 2);
    make_op *op = make_operator(k->m, code, INS(x, s), y);
    make_option(op, options, corners, 'b', how == 1);
    make_option(op, options, pixel, 'b', how == 2);
    make_ports(k->m, x, y);
}

static void nearest(maker *k)
{
    resize(k, TFL_OP_RESIZE_NEAREST_NEIGHBOR, OPTIONS_RESIZE_NEAREST, NEAREST_ALIGN_CORNERS,
           NEAREST_HALF_PIXEL);
}
static void bilinear(maker *k)
{
    resize(k, TFL_OP_RESIZE_BILINEAR, OPTIONS_RESIZE_BILINEAR, BILINEAR_ALIGN_CORNERS,
           BILINEAR_HALF_PIXEL);
}

/* One operand, to a scale that is given (0: near the input's). */
static make_op *unary(maker *k, int code, float scale, int z)
{
    const int32_t *dim = draw_image(k);
    int x = act(k, power(k, -7, -2.5), 4, dim);
    int y = scale > 0 ? make_act(k->m, "y", scale, z, 4, dim)
                      : act(k, scale_of(k, x) * power(k, -1, 1), 4, dim);
    make_ports(k->m, x, y);
    return make_operator(k->m, code, INS(x), y);
}

static void relu(maker *k)
{
    unary(k, TFL_OP_RELU, 0, 0);
}
static void relu6(maker *k)
{
    unary(k, TFL_OP_RELU6, 0, 0);
}
static void leaky(maker *k)
{
    make_option(unary(k, TFL_OP_LEAKY_RELU, 0, 0), OPTIONS_LEAKY_RELU, LEAKY_RELU_ALPHA, 'f',
                (double)power(k, -6, 0));
}
static void logistic(maker *k)
{
    unary(k, TFL_OP_LOGISTIC, 1.0f / 256, -128);
}
static void hyperbolic(maker *k)
{
    unary(k, TFL_OP_TANH, 1.0f / 128, 0);
}
static void hard_swish(maker *k)
{
    unary(k, TFL_OP_HARD_SWISH, 0, 0);
}
static void elu(maker *k)
{
    unary(k, TFL_OP_ELU, 0, 0);
}
static void gelu(maker *k)
{
    unary(k, TFL_OP_GELU, 0, 0);
}
static void quantize(maker *k)
{
    unary(k, TFL_OP_QUANTIZE, 0, 0);
}
static void l2(maker *k)
{
    unary(k, TFL_OP_L2_NORMALIZATION, 1.0f / 128, 0);
}

static void softmax(maker *k)
{
    const int32_t dim[] = {1, between(k, 1, 60)};
    int x = act(k, power(k, -7, -1), 2, dim), y = make_act(k->m, "y", 1.0f / 256, -128, 2, dim);
    make_option(make_operator(k->m, TFL_OP_SOFTMAX, INS(x), y), OPTIONS_SOFTMAX, SOFTMAX_BETA, 'f',
                1);
    make_ports(k->m, x, y);
}

static void prelu(maker *k)
{
    const int32_t *from = draw_image(k), dim[] = {1, 1, from[3]};
    int x = act(k, power(k, -7, -3), 4, from), a = weights(k, 3, dim, 0, 1, power(k, -10, -7));
    int y = act(k, scale_of(k, x) * power(k, -1, 1), 4, from);
    *(int64_t *)(uintptr_t)k->m->tensors[a].zero = zero(k);
    make_operator(k->m, TFL_OP_PRELU, INS(x, a), y);
    make_ports(k->m, x, y);
}

/* ---- the table ----------------------------------------------------------------------------- */

const single_op single_ops[] = {
    {"CONV_2D", conv, 0, 2000, "ruy's kernel, whose rounding is neither mode's"},
    {"DEPTHWISE_CONV_2D", depthwise, MODE_TFLM, 0, ""},
    {"FULLY_CONNECTED", dense, 0, 4000, "ruy, as CONV_2D"},
    {"TRANSPOSE_CONV", transposed, MODE_TFLM, 0, ""},
    {"MAX_POOL_2D", maxpool, MODE_BOTH, 0, ""},
    {"AVERAGE_POOL_2D", avgpool, MODE_BOTH, 0, ""},
    {"MEAN", mean, MODE_SINGLE, 0, "the library rounds once here, TensorFlow Lite Micro twice"},
    {"MEAN, one scale", mean_same, 0, -1,
     "the library divides the sum of codes, without a multiplier"},
    {"SUM", sum, MODE_SINGLE, 0, "the library rounds once here, and does not saturate"},
    {"REDUCE_MAX", reduce_max, MODE_BOTH, 0, ""},
    {"REDUCE_MIN", reduce_min, MODE_BOTH, 0, ""},
    {"ADD", add, MODE_TFLM, 0, ""},
    {"SUB", sub, MODE_TFLM, 0, ""},
    {"MUL", mul, MODE_TFLM, 0, ""},
    {"MAXIMUM", maximum, MODE_BOTH, 0, ""},
    {"MINIMUM", minimum, MODE_BOTH, 0, ""},
    {"CONCATENATION", concat, MODE_BOTH, 0, ""},
    {"PAD", pad, MODE_BOTH, 0, ""},
    {"RESIZE_NEAREST_NEIGHBOR", nearest, MODE_BOTH, 0, ""},
    {"RESIZE_BILINEAR", bilinear, MODE_TFLM, 0, ""},
    {"RELU", relu, MODE_TFLM, 0, ""},
    {"RELU6", relu6, MODE_TFLM, 0, ""},
    {"LEAKY_RELU", leaky, MODE_TFLM, 0, ""},
    {"PRELU", prelu, MODE_TFLM, 0, ""},
    {"LOGISTIC", logistic, MODE_TFLM, 0, ""},
    {"TANH", hyperbolic, MODE_TFLM, 0, ""},
    {"HARD_SWISH", hard_swish, MODE_BOTH, 0, ""},
    {"ELU", elu, MODE_BOTH, 0, ""},
    {"GELU", gelu, MODE_BOTH, 0, ""},
    {"L2_NORMALIZATION", l2, MODE_TFLM, 0, ""},
    {"QUANTIZE", quantize, MODE_TFLM, 0, ""},
    {"SOFTMAX", softmax, MODE_TFLM, 0, ""},
};
const int n_single_ops = sizeof single_ops / sizeof *single_ops;
