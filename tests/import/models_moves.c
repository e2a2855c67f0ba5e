/* models_moves.c - models of operators that move, reduce or resize, of states, and of what stands at the
 * edges of a graph. */
#include "tests/import/model_pieces.h"

/* ---- moving -------------------------------------------------------------------------------- */

static make_model *concat(qctx *ctx, int axis)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), z = make_act(m, "z", S1, 3, 4, axis == 1 ? DIMS(1, 2, 4, 3) : DIMS(1, 5, 4, 2));
    int y = make_act(m, "y", S1, 3, 4, axis == 1 ? DIMS(1, 7, 4, 3) : DIMS(1, 5, 4, 5));
    make_option(make_operator(m, TFL_OP_CONCATENATION, INS(x, z), y), OPTIONS_CONCAT, CONCAT_AXIS, 'i', axis);
    make_ports(m, x, y);
    make_ports(m, z, -1);
    return m;
}

static make_model *concat_height(qctx *ctx) { return concat(ctx, 1); }
static make_model *concat_channels(qctx *ctx) { return concat(ctx, -1); }

/* The shape of RESHAPE computed from that of x: SHAPE, STRIDED_SLICE, PACK; the file leaves it open. */
static make_model *shapes(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), shape = make_act(m, "shape", 0, 0, 1, DIMS(4));
    int zero = make_const(m, "zero", TFL_INT32, 1, DIMS(1), DIMS(0));
    int unit = make_const(m, "unit", TFL_INT32, 1, DIMS(1), DIMS(1));
    int rest = make_const(m, "rest", TFL_INT32, 0, DIMS(0), DIMS(-1));
    int batch = make_act(m, "batch", 0, 0, 0, DIMS(0)), pack = make_act(m, "pack", 0, 0, 1, DIMS(2));
    int y = make_act(m, "model/flatten/Reshape", S1, 3, 2, DIMS(-1, 60));
    m->tensors[shape].type = m->tensors[batch].type = m->tensors[pack].type = TFL_INT32;
    make_operator(m, TFL_OP_SHAPE, INS(x), shape);
    make_option(make_operator(m, TFL_OP_STRIDED_SLICE, INS(shape, zero, unit, unit), batch),
                OPTIONS_STRIDED_SLICE, SLICE_SHRINK_MASK, 'i', 1);
    make_option(make_operator(m, TFL_OP_PACK, INS(batch, rest), pack), OPTIONS_PACK, PACK_COUNT, 'i', 2);
    make_operator(m, TFL_OP_RESHAPE, INS(x, pack), y);
    make_ports(m, x, y);
    return m;
}

static make_model *squeeze(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", S1, 3, 4, DIMS(1, 1, 1, 6)), a = make_act(m, "a", S1, 3, 2, DIMS(1, 6));
    int axis = make_const(m, "axis", TFL_INT32, 0, DIMS(0), DIMS(1));
    int y = make_act(m, "y", S1, 3, 3, DIMS(1, 1, 6));
    make_operator(m, TFL_OP_SQUEEZE, INS(x), a);
    make_operator(m, TFL_OP_EXPAND_DIMS, INS(a, axis), y);
    make_ports(m, x, y);
    return m;
}

/* x[0, 4:0:-2, 1:, 2]: the last dimension shrinks away. */
static make_model *strided(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), y = make_act(m, "model/part/strided_slice", S1, 3, 3, DIMS(1, 2, 3));
    int b = ints(m, "b", 4, DIMS(0, 4, 1, 2)), e = ints(m, "e", 4, DIMS(1, 0, 0, 3));
    int s = ints(m, "s", 4, DIMS(1, -2, 1, 1));
    make_op *op = make_operator(m, TFL_OP_STRIDED_SLICE, INS(x, b, e, s), y);
    make_option(op, OPTIONS_STRIDED_SLICE, SLICE_END_MASK, 'i', 4);
    make_option(op, OPTIONS_STRIDED_SLICE, SLICE_SHRINK_MASK, 'i', 8);
    make_ports(m, x, y);
    return m;
}

static make_model *sliced(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), y = make_act(m, "y", S1, 3, 4, DIMS(1, 2, 4, 1));
    int b = ints(m, "b", 4, DIMS(0, 1, 0, 2)), n = ints(m, "n", 4, DIMS(1, 2, -1, 1));
    make_operator(m, TFL_OP_SLICE, INS(x, b, n), y);
    make_ports(m, x, y);
    return m;
}

