/* kernels_x86.c - kernels of x86-64. */
#include "compiler/emit/x86.h"

#define X86 "defined(__SSE2__) && !defined(__TINYC__)"

const kernel x86_kernels[] = {
    {"x86-depthwise", OP_CONV2D, WEIGHTS_CODE, X86, NULL, x86_takes_depthwise, x86_print_depthwise,
     x86_scratch_depthwise, ORDER_UNKNOWN, NULL},
    {"x86-conv", OP_CONV2D, WEIGHTS_CODE, X86, NULL, x86_takes_conv, x86_print_conv,
     x86_scratch_conv, ORDER_UNKNOWN, NULL},
    {"x86-dense", OP_DENSE, WEIGHTS_CODE, X86, NULL, x86_takes_conv, x86_print_conv,
     x86_scratch_conv, ORDER_UNKNOWN, NULL},
    {"x86-add", OP_ADD, WEIGHTS_NONE, X86, NULL, x86_takes_add, x86_print_add, NULL, ORDER_UNKNOWN, NULL},
    {"x86-add", OP_SUB, WEIGHTS_NONE, X86, NULL, x86_takes_add, x86_print_add, NULL, ORDER_UNKNOWN, NULL},
    {0},
};
