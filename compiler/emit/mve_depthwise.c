/* mve_depthwise.c - depthwise convolutions on Helium: one instruction multiplies a whole window.
 *
 * Eight channels of the input are copied to scratch, each as a plane of its own with the padding
 * around it, in strips so narrow that a window of 3x3 lies within sixteen neighbouring bytes: such
 * a block and the channel's weights, spread in the same way with zeros between, make one VMLADAV.
 * Larger windows take several blocks. Four outputs that follow each other along the `lane` axis
 * become codes together. A strip is cut across the other axis; rows of a plane that is the only
 * strip share the padding between them. Outputs that are no multiple of four, or of a strip, end
 * with some that are computed twice. Fields become levels in scratch, eight channels at a time
 * (mve_levels.c). Where a level is mul·code + offset, offset·Σx is added, Σx being one more
 * VMLADAVA with ones for weights. */
#include "compiler/emit/mve_store.h"

enum { CHANNELS = 8, MAX_PLANE = 2048, MAX_OFFSET = 127, MAX_BLOCKS = 16, MAX_UNROLL = 6 };

/* One axis of the window. */
typedef struct axis {
    int in, out, taps, stride, dilation, pad;
    int in_step, out_step; /* elements from one cell to the next */
} axis;

typedef struct mve_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    bool turned; /* lanes run along a row */
    axis lane, cross;
    int width, strips;             /* outputs of a strip across, strips */
    int needed, pitch;             /* cells of a plane's row; bytes from one row to the next */
    int lines, plane;              /* rows of a plane, bytes */
    int blocks, first[MAX_BLOCKS]; /* of a window; where in the window each begins */
    int multiplier;
    bool fields; /* weights become levels in scratch */
    bool affine;
    mve_scale scale;
} mve_depthwise;

/* ---- geometry ---------------------------------------------------------------------------------
 */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int span(const axis *a, int outputs)
{
    return (outputs - 1) * a->stride + (a->taps - 1) * a->dilation + 1;
}

/* Covers the window's taps with blocks; false: too many. */
static bool set_blocks(mve_depthwise *v)
{
    int end = -1;
    v->blocks = 0;
    for (int l = 0; l < v->lane.taps; ++l)
        for (int x = 0; x < v->cross.taps; ++x) {
            int at = l * v->lane.dilation * v->pitch + x * v->cross.dilation;
            if (at < end)
                continue;
            if (v->blocks == MAX_BLOCKS)
                return false;
            v->first[v->blocks++] = at;
            end = at + MVE_BYTES;
        }
    return true;
}

/* Strips of `width` outputs; false where that cannot be. */
static bool set_strips(mve_depthwise *v, int width)
{
    const axis *x = &v->cross, *l = &v->lane;
    v->strips = (x->out + width - 1) / width;
    v->width = (x->out + v->strips - 1) / v->strips;
    v->needed = span(x, v->width);
    v->pitch = v->needed;
    int after = v->needed - x->pad - x->in, shared = smaller(x->pad, after);
    if (v->strips == 1 && shared > 0 && v->needed - shared >= span(x, 1))
        v->pitch -= shared;
    v->lines = span(l, l->out);
    if (!set_blocks(v))
        return false;
    int last = v->first[v->blocks - 1], quad = (MVE_LANES - 1) * l->stride * v->pitch;
    int starts =
        (larger(l->out, MVE_LANES) - 1) * l->stride * v->pitch + (v->width - 1) * x->stride;
    v->plane = (starts + last + 2 * MVE_BYTES - 1) / MVE_BYTES * MVE_BYTES;
    return quad + last <= MAX_OFFSET && v->plane <= MAX_PLANE;
}

static int quads_of(const mve_depthwise *v)
{
    return (v->lane.out + MVE_LANES - 1) / MVE_LANES;
}

/* Instructions of a channel, about, in eighths. */
static int64_t cost(const mve_depthwise *v)
{
    int64_t vectors = (int64_t)v->strips * v->width * quads_of(v);
    int64_t each = v->blocks == 1 ? 8 : 9 * v->blocks;
    return 8 * (vectors * (each + 12) + v->strips * (20 + 6 * quads_of(v))) +
           (int64_t)v->strips * v->lines * v->needed * 5;
}

