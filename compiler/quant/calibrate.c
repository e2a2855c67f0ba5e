/* calibrate.c - runs the float net over the calibration rows and asks an observer of each
 * activation for its range.
 *
 * One interpreter, one row after the other: the sums behind a range are always taken in the same
 * order. Rows pass twice where some observer wants a histogram between the extremes. */
#include <math.h>

#include "compiler/quant/internal.h"
#include "compiler/quant/rows.h"
#include "runtime/interp.h"

typedef struct calibration {
    qctx *ctx;
    const ir_graph *g;
    calib_rows rows;
    observer *observers; /* by tensor */
    double **power;      /* by tensor: sums of squares along the last dimension, or NULL */
    bool histograms;     /* second pass */
    bool failed;
} calibration;

static bool is_activation(const ir_tensor *t)
{
    return t->kind != IR_CONST;
}

static int last_dim(const ir_tensor *t)
{
    return t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
}

static void add_power(const ir_tensor *t, const float *v, double *power)
{
    int64_t n = ir_elems(&t->shape);
    int last = last_dim(t);
    for (int64_t i = 0; i < n; i++)
        power[i % last] += (double)v[i] * (double)v[i];
}

static void observe(calibration *c, const ir_tensor *t, const float *v)
{
    observer *o = &c->observers[t->id];
    int64_t n = ir_elems(&t->shape);
    if (c->failed)
        return;
    if (c->histograms) {
        if (o->bins)
            observer_histogram(o, v, n);
        return;
    }
    if (c->power[t->id])
        add_power(t, v, c->power[t->id]);
    int64_t bad = observer_extremes(o, v, n);
    if (bad >= 0) {
        c->failed = true;
        diag_add(c->ctx, D_CALIBRATION_VALUE, t->loc,
                 "'%s' becomes %s at element %lld of calibration row %lld", t->name,
                 isnan(v[bad]) ? "NaN" : "infinite", (long long)bad, (long long)o->rows);
    }
}

static void observe_op(void *user, const ir_op *op, const ir_tensor *out, const void *data)
{
    (void)op;
    observe(user, out, data);
}

static void progress(const calibration *c, int64_t row)
{
    qctx *ctx = c->ctx;
    if (!ctx->progress)
        return;
    double half = (double)row / (double)c->rows.n / 2;
    ctx->progress(ctx->progress_user, "calibrating", c->histograms ? 0.5 + half : half);
}

/* One pass over all rows. */
static bool pass_over(calibration *c, interp *it, void **in, void **out)
{
    rows_restart(&c->rows);
    interp_reset(it);
    for (int64_t row = 0; row < c->rows.n && !c->failed; row++) {
        for (int p = 0; p < c->g->inputs.n; p++) {
            rows_read(&c->rows, p, row, in[p]);
            observe(c, c->g->inputs.v[p], in[p]);
        }
        if (!c->failed)
            interp_run(it, (const void *const *)in, out);
        progress(c, row + 1);
    }
    return !c->failed;
}

static void **port_buffers(qctx *ctx, ir_tensor *const *t, int n)
{
    void **v = ARENA_ARRAY(ctx->a, void *, n);
    for (int i = 0; i < n; i++)
        v[i] = ARENA_ARRAY(ctx->a, float, ir_elems(&t[i]->shape));
    return v;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static void init_observer(qctx *ctx, const quant_spec *spec, const ir_tensor *t, observer *o)
{
    bool stated;
    o->s = activation_settings(ctx, spec, t, &stated);
    const ir_op *op = t->producer;
    o->lo_is_zero =
        op && (op->at.act != IR_ACT_NONE || op->kind == OP_RELU || op->kind == OP_RELU6);
}

/* Inputs of layers whose weights are fitted by codebooks. */
static void want_power(calibration *c, const quant_spec *spec)
{
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        const ir_tensor *w = ir_weight(op), *x = op->in[0];
        if (w && spec_for(spec, layer_of_weight(c->ctx, w), SPEC_WEIGHT).scheme == IR_Q_CODEBOOK)
            c->power[x->id] = ARENA_ARRAY(c->ctx->a, double, last_dim(x));
    }
}

static const double *mean_power(const calibration *c, const ir_tensor *t)
{
    double *power = c->power[t->id];
    int last = last_dim(t);
    double n = (double)c->rows.n * (double)(ir_elems(&t->shape) / last);
    for (int i = 0; power && i < last; i++)
        power[i] /= n;
    return power;
}

bool calibrate(qctx *ctx, const ir_graph *g, const quant_spec *spec, const port_map *ports,
               act_range *ranges)
{
    calibration c = {.ctx = ctx, .g = g};
    if (!rows_open(ctx, g, ports, &c.rows))
        return false;
    c.observers = ARENA_ARRAY(ctx->a, observer, g->tensors.n);
    c.power = ARENA_ARRAY(ctx->a, double *, g->tensors.n);
    if (ports)
        want_power(&c, spec);
    for (int i = 0; i < g->tensors.n; i++)
        if (is_activation(g->tensors.v[i]))
            init_observer(ctx, spec, g->tensors.v[i], &c.observers[i]);
    interp *it = interp_new(ctx, g);
    void **in = port_buffers(ctx, g->inputs.v, g->inputs.n);
    void **out = port_buffers(ctx, g->outputs.v, g->outputs.n);
    interp_set_hook(it, observe_op, &c);
    if (!pass_over(&c, it, in, out))
        return false;
    bool again = false;
    for (int i = 0; i < g->tensors.n; i++)
        again |= observer_wants_histogram(ctx, &c.observers[i]);
    c.histograms = again;
    if (again && !pass_over(&c, it, in, out))
        return false;
    for (int i = 0; i < g->tensors.n; i++)
        if (is_activation(g->tensors.v[i])) {
            ranges[i] = observer_range(ctx, &c.observers[i]);
            ranges[i].power = mean_power(&c, g->tensors.v[i]);
        }
    return true;
}
