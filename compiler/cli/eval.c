/* eval.c - float against quantized over a data set: one float net, one or several quantizations. */
#include "compiler/cli/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/quant/grid.h"

enum { TIME_ROUNDS = 15 };
static const double TIME_SLICE = 0.004; /* seconds of one measured slice */

/* One net, compiled, and its buffers. */
typedef struct player {
    engine *e;
    void **in, **out;
} player;

typedef struct pass {
    qctx *ctx;
    player f, *q;
    float *real; /* output 0 of a quantized net, dequantized */
} pass;

static void **buffers(qctx *ctx, ir_tensor *const *t, int n)
{
    void **p = ARENA_ARRAY(ctx->a, void *, n);
    for (int i = 0; i < n; i++)
        p[i] = arena_alloc(ctx->a, (size_t)ir_elems(&t[i]->shape) * ir_type_size(t[i]->type));
    return p;
}

static bool play(qctx *ctx, const ir_graph *g, engine_kind kind, const emit_options *o,
                 const char *cflags, player *p)
{
    *p = (player){engine_new(ctx, g, kind, o, cflags), buffers(ctx, g->inputs.v, g->inputs.n),
                  buffers(ctx, g->outputs.v, g->outputs.n)};
    return p->e != NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void dequantize(const ir_tensor *t, const void *codes, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t code = t->type == IR_I16 ? ((const int16_t *)codes)[i] : ((const int8_t *)codes)[i];
        out[i] = (float)quant_value(t->quant, 0, code);
    }
}

static bool run_one(const pass *p, const player *who)
{
    if (engine_run(who->e, (const void *const *)who->in, who->out) == 0)
        return true;
    diag_add(p->ctx, D_INTERNAL_IR, loc_none(), "the compiled network refused its arguments");
    return false;
}

static bool run_row(pass *p, eval *e, int64_t row)
{
    port_row_real(&e->runs[0].port, row, p->f.in[0]);
    if (!run_one(p, &p->f))
        return false;
    const float *x = p->f.in[0], *f = p->f.out[0];
    eval_judge(e, &e->f, row, x, f);
    for (int k = 0; k < e->n_runs; k++) {
        eval_run *r = &e->runs[k];
        port_row_codes(&r->port, row, p->q[k].in[0]);
        if (!run_one(p, &p->q[k]))
            return false;
        dequantize(r->q.g->outputs.v[0], p->q[k].out[0], p->real, e->elements);
        eval_judge(e, &r->q, row, x, p->real);
        for (int64_t i = 0; i < e->elements; i++) {
            double d = (double)p->real[i] - (double)f[i];
            r->signal += (double)f[i] * (double)f[i];
            r->noise += d * d;
        }
    }
    return true;
}

static void make_side(qctx *ctx, const eval *e, eval_side *s)
{
    bool scored = e->reading != EVAL_CLASSES || e->elements == 2;
    s->guess = ARENA_ARRAY(ctx->a, int32_t, e->rows);
    s->score = scored ? ARENA_ARRAY(ctx->a, double, e->rows) : NULL;
}

static bool run_rows(pass *p, eval *e)
{
    make_side(p->ctx, e, &e->f);
    for (int k = 0; k < e->n_runs; k++)
        make_side(p->ctx, e, &e->runs[k].q);
    for (int64_t row = 0; row < e->rows; row++) {
        if (!run_row(p, e, row))
            return false;
        if (p->ctx->progress)
            p->ctx->progress(p->ctx->progress_user, "eval", (double)(row + 1) / (double)e->rows);
    }
    eval_compare(p->ctx, e);
    return true;
}

/* ---- times and sizes ---------------------------------------------------------------------------
 */

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

/* Slices of all in turn, so that a machine that slows down slows all. */
static void time_all(pass *p, player *f, player *q, eval *e)
{
    int n = 1 + e->n_runs;
    double *slices = ARENA_ARRAY(p->ctx->a, double, (int64_t)n *TIME_ROUNDS);
    int *repeats = ARENA_ARRAY(p->ctx->a, int, n);
    for (int i = 0; i < n; i++) {
        player *who = i ? &q[i - 1] : f;
        const player *rows = i ? &p->q[i - 1] : &p->f;
        memcpy(who->in, rows->in, sizeof *who->in); /* the last row; models have one input here */
        repeats[i] = repeats_for(engine_time(who->e, (const void *const *)who->in, who->out, 3));
    }
    for (int round = 0; round < TIME_ROUNDS; round++)
        for (int i = 0; i < n; i++) {
            player *who = i ? &q[i - 1] : f;
            slices[i * TIME_ROUNDS + round] =
                engine_time(who->e, (const void *const *)who->in, who->out, repeats[i]);
        }
    e->f.time_s = median(slices, TIME_ROUNDS);
    for (int i = 0; i < e->n_runs; i++)
        e->runs[i].q.time_s = median(slices + (i + 1) * TIME_ROUNDS, TIME_ROUNDS);
}

