/* augment.h - rows of training data, varied at random: what the `augment` part of a QDL (or --augment)
 * asks for, and its application to a row.
 *
 * Geometric steps (rotate, flip, crop, shift, scale, shear) are composed in the order in which they are
 * stated into one affine map, so that a row is resampled once, bilinearly; where all of them move whole
 * pixels the values are copied exactly. The other steps follow in their order. docs/augmentation.md has
 * each step's formula. */
#ifndef QCC_AUGMENT_H
#define QCC_AUGMENT_H

#include "compiler/ir/ir.h"

typedef enum aug_kind {
    AUG_ROTATE, AUG_FLIP, AUG_CROP, AUG_SHIFT, AUG_SCALE, AUG_SHEAR, /* geometric */
    AUG_BRIGHTNESS, AUG_CONTRAST, AUG_NOISE, AUG_CUTOUT, AUG_MIXUP,
    AUG_TIME_SHIFT, AUG_TIME_MASK, AUG_FREQ_MASK, /* spectrograms */
    AUG_N_KINDS
} aug_kind;

typedef struct aug_step {
    aug_kind kind;
    double probability;     /* 0 < p <= 1, of each row */
    double lo, hi;          /* what is drawn from, in the kind's unit; counts: 0..hi */
    bool vertical, horizontal; /* flip */
    qloc loc;
} aug_step;

typedef struct aug_spec {
    VEC(aug_step) steps;
    bool has_fill, edge;    /* what lies outside a row: fill; edge: its nearest value */
    double fill;
    bool time_is_width;     /* spectrograms: time runs along the width, else along the height */
} aug_spec;

/* One line of the `augment` part: a step's word with its values, `fill X|edge`, `time height|width`.
 * false after diagnostics. */
struct ast_name;
struct ast_value;
bool aug_add(qctx *ctx, aug_spec *s, const struct ast_name *word, struct ast_value *const *items, int n);
/* --augment: STEP[=VALUE][@PROBABILITY], several with commas: "rotate=10,flip=h,crop=2@0.5". A range is
 * written A:B. The steps are appended. */
bool aug_option(qctx *ctx, aug_spec *s, const char *text);
const char *aug_name(aug_kind kind);
/* The whole spec on a line, exactly: equal specs have equal texts. "" without a step. */
const char *aug_text(qctx *ctx, const aug_spec *s);

/* A spec made ready for rows of an input; only read afterwards, so that threads share it. */
typedef struct augmenter augmenter;
/* port: the input, [H,W,C], [L,C] or [N], real values. NULL after errors: a step that this shape does
 * not have, one that is larger than the input. */
augmenter *aug_new(qctx *ctx, const aug_spec *s, const ir_tensor *port);

/* Which variant of which row: the same key gives the same bytes on every machine, whatever was done
 * before and by whichever thread. */
typedef struct aug_key {
    uint64_t seed, epoch, row;
} aug_key;

/* in, out: one row of real values, as many as the port has; not the same memory. mixup is left to
 * aug_partner. */
void aug_row(const augmenter *a, aug_key key, const float *in, float *out);
/* mixup (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018): the share, in [1/2, 1], that
 * this row keeps, both of its values and of its target; *partner, in [0, rows), has the rest. 1 where the
 * spec has no mixup, or this row is spared. */
double aug_partner(const augmenter *a, aug_key key, int64_t rows, int64_t *partner);

/* A contact sheet (8-bit grey or RGB, rows from the top): each row of data beside its variants.
 * rows: [n] pointers to real values; the first column is the row as it is. */
typedef struct aug_sheet {
    int width, height, channels; /* channels 1 or 3 */
    unsigned char *pixels;
} aug_sheet;
aug_sheet aug_draw_sheet(qctx *ctx, const augmenter *a, uint64_t seed, float *const *rows, int n, int variants);
/* Writes it as PNG through a temporary. false with a diagnostic (file-write, or a build without libpng). */
bool aug_write_png(qctx *ctx, const aug_sheet *s, const char *path);

#endif
