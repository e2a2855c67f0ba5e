/* diag.h - diagnostics: every error and warning of qcc, with its place in a source.
 *
 * A diagnostic has an id (a row of diag.def, with code and severity), a location, a message, an
 * optional "expected" line, and notes and hints. Printed form:
 *
 *   net.qdl:3:15: error: undefined name 'c9' [undefined-name]
 *       3 |     c2 = relu(c9)
 *         |               ^~
 *     hint: did you mean 'c1'?
 *
 * Diagnostics are collected in the context; the library hands them to the caller, the command line
 * prints them to stderr. Nothing below the driver prints or exits. */
#ifndef QCC_DIAG_H
#define QCC_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/buf.h"

typedef enum diag_severity { DIAG_WARNING, DIAG_ERROR } diag_severity;

typedef enum diag_id {
#define DIAG(id, slug, severity, summary) D_##id,
#include "compiler/base/diag.def"
#undef DIAG
    DIAG_COUNT
} diag_id;

/* A file (or "<command line>", "<string>") that locations point into. For binary files text is
 * NULL and only the name is printed. */
typedef struct source {
    const char *name;
    const char *text; /* NUL-terminated, may hold NULs before len */
    size_t len;
} source;

/* Bytes [begin, end) of a source. src NULL: no place; text NULL: the file as a whole. */
typedef struct qloc {
    const source *src;
    uint32_t begin, end;
} qloc;

typedef struct diag {
    diag_id id;
    diag_severity severity;
    qloc loc;
    const char *message;
    const char *expected; /* NULL or what was expected */
    struct diag_note {
        struct diag_note *next;
        bool hint; /* else a note */
        qloc loc;
        const char *text;
    } *notes, *last_note;
} diag;

typedef struct qctx qctx;

/* Adds a diagnostic with the severity of its row. Beyond the error limit (20) further errors are
 * counted only. */
void diag_add(qctx *ctx, diag_id id, qloc loc, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* These three add to the newest diagnostic. */
void diag_expected(qctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_note_at(qctx *ctx, qloc loc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void diag_hint(qctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Removes warnings that say again, at the same place, what an earlier one says: of work that was done
 * more than once. */
void diag_drop_repeats(qctx *ctx);

int diag_errors(const qctx *ctx);
int diag_warnings(const qctx *ctx);
int diag_count(const qctx *ctx);
const diag *diag_get(const qctx *ctx, int i);
/* Slug of a diagnostic ("undefined-name") and the one-line summary of its row. */
const char *diag_slug(diag_id id);
const char *diag_summary(diag_id id);
/* Writes the printed form of one diagnostic, colour off. */
void diag_print(buf *b, const diag *d);

/* 1-based line and column (columns count characters of UTF-8). */
void loc_line_col(qloc loc, int *line, int *col);
/* A location that means the whole file. */
qloc loc_file(const source *src);
qloc loc_none(void);
/* From the start of a to the end of b. */
qloc loc_span(qloc a, qloc b);

/* The candidate nearest to name (edit distance at most a third of its length, at least 1), or
 * NULL. For "did you mean" hints. */
const char *nearest_name(const char *name, const char *const *candidates, int n);

#endif
