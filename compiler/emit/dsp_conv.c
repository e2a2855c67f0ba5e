/* dsp_conv.c - convolutions and dense layers on the DSP extension: two 16-bit products an
 * instruction.
 *
 * Windows are gathered into scratch and widened to 16 bits there, once for all filters. Terms stand
 * in quads: the words of a quad hold terms 0 and 2, then 1 and 3, which is what SXTB16 (with and
 * without a rotation) makes of four neighbouring bytes, of codes and of weights alike. Two windows
 * are interleaved and meet two filters at a time, so that each word read serves two products; a
 * layer with a single window meets four filters. -Ospeed keeps weights of 8 bits widened in flash;
 * narrower ones and codebooks stay as they are (dsp_store.h). The rows of a window whose length is no multiple of four leave some terms over: these form quads of
 * their own. */
#include "compiler/emit/dsp_store.h"

enum { QUAD = 4, MAX_LOOSE = 96 };

typedef struct dsp_conv {
    emitter *e;
    const ir_op *op;
    text t;
    window w;             /* conv2d */
    int rows, row;        /* parts of a window that lie side by side, codes of each */
    int row_quads, loose; /* whole quads of a row; terms left over, all rows together */
    int quads;            /* of a window */
    int windows, filters; /* of a tile: 2 and 2, or 1 and 4 */
    int outputs, padded;  /* filters of the layer, the same as a multiple of the tile's */
    bool wide;            /* weights of 16 bits */
    dsp_store s;
    fast_rescale f;
} dsp_conv;

/* ---- geometry ----------------------------------------------------------------------------------
 */

static void set_rows(dsp_conv *v, int rows, int row)
{
    v->rows = rows;
    v->row = row;
    v->row_quads = row / QUAD;
    v->loose = rows * (row % QUAD);
    v->quads = rows * v->row_quads + (v->loose + QUAD - 1) / QUAD;
}

static void init(dsp_conv *v, const emitter *e, const ir_op *op)
{
    bool conv = op->kind == OP_CONV2D;
    *v = (dsp_conv){.e = (emitter *)(uintptr_t)e, .op = op};
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    if (conv) {
        window_init(&v->w, op);
        bool side_by_side = v->w.dw == 1;
        set_rows(v, v->w.kh * (side_by_side ? 1 : v->w.kw), v->w.c * (side_by_side ? v->w.kw : 1));
    } else {
        set_rows(v, 1, in->dim[in->rank - 1]);
    }
    bool single = conv ? v->w.oh * v->w.ow == 1 : ir_elems(in) == v->row;
    v->windows = single ? 1 : 2;
    v->filters = single ? 4 : 2;
    v->outputs = out->dim[out->rank - 1];
    v->padded = (v->outputs + v->filters - 1) / v->filters * v->filters;
    v->s = dsp_store_of(op);
    v->wide = v->s.form == WEIGHTS_WIDE ||
              (v->s.form == WEIGHTS_CODE && e->o->opt == EMIT_OSPEED);
}

static void init_rescale(dsp_conv *v)
{
    fast_init_shared(&v->f, v->e, v->op, v->padded, v->wide && v->s.form == WEIGHTS_CODE);
    dsp_store_offsets(&v->s, v->e, v->op, v->padded);
}

/* Place of term k of a window, counted in terms of quads. */
static int place_of_term(const dsp_conv *v, int k)
{
    int row = k / v->row, i = k % v->row, whole = v->row_quads * QUAD;
    if (i < whole)
        return row * whole + i;
    return v->rows * whole + row * (v->row - whole) + (i - whole);
}

static int64_t window_bytes(const dsp_conv *v)
{
    return (int64_t)v->windows * v->quads * QUAD * 2;
}

static int64_t scratch_bytes(const dsp_conv *v)
{
    bool edge = v->op->kind == OP_CONV2D && window_has_edge(&v->w);
    return window_bytes(v) + dsp_store_pairs(&v->s) + (edge ? v->rows * v->row : 0);
}

/* ---- weights -----------------------------------------------------------------------------------
 */

