/* mve_add.c - add, sub and mul on Helium, four elements at a time.
 *
 * tflm's correction of ties (mve_scale.c) is left out where no code, for the sum no pair of codes,
 * gives another result without it: all 256, or 65536, are tried. */
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/mve.h"

/* One multiplication of docs/numerics.md with constants: R = (v * mult + half) >> shift. */
typedef struct rescale {
    ir_numerics mode;
    int32_t mult;
    int right; /* after the product's high word: of tflm's second rounding, of single's only one */
    bool correct;
} rescale;

static rescale rescale_of(const ir_op *op, const ir_rescale *s)
{
    int e = s->shift ? s->shift[0] : 0;
    return (rescale){.mode = op->q->mode, .mult = s->mult[0], .right = -e};
}

/* R, with tflm's correction of ties or without. */
static int64_t value(const rescale *r, int64_t v, bool correct)
{
    if (r->mode == IR_NUM_SINGLE)
        return (v * r->mult + (INT64_C(1) << (30 + r->right))) >> (31 + r->right);
    int64_t h = (v * r->mult + (INT64_C(1) << 30)) >> 31;
    return r->right == 0 ? h
                         : (h + (INT64_C(1) << (r->right - 1)) - (correct && h < 0)) >> r->right;
}

static int64_t operand(const ir_iparams *q, const rescale *r, int i, int code)
{
    return value(r, (int64_t)(code - q->in_zero[i]) * (1 << q->left_shift), r->correct);
}

static void find_corrections(const ir_op *op, rescale *in, rescale *out)
{
    const ir_iparams *q = op->q;
    int64_t x[2][256];
    for (int i = 0; i < 2; ++i)
        for (int code = -128; code < 128; ++code) {
            int64_t v = (int64_t)(code - q->in_zero[i]) * (1 << q->left_shift);
            in[i].correct |= value(&in[i], v, true) != value(&in[i], v, false);
        }
    for (int i = 0; i < 2; ++i)
        for (int code = -128; code < 128; ++code)
            x[i][code + 128] =
                operand(q, &in[i], i, code) * (i == 1 && op->kind == OP_SUB ? -1 : 1);
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256 && q->lo != q->out_zero; ++b)
            out->correct |=
                value(out, x[0][a] + x[1][b], true) != value(out, x[0][a] + x[1][b], false);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void put_rescale(const rescale *r, text *t, const char *v)
{
    static const char *const single[] = {"vqrdmulhq_s32", "vrmulhq_s32", "vmulhq_s32"};
    bool tflm = r->mode == IR_NUM_TFLM;
    int shift = tflm ? r->right : r->right > 1 ? r->right - 1 : 0;
    text_set(t, "v", "%s", v);
    text_set(t, "mult", "%d", (int)r->mult);
    text_set(t, "multiply", "%s", tflm ? "vqrdmulhq_s32" : single[r->right < 2 ? r->right : 2]);
    text_set(t, "shift", "%d", shift);
    text_set(t, "correct", "%d", tflm && r->correct);
    text_put(t,
             "    $v$ = $multiply$($v$, vdupq_n_s32($mult$));\n"
             "?correct|    $v$ = vaddq_s32($v$, vshrq_n_s32($v$, 31)); /* ties away from zero */\n"
             "?shift|    $v$ = vrshrq_n_s32($v$, $shift$);\n");
}

/* tflm, single: both operands at a scale of their own, then their sum. */
static void put_q31(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    static const char *const names[] = {"a", "b"};
    rescale in[2] = {rescale_of(op, &q->in[0]), rescale_of(op, &q->in[1])},
            out = rescale_of(op, &q->out);
    if (q->mode == IR_NUM_TFLM)
        find_corrections(op, in, &out);
    for (int i = 0; i < 2; ++i) {
        text_set(t, "v", "%s", names[i]);
        text_set(t, "less", "%d", -(int)q->in_zero[i]);
        text_set(t, "shift", "%d", q->left_shift);
        text_put(t, "?less|    $v$ = vaddq_n_s32($v$, $less$);\n"
                    "    $v$ = vshlq_n_s32($v$, $shift$);\n");
        put_rescale(&in[i], t, names[i]);
    }
    text_put(t, op->kind == OP_SUB ? "    a = vsubq_s32(a, b);\n" : "    a = vaddq_s32(a, b);\n");
    put_rescale(&out, t, "a");
    text_set(t, "zero", "%d", (int)q->out_zero);
    text_put(t, "?zero|    a = vqaddq_n_s32(a, $zero$);\n");
}

