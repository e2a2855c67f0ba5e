/* diff.c - two executions, or one and reference tensors, row by row and layer by layer. */
#include "compiler/cli/diff.h"

#include <math.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/quant/grid.h"

static const double REAL_LIMIT = 1e-5;     /* of the row's largest magnitude: two float engines */
static const double STEP_SLACK = 1 + 1e-6; /* the rounding of a difference that is one step */

/* ---- sides --------------------------------------------------------------------------------- */

static bool is_saved(qctx *ctx, const diff_side *s, bool *saved)
{
    *saved = false;
    if (s->kind != SIDE_QUANT || !s->weights)
        return true;
    const source *src = file_read_text(ctx, s->model);
    ast_file *f = src ? qdl_parse(ctx, src) : NULL;
    *saved = f && f->spec->saved;
    return f != NULL;
}

/* Options that quantize are for what is quantized here, not for a float net, nor for a saved pair
 * that is compared with what they are for. */
static net_options options_for(const cli *c, bool take)
{
    net_options o = c->net;
    if (take)
        return o;
    o.settings.n = 0;
    o.calibrate = o.quant_file = NULL;
    o.seed_given = false;
    return o;
}

static bool load_net(qctx *ctx, diff_side *s, const net_options *o, bool quantize)
{
    s->net = net_load(ctx, s->model, s->weights, o);
    if (!s->net || (quantize && !net_quantize(ctx, s->net, o)))
        return false;
    return true;
}

static size_t bytes_of(const ir_tensor *t)
{
    return (size_t)ir_elems(&t->shape) * ir_type_size(t->type);
}

static void *room(qctx *ctx, const ir_tensor *t)
{
    return arena_calloc(ctx->a, 1, bytes_of(t));
}

/* What emitted C tells of a layer. */
static void keep(void *side, int op, const void *out, uint32_t bytes)
{
    diff_side *s = side;
    const ir_tensor *t = op >= 0 && op < s->g->ops.n ? s->g->ops.v[op]->out[0] : NULL;
    if (t && bytes == bytes_of(t))
        memcpy(s->seen[t->id], out, bytes);
}

static bool use_engine(qctx *ctx, const cli *c, diff_side *s, engine_kind kind)
{
    emit_options o = c->emit;
    o.emit_float = s->kind == SIDE_FLOAT;
    s->seen = ARENA_ARRAY(ctx->a, void *, s->g->tensors.n);
    for (int i = 0; i < s->g->ops.n; i++)
        s->seen[s->g->ops.v[i]->out[0]->id] = room(ctx, s->g->ops.v[i]->out[0]);
    s->e = engine_listening(ctx, s->g, kind, &o, NULL, keep, s);
    return s->e != NULL;
}

static bool use_graph(qctx *ctx, const cli *c, diff_side *s)
{
    engine_kind kind = ENGINE_INTERPRETER;
    s->g = s->kind == SIDE_QUANT ? s->net->legal : s->net->floating;
    if (c->engine)
        cli_engine(c, &kind);
    if (kind != ENGINE_INTERPRETER)
        return use_engine(ctx, c, s, kind);
    s->it = interp_new(ctx, s->g);
    return true;
}

/* NULL: nothing holds it. */
static const void *value_in(const diff_side *s, const ir_tensor *t)
{
    for (int i = 0; !s->it && i < s->g->inputs.n; i++)
        if (s->g->inputs.v[i] == t)
            return s->in[i];
    return s->it ? interp_value(s->it, t) : s->seen[t->id];
}

static bool same_model(const diff *d)
{
    const diff_side *a = &d->a, *b = &d->b;
    return a->kind != SIDE_FILE && b->kind != SIDE_FILE && a->kind != b->kind &&
           !strcmp(a->model, b->model) && !a->weights == !b->weights &&
           (!a->weights || !strcmp(a->weights, b->weights));
}

