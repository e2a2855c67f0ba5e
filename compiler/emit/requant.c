/* requant.c - the text of requantization: accumulator -> code, by numerics mode (docs/numerics.md).
 *
 * What the bounds prove away is not printed: no saturation, no shift where it is zero, one literal
 * where all channels agree. q32 carries the zero point in the added constant; the other modes clamp R
 * to [lo - zero, hi - zero] first, so that no sum can leave 32 bits. */
#include "compiler/emit/ops.h"

#include <string.h>

/* ---- constants as C spells them ----------------------------------------------------------- */

const char *c_int(arena *a, int64_t v)
{
    if (v == INT64_MIN)
        return "(-INT64_C(9223372036854775807) - 1)";
    if (v == INT32_MIN)
        return "(-2147483647 - 1)";
    if (v < INT32_MIN || v > INT32_MAX)
        return arena_printf(a, "INT64_C(%lld)", (long long)v);
    return arena_printf(a, "%lld", (long long)v);
}

const char *c_float(arena *a, float v)
{
    buf b;
    buf_init(&b, a);
    buf_float(&b, v);
    buf_puts(&b, "f");
    return buf_str(&b);
}

const char *centred(arena *a, const char *x, int32_t zero)
{
    if (zero == 0)
        return x;
    return arena_printf(a, zero < 0 ? "(%s + %d)" : "(%s - %d)", x, (int)(zero < 0 ? -zero : zero));
}

const char *acc_ctype(const ir_op *op)
{
    return !op->q ? "float" : op->q->acc_type == IR_I64 ? "int64_t" : "int32_t";
}

bool sums_fit(const ir_op *op)
{
    const ir_iparams *q = op->q;
    for (int c = 0; c < q->channels; ++c)
        if (q->bound[c] - (q->bias[c] < 0 ? -q->bias[c] : q->bias[c]) > INT32_MAX)
            return false;
    return q->out.n > 0;
}

/* ---- numbers per channel ------------------------------------------------------------------ */

const char *per_channel_at(arena *a, const per_channel *p, const char *index)
{
    return p->literal ? p->literal : arena_printf(a, "%s[%s]", p->array, index);
}

bool per_channel_is(const per_channel *p, const char *literal)
{
    return p->literal && strcmp(p->literal, literal) == 0;
}

/* Stores v[i] as `type` elements. */
static void *narrowed(arena *a, ir_type type, const int64_t *v, int n)
{
    void *p = arena_calloc(a, (size_t)n, ir_type_size(type));
    for (int i = 0; i < n; ++i) {
        if (type == IR_I8)
            ((int8_t *)p)[i] = (int8_t)v[i];
        else if (type == IR_I32)
            ((int32_t *)p)[i] = (int32_t)v[i];
        else
            ((int64_t *)p)[i] = v[i];
    }
    return p;
}

per_channel per_channel_i64(emitter *e, const char *base, ir_type type, const int64_t *v, int n,
                            const char *comment)
{
    int same = 1;
    while (same < n && v[same] == v[0])
        ++same;
    if (same == n)
        return (per_channel){.literal = c_int(e->ctx->a, v[0])};
    void *data = narrowed(e->ctx->a, type, v, n);
    return (per_channel){.array = emit_array(e, EMIT_CONSTANT, base, type, data, n, comment)};
}

static per_channel float_factors(requant *rq, const ir_op *op, const ir_rescale *s, const char *what)
{
    int same = 1;
    while (same < s->n && s->fscale[same] == s->fscale[0])
        ++same;
    if (same == s->n)
        return (per_channel){.literal = c_float(rq->e->ctx->a, s->fscale[0])};
    return (per_channel){.array = emit_array(rq->e, EMIT_CONSTANT, op_base(rq->e, op, what), IR_F32,
                                             s->fscale, s->n, "factor of each channel")};
}

/* ---- preparing ---------------------------------------------------------------------------- */

