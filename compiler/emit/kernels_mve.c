/* kernels_mve.c - kernels of cortex-m55: cores with Helium. */
#include "compiler/emit/mve.h"

const kernel cortex_m55_kernels[] = {
    {"mve-conv", OP_CONV2D, WEIGHTS_CODE, MVE_GUARD, NULL, mve_takes_dots, mve_print_dots,
     mve_scratch_dots},
    {"mve-dense", OP_DENSE, WEIGHTS_CODE, MVE_GUARD, NULL, mve_takes_dots, mve_print_dots,
     mve_scratch_dots},
    {"mve-depthwise", OP_CONV2D, WEIGHTS_CODE, MVE_GUARD, NULL, mve_takes_depthwise,
     mve_print_depthwise, mve_scratch_depthwise},
    {"mve-add", OP_ADD, WEIGHTS_NONE, MVE_GUARD, NULL, mve_takes_add, mve_print_add, NULL},
    {"mve-add", OP_SUB, WEIGHTS_NONE, MVE_GUARD, NULL, mve_takes_add, mve_print_add, NULL},
    {0},
};
