/* tflite_ops.c - one row an operator code: what it becomes, or why it cannot and what to do instead. */
#include "compiler/import/tflite.h"

#include <math.h>

/* ---- attributes ---------------------------------------------------------------------------- */

bool tfl_options(tfl_model *m, const tfl_op *op, int type)
{
    if (op->options_type == OPTIONS_NONE || op->options_type == type)
        return true;
    return tfl_cannot(m, op, NULL, "its attributes are those of another operator (union member %d)",
                      op->options_type);
}

bool tfl_act(tfl_model *m, const tfl_op *op, int number, ir_act *act)
{
    static const char *const names[] = {"none", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"};
    *act = number == TFL_ACT_RELU ? IR_ACT_RELU : number == TFL_ACT_RELU6 ? IR_ACT_RELU6 : IR_ACT_NONE;
    if (number == TFL_ACT_NONE || *act != IR_ACT_NONE)
        return true;
    return tfl_cannot(m, op, "RELU and RELU6 can be fused", "the fused activation %s",
                      number > 0 && number < 6 ? names[number] : "of an unknown number");
}

static bool arity(tfl_model *m, const tfl_op *op, int lo, int hi)
{
    bool ok = op->n_in >= lo && op->n_in <= hi && op->n_out == 1;
    for (int i = 0; i < lo; i++)
        ok = ok && tfl_in(m, op, i);
    return ok || tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
}

/* Name, attributes and one operand, for most. */
static bool emit_one(tfl_model *m, const tfl_op *op, ir_opkind kind, const ir_attrs *at)
{
    return tfl_emit(m, op, kind, tfl_layer_name(m, op, NULL), at, 1, &tfl_in(m, op, 0)->ir,
                    tfl_out(m, op, 0));
}

/* ---- elementwise --------------------------------------------------------------------------- */

static bool unary(tfl_model *m, const tfl_op *op)
{
    static const struct { int code; ir_opkind kind; } kinds[] = {
        {TFL_OP_RELU, OP_RELU},       {TFL_OP_RELU6, OP_RELU6}, {TFL_OP_LEAKY_RELU, OP_LEAKY_RELU},
        {TFL_OP_LOGISTIC, OP_SIGMOID}, {TFL_OP_TANH, OP_TANH},  {TFL_OP_HARD_SWISH, OP_HARD_SWISH},
        {TFL_OP_ELU, OP_ELU},         {TFL_OP_GELU, OP_GELU}};
    ir_attrs at = {.groups = 1};
    if (!arity(m, op, 1, 1))
        return false;
    if (op->code == TFL_OP_LEAKY_RELU) {
        if (!tfl_options(m, op, OPTIONS_LEAKY_RELU))
            return false;
        at.alpha = (double)fb_float(&m->file, op->options, LEAKY_RELU_ALPHA, 0);
        if (!(fabs(at.alpha) <= 1e6))
            return tfl_cannot(m, op, NULL, "its slope is %g", at.alpha);
    }
    at.alpha = op->code == TFL_OP_ELU ? 1 : at.alpha;
    size_t i = 0;
    while (kinds[i].code != op->code)
        i++;
    bool by_tanh = op->code == TFL_OP_GELU && fb_uint8(&m->file, op->options, GELU_APPROXIMATE, 0);
    return emit_one(m, op, by_tanh ? OP_GELU_TANH : kinds[i].kind, &at);
}

static bool softmax(tfl_model *m, const tfl_op *op)
{
    const ir_attrs at = {.groups = 1};
    if (!arity(m, op, 1, 1) || !tfl_options(m, op, OPTIONS_SOFTMAX))
        return false;
    float beta = fb_float(&m->file, op->options, SOFTMAX_BETA, 1);
    if (beta != 1.0f)
        return tfl_cannot(m, op, "scale its input instead", "its beta is %g, not 1", (double)beta);
    return emit_one(m, op, OP_SOFTMAX, &at);
}

static bool binary(tfl_model *m, const tfl_op *op)
{
    static const struct { int code, options; ir_opkind kind; } kinds[] = {
        {TFL_OP_ADD, OPTIONS_ADD, OP_ADD}, {TFL_OP_SUB, OPTIONS_SUB, OP_SUB},
        {TFL_OP_MUL, OPTIONS_MUL, OP_MUL}};
    ir_attrs at = {.groups = 1};
    size_t k = 0;
    while (kinds[k].code != op->code)
        k++;
    if (!arity(m, op, 2, 2) || !tfl_options(m, op, kinds[k].options) ||
        !tfl_act(m, op, fb_int8(&m->file, op->options, BINARY_ACTIVATION, TFL_ACT_NONE), &at.act))
        return false;
    for (int i = 0; i < 2; i++)
        if (tfl_is_const(tfl_in(m, op, i)) && tfl_is_scaling(m, op, tfl_in(m, op, 1 - i), tfl_in(m, op, i)))
            return tfl_with_const(m, op, tfl_in(m, op, 1 - i), tfl_in(m, op, i), &at);
    ir_tensor *in[2] = {tfl_operand(m, op, tfl_in(m, op, 0)), tfl_operand(m, op, tfl_in(m, op, 1))};
    return in[0] && in[1] && tfl_emit(m, op, kinds[k].kind, tfl_layer_name(m, op, NULL), &at, 2, in,
                    tfl_out(m, op, 0));
}

static bool same_quant(const ir_quant *a, const ir_quant *b)
{
    return a->scale[0] == b->scale[0] && a->zero[0] == b->zero[0];
}

/* TensorFlow Lite's kernel compares int8 codes, whatever their scales. */
static bool minimum_maximum(tfl_model *m, const tfl_op *op)
{
    const ir_attrs at = {.groups = 1};
    if (!arity(m, op, 2, 2) || !tfl_options(m, op, OPTIONS_MAXIMUM_MINIMUM))
        return false;
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, tfl_out(m, op, 0)) : NULL;
    if (m->quantized && !q)
        return false;
    ir_tensor *in[2] = {tfl_operand(m, op, tfl_in(m, op, 0)), tfl_operand(m, op, tfl_in(m, op, 1))};
    for (int i = 0; i < 2; i++) {
        if (!in[i])
            return false;
        if (q && !same_quant(in[i]->quant, q))
            return tfl_cannot(m, op, "convert the model again: converters give all of them one scale",
                              "%s and the result have two scales, which the operator ignores",
                              tfl_tensor_str(m, tfl_in(m, op, i)));
    }
    return tfl_emit(m, op, op->code == TFL_OP_MINIMUM ? OP_MINIMUM : OP_MAXIMUM, tfl_layer_name(m, op, NULL),
                    &at, 2, in, tfl_out(m, op, 0));
}

