/* kernels_neon.c - kernels of aarch64. */
#include "compiler/emit/neon_wide.h"
#include "compiler/emit/pool.h"
#include "compiler/emit/table.h"

#define FIELDS (WEIGHTS_CODE | WEIGHTS_PACKED | WEIGHTS_CODEBOOK)
#define FORMS (FIELDS | WEIGHTS_AFFINE)

const kernel aarch64_kernels[] = {
    {"neon-conv", OP_CONV2D, FORMS, NEON_GUARD, NULL, neon_takes_conv, neon_print_conv,
     neon_scratch_conv, ORDER_UNKNOWN, NULL},
    {"neon-dense", OP_DENSE, FORMS, NEON_GUARD, NULL, neon_takes_conv, neon_print_conv,
     neon_scratch_conv, ORDER_UNKNOWN, NULL},
    {"neon-depthwise", OP_CONV2D, FIELDS, NEON_GUARD, NULL, neon_takes_depthwise,
     neon_print_depthwise, neon_scratch_depthwise, ORDER_UNKNOWN, NULL},
    {"neon-wide", OP_CONV2D, WEIGHTS_ALL, NEON_GUARD, NULL, neon_takes_wide, neon_print_wide,
     neon_scratch_wide, ORDER_UNKNOWN, NULL},
    {"neon-wide-dense", OP_DENSE, WEIGHTS_ALL, NEON_GUARD, NULL, neon_takes_wide, neon_print_wide,
     neon_scratch_wide, ORDER_UNKNOWN, NULL},
    {"neon-wide-depthwise", OP_CONV2D, WEIGHTS_ALL, NEON_GUARD, NULL, neon_takes_wide_depthwise,
     neon_print_wide_depthwise, neon_scratch_wide_depthwise, ORDER_UNKNOWN, NULL},
    {"neon-add", OP_ADD, WEIGHTS_NONE, NEON_GUARD, NULL, neon_takes_add, neon_print_add, NULL,
     ORDER_UNKNOWN, NULL},
    {"neon-add", OP_SUB, WEIGHTS_NONE, NEON_GUARD, NULL, neon_takes_add, neon_print_add, NULL,
     ORDER_UNKNOWN, NULL},
    {"neon-mul", OP_MUL, WEIGHTS_NONE, NEON_GUARD, NULL, neon_takes_add, neon_print_add, NULL,
     ORDER_UNKNOWN, NULL},
    POOL_ROWS("neon-pool", NEON_GUARD, neon_takes_pool, neon_print_pool),
    TABLE_ROWS("neon-table", NEON_GUARD, neon_print_table),
    {0},
};
