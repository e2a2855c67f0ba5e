/* op_conv.c - convolutions, grouped or not; depthwise ones are in op_depthwise.c.
 *
 * The window of each output is gathered into scratch (widened to 16 bits where that pays) and
 * multiplied with all filters. Padding is gathered as the input's zero point, so biases are the same
 * at borders. 1x1 windows that need no widening are used where they are. */
#include "compiler/emit/dots.h"

static bool is_contiguous(const window *w, const ir_op *op)
{
    return w->kh == 1 && w->kw == 1 && op->at.groups == 1 && !window_has_edge(w);
}

/* Terms of one group's window. */
static int64_t window_terms(const window *w, const ir_op *op)
{
    return (int64_t)w->kh * w->kw * (w->c / op->at.groups);
}

int64_t scratch_conv(const emitter *e, const ir_op *op)
{
    window w;
    window_init(&w, op);
    bool widen = dots_widen(e, op);
    if (is_contiguous(&w, op) && !widen)
        return 0;
    return window_terms(&w, op) * (widen ? 2 : (int64_t)ir_type_size(op->in[0]->type));
}

/* ---- gathering at borders ----------------------------------------------------------------- */

/* Rows are contiguous: each is clipped once. */
static const char edge_rows[] =
    "/* $layer$: the window of row y and column x, zero points outside the input. */\n"
    "static void $edge$(const $in0$ *restrict in, int32_t y, int32_t x, $x$ *restrict patch)\n"
    "{\n"
    "    const int32_t left = $ix$;\n"
    "    const int32_t begin = left >= 0 ? 0 : left > -$kw$ ? -left$xc$ : $row$;\n"
    "    const int32_t end = left + $kw$ <= $w$ ? $row$ : ($w$ - left)$xc$;\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky, patch += $row$) {\n"
    "        const int32_t iy = $iy$;\n"
    "        const int32_t base = (iy * $w$ + left)$xc$;\n"
    "        int32_t i = 0;\n"
    "        if (iy >= 0 && iy < $h$) {\n"
    "            for (; i < begin; ++i)\n"
    "                patch[i] = $zero$;\n"
    "            for (; i < end; ++i)\n"
    "                patch[i] = in[base + i];\n"
    "        }\n"
    "        for (; i < $row$; ++i)\n"
    "            patch[i] = $zero$;\n"
    "    }\n"
    "}\n\n";

static const char edge_taps[] =
    "/* $layer$: the window of row y and column x$of_group$, zero points outside\n"
    " * the input. */\n"
    "static void $edge$(const $in0$ *restrict in, int32_t y, int32_t x, $x$ *restrict patch)\n"
    "{\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "        for (int32_t kx = 0; kx < $kw$; ++kx, patch += $cg$) {\n"
    "            const int32_t iy = $iy$;\n"
    "            const int32_t ix = $ix$;\n"
    "            const int32_t inside = iy >= 0 && iy < $h$ && ix >= 0 && ix < $w$;\n"
    "            for (int32_t c = 0; c < $cg$; ++c)\n"
    "                patch[c] = inside ? in[(iy * $w$ + ix)$xc$ + c] : $zero$;\n"
    "        }\n"
    "}\n\n";

/* ---- gathering inside --------------------------------------------------------------------- */

static const char inner_rows[] =
    "const $in0$ *row = $src$ + (($iy$) * $w$ + $ix$)$xc$;\n"
    "for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "    for (int32_t i = 0; i < $row$; ++i)\n"
    "        patch[ky * $row$ + i] = row[ky * $pitch$ + i];\n";

static const char inner_taps[] =
    "const $in0$ *row = $src$ + (($iy$) * $w$ + $ix$)$xc$;\n"
    "for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "    for (int32_t kx = 0; kx < $kw$; ++kx)\n"
    "        for (int32_t c = 0; c < $cg$; ++c)\n"
    "            patch[(ky * $kw$ + kx) * $cg$ + c] = row[ky * $pitch$ + kx * $step$ + c];\n";

typedef struct conv {
    emitter *e;
    const ir_op *op;
    window w;
    dots d;
    text t;
    bool rows; /* the columns of a window lie side by side */
} conv;

static void set_vars(conv *v)
{
    text *t = &v->t;
    const window *w = &v->w;
    int cg = w->c / v->op->at.groups;
    window_vars(w, t);
    text_set(t, "x", "%s", v->d.x);
    text_set(t, "zero", v->op->q ? "%d" : "0.0f", v->op->q ? (int)v->op->q->in_zero[0] : 0);
    text_set(t, "xc", w->c == 1 ? "" : " * %d", w->c);
    text_set(t, "cg", "%d", cg);
    text_set(t, "row", "%d", w->kw * w->c);
    text_set(t, "pitch", "%d", w->dh * w->w * w->c);
    text_set(t, "step", "%d", w->dw * w->c);
    text_set(t, "groups", "%d", v->op->at.groups);
    text_set(t, "src", v->op->at.groups == 1 ? "in0" : "in0 + g * %d", cg);
    text_set(t, "of_group", "%s", v->op->at.groups == 1 ? "" : " for the group that starts at in");
}

static void print_edge(conv *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text_set(&v->t, "edge", "%s", op_aux(v->e, v->op, "edge"));
    text_set(&v->t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, "ky", w->dh));
    text_set(&v->t, "ix", "%s",
             window_coord(a, "x", w->sw, w->pl, v->rows ? NULL : "kx", w->dw));
    text_put(&v->t, v->rows ? edge_rows : edge_taps);
}

