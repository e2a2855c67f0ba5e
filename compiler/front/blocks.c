/* blocks.c - instances of blocks.
 *
 * An instance is a scope whose statements are lowered into the one graph; parameters stand for
 * tensors or values of the caller. A block that had a mistake is told once: its further instances
 * are broken without a word. */
#include <string.h>

#include "compiler/front/internal.h"

static bool is_open(const sema *s, const ast_block *block)
{
    for (const scope *sc = s->scope; sc; sc = sc->caller)
        if (sc->block == block)
            return true;
    return false;
}

/* Inside a block called `relu`, relu is the operator. */
int find_block(const sema *s, const char *name)
{
    int i = name_map_get(&s->blocks, name);
    return i >= 0 && is_open(s, s->file->blocks.v[i]) && ir_find_word(name) ? -1 : i;
}

/* ---- parameters ---------------------------------------------------------------------------- */

typedef struct argument {
    bool is_value;
    const ast_value *value;
    ir_tensor *tensor;
} argument;

static const ast_value *word_value(sema *s, const ast_name *name)
{
    ast_value *v = ARENA_NEW(s->ctx->a, ast_value);
    v->kind = name->quoted ? AST_V_STRING : AST_V_WORD;
    v->loc = name->loc;
    v->text = name->s;
    return v;
}

/* A name that no scope knows is a value where it is one of the words that attributes take, or a
 * quoted text. */
static bool is_word_value(const sema *s, const ast_name *name)
{
    return !find_binding(s->scope, name->s) &&
           (name->quoted || !strcmp(name->s, "same") || !strcmp(name->s, "valid"));
}

static argument read_argument(sema *s, const ast_arg *item)
{
    argument a = {0};
    const ast_expr *e = item->expr;
    if (item->value) {
        a = (argument){true, resolve_value(s, item->value), NULL};
    } else if (e->kind == AST_E_NAME && is_word_value(s, &e->name)) {
        a = (argument){true, word_value(s, &e->name), NULL};
    } else if (e->kind == AST_E_NAME && find_binding(s->scope, e->name.s) &&
               find_binding(s->scope, e->name.s)->kind == BIND_VALUE) {
        binding *b = find_binding(s->scope, e->name.s);
        b->used = true;
        a = (argument){true, b->value, NULL};
    } else {
        a.tensor = lower_expr(s, e, NULL);
    }
    return a;
}

static int read_arguments(sema *s, const ast_expr *call, ir_tensor *first, bool has_first,
                          argument **out)
{
    int n = call->positional.n, k = has_first;
    argument *args = ARENA_ARRAY(s->ctx->a, argument, n + 1);
    args[0].tensor = first;
    for (int i = 0; i < n; i++)
        args[k++] = read_argument(s, &call->positional.v[i]);
    *out = args;
    return k;
}

