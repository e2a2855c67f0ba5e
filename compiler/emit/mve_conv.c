/* mve_conv.c - convolutions and dense layers on Helium: sixteen products an instruction.
 *
 * A window's codes stand side by side, in the input itself (1x1, dense) or gathered into scratch,
 * and are taken in blocks of sixteen; weights of a last block that is not full are zero, so it does
 * not matter what codes follow the window. Two windows meet four filters at a time: of a block, two
 * loads of codes and four of weights serve eight instructions of sixteen products. Weights stand in
 * that order: [four filters][block][filter][16]. */
#include "compiler/emit/mve_store.h"

#include <string.h>

enum { FILTERS = MVE_FILTERS, UNROLL_ALL = 12, UNROLL = 4, NEAR_BLOCKS = 8 };
enum { SCRATCH = 512, MAX_WINDOWS = 16, FEW_ROWS = 16, FEW_LINES = 8 };

typedef struct mve_dots {
    emitter *e;
    const ir_op *op;
    text t;
    window w;      /* conv2d */
    int rows, row; /* parts of a window that lie side by side, codes of each */
    int terms, blocks;
    int windows, outputs;
    int tile;    /* windows at a time */
    bool direct; /* windows are used where they are */
    mve_scale scale;
    mve_store store;
} mve_dots;

/* ---- geometry ---------------------------------------------------------------------------------
 */

static void init(mve_dots *v, const emitter *e, const ir_op *op)
{
    *v = (mve_dots){.e = (emitter *)(uintptr_t)e, .op = op};
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    v->outputs = out->dim[out->rank - 1];
    v->rows = 1;
    v->row = in->dim[in->rank - 1];
    v->direct = true;
    v->windows = (int)(ir_elems(out) / v->outputs);
    if (op->kind == OP_CONV2D) {
        window_init(&v->w, op);
        const window *w = &v->w;
        bool side_by_side = w->dw == 1;
        v->rows = w->kh * (side_by_side ? 1 : w->kw);
        v->row = w->c * (side_by_side ? w->kw : 1);
        v->direct = w->kh * w->kw == 1 && w->sh == 1 && w->sw == 1 && !window_has_edge(w);
    }
    v->terms = v->rows * v->row;
    v->store = mve_store_of(op);
    int unit = v->store.blocks * MVE_BYTES;
    v->blocks = (v->terms + unit - 1) / unit * v->store.blocks;
    v->tile = v->windows > 1 ? 2 : 1;
}

/* Windows that stand in the input and may be read in whole blocks without leaving it. */
static int safe_windows(const mve_dots *v)
{
    int64_t past = (int64_t)v->blocks * MVE_BYTES - v->terms;
    int64_t safe = ((int64_t)v->windows * v->terms - past) / v->terms;
    return safe > 0 ? (int)safe : 0;
}

bool mve_takes_dots(const emitter *e, const ir_op *op)
{
    (void)e;
    return mve_scale_applies(op) && (op->kind == OP_DENSE || op->at.groups == 1) &&
           mve_store_takes(op);
}

bool mve_dots_in_place(const ir_op *op)
{
    const ir_attrs *at = &op->at;
    return op->kind == OP_CONV2D && at->kernel[0] * at->kernel[1] == 1 &&
           at->stride[0] * at->stride[1] == 1 && !at->pad[0] && !at->pad[1] && !at->pad[2] &&
           !at->pad[3];
}

/* Whether the output may turn out to have the input's memory. */
static bool may_overlap(const mve_dots *v)
{
    return v->direct && mve_dots_in_place(v->op) && v->outputs == v->terms;
}

/* Windows in scratch at a time. */
static int windows_at_once(const mve_dots *v)
{
    int n = SCRATCH / (v->direct ? v->terms : v->blocks * MVE_BYTES) / 2 * 2;
    n = n < 2 ? 2 : n > MAX_WINDOWS ? MAX_WINDOWS : n;
    int all = (v->windows + 1) / 2 * 2;
    return v->tile == 1 ? 1 : n > all ? all : n;
}

