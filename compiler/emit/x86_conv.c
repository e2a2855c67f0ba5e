/* x86_conv.c - convolutions and dense layers on x86-64: four products a lane and instruction, or
 * two of 16 bits.
 *
 * The input is staged in scratch: padded, its codes moved to 0..255 (what VNNI multiplies with
 * signed weights; -128 times the sum of the weights goes into the bias), or of 16 bits. A window is
 * then `rows` runs of codes; a run's length is rounded up to a multiple of a lane's terms, with
 * weights 0 for what is too much. Weights stand as [group of blocks][row][lane of terms][16 *
 * blocks filters][terms], so that a lane holds four (two) terms of a filter; a tile is some windows
 * side by side in a line and the blocks of a group. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

#include <string.h>

enum { ACCUMULATORS = 24, MOST_BLOCKS = 8, SLACK = 64 };

typedef struct x86_conv {
    emitter *e;
    const ir_op *op;
    text t;
    window w;                   /* conv2d */
    int rows, run, whole;       /* of a window; codes of a run, the same in whole lanes */
    int pitch, step;            /* codes from row to row, from window to window */
    int lines, line;            /* windows: lines of them, how many in each */
    int64_t line_pitch;         /* codes from line to line */
    int staged_w, staged_h;     /* conv2d: of the padded input */
    int64_t staged;             /* codes */
    int outputs, blocks, group; /* blocks of 16 filters, blocks of a group */
    int padded_blocks;          /* a multiple of group */
    int tile;                   /* windows of a tile at AVX512 */
    x86_levels weights;
} x86_conv;

/* ---- geometry ----------------------------------------------------------------------------------
 */

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static void set_conv(x86_conv *v)
{
    const ir_op *op = v->op;
    window *w = &v->w;
    window_init(w, op);
    v->staged_w = w->w + op->at.pad[2] + op->at.pad[3];
    v->staged_h = w->h + op->at.pad[0] + op->at.pad[1];
    v->rows = w->kh;
    v->run = w->kw * w->c;
    v->pitch = w->dh * v->staged_w * w->c;
    v->step = w->sw * w->c;
    v->lines = w->oh;
    v->line = w->ow;
    v->line_pitch = (int64_t)w->sh * v->staged_w * w->c;
    v->staged = (int64_t)v->staged_h * v->staged_w * w->c;
    if (w->kh == 1 && w->kw == 1 && w->sh == 1 && w->sw == 1 && v->staged_w == w->w) {
        v->line *= v->lines; /* the lines follow one another */
        v->lines = 1;
    }
}

static void set_dense(x86_conv *v)
{
    const ir_shape *in = &v->op->in[0]->shape;
    v->rows = 1;
    v->run = v->step = in->dim[in->rank - 1];
    v->lines = 1;
    v->line = (int)(ir_elems(in) / v->run);
    v->staged = ir_elems(in);
}

/* Filters of a group. */
static int width_of(const x86_conv *v)
{
    return v->group * X86_BLOCK;
}

static void init(x86_conv *v, const emitter *e, const ir_op *op)
{
    *v = (x86_conv){.e = (emitter *)(uintptr_t)e, .op = op};
    if (op->kind == OP_CONV2D)
        set_conv(v);
    else
        set_dense(v);
    const ir_shape *out = &op->out[0]->shape;
    int terms = x86_is_wide(op) ? 2 : 4;
    v->whole = ceil_div(v->run, terms) * terms;
    v->outputs = out->dim[out->rank - 1];
    v->blocks = ceil_div(v->outputs, X86_BLOCK);
    v->group = x86_choose_group(v->blocks, v->line * v->lines == 1 ? MOST_BLOCKS : MOST_BLOCKS / 2);
    v->padded_blocks = ceil_div(v->blocks, v->group) * v->group;
    v->tile = x86_choose_tile(v->line, ACCUMULATORS / v->group);
    v->weights = x86_levels_of(op, (int64_t)v->rows * v->whole * width_of(v), width_of(v));
}

bool x86_takes_conv(const emitter *e, const ir_op *op)
{
    if (!sums_fit(op) || !x86_levels_take(op) ||
        (op->kind == OP_CONV2D && (op->at.groups != 1 || op->at.dilation[1] > 1)))
        return false;
    x86_conv v;
    init(&v, e, op);
    return v.staged < INT32_MAX / 4 &&
           (int64_t)v.padded_blocks * X86_BLOCK * v.rows * v.whole < INT32_MAX / 4;
}

int64_t x86_scratch_conv(const emitter *e, const ir_op *op)
{
    x86_conv v;
    init(&v, e, op);
    return x86_levels_scratch(&v.weights) + v.staged * x86_size(&v.weights) + SLACK;
}

