/* packed.c - packed weights as arrays, and their fields as C expressions (packed.h). */
#include "compiler/emit/packed.h"

#include "compiler/quant/grid.h"

bool weights_packed(const ir_op *op)
{
    const ir_quant *q = ir_weight(op)->quant;
    return op->q && q && (q->scheme == IR_Q_CODEBOOK || q->bits <= 4);
}

/* ---- packing ------------------------------------------------------------------------------ */

uint32_t packed_value(const ir_op *op, int64_t i)
{
    const ir_tensor *w = ir_weight(op);
    const ir_quant *q = w->quant;
    if (w->type == IR_U8)
        return ((const uint8_t *)w->data)[i];
    int32_t code = ((const int8_t *)w->data)[i], size = (int32_t)1 << q->bits;
    return (uint32_t)(quant_is_odd_midpoint(q) ? (code + size - 1) / 2 : code + size / 2);
}

static void put_field(uint8_t *row, int64_t i, int bits, uint32_t field)
{
    for (int b = 0; b < bits; ++b) {
        int64_t at = i * bits + b;
        row[at / 8] |= (uint8_t)((field >> b & 1U) << (at % 8));
    }
}

static const uint8_t *pack(emitter *e, const ir_op *op, const packed *p, int64_t rows,
                           int64_t columns, bool by_term)
{
    uint8_t *to = arena_calloc(e->ctx->a, (size_t)rows, (size_t)p->row);
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < columns; ++i)
            put_field(to + r * p->row, i, p->bits,
                      packed_value(op, by_term ? i * rows + r : r * columns + i));
    return to;
}

static void init(packed *p, const ir_op *op, int64_t columns)
{
    const ir_quant *q = ir_weight(op)->quant;
    int32_t size = (int32_t)1 << q->bits;
    bool odd = quant_is_odd_midpoint(q);
    p->bits = q->bits > 4 ? 8 : q->bits;
    p->group = p->bits == 3 ? 8 : 8 / p->bits;
    p->bytes = p->bits == 3 ? 3 : 1;
    p->row = (columns + p->group - 1) / p->group * p->bytes;
    p->mul = odd ? 2 * op->q->wmul : op->q->wmul;
    p->add = op->q->wadd + op->q->wmul * (odd ? 1 - size : -size / 2);
}

void packed_table(emitter *e, const ir_op *op, packed *p, int channels)
{
    const ir_quant *q = ir_weight(op)->quant;
    arena *a = e->ctx->a;
    int64_t n = (int64_t)q->entries * (q->table_per_channel ? channels : 1);
    int64_t known = (int64_t)q->entries * (q->table_per_channel ? op->q->channels : 1);
    int8_t *narrow = ARENA_ARRAY(a, int8_t, n);
    int16_t *wide = ARENA_ARRAY(a, int16_t, n);
    for (int64_t i = 0; i < n && i < known; ++i) {
        wide[i] = q->table[i];
        narrow[i] = q->table_type == IR_I8 ? (int8_t)q->table[i] : 0;
    }
    const char *comment =
        arena_printf(a, "%s: levels of the codebook, %s[entry %d]", emit_comment(e, op->name),
                     q->table_per_channel ? "[filter]" : "", q->entries);
    p->entries = q->entries;
    p->table_per_channel = q->table_per_channel;
    p->type = emit_ctype(q->table_type);
    p->table =
        emit_array(e, EMIT_WEIGHT, op_base(e, op, "codebook"), q->table_type,
                   q->table_type == IR_I8 ? (const void *)narrow : (const void *)wide, n, comment);
}

void packed_pairs(emitter *e, const ir_op *op, packed *p, const char *pair, text *t)
{
    packed_table(e, op, p, 1);
    text_set(t, "make_pairs", "%s", op_aux(e, op, "pairs"));
    text_set(t, "table", "%s", p->table);
    text_set(t, "entries", "%d", p->entries);
    text_set(t, "bits", "%d", p->bits);
    text_put(t, "/* $layer$: all pairs of levels, by their two indices. */\n"
                "static void $make_pairs$(int32_t *pairs)\n"
                "{\n"
                "    for (int32_t i = 0; i < $entries$; ++i)\n"
                "        for (int32_t j = 0; j < $entries$; ++j)\n");
    text_put(t, arena_printf(e->ctx->a, "            pairs[(i << $bits$) + j] = %s;\n", pair));
    text_put(t, "}\n\n");
}

packed packed_numbers(const ir_op *op)
{
    const ir_quant *q = ir_weight(op)->quant;
    packed p = {.entries = q->entries, .table_per_channel = q->table_per_channel};
    init(&p, op, 1);
    return p;
}

static const char *layout(arena *a, const packed *p, bool codebook)
{
    const char *what = codebook ? "indices" : "codes";
    if (p->bits == 3)
        return arena_printf(a, "eight %s of 3 bits in 3 bytes", what);
    if (p->bits == 8)
        return arena_printf(a, "%s, one a byte", what);
    return arena_printf(a, "%s of %d bit%s, %d a byte", what, p->bits, p->bits > 1 ? "s" : "",
                        p->group);
}

