libqcc_core_la_SOURCES += \
	compiler/base/apart.c compiler/base/apart.h \
	compiler/base/arena.c compiler/base/arena.h \
	compiler/base/buf.c compiler/base/buf.h \
	compiler/base/ctx.c compiler/base/ctx.h \
	compiler/base/diag.c compiler/base/diag.h compiler/base/diag.def \
	compiler/base/file.c compiler/base/file.h \
	compiler/base/loc.c \
	compiler/base/rng.c compiler/base/rng.h \
	compiler/base/sha256.c compiler/base/sha256.h
