/* pair_lone.c - dense layers and convolutions of a single window on cores with 32-bit products,
 * weights narrower than 8 bits: one product serves two filters.
 *
 * Fields of n bits. A word has two lanes of 16 bits, one a filter, each with the fields of 16/n
 * terms, the first in its lowest bits; of 3 bits, sixteen terms in three words, of which the last
 * stands in the words' bits 15 and 31. With all fields but one cleared a word is f0 + f1 * 2^16,
 * and 2^15 + sum of (f0 + f1 * 2^16) * x gives both sums as long as each stays within 16 bits:
 * windows are summed in parts, of as many terms as 128 * (2^n - 1) allows.
 *
 * Codebooks of up to 4 bits. The indices of two filters are one index into a table of pairs e =
 * (T[i] + 128) + T[j] * 2^16, built in scratch at every call: 4^bits words. The sums of e * x and
 * of (e >> 16) * x, modulo 2^32, are one filter's and both's, which tells the other. */
#include "compiler/emit/triple.h"
#include "compiler/emit/long.h"

enum { LANE = 16, CODE = 128, FEW_REGISTERS = 16, MOST_FILTERS = 8, MOST_FIELD_BITS = 4 };

typedef struct pair {
    bundle b;
    bool table; /* a codebook */
    int bits;
    int filters; /* of a tile */
    int terms;   /* of a unit */
    int words;   /* of a unit, for two filters */
    int part;    /* terms whose sums fit their lanes */
    bool v6m;    /* whole units have a form in ARMv6-M's assembly */
} pair;

/* ---- geometry ----------------------------------------------------------------------------- */

static void init(pair *v, const emitter *e, const ir_op *op)
{
    *v = (pair){.table = weight_form_of(op) == WEIGHTS_CODEBOOK};
    bundle *b = &v->b;
    bundle_init(b, e, op, 2);
    b->outputs = ir_weight(op)->shape.dim[0];
    b->terms = (int)(ir_elems(&ir_weight(op)->shape) / b->outputs);
    bool few = emit_find_target(e->o->target)->cost.registers < FEW_REGISTERS;
    v->filters = few || v->table ? MOST_FILTERS / 2 : MOST_FILTERS;
    bundle_set_filters(b, v->filters);
    v->bits = b->s.p.bits;
    v->words = v->bits == 3 && !v->table ? 3 : 1;
    /* a word of pairs of indices: as many terms as it has of them; 3 bits: five, two bits spare */
    v->terms = v->bits == 3 && !v->table ? LANE : LANE / v->bits;
    v->part = b->terms;
    v->v6m = few && v->words == 1 && b->terms >= v->terms;
    if (!v->table) {
        v->part = ((1 << (LANE - 1)) - 1) / CODE / ((1 << v->bits) - 1) / v->terms * v->terms;
        store_take_fields(&b->s);
    }
}

bool pair_takes_lone(const emitter *e, const ir_op *op)
{
    weight_form form = weight_form_of(op);
    if (!lone_takes(op) || !store_takes(e, op, IR_I8) ||
        (form != WEIGHTS_PACKED && form != WEIGHTS_CODEBOOK))
        return false;
    packed p = packed_numbers(op);
    return form == WEIGHTS_PACKED || (p.bits <= MOST_FIELD_BITS && !p.table_per_channel);
}

int64_t pair_scratch_lone(const emitter *e, const ir_op *op)
{
    pair v;
    init(&v, e, op);
    return v.table ? (int64_t)4 << (2 * v.bits) : 0;
}

/* ---- weights ------------------------------------------------------------------------------ */

/* Puts a field or index of filter `lane` (0, 1) and term k of the unit; its words stand `step`
 * apart. */
static void put_field(const pair *v, uint32_t *to, int step, int lane, int k, uint32_t value)
{
    int bits = v->bits;
    if (v->table)
        to[0] |= value << ((2 * k + lane) * bits);
    else if (bits == 3 && k == 15)
        for (int b = 0; b < 3; ++b)
            to[b * step] |= (value >> b & 1u) << (15 + LANE * lane);
    else if (bits == 3)
        to[k / 5 * step] |= value << (k % 5 * 3 + LANE * lane);
    else
        to[0] |= value << (k * bits + LANE * lane);
}