int64_t mve_scratch_dots(const emitter *e, const ir_op *op)
{
    mve_dots v;
    init(&v, e, op);
    int blocks = v.blocks * MVE_BYTES, many = windows_at_once(&v);
    if (may_overlap(&v))
        return many * v.terms + blocks - v.terms + MVE_BYTES;
    if (v.direct)
        return safe_windows(&v) == v.windows ? 0 : blocks;
    return (int64_t)many * blocks + MVE_BYTES; /* the last for whole blocks */
}

/* ---- weights ----------------------------------------------------------------------------------
 */

/* What stands at [o / 4][k / 16][o % 4][k % 16]; nothing: 0 or MVE_NO_FIELD. */
static uint8_t *in_order(const mve_dots *v, size_t *n)
{
    const int8_t *from = ir_weight(v->op)->data;
    size_t groups = ((size_t)v->outputs + FILTERS - 1) / FILTERS, blocks = (size_t)v->blocks;
    size_t terms = (size_t)v->terms;
    bool plain = mve_store_is_plain(&v->store);
    *n = groups * blocks * FILTERS * MVE_BYTES;
    uint8_t *to = ARENA_ARRAY(v->e->ctx->a, uint8_t, *n);
    memset(to, plain ? 0 : MVE_NO_FIELD, *n);
    for (size_t o = 0; o < (size_t)v->outputs; ++o)
        for (size_t k = 0; k < terms; ++k) {
            size_t i = o * terms + k;
            to[((o / FILTERS * blocks + k / MVE_BYTES) * FILTERS + o % FILTERS) * MVE_BYTES +
               k % MVE_BYTES] = plain ? (uint8_t)from[i] : (uint8_t)packed_value(v->op, (int64_t)i);
        }
    return to;
}

static const char *weights_of(mve_dots *v)
{
    arena *a = v->e->ctx->a;
    const mve_store *s = &v->store;
    size_t n;
    const uint8_t *to = in_order(v, &n);
    int blocks = (int)(n / (FILTERS * MVE_BYTES)), groups = blocks / v->blocks;
    const char *name = emit_comment(v->e, v->op->name), *base = op_base(v->e, v->op, "weight");
    if (mve_store_is_plain(s))
        return emit_array(v->e, EMIT_WEIGHT, base, IR_I8, to, (int64_t)n,
                          arena_printf(a, "%s: weights [%d][block %d][4 filters][16 terms]", name,
                                       groups, v->blocks));
    const char *comment =
        arena_printf(a, "%s: weights [%d][%d][%d bytes], of 4 filters, %d terms and %d bit%s", name,
                     groups, v->blocks / s->blocks, mve_store_bytes(s, s->blocks),
                     s->blocks * MVE_BYTES, s->bits, s->bits > 1 ? "s" : "");
    return emit_array(v->e, EMIT_WEIGHT, base, IR_U8, mve_store_pack(s, a, to, blocks),
                      mve_store_bytes(s, blocks), comment);
}

/* ---- the filters ------------------------------------------------------------------------------
 */

/* Blocks are read at distances from x0 and x1 that instructions can hold, else x0 and x1 move on.
 */
static bool is_near(const mve_dots *v)
{
    return v->blocks <= NEAR_BLOCKS && v->e->o->opt != EMIT_OS;
}

/* Whether codes behind the window have to become zero, since the weights there are not. */
static bool is_masked(const mve_dots *v)
{
    return v->store.form == WEIGHTS_CODEBOOK && v->terms % (v->store.blocks * MVE_BYTES);
}

