/* plane_depthwise.c - depthwise convolutions without SIMD, a channel at a time.
 *
 * One channel of the input is copied to scratch as a plane of 32-bit numbers with its padding
 * around it, block of output lines by block, so that taps have constant places and need no tests.
 * Where a 64-bit multiply-accumulate is one instruction, a cell holds x0 + x1 * 2^23, x0 and x1
 * being the codes that two neighbouring outputs of a line meet there, and one product serves both
 * (long_conv.c); elsewhere four neighbouring outputs share each weight that is read. A line runs
 * along the axis that fills tiles best. When there is one block, a channel is read before it is
 * written, and the output may have the input's memory. */
#include "compiler/emit/dsp_store.h"
#include "compiler/emit/plane.h"

#include "compiler/quant/grid.h"

/* Sums of |level| from PAIR_LIMIT on do not share a sum. */
enum { FIELD = 23, PAIR_LIMIT = 1 << (FIELD - 1 - 7), MAX_PLANE = 2048, MAX_TAPS = 64, NARROW = 4 };

/* One axis of the window. */
typedef struct axis {
    int in, out, taps, stride, dilation, pad;
    int step; /* pixels from one cell to the next */
} axis;

typedef struct plane {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    axis line, cross;
    bool turned;       /* lines run along the columns */
    bool pairs;        /* cells hold two codes */
    int tile;          /* outputs that are summed together */
    int pitch, lines;  /* cells of a line of the plane; its lines */
    int block, blocks; /* output lines of a block; blocks */
    int multiplier;
    fast_rescale f;
} plane;

/* ---- geometry ----------------------------------------------------------------------------- */

static int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

static int lines_of(const axis *cross, int out)
{
    return (out - 1) * cross->stride + (cross->taps - 1) * cross->dilation + 1;
}

static int64_t plane_bytes(const plane *v)
{
    return (int64_t)v->pitch * v->lines * 4;
}

static void init(plane *v, const ir_op *op, bool pairs)
{
    *v = (plane){.op = op, .pairs = pairs, .tile = pairs ? 2 : NARROW};
    window *w = &v->w;
    window_init(w, op);
    axis x = {w->w, w->ow, w->kw, w->sw, w->dw, w->pl, 1};
    axis y = {w->h, w->oh, w->kh, w->sh, w->dh, w->pt, w->w};
    v->turned = round_up(y.out, v->tile) * x.out < round_up(x.out, v->tile) * y.out;
    v->line = v->turned ? y : x;
    v->cross = v->turned ? x : y;
    int last = (round_up(v->line.out, v->tile) - (pairs ? 2 : 1)) * v->line.stride;
    v->pitch = last + (v->line.taps - 1) * v->line.dilation + 1;
    v->multiplier = w->o / w->c;
    for (v->blocks = 1; v->blocks < v->cross.out; ++v->blocks) {
        v->block = (v->cross.out + v->blocks - 1) / v->blocks;
        v->lines = lines_of(&v->cross, v->block);
        if (plane_bytes(v) <= MAX_PLANE)
            break;
    }
    v->block = (v->cross.out + v->blocks - 1) / v->blocks;
    v->blocks = (v->cross.out + v->block - 1) / v->block;
    v->lines = lines_of(&v->cross, v->block);
}

static int32_t code_of(const ir_tensor *w, int64_t i)
{
    return w->type == IR_I16  ? ((const int16_t *)w->data)[i]
           : w->type == IR_U8 ? ((const uint8_t *)w->data)[i]
                              : ((const int8_t *)w->data)[i];
}

/* Whether the sum of |level| allows two sums in one, in every channel. */
static bool pairs_fit(const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    int64_t n = ir_elems(&w->shape), taps = n / w->shape.dim[0], sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        int64_t level = quant_level(w->quant, (int)(i / taps), code_of(w, i));
        sum = (i % taps ? sum : 0) + (level < 0 ? -level : level);
        if (sum >= PAIR_LIMIT)
            return false;
    }
    return true;
}

static bool wants_pairs(const emitter *e, const ir_op *op)
{
    return emit_find_target(e->o->target)->cost.long_sums && pairs_fit(op);
}

bool plane_takes(const emitter *e, const ir_op *op)
{
    plane v;
    if (!ir_is_depthwise(op) || op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 ||
        op->q->acc_type != IR_I32 || op->q->mode == IR_NUM_ONNX ||
        (weight_form_of(op) != WEIGHTS_CODE && fast_has_constant(e, op)))
        return false;
    init(&v, op, wants_pairs(e, op));
    return v.w.kh * v.w.kw <= MAX_TAPS && plane_bytes(&v) <= 8 * MAX_PLANE;
}

