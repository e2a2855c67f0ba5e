/* words.c - the table of QDL's operators. */
#include "compiler/ir/words.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

/* Sizes and strides beyond this serve nobody and keep every product of two inside int32. */
#define BIG 32767
#define MANY 16777216

#define AT(f) offsetof(ir_attrs, f)
#define COUNT(name) {name, NULL, IR_A_INT, AT(filters), true, true, 1, MANY, 0}
#define KERNEL(pos) {"kernel", NULL, IR_A_SIZE, AT(kernel), pos, true, 1, BIG, 0}
#define STRIDE(dflt) {"stride", NULL, IR_A_SIZE, AT(stride), false, false, 1, BIG, dflt}
#define PAD {"pad", NULL, IR_A_PAD, AT(pad), false, false, 0, BIG, 0}
#define OUTPUT_PADDING {"output_padding", NULL, IR_A_SIZE, AT(out_pad), false, false, 0, BIG, 0}
#define DILATION {"dilation", NULL, IR_A_SIZE, AT(dilation), false, false, 1, BIG, 1}
#define GROUPS {"groups", NULL, IR_A_INT, AT(groups), false, false, 1, MANY, 1}
#define NO_BIAS {"no", "bias", IR_A_NO_BIAS, 0, false, false, 0, 0, 0}
#define WEIGHTS {"weights", NULL, IR_A_WEIGHTS, 0, false, false, 0, 0, 0}
#define CEIL {"ceil", NULL, IR_A_FLAG, AT(ceil_mode), false, false, 0, 0, 0}
#define END {NULL, NULL, IR_A_INT, 0, false, false, 0, 0, 0}

static const ir_attr conv2d[] = {COUNT("filters"), KERNEL(false), STRIDE(1), PAD, DILATION, GROUPS,
                                 NO_BIAS, WEIGHTS, END};
static const ir_attr depthwise[] = {
    KERNEL(false), STRIDE(1), PAD, DILATION,
    {"multiplier", NULL, IR_A_INT, AT(filters), false, false, 1, MANY, 1},
    NO_BIAS, WEIGHTS, END};
static const ir_attr dense[] = {COUNT("units"), NO_BIAS, WEIGHTS, END};
static const ir_attr maxpool[] = {KERNEL(true), STRIDE(-1), PAD, CEIL, END};
static const ir_attr avgpool[] = {
    KERNEL(true), STRIDE(-1), PAD, CEIL,
    {"count", "all", IR_A_FLAG, AT(count_all), false, false, 0, 0, 0}, END};
static const ir_attr global_pool[] = {
    {"keep", NULL, IR_A_FLAG, AT(keep), false, false, 0, 0, 0}, END};
static const ir_attr concat[] = {
    {"axis", NULL, IR_A_INT, AT(axis), false, false, -IR_MAX_RANK, IR_MAX_RANK - 1, -1}, END};
static const ir_attr reshape[] = {
    {"shape", NULL, IR_A_SHAPE, AT(to), true, true, 1, INT32_MAX, 0}, END};
static const ir_attr pad[] = {
    {"pads", NULL, IR_A_PADS, AT(pad), true, true, 0, BIG, 0}, END};
static const ir_attr batch_norm[] = {
    {"eps", NULL, IR_A_NUMBER, AT(eps), false, false, 0, 1e6, 1e-5}, WEIGHTS, END};
static const ir_attr leaky_relu[] = {
    {"slope", NULL, IR_A_NUMBER, AT(alpha), false, false, -1e6, 1e6, 0.01}, END};

#define LIST(name, field, pos, req, lo, hi, dflt) \
    {name, NULL, IR_A_LIST, AT(field), pos, req, lo, hi, dflt}
static const ir_attr slice[] = {LIST("begin", begin, true, true, -INT32_MAX, INT32_MAX, 0),
                                LIST("end", end, true, true, -INT32_MAX, INT32_MAX, 0),
                                LIST("stride", step, false, false, -BIG, BIG, 1), END};
