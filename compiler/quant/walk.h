/* walk.h - the float net and the quantized one side by side over all calibration rows, one operator
 * after the other, so that a layer can be rounded on what those before it really give. */
#ifndef QCC_WALK_H
#define QCC_WALK_H

#include "compiler/quant/rows.h"

typedef struct walk walk;

/* f: FOLDED; q: QUANTIZED, operator by operator the same. At most most_rows rows, spread evenly
 * over the data. NULL after a diagnostic. */
walk *walk_start(qctx *ctx, const ir_graph *f, const ir_graph *q, const port_map *ports,
                 int64_t most_rows);
int64_t walk_rows(const walk *w);
/* Values of a tensor of f (of its operator's inputs before walk_step, of its output behind it), and
 * of its twin in q. */
const float *walk_float(const walk *w, const ir_tensor *t, int64_t row);
void walk_quantized(const walk *w, const ir_tensor *t, int64_t row, float *v);
/* Runs operator i of both nets over all rows, as q's operator is now. false after a diagnostic. */
bool walk_step(walk *w, int i);

#endif
