/* ir.c - building, copying and renumbering graphs. */
#include "compiler/ir/ir.h"

#include <string.h>

ir_graph *ir_new(qctx *ctx, const char *name)
{
    ir_graph *g = ARENA_NEW(ctx->a, ir_graph);
    g->name = arena_strdup(ctx->a, name);
    g->layout = "nhwc";
    return g;
}

ir_tensor *ir_add_tensor(qctx *ctx, ir_graph *g, const char *name, ir_tkind kind, ir_type type,
                         const ir_shape *shape, qloc loc)
{
    ir_tensor *t = ARENA_NEW(ctx->a, ir_tensor);
    t->id = g->tensors.n;
    t->name = name;
    t->kind = kind;
    t->type = type;
    t->shape = *shape;
    t->port_type = IR_I8;
    t->tflite_index = -1;
    t->view.buffer = -1;
    t->loc = loc;
    *VEC_PUSH(ctx->a, &g->tensors) = t;
    if (kind == IR_INPUT)
        *VEC_PUSH(ctx->a, &g->inputs) = t;
    return t;
}

/* States have none: they are read before they are written too. */
static void set_producer(ir_tensor *t, ir_op *op)
{
    t->producer = t->kind == IR_STATE ? NULL : op;
}

ir_op *ir_add_op(qctx *ctx, ir_graph *g, ir_opkind kind, const char *name, int n_in,
                 ir_tensor *const *in, int n_out, ir_tensor *const *out, qloc loc)
{
    ir_op *op = ARENA_NEW(ctx->a, ir_op);
    op->id = g->ops.n;
    op->kind = kind;
    op->name = name;
    op->n_in = n_in;
    op->n_out = n_out;
    op->in = arena_memdup(ctx->a, in, (size_t)n_in * sizeof *in);
    op->out = arena_memdup(ctx->a, out, (size_t)n_out * sizeof *out);
    op->loc = loc;
    for (int i = 0; i < n_out; i++)
        set_producer(out[i], op);
    *VEC_PUSH(ctx->a, &g->ops) = op;
    return op;
}

ir_tensor *ir_find_tensor(const ir_graph *g, const char *name)
{
    for (int i = 0; i < g->tensors.n; i++)
        if (!strcmp(g->tensors.v[i]->name, name))
            return g->tensors.v[i];
    return NULL;
}

bool ir_is_operand(const ir_tensor *t)
{
    return t->kind == IR_CONST && t->wname != NULL;
}

int ir_operands(arena *a, const ir_graph *g, ir_tensor ***list)
{
    VEC(ir_tensor *) all = {0};
    bool *seen = ARENA_ARRAY(a, bool, g->tensors.n);
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_in; k++) {
            ir_tensor *t = g->ops.v[i]->in[k];
            if (ir_is_operand(t) && !seen[t->id])
                *VEC_PUSH(a, &all) = t;
            seen[t->id] = true;
        }
    *list = all.v;
    return all.n;
}

static bool reads(const ir_op *op, const ir_tensor *t)
{
    for (int i = 0; i < op->n_in; i++)
        if (op->in[i] == t)
            return true;
    return false;
}

int ir_uses(const ir_graph *g, const ir_tensor *t)
{
    int uses = t->is_output;
    for (int i = 0; i < g->ops.n; i++)
        uses += reads(g->ops.v[i], t);
    return uses;
}

/* ---- copying ------------------------------------------------------------------------------- */

typedef struct copier {
    qctx *ctx;
    const ir_graph *from;
    ir_graph *to;
} copier;

/* The copy of a tensor; tensors stand at their id in both graphs. */
static ir_tensor *copied(const copier *c, const ir_tensor *t)
{
    return t ? c->to->tensors.v[t->id] : NULL;
}

static ir_tensor **copied_list(const copier *c, ir_tensor *const *v, int n)
{
    ir_tensor **out = ARENA_ARRAY(c->ctx->a, ir_tensor *, n);
    for (int i = 0; i < n; i++)
        out[i] = copied(c, v[i]);
    return out;
}

static void copy_tensors(const copier *c)
{
    for (int i = 0; i < c->from->tensors.n; i++) {
        ir_tensor *t = arena_memdup(c->ctx->a, c->from->tensors.v[i], sizeof *t);
        if (t->quant)
            t->quant = arena_memdup(c->ctx->a, t->quant, sizeof *t->quant);
        t->producer = NULL;
        *VEC_PUSH(c->ctx->a, &c->to->tensors) = t;
    }
}

