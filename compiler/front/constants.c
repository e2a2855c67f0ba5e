/* constants.c - `k = constant([8])`: numbers of the weights file as an operand. */
#include <string.h>

#include "compiler/front/internal.h"

static ir_tensor *add(sema *s, qloc loc, const char *full, const char *key, const ir_shape *shape)
{
    ir_tensor *t = ir_add_tensor(s->ctx, s->g, full, IR_CONST, IR_F32, shape, loc);
    t->wname = key;
    return t;
}

ir_tensor *lower_constant(sema *s, const ast_expr *call, const call_attrs *attrs, const char *local)
{
    const ir_shape *shape = &attrs->at.to;
    int64_t n = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] > INT32_MAX / n) {
            diag_add(s->ctx, D_SHAPE_TOO_LARGE, call->loc,
                     "the constant has 2^31 elements or more");
            return NULL;
        }
        n *= shape->dim[i];
    }
    if (!local)
        local = fresh_local(s, s->st->local, "constant");
    const char *key = join_names(s, s->scope->prefix, attrs->weights ? attrs->weights : local);
    ir_tensor *t = add(s, call->loc, full_name(s, local), key, shape);
    t->tflite_index = attrs->tensor;
    return t;
}

ir_tensor *add_slope(sema *s, const ast_expr *call, const ir_tensor *x, const call_attrs *attrs)
{
    const ir_shape *shape = &x->shape;
    const ir_shape channels = {.rank = 1, .dim = {shape->rank ? shape->dim[shape->rank - 1] : 1}};
    const char *local = attrs->weights ? attrs->weights : s->st->local;
    if (s->st->has_weights && !attrs->weights) {
        diag_add(s->ctx, D_WEIGHTS_NAME, call->loc,
                 "a second layer with weights in one statement needs a name for them");
        diag_hint(s->ctx, "say prelu(…, weights \"name\"), or give it a statement of its own");
        return NULL;
    }
    s->st->has_weights = true;
    const char *full = full_name(s, fresh_local(s, s->st->local, "slope"));
    return add(s, call->loc, full, join_names(s, s->scope->prefix, local), &channels);
}

bool check_constants(sema *s, const ast_expr *call, const ir_word *w, ir_tensor *const *in, int n)
{
    static const ir_opkind kinds[] = {OP_ADD,     OP_SUB,    OP_MUL,  OP_MINIMUM,
                                      OP_MAXIMUM, OP_CONCAT, OP_PRELU};
    int constants = 0;
    bool takes = false;
    for (int i = 0; i < n; i++)
        constants += in[i]->kind == IR_CONST;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        takes = takes || w->kind == kinds[i];
    if (!constants || (takes && constants < n && (w->kind != OP_PRELU || in[0]->kind != IR_CONST)))
        return true;
    diag_add(s->ctx, D_CONSTANT_PLACE, call->loc, "%s takes no constant %s", w->word,
             takes ? "in the place of its tensor" : "as its tensor");
    diag_hint(s->ctx,
              "add, sub, mul, minimum, maximum, concat and prelu take one beside another tensor");
    return false;
}
