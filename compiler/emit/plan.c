/* plan.c - where every tensor lives.
 *
 * Tensors joined by reshapes, and what lies in a concat (elide.c), form a group: one memory. A
 * group is a caller's port, a state or a block of the arena with a lifetime in operator numbers
 * (-1: before the first, ops.n: after the last). Where an operator may write over an input that
 * dies there, the two groups become one block, or two that may overlap (behind.c): both are tried.
 * layout.c gives the blocks offsets. */
#include "compiler/emit/bands.h"
#include "compiler/emit/frame.h"
#include "compiler/emit/layout.h"

#include <string.h>

enum { MOST_TRIED = 12 }; /* concats whose copy a plan is made for */

typedef struct group {
    int64_t bytes;
    int first, last;
    int in_port, out_port, state; /* lowest number, or -1 */
    int item;                     /* block, or -1 */
    bool outside;                 /* of the arena, for a bound */
} group;

typedef struct planner {
    const ir_graph *g;
    const plan_request *r;
    joints j;           /* root: the group of a tensor */
    const bool *copies; /* [ops.n] concats and pads that are to copy, or NULL */
    bool relaxed; /* only for a bound: what could lie in a concat ends where the concat begins */
    group *group; /* [tensors.n], valid at roots */
    int *merged;  /* [items] the block that an item became part of */
    block *item;
    int items;
} planner;

static int64_t round_up(int64_t bytes)
{
    return (bytes + EMIT_OFFSET_ALIGN - 1) / EMIT_OFFSET_ALIGN * EMIT_OFFSET_ALIGN;
}

static group *group_of(const planner *p, const ir_tensor *t)
{
    return &p->group[p->j.root[t->id]];
}

/* Operators stand in execution order, so a reshape's input has its root already. */
static void join_tensors(planner *p)
{
    int *root = p->j.root;
    for (int i = 0; i < p->g->tensors.n; i++)
        root[i] = bands_root(p->r->e, p->g->tensors.v[i])->id;
    for (int i = 0; i < p->g->ops.n; i++) {
        const ir_op *op = p->g->ops.v[i];
        if (emit_op_is_nop(op))
            root[op->out[0]->id] = root[op->in[0]->id];
    }
    elide_joins(p->r->e, p->copies, !p->relaxed, &p->j);
    for (int i = 0; i < p->g->tensors.n; i++) {
        int view_of = bands_root(p->r->e, p->g->tensors.v[i])->id;
        if (view_of != i) {
            root[i] = root[view_of];
            p->j.shift[i] = p->j.shift[view_of];
        }
    }
}

static int lower(int old, int k)
{
    return old < 0 || k < old ? k : old;
}

/* A bound where some lie in a concat counts bytes: that concat has no gaps. */
static bool counts_bytes(const planner *p)
{
    for (int i = 0; i < p->g->ops.n && p->relaxed; i++)
        if (p->j.laid[i])
            return true;
    return false;
}

static void describe_groups(planner *p)
{
    const ir_graph *g = p->g;
    bool exact = counts_bytes(p);
    for (int i = 0; i < g->tensors.n; i++) {
        int64_t bytes = bands_bytes(p->r->e, g->tensors.v[i]);
        p->group[i] = (group){exact ? bytes : round_up(bytes), g->ops.n, -1, -1, -1, -1, -1, false};
    }
    for (int k = 0; k < g->inputs.n; k++) {
        group *m = group_of(p, g->inputs.v[k]);
        m->in_port = lower(m->in_port, k);
        m->first = -1;
    }
    for (int k = 0; k < g->outputs.n; k++) {
        group *m = group_of(p, g->outputs.v[k]);
        m->out_port = lower(m->out_port, k);
        m->last = g->ops.n;
    }
    for (int k = 0; k < g->states.n; k++)
        group_of(p, g->states.v[k]->tensor)->state = k;
}

static void note_life(group *m, int at)
{
    if (at < m->first)
        m->first = at;
    if (at > m->last)
        m->last = at;
}