/* Into widths of 1, 1, 2, then apart along the height and together again along a new dimension. */
static make_model *parts(qctx *ctx, bool sizes)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), axis = make_const(m, "axis", TFL_INT32, 0, DIMS(0), DIMS(2));
    int list = ints(m, "list", 3, DIMS(1, -1, 2));
    int a = make_act(m, "a", S1, 3, 4, sizes ? DIMS(1, 5, 1, 3) : DIMS(1, 5, 2, 3));
    int b = make_act(m, "b", S1, 3, 4, sizes ? DIMS(1, 5, 1, 3) : DIMS(1, 5, 2, 3));
    if (sizes)
        make_operator(m, TFL_OP_SPLIT_V, INS(x, list, axis), a);
    else
        make_operator(m, TFL_OP_SPLIT, INS(axis, x), a);
    make_result(m, b);
    if (sizes)
        make_result(m, make_act(m, "c", S1, 3, 4, DIMS(1, 5, 2, 3)));
    int y = make_act(m, "y", S1, 3, 4, DIMS(1, 5, sizes ? 1 : 2, 3));
    make_operator(m, TFL_OP_MAXIMUM, INS(a, b), y);
    make_ports(m, x, y);
    return m;
}

static make_model *split_even(qctx *ctx) { return parts(ctx, false); }
static make_model *split_sizes(qctx *ctx) { return parts(ctx, true); }

static make_model *stacks(qctx *ctx)
{
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", S1, 3, 3, DIMS(1, 2, 3)), a = make_act(m, "a", S1, 3, 2, DIMS(1, 3));
    int b = make_act(m, "b", S1, 3, 2, DIMS(1, 3)), c = make_act(m, "c", S1, 3, 3, DIMS(1, 3, 2));
    int d = make_act(m, "d", S1, 3, 3, DIMS(2, 1, 3));
    make_option(make_operator(m, TFL_OP_UNPACK, INS(x), a), OPTIONS_UNPACK, UNPACK_AXIS, 'i', 1);
    make_result(m, b);
    make_option(make_operator(m, TFL_OP_PACK, INS(b, a), c), OPTIONS_PACK, PACK_AXIS, 'i', -1);
    make_option(make_operator(m, TFL_OP_PACK, INS(b, a), d), OPTIONS_PACK, PACK_AXIS, 'i', 0);
    make_ports(m, x, c);
    make_ports(m, -1, d);
    return m;
}

static make_model *turned(qctx *ctx, const int32_t *axes, const int32_t *to)
{
    make_model *m = make_new(ctx);
    int x = image(m, S1), p = ints(m, "p", 4, axes), y = make_act(m, "y", S1, 3, 4, to);
    make_operator(m, TFL_OP_TRANSPOSE, INS(x, p), y);
    make_ports(m, x, y);
    return m;
}

static make_model *transposed(qctx *ctx) { return turned(ctx, DIMS(0, 3, 1, 2), DIMS(1, 3, 5, 4)); }
static make_model *transposed_batch(qctx *ctx) { return turned(ctx, DIMS(2, 1, 0, 3), DIMS(4, 5, 1, 3)); }

/* ---- reductions ---------------------------------------------------------------------------- */

static make_model *reduced(qctx *ctx, int code, float in, float out, bool keep, int32_t n, const int32_t *axes,
                           int rank, const int32_t *to)
{
    make_model *m = make_new(ctx);
    int x = image(m, in), list = ints(m, "axes", n, axes);
    int y = make_act(m, "model/y", out, out > 0 ? 3 : 0, rank, to);
    make_option(make_operator(m, code, INS(x, list), y), OPTIONS_REDUCER, REDUCER_KEEP_DIMS, 'b', keep);
    make_ports(m, x, y);
    return m;
}

static make_model *sum_int8(qctx *ctx) { return reduced(ctx, TFL_OP_SUM, S1, S3, false, 1, DIMS(-1), 3, DIMS(1, 5, 4)); }
static make_model *sum_float(qctx *ctx) { return reduced(ctx, TFL_OP_SUM, 0, 0, true, 2, DIMS(3, 1), 4, DIMS(1, 1, 4, 1)); }
static make_model *mean_width(qctx *ctx) { return reduced(ctx, TFL_OP_MEAN, S1, S2, true, 1, DIMS(2), 4, DIMS(1, 5, 1, 3)); }
static make_model *mean_all(qctx *ctx) { return reduced(ctx, TFL_OP_MEAN, S1, S2, false, 4, DIMS(0, 1, 2, 3), 0, DIMS(0)); }
static make_model *max_int8(qctx *ctx) { return reduced(ctx, TFL_OP_REDUCE_MAX, S1, S1, false, 1, DIMS(1), 3, DIMS(1, 4, 3)); }
static make_model *min_int8(qctx *ctx) { return reduced(ctx, TFL_OP_REDUCE_MIN, S1, S1, false, 2, DIMS(2, 1), 2, DIMS(1, 3)); }

