/* long_lone.c - dense layers and convolutions of a single window: two products in one 64-bit sum.
 *
 * A word holds weights of four filters, a byte each: those of f0, f3, f2, f1 from its lowest byte
 * on. 8 bits: one term, and 128 more for f0 and f2. Fields of n bits: 8/n terms, the first in each
 * byte's lowest bits; of 3 bits, eight terms in three words, a byte being two terms' fields under
 * two bits of a third and fourth word. With the middle bytes cleared, and all fields but one, a
 * word is f0 + f1 * 2^24 as a number, and turned by 16 bits and cleared likewise f2 + f3 * 2^24.
 * So, one instruction (AND, with its rotation) and one SMLAL make two products: 2^23 + sum of f0 *
 * x   stands in the low 24 bits, the sum of f1 * x above them, as long as 128 * (sum of f0) < 2^23;
 * longer windows are summed in parts. What is too much is taken away at the end with the sum of x.
 *
 * Codebooks of up to 4 bits: the indices of two filters are one index into a table of pairs
 * T[i] + T[j] * 2^23, which is built in scratch at every call: 4^bits words. */
#include "compiler/emit/long.h"

#include <string.h>

enum { FILTERS = 4, MAX_PARTS = 8, MOST_FIELD_BITS = 4 };

/* How weights lie in words. */
typedef struct unit {
    int words, terms;
} unit;

typedef struct lone {
    emitter *e;
    const ir_op *op;
    text t;
    store s;
    bool pairs; /* of a table */
    int bits;   /* of a field or index */
    unit u;
    int field, half; /* bits of the low sum; what it begins with */
    int terms, outputs, padded;
    int parts, part; /* of the window, terms of each but the last */
    fast_rescale f;
} lone;

/* ---- geometry ----------------------------------------------------------------------------- */

bool lone_takes(const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape;
    if (op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 || op->q->acc_type != IR_I32 ||
        op->q->mode == IR_NUM_ONNX)
        return false;
    if (op->kind == OP_DENSE)
        return ir_elems(in) == in->dim[in->rank - 1];
    window w;
    window_init(&w, op);
    bool one_piece = w.dw == 1 && w.dh == 1 && (w.kh == 1 || w.kw == w.w) && !window_has_edge(&w);
    return w.oh * w.ow == 1 && one_piece && op->at.groups == 1;
}

/* What stands in the low half for weight i: never negative, or an entry of the table. */
static int32_t low_number(const lone *v, int64_t i)
{
    if (v->pairs)
        return store_number(v->op, i);
    return v->s.decoded ? (int32_t)packed_value(v->op, i) : store_number(v->op, i) + 128;
}

/* Whether parts of `part` terms fit the lower field in every filter. */
static bool fits(const lone *v, int part)
{
    int64_t i = 0;
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0, sum = 0; k < v->terms; ++k, ++i) {
            int32_t w = low_number(v, i);
            sum = (k % part ? sum : 0) + (w < 0 ? -w : w);
            if (sum * 128 >= v->half)
                return false;
        }
    return true;
}

static void init(lone *v, const emitter *e, const ir_op *op)
{
    static const unit units[] = {[1] = {1, 8}, [2] = {1, 4}, [3] = {3, 8}, [4] = {1, 2}};
    *v = (lone){.e = (emitter *)(uintptr_t)e, .op = op, .s = store_of(op)};
    const ir_tensor *w = ir_weight(op);
    v->outputs = w->shape.dim[0];
    v->terms = (int)(ir_elems(&w->shape) / v->outputs);
    v->padded = (v->outputs + FILTERS - 1) / FILTERS * FILTERS;
    v->pairs = v->s.form == WEIGHTS_CODEBOOK;
    v->bits = v->s.decoded ? v->s.p.bits : 8;
    v->u = v->bits > MOST_FIELD_BITS ? (unit){1, 1} : units[v->bits];
    v->field = v->pairs ? 23 : 24;
    v->half = 1 << (v->field - 1);
    if (v->s.form == WEIGHTS_PACKED)
        store_take_fields(&v->s);
    for (v->parts = 1; v->parts <= MAX_PARTS; ++v->parts) {
        int part = (v->terms + v->parts - 1) / v->parts;
        v->part = (part + v->u.terms - 1) / v->u.terms * v->u.terms;
        if (fits(v, v->part))
            return;
    }
}

bool long_takes_lone(const emitter *e, const ir_op *op)
{
    lone v;
    if (!lone_takes(op) || !store_takes(e, op, IR_I8))
        return false;
    init(&v, e, op);
    if (v.pairs && (v.bits > MOST_FIELD_BITS || v.s.p.table_per_channel))
        return false;
    return v.parts <= MAX_PARTS;
}