static bool check_arguments(sema *s, const ast_block *b, const ast_name *name, int n)
{
    if (n == b->params.n)
        return true;
    buf list;
    buf_init(&list, s->ctx->a);
    for (int i = 0; i < b->params.n; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", b->params.v[i].s);
    diag_add(s->ctx, D_WRONG_ARITY, name->loc, "the block '%s' has %d argument%s here", b->name.s, n,
             n == 1 ? "" : "s");
    diag_expected(s->ctx, "%d: %s", b->params.n, buf_str(&list));
    return false;
}

/* `weights "p"` of a call: what stands before the names of the block's weights in the file. */
static bool read_prefix(sema *s, const ast_block *b, const ast_expr *call, const char **prefix)
{
    for (int i = 0; i < call->attrs.n; i++) {
        const ast_attr *a = &call->attrs.v[i];
        const ast_value *v = a->value ? resolve_value(s, a->value) : NULL;
        if (strcmp(a->name.s, "weights") != 0) {
            diag_add(s->ctx, D_UNKNOWN_ATTRIBUTE, a->name.loc, "the block '%s' has no attribute "
                     "'%s'", b->name.s, a->name.s);
            diag_hint(s->ctx, "arguments of a block go by their order, without names");
            return false;
        }
        if (!v || v->kind != AST_V_STRING) {
            diag_add(s->ctx, D_BAD_VALUE, a->name.loc, "weights of a block does not take this value");
            diag_expected(s->ctx, "a text, as in weights \"features.0\"");
            return false;
        }
        *prefix = v->text;
    }
    return true;
}

static void bind_parameters(sema *s, const ast_block *b, const argument *args)
{
    for (int i = 0; i < b->params.n; i++) {
        binding *p = declare(s, b->params.v[i].s, b->params.v[i].loc, -1);
        if (!p)
            continue;
        p->value = args[i].value;
        p->tensor = args[i].tensor;
        p->kind = args[i].is_value ? (args[i].value ? BIND_VALUE : BIND_BROKEN)
                  : args[i].tensor ? BIND_TENSOR
                                   : BIND_BROKEN;
    }
}

/* ---- results ------------------------------------------------------------------------------- */

static const ast_stmt *find_return(sema *s, const ast_block *b)
{
    const ast_stmt *last = b->stmts.n ? b->stmts.v[b->stmts.n - 1] : NULL;
    if (last && last->kind == AST_S_RETURN)
        return last;
    diag_add(s->ctx, D_RETURN_COUNT, b->name.loc, "the block '%s' does not end with a return",
             b->name.s);
    diag_expected(s->ctx, "`return name` as its last statement");
    return NULL;
}

/* A named result keeps its inner name; an expression is called like the instance itself. */
static bool lower_return(sema *s, const ast_stmt *ret, int number, int want, ir_tensor **out)
{
    statement st = {.local = ""};
    bool ok = true;
    s->st = &st;
    s->scope->now = number;
    for (int i = 0; i < want; i++) {
        const char *local = "";
        if (i > 0)
            local = fresh_local(s, "", "return");
        st = (statement){.local = local};
        out[i] = lower_expr(s, ret->exprs.v[i], local);
        ok &= out[i] != NULL;
    }
    return ok;
}

static bool check_returns(sema *s, const ast_block *b, const ast_name *name, const ast_stmt *ret,
                          int want)
{
    if (ret->exprs.n == want)
        return true;
    diag_add(s->ctx, D_RETURN_COUNT, name->loc, "the block '%s' returns %d result%s; %d %s named "
             "here", b->name.s, ret->exprs.n, ret->exprs.n == 1 ? "" : "s", want,
             want == 1 ? "is" : "are");
    diag_note_at(s->ctx, ret->loc, "the return is here");
    if (want == 1)
        diag_hint(s->ctx, "name them all in a statement of their own: `a, b = %s(…)`", b->name.s);
    return false;
}

static bool lower_body(sema *s, const ast_block *b, const ast_stmt *ret, int want, ir_tensor **out)
{
    bool ok = true;
    for (int i = 0; i < b->stmts.n && !s->stopped; i++) {
        int errors = diag_errors(s->ctx);
        if (b->stmts.v[i] == ret)
            ok &= lower_return(s, ret, i, want, out);
        else
            lower_statement(s, i);
        if (diag_errors(s->ctx) == errors)
            continue;
        diag_note_at(s->ctx, s->scope->call, "in this instance of the block '%s'", b->name.s);
        ok = false;
    }
    return ok;
}

/* ---- the instance -------------------------------------------------------------------------- */

static bool check_open(sema *s, const ast_block *b, const ast_name *name)
{
    if (!is_open(s, b))
        return true;
    diag_add(s->ctx, D_RECURSIVE_BLOCK, name->loc, "the block '%s' calls itself", b->name.s);
    for (const scope *sc = s->scope; sc && sc->block && sc->block != b; sc = sc->caller)
        diag_note_at(s->ctx, sc->call, "by way of '%s'", sc->block->name.s);
    return false;
}

static bool lower_instance(sema *s, int number, scope *sc, const argument *args,
                           const ast_stmt *ret, int want, ir_tensor **out)
{
    const ast_block *b = sc->block;
    statement *outer = s->st;
    int errors = diag_errors(s->ctx);
    s->scope = sc;
    bind_parameters(s, b, args);
    declare_statements(s);
    bool ok = lower_body(s, b, ret, want, out);
    if (!s->block_called[number] && diag_errors(s->ctx) == errors)
        warn_unused(s);
    s->block_called[number] = true;
    s->block_broken[number] |= diag_errors(s->ctx) != errors;
    s->scope = sc->caller;
    s->st = outer;
    return ok;
}

bool lower_block(sema *s, int block, const ast_expr *call, const ast_name *name, ir_tensor *first,
                 bool has_first, const char *local, int want, ir_tensor **out)
{
    const ast_block *b = s->file->blocks.v[block];
    const char *prefix = NULL;
    argument *args;
    int n = read_arguments(s, call, first, has_first, &args);
    bool ok = read_prefix(s, b, call, &prefix) && check_arguments(s, b, name, n) &&
              check_open(s, b, name) && count_call(s, call->loc);
    if (!ok || s->block_broken[block]) {
        s->block_called[block] = true;
        return false;
    }
    const ast_stmt *ret = find_return(s, b);
    if (!ret || !check_returns(s, b, name, ret, want)) {
        s->block_called[block] = true;
        s->block_broken[block] |= !ret;
        return false;
    }
    if (!local || !*local) /* `return other(x)` must not share the names of this instance */
        local = fresh_local(s, s->st->local, b->name.s);
    scope *sc = ARENA_NEW(s->ctx->a, scope);
    *sc = (scope){.block = b, .instance = full_name(s, local), .caller = s->scope,
                  .prefix = join_names(s, s->scope->prefix, prefix ? prefix : local),
                  .call = call->loc, .stmts = b->stmts.v, .n_stmts = b->stmts.n};
    return lower_instance(s, block, sc, args, ret, want, out);
}
