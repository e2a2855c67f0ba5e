/* store.c - weights of all forms as numbers of 8 or 16 bits (store.h). */
#include "compiler/emit/store.h"

#include "compiler/emit/dsp.h"

enum { WORD = 4 };

/* ---- what there is ------------------------------------------------------------------------ */

static bool table_is_narrow(const ir_op *op)
{
    const ir_quant *q = ir_weight(op)->quant;
    int64_t n = (int64_t)q->entries * (q->table_per_channel ? op->q->channels : 1);
    for (int64_t i = 0; i < n; ++i)
        if (q->table[i] < INT8_MIN || q->table[i] > INT8_MAX)
            return false;
    return true;
}

/* What is added to fields for numbers of 8 bits: what levels have, unless that is too far off. */
static int32_t field_add(const packed *p)
{
    int32_t most = p->mul * ((1 << p->bits) - 1);
    bool fits = p->add >= INT8_MIN && p->add + most <= INT8_MAX;
    return fits ? p->add : -p->mul * (1 << (p->bits - 1));
}

store store_of(const ir_op *op)
{
    const ir_iparams *q = op->q;
    store s = {.form = weight_form_of(op), .type = IR_I8, .mul = q->wmul};
    int32_t add = q->wadd;
    s.offset = (per_channel){.literal = "0"};
    s.decoded = s.form == WEIGHTS_PACKED || s.form == WEIGHTS_CODEBOOK;
    if (s.decoded) {
        s.p = packed_numbers(op);
        s.mul = 1;
        s.add = field_add(&s.p);
        add = s.p.add - s.add;
    }
    if (s.form == WEIGHTS_WIDE || (s.form == WEIGHTS_CODEBOOK && !table_is_narrow(op)))
        s.type = IR_I16;
    if (s.form == WEIGHTS_CODEBOOK)
        return s;
    s.sums = add != 0;
    for (int c = 0; q->wzero && c < q->channels; ++c)
        s.sums |= q->wzero[c] != 0;
    return s;
}

void store_take_fields(store *s)
{
    s->fields = true;
    s->mul = s->p.mul;
    s->sums = true;
}

bool store_takes(const emitter *e, const ir_op *op, ir_type type)
{
    store s = store_of(op);
    if (s.type != type)
        return false;
    /* weights of channels with one code are 0, which not all forms have */
    return s.form == WEIGHTS_CODE || !fast_has_constant(e, op);
}

int32_t store_number(const ir_op *op, int64_t i)
{
    const ir_tensor *w = ir_weight(op);
    const ir_quant *q = w->quant;
    switch (weight_form_of(op)) {
    case WEIGHTS_CODEBOOK: {
        int64_t c = i / (ir_elems(&w->shape) / w->shape.dim[0]);
        return q->table[(q->table_per_channel ? c * q->entries : 0) + packed_value(op, i)];
    }
    case WEIGHTS_PACKED: {
        packed p = packed_numbers(op);
        return p.mul * (int32_t)packed_value(op, i) + field_add(&p);
    }
    case WEIGHTS_WIDE:
        return ((const int16_t *)w->data)[i];
    default:
        return ((const int8_t *)w->data)[i];
    }
}

void store_offsets(store *s, emitter *e, const ir_op *op, int channels)
{
    const ir_iparams *q = op->q;
    int64_t *v = ARENA_ARRAY(e->ctx->a, int64_t, channels);
    if (!s->sums)
        return;
    for (int c = 0; c < channels; ++c) {
        int of = c < q->channels ? c : q->channels - 1;
        v[c] = (!s->decoded ? q->wadd
                : s->fields ? s->p.add
                            : s->p.add - s->add) +
               (q->wzero ? q->wzero[of] : 0);
    }
    s->offset = per_channel_i64(e, op_base(e, op, "weight_offset"), IR_I32, v, channels,
                                "times the sum of the inputs: added to every sum of a filter");
}

/* ---- geometry ----------------------------------------------------------------------------- */

static int tile_numbers(const store_tiles *n)
{
    return n->filters * (n->terms + n->spare);
}

int store_step(const store *s, const store_tiles *n)
{
    if (!s->decoded)
        return n->filters;
    int step = s->p.group > n->filters ? s->p.group : n->filters;
    return s->words && step < WORD ? WORD : step;
}

