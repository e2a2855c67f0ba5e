/* recover_measure.c - accuracy, agreement, size and time of one state of a net. */
#include "compiler/cli/recover.h"

static const loss_spec by_label = {.kind = LOSS_CROSS_ENTROPY, .temperature = 1};
static const loss_spec by_teacher = {.kind = LOSS_DISTILL, .temperature = 1};

const ir_graph *recovery_legal(recovery *r, const ir_graph *quantized)
{
    net n = *r->t.n;
    net_options o = {.strict_acc32 = r->t.c->net.strict_acc32};
    n.quantized = ir_clone(r->t.ctx, quantized);
    n.saved = true;
    bool ok = net_quantize(r->t.ctx, &n, &o);
    diag_drop_repeats(r->t.ctx);
    return ok ? n.legal : NULL;
}

static void **buffers(qctx *ctx, ir_tensor *const *t, int n)
{
    void **p = ARENA_ARRAY(ctx->a, void *, n);
    for (int i = 0; i < n; i++)
        p[i] = arena_calloc(ctx->a, (size_t)ir_elems(&t[i]->shape), ir_type_size(t[i]->type));
    return p;
}

enum { LEAST_RUNS = 15, MOST_RUNS = 20000 };
static const double TIMED = 0.05; /* seconds */

/* Median of runs on the first row of the test. */
static bool measure_time(recovery *r, const ir_graph *g, const emit_options *o, state_row *row)
{
    qctx *ctx = r->t.ctx;
    bool cc = engine_available(ENGINE_CC);
    engine *e = engine_new(ctx, g, cc ? ENGINE_CC : r->t.job.engine, o, "-O2");
    void **in = buffers(ctx, g->inputs.v, g->inputs.n),
         **out = buffers(ctx, g->outputs.v, g->outputs.n);
    r->timing = cc ? "cc -O2" : "the judging engine";
    if (!e)
        return false;
    for (int k = 0; k < g->inputs.n; k++) {
        if (o->emit_float)
            port_row_real(&r->test.ports[k], 0, in[k]);
        else
            port_row_codes(&r->test.ports[k], 0, in[k]);
    }
    double once = engine_time(e, (const void *const *)in, out, 3);
    double runs = TIMED / (once > 1e-9 ? once : 1e-9);
    row->seconds = engine_time(e, (const void *const *)in, out,
                               runs < LEAST_RUNS  ? LEAST_RUNS
                               : runs > MOST_RUNS ? MOST_RUNS
                                                  : (int)runs);
    return true;
}

static bool measure_c(recovery *r, const ir_graph *g, const emit_options *o, state_row *row)
{
    emit_result c;
    if (!g || !emit_c(r->t.ctx, g, o, &c))
        return false;
    row->bytes = c.constant_bytes;
    return measure_time(r, g, o, row);
}

bool measure_integer(recovery *r, const ir_graph *quantized, state_row *row)
{
    qctx *ctx = r->t.ctx;
    fit_score labels, teacher;
    engine_kind kind = r->t.job.engine;
    row->hits = ARENA_ARRAY(ctx->a, uint8_t, r->test.n);
    if (!tune_score(ctx, quantized, kind, &r->test, NULL, &by_label, row->hits, &labels) ||
        !tune_score(ctx, quantized, kind, &r->unlabelled, r->float_test, &by_teacher, NULL,
                    &teacher))
        return false;
    row->right = labels.right;
    row->agree = teacher.right;
    return measure_c(r, recovery_legal(r, quantized), &r->t.c->emit, row);
}

bool measure_float(recovery *r, tengine *e, state_row *row)
{
    fit_score labels, teacher;
    int batch = r->t.job.fit.batch;
    float_judge j = float_judge_new(r->t.ctx, e, &r->test, &by_label, batch);
    j.hits = row->hits = ARENA_ARRAY(r->t.ctx->a, uint8_t, r->test.n);
    judge_float(&j, &labels);
    j = float_judge_new(r->t.ctx, e, &r->unlabelled, &by_teacher, batch);
    j.teacher = r->float_test;
    judge_float(&j, &teacher);
    row->right = labels.right;
    row->agree = teacher.right;
    return true;
}

bool measure_float_c(recovery *r, state_row *row)
{
    emit_options o = r->t.c->emit;
    o.emit_float = true;
    return measure_c(r, r->t.n->floating, &o, row);
}
