# The quantizer: grids, calibration, choice, rounding, saved pairs (legal.mk: integer parameters).
libqcc_core_la_SOURCES += \
	compiler/quant/grid.c compiler/quant/grid.h \
	compiler/quant/quant.h
