/* choose.c - a quantization for every tensor: FOLDED -> QUANTIZED.
 *
 * Activations first. Operators that only move or select codes share their input's quantization, so
 * tensors fall into groups; a concat's inputs join its group where nothing else reads them, which
 * spares their rescaling. Then weights and biases, whose scales depend on the input's. */
#include <float.h>
#include <math.h>

#include "compiler/quant/codebook.h"

/* Biases stay below this in codes where the weights' range is ours to choose: more than its
 * 26 bits buy nothing, and accumulators stay int32. */
#define BIAS_CODES 0x1p26
/* Extremes below this are those of a tensor that is always 0. */
#define DEAD_RANGE 1e-30

typedef struct chooser {
    qctx *ctx;
    ir_graph *g;
    const quant_spec *spec;
    const act_range *ranges;
    int *group; /* by tensor: a parent in its group, itself at the root */
} chooser;

/* ---- groups of activations ----------------------------------------------------------------- */

static int root(const chooser *c, int i)
{
    while (c->group[i] != i)
        i = c->group[i];
    return i;
}

/* The group of b joins that of a. */
static void join(chooser *c, const ir_tensor *a, const ir_tensor *b)
{
    c->group[root(c, b->id)] = root(c, a->id);
}

static bool passes_through(const ir_op *op)
{
    return op && ir_opinfos[op->kind].flags & OPF_P;
}

static bool is_fixed(const ir_tensor *t)
{
    return (t->declared && t->quant) ||
           (t->producer && ir_opinfos[t->producer->kind].flags & OPF_Q);
}

/* The member of tensor t's group whose quantization is fixed, or NULL. */
static const ir_tensor *fixed_member(const chooser *c, const ir_tensor *t)
{
    for (int i = 0; i < c->g->tensors.n; i++)
        if (root(c, i) == root(c, t->id) && is_fixed(c->g->tensors.v[i]))
            return c->g->tensors.v[i];
    return NULL;
}

/* One group for a state and what goes round with it, so that nothing is rounded anew at every call,
 * unless both are fixed. */
static void join_state(chooser *c, const ir_tensor *state, const ir_tensor *t)
{
    if (!fixed_member(c, state) || !fixed_member(c, t))
        join(c, state, t);
}

/* Whether only the concat that reads t depends on how t is quantized. */
static bool may_join_concat(const chooser *c, const ir_tensor *t)
{
    for (;;) {
        bool stated;
        activation_settings(c->ctx, c->spec, t, &stated);
        if (stated || is_fixed(t) || !t->producer || ir_uses(c->g, t) != 1)
            return false;
        if (!passes_through(t->producer))
            return true;
        t = t->producer->in[0];
    }
}

/* Operators that take operands of their own quantization as codes, and rescale others. */
static bool takes_rescaled(const ir_op *op)
{
    return op->kind == OP_CONCAT || op->kind == OP_MINIMUM || op->kind == OP_MAXIMUM;
}

static void make_groups(chooser *c)
{
    c->group = ARENA_ARRAY(c->ctx->a, int, c->g->tensors.n);
    for (int i = 0; i < c->g->tensors.n; i++)
        c->group[i] = i;
    for (int i = 0; i < c->g->ops.n; i++) {
        const ir_op *op = c->g->ops.v[i];
        if (passes_through(op))
            join(c, op->in[0], op->out[0]);
        for (int k = 0; takes_rescaled(op) && k < op->n_in; k++)
            if (may_join_concat(c, op->in[k]))
                join(c, op->out[0], op->in[k]);
            else if (op->in[k]->kind == IR_STATE)
                join_state(c, op->in[k], op->out[0]);
        if (op->kind == OP_ASSIGN)
            join_state(c, op->out[0], op->in[0]);
    }
}

/* ---- quantizations of activations ---------------------------------------------------------- */

static ir_quant *exact_quant(qctx *ctx, bool symmetric, int bits, float scale, int32_t zero)
{
    double one = 1;
    ir_quant *q = quant_uniform(ctx, IR_GRID_TREAD, symmetric, false, bits, -1, 1, &one, &one);
    int32_t lo, hi;
    q->scale = arena_memdup(ctx->a, &scale, sizeof scale);
    q->zero = arena_memdup(ctx->a, &zero, sizeof zero);
    quant_code_range(q, &lo, &hi);
    q->lo = quant_value(q, 0, lo);
    q->hi = quant_value(q, 0, hi);
    return q;
}

