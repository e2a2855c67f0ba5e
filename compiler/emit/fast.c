/* fast.c - requantization in few instructions, where the bounds prove it for every channel.
 *
 * tflm: with h = acc*mult/2^31 rounded (SMMULR of twice acc), gemmlowp's division by 2^s, ties away
 * from zero, is (h + 2^(s-1) - (h < 0)) >> s. The sign of acc serves for that of h: they differ
 * only where h = 0, and there one less than 2^(s-1) still gives 0. The zero point is added before
 * the shift. Right for 1 <= s <= 23 and |acc| < 2^30. q32 is SMMLAR alone, single is SMMLA and a
 * shift. Channels whose code cannot change get weights 0, and a bias and a multiplier that give the
 * code. */
#include "compiler/emit/dsp.h"

enum { MAX_SHIFT = 23, QUARTER = 1 << 30 };

/* ---- channels with one code --------------------------------------------------------------------
 */

/* R of docs/numerics.md for tflm, no left shift. |acc| < 2^31. */
static int64_t tflm_value(int64_t acc, int64_t mult, int right)
{
    int64_t h = (acc * mult + (INT64_C(1) << 30)) >> 31;
    return right == 0 ? h : (h + (INT64_C(1) << (right - 1)) - (h < 0)) >> right;
}

static int rescale_index(const ir_rescale *s, int c)
{
    return s->n == 1 ? 0 : c;
}

/* Whether R is the same for every accumulator of the channel. */
static bool is_constant(const ir_iparams *q, int c, int64_t *value)
{
    int i = rescale_index(&q->out, c);
    if (q->mode != IR_NUM_TFLM || q->out.shift[i] > 0)
        return false;
    int64_t spread = q->bound[c] - (q->bias[c] < 0 ? -q->bias[c] : q->bias[c]);
    *value = tflm_value(q->bias[c] - spread, q->out.mult[i], -q->out.shift[i]);
    return *value == tflm_value(q->bias[c] + spread, q->out.mult[i], -q->out.shift[i]) &&
           *value > -(1 << 20) && *value < 1 << 20;
}

/* ---- which layers ------------------------------------------------------------------------------
 */

static bool channel_applies(const ir_iparams *q, int c)
{
    int i = rescale_index(&q->out, c), shift = q->out.shift[i];
    int64_t value;
    if (is_constant(q, c, &value))
        return true;
    if (q->out.sat && q->out.sat[i])
        return false;
    switch (q->mode) {
    case IR_NUM_TFLM:
        return -shift >= 1 && -shift <= MAX_SHIFT && q->bound[c] < QUARTER;
    case IR_NUM_SINGLE:
        return -1 - shift >= 1 && -1 - shift <= MAX_SHIFT;
    case IR_NUM_Q32:
        return !q->out.down || q->out.down[i] == 0;
    default:
        return false;
    }
}

bool fast_applies(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    if (q->acc_type != IR_I32 || q->out.n == 0 || op->out[0]->type != IR_I8)
        return false;
    for (int c = 0; c < q->channels; ++c)
        if (!channel_applies(q, c))
            return false;
    return true;
}

bool fast_has_constant(const emitter *e, const ir_op *op)
{
    int64_t value;
    if (!fast_applies(e, op))
        return false;
    for (int c = 0; c < op->q->channels; ++c)
        if (is_constant(op->q, c, &value))
            return true;
    return false;
}

/* ---- arrays ------------------------------------------------------------------------------------
 */

static int32_t wrapped(int64_t v)
{
    return (int32_t)(uint32_t)(uint64_t)v;
}

/* Bias and multiplier of channel c, its shift. */
static void fill_channel(const fast_rescale *f, int c, int32_t *scale, int64_t *shift)
{
    const ir_iparams *q = f->op->q;
    int i = rescale_index(&q->out, c), e = q->out.shift ? q->out.shift[i] : 0;
    int64_t value;
    if (f->fast && is_constant(q, c, &value)) {
        scale[0] = wrapped(value * 4 * (f->doubled ? 2 : 1)); /* h = 2 * value */
        scale[1] = 1 << 30;
        *shift = 1;
        return;
    }
    scale[0] = wrapped(q->bias[c] * (f->doubled ? 2 : 1));
    scale[1] = f->fast ? q->out.mult[i] : 0;
    *shift = q->mode == IR_NUM_TFLM ? -e : q->mode == IR_NUM_SINGLE ? -1 - e : e;
}

static void fill_constant(fast_rescale *f)
{
    const ir_iparams *q = f->op->q;
    bool *constant = ARENA_ARRAY(f->e->ctx->a, bool, q->channels);
    int64_t value;
    for (int c = 0; c < q->channels && f->fast; ++c)
        constant[c] = is_constant(q, c, &value);
    f->constant = constant;
}

/* Whether all numbers that are multiplied stay below 2^29. */
static bool is_small(const ir_iparams *q)
{
    int64_t value;
    for (int c = 0; c < q->channels; ++c) {
        int i = rescale_index(&q->out, c), left = q->mode == IR_NUM_TFLM ? 1 : q->out.shift[i];
        if (q->mode == IR_NUM_SINGLE || left > 28 ||
            (q->bound[c] >= 1 << (29 - left) && !is_constant(q, c, &value)))
            return false;
    }
    return true;
}

