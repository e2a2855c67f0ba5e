/* columns.h - PyTorch's order of the elements of flattened tensors. */
#ifndef QCC_COLUMNS_H
#define QCC_COLUMNS_H

#include "compiler/ir/ir.h"

typedef struct column_orders {
    qctx *ctx;
    const int32_t **of;  /* by tensor: PyTorch's number of element i; NULL: i itself */
    const ir_op **mixed; /* by tensor: the sum whose operands count differently, or NULL */
} column_orders;

/* Of a LOWERED graph. */
column_orders *column_orders_new(qctx *ctx, const ir_graph *g);

#endif
