/* neon_conv.c - convolutions and dense layers on NEON: some windows by some quads of filters.
 *
 * A window is rows * cols runs of bytes, in the input itself or in a padded copy of it; a run's
 * length is rounded up to a multiple of four, with weights 0 for what is too much. A register of
 * codes holds sixteen terms of a window, one of weights four terms of four filters, so that each of
 * the codes' four lanes meets its weights in one instruction (vdotq_laneq_s32). Weights stand as
 * [group of filters][block][run][four terms][4 * quads filters][4]; a tile is some windows side by
 * side in a line and a block's filters. Offsets beside the levels of weights take the sum of the
 * codes, which one more dot product gives once a window. */
#include "compiler/emit/neon_conv.h"
#include "compiler/emit/packed.h"

enum { MOST_QUADS = 4, DOT_SUMS = 20, PLAIN_SUMS = 8, PACKED_SUMS = 16, TABLE_SUMS = 12 };

/* ---- geometry ----------------------------------------------------------------------------------
 */

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Quads of a block: least waste, then most. Units of packed weights need a power of two, and tables
 * per channel take the registers of one quad. */
static int choose_quads(const neon_conv *v, int quads)
{
    int best = 1, most = v->packed && v->fields.per_channel ? 1 : MOST_QUADS;
    for (int q = 2; q <= most; q += v->packed ? q : 1)
        if (ceil_div(quads, q) * q <= ceil_div(quads, best) * best)
            best = q;
    return best;
}

/* Windows of a tile: hardly more computed twice than at best, then most. */
int neon_choose_tile(int line, int most)
{
    int best = 1;
    for (int p = 2; p <= most && p <= line; ++p)
        if (ceil_div(line, p) * p * 16 <= ceil_div(line, best) * best * 17)
            best = p;
    return best;
}

static void set_conv(neon_conv *v)
{
    const ir_op *op = v->op;
    window *w = &v->w;
    window_init(w, op);
    v->groups = op->at.groups;
    bool side_by_side = w->dw == 1 && v->groups == 1;
    v->rows = w->kh;
    v->cols = side_by_side ? 1 : w->kw;
    v->run = side_by_side ? w->kw * w->c : w->c / v->groups;
    v->pitch = w->dh * v->stage.w * w->c;
    v->hop = w->dw * w->c;
    v->step = w->sw * w->c;
    v->lines = w->oh;
    v->line = w->ow;
    v->line_pitch = (int64_t)w->sh * v->stage.w * w->c;
    if (w->kh == 1 && w->kw == 1 && w->sh == 1 && w->sw == 1 && v->stage.w == w->w) {
        v->line *= v->lines; /* the lines follow one another */
        v->lines = 1;
    } else if (v->line == 1) { /* along time: one column of windows */
        v->line = v->lines;
        v->step = (int)v->line_pitch;
        v->lines = 1;
    }
}

static void set_dense(neon_conv *v)
{
    const ir_shape *in = &v->op->in[0]->shape;
    v->groups = v->rows = v->cols = v->lines = 1;
    v->run = v->step = in->dim[in->rank - 1];
    v->line = (int)(ir_elems(in) / v->run);
}

void neon_conv_shape(neon_conv *v, const emitter *e, const ir_op *op)
{
    *v = (neon_conv){.e = (emitter *)(uintptr_t)e, .op = op};
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    neon_stage_init(&v->stage, op, in->dim[in->rank - 1], 1);
    if (op->kind == OP_CONV2D)
        set_conv(v);
    else
        set_dense(v);
    v->outputs = out->dim[out->rank - 1] / v->groups;
}

static void init(neon_conv *v, const emitter *e, const ir_op *op)
{
    neon_conv_shape(v, e, op);
    int quads = ceil_div(v->outputs, NEON_LANES);
    v->packed = neon_fields_init(&v->fields, op);
    v->offsets = v->packed ? v->fields.offsets : weight_form_of(op) == WEIGHTS_AFFINE;
    v->quads = choose_quads(v, quads);
    int together = v->packed && v->fields.registers > v->quads ? v->fields.registers / v->quads : 1;
    v->run4 = ceil_div(v->run, together * NEON_TERMS) * together * NEON_TERMS;
    v->staged = neon_is_padded(op) || v->run4 != v->run;
    int sums = !v->packed && !v->offsets ? DOT_SUMS
               : v->fields.tables > 2    ? TABLE_SUMS
                                         : PACKED_SUMS;
    v->blocks = ceil_div(quads, v->quads);
    v->dot_tile = neon_choose_tile(v->line, sums / v->quads < 8 ? sums / v->quads : 8);
    v->plain_tile = neon_choose_tile(v->line, PLAIN_SUMS / v->quads < 4 ? PLAIN_SUMS / v->quads : 4);
}