/* The best strips of both directions. */
static bool choose(mve_depthwise *v)
{
    const window *w = &v->w;
    axis x = {w->w, w->ow, w->kw, w->sw, w->dw, w->pl, w->c, w->o};
    axis y = {w->h, w->oh, w->kh, w->sh, w->dh, w->pt, w->w * w->c, w->ow * w->o};
    mve_depthwise best = *v;
    int64_t least = -1;
    for (int turned = 1; turned >= 0;
         --turned) { /* of two that are alike, strips of rows: see the order */
        v->turned = turned;
        v->lane = turned ? x : y;
        v->cross = turned ? y : x;
        for (int width = 1; width <= v->cross.out; ++width)
            if (set_strips(v, width) && (least < 0 || cost(v) < least)) {
                least = cost(v);
                best = *v;
            }
    }
    *v = best;
    return least >= 0;
}

static bool init(mve_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (mve_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window_init(&v->w, op);
    v->multiplier = v->w.o / v->w.c;
    weight_form form = weight_form_of(op);
    v->fields = form == WEIGHTS_PACKED || form == WEIGHTS_CODEBOOK;
    v->affine = form == WEIGHTS_AFFINE;
    return choose(v);
}

bool mve_takes_depthwise(const emitter *e, const ir_op *op)
{
    mve_depthwise v;
    return ir_is_depthwise(op) && mve_scale_applies(op) && init(&v, e, op) &&
           (v.fields ? mve_levels_take(op) : weight_form_of(op) != WEIGHTS_WIDE);
}

/* Eight channels are read before they are written, where there is one strip. */
bool mve_depthwise_in_place(const ir_op *op)
{
    mve_depthwise v;
    return ir_shape_eq(&op->in[0]->shape, &op->out[0]->shape) && init(&v, NULL, op) &&
           v.strips == 1;
}

/* First output of strip i; the last one is as wide as the others. */
static int strip_start(const mve_depthwise *v, int i)
{
    return i < v->strips - 1 ? i * v->width : v->cross.out - v->width;
}

/* Whether strips of rows read nothing that those before them may have written over: of a channel,
 * the codes of as many cells as their rows have. */
static bool strips_read_ahead(const mve_depthwise *v)
{
    for (int i = 1; i < v->strips; ++i) {
        int64_t written = (int64_t)(strip_start(v, i - 1) + v->width) * v->w.ow;
        int64_t read = (int64_t)(strip_start(v, i) * v->cross.stride - v->cross.pad) * v->w.w;
        if (!v->turned || read < written)
            return false;
    }
    return true;
}

kernel_order mve_depthwise_order(const emitter *e, const ir_op *op, int *lines)
{
    mve_depthwise v;
    *lines = 1;
    return init(&v, e, op) && strips_read_ahead(&v) ? ORDER_CHANNELS : ORDER_UNKNOWN;
}

int64_t mve_scratch_depthwise(const emitter *e, const ir_op *op)
{
    mve_depthwise v;
    init(&v, e, op);
    int levels = v.fields ? v.multiplier * v.blocks * MVE_BYTES : 0;
    return (int64_t)CHANNELS * (v.plane + levels);
}

/* ---- weights ----------------------------------------------------------------------------------
 */

/* Byte of a channel's blocks where the weight of a tap stands. */
static int place_of_tap(const mve_depthwise *v, int ky, int kx)
{
    int l = v->turned ? kx : ky, x = v->turned ? ky : kx, b = v->blocks - 1;
    int at = l * v->lane.dilation * v->pitch + x * v->cross.dilation;
    while (v->first[b] > at)
        --b;
    return b * MVE_BYTES + at - v->first[b];
}

static const char *bytes_of(mve_depthwise *v, const int *place)
{
    arena *a = v->e->ctx->a;
    const int8_t *from = ir_weight(v->op)->data;
    int channel = v->blocks * MVE_BYTES, taps = v->w.kh * v->w.kw;
    size_t n = (size_t)v->w.o * (size_t)channel;
    int8_t *to = ARENA_ARRAY(a, int8_t, n);
    for (int c = 0; c < v->w.o; ++c)
        for (int i = 0; i < taps; ++i)
            to[c * channel + place[i]] = *from++;
    const char *comment =
        arena_printf(a, "%s: weights [channel %d][block %d][16], as they meet the planes",
                     emit_comment(v->e, v->op->name), v->w.o, v->blocks);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I8, to, (int64_t)n,
                      comment);
}

