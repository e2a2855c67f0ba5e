/* neon_scale.c - accumulators to codes on NEON, four at a time, exactly in modes q32, tflm, single.
 *
 * tflm: SQRDMULH is gemmlowp's rounding doubling high product, SRSHL by a negative number the
 * division by a power of two with ties upward; ties of negative numbers go away from zero, so one
 * is taken off these first, which changes nothing else, and is left out where a relu clamps all
 * that lies below the zero point anyway. single: one rounding of P / 2^n. SQDMULH is floor(P /
 * 2^31), and rounding that by n - 31 is exact from n = 32 on; a smaller n is brought there by a
 * shift of the accumulator to the left. q32: the upper word of the product by SMULL and RSHRN;
 * where every channel's accumulator is shifted to the left anyway, one bit of that may be the
 * doubling of SQRDMULH. Shifts to the left saturate (SQSHL): what leaves 32 bits is beyond every
 * code in all modes, as its multiplier is at least 2^30. */
#include "compiler/emit/neon.h"

static int index_of(const ir_rescale *s, int c)
{
    return s->n == 1 ? 0 : c;
}

static int shift_of(const ir_iparams *q, int c)
{
    return q->out.shift ? q->out.shift[index_of(&q->out, c)] : 0;
}

/* Shift to the left of the accumulator. */
static int left_of(const neon_scale *s, int c)
{
    const ir_iparams *q = s->op->q;
    int e = shift_of(q, c), left = q->mode == IR_NUM_SINGLE ? e + 1 : e - s->doubled;
    return left > 0 ? left : 0;
}

/* Rounding shift to the right of what the multiplication gives. */
static int right_of(const neon_scale *s, int c)
{
    const ir_iparams *q = s->op->q;
    int e = shift_of(q, c);
    switch (q->mode) {
    case IR_NUM_TFLM:
        return e < 0 ? -e : 0;
    case IR_NUM_SINGLE:
        return left_of(s, c) - e;
    default:
        return 0;
    }
}

bool neon_scales(const ir_op *op)
{
    const ir_iparams *q = op->q;
    if (q->out.n == 0 || q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 ||
        op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8)
        return false;
    for (int c = 0; c < q->out.n; ++c)
        if (q->out.down && q->out.down[c])
            return false;
    return true;
}

static void put_array(const neon_scale *s, text *t, const int *order, int quads,
                      const int32_t *offsets)
{
    const ir_iparams *q = s->op->q;
    arena *a = s->e->ctx->a;
    int n = quads * NEON_LANES * s->numbers;
    int32_t *v = ARENA_ARRAY(a, int32_t, n);
    for (int p = 0; p < quads * NEON_LANES; ++p) {
        int c = order ? order[p] : p < q->channels ? p : -1;
        int32_t *at = &v[p / NEON_LANES * NEON_LANES * s->numbers + p % NEON_LANES];
        if (c < 0)
            continue;
        at[0] = (int32_t)q->bias[c];
        at[NEON_LANES] = q->out.mult[index_of(&q->out, c)];
        if (s->left)
            at[s->left * NEON_LANES] = left_of(s, c);
        if (s->right)
            at[s->right * NEON_LANES] = -right_of(s, c);
        if (s->offset)
            at[s->offset * NEON_LANES] = offsets[c];
    }
    const char *comment = arena_printf(
        a, "[%d][%d numbers][4 channels]: bias (zero point folded in), multiplier%s%s%s", quads,
        s->numbers, s->left ? ", shift to the left before" : "",
        s->right ? ", shift after, negative: to the right" : "",
        s->offset ? ", offset of the weights" : "");
    text_set(t, "scale", "%s",
             emit_array(s->e, EMIT_CONSTANT, op_base(s->e, s->op, "scale"), IR_I32, v, n, comment));
    text_set(t, "numbers", "%d", s->numbers * NEON_LANES);
}

void neon_scale_init(neon_scale *s, emitter *e, const ir_op *op, text *t, const int *order,
                     int quads, const int32_t *offsets)
{
    const ir_iparams *q = op->q;
    bool left = false, right = false, same = true;
    *s = (neon_scale){.e = e, .op = op, .numbers = 2, .doubled = q->mode == IR_NUM_Q32};
    for (int c = 0; c < q->channels; ++c)
        s->doubled &= shift_of(q, c) > 0;
    for (int c = 0; c < q->channels; ++c) {
        left |= left_of(s, c) > 0;
        right |= right_of(s, c) > 0;
        same &= right_of(s, c) == right_of(s, 0);
    }
    s->correct = right && q->mode == IR_NUM_TFLM && q->lo != q->out_zero;
    if (left)
        s->left = s->numbers++;
    if (right && same)
        s->all_right = right_of(s, 0);
    else if (right)
        s->right = s->numbers++;
    if (offsets)
        s->offset = s->numbers++;
    text_set(t, "offset", "%d", s->offset * NEON_LANES);
    put_array(s, t, order, quads, offsets);
}