/* "…("vmladava.s8", …)": what loads the codes of block b, and zeros where no term is. */
static const char *load_of(mve_dots *v, int b, bool step)
{
    text *t = &v->t;
    int terms = v->terms - b * MVE_BYTES;
    if (terms <= 0 && v->store.form == WEIGHTS_CODEBOOK)
        return text_expand(t, "$U$_MVE_NONE$tile$");
    text_set(t, "at", "%d", b * MVE_BYTES);
    const char *load = text_expand(t, step ? "$U$_MVE_STEP$tile$" : "$U$_MVE_LOAD$tile$($at$)");
    return is_masked(v) && terms < MVE_BYTES
               ? arena_printf(v->e->ctx->a, "%s %s", load, text_expand(t, "$U$_MVE_LAST$tile$"))
               : load;
}

/* A unit of blocks, the first of which is b. */
static void put_unit(mve_dots *v, int b, bool step)
{
    text *t = &v->t;
    text_set(t, "first", b ? "NEXT" : "FIRST");
    text_set(t, "mul", b ? "vmladava" : "vmladav");
    text_set(t, "at", "%d", b * MVE_BYTES);
    if (mve_store_is_plain(&v->store)) {
        text_put(t, step ? "            $U$_MVE_$first$_STEP$tile$\n"
                         : "            $U$_MVE_$first$$tile$($at$)\n");
        return;
    }
    text_set(t, "x", "%s", load_of(v, b, step));
    text_set(t, "y", "%s", v->store.blocks == 2 ? load_of(v, b + 1, step) : "");
    text_put(t, "?pair|            $unit$(\"$mul$.s8\", $x$, $y$)\n"
                "!pair|            $unit$(\"$mul$.s8\", $x$)\n");
}

/* The units of a tile: the first one starts the sums; the last one may load codes in its own way.
 */
static void put_units(mve_dots *v, int loops, int unroll)
{
    text *t = &v->t;
    int step = v->store.blocks, b = 0;
    bool near = is_near(v);
    put_unit(v, b, !near);
    b += step;
    if (loops) {
        text_set(t, "loops", "%d", loops);
        text_put(t, "            \"mov r11, #$loops$\\n1:\\n\\t\"\n");
        for (int i = 0; i < unroll; ++i)
            put_unit(v, step, true);
        text_put(t, "            \"subs r11, r11, #1\\n\\tbne 1b\\n\\t\"\n");
        b += loops * unroll * step;
    }
    for (; b < v->blocks; b += step)
        put_unit(v, b, !near);
    text_put(t, "$fix$");
}

/* How often the loop runs: what is left over follows it. */
static int loops_of(const mve_dots *v, int unroll)
{
    int rest = v->blocks / v->store.blocks - 1;
    if (is_near(v) || rest <= (unroll == 1 ? 1 : UNROLL_ALL))
        return 0;
    return (rest - is_masked(v)) / unroll;
}

static void put_assembly(mve_dots *v)
{
    text *t = &v->t;
    int unroll = v->e->o->opt == EMIT_OS ? 1 : UNROLL;
    int loops = loops_of(v, unroll);
    bool moves = !is_near(v);
    text_set(t, "loop", "%d", !!loops);
    text_set(t, "io", moves ? "+" : "");
    text_set(t, "sum", mve_store_is_plain(&v->store) ? "s" : "q");
    text_set(t, "outs", "%s",
             text_expand(t, v->tile == 2 ? "[s0] \"=&w\"($sum$0), [s1] \"=&w\"($sum$1), \"+r\"(w)"
                                         : "[s0] \"=&w\"($sum$0), \"+r\"(w)"));
    text_set(t, "xs", "%s",
             text_expand(t, v->tile == 2 ? "\"$io$r\"(p0), \"$io$r\"(p1)" : "\"$io$r\"(p0)"));
    const char *more = text_expand(
        t, v->store.form == WEIGHTS_CODEBOOK ? "$mask_args$, \"r\"(levels)" : "$mask_args$");
    text_set(t, "more", "%s%s", moves && *more ? " " : "", moves && *more ? more + 2 : more);
    text_put(t,
             "        register const int8_t *p0 __asm__(\"r1\") = x0;\n"
             "?two|        register const int8_t *p1 __asm__(\"r3\") = x1;\n"
             "!plain|        register int32x4_t q0 __asm__(\"q0\");\n"
             "!plain|?two|        register int32x4_t q1 __asm__(\"q1\");\n"
             "?table|        register const int8_t *levels __asm__(\"r9\") = $table$$table_at$;\n"
             "        __asm__(\n");
    put_units(v, loops, unroll);
    text_put(t, moves ? "            $U$_MVE_END$tile$\n"
                        "            : $outs$, $xs$\n"
                        "            :$more$\n"
                      : "            $U$_MVE_END$tile$\n"
                        "            : $outs$\n"
                        "            : $xs$$more$\n");
    text_put(t, "?loop|            : \"r11\", $clobbers$);\n"
                "!loop|            : $clobbers$);\n"
                "!plain|        int32x4_t s0 = q0;\n"
                "!plain|?two|        int32x4_t s1 = q1;\n");
}

