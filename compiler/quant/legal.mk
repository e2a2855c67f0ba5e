# Integer parameters of a quantized graph, and bounds of its accumulators.
libqcc_core_la_SOURCES += \
	compiler/quant/bounds.c \
	compiler/quant/lean.c \
	compiler/quant/lean.h \
	compiler/quant/lean_slice.c compiler/quant/lean_taps.c \
	compiler/quant/legal.h \
	compiler/quant/legalize.c \
	compiler/quant/multipliers.c \
	compiler/quant/ranges.c \
	compiler/quant/tables.c
