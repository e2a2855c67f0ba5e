/* ranges.c - which codes each channel of each activation can hold, proved from the baked integers.
 *
 * Forward through the LEGAL graph. Requantization does not fall where its accumulator rises
 * (docs/numerics.md), so both ends of what the accumulator can reach give both ends of the code.
 * Where a cell can lie outside the input, the input's zero point joins the range. */
#include "compiler/quant/grid.h"
#include "compiler/quant/lean.h"
#include "runtime/arith.h"

typedef channel_range range;

typedef struct walker {
    qctx *ctx;
    range **at; /* by tensor id */
} walker;

/* ---- small things ------------------------------------------------------------------------------
 */

int last_dim(const ir_tensor *t)
{
    return t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
}

bool lean_has_pads(const ir_op *op)
{
    return op->at.pad[0] > 0 || op->at.pad[1] > 0 || op->at.pad[2] > 0 || op->at.pad[3] > 0;
}

int32_t weight_level(const ir_tensor *w, int64_t i)
{
    int32_t code = w->type == IR_I8   ? ((const int8_t *)w->data)[i]
                   : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                                      : ((const int16_t *)w->data)[i];
    return quant_level(w->quant, (int)(i / (ir_elems(&w->shape) / w->shape.dim[0])), code);
}

static range spanned(int64_t lo, int64_t hi)
{
    return (range){(int32_t)lo, (int32_t)hi, lo == hi ? IR_GONE_RANGE : IR_KEPT};
}

static range hull(range a, range b)
{
    return spanned(a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi);
}

static range with(range r, int32_t code)
{
    return hull(r, spanned(code, code));
}

static range clamped(range r, int32_t lo, int32_t hi)
{
    return spanned(arith_clamp(r.lo, lo, hi), arith_clamp(r.hi, lo, hi));
}

static range hull_of(const range *r, int n)
{
    range all = r[0];
    for (int i = 1; i < n; i++)
        all = hull(all, r[i]);
    return all;
}

/* ---- requantization ----------------------------------------------------------------------------
 */

/* R of docs/numerics.md, |acc| ≤ 2^61. */
static int64_t rescaled(const ir_iparams *q, const ir_rescale *r, int c, int64_t acc)
{
    int i = r->n == 1 ? 0 : c;
    switch (q->mode) {
    case IR_NUM_Q32:
        return arith_scale_q32(acc, r->mult[i], r->shift[i], r->down[i]);
    case IR_NUM_TFLM:
    case IR_NUM_SINGLE:
        return arith_scale_q31(acc, r->mult[i], r->shift[i], q->mode == IR_NUM_SINGLE);
    case IR_NUM_ONNX:
        break;
    }
    return arith_scale_onnx(acc, r->fscale[i]);
}

/* Codes of channel c whose accumulator lies in lo…hi. */
static range requantized(const ir_iparams *q, const ir_rescale *r, int c, int64_t lo, int64_t hi)
{
    int64_t a = q->out_zero + rescaled(q, r, c, lo), b = q->out_zero + rescaled(q, r, c, hi);
    range codes = spanned(arith_clamp(a, q->lo, q->hi), arith_clamp(b, q->lo, q->hi));
    if (codes.lo != codes.hi)
        return codes;
    bool zero = q->mode != IR_NUM_ONNX && r->mult[r->n == 1 ? 0 : c] == 0;
    codes.why = zero ? IR_GONE_MULTIPLIER : a == b ? IR_GONE_RANGE : IR_GONE_CLAMP;
    return codes;
}

/* ---- operators with an accumulator -------------------------------------------------------------
 */

