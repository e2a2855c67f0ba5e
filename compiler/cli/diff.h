/* diff.h - what `qcc diff` measures, apart from how it is printed.
 *
 * A side is an execution (the float net or the quantized one, in the reference interpreter, or emitted C
 * that tells of its layers) or a file of reference tensors. A is what B is judged by. Layers are the inputs and the results of
 * operators, in the order of execution; they are the same on both sides where they have one name or
 * one number in a .tflite. */
#ifndef QCC_DIFF_H
#define QCC_DIFF_H

#include "compiler/cli/cli.h"
#include "runtime/interp.h"

typedef enum side_kind { SIDE_FLOAT, SIDE_QUANT, SIDE_FILE } side_kind;

typedef struct diff_side {
    const char *spec; /* as on the command line */
    side_kind kind;
    const char *model, *weights; /* paths; weights NULL: the model of another tool */
    net *net;
    const ir_graph *g; /* FOLDED or LEGAL; NULL: a file */
    interp *it;   /* NULL: emitted C */
    engine *e;
    void **seen;  /* emitted C: the last value of each tensor, [tensors.n], or NULL */
    port_map *ports;             /* [inputs] */
    void **in, **out;            /* a row's */
    const tensor_file *file;     /* reference tensors */
    VEC(const char *) unmatched; /* layers or keys that the other side lacks */
} diff_side;

/* A layer on one side: the value of an execution, or rows of a reference tensor. */
typedef struct layer_end {
    const ir_tensor *t;
    const ir_quant *quant;      /* what its codes mean; NULL: real values */
    const named_tensor *stored; /* of a file compared with a file: raw numbers, one row */
    port_map map;               /* of a file compared with an execution */
    const char *key;            /* in the file */
} layer_end;

typedef struct diff_place {
    int64_t row, element; /* of the layer, channels last; row -1: nowhere */
    double a, b;
} diff_place;

typedef struct diff_layer {
    const char *name, *operator;
    ir_shape shape;
    layer_end a, b;
    int64_t rows;         /* compared */
    double signal, noise; /* Σa², Σ(a − b)² */
    int64_t different;    /* elements that are not equal */
    diff_place worst;     /* the largest |a − b| */
    /* Divergence is a difference beyond what the layer's own rounding explains: any at all between
     * codes of one quantization; more than a step between codes and reals, or between two grids;
     * 1e-5 of the row's largest magnitude between reals. */
    bool exact;       /* codes of one quantization (or whole numbers) on both sides */
    double step;      /* of the coarser grid; 0 between reals */
    diff_place first; /* divergence in the first row that has one */
} diff_layer;

typedef struct diff {
    diff_side a, b;
    int64_t rows; /* of --data; of two files 1 */
    VEC(diff_layer) layers;
    const diff_layer *diverges; /* the first that does, or NULL */
} diff;

/* Loads both sides (spec, kind, model, weights are set) and runs them; false after diagnostics. */
bool diff_measure(qctx *ctx, cli *c, diff *d);
/* diff_layers.c: finds the layers that both loaded sides have, in order; rows is set. */
bool diff_match(qctx *ctx, const cli *c, diff *d);
/* Signal-to-noise ratio in dB; INFINITY where all is equal. */
double diff_sqnr(const diff_layer *l);
void diff_print(qctx *ctx, const diff *d);
void diff_print_json(qctx *ctx, const diff *d);

#endif
