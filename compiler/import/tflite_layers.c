/* tflite_layers.c - operators with weights: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, and ADD, SUB and MUL
 * with a constant, which are 1x1 depthwise convolutions. */
#include <string.h>

#include "compiler/import/tflite.h"

/* What QDL takes (ir/words.c). */
enum { MAX_WINDOW = 32767, MAX_FILTERS = 16777216 };

/* ---- windows ------------------------------------------------------------------------------- */

bool tfl_image(tfl_model *m, const tfl_op *op, const tfl_tensor *x)
{
    if (x->rank == 4 && x->dim[0] == 1)
        return true;
    return tfl_cannot(m, op, "convert the model with batch size 1",
                      "%s is not one image of height, width, channels", tfl_tensor_str(m, x));
}

static bool in_window(const int v[2]) { return v[0] >= 1 && v[0] <= MAX_WINDOW && v[1] >= 1 && v[1] <= MAX_WINDOW; }

bool tfl_window(tfl_model *m, const tfl_op *op, int padding, ir_attrs *at)
{
    at->padmode = padding == TFL_PADDING_SAME ? IR_PAD_SAME : IR_PAD_VALID;
    if (padding != TFL_PADDING_SAME && padding != TFL_PADDING_VALID)
        return tfl_cannot(m, op, NULL, "its padding has the number %d", padding);
    if (!in_window(at->kernel) || !in_window(at->stride) || !in_window(at->dilation))
        return tfl_cannot(m, op, NULL, "kernel %dx%d, stride %dx%d, dilation %dx%d are not all in 1..%d",
                          at->kernel[0], at->kernel[1], at->stride[0], at->stride[1], at->dilation[0],
                          at->dilation[1], MAX_WINDOW);
    return true;
}

/* ---- convolutions -------------------------------------------------------------------------- */

/* The operands of a layer: activation, constant weights of this rank, bias or none. */
static bool check_operands(tfl_model *m, const tfl_op *op, int rank)
{
    const tfl_tensor *w = tfl_in(m, op, 1);
    if (op->n_in < 2 || op->n_in > 3 || op->n_out != 1 || !tfl_in(m, op, 0) || !w)
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    if (w->sparse)
        return tfl_cannot(m, op, "convert the model without sparsity", "the weights %s are sparse",
                          tfl_tensor_str(m, w));
    if (!tfl_is_const(w))
        return tfl_cannot(m, op, NULL, "the weights %s are no constant", tfl_tensor_str(m, w));
    if (w->rank != rank || tfl_elems(w) < 0)
        return tfl_cannot(m, op, NULL, "the weights %s have %d dimensions", tfl_tensor_str(m, w), w->rank);
    return true;
}

/* Weights, bias, and the operator itself. place: see tfl_weight. */
static bool emit_layer(tfl_model *m, const tfl_op *op, ir_opkind kind, ir_tensor *x, const ir_attrs *at,
                       const ir_shape *shape, const int32_t *place, int axis, tfl_tensor *to,
                       const char *name)
{
    ir_tensor *in[3] = {x};
    int n = 2, bias = op->code == TFL_OP_TRANSPOSE_CONV ? 3 : 2;
    in[1] = tfl_weight(m, op, name, tfl_in(m, op, 1), shape, place, axis);
    if (!in[1])
        return false;
    if (tfl_in(m, op, bias)) {
        in[n] = tfl_bias(m, op, name, tfl_in(m, op, bias), shape->dim[0]);
        if (!in[n++])
            return false;
    }
    return tfl_emit(m, op, kind, name, at, n, in, to);
}

bool tfl_conv(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!tfl_options(m, op, OPTIONS_CONV_2D) || !check_operands(m, op, 4))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0), *w = tfl_in(m, op, 1);
    const tfl_space *space = x->space;
    x = space ? space->x : x;
    if (!tfl_image(m, op, x))
        return false;
    at.stride[0] = fb_int32(&m->file, op->options, CONV_STRIDE_H, 0);
    at.stride[1] = fb_int32(&m->file, op->options, CONV_STRIDE_W, 0);
    at.dilation[0] = fb_int32(&m->file, op->options, CONV_DILATION_H, 1);
    at.dilation[1] = fb_int32(&m->file, op->options, CONV_DILATION_W, 1);
    at.kernel[0] = w->dim[1];
    at.kernel[1] = w->dim[2];
    at.filters = w->dim[0];
    if (x->dim[3] % w->dim[3] != 0 || at.filters > MAX_FILTERS)
        return tfl_cannot(m, op, NULL, "the weights %s do not suit %d channels", tfl_tensor_str(m, w),
                          (int)x->dim[3]);
    at.groups = x->dim[3] / w->dim[3];
    const ir_shape shape = {.rank = 4, .dim = {w->dim[0], w->dim[1], w->dim[2], w->dim[3]}};
    if (!tfl_act(m, op, fb_int8(&m->file, op->options, CONV_ACTIVATION, TFL_ACT_NONE), &at.act) ||
        !tfl_window(m, op, fb_int8(&m->file, op->options, CONV_PADDING, TFL_PADDING_SAME), &at))
        return false;
    tfl_tensor *to = space ? tfl_dilated(m, op, space, &at) : tfl_out(m, op, 0);
    return to && emit_layer(m, op, OP_CONV2D, x->ir, &at, &shape, NULL, 0, to, tfl_layer_name(m, op, w));
}

