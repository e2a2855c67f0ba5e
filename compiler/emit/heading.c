/* heading.c - how every operator's function begins: names, comment, parameters. */
#include "compiler/emit/bands.h"
#include "compiler/emit/ops.h"

#include <string.h>

int op_activations(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_W ? 1 : op->n_in;
}

const char *op_base(const emitter *e, const ir_op *op, const char *what)
{
    /* emit_fn_name gives PREFIX_layer */
    const char *fn = emit_fn_name((emitter *)(uintptr_t)e, op);
    return arena_printf(e->ctx->a, "%s_%s", fn + strlen(e->prefix) + 1, what);
}

const char *op_aux(emitter *e, const ir_op *op, const char *what)
{
    return emit_identifier(e, op_base(e, op, what));
}

bool op_overlaps(const emitter *e, const ir_op *op)
{
    for (int i = 0; i < op_activations(op); ++i)
        if (op->in[i]->kind != IR_CONST && emit_is_aliased(e, op, i))
            return true;
    return false;
}

/* C expression of activation i: a parameter, or the array of a constant. */
static const char *operand(emitter *e, const ir_op *op, int i, int *parameters)
{
    const ir_tensor *t = op->in[i];
    if (t->kind != IR_CONST)
        return arena_printf(e->ctx->a, "in%d", (*parameters)++);
    const char *comment = arena_printf(e->ctx->a, "%s, %s", emit_comment(e, t->name),
                                       ir_shape_str(e->ctx->a, &t->shape));
    return emit_array(e, EMIT_CONSTANT, op_base(e, op, "operand"), t->type, t->data,
                      ir_elems(&t->shape), comment);
}

void op_begin(emitter *e, const ir_op *op, text *t)
{
    static const char *const names[] = {"x0", "x1"}, *const types[] = {"in0", "in1"};
    text_init(t, &e->ops);
    text_set(t, "fn", "%s", emit_fn_name(e, op));
    text_set(t, "P", "%s", e->prefix);
    text_set(t, "layer", "%s", emit_comment(e, op->name));
    text_set(t, "out", "%s", emit_ctype(op->out[0]->type));
    text_set(t, "cell", "%d", emit_pitch(e, op->out[0]));
    text_set(t, "r", "%s", op_overlaps(e, op) ? "" : "restrict ");
    int parameters = 0;
    for (int i = 0; i < op_activations(op) && i < 2 && op->kind != OP_CONCAT; ++i) {
        text_set(t, types[i], "%s", emit_ctype(op->in[i]->type));
        text_set(t, names[i], "%s", operand(e, op, i, &parameters));
    }
    text_set(t, "storage", "static");
}

/* ---- the comment -------------------------------------------------------------------------- */

static void put_tensor(emitter *e, buf *b, const ir_tensor *t)
{
    buf_printf(b, "%s %s", ir_shape_str(e->ctx->a, &t->shape), ir_type_name(t->type));
    if (!t->quant || t->quant->n != 1)
        return;
    buf_puts(b, " (scale ");
    buf_float(b, t->quant->scale[0]);
    buf_printf(b, ", zero %d)", (int)t->quant->zero[0]);
}

static void put_window(buf *b, const ir_op *op)
{
    const ir_attrs *at = &op->at;
    if (op->kind != OP_CONV2D && op->kind != OP_MAXPOOL && op->kind != OP_AVGPOOL)
        return;
    buf_printf(b, ", kernel %dx%d, stride %dx%d", at->kernel[0], at->kernel[1], at->stride[0],
               at->stride[1]);
    if (at->pad[0] || at->pad[1] || at->pad[2] || at->pad[3])
        buf_printf(b, ", pad [%d, %d, %d, %d]", at->pad[0], at->pad[1], at->pad[2], at->pad[3]);
    if (op->kind == OP_CONV2D && (at->dilation[0] != 1 || at->dilation[1] != 1))
        buf_printf(b, ", dilation %dx%d", at->dilation[0], at->dilation[1]);
    if (op->kind == OP_CONV2D && at->groups > 1)
        buf_printf(b, ", %d groups", at->groups);
}

