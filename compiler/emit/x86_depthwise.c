/* x86_depthwise.c - depthwise convolutions on x86-64: channels in lanes, two taps an instruction.
 *
 * The input is staged in scratch, padded, with its channels rounded up to a multiple of 32. Weights
 * stand as [32 channels][pair of taps][2][16][2] in 16 bits: what unpacking leaves in the lower and
 * the upper register (channels 0 to 3 and 4 to 7 of each eight), tap by tap. An odd tap is its own
 * neighbour, with weights 0. */
#include "compiler/emit/ops.h"
#include "compiler/emit/x86.h"

enum { WIDTH = 32, MOST_TAPS = 128 };

typedef struct x86_depthwise {
    emitter *e;
    const ir_op *op;
    text t;
    window w;
    int staged_w, staged_h, staged_c, groups, taps, pairs;
    bool flat; /* few channels: lanes run along the line, over channels of neighbouring windows */
} x86_depthwise;

static void init(x86_depthwise *v, const emitter *e, const ir_op *op)
{
    *v = (x86_depthwise){.e = (emitter *)(uintptr_t)e, .op = op};
    window_init(&v->w, op);
    v->staged_w = v->w.w + op->at.pad[2] + op->at.pad[3];
    v->staged_h = v->w.h + op->at.pad[0] + op->at.pad[1];
    v->flat = v->w.c < WIDTH && WIDTH % v->w.c == 0 && v->w.sw == 1;
    v->groups = (v->w.c + WIDTH - 1) / WIDTH;
    v->staged_c = v->flat ? v->w.c : v->groups * WIDTH;
    v->taps = v->w.kh * v->w.kw;
    v->pairs = (v->taps + 1) / 2;
}

/* Without pads, and with whole groups of channels, the input serves as it is. */
static bool is_staged(const x86_depthwise *v)
{
    return v->flat || v->staged_c != v->w.c || v->staged_w != v->w.w || v->staged_h != v->w.h;
}

static int64_t staged_bytes(const x86_depthwise *v)
{
    return is_staged(v) ? (int64_t)v->staged_h * v->staged_w * v->staged_c + (v->flat ? WIDTH : 0)
                        : 0;
}

bool x86_takes_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    if (!ir_is_depthwise(op) || !x86_scales(op))
        return false;
    init(&v, e, op);
    return v.w.o == v.w.c && v.taps <= MOST_TAPS && staged_bytes(&v) < INT32_MAX / 2;
}

int64_t x86_scratch_depthwise(const emitter *e, const ir_op *op)
{
    x86_depthwise v;
    init(&v, e, op);
    return staged_bytes(&v);
}

/* Place of channel c: which half of its group, and where there. */
static void place_of(int c, int *half, int *at)
{
    *half = c % 8 / 4;
    *at = c % WIDTH / 8 * 4 + c % 4;
}

static void put_constants(x86_depthwise *v)
{
    arena *a = v->e->ctx->a;
    const int8_t *from =
        ir_weight(v->op)->data; /* [taps][channels], or [channels][taps]: 1 filter each */
    size_t n = (size_t)v->groups * (size_t)v->pairs * 2 * WIDTH;
    int16_t *w = ARENA_ARRAY(a, int16_t, n);
    int *order = ARENA_ARRAY(a, int, v->groups *WIDTH);
    for (int p = 0; p < v->groups * WIDTH; ++p)
        order[p] = -1;
    int lanes = v->flat ? WIDTH : v->w.c;
    for (int lane = 0; lane < lanes; ++lane) {
        int half, at, c = lane % v->w.c;
        place_of(lane, &half, &at);
        order[lane / WIDTH * WIDTH + half * 16 + at] = c;
        for (int k = 0; k < v->taps; ++k) {
            size_t pair = (size_t)(lane / WIDTH) * (size_t)v->pairs + (size_t)(k / 2);
            w[(pair * 2 + (size_t)half) * 32 + (size_t)(at * 2 + k % 2)] = from[c * v->taps + k];
        }
    }
    x86_put_scale(v->e, v->op, &v->t, NULL, order, v->groups * 2);
    text_set(
        &v->t, "weight", "%s",
        emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I16, w, (int64_t)n,
                   arena_printf(a, "%s: weights [%d x 32 channels][%d pairs of taps][2][16][2]",
                                emit_comment(v->e, v->op->name), v->groups, v->pairs)));
}

static void put_staging(x86_depthwise *v)
{
    text *t = &v->t;
    const ir_attrs *at = &v->op->at;
    if (!is_staged(v)) {
        text_put(t, "    const int8_t *x = in0;\n");
        return;
    }
    text_set(t, "staged", "%lld", (long long)staged_bytes(v));
    text_set(t, "fill", "%d", (int)v->op->q->in_zero[0]);
    text_set(t, "first", "%d", (at->pad[0] * v->staged_w + at->pad[2]) * v->staged_c);
    text_set(t, "staged_line", "%d", v->staged_w * v->staged_c);
    text_set(t, "same", "%d", v->staged_c == v->w.c);
    text_set(t, "line", "%d", v->w.w * v->w.c);
    text_put(t, "    int8_t *x = scratch;\n"
                "    for (int32_t i = 0; i < $staged$; ++i)\n"
                "        x[i] = $fill$;\n"
                "    for (int32_t y = 0; y < $h$; ++y)\n"
                "?same|        for (int32_t i = 0; i < $line$; ++i)\n"
                "?same|            x[$first$ + y * $staged_line$ + i] = in0[y * $line$ + i];\n"
                "!same|        for (int32_t i = 0; i < $w$; ++i)\n"
                "!same|            for (int32_t c = 0; c < $c$; ++c)\n"
                "!same|                x[$first$ + y * $staged_line$ + i * $staged_c$ + c] = in0[y "
                "* $line$ + i * $c$ + c];\n");
}