/* Places of a quad's terms in 16-bit words: 0 and 2, then 1 and 3. */
static const int wide_lane[QUAD] = {0, 2, 1, 3};

/* Where place p of filter o goes: tiles of filters, then quads, then filters. Two filters of 16
 * bits take turns by words. */
static size_t weight_index(const dsp_conv *v, int o, int p)
{
    int tile = o / v->filters, lane = o % v->filters, quad = p / QUAD, k = p % QUAD;
    size_t base = ((size_t)tile * (size_t)v->quads + (size_t)quad) * (size_t)(v->filters * QUAD);
    if (!v->wide)
        return base + (size_t)(lane * QUAD + k);
    int at = wide_lane[k];
    return base + (size_t)(v->filters == 4 ? lane * QUAD + at : at / 2 * QUAD + lane * 2 + at % 2);
}

static const char *byte_array(const dsp_conv *v)
{
    arena *a = v->e->ctx->a;
    const ir_tensor *t = ir_weight(v->op);
    int terms = v->rows * v->row;
    size_t n = (size_t)v->padded * (size_t)v->quads * QUAD;
    int16_t *wide = ARENA_ARRAY(a, int16_t, n);
    int8_t *narrow = ARENA_ARRAY(a, int8_t, n);
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0; k < terms && !v->f.constant[o]; ++k) {
            size_t at = weight_index(v, o, place_of_term(v, k));
            size_t from = (size_t)o * (size_t)terms + (size_t)k;
            int16_t code =
                t->type == IR_I16 ? ((const int16_t *)t->data)[from] : ((const int8_t *)t->data)[from];
            narrow[at] = (int8_t)code;
            wide[at] = (int16_t)(code * (v->f.doubled ? 2 : 1));
        }
    const char *comment = arena_printf(
        a, "%s: weights [%d filters][quad %d][%d]%s", emit_comment(v->e, v->op->name), v->filters,
        v->quads, v->filters * QUAD, v->wide ? v->f.doubled ? ", twice" : ", wide" : "");
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), v->wide ? IR_I16 : IR_I8,
                      v->wide ? (const void *)wide : narrow, (int64_t)n, comment);
}

static const char *field_array(const dsp_conv *v)
{
    int terms = v->rows * v->row, places = v->quads * QUAD;
    uint8_t *fields = ARENA_ARRAY(v->e->ctx->a, uint8_t, (int64_t)v->padded * places);
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0; k < terms; ++k)
            fields[(size_t)o * (size_t)places + (size_t)place_of_term(v, k)] =
                (uint8_t)packed_value(v->op, (int64_t)o * terms + k);
    return dsp_store_array(&v->s, v->e, v->op, fields, v->padded, v->filters, v->quads);
}

/* ---- the filters -------------------------------------------------------------------------------
 */

static void set_bytes(dsp_conv *v)
{
    text *t = &v->t;
    static const emit_helper tiles[2][2] = {{EH_DSP_TILE22, EH_DSP_TILE14},
                                            {EH_DSP_WIDE22, EH_DSP_WIDE14}};
    static const char *const names[2][2] = {{"tile22", "tile14"}, {"wide22", "wide14"}};
    bool single = v->windows == 1;
    emit_use_helper(v->e, tiles[v->wide][single]);
    text_set(t, "U", "%s", v->e->upper);
    text_set(t, "tile", "%s_%s", v->e->prefix, names[v->wide][single]);
    text_set(t, "with_pairs", "%s", "");
    text_set(t, "make_pairs", "%s", "");
    text_set(t, "weight", "%s", byte_array(v));
    text_set(t, "wtype", "%s", v->wide ? "int16_t" : "int8_t");
}

static void set_fields(dsp_conv *v)
{
    text *t = &v->t;
    bool table = v->s.form == WEIGHTS_CODEBOOK;
    text_set(t, "U", "%s", v->e->upper);
    dsp_store_print(&v->s, v->e, v->op, v->windows == 1, t);
    text_set(t, "with_pairs", "%s", table ? "pairs, " : "");
    if (!table)
        text_set(t, "make_pairs", "%s", "");
    text_set(t, "weight", "%s", field_array(v));
    text_set(t, "wtype", "%s", "uint8_t");
}

