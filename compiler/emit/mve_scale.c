/* mve_scale.c - accumulators to codes, four at a time.
 *
 * tflm: VQRDMULH is gemmlowp's rounding doubling high product, VRSHL the division by a power of two
 * with ties upward; ties of negative numbers go away from zero, so one is taken off these first,
 * which changes nothing else, and is left out where a relu clamps all that lies below the zero
 * point anyway. q32: VRMULH is the formula. single: the low word of the product P cannot change
 * (P + 2^(n-1)) >> n once n >= 33, so VMULH and VRSHL are exact; a smaller n becomes 33 by a left
 * shift of the accumulator, where its bound allows that. */
#include "compiler/emit/mve.h"

enum { WORD = 32, MAX_LEFT = 16 };

static int index_of(const ir_rescale *s, int c)
{
    return s->n == 1 ? 0 : c;
}

/* Left shift of the accumulator. In mode single it makes up for a right shift below 33. */
static int left_of(const ir_iparams *q, int c)
{
    int e = q->out.shift ? q->out.shift[index_of(&q->out, c)] : 0;
    int left = q->mode == IR_NUM_SINGLE ? e + 2 : e;
    return left > 0 ? left : 0;
}

/* Right shift of what the multiplication gives. */
static int right_of(const ir_iparams *q, int c)
{
    int e = q->out.shift ? q->out.shift[index_of(&q->out, c)] : 0;
    switch (q->mode) {
    case IR_NUM_TFLM:
        return e < 0 ? -e : 0;
    case IR_NUM_SINGLE:
        return 31 - e - WORD + left_of(q, c);
    default:
        return 0;
    }
}

bool mve_scale_applies(const ir_op *op)
{
    const ir_iparams *q = op->q;
    const ir_rescale *s = &q->out;
    if (s->n == 0 || q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 || q->bias_type != IR_I32 ||
        op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8)
        return false;
    for (int c = 0; c < s->n; ++c)
        if ((s->sat && s->sat[c]) || (s->down && s->down[c]))
            return false;
    for (int c = 0; c < q->channels && q->mode == IR_NUM_SINGLE; ++c)
        if (left_of(q, c) > MAX_LEFT || q->bound[c] > INT32_MAX >> left_of(q, c))
            return false;
    return true;
}

static const char *array_of(const mve_scale *s, int channels)
{
    const ir_iparams *q = s->op->q;
    arena *a = s->e->ctx->a;
    int groups = (channels + s->group - 1) / s->group, n = groups * s->group * s->numbers;
    int32_t *to = ARENA_ARRAY(a, int32_t, n);
    for (int c = 0; c < q->channels; ++c) {
        int32_t *at = &to[c / s->group * s->group * s->numbers + c % s->group];
        at[0] = (int32_t)q->bias[c];
        at[s->group] = q->out.mult[index_of(&q->out, c)];
        if (s->left)
            at[s->left * s->group] = left_of(q, c);
        if (s->right)
            at[s->right * s->group] = -right_of(q, c);
    }
    const char *comment = arena_printf(
        a, "[%d][%d numbers][%d channels]: bias (zero point folded in), multiplier%s%s", groups,
        s->numbers, s->group, s->left ? ", shift to the left before" : "",
        s->right ? ", shift after, negative: to the right" : "");
    return emit_array(s->e, EMIT_CONSTANT, op_base(s->e, s->op, "scale"), IR_I32, to, n, comment);
}