static void put_stores(mve_dots *v)
{
    text *t = &v->t;
    text_set(t, "part", "%d", v->outputs % FILTERS != 0);
    text_set(t, "store", v->outputs % FILTERS ? "vstrbq_p_s32" : "vstrbq_s32");
    text_set(t, "last", v->outputs % FILTERS ? ", last" : "");
    text_put(t, "?down|        s0 = vshlq_s32(s0, down);\n"
                "?down|?two|        s1 = vshlq_s32(s1, down);\n"
                "?sums|        const int32x4_t offset = vldrwq_s32($offset$$offset_at$);\n"
                "?sums|        s0 = vmlaq_n_s32(s0, offset, sum0);\n"
                "?sums|?two|        s1 = vmlaq_n_s32(s1, offset, sum1);\n"
                "        s0 = $codes$(s0, scale);\n"
                "?two|        s1 = $codes$(s1, scale);\n"
                "?part|        const mve_pred16_t last = vctp32q((uint32_t)($outputs$ - o));\n"
                "        $store$(out0, s0$last$);\n"
                "?two|        $store$(out1, s1$last$);\n");
}

/* The function that takes windows to all filters. A last one that is alone is its own neighbour. */
static void print_filters(mve_dots *v)
{
    text *t = &v->t;
    text_put(
        t,
        "?two|/* $layer$: `n` windows, $pitch$ codes apart, two at a time with four filters. */\n"
        "?two|static void $dots$(const int8_t *x, int8_t *out, int32_t n)\n"
        "!two|/* $layer$: a window with all filters, four at a time. */\n"
        "!two|static void $dots$(const int8_t *x0, int8_t *out0)\n"
        "{\n"
        "$masks$");
    text_put(t, "?tail|    const int8x16_t tail = vpselq_s8(vdupq_n_s8(-1), vdupq_n_s8(0), "
                "vctp8q($tail_lanes$));\n"
                "?down|    const int32x4_t down = vldrwq_s32($down$);\n"
                "?two|    for (; n > 0; n -= 2, x += 2 * $pitch$, out += 2 * $outputs$) {\n"
                "?two|    const int8_t *x0 = x, *x1 = n > 1 ? x + $pitch$ : x;\n"
                "?two|    int8_t *out0 = out, *out1 = n > 1 ? out + $outputs$ : out;\n"
                "?sums|    const int32_t sum0 = $P$_mve_sum(x0, $terms$);\n"
                "?sums|?two|    const int32_t sum1 = $P$_mve_sum(x1, $terms$);\n"
                "    register const $wtype$ *w __asm__(\"r5\") = $weight$;\n"
                "    const int32_t *scale = $scale$;\n"
                "    for (int32_t o = 0; o < $outputs$; o += 4) {\n"
                "?plain|        int32x4_t s0;\n"
                "?plain|?two|        int32x4_t s1;\n");
    put_assembly(v);
    put_stores(v);
    text_put(t, "        out0 += 4;\n"
                "?two|        out1 += 4;\n"
                "        scale += 4 * $numbers$;\n"
                "    }\n"
                "?two|    }\n"
                "}\n\n");
}

