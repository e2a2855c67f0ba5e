/* words.h - QDL's operator words and their attributes as data: what sema parses by, what the printer
 * prints by and what the canonical hash is taken over. An operator's attribute is one row here. */
#ifndef QCC_WORDS_H
#define QCC_WORDS_H

#include "compiler/ir/ir.h"

/* What an attribute's value looks like, and the field of ir_attrs that it goes to. */
typedef enum ir_akind {
    IR_A_INT,    /* whole number lo..hi → int */
    IR_A_SIZE,   /* HxW or N, each lo..hi → int[2] */
    IR_A_PAD,    /* same | valid | N | [t, b, l, r] → padmode and pad */
    IR_A_PADS,   /* N | [t, b, l, r] only (the operator `pad`) */
    IR_A_SHAPE,  /* [dims], one may be -1 → ir_shape */
    IR_A_LIST,   /* [numbers], each lo..hi → ir_shape; printed where the fallback does not say it */
    IR_A_NUMBER, /* real number lo..hi → double */
    IR_A_FLAG,   /* bare word, or two words ("count all") → bool */
    IR_A_NO_BIAS,/* "no bias": the operator has no bias input */
    IR_A_WEIGHTS,/* "prefix": names in the weight file */
    IR_A_TENSOR  /* whole number lo..hi: the result's tensor in an imported file; not of the model */
} ir_akind;

typedef struct ir_attr {
    const char *name;
    const char *second;   /* flags of two words: "all", "bias" */
    ir_akind kind;
    size_t field;         /* offset in ir_attrs */
    bool positional;      /* may stand in brackets without its name, in the order of the table */
    bool required;
    double lo, hi;        /* of numbers; both ends allowed */
    double fallback;      /* value when absent; sizes: both; -1 for a size: as the kernel */
} ir_attr;

typedef struct ir_word {
    const char *word;     /* "depthwise" */
    ir_opkind kind;       /* OP_CONV2D */
    int min_in, max_in;   /* activations; max -1: any number up to IR_MAX_INPUTS */
    const ir_attr *attrs; /* ended by a row without name; NULL: none */
} ir_word;

/* What every operator takes, ended like the others. */
extern const ir_attr ir_common_attrs[];
extern const ir_word ir_words[];
int ir_words_count(void);
/* NULL when it is no operator. */
const ir_word *ir_find_word(const char *word);
/* The word that an operator is printed with: depthwise convolutions and flattens have their own. */
const ir_word *ir_word_of(const ir_op *op);

#endif
