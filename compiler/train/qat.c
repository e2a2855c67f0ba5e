/* qat.c - fake quantization of a net: from its quantized graph, and back into one. */
#include "compiler/train/qat.h"

#include <math.h>
#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/quant/internal.h"
#include "compiler/train/fakequant.h"

/* ---- from a quantized graph ---------------------------------------------------------------- */

/* A step is learned where calibration chose it: not of a declared input, not where the operator
 * fixes it, not where scales are powers of two. */
static bool is_fixed(const ir_tensor *t)
{
    return t->kind == IR_INPUT || (t->producer && ir_opinfos[t->producer->kind].flags & OPF_Q) ||
           t->quant->pow2;
}

static qact *activation_of(qat *q, const ir_tensor *t)
{
    for (int i = 0; i < q->acts.n; i++)
        if (q->acts.v[i]->of == t->quant)
            return q->acts.v[i];
    qact *a = ARENA_NEW(q->ctx->a, qact);
    int32_t lo, hi;
    quant_code_range(t->quant, &lo, &hi);
    *a = (qact){.of = t->quant, .at = 0, .zero_at = t->quant->symmetric ? -1 : 0,
                .start = t->quant->scale[0], .scale = t->quant->scale[0],
                .zero_start = t->quant->zero ? t->quant->zero[0] : 0, .lo = (float)lo,
                .hi = (float)hi};
    a->zero = (float)a->zero_start;
    *VEC_PUSH(q->ctx->a, &q->acts) = a;
    return a;
}

/* What an operator that moves codes gives has the quantization of what it gets, in a saved pair by its
 * numbers: one grid is learned for both. */
static bool is_passed_on(const ir_tensor *t)
{
    const ir_op *op = t->producer;
    if (!op || !(ir_opinfos[op->kind].flags & OPF_P) || !op->in[0]->quant)
        return false;
    const ir_quant *a = op->in[0]->quant, *b = t->quant;
    return a->scale[0] == b->scale[0] && a->bits == b->bits && a->symmetric == b->symmetric &&
           (a->zero ? a->zero[0] : 0) == (b->zero ? b->zero[0] : 0);
}

static void take_tensor(qat *q, const ir_tensor *t)
{
    if (!t->quant)
        return;
    q->of[t->id] = is_passed_on(t) ? q->of[t->producer->in[0]->id] : activation_of(q, t);
    if (is_fixed(t))
        q->of[t->id]->at = q->of[t->id]->zero_at = -1;
}

static void take_activations(qat *q)
{
    q->of = ARENA_ARRAY(q->ctx->a, qact *, q->quantized->tensors.n);
    for (int i = 0; i < q->quantized->inputs.n; i++)
        take_tensor(q, q->quantized->inputs.v[i]);
    for (int i = 0; i < q->quantized->ops.n; i++)
        for (int k = 0; k < q->quantized->ops.v[i]->n_out; k++)
            take_tensor(q, q->quantized->ops.v[i]->out[k]);
    for (int i = 0; i < q->acts.n; i++) {
        qact *a = q->acts.v[i];
        a->at = a->at < 0 ? -1 : q->count++;
        /* a relu's zero point is the lowest code: nothing to learn */
        a->zero_at = a->at < 0 || a->zero_at < 0 || a->zero <= a->lo ? -1 : q->count++;
    }
}

static void take_table(qat *q, qweight *w, const ir_quant *of)
{
    w->n_table = of->entries * (of->table_per_channel ? of->n : 1);
    w->table = ARENA_ARRAY(q->ctx->a, int16_t, w->n_table);
    w->table_start = ARENA_ARRAY(q->ctx->a, double, w->n_table);
    for (int i = 0; i < w->n_table; i++) {
        w->table[i] = of->table[i];
        w->table_start[i] = of->table[i];
        w->table_unit = fmax(w->table_unit, fabs(w->table_start[i]));
    }
    w->now.table = w->table;
    w->table_at = q->count;
    q->count += w->n_table;
}

static void take_weights(qat *q)
{
    for (int i = 0; i < q->quantized->ops.n; i++) {
        const ir_op *op = q->quantized->ops.v[i];
        if (!(ir_opinfos[op->kind].flags & OPF_W))
            continue;
        const ir_quant *of = ir_weight(op)->quant;
        qweight *w = ARENA_NEW(q->ctx->a, qweight);
        *w = (qweight){.op = op, .in = q->of[op->in[0]->id], .now = *of, .at = q->count,
                       .channels = ir_weight(op)->shape.dim[0]};
        w->row = ir_elems(&ir_weight(op)->shape) / w->channels;
        w->start = arena_memdup(q->ctx->a, of->scale, (size_t)of->n * sizeof *w->start);
        w->scale = arena_memdup(q->ctx->a, of->scale, (size_t)of->n * sizeof *w->scale);
        w->now.scale = w->scale;
        q->count += of->n;
        if (of->scheme == IR_Q_CODEBOOK)
            take_table(q, w, of);
        *VEC_PUSH(q->ctx->a, &q->weights) = w;
    }
}