static void range_weighted(const walker *w, const ir_op *op, range *out)
{
    const ir_iparams *q = op->q;
    const ir_tensor *weight = op->in[1];
    const range *x = w->at[op->in[0]->id];
    int64_t terms = ir_elems(&weight->shape) / q->channels;
    int depth = last_dim(weight),
        filters = q->channels / (op->kind == OP_CONV2D ? op->at.groups : 1);
    bool pads = op->kind == OP_CONV2D && lean_has_pads(op);
    for (int o = 0; o < q->channels; o++) {
        int64_t lo = q->bias[o], hi = lo;
        bool zero = true;
        for (int64_t i = 0; i < terms; i++) {
            int64_t level = weight_level(weight, o * terms + i);
            range in = x[o / filters * depth + (int)(i % depth)];
            if (pads)
                in = with(in, q->in_zero[0]);
            zero = zero && level == 0;
            lo += level * (level > 0 ? in.lo : in.hi);
            hi += level * (level > 0 ? in.hi : in.lo);
        }
        out[o] = requantized(q, &q->out, o, lo, hi);
        if (zero)
            out[o].why = IR_GONE_WEIGHTS;
    }
}

bool reduces_channels(const ir_op *op)
{
    int last = op->in[0]->shape.rank - 1;
    for (int i = 0; i < op->at.axes.rank; i++)
        if (op->at.axes.dim[i] == last)
            return op->kind != OP_GLOBAL_AVGPOOL;
    return false;
}

/* Means and sums over cells of a channel. */
static void range_mean(const walker *w, const ir_op *op, range *out)
{
    const ir_iparams *q = op->q;
    const range *x = w->at[op->in[0]->id];
    int64_t cells = ir_elems(&op->in[0]->shape) / ir_elems(&op->out[0]->shape);
    for (int c = 0; c < last_dim(op->out[0]); c++)
        out[c] = reduces_channels(op) ? spanned(q->lo, q->hi)
                 : q->ratio           ? requantized(q, &q->out, 0, q->bias[0] + cells * x[c].lo,
                                                    q->bias[0] + cells * x[c].hi)
                                      : clamped(x[c], q->lo, q->hi);
}

static int64_t add_code(const ir_iparams *q, int64_t x1, int64_t x2)
{
    if (q->mode == IR_NUM_Q32)
        return arith_shr(q->bias[0] + x1 * q->in[0].mult[0] + x2 * q->in[1].mult[0],
                         q->right_shift);
    int64_t a = rescaled(q, &q->in[0], 0, (x1 - q->in_zero[0]) * arith_pow2(q->left_shift)),
            b = rescaled(q, &q->in[1], 0, (x2 - q->in_zero[1]) * arith_pow2(q->left_shift));
    return q->out_zero + rescaled(q, &q->out, 0, a + b);
}

/* The sum of two tensors with the same channels; both multipliers are ≥ 0. */
static void range_add(const walker *w, const ir_op *op, range *out)
{
    const ir_iparams *q = op->q;
    const range *a = w->at[op->in[0]->id], *b = w->at[op->in[1]->id];
    int n = last_dim(op->out[0]);
    bool known =
        a && b && q->mode != IR_NUM_ONNX && last_dim(op->in[0]) == n && last_dim(op->in[1]) == n;
    for (int c = 0; c < n; c++)
        out[c] =
            known ? clamped(spanned(add_code(q, a[c].lo, b[c].lo), add_code(q, a[c].hi, b[c].hi)),
                            q->lo, q->hi)
                  : spanned(q->lo, q->hi);
}

/* ---- operators that move or map codes ----------------------------------------------------------
 */

static void range_full(const walker *w, const ir_op *op, range *out)
{
    (void)w;
    const ir_iparams *q = op->q;
    for (int c = 0; c < last_dim(op->out[0]); c++)
        out[c] = spanned(q->lo, q->hi);
}

static range of_table(const int16_t *lut, range in)
{
    range r = spanned(lut[in.lo + 128], lut[in.lo + 128]);
    for (int32_t code = in.lo; code <= in.hi; code++)
        r = with(r, lut[code + 128]);
    return r;
}

static void range_unary(const walker *w, const ir_op *op, range *out)
{
    const ir_iparams *q = op->q;
    const range *x = w->at[op->in[0]->id];
    for (int c = 0; c < last_dim(op->out[0]); c++)
        out[c] = q->lut ? of_table(q->lut, x[c]) : clamped(x[c], q->lo, q->hi);
}

