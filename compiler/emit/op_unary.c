/* op_unary.c - functions of one code: a table of 256 codes, or a clamp where that says the same. */
#include "compiler/emit/ops.h"

bool unary_is_clamp(const ir_iparams *q)
{
    for (int x = -128; x < 128; ++x)
        if (q->lut[x + 128] != (x < q->lo ? q->lo : x > q->hi ? q->hi : x))
            return false;
    return true;
}

const char *unary_table(emitter *e, const ir_op *op)
{
    arena *a = e->ctx->a;
    const int16_t *lut = op->q->lut;
    const char *comment = arena_printf(a, "%s: output code of each input code, from -128",
                                       emit_comment(e, op->name));
    if (op->out[0]->type != IR_I8)
        return emit_array(e, EMIT_CONSTANT, op_base(e, op, "table"), IR_I16, lut, 256, comment);
    int8_t *codes = ARENA_ARRAY(a, int8_t, 256);
    for (int i = 0; i < 256; ++i)
        codes[i] = (int8_t)lut[i];
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, "table"), IR_I8, codes, 256, comment);
}

bool print_unary(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    text t;
    op_begin(e, op, &t);
    text_set(&t, "n", "%lld", (long long)ir_elems(&op->out[0]->shape));
    if (!q->lut || unary_is_clamp(q))
        text_set(&t, "code", "%s",
                 clamp_code(e, "in0[i]", q->lo, q->hi, emit_ctype(op->out[0]->type)));
    else
        text_set(&t, "code", "%s[in0[i] + 128]", unary_table(e, op));
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_put(&t, "    for (int32_t i = 0; i < $n$; ++i)\n"
                 "        out[i] = $code$;\n");
    op_close(&t);
    return true;
}
