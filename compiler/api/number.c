/* number.c - whole numbers from text. */
#include "compiler/api/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool parse_u64(const char *s, uint64_t *v)
{
    if (!*s || strspn(s, "0123456789") != strlen(s))
        return false;
    errno = 0;
    unsigned long long u = strtoull(s, NULL, 10);
    *v = u;
    return errno == 0;
}

bool parse_int(const char *s, int64_t lo, int64_t hi, int64_t *v)
{
    const char *digits = *s == '-' ? s + 1 : s;
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    long long n = strtoll(s, NULL, 10);
    *v = n;
    return errno == 0 && n >= lo && n <= hi;
}