/* Channel by channel; cells outside hold real zero. An average of two scales (mode onnx) can be any code. */
static void range_same(const walker *w, const ir_op *op, range *out)
{
    const ir_iparams *q = op->q;
    const range *x = w->at[op->in[0]->id];
    bool pool = op->kind == OP_MAXPOOL || op->kind == OP_AVGPOOL || op->kind == OP_GLOBAL_MAXPOOL;
    bool outside = op->kind == OP_PAD || op->kind == OP_DILATE ||
                   (pool && (lean_has_pads(op) || op->at.ceil_mode));
    for (int c = 0; c < last_dim(op->out[0]); c++) {
        out[c] = outside ? with(x[c], q->in_zero[0]) : x[c];
        if (pool)
            out[c] = q->in[0].n > 0 ? spanned(q->lo, q->hi) : clamped(out[c], q->lo, q->hi);
    }
}

/* Whatever order the cells go in. */
static void range_moved(const walker *w, const ir_op *op, range *out)
{
    bool reduced = op->kind == OP_REDUCE_MAX || op->kind == OP_REDUCE_MIN;
    const range *x = w->at[op->in[0]->id];
    range all = hull_of(x, last_dim(op->in[0]));
    for (int c = 0; c < last_dim(op->out[0]); c++)
        out[c] = clamped(reduced && !reduces_channels(op) ? x[c] : all, op->q->lo, op->q->hi);
}

/* The last dimension of the result runs over that of the input again and again (flatten), or is the
 * input's itself. */
static void range_reshape(const walker *w, const ir_op *op, range *out)
{
    int n = last_dim(op->out[0]), from = last_dim(op->in[0]);
    if (n % from != 0) {
        range_moved(w, op, out);
        return;
    }
    for (int c = 0; c < n; c++)
        out[c] = w->at[op->in[0]->id][c % from];
}

typedef void (*range_fn)(const walker *, const ir_op *, range *);

static const range_fn rules[OP_COUNT] = {
    [OP_CONV2D] = range_weighted,      [OP_DENSE] = range_weighted,
    [OP_GLOBAL_AVGPOOL] = range_mean,  [OP_REDUCE_MEAN] = range_mean,
    [OP_REDUCE_SUM] = range_mean,      [OP_ADD] = range_add,
    [OP_MAXPOOL] = range_same,         [OP_AVGPOOL] = range_same,
    [OP_GLOBAL_MAXPOOL] = range_same,  [OP_PAD] = range_same,
    [OP_DILATE] = range_same,          [OP_RESIZE_NEAREST] = range_same,
    [OP_RESIZE_BILINEAR] = range_same, [OP_RESHAPE] = range_reshape,
    [OP_SLICE] = range_moved,          [OP_TRANSPOSE] = range_moved,
    [OP_REDUCE_MAX] = range_moved,     [OP_REDUCE_MIN] = range_moved,
    [OP_RELU] = range_unary,           [OP_RELU6] = range_unary,
    [OP_LEAKY_RELU] = range_unary,     [OP_SIGMOID] = range_unary,
    [OP_TANH] = range_unary,           [OP_HARD_SWISH] = range_unary,
    [OP_REQUANTIZE] = range_unary,     [OP_ELU] = range_unary,
    [OP_GELU] = range_unary,           [OP_GELU_TANH] = range_unary,
};

channel_range **channel_ranges(qctx *ctx, const ir_graph *legal)
{
    walker w = {ctx, ARENA_ARRAY(ctx->a, range *, legal->tensors.n)};
    for (int i = 0; i < legal->tensors.n; i++) {
        const ir_tensor *t = legal->tensors.v[i];
        bool wide = t->type == IR_I16;
        if (t->kind == IR_CONST || !t->quant)
            continue;
        w.at[i] = ARENA_ARRAY(ctx->a, range, last_dim(t));
        for (int c = 0; c < last_dim(t); c++)
            w.at[i][c] = wide ? spanned(INT16_MIN, INT16_MAX) : spanned(INT8_MIN, INT8_MAX);
    }
    for (int i = 0; i < legal->ops.n; i++) {
        const ir_op *op = legal->ops.v[i];
        range *out = w.at[op->out[0]->id];
        /* a state may hold any code, from an earlier call */
        if (out && op->kind != OP_ASSIGN && w.at[op->in[0]->id])
            (rules[op->kind] ? rules[op->kind] : range_full)(&w, op, out);
    }
    return w.at;
}
