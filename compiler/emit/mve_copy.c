/* mve_copy.c - moving codes with Helium: copies of a known length, windows at borders. */
#include "compiler/emit/mve.h"

enum { FEW_BLOCKS = 8 };

#define FENCE "    __asm__ volatile(\"\" ::: \"memory\");\n"

void mve_open(emitter *e, const ir_op *op, text *t)
{
    op_open(e, op, t);
    text_put(t, FENCE);
}

void mve_close(text *t)
{
    text_put(t, FENCE);
    op_close(t);
}

const char *mve_copy(emitter *e, const char *to, const char *from, int n, bool blocks)
{
    arena *a = e->ctx->a;
    if (n > FEW_BLOCKS * MVE_BYTES) {
        emit_use_helper(e, EH_MVE_COPY);
        return arena_printf(a, "%s_mve_copy(%s, %s, %d);\n", e->prefix, to, from, n);
    }
    const char *lines = "";
    for (int at = 0; at < n; at += MVE_BYTES) {
        const char *plus = at ? arena_printf(a, " + %d", at) : "";
        int rest = n - at;
        lines = blocks || rest >= MVE_BYTES
                    ? arena_printf(a, "%svstrbq_s8(%s%s, vldrbq_s8(%s%s));\n", lines, to, plus,
                                   from, plus)
                    : arena_printf(
                          a, "%svstrbq_p_s8(%s%s, vldrbq_z_s8(%s%s, vctp8q(%d)), vctp8q(%d));\n",
                          lines, to, plus, from, plus, rest, rest);
    }
    return lines;
}

/* ---- windows at borders -----------------------------------------------------------------------
 */

/* Rows are contiguous: each is clipped once. */
static const char edge_rows[] =
    "/* $layer$: the window of row y and column x, zero points outside the input. */\n"
    "static void $edge$(const int8_t *in, int32_t y, int32_t x, int8_t *patch)\n"
    "{\n"
    "    const int32_t left = $left$;\n"
    "    const int32_t begin = left < 0 ? -left : 0;\n"
    "    const int32_t end = left + $kw$ > $w$ ? $w$ - left : $kw$;\n"
    "    $P$_mve_fill(patch, $bytes$, $zero$);\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky) {\n"
    "        const int32_t iy = $iy$;\n"
    "        if (iy >= 0 && iy < $h$)\n"
    "            $P$_mve_copy(patch + (ky * $kw$ + begin) * $c$, in + (iy * $w$ + left + begin) * "
    "$c$, "
    "(end - begin) * $c$);\n"
    "    }\n"
    "}\n\n";

static const char edge_taps[] =
    "/* $layer$: the window of row y and column x, zero points outside the input. */\n"
    "static void $edge$(const int8_t *in, int32_t y, int32_t x, int8_t *patch)\n"
    "{\n"
    "    $P$_mve_fill(patch, $bytes$, $zero$);\n"
    "    for (int32_t ky = 0; ky < $kh$; ++ky)\n"
    "        for (int32_t kx = 0; kx < $kw$; ++kx, patch += $c$) {\n"
    "            const int32_t iy = $iy$;\n"
    "            const int32_t ix = $ix$;\n"
    "            if (iy >= 0 && iy < $h$ && ix >= 0 && ix < $w$)\n"
    "                $P$_mve_copy(patch, in + (iy * $w$ + ix) * $c$, $c$);\n"
    "        }\n"
    "}\n\n";

const char *mve_print_edge(emitter *e, const ir_op *op, int blocks)
{
    arena *a = e->ctx->a;
    window w;
    text t;
    window_init(&w, op);
    op_begin(e, op, &t);
    window_vars(&w, &t);
    emit_use_helper(e, EH_MVE_COPY);
    emit_use_helper(e, EH_MVE_FILL);
    text_set(&t, "edge", "%s", op_aux(e, op, "edge"));
    text_set(&t, "bytes", "%d", blocks * MVE_BYTES);
    text_set(&t, "zero", "%d", (int)op->q->in_zero[0]);
    text_set(&t, "left", "%s", window_coord(a, "x", w.sw, w.pl, NULL, 1));
    text_set(&t, "iy", "%s", window_coord(a, "y", w.sh, w.pt, "ky", w.dh));
    text_set(&t, "ix", "%s", window_coord(a, "x", w.sw, w.pl, "kx", w.dw));
    text_put(&t, w.dw == 1 ? edge_rows : edge_taps);
    return text_expand(&t, "$edge$");
}