static int chains(const planner *p)
{
    return p->r->e->bands ? p->r->e->bands->chain.n : 0;
}

/* What a chain of layers reads or writes lives as long as it. */
static void find_lifetimes(planner *p)
{
    for (int i = 0; i < p->g->ops.n; i++) {
        const ir_op *op = p->g->ops.v[i];
        for (int k = 0; k < op->n_in; k++)
            note_life(group_of(p, op->in[k]), i);
        for (int k = 0; k < op->n_out; k++)
            note_life(group_of(p, op->out[k]), i);
    }
    for (int i = 0; i < chains(p); i++) {
        const band_chain *c = p->r->e->bands->chain.v[i];
        for (int m = 0; m < c->map.n; m++) {
            note_life(group_of(p, c->map.v[m].place), c->first);
            note_life(group_of(p, c->map.v[m].place), c->last);
        }
    }
}

static bool lives_in_arena(const planner *p, const group *m)
{
    if (m->state >= 0)
        return false;
    return (m->in_port >= 0 && p->r->inputs_in_arena) ||
           (m->out_port >= 0 && p->r->outputs_in_arena) || (m->in_port < 0 && m->out_port < 0);
}

/* What could lie in a concat is part of it from then on, and costs nothing where that is outside of
 * the arena. */
static void relax(planner *p)
{
    for (int i = p->g->ops.n - 1; i >= 0 && p->relaxed; i--) {
        const ir_op *op = p->g->ops.v[i];
        for (int k = 0; k < op->n_in; k++) {
            group *m = group_of(p, op->in[k]);
            const group *out = group_of(p, op->out[0]);
            if (!(p->j.laid[i] >> k & 1U))
                continue;
            m->last = m->last < i ? m->last : i - 1;
            m->outside |= out->outside || !lives_in_arena(p, out);
        }
    }
}

static void make_items(qctx *ctx, planner *p)
{
    const ir_graph *g = p->g;
    p->item = ARENA_ARRAY(ctx->a, block, g->tensors.n + g->ops.n);
    p->merged = ARENA_ARRAY(ctx->a, int, g->tensors.n + g->ops.n);
    for (int i = 0; i < g->tensors.n; i++) {
        group *m = &p->group[i];
        if (p->j.root[i] != i || g->tensors.v[i]->kind == IR_CONST || !lives_in_arena(p, m) ||
            m->outside)
            continue;
        m->item = p->items++;
        p->item[m->item] = (block){
            .bytes = m->bytes, .first = m->first, .last = m->last > m->first ? m->last : m->first};
    }
    for (int i = 0; i < p->items; i++)
        p->merged[i] = i;
}

/* Every input of the operator that lies in group m may be written over exactly. */
static bool may_write_over(const planner *p, const ir_op *op, const group *m)
{
    for (int k = 0; k < op->n_in; k++)
        if (group_of(p, op->in[k]) == m && !emit_may_alias(p->r->e, op, k))
            return false;
    return true;
}

/* The tensor begins where its group does, and is in one piece. */
static bool begins(const planner *p, const ir_tensor *t)
{
    return p->j.shift[t->id] == 0 && p->j.pitch[t->id] == 0;
}

static bool try_in_place(planner *p, const ir_op *op, int k)
{
    const group *from = group_of(p, op->in[k]), *to = group_of(p, op->out[0]);
    if (from == to || from->item < 0 || to->item < 0 || to->first != op->id ||
        bands_of(p->r->e, op->id) || !begins(p, op->in[k]) || !begins(p, op->out[0]))
        return false;
    int a = p->merged[from->item], b = to->item;
    if (p->item[a].last != op->id || p->item[a].bytes != p->item[b].bytes ||
        port_bytes(op->in[k]) != port_bytes(op->out[0]) || !may_write_over(p, op, from))
        return false;
    p->item[a].last = p->item[b].last;
    p->merged[b] = a;
    return true;
}

