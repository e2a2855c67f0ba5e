/* onnx_move.c - what moves elements, or works along dimensions. */
#include "compiler/export/onnx.h"

bool exo_to_shape(exo_graph *x, const ir_op *op)
{
    const ir_shape *s = &op->out[0]->shape;
    exo_form form = exo_same_order(s) ? EXO_FIRST : EXO_LAST;
    const exo_dims d = exo_dims_of(s, form);
    return exo_done(x, op, exo_reshape(x, exo_flat(x, op->in[0]), op->name, &d), form);
}

bool exo_transpose(exo_graph *x, const ir_op *op)
{
    int64_t perm[IR_MAX_RANK + 1] = {0};
    int rank = op->at.axes.rank;
    for (int i = 0; i < rank; i++)
        perm[1 + i] = 1 + op->at.axes.dim[i];
    Onnx__NodeProto *n = exo_node1(x, "Transpose", exo_get(x, op->in[0], EXO_LAST));
    exo_set_ints(x, n, "perm", rank + 1, perm);
    return exo_done(x, op, n, EXO_LAST);
}

bool exo_concat(exo_graph *x, const ir_op *op)
{
    const char *in[IR_MAX_INPUTS];
    exo_form form = EXO_LAST;
    for (int i = 0; i < op->n_in; i++)
        if (exo_form_of(x, op->in[i]) == EXO_FIRST)
            form = EXO_FIRST;
    for (int i = 0; i < op->n_in; i++)
        in[i] = exo_get(x, op->in[i], form);
    Onnx__NodeProto *n = exo_node(x, "Concat", op->n_in, in);
    exo_set_int(x, n, "axis", exo_axis(op->in[0], form, op->at.axis));
    return exo_done(x, op, n, form);
}

/* An end in front of element 0, where a slice goes backwards, is a number below −size. */
bool exo_slice(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0];
    const ir_attrs *at = &op->at;
    exo_form form = exo_form_of(x, t);
    int64_t from[IR_MAX_RANK], to[IR_MAX_RANK], axes[IR_MAX_RANK], steps[IR_MAX_RANK];
    int n = t->shape.rank;
    for (int k = 0; k < n; k++) {
        axes[k] = exo_axis(t, form, k);
        from[k] = at->begin.dim[k];
        steps[k] = at->step.rank ? at->step.dim[k] : 1;
        to[k] = at->end.dim[k] < 0 ? -(int64_t)t->shape.dim[k] - 1 : at->end.dim[k];
    }
    const char *in[] = {exo_get(x, t, form),
                        exo_int64s(x, exo_name(x, "%s.starts", op->name), n, from),
                        exo_int64s(x, exo_name(x, "%s.ends", op->name), n, to),
                        exo_int64s(x, exo_name(x, "%s.axes", op->name), n, axes),
                        exo_int64s(x, exo_name(x, "%s.steps", op->name), n, steps)};
    return exo_done(x, op, exo_node(x, "Slice", 5, in), form);
}

/* ---- reductions ---------------------------------------------------------------------------- */

static const char *reduction_type(ir_opkind kind)
{
    return kind == OP_REDUCE_SUM    ? "ReduceSum"
           : kind == OP_REDUCE_MEAN ? "ReduceMean"
           : kind == OP_REDUCE_MAX  ? "ReduceMax"
                                    : "ReduceMin";
}

/* What loses all its dimensions is [1] in the IR: it keeps one. */
bool exo_reduce(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0], *y = op->out[0];
    const ir_shape *over = &op->at.axes;
    exo_form form = op->at.keep ? exo_form_of(x, t) : EXO_LAST;
    bool all = !op->at.keep && over->rank == t->shape.rank;
    int64_t axes[IR_MAX_RANK];
    for (int i = 0; i < over->rank; i++)
        axes[i] = exo_axis(t, form, over->dim[i]);
    const char *in[2] = {exo_get(x, t, form)};
    bool operand = op->kind == OP_REDUCE_SUM || x->opset >= 18; /* the axes, else an attribute */
    if (operand)
        in[1] = exo_int64s(x, exo_name(x, "%s.axes", op->name), over->rank, axes);
    Onnx__NodeProto *n = exo_node(x, reduction_type(op->kind), operand ? 2 : 1, in);
    if (!operand)
        exo_set_ints(x, n, "axes", over->rank, axes);
    exo_set_int(x, n, "keepdims", op->at.keep || all);
    n = exo_acted(x, op, n);
    const exo_dims d = exo_dims_of(&y->shape, EXO_LAST);
    if (all && t->shape.rank > 1)
        n = exo_reshape(x, exo_step(x, n, op, "reduced", y), op->name, &d);
    return exo_result(x, op, n, form);
}

/* The next to last dimension in front, the last one behind: argmax over that leaves the others as
 * the ports have them. */
static const char *for_last(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0];
    int rank = t->shape.rank;
    int64_t perm[IR_MAX_RANK + 1] = {0, rank - 1};
    for (int k = 2; k < rank; k++)
        perm[k] = k - 1;
    perm[rank] = rank;
    Onnx__NodeProto *n = exo_node1(x, "Transpose", exo_get(x, t, EXO_LAST));
    exo_set_ints(x, n, "perm", rank + 1, perm);
    return exo_step(x, n, op, "turned", t);
}

/* Nothing is behind the indices: they are made in the form of the net's ports. */
bool exo_argmax(exo_graph *x, const ir_op *op)
{
    const ir_tensor *t = op->in[0];
    int rank = t->shape.rank, axis = op->at.axis;
    bool last = axis == rank - 1 && !op->at.keep && rank > 2;
    bool keep = op->at.keep || rank == 1; /* [1] in the IR */
    Onnx__NodeProto *n = exo_node1(x, "ArgMax", last ? for_last(x, op) : exo_get(x, t, EXO_FIRST));
    exo_set_int(x, n, "axis", last ? rank : exo_axis(t, EXO_FIRST, axis));
    exo_set_int(x, n, "keepdims", keep);
    return exo_result(x, op, n, EXO_FIRST);
}
