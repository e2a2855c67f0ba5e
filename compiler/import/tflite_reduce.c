/* tflite_reduce.c - MEAN, SUM, REDUCE_MAX, REDUCE_MIN over any dimensions, ARG_MAX. */
#include "compiler/import/tflite.h"

static const struct {
    int code;
    ir_opkind kind;
} kinds[] = {{TFL_OP_MEAN, OP_REDUCE_MEAN},
             {TFL_OP_SUM, OP_REDUCE_SUM},
             {TFL_OP_REDUCE_MAX, OP_REDUCE_MAX},
             {TFL_OP_REDUCE_MIN, OP_REDUCE_MIN}};

static bool check_operands(tfl_model *m, const tfl_op *op)
{
    bool ok = op->n_in == 2 && op->n_out == 1 && tfl_in(m, op, 0) && tfl_in(m, op, 1);
    return ok || tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
}

/* Dimensions of the file as bits; 0 after tfl_cannot. */
static unsigned find_axes(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *axes = tfl_in(m, op, 1), *x = tfl_in(m, op, 0);
    unsigned mask = 0;
    for (int i = 0; i < axes->n_ints; i++) {
        int axis = tfl_axis(m, op, axes->ints[i], x->rank);
        if (axis < 0)
            return 0;
        mask |= 1U << axis;
    }
    if (!mask)
        tfl_cannot(m, op, NULL, "its dimensions %s are no constant", tfl_tensor_str(m, axes));
    return mask;
}

/* Height and width of an image: a pool, which has kernels of its own. */
static bool is_global_pool(const tfl_op *op, const tfl_tensor *x, unsigned mask)
{
    return op->code == TFL_OP_MEAN && x->rank == 4 && x->dim[0] == 1 && mask == 6;
}

bool tfl_reduce(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!check_operands(m, op) || !tfl_options(m, op, OPTIONS_REDUCER))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0);
    tfl_tensor *to = tfl_out(m, op, 0);
    unsigned mask = find_axes(m, op);
    if (!mask)
        return false;
    at.keep = fb_uint8(&m->file, op->options, REDUCER_KEEP_DIMS, 0) != 0;
    if (is_global_pool(op, x, mask))
        return tfl_emit(m, op, OP_GLOBAL_AVGPOOL, tfl_layer_name(m, op, NULL), &at, 1,
                        (ir_tensor *const[]){x->ir}, to);
    size_t k = 0;
    while (kinds[k].code != op->code)
        k++;
    bool selects = kinds[k].kind == OP_REDUCE_MAX || kinds[k].kind == OP_REDUCE_MIN;
    int batch = tfl_has_batch(x);
    for (int d = batch; d < x->rank; d++)
        if (mask >> d & 1U)
            at.axes.dim[at.axes.rank++] = d - batch;
    if (!at.axes.rank)
        return tfl_cannot(m, op, "leave it out", "it reduces the batch of 1 only");
    return (!selects || tfl_check_scales(m, op, x, to)) &&
           tfl_emit_shaped(m, op, kinds[k].kind, &at, 1, (ir_tensor *const[]){x->ir}, to);
}

/* The indices are int32 here, whatever the file has. */
bool tfl_argmax(tfl_model *m, const tfl_op *op)
{
    ir_shape want;
    const ir_shape unknown = {.rank = 0};
    if (!check_operands(m, op))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0), *axis = tfl_in(m, op, 1);
    tfl_tensor *to = tfl_out(m, op, 0);
    int d = tfl_axis(m, op, axis->n_ints == 1 ? axis->ints[0] : INT32_MIN / 2, x->rank);
    if (d < 0)
        return false;
    if (to->readers)
        return tfl_cannot(m, op, "end the model with it", "operators compute with its indices");
    if (d < tfl_has_batch(x))
        return tfl_cannot(m, op, NULL, "it looks along the batch");
    const char *name = tfl_layer_name(m, op, NULL);
    ir_tensor *in = x->ir,
              *out = ir_add_tensor(m->ctx, m->g, name, IR_VALUE, m->quantized ? IR_I32 : IR_F32,
                                   &unknown, loc_file(m->file.src));
    ir_op *o = ir_add_op(m->ctx, m->g, OP_ARGMAX, name, 1, &in, 1, &out, loc_file(m->file.src));
    o->at = (ir_attrs){.groups = 1, .axis = d - tfl_has_batch(x)};
    if (!ir_infer_shape(m->ctx, o))
        return false;
    if (!tfl_shape(to, &want) || !ir_shape_eq(&want, &out->shape))
        return tfl_cannot(m, op, "convert the model with fixed shapes and batch size 1",
                          "its result is %s by its attributes, and not so in the file",
                          ir_shape_str(m->ctx->a, &out->shape));
    out->tflite_index = to->index;
    to->ir = out;
    return true;
}
