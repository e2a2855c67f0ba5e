/* op_move.c - operators that copy elements: concat and assign (which may rescale), pad, and reshapes of
 * states (others need no code). Codes and floats alike. */
#include "compiler/emit/ops.h"

/* A copy: only of states (emit_op_is_nop). */
bool print_reshape(emitter *e, const ir_op *op)
{
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "n", "%lld", (long long)ir_elems(&op->out[0]->shape));
    text_put(&t, "    for (int32_t i = 0; i < $n$; ++i)\n"
                 "        out[i] = $x0$[i];\n");
    op_close(&t);
    return true;
}

/* ---- concat ------------------------------------------------------------------------------- */

static const char *concat_operand(emitter *e, const ir_op *op, int i, int *parameters)
{
    const ir_tensor *t = op->in[i];
    arena *a = e->ctx->a;
    if (t->kind != IR_CONST)
        return arena_printf(a, "in%d", (*parameters)++);
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, arena_printf(a, "operand%d", i)), t->type,
                      t->data, ir_elems(&t->shape), "a constant operand");
}

const char *rescaled_operand(emitter *e, const ir_op *op, int i, const char *x)
{
    if (!op->q || op->q->each[i].n == 0)
        return x;
    arena *a = e->ctx->a;
    requant rq;
    requant_init(&rq, e, op, &op->q->each[i], arena_printf(a, "in%d_", i));
    rq.wide = false;
    return requant_code(&rq, centred(a, x, op->in[i]->quant->zero[0]), "0");
}

bool print_concat(emitter *e, const ir_op *op)
{
    const ir_shape *out = &op->out[0]->shape;
    arena *a = e->ctx->a;
    int64_t outer = 1, inner = 1;
    for (int d = 0; d < out->rank; ++d) {
        outer *= d < op->at.axis ? out->dim[d] : 1;
        inner *= d > op->at.axis ? out->dim[d] : 1;
    }
    text t;
    int parameters = 0;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "outer", "%lld", (long long)outer);
    text_put(&t, "    for (int32_t i = 0; i < $outer$; ++i) {\n");
    for (int i = 0; i < op->n_in; ++i) {
        text_set(&t, "n", "%lld", (long long)(op->in[i]->shape.dim[op->at.axis] * inner));
        text_set(&t, "name", "%s", emit_comment(e, op->in[i]->name));
        if (emit_is_laid(e, op, i)) {
            text_put(&t, "        out += $n$; /* $name$ is there */\n");
            continue;
        }
        text_set(&t, "x", "%s", concat_operand(e, op, i, &parameters));
        text_set(&t, "code", "%s",
                 rescaled_operand(e, op, i, outer == 1 ? arena_printf(a, "%s[k]", text_expand(&t, "$x$"))
                                                  : text_expand(&t, "$x$[i * $n$ + k]")));
        text_put(&t, "        for (int32_t k = 0; k < $n$; ++k)\n"
                     "            out[k] = $code$;\n"
                     "        out += $n$;\n");
    }
    text_put(&t, "    }\n");
    op_close(&t);
    return true;
}

/* ---- pad ---------------------------------------------------------------------------------- */

static void put_zeros(text *t, const char *indent, int64_t n)
{
    if (n == 0)
        return;
    text_set(t, "indent", "%s", indent);
    text_set(t, "n", "%lld", (long long)n);
    text_put(t, "    $indent$for (int32_t i = 0; i < $n$; ++i)\n"
                "    $indent$    *out++ = $zero$;\n");
}

/* The rows of the input, with what stands left and right of them. */
static void put_rows(text *t, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    const int *pad = op->at.pad;
    text_set(t, "h", "%d", (int)in->dim[0]);
    text_set(t, "row", "%lld", (long long)in->dim[1] * in->dim[2]);
    text_put(t, "    for (int32_t y = 0; y < $h$; ++y) {\n");
    put_zeros(t, "    ", (int64_t)pad[2] * out->dim[2]);
    text_put(t, "        for (int32_t i = 0; i < $row$; ++i)\n"
                "            *out++ = *in0++;\n");
    put_zeros(t, "    ", (int64_t)pad[3] * out->dim[2]);
    text_put(t, "    }\n");
}

bool print_pad(emitter *e, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    const int *pad = op->at.pad;
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "zero", op->q ? "%d" : "0.0f", op->q ? (int)op->q->in_zero[0] : 0);
    put_zeros(&t, "", (int64_t)pad[0] * out->dim[1] * out->dim[2]);
    if (emit_is_laid(e, op, 0)) {
        text_set(&t, "name", "%s", emit_comment(e, op->in[0]->name));
        text_set(&t, "all", "%lld", (long long)ir_elems(in));
        text_put(&t, pad[1] ? "    out += $all$; /* $name$ is there */\n" : "");
    } else {
        put_rows(&t, op);
    }
    put_zeros(&t, "", (int64_t)pad[1] * out->dim[1] * out->dim[2]);
    op_close(&t);
    return true;
}

/* All zeros, then each cell to its place. */
bool print_dilate(emitter *e, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "zero", op->q ? "%d" : "0.0f", op->q ? (int)op->q->in_zero[0] : 0);
    text_set(&t, "all", "%lld", (long long)ir_elems(out));
    text_set(&t, "h", "%d", (int)in->dim[0]);
    text_set(&t, "w", "%d", (int)in->dim[1]);
    text_set(&t, "c", "%d", (int)in->dim[2]);
    text_set(&t, "down", "%lld", (long long)op->at.stride[0] * out->dim[1] * out->dim[2]);
    text_set(&t, "along", "%lld", (long long)op->at.stride[1] * out->dim[2]);
    text_put(&t, "    for (int32_t i = 0; i < $all$; ++i)\n"
                 "        out[i] = $zero$;\n"
                 "    for (int32_t y = 0; y < $h$; ++y)\n"
                 "        for (int32_t x = 0; x < $w$; ++x)\n"
                 "            for (int32_t c = 0; c < $c$; ++c)\n"
                 "                out[y * $down$ + x * $along$ + c] = *in0++;\n");
    op_close(&t);
    return true;
}
