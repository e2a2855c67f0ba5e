/* tflite_operand.c - constants that are operands, and the operators that take one: PRELU, and ADD,
 * SUB, MUL, MINIMUM, MAXIMUM where tflite_layers.c has no layer for them. L2_NORMALIZATION. */
#include <string.h>

#include "compiler/import/tflite.h"

/* Shape in the IR; a scalar is [1]. NULL quantization: float. */
static const void *operand_data(tfl_model *m, const tfl_op *op, const tfl_tensor *t,
                                const ir_shape *s)
{
    int64_t n = ir_elems(s);
    if (!m->quantized)
        return tfl_reals(m, op, t);
    if (!tfl_count_bytes(m, (uint64_t)n))
        return NULL;
    return arena_memdup(m->ctx->a, fb_bytes(&m->file, t->data), (size_t)n);
}

ir_tensor *tfl_operand(tfl_model *m, const tfl_op *op, tfl_tensor *t)
{
    ir_shape shape;
    if (t->ir || t->operand)
        return t->ir ? t->ir : t->operand;
    if (!tfl_is_const(t) || !tfl_shape(t, &shape)) {
        tfl_cannot(m, op, NULL, "its operand %s is no activation and no constant of a fixed shape",
                   tfl_tensor_str(m, t));
        return NULL;
    }
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, t) : NULL;
    if (m->quantized && !q)
        return NULL;
    const void *data = operand_data(m, op, t, &shape);
    if (!data)
        return NULL;
    const char *name = import_name(m->ctx, &m->names, t->name, NULL, NULL, "constant");
    t->operand = ir_add_tensor(m->ctx, m->g, name, IR_CONST, q ? IR_I8 : IR_F32, &shape,
                               loc_file(m->file.src));
    t->operand->wname = name;
    t->operand->data = data;
    t->operand->quant = q;
    t->operand->tflite_index = t->index;
    return t->operand;
}

bool tfl_prelu(tfl_model *m, const tfl_op *op)
{
    const ir_attrs at = {.groups = 1};
    if (op->n_in != 2 || op->n_out != 1 || !tfl_in(m, op, 0) || !tfl_in(m, op, 1))
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    ir_tensor *in[2] = {tfl_in(m, op, 0)->ir, tfl_operand(m, op, tfl_in(m, op, 1))};
    if (!in[0])
        return tfl_cannot(m, op, NULL, "its operand %s is a constant",
                          tfl_tensor_str(m, tfl_in(m, op, 0)));
    return in[1] &&
           tfl_emit(m, op, OP_PRELU, tfl_layer_name(m, op, NULL), &at, 2, in, tfl_out(m, op, 0));
}

bool tfl_l2_norm(tfl_model *m, const tfl_op *op)
{
    const ir_attrs at = {.groups = 1};
    if (op->n_in != 1 || op->n_out != 1 || !tfl_in(m, op, 0))
        return tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
    if (!tfl_options(m, op, OPTIONS_L2_NORM))
        return false;
    if (fb_int8(&m->file, op->options, L2_NORM_ACTIVATION, TFL_ACT_NONE) != TFL_ACT_NONE)
        return tfl_cannot(m, op, "put the activation behind it", "it has a fused activation");
    ir_tensor *x = tfl_in(m, op, 0)->ir;
    return tfl_emit(m, op, OP_L2_NORM, tfl_layer_name(m, op, NULL), &at, 1, &x, tfl_out(m, op, 0));
}
