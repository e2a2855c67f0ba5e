/* legalize.c - a QUANTIZED graph made LEGAL: every operator gets the integers that its formula in the
 * graph's numerics mode needs (docs/numerics.md), or a diagnostic that says why it cannot have them.
 * What depends on accumulator bounds is filled by bounds.c, called at the end. */
#include <math.h>
#include <stdarg.h>

#include "compiler/quant/legal.h"
#include "runtime/arith.h"

bool refuse(qctx *ctx, const ir_op *op, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(ctx, D_NUMERICS_REFUSED, op->loc, "%s", arena_vprintf(ctx->a, fmt, ap));
    va_end(ap);
    return false;
}

/* ---- activations ------------------------------------------------------------------------------- */

/* How many of the inputs are activations. */
static int activations(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_W ? 1 : op->n_in;
}

static bool check_activation(qctx *ctx, const ir_op *op, const ir_tensor *t)
{
    const ir_quant *q = t->quant;
    bool plain = q && q->scheme == IR_Q_UNIFORM && q->grid == IR_GRID_TREAD && q->n == 1;
    if (plain && (t->type == IR_I8 || t->type == IR_I16))
        return true;
    return refuse(ctx, op, "the activation '%s' is neither int8 nor int16 on a uniform tread grid with "
                  "one scale", t->name);
}

/* Operators with formulas for int16 activations in q32 and onnx; true: with equal quantization only. */
static bool int16_allowed(const ir_op *op, bool *equal_only)
{
    *equal_only = op->kind == OP_RELU || op->kind == OP_RELU6;
    bool q31 = op->q->mode == IR_NUM_TFLM || op->q->mode == IR_NUM_SINGLE;
    bool table = (ir_opinfos[op->kind].flags & OPF_U) != 0 || op->kind == OP_SOFTMAX || op->kind == OP_L2_NORM;
    return !q31 && op->kind != OP_PRELU && (!table || *equal_only);
}

static bool same_quant(const ir_tensor *a, const ir_tensor *b)
{
    return a->type == b->type && act_scale(a) == act_scale(b) && act_zero(a) == act_zero(b);
}

static bool check_int16(qctx *ctx, const ir_op *op)
{
    bool wide = op->in[0]->type == IR_I16, equal_only;
    for (int i = 1; i < activations(op); i++)
        wide = wide || op->in[i]->type == IR_I16;
    if (!wide)
        return true;
    if (!int16_allowed(op, &equal_only))
        return refuse(ctx, op, "%s has no formula for int16 activations in mode %s",
                      ir_opinfos[op->kind].word, ir_numerics_name(op->q->mode));
    if (equal_only && !same_quant(op->in[0], op->out[0]))
        return refuse(ctx, op, "%s of int16 activations keeps the quantization, but '%s' and '%s' differ",
                      ir_opinfos[op->kind].word, op->in[0]->name, op->out[0]->name);
    return true;
}

/* ---- output clamp ------------------------------------------------------------------------------ */

/* zy + round(fl(value/sy)), kept inside ±2^30. */
static int64_t code_of(const ir_tensor *t, float value)
{
    volatile float steps = value / act_scale(t);
    double r = floor(fabs((double)steps) + 0.5);
    return act_zero(t) + (int64_t)fmin(r, ARITH_MAX_RATIO);
}

static void set_clamp(const ir_op *op)
{
    const ir_tensor *out = op->out[0];
    ir_iparams *q = op->q;
    bool relu6 = op->at.act == IR_ACT_RELU6 || op->kind == OP_RELU6;
    if (!out->quant) { /* argmax */
        q->lo = 0;
        q->hi = INT32_MAX;
    } else if (out->quant->bits < 8) {
        quant_code_range(out->quant, &q->lo, &q->hi);
    } else {
        q->lo = out->type == IR_I16 ? INT16_MIN : INT8_MIN;
        q->hi = out->type == IR_I16 ? INT16_MAX : INT8_MAX;
    }
    if (relu6 || op->at.act == IR_ACT_RELU || op->kind == OP_RELU)
        q->lo = q->out_zero > q->lo ? q->out_zero : q->lo;
    if (relu6)
        q->hi = (int32_t)arith_clamp(code_of(out, 6.0f), q->lo, q->hi);
}