/* sigmoid and softmax give [0, 1), tanh and l2_norm [-1, 1): all codes of 8 bits and below, the nonnegative
 * half of 16. */
static ir_quant *operator_quant(qctx *ctx, ir_opkind kind, int bits)
{
    bool half = kind == OP_TANH || kind == OP_L2_NORM || bits > 8;
    float scale = (float)ldexp(1.0, half ? 1 - bits : -bits);
    return exact_quant(ctx, bits > 8, bits, scale, half ? 0 : -((int32_t)1 << (bits - 1)));
}

static bool setting_error(const chooser *c, const ir_tensor *t, const char *what)
{
    diag_add(c->ctx, D_QUANT_SETTING, t->loc, "'%s': %s", t->name, what);
    return false;
}

static bool same_settings(const spec_settings *a, const spec_settings *b)
{
    bool range = !((a->set ^ b->set) & SPEC_RANGE) &&
                 (!(a->set & SPEC_RANGE) || (a->lo == b->lo && a->hi == b->hi));
    bool scale = !((a->set ^ b->set) & SPEC_SCALE) &&
                 (!(a->set & SPEC_SCALE) || (a->scale == b->scale && a->zero == b->zero));
    return range && scale && a->bits == b->bits && a->symmetric == b->symmetric &&
           a->pow2 == b->pow2;
}

/* Whether an input or state of the group of tensor r is an i16. */
static bool declares_int16(const chooser *c, int r)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        if (root(c, i) == r && (t->kind == IR_INPUT || t->kind == IR_STATE) && t->port_type == IR_I16)
            return true;
    }
    return false;
}

/* The settings of the group of tensor r: those that a rule states for a member (*stated_by, else
 * NULL), or the root's. */
static bool group_settings(const chooser *c, int r, spec_settings *s, const ir_tensor **stated_by)
{
    const ir_tensor *by = NULL;
    bool stated;
    *s = activation_settings(c->ctx, c->spec, c->g->tensors.v[r], &stated);
    for (int i = 0; i < c->g->tensors.n; i++) {
        const ir_tensor *t = c->g->tensors.v[i];
        if (root(c, i) != r || t->kind == IR_CONST)
            continue;
        spec_settings own = activation_settings(c->ctx, c->spec, t, &stated);
        if (stated && by && !same_settings(s, &own)) {
            setting_error(c, t,
                          "its quantization is stated, and otherwise than that of a tensor "
                          "whose codes it shares");
            diag_note_at(c->ctx, by->loc, "that tensor is '%s'", by->name);
            return false;
        }
        if (stated && !by) {
            *s = own;
            by = t;
        }
    }
    if (declares_int16(c, r))
        s->bits = 16;
    if (s->bits > 8 && !(s->set & SPEC_SYMMETRIC))
        s->symmetric = true; /* the rule of int16 activations: zero point 0 */
    *stated_by = by;
    return true;
}

static bool check_activation(const chooser *c, const ir_tensor *t, const spec_settings *s)
{
    if (s->scheme == IR_Q_CODEBOOK)
        return setting_error(c, t, "activations have no codebooks");
    if (s->grid == IR_GRID_MIDPOINT)
        return setting_error(c, t, "activations need the tread grid, in which 0 is a code");
    if (s->per_channel)
        return setting_error(c, t, "activations are quantized per tensor");
    if (s->bits < 2)
        return setting_error(c, t, "activations have at least 2 bits");
    return true;
}

/* false after a diagnostic when no float32 scale covers [lo, hi]. */
static bool check_range(const chooser *c, const ir_tensor *t, double lo, double hi, int bits)
{
    double step = (hi / 2 - lo / 2) / ldexp(1.0, bits);
    double far = fmax(fabs(lo), fabs(hi)) / ldexp(1.0, 29 - bits);
    if (step >= (double)FLT_MIN && fmax(fabs(lo), fabs(hi)) < (double)FLT_MAX && far < hi - lo)
        return true;
    diag_add(c->ctx, D_QUANT_RANGE, t->loc, "'%s': no %d-bit grid covers the range [%g, %g]",
             t->name, bits, lo, hi);
    return false;
}

