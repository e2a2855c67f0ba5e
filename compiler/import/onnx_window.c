/* onnx_window.c - convolutions and pools over one or two dimensions.
 *
 * An image [N, C, H, W] is H x W x C in the IR, a sequence [N, C, L] is L x 1 x C. */
#include <string.h>

#include "compiler/import/onnx.h"

/* What QDL takes (ir/words.c). */
enum { MAX_WINDOW = 32767, MAX_FILTERS = 16777216 };

typedef onx_window window;

/* ---- attributes ---------------------------------------------------------------------------- */

bool onx_take_image(onx_model *m, const onx_node *node, window *w)
{
    const onx_value *x = w->x = onx_act(m, node, 0);
    if (!x)
        return false;
    w->space = x->d.rank - 2;
    if (w->space < 1 || w->space > 2)
        return onx_cannot(m, node, "one or two dimensions of space can be imported",
                          "its input is %s", onx_dims_str(m->ctx, &x->d));
    if (!x->batch && x->d.dim[0] != 1)
        return onx_cannot(m, node, "export the model with batch size 1",
                          "its input has %lld images", (long long)x->d.dim[0]);
    const int dims[] = {2, w->space == 2 ? 3 : 1, 1};
    const ir_shape shape = {.rank = 3,
                            .dim = {(int32_t)x->d.dim[2], w->space == 2 ? (int32_t)x->d.dim[3] : 1,
                                    (int32_t)x->d.dim[1]}};
    w->image = onx_in_dims(m, node, x, w->space + 1, dims, &shape);
    return w->image != NULL;
}

/* Two numbers of an attribute: height and width, 1 for the width of a sequence. */
bool onx_pair(onx_model *m, const onx_node *node, const window *w, const char *name, int fallback,
              int v[2])
{
    int64_t list[3];
    int n = onx_ints(node, name, 2, list);
    v[0] = v[1] = fallback;
    if (n >= 0 && n != w->space)
        return onx_cannot(m, node, NULL, "its %s has not %d number%s", name, w->space,
                          w->space == 1 ? "" : "s");
    for (int i = 0; i < n; i++) {
        if (list[i] < 1 || list[i] > MAX_WINDOW)
            return onx_cannot(m, node, NULL, "its %s is not in 1..%d", name, MAX_WINDOW);
        v[i] = (int)list[i];
    }
    if (w->space == 1)
        v[1] = 1;
    return true;
}

static bool explicit_pads(onx_model *m, const onx_node *node, window *w)
{
    int64_t pads[4] = {0};
    int n = onx_ints(node, "pads", 4, pads);
    if (n > 0 && n != 2 * w->space)
        return onx_cannot(m, node, NULL, "its pads are not %d numbers", 2 * w->space);
    for (int i = 0; i < n; i++) {
        if (pads[i] < 0 || pads[i] > MAX_WINDOW)
            return onx_cannot(m, node, NULL, "its pads are not in 0..%d", MAX_WINDOW);
        w->at.pad[i < w->space ? 2 * i : 2 * (i - w->space) + 1] = (int)pads[i];
    }
    return true;
}

/* SAME_UPPER and SAME_LOWER: ⌈size/stride⌉ places, an odd pad more at the end, or at the beginning.
 */
static void same_pads(window *w, bool lower)
{
    for (int i = 0; i < w->space; i++) {
        int64_t size = w->image->shape.dim[i], stride = w->at.stride[i];
        int64_t total = ((size + stride - 1) / stride - 1) * stride +
                        (int64_t)(w->at.kernel[i] - 1) * w->at.dilation[i] + 1 - size;
        total = total > 0 ? total : 0;
        w->at.pad[2 * i] = (int)(lower ? total - total / 2 : total / 2);
        w->at.pad[2 * i + 1] = (int)total - w->at.pad[2 * i];
    }
}

static bool take_window(onx_model *m, const onx_node *node, window *w)
{
    const char *automatic = onx_string(m, node, "auto_pad", "NOTSET");
    w->at.padmode = IR_PAD_EXPLICIT;
    if (!onx_pair(m, node, w, "strides", 1, w->at.stride) ||
        !onx_pair(m, node, w, "dilations", 1, w->at.dilation))
        return false;
    if (!strcmp(automatic, "NOTSET"))
        return explicit_pads(m, node, w);
    bool lower = !strcmp(automatic, "SAME_LOWER");
    if (lower || !strcmp(automatic, "SAME_UPPER"))
        same_pads(w, lower);
    else if (strcmp(automatic, "VALID") != 0)
        return onx_cannot(m, node, NULL, "its auto_pad is '%s'", onx_shown(m->ctx, automatic));
    return true;
}

/* The result, H' x W' x C', as an ONNX value. */
bool onx_window_done(onx_model *m, const onx_node *node, const window *w, ir_tensor *y)
{
    if (!y)
        return false;
    onx_dims d = {.rank = w->space + 2, .dim = {w->x->d.dim[0], y->shape.dim[2], y->shape.dim[0]}};
    if (w->space == 2)
        d.dim[3] = y->shape.dim[1];
    const int dims[] = {2, w->space == 2 ? 3 : 1, 1};
    return onx_done(m, node, 0, y, &d, onx_lay_of(&d, w->x->batch, w->space + 1, dims),
                    w->x->batch);
}

/* ---- convolution --------------------------------------------------------------------------- */