static void set_common(const ir_op *op)
{
    ir_iparams *q = op->q;
    for (int i = 0; i < 2 && i < activations(op); i++)
        q->in_zero[i] = act_zero(op->in[i]);
    q->out_zero = op->out[0]->quant ? act_zero(op->out[0]) : 0;
    q->acc_type = q->bias_type = IR_I32;
    q->wmul = 1;
    set_clamp(op);
}

/* ---- convolutions, dense ----------------------------------------------------------------------- */

static bool check_weights(qctx *ctx, const ir_op *op)
{
    const ir_tensor *w = op->in[1];
    const ir_quant *q = w->quant;
    if (!q)
        return refuse(ctx, op, "the weights '%s' are not quantized", w->name);
    bool wide = q->scheme == IR_Q_CODEBOOK ? q->table_type == IR_I16 : q->bits > 8;
    if (!wide || op->in[0]->type != IR_I16)
        return true;
    return refuse(ctx, op, "levels of 16 bits ('%s') go with activations of 8 bits only", w->name);
}

/* level = wmul·code + wadd + wzero[c], as grid.h's quant_level has it. Codebooks: what their tables
 * say; wmul 1, nothing added. */
static void set_levels(qctx *ctx, const ir_op *op, int channels)
{
    ir_iparams *q = op->q;
    const ir_quant *w = op->in[1]->quant;
    if (w->scheme == IR_Q_CODEBOOK)
        return;
    q->wmul = quant_level(w, 0, 1) - quant_level(w, 0, 0);
    int32_t *constant = ARENA_ARRAY(ctx->a, int32_t, channels);
    bool any = false, differ = false;
    for (int c = 0; c < channels; c++) {
        constant[c] = quant_level(w, c, 0);
        any = any || constant[c] != 0;
        differ = differ || constant[c] != constant[0];
    }
    if (any && differ)
        q->wzero = constant;
    else
        q->wadd = constant[0];
}

static bool legal_weighted(qctx *ctx, ir_op *op)
{
    if (!check_weights(ctx, op))
        return false;
    ir_iparams *q = op->q;
    q->channels = op->in[1]->shape.dim[0];
    double *ratio = ARENA_ARRAY(ctx->a, double, q->channels);
    for (int c = 0; c < q->channels; c++)
        ratio[c] = ratio_weighted(op, c);
    q->ratio = ratio;
    set_levels(ctx, op, q->channels);
    return true;
}

/* ---- operators that keep the quantization ------------------------------------------------------- */

static bool is_pool(const ir_op *op)
{
    return op->kind == OP_MAXPOOL || op->kind == OP_AVGPOOL || op->kind == OP_GLOBAL_MAXPOOL;
}

/* TFLite lets the scales around a pool differ by 1e-6. */
static bool nearly_same_quant(const ir_tensor *a, const ir_tensor *b)
{
    volatile float difference = act_scale(a) - act_scale(b);
    return a->type == b->type && act_zero(a) == act_zero(b) && fabs((double)difference) <= 1e-6;
}

static bool legal_pass(qctx *ctx, ir_op *op)
{
    const ir_tensor *in = op->in[0], *out = op->out[0];
    bool q31 = op->q->mode == IR_NUM_TFLM || op->q->mode == IR_NUM_SINGLE;
    op->q->channels = 1;
    if (same_quant(in, out) || (q31 && is_pool(op) && nearly_same_quant(in, out)))
        return true;
    diag_add(ctx, D_QUANT_MISMATCH, op->loc,
             "%s only moves codes, but '%s' (scale %.9g, zero point %d) and '%s' (%.9g, %d) differ",
             ir_opinfos[op->kind].word, in->name, (double)act_scale(in), act_zero(in), out->name,
             (double)act_scale(out), act_zero(out));
    return false;
}

/* In mode onnx an average is brought to other codes before it is rounded. */
static bool legal_avgpool(qctx *ctx, ir_op *op)
{
    if (op->q->mode != IR_NUM_ONNX || same_quant(op->in[0], op->out[0]) || op->in[0]->type != op->out[0]->type)
        return legal_pass(ctx, op);
    op->q->channels = 1;
    rescale_average(ctx, op);
    return true;
}

/* global_avgpool and reduce_mean; reduce_sum always. Rescales (MEAN) where the quantizations differ, and always in tflm and single. */
static bool legal_global_avgpool(qctx *ctx, ir_op *op)
{
    ir_iparams *q = op->q;
    bool q31 = q->mode == IR_NUM_TFLM || q->mode == IR_NUM_SINGLE;
    q->channels = 1;
    if (!q31 && op->kind != OP_REDUCE_SUM && same_quant(op->in[0], op->out[0]))
        return true;
    double *ratio = ARENA_NEW(ctx->a, double);
    *ratio = ratio_mean(op);
    q->ratio = ratio;
    return true;
}

