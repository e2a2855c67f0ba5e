/* table.h - kernels of functions of one code. */
#ifndef QCC_EMIT_TABLE_H
#define QCC_EMIT_TABLE_H

#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

/* Codes to codes by a table; a clamp is none. */
bool table_takes(const emitter *e, const ir_op *op);
bool plain_print_table(emitter *e, const ir_op *op);
bool mve_print_table(emitter *e, const ir_op *op);
bool neon_print_table(emitter *e, const ir_op *op);

#define TABLE_ROW(name, kind, guard, print)                                                        \
    {                                                                                              \
        name, kind, WEIGHTS_NONE, guard, NULL, table_takes, print, NULL, ORDER_UNKNOWN, NULL       \
    }
#define TABLE_ROWS(name, guard, print)                                                             \
    TABLE_ROW(name, OP_SIGMOID, guard, print), TABLE_ROW(name, OP_TANH, guard, print),             \
        TABLE_ROW(name, OP_HARD_SWISH, guard, print),                                              \
        TABLE_ROW(name, OP_LEAKY_RELU, guard, print), TABLE_ROW(name, OP_ELU, guard, print),       \
        TABLE_ROW(name, OP_GELU, guard, print), TABLE_ROW(name, OP_GELU_TANH, guard, print),       \
        TABLE_ROW(name, OP_REQUANTIZE, guard, print), TABLE_ROW(name, OP_RELU, guard, print),      \
        TABLE_ROW(name, OP_RELU6, guard, print)

#endif
