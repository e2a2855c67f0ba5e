/* neon_add.c - add, sub and mul on NEON, sixteen elements at a time.
 *
 * q32: one multiply-accumulate an operand in 32 bits, which the choice of the shift proves to fit.
 * tflm, single: each operand's code less its zero point, times 2^20, is rescaled, and so is the
 * sum; as all three only reduce, nothing saturates. mul: products of codes less their zero points
 * have 16 bits and a sign, so that their rescaling does not saturate either. */
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/neon.h"

static bool reduces(const ir_rescale *s)
{
    return s->n == 1 && s->shift[0] <= 0 && !(s->sat && s->sat[0]);
}

static bool multiplies(const ir_op *op)
{
    const ir_iparams *q = op->q;
    const ir_rescale *s = &q->out;
    if (q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 || s->n != 1 || (s->down && s->down[0]))
        return false;
    if (q->mode == IR_NUM_Q32)
        return !(s->sat && s->sat[0]);
    return reduces(s);
}

bool neon_takes_add(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    eltwise_rows r;
    if (op->in[0]->type != IR_I8 || op->in[1]->type != IR_I8 || op->out[0]->type != IR_I8 ||
        !eltwise_rows_of(op, &r))
        return false;
    if (op->kind == OP_MUL)
        return multiplies(op);
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

/* Four elements, from codes less the zero points: their codes less the zero point. q32: the product
 * is shifted to the left by one less, the other bit being SQRDMULH's; where it is not shifted,
 * SQDMULH cuts at 2^31 and one more bit is rounded. */
static void put_quad_mul(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    int shift = q->mode == IR_NUM_Q32 ? q->out.shift[0] : 1;
    text_set(t, "left", "%d", shift ? shift - 1 : 0);
    text_set(t, "half", "%d", shift == 0);
    text_put(t, "static inline int32x4_t $quad$(int16x4_t a, int16x4_t b)\n"
                "{\n"
                "    int32x4_t v = vmull_s16(a, b);\n"
                "?left|    v = vshlq_n_s32(v, $left$);\n");
    if (q->mode == IR_NUM_Q32) {
        text_set(t, "mult", "%d", (int)q->out.mult[0]);
        text_put(t, "!half|    v = vqrdmulhq_n_s32(v, $mult$);\n"
                    "?half|    v = vrshrq_n_s32(vqdmulhq_n_s32(v, $mult$), 1);\n");
    } else {
        put_rescale(op, &q->out, t, "v");
    }
    text_put(t, "    return v;\n"
                "}\n\n");
}

static void put_lanes(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    bool mul = op->kind == OP_MUL;
    text_set(t, "less", "%d", mul || q->mode != IR_NUM_Q32);
    text_set(t, "up", mul ? "" : "vshlq_n_s16(");
    text_set(t, "bits", mul ? "" : ", 5)");
    text_set(t, "za", "%d", (int)q->in_zero[0]);
    text_set(t, "zb", "%d", (int)q->in_zero[1]);
    text_put(
        t,
        "/* $layer$: sixteen elements. */\n"
        "static inline int8x16_t $lanes$(int8x16_t a, int8x16_t b)\n"
        "{\n"
        "?less|    const int8x8_t za = vdup_n_s8($za$), zb = vdup_n_s8($zb$);\n"
        "?less|    const int16x8_t a0 = $up$vsubl_s8(vget_low_s8(a), za)$bits$;\n"
        "?less|    const int16x8_t a1 = $up$vsubl_s8(vget_high_s8(a), za)$bits$;\n"
        "?less|    const int16x8_t b0 = $up$vsubl_s8(vget_low_s8(b), zb)$bits$;\n"
        "?less|    const int16x8_t b1 = $up$vsubl_s8(vget_high_s8(b), zb)$bits$;\n"
        "!less|    const int16x8_t a0 = vmovl_s8(vget_low_s8(a)), a1 = vmovl_s8(vget_high_s8(a));\n"
        "!less|    const int16x8_t b0 = vmovl_s8(vget_low_s8(b)), b1 = vmovl_s8(vget_high_s8(b));\n"
        "    const int32x4_t v[4] = {$quad$(vget_low_s16(a0), vget_low_s16(b0)),\n"
        "                            $quad$(vget_high_s16(a0), vget_high_s16(b0)),\n"
        "                            $quad$(vget_low_s16(a1), vget_low_s16(b1)),\n"
        "                            $quad$(vget_high_s16(a1), vget_high_s16(b1))};\n"
        "    return $narrow$(v);\n"
        "}\n\n");
}

/* The output may lie over an input: nothing is computed again, so the last elements of a row are
 * taken apart. */
static void put_loop(const ir_op *op, text *t)
{
    eltwise_rows r;
    eltwise_rows_of(op, &r);
    text_set(t, "whole", "%lld", (long long)(r.n / NEON_BYTES * NEON_BYTES));
    text_set(t, "rest", "%d", (int)(r.n % NEON_BYTES));
    text_put(t, "?rest|    int8_t x[16] = {0}, y[16] = {0};\n");
    eltwise_open_rows(&r, t);
    text_put_at(t, r.rows > 1 ? 8 : 4,
                "?whole|for (int32_t i = 0; i < $whole$; i += 16)\n"
                "?whole|    vst1q_s8(out + i, $lanes$(vld1q_s8(a + i), vld1q_s8(b + i)));\n"
                "?rest|for (int32_t i = 0; i < $rest$; ++i) {\n"
                "?rest|    x[i] = a[$whole$ + i];\n"
                "?rest|    y[i] = b[$whole$ + i];\n"
                "?rest|}\n"
                "?rest|$P$_store(out + $whole$, $lanes$(vld1q_s8(x), vld1q_s8(y)), $rest$);\n");
    eltwise_close_rows(&r, t);
}

bool neon_print_add(emitter *e, const ir_op *op)
{
    bool q32 = op->q->mode == IR_NUM_Q32, mul = op->kind == OP_MUL;
    text t;
    eltwise_rows r;
    op_begin(e, op, &t);
    eltwise_rows_of(op, &r);
    if (r.n % NEON_BYTES)
        emit_use_helper(e, EH_NEON_STORE);
    text_set(&t, "lanes", "%s", op_aux(e, op, "lanes"));
    text_set(&t, "quad", "%s", op_aux(e, op, "quad"));
    text_set(&t, "from", "%s",
             mul   ? "codes less the zero points"
             : q32 ? "codes"
                   : "codes less the zero points, times 2^5");
    text_put(&t, "/* $layer$: four elements, from their $from$. */\n");
    if (mul)
        put_quad_mul(op, &t);
    else if (q32)
        put_quad_q32(op, &t);
    else
        put_quad_q31(op, &t);
    neon_narrow_function(e, op, &t, NEON_LANES, q32 && !mul ? 0 : op->q->out_zero);
    put_lanes(op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    put_loop(op, &t);
    op_close(&t);
    return true;
}
