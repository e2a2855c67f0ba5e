/* neon_packed.c - one run of the windows of a tile with packed weights: units of fields are decoded
 * where their first register is needed, and each register meets its lane of the codes. */
#include "compiler/emit/neon_conv.h"

/* Bytes 0xff for the first n codes of a register, 0 for the others. */
static void set_mask(text *t, int n)
{
    uint64_t half[2] = {0, 0};
    for (int i = 0; i < n && i < NEON_BYTES; ++i)
        half[i / 8] |= (uint64_t)0xff << i % 8 * 8;
    text_set(t, "mask_low", "0x%016llx", (unsigned long long)half[0]);
    text_set(t, "mask_high", "0x%016llx", (unsigned long long)half[1]);
}

/* Register `i` of codes from term `from` (the text for `base`, a number, plus 16 * i) on. terms:
 * those that are read; own: those of them that are the run's, as the fields of what is too much
 * have levels other than 0. */
static void put_codes(neon_conv *v, int columns, const char *base, int i, int terms, int own)
{
    text *t = &v->t;
    terms = terms < NEON_BYTES ? terms : NEON_BYTES;
    bool some = terms < NEON_BYTES && !v->staged, masked = own < terms;
    if (some)
        emit_use_helper(v->e, EH_NEON_SOME);
    text_set(t, "reg", "%d", i);
    text_set(t, "from", i ? "%s + %d" : "%s", base, i * NEON_BYTES);
    text_set(t, "terms", "%d", terms);
    const char *load = text_expand(t, some ? "$P$_some(x + p * $step$ + $from$, $terms$)"
                                           : "vld1q_s8(x + p * $step$ + $from$)");
    if (masked)
        set_mask(t, own > 0 ? own : 0);
    text_set(t, "masked", "%d", masked);
    text_set(t, "code", masked ? "vandq_s8(%s, tail%d)" : "%s", load, i);
    text_put_at(t, columns,
                "?masked|/* what follows the run's own codes counts as 0 */\n"
                "?masked|const int8x16_t tail$reg$ =\n"
                "?masked|    vcombine_s8(vcreate_s8(UINT64_C($mask_low$)), "
                "vcreate_s8(UINT64_C($mask_high$)));\n"
                "int8x16_t c$reg$[$tile$_windows];\n"
                "$U$_UNROLL\n"
                "for (int p = 0; p < $tile$_windows; ++p)\n"
                "    c$reg$[p] = $code$;\n");
}

/* Register `i` of weights of the sequence: four terms of quad i % quads. */
static void put_dots(neon_conv *v, int columns, int i)
{
    text *t = &v->t;
    text_set(t, "field", "%d", i % v->fields.registers);
    text_set(t, "q", "%d", i % v->quads);
    text_set(t, "reg", "%d", i / v->quads / NEON_LANES);
    text_set(t, "lane", "%d", i / v->quads % NEON_LANES);
    text_set(t, "counted", "%d", v->offsets && i % v->quads == 0);
    text_put_at(t, columns,
                "$U$_UNROLL\n"
                "?counted|for (int p = 0; p < $tile$_windows; ++p)\n"
                "?counted|    total[p] = $U$_DOT(total[p], vdupq_n_s8(1), c$reg$[p], $lane$);\n"
                "?counted|$U$_UNROLL\n"
                "for (int p = 0; p < $tile$_windows; ++p)\n"
                "    sum[p][$q$] = $U$_DOT(sum[p][$q$], f$field$, c$reg$[p], $lane$);\n");
}

/* `terms` terms of a run, of which `own` are the run's own. */
static void put_sequence(neon_conv *v, int columns, const char *base, int terms, int own)
{
    text *t = &v->t;
    const neon_fields *f = &v->fields;
    int n = terms / NEON_TERMS * v->quads, a_register = NEON_LANES * v->quads;
    for (int i = 0; i < n; ++i) {
        bool opens = i % f->registers == 0, closes = i % f->registers == f->registers - 1;
        int inside = opens ? 0 : 4;
        if (i % a_register == 0) {
            int done = i / a_register * NEON_BYTES;
            put_codes(v, columns + inside, base, i / a_register, terms - done, own - done);
        }
        if (opens) {
            int at = i / f->registers * f->bytes;
            text_put_at(t, columns, "{\n");
            neon_fields_put(f, t, columns + 4, at ? arena_printf(v->e->ctx->a, "w + %d", at) : "w");
        }
        put_dots(v, columns + 4, i);
        if (closes)
            text_put_at(t, columns, "}\n");
    }
}

static int bytes_of(const neon_conv *v, int terms)
{
    return terms / NEON_TERMS * v->quads / v->fields.registers * v->fields.bytes;
}

void neon_packed_run(neon_conv *v, int columns)
{
    text *t = &v->t;
    int whole = neon_loop_terms(v), step = neon_iteration_terms(v), some = v->run4 - whole;
    text_set(t, "iteration", "%d", step);
    text_set(t, "iteration_bytes", "%d", bytes_of(v, step));
    if (whole > 0) {
        text_put_at(t, columns,
                    "for (int k = 0; k < $whole$; k += $iteration$, w += $iteration_bytes$) {\n");
        put_sequence(v, columns + 4, "k", step, step);
        text_put_at(t, columns, "}\n");
    }
    if (some == 0)
        return;
    put_sequence(v, columns, arena_printf(v->e->ctx->a, "%d", whole), some, v->run - whole);
    text_set(t, "some_bytes", "%d", bytes_of(v, some));
    text_put_at(t, columns, v->rows * v->cols > 1 ? "w += $some_bytes$;\n" : "");
}