static void copy_ops(const copier *c)
{
    for (int i = 0; i < c->from->ops.n; i++) {
        ir_op *op = arena_memdup(c->ctx->a, c->from->ops.v[i], sizeof *op);
        op->in = copied_list(c, op->in, op->n_in);
        op->out = copied_list(c, op->out, op->n_out);
        if (op->q)
            op->q = arena_memdup(c->ctx->a, op->q, sizeof *op->q);
        for (int k = 0; k < op->n_out; k++)
            set_producer(op->out[k], op);
        *VEC_PUSH(c->ctx->a, &c->to->ops) = op;
    }
}

static void copy_ports(const copier *c)
{
    for (int i = 0; i < c->from->inputs.n; i++)
        *VEC_PUSH(c->ctx->a, &c->to->inputs) = copied(c, c->from->inputs.v[i]);
    for (int i = 0; i < c->from->outputs.n; i++)
        *VEC_PUSH(c->ctx->a, &c->to->outputs) = copied(c, c->from->outputs.v[i]);
    for (int i = 0; i < c->from->states.n; i++) {
        ir_state *s = arena_memdup(c->ctx->a, c->from->states.v[i], sizeof *s);
        s->tensor = copied(c, s->tensor);
        *VEC_PUSH(c->ctx->a, &c->to->states) = s;
    }
    for (int i = 0; i < c->from->aliases.n; i++)
        *VEC_PUSH(c->ctx->a, &c->to->aliases) = c->from->aliases.v[i];
}

ir_graph *ir_clone(qctx *ctx, const ir_graph *g)
{
    ir_graph *to = ARENA_NEW(ctx->a, ir_graph);
    *to = (ir_graph){.name = g->name, .stage = g->stage, .numerics = g->numerics,
                     .weights_native = g->weights_native, .layout = g->layout,
                     .source_sha256 = g->source_sha256, .lean = g->lean};
    copier c = {ctx, g, to};
    copy_tensors(&c);
    copy_ops(&c);
    copy_ports(&c);
    return to;
}

/* ---- removing ------------------------------------------------------------------------------ */

static void mark(bool *used, ir_tensor *const *v, int n)
{
    for (int i = 0; i < n; i++)
        used[v[i]->id] = true;
}

static void keep_ops(ir_graph *g, const bool *dead)
{
    int n = 0;
    for (int i = 0; i < g->ops.n; i++)
        if (!dead[i])
            g->ops.v[n++] = g->ops.v[i];
    g->ops.n = n;
    for (int i = 0; i < n; i++)
        g->ops.v[i]->id = i;
}

/* Tensors that an operator, a port or a state still names. */
static bool *used_tensors(qctx *ctx, const ir_graph *g)
{
    bool *used = ARENA_ARRAY(ctx->a, bool, g->tensors.n);
    for (int i = 0; i < g->ops.n; i++) {
        mark(used, g->ops.v[i]->in, g->ops.v[i]->n_in);
        mark(used, g->ops.v[i]->out, g->ops.v[i]->n_out);
    }
    mark(used, g->inputs.v, g->inputs.n);
    mark(used, g->outputs.v, g->outputs.n);
    for (int i = 0; i < g->states.n; i++)
        used[g->states.v[i]->tensor->id] = true;
    return used;
}

void ir_compact(qctx *ctx, ir_graph *g, const bool *dead)
{
    keep_ops(g, dead);
    for (int i = 0; i < g->tensors.n; i++)
        g->tensors.v[i]->id = i;
    const bool *used = used_tensors(ctx, g);
    int n = 0;
    for (int i = 0; i < g->tensors.n; i++)
        if (used[i])
            g->tensors.v[n++] = g->tensors.v[i];
    g->tensors.n = n;
    for (int i = 0; i < n; i++) {
        g->tensors.v[i]->id = i;
        g->tensors.v[i]->producer = NULL;
    }
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_out; k++)
            set_producer(g->ops.v[i]->out[k], g->ops.v[i]);
}

void ir_remove_unused(qctx *ctx, ir_graph *g)
{
    bool *needed = ARENA_ARRAY(ctx->a, bool, g->tensors.n);
    bool *dead = ARENA_ARRAY(ctx->a, bool, g->ops.n);
    mark(needed, g->outputs.v, g->outputs.n);
    for (int i = 0; i < g->states.n; i++)
        needed[g->states.v[i]->tensor->id] = true;
    for (int i = g->ops.n - 1; i >= 0; i--) {
        const ir_op *op = g->ops.v[i];
        dead[i] = true;
        for (int k = 0; k < op->n_out; k++)
            dead[i] = dead[i] && !needed[op->out[k]->id];
        if (!dead[i])
            mark(needed, op->in, op->n_in);
    }
    ir_compact(ctx, g, dead);
}
