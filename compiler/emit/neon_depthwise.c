/* neon_depthwise.c - depthwise convolutions on NEON: sixteen channels in a register.
 *
 * Products of neighbouring taps are summed in 16 bits, as many of them as the weights prove to fit
 * there, and then added to the sums of 32 bits: SMULL, SMLAL for each tap, SADDW for each group.
 * The input is padded in scratch, its channels up to a multiple of sixteen and, where each has
 * several filters, so many times side by side; few channels (a divisor of sixteen) run along the
 * line instead, over neighbouring windows. Weights stand as [16 channels][tap][16]. A tile is some
 * windows side by side, whose codes are loaded once where they meet. */
#include "compiler/emit/neon_fields.h"
#include "compiler/emit/packed.h"

enum { MOST_TAPS = 128, MOST_PACKED = 24, MOST_WINDOWS = 2 };

typedef struct neon_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    neon_stage stage;
    int taps, groups,
        lanes; /* groups of sixteen channels; lanes: channels, or those of a register where flat */
    int lines, line;          /* windows (flat: registers) */
    int64_t step, line_pitch; /* bytes from window to window, from line to line */
    int tile;
    bool flat;
    bool packed; /* weights are fields, decoded once for all windows of sixteen channels */
    neon_fields fields;
} neon_depthwise;

static void init(neon_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (neon_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window *w = &v->w;
    window_init(w, op);
    v->flat = w->o < NEON_BYTES && NEON_BYTES % w->o == 0 && w->sw == 1 && w->ow > 1;
    v->groups = (w->o + NEON_BYTES - 1) / NEON_BYTES;
    neon_stage_init(&v->stage, op, v->flat ? w->o : v->groups * NEON_BYTES, w->o / w->c);
    v->taps = w->kh * w->kw;
    v->step = v->flat ? NEON_BYTES : (int64_t)w->sw * v->stage.channels;
    v->line_pitch = (int64_t)w->sh * v->stage.w * v->stage.channels;
    v->lines = w->oh;
    v->line = v->flat ? (w->ow * w->o + NEON_BYTES - 1) / NEON_BYTES : w->ow;
    v->lanes = v->flat ? NEON_BYTES : w->o;
    if (v->line == 1 && !v->flat) { /* along time */
        v->line = v->lines;
        v->step = v->line_pitch;
        v->lines = 1;
    }
    v->packed = neon_fields_init(&v->fields, op);
    v->tile = v->flat || v->line < MOST_WINDOWS ? 1 : MOST_WINDOWS;
}

/* Without pads, and with whole groups of channels, the input serves as it is. */
static bool is_staged(const neon_depthwise *v)
{
    return v->flat || v->stage.channels != v->w.c || neon_is_padded(v->op);
}

bool neon_takes_depthwise(const emitter *e, const ir_op *op)
{
    neon_depthwise v;
    if (!ir_is_depthwise(op) || !neon_scales(op))
        return false;
    init(&v, e, op);
    if (v.packed ? v.fields.per_channel || v.fields.offsets || v.taps > MOST_PACKED
                 : weight_form_of(op) != WEIGHTS_CODE)
        return false;
    return v.taps <= MOST_TAPS && v.stage.bytes < INT32_MAX / 2;
}

int64_t neon_scratch_depthwise(const emitter *e, const ir_op *op)
{
    neon_depthwise v;
    init(&v, e, op);
    return is_staged(&v) ? v.stage.bytes : 0;
}

static int weight_of(const neon_depthwise *v, int channel, int tap)
{
    int64_t i = (int64_t)channel * v->taps + tap;
    return v->packed ? neon_fields_level(v->op, channel, i)
                     : ((const int8_t *)ir_weight(v->op)->data)[i];
}

/* Registers of sixteen channels: taps, up to whole units of fields. */
static int registers_of(const neon_depthwise *v)
{
    int n = v->packed ? v->fields.registers : 1;
    return (v->taps + n - 1) / n * n;
}

/* Codes or fields, [16 channels][register][16]. */
static uint8_t *ordered_weights(const neon_depthwise *v)
{
    const uint8_t *codes = ir_weight(v->op)->data;
    int registers = registers_of(v);
    uint8_t *w = ARENA_ARRAY(v->e->ctx->a, uint8_t, v->groups * registers * NEON_BYTES);
    for (int p = 0; p < v->lanes; ++p)
        for (int k = 0; k < v->taps; ++k) {
            int64_t from = (int64_t)(p % v->w.o) * v->taps + k;
            w[(p / NEON_BYTES * registers + k) * NEON_BYTES + p % NEON_BYTES] =
                v->packed ? (uint8_t)packed_value(v->op, from) : codes[from];
        }
    return w;
}

static int group_bytes(const neon_depthwise *v)
{
    return v->packed ? registers_of(v) / v->fields.registers * v->fields.bytes
                     : v->taps * NEON_BYTES;
}

static void put_weights(neon_depthwise *v)
{
    arena *a = v->e->ctx->a;
    const uint8_t *w = ordered_weights(v);
    int n = v->groups * group_bytes(v);
    const char *fields = "";
    if (v->packed) {
        uint8_t *to = ARENA_ARRAY(a, uint8_t, n);
        neon_fields_pack(&v->fields, w, v->groups * registers_of(v), to);
        w = to;
        fields =
            arena_printf(a, ", fields of %d bits by 16 * %d", v->fields.bits, v->fields.registers);
    }
    text_set(&v->t, "group_bytes", "%d", group_bytes(v));
    text_set(&v->t, "weight", "%s",
             emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"),
                        v->packed ? IR_U8 : IR_I8, w, n,
                        arena_printf(a, "%s: weights [%d][%d taps][16 channels]%s",
                                     emit_comment(v->e, v->op->name), v->groups, v->taps, fields)));
}

