/* bounds.c - what accumulators can reach, proved from the baked weights (contracts.md §4), and what
 * follows from it: widths, pre-shifts, multipliers, saturations that cannot happen.
 *
 * May run again on a LEGAL graph: everything is computed from the ratios and the weights anew. */
#include "compiler/quant/legal.h"
#include "runtime/arith.h"

/* Accumulators and everything on the way to them stay below this. */
#define ACC_LIMIT ((int64_t)1 << 61)

/* Codes that can arrive: lo ≤ code ≤ hi. */
typedef struct code_range { int32_t lo, hi; } code_range;

typedef struct prover {
    qctx *ctx;
    bool strict;
    code_range *codes; /* by tensor id; valid for activations */
} prover;

static int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t largest_code(code_range r) { return larger(magnitude(r.lo), magnitude(r.hi)); }

/* Largest |code − zero|. */
static int64_t largest_offset(code_range r, int32_t zero)
{
    return larger(magnitude((int64_t)r.lo - zero), magnitude((int64_t)r.hi - zero));
}

static code_range hull(code_range a, code_range b)
{
    return (code_range){ a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi };
}

static code_range with(code_range r, int32_t code) { return hull(r, (code_range){ code, code }); }

static code_range clamped(code_range r, int32_t lo, int32_t hi)
{
    return (code_range){ (int32_t)arith_clamp(r.lo, lo, hi), (int32_t)arith_clamp(r.hi, lo, hi) };
}

/* ---- ranges of codes --------------------------------------------------------------------------- */

static code_range type_range(ir_type type)
{
    return type == IR_I16 ? (code_range){ INT16_MIN, INT16_MAX } : (code_range){ INT8_MIN, INT8_MAX };
}

static bool has_pads(const ir_op *op)
{
    return op->at.pad[0] > 0 || op->at.pad[1] > 0 || op->at.pad[2] > 0 || op->at.pad[3] > 0;
}

static code_range table_range(const int16_t *lut, code_range in)
{
    code_range r = { lut[in.lo + 128], lut[in.lo + 128] };
    for (int32_t code = in.lo; code <= in.hi; code++)
        r = with(r, lut[code + 128]);
    return r;
}

/* What the output of an operator can hold; inputs are known. */
static code_range result_range(const prover *p, const ir_op *op)
{
    const ir_iparams *q = op->q;
    code_range in = p->codes[op->in[0]->id], full = { q->lo, q->hi };
    switch (op->kind) {
    case OP_RESHAPE:
    case OP_SLICE:
    case OP_TRANSPOSE:
    case OP_RESIZE_NEAREST:
    case OP_RESIZE_BILINEAR:
        return in;
    case OP_PAD:
    case OP_DILATE:
        return with(in, q->in_zero[0]);
    case OP_MAXPOOL:
    case OP_AVGPOOL:
        if (q->in[0].n > 0)
            return full;
        return clamped(has_pads(op) ? with(in, q->in_zero[0]) : in, q->lo, q->hi);
    case OP_GLOBAL_MAXPOOL:
        return clamped(in, q->lo, q->hi);
    case OP_REDUCE_MAX:
    case OP_REDUCE_MIN:
        return clamped(in, q->lo, q->hi);
    case OP_REDUCE_MEAN:
    case OP_GLOBAL_AVGPOOL:
        return q->ratio ? full : clamped(in, q->lo, q->hi);
    case OP_CONCAT:
        return full;
    default:
        if (!(ir_opinfos[op->kind].flags & OPF_U))
            return full;
        return q->lut ? table_range(q->lut, in) : clamped(in, q->lo, q->hi);
    }
}

static code_range range_of_constant(const ir_tensor *t)
{
    code_range r = { INT16_MAX, INT16_MIN };
    for (int64_t i = 0; i < ir_elems(&t->shape); i++)
        r = with(r, t->type == IR_I16 ? ((const int16_t *)t->data)[i] : ((const int8_t *)t->data)[i]);
    return r;
}

static void start_ranges(prover *p, const ir_graph *g)
{
    p->codes = ARENA_ARRAY(p->ctx->a, code_range, g->tensors.n);
    for (int i = 0; i < g->tensors.n; i++) {
        const ir_tensor *t = g->tensors.v[i];
        p->codes[i] = ir_is_operand(t) ? range_of_constant(t) : type_range(t->type);
    }
}

/* ---- widths ------------------------------------------------------------------------------------ */

static bool too_wide(const prover *p, const ir_op *op)
{
    diag_add(p->ctx, D_ACC_RANGE, op->loc, "the accumulator of '%s' could exceed 62 bits", op->name);
    return false;
}