/* [1, kh, kw, O] in the file, [O, kh, kw, 1] in the IR; NULL after breaking the file. */
static const int32_t *channels_first(tfl_model *m, const tfl_tensor *w)
{
    int64_t n = tfl_elems(w);
    int32_t channels = w->dim[3], cells = (int32_t)(n / channels);
    if (!tfl_count_bytes(m, (uint64_t)n * 4))
        return NULL;
    int32_t *place = ARENA_ARRAY(m->ctx->a, int32_t, n);
    for (int32_t c = 0; c < channels; c++)
        for (int32_t k = 0; k < cells; k++)
            place[(int64_t)c * cells + k] = k * channels + c;
    return place;
}

bool tfl_depthwise(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.depthwise = true};
    if (!tfl_options(m, op, OPTIONS_DEPTHWISE) || !check_operands(m, op, 4))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0), *w = tfl_in(m, op, 1);
    const tfl_space *space = x->space;
    x = space ? space->x : x;
    if (!tfl_image(m, op, x))
        return false;
    at.stride[0] = fb_int32(&m->file, op->options, DEPTHWISE_STRIDE_H, 0);
    at.stride[1] = fb_int32(&m->file, op->options, DEPTHWISE_STRIDE_W, 0);
    at.dilation[0] = fb_int32(&m->file, op->options, DEPTHWISE_DILATION_H, 1);
    at.dilation[1] = fb_int32(&m->file, op->options, DEPTHWISE_DILATION_W, 1);
    at.kernel[0] = w->dim[1];
    at.kernel[1] = w->dim[2];
    at.groups = x->dim[3];
    at.filters = w->dim[3];
    if (w->dim[0] != 1 || w->dim[3] % x->dim[3] != 0 || w->dim[3] > MAX_FILTERS)
        return tfl_cannot(m, op, NULL, "the weights %s do not suit %d channels", tfl_tensor_str(m, w),
                          (int)x->dim[3]);
    const ir_shape shape = {.rank = 4, .dim = {w->dim[3], w->dim[1], w->dim[2], 1}};
    if (!tfl_act(m, op, fb_int8(&m->file, op->options, DEPTHWISE_ACTIVATION, TFL_ACT_NONE), &at.act) ||
        !tfl_window(m, op, fb_int8(&m->file, op->options, DEPTHWISE_PADDING, TFL_PADDING_SAME), &at))
        return false;
    tfl_tensor *to = space ? tfl_dilated(m, op, space, &at) : tfl_out(m, op, 0);
    const int32_t *place = to ? channels_first(m, w) : NULL;
    return place &&
           emit_layer(m, op, OP_CONV2D, x->ir, &at, &shape, place, 3, to, tfl_layer_name(m, op, w));
}

/* ---- transposed convolution ----------------------------------------------------------------- */

/* The kernel turned by half, [O, kh, kw, I]; NULL after breaking the file. */
static const int32_t *turned(tfl_model *m, const tfl_tensor *w)
{
    int64_t n = tfl_elems(w);
    int32_t cells = w->dim[1] * w->dim[2], in = w->dim[3];
    if (!tfl_count_bytes(m, (uint64_t)n * 4))
        return NULL;
    int32_t *place = ARENA_ARRAY(m->ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t o = i / in / cells, k = i / in % cells;
        place[i] = (int32_t)((o * cells + cells - 1 - k) * in + i % in);
    }
    return place;
}

/* Pads of the convolution behind the dilated input, for the size that the file gives the result. */
static bool transposed_pads(tfl_model *m, const tfl_op *op, const tfl_tensor *x, ir_attrs *at, const int stride[2])
{
    const tfl_tensor *to = tfl_out(m, op, 0);
    for (int d = 0; d < 2; d++) {
        int64_t dilated = ((int64_t)x->dim[1 + d] - 1) * stride[d] + 1, k = at->kernel[d];
        int64_t surplus = dilated - 1 + k - to->dim[1 + d], before = surplus > 0 ? surplus / 2 : 0;
        int64_t first = k - 1 - before, last = to->dim[1 + d] - dilated + k - 1 - first;
        if (first < 0 || last < 0 || first > MAX_WINDOW || last > MAX_WINDOW)
            return tfl_cannot(m, op, NULL, "its result is %d cells where kernel and stride give %lld",
                              (int)to->dim[1 + d], (long long)(dilated - 1 + k));
        at->pad[2 * d] = (int)first;
        at->pad[2 * d + 1] = (int)last;
    }
    at->padmode = IR_PAD_EXPLICIT;
    return true;
}