static void merge_in_place(planner *p)
{
    for (int i = 0; i < p->g->ops.n; i++) {
        const ir_op *op = p->g->ops.v[i];
        for (int k = 0; k < op->n_in && !emit_op_is_nop(op); k++)
            if (try_in_place(p, op, k))
                break;
    }
}

/* ---- blocks that may overlap ---------------------------------------------------------------- */

static int64_t round_up_any(int64_t bytes)
{
    return bytes > 0 ? round_up(bytes) : -(-bytes / EMIT_OFFSET_ALIGN * EMIT_OFFSET_ALIGN);
}

static bool try_overlap(const planner *p, const ir_op *op, int k)
{
    const group *from = group_of(p, op->in[k]), *to = group_of(p, op->out[0]);
    if (from == to || from->item < 0 || to->item < 0 || to->first != op->id ||
        bands_of(p->r->e, op->id) || !begins(p, op->in[k]) || !begins(p, op->out[0]))
        return false;
    int a = p->merged[from->item], b = to->item;
    if (p->merged[b] != b || a == b || p->item[a].last != op->id)
        return false;
    block *out = &p->item[b];
    int64_t ahead = 0;
    out->same = out->bytes <= p->item[a].bytes && emit_writes_same(p->r->e, op, k) &&
                (op->n_in == 1 || ir_weight(op) || may_write_over(p, op, from));
    out->behind = k == 0 && emit_writes_behind(p->r->e, op, &ahead);
    out->ahead = round_up_any(ahead);
    out->input = out->same || out->behind ? 1 + a : 0;
    return out->input > 0;
}

/* The map that a chain writes stays behind the whole one that it reads. */
static void overlap_chain(const planner *p, const band_chain *c)
{
    const group *to = group_of(p, c->map.v[c->map.n - 1].place);
    bool fits = to->item >= 0 && begins(p, c->map.v[c->map.n - 1].place);
    for (int m = 0; m < c->map.n && fits; m++) {
        const group *from = group_of(p, c->map.v[m].place);
        if (c->map.v[m].kind != BAND_READ || from == to || from->item < 0 ||
            !begins(p, c->map.v[m].place))
            continue;
        int a = p->merged[from->item], b = to->item;
        if (p->merged[b] != b || a == b || p->item[a].last != c->last || to->first != c->first)
            continue;
        p->item[b].behind = true;
        p->item[b].ahead = round_up_any(c->map.v[m].ahead);
        p->item[b].input = 1 + a;
        return;
    }
}

static void find_overlaps(const planner *p)
{
    for (int i = 0; i < chains(p); i++)
        overlap_chain(p, p->r->e->bands->chain.v[i]);
    for (int i = 0; i < p->g->ops.n; i++) {
        const ir_op *op = p->g->ops.v[i];
        for (int k = 0; k < op->n_in && !emit_op_is_nop(op); k++)
            if (op->in[k]->kind != IR_CONST && try_overlap(p, op, k))
                break;
    }
}

/* Blocks of merged items and of scratch; block_of[item] and, after the items, block_of[op]. */
static int collect_blocks(planner *p, block *v, int *block_of)
{
    int n = 0;
    for (int i = 0; i < p->items; i++)
        if (p->merged[i] == i) {
            v[n] = p->item[i];
            block_of[i] = n++;
        }
    for (int i = 0; i < n; i++)
        if (v[i].input)
            v[i].input = 1 + block_of[v[i].input - 1];
    for (int i = 0; i < p->g->ops.n; i++) {
        block_of[p->items + i] = -1;
        if (p->r->scratch && p->r->scratch[i] > 0) {
            v[n] = (block){.bytes = round_up(p->r->scratch[i]), .first = i, .last = i};
            block_of[p->items + i] = n++;
        }
    }
    return n;
}

