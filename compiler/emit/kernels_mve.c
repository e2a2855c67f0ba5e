/* kernels_mve.c - kernels of cortex-m55: cores with Helium. Those of the DSP extension, which such
 * cores have too, stand behind #else and take what Helium's do not. */
#include "compiler/emit/kernels_dsp.h"
#include "compiler/emit/mve.h"
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
    POOL_ROWS("mve-pool", MVE_GUARD, mve_takes_pool, mve_print_pool),
    TABLE_ROWS("mve-table", MVE_GUARD, mve_print_table),
    CORTEX_M4_ROWS,
    {0},
};