static make_model *argmax(qctx *ctx, float scale)
{
    make_model *m = make_new(ctx);
    int x = image(m, scale), axis = make_const(m, "axis", TFL_INT32, 0, DIMS(0), DIMS(3));
    int y = make_act(m, "model/best/ArgMax", 0, 0, 3, DIMS(1, 5, 4));
    m->tensors[y].type = TFL_INT64;
    make_operator(m, TFL_OP_ARG_MAX, INS(x, axis), y);
    make_ports(m, x, y);
    return m;
}

static make_model *argmax_int8(qctx *ctx) { return argmax(ctx, S1); }
static make_model *argmax_float(qctx *ctx) { return argmax(ctx, 0); }
static make_model *elu_int8(qctx *ctx) { return one(ctx, TFL_OP_ELU, S1, S2, 4, 4, DIMS(1, 5, 4, 3)); }

static make_model *gelu_int8(qctx *ctx)
{
    make_model *m = one(ctx, TFL_OP_GELU, S1, S2, 4, 4, DIMS(1, 5, 4, 3));
    make_option(&m->ops[0], 0, GELU_APPROXIMATE, 'b', 1);
    return m;
}

static make_model *resized(qctx *ctx, int code, float scale, int field)
{
    make_model *m = make_new(ctx);
    int x = image(m, scale), size = ints(m, "size", 2, DIMS(7, 9));
    int y = make_act(m, "y", scale, scale > 0 ? 3 : 0, 4, DIMS(1, 7, 9, 3));
    make_option(make_operator(m, code, INS(x, size), y),
                code == TFL_OP_RESIZE_BILINEAR ? OPTIONS_RESIZE_BILINEAR : OPTIONS_RESIZE_NEAREST, field, 'b', 1);
    make_ports(m, x, y);
    return m;
}

static make_model *nearest_int8(qctx *ctx) { return resized(ctx, TFL_OP_RESIZE_NEAREST_NEIGHBOR, S1, NEAREST_HALF_PIXEL); }
static make_model *bilinear_int8(qctx *ctx) { return resized(ctx, TFL_OP_RESIZE_BILINEAR, S1, BILINEAR_HALF_PIXEL); }
static make_model *bilinear_float(qctx *ctx) { return resized(ctx, TFL_OP_RESIZE_BILINEAR, 0, BILINEAR_ALIGN_CORNERS); }

/* ---- state --------------------------------------------------------------------------------- */

/* A ring buffer of three rows along time: read, concat, cut, assign. late: somebody reads what was read
 * after the assignment. */
static make_model *stream(qctx *ctx, float scale, bool late)
{
    make_model *m = make_new(ctx);
    int zero = scale > 0 ? 3 : 0;
    int x = make_act(m, "x", scale, zero, 3, DIMS(1, 1, 4));
    int h = make_act(m, "handle", 0, 0, 0, DIMS(0)), r = make_act(m, "r", scale, zero, 3, DIMS(1, 3, 4));
    int all = make_act(m, "all", scale, zero, 3, DIMS(1, 4, 4)), y = make_act(m, "y", scale, zero, 3, DIMS(1, 3, 4));
    int kept = make_act(m, "kept", scale, zero, 3, DIMS(1, 3, 4));
    int b = ints(m, "b", 3, DIMS(0, 1, 0)), e = ints(m, "e", 3, DIMS(1, 4, 4)), s = ints(m, "s", 3, DIMS(1, 1, 1));
    m->tensors[h].type = TFL_RESOURCE;
    make_operator(m, TFL_OP_VAR_HANDLE, (const int32_t[]){-2}, h)->shared_name = "model/stream/states";
    make_operator(m, TFL_OP_READ_VARIABLE, INS(h), r);
    make_option(make_operator(m, TFL_OP_CONCATENATION, INS(r, x), all), OPTIONS_CONCAT, CONCAT_AXIS, 'i', 1);
    make_option(make_operator(m, TFL_OP_STRIDED_SLICE, INS(all, b, e, s), kept), OPTIONS_STRIDED_SLICE,
                SLICE_SHRINK_MASK, 'i', 0);
    make_operator(m, TFL_OP_ASSIGN_VARIABLE, INS(h, kept), -1);
    make_operator(m, TFL_OP_MAXIMUM, INS(kept, late ? r : kept), y);
    make_ports(m, x, y);
    return m;
}

