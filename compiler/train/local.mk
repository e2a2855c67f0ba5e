# The trainer: a library of its own, for its flags; the command and its tests link it.
noinst_LTLIBRARIES += libqcc_train.la
libqcc_train_la_SOURCES = \
	compiler/train/build.c compiler/train/build.h compiler/train/checkpoint.c compiler/train/fit.c \
	compiler/train/fit.h compiler/train/integer.c compiler/train/integer.h compiler/train/init.c compiler/train/init.h compiler/train/judge.c \
	compiler/train/judge.h compiler/train/loss.c compiler/train/loss.h compiler/train/optimizer.c \
	compiler/train/optimizer.h compiler/train/rows.c compiler/train/rows.h compiler/train/tune.c compiler/train/tune.h compiler/train/conv.c compiler/train/dense.c \
	compiler/train/depthwise.c compiler/train/engine.h compiler/train/fakequant.c \
	compiler/train/fakequant.h compiler/train/gemm.c compiler/train/internal.h compiler/train/join.c \
	compiler/train/kernels.c compiler/train/norm.c compiler/train/pool.c compiler/train/qat.c \
	compiler/train/qat.h compiler/train/ranks.c compiler/train/ranks.h compiler/train/run.c compiler/train/taps.c compiler/train/unary.c compiler/train/vary.c
libqcc_train_la_CFLAGS = $(AM_CFLAGS) $(TRAIN_CFLAGS) $(OPENMP_CFLAGS) $(MPI_CFLAGS)
