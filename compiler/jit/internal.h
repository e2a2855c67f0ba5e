/* internal.h - between engine.c and what turns C text into running code. Each back end receives text
 * and gives addresses; what it owns is released with the context's arena. */
#ifndef QCC_JIT_INTERNAL_H
#define QCC_JIT_INTERNAL_H

#include "compiler/jit/engine.h"

/* Looks up a symbol of the code; NULL where there is none. */
typedef void *code_lookup(void *code, const char *symbol);

/* NULL with a diagnostic. */
void *tcc_load(qctx *ctx, const char *text);
code_lookup tcc_lookup;
bool tcc_is_available(void);

void *cc_load(qctx *ctx, const char *text, const char *cflags);
code_lookup cc_lookup;
bool cc_is_available(void);

/* ---- cc.c: the system compiler ------------------------------------------------------------- */
typedef struct cc_job {
    const char *dir;      /* a fresh temporary directory */
    const char *source;   /* dir/net.c, holds the text */
    const char *output;   /* dir/output_name */
    const char *stack;    /* dir/net.su, where -fstack-usage writes */
} cc_job;
/* Writes the text, runs `$CC cflags extra… -o output source` ($CC or cc, split at blanks, found in
 * $PATH, no shell). NULL with `engine-compile` (and the first of what the compiler said) or
 * `engine-unavailable`. cc_done removes the files; where it is not reached the context does. */
cc_job *cc_run(qctx *ctx, const char *text, const char *cflags, const char *const *extra,
               const char *output_name);
void cc_done(cc_job *job);
/* The same with another compiler: `cc flags extra… -o output source after…`. */
typedef struct cc_request {
    const char *cc, *flags;
    const char *const *extra, *const *after; /* after: NULL, or what follows the source */
} cc_request;
cc_job *cc_run_by(qctx *ctx, const cc_request *how, const char *text, const char *output_name);
/* $CC or cc; whether a compiler answers. */
const char *cc_host(void);
bool cc_found(const char *cc);

/* ---- objsize.c ----------------------------------------------------------------------------- */
/* Bytes that an ELF relocatable file puts into flash (code and constants, also in sections of other
 * names) and into zeroed RAM. false where it is no ELF file or its headers point outside. */
bool elf_sizes(const void *file, size_t len, int64_t *flash, int64_t *bss);

#endif
