/* long_conv.c - convolutions and dense layers of several windows: two products in one 64-bit sum.
 *
 * Two windows are packed into scratch term by term, x0 + x1 * 2^23, and met by int8 weights:
 *   sum + w * (x0 + x1 * 2^23)   holds   2^22 + sum of w * x0   in its low 23 bits,
 * and the sum of w * x1 above them, as long as 128 * (sum of |w|) < 2^22, which is checked for
 * every filter. Where cores multiply 32 by 32 bits and add to 64 in one instruction (SMLAL), that
 * is two products each. Four windows meet two filters at a time; a layer of two or three windows
 * meets four. */
#include "compiler/emit/long.h"

enum { FIELD = 23, BLOCK = 4 };

typedef struct long_conv {
    emitter *e;
    const ir_op *op;
    text t;
    window w;            /* conv2d */
    int rows, row;       /* parts of a window that lie side by side, codes of each */
    int terms, count;    /* codes of a window; windows */
    int words, filters;  /* of a tile: words of two windows, filters */
    int outputs, padded; /* filters of the layer, the same as a multiple of the tile's */
    fast_rescale f;
} long_conv;

/* ---- geometry ----------------------------------------------------------------------------- */

static void init(long_conv *v, const emitter *e, const ir_op *op)
{
    bool conv = op->kind == OP_CONV2D;
    *v = (long_conv){.e = (emitter *)(uintptr_t)e, .op = op, .rows = 1};
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    if (conv) {
        window_init(&v->w, op);
        bool side_by_side = v->w.dw == 1;
        v->rows = v->w.kh * (side_by_side ? 1 : v->w.kw);
        v->row = v->w.c * (side_by_side ? v->w.kw : 1);
    } else {
        v->row = in->dim[in->rank - 1];
    }
    v->terms = v->rows * v->row;
    v->count = conv ? v->w.oh * v->w.ow : (int)(ir_elems(in) / v->row);
    v->words = v->count > 3 ? 2 : 1;
    v->filters = v->words == 2 ? 2 : 4;
    v->outputs = out->dim[out->rank - 1];
    v->padded = (v->outputs + v->filters - 1) / v->filters * v->filters;
}

static int64_t packed_bytes(const long_conv *v)
{
    return (int64_t)v->terms * v->words * 4;
}

static bool has_edge(const long_conv *v)
{
    return v->op->kind == OP_CONV2D && window_has_edge(&v->w);
}

/* Whether each filter's sums fit the lower field. */
static bool fits(const long_conv *v)
{
    const int8_t *w = ir_weight(v->op)->data;
    for (int o = 0; o < v->outputs; ++o) {
        int64_t sum = 0;
        for (int k = 0; k < v->terms; ++k, ++w)
            sum += *w < 0 ? -*w : *w;
        if (sum * 128 >= 1 << (FIELD - 1))
            return false;
    }
    return true;
}

bool long_takes_conv(const emitter *e, const ir_op *op)
{
    long_conv v;
    bool conv = op->kind == OP_CONV2D;
    if (op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 || (conv && op->at.groups != 1) ||
        op->q->acc_type != IR_I32 || op->q->mode == IR_NUM_ONNX)
        return false;
    init(&v, e, op);
    /* taps apart in a line have one distance only while there is one line of them */
    return fits(&v) && (!conv || v.w.dw == 1 || v.w.kh == 1);
}

int64_t long_scratch_conv(const emitter *e, const ir_op *op)
{
    long_conv v;
    init(&v, e, op);
    return packed_bytes(&v) + (has_edge(&v) ? 2 * v.words * v.terms : 0);
}

/* All windows of a tile are packed before the first of its codes is written. */
bool long_conv_in_place(const ir_op *op)
{
    return dsp_conv_in_place(op) && ir_elems(&op->out[0]->shape) > op->out[0]->shape.dim[2];
}

/* ---- weights ------------------------------------------------------------------------------ */

/* Tiles of filters, then terms, then filters. */
static const char *weight_array_of(long_conv *v)
{
    arena *a = v->e->ctx->a;
    const int8_t *from = ir_weight(v->op)->data;
    size_t n = (size_t)v->padded * (size_t)v->terms;
    int8_t *to = ARENA_ARRAY(a, int8_t, n);
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0; k < v->terms && !v->f.constant[o]; ++k)
            to[(o / v->filters * v->terms + k) * v->filters + o % v->filters] =
                from[(size_t)o * (size_t)v->terms + (size_t)k];
    const char *comment =
        arena_printf(a, "%s: weights [%d filters][term %d][%d]", emit_comment(v->e, v->op->name),
                     v->filters, v->terms, v->filters);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I8, to, (int64_t)n,
                      comment);
}

