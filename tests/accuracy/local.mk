# The accuracy figures: `make accuracy` (5 calibration subsets, one seed of training), `make accuracy-full` (15
# and 3). The kws figures of int8 are a test too, with 3 subsets.
check_PROGRAMS += tests/accuracy/accuracy
tests_accuracy_accuracy_SOURCES = tests/accuracy/accuracy.c tests/accuracy/bench.c \
	tests/accuracy/bench.h tests/accuracy/ad.c \
	tests/accuracy/tuned.c tests/accuracy/tuned.h tests/accuracy/rescale.c tests/accuracy/rescale.h \
	compiler/cli/stats.c
tests_accuracy_accuracy_LDADD = libqcc_core.la
TESTS += tests/accuracy/kws.sh
EXTRA_DIST += tests/accuracy/kws.qdl tests/accuracy/kws.sh tests/accuracy/quant tests/accuracy/tune
mnist_folder = $(abs_top_builddir)/examples/mnist

accuracy accuracy-full: tests/accuracy/accuracy$(EXEEXT) qcc$(EXEEXT)
	@$(MKDIR_P) $(mnist_folder)
	-@test -n "$$QCC_MNIST" || $(SHELL) $(top_srcdir)/examples/mnist/fetch.sh $(mnist_folder)
	@$(AM_TESTS_ENVIRONMENT) QCC_MNIST="$${QCC_MNIST-$(mnist_folder)}"; export QCC_MNIST; \
	test $@ = accuracy || { QCC_SEEDS=15; QCC_TUNE_SEEDS=3; QCC_FULL=1; }; export QCC_SEEDS QCC_TUNE_SEEDS QCC_FULL; \
	tests/accuracy/accuracy$(EXEEXT) $(FIGURES)
.PHONY: accuracy accuracy-full