/* Ones where weights are, and what Σx is multiplied by. */
static void set_affine(mve_depthwise *v, const int *place)
{
    text *t = &v->t;
    int channel = v->blocks * MVE_BYTES, taps = v->w.kh * v->w.kw;
    int8_t *to = ARENA_ARRAY(v->e->ctx->a, int8_t, channel);
    for (int i = 0; i < taps; ++i)
        to[place[i]] = 1;
    text_set(t, "ones", "%s",
             emit_array(v->e, EMIT_CONSTANT, op_base(v->e, v->op, "ones"), IR_I8, to, channel,
                        "weights that make the sum of a window"));
    per_channel offset = weight_offsets(v->e, v->op);
    text_set(t, "offset", "%s", per_channel_at(v->e->ctx->a, &offset, "c + k"));
    text_set(t, "first", "%s", offset.array ? "1" : "");
    text_set(t, "twice", "%d", v->op->q->wmul == 2);
}

/* The weights, and what makes levels of them. */
static void put_weights(mve_depthwise *v)
{
    text *t = &v->t;
    int taps = v->w.kh * v->w.kw;
    int *place = ARENA_ARRAY(v->e->ctx->a, int, taps);
    for (int i = 0; i < taps; ++i)
        place[i] = place_of_tap(v, i / v->w.kw, i % v->w.kw);
    text_set(t, "fields", "%d", v->fields);
    text_set(t, "affine", "%d", v->affine);
    text_set(t, "first", "%s", "");
    if (v->affine)
        set_affine(v, place);
    if (v->fields)
        mve_levels_print(v->e, v->op, CHANNELS * v->multiplier, v->blocks * MVE_BYTES, place, t);
    else
        text_set(t, "weight", "%s", bytes_of(v, place));
}

/* ---- staging ----------------------------------------------------------------------------------
 */

static bool has_pads(const mve_depthwise *v)
{
    return v->lane.pad > 0 || v->cross.pad > 0 || v->lines > v->lane.in + v->lane.pad ||
           (v->strips - 1) * v->width * v->cross.stride + v->needed > v->cross.in + v->cross.pad;
}

