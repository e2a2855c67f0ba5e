/* lean.c - which channels need not be stored, and the graph without them.
 *
 * A channel whose code the integers prove constant is folded into the biases of the layers that
 * read it; one that is multiplied by zero wherever it is read is not needed at all. Tensors joined
 * by operators that work channel by channel (depthwise, pools, sums) form a family, whose channels
 * go or stay together. A channel may go where every convolution or dense layer that reads a tensor
 * of its class either multiplies it by zero or finds a constant there that it can fold: cells
 * outside hold the zero point, so a layer with pads folds no other code. Layers that lose filters
 * read less, so this is repeated until nothing changes. Ports, states and operators that mix
 * channels in other ways keep all.
 *
 * Loops over 30 channels can take longer than loops over 32. Where an eighth of what then stays, or
 * less, rounds a family up to a multiple of what the target likes, it keeps so many of those that
 * may go, the first; and all begins again, as what these read must stay too. */
#include "compiler/quant/lean.h"

enum { SPARE_PART = 8 }; /* at most this part of the channels that stay may be spared */

typedef struct family {
    bool whole;   /* keeps all channels */
    bool *go;     /* [last dimension] */
    bool *may_go; /* of the round */
    bool *spared; /* it could go, but stays */
    bool follows; /* of a flatten: has the channels that its input has */
} family;

typedef struct chooser {
    qctx *ctx;
    const ir_graph *g;
    channel_range *const *ranges;
    int *root;    /* [tensors.n] the tensor that stands for the family */
    family *of;   /* [tensors.n] valid at roots */
    int multiple; /* channels that the target likes: 1 any */
    bool **reads; /* [ops.n] layers that sum over channels: [filter][input channel], whether
                     multiplied */
} chooser;

static int root_of(const chooser *c, const ir_tensor *t)
{
    int i = t->id;
    while (c->root[i] != i)
        i = c->root[i];
    return i;
}

static family *family_of(const chooser *c, const ir_tensor *t)
{
    return &c->of[root_of(c, t)];
}

/* ---- families ----------------------------------------------------------------------------------
 */

static void pin(chooser *c, const ir_op *op)
{
    for (int i = 0; i < op->n_in; i++)
        family_of(c, op->in[i])->whole = true;
    for (int i = 0; i < op->n_out; i++)
        family_of(c, op->out[i])->whole = true;
}

static void join(chooser *c, const ir_tensor *a, const ir_tensor *b)
{
    int i = root_of(c, a), k = root_of(c, b);
    c->root[k] = i;
    c->of[i].whole |= c->of[k].whole;
}

/* Operators whose result has in each channel what the inputs have in theirs. */
static bool by_channel(const ir_op *op)
{
    switch (op->kind) {
    case OP_MAXPOOL:
    case OP_AVGPOOL:
    case OP_GLOBAL_AVGPOOL:
    case OP_GLOBAL_MAXPOOL:
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_MINIMUM:
    case OP_MAXIMUM:
    case OP_PAD:
    case OP_DILATE:
    case OP_RESIZE_NEAREST:
    case OP_RESIZE_BILINEAR:
    case OP_REQUANTIZE:
        return true;
    case OP_CONV2D:
        return ir_is_depthwise(op) && op->at.filters == op->at.groups;
    case OP_REDUCE_SUM:
    case OP_REDUCE_MEAN:
    case OP_REDUCE_MAX:
    case OP_REDUCE_MIN:
        return !reduces_channels(op);
    default:
        return (ir_opinfos[op->kind].flags & OPF_U) != 0;
    }
}

static bool joinable(const ir_op *op)
{
    int n = last_dim(op->out[0]), inputs = ir_weight(op) ? 1 : op->n_in;
    for (int i = 0; i < inputs; i++)
        if (op->in[i]->kind == IR_CONST || op->in[i]->shape.rank == 0 || last_dim(op->in[i]) != n)
            return false;
    return true;
}

