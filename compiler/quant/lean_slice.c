/* lean_slice.c - the LEGAL graph without the channels that need not be stored.
 *
 * Multipliers, shifts and pre-shifts are those of the whole graph, cut to the filters that stay:
 * they were chosen with its bounds, and the codes must not change. Bounds are proved again from
 * what is left and the channels' own ranges; they are nowhere larger. */
#include "compiler/quant/lean.h"
#include "runtime/arith.h"

typedef struct slicer {
    qctx *ctx;
    ir_graph *g; /* the clone; tensors have their numbers of the whole graph */
    channel_range *const *ranges;
    bool *const *kept;
    const bool *const *spared;
    int multiple;
    bool changed;
} slicer;

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* Numbers of the channels that stay. */
static int32_t *kept_list(const slicer *s, const ir_tensor *t, int *n)
{
    int32_t *list = ARENA_ARRAY(s->ctx->a, int32_t, last_dim(t));
    *n = 0;
    for (int c = 0; c < last_dim(t); c++)
        if (s->kept[t->id][c])
            list[(*n)++] = c;
    return list;
}

/* ---- arrays ------------------------------------------------------------------------------------
 */

/* v[list[i]] for elements of `size` bytes; NULL stays NULL. */
static void *picked(const slicer *s, const void *v, size_t size, const int32_t *list, int n)
{
    if (!v)
        return NULL;
    char *to = arena_calloc(s->ctx->a, (size_t)n, size);
    for (int i = 0; i < n; i++)
        for (size_t b = 0; b < size; b++)
            to[(size_t)i * size + b] = ((const char *)v)[(size_t)list[i] * size + b];
    return to;
}

#define PICK(field) field = picked(s, field, sizeof *field, list, n)

static void pick_rescale(const slicer *s, ir_rescale *r, const int32_t *list, int n)
{
    if (r->n <= 1)
        return;
    PICK(r->mult);
    PICK(r->shift);
    PICK(r->down);
    PICK(r->sat);
    PICK(r->fscale);
    r->n = n;
}

static void pick_quant(const slicer *s, ir_quant *q, const int32_t *list, int n)
{
    if (q->axis < 0)
        return;
    PICK(q->scale);
    PICK(q->zero);
    if (q->table_per_channel)
        q->table = picked(s, q->table, sizeof *q->table * (size_t)q->entries, list, n);
    q->n = n;
}

/* ---- layers with weights -----------------------------------------------------------------------
 */

typedef struct layer {
    ir_op *op;
    const ir_tensor *whole; /* weights of the whole graph */
    int depth;              /* channels of a filter */
    bool sums;              /* over channels of the input; else each filter has its own */
    const int32_t *filters, *inputs;
    int n_filters, n_inputs;
} layer;

/* What the channels of the input that are left out add to filter o: Σ L·(code − zero). */
static int64_t folded(const slicer *s, const layer *l, int o, int32_t zero)
{
    int x = l->op->in[0]->id;
    int64_t terms = ir_elems(&l->whole->shape) / l->whole->shape.dim[0], sum = 0;
    for (int64_t i = 0; l->sums && i < terms; i++) {
        channel_range r = s->ranges[x][i % l->depth];
        if (!s->kept[x][i % l->depth] && r.lo == r.hi)
            sum += (int64_t)weight_level(l->whole, o * terms + i) * (r.lo - zero);
    }
    return sum;
}