static int64_t largest_bound(const ir_iparams *q)
{
    int64_t top = 0;
    for (int c = 0; c < q->channels; ++c)
        top = q->bound[c] > top ? q->bound[c] : top;
    return top;
}

static void put_weights(emitter *e, buf *b, const ir_op *op)
{
    const ir_tensor *w = ir_weight(op);
    if (!w)
        return;
    buf_printf(b, "\n * weights %s %s%s; %lld multiply-accumulates",
               ir_shape_str(e->ctx->a, &w->shape), ir_type_name(w->type),
               !w->quant ? "" : w->quant->n > 1 ? ", a scale per channel" : ", one scale",
               (long long)ir_macs(op));
    if (op->q)
        buf_printf(b, "\n * |accumulator| <= %lld (%s); %s", (long long)largest_bound(op->q),
                   ir_type_name(op->q->acc_type), requant_comment(e, op, &op->q->out));
}

static void put_inputs(emitter *e, buf *b, const ir_op *op)
{
    buf_puts(b, "\n * ");
    for (int i = 0; i < op_activations(op); ++i) {
        buf_puts(b, i == 0 ? "" : i % 3 == 0 ? ",\n *   " : ", ");
        put_tensor(e, b, op->in[i]);
    }
    buf_puts(b, " ->\n *   ");
    put_tensor(e, b, op->out[0]);
}

static void put_comment(emitter *e, buf *b, const ir_op *op)
{
    static const char *const acts[] = {
        [IR_ACT_NONE] = "", [IR_ACT_RELU] = ", relu", [IR_ACT_RELU6] = ", relu6"};
    buf_printf(b, "/* %s: %s", emit_comment(e, op->name),
               ir_is_depthwise(op) ? "depthwise" : ir_opinfos[op->kind].word);
    put_window(b, op);
    buf_puts(b, acts[op->at.act]);
    if (bands_of(e, op->id))
        buf_printf(b, "; %d of %d rows", (int)op->out[0]->shape.dim[0],
                   (int)bands_whole(e, op)->out[0]->shape.dim[0]);
    put_inputs(e, b, op);
    put_weights(e, b, op);
    buf_puts(b, " */\n");
}

/* ---- the function ------------------------------------------------------------------------- */

void op_comment(emitter *e, const ir_op *op, text *t)
{
    put_comment(e, t->out, op);
}

void op_open(emitter *e, const ir_op *op, text *t)
{
    buf *b = t->out;
    int parameters = 0;
    text_put(t, "$storage$ void $fn$(");
    for (int i = 0; i < op_activations(op); ++i)
        if (op->in[i]->kind != IR_CONST && !emit_is_laid(e, op, i))
            buf_printf(b, "const %s *%sin%d, ", emit_ctype(op->in[i]->type),
                       op_overlaps(e, op) ? "" : "restrict ", parameters++);
    text_put(t, "$out$ *$r$out");
    bool scratch = emit_scratch(e, op) > 0;
    buf_puts(b, scratch ? ", void *scratch)\n{\n" : ")\n{\n");
    if (scratch && e->scratch_idle)
        buf_puts(b, "    (void)scratch;\n");
}

void op_open_rows(emitter *e, const ir_op *op, text *t)
{
    const ir_shape *in = &op->in[0]->shape;
    int32_t n = in->rank ? in->dim[in->rank - 1] : 1;
    op_begin(e, op, t);
    op_comment(e, op, t);
    op_open(e, op, t);
    text_set(t, "n", "%d", (int)n);
    text_set(t, "rows", "%lld", (long long)(ir_elems(in) / n));
}

void op_close(text *t)
{
    text_put(t, "}\n\n");
}
