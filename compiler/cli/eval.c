/* eval.c - float against quantized over a data set. */
#include "compiler/cli/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/quant/grid.h"

enum { TIME_ROUNDS = 15 };
static const double TIME_SLICE = 0.004; /* seconds of one measured slice */

typedef struct pass {
    qctx *ctx;
    const port_map *ports;
    engine *fe, *qe;
    void **fin, **qin, **fout, **qout;
    float *real;   /* output 0 of the quantized net, dequantized */
    int64_t n;     /* elements of output 0 */
    double signal, noise;
} pass;

static void **buffers(qctx *ctx, ir_tensor *const *t, int n)
{
    void **p = ARENA_ARRAY(ctx->a, void *, n);
    for (int i = 0; i < n; i++)
        p[i] = arena_alloc(ctx->a, (size_t)ir_elems(&t[i]->shape) * ir_type_size(t[i]->type));
    return p;
}

static int32_t argmax(const float *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return (int32_t)best;
}

/* -log of the probability of the label; outputs that are no probabilities go through softmax. */
static double cross_entropy(const float *v, int64_t n, int32_t label, bool probabilities)
{
    if (probabilities)
        return -log(fmax((double)v[label], 1.0 / 512));
    double top = (double)v[argmax(v, n)], sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)v[i] - top);
    return log(sum) - ((double)v[label] - top);
}

static bool ends_in_softmax(const ir_graph *g)
{
    const ir_op *op = g->outputs.v[0]->producer;
    return op && op->kind == OP_SOFTMAX;
}

static void dequantize(const ir_tensor *t, const void *codes, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t code = t->type == IR_I16 ? ((const int16_t *)codes)[i] : ((const int8_t *)codes)[i];
        out[i] = (float)quant_value(t->quant, 0, code);
    }
}

static void judge(eval_side *s, int64_t row, const float *v, int64_t n, const int32_t *labels,
                  bool probabilities)
{
    s->guess[row] = argmax(v, n);
    if (!labels)
        return;
    s->right += s->guess[row] == labels[row];
    s->loss += cross_entropy(v, n, labels[row], probabilities);
}

static bool run_row(pass *p, eval *e, int64_t row)
{
    const ir_graph *fg = e->f.g, *qg = e->q.g;
    for (int i = 0; i < fg->inputs.n; i++)
        port_row_real(&p->ports[i], row, p->fin[i]);
    for (int i = 0; i < qg->inputs.n; i++)
        port_row_codes(&p->ports[qg->inputs.n + i], row, p->qin[i]);
    if (engine_run(p->fe, (const void *const *)p->fin, p->fout) != 0 ||
        engine_run(p->qe, (const void *const *)p->qin, p->qout) != 0) {
        diag_add(p->ctx, D_INTERNAL_IR, loc_none(), "the compiled network refused its arguments");
        return false;
    }
    dequantize(qg->outputs.v[0], p->qout[0], p->real, p->n);
    const float *f = p->fout[0];
    bool probabilities = ends_in_softmax(fg);
    judge(&e->f, row, f, p->n, e->labels, probabilities);
    judge(&e->q, row, p->real, p->n, e->labels, probabilities);
    for (int64_t i = 0; i < p->n; i++) {
        double d = (double)p->real[i] - (double)f[i];
        p->signal += (double)f[i] * (double)f[i];
        p->noise += d * d;
    }
    return true;
}

static void compare(eval *e)
{
    for (int64_t r = 0; r < e->rows; r++) {
        e->agree += e->f.guess[r] == e->q.guess[r];
        if (!e->labels)
            continue;
        bool f = e->f.guess[r] == e->labels[r], q = e->q.guess[r] == e->labels[r];
        e->only_float += f && !q;
        e->only_quantized += q && !f;
    }
}