/* ---- the filters -------------------------------------------------------------------------- */

/* "u = p[2], v = p[3];" and, for each filter, "f = w[2], a0 += f * u, a1 += f * v;" */
static void put_term(const long_conv *v, int columns, int k)
{
    buf *out = v->t.out;
    bool two = v->words == 2;
    buf_printf(out, "%*su = p[%d]", columns, "", k * v->words);
    if (two)
        buf_printf(out, ", v = p[%d]", k * v->words + 1);
    buf_puts(out, ";\n");
    for (int i = 0; i < v->filters; ++i) {
        buf_printf(out, "%*sf = w[%d], %c0 += f * u", columns, "", k * v->filters + i, 'a' + i);
        if (two)
            buf_printf(out, ", %c1 += f * v", 'a' + i);
        buf_puts(out, ";\n");
    }
}

int long_unroll(const emitter *e)
{
    static const int policy[] = {[EMIT_OS] = 2, [EMIT_O2] = 4, [EMIT_OSPEED] = 8};
    int n = e->o->unroll >= 0 ? e->o->unroll : policy[e->o->opt];
    return n < 1 ? 1 : n > 16 ? 16 : n;
}

static void put_terms(long_conv *v)
{
    text *t = &v->t;
    int n = long_unroll(v->e), loops = v->terms / n, done = 0;
    if (loops > 1) {
        text_set(t, "loops", "%d", loops);
        text_set(t, "p_step", "%d", n * v->words);
        text_set(t, "w_step", "%d", n * v->filters);
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $p_step$, w += $w_step$) "
                    "{\n");
        for (int i = 0; i < n; ++i)
            put_term(v, 12, i);
        text_put(t, "        }\n");
        done = loops * n;
    }
    for (int i = 0; i < v->terms - done; ++i)
        put_term(v, 8, i);
    text_set(t, "w_step", "%d", (v->terms - done) * v->filters);
    text_put(t, "?w_step|        w += $w_step$;\n");
}

/* Bias, multiplier and shift of a filter in variables: stores of codes would have them read again.
 */
static fast_rescale put_scale(long_conv *v, const char *channel, int filter)
{
    text *t = &v->t;
    fast_rescale f = v->f;
    text_set(t, "at", "%d", 2 * filter);
    text_set(t, "mult_at", "%d", 2 * filter + 1);
    text_set(t, "half", "%d", 1 << (FIELD - 1));
    text_set(t, "fast", "%d", f.fast);
    text_put(t, "        bias = scale[$at$], low = bias - $half$;\n"
                "?fast|        mult = scale[$mult_at$];\n");
    if (f.fast && f.shift.array) {
        text_set(t, "shift", "%s", per_channel_at(v->e->ctx->a, &f.shift, channel));
        text_put(t, "        shift = $shift$;\n");
        f.shift = (per_channel){.literal = "shift"};
    }
    return f;
}

/* Codes of a filter in all windows. */
static void put_codes(long_conv *v, int filter)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    const char *channel = filter ? arena_printf(a, "o + %d", filter) : "o";
    bool spare = filter >= v->filters - (v->padded - v->outputs);
    fast_rescale f = put_scale(v, channel, filter);
    emit_use_helper(v->e, EH_LONG_LOW);
    emit_use_helper(v->e, EH_LONG_HIGH);
    text_set(t, "a", "%c", 'a' + filter);
    text_set(t, "field", "%d", FIELD);
    text_set(t, "guard", spare ? "if (%s < %d)\n            " : "", channel, v->outputs);
    text_set(t, "channel", "%s", channel);
    text_set(t, "code", "%s", fast_code(&f, "s", channel, "mult"));
    for (int i = 0; i < 2 * v->words; ++i) {
        text_set(t, "i", "%d", i);
        text_set(t, "word", "%d", i / 2);
        text_put(t, i % 2 ? "        s = $P$_high($a$$word$, $field$) + bias;\n"
                          : "        s = $P$_low($a$$word$, $field$) + low;\n");
        text_put(t, "        $guard$out$i$[$channel$] = $code$;\n");
    }
}

static const char *each_out(const long_conv *v, const char *type)
{
    buf b;
    buf_init(&b, v->e->ctx->a);
    for (int i = 0; i < 2 * v->words; ++i)
        buf_printf(&b, ", %sout%d", type, i);
    return buf_str(&b);
}

