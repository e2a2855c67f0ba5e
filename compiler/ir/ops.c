/* ops.c - facts about operators and element types. */
#include "compiler/ir/ir.h"

const ir_opinfo ir_opinfos[OP_COUNT] = {
#define OP(NAME, word, mn, mx, nout, flags) {#NAME, word, mn, mx, nout, flags},
#include "compiler/ir/ops.def"
#undef OP
};

static const struct {
    size_t size;
    const char *name;
} types[] = {
    [IR_F32] = {4, "f32"}, [IR_I8] = {1, "i8"},   [IR_U8] = {1, "u8"},
    [IR_I16] = {2, "i16"}, [IR_I32] = {4, "i32"}, [IR_I64] = {8, "i64"},
};

size_t ir_type_size(ir_type t)
{
    return types[t].size;
}

const char *ir_type_name(ir_type t)
{
    return types[t].name;
}

const char *ir_numerics_name(ir_numerics n)
{
    static const char *const names[] = {
        [IR_NUM_Q32] = "q32", [IR_NUM_TFLM] = "tflm",
        [IR_NUM_SINGLE] = "single", [IR_NUM_ONNX] = "onnx"};
    return names[n];
}

int64_t ir_elems(const ir_shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

bool ir_shape_eq(const ir_shape *a, const ir_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *ir_shape_str(arena *a, const ir_shape *s)
{
    buf b;
    buf_init(&b, a);
    for (int i = 0; i < s->rank; i++)
        buf_printf(&b, "%s%d", i ? "x" : "", (int)s->dim[i]);
    return s->rank ? buf_str(&b) : "scalar";
}

static bool takes_weight(const ir_op *op)
{
    return op->kind == OP_CONV2D || op->kind == OP_DENSE;
}

ir_tensor *ir_weight(const ir_op *op)
{
    return takes_weight(op) && op->n_in > 1 ? op->in[1] : NULL;
}

ir_tensor *ir_bias(const ir_op *op)
{
    return takes_weight(op) && op->n_in > 2 ? op->in[2] : NULL;
}

bool ir_is_index(const ir_tensor *t)
{
    return t->producer && t->producer->kind == OP_ARGMAX;
}

bool ir_is_depthwise(const ir_op *op)
{
    if (op->kind != OP_CONV2D || op->at.groups < 2)
        return false;
    const ir_shape *x = &op->in[0]->shape;
    return op->at.groups == x->dim[x->rank - 1];
}

int64_t ir_macs(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    if (!w || w->shape.rank == 0)
        return 0;
    return ir_elems(&op->out[0]->shape) * (ir_elems(&w->shape) / w->shape.dim[0]);
}
