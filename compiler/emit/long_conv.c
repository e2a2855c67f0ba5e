/* long_conv.c - convolutions and dense layers of several windows: two products in one 64-bit sum.
 *
 * Two windows are packed into scratch term by term, x0 + x1 * 2^23, and met by int8 weights:
 *   sum + w * (x0 + x1 * 2^23)   holds   2^22 + sum of w * x0   in its low 23 bits,
 * and the sum of w * x1 above them, as long as 128 * (sum of |w|) < 2^22, which is checked for
 * every filter. Where cores multiply 32 by 32 bits and add to 64 in one instruction (SMLAL), that
 * is two products each. Four windows meet two filters at a time; a layer of one or two meets four.
 */
#include "compiler/emit/bundle.h"
#include "compiler/emit/long.h"

enum { FIELD = 23, GROUP = 2 };

static void init(bundle *v, const emitter *e, const ir_op *op)
{
    bundle_init(v, e, op, GROUP);
    bundle_set_filters(v, v->bundles == 2 ? 2 : 4);
}

bool long_takes_conv(const emitter *e, const ir_op *op)
{
    bundle v;
    if (!bundle_takes(e, op, IR_I8))
        return false;
    init(&v, e, op);
    return bundle_weight_sum(&v, v.terms) * 128 < 1 << (FIELD - 1);
}

int64_t long_scratch_conv(const emitter *e, const ir_op *op)
{
    bundle v;
    init(&v, e, op);
    return bundle_scratch(&v);
}

/* ---- the filters -------------------------------------------------------------------------- */

/* "u = p[2], v = p[3];" and, for each filter, "f = w[2], a0 += f * u, a1 += f * v;" */
static void put_term(const bundle *v, int columns, int k)
{
    buf *out = v->t.out;
    bool two = v->bundles == 2;
    buf_printf(out, "%*su = p[%d]", columns, "", k * v->bundles);
    if (two)
        buf_printf(out, ", v = p[%d]", k * v->bundles + 1);
    buf_puts(out, ";\n");
    for (int i = 0; i < v->filters; ++i) {
        buf_printf(out, "%*sf = w[%d], %c0 += f * u", columns, "", k * v->filters + i, 'a' + i);
        if (two)
            buf_printf(out, ", %c1 += f * v", 'a' + i);
        buf_puts(out, ";\n");
    }
}

static void put_terms(bundle *v)
{
    text *t = &v->t;
    int n = bundle_unroll(v->e), loops = v->terms / n, done = 0;
    if (loops > 1) {
        text_set(t, "loops", "%d", loops);
        text_set(t, "p_step", "%d", n * v->bundles);
        text_set(t, "w_step", "%d", n * v->filters);
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

/* Codes of a filter in all windows. */
static void put_codes(bundle *v, int filter)
{
    text *t = &v->t;
    fast_rescale f = bundle_scale(v, filter);
    emit_use_helper(v->e, EH_LONG_LOW);
    emit_use_helper(v->e, EH_LONG_HIGH);
    text_set(t, "a", "%c", 'a' + filter);
    text_set(t, "field", "%d", FIELD);
    bool plain = !v->s.sums && v->s.mul == 1;
    if (plain)
        text_put(t, "        low = bias - $half$;\n");
    for (int i = 0; i < bundle_windows(v); ++i) {
        text_set(t, "bundle", "%d", i / GROUP);
        bool upper = i % GROUP != 0;
        const char *sum = upper   ? "$P$_high($a$$bundle$, $field$)"
                          : plain ? "$P$_low($a$$bundle$, $field$)"
                                  : "$P$_low($a$$bundle$, $field$) - $half$";
        sum = text_expand(t, sum);
        text_set(t, "sum", "%s",
                 plain && !upper ? arena_printf(v->e->ctx->a, "%s + low", sum)
                                 : bundle_acc(v, sum, i));
        text_put(t, "        s = $sum$;\n");
        bundle_code(v, &f, filter, i, "s");
    }
}

static void put_dots(bundle *v)
{
    text *t = &v->t;
    bundle_weights(v);
    text_set(t, "two", "%d", v->bundles == 2);
    text_set(t, "half", "%d", 1 << (FIELD - 1));
    text_put(t, "/* $layer$: $windows$ packed windows with all filters, $filters$ at a time; a0 "
                "holds two sums. */\n");
    bundle_open_dots(v, "int8_t");
    text_put(t, "        const int32_t *p = x;\n");
    for (int i = 0; i < v->filters; ++i) {
        text_set(t, "a", "%c", 'a' + i);
        text_put(t, "        int64_t $a$0 = $half$;\n"
                    "?two|        int64_t $a$1 = $half$;\n");
    }
    text_put(t, "        int64_t f, u;\n"
                "?two|        int64_t v;\n");
    put_terms(v);
    text_set(t, "doubled", "%d", v->s.mul != 1);
    bundle_declare(v);
    text_put(t, "        int32_t s;\n"
                "!sums|!doubled|        int32_t low;\n");
    for (int filter = 0; filter < v->filters; ++filter)
        put_codes(v, filter);
    text_put(t, "    }\n"
                "}\n\n");
}

bool long_print_conv(emitter *e, const ir_op *op)
{
    bundle v;
    init(&v, e, op);
    bundle_begin(&v, "int32_t");
    put_dots(&v);
    bundle_finish(&v);
    return true;
}
