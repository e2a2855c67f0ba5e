/* pool_steps.c - how targets take a cell of a pool's window (pool_kernel.c has the shape).
 *
 *   plain  up to four channels in registers of their own
 *   dsp    four channels in a word: maxima by SSUB8 and SEL, sums of pairs by SXTAB16
 *   mve    sixteen maxima, or eight sums, in a vector; fewer channels by a predicate
 *   neon   sixteen channels, or eight */
#include "compiler/emit/dsp.h"
#include "compiler/emit/mve.h"
#include "compiler/emit/neon.h"
#include "compiler/emit/pool.h"

enum { HALF_CELLS = 256, MEAN_CELLS = 180, PLAIN_CELLS = 1 << 15 };

/* ---- plain --------------------------------------------------------------------------------- */

static int channels_of(const ir_op *op)
{
    return op->in[0]->shape.dim[2];
}

static int plain_lanes(const emitter *e, const ir_op *op, bool max)
{
    const emit_target *target = emit_find_target(e->o->target);
    int c = channels_of(op);
    bool pairs = target->cost.registers <= 8 || (c % 4 != 0 && c % 2 == 0);
    int most = max && pairs ? 2 : 4;
    return c < most ? c : most;
}

static void plain_codes(pool *v)
{
    text_set(&v->t, "two", "%d", v->lanes > 1);
    text_set(&v->t, "three", "%d", v->lanes > 2);
    text_set(&v->t, "four", "%d", v->lanes > 3);
    if (!v->max)
        pool_put_code(v);
}

static const pool_step plain_step = {
    .cells = PLAIN_CELLS,
    .mean_cells = PLAIN_CELLS,
    .lanes = plain_lanes,
    .codes = plain_codes,
    .some = "",
    .max_first = "int32_t m0 = p[$at$0];\n"
                 "?two|int32_t m1 = p[$at$1];\n"
                 "?three|int32_t m2 = p[$at$2];\n"
                 "?four|int32_t m3 = p[$at$3];\n",
    .max_next = "m0 = p[$at$0] > m0 ? p[$at$0] : m0;\n"
                "?two|m1 = p[$at$1] > m1 ? p[$at$1] : m1;\n"
                "?three|m2 = p[$at$2] > m2 ? p[$at$2] : m2;\n"
                "?four|m3 = p[$at$3] > m3 ? p[$at$3] : m3;\n",
    .max_end = "to[0] = (int8_t)$limit$(m0$limits$);\n"
               "?two|to[1] = (int8_t)$limit$(m1$limits$);\n"
               "?three|to[2] = (int8_t)$limit$(m2$limits$);\n"
               "?four|to[3] = (int8_t)$limit$(m3$limits$);\n",
    .sum_none = "int32_t s0 = 0;\n"
                "?two|int32_t s1 = 0;\n"
                "?three|int32_t s2 = 0;\n"
                "?four|int32_t s3 = 0;\n",
    .sum_first = "int32_t s0 = p[$at$0];\n"
                 "?two|int32_t s1 = p[$at$1];\n"
                 "?three|int32_t s2 = p[$at$2];\n"
                 "?four|int32_t s3 = p[$at$3];\n",
    .sum_next = "s0 += p[$at$0];\n"
                "?two|s1 += p[$at$1];\n"
                "?three|s2 += p[$at$2];\n"
                "?four|s3 += p[$at$3];\n",
    .sum_end = "to[0] = $code$(s0$args$);\n"
               "?two|to[1] = $code$(s1$args$);\n"
               "?three|to[2] = $code$(s2$args$);\n"
               "?four|to[3] = $code$(s3$args$);\n",
};

bool plain_takes_pool(const emitter *e, const ir_op *op)
{
    return pool_takes(e, op, &plain_step);
}

bool plain_print_pool(emitter *e, const ir_op *op)
{
    return pool_print(e, op, &plain_step);
}

/* ---- DSP extension ------------------------------------------------------------------------- */

static int dsp_lanes(const emitter *e, const ir_op *op, bool max)
{
    (void)e;
    (void)max;
    return channels_of(op) < 4 ? 0 : 4;
}

