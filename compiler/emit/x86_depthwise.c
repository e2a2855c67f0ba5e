/* x86_depthwise.c - depthwise convolutions on x86-64: four rows of the kernel in a lane, channels
 * side by side.
 *
 * For each line of the output the rows that it needs are interleaved in scratch: bytes of four rows
 * of a column and channel stand together, moved to 0..255 (-128 times the sum of the weights goes
 * into the bias). A column of the kernel is then one instruction for each register of channels and
 * four rows. Channels are rounded up to blocks of 16. Few channels (`flat`: 1, 2, 4 or 8): a block
 * runs over the channels of neighbouring windows. Weights stand as [group of blocks][four
 * rows][column][16 * blocks channels][4]. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

#include <string.h>

enum { ROWS = 4, ACCUMULATORS = 24, GROUP = 4 };

typedef struct x86_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    bool flat;
    int quads;      /* of rows */
    int columns, c; /* of an interleaved line: columns, channels */
    int blocks, group, padded_blocks;
    int span, unit; /* windows of a line, in units of which a tile is placed; flat: lanes */
    int tile;       /* windows of a tile at AVX512, of `unit` each */
    x86_levels weights;
} x86_depthwise;

static int64_t weight_bytes(const x86_depthwise *v)
{
    return (int64_t)v->quads * v->w.kw * v->padded_blocks * X86_BLOCK * ROWS;
}

static void init(x86_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (x86_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window *w = &v->w;
    window_init(w, op);
    v->flat = w->c < X86_BLOCK && X86_BLOCK % w->c == 0 && w->sw == 1 && w->ow * w->c >= X86_BLOCK;
    v->quads = (w->kh + ROWS - 1) / ROWS;
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
    v->weights = x86_levels_of(op, weight_bytes(v));
}

static int64_t line_bytes(const x86_depthwise *v)
{
    return (int64_t)v->quads * v->columns * v->c * ROWS;
}

/* Levels, the interleaved line, and a row of real zeros. */
static int64_t scratch_bytes(const x86_depthwise *v)
{
    return x86_levels_scratch(&v->weights) + line_bytes(v) + (int64_t)v->w.w * v->w.c;
}

bool x86_takes_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    if (!ir_is_depthwise(op) || !x86_scales(op) || !x86_levels_take(op))
        return false;
    init(&v, e, op);
    return v.w.o == v.w.c && scratch_bytes(&v) < INT32_MAX / 2 && weight_bytes(&v) < INT32_MAX / 2;
}

int64_t x86_scratch_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    init(&v, e, op);
    return scratch_bytes(&v);
}

/* Where the weight of a lane at row y and column x of the kernel stands. */
static size_t weight_index(const x86_depthwise *v, int lane, int y, int x)
{
    int width = v->group * X86_BLOCK;
    size_t tap =
        ((size_t)(lane / width) * (size_t)v->quads + (size_t)(y / ROWS)) * (size_t)v->w.kw +
        (size_t)x;
    return (tap * (size_t)width + (size_t)(lane % width)) * ROWS + (size_t)(y % ROWS);
}

