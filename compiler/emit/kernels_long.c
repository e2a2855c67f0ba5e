/* kernels_long.c - kernels of cortex-m3. */
#include "compiler/emit/long.h"
#include "compiler/emit/plane.h"
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/pool.h"

const kernel cortex_m3_kernels[] = {
    {"long-lone", OP_CONV2D, WEIGHTS_ALL, NULL, NULL, long_takes_lone, long_print_lone,
     long_scratch_lone, ORDER_UNKNOWN, NULL},
    {"plain-lone", OP_CONV2D, WEIGHTS_ALL, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,
     ORDER_UNKNOWN, NULL},
    {"long-conv", OP_CONV2D, WEIGHTS_ALL, NULL, bundle_in_place, long_takes_conv, long_print_conv,
     long_scratch_conv, ORDER_CELLS, bundle_order},
    {"long-lone", OP_DENSE, WEIGHTS_ALL, NULL, NULL, long_takes_lone, long_print_lone,
     long_scratch_lone, ORDER_UNKNOWN, NULL},
    {"plain-lone", OP_DENSE, WEIGHTS_ALL, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,
     ORDER_UNKNOWN, NULL},
    {"long-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, long_takes_conv, long_print_conv,
     long_scratch_conv, ORDER_UNKNOWN, NULL},
    {"wide-conv", OP_CONV2D, WEIGHTS_ALL, NULL, bundle_in_place, wide_takes_conv, wide_print_conv,
     wide_scratch_conv, ORDER_CELLS, bundle_order},
    {"wide-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, wide_takes_conv, wide_print_conv,
     wide_scratch_conv, ORDER_UNKNOWN, NULL},
    {"long-depthwise", OP_CONV2D, WEIGHTS_ALL, NULL, plane_in_place_long, plane_takes, plane_print,
     plane_scratch, ORDER_CHANNELS, plane_order},
    POOL_ROWS("plain-pool", NULL, plain_takes_pool, plain_print_pool),
    FAST_ELTWISE_ROWS,
    {0},
};
