/* errors.c - where a quantized net's error comes from.
 *
 * SQNR and clipping come from both nets side by side. The share of a layer is what the error of the
 * outputs is when its weights, or the codes of its output, alone are quantized in the float net;
 * operators that only move codes have none. */
#include "compiler/report/errors.h"

#include <math.h>

#include "compiler/quant/grid.h"
#include "compiler/quant/walk.h"
#include "runtime/interp.h"

enum { MOST_ROWS = 32, LEAST_ROWS = 4, ADVISED = 3 };
/* Multiply-accumulates that all runs together may take. */
#define WORK_LIMIT 4e9
/* Of the error of the outputs: weights with less need no advice. */
#define ADVISED_SHARE 0.01

typedef struct explainer {
    qctx *ctx;
    const net *n;
    const ir_graph *f, *q;
    calib_rows rows;
    int64_t count;
    float ***out;            /* [count][outputs]: of the float net */
    const ir_tensor *edited; /* the activation that is quantized in this run */
} explainer;

static bool is_weighted(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_W;
}

static double through_codes(const ir_quant *q, double v, bool *clipped)
{
    return quant_value(q, 0, quant_encode(q, 0, v, clipped));
}

/* ---- runs of the float net ------------------------------------------------------------------- */

static void edit(void *user, const ir_op *op, const ir_tensor *out, float *v)
{
    const explainer *e = user;
    (void)op;
    if (!e->edited || e->edited->id != out->id)
        return;
    const ir_quant *q = e->q->tensors.v[out->id]->quant;
    for (int64_t i = 0; i < ir_elems(&out->shape); i++)
        v[i] = (float)through_codes(q, (double)v[i], NULL);
}

/* Squared error of the outputs of g against the float net's; keep: these are the float net's. */
static double run(explainer *e, const ir_graph *g, bool keep)
{
    interp *it = interp_new(e->ctx, g);
    float **in = ARENA_ARRAY(e->ctx->a, float *, g->inputs.n);
    void **out = ARENA_ARRAY(e->ctx->a, void *, g->outputs.n);
    double noise = 0;
    interp_set_edit(it, edit, e);
    rows_restart(&e->rows);
    for (int p = 0; p < g->inputs.n; p++)
        in[p] = ARENA_ARRAY(e->ctx->a, float, ir_elems(&g->inputs.v[p]->shape));
    for (int k = 0; k < g->outputs.n; k++)
        out[k] = ARENA_ARRAY(e->ctx->a, float, ir_elems(&g->outputs.v[k]->shape));
    for (int64_t row = 0; row < e->count; row++) {
        for (int p = 0; p < g->inputs.n; p++)
            rows_read(&e->rows, p, row, in[p]);
        interp_run(it, (const void *const *)in, out);
        for (int k = 0; k < g->outputs.n; k++) {
            int64_t elems = ir_elems(&g->outputs.v[k]->shape);
            const float *y = out[k];
            if (keep)
                e->out[row][k] = arena_memdup(e->ctx->a, y, (size_t)elems * sizeof *y);
            for (int64_t i = 0; i < elems; i++) {
                double d = (double)y[i] - (double)e->out[row][k][i];
                noise += d * d;
            }
        }
    }
    return noise;
}

/* The float net with the weights of one layer as this quantized tensor has them. */
static double run_weights(explainer *e, int op, const ir_tensor *w)
{
    ir_graph *g = ir_clone(e->ctx, e->f);
    int64_t n = ir_elems(&w->shape);
    float *v = ARENA_ARRAY(e->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++) {
        int code = w->type == IR_I16  ? ((const int16_t *)w->data)[i]
                   : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                                      : ((const int8_t *)w->data)[i];
        v[i] = (float)quant_value(w->quant, quant_channel(w->quant, &w->shape, i), code);
    }
    ir_weight(g->ops.v[op])->data = v;
    return run(e, g, false);
}

/* ---- advice ---------------------------------------------------------------------------------- */

