/* kernels.c - the table: forward and backward of each operator. An operator without a row cannot be
 * trained. */
#include "compiler/train/internal.h"

/* a, d of norm_backward. */
static int64_t norm_scratch(const tnode *n)
{
    return 2 * n->wn;
}

static int64_t conv_or_depthwise_scratch(const tnode *n)
{
    return conv_is_depthwise(n) ? n->wn : conv_scratch(n);
}

const tkernel train_kernels[TK_COUNT] = {
    [OP_CONV2D] = {.prepare = conv_prepare,
                   .forward = conv_forward,
                   .backward = conv_backward,
                   .scratch = conv_or_depthwise_scratch},
    [OP_DENSE] = {.forward = dense_forward, .backward = dense_backward},
    [OP_BATCH_NORM] = {.prepare = norm_prepare,
                       .gather = norm_gather,
                       .merge = norm_merge,
                       .forward = norm_forward,
                       .gather_back = norm_gather_back,
                       .merge_back = norm_merge_back,
                       .backward = norm_backward,
                       .scratch = norm_scratch},
    [OP_MAXPOOL] = {.forward = maxpool_forward, .backward = maxpool_backward},
    [OP_AVGPOOL] = {.forward = avgpool_forward, .backward = avgpool_backward},
    [OP_GLOBAL_AVGPOOL] = {.forward = global_avg_forward, .backward = global_avg_backward},
    [OP_GLOBAL_MAXPOOL] = {.forward = global_max_forward, .backward = global_max_backward},
    [OP_ADD] = {.forward = add_forward, .backward = add_backward},
    [OP_SUB] = {.forward = sub_forward, .backward = sub_backward},
    [OP_MUL] = {.forward = mul_forward, .backward = mul_backward},
    [OP_MINIMUM] = {.forward = minimum_forward, .backward = minimum_backward},
    [OP_MAXIMUM] = {.forward = maximum_forward, .backward = maximum_backward},
    [OP_PRELU] = {.forward = prelu_forward, .backward = prelu_backward},
    [OP_SLICE] = {.forward = taps_forward, .backward = taps_backward},
    [OP_TRANSPOSE] = {.forward = taps_forward, .backward = taps_backward},
    [OP_DILATE] = {.forward = taps_forward, .backward = taps_backward},
    [OP_RESIZE_NEAREST] = {.forward = taps_forward, .backward = taps_backward},
    [OP_RESIZE_BILINEAR] = {.forward = taps_forward, .backward = taps_backward},
    [OP_REDUCE_SUM] = {.forward = taps_forward, .backward = taps_backward},
    [OP_REDUCE_MEAN] = {.forward = taps_forward, .backward = taps_backward},
    [OP_REDUCE_MAX] = {.forward = extreme_forward, .backward = extreme_backward},
    [OP_REDUCE_MIN] = {.forward = extreme_forward, .backward = extreme_backward},
    [OP_CONCAT] = {.forward = concat_forward, .backward = concat_backward},
    [OP_RESHAPE] = {.forward = copy_forward, .backward = copy_backward, .in_place = true},
    [OP_PAD] = {.forward = pad_forward, .backward = pad_backward},
    [OP_RELU] = {.forward = relu_forward,
                 .backward = relu_backward,
                 .in_place = true,
                 .needs_y = true},
    [OP_RELU6] = {.forward = relu6_forward,
                  .backward = relu6_backward,
                  .in_place = true,
                  .needs_y = true},
    [OP_LEAKY_RELU] = {.forward = leaky_forward, .backward = leaky_backward},
    [OP_SIGMOID] = {.forward = sigmoid_forward, .backward = sigmoid_backward, .needs_y = true},
    [OP_TANH] = {.forward = tanh_forward, .backward = tanh_backward, .needs_y = true},
    [OP_HARD_SWISH] = {.forward = swish_forward, .backward = swish_backward},
    [OP_ELU] = {.forward = elu_forward, .backward = elu_backward},
    [OP_GELU] = {.forward = gelu_forward, .backward = gelu_backward},
    [OP_GELU_TANH] = {.forward = gelu_tanh_forward, .backward = gelu_tanh_backward},
    [OP_REQUANTIZE] = {.forward = copy_forward, .backward = copy_backward, .in_place = true},
    [OP_L2_NORM] = {.forward = l2_forward, .backward = l2_backward, .needs_y = true},
    [OP_SOFTMAX] = {.forward = softmax_forward, .backward = softmax_backward, .needs_y = true},
    [TK_QUANT] = {.forward = quant_forward, .backward = quant_backward},
    [OP_DROPOUT] = {.forward = dropout_forward, .backward = dropout_backward},
};
