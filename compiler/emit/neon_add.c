/* neon_add.c - add and sub of equal shapes on NEON, sixteen elements at a time.
 *
 * q32: one multiply-accumulate an operand in 32 bits, which the choice of the shift proves to fit.
 * tflm, single: each operand's code less its zero point, times 2^20, is rescaled, and so is the
 * sum; as all three only reduce, nothing saturates. */
#include "compiler/emit/neon.h"

static bool reduces(const ir_rescale *s)
{
    return s->n == 1 && s->shift[0] <= 0 && !(s->sat && s->sat[0]);
}

bool neon_takes_add(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    const ir_tensor *a = op->in[0], *b = op->in[1], *out = op->out[0];
    if (a->type != IR_I8 || b->type != IR_I8 || out->type != IR_I8 || a->kind == IR_CONST ||
        b->kind == IR_CONST || !ir_shape_eq(&a->shape, &out->shape) ||
        !ir_shape_eq(&b->shape, &out->shape))
        return false;
    if (q->mode == IR_NUM_Q32)
        return true;
    return (q->mode == IR_NUM_TFLM || q->mode == IR_NUM_SINGLE) && q->left_shift == 20 &&
           reduces(&q->in[0]) && reduces(&q->in[1]) && reduces(&q->out);
}

/* Lines that make R of `v`, which nothing saturates. */
static void put_rescale(const ir_op *op, const ir_rescale *s, text *t, const char *v)
{
    bool single = op->q->mode == IR_NUM_SINGLE;
    int right = -s->shift[0];
    text_set(t, "v", "%s", v);
    text_set(t, "mult", "%d", (int)s->mult[0]);
    text_set(t, "right", "%d", right);
    text_set(t, "away", "%d", right && !single);
    /* one rounding: floor(P / 2^31), then the rest (neon_scale.c) */
    text_set(t, "multiply", single && right ? "vqdmulhq_n_s32" : "vqrdmulhq_n_s32");
    text_put(t, "    $v$ = $multiply$($v$, $mult$);\n"
                "?away|    $v$ = vsraq_n_s32($v$, $v$, 31);\n"
                "?right|    $v$ = vrshrq_n_s32($v$, $right$);\n");
}

/* Four elements: their codes, less the zero points and times 2^5. */
static void put_quad_q31(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    text_put(t, "static inline int32x4_t $quad$(int16x4_t a, int16x4_t b)\n"
                "{\n"
                "    int32x4_t u = vshll_n_s16(a, 15), v = vshll_n_s16(b, 15);\n");
    put_rescale(op, &q->in[0], t, "u");
    put_rescale(op, &q->in[1], t, "v");
    text_set(t, "sum", op->kind == OP_SUB ? "vsubq_s32" : "vaddq_s32");
    text_put(t, "    u = $sum$(u, v);\n");
    put_rescale(op, &q->out, t, "u");
    text_put(t, "    return u;\n"
                "}\n\n");
}

/* Four elements: their codes. */
static void put_quad_q32(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    text_set(t, "start", "%d", (int)q->bias[0]);
    text_set(t, "ma", "%d", (int)q->in[0].mult[0]);
    text_set(t, "mb", "%d", (int)q->in[1].mult[0]);
    text_set(t, "shift", "%d", q->right_shift);
    text_put(t, "static inline int32x4_t $quad$(int16x4_t a, int16x4_t b)\n"
                "{\n"
                "    int32x4_t v = vmlaq_n_s32(vdupq_n_s32($start$), vmovl_s16(a), $ma$);\n"
                "    v = vmlaq_n_s32(v, vmovl_s16(b), $mb$);\n"
                "?shift|    return vshrq_n_s32(v, $shift$);\n"
                "!shift|    return v;\n"
                "}\n\n");
}

static void put_lanes(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    text_set(t, "q31", "%d", q->mode != IR_NUM_Q32);
    text_set(t, "za", "%d", (int)q->in_zero[0]);
    text_set(t, "zb", "%d", (int)q->in_zero[1]);
    text_put(
        t,
        "/* $layer$: sixteen elements. */\n"
        "static inline int8x16_t $lanes$(int8x16_t a, int8x16_t b)\n"
        "{\n"
        "?q31|    const int8x8_t za = vdup_n_s8($za$), zb = vdup_n_s8($zb$);\n"
        "?q31|    const int16x8_t a0 = vshlq_n_s16(vsubl_s8(vget_low_s8(a), za), 5);\n"
        "?q31|    const int16x8_t a1 = vshlq_n_s16(vsubl_s8(vget_high_s8(a), za), 5);\n"
        "?q31|    const int16x8_t b0 = vshlq_n_s16(vsubl_s8(vget_low_s8(b), zb), 5);\n"
        "?q31|    const int16x8_t b1 = vshlq_n_s16(vsubl_s8(vget_high_s8(b), zb), 5);\n"
        "!q31|    const int16x8_t a0 = vmovl_s8(vget_low_s8(a)), a1 = vmovl_s8(vget_high_s8(a));\n"
        "!q31|    const int16x8_t b0 = vmovl_s8(vget_low_s8(b)), b1 = vmovl_s8(vget_high_s8(b));\n"
        "    const int32x4_t v[4] = {$quad$(vget_low_s16(a0), vget_low_s16(b0)),\n"
        "                            $quad$(vget_high_s16(a0), vget_high_s16(b0)),\n"
        "                            $quad$(vget_low_s16(a1), vget_low_s16(b1)),\n"
        "                            $quad$(vget_high_s16(a1), vget_high_s16(b1))};\n"
        "    return $narrow$(v);\n"
        "}\n\n");
}

/* The output may lie over an input: nothing is computed again, so the last elements are taken
 * apart. */
static void put_loop(const ir_op *op, text *t)
{
    int64_t n = ir_elems(&op->out[0]->shape);
    text_set(t, "whole", "%lld", (long long)(n / NEON_BYTES * NEON_BYTES));
    text_set(t, "rest", "%d", (int)(n % NEON_BYTES));
    text_put(t, "?whole|    for (int32_t i = 0; i < $whole$; i += 16)\n"
                "?whole|        vst1q_s8(out + i, $lanes$(vld1q_s8(in0 + i), vld1q_s8(in1 + i)));\n"
                "?rest|    int8_t a[16] = {0}, b[16] = {0};\n"
                "?rest|    for (int32_t i = 0; i < $rest$; ++i) {\n"
                "?rest|        a[i] = in0[$whole$ + i];\n"
                "?rest|        b[i] = in1[$whole$ + i];\n"
                "?rest|    }\n"
                "?rest|    $P$_store(out + $whole$, $lanes$(vld1q_s8(a), vld1q_s8(b)), $rest$);\n");
}

bool neon_print_add(emitter *e, const ir_op *op)
{
    bool q32 = op->q->mode == IR_NUM_Q32;
    text t;
    op_begin(e, op, &t);
    if (ir_elems(&op->out[0]->shape) % NEON_BYTES)
        emit_use_helper(e, EH_NEON_STORE);
    text_set(&t, "lanes", "%s", op_aux(e, op, "lanes"));
    text_set(&t, "quad", "%s", op_aux(e, op, "quad"));
    text_put(
        &t,
        q32 ? "/* $layer$: four elements, from their codes. */\n"
            : "/* $layer$: four elements, from their codes less the zero points, times 2^5. */\n");
    if (q32)
        put_quad_q32(op, &t);
    else
        put_quad_q31(op, &t);
    neon_narrow_function(e, op, &t, NEON_LANES, q32 ? 0 : op->q->out_zero);
    put_lanes(op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    put_loop(op, &t);
    op_close(&t);
    return true;
}
