/* loops.c - windows that slide over rows and columns, and what is unrolled. */
#include "compiler/emit/ops.h"

static int max_int(int a, int b) { return a > b ? a : b; }
static int min_int(int a, int b) { return a < b ? a : b; }

/* Outputs [*first, *end) of n whose taps all lie in [0, size). */
static void inside(int size, int n, int stride, int pad, int taps, int dilation, int *first, int *end)
{
    int span = (taps - 1) * dilation;
    int room = size - 1 - span + pad;
    *first = min_int((pad + stride - 1) / stride, n);
    *end = room < 0 ? 0 : min_int(room / stride + 1, n);
    *end = max_int(*end, *first);
}

void window_init(window *w, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    const ir_attrs *at = &op->at;
    bool global = op->kind == OP_GLOBAL_AVGPOOL || op->kind == OP_GLOBAL_MAXPOOL;
    *w = (window){.h = in->dim[0], .w = in->dim[1], .c = in->dim[2],
                  .kh = global ? in->dim[0] : at->kernel[0],
                  .kw = global ? in->dim[1] : at->kernel[1],
                  .sh = global ? 1 : at->stride[0], .sw = global ? 1 : at->stride[1],
                  .dh = op->kind == OP_CONV2D ? max_int(at->dilation[0], 1) : 1,
                  .dw = op->kind == OP_CONV2D ? max_int(at->dilation[1], 1) : 1,
                  .pt = global ? 0 : at->pad[0], .pl = global ? 0 : at->pad[2],
                  .oh = global ? 1 : out->dim[0], .ow = global ? 1 : out->dim[1],
                  .o = out->dim[out->rank - 1]};
    inside(w->h, w->oh, w->sh, w->pt, w->kh, w->dh, &w->y0, &w->y1);
    inside(w->w, w->ow, w->sw, w->pl, w->kw, w->dw, &w->x0, &w->x1);
    if (w->x0 == w->x1 || w->y0 == w->y1)
        w->x0 = w->x1 = w->y0 = w->y1 = 0;
}

bool window_has_edge(const window *w)
{
    return w->y0 > 0 || w->y1 < w->oh || w->x0 > 0 || w->x1 < w->ow;
}

bool window_some_empty(const window *w)
{
    for (int y = 0; y < w->oh; ++y)
        if (y * w->sh - w->pt + w->kh <= 0 || y * w->sh - w->pt >= w->h)
            return true;
    for (int x = 0; x < w->ow; ++x)
        if (x * w->sw - w->pl + w->kw <= 0 || x * w->sw - w->pl >= w->w)
            return true;
    return false;
}

const char window_clip[] =
    "    const int32_t top = $first_y$, left = $first_x$;\n"
    "    const int32_t y0 = top < 0 ? 0 : top, y1 = top + $kh$ > $h$ ? $h$ : top + $kh$;\n"
    "    const int32_t x0 = left < 0 ? 0 : left, x1 = left + $kw$ > $w$ ? $w$ : left + $kw$;\n";

void window_vars(const window *w, text *t)
{
    const struct {
        const char *key;
        int value;
    } vars[] = {{"h", w->h},   {"w", w->w},   {"c", w->c},   {"kh", w->kh}, {"kw", w->kw},
                {"sh", w->sh}, {"sw", w->sw}, {"dh", w->dh}, {"dw", w->dw}, {"pt", w->pt},
                {"pl", w->pl}, {"oh", w->oh}, {"ow", w->ow}, {"o", w->o},   {"taps", w->kh * w->kw}};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%d", vars[i].value);
}

const char *window_coord(arena *a, const char *out, int stride, int pad, const char *tap, int dilation)
{
    buf b;
    buf_init(&b, a);
    buf_puts(&b, out);
    if (stride != 1)
        buf_printf(&b, " * %d", stride);
    if (pad)
        buf_printf(&b, " - %d", pad);
    if (tap)
        buf_printf(&b, " + %s", tap);
    if (tap && dilation != 1)
        buf_printf(&b, " * %d", dilation);
    return buf_str(&b);
}

/* Columns [x0, x1) of the row y. */
static void columns(text *t, int indent, int x0, int x1, const char *body)
{
    if (x0 == x1)
        return;
    text_set(t, "from", "%d", x0);
    text_set(t, "to", "%d", x1);
    text_put_at(t, indent, "for (int32_t x = $from$; x < $to$; ++x, out += $cell$) {\n");
    text_put_at(t, indent + 4, body);
    text_put_at(t, indent, "}\n");
}

static void open_rows(text *t, int y0, int y1)
{
    text_set(t, "from", "%d", y0);
    text_set(t, "to", "%d", y1);
    text_put_at(t, 4, "for (int32_t y = $from$; y < $to$; ++y) {\n");
}

static void edge_rows(text *t, const window *w, int y0, int y1, const char *edge)
{
    if (y0 == y1)
        return;
    open_rows(t, y0, y1);
    columns(t, 8, 0, w->ow, edge);
    text_put_at(t, 4, "}\n");
}

void window_nest(text *t, const window *w, const char *edge, const char *inner)
{
    edge_rows(t, w, 0, w->y0, edge);
    if (w->y0 < w->y1) {
        open_rows(t, w->y0, w->y1);
        columns(t, 8, 0, w->x0, edge);
        columns(t, 8, w->x0, w->x1, inner);
        columns(t, 8, w->x1, w->ow, edge);
        text_put_at(t, 4, "}\n");
    }
    edge_rows(t, w, w->y1, w->oh, edge);
}

/* Taps are worth writing out: their addresses become constants. Dot products are not, beyond a few
 * terms: as loops they are vectorised. */
bool loop_unrolled(const emitter *e, loop_kind kind, int64_t n)
{
    static const int policy[][2] = {
        [EMIT_OS] = {[LOOP_TAPS] = 0, [LOOP_DOT] = 0},
        [EMIT_O2] = {[LOOP_TAPS] = 12, [LOOP_DOT] = 12},
        [EMIT_OSPEED] = {[LOOP_TAPS] = 25, [LOOP_DOT] = 15},
    };
    int limit = e->o->unroll >= 0 ? e->o->unroll : policy[e->o->opt][kind];
    return n <= limit;
}
