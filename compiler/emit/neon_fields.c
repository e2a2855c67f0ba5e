/* neon_fields.c - see neon_fields.h. */
#include "compiler/emit/neon_fields.h"

#include "compiler/emit/packed.h"

enum { MOST_LEVELS = 64, TAIL_LOW = 2 };

/* Levels, less the offsets of channels, must fit int8. */
static bool levels_fit(const ir_op *op, const packed *p)
{
    const ir_quant *q = ir_weight(op)->quant;
    if (q->scheme == IR_Q_CODEBOOK)
        return q->table_type == IR_I8;
    int32_t last = p->mul * ((1 << p->bits) - 1) + p->add;
    return p->add >= INT8_MIN && p->add <= INT8_MAX && last >= INT8_MIN && last <= INT8_MAX;
}

static bool has_offsets(const ir_op *op)
{
    for (int c = 0; op->q->wzero && c < op->q->channels; ++c)
        if (op->q->wzero[c])
            return true;
    return false;
}

bool neon_fields_init(neon_fields *f, const ir_op *op)
{
    if (!weights_packed(op))
        return false;
    packed p = packed_numbers(op);
    const ir_quant *q = ir_weight(op)->quant;
    bool codebook = q->scheme == IR_Q_CODEBOOK;
    *f = (neon_fields){.bits = p.bits, .entries = codebook ? 2 : 1 << p.bits};
    while (codebook && f->entries < p.entries)
        f->entries *= 2;
    f->registers = p.bits == 3 ? 8 : 8 / p.bits;
    f->bytes = f->registers * NEON_BYTES * p.bits / 8;
    f->per_channel = codebook && p.table_per_channel;
    f->offsets = has_offsets(op);
    int levels = f->entries * (f->per_channel ? NEON_LANES : 1);
    f->tables = (levels + NEON_BYTES - 1) / NEON_BYTES;
    return levels <= MOST_LEVELS && levels_fit(op, &p);
}

/* ---- constants ---------------------------------------------------------------------------------
 */

static void pack_three(int i, int field, uint8_t *at)
{
    if (i < 6) {
        at[i / 2 * NEON_BYTES] |= (uint8_t)(field << i % 2 * 3);
        return;
    }
    at[(i - 6) * 2 * NEON_BYTES] |= (uint8_t)((field & 3) << 6);
    at[NEON_BYTES] |= (uint8_t)(field >> TAIL_LOW << i);
}

void neon_fields_pack(const neon_fields *f, const uint8_t *fields, int64_t n, uint8_t *to)
{
    for (int64_t i = 0; i < n; ++i) {
        int in_unit = (int)(i % f->registers);
        uint8_t *unit = to + i / f->registers * f->bytes;
        for (int j = 0; j < NEON_BYTES; ++j) {
            int field = fields[i * NEON_BYTES + j];
            if (f->bits == 3)
                pack_three(in_unit, field, unit + j);
            else
                unit[j] |= (uint8_t)(field << in_unit * f->bits);
        }
    }
}

static int32_t level_of(const ir_op *op, const packed *p, int c, int i)
{
    const ir_quant *q = ir_weight(op)->quant;
    if (q->scheme != IR_Q_CODEBOOK)
        return p->mul * i + p->add;
    return i < p->entries ? q->table[(q->table_per_channel ? c * p->entries : 0) + i] : 0;
}

int32_t neon_fields_level(const ir_op *op, int channel, int64_t i)
{
    packed p = packed_numbers(op);
    return level_of(op, &p, channel, (int)packed_value(op, i));
}

void neon_fields_table(const neon_fields *f, emitter *e, const ir_op *op, text *t, const int *order,
                       int places)
{
    arena *a = e->ctx->a;
    packed p = packed_numbers(op);
    int sets = f->per_channel ? places : 1;
    int n = f->per_channel ? sets * f->entries : f->tables * NEON_BYTES;
    int8_t *v = ARENA_ARRAY(a, int8_t, n);
    for (int s = 0; s < sets; ++s)
        for (int i = 0; i < f->entries; ++i)
            if (!f->per_channel || order[s] >= 0)
                v[s * f->entries + i] = (int8_t)level_of(op, &p, f->per_channel ? order[s] : 0, i);
    text_set(t, "table_bytes", "%d", f->entries * NEON_LANES);
    text_set(t, "table", "%s",
             emit_array(e, EMIT_WEIGHT, op_base(e, op, "levels"), IR_I8, v, n,
                        arena_printf(a, "%s: levels of the weights' fields%s[%d]",
                                     emit_comment(e, op->name), f->per_channel ? " [filter]" : " ",
                                     f->entries)));
}