int64_t plane_scratch(const emitter *e, const ir_op *op)
{
    plane v;
    init(&v, op, wants_pairs(e, op));
    return plane_bytes(&v);
}

static bool in_place(const ir_op *op, bool pairs)
{
    plane v;
    if (!ir_is_depthwise(op) || !ir_shape_eq(&op->in[0]->shape, &op->out[0]->shape))
        return false;
    init(&v, op, pairs);
    return v.blocks == 1;
}

kernel_order plane_order(const emitter *e, const ir_op *op, int *lines)
{
    plane v;
    init(&v, op, wants_pairs(e, op));
    *lines = v.block;
    return v.blocks == 1 ? ORDER_CHANNELS : v.turned ? ORDER_UNKNOWN : ORDER_LINES;
}

bool plane_in_place_long(const ir_op *op)
{
    return in_place(op, pairs_fit(op));
}

bool plane_in_place(const ir_op *op)
{
    return in_place(op, false);
}

/* ---- the plane ---------------------------------------------------------------------------- */

static int clamp(int v, int hi)
{
    return v < 0 ? 0 : v > hi ? hi : v;
}

/* What a cell of the line holds as C, `from` being the index of its first code in the line; NULL
 * where both codes are padding. */
static const char *cell_of(const plane *v, int c, const char *index)
{
    arena *a = v->e->ctx->a;
    const axis *l = &v->line;
    int zero = (int)v->op->q->in_zero[0], i = c - l->pad, j = i + l->stride,
        step = l->step * v->w.c;
    bool first = i >= 0 && i < l->in, second = v->pairs && j >= 0 && j < l->in;
    if (!first && !second)
        return NULL;
    const char *x0 = first ? arena_printf(a, "p[%s]", index) : arena_printf(a, "%d", zero);
    if (!v->pairs)
        return x0;
    const char *x1 = second
                         ? arena_printf(a, "p[%s + %d] * %d", index, l->stride * step, 1 << FIELD)
                         : arena_printf(a, "(%d)", zero * (1 << FIELD));
    return arena_printf(a, "%s + %s", x0, x1);
}

/* Cells [from, to), all of one kind. */
static void put_cells(plane *v, int from, int to)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    int step = v->line.step * v->w.c, base = (from - v->line.pad) * step;
    const char *cell = cell_of(v, from, arena_printf(a, "%d + i * %d", base, step));
    if (from >= to || !cell)
        return;
    text_set(t, "n", "%d", to - from);
    text_set(t, "from", "%d", from);
    if (to - from >= 8) {
        int whole = (to - from) / 4 * 4;
        text_set(t, "n", "%d", whole);
        text_put(t, "            for (int32_t i = 0; i < $n$; i += 4) {\n");
        for (int k = 0; k < 4; ++k) {
            text_set(t, "cell", "%s",
                     cell_of(v, from, arena_printf(a, "%d + i * %d", base + k * step, step)));
            text_set(t, "at", "%d", from + k);
            text_put(t, "                q[$at$ + i] = $cell$;\n");
        }
        text_put(t, "            }\n");
        put_cells(v, from + whole, to);
        return;
    }
    for (int c = from; c < to; ++c) {
        text_set(t, "at", "%d", c);
        text_set(t, "cell", "%s", cell_of(v, c, arena_printf(a, "%d", (c - v->line.pad) * step)));
        text_put(t, "            q[$at$] = $cell$;\n");
    }
}

static void put_line(plane *v)
{
    const axis *l = &v->line;
    int at[] = {0,       l->pad - l->stride, l->pad, l->pad + l->in - l->stride, l->pad + l->in,
                v->pitch};
    enum { N = sizeof at / sizeof *at };
    for (int i = 0; i < N; ++i)
        at[i] = clamp(at[i], v->pitch);
    if (at[3] < at[2]) {
        int less = at[3];
        at[3] = at[2];
        at[2] = less;
    }
    for (int i = 0; i + 1 < N; ++i)
        if (at[i] < at[i + 1])
            put_cells(v, at[i], at[i + 1]);
}

static void put_plane(plane *v)
{
    text *t = &v->t;
    bool outside = v->cross.pad > 0 || lines_of(&v->cross, v->blocks * v->block) > v->cross.in;
    text_set(t, "plane", "%s", op_aux(v->e, v->op, "plane"));
    text_set(t, "lines", "%d", v->lines);
    text_set(t, "pitch", "%d", v->pitch);
    text_set(t, "cross_in", "%d", v->cross.in);
    text_set(t, "cross_step", "%d", v->cross.step * v->w.c);
    text_set(t, "outside", "%d", outside);
    text_set(t, "blank", "%d", (int)v->op->q->in_zero[0] * (v->pairs ? 1 + (1 << FIELD) : 1));
    text_put(t, "/* $layer$: the channel at `in`, lines y and on, as a plane. */\n"
                "static void $plane$(const int8_t *in, int32_t y, int32_t *q)\n"
                "{\n"
                "    for (int32_t k = 0; k < $lines$; ++k, ++y, q += $pitch$) {\n"
                "?outside|        if (y < 0 || y >= $cross_in$) {\n"
                "?outside|            for (int32_t i = 0; i < $pitch$; ++i)\n"
                "?outside|                q[i] = $blank$;\n"
                "?outside|        } else {\n"
                "!outside|        {\n"
                "            const int8_t *p = in + y * $cross_step$;\n");
    put_line(v);
    text_put(t, "        }\n"
                "    }\n"
                "}\n\n");
}

