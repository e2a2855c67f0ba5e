/* x86_scale.c - requantization of many channels at once: numbers in rows, and the steps that a
 * layer needs.
 *
 * The product of a sum and its multiplier is taken to its upper half (helpers upper, doubled):
 *   q32      v = (sum << k) * m, rounded at 2^32; code = zero + v
 *   tflm     v = (sum << e + 1) * m, rounded at 2^32 (sum << e rounded at 2^31 where the bounds
 * forbid doubling); code = zero + (v + half - (v < 0)) >> n single   v = (sum << l) * m, l the
 * least that leaves n >= 1, cut at 2^32; code = zero + (v + half) >> n half is 2^(n-1), with zero
 * << n added where that fits. Where zero is the least code, ties below zero do not show, and
 * `- (v < 0)` is left out. Packing to bytes saturates. */
#include "compiler/emit/dots.h"
#include "compiler/emit/x86.h"

typedef struct channel {
    int left, right;
    int64_t add;  /* before the right shift: half */
    int64_t most; /* |v| after it was multiplied */
} channel;

/* Of one layer: what is the same for all its channels. */
typedef struct steps {
    bool doubled;   /* tflm: rounded at 2^31 */
    bool folded;    /* zero is part of the row `add` */
    bool sign, mix; /* tflm: ties away from zero, with right shifts of 0 among others */
    bool shifts, adds;
    int left; /* -1: of each channel */
} steps;

static channel channel_of(const ir_iparams *q, int c, bool doubled)
{
    int i = q->out.n == 1 ? 0 : c, shift = q->out.shift ? q->out.shift[i] : 0;
    channel k = {shift > 0 ? shift : 0, shift < 0 ? -shift : 0, 0, 0};
    if (q->mode == IR_NUM_SINGLE) {
        k.left = shift > -2 ? shift + 2 : 0;
        k.right = k.left - shift - 1;
    } else if (q->mode == IR_NUM_TFLM) {
        k.left += !doubled;
    }
    k.add = k.right > 0 ? INT64_C(1) << (k.right - 1) : 0;
    k.most = q->bound[c] <= INT32_MAX >> k.left
                 ? ((q->bound[c] << k.left) * q->out.mult[i] >> (31 + !doubled)) + 1
                 : INT64_MAX / 2;
    return k;
}

/* Whether neither the shift to the left nor the sum before that to the right leaves 32 bits, nor
 * the zero point added behind. */
static bool channel_fits(const ir_iparams *q, int c, bool doubled)
{
    int i = q->out.n == 1 ? 0 : c;
    if ((q->out.sat && q->out.sat[i]) || (q->out.down && q->out.down[i]))
        return false;
    channel k = channel_of(q, c, doubled);
    return k.left < 32 && k.right < 32 && k.most + k.add <= INT32_MAX - (1 << 16);
}

static bool all_fit(const ir_iparams *q, bool doubled)
{
    for (int c = 0; c < q->channels; ++c)
        if (!channel_fits(q, c, doubled))
            return false;
    return true;
}

static bool zero_fits(const ir_iparams *q, bool doubled)
{
    int64_t zero = q->out_zero < 0 ? -(int64_t)q->out_zero : q->out_zero;
    for (int c = 0; c < q->channels; ++c) {
        channel k = channel_of(q, c, doubled);
        if (k.most + k.add + (zero << k.right) > INT32_MAX)
            return false;
    }
    return true;
}

static steps steps_of(const ir_iparams *q)
{
    steps s = {0};
    int least = 31;
    s.doubled = q->mode == IR_NUM_TFLM && !all_fit(q, false);
    s.folded = zero_fits(q, s.doubled);
    for (int c = 0; c < q->channels; ++c) {
        channel k = channel_of(q, c, s.doubled);
        s.left = c == 0 || k.left == s.left ? k.left : -1;
        s.shifts |= k.right > 0;
        s.adds |= k.add != 0;
        least = k.right < least ? k.right : least;
    }
    s.left = s.left > 1 ? -1 : s.left;
    s.adds |= s.folded && q->out_zero != 0;
    s.sign = q->mode == IR_NUM_TFLM && s.shifts && q->lo != q->out_zero;
    s.mix = least == 0;
    return s;
}

bool x86_scales(const ir_op *op)
{
    const ir_iparams *q = op->q;
    if (q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 || !sums_fit(op))
        return false;
    return all_fit(q, false) || (q->mode == IR_NUM_TFLM && all_fit(q, true));
}

static int32_t wrapped(int64_t v)
{
    return (int32_t)(uint32_t)(uint64_t)v;
}

/* Rows of one channel; `at` is its place in the first row. */
static void fill_channel(const ir_op *op, const steps *s, int c, int64_t extra, int32_t *at)
{
    const ir_iparams *q = op->q;
    channel k = channel_of(q, c, s->doubled);
    at[0] = wrapped(q->bias[c] + extra);
    at[X86_BLOCK] = q->out.mult[q->out.n == 1 ? 0 : c];
    at[2 * X86_BLOCK] = k.left;
    at[3 * X86_BLOCK] = k.right;
    at[4 * X86_BLOCK] =
        (int32_t)(k.add + (s->folded ? (int64_t)q->out_zero * (INT64_C(1) << k.right) : 0));
}

