/* tokens.c - from raw tokens to what the grammar reads.
 *
 * Newlines: kept where they end a statement, that is inside { } outside ( ) and [ ], not before or
 * after `|>`, not after a comma. Dropped everywhere else.
 *
 * Brackets: the grammar only ever sees matching ones. One that is not closed where its statement
 * certainly ends is reported here and closed by made-up tokens of no width, so that the statements
 * after it are read as if nothing had happened. */
#include <string.h>

#include "compiler/front/parse.h"
#include "grammar/qdl.h"

void qdl_fail(qdl_parser *ps, diag_id id, qloc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(ps->ctx, id, loc, "%s", arena_vprintf(ps->ctx->a, fmt, ap));
    va_end(ap);
    if (++ps->errors + ps->rule_errors >= QDL_MAX_ERRORS)
        ps->stopped = true;
}

static qdl_token *peek(qdl_parser *ps, int i)
{
    while (ps->n_ahead <= i) {
        qdl_scanner_token(ps->scanner, &ps->ahead[(ps->first + ps->n_ahead) % QDL_LOOKAHEAD]);
        ps->n_ahead++;
    }
    return &ps->ahead[(ps->first + i) % QDL_LOOKAHEAD];
}

static void drop(qdl_parser *ps)
{
    ps->first = (ps->first + 1) % QDL_LOOKAHEAD;
    ps->n_ahead--;
}

static bool is_word(int kind)
{
    return kind == T_WORD || (kind >= T_MODEL && kind <= T_AUGMENT);
}

static bool is_name(int kind)
{
    return is_word(kind) || kind == T_STRING;
}

/* The kind that closes an opening bracket. */
static int closer(int open)
{
    return open == T_LBRACE ? T_RBRACE : open == T_LPAREN ? T_RPAREN : T_RBRACKET;
}

static bool is_opener(int kind)
{
    return kind == T_LBRACE || kind == T_LPAREN || kind == T_LBRACKET;
}

static bool is_closer(int kind)
{
    return kind == T_RBRACE || kind == T_RPAREN || kind == T_RBRACKET;
}

static int top(const qdl_parser *ps)
{
    return ps->depth ? ps->open[ps->depth - 1].kind : T_END;
}

/* Depth after closing everything inside the innermost brace; 0 where there is none. */
static int innermost_brace(const qdl_parser *ps)
{
    int d = ps->depth;
    while (d > 0 && ps->open[d - 1].kind != T_LBRACE)
        d--;
    return d;
}

/* Whether the tokens from i on can only begin a section: `model NAME {`, `block NAME (`,
 * `quantize {`, `augment {`. */
static bool section_ahead(qdl_parser *ps, int i)
{
    int kind = peek(ps, i)->kind;
    if (kind == T_QUANTIZE || kind == T_AUGMENT)
        return peek(ps, i + 1)->kind == T_LBRACE;
    if ((kind != T_MODEL && kind != T_BLOCK) || !is_name(peek(ps, i + 1)->kind))
        return false;
    return peek(ps, i + 2)->kind == (kind == T_MODEL ? T_LBRACE : T_LPAREN);
}

/* Whether the tokens from i on can only begin a statement: none of these stands inside ( ) or [ ].
 */
static bool statement_ahead(qdl_parser *ps, int i)
{
    int kind = peek(ps, i)->kind, next = peek(ps, i + 1)->kind;
    if (section_ahead(ps, i))
        return true;
    if ((kind == T_INPUT || kind == T_STATE || kind == T_OUTPUT || kind == T_RETURN) && is_name(next))
        return true;
    return is_name(kind) && (next == T_EQUALS || next == T_ASSIGN || next == T_COLON || next == T_DOT);
}

static char spelling(int kind)
{
    static const struct {
        int kind;
        char c;
    } all[] = {
        {T_LBRACE, '{'}, {T_RBRACE, '}'},   {T_LPAREN, '('},
        {T_RPAREN, ')'}, {T_LBRACKET, '['}, {T_RBRACKET, ']'},
    };
    size_t i = 0;
    while (all[i].kind != kind)
        i++;
    return all[i].c;
}

static void report_unclosed(qdl_parser *ps, const qdl_token *before)
{
    const struct qdl_bracket *b = &ps->open[ps->depth - 1];
    qdl_fail(ps, D_UNCLOSED_BRACKET, b->loc, "'%c' is not closed", spelling(b->kind));
    bool after = before->kind == T_NEWLINE || before->kind == T_END;
    qloc here = after ? ps->prev.loc : before->loc;
    diag_note_at(ps->ctx, here, "'%c' is expected %s this", spelling(closer(b->kind)),
                 after ? "after" : "before");
}

/* The innermost bracket is reported, unless something wrong in it was; all down to the depth `to`
 * are closed. */
static void close_brackets(qdl_parser *ps, int to, const qdl_token *before)
{
    if (ps->skip_to != ps->depth - 1 && !ps->cut_string)
        report_unclosed(ps, before);
    ps->close_to = to;
}