/* Bytes of weights that are not packed. */
static int64_t weight_places(const neon_conv *v)
{
    return (int64_t)v->groups * v->blocks * v->quads * NEON_LANES * v->rows * v->cols * v->run4;
}

static int64_t weight_bytes(const neon_conv *v)
{
    return v->packed ? weight_places(v) * v->fields.bits / 8 : weight_places(v);
}

int neon_iteration_terms(const neon_conv *v)
{
    int registers = v->packed ? v->fields.registers / v->quads / NEON_TERMS : 1;
    return NEON_BYTES * (registers > 1 ? registers : 1);
}

/* Without the terms of an iteration that are not all the run's: these may have to be masked. */
int neon_loop_terms(const neon_conv *v)
{
    int step = neon_iteration_terms(v);
    return (v->packed || v->offsets ? v->run : v->run4) / step * step;
}

bool neon_takes_conv(const emitter *e, const ir_op *op)
{
    if (!neon_scales(op) || (op->kind == OP_CONV2D && ir_is_depthwise(op)))
        return false;
    neon_conv v;
    init(&v, e, op);
    bool bytes = weight_form_of(op) & (WEIGHTS_CODE | WEIGHTS_AFFINE);
    if (v.offsets && !v.packed && op->q->wmul != 1 && op->q->wmul != 2)
        return false;
    return v.packed != bytes && v.stage.bytes < INT32_MAX / 2 && weight_places(&v) < INT32_MAX / 2;
}

int64_t neon_scratch_conv(const emitter *e, const ir_op *op)
{
    neon_conv v;
    init(&v, e, op);
    return v.staged ? v.stage.bytes : 0;
}

/* ---- constants ---------------------------------------------------------------------------------
 */

/* Where term k of run r of filter o (of all groups) stands. */
static size_t weight_index(const neon_conv *v, int o, int r, int k)
{
    int width = v->quads * NEON_LANES, own = o % v->outputs;
    size_t block = (size_t)(o / v->outputs * v->blocks + own / width);
    size_t runs = (size_t)v->rows * (size_t)v->cols, terms = (size_t)v->run4 / NEON_TERMS;
    size_t at = (block * runs + (size_t)r) * terms + (size_t)(k / NEON_TERMS);
    return (at * (size_t)width + (size_t)(own % width)) * NEON_TERMS + (size_t)(k % NEON_TERMS);
}

/* Codes or fields in the order of weight_index. */
static uint8_t *ordered_weights(const neon_conv *v)
{
    const uint8_t *codes = ir_weight(v->op)->data;
    uint8_t *w = ARENA_ARRAY(v->e->ctx->a, uint8_t, weight_places(v));
    int runs = v->rows * v->cols;
    for (int o = 0, from = 0; o < v->outputs * v->groups; ++o)
        for (int r = 0; r < runs; ++r)
            for (int k = 0; k < v->run; ++k, ++from)
                w[weight_index(v, o, r, k)] =
                    v->packed ? (uint8_t)packed_value(v->op, from) : codes[from];
    return w;
}

static void put_weights(neon_conv *v)
{
    arena *a = v->e->ctx->a;
    const uint8_t *w = ordered_weights(v);
    const char *fields = "";
    if (v->packed) {
        uint8_t *to = ARENA_ARRAY(a, uint8_t, weight_bytes(v));
        neon_fields_pack(&v->fields, w, weight_places(v) / NEON_BYTES, to);
        w = to;
        fields =
            arena_printf(a, ", fields of %d bits by 16 * %d", v->fields.bits, v->fields.registers);
    }
    text_set(&v->t, "weight_type", v->packed ? "uint8_t" : "int8_t");
    text_set(
        &v->t, "weight", "%s",
        emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), v->packed ? IR_U8 : IR_I8, w,
                   weight_bytes(v),
                   arena_printf(a, "%s: weights [%d blocks][%d runs][%d][%d filters][4 terms]%s",
                                emit_comment(v->e, v->op->name), v->groups * v->blocks,
                                v->rows * v->cols, v->run4 / NEON_TERMS, v->quads * NEON_LANES,
                                fields)));
}

