/* literal.c - numbers and names between QDL text and memory. */
#define _GNU_SOURCE /* strtod_l */
#include "compiler/front/literal.h"

#include "compiler/ir/ir.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c, bool hex)
{
    return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

static size_t digits(const char *s, size_t i, size_t n, bool hex)
{
    while (i < n && is_digit(s[i], hex))
        i++;
    return i;
}

/* End of an exponent that starts at i, or i itself where there is none. */
static size_t exponent(const char *s, size_t i, size_t n, char lower)
{
    if (i >= n || (s[i] | 0x20) != lower)
        return i;
    size_t first = i + 1;
    if (first < n && (s[first] == '-' || s[first] == '+'))
        first++;
    size_t end = digits(s, first, n, false);
    return end > first ? end : i;
}

/* -?D(.D)?(eD)? or -?0xH(.H)?pD: hexadecimal needs its exponent, so that 0x3 cannot be misread as a
 * size. */
static bool well_formed(const char *s, size_t n, bool *integer)
{
    size_t i = n && s[0] == '-';
    bool hex = i + 1 < n && s[i] == '0' && (s[i + 1] | 0x20) == 'x';
    i += hex ? 2 : 0;
    size_t end = digits(s, i, n, hex);
    if (end == i)
        return false;
    *integer = end == n;
    if (end + 1 < n && s[end] == '.' && is_digit(s[end + 1], hex))
        end = digits(s, end + 1, n, hex);
    size_t stop = exponent(s, end, n, hex ? 'p' : 'e');
    return stop == n && (!hex || stop > end);
}

/* strtod reads the host's decimal point; QDL's is always '.'. */
static double to_double(const char *s)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return strtod(s, NULL);
    double v = strtod_l(s, NULL, c);
    freelocale(c);
    return v;
}

literal_status literal_number(qctx *ctx, const char *s, size_t n, double *v, bool *integer)
{
    *v = 0;
    *integer = false;
    if (!well_formed(s, n, integer))
        return LITERAL_SYNTAX;
    double d = to_double(arena_strndup(ctx->a, s, n));
    if (!isfinite(d))
        return LITERAL_RANGE;
    *v = d;
    return LITERAL_OK;
}

void literal_selector(buf *b, const char *layer)
{
    if (strcmp(layer, "default"))
        ir_print_name(b, layer);
    else
        ir_print_string(b, layer);
}
