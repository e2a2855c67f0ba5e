/* dropout.c - takes dropout out of a net: outside training it does nothing.
 *
 * Its result takes the place of its operand's, so that names (and the rules of a quantize part)
 * stay; where others read the operand too, or it is an input or an output, readers of the result
 * read the operand instead. */
#include "compiler/quant/quant.h"

static void read_instead(ir_graph *g, ir_tensor *from, ir_tensor *to)
{
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_in; k++)
            if (g->ops.v[i]->in[k] == from)
                g->ops.v[i]->in[k] = to;
    for (int i = 0; i < g->outputs.n; i++)
        if (g->outputs.v[i] == from) {
            g->outputs.v[i] = to;
            to->is_output = true;
        }
}

void pass_dropout(qctx *ctx, ir_graph *g)
{
    bool *dead = ARENA_ARRAY(ctx->a, bool, g->ops.n);
    for (int i = 0; i < g->ops.n; i++) {
        ir_op *op = g->ops.v[i];
        if (op->kind != OP_DROPOUT)
            continue;
        ir_tensor *x = op->in[0], *y = op->out[0];
        ir_op *p = x->producer;
        dead[i] = true;
        op->n_in = 0;
        if (p && p->n_out == 1 && x->kind == IR_VALUE && ir_uses(g, x) == 0) {
            p->out[0] = y;
            y->producer = p;
            p->name = y->name;
        } else {
            read_instead(g, y, x);
        }
    }
    ir_compact(ctx, g, dead);
}
