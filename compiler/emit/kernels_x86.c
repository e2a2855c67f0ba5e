/* kernels_x86.c - kernels of x86-64. */
#include "compiler/emit/x86.h"

#define X86_WEIGHTS WEIGHTS_ALL

/* clang-format off */
#define ROWS(guard)                                                                                   \
    {                                                                                                 \
        {"x86-depthwise", OP_CONV2D, X86_WEIGHTS, guard, NULL, x86_takes_depthwise,                  \
         x86_print_depthwise, x86_scratch_depthwise, ORDER_UNKNOWN, NULL},                            \
        {"x86-conv", OP_CONV2D, X86_WEIGHTS, guard, NULL, x86_takes_conv, x86_print_conv,            \
         x86_scratch_conv, ORDER_UNKNOWN, NULL},                                                      \
        {"x86-dense", OP_DENSE, X86_WEIGHTS, guard, NULL, x86_takes_conv, x86_print_conv,            \
         x86_scratch_conv, ORDER_UNKNOWN, NULL},                                                      \
        {"x86-add", OP_ADD, WEIGHTS_NONE, guard, NULL, x86_takes_add, x86_print_add, NULL, ORDER_UNKNOWN, NULL}, \
        {"x86-add", OP_SUB, WEIGHTS_NONE, guard, NULL, x86_takes_add, x86_print_add, NULL, ORDER_UNKNOWN, NULL}, \
        {0},                                                                                          \
    }
/* clang-format on */

const kernel x86_kernels[] = ROWS("defined(__SSE2__) && !defined(__TINYC__)");
/* What chooses at run time, and gives a function instructions of its own, is GNU's. */
const kernel x86_dispatch_kernels[] =
    ROWS("defined(__GNUC__) && defined(__x86_64__) && defined(__SSE2__) && !defined(__TINYC__)");
