/* pool_kernel.c - the shape that kernels of pools share: for each output, a pass over some of its
 * channels keeps their maxima or sums in registers while it goes over the window.
 *
 * Short lines of a window are written out. A window that the border cuts off has its rows and
 * columns clipped once per output, and its mean's multiplier looked up by the number of its cells.
 * The last pass begins so early that it ends with the last channel: some channels are computed
 * again, from codes that no output may lie over yet (ORDER_CELLS). */
#include "compiler/emit/pool.h"

enum { MOST_EDGE_CELLS = 64 };

/* ---- which layers -------------------------------------------------------------------------- */

static bool is_max(const ir_op *op)
{
    return op->kind == OP_MAXPOOL || op->kind == OP_GLOBAL_MAXPOOL;
}

static bool is_rescaled(const ir_op *op)
{
    return op->kind == OP_GLOBAL_AVGPOOL && op->q->out.n > 0;
}

bool pool_takes(const emitter *e, const ir_op *op, const pool_step *s)
{
    const ir_iparams *q = op->q;
    if (q->mode == IR_NUM_ONNX || op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8)
        return false;
    window w;
    window_init(&w, op);
    int64_t cells = (int64_t)w.kh * w.kw;
    bool max = is_max(op);
    if (!max && (cells > (is_rescaled(op) ? s->cells : s->mean_cells) || q->acc_type != IR_I32 ||
                 (window_has_edge(&w) && cells > MOST_EDGE_CELLS)))
        return false;
    return s->lanes(e, op, max) > 0;
}

/* ---- one pass ------------------------------------------------------------------------------ */

static void put_tap(pool *v, int columns, const char *lines, int at)
{
    text_set(&v->t, "p", at ? "p + %d" : "p", at);
    text_set(&v->t, "at", at ? "%d + " : "", at);
    text_put_at(&v->t, columns, lines);
}

/* Cells that are written out in a loop over `rows` such lines, `step` codes apart; no cells: there
 * is no such loop. A window over whole rows is one line. */
typedef struct lines {
    int rows, cells, step;
} lines;

static lines lines_of(const pool *v)
{
    const window *w = &v->w;
    if (w->kw != w->w)
        return (lines){w->kh, loop_unrolled(v->e, LOOP_TAPS, w->kw) ? w->kw : 0, w->w * w->c};
    int n = w->kh * w->kw, cells = 1;
    for (int k = 2; k <= n; ++k)
        if (n % k == 0 && loop_unrolled(v->e, LOOP_TAPS, k))
            cells = k;
    return (lines){n / cells, cells, cells * w->c};
}

static void put_inner(pool *v, const pool_step *s, int columns)
{
    const window *w = &v->w;
    text *t = &v->t;
    const char *next = v->max ? s->max_next : s->sum_next;
    if (loop_unrolled(v->e, LOOP_TAPS, v->cells)) {
        for (int k = 0; k < v->cells; ++k)
            put_tap(v, columns,
                    k        ? next
                    : v->max ? s->max_first
                             : s->sum_first,
                    (k / w->kw * w->w + k % w->kw) * w->c);
        return;
    }
    lines of = lines_of(v);
    text_set(t, "rows", "%d", of.rows);
    put_tap(v, columns, v->max ? s->max_first : s->sum_none, 0);
    text_set(t, "step", "%d", of.cells ? of.step : (w->w - w->kw) * w->c);
    text_put_at(t, columns, "for (int32_t ky = 0; ky < $rows$; ++ky, p += $step$) {\n");
    for (int k = 0; k < of.cells; ++k)
        put_tap(v, columns + 4, next, k * w->c);
    if (of.cells == 0) {
        text_put_at(t, columns + 4, "for (int32_t kx = 0; kx < $kw$; ++kx, p += $c$) {\n");
        put_tap(v, columns + 8, next, 0);
        text_put_at(t, columns + 4, "}\n");
    }
    text_put_at(t, columns, "}\n");
}

static void put_edge(pool *v, const pool_step *s, int columns)
{
    text *t = &v->t;
    put_tap(v, columns, v->max ? s->max_first : s->sum_none, 0);
    text_put_at(t, columns,
                "for (int32_t iy = y0; iy < y1; ++iy, p += skip) {\n"
                "    for (int32_t ix = x0; ix < x1; ++ix, p += $c$) {\n");
    put_tap(v, columns + 8, v->max ? s->max_next : s->sum_next, 0);
    text_put_at(t, columns,
                "    }\n"
                "}\n");
}

