/* neon_wide.c - codes of 16 bits in scratch, and sums to codes, for kernels of such terms on NEON.
 */
#include "compiler/emit/neon_wide.h"

#include <string.h>

#include "compiler/emit/dots.h"

/* ---- sums to codes ----------------------------------------------------------------------------
 */

bool neon_wide_takes(const ir_op *op)
{
    return sums_fit(op);
}

static void put_finish(emitter *e, const ir_op *op, text *t, const char *channel)
{
    arena *a = e->ctx->a;
    requant rq;
    requant_init(&rq, e, op, &op->q->out, "");
    per_channel bias = bias_values(e, op);
    bool wide = op->q->acc_type == IR_I64;
    const char *sum = arena_printf(a, wide ? "((int64_t)%s + sum[i])" : "(%s + sum[i])",
                                   per_channel_at(a, &bias, "first + i"));
    text_set(t, "code", "%s", requant_code(&rq, sum, "first + i"));
    bool first = strstr(text_expand(t, "$code$"), "first") != NULL;
    text_set(t, "codes_param", first ? ", int32_t first" : "");
    text_set(t, "codes_argument", first ? ", %s" : "", channel);
    text_set(t, "finish_first", first ? ", first" : "");
    text_set(t, "finish", "%s", op_aux(e, op, "finish"));
    text_set(t, "out_type", "%s", emit_ctype(op->out[0]->type));
    text_put(t, "/* $layer$: codes of the sums of n neighbouring channels. */\n"
                "static void $finish$(const int32_t *sum$codes_param$, int n, $out_type$ *out)\n"
                "{\n"
                "    for (int i = 0; i < n; ++i)\n"
                "        out[i] = $code$;\n"
                "}\n\n");
}

void neon_wide_codes(emitter *e, const ir_op *op, text *t, const int *order, int places, int quads,
                     const char *place, const char *channel)
{
    bool plain = !neon_scales(op);
    text_set(t, "plain", "%d", plain);
    text_set(t, "quads", "%d", quads);
    if (plain) {
        put_finish(e, op, t, channel);
        return;
    }
    neon_scale scale;
    emit_use_helper(e, EH_NEON_STORE);
    neon_scale_init(&scale, e, op, t, order, places / NEON_LANES, NULL);
    neon_scale_functions(&scale, t, quads);
    text_set(t, "codes_param", ", const int32_t *scale");
    text_set(t, "codes_argument", ", %s + (%s) / 4 * %s", text_expand(t, "$scale$"), place,
             text_expand(t, "$numbers$"));
}

void neon_wide_put_codes(text *t)
{
    text_put(
        t, "?plain|        int32_t all[4 * $quads$];\n"
           "?plain|        for (int q = 0; q < $quads$; ++q)\n"
           "?plain|            vst1q_s32(all + 4 * q, v[q]);\n"
           "?plain|        $finish$(all$finish_first$, $count$, $to$);\n"
           "!plain|        $U$_UNROLL\n"
           "!plain|        for (int q = 0; q < $quads$; ++q) {\n"
           "!plain|            const uint32x4_t bias = vreinterpretq_u32_s32(vld1q_s32(scale + q "
           "* $numbers$));\n"
           "!plain|            v[q] = vreinterpretq_s32_u32(vaddq_u32(vreinterpretq_u32_s32(v[q]), "
           "bias));\n"
           "!plain|            v[q] = $codes$(v[q], scale + q * $numbers$);\n"
           "!plain|        }\n"
           "!plain|        $P$_store($to$, $narrow$(v), $count$);\n");
}

/* ---- staging ----------------------------------------------------------------------------------
 */

int64_t neon_wide_stage_bytes(const neon_stage *s)
{
    return 2 * ((int64_t)s->h * s->w * s->channels + NEON_BYTES);
}

static void put_cells(text *t)
{
    text_put(t, "            const $in0$ *from = in0 + (y * $in_cells$ + i) * $in_c$;\n"
                "            int16_t *to = staged + $first$ + y * $staged_line$ + i * $staged_c$;\n"
                "            for (int32_t c = 0; c < $in_c$; ++c)\n"
                "!copies|                to[c] = from[c];\n"
                "?copies|                for (int32_t k = 0; k < $copies$; ++k)\n"
                "?copies|                    to[c * $copies$ + k] = from[c];\n");
}

void neon_wide_stage(const neon_stage *s, emitter *e, const ir_op *op, text *t, int64_t at)
{
    const ir_shape *in = &op->in[0]->shape;
    bool conv = op->kind == OP_CONV2D;
    const int none[4] = {0, 0, 0, 0}, *pad = conv ? op->at.pad : none;
    int in_c = in->dim[in->rank - 1], cells = conv ? in->dim[1] : 1;
    bool gaps = s->channels != in_c, filled = gaps || neon_is_padded(op);
    const struct {
        const char *key;
        int64_t value;
    } vars[] = {
        {"fill", op->q->in_zero[0]},
        {"staged", (int64_t)s->h * s->w * s->channels},
        {"in_lines", conv ? in->dim[0] : s->h},
        {"in_cells", cells},
        {"in_c", in_c},
        {"staged_c", s->channels},
        {"staged_line", (int64_t)s->w * s->channels},
        {"in_line", (int64_t)cells * in_c},
        {"first", ((int64_t)pad[0] * s->w + pad[2]) * s->channels},
        {"filled", filled},
        {"gaps", gaps},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%lld", (long long)vars[i].value);
    text_set(t, "copies", s->copies > 1 ? "%d" : "", s->copies);
    text_set(t, "scratch_at", at ? "(int16_t *)(void *)((int8_t *)scratch + %lld)" : "scratch",
             (long long)at);
    emit_use_helper(e, op->in[0]->type == IR_I16 ? EH_NEON_MOVED : EH_NEON_WIDENED);
    text_set(t, "widen", "%s",
             text_expand(t, op->in[0]->type == IR_I16 ? "$P$_moved" : "$P$_widened"));
    text_put(t, "    int16_t *const staged = $scratch_at$;\n"
                "?filled|    for (int32_t i = 0; i < $staged$; ++i)\n"
                "?filled|        staged[i] = $fill$;\n"
                "    for (int32_t y = 0; y < $in_lines$; ++y)\n"
                "!gaps|        $widen$(staged + $first$ + y * $staged_line$, in0 + y * $in_line$, "
                "$in_line$);\n"
                "?gaps|        for (int32_t i = 0; i < $in_cells$; ++i) {\n");
    if (gaps) {
        put_cells(t);
        text_put(t, "        }\n");
    }
    text_put(t, "    const int16_t *x = staged;\n");
}