static void set_vars(dsp_conv *v)
{
    text *t = &v->t;
    bool single = v->windows == 1;
    (dsp_store_is_fields(&v->s) ? set_fields : set_bytes)(v);
    text_set(t, "single", "%d", single);
    text_set(t, "sums", "%d", v->s.sums);
    text_set(t, "later", "%d", v->s.later);
    text_set(t, "mul", "%d", (int)v->s.mul);
    text_set(t, "words", "%d", v->quads * 2);
    text_set(t, "pairs_at", "%lld", (long long)window_bytes(v) / 4);
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "filters", "%d", v->filters);
    text_set(t, "outputs", "%d", v->outputs);
    text_set(t, "padded", "%d", v->padded);
    text_set(t, "dots", "%s", op_aux(v->e, v->op, "dots"));
    text_set(t, "step", "%d", v->windows);
    text_set(t, "next", "%d", v->windows * 2);
}

static int unroll_of(const dsp_conv *v)
{
    static const int policy[] = {[EMIT_OS] = 1, [EMIT_O2] = 4, [EMIT_OSPEED] = 8};
    int n = v->e->o->unroll >= 0 ? (v->e->o->unroll + QUAD - 1) / QUAD : policy[v->e->o->opt];
    int limit = n < 1 ? 1 : n > 16 ? 16 : n;
    return v->quads <= limit + limit / 2 ? v->quads : limit;
}

static void put_tiles(dsp_conv *v, int indent)
{
    text *t = &v->t;
    int n = unroll_of(v), loops = v->quads / n, rest = v->quads % n;
    text_set(t, "loops", "%d", loops);
    bool loop = loops > 1;
    if (loop)
        text_put_at(t, indent,
                    n > 1 ? "for (int32_t k = 0; k < $loops$; ++k) {\n"
                          : "for (int32_t k = 0; k < $loops$; ++k)\n");
    for (int i = 0; i < n; ++i)
        text_put_at(t, loop ? indent + 4 : indent, "$tile$(&w, &p, $with_pairs$sum);\n");
    if (loop && n > 1)
        text_put_at(t, indent, "}\n");
    for (int i = 0; i < rest; ++i)
        text_put_at(t, indent, "$tile$(&w, &p, $with_pairs$sum);\n");
}

static void put_codes(dsp_conv *v)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    int spare = v->padded - v->outputs;
    for (int i = 0; i < v->windows * v->filters; ++i) {
        int second = i / v->filters, filter = i % v->filters;
        const char *channel = filter ? arena_printf(a, "o + %d", filter) : "o";
        text_set(t, "to", "%s[%s]", v->windows == 1 ? "out" : second ? "out1" : "out0", channel);
        text_set(t, "guard", "%s",
                 filter >= v->filters - spare
                     ? arena_printf(a, "if (%s < %d)\n            ", channel, v->outputs)
                     : "");
        text_set(t, "code", "%s",
                 fast_code(&v->f, arena_printf(a, "sum[%d]", i), channel,
                           v->f.mult ? v->f.mult : arena_printf(a, "scale[%d]", 2 * filter + 1)));
        text_put(t, "        $guard$$to$ = $code$;\n");
    }
}

/* The loop over the terms of a lone window in a function of its own: registers are for it alone,
 * and not for what the compiler would keep for the codes. */
static bool has_terms(const dsp_conv *v)
{
    return v->windows == 1 && !dsp_store_is_fields(&v->s) && v->e->o->opt != EMIT_OS && v->quads / unroll_of(v) > 1;
}