/* The channel at each place of the scale's rows. */
static int *channel_order(const neon_conv *v)
{
    int width = v->blocks * v->quads * NEON_LANES;
    int *order = ARENA_ARRAY(v->e->ctx->a, int, v->groups *width);
    for (int p = 0; p < v->groups * width; ++p)
        order[p] = p % width < v->outputs ? p / width * v->outputs + p % width : -1;
    return order;
}

/* What is added to the level of each weight of a channel. */
static const int32_t *offsets_of(const neon_conv *v)
{
    const ir_iparams *q = v->op->q;
    int32_t *offsets = ARENA_ARRAY(v->e->ctx->a, int32_t, q->channels);
    for (int c = 0; c < q->channels; ++c)
        offsets[c] = (v->packed ? 0 : q->wadd) + (q->wzero ? q->wzero[c] : 0);
    return offsets;
}

/* ---- text --------------------------------------------------------------------------------------
 */

static void set_vars(neon_conv *v)
{
    text *t = &v->t;
    const struct {
        const char *key;
        int64_t value;
    } vars[] = {
        {"rows", v->rows},
        {"cols", v->cols},
        {"pitch", v->pitch - (int64_t)v->hop * (v->cols > 1 ? v->cols : 0)},
        {"hop", v->hop},
        {"step", v->step},
        {"lines", v->lines},
        {"line", v->line},
        {"lpitch", v->line_pitch},
        {"outputs", v->outputs},
        {"all", (int64_t)v->outputs * v->groups},
        {"blocks", v->blocks},
        {"quads", v->quads},
        {"dot_tile", v->dot_tile},
        {"plain_tile", v->plain_tile},
        {"block_bytes", weight_bytes(v) / v->groups / v->blocks},
        {"filters", v->quads * NEON_LANES},
        {"term_bytes", v->quads * NEON_BYTES},
        {"whole", neon_loop_terms(v)},
        {"some", v->run4 - neon_loop_terms(v)},
        {"groups", v->groups},
        {"channels", v->run},
    };
    for (size_t i = 0; i < sizeof vars / sizeof *vars; ++i)
        text_set(t, vars[i].key, "%lld", (long long)vars[i].value);
    bool partial = v->outputs != v->blocks * v->quads * NEON_LANES;
    bool tables = v->packed && v->fields.per_channel;
    text_set(t, "param", "%s%s", tables ? ", const int8_t *table" : "", partial ? ", int n" : "");
    text_set(t, "count", partial ? "n < %d ? n : %d" : "%d", v->quads * NEON_LANES,
             v->quads * NEON_LANES);
    const char *tables_at = !tables         ? ""
                            : v->groups > 1 ? ", $table$ + (g * $blocks$ + b) * $table_bytes$"
                                            : ", $table$ + b * $table_bytes$";
    text_set(t, "argument", partial ? "%s, %d - b * %d" : "%s", text_expand(t, tables_at),
             v->outputs, v->quads * NEON_LANES);
    text_set(t, "tile", "%s", op_aux(v->e, v->op, "tile"));
}

/* Four terms, `own` of them the run's: lane `lane` of the codes. */
static void put_terms(neon_conv *v, int columns, int lane, int own)
{
    text *t = &v->t;
    text_set(t, "lane", "%d", lane);
    text_set(t, "at", lane ? "%d + " : "", lane * v->quads * NEON_BYTES);
    text_set(t, "counted", "%d", v->offsets);
    text_set(t, "ones", "0x%08x", 0x01010101u >> 8 * (NEON_TERMS - own));
    text_put_at(t, columns,
                "?counted|$U$_UNROLL\n"
                "?counted|for (int p = 0; p < $tile$_windows; ++p)\n"
                "?counted|    total[p] = $U$_DOT(total[p], "
                "vreinterpretq_s8_s32(vdupq_n_s32($ones$)), c[p], $lane$);\n"
                "$U$_UNROLL\n"
                "for (int q = 0; q < $quads$; ++q) {\n"
                "    const int8x16_t f = vld1q_s8(w + $at$q * 16);\n"
                "    $U$_UNROLL\n"
                "    for (int p = 0; p < $tile$_windows; ++p)\n"
                "        sum[p][q] = $U$_DOT(sum[p][q], f, c[p], $lane$);\n"
                "}\n");
}

