/* op_softmax.c - softmax over the last axis, one printer a mode (docs/numerics.md). */
#include "compiler/emit/ops.h"

/* Sums of this many exponentials or more leave less than 4 bits of headroom. */
enum { MANY = 512 };

static void softmax_q32(emitter *e, const ir_op *op, text *t)
{
    text_set(t, "exp", "%s",
             emit_array(e, EMIT_CONSTANT, op_base(e, op, "exp"), IR_I32, op->q->exp_table, 256,
                        "e^(-scale * d), fixed point, d = 0 ... 255"));
    text_put(t, "        uint32_t sum = 0;\n"
                "        for (int32_t i = 0; i < $n$; ++i)\n"
                "            sum += (uint32_t)$exp$[top - in0[i]];\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const uint32_t share = 256u * (uint32_t)$exp$[top - in0[i]];\n"
                "            const int32_t v = (int32_t)((share + sum / 2u) / sum) + $zy$;\n");
}

static void softmax_onnx(emitter *e, const ir_op *op, text *t)
{
    text_set(t, "exp", "%s",
             emit_array(e, EMIT_CONSTANT, op_base(e, op, "exp"), IR_F32, op->q->exp_real, 256,
                        "e^(-scale * d), d = 0 ... 255"));
    text_set(t, "scale", "%s", c_float(e->ctx->a, op->q->out.fscale[0]));
    emit_use_helper(e, EH_RINT);
    text_put(t, "        float sum = 0.0f;\n"
                "        for (int32_t i = 0; i < $n$; ++i)\n"
                "            sum += $exp$[top - in0[i]];\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const float share = $exp$[top - in0[i]] / sum;\n"
                "            const int32_t v = $P$_rint(share / $scale$) + $zy$;\n");
}

static void softmax_tflm(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    int8_t shift = (int8_t)q->soft_shift;
    ir_rescale s = {.n = 1, .mult = &q->soft_mult, .shift = &shift};
    requant rq;
    requant_init(&rq, e, op, &s, "soft_");
    emit_use_helper(e, EH_EXP_NEGATIVE);
    emit_use_helper(e, EH_RECIPROCAL);
    emit_use_helper(e, EH_ROUND_AWAY);
    text_set(t, "min", "%d", (int)q->soft_diff_min);
    text_set(t, "scaled", "%s", requant_raw(&rq, "d", "0"));
    text_set(t, "many", "%d", op->in[0]->shape.dim[op->in[0]->shape.rank - 1] >= MANY);
    text_put(t, "        int32_t sum = 0; /* Q12.19 */\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const int32_t d = in0[i] - top;\n"
                "            if (d >= $min$)\n"
                "                sum += $P$_round_away($P$_exp_negative($scaled$), 12);\n"
                "        }\n"
                "        int headroom = 0;\n"
                "        while (((uint32_t)sum << headroom & 0x80000000u) == 0)\n"
                "            ++headroom;\n"
                "        const int32_t part = (int32_t)(((uint32_t)sum << headroom) - 0x80000000u);\n"
                "        const int32_t inverse = $P$_shl_sat($P$_reciprocal(part), 1);\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const int32_t d = in0[i] - top;\n"
                "            int32_t v = $zy$;\n"
                "?many|            if (d >= $min$ && headroom > 3)\n"
                "!many|            if (d >= $min$)\n"
                "                v += $P$_round_away($P$_doubling_high(inverse,\n"
                "                    $P$_exp_negative($scaled$)), 35 - headroom);\n");
}

bool print_softmax(emitter *e, const ir_op *op)
{
    static void (*const modes[])(emitter *, const ir_op *, text *) = {
        [IR_NUM_Q32] = softmax_q32,
        [IR_NUM_TFLM] = softmax_tflm,
        [IR_NUM_SINGLE] = softmax_tflm,
        [IR_NUM_ONNX] = softmax_onnx,
    };
    const ir_iparams *q = op->q;
    text t;
    op_open_rows(e, op, &t);
    text_set(&t, "zy", "%d", (int)q->out_zero);
    text_put(&t, "    for (int32_t row = 0; row < $rows$; ++row, in0 += $n$, out += $n$) {\n"
                 "        int32_t top = in0[0];\n"
                 "        for (int32_t i = 1; i < $n$; ++i)\n"
                 "            top = in0[i] > top ? in0[i] : top;\n");
    modes[q->mode](e, op, &t);
    text_set(&t, "code", "%s", clamp_code(e, "v", q->lo, q->hi, emit_ctype(op->out[0]->type)));
    text_put(&t, "            out[i] = $code$;\n"
                 "        }\n"
                 "    }\n");
    op_close(&t);
    return true;
}