static void print_terms(dsp_conv *v)
{
    text *t = &v->t;
    text_set(t, "terms", "%s", op_aux(v->e, v->op, "terms"));
    text_set(t, "w_step", "%d", v->quads * QUAD * v->filters);
    text_put(t, "/* $layer$: adds the products of the window with four filters. */\n"
                "$U$_OUTLINE void $terms$(const $wtype$ *w, const uint32_t *p, int32_t *total)\n"
                "{\n"
                "    int32_t sum[4] = {total[0], total[1], total[2], total[3]};\n");
    put_tiles(v, 4);
    for (int i = 0; i < 4; ++i) {
        text_set(t, "i", "%d", i);
        text_put(t, "    total[$i$] = sum[$i$];\n");
    }
    text_put(t, "}\n\n");
}

/* What sum i begins with, or in the end is added. */
static const char *start_of(const dsp_conv *v, int i)
{
    arena *a = v->e->ctx->a;
    int filter = i % v->filters;
    const char *bias = arena_printf(a, "scale[%d]", v->f.mult ? filter : 2 * filter);
    const char *channel = filter ? arena_printf(a, "o + %d", filter) : "o";
    if (!v->s.sums)
        return bias;
    return arena_printf(a, "(int32_t)((uint32_t)%s + (uint32_t)%s * (uint32_t)total%d)", bias,
                        per_channel_at(a, &v->s.offset, channel), i / v->filters);
}

static void put_starts(dsp_conv *v)
{
    text *t = &v->t;
    bool later = v->s.later;
    text_put(t, v->s.sums && !later ? "        int32_t sum[4] = {\n            "
                                    : "        int32_t sum[4] = {");
    for (int i = 0; i < 4; ++i)
        buf_printf(t->out, "%s%s", later ? "0" : start_of(v, i),
                   i == 3 ? "" : v->s.sums && !later ? ",\n            " : ", ");
    text_put(t, "};\n");
}

/* Sums of codes to sums of levels. */
static void put_ends(dsp_conv *v)
{
    text *t = &v->t;
    for (int i = 0; i < 4; ++i) {
        text_set(t, "i", "%d", i);
        text_set(t, "start", "%s", start_of(v, i));
        text_put(t, "?later|        sum[$i$] = (int32_t)((uint32_t)$start$ + $mul$u * (uint32_t)sum[$i$]);\n");
    }
}

static void put_totals(dsp_conv *v)
{
    text *t = &v->t;
    if (!v->s.sums)
        return;
    emit_use_helper(v->e, EH_DSP_NEXT);
    emit_use_helper(v->e, EH_DSP_ADD2);
    text_set(t, "other", "%s", v->windows == 1 ? "total0" : "total1");
    text_set(t, "steps", "%d", v->quads * v->windows);
    text_put(t, "    /* sums of the windows */\n"
                "!single|    int32_t total0 = 0, total1 = 0;\n"
                "?single|    int32_t total0 = 0;\n"
                "    const uint32_t *all = x;\n"
                "    for (int32_t k = 0; k < $steps$; ++k) {\n"
                "        uint32_t a, b;\n"
                "        all = $P$_next(all, &a, &b);\n"
                "        total0 = $P$_add2(a, total0);\n"
                "        $other$ = $P$_add2(b, $other$);\n"
                "    }\n");
}

static void print_dots(dsp_conv *v)
{
    text *t = &v->t;
    if (has_terms(v))
        print_terms(v);
    text_set(t, "numbers", v->f.mult ? "%d" : "2 * %d", v->filters);
    text_put(t,
             "!single|/* $layer$: two widened windows with all filters, two at a time. */\n"
             "!single|static void $dots$(const uint32_t *restrict x, int8_t *out0, int8_t *out1)\n"
             "?single|/* $layer$: the widened window with all filters, four at a time. */\n"
             "?single|static void $dots$(const uint32_t *restrict x, int8_t *restrict out)\n"
             "{\n"
             "    const $wtype$ *w = $weight$;\n"
             "    const int32_t *scale = $scale$;\n"
             "?with_pairs|    const uint32_t *pairs = x + $pairs_at$;\n");
    put_totals(v);
    text_put(t, "    for (int32_t o = 0; o < $padded$; o += $filters$, scale += $numbers$) {\n"
                "        const uint32_t *p = x;\n");
    put_starts(v);
    if (has_terms(v))
        text_put(t, "        $terms$(w, p, sum);\n"
                    "        w += $w_step$;\n");
    else
        put_tiles(v, 8);
    put_ends(v);
    put_codes(v);
    text_put(t, "    }\n"
                "}\n\n");
}

