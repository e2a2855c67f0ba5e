/* bundle.c - windows packed several to a word (bundle.h). */
#include "compiler/emit/bundle.h"

/* Bytes of decoded weights; so many filters are decoded together even if they take more, up to the
 * last: packing windows again costs about as much as one filter. */
enum { BLOCK = 4, DECODED = 4096, MIN_FILTERS = 8, MAX_DECODED = 16384 };

/* ---- geometry ----------------------------------------------------------------------------- */

static void set_rows(bundle *v, int rows, int row)
{
    v->rows = rows;
    v->row = row;
    v->terms = rows * row;
}

void bundle_init(bundle *v, const emitter *e, const ir_op *op, int group)
{
    bool conv = op->kind == OP_CONV2D;
    *v = (bundle){.e = (emitter *)(uintptr_t)e, .op = op, .group = group, .s = store_of(op)};
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    if (conv) {
        window_init(&v->w, op);
        bool side_by_side = v->w.dw == 1;
        set_rows(v, v->w.kh * (side_by_side ? 1 : v->w.kw), v->w.c * (side_by_side ? v->w.kw : 1));
    } else {
        set_rows(v, 1, in->dim[in->rank - 1]);
    }
    v->count = conv ? v->w.oh * v->w.ow : (int)(ir_elems(in) / v->row);
    v->bundles = v->count > group ? 2 : 1;
    v->outputs = out->dim[out->rank - 1];
}

static int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

/* Filters that are decoded together: the same for tiles of 1, 2 and 4. */
static int block_of(const bundle *v)
{
    int row = round_up(v->terms, BLOCK) * (v->s.type == IR_I8 ? 1 : 2),
        all = round_up(v->outputs, BLOCK);
    int most = DECODED / row < MIN_FILTERS ? MIN_FILTERS : DECODED / row / BLOCK * BLOCK;
    int blocks = (all + most - 1) / most;
    return round_up((all + blocks - 1) / blocks, BLOCK);
}

void bundle_set_filters(bundle *v, int filters)
{
    v->filters = filters;
    v->padded = round_up(v->outputs, filters);
    v->block = v->s.decoded ? block_of(v) : v->padded;
    v->block = v->block < v->padded ? v->block : v->padded;
}

/* Of a term of one bundle. */
static int group_words(const bundle *v)
{
    return v->plain ? v->group : v->group - 1;
}

int bundle_words(const bundle *v)
{
    return v->bundles * group_words(v);
}

int bundle_windows(const bundle *v)
{
    return v->bundles * v->group;
}

static int64_t packed_bytes(const bundle *v)
{
    return (int64_t)(v->terms + v->spare) * bundle_words(v) * 4;
}

static bool has_edge(const bundle *v)
{
    return v->op->kind == OP_CONV2D && window_has_edge(&v->w);
}

static store_tiles tiles_of(const bundle *v)
{
    return (store_tiles){.filters = v->filters,
                         .outputs = v->outputs,
                         .terms = v->terms,
                         .spare = v->spare,
                         .constant = v->f.constant};
}

/* Bytes before the decoded weights. */
static int64_t windows_bytes(const bundle *v)
{
    int64_t edge = has_edge(v) ? v->group * v->terms : 0;
    return packed_bytes(v) + (edge + 3) / 4 * 4;
}

static int64_t decoded_bytes(const bundle *v)
{
    store_tiles n = tiles_of(v);
    return v->s.decoded ? store_bytes(&v->s, &n, v->block / v->filters) : 0;
}

int64_t bundle_scratch(const bundle *v)
{
    return windows_bytes(v) + decoded_bytes(v);
}

static bool is_one_pass(const ir_op *op)
{
    bundle v;
    bundle_init(&v, NULL, op, 2);
    bundle_set_filters(&v, BLOCK);
    return v.block == v.padded;
}

bool bundle_in_place(const ir_op *op)
{
    return dsp_conv_in_place(op) && is_one_pass(op);
}

