/* onnx_ops.c - one row an operator: what imports it, or what to do instead. */
#include <string.h>

#include "compiler/import/onnx.h"

static const char NO_CONTROL[] = "run the model's steps as models of their own";
static const char REPLACE[] = "replace it in the model by operators that qcc has";

static const struct row {
    const char *type;
    onx_import import; /* NULL: cannot, and hint says what to do instead */
    const char *hint;
} rows[] = {
    {"Conv", onx_conv, NULL},
    {"ConvTranspose", onx_conv_transpose, NULL},
    {"Gemm", onx_gemm, NULL},
    {"MatMul", onx_matmul, NULL},
    {"BatchNormalization", onx_batch_norm, NULL},
    {"MaxPool", onx_pool, NULL},
    {"AveragePool", onx_pool, NULL},
    {"GlobalAveragePool", onx_global_pool, NULL},
    {"GlobalMaxPool", onx_global_pool, NULL},
    {"Relu", onx_unary, NULL},
    {"LeakyRelu", onx_unary, NULL},
    {"Sigmoid", onx_unary, NULL},
    {"Tanh", onx_unary, NULL},
    {"HardSwish", onx_unary, NULL},
    {"Elu", onx_unary, NULL},
    {"Erf", onx_erf, NULL},
    {"Gelu", onx_gelu, NULL},
    {"LpNormalization", onx_lp_norm, NULL},
    {"Selu", onx_composed, NULL},
    {"Celu", onx_composed, NULL},
    {"ArgMax", onx_argmax, NULL},
    {"Abs", onx_composed, NULL},
    {"Neg", onx_composed, NULL},
    {"HardSigmoid", onx_composed, NULL},
    {"Clip", onx_clip, NULL},
    {"PRelu", onx_prelu, NULL},
    {"Add", onx_binary, NULL},
    {"Sub", onx_binary, NULL},
    {"Mul", onx_binary, NULL},
    {"Div", onx_binary, NULL},
    {"Sum", onx_variadic, NULL},
    {"Mean", onx_variadic, NULL},
    {"Min", onx_variadic, NULL},
    {"Max", onx_variadic, NULL},
    {"Softmax", onx_softmax, NULL},
    {"ReduceMean", onx_reduce, NULL},
    {"ReduceSum", onx_reduce, NULL},
    {"ReduceMax", onx_reduce, NULL},
    {"ReduceMin", onx_reduce, NULL},
    {"ReduceL1", onx_reduce, NULL},
    {"ReduceSumSquare", onx_reduce, NULL},
    {"Identity", onx_identity, NULL},
    {"Dropout", onx_identity, NULL},
    {"Reshape", onx_reshape, NULL},
    {"Flatten", onx_reshape, NULL},
    {"Squeeze", onx_reshape, NULL},
    {"Unsqueeze", onx_reshape, NULL},
    {"Transpose", onx_transpose, NULL},
    {"Concat", onx_concat, NULL},
    {"Pad", onx_pad, NULL},
    {"DepthToSpace", onx_depth_space, NULL},
    {"SpaceToDepth", onx_depth_space, NULL},
    {"Resize", onx_resize, NULL},
    {"Upsample", onx_resize, NULL},
    {"Slice", onx_slice, NULL},
    {"Split", onx_split, NULL},
    {"Gather", onx_gather, NULL},
    {"QuantizeLinear", onx_quantize, NULL},
    {"DequantizeLinear", onx_dequantize, NULL},
    {"If", NULL, NO_CONTROL},
    {"Loop", NULL, NO_CONTROL},
    {"Scan", NULL, NO_CONTROL},
    {"LSTM", NULL, NO_CONTROL},
    {"GRU", NULL, NO_CONTROL},
    {"RNN", NULL, NO_CONTROL},
};

static const struct row *find_row(const onx_node *node)
{
    for (size_t i = 0; !*node->domain && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].type, node->type))
            return &rows[i];
    return NULL;
}

bool onx_can_import(const onx_node *node)
{
    const struct row *r = find_row(node);
    return r && r->import;
}

bool onx_import_node(onx_model *m, const onx_node *node)
{
    const struct row *r = find_row(node);
    if (!r || !r->import)
        return onx_cannot(m, node, r && r->hint ? r->hint : REPLACE,
                          "this version has no such operator");
    return r->import(m, node);
}
