/* mve_levels.c - fields of depthwise weights as levels of 8 bits, sixteen lanes at a time: a
 * strip's channels are taken apart once, and the kernel goes over them as over codes. */
#include "compiler/emit/mve_store.h"

#include <string.h>

#include "compiler/quant/grid.h"

static bool has_fields(const ir_op *op)
{
    weight_form form = weight_form_of(op);
    return form == WEIGHTS_PACKED || form == WEIGHTS_CODEBOOK;
}

bool mve_levels_take(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    if (!has_fields(op))
        return false;
    int64_t n = ir_elems(&w->shape), terms = n / w->shape.dim[0];
    for (int64_t i = 0; i < n; ++i) {
        int32_t code =
            w->type == IR_U8 ? ((const uint8_t *)w->data)[i] : ((const int8_t *)w->data)[i];
        int32_t level = quant_level(w->quant, (int)(i / terms), code);
        if (level < INT8_MIN || level > INT8_MAX)
            return false;
    }
    return w->quant->scheme != IR_Q_CODEBOOK || w->quant->table_type == IR_I8;
}

typedef struct levels {
    emitter *e;
    const ir_op *op;
    text *t;
    mve_store store;
    int channels, row, vectors; /* at a time; bytes of a channel; vectors of a unit */
    const int *place;
    per_channel offset;
} levels;

/* ---- arrays -----------------------------------------------------------------------------------
 */

/* Channels with those that fill the last group. */
static int padded(const levels *v)
{
    return (v->op->q->channels + v->channels - 1) / v->channels * v->channels;
}

/* What is added to mul·field, modulo 256: that is enough for levels of 8 bits. */
static per_channel offsets_of(levels *v)
{
    const ir_iparams *q = v->op->q;
    int64_t *to = ARENA_ARRAY(v->e->ctx->a, int64_t, padded(v));
    for (int c = 0; c < padded(v); ++c) {
        int of = c < q->channels ? c : q->channels - 1;
        to[c] = (int8_t)(uint8_t)(v->store.p.add + (q->wzero ? q->wzero[of] : 0));
    }
    return per_channel_i64(v->e, op_base(v->e, v->op, "weight_offset"), IR_I8, to, padded(v),
                           "added to every weight of a channel");
}

/* Units [group of `vectors` channels][block], a vector for each channel. */
static const char *weights_of(levels *v)
{
    arena *a = v->e->ctx->a;
    const ir_shape *shape = &ir_weight(v->op)->shape;
    int terms = (int)(ir_elems(shape) / shape->dim[0]), blocks = v->row / MVE_BYTES;
    int n = padded(v);
    uint8_t *fields = ARENA_ARRAY(a, uint8_t, (size_t)n * (size_t)v->row);
    memset(fields, MVE_NO_FIELD, (size_t)n * (size_t)v->row);
    for (int c = 0; c < shape->dim[0]; ++c)
        for (int i = 0; i < terms; ++i) {
            int block = c / v->vectors * blocks + v->place[i] / MVE_BYTES;
            fields[(block * v->vectors + c % v->vectors) * MVE_BYTES + v->place[i] % MVE_BYTES] =
                (uint8_t)packed_value(v->op, (int64_t)c * terms + i);
        }
    int four = n * blocks / MVE_FILTERS;
    text_set(v->t, "levels_bytes", "%d", mve_store_bytes(&v->store, four) / (n / v->channels));
    const char *comment =
        arena_printf(a, "%s: weights [%d channels][block %d][channel %d][16], of %d bit%s",
                     emit_comment(v->e, v->op->name), n / v->vectors, blocks, v->vectors,
                     v->store.bits, v->store.bits > 1 ? "s" : "");
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_U8,
                      mve_store_pack(&v->store, a, fields, four), mve_store_bytes(&v->store, four),
                      comment);
}

