/* arena.c - chunked region allocator with deferred releases. */
#include "compiler/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 256 * 1024, ALIGN = 64 };

typedef struct chunk {
    struct chunk *next;
    size_t used, size; /* of the bytes after the aligned header */
    unsigned char *base;
} chunk;

typedef struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *p;
} deferred;

struct arena {
    chunk *chunks;
    deferred *deferred;
    jmp_buf guard;
    int guarded;
    unsigned long fail_at; /* countdown; 0 = off */
    size_t used;
};

arena *arena_new(void)
{
    return calloc(1, sizeof(arena));
}

void arena_free(arena *a)
{
    if (!a)
        return;
    for (deferred *d = a->deferred; d; d = d->next)
        d->fn(d->p);
    for (chunk *c = a->chunks; c;) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(a);
}

jmp_buf *arena_guard(arena *a)
{
    a->guarded = 1;
    return &a->guard;
}

void arena_exhausted(arena *a)
{
    if (a->guarded)
        longjmp(a->guard, 1);
    fputs("qcc: out of memory\n", stderr);
    abort();
}

static chunk *chunk_new(arena *a, size_t size)
{
    if (size > SIZE_MAX - sizeof(chunk) - ALIGN)
        arena_exhausted(a);
    chunk *c = malloc(sizeof(chunk) + ALIGN + size);
    if (!c)
        arena_exhausted(a);
    uintptr_t p = (uintptr_t)(c + 1);
    c->base = (unsigned char *)((p + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    c->used = 0;
    c->size = size;
    return c;
}

/* Large blocks get a chunk of their own, placed behind the current one so that it goes on filling. */
static void *alloc_large(arena *a, size_t n)
{
    chunk *c = chunk_new(a, n);
    c->used = n;
    if (a->chunks) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = NULL;
        a->chunks = c;
    }
    memset(c->base, 0, n);
    return c->base;
}

void *arena_alloc(arena *a, size_t n)
{
    if (a->fail_at && --a->fail_at == 0)
        arena_exhausted(a);
    if (n > SIZE_MAX - ALIGN)
        arena_exhausted(a);
    n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    a->used += n;
    if (n > CHUNK_BYTES / 4)
        return alloc_large(a, n);
    if (!a->chunks || a->chunks->size - a->chunks->used < n) {
        chunk *c = chunk_new(a, CHUNK_BYTES);
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = a->chunks->base + a->chunks->used;
    a->chunks->used += n;
    return memset(p, 0, n);
}

void *arena_calloc(arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        arena_exhausted(a);
    return arena_alloc(a, count * size);
}

void *arena_grow(arena *a, void *p, size_t old, size_t want)
{
    void *q = arena_alloc(a, want);
    if (p && old)
        memcpy(q, p, old < want ? old : want);
    return q;
}

void *arena_memdup(arena *a, const void *p, size_t n)
{
    void *q = arena_alloc(a, n);
    if (n)
        memcpy(q, p, n);
    return q;
}

char *arena_strndup(arena *a, const char *s, size_t n)
{
    if (n == SIZE_MAX)
        arena_exhausted(a);
    char *q = arena_alloc(a, n + 1);
    if (n)
        memcpy(q, s, n);
    return q;
}

char *arena_strdup(arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *s = arena_alloc(a, n < 0 ? 1 : (size_t)n + 1);
    if (n >= 0)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *arena_printf(arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

void arena_defer(arena *a, void (*fn)(void *), void *p)
{
    deferred *d = arena_alloc(a, sizeof *d);
    d->fn = fn;
    d->p = p;
    d->next = a->deferred;
    a->deferred = d;
}

void arena_fail_at(arena *a, unsigned long n)
{
    a->fail_at = n;
}

size_t arena_used(const arena *a)
{
    return a->used;
}
