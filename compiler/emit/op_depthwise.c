/* op_depthwise.c - depthwise convolutions, channel multiplier 1 or more.
 *
 * Weights are repacked to [tap][channel], so that the loop over channels is the innermost and reads
 * input, weights and biases in order. The accumulators of one output position stand in scratch
 * between the sums, which vectorise, and the requantization, which does not. At borders each tap is
 * tested, and a tap outside adds zero point times weight, as the folded biases expect; -Os has no
 * code for the inside and tests everywhere. */
#include "compiler/emit/packed.h"

typedef struct depthwise {
    emitter *e;
    const ir_op *op;
    window w;
    text t;
    const char *weight, *type; /* array, element type */
    int64_t row;               /* elements of a tap's weights */
    const char *level_of;      /* packed weights: the function that gives a level, else NULL */
    per_channel bias, offset;
    requant rq;
} depthwise;

int64_t scratch_depthwise(const emitter *e, const ir_op *op)
{
    (void)e;
    return op->q ? (int64_t)op->q->channels * (int64_t)ir_type_size(op->q->acc_type) : 0;
}

/* Level of the weight of channel c, as C; its tap's weights begin at element `at` of the array. */
static const char *level(const depthwise *v, const char *array, int64_t at)
{
    arena *a = v->e->ctx->a;
    int wmul = (int)v->op->q->wmul;
    const char *from = at ? arena_printf(a, "%lld + ", (long long)at) : "";
    if (v->level_of)
        return at ? arena_printf(a, "%s(&%s[%lld], c)", v->level_of, array, (long long)at)
                  : arena_printf(a, "%s(%s, c)", v->level_of, array);
    const char *code = arena_printf(a, "%s[%sc]", array, from);
    if (wmul == 1 && per_channel_is(&v->offset, "0"))
        return code;
    return arena_printf(a, "(%d * %s + %s)", wmul, code, per_channel_at(a, &v->offset, "c"));
}

static void set_vars(depthwise *v)
{
    text *t = &v->t;
    arena *a = v->e->ctx->a;
    int multiplier = v->w.o / v->w.c;
    window_vars(&v->w, t);
    text_set(t, "acc", "%s", acc_ctype(v->op));
    text_set(t, "wtype", "%s", v->type);
    text_set(t, "weight", "%s", v->weight);
    text_set(t, "wrow", "%lld", (long long)v->row);
    text_set(t, "zero", "%d", (int)v->op->q->in_zero[0]);
    text_set(t, "pitch", "%d", v->w.dh * v->w.w * v->w.c);
    text_set(t, "step", "%d", v->w.dw * v->w.c);
    text_set(t, "ic", multiplier == 1 ? "c" : "c / %d", multiplier);
    text_set(t, "bias", "%s", per_channel_at(a, &v->bias, "c"));
    text_set(t, "level", "%s", level(v, "w", 0));
    text_set(t, "code", "%s", requant_code(&v->rq, "acc[c]", "c"));
    text_set(t, "edge", "%s", op_aux(v->e, v->op, "edge"));
    text_set(t, "inner", "%s", op_aux(v->e, v->op, "inner"));
    text_set(t, "codes", "%s", op_aux(v->e, v->op, "codes"));
}

static void print_edge(depthwise *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text_set(&v->t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, "ky", w->dh));
    text_set(&v->t, "ix", "%s", window_coord(a, "x", w->sw, w->pl, "kx", w->dw));
    text_put(&v->t,
        "/* $layer$: sums of row y, column x, where taps may lie outside the input. */\n"
        "static void $edge$(const $in0$ *restrict in, int32_t y, int32_t x, $acc$ *restrict acc)\n"
        "{\n"
        "    for (int32_t c = 0; c < $o$; ++c)\n"
        "        acc[c] = $bias$;\n"
        "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
        "        for (int32_t kx = 0; kx < $kw$; ++kx) {\n"
        "            const int32_t iy = $iy$;\n"
        "            const int32_t ix = $ix$;\n"
        "            const $wtype$ *w = &$weight$[(ky * $kw$ + kx) * $wrow$];\n"
        "            if (iy >= 0 && iy < $h$ && ix >= 0 && ix < $w$) {\n"
        "                const $in0$ *p = &in[(iy * $w$ + ix) * $c$];\n"
        "                for (int32_t c = 0; c < $o$; ++c)\n"
        "                    acc[c] += p[$ic$] * $level$;\n"
        "?zero|            } else {\n"
        "?zero|                for (int32_t c = 0; c < $o$; ++c)\n"
        "?zero|                    acc[c] += $zero$ * $level$;\n"
        "            }\n"
        "        }\n"
        "}\n\n");
}