int64_t long_scratch_lone(const emitter *e, const ir_op *op)
{
    lone v;
    init(&v, e, op);
    return v.pairs ? (int64_t)4 << (2 * v.bits) : 0;
}

/* ---- weights ------------------------------------------------------------------------------ */

/* Puts n bits of `value` at bit `at` of a word. */
static void put_bits(uint32_t *word, int at, uint32_t value)
{
    *word |= value << at;
}

/* Weight of filter j and term k of the unit at `to`. */
static void put_weight(const lone *v, uint32_t *to, int j, int k, uint32_t value)
{
    static const int lane[FILTERS] = {0, 3, 2, 1}; /* byte of a filter */
    int bits = v->bits;
    if (v->pairs && bits == 3) { /* pair q of 16: five a word, the last in what is left of each */
        int q = 2 * k + j / 2, at = j % 2 * 3;
        if (q < 15)
            put_bits(&to[q / 5], q % 5 * 6 + at, value);
        for (int b = 0; q == 15 && b < 3; ++b)
            put_bits(&to[(at + b) / 2], 30 + (at + b) % 2, value >> b & 1u);
    } else if (v->pairs) {
        put_bits(to, (2 * k + j / 2) * 2 * bits + j % 2 * bits, value);
    } else if (bits == 3 && k >= 6) { /* two bits of each word's byte, from the last word on */
        for (int b = 0; b < 3; ++b) {
            int at = (k - 6) * 3 + b;
            put_bits(&to[2 - at / 2], lane[j] * 8 + 6 + at % 2, value >> b & 1u);
        }
    } else if (bits == 3) {
        put_bits(&to[k / 2], lane[j] * 8 + k % 2 * 3, value);
    } else {
        put_bits(to, lane[j] * 8 + k * bits, value);
    }
}

static uint32_t stored_value(const lone *v, int o, int k)
{
    int64_t i = (int64_t)o * v->terms + k;
    bool real = o < v->outputs && k < v->terms;
    if (v->s.decoded)
        return real ? packed_value(v->op, i) : 0;
    real = real && !v->f.constant[o];
    return (uint8_t)((real ? store_number(v->op, i) : 0) + (o % 2 ? 0 : 128));
}

static const char *weight_array_of(lone *v)
{
    arena *a = v->e->ctx->a;
    int units = (v->terms + v->u.terms - 1) / v->u.terms, row = units * v->u.words;
    int words = v->padded / FILTERS * row;
    uint32_t *to = ARENA_ARRAY(a, uint32_t, words);
    for (int o = 0; o < v->padded; ++o)
        for (int k = 0; k < units * v->u.terms; ++k)
            put_weight(v, &to[o / FILTERS * row + k / v->u.terms * v->u.words], o % FILTERS,
                       k % v->u.terms, stored_value(v, o, k));
    const char *name = emit_comment(v->e, v->op->name);
    const char *comment =
        !v->s.decoded
            ? arena_printf(a,
                           "%s: weights [4 filters][term %d], each word f0 + 128, f3, f2 + 128, f1",
                           name, v->terms)
            : arena_printf(a, "%s: weights [4 filters][%d terms %d], %s of %d bit%s in %d word%s",
                           name, v->u.terms, units, v->pairs ? "indices" : "fields", v->bits,
                           v->bits > 1 ? "s" : "", v->u.words, v->u.words > 1 ? "s" : "");
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I32, to, words,
                      comment);
}

/* ---- text --------------------------------------------------------------------------------- */

/* C expression of word `u` turned right by n bits. */
static const char *turned(arena *a, const char *u, int n)
{
    return n ? arena_printf(a, "(%s >> %d | %s << %d)", u, n, u, 32 - n) : u;
}

/* The products of term k of the unit, whose fields stand at bit `at` of each byte of `u`. */
static void put_term(lone *v, int columns, int k, const char *u, int at)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    text_set(t, "k", "%d", k);
    text_set(t, "a", "%s", turned(a, u, at));
    text_set(t, "b", "%s", turned(a, u, at + 16));
    text_put_at(t, columns,
                "v = p[$k$];\n"
                "a += (int32_t)($a$ & mask) * v;\n"
                "b += (int32_t)($b$ & mask) * v;\n");
}

