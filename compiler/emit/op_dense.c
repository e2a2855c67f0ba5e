/* op_dense.c - dense layers: every row of the input against all filters. */
#include "compiler/emit/dots.h"

int64_t scratch_dense(const emitter *e, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape;
    return dots_widen(e, op) ? 2 * (int64_t)in->dim[in->rank - 1] : 0;
}

bool print_dense(emitter *e, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape;
    int64_t terms = in->dim[in->rank - 1];
    bool widen = dots_widen(e, op);
    text t;
    op_begin(e, op, &t);
    dots d = {.name = op_aux(e, op, "dots"), .x = widen ? "int16_t" : emit_ctype(op->in[0]->type),
              .terms = terms, .outputs = op->out[0]->shape.dim[op->out[0]->shape.rank - 1], .groups = 1};
    dots_print(e, op, &d, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "rows", "%lld", (long long)(ir_elems(in) / terms));
    text_set(&t, "outputs", "%d", d.outputs);
    text_set(&t, "widen", "%d", widen);
    text_set(&t, "call", "%s", dots_call(e, &d, widen ? "wide" : "in0"));
    text_put(&t, "?widen|    $x$ *wide = scratch;\n"
                 "    for (int32_t row = 0; row < $rows$; ++row, in0 += $terms$, out += $outputs$) {\n"
                 "?widen|        for (int32_t k = 0; k < $terms$; ++k)\n"
                 "?widen|            wide[k] = in0[k];\n"
                 "        $call$\n"
                 "    }\n");
    op_close(&t);
    return true;
}
