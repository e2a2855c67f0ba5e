/* onnx_window.c - what works on images [1,C,H,W]. */
#include "compiler/export/onnx.h"

/* Cells that the last window of a dimension reaches beyond the pads (`ceil`). */
static int64_t overhang(const ir_op *op, int k)
{
    const ir_attrs *at = &op->at;
    int64_t size = op->in[0]->shape.dim[k] + at->pad[2 * k] + at->pad[2 * k + 1];
    int64_t end = (int64_t)(op->out[0]->shape.dim[k] - 1) * at->stride[k] + at->kernel[k];
    return end > size ? end - size : 0;
}

static Onnx__NodeProto *padded(exo_graph *x, const char *in, const char *name, int rank,
                               const int64_t *pads)
{
    const char *list = exo_int64s(x, exo_name(x, "%s.pads", name), 2 * rank, pads);
    return exo_node(x, "Pad", 2, (const char *[]){in, list});
}

static Onnx__NodeProto *pad_image(exo_graph *x, const ir_op *op, const char *in)
{
    const int *p = op->at.pad;
    const int64_t pads[8] = {0, 0, p[0], p[2], 0, 0, p[1], p[3]};
    return padded(x, in, op->name, 4, pads);
}

/* ONNX's ceil_mode is left alone: tools disagree about it. The overhang is a pad more, which counts
 * nowhere; where the pads themselves count, they are cells of a Pad before. */
bool exo_pool(exo_graph *x, const ir_op *op)
{
    const ir_attrs *at = &op->at;
    bool max = op->kind == OP_MAXPOOL;
    int64_t over[2] = {overhang(op, 0), overhang(op, 1)};
    const int64_t kernel[] = {at->kernel[0], at->kernel[1]},
                  strides[] = {at->stride[0], at->stride[1]};
    int64_t pads[] = {at->pad[0], at->pad[2], at->pad[1], at->pad[3]};
    const char *in = exo_get(x, op->in[0], EXO_FIRST);
    bool apart = !max && at->count_all && (over[0] || over[1]);
    for (int i = 0; i < 4 && apart; i++)
        pads[i] = 0;
    if (apart)
        in = exo_step(x, pad_image(x, op, in), op, "padded", op->in[0]);
    pads[2] += over[0];
    pads[3] += over[1];
    Onnx__NodeProto *n = exo_node1(x, max ? "MaxPool" : "AveragePool", in);
    exo_set_ints(x, n, "kernel_shape", 2, kernel);
    exo_set_ints(x, n, "strides", 2, strides);
    exo_set_ints(x, n, "pads", 4, pads);
    if (!max && at->count_all && !apart)
        exo_set_int(x, n, "count_include_pad", 1);
    return exo_done(x, op, n, EXO_FIRST);
}

bool exo_global_pool(exo_graph *x, const ir_op *op)
{
    const ir_tensor *y = op->out[0];
    const exo_dims d = exo_dims_of(&y->shape, EXO_LAST);
    bool max = op->kind == OP_GLOBAL_MAXPOOL;
    Onnx__NodeProto *n =
        exo_node1(x, max ? "GlobalMaxPool" : "GlobalAveragePool", exo_get(x, op->in[0], EXO_FIRST));
    n = exo_acted(x, op, n);
    if (y->shape.rank == 1)
        n = exo_reshape(x, exo_step(x, n, op, "pooled", y), y->name, &d);
    return exo_result(x, op, n, EXO_FIRST);
}

bool exo_pad(exo_graph *x, const ir_op *op)
{
    return exo_done(x, op, pad_image(x, op, exo_get(x, op->in[0], EXO_FIRST)), EXO_FIRST);
}

/* TensorFlow's coordinates in ONNX's words: with half pixels TensorFlow takes ⌊(o + ½)·s⌋, which is
 * ONNX's coordinate (o + ½)·s − ½ rounded to nearest. */
bool exo_resize(exo_graph *x, const ir_op *op)
{
    bool nearest = op->kind == OP_RESIZE_NEAREST, align = op->at.align_corners;
    const exo_dims d = exo_dims_of(&op->out[0]->shape, EXO_FIRST);
    const char *in[] = {exo_get(x, op->in[0], EXO_FIRST), NULL, NULL,
                        exo_int64s(x, exo_name(x, "%s.sizes", op->name), d.rank, d.dim)};
    Onnx__NodeProto *n = exo_node(x, "Resize", 4, in);
    exo_set_text(x, n, "mode", nearest ? "nearest" : "linear");
    exo_set_text(x, n, "coordinate_transformation_mode",
                 align               ? "align_corners"
                 : op->at.half_pixel ? "half_pixel"
                                     : "asymmetric");
    if (nearest)
        exo_set_text(x, n, "nearest_mode",
                     align || op->at.half_pixel ? "round_prefer_ceil" : "floor");
    return exo_done(x, op, n, EXO_FIRST);
}

/* Zeros between cells: every cell becomes a block with the cell at its corner, and the last block's
 * surplus is cut off. */
bool exo_dilate(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0];
    const int32_t *s = t->shape.dim;
    int64_t h = op->at.stride[0], w = op->at.stride[1];
    const exo_dims apart = {6, {1, s[2], s[0], 1, s[1], 1}},
                   blocks = {4, {1, s[2], s[0] * h, s[1] * w}};
    const int64_t pads[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, h - 1, 0, w - 1};
    const int64_t from[] = {0, 0}, to[] = {op->out[0]->shape.dim[0], op->out[0]->shape.dim[1]},
                  axes[] = {2, 3};
    const char *v = exo_get(x, t, EXO_FIRST);
    v = exo_step(x, exo_reshape(x, v, op->name, &apart), op, "cells", t);
    v = exo_step(x, padded(x, v, op->name, 6, pads), op, "spread", t);
    v = exo_step(x, exo_reshape(x, v, op->name, &blocks), op, "blocks", t);
    const char *in[] = {v, exo_int64s(x, exo_name(x, "%s.starts", op->name), 2, from),
                        exo_int64s(x, exo_name(x, "%s.ends", op->name), 2, to),
                        exo_int64s(x, exo_name(x, "%s.axes", op->name), 2, axes)};
    return exo_done(x, op, exo_node(x, "Slice", 4, in), EXO_FIRST);
}
