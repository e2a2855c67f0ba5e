/* diff_layers.c - which layer of one side is which of the other. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cli/diff.h"

/* ---- files --------------------------------------------------------------------------------- */

/* A reference tensor as rows of a data set, which the reader of inputs takes. */
static dataset *as_dataset(qctx *ctx, const diff_side *file, const named_tensor *t)
{
    dataset *d = ARENA_NEW(ctx->a, dataset);
    *d = (dataset){.src = file->file->src,
                   .path = file->spec,
                   .format = DF_NPY,
                   .dtype = t->dtype,
                   .rank = t->rank ? t->rank : 1,
                   .dim = {1},
                   .rows = 1,
                   .data = t->data};
    for (int i = 0; i < t->rank && i < 8; i++)
        d->dim[i] = t->dim[i];
    d->rows = d->dim[0];
    d->row_elems = d->rows ? t->elems / d->rows : 0;
    return d;
}

/* The key of a file that a layer is meant by: its name, else tN. */
static const named_tensor *find_stored(qctx *ctx, const tensor_file *f, const ir_tensor *t)
{
    const named_tensor *stored = tensor_file_find(f, t->name);
    if (!stored && t->tflite_index >= 0)
        stored = tensor_file_find(f, arena_printf(ctx->a, "t%d", t->tflite_index));
    return stored;
}

/* What the codes of a layer mean: its own quantization, or of a float net made from a quantized
 * one, that. */
static const ir_quant *quant_of(const diff_side *s, const ir_tensor *t)
{
    if (t->quant || !s->net->saved)
        return t->quant;
    const ir_tensor *q = ir_find_tensor(s->net->quantized, t->name);
    return q ? q->quant : NULL;
}

static bool file_end(qctx *ctx, const cli *c, const diff_side *file, const diff_side *run,
                     const ir_tensor *t, layer_end *end)
{
    const named_tensor *stored = find_stored(ctx, file->file, t);
    if (!stored)
        return true;
    ir_tensor *port = arena_memdup(ctx->a, t, sizeof *t);
    port->quant = (ir_quant *)(uintptr_t)quant_of(run, t);
    const char *layout = c->net.layout ? c->net.layout : run->g->layout;
    if (!port_map_make(ctx, port, as_dataset(ctx, file, stored), layout, &end->map))
        return false;
    end->t = port;
    end->quant = end->map.codes ? port->quant : NULL;
    end->key = stored->name;
    return true;
}

/* ---- executions ---------------------------------------------------------------------------- */

static const ir_tensor *find_value(const ir_graph *g, const ir_tensor *like)
{
    const ir_tensor *t = ir_find_tensor(g, like->name);
    if (t && t->kind != IR_CONST)
        return t;
    for (int i = 0; i < g->tensors.n && like->tflite_index >= 0; i++)
        if (g->tensors.v[i]->tflite_index == like->tflite_index &&
            g->tensors.v[i]->kind != IR_CONST)
            return g->tensors.v[i];
    return NULL;
}

/* A float net has real values, also of an input that is declared as codes. */
static const ir_quant *grid_of(const diff_side *s, const ir_tensor *t)
{
    return s->kind == SIDE_QUANT ? t->quant : NULL;
}

static bool run_end(qctx *ctx, const diff_side *s, const ir_tensor *like, layer_end *end)
{
    const ir_tensor *t = find_value(s->g, like);
    if (!t)
        return true;
    if (!ir_shape_eq(&t->shape, &like->shape)) {
        diag_add(ctx, D_DIFF_SHAPE, loc_none(), "layer '%s' is %s on one side, %s on the other",
                 like->name, ir_shape_str(ctx->a, &t->shape), ir_shape_str(ctx->a, &like->shape));
        return false;
    }
    *end = (layer_end){.t = t, .quant = grid_of(s, t)};
    return true;
}

/* ---- matching ------------------------------------------------------------------------------ */

static double step_of(const layer_end *e)
{
    return e->quant ? (double)e->quant->scale[0] : 0;
}

static bool same_grid(const ir_quant *a, const ir_quant *b)
{
    return a && b && a->scale[0] == b->scale[0] && a->zero[0] == b->zero[0];
}

static const char *word_of(const ir_tensor *t)
{
    const ir_op *op = t->producer;
    return !op                                         ? "input"
           : op->kind == OP_CONV2D && op->at.depthwise ? "depthwise"
                                                       : ir_opinfos[op->kind].word;
}

/* The layer that tensor t of the side `base` stands for; other: the other side. */
static bool add_layer(qctx *ctx, const cli *c, diff *d, diff_side *base, diff_side *other,
                      const ir_tensor *t)
{
    layer_end mine = {.t = t, .quant = grid_of(base, t)}, its = {0};
    bool ok = other->g ? run_end(ctx, other, t, &its) : file_end(ctx, c, other, base, t, &its);
    if (!ok)
        return false;
    if (!its.t) {
        *VEC_PUSH(ctx->a, &base->unmatched) = t->name;
        return true;
    }
    diff_layer l = {.name = t->name,
                    .operator= word_of(t),
                    .shape = t->shape,
                    .a = base == &d->a ? mine : its,
                    .b = base == &d->a ? its : mine,
                    .worst = {.row = -1},
                    .first = {.row = -1}};
    double sa = step_of(&l.a), sb = step_of(&l.b);
    l.step = sa > sb ? sa : sb;
    l.exact = same_grid(l.a.quant, l.b.quant);
    l.rows = its.key && its.map.rows < d->rows ? its.map.rows : d->rows;
    *VEC_PUSH(ctx->a, &d->layers) = l;
    return true;
}