static const char *word_array(pair *v)
{
    bundle *b = &v->b;
    arena *a = b->e->ctx->a;
    int units = (b->terms + v->terms - 1) / v->terms, pairs = v->filters / 2;
    int tile = units * v->words * pairs, words = b->padded / v->filters * tile;
    uint32_t *to = ARENA_ARRAY(a, uint32_t, words);
    for (int o = 0; o < b->outputs; ++o)
        for (int k = 0; k < b->terms; ++k) {
            uint32_t *unit = &to[o / v->filters * tile + k / v->terms * v->words * pairs];
            put_field(v, unit + o % v->filters / 2, pairs, o % 2, k % v->terms,
                      packed_value(b->op, (int64_t)o * b->terms + k));
        }
    const char *comment =
        arena_printf(a, "%s: weights [%d filters][%d terms %d][%d][2 filters], %s of %d bit%s",
                     emit_comment(b->e, b->op->name), v->filters, v->terms, units, v->words * pairs,
                     v->table ? "indices" : "fields", v->bits, v->bits > 1 ? "s" : "");
    return emit_array(b->e, EMIT_WEIGHT, op_base(b->e, b->op, "weight"), IR_I32, to, words,
                      comment);
}

/* ---- text --------------------------------------------------------------------------------- */

/* The word of pair i that holds term k of the unit, as it was read. */
static void put_words(pair *v, int columns, int at)
{
    text *t = &v->b.t;
    for (int i = 0; i < v->filters / 2; ++i) {
        text_set(t, "u", "u%d", i);
        text_set(t, "at", "%d", at + i);
        text_put_at(t, columns, "$u$ = (uint32_t)w[$at$];\n");
    }
}

/* The field of term k, in both lanes, as C. */
static const char *fields_of(const pair *v, int i, int k, int at)
{
    arena *a = v->b.e->ctx->a;
    int pairs = v->filters / 2, shift = v->bits == 3 ? k % 5 * 3 : k * v->bits;
    if (v->bits == 3 && k == 15)
        return arena_printf(a,
                            "((uint32_t)w[%d] >> 15 & 0x10001u) | ((uint32_t)w[%d] >> 14 & "
                            "0x20002u) | ((uint32_t)w[%d] >> 13 & 0x40004u)",
                            at + i, at + pairs + i, at + 2 * pairs + i);
    return shift ? arena_printf(a, "u%d >> %d & mask", i, shift) : arena_printf(a, "u%d & mask", i);
}

/* The first `n` terms of unit number `index` from p and w on. */
static void put_unit(pair *v, int columns, int index, int n)
{
    arena *a = v->b.e->ctx->a;
    text *t = &v->b.t;
    int pairs = v->filters / 2, at = index * v->words * pairs;
    for (int k = 0; k < n; ++k) {
        bool spread = v->bits == 3 && !v->table;
        if (spread ? k % 5 == 0 && k < 15 : k == 0)
            put_words(v, columns, at + (spread ? k / 5 * pairs : 0));
        text_set(t, "k", "%d", index * v->terms + k);
        text_put_at(t, columns, "v = p[$k$];\n");
        for (int i = 0; i < pairs; ++i) {
            int shift = 2 * v->bits * k;
            text_set(t, "i", "%d", i);
            if (v->table) {
                const char *word = arena_printf(a, "u%d", i);
                text_set(t, "index", "%s",
                         shift
                             ? arena_printf(a, "%s >> %d & %d", word, shift, (1 << 2 * v->bits) - 1)
                             : arena_printf(a, "%s & %d", word, (1 << 2 * v->bits) - 1));
                text_put_at(t, columns,
                            "e = pairs[$index$];\n"
                            "a$i$ += (uint32_t)e * (uint32_t)v;\n"
                            "b$i$ += $P$_asr32(e, 16) * v;\n"
                            "$U$_TIE(u$i$, a$i$);\n");
            } else {
                text_set(t, "fields", "%s", fields_of(v, i, k, at));
                text_put_at(t, columns, "a$i$ += (int32_t)($fields$) * v;\n");
            }
        }
    }
}

/* ---- whole units on ARMv6-M --------------------------------------------------------------- */

/* One line of assembly. */
static void put_asm(pair *v, const char *line)
{
    buf_printf(v->b.t.out, "                     \"%s\\n\"\n", line);
}

