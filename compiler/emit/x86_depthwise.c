/* x86_depthwise.c - depthwise convolutions on x86-64: four rows of the kernel in a lane (two, where
 * terms have 16 bits), channels side by side.
 *
 * For each line of the output the rows that it needs are interleaved in scratch: codes of four
 * (two) rows of a column and channel stand together, moved to 0..255 (-128 times the sum of the
 * weights goes into the bias), or of 16 bits. A column of the kernel is then one instruction for
 * each register of channels and four (two) rows. Channels are rounded up to blocks of 16. Few
 * channels (`flat`: 1, 2, 4 or 8): a block runs over the channels of neighbouring windows. Weights
 * stand as [group of blocks][lane of rows][column][16 * blocks channels][rows]. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

#include <string.h>

enum { LANE = 4 /* bytes */, ACCUMULATORS = 24, GROUP = 4 };

typedef struct x86_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    bool flat;
    int rows, lanes; /* rows of a lane; lanes of the kernel's rows */
    int columns, c;  /* of an interleaved line: columns, channels */
    int blocks, group, padded_blocks;
    int span, unit; /* windows of a line, in units of which a tile is placed; flat: lanes */
    int tile;       /* windows of a tile at AVX512, of `unit` each */
    x86_levels weights;
} x86_depthwise;

/* Weights of a group. */
static int64_t group_numbers(const x86_depthwise *v)
{
    return (int64_t)v->lanes * v->w.kw * v->group * X86_BLOCK * v->rows;
}

static int groups_of(const x86_depthwise *v)
{
    return v->padded_blocks / v->group;
}

static void init(x86_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (x86_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window *w = &v->w;
    window_init(w, op);
    v->flat = w->c < X86_BLOCK && X86_BLOCK % w->c == 0 && w->sw == 1 && w->ow * w->c >= X86_BLOCK;
    v->rows = x86_is_wide(op) ? 2 : 4;
    v->lanes = (w->kh + v->rows - 1) / v->rows;
    v->columns = w->w + op->at.pad[2] + op->at.pad[3];
    v->blocks = v->flat ? 1 : (w->c + X86_BLOCK - 1) / X86_BLOCK;
    v->c = v->flat ? w->c : v->blocks * X86_BLOCK;
    v->group = x86_choose_group(v->blocks, GROUP);
    v->padded_blocks = (v->blocks + v->group - 1) / v->group * v->group;
    if (!v->flat)
        v->c = v->padded_blocks * X86_BLOCK;
    v->unit = v->flat ? X86_BLOCK : 1;
    v->span = v->flat ? w->ow * w->c : w->ow;
    v->tile = x86_choose_tile(v->span / v->unit, ACCUMULATORS / v->group);
    v->weights = x86_levels_of(op, group_numbers(v), v->group * X86_BLOCK);
}

static int64_t line_bytes(const x86_depthwise *v)
{
    return (int64_t)v->lanes * v->columns * v->c * LANE;
}

/* Of numbers that are made, all groups but the last, behind which those they are made of stand. */
static int64_t made_bytes(const x86_depthwise *v)
{
    return (groups_of(v) - 1) * x86_levels_made(&v->weights);
}

/* Numbers, the interleaved line, and a row of real zeros. */
static int64_t scratch_bytes(const x86_depthwise *v)
{
    return x86_levels_scratch(&v->weights) + made_bytes(v) + line_bytes(v) +
           (int64_t)v->w.w * v->w.c * (int64_t)ir_type_size(v->op->in[0]->type);
}

bool x86_takes_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    if (!ir_is_depthwise(op) || !sums_fit(op) || !x86_levels_take(op))
        return false;
    init(&v, e, op);
    return v.w.o == v.w.c && scratch_bytes(&v) < INT32_MAX / 2 &&
           groups_of(&v) * group_numbers(&v) < INT32_MAX / 2;
}

int64_t x86_scratch_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    init(&v, e, op);
    return scratch_bytes(&v);
}

/* Where the weight of place p at row y and column x of the kernel stands. */
static size_t weight_index(const x86_depthwise *v, int p, int y, int x)
{
    int width = v->group * X86_BLOCK;
    size_t lane = (size_t)(p / width) * (size_t)v->lanes + (size_t)(y / v->rows);
    size_t tap = lane * (size_t)v->w.kw + (size_t)x;
    return (tap * (size_t)width + (size_t)(p % width)) * (size_t)v->rows + (size_t)(y % v->rows);
}

