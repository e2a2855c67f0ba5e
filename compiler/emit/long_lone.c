/* long_lone.c - dense layers and convolutions of a single window: two products in one 64-bit sum.
 *
 * A word holds one term's weights of four filters, f0 + 128, f3, f2 + 128, f1 from its lowest byte
 * on. With the middle bytes cleared it is (f0 + 128) + f1 * 2^24 as a signed number, and turned by
 * 16 bits and cleared likewise (f2 + 128) + f3 * 2^24. So, one instruction (AND, with its rotation)
 * and one SMLAL make two products: 2^23 + sum of (f0 + 128) * x   stands in the low 24 bits, the
 * sum of f1 * x above them, as long as 128 * (sum of f0 + 128) < 2^23; longer windows are summed in
 * parts. What is too much, 128 * (sum of x), is taken away at the end. */
#include "compiler/emit/long.h"

enum { FIELD = 24, FILTERS = 4, MAX_PARTS = 8, HALF = 1 << (FIELD - 1) };

typedef struct lone {
    emitter *e;
    const ir_op *op;
    text t;
    int first; /* place of the window in the input */
    int terms, outputs, padded;
    int parts, part; /* of the window, terms of each but the last */
    fast_rescale f;
} lone;

/* ---- geometry ----------------------------------------------------------------------------- */

bool lone_takes(const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape;
    if (op->in[0]->type != IR_I8 || op->out[0]->type != IR_I8 || op->q->acc_type != IR_I32 ||
        op->q->mode == IR_NUM_ONNX)
        return false;
    if (op->kind == OP_DENSE)
        return ir_elems(in) == in->dim[in->rank - 1];
    window w;
    window_init(&w, op);
    bool one_piece = w.dw == 1 && w.dh == 1 && (w.kh == 1 || w.kw == w.w) && !window_has_edge(&w);
    return w.oh * w.ow == 1 && one_piece && op->at.groups == 1;
}

/* Whether parts of `part` terms fit the lower field in every filter. */
static bool fits(const lone *v, int part)
{
    const int8_t *w = ir_weight(v->op)->data;
    for (int o = 0; o < v->outputs; ++o)
        for (int k = 0, sum = 0; k < v->terms; ++k, ++w) {
            sum = (k % part ? sum : 0) + *w + 128;
            if (sum * 128 >= HALF)
                return false;
        }
    return true;
}

static void init(lone *v, const emitter *e, const ir_op *op)
{
    *v = (lone){.e = (emitter *)(uintptr_t)e, .op = op};
    const ir_tensor *w = ir_weight(op);
    v->outputs = w->shape.dim[0];
    v->terms = (int)(ir_elems(&w->shape) / v->outputs);
    v->padded = (v->outputs + FILTERS - 1) / FILTERS * FILTERS;
    for (v->parts = 1; v->parts <= MAX_PARTS; ++v->parts) {
        v->part = (v->terms + v->parts - 1) / v->parts;
        if (fits(v, v->part))
            return;
    }
}

bool long_takes_lone(const emitter *e, const ir_op *op)
{
    lone v;
    if (!lone_takes(op))
        return false;
    init(&v, e, op);
    return v.parts <= MAX_PARTS;
}

/* ---- weights ------------------------------------------------------------------------------ */

static const char *weight_array_of(lone *v)
{
    static const int lane[FILTERS] = {0, 3, 2, 1}; /* byte of a filter */
    arena *a = v->e->ctx->a;
    const int8_t *from = ir_weight(v->op)->data;
    int words = v->padded / FILTERS * v->terms;
    uint32_t *to = ARENA_ARRAY(a, uint32_t, words);
    for (int o = 0; o < v->padded; ++o)
        for (int k = 0; k < v->terms; ++k) {
            bool real = o < v->outputs && !v->f.constant[o];
            int code = (real ? from[o * v->terms + k] : 0) + (o % 2 ? 0 : 128);
            to[o / FILTERS * v->terms + k] |= (uint32_t)(uint8_t)code << 8 * lane[o % FILTERS];
        }
    const char *comment =
        arena_printf(a, "%s: weights [4 filters][term %d], each word f0 + 128, f3, f2 + 128, f1",
                     emit_comment(v->e, v->op->name), v->terms);
    return emit_array(v->e, EMIT_WEIGHT, op_base(v->e, v->op, "weight"), IR_I32, to, words,
                      comment);
}

/* ---- text --------------------------------------------------------------------------------- */

