/* tflite_space.c - SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND around a convolution, which are its
 * dilation; DEPTH_TO_SPACE, SPACE_TO_DEPTH; MIRROR_PAD. */
#include "compiler/import/tflite.h"

enum { MAX_PAD = 32767 }; /* what QDL can say */

/* ---- dilation ------------------------------------------------------------------------------ */

/* Operands 1 and 2: two sizes, and two pairs of numbers of cells. */
static bool take_numbers(tfl_model *m, const tfl_op *op, int block[2], int edges[4])
{
    const tfl_tensor *b = tfl_in(m, op, 1), *e = tfl_in(m, op, 2);
    if (op->n_in != 3 || op->n_out != 1 || !tfl_in(m, op, 0) || !b || !e || b->n_ints != 2 ||
        e->n_ints != 4)
        return tfl_cannot(m, op, NULL,
                          "its block and edges are no constants of 2 and 2 x 2 numbers");
    for (int i = 0; i < 4; i++) {
        edges[i] = e->ints[i];
        if (i < 2)
            block[i] = b->ints[i];
        if (edges[i] < 0 || edges[i] > MAX_PAD || (i < 2 && (block[i] < 1 || block[i] > MAX_PAD)))
            return tfl_cannot(m, op, NULL, "its numbers are not all in 0..%d", MAX_PAD);
    }
    return true;
}

bool tfl_space_to_batch(tfl_model *m, const tfl_op *op)
{
    tfl_space s = {0};
    if (!take_numbers(m, op, s.block, s.pad))
        return false;
    tfl_tensor *to = tfl_out(m, op, 0);
    s.x = tfl_in(m, op, 0);
    if (!tfl_image(m, op, s.x) || !tfl_check_scales(m, op, s.x, to))
        return false;
    if (to->readers != 1)
        return tfl_cannot(m, op, "only a convolution may read its result",
                          "several operators read its result");
    to->space = arena_memdup(m->ctx->a, &s, sizeof s);
    return true;
}

/* The BATCH_TO_SPACE_ND that alone reads a tensor, or NULL. */
static const tfl_op *back(const tfl_model *m, const tfl_tensor *t)
{
    for (int i = 0; t->readers == 1 && i < m->n_ops; i++)
        if (m->ops[i].live && m->ops[i].code == TFL_OP_BATCH_TO_SPACE_ND &&
            tfl_in(m, &m->ops[i], 0) == t)
            return &m->ops[i];
    return NULL;
}

tfl_tensor *tfl_dilated(tfl_model *m, const tfl_op *op, const tfl_space *s, ir_attrs *at)
{
    int block[2], crop[4];
    tfl_tensor *y = tfl_out(m, op, 0);
    const tfl_op *end = back(m, y);
    if (!end || at->padmode != IR_PAD_VALID || at->stride[0] != 1 || at->stride[1] != 1 ||
        at->dilation[0] != 1 || at->dilation[1] != 1) {
        tfl_cannot(m, op, "let the converter fold the dilation into the convolution",
                   "between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND it has strides, pads, a "
                   "dilation or company");
        return NULL;
    }
    if (!take_numbers(m, end, block, crop) || !tfl_same_quant(m, end, y, tfl_out(m, end, 0)))
        return NULL;
    at->padmode = IR_PAD_EXPLICIT;
    for (int i = 0; i < 4; i++) {
        at->pad[i] = s->pad[i] - crop[i];
        if (i < 2)
            at->dilation[i] = s->block[i];
        if (at->pad[i] < 0 || block[i / 2] != s->block[i / 2]) {
            tfl_cannot(m, end, NULL, "it does not undo the SPACE_TO_BATCH_ND before");
            return NULL;
        }
    }
    return tfl_out(m, end, 0);
}

/* Done with the convolution before it. */
bool tfl_batch_to_space(tfl_model *m, const tfl_op *op)
{
    return (op->n_out == 1 && tfl_out(m, op, 0)->ir) ||
           tfl_cannot(m, op, NULL, "there is no SPACE_TO_BATCH_ND and convolution before it");
}

/* ---- depth and space ----------------------------------------------------------------------- */

