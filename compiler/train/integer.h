/* integer.h - the integer net beside the training forward. */
#ifndef QCC_TRAIN_INTEGER_H
#define QCC_TRAIN_INTEGER_H

#include "compiler/train/qat.h"
#include "compiler/train/rows.h"

/* Share of activation codes that the engine's forward and the integer interpreter give differently
 * on the first rows (at most 64) of rows; *codes: how many were compared. 0 where nothing could be.
 */
double integer_difference(qctx *ctx, qat *q, tengine *e, const ir_graph *quantized,
                          const train_rows *rows, int64_t *codes);

#endif
