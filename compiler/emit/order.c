/* order.c - operators in the order that needs least memory, where the graph branches.
 *
 * Dynamic programming over sets of operators that are done, one more at a time: of all orders that
 * end in one set, the one whose largest sum of live tensors is least is kept. It is exact while no
 * more than WIDTH sets have one size; beyond, those that the best ones led to go on. What an order
 * is worth is decided by a plan of the arena: the net's own order stays unless another plan is
 * smaller. */
#include "compiler/emit/frame.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 4, MOST_OPS = 64 * WORDS, WIDTH = 4096, SLOTS = 16384 };

/* A set of operators, and the best way to it. */
typedef struct state {
    uint64_t done[WORDS];
    int64_t live, peak;
    int from, op; /* state of the size before, and the operator that was added */
} state;

typedef struct level {
    state *v;
    int n;
} level;

typedef struct orderer {
    const emitter *e;
    const ir_graph *g;
    const plan_request *r;
    int *root;                  /* [tensors.n] of tensors joined by reshapes */
    int64_t *bytes;             /* [tensors.n] at roots: of the arena */
    uint64_t (*readers)[WORDS]; /* [tensors.n] at roots */
    uint64_t (*before)[WORDS];  /* [ops.n] operators whose results it reads */
    bool *kept;                 /* [tensors.n] at roots: lives to the end */
    int *slot;                  /* hash of the level in work */
} orderer;

static bool has(const uint64_t *set, int i)
{
    return set[i / 64] >> (i % 64) & 1U;
}

static bool holds(const uint64_t *set, const uint64_t *part)
{
    for (int i = 0; i < WORDS; i++)
        if (part[i] & ~set[i])
            return false;
    return true;
}

/* ---- the graph ------------------------------------------------------------------------------- */

static void describe(orderer *o)
{
    const ir_graph *g = o->g;
    for (int i = 0; i < g->tensors.n; i++) {
        const ir_tensor *t = g->tensors.v[i];
        bool caller = (t->kind == IR_INPUT && !o->r->inputs_in_arena) ||
                      (t->is_output && !o->r->outputs_in_arena);
        o->root[i] = i;
        o->bytes[i] = t->kind == IR_CONST || caller ? 0 : port_bytes(t);
    }
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        if (emit_op_is_nop(op))
            o->root[op->out[0]->id] = o->root[op->in[0]->id];
        for (int k = 0; k < op->n_in; k++) {
            int root = o->root[op->in[k]->id];
            o->readers[root][i / 64] |= (uint64_t)1 << (i % 64);
            if (op->in[k]->producer)
                o->before[i][op->in[k]->producer->id / 64] |= (uint64_t)1
                                                              << (op->in[k]->producer->id % 64);
        }
    }
    for (int i = 0; i < g->tensors.n; i++)
        if (g->tensors.v[i]->is_output)
            o->kept[o->root[i]] = true;
}

/* Bytes that the operator adds to what is live while it runs, and afterwards. */
static void run_op(const orderer *o, const ir_op *op, state *s)
{
    int out = o->root[op->out[0]->id];
    bool nop = emit_op_is_nop(op), over = false;
    int64_t dead = 0;
    s->done[op->id / 64] |= (uint64_t)1 << (op->id % 64);
    for (int k = 0; k < op->n_in; k++) {
        int in = o->root[op->in[k]->id];
        bool again = false;
        for (int j = 0; j < k; j++)
            again |= o->root[op->in[j]->id] == in;
        if (again || in == out || o->kept[in] || !holds(s->done, o->readers[in]))
            continue;
        dead += o->bytes[in];
        over |= !nop && o->bytes[in] == o->bytes[out] && emit_may_alias(o->e, op, k);
    }
    int64_t made = nop ? 0 : o->bytes[out];
    int64_t during =
        s->live + (over ? 0 : made) + (nop || !o->r->scratch ? 0 : o->r->scratch[op->id]);
    s->peak = during > s->peak ? during : s->peak;
    s->live += made - dead;
}

static state start(const orderer *o)
{
    state s = {.from = -1, .op = -1};
    for (int i = 0; i < o->g->inputs.n; i++)
        s.live += o->bytes[o->g->inputs.v[i]->id];
    s.peak = s.live;
    return s;
}

/* Largest sum of the order that the graph has. */
static int64_t own_peak(const orderer *o)
{
    state s = start(o);
    for (int i = 0; i < o->g->ops.n; i++)
        run_op(o, o->g->ops.v[i], &s);
    return s.peak;
}

/* ---- the search ------------------------------------------------------------------------------ */

