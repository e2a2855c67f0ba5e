/* ctx.h - the context of one compilation: memory, diagnostics, knobs. First parameter everywhere. */
#ifndef QCC_CTX_H
#define QCC_CTX_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

/* A file on disk, whatever its name. */
struct file_id {
    uint64_t device, inode;
};

struct qctx {
    arena *a;
    VEC(diag *) diags;
    diag *newest; /* what diag_hint and friends add to */
    int errors, warnings;
    uint64_t seed;  /* --seed, default 1 */
    int threads;    /* worker threads that may be used; results never depend on it */
    VEC(struct file_id) read;    /* files that were read: none may be written over, */
    VEC(struct file_id) written; /* but those that this context wrote itself */
    struct ranks *ranks;         /* processes of mpirun (compiler/train/ranks.h), or NULL */
    /* Progress of long work, 0..1, or NULL. Never called from another thread. */
    void (*progress)(void *user, const char *what, double done);
    void *progress_user;
    /* --dump=PASS: called with the graph's printed form after each pass, or NULL. */
    void (*dump)(void *user, const char *pass, const char *text);
    void *dump_user;
};

/* A context on a new arena, or NULL. qctx_free frees everything that came from it. */
qctx *qctx_new(void);
void qctx_free(qctx *ctx);

#endif