/* -1 in the lanes where a tap stands. */
static const char *taps_of(levels *v)
{
    int8_t *to = ARENA_ARRAY(v->e->ctx->a, int8_t, (size_t)v->row);
    const ir_shape *shape = &ir_weight(v->op)->shape;
    for (int i = 0; i < ir_elems(shape) / shape->dim[0]; ++i)
        to[v->place[i]] = -1;
    return emit_array(v->e, EMIT_CONSTANT, op_base(v->e, v->op, "taps"), IR_I8, to, v->row,
                      "lanes of a channel that hold weights");
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The bytes of a unit as u0, u1, …; of three, u3 has the lower bits together. */
static void put_bytes(levels *v)
{
    text *t = v->t;
    int bytes = mve_store_bytes(&v->store, v->store.blocks) / MVE_BYTES;
    for (int i = 0; i < bytes; ++i) {
        text_set(t, "i", "%d", i);
        text_set(t, "from", i ? "w + %d" : "w", i * MVE_BYTES);
        text_put(t, "            const uint8x16_t u$i$ = vldrbq_u8($from$);\n");
    }
    if (v->store.bits == 3)
        text_put(t, "            const uint8x16_t u3 = "
                    "vshlq_n_u8(vsliq_n_u8(vsliq_n_u8(u0, u1, 2), u2, 4), 2);\n");
}

/* C expression of field j of a unit. */
static const char *field_of(levels *v, int j)
{
    arena *a = v->e->ctx->a;
    int byte = mve_store_byte(&v->store, j), low = mve_store_bit(&v->store, j),
        bits = v->store.bits;
    const char *u = arena_printf(a, "u%d", byte < 0 ? 3 : byte);
    if (low)
        u = arena_printf(a, "vshrq_n_u8(%s, %d)", u, low);
    if (low + bits < 8)
        u = arena_printf(a, "vandq_u8(%s, vdupq_n_u8(%d))", u, (1 << bits) - 1);
    return u;
}

/* C expression of level j of a unit. */
static const char *level_of(levels *v, int j)
{
    arena *a = v->e->ctx->a;
    const mve_store *s = &v->store;
    const char *field = field_of(v, j), *channel = j ? arena_printf(a, "c + %d", j) : "c";
    if (s->form == WEIGHTS_CODEBOOK) {
        const char *of =
            s->table_step ? arena_printf(a, " + (%s) * %d", channel, s->table_step) : "";
        return arena_printf(a, "vldrbq_gather_offset_s8(%s%s, %s)", s->p.table, of, field);
    }
    field = arena_printf(a, "vreinterpretq_s8_u8(%s)", field);
    if (s->mul == 2)
        field = arena_printf(a, "vshlq_n_s8(%s, 1)", field);
    return arena_printf(a, "vaddq_n_s8(%s, %s)", field, per_channel_at(a, &v->offset, channel));
}

static void put_levels(levels *v)
{
    text *t = v->t;
    int blocks = v->row / MVE_BYTES;
    text_set(t, "at", blocks > 1 ? " + 16 * b" : "");
    text_put(t, "?more|            const int8x16_t tap = vldrbq_s8($taps_array$ + 16 * b);\n");
    for (int j = 0; j < v->vectors; ++j) {
        text_set(t, "level", "%s", level_of(v, j));
        text_set(t, "to", j ? "to + %d" : "to", j * v->row);
        text_put(t, "            vstrbq_s8($to$$at$, vandq_s8($level$, tap));\n");
    }
}

static bool names_channels(const levels *v)
{
    return v->store.table_step || v->offset.array;
}

static void print(levels *v)
{
    text *t = v->t;
    int blocks = v->row / MVE_BYTES;
    text_set(t, "vectors", "%d", v->vectors);
    text_set(t, "group", "%d", v->channels);
    text_set(t, "step", "%d", v->vectors * v->row);
    text_set(t, "blocks", "%d", blocks);
    text_set(t, "more", "%d", blocks > 1);
    text_set(t, "unit_bytes", "%d", mve_store_bytes(&v->store, v->store.blocks));
    text_set(t, "by_channel", "%d", names_channels(v));
    text_put(t, "/* $layer$: levels of $group$ channels from c on. */\n"
                "static void $levels$(const uint8_t *w, int32_t c, int8_t *to)\n"
                "{\n"
                "!more|    const int8x16_t tap = vldrbq_s8($taps_array$);\n"
                "!by_channel|    (void)c;\n"
                "    for (int32_t k = 0; k < $group$; k += $vectors$, to += $step$) {\n"
                "?more|        for (int32_t b = 0; b < $blocks$; ++b) {\n");
    put_bytes(v);
    put_levels(v);
    text_put(t, "            w += $unit_bytes$;\n"
                "?more|        }\n"
                "?by_channel|        c += $vectors$;\n"
                "    }\n"
                "}\n\n");
}

void mve_levels_print(emitter *e, const ir_op *op, int channels, int row, const int *place, text *t)
{
    levels v = {.e = e,
                .op = op,
                .t = t,
                .store = mve_store_of(op),
                .channels = channels,
                .row = row,
                .place = place,
                .offset = {.literal = "0"}};
    v.store.apart = true;
    v.vectors = v.store.blocks * MVE_FILTERS;
    if (v.store.form == WEIGHTS_CODEBOOK)
        v.store.p.table = mve_store_table(&v.store, e, op, padded(&v));
    else
        v.offset = offsets_of(&v);
    text_set(t, "levels", "%s", op_aux(e, op, "levels"));
    text_set(t, "weight", "%s", weights_of(&v));
    text_set(t, "taps_array", "%s", taps_of(&v));
    print(&v);
}
