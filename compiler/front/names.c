/* names.c - scopes and the names of the graph. */
#include <string.h>

#include "compiler/front/internal.h"

/* ---- map ----------------------------------------------------------------------------------- */

static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static struct name_slot *find_slot(const name_map *m, const char *name)
{
    uint32_t at = hash(name) & (uint32_t)(m->size - 1);
    while (m->slot[at].name && strcmp(m->slot[at].name, name) != 0)
        at = (at + 1) & (uint32_t)(m->size - 1);
    return &m->slot[at];
}

int name_map_get(const name_map *m, const char *name)
{
    if (m->size == 0)
        return -1;
    const struct name_slot *slot = find_slot(m, name);
    return slot->name ? slot->value : -1;
}

static void grow(qctx *ctx, name_map *m)
{
    name_map old = *m;
    m->size = old.size ? 2 * old.size : 32;
    m->slot = ARENA_ARRAY(ctx->a, struct name_slot, m->size);
    for (int i = 0; i < old.size; i++)
        if (old.slot[i].name)
            *find_slot(m, old.slot[i].name) = old.slot[i];
}

void name_map_put(qctx *ctx, name_map *m, const char *name, int value)
{
    if (2 * (m->n + 1) > m->size)
        grow(ctx, m);
    struct name_slot *slot = find_slot(m, name);
    m->n += slot->name == NULL;
    *slot = (struct name_slot){name, value};
}

/* ---- names of the graph -------------------------------------------------------------------- */

const char *join_names(sema *s, const char *outer, const char *inner)
{
    if (!*outer || !*inner)
        return *outer ? outer : inner;
    return arena_printf(s->ctx->a, "%s.%s", outer, inner);
}

const char *full_name(sema *s, const char *local)
{
    return join_names(s, s->scope->instance, local);
}

const char *fresh_local(sema *s, const char *base, const char *word)
{
    const char *local = join_names(s, base, word), *first = local;
    for (int i = 1; name_map_get(&s->taken, full_name(s, local)) >= 0; i++)
        local = arena_printf(s->ctx->a, "%s%d", first, i);
    name_map_put(s->ctx, &s->taken, full_name(s, local), 0);
    return local;
}

bool reserve_name(sema *s, const char *full, qloc loc)
{
    if (name_map_get(&s->taken, full) >= 0) {
        diag_add(s->ctx, D_DUPLICATE_NAME, loc, "the graph already has something called '%s'", full);
        return false;
    }
    name_map_put(s->ctx, &s->taken, full, 0);
    return true;
}

/* ---- scopes -------------------------------------------------------------------------------- */

binding *declare(sema *s, const char *name, qloc loc, int stmt)
{
    scope *sc = s->scope;
    const binding *old = find_binding(sc, name);
    if (old) {
        diag_add(s->ctx, D_DUPLICATE_NAME, loc, "'%s' is defined twice", name);
        diag_note_at(s->ctx, old->loc, "the first definition is here");
        return NULL;
    }
    name_map_put(s->ctx, &sc->index, name, sc->names.n);
    binding *b = VEC_PUSH(s->ctx->a, &sc->names);
    *b = (binding){.name = name, .loc = loc, .stmt = stmt};
    return b;
}

binding *find_binding(const scope *sc, const char *name)
{
    int i = name_map_get(&sc->index, name);
    return i < 0 ? NULL : &sc->names.v[i];
}

/* `b1 = dsconv(x)` and `a = b` give a tensor that has a name already another one. */
static void note_alias(sema *s, const char *local, const ir_tensor *t)
{
    const char *full = full_name(s, local);
    if (strcmp(t->name, full) != 0)
        *VEC_PUSH(s->ctx->a, &s->g->aliases) = (ir_alias){full, t->name};
}

void define_tensor(sema *s, const char *name, int stmt, ir_tensor *t)
{
    binding *b = find_binding(s->scope, name);
    if (!b || b->stmt != stmt) /* a duplicate: the first one keeps the name */
        return;
    b->kind = t ? BIND_TENSOR : BIND_BROKEN;
    b->tensor = t;
    if (t)
        note_alias(s, name, t);
}