/* [O, C/g, kh, kw] in the file, [O, kh, kw, C/g] in the IR. */
static const int32_t *conv_places(onx_model *m, const onx_const *c)
{
    int64_t per = c->d.dim[1], cells = c->n / c->d.dim[0] / per;
    int32_t *place = ARENA_ARRAY(m->ctx->a, int32_t, c->n);
    for (int64_t i = 0; i < c->n; i++) {
        int64_t o = i / (per * cells), k = i / per % cells, channel = i % per;
        place[i] = (int32_t)((o * per + channel) * cells + k);
    }
    return place;
}

static bool check_weights(onx_model *m, const onx_node *node, window *w, const onx_const *c)
{
    int64_t groups = onx_int(node, "group", 1), channels = w->x->d.dim[1];
    int kernel[2];
    if (c->d.rank != w->space + 2 || c->n < 1)
        return onx_cannot(m, node, NULL, "its weights are %s", onx_dims_str(m->ctx, &c->d));
    for (int i = 0; i < 2; i++) {
        int64_t k = i < w->space ? c->d.dim[2 + i] : 1;
        w->at.kernel[i] = k <= MAX_WINDOW ? (int)k : 0;
    }
    if (!onx_pair(m, node, w, "kernel_shape", 0, kernel))
        return false;
    bool other = kernel[0] && (kernel[0] != w->at.kernel[0] || kernel[1] != w->at.kernel[1]);
    if (!w->at.kernel[0] || !w->at.kernel[1] || other)
        return onx_cannot(m, node, NULL, "its kernel_shape is not that of its weights %s",
                          onx_dims_str(m->ctx, &c->d));
    if (groups < 1 || groups > channels || channels != groups * c->d.dim[1] ||
        c->d.dim[0] % groups || c->d.dim[0] > MAX_FILTERS)
        return onx_cannot(m, node, NULL, "weights %s in %lld groups do not suit %lld channels",
                          onx_dims_str(m->ctx, &c->d), (long long)groups, (long long)channels);
    w->at.groups = (int)groups;
    w->at.filters = (int)c->d.dim[0];
    w->at.depthwise = groups == channels && groups > 1;
    return true;
}

bool onx_conv(onx_model *m, const onx_node *node)
{
    window w = {0};
    const onx_const *c = onx_const_in(m, node, 1, "weight");
    const onx_const *b = c && onx_in(m, node, 2) ? onx_const_in(m, node, 2, "bias") : NULL;
    if (!c || (onx_in(m, node, 2) && !b) || !onx_take_image(m, node, &w) ||
        !check_weights(m, node, &w, c) || !take_window(m, node, &w))
        return false;
    if (b && b->n != w.at.filters)
        return onx_cannot(m, node, NULL, "its bias is %s", onx_dims_str(m->ctx, &b->d));
    const onx_layer l = {
        .name = onx_layer_name(m, node, onx_in(m, node, 1)),
        .weight = 1,
        .bias = b ? 2 : -1,
        .shape = {.rank = 4,
                  .dim = {w.at.filters, w.at.kernel[0], w.at.kernel[1], (int32_t)c->d.dim[1]}},
        .place = conv_places(m, c),
        .axis = 0,
        .alpha = 1,
        .beta = 1};
    ir_tensor *in[3] = {w.image};
    int n;
    return onx_layer_consts(m, node, &l, in, &n) &&
           onx_window_done(m, node, &w, onx_emit(m, node, OP_CONV2D, l.name, &w.at, n, in, NULL));
}

/* ---- pools --------------------------------------------------------------------------------- */

bool onx_pool(onx_model *m, const onx_node *node)
{
    window w = {.at = {.groups = 1}};
    bool max = !strcmp(node->type, "MaxPool");
    int dilation[2];
    if (!onx_take_image(m, node, &w) || !onx_pair(m, node, &w, "kernel_shape", 0, w.at.kernel))
        return false;
    if (!w.at.kernel[0])
        return onx_cannot(m, node, NULL, "it has no kernel_shape");
    if (onx_out(m, node, 1) && (onx_out(m, node, 1)->readers || onx_out(m, node, 1)->is_output))
        return onx_cannot(m, node, NULL, "the places of its maxima are read");
    if (!onx_pair(m, node, &w, "dilations", 1, dilation) || !take_window(m, node, &w))
        return false;
    if (dilation[0] != 1 || dilation[1] != 1)
        return onx_cannot(m, node, "use strides instead", "its dilations are not 1");
    w.at.ceil_mode = onx_int(node, "ceil_mode", 0) != 0;
    w.at.count_all = !max && onx_int(node, "count_include_pad", 0) != 0;
    /* in mode onnx an average is rounded once, to the codes that follow it */
    bool direct = m->quantized && !max && (!m->o->has_numerics || m->o->numerics == IR_NUM_ONNX);
    const ir_quant *q = direct ? onx_next_quant(m, node) : NULL;
    return onx_window_done(
        m, node, &w,
        onx_emit(m, node, max ? OP_MAXPOOL : OP_AVGPOOL, NULL, &w.at, 1, &w.image, q));
}

bool onx_global_pool(onx_model *m, const onx_node *node)
{
    window w = {.at = {.groups = 1, .keep = true}};
    bool max = !strcmp(node->type, "GlobalMaxPool");
    return onx_take_image(m, node, &w) &&
           onx_window_done(m, node, &w,
                       onx_emit(m, node, max ? OP_GLOBAL_MAXPOOL : OP_GLOBAL_AVGPOOL, NULL, &w.at,
                                1, &w.image, NULL));
}
