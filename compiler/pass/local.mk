# Passes over the float graph: one file, one entry point each.
libqcc_core_la_SOURCES += \
	compiler/pass/dropout.c compiler/pass/fold_bn.c \
	compiler/pass/fuse.c