static const ir_attr transpose[] = {LIST("axes", axes, true, true, 0, IR_MAX_RANK - 1, -1), END};
#define KEEP {"keep", NULL, IR_A_FLAG, AT(keep), false, false, 0, 0, 0}
static const ir_attr reduce[] = {LIST("axes", axes, true, true, -IR_MAX_RANK, IR_MAX_RANK - 1, -6), KEEP, END};
static const ir_attr argmax[] = {
    {"axis", NULL, IR_A_INT, AT(axis), false, false, -IR_MAX_RANK, IR_MAX_RANK - 1, -1}, KEEP, END};
static const ir_attr elu[] = {{"alpha", NULL, IR_A_NUMBER, AT(alpha), false, false, 0, 1e6, 1}, END};
static const ir_attr resize[] = {{"size", NULL, IR_A_SIZE, AT(kernel), true, true, 1, BIG, 1},
                                 {"align", "corners", IR_A_FLAG, AT(align_corners), false, false, 0, 0, 0},
                                 {"half", "pixel", IR_A_FLAG, AT(half_pixel), false, false, 0, 0, 0},
                                 END};
/* Lowered to the two-dimensional operators on [1, L, C] (front/one_d.c): no graph has these words. */
#define ALONG(name, field, pos, req, dflt) \
    {name, NULL, IR_A_INT, AT(field) + sizeof(int), pos, req, 1, BIG, dflt}
static const ir_attr conv1d[] = {COUNT("filters"), ALONG("kernel", kernel, false, true, 0),
                                 ALONG("stride", stride, false, false, 1), PAD,
                                 ALONG("dilation", dilation, false, false, 1), GROUPS, NO_BIAS, WEIGHTS,
                                 END};
/* Lowered to dilate and conv2d (front/transposed.c). */
static const ir_attr conv_transpose[] = {COUNT("filters"), KERNEL(false), STRIDE(1), PAD, OUTPUT_PADDING,
                                         DILATION, GROUPS, NO_BIAS, WEIGHTS, END};
static const ir_attr maxpool1d[] = {ALONG("kernel", kernel, true, true, 0),
                                    ALONG("stride", stride, false, false, 0), PAD, CEIL, END};
static const ir_attr avgpool1d[] = {
    ALONG("kernel", kernel, true, true, 0), ALONG("stride", stride, false, false, 0), PAD, CEIL,
    {"count", "all", IR_A_FLAG, AT(count_all), false, false, 0, 0, 0}, END};
static const ir_attr dilate[] = {
    {"stride", NULL, IR_A_SIZE, AT(stride), true, true, 1, BIG, 1}, END};
/* A tensor of the weights file (front/constants.c): no graph has it as an operator. */
static const ir_attr constant[] = {LIST("shape", to, true, true, 1, INT32_MAX, 0), WEIGHTS, END};
static const ir_attr prelu[] = {WEIGHTS, END};
static const ir_attr dropout[] = {
    {"rate", NULL, IR_A_NUMBER, AT(alpha), true, true, 0, 0.99, 0.5}, END};
/* Lowered to slices (front/split.c): no graph has it. */
static const ir_attr split[] = {
    {"axis", NULL, IR_A_INT, AT(axis), false, false, -IR_MAX_RANK, IR_MAX_RANK - 1, -1},
    LIST("sizes", to, false, false, 1, INT32_MAX, 0), END};

const ir_attr ir_common_attrs[] = {
    {"tensor", NULL, IR_A_TENSOR, 0, false, false, 0, MANY, 0}, END};

