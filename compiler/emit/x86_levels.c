/* x86_levels.c - narrow weights and codebooks on x86-64: unpacked into scratch, a group of filters
 * at a time, where the kernels read them.
 *
 * A unit is 64 bytes of fields, or three times as many with 3 bits; field j of byte i is weight
 * 64·j + i of the unit. VPSHUFB makes bytes of fields of up to 4 bits, uniform ones and indices
 * alike, from a table of 16; of indices of 8 bits VPERMB from one of 64, or four VPSHUFB. Where
 * channels have tables of up to 16, those of the four filters whose terms share 128 bits stand in
 * one, two or four registers. Where the kernel has more terms than the window and no field has the
 * level 0, those weights are cleared. Numbers of 16 bits are then made of the bytes
 * (x86_numbers.c). */
#include "compiler/emit/packed.h"
#include "compiler/emit/x86.h"

#include <string.h>

#include "compiler/quant/grid.h"

enum { UNIT = 64, TERMS = 4, SMALL_TABLE = 16, LARGE_TABLE = X86_LEVELS, FILTERS = 4 };

static bool has_fields(const ir_op *op)
{
    weight_form form = weight_form_of(op);
    return form == WEIGHTS_PACKED || form == WEIGHTS_CODEBOOK;
}

/* ---- levels ------------------------------------------------------------------------------------
 */

/* Levels of all fields; their number, or 0 where the layer has no such table of 8 bits. */
static int table_of(const ir_op *op, int8_t table[LARGE_TABLE])
{
    const ir_quant *q = ir_weight(op)->quant;
    bool codebook = q->scheme == IR_Q_CODEBOOK;
    packed p = packed_numbers(op);
    int n = codebook ? q->entries : 1 << p.bits;
    if (n > LARGE_TABLE || (codebook && (q->table_per_channel || q->table_type != IR_I8)))
        return 0;
    for (int c = 1; !codebook && op->q->wzero && c < op->q->channels; ++c)
        if (op->q->wzero[c] != op->q->wzero[0])
            return 0;
    memset(table, 0, LARGE_TABLE);
    for (int i = 0; i < n; ++i) {
        int32_t level =
            codebook ? q->table[i] : p.mul * i + p.add + (op->q->wzero ? op->q->wzero[0] : 0);
        if (level < INT8_MIN || level > INT8_MAX)
            return 0;
        table[i] = (int8_t)level;
    }
    return n;
}

/* Whether each channel has a table that registers hold. */
static bool has_small_tables(const ir_op *op)
{
    const ir_quant *q = ir_weight(op)->quant;
    return q->scheme == IR_Q_CODEBOOK && q->table_per_channel && q->table_type == IR_I8 &&
           q->entries <= SMALL_TABLE;
}

bool x86_is_wide(const ir_op *op)
{
    int8_t table[LARGE_TABLE];
    if (op->in[0]->type != IR_I8)
        return true;
    if (has_fields(op))
        return !has_small_tables(op) && table_of(op, table) == 0;
    return weight_form_of(op) != WEIGHTS_CODE;
}

bool x86_levels_take(const ir_op *op)
{
    return !x86_is_wide(op) || x86_numbers_fit(op);
}

static void set_units(x86_levels *v)
{
    v->bits = packed_numbers(v->op).bits;
    v->unit = UNIT * (v->bits == 3 ? 8 : 8 / v->bits);
    v->units = (v->numbers + v->unit - 1) / v->unit;
    v->stored = v->units * v->unit / 8 * v->bits;
}

/* Bytes that numbers of 16 bits are made of: indices, or the levels of one table for all channels.
 */
static void set_bytes(x86_levels *v)
{
    v->making = x86_making_of(v->op);
    v->clear = v->making != X86_STORED;
    v->fields = has_fields(v->op) && (v->making == X86_CODES || packed_numbers(v->op).bits < 8);
    if (v->fields && v->making != X86_CODES) /* indices stay what they are */
        for (int i = 0; i < SMALL_TABLE; ++i)
            v->table[i] = (int8_t)i;
    else if (v->fields && table_of(v->op, v->table) == 0)
        for (int i = 0; i < SMALL_TABLE; ++i)
            v->table[i] = (int8_t)(packed_numbers(v->op).mul * i);
}

