/* apart.c - a context for a part of the work. */
#include "compiler/base/apart.h"

/* The place in a copy of its source, which may go with its context. */
static qloc copied(qctx *ctx, qloc loc)
{
    if (!loc.src)
        return loc;
    source *s = arena_memdup(ctx->a, loc.src, sizeof *s);
    s->name = arena_strdup(ctx->a, s->name);
    s->text = s->text ? arena_strndup(ctx->a, s->text, s->len) : NULL;
    loc.src = s;
    return loc;
}

static void pass_on(qctx *ctx, const qctx *from)
{
    for (int i = 0; i < from->diags.n; i++) {
        const diag *d = from->diags.v[i];
        diag_add(ctx, d->id, copied(ctx, d->loc), "%s", d->message);
        if (d->expected)
            diag_expected(ctx, "%s", d->expected);
        for (const struct diag_note *n = d->notes; n; n = n->next) {
            if (n->hint)
                diag_hint(ctx, "%s", n->text);
            else
                diag_note_at(ctx, copied(ctx, n->loc), "%s", n->text);
        }
    }
}

bool qctx_apart(qctx *ctx, bool (*fn)(qctx *own, void *user), void *user)
{
    qctx *own = qctx_new();
    if (!own || setjmp(*arena_guard(own->a))) {
        qctx_free(own);
        arena_exhausted(ctx->a);
    }
    bool ok = fn(own, user);
    pass_on(ctx, own);
    qctx_free(own);
    return ok;
}
