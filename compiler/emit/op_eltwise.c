/* op_eltwise.c - add, sub, mul, prelu, minimum and maximum, with numpy's broadcasting. */
#include "compiler/emit/ops.h"

/* ---- indices ------------------------------------------------------------------------------ */

/* Index of an operand's element at output indices i0, i1, …: broadcast dimensions do not count. */
static const char *operand_index(arena *a, const ir_shape *out, const ir_shape *in)
{
    buf b;
    buf_init(&b, a);
    int64_t stride = 1;
    for (int d = out->rank - 1, k = in->rank - 1; k >= 0; --d, --k) {
        if (in->dim[k] != 1) {
            buf_puts(&b, b.n ? " + " : "");
            buf_printf(&b, stride == 1 ? "i%d" : "i%d * %lld", d, (long long)stride);
        }
        stride *= in->dim[k];
    }
    return b.n ? buf_str(&b) : "0";
}

static bool is_flat(const ir_op *op)
{
    return ir_shape_eq(&op->in[0]->shape, &op->out[0]->shape) &&
           ir_shape_eq(&op->in[1]->shape, &op->out[0]->shape);
}

/* Opens the loops; gives how many braces are to be closed. Sets a and b, the operands' elements. */
static int open_loops(emitter *e, const ir_op *op, text *t)
{
    const ir_shape *out = &op->out[0]->shape;
    arena *a = e->ctx->a;
    if (is_flat(op)) {
        text_set(t, "n", "%lld", (long long)ir_elems(out));
        text_put(t, "    for (int32_t i = 0; i < $n$; ++i) {\n");
        text_set(t, "a", "%s[i]", text_expand(t, "$x0$"));
        text_set(t, "b", "%s[i]", text_expand(t, "$x1$"));
        text_set(t, "to", "out[i]");
        return 1;
    }
    for (int d = 0; d < out->rank; ++d) {
        text_set(t, "d", "%d", d);
        text_set(t, "n", "%d", (int)out->dim[d]);
        text_put(t, "    for (int32_t i$d$ = 0; i$d$ < $n$; ++i$d$) {\n");
    }
    text_set(t, "a", "%s[%s]", text_expand(t, "$x0$"), operand_index(a, out, &op->in[0]->shape));
    text_set(t, "b", "%s[%s]", text_expand(t, "$x1$"), operand_index(a, out, &op->in[1]->shape));
    text_set(t, "to", "out[%s]", operand_index(a, out, out));
    return out->rank;
}

static void close_loops(text *t, int n)
{
    text_put(t, "    ");
    for (int i = 0; i < n; ++i)
        text_put(t, "}");
    text_put(t, "\n");
}

/* ---- add ---------------------------------------------------------------------------------- */

static void add_q32(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    bool wide = q->acc_type == IR_I64;
    emit_use_helper(e, wide ? EH_ASR : EH_ASR32);
    text_set(t, "asr", "%s_%s", e->prefix, wide ? "asr" : "asr32");
    text_set(t, "c", "%s", c_int(a, q->bias[0]));
    text_set(t, "m0", "%s", c_int(a, q->in[0].mult[0]));
    text_set(t, "m1", "%s", c_int(a, q->in[1].mult[0]));
    text_set(t, "s", "%d", q->right_shift);
    text_set(t, "acc", "%s", acc_ctype(op));
    text_put(t, "        const $acc$ sum = $c$ + ($acc$)$a$ * $m0$ + ($acc$)$b$ * $m1$;\n");
    if (wide)
        emit_use_helper(e, EH_SHL_SAT);
    text_set(t, "code", "%s",
             clamp_code(e, text_expand(t, wide ? "$P$_shl_sat($asr$(sum, $s$), 0)" : "$asr$(sum, $s$)"),
                        q->lo, q->hi, emit_ctype(op->out[0]->type)));
}

static void add_q31(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    requant out;
    static const char *const elements[] = {"$a$", "$b$"}, *const names[] = {"in0_", "in1_"};
    for (int i = 0; i < 2; ++i) {
        requant in;
        requant_init(&in, e, op, &q->in[i], names[i]);
        in.zero = 0;
        const char *x = arena_printf(a, "(%s * %lld)",
                                     centred(a, text_expand(t, elements[i]), q->in_zero[i]),
                                     (long long)(INT64_C(1) << q->left_shift));
        text_set(t, "i", "%d", i);
        text_set(t, "term", "%s", requant_raw(&in, x, "0"));
        text_put(t, "        const int32_t x$i$ = $term$;\n");
    }
    requant_init(&out, e, op, &q->out, "");
    text_set(t, "code", "%s", requant_code(&out, op->kind == OP_SUB ? "(x0 - x1)" : "(x0 + x1)", "0"));
}