/* ---- text ------------------------------------------------------------------------------------ */

void neon_narrow_function(emitter *e, const ir_op *op, text *t, int quads, int32_t zero)
{
    const ir_iparams *q = op->q;
    text_set(t, "narrow", "%s", op_aux(e, op, "narrow"));
    text_set(t, "quads", "%d", quads);
    text_set(t, "two", "%d", quads > 1);
    text_set(t, "three", "%d", quads > 2);
    text_set(t, "four", "%d", quads > 3);
    text_set(t, "zero", "%d", (int)zero);
    text_set(t, "lo", "%d", (int)q->lo);
    text_set(t, "hi", "%d", (int)q->hi);
    text_set(t, "over", "%d", q->lo > INT8_MIN);
    text_set(t, "under", "%d", q->hi < INT8_MAX);
    text_put(t, "/* $layer$: $quads$ vectors as codes. */\n"
                "static inline int8x16_t $narrow$(const int32x4_t *v)\n"
                "{\n"
                "?two|    int16x8_t a = vqmovn_high_s32(vqmovn_s32(v[0]), v[1]);\n"
                "!two|    int16x8_t a = vcombine_s16(vqmovn_s32(v[0]), vdup_n_s16(0));\n"
                "?four|    int16x8_t b = vqmovn_high_s32(vqmovn_s32(v[2]), v[3]);\n"
                "?three|!four|    int16x8_t b = vcombine_s16(vqmovn_s32(v[2]), vdup_n_s16(0));\n"
                "?zero|    a = vqaddq_s16(a, vdupq_n_s16($zero$));\n"
                "?zero|?three|    b = vqaddq_s16(b, vdupq_n_s16($zero$));\n"
                "?three|    int8x16_t codes = vqmovn_high_s16(vqmovn_s16(a), b);\n"
                "!three|    int8x16_t codes = vcombine_s8(vqmovn_s16(a), vdup_n_s8(0));\n"
                "?over|    codes = vmaxq_s8(codes, vdupq_n_s8($lo$));\n"
                "?under|    codes = vminq_s8(codes, vdupq_n_s8($hi$));\n"
                "    return codes;\n"
                "}\n\n");
}

void neon_scale_functions(const neon_scale *s, text *t, int quads)
{
    const ir_iparams *q = s->op->q;
    text_set(t, "codes", "%s", op_aux(s->e, s->op, "codes"));
    text_set(t, "long", "%d", q->mode == IR_NUM_Q32 && !s->doubled);
    text_set(t, "multiply", q->mode == IR_NUM_SINGLE ? "vqdmulhq_s32" : "vqrdmulhq_s32");
    text_set(t, "left", "%d", s->left * NEON_LANES);
    text_set(t, "right", "%d", s->right * NEON_LANES);
    text_set(t, "all_right", "%d", s->all_right);
    text_set(t, "correct", "%d", s->correct);
    text_put(
        t,
        "/* $layer$: sums of four neighbouring channels, whose numbers are at scale, rescaled. */\n"
        "static inline int32x4_t $codes$(int32x4_t sum, const int32_t *scale)\n"
        "{\n"
        "    const int32x4_t mult = vld1q_s32(scale + 4);\n"
        "?right|    const int32x4_t right = vld1q_s32(scale + $right$);\n"
        "?left|    sum = vqshlq_s32(sum, vld1q_s32(scale + $left$));\n"
        "!long|    sum = $multiply$(sum, mult);\n"
        "?long|    const int64x2_t low = vmull_s32(vget_low_s32(sum), vget_low_s32(mult));\n"
        "?long|    sum = vrshrn_high_n_s64(vrshrn_n_s64(low, 32), vmull_high_s32(sum, mult), 32);\n"
        "?correct|    /* ties of negative numbers away from zero */\n"
        "?correct|?right|    sum = vsraq_n_s32(sum, vandq_s32(sum, right), 31);\n"
        "?correct|?all_right|    sum = vsraq_n_s32(sum, sum, 31);\n"
        "?right|    sum = vrshlq_s32(sum, right);\n"
        "?all_right|    sum = vrshrq_n_s32(sum, $all_right$);\n"
        "    return sum;\n"
        "}\n\n");
    neon_narrow_function(s->e, s->op, t, quads, q->out_zero);
}