static const struct {
    const char *words;
    unsigned set;
    spec_settings s;
} remedies[] = {
    {"per channel", SPEC_PER_CHANNEL, {.per_channel = true}},
    {"8 bits", SPEC_BITS, {.bits = 8, .type = IR_I8}},
    {"16 bits", SPEC_BITS, {.bits = 16, .type = IR_I16}},
};

static bool applies(const ir_quant *q, int remedy)
{
    return remedy == 0 ? q->n == 1 : remedies[remedy].s.bits > q->bits;
}

/* The weights of op under one more setting, rounded to nearest; NULL where that cannot be. */
static const ir_tensor *remedied(explainer *e, int op, int remedy)
{
    qctx *ctx = e->ctx;
    quant_spec spec = *e->n->spec;
    int diags = ctx->diags.n, errors = ctx->errors, warnings = ctx->warnings;
    spec.rules.v = NULL;
    spec.rules.n = spec.rules.cap = 0;
    for (int i = 0; i < e->n->spec->rules.n; i++)
        *VEC_PUSH(ctx->a, &spec.rules) = e->n->spec->rules.v[i];
    spec_rule *r = VEC_PUSH(ctx->a, &spec.rules);
    r->layer = layer_of_weight(ctx, ir_weight(e->f->ops.v[op]));
    r->part = SPEC_WEIGHT;
    r->s = remedies[remedy].s;
    r->s.set = remedies[remedy].set;
    ir_graph *g = choose_quantization(ctx, e->f, &spec, e->n->ranges);
    ctx->diags.n = diags;
    ctx->errors = errors;
    ctx->warnings = warnings;
    return g ? ir_weight(g->ops.v[op]) : NULL;
}

/* The first remedy that cuts the layer's error by a third. */
static const char *advise(explainer *e, int op, double error)
{
    const ir_quant *q = ir_weight(e->q->ops.v[op])->quant;
    for (int i = 0; i < (int)(sizeof remedies / sizeof *remedies); i++) {
        const ir_tensor *w = applies(q, i) ? remedied(e, op, i) : NULL;
        double cut = w ? 1 - run_weights(e, op, w) / error : 0;
        if (cut > 1.0 / 3)
            return arena_printf(
                e->ctx->a, "%s: %d-bit weights, %s; %s would cut their error by %s%.0f %%",
                e->f->ops.v[op]->name, q->bits, q->n == 1 ? "per tensor" : "per channel",
                remedies[i].words, cut > 0.99 ? "more than " : "", cut > 0.99 ? 99 : 100 * cut);
    }
    return NULL;
}

/* ---- both nets side by side --------------------------------------------------------------------
 */

static void compare(explainer *e, const walk *w, const ir_op *op, layer_error *le)
{
    const ir_tensor *t = op->out[0];
    const ir_quant *q = e->q->tensors.v[t->id]->quant;
    int64_t n = ir_elems(&t->shape), outside = 0;
    float *v = ARENA_ARRAY(e->ctx->a, float, n);
    double power = 0, noise = 0;
    for (int64_t row = 0; row < walk_rows(w); row++) {
        const float *f = walk_float(w, t, row);
        walk_quantized(w, t, row, v);
        for (int64_t i = 0; i < n; i++) {
            bool clipped = false;
            double d = (double)v[i] - (double)f[i];
            through_codes(q, (double)f[i], &clipped);
            outside += clipped;
            power += (double)f[i] * (double)f[i];
            noise += d * d;
        }
    }
    le->sqnr_db = noise > 0 ? 10 * log10(power / noise) : INFINITY;
    le->clipped = (double)outside / ((double)n * (double)walk_rows(w));
}

static bool side_by_side(explainer *e, const port_map *ports, layer_error *errors)
{
    int diags = e->ctx->diags.n, warnings = e->ctx->warnings;
    walk *w = walk_start(e->ctx, e->f, e->q, ports, e->count);
    e->ctx->diags.n = diags; /* of missing data: said when it was calibrated */
    e->ctx->warnings = warnings;
    for (int i = 0; w && i < e->f->ops.n; i++) {
        if (!walk_step(w, i))
            return false;
        compare(e, w, e->f->ops.v[i], &errors[i]);
    }
    return w != NULL;
}