static bool load_sides(qctx *ctx, const cli *c, diff *d)
{
    diff_side *sides[2] = {&d->a, &d->b};
    bool saved[2];
    if (!is_saved(ctx, &d->a, &saved[0]) || !is_saved(ctx, &d->b, &saved[1]))
        return false;
    for (int i = 0; i < 2; i++) {
        diff_side *s = sides[i], *other = sides[1 - i];
        if (s->kind == SIDE_FILE) {
            s->file = tensor_file_read(ctx, s->model, -1);
            if (!s->file)
                return false;
            continue;
        }
        bool shared = same_model(d);
        bool take = (shared || s->kind == SIDE_QUANT) &&
                    !(saved[i] && other->kind == SIDE_QUANT && !saved[1 - i]);
        net_options o = options_for(c, take);
        if (shared && i == 1)
            s->net = other->net;
        else if (!load_net(ctx, s, &o, shared || s->kind == SIDE_QUANT))
            return false;
        if (!use_graph(ctx, c, s))
            return false;
    }
    return true;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool same_inputs(const ir_graph *a, const ir_graph *b)
{
    bool same = a->inputs.n == b->inputs.n;
    for (int i = 0; same && i < a->inputs.n; i++)
        same = ir_shape_eq(&a->inputs.v[i]->shape, &b->inputs.v[i]->shape);
    return same;
}

/* Codes in the data are codes of the quantized side: a float net beside it gets what they stand
 * for. */
static bool map_data(qctx *ctx, const cli *c, diff_side *s, const diff_side *other)
{
    if (!s->g)
        return true;
    const ir_graph *ports =
        s->kind == SIDE_FLOAT && other->kind == SIDE_QUANT && same_inputs(s->g, other->g) ? other->g
                                                                                          : s->g;
    if (!net_data(ctx, ports, c->data, &c->net, &s->ports))
        return false;
    for (int i = 1; i < s->g->inputs.n; i++) {
        if (s->ports[i].rows == s->ports[0].rows)
            continue;
        diag_add(ctx, D_DATA_PORTS, loc_file(s->ports[i].data->src),
                 "%lld rows, the first input has %lld", (long long)s->ports[i].rows,
                 (long long)s->ports[0].rows);
        return false;
    }
    s->in = ARENA_ARRAY(ctx->a, void *, s->g->inputs.n);
    s->out = ARENA_ARRAY(ctx->a, void *, s->g->outputs.n);
    for (int i = 0; i < s->g->inputs.n; i++)
        s->in[i] = room(ctx, s->g->inputs.v[i]);
    for (int i = 0; i < s->g->outputs.n; i++)
        s->out[i] = room(ctx, s->g->outputs.v[i]);
    return true;
}

static void run_row(diff_side *s, int64_t row)
{
    if (!s->g)
        return;
    for (int i = 0; i < s->g->inputs.n; i++) {
        if (s->kind == SIDE_FLOAT)
            port_row_real(&s->ports[i], row, s->in[i]);
        else
            port_row_codes(&s->ports[i], row, s->in[i]);
    }
    if (s->it)
        interp_run(s->it, (const void *const *)s->in, s->out);
    else
        engine_run(s->e, (const void *const *)s->in, s->out);
}

/* ---- values -------------------------------------------------------------------------------- */

static double value_of(const ir_tensor *t, const void *data, int64_t i)
{
    if (t->type == IR_F32)
        return (double)((const float *)data)[i];
    if (t->type == IR_I32) /* indices */
        return ((const int32_t *)data)[i];
    int32_t code = t->type == IR_I16 ? ((const int16_t *)data)[i] : ((const int8_t *)data)[i];
    return (double)(float)quant_value(t->quant, 0, code);
}

/* Real values of a layer's row; narrow has as much room. */
static void fill(const diff_side *s, const layer_end *e, int64_t row, int64_t n, float *narrow,
                 double *out)
{
    if (e->map.data)
        port_row_real(&e->map, row, narrow);
    const void *data = e->stored || e->map.data ? NULL : value_in(s, e->t);
    for (int64_t i = 0; i < n; i++)
        out[i] = e->stored ? tensor_value(e->stored, i)
                 : data    ? value_of(e->t, data, i)
                           : (double)narrow[i];
}

static double limit_of(const diff_layer *l, const double *a, int64_t n)
{
    if (l->exact || l->step > 0)
        return l->exact ? 0 : l->step * STEP_SLACK;
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fabs(a[i]) > largest ? fabs(a[i]) : largest;
    return REAL_LIMIT * largest;
}

static void compare(diff_layer *l, int64_t row, const double *a, const double *b, int64_t n)
{
    double limit = limit_of(l, a, n);
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]);
        if (d == 0 || (isnan(a[i]) && isnan(b[i])) || a[i] == b[i])
            d = 0;
        const diff_place here = {row, i, a[i], b[i]};
        l->signal += a[i] * a[i];
        l->noise += d * d;
        l->different += d != 0;
        if (d > fabs(l->worst.a - l->worst.b) || l->worst.row < 0 ||
            (isnan(d) && !isnan(l->worst.a - l->worst.b)))
            l->worst = here;
        if (!(d <= limit) && l->first.row < 0)
            l->first = here;
    }
}

double diff_sqnr(const diff_layer *l)
{
    return l->different == 0 ? INFINITY : 10 * log10(l->signal / l->noise);
}

bool diff_measure(qctx *ctx, cli *c, diff *d)
{
    if (!load_sides(ctx, c, d) || !map_data(ctx, c, &d->a, &d->b) ||
        !map_data(ctx, c, &d->b, &d->a))
        return false;
    const diff_side *runs = d->a.g ? &d->a : &d->b;
    if (runs->g)
        d->rows = runs->ports[0].rows;
    if (!diff_match(ctx, c, d))
        return false;
    int64_t most = 1;
    for (int i = 0; i < d->layers.n; i++)
        most = ir_elems(&d->layers.v[i].shape) > most ? ir_elems(&d->layers.v[i].shape) : most;
    double *a = ARENA_ARRAY(ctx->a, double, most), *b = ARENA_ARRAY(ctx->a, double, most);
    float *narrow = ARENA_ARRAY(ctx->a, float, most);
    for (int64_t row = 0; row < d->rows; row++) {
        run_row(&d->a, row);
        run_row(&d->b, row);
        for (int i = 0; i < d->layers.n; i++) {
            diff_layer *l = &d->layers.v[i];
            int64_t n = ir_elems(&l->shape);
            if (row >= l->rows)
                continue;
            fill(&d->a, &l->a, row, n, narrow, a);
            fill(&d->b, &l->b, row, n, narrow, b);
            compare(l, row, a, b, n);
        }
        if (ctx->progress)
            ctx->progress(ctx->progress_user, "diff", (double)(row + 1) / (double)d->rows);
    }
    for (int i = d->layers.n - 1; i >= 0; i--)
        if (d->layers.v[i].first.row >= 0)
            d->diverges = &d->layers.v[i];
    return true;
}
