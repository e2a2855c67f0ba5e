/* dots.c - one window against all filters (dots.h). */
#include "compiler/emit/packed.h"

#include <string.h>

enum { BLOCK = 4, VECTOR = 16, FEW_FILTERS = 4, MANY_SUMS = 64 };

/* ---- constants of a layer with weights ---------------------------------------------------- */

per_channel weight_offsets(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    if (!q)
        return (per_channel){.literal = "0"};
    int64_t *v = ARENA_ARRAY(e->ctx->a, int64_t, q->channels);
    for (int c = 0; c < q->channels; ++c)
        v[c] = (int64_t)q->wadd + (q->wzero ? q->wzero[c] : 0);
    return per_channel_i64(e, op_base(e, op, "weight_offset"), IR_I32, v, q->channels,
                           "added to every weight of a filter");
}

const void *weights_by_term(emitter *e, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    size_t size = ir_type_size(w->type), filters = (size_t)w->shape.dim[0];
    size_t terms = (size_t)ir_elems(&w->shape) / filters;
    char *to = arena_calloc(e->ctx->a, terms * filters, size);
    const char *from = w->data;
    for (size_t c = 0; c < filters; ++c)
        for (size_t k = 0; k < terms; ++k)
            memcpy(&to[(k * filters + c) * size], &from[(c * terms + k) * size], size);
    return to;
}

const char *weight_array(emitter *e, const ir_op *op, const void *data, const char *layout)
{
    const ir_tensor *w = ir_weight(op);
    const char *comment = arena_printf(e->ctx->a, "%s: weights %s", emit_comment(e, op->name), layout);
    return emit_array(e, EMIT_WEIGHT, op_base(e, op, "weight"), w->type, data, ir_elems(&w->shape),
                      comment);
}

static per_channel float_biases(emitter *e, const ir_op *op)
{
    const ir_tensor *b = ir_bias(op);
    if (!b)
        return (per_channel){.literal = "0.0f"};
    return (per_channel){.array = emit_array(e, EMIT_CONSTANT, op_base(e, op, "bias"), IR_F32, b->data,
                                             ir_elems(&b->shape), "biases")};
}

per_channel bias_values(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    if (!q)
        return float_biases(e, op);
    return per_channel_i64(e, op_base(e, op, "bias"), q->bias_type, q->bias, q->channels,
                           "biases with the input's zero point folded in");
}

bool dots_widen(const emitter *e, const ir_op *op)
{
    int groups = op->kind == OP_CONV2D ? op->at.groups : 1;
    return op->in[0]->type == IR_I8 && e->o->opt != EMIT_OS && op->q->channels / groups > FEW_FILTERS;
}

/* ---- printing ----------------------------------------------------------------------------- */

typedef struct block {
    emitter *e;
    const ir_op *op;
    const dots *d;
    text *t;
    per_channel bias, offset;
    requant rq;
    int n; /* filters at a time */
} block;

static const char *channel(const block *b, int lane)
{
    return lane ? arena_printf(b->e->ctx->a, "o + %d", lane) : "o";
}

static void set_lane(const block *b, int lane)
{
    arena *a = b->e->ctx->a;
    const char *c = channel(b, lane);
    text_set(b->t, "j", "%d", lane);
    text_set(b->t, "channel", "%s", c);
    text_set(b->t, "bias", "%s", per_channel_at(a, &b->bias, c));
    text_set(b->t, "offset", "%s", per_channel_at(a, &b->offset, c));
}

static void each_lane(const block *b, const char *lines)
{
    for (int lane = 0; lane < b->n; ++lane) {
        set_lane(b, lane);
        text_put(b->t, lines);
    }
}

/* "v = x[3]; acc0 += v * w[3]; acc1 += v * w[28];" */
static void put_term(const block *b, int64_t term)
{
    buf *out = b->t->out;
    buf_printf(out, "        v = x[%lld];", (long long)term);
    for (int lane = 0; lane < b->n; ++lane)
        buf_printf(out, " acc%d += v * w[%lld];", lane, (long long)(lane * b->d->terms + term));
    buf_puts(out, "\n");
}

static void put_terms(const block *b, int64_t from, int64_t to)
{
    if (from == to)
        return;
    if (loop_unrolled(b->e, LOOP_DOT, to - from)) {
        for (int64_t k = from; k < to; ++k)
            put_term(b, k);
        return;
    }
    text_set(b->t, "from", "%lld", (long long)from);
    text_set(b->t, "to", "%lld", (long long)to);
    text_put(b->t, "        for (int32_t k = $from$; k < $to$; ++k) {\n"
                   "            v = x[k];\n");
    for (int lane = 0; lane < b->n; ++lane) {
        text_set(b->t, "j", "%d", lane);
        text_set(b->t, "at", lane ? "%lld + " : "", (long long)(lane * b->d->terms));
        text_put(b->t, "            acc$j$ += v * w[$at$k];\n");
    }
    text_put(b->t, "        }\n");
}

/* A loop that compilers vectorise has a multiple of 16 terms; the rest follows. */
static int64_t vector_terms(const block *b)
{
    int64_t n = b->d->terms;
    bool worth = b->op->q && b->e->o->opt != EMIT_OS && b->e->o->unroll < 0 && n > VECTOR;
    return worth ? n - n % VECTOR : n;
}

