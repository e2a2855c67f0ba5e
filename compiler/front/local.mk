# From the syntax tree to the graph: names, blocks, operators, weights (the tree's own files are
# listed in grammar/local.mk).
libqcc_core_la_SOURCES += \
	compiler/front/attrs.c \
	compiler/front/blocks.c \
	compiler/front/columns.c compiler/front/columns.h \
	compiler/front/constants.c \
	compiler/front/front.h compiler/front/internal.h \
	compiler/front/lower.c \
	compiler/front/names.c \
	compiler/front/one_d.c \
	compiler/front/ports.c \
	compiler/front/rules.c \
	compiler/front/sema.c \
	compiler/front/split.c \
	compiler/front/states.c \
	compiler/front/transposed.c \
	compiler/front/weights.c
