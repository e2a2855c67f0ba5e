/* elide.c - concat and pad without copies.
 *
 * 1. A pad goes into the windows of its readers (elide_pads): convolutions, whose kernels put the
 * zero point outside the map; average pools, which then count all cells; max pools whose output is
 *    nowhere below the zero point. The operator stays in the graph with its number, as a pad of
 *    nothing, which like a reshape needs no code. This is done to the copy that is emitted, where
 * it makes the arena smaller (windows at the border cost more instructions than a copy); the
 *    canonical model and the oracle keep the pad. --whole-layers does too.
 * 2. An input of a concat lies in the concat's output (elide_joins): where it is one run of that
 *    memory, codes need no rescaling and an operator of the net writes it there, once. The planner
 *    then has one block for both, live from the first such operator on; the concat copies what is
 *    left, if anything. Concats of concats nest. The same holds for the input of a pad that adds
 * rows above and below only: what is left are these rows.
 *
 * A plan may do without 2 and 3 for some operators, where the block would live too long (plan.c).
 */
#include "compiler/emit/bands.h"
#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

#include <string.h>

/* ---- pads into the windows of their readers ------------------------------------------------- */

/* No code of t is below this. */
static int32_t least_code(const ir_tensor *t)
{
    const ir_op *op = t->producer;
    int32_t least = t->type == IR_I16 ? INT16_MIN : INT8_MIN;
    if (!op || !op->q)
        return least;
    switch (op->kind) {
    case OP_CONV2D:
    case OP_DENSE:
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_MAXPOOL:
    case OP_AVGPOOL:
        return op->q->lo;
    default:
        break;
    }
    int32_t most = INT16_MAX;
    for (int i = 0; op->q->lut && i < 256; i++)
        most = op->q->lut[i] < most ? op->q->lut[i] : most;
    return op->q->lut ? most : least;
}

/* Every window of a max pool keeps a cell of the map. */
static bool windows_meet(const ir_op *pool, const int *pad, const ir_shape *map)
{
    const ir_shape *out = &pool->out[0]->shape;
    for (int a = 0; a < 2; a++)
        if (pool->at.kernel[a] <= pad[2 * a] ||
            (out->dim[a] - 1) * pool->at.stride[a] - pad[2 * a] >= map->dim[a])
            return false;
    return true;
}

static bool may_pad(const ir_op *op, const ir_op *pad)
{
    static const int none[4];
    int32_t zero = pad->q->in_zero[0];
    switch (op->kind) {
    case OP_CONV2D:
        return op->in[0] == pad->out[0] && op->q->in_zero[0] == zero;
    case OP_AVGPOOL:
        return op->q->in_zero[0] == zero &&
               (op->at.count_all || !memcmp(op->at.pad, none, sizeof none));
    case OP_MAXPOOL: /* cells outside are left out: as good as the zero point where that is the
                        least */
        return !memcmp(op->at.pad, none, sizeof none) &&
               (zero <= op->q->lo || zero <= least_code(pad->in[0])) &&
               windows_meet(op, pad->at.pad, &pad->in[0]->shape);
    default:
        return false;
    }
}

/* The reader with the pad in its windows. */
static void take_pad(ir_op *op, const ir_op *pad)
{
    op->in[0] = pad->in[0];
    for (int i = 0; i < 4; i++)
        op->at.pad[i] += pad->at.pad[i];
    op->at.padmode = IR_PAD_EXPLICIT;
    op->at.count_all |= op->kind == OP_AVGPOOL;
}

/* A target's kernel that takes the operator as it is also takes it with the pad. */
static bool keeps_kernel(const emitter *e, const ir_op *op, const ir_op *pad)
{
    ir_op padded = *op;
    padded.in = ARENA_ARRAY(e->ctx->a, ir_tensor *, op->n_in);
    memcpy(padded.in, op->in, (size_t)op->n_in * sizeof *op->in);
    take_pad(&padded, pad);
    return !emit_kernel(e, op) || emit_kernel(e, &padded);
}

static bool can_fold(const emitter *e, const ir_op *pad)
{
    const ir_tensor *t = pad->out[0];
    if (pad->kind != OP_PAD || !pad->q || pad->in[0]->kind == IR_STATE ||
        pad->in[0]->kind == IR_CONST || t->is_output)
        return false;
    for (int i = 0; i < e->g->ops.n; i++) {
        const ir_op *op = e->g->ops.v[i];
        bool reads = false;
        for (int k = 0; k < op->n_in; k++)
            reads |= op->in[k] == t;
        if (reads && !(may_pad(op, pad) && keeps_kernel(e, op, pad)))
            return false;
    }
    return true;
}