static void set_steps(text *t, const ir_iparams *q, const steps *s)
{
    const struct {
        const char *key;
        bool value;
    } vars[] = {{"each_left", s->left < 0},   {"twice", s->left == 1},
                {"doubled", s->doubled},      {"sign", s->sign && !s->mix},
                {"mixed", s->sign && s->mix}, {"adds", s->adds},
                {"shifts", s->shifts},        {"plus", !s->folded && q->out_zero != 0}};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%d", vars[i].value);
    text_set(t, "up", "%s", q->mode == IR_NUM_SINGLE ? "0" : "INT64_C(1) << 31");
    text_set(t, "zero_point", "%d", (int)q->out_zero);
    text_set(t, "limits", "%d, %d", (int)q->lo, (int)q->hi);
}

static void put_codes(emitter *e, const ir_op *op, text *t, const steps *s)
{
    emit_use_helper(e, s->doubled ? EH_X86_DOUBLED : EH_X86_UPPER);
    if (s->left < 0 || s->shifts)
        emit_use_helper(e, EH_X86_SHIFT);
    if (s->sign && s->mix)
        emit_use_helper(e, EH_X86_TIES);
    emit_use_helper(e, op->out[0]->type == IR_I16 ? EH_X86_STORE_WIDE : EH_X86_PACKED);
    set_steps(t, op->q, s);
    text_set(t, "codes", "%s", op_aux(e, op, "codes"));
    text_put(t, "/* $layer$: sums of $U$_LANES channels requantized; packing saturates them. */\n"
                "static inline $P$_lanes $codes$($P$_lanes v, const int32_t *scale)\n"
                "{\n"
                "?twice|    v = $U$_ADD(v, v);\n"
                "?each_left|    v = $U$_SHL(v, scale + 32);\n"
                "?doubled|    v = $P$_doubled(v, scale + 16);\n"
                "!doubled|    v = $P$_upper(v, scale + 16, $up$);\n"
                "?sign|    v = $U$_ADD(v, $U$_SIGN(v)); /* ties away from zero */\n"
                "?mixed|    v = $P$_ties(v, scale + 48);\n"
                "?adds|    v = $U$_ADD(v, $U$_LOAD(scale + 64));\n"
                "?shifts|    v = $U$_SRA(v, scale + 48);\n"
                "?plus|    v = $U$_ADD(v, $U$_ALL($zero_point$));\n"
                "    return v;\n"
                "}\n\n");
}

/* What sums begin with, and the code of one. Where they have 64 bits, biases are added behind. */
static void put_plain(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                      int blocks, const char *place)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    requant rq;
    bool wide = q->acc_type == IR_I64;
    int32_t *v = ARENA_ARRAY(a, int32_t, blocks * X86_BLOCK);
    for (int p = 0; p < blocks * X86_BLOCK; ++p) {
        int c = order ? order[p] : p < q->channels ? p : -1;
        if (c >= 0)
            v[p] = wrapped((wide ? 0 : q->bias[c]) + (extra ? extra[c] : 0));
    }
    text_set(t, "scale", "%s",
             emit_array(e, EMIT_CONSTANT, op_base(e, op, "start"), IR_I32, v, blocks * X86_BLOCK,
                        "what the sums of 16 channels begin with"));
    emit_use_helper(e, EH_X86_PACKED);
    requant_init(&rq, e, op, &q->out, "");
    const char *sum = "sum[i]";
    if (wide) {
        per_channel bias = bias_values(e, op);
        sum = arena_printf(a, "((int64_t)%s + sum[i])", per_channel_at(a, &bias, place));
    }
    text_set(t, "finished", "%s", requant_code(&rq, sum, place));
    text_set(t, "finish", "%s", op_aux(e, op, "finish"));
}

void x86_put_scale(emitter *e, const ir_op *op, text *t, const int64_t *extra, const int *order,
                   int blocks, const char *place)
{
    int n = blocks * X86_BLOCK * X86_SCALE_ROWS;
    text_set(t, "U", "%s", e->upper);
    if (!x86_scales(op)) {
        put_plain(e, op, t, extra, order, blocks, place);
        return;
    }
    steps s = steps_of(op->q);
    int32_t *v = ARENA_ARRAY(e->ctx->a, int32_t, n);
    for (int p = 0; p < blocks * X86_BLOCK; ++p) {
        int c = order ? order[p] : p < op->q->channels ? p : -1;
        if (c >= 0)
            fill_channel(op, &s, c, extra ? extra[c] : 0,
                         &v[p / X86_BLOCK * X86_BLOCK * X86_SCALE_ROWS + p % X86_BLOCK]);
    }
    text_set(t, "scale", "%s",
             emit_array(e, EMIT_CONSTANT, op_base(e, op, "scale"), IR_I32, v, n,
                        "bias (zero point folded in), multiplier, left and right shift, what is "
                        "added before the last: "
                        "rows of 16"));
    put_codes(e, op, t, &s);
}