static void put_constants(x86_depthwise *v)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    const x86_levels *stored = &v->weights; /* of weights [channel][row][column] */
    int lanes = v->padded_blocks * X86_BLOCK;
    int8_t *weights = ARENA_ARRAY(a, int8_t, weight_bytes(v));
    int64_t *extra = ARENA_ARRAY(a, int64_t, w->c);
    int *order = ARENA_ARRAY(a, int, lanes);
    memset(weights, stored->pad, (size_t)weight_bytes(v));
    for (int lane = 0; lane < lanes; ++lane) {
        int c = v->flat ? lane % w->c : lane < w->c ? lane : -1;
        order[lane] = c;
        for (int k = 0; c >= 0 && k < w->kh * w->kw; ++k) {
            int8_t code = x86_stored_weight(stored, (int64_t)c * w->kh * w->kw + k);
            weights[weight_index(v, lane, k / w->kw, k % w->kw)] = code;
            extra[c] -= lane < w->c ? 128 * x86_weight_level(stored, code) : 0;
        }
    }
    x86_put_scale(v->e, v->op, &v->t, extra, order, v->padded_blocks);
    text_set(&v->t, "weight", "%s",
             x86_put_weights(
                 stored, v->e, weights, 1,
                 arena_printf(a, "%s: weights [%d groups][%d x 4 rows][%d columns][%d channels][4]",
                              emit_comment(v->e, v->op->name), v->padded_blocks / v->group,
                              v->quads, w->kw, v->group * X86_BLOCK)));
    int64_t quad = (int64_t)v->group * X86_BLOCK * w->kw * ROWS;
    x86_put_levels(stored, v->e, v->quads * quad, quad, w->kh - (v->quads - 1) * ROWS, &v->t);
    text_set(&v->t, "weights", "%s", text_expand(&v->t, stored->fields ? "levels" : "$weight$"));
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
        {"quads", v->quads},
        {"several", v->quads > 1},
        {"pitch", (int64_t)(v->columns - w->kw * w->dw) * v->c * ROWS},
        {"quad_bytes", (int64_t)v->columns * v->c * ROWS},
        {"column", (int64_t)w->dw * v->c * ROWS},
        {"cell", (int64_t)v->c * ROWS},
        {"step", (int64_t)(v->flat ? 1 : w->sw * v->c) * ROWS},
        {"outputs", v->flat ? 1 : w->c},
        {"group", v->group},
        {"width", (int64_t)v->group * 64},
        {"blocks", v->padded_blocks},
        {"group_bytes", (int64_t)v->quads * w->kw * v->group * 64},
        {"scale_rows", X86_SCALE_ROWS * X86_BLOCK},
        {"tile16", x86_windows(0, v->tile, v->span / v->unit) * v->unit},
        {"tile8", x86_windows(1, v->tile, v->span / v->unit) * v->unit},
        {"tile4", x86_windows(2, v->tile, v->span / v->unit) * v->unit},
        {"span", v->span},
        {"line_bytes", line_bytes(v)},
        {"line", (int64_t)w->w * w->c},
        {"pad_top", at->pad[0]},
        {"first", (int64_t)at->pad[2] * v->c * ROWS},
        {"fill", v->op->q->in_zero[0]},
        {"fill128", v->op->q->in_zero[0] + 128},
        {"row_step", w->dh},
        {"unpacked", x86_levels_scratch(&v->weights)},
        {"gaps", v->c != w->c},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(&v->t, vars[i].key, "%lld", (long long)vars[i].value);
    text_set(&v->t, "param", "%s", is_partial(v) ? ", int n" : "");
    text_set(&v->t, "argument", "%s",
             is_partial(v) ? arena_printf(v->e->ctx->a, ", %d - b * 16", w->c) : "");
    text_set(&v->t, "tile", "%s", op_aux(v->e, v->op, "tile"));
}

static void put_tile(x86_depthwise *v)
{
    x86_tile tile = {.windows = v->tile,
                     .blocks = v->group,
                     .step = v->flat ? X86_BLOCK * ROWS : v->w.sw * v->c * ROWS,
                     .outputs = v->flat ? X86_BLOCK : v->w.c,
                     .own = true,
                     .partial = is_partial(v)};
    text_put(
        &v->t,
        "/* $layer$: some windows with some blocks of 16 channels; x is an interleaved line. */\n");
    x86_put_tile(&tile, v->span / v->unit,
                 "?several|    for (int quad = 0; quad < $quads$; ++quad, x += $pitch$)\n"
                 "    for (int k = 0; k < $kw$; ++k, x += $column$, w += $width$) {\n",
                 &v->t);
}

static void put_loops(x86_depthwise *v)
{
    text_put(&v->t,
             "?levels|    int8_t *levels = scratch;\n"
             "?levels|    uint8_t *line = (uint8_t *)levels + $unpacked$;\n"
             "!levels|    uint8_t *line = scratch;\n"
             "    int8_t *none = (int8_t *)line + $line_bytes$;\n"
             "?levels|    $levels$(levels, $weight$);\n"
             "    for (int32_t i = 0; i < $line_bytes$; ++i)\n"
             "        line[i] = $fill128$;\n"
             "    for (int32_t i = 0; i < $line$; ++i)\n"
             "        none[i] = $fill$;\n"
             "    for (int32_t y = 0; y < $oh$; ++y) {\n"
             "        for (int32_t q = 0; q < $quads$; ++q) {\n"
             "            const int8_t *row[4];\n"
             "            for (int32_t r = 0; r < 4; ++r) {\n"
             "                const int32_t at = y * $sh$ + (4 * q + r) * $row_step$ - $pad_top$;\n"
             "                row[r] = at >= 0 && at < $h$ ? in0 + at * $line$ : none;\n"
             "            }\n"
             "!gaps|            $P$_quads(line + q * $quad_bytes$ + $first$, row[0], row[1], "
             "row[2], row[3], $line$);\n"
             "?gaps|            for (int32_t i = 0; i < $w$; ++i)\n"
             "?gaps|                $P$_quads(line + q * $quad_bytes$ + $first$ + i * $cell$, "
             "row[0] + i * $c$, row[1] + i * "
             "$c$,\n"
             "?gaps|                          row[2] + i * $c$, row[3] + i * $c$, $c$);\n"
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
    emit_use_helper(e, EH_X86_QUADS);
    put_constants(&v);
    set_vars(&v);
    put_tile(&v);
    op_comment(e, op, &v.t);
    op_open(e, op, &v.t);
    put_loops(&v);
    op_close(&v.t);
    return true;
}