/* What the store of the weights asks for. */
static void set_store(mve_dots *v)
{
    mve_store *s = &v->store;
    text *t = &v->t;
    bool plain = mve_store_is_plain(s), alike = true;
    int32_t down[MVE_LANES];
    int padded = (v->outputs + FILTERS - 1) / FILTERS * FILTERS;
    text_set(t, "wtype", plain ? "int8_t" : "uint8_t");
    text_set(t, "table", "%s",
             s->form == WEIGHTS_CODEBOOK ? mve_store_table(s, v->e, v->op, padded) : "");
    text_set(t, "table_at", s->table_step ? " + %d * o" : "", s->table_step);
    text_set(t, "down", "%s",
             mve_store_down(s, down)
                 ? emit_array(v->e, EMIT_CONSTANT, op_base(v->e, v->op, "down"), IR_I32, down,
                              MVE_LANES,
                              "shifts of the sums of four filters, negative: to the right")
                 : "");
    text_set(t, "sums", "%d", s->sums);
    text_set(t, "offset", "%s", s->sums ? mve_store_offsets(s, v->e, v->op, padded, &alike) : "");
    text_set(t, "offset_at", alike ? "" : " + o");
    if (s->sums)
        emit_use_helper(v->e, EH_MVE_SUM);
    text_set(t, "tail", "%d", is_masked(v));
    text_set(t, "tail_lanes", "%d", v->terms % MVE_BYTES);
    text_set(t, "masks", "%s", "");
    text_set(t, "mask_args", "%s", "");
    text_set(t, "plain", "%d", plain);
    text_set(t, "clobbers", "%s_MVE_CLOBBERS%d", v->e->upper, v->tile);
    text_set(t, "fix", "%s", "");
    if (plain)
        return;
    emit_use_helper(v->e, v->tile == 2 ? EH_MVE_LOAD2 : EH_MVE_LOAD1);
    mve_store_print(s, v->e, v->op, v->tile, t);
    if (is_masked(v))
        text_set(t, "mask_args", "%s", text_expand(t, "$mask_args$, [tail] \"w\"(tail)"));
}

static void set_vars(mve_dots *v)
{
    text *t = &v->t;
    int padded = (v->outputs + FILTERS - 1) / FILTERS * FILTERS;
    emit_use_helper(v->e, v->tile == 2 ? EH_MVE_TILE2 : EH_MVE_TILE1);
    mve_scale_init(&v->scale, v->e, v->op, FILTERS, padded);
    text_set(t, "scale", "%s", v->scale.array);
    text_set(t, "weight", "%s", weights_of(v));
    text_set(t, "dots", "%s", op_aux(v->e, v->op, "dots"));
    text_set(t, "tile", "%d", v->tile);
    text_set(t, "two", "%d", v->tile == 2);
    text_set(t, "outputs", "%d", v->outputs);
    text_set(t, "terms", "%d", v->terms);
    text_set(t, "window", "%d", v->blocks * MVE_BYTES);
    text_set(t, "pitch", "%d", v->direct ? v->terms : v->blocks * MVE_BYTES);
    set_store(v);
}

/* ---- windows that stand in the input ----------------------------------------------------------
 */