/* Pair q of the unit: which filters, and the C expression of its index. */
static void put_pair(lone *v, int columns, int k, int q)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    int width = 2 * v->bits, mask = (1 << width) - 1, each = v->bits == 3 ? 5 : 32 / width;
    const char *index;
    if (v->bits == 3 && q == 15)
        index = "(u >> 30) | (u1 >> 30 << 2) | (u2 >> 30 << 4)";
    else {
        const char *u = q / each ? arena_printf(a, "u%d", q / each) : "u";
        int at = q % each * width;
        index = at + width == 32 ? arena_printf(a, "%s >> %d", u, at)
                : at             ? arena_printf(a, "%s >> %d & %d", u, at, mask)
                                 : arena_printf(a, "%s & %d", u, mask);
    }
    text_set(t, "k", "%d", k);
    text_set(t, "first", "%d", q % 2 == 0);
    text_set(t, "index", "%s", index);
    text_put_at(t, columns,
                "?first|v = p[$k$];\n"
                "?first|a += pairs[$index$] * v;\n"
                "!first|b += pairs[$index$] * v;\n");
}

/* The first `n` terms of unit i from p and w on. */
static void put_unit(lone *v, int columns, int i, int n)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    int k = i * v->u.terms, bits = v->bits;
    for (int word = 0; word < v->u.words; ++word) {
        text_set(t, "u", word ? "u%d" : "u", word);
        text_set(t, "at", "%d", i * v->u.words + word);
        text_put_at(t, columns, "$u$ = (uint32_t)w[$at$];\n");
    }
    for (int j = 0; j < n; ++j) {
        if (v->pairs) {
            put_pair(v, columns, k + j, 2 * j);
            put_pair(v, columns, k + j, 2 * j + 1);
        } else if (bits == 3 && j < 6) {
            put_term(v, columns, k + j, j / 2 ? arena_printf(a, "u%d", j / 2) : "u", j % 2 * 3);
        } else if (bits == 3) {
            if (j == 6)
                text_put_at(t, columns,
                            "u = (u & upper) | (u1 & upper) >> 2 | (u2 & upper) >> 4;\n");
            put_term(v, columns, k + j, "u", 2 + (j - 6) * 3);
        } else {
            put_term(v, columns, k + j, "u", j * bits);
        }
    }
}

/* `n` terms from p and w on, which move behind them. */
static void put_part(lone *v, int n)
{
    text *t = &v->t;
    int unroll = (bundle_unroll(v->e) + v->u.terms - 1) / v->u.terms;
    int whole = n / v->u.terms, loops = whole / unroll, done = 0;
    text_set(t, "half", "%d", v->half);
    text_put(t, "        a = b = $half$;\n");
    if (loops > 1) {
        text_set(t, "loops", "%d", loops);
        text_set(t, "step", "%d", unroll * v->u.terms);
        text_set(t, "w_step", "%d", unroll * v->u.words);
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < unroll; ++i)
            put_unit(v, 12, i, v->u.terms);
        text_put(t, "        }\n");
        done = loops * unroll;
    }
    int left = n - done * v->u.terms, units = (left + v->u.terms - 1) / v->u.terms;
    for (int i = 0; i < units; ++i) {
        int some = left - i * v->u.terms;
        put_unit(v, 8, i, some < v->u.terms ? some : v->u.terms);
    }
    text_set(t, "rest", "%d", left);
    text_set(t, "w_rest", "%d", units * v->u.words);
    text_put(t, "?rest|        p += $rest$, w += $w_rest$;\n");
    emit_use_helper(v->e, EH_LONG_LOW);
    emit_use_helper(v->e, EH_LONG_HIGH);
    text_set(t, "field", "%d", v->field);
    text_put(t, "        s0 += $P$_low(a, $field$), s1 += $P$_high(a, $field$);\n"
                "        s2 += $P$_low(b, $field$), s3 += $P$_high(b, $field$);\n");
}

/* "s0": the accumulator, where it is more than the sum. */
static const char *sum_of(lone *v, int i, const char *channel)
{
    arena *a = v->e->ctx->a;
    if (!v->s.sums && v->s.mul == 1)
        return arena_printf(a, "s%d", i);
    const char *mul = v->s.mul == 1 ? "" : arena_printf(a, "%du * ", (int)v->s.mul);
    const char *more = !v->s.sums ? ""
                                  : arena_printf(a, " + (uint32_t)%s * (uint32_t)all",
                                                 per_channel_at(a, &v->s.offset, channel));
    return arena_printf(a, "(int32_t)((uint32_t)scale[%d] + %s(uint32_t)s%d%s)", 2 * i, mul, i,
                        more);
}

