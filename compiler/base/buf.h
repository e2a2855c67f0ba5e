/* buf.h - a growing text (or byte) buffer on an arena; what emitters and printers write into. */
#ifndef QCC_BUF_H
#define QCC_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/base/arena.h"

typedef struct buf {
    arena *a;
    char *p;        /* always NUL-terminated once something was written */
    size_t n, cap;  /* n excludes the NUL */
    int indent;     /* columns that buf_line puts before each line */
} buf;

void buf_init(buf *b, arena *a);
void buf_bytes(buf *b, const void *p, size_t n);
void buf_puts(buf *b, const char *s);
void buf_printf(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(buf *b, const char *fmt, va_list ap);
/* One indented line: indent, formatted text, newline. An empty text gives an empty line. */
void buf_line(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text so far ("" when empty); stays valid until the next write. */
const char *buf_str(const buf *b);

/* Number formats that do not depend on the locale. */
/* The shortest decimal that reads back as the same double (%.17g at worst), always with a '.' or
 * an exponent; never inf or nan. */
void buf_double(buf *b, double v);
/* The same for a float32 value, shortest that reads back as the same float (no suffix). */
void buf_float(buf *b, float v);

#endif