bool tfl_depth_space(tfl_model *m, const tfl_op *op)
{
    bool space = op->code == TFL_OP_DEPTH_TO_SPACE;
    const tfl_tensor *x = tfl_in(m, op, 0);
    if (op->n_in != 1 || op->n_out != 1 || !x)
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    if (!tfl_options(m, op, space ? OPTIONS_DEPTH_TO_SPACE : OPTIONS_SPACE_TO_DEPTH) ||
        !tfl_image(m, op, x))
        return false;
    int32_t b = fb_int32(&m->file, op->options, BLOCK_SIZE, 0), h = x->dim[1], w = x->dim[2],
            c = x->dim[3];
    if (b < 1 || b > 1024 || (space ? c % (b * b) != 0 : h % b != 0 || w % b != 0))
        return tfl_cannot(m, op, NULL, "blocks of %d do not suit %s", (int)b, tfl_tensor_str(m, x));
    const ir_shape parts =
        space ? (ir_shape){5, {h, w, b, b, c / (b * b)}} : (ir_shape){5, {h / b, b, w / b, b, c}};
    const ir_attrs turn = {.groups = 1, .axes = {5, {0, 2, 1, 3, 4}}};
    ir_tensor *in = tfl_reshaped(m, op, x->ir, &parts);
    return in && tfl_check_scales(m, op, x, tfl_out(m, op, 0)) &&
           tfl_emit_shaped(m, op, OP_TRANSPOSE, &turn, 1, &in, tfl_out(m, op, 0));
}

/* ---- mirrored edges ------------------------------------------------------------------------ */

/* n cells of x along dimension d, from `first` backwards. */
static ir_tensor *mirrored(tfl_model *m, const tfl_op *op, ir_tensor *x, int d, int n, int first)
{
    ir_attrs at = {.groups = 1,
                   .begin = {.rank = x->shape.rank},
                   .end = x->shape,
                   .step = {.rank = x->shape.rank}};
    for (int i = 0; i < x->shape.rank; i++)
        at.step.dim[i] = i == d ? -1 : 1;
    at.begin.dim[d] = first;
    at.end.dim[d] = first - n < 0 ? -x->shape.dim[d] - 1 : first - n;
    return tfl_temporary(m, op, OP_SLICE, tfl_fresh_name(m, x->name, "edge"), &at, 1, &x,
                         tfl_in(m, op, 0));
}

/* x with `before` and `after` mirrored cells along dimension d. reflect: the edge itself is not
 * repeated. */
static ir_tensor *framed(tfl_model *m, const tfl_op *op, ir_tensor *x, int d, int before, int after,
                         bool reflect)
{
    const ir_attrs at = {.groups = 1, .axis = d};
    int size = x->shape.dim[d], n = 0;
    ir_tensor *in[3];
    if (before)
        in[n++] = mirrored(m, op, x, d, before, before - !reflect);
    in[n++] = x;
    if (after)
        in[n++] = mirrored(m, op, x, d, after, size - 1 - reflect);
    for (int i = 0; i < n; i++)
        if (!in[i])
            return NULL;
    return n == 1 ? x
                  : tfl_temporary(m, op, OP_CONCAT, tfl_fresh_name(m, x->name, "framed"), &at, n,
                                  in, tfl_in(m, op, 0));
}

bool tfl_mirror_pad(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *x = tfl_in(m, op, 0), *pads = tfl_in(m, op, 1);
    if (op->n_in != 2 || op->n_out != 1 || !x || !pads || !x->ir || pads->n_ints != 2 * x->rank)
        return tfl_cannot(m, op, NULL, "its pads are no constant of two numbers a dimension");
    if (!tfl_options(m, op, OPTIONS_MIRROR_PAD) || !tfl_check_scales(m, op, x, tfl_out(m, op, 0)))
        return false;
    bool reflect = fb_int8(&m->file, op->options, MIRROR_PAD_MODE, 0) == 0;
    int batch = tfl_has_batch(x);
    ir_tensor *y = x->ir;
    for (int d = 0; d < x->rank; d++) {
        int before = pads->ints[2 * d], after = pads->ints[2 * d + 1], most = x->dim[d] - reflect;
        if (before < 0 || after < 0 || before > most || after > most ||
            (d < batch && (before || after)))
            return tfl_cannot(m, op, NULL, "its pads %d and %d do not suit dimension %d of %s",
                              before, after, d, tfl_tensor_str(m, x));
        if (d >= batch && !(y = framed(m, op, y, d - batch, before, after, reflect)))
            return false;
    }
    const ir_attrs at = {.groups = 1, .to = y->shape};
    return tfl_emit(m, op, OP_RESHAPE, tfl_layer_name(m, op, NULL), &at, 1, &y, tfl_out(m, op, 0));
}
