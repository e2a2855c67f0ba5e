libqcc_core_la_SOURCES += \
	compiler/emit/dots.c compiler/emit/dots.h \
	compiler/emit/dsp_conv.c compiler/emit/dsp_depthwise.c compiler/emit/dsp.h compiler/emit/kernels_dsp.h \
	compiler/emit/dsp_levels.c compiler/emit/dsp_store.c compiler/emit/dsp_store.h compiler/emit/fast.c compiler/emit/fast_eltwise.c compiler/emit/fast_eltwise.h \
	compiler/emit/heading.c \
	compiler/emit/helpers.c \
	compiler/emit/helpers_triple.c compiler/emit/triple.h compiler/emit/triple_conv.c compiler/emit/triple_lone.c \
	compiler/emit/helpers_dsp.c compiler/emit/helpers_dsp.h \
	compiler/emit/kernels_dsp.c \
	compiler/emit/bundle.c compiler/emit/bundle.h compiler/emit/kernels_long.c compiler/emit/kernels_triple.c \
	compiler/emit/helpers_mve.c compiler/emit/helpers_mve.h compiler/emit/kernels_mve.c \
	compiler/emit/store.c compiler/emit/store.h compiler/emit/wide_conv.c compiler/emit/plain_lone.c compiler/emit/pair_lone.c compiler/emit/long.h compiler/emit/long_conv.c compiler/emit/long_lone.c \
	compiler/emit/plane.h compiler/emit/plane_depthwise.c \
	compiler/emit/loops.c \
	compiler/emit/mve.h compiler/emit/mve_add.c compiler/emit/mve_conv.c compiler/emit/mve_copy.c \
	compiler/emit/mve_depthwise.c compiler/emit/mve_levels.c compiler/emit/mve_scale.c compiler/emit/mve_store.c \
	compiler/emit/mve_store.h \
	compiler/emit/helpers_neon.c compiler/emit/kernels_neon.c compiler/emit/neon.h compiler/emit/neon_conv.c \
	compiler/emit/neon_conv.h compiler/emit/neon_fields.c compiler/emit/neon_fields.h compiler/emit/neon_packed.c \
	compiler/emit/neon_add.c compiler/emit/neon_depthwise.c compiler/emit/neon_scale.c compiler/emit/neon_stage.c compiler/emit/neon_wide.c compiler/emit/neon_wide.h compiler/emit/neon_wide_conv.c compiler/emit/neon_wide_depthwise.c \
	compiler/emit/op_conv.c \
	compiler/emit/op_dense.c \
	compiler/emit/op_depthwise.c \
	compiler/emit/packed.c compiler/emit/packed.h compiler/emit/packed_dots.c \
	compiler/emit/op_eltwise.c \
	compiler/emit/op_float.c \
	compiler/emit/op_gather.c \
	compiler/emit/op_move.c \
	compiler/emit/op_pool.c compiler/emit/pool.h compiler/emit/pool_kernel.c compiler/emit/pool_mean.c \
	compiler/emit/pool_steps.c \
	compiler/emit/op_reduce.c \
	compiler/emit/op_resize.c \
	compiler/emit/op_softmax.c \
	compiler/emit/op_l2.c \
	compiler/emit/op_unary.c \
	compiler/emit/ops.h \
	compiler/emit/requant.c compiler/emit/table.c compiler/emit/table.h \
	compiler/emit/target.c compiler/emit/target.h compiler/emit/targets.c \
	compiler/emit/kernels_x86.c compiler/emit/x86.h compiler/emit/x86_add.c compiler/emit/x86_conv.c compiler/emit/x86_depthwise.c \
	compiler/emit/levels.c compiler/emit/levels.h compiler/emit/x86_levels.c compiler/emit/x86_numbers.c compiler/emit/x86_scale.c compiler/emit/x86_text.c compiler/emit/x86_text_pair.c compiler/emit/x86_text_scale.c compiler/emit/x86_tile.c \
	compiler/emit/text.c compiler/emit/text.h
