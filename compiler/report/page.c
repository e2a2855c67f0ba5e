/* page.c - a self-contained HTML page, made section by section. */
#include "compiler/report/page.h"

#include <stdio.h>

/* ---- text ------------------------------------------------------------------------------------ */

/* Bytes of the well-formed UTF-8 character at s (Unicode 15, table 3-7), or 0. */
static int utf8_length(const unsigned char *s)
{
    int n = s[0] < 0x80   ? 1
            : s[0] < 0xc2 ? 0
            : s[0] < 0xe0 ? 2
            : s[0] < 0xf0 ? 3
            : s[0] < 0xf5 ? 4
                          : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* U+FFFE and U+FFFF are no characters of XML; nor are most controls, U+0080 to U+009F discouraged.
 */
static bool is_printable(const unsigned char *s, int n)
{
    bool control = s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
    return n > 0 && !control && !(s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe);
}

static const char *entity(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
}

void html_text(buf *b, const char *s)
{
    const unsigned char *at = (const unsigned char *)s;
    while (*at) {
        int n = utf8_length(at);
        const char *e = entity((char)*at);
        if (e)
            buf_puts(b, e);
        else if (is_printable(at, n))
            buf_bytes(b, at, (size_t)n);
        else
            buf_printf(b, "\\x%02x", *at);
        at += is_printable(at, n) ? n : 1;
    }
}

void html_vprintf(buf *b, const char *fmt, va_list ap)
{
    buf text;
    buf_init(&text, b->a);
    buf_vprintf(&text, fmt, ap);
    html_text(b, buf_str(&text));
}

static void put_text(page *p, const char *before, const char *fmt, va_list ap, const char *after)
{
    buf_puts(&p->b, before);
    html_vprintf(&p->b, fmt, ap);
    buf_puts(&p->b, after);
}

/* ---- sections -------------------------------------------------------------------------------- */

page *page_new(qctx *ctx, const char *title, const char *about)
{
    page *p = ARENA_NEW(ctx->a, page);
    p->ctx = ctx;
    p->title = title;
    p->about = about;
    buf_init(&p->b, ctx->a);
    return p;
}

void page_section(page *p, const char *id, const char *heading)
{
    if (p->links.n)
        buf_puts(&p->b, "</section>\n");
    *VEC_PUSH(p->ctx->a, &p->links) = (page_link){id, heading};
    buf_printf(&p->b, "<section id=\"%s\">\n<h2>", id);
    html_text(&p->b, heading);
    buf_puts(&p->b, "</h2>\n");
}

void page_heading(page *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_text(p, "<h3>", fmt, ap, "</h3>\n");
    va_end(ap);
}

void page_text(page *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_text(p, "<p>", fmt, ap, "</p>\n");
    va_end(ap);
}

void page_note(page *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_text(p, "<p class=\"note\">", fmt, ap, "</p>\n");
    va_end(ap);
}

void page_cards(page *p)
{
    buf_puts(&p->b, "<div class=\"cards\">\n");
}

void page_cards_end(page *p)
{
    buf_puts(&p->b, "</div>\n");
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool is_number(const char *head)
{
    return head[0] == '>';
}

void page_table(page *p, const char *caption, bool fold, const char *const *heads, int columns)
{
    buf *b = &p->b;
    p->heads = heads;
    p->columns = columns;
    p->at = 0;
    p->folded = fold;
    if (fold) {
        buf_puts(b, "<details><summary>");
        html_text(b, caption);
        buf_puts(b, "</summary>\n");
    }
    /* a table that is too wide scrolls by itself, by keyboard too */
    buf_puts(b, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    html_text(b, caption);
    buf_puts(b, "\">\n<table><caption>");
    html_text(b, caption);
    buf_puts(b, "</caption>\n<thead><tr>");
    for (int i = 0; i < columns; i++) {
        buf_printf(b, "<th scope=\"col\"%s>", is_number(heads[i]) ? " class=\"n\"" : "");
        html_text(b, heads[i] + is_number(heads[i]));
        buf_puts(b, "</th>");
    }
    buf_puts(b, "</tr></thead>\n<tbody>\n");
}

void page_cell(page *p, const char *fmt, ...)
{
    va_list ap;
    bool first = p->at == 0, last = p->at == p->columns - 1;
    buf_printf(&p->b, "%s<%s%s", first ? "<tr>" : "", first ? "th scope=\"row\"" : "td",
               is_number(p->heads[p->at]) ? " class=\"n\">" : ">");
    va_start(ap, fmt);
    put_text(p, "", fmt, ap, first ? "</th>" : "</td>");
    va_end(ap);
    buf_puts(&p->b, last ? "</tr>\n" : "");
    p->at = last ? 0 : p->at + 1;
}

void page_table_end(page *p)
{
    buf_printf(&p->b, "</tbody></table>\n</div>%s\n", p->folded ? "</details>" : "");
}

/* ---- the file -------------------------------------------------------------------------------- */

const char *page_finish(page *p)
{
    buf b;
    buf_init(&b, p->ctx->a);
    buf_puts(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                 "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    html_text(&b, p->title);
    /* nothing is fetched or run: the browser itself holds the page to it; an empty icon, so that no browser asks for one */
    buf_puts(&b, "</title>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'; img-src data:\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n<style>\n");
    buf_puts(&b, page_style);
    buf_puts(&b, "</style>\n</head>\n<body>\n<header>\n<h1>");
    html_text(&b, p->title);
    buf_puts(&b, "</h1>\n<p>");
    html_text(&b, p->about);
    buf_puts(&b, "</p>\n<nav aria-label=\"Sections\"><ul>\n");
    for (int i = 0; i < p->links.n; i++) {
        buf_printf(&b, "<li><a href=\"#%s\">", p->links.v[i].id);
        html_text(&b, p->links.v[i].heading);
        buf_puts(&b, "</a></li>\n");
    }
    buf_puts(&b, "</ul></nav>\n</header>\n<main>\n");
    buf_bytes(&b, buf_str(&p->b), p->b.n);
    buf_printf(&b, "%s</main>\n</body>\n</html>\n", p->links.n ? "</section>\n" : "");
    return buf_str(&b);
}