static void put_q32(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    arena *a = t->out->a;
    text_set(t, "c", "%s", c_int(a, q->bias[0]));
    text_set(t, "m0", "%s", c_int(a, q->in[0].mult[0]));
    text_set(t, "m1", "%s", c_int(a, q->in[1].mult[0]));
    text_set(t, "shift", "%d", q->right_shift);
    text_put(t, "    a = vaddq_n_s32(vmulq_n_s32(a, $m0$), $c$);\n"
                "    a = vaddq_s32(a, vmulq_n_s32(b, $m1$));\n"
                "?shift|    a = vshrq_n_s32(a, $shift$);\n");
}

/* The product, which has 16 bits and a sign. */
static void put_product(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    rescale out = rescale_of(op, &q->out);
    for (int i = 0; i < 2; ++i) {
        text_set(t, "v", i ? "b" : "a");
        text_set(t, "less", "%d", -(int)q->in_zero[i]);
        text_put(t, "?less|    $v$ = vaddq_n_s32($v$, $less$);\n");
    }
    text_put(t, "    a = vmulq_s32(a, b);\n");
    if (q->mode == IR_NUM_Q32) {
        text_set(t, "shift", "%d", q->out.shift[0]);
        text_set(t, "mult", "%d", (int)out.mult);
        text_put(t, "?shift|    a = vshlq_n_s32(a, $shift$);\n"
                    "    a = vrmulhq_s32(a, vdupq_n_s32($mult$));\n");
    } else {
        out.correct = out.right > 0 && q->lo != q->out_zero;
        put_rescale(&out, t, "a");
    }
    text_set(t, "zero", "%d", (int)q->out_zero);
    text_put(t, "?zero|    a = vqaddq_n_s32(a, $zero$);\n");
}

static void print_codes(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    emit_use_helper(e, EH_MVE);
    text_set(t, "U", "%s", e->upper);
    text_set(t, "codes", "%s", op_aux(e, op, "codes"));
    text_set(t, "lo", "%d", (int)q->lo);
    text_set(t, "hi", "%d", (int)q->hi);
    text_put(t, "/* $layer$: four elements of the output. */\n"
                "$U$_INLINE int32x4_t $codes$(int32x4_t a, int32x4_t b)\n"
                "{\n");
    if (op->kind == OP_MUL)
        put_product(op, t);
    else if (q->mode == IR_NUM_Q32)
        put_q32(op, t);
    else
        put_q31(op, t);
    text_put(t, "    return vminq_s32(vmaxq_s32(a, vdupq_n_s32($lo$)), vdupq_n_s32($hi$));\n"
                "}\n\n");
}

/* ---- the kernel -------------------------------------------------------------------------------
 */

static bool is_plain(const ir_rescale *s)
{
    return s->n == 1 && !(s->sat && s->sat[0]) && !(s->down && s->down[0]) &&
           (!s->shift || (s->shift[0] <= 0 && s->shift[0] >= -30));
}

/* q32: the product, shifted to the left, stays inside 32 bits. */
static bool is_shifted(const ir_rescale *s)
{
    return s->n == 1 && !(s->sat && s->sat[0]) && !(s->down && s->down[0]);
}

bool mve_takes_add(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    eltwise_rows r;
    if (q->mode == IR_NUM_ONNX || q->acc_type != IR_I32 || op->out[0]->type != IR_I8 ||
        op->in[0]->type != IR_I8 || op->in[1]->type != IR_I8 || !eltwise_rows_of(op, &r))
        return false;
    if (op->kind == OP_MUL)
        return q->mode == IR_NUM_Q32 ? is_shifted(&q->out) : is_plain(&q->out);
    return q->mode == IR_NUM_Q32 ||
           (is_plain(&q->in[0]) && is_plain(&q->in[1]) && is_plain(&q->out));
}

bool mve_print_add(emitter *e, const ir_op *op)
{
    text t;
    eltwise_rows r;
    op_begin(e, op, &t);
    eltwise_rows_of(op, &r);
    print_codes(e, op, &t);
    op_comment(e, op, &t);
    mve_open(e, op, &t);
    text_set(&t, "whole", "%lld", (long long)(r.n - r.n % MVE_LANES));
    text_set(&t, "rest", "%d", (int)(r.n % MVE_LANES));
    text_put(&t, "?rest|    const mve_pred16_t rest = vctp32q($rest$);\n");
    eltwise_open_rows(&r, &t);
    text_put_at(&t, r.rows > 1 ? 8 : 4,
                "?whole|for (int32_t i = 0; i < $whole$; i += 4)\n"
                "?whole|    vstrbq_s32(out + i, $codes$(vldrbq_s32(a + i), vldrbq_s32(b + i)));\n"
                "?rest|vstrbq_p_s32(out + $whole$, $codes$(vldrbq_z_s32(a + $whole$, rest), "
                "vldrbq_z_s32(b + $whole$, rest)), rest);\n");
    eltwise_close_rows(&r, &t);
    mve_close(&t);
    return true;
}
