/* bands.c - a chain of layers in bands of rows: what can be one, and how large its windows are. */
#include "compiler/emit/bands.h"
#include "compiler/emit/ops.h"

/* ---- operators ----------------------------------------------------------------------------- */

/* A constant beside a map has to be the same for every row. */
static bool constant_serves(const ir_tensor *t)
{
    for (int d = 0; d < t->shape.rank - 1; d++)
        if (t->shape.dim[d] != 1)
            return false;
    return true;
}

static bool maps_serve(const ir_op *op)
{
    const ir_shape *out = &op->out[0]->shape;
    for (int k = 0; k < op_activations(op); k++) {
        const ir_tensor *t = op->in[k];
        bool serves = t->kind == IR_CONST ? constant_serves(t)
                                          : t->shape.rank == 3 && t->shape.dim[0] == out->dim[0] &&
                                                t->shape.dim[1] == out->dim[1];
        if (!serves)
            return false;
    }
    return true;
}

/* Windows of pools leave out what lies outside the map, so they must not leave it. */
static bool pool_serves(const ir_op *op)
{
    window w;
    window_init(&w, op);
    return w.pt == 0 && (w.oh - 1) * w.sh + w.kh <= w.h;
}

static bool can_band(const ir_op *op)
{
    if (!op->q || op->n_out != 1 || op->out[0]->shape.rank != 3 || op->in[0]->shape.rank != 3 ||
        op->in[0]->kind == IR_CONST)
        return false;
    switch (op->kind) {
    case OP_CONV2D:
        return true;
    case OP_MAXPOOL:
    case OP_AVGPOOL:
        return pool_serves(op);
    case OP_CONCAT:
        return op->at.axis == 2 && maps_serve(op);
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_MINIMUM:
    case OP_MAXIMUM:
    case OP_PRELU:
        return maps_serve(op);
    default:
        return (ir_opinfos[op->kind].flags & OPF_U) && maps_serve(op);
    }
}

/* ---- maps ---------------------------------------------------------------------------------- */

static bool read_after(const emitter *e, const ir_tensor *t, int last)
{
    for (int i = last + 1; i < e->g->ops.n; i++) {
        const ir_op *op = bands_whole(e, e->g->ops.v[i]);
        for (int k = 0; k < op->n_in; k++)
            if (op->in[k] == t)
                return true;
    }
    return t->is_output;
}

/* Whether one of the operators first to last, none of them in a chain, reads t. */
static bool read_within(const emitter *e, const ir_tensor *t, int first, int last)
{
    for (int i = first; i <= last; i++)
        for (int k = 0; k < e->g->ops.v[i]->n_in; k++)
            if (e->g->ops.v[i]->in[k] == t)
                return true;
    return false;
}

static int find_map(const band_chain *c, const ir_tensor *t, bool fed)
{
    for (int m = 0; m < c->map.n; m++)
        if (c->map.v[m].t == t && (c->map.v[m].source >= 0) == fed)
            return m;
    return -1;
}