kernel_order bundle_order(const emitter *e, const ir_op *op, int *lines)
{
    (void)e;
    *lines = 1;
    return is_one_pass(op) ? ORDER_CELLS : ORDER_UNKNOWN;
}

bool bundle_takes(const emitter *e, const ir_op *op, ir_type type)
{
    bundle v;
    bool conv = op->kind == OP_CONV2D;
    if (op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 || (conv && op->at.groups != 1) ||
        op->q->acc_type != IR_I32 || op->q->mode == IR_NUM_ONNX || !store_takes(e, op, type))
        return false;
    bundle_init(&v, e, op, 2);
    bundle_set_filters(&v, BLOCK);
    if (decoded_bytes(&v) > MAX_DECODED)
        return false;
    /* taps apart in a line have one distance only while there is one line of them */
    return !conv || v.w.dw == 1 || v.w.kh == 1;
}

int64_t bundle_weight_sum(const bundle *v, int part)
{
    int64_t most = 0, i = 0;
    for (int o = 0; o < v->outputs; ++o) {
        int64_t sum = 0;
        for (int k = 0; k < v->terms; ++k, ++i) {
            int32_t w = store_number(v->op, i);
            sum = (k % part ? sum : 0) + (w < 0 ? -w : w);
            most = sum > most ? sum : most;
        }
    }
    return most;
}

bool bundle_is_signed(const bundle *v)
{
    return bundle_weight_sum(v, v->terms) * 128 <= INT32_MAX;
}

int bundle_unroll(const emitter *e)
{
    static const int policy[] = {[EMIT_OS] = 2, [EMIT_O2] = 4, [EMIT_OSPEED] = 8};
    int n = e->o->unroll >= 0 ? e->o->unroll : policy[e->o->opt];
    return n < 1 ? 1 : n > 16 ? 16 : n;
}

/* ---- codes -------------------------------------------------------------------------------- */

static const char *channel_of(const bundle *v, int filter)
{
    return filter ? arena_printf(v->e->ctx->a, "o + %d", filter) : "o";
}

/* ", int8_t *out0, int8_t *out1" */
static const char *outs_of(const bundle *v)
{
    buf b;
    buf_init(&b, v->e->ctx->a);
    for (int i = 0; i < bundle_windows(v); ++i)
        buf_printf(&b, ", int8_t *out%d", i);
    return buf_str(&b);
}

void bundle_weights(bundle *v)
{
    store_tiles n = tiles_of(v);
    store_offsets(&v->s, v->e, v->op, v->padded);
    if (v->s.decoded)
        store_print_decode(&v->s, v->e, v->op, &n, &v->t);
    else
        text_set(&v->t, "weight", "%s", store_array(&v->s, v->e, v->op, &n));
}

void bundle_open_dots(bundle *v, const char *number_type)
{
    text *t = &v->t;
    text_set(t, "number_type", "%s", number_type);
    text_set(t, "outs", "%s", outs_of(v));
    text_put(t, "!decoded|$U$_APART void $dots$(const $word$ *restrict x$sum_parameter$$outs$)\n"
                "?decoded|$U$_APART void $dots$(const $word$ *restrict x$sum_parameter$, const "
                "$number_type$ *w, int32_t o,\n"
                "?decoded|    int32_t end$outs$)\n"
                "{\n"
                "!decoded|    const $number_type$ *w = $weight$;\n"
                "!decoded|    const int32_t *scale = $scale$;\n"
                "!decoded|    for (int32_t o = 0; o < $padded$; o += $filters$, scale += 2 * "
                "$filters$) {\n"
                "?decoded|    const int32_t *scale = &$scale$[2 * o];\n"
                "?decoded|    for (; o < end; o += $filters$, scale += 2 * $filters$) {\n");
}

void bundle_declare(bundle *v)
{
    text_set(&v->t, "fast", "%d", v->f.fast);
    text_set(&v->t, "shifts", "%d", v->f.fast && v->f.shift.array);
    text_put(&v->t, "        int32_t bias;\n"
                    "?fast|        int32_t mult;\n"
                    "?shifts|        int32_t shift;\n"
                    "?sums|        uint32_t offset;\n");
}