static bool side_sizes(qctx *ctx, eval_side *s, const emit_options *o)
{
    emit_result r;
    if (!emit_c(ctx, s->g, o, &r))
        return false;
    model_sizes(ctx, s->g, o, &s->weight_bytes, &s->constant_bytes);
    s->constant_bytes = r.constant_bytes;
    s->arena = r.arena_bytes;
    s->io = 0;
    for (int i = 0; i < s->g->inputs.n; i++)
        s->io +=
            ir_elems(&s->g->inputs.v[i]->shape) * (int64_t)ir_type_size(s->g->inputs.v[i]->type);
    for (int i = 0; i < s->g->outputs.n; i++)
        s->io +=
            ir_elems(&s->g->outputs.v[i]->shape) * (int64_t)ir_type_size(s->g->outputs.v[i]->type);
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

static bool measure_times(qctx *ctx, pass *p, eval *e, engine_kind kind, const emit_options *fo,
                          const emit_options *qo)
{
    bool cc = engine_available(ENGINE_CC);
    engine_kind time_kind = cc ? ENGINE_CC : kind;
    player f, *q = ARENA_ARRAY(ctx->a, player, e->n_runs);
    e->timing = cc ? "cc -O2" : engine_word(kind);
    bool ok = play(ctx, e->f.g, time_kind, fo, "-O2", &f);
    for (int i = 0; ok && i < e->n_runs; i++)
        ok = play(ctx, e->runs[i].q.g, time_kind, qo, "-O2", &q[i]);
    if (ok)
        time_all(p, &f, q, e);
    return ok;
}

static eval_reading reading_of(const ir_graph *g)
{
    const ir_tensor *in = g->inputs.v[0], *out = g->outputs.v[0];
    int64_t n = ir_elems(&out->shape);
    return n == 1                                          ? EVAL_ONE
           : n > 2 && ir_shape_eq(&in->shape, &out->shape) ? EVAL_RECONSTRUCTION
                                                           : EVAL_CLASSES;
}

bool eval_measure(qctx *ctx, cli *c, eval *e)
{
    engine_kind kind;
    if (!cli_engine(c, &kind))
        return false;
    e->elements = ir_elems(&e->f.g->outputs.v[0]->shape);
    e->classes = e->elements < 2 ? 2 : (int)e->elements;
    emit_options fo = c->emit, qo = c->emit;
    fo.emit_float = true;
    if (!eval_data(ctx, c, e))
        return false;
    e->reading = reading_of(e->f.g);
    /* the float net has no bits to vouch for: the fastest engine serves */
    engine_kind float_kind = kind == ENGINE_JIT && engine_available(ENGINE_CC) ? ENGINE_CC : kind;
    pass p = {.ctx = ctx, .q = ARENA_ARRAY(ctx->a, player, e->n_runs)};
    p.real = ARENA_ARRAY(ctx->a, float, e->elements);
    bool ok = play(ctx, e->f.g, float_kind, &fo, "-O2", &p.f);
    for (int i = 0; ok && i < e->n_runs; i++)
        ok = play(ctx, e->runs[i].q.g, kind, &qo, kind == ENGINE_CC ? "-O3" : NULL, &p.q[i]);
    ok = ok && run_rows(&p, e) && side_sizes(ctx, &e->f, &fo);
    for (int i = 0; ok && i < e->n_runs; i++)
        ok = side_sizes(ctx, &e->runs[i].q, &qo);
    e->engine = engine_word(kind);
    return ok && measure_times(ctx, &p, e, kind, &fo, &qo);
}

/* ---- the command -------------------------------------------------------------------------------
 */

/* A net for each --quant, or one as the model has it. */
static bool quantize_all(qctx *ctx, cli *c, eval *e)
{
    e->n_runs = c->quants.n ? c->quants.n : 1;
    e->runs = ARENA_ARRAY(ctx->a, eval_run, e->n_runs);
    for (int i = 0; i < e->n_runs; i++) {
        eval_run *r = &e->runs[i];
        c->net.quant_file = c->quants.n ? c->quants.v[i] : NULL;
        r->n = cli_net(ctx, c, true);
        if (!r->n)
            return false;
        diag_drop_repeats(ctx);
        r->q.g = r->n->legal;
        r->name = c->quants.n ? c->quants.v[i] : r->n->legal->name;
    }
    e->f.g = e->runs[0].n->floating;
    return true;
}

int cmd_eval(qctx *ctx, cli *c)
{
    if (!c->data)
        return cli_usage(c, "no --data: the rows to evaluate");
    if (c->json && c->csv)
        return cli_usage(c, "--json and --csv are two forms of one output");
    engine_kind kind;
    if (!cli_engine(c, &kind))
        return EXIT_WRONG_USAGE;
    eval *e = ARENA_NEW(ctx->a, eval);
    if (!quantize_all(ctx, c, e) || !eval_measure(ctx, c, e))
        return EXIT_BAD_INPUT;
    if (c->report && !eval_report(ctx, c, e))
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    if (c->json)
        eval_print_json(ctx, e);
    else if (c->csv)
        eval_print_csv(e);
    else
        eval_print(ctx, e, c->confusion);
    return EXIT_DONE;
}