/* Ports of both graphs over the same data: float ones first, then the quantized ones. */
static bool map_data(qctx *ctx, cli *c, eval *e, port_map **ports, dataset **data)
{
    if (e->f.g->inputs.n != 1) {
        diag_add(ctx, D_DATA_PORTS, loc_none(), "eval reads one data file; the model has %d inputs",
                 e->f.g->inputs.n);
        return false;
    }
    *data = dataset_read(ctx, c->data, c->labels == NULL);
    if (!*data)
        return false;
    (*data)->codes = (*data)->codes || (c->net.codes && (*data)->format == DF_CSV);
    *ports = ARENA_ARRAY(ctx->a, port_map, 2);
    const char *layout = c->net.layout ? c->net.layout : e->f.g->layout;
    /* codes in the data mean codes of the quantized port: the float net gets their real values */
    if (!port_map_make(ctx, e->q.g->inputs.v[0], *data, layout, &(*ports)[1]))
        return false;
    (*ports)[0] = (*ports)[1];
    e->rows = (*ports)[1].rows;
    return true;
}

static bool read_labels(qctx *ctx, cli *c, eval *e, const dataset *data)
{
    int64_t classes = ir_elems(&e->f.g->outputs.v[0]->shape);
    if (c->labels) {
        int32_t *labels;
        if (!labels_read(ctx, c->labels, (int)classes, e->rows, &labels))
            return false;
        e->labels = labels;
    } else if (data->labels) {
        e->labels = data->labels;
        return dataset_labels_check(ctx, data, (int)classes);
    }
    return true;
}

