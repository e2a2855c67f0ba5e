/* build.c - from a graph to the engine's list of nodes, its parameters and its memory. */
#include <string.h>

#include "compiler/train/build.h"
#include "compiler/train/qat.h"
#include "compiler/train/ranks.h"

typedef struct builder {
    qctx *ctx;
    tengine *e;
    const ir_graph *g;
    tval **of;      /* by tensor: where its value is now */
    bool *needed;   /* by operator */
} builder;

/* ---- what is needed ------------------------------------------------------------------------ */

const ir_tensor *train_logits(const ir_graph *g)
{
    const ir_tensor *out = g->outputs.v[0];
    return out->producer && out->producer->kind == OP_SOFTMAX ? out->producer->in[0] : out;
}

static void mark_needed(builder *b)
{
    bool *reached = ARENA_ARRAY(b->ctx->a, bool, b->g->tensors.n);
    b->needed = ARENA_ARRAY(b->ctx->a, bool, b->g->ops.n);
    reached[train_logits(b->g)->id] = true;
    for (int i = b->g->ops.n - 1; i >= 0; i--) {
        const ir_op *op = b->g->ops.v[i];
        for (int k = 0; k < op->n_out; k++)
            b->needed[i] |= reached[op->out[k]->id];
        for (int k = 0; k < op->n_in && b->needed[i]; k++)
            reached[op->in[k]->id] = true;
    }
}

/* An operand whose numbers no weight file gave. */
static const ir_tensor *empty_constant(const ir_op *op)
{
    for (int k = 0; k < op->n_in; k++)
        if (ir_is_operand(op->in[k]) && !op->in[k]->data && op->kind != OP_PRELU)
            return op->in[k];
    return NULL;
}

static bool check_constants(builder *b)
{
    for (int i = 0; i < b->g->ops.n; i++) {
        const ir_op *op = b->g->ops.v[i];
        const ir_tensor *t = b->needed[i] ? empty_constant(op) : NULL;
        if (!t)
            continue;
        diag_add(b->ctx, D_TRAIN_OPERATOR, op->loc,
                 "'%s' has no numbers: constants are not trained", t->name);
        diag_hint(b->ctx, "train further from a weight file that holds it");
        return false;
    }
    return true;
}

