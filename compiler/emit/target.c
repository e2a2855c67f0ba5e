/* target.c - the tables: targets, and for each operator its printers and what its kernel needs. */
#include "compiler/emit/ops.h"

#include <string.h>

typedef struct op_row {
    bool (*print)(emitter *e, const ir_op *op);       /* codes */
    bool (*print_float)(emitter *e, const ir_op *op);
    int64_t (*scratch)(const emitter *e, const ir_op *op);
    bool elementwise; /* an output element depends on the inputs' elements of the same index only */
} op_row;

static bool print_any_conv(emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? print_depthwise(e, op) : print_conv(e, op);
}

static bool print_any_float_conv(emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? print_float_depthwise(e, op) : print_conv(e, op);
}

static int64_t scratch_any_conv(const emitter *e, const ir_op *op)
{
    return ir_is_depthwise(op) ? scratch_depthwise(e, op) : scratch_conv(e, op);
}

static const op_row rows[OP_COUNT] = {
    [OP_CONV2D] = {print_any_conv, print_any_float_conv, scratch_any_conv, false},
    [OP_DENSE] = {print_dense, print_dense, scratch_dense, false},
    [OP_MAXPOOL] = {print_maxpool, print_maxpool, NULL, false},
    [OP_AVGPOOL] = {print_avgpool, print_avgpool, scratch_avgpool, false},
    [OP_GLOBAL_AVGPOOL] = {print_global_avgpool, print_global_avgpool, scratch_avgpool, false},
    [OP_GLOBAL_MAXPOOL] = {print_maxpool, print_maxpool, NULL, false},
    [OP_ADD] = {print_add, print_float_eltwise, NULL, true},
    [OP_MUL] = {print_mul, print_float_eltwise, NULL, true},
    [OP_CONCAT] = {print_concat, print_concat, NULL, false},
    [OP_RESHAPE] = {print_reshape, print_reshape, NULL, true},
    [OP_PAD] = {print_pad, print_pad, NULL, false},
    [OP_RELU] = {print_unary, print_float_unary, NULL, true},
    [OP_RELU6] = {print_unary, print_float_unary, NULL, true},
    [OP_LEAKY_RELU] = {print_unary, print_float_unary, NULL, true},
    [OP_SIGMOID] = {print_unary, print_float_unary, NULL, true},
    [OP_TANH] = {print_unary, print_float_unary, NULL, true},
    [OP_HARD_SWISH] = {print_unary, print_float_unary, NULL, true},
    [OP_SOFTMAX] = {print_softmax, print_float_softmax, NULL, false},
};

/* TARGET(name, description, print): a row of emit_target. */
#define TARGETS(TARGET) TARGET("generic", "portable C99 for any processor", NULL)

#define ROW(name, description, print) {name, description, print},
static const emit_target targets[] = {TARGETS(ROW)};
#undef ROW

const emit_target *emit_find_target(const char *name)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; ++i)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}

const char *const *emit_target_names(int *n)
{
#define NAME(name, description, print) name,
    static const char *const names[] = {TARGETS(NAME)};
#undef NAME
    *n = (int)(sizeof names / sizeof *names);
    return names;
}

bool emit_op_is_nop(const ir_op *op)
{
    return op->kind == OP_RESHAPE;
}

/* Broadcast operands are read again after the output has begun. */
bool emit_may_alias(const ir_op *op, int in)
{
    const ir_tensor *x = op->in[in], *y = op->out[0];
    return rows[op->kind].elementwise && x->kind != IR_CONST &&
           ir_elems(&x->shape) == ir_elems(&y->shape) &&
           ir_type_size(x->type) == ir_type_size(y->type);
}

int64_t emit_scratch(const emitter *e, const ir_op *op)
{
    const op_row *row = &rows[op->kind];
    return row->scratch ? row->scratch(e, op) : 0;
}

bool emit_op(emitter *e, const ir_op *op)
{
    const op_row *row = &rows[op->kind];
    const emit_target *target = emit_find_target(e->o->target);
    if (emit_op_is_nop(op))
        return true;
    if (target && target->print && op->q)
        return target->print(e, op);
    bool (*print)(emitter *, const ir_op *) = op->q ? row->print : row->print_float;
    if (!print) {
        diag_add(e->ctx, D_INTERNAL_IR, op->loc, "the emitter has no printer for %s '%s'",
                 ir_opinfos[op->kind].word, op->name);
        return false;
    }
    return print(e, op);
}
