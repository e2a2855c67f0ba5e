/* onnx.c - one row an operator; ports; what cannot be exported, all of it; the file. */
#include "compiler/export/onnx.h"

static const char STATES[] =
    "run the steps of the sequence as one net, or keep its state outside it";

static const struct row {
    ir_opkind kind;
    exo_write *write; /* NULL: has no form in ONNX, and hint says what to do instead */
    int opset;        /* that has the operator in this form; 13 has axes of DequantizeLinear */
    const char *hint;
} rows[] = {
    {OP_CONV2D, exo_conv, 13, NULL},
    {OP_DENSE, exo_dense, 13, NULL},
    {OP_MAXPOOL, exo_pool, 13, NULL},
    {OP_AVGPOOL, exo_pool, 13, NULL},
    {OP_GLOBAL_AVGPOOL, exo_global_pool, 13, NULL},
    {OP_GLOBAL_MAXPOOL, exo_global_pool, 13, NULL},
    {OP_ADD, exo_binary, 13, NULL},
    {OP_SUB, exo_binary, 13, NULL},
    {OP_MUL, exo_binary, 13, NULL},
    {OP_PRELU, exo_binary, 13, NULL},
    {OP_MINIMUM, exo_binary, 13, NULL},
    {OP_MAXIMUM, exo_binary, 13, NULL},
    {OP_CONCAT, exo_concat, 13, NULL},
    {OP_RESHAPE, exo_to_shape, 13, NULL},
    {OP_PAD, exo_pad, 13, NULL},
    {OP_RELU, exo_unary, 13, NULL},
    {OP_RELU6, exo_unary, 13, NULL},
    {OP_LEAKY_RELU, exo_unary, 13, NULL},
    {OP_SIGMOID, exo_unary, 13, NULL},
    {OP_TANH, exo_unary, 13, NULL},
    {OP_HARD_SWISH, exo_unary, 14, NULL},
    {OP_ELU, exo_unary, 13, NULL},
    {OP_GELU, exo_unary, 20, NULL},
    {OP_GELU_TANH, exo_unary, 20, NULL},
    {OP_SOFTMAX, exo_softmax, 13, NULL},
    {OP_L2_NORM, exo_softmax, 13, NULL},
    {OP_SLICE, exo_slice, 13, NULL},
    {OP_TRANSPOSE, exo_transpose, 13, NULL},
    {OP_REQUANTIZE, exo_requantize, 13, NULL},
    {OP_REDUCE_SUM, exo_reduce, 13, NULL},
    {OP_REDUCE_MEAN, exo_reduce, 13, NULL},
    {OP_REDUCE_MAX, exo_reduce, 13, NULL},
    {OP_REDUCE_MIN, exo_reduce, 13, NULL},
    {OP_ARGMAX, exo_argmax, 13, NULL},
    {OP_RESIZE_NEAREST, exo_resize, 13, NULL},
    {OP_RESIZE_BILINEAR, exo_resize, 13, NULL},
    {OP_DILATE, exo_dilate, 13, NULL},
    {OP_ASSIGN, NULL, 13, STATES},
};