void mve_scale_init(mve_scale *s, emitter *e, const ir_op *op, int group, int channels)
{
    const ir_iparams *q = op->q;
    bool left = false, right = false;
    *s = (mve_scale){.e = e, .op = op, .group = group, .numbers = 2};
    for (int c = 0; c < q->channels; ++c) {
        left |= left_of(q, c) > 0;
        right |= right_of(q, c) > 0;
        s->mixed |= right_of(q, c) == 0;
    }
    s->correct = right && q->mode == IR_NUM_TFLM && q->lo != q->out_zero;
    if (left)
        s->left = s->numbers++;
    if (right)
        s->right = s->numbers++;
    s->array = array_of(s, channels);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The lanes are channels: numbers are vectors at `scale`. */
static void open_channels(const mve_scale *s, text *t)
{
    text_set(t, "bias", "vldrwq_s32(scale)");
    text_set(t, "mult", "vldrwq_s32(scale + %d)", MVE_LANES);
    text_set(t, "left", "vldrwq_s32(scale + %d)", s->left * MVE_LANES);
    text_set(t, "right", "vldrwq_s32(scale + %d)", s->right * MVE_LANES);
    text_put(
        t,
        "/* $layer$: sums of four neighbouring filters, whose numbers are at scale, to codes. */\n"
        "$U$_INLINE int32x4_t $codes$(int32x4_t sum, const int32_t *scale)\n"
        "{\n"
        "?shift_right|    const int32x4_t right = $right$;\n"
        "    sum = vaddq_s32(sum, $bias$);\n"
        "?shift_left|    sum = vshlq_s32(sum, $left$);\n"
        "    sum = $multiply$q_s32(sum, $mult$);\n");
}

/* The lanes are outputs of one channel: numbers are scalars. */
static void open_outputs(const mve_scale *s, text *t)
{
    bool scalar = s->op->q->mode == IR_NUM_TFLM;
    text_set(t, "multiplied", scalar ? "q_n_s32(sum, mult)" : "q_s32(sum, vdupq_n_s32(mult))");
    text_set(t, "left", "scale[%d]", s->left);
    text_set(t, "right", "scale[%d]", s->right);
    text_set(t, "parameters", "int32_t bias, int32_t mult%s%s", s->left ? ", int32_t left" : "",
             s->right ? ", int32_t right" : "");
    text_set(t, "scale_args", "bias, mult%s%s", s->left ? ", left" : "", s->right ? ", right" : "");
    text_set(t, "load_scale", "const int32_t bias = scale[0], mult = scale[1]%s%s;",
             s->left ? text_expand(t, ", left = $left$") : "",
             s->right ? text_expand(t, ", right = $right$") : "");
    text_put(t, "/* $layer$: sums of four outputs of a channel to codes. */\n"
                "$U$_INLINE int32x4_t $codes$(int32x4_t sum, $parameters$)\n"
                "{\n"
                "    sum = vaddq_n_s32(sum, bias);\n"
                "?shift_left|    sum = vshlq_r_s32(sum, left);\n"
                "    sum = $multiply$$multiplied$;\n");
}

void mve_scale_function(const mve_scale *s, text *t)
{
    static const char *const names[] = {
        [IR_NUM_Q32] = "vrmulh", [IR_NUM_TFLM] = "vqrdmulh", [IR_NUM_SINGLE] = "vmulh"};
    const ir_iparams *q = s->op->q;
    bool channels = s->group != 1;
    emit_use_helper(s->e, EH_MVE);
    text_set(t, "U", "%s", s->e->upper);
    text_set(t, "codes", "%s", op_aux(s->e, s->op, "codes"));
    text_set(t, "multiply", "%s", names[q->mode]);
    text_set(t, "shift_left", "%d", s->left);
    text_set(t, "shift_right", "%d", s->right);
    text_set(t, "numbers", "%d", s->numbers);
    text_set(t, "channels", "%d", channels);
    text_set(t, "correct", "%d", s->correct);
    text_set(t, "mixed", "%d", s->mixed);
    text_set(t, "zero", "%d", (int)q->out_zero);
    text_set(t, "lo", "%d", (int)q->lo);
    text_set(t, "hi", "%d", (int)q->hi);
    if (channels)
        open_channels(s, t);
    else
        open_outputs(s, t);
    text_set(t, "shifts", "%s", channels ? "right" : "vdupq_n_s32(right)");
    text_put(
        t, "?correct|    /* ties of negative numbers away from zero */\n"
           "?correct|?mixed|    sum = vaddq_s32(sum, vshrq_n_s32(vandq_s32(sum, $shifts$), 31));\n"
           "?correct|!mixed|    sum = vaddq_s32(sum, vshrq_n_s32(sum, 31));\n"
           "?shift_right|?channels|    sum = vrshlq_s32(sum, right);\n"
           "?shift_right|!channels|    sum = vrshlq_n_s32(sum, right);\n"
           "?zero|    sum = vqaddq_n_s32(sum, $zero$);\n"
           "    return vminq_s32(vmaxq_s32(sum, vdupq_n_s32($lo$)), vdupq_n_s32($hi$));\n"
           "}\n\n");
}
