/* kernels_triple.c - kernels of cores that multiply 32-bit words and have no multiply-accumulate:
 * cortex-m0, rv32. */
#include "compiler/emit/triple.h"
#include "compiler/emit/plane.h"

const kernel word_kernels[] = {
    {"triple-lone", OP_CONV2D, WEIGHTS_CODE, NULL, NULL, triple_takes_lone, triple_print_lone, NULL,
     ORDER_UNKNOWN},
    {"triple-conv", OP_CONV2D, WEIGHTS_CODE, NULL, bundle_in_place, triple_takes_conv,
     triple_print_conv, triple_scratch_conv, ORDER_UNKNOWN},
    {"triple-lone", OP_DENSE, WEIGHTS_CODE, NULL, NULL, triple_takes_lone, triple_print_lone, NULL,
     ORDER_UNKNOWN},
    {"triple-dense", OP_DENSE, WEIGHTS_CODE, NULL, NULL, triple_takes_conv, triple_print_conv,
     triple_scratch_conv, ORDER_UNKNOWN},
    {"plane-depthwise", OP_CONV2D, WEIGHTS_CODE, NULL, plane_in_place, plane_takes, plane_print,
     plane_scratch, ORDER_UNKNOWN},
    {0},
};