/* The result has codes of its operand, none of which op rounded: their error is told where they
 * arise. */
static bool only_moves(const explainer *e, const ir_op *op)
{
    bool average = op->kind == OP_AVGPOOL || op->kind == OP_GLOBAL_AVGPOOL ||
                   op->kind == OP_REDUCE_MEAN || op->kind == OP_RESIZE_BILINEAR;
    if (average || !(ir_opinfos[op->kind].flags & OPF_P) || !op->in[0]->producer)
        return false;
    const ir_quant *a = e->q->tensors.v[op->in[0]->id]->quant;
    const ir_quant *b = e->q->tensors.v[op->out[0]->id]->quant;
    return a && b && a->scale[0] == b->scale[0] && a->zero[0] == b->zero[0];
}

static double run_activation(explainer *e, const ir_op *op)
{
    if (only_moves(e, op))
        return 0;
    e->edited = op->out[0];
    double noise = run(e, e->f, false);
    e->edited = NULL;
    return noise;
}

/* The guiltiest weights first. */
static void find_advice(explainer *e, layer_error *errors, double sum)
{
    bool *tried = ARENA_ARRAY(e->ctx->a, bool, e->f->ops.n);
    for (int given = 0; given < ADVISED; given++) {
        int worst = -1;
        for (int i = 0; i < e->f->ops.n; i++)
            if (!tried[i] && errors[i].weights > ADVISED_SHARE * sum &&
                (worst < 0 || errors[i].weights > errors[worst].weights))
                worst = i;
        if (worst < 0)
            return;
        tried[worst] = true;
        errors[worst].advice = advise(e, worst, errors[worst].weights);
    }
}

static void find_shares(explainer *e, layer_error *errors)
{
    double sum = 0;
    for (int i = 0; i < e->f->ops.n; i++) {
        const ir_op *op = e->f->ops.v[i];
        errors[i].weights = is_weighted(op) ? run_weights(e, i, ir_weight(e->q->ops.v[i])) : 0;
        errors[i].activation = run_activation(e, op);
        sum += errors[i].weights + errors[i].activation;
        if (e->ctx->progress)
            e->ctx->progress(e->ctx->progress_user, "errors", (i + 1.0) / e->f->ops.n);
    }
    find_advice(e, errors, sum);
    for (int i = 0; i < e->f->ops.n && sum > 0; i++) {
        errors[i].weights /= sum;
        errors[i].activation /= sum;
    }
}

bool explain_errors(qctx *ctx, const net *n, const port_map *ports, layer_error **errors)
{
    explainer e = {.ctx = ctx, .n = n, .f = n->prepared, .q = n->quantized};
    int diags = ctx->diags.n, warnings = ctx->warnings;
    double macs = 1;
    if (!rows_open(ctx, e.f, ports, &e.rows))
        return false;
    ctx->diags.n = diags;
    ctx->warnings = warnings;
    for (int i = 0; i < e.f->ops.n; i++)
        macs += (double)ir_macs(e.f->ops.v[i]);
    double fit = WORK_LIMIT / macs / (2.0 * e.f->ops.n + 3);
    e.count = fit < LEAST_ROWS ? LEAST_ROWS : fit > MOST_ROWS ? MOST_ROWS : (int64_t)fit;
    e.count = e.count < e.rows.n ? e.count : e.rows.n;
    e.out = ARENA_ARRAY(ctx->a, float **, e.count);
    for (int64_t i = 0; i < e.count; i++)
        e.out[i] = ARENA_ARRAY(ctx->a, float *, e.f->outputs.n);
    *errors = ARENA_ARRAY(ctx->a, layer_error, e.f->ops.n);
    for (int i = 0; i < e.f->ops.n; i++)
        (*errors)[i].op = e.f->ops.v[i];
    run(&e, e.f, true);
    if (!side_by_side(&e, ports, *errors))
        return false;
    find_shares(&e, *errors);
    return true;
}
