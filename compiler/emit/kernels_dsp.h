/* kernels_dsp.h - rows of kernels of cores with the DSP extension: Cortex-M4, and M55 where Helium's do not serve. */
#ifndef QCC_EMIT_KERNELS_DSP_H
#define QCC_EMIT_KERNELS_DSP_H

#include "compiler/emit/dsp.h"
#include "compiler/emit/fast_eltwise.h"
#include "compiler/emit/long.h"
#include "compiler/emit/pool.h"

/* All weights: as far as dsp_store_takes and dsp_levels_take say so. What these leave (codebooks of 5 bits and
 * more, a table a channel) is decoded a block of filters at a time, or looked up one by one; SMLAL makes two
 * products as SMLAD does. */
/* clang-format off */
#define CORTEX_M4_ROWS                                                                             \
    {"dsp-conv", OP_CONV2D, WEIGHTS_ALL, NULL, dsp_conv_in_place, dsp_takes_conv, dsp_print_conv,  \
     dsp_scratch_conv, ORDER_CELLS, NULL},                                                         \
    {"dsp-dense", OP_DENSE, WEIGHTS_ALL, NULL, NULL, dsp_takes_dense, dsp_print_dense,             \
     dsp_scratch_dense, ORDER_UNKNOWN, NULL},                                                      \
    {"dsp-depthwise", OP_CONV2D, WEIGHTS_ALL, NULL, dsp_depthwise_in_place, dsp_takes_depthwise,   \
     dsp_print_depthwise, dsp_scratch_depthwise, ORDER_CHANNELS, NULL},                            \
    {"plain-lone", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, NULL, plain_takes_lone, plain_print_lone,    \
     NULL, ORDER_UNKNOWN, NULL},                                                                   \
    {"plain-lone", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, plain_takes_lone, plain_print_lone, NULL,\
     ORDER_UNKNOWN, NULL},                                                                         \
    {"long-conv", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, bundle_in_place, long_takes_conv,             \
     long_print_conv, long_scratch_conv, ORDER_UNKNOWN, NULL},                                     \
    {"long-dense", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, long_takes_conv, long_print_conv,       \
     long_scratch_conv, ORDER_UNKNOWN, NULL},                                                      \
    {"wide-conv", OP_CONV2D, WEIGHTS_CODEBOOK, NULL, bundle_in_place, wide_takes_conv,             \
     wide_print_conv, wide_scratch_conv, ORDER_UNKNOWN, NULL},                                     \
    {"wide-dense", OP_DENSE, WEIGHTS_CODEBOOK, NULL, NULL, wide_takes_conv, wide_print_conv,       \
     wide_scratch_conv, ORDER_UNKNOWN, NULL},                                                      \
    POOL_ROWS("dsp-pool", NULL, dsp_takes_pool, dsp_print_pool),                                   \
    POOL_ROWS("plain-pool", NULL, plain_takes_pool, plain_print_pool),                             \
    FAST_ELTWISE_ROWS
/* clang-format on */

#endif