/* What word `i` (0 in r12, 1 in r5) adds for term k, whose code is r0: to r8, r9 or r10, r11; of
 * fields to r8 or r9. */
static void put_asm_word(pair *v, int i, int k)
{
    arena *a = v->b.e->ctx->a;
    int shift = v->table ? 2 * v->bits * k - 2 : v->bits * k; /* indices times 4 */
    const char *from = i ? "r5" : "r1";
    if (i == 0)
        put_asm(v, "mov r1, r12");
    if (shift < 0)
        put_asm(v, arena_printf(a, "lsls r1, %s, #%d", from, -shift));
    else if (shift > 0)
        put_asm(v, arena_printf(a, "lsrs r1, %s, #%d", from, shift));
    else if (i)
        put_asm(v, "mov r1, r5");
    put_asm(v, "ands r1, r4");
    if (!v->table) {
        put_asm(v, arena_printf(a, "muls r1, r0\\n add r%d, r1", 8 + i));
        return;
    }
    put_asm(v, "ldr r2, [r3, r1]\\n asrs r1, r2, #16");
    put_asm(v, arena_printf(a, "muls r1, r0\\n add r%d, r1", 9 + 2 * i));
    put_asm(v, arena_printf(a, "muls r2, r0\\n add r%d, r2", 8 + 2 * i));
}

static void put_asm_body(pair *v)
{
    arena *a = v->b.e->ctx->a;
    uint32_t mask = v->table ? ((1u << 2 * v->bits) - 1u) : (1u << v->bits) - 1u;
    put_asm(v, "mov r6, r0\\n mov r7, r1\\n lsls r2, #3\\n add r2, r1\\n mov lr, r2");
    put_asm(v, "ldr r4, [sp, #36]\\n ldmia r4!, {r0, r1, r2, r5}");
    put_asm(v, "mov r8, r0\\n mov r9, r1\\n mov r10, r2\\n mov r11, r5");
    put_asm(v, arena_printf(a, "movs r4, #%u", (unsigned)mask));
    put_asm(v, v->table ? "lsls r4, #2" : "lsls r0, r4, #16\\n orrs r4, r0");
    put_asm(v, "0: ldmia r7!, {r1, r5}\\n mov r12, r1");
    for (int k = 0; k < v->terms; ++k) {
        put_asm(v, arena_printf(a, "ldrb r0, [r6, #%d]\\n sxtb r0, r0", k));
        put_asm_word(v, 1, k);
        put_asm_word(v, 0, k);
    }
    put_asm(v, arena_printf(a, "adds r6, #%d\\n cmp r7, lr\\n beq 1f\\n b 0b", v->terms));
    put_asm(v, "1: ldr r4, [sp, #36]\\n mov r0, r8\\n mov r1, r9\\n mov r2, r10\\n mov r5, r11");
    put_asm(v, "stmia r4!, {r0, r1, r2, r5}");
}

/* The function $tile$ that adds `n` whole units to acc: a0, b0, a1, b1, of fields a0, a1. */
static void put_tile(pair *v)
{
    text *t = &v->b.t;
    emit_use_helper(v->b.e, EH_V6M);
    text_set(t, "tile", "%s", op_aux(v->b.e, v->b.op, "tile"));
    text_set(t, "unit", "%d", v->terms);
    text_put(t, "/* $layer$: adds n units of $unit$ terms with four filters to acc. */\n"
                "#if $U$_V6M\n"
                "$U$_NAKED void $tile$($U$_IN const int8_t *x, $U$_IN const int32_t *w, $U$_IN "
                "int32_t n,\n"
                "    $U$_IN const int32_t *pairs, $U$_IN int32_t *acc)\n"
                "{\n"
                "    __asm__ volatile(\".syntax unified\\n\" $U$_SAVE\n");
    put_asm_body(v);
    text_put(t, "                     $U$_RESTORE);\n"
                "}\n"
                "#else\n"
                "static void $tile$(const int8_t *x, const int32_t *w, int32_t n, const int32_t "
                "*pairs, int32_t *acc)\n"
                "{\n"
                "    const int8_t *p = x;\n"
                "!table|    const uint32_t mask = $mask$;\n"
                "!table|    int32_t v, a0 = acc[0], a1 = acc[1];\n"
                "!table|    (void)pairs;\n"
                "?table|    uint32_t a0 = (uint32_t)acc[0], a1 = (uint32_t)acc[2];\n"
                "?table|    int32_t v, e, b0 = acc[1], b1 = acc[3];\n"
                "    uint32_t u0, u1;\n"
                "    for (; n > 0; --n, p += $unit$, w += 2) {\n");
    put_unit(v, 8, 0, v->terms);
    text_put(t, "    }\n"
                "!table|    acc[0] = a0, acc[1] = a1;\n"
                "?table|    acc[0] = (int32_t)a0, acc[1] = b0, acc[2] = (int32_t)a1, acc[3] = b1;\n"
                "}\n"
                "#endif\n\n");
}

