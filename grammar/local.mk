# The language: scanner, grammar, tree, and the quantize part's rules.
#
# bison's own language, not `bison -y`, which refuses typed values (configure presets YACC); ylwrap
# then looks for y.tab.c. -d stands here so that automake knows of the header.
AM_YFLAGS = -d -o y.tab.c

libqcc_core_la_SOURCES += \
	grammar/qdl.y \
	grammar/qdl_lex.l \
	compiler/front/ast.c compiler/front/ast.h \
	compiler/front/ast_print.c \
	compiler/front/expect.c \
	compiler/front/literal.c compiler/front/literal.h \
	compiler/front/parse.c compiler/front/parse.h \
	compiler/front/tokens.c \
	compiler/quant/rule.c compiler/quant/rule.h \
	compiler/quant/setting.c compiler/quant/setting.h \
	compiler/quant/spec.c compiler/quant/spec.h

BUILT_SOURCES += grammar/qdl.h