/* Copies the strip of eight channels at `in` that begins with output s into planes. */
static void print_stage(mve_depthwise *v)
{
    text *t = &v->t;
    int top = v->lane.pad, end = smaller(v->lines, v->lane.pad + v->lane.in);
    text_set(t, "stage", "%s", op_aux(v->e, v->op, "stage"));
    text_set(t, "part", "%d", v->w.c % CHANNELS);
    text_set(t, "pads", "%d", has_pads(v));
    if (has_pads(v))
        emit_use_helper(v->e, EH_MVE_FILL);
    text_set(t, "zero_in", "%d", (int)v->op->q->in_zero[0]);
    text_set(t, "bytes", "%d", CHANNELS * v->plane);
    text_set(t, "lines", "%d", end - top);
    text_set(t, "top", "%d", top * v->pitch);
    text_set(t, "cross_pad", "%d", v->cross.pad);
    text_set(t, "cross_in", "%d", v->cross.in);
    text_set(t, "needed", "%d", v->needed);
    text_set(t, "in_line", "%d", v->lane.in_step);
    text_set(t, "in_cell", "%d", v->cross.in_step);
    text_set(t, "pitch", "%d", v->pitch);
    text_set(t, "load", v->w.c % CHANNELS ? "vldrbq_z_u16(p, some)" : "vldrbq_u16(p)");
    text_put(
        t, "/* $layer$: eight channels of a strip as planes; column 0 of a plane is the input's "
           "`left`. */\n"
           "?part|static void $stage$(const int8_t *in, int32_t left, int32_t channels, int8_t "
           "*planes)\n"
           "!part|static void $stage$(const int8_t *in, int32_t left, int8_t *planes)\n"
           "{\n"
           "    const int32_t begin = left < 0 ? -left : 0;\n"
           "    const int32_t end = left + $needed$ > $cross_in$ ? $cross_in$ - left : $needed$;\n"
           "    const uint16x8_t at = vmulq_n_u16(vidupq_n_u16(0, 1), $plane$);\n"
           "?part|    const mve_pred16_t some = vctp16q((uint32_t)channels);\n"
           "?pads|    $P$_mve_fill(planes, $bytes$, $zero_in$);\n"
           "    for (int32_t y = 0; y < $lines$; ++y) {\n"
           "        const uint8_t *p = (const uint8_t *)in + y * $in_line$ + (left + begin) * "
           "$in_cell$;\n"
           "        uint8_t *q = (uint8_t *)planes + $top$ + y * $pitch$ + begin;\n"
           "        for (int32_t i = begin; i < end; ++i, p += $in_cell$, ++q)\n"
           "            vstrbq_scatter_offset_u16(q, at, $load$);\n"
           "    }\n"
           "}\n\n");
}

/* ---- sums -------------------------------------------------------------------------------------
 */

static void put_block(mve_depthwise *v, int b)
{
    static const char *const sums[MVE_LANES] = {"a", "b", "c", "d"};
    text *t = &v->t;
    text_set(t, "w", v->blocks == 1 ? "%%q[w]" : "q1");
    text_set(t, "mul", b ? "vmladava" : "vmladav");
    text_set(t, "b", "%d", b * MVE_BYTES);
    if (v->blocks > 1)
        text_put(t, "        \"vldrb.8 q1, [%[w], #$b$]\\n\\t\"\n");
    for (int i = 0; i < MVE_LANES; ++i) {
        text_set(t, "sum", "%s", sums[i]);
        text_set(t, "at", "%d", i * v->lane.stride * v->pitch + v->first[b]);
        text_set(t, "x", "q%d", i % 2 ? 2 : 0);
        text_put(t,
                 "        \"vldrb.8 $x$, [%[p], #$at$]\\n\\t$mul$.s8 %[$sum$], $x$, $w$\\n\\t\"\n");
    }
}

static void print_sums(mve_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "sums", "%s", op_aux(v->e, v->op, "sums"));
    text_set(t, "one", "%d", v->blocks == 1);
    text_put(t, "/* $layer$: sums of four outputs, the first of whose windows begins at p. */\n"
                "?one|$U$_INLINE int32x4_t $sums$(const int8_t *p, int8x16_t w)\n"
                "!one|$U$_INLINE int32x4_t $sums$(const int8_t *p, const int8_t *w)\n"
                "{\n"
                "    int32x4_t sum;\n"
                "    int32_t a, b, c, d;\n"
                "    __asm__(\n");
    for (int b = 0; b < v->blocks; ++b)
        put_block(v, b);
    text_put(t, "        \"vmov %e[sum], %[a], %[b]\\n\\tvmov %f[sum], %[c], %[d]\"\n"
                "        : [sum] \"=w\"(sum), [a] \"=&Te\"(a), [b] \"=&Te\"(b), [c] \"=&Te\"(c), "
                "[d] \"=&Te\"(d)\n"
                "?one|        : [p] \"r\"(p), [w] \"w\"(w)\n"
                "?one|        : \"q0\", \"q2\", \"memory\");\n"
                "!one|        : [p] \"r\"(p), [w] \"r\"(w)\n"
                "!one|        : \"q0\", \"q1\", \"q2\", \"memory\");\n"
                "    return sum;\n"
                "}\n\n");
    if (!v->affine)
        return;
    text_set(t, "weighted", "%s", op_aux(v->e, v->op, "weighted"));
    text_put(t,
             "/* $layer$: the same of levels: the sums of their codes, and of ones. */\n"
             "?one|$U$_INLINE int32x4_t $weighted$(const int8_t *p, int8x16_t w, int32_t offset)\n"
             "!one|$U$_INLINE int32x4_t $weighted$(const int8_t *p, const int8_t *w, int32_t "
             "offset)\n"
             "{\n"
             "    int32x4_t sum = $sums$(p, w);\n"
             "?twice|    sum = vshlq_n_s32(sum, 1);\n"
             "?one|    return vmlaq_n_s32(sum, $sums$(p, vldrbq_s8($ones$)), offset);\n"
             "!one|    return vmlaq_n_s32(sum, $sums$(p, $ones$), offset);\n"
             "}\n\n");
}

