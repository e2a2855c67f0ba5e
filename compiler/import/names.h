/* names.h - names of layers from those that other tools give to tensors. */
#ifndef QCC_IMPORT_NAMES_H
#define QCC_IMPORT_NAMES_H

#include "compiler/base/ctx.h"

/* Names that are taken, each with the number that its next namesake gets. */
typedef struct name_set {
    struct taken_name { const char *name; int next; } *slot;
    int n, size;
} name_set;

/* A word of letters, digits and underscores that nothing in the set has, and which it has from now on;
 * with a number behind it where that is taken. `text` is what the other tool calls a result, `better` a
 * tensor whose name tells more (its weights), or NULL. TensorFlow's "model/conv1/Conv2D;model/conv1/Relu"
 * becomes conv1: of the pieces between semicolons the first that ends in `kind` (NULL: none does), else
 * the first of `text`, without the outermost scope and without the kind. Where nothing is left, the name
 * is `fallback`. */
const char *import_name(qctx *ctx, name_set *taken, const char *text, const char *better,
                        const char *kind, const char *fallback);
/* The word alone, "" where nothing is left. */
const char *import_word(qctx *ctx, const char *text);

#endif