static int tile_steps(const store *s, const store_tiles *n)
{
    return (tile_numbers(n) + store_step(s, n) - 1) / store_step(s, n);
}

int store_step_bytes(const store *s, const store_tiles *n)
{
    return s->decoded ? store_step(s, n) * s->p.bits / 8 : store_step(s, n);
}

int store_tile_bytes(const store *s, const store_tiles *n)
{
    return tile_steps(s, n) * store_step_bytes(s, n);
}

int64_t store_bytes(const store *s, const store_tiles *n, int tiles)
{
    int64_t spill = (int64_t)tile_steps(s, n) * store_step(s, n) - tile_numbers(n);
    int64_t numbers = (int64_t)tiles * tile_numbers(n) + spill;
    return (numbers * (s->type == IR_I8 ? 1 : 2) + WORD - 1) / WORD * WORD;
}

static int tile_count(const store_tiles *n)
{
    return (n->outputs + n->filters - 1) / n->filters;
}

/* Weight of number `at` of a tile, -1: there is none. */
static int64_t weight_of(const store_tiles *n, int tile, int at)
{
    int o = tile * n->filters + at % n->filters, k = at / n->filters;
    bool real = o < n->outputs && k < n->terms && !(n->constant && n->constant[o]);
    return real ? (int64_t)o * n->terms + k : -1;
}

/* ---- arrays ------------------------------------------------------------------------------- */

static const char *layout(arena *a, const store_tiles *n)
{
    return n->filters == 1
               ? arena_printf(a, "[filter %d][term %d]", n->outputs, n->terms)
               : arena_printf(a, "[%d filters][term %d][%d]", n->filters, n->terms, n->filters);
}

static const char *number_array(const store *s, emitter *e, const ir_op *op, const store_tiles *n)
{
    arena *a = e->ctx->a;
    int64_t size = (int64_t)tile_count(n) * tile_numbers(n);
    int8_t *narrow = ARENA_ARRAY(a, int8_t, size);
    int16_t *wide = ARENA_ARRAY(a, int16_t, size);
    for (int64_t i = 0; i < size; ++i) {
        int64_t from = weight_of(n, (int)(i / tile_numbers(n)), (int)(i % tile_numbers(n)));
        int32_t number = from < 0 ? 0 : store_number(op, from);
        if (s->type == IR_I8)
            narrow[i] = (int8_t)number;
        else
            wide[i] = (int16_t)number;
    }
    const char *comment =
        arena_printf(a, "%s: weights %s", emit_comment(e, op->name), layout(a, n));
    return emit_array(e, EMIT_WEIGHT, op_base(e, op, "weight"), s->type,
                      s->type == IR_I8 ? (const void *)narrow : (const void *)wide, size, comment);
}

static const char *field_array(const store *s, emitter *e, const ir_op *op, const store_tiles *n)
{
    arena *a = e->ctx->a;
    int bits = s->p.bits, tiles = tile_count(n);
    int64_t row = store_tile_bytes(s, n);
    uint8_t *to = arena_calloc(a, (size_t)tiles, (size_t)row);
    for (int tile = 0; tile < tiles; ++tile)
        for (int i = 0; i < tile_numbers(n); ++i) {
            int64_t from = weight_of(n, tile, i);
            uint32_t field = from < 0 ? 0 : packed_value(op, from);
            for (int b = 0; b < bits; ++b)
                to[tile * row + ((int64_t)i * bits + b) / 8] |=
                    (uint8_t)((field >> b & 1U) << ((int64_t)i * bits + b) % 8);
        }
    const char *comment =
        arena_printf(a, "%s: weights %s, %s of %d bit%s", emit_comment(e, op->name), layout(a, n),
                     s->form == WEIGHTS_CODEBOOK ? "indices" : "fields", bits, bits > 1 ? "s" : "");
    return emit_array(e, EMIT_WEIGHT, op_base(e, op, "weight"), IR_U8, to, tiles * row, comment);
}

const char *store_array(store *s, emitter *e, const ir_op *op, const store_tiles *n)
{
    if (s->form == WEIGHTS_CODEBOOK)
        packed_table(e, op, &s->p, tile_count(n) * n->filters);
    return (s->decoded ? field_array : number_array)(s, e, op, n);
}

/* ---- decoding ----------------------------------------------------------------------------- */

