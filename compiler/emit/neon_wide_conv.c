/* neon_wide_conv.c - convolutions and dense layers of 16-bit terms on NEON: some windows by two or
 * four quads of filters.
 *
 * A register of codes holds eight terms of a window, one of weights a term of eight filters, whose
 * two halves meet a lane of the codes each (SMLAL, SMLAL2). Weights stand as [group of
 * filters][block][run][term][4 * quads filters]: of 16 bits, of 8, which are widened where they are
 * loaded, or fields and indices, of which a block's numbers are made in scratch (store.h). Where
 * levels are numbers and an offset, the sum of the codes takes the latter. */
#include "compiler/emit/neon_conv.h"
#include "compiler/emit/neon_wide.h"
#include "compiler/emit/store.h"

enum { TERMS = 8, SUMS = 16, MOST_WINDOWS = 6, MOST_TERMS = 32767 };

typedef struct wide_conv {
    neon_conv c;
    store s;
    store_tiles n;
    int width;  /* filters of a block */
    bool bytes; /* numbers of 8 bits */
} wide_conv;

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static void init(wide_conv *v, const emitter *e, const ir_op *op)
{
    *v = (wide_conv){.s = store_of(op)};
    neon_conv *c = &v->c;
    neon_conv_shape(c, e, op);
    int few = ceil_div(c->outputs, 8) * 8;
    c->quads = few % 16 ? 2 : 4;
    v->width = c->quads * NEON_LANES;
    c->blocks = ceil_div(c->outputs, v->width);
    int most = SUMS / c->quads;
    c->dot_tile = neon_choose_tile(c->line, most < MOST_WINDOWS ? most : MOST_WINDOWS);
    v->bytes = !v->s.decoded && v->s.type == IR_I8;
    if (v->s.decoded)
        v->s.type = IR_I16;
    v->n = (store_tiles){v->width, c->outputs, c->rows * c->cols * c->run, 0, NULL};
}

static bool has_totals(const wide_conv *v)
{
    return v->s.sums || v->s.mul != 1;
}

static int64_t weight_places(const wide_conv *v)
{
    return (int64_t)v->c.groups * v->c.blocks * v->width * v->n.terms;
}

bool neon_takes_wide(const emitter *e, const ir_op *op)
{
    if (!neon_wide_takes(op) || (op->kind == OP_CONV2D && ir_is_depthwise(op)))
        return false;
    wide_conv v;
    init(&v, e, op);
    return v.n.terms <= MOST_TERMS && !(v.s.decoded && v.c.groups > 1) &&
           neon_wide_stage_bytes(&v.c.stage) < INT32_MAX / 2 && weight_places(&v) < INT32_MAX / 2;
}

static int64_t decoded_bytes(const wide_conv *v)
{
    return v->s.decoded ? (store_bytes(&v->s, &v->n, 1) + 15) / 16 * 16 : 0;
}

int64_t neon_scratch_wide(const emitter *e, const ir_op *op)
{
    wide_conv v;
    init(&v, e, op);
    return decoded_bytes(&v) + neon_wide_stage_bytes(&v.c.stage);
}

/* ---- constants --------------------------------------------------------------------------------
 */

/* The channel at each place. */
static int *channel_order(const wide_conv *v)
{
    int width = v->c.blocks * v->width, n = v->c.groups * width;
    int *order = ARENA_ARRAY(v->c.e->ctx->a, int, n);
    for (int p = 0; p < n; ++p)
        order[p] = p % width < v->c.outputs ? p / width * v->c.outputs + p % width : -1;
    return order;
}

