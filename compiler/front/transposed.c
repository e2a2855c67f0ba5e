/* transposed.c - conv_transpose: a convolution of the input with zeros between its cells, with the
 * kernel turned by half (front/weights.c turns it as it is read). */
#include "compiler/front/internal.h"

enum { MAX_PAD = 32767 }; /* what QDL can say of the convolution */

static bool refuse(sema *s, const ast_expr *call, diag_id id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static bool refuse(sema *s, const ast_expr *call, diag_id id, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(s->ctx, id, call->loc, "%s", arena_vprintf(s->ctx->a, fmt, ap));
    va_end(ap);
    return false;
}

/* TensorFlow's `same`: the result has size · stride cells. */
static void pads_of_same(ir_attrs *at, int d)
{
    int reach = (at->kernel[d] - 1) * at->dilation[d] + 1, surplus = reach - at->stride[d];
    at->pad[2 * d] = surplus > 0 ? surplus / 2 : 0;
    at->pad[2 * d + 1] = surplus > 0 ? surplus - surplus / 2 : 0;
    at->out_pad[d] += surplus < 0 ? -surplus : 0;
}

/* Pads of the convolution along dimension d, from those that are taken off its result. */
static bool turn_pads(sema *s, const ast_expr *call, ir_attrs *at, int d)
{
    int64_t reach = ((int64_t)at->kernel[d] - 1) * at->dilation[d];
    int step = at->stride[d] > at->dilation[d] ? at->stride[d] : at->dilation[d];
    if (at->out_pad[d] >= step)
        return refuse(s, call, D_BAD_VALUE,
                      "an output_padding of %d with stride %d, dilation %d: it is "
                      "below the larger of them",
                      at->out_pad[d], at->stride[d], at->dilation[d]);
    if (at->padmode == IR_PAD_SAME)
        pads_of_same(at, d);
    for (int i = 2 * d; i < 2 * d + 2; i++) {
        int64_t pad = reach - at->pad[i] + (i % 2 ? at->out_pad[d] : 0);
        if (pad < 0 || pad > MAX_PAD)
            return refuse(s, call, D_PAD_TOO_LARGE,
                          "a pad of %d with a kernel that reaches %lld cells further: "
                          "%lld is not in 0..%d",
                          at->pad[i], (long long)reach, (long long)pad, MAX_PAD);
        at->pad[i] = (int)pad;
    }
    return true;
}

static ir_tensor *dilated(sema *s, const ast_expr *call, ir_tensor *x, const ir_attrs *at)
{
    const ir_shape unknown = {.rank = 0};
    const char *full = full_name(s, fresh_local(s, s->st->local, "dilate"));
    ir_tensor *out = ir_add_tensor(s->ctx, s->g, full, IR_VALUE, IR_F32, &unknown, call->loc);
    ir_op *op = ir_add_op(s->ctx, s->g, OP_DILATE, full, 1, &x, 1, &out, call->loc);
    op->at = (ir_attrs){.groups = 1, .stride = {at->stride[0], at->stride[1]}};
    return ir_infer_shape(s->ctx, op) ? out : NULL;
}

ir_tensor *enter_transposed(sema *s, const ast_expr *call, ir_tensor *x, ir_attrs *at)
{
    if (x->shape.rank != 3) {
        refuse(s, call, D_SHAPE_MISMATCH,
               "conv_transpose takes a tensor of height, width, channels; '%s' is %s", x->name,
               ir_shape_str(s->ctx->a, &x->shape));
        diag_hint(s->ctx, "reshape(%s, [height, width, channels]) makes one", x->name);
        return NULL;
    }
    if (!turn_pads(s, call, at, 0) || !turn_pads(s, call, at, 1))
        return NULL;
    if (at->stride[0] > 1 || at->stride[1] > 1)
        x = dilated(s, call, x, at);
    at->transposed = true;
    at->padmode = IR_PAD_EXPLICIT;
    for (int d = 0; d < 2; d++) {
        at->stride[d] = 1;
        at->out_pad[d] = 0;
    }
    return x;
}
