/* plain_lone.c - dense layers and convolutions of a single window, weights of any form: a product
 * of its own for each, four filters at a time, numbers taken out of their fields or tables in
 * registers. For what kernels that share sums do not take. Sums are modulo 2^32: what they end at
 * is proved to fit. */
#include "compiler/emit/long.h"

enum { FILTERS = 4 };

typedef struct plain {
    bundle b;
    store_tiles n;
} plain;

static void init(plain *v, const emitter *e, const ir_op *op)
{
    bundle *b = &v->b;
    const ir_tensor *w = ir_weight(op);
    bundle_init(b, e, op, 2);
    b->outputs = w->shape.dim[0];
    b->terms = (int)(ir_elems(&w->shape) / b->outputs);
    bundle_set_filters(b, FILTERS);
    v->n = (store_tiles){.filters = FILTERS, .outputs = b->outputs, .terms = b->terms};
}

bool plain_takes_lone(const emitter *e, const ir_op *op)
{
    return lone_takes(op) && (store_takes(e, op, IR_I8) || store_takes(e, op, IR_I16));
}

/* The first `n` numbers of step `index` from p and w on. */
static void put_step(plain *v, int columns, int n, int index)
{
    int at = index * store_step_bytes(&v->b.s, &v->n),
        k = index * store_step(&v->b.s, &v->n) / FILTERS;
    arena *a = v->b.e->ctx->a;
    text *t = &v->b.t;
    for (int i = 0; i < n; ++i) {
        const char *group = store_group(&v->b.s, a, i, at);
        text_set(t, "group", "%s", group ? group : "");
        text_set(t, "k", "%d", k + i / FILTERS);
        text_set(t, "a", "%c", 'a' + i % FILTERS);
        const char *number = store_number_text(&v->b.s, a, &v->n, i, at);
        text_set(t, "number", v->b.s.form == WEIGHTS_PACKED ? "(%s)" : "%s", number);
        if (group)
            text_put_at(t, columns, "u = $group$;\n");
        if (i % FILTERS == 0)
            text_put_at(t, columns, "x = p[$k$];\n");
        text_set(
            t, "product", "%s",
            text_expand(t, bundle_is_signed(&v->b) ? "$number$ * x" : "(uint32_t)($number$ * x)"));
        text_put_at(t, columns, "$a$ += $product$;\n");
        if (v->b.s.decoded && i % FILTERS == FILTERS - 1)
            text_put_at(t, columns, "$U$_TIE(w, d);\n");
    }
}

static void put_terms(plain *v)
{
    text *t = &v->b.t;
    int step = store_step(&v->b.s, &v->n), bytes = store_step_bytes(&v->b.s, &v->n);
    int unroll = (bundle_unroll(v->b.e) + step / FILTERS - 1) / (step / FILTERS);
    int all = v->b.terms * FILTERS, loops = all / step / unroll, done = 0;
    text_set(t, "loops", "%d", loops);
    text_set(t, "p_step", "%d", unroll * step / FILTERS);
    text_set(t, "w_step", "%d", unroll * bytes);
    if (loops > 1) {
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $p_step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < unroll; ++i)
            put_step(v, 12, step, i);
        text_put(t, "        }\n");
        done = loops * unroll * step;
    }
    int steps = (all - done + step - 1) / step;
    for (int i = 0; i < steps; ++i)
        put_step(v, 8, all - done - i * step < step ? all - done - i * step : step, i);
    text_set(t, "w_step", "%d", steps * bytes);
    text_put(t, "?w_step|        w += $w_step$;\n");
}

static void put_dots(plain *v)
{
    bundle *b = &v->b;
    text *t = &b->t;
    arena *a = b->e->ctx->a;
    bool tables = b->s.form == WEIGHTS_CODEBOOK && b->s.p.table_per_channel;
    store_offsets(&b->s, b->e, b->op, b->padded);
    text_set(t, "weight", "%s", store_array(&b->s, b->e, b->op, &v->n));
    text_set(t, "stored", "%s", b->s.decoded ? "uint8_t" : emit_ctype(b->s.type));
    bool is_signed = bundle_is_signed(b);
    text_set(t, "sum_type", is_signed ? "int32_t" : "uint32_t");
    text_set(t, "fields", "%d", b->s.decoded);
    text_set(t, "tables", "%d", tables);
    text_set(t, "table", "%s", tables ? b->s.p.table : "");
    text_set(t, "table_type", "%s", tables ? b->s.p.type : "");
    text_set(t, "entries", "%d", FILTERS * b->s.p.entries);
    text_put(t, "/* $layer$: the window with all filters, four at a time. */\n"
                "!sums|$U$_APART void $dots$(const int8_t *restrict in, int8_t *restrict out)\n"
                "?sums|$U$_APART void $dots$(const int8_t *restrict in, const int32_t *restrict "
                "sum, int8_t *restrict out)\n"
                "{\n"
                "    const $stored$ *w = $weight$;\n"
                "?tables|    const $table_type$ *t = $table$;\n"
                "    const int32_t *scale = $scale$;\n"
                "    for (int32_t o = 0; o < $padded$; o += 4, scale += 8) {\n"
                "        const int8_t *p = in;\n"
                "        $sum_type$ a = 0, b = 0, c = 0, d = 0;\n"
                "        int32_t x, s;\n"
                "?fields|        int32_t u;\n");
    put_terms(v);
    text_put(t, "?tables|        t += $entries$;\n");
    bundle_declare(b);
    for (int i = 0; i < FILTERS; ++i) {
        fast_rescale f = bundle_scale(b, i);
        text_set(t, "acc", "%s",
                 bundle_acc(b, arena_printf(a, "%s%c", is_signed ? "" : "(int32_t)", 'a' + i), 0));
        text_put(t, "        s = $acc$;\n");
        bundle_code(b, &f, i, -1, "s");
    }
    text_put(t, "    }\n"
                "}\n\n");
}

bool plain_print_lone(emitter *e, const ir_op *op)
{
    plain v;
    init(&v, e, op);
    text *t = &v.b.t;
    bundle_begin(&v.b, "int32_t");
    if (v.b.s.decoded)
        emit_use_helper(e, EH_TIE);
    v.n.constant = v.b.f.constant;
    put_dots(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_set(t, "terms", "%d", v.b.terms);
    text_put(t, "?sums|    int32_t sum = 0;\n"
                "?sums|    for (int32_t k = 0; k < $terms$; ++k)\n"
                "?sums|        sum += in0[k];\n"
                "?sums|    $dots$(in0, &sum, out);\n"
                "!sums|    $dots$(in0, out);\n");
    op_close(t);
    return true;
}
