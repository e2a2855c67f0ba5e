/* onnx_transposed.c - ConvTranspose: a convolution of the input with zeros between its cells, with
 * the kernel turned by half. */
#include <string.h>

#include "compiler/import/onnx.h"

/* What QDL takes (ir/words.c). */
enum { MAX_WINDOW = 32767, MAX_FILTERS = 16777216 };

typedef struct transposed {
    onx_window w;
    const onx_const *c;
    int stride[2];
    int64_t more[2]; /* output_padding */
} transposed;

/* Whether [C, O/g, k…] are weights for it. */
static bool check_weights(onx_model *m, const onx_node *node, transposed *t)
{
    const onx_dims *d = &t->c->d;
    int64_t groups = onx_int(node, "group", 1), channels = t->w.x->d.dim[1];
    if (d->rank != t->w.space + 2 || t->c->n < 1 || d->dim[0] != channels || groups < 1 ||
        channels % groups || d->dim[1] * groups > MAX_FILTERS)
        return onx_cannot(m, node, NULL, "weights %s in %lld groups do not suit %lld channels",
                          onx_dims_str(m->ctx, d), (long long)groups, (long long)channels);
    t->w.at.groups = (int)groups;
    t->w.at.filters = (int)(d->dim[1] * groups);
    t->w.at.depthwise = false;
    for (int i = 0; i < 2; i++) {
        int64_t k = i < t->w.space ? d->dim[2 + i] : 1;
        if (k > MAX_WINDOW)
            return onx_cannot(m, node, NULL, "its kernel is not in 1..%d", MAX_WINDOW);
        t->w.at.kernel[i] = (int)k;
    }
    return true;
}

static bool take_attributes(onx_model *m, const onx_node *node, transposed *t)
{
    int64_t more[2];
    int n = onx_ints(node, "output_padding", 2, more);
    if (!onx_pair(m, node, &t->w, "strides", 1, t->stride) ||
        !onx_pair(m, node, &t->w, "dilations", 1, t->w.at.dilation))
        return false;
    for (int i = 0; i < n && n <= 2; i++)
        t->more[i] = more[i];
    if (n > t->w.space || t->more[0] < 0 || t->more[1] < 0 || t->more[0] > MAX_WINDOW ||
        t->more[1] > MAX_WINDOW)
        return onx_cannot(m, node, NULL, "its output_padding is not in 0..%d", MAX_WINDOW);
    return true;
}

/* Cells of the result along dimension i, and how many of the whole are cut off before them. */
static bool find_place(onx_model *m, const onx_node *node, const transposed *t, int i,
                       int64_t whole, int64_t *want, int64_t *before)
{
    int64_t list[4] = {0}, shape[4];
    const char *automatic = onx_string(m, node, "auto_pad", "NOTSET");
    int n = onx_ints(node, "pads", 4, list), k = onx_ints(node, "output_shape", 4, shape);
    bool upper = !strcmp(automatic, "SAME_UPPER"), same = upper || !strcmp(automatic, "SAME_LOWER");
    *before = n == 2 * t->w.space ? list[i] : 0;
    *want = whole - *before - (n == 2 * t->w.space ? list[i + t->w.space] : 0);
    if (n > 0 && n != 2 * t->w.space)
        return onx_cannot(m, node, NULL, "its pads are not %d numbers", 2 * t->w.space);
    if (k > 0 && k != t->w.space && k != t->w.space + 2)
        return onx_cannot(m, node, NULL, "its output_shape is not %d numbers", t->w.space);
    if (k > 0)
        *want = shape[i + (k > t->w.space ? 2 : 0)];
    else if (same)
        *want = (int64_t)t->w.image->shape.dim[i] * t->stride[i];
    if (k > 0 || same) {
        int64_t surplus = whole > *want ? whole - *want : 0;
        *before = upper ? surplus / 2 : surplus - surplus / 2;
    }
    return true;
}

static bool turn_pads(onx_model *m, const onx_node *node, transposed *t)
{
    ir_attrs *at = &t->w.at;
    at->padmode = IR_PAD_EXPLICIT;
    for (int i = 0; i < t->w.space; i++) {
        int64_t spread = ((int64_t)t->w.image->shape.dim[i] - 1) * t->stride[i] + 1, want, before;
        int64_t reach = ((int64_t)at->kernel[i] - 1) * at->dilation[i];
        if (!find_place(m, node, t, i, spread + reach + t->more[i], &want, &before))
            return false;
        int64_t first = reach - before, last = want - spread + reach - first;
        if (first < 0 || last < 0 || first > MAX_WINDOW || last > MAX_WINDOW)
            return onx_cannot(m, node, "pads within the kernel's reach can be imported",
                              "its result has %lld cells where kernel and stride give %lld",
                              (long long)want, (long long)(spread + reach));
        at->pad[2 * i] = (int)first;
        at->pad[2 * i + 1] = (int)last;
    }
    at->stride[0] = at->stride[1] = 1;
    return true;
}

/* [C, O/g, k…] in the file; [O, kh, kw, C/g] turned by half in the IR. */
static const int32_t *places(onx_model *m, const transposed *t)
{
    const onx_const *c = t->c;
    int64_t outs = c->d.dim[1], per = c->d.dim[0] / t->w.at.groups,
            cells = c->n / c->d.dim[0] / outs;
    int32_t *place = ARENA_ARRAY(m->ctx->a, int32_t, c->n);
    for (int64_t i = 0; i < c->n; i++) {
        int64_t o = i / (per * cells), k = i / per % cells, channel = o / outs * per + i % per;
        place[i] = (int32_t)((channel * outs + o % outs) * cells + cells - 1 - k);
    }
    return place;
}

bool onx_conv_transpose(onx_model *m, const onx_node *node)
{
    transposed t = {.c = onx_const_in(m, node, 1, "weight")};
    const onx_const *b = t.c && onx_in(m, node, 2) ? onx_const_in(m, node, 2, "bias") : NULL;
    if (!t.c || (onx_in(m, node, 2) && !b) || !onx_take_image(m, node, &t.w) ||
        !check_weights(m, node, &t) || !take_attributes(m, node, &t) || !turn_pads(m, node, &t))
        return false;
    if (b && b->n != t.w.at.filters)
        return onx_cannot(m, node, NULL, "its bias is %s", onx_dims_str(m->ctx, &b->d));
    const char *name = onx_layer_name(m, node, onx_in(m, node, 1));
    const onx_layer l = {.name = name,
                         .weight = 1,
                         .bias = b ? 2 : -1,
                         .shape = {.rank = 4,
                                   .dim = {t.w.at.filters, t.w.at.kernel[0], t.w.at.kernel[1],
                                           (int32_t)(t.c->d.dim[0] / t.w.at.groups)}},
                         .place = places(m, &t),
                         .axis = t.w.at.groups == 1 ? 1 : -1,
                         .alpha = 1,
                         .beta = 1};
    const ir_attrs spread = {.groups = 1, .stride = {t.stride[0], t.stride[1]}};
    ir_tensor *in[3] = {t.w.image};
    int n;
    if (t.stride[0] > 1 || t.stride[1] > 1)
        in[0] = onx_emit(m, node, OP_DILATE, onx_fresh(m, name, "dilated"), &spread, 1, in,
                         in[0]->quant);
    return in[0] && onx_layer_consts(m, node, &l, in, &n) &&
           onx_window_done(m, node, &t.w, onx_emit(m, node, OP_CONV2D, name, &t.w.at, n, in, NULL));
}