static void set_table(x86_levels *v)
{
    v->fields = has_fields(v->op);
    v->each = v->fields && has_small_tables(v->op);
    v->clear = v->each;
    for (v->entries = FILTERS; v->each && v->entries < ir_weight(v->op)->quant->entries;)
        v->entries *= 2;
    if (!v->fields || v->each)
        return;
    int n = table_of(v->op, v->table);
    while (v->pad < n && v->table[v->pad] != 0)
        ++v->pad;
    v->clear = v->pad == n;
    v->pad = v->clear ? 0 : v->pad;
}

x86_levels x86_levels_of(const ir_op *op, int64_t numbers, int width)
{
    x86_levels v = {
        .op = op, .wide = x86_is_wide(op), .numbers = numbers, .width = width, .stored = numbers};
    if (v.wide)
        set_bytes(&v);
    else
        set_table(&v);
    if (v.fields)
        set_units(&v);
    return v;
}

int64_t x86_levels_made(const x86_levels *v)
{
    if (!v->wide)
        return v->fields ? v->units * v->unit : 0;
    return v->making != X86_STORED ? (2 * v->numbers + UNIT - 1) / UNIT * UNIT : 0;
}

int64_t x86_levels_scratch(const x86_levels *v)
{
    return x86_levels_made(v) + (v->wide && v->fields ? v->units * v->unit : 0);
}

int16_t x86_stored_weight(const x86_levels *v, int64_t i)
{
    const ir_tensor *w = ir_weight(v->op);
    if (has_fields(v->op))
        return (int16_t)packed_value(v->op, i);
    if (v->wide && v->making == X86_STORED)
        return (int16_t)quant_level(w->quant, (int)(i / (ir_elems(&w->shape) / w->shape.dim[0])),
                                    ((const int16_t *)w->data)[i]);
    return ((const int8_t *)w->data)[i];
}

int8_t x86_weight_level(const x86_levels *v, int64_t i)
{
    const ir_quant *q = ir_weight(v->op)->quant;
    int16_t stored = x86_stored_weight(v, i);
    if (v->each) {
        int64_t terms = ir_elems(&ir_weight(v->op)->shape) / v->op->q->channels;
        return (int8_t)q->table[i / terms * q->entries + stored];
    }
    return v->fields ? v->table[stored] : (int8_t)stored;
}

/* ---- arrays ------------------------------------------------------------------------------------
 */

/* A unit's fields. With 3 bits the upper two bits of three bytes are two more fields. */
static void pack_unit(const x86_levels *v, const uint8_t *fields, uint8_t *to)
{
    for (int i = 0; i < UNIT; ++i) {
        unsigned lane = 0;
        for (int j = 0; j < v->unit / UNIT; ++j)
            lane |= (unsigned)fields[j * UNIT + i] << j * v->bits;
        for (int byte = 0; v->bits == 3 && byte < 3; ++byte)
            to[byte * UNIT + i] =
                (uint8_t)((lane >> 6 * byte & 63u) | (lane >> (18 + 2 * byte) & 3u) << 6);
        if (v->bits != 3)
            to[i] = (uint8_t)lane;
    }
}

/* Numbers, or bytes that they are made of. */
static const char *put_plain(const x86_levels *v, emitter *e, const int16_t *w, int64_t n,
                             const char *comment)
{
    const char *base = op_base(e, v->op, "weight");
    if (v->wide && v->making == X86_STORED)
        return emit_array(e, EMIT_WEIGHT, base, IR_I16, w, n, comment);
    int8_t *bytes = ARENA_ARRAY(e->ctx->a, int8_t, n);
    for (int64_t i = 0; i < n; ++i)
        bytes[i] = (int8_t)w[i];
    return emit_array(e, EMIT_WEIGHT, base, has_fields(v->op) ? IR_U8 : IR_I8, bytes, n, comment);
}

const char *x86_put_weights(const x86_levels *v, emitter *e, const int16_t *w, int groups,
                            const char *comment)
{
    arena *a = e->ctx->a;
    if (!v->fields)
        return put_plain(v, e, w, groups * v->numbers, comment);
    uint8_t *to = ARENA_ARRAY(a, uint8_t, groups * v->stored);
    uint8_t *group = ARENA_ARRAY(a, uint8_t, v->units * v->unit);
    for (int g = 0; g < groups; ++g) {
        for (int64_t i = 0; i < v->numbers; ++i)
            group[i] = (uint8_t)w[g * v->numbers + i];
        for (int64_t u = 0; u < v->units; ++u)
            pack_unit(v, group + u * v->unit, to + g * v->stored + u * (v->stored / v->units));
    }
    return emit_array(
        e, EMIT_WEIGHT, op_base(e, v->op, "weight"), IR_U8, to, groups * v->stored,
        arena_printf(a, "%s, packed to %d bit%s", comment, v->bits, v->bits > 1 ? "s" : ""));
}

