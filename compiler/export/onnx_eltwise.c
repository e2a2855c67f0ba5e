/* onnx_eltwise.c - operators element by element, softmax and l2_norm. */
#include "compiler/export/onnx.h"

/* ---- one operand --------------------------------------------------------------------------- */

static const struct unary {
    ir_opkind kind;
    const char *type;
    const char *alpha; /* what `alpha` of the IR is called, or NULL */
} unaries[] = {
    {OP_RELU, "Relu", NULL},       {OP_RELU6, "Clip", NULL}, {OP_LEAKY_RELU, "LeakyRelu", "alpha"},
    {OP_SIGMOID, "Sigmoid", NULL}, {OP_TANH, "Tanh", NULL},  {OP_HARD_SWISH, "HardSwish", NULL},
    {OP_ELU, "Elu", "alpha"},      {OP_GELU, "Gelu", NULL},  {OP_GELU_TANH, "Gelu", NULL}};

bool exo_unary(exo_graph *x, const ir_op *op)
{
    exo_form form = exo_form_of(x, op->in[0]);
    const struct unary *u = unaries;
    while (u->kind != op->kind)
        u++;
    const char *in[] = {exo_get(x, op->in[0], form), NULL, NULL};
    if (op->kind == OP_RELU6) {
        in[1] = exo_real(x, exo_name(x, "%s.min", op->name), 0);
        in[2] = exo_real(x, exo_name(x, "%s.max", op->name), 6);
    }
    Onnx__NodeProto *n = exo_node(x, u->type, in[1] ? 3 : 1, in);
    if (u->alpha)
        exo_set_float(x, n, u->alpha, op->at.alpha);
    if (op->kind == OP_GELU_TANH)
        exo_set_text(x, n, "approximate", "tanh");
    return exo_done(x, op, n, form);
}

bool exo_softmax(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0];
    exo_form form = exo_form_of(x, t);
    bool l2 = op->kind == OP_L2_NORM;
    Onnx__NodeProto *n = exo_node1(x, l2 ? "LpNormalization" : "Softmax", exo_get(x, t, form));
    exo_set_int(x, n, "axis", exo_axis(t, form, t->shape.rank - 1));
    if (l2)
        exo_set_int(x, n, "p", 2);
    return exo_done(x, op, n, form);
}

/* In codes the real behind the operand's codes, rounded to others. */
bool exo_requantize(exo_graph *x, const ir_op *op)
{
    exo_form form = exo_form_of(x, op->in[0]);
    const char *in = exo_get(x, op->in[0], form);
    if (!exo_quantized(x))
        return exo_done(x, op, exo_node1(x, "Identity", in), form);
    exo_define(x, op->out[0], in, exo_name(x, "%s", op->name), form);
    return true;
}

/* ---- two operands -------------------------------------------------------------------------- */

/* An operand of fewer dimensions, with ones where the other's first ones are. */
static const char *widened(exo_graph *x, const ir_op *op, int i, int rank)
{
    const ir_tensor *t = op->in[i];
    ir_shape s = {.rank = rank};
    for (int k = 0; k < rank; k++)
        s.dim[k] = k < rank - t->shape.rank ? 1 : t->shape.dim[k - (rank - t->shape.rank)];
    const exo_dims d = exo_dims_of(&s, EXO_FIRST);
    if (t->kind == IR_CONST)
        return exo_constant(x, t, EXO_FIRST, &d);
    const char *v = exo_get(x, t, EXO_FIRST);
    if (t->shape.rank == rank)
        return v;
    return exo_step(x, exo_reshape(x, v, t->name, &d), op, i ? "right" : "left", t);
}

static const char *binary_type(ir_opkind kind)
{
    return kind == OP_ADD       ? "Add"
           : kind == OP_SUB     ? "Sub"
           : kind == OP_MUL     ? "Mul"
           : kind == OP_PRELU   ? "PRelu"
           : kind == OP_MINIMUM ? "Min"
                                : "Max";
}

bool exo_binary(exo_graph *x, const ir_op *op)
{
    const ir_tensor *a = op->in[0], *b = op->in[1];
    int rank = op->out[0]->shape.rank;
    bool last = a->shape.rank == b->shape.rank && exo_form_of(x, a) == EXO_LAST &&
                exo_form_of(x, b) == EXO_LAST;
    const char *in[2];
    for (int i = 0; i < 2; i++)
        in[i] = last ? exo_get(x, op->in[i], EXO_LAST) : widened(x, op, i, rank);
    return exo_done(x, op, exo_node(x, binary_type(op->kind), 2, in), last ? EXO_LAST : EXO_FIRST);
}
