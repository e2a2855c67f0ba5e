/* dsp_store.c - weights of all forms for the DSP extension's dot products (dsp_store.h). */
#include "compiler/emit/dsp_store.h"

enum { UNIT = 8, PAIRS = 4, MOST_FIELD_BITS = 4 };

/* ---- what there is ----------------------------------------------------------------------------
 */

dsp_store dsp_store_of(const ir_op *op)
{
    dsp_store s = {.form = weight_form_of(op), .mul = op->q->wmul, .offset = {.literal = "0"}};
    if (dsp_store_is_fields(&s))
        s.p = packed_numbers(op);
    s.sums = s.form == WEIGHTS_PACKED || s.form == WEIGHTS_AFFINE || op->q->wadd;
    for (int c = 0; s.form == WEIGHTS_WIDE && op->q->wzero && c < op->q->channels; ++c)
        s.sums |= op->q->wzero[c] != 0;
    s.later = s.sums && !dsp_store_is_fields(&s) && s.mul != 1;
    return s;
}

bool dsp_store_takes(const emitter *e, const ir_op *op)
{
    dsp_store s = dsp_store_of(op);
    if (s.form == WEIGHTS_CODE)
        return true;
    if (s.form == WEIGHTS_CODEBOOK && (s.p.bits > MOST_FIELD_BITS || s.p.table_per_channel))
        return false;
    return !fast_has_constant(e, op); /* their weights would have to be levels of 0 */
}

int64_t dsp_store_pairs(const dsp_store *s)
{
    return s->form == WEIGHTS_CODEBOOK ? (int64_t)4 << (2 * s->p.bits) : 0;
}

void dsp_store_offsets(dsp_store *s, emitter *e, const ir_op *op, int channels)
{
    const ir_iparams *q = op->q;
    int64_t *v = ARENA_ARRAY(e->ctx->a, int64_t, channels);
    int64_t add = s->form == WEIGHTS_PACKED ? s->p.add : q->wadd;
    if (!s->sums)
        return;
    for (int c = 0; c < channels; ++c) {
        int of = c < q->channels ? c : q->channels - 1;
        v[c] = add + (q->wzero ? q->wzero[of] : 0);
    }
    s->offset = per_channel_i64(e, op_base(e, op, "weight_offset"), IR_I32, v, channels,
                                "times the sum of the inputs: added to every sum of a filter");
}

/* ---- the array ------------------------------------------------------------------------------- */

/* Filter (0 or 1) and term of field i of a unit. */
static void place_of_field(const dsp_store *s, int i, int *filter, int *term)
{
    bool table = s->form == WEIGHTS_CODEBOOK;
    int pair = table ? i / 2 : i % PAIRS, upper = table ? i % 2 : i / PAIRS;
    *filter = pair % 2;
    *term = pair / 2 + 2 * upper;
}