static void put_constants(neon_depthwise *v, neon_scale *scale)
{
    int places = v->groups * NEON_BYTES;
    int *order = ARENA_ARRAY(v->e->ctx->a, int, places);
    for (int p = 0; p < places; ++p)
        order[p] = p < v->lanes ? p % v->w.o : -1;
    neon_scale_init(scale, v->e, v->op, &v->t, order, v->groups * NEON_LANES, NULL);
    if (v->packed)
        neon_fields_table(&v->fields, v->e, v->op, &v->t, order, places);
    put_weights(v);
}

/* The weights of sixteen channels, tap by tap, from their fields. */
static void put_unpack(neon_depthwise *v)
{
    text *t = &v->t;
    const neon_fields *f = &v->fields;
    text_set(t, "unpack", "%s", op_aux(v->e, v->op, "unpack"));
    text_set(t, "registers", "%d", registers_of(v));
    text_set(t, "unit_registers", "%d", f->registers);
    text_set(t, "unit_bytes", "%d", f->bytes);
    text_put(t, "/* $layer$: the weights of sixteen channels, tap by tap, from their fields. */\n"
                "static void $unpack$(const uint8_t *w, int8_t *to)\n"
                "{\n");
    neon_fields_levels(f, t, text_expand(t, "$table$"));
    text_put(t,
             "    for (int i = 0; i < $registers$; i += $unit_registers$, w += $unit_bytes$) {\n");
    neon_fields_put(f, t, 8, "w");
    for (int i = 0; i < f->registers; ++i) {
        text_set(t, "i", "%d", i);
        text_put(t, "        vst1q_s8(to + (i + $i$) * 16, f$i$);\n");
    }
    text_put(t, "    }\n"
                "}\n\n");
}

/* How many taps from `first` on have products whose sum fits 16 bits in every channel. */
static int taps_together(const neon_depthwise *v, int first)
{
    int least = v->taps - first;
    for (int c = 0; c < v->w.o; ++c) {
        int n = 0, sum = 0;
        for (; first + n < v->taps && n < least; ++n) {
            int w = weight_of(v, c, first + n);
            sum += 128 * (w < 0 ? -w : w);
            if (sum > INT16_MAX)
                break;
        }
        least = n < least ? n : least;
    }
    return least > 0 ? least : 1; /* one product fits, whatever it is */
}

static int offset_of(const neon_depthwise *v, int tap)
{
    const window *w = &v->w;
    return (tap / w->kw * w->dh * v->stage.w + tap % w->kw * w->dw) * v->stage.channels;
}

/* Taps of one window that are summed in 16 bits. */
static void put_group(neon_depthwise *v, int p, int first, int n)
{
    text *t = &v->t;
    text_set(t, "window", "%d", p);
    for (int k = first; k < first + n; ++k) {
        text_set(t, "at", "%lld", (long long)(offset_of(v, k) + p * v->step));
        text_set(t, "tap", "%d", k * NEON_BYTES);
        text_put(t, k == first ? "    $U$_FIRST_TAP(x + $at$, w + $tap$);\n"
                               : "    $U$_NEXT_TAP(x + $at$, w + $tap$);\n");
    }
    text_put(t, first ? "    $U$_NEXT_SUMS(sum$window$);\n"
                      : "    $U$_FIRST_SUMS(sum$window$, scale, $numbers$);\n");
}