/* Chooses the accumulator's type for the largest bound. `again`: said in an earlier run. */
static bool set_acc_type(const prover *p, const ir_op *op, int64_t bound, bool again)
{
    op->q->acc_type = bound > INT32_MAX ? IR_I64 : IR_I32;
    if (op->q->acc_type == IR_I32)
        return true;
    if (p->strict) {
        diag_add(p->ctx, D_ACC_STRICT, op->loc,
                 "the accumulator of '%s' can reach ±%lld, beyond int32", op->name, (long long)bound);
        return false;
    }
    if (!again && op->in[0]->type == IR_I8)
        diag_add(p->ctx, D_ACC_WIDE, op->loc, "the accumulator of '%s' can reach ±%lld: it is int64",
                 op->name, (long long)bound);
    return true;
}

/* ---- convolutions, dense ----------------------------------------------------------------------- */

/* The code of element i, which belongs to channel c; of a codebook, its level. */
static int32_t weight_code(const ir_tensor *w, int c, int64_t i)
{
    int32_t code = w->type == IR_I16  ? ((const int16_t *)w->data)[i]
                   : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                                      : ((const int8_t *)w->data)[i];
    return w->quant->scheme == IR_Q_CODEBOOK ? quant_level(w->quant, c, code) : code;
}

static int64_t bias_of(const ir_op *op, int c)
{
    const ir_tensor *b = op->n_in > 2 ? op->in[2] : NULL;
    if (!b)
        return 0;
    return b->type == IR_I64 ? ((const int64_t *)b->data)[c] : ((const int32_t *)b->data)[c];
}

/* a + b·c of values ≥ 0; false beyond ACC_LIMIT. */
static bool add_product(int64_t *a, int64_t b, int64_t c)
{
    int64_t product;
    return !__builtin_mul_overflow(b, c, &product) && !__builtin_add_overflow(*a, product, a) &&
           *a <= ACC_LIMIT;
}

/* Folded bias and bound of channel c. False if anything on the way could exceed ACC_LIMIT. */
static bool bound_channel(const ir_op *op, int c, int64_t largest, int64_t *bias, int64_t *bound)
{
    const ir_iparams *q = op->q;
    const ir_tensor *w = op->in[1];
    int64_t terms = ir_elems(&w->shape) / q->channels, codes = 0, levels = 0;
    int64_t constant = (int64_t)q->wadd + (q->wzero ? q->wzero[c] : 0);
    for (int64_t i = 0; i < terms; i++) {
        int64_t code = weight_code(w, c, c * terms + i);
        codes += magnitude(q->wmul * code);
        levels += q->wmul * code + constant;
    }
    int64_t fold = 0, unfolded = bias_of(op, c);
    if (unfolded > ACC_LIMIT || unfolded < -ACC_LIMIT ||
        !add_product(&fold, magnitude(levels), magnitude(q->in_zero[0])))
        return false;
    *bias = unfolded - q->in_zero[0] * levels;
    *bound = magnitude(*bias);
    return *bound <= ACC_LIMIT && add_product(bound, largest, codes) &&
           add_product(bound, magnitude(constant), largest * terms);
}

static bool prove_weighted(const prover *p, ir_op *op)
{
    ir_iparams *q = op->q;
    bool again = q->bound != NULL;
    int64_t *bias = ARENA_ARRAY(p->ctx->a, int64_t, q->channels);
    int64_t *bound = ARENA_ARRAY(p->ctx->a, int64_t, q->channels);
    int64_t largest = largest_code(p->codes[op->in[0]->id]), most = 0;
    if (has_pads(op))
        largest = larger(largest, magnitude(q->in_zero[0]));
    q->bias_type = IR_I32;
    for (int c = 0; c < q->channels; c++) {
        if (!bound_channel(op, c, largest, &bias[c], &bound[c]))
            return too_wide(p, op);
        most = larger(most, bound[c]);
        if (bias[c] > INT32_MAX || bias[c] < INT32_MIN)
            q->bias_type = IR_I64;
    }
    q->bias = bias;
    q->bound = bound;
    return set_acc_type(p, op, most, again) &&
           rescale_fill(p->ctx, op, q->channels, q->ratio, bound, &q->out);
}

/* ---- sums and products of codes ---------------------------------------------------------------- */

static int64_t *one_bound(const prover *p, ir_op *op, int64_t bound)
{
    int64_t *b = ARENA_NEW(p->ctx->a, int64_t);
    *b = bound;
    op->q->bound = b;
    return b;
}

static bool prove_avgpool(const prover *p, ir_op *op)
{
    const ir_iparams *q = op->q;
    bool again = q->bound != NULL;
    code_range in = p->codes[op->in[0]->id];
    int64_t cells = (int64_t)op->at.kernel[0] * op->at.kernel[1];
    int64_t bound = cells * larger(largest_code(in), op->at.count_all ? magnitude(q->in_zero[0]) : 0);
    one_bound(p, op, bound);
    return set_acc_type(p, op, bound, again);
}