const char *dsp_store_array(const dsp_store *s, emitter *e, const ir_op *op, const uint8_t *fields,
                            int filters, int tile, int quads)
{
    arena *a = e->ctx->a;
    int bits = s->p.bits, units = tile / 2;
    int64_t n = (int64_t)filters / 2 * quads * bits, spare = bits == 3; /* words are read whole */
    uint8_t *to = arena_calloc(a, (size_t)(n + spare), 1);
    for (int64_t unit = 0; unit < n / bits; ++unit) {
        int64_t of = unit / units / quads * tile + unit % units * 2, quad = unit / units % quads;
        for (int i = 0; i < UNIT; ++i) {
            int filter, term;
            place_of_field(s, i, &filter, &term);
            uint32_t field = fields[(of + filter) * quads * 4 + quad * 4 + term];
            for (int b = 0; b < bits; ++b)
                to[unit * bits + (i * bits + b) / 8] |=
                    (uint8_t)((field >> b & 1u) << ((i * bits + b) % 8));
        }
    }
    const char *comment = arena_printf(
        a, "%s: weights [%d filters][quad %d], %s of %d bit%s", emit_comment(e, op->name), tile,
        quads, s->form == WEIGHTS_CODEBOOK ? "indices" : "fields", bits, bits > 1 ? "s" : "");
    return emit_array(e, EMIT_WEIGHT, op_base(e, op, "weight"), IR_U8, to, n + spare, comment);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static void put_pairs(dsp_store *s, emitter *e, const ir_op *op, text *t)
{
    packed_table(e, op, &s->p, op->q->channels);
    emit_use_helper(e, EH_DSP_PACK);
    text_set(t, "make_pairs", "%s", op_aux(e, op, "pairs"));
    text_set(t, "table", "%s", s->p.table);
    text_set(t, "entries", "%d", s->p.entries);
    text_set(t, "bits", "%d", s->p.bits);
    text_put(t, "/* $layer$: all pairs of levels, by their two indices. */\n"
                "static void $make_pairs$(uint32_t *pairs)\n"
                "{\n"
                "    for (int32_t i = 0; i < $entries$; ++i)\n"
                "        for (int32_t j = 0; j < $entries$; ++j)\n"
                "            pairs[(i << $bits$) + j] = $P$_pack($table$[j], $table$[i]);\n"
                "}\n\n");
}

/* ---- a tile ---------------------------------------------------------------------------------- */

/* One text of the whole tile: left to itself, gcc 12 takes units apart so early that it runs out of
 * registers. */
typedef struct tile {
    const dsp_store *s;
    arena *a;
    buf with, plain; /* assembly, C */
} tile;

static void put_asm(tile *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put_asm(tile *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_printf(&t->with, "        \"%s\\n\\t\"\n", arena_vprintf(t->a, fmt, ap));
    va_end(ap);
}

/* u: the next unit, fields of a pair 16 bits apart. */
static void put_unit(tile *t)
{
    static const char *const loads[] = {"ldrb", "ldrh", "ldr", "ldr"};
    int bits = t->s->p.bits, spread = 16 - 4 * bits;
    buf_puts(&t->plain, "    u = (uint32_t)w[0]");
    for (int i = 1; i < bits; ++i)
        buf_printf(&t->plain, " | (uint32_t)w[%d] << %d", i, 8 * i);
    buf_printf(&t->plain, ";\n    w += %d;\n", bits);
    put_asm(t, "%s %%[u], [%%[w]], #%d", loads[bits - 1], bits);
    if (t->s->form == WEIGHTS_CODEBOOK || spread == 0)
        return;
    if (bits == 3) {
        put_asm(t, "pkhbt %%[u], %%[u], %%[u], lsl #4");
        buf_puts(&t->plain, "    u = (u & 0xfffu) | (u & 0xfff000u) << 4;\n");
    } else {
        put_asm(t, "orr %%[u], %%[u], %%[u], lsl #%d", spread);
        buf_printf(&t->plain, "    u |= u << %d;\n", spread);
    }
}

/* v: pair i of the unit. */
static void put_pair(tile *t, int i)
{
    int bits = t->s->p.bits, index = 2 * bits;
    if (t->s->form == WEIGHTS_CODEBOOK) {
        put_asm(t, "ubfx %%[v], %%[u], #%d, #%d", index * i, index);
        put_asm(t, "ldr %%[v], [%%[pairs], %%[v], lsl #2]");
        buf_printf(&t->plain, "    v = pairs[u >> %d & %d];\n", index * i, (1 << index) - 1);
        return;
    }
    int right = bits * i - (t->s->p.mul == 2); /* twice a field stands one place higher */
    const char *shift = right > 0   ? arena_printf(t->a, ", lsr #%d", right)
                        : right < 0 ? ", lsl #1"
                                    : "";
    put_asm(t, "and %%[v], %%[mask], %%[u]%s", shift);
    buf_printf(&t->plain, "    v = u %s %d & mask;\n", right < 0 ? "<<" : ">>",
               right < 0 ? 1 : right);
}

static void put_sum(tile *t, const char *word, int sum)
{
    put_asm(t, "smlad %%[s%d], %%[v], %%[%s], %%[s%d]", sum, word, sum);
    buf_printf(&t->plain, "    sum[%d] = $P$_smlad(v, %s, sum[%d]);\n", sum, word, sum);
}

static void put_words(tile *t)
{
    put_asm(t, "ldrd %%[a], %%[b], [%%[x]], #8");
    buf_puts(&t->plain, "    x = $P$_next(x, &a, &b);\n");
}

/* Sums of two windows with two filters: 2·window + filter. */
static void put_tile22(tile *t)
{
    put_unit(t);
    for (int i = 0; i < PAIRS; ++i) {
        if (i % 2 == 0)
            put_words(t);
        put_pair(t, i);
        put_sum(t, "a", i % 2);
        put_sum(t, "b", 2 + i % 2);
    }
}

/* Sums of one window with four filters. */
static void put_tile14(tile *t)
{
    put_words(t);
    for (int unit = 0; unit < 2; ++unit) {
        put_unit(t);
        for (int i = 0; i < PAIRS; ++i) {
            put_pair(t, i);
            put_sum(t, i / 2 ? "b" : "a", 2 * unit + i % 2);
        }
    }
}

void dsp_store_print(dsp_store *s, emitter *e, const ir_op *op, bool single, text *t)
{
    bool table = s->form == WEIGHTS_CODEBOOK;
    tile v = {.s = s, .a = e->ctx->a};
    buf_init(&v.with, e->ctx->a);
    buf_init(&v.plain, e->ctx->a);
    emit_use_helper(e, EH_DSP_NEXT);
    emit_use_helper(e, EH_DSP_SMLAD);
    if (table)
        put_pairs(s, e, op, t);
    (single ? put_tile14 : put_tile22)(&v);
    text_set(t, "by_table", "%d", table);
    text_set(t, "mask", "0x%08xu",
             (unsigned)(((1u << s->p.bits) - 1u) * (uint32_t)s->p.mul * 0x10001u));
    text_set(t, "tile", "%s", op_aux(e, op, "tile"));
    text_put(t, single ? "/* $layer$: four terms of one window with four filters. */\n"
                       : "/* $layer$: four terms of two windows with two filters. */\n");
    text_put(t, "$U$_INLINE void $tile$(const uint8_t **next_w, const uint32_t **next_x,\n"
                "?by_table|                const uint32_t *pairs, int32_t *sum)\n"
                "!by_table|                int32_t *sum)\n"
                "{\n"
                "    const uint8_t *w = *next_w;\n"
                "    const uint32_t *x = *next_x;\n"
                "!by_table|    const uint32_t mask = $mask$;\n"
                "    uint32_t u, v, a, b;\n"
                "#if $U$_DSP\n"
                "    __asm__(\n");
    buf_puts(t->out, buf_str(&v.with));
    text_put(t, "        : [s0] \"+r\"(sum[0]), [s1] \"+r\"(sum[1]), [s2] \"+r\"(sum[2]), [s3] "
                "\"+r\"(sum[3]), "
                "[w] \"+r\"(w), [x] \"+r\"(x),\n"
                "          [u] \"=&r\"(u), [v] \"=&r\"(v), [a] \"=&r\"(a), [b] \"=&r\"(b)\n"
                "?by_table|        : [pairs] \"r\"(pairs)\n"
                "!by_table|        : [mask] \"r\"(mask)\n"
                "        : \"memory\");\n"
                "#else\n");
    text_put(t, buf_str(&v.plain));
    text_put(t, "#endif\n"
                "    *next_w = w;\n"
                "    *next_x = x;\n"
                "}\n\n");
}