static bool check_transposed(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *w = tfl_in(m, op, 1), *x = tfl_in(m, op, 2);
    bool ok = op->n_in >= 3 && op->n_in <= 4 && op->n_out == 1 && w && x && x->ir && tfl_is_const(w) &&
              !w->sparse && w->rank == 4 && tfl_elems(w) >= 0 && tfl_out(m, op, 0)->rank == 4;
    if (!ok)
        return tfl_cannot(m, op, NULL, "its operands are no size, constant weights and image");
    if (!tfl_image(m, op, x))
        return false;
    return (x->dim[3] == w->dim[3] && w->dim[0] <= MAX_FILTERS) ||
           tfl_cannot(m, op, NULL, "the weights %s do not suit %d channels", tfl_tensor_str(m, w),
                      (int)x->dim[3]);
}

/* A convolution of the input with zeros between its cells. */
bool tfl_transpose_conv(tfl_model *m, const tfl_op *op)
{
    ir_attrs spread = {.groups = 1}, at = {.groups = 1, .stride = {1, 1}, .dilation = {1, 1}};
    if (!tfl_options(m, op, OPTIONS_TRANSPOSE_CONV) || !check_transposed(m, op))
        return false;
    const tfl_tensor *w = tfl_in(m, op, 1), *x = tfl_in(m, op, 2);
    spread.stride[0] = fb_int32(&m->file, op->options, TRANSPOSE_CONV_STRIDE_H, 0);
    spread.stride[1] = fb_int32(&m->file, op->options, TRANSPOSE_CONV_STRIDE_W, 0);
    at.kernel[0] = w->dim[1];
    at.kernel[1] = w->dim[2];
    at.filters = w->dim[0];
    if (!in_window(spread.stride) || !in_window(at.kernel))
        return tfl_cannot(m, op, NULL, "kernel %dx%d, stride %dx%d are not all in 1..%d", at.kernel[0], at.kernel[1],
                          spread.stride[0], spread.stride[1], MAX_WINDOW);
    if (!tfl_act(m, op, fb_int8(&m->file, op->options, TRANSPOSE_CONV_ACTIVATION, TFL_ACT_NONE), &at.act) ||
        !transposed_pads(m, op, x, &at, spread.stride))
        return false;
    const char *name = tfl_layer_name(m, op, w);
    ir_tensor *in = x->ir;
    if (spread.stride[0] > 1 || spread.stride[1] > 1)
        in = tfl_temporary(m, op, OP_DILATE, tfl_fresh_name(m, name, "dilated"), &spread, 1, &in, x);
    const ir_shape shape = {.rank = 4, .dim = {w->dim[0], w->dim[1], w->dim[2], w->dim[3]}};
    const int32_t *place = in ? turned(m, w) : NULL;
    return place && emit_layer(m, op, OP_CONV2D, in, &at, &shape, place, 0, tfl_out(m, op, 0), name);
}

/* ---- dense --------------------------------------------------------------------------------- */

/* The rows that the layer works on: the result's shape with the weights' columns last. */
static bool dense_rows(tfl_model *m, const tfl_op *op, int32_t columns, int32_t units, ir_shape *rows)
{
    if (!tfl_shape(tfl_out(m, op, 0), rows) || rows->rank < 1 || rows->dim[rows->rank - 1] != units)
        return tfl_cannot(m, op, NULL, "the result %s does not have %d columns",
                          tfl_tensor_str(m, tfl_out(m, op, 0)), (int)units);
    rows->dim[rows->rank - 1] = columns;
    int64_t n = 1;
    for (int i = 0; i < rows->rank; i++)
        n *= n <= INT32_MAX ? rows->dim[i] : 1;
    if (n == ir_elems(&tfl_in(m, op, 0)->ir->shape))
        return true;
    return tfl_cannot(m, op, NULL, "%s does not fill rows of %d", tfl_tensor_str(m, tfl_in(m, op, 0)),
                      (int)columns);
}

