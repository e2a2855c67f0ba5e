/* neon_wide_depthwise.c - depthwise convolutions of 16-bit terms on NEON: eight channels in a
 * register, a tap an instruction for each half of it (SMLAL, SMLAL2).
 *
 * The input is padded in scratch, its channels up to a multiple of eight and, where each has
 * several filters, so many times side by side. Levels stand as [8 channels][tap][8], baked, or made
 * in scratch, eight channels at a time, of fields and indices. */
#include "compiler/emit/neon_wide.h"
#include "compiler/emit/packed.h"

#include "compiler/quant/grid.h"

enum { CHANNELS = 8, WINDOWS = 2 };

typedef struct wide_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    neon_stage stage;
    int taps, groups, tile; /* groups of eight channels */
    bool made;              /* levels are made of what is stored */
} wide_depthwise;

static void init(wide_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (wide_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window *w = &v->w;
    window_init(w, op);
    v->groups = (w->o + CHANNELS - 1) / CHANNELS;
    neon_stage_init(&v->stage, op, v->groups * CHANNELS, w->o / w->c);
    v->taps = w->kh * w->kw;
    v->tile = w->ow < WINDOWS ? 1 : WINDOWS;
    v->made = weights_packed(op);
}

/* Level of tap k of channel c, of weights that are not packed. */
static int32_t level_of(const wide_depthwise *v, int c, int k)
{
    const ir_tensor *w = ir_weight(v->op);
    int64_t i = (int64_t)c * v->taps + k;
    int32_t code = w->type == IR_I16 ? ((const int16_t *)w->data)[i] : ((const int8_t *)w->data)[i];
    return quant_level(w->quant, c, code);
}

static bool levels_fit(const wide_depthwise *v)
{
    for (int c = 0; c < v->w.o && !v->made; ++c)
        for (int k = 0; k < v->taps; ++k)
            if (level_of(v, c, k) < INT16_MIN || level_of(v, c, k) > INT16_MAX)
                return false;
    return true;
}

bool neon_takes_wide_depthwise(const emitter *e, const ir_op *op)
{
    wide_depthwise v;
    if (!ir_is_depthwise(op) || !neon_wide_takes(op))
        return false;
    init(&v, e, op);
    return levels_fit(&v) && neon_wide_stage_bytes(&v.stage) < INT32_MAX / 2;
}

static int64_t made_bytes(const wide_depthwise *v)
{
    return v->made ? (int64_t)v->taps * CHANNELS * 2 : 0;
}

int64_t neon_scratch_wide_depthwise(const emitter *e, const ir_op *op)
{
    wide_depthwise v;
    init(&v, e, op);
    return made_bytes(&v) + neon_wide_stage_bytes(&v.stage);
}

/* ---- constants --------------------------------------------------------------------------------
 */

static void put_levels(wide_depthwise *v)
{
    arena *a = v->e->ctx->a;
    int n = v->groups * v->taps * CHANNELS;
    int16_t *to = ARENA_ARRAY(a, int16_t, n);
    for (int i = 0; i < n; ++i) {
        int c = i / CHANNELS / v->taps * CHANNELS + i % CHANNELS, k = i / CHANNELS % v->taps;
        to[i] = (int16_t)(c < v->w.o ? level_of(v, c, k) : 0);
    }
    text_set(&v->t, "weight", "%s",
             emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I16, to, n,
                        arena_printf(a, "%s: weights [%d][%d taps][8 channels]",
                                     emit_comment(v->e, v->op->name), v->groups, v->taps)));
}

/* The function $make$(to, first): levels of eight channels. */
static void put_make(wide_depthwise *v)
{
    text *t = &v->t;
    packed p = packed_weights(v->e, v->op, true);
    per_channel offset = packed_offsets(v->e, v->op, &p);
    packed_level_function(v->e, &p, &offset, op_aux(v->e, v->op, "level"), t);
    text_set(t, "weight", "%s", p.weight);
    text_set(t, "weight_row", "%lld", (long long)p.row);
    text_set(t, "make", "%s", op_aux(v->e, v->op, "make"));
    text_set(t, "o", "%d", v->w.o);
    text_set(t, "some", "%d", v->w.o % CHANNELS);
    text_set(t, "guard", v->w.o % CHANNELS ? "first + c < %d ? " : "", v->w.o);
    text_set(t, "else", v->w.o % CHANNELS ? " : 0" : "");
    text_put(t,
             "/* $layer$: the weights of eight channels, tap by tap. */\n"
             "static void $make$(int16_t *to, int32_t first)\n"
             "{\n"
             "    for (int32_t k = 0; k < $taps$; ++k)\n"
             "        for (int32_t c = 0; c < 8; ++c)\n"
             "            to[k * 8 + c] = (int16_t)($guard$$level_of$(&$weight$[k * $weight_row$], "
             "first + c)$else$);\n"
             "}\n\n");
}

