/* x86_add.c - add and sub of equal shapes on x86-64, in the modes that rescale both operands (q32's
 * sum of products is what compilers vectorise by themselves).
 *
 * An operand is (code - zero) * 2^20, rescaled; where its multiplier is exactly one half (that of
 * the larger scale) it is a shift. Products are taken to their upper half, of a factor doubled
 * beforehand in mode tflm (x86_scale.c has why). */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

enum {
    ROW = 2 * X86_BLOCK
}; /* multipliers of a rescale in the array: helper upper reads one more than a register */

/* Operands are below 2^29 in magnitude, so that nothing saturates while multipliers only reduce. */
static bool reduces(const ir_rescale *s)
{
    return s->n == 1 && s->shift[0] <= 0 && !(s->sat && s->sat[0]);
}

bool x86_takes_add(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_iparams *q = op->q;
    const ir_tensor *a = op->in[0], *b = op->in[1], *out = op->out[0];
    return (q->mode == IR_NUM_TFLM || q->mode == IR_NUM_SINGLE) && a->type == IR_I8 &&
           b->type == IR_I8 && out->type == IR_I8 && a->kind != IR_CONST && b->kind != IR_CONST &&
           ir_shape_eq(&a->shape, &out->shape) && ir_shape_eq(&b->shape, &out->shape) &&
           q->left_shift == 20 && reduces(&q->in[0]) && reduces(&q->in[1]) && reduces(&q->out) &&
           q->out.shift[0] <= -2;
}

static bool is_half(const ir_rescale *s)
{
    return s->mult[0] == 1 << 30 && s->shift[0] == 0;
}

static const char *mult_array(emitter *e, const ir_op *op)
{
    int32_t v[3 * ROW];
    const ir_rescale *const all[] = {&op->q->in[0], &op->q->in[1], &op->q->out};
    for (int i = 0; i < 3 * ROW; ++i)
        v[i] = all[i / ROW]->mult[0];
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, "mult"), IR_I32, v, 3 * ROW,
                      "multipliers of both operands and of the sum");
}

/* The steps of a rescale of $v$, which stands `left` bits higher than it is: to zero more, or to
 * code `zero`. */
static void put_rescale(text *t, const ir_iparams *q, const ir_rescale *s, int32_t zero, bool sign)
{
    bool single = q->mode == IR_NUM_SINGLE;
    int shift = s->shift[0], right = single ? (shift > -2 ? 1 : -shift - 1) : -shift;
    int64_t half = right > 0 ? INT64_C(1) << (right - 1) : 0,
            folded = half + (int64_t)zero * (INT64_C(1) << right);
    bool fits = folded < 1 << 30 && folded > -(1 << 30);
    text_set(t, "up", "%s", single ? "0" : "INT64_C(1) << 31");
    text_set(t, "sign", "%d", sign && !single && right > 0);
    text_set(t, "right", "%d", right);
    text_set(t, "half", "%lld", (long long)(fits ? folded : half));
    text_set(t, "zero", "%d", fits ? 0 : (int)zero);
    text_put(t, "    $v$ = $P$_upper($v$, $mult$ + $row$, $up$);\n"
                "?sign|    $v$ = $U$_ADD($v$, $U$_SIGN($v$)); /* ties away from zero */\n"
                "?half|    $v$ = $U$_ADD($v$, $U$_ALL($half$));\n"
                "?right|    $v$ = $U$_SRAI($v$, $right$);\n"
                "?zero|    $v$ = $U$_ADD($v$, $U$_ALL($zero$));\n");
}

