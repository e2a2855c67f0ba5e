/* text.h - templates of whole lines: what the operator printers write looks like the C it becomes.
 *
 * `$key$` in a template is replaced by the variable's value. A line that begins with `?key|` is
 * printed only when the variable is set, is not empty and is not "0"; `!key|` is the opposite; several
 * conditions must all hold. Each line is indented by the buffer's indent; empty lines stay empty. */
#ifndef QCC_EMIT_TEXT_H
#define QCC_EMIT_TEXT_H

#include "compiler/base/buf.h"

typedef struct text_var {
    const char *key, *value;
} text_var;

typedef struct text {
    buf *out;
    VEC(text_var) vars;
} text;

void text_init(text *t, buf *out);
/* Sets (or replaces) one variable. key must outlive t. */
void text_set(text *t, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void text_put(text *t, const char *lines);
/* The same, indented by `columns` more. */
void text_put_at(text *t, int columns, const char *lines);
/* What a template becomes, without indentation: for values made of values. */
const char *text_expand(text *t, const char *lines);

#endif
