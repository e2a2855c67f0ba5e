/* refine.c - rounding that knows the data: layer by layer, on the inputs that the quantized layers
 * before it really give.
 *
 * Even rows fit, odd rows judge: GPTQ's or AdaRound's codes, matched deviations and corrected biases are each
 * kept only where the squared error of the layer's outputs on the rows that judge falls. */
#include <math.h>
#include <string.h>

#include "compiler/quant/adaround.h"
#include "compiler/quant/gptq.h"
#include "compiler/quant/internal.h"
#include "compiler/quant/walk.h"

enum { MOST_ROWS = 256, MOST_INPUTS = 1536 };

/* One way to quantize a layer: codes, scales and biases in reals. */
typedef struct trial {
    ir_quant q;
    int32_t *codes; /* [channels][k] */
    float *scale;   /* q.scale */
    double *bias;   /* [channels], NULL without a bias */
    double error;   /* of the rows that judge, summed over channels */
} trial;

typedef struct refiner {
    qctx *ctx;
    const quant_spec *spec;
    walk *walk;
    gptq *gptq;
    adaround *adaround; /* NULL where no layer asks */
    samples samples;    /* of a layer that asks for it */
    double *storage; /* of the largest layer's moments */
    moments m;
    double *v; /* [2k + 1] */
    /* the layer at hand */
    const ir_op *f;
    ir_op *q;
    spec_settings s;
    refined *report;
} refiner;

/* ---- trials ---------------------------------------------------------------------------------- */

static int channels_of(const refiner *r)
{
    return ir_weight(r->f)->shape.dim[0];
}

static int group_of(const refiner *r, int c)
{
    return c / (channels_of(r) / r->m.groups);
}

static const float *weights_of(const refiner *r, int c)
{
    return (const float *)ir_weight(r->f)->data + (int64_t)c * r->m.k;
}

static trial trial_copy(const refiner *r, const trial *t)
{
    arena *a = r->ctx->a;
    trial n = *t;
    n.codes = arena_memdup(a, t->codes, (size_t)channels_of(r) * (size_t)r->m.k * sizeof *t->codes);
    n.q.scale = n.scale = arena_memdup(a, t->scale, (size_t)t->q.n * sizeof *t->scale);
    if (t->bias)
        n.bias = arena_memdup(a, t->bias, (size_t)channels_of(r) * sizeof *t->bias);
    return n;
}

/* What the layer is now. */
static trial trial_start(const refiner *r)
{
    const ir_tensor *w = ir_weight(r->q), *b = ir_bias(r->f);
    int64_t n = ir_elems(&w->shape);
    trial t = {.q = *w->quant, .codes = ARENA_ARRAY(r->ctx->a, int32_t, n)};
    for (int64_t i = 0; i < n; i++)
        t.codes[i] =
            w->type == IR_I16  ? ((const int16_t *)w->data)[i]
            : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                               : ((const int8_t *)w->data)[i];
    t.q.scale = t.scale = arena_memdup(r->ctx->a, w->quant->scale, (size_t)t.q.n * sizeof *t.scale);
    t.bias = b ? ARENA_ARRAY(r->ctx->a, double, channels_of(r)) : NULL;
    for (int c = 0; b && c < channels_of(r); c++)
        t.bias[c] = (double)((const float *)b->data)[c];
    return t;
}

/* v of channel c: vᵀz is the error of an output. */
static void error_vector(const refiner *r, const trial *t, int c)
{
    int k = r->m.k;
    const float *w = weights_of(r, c);
    const ir_tensor *b = ir_bias(r->f);
    for (int i = 0; i < k; i++) {
        r->v[i] = (double)w[i];
        r->v[k + i] = -quant_value(&t->q, c, t->codes[(int64_t)c * k + i]);
    }
    r->v[2 * k] = b ? (double)((const float *)b->data)[c] - t->bias[c] : 0;
}

