libqcc_core_la_SOURCES += \
	compiler/emit/emit.h compiler/emit/internal.h compiler/emit/frame.h \
	compiler/emit/bands.h compiler/emit/bands.c compiler/emit/bands_choose.c compiler/emit/bands_text.c \
	compiler/emit/adapter.c compiler/emit/array.c compiler/emit/comment.c \
	compiler/emit/elide.c compiler/emit/frame.c compiler/emit/header.c compiler/emit/layout.c compiler/emit/layout.h \
	compiler/emit/names.c compiler/emit/order.c compiler/emit/options.c compiler/emit/behind.c compiler/emit/plan.c compiler/emit/run.c \
	compiler/emit/selftest.c compiler/emit/sizes.c