/* Of a tensor `shift` bytes from where its group begins; offset: of the group. */
static place place_of(const planner *p, const group *m, int item, int64_t offset, int64_t shift)
{
    bool ports_at_caller = !p->r->ports_are_places;
    int64_t room = offset < 0 ? -1 : offset + shift;
    if (m->state >= 0)
        return (place){PLACE_STATE, m->state, 0, 0, -1, -1};
    if (m->in_port >= 0 && ports_at_caller)
        return (place){PLACE_INPUT, m->in_port, 0, shift, item, room};
    if (m->out_port >= 0 && ports_at_caller)
        return (place){PLACE_OUTPUT, m->out_port, 0, shift, item, room};
    return (place){PLACE_ARENA, 0, room, shift, item, room};
}

static int64_t shared_bytes(const block *v, const int64_t *offset, int a, int b)
{
    int64_t low = offset[a] > offset[b] ? offset[a] : offset[b];
    int64_t end_a = offset[a] + v[a].bytes, end_b = offset[b] + v[b].bytes;
    int64_t high = end_a < end_b ? end_a : end_b;
    return high > low ? high - low : 0;
}

static void fill_live(emit_plan *plan, const planner *p, const block *v, const int64_t *offset, int n)
{
    for (int i = 0; i < p->g->ops.n; i++)
        for (int k = 0; k < n; k++) {
            if (v[k].first <= i && i <= v[k].last)
                plan->live[i] += v[k].bytes;
            if (v[k].input && v[k].first <= i && i <= v[v[k].input - 1].last)
                plan->live[i] -= shared_bytes(v, offset, k, v[k].input - 1);
        }
}

static void fill_places(emit_plan *plan, const planner *p, const int *block_of,
                        const int64_t *offset)
{
    const ir_graph *g = p->g;
    for (int i = 0; i < g->tensors.n; i++) {
        const group *m = group_of(p, g->tensors.v[i]);
        int item = m->item < 0 ? -1 : p->merged[m->item];
        if (g->tensors.v[i]->kind == IR_CONST)
            plan->at[i] = (place){PLACE_NONE, 0, 0, 0, -1, -1};
        else
            plan->at[i] =
                place_of(p, m, item, item < 0 ? -1 : offset[block_of[item]], p->j.shift[i]);
    }
    for (int k = 0; k < g->inputs.n; k++) {
        int item = plan->at[g->inputs.v[k]->id].item;
        plan->in_offset[k] = item < 0 ? -1 : offset[block_of[item]];
    }
    for (int k = 0; k < g->outputs.n; k++) {
        int item = plan->at[g->outputs.v[k]->id].item;
        plan->out_offset[k] = item < 0 ? -1 : offset[block_of[item]];
    }
    for (int i = 0; i < g->ops.n; i++)
        plan->scratch[i] = block_of[p->items + i] < 0 ? -1 : offset[block_of[p->items + i]];
}

/* Tensors that lie in one block, in their order: "c1", "c1, r1". */
static const char *block_name(qctx *ctx, const planner *p, int item)
{
    const char *name = NULL;
    for (int i = 0; i < p->g->tensors.n; i++) {
        const group *m = group_of(p, p->g->tensors.v[i]);
        bool view = bands_root(p->r->e, p->g->tensors.v[i]) != p->g->tensors.v[i];
        if (p->g->tensors.v[i]->kind == IR_CONST || view || m->item < 0 || p->merged[m->item] != item)
            continue;
        const char *own = p->g->tensors.v[i]->name;
        name = name ? arena_printf(ctx->a, "%s, %s", name, own) : own;
    }
    return name ? name : "";
}

static void list_blocks(qctx *ctx, emit_plan *plan, const planner *p, const block *v,
                        const int *block_of, const int64_t *offset)
{
    plan->blocks = ARENA_ARRAY(ctx->a, emit_block, p->items + p->g->ops.n);
    for (int i = 0; i < p->items + p->g->ops.n; i++) {
        bool scratch = i >= p->items;
        int k = scratch || p->merged[i] == i ? block_of[i] : -1;
        if (k < 0)
            continue;
        const char *name = scratch ? p->g->ops.v[i - p->items]->name : block_name(ctx, p, i);
        plan->blocks[plan->n_blocks++] =
            (emit_block){name, scratch, offset[k], v[k].bytes, v[k].first, v[k].last};
    }
}