/* Whole units of `n` terms by $tile$. */
static void put_tile_call(pair *v, int n)
{
    text *t = &v->b.t;
    text_set(t, "units", "%d", n / v->terms);
    text_set(t, "step", "%d", n / v->terms * v->terms);
    text_set(t, "w_step", "%d", n / v->terms * 2);
    text_put(
        t,
        "!table|        acc[0] = a0, acc[1] = a1;\n"
        "!table|        $tile$(p, w, $units$, sum, acc);\n"
        "!table|        a0 = acc[0], a1 = acc[1];\n"
        "?table|        $tile$(p, w, $units$, pairs, acc);\n"
        "?table|        a0 = (uint32_t)acc[0], b0 = acc[1], a1 = (uint32_t)acc[2], b1 = acc[3];\n"
        "        p += $step$, w += $w_step$;\n");
}

/* `n` terms from p and w on, which move behind them. */
static void put_part(pair *v, int n)
{
    text *t = &v->b.t;
    int pairs = v->filters / 2, unroll = (bundle_unroll(v->b.e) / 2 + v->terms - 1) / v->terms;
    unroll = unroll < 1 ? 1 : unroll;
    if (v->v6m && n >= v->terms) {
        put_tile_call(v, n);
        n %= v->terms;
    }
    int loops = n / v->terms / unroll, done = 0;
    text_set(t, "loops", "%d", loops);
    text_set(t, "step", "%d", unroll * v->terms);
    text_set(t, "w_step", "%d", unroll * v->words * pairs);
    if (loops > 1) {
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < unroll; ++i)
            put_unit(v, 12, i, v->terms);
        text_put(t, "        }\n");
        done = loops * unroll * v->terms;
    }
    int units = (n - done + v->terms - 1) / v->terms;
    for (int i = 0; i < units; ++i) {
        int left = n - done - i * v->terms;
        put_unit(v, 8, i, left < v->terms ? left : v->terms);
    }
    text_set(t, "step", "%d", n - done);
    text_set(t, "w_step", "%d", units * v->words * pairs);
    text_put(t, "?step|        p += $step$, w += $w_step$;\n");
}

/* The window's sums of the tile: raw[filter]. */
static void put_sums(pair *v)
{
    bundle *b = &v->b;
    text *t = &b->t;
    int pairs = v->filters / 2, whole = b->terms / v->part, left = b->terms % v->part;
    text_set(t, "parts", "%d", whole);
    if (v->table) {
        put_part(v, b->terms);
        for (int i = 0; i < pairs; ++i) {
            text_set(t, "i", "%d", i);
            text_set(t, "low", "%d", 2 * i);
            text_set(t, "high", "%d", 2 * i + 1);
            text_put(t, "        raw[$low$] = (int32_t)(a$i$ - ((uint32_t)b$i$ << 16) - more);\n"
                        "        raw[$high$] = b$i$;\n");
        }
        return;
    }
    const char *start = "", *flush = "";
    for (int i = 0; i < pairs; ++i) {
        text_set(t, "i", "%d", i);
        text_set(t, "low", "%d", 2 * i);
        text_set(t, "high", "%d", 2 * i + 1);
        start =
            arena_printf(b->e->ctx->a, "%s%s", start, text_expand(t, "        a$i$ = 32768;\n"));
        flush = arena_printf(b->e->ctx->a, "%s%s", flush,
                             text_expand(t, "        raw[$low$] += (a$i$ & 0xffff) - 32768;\n"
                                            "        raw[$high$] += $P$_asr32(a$i$, 16);\n"));
    }
    if (whole > 1)
        text_put(t, "        for (int32_t part = 0; part < $parts$; ++part) {\n");
    if (whole > 0) {
        text_put(t, start);
        put_part(v, v->part);
        text_put(t, flush);
    }
    if (whole > 1)
        text_put(t, "        }\n");
    if (left) {
        text_put(t, start);
        put_part(v, left);
        text_put(t, flush);
    }
}