/* ---- constants ---------------------------------------------------------------------------------
 */

/* Where term k of row r of filter o stands. */
static size_t weight_index(const x86_conv *v, int o, int r, int k)
{
    size_t width = (size_t)width_of(v), terms = (size_t)x86_terms(&v->weights);
    size_t group = (size_t)o / width, lanes = (size_t)v->whole / terms;
    size_t lane = (group * (size_t)v->rows + (size_t)r) * lanes + (size_t)k / terms;
    return (lane * width + (size_t)o % width) * terms + (size_t)k % terms;
}

/* What stands for weights, in their places; extra[o]: what moving codes to 0..255 takes off. */
static int16_t *ordered_weights(const x86_conv *v, int64_t *extra)
{
    const x86_levels *weights = &v->weights;
    int64_t i = 0;
    size_t n = (size_t)(v->padded_blocks * X86_BLOCK) * (size_t)v->rows * (size_t)v->whole;
    int16_t *w = ARENA_ARRAY(v->e->ctx->a, int16_t, n);
    for (size_t k = 0; k < n; ++k)
        w[k] = weights->pad;
    for (int o = 0; o < v->outputs; ++o)
        for (int r = 0; r < v->rows; ++r)
            for (int k = 0; k < v->run; ++k, ++i) {
                w[weight_index(v, o, r, k)] = x86_stored_weight(weights, i);
                extra[o] -= weights->wide ? 0 : 128 * x86_weight_level(weights, i);
            }
    return w;
}

static void put_weights(x86_conv *v)
{
    arena *a = v->e->ctx->a;
    const x86_levels *weights = &v->weights;
    int terms = x86_terms(weights), groups = v->padded_blocks / v->group;
    int places = v->padded_blocks * X86_BLOCK;
    int64_t *extra = ARENA_ARRAY(a, int64_t, v->outputs);
    const int16_t *w = ordered_weights(v, extra);
    int *order = ARENA_ARRAY(a, int, places);
    for (int p = 0; p < places; ++p)
        order[p] = p < v->outputs ? p : -1;
    x86_put_scale(v->e, v->op, &v->t, extra, order, v->padded_blocks, "first + i");
    text_set(&v->t, "weight", "%s",
             x86_put_weights(
                 weights, v->e, w, groups,
                 arena_printf(a, "%s: weights [%d groups][%d rows][%d lanes][%d filters][%d]",
                              emit_comment(v->e, v->op->name), groups, v->rows, v->whole / terms,
                              width_of(v), terms)));
    int64_t lane = (int64_t)width_of(v) * terms, row = v->whole / terms * lane;
    text_set(&v->t, "at_group", "b / %d", v->group);
    x86_put_levels(weights, v->e, order, groups, row, lane, v->run - v->whole + terms, &v->t);
}

/* ---- text --------------------------------------------------------------------------------------
 */

static bool is_partial(const x86_conv *v)
{
    return v->outputs % X86_BLOCK != 0 || v->padded_blocks != v->blocks;
}

static x86_tile tile_of(const x86_conv *v)
{
    return (x86_tile){.op = v->op,
                      .windows = v->tile,
                      .blocks = v->group,
                      .step = v->step * x86_size(&v->weights),
                      .outputs = v->outputs,
                      .wide = v->weights.wide,
                      .partial = is_partial(v)};
}