/* Everything but offsets. merge: operators that may write over an input share its block. Gives the
 * number of blocks. */
static int prepare(qctx *ctx, planner *p, bool merge, block **v, int **block_of)
{
    arena *a = ctx->a;
    p->j.root = ARENA_ARRAY(a, int, p->g->tensors.n);
    p->j.shift = ARENA_ARRAY(a, int64_t, p->g->tensors.n);
    p->j.pitch = ARENA_ARRAY(a, int, p->g->tensors.n);
    p->j.laid = ARENA_ARRAY(a, uint64_t, p->g->ops.n);
    p->group = ARENA_ARRAY(a, group, p->g->tensors.n);
    join_tensors(p);
    describe_groups(p);
    find_lifetimes(p);
    relax(p);
    make_items(ctx, p);
    if (merge)
        merge_in_place(p);
    find_overlaps(p);
    int most = p->items + p->g->ops.n;
    *block_of = ARENA_ARRAY(a, int, most);
    *v = ARENA_ARRAY(a, block, most);
    return collect_blocks(p, *v, *block_of);
}

static emit_plan *plan_once(qctx *ctx, const ir_graph *g, const plan_request *r, bool merge,
                            const bool *copies)
{
    arena *a = ctx->a;
    planner p = {.g = g, .r = r, .copies = copies};
    block *v;
    int *block_of, n = prepare(ctx, &p, merge, &v, &block_of);
    int64_t *offset = ARENA_ARRAY(a, int64_t, n);

    emit_plan *plan = ARENA_NEW(a, emit_plan);
    plan->at = ARENA_ARRAY(a, place, g->tensors.n);
    plan->in_offset = ARENA_ARRAY(a, int64_t, g->inputs.n);
    plan->out_offset = ARENA_ARRAY(a, int64_t, g->outputs.n);
    plan->scratch = ARENA_ARRAY(a, int64_t, g->ops.n);
    plan->live = ARENA_ARRAY(a, int64_t, g->ops.n);
    plan->laid = p.j.laid;
    plan->pitch = p.j.pitch;
    plan->arena_bytes = layout_blocks(a, v, n, offset);
    fill_places(plan, &p, block_of, offset);
    fill_live(plan, &p, v, offset, n);
    list_blocks(ctx, plan, &p, v, block_of, offset);
    return plan;
}

static emit_plan *plan_copying(qctx *ctx, const ir_graph *g, const plan_request *r,
                               const bool *copies)
{
    emit_plan *merged = plan_once(ctx, g, r, true, copies);
    emit_plan *apart = plan_once(ctx, g, r, false, copies);
    return apart->arena_bytes < merged->arena_bytes ? apart : merged;
}

/* Where all of them copying is better than none, one after another that had better copy; or all. */
static emit_plan *plan_some_copying(qctx *ctx, const ir_graph *g, const plan_request *r,
                                    emit_plan *plan)
{
    bool *copies = ARENA_ARRAY(ctx->a, bool, g->ops.n);
    memset(copies, true, (size_t)g->ops.n * sizeof *copies);
    emit_plan *all = plan_copying(ctx, g, r, copies);
    if (all->arena_bytes >= plan->arena_bytes)
        return plan;
    memset(copies, false, (size_t)g->ops.n * sizeof *copies);
    for (int i = 0, tried = 0; i < g->ops.n && tried < MOST_TRIED; i++) {
        if (!plan->laid[i])
            continue;
        tried++;
        copies[i] = true;
        emit_plan *with = plan_copying(ctx, g, r, copies);
        copies[i] = with->arena_bytes < plan->arena_bytes;
        plan = copies[i] ? with : plan;
    }
    return all->arena_bytes < plan->arena_bytes ? all : plan;
}

