/* onnx_resize.c - Resize and Upsample of height and width, nearest and linear.
 *
 * The IR's operators are TensorFlow's. ONNX has many ways to say where cells lie: the places that
 * nearest takes are computed here by ONNX's formula, and that mode of the IR is taken which takes
 * the same ones. */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

typedef struct axis {
    int64_t in, out;
    double scale;
} axis;

/* ONNX: where place i of the result lies in the input; NAN: a mode that qcc has not. */
static double place_of(const char *mode, const axis *a, int64_t i)
{
    double at = (double)i;
    if (!strcmp(mode, "asymmetric"))
        return at / a->scale;
    if (!strcmp(mode, "align_corners"))
        return a->out == 1 ? 0 : at * (double)(a->in - 1) / (double)(a->out - 1);
    if (!strcmp(mode, "tf_half_pixel_for_nn"))
        return (at + 0.5) / a->scale;
    if (!strcmp(mode, "pytorch_half_pixel") && a->out == 1)
        return 0;
    return strstr(mode, "half_pixel") ? (at + 0.5) / a->scale - 0.5 : (double)NAN;
}

static double nearest(const char *mode, double v)
{
    return !strcmp(mode, "floor")               ? floor(v)
           : !strcmp(mode, "ceil")              ? ceil(v)
           : !strcmp(mode, "round_prefer_ceil") ? floor(v + 0.5)
                                                : ceil(v - 0.5);
}

/* The IR's in float32, docs/numerics.md: at corners, with `align corners`, with `half pixel`. */
static int64_t taken(int mode, const axis *a, int64_t i)
{
    bool corners = mode == 1 && a->out > 1;
    volatile float step = (float)(a->in - corners) / (float)(a->out - corners);
    volatile float p = ((float)i + (mode == 2 ? 0.5f : 0.0f)) * step;
    double v = mode == 1 ? floor((double)p + 0.5) : floor((double)p);
    return v > (double)(a->in - 1) ? a->in - 1 : (int64_t)v;
}

static bool same_places(int mode, const axis *a, const char *where, const char *rounding)
{
    for (int64_t i = 0; i < a->out; i++) {
        double v = nearest(rounding, place_of(where, a, i));
        v = v < 0 ? 0 : v > (double)(a->in - 1) ? (double)(a->in - 1) : v;
        if (!(v == (double)taken(mode, a, i)))
            return false;
    }
    return true;
}

/* Sizes or scales of all dimensions: operands of Resize, or those of Upsample. */
static bool take_sizes(onx_model *m, const onx_node *node, const onx_value *x, axis *a)
{
    bool resize = !strcmp(node->type, "Resize") && m->opset >= 11;
    int scales = resize ? 2 : 1, at = resize && onx_in(m, node, 3) ? 3 : scales;
    const onx_const *c = onx_const_in(m, node, at, at == 3 ? "sizes" : "scales");
    if (!c)
        return false;
    if (c->n != x->d.rank)
        return onx_cannot(m, node, NULL, "it has %lld sizes for %d dimensions", (long long)c->n,
                          x->d.rank);
    for (int i = 0; i < x->d.rank; i++) {
        double out = at == 3 ? c->v[i] : floor((double)x->d.dim[i] * c->v[i]);
        if (!(out >= 1 && out <= 32767) || (i < 2 && out != (double)x->d.dim[i]))
            return onx_cannot(m, node, "resize height and width only",
                              "it resizes dimension %d to %g", i, out);
        a[i] = (axis){x->d.dim[i], (int64_t)out, at == 3 ? out / (double)x->d.dim[i] : c->v[i]};
    }
    return true;
}

/* 0: at corners, 1: align corners, 2: half pixel; -1: none of the IR's. */
static int find_mode(onx_model *m, const onx_node *node, const axis *a, bool linear)
{
    bool old = strcmp(node->type, "Resize") != 0 || m->opset < 11;
    const char *where =
        onx_string(m, node, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const char *rounding =
        onx_string(m, node, "nearest_mode", old ? "floor" : "round_prefer_floor");
    for (int mode = 0; mode < 3 && !linear; mode++)
        if (same_places(mode, &a[2], where, rounding) && same_places(mode, &a[3], where, rounding))
            return mode;
    for (int i = 2; i < 4; i++) {
        bool other = fabs(a[i].scale * (double)a[i].in - (double)a[i].out) > 1e-6;
        bool single = a[i].out == 1 && !strcmp(where, "pytorch_half_pixel");
        if (!linear || single || other)
            return -1;
    }
    return !strcmp(where, "asymmetric")                                                        ? 0
           : !strcmp(where, "align_corners")                                                   ? 1
           : strstr(where, "half_pixel") != NULL && strcmp(where, "tf_half_pixel_for_nn") != 0 ? 2
                                                                                               : -1;
}

bool onx_resize(onx_model *m, const onx_node *node)
{
    axis a[ONX_MAX_RANK];
    ir_attrs at = {.groups = 1};
    onx_value *x = onx_act(m, node, 0);
    if (!x || !take_sizes(m, node, x, a))
        return false;
    const char *how = onx_string(m, node, "mode", "nearest");
    bool linear = !strcmp(how, "linear") || !strcmp(how, "bilinear");
    int mode = x->d.rank == 4 ? find_mode(m, node, a, linear) : -1;
    if ((!linear && strcmp(how, "nearest") != 0) || mode < 0 ||
        onx_int(node, "exclude_outside", 0) || (!x->batch && x->d.dim[0] != 1))
        return onx_cannot(
            m, node, "resize images by nearest, asymmetric and floor, or linear, half_pixel",
            "its mode '%s' with these coordinates is none of qcc's", onx_shown(m->ctx, how));
    at.kernel[0] = (int)a[2].out;
    at.kernel[1] = (int)a[3].out;
    at.align_corners = mode == 1;
    at.half_pixel = mode == 2;
    const int dims[] = {2, 3, 1};
    int64_t sizes[] = {x->d.dim[2], x->d.dim[3], x->d.dim[1]};
    const ir_shape shape = onx_shape(3, sizes);
    ir_tensor *y = onx_in_dims(m, node, x, 3, dims, &shape);
    y = y ? onx_emit(m, node, linear ? OP_RESIZE_BILINEAR : OP_RESIZE_NEAREST, NULL, &at, 1, &y,
                     NULL)
          : NULL;
    onx_dims d = x->d;
    d.dim[2] = a[2].out;
    d.dim[3] = a[3].out;
    return onx_done(m, node, 0, y, &d, onx_lay_of(&d, x->batch, 3, dims), x->batch);
}