/* The union of what the members of a group observed. */
static act_range group_range(const chooser *c, int r, const spec_settings *s)
{
    act_range all = {0};
    for (int i = 0; i < c->g->tensors.n; i++) {
        if (root(c, i) != r || c->g->tensors.v[i]->kind == IR_CONST)
            continue;
        all.lo = fmin(all.lo, c->ranges[i].lo);
        all.hi = fmax(all.hi, c->ranges[i].hi);
        all.clipped = fmax(all.clipped, c->ranges[i].clipped);
    }
    if (s->set & SPEC_RANGE) {
        all.lo = s->lo;
        all.hi = s->hi;
    } else if (all.hi - all.lo < DEAD_RANGE) {
        all.lo = -1;
        all.hi = 1;
    }
    return all;
}

static ir_quant *activation_quant(const chooser *c, const ir_tensor *t)
{
    spec_settings s;
    const ir_tensor *by;
    const ir_tensor *fixed = fixed_member(c, t);
    bool declared = fixed && fixed->declared && fixed->quant;
    if (!group_settings(c, t->id, &s, &by) || (!declared && !check_activation(c, t, &s)))
        return NULL;
    if (fixed && by && s.set & (SPEC_RANGE | SPEC_SCALE)) {
        setting_error(c, by,
                      declared ? "its codes are those of a declared input or state"
                               : "its quantization is fixed by the operator");
        return NULL;
    }
    if (fixed)
        return declared ? fixed->quant : operator_quant(c->ctx, fixed->producer->kind, s.bits);
    if (s.set & SPEC_SCALE)
        return exact_quant(c->ctx, s.symmetric, s.bits, (float)s.scale, s.zero);
    act_range r = group_range(c, t->id, &s);
    if (!check_range(c, t, r.lo, r.hi, s.bits))
        return NULL;
    ir_quant *q =
        quant_uniform(c->ctx, IR_GRID_TREAD, s.symmetric, s.pow2, s.bits, -1, 1, &r.lo, &r.hi);
    q->clipped = r.clipped;
    return q;
}

/* No operator computes with what argmax gives. */
static bool check_indices(const chooser *c)
{
    for (int i = 0; i < c->g->ops.n; i++)
        for (int k = 0; k < c->g->ops.v[i]->n_in; k++) {
            const ir_op *op = c->g->ops.v[i];
            if (!ir_is_index(op->in[k]))
                continue;
            diag_add(c->ctx, D_NUMERICS_REFUSED, op->loc,
                     "%s reads the indices '%s', which have no codes: argmax ends a net",
                     ir_opinfos[op->kind].word, op->in[k]->name);
            return false;
        }
    return true;
}

static bool quantize_activations(chooser *c)
{
    bool ok = check_indices(c);
    for (int i = 0; i < c->g->tensors.n; i++) {
        ir_tensor *t = c->g->tensors.v[i];
        if (t->kind == IR_CONST || root(c, i) != i || ir_is_index(t))
            continue;
        t->quant = activation_quant(c, t);
        ok &= t->quant != NULL;
    }
    for (int i = 0; ok && i < c->g->tensors.n; i++) {
        ir_tensor *t = c->g->tensors.v[i];
        if (ir_is_index(t))
            t->type = t->port_type = IR_I32;
        if (t->kind == IR_CONST || ir_is_index(t))
            continue;
        t->quant = c->g->tensors.v[root(c, i)]->quant;
        t->type = t->quant->bits > 8 ? IR_I16 : IR_I8;
        t->port_type = t->type;
    }
    return ok;
}

/* ---- weights ------------------------------------------------------------------------------- */

static bool check_codebook(const chooser *c, const ir_op *op, const spec_settings *s)
{
    const ir_tensor *w = ir_weight(op);
    int entries = s->fit == SPEC_FIT_EXPLICIT ? s->n_entries : s->bits > 8 ? 0 : 1 << s->bits;
    if (s->bits > 8)
        return setting_error(c, w, "a codebook has at most 8 bits");
    if (entries > 1 << s->bits)
        return setting_error(c, w, "its codebook has more entries than codes of this width");
    if (s->set & SPEC_SCALE && s->set & SPEC_PER_CHANNEL && s->per_channel)
        return setting_error(c, w, "one scale is stated, for scales per channel");
    if (entries > CODEBOOK_I8_ENTRIES && op->in[0]->quant->bits > 8)
        return setting_error(c, w, "codebooks of more than 64 entries go with activations of 8 bits only");
    return true;
}

