/* packed_dots.c - one window against all filters, whose weights are unpacked in registers
 * (packed.h).
 *
 * Fields of uniform weights are not negative: with L = mul·field + a, the sum is mul·Σ field·x +
 * a·Σx, Σx being taken once for all filters of a window. What that needs on the way may be more
 * than the bound of the accumulator tells; then it is summed in 64 bits. Codebooks need neither. */
#include "compiler/emit/packed.h"

enum { BLOCK = 4 };

typedef struct block {
    emitter *e;
    const ir_op *op;
    const dots *d;
    text *t;
    packed p;
    per_channel bias, offset;
    requant rq;
    bool wider; /* sums are int64_t where the accumulator is int32_t */
    int n;      /* filters at a time */
} block;

static const char *channel(const block *b, int lane)
{
    return lane ? arena_printf(b->e->ctx->a, "o + %d", lane) : "o";
}

/* Whether mul·Σ field·x + a·Σx stays inside the accumulator's type on the way. */
static bool needs_wider(const block *b)
{
    const ir_iparams *q = b->op->q;
    if (b->p.table || q->acc_type == IR_I64)
        return false;
    int64_t codes = (b->op->in[0]->type == IR_I16 ? 32768 : 128) * b->d->terms;
    int64_t most = 0;
    for (int c = 0; c < q->channels; ++c) {
        int64_t a = (int64_t)b->p.add + (q->wzero ? q->wzero[c] : 0), bias = q->bias[c];
        int64_t reach = ((int64_t)b->p.mul * ((1 << b->p.bits) - 1) + (a < 0 ? -a : a)) * codes +
                        (bias < 0 ? -bias : bias);
        most = reach > most ? reach : most;
    }
    return most > INT32_MAX;
}

/* "acc1 += v * (u1 & 15)", or an entry of the table. */
static void put_product(const block *b, int lane, int i)
{
    arena *a = b->e->ctx->a;
    const packed *p = &b->p;
    const char *field = packed_field(a, p, arena_printf(a, "u%d", lane), i);
    const char *level = field;
    if (p->table && p->table_per_channel)
        level = lane ? arena_printf(a, "t[%d + %s]", lane * p->entries, field)
                     : arena_printf(a, "t[%s]", field);
    else if (p->table)
        level = arena_printf(a, "%s[%s]", p->table, field);
    buf_printf(b->t->out, " acc%d += v * %s;", lane, level);
}

/* `n` terms of the group k (an expression, NULL: the last one, which begins at term `from`). */
static void put_group(const block *b, int indent, const char *k, int64_t from, int n)
{
    arena *a = b->e->ctx->a;
    const packed *p = &b->p;
    buf *out = b->t->out;
    for (int lane = 0; lane < b->n; ++lane) {
        int64_t at = lane * p->row + (k ? 0 : from / p->group * p->bytes);
        const char *base = at ? arena_printf(a, "%lld", (long long)at) : NULL;
        buf_printf(out, "%*su%d = %s;\n", indent, "", lane, packed_group(a, p, base, k));
    }
    for (int i = 0; i < n; ++i) {
        const char *plus = i ? arena_printf(a, " + %d", i) : "";
        const char *index = !k              ? arena_printf(a, "%lld", (long long)from + i)
                            : p->group == 1 ? k
                                            : arena_printf(a, "%d * %s%s", p->group, k, plus);
        buf_printf(out, "%*sv = x[%s];", indent, "", index);
        for (int lane = 0; lane < b->n; ++lane)
            put_product(b, lane, i);
        buf_puts(out, "\n");
    }
}

static void put_terms(const block *b)
{
    int64_t whole = b->d->terms / b->p.group, left = b->d->terms % b->p.group;
    if (whole) {
        text_set(b->t, "whole", "%lld", (long long)whole);
        text_put(b->t, "        for (int32_t k = 0; k < $whole$; ++k) {\n");
        put_group(b, 12, "k", 0, b->p.group);
        text_put(b->t, "        }\n");
    }
    if (left)
        put_group(b, 8, NULL, whole * b->p.group, (int)left);
}

