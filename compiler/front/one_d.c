/* one_d.c - conv1d, maxpool1d, avgpool1d: the operators on images of height 1. The reshapes around
 * them cost nothing. */
#include <string.h>

#include "compiler/front/internal.h"

bool is_one_d(const ir_word *w)
{
    size_t n = strlen(w->word);
    return n > 2 && !strcmp(w->word + n - 2, "1d");
}

static ir_tensor *reshaped(sema *s, const ast_expr *call, ir_tensor *x, const ir_shape *to,
                           const char *local)
{
    const ir_shape unknown = {.rank = 0};
    const char *full = full_name(s, local);
    ir_tensor *out = ir_add_tensor(s->ctx, s->g, full, IR_VALUE, IR_F32, &unknown, call->loc);
    ir_op *op = ir_add_op(s->ctx, s->g, OP_RESHAPE, full, 1, &x, 1, &out, call->loc);
    op->at = (ir_attrs){.groups = 1, .to = *to};
    return ir_infer_shape(s->ctx, op) ? out : NULL;
}

ir_tensor *enter_one_d(sema *s, const ir_word *w, const ast_expr *call, ir_tensor *x, ir_attrs *at)
{
    if (x->shape.rank != 2) {
        diag_add(s->ctx, D_SHAPE_MISMATCH, call->loc,
                 "%s takes a tensor of length, channels; '%s' is %s", w->word, x->name,
                 ir_shape_str(s->ctx->a, &x->shape));
        diag_hint(s->ctx, "reshape(%s, [length, channels]) makes one", x->name);
        return NULL;
    }
    at->kernel[0] = at->stride[0] = at->dilation[0] = 1;
    if (!at->stride[1])
        at->stride[1] = at->kernel[1];
    at->pad[0] = at->pad[1] = 0;
    const ir_shape image = {.rank = 3, .dim = {1, x->shape.dim[0], x->shape.dim[1]}};
    return reshaped(s, call, x, &image, fresh_local(s, s->st->local, "image"));
}

ir_tensor *leave_one_d(sema *s, const ast_expr *call, ir_tensor *y, const char *local)
{
    const ir_shape to = {.rank = 2, .dim = {y->shape.dim[1], y->shape.dim[2]}};
    return reshaped(s, call, y, &to, local);
}
