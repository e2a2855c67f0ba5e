bin_PROGRAMS += qcc
qcc_SOURCES = \
	compiler/cli/main.c compiler/cli/cli.h compiler/cli/options.c compiler/cli/help.c \
	compiler/cli/common.c compiler/cli/search.c compiler/cli/search.h compiler/cli/progress.c compiler/cli/stats.c compiler/cli/grids.c \
	compiler/cli/cmd_augment.c compiler/cli/cmd_compile.c compiler/cli/cmd_import.c compiler/cli/cmd_export.c compiler/cli/cmd_run.c compiler/cli/cmd_inspect.c \
	compiler/cli/cmd_diff.c compiler/cli/diff.c compiler/cli/diff_layers.c compiler/cli/diff_print.c compiler/cli/diff.h \
	compiler/cli/inspect.h compiler/cli/inspect_rounding.c compiler/cli/inspect_lean.c compiler/cli/inspect_code.c compiler/cli/tune_kernels.c compiler/cli/inspect_errors.c \
	compiler/cli/eval.c compiler/cli/eval.h compiler/cli/eval_data.c compiler/cli/eval_metrics.c \
	compiler/cli/eval_print.c compiler/cli/eval_report.c \
	compiler/cli/report.c compiler/cli/report.h
qcc_LDADD = libqcc_train.la libqcc_core.la $(OPENMP_CFLAGS)