/* `windows` neighbouring ones at a time. */
static void put_tile(neon_depthwise *v, const char *name, int windows)
{
    text *t = &v->t;
    text_set(t, "tile", "%s", op_aux(v->e, v->op, name));
    text_set(t, "param", v->lanes % NEON_BYTES || v->flat ? ", int n" : "");
    text_set(t, "count", v->lanes % NEON_BYTES || v->flat ? "n" : "16");
    text_set(t, "windows", windows > 1 ? "%d neighbouring windows" : "a window", windows);
    text_set(t, "o", "%d", v->w.o);
    text_put(
        t,
        "/* $layer$: sixteen channels of $windows$. */\n"
        "static inline void $tile$(const int8_t *x, const int8_t *w, const int32_t *scale, int8_t "
        "*out$param$)\n"
        "{\n"
        "    int16x8_t low, high;\n");
    for (int p = 0; p < windows; ++p) {
        text_set(t, "window", "%d", p);
        text_put(t, "    int32x4_t sum$window$[4];\n");
    }
    for (int k = 0, n; k < v->taps; k += n) {
        n = taps_together(v, k);
        for (int p = 0; p < windows; ++p)
            put_group(v, p, k, n);
    }
    for (int p = 0; p < windows; ++p) {
        text_set(t, "window", "%d", p);
        text_set(t, "to", p ? "out + %d" : "out", p * v->w.o);
        for (int q = 0; q < NEON_LANES; ++q) {
            text_set(t, "q", "%d", q);
            text_set(t, "scale_at", q ? "scale + %s" : "scale", text_expand(t, "$q$ * $numbers$"));
            text_put(t, "    sum$window$[$q$] = $codes$(sum$window$[$q$], $scale_at$);\n");
        }
        text_put(t, "    $P$_store($to$, $narrow$(sum$window$), $count$);\n");
    }
    text_put(t, "}\n\n");
}

static void put_loops(neon_depthwise *v)
{
    text *t = &v->t;
    bool lines = v->lines > 1, partial = v->lanes % NEON_BYTES != 0;
    text_set(t, "flat", "%d", v->flat);
    text_set(t, "line", "%d", v->flat ? v->w.ow * v->w.o : v->line);
    text_set(t, "step", "%lld", (long long)v->step);
    text_set(t, "argument", "%s", partial ? text_expand(t, ", $o$ - c") : "");
    text_set(t, "out_line", "%d", v->w.ow * v->w.o);
    text_set(t, "in_line", "%lld", (long long)v->line_pitch);
    text_set(t, "y_in", "%s", lines ? text_expand(t, "y * $in_line$ + ") : "");
    text_set(t, "y_out", "%s", lines ? text_expand(t, "y * $out_line$ + ") : "");
    text_set(t, "pairs", "%d", v->line / v->tile * v->tile);
    text_set(t, "windows", "%d", v->tile);
    text_set(t, "single", v->line % v->tile ? "%d" : "", v->line - 1);
    int columns = lines ? 4 : 0;
    text_set(t, "oh", lines ? "%d" : "", v->lines);
    text_set(t, "packed", "%d", v->packed);
    if (v->flat) {
        text_set(t, "taps_of", "%s", v->packed ? "w" : text_expand(t, "$weight$"));
        text_put(t, "?packed|    int8_t w[$registers$ * 16];\n"
                    "?packed|    $unpack$($weight$, w);\n");
        text_put(t, "?oh|    for (int32_t y = 0; y < $oh$; ++y)\n");
        text_put_at(t, 4 + columns,
                    "for (int32_t i = 0; i < $line$; i += 16)\n"
                    "    $tile$(x + $y_in$i, $taps_of$, $scale$, out + $y_out$i, $line$ - i);\n");
        return;
    }
    text_put(t, "    for (int32_t c = 0; c < $o$; c += 16) {\n"
                "?packed|        int8_t w[$registers$ * 16];\n"
                "?packed|        $unpack$($weight$ + c / 16 * $group_bytes$, w);\n"
                "!packed|        const int8_t *w = $weight$ + c * $taps$;\n"
                "        const int32_t *s = $scale$ + c / 4 * $numbers$;\n");
    text_put(t, "?oh|        for (int32_t y = 0; y < $oh$; ++y) {\n");
    text_put_at(
        t, 8 + columns,
        "for (int32_t i = 0; i < $pairs$; i += $windows$)\n"
        "    $tile$(x + $y_in$i * $step$ + c, w, s, out + $y_out$i * $o$ + c$argument$);\n"
        "?single|$one$(x + $y_in$$single$ * $step$ + c, w, s, out + $y_out$$single$ * $o$ + "
        "c$argument$);\n");
    text_put(t, "?oh|        }\n");
    text_put(t, "    }\n");
}

bool neon_print_depthwise(emitter *e, const ir_op *op)
{
    neon_depthwise v;
    neon_scale scale;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    window_vars(&v.w, t);
    text_set(t, "U", "%s", e->upper);
    emit_use_helper(e, EH_NEON_TAPS);
    emit_use_helper(e, EH_NEON_STORE);
    put_constants(&v, &scale);
    neon_scale_functions(&scale, t, NEON_LANES);
    if (v.packed)
        put_unpack(&v);
    if (v.line % v.tile) {
        put_tile(&v, "one", 1);
        text_set(t, "one", "%s", text_expand(t, "$tile$"));
    }
    put_tile(&v, "tile", v.tile);
    op_comment(e, op, t);
    op_open(e, op, t);
    neon_stage_put(&v.stage, e, op, t, is_staged(&v));
    put_loops(&v);
    op_close(t);
    return true;
}