static bool learns(const refiner *r)
{
    return r->s.round == SPEC_ADAROUND;
}

/* Of a layer that is rounded by learning, behind its activation: on the places kept. */
static void judge_samples(const refiner *r, trial *t)
{
    int k = r->m.k;
    for (int c = 0; c < channels_of(r); c++) {
        for (int i = 0; i < k; i++)
            r->v[i] = quant_value(&t->q, c, t->codes[(int64_t)c * k + i]);
        t->error += samples_error(&r->samples, MOMENTS_JUDGE, c, r->v, t->bias ? t->bias[c] : 0);
    }
}

static void judge(const refiner *r, trial *t)
{
    t->error = 0;
    if (learns(r)) {
        judge_samples(r, t);
        return;
    }
    for (int c = 0; c < channels_of(r); c++) {
        error_vector(r, t, c);
        t->error += moments_error(&r->m, MOMENTS_JUDGE, group_of(r, c), r->v);
    }
}

/* Biases that bring the mean error of the rows that fit to 0. */
static void fit_bias(const refiner *r, trial *t)
{
    int n = r->m.n;
    for (int c = 0; t->bias && c < channels_of(r); c++) {
        const double *sum = moments_of(&r->m, MOMENTS_FIT, group_of(r, c));
        double mean = 0;
        error_vector(r, t, c);
        for (int i = 0; i < n; i++)
            mean += r->v[i] * sum[(int64_t)i * n + n - 1];
        t->bias[c] += mean;
    }
}

/* The variance of half of v, taken by the rows that fit. */
static double variance(const refiner *r, int group, const double *v, int at)
{
    const double *sum = moments_of(&r->m, MOMENTS_FIT, group);
    int n = r->m.n, k = r->m.k;
    double all = 0, mean = 0;
    for (int i = at; i < at + k; i++) {
        double inner = sum[(int64_t)i * n + i] * v[i] / 2;
        for (int j = i + 1; j < at + k; j++)
            inner += sum[(int64_t)i * n + j] * v[j];
        all += 2 * v[i] * inner;
        mean += v[i] * sum[(int64_t)i * n + n - 1];
    }
    return all - mean * mean;
}

/* Scales that give each channel's outputs the deviation that they have in the float net. */
static void match_deviations(const refiner *r, trial *t)
{
    for (int c = 0; c < channels_of(r); c++) {
        error_vector(r, t, c);
        double want = variance(r, group_of(r, c), r->v, 0);
        double have = variance(r, group_of(r, c), r->v, r->m.k);
        double f = have > 0 && want > 0 ? sqrt(want / have) : 1;
        if (f > 0.5 && f < 2)
            t->scale[c] = (float)((double)t->scale[c] * f);
    }
}

static void round_layer(const refiner *r, trial *t)
{
    int per = channels_of(r) / r->m.groups, k = r->m.k;
    for (int g = 0; g < r->m.groups; g++) {
        gptq_prepare(r->gptq, &r->m, MOMENTS_FIT, g, t->bias && r->s.bias_correct);
        if (r->gptq->dead < k)
            r->report->damping = fmax(r->report->damping, r->gptq->damping);
        r->report->dead += r->gptq->dead;
        for (int c = g * per; c < (g + 1) * per; c++)
            gptq_round(r->gptq, &t->q, c, weights_of(r, c), t->codes + (int64_t)c * k);
    }
}

/* Up or down, each weight; the biases along with them where they are to be corrected. */
static void learn_layer(const refiner *r, trial *t)
{
    int per = channels_of(r) / r->m.groups;
    for (int g = 0; g < r->m.groups; g++)
        adaround_group(r->adaround, &r->samples, g, &t->q, weights_of(r, g * per),
                       t->codes + (int64_t)g * per * r->m.k, t->bias ? t->bias + g * per : NULL,
                       r->s.bias_correct);
}