/* Biases alone where all channels of the layer have one multiplier, which becomes a literal. */
static bool share_multiplier(fast_rescale *f, const int32_t *scale, int channels)
{
    const ir_iparams *q = f->op->q;
    int32_t *bias = ARENA_ARRAY(f->e->ctx->a, int32_t, channels);
    for (int c = 0; c < channels; ++c)
        bias[c] = scale[2 * c];
    for (int c = 1; c < q->channels; ++c)
        if (scale[2 * c + 1] != scale[1])
            return false;
    f->mult = c_int(f->e->ctx->a, scale[1]);
    f->scale = emit_array(f->e, EMIT_CONSTANT, op_base(f->e, f->op, "bias"), IR_I32, bias, channels,
                          f->doubled ? "twice the bias of each channel (zero point folded in)"
                                     : "bias of each channel (zero point folded in)");
    return true;
}

static void init(fast_rescale *f, emitter *e, const ir_op *op, int channels, bool doubled,
                 bool share)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    *f = (fast_rescale){.e = e, .op = op, .fast = fast_applies(e, op)};
    f->doubled = doubled && f->fast && q->mode == IR_NUM_TFLM;
    f->small = f->fast && emit_find_target(e->o->target)->cost.narrow && is_small(q);
    fill_constant(f);
    int32_t *scale = ARENA_ARRAY(a, int32_t, 2 * channels);
    int64_t *shift = ARENA_ARRAY(a, int64_t, channels);
    for (int c = 0; c < q->channels; ++c)
        fill_channel(f, c, &scale[2 * c], &shift[c]);
    for (int c = q->channels; c < channels; ++c)
        shift[c] = shift[0];
    if (!share || !share_multiplier(f, scale, channels))
        f->scale = emit_array(
            e, EMIT_CONSTANT, op_base(e, op, "scale"), IR_I32, scale, 2 * channels,
            f->doubled ? "twice the bias (zero point folded in) and multiplier of each channel"
                       : "bias (zero point folded in) and multiplier of each channel");
    if (f->fast)
        f->shift = per_channel_i64(e, op_base(e, op, "shift"), IR_I8, shift, channels,
                                   "shift of each channel");
    else
        requant_init(&f->general, e, op, &q->out, "");
}

void fast_init(fast_rescale *f, emitter *e, const ir_op *op, int channels, bool doubled)
{
    init(f, e, op, channels, doubled, false);
}

void fast_init_shared(fast_rescale *f, emitter *e, const ir_op *op, int channels, bool doubled)
{
    init(f, e, op, channels, doubled, true);
}

const char *fast_depthwise_weights(const fast_rescale *f)
{
    arena *a = f->e->ctx->a;
    const ir_tensor *w = ir_weight(f->op);
    int64_t n = ir_elems(&w->shape), channels = f->op->q->channels, taps = n / channels;
    const int8_t *from = w->data;
    int8_t *to = ARENA_ARRAY(a, int8_t, n);
    for (int64_t i = 0; i < n; ++i)
        to[i] = f->constant[i / taps] ? 0 : from[i];
    return weight_array(f->e, f->op, to,
                        arena_printf(a, "[channel %d][tap %d]", (int)channels, (int)taps));
}

/* ---- text --------------------------------------------------------------------------------------
 */

const char *fast_code(const fast_rescale *f, const char *acc, const char *channel, const char *mult)
{
    emitter *e = f->e;
    arena *a = e->ctx->a;
    const ir_iparams *q = f->op->q;
    if (!f->fast)
        return requant_code(&f->general, acc, channel);
    const char *shift = per_channel_at(a, &f->shift, channel), *v;
    if (q->mode == IR_NUM_Q32) {
        emit_use_helper(e, f->small ? EH_SMALL : EH_DSP_SMMLAR);
        if (!per_channel_is(&f->shift, "0")) {
            emit_use_helper(e, EH_SHL);
            acc = arena_printf(a, "%s_shl(%s, %s)", e->prefix, acc, shift);
        }
        v = arena_printf(a, "%s_%s(%s, %s, %d)", e->prefix, f->small ? "small" : "smmlar", acc,
                         mult, (int)q->out_zero);
    } else {
        bool single = q->mode == IR_NUM_SINGLE;
        emit_use_helper(e, single ? EH_DSP_SINGLE : f->small ? EH_SMALL_TFLM : EH_DSP_TFLM);
        if (!single && !f->doubled) {
            emit_use_helper(e, EH_SHL);
            acc = arena_printf(a, "%s_shl(%s, 1)", e->prefix, acc);
        }
        const char *name = single ? "fast_single" : f->small ? "small_tflm" : "fast_tflm";
        v = arena_printf(a, "%s_%s(%s, %s, %s, %d)", e->prefix, name, acc, mult, shift,
                         (int)q->out_zero);
    }
    if (q->lo != INT8_MIN || q->hi != INT8_MAX)
        return clamp_code(e, v, q->lo, q->hi, "int8_t");
    emit_use_helper(e, EH_DSP_SSAT8);
    return arena_printf(a, "(int8_t)%s_ssat8(%s)", e->prefix, v);
}