/* ---- gathering ---------------------------------------------------------------------------------
 */

static const char *loose_term(const dsp_conv *v, int j)
{
    arena *a = v->e->ctx->a;
    int rest = v->row - v->row_quads * QUAD;
    if (j >= v->loose)
        return "0";
    int row = j / rest, at = v->row_quads * QUAD + j % rest;
    if (row == 0)
        return arena_printf(a, "in[%d]", at);
    const char *pitch = text_expand((text *)(uintptr_t)&v->t, "$pitch$");
    return row == 1 ? arena_printf(a, "in[%s + %d]", pitch, at)
                    : arena_printf(a, "in[%d * %s + %d]", row, pitch, at);
}

static void put_loose(dsp_conv *v)
{
    text *t = &v->t;
    for (int j = 0; j < v->loose; j += QUAD) {
        emit_use_helper(v->e, EH_DSP_PACK);
        for (int half = 0; half < 2; ++half) {
            text_set(t, "a", "%s", loose_term(v, j + half));
            text_set(t, "b", "%s", loose_term(v, j + half + 2));
            text_set(t, "at", "%d", (j / QUAD * 2 + half) * v->windows);
            text_put(t, "    x[$at$] = $P$_pack($a$, $b$);\n");
        }
    }
}

static void put_row_quads(dsp_conv *v)
{
    text *t = &v->t;
    bool rows = v->rows > 1, quads = v->row_quads > 1;
    if (v->row_quads == 0)
        return;
    emit_use_helper(v->e, EH_DSP_WIDEN);
    text_put(t, "    const int8_t *row = in;\n");
    if (rows)
        text_put(t,
                 quads ? "    for (int32_t k = 0; k < $rows$; ++k, row += $pitch$)\n"
                       : "    for (int32_t k = 0; k < $rows$; ++k, row += $pitch$, x += $next$)\n");
    text_set(t, "end", "%d", v->row_quads * QUAD);
    if (quads)
        text_put_at(t, rows ? 8 : 4, "for (int32_t i = 0; i < $end$; i += 4, x += $next$)\n");
    text_put_at(t, 4 + 4 * rows + 4 * quads,
                quads ? "$P$_widen(row + i, x, x + $step$);\n"
                      : "$P$_widen(row, x, x + $step$);\n");
    if (!rows && !quads)
        text_put(t, "?loose|    x += $next$;\n");
}

/* Widens the window at `in`, whose rows are `pitch` apart, into every second word of x, or each. */
static void put_gather(dsp_conv *v, bool any_pitch)
{
    text *t = &v->t;
    text_set(t, "gather", "%s", op_aux(v->e, v->op, "gather"));
    text_set(t, "rows", "%d", v->rows);
    text_set(t, "any", "%d", any_pitch);
    text_set(t, "loose", "%d", v->loose);
    text_put(t, "/* $layer$: a window, widened$of$. */\n"
                "?any|static void $gather$(const int8_t *in, int32_t pitch, uint32_t *x)\n"
                "!any|static void $gather$(const int8_t *in, uint32_t *x)\n"
                "{\n");
    put_row_quads(v);
    put_loose(v);
    text_put(t, "}\n\n");
}

/* ---- convolutions ------------------------------------------------------------------------------
 */

static const char fill[] = "?single|$dots$(x, out);\n"
                           "!single|if (++filled == 2) {\n"
                           "!single|    $dots$(x, out, out + $cell$);\n"
                           "!single|    out += 2 * $cell$;\n"
                           "!single|    filled = 0;\n"
                           "!single|}\n";

