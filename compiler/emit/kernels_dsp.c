/* kernels_dsp.c - kernels of cortex-m4: cores with the DSP extension. */
#include "compiler/emit/kernels_dsp.h"

const kernel cortex_m4_kernels[] = {
    CORTEX_M4_ROWS,
    {0},
};