/* CALL_ONCE of a graph that sets the variable to this code. */
static make_model *stream_from(qctx *ctx, int8_t code)
{
    make_model *m = stream(ctx, S1, false), *init = make_new(ctx);
    int8_t codes[12];
    for (int i = 0; i < 12; i++)
        codes[i] = code;
    int h = make_act(init, "handle", 0, 0, 0, DIMS(0)), v = make_act(init, "v", S1, 3, 3, DIMS(1, 3, 4));
    init->tensors[h].type = TFL_RESOURCE;
    init->tensors[v].data = arena_memdup(ctx->a, codes, sizeof codes);
    init->tensors[v].bytes = sizeof codes;
    make_operator(init, TFL_OP_VAR_HANDLE, (const int32_t[]){-2}, h)->shared_name = "model/stream/states";
    make_operator(init, TFL_OP_ASSIGN_VARIABLE, INS(h, v), -1);
    make_option(make_operator(m, TFL_OP_CALL_ONCE, (const int32_t[]){-2}, -1), OPTIONS_CALL_ONCE,
                CALL_ONCE_SUBGRAPH, 'i', 1);
    m->init = init;
    return m;
}

static make_model *stream_zeroed(qctx *ctx) { return stream_from(ctx, 3); }

static make_model *stream_int8(qctx *ctx) { return stream(ctx, S1, false); }
static make_model *stream_float(qctx *ctx) { return stream(ctx, 0, false); }
static make_model *stream_late(qctx *ctx) { return stream(ctx, S1, true); }

/* ---- edges --------------------------------------------------------------------------------- */

/* float32 or uint8 outside, int8 inside; requantized on the way. */
static make_model *edges(qctx *ctx, bool bytes)
{
    make_model *m = make_new(ctx);
    const int32_t dim[] = {1, 5, 4, 3};
    int in = make_act(m, "serving_default_in:0", bytes ? S1 : 0, 131, 4, dim), x = image(m, S1);
    int a = make_act(m, "a", S2, -5, 4, dim), out = make_act(m, "StatefulPartitionedCall:0", bytes ? S2 : 0, 123, 4, dim);
    if (bytes)
        m->tensors[in].type = m->tensors[out].type = TFL_UINT8;
    make_operator(m, TFL_OP_QUANTIZE, INS(in), x);
    make_operator(m, TFL_OP_QUANTIZE, INS(x), a);
    make_operator(m, bytes ? TFL_OP_QUANTIZE : TFL_OP_DEQUANTIZE, INS(a), out);
    make_ports(m, in, out);
    return m;
}

static make_model *float_edges(qctx *ctx) { return edges(ctx, false); }
static make_model *byte_edges(qctx *ctx) { return edges(ctx, true); }

/* Half-precision weights behind DEQUANTIZE, as post-training float16 conversion leaves them. */
static make_model *half_weights(qctx *ctx)
{
    make_model *m = make_new(ctx);
    const uint16_t half[12] = {0x3c00, 0xc000, 0x3555, 0x0001, 0x8400, 0x7bff, 0, 0x8000, 0x3800, 0xb800, 0x4248, 0x1234};
    int x = make_act(m, "x", 0, 0, 2, DIMS(1, 4)), h = make_const(m, "half", TFL_FLOAT16, 2, DIMS(3, 4), half);
    int w = make_act(m, "w", 0, 0, 2, DIMS(3, 4)), y = make_act(m, "y", 0, 0, 2, DIMS(1, 3));
    make_operator(m, TFL_OP_DEQUANTIZE, INS(h), w);
    make_operator(m, TFL_OP_FULLY_CONNECTED, INS(x, w), y);
    make_ports(m, x, y);
    return m;
}

/* An output that is an input, one that comes twice, and an operator that nothing needs. */
static make_model *outputs(qctx *ctx)
{
    make_model *m = sample_named("maxpool")->build(ctx);
    int unused = make_act(m, "unused", S1, 3, 4, DIMS(1, 5, 4, 3));
    make_operator(m, TFL_OP_SIN, INS(m->inputs[0]), unused);
    make_ports(m, -1, m->inputs[0]);
    make_ports(m, -1, m->outputs[0]);
    return m;
}

/* ---- the table ----------------------------------------------------------------------------- */