qat *qat_new(qctx *ctx, const ir_graph *folded, const ir_graph *quantized)
{
    qat *q = ARENA_NEW(ctx->a, qat);
    *q = (qat){.ctx = ctx, .folded = folded, .quantized = quantized};
    take_activations(q);
    take_weights(q);
    return q;
}

/* Where t begins in theta, or −1. */
static int64_t place_of(const tengine *e, const ir_tensor *t)
{
    const tparam *p;
    int n = tengine_params(e, &p);
    for (int i = 0; i < n; i++)
        if (p[i].tensor == t)
            return p[i].offset;
    return -1;
}

static float *theta_of(tengine *e, const ir_tensor *t)
{
    int64_t n_theta, at = place_of(e, t);
    return at < 0 ? NULL : tengine_theta(e, &n_theta) + at;
}

/* Largest magnitude of a channel's grid. */
static double reach(const qweight *w, int c)
{
    int32_t lo, hi;
    double most = 0;
    if (!w->n_table) {
        quant_code_range(&w->now, &lo, &hi);
        return fmax(fabs(quant_value(&w->now, c, lo)), fabs(quant_value(&w->now, c, hi)));
    }
    for (int32_t i = 0; i < w->now.entries; i++)
        most = fmax(most, fabs(quant_value(&w->now, c, i)));
    return most;
}

/* A bias moves the output: its unit is half the range of the output's grid. */
void qat_units(const qat *q, const tengine *e, float *unit)
{
    for (int k = 0; k < q->weights.n; k++) {
        const qweight *w = q->weights.v[k];
        const ir_op *folded = q->folded->ops.v[w->op->id];
        const qact *out = q->of[w->op->out[0]->id];
        int64_t at = place_of(e, folded->in[1]);
        for (int64_t i = 0; at >= 0 && i < w->row * w->channels; i++)
            unit[at + i] = (float)reach(w, (int)(i / w->row));
        at = ir_bias(w->op) ? place_of(e, folded->in[2]) : -1;
        for (int c = 0; at >= 0 && c < w->channels; c++)
            unit[at + c] = out->start * (out->hi - out->lo) / 2;
    }
}

static int32_t weight_code(const ir_tensor *t, int64_t i)
{
    return t->type == IR_I16 ? ((const int16_t *)t->data)[i]
           : t->type == IR_U8 ? ((const uint8_t *)t->data)[i]
                              : ((const int8_t *)t->data)[i];
}

static void start_bias(const qweight *w, float *b)
{
    const ir_tensor *t = ir_bias(w->op);
    for (int c = 0; c < w->channels; c++) {
        double code = t->type == IR_I64 ? (double)((const int64_t *)t->data)[c]
                                        : ((const int32_t *)t->data)[c];
        b[c] = (float)(code * (double)w->in->start * (double)w->start[w->now.n > 1 ? c : 0]);
    }
}

void qat_start(const qat *q, tengine *e)
{
    for (int k = 0; k < q->weights.n; k++) {
        const qweight *w = q->weights.v[k];
        const ir_op *folded = q->folded->ops.v[w->op->id];
        float *v = theta_of(e, folded->in[1]);
        for (int64_t i = 0; v && i < w->row * w->channels; i++) {
            int c = (int)(i / w->row);
            int32_t code = weight_code(ir_weight(w->op), i);
            if (quant_encode(&w->now, c, (double)v[i], NULL) != code)
                v[i] = (float)quant_value(&w->now, c, code);
        }
        if (v && ir_bias(w->op))
            start_bias(w, theta_of(e, folded->in[2]));
    }
}

const ir_graph *qat_folded(const qat *q)
{
    return q->folded;
}

int64_t qat_count(const qat *q)
{
    return q->count;
}

void qat_place(qat *q, int64_t at)
{
    for (int i = 0; i < q->acts.n; i++) {
        q->acts.v[i]->at += q->acts.v[i]->at < 0 ? 0 : at;
        q->acts.v[i]->zero_at += q->acts.v[i]->zero_at < 0 ? 0 : at;
    }
    for (int i = 0; i < q->weights.n; i++) {
        q->weights.v[i]->at += at;
        q->weights.v[i]->table_at += at;
    }
}

/* Operators that give codes that they were given; other ones that pass a quantization on average
 * codes. */