/* ---- text --------------------------------------------------------------------------------------
 */

/* One table for all channels. */
static const char *put_table(const x86_levels *v, emitter *e)
{
    bool codebook =
        weight_form_of(v->op) == WEIGHTS_CODEBOOK && (!v->wide || v->making == X86_CODES);
    return emit_array(e, codebook ? EMIT_WEIGHT : EMIT_CONSTANT,
                      op_base(e, v->op, codebook ? "codebook" : "field_levels"), IR_I8, v->table,
                      v->bits == 8 ? LARGE_TABLE : SMALL_TABLE, "the level of each field");
}

/* Bytes of the tables of a block of 16 channels. */
static int block_tables(const x86_levels *v)
{
    return X86_BLOCK * v->entries;
}

/* Each channel's, as lanes of 128 bits look them up: [block][register][four channels' 16 bytes]. */
static const char *put_tables(const x86_levels *v, emitter *e, const int *order, int groups)
{
    const ir_quant *q = ir_weight(v->op)->quant;
    int blocks = groups * v->width / X86_BLOCK, lane = FILTERS * v->entries;
    int8_t *to = ARENA_ARRAY(e->ctx->a, int8_t, blocks * block_tables(v));
    for (int p = 0; p < blocks * X86_BLOCK; ++p)
        for (int i = 0; order[p] >= 0 && i < q->entries; ++i) {
            int in_lane = p % FILTERS * v->entries + i, quad = p % X86_BLOCK / FILTERS;
            int at = in_lane / SMALL_TABLE * UNIT + quad * SMALL_TABLE + in_lane % SMALL_TABLE;
            to[p / X86_BLOCK * block_tables(v) + at] = (int8_t)q->table[order[p] * q->entries + i];
        }
    return emit_array(e, EMIT_WEIGHT, op_base(e, v->op, "codebook"), IR_I8, to,
                      blocks * block_tables(v),
                      arena_printf(e->ctx->a,
                                   "levels of the codebooks, [block %d][%d registers][4 x four "
                                   "filters' %d]",
                                   blocks, lane / SMALL_TABLE, v->entries));
}

/* One vector of levels, 64·j bytes behind `to`; C expression of its fields. */
static void put_vector(const x86_levels *v, text *t, int j, const char *fields)
{
    text_set(t, "at", j ? "k + %d" : "k", j * UNIT);
    text_set(t, "fields", "%s", fields);
    text_set(t, "each", "%d", v->each);
    text_set(t, "vector", v->unit == UNIT ? "i" : j ? "%d * i + %d" : "%d * i", v->unit / UNIT, j);
    text_put(
        t, "!each|            $U$_PUT(to + $at$, $U$_LOOK(table, $fields$));\n"
           "?each|            $U$_PUT(to + $at$, $P$_look_own(tables + ($vector$) % $blocks_of$ * "
           "$block_tables$ + k, $lane_tables$, $fields$));\n");
}

static void put_three(const x86_levels *v, text *t)
{
    arena *a = t->out->a;
    text_put(
        t,
        "            const $P$_lanes f0 = $U$_LOAD(from + k);\n"
        "            const $P$_lanes f1 = $U$_LOAD(from + 64 + k);\n"
        "            const $P$_lanes f2 = $U$_LOAD(from + 128 + k);\n"
        "            const $P$_lanes f3 = $U$_OR($U$_FIELD(f0, 6, 3), $U$_OR($U$_FIELD(f1, 4, 12), "
        "$U$_FIELD(f2, 2, 48)));\n");
    for (int j = 0; j < v->unit / UNIT; ++j)
        put_vector(v, t, j,
                   text_expand(t, arena_printf(a, "$U$_FIELD(f%d, %d, 7)", j / 2, j % 2 * 3)));
}