static bool check_weight(const chooser *c, const ir_op *op, const spec_settings *s)
{
    const ir_tensor *w = ir_weight(op);
    bool observer_fits =
        s->observer == SPEC_MINMAX || s->observer == SPEC_MSE || s->observer == SPEC_PERCENTILE;
    if (s->scheme == IR_Q_CODEBOOK)
        return check_codebook(c, op, s);
    if (s->grid == IR_GRID_TREAD && s->bits < 2)
        return setting_error(c, w, "1 bit exists on the midpoint grid only");
    if (s->set & SPEC_OBSERVER && !observer_fits)
        return setting_error(c, w, "ranges of weights are chosen by minmax, percentile or mse");
    if (s->bits > 8 && op->in[0]->quant->bits > 8)
        return setting_error(c, w, "16-bit weights go with activations of 8 bits only");
    return true;
}

/* Channels without weights get the range of the widest, so that their bias keeps its resolution; a
 * tensor without any gets accumulator steps of 2^-8 output steps. */
static void fill_empty_ranges(const ir_op *op, int bits, int n, double *lo, double *hi)
{
    double in_scale = (double)op->in[0]->quant->scale[0];
    double out_scale = (double)op->out[0]->quant->scale[0], widest = 0;
    for (int i = 0; i < n; i++)
        widest = fmax(widest, fmax(fabs(lo[i]), fabs(hi[i])));
    if (widest < (double)FLT_MIN)
        widest = out_scale / in_scale * ldexp(1.0, bits - 9);
    for (int i = 0; i < n; i++)
        if (fmax(fabs(lo[i]), fabs(hi[i])) < (double)FLT_MIN) {
            lo[i] = -widest;
            hi[i] = widest;
        }
}

/* Widens ranges until every bias has at most BIAS_CODES codes. */
static void fit_biases(const ir_op *op, const spec_settings *s, int n, double *lo, double *hi)
{
    const ir_tensor *b = ir_bias(op);
    int channels = ir_weight(op)->shape.dim[0];
    ir_quant like = {.grid = s->grid, .symmetric = s->symmetric, .pow2 = s->pow2, .bits = s->bits};
    for (int c = 0; b && c < channels; c++) {
        int i = n > 1 ? c : 0;
        double bias = fabs((double)((const float *)b->data)[c]);
        float scale;
        int32_t zero;
        quant_fit(&like, lo[i], hi[i], &scale, &zero);
        double factor = bias / ((double)op->in[0]->quant->scale[0] * (double)scale * BIAS_CODES);
        if (factor > 1) {
            lo[i] *= factor;
            hi[i] *= factor;
        }
    }
}

static ir_quant *weight_quant(chooser *c, const ir_op *op, const spec_settings *s)
{
    const ir_tensor *w = ir_weight(op);
    if (s->scheme == IR_Q_CODEBOOK)
        return codebook_for(c->ctx, op, s, c->ranges[op->in[0]->id].power);
    if (s->set & SPEC_SCALE)
        return exact_quant(c->ctx, s->symmetric, s->bits, (float)s->scale, s->zero);
    bool stated = s->set & SPEC_RANGE;
    int n = s->per_channel && !stated ? w->shape.dim[0] : 1;
    int64_t each = ir_elems(&w->shape) / n;
    double *lo = ARENA_ARRAY(c->ctx->a, double, n), *hi = ARENA_ARRAY(c->ctx->a, double, n);
    *lo = s->lo;
    *hi = s->hi;
    if (stated && !check_range(c, w, s->lo, s->hi, s->bits))
        return NULL;
    for (int i = 0; !stated && i < n; i++)
        weight_range(c->ctx, s, (const float *)w->data + i * each, each, &lo[i], &hi[i]);
    if (!stated) {
        fill_empty_ranges(op, s->bits, n, lo, hi);
        fit_biases(op, s, n, lo, hi);
    }
    return quant_uniform(c->ctx, s->grid, s->symmetric, s->pow2, s->bits, n > 1 ? 0 : -1, n, lo,
                         hi);
}

static bool quantize_weights(chooser *c, const ir_op *op)
{
    ir_tensor *w = ir_weight(op);
    spec_settings s = spec_for(c->spec, layer_of_weight(c->ctx, w), SPEC_WEIGHT);
    if (!check_weight(c, op, &s))
        return false;
    ir_quant *q = weight_quant(c, op, &s);
    if (!q)
        return false;
    int64_t outside;
    w->data = round_weights(c->ctx, q, &s, &w->shape, w->data, &outside);
    w->type = weight_code_type(q);
    q->clipped = (double)outside / (double)ir_elems(&w->shape);
    w->quant = q;
    const ir_tensor *b = ir_bias(op);
    return !b || choose_bias(c->ctx, c->spec, op, b->data);
}

/* ---- constants that are operands ------------------------------------------------------------ */

