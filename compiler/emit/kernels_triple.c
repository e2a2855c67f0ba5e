/* kernels_triple.c - kernels of cores that multiply 32-bit words and have no multiply-accumulate:
 * cortex-m0, rv32. */
#include "compiler/emit/long.h"
#include "compiler/emit/triple.h"
#include "compiler/emit/plane.h"
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/pool.h"
#include "compiler/emit/table.h"

const kernel word_kernels[] = {
    {"triple-lone", OP_CONV2D, WEIGHTS_CODE | WEIGHTS_AFFINE, NULL, NULL, triple_takes_lone,
     triple_print_lone, NULL, ORDER_UNKNOWN, NULL},
    {"pair-lone", OP_CONV2D, WEIGHTS_PACKED | WEIGHTS_CODEBOOK, NULL, NULL, pair_takes_lone,
     pair_print_lone, pair_scratch_lone, ORDER_UNKNOWN, NULL},
    {"plain-lone", OP_CONV2D, WEIGHTS_ALL, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,
     ORDER_UNKNOWN, NULL},
    {"triple-conv", OP_CONV2D, WEIGHTS_ALL, NULL, bundle_in_place, triple_takes_conv,
     triple_print_conv, triple_scratch_conv, ORDER_CELLS, bundle_order},
    {"triple-lone", OP_DENSE, WEIGHTS_CODE | WEIGHTS_AFFINE, NULL, NULL, triple_takes_lone,
     triple_print_lone, NULL, ORDER_UNKNOWN, NULL},
    {"pair-lone", OP_DENSE, WEIGHTS_PACKED | WEIGHTS_CODEBOOK, NULL, NULL, pair_takes_lone,
     pair_print_lone, pair_scratch_lone, ORDER_UNKNOWN, NULL},
    {"plain-lone", OP_DENSE, WEIGHTS_ALL, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,
     ORDER_UNKNOWN, NULL},
    {"triple-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, triple_takes_conv, triple_print_conv,
     triple_scratch_conv, ORDER_UNKNOWN, NULL},
    {"wide-conv", OP_CONV2D, WEIGHTS_ALL, NULL, bundle_in_place, wide_takes_conv, wide_print_conv,
     wide_scratch_conv, ORDER_CELLS, bundle_order},
    {"wide-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, wide_takes_conv, wide_print_conv,
     wide_scratch_conv, ORDER_UNKNOWN, NULL},
    {"plane-depthwise", OP_CONV2D, WEIGHTS_ALL, NULL, plane_in_place, plane_takes, plane_print,
     plane_scratch, ORDER_CHANNELS, plane_order},
    POOL_ROWS("plain-pool", NULL, plain_takes_pool, plain_print_pool),
    FAST_ELTWISE_ROWS,
    TABLE_ROWS("plain-table", NULL, plain_print_table),
    {0},
};
