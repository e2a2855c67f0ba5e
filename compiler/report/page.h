/* page.h - a self-contained HTML page, made section by section.
 *
 * No script, no network, no image file: the style stands in the head, charts are inline SVG
 * (chart.h). The page is well-formed XML too, deterministic, and readable in light and dark. All
 * text that is given to these functions is escaped here. Usage: page_new, then sections and what
 * stands in them, in order, then page_finish. */
#ifndef QCC_REPORT_PAGE_H
#define QCC_REPORT_PAGE_H

#include "compiler/base/buf.h"
#include "compiler/base/ctx.h"

typedef struct page_link {
    const char *id, *heading;
} page_link;

typedef struct page {
    qctx *ctx;
    buf b; /* the sections so far */
    const char *title, *about;
    VEC(page_link) links;
    int charts; /* so far */
    /* the open table */
    const char *const *heads;
    int columns, at; /* at: the next cell's column */
    bool folded;
} page;

/* Escapes markup; a byte that is no part of UTF-8, or a control character, becomes \xNN. */
void html_text(buf *b, const char *s);
void html_vprintf(buf *b, const char *fmt, va_list ap);

page *page_new(qctx *ctx, const char *title, const char *about);
/* A section with a heading, linked from the top; ends the one before. id: letters, digits, dashes.
 */
void page_section(page *p, const char *id, const char *heading);
void page_heading(page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A paragraph. */
void page_text(page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a reader should not miss: a paragraph that stands out. */
void page_note(page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Figures side by side where there is room, until page_cards_end. */
void page_cards(page *p);
void page_cards_end(page *p);

/* A table, its rows, its end. A head that begins with '>' is of numbers: set flush right. With
 * `fold` the table is behind a line that opens it. heads must live until the end. */
void page_table(page *p, const char *caption, bool fold, const char *const *heads, int columns);
/* One cell, in order; a full row is ended by itself. */
void page_cell(page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_table_end(page *p);

/* The whole file. */
const char *page_finish(page *p);

/* page_style.c */
extern const char page_style[];

#endif