/* ---- pools --------------------------------------------------------------------------------- */

static bool pool(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1, .dilation = {1, 1}};
    if (!arity(m, op, 1, 1) || !tfl_options(m, op, OPTIONS_POOL_2D) ||
        !tfl_act(m, op, fb_int8(&m->file, op->options, POOL_ACTIVATION, TFL_ACT_NONE), &at.act))
        return false;
    at.kernel[0] = fb_int32(&m->file, op->options, POOL_HEIGHT, 0);
    at.kernel[1] = fb_int32(&m->file, op->options, POOL_WIDTH, 0);
    at.stride[0] = fb_int32(&m->file, op->options, POOL_STRIDE_H, 0);
    at.stride[1] = fb_int32(&m->file, op->options, POOL_STRIDE_W, 0);
    return tfl_image(m, op, tfl_in(m, op, 0)) &&
           tfl_window(m, op, fb_int8(&m->file, op->options, POOL_PADDING, TFL_PADDING_SAME), &at) &&
           emit_one(m, op, op->code == TFL_OP_MAX_POOL_2D ? OP_MAXPOOL : OP_AVGPOOL, &at);
}

static bool resize(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    bool nearest = op->code == TFL_OP_RESIZE_NEAREST_NEIGHBOR;
    if (!arity(m, op, 2, 2) ||
        !tfl_options(m, op, nearest ? OPTIONS_RESIZE_NEAREST : OPTIONS_RESIZE_BILINEAR) ||
        !tfl_image(m, op, tfl_in(m, op, 0)) ||
        !tfl_check_scales(m, op, tfl_in(m, op, 0), tfl_out(m, op, 0)))
        return false;
    const tfl_tensor *size = tfl_in(m, op, 1);
    for (int i = 0; i < 2; i++) {
        at.kernel[i] = size->n_ints == 2 ? size->ints[i] : 0;
        if (at.kernel[i] < 1 || at.kernel[i] > 32767)
            return tfl_cannot(m, op, NULL, "its size is no constant of two numbers in 1..32767");
    }
    at.align_corners = fb_uint8(&m->file, op->options, nearest ? NEAREST_ALIGN_CORNERS : BILINEAR_ALIGN_CORNERS, 0);
    at.half_pixel = fb_uint8(&m->file, op->options, nearest ? NEAREST_HALF_PIXEL : BILINEAR_HALF_PIXEL, 0);
    if (at.align_corners && at.half_pixel)
        return tfl_cannot(m, op, NULL, "it has both aligned corners and half pixel centers");
    return emit_one(m, op, nearest ? OP_RESIZE_NEAREST : OP_RESIZE_BILINEAR, &at);
}