/* volatile: the products must be rounded before they are added, which contraction would skip. */
static void add_onnx(emitter *e, const ir_op *op, text *t)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    emit_use_helper(e, EH_RINT);
    text_set(t, "s0", "%s", c_float(a, q->in[0].fscale[0]));
    text_set(t, "s1", "%s", c_float(a, q->in[1].fscale[0]));
    text_set(t, "so", "%s", c_float(a, q->out.fscale[0]));
    text_set(t, "u", "%s", centred(a, text_expand(t, "$a$"), q->in_zero[0]));
    text_set(t, "v", "%s", centred(a, text_expand(t, "$b$"), q->in_zero[1]));
    text_set(t, "zy", "%d", (int)q->out_zero);
    text_set(t, "sign", op->kind == OP_SUB ? "-" : "+");
    text_put(t, "        volatile float x0 = $s0$ * (float)$u$;\n"
                "        volatile float x1 = $s1$ * (float)$v$;\n"
                "        volatile float sum = x0 $sign$ x1;\n");
    text_set(t, "code", "%s", clamp_code(e, text_expand(t, "$zy$ + $P$_rint(sum / $so$)"), q->lo, q->hi,
                                         emit_ctype(op->out[0]->type)));
}

bool print_add(emitter *e, const ir_op *op)
{
    static void (*const modes[])(emitter *, const ir_op *, text *) = {
        [IR_NUM_Q32] = add_q32,
        [IR_NUM_TFLM] = add_q31,
        [IR_NUM_SINGLE] = add_q31,
        [IR_NUM_ONNX] = add_onnx,
    };
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    int braces = open_loops(e, op, &t);
    modes[op->q->mode](e, op, &t);
    text_put(&t, "        $to$ = $code$;\n");
    close_loops(&t, braces);
    op_close(&t);
    return true;
}

bool print_mul(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    requant out;
    text t;
    op_begin(e, op, &t);
    requant_init(&out, e, op, &q->out, "");
    op_comment(e, op, &t);
    op_open(e, op, &t);
    int braces = open_loops(e, op, &t);
    text_set(&t, "acc", "%s", acc_ctype(op));
    text_set(&t, "u", "%s", centred(a, text_expand(&t, "$a$"), q->in_zero[0]));
    text_set(&t, "v", "%s", centred(a, text_expand(&t, "$b$"), q->in_zero[1]));
    text_set(&t, "code", "%s", requant_code(&out, "acc", "0"));
    text_put(&t, "        const $acc$ acc = ($acc$)$u$ * $v$;\n"
                 "        $to$ = $code$;\n");
    close_loops(&t, braces);
    op_close(&t);
    return true;
}

/* x1: the slopes. */
bool print_prelu(emitter *e, const ir_op *op)
{
    const ir_iparams *q = op->q;
    arena *a = e->ctx->a;
    requant plain, product;
    text t;
    op_begin(e, op, &t);
    requant_init(&plain, e, op, &q->in[0], "plain_");
    requant_init(&product, e, op, &q->out, "");
    op_comment(e, op, &t);
    op_open(e, op, &t);
    int braces = open_loops(e, op, &t);
    text_set(&t, "u", "%s", centred(a, text_expand(&t, "$a$"), q->in_zero[0]));
    text_set(&t, "v", "%s", centred(a, text_expand(&t, "$b$"), q->in_zero[1]));
    text_set(&t, "plain", "%s", requant_code(&plain, "u", "0"));
    text_set(&t, "product", "%s", requant_code(&product, "(u * v)", "0"));
    text_put(&t, "        const int32_t u = $u$;\n"
                 "        const int32_t v = $v$;\n"
                 "        $to$ = u < 0 ? $product$\n"
                 "                     : $plain$;\n");
    close_loops(&t, braces);
    op_close(&t);
    return true;
}

/* minimum and maximum: of the operands as codes of the output. */
bool print_select(emitter *e, const ir_op *op)
{
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    int braces = open_loops(e, op, &t);
    text_set(&t, "u", "%s", rescaled_operand(e, op, 0, text_expand(&t, "$a$")));
    text_set(&t, "v", "%s", rescaled_operand(e, op, 1, text_expand(&t, "$b$")));
    text_set(&t, "less", op->kind == OP_MINIMUM ? "<" : ">");
    text_put(&t, "        const $out$ u = $u$;\n"
                 "        const $out$ v = $v$;\n"
                 "        $to$ = u $less$ v ? u : v;\n");
    close_loops(&t, braces);
    op_close(&t);
    return true;
}

/* ---- float -------------------------------------------------------------------------------- */

static const char *float_operation(ir_opkind kind)
{
    switch (kind) {
    case OP_ADD: return "$a$ + $b$";
    case OP_SUB: return "$a$ - $b$";
    case OP_MINIMUM: return "$a$ < $b$ ? $a$ : $b$";
    case OP_MAXIMUM: return "$a$ > $b$ ? $a$ : $b$";
    case OP_PRELU: return "$a$ < 0.0f ? $a$ * $b$ : $a$";
    default: return "$a$ * $b$";
    }
}

bool print_float_eltwise(emitter *e, const ir_op *op)
{
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    int braces = open_loops(e, op, &t);
    text_set(&t, "v", "%s", text_expand(&t, float_operation(op->kind)));
    text_put(&t, "        const float v = $v$;\n");
    text_set(&t, "act", "%s", float_act(op, e->ctx->a, "v"));
    text_put(&t, "        $to$ = $act$;\n");
    close_loops(&t, braces);
    op_close(&t);
    return true;
}