bool tfl_dense(tfl_model *m, const tfl_op *op)
{
    ir_shape rows;
    if (!tfl_options(m, op, OPTIONS_DENSE) || !check_operands(m, op, 2))
        return false;
    const tfl_tensor *w = tfl_in(m, op, 1);
    if (fb_int8(&m->file, op->options, DENSE_WEIGHTS_FORMAT, 0) != 0)
        return tfl_cannot(m, op, NULL, "its weights are shuffled for another processor");
    ir_attrs at = {.filters = w->dim[0], .native_columns = true};
    if (w->dim[0] > MAX_FILTERS || !dense_rows(m, op, w->dim[1], w->dim[0], &rows) ||
        !tfl_act(m, op, fb_int8(&m->file, op->options, DENSE_ACTIVATION, TFL_ACT_NONE), &at.act))
        return false;
    const ir_shape shape = {.rank = 2, .dim = {w->dim[0], w->dim[1]}};
    const char *name = tfl_layer_name(m, op, w);
    ir_tensor *x = tfl_reshaped(m, op, tfl_in(m, op, 0)->ir, &rows);
    return x && emit_layer(m, op, OP_DENSE, x, &at, &shape, NULL, 0, tfl_out(m, op, 0), name);
}

/* ---- ADD, SUB and MUL with a constant ----------------------------------------------------------- */

/* One value, or one for each of the last dimension's channels. */
static bool by_channel(const tfl_tensor *c, int32_t channels)
{
    int64_t n = tfl_elems(c);
    return n == 1 || (n == channels && c->dim[c->rank - 1] == channels);
}

/* `channels` copies where there is one value. */
static const float *spread(tfl_model *m, const float *v, int64_t n, int32_t channels, bool negate)
{
    float *all = ARENA_ARRAY(m->ctx->a, float, channels);
    for (int32_t c = 0; c < channels; c++)
        all[c] = negate ? -v[n == 1 ? 0 : c] : v[n == 1 ? 0 : c];
    return all;
}

/* in[1], in[2] of the convolution; their number, 0 after tfl_cannot. */
static int const_operands(tfl_model *m, const tfl_op *op, tfl_tensor *c, const char *name,
                          const ir_shape *shape, ir_tensor **in)
{
    int32_t channels = shape->dim[0];
    tfl_tensor values = {.index = -1, .name = c->name, .type = TFL_FLOAT32, .rank = 1, .dim = {channels}};
    if (m->quantized) {
        const int32_t *first = tfl_elems(c) == 1 ? ARENA_ARRAY(m->ctx->a, int32_t, channels) : NULL;
        in[1] = tfl_weight(m, op, name, c, shape, first, c->rank - 1);
        return in[1] ? 2 : 0;
    }
    bool minus_x = op->code == TFL_OP_SUB && c == tfl_in(m, op, 0);
    bool minus_c = op->code == TFL_OP_SUB && !minus_x;
    const float *v = tfl_reals(m, op, c), one = minus_x ? -1 : 1;
    if (!v)
        return 0;
    v = spread(m, v, tfl_elems(c), channels, minus_c);
    values.reals = op->code == TFL_OP_MUL ? v : spread(m, &one, 1, channels, false);
    in[1] = tfl_weight(m, op, name, &values, shape, NULL, 0);
    if (!in[1] || op->code == TFL_OP_MUL)
        return in[1] ? 2 : 0;
    values.reals = v;
    in[2] = tfl_bias(m, op, name, &values, channels);
    return in[2] ? 3 : 0;
}

bool tfl_is_scaling(const tfl_model *m, const tfl_op *op, const tfl_tensor *x, const tfl_tensor *c)
{
    ir_shape want;
    if (!x->ir || !tfl_shape(tfl_out(m, op, 0), &want) || !ir_shape_eq(&want, &x->ir->shape))
        return false;
    return by_channel(c, want.dim[want.rank - 1]) && (!m->quantized || op->code == TFL_OP_MUL);
}

bool tfl_with_const(tfl_model *m, const tfl_op *op, const tfl_tensor *x, tfl_tensor *c,
                    const ir_attrs *fused)
{
    ir_shape want;
    tfl_tensor *to = tfl_out(m, op, 0);
    tfl_shape(to, &want);
    int32_t channels = want.dim[want.rank - 1];
    const ir_shape image = {.rank = 3, .dim = {(int32_t)(ir_elems(&want) / channels), 1, channels}};
    const ir_shape shape = {.rank = 4, .dim = {channels, 1, 1, 1}};
    ir_attrs at = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = channels,
                   .filters = channels, .depthwise = true, .act = fused->act};
    const char *name = tfl_layer_name(m, op, NULL);
    ir_tensor *in[3] = {want.rank == 3 ? x->ir : tfl_reshaped(m, op, x->ir, &image)};
    int n = in[0] ? const_operands(m, op, c, name, &shape, in) : 0;
    if (!n)
        return false;
    if (want.rank == 3)
        return tfl_emit(m, op, OP_CONV2D, name, &at, n, in, to);
    ir_tensor *y = tfl_temporary(m, op, OP_CONV2D, name, &at, n, in, to);
    const ir_attrs back = {.groups = 1, .to = want};
    return y && tfl_emit(m, op, OP_RESHAPE, tfl_fresh_name(m, name, "back"), &back, 1, &y, to);
}
