/* problems.c - what cannot be imported or exported, all at once. */
#include "compiler/import/problems.h"

#include <string.h>

const problem_words import_words = {D_IMPORT_UNSUPPORTED, "import", "cannot be imported"};

void problem_add(qctx *ctx, import_problems *list, const void *op, const char *hint,
                 const char *fmt, va_list ap)
{
    const char *reason = arena_vprintf(ctx->a, fmt, ap);
    *VEC_PUSH(ctx->a, list) = (import_problem){op, reason, hint};
}

static bool hinted_before(const import_problems *list, int i)
{
    for (int k = 0; k < i; k++)
        if (list->v[k].hint && !strcmp(list->v[k].hint, list->v[i].hint))
            return true;
    return false;
}

bool problems_report(qctx *ctx, const problem_words *w, qloc loc, const import_problems *list,
                     problem_place *place, void *model)
{
    int n = list->n;
    const char **told = ARENA_ARRAY(ctx->a, const char *, n);
    for (int i = 0; i < n; i++) {
        const import_problem *p = &list->v[i];
        told[i] =
            p->op ? arena_printf(ctx->a, "%s: %s", place(model, p->op), p->reason) : p->reason;
    }
    if (n == 1)
        diag_add(ctx, w->id, loc, "cannot %s %s", w->verb, told[0]);
    else if (n)
        diag_add(ctx, w->id, loc, "%d things %s", n, w->many);
    for (int i = 0; i < n && n > 1; i++)
        diag_note_at(ctx, loc_none(), "%s", told[i]);
    for (int i = 0; i < n; i++)
        if (list->v[i].hint && !hinted_before(list, i))
            diag_hint(ctx, "%s", list->v[i].hint);
    return n == 0;
}