/* Left shifts (> 0) of a rescale, right shifts (> 0), multipliers, pre-shifts. */
typedef enum rescale_part { PART_MULT, PART_LEFT, PART_RIGHT, PART_DOWN } rescale_part;

static int64_t part_of(const ir_rescale *s, ir_numerics mode, rescale_part part, int i)
{
    int shift = s->shift ? s->shift[i] : 0;
    switch (part) {
    case PART_MULT:
        return s->mult[i];
    case PART_LEFT:
        return mode != IR_NUM_SINGLE && shift > 0 ? shift : 0;
    case PART_RIGHT:
        return mode == IR_NUM_SINGLE ? 31 - shift : shift < 0 ? -shift : 0;
    case PART_DOWN:
        break;
    }
    return s->down ? s->down[i] : 0;
}

static per_channel part_text(requant *rq, const ir_op *op, const ir_rescale *s, const char *what,
                             rescale_part part)
{
    static const struct {
        const char *name;
        ir_type type;
        const char *comment;
    } rows[] = {
        [PART_MULT] = {"mult", IR_I32, "multiplier of each channel"},
        [PART_LEFT] = {"left", IR_I8, "left shift of each channel's accumulator"},
        [PART_RIGHT] = {"right", IR_I8, "right shift of each channel's product"},
        [PART_DOWN] = {"down", IR_I8, "right shift of each channel's accumulator"},
    };
    arena *a = rq->e->ctx->a;
    int64_t *v = ARENA_ARRAY(a, int64_t, s->n);
    for (int i = 0; i < s->n; ++i)
        v[i] = part_of(s, rq->mode, part, i);
    const char *base = op_base(rq->e, op, arena_printf(a, "%s%s", what, rows[part].name));
    return per_channel_i64(rq->e, base, rows[part].type, v, s->n, rows[part].comment);
}

static void init_integer(requant *rq, const ir_op *op, const ir_rescale *s, const char *what)
{
    rq->mult = part_text(rq, op, s, what, PART_MULT);
    rq->left = part_text(rq, op, s, what, PART_LEFT);
    rq->right = part_text(rq, op, s, what, PART_RIGHT);
    rq->down = part_text(rq, op, s, what, PART_DOWN);
    rq->identity = per_channel_is(&rq->left, "0");
    rq->narrow = !per_channel_is(&rq->down, "0");
    for (int i = 0; i < s->n; ++i) {
        rq->saturate |= s->sat && s->sat[i];
        rq->grows |= rq->mode == IR_NUM_SINGLE && s->shift && s->shift[i] > 0;
    }
}

void requant_init(requant *rq, emitter *e, const ir_op *op, const ir_rescale *s, const char *what)
{
    const ir_iparams *q = op->q;
    *rq = (requant){.e = e, .mode = q->mode, .wide = q->acc_type == IR_I64, .zero = q->out_zero,
                    .lo = q->lo, .hi = q->hi, .type = emit_ctype(op->out[0]->type)};
    if (rq->mode == IR_NUM_ONNX)
        rq->fscale = float_factors(rq, op, s, arena_printf(e->ctx->a, "%sscale", what));
    else
        init_integer(rq, op, s, what);
}

/* ---- expressions -------------------------------------------------------------------------- */

static const char *at(const requant *rq, const per_channel *p, const char *channel)
{
    return per_channel_at(rq->e->ctx->a, p, channel);
}

/* The accumulator as the int32_t that is multiplied: shifted left, saturated where needed. */
static const char *multiplicand(const requant *rq, const char *acc, const char *channel)
{
    emitter *e = rq->e;
    arena *a = e->ctx->a;
    const char *left = at(rq, &rq->left, channel);
    if (rq->narrow) {
        emit_use_helper(e, EH_NARROW);
        acc = arena_printf(a, "%s_narrow(%s, %s)", e->prefix, acc, at(rq, &rq->down, channel));
    }
    if (rq->saturate) {
        emit_use_helper(e, EH_SHL_SAT);
        return arena_printf(a, "%s_shl_sat(%s, %s)", e->prefix, acc, left);
    }
    if (rq->wide && !rq->narrow)
        acc = arena_printf(a, "(int32_t)%s", acc);
    if (rq->identity)
        return acc;
    emit_use_helper(e, EH_SHL);
    return arena_printf(a, "%s_shl(%s, %s)", e->prefix, acc, left);
}