static void set_vars(x86_conv *v)
{
    text *t = &v->t;
    const x86_levels *weights = &v->weights;
    int size = x86_size(weights);
    const struct {
        const char *key;
        int64_t value;
    } vars[] = {
        {"rows", v->rows},
        {"run", (int64_t)v->whole * size},
        {"pitch", (int64_t)v->pitch * size},
        {"step", (int64_t)v->step * size},
        {"lines", v->lines},
        {"line", v->line},
        {"lpitch", v->line_pitch * size},
        {"outputs", v->outputs},
        {"blocks", v->padded_blocks},
        {"group", v->group},
        {"tile16", x86_windows(0, v->tile, v->line)},
        {"tile8", x86_windows(1, v->tile, v->line)},
        {"tile4", x86_windows(2, v->tile, v->line)},
        {"many", v->lines > 1},
        {"several", v->rows > 1},
        {"numbers", weights->numbers},
        {"scale_rows", x86_scale_numbers(v->op)},
        {"unpacked", x86_levels_scratch(weights)},
        {"staged", v->staged},
        {"words", weights->wide},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%lld", (long long)vars[i].value);
    text_set(t, "tile", "%s", op_aux(v->e, v->op, "tile"));
    bool cast = weights->wide && !x86_is_made(weights);
    text_set(t, "as_bytes", cast ? "(const int8_t *)(" : "");
    text_set(t, "as_end", cast ? ")" : "");
}

static void put_tile(x86_conv *v)
{
    x86_tile tile = tile_of(v);
    x86_tile_param(&tile, &v->t);
    text_put(&v->t,
             "/* $layer$: some windows, $step$ bytes apart, with some blocks of 16 filters. */\n");
    x86_put_tile(&tile, v->line,
                 "?several|    for (int row = 0; row < $rows$; ++row, x += $pitch$)\n"
                 "    for (int k = 0; k < $run$; k += 4, w += $group$ * 64) {\n",
                 &v->t);
}

/* How codes are staged: the function and the array. */
static void set_staging(x86_conv *v)
{
    bool wide = v->weights.wide, words = v->op->in[0]->type == IR_I16;
    emit_use_helper(v->e, words ? EH_X86_COPIED : wide ? EH_X86_WIDENED : EH_X86_SHIFTED);
    text_set(&v->t, "stage", "%s",
             text_expand(&v->t, words  ? "$P$_copied"
                                : wide ? "$P$_widened"
                                       : "$P$_shifted"));
    text_set(&v->t, "cells", wide ? "cells" : "x");
    text_put(&v->t, "?words|    int16_t *cells = (int16_t *)(void *)x;\n");
}

/* Pads around the lines of the input. */
static void put_staging(x86_conv *v)
{
    text *t = &v->t;
    const ir_attrs *at = &v->op->at;
    bool pads = v->op->kind == OP_CONV2D && (at->pad[0] || at->pad[1] || at->pad[2] || at->pad[3]);
    set_staging(v);
    if (!pads) {
        text_put(t, "    $stage$($cells$, in0, $staged$);\n");
        return;
    }
    int c = v->w.c;
    text_set(t, "fill", "%d", (int)v->op->q->in_zero[0] + (v->weights.wide ? 0 : 128));
    text_set(t, "first", "%d", (at->pad[0] * v->staged_w + at->pad[2]) * c);
    text_set(t, "input_line", "%d", v->w.w * c);
    text_set(t, "staged_line", "%d", v->staged_w * c);
    text_put(t, "    for (int32_t i = 0; i < $staged$; ++i)\n"
                "        $cells$[i] = $fill$;\n"
                "    for (int32_t y = 0; y < $h$; ++y)\n"
                "        $stage$($cells$ + $first$ + y * $staged_line$, in0 + y * $input_line$, "
                "$input_line$);\n");
}

static void put_loops(x86_conv *v)
{
    text_put(
        &v->t,
        "    for (int32_t b = 0; b < $blocks$; b += $tile$_blocks) {\n"
        "?levels|        if (b % $group$ == 0)\n"
        "?levels|            $levels$(levels, $weight$ + b / $group$ * $stored$$levels_group$);\n"
        "?levels|        const int8_t *w = levels + b % $group$ * 64;\n"
        "!levels|        const int8_t *w = $as_bytes$$weight$ + b / $group$ * $numbers$$as_end$ + "
        "b % "
        "$group$ * 64;\n"
        "        const int32_t *s = $scale$ + b * $scale_rows$;\n"
        "?many|        for (int32_t y = 0; y < $lines$; ++y)\n"
        "?many|            for (int32_t i = 0; i < $line$; i += $tile$_windows) {\n"
        "?many|                /* the last tile of a line takes some windows again */\n"
        "?many|                const int32_t p = i < $line$ - $tile$_windows ? i : $line$ - "
        "$tile$_windows;\n"
        "?many|                $tile$(x + y * $lpitch$ + p * $step$, w, s, out + (y * $line$ + p) "
        "* $outputs$ + b * 16$argument$);\n"
        "?many|            }\n"
        "!many|        for (int32_t i = 0; i < $line$; i += $tile$_windows) {\n"
        "!many|            /* the last tile takes some windows again */\n"
        "!many|            const int32_t p = i < $line$ - $tile$_windows ? i : $line$ - "
        "$tile$_windows;\n"
        "!many|            $tile$(x + p * $step$, w, s, out + p * $outputs$ + b * 16$argument$);\n"
        "!many|        }\n"
        "    }\n");
}

bool x86_print_conv(emitter *e, const ir_op *op)
{
    x86_conv v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    if (op->kind == OP_CONV2D)
        window_vars(&v.w, t);
    emit_use_helper(e, v.weights.wide ? EH_X86_PAIR : EH_X86_DOT);
    put_weights(&v);
    set_vars(&v);
    put_tile(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_put(t, "?levels|    int8_t *levels = scratch;\n"
                "?levels|    uint8_t *x = (uint8_t *)levels + $unpacked$;\n"
                "!levels|    uint8_t *x = scratch;\n");
    put_staging(&v);
    put_loops(&v);
    op_close(t);
    return true;
}