/* What stands for weights, in their places; extra[c]: what moving codes to 0..255 takes off. */
static int16_t *ordered_weights(const x86_depthwise *v, const int *order, int64_t *extra)
{
    const window *w = &v->w;
    const x86_levels *stored = &v->weights; /* of weights [channel][row][column] */
    int64_t n = groups_of(v) * group_numbers(v);
    int16_t *weights = ARENA_ARRAY(v->e->ctx->a, int16_t, n);
    for (int64_t i = 0; i < n; ++i)
        weights[i] = stored->pad;
    for (int p = 0; p < v->padded_blocks * X86_BLOCK; ++p)
        for (int k = 0; order[p] >= 0 && k < w->kh * w->kw; ++k) {
            int64_t i = (int64_t)order[p] * w->kh * w->kw + k;
            weights[weight_index(v, p, k / w->kw, k % w->kw)] = x86_stored_weight(stored, i);
            if (p < w->c && !stored->wide)
                extra[order[p]] -= 128 * x86_weight_level(stored, i);
        }
    return weights;
}

static void put_constants(x86_depthwise *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    const x86_levels *stored = &v->weights;
    int places = v->padded_blocks * X86_BLOCK, width = v->group * X86_BLOCK;
    int64_t *extra = ARENA_ARRAY(a, int64_t, w->c);
    int *order = ARENA_ARRAY(a, int, places);
    for (int p = 0; p < places; ++p)
        order[p] = v->flat ? p % w->c : p < w->c ? p : -1;
    const int16_t *weights = ordered_weights(v, order, extra);
    x86_put_scale(v->e, v->op, t, extra, order, v->padded_blocks,
                  v->flat ? arena_printf(a, "i %% %d", w->c) : "first + i");
    text_set(
        t, "weight", "%s",
        x86_put_weights(
            stored, v->e, weights, groups_of(v),
            arena_printf(a, "%s: weights [%d groups][%d x %d rows][%d columns][%d channels][%d]",
                         emit_comment(v->e, v->op->name), groups_of(v), v->lanes, v->rows, w->kw,
                         width, v->rows)));
    int64_t lane = (int64_t)width * w->kw * v->rows;
    text_set(t, "at_group", "g");
    x86_put_levels(stored, v->e, order, groups_of(v), v->lanes * lane, lane,
                   w->kh - (v->lanes - 1) * v->rows, t);
    bool made = x86_is_made(stored);
    text_set(t, "weights", "%s",
             text_expand(t, made           ? "levels"
                            : stored->wide ? "(const int8_t *)$weight$"
                                           : "$weight$"));
    text_set(t, "group_bytes", "%lld",
             (long long)(made ? x86_levels_made(stored) : stored->numbers * x86_size(stored)));
}

/* ---- text --------------------------------------------------------------------------------------
 */

static bool is_partial(const x86_depthwise *v)
{
    return !v->flat && v->w.c != v->c;
}