/* In variables, as stores of codes would have them read again. */
fast_rescale bundle_scale(bundle *v, int filter)
{
    text *t = &v->t;
    fast_rescale f = v->f;
    text_set(t, "at", "%d", 2 * filter);
    text_set(t, "mult_at", "%d", 2 * filter + 1);
    text_put(t, "        bias = scale[$at$];\n"
                "?fast|        mult = scale[$mult_at$];\n");
    if (f.fast && f.shift.array) {
        text_set(t, "shift", "%s", per_channel_at(v->e->ctx->a, &f.shift, channel_of(v, filter)));
        text_put(t, "        shift = $shift$;\n");
        f.shift = (per_channel){.literal = "shift"};
    }
    text_set(t, "offset", "%s", per_channel_at(v->e->ctx->a, &v->s.offset, channel_of(v, filter)));
    text_put(t, "?sums|        offset = (uint32_t)$offset$;\n");
    return f;
}

const char *bundle_acc(bundle *v, const char *sum, int i)
{
    arena *a = v->e->ctx->a;
    if (!v->s.sums && v->s.mul == 1)
        return arena_printf(a, "%s + bias", sum);
    const char *mul = v->s.mul == 1 ? "" : arena_printf(a, "%du * ", (int)v->s.mul);
    const char *more = v->s.sums ? arena_printf(a, " + offset * (uint32_t)sum[%d]", i) : "";
    return arena_printf(a, "(int32_t)((uint32_t)bias + %s(uint32_t)(%s)%s)", mul, sum, more);
}

void bundle_code(bundle *v, const fast_rescale *f, int filter, int i, const char *sum)
{
    text *t = &v->t;
    const char *channel = channel_of(v, filter);
    bool spare = filter >= v->filters - (v->padded - v->outputs);
    text_set(t, "guard", spare ? "if (%s < %d)\n            " : "", channel, v->outputs);
    text_set(t, "to", "out%d[%s]", i, channel);
    if (i < 0)
        text_set(t, "to", "out[%s]", channel);
    text_set(t, "code", "%s", fast_code(f, sum, channel, "mult"));
    text_put(t, "        $guard$$to$ = $code$;\n");
}

/* ---- packing ------------------------------------------------------------------------------ */

/* Term `i` of all windows of the bundle as words x[at] and so on. */
static void put_pack(const bundle *v, int columns, const char *from, int i, int at)
{
    static const char *const lines[2][3] = {{"%*sx[%d] = a[%s%d] + b[%s%d] * 8388608;\n"},
                                            {"%*su = c[%s%d];\n",
                                             "%*sx[%d] = (uint32_t)(a[%s%d] + u * 2097152);\n",
                                             "%*sx[%d] = (uint32_t)(b[%s%d] + u * 1024);\n"}};
    buf *out = v->t.out;
    if (v->s.sums) {
        buf_printf(out, "%*ss0 += a[%s%d], s1 += b[%s%d]", columns, "", from, i, from, i);
        if (v->group == 3)
            buf_printf(out, ", s2 += c[%s%d]", from, i);
        buf_puts(out, ";\n");
    }
    if (v->plain) {
        const char *cast = text_expand((text *)(uintptr_t)&v->t, "($word$)");
        buf_printf(out, "%*sx[%d] = %sa[%s%d], x[%d] = %sb[%s%d];\n", columns, "", at, cast, from,
                   i, at + 1, cast, from, i);
        return;
    }
    if (v->group == 2) {
        buf_printf(out, lines[0][0], columns, "", at, from, i, from, i);
        return;
    }
    buf_printf(out, lines[1][0], columns, "", from, i);
    buf_printf(out, lines[1][1], columns, "", at, from, i);
    buf_printf(out, lines[1][2], columns, "", at + 1, from, i);
}