/* Bytes from a window's first tap to tap k. */
static int offset_of(const x86_depthwise *v, int k)
{
    const window *w = &v->w;
    return ((k / w->kw) * w->dh * v->staged_w + (k % w->kw) * w->dw) * v->staged_c;
}

static void put_sums(x86_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "sums", "%s", op_aux(v->e, v->op, "sums"));
    text_put(t, "/* $layer$: all taps of 2 * $U$_LANES channels, two by two. */\n"
                "static inline void $sums$($P$_lanes sum[2], const int8_t *x, const int16_t *w)\n"
                "{\n");
    for (int p = 0; p < v->pairs; ++p) {
        int second = 2 * p + 1 < v->taps ? 2 * p + 1 : 2 * p;
        text_set(t, "a", "%d", offset_of(v, 2 * p));
        text_set(t, "b", "%d", offset_of(v, second));
        text_set(t, "at", "%d", p * 64);
        text_put(t, "    $P$_pair(sum, x + $a$, x + $b$, w + $at$);\n");
    }
    text_put(t, "}\n\n");
}

static void put_codes(x86_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "codes", "%s", op_aux(v->e, v->op, "codes"));
    text_put(
        t,
        "/* $layer$: the sums of 2 * $U$_LANES channels as codes, the first n of them stored. */\n"
        "static inline void $codes$(int8_t *out, const $P$_lanes sum[2], const int32_t *scale, int "
        "n)\n"
        "{\n"
        "    const $P$_lanes low = $P$_$code$(sum[0], scale, $limits$);\n"
        "    const $P$_lanes high = $P$_$code$(sum[1], scale + $rows$, $limits$);\n"
        "#if $U$_LANES == 16\n"
        "    const __m256i v = _mm512_cvtsepi16_epi8(_mm512_packs_epi32(low, high));\n"
        "    $P$_store(out, _mm256_castsi256_si128(v), n);\n"
        "    $P$_store(out + 16, _mm256_extracti128_si256(v, 1), n - 16);\n"
        "#elif $U$_LANES == 8\n"
        "    const __m256i v = _mm256_packs_epi32(low, high);\n"
        "    $P$_store(out, _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, "
        "1)), n);\n"
        "#else\n"
        "    const __m128i v = _mm_packs_epi32(low, high);\n"
        "    $P$_store(out, _mm_packs_epi16(v, v), n < 8 ? n : 8);\n"
        "#endif\n"
        "}\n\n");
}

/* A register pair holds 2 * LANES of a group's 32 channels, or of a line. */
static void put_loops(x86_depthwise *v)
{
    text *t = &v->t;
    text_set(t, "flat", "%d", v->flat);
    text_set(t, "out_line", "%d", v->w.ow * v->w.c);
    text_put(
        t,
        "!flat|    for (int32_t c = 0; c < $c$; c += 2 * $U$_LANES) {\n"
        "!flat|        const int16_t *w = $weight$ + c / 32 * $group_words$ + c % 32;\n"
        "!flat|        const int32_t *s = $scale$ + c / 32 * $group_scale$ + c % 32 / 2;\n"
        "!flat|        for (int32_t y = 0; y < $oh$; ++y)\n"
        "!flat|            for (int32_t i = 0; i < $ow$; ++i) {\n"
        "!flat|                $P$_lanes sum[2] = {$U$_LOAD(s), $U$_LOAD(s + $rows$)};\n"
        "!flat|                $sums$(sum, x + (y * $sh$ * $staged_w$ + i * $sw$) * $staged_c$ + "
        "c, w);\n"
        "!flat|                $codes$(out + (y * $ow$ + i) * $c$ + c, sum, s, $c$ - c);\n"
        "!flat|            }\n"
        "!flat|    }\n"
        "?flat|    for (int32_t y = 0; y < $oh$; ++y)\n"
        "?flat|        for (int32_t i = 0; i < $out_line$; i += 2 * $U$_LANES) {\n"
        "?flat|            const int32_t *s = $scale$ + i % 32 / 2;\n"
        "?flat|            $P$_lanes sum[2] = {$U$_LOAD(s), $U$_LOAD(s + $rows$)};\n"
        "?flat|            $sums$(sum, x + y * $sh$ * $staged_w$ * $c$ + i, $weight$ + i % 32);\n"
        "?flat|            $codes$(out + y * $out_line$ + i, sum, s, $out_line$ - i);\n"
        "?flat|        }\n");
}

bool x86_print_depthwise(emitter *e, const ir_op *op)
{
    x86_depthwise v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    window_vars(&v.w, t);
    emit_use_helper(e, EH_X86_PAIR);
    put_constants(&v);
    text_set(t, "rows", "%d", X86_SCALE_ROWS * X86_BLOCK);
    text_set(t, "group_scale", "%d", 2 * X86_SCALE_ROWS * X86_BLOCK);
    text_set(t, "group_words", "%d", v.pairs * 64);
    text_set(t, "staged_w", "%d", v.staged_w);
    text_set(t, "staged_c", "%d", v.staged_c);
    put_sums(&v);
    put_codes(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    put_staging(&v);
    put_loops(&v);
    op_close(t);
    return true;
}
