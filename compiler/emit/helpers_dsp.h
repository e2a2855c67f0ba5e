/* helpers_dsp.h - texts of the helpers that stand for the DSP extension's instructions. */
#ifndef QCC_EMIT_HELPERS_DSP_H
#define QCC_EMIT_HELPERS_DSP_H

extern const char helper_dsp[];
extern const char helper_dsp_word[];
extern const char helper_dsp_pack[];
extern const char helper_dsp_even[];
extern const char helper_dsp_odd[];
extern const char helper_dsp_smlad[];
extern const char helper_dsp_next[];
extern const char helper_dsp_load[];
extern const char helper_dsp_load16[];
extern const char helper_dsp_widen[];
extern const char helper_dsp_tile22[];
extern const char helper_dsp_tile14[];
extern const char helper_dsp_wide22[];
extern const char helper_dsp_wide14[];
extern const char helper_dsp_smmlar[];
extern const char helper_dsp_smmla[];
extern const char helper_dsp_fast_tflm[];
extern const char helper_dsp_fast_single[];
extern const char helper_dsp_smlabb[];
extern const char helper_dsp_smlabt[];
extern const char helper_dsp_smlatb[];
extern const char helper_dsp_smlatt[];
extern const char helper_dsp_both[];
extern const char helper_dsp_ssat8[];
extern const char helper_dsp_two[];
extern const char helper_dsp_add2[];
extern const char helper_dsp_max4[], helper_dsp_min4[], helper_dsp_add_even[], helper_dsp_add_odd[];

/* helpers_triple.c */
extern const char helper_v6m[], helper_triple[], helper_six[], helper_three[], helper_four[],
    helper_quad[], helper_eight[], helper_small[],
    helper_small_tflm[];

#endif