/* ---- sums --------------------------------------------------------------------------------- */

/* Tap number in the weights of tap k of line r. */
static int tap_of(const plane *v, int r, int k)
{
    return v->turned ? k * v->w.kw + r : r * v->w.kw + k;
}

/* "    *a += (int64_t)w[3] * p[12];", or "    f = w[3], *a += f * p[12], *b += f * p[13]…;" */
static void put_tap(const plane *v, int r, int k)
{
    buf *out = v->t.out;
    int tap = tap_of(v, r, k), at = r * v->cross.dilation * v->pitch + k * v->line.dilation;
    if (v->pairs) {
        buf_printf(out, "    a += (int64_t)w[%d] * p[%d];\n", tap, at);
        return;
    }
    buf_printf(out, "    f = w[%d]", tap);
    for (int j = 0; j < v->tile; ++j)
        buf_printf(out, ", %c += f * p[%d]", 'a' + j, at + j * v->line.stride);
    buf_puts(out, ";\n");
}

static void put_sums(plane *v)
{
    text *t = &v->t;
    text_set(t, "sums", "%s", op_aux(v->e, v->op, "sums"));
    text_set(t, "pairs", "%d", v->pairs);
    text_set(t, "half", "%d", 1 << (FIELD - 1));
    text_put(
        t, "?pairs|/* $layer$: two neighbouring outputs whose windows begin at p, in one sum. */\n"
           "?pairs|$U$_INLINE int64_t $sums$(const int32_t *p, const int32_t *w)\n"
           "?pairs|{\n"
           "?pairs|    int64_t a = $half$;\n"
           "!pairs|/* $layer$: adds four neighbouring outputs whose windows begin at p. */\n"
           "!pairs|$U$_INLINE void $sums$(const int32_t *p, const int32_t *w, int32_t *s)\n"
           "!pairs|{\n"
           "!pairs|    int32_t a = s[0], b = s[1], c = s[2], d = s[3], f;\n");
    for (int r = 0; r < v->cross.taps; ++r)
        for (int k = 0; k < v->line.taps; ++k)
            put_tap(v, r, k);
    text_put(t, "?pairs|    return a;\n"
                "!pairs|    s[0] = a, s[1] = b, s[2] = c, s[3] = d;\n"
                "}\n\n");
}

/* ---- the function ------------------------------------------------------------------------- */

/* The tile's outputs; the last tile of a line has only `some`. */
static void put_tile(plane *v, int columns, int some)
{
    text *t = &v->t;
    fast_rescale f = v->f;
    if (f.fast && f.shift.array)
        f.shift = (per_channel){.literal = "shift"};
    text_put_at(t, columns,
                "?pairs|const int64_t s = $sums$(p, w);\n"
                "!pairs|int32_t s[4] = {bias, bias, bias, bias};\n"
                "!pairs|$sums$(p, w, s);\n");
    for (int i = 0; i < some; ++i) {
        const char *sum =
            v->pairs ? i ? "$P$_high(s, 23) + bias" : "$P$_low(s, 23) + low" : "s[$i$]";
        text_set(t, "i", "%d", i);
        text_set(t, "sum", "%s", text_expand(t, sum));
        text_set(t, "at", "%d", i * (v->turned ? v->w.ow : 1) * v->w.o);
        text_set(t, "code", "%s", fast_code(&f, "acc", "c", "mult"));
        text_put_at(t, columns,
                    "acc = $sum$;\n"
                    "q[$at$] = $code$;\n");
    }
}

static void put_lines(plane *v)
{
    text *t = &v->t;
    int whole = v->line.out / v->tile, some = v->line.out % v->tile;
    text_set(t, "whole", "%d", whole);
    text_set(t, "p_step", "%d", v->tile * v->line.stride);
    text_set(t, "q_step", "%d", v->tile * (v->turned ? v->w.ow : 1) * v->w.o);
    if (whole > 0) {
        text_put(t,
                 "        for (int32_t i = 0; i < $whole$; ++i, p += $p_step$, q += $q_step$) {\n");
        put_tile(v, 12, v->tile);
        text_put(t, "        }\n");
    }
    if (some > 0)
        put_tile(v, 8, some);
}

