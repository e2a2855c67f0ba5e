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
    if (!bundle_takes(e, op))
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

/* ---- weights ------------------------------------------------------------------------------ */

const char *long_weight_array(bundle *v)
{
    arena *a = v->e->ctx->a;
    const int8_t *from = ir_weight(v->op)->data;
    size_t n = (size_t)v->padded * (size_t)v->terms;
    int8_t *to = ARENA_ARRAY(a, int8_t, n);
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0; k < v->terms && !v->f.constant[o]; ++k)
            to[(o / v->filters * v->terms + k) * v->filters + o % v->filters] =
                from[(size_t)o * (size_t)v->terms + (size_t)k];
    const char *comment =
        arena_printf(a, "%s: weights [%d filters][term %d][%d]", emit_comment(v->e, v->op->name),
                     v->filters, v->terms, v->filters);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I8, to, (int64_t)n,
                      comment);
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
    text_put(t, "        low = bias - $half$;\n");
    for (int i = 0; i < bundle_windows(v); ++i) {
        text_set(t, "bundle", "%d", i / GROUP);
        text_put(t, i % GROUP ? "        s = $P$_high($a$$bundle$, $field$) + bias;\n"
                              : "        s = $P$_low($a$$bundle$, $field$) + low;\n");
        bundle_code(v, &f, filter, i, "s");
    }
}

static void put_dots(bundle *v)
{
    text *t = &v->t;
    text_set(t, "weight", "%s", long_weight_array(v));
    text_set(t, "two", "%d", v->bundles == 2);
    text_set(t, "half", "%d", 1 << (FIELD - 1));
    text_put(t, "/* $layer$: $windows$ packed windows with all filters, $filters$ at a time; a0 "
                "holds two sums. */\n"
                "$U$_APART void $dots$(const int32_t *restrict x$outs$)\n"
                "{\n"
                "    const int8_t *w = $weight$;\n"
                "    const int32_t *scale = $scale$;\n"
                "    for (int32_t o = 0; o < $padded$; o += $filters$, scale += 2 * $filters$) {\n"
                "        const int32_t *p = x;\n");
    for (int i = 0; i < v->filters; ++i) {
        text_set(t, "a", "%c", 'a' + i);
        text_put(t, "        int64_t $a$0 = $half$;\n"
                    "?two|        int64_t $a$1 = $half$;\n");
    }
    text_put(t, "        int64_t f, u;\n"
                "?two|        int64_t v;\n");
    put_terms(v);
    bundle_declare(v);
    text_put(t, "        int32_t s, low;\n");
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
