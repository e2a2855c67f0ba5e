/* fast_eltwise.h - add, sub and mul element by element: rows of the output, scalar kernels. */
#ifndef QCC_EMIT_FAST_ELTWISE_H
#define QCC_EMIT_FAST_ELTWISE_H

#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

/* The output as rows of n elements, of which at most one operand is repeated in each. */
typedef struct eltwise_rows {
    int64_t rows, n;
    bool repeated[2];
} eltwise_rows;
/* false: operands are broadcast in another way. */
bool eltwise_rows_of(const ir_op *op, eltwise_rows *r);
/* Pointers a and b at the operands, and a loop over rows where there are several: elements i < n of
 * a row are a[i], b[i], out[i]. Sets variables n, rows. */
void eltwise_open_rows(const eltwise_rows *r, text *t);
void eltwise_close_rows(const eltwise_rows *r, text *t);

bool fast_takes_eltwise(const emitter *e, const ir_op *op);
bool fast_print_eltwise(emitter *e, const ir_op *op);

#define ELTWISE_ROW(name, kind, guard, takes, print)                                               \
    {                                                                                              \
        name, kind, WEIGHTS_NONE, guard, NULL, takes, print, NULL, ORDER_UNKNOWN, NULL             \
    }
#define FAST_ELTWISE_ROWS                                                                          \
    ELTWISE_ROW("fast-add", OP_ADD, NULL, fast_takes_eltwise, fast_print_eltwise),                 \
        ELTWISE_ROW("fast-add", OP_SUB, NULL, fast_takes_eltwise, fast_print_eltwise),             \
        ELTWISE_ROW("fast-mul", OP_MUL, NULL, fast_takes_eltwise, fast_print_eltwise)

#endif