/* Whether a newline ends something. May close brackets, and then is asked again. */
static bool newline_counts(qdl_parser *ps)
{
    if (ps->depth == 0)
        return false;
    if (top(ps) != T_LBRACE) {
        int to = innermost_brace(ps);
        if (to > 0 && statement_ahead(ps, 1))
            close_brackets(ps, to, peek(ps, 0));
        return ps->close_to >= 0;
    }
    if (section_ahead(ps, 1)) {
        close_brackets(ps, 0, peek(ps, 0));
        return true;
    }
    return ps->prev.kind != T_PIPE && ps->prev.kind != T_COMMA && peek(ps, 1)->kind != T_PIPE;
}

/* Brackets that must be closed before the next token can stand. */
static void close_before(qdl_parser *ps, const qdl_token *t)
{
    int base = innermost_brace(ps), to = -1;
    if (t->kind == T_END)
        to = 0;
    else if (t->kind == T_RBRACE && base > 0)
        to = base;
    else if (t->kind == T_LBRACE && top(ps) != T_LBRACE && peek(ps, 1)->kind == T_NEWLINE)
        to = base; /* a section's brace after its forgotten parenthesis, not a list in braces */
    else if (t->kind == T_RPAREN || t->kind == T_RBRACKET)
        for (int d = ps->depth; d > base && to < 0; d--)
            if (closer(ps->open[d - 1].kind) == t->kind)
                to = d;
    if (to >= 0 && to < ps->depth)
        close_brackets(ps, to, t);
}

/* A token of no width after the last one. */
static qdl_token made_up(const qdl_parser *ps, int kind)
{
    qdl_token t;
    memset(&t, 0, sizeof t);
    t.kind = kind;
    t.loc = (qloc){ps->src, ps->last_end, ps->last_end};
    return t;
}

static qdl_token raw_token(qdl_parser *ps)
{
    for (;;) {
        if (ps->stopped)
            return made_up(ps, T_END);
        if (ps->close_to >= 0 && ps->depth > ps->close_to)
            return made_up(ps, closer(top(ps)));
        ps->close_to = -1;
        qdl_token *t = peek(ps, 0);
        if (t->kind == T_NEWLINE) {
            if (!newline_counts(ps)) {
                drop(ps);
                continue;
            }
        } else {
            close_before(ps, t);
        }
        if (ps->close_to >= 0)
            continue;
        qdl_token copy = *peek(ps, 0);
        drop(ps);
        return copy;
    }
}

static void open_bracket(qdl_parser *ps, const qdl_token *t)
{
    if (ps->depth == QDL_MAX_BRACKETS) {
        qdl_fail(ps, D_NESTING, t->loc, "more than %d brackets inside one another",
                 QDL_MAX_BRACKETS);
        ps->stopped = true;
        return;
    }
    ps->open[ps->depth].kind = t->kind;
    ps->open[ps->depth].loc = t->loc;
    ps->depth++;
}

/* What the parser needs to know around a token: brackets, the section, the statement. */
static void account(qdl_parser *ps, const qdl_token *t)
{
    ps->depth_before = ps->depth;
    if (is_opener(t->kind))
        open_bracket(ps, t);
    else if (is_closer(t->kind) && ps->depth && closer(top(ps)) == t->kind)
        ps->depth--;
    bool fresh = ps->prev.kind == T_NEWLINE || ps->prev.kind == T_SEMICOLON ||
                 ps->prev.kind == T_LBRACE || ps->prev.kind == T_RBRACE || ps->prev.kind == T_END;
    ps->stmt_tokens = fresh ? 1 : ps->stmt_tokens + 1;
    if (fresh) {
        ps->first_word = *t;
        ps->cut_string = false;
    }
    if (ps->depth_before == 0 && fresh)
        ps->section = t->kind == T_BLOCK || t->kind == T_QUANTIZE || t->kind == T_AUGMENT ? t->kind : T_MODEL;
    if (t->kind != T_NEWLINE && t->kind != T_END)
        ps->last_end = t->loc.end;
    ps->before = ps->prev;
    ps->prev = *t;
}

static void report_fault(qdl_parser *ps, const struct qdl_fault *f)
{
    qdl_fail(ps, f->id, f->loc, "%s", f->message);
    if (f->hint)
        diag_hint(ps->ctx, "%s", f->hint);
    ps->cut_string |= f->id == D_UNTERMINATED_STRING;
}

void qdl_recover(qdl_parser *ps)
{
    int d = ps->depth_before;
    if (d > 0 && ps->open[d - 1].kind != T_LBRACE && ps->depth >= d)
        ps->skip_to = d - 1;
}

int qdl_next_token(qdl_parser *ps, qdl_value *v, qloc *loc)
{
    qdl_token t;
    do {
        t = raw_token(ps);
        account(ps, &t);
        if (t.fault.any)
            report_fault(ps, &t.fault);
    } while (ps->skip_to >= 0 && ps->depth > ps->skip_to && t.kind != T_END);
    ps->skip_to = -1;
    if (ps->stopped)
        t = made_up(ps, T_END);
    *v = t.v;
    *loc = t.kind == T_END ? made_up(ps, T_END).loc : t.loc;
    if (t.kind != T_BAD)
        return t.kind;
    qdl_recover(ps);
    return T_QDLYYerror;
}
