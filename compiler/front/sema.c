/* sema.c - statements, and the whole: names, blocks, operators, shapes of a model. */
#include "compiler/front/internal.h"

#include <string.h>

/* ---- names of statements ------------------------------------------------------------------- */

static void declare_name(sema *s, const ast_name *name, int stmt)
{
    if (declare(s, name->s, name->loc, stmt))
        reserve_name(s, full_name(s, name->s), name->loc);
}

void declare_statements(sema *s)
{
    for (int i = 0; i < s->scope->n_stmts; i++) {
        const ast_stmt *st = s->scope->stmts[i];
        for (int k = 0; k < st->names.n && st->kind != AST_S_ASSIGN; k++)
            declare_name(s, &st->names.v[k], i);
    }
}

/* ---- statements ---------------------------------------------------------------------------- */

/* What a duplicate name's statement is called, so that its mistakes are still found. */
static const char *statement_name(sema *s, const ast_stmt *stmt, int number)
{
    const char *local = stmt->names.v[0].s;
    const binding *b = find_binding(s->scope, local);
    return b && b->stmt == number ? local : fresh_local(s, local, "again");
}

static void lower_let(sema *s, const ast_stmt *stmt, int number)
{
    int want = stmt->names.n;
    const char *local = statement_name(s, stmt, number);
    ir_tensor **out = ARENA_ARRAY(s->ctx->a, ir_tensor *, want);
    statement st = {.local = local};
    s->st = &st;
    bool ok = lower_results(s, stmt->exprs.v[0], local, want, out);
    for (int i = 0; i < want; i++)
        define_tensor(s, stmt->names.v[i].s, number, ok ? out[i] : NULL);
}

void lower_statement(sema *s, int number)
{
    const ast_stmt *stmt = s->scope->stmts[number];
    s->scope->now = number;
    switch (stmt->kind) {
    case AST_S_INPUT: lower_input(s, stmt, number); break;
    case AST_S_LET: lower_let(s, stmt, number); break;
    case AST_S_STATE: lower_state(s, stmt, number); break;
    case AST_S_ASSIGN: lower_assign(s, stmt); break;
    case AST_S_OUTPUT: lower_output(s, stmt, number); break;
    case AST_S_RETURN:
        diag_add(s->ctx, D_MISPLACED_STATEMENT, stmt->loc, s->scope->block
                 ? "return is the last statement of a block"
                 : "a model has outputs, no returns");
        break;
    case AST_S_WEIGHTS:
        if (s->scope->block)
            diag_add(s->ctx, D_MISPLACED_STATEMENT, stmt->loc,
                     "`weights native` belongs to the model");
        break;
    }
}

static bool sibling_used(const scope *sc, const binding *b)
{
    const ast_stmt *st = sc->stmts[b->stmt];
    for (int i = 0; i < st->names.n; i++) {
        const binding *other = find_binding(sc, st->names.v[i].s);
        if (other && other->stmt == b->stmt && other->used)
            return true;
    }
    return false;
}

void warn_unused(sema *s)
{
    for (int i = 0; i < s->scope->names.n; i++) {
        const binding *b = &s->scope->names.v[i];
        if (b->used || (b->stmt >= 0 && sibling_used(s->scope, b)))
            continue;
        ast_skind kind = b->stmt >= 0 ? s->scope->stmts[b->stmt]->kind : AST_S_LET;
        diag_add(s->ctx, D_UNUSED_RESULT, b->loc, "%s '%s' is never used",
                 b->stmt < 0             ? "the parameter"
                 : kind == AST_S_INPUT   ? "the input"
                 : kind == AST_S_STATE   ? "the state"
                                         : "the result",
                 b->name);
    }
}

/* ---- the model ----------------------------------------------------------------------------- */

static void check_blocks(sema *s)
{
    for (int i = 0; i < s->file->blocks.n; i++) {
        const ast_name *name = &s->file->blocks.v[i]->name;
        int first = name_map_get(&s->blocks, name->s);
        if (first < 0) {
            name_map_put(s->ctx, &s->blocks, name->s, i);
            continue;
        }
        diag_add(s->ctx, D_DUPLICATE_NAME, name->loc, "the block '%s' is defined twice", name->s);
        diag_note_at(s->ctx, s->file->blocks.v[first]->name.loc, "the first definition is here");
        s->block_called[i] = true;
    }
}

static void warn_unused_blocks(sema *s)
{
    for (int i = 0; i < s->file->blocks.n; i++)
        if (!s->block_called[i])
            diag_add(s->ctx, D_UNUSED_BLOCK, s->file->blocks.v[i]->name.loc,
                     "the block '%s' is never called", s->file->blocks.v[i]->name.s);
}

/* `weights native` holds for the whole model, wherever it stands. */
static void find_native(sema *s)
{
    for (int i = 0; i < s->file->stmts.n; i++)
        s->g->weights_native |= s->file->stmts.v[i]->kind == AST_S_WEIGHTS;
}

static bool states(const ast_file *f, ast_skind kind)
{
    for (int i = 0; i < f->stmts.n; i++)
        if (f->stmts.v[i]->kind == kind)
            return true;
    return false;
}

static void check_ports(sema *s)
{
    if (!states(s->file, AST_S_INPUT)) {
        diag_add(s->ctx, D_NO_INPUT, s->file->model.loc, "the model has no input");
        diag_expected(s->ctx, "a statement such as `input image : u8[28, 28, 1] real [0, 1]`");
    }
    if (!states(s->file, AST_S_OUTPUT)) {
        diag_add(s->ctx, D_NO_OUTPUT, s->file->model.loc, "the model has no output");
        diag_expected(s->ctx, "a statement such as `output softmax(f1)`");
    }
}

ir_graph *sema_lower(qctx *ctx, const ast_file *file)
{
    int errors = diag_errors(ctx);
    scope top = {.instance = "", .prefix = "", .stmts = file->stmts.v, .n_stmts = file->stmts.n};
    sema s = {.ctx = ctx, .file = file, .scope = &top};
    s.g = ir_new(ctx, file->model.s);
    s.block_called = ARENA_ARRAY(ctx->a, bool, file->blocks.n);
    s.block_broken = ARENA_ARRAY(ctx->a, bool, file->blocks.n);
    check_blocks(&s);
    find_native(&s);
    declare_statements(&s);
    for (int i = 0; i < file->stmts.n && !s.stopped; i++)
        lower_statement(&s, i);
    check_ports(&s);
    if (diag_errors(ctx) == errors)
        check_states(&s);
    if (diag_errors(ctx) != errors)
        return NULL;
    warn_unused(&s);
    warn_unused_blocks(&s);
    return s.g;
}