static void put_dots(long_conv *v)
{
    text *t = &v->t;
    emit_use_helper(v->e, EH_APART);
    text_set(t, "U", "%s", v->e->upper);
    text_set(t, "dots", "%s", op_aux(v->e, v->op, "dots"));
    text_set(t, "weight", "%s", weight_array_of(v));
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "windows", "%d", 2 * v->words);
    text_set(t, "filters", "%d", v->filters);
    text_set(t, "padded", "%d", v->padded);
    text_set(t, "outs", "%s", each_out(v, "int8_t *"));
    text_set(t, "two", "%d", v->words == 2);
    text_put(t, "/* $layer$: $windows$ packed windows with all filters, $filters$ at a time; a0 "
                "holds two sums. */\n"
                "$U$_APART void $dots$(const int32_t *restrict x$outs$)\n"
                "{\n"
                "    const int8_t *w = $weight$;\n"
                "    const int32_t *scale = $scale$;\n"
                "    for (int32_t o = 0; o < $padded$; o += $filters$, scale += 2 * $filters$) {\n"
                "        const int32_t *p = x;\n");
    for (int i = 0; i < v->filters; ++i) {
        text_set(t, "a", "%c", 'a' + i);
        text_set(t, "half", "%d", 1 << (FIELD - 1));
        text_put(t, "        int64_t $a$0 = $half$;\n"
                    "?two|        int64_t $a$1 = $half$;\n");
    }
    text_put(t, "        int64_t f, u;\n"
                "?two|        int64_t v;\n");
    put_terms(v);
    text_set(t, "more", "%s%s", v->f.fast ? ", mult" : "",
             v->f.fast && v->f.shift.array ? ", shift" : "");
    text_put(t, "        int32_t s, bias, low$more$;\n");
    for (int filter = 0; filter < v->filters; ++filter)
        put_codes(v, filter);
    text_put(t, "    }\n"
                "}\n\n");
}

/* ---- packing ------------------------------------------------------------------------------ */

static void put_pack(const long_conv *v, int columns, const char *from, int i)
{
    buf_printf(v->t.out, "%*sx[%d] = a[%s%d] + b[%s%d] * %d;\n", columns, "", i * v->words, from, i,
               from, i, 1 << FIELD);
}

/* Packs the windows at a and b, whose rows are `pitch` (or as given) apart. */
static void put_gather(long_conv *v, bool any_pitch)
{
    text *t = &v->t;
    int whole = v->row / BLOCK * BLOCK, columns = v->rows > 1 ? 8 : 4;
    bool loop = whole > BLOCK;
    text_set(t, "gather", "%s", op_aux(v->e, v->op, "pack"));
    text_set(t, "any", "%d", any_pitch);
    text_set(t, "rows", "%d", v->rows);
    text_set(t, "whole", "%d", whole);
    text_set(t, "step", "%d", v->words);
    text_set(t, "block", "%d", v->words * BLOCK);
    text_set(t, "rest", "%d", (loop ? v->row - whole : v->row) * v->words);
    text_put(t, "/* $layer$: packs two windows. */\n"
                "?any|static void $gather$(const int8_t *a, int32_t a_pitch, const int8_t *b, "
                "int32_t b_pitch, int32_t *x)\n"
                "!any|static void $gather$(const int8_t *a, const int8_t *b, int32_t *x)\n"
                "{\n");
    if (v->rows > 1)
        text_put(t, "?any|    for (int32_t k = 0; k < $rows$; ++k, a += a_pitch, b += b_pitch, "
                    "x += $rest$) {\n"
                    "!any|    for (int32_t k = 0; k < $rows$; ++k, a += $pitch$, b += $pitch$, "
                    "x += $rest$) {\n");
    if (loop) {
        text_put_at(t, columns, "for (int32_t i = 0; i < $whole$; i += 4, x += $block$) {\n");
        for (int i = 0; i < BLOCK; ++i)
            put_pack(v, columns + 4, "i + ", i);
        text_put_at(t, columns, "}\n");
        for (int i = 0; whole + i < v->row; ++i)
            buf_printf(t->out, "%*sx[%d] = a[%d] + b[%d] * %d;\n", columns, "", i * v->words,
                       whole + i, whole + i, 1 << FIELD);
    } else {
        for (int i = 0; i < v->row; ++i)
            put_pack(v, columns, "", i);
    }
    text_put(t, v->rows > 1 ? "    }\n}\n\n" : "}\n\n");
}

/* ---- windows ------------------------------------------------------------------------------ */

/* Packs the windows `a` and `b` (expressions) as word `word` of the tile. */
static const char *pack_call(long_conv *v, const char *a, const char *b, const char *word)
{
    arena *r = v->e->ctx->a;
    bool any = text_expand(&v->t, "$any$")[0] == '1';
    const char *name = text_expand(&v->t, "$gather$");
    return any ? arena_printf(r, "%s(%s, %s_pitch, %s, %s_pitch, %s);\n", name, a, a, b, b, word)
               : arena_printf(r, "%s(%s, %s, %s);\n", name, a, b, word);
}

