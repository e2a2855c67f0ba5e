/* neon_conv.h - between the parts of the printer of convolutions and dense layers on NEON. */
#ifndef QCC_EMIT_NEON_CONV_H
#define QCC_EMIT_NEON_CONV_H

#include "compiler/emit/neon_fields.h"

enum { NEON_TERMS = 4 /* of a lane */ };

typedef struct neon_conv {
    emitter *e;
    const ir_op *op;
    text t;
    window w; /* conv2d */
    neon_stage stage;
    bool staged;
    int rows, cols, run, run4; /* of a window */
    int pitch, hop, step; /* bytes from row to row, from run to run in one, from window to window */
    int lines, line;      /* windows: lines of them, how many in each */
    int64_t line_pitch;   /* bytes from line to line */
    int groups, outputs;  /* outputs: of a group */
    int quads, blocks;    /* quads of a block, blocks of a group */
    bool packed;          /* weights are fields, decoded where they are used */
    neon_fields fields;
    bool offsets;             /* of weights: their sums take some times the sum of the codes */
    int dot_tile, plain_tile; /* windows of a tile with dot products, and without */
} neon_conv;

/* Windows, runs, filters of a group: what all kernels of them have. Steps are elements. */
void neon_conv_shape(neon_conv *v, const emitter *e, const ir_op *op);
/* Windows of a tile, of `line` in all: hardly more computed twice than at best, then most. */
int neon_choose_tile(int line, int most);
/* Terms of a run that the loop takes, before what is left: a multiple of an iteration's. */
int neon_loop_terms(const neon_conv *v);
/* Terms of an iteration: whole registers of codes, whole units of weights. */
int neon_iteration_terms(const neon_conv *v);
/* Prints one run of the windows, the weights decoded. */
void neon_packed_run(neon_conv *v, int columns); /* neon_packed.c */

#endif
