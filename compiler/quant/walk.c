/* walk.c - two nets side by side over all calibration rows, one operator after the other. Each
 * operator runs as a graph of its own in the reference interpreter. */
#include "compiler/quant/walk.h"

#include <string.h>

#include "compiler/quant/grid.h"
#include "runtime/interp.h"

typedef struct side {
    const ir_graph *g;
    void **value; /* by tensor: [rows][elements], NULL while nobody needs it */
    void **in, **out;
} side;

typedef struct block {
    void *p;
    size_t size;
    bool used;
} block;

struct walk {
    qctx *ctx;
    int64_t rows;
    side f, q;
    int *last; /* by tensor: the last operator that reads it */
    VEC(block) blocks;
};

/* ---- memory of values: blocks that are used again -------------------------------------------- */

static void *take(walk *w, size_t size)
{
    block *best = NULL;
    for (int i = 0; i < w->blocks.n; i++) {
        block *b = &w->blocks.v[i];
        if (!b->used && b->size >= size && (!best || b->size < best->size))
            best = b;
    }
    if (!best) {
        best = VEC_PUSH(w->ctx->a, &w->blocks);
        *best = (block){arena_alloc(w->ctx->a, size), size, false};
    }
    best->used = true;
    return best->p;
}

static void give_back(walk *w, void **p)
{
    for (int i = 0; i < w->blocks.n; i++)
        if (w->blocks.v[i].p == *p)
            w->blocks.v[i].used = false;
    *p = NULL;
}

static size_t row_bytes(const ir_tensor *t)
{
    return (size_t)ir_elems(&t->shape) * ir_type_size(t->type);
}

