/* kernels_dsp.c - kernels of cortex-m4: cores with the DSP extension. */
#include "compiler/emit/dsp.h"

const kernel cortex_m4_kernels[] = {
    {"dsp-conv", OP_CONV2D, WEIGHTS_CODE, NULL, dsp_conv_in_place, dsp_takes_conv, dsp_print_conv,
     dsp_scratch_conv},
    {"dsp-dense", OP_DENSE, WEIGHTS_CODE, NULL, NULL, dsp_takes_dense, dsp_print_dense,
     dsp_scratch_dense},
    {"dsp-depthwise", OP_CONV2D, WEIGHTS_CODE, NULL, dsp_depthwise_in_place, dsp_takes_depthwise,
     dsp_print_depthwise, dsp_scratch_depthwise},
    {0},
};