static void set_vars(x86_depthwise *v)
{
    const window *w = &v->w;
    const ir_attrs *at = &v->op->at;
    const struct {
        const char *key;
        int64_t value;
    } vars[] = {
        {"lanes", v->lanes},
        {"several", v->lanes > 1},
        {"lane_rows", v->rows},
        {"pitch", (int64_t)(v->columns - w->kw * w->dw) * v->c * LANE},
        {"lane_cells", (int64_t)v->columns * v->c * v->rows},
        {"column", (int64_t)w->dw * v->c * LANE},
        {"cell", (int64_t)v->c * v->rows},
        {"step", (int64_t)(v->flat ? 1 : w->sw * v->c) * LANE},
        {"outputs", v->flat ? 1 : w->c},
        {"group", v->group},
        {"width", (int64_t)v->group * 64},
        {"blocks", v->padded_blocks},
        {"scale_rows", x86_scale_numbers(v->op)},
        {"tile16", x86_windows(0, v->tile, v->span / v->unit) * v->unit},
        {"tile8", x86_windows(1, v->tile, v->span / v->unit) * v->unit},
        {"tile4", x86_windows(2, v->tile, v->span / v->unit) * v->unit},
        {"span", v->span},
        {"groups", groups_of(v)},
        {"line_codes", line_bytes(v) / LANE * v->rows},
        {"line_bytes", line_bytes(v)},
        {"line", (int64_t)w->w * w->c},
        {"pad_top", at->pad[0]},
        {"first", (int64_t)at->pad[2] * v->c * v->rows},
        {"fill", v->op->q->in_zero[0]},
        {"line_fill", v->op->q->in_zero[0] + (v->weights.wide ? 0 : 128)},
        {"row_step", w->dh},
        {"unpacked", x86_levels_scratch(&v->weights) + made_bytes(v)},
        {"gaps", v->c != w->c},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(&v->t, vars[i].key, "%lld", (long long)vars[i].value);
    text_set(&v->t, "tile", "%s", op_aux(v->e, v->op, "tile"));
    text_set(&v->t, "words", "%d", v->weights.wide);
    text_set(&v->t, "codes_at", v->weights.wide ? "cells" : "line");
    bool words = v->op->in[0]->type == IR_I16;
    emit_use_helper(v->e, words ? EH_X86_ROWS_WIDE : v->weights.wide ? EH_X86_ROWS : EH_X86_QUADS);
    text_set(&v->t, "interleave", "%s",
             text_expand(&v->t, words             ? "$P$_rows_wide"
                                : v->weights.wide ? "$P$_rows"
                                                  : "$P$_quads"));
}

static void put_tile(x86_depthwise *v)
{
    x86_tile tile = {.op = v->op,
                     .windows = v->tile,
                     .blocks = v->group,
                     .step = (v->flat ? X86_BLOCK : v->w.sw * v->c) * LANE,
                     .outputs = v->flat ? X86_BLOCK : v->w.c,
                     .wide = v->weights.wide,
                     .own = true,
                     .partial = is_partial(v)};
    x86_tile_param(&tile, &v->t);
    text_put(
        &v->t,
        "/* $layer$: some windows with some blocks of 16 channels; x is an interleaved line. */\n");
    x86_put_tile(&tile, v->span / v->unit,
                 "?several|    for (int lane = 0; lane < $lanes$; ++lane, x += $pitch$)\n"
                 "    for (int k = 0; k < $kw$; ++k, x += $column$, w += $width$) {\n",
                 &v->t);
}

static void put_loops(x86_depthwise *v)
{
    text_put(&v->t,
             "?levels|    int8_t *levels = scratch;\n"
             "?levels|    uint8_t *line = (uint8_t *)levels + $unpacked$;\n"
             "!levels|    uint8_t *line = scratch;\n"
             "?words|    int16_t *cells = (int16_t *)(void *)line;\n"
             "    $in0$ *none = ($in0$ *)(void *)(line + $line_bytes$);\n"
             "?levels|    for (int32_t g = 0; g < $groups$; ++g)\n"
             "?levels|        $levels$(levels + g * $group_bytes$, $weight$ + g * "
             "$stored$$levels_group$);\n"
             "    for (int32_t i = 0; i < $line_codes$; ++i)\n"
             "        $codes_at$[i] = $line_fill$;\n"
             "    for (int32_t i = 0; i < $line$; ++i)\n"
             "        none[i] = $fill$;\n"
             "    for (int32_t y = 0; y < $oh$; ++y) {\n"
             "        for (int32_t q = 0; q < $lanes$; ++q) {\n"
             "            const $in0$ *row[$lane_rows$];\n"
             "            for (int32_t r = 0; r < $lane_rows$; ++r) {\n"
             "                const int32_t at = y * $sh$ + ($lane_rows$ * q + r) * $row_step$ - "
             "$pad_top$;\n"
             "                row[r] = at >= 0 && at < $h$ ? in0 + at * $line$ : none;\n"
             "            }\n");
    text_set(&v->t, "more", v->rows == 4 ? ", row[2]%s, row[3]%s" : "",
             v->c != v->w.c ? text_expand(&v->t, " + i * $c$") : "",
             v->c != v->w.c ? text_expand(&v->t, " + i * $c$") : "");
    text_put(
        &v->t,
        "!gaps|            $interleave$($codes_at$ + q * $lane_cells$ + $first$, row[0], "
        "row[1]$more$, "
        "$line$);\n"
        "?gaps|            for (int32_t i = 0; i < $w$; ++i)\n"
        "?gaps|                $interleave$($codes_at$ + q * $lane_cells$ + $first$ + i * $cell$, "
        "row[0] + i * $c$, row[1] + i * $c$$more$, $c$);\n"
        "        }\n"
        "        for (int32_t b = 0; b < $blocks$; b += $tile$_blocks)\n"
        "            for (int32_t i = 0; i < $span$; i += $tile$_windows) {\n"
        "                /* the last tile of a line takes some windows again */\n"
        "                const int32_t p = i < $span$ - $tile$_windows ? i : $span$ - "
        "$tile$_windows;\n"
        "                $tile$(line + p * $step$ + b * 64, $weights$ + b / $group$ * "
        "$group_bytes$ + b % $group$ * 64,\n"
        "                    $scale$ + b * $scale_rows$, out + (y * $span$ + p) * $outputs$ + "
        "b * 16$argument$);\n"
        "            }\n"
        "    }\n");
}

bool x86_print_depthwise(emitter *e, const ir_op *op)
{
    x86_depthwise v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    window_vars(&v.w, &v.t);
    emit_use_helper(e, v.weights.wide ? EH_X86_PAIR : EH_X86_DOT);
    put_constants(&v);
    set_vars(&v);
    put_tile(&v);
    op_comment(e, op, &v.t);
    op_open(e, op, &v.t);
    put_loops(&v);
    op_close(&v.t);
    return true;
}
