/* fast_eltwise.c - add, sub and mul in scalar instructions, four elements to a step, for cores that
 * have no vectors, and for what kernels with vectors leave.
 *
 * Each rescaling is what fast.c makes of accumulators: in tflm twice the number through SMMLAR, in
 * single through SMMLA, the zero point added before the shift. Where the multiplier is exactly one
 * half, as that of the operand with the larger scale is in an addition, it is a shift. Nothing can
 * saturate: an operand of an addition is below 2^28, their sum below 2^28, a product below 2^16.
 *
 * One operand may be repeated: it then has the last dimensions of the output, and is read again for
 * each row of so many elements. */
#include "compiler/emit/fast_eltwise.h"

enum { STEP = 4, MOST_RIGHT = 23, ADD_BITS = 20, MUL_BITS = 16, SMALL_BITS = 29 };

/* ---- shapes -------------------------------------------------------------------------------- */

/* Whether x is the output's shape, or that of its last dimensions, all others being 1. */
static bool is_tail(const ir_shape *x, const ir_shape *out)
{
    int d = x->rank - 1, k = out->rank - 1;
    while (d >= 0 && k >= 0 && x->dim[d] == out->dim[k])
        --d, --k;
    while (d >= 0 && x->dim[d] == 1)
        --d;
    return d < 0;
}

bool eltwise_rows_of(const ir_op *op, eltwise_rows *r)
{
    const ir_shape *out = &op->out[0]->shape;
    int64_t n = ir_elems(out), most = n;
    for (int i = 0; i < 2; ++i) {
        int64_t own = ir_elems(&op->in[i]->shape);
        if (!is_tail(&op->in[i]->shape, out))
            return false;
        r->repeated[i] = own < n;
        most = own < most ? own : most;
    }
    r->n = most;
    r->rows = n / most;
    return n <= INT32_MAX && !(r->repeated[0] && r->repeated[1]);
}

/* ---- rescaling ----------------------------------------------------------------------------- */

/* What v * 2^bits becomes, |v| * 2^bits < 2^most. */
typedef struct step {
    const ir_rescale *s;
    int bits, most;
    int32_t zero;
} step;

static bool is_half(const ir_op *op, const step *p)
{
    return op->q->mode != IR_NUM_Q32 && p->s->mult[0] == 1 << 30 && p->s->shift[0] == 0 &&
           p->bits > 0 && p->zero == 0;
}

/* Mode single: the shift to the left that leaves one to the right. */
static int single_left(const step *p)
{
    return p->s->shift[0] > -2 ? p->s->shift[0] + 2 : 0;
}

static bool step_applies(const ir_op *op, const step *p)
{
    const ir_rescale *s = p->s;
    if (s->n != 1 || (s->sat && s->sat[0]) || (s->down && s->down[0]))
        return false;
    switch (op->q->mode) {
    case IR_NUM_Q32:
        return s->shift[0] >= 0 && p->most + s->shift[0] <= 31;
    case IR_NUM_TFLM:
        return s->shift[0] <= 0 && -s->shift[0] <= MOST_RIGHT;
    case IR_NUM_SINGLE:
        return s->shift[0] <= 0 && -1 - s->shift[0] <= MOST_RIGHT;
    default:
        return false;
    }
}

static const char *shifted(emitter *e, const char *v, int bits)
{
    if (bits == 0)
        return v;
    emit_use_helper(e, EH_SHL);
    return arena_printf(e->ctx->a, "%s_shl(%s, %d)", e->prefix, v, bits);
}

/* C expression of zero + R; v has no side effects. */
static const char *step_text(emitter *e, const ir_op *op, const step *p, const char *v)
{
    arena *a = e->ctx->a;
    int shift = p->s->shift[0], mult = p->s->mult[0];
    bool narrow = emit_find_target(e->o->target)->cost.narrow;
    if (is_half(op, p))
        return shifted(e, v, p->bits - 1);
    if (op->q->mode == IR_NUM_SINGLE) {
        int left = single_left(p);
        emit_use_helper(e, EH_DSP_SINGLE);
        return arena_printf(a, "%s_fast_single(%s, %d, %d, %d)", e->prefix,
                            shifted(e, v, p->bits + left), mult, left - 1 - shift, (int)p->zero);
    }
    int left = op->q->mode == IR_NUM_TFLM ? 1 : shift,
        right = op->q->mode == IR_NUM_TFLM ? -shift : 0;
    bool small = narrow && p->most + left <= SMALL_BITS;
    v = shifted(e, v, p->bits + left);
    if (right == 0) {
        emit_use_helper(e, small ? EH_SMALL : EH_DSP_SMMLAR);
        return arena_printf(a, "%s_%s(%s, %d, %d)", e->prefix, small ? "small" : "smmlar", v, mult,
                            (int)p->zero);
    }
    emit_use_helper(e, small ? EH_SMALL_TFLM : EH_DSP_TFLM);
    return arena_printf(a, "%s_%s(%s, %d, %d, %d)", e->prefix, small ? "small_tflm" : "fast_tflm",
                        v, mult, right, (int)p->zero);
}