/* The tile's next window is at `at`, its rows `pitch` apart. */
static const char *gather_call(dsp_conv *v, const char *at, const char *pitch)
{
    arena *a = v->e->ctx->a;
    const char *slot = v->windows == 1 ? "x" : "x + filled";
    const char *name = text_expand(&v->t, "$gather$");
    return text_expand(&v->t, "$any$")[0] == '1'
               ? arena_printf(a, "%s(%s, %s, %s);\n", name, at, pitch, slot)
               : arena_printf(a, "%s(%s, %s);\n", name, at, slot);
}

/* Loops over rows and columns like window_nest, without a place of `out` for each. */
static void put_span(dsp_conv *v, int y0, int y1, const int *x, const char *const *body)
{
    text *t = &v->t;
    if (y0 == y1)
        return;
    text_set(t, "from", "%d", y0);
    text_set(t, "to", "%d", y1);
    text_put(t, "    for (int32_t y = $from$; y < $to$; ++y) {\n");
    for (int i = 0; i < 3; ++i) {
        if (x[i] == x[i + 1])
            continue;
        text_set(t, "from", "%d", x[i]);
        text_set(t, "to", "%d", x[i + 1]);
        text_put(t, "        for (int32_t x_ = $from$; x_ < $to$; ++x_) {\n");
        text_put_at(t, 12, body[i]);
        text_put(t, "        }\n");
    }
    text_put(t, "    }\n");
}

static void put_nest(dsp_conv *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    text_set(t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "ix", "%s", window_coord(a, "x_", w->sw, w->pl, NULL, 1));
    const char *at = text_expand(t, "in0 + (($iy$) * $w$ + $ix$) * $c$"),
               *done = text_expand(t, fill);
    const char *inner =
        arena_printf(a, "%s%s", gather_call(v, at, text_expand(t, "$inner_pitch$")), done);
    const char *edge = "";
    if (window_has_edge(w))
        edge = arena_printf(a, "%s%s%s", text_expand(t, "$edge$(in0, y, x_, window);\n"),
                            gather_call(v, "window", text_expand(t, "$row$")), done);
    const char *const outer[] = {edge, edge, edge}, *const middle[] = {edge, inner, edge};
    const int all[] = {0, w->ow, w->ow, w->ow}, cut[] = {0, w->x0, w->x1, w->ow};
    put_span(v, 0, w->y0, all, outer);
    put_span(v, w->y0, w->y1, cut, middle);
    put_span(v, w->y1, w->oh, all, outer);
}

/* An odd window out is its own neighbour. */
static void put_last(dsp_conv *v, const char *pitch)
{
    const window *w = &v->w;
    text *t = &v->t;
    if (v->windows == 1 || (w->oh * w->ow) % 2 == 0)
        return;
    bool edge = w->y1 < w->oh || w->x1 < w->ow || w->y0 == w->y1;
    int iy = (w->oh - 1) * w->sh - w->pt, ix = (w->ow - 1) * w->sw - w->pl;
    const char *at =
        edge ? "window" : arena_printf(v->e->ctx->a, "in0 + %d", (iy * w->w + ix) * w->c);
    text_set(t, "call", "%s", gather_call(v, at, edge ? text_expand(t, "$row$") : pitch));
    text_put(t, "    /* the last window is alone */\n"
                "    $call$"
                "    $dots$(x, out, out);\n");
}

static void conv_vars(dsp_conv *v, bool edge)
{
    text *t = &v->t;
    const window *w = &v->w;
    bool side_by_side = w->dw == 1;
    /* rows of a window: lines of the input, or single taps of equal distance */
    text_set(t, "row", "%d", v->row);
    text_set(t, "inner_pitch", "%d", side_by_side ? w->dh * w->w * w->c : w->dw * w->c);
    text_set(t, "pitch", edge ? "pitch" : "%d", side_by_side ? w->dh * w->w * w->c : w->dw * w->c);
    text_set(t, "of", "%s", v->windows == 2 ? ", into every other word of x" : "");
    if (edge)
        text_set(t, "edge", "%s", conv_print_edge(v->e, v->op));
}