static void put_passes(pool *v, const pool_step *s, bool edge)
{
    text *t = &v->t;
    bool loop = v->w.c > v->lanes;
    int columns = loop ? 8 : 4;
    text_set(t, "last", "%d", v->w.c - v->lanes);
    text_set(t, "part", "%d", loop && v->w.c % v->lanes);
    if (v->w.c < v->lanes)
        text_put(t, s->some);
    text_put(t, "?load_numbers|    $load_numbers$\n");
    text_put(t, loop ? "    for (int32_t c = 0; c < $c$; c += $lanes$) {\n"
                       "?part|        if (c > $last$)\n"
                       "?part|            c = $last$; /* some channels again */\n"
                       "        const int8_t *p = in + c;\n"
                       "        int8_t *to = out + c;\n"
                     : "    const int8_t *p = in;\n"
                       "    int8_t *to = out;\n");
    if (edge)
        put_edge(v, s, columns);
    else
        put_inner(v, s, columns);
    text_put_at(t, columns, v->max ? s->max_end : s->sum_end);
    if (loop)
        text_put(t, "    }\n");
}

/* ---- codes of sums ------------------------------------------------------------------------- */

/* A mean by division; of too many cells for a multiplication, so that it costs little. */
static const char *divided(const pool *v)
{
    if (v->op->q->mode == IR_NUM_Q32)
        return "(s + $cells$ / 2) / $cells$ - ((s + $cells$ / 2) % $cells$ < 0 ? 1 : 0)";
    return "s > 0 ? (s + $cells$ / 2) / $cells$ : (s - $cells$ / 2) / $cells$";
}

void pool_put_code(pool *v)
{
    emitter *e = v->e;
    text *t = &v->t;
    const ir_iparams *q = v->op->q;
    text_set(t, "code", "%s", op_aux(e, v->op, "code"));
    if (v->rescaled) {
        requant rq;
        requant_init(&rq, e, v->op, &q->out, "");
        int64_t bias = q->bias ? q->bias[0] : 0;
        text_set(t, "bias", "%s", c_int(e->ctx->a, bias));
        text_set(t, "value", "%s", requant_code(&rq, "sum", "0"));
        text_put(t, "/* $layer$: of a sum. */\n"
                    "static inline int8_t $code$(int32_t s)\n"
                    "{\n"
                    "    const int32_t sum = s + $bias$;\n"
                    "    return $value$;\n"
                    "}\n\n");
        return;
    }
    if (v->mean.shift)
        emit_use_helper(e, EH_ASR32);
    text_set(t, "numbers", v->mean.shift ? ", int32_t mult, int32_t start" : "");
    text_set(t, "value", "%s",
             text_expand(t, v->mean.shift ? "$P$_asr32(s * mult + start, $shift$)" : divided(v)));
    text_put(t, "/* $layer$: the mean of codes with the sum s. */\n"
                "static inline int8_t $code$(int32_t s$numbers$)\n"
                "{\n"
                "    return (int8_t)$limit$($value$$limits$);\n"
                "}\n\n");
}

/* ---- windows ------------------------------------------------------------------------------- */

/* Real zero, as the activation leaves it. */
static int32_t empty_code(const ir_iparams *q)
{
    int32_t zero = q->in_zero[0];
    return zero < q->lo ? q->lo : zero > q->hi ? q->hi : zero;
}

static void put_edge_mean(pool *v)
{
    text *t = &v->t;
    text_set(t, "all", "%d", v->op->at.count_all);
    text_set(t, "low", "%d", v->w.h + v->op->at.pad[1]);
    text_set(t, "far", "%d", v->w.w + v->op->at.pad[3]);
    text_set(t, "up", "%d", v->op->q->mode == IR_NUM_Q32);
    text_put(t, "!all|    const int32_t n = (y1 - y0) * (x1 - x0);\n"
                "?all|    const int32_t end_y = top + $kh$ > $low$ ? $low$ : top + $kh$;\n"
                "?all|    const int32_t end_x = left + $kw$ > $far$ ? $far$ : left + $kw$;\n"
                "?all|    const int32_t n = (end_y - top) * (end_x - left);\n"
                "    const int32_t mult = $means$[n];\n"
                "?up|    int32_t start = (128 * n + n / 2) * mult - 128 * (1 << $shift$);\n"
                "!up|    int32_t start = 1 << ($shift$ - 1);\n"
                "?all|?real_zero|    start += (n - (y1 - y0) * (x1 - x0)) * $real_zero$ * mult;\n");
}

static void put_edge_function(pool *v, const pool_step *s)
{
    text *t = &v->t;
    text_set(t, "empty", "%d", window_some_empty(&v->w));
    text_set(t, "empty_code", "%d", (int)empty_code(v->op->q));
    text_put(t, "/* $layer$: an output whose window the border cuts off. */\n"
                "static void $edge$(const int8_t *in, int32_t y, int32_t x, int8_t *out)\n"
                "{\n");
    text_put(t, window_clip);
    text_put(t, "?empty|    if (y0 >= y1 || x0 >= x1) {\n"
                "?empty|        for (int32_t c = 0; c < $c$; ++c)\n"
                "?empty|            out[c] = $empty_code$;\n"
                "?empty|        return;\n"
                "?empty|    }\n");
    if (!v->max)
        put_edge_mean(v);
    text_put(t, "    const int32_t skip = ($w$ - (x1 - x0)) * $c$;\n"
                "    in += (y0 * $w$ + x0) * $c$;\n");
    put_passes(v, s, true);
    text_put(t, "}\n\n");
}