/* Arguments for the codes of a full tile, `out` being the place of the last window's. */
static const char *full_outs(const long_conv *v)
{
    buf b;
    buf_init(&b, v->e->ctx->a);
    for (int i = 2 * v->words - 1; i > 0; --i)
        buf_printf(&b, ", out - %d", i * v->outputs);
    buf_puts(&b, ", out");
    return buf_str(&b);
}

/* What follows the window `at`. */
static const char *window_done(long_conv *v)
{
    text *t = &v->t;
    text_set(t, "pack", "%s",
             pack_call(v, "before", "at", v->words == 2 ? "terms + (filled >> 1)" : "terms"));
    text_set(t, "full", "%s", full_outs(v));
    return text_expand(t, "if (filled & 1)\n"
                          "    $pack$"
                          "before = at;\n"
                          "?any|before_pitch = at_pitch;\n"
                          "if (++filled == $windows$) {\n"
                          "    $dots$(terms$full$);\n"
                          "    filled = 0;\n"
                          "}\n");
}

/* Windows left over: the last is repeated, its codes too. `out` is behind the last one's. */
static void put_last(long_conv *v)
{
    text *t = &v->t;
    int rest = v->count % (2 * v->words);
    if (rest == 0)
        return;
    buf b;
    buf_init(&b, v->e->ctx->a);
    for (int i = 0; i < 2 * v->words; ++i)
        buf_printf(&b, ", out - %d", (i < rest ? rest - i : 1) * v->outputs);
    text_set(t, "outs", "%s", buf_str(&b));
    text_put(t, "    /* the last windows: the tile is filled with the very last one */\n");
    for (int word = rest / 2; word < v->words; ++word) {
        text_set(t, "pack", "%s", pack_call(v, "before", "before", word ? "terms + 1" : "terms"));
        text_put(t, "    $pack$");
    }
    text_put(t, "    $dots$(terms$outs$);\n");
}

static void put_conv(long_conv *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    text_set(t, "iy", "%s", window_coord(a, "y", w->sh, w->pt, NULL, 1));
    text_set(t, "ix", "%s", window_coord(a, "x", w->sw, w->pl, NULL, 1));
    text_set(t, "row", "%d", v->row);
    text_set(t, "terms", "%d", v->terms);
    const char *done = window_done(v);
    const char *inner = text_expand(t, "const int8_t *at = in0 + (($iy$) * $w$ + $ix$) * $c$;\n"
                                       "?any|const int32_t at_pitch = $pitch$;\n");
    const char *edge = text_expand(t, "int8_t *at = window + filled * $terms$;\n"
                                      "?any|const int32_t at_pitch = $row$;\n"
                                      "$edge$(in0, y, x, at);\n");
    window_nest(t, w, has_edge(v) ? arena_printf(a, "%s%s", edge, done) : "",
                arena_printf(a, "%s%s", inner, done));
}

static void put_dense(long_conv *v)
{
    text *t = &v->t;
    text_set(t, "count", "%d", v->count);
    text_set(t, "row", "%d", v->row);
    text_set(t, "o", "%d", v->outputs);
    text_put(t, "    for (int32_t i = 0; i < $count$; ++i, out += $o$) {\n"
                "        const int8_t *at = in0 + i * $row$;\n");
    text_put_at(t, 8, window_done(v));
    text_put(t, "    }\n");
}

bool long_print_conv(emitter *e, const ir_op *op)
{
    long_conv v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    bool conv = op->kind == OP_CONV2D, edge = has_edge(&v), any = edge && v.rows > 1;
    text_set(t, "edge", "%s", "");
    if (conv) {
        window_vars(&v.w, t);
        /* rows of a window: lines of the input, or single taps of equal distance */
        text_set(t, "pitch", "%d", (v.w.dw == 1 ? v.w.dh * v.w.w : v.w.dw) * v.w.c);
        if (edge)
            text_set(t, "edge", "%s", conv_print_edge(e, op));
    }
    fast_init(&v.f, e, op, v.padded, false);
    put_dots(&v);
    put_gather(&v, any);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_set(t, "window_at", edge ? "%lld" : "", (long long)packed_bytes(&v));
    text_put(t, "    int32_t *terms = scratch;\n"
                "?window_at|    int8_t *window = (int8_t *)scratch + $window_at$;\n"
                "    const int8_t *before = in0;\n"
                "?any|    int32_t before_pitch = 0;\n"
                "    int32_t filled = 0;\n");
    if (conv)
        put_conv(&v);
    else
        put_dense(&v);
    put_last(&v);
    op_close(t);
    return true;
}