/* q32: R plus `zero`. */
static const char *q32_text(const requant *rq, const char *acc, const char *channel, int32_t zero)
{
    emitter *e = rq->e;
    arena *a = e->ctx->a;
    int64_t offset = (int64_t)zero * (INT64_C(1) << 32) + (INT64_C(1) << 31);
    emit_use_helper(e, EH_Q32);
    return arena_printf(a, "%s_q32(%s, %s, %s)", e->prefix, multiplicand(rq, acc, channel),
                        at(rq, &rq->mult, channel), c_int(a, offset));
}

const char *requant_raw(const requant *rq, const char *acc, const char *channel)
{
    emitter *e = rq->e;
    arena *a = e->ctx->a;
    if (rq->mode == IR_NUM_Q32)
        return q32_text(rq, acc, channel, 0);
    if (rq->mode == IR_NUM_ONNX) {
        emit_use_helper(e, EH_RINT);
        return arena_printf(a, "%s_rint((float)%s * %s)", e->prefix, acc,
                            at(rq, &rq->fscale, channel));
    }
    bool single = rq->mode == IR_NUM_SINGLE;
    emit_use_helper(e, !single ? EH_TFLM_MULTIPLY : rq->grows ? EH_SINGLE_SATURATE
                                                               : EH_SINGLE_MULTIPLY);
    return arena_printf(a, "%s_%s(%s, %s, %s)", e->prefix,
                        !single ? "tflm" : rq->grows ? "single_sat" : "single",
                        multiplicand(rq, acc, channel), at(rq, &rq->mult, channel),
                        at(rq, &rq->right, channel));
}

const char *clamp_code(emitter *e, const char *v, int32_t lo, int32_t hi, const char *type)
{
    emit_use_helper(e, EH_CLAMP);
    return arena_printf(e->ctx->a, "(%s)%s_clamp(%s, %d, %d)", type, e->prefix, v, (int)lo, (int)hi);
}

const char *requant_code(const requant *rq, const char *acc, const char *channel)
{
    emitter *e = rq->e;
    if (rq->mode == IR_NUM_Q32)
        return clamp_code(e, q32_text(rq, acc, channel, rq->zero), rq->lo, rq->hi, rq->type);
    const char *raw = requant_raw(rq, acc, channel);
    if (rq->zero == 0)
        return clamp_code(e, raw, rq->lo, rq->hi, rq->type);
    emit_use_helper(e, EH_CLAMP);
    return arena_printf(e->ctx->a, "(%s)(%s_clamp(%s, %d, %d) + %d)", rq->type, e->prefix, raw,
                        (int)(rq->lo - rq->zero), (int)(rq->hi - rq->zero), (int)rq->zero);
}

const char *requant_comment(emitter *e, const ir_op *op, const ir_rescale *s)
{
    int left = 0, saturating = 0, down = 0;
    for (int i = 0; i < s->n && op->q->mode != IR_NUM_ONNX; ++i) {
        left = s->shift && s->shift[i] > left ? s->shift[i] : left;
        down = s->down && s->down[i] > down ? s->down[i] : down;
        saturating += s->sat && s->sat[i];
    }
    return arena_printf(e->ctx->a, "%s, %d multiplier%s%s%s%s", ir_numerics_name(op->q->mode), s->n,
                        s->n == 1 ? "" : "s", left ? ", shifted left before" : "",
                        down ? ", accumulator brought to 32 bits" : "",
                        saturating ? ", saturating" : "");
}
