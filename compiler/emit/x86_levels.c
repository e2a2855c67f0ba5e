/* x86_levels.c - narrow weights and codebooks on x86-64: unpacked into scratch, a group of filters
 * at a time, where the kernels of 8 bits read them.
 *
 * A unit is 64 bytes of fields, or three times as many with 3 bits; field j of byte i is weight
 * 64·j
 * + i of the unit. VPSHUFB makes levels of fields of up to 4 bits, uniform ones and indices alike,
 * from a table of 16; of indices of 8 bits VPERMB from one of 64, or four VPSHUFB. Where the kernel
 * has more terms than the window and no field has the level 0, those weights are cleared. */
#include "compiler/emit/packed.h"
#include "compiler/emit/x86.h"

#include <string.h>

#include "compiler/quant/grid.h"

enum { UNIT = 64, TERMS = 4, SMALL_TABLE = 16, LARGE_TABLE = X86_LEVELS };

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

bool x86_levels_take(const ir_op *op)
{
    int8_t table[LARGE_TABLE];
    return !has_fields(op) || table_of(op, table) > 0;
}

x86_levels x86_levels_of(const ir_op *op, int64_t bytes)
{
    x86_levels v = {.op = op, .fields = has_fields(op), .bytes = bytes, .pad = 0};
    if (!v.fields)
        return v;
    int n = table_of(op, v.table);
    v.bits = packed_numbers(op).bits;
    v.unit = UNIT * (v.bits == 3 ? 8 : 8 / v.bits);
    v.units = (bytes + v.unit - 1) / v.unit;
    v.stored = v.units * v.unit / 8 * v.bits;
    while (v.pad < n && v.table[v.pad] != 0)
        ++v.pad;
    v.clear = v.pad == n;
    v.pad = v.clear ? 0 : v.pad;
    return v;
}

int8_t x86_stored_weight(const x86_levels *v, int64_t i)
{
    return v->fields ? (int8_t)(uint8_t)packed_value(v->op, i)
                     : ((const int8_t *)ir_weight(v->op)->data)[i];
}

int8_t x86_weight_level(const x86_levels *v, int8_t stored)
{
    return v->fields ? v->table[(uint8_t)stored] : stored;
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

const char *x86_put_weights(const x86_levels *v, emitter *e, const int8_t *w, int groups,
                            const char *comment)
{
    arena *a = e->ctx->a;
    const char *base = op_base(e, v->op, "weight");
    if (!v->fields)
        return emit_array(e, EMIT_WEIGHT, base, IR_I8, w, groups * v->bytes, comment);
    uint8_t *to = ARENA_ARRAY(a, uint8_t, groups * v->stored);
    uint8_t *group = ARENA_ARRAY(a, uint8_t, v->units * v->unit);
    for (int g = 0; g < groups; ++g) {
        memcpy(group, w + g * v->bytes, (size_t)v->bytes);
        for (int64_t u = 0; u < v->units; ++u)
            pack_unit(v, group + u * v->unit, to + g * v->stored + u * (v->stored / v->units));
    }
    return emit_array(
        e, EMIT_WEIGHT, base, IR_U8, to, groups * v->stored,
        arena_printf(a, "%s, packed to %d bit%s", comment, v->bits, v->bits > 1 ? "s" : ""));
}

/* ---- text --------------------------------------------------------------------------------------
 */

static void put_table(const x86_levels *v, emitter *e, text *t)
{
    bool codebook = weight_form_of(v->op) == WEIGHTS_CODEBOOK;
    text_set(t, "levels_table", "%s",
             emit_array(e, codebook ? EMIT_WEIGHT : EMIT_CONSTANT,
                        op_base(e, v->op, codebook ? "codebook" : "field_levels"), IR_I8, v->table,
                        v->bits == 8 ? LARGE_TABLE : SMALL_TABLE, "the level of each field"));
}

/* One vector of levels, 64·j bytes behind `to`; C expression of its fields. */
static void put_vector(text *t, int j, const char *fields)
{
    text_set(t, "at", j ? "k + %d" : "k", j * UNIT);
    text_set(t, "fields", "%s", fields);
    text_put(t, "            $U$_PUT(to + $at$, $U$_LOOK(table, $fields$));\n");
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
        put_vector(t, j,
                   text_expand(t, arena_printf(a, "$U$_FIELD(f%d, %d, 7)", j / 2, j % 2 * 3)));
}

static void put_fields(const x86_levels *v, text *t)
{
    arena *a = t->out->a;
    text_put(t, "            const $P$_lanes f = $U$_LOAD(from + k);\n");
    for (int j = 0; j < v->unit / UNIT; ++j)
        put_vector(t, j,
                   text_expand(t, arena_printf(a, "$U$_FIELD(f, %d, %d)", j * v->bits,
                                               (1 << v->bits) - 1)));
}

/* Weights for terms that a window does not have: the last `tail` of each `period` bytes. */
static void put_tails(const x86_levels *v, int rest, text *t)
{
    if (rest == TERMS || !v->clear)
        return;
    text_set(t, "levels_bytes", "%lld", (long long)v->bytes);
    text_put(t, "    to -= $levels_all$;\n"
                "    for (int32_t i = $period$ - $tail$; i < $levels_bytes$; i += $period$)\n"
                "        for (int32_t k = i; k < i + $tail$; k += 4) {\n");
    for (int k = rest; k < TERMS; ++k) {
        text_set(t, "k", "%d", k);
        text_put(t, "            to[k + $k$] = 0;\n");
    }
    text_put(t, "        }\n");
}

void x86_put_levels(const x86_levels *v, emitter *e, int64_t period, int64_t tail, int rest,
                    text *t)
{
    text_set(t, "levels", "%s", "");
    if (!v->fields)
        return;
    emit_use_helper(e, v->bits == 8 ? EH_X86_LOOK64 : EH_X86_LEVELS);
    put_table(v, e, t);
    text_set(t, "levels", "%s", op_aux(e, v->op, "levels"));
    text_set(t, "units", "%lld", (long long)v->units);
    text_set(t, "unit", "%d", v->unit);
    text_set(t, "unit_stored", "%lld", (long long)(v->stored / v->units));
    text_set(t, "levels_all", "%lld", (long long)(v->units * v->unit));
    text_set(t, "stored", "%lld", (long long)v->stored);
    text_set(t, "period", "%lld", (long long)period);
    text_set(t, "tail", "%lld", (long long)tail);
    text_set(t, "large", "%d", v->bits == 8);
    text_put(
        t, "/* $layer$: a group's fields as levels. */\n"
           "static void $levels$(int8_t *to, const uint8_t *from)\n"
           "{\n"
           "!large|    const $P$_lanes table = $U$_TABLE($levels_table$);\n"
           "    for (int32_t i = 0; i < $units$; ++i, from += $unit_stored$, to += $unit$)\n"
           "        for (int32_t k = 0; k < 64; k += 4 * $U$_LANES) {\n"
           "?large|            $U$_PUT(to + k, $P$_look64($levels_table$, $U$_LOAD(from + k)));\n");
    if (v->bits == 3)
        put_three(v, t);
    else if (v->bits != 8)
        put_fields(v, t);
    text_put(t, "        }\n");
    put_tails(v, rest, t);
    text_put(t, "}\n\n");
}