static void put_row(const bundle *v, int columns)
{
    text *t = (text *)(uintptr_t)&v->t;
    int words = bundle_words(v), whole = v->row / BLOCK * BLOCK, done = 0;
    if (whole > BLOCK) {
        text_put_at(t, columns, "for (int32_t i = 0; i < $whole$; i += 4, x += $block$) {\n");
        for (int i = 0; i < BLOCK; ++i)
            put_pack(v, columns + 4, "i + ", i, i * words);
        text_put_at(t, columns, "}\n");
        done = whole;
    }
    for (int i = done; i < v->row; ++i)
        put_pack(v, columns, "", i, (i - done) * words);
}

/* Names a, b and for bundles of three c, in `fmt`, where $i$ stands for the name. */
static const char *for_each(const bundle *v, const char *fmt)
{
    buf b;
    text t;
    buf_init(&b, v->e->ctx->a);
    text_init(&t, &b);
    for (int i = 0; i < v->group; ++i) {
        text_set(&t, "i", "%c", 'a' + i);
        buf_puts(&b, text_expand(&t, fmt));
    }
    return buf_str(&b);
}

static void put_gather(bundle *v)
{
    text *t = &v->t;
    int words = bundle_words(v), whole = v->row / BLOCK * BLOCK;
    bool any = has_edge(v) && v->rows > 1;
    text_set(t, "any", "%d", any);
    text_set(t, "gather", "%s", op_aux(v->e, v->op, "pack"));
    text_set(t, "rows", "%d", v->rows);
    text_set(t, "whole", "%d", whole);
    text_set(t, "block", "%d", words * BLOCK);
    text_set(t, "rest", "%d", (whole > BLOCK ? v->row - whole : v->row) * words);
    text_set(t, "group", "%d", v->group);
    text_set(t, "three", "%d", v->group == 3);
    text_set(t, "from", "%s",
             for_each(v, any ? "const int8_t *$i$, int32_t $i$_pitch, " : "const int8_t *$i$, "));
    const char *pitch = text_expand(t, "$pitch$");
    text_set(
        t, "steps", "%s",
        for_each(v, any ? "$i$ += $i$_pitch, " : arena_printf(v->e->ctx->a, "$i$ += %s, ", pitch)));
    text_put(t, "/* $layer$: packs the terms of $group$ windows. */\n"
                "!sums|static void $gather$($from$$word$ *x)\n"
                "?sums|static void $gather$($from$$word$ *x, int32_t *sum)\n"
                "{\n"
                "?three|    int32_t u;\n"
                "?sums|    int32_t s0 = 0, s1 = 0;\n"
                "?sums|?three|    int32_t s2 = 0;\n");
    if (v->rows > 1)
        text_put(t, "    for (int32_t k = 0; k < $rows$; ++k, $steps$x += $rest$) {\n");
    put_row(v, v->rows > 1 ? 8 : 4);
    text_put(t, v->rows > 1 ? "    }\n" : "");
    text_put(t, "?sums|    sum[0] = s0;\n"
                "?sums|    sum[1] = s1;\n"
                "?sums|?three|    sum[2] = s2;\n"
                "}\n\n");
}

/* ---- windows ------------------------------------------------------------------------------ */

/* Packs windows a, b, c (names of pointers; `c` only where three are bundled) at `to`, their sums
 * at `sum`. */
static const char *pack_call(bundle *v, const char *const *names, const char *to, const char *sum)
{
    arena *a = v->e->ctx->a;
    bool any = text_expand(&v->t, "$any$")[0] == '1';
    buf b;
    buf_init(&b, a);
    for (int i = 0; i < v->group; ++i)
        buf_printf(&b, any ? "%s, %s_pitch, " : "%s, ", names[i], names[i]);
    return arena_printf(a, "%s(%s%s%s%s);", text_expand(&v->t, "$gather$"), buf_str(&b), to,
                        v->s.sums ? ", " : "", v->s.sums ? sum : "");
}