static bool match_run(qctx *ctx, const cli *c, diff *d, diff_side *base, diff_side *other)
{
    const ir_graph *g = base->g;
    bool ok = true;
    for (int i = 0; i < g->inputs.n; i++)
        ok &= add_layer(ctx, c, d, base, other, g->inputs.v[i]);
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_out; k++)
            ok &= add_layer(ctx, c, d, base, other, g->ops.v[i]->out[k]);
    return ok;
}

/* Whether some layer stands for the tensor or key. */
static bool is_matched(const diff *d, const diff_side *s, const ir_tensor *t, const char *key)
{
    for (int i = 0; i < d->layers.n; i++) {
        const layer_end *e = s == &d->a ? &d->layers.v[i].a : &d->layers.v[i].b;
        if (t ? e->t == t : e->key && key && !strcmp(e->key, key))
            return true;
    }
    return false;
}

static void note_unmatched(qctx *ctx, const diff *d, diff_side *other)
{
    for (int i = 0; other->file && i < other->file->tensors.n; i++)
        if (!is_matched(d, other, NULL, other->file->tensors.v[i].name))
            *VEC_PUSH(ctx->a, &other->unmatched) = other->file->tensors.v[i].name;
    for (int i = 0; other->g && i < other->g->ops.n; i++)
        for (int k = 0; k < other->g->ops.v[i]->n_out; k++)
            if (!is_matched(d, other, other->g->ops.v[i]->out[k], NULL))
                *VEC_PUSH(ctx->a, &other->unmatched) = other->g->ops.v[i]->out[k]->name;
}

/* ---- two files ----------------------------------------------------------------------------- */

static bool is_real(const named_tensor *t)
{
    return t->dtype == DT_F32 || t->dtype == DT_F16 || t->dtype == DT_BF16 || t->dtype == DT_F64;
}

static bool add_stored(qctx *ctx, diff *d, const named_tensor *a)
{
    const named_tensor *b = tensor_file_find(d->b.file, a->name);
    if (!b) {
        *VEC_PUSH(ctx->a, &d->a.unmatched) = a->name;
        return true;
    }
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    if (!same) {
        diag_add(ctx, D_DIFF_SHAPE, loc_file(d->a.file->src), "tensor '%s' has another shape in %s",
                 a->name, d->b.spec);
        return false;
    }
    diff_layer l = {.name = a->name,
                    .operator= dtype_name(a->dtype),
                    .a = {.stored = a, .key = a->name},
                    .b = {.stored = b, .key = a->name},
                    .rows = 1,
                    .exact = !is_real(a) && !is_real(b),
                    .worst = {.row = -1},
                    .first = {.row = -1}};
    l.shape.rank = a->rank <= IR_MAX_RANK ? a->rank : 1;
    for (int i = 0; i < l.shape.rank; i++)
        l.shape.dim[i] = (int32_t)(a->rank <= IR_MAX_RANK ? a->dim[i] : a->elems);
    *VEC_PUSH(ctx->a, &d->layers) = l;
    return true;
}

/* t9 before t10. */
static int by_number(const void *p, const void *q)
{
    const diff_layer *a = p, *b = q;
    const char *x = a->name + strcspn(a->name, "0123456789"),
               *y = b->name + strcspn(b->name, "0123456789");
    if (x - a->name == y - b->name && !strncmp(a->name, b->name, (size_t)(x - a->name))) {
        unsigned long long m = strtoull(x, NULL, 10), n = strtoull(y, NULL, 10);
        if (m != n)
            return m < n ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static bool match_files(qctx *ctx, diff *d)
{
    bool ok = true;
    for (int i = 0; i < d->a.file->tensors.n; i++)
        ok &= add_stored(ctx, d, &d->a.file->tensors.v[i]);
    if (d->layers.n)
        qsort(d->layers.v, (size_t)d->layers.n, sizeof *d->layers.v, by_number);
    return ok;
}

bool diff_match(qctx *ctx, const cli *c, diff *d)
{
    diff_side *base = d->b.g ? &d->b : &d->a, *other = base == &d->b ? &d->a : &d->b;
    if (!(base->g ? match_run(ctx, c, d, base, other) : match_files(ctx, d)))
        return false;
    note_unmatched(ctx, d, other);
    if (d->layers.n)
        return true;
    diag_add(ctx, D_DIFF_NONE, loc_none(), "%s and %s have no layer in common", d->a.spec,
             d->b.spec);
    diag_hint(ctx, "layers meet by their names, or by tN, the tensor's number in a .tflite");
    return false;
}
