/* x86_add.c - add and sub of equal shapes on x86-64, in the modes that rescale both operands (q32's
 * sum of products is what compilers vectorise by themselves). */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

enum { ROW = X86_BLOCK, ROWS = X86_SCALE_ROWS * X86_BLOCK };

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
           q->left_shift == 20 && reduces(&q->in[0]) && reduces(&q->in[1]) && reduces(&q->out);
}

/* Bias 0 and the numbers of one rescale, 16 times each. */
static void fill_rows(const ir_rescale *s, bool single, int32_t *v)
{
    int right = single ? 31 - s->shift[0] : -s->shift[0];
    for (int i = 0; i < ROW; ++i) {
        v[ROW + i] = s->mult[0];
        v[3 * ROW + i] = right;
        v[4 * ROW + i] = !single && right > 0 ? 1 << (right - 1) : 0;
    }
}

static const char *scale_array(emitter *e, const ir_op *op)
{
    int32_t v[3 * ROWS] = {0};
    const ir_rescale *const all[] = {&op->q->in[0], &op->q->in[1], &op->q->out};
    for (int i = 0; i < 3; ++i)
        fill_rows(all[i], op->q->mode == IR_NUM_SINGLE, v + i * ROWS);
    return emit_array(
        e, EMIT_CONSTANT, op_base(e, op, "scale"), IR_I32, v, 3 * ROWS,
        "of both operands and the sum: 0, multiplier, 0, right shift, half: rows of 16");
}

bool x86_print_add(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    bool single = q->mode == IR_NUM_SINGLE;
    text t;
    op_begin(e, op, &t);
    emit_use_helper(e, EH_X86_CENTRED);
    emit_use_helper(e, single ? EH_X86_SINGLE : EH_X86_TFLM);
    int64_t n = ir_elems(&op->out[0]->shape);
    text_set(&t, "U", "%s", e->upper);
    text_set(&t, "scale", "%s", scale_array(e, op));
    text_set(&t, "rescale", "%s_%s", e->prefix, single ? "codes_single" : "codes_tflm");
    text_set(&t, "lanes", "%s", op_aux(e, op, "lanes"));
    text_set(&t, "sum", "%s", op->kind == OP_SUB ? "SUB" : "ADD");
    text_set(&t, "limits", "%d, %d, %d", (int)q->out_zero, (int)q->lo, (int)q->hi);
    text_set(&t, "za", "%d", (int)q->in_zero[0]);
    text_set(&t, "zb", "%d", (int)q->in_zero[1]);
    text_set(&t, "n", "%lld", (long long)n);
    text_set(&t, "tail", "%d", n % 16 != 0);
    text_set(&t, "first", "%d", ROWS);
    text_set(&t, "second", "%d", 2 * ROWS);
    text_put(&t,
             "/* $layer$: $U$_LANES elements. */\n"
             "static inline void $lanes$(const int8_t *a, const int8_t *b, int8_t *out)\n"
             "{\n"
             "    const $P$_lanes x = $rescale$($P$_centred(a, $za$), $scale$, 0, INT32_MIN, "
             "INT32_MAX);\n"
             "    const $P$_lanes y = $rescale$($P$_centred(b, $zb$), $scale$ + $first$, 0, "
             "INT32_MIN, INT32_MAX);\n"
             "    $P$_narrowed(out, $rescale$($U$_$sum$(x, y), $scale$ + $second$, $limits$));\n"
             "}\n\n");
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_put(&t, "    int32_t i = 0;\n"
                 "    for (; i + $U$_LANES <= $n$; i += $U$_LANES)\n"
                 "        $lanes$(in0 + i, in1 + i, out + i);\n"
                 "?tail|    int8_t a[$U$_LANES] = {0}, b[$U$_LANES] = {0}, sum[$U$_LANES];\n"
                 "?tail|    for (int32_t k = i; k < $n$; ++k) {\n"
                 "?tail|        a[k - i] = in0[k];\n"
                 "?tail|        b[k - i] = in1[k];\n"
                 "?tail|    }\n"
                 "?tail|    $lanes$(a, b, sum);\n"
                 "?tail|    for (int32_t k = i; k < $n$; ++k)\n"
                 "?tail|        out[k] = sum[k - i];\n");
    op_close(&t);
    return true;
}
