/* kernels_dsp.c - kernels of cortex-m4: cores with the DSP extension. */
#include "compiler/emit/dsp.h"

/* As far as dsp_store_takes and dsp_levels_take say so. */
#define DSP_WEIGHTS                                                                                \
    (WEIGHTS_CODE | WEIGHTS_AFFINE | WEIGHTS_CODEBOOK | WEIGHTS_WIDE | WEIGHTS_PACKED)

const kernel cortex_m4_kernels[] = {
    {"dsp-conv", OP_CONV2D, DSP_WEIGHTS, NULL, dsp_conv_in_place, dsp_takes_conv, dsp_print_conv,
     dsp_scratch_conv, ORDER_CELLS, NULL},
    {"dsp-dense", OP_DENSE, DSP_WEIGHTS, NULL, NULL, dsp_takes_dense, dsp_print_dense,
     dsp_scratch_dense, ORDER_UNKNOWN, NULL},
    {"dsp-depthwise", OP_CONV2D, DSP_WEIGHTS, NULL, dsp_depthwise_in_place, dsp_takes_depthwise,
     dsp_print_depthwise, dsp_scratch_depthwise, ORDER_CHANNELS, NULL},
    {0},
};