const ir_word ir_words[] = {
    {"conv2d", OP_CONV2D, 1, 1, conv2d},
    {"depthwise", OP_CONV2D, 1, 1, depthwise},
    {"dense", OP_DENSE, 1, 1, dense},
    {"maxpool", OP_MAXPOOL, 1, 1, maxpool},
    {"avgpool", OP_AVGPOOL, 1, 1, avgpool},
    {"global_avgpool", OP_GLOBAL_AVGPOOL, 1, 1, global_pool},
    {"global_maxpool", OP_GLOBAL_MAXPOOL, 1, 1, global_pool},
    {"add", OP_ADD, 2, 2, NULL},
    {"mul", OP_MUL, 2, 2, NULL},
    {"concat", OP_CONCAT, 1, -1, concat},
    {"reshape", OP_RESHAPE, 1, 1, reshape},
    {"flatten", OP_RESHAPE, 1, 1, NULL},
    {"pad", OP_PAD, 1, 1, pad},
    {"batch_norm", OP_BATCH_NORM, 1, 1, batch_norm},
    {"relu", OP_RELU, 1, 1, NULL},
    {"relu6", OP_RELU6, 1, 1, NULL},
    {"leaky_relu", OP_LEAKY_RELU, 1, 1, leaky_relu},
    {"sigmoid", OP_SIGMOID, 1, 1, NULL},
    {"tanh", OP_TANH, 1, 1, NULL},
    {"hard_swish", OP_HARD_SWISH, 1, 1, NULL},
    {"softmax", OP_SOFTMAX, 1, 1, NULL},
    {"sub", OP_SUB, 2, 2, NULL},
    {"minimum", OP_MINIMUM, 2, 2, NULL},
    {"maximum", OP_MAXIMUM, 2, 2, NULL},
    {"slice", OP_SLICE, 1, 1, slice},
    {"transpose", OP_TRANSPOSE, 1, 1, transpose},
    {"requantize", OP_REQUANTIZE, 1, 1, NULL},
    {"split", OP_SLICE, 1, 1, split},
    {"conv1d", OP_CONV2D, 1, 1, conv1d},
    {"conv_transpose", OP_CONV2D, 1, 1, conv_transpose},
    {"maxpool1d", OP_MAXPOOL, 1, 1, maxpool1d},
    {"avgpool1d", OP_AVGPOOL, 1, 1, avgpool1d},
    {"resize_nearest", OP_RESIZE_NEAREST, 1, 1, resize},
    {"resize_bilinear", OP_RESIZE_BILINEAR, 1, 1, resize},
    {"dilate", OP_DILATE, 1, 1, dilate},
    {"reduce_sum", OP_REDUCE_SUM, 1, 1, reduce},
    {"reduce_mean", OP_REDUCE_MEAN, 1, 1, reduce},
    {"reduce_max", OP_REDUCE_MAX, 1, 1, reduce},
    {"reduce_min", OP_REDUCE_MIN, 1, 1, reduce},
    {"argmax", OP_ARGMAX, 1, 1, argmax},
    {"elu", OP_ELU, 1, 1, elu},
    {"l2_norm", OP_L2_NORM, 1, 1, NULL},
    {"prelu", OP_PRELU, 1, 2, prelu},
    {"constant", OP_RESHAPE, 0, 0, constant},
    {"gelu", OP_GELU, 1, 1, NULL},
    {"gelu_tanh", OP_GELU_TANH, 1, 1, NULL},
    {"dropout", OP_DROPOUT, 1, 1, dropout},
};

int ir_words_count(void)
{
    return (int)(sizeof ir_words / sizeof *ir_words);
}

const ir_word *ir_find_word(const char *word)
{
    for (int i = 0; i < ir_words_count(); i++)
        if (!strcmp(ir_words[i].word, word))
            return &ir_words[i];
    return NULL;
}

const ir_word *ir_word_of(const ir_op *op)
{
    if (op->kind == OP_CONV2D && op->at.depthwise)
        return ir_find_word("depthwise");
    if (op->kind == OP_RESHAPE && op->at.to.rank == 1)
        return ir_find_word("flatten");
    return ir_find_word(ir_opinfos[op->kind].word);
}