packed packed_weights(emitter *e, const ir_op *op, bool by_term)
{
    const ir_tensor *w = ir_weight(op);
    arena *a = e->ctx->a;
    bool codebook = w->quant->scheme == IR_Q_CODEBOOK;
    int64_t filters = w->shape.dim[0], terms = ir_elems(&w->shape) / filters;
    int64_t rows = by_term ? terms : filters, columns = by_term ? filters : terms;
    packed p = {0};
    init(&p, op, columns);
    const char *comment = arena_printf(a,
                                       by_term ? "%s: weights [tap %lld][channel %lld], %s"
                                               : "%s: weights [filter %lld][term %lld], %s",
                                       emit_comment(e, op->name), (long long)rows,
                                       (long long)columns, layout(a, &p, codebook));
    p.weight = emit_array(e, EMIT_WEIGHT, op_base(e, op, "weight"), IR_U8,
                          pack(e, op, &p, rows, columns, by_term), rows * p.row, comment);
    if (codebook)
        packed_table(e, op, &p, op->q->channels);
    return p;
}

per_channel packed_offsets(emitter *e, const ir_op *op, const packed *p)
{
    const ir_iparams *q = op->q;
    if (p->table)
        return (per_channel){.literal = "0"};
    int64_t *v = ARENA_ARRAY(e->ctx->a, int64_t, q->channels);
    for (int c = 0; c < q->channels; ++c)
        v[c] = (int64_t)p->add + (q->wzero ? q->wzero[c] : 0);
    return per_channel_i64(e, op_base(e, op, "weight_offset"), IR_I32, v, q->channels,
                           "times the sum of the inputs: added to every sum of a filter");
}

/* ---- unpacking ---------------------------------------------------------------------------- */

const char *packed_field(arena *a, const packed *p, const char *u, int i)
{
    int mask = (1 << p->bits) - 1;
    if (p->group == 1)
        return u;
    if (i == 0)
        return arena_printf(a, "(%s & %d)", u, mask);
    if (i == p->group - 1)
        return arena_printf(a, "(%s >> %d)", u, i * p->bits);
    return arena_printf(a, "(%s >> %d & %d)", u, i * p->bits, mask);
}

static const char *byte_at(arena *a, const packed *p, const char *base, const char *k, int byte)
{
    const char *step = !k ? "" : p->bytes == 1 ? k : arena_printf(a, "%d * %s", p->bytes, k);
    const char *from = base ? base : "";
    const char *rest = byte ? arena_printf(a, "%d", byte) : "";
    return arena_printf(a, "w[%s%s%s%s%s]", from, *from && *step ? " + " : "", step,
                        byte && (*from || *step) ? " + " : "",
                        *rest || *from || *step ? rest : "0");
}

const char *packed_group(arena *a, const packed *p, const char *base, const char *k)
{
    if (p->bytes == 1)
        return byte_at(a, p, base, k, 0);
    return arena_printf(a, "%s | (int32_t)%s << 8 | (int32_t)%s << 16", byte_at(a, p, base, k, 0),
                        byte_at(a, p, base, k, 1), byte_at(a, p, base, k, 2));
}

/* Field c of the row w. */
static const char *any_field(arena *a, const packed *p)
{
    switch (p->bits) {
    case 1:
        return "w[c >> 3] >> (c & 7) & 1";
    case 2:
        return "w[c >> 2] >> 2 * (c & 3) & 3";
    case 3:
        return arena_printf(a, "(%s) >> 3 * (c & 7) & 7", packed_group(a, p, NULL, "(c >> 3)"));
    case 4:
        return "w[c >> 1] >> 4 * (c & 1) & 15";
    default:
        return "w[c]";
    }
}

void packed_level_function(emitter *e, const packed *p, const per_channel *offset, const char *name,
                           text *t)
{
    arena *a = e->ctx->a;
    text_set(t, "level_of", "%s", name);
    text_set(t, "field", "%s", any_field(a, p));
    text_set(t, "table", "%s", p->table ? p->table : "");
    text_set(t, "of_channel", "%s",
             p->table_per_channel ? arena_printf(a, "%d * c + ", p->entries) : "");
    text_set(t, "mul", "%s", p->mul == 1 ? "" : arena_printf(a, "%d * ", p->mul));
    text_set(t, "add", "%s", per_channel_at(a, offset, "c"));
    text_put(t, "/* $layer$: the level of weight c of a row. */\n"
                "static int32_t $level_of$(const uint8_t *w, int32_t c)\n"
                "{\n"
                "    const int32_t field = $field$;\n"
                "?table|    return $table$[$of_channel$field];\n"
                "!table|    return $mul$field + ($add$);\n"
                "}\n\n");
}
