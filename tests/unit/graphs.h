/* graphs.h - small integer graphs built by hand, for tests of the emitter and the engines. */
#ifndef QCC_TESTS_GRAPHS_H
#define QCC_TESTS_GRAPHS_H

#include "compiler/ir/ir.h"

/* A builder: every function appends to g. Activations are int8 with scale 1/16 and zero point -3,
 * unless `type` says otherwise (IR_I16, or IR_F32 for a float graph). Names must outlive the graph. */
typedef struct gb {
    qctx *ctx;
    ir_graph *g;
    ir_type type;
} gb;

gb gb_new(qctx *ctx, const char *name);
ir_shape gb_shape(int rank, int a, int b, int c);
ir_tensor *gb_input(gb *b, const char *name, ir_shape shape);
ir_tensor *gb_relu(gb *b, const char *name, ir_tensor *x);
ir_tensor *gb_add(gb *b, const char *name, ir_tensor *x, ir_tensor *y);
ir_tensor *gb_reshape(gb *b, const char *name, ir_tensor *x, ir_shape to);
ir_tensor *gb_concat(gb *b, const char *name, ir_tensor *x, ir_tensor *y);
/* Seeded weights and biases. */
ir_tensor *gb_dense(gb *b, const char *name, ir_tensor *x, int units);
void gb_output(gb *b, ir_tensor *t);
/* Verifies, and legalizes an integer graph in mode q32; fails the test otherwise. */
ir_graph *gb_done(gb *b);

#endif