bool dsp_takes_conv(const emitter *e, const ir_op *op)
{
    dsp_conv v;
    if (op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 || op->at.groups != 1 ||
        op->q->acc_type != IR_I32 || op->q->mode == IR_NUM_ONNX)
        return false;
    init(&v, e, op);
    if (!dsp_store_takes(e, op))
        return false;
    /* taps apart in a line have one distance only while there is one line of them */
    return v.loose <= MAX_LOOSE && (v.w.dw == 1 || v.w.kh == 1);
}

int64_t dsp_scratch_conv(const emitter *e, const ir_op *op)
{
    dsp_conv v;
    init(&v, e, op);
    return scratch_bytes(&v);
}

bool dsp_conv_in_place(const ir_op *op)
{
    const ir_attrs *at = &op->at;
    return at->kernel[0] == 1 && at->kernel[1] == 1 && at->stride[0] == 1 && at->stride[1] == 1 &&
           !at->pad[0] && !at->pad[1] && !at->pad[2] && !at->pad[3];
}

bool dsp_print_conv(emitter *e, const ir_op *op)
{
    dsp_conv v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    bool edge = window_has_edge(&v.w);
    window_vars(&v.w, t);
    init_rescale(&v);
    set_vars(&v);
    conv_vars(&v, edge);
    print_dots(&v);
    put_gather(&v, edge && v.rows > 1);
    op_comment(e, op, t);
    emit_use_helper(e, EH_DSP);
    text_set(t, "storage", "%s_OUTLINE", e->upper); /* as in dsp_depthwise.c */
    op_open(e, op, t);
    text_put(t, "    uint32_t *x = scratch;\n");
    text_set(t, "edge_at", "%lld",
             edge ? (long long)(window_bytes(&v) + dsp_store_pairs(&v.s)) : 0LL);
    text_put(t, "?edge_at|    int8_t *window = (int8_t *)scratch + $edge_at$;\n"
                "!single|    int32_t filled = 0;\n"
                "?make_pairs|    $make_pairs$(x + $pairs_at$);\n");
    put_nest(&v);
    put_last(&v, text_expand(t, "$inner_pitch$"));
    op_close(t);
    return true;
}

/* ---- dense -------------------------------------------------------------------------------------
 */

bool dsp_takes_dense(const emitter *e, const ir_op *op)
{
    return op->in[0]->type == IR_I8 && op->out[0]->type == IR_I8 && op->q->acc_type == IR_I32 &&
           op->q->mode != IR_NUM_ONNX && dsp_store_takes(e, op);
}

int64_t dsp_scratch_dense(const emitter *e, const ir_op *op)
{
    return dsp_scratch_conv(e, op);
}

bool dsp_print_dense(emitter *e, const ir_op *op)
{
    dsp_conv v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    init_rescale(&v);
    set_vars(&v);
    text_set(t, "of", "%s", v.windows == 2 ? ", into every other word of x" : "");
    text_set(t, "pitch", "%d", v.row);
    print_dots(&v);
    put_gather(&v, false);
    op_comment(e, op, t);
    op_open(e, op, t);
    int64_t windows = ir_elems(&op->in[0]->shape) / v.row;
    text_set(t, "row", "%d", v.row);
    text_set(t, "pairs", "%lld", (long long)windows / 2);
    text_set(t, "alone", "%d", (int)(windows % 2));
    text_put(t, "    uint32_t *x = scratch;\n"
                "?make_pairs|    $make_pairs$(x + $pairs_at$);\n"
                "?single|    $gather$(in0, x);\n"
                "?single|    $dots$(x, out);\n"
                "!single|    for (int32_t i = 0; i < $pairs$; ++i, in0 += 2 * $row$, out += 2 * "
                "$outputs$) {\n"
                "!single|        $gather$(in0, x);\n"
                "!single|        $gather$(in0 + $row$, x + 1);\n"
                "!single|        $dots$(x, out, out + $outputs$);\n"
                "!single|    }\n"
                "!single|?alone|    $gather$(in0, x); /* the last row is alone */\n"
                "!single|?alone|    $gather$(in0, x + 1);\n"
                "!single|?alone|    $dots$(x, out, out);\n");
    op_close(t);
    return true;
}