static void slice_bias(const slicer *s, const layer *l)
{
    ir_op *op = l->op;
    const ir_tensor *old = ir_bias(op);
    int64_t *raw = ARENA_ARRAY(s->ctx->a, int64_t, l->n_filters);
    int64_t *stored = ARENA_ARRAY(s->ctx->a, int64_t, l->n_filters);
    bool any = old != NULL, narrow = true;
    for (int i = 0; i < l->n_filters; i++) {
        int o = l->filters[i];
        int64_t b = !old                  ? 0
                    : old->type == IR_I64 ? ((const int64_t *)old->data)[o]
                                          : ((const int32_t *)old->data)[o];
        raw[i] = op->q->bias[o] + folded(s, l, o, 0);
        stored[i] = b + folded(s, l, o, op->q->in_zero[0]);
        any |= stored[i] != 0;
        narrow &= stored[i] == (int32_t)arith_clamp(stored[i], INT32_MIN, INT32_MAX);
    }
    op->q->bias = raw;
    if (!any)
        return;
    int32_t *short_one = ARENA_ARRAY(s->ctx->a, int32_t, l->n_filters);
    for (int i = 0; i < l->n_filters; i++)
        short_one[i] = narrow ? (int32_t)stored[i] : 0;
    ir_tensor *t = op->n_in > 2 ? op->in[2] : NULL;
    ir_shape shape = {1, {l->n_filters}};
    if (!t) {
        ir_tensor *in[3] = {op->in[0], op->in[1],
                            ir_add_tensor(s->ctx, s->g,
                                          arena_printf(s->ctx->a, "%s.bias", op->name), IR_CONST,
                                          IR_I32, &shape, op->loc)};
        t = in[2];
        op->in = arena_memdup(s->ctx->a, in, sizeof in);
        op->n_in = 3;
    }
    t->shape = shape;
    t->type = narrow ? IR_I32 : IR_I64;
    t->data = narrow ? (const void *)short_one : (const void *)stored;
}

static void slice_weights(const slicer *s, const layer *l)
{
    ir_tensor *w = l->op->in[1];
    size_t size = ir_type_size(w->type);
    int64_t taps = ir_elems(&w->shape) / w->shape.dim[0] / l->depth;
    int64_t n = 0, total = taps * l->n_inputs * l->n_filters;
    char *to = arena_calloc(s->ctx->a, (size_t)total, size);
    for (int o = 0; o < l->n_filters; o++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int i = 0; i < l->n_inputs; i++, n++) {
                int64_t from = (l->filters[o] * taps + tap) * l->depth + l->inputs[i];
                for (size_t b = 0; b < size; b++)
                    to[(size_t)n * size + b] = ((const char *)w->data)[(size_t)from * size + b];
            }
    w->data = to;
    w->shape.dim[0] = l->n_filters;
    w->shape.dim[w->shape.rank - 1] = l->n_inputs;
    pick_quant(s, w->quant, l->filters, l->n_filters);
}

/* Largest |code| that weight i of the sliced layer meets. */
static int64_t reach(const slicer *s, const layer *l, int o, int64_t i)
{
    const ir_op *op = l->op;
    int c = l->sums ? l->inputs[i % l->n_inputs]
                    : l->filters[o] / (l->whole->shape.dim[0] / op->at.groups) * l->depth +
                          (int)(i % l->depth);
    channel_range r = s->ranges[op->in[0]->id][c];
    int64_t most = magnitude(r.lo) > magnitude(r.hi) ? magnitude(r.lo) : magnitude(r.hi);
    bool pads = op->kind == OP_CONV2D && lean_has_pads(op);
    return pads && magnitude(op->q->in_zero[0]) > most ? magnitude(op->q->in_zero[0]) : most;
}

/* Whether a saturation to int32 can still happen. */
static bool saturates(const ir_iparams *q, int i, int64_t bound)
{
    int at = q->out.n == 1 ? 0 : i, shift = q->out.shift[at];
    int left = q->mode == IR_NUM_SINGLE || shift < 0 ? 0 : shift;
    return arith_round_up_shr(bound, q->out.down[at]) > arith_shr(INT32_MAX, left);
}

static void prove_again(const slicer *s, const layer *l)
{
    ir_iparams *q = l->op->q;
    const ir_tensor *w = l->op->in[1];
    int64_t *bound = ARENA_ARRAY(s->ctx->a, int64_t, l->n_filters), most = 0;
    int64_t terms = ir_elems(&w->shape) / l->n_filters;
    uint8_t *sat = ARENA_ARRAY(s->ctx->a, uint8_t, q->out.n);
    bool pre_shift = false;
    q->bias_type = IR_I32;
    for (int o = 0; o < l->n_filters; o++) {
        int64_t constant = (int64_t)q->wadd + (q->wzero ? q->wzero[o] : 0);
        bound[o] = magnitude(q->bias[o]);
        for (int64_t i = 0; i < terms; i++) {
            int64_t product = weight_level(w, o * terms + i) - constant;
            bound[o] += (magnitude(product) + magnitude(constant)) * reach(s, l, o, i);
        }
        most = bound[o] > most ? bound[o] : most;
        if (q->bias[o] > INT32_MAX || q->bias[o] < INT32_MIN)
            q->bias_type = IR_I64;
        if (q->mode == IR_NUM_ONNX)
            continue;
        pre_shift |= q->out.down[q->out.n == 1 ? 0 : o] > 0;
        sat[q->out.n == 1 ? 0 : o] |= saturates(q, o, bound[o]);
    }
    q->bound = bound;
    q->acc_type = pre_shift || most > INT32_MAX ? IR_I64 : IR_I32;
    if (q->mode != IR_NUM_ONNX)
        q->out.sat = sat;
}