/* "uint32_t u0, u1;", "int32_t a0, a1;" and so on. */
static void put_declarations(pair *v)
{
    buf *out = v->b.t.out;
    int pairs = v->filters / 2;
    bool terms = !v->v6m || v->b.terms % v->terms; /* some are not $tile$'s */
    for (int i = 0; i < pairs && terms; ++i)
        buf_printf(out, i ? ", u%d" : "        uint32_t u%d", i);
    buf_puts(out, terms ? ";\n" : "");
    for (int i = 0; i < pairs && v->table; ++i)
        buf_printf(out, i ? ", a%d = 0" : "        uint32_t a%d = 0", i);
    buf_puts(out, v->table ? ";\n" : "");
    buf_printf(out, "        int32_t s, raw[%d]%s%s", v->filters, v->table ? "" : " = {0}",
               !terms     ? ""
               : v->table ? ", v, e"
                          : ", v");
    for (int i = 0; i < pairs; ++i)
        buf_printf(out, v->table ? ", b%d = 0" : ", a%d", i);
    buf_puts(out, v->v6m ? ", acc[4] = {0};\n" : ";\n");
}

static void put_dots(pair *v)
{
    bundle *b = &v->b;
    text *t = &b->t;
    arena *a = b->e->ctx->a;
    store_offsets(&b->s, b->e, b->op, b->padded);
    text_set(t, "weight", "%s", word_array(v));
    text_set(t, "table", "%d", v->table);
    text_set(t, "parameter", "%s",
             v->table ? "uint32_t more, const int32_t *restrict pairs"
                      : "const int32_t *restrict sum");
    text_set(t, "mask", "0x%08xu", ((1u << v->bits) - 1u) * 0x10001u);
    text_set(t, "in_c", "%d", !v->v6m || b->terms % v->terms);
    if (v->v6m)
        put_tile(v);
    text_put(t, "/* $layer$: the window with all filters, $filters$ at a time. */\n"
                "$U$_APART void $dots$(const int8_t *restrict x, $parameter$, int8_t *restrict "
                "out)\n"
                "{\n"
                "    const int32_t *w = $weight$;\n"
                "    const int32_t *scale = $scale$;\n"
                "!table|?in_c|    uint32_t mask = $mask$;\n"
                "!table|?in_c|    $U$_KEEP(mask);\n"
                "    for (int32_t o = 0; o < $padded$; o += $filters$, scale += 2 * $filters$) {\n"
                "        const int8_t *p = x;\n");
    put_declarations(v);
    put_sums(v);
    bundle_declare(b);
    for (int i = 0; i < v->filters; ++i) {
        fast_rescale f = bundle_scale(b, i);
        text_set(t, "acc", "%s", bundle_acc(b, arena_printf(a, "raw[%d]", i), 0));
        text_put(t, "        s = $acc$;\n");
        bundle_code(b, &f, i, -1, "s");
    }
    text_put(t, "    }\n"
                "}\n\n");
}

bool pair_print_lone(emitter *e, const ir_op *op)
{
    pair v;
    init(&v, e, op);
    text *t = &v.b.t;
    bundle_begin(&v.b, "int32_t");
    emit_use_helper(e, EH_ASR32);
    text_set(t, "terms", "%d", v.b.terms);
    if (v.table) {
        emit_use_helper(e, EH_TIE);
        packed_pairs(e, op, &v.b.s.p, "$table$[i] * 65536 + $table$[j] + 128", t);
    }
    put_dots(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_put(t, "    int32_t sum = 0;\n"
                "?table|    int32_t *pairs = scratch;\n"
                "    for (int32_t k = 0; k < $terms$; ++k)\n"
                "        sum += in0[k];\n"
                "?table|    $make_pairs$(pairs);\n"
                "?table|    $dots$(in0, (uint32_t)sum * 128u, pairs, out);\n"
                "!table|    $dots$(in0, &sum, out);\n");
    op_close(t);
    return true;
}
