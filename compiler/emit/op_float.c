/* op_float.c - plain float C for the operators whose integer printers cannot serve both: the "before"
 * of every comparison. The same loops and layouts as the integer code, so that only the arithmetic
 * differs. */
#include "compiler/emit/dots.h"

const char *float_act(const ir_op *op, arena *a, const char *v)
{
    switch (op->at.act) {
    case IR_ACT_RELU:
        return arena_printf(a, "%s > 0.0f ? %s : 0.0f", v, v);
    case IR_ACT_RELU6:
        return arena_printf(a, "%s > 0.0f ? %s < 6.0f ? %s : 6.0f : 0.0f", v, v, v);
    case IR_ACT_NONE:
        break;
    }
    return v;
}

/* ---- depthwise ---------------------------------------------------------------------------- */

static const char depthwise_edge[] =
    "/* $layer$: row y, column x, where taps may lie outside the input. */\n"
    "static void $edge$(const float *restrict in, int32_t y, int32_t x, float *restrict out)\n"
    "{\n"
    "    for (int32_t c = 0; c < $o$; ++c)\n"
    "        out[c] = $bias$;\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "        for (int32_t kx = 0; kx < $kw$; ++kx) {\n"
    "            const int32_t iy = $iy$;\n"
    "            const int32_t ix = $ix$;\n"
    "            const float *w = &$weight$[(ky * $kw$ + kx) * $o$];\n"
    "            if (iy >= 0 && iy < $h$ && ix >= 0 && ix < $w$)\n"
    "                for (int32_t c = 0; c < $o$; ++c)\n"
    "                    out[c] += in[(iy * $w$ + ix) * $c$ + $ic$] * w[c];\n"
    "        }\n"
    "    for (int32_t c = 0; c < $o$; ++c)\n"
    "        out[c] = $act$;\n"
    "}\n\n";

static void depthwise_inner(emitter *e, const ir_op *op, const window *w, text *t)
{
    text_put(t, "/* $layer$: an output whose window begins at p and lies inside the input. */\n"
                "static void $inner$(const float *restrict p, float *restrict out)\n"
                "{\n"
                "    for (int32_t c = 0; c < $o$; ++c) {\n"
                "        float sum = $bias$;\n");
    bool unrolled = loop_unrolled(e, LOOP_TAPS, (int64_t)w->kh * w->kw);
    for (int k = 0; k < w->kh * w->kw && unrolled; ++k) {
        int at = k / w->kw * w->dh * w->w * w->c + k % w->kw * w->dw * w->c;
        text_set(t, "at", at ? "%d + " : "", at);
        text_set(t, "wat", k ? "%d + " : "", k * w->o);
        text_put(t, "        sum += p[$at$$ic$] * $weight$[$wat$c];\n");
    }
    if (!unrolled)
        text_put(t, "        for (int32_t ky = 0; ky < $kh$; ++ky)\n"
                    "            for (int32_t kx = 0; kx < $kw$; ++kx)\n"
                    "                sum += p[ky * $pitch$ + kx * $step$ + $ic$] *\n"
                    "                       $weight$[(ky * $kw$ + kx) * $o$ + c];\n");
    text_set(t, "sum", "%s", float_act(op, e->ctx->a, "sum"));
    text_put(t, "        out[c] = $sum$;\n"
                "    }\n"
                "}\n\n");
}

static void depthwise_vars(emitter *e, const ir_op *op, const window *w, text *t)
{
    per_channel bias = bias_values(e, op);
    arena *a = e->ctx->a;
    window_vars(w, t);
    text_set(t, "weight", "%s",
             weight_array(e, op, weights_by_term(e, op),
                          arena_printf(a, "[tap %d][channel %d]", w->kh * w->kw, w->o)));
    text_set(t, "bias", "%s", per_channel_at(a, &bias, "c"));
    text_set(t, "ic", w->o == w->c ? "c" : "c / %d", w->o / w->c);
    text_set(t, "pitch", "%d", w->dh * w->w * w->c);
    text_set(t, "step", "%d", w->dw * w->c);
    text_set(t, "act", "%s", float_act(op, a, "out[c]"));
    text_set(t, "edge", "%s", op_aux(e, op, "edge"));
    text_set(t, "inner", "%s", op_aux(e, op, "inner"));
}

bool print_float_depthwise(emitter *e, const ir_op *op)
{
    arena *a = e->ctx->a;
    window w;
    text t;
    window_init(&w, op);
    op_begin(e, op, &t);
    depthwise_vars(e, op, &w, &t);
    text_set(&t, "iy", "%s", window_coord(a, "y", w.sh, w.pt, "ky", w.dh));
    text_set(&t, "ix", "%s", window_coord(a, "x", w.sw, w.pl, "kx", w.dw));
    if (window_has_edge(&w))
        text_put(&t, depthwise_edge);
    if (w.y0 < w.y1)
        depthwise_inner(e, op, &w, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "iy", "%s", window_coord(a, "y", w.sh, w.pt, NULL, 1));
    text_set(&t, "ix", "%s", window_coord(a, "x", w.sw, w.pl, NULL, 1));
    window_nest(&t, &w, "$edge$(in0, y, x, out);\n",
                "$inner$(&in0[(($iy$) * $w$ + $ix$) * $c$], out);\n");
    op_close(&t);
    return true;
}

/* ---- unary -------------------------------------------------------------------------------- */

/* C expression of each function of v; functions of libm by name, or our own. */
static const char *unary_text(emitter *e, const ir_op *op)
{
    arena *a = e->ctx->a;
    switch (op->kind) {
    case OP_RELU:
        return "v > 0.0f ? v : 0.0f";
    case OP_RELU6:
        return "v > 0.0f ? v < 6.0f ? v : 6.0f : 0.0f";
    case OP_LEAKY_RELU:
        return arena_printf(a, "v < 0.0f ? %s * v : v", c_float(a, (float)op->at.alpha));
    case OP_SIGMOID:
        return arena_printf(a, "1.0f / (1.0f + %s(-v))", float_function(e, EH_EXPF));
    case OP_TANH:
        return arena_printf(a, "%s(v)", float_function(e, EH_TANHF));
    case OP_HARD_SWISH:
        return "v * (v > -3.0f ? v < 3.0f ? v + 3.0f : 6.0f : 0.0f) / 6.0f";
    case OP_ELU:
        return arena_printf(a, "v < 0.0f ? %s * (%s(v) - 1.0f) : v", c_float(a, (float)op->at.alpha),
                            float_function(e, EH_EXPF));
    case OP_GELU:
        return arena_printf(a, "0.5f * v * (1.0f + %s(v * 0.707106781f))", float_function(e, EH_ERFF));
    case OP_GELU_TANH:
        return arena_printf(a, "0.5f * v * (1.0f + %s(0.797884561f * (v + 0.044715f * v * v * v)))",
                            float_function(e, EH_TANHF));
    case OP_REQUANTIZE:
        return "v";
    default:
        return NULL;
    }
}

const char *float_function(emitter *e, emit_helper h)
{
    const char *name = emit_helper_suffixes[h];
    if (!e->o->no_libm) {
        e->needs_math = true;
        e->math |= UINT64_C(1) << h;
        return name;
    }
    emit_use_helper(e, h);
    return arena_printf(e->ctx->a, "%s_%s", e->prefix, name);
}

bool print_float_unary(emitter *e, const ir_op *op)
{
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "n", "%lld", (long long)ir_elems(&op->out[0]->shape));
    text_set(&t, "code", "%s", unary_text(e, op));
    text_put(&t, "    for (int32_t i = 0; i < $n$; ++i) {\n"
                 "        const float v = in0[i];\n"
                 "        out[i] = $code$;\n"
                 "    }\n");
    op_close(&t);
    return true;
}

/* ---- softmax ------------------------------------------------------------------------------ */

bool print_float_softmax(emitter *e, const ir_op *op)
{
    text t;
    op_open_rows(e, op, &t);
    text_set(&t, "expf", "%s", float_function(e, EH_EXPF));
    text_put(&t, "    for (int32_t row = 0; row < $rows$; ++row, in0 += $n$, out += $n$) {\n"
                 "        float top = in0[0], sum = 0.0f;\n"
                 "        for (int32_t i = 1; i < $n$; ++i)\n"
                 "            top = in0[i] > top ? in0[i] : top;\n"
                 "        for (int32_t i = 0; i < $n$; ++i) {\n"
                 "            out[i] = $expf$(in0[i] - top);\n"
                 "            sum += out[i];\n"
                 "        }\n"
                 "        for (int32_t i = 0; i < $n$; ++i)\n"
                 "            out[i] /= sum;\n"
                 "    }\n");
    op_close(&t);
    return true;
}
