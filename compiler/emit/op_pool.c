/* op_pool.c - max and average pools, global ones too: the window is then the whole input.
 *
 * Small windows are written out tap by tap. Larger ones loop over taps outside and channels inside,
 * with the running maxima in the output and the running sums in scratch. A window cut off by the
 * border has its ranges clipped once per output. */
#include "compiler/emit/ops.h"

typedef struct pool {
    emitter *e;
    const ir_op *op;
    window w;
    text t;
    bool unrolled;
} pool;

/* ---- what both kinds share ---------------------------------------------------------------- */

static void pool_init(pool *v, emitter *e, const ir_op *op)
{
    *v = (pool){.e = e, .op = op};
    window_init(&v->w, op);
    op_begin(e, op, &v->t);
    const window *w = &v->w;
    text *t = &v->t;
    window_vars(w, t);
    v->unrolled = loop_unrolled(e, LOOP_TAPS, (int64_t)w->kh * w->kw);
    text_set(t, "pitch", "%d", w->w * w->c);
    text_set(t, "zero", op->q ? "%d" : "0.0f", op->q ? (int)op->q->in_zero[0] : 0);
    text_set(t, "empty", "%d", window_some_empty(w));
    text_set(t, "first_y", "%s", window_coord(e->ctx->a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "first_x", "%s", window_coord(e->ctx->a, "x", w->sw, w->pl, NULL, 1));
    if (window_has_edge(w))
        text_set(t, "edge", "%s", op_aux(e, op, "edge"));
}

/* Offsets of tap k from the window's first cell. */
static int tap_offset(const window *w, int k)
{
    return (k / w->kw * w->w + k % w->kw) * w->c;
}

static void set_tap(pool *v, int k)
{
    int at = tap_offset(&v->w, k);
    text_set(&v->t, "at", at ? "%d + " : "", at);
}

/* ---- maximum ------------------------------------------------------------------------------ */

static const char *max_code(const pool *v, const char *value)
{
    const ir_iparams *q = v->op->q;
    if (!q)
        return float_act(v->op, v->e->ctx->a, value);
    bool whole = q->lo == (v->op->out[0]->type == IR_I8 ? INT8_MIN : INT16_MIN) &&
                 q->hi == (v->op->out[0]->type == IR_I8 ? INT8_MAX : INT16_MAX);
    return whole ? value
                 : clamp_code(v->e, value, q->lo, q->hi, emit_ctype(v->op->out[0]->type));
}

static void print_max_edge(pool *v)
{
    text *t = &v->t;
    text_set(t, "code", "%s", max_code(v, "m"));
    text_put(t, "/* $layer$: maxima of a window that the border cuts off. */\n"
                "static void $edge$(const $in0$ *restrict in, int32_t y, int32_t x, $out$ *restrict out)\n"
                "{\n");
    text_put(t, window_clip);
    text_put(t, "    for (int32_t c = 0; c < $c$; ++c) {\n"
                "        $out$ m = $lowest$;\n"
                "?empty|        if (y0 >= y1 || x0 >= x1)\n"
                "?empty|            m = $zero$;\n"
                "        for (int32_t iy = y0; iy < y1; ++iy)\n"
                "            for (int32_t ix = x0; ix < x1; ++ix)\n"
                "                m = in[(iy * $w$ + ix) * $c$ + c] > m ? in[(iy * $w$ + ix) * $c$ + c] : m;\n"
                "        out[c] = $code$;\n"
                "    }\n"
                "}\n\n");
}

static const char *max_body(pool *v)
{
    buf b;
    buf_init(&b, v->e->ctx->a);
    text *t = &v->t;
    buf *out = t->out;
    t->out = &b;
    text_put(t, "const $in0$ *p = &in0[(($first_y$) * $w$ + $first_x$) * $c$];\n");
    if (v->unrolled) {
        text_put(t, "for (int32_t c = 0; c < $c$; ++c) {\n"
                    "    $out$ m = p[c];\n");
        for (int k = 1; k < v->w.kh * v->w.kw; ++k) {
            set_tap(v, k);
            text_put(t, "    m = p[$at$c] > m ? p[$at$c] : m;\n");
        }
        text_set(t, "code", "%s", max_code(v, "m"));
        text_put(t, "    out[c] = $code$;\n"
                    "}\n");
    } else {
        text_set(t, "code", "%s", max_code(v, "out[c]"));
        text_put(t, "for (int32_t c = 0; c < $c$; ++c)\n"
                    "    out[c] = $lowest$;\n"
                    "for (int32_t ky = 0; ky < $kh$; ++ky)\n"
                    "    for (int32_t i = 0; i < $kw$; ++i)\n"
                    "        for (int32_t c = 0; c < $c$; ++c) {\n"
                    "            const $in0$ a = p[ky * $pitch$ + i * $c$ + c];\n"
                    "            out[c] = a > out[c] ? a : out[c];\n"
                    "        }\n"
                    "for (int32_t c = 0; c < $c$; ++c)\n"
                    "    out[c] = $code$;\n");
    }
    t->out = out;
    return buf_str(&b);
}

bool print_maxpool(emitter *e, const ir_op *op)
{
    pool v;
    pool_init(&v, e, op);
    text *t = &v.t;
    if (op->q)
        text_set(t, "lowest", "%d", op->in[0]->type == IR_I8 ? INT8_MIN : INT16_MIN);
    else
        text_set(t, "lowest", "-3.402823466e+38f");
    if (window_has_edge(&v.w))
        print_max_edge(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    window_nest(t, &v.w, "$edge$(in0, y, x, out);\n", max_body(&v));
    op_close(t);
    return true;
}

/* ---- average ------------------------------------------------------------------------------ */

/* Whether sums need 64 bits: cells less their zero points, and the rounding term, must fit too. */
static bool wide_sums(const ir_op *op)
{
    window w;
    window_init(&w, op);
    int64_t cell = op->in[0]->type == IR_I8 ? 512 : 131072;
    return op->q->acc_type == IR_I64 || (int64_t)w.kh * w.kw * cell > INT32_MAX;
}

int64_t scratch_avgpool(const emitter *e, const ir_op *op)
{
    (void)e;
    const ir_shape *in = &op->in[0]->shape;
    return (int64_t)in->dim[in->rank - 1] * (op->q && wide_sums(op) ? 8 : 4);
}

/* Statements that turn acc[c], a sum of `n` codes, into out[c]. */
static const char *mean_lines(pool *v, const char *n)
{
    emitter *e = v->e;
    const ir_iparams *q = v->op->q;
    text *t = &v->t;
    const char *type = emit_ctype(v->op->out[0]->type);
    text_set(t, "n", "%s", n);
    if (!q) {
        text_set(t, "code", "%s", float_act(v->op, e->ctx->a, "mean"));
        return text_expand(t, "const float mean = acc[c] / (float)$n$;\n"
                              "out[c] = $code$;\n");
    }
    switch (q->mode) {
    case IR_NUM_Q32:
        text_set(t, "code", "%s", clamp_code(e, "(int32_t)(s / n - (s % n < 0 ? 1 : 0))", q->lo, q->hi, type));
        return text_expand(t, "const $acc$ n = $n$, s = acc[c] + n / 2;\n"
                              "out[c] = $code$;\n");
    case IR_NUM_ONNX:
        emit_use_helper(e, EH_RINT);
        text_set(t, "rint", "%s", arena_printf(e->ctx->a, "%d + %s_rint(mean%s%s)", (int)q->out_zero, e->prefix,
                                           q->in[0].n > 0 ? " * " : "",
                                           q->in[0].n > 0 ? c_float(e->ctx->a, q->in[0].fscale[0]) : ""));
        text_set(t, "code", "%s", clamp_code(e, text_expand(t, "$rint$"), q->lo, q->hi, type));
        return text_expand(t, "const $acc$ n = $n$;\n"
                              "const float mean = (float)(acc[c] - n * $zero$) / (float)n;\n"
                              "out[c] = $code$;\n");
    default:
        text_set(t, "code", "%s", clamp_code(e, "(int32_t)(s > 0 ? (s + n / 2) / n : (s - n / 2) / n)",
                                             q->lo, q->hi, type));
        return text_expand(t, "const $acc$ n = $n$, s = acc[c];\n"
                              "out[c] = $code$;\n");
    }
}

static void print_codes(pool *v, const char *name, const char *parameter, const char *n)
{
    text *t = &v->t;
    text_set(t, "name", "%s", name);
    text_set(t, "parameter", "%s", parameter);
    text_put(t, "/* $layer$: means of the sums. */\n"
                "static void $name$(const $acc$ *restrict acc, $parameter$$out$ *restrict out)\n"
                "{\n"
                "    for (int32_t c = 0; c < $c$; ++c) {\n");
    text_put_at(t, 8, mean_lines(v, n));
    text_put(t, "    }\n"
                "}\n\n");
}

/* Sums of a window that the border cuts off; counts its cells. A window without any has one cell,
 * a real zero. */
static void print_sum_edge(pool *v)
{
    text *t = &v->t;
    text_set(t, "all", "%d", v->op->at.count_all);
    text_set(t, "low", "%d", v->w.h + v->op->at.pad[1]);
    text_set(t, "far", "%d", v->w.w + v->op->at.pad[3]);
    text_put(t, "/* $layer$: sums of a window that the border cuts off; gives the number of cells. */\n"
                "static int32_t $edge$(const $in0$ *restrict in, int32_t y, int32_t x,\n"
                "    $acc$ *restrict acc)\n"
                "{\n");
    text_put(t, window_clip);
    text_put(t, "    const int32_t valid = (y1 - y0) * (x1 - x0);\n"
                "?all|    const int32_t end_y = top + $kh$ > $low$ ? $low$ : top + $kh$;\n"
                "?all|    const int32_t end_x = left + $kw$ > $far$ ? $far$ : left + $kw$;\n"
                "?all|    const int32_t n = (end_y - top) * (end_x - left);\n"
                "!all|    const int32_t n = valid;\n"
                "?empty|    if (y0 >= y1 || x0 >= x1) {\n"
                "?empty|        for (int32_t c = 0; c < $c$; ++c)\n"
                "?empty|            acc[c] = $zero$;\n"
                "?empty|        return 1;\n"
                "?empty|    }\n"
                "    for (int32_t c = 0; c < $c$; ++c)\n"
                "        acc[c] = ($acc$)(n - valid) * $zero$;\n"
                "    for (int32_t iy = y0; iy < y1; ++iy)\n"
                "        for (int32_t ix = x0; ix < x1; ++ix)\n"
                "            for (int32_t c = 0; c < $c$; ++c)\n"
                "                acc[c] += in[(iy * $w$ + ix) * $c$ + c];\n"
                "    return n;\n"
                "}\n\n");
}

static void print_sum_inner(pool *v)
{
    text *t = &v->t;
    text_put(t, "/* $layer$: sums of a window that begins at p and lies inside the input. */\n"
                "static void $inner$(const $in0$ *restrict p, $acc$ *restrict acc)\n"
                "{\n"
                "    for (int32_t c = 0; c < $c$; ++c)$open$\n");
    if (v->unrolled) {
        text_put(t, "        $acc$ sum = p[c];\n");
        for (int k = 1; k < v->w.kh * v->w.kw; ++k) {
            set_tap(v, k);
            text_put(t, "        sum += p[$at$c];\n");
        }
        text_put(t, "        acc[c] = sum;\n"
                    "    }\n");
    } else {
        text_put(t, "        acc[c] = 0;\n"
                    "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
                    "        for (int32_t kx = 0; kx < $kw$; ++kx)\n"
                    "            for (int32_t c = 0; c < $c$; ++c)\n"
                    "                acc[c] += p[ky * $pitch$ + kx * $c$ + c];\n");
    }
    text_put(t, "}\n\n");
}

static void print_average(pool *v, void (*codes)(pool *))
{
    text *t = &v->t;
    emitter *e = v->e;
    text_set(t, "acc", !v->op->q ? "float" : wide_sums(v->op) ? "int64_t" : "int32_t");
    text_set(t, "open", "%s", v->unrolled ? " {" : "");
    text_set(t, "inner", "%s", op_aux(e, v->op, "inner"));
    text_set(t, "codes", "%s", op_aux(e, v->op, "codes"));
    text_set(t, "edge_codes", "%s", window_has_edge(&v->w) ? op_aux(e, v->op, "edge_codes") : "");
    if (window_has_edge(&v->w)) {
        print_sum_edge(v);
        print_codes(v, text_expand(t, "$edge_codes$"), "int32_t count, ", "count");
    }
    if (v->w.y0 < v->w.y1) {
        print_sum_inner(v);
        codes(v);
    }
    op_comment(e, v->op, t);
    op_open(e, v->op, t);
    text_put(t, "    $acc$ *acc = scratch;\n");
    window_nest(t, &v->w, "const int32_t count = $edge$(in0, y, x, acc);\n"
                          "$edge_codes$(acc, count, out);\n",
                "$inner$(&in0[(($first_y$) * $w$ + $first_x$) * $c$], acc);\n"
                "$codes$(acc, out);\n");
    op_close(t);
}

static void mean_codes(pool *v)
{
    const window *w = &v->w;
    print_codes(v, text_expand(&v->t, "$codes$"), "", arena_printf(v->e->ctx->a, "%d", w->kh * w->kw));
}

/* MEAN: the sum less cells * zero point, requantized. */
static void rescaled_codes(pool *v)
{
    emitter *e = v->e;
    text *t = &v->t;
    requant rq;
    requant_init(&rq, e, v->op, &v->op->q->out, "");
    rq.wide = wide_sums(v->op);
    text_set(t, "bias", "%s", c_int(e->ctx->a, v->op->q->bias ? v->op->q->bias[0] : 0));
    text_set(t, "code", "%s", requant_code(&rq, "sum", "0"));
    text_put(t, "/* $layer$: sums less cells * zero point, rescaled. */\n"
                "static void $codes$(const $acc$ *restrict acc, $out$ *restrict out)\n"
                "{\n"
                "    for (int32_t c = 0; c < $c$; ++c) {\n"
                "        const $acc$ sum = acc[c] + $bias$;\n"
                "        out[c] = $code$;\n"
                "    }\n"
                "}\n\n");
}

bool print_avgpool(emitter *e, const ir_op *op)
{
    pool v;
    pool_init(&v, e, op);
    print_average(&v, mean_codes);
    return true;
}

bool print_global_avgpool(emitter *e, const ir_op *op)
{
    pool v;
    pool_init(&v, e, op);
    print_average(&v, op->q && op->q->out.n > 0 ? rescaled_codes : mean_codes);
    return true;
}