/* Terms of a run from `from` on, `own` of them its own, in registers of codes that `load` gives. */
static void put_codes(neon_conv *v, int columns, const char *from, const char *load, int lanes,
                      int own)
{
    text *t = &v->t;
    text_set(t, "from", "%s", from);
    text_put_at(t, columns,
                "int8x16_t c[$tile$_windows];\n"
                "$U$_UNROLL\n"
                "for (int p = 0; p < $tile$_windows; ++p)\n");
    text_put_at(t, columns + 4, load);
    for (int lane = 0; lane < lanes; ++lane)
        put_terms(v, columns, lane,
                  own - lane * NEON_TERMS < NEON_TERMS ? own - lane * NEON_TERMS : NEON_TERMS);
}

/* One run of the windows: registers of sixteen terms, then what is left. */
static void put_run(neon_conv *v, int columns)
{
    text *t = &v->t;
    int whole = neon_loop_terms(v), some = (v->run4 - whole) / NEON_TERMS;
    if (whole > 0) {
        text_put_at(t, columns, "for (int k = 0; k < $whole$; k += 16, w += 4 * $term_bytes$) {\n");
        put_codes(v, columns + 4, "k", "c[p] = vld1q_s8(x + p * $step$ + $from$);\n", NEON_TERMS,
                  NEON_BYTES);
        text_put_at(t, columns, "}\n");
    }
    if (some == 0)
        return;
    if (!v->staged)
        emit_use_helper(v->e, EH_NEON_SOME);
    put_codes(v, columns, whole ? text_expand(t, "$whole$") : "0",
              v->staged ? "c[p] = vld1q_s8(x + p * $step$ + $from$);\n"
                        : "c[p] = $P$_some(x + p * $step$ + $from$, $some$);\n",
              some, v->run - whole);
    text_put_at(t, columns, v->rows * v->cols > 1 ? "w += $some$ * $filters$;\n" : "");
}

static void put_runs(neon_conv *v)
{
    text *t = &v->t;
    int columns = 4;
    text_set(t, "move", "%s", v->cols > 1 ? "" : ", x += $pitch$");
    if (v->rows > 1) {
        text_put_at(t, columns,
                    v->cols > 1 ? "for (int row = 0; row < $rows$; ++row, x += $pitch$)\n"
                                : "for (int row = 0; row < $rows$; ++row, x += $pitch$) {\n");
        columns += 4;
    }
    if (v->cols > 1) {
        text_put_at(t, columns, "for (int col = 0; col < $cols$; ++col, x += $hop$) {\n");
        columns += 4;
    }
    if (v->packed)
        neon_packed_run(v, columns);
    else
        put_run(v, columns);
    if (columns > 4)
        text_put_at(t, columns - 4, "}\n");
}