static uint64_t row_hash(const dataset *d, int64_t row)
{
    size_t bytes = (size_t)d->row_elems * dtype_size(d->dtype);
    const unsigned char *p = (const unsigned char *)d->data + (size_t)row * bytes;
    uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * 0x100000001b3U;
    return h;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Rows that stand in both files: a figure on them is no held-out figure. */
static void warn_shared_rows(qctx *ctx, const cli *c, const dataset *data)
{
    dataset *cal = c->net.calibrate ? dataset_read(ctx, c->net.calibrate, false) : NULL;
    if (!cal || cal->dtype != data->dtype || cal->row_elems != data->row_elems)
        return;
    uint64_t *seen = ARENA_ARRAY(ctx->a, uint64_t, cal->rows);
    for (int64_t i = 0; i < cal->rows; i++)
        seen[i] = row_hash(cal, i);
    qsort(seen, (size_t)cal->rows, sizeof *seen, by_value);
    int64_t shared = 0;
    for (int64_t i = 0; i < data->rows; i++) {
        uint64_t h = row_hash(data, i);
        shared += bsearch(&h, seen, (size_t)cal->rows, sizeof *seen, by_value) != NULL;
    }
    if (shared)
        diag_add(ctx, D_DATA_ROLES, loc_none(), "%lld of the %lld rows of --data also stand in --calibrate",
                 (long long)shared, (long long)data->rows);
}

static bool run_rows(pass *p, eval *e)
{
    e->f.guess = ARENA_ARRAY(p->ctx->a, int32_t, e->rows);
    e->q.guess = ARENA_ARRAY(p->ctx->a, int32_t, e->rows);
    for (int64_t row = 0; row < e->rows; row++) {
        if (!run_row(p, e, row))
            return false;
        if (p->ctx->progress)
            p->ctx->progress(p->ctx->progress_user, "eval", (double)(row + 1) / (double)e->rows);
    }
    e->f.loss /= (double)e->rows;
    e->q.loss /= (double)e->rows;
    e->sqnr_db = p->noise > 0 ? 10 * log10(p->signal / p->noise) : INFINITY;
    compare(e);
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int repeats_for(double one)
{
    double n = TIME_SLICE / (one > 1e-9 ? one : 1e-9);
    return n < 3 ? 3 : n > 100000 ? 100000 : (int)n;
}

/* Slices of both in turn, so that a machine that slows down slows both. */
static void time_both(pass *p, engine *fe, engine *qe, eval *e)
{
    const void *const *fin = (const void *const *)p->fin, *const *qin = (const void *const *)p->qin;
    double f[TIME_ROUNDS], q[TIME_ROUNDS];
    int fr = repeats_for(engine_time(fe, fin, p->fout, 3));
    int qr = repeats_for(engine_time(qe, qin, p->qout, 3));
    for (int i = 0; i < TIME_ROUNDS; i++) {
        f[i] = engine_time(fe, fin, p->fout, fr);
        q[i] = engine_time(qe, qin, p->qout, qr);
    }
    e->f.time_s = median(f, TIME_ROUNDS);
    e->q.time_s = median(q, TIME_ROUNDS);
}

static bool side_sizes(qctx *ctx, eval_side *s, const emit_options *o)
{
    emit_result r;
    if (!emit_c(ctx, s->g, o, &r))
        return false;
    model_sizes(ctx, s->g, &s->weight_bytes, &s->constant_bytes);
    s->constant_bytes = r.constant_bytes;
    s->arena = r.arena_bytes;
    s->io = 0;
    for (int i = 0; i < s->g->inputs.n; i++)
        s->io += ir_elems(&s->g->inputs.v[i]->shape) * (int64_t)ir_type_size(s->g->inputs.v[i]->type);
    for (int i = 0; i < s->g->outputs.n; i++)
        s->io += ir_elems(&s->g->outputs.v[i]->shape) * (int64_t)ir_type_size(s->g->outputs.v[i]->type);
    for (int i = 0; i < s->g->states.n; i++) /* the caller's too */
        s->io += ir_elems(&s->g->states.v[i]->tensor->shape) *
                 (int64_t)ir_type_size(s->g->states.v[i]->tensor->type);
    if (!engine_available(ENGINE_CC) || !object_sizes(ctx, r.c, "-O2", &s->flash, &s->bss))
        s->flash = -1;
    return true;
}

static const char *engine_word(engine_kind k)
{
    return k == ENGINE_JIT ? "libtcc" : k == ENGINE_CC ? "cc -O3" : "interpreter";
}

bool eval_measure(qctx *ctx, cli *c, const net *n, eval *e)
{
    engine_kind kind;
    if (!cli_engine(c, &kind))
        return false;
    memset(e, 0, sizeof *e);
    e->f.g = n->floating;
    e->q.g = n->legal;
    emit_options fo = c->emit, qo = c->emit;
    fo.emit_float = true;
    dataset *data;
    port_map *ports;
    if (!map_data(ctx, c, e, &ports, &data) || !read_labels(ctx, c, e, data))
        return false;
    warn_shared_rows(ctx, c, data);
    bool cc = engine_available(ENGINE_CC);
    /* the float net has no bits to vouch for: the fastest engine serves */
    engine_kind float_kind = kind == ENGINE_JIT && cc ? ENGINE_CC : kind;
    pass p = {.ctx = ctx, .ports = ports,
              .fe = engine_new(ctx, e->f.g, float_kind, &fo, "-O2"),
              .qe = engine_new(ctx, e->q.g, kind, &qo, kind == ENGINE_CC ? "-O3" : NULL),
              .fin = buffers(ctx, e->f.g->inputs.v, e->f.g->inputs.n),
              .qin = buffers(ctx, e->q.g->inputs.v, e->q.g->inputs.n),
              .fout = buffers(ctx, e->f.g->outputs.v, e->f.g->outputs.n),
              .qout = buffers(ctx, e->q.g->outputs.v, e->q.g->outputs.n),
              .n = ir_elems(&e->f.g->outputs.v[0]->shape)};
    p.real = ARENA_ARRAY(ctx->a, float, p.n);
    if (!p.fe || !p.qe || !run_rows(&p, e) || !side_sizes(ctx, &e->f, &fo) ||
        !side_sizes(ctx, &e->q, &qo))
        return false;
    e->engine = engine_word(kind);
    e->timing = cc ? "cc -O2" : engine_word(kind);
    engine_kind time_kind = cc ? ENGINE_CC : kind;
    engine *ft = engine_new(ctx, e->f.g, time_kind, &fo, "-O2");
    engine *qt = engine_new(ctx, e->q.g, time_kind, &qo, "-O2");
    if (!ft || !qt)
        return false;
    time_both(&p, ft, qt, e);
    return true;
}

int cmd_eval(qctx *ctx, cli *c)
{
    if (!c->data)
        return cli_usage(c, "no --data: the rows to evaluate");
    engine_kind kind;
    if (!cli_engine(c, &kind))
        return EXIT_WRONG_USAGE;
    net *n = cli_net(ctx, c, true);
    eval e;
    if (!n || !eval_measure(ctx, c, n, &e))
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    if (c->json)
        eval_print_json(ctx, &e, n);
    else
        eval_print(&e, n);
    return EXIT_DONE;
}