/* ---- moving -------------------------------------------------------------------------------- */

/* Dims of the result where the file leaves them open: from the shape operand or the attribute. */
static void resolve_shape(tfl_model *m, const tfl_op *op, int64_t elems)
{
    tfl_tensor *to = tfl_out(m, op, 0);
    const tfl_tensor *shape = tfl_in(m, op, 1);
    fb_vector v = fb_vector_of(&m->file, op->options, RESHAPE_NEW_SHAPE, 4);
    bool operand = shape && shape->n_ints >= 0;
    int n = operand ? shape->n_ints : (int)(v.n < TFL_MAX_RANK ? v.n : TFL_MAX_RANK), open = -1;
    int64_t known = 1;
    int32_t dim[TFL_MAX_RANK];
    for (int i = 0; i < n && n <= TFL_MAX_RANK; i++) {
        dim[i] = operand ? shape->ints[i] : fb_int32_at(&m->file, v, (uint32_t)i);
        if (dim[i] == -1)
            open = i;
        else if (dim[i] < 1 || known > INT32_MAX / dim[i])
            return;
        else
            known *= dim[i];
    }
    if (n > TFL_MAX_RANK || elems % known != 0)
        return;
    if (open >= 0)
        dim[open] = (int32_t)(elems / known);
    to->rank = n;
    for (int i = 0; i < n; i++)
        to->dim[i] = dim[i];
}

static bool reshape(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!arity(m, op, 1, 2))
        return false;
    tfl_tensor *to = tfl_out(m, op, 0);
    int64_t elems = ir_elems(&tfl_in(m, op, 0)->ir->shape);
    if (op->code == TFL_OP_RESHAPE && tfl_elems(to) != elems) {
        if (!tfl_options(m, op, OPTIONS_RESHAPE))
            return false;
        resolve_shape(m, op, elems);
    }
    if (tfl_elems(to) != elems || !tfl_shape(to, &at.to))
        return tfl_cannot(m, op, "convert the model with fixed shapes and batch size 1",
                          "the shape of its result is not known, or does not hold its input's elements");
    return emit_one(m, op, OP_RESHAPE, &at);
}

static bool pad_value_is_zero(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *v = tfl_in(m, op, 2);
    if (!v)
        return true;
    if (v->type == TFL_INT8 && v->data.n == 1) {
        ir_quant *q = tfl_in(m, op, 0)->ir->quant;
        return q && *(const int8_t *)fb_bytes(&m->file, v->data) == q->zero[0];
    }
    return v->type == TFL_FLOAT32 && v->data.n == 4 && fb_float_at(&m->file, v->data, 0) == 0.0f;
}

static bool pad(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!arity(m, op, 2, 3) || !tfl_image(m, op, tfl_in(m, op, 0)))
        return false;
    const int32_t *v = tfl_in(m, op, 1)->ints;
    if (tfl_in(m, op, 1)->n_ints != 8)
        return tfl_cannot(m, op, NULL, "its pads are no constant of 4 x 2 numbers");
    for (int i = 0; i < 8; i++)
        if (v[i] < 0 || v[i] > 32767)
            return tfl_cannot(m, op, NULL, "its pads are not all in 0..32767");
    if (v[0] || v[1] || v[6] || v[7])
        return tfl_cannot(m, op, "concatenate zeros instead", "it pads the channels or the batch");
    if (!pad_value_is_zero(m, op))
        return tfl_cannot(m, op, "pad with zeros", "it pads with something else than zero");
    for (int i = 0; i < 4; i++)
        at.pad[i] = v[2 + i];
    return emit_one(m, op, OP_PAD, &at);
}