void hint_near(sema *s, const char *name, const char *const *candidates, int n)
{
    const char *near = nearest_name(name, candidates, n);
    if (near)
        diag_hint(s->ctx, "did you mean '%s'?", near);
}

static ir_tensor *undefined(sema *s, const ast_name *name)
{
    const scope *sc = s->scope;
    const char **candidates = ARENA_ARRAY(s->ctx->a, const char *, sc->names.n);
    int n = 0;
    for (int i = 0; i < sc->names.n; i++)
        if (sc->names.v[i].kind == BIND_TENSOR || sc->names.v[i].kind == BIND_BROKEN)
            candidates[n++] = sc->names.v[i].name;
    diag_add(s->ctx, D_UNDEFINED_NAME, name->loc, "undefined name '%s'", name->s);
    hint_near(s, name->s, candidates, n);
    return NULL;
}

/* ---- used too early ------------------------------------------------------------------------ */

typedef struct search {
    const sema *s;
    int goal;
    bool *seen; /* by statement */
} search;

static bool stmt_needs(search *f, int stmt);

static bool expr_needs(search *f, const ast_expr *e)
{
    for (; e->kind == AST_E_CHAIN; e = e->left)
        for (int i = 0; i < e->right->args.n; i++)
            if (expr_needs(f, e->right->args.v[i]))
                return true;
    if (e->kind == AST_E_CALL) {
        for (int i = 0; i < e->args.n; i++)
            if (expr_needs(f, e->args.v[i]))
                return true;
        return false;
    }
    const binding *b = find_binding(f->s->scope, e->name.s);
    return b && b->stmt >= 0 && stmt_needs(f, b->stmt);
}

/* Whether the statement reads, through others, a result of statement `goal`. The search only runs
 * over statements from `goal` on; it nests no deeper than they chain up to the depth limit. */
static bool stmt_needs(search *f, int stmt)
{
    if (stmt == f->goal)
        return true;
    if (stmt < f->goal || f->seen[stmt] || stmt > f->goal + SEMA_MAX_DEPTH)
        return false;
    f->seen[stmt] = true;
    const ast_stmt *st = f->s->scope->stmts[stmt];
    for (int i = 0; i < st->exprs.n; i++)
        if (expr_needs(f, st->exprs.v[i]))
            return true;
    return false;
}

static ir_tensor *too_early(sema *s, const ast_name *name, const binding *b)
{
    search f = {s, s->scope->now, ARENA_ARRAY(s->ctx->a, bool, s->scope->n_stmts)};
    if (b->stmt == s->scope->now) {
        diag_add(s->ctx, D_CYCLE, name->loc, "'%s' is defined in terms of itself", name->s);
    } else if (stmt_needs(&f, b->stmt)) {
        diag_add(s->ctx, D_CYCLE, name->loc, "a cycle: '%s' needs the result of this statement",
                 name->s);
        diag_note_at(s->ctx, b->loc, "'%s' is defined here", name->s);
    } else {
        diag_add(s->ctx, D_USED_BEFORE, name->loc, "'%s' is used before it is defined", name->s);
        diag_note_at(s->ctx, b->loc, "'%s' is defined here", name->s);
    }
    return NULL;
}

static const char *value_str(const ast_value *v)
{
    static const char *const what[] = {[AST_V_NUMBER] = "a number", [AST_V_STRING] = "a text",
                                       [AST_V_WORD] = "a word", [AST_V_LIST] = "a list",
                                       [AST_V_SIZE] = "a size"};
    return what[v->kind];
}

ir_tensor *lookup_tensor(sema *s, const ast_name *name)
{
    binding *b = find_binding(s->scope, name->s);
    if (!b)
        return undefined(s, name);
    b->used = true;
    switch (b->kind) {
    case BIND_TENSOR: return b->tensor;
    case BIND_BROKEN: return NULL;
    case BIND_LATER: return too_early(s, name, b);
    case BIND_VALUE: break;
    }
    diag_add(s->ctx, D_NOT_A_TENSOR, name->loc, "the parameter '%s' is %s here; a tensor is needed",
             name->s, value_str(b->value));
    return NULL;
}