/* Whether the trial is better than what there is, which it then replaces. */
static bool keep(refiner *r, trial *best, trial *t)
{
    judge(r, t);
    bool better = t->error < best->error;
    if (better)
        *best = *t;
    return better;
}

/* Rounding, deviations and biases are tried in this order. Roundings are compared behind the bias
 * correction that both will get. */
static trial refine_trials(refiner *r)
{
    trial best = trial_start(r), next;
    bool correct = r->s.bias_correct && best.bias;
    judge(r, &best);
    r->report->before = best.error;
    if (correct) {
        next = trial_copy(r, &best);
        fit_bias(r, &next);
        r->report->corrected = keep(r, &best, &next);
    }
    if (r->s.round == SPEC_GPTQ) {
        next = trial_copy(r, &best);
        round_layer(r, &next);
        if (correct)
            fit_bias(r, &next);
        r->report->rounded = keep(r, &best, &next);
        r->report->corrected |= r->report->rounded && correct;
    }
    if (learns(r)) {
        next = trial_copy(r, &best);
        learn_layer(r, &next);
        r->report->rounded = keep(r, &best, &next);
        r->report->learned = true;
        r->report->corrected |= r->report->rounded && correct;
    }
    if (r->s.deviation && best.q.n > 1 && !best.q.pow2) {
        next = trial_copy(r, &best);
        match_deviations(r, &next);
        if (correct)
            fit_bias(r, &next);
        r->report->matched = keep(r, &best, &next);
    }
    r->report->after = best.error;
    return best;
}

/* ---- layers ---------------------------------------------------------------------------------- */

static bool store(refiner *r, const trial *t)
{
    ir_tensor *w = ir_weight(r->q);
    int64_t n = ir_elems(&w->shape);
    ir_quant *q = arena_memdup(r->ctx->a, w->quant, sizeof *q);
    int8_t *narrow = w->type == IR_I16 ? NULL : ARENA_ARRAY(r->ctx->a, int8_t, n);
    int16_t *wide = w->type == IR_I16 ? ARENA_ARRAY(r->ctx->a, int16_t, n) : NULL;
    for (int64_t i = 0; i < n; i++)
        if (wide)
            wide[i] = (int16_t)t->codes[i];
        else
            narrow[i] = (int8_t)t->codes[i];
    q->scale = t->scale;
    w->quant = q;
    w->data = wide ? (const void *)wide : (const void *)narrow;
    if (!t->bias)
        return true;
    float *bias = ARENA_ARRAY(r->ctx->a, float, channels_of(r));
    for (int c = 0; c < channels_of(r); c++)
        bias[c] = (float)t->bias[c];
    return choose_bias(r->ctx, r->spec, r->q, bias);
}

static void collect(refiner *r)
{
    const ir_tensor *x = r->f->in[0];
    float *xq = ARENA_ARRAY(r->ctx->a, float, ir_elems(&x->shape));
    moments_start(&r->m, r->f, walk_rows(r->walk), r->storage);
    if (learns(r))
        samples_start(r->ctx, &r->samples, r->f, walk_rows(r->walk));
    for (int64_t row = 0; row < walk_rows(r->walk); row++) {
        walk_quantized(r->walk, x, row, xq);
        moments_add(&r->m, r->f, row, walk_float(r->walk, x, row), xq);
        if (learns(r))
            samples_add(&r->samples, r->f, row, walk_rows(r->walk), walk_float(r->walk, x, row), xq);
    }
    moments_finish(&r->m);
}

/* The power of the float outputs around their means, over the rows that judge. */
static double signal(const refiner *r)
{
    double power = 0;
    for (int c = 0; learns(r) && c < channels_of(r); c++)
        power += samples_signal(&r->samples, MOMENTS_JUDGE, c);
    if (learns(r))
        return power;
    memset(r->v, 0, (size_t)r->m.n * sizeof *r->v);
    for (int c = 0; c < channels_of(r); c++) {
        const float *w = weights_of(r, c);
        const double *sum = moments_of(&r->m, MOMENTS_JUDGE, group_of(r, c));
        double mean = 0;
        for (int i = 0; i < r->m.k; i++) {
            r->v[i] = (double)w[i];
            mean += r->v[i] * sum[(int64_t)i * r->m.n + r->m.n - 1];
        }
        power += moments_error(&r->m, MOMENTS_JUDGE, group_of(r, c), r->v) - mean * mean;
    }
    return fmax(power, 0);
}