/* The call for a tile; behind[i]: how many outputs before `out` those of window i begin. */
static const char *dots_call_of(bundle *v, const int *behind)
{
    buf b;
    buf_init(&b, v->e->ctx->a);
    buf_puts(&b, text_expand(&v->t, "$dots$(terms"));
    buf_puts(&b, v->s.sums ? ", sum" : "");
    buf_puts(&b, v->s.decoded ? text_expand(&v->t, ", weights, $first_filter$, $end_filter$") : "");
    for (int i = 0; i < bundle_windows(v); ++i)
        if (behind[i])
            buf_printf(&b, ", out - %d", behind[i] * v->outputs);
        else
            buf_puts(&b, ", out");
    buf_puts(&b, ");");
    return buf_str(&b);
}

/* What follows the window `at`: it is kept, or completes a bundle, or a tile. */
static const char *window_done(bundle *v)
{
    static const char *const names[] = {"first", "second", "at"}, *const two[] = {"first", "at"};
    text *t = &v->t;
    int behind[6];
    for (int i = 0; i < bundle_windows(v); ++i)
        behind[i] = bundle_windows(v) - 1 - i;
    text_set(t, "pack", "%s", pack_call(v, v->group == 3 ? names : two, "p", "s"));
    text_set(t, "full", "%s", dots_call_of(v, behind));
    text_set(t, "words", "%d", group_words(v));
    text_set(t, "many", "%d", v->bundles > 1);
    return text_expand(t, "if (filled == $group$ - 1) {\n"
                          "    $pack$\n"
                          "    filled = 0;\n"
                          "!many|    $full$\n"
                          "?many|    if (p == terms) {\n"
                          "?many|        p += $words$;\n"
                          "?many|?sums|        s += $group$;\n"
                          "?many|    } else {\n"
                          "?many|        $full$\n"
                          "?many|        p = terms;\n"
                          "?many|?sums|        s = sum;\n"
                          "?many|    }\n"
                          "?three|} else if (filled == 1) {\n"
                          "?three|    second = at;\n"
                          "?three|?any|    second_pitch = at_pitch;\n"
                          "?three|    filled = 2;\n"
                          "} else {\n"
                          "    first = at;\n"
                          "?any|    first_pitch = at_pitch;\n"
                          "    filled = 1;\n"
                          "}\n");
}

/* Windows left over: the last tile is filled with ones that there were. `out` is behind the last.
 */
static void put_last(bundle *v)
{
    static const char *const one[] = {"first", "first", "first"}, *const two[] = {"first", "second",
                                                                                  "second"};
    text *t = &v->t;
    int tile = bundle_windows(v), left = v->count % tile, some = left % v->group, behind[6];
    if (left == 0)
        return;
    const char *const *names = v->group == 3 && some != 1 ? two : one;
    int newest = some ? some : v->group; /* `first` is so many windows before the end */
    for (int i = 0; i < tile; ++i) {
        int slot = i % v->group, again = names == two && slot > 0 ? 1 : 0;
        behind[i] = i < left ? left - i : newest - again;
    }
    text_set(t, "full", "%s", dots_call_of(v, behind));
    text_put(t, "    /* the last windows: the tile is filled with some of them again */\n");
    for (int b = left / v->group; b < v->bundles; ++b) {
        text_set(t, "pack", "%s",
                 pack_call(v, names, b ? text_expand(t, "terms + $words$") : "terms",
                           b ? text_expand(t, "sum + $group$") : "sum"));
        text_put(t, "    $pack$\n");
    }
    text_put(t, "    $full$\n");
}

static void put_conv(bundle *v)
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

static void put_dense(bundle *v)
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

/* ---- the layer ---------------------------------------------------------------------------- */