static bool check_operators(builder *b)
{
    for (int i = 0; i < b->g->ops.n; i++) {
        const ir_op *op = b->g->ops.v[i];
        bool known = train_kernels[op->kind].forward != NULL, stateless = true;
        for (int k = 0; k < op->n_in; k++)
            stateless &= op->in[k]->kind != IR_STATE;
        if (!b->needed[i] || (known && stateless))
            continue;
        diag_add(b->ctx, D_TRAIN_OPERATOR, op->loc, "'%s': the operator %s cannot be trained",
                 op->name, ir_opinfos[op->kind].word);
        diag_hint(b->ctx, known ? "a state is among its operands" : "it has no gradient here");
        return false;
    }
    return true;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static int64_t add_param(builder *b, const ir_op *op, const ir_tensor *t, bool decays)
{
    tengine *e = b->e;
    for (int i = 0; i < e->params.n; i++)
        if (e->params.v[i].tensor == t)
            return e->params.v[i].offset;
    tparam *p = VEC_PUSH(b->ctx->a, &e->params);
    *p = (tparam){.op = op, .tensor = t, .offset = e->n_theta, .count = ir_elems(&t->shape),
                  .decays = decays};
    e->n_theta += p->count;
    return p->offset;
}

/* Slopes are trained as PyTorch does. In a quantized net they are codes like any constant: they
 * stay. */
static bool trains_slopes(const builder *b, const ir_op *op)
{
    return op->kind == OP_PRELU && op->in[1]->kind == IR_CONST && !b->e->o.qat;
}

static void take_params(builder *b, tnode *n)
{
    const ir_op *op = n->op;
    n->w_at = n->b_at = -1;
    if (n->kind == OP_PRELU && trains_slopes(b, op)) {
        n->w_at = add_param(b, op, op->in[1], false);
        n->wn = ir_elems(&op->in[1]->shape);
    }
    if (!(ir_opinfos[op->kind].flags & OPF_W) || n->kind != (int)op->kind)
        return;
    n->w_at = add_param(b, op, op->in[1], op->kind != OP_BATCH_NORM);
    n->wn = ir_elems(&op->in[1]->shape);
    if (op->n_in < 3)
        return;
    n->b_at = add_param(b, op, op->in[2], false);
    n->bn = ir_elems(&op->in[2]->shape);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static tval *new_value(builder *b, const ir_tensor *t)
{
    tval *v = ARENA_NEW(b->ctx->a, tval);
    *v = (tval){.tensor = t, .n = ir_elems(&t->shape), .own = true};
    v->home = v;
    *VEC_PUSH(b->ctx->a, &b->e->values) = v;
    return v;
}

static tnode *add_node(builder *b, int kind, const ir_op *op, int n_in, tval *const *in, tval *out)
{
    tnode *n = ARENA_NEW(b->ctx->a, tnode);
    *n = (tnode){.kind = kind, .op = op, .k = &train_kernels[kind], .n_in = n_in, .out = out,
                 .frozen = b->e->o.frozen_norm, .momentum = b->e->o.norm_momentum};
    n->in = arena_memdup(b->ctx->a, in, (size_t)n_in * sizeof *in);
    n->in_shape = ARENA_ARRAY(b->ctx->a, const ir_shape *, op->n_in);
    for (int k = 0; k < op->n_in; k++)
        n->in_shape[k] = &op->in[k]->shape;
    for (int k = 0; k < n_in; k++)
        in[k]->readers++;
    n->first = ARENA_ARRAY(b->ctx->a, bool, n_in);
    n->seed = b->e->nodes.n;
    take_params(b, n);
    out->maker = n;
    *VEC_PUSH(b->ctx->a, &b->e->nodes) = n;
    return n;
}

/* A further step behind tensor t: what reads t from here on reads its result. */
static tnode *add_step(builder *b, int kind, const ir_op *op, const ir_tensor *t)
{
    tval *x = b->of[t->id], *y = new_value(b, t);
    tnode *n = add_node(b, kind, op, 1, &x, y);
    b->of[t->id] = y;
    return n;
}

/* Element of an operand for each element of the result, numpy's broadcasting; NULL: the same. */
static const int32_t *broadcast(qctx *ctx, const ir_shape *out, const ir_shape *in)
{
    if (ir_shape_eq(out, in))
        return NULL;
    int64_t n = ir_elems(out);
    int32_t *map = ARENA_ARRAY(ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, at = 0, stride = 1;
        for (int d = out->rank - 1, e = in->rank - 1; e >= 0; d--, e--) {
            at += in->dim[e] == 1 ? 0 : rest % out->dim[d] * stride;
            rest /= out->dim[d];
            stride *= in->dim[e];
        }
        map[i] = (int32_t)at;
    }
    return map;
}

static void set_up_norm(builder *b, tnode *n)
{
    n->running = NULL; /* placed when all are counted */
    n->partial = ARENA_ARRAY(b->ctx->a, double, 2 * n->wn * b->e->shards);
    n->stats = ARENA_ARRAY(b->ctx->a, float, 4 * n->wn);
    b->e->n_running += 2 * n->wn;
}

static bool has_two_operands(const ir_op *op)
{
    return op->kind == OP_ADD || op->kind == OP_SUB || op->kind == OP_MUL ||
           op->kind == OP_MINIMUM || op->kind == OP_MAXIMUM || op->kind == OP_PRELU;
}

/* What follows an operator: its fused activation, fake quantization. */
static void add_followers(builder *b, const ir_op *op)
{
    const ir_tensor *t = op->out[0];
    if (op->at.act != IR_ACT_NONE)
        add_step(b, op->at.act == IR_ACT_RELU ? OP_RELU : OP_RELU6, op, t);
    const qact *q = b->e->o.qat ? qat_activation(b->e->o.qat, op) : NULL;
    if (q)
        add_step(b, TK_QUANT, op, t)->quant = q;
}

/* An operand that is a constant: the same values in each row of the batch, from place on. */
static tval *constant_value(builder *b, const ir_tensor *t)
{
    tval *v = new_value(b, t);
    v->fixed = b->e->o.qat ? qat_constant(b->e->o.qat, t) : t->data;
    b->of[t->id] = v;
    return v;
}

static void add_operator(builder *b, const ir_op *op)
{
    tval *in[IR_MAX_INPUTS];
    int n_in = ir_opinfos[op->kind].flags & OPF_W || trains_slopes(b, op) ? 1 : op->n_in;
    for (int k = 0; k < n_in; k++)
        in[k] = b->of[op->in[k]->id] ? b->of[op->in[k]->id] : constant_value(b, op->in[k]);
    tval *y = new_value(b, op->out[0]);
    tnode *n = add_node(b, (int)op->kind, op, n_in, in, y);
    b->of[op->out[0]->id] = y;
    n->taps = taps_of(op);
    if (n->taps)
        taps_make(b->ctx, op, &n->from, &n->shares);
    if (has_two_operands(op)) {
        n->map = ARENA_ARRAY(b->ctx->a, const int32_t *, 2);
        for (int k = 0; k < 2; k++)
            n->map[k] = broadcast(b->ctx, &op->out[0]->shape, &op->in[k]->shape);
    }
    if (op->kind == OP_BATCH_NORM)
        set_up_norm(b, n);
    if (b->e->o.qat)
        n->wquant = qat_weights(b->e->o.qat, op);
    add_followers(b, op);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Whether y may live where x lives: nobody else reads x, and no step that made what lies there
 * reads it backwards. */
static bool may_share(const tnode *n)
{
    const tval *x = n->in[0];
    if (!n->k->in_place || x->readers != 1 || !x->maker)
        return false;
    if (n->kind == OP_RESHAPE)
        return true;
    for (const tval *v = x; v->maker; v = v->maker->in[0]) {
        if (v->maker->k->needs_y)
            return false;
        if (v->own)
            break;
    }
    return true;
}

static void place(builder *b)
{
    tengine *e = b->e;
    for (int i = 0; i < e->nodes.n; i++) {
        tnode *n = e->nodes.v[i];
        for (int k = 0; k < n->n_in; k++)
            n->out->wants_gradient |= n->in[k]->wants_gradient;
        n->out->wants_gradient |= n->w_at >= 0;
        if (may_share(n)) {
            n->out->own = false;
            n->out->home = n->in[0]->home;
        }
    }
    for (int i = 0; i < e->values.n; i++) {
        tval *v = e->values.v[i];
        int64_t floats = v->own ? v->n * e->o.batch : 0;
        v->v = v->own ? ARENA_ARRAY(b->ctx->a, float, floats) : v->home->v;
        e->bytes += floats * (int64_t)sizeof(float);
        for (int row = 0; v->fixed && row < e->o.batch; row++)
            memcpy(v->v + row * v->n, v->fixed, (size_t)v->n * sizeof(float));
        if (e->o.inference)
            continue;
        v->g = v->own ? ARENA_ARRAY(b->ctx->a, float, floats) : v->home->g;
        e->bytes += floats * (int64_t)sizeof(float);
    }
}

/* Backwards, the first reader writes a gradient, later ones add to it. */
static void find_first(builder *b)
{
    tengine *e = b->e;
    for (int i = e->nodes.n - 1; i >= 0; i--) {
        tnode *n = e->nodes.v[i];
        int64_t extra = 0;
        for (int k = 0; k < n->n_in; k++) {
            n->first[k] = !n->in[k]->given;
            n->in[k]->given = true;
            extra += n->first[k] ? 0 : n->in[k]->n * TRAIN_SHARD;
        }
        int64_t own = n->k->scratch ? n->k->scratch(n) : 0;
        e->scratch = e->scratch > own + extra ? e->scratch : own + extra;
    }
}

static float *floats(builder *b, int64_t n)
{
    b->e->bytes += n * (int64_t)sizeof(float);
    return ARENA_ARRAY(b->ctx->a, float, n);
}

static void start_values(tengine *e)
{
    for (int i = 0; i < e->params.n; i++) {
        const tparam *p = &e->params.v[i];
        if (p->tensor->data)
            memcpy(e->theta + p->offset, p->tensor->data, (size_t)p->count * sizeof(float));
        for (int64_t k = 0; !p->tensor->data && k < p->count; k++)
            e->theta[p->offset + k] = p->op->kind == OP_BATCH_NORM && p->tensor == p->op->in[1];
    }
}

static void place_norms(tengine *e)
{
    float *at = e->running;
    for (int i = 0; i < e->nodes.n; i++) {
        tnode *n = e->nodes.v[i];
        if (n->kind != OP_BATCH_NORM)
            continue;
        n->running = at;
        for (int64_t c = 0; c < n->wn; c++) {
            const float *mean = n->op->in[3]->data, *var = n->op->in[4]->data;
            at[c] = mean ? mean[c] : 0;
            at[n->wn + c] = var ? var[c] : 1;
        }
        at += 2 * n->wn;
    }
}

/* What a process sums of the shards' gradients (ranks_sum). */
static int64_t rank_floats(const tengine *e)
{
    int64_t begin, end;
    ranks_part(e->ctx->ranks, e->n_theta, &begin, &end);
    return e->shards * (end - begin);
}

static void allocate(builder *b)
{
    tengine *e = b->e;
    if (e->o.qat) {
        qat_place(e->o.qat, e->n_theta);
        e->n_theta += qat_count(e->o.qat);
    }
    place(b);
    find_first(b);
    e->theta = floats(b, e->n_theta);
    e->unit = floats(b, e->n_theta);
    e->running = floats(b, e->n_running);
    e->thread_scratch = floats(b, e->scratch * e->o.threads);
    e->gradient = floats(b, e->o.inference ? 0 : e->n_theta);
    e->rank_work = floats(b, e->ctx->ranks && !e->o.inference ? rank_floats(e) : 0);
    e->shard_gradient = floats(b, e->o.inference ? 0 : e->n_theta * e->shards);
    for (int i = 0; i < e->nodes.n; i++) {
        tnode *n = e->nodes.v[i];
        if (n->kind == OP_CONV2D && conv_is_depthwise(n))
            n->prepared = floats(b, n->wn);
        if (n->wquant)
            n->quantized = floats(b, n->wn + n->bn);
    }
    for (int64_t i = 0; i < e->n_theta; i++)
        e->unit[i] = 1;
    start_values(e);
    if (e->o.qat)
        qat_units(e->o.qat, e, e->unit);
    place_norms(e);
}

bool tengine_trains(qctx *ctx, const ir_graph *g)
{
    builder b = {.ctx = ctx, .g = g};
    mark_needed(&b);
    return check_operators(&b);
}

tengine *tengine_new(qctx *ctx, const ir_graph *g, const tengine_options *o)
{
    tengine *e = ARENA_NEW(ctx->a, tengine);
    *e = (tengine){.ctx = ctx, .o = *o, .shards = (o->batch + TRAIN_SHARD - 1) / TRAIN_SHARD};
    builder b = {.ctx = ctx, .e = e, .g = g, .of = ARENA_ARRAY(ctx->a, tval *, g->tensors.n)};
    mark_needed(&b);
    if (!check_operators(&b) || !check_constants(&b))
        return NULL;
    train_gemm_init();
    for (int i = 0; i < g->inputs.n; i++) {
        tval *v = b.of[g->inputs.v[i]->id] = new_value(&b, g->inputs.v[i]);
        v->wants_gradient = o->input_gradient;
        *VEC_PUSH(ctx->a, &e->inputs) = v;
    }
    for (int i = 0; i < g->ops.n; i++)
        if (b.needed[i])
            add_operator(&b, g->ops.v[i]);
    e->output = b.of[train_logits(g)->id];
    e->output->given = true;
    e->output->readers++; /* the loss */
    allocate(&b);
    return e;
}
