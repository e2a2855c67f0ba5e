/* op_l2.c - l2_norm: rows of the last dimension divided by their Euclidean length
 * (docs/numerics.md). */
#include "compiler/emit/ops.h"

/* The root of the quotient, bit by bit: at most 256. */
static const char exact[] =
    "            const uint32_t share = sum ? 65536u * (uint32_t)(v * v) / sum : 0u;\n"
    "            uint32_t root = 0;\n"
    "            for (uint32_t bit = 256; bit != 0; bit >>= 1)\n"
    "                if ((root + bit) * (root + bit) <= share)\n"
    "                    root += bit;\n"
    "            const int32_t r = (int32_t)((root + 1u) / 2u);\n"
    "            const int32_t code = $zy$ + (v < 0 ? -r : r);\n";

static void print_rows(emitter *e, const ir_op *op, text *t)
{
    bool single = op->q->mode == IR_NUM_SINGLE, root = single || op->q->mode == IR_NUM_TFLM;
    text_set(t, "root", "%d", root);
    if (root)
        emit_use_helper(e, EH_INV_SQRT);
    if (root)
        emit_use_helper(e, single ? EH_SINGLE_SATURATE : EH_TFLM_MULTIPLY);
    text_put(t, "        uint32_t sum = 0;\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const int32_t v = $u$;\n"
                "            sum += (uint32_t)(v * v);\n"
                "        }\n"
                "?root|        int shift;\n"
                "?root|        const int32_t inverse = $P$_inv_sqrt((int32_t)sum, &shift);\n"
                "        for (int32_t i = 0; i < $n$; ++i) {\n"
                "            const int32_t v = $u$;\n");
    if (!root)
        text_put(t, exact);
    else if (single)
        text_put(
            t, "            const int32_t code = $zy$ + $P$_single_sat(v, inverse, 24 + shift);\n");
    else
        text_put(t, "            const int32_t code = $zy$ + (shift < 7 ? $P$_tflm(v * (1 << (7 - "
                    "shift)), inverse, 0)\n"
                    "                                                : $P$_tflm(v, inverse, shift "
                    "- 7));\n");
}

bool print_l2_norm(emitter *e, const ir_op *op)
{
    text t;
    op_open_rows(e, op, &t);
    text_set(&t, "zy", "%d", (int)op->q->out_zero);
    text_set(&t, "u", "%s", centred(e->ctx->a, "in0[i]", op->q->in_zero[0]));
    text_put(&t, "    for (int32_t row = 0; row < $rows$; ++row, in0 += $n$, out += $n$) {\n");
    print_rows(e, op, &t);
    text_set(&t, "code", "%s",
             clamp_code(e, "code", op->q->lo, op->q->hi, emit_ctype(op->out[0]->type)));
    text_put(&t, "            out[i] = $code$;\n"
                 "        }\n"
                 "    }\n");
    op_close(&t);
    return true;
}

bool print_float_l2_norm(emitter *e, const ir_op *op)
{
    text t;
    op_open_rows(e, op, &t);
    text_set(&t, "sqrtf", "%s", float_function(e, EH_SQRTF));
    text_put(&t, "    for (int32_t row = 0; row < $rows$; ++row, in0 += $n$, out += $n$) {\n"
                 "        float sum = 0.0f;\n"
                 "        for (int32_t i = 0; i < $n$; ++i)\n"
                 "            sum += in0[i] * in0[i];\n"
                 "        const float length = $sqrtf$(sum);\n"
                 "        for (int32_t i = 0; i < $n$; ++i)\n"
                 "            out[i] = in0[i] / (length > 1e-6f ? length : 1e-6f);\n"
                 "    }\n");
    op_close(&t);
    return true;
}