static void print_inner_unrolled(depthwise *v)
{
    const window *w = &v->w;
    text *t = &v->t;
    text_put(t, "    for (int32_t c = 0; c < $o$; ++c) {\n"
                "        $acc$ sum = $bias$;\n");
    for (int k = 0; k < w->kh * w->kw; ++k) {
        int at = k / w->kw * w->dh * w->w * w->c + k % w->kw * w->dw * w->c;
        text_set(t, "at", at ? "%d + " : "", at);
        text_set(t, "value", "%s", level(v, v->weight, k * v->row));
        text_put(t, "        sum += p[$at$$ic$] * $value$;\n");
    }
    text_put(t, "        acc[c] = sum;\n"
                "    }\n");
}

static const char inner_loops[] =
    "    for (int32_t c = 0; c < $o$; ++c)\n"
    "        acc[c] = $bias$;\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "        for (int32_t kx = 0; kx < $kw$; ++kx) {\n"
    "            const $in0$ *q = &p[ky * $pitch$ + kx * $step$];\n"
    "            const $wtype$ *w = &$weight$[(ky * $kw$ + kx) * $wrow$];\n"
    "            for (int32_t c = 0; c < $o$; ++c)\n"
    "                acc[c] += q[$ic$] * $level$;\n"
    "        }\n";

static void print_inner(depthwise *v)
{
    text_put(&v->t, "/* $layer$: sums of an output whose window begins at p and lies inside the input. */\n"
                    "static void $inner$(const $in0$ *restrict p, $acc$ *restrict acc)\n"
                    "{\n");
    if (loop_unrolled(v->e, LOOP_TAPS, (int64_t)v->w.kh * v->w.kw))
        print_inner_unrolled(v);
    else
        text_put(&v->t, inner_loops);
    text_put(&v->t, "}\n\n");
}

static void print_codes(depthwise *v)
{
    text_put(&v->t, "/* $layer$: sums to output codes. */\n"
                    "static void $codes$(const $acc$ *restrict acc, $out$ *restrict out)\n"
                    "{\n"
                    "    for (int32_t c = 0; c < $o$; ++c)\n"
                    "        out[c] = $code$;\n"
                    "}\n\n");
}

static void print_function(depthwise *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    text_set(t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "ix", "%s", window_coord(a, "x", w->sw, w->pl, NULL, 1));
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    text_put(t, "    $acc$ *acc = scratch;\n");
    window_nest(t, w, "$edge$(in0, y, x, acc);\n"
                      "$codes$(acc, out);\n",
                      "$inner$(&in0[(($iy$) * $w$ + $ix$) * $c$], acc);\n"
                      "$codes$(acc, out);\n");
    op_close(t);
}

static void put_weights(depthwise *v)
{
    emitter *e = v->e;
    const ir_op *op = v->op;
    if (weights_packed(op)) {
        packed p = packed_weights(e, op, true);
        v->offset = packed_offsets(e, op, &p);
        v->weight = p.weight;
        v->type = emit_ctype(IR_U8);
        v->row = p.row;
        v->level_of = op_aux(e, op, "level");
        packed_level_function(e, &p, &v->offset, v->level_of, &v->t);
        return;
    }
    v->offset = weight_offsets(e, op);
    v->type = emit_ctype(ir_weight(op)->type);
    v->row = v->w.o;
    v->weight = weight_array(e, op, weights_by_term(e, op),
                             arena_printf(e->ctx->a, "[tap %d][channel %d]", v->w.kh * v->w.kw, v->w.o));
}

bool print_depthwise(emitter *e, const ir_op *op)
{
    depthwise v = {.e = e, .op = op, .bias = bias_values(e, op)};
    op_begin(e, op, &v.t);
    window_init(&v.w, op);
    if (e->o->opt == EMIT_OS)
        v.w.y0 = v.w.y1 = v.w.x0 = v.w.x1 = 0;
    put_weights(&v);
    requant_init(&v.rq, e, op, &op->q->out, "");
    set_vars(&v);
    if (window_has_edge(&v.w))
        print_edge(&v);
    if (v.w.y0 < v.w.y1)
        print_inner(&v);
    print_codes(&v);
    print_function(&v);
    return true;
}
