/* wide_conv.c - convolutions and dense layers of several windows whose weights are numbers of 16
 * bits.
 *
 * No two products of these fit one sum, so windows stand in scratch as they are, a word a code, and
 * each product is its own: two windows (four where there are registers) meet four filters, and on
 * cores with few registers four windows one filter (P_four in helpers_triple.c). Sums of numbers
 * that might pass 32 bits are modulo 2^32: what they end at is proved to fit. (gcc reorders
 * unsigned sums, and then runs out of registers.) */
#include "compiler/emit/bundle.h"
#include "compiler/emit/long.h"

enum { GROUP = 2, FEW_REGISTERS = 10, MANY_REGISTERS = 20 };

static bool is_few(const emitter *e)
{
    return emit_find_target(e->o->target)->cost.registers < FEW_REGISTERS;
}

static void init(bundle *v, const emitter *e, const ir_op *op)
{
    int registers = emit_find_target(e->o->target)->cost.registers;
    bundle_init(v, e, op, GROUP);
    v->plain = true;
    if (registers < MANY_REGISTERS && !is_few(e))
        v->bundles = 1;
    if (is_few(e))
        v->bundles = 2;
    bundle_set_filters(v, is_few(e) ? 1 : 4);
}

bool wide_takes_conv(const emitter *e, const ir_op *op)
{
    return bundle_takes(e, op, IR_I16);
}

int64_t wide_scratch_conv(const emitter *e, const ir_op *op)
{
    bundle v;
    init(&v, e, op);
    return bundle_scratch(&v);
}

/* ---- the filters -------------------------------------------------------------------------- */

/* "u0 = p[0], u1 = p[1];" and, for each filter, "f = w[2], a0 += f * u0, a1 += f * u1;"
 */
static void put_term(const bundle *v, int columns, int k)
{
    buf *out = v->t.out;
    int words = bundle_words(v);
    const char *cast = bundle_is_signed(v) ? "" : "(uint32_t)";
    for (int j = 0; j < words; ++j)
        buf_printf(out, "%*su%d = p[%d]", j ? 0 : columns, j ? ", " : "", j, k * words + j);
    buf_puts(out, ";\n");
    for (int i = 0; i < v->filters; ++i) {
        buf_printf(out, "%*sf = %sw[%d]", columns, "", cast, k * v->filters + i);
        for (int j = 0; j < words; ++j)
            buf_printf(out, ", %c%d += f * u%d", 'a' + i, j, j);
        buf_puts(out, ";\n");
    }
}

static void put_terms(bundle *v)
{
    text *t = &v->t;
    int n = bundle_unroll(v->e), loops = v->terms / n, done = 0;
    text_set(t, "loops", "%d", loops);
    text_set(t, "p_step", "%d", n * bundle_words(v));
    text_set(t, "w_step", "%d", n * v->filters);
    if (loops > 1) {
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $p_step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < n; ++i)
            put_term(v, 12, i);
        text_put(t, "        }\n");
        done = loops * n;
    }
    for (int i = 0; i < v->terms - done; ++i)
        put_term(v, 8, i);
    text_set(t, "w_step", "%d", (v->terms - done) * v->filters);
    text_put(t, "?w_step|        w += $w_step$;\n");
}

/* "uint32_t a0 = 0, a1 = 0, b0 = 0…, f, u0, u1;" */
static void put_declarations(const bundle *v)
{
    buf *out = v->t.out;
    buf_puts(out, text_expand((text *)(uintptr_t)&v->t, "        $word$ f"));
    for (int j = 0; j < bundle_words(v); ++j)
        buf_printf(out, ", u%d", j);
    for (int i = 0; i < v->filters; ++i)
        for (int j = 0; j < bundle_words(v); ++j)
            buf_printf(out, ", %c%d = 0", 'a' + i, j);
    buf_puts(out, text_expand((text *)(uintptr_t)&v->t, ";\n        const $word$ *p = x;\n"));
}

static void put_many(bundle *v)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    put_declarations(v);
    put_terms(v);
    bundle_declare(v);
    text_put(t, "        int32_t s;\n");
    for (int filter = 0; filter < v->filters; ++filter) {
        fast_rescale f = bundle_scale(v, filter);
        for (int i = 0; i < bundle_windows(v); ++i) {
            const char *sum =
                arena_printf(a, "%s%c%d", bundle_is_signed(v) ? "" : "(int32_t)", 'a' + filter, i);
            text_set(t, "acc", "%s", bundle_acc(v, sum, i));
            text_put(t, "        s = $acc$;\n");
            bundle_code(v, &f, filter, i, "s");
        }
    }
}

static void put_few(bundle *v)
{
    text *t = &v->t;
    emit_use_helper(v->e, EH_FOUR);
    text_set(t, "terms", "%d", v->terms);
    bundle_declare(v);
    text_put(t, "        uint32_t acc[4];\n"
                "        int32_t s;\n"
                "        $P$_four(x, w, $terms$, acc);\n"
                "        w += $terms$;\n");
    fast_rescale f = bundle_scale(v, 0);
    for (int i = 0; i < bundle_windows(v); ++i) {
        const char *sum = arena_printf(v->e->ctx->a, "(int32_t)acc[%d]", i);
        text_set(t, "acc", "%s", bundle_acc(v, sum, i));
        text_put(t, "        s = $acc$;\n");
        bundle_code(v, &f, 0, i, "s");
    }
}

bool wide_print_conv(emitter *e, const ir_op *op)
{
    bundle v;
    init(&v, e, op);
    text *t = &v.t;
    bundle_begin(&v, !is_few(e) && bundle_is_signed(&v) ? "int32_t" : "uint32_t");
    bundle_weights(&v);
    text_put(t, "/* $layer$: $windows$ windows with all filters, $filters$ at a time. */\n");
    bundle_open_dots(&v, "int16_t");
    (is_few(e) ? put_few : put_many)(&v);
    text_put(t, "    }\n"
                "}\n\n");
    bundle_finish(&v);
    return true;
}
