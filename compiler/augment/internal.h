/* internal.h - what the files of compiler/augment share. */
#ifndef QCC_AUGMENT_INTERNAL_H
#define QCC_AUGMENT_INTERNAL_H

#include "compiler/augment/augment.h"

/* Forms of a step's value. */
typedef enum aug_form {
    AUG_AROUND,   /* N: -N..N; [A, B]: A..B */
    AUG_AROUND_1, /* N: 1-N..1+N; [A, B] */
    AUG_COUNT,    /* a whole number >= 1: 0..N is drawn */
    AUG_AMOUNT,   /* a number > 0: 0..X is drawn, or X is a parameter */
    AUG_AXES      /* h, v, hv */
} aug_form;

typedef struct aug_word {
    const char *name;
    aug_form form;
    double lowest, highest; /* of the drawn values */
    int min_rank;           /* of the input: 3 [H,W,C], 2 [L,C] too, 1 any */
    double probability;     /* unless one is stated */
    const char *example;
} aug_word;

/* Rows: by aug_kind. */
extern const aug_word aug_words[AUG_N_KINDS];

struct augmenter {
    const aug_spec *spec;
    int height, width, channels; /* [L,C] spectrograms: length x coefficients x 1 */
    bool image;                  /* channels last, so that geometry moves pixels of all channels */
    double lo, hi;               /* the input's real range; lo >= hi: unknown, each row's own */
    float fill;
};

#endif
