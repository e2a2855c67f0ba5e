/* setting.h - one setting of a quantize rule: from its words to spec_settings. */
#ifndef QCC_SETTING_H
#define QCC_SETTING_H

#include "compiler/front/ast.h"

enum { SPEC_N_PARTS = 3, SPEC_N_BITS = 16 };

/* A rule while it is read. */
typedef struct setting_reader {
    qctx *ctx;
    ast_value *const *items;
    int n, at;
    spec_part part; /* what the next setting is for */
    bool fixed;     /* the selector names the part */
    bool named;     /* the selector or a word named it */
    spec_settings s[SPEC_N_PARTS];
    qloc where[SPEC_N_PARTS][SPEC_N_BITS]; /* where each bit of `set` was stated */
} setting_reader;

extern const char *const setting_part_words[SPEC_N_PARTS]; /* "weights", "activations", "biases" */

/* Reads the word of a part or the setting at r->at and goes on behind it; reports what is wrong. */
void setting_read(setting_reader *r);
/* The place where a bit of `set` was stated. */
qloc setting_place(const setting_reader *r, int part, unsigned bit);

#endif