bool elide_pads(emitter *e, ir_graph *g)
{
    bool any = false, *folded = ARENA_ARRAY(e->ctx->a, bool, g->tensors.n);
    for (int i = 0; i < g->ops.n; i++) {
        ir_op *pad = g->ops.v[i];
        if (!can_fold(e, pad))
            continue;
        for (int k = 0; k < g->ops.n; k++)
            if (g->ops.v[k]->n_in > 0 && g->ops.v[k]->in[0] == pad->out[0])
                take_pad(g->ops.v[k], pad);
        memset(pad->at.pad, 0, sizeof pad->at.pad);
        pad->out[0]->shape = pad->in[0]->shape;
        any = folded[pad->out[0]->id] = true;
    }
    e->folded = folded;
    e->n_folded = g->tensors.n;
    return any;
}

bool emit_is_folded(const emitter *e, const ir_op *op)
{
    return op->kind == OP_PAD && op->out[0]->id < e->n_folded && e->folded[op->out[0]->id];
}

/* ---- inputs that lie in the output ---------------------------------------------------------- */

/* Where input k is one run of the output's memory: at which byte. */
static bool is_run(const ir_op *op, int k, int64_t *at)
{
    const ir_shape *out = &op->out[0]->shape;
    int64_t outer = 1, before = 0;
    if (op->kind == OP_PAD) {
        *at = (int64_t)op->at.pad[0] * out->dim[1] * out->dim[2] *
              (int64_t)ir_type_size(op->in[0]->type);
        return op->at.pad[2] == 0 && op->at.pad[3] == 0;
    }
    for (int d = 0; d < op->at.axis; d++)
        outer *= out->dim[d];
    for (int i = 0; i < k; i++)
        before += port_bytes(op->in[i]);
    *at = before;
    return outer == 1;
}

/* Why input k, some channels of each cell, cannot be written there; NULL: it can. */
static const char *channels_obstacle(const emitter *e, const ir_op *op, int k)
{
    const ir_tensor *t = op->in[k];
    const ir_op *by = t->producer;
    if (op->kind != OP_CONCAT || op->at.axis != 2 || t->shape.rank != 3)
        return "strided";
    int times = 0;
    for (int i = 0; i < op->n_in; i++)
        times += op->in[i] == t;
    if (ir_uses(e->g, t) != 1 || times > 1)
        return "channels, read elsewhere too";
    if (e->o->profile)
        return "channels, which --profile has in one piece";
    return emit_op_is_nop(by) || bands_of(e, by->id) || !emit_takes_pitch(e, by)
               ? "channels, its kernel leaves no gaps"
               : NULL;
}

/* Where an input lies in an output. */
typedef struct part {
    int64_t at; /* byte */
    int pitch;  /* elements from cell to cell; 0: in one piece */
} part;

/* Why input k of a concat or a pad cannot lie in the output, whichever plan is made; NULL: it can.
 */
static const char *obstacle(const emitter *e, const ir_op *op, int k, part *where)
{
    static const char *const kinds[] = {[IR_INPUT] = "an input of the net",
                                        [IR_CONST] = "a constant",
                                        [IR_STATE] = "a state",
                                        [IR_VALUE] = NULL};
    const ir_tensor *t = op->in[k];
    const ir_shape *out = &op->out[0]->shape;
    if (kinds[t->kind])
        return kinds[t->kind];
    if (op->kind == OP_CONCAT && op->q && op->q->each[k].n > 0)
        return "rescaled";
    if (bands_of(e, op->id))
        return "in bands of rows";
    where->pitch = 0;
    if (is_run(op, k, &where->at))
        return NULL;
    where->pitch = out->dim[out->rank - 1];
    where->at = 0;
    for (int i = 0; i < k; i++)
        where->at += op->in[i]->shape.dim[op->at.axis] * (int64_t)ir_type_size(t->type);
    return channels_obstacle(e, op, k);
}

static bool may_join(const emitter *e, const ir_op *op, int k, part *where)
{
    bool moves = op->kind == OP_CONCAT || (op->kind == OP_PAD && !emit_op_is_nop(op));
    return moves && !obstacle(e, op, k, where);
}