static uint32_t four_times(int32_t code)
{
    return ((uint32_t)code & 255) * 0x01010101U;
}

static void dsp_codes(pool *v)
{
    text *t = &v->t;
    emitter *e = v->e;
    pool_mean m;
    emit_use_helper(e, EH_DSP_WORD);
    if (v->max) {
        emit_use_helper(e, EH_DSP_MAX4);
        if (v->op->q->hi < INT8_MAX)
            emit_use_helper(e, EH_DSP_MIN4);
        text_set(t, "los", "0x%08xu", (unsigned)four_times(v->op->q->lo));
        text_set(t, "his", "0x%08xu", (unsigned)four_times(v->op->q->hi));
        return;
    }
    bool first =
        v->w.y0 < v->w.y1 && loop_unrolled(e, LOOP_TAPS, v->cells); /* sum_first is printed */
    if (first) {
        emit_use_helper(e, EH_DSP_EVEN);
        emit_use_helper(e, EH_DSP_ODD);
    }
    if (!first || v->cells > 1 || window_has_edge(&v->w)) {
        emit_use_helper(e, EH_DSP_ADD_EVEN);
        emit_use_helper(e, EH_DSP_ADD_ODD);
    }
    bool half = !v->rescaled && pool_find_mean(v->op, v->cells, INT16_MAX, &m);
    text_set(t, "half", "%d", half);
    if (half) {
        emit_use_helper(e, EH_ASR32);
        emit_use_helper(e, EH_DSP_SMLABB);
        emit_use_helper(e, EH_DSP_SMLATB);
        text_set(t, "half_args", "%s, %s", c_int(e->ctx->a, m.mult), c_int(e->ctx->a, m.start));
        text_set(t, "half_shift", "%d", m.shift);
    }
    if (!half || window_has_edge(&v->w))
        pool_put_code(v);
}

static const pool_step dsp_step = {
    .cells = HALF_CELLS,
    .mean_cells = MEAN_CELLS,
    .lanes = dsp_lanes,
    .codes = dsp_codes,
    .max_first = "uint32_t m = $P$_word($p$);\n",
    .max_next = "m = $P$_max4(m, $P$_word($p$));\n",
    .max_end = "?over|m = $P$_max4(m, $los$);\n"
               "?under|m = $P$_min4(m, $his$);\n"
               "to[0] = (int8_t)m;\n"
               "to[1] = (int8_t)(m >> 8);\n"
               "to[2] = (int8_t)(m >> 16);\n"
               "to[3] = (int8_t)(m >> 24);\n",
    .sum_none = "uint32_t even = 0, odd = 0; /* two sums each */\n",
    .sum_first = "uint32_t even = $P$_even($P$_word($p$)), odd = $P$_odd($P$_word($p$)); /* two "
                 "sums each */\n",
    .sum_next = "even = $P$_add_even(even, $P$_word($p$));\n"
                "odd = $P$_add_odd(odd, $P$_word($p$));\n",
    .sum_end = "?half|to[0] = (int8_t)$limit$($P$_asr32($P$_smlabb(even, $half_args$), "
               "$half_shift$)$limits$);\n"
               "?half|to[1] = (int8_t)$limit$($P$_asr32($P$_smlabb(odd, $half_args$), "
               "$half_shift$)$limits$);\n"
               "?half|to[2] = (int8_t)$limit$($P$_asr32($P$_smlatb(even, $half_args$), "
               "$half_shift$)$limits$);\n"
               "?half|to[3] = (int8_t)$limit$($P$_asr32($P$_smlatb(odd, $half_args$), "
               "$half_shift$)$limits$);\n"
               "!half|to[0] = $code$((int16_t)even$args$);\n"
               "!half|to[1] = $code$((int16_t)odd$args$);\n"
               "!half|to[2] = $code$((int16_t)(even >> 16)$args$);\n"
               "!half|to[3] = $code$((int16_t)(odd >> 16)$args$);\n",
};

