/* fuse.c - activations into their producers, pads into convolutions, reshapes into one.
 *
 * Nothing moves across a tensor that another operator reads or that is an output of the graph, and
 * no state is read later than it was. A
 * relu commutes with operators that only move or select values by order (max pools, reshape, zero
 * padding), so it is fused into the arithmetic before them: the tensors between are then
 * nonnegative too, and their quantization wastes no codes. */
#include "compiler/quant/quant.h"

enum { MAX_PAD = 32767 }; /* what QDL can say again */

typedef struct fusion {
    qctx *ctx;
    ir_graph *g;
    bool *dead; /* by operator id */
    bool changed;
} fusion;

/* A dead operator reads nothing: ir_uses must not count it. */
static void bury(fusion *f, ir_op *op)
{
    f->dead[op->id] = true;
    f->changed = true;
    op->n_in = 0;
}

static bool is_relu(const ir_op *op)
{
    return op->kind == OP_RELU || op->kind == OP_RELU6;
}

static bool takes_activation(ir_opkind k)
{
    switch (k) {
    case OP_CONV2D:
    case OP_DENSE:
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_MAXPOOL:
    case OP_AVGPOOL:
    case OP_GLOBAL_AVGPOOL:
    case OP_GLOBAL_MAXPOOL:
    case OP_RELU:
    case OP_RELU6:
        return true;
    default:
        return false;
    }
}

static bool commutes_with_relu(ir_opkind k)
{
    return k == OP_RESHAPE || k == OP_PAD || k == OP_MAXPOOL || k == OP_GLOBAL_MAXPOOL ||
           k == OP_SLICE || k == OP_TRANSPOSE || k == OP_DILATE;
}

/* The producer of a tensor with one use. */
static ir_op *sole_producer(const fusion *f, const ir_tensor *t)
{
    return ir_uses(f->g, t) == 1 ? t->producer : NULL;
}

/* relu6 after relu is relu6; anything after relu6 is relu6. */
static ir_act both(ir_act first, ir_act second)
{
    return first == IR_ACT_RELU6 || second == IR_ACT_RELU6 ? IR_ACT_RELU6 : IR_ACT_RELU;
}

/* Takes `op`, a function of one tensor that its producer now computes too, out of the graph: the
 * producer writes op's output, which keeps its name. */
static void absorb(fusion *f, ir_op *op)
{
    ir_op *p = op->in[0]->producer;
    p->out[0] = op->out[0];
    p->out[0]->producer = p;
    p->name = p->out[0]->name;
    bury(f, op);
}

/* The first operator that can compute the relu of what `t` holds, or NULL. */
static ir_op *relu_target(const fusion *f, const ir_tensor *t)
{
    ir_op *target = NULL;
    for (ir_op *p = sole_producer(f, t); p; p = sole_producer(f, p->in[0])) {
        if (takes_activation(p->kind))
            target = p;
        if (!commutes_with_relu(p->kind))
            break;
    }
    return target;
}

static void fuse_relu(fusion *f, ir_op *op)
{
    ir_act act = op->kind == OP_RELU6 ? IR_ACT_RELU6 : IR_ACT_RELU;
    ir_op *p = relu_target(f, op->in[0]);
    if (!p)
        return;
    if (p->kind == OP_RELU && act == IR_ACT_RELU6)
        p->kind = OP_RELU6;
    else if (!is_relu(p))
        p->at.act = both(p->at.act, act);
    absorb(f, op);
}

static void fuse_pad(fusion *f, ir_op *conv)
{
    ir_op *pad = conv->in[0]->producer;
    if (!pad || pad->kind != OP_PAD || pad->in[0]->kind == IR_STATE || ir_uses(f->g, conv->in[0]) != 1)
        return;
    for (int i = 0; i < 4; i++)
        if (pad->at.pad[i] > MAX_PAD - conv->at.pad[i])
            return;
    for (int i = 0; i < 4; i++)
        conv->at.pad[i] += pad->at.pad[i];
    conv->at.padmode = IR_PAD_EXPLICIT;
    ir_tensor *in = pad->in[0];
    conv->in = arena_memdup(f->ctx->a, conv->in, (size_t)conv->n_in * sizeof *conv->in);
    conv->in[0] = in;
    bury(f, pad);
}

static void replace_reads(fusion *f, const ir_tensor *from, ir_tensor *to)
{
    for (int i = 0; i < f->g->ops.n; i++) {
        ir_op *op = f->g->ops.v[i];
        for (int k = 0; k < op->n_in; k++)
            if (op->in[k] == from)
                op->in[k] = to;
    }
}

/* Reshape of a reshape reads the first one's input; one that changes nothing goes. */
static void fuse_reshape(fusion *f, ir_op *op)
{
    ir_op *before = op->in[0]->producer;
    if (op->in[0]->kind == IR_STATE)
        return; /* a copy of what the state is now */
    if (before && before->kind == OP_RESHAPE && before->in[0]->kind != IR_STATE &&
        ir_uses(f->g, op->in[0]) == 1) {
        op->in[0] = before->in[0];
        bury(f, before);
    }
    if (!ir_shape_eq(&op->in[0]->shape, &op->out[0]->shape))
        return;
    if (sole_producer(f, op->in[0])) {
        absorb(f, op);
    } else if (!op->out[0]->is_output) {
        replace_reads(f, op->out[0], op->in[0]);
        bury(f, op);
    }
}

static void each(fusion *f, bool (*which)(const ir_op *), void (*fn)(fusion *, ir_op *))
{
    for (int i = 0; i < f->g->ops.n; i++)
        if (!f->dead[i] && which(f->g->ops.v[i]))
            fn(f, f->g->ops.v[i]);
}

static bool is_reshape(const ir_op *op)
{
    return op->kind == OP_RESHAPE;
}
static bool is_conv(const ir_op *op)
{
    return op->kind == OP_CONV2D;
}

bool pass_fuse(qctx *ctx, ir_graph *g)
{
    fusion f = {.ctx = ctx, .g = g, .dead = ARENA_ARRAY(ctx->a, bool, g->ops.n), .changed = true};
    while (f.changed) { /* a fused graph stays as it is: saved pairs rely on it */
        f.changed = false;
        each(&f, is_reshape, fuse_reshape);
        each(&f, is_relu, fuse_relu);
        each(&f, is_conv, fuse_pad);
    }
    ir_compact(ctx, g, f.dead);
    for (int i = 0; i < g->ops.n; i++)
        g->ops.v[i]->name = g->ops.v[i]->out[0]->name;
    g->stage = IR_FOLDED;
    return true;
}