static const char *lane_code(const block *b, const char *acc, int lane)
{
    return b->op->q ? requant_code(&b->rq, acc, channel(b, lane)) : float_act(b->op, b->e->ctx->a, acc);
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
    text_put(t, "    for (int32_t o = $start$; o < $end$; o += $n$) {\n"
                "        const $wtype$ *w = &$weight$[o * $terms$];\n"
                "        $term$ v;\n");
    each_lane(b, "?plain|        $acc$ acc$j$ = $bias$;\n"
                 "!plain|        $acc$ acc$j$ = 0;\n");
    put_terms(b, 0, vector_terms(b));
    put_terms(b, vector_terms(b), b->d->terms);
    each_lane(b, "?sum|?plain|        acc$j$ += $offset$ * sum;\n"
                 "?sum|!plain|        acc$j$ = $bias$ + $wmul$ * acc$j$ + $offset$ * sum;\n"
                 "!sum|!plain|        acc$j$ = $bias$ + $wmul$ * acc$j$;\n");
    for (int lane = 0; lane < n; ++lane) {
        text_set(t, "channel", "%s", channel(b, lane));
        text_set(t, "code", "%s", lane_code(b, arena_printf(b->e->ctx->a, "acc%d", lane), lane));
        text_put(t, "        out[$channel$] = $code$;\n");
    }
    text_put(t, "    }\n");
}

/* Few terms for many filters: filters side by side vectorise, and terms do not. */
static bool wants_filters_inside(const block *b)
{
    const dots *d = b->d;
    return b->op->q && b->op->q->wmul == 1 && per_channel_is(&b->offset, "0") && d->groups == 1 &&
           b->e->o->opt != EMIT_OS && loop_unrolled(b->e, LOOP_TAPS, d->terms) &&
           d->terms < VECTOR && d->outputs % VECTOR == 0 && d->outputs <= MANY_SUMS;
}

static void put_filters_inside(const block *b)
{
    text *t = b->t;
    text_set(t, "outputs", "%d", b->d->outputs);
    text_set(t, "bias", "%s", per_channel_at(b->e->ctx->a, &b->bias, "o"));
    text_set(t, "code", "%s", requant_code(&b->rq, "acc[o]", "o"));
    text_put(t, "    $acc$ acc[$outputs$];\n"
                "    for (int32_t o = 0; o < $outputs$; ++o) {\n"
                "        $acc$ sum = $bias$;\n");
    for (int k = 0; k < (int)b->d->terms; ++k) {
        text_set(t, "k", "%d", k);
        text_set(t, "at", k ? "%d + " : "", k * b->d->outputs);
        text_put(t, "        sum += x[$k$] * $weight$[$at$o];\n");
    }
    text_put(t, "        acc[o] = sum;\n"
                "    }\n"
                "    for (int32_t o = 0; o < $outputs$; ++o)\n"
                "        out[o] = $code$;\n");
}

/* Filters in blocks of four, terms inside. */
static void put_terms_inside(block *b)
{
    int n = b->d->outputs, whole = n == 3 ? 3 : n - n % BLOCK;
    text_put(b->t, "?sum|    $acc$ sum = 0;\n"
                   "?sum|    for (int32_t k = 0; k < $terms$; ++k)\n"
                   "?sum|        sum += x[k];\n");
    put_filters(b, 0, whole, n == 3 ? 3 : BLOCK);
    put_filters(b, whole, n, n - whole);
}

static const char *block_weights(const block *b, bool filters_inside)
{
    const char *order = filters_inside ? "[term %lld][filter %lld]" : "[filter %lld][term %lld]";
    long long terms = (long long)b->d->terms, filters = b->d->outputs * b->d->groups;
    const void *data = filters_inside ? weights_by_term(b->e, b->op) : ir_weight(b->op)->data;
    arena *a = b->e->ctx->a;
    return weight_array(b->e, b->op, data, filters_inside ? arena_printf(a, order, terms, filters)
                                                          : arena_printf(a, order, filters, terms));
}

static void set_vars(block *b, bool filters_inside)
{
    const ir_iparams *q = b->op->q;
    text *t = b->t;
    text_set(t, "dots", "%s", b->d->name);
    text_set(t, "x", "%s", b->d->x);
    text_set(t, "acc", "%s", acc_ctype(b->op));
    text_set(t, "term", q ? "int32_t" : "float");
    text_set(t, "wtype", "%s", emit_ctype(ir_weight(b->op)->type));
    text_set(t, "weight", "%s", block_weights(b, filters_inside));
    text_set(t, "terms", "%lld", (long long)b->d->terms);
    text_set(t, "wmul", "%d", q ? (int)q->wmul : 1);
    text_set(t, "plain", "%d", !q || q->wmul == 1);
    text_set(t, "sum", "%d", !per_channel_is(&b->offset, "0"));
    text_set(t, "group", "%s", b->d->groups == 1 ? "" : "int32_t first, ");
}

void dots_print(emitter *e, const ir_op *op, const dots *d, text *t)
{
    if (weights_packed(op)) {
        packed_dots_print(e, op, d, t);
        return;
    }
    block b = {.e = e, .op = op, .d = d, .t = t, .bias = bias_values(e, op),
               .offset = weight_offsets(e, op)};
    if (op->q)
        requant_init(&b.rq, e, op, &op->q->out, "");
    bool filters_inside = wants_filters_inside(&b);
    set_vars(&b, filters_inside);
    text_put(t, "/* $layer$: dot products of one window with the filters. */\n"
                "static void $dots$(const $x$ *restrict x, $group$$out$ *restrict out)\n"
                "{\n");
    if (filters_inside)
        put_filters_inside(&b);
    else
        put_terms_inside(&b);
    text_put(t, "}\n\n");
}

const char *dots_call(emitter *e, const dots *d, const char *x)
{
    return d->groups == 1 ? arena_printf(e->ctx->a, "%s(%s, out);", d->name, x)
                          : arena_printf(e->ctx->a, "%s(%s, g * %d, out);", d->name, x, d->outputs);
}
