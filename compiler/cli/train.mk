# train, tune, recover.
qcc_SOURCES += compiler/cli/cmd_train.c compiler/cli/cmd_recover.c compiler/cli/cmd_tune.c compiler/cli/recover.h \
	compiler/cli/recover_measure.c compiler/cli/recover_runs.c compiler/cli/recover_page.c compiler/cli/tuning.h compiler/cli/training.c compiler/cli/training.h \
	compiler/cli/training_data.c compiler/cli/training_flips.c compiler/cli/training_options.c compiler/cli/training_page.c \
	compiler/cli/training_page.h