/* Whether the layer sums over all channels of its input, and its constants are its own. */
static bool sums_channels(const chooser *c, const ir_op *op)
{
    bool layer = op->kind == OP_DENSE || (op->kind == OP_CONV2D && op->at.groups == 1);
    for (int i = 1; layer && i < op->n_in; i++)
        layer = ir_uses(c->g, op->in[i]) == 1;
    return layer;
}

/* A flatten, seen channel by channel: it repeats the channels of its input. */
static bool repeats(const ir_op *op)
{
    return op->kind == OP_RESHAPE && op->in[0]->kind != IR_STATE && op->in[0]->shape.rank > 0 &&
           last_dim(op->out[0]) % last_dim(op->in[0]) == 0;
}

static void find_families(chooser *c)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        bool own = !ir_weight(op) || ir_uses(c->g, ir_weight(op)) == 1;
        if (by_channel(op) && joinable(op) && own) {
            for (int k = 0; k < (ir_weight(op) ? 1 : op->n_in); k++)
                join(c, op->out[0], op->in[k]);
        } else if (!sums_channels(c, op) && !repeats(op)) {
            pin(c, op);
        }
    }
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        family_of(c, t)->whole |= t->kind != IR_VALUE || t->is_output || !c->ranges[t->id];
    }
    for (int i = 0; i < c->g->tensors.n; i++) {
        family *m = &c->of[i];
        m->go = ARENA_ARRAY(c->ctx->a, bool, last_dim(c->g->tensors.v[i]));
        m->may_go = ARENA_ARRAY(c->ctx->a, bool, last_dim(c->g->tensors.v[i]));
        m->spared = ARENA_ARRAY(c->ctx->a, bool, last_dim(c->g->tensors.v[i]));
    }
    for (int i = 0; i < c->g->ops.n; i++)
        if (repeats(c->g->ops.v[i]))
            family_of(c, c->g->ops.v[i]->out[0])->follows = true;
}

/* ---- what may go -------------------------------------------------------------------------------
 */

static bool *find_reads(const chooser *c, const ir_op *op)
{
    const ir_tensor *w = op->in[1];
    int depth = last_dim(w), filters = w->shape.dim[0];
    bool *reads = ARENA_ARRAY(c->ctx->a, bool, (int64_t)filters *depth);
    int64_t terms = ir_elems(&w->shape) / filters;
    for (int64_t i = 0; i < terms * filters; i++)
        reads[i / terms * depth + i % depth] |= weight_level(w, i) != 0;
    return reads;
}

static bool foldable(const ir_op *op, channel_range r)
{
    bool pads = op->kind == OP_CONV2D && lean_has_pads(op);
    return r.lo == r.hi && (!pads || r.lo == op->q->in_zero[0]);
}

/* Takes from may_go what the layer cannot do without. */
static void ask_reader(const chooser *c, const ir_op *op)
{
    const family *in = family_of(c, op->in[0]), *out = family_of(c, op->out[0]);
    int depth = last_dim(op->in[0]);
    for (int i = 0; i < depth; i++) {
        bool unread = true;
        for (int o = 0; unread && o < op->q->channels; o++)
            unread = out->go[o] || !c->reads[op->id][o * depth + i];
        in->may_go[i] &= unread || foldable(op, c->ranges[op->in[0]->id][i]);
    }
}

/* Both sides of a flatten give up the same channels. */
static bool agree(const chooser *c, const ir_op *op)
{
    const family *in = family_of(c, op->in[0]), *out = family_of(c, op->out[0]);
    int depth = last_dim(op->in[0]);
    bool changed = false;
    for (int i = 0; i < last_dim(op->out[0]); i++) {
        bool *a = &in->may_go[i % depth], *b = &out->may_go[i];
        changed |= *a != *b;
        *a = *b = *a && *b;
    }
    return changed;
}

static void agree_all(const chooser *c)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < c->g->ops.n; i++)
            if (repeats(c->g->ops.v[i]))
                changed |= agree(c, c->g->ops.v[i]);
    }
}