emit_plan *plan_places(qctx *ctx, const ir_graph *g, const plan_request *r)
{
    emit_plan *plan = plan_copying(ctx, g, r, NULL);
    for (int i = 0; i < g->ops.n; i++)
        if (plan->laid[i]) {
            plan = plan_some_copying(ctx, g, r, plan);
            break;
        }
    plan->lower_bound = plan_bound(ctx, g, r);
    return plan;
}

int64_t plan_bound(qctx *ctx, const ir_graph *g, const plan_request *r)
{
    int64_t least = INT64_MAX;
    for (int merge = 0; merge < 2; merge++) {
        planner p = {.g = g, .r = r, .relaxed = true};
        block *v;
        int *block_of, n = prepare(ctx, &p, merge, &v, &block_of);
        int64_t bound = round_up(layout_lower_bound(v, n));
        least = bound < least ? bound : least;
    }
    return least;
}

static void set_view(ir_tensor *t, const place *at, int pitch)
{
    int64_t stride = 1;
    t->view.buffer = at->kind == PLACE_ARENA ? 0 : -1;
    t->view.offset = at->kind == PLACE_ARENA ? at->offset : 0;
    for (int d = t->shape.rank - 1; d >= 0; d--) {
        t->view.stride[d] = stride;
        stride *= pitch && d == t->shape.rank - 1 ? pitch : t->shape.dim[d];
    }
}

void plan_set_views(ir_graph *g, const emit_plan *plan)
{
    for (int i = 0; i < g->tensors.n; i++)
        set_view(g->tensors.v[i], &plan->at[i], plan->pitch[i]);
}

int64_t *plan_scratch(const emitter *e)
{
    int64_t *bytes = ARENA_ARRAY(e->ctx->a, int64_t, e->g->ops.n);
    for (int i = 0; i < e->g->ops.n; i++)
        bytes[i] = emit_op_is_nop(e->g->ops.v[i]) ? 0 : emit_scratch(e, e->g->ops.v[i]);
    return bytes;
}

int64_t plan_memory(qctx *ctx, ir_graph *g, bool io_in_arena, int64_t *lower_bound)
{
    emit_options o;
    emit_options_init(&o);
    o.emit_float = g->stage != IR_LEGAL;
    emitter e = {.ctx = ctx, .g = g, .o = &o, .prefix = "net", .upper = "NET"};
    plan_request r = {io_in_arena, io_in_arena, io_in_arena, plan_scratch(&e), &e};
    const emit_plan *plan = plan_places(ctx, g, &r);
    plan_set_views(g, plan);
    if (lower_bound)
        *lower_bound = plan->lower_bound;
    return plan->arena_bytes;
}

/* Of memory in the arena, at a port, or in a state. */
static bool in_one_place(const place *a, const place *b)
{
    return a->kind == b->kind && a->kind != PLACE_ARENA && a->kind != PLACE_NONE &&
           a->index == b->index;
}

bool emit_is_aliased(const emitter *e, const ir_op *op, int in)
{
    const place *a = &e->plan->at[op->in[in]->id], *b = &e->plan->at[op->out[0]->id];
    bool item = a->item >= 0 && b->item >= 0;
    if (!item && !in_one_place(a, b))
        return false;
    int64_t from = item ? a->room : a->shift, to = item ? b->room : b->shift;
    return from < to + bands_bytes(e, op->out[0]) && to < from + bands_bytes(e, op->in[in]);
}

bool emit_is_behind(const emitter *e, const ir_op *op)
{
    const place *a = &e->plan->at[op->in[0]->id], *b = &e->plan->at[op->out[0]->id];
    int64_t ahead = 0;
    return a->item >= 0 && b->item >= 0 && emit_writes_behind(e, op, &ahead) && a->room - b->room >= ahead;
}
