/* apart.h - work that repeats, in a context of its own: its memory goes when it is done. */
#ifndef QCC_APART_H
#define QCC_APART_H

#include "compiler/base/ctx.h"

/* fn(own, user) in a new context. Its diagnostics are passed on to ctx; where memory runs out,
 * ctx's guard is jumped to. */
bool qctx_apart(qctx *ctx, bool (*fn)(qctx *own, void *user), void *user);

#endif