static void *value_row(const side *s, const ir_tensor *t, int64_t row)
{
    return (char *)s->value[t->id] + (size_t)row * row_bytes(t);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void encode_row(const ir_tensor *t, const float *v, void *codes)
{
    int32_t lo, hi;
    quant_code_range(t->quant, &lo, &hi);
    for (int64_t i = 0; i < ir_elems(&t->shape); i++) {
        int32_t code = port_quantize(v[i], t->quant->scale[0], t->quant->zero[0], lo, hi);
        if (t->type == IR_I16)
            ((int16_t *)codes)[i] = (int16_t)code;
        else
            ((int8_t *)codes)[i] = (int8_t)code;
    }
}

static side side_new(walk *w, const ir_graph *g)
{
    return (side){g, ARENA_ARRAY(w->ctx->a, void *, g->tensors.n),
                  ARENA_ARRAY(w->ctx->a, void *, IR_MAX_INPUTS),
                  ARENA_ARRAY(w->ctx->a, void *, IR_MAX_INPUTS)};
}

static void allocate(walk *w, side *s, const ir_tensor *t)
{
    s->value[t->id] = take(w, (size_t)w->rows * row_bytes(t));
}

/* Reads all rows in order (noise must be drawn in order) and keeps those that count. */
static void read_rows(walk *w, calib_rows *rows)
{
    float **v = ARENA_ARRAY(w->ctx->a, float *, w->f.g->inputs.n);
    for (int p = 0; p < w->f.g->inputs.n; p++)
        v[p] = ARENA_ARRAY(w->ctx->a, float, ir_elems(&w->f.g->inputs.v[p]->shape));
    int64_t kept = 0;
    for (int64_t r = 0; r < rows->n; r++) {
        bool keep = kept < w->rows && r == kept * rows->n / w->rows;
        for (int p = 0; p < w->f.g->inputs.n && (keep || !rows->ports); p++) {
            const ir_tensor *ft = w->f.g->inputs.v[p], *qt = w->q.g->inputs.v[p];
            rows_read(rows, p, r, v[p]);
            if (!keep)
                continue;
            memcpy(value_row(&w->f, ft, kept), v[p], row_bytes(ft));
            encode_row(qt, v[p], value_row(&w->q, qt, kept));
        }
        kept += keep;
    }
}

walk *walk_start(qctx *ctx, const ir_graph *f, const ir_graph *q, const port_map *ports,
                 int64_t most_rows)
{
    calib_rows rows;
    if (!rows_open(ctx, f, ports, &rows))
        return NULL;
    walk *w = ARENA_NEW(ctx->a, walk);
    w->ctx = ctx;
    w->rows = rows.n < most_rows ? rows.n : most_rows;
    w->f = side_new(w, f);
    w->q = side_new(w, q);
    w->last = ARENA_ARRAY(ctx->a, int, f->tensors.n);
    for (int i = 0; i < f->ops.n; i++)
        for (int k = 0; k < f->ops.v[i]->n_in; k++)
            w->last[f->ops.v[i]->in[k]->id] = i;
    for (int p = 0; p < f->inputs.n; p++) {
        allocate(w, &w->f, f->inputs.v[p]);
        allocate(w, &w->q, q->inputs.v[p]);
    }
    read_rows(w, &rows);
    return w;
}

int64_t walk_rows(const walk *w)
{
    return w->rows;
}

/* ---- values ---------------------------------------------------------------------------------- */

const float *walk_float(const walk *w, const ir_tensor *t, int64_t row)
{
    return value_row(&w->f, t, row);
}

void walk_quantized(const walk *w, const ir_tensor *t, int64_t row, float *v)
{
    const ir_tensor *qt = w->q.g->tensors.v[t->id];
    const void *codes = value_row(&w->q, qt, row);
    for (int64_t i = 0; i < ir_elems(&qt->shape); i++) {
        int32_t code =
            qt->type == IR_I16 ? ((const int16_t *)codes)[i] : ((const int8_t *)codes)[i];
        v[i] = (float)quant_value(qt->quant, 0, code);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static ir_tensor *copy_tensor(qctx *ctx, ir_graph *g, const ir_tensor *t, ir_tkind kind)
{
    ir_tensor *known = ir_find_tensor(g, t->name);
    if (known)
        return known;
    ir_tensor *c = ir_add_tensor(ctx, g, t->name, kind, t->type, &t->shape, t->loc);
    c->quant = t->quant;
    c->data = t->data;
    c->wname = t->wname;
    c->port_type = t->type;
    c->declared = kind == IR_INPUT && t->quant;
    return c;
}

/* One operator between inputs and outputs of its own. */
static ir_graph *alone(qctx *ctx, const ir_graph *of, const ir_op *op)
{
    ir_graph *g = ir_new(ctx, of->name);
    ir_tensor *in[IR_MAX_INPUTS], *out[IR_MAX_INPUTS];
    g->stage = of->stage;
    g->numerics = of->numerics;
    for (int i = 0; i < op->n_in; i++)
        in[i] = copy_tensor(ctx, g, op->in[i], op->in[i]->kind == IR_CONST ? IR_CONST : IR_INPUT);
    for (int i = 0; i < op->n_out; i++) {
        out[i] = copy_tensor(ctx, g, op->out[i], IR_VALUE);
        out[i]->is_output = true;
        *VEC_PUSH(ctx->a, &g->outputs) = out[i];
    }
    ir_op *copy = ir_add_op(ctx, g, op->kind, op->name, op->n_in, in, op->n_out, out, op->loc);
    copy->at = op->at;
    copy->wname = op->wname;
    return g;
}

/* LEGAL; what it warns of is said again, and better, when the whole net is made legal. */
static bool legal_alone(qctx *ctx, ir_graph *g)
{
    int diags = ctx->diags.n, warnings = ctx->warnings;
    if (!legalize(ctx, g, g->numerics) || !prove_bounds(ctx, g, false))
        return false;
    ctx->diags.n = diags;
    ctx->warnings = warnings;
    return true;
}

static void run_rows(walk *w, side *s, const ir_graph *g, const ir_op *op)
{
    interp *it = interp_new(w->ctx, g);
    for (int i = 0; i < op->n_out; i++)
        allocate(w, s, op->out[i]);
    for (int64_t row = 0; row < w->rows; row++) {
        int n = 0;
        for (int i = 0; i < op->n_in; i++) {
            bool before = op->in[i]->kind == IR_CONST;
            for (int k = 0; k < i; k++)
                before |= op->in[k] == op->in[i];
            if (!before)
                s->in[n++] = value_row(s, op->in[i], row);
        }
        for (int i = 0; i < op->n_out; i++)
            s->out[i] = value_row(s, op->out[i], row);
        interp_run(it, (const void *const *)s->in, s->out);
    }
}

bool walk_step(walk *w, int i)
{
    const ir_op *fop = w->f.g->ops.v[i], *qop = w->q.g->ops.v[i];
    ir_graph *q = alone(w->ctx, w->q.g, qop);
    if (!legal_alone(w->ctx, q))
        return false;
    run_rows(w, &w->f, alone(w->ctx, w->f.g, fop), fop);
    run_rows(w, &w->q, q, qop);
    for (int k = 0; k < fop->n_in; k++) {
        const ir_tensor *t = fop->in[k];
        if (t->kind == IR_CONST || w->last[t->id] != i || !w->f.value[t->id])
            continue;
        give_back(w, &w->f.value[t->id]);
        give_back(w, &w->q.value[t->id]);
    }
    return true;
}