static void put_inner_function(pool *v, const pool_step *s)
{
    text *t = &v->t;
    text_put(t, "/* $layer$: an output whose window begins at in and lies inside. */\n"
                "static void $inner$(const int8_t *in, int8_t *out)\n"
                "{\n");
    put_passes(v, s, false);
    text_put(t, "}\n\n");
}

/* ---- the kernel ---------------------------------------------------------------------------- */

static void pool_init(pool *v, emitter *e, const ir_op *op, const pool_step *s)
{
    const ir_iparams *q = op->q;
    *v = (pool){.e = e, .op = op, .max = is_max(op), .rescaled = is_rescaled(op)};
    v->lanes = s->lanes(e, op, v->max);
    window *w = &v->w;
    text *t = &v->t;
    window_init(w, op);
    v->cells = w->kh * w->kw;
    op_begin(e, op, t);
    window_vars(w, t);
    bool limited = q->lo > INT8_MIN || q->hi < INT8_MAX;
    if (limited)
        emit_use_helper(e, EH_CLAMP);
    text_set(t, "limit", limited ? "%s_clamp" : "", e->prefix);
    text_set(t, "limits", limited ? ", %d, %d" : "", (int)q->lo, (int)q->hi);
    text_set(t, "over", "%d", q->lo > INT8_MIN);
    text_set(t, "under", "%d", q->hi < INT8_MAX);
    text_set(t, "lo", "%d", (int)q->lo);
    text_set(t, "hi", "%d", (int)q->hi);
    text_set(t, "real_zero", "%d", (int)q->in_zero[0]);
    text_set(t, "lanes", "%d", v->lanes);
    text_set(t, "cells", "%d", v->cells);
    text_set(t, "first_y", "%s", window_coord(e->ctx->a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "first_x", "%s", window_coord(e->ctx->a, "x", w->sw, w->pl, NULL, 1));
    text_set(t, "inner", "%s", op_aux(e, op, "inner"));
    if (window_has_edge(w))
        text_set(t, "edge", "%s", op_aux(e, op, "edge"));
    text_set(t, "args", "%s", "");
    text_set(t, "load_numbers", "%s", "");
}

static void set_mean(pool *v)
{
    arena *a = v->e->ctx->a;
    text_set(&v->t, "args", v->mean.shift ? ", %s, %s" : "", c_int(a, v->mean.mult),
             c_int(a, v->mean.start));
}

/* Prints what makes codes; the arguments that a whole window passes on, and the array of a cut one.
 */
static void init_mean(pool *v, const pool_step *s)
{
    emitter *e = v->e;
    text *t = &v->t;
    if (v->rescaled || !window_has_edge(&v->w)) {
        if (!v->rescaled)
            pool_find_mean(v->op, v->cells, INT32_MAX, &v->mean);
        text_set(t, "shift", "%d", v->mean.shift);
        set_mean(v);
        s->codes(v);
        return;
    }
    int32_t *mult = ARENA_ARRAY(e->ctx->a, int32_t, v->cells + 1);
    pool_find_means(v->op, v->cells, &v->mean.shift, mult);
    text_set(t, "means", "%s",
             emit_array(e, EMIT_CONSTANT, op_base(e, v->op, "means"), IR_I32, mult, v->cells + 1,
                        "multiplier for the sum of each number of cells"));
    v->mean.mult = mult[v->cells];
    int64_t most = 128 * v->cells + v->cells / 2;
    v->mean.start = v->op->q->mode == IR_NUM_Q32
                        ? (int32_t)(most * v->mean.mult - (INT64_C(128) << v->mean.shift))
                        : 1 << (v->mean.shift - 1);
    text_set(t, "shift", "%d", v->mean.shift);
    set_mean(v);
    s->codes(v);
}

bool pool_print(emitter *e, const ir_op *op, const pool_step *s)
{
    pool v;
    pool_init(&v, e, op, s);
    text *t = &v.t;
    if (v.max)
        s->codes(&v);
    else
        init_mean(&v, s);
    if (v.w.y0 < v.w.y1)
        put_inner_function(&v, s);
    if (window_has_edge(&v.w)) {
        text_set(t, "args", "%s", v.max ? "" : ", mult, start");
        text_set(t, "half", "0"); /* multipliers of fewer cells are larger */
        put_edge_function(&v, s);
    }
    op_comment(e, op, t);
    op_open(e, op, t);
    window_nest(t, &v.w, "$edge$(in0, y, x, out);\n",
                "$inner$(&in0[(($first_y$) * $w$ + $first_x$) * $c$], out);\n");
    op_close(t);
    return true;
}