static const struct row *find_row(ir_opkind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

/* ---- what cannot be exported --------------------------------------------------------------- */

static const problem_words words = {D_EXPORT_UNSUPPORTED, "export", "have no form in ONNX"};

bool exo_cannot(exo_graph *x, const ir_op *op, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    problem_add(x->ctx, &x->problems, op, hint, fmt, ap);
    va_end(ap);
    return false;
}

static const char *op_str(void *model, const void *op)
{
    const exo_graph *x = model;
    const ir_op *o = op;
    return arena_printf(x->ctx->a, "%s '%s'", ir_opinfos[o->kind].word, o->name);
}

/* ---- activations --------------------------------------------------------------------------- */

/* In codes they are int8; legalization has seen to their grid. */
static bool check_codes(exo_graph *x, const ir_tensor *t, const ir_op *op)
{
    return !exo_quantized(x) || !t->quant || t->type == IR_I8 ||
           exo_cannot(x, op, "say `activations int8`, or export the float net",
                      "'%s' has 16-bit codes", t->name);
}

static void add_inputs(exo_graph *x)
{
    for (int i = 0; i < x->g->inputs.n; i++) {
        const ir_tensor *t = x->g->inputs.v[i];
        const exo_dims d = exo_dims_of(&t->shape, EXO_FIRST);
        const char *name = exo_name(x, "%s", t->name);
        if (!check_codes(x, t, NULL))
            continue;
        exo_port(x, false, name, EXO_FLOAT, &d);
        if (exo_quantized(x))
            exo_define(x, t, name, exo_name(x, "%s.dequantized", t->name), EXO_FIRST);
        else
            x->values[t->id].name[t->shape.rank > 1 ? EXO_FIRST : EXO_LAST] = name;
    }
}

/* An output has a name of its own: one that repeats, or is an input, goes through an Identity. */
static void add_outputs(exo_graph *x)
{
    const ir_graph *g = x->g;
    for (int i = 0; i < g->outputs.n; i++) {
        const ir_tensor *t = g->outputs.v[i];
        const exo_dims d = exo_dims_of(&t->shape, EXO_FIRST);
        const char *name = exo_get(x, t, EXO_FIRST);
        bool taken = t->kind != IR_VALUE;
        for (int k = 0; k < i; k++)
            taken = taken || g->outputs.v[k] == t;
        if (taken) {
            Onnx__NodeProto *n = exo_node1(x, "Identity", name);
            name = n->output[0] = (char *)(uintptr_t)exo_name(x, "%s.output", t->name);
        }
        exo_port(x, true, name, ir_is_index(t) ? EXO_INT64 : EXO_FLOAT, &d);
    }
}

/* What reads something that has no form in ONNX is not told of. */
static bool operands_known(const exo_graph *x, const ir_op *op)
{
    for (int i = 0; i < op->n_in; i++) {
        const ir_tensor *t = op->in[i];
        const exo_value *v = &x->values[t->id];
        if (t->kind != IR_CONST && !v->name[EXO_FIRST] && !v->name[EXO_LAST])
            return false;
    }
    return true;
}

static void add_op(exo_graph *x, const ir_op *op)
{
    const struct row *r = find_row(op->kind);
    if (!r || !r->write) {
        exo_cannot(x, op, r ? r->hint : NULL, "ONNX has no such operator");
        return;
    }
    bool ok = check_codes(x, op->out[0], op);
    for (int i = 0; i < op->n_in; i++)
        ok = (!ir_is_operand(op->in[i]) || check_codes(x, op->in[i], op)) && ok;
    if (!ok || !operands_known(x, op))
        return;
    r->write(x, op);
}

bool export_onnx(qctx *ctx, const ir_graph *g, export_kind kind, qloc loc, buf *out)
{
    exo_graph x = {.ctx = ctx, .g = g, .kind = kind, .opset = 13};
    onnx__graph_proto__init(&x.graph);
    x.values = ARENA_ARRAY(ctx->a, exo_value, g->tensors.n);
    x.graph.name = arena_strdup(ctx->a, exo_name(&x, "%s", g->name));
    x.n_names = x.size_names = 0; /* the graph's name is none of its values' */
    x.names = NULL;
    for (int i = 0; i < g->ops.n; i++) {
        const struct row *r = find_row(g->ops.v[i]->kind);
        x.opset = r && r->opset > x.opset ? r->opset : x.opset;
    }
    add_inputs(&x);
    for (int i = 0; i < g->ops.n; i++)
        add_op(&x, g->ops.v[i]);
    if (!problems_report(ctx, &words, loc, &x.problems, op_str, &x))
        return false;
    add_outputs(&x);
    exo_pack(&x, out);
    return true;
}
