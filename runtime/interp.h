/* interp.h - the reference interpreters: slow, obvious, the oracle.
 *
 * interp runs a graph one row at a time; states keep their values from row to row: a FOLDED (or LOWERED) graph in float32 with double
 * accumulation, a LEGAL graph in integers by the formulas of docs/numerics.md (arith.h). It shares
 * no code with the emitters. */
#ifndef QCC_INTERP_H
#define QCC_INTERP_H

#include "compiler/ir/ir.h"

typedef struct interp interp;

/* Called after each operator with its output tensors' values (float for float graphs, codes of the
 * tensor's type for LEGAL ones). */
typedef void (*interp_hook)(void *user, const ir_op *op, const ir_tensor *out, const void *data);

interp *interp_new(qctx *ctx, const ir_graph *g);
/* Float graphs: convolutions and dense layers through OpenBLAS where it is built in. Faster, and equal
 * to the oracle only within rounding: never where a baked integer is chosen. */
void interp_use_blas(qctx *ctx, interp *it);
void interp_set_hook(interp *it, interp_hook hook, void *user);
/* Float graphs: called after each operator, before the hook, and may change the output's values: what a
 * later operator sees. */
typedef void (*interp_edit)(void *user, const ir_op *op, const ir_tensor *out, float *data);
void interp_set_edit(interp *it, interp_edit edit, void *user);
/* in[i]: data of g->inputs[i]; out[i]: buffers for g->outputs[i]. Element types are those of the
 * tensors (float for float graphs). */
void interp_run(interp *it, const void *const *in, void *const *out);
/* States to their initial values; a new interpreter has them. */
void interp_reset(interp *it);
/* Value of any tensor after a run (NULL for tensors without storage). */
const void *interp_value(const interp *it, const ir_tensor *t);

/* One output code of a unary operator for one input code, by the formula (for building tables). */
int32_t interp_unary_code(const ir_op *op, int32_t code);

#endif
