/* literal.h - numbers and names between QDL text and memory. Independent of the locale. */
#ifndef QCC_LITERAL_H
#define QCC_LITERAL_H

#include <stdbool.h>

#include "compiler/base/ctx.h"

typedef enum literal_status {
    LITERAL_OK,
    LITERAL_SYNTAX, /* not a number of QDL */
    LITERAL_RANGE   /* beyond double */
} literal_status;

/* All n bytes are one number: -12, 0.5, 1e-3, 0x1.8p-3. *integer: written without point or
 * exponent. *v is finite, and 0 after an error. */
literal_status literal_number(qctx *ctx, const char *s, size_t n, double *v, bool *integer);

/* A word of the language: [A-Za-z_][A-Za-z0-9_]*, which needs no quotes as a name. */
bool literal_is_word(const char *s);
/* A name as QDL text, quoted only where it has to be; reading it back gives the same bytes. */
void literal_name(buf *b, const char *name);
/* Always quoted: values such as the prefix of `weights`. */
void literal_string(buf *b, const char *s);
/* A layer as the selector of a quantize rule: a layer called `default` is quoted. */
void literal_selector(buf *b, const char *layer);

#endif