static void put_tile(neon_conv *v)
{
    text *t = &v->t;
    text_put(
        t,
        "/* $layer$: some windows, $step$ bytes apart, with $filters$ filters. */\n"
        "enum { $tile$_windows = $U$_DOTS ? $dot_tile$ : $plain_tile$ };\n"
        "static void $tile$(const int8_t *x, const $weight_type$ *w, const int32_t *scale, int8_t "
        "*out$param$)\n"
        "{\n"
        "    $P$_sums sum[$tile$_windows][$quads$];\n"
        "    $U$_UNROLL\n"
        "    for (int p = 0; p < $tile$_windows; ++p) {\n"
        "        $U$_UNROLL\n"
        "        for (int q = 0; q < $quads$; ++q)\n"
        "            sum[p][q] = $P$_begin(scale + q * $numbers$);\n"
        "    }\n");
    text_set(t, "twice", "%d", !v->packed && v->op->q->wmul == 2);
    text_put(t, "?offset|    /* sums of the codes alone, which take the offsets */\n"
                "?offset|    static const int32_t none[4] = {0, 0, 0, 0};\n"
                "?offset|    $P$_sums total[$tile$_windows];\n"
                "?offset|    $U$_UNROLL\n"
                "?offset|    for (int p = 0; p < $tile$_windows; ++p)\n"
                "?offset|        total[p] = $P$_begin(none);\n");
    if (v->packed)
        neon_fields_levels(&v->fields, t,
                           v->fields.per_channel ? "table" : text_expand(t, "$table$"));
    put_runs(v);
    text_put(
        t,
        "    $U$_UNROLL\n"
        "    for (int p = 0; p < $tile$_windows; ++p) {\n"
        "        int32x4_t v[$quads$];\n"
        "        $U$_UNROLL\n"
        "        for (int q = 0; q < $quads$; ++q)\n"
        "            v[q] = $P$_end(sum[p][q], scale + q * $numbers$);\n"
        "?offset|        /* unsigned, as parts of the sum may wrap */\n"
        "?offset|        const uint32x4_t codes = vreinterpretq_u32_s32($P$_end(total[p], none));\n"
        "?offset|        $U$_UNROLL\n"
        "?offset|        for (int q = 0; q < $quads$; ++q) {\n"
        "?offset|            const int32_t *at = scale + q * $numbers$;\n"
        "?offset|            uint32x4_t u = vreinterpretq_u32_s32(v[q]);\n"
        "?offset|?twice|            u = vsubq_u32(vshlq_n_u32(u, 1), "
        "vreinterpretq_u32_s32(vld1q_s32(at)));\n"
        "?offset|            u = vmlaq_u32(u, codes, vreinterpretq_u32_s32(vld1q_s32(at + "
        "$offset$)));\n"
        "?offset|            v[q] = vreinterpretq_s32_u32(u);\n"
        "?offset|        }\n"
        "        $U$_UNROLL\n"
        "        for (int q = 0; q < $quads$; ++q)\n"
        "            v[q] = $codes$(v[q], scale + q * $numbers$);\n"
        "        $P$_store(out + p * $all$, $narrow$(v), $count$);\n"
        "    }\n"
        "}\n\n");
}

static void put_loops(neon_conv *v)
{
    text *t = &v->t;
    bool groups = v->groups > 1, lines = v->lines > 1;
    int columns = 4;
    text_set(t, "block", "%s", groups ? text_expand(t, "(g * $blocks$ + b)") : "b");
    text_set(t, "lines_in", "%s", lines ? text_expand(t, "y * $lpitch$ + ") : "");
    text_set(t, "lines_out", "%s", lines ? text_expand(t, "(y * $line$ + p)") : "p");
    if (groups) {
        text_put(t,
                 "    for (int32_t g = 0; g < $groups$; ++g, x += $channels$, out += $outputs$)\n");
        columns += 4;
    }
    text_put_at(t, columns,
                "for (int32_t b = 0; b < $blocks$; ++b) {\n"
                "    const $weight_type$ *w = $weight$ + $block$ * $block_bytes$;\n"
                "    const int32_t *s = $scale$ + $block$ * ($quads$ * $numbers$);\n");
    columns += 4;
    if (lines) {
        text_put_at(t, columns, "for (int32_t y = 0; y < $lines$; ++y)\n");
        columns += 4;
    }
    text_put_at(t, columns,
                "for (int32_t i = 0; i < $line$; i += $tile$_windows) {\n"
                "    /* the last tile takes some windows again */\n"
                "    const int32_t p = i < $line$ - $tile$_windows ? i : $line$ - $tile$_windows;\n"
                "    $tile$(x + $lines_in$p * $step$, w, s, out + $lines_out$ * $all$ + b * "
                "$filters$$argument$);\n"
                "}\n");
    text_put_at(t, columns - (lines ? 8 : 4), "}\n");
}

bool neon_print_conv(emitter *e, const ir_op *op)
{
    neon_conv v;
    neon_scale scale;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    text_set(t, "U", "%s", e->upper);
    emit_use_helper(e, EH_NEON_DOT);
    emit_use_helper(e, EH_NEON_STORE);
    put_weights(&v);
    const int *order = channel_order(&v);
    int quads = v.groups * v.blocks * v.quads;
    if (v.packed)
        neon_fields_table(&v.fields, e, op, t, order, quads * NEON_LANES);
    neon_scale_init(&scale, e, op, t, order, quads, v.offsets ? offsets_of(&v) : NULL);
    set_vars(&v);
    neon_scale_functions(&scale, t, v.quads);
    put_tile(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    neon_stage_put(&v.stage, e, op, t, v.staged);
    put_loops(&v);
    op_close(t);
    return true;
}