static void print_direct(mve_dots *v)
{
    text *t = &v->t;
    int safe = safe_windows(v), rest = v->windows - safe;
    op_comment(v->e, v->op, t);
    mve_open(v->e, v->op, t);
    text_set(t, "safe", "%d", safe);
    text_set(t, "rest", "%d", rest);
    text_set(t, "rests", "%d", rest > 1);
    text_set(t, "idle", "%d", !rest && may_overlap(v)); /* scratch is for print_in_place */
    text_put(t, "?idle|    (void)scratch;\n"
                "?safe|?two|    $dots$(in0, out, $safe$);\n"
                "?safe|!two|    $dots$(in0, out);\n");
    if (!rest)
        return;
    text_put(t,
             "    int8_t *window = scratch; /* too near the end of the input for whole blocks */\n"
             "?rests|    for (int32_t i = $safe$; i < $safe$ + $rest$; ++i) {\n");
    int columns = rest > 1 ? 8 : 4;
    text_set(t, "i", "%s", rest > 1 ? "i" : text_expand(t, "$safe$"));
    text_put_at(t, columns,
                mve_copy(v->e, "window", text_expand(t, "in0 + $i$ * $terms$"), v->terms, false));
    text_put_at(t, columns,
                "?two|$dots$(window, out + $i$ * $outputs$, 1);\n"
                "!two|$dots$(window, out);\n");
    text_put(t, "?rests|    }\n");
}

/* The output has the input's very place (where it is behind, two windows at a time are soon enough read):
 * windows move to scratch, then their codes to their place. */
static void print_in_place(mve_dots *v)
{
    text *t = &v->t;
    int many = windows_at_once(v);
    emit_use_helper(v->e, EH_MVE_COPY);
    op_comment(v->e, v->op, t);
    mve_open(v->e, v->op, t);
    text_set(t, "windows", "%d", v->windows);
    text_set(t, "many", "%d", many);
    text_set(t, "n",
             v->windows % many ? "($windows$ - i < $many$ ? $windows$ - i : $many$)" : "$many$");
    text_set(t, "n", "%s", text_expand(t, text_expand(t, "$n$")));
    text_put(t, "    int8_t *window = scratch; /* the output overwrites the input */\n"
                "!two|    $P$_mve_copy(window, in0, $terms$);\n"
                "!two|    $dots$(window, out);\n"
                "?two|    for (int32_t i = 0; i < $windows$; i += $many$) {\n"
                "?two|        const int32_t n = $n$;\n"
                "?two|        $P$_mve_copy(window, in0 + i * $terms$, n * $terms$);\n"
                "?two|        $dots$(window, out + i * $outputs$, n);\n"
                "?two|    }\n");
}

/* ---- windows that are gathered ----------------------------------------------------------------
 */

/* Whether each row inside may be copied in whole blocks, as those never leave the input. */
static bool rows_are_safe(const mve_dots *v, const window *w)
{
    if (w->y0 == w->y1 || w->x0 == w->x1)
        return true;
    int y = (w->y1 - 1) * w->sh - w->pt + (w->kh - 1) * w->dh;
    int x = (w->x1 - 1) * w->sw - w->pl + (w->dw == 1 ? 0 : (w->kw - 1) * w->dw);
    int bytes = (v->row + MVE_BYTES - 1) / MVE_BYTES * MVE_BYTES;
    return (y * w->w + x) * w->c + bytes <= w->h * w->w * w->c;
}

/* Copies a window that lies inside the input from `from` to `to`. Whole blocks are copied where
 * they may be: what is too much at the end of a row is overwritten by the next one, or is what
 * follows the window. */
static const char *gather(mve_dots *v, bool blocks)
{
    arena *a = v->e->ctx->a;
    const window *w = &v->w;
    text *t = &v->t;
    int columns = w->dw == 1 ? 1 : w->kw;
    text_set(t, "lines", "%s", "");
    for (int r = 0; r < v->rows; ++r) {
        int at = r / columns * w->dh * w->w * w->c + r % columns * w->dw * w->c;
        const char *to = r ? arena_printf(a, "to + %d", r * v->row) : "to";
        const char *from = at ? arena_printf(a, "from + %d", at) : "from";
        text_set(t, "lines", "%s%s", text_expand(t, "$lines$"),
                 mve_copy(v->e, to, from, v->row, blocks));
    }
    return text_expand(t, "const int8_t *from = in0 + (($iy$) * $w$ + $ix$) * $c$;\n$lines$");
}

