/* split.c - `a, b = split(x, axis 0)`: a slice for each name of the statement. */
#include "compiler/front/internal.h"

static bool bad_split(sema *s, const ast_name *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool bad_split(sema *s, const ast_name *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(s->ctx, D_SHAPE_MISMATCH, name->loc, "%s", arena_vprintf(s->ctx->a, fmt, ap));
    va_end(ap);
    return false;
}

/* The sizes along the axis: as stated, or equal ones. */
static bool find_sizes(sema *s, const ast_name *name, const ir_tensor *x, const ir_attrs *at,
                       int axis, int want, int32_t *size)
{
    int64_t sum = 0, whole = x->shape.dim[axis];
    bool stated = at->to.rank > 0;
    if (stated && at->to.rank != want)
        return bad_split(s, name, "split into %d sizes, %d names", at->to.rank, want);
    if (!stated && whole % want != 0)
        return bad_split(s, name, "dimension %d of '%s' (%s) has no %d equal parts", axis, x->name,
                         ir_shape_str(s->ctx->a, &x->shape), want);
    for (int i = 0; i < want; i++) {
        size[i] = stated ? at->to.dim[i] : (int32_t)(whole / want);
        sum += size[i];
    }
    return sum == whole ||
           bad_split(s, name, "the sizes add up to %lld, dimension %d of '%s' is %lld",
                     (long long)sum, axis, x->name, (long long)whole);
}

static ir_tensor *add_part(sema *s, const ast_expr *call, ir_tensor *x, int axis, int64_t from,
                           int32_t size, const char *full)
{
    const ir_shape unknown = {.rank = 0};
    ir_tensor *out = ir_add_tensor(s->ctx, s->g, full, IR_VALUE, IR_F32, &unknown, call->loc);
    ir_op *op = ir_add_op(s->ctx, s->g, OP_SLICE, full, 1, &x, 1, &out, call->loc);
    op->at = (ir_attrs){.groups = 1, .begin = {.rank = x->shape.rank}, .end = x->shape};
    op->at.begin.dim[axis] = (int32_t)from;
    op->at.end.dim[axis] = (int32_t)from + size;
    return ir_infer_shape(s->ctx, op) ? out : NULL;
}

bool lower_split(sema *s, const ast_expr *call, const ast_name *name, ir_tensor *x,
                 const call_attrs *attrs, int want, ir_tensor **out)
{
    const ast_stmt *stmt = s->scope->stmts[s->scope->now];
    int rank = x->shape.rank, axis = attrs->at.axis + (attrs->at.axis < 0 ? rank : 0);
    int32_t *size = ARENA_ARRAY(s->ctx->a, int32_t, want);
    if (stmt->kind != AST_S_LET || want < 2 || stmt->names.n != want) {
        diag_add(s->ctx, D_RETURN_COUNT, name->loc, "split gives several results");
        diag_hint(s->ctx, "name them all in a statement of their own: `a, b = split(x, axis 0)`");
        return false;
    }
    if (axis < 0 || axis >= rank)
        return bad_split(s, name, "axis %d is not one of '%s' (%s)", attrs->at.axis, x->name,
                         ir_shape_str(s->ctx->a, &x->shape));
    if (!find_sizes(s, name, x, &attrs->at, axis, want, size))
        return false;
    bool ok = true;
    int64_t from = 0;
    for (int i = 0; i < want; from += size[i++]) {
        out[i] = add_part(s, call, x, axis, from, size[i], full_name(s, stmt->names.v[i].s));
        ok &= out[i] != NULL;
    }
    return ok;
}
