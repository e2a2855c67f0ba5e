/* memory.c - the three functions that a compiler may call on its own, for programs without a libc.
 * Leave it out where newlib or another C library is linked. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);

/* Words of a copy may hold objects of any type. */
typedef uint32_t __attribute__((may_alias)) word;

/* Else gcc would see a memcpy in memcpy's loop, and call it. */
#define NOT_A_CALL __attribute__((optimize("no-tree-loop-distribute-patterns")))

NOT_A_CALL void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (!(((uintptr_t)t | (uintptr_t)f) & 3u))
        for (; n >= 4; n -= 4, t += 4, f += 4)
            *(word *)t = *(const word *)f;
    while (n--)
        *t++ = *f++;
    return to;
}

NOT_A_CALL void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= n) /* wraps where `to` is below `from`: forward is safe */
        return memcpy(to, from, n);
    while (n--)
        t[n] = f[n];
    return to;
}

NOT_A_CALL void *memset(void *to, int value, size_t n)
{
    unsigned char *t = to;
    uint32_t byte = (unsigned char)value, pattern = byte * 0x01010101u;
    for (; n && ((uintptr_t)t & 3u); n--)
        *t++ = (unsigned char)byte;
    for (; n >= 4; n -= 4, t += 4)
        *(word *)t = pattern;
    while (n--)
        *t++ = (unsigned char)byte;
    return to;
}
