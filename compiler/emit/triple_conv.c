/* triple_conv.c - convolutions and dense layers of several windows: three sums in two 32-bit words.
 *
 * Three windows are packed into scratch, two words a term, and a weight f is multiplied with both:
 *   a += f * (x0 + x2 * 2^21),  b += f * (x1 + x2 * 2^10),  modulo 2^32.
 * With s0, s1, s2 the sums of f * x0 and so on, each below 2^20, the low 21 bits of a give s0 and
 * its upper 11 bits the low 11 bits of s2; when these are taken from b, its low 21 bits give s1 and
 * its upper ones the rest of s2. So two products serve three, exactly. Filters with 128 * (sum of
 * |f|) >= 2^20 are summed in parts.
 *
 * Cores with few registers meet one filter at a time (P_six, P_three in helpers_triple.c), whose
 * weights come four to a word; others meet four filters, in plain C. */
#include "compiler/emit/long.h"
#include "compiler/emit/triple.h"

enum {
    GROUP = 3,
    LIMIT = 1 << 13,
    MAX_PARTS = 8,
    MAX_SCRATCH = 8192,
    FEW_REGISTERS = 16,
    TERMS = 4
};

typedef struct triple {
    bundle b;
    bool few;        /* registers: one filter at a time */
    int parts, part; /* of a window, terms of each but the last */
} triple;

static void init(triple *v, const emitter *e, const ir_op *op)
{
    bundle *b = &v->b;
    bundle_init(b, e, op, GROUP);
    v->few = emit_find_target(e->o->target)->cost.registers < FEW_REGISTERS;
    bundle_set_filters(b, v->few ? 1 : 4);
    b->spare = v->few ? (TERMS - b->terms % TERMS) % TERMS : 0;
    b->s.words = v->few;
    if (bundle_scratch(b) > MAX_SCRATCH)
        b->bundles = 1;
    for (v->parts = 1; v->parts <= MAX_PARTS; ++v->parts) {
        int part = (b->terms + v->parts - 1) / v->parts;
        v->part = (part + TERMS - 1) / TERMS * TERMS;
        if (bundle_weight_sum(b, v->part) < LIMIT)
            return;
    }
}

bool triple_takes_conv(const emitter *e, const ir_op *op)
{
    triple v;
    if (!bundle_takes(e, op, IR_I8))
        return false;
    init(&v, e, op);
    return v.parts <= MAX_PARTS;
}

int64_t triple_scratch_conv(const emitter *e, const ir_op *op)
{
    triple v;
    init(&v, e, op);
    return bundle_scratch(&v.b);
}

/* ---- one filter at a time ----------------------------------------------------------------- */

static const char *word_array(bundle *v)
{
    arena *a = v->e->ctx->a;
    int words = (v->terms + v->spare) / TERMS;
    uint32_t *to = ARENA_ARRAY(a, uint32_t, v->outputs * words);
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0; k < v->terms && !v->f.constant[o]; ++k)
            to[o * words + k / TERMS] |=
                (uint32_t)(uint8_t)store_number(v->op, (int64_t)o * v->terms + k)
                << 8 * (k % TERMS);
    const char *comment = arena_printf(
        a, "%s: weights [filter %d][word %d], each word four terms from its lowest byte on",
        emit_comment(v->e, v->op->name), v->outputs, words);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I32, to,
                      v->outputs * words, comment);
}

static void put_few(triple *v)
{
    bundle *b = &v->b;
    text *t = &b->t;
    int words = (b->terms + b->spare) / TERMS, part = v->part / TERMS;
    bool two = b->bundles == 2;
    emit_use_helper(b->e, two ? EH_SIX : EH_THREE);
    text_set(t, "tile", "%s", two ? "six" : "three");
    text_set(t, "two", "%d", two);
    text_put(t, "        uint32_t acc[4];\n"
                "        int32_t raw[$windows$];\n");
    fast_rescale f = bundle_scale(b, 0);
    bool plain = !b->s.sums && b->s.mul == 1;
    text_set(t, "start", plain ? "bias" : "0");
    text_put(t, "        raw[0] = raw[1] = raw[2] = $start$;\n"
                "?two|        raw[3] = raw[4] = raw[5] = $start$;\n");
    for (int k = 0; k < words; k += part) {
        text_set(t, "n", "%d", part < words - k ? part : words - k);
        text_set(t, "from", k ? "x + %d" : "x", k * TERMS * bundle_words(b));
        text_put(t, "        $P$_$tile$($from$, w, $n$, acc);\n"
                    "        w += $n$;\n"
                    "        $P$_triple(acc[0], acc[1], raw);\n"
                    "?two|        $P$_triple(acc[2], acc[3], raw + 3);\n");
    }
    for (int i = 0; i < bundle_windows(b); ++i) {
        const char *raw = arena_printf(b->e->ctx->a, "raw[%d]", i);
        bundle_code(b, &f, 0, i, plain ? raw : bundle_acc(b, raw, i));
    }
}

/* ---- four filters at a time --------------------------------------------------------------- */