void bundle_begin(bundle *v, const char *word)
{
    emitter *e = v->e;
    text *t = &v->t;
    op_begin(e, v->op, t);
    emit_use_helper(e, EH_APART);
    text_set(t, "U", "%s", e->upper);
    text_set(t, "word", "%s", word);
    text_set(t, "edge", "%s", "");
    text_set(t, "pitch", "%s", "0");
    if (v->op->kind == OP_CONV2D) {
        window_vars(&v->w, t);
        /* rows of a window: lines of the input, or single taps of equal distance */
        text_set(t, "pitch", "%d", (v->w.dw == 1 ? v->w.dh * v->w.w : v->w.dw) * v->w.c);
        if (has_edge(v))
            text_set(t, "edge", "%s", conv_print_edge(e, v->op));
    }
    fast_init(&v->f, e, v->op, v->padded, false);
    text_set(t, "dots", "%s", op_aux(e, v->op, "dots"));
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "decoded", "%d", v->s.decoded);
    text_set(t, "sums", "%d", v->s.sums);
    text_set(t, "sum_parameter", "%s", v->s.sums ? ", const int32_t *restrict sum" : "");
    text_set(t, "windows", "%d", bundle_windows(v));
    text_set(t, "filters", "%d", v->filters);
    text_set(t, "padded", "%d", v->padded);
}

static void put_windows(bundle *v)
{
    if (v->op->kind == OP_CONV2D)
        put_conv(v);
    else
        put_dense(v);
    put_last(v);
}

/* The windows once for each block of decoded filters. */
static void put_blocks(bundle *v)
{
    text *t = &v->t;
    bool one = v->block >= v->padded, cut = v->padded % v->block != 0;
    text_set(t, "block_filters", "%d", v->block);
    text_set(t, "first_filter", "%s", one ? "0" : "o");
    text_set(t, "end_filter", "%s", one ? "$padded$" : cut ? "end" : "o + $block_filters$");
    text_set(t, "end_filter", "%s", text_expand(t, text_expand(t, "$end_filter$")));
    text_set(t, "block_tile", one ? "0" : v->filters == 1 ? "o" : "o / %d", v->filters);
    text_set(t, "block_tiles", "%d", v->block / v->filters);
    if (cut)
        text_set(t, "block_tiles", v->filters == 1 ? "end - o" : "(end - o) / %d", v->filters);
    text_set(t, "cut", "%d", cut);
    if (one) {
        text_put(t, "    $decode$($block_tile$, $block_tiles$, weights);\n");
        put_windows(v);
        return;
    }
    text_put(t, "    int8_t *const all = out;\n"
                "    for (int32_t o = 0; o < $padded$; o += $block_filters$) {\n"
                "?cut|        const int32_t end = o < $padded$ - $block_filters$ ? o + "
                "$block_filters$ : $padded$;\n"
                "        $decode$($block_tile$, $block_tiles$, weights);\n"
                "        out = all;\n"
                "        filled = 0;\n"
                "        p = terms;\n"
                "?sums|        s = sum;\n");
    t->out->indent += 4;
    put_windows(v);
    t->out->indent -= 4;
    text_put(t, "    }\n");
}

void bundle_finish(bundle *v)
{
    text *t = &v->t;
    put_gather(v);
    op_comment(v->e, v->op, t);
    op_open(v->e, v->op, t);
    int words = bundle_words(v);
    text_set(t, "window_at", has_edge(v) ? "%lld" : "", (long long)packed_bytes(v));
    text_set(t, "weights_at", "%lld", (long long)windows_bytes(v));
    text_set(t, "weights_type", "%s", v->s.words ? "int32_t" : emit_ctype(v->s.type));
    text_set(t, "blank", "%d", v->spare * words);
    text_set(t, "blank_at", "%d", v->terms * words);
    text_put(t,
             "    $word$ *terms = scratch, *p = terms;\n"
             "?window_at|    int8_t *window = (int8_t *)scratch + $window_at$;\n"
             "?decoded|    $weights_type$ *weights = (void *)((int8_t *)scratch + $weights_at$);\n"
             "    const int8_t *first = in0;\n"
             "?any|    int32_t first_pitch = 0;\n"
             "?three|    const int8_t *second = in0;\n"
             "?three|?any|    int32_t second_pitch = 0;\n"
             "    int32_t filled = 0;\n"
             "?sums|    int32_t sum[$windows$], *s = sum;\n"
             "?blank|    for (int32_t i = 0; i < $blank$; ++i)\n"
             "?blank|        terms[$blank_at$ + i] = 0;\n");
    if (v->s.decoded)
        put_blocks(v);
    else
        put_windows(v);
    op_close(t);
}