/* Operand i, from `v` = code - zero. */
static void put_operand(text *t, const ir_iparams *q, int i)
{
    const ir_rescale *s = &q->in[i];
    int doubled = q->mode != IR_NUM_SINGLE ? 1 : s->shift[0] > -2 ? s->shift[0] + 2 : 0;
    text_set(t, "v", "%s", i ? "y" : "x");
    text_set(t, "from", "%s", i ? "b" : "a");
    text_set(t, "zero", "%d", (int)q->in_zero[i]);
    text_set(t, "bits", "%d", is_half(s) ? 19 : 20 + doubled);
    text_set(t, "row", "%d", i * ROW);
    text_put(t,
             "    $P$_lanes $v$ = $U$_SHLI($U$_SUB($P$_wide($from$), $U$_ALL($zero$)), $bits$);\n");
    if (!is_half(s))
        put_rescale(t, q, s, 0, true);
}

static void put_sum(const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    text_put(t, "/* $layer$: $U$_LANES elements. */\n"
                "static inline $P$_lanes $lanes$(const int8_t *a, const int8_t *b)\n"
                "{\n");
    put_operand(t, q, 0);
    put_operand(t, q, 1);
    text_set(t, "sum", "%s", op->kind == OP_SUB ? "SUB" : "ADD");
    text_set(t, "v", "x");
    text_set(t, "row", "%d", 2 * ROW);
    text_set(t, "twice", "%d", q->mode == IR_NUM_TFLM);
    text_put(t, "    x = $U$_$sum$(x, y);\n"
                "?twice|    x = $U$_ADD(x, x);\n");
    put_rescale(t, q, &q->out, q->out_zero, q->lo != q->out_zero);
    text_put(t, "    return x;\n"
                "}\n\n");
}

static void put_loop(text *t)
{
    text_put(
        t,
        "    int32_t i = 0;\n"
        "    for (; i + 4 * $U$_LANES <= $n$; i += 4 * $U$_LANES)\n"
        "        $U$_PUT(out + i, $P$_packed($lanes$(in0 + i, in1 + i), $lanes$(in0 + i + "
        "$U$_LANES, in1 + i + "
        "$U$_LANES),\n"
        "            $lanes$(in0 + i + 2 * $U$_LANES, in1 + i + 2 * $U$_LANES),\n"
        "            $lanes$(in0 + i + 3 * $U$_LANES, in1 + i + 3 * $U$_LANES), $limits$));\n"
        "?tail|    int8_t a[4 * $U$_LANES] = {0}, b[4 * $U$_LANES] = {0}, sum[4 * $U$_LANES];\n"
        "?tail|    for (int32_t k = 0; k < 4 * $U$_LANES && i + k < $n$; ++k) {\n"
        "?tail|        a[k] = in0[i + k];\n"
        "?tail|        b[k] = in1[i + k];\n"
        "?tail|    }\n"
        "?tail|    $U$_PUT(sum, $P$_packed($lanes$(a, b), $lanes$(a + $U$_LANES, b + $U$_LANES),\n"
        "?tail|        $lanes$(a + 2 * $U$_LANES, b + 2 * $U$_LANES),\n"
        "?tail|        $lanes$(a + 3 * $U$_LANES, b + 3 * $U$_LANES), $limits$));\n"
        "?tail|    for (int32_t k = 0; k < 4 * $U$_LANES && i + k < $n$; ++k)\n"
        "?tail|        out[i + k] = sum[k];\n");
}

bool x86_print_add(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    text t;
    op_begin(e, op, &t);
    emit_use_helper(e, EH_X86_WIDE);
    emit_use_helper(e, EH_X86_UPPER);
    emit_use_helper(e, EH_X86_PACKED);
    int64_t n = ir_elems(&op->out[0]->shape);
    text_set(&t, "U", "%s", e->upper);
    text_set(&t, "mult", "%s", mult_array(e, op));
    text_set(&t, "lanes", "%s", op_aux(e, op, "lanes"));
    text_set(&t, "limits", "%d, %d", (int)q->lo, (int)q->hi);
    text_set(&t, "n", "%lld", (long long)n);
    text_set(&t, "tail", "%d", n % 64 != 0);
    put_sum(op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    put_loop(&t);
    op_close(&t);
    return true;
}