/* The same as loops, where there are many rows. */
static const char *gather_by_loops(mve_dots *v, bool blocks)
{
    const window *w = &v->w;
    text *t = &v->t;
    text_set(t, "line", "%d", w->dh * w->w * w->c);
    text_set(t, "step", "%d", w->dw * w->c);
    text_set(t, "row", "%d", v->row);
    bool taps = w->dw != 1;
    const char *to = text_expand(t, taps ? "to + (ky * $kw$ + kx) * $row$" : "to + ky * $row$");
    const char *from =
        text_expand(t, taps ? "from + ky * $line$ + kx * $step$" : "from + ky * $line$");
    text_set(t, "copy", "%s", mve_copy(v->e, to, from, v->row, blocks));
    text_set(t, "taps", "%d", taps);
    return text_expand(t, "const int8_t *from = in0 + (($iy$) * $w$ + $ix$) * $c$;\n"
                          "for (int32_t ky = 0; ky < $kh$; ++ky)\n"
                          "?taps|for (int32_t kx = 0; kx < $kw$; ++kx)\n"
                          "{\n"
                          "$copy$"
                          "}\n");
}

static const char *body(mve_dots *v, const char *gathered)
{
    return arena_printf(v->e->ctx->a, "%s%s", gathered,
                        text_expand(&v->t,
                                    "!two|$dots$(to, out);\n"
                                    "?two|to += $window$;\n"
                                    "?two|if (to == window + $many$ * $window$) {\n"
                                    "?two|    $dots$(window, out - $before$ * $o$, $many$);\n"
                                    "?two|    to = window;\n"
                                    "?two|}\n"));
}

static void print_gathered(mve_dots *v)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    int many = windows_at_once(v), rows = v->e->o->opt == EMIT_OS ? 1 : FEW_ROWS;
    window w = v->w;
    if (!rows_are_safe(v, &w) && w.y1 - w.y0 > FEW_LINES)
        --w.y1; /* its windows are gathered as those at borders are */
    window_vars(&w, t);
    if (window_has_edge(&w))
        text_set(t, "edge", "%s", mve_print_edge(v->e, v->op, v->blocks));
    text_set(t, "iy", "%s", window_coord(a, "y", w.sh, w.pt, NULL, 1));
    text_set(t, "ix", "%s", window_coord(a, "x", w.sw, w.pl, NULL, 1));
    text_set(t, "many", "%d", many);
    text_set(t, "before", "%d", many - 1);
    text_set(t, "rest", "%d", v->windows % many);
    op_comment(v->e, v->op, t);
    mve_open(v->e, v->op, t);
    text_put(t, "?two|    int8_t *window = scratch, *to = window;\n"
                "!two|    int8_t *to = scratch;\n");
    bool blocks = rows_are_safe(v, &w);
    const char *inner = v->rows <= rows ? gather(v, blocks) : gather_by_loops(v, blocks);
    const char *edge = window_has_edge(&w) ? text_expand(t, "$edge$(in0, y, x, to);\n") : "";
    window_nest(t, &w, body(v, edge), body(v, inner));
    text_put(t, "?rest|    $dots$(window, out - $rest$ * $o$, $rest$);\n");
}

bool mve_print_dots(emitter *e, const ir_op *op)
{
    mve_dots v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    set_vars(&v);
    mve_scale_function(&v.scale, &v.t);
    print_filters(&v);
    if (v.direct && op_overlaps(e, op) && !emit_is_behind(e, op))
        print_in_place(&v);
    else if (v.direct)
        print_direct(&v);
    else
        print_gathered(&v);
    mve_close(&v.t);
    return true;
}