static void put_codes(lone *v)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    for (int i = 0; i < FILTERS; ++i) {
        const char *channel = i ? arena_printf(a, "o + %d", i) : "o";
        bool spare = i >= FILTERS - (v->padded - v->outputs);
        text_set(t, "channel", "%s", channel);
        text_set(t, "guard", spare ? "if (%s < %d)\n            " : "", channel, v->outputs);
        const char *s = arena_printf(a, "s%d", i), *sum = sum_of(v, i, channel);
        text_set(t, "s", "%s", s);
        text_set(t, "sum", "%s", sum);
        if (strcmp(s, sum))
            text_put(t, "        $s$ = $sum$;\n");
        text_set(t, "code", "%s",
                 fast_code(&v->f, s, channel, arena_printf(a, "scale[%d]", 2 * i + 1)));
        text_put(t, "        $guard$out[$channel$] = $code$;\n");
    }
}

static void put_dots(lone *v)
{
    text *t = &v->t;
    bool plain = !v->s.sums && v->s.mul == 1;
    emit_use_helper(v->e, EH_APART);
    text_set(t, "U", "%s", v->e->upper);
    text_set(t, "dots", "%s", op_aux(v->e, v->op, "dots"));
    text_set(t, "weight", "%s", weight_array_of(v));
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "padded", "%d", v->padded);
    text_set(t, "plain", "%d", plain);
    text_set(t, "less", v->s.decoded ? "%d" : "(all * 128 + %d)",
             v->half * ((v->terms + v->part - 1) / v->part));
    bool all = !v->s.decoded || v->s.sums;
    text_set(t, "pairs", "%d", v->pairs);
    text_set(t, "all", "%d", all);
    text_set(t, "all_parameter", "%s", all ? ", int32_t all" : "");
    text_set(t, "all_argument", "%s", all ? ", all" : "");
    text_set(t, "pairs_parameter", "%s", v->pairs ? ", const int32_t *restrict pairs" : "");
    text_set(t, "pairs_argument", "%s", v->pairs ? ", pairs" : "");
    text_set(t, "upper", "%d", v->bits == 3 && !v->pairs);
    text_set(t, "mask", "0x%08xu", 0x01000001u * ((1u << v->bits) - 1u));
    text_set(t, "more", "%s", v->u.words > 1 ? ", u1 = 0, u2 = 0" : "");
    text_put(
        t,
        "/* $layer$: the window with all filters, four at a time; a and b hold two sums each. */\n"
        "$U$_APART void $dots$(const int8_t *restrict x$all_parameter$$pairs_parameter$, int8_t "
        "*restrict out)\n"
        "{\n"
        "    const int32_t *w = $weight$;\n"
        "    const int32_t *scale = $scale$;\n"
        "!pairs|    uint32_t mask = $mask$;\n"
        "!pairs|    $U$_KEEP(mask);\n"
        "?upper|    uint32_t upper = 0xc0c0c0c0u;\n"
        "?upper|    $U$_KEEP(upper);\n"
        "    const int32_t less = $less$;\n"
        "    for (int32_t o = 0; o < $padded$; o += 4, scale += 8) {\n"
        "        const int8_t *p = x;\n"
        "        uint32_t u$more$;\n"
        "?more|        (void)u1, (void)u2; /* short windows end before */\n"
        "?plain|        int32_t s0 = scale[0] - less, s1 = scale[2], s2 = scale[4] - less, s3 = "
        "scale[6];\n"
        "!plain|        int32_t s0 = -less, s1 = 0, s2 = -less, s3 = 0;\n"
        "        int64_t a, b, v;\n");
    for (int k = 0; k < v->terms; k += v->part)
        put_part(v, v->part < v->terms - k ? v->part : v->terms - k);
    put_codes(v);
    text_put(t, "    }\n"
                "}\n\n");
}

bool long_print_lone(emitter *e, const ir_op *op)
{
    lone v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    fast_init(&v.f, e, op, v.padded, false);
    store_offsets(&v.s, e, op, v.padded);
    if (v.pairs)
        packed_pairs(e, op, &v.s.p, "$table$[i] * 8388608 + $table$[j]", t);
    put_dots(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_set(t, "terms", "%d", v.terms);
    text_put(t, "?all|    int32_t all = 0;\n"
                "?all|    for (int32_t k = 0; k < $terms$; ++k)\n"
                "?all|        all += in0[k];\n"
                "?pairs|    int32_t *pairs = scratch;\n"
                "?pairs|    $make_pairs$(pairs);\n"
                "    $dots$(in0$all_argument$$pairs_argument$, out);\n");
    op_close(t);
    return true;
}