static step operand_step(const ir_op *op, int i)
{
    return (step){&op->q->in[i], ADD_BITS, 28, 0};
}

static step last_step(const ir_op *op)
{
    return (step){&op->q->out, 0, op->kind == OP_MUL ? MUL_BITS : 28, op->q->out_zero};
}

bool fast_takes_eltwise(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    eltwise_rows r;
    if (q->acc_type != IR_I32 || q->mode == IR_NUM_ONNX || op->out[0]->type != IR_I8 ||
        op->in[0]->type != IR_I8 || op->in[1]->type != IR_I8 || !eltwise_rows_of(op, &r))
        return false;
    if (q->mode == IR_NUM_Q32 && op->kind != OP_MUL)
        return true;
    step a = operand_step(op, 0), b = operand_step(op, 1), last = last_step(op);
    if (!step_applies(op, &last))
        return false;
    return op->kind == OP_MUL ||
           (q->left_shift == ADD_BITS && step_applies(op, &a) && step_applies(op, &b));
}

/* ---- text ---------------------------------------------------------------------------------- */

/* Of elements a and b of the operands: what is limited to the output's codes. */
static const char *value_text(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    const char *u = centred(a, "a", q->in_zero[0]), *v = centred(a, "b", q->in_zero[1]);
    step last = last_step(op);
    if (op->kind == OP_MUL)
        return step_text(e, op, &last, arena_printf(a, "%s * %s", u, v));
    if (q->mode == IR_NUM_Q32) {
        emit_use_helper(e, EH_ASR32);
        return arena_printf(a, "%s_asr32(%s + a * %s + b * %s, %d)", e->prefix,
                            c_int(a, q->bias[0]), c_int(a, q->in[0].mult[0]),
                            c_int(a, q->in[1].mult[0]), q->right_shift);
    }
    step first = operand_step(op, 0), second = operand_step(op, 1);
    text_set(t, "u", "%s", step_text(e, op, &first, u));
    text_set(t, "v", "%s", step_text(e, op, &second, v));
    text_put(t, "    const int32_t u = $u$;\n"
                "    const int32_t v = $v$;\n");
    return step_text(e, op, &last, op->kind == OP_SUB ? "u - v" : "u + v");
}

static void put_element(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    bool whole = q->lo == INT8_MIN && q->hi == INT8_MAX;
    text_set(t, "code", "%s", op_aux(e, op, "code"));
    text_put(t, "/* $layer$: one element. */\n"
                "static inline int8_t $code$(int32_t a, int32_t b)\n"
                "{\n");
    const char *value = value_text(e, op, t);
    if (whole)
        emit_use_helper(e, EH_DSP_SSAT8);
    text_set(t, "value", "%s",
             whole ? arena_printf(e->ctx->a, "(int8_t)%s_ssat8(%s)", e->prefix, value)
                   : clamp_code(e, value, q->lo, q->hi, "int8_t"));
    text_put(t, "    return $value$;\n"
                "}\n\n");
}

void eltwise_open_rows(const eltwise_rows *r, text *t)
{
    text_set(t, "n", "%lld", (long long)r->n);
    text_set(t, "rows", "%lld", (long long)r->rows);
    text_set(t, "nested", "%d", r->rows > 1);
    text_set(t, "a_step", "%s", text_expand(t, r->repeated[0] ? "" : ", a += $n$"));
    text_set(t, "b_step", "%s", text_expand(t, r->repeated[1] ? "" : ", b += $n$"));
    text_put(
        t,
        "    const int8_t *a = $x0$, *b = $x1$;\n"
        "?nested|    for (int32_t row = 0; row < $rows$; ++row$a_step$$b_step$, out += $n$) {\n");
}

void eltwise_close_rows(const eltwise_rows *r, text *t)
{
    if (r->rows > 1)
        text_put(t, "    }\n");
}

/* A row, four elements at a time; the output may lie over an operand: each is read before it is
 * written. */
bool fast_print_eltwise(emitter *e, const ir_op *op)
{
    eltwise_rows r;
    text t;
    op_begin(e, op, &t);
    eltwise_rows_of(op, &r);
    put_element(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    eltwise_open_rows(&r, &t);
    int columns = r.rows > 1 ? 8 : 4;
    bool steps = e->o->opt != EMIT_OS && r.n >= STEP;
    int64_t whole = steps ? r.n / STEP * STEP : 0;
    text_set(&t, "whole", "%lld", (long long)whole);
    text_set(&t, "steps", "%d", steps);
    text_set(&t, "rest", "%d", whole < r.n);
    text_put_at(&t, columns, "?steps|for (int32_t i = 0; i < $whole$; i += 4) {\n");
    for (int k = 0; k < STEP && steps; ++k) {
        text_set(&t, "k", k ? "i + %d" : "i", k);
        text_put_at(&t, columns + 4, "out[$k$] = $code$(a[$k$], b[$k$]);\n");
    }
    text_put_at(&t, columns,
                "?steps|}\n"
                "?rest|for (int32_t i = $whole$; i < $n$; ++i)\n"
                "?rest|    out[i] = $code$(a[i], b[i]);\n");
    eltwise_close_rows(&r, &t);
    op_close(&t);
    return true;
}