const qact *qat_activation(const qat *q, const ir_op *op)
{
    static const bool averages[OP_COUNT] = {[OP_AVGPOOL] = true,
                                            [OP_GLOBAL_AVGPOOL] = true,
                                            [OP_REDUCE_MEAN] = true,
                                            [OP_RESIZE_BILINEAR] = true};
    bool moves = ir_opinfos[op->kind].flags & OPF_P && !averages[op->kind];
    return moves ? NULL : q->of[op->out[0]->id];
}

const float *qat_constant(const qat *q, const ir_tensor *t)
{
    const ir_tensor *codes = q->quantized->tensors.v[t->id];
    int64_t n = ir_elems(&t->shape);
    float *v = ARENA_ARRAY(q->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)quant_value(codes->quant, 0, weight_code(codes, i));
    return v;
}

const qweight *qat_weights(const qat *q, const ir_op *op)
{
    for (int i = 0; i < q->weights.n; i++)
        if (q->weights.v[i]->op->id == op->id)
            return q->weights.v[i];
    return NULL;
}

/* ---- back into one ------------------------------------------------------------------------- */

static void store_activations(qctx *ctx, const qat *q, ir_graph *g)
{
    ir_quant **made = ARENA_ARRAY(ctx->a, ir_quant *, q->acts.n);
    for (int i = 0; i < q->acts.n; i++) {
        const qact *a = q->acts.v[i];
        int32_t zero = (int32_t)a->zero;
        made[i] = arena_memdup(ctx->a, a->of, sizeof *a->of);
        made[i]->scale = arena_memdup(ctx->a, &a->scale, sizeof a->scale);
        made[i]->zero = arena_memdup(ctx->a, &zero, sizeof zero);
        made[i]->lo = quant_value(made[i], 0, (int32_t)a->lo);
        made[i]->hi = quant_value(made[i], 0, (int32_t)a->hi);
    }
    for (int i = 0; i < g->tensors.n; i++)
        for (int k = 0; k < q->acts.n && q->of[i]; k++)
            if (q->acts.v[k] == q->of[i])
                g->tensors.v[i]->quant = made[k];
}

static ir_quant *weight_quant(qctx *ctx, const qweight *w)
{
    ir_quant *made = arena_memdup(ctx->a, &w->now, sizeof w->now);
    made->scale = arena_memdup(ctx->a, w->scale, (size_t)w->now.n * sizeof *w->scale);
    if (w->n_table)
        made->table = arena_memdup(ctx->a, w->table, (size_t)w->n_table * sizeof *w->table);
    return made;
}

static bool store_bias(qctx *ctx, const qweight *w, ir_tensor *b, const ir_quant *quant,
                       const float *values)
{
    int bad;
    int64_t *wide = ARENA_ARRAY(ctx->a, int64_t, w->channels);
    int32_t *narrow = ARENA_ARRAY(ctx->a, int32_t, w->channels);
    bool fits = round_bias(quant, (double)w->in->scale, values, w->channels, wide, &bad);
    for (int c = 0; c < w->channels && fits; c++) {
        fits = wide[c] >= -INT32_MAX && wide[c] <= INT32_MAX;
        narrow[c] = fits ? (int32_t)wide[c] : 0;
    }
    if (!fits && b->type == IR_I32) {
        diag_add(ctx, D_TRAIN_INTEGER, b->loc, "'%s': tuning led to a bias beyond 32 bits at its scale",
                 b->name);
        return false;
    }
    b->data = b->type == IR_I32 ? (const void *)narrow : (const void *)wide;
    return true;
}

static bool store_weights(qctx *ctx, const qweight *w, const tengine *e, const ir_op *folded,
                          ir_op *op)
{
    ir_tensor *t = ir_weight(op), *b = ir_bias(op);
    int64_t n = ir_elems(&t->shape), outside;
    float *v = ARENA_ARRAY(ctx->a, float, n);
    t->quant = weight_quant(ctx, w);
    spec_settings plain = {.bits = w->now.bits};
    tengine_read(e, folded->in[1], v);
    t->data = round_weights(ctx, t->quant, &plain, &t->shape, v, &outside);
    t->quant->clipped = (double)outside / (double)n;
    if (!b)
        return true;
    tengine_read(e, folded->in[2], v);
    return store_bias(ctx, w, b, t->quant, v);
}

ir_graph *qat_graph(qctx *ctx, qat *q, const tengine *e)
{
    ir_graph *g = ir_clone(ctx, q->quantized);
    qat_begin_step(q, tengine_theta((tengine *)e, &(int64_t){0}));
    store_activations(ctx, q, g);
    for (int i = 0; i < q->weights.n; i++) {
        const qweight *w = q->weights.v[i];
        if (!store_weights(ctx, w, e, q->folded->ops.v[w->op->id], g->ops.v[w->op->id]))
            return NULL;
    }
    return g;
}