/* Groups of tensors that are not all this net's to place: ports, states, constants. */
static bool *pinned_groups(const emitter *e, const joints *j)
{
    bool *pinned = ARENA_ARRAY(e->ctx->a, bool, e->g->tensors.n);
    for (int i = 0; i < e->g->tensors.n; i++) {
        const ir_tensor *t = e->g->tensors.v[i];
        pinned[j->root[i]] |= t->kind != IR_VALUE || t->is_output;
    }
    return pinned;
}

/* t, with those that share its memory, has a block of its own so far. */
static bool is_whole(const emitter *e, const joints *j, const ir_tensor *t)
{
    int root = j->root[t->id];
    return root < e->g->tensors.n && j->shift[t->id] == 0 &&
           bands_bytes(e, e->g->tensors.v[root]) == port_bytes(t);
}

static void join(const emitter *e, joints *j, const ir_tensor *t, const ir_tensor *into, part where)
{
    int root = j->root[t->id];
    for (int i = 0; i < e->g->tensors.n; i++)
        if (j->root[i] == root) {
            j->root[i] = j->root[into->id];
            j->shift[i] += j->shift[into->id] + where.at;
        }
    j->pitch[t->id] = where.pitch;
}

/* Outputs go before their inputs: what lies in them is moved with them once. */
void elide_joins(const emitter *e, const bool *copies, bool lie, joints *j)
{
    bool *pinned = pinned_groups(e, j);
    for (int i = e->g->ops.n - 1; i >= 0; i--) {
        const ir_op *op = e->g->ops.v[i];
        for (int k = 0; k < op->n_in && !(copies && copies[i]); k++) {
            part where;
            const ir_tensor *t = op->in[k];
            if (!may_join(e, op, k, &where) || pinned[j->root[t->id]])
                continue;
            bool free = j->root[t->id] != j->root[op->out[0]->id] && is_whole(e, j, t);
            if (lie && !free)
                continue;
            if (lie)
                join(e, j, t, op->out[0], where);
            j->laid[i] |= (uint64_t)1 << k;
        }
    }
}

bool emit_is_laid(const emitter *e, const ir_op *op, int in)
{
    return e->plan && (op->kind == OP_CONCAT || op->kind == OP_PAD) &&
           e->plan->laid[op->id] >> in & 1U;
}

int emit_pitch(const emitter *e, const ir_tensor *t)
{
    int own = t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
    return e->plan && e->plan->pitch[t->id] ? e->plan->pitch[t->id] : own;
}

bool emit_is_silent(const emitter *e, const ir_op *op)
{
    if (emit_op_is_nop(op))
        return true;
    for (int k = 0; k < op->n_in; k++)
        if (!emit_is_laid(e, op, k))
            return false;
    return op->kind == OP_CONCAT;
}

/* ---- what is said of it --------------------------------------------------------------------- */

/* Why the plan at hand has input k apart, though nothing of its own forbids the other. */
static const char *decision(const emitter *e, const ir_op *op, int k)
{
    const ir_tensor *t = op->in[k];
    for (int i = 0; i < e->g->ops.n; i++)
        for (int j = 0; j < e->g->ops.v[i]->n_in; j++)
            if (e->g->ops.v[i]->in[j] == t && emit_is_laid(e, e->g->ops.v[i], j))
                return "in another place already";
    const place *at = &e->plan->at[t->id];
    if (at->kind != PLACE_ARENA || t->is_output || at->shift > 0)
        return "in the memory of a port, a state or another concat";
    return "the arena would be larger";
}

const char *elide_note(const emitter *e, const ir_op *op, bool reasons)
{
    if (emit_is_folded(e, op))
        return "no copy: in the windows of its readers";
    if ((op->kind != OP_CONCAT && op->kind != OP_PAD) || emit_op_is_nop(op))
        return NULL;
    if (can_fold(e, op) && !e->o->whole_layers && !emit_is_laid(e, op, 0) && reasons)
        return arena_printf(e->ctx->a, "copies %s (the arena is no smaller with it in windows)",
                            op->in[0]->name);
    buf b;
    int copied = 0;
    buf_init(&b, e->ctx->a);
    for (int k = 0; k < op->n_in; k++) {
        part where;
        if (emit_is_laid(e, op, k))
            continue;
        const char *why = obstacle(e, op, k, &where);
        buf_printf(&b, "%s%s (%s)", copied++ ? ", " : "copies ", op->in[k]->name,
                   why ? why : decision(e, op, k));
    }
    if (copied)
        return reasons ? buf_str(&b)
                       : arena_printf(e->ctx->a, "copies %d of %d inputs", copied, op->n_in);
    return op->kind == OP_PAD ? "no copy: around its input" : "no copy: in place";
}