/* "u0 = p[0], u1 = p[1]…;" and, for each filter, "f = (uint32_t)w[2], a0 += f * u0, a1 += f * u1…;"
 */
static void put_term(const bundle *v, int columns, int k)
{
    buf *out = v->t.out;
    int words = bundle_words(v);
    for (int j = 0; j < words; ++j)
        buf_printf(out, "%*su%d = p[%d]", j ? 0 : columns, j ? ", " : "", j, k * words + j);
    buf_puts(out, ";\n");
    for (int i = 0; i < v->filters; ++i) {
        buf_printf(out, "%*sf = (uint32_t)w[%d]", columns, "", k * v->filters + i);
        for (int j = 0; j < words; ++j)
            buf_printf(out, ", %c%d += f * u%d", 'a' + i, j, j);
        buf_puts(out, ";\n");
    }
}

/* Sums of `n` terms from p and w on, which move behind them. */
static void put_terms(bundle *v, int n)
{
    text *t = &v->t;
    int unroll = bundle_unroll(v->e) / 2, loops, done = 0;
    unroll = unroll < 1 ? 1 : unroll;
    loops = n / unroll;
    text_set(t, "p_step", "%d", unroll * bundle_words(v));
    text_set(t, "w_step", "%d", unroll * v->filters);
    text_set(t, "loops", "%d", loops);
    if (loops > 1) {
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $p_step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < unroll; ++i)
            put_term(v, 12, i);
        text_put(t, "        }\n");
        done = loops * unroll;
    }
    for (int i = 0; i < n - done; ++i)
        put_term(v, 8, i);
    text_set(t, "p_step", "%d", (n - done) * bundle_words(v));
    text_set(t, "w_step", "%d", (n - done) * v->filters);
    text_put(t, "?w_step|        p += $p_step$, w += $w_step$;\n");
}

/* "a0 = a1 = b0 = b1 = 1048576;" */
static void put_start(const bundle *v, const char *type)
{
    buf *out = v->t.out;
    for (int i = 0; i < v->filters; ++i) {
        buf_printf(out, "        %s%c0 = 1048576", type, 'a' + i);
        for (int j = 1; j < bundle_words(v); ++j)
            buf_printf(out, ", %c%d = 1048576", 'a' + i, j);
        buf_puts(out, ";\n");
    }
}

static void put_sums(const bundle *v)
{
    text *t = (text *)(uintptr_t)&v->t;
    for (int i = 0; i < v->filters; ++i)
        for (int j = 0; j < v->bundles; ++j) {
            text_set(t, "a", "%c", 'a' + i);
            text_set(t, "even", "%d", 2 * j);
            text_set(t, "odd", "%d", 2 * j + 1);
            text_set(t, "sum", "%d", i * bundle_windows(v) + GROUP * j);
            text_put(t, "        $P$_triple($a$$even$, $a$$odd$, raw + $sum$);\n");
        }
}

static void put_many(triple *v)
{
    bundle *b = &v->b;
    text *t = &b->t;
    text_set(t, "raws", "%d", b->filters * bundle_windows(b));
    text_set(t, "more", "%s", b->bundles == 2 ? ", u2, u3" : "");
    text_put(t, "        const uint32_t *p = x;\n"
                "        uint32_t f, u0, u1$more$;\n"
                "        int32_t raw[$raws$] = {0};\n");
    for (int k = 0; k < b->terms; k += v->part) {
        put_start(b, k ? "" : "uint32_t ");
        put_terms(b, v->part < b->terms - k ? v->part : b->terms - k);
        put_sums(b);
    }
    for (int filter = 0; filter < b->filters; ++filter) {
        fast_rescale f = bundle_scale(b, filter);
        for (int i = 0; i < bundle_windows(b); ++i) {
            const char *raw = arena_printf(b->e->ctx->a, "raw[%d]", filter * bundle_windows(b) + i);
            text_set(t, "acc", "%s", bundle_acc(b, raw, i));
            text_put(t, "        s = $acc$;\n");
            bundle_code(b, &f, filter, i, "s");
        }
    }
}

/* ---- the layer ---------------------------------------------------------------------------- */

bool triple_print_conv(emitter *e, const ir_op *op)
{
    triple v;
    init(&v, e, op);
    bundle *b = &v.b;
    text *t = &b->t;
    bundle_begin(b, "uint32_t");
    emit_use_helper(e, EH_TRIPLE);
    text_set(t, "few", "%d", v.few);
    if (v.few && !b->s.decoded) {
        store_offsets(&b->s, e, op, b->padded);
        text_set(t, "weight", "%s", word_array(b));
    } else {
        bundle_weights(b);
    }
    text_put(t, "/* $layer$: $windows$ packed windows with all filters, $filters$ at a time. */\n");
    bundle_open_dots(b, v.few ? "int32_t" : "int8_t");
    bundle_declare(b);
    text_put(t, "!few|        int32_t s;\n");
    if (v.few)
        put_few(&v);
    else
        put_many(&v);
    text_put(t, "    }\n"
                "}\n\n");
    bundle_finish(b);
    return true;
}
