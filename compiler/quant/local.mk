# The quantizer: grids, calibration, choice, rounding, saved pairs (legal.mk: integer parameters).
libqcc_core_la_SOURCES += \
	compiler/quant/adaround.c compiler/quant/adaround.h \
	compiler/quant/bias.c \
	compiler/quant/calibrate.c \
	compiler/quant/choose.c \
	compiler/quant/codebook.c compiler/quant/codebook.h \
	compiler/quant/equalize.c \
	compiler/quant/gptq.c compiler/quant/gptq.h \
	compiler/quant/grid.c compiler/quant/grid.h \
	compiler/quant/internal.h \
	compiler/quant/kmeans.c \
	compiler/quant/layer.c \
	compiler/quant/linalg.c compiler/quant/linalg.h \
	compiler/quant/moments.c compiler/quant/moments.h \
	compiler/quant/observers.c \
	compiler/quant/pack.c \
	compiler/quant/quant.h \
	compiler/quant/refine.c \
	compiler/quant/round.c \
	compiler/quant/rows.c compiler/quant/rows.h \
	compiler/quant/samples.c compiler/quant/samples.h \
	compiler/quant/saved.c \
	compiler/quant/saved_load.c \
	compiler/quant/saved_print.c \
	compiler/quant/walk.c compiler/quant/walk.h