static int add_map(qctx *ctx, band_chain *c, const ir_tensor *t, band_kind kind)
{
    *VEC_PUSH(ctx->a, &c->map) = (band_map){
        .t = t,
        .place = (ir_tensor *)(uintptr_t)t,
        .kind = kind,
        .rows = t->shape.dim[0],
        .row_bytes = (int64_t)t->shape.dim[1] * t->shape.dim[2] * (int64_t)ir_type_size(t->type),
        .source = -1};
    return c->map.n - 1;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int divisor(int n, int most)
{
    int d = most < n ? most : n;
    while (n % d)
        d--;
    return d;
}

/* Rows that the windows of the operator span, and rows that they lack above and below the map. */
static void span_of(const ir_op *op, int rows, band_reader *r, int *above, int *below)
{
    window w = {.kh = 1, .sh = 1, .dh = 1};
    bool slides = op->kind == OP_CONV2D || op->kind == OP_MAXPOOL || op->kind == OP_AVGPOOL;
    if (slides)
        window_init(&w, op);
    int h = op->in[0]->shape.dim[0], oh = op->out[0]->shape.dim[0];
    int reach = (w.kh - 1) * w.dh + 1;
    r->rows = (rows - 1) * w.sh + reach;
    r->step = rows * w.sh;
    *above = w.pt;
    *below = (oh - 1) * w.sh - w.pt + reach - h;
    *below = *below > 0 ? *below : 0;
}

static ir_tensor *add_view(qctx *ctx, band_chain *c, const ir_tensor *t, int map, int rows)
{
    ir_tensor *view = ARENA_NEW(ctx->a, ir_tensor);
    *view = *t;
    view->kind = IR_VALUE;
    view->shape.dim[0] = rows;
    view->is_output = false;
    *VEC_PUSH(ctx->a, &c->views) = view;
    *VEC_PUSH(ctx->a, &c->view_map) = map;
    return view;
}

/* The window that map m, outside the chain, is copied into row by row. */
static int feed(qctx *ctx, band_chain *c, int m)
{
    int fed = find_map(c, c->map.v[m].t, true);
    if (fed >= 0)
        return fed;
    fed = add_map(ctx, c, c->map.v[m].t, BAND_WINDOW);
    c->map.v[fed].source = m;
    c->map.v[fed].place = add_view(ctx, c, c->map.v[m].t, -1, c->map.v[m].rows);
    band_reader *r = ARENA_NEW(ctx->a, band_reader);
    *r = (band_reader){.map = m, .rows = 1, .step = 1};
    *VEC_PUSH(ctx->a, &c->step) = (band_step){
        .reader = r, .n = 1, .out = fed, .rows = 1, .calls = c->map.v[m].rows, .counted = true};
    return fed;
}

static int read_map(qctx *ctx, band_chain *c, const ir_op *op, int k, band_reader *r, int rows)
{
    const ir_tensor *t = op->in[k];
    int above, below;
    span_of(op, rows, r, &above, &below);
    int m = find_map(c, t, false);
    if (m < 0)
        m = add_map(ctx, c, t, BAND_READ);
    if (c->map.v[m].kind == BAND_READ && (above > 0 || below > 0))
        m = feed(ctx, c, m);
    band_map *map = &c->map.v[m];
    map->above = above > map->above ? above : map->above;
    map->below = below > map->below ? below : map->below;
    if (op->kind == OP_CONV2D)
        map->zero = op->q->in_zero[0];
    r->map = m;
    r->start = -above; /* from the map's first row; later from the window's */
    return m;
}

static void add_step(qctx *ctx, band_chain *c, const ir_op *op, int height, bool last)
{
    band_step s = {.whole = op, .op = ARENA_NEW(ctx->a, ir_op)};
    *s.op = *op;
    s.op->in = ARENA_ARRAY(ctx->a, ir_tensor *, op->n_in);
    s.op->out = ARENA_ARRAY(ctx->a, ir_tensor *, 1);
    s.rows = divisor(op->out[0]->shape.dim[0], height);
    s.calls = op->out[0]->shape.dim[0] / s.rows;
    s.reader = ARENA_ARRAY(ctx->a, band_reader, op->n_in);
    for (int k = 0; k < op->n_in; k++) {
        s.op->in[k] = op->in[k];
        if (op->in[k]->kind == IR_CONST)
            continue;
        band_reader *r = &s.reader[s.n++];
        int m = read_map(ctx, c, op, k, r, s.rows);
        s.op->in[k] = add_view(ctx, c, op->in[k], m, r->rows);
    }
    s.out = add_map(ctx, c, op->out[0], last ? BAND_WRITTEN : BAND_WINDOW);
    s.op->out[0] = add_view(ctx, c, op->out[0], s.out, s.rows);
    s.op->out[0]->producer = s.op;
    s.op->at.padmode = IR_PAD_EXPLICIT;
    s.op->at.pad[0] = s.op->at.pad[1] = 0;
    *VEC_PUSH(ctx->a, &c->step) = s;
}

/* ---- playing the calls ----------------------------------------------------------------------- */

static bool is_ready(const band_chain *c, const band_step *s)
{
    for (int k = 0; k < s->n; k++) {
        const band_map *m = &c->map.v[s->reader[k].map];
        if (m->kind == BAND_WINDOW && m->end - s->reader[k].at < s->reader[k].rows)
            return false;
    }
    return true;
}

/* The first row of map m that is still to be read. */
static int first_read(const band_chain *c, int m, int otherwise)
{
    int first = otherwise;
    for (int i = 0; i < c->step.n; i++)
        for (int k = 0; k < c->step.v[i].n; k++) {
            const band_reader *r = &c->step.v[i].reader[k];
            if (r->map == m && r->at < first)
                first = r->at;
        }
    return first;
}

/* Rows that the call makes have to lie below those of a whole map that it, or a later one, reads.
 */
static void note_distance(band_chain *c, const band_map *written)
{
    for (int m = 0; m < c->map.n; m++) {
        band_map *in = &c->map.v[m];
        if (in->kind != BAND_READ)
            continue;
        int64_t ahead =
            written->end * written->row_bytes - first_read(c, m, in->rows) * in->row_bytes;
        in->ahead = ahead > in->ahead ? ahead : in->ahead;
    }
}

static void play_call(band_chain *c, band_step *s)
{
    band_map *out = &c->map.v[s->out];
    int live = out->end - first_read(c, s->out, out->end), made = s->rows;
    if (++s->made == s->calls && out->kind == BAND_WINDOW) {
        made += out->below;
        s->counted |= out->below > 0;
    }
    out->end += made;
    if (out->kind == BAND_WINDOW && live + made > out->room)
        out->room = live + made;
    if (out->kind == BAND_WRITTEN)
        note_distance(c, out);
    for (int k = 0; k < s->n; k++) {
        band_reader *r = &s->reader[k];
        r->at += r->step;
        if (s->made == s->calls && c->map.v[r->map].kind == BAND_READ)
            r->at = c->map.v[r->map].rows;
    }
}

/* The last step that can go on: what is there is read before more is made. */
static band_step *next_step(band_chain *c)
{
    for (int i = c->step.n - 1; i >= 0; i--) {
        band_step *s = &c->step.v[i];
        if (!is_ready(c, s))
            continue;
        if (s->made < s->calls)
            return s;
        s->counted = true;
    }
    return NULL;
}

static void play(band_chain *c)
{
    for (int m = 0; m < c->map.n; m++) {
        band_map *map = &c->map.v[m];
        map->end = map->room = map->kind == BAND_WINDOW ? map->above : 0;
        map->ahead = INT32_MIN;
    }
    for (int i = 0; i < c->step.n; i++)
        for (int k = 0; k < c->step.v[i].n; k++) {
            band_reader *r = &c->step.v[i].reader[k];
            r->start += c->map.v[r->map].above;
            r->at = r->start;
        }
    const band_step *last = &c->step.v[c->step.n - 1];
    for (band_step *s; last->made < last->calls && (s = next_step(c)) != NULL;)
        play_call(c, s);
}

/* ---- entry ----------------------------------------------------------------------------------- */

band_chain *bands_chain(const emitter *e, int first, int last, int height)
{
    qctx *ctx = e->ctx;
    const ir_graph *g = e->g;
    for (int i = first; i <= last; i++) {
        const ir_op *op = g->ops.v[i];
        if (emit_is_folded(e, op) && i > first && i < last)
            continue;
        if (bands_of(e, i) || !can_band(op))
            return NULL;
        if (i < last &&
            (read_after(e, op->out[0], last) || !read_within(e, op->out[0], i + 1, last)))
            return NULL;
    }
    band_chain *c = ARENA_NEW(ctx->a, band_chain);
    c->first = first;
    c->last = last;
    for (int i = first; i <= last; i++)
        if (!emit_is_folded(e, g->ops.v[i]))
            add_step(ctx, c, g->ops.v[i], height, i == last);
    play(c);
    const band_step *end = &c->step.v[c->step.n - 1];
    return end->made == end->calls ? c : NULL;
}

void bands_undo(emitter *e, ir_graph *g)
{
    emit_bands *b = e->bands;
    const band_chain *c = b->chain.v[--b->chain.n];
    g->tensors.n -= c->views.n;
    b->root.n -= c->views.n;
    for (int i = 0; i < c->step.n; i++)
        if (c->step.v[i].op)
            g->ops.v[c->step.v[i].op->id] = (ir_op *)(uintptr_t)c->step.v[i].whole;
}

void bands_apply(emitter *e, ir_graph *g, band_chain *c)
{
    arena *a = e->ctx->a;
    if (!e->bands) {
        e->bands = ARENA_NEW(a, emit_bands);
        e->bands->tensors = g->tensors.n;
    }
    for (int i = 0; i < c->views.n; i++) {
        ir_tensor *view = c->views.v[i];
        view->id = g->tensors.n;
        *VEC_PUSH(a, &g->tensors) = view;
    }
    for (int i = 0; i < c->views.n; i++) {
        int m = c->view_map.v[i];
        *VEC_PUSH(a, &e->bands->root) = m < 0 ? c->views.v[i]->id : c->map.v[m].place->id;
    }
    for (int i = 0; i < c->step.n; i++)
        if (c->step.v[i].op)
            g->ops.v[c->step.v[i].op->id] = c->step.v[i].op;
    *VEC_PUSH(a, &e->bands->chain) = c;
}

/* ---- questions ------------------------------------------------------------------------------- */

const band_chain *bands_of(const emitter *e, int op)
{
    for (int k = 0; e->bands && k < e->bands->chain.n; k++) {
        const band_chain *c = e->bands->chain.v[k];
        if (c->first <= op && op <= c->last)
            return c;
    }
    return NULL;
}

const ir_op *bands_whole(const emitter *e, const ir_op *op)
{
    const band_chain *c = bands_of(e, op->id);
    for (int i = 0; c && i < c->step.n; i++)
        if (c->step.v[i].op == op)
            return c->step.v[i].whole;
    return op;
}

const ir_tensor *bands_root(const emitter *e, const ir_tensor *t)
{
    return e->bands && t->id >= e->bands->tensors
               ? e->g->tensors.v[e->bands->root.v[t->id - e->bands->tensors]]
               : t;
}

int64_t bands_bytes(const emitter *e, const ir_tensor *t)
{
    const ir_tensor *root = bands_root(e, t);
    for (int k = 0; e->bands && k < e->bands->chain.n; k++) {
        const band_chain *c = e->bands->chain.v[k];
        for (int m = 0; m < c->map.n; m++)
            if (c->map.v[m].place == root && c->map.v[m].kind == BAND_WINDOW)
                return c->map.v[m].room * c->map.v[m].row_bytes;
    }
    return port_bytes(root);
}
