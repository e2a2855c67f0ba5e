# The intermediate representation: graph, operators, shapes, checking, printing, hashing.
libqcc_core_la_SOURCES += \
	compiler/ir/ir.c compiler/ir/ir.h \
	compiler/ir/hash.c \
	compiler/ir/ops.c compiler/ir/ops.def \
	compiler/ir/print.c \
	compiler/ir/shape.c \
	compiler/ir/verify.c \
	compiler/ir/words.c compiler/ir/words.h
