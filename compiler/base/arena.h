/* arena.h - one region of memory per compilation, freed as a whole.
 *
 * Every allocation of the compiler comes from an arena; nothing is freed one by one. What is not
 * memory (files, zip archives, TCC states, temporary files) is registered with arena_defer and
 * released, newest first, when the arena is freed, on every path.
 *
 * Running out of memory never returns NULL: it jumps to the point that arena_guard set. Code
 * between the guard and the allocation must therefore own nothing but arena memory and deferred
 * things. */
#ifndef QCC_ARENA_H
#define QCC_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

typedef struct arena arena;

/* A new arena, or NULL when there is no memory for one. */
arena *arena_new(void);
/* Runs the deferred releases, newest first, and frees all memory. NULL is allowed. */
void arena_free(arena *a);

/* Where to go when memory runs out: `if (setjmp(*arena_guard(a))) return QCC_NO_MEMORY;`. The guard
 * is the caller's frame; set it at each entry of the library. With no guard set the arena aborts. */
jmp_buf *arena_guard(arena *a);

/* Memory ran out elsewhere (a library that says so): jumps to the guard. */
_Noreturn void arena_exhausted(arena *a);

/* n zeroed bytes, aligned to 64. n = 0 gives a valid pointer. */
void *arena_alloc(arena *a, size_t n);
/* count * size zeroed bytes; an overflowing product is treated as memory running out. */
void *arena_calloc(arena *a, size_t count, size_t size);
/* Grows p of old bytes to at least want bytes (contents kept, rest zero); p may be NULL. */
void *arena_grow(arena *a, void *p, size_t old, size_t want);
void *arena_memdup(arena *a, const void *p, size_t n);
char *arena_strdup(arena *a, const char *s);
char *arena_strndup(arena *a, const char *s, size_t n);
char *arena_printf(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *fmt, va_list ap);

/* fn(p) runs when the arena is freed. */
void arena_defer(arena *a, void (*fn)(void *), void *p);

/* Tests: the nth allocation from now fails (0 = never). */
void arena_fail_at(arena *a, unsigned long n);
/* Bytes handed out so far. */
size_t arena_used(const arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_calloc((a), (size_t)(n), sizeof(type)))

/* A growing array: struct { T *v; int n, cap; }. Appends one zeroed element, gives its address. */
#define VEC(type) struct { type *v; int n, cap; }
#define VEC_PUSH(a, vec) \
    ((vec)->n == (vec)->cap \
         ? (void)((vec)->v = arena_grow((a), (vec)->v, (size_t)(vec)->cap * sizeof *(vec)->v, \
                                        (size_t)((vec)->cap ? 2 * (vec)->cap : 8) * sizeof *(vec)->v), \
                  (vec)->cap = (vec)->cap ? 2 * (vec)->cap : 8) \
         : (void)0, \
     &(vec)->v[(vec)->n++])

#endif