static void put_constants(wide_depthwise *v)
{
    int places = v->groups * CHANNELS;
    int *order = ARENA_ARRAY(v->e->ctx->a, int, places);
    for (int p = 0; p < places; ++p)
        order[p] = p < v->w.o ? p : -1;
    if (v->made)
        put_make(v);
    else
        put_levels(v);
    neon_wide_codes(v->e, v->op, &v->t, order, places, CHANNELS / NEON_LANES, "c", "c");
}

/* ---- text -------------------------------------------------------------------------------------
 */

static void put_tile(wide_depthwise *v, const char *name, int windows)
{
    text *t = &v->t;
    bool partial = v->w.o % CHANNELS != 0;
    text_set(t, "tile", "%s", op_aux(v->e, v->op, name));
    text_set(t, "windows", "%d", windows);
    text_set(t, "param", "%s%s", text_expand(t, "$codes_param$"), partial ? ", int n" : "");
    text_set(t, "count", partial ? "n < 8 ? n : 8" : "8");
    text_set(t, "o", "%d", v->w.o);
    text_put(t,
             "/* $layer$: eight channels of $windows$ window$plural$. */\n"
             "static inline void $tile$(const int16_t *x, const int16_t *w, $out$ *out$param$)\n"
             "{\n"
             "    int32x4_t sum[$windows$][2];\n"
             "    $U$_UNROLL\n"
             "    for (int p = 0; p < $windows$; ++p)\n"
             "        sum[p][0] = sum[p][1] = vdupq_n_s32(0);\n"
             "    for (int row = 0; row < $kh$; ++row, x += $pitch$) {\n"
             "        $U$_UNROLL\n"
             "        for (int k = 0; k < $kw$; ++k, w += 8) {\n"
             "            const int16x8_t f = vld1q_s16(w);\n"
             "            $U$_UNROLL\n"
             "            for (int p = 0; p < $windows$; ++p) {\n"
             "                const int16x8_t c = vld1q_s16(x + p * $step$ + k * $hop$);\n"
             "                sum[p][0] = vmlal_s16(sum[p][0], vget_low_s16(f), vget_low_s16(c));\n"
             "                sum[p][1] = vmlal_high_s16(sum[p][1], f, c);\n"
             "            }\n"
             "        }\n"
             "    }\n"
             "    $U$_UNROLL\n"
             "    for (int p = 0; p < $windows$; ++p) {\n"
             "        int32x4_t v[2] = {sum[p][0], sum[p][1]};\n");
    text_set(t, "to", "%s", text_expand(t, "out + p * $o$"));
    neon_wide_put_codes(t);
    text_put(t, "    }\n"
                "}\n\n");
}

static void put_loops(wide_depthwise *v)
{
    text *t = &v->t;
    bool partial = v->w.o % CHANNELS != 0;
    text_set(t, "argument", partial ? "%s, %d - c" : "%s", text_expand(t, "$codes_argument$"),
             v->w.o);
    text_put(t,
             "    for (int32_t c = 0; c < $o$; c += 8) {\n"
             "?made|        $make$(levels, c);\n"
             "?made|        const int16_t *w = levels;\n"
             "!made|        const int16_t *w = $weight$ + c * $taps$;\n"
             "        for (int32_t y = 0; y < $oh$; ++y)\n"
             "            for (int32_t i = 0; i < $ow$; i += $windows$) {\n"
             "                /* the last tile takes some windows again */\n"
             "                const int32_t p = i < $ow$ - $windows$ ? i : $ow$ - $windows$;\n"
             "                $tile$(x + y * $in_step$ + p * $step$ + c, w, out + (y * $ow$ + p) * "
             "$o$ + c$argument$);\n"
             "            }\n"
             "    }\n");
}

bool neon_print_wide_depthwise(emitter *e, const ir_op *op)
{
    wide_depthwise v;
    init(&v, e, op);
    text *t = &v.t;
    const window *w = &v.w;
    op_begin(e, op, t);
    window_vars(w, t);
    text_set(t, "U", "%s", e->upper);
    text_set(t, "step", "%d", w->sw * v.stage.channels);
    text_set(t, "hop", "%d", w->dw * v.stage.channels);
    text_set(t, "pitch", "%d", w->dh * v.stage.w * v.stage.channels);
    text_set(t, "in_step", "%d", w->sh * v.stage.w * v.stage.channels);
    text_set(t, "made", "%d", v.made);
    text_set(t, "plural", v.tile > 1 ? "s" : "");
    emit_use_helper(e, EH_NEON);
    put_constants(&v);
    put_tile(&v, "tile", v.tile);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_put(t, "?made|    int16_t *levels = scratch;\n");
    neon_wide_stage(&v.stage, e, op, t, made_bytes(&v));
    put_loops(&v);
    op_close(t);
    return true;
}
