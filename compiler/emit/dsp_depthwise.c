/* dsp_depthwise.c - depthwise convolutions on the DSP extension, a channel at a time.
 *
 * One channel of the input is copied to scratch as a plane of 16-bit numbers, with its padding
 * around it, so that neighbours along a line are one word. Its weights, unpacked where they are
 * narrow or indices (dsp_levels.c), stand in registers, in pairs. Two neighbouring outputs of a line are summed together, since they share the words. A line
 * runs along the axis that takes fewer instructions; for kernels k x 1 that is time. As a channel
 * is read before it is written, the output may have the input's memory.
 *
 * With w0, w1, w2 the taps of a line and a, b its words, stride 1, the two sums are
 *   a * (w0, w1) + b * (w2, 0)   and   a * (0, w0) + b * (w1, w2):
 * whole pairs by SMLAD, single taps by SMLABT and SMLATB from halves of pairs at hand. */
#include "compiler/emit/dsp_store.h"

enum { MAX_PLANE = 16384, MAX_TAPS = 64 };

/* One axis of the window. */
typedef struct axis {
    int in, out, taps, stride, dilation, pad;
    int step; /* pixels from one cell to the next */
} axis;

typedef struct pair {
    int low, high; /* taps, -1: zero */
} pair;

typedef struct dsp_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    axis line, cross;
    bool turned; /* lines run along the columns */
    int pitch, lines;
    int multiplier;
    fast_rescale f;
    VEC(pair) pairs; /* words of weights, of all lines */
} dsp_depthwise;

/* ---- geometry ----------------------------------------------------------------------------------
 */

static int words_of(const axis *line)
{
    return (line->stride + line->taps + 1) / 2;
}

/* Instructions of all outputs of a channel, about. */
static int cost(const target_cost *c, const axis *line, const axis *cross)
{
    int pairs = (line->out + 1) / 2, rows = cross->taps * cross->out;
    return pairs * rows * (words_of(line) * c->load + (line->taps + 1) * c->multiply);
}