static void each_lane(const block *b, const char *lines)
{
    arena *a = b->e->ctx->a;
    for (int lane = 0; lane < b->n; ++lane) {
        const char *c = channel(b, lane), *acc = arena_printf(a, "acc%d", lane);
        text_set(b->t, "j", "%d", lane);
        text_set(b->t, "channel", "%s", c);
        text_set(b->t, "bias", "%s", per_channel_at(a, &b->bias, c));
        text_set(b->t, "offset", "%s", per_channel_at(a, &b->offset, c));
        text_set(b->t, "code", "%s",
                 requant_code(&b->rq, b->wider ? arena_printf(a, "(int32_t)%s", acc) : acc, c));
        text_put(b->t, lines);
    }
}

static void put_declarations(const block *b)
{
    text_put(b->t, "        const uint8_t *w = &$weight$[o * $wrow$];\n"
                   "?tables|        const $ttype$ *t = &$table$[o * $entries$];\n"
                   "        int32_t v");
    for (int lane = 0; lane < b->n; ++lane)
        buf_printf(b->t->out, ", u%d", lane);
    buf_puts(b->t->out, ";\n");
}

/* Filters [first, end) of the group, n at a time. */
static void put_filters(block *b, int first, int end, int n)
{
    if (first == end)
        return;
    text *t = b->t;
    b->n = n;
    text_set(t, "start", b->d->groups == 1 ? "%d" : first ? "first + %d" : "first", first);
    text_set(t, "end", b->d->groups == 1 ? "%d" : "first + %d", end);
    text_set(t, "n", "%d", n);
    text_put(t, "    for (int32_t o = $start$; o < $end$; o += $n$) {\n");
    put_declarations(b);
    each_lane(b, "?finish|        $acc$ acc$j$ = 0;\n"
                 "!finish|        $acc$ acc$j$ = $bias$;\n");
    put_terms(b);
    each_lane(b, "?finish|        acc$j$ = $bias$ + $mul$acc$j$ + $offset$ * sum;\n");
    each_lane(b, "        out[$channel$] = $code$;\n");
    text_put(t, "    }\n");
}

static void set_vars(block *b)
{
    text *t = b->t;
    arena *a = b->e->ctx->a;
    const packed *p = &b->p;
    text_set(t, "dots", "%s", b->d->name);
    text_set(t, "x", "%s", b->d->x);
    text_set(t, "acc", "%s", b->wider ? "int64_t" : acc_ctype(b->op));
    text_set(t, "weight", "%s", p->weight);
    text_set(t, "wrow", "%lld", (long long)p->row);
    text_set(t, "table", "%s", p->table ? p->table : "");
    text_set(t, "tables", "%d", p->table && p->table_per_channel);
    text_set(t, "ttype", "%s", p->type ? p->type : "");
    text_set(t, "entries", "%d", p->entries);
    text_set(t, "mul", "%s", p->mul == 1 ? "" : arena_printf(a, "%d * ", (int)p->mul));
    text_set(t, "finish", "%d", !p->table);
    text_set(t, "terms", "%lld", (long long)b->d->terms);
    text_set(t, "group", "%s", b->d->groups == 1 ? "" : "int32_t first, ");
}

void packed_dots_print(emitter *e, const ir_op *op, const dots *d, text *t)
{
    block b = {.e = e, .op = op, .d = d, .t = t, .bias = bias_values(e, op)};
    b.p = packed_weights(e, op, false);
    b.offset = packed_offsets(e, op, &b.p);
    b.wider = needs_wider(&b);
    requant_init(&b.rq, e, op, &op->q->out, "");
    set_vars(&b);
    text_put(t, "/* $layer$: dot products of one window with the filters. */\n"
                "static void $dots$(const $x$ *restrict x, $group$$out$ *restrict out)\n"
                "{\n"
                "?finish|    $acc$ sum = 0;\n"
                "?finish|    for (int32_t k = 0; k < $terms$; ++k)\n"
                "?finish|        sum += x[k];\n");
    put_filters(&b, 0, d->outputs - d->outputs % BLOCK, BLOCK);
    put_filters(&b, d->outputs - d->outputs % BLOCK, d->outputs, d->outputs % BLOCK);
    text_put(t, "}\n\n");
}
