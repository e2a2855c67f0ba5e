# The search for a quantization that fits a budget.
libqcc_core_la_SOURCES += \
	compiler/search/evaluate.c \
	compiler/search/internal.h \
	compiler/search/knapsack.c \
	compiler/search/memo.c \
	compiler/search/search.c compiler/search/search.h
