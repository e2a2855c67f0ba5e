/* op_reduce.c - sums, means, extremes and the place of the largest along dimensions: loops over the
 * result, and inside them over what becomes one of its elements. */
#include "compiler/emit/ops.h"

typedef struct reduction {
    emitter *e;
    const ir_op *op;
    walk kept, terms; /* loops over the result, and over the terms of one element */
    int64_t n;          /* terms */
    bool wide;
    text t;
} reduction;

static bool is_reduced(const ir_op *op, int d)
{
    bool hit = op->kind == OP_ARGMAX && d == op->at.axis;
    for (int i = 0; op->kind != OP_ARGMAX && i < op->at.axes.rank; ++i)
        hit |= op->at.axes.dim[i] == d;
    return hit;
}

/* Sums of codes, less their zero points and with a rounding term, in 32 bits. */
static bool needs_wide(const ir_op *op, int64_t n)
{
    int64_t cell = op->in[0]->type == IR_I8 ? 512 : 131072;
    return op->q && (op->q->acc_type == IR_I64 || n * cell > INT32_MAX);
}

static void reduction_init(reduction *r, emitter *e, const ir_op *op)
{
    const ir_shape *in = &op->in[0]->shape;
    int64_t stride[IR_MAX_RANK], n = 1;
    *r = (reduction){.e = e, .op = op};
    r->kept.letter = 'i';
    r->terms.letter = 'k';
    for (int d = in->rank - 1; d >= 0; --d) {
        stride[d] = n;
        n *= in->dim[d];
    }
    for (int d = 0; d < in->rank; ++d)
        gather_push(is_reduced(op, d) ? &r->terms : &r->kept, in->dim[d], stride[d]);
    r->n = n / ir_elems(&op->out[0]->shape);
    r->wide = needs_wide(op, r->n);
    op_begin(e, op, &r->t);
    text_set(&r->t, "acc", !op->q ? "float" : r->wide ? "int64_t" : "int32_t");
    text_set(&r->t, "n", "%lld", (long long)r->n);
    op_comment(e, op, &r->t);
    op_open(e, op, &r->t);
}

/* "in0[i0 * 12 + k0]" */
static const char *element(reduction *r)
{
    arena *a = r->e->ctx->a;
    const char *kept = gather_index(a, &r->kept), *terms = gather_index(a, &r->terms);
    const char *x = text_expand(&r->t, "$x0$");
    if (r->terms.n == 0)
        return arena_printf(a, "%s[%s]", x, kept);
    return r->kept.n ? arena_printf(a, "%s[%s + %s]", x, kept, terms) : arena_printf(a, "%s[%s]", x, terms);
}

/* ---- sums --------------------------------------------------------------------------------- */

/* The element of the result that the sum s of n codes is. */
static const char *mean_code(reduction *r)
{
    const ir_iparams *q = r->op->q;
    emitter *e = r->e;
    text *t = &r->t;
    const char *type = emit_ctype(r->op->out[0]->type);
    requant rq;
    if (!q)
        return r->op->kind == OP_REDUCE_MEAN ? text_expand(t, "s / (float)$n$") : "s";
    if (q->out.n > 0) {
        requant_init(&rq, e, r->op, &q->out, "");
        rq.wide = r->wide;
        return requant_code(&rq, "s", "0");
    }
    if (q->mode == IR_NUM_ONNX) {
        emit_use_helper(e, EH_RINT);
        text_set(t, "zero", "%d", (int)q->in_zero[0]);
        return clamp_code(e, text_expand(t, "$zero$ + $P$_rint((float)(s - ($acc$)$n$ * $zero$) / (float)$n$)"),
                          q->lo, q->hi, type);
    }
    text_set(t, "half", "%lld", (long long)(r->n / 2));
    return clamp_code(e, text_expand(t, "(int32_t)((s + $half$) / $n$ - ((s + $half$) % $n$ < 0 ? 1 : 0))"), q->lo,
                      q->hi, type);
}

bool print_reduce_sum(emitter *e, const ir_op *op)
{
    reduction r;
    reduction_init(&r, e, op);
    text *t = &r.t;
    int columns = gather_loops(t, &r.kept, 4);
    text_set(t, "x", "%s", element(&r));
    text_set(t, "start", "%s", !op->q ? "0.0f" : op->q->bias ? c_int(e->ctx->a, op->q->bias[0]) : "0");
    text_put_at(t, columns, "$acc$ s = $start$;\n");
    text_put_at(t, gather_for(t, &r.terms, columns), "s += $x$;\n");
    text_set(t, "code", "%s", mean_code(&r));
    text_put_at(t, columns, "*out++ = $code$;\n");
    gather_close(t, &r.kept, 4);
    op_close(t);
    return true;
}

/* ---- extremes ----------------------------------------------------------------------------- */

bool print_reduce_extreme(emitter *e, const ir_op *op)
{
    reduction r;
    reduction_init(&r, e, op);
    text *t = &r.t;
    int columns = gather_loops(t, &r.kept, 4);
    text_set(t, "x", "%s", element(&r));
    text_set(t, "first", "%s[%s]", text_expand(t, "$x0$"), gather_index(e->ctx->a, &r.kept));
    text_set(t, "more", op->kind == OP_REDUCE_MAX ? ">" : "<");
    text_put_at(t, columns, "$in0$ m = $first$;\n");
    text_put_at(t, gather_for(t, &r.terms, columns), "m = $x$ $more$ m ? $x$ : m;\n");
    text_put_at(t, columns, "*out++ = m;\n");
    gather_close(t, &r.kept, 4);
    op_close(t);
    return true;
}

/* Places along one dimension: one loop of terms, or none. */
bool print_argmax(emitter *e, const ir_op *op)
{
    reduction r;
    reduction_init(&r, e, op);
    text *t = &r.t;
    int columns = gather_loops(t, &r.kept, 4);
    text_set(t, "x", "%s", element(&r));
    text_set(t, "first", "%s[%s]", text_expand(t, "$x0$"), gather_index(e->ctx->a, &r.kept));
    if (r.n > 1) {
        text_put_at(t, columns, "$in0$ m = $first$;\n"
                                "int32_t at = 0;\n"
                                "for (int32_t k0 = 1; k0 < $n$; ++k0)\n"
                                "    if ($x$ > m) {\n"
                                "        m = $x$;\n"
                                "        at = k0;\n"
                                "    }\n");
        text_put_at(t, columns, op->q ? "*out++ = at;\n" : "*out++ = (float)at;\n");
    } else {
        text_put_at(t, columns, op->q ? "*out++ = 0;\n" : "*out++ = 0.0f;\n");
        text_put_at(t, columns, "(void)$x0$;\n");
    }
    gather_close(t, &r.kept, 4);
    op_close(t);
    return true;
}