static void put_numbers(wide_conv *v, const int *order)
{
    emitter *e = v->c.e;
    arena *a = e->ctx->a;
    int64_t n = weight_places(v);
    int16_t *wide = ARENA_ARRAY(a, int16_t, n);
    int8_t *narrow = ARENA_ARRAY(a, int8_t, n);
    for (int64_t i = 0; i < n; ++i) {
        int64_t block = i / v->width / v->n.terms, term = i / v->width % v->n.terms;
        int o = order[block * v->width + i % v->width];
        wide[i] = (int16_t)(o < 0 ? 0 : store_number(v->c.op, (int64_t)o * v->n.terms + term));
        narrow[i] = (int8_t)wide[i];
    }
    text_set(&v->c.t, "weight", "%s",
             emit_array(e, EMIT_WEIGHT, op_base(e, v->c.op, "weight"), v->bytes ? IR_I8 : IR_I16,
                        v->bytes ? (const void *)narrow : (const void *)wide, n,
                        arena_printf(a, "%s: weights [%d blocks][%d terms][%d filters]",
                                     emit_comment(e, v->c.op->name), v->c.groups * v->c.blocks,
                                     v->n.terms, v->width)));
}

/* What is added to each weight of a channel. */
static void put_offsets(wide_conv *v, const int *order, int places)
{
    const ir_iparams *q = v->c.op->q;
    int32_t *to = ARENA_ARRAY(v->c.e->ctx->a, int32_t, places);
    int32_t add = v->s.decoded ? v->s.p.add - v->s.add : q->wadd;
    if (v->s.form == WEIGHTS_CODEBOOK)
        add = 0;
    for (int p = 0; p < places; ++p)
        to[p] = order[p] < 0 ? 0 : add + (q->wzero ? q->wzero[order[p]] : 0);
    text_set(&v->c.t, "offsets", "%s",
             emit_array(v->c.e, EMIT_CONSTANT, op_base(v->c.e, v->c.op, "weight_offset"), IR_I32,
                        to, places, "times the sum of the codes: added to a filter's sum"));
}

static void put_constants(wide_conv *v)
{
    neon_conv *c = &v->c;
    text *t = &c->t;
    const int *order = channel_order(v);
    int places = c->groups * c->blocks * v->width;
    arena *a = c->e->ctx->a;
    if (v->s.decoded)
        store_print_decode(&v->s, c->e, c->op, &v->n, t);
    else
        put_numbers(v, order);
    text_set(t, "offsets", "%s", "");
    if (has_totals(v))
        put_offsets(v, order, places);
    const char *group = c->groups > 1 ? "(g * %d + b)" : "b";
    const char *block = arena_printf(a, group, c->blocks);
    text_set(t, "block", "%s", block);
    neon_wide_codes(c->e, c->op, t, order, places, c->quads,
                    arena_printf(a, "%s * %d", block, v->width),
                    c->groups > 1 ? arena_printf(a, "g * %d + b * %d", c->outputs, v->width)
                                  : arena_printf(a, "b * %d", v->width));
}

/* ---- text -------------------------------------------------------------------------------------
 */