bool dsp_takes_pool(const emitter *e, const ir_op *op)
{
    return pool_takes(e, op, &dsp_step);
}

bool dsp_print_pool(emitter *e, const ir_op *op)
{
    return pool_print(e, op, &dsp_step);
}

/* ---- Helium -------------------------------------------------------------------------------- */

static int mve_pool_lanes(const emitter *e, const ir_op *op, bool max)
{
    (void)e;
    if (op->kind == OP_GLOBAL_AVGPOOL && op->q->out.n > 0 && !mve_scale_applies(op))
        return 0;
    return max ? MVE_BYTES : MVE_BYTES / 2;
}

static void mve_codes(pool *v)
{
    text *t = &v->t;
    bool some = v->w.c < v->lanes;
    emit_use_helper(v->e, EH_MVE);
    text_set(t, "U", "%s", v->e->upper);
    text_set(t, "bits", "%d", v->max ? 8 : 16);
    text_set(t, "z", some ? "_z" : "");
    text_set(t, "only", some ? "_p" : "");
    text_set(t, "some", some ? ", some" : "");
    if (v->max)
        return;
    if (v->rescaled) {
        mve_scale s;
        mve_scale_init(&s, v->e, v->op, 1, 1);
        mve_scale_function(&s, t);
        text_set(t, "load_numbers", "const int32_t *const scale = %s;\n    %s", s.array,
                 text_expand(t, "$load_scale$"));
        text_set(t, "args", "%s", text_expand(t, ", $scale_args$"));
        return;
    }
    text_set(t, "codes", "%s", op_aux(v->e, v->op, "codes"));
    text_put(t, "/* $layer$: the means of codes with four sums s. */\n"
                "$U$_INLINE int32x4_t $codes$(int32x4_t s, int32_t mult, int32_t start)\n"
                "{\n"
                "    s = vshrq_n_s32(vmlaq_n_s32(vdupq_n_s32(start), s, mult), $shift$);\n"
                "?over|    s = vmaxq_s32(s, vdupq_n_s32($lo$));\n"
                "?under|    s = vminq_s32(s, vdupq_n_s32($hi$));\n"
                "    return s;\n"
                "}\n\n");
}

static const pool_step mve_step = {
    .cells = HALF_CELLS,
    .mean_cells = MEAN_CELLS,
    .lanes = mve_pool_lanes,
    .codes = mve_codes,
    .some = "    const mve_pred16_t some = vctp$bits$q($c$);\n",
    .max_first = "int8x16_t m = vldrbq$z$_s8($p$$some$);\n",
    .max_next = "m = vmaxq_s8(m, vldrbq$z$_s8($p$$some$));\n",
    .max_end = "?over|m = vmaxq_s8(m, vdupq_n_s8($lo$));\n"
               "?under|m = vminq_s8(m, vdupq_n_s8($hi$));\n"
               "vstrbq$only$_s8(to, m$some$);\n",
    .sum_none = "int16x8_t s = vdupq_n_s16(0);\n",
    .sum_first = "int16x8_t s = vldrbq$z$_s16($p$$some$);\n",
    .sum_next = "s = vaddq_s16(s, vldrbq$z$_s16($p$$some$));\n",
    .sum_end = "s = vmovntq_s32(vmovnbq_s32(s, $codes$(vmovlbq_s16(s)$args$)), "
               "$codes$(vmovltq_s16(s)$args$));\n"
               "vstrbq$only$_s16(to, s$some$);\n",
};

bool mve_takes_pool(const emitter *e, const ir_op *op)
{
    return pool_takes(e, op, &mve_step);
}

bool mve_print_pool(emitter *e, const ir_op *op)
{
    return pool_print(e, op, &mve_step);
}

/* ---- NEON ---------------------------------------------------------------------------------- */

static int neon_pool_lanes(const emitter *e, const ir_op *op, bool max)
{
    (void)e;
    (void)max;
    if (op->kind == OP_GLOBAL_AVGPOOL && op->q->out.n > 0 && !neon_scales(op))
        return 0;
    int c = channels_of(op);
    return c >= NEON_BYTES ? NEON_BYTES : c >= NEON_BYTES / 2 ? NEON_BYTES / 2 : 0;
}