static int *find_slot(const orderer *o, const level *to, const uint64_t *done)
{
    uint64_t h = 0;
    for (int i = 0; i < WORDS; i++)
        h = (h ^ done[i]) * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(h >> 40) % SLOTS;
    while (o->slot[at] >= 0 && memcmp(to->v[o->slot[at]].done, done, sizeof to->v->done) != 0)
        at = (at + 1) % SLOTS;
    return &o->slot[at];
}

static void add_state(const orderer *o, level *to, const state *s)
{
    int *slot = find_slot(o, to, s->done);
    if (*slot < 0 && to->n < WIDTH) {
        *slot = to->n;
        to->v[to->n++] = *s;
    } else if (*slot >= 0 && s->peak < to->v[*slot].peak) {
        to->v[*slot] = *s;
    }
}

/* Best first; then in the order in which they were found. */
static int compare(const void *x, const void *y)
{
    const state *a = x, *b = y;
    if (a->peak != b->peak)
        return a->peak < b->peak ? -1 : 1;
    if (a->live != b->live)
        return a->live < b->live ? -1 : 1;
    return a->from != b->from ? a->from - b->from : a->op - b->op;
}

/* All sets with one operator more, by orders better than `limit`. */
static level next_level(const orderer *o, const level *from, int64_t limit)
{
    int64_t most = (int64_t)from->n * o->g->ops.n;
    level to = {ARENA_ARRAY(o->e->ctx->a, state, most < WIDTH ? most : WIDTH), 0};
    for (int i = 0; i < SLOTS; i++)
        o->slot[i] = -1;
    for (int i = 0; i < from->n; i++)
        for (int k = 0; k < o->g->ops.n; k++) {
            state s = from->v[i];
            if (has(s.done, k) || !holds(s.done, o->before[k]))
                continue;
            s.from = i;
            s.op = k;
            run_op(o, o->g->ops.v[k], &s);
            if (s.peak < limit)
                add_state(o, &to, &s);
        }
    qsort(to.v, (size_t)to.n, sizeof *to.v, compare);
    return to;
}

/* An order whose largest sum is below `limit`, or false. */
static bool search(orderer *o, int64_t limit, int *order)
{
    int n = o->g->ops.n;
    level *levels = ARENA_ARRAY(o->e->ctx->a, level, n + 1);
    state first = start(o);
    levels[0] = (level){&first, 1};
    for (int i = 0; i < n; i++) {
        levels[i + 1] = next_level(o, &levels[i], limit);
        if (levels[i + 1].n == 0)
            return false;
    }
    for (int i = n, at = 0; i > 0; i--) {
        const state *s = &levels[i].v[at];
        order[i - 1] = s->op;
        at = s->from;
    }
    return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

/* order[i]: which of the operators as they stand becomes number i. */
static void permute(arena *a, ir_graph *g, const int *order)
{
    ir_op **v = ARENA_ARRAY(a, ir_op *, g->ops.n);
    memcpy(v, g->ops.v, (size_t)g->ops.n * sizeof(ir_op *));
    for (int i = 0; i < g->ops.n; i++) {
        g->ops.v[i] = v[order[i]];
        g->ops.v[i]->id = i;
    }
}

static int64_t planned_bytes(const emitter *e, const ir_graph *g, const plan_request *r)
{
    plan_request own = *r;
    own.scratch = plan_scratch(e);
    return plan_places(e->ctx, g, &own)->arena_bytes;
}

void order_operators(emitter *e, ir_graph *g, const plan_request *r)
{
    arena *a = e->ctx->a;
    int n = g->ops.n, *order = ARENA_ARRAY(a, int, n), *back = ARENA_ARRAY(a, int, n);
    if (n < 2 || n > MOST_OPS || g->states.n > 0) /* states are read and assigned in their order */
        return;
    plan_request own = *r;
    own.scratch = plan_scratch(e);
    orderer o = {.e = e, .g = g, .r = &own};
    o.root = ARENA_ARRAY(a, int, g->tensors.n);
    o.bytes = ARENA_ARRAY(a, int64_t, g->tensors.n);
    o.kept = ARENA_ARRAY(a, bool, g->tensors.n);
    o.readers = arena_calloc(a, (size_t)g->tensors.n + 1, sizeof *o.readers);
    o.before = arena_calloc(a, (size_t)n + 1, sizeof *o.before);
    o.slot = ARENA_ARRAY(a, int, SLOTS);
    describe(&o);
    if (!search(&o, own_peak(&o), order))
        return;
    int64_t bytes = planned_bytes(e, g, r);
    permute(a, g, order);
    if (planned_bytes(e, g, r) < bytes) {
        e->was = order;
        e->own_order = bytes;
        return;
    }
    for (int i = 0; i < n; i++)
        back[order[i]] = i;
    permute(a, g, back);
}
