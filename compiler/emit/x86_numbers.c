/* x86_numbers.c - numbers of 16 bits on x86-64, a group of filters at a time: for weights whose
 * levels do not fit 8 bits, and for activations of 16.
 *
 * They are stored as they are, or made in scratch of bytes: of codes (times 1 or 2, plus an offset
 * of the channel), or of indices. VPERMI2W looks 32 of them up among 64 levels, so that a table of
 * 256 takes four; the other levels, and tables of single channels, take one after the other. */
#include "compiler/emit/packed.h"
#include "compiler/emit/x86.h"

#include "compiler/quant/grid.h"

enum { REGISTER = 64 /* levels of a pair of registers */ };

/* ---- levels ------------------------------------------------------------------------------------
 */

bool x86_numbers_fit(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    for (int c = 0; c < op->q->channels && w->quant->scheme == IR_Q_UNIFORM; ++c) {
        int32_t lo, hi;
        quant_code_range(w->quant, &lo, &hi);
        if (w->quant->bits > 8) { /* asymmetric: not all codes are there */
            int64_t terms = ir_elems(&w->shape) / op->q->channels;
            lo = INT16_MAX, hi = INT16_MIN;
            for (int64_t i = c * terms; i < (c + 1) * terms; ++i) {
                int32_t code = ((const int16_t *)w->data)[i];
                lo = code < lo ? code : lo;
                hi = code > hi ? code : hi;
            }
        }
        if (quant_level(w->quant, c, lo) < INT16_MIN || quant_level(w->quant, c, hi) > INT16_MAX)
            return false;
    }
    return true;
}

/* Whether bytes are levels but for factors and offsets: codes, or what one table of 8 bits gives.
 */
x86_making x86_making_of(const ir_op *op)
{
    const ir_quant *q = ir_weight(op)->quant;
    if (weight_form_of(op) == WEIGHTS_WIDE)
        return X86_STORED;
    if (q->scheme != IR_Q_CODEBOOK)
        return X86_CODES;
    if (q->table_per_channel)
        return X86_TABLES;
    return q->table_type == IR_I8 && q->entries <= X86_LEVELS ? X86_CODES : X86_TABLE;
}

/* ---- constants ---------------------------------------------------------------------------------
 */

/* What the level of channel c is beyond a multiple of its byte. */
static int32_t offset_of(const x86_levels *v, int c)
{
    const ir_iparams *q = v->op->q;
    if (weight_form_of(v->op) == WEIGHTS_CODEBOOK)
        return 0;
    int32_t zero = q->wzero ? q->wzero[c] : 0;
    if (!v->fields)
        return q->wadd + zero;
    packed p = packed_numbers(v->op);
    return p.add + zero - v->table[0];
}

static int multiple(const x86_levels *v)
{
    return v->fields || weight_form_of(v->op) == WEIGHTS_CODEBOOK ? 1 : v->op->q->wmul;
}

/* Offsets of the places of all groups, each twice; a literal where all are the same. */
static void put_offsets(const x86_levels *v, emitter *e, const int *order, int groups, text *t)
{
    int places = groups * v->width;
    int16_t *to = ARENA_ARRAY(e->ctx->a, int16_t, 2 * places);
    int32_t first = order[0] >= 0 ? offset_of(v, order[0]) : 0;
    bool same = true;
    for (int p = 0; p < places; ++p) {
        int32_t own = order[p] >= 0 ? offset_of(v, order[p]) : first;
        to[2 * p] = to[2 * p + 1] = (int16_t)own;
        same &= own == first;
    }
    text_set(t, "offset", "%s", same ? c_int(e->ctx->a, first) : "offset[k]");
    text_set(t, "offsets", "%s", "");
    if (!same)
        text_set(t, "offsets", "%s",
                 emit_array(e, EMIT_CONSTANT, op_base(e, v->op, "weight_offset"), IR_I16, to,
                            2 * places, "added to the weights of each filter, twice each"));
}

/* The levels of one table, up to whole pairs of registers. */
static const char *put_table(const x86_levels *v, emitter *e, int *entries)
{
    const ir_quant *q = ir_weight(v->op)->quant;
    *entries = (q->entries + REGISTER - 1) / REGISTER * REGISTER;
    int16_t *to = ARENA_ARRAY(e->ctx->a, int16_t, *entries);
    for (int i = 0; i < q->entries; ++i)
        to[i] = q->table[i];
    return emit_array(e, EMIT_WEIGHT, op_base(e, v->op, "codebook"), IR_I16, to, *entries,
                      "levels of the codebook");
}