/* The multiplier of TFLite's MEAN: that of the scales, divided by the number of cells. */
static bool fill_mean(const prover *p, ir_op *op, int64_t cells, int64_t bound)
{
    ir_iparams *q = op->q;
    if (q->mode == IR_NUM_Q32 || q->mode == IR_NUM_ONNX)
        return rescale_fill(p->ctx, op, 1, q->ratio, &bound, &q->out);
    double scales = (double)act_scale(op->in[0]) / (double)act_scale(op->out[0]);
    if (!rescale_fill(p->ctx, op, 1, &scales, &bound, &q->out))
        return false;
    if (op->kind != OP_REDUCE_SUM)
        rescale_divide(p->ctx, &q->out, cells, bound);
    return true;
}

static bool prove_global_avgpool(const prover *p, ir_op *op)
{
    ir_iparams *q = op->q;
    bool again = q->bound != NULL;
    int64_t cells = mean_cells(op);
    int64_t bound = cells * largest_code(p->codes[op->in[0]->id]);
    if (q->ratio) {
        int64_t *bias = ARENA_NEW(p->ctx->a, int64_t);
        *bias = -cells * q->in_zero[0];
        bound += magnitude(*bias);
        q->bias = bias;
        q->bias_type = magnitude(*bias) > INT32_MAX ? IR_I64 : IR_I32;
    }
    one_bound(p, op, bound);
    return set_acc_type(p, op, bound, again) && (!q->ratio || fill_mean(p, op, cells, bound));
}

static bool prove_mul(const prover *p, ir_op *op)
{
    ir_iparams *q = op->q;
    bool again = q->bound != NULL;
    int64_t bound = largest_offset(p->codes[op->in[0]->id], q->in_zero[0]) *
                    largest_offset(p->codes[op->in[1]->id], q->in_zero[1]);
    one_bound(p, op, bound);
    return set_acc_type(p, op, bound, again) &&
           rescale_fill(p->ctx, op, 1, q->ratio, q->bound, &q->out);
}

/* The product, as mul; in[0] serves what is not negative. */
static bool prove_prelu(const prover *p, ir_op *op)
{
    double ratio = ratio_concat(op, 0);
    int64_t bound = largest_offset(p->codes[op->in[0]->id], op->q->in_zero[0]);
    return prove_mul(p, op) && rescale_fill(p->ctx, op, 1, &ratio, &bound, &op->q->in[0]);
}

static bool prove_concat(const prover *p, ir_op *op)
{
    ir_rescale *each = ARENA_ARRAY(p->ctx->a, ir_rescale, op->n_in);
    const ir_tensor *out = op->out[0];
    bool clamps = op->at.act != IR_ACT_NONE;
    for (int i = 0; i < op->n_in; i++) {
        const ir_tensor *in = op->in[i];
        bool same = act_scale(in) == act_scale(out) && act_zero(in) == act_zero(out);
        if (same && !clamps && in->type == out->type)
            continue;
        int64_t bound = largest_offset(p->codes[in->id], act_zero(in));
        double ratio = ratio_concat(op, i);
        if (!rescale_fill(p->ctx, op, 1, &ratio, &bound, &each[i]))
            return false;
    }
    op->q->each = each;
    return true;
}

typedef bool (*prove_fn)(const prover *, ir_op *);

/* By operator kind; NULL: no accumulator that depends on what arrives. */
static const prove_fn proofs[OP_COUNT] = {
    [OP_CONV2D] = prove_weighted,
    [OP_DENSE] = prove_weighted,
    [OP_AVGPOOL] = prove_avgpool,
    [OP_GLOBAL_AVGPOOL] = prove_global_avgpool,
    [OP_MUL] = prove_mul,
    [OP_CONCAT] = prove_concat,
    [OP_MINIMUM] = prove_concat,
    [OP_MAXIMUM] = prove_concat,
    [OP_ASSIGN] = prove_concat,
    [OP_PRELU] = prove_prelu,
    [OP_REDUCE_SUM] = prove_global_avgpool,
    [OP_REDUCE_MEAN] = prove_global_avgpool,
};

bool prove_bounds(qctx *ctx, ir_graph *g, bool strict_acc32)
{
    prover p = { .ctx = ctx, .strict = strict_acc32 };
    bool ok = true;
    start_ranges(&p, g);
    for (int i = 0; i < g->ops.n; i++) {
        ir_op *op = g->ops.v[i];
        if (proofs[op->kind] && !proofs[op->kind](&p, op))
            ok = false;
        if (op->kind != OP_ASSIGN) /* a state may hold any code, from an earlier call */
            p.codes[op->out[0]->id] = result_range(&p, op);
    }
    return ok;
}