static void init(dsp_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (dsp_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window *w = &v->w;
    window_init(w, op);
    axis x = {w->w, w->ow, w->kw, w->sw, w->dw, w->pl, 1};
    axis y = {w->h, w->oh, w->kh, w->sh, w->dh, w->pt, w->w};
    const target_cost *c = &emit_find_target(e->o->target)->cost;
    v->turned = x.dilation > 1 || (y.dilation == 1 && cost(c, &y, &x) < cost(c, &x, &y));
    v->line = v->turned ? y : x;
    v->cross = v->turned ? x : y;
    int last = ((v->line.out + 1) / 2 - 1) * 2 * v->line.stride;
    v->pitch = last + 2 * words_of(&v->line);
    v->lines = (v->cross.out - 1) * v->cross.stride + (v->cross.taps - 1) * v->cross.dilation + 1;
    v->multiplier = w->o / w->c;
}

static int64_t plane_bytes(const dsp_depthwise *v)
{
    return (int64_t)v->pitch * v->lines * 2;
}

bool dsp_takes_depthwise(const emitter *e, const ir_op *op)
{
    dsp_depthwise v;
    if (!ir_is_depthwise(op) || op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 ||
        op->q->acc_type != IR_I32 || op->q->mode == IR_NUM_ONNX)
        return false;
    init(&v, e, op);
    return v.line.dilation == 1 && v.w.kh * v.w.kw <= MAX_TAPS && plane_bytes(&v) <= MAX_PLANE &&
           dsp_levels_take(e, op);
}

int64_t dsp_scratch_depthwise(const emitter *e, const ir_op *op)
{
    dsp_depthwise v;
    init(&v, e, op);
    return plane_bytes(&v);
}

bool dsp_depthwise_in_place(const ir_op *op)
{
    return ir_shape_eq(&op->in[0]->shape, &op->out[0]->shape);
}

/* ---- sums --------------------------------------------------------------------------------------
 */

/* Tap number in the weights of tap k of line r. */
static int tap_of(const dsp_depthwise *v, int r, int k)
{
    return v->turned ? k * v->w.kw + r : r * v->w.kw + k;
}

static int pair_number(dsp_depthwise *v, int low, int high)
{
    for (int i = 0; i < v->pairs.n; ++i)
        if (v->pairs.v[i].low == low && v->pairs.v[i].high == high)
            return i;
    *VEC_PUSH(v->e->ctx->a, &v->pairs) = (pair){low, high};
    return v->pairs.n - 1;
}

/* A pair that holds tap k of the line alone, or with its neighbour; *high: where it is. */
static int pair_with(dsp_depthwise *v, int r, int k, bool *high)
{
    int tap = tap_of(v, r, k);
    for (int i = 0; i < v->pairs.n; ++i) {
        *high = v->pairs.v[i].high == tap;
        if (*high || v->pairs.v[i].low == tap)
            return i;
    }
    *high = false;
    return pair_number(v, tap, -1);
}

static void put_product(dsp_depthwise *v, const char *sum, const char *word, const char *how,
                        int number)
{
    static const struct {
        const char *name;
        emit_helper h;
    } rows[] = {{"smlad", EH_DSP_SMLAD},
                {"smlabb", EH_DSP_SMLABB},
                {"smlabt", EH_DSP_SMLABT},
                {"smlatb", EH_DSP_SMLATB},
                {"smlatt", EH_DSP_SMLATT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (rows[i].name[4] == how[4] && rows[i].name[5] == how[5])
            emit_use_helper(v->e, rows[i].h);
    buf_printf(v->t.out, "    *%s = %s_%s(%s, w[%d], *%s);\n", sum, v->e->prefix, how, word, number,
               sum);
}

/* What word j of line r adds to the sum whose first tap stands at half-word `from`. */
static void put_word(dsp_depthwise *v, int r, int j, const char *word, const char *sum, int from)
{
    int k = 2 * j - from, n = v->line.taps; /* tap at the word's lower half */
    bool low = k >= 0 && k < n, both = low && k + 1 < n, high;
    if (both) {
        put_product(v, sum, word, "smlad", pair_number(v, tap_of(v, r, k), tap_of(v, r, k + 1)));
    } else if (low) {
        int p = pair_with(v, r, k, &high);
        put_product(v, sum, word, high ? "smlabt" : "smlabb", p);
    } else if (k + 1 >= 0 && k + 1 < n) {
        int p = pair_with(v, r, k + 1, &high);
        put_product(v, sum, word, high ? "smlatt" : "smlatb", p);
    }
}

/* Whole pairs first, so that single taps find them. */
static void note_pairs(dsp_depthwise *v, int r, int from)
{
    for (int j = 0; j < words_of(&v->line); ++j) {
        int k = 2 * j - from;
        if (k >= 0 && k + 1 < v->line.taps)
            pair_number(v, tap_of(v, r, k), tap_of(v, r, k + 1));
    }
}

/* Words j and j + 1 of line r, where there is a second one. */
static void put_words(dsp_depthwise *v, int r, int j)
{
    text *t = &v->t;
    bool two = j + 1 < words_of(&v->line);
    emit_use_helper(v->e, two ? EH_DSP_TWO : EH_DSP_BOTH);
    text_set(t, "at", "%d", r * v->cross.dilation * v->pitch + 2 * j);
    text_put(t, two ? "    $P$_two(p + $at$, &x, &y);\n" : "    x = $P$_both(p + $at$);\n");
    put_word(v, r, j, "x", "s", 0);
    put_word(v, r, j, "x", "t", v->line.stride);
    if (two) {
        put_word(v, r, j + 1, "y", "s", 0);
        put_word(v, r, j + 1, "y", "t", v->line.stride);
    }
}

static void put_sums(dsp_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "pair", "%s", op_aux(v->e, v->op, "pair"));
    text_put(t,
             "/* $layer$: adds two neighbouring outputs whose windows begin at p. */\n"
             "$U$_INLINE void $pair$(const int16_t *p, const uint32_t *w, int32_t *s, int32_t *t)\n"
             "{\n");
    text_set(t, "two", "%s", words_of(&v->line) > 1 ? ", y" : "");
    text_put(t, "    uint32_t x$two$;\n");
    for (int r = 0; r < v->cross.taps; ++r) {
        note_pairs(v, r, 0);
        note_pairs(v, r, v->line.stride);
        for (int j = 0; j < words_of(&v->line); j += 2)
            put_words(v, r, j);
    }
    text_put(t, "}\n\n");
}

/* ---- the plane ---------------------------------------------------------------------------------
 */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void put_plane(dsp_depthwise *v)
{
    text *t = &v->t;
    int cells = smaller(v->line.in, v->pitch - v->line.pad);
    text_set(t, "plane", "%s", op_aux(v->e, v->op, "plane"));
    text_set(t, "in_lines", "%d", smaller(v->cross.in, v->lines - v->cross.pad));
    text_set(t, "line_step", "%d", v->line.step * v->w.c);
    text_set(t, "cross_step", "%d", v->cross.step * v->w.c);
    text_set(t, "pitch", "%d", v->pitch);
    text_set(t, "blocks", "%d", cells / 4);
    text_set(t, "first", "%d", v->cross.pad * v->pitch + v->line.pad);
    text_put(t, "/* $layer$: copies the channel at `in` into the plane's inside. */\n"
                "static void $plane$(const int8_t *in, int16_t *plane)\n"
                "{\n"
                "    for (int32_t y = 0; y < $in_lines$; ++y) {\n"
                "        const int8_t *p = in + y * $cross_step$;\n"
                "        int16_t *q = plane + $first$ + y * $pitch$;\n");
    if (cells / 4 > 0)
        text_put(
            t, "        for (int32_t i = 0; i < $blocks$; ++i, p += 4 * $line_step$, q += 4) {\n");
    for (int k = 0; k < 4 && cells / 4 > 0; ++k) {
        text_set(t, "k", "%d", k);
        text_put(t, "            q[$k$] = p[$k$ * $line_step$];\n");
    }
    if (cells / 4 > 0)
        text_put(t, "        }\n");
    for (int k = 0; k < cells % 4; ++k) {
        text_set(t, "k", "%d", k);
        text_put(t, "        q[$k$] = p[$k$ * $line_step$];\n");
    }
    text_put(t, "    }\n"
                "}\n\n");
}

/* ---- the function ------------------------------------------------------------------------------
 */

static const char *weight_text(const dsp_depthwise *v, int tap)
{
    if (tap < 0)
        return "0";
    return arena_printf(v->e->ctx->a, v->f.doubled ? "2 * weight[%d]" : "weight[%d]", tap);
}

static void put_weights(dsp_depthwise *v)
{
    text *t = &v->t;
    emit_use_helper(v->e, EH_DSP_PACK);
    text_set(t, "words", "%d", v->pairs.n);
    text_put(t, "        const uint32_t w[$words$] = {\n");
    for (int i = 0; i < v->pairs.n; ++i) {
        text_set(t, "low", "%s", weight_text(v, v->pairs.v[i].low));
        text_set(t, "high", "%s", weight_text(v, v->pairs.v[i].high));
        text_put(t, "            $P$_pack($low$, $high$),\n");
    }
    text_put(t, "        };\n");
}

/* Pairs of outputs of a line; a last one alone leaves the second sum. */
static void put_outputs(dsp_depthwise *v)
{
    text *t = &v->t;
    bool odd = v->line.out % 2 != 0, small = v->e->o->opt == EMIT_OS && v->line.out > 1;
    text_set(t, "s_code", "%s", fast_code(&v->f, "s", "c", "mult"));
    text_set(t, "t_code", "%s", fast_code(&v->f, "t", "c", "mult"));
    text_set(t, "end", "%d", odd && !small ? v->line.out - 1 : v->line.out);
    text_set(t, "if_t", "%s", odd && small ? "if (x + 1 < $end$)\n                    " : "");
    text_set(t, "if_t", "%s", text_expand(t, text_expand(t, "$if_t$")));
    text_set(t, "many", "%d", v->line.out > 1);
    text_set(t, "tail", "%d", odd && !small);
    text_put(t, "?many|            for (int32_t x = 0; x < $end$; x += 2, p += 2 * $stride$, q += "
                "2 * $out_step$) {\n"
                "?many|                int32_t s = bias, t = bias;\n"
                "?many|                $pair$(p, w, &s, &t);\n"
                "?many|                q[0] = $s_code$;\n"
                "?many|                $if_t$q[$out_step$] = $t_code$;\n"
                "?many|            }\n"
                "?tail|            int32_t s = bias, t = bias;\n"
                "?tail|            $pair$(p, w, &s, &t);\n"
                "?tail|            q[0] = $s_code$;\n");
}

static void put_function(dsp_depthwise *v)
{
    text *t = &v->t;
    const ir_attrs *at = &v->op->at;
    bool pads = at->pad[0] || at->pad[1] || at->pad[2] || at->pad[3];
    text_set(t, "cells", pads ? "%d" : "", v->pitch * v->lines);
    text_set(t, "zero", "%d", (int)v->op->q->in_zero[0]);
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "fast", "%d", v->f.fast);
    text_set(t, "multiplier", "%d", v->multiplier);
    text_set(t, "many_out", "%d", v->multiplier > 1);
    text_set(t, "out_lines", "%d", v->cross.out);
    text_set(t, "stride", "%d", v->line.stride);
    text_set(t, "line_pitch", "%d", v->cross.stride * v->pitch);
    text_set(t, "out_step", "%d", (v->turned ? v->w.ow : 1) * emit_pitch(v->e, v->op->out[0]));
    text_set(t, "out_line", "%d", (v->turned ? 1 : v->w.ow) * emit_pitch(v->e, v->op->out[0]));
    bool codes = weight_form_of(v->op) == WEIGHTS_CODE;
    text_set(t, "codes", "%d", codes);
    if (codes)
        text_set(t, "stored", "%s", fast_depthwise_weights(&v->f));
    else
        dsp_levels_print(v->e, v->op, "int16_t", t);
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    text_put(t, "    int16_t *plane = scratch;\n"
                "?codes|    const int8_t *weight = $stored$;\n"
                "?cells|    for (int32_t i = 0; i < $cells$; ++i)\n"
                "?cells|        plane[i] = $zero$;\n"
                "?codes|    for (int32_t c = 0; c < $o$; ++c, weight += $taps$) {\n"
                "!codes|    for (int32_t c = 0; c < $o$; ++c) {\n"
                "!codes|        int16_t weight[$taps$];\n"
                "!codes|        $levels$(&$stored$[c * $row$], c, weight);\n"
                "?fast|        const int32_t bias = $scale$[2 * c], mult = $scale$[2 * c + 1];\n"
                "!fast|        const int32_t bias = $scale$[2 * c];\n"
                "!many_out|        $plane$(in0 + c, plane);\n"
                "?many_out|        if (c % $multiplier$ == 0)\n"
                "?many_out|            $plane$(in0 + c / $multiplier$, plane);\n");
    put_weights(v);
    text_put(t, "        for (int32_t y = 0; y < $out_lines$; ++y) {\n"
                "            const int16_t *p = plane + y * $line_pitch$;\n"
                "            int8_t *q = out + c + y * $out_line$;\n");
    put_outputs(v);
    text_put(t, "        }\n"
                "    }\n");
    op_close(t);
}

bool dsp_print_depthwise(emitter *e, const ir_op *op)
{
    dsp_depthwise v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text_set(&v.t, "U", "%s", e->upper);
    /* gcc keeps what the loops need in registers only where it does not inline the function */
    emit_use_helper(e, EH_DSP);
    text_set(&v.t, "storage", "%s_OUTLINE", e->upper);
    window_vars(&v.w, &v.t);
    fast_init(&v.f, e, op, v.w.o, true);
    put_sums(&v);
    put_plane(&v);
    put_function(&v);
    return true;
}