static void set_vars(wide_conv *v)
{
    const neon_conv *c = &v->c;
    text *t = &v->c.t;
    const struct {
        const char *key;
        int64_t value;
    } vars[] = {
        {"rows", c->rows},
        {"cols", c->cols},
        {"pitch", c->pitch - (int64_t)c->hop * (c->cols > 1 ? c->cols : 0)},
        {"hop", c->hop},
        {"step", c->step},
        {"lines", c->lines},
        {"line", c->line},
        {"lpitch", c->line_pitch},
        {"outputs", c->outputs},
        {"all", (int64_t)c->outputs * c->groups},
        {"blocks", c->blocks},
        {"windows", c->dot_tile},
        {"width", v->width},
        {"eight", (int64_t)TERMS * v->width},
        {"block_numbers", (int64_t)v->n.terms * v->width},
        {"run", c->run},
        {"whole", c->run / TERMS * TERMS},
        {"groups", c->groups},
        {"totals", has_totals(v)},
        {"mul", v->s.mul},
        {"decoded", v->s.decoded},
        {"at_once", c->dot_tile},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%lld", (long long)vars[i].value);
    bool partial = c->outputs != c->blocks * v->width;
    text_set(t, "number", v->bytes ? "int8_t" : "int16_t");
    text_set(t, "load", v->bytes ? "vmovl_s8(vld1_s8(w + %s))" : "vld1q_s16(w + %s)", "$at$");
    text_set(t, "count", partial ? "n < %d ? n : %d" : "%d", v->width, v->width);
    text_set(t, "param", "%s%s%s", text_expand(t, "$codes_param$"),
             has_totals(v) ? ", const int32_t *offset" : "", partial ? ", int n" : "");
    text_set(t, "argument", partial ? "%s%s, %d - b * %d" : "%s%s",
             text_expand(t, "$codes_argument$"),
             text_expand(t, has_totals(v) ? ", $offsets$ + $block$ * $width$" : ""), c->outputs,
             v->width);
    text_set(t, "tile", "%s", op_aux(c->e, c->op, "tile"));
}

/* The products of one term of all windows, which `low` and `high` multiply by the halves of f. */
static void put_term(wide_conv *v, int columns, int term, const char *low, const char *high)
{
    text *t = &v->c.t;
    for (int q = 0; q < v->c.quads; q += 2) {
        text_set(t, "at", "%d", term * v->width + q * NEON_LANES);
        text_set(t, "f", "%s", text_expand(t, text_expand(t, "$load$")));
        text_set(t, "q", "%d", q);
        text_set(t, "q1", "%d", q + 1);
        text_set(t, "low", "%s", text_expand(t, low));
        text_set(t, "high", "%s", text_expand(t, high));
        text_put_at(t, columns,
                    "{\n"
                    "    const int16x8_t f = $f$;\n"
                    "    $U$_UNROLL\n"
                    "    for (int p = 0; p < $windows$; ++p) {\n"
                    "        sum[p][$q$] = $low$;\n"
                    "        sum[p][$q1$] = $high$;\n"
                    "    }\n"
                    "}\n");
    }
}

static void put_run(wide_conv *v, int columns)
{
    text *t = &v->c.t;
    arena *a = v->c.e->ctx->a;
    if (v->c.run >= TERMS) {
        text_put_at(t, columns,
                    "for (int k = 0; k < $whole$; k += 8, w += $eight$) {\n"
                    "    int16x8_t c[$windows$];\n"
                    "    $U$_UNROLL\n"
                    "    for (int p = 0; p < $windows$; ++p) {\n"
                    "        c[p] = vld1q_s16(x + p * $step$ + k);\n"
                    "?totals|        total[p] = vpadalq_s16(total[p], c[p]);\n"
                    "    }\n");
        for (int i = 0; i < TERMS; ++i)
            put_term(v, columns + 4, i,
                     arena_printf(a, "vmlal_laneq_s16(sum[p][$q$], vget_low_s16(f), c[p], %d)", i),
                     arena_printf(a, "vmlal_high_laneq_s16(sum[p][$q1$], f, c[p], %d)", i));
        text_put_at(t, columns, "}\n");
    }
    if (v->c.run % TERMS == 0)
        return;
    text_put_at(t, columns,
                "for (int k = $whole$; k < $run$; ++k, w += $width$) {\n"
                "?totals|    for (int p = 0; p < $windows$; ++p)\n"
                "?totals|        total[p] = vaddw_s16(total[p], vset_lane_s16(x[p * $step$ + k], "
                "vdup_n_s16(0), 0));\n");
    put_term(v, columns + 4, 0, "vmlal_n_s16(sum[p][$q$], vget_low_s16(f), x[p * $step$ + k])",
             "vmlal_high_n_s16(sum[p][$q1$], f, x[p * $step$ + k])");
    text_put_at(t, columns, "}\n");
}

static void put_runs(wide_conv *v)
{
    text *t = &v->c.t;
    int columns = 4;
    bool cols = v->c.cols > 1;
    if (v->c.rows > 1) {
        text_put_at(t, columns, "for (int row = 0; row < $rows$; ++row, x += $pitch$) {\n");
        columns += 4;
    }
    if (cols) {
        text_put_at(t, columns, "for (int col = 0; col < $cols$; ++col, x += $hop$) {\n");
        columns += 4;
    }
    put_run(v, columns);
    for (; columns > 4; columns -= 4)
        text_put_at(t, columns - 4, "}\n");
}

static void put_tile(wide_conv *v)
{
    text *t = &v->c.t;
    text_put(t, "/* $layer$: $windows$ windows, $step$ codes apart, with $width$ filters. */\n"
                "static void $tile$(const int16_t *x, const $number$ *w, $out$ *out$param$)\n"
                "{\n"
                "    int32x4_t sum[$windows$][$quads$];\n"
                "?totals|    int32x4_t total[$windows$];\n"
                "    $U$_UNROLL\n"
                "    for (int p = 0; p < $windows$; ++p) {\n"
                "?totals|        total[p] = vdupq_n_s32(0);\n"
                "        $U$_UNROLL\n"
                "        for (int q = 0; q < $quads$; ++q)\n"
                "            sum[p][q] = vdupq_n_s32(0);\n"
                "    }\n");
    put_runs(v);
    text_put(t,
             "    $U$_UNROLL\n"
             "    for (int p = 0; p < $windows$; ++p) {\n"
             "        int32x4_t v[$quads$];\n"
             "?totals|        const uint32_t codes = (uint32_t)vaddvq_s32(total[p]);\n"
             "        $U$_UNROLL\n"
             "        for (int q = 0; q < $quads$; ++q) {\n"
             "!totals|            v[q] = sum[p][q];\n"
             "?totals|            /* unsigned, as parts of the sum may wrap */\n"
             "?totals|            const uint32x4_t off = vreinterpretq_u32_s32(vld1q_s32(offset + "
             "4 * q));\n"
             "?totals|            const uint32x4_t own = "
             "vmulq_n_u32(vreinterpretq_u32_s32(sum[p][q]), $mul$);\n"
             "?totals|            v[q] = vreinterpretq_s32_u32(vmlaq_n_u32(own, off, codes));\n"
             "        }\n");
    text_set(t, "to", "%s", text_expand(t, "out + p * $all$"));
    neon_wide_put_codes(t);
    text_put(t, "    }\n"
                "}\n\n");
}

static void put_loops(wide_conv *v)
{
    text *t = &v->c.t;
    bool groups = v->c.groups > 1, lines = v->c.lines > 1;
    int columns = 4;
    text_set(t, "lines_in", "%s", lines ? text_expand(t, "y * $lpitch$ + ") : "");
    text_set(t, "lines_out", "%s", lines ? text_expand(t, "(y * $line$ + p)") : "p");
    if (groups) {
        text_put(t, "    for (int32_t g = 0; g < $groups$; ++g, x += $run$, out += $outputs$)\n");
        columns += 4;
    }
    text_put_at(t, columns,
                "for (int32_t b = 0; b < $blocks$; ++b) {\n"
                "?decoded|    $decode$(b, 1, numbers);\n"
                "?decoded|    const int16_t *w = numbers;\n"
                "!decoded|    const $number$ *w = $weight$ + $block$ * $block_numbers$;\n");
    columns += 4;
    if (lines) {
        text_put_at(t, columns, "for (int32_t y = 0; y < $lines$; ++y)\n");
        columns += 4;
    }
    text_put_at(t, columns,
                "for (int32_t i = 0; i < $line$; i += $windows$) {\n"
                "    /* the last tile takes some windows again */\n"
                "    const int32_t p = i < $line$ - $windows$ ? i : $line$ - $windows$;\n"
                "    $tile$(x + $lines_in$p * $step$, w, out + $lines_out$ * $all$ + b * "
                "$width$$argument$);\n"
                "}\n");
    text_put_at(t, columns - (lines ? 8 : 4), "}\n");
}

bool neon_print_wide(emitter *e, const ir_op *op)
{
    wide_conv v;
    init(&v, e, op);
    text *t = &v.c.t;
    op_begin(e, op, t);
    text_set(t, "U", "%s", e->upper);
    emit_use_helper(e, EH_NEON);
    put_constants(&v);
    set_vars(&v);
    put_tile(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_put(t, "?decoded|    int16_t *numbers = scratch;\n");
    neon_wide_stage(&v.c.stage, e, op, t, decoded_bytes(&v));
    put_loops(&v);
    op_close(t);
    return true;
}