/* ---- the filters of a strip -------------------------------------------------------------------
 */

static void print_filters(mve_depthwise *v)
{
    text *t = &v->t;
    int quads = quads_of(v), few = v->lane.out < MVE_LANES;
    bool even = v->lane.out % MVE_LANES == 0;
    text_set(t, "filters", "%s", op_aux(v->e, v->op, "filters"));
    text_set(t, "first_parameter", "%s", text_expand(t, "?first|, int32_t c"));
    text_set(t, "many", "%d", v->multiplier > 1);
    text_set(t, "multiplier", "%d", v->multiplier);
    text_set(t, "few", "%d", few);
    text_set(t, "outs", "%d", v->lane.out);
    text_set(t, "loop", "%d", quads > 1);
    text_set(t, "wide", "%d", v->width > 1);
    text_set(t, "quads", "%d", quads);
    text_set(t, "start", even || few ? "4 * i" : "(i < %d ? 4 * i : %d)", quads - 1,
             v->lane.out - MVE_LANES);
    text_set(t, "start", "%s", quads > 1 ? text_expand(t, "$start$") : "0");
    text_set(t, "line", "%d", v->lane.stride * v->pitch);
    text_set(t, "out_line", "%d", v->lane.out_step);
    text_set(t, "cell", "%d", v->cross.stride);
    text_set(t, "out_cell", "%d", v->cross.out_step);
    text_set(t, "width", "%d", v->width);
    text_set(t, "block_bytes", "%d", v->blocks * MVE_BYTES);
    text_set(t, "w", v->blocks == 1 ? "vldrbq_s8(w)" : "w");
    text_set(t, "sum_of", "%s", text_expand(t, v->affine ? "$weighted$" : "$sums$"));
    text_set(t, "sum_args", v->affine ? "weights, offset" : "weights");
    text_put(
        t, "/* $layer$: `n` channels of a strip, whose planes are there. */\n"
           "static void $filters$(const int8_t *plane, const int8_t *w, const int32_t *scale, "
           "int32_t n, "
           "int8_t *out$first_parameter$)\n"
           "{\n"
           "    const uint32x4_t lanes = vmulq_n_u32(vidupq_n_u32(0, 1), $out_line$);\n"
           "?few|    const mve_pred16_t some = vctp32q($outs$);\n"
           "    for (int32_t k = 0; k < n; ++k, scale += $numbers$, w += $block_bytes$, ++out) {\n"
           "        $load_scale$\n"
           "?affine|        const int32_t offset = $offset$;\n"
           "?one|        const int8x16_t weights = vldrbq_s8(w);\n"
           "!one|        const int8_t *weights = w;\n"
           "?many|        const int8_t *from = plane + k / $multiplier$ * $plane$;\n"
           "!many|        const int8_t *from = plane + k * $plane$;\n");
    text_put(t, "?loop|        for (int32_t i = 0; i < $quads$; ++i) {\n"
                "?loop|        const int32_t y = $start$;\n"
                "?loop|        const int8_t *p = from + y * $line$;\n"
                "?loop|        int8_t *q = out + y * $out_line$;\n"
                "!loop|        const int8_t *p = from;\n"
                "!loop|        int8_t *q = out;\n");
    bool unroll = v->width <= MAX_UNROLL && v->e->o->opt != EMIT_OS;
    if (!unroll)
        text_put(
            t, "            for (int32_t x = 0; x < $width$; ++x, p += $cell$, q += $out_cell$)\n");
    for (int i = 0; i < (unroll ? v->width : 1); ++i) {
        text_set(t, "p", i ? "p + %d" : "p", i * v->cross.stride);
        text_set(t, "q", i ? "q + %d" : "q", i * v->cross.out_step);
        text_put(t,
                 "?few|            vstrbq_scatter_offset_p_s32($q$, lanes, $codes$($sum_of$($p$, "
                 "$sum_args$), $scale_args$), some);\n"
                 "!few|            vstrbq_scatter_offset_s32($q$, lanes, $codes$($sum_of$($p$, "
                 "$sum_args$), $scale_args$));\n");
    }
    text_put(t, "?loop|        }\n"
                "    }\n"
                "}\n\n");
}

