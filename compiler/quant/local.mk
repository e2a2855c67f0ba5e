# The quantizer: grids, calibration, choice, rounding, saved pairs (legal.mk: integer parameters).
libqcc_core_la_SOURCES += \
	compiler/quant/calibrate.c \
	compiler/quant/choose.c \
	compiler/quant/grid.c compiler/quant/grid.h \
	compiler/quant/internal.h \
	compiler/quant/layer.c \
	compiler/quant/observers.c \
	compiler/quant/pack.c \
	compiler/quant/quant.h \
	compiler/quant/round.c \
	compiler/quant/saved.c \
	compiler/quant/saved_load.c \
	compiler/quant/saved_print.c