/* [place of the groups][entry] */
static const char *put_tables(const x86_levels *v, emitter *e, const int *order, int groups)
{
    const ir_quant *q = ir_weight(v->op)->quant;
    int places = groups * v->width, n = places * q->entries;
    int16_t *wide = ARENA_ARRAY(e->ctx->a, int16_t, n);
    int8_t *narrow = ARENA_ARRAY(e->ctx->a, int8_t, n);
    for (int p = 0; p < places; ++p)
        for (int i = 0; order[p] >= 0 && i < q->entries; ++i) {
            wide[p * q->entries + i] = q->table[order[p] * q->entries + i];
            narrow[p * q->entries + i] = (int8_t)wide[p * q->entries + i];
        }
    bool bytes = q->table_type == IR_I8;
    return emit_array(
        e, EMIT_WEIGHT, op_base(e, v->op, "codebook"), q->table_type,
        bytes ? (const void *)narrow : (const void *)wide, n,
        arena_printf(e->ctx->a, "levels of the codebooks, [filter %d][%d]", places, q->entries));
}

/* ---- text --------------------------------------------------------------------------------------
 */

static void put_codes(text *t)
{
    text_put(t, "?offsets|    const int16_t *offset = $offsets$$of_group$;\n"
                "    for (int32_t i = 0; i < $numbers$; i += $pairs$)\n"
                "        for (int32_t k = 0; k < $pairs$; ++k)\n"
                "            to[i + k] = (int16_t)($times$bytes[i + k] + $offset$);\n");
}

static void put_own_tables(text *t)
{
    text_put(t, "    for (int32_t i = 0; i < $numbers$; i += $pairs$) {\n"
                "        const $table_type$ *table = $levels_table$$of_group$;\n"
                "        for (int32_t k = 0; k < $pairs$; k += 2, table += $entries$) {\n"
                "            to[i + k] = table[(uint8_t)bytes[i + k]];\n"
                "            to[i + k + 1] = table[(uint8_t)bytes[i + k + 1]];\n"
                "        }\n"
                "    }\n");
}

/* Terms that a window does not have: the second of the last pairs. */
static void put_tails(int rest, text *t)
{
    if (rest == 1)
        text_put(t, "    for (int32_t i = $period$ - $tail$; i < $numbers$; i += $period$)\n"
                    "        for (int32_t k = 1; k < $tail$; k += 2)\n"
                    "            to[i + k] = 0;\n");
}

void x86_put_numbers(const x86_levels *v, emitter *e, const int *order, int groups, int64_t period,
                     int64_t tail, int rest, text *t)
{
    const ir_quant *q = ir_weight(v->op)->quant;
    int entries = q->entries;
    const char *of_group = "";
    text_set(t, "offsets", "%s", "");
    if (v->making == X86_CODES)
        put_offsets(v, e, order, groups, t);
    else
        text_set(t, "levels_table", "%s",
                 v->making == X86_TABLE ? put_table(v, e, &entries)
                                        : put_tables(v, e, order, groups));
    bool by_group = groups > 1 && (v->making == X86_TABLES || *text_expand(t, "$offsets$"));
    text_set(t, "by_group", "%d", by_group);
    text_set(t, "pairs", "%d", 2 * v->width);
    text_set(t, "entries", "%d", entries);
    text_set(t, "table_places", "%d", v->width * entries);
    if (by_group)
        of_group = v->making == X86_TABLES ? " + g * $table_places$" : " + g * $pairs$";
    text_set(t, "of_group", "%s", text_expand(t, of_group));
    text_set(t, "numbers", "%lld", (long long)v->numbers);
    text_set(t, "period", "%lld", (long long)period);
    text_set(t, "tail", "%lld", (long long)tail);
    text_set(t, "times", "%s", multiple(v) == 2 ? "2 * " : "");
    text_set(t, "table_type", "%s", emit_ctype(q->table_type));
    text_set(t, "fields", "%d", v->fields);
    text_set(t, "made", "%lld", (long long)x86_levels_made(v));
    text_set(t, "from_type",
             weight_form_of(v->op) == WEIGHTS_PACKED || weight_form_of(v->op) == WEIGHTS_CODEBOOK
                 ? "uint8_t"
                 : "int8_t");
    text_set(t, "levels", "%s", op_aux(e, v->op, "numbers"));
    text_put(t,
             "/* $layer$: a group's weights as numbers of 16 bits. */\n"
             "!by_group|static void $levels$(int8_t *restrict group, const $from_type$ *restrict "
             "from)\n"
             "?by_group|static void $levels$(int8_t *restrict group, const $from_type$ *restrict "
             "from, int32_t g)\n"
             "{\n"
             "    int16_t *restrict to = (int16_t *)(void *)group;\n"
             "?fields|    int8_t *restrict bytes = group + $made$;\n"
             "?fields|    $unpack$(bytes, from);\n"
             "!fields|    const int8_t *restrict bytes = (const int8_t *)from;\n");
    if (v->making == X86_CODES)
        put_codes(t);
    else if (v->making == X86_TABLES)
        put_own_tables(t);
    else {
        emit_use_helper(e, EH_X86_LOOK_WIDE);
        text_put(t, "    $P$_look_wide(to, (const uint8_t *)bytes, $numbers$, $levels_table$, "
                    "$entries$);\n");
    }
    put_tails(rest, t);
    text_put(t, "}\n\n");
    text_set(t, "levels_group", "%s", by_group ? text_expand(t, ", $at_group$") : "");
}