/* ---- text --------------------------------------------------------------------------------------
 */

void neon_fields_levels(const neon_fields *f, text *t, const char *from)
{
    int mask = (1 << f->bits) - 1;
    text_set(t, "levels_at", "%s", from);
    text_set(t, "mask", f->registers > 1 ? "%d" : "", mask);
    /* four bytes 0, entries, 2 * entries, 3 * entries */
    const uint64_t four = 0x01010101u * (uint64_t)f->entries;
    text_set(t, "first", f->per_channel ? "0x%016llx" : "", (unsigned long long)(four << 32));
    text_set(t, "third", "0x%016llx", (unsigned long long)((3 * four) << 32 | 2 * four));
    text_set(t, "tables", "%d", f->tables);
    if (f->tables == 1)
        text_put(t, "    const int8x16_t levels = vld1q_s8($levels_at$);\n");
    else if (f->tables == 2)
        text_put(t, "    const int8x16x2_t levels = {{vld1q_s8($levels_at$), vld1q_s8($levels_at$ "
                    "+ 16)}};\n");
    else
        text_put(
            t,
            "    const int8x16x4_t levels = {{vld1q_s8($levels_at$), vld1q_s8($levels_at$ + 16),\n"
            "                                 vld1q_s8($levels_at$ + 32), vld1q_s8($levels_at$ + "
            "48)}};\n");
    text_put(t, "?mask|    const uint8x16_t mask = vdupq_n_u8($mask$);\n"
                "?first|    /* where the tables of the quad's filters begin */\n"
                "?first|    const uint8x16_t first =\n"
                "?first|        vcombine_u8(vcreate_u8(UINT64_C($first$)), "
                "vcreate_u8(UINT64_C($third$)));\n");
}

/* f<i> = level of the field `x` (an expression). */
static void put_lookup(const neon_fields *f, text *t, int columns, int i, const char *x)
{
    text_set(t, "i", "%d", i);
    text_set(t, "x", f->per_channel ? "vaddq_u8(%s, first)" : "%s", x);
    text_put_at(t, columns, "const int8x16_t f$i$ = vqtbl$tables$q_s8(levels, $x$);\n");
}

static void put_three(const neon_fields *f, text *t, int columns, const char *at)
{
    static const char *const fields[] = {
        "vandq_u8(u, mask)",
        "vandq_u8(vshrq_n_u8(u, 3), mask)",
        "vandq_u8(u1, mask)",
        "vandq_u8(vshrq_n_u8(u1, 3), mask)",
        "vandq_u8(u2, mask)",
        "vandq_u8(vshrq_n_u8(u2, 3), mask)",
        "vandq_u8(vsliq_n_u8(vshrq_n_u8(u, 6), vshrq_n_u8(u1, 6), 2), mask)",
        "vsliq_n_u8(vshrq_n_u8(u2, 6), vshrq_n_u8(u1, 7), 2)"};
    text_set(t, "unit", "%s", at);
    text_put_at(t, columns,
                "const uint8x16_t u = vld1q_u8($unit$), u1 = vld1q_u8($unit$ + 16), u2 = "
                "vld1q_u8($unit$ + 32);\n");
    for (int i = 0; i < f->registers; ++i)
        put_lookup(f, t, columns, i, fields[i]);
}

void neon_fields_put(const neon_fields *f, text *t, int columns, const char *at)
{
    if (f->bits == 3) {
        put_three(f, t, columns, at);
        return;
    }
    text_set(t, "unit", "%s", at);
    text_put_at(t, columns, "const uint8x16_t u = vld1q_u8($unit$);\n");
    for (int i = 0; i < f->registers; ++i) {
        text_set(t, "shift", "%d", i * f->bits);
        put_lookup(f, t, columns, i,
                   text_expand(t, f->registers == 1 ? "u"
                                  : i == 0          ? "vandq_u8(u, mask)"
                                  : i == f->registers - 1
                                      ? "vshrq_n_u8(u, $shift$)"
                                      : "vandq_u8(vshrq_n_u8(u, $shift$), mask)"));
    }
}