static bool wants(const spec_settings *s)
{
    return s->round != SPEC_NEAREST || s->bias_correct || s->deviation;
}

static spec_settings settings_of(const refiner *r, const ir_op *op)
{
    return spec_for(r->spec, layer_of_weight(r->ctx, ir_weight(op)), SPEC_WEIGHT);
}

static bool is_weighted(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_W;
}

static bool refine_layer(refiner *r, const ir_op *f, ir_op *q, rounding_log *log)
{
    r->f = f;
    r->q = q;
    r->s = settings_of(r, f);
    if (!wants(&r->s))
        return true;
    r->report = VEC_PUSH(r->ctx->a, log);
    *r->report = (refined){.layer = f->name, .inputs = moments_inputs(f)};
    r->report->skipped = moments_inputs(f) > MOST_INPUTS;
    if (r->report->skipped)
        return true;
    collect(r);
    trial t = refine_trials(r);
    r->report->signal = signal(r);
    return store(r, &t);
}

/* Whether any layer asks for it; what the largest such layer needs. */
static bool prepare(refiner *r, const ir_graph *f)
{
    int64_t storage = 0, k = 0;
    int learned_k = 0, learned_per = 0;
    for (int i = 0; i < f->ops.n; i++) {
        const ir_op *op = f->ops.v[i];
        spec_settings s = is_weighted(op) ? settings_of(r, op) : (spec_settings){0};
        if (!is_weighted(op) || !wants(&s) || moments_inputs(op) > MOST_INPUTS)
            continue;
        storage = moments_size(op) > storage ? moments_size(op) : storage;
        k = moments_inputs(op) > k ? moments_inputs(op) : k;
        if (s.round != SPEC_ADAROUND)
            continue;
        int per = ir_weight(op)->shape.dim[0] / moments_groups(op);
        learned_k = moments_inputs(op) > learned_k ? moments_inputs(op) : learned_k;
        learned_per = per > learned_per ? per : learned_per;
    }
    if (k == 0)
        return false;
    r->storage = ARENA_ARRAY(r->ctx->a, double, storage);
    r->gptq = gptq_new(r->ctx, (int)k);
    r->v = ARENA_ARRAY(r->ctx->a, double, 2 * k + 1);
    r->adaround = learned_k ? adaround_new(r->ctx, learned_k, learned_per) : NULL;
    return true;
}

bool refine_rounding(qctx *ctx, const ir_graph *folded, ir_graph *quantized, const quant_spec *spec,
                     const port_map *ports, rounding_log *log)
{
    refiner r = {.ctx = ctx, .spec = spec};
    if (!prepare(&r, folded))
        return true;
    if (!ports || folded->states.n) {
        diag_add(ctx, D_ROUNDING_DATA, loc_none(), "weights are rounded to nearest: %s",
                 ports ? "the model has states" : "there is no calibration data");
        return true;
    }
    r.walk = walk_start(ctx, folded, quantized, ports, MOST_ROWS);
    if (!r.walk)
        return false;
    for (int i = 0; i < folded->ops.n; i++) {
        const ir_op *op = folded->ops.v[i];
        if (is_weighted(op) && !refine_layer(&r, op, quantized->ops.v[i], log))
            return false;
        if (!walk_step(r.walk, i))
            return false;
        if (ctx->progress)
            ctx->progress(ctx->progress_user, "rounding", (i + 1.0) / folded->ops.n);
    }
    return true;
}