/* ---- the graph ---------------------------------------------------------------------------------
 */

static void slice_layer(slicer *s, ir_op *op)
{
    ir_tensor *w = op->in[1];
    layer l = {.op = op, .whole = arena_memdup(s->ctx->a, w, sizeof *w), .depth = last_dim(w)};
    l.sums = op->kind == OP_DENSE || op->at.groups == 1;
    l.filters = kept_list(s, op->out[0], &l.n_filters);
    int32_t *inputs = ARENA_ARRAY(s->ctx->a, int32_t, l.depth);
    for (int i = 0; i < l.depth; i++)
        if (!l.sums || s->kept[op->in[0]->id][i])
            inputs[l.n_inputs++] = i;
    l.inputs = inputs;
    if (l.n_filters != w->shape.dim[0] || l.n_inputs != l.depth) {
        ((ir_tensor *)(uintptr_t)l.whole)->quant =
            arena_memdup(s->ctx->a, w->quant, sizeof *w->quant);
        const int32_t *list = l.filters;
        int n = l.n_filters;
        slice_weights(s, &l);
        slice_bias(s, &l);
        PICK(op->q->ratio);
        PICK(op->q->wzero);
        pick_rescale(s, &op->q->out, list, n);
        op->q->channels = n;
        prove_again(s, &l);
        if (!l.sums)
            op->at.groups = n * op->at.groups / op->at.filters;
        op->at.filters = n;
        s->changed = true;
    }
    s->changed |= trim_kernel(s->ctx, s->g, op);
}

static ir_gone why_of(const slicer *s, const ir_tensor *t, int c)
{
    channel_range r = s->ranges[t->id][c];
    return r.lo == r.hi ? r.why : IR_GONE_UNREAD;
}

static void slice_tensor(slicer *s, ir_tensor *t)
{
    int n, whole = last_dim(t), stay = 0;
    const int32_t *list = kept_list(s, t, &n);
    uint8_t *gone = ARENA_ARRAY(s->ctx->a, uint8_t, whole);
    uint8_t *spared = ARENA_ARRAY(s->ctx->a, uint8_t, whole);
    int32_t *code = ARENA_ARRAY(s->ctx->a, int32_t, whole);
    for (int c = 0; c < whole; c++) {
        bool kept = s->kept[t->id][c], spare = s->spared[t->id][c];
        gone[c] = (uint8_t)(kept ? IR_KEPT : why_of(s, t, c));
        spared[c] = (uint8_t)(spare ? why_of(s, t, c) : IR_KEPT);
        code[c] = s->ranges[t->id] ? s->ranges[t->id][c].lo : 0;
        stay += spare;
    }
    if (n == whole && stay == 0)
        return;
    ir_channels *channels = ARENA_NEW(s->ctx->a, ir_channels);
    *channels = (ir_channels){whole, list, gone, code, s->multiple, spared};
    t->channels = channels;
    t->shape.dim[t->shape.rank - 1] = n;
    s->changed = true;
}

ir_graph *lean_graph(qctx *ctx, const ir_graph *legal, int multiple)
{
    channel_range **ranges = channel_ranges(ctx, legal);
    kept_channels k = choose_kept(ctx, legal, ranges, multiple);
    slicer s = {ctx, ir_clone(ctx, legal), ranges, k.kept, k.spared, multiple, false};
    int n = s.g->tensors.n;
    for (int i = 0; i < s.g->ops.n; i++)
        if (ir_weight(s.g->ops.v[i]))
            slice_layer(&s, s.g->ops.v[i]);
    for (int i = 0; i < n; i++)
        if (s.kept[i])
            slice_tensor(&s, s.g->tensors.v[i]);
    for (int i = 0; i < s.g->ops.n; i++) {
        ir_op *op = s.g->ops.v[i];
        if (op->kind == OP_RESHAPE)
            op->at.to = op->out[0]->shape;
    }
    return s.changed ? s.g : NULL;
}
