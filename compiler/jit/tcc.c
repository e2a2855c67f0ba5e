/* tcc.c - libtcc: emitted C to code in memory. */
#include "config.h"

#include "compiler/jit/internal.h"

#include <pthread.h>
#include <string.h>

#ifdef HAVE_LIBTCC
#include <libtcc.h>
#include <math.h>

enum { MESSAGE_BYTES = 2048 };

/* What libtcc says, kept in fixed room: nothing may jump out of its callback. */
typedef struct messages {
    char text[MESSAGE_BYTES];
    size_t n;
} messages;

static void keep_message(void *opaque, const char *text)
{
    messages *m = opaque;
    size_t n = strlen(text), room = MESSAGE_BYTES - 1 - m->n;
    if (m->n > 0 && room > 0) {
        m->text[m->n++] = '\n';
        room--;
    }
    if (n > room)
        n = room;
    memcpy(m->text + m->n, text, n);
    m->n += n;
    m->text[m->n] = '\0';
}

/* libtcc 0.9.27 compiles in static variables of its own. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* All that emitted C may refer to (contracts.md §3); -nostdlib, so that no library is needed. */
static const struct {
    const char *name;
    const void *address;
} symbols[] = {
    {"memcpy", (const void *)memcpy}, {"memmove", (const void *)memmove},
    {"memset", (const void *)memset}, {"expf", (const void *)expf},
    {"tanhf", (const void *)tanhf},   {"erff", (const void *)erff},
    {"sqrtf", (const void *)sqrtf},
};

static int relocate(TCCState *s)
{
#ifdef TCC_RELOCATE_TWO_ARGS
    return tcc_relocate(s, TCC_RELOCATE_AUTO);
#else
    return tcc_relocate(s);
#endif
}

static bool compile(TCCState *s, const char *text)
{
    tcc_set_options(s, "-nostdlib -std=c99");
    if (tcc_set_output_type(s, TCC_OUTPUT_MEMORY) < 0 || tcc_compile_string(s, text) < 0)
        return false;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        tcc_add_symbol(s, symbols[i].name, symbols[i].address);
    return relocate(s) >= 0;
}

/* Registered with the arena before there is a state, for memory may run out in between. */
typedef struct tcc_code {
    TCCState *s;
} tcc_code;

static void release(void *p)
{
    tcc_code *code = p;
    if (!code->s)
        return;
    pthread_mutex_lock(&one_at_a_time);
    tcc_delete(code->s);
    pthread_mutex_unlock(&one_at_a_time);
}

void *tcc_load(qctx *ctx, const char *text)
{
    messages said = {{0}, 0};
    bool ok = false;
    tcc_code *code = ARENA_NEW(ctx->a, tcc_code);
    arena_defer(ctx->a, release, code);
    pthread_mutex_lock(&one_at_a_time);
    code->s = tcc_new();
    if (code->s) {
        tcc_set_error_func(code->s, &said, keep_message);
        ok = compile(code->s, text);
        tcc_set_error_func(code->s, NULL, NULL);
    }
    pthread_mutex_unlock(&one_at_a_time);
    if (ok)
        return code;
    if (!code->s)
        diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "libtcc gave no compiler");
    else
        diag_add(ctx, D_ENGINE_COMPILE, loc_none(), "libtcc refused the emitted C: %s",
                 said.n ? said.text : "no message");
    return NULL;
}

void *tcc_lookup(void *code, const char *symbol)
{
    return tcc_get_symbol(((tcc_code *)code)->s, symbol);
}

bool tcc_is_available(void)
{
    return true;
}

#else

void *tcc_load(qctx *ctx, const char *text)
{
    (void)text;
    diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "this qcc was built without libtcc");
    diag_hint(ctx, "--engine=cc or --engine=interpreter");
    return NULL;
}

void *tcc_lookup(void *code, const char *symbol)
{
    (void)code;
    (void)symbol;
    return NULL;
}

bool tcc_is_available(void)
{
    return false;
}

#endif