/* TensorFlow Lite's kernel copies int8 codes: other scales would mean other values. */
static bool check_concat(tfl_model *m, const tfl_op *op, int axis)
{
    const tfl_tensor *to = tfl_out(m, op, 0);
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, to) : NULL;
    if (m->quantized && !q)
        return false;
    for (int i = 0; i < op->n_in; i++) {
        tfl_tensor *t = tfl_in(m, op, i);
        ir_tensor *in = tfl_operand(m, op, t);
        if (!in)
            return false;
        if (t->rank != to->rank || (axis == 0 && to->rank > 1))
            return tfl_cannot(m, op, "concatenate along another dimension",
                              "it concatenates along the batch, or %s has another number of dimensions",
                              tfl_tensor_str(m, t));
        if (q && !same_quant(in->quant, q))
            return tfl_cannot(m, op, "convert the model again: converters give all of them one scale",
                              "%s and the result have two scales, which the operator ignores",
                              tfl_tensor_str(m, t));
    }
    return true;
}

static bool concat(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    ir_tensor *in[IR_MAX_INPUTS];
    if (!arity(m, op, 1, IR_MAX_INPUTS) || !tfl_options(m, op, OPTIONS_CONCAT))
        return false;
    for (int i = 0; i < op->n_in; i++)
        if (!tfl_in(m, op, i))
            return tfl_cannot(m, op, NULL, "an operand is left out");
    int rank = tfl_out(m, op, 0)->rank, axis = fb_int32(&m->file, op->options, CONCAT_AXIS, 0);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
        return tfl_cannot(m, op, NULL, "its axis is not one of %d dimensions", rank);
    if (fb_int8(&m->file, op->options, CONCAT_ACTIVATION, TFL_ACT_NONE) != TFL_ACT_NONE)
        return tfl_cannot(m, op, "put the activation behind it", "it has a fused activation");
    if (!check_concat(m, op, axis))
        return false;
    for (int i = 0; i < op->n_in; i++)
        in[i] = tfl_operand(m, op, tfl_in(m, op, i));
    at.axis = axis - (rank - in[0]->shape.rank); /* the batch dimension is gone */
    return tfl_emit(m, op, OP_CONCAT, tfl_layer_name(m, op, NULL), &at, op->n_in, in, tfl_out(m, op, 0));
}

/* ---- quantize, dequantize ------------------------------------------------------------------ */

/* An input of the model that is float or uint8 takes the codes that QUANTIZE makes of it. */
static bool quantize_input(tfl_model *m, const tfl_op *op, const tfl_tensor *from, tfl_tensor *to)
{
    ir_quant *q = tfl_activation_quant(m, op, to);
    ir_tensor *x = from->ir;
    if (!q)
        return false;
    if (from->type == TFL_UINT8) {
        bool shifted = from->scale.n == 1 && fb_float_at(&m->file, from->scale, 0) == q->scale[0] &&
                       from->zero.n == 1 && fb_int64_at(&m->file, from->zero, 0) == q->zero[0] + 128;
        if (!shifted)
            return tfl_cannot(m, op, NULL, "%s and %s have two scales", tfl_tensor_str(m, from),
                              tfl_tensor_str(m, to));
        x->u8_port = true;
    }
    if (x->quant && !same_quant(x->quant, q))
        return tfl_cannot(m, op, NULL, "the input %s is quantized twice, differently",
                          tfl_tensor_str(m, from));
    x->quant = q;
    x->tflite_index = to->index;
    to->ir = x;
    return true;
}

/* The last step of a model that gives uint8: the C gives the int8 codes before it. */
static bool output_u8(tfl_model *m, const tfl_op *op, const tfl_tensor *from, tfl_tensor *to)
{
    const ir_quant *q = from->ir->quant;
    bool shifted = q && to->scale.n == 1 && fb_float_at(&m->file, to->scale, 0) == q->scale[0] &&
                   to->zero.n == 1 && fb_int64_at(&m->file, to->zero, 0) == q->zero[0] + 128;
    if (!shifted)
        return tfl_cannot(m, op, NULL, "%s and %s have two scales", tfl_tensor_str(m, from),
                          tfl_tensor_str(m, to));
    diag_add(m->ctx, D_IMPORT_U8_OUTPUT, loc_file(m->file.src),
             "the output '%s' is uint8 in the model; the C gives int8, 128 less", to->name);
    to->ir = from->ir;
    return true;
}

