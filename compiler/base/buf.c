/* buf.c - text buffer. */
#include "compiler/base/buf.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(buf *b, arena *a)
{
    memset(b, 0, sizeof *b);
    b->a = a;
}

static void reserve(buf *b, size_t extra)
{
    size_t need = b->n + extra + 1;
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap *= 2;
    b->p = arena_grow(b->a, b->p, b->n, cap);
    b->cap = cap;
}

void buf_bytes(buf *b, const void *p, size_t n)
{
    reserve(b, n);
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_puts(buf *b, const char *s)
{
    buf_bytes(b, s, strlen(s));
}

void buf_vprintf(buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n > 0) {
        reserve(b, (size_t)n);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_printf(buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_line(buf *b, const char *fmt, ...)
{
    size_t before = b->n;
    for (int i = 0; i < b->indent; i++)
        buf_bytes(b, " ", 1);
    size_t indented = b->n;
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
    if (b->n == indented) /* no trailing blanks on an empty line */
        b->n = before;
    buf_bytes(b, "\n", 1);
}

const char *buf_str(const buf *b)
{
    return b->p ? b->p : "";
}

/* A decimal comma of some locale becomes a point; a bare integer gets ".0". */
static void put_number(buf *b, char *s)
{
    char *comma = strchr(s, ',');
    if (comma)
        *comma = '.';
    buf_puts(b, s);
    if (!strpbrk(s, ".e"))
        buf_puts(b, ".0");
}

void buf_double(buf *b, double v)
{
    char s[64];
    if (!isfinite(v)) /* callers never pass these; keep the output legal C all the same */
        v = v > 0 ? DBL_MAX : v < 0 ? -DBL_MAX : 0.0;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, v);
        if (strtod(s, NULL) == v)
            break;
    }
    put_number(b, s);
}

void buf_float(buf *b, float v)
{
    char s[64];
    if (!isfinite(v))
        v = v > 0 ? FLT_MAX : v < 0 ? -FLT_MAX : 0.0F;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, (double)v);
        if (strtof(s, NULL) == v)
            break;
    }
    put_number(b, s);
}
