# Rows of training data, varied at random.
libqcc_core_la_SOURCES += \
	compiler/augment/apply.c \
	compiler/augment/augment.h \
	compiler/augment/internal.h \
	compiler/augment/png.c \
	compiler/augment/sheet.c \
	compiler/augment/words.c
