/* kernels_mve.c - kernels of cortex-m55: cores with Helium. Those of the DSP extension, which such
 * cores have too, stand behind #else and take what Helium's do not. */
#include "compiler/emit/dsp.h"
#include "compiler/emit/long.h"
#include "compiler/emit/mve.h"
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/pool.h"
#include "compiler/emit/table.h"

const kernel cortex_m55_kernels[] = {
    {"mve-conv", OP_CONV2D, WEIGHTS_ALL, MVE_GUARD, mve_dots_in_place, mve_takes_dots,
     mve_print_dots, mve_scratch_dots, ORDER_CELLS, NULL},
    {"mve-dense", OP_DENSE, WEIGHTS_ALL, MVE_GUARD, NULL, mve_takes_dots, mve_print_dots,
     mve_scratch_dots, ORDER_UNKNOWN, NULL},
    {"mve-depthwise", OP_CONV2D, WEIGHTS_ALL, MVE_GUARD, mve_depthwise_in_place,
     mve_takes_depthwise, mve_print_depthwise, mve_scratch_depthwise, ORDER_CHANNELS, mve_depthwise_order},
    {"mve-add", OP_ADD, WEIGHTS_NONE, MVE_GUARD, NULL, mve_takes_add, mve_print_add, NULL,
     ORDER_UNKNOWN, NULL},
    {"mve-add", OP_SUB, WEIGHTS_NONE, MVE_GUARD, NULL, mve_takes_add, mve_print_add, NULL,
     ORDER_UNKNOWN, NULL},
    ELTWISE_ROW("mve-mul", OP_MUL, MVE_GUARD, mve_takes_add, mve_print_add),
    {"dsp-conv", OP_CONV2D, WEIGHTS_ALL, NULL, dsp_conv_in_place, dsp_takes_conv, dsp_print_conv,
     dsp_scratch_conv, ORDER_CELLS, NULL},
    {"dsp-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, dsp_takes_dense, dsp_print_dense,
     dsp_scratch_dense, ORDER_UNKNOWN, NULL},
    {"dsp-depthwise", OP_CONV2D, WEIGHTS_ALL, NULL, dsp_depthwise_in_place, dsp_takes_depthwise,
     dsp_print_depthwise, dsp_scratch_depthwise, ORDER_CHANNELS, NULL},
    /* Codebooks of more than 64 entries, as on M4. */
    {"plain-lone", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, NULL, plain_takes_lone, plain_print_lone,
     NULL, ORDER_UNKNOWN, NULL},
    {"plain-lone", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,
     ORDER_UNKNOWN, NULL},
    {"long-conv", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, bundle_in_place, long_takes_conv,
     long_print_conv, long_scratch_conv, ORDER_UNKNOWN, NULL},
    {"long-dense", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, long_takes_conv, long_print_conv,
     long_scratch_conv, ORDER_UNKNOWN, NULL},
    {"wide-conv", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, bundle_in_place, wide_takes_conv,
     wide_print_conv, wide_scratch_conv, ORDER_UNKNOWN, NULL},
    {"wide-dense", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, wide_takes_conv, wide_print_conv,
     wide_scratch_conv, ORDER_UNKNOWN, NULL},
    POOL_ROWS("mve-pool", MVE_GUARD, mve_takes_pool, mve_print_pool),
    POOL_ROWS("dsp-pool", NULL, dsp_takes_pool, dsp_print_pool),
    POOL_ROWS("plain-pool", NULL, plain_takes_pool, plain_print_pool),
    FAST_ELTWISE_ROWS,
    TABLE_ROWS("mve-table", MVE_GUARD, mve_print_table),
    {0},
};