static void start_round(const chooser *c)
{
    for (int i = 0; i < c->g->tensors.n; i++)
        for (int k = 0; c->root[i] == i && k < last_dim(c->g->tensors.v[i]); k++)
            c->of[i].may_go[k] = !c->of[i].whole && !c->of[i].spared[k];
}

/* No tensor loses its last channel: the first is kept then. */
static void keep_one(const chooser *c)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        int n = last_dim(c->g->tensors.v[i]), go = 0;
        for (int k = 0; k < n; k++)
            go += c->of[i].may_go[k];
        if (c->root[i] == i && go == n)
            c->of[i].may_go[0] = false;
    }
}

static bool end_round(const chooser *c)
{
    bool changed = false;
    for (int i = 0; i < c->g->tensors.n; i++)
        for (int k = 0; c->root[i] == i && k < last_dim(c->g->tensors.v[i]); k++) {
            changed |= c->of[i].may_go[k] != c->of[i].go[k];
            c->of[i].go[k] = c->of[i].may_go[k];
        }
    return changed;
}

static bool run_round(const chooser *c)
{
    start_round(c);
    for (int i = 0; i < c->g->ops.n; i++)
        if (c->reads[i])
            ask_reader(c, c->g->ops.v[i]);
    agree_all(c);
    keep_one(c);
    agree_all(c);
    return end_round(c);
}

/* ---- rounding up -------------------------------------------------------------------------------
 */

/* How many of n channels, of which `go` may go, stay so that what is left is a multiple. */
static int spare_of(const chooser *c, int n, int go)
{
    int left = n - go, spare = (c->multiple - left % c->multiple) % c->multiple;
    return spare <= go && spare * SPARE_PART <= left + spare ? spare : 0;
}

static bool spare_channels(const chooser *c, family *m, int n)
{
    int go = 0;
    for (int k = 0; k < n; k++)
        go += m->go[k];
    int spare = m->follows ? 0 : spare_of(c, n, go);
    for (int k = 0, more = spare; more > 0; k++)
        if (m->go[k]) {
            m->spared[k] = true;
            more--;
        }
    return spare > 0;
}

static bool round_up(const chooser *c)
{
    bool any = false;
    for (int i = 0; i < c->g->tensors.n; i++)
        if (c->root[i] == i)
            any |= spare_channels(c, &c->of[i], last_dim(c->g->tensors.v[i]));
    for (int i = 0; any && i < c->g->tensors.n; i++)
        for (int k = 0; k < last_dim(c->g->tensors.v[i]); k++)
            c->of[i].go[k] = false;
    return any;
}

static void report(const chooser *c, kept_channels *k)
{
    arena *a = c->ctx->a;
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        const family *m = family_of(c, t);
        if (t->kind == IR_CONST)
            continue;
        k->kept[i] = ARENA_ARRAY(a, bool, last_dim(t));
        k->spared[i] = m->spared;
        for (int n = 0; n < last_dim(t); n++)
            k->kept[i][n] = !m->go[n];
    }
}

kept_channels choose_kept(qctx *ctx, const ir_graph *legal, channel_range *const *ranges,
                          int multiple)
{
    arena *a = ctx->a;
    int n = legal->tensors.n;
    chooser c = {.ctx = ctx,
                 .g = legal,
                 .ranges = ranges,
                 .root = ARENA_ARRAY(a, int, n),
                 .of = ARENA_ARRAY(a, family, n),
                 .multiple = multiple,
                 .reads = ARENA_ARRAY(a, bool *, legal->ops.n)};
    kept_channels k = {ARENA_ARRAY(a, bool *, n), ARENA_ARRAY(a, const bool *, n)};
    for (int i = 0; i < n; i++)
        c.root[i] = i;
    find_families(&c);
    for (int i = 0; i < legal->ops.n; i++)
        if (sums_channels(&c, legal->ops.v[i]))
            c.reads[i] = find_reads(&c, legal->ops.v[i]);
    do
        while (run_round(&c))
            continue;
    while (round_up(&c));
    report(&c, &k);
    return k;
}