const sample_model sample_moves[] = {
    {"strided", strided, {"part = slice(x, [4, 1, 2], [1, 4, 3], stride [-2, 1, 1])\n", "part_shaped = reshape(part, [2, 3], tensor 1)\n"}, true},
    {"sliced", sliced, {"y = slice(x, [1, 0, 2], [3, 4, 3], tensor 1)\n"}, true},
    {"split", split_even, {"a = slice(x, [0, 0, 0], [5, 2, 3], tensor 3)\n", "b = slice(x, [0, 2, 0], [5, 4, 3], tensor 4)\n",
                           "y = maximum(a, b, tensor 5)\n"}, true},
    {"split_sizes", split_sizes, {"b = slice(x, [0, 1, 0], [5, 2, 3], tensor 4)\n", "!c ="}, true},
    {"stacks", stacks, {"a_shaped = flatten(a, tensor 1)\n", "c = concat(b_shaped_reshaped, a_shaped_reshaped, tensor 3)\n"}, true},
    {"transposed", transposed, {"y = transpose(x, [2, 0, 1], tensor 2)\n"}, true},
    {"transposed_batch", transposed_batch, {"y = transpose(x_reshaped, [2, 1, 0, 3], tensor 2)\n"}, true},
    {"concat_height", concat_height, {"y = concat(x, z, axis 0, tensor 2)\n"}, true},
    {"concat_channels", concat_channels, {"y = concat(x, z, tensor 2)\n"}, true},
    {"shapes", shapes, {"flatten = flatten(x, tensor 7)\n", "!shape ="}, true},
    {"squeeze", squeeze, {"a = flatten(x, tensor 1)\n", "y = reshape(a, [1, 6], tensor 3)\n"}, true},
    {"float_edges", float_edges, {"input in : i8[5, 4, 3] scale 0x1.47ae14p-6 zero 3 tensor 1\n", "a = requantize(in, tensor 2)\n",
                                  "output a\n"}, true},
    {"byte_edges", byte_edges, {"input in : u8[5, 4, 3] scale 0x1.47ae14p-6 zero 131 tensor 1\n", "output a\n"}, true},
    {"sum", sum_int8, {"y = reduce_sum(x, [2], tensor 2)\n"}, true},
    {"sum_float", sum_float, {"y = reduce_sum(x, [0, 2], keep, tensor 2)\n"}, false},
    {"mean_width", mean_width, {"y = reduce_mean(x, [1], keep, tensor 2)\n"}, true},
    {"mean_all", mean_all, {"y = reduce_mean(x, [0, 1, 2], tensor 2)\n"}, true},
    {"max", max_int8, {"y = reduce_max(x, [0], tensor 2)\n"}, true},
    {"min", min_int8, {"y = reduce_min(x, [0, 1], tensor 2)\n"}, true},
    {"argmax", argmax_int8, {"best = argmax(x, tensor 2)\n", "!best :"}, true},
    {"argmax_float", argmax_float, {"best = argmax(x, tensor 2)\n"}, false},
    {"nearest", nearest_int8, {"y = resize_nearest(x, 7x9, half pixel, tensor 2)\n"}, true},
    {"bilinear", bilinear_int8, {"y = resize_bilinear(x, 7x9, half pixel, tensor 2)\n"}, true},
    {"bilinear_float", bilinear_float, {"y = resize_bilinear(x, 7x9, align corners, tensor 2)\n"}, false},
    {"elu", elu_int8, {"y = elu(x, alpha 1.0, tensor 1)\n"}, true},
    {"gelu", gelu_int8, {"y = gelu_tanh(x, tensor 1)\n"}, true},
    {"stream", stream_int8, {"    state stream_states : i8[3, 4] scale 0x1.47ae14p-6 zero 3 tensor 2\n", "    all = concat(stream_states, x, axis 0, tensor 3)\n",
                             "    stream_states := kept\n", "!copy"}, true},
    {"stream_float", stream_float, {"    state stream_states : f32[3, 4] tensor 2\n", "    stream_states := kept\n"}, false},
    {"stream_zeroed", stream_zeroed, {"    stream_states := kept\n"}, true},
    {"stream_late", stream_late, {"    r = reshape(stream_states, [3, 4], tensor 2)\n", "    all = concat(r, x, axis 0, tensor 3)\n"}, true},
    {"half_weights", half_weights, {"y = dense(x, 3, no bias, tensor 3)\n"}, false},
    {"outputs", outputs, {"output y, x_output, y_output\n", "!unused"}, true},
};
const int n_sample_moves = sizeof sample_moves / sizeof *sample_moves;
