/* literal.h - numbers between QDL text and memory. Independent of the locale. Names
 * are printed by ir_print_name and ir_print_string. */
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

/* A layer as the selector of a quantize rule: a layer called `default` is quoted. */
void literal_selector(buf *b, const char *layer);

#endif