/* ---- the function -----------------------------------------------------------------------------
 */

static void print_function(mve_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "cut", "%d", v->strips > 1);
    text_set(t, "strips", "%d", v->strips);
    bool even = v->cross.out % v->width == 0;
    text_set(t, "first_out", even ? "%d * i" : "(i < %d ? %d * i : %d)",
             even ? v->width : v->strips - 1, v->width, v->cross.out - v->width);
    text_set(t, "first_out", "%s", v->strips > 1 ? text_expand(t, "$first_out$") : "0");
    text_set(t, "channels", v->w.c % CHANNELS ? "($c$ - c < 8 ? $c$ - c : 8)" : "8");
    text_set(t, "channels", "%s", text_expand(t, text_expand(t, "$channels$")));
    text_set(t, "some", v->w.c % CHANNELS ? ", n" : "");
    text_set(t, "times", v->multiplier > 1 ? " * %d" : "", v->multiplier);
    text_set(t, "sx", "%d", v->cross.stride);
    text_set(t, "left", v->cross.pad ? "-%d" : "%d", v->cross.pad);
    text_set(t, "first_arg", "%s", text_expand(t, "?first|, c$times$"));
    text_set(t, "less_pad", v->cross.pad ? " - %d" : "", v->cross.pad);
    op_comment(v->e, v->op, t);
    mve_open(v->e, v->op, t);
    text_put(t, "    int8_t *planes = scratch;\n"
                "?fields|    int8_t *w = planes + $bytes$; /* levels of eight channels */\n"
                "    for (int32_t c = 0; c < $c$; c += 8) {\n"
                "        const int32_t n = $channels$;\n"
                "?fields|        $levels$($weight$ + c / 8 * $levels_bytes$, c$times$, w);\n"
                "!fields|        const int8_t *w = $weight$ + c$times$ * $block_bytes$;\n"
                "        const int32_t *scale = $scale$ + c$times$ * $numbers$;\n"
                "?cut|        for (int32_t i = 0; i < $strips$; ++i) {\n"
                "?cut|            const int32_t s = $first_out$;\n"
                "?cut|            $stage$(in0 + c, s * $sx$$less_pad$$some$, planes);\n"
                "?cut|            $filters$(planes, w, scale, n$times$, out + c$times$ + s * "
                "$out_cell$$first_arg$);\n"
                "?cut|        }\n"
                "!cut|        $stage$(in0 + c, $left$$some$, planes);\n"
                "!cut|        $filters$(planes, w, scale, n$times$, out + c$times$$first_arg$);\n"
                "    }\n");
    mve_close(t);
}

bool mve_print_depthwise(emitter *e, const ir_op *op)
{
    mve_depthwise v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    window_vars(&v.w, &v.t);
    mve_scale_init(&v.scale, e, op, 1, v.w.o);
    text_set(&v.t, "scale", "%s", v.scale.array);
    text_set(&v.t, "plane", "%d", v.plane);
    mve_scale_function(&v.scale, &v.t);
    put_weights(&v);
    print_stage(&v);
    print_sums(&v);
    print_filters(&v);
    print_function(&v);
    return true;
}
