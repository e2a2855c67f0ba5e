/* diag.c - collecting and printing diagnostics. */
#include "compiler/base/diag.h"

#include <string.h>

#include "compiler/base/ctx.h"

enum { ERROR_LIMIT = 20, QUOTE_COLUMNS = 160 };

static const struct {
    const char *slug;
    diag_severity severity;
    const char *summary;
} rows[] = {
#define DIAG(id, slug, severity, summary) {slug, severity, summary},
#include "compiler/base/diag.def"
#undef DIAG
};

const char *diag_slug(diag_id id)
{
    return rows[id].slug;
}

const char *diag_summary(diag_id id)
{
    return rows[id].summary;
}

void diag_add(qctx *ctx, diag_id id, qloc loc, const char *fmt, ...)
{
    diag *d = ARENA_NEW(ctx->a, diag);
    d->id = id;
    d->severity = rows[id].severity;
    d->loc = loc;
    va_list ap;
    va_start(ap, fmt);
    d->message = arena_vprintf(ctx->a, fmt, ap);
    va_end(ap);
    int *count = d->severity == DIAG_ERROR ? &ctx->errors : &ctx->warnings;
    ++*count;
    ctx->newest = d;
    if (d->severity == DIAG_WARNING || ctx->errors <= ERROR_LIMIT)
        *VEC_PUSH(ctx->a, &ctx->diags) = d;
}

void diag_expected(qctx *ctx, const char *fmt, ...)
{
    diag *d = ctx->newest;
    if (!d)
        return;
    va_list ap;
    va_start(ap, fmt);
    d->expected = arena_vprintf(ctx->a, fmt, ap);
    va_end(ap);
}

static void add_note(qctx *ctx, bool hint, qloc loc, const char *fmt, va_list ap)
{
    diag *d = ctx->newest;
    if (!d)
        return;
    struct diag_note *n = ARENA_NEW(ctx->a, struct diag_note);
    n->hint = hint;
    n->loc = loc;
    n->text = arena_vprintf(ctx->a, fmt, ap);
    if (d->last_note)
        d->last_note->next = n;
    else
        d->notes = n;
    d->last_note = n;
}

void diag_note_at(qctx *ctx, qloc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_note(ctx, false, loc, fmt, ap);
    va_end(ap);
}

void diag_hint(qctx *ctx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_note(ctx, true, loc_none(), fmt, ap);
    va_end(ap);
}

static const char *printed(qctx *ctx, const diag *d)
{
    buf b;
    buf_init(&b, ctx->a);
    diag_print(&b, d);
    return buf_str(&b);
}

void diag_drop_repeats(qctx *ctx)
{
    int kept = 0;
    for (int i = 0; i < ctx->diags.n; i++) {
        diag *d = ctx->diags.v[i];
        bool again = false;
        for (int k = 0; k < kept && d->severity == DIAG_WARNING && !again; k++)
            again = ctx->diags.v[k]->id == d->id &&
                    !strcmp(printed(ctx, ctx->diags.v[k]), printed(ctx, d));
        ctx->warnings -= again;
        if (!again)
            ctx->diags.v[kept++] = d;
    }
    ctx->diags.n = kept;
}

int diag_errors(const qctx *ctx)
{
    return ctx->errors;
}

int diag_warnings(const qctx *ctx)
{
    return ctx->warnings;
}

int diag_count(const qctx *ctx)
{
    return ctx->diags.n;
}

const diag *diag_get(const qctx *ctx, int i)
{
    return ctx->diags.v[i];
}

static void print_place(buf *b, qloc loc)
{
    if (!loc.src)
        return;
    buf_puts(b, loc.src->name);
    if (loc.src->text && loc.end > 0) {
        int line, col;
        loc_line_col(loc, &line, &col);
        buf_printf(b, ":%d:%d", line, col);
    }
    buf_puts(b, ": ");
}

/* Control characters and bytes of no text would garble a terminal. */
static void put_visible(buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        char out = c == '\t' ? ' ' : c < 32 || c == 127 ? '?' : (char)c;
        buf_bytes(b, &out, 1);
    }
}

/* One character of UTF-8 wide for each character of the text. */
static void put_under(buf *b, const char *s, size_t n, char mark)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            buf_bytes(b, &mark, 1);
}

static size_t line_start(const source *src, size_t at)
{
    while (at > 0 && src->text[at - 1] != '\n')
        at--;
    return at;
}

/* The line that loc begins in, with a caret range below; long lines are cut around the place. */
static void print_quote(buf *b, qloc loc)
{
    if (!loc.src || !loc.src->text || loc.end == 0)
        return;
    int line, col;
    loc_line_col(loc, &line, &col);
    const char *text = loc.src->text;
    size_t begin = loc.begin < loc.src->len ? loc.begin : loc.src->len;
    size_t start = line_start(loc.src, begin), stop = begin;
    while (stop < loc.src->len && text[stop] != '\n' && text[stop] != '\r')
        stop++;
    if (begin - start > QUOTE_COLUMNS / 2)
        start = begin - QUOTE_COLUMNS / 2;
    if (stop - start > QUOTE_COLUMNS)
        stop = start + QUOTE_COLUMNS;
    buf_printf(b, "%5d | ", line);
    put_visible(b, text + start, stop - start);
    buf_puts(b, "\n      | ");
    put_under(b, text + start, begin - start, ' ');
    buf_puts(b, "^");
    size_t end = loc.end < stop ? loc.end : stop;
    if (end > begin + 1)
        put_under(b, text + begin + 1, end - begin - 1, '~');
    buf_puts(b, "\n");
}

void diag_print(buf *b, const diag *d)
{
    print_place(b, d->loc);
    buf_printf(b, "%s: %s [%s]\n", d->severity == DIAG_ERROR ? "error" : "warning", d->message,
               diag_slug(d->id));
    print_quote(b, d->loc);
    if (d->expected)
        buf_printf(b, "  expected: %s\n", d->expected);
    for (const struct diag_note *n = d->notes; n; n = n->next) {
        buf_puts(b, "  ");
        print_place(b, n->loc);
        buf_printf(b, "%s: %s\n", n->hint ? "hint" : "note", n->text);
        if (!n->hint)
            print_quote(b, n->loc);
    }
}