static bool quantize(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!arity(m, op, 1, 1))
        return false;
    tfl_tensor *from = tfl_in(m, op, 0), *to = tfl_out(m, op, 0);
    if (tfl_is_const(from))
        return tfl_cannot(m, op, "convert the model again", "%s is a constant", tfl_tensor_str(m, from));
    if (from->ir->kind == IR_INPUT && from->type != TFL_INT8)
        return quantize_input(m, op, from, to);
    if (to->type == TFL_UINT8 && to->readers == 0)
        return output_u8(m, op, from, to);
    if (from->type != TFL_INT8)
        return tfl_cannot(m, op, "convert the whole model to int8, or to float32",
                          "%s is %s inside of an int8 model", tfl_tensor_str(m, from),
                          tfl_type_name(from->type));
    return emit_one(m, op, OP_REQUANTIZE, &at);
}

static bool dequantize(tfl_model *m, const tfl_op *op)
{
    if (!arity(m, op, 1, 1))
        return false;
    tfl_tensor *from = tfl_in(m, op, 0), *to = tfl_out(m, op, 0);
    if (tfl_is_const(from)) {
        to->reals = tfl_reals(m, op, from);
        return to->reals != NULL;
    }
    if (to->readers)
        return tfl_cannot(m, op, "convert the whole model to int8, or to float32",
                          "operators behind it compute in float32 in an int8 model");
    to->ir = from->ir; /* the model's result stays in codes */
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const char NO_CONTROL[] = "run the model's steps as models of their own";
static const char REPLACE[] = "replace it in the model by operators that qcc has";

static const struct row {
    int code;
    bool (*import)(tfl_model *, const tfl_op *); /* NULL: cannot, and hint says what to do instead */
    const char *kind; /* how TensorFlow ends the names of such results */
    const char *word; /* QDL's word, the last resort for a name */
    const char *hint;
} rows[] = {
    {TFL_OP_CONV_2D, tfl_conv, "Conv2D", "conv", NULL},
    {TFL_OP_DEPTHWISE_CONV_2D, tfl_depthwise, "depthwise", "depthwise", NULL},
    {TFL_OP_TRANSPOSE_CONV, tfl_transpose_conv, "conv2d_transpose", "conv_transpose", NULL},
    {TFL_OP_FULLY_CONNECTED, tfl_dense, "MatMul", "dense", NULL},
    {TFL_OP_AVERAGE_POOL_2D, pool, "AvgPool", "avgpool", NULL},
    {TFL_OP_MAX_POOL_2D, pool, "MaxPool", "maxpool", NULL},
    {TFL_OP_MEAN, tfl_reduce, "Mean", "mean", NULL},
    {TFL_OP_SUM, tfl_reduce, "Sum", "sum", NULL},
    {TFL_OP_REDUCE_MAX, tfl_reduce, "Max", "max", NULL},
    {TFL_OP_REDUCE_MIN, tfl_reduce, "Min", "min", NULL},
    {TFL_OP_ARG_MAX, tfl_argmax, "ArgMax", "argmax", NULL},
    {TFL_OP_ADD, binary, "add", "add", NULL},
    {TFL_OP_MUL, binary, "mul", "mul", NULL},
    {TFL_OP_SUB, binary, "sub", "sub", NULL},
    {TFL_OP_MINIMUM, minimum_maximum, "Minimum", "minimum", NULL},
    {TFL_OP_MAXIMUM, minimum_maximum, "Maximum", "maximum", NULL},
    {TFL_OP_STRIDED_SLICE, tfl_strided_slice, "strided_slice", "slice", NULL},
    {TFL_OP_SLICE, tfl_slice, "Slice", "slice", NULL},
    {TFL_OP_SPLIT, tfl_split, "split", "split", NULL},
    {TFL_OP_SPLIT_V, tfl_split, "split", "split", NULL},
    {TFL_OP_PACK, tfl_pack, "stack", "stack", NULL},
    {TFL_OP_UNPACK, tfl_unpack, "unstack", "unstack", NULL},
    {TFL_OP_TRANSPOSE, tfl_transpose, "transpose", "transpose", NULL},
    {TFL_OP_CONCATENATION, concat, "concat", "concat", NULL},
    {TFL_OP_RESHAPE, reshape, "Reshape", "reshape", NULL},
    {TFL_OP_SQUEEZE, reshape, "Squeeze", "squeeze", NULL},
    {TFL_OP_EXPAND_DIMS, reshape, "ExpandDims", "expand_dims", NULL},
    {TFL_OP_PAD, pad, "Pad", "pad", NULL},
    {TFL_OP_PADV2, pad, "PadV2", "pad", NULL},
    {TFL_OP_RELU, unary, "Relu", "relu", NULL},
    {TFL_OP_RELU6, unary, "Relu6", "relu6", NULL},
    {TFL_OP_LEAKY_RELU, unary, "LeakyRelu", "leaky_relu", NULL},
    {TFL_OP_LOGISTIC, unary, "Sigmoid", "sigmoid", NULL},
    {TFL_OP_TANH, unary, "Tanh", "tanh", NULL},
    {TFL_OP_PRELU, tfl_prelu, "PReLU", "prelu", NULL},
    {TFL_OP_L2_NORMALIZATION, tfl_l2_norm, "l2_normalize", "l2_norm", NULL},
    {TFL_OP_SPACE_TO_BATCH_ND, tfl_space_to_batch, "SpaceToBatchND", "space", NULL},
    {TFL_OP_BATCH_TO_SPACE_ND, tfl_batch_to_space, "BatchToSpaceND", "space", NULL},
    {TFL_OP_DEPTH_TO_SPACE, tfl_depth_space, "DepthToSpace", "space", NULL},
    {TFL_OP_SPACE_TO_DEPTH, tfl_depth_space, "SpaceToDepth", "depth", NULL},
    {TFL_OP_MIRROR_PAD, tfl_mirror_pad, "MirrorPad", "pad", NULL},
    {TFL_OP_HARD_SWISH, unary, "HardSwish", "hard_swish", NULL},
    {TFL_OP_RESIZE_NEAREST_NEIGHBOR, resize, "ResizeNearestNeighbor", "resize", NULL},
    {TFL_OP_RESIZE_BILINEAR, resize, "ResizeBilinear", "resize", NULL},
    {TFL_OP_ELU, unary, "Elu", "elu", NULL},
    {TFL_OP_GELU, unary, "Gelu", "gelu", NULL},
    {TFL_OP_SOFTMAX, softmax, "Softmax", "softmax", NULL},
    {TFL_OP_QUANTIZE, quantize, NULL, "quantize", NULL},
    {TFL_OP_DEQUANTIZE, dequantize, NULL, "dequantize", NULL},
    {TFL_OP_CUSTOM, NULL, NULL, "custom", "cut the model before it, and do the rest in C"},
    {TFL_OP_IF, NULL, NULL, "if", NO_CONTROL},
    {TFL_OP_WHILE, NULL, NULL, "while", NO_CONTROL},
    {TFL_OP_CALL, NULL, NULL, "call", NO_CONTROL},
    {TFL_OP_CALL_ONCE, tfl_call_once, NULL, "call_once", NULL},
    {TFL_OP_VAR_HANDLE, tfl_var_handle, "VarHandleOp", "variable", NULL},
    {TFL_OP_READ_VARIABLE, tfl_read_variable, "ReadVariableOp", "state", NULL},
    {TFL_OP_ASSIGN_VARIABLE, tfl_assign_variable, "AssignVariableOp", "assign", NULL},
    {TFL_OP_RELU_N1_TO_1, NULL, NULL, "relu_n1_to_1", "RELU and RELU6 can be imported"},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const struct row *find_row(int code)
{
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

const char *tfl_name_kind(int code)
{
    const struct row *r = find_row(code);
    return r ? r->kind : NULL;
}

const char *tfl_word(int code)
{
    const struct row *r = find_row(code);
    return r ? r->word : "layer";
}

bool tfl_can_import(const tfl_op *op)
{
    const struct row *r = find_row(op->code);
    return r && r->import;
}

bool tfl_import_op(tfl_model *m, const tfl_op *op)
{
    const struct row *r = find_row(op->code);
    if (!r || !r->import)
        return tfl_cannot(m, op, r && r->hint ? r->hint : REPLACE,
                          "this version has no such operator");
    return r->import(m, op);
}