const char *store_group(const store *s, arena *a, int i, int from)
{
    const packed *p = &s->p;
    if (!s->decoded || i % p->group)
        return NULL;
    int at = from + i / p->group * p->bytes;
    return packed_group(a, p, at ? arena_printf(a, "%d", at) : NULL, NULL);
}

const char *store_number_text(const store *s, arena *a, const store_tiles *n, int i, int from)
{
    const packed *p = &s->p;
    if (!s->decoded)
        return arena_printf(a, "w[%d]", from + i);
    const char *field = packed_field(a, p, "u", i % p->group);
    if (s->form == WEIGHTS_CODEBOOK && p->table_per_channel && i % n->filters)
        return arena_printf(a, "t[%d + %s]", i % n->filters * p->entries, field);
    if (s->form == WEIGHTS_CODEBOOK)
        return arena_printf(a, "%s[%s]", p->table_per_channel ? "t" : p->table, field);
    const char *sign = s->add < 0 ? "-" : "+";
    const char *product = p->mul == 1 ? field : arena_printf(a, "%d * %s", (int)p->mul, field);
    return arena_printf(a, "%s %s %d", product, sign, (int)(s->add < 0 ? -s->add : s->add));
}

static void put_step(store *s, arena *a, const store_tiles *n, text *t)
{
    for (int i = 0; i < store_step(s, n); ++i) {
        const char *group = store_group(s, a, i, 0);
        if (group) {
            text_set(t, "group", "%s", group);
            text_put(t, "            u = $group$;\n");
        }
        text_set(t, "i", "%d", s->words ? i / WORD : i);
        text_set(t, "number", "%s", store_number_text(s, a, n, i, 0));
        if (!s->words) {
            text_put(t, "            p[$i$] = ($number_type$)($number$);\n");
            continue;
        }
        text_set(t, "set", i % WORD ? "|=" : "=");
        text_set(t, "left", i % WORD ? " << %d" : "", i % WORD * 8);
        text_put(t, "            v $set$ (uint32_t)(uint8_t)($number$)$left$;\n");
        if (i % WORD == WORD - 1)
            text_put(t, "            p[$i$] = (int32_t)v;\n");
    }
}

void store_print_decode(store *s, emitter *e, const ir_op *op, const store_tiles *n, text *t)
{
    arena *a = e->ctx->a;
    int step = store_step(s, n), unit = s->words ? WORD : 1;
    text_set(t, "fields", "%s", store_array(s, e, op, n));
    text_set(t, "field_row", "%d", store_tile_bytes(s, n));
    text_set(t, "number_type", "%s", s->words ? "int32_t" : emit_ctype(s->type));
    text_set(t, "words", "%d", s->words);
    text_set(t, "steps", "%d", tile_steps(s, n));
    text_set(t, "step", "%d", step / unit);
    text_set(t, "step_bytes", "%d", store_step_bytes(s, n));
    text_set(t, "tile_numbers", "%d", tile_numbers(n) / unit);
    bool tables = s->form == WEIGHTS_CODEBOOK && s->p.table_per_channel;
    text_set(t, "tables", "%d", tables);
    text_set(t, "table", "%s", tables ? s->p.table : "");
    text_set(t, "table_type", "%s", tables ? s->p.type : "");
    text_set(t, "tile_entries", "%d", n->filters * s->p.entries);
    text_set(t, "decode", "%s", op_aux(e, op, "decode"));
    text_put(t, "/* $layer$: the weights of some tiles. */\n"
                "static void $decode$(int32_t tile, int32_t tiles, $number_type$ *restrict to)\n"
                "{\n"
                "    const uint8_t *w = &$fields$[tile * $field_row$];\n"
                "?tables|    const $table_type$ *t = &$table$[tile * $tile_entries$];\n"
                "    for (; tiles > 0; --tiles, to += $tile_numbers$) {\n"
                "        $number_type$ *p = to;\n"
                "        for (int32_t k = 0; k < $steps$; ++k, w += $step_bytes$, p += $step$) {\n"
                "            int32_t u;\n"
                "?words|            uint32_t v;\n");
    put_step(s, a, n, t);
    text_put(t, "        }\n"
                "?tables|        t += $tile_entries$;\n"
                "    }\n"
                "}\n\n");
}
