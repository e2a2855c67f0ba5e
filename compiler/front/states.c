/* states.c - `state s : f32[8, 40]` and `s := expr`: what a net keeps from one call to the next.
 *
 * A state is read where a statement names it and written where it is assigned, in the order of the
 * statements. The assignment is an operator whose result is the state's tensor. */
#include "compiler/front/internal.h"

void lower_state(sema *s, const ast_stmt *stmt, int number)
{
    ir_tensor *t = add_declared(s, stmt, IR_STATE);
    define_tensor(s, stmt->names.v[0].s, number, t);
    if (!t)
        return;
    ir_state *state = ARENA_NEW(s->ctx->a, ir_state);
    state->tensor = t;
    *VEC_PUSH(s->ctx->a, &s->g->states) = state;
}

static const ir_op *assignment(const ir_graph *g, const ir_tensor *t)
{
    for (int i = 0; i < g->ops.n; i++)
        if (g->ops.v[i]->kind == OP_ASSIGN && g->ops.v[i]->out[0] == t)
            return g->ops.v[i];
    return NULL;
}

/* The state of that name, not assigned yet; NULL after a diagnostic. */
static ir_tensor *find_state(sema *s, const ast_name *name)
{
    binding *b = find_binding(s->scope, name->s);
    bool used = b && b->used;
    ir_tensor *t = lookup_tensor(s, name);
    if (b && t)
        b->used = used; /* being written is no use */
    if (t && t->kind != IR_STATE) {
        diag_add(s->ctx, D_NOT_A_STATE, name->loc, "'%s' is no state: it has its value for good",
                 name->s);
        diag_expected(s->ctx, "a name that `state %s : TYPE[…]` declares; results are `%s = …`",
                      name->s, name->s);
        return NULL;
    }
    const ir_op *first = t ? assignment(s->g, t) : NULL;
    if (!first)
        return t;
    diag_add(s->ctx, D_STATE_ASSIGNED, name->loc, "the state '%s' is assigned twice", name->s);
    diag_note_at(s->ctx, first->loc, "the first assignment is here");
    return NULL;
}

void lower_assign(sema *s, const ast_stmt *stmt)
{
    const ast_name *name = &stmt->names.v[0];
    statement st = {.local = name->s};
    ir_tensor *to = find_state(s, name);
    s->st = &st;
    ir_tensor *value = lower_expr(s, stmt->exprs.v[0], NULL);
    if (to && value == to)
        value = copy_tensor(s, value, fresh_local(s, name->s, "copy"), stmt->loc);
    if (value && value->kind == IR_CONST) {
        diag_add(s->ctx, D_CONSTANT_PLACE, stmt->loc, "a state cannot be assigned the constant '%s'", value->name);
        return;
    }
    if (!to || !value)
        return;
    ir_op *op = ir_add_op(s->ctx, s->g, OP_ASSIGN, to->name, 1, &value, 1, &to, stmt->loc);
    op->at.groups = 1;
    ir_infer_shape(s->ctx, op);
}

void check_states(sema *s)
{
    for (int i = 0; i < s->g->states.n; i++) {
        const ir_tensor *t = s->g->states.v[i]->tensor;
        if (assignment(s->g, t))
            continue;
        diag_add(s->ctx, D_STATE_ASSIGNED, t->loc, "the state '%s' is never assigned", t->name);
        diag_hint(s->ctx, "`%s := …` says what the next call finds in it", t->name);
    }
}