static void neon_rescaled(pool *v)
{
    static const int first[NEON_LANES] = {0};
    text *t = &v->t;
    neon_scale s;
    neon_scale_init(&s, v->e, v->op, t, first, 1, NULL);
    neon_scale_functions(&s, t, v->lanes / NEON_LANES);
    text_set(t, "before", "%s", text_expand(t, "vaddq_s32(vld1q_s32($scale$), "));
    text_set(t, "behind", ")");
    text_set(t, "args", "%s", text_expand(t, ", $scale$"));
}

static void neon_codes(pool *v)
{
    text *t = &v->t;
    bool wide = v->lanes == NEON_BYTES;
    emit_use_helper(v->e, EH_NEON);
    text_set(t, "wide", "%d", wide);
    text_set(t, "q", wide ? "q" : "");
    text_set(t, "type", wide ? "int8x16_t" : "int8x8_t");
    if (v->max)
        return;
    if (v->rescaled) {
        neon_rescaled(v);
        return;
    }
    text_set(t, "codes", "%s", op_aux(v->e, v->op, "codes"));
    text_put(t, "/* $layer$: the means of codes with four sums s. */\n"
                "static inline int32x4_t $codes$(int32x4_t s, int32_t mult, int32_t start)\n"
                "{\n"
                "    return vshrq_n_s32(vmlaq_n_s32(vdupq_n_s32(start), s, mult), $shift$);\n"
                "}\n\n");
    neon_narrow_function(v->e, v->op, t, v->lanes / NEON_LANES, 0);
    text_set(t, "before", "%s", "");
    text_set(t, "behind", "%s", "");
}

static const pool_step neon_step = {
    .cells = HALF_CELLS,
    .mean_cells = MEAN_CELLS,
    .lanes = neon_pool_lanes,
    .codes = neon_codes,
    .max_first = "$type$ m = vld1$q$_s8($p$);\n",
    .max_next = "m = vmax$q$_s8(m, vld1$q$_s8($p$));\n",
    .max_end = "?over|m = vmax$q$_s8(m, vdup$q$_n_s8($lo$));\n"
               "?under|m = vmin$q$_s8(m, vdup$q$_n_s8($hi$));\n"
               "vst1$q$_s8(to, m);\n",
    .sum_none = "int16x8_t low = vdupq_n_s16(0);\n"
                "?wide|int16x8_t high = vdupq_n_s16(0);\n",
    .sum_first = "?wide|int16x8_t low = vmovl_s8(vget_low_s8(vld1q_s8($p$)));\n"
                 "?wide|int16x8_t high = vmovl_high_s8(vld1q_s8($p$));\n"
                 "!wide|int16x8_t low = vmovl_s8(vld1_s8($p$));\n",
    .sum_next = "?wide|low = vaddw_s8(low, vget_low_s8(vld1q_s8($p$)));\n"
                "?wide|high = vaddw_high_s8(high, vld1q_s8($p$));\n"
                "!wide|low = vaddw_s8(low, vld1_s8($p$));\n",
    .sum_end =
        "const int32x4_t v[] = {$codes$($before$vmovl_s16(vget_low_s16(low))$behind$$args$),\n"
        "                       $codes$($before$vmovl_high_s16(low)$behind$$args$),\n"
        "?wide|                       "
        "$codes$($before$vmovl_s16(vget_low_s16(high))$behind$$args$),\n"
        "?wide|                       $codes$($before$vmovl_high_s16(high)$behind$$args$),\n"
        "                       };\n"
        "?wide|vst1q_s8(to, $narrow$(v));\n"
        "!wide|vst1_s8(to, vget_low_s8($narrow$(v)));\n",
};

bool neon_takes_pool(const emitter *e, const ir_op *op)
{
    return pool_takes(e, op, &neon_step);
}

bool neon_print_pool(emitter *e, const ir_op *op)
{
    return pool_print(e, op, &neon_step);
}
