/* table.c - functions of one code by a table of 256 codes, on cores that have better than the loop
 * of op_unary.c.
 *
 *   plain  four codes to a step (M0, RV32: compilers leave the loop as it is)
 *   mve    sixteen codes at once: VLDRB gathers from the table
 *   neon   sixteen codes: TBL and TBX look in four parts of the table, 64 codes each */
#include "compiler/emit/mve.h"
#include "compiler/emit/neon.h"
#include "compiler/emit/table.h"

enum { STEP = 4 };

bool table_takes(const emitter *e, const ir_op *op)
{
    return op->in[0]->type == IR_I8 && op->out[0]->type == IR_I8 && op->q->lut &&
           !unary_is_clamp(op->q) &&
           (e->o->opt != EMIT_OS || ir_elems(&op->out[0]->shape) >= NEON_BYTES);
}

/* Begins the function; variables n, whole (of steps of `step` codes), rest, table. */
static void open_table(emitter *e, const ir_op *op, text *t, int step)
{
    int64_t n = ir_elems(&op->out[0]->shape);
    op_begin(e, op, t);
    text_set(t, "n", "%lld", (long long)n);
    text_set(t, "whole", "%lld", (long long)(n / step * step));
    text_set(t, "rest", "%d", (int)(n % step));
    text_set(t, "table", "%s", unary_table(e, op));
    op_comment(e, op, t);
}

bool plain_print_table(emitter *e, const ir_op *op)
{
    text t;
    open_table(e, op, &t, STEP);
    op_open(e, op, &t);
    text_put(&t, "    const int8_t *const middle = $table$ + 128;\n"
                 "?whole|    for (int32_t i = 0; i < $whole$; i += 4, in0 += 4, out += 4) {\n");
    for (int k = 0; k < STEP; ++k) {
        text_set(&t, "k", "%d", k);
        text_put(&t, "?whole|        out[$k$] = middle[in0[$k$]];\n");
    }
    text_put(&t, "?whole|    }\n");
    for (int k = 0; k < ir_elems(&op->out[0]->shape) % STEP; ++k) {
        text_set(&t, "k", "%d", k);
        text_put(&t, "    out[$k$] = middle[in0[$k$]];\n");
    }
    op_close(&t);
    return true;
}

bool mve_print_table(emitter *e, const ir_op *op)
{
    text t;
    open_table(e, op, &t, MVE_BYTES);
    emit_use_helper(e, EH_MVE);
    mve_open(e, op, &t);
    text_put(&t, "    const uint8x16_t half = vdupq_n_u8(128);\n"
                 "?whole|    for (int32_t i = 0; i < $whole$; i += 16) {\n"
                 "?whole|        const uint8x16_t at = veorq_u8(vreinterpretq_u8_s8(vldrbq_s8(in0 "
                 "+ i)), half);\n"
                 "?whole|        vstrbq_s8(out + i, vldrbq_gather_offset_s8($table$, at));\n"
                 "?whole|    }\n"
                 "?rest|    const mve_pred16_t rest = vctp8q($rest$);\n"
                 "?rest|    const uint8x16_t at = veorq_u8(vreinterpretq_u8_s8(vldrbq_z_s8(in0 + "
                 "$whole$, rest)), half);\n"
                 "?rest|    vstrbq_p_s8(out + $whole$, vldrbq_gather_offset_z_s8($table$, at, "
                 "rest), rest);\n");
    mve_close(&t);
    return true;
}

/* An index outside 0 to 63 gives 0 (TBL), or leaves what there is (TBX). */
bool neon_print_table(emitter *e, const ir_op *op)
{
    text t;
    open_table(e, op, &t, NEON_BYTES);
    emit_use_helper(e, EH_NEON);
    if (ir_elems(&op->out[0]->shape) % NEON_BYTES)
        emit_use_helper(e, EH_NEON_STORE);
    text_set(&t, "look", "%s", op_aux(e, op, "look"));
    text_put(&t, "/* $layer$: sixteen codes. */\n"
                 "static inline int8x16_t $look$(int8x16_t x, int8x16x4_t a, int8x16x4_t b, "
                 "int8x16x4_t c, int8x16x4_t d)\n"
                 "{\n"
                 "    const uint8x16_t at = veorq_u8(vreinterpretq_u8_s8(x), vdupq_n_u8(128));\n"
                 "    int8x16_t v = vqtbl4q_s8(a, at);\n"
                 "    v = vqtbx4q_s8(v, b, vsubq_u8(at, vdupq_n_u8(64)));\n"
                 "    v = vqtbx4q_s8(v, c, vsubq_u8(at, vdupq_n_u8(128)));\n"
                 "    return vqtbx4q_s8(v, d, vsubq_u8(at, vdupq_n_u8(192)));\n"
                 "}\n\n");
    op_open(e, op, &t);
    text_put(
        &t,
        "    const int8x16x4_t a = vld1q_s8_x4($table$), b = vld1q_s8_x4($table$ + 64);\n"
        "    const int8x16x4_t c = vld1q_s8_x4($table$ + 128), d = vld1q_s8_x4($table$ + 192);\n"
        "?whole|    for (int32_t i = 0; i < $whole$; i += 16)\n"
        "?whole|        vst1q_s8(out + i, $look$(vld1q_s8(in0 + i), a, b, c, d));\n"
        "?rest|    int8_t x[16] = {0};\n"
        "?rest|    for (int32_t i = 0; i < $rest$; ++i)\n"
        "?rest|        x[i] = in0[$whole$ + i];\n"
        "?rest|    $P$_store(out + $whole$, $look$(vld1q_s8(x), a, b, c, d), $rest$);\n");
    op_close(&t);
    return true;
}