static act_range extremes(const ir_tensor *t)
{
    act_range r = {0};
    for (int64_t i = 0; i < ir_elems(&t->shape); i++) {
        r.lo = fmin(r.lo, (double)((const float *)t->data)[i]);
        r.hi = fmax(r.hi, (double)((const float *)t->data)[i]);
    }
    if (r.hi - r.lo < DEAD_RANGE)
        r = (act_range){.lo = -1, .hi = 1};
    return r;
}

static ir_quant *constant_quant(const chooser *c, const ir_tensor *t)
{
    bool stated;
    spec_settings s = activation_settings(c->ctx, c->spec, t, &stated);
    act_range r = extremes(t);
    if (!check_activation(c, t, &s))
        return NULL;
    if (s.set & SPEC_SCALE)
        return exact_quant(c->ctx, s.symmetric, s.bits, (float)s.scale, s.zero);
    if (s.set & SPEC_RANGE)
        r = (act_range){.lo = s.lo, .hi = s.hi};
    if (!check_range(c, t, r.lo, r.hi, s.bits))
        return NULL;
    return quant_uniform(c->ctx, IR_GRID_TREAD, s.symmetric, s.pow2, s.bits, -1, 1, &r.lo, &r.hi);
}

/* All values are known: the range is theirs. */
static bool quantize_constant(const chooser *c, ir_tensor *t)
{
    int64_t n = ir_elems(&t->shape);
    int32_t lo, hi;
    ir_quant *q = constant_quant(c, t);
    if (!q)
        return false;
    bool wide = q->bits > 8;
    void *codes = arena_calloc(c->ctx->a, (size_t)n, wide ? sizeof(int16_t) : sizeof(int8_t));
    quant_code_range(q, &lo, &hi);
    for (int64_t i = 0; i < n; i++) {
        int32_t code = port_quantize(((const float *)t->data)[i], q->scale[0], q->zero[0], lo, hi);
        if (wide)
            ((int16_t *)codes)[i] = (int16_t)code;
        else
            ((int8_t *)codes)[i] = (int8_t)code;
    }
    t->quant = q;
    t->data = codes;
    t->type = wide ? IR_I16 : IR_I8;
    return true;
}

static bool quantize_constants(const chooser *c)
{
    ir_tensor **constants;
    bool ok = true;
    for (int i = 0, n = ir_operands(c->ctx->a, c->g, &constants); i < n; i++)
        ok &= quantize_constant(c, constants[i]);
    return ok;
}

/* ---- rules that nothing obeys -------------------------------------------------------------- */

/* Whether a tensor that is left obeys rules for `layer`. */
static bool has_subject(const chooser *c, const spec_rule *r)
{
    const char *part = r->part == SPEC_BIAS ? "bias" : "weight";
    const char *constant = arena_printf(c->ctx->a, "%s.%s", r->layer, part);
    if (r->part != SPEC_ACTIVATION)
        return ir_find_tensor(c->g, constant) != NULL;
    return ir_find_tensor(c->g, r->layer) || ir_find_tensor(c->g, constant);
}

/* A batch norm's weights, or what stood between two operators that are one now. */
static void warn_unused_rules(const chooser *c)
{
    for (int i = 0; i < c->spec->rules.n; i++) {
        const spec_rule *r = &c->spec->rules.v[i];
        if (!r->layer || has_subject(c, r))
            continue;
        diag_add(c->ctx, D_RULE_UNUSED, r->loc,
                 "the rule for '%s' has no effect: folding left nothing that it is about",
                 r->layer);
        diag_hint(c->ctx, "state it for the layer that '%s' was folded into", r->layer);
    }
}

ir_graph *choose_quantization(qctx *ctx, const ir_graph *folded, const quant_spec *spec,
                              const act_range *ranges)
{
    chooser c = {.ctx = ctx, .g = ir_clone(ctx, folded), .spec = spec, .ranges = ranges};
    warn_unused_rules(&c);
    make_groups(&c);
    bool ok = quantize_activations(&c) && quantize_constants(&c);
    for (int i = 0; ok && i < c.g->ops.n; i++)
        if (ir_opinfos[c.g->ops.v[i]->kind].flags & OPF_W)
            ok &= quantize_weights(&c, c.g->ops.v[i]);
    c.g->stage = IR_QUANTIZED;
    c.g->numerics = spec->has_numerics ? spec->numerics : IR_NUM_Q32;
    return ok ? c.g : NULL;
}