static void put_term(lone *v, int columns, int k)
{
    text *t = &v->t;
    text_set(t, "k", "%d", k);
    text_put_at(t, columns,
                "u = (uint32_t)w[$k$], v = p[$k$];\n"
                "a += (int32_t)(u & mask) * v;\n"
                "b += (int32_t)((u >> 16 | u << 16) & mask) * v;\n");
}

/* `n` terms from p and w on, which move behind them. */
static void put_part(lone *v, int n)
{
    text *t = &v->t;
    int unroll = bundle_unroll(v->e), loops = n / unroll, done = 0;
    text_set(t, "half", "%d", HALF);
    text_put(t, "        a = b = $half$;\n");
    if (loops > 1) {
        text_set(t, "loops", "%d", loops);
        text_set(t, "step", "%d", unroll);
        text_put(t, "        for (int32_t k = 0; k < $loops$; ++k, p += $step$, w += $step$) {\n");
        for (int i = 0; i < unroll; ++i)
            put_term(v, 12, i);
        text_put(t, "        }\n");
        done = loops * unroll;
    }
    for (int i = 0; i < n - done; ++i)
        put_term(v, 8, i);
    text_set(t, "rest", "%d", n - done);
    text_put(t, "?rest|        p += $rest$, w += $rest$;\n");
    emit_use_helper(v->e, EH_LONG_LOW);
    emit_use_helper(v->e, EH_LONG_HIGH);
    text_put(t, "        s0 += $P$_low(a, 24), s1 += $P$_high(a, 24);\n"
                "        s2 += $P$_low(b, 24), s3 += $P$_high(b, 24);\n");
}

static void put_codes(lone *v)
{
    arena *a = v->e->ctx->a;
    text *t = &v->t;
    for (int i = 0; i < FILTERS; ++i) {
        const char *channel = i ? arena_printf(a, "o + %d", i) : "o";
        bool spare = i >= FILTERS - (v->padded - v->outputs);
        text_set(t, "channel", "%s", channel);
        text_set(t, "guard", spare ? "if (%s < %d)\n            " : "", channel, v->outputs);
        text_set(t, "code", "%s",
                 fast_code(&v->f, arena_printf(a, "s%d", i), channel,
                           arena_printf(a, "scale[%d]", 2 * i + 1)));
        text_put(t, "        $guard$out[$channel$] = $code$;\n");
    }
}

static void put_dots(lone *v)
{
    text *t = &v->t;
    emit_use_helper(v->e, EH_APART);
    text_set(t, "U", "%s", v->e->upper);
    text_set(t, "dots", "%s", op_aux(v->e, v->op, "dots"));
    text_set(t, "weight", "%s", weight_array_of(v));
    text_set(t, "scale", "%s", v->f.scale);
    text_set(t, "padded", "%d", v->padded);
    text_put(
        t,
        "/* $layer$: the window with all filters, four at a time; a and b hold two sums each. */\n"
        "$U$_APART void $dots$(const int8_t *restrict x, int32_t all, int8_t *restrict out)\n"
        "{\n"
        "    const int32_t *w = $weight$;\n"
        "    const int32_t *scale = $scale$;\n"
        "    uint32_t mask = 0xff0000ffu, u;\n"
        "    $U$_KEEP(mask);\n"
        "    for (int32_t o = 0; o < $padded$; o += 4, scale += 8) {\n"
        "        const int8_t *p = x;\n"
        "        int32_t s0 = scale[0] - all, s1 = scale[2], s2 = scale[4] - all, s3 = "
        "scale[6];\n"
        "        int64_t a, b, v;\n");
    for (int k = 0; k < v->terms; k += v->part)
        put_part(v, v->part < v->terms - k ? v->part : v->terms - k);
    put_codes(v);
    text_put(t, "    }\n"
                "}\n\n");
}

bool long_print_lone(emitter *e, const ir_op *op)
{
    lone v;
    init(&v, e, op);
    op_begin(e, op, &v.t);
    text *t = &v.t;
    fast_init(&v.f, e, op, v.padded, false);
    put_dots(&v);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_set(t, "terms", "%d", v.terms);
    text_set(t, "excess", "%d", (v.terms + v.part - 1) / v.part * HALF);
    text_put(t, "    int32_t all = 0;\n"
                "    for (int32_t k = 0; k < $terms$; ++k)\n"
                "        all += in0[k];\n"
                "    $dots$(in0, all * 128 + $excess$, out);\n");
    op_close(t);
    return true;
}