static void put_fields(const x86_levels *v, text *t)
{
    arena *a = t->out->a;
    text_put(t, "            const $P$_lanes f = $U$_LOAD(from + k);\n");
    for (int j = 0; j < v->unit / UNIT; ++j)
        put_vector(v, t, j,
                   text_expand(t, arena_printf(a, "$U$_FIELD(f, %d, %d)", j * v->bits,
                                               (1 << v->bits) - 1)));
}

/* Weights for terms that a window does not have: the last `tail` of each `period` bytes. */
static void put_tails(const x86_levels *v, int rest, text *t)
{
    if (rest == TERMS || !v->clear)
        return;
    text_set(t, "levels_bytes", "%lld", (long long)v->numbers);
    text_put(t, "    to -= $levels_all$;\n"
                "    for (int32_t i = $period$ - $tail$; i < $levels_bytes$; i += $period$)\n"
                "        for (int32_t k = i; k < i + $tail$; k += 4) {\n");
    for (int k = rest; k < TERMS; ++k) {
        text_set(t, "k", "%d", k);
        text_put(t, "            to[k + $k$] = 0;\n");
    }
    text_put(t, "        }\n");
}

/* The function $unpack$(to, from, tables) of a group's bytes; the last only where channels have
 * tables. */
static void put_unpack(const x86_levels *v, emitter *e, int64_t period, int64_t tail, int rest,
                       text *t)
{
    bool large = v->bits == 8 && !v->each;
    emit_use_helper(e, v->each ? EH_X86_LOOK_OWN : large ? EH_X86_LOOK64 : EH_X86_LEVELS);
    text_set(t, "units", "%lld", (long long)v->units);
    text_set(t, "unit", "%d", v->unit);
    text_set(t, "unit_stored", "%lld", (long long)(v->stored / v->units));
    text_set(t, "levels_all", "%lld", (long long)(v->units * v->unit));
    text_set(t, "period", "%lld", (long long)period);
    text_set(t, "tail", "%lld", (long long)tail);
    text_set(t, "large", "%d", large);
    text_set(t, "small", "%d", !large && !v->each);
    text_set(t, "each", "%d", v->each);
    text_set(t, "blocks_of", "%d", v->width / X86_BLOCK);
    text_set(t, "block_tables", "%d", block_tables(v));
    text_set(t, "lane_tables", "%d", v->entries * FILTERS / SMALL_TABLE);
    text_put(
        t, "/* $layer$: a group's fields as levels. */\n"
           "!each|static void $unpack$(int8_t *to, const uint8_t *from)\n"
           "?each|static void $unpack$(int8_t *to, const uint8_t *from, const int8_t *tables)\n"
           "{\n"
           "?small|    const $P$_lanes table = $U$_TABLE($levels_table$);\n"
           "    for (int32_t i = 0; i < $units$; ++i, from += $unit_stored$, to += $unit$)\n"
           "        for (int32_t k = 0; k < 64; k += 4 * $U$_LANES) {\n"
           "?large|            $U$_PUT(to + k, $P$_look64($levels_table$, $U$_LOAD(from + k)));\n");
    if (v->bits == 3)
        put_three(v, t);
    else if (!large)
        put_fields(v, t);
    text_put(t, "        }\n");
    if (!v->wide)
        put_tails(v, rest, t);
    text_put(t, "}\n\n");
}

void x86_put_levels(const x86_levels *v, emitter *e, const int *order, int groups, int64_t period,
                    int64_t tail, int rest, text *t)
{
    text_set(t, "levels", "%s", "");
    text_set(t, "levels_group", "%s", "");
    if (!x86_is_made(v))
        return;
    text_set(t, "stored", "%lld", (long long)v->stored);
    if (v->fields) {
        text_set(t, "levels_table", "%s",
                 v->each ? put_tables(v, e, order, groups) : put_table(v, e));
        text_set(t, "unpack", "%s", op_aux(e, v->op, v->wide ? "unpack" : "levels"));
        put_unpack(v, e, period, tail, rest, t);
    }
    if (v->wide) {
        x86_put_numbers(v, e, order, groups, period, tail, rest, t);
        return;
    }
    text_set(t, "levels", "%s", text_expand(t, "$unpack$"));
    text_set(t, "group_tables", "%d", v->width * v->entries);
    text_set(t, "levels_group", "%s",
             v->each ? text_expand(t, ", $levels_table$ + ($at_group$) * $group_tables$") : "");
}