/* All lines of a block of one channel. */
static void put_channel(plane *v)
{
    text *t = &v->t;
    int taps = v->w.kh * v->w.kw;
    text_set(t, "channel", "%s", op_aux(v->e, v->op, "channel"));
    text_set(t, "taps", "%d", taps);
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "fast", "%d", v->f.fast);
    text_set(t, "shift", "%s",
             v->f.fast && v->f.shift.array ? per_channel_at(v->e->ctx->a, &v->f.shift, "c") : "");
    text_set(t, "line_pitch", "%d", v->cross.stride * v->pitch);
    text_set(t, "out_line", "%d", (v->turned ? 1 : v->w.ow) * v->w.o);
    text_put(
        t, "/* $layer$: `lines` lines of channel c from the plane. */\n"
           "$U$_APART void $channel$(const int32_t *plane, int32_t lines, int32_t c, int8_t *out)\n"
           "{\n"
           "!levels|    const int8_t *weight = &$weight$[c * $taps$];\n"
           "    const int32_t bias = $scale$[2 * c];\n"
           "?fast|    const int32_t mult = $scale$[2 * c + 1];\n"
           "?shift|    const int32_t shift = $shift$;\n"
           "?pairs|    const int32_t low = bias - $half$;\n"
           "    int32_t w[$taps$], acc;\n"
           "?levels|    $levels$(&$stored$[c * $row$], c, w);\n"
           "!levels|    for (int32_t k = 0; k < $taps$; ++k)\n"
           "!levels|        w[k] = weight[k];\n"
           "    for (; lines > 0; --lines, plane += $line_pitch$, out += $out_line$) {\n"
           "        const int32_t *p = plane;\n"
           "        int8_t *q = out;\n");
    put_lines(v);
    text_put(t, "    }\n"
                "}\n\n");
}

static void put_function(plane *v)
{
    text *t = &v->t;
    bool many = v->blocks > 1, cut = v->cross.out % v->block != 0;
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    text_set(t, "cells", "%d", v->pitch * v->lines);
    text_set(t, "multiplier", "%d", v->multiplier);
    text_set(t, "many_out", "%d", v->multiplier > 1);
    text_set(t, "cross_out", "%d", v->cross.out);
    text_set(t, "block", "%d", v->block);
    text_set(t, "many", "%d", many);
    arena *a = v->e->ctx->a;
    text_set(t, "y", "%s",
             many ? arena_printf(a, "y * %d - %d", v->cross.stride, v->cross.pad)
                  : arena_printf(a, "%d", -v->cross.pad));
    text_set(t, "count", "%s",
             cut ? arena_printf(a, "y < %d ? %d : %d", v->cross.out / v->block * v->block, v->block,
                                v->cross.out % v->block)
                 : arena_printf(a, "%d", v->block));
    text_set(t, "to", "%s", text_expand(t, many ? "out + c + y * $out_line$" : "out + c"));
    text_put(t, "    int32_t *plane = scratch;\n"
                "    for (int32_t i = 0; i < $cells$; ++i)\n"
                "        plane[i] = $blank$;\n"
                "?many|    for (int32_t y = 0; y < $cross_out$; y += $block$)\n"
                "    for (int32_t c = 0; c < $o$; ++c) {\n"
                "!many_out|        $plane$(in0 + c, $y$, plane);\n"
                "?many_out|        if (c % $multiplier$ == 0)\n"
                "?many_out|            $plane$(in0 + c / $multiplier$, $y$, plane);\n"
                "        $channel$(plane, $count$, c, $to$);\n"
                "    }\n");
    op_close(t);
}

bool plane_print(emitter *e, const ir_op *op)
{
    plane v;
    init(&v, op, wants_pairs(e, op));
    v.e = e;
    op_begin(e, op, &v.t);
    text_set(&v.t, "U", "%s", e->upper);
    window_vars(&v.w, &v.t);
    emit_use_helper(e, EH_DSP);
    emit_use_helper(e, EH_APART);
    if (v.pairs) {
        emit_use_helper(e, EH_LONG_LOW);
        emit_use_helper(e, EH_LONG_HIGH);
    }
    fast_init(&v.f, e, op, v.w.o, false);
    text_set(&v.t, "levels", "%s", "");
    if (weight_form_of(op) == WEIGHTS_CODE)
        text_set(&v.t, "weight", "%s", fast_depthwise_weights(&v.f));
    else
        dsp_levels_print(e, op, "int32_t", &v.t);
    put_sums(&v);
    put_plane(&v);
    put_channel(&v);
    put_function(&v);
    return true;
}