const char *conv_print_edge(emitter *e, const ir_op *op)
{
    conv v = {.e = e, .op = op, .d = {.x = emit_ctype(op->in[0]->type)}};
    window_init(&v.w, op);
    op_begin(e, op, &v.t);
    v.rows = op->at.groups == 1 && v.w.dw == 1;
    set_vars(&v);
    print_edge(&v);
    return text_expand(&v.t, "$edge$");
}

/* One output row and column: `gather` into patch, then the filters; once for each group. */
static const char *body(conv *v, const char *gather)
{
    arena *a = v->e->ctx->a;
    const char *call = dots_call(v->e, &v->d, "patch");
    if (v->op->at.groups == 1)
        return arena_printf(a, "%s%s\n", gather, call);
    buf b;
    buf_init(&b, a);
    text inner;
    text_init(&inner, &b);
    b.indent = 4;
    text_put(&inner, gather);
    return arena_printf(a, "for (int32_t g = 0; g < %d; ++g) {\n%s    %s\n}\n", v->op->at.groups,
                        buf_str(&b), call);
}

static void print_windows(conv *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    if (window_has_edge(w))
        print_edge(v);
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    text_put(t, "    $x$ *patch = scratch;\n");
    text_set(t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "ix", "%s", window_coord(a, "x", w->sw, w->pl, NULL, 1));
    const char *inner = text_expand(t, v->rows ? inner_rows : inner_taps);
    const char *edge = window_has_edge(w) ? text_expand(t, "$edge$($src$, y, x, patch);\n") : "";
    window_nest(t, w, body(v, edge), body(v, inner));
    op_close(t);
}

/* 1x1: the window is the pixel itself. */
static void print_pixels(conv *v)
{
    text *t = &v->t;
    bool dense = v->w.sh == 1 && v->w.sw == 1;
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    text_set(t, "pixels", "%d", v->w.oh * v->w.ow);
    text_set(t, "call", "%s", dots_call(v->e, &v->d, dots_widen(v->e, v->op) ? "patch"
                                                     : dense ? "in0" : "pixel"));
    text_set(t, "widen", "%d", dots_widen(v->e, v->op));
    text_set(t, "pixel", "%s", dense ? "in0" : "pixel");
    text_put(t, "?widen|    $x$ *patch = scratch;\n");
    text_put(t, dense ? "    for (int32_t p = 0; p < $pixels$; ++p, in0 += $c$, out += $cell$) {\n"
                      : "    for (int32_t y = 0; y < $oh$; ++y)\n"
                        "    for (int32_t x = 0; x < $ow$; ++x, out += $cell$) {\n"
                        "        const $in0$ *pixel = in0 + (y * $sh$ * $w$ + x * $sw$)$xc$;\n");
    text_put(t, "?widen|        for (int32_t k = 0; k < $c$; ++k)\n"
                "?widen|            patch[k] = $pixel$[k];\n"
                "        $call$\n"
                "    }\n");
    op_close(t);
}

bool print_conv(emitter *e, const ir_op *op)
{
    conv v = {.e = e, .op = op};
    window_init(&v.w, op);
    op_begin(e, op, &v.t);
    v.rows = op->at.groups == 1 && v.w.dw == 1;
    v.d = (dots){.name = op_aux(e, op, "dots"),
                 .x = dots_widen(e, op) ? "int16_t" : emit_ctype(op->in[0]->type),
                 .terms = window_terms(&v.w, op), .outputs = v.w.o / op->at.groups,
                 .groups = op->at.groups};
    set_vars(&v);
    dots_print(e, op, &v.d, &v.t);
    if (is_contiguous(&v.w, op))
        print_pixels(&v);
    else
        print_windows(&v);
    return true;
}