/* ---- the others -------------------------------------------------------------------------------- */

static bool legal_add(qctx *ctx, ir_op *op)
{
    op->q->channels = 1;
    return rescale_add(ctx, op);
}

static bool legal_mul(qctx *ctx, ir_op *op)
{
    double *ratio = ARENA_NEW(ctx->a, double);
    *ratio = ratio_mul(op);
    op->q->channels = 1;
    op->q->ratio = ratio;
    return true;
}

/* The rescales themselves need bounds. */
static bool legal_concat(qctx *ctx, ir_op *op)
{
    op->q->channels = 1;
    op->q->each = ARENA_ARRAY(ctx->a, ir_rescale, op->n_in);
    return true;
}

static bool legal_unary(qctx *ctx, ir_op *op)
{
    return op->in[0]->type == IR_I16 || fill_unary(ctx, op);
}

static bool legal_argmax(qctx *ctx, ir_op *op)
{
    (void)ctx;
    op->q->channels = 1;
    return true;
}

typedef bool (*rule_fn)(qctx *, ir_op *);

static const rule_fn rules[OP_COUNT] = {
    [OP_CONV2D] = legal_weighted,
    [OP_DENSE] = legal_weighted,
    [OP_MAXPOOL] = legal_pass,
    [OP_AVGPOOL] = legal_avgpool,
    [OP_GLOBAL_AVGPOOL] = legal_global_avgpool,
    [OP_GLOBAL_MAXPOOL] = legal_pass,
    [OP_ADD] = legal_add,
    [OP_MUL] = legal_mul,
    [OP_CONCAT] = legal_concat,
    [OP_RESHAPE] = legal_pass,
    [OP_PAD] = legal_pass,
    [OP_RELU] = legal_unary,
    [OP_RELU6] = legal_unary,
    [OP_LEAKY_RELU] = legal_unary,
    [OP_SIGMOID] = legal_unary,
    [OP_TANH] = legal_unary,
    [OP_HARD_SWISH] = legal_unary,
    [OP_SOFTMAX] = fill_softmax,
    [OP_SUB] = legal_add,
    [OP_MINIMUM] = legal_concat,
    [OP_MAXIMUM] = legal_concat,
    [OP_SLICE] = legal_pass,
    [OP_TRANSPOSE] = legal_pass,
    [OP_REQUANTIZE] = legal_unary,
    [OP_ASSIGN] = legal_concat,
    [OP_REDUCE_SUM] = legal_global_avgpool,
    [OP_REDUCE_MEAN] = legal_global_avgpool,
    [OP_REDUCE_MAX] = legal_pass,
    [OP_REDUCE_MIN] = legal_pass,
    [OP_ARGMAX] = legal_argmax,
    [OP_DILATE] = legal_pass,
    [OP_PRELU] = legal_mul,
    [OP_L2_NORM] = check_l2_norm,
    [OP_RESIZE_NEAREST] = legal_pass,
    [OP_RESIZE_BILINEAR] = legal_pass,
    [OP_ELU] = legal_unary,
    [OP_GELU] = legal_unary,
    [OP_GELU_TANH] = legal_unary,
};

static bool legal_op(qctx *ctx, ir_op *op, ir_numerics mode)
{
    bool ok = true;
    for (int i = 0; i < activations(op); i++)
        ok = check_activation(ctx, op, op->in[i]) && ok;
    ok = (op->kind == OP_ARGMAX || check_activation(ctx, op, op->out[0])) && ok;
    op->q = ARENA_NEW(ctx->a, ir_iparams);
    op->q->mode = mode;
    if (!rules[op->kind])
        return refuse(ctx, op, "%s has no integer formula", ir_opinfos[op->kind].word);
    if (!ok || !check_int16(ctx, op))
        return false;
    set_common(op);
    return rules[op->kind](ctx, op);
}

bool legalize(qctx *ctx, ir_graph *g, ir_numerics numerics)
{
    bool ok = true;
    g->numerics = numerics;
    for (int i = 0; i < g->ops.n; i++)
        ok = legal_op(ctx, g->ops.v[i], numerics) && ok;
    if (!ok || !prove_bounds(ctx, g, false))
        return false;
    g->stage = IR_LEGAL;
    return true;
}
