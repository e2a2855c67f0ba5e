/* problems.h - what cannot be imported, or exported, gathered and told in one diagnostic. */
#ifndef QCC_IMPORT_PROBLEMS_H
#define QCC_IMPORT_PROBLEMS_H

#include <stdarg.h>
#include <stdbool.h>

#include "compiler/base/ctx.h"

typedef struct import_problem {
    const void *op; /* the importer's or exporter's operator, or NULL: the model as a whole */
    const char *reason;
    const char *hint; /* the nearest way out, or NULL */
} import_problem;
typedef VEC(import_problem) import_problems;

void problem_add(qctx *ctx, import_problems *list, const void *op, const char *hint,
                 const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));

/* The diagnostic, and its words: "cannot VERB that", "3 things MANY". */
typedef struct problem_words {
    diag_id id;
    const char *verb, *many;
} problem_words;
extern const problem_words import_words;

/* One diagnostic at loc with a note for each problem, so that none falls to the limit of errors,
 * and each hint once. place: the operator as messages name it, "CONV_2D 'model/conv' (operator 3)".
 * Returns whether there was no problem. */
typedef const char *problem_place(void *model, const void *op);
bool problems_report(qctx *ctx, const problem_words *w, qloc loc, const import_problems *list,
                     problem_place *place, void *model);

#endif
