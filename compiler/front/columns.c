/* columns.c - in which order PyTorch numbers the elements of a tensor.
 *
 * Activations are channels-last here and channels-first there. The difference shows where a spatial
 * tensor is flattened: element (h, w, c) is number (h*W + w)*C + c here and (c*H + h)*W + w there.
 * The order is followed through whatever works on flattened tensors, to the layers whose weights go
 * by it. A tensor of rank 2 is a sequence of vectors and has the same order on both sides. */
#include "compiler/front/columns.h"

static const int32_t *order_of(const column_orders *o, const ir_tensor *t)
{
    return o->of[t->id];
}

static bool is_identity(const int32_t *order, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (order[i] != i)
            return false;
    return true;
}

/* Of a spatial tensor [..., C] laid out in one dimension. */
static const int32_t *flattened(const column_orders *o, const ir_shape *from)
{
    int64_t n = ir_elems(from), channels = from->dim[from->rank - 1], cells = n / channels;
    int32_t *order = ARENA_ARRAY(o->ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)(i % channels * cells + i / channels);
    return is_identity(order, n) ? NULL : order;
}

static bool in_one_dimension(const ir_shape *s)
{
    return s->rank >= 1 && s->dim[s->rank - 1] == ir_elems(s);
}

static const int32_t *reshaped(const column_orders *o, const ir_op *op)
{
    const ir_shape *from = &op->in[0]->shape, *to = &op->out[0]->shape;
    if (!in_one_dimension(to))
        return NULL;
    return from->rank >= 3 ? flattened(o, from) : order_of(o, op->in[0]);
}

static const int32_t *identity(const column_orders *o, int64_t n)
{
    int32_t *order = ARENA_ARRAY(o->ctx->a, int32_t, n);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    return order;
}

/* Parts side by side: each keeps its order, behind the parts before it. */
static const int32_t *concatenated(const column_orders *o, const ir_op *op)
{
    bool any = false;
    for (int k = 0; k < op->n_in; k++)
        any |= order_of(o, op->in[k]) != NULL;
    if (!any || op->at.axis != op->out[0]->shape.rank - 1 || !in_one_dimension(&op->out[0]->shape))
        return NULL;
    int32_t *order = ARENA_ARRAY(o->ctx->a, int32_t, ir_elems(&op->out[0]->shape));
    int64_t at = 0;
    for (int k = 0; k < op->n_in; k++) {
        int64_t n = ir_elems(&op->in[k]->shape);
        const int32_t *part = order_of(o, op->in[k]);
        for (int64_t i = 0; i < n; i++)
            order[at + i] = (int32_t)(at + (part ? part[i] : i));
        at += n;
    }
    return order;
}

static bool same_order(const int32_t *a, const int32_t *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* Both operands of a sum or product must count their elements alike. */
static const int32_t *combined(column_orders *o, const ir_op *op)
{
    const ir_tensor *x = op->in[0], *y = op->in[1];
    int64_t nx = ir_elems(&x->shape), ny = ir_elems(&y->shape);
    const int32_t *a = order_of(o, x), *b = order_of(o, y);
    if (nx != ny) /* one value for all elements, or repeated along other dimensions */
        return nx > ny ? a : b;
    if (!a && !b)
        return NULL;
    a = a ? a : identity(o, nx);
    b = b ? b : identity(o, nx);
    if (!same_order(a, b, nx))
        o->mixed[op->out[0]->id] = op;
    return a;
}

static bool keeps_order(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_U || op->kind == OP_SOFTMAX ||
           op->kind == OP_BATCH_NORM || op->kind == OP_DROPOUT;
}

static bool is_binary(const ir_op *op)
{
    return op->kind == OP_ADD || op->kind == OP_SUB || op->kind == OP_MUL ||
           op->kind == OP_MINIMUM || op->kind == OP_MAXIMUM || op->kind == OP_PRELU;
}

static void follow(column_orders *o, const ir_op *op)
{
    int out = op->out[0]->id;
    if (keeps_order(op) || op->kind == OP_RESHAPE)
        o->mixed[out] = o->mixed[op->in[0]->id];
    if (keeps_order(op))
        o->of[out] = order_of(o, op->in[0]);
    else if (op->kind == OP_RESHAPE)
        o->of[out] = reshaped(o, op);
    else if (op->kind == OP_CONCAT)
        o->of[out] = concatenated(o, op);
    else if (is_binary(op))
        o->of[out] = combined(o, op);
    else if (op->kind == OP_SLICE || op->kind == OP_TRANSPOSE)
        o->mixed[out] = order_of(o, op->in[0]) ? op : o->mixed[op->in[0]->id];
    else if (op->kind == OP_ASSIGN && (order_of(o, op->in[0]) || o->mixed[op->in[0]->id]))
        o->mixed[out] = op;
    for (int k = 0; op->kind == OP_CONCAT && k < op->n_in; k++)
        if (o->mixed[op->in[k]->id])
            o->mixed[out] = o->mixed[op->in[k]->id];
}

column_orders *column_orders_new(qctx *ctx, const ir_graph *g)
{
    column_orders *o = ARENA_NEW(ctx->a, column_orders);
    o->ctx = ctx;
    o->of = ARENA_ARRAY(ctx->a, const int32_t *, g->tensors.n);
    o->mixed = ARENA_ARRAY(ctx->a, const ir_op *, g->tensors.n);
    /* what a state has from its assignment, its readers before that have too: a second round */
    for (int k = 0; k < (g->states.n ? 2 : 1) * g->ops.n; k++)
        follow(o, g->ops.v[k % g->ops.n]);
    return o;
}
