CLI_TESTS = \
	tests/cli/augment.sh \
	tests/cli/bad_input.sh \
	tests/cli/diagnostics.sh \
	tests/cli/diff.sh \
	tests/cli/engines.sh \
	tests/cli/errors.sh \
	tests/cli/eval.sh \
	tests/cli/export.sh \
	tests/cli/host_order.sh \
	tests/cli/inspect.sh \
	tests/cli/report.sh \
	tests/cli/report_browser.sh \
	tests/cli/mpi.sh \
	tests/cli/saved.sh \
	tests/cli/schemes.sh tests/cli/kernels.sh \
	tests/cli/search.sh \
	tests/cli/stream.sh \
	tests/cli/recover.sh \
	tests/cli/train.sh \
	tests/cli/tune.sh \
	tests/cli/tune_kernels.sh \
	tests/cli/usage.sh
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) tests/cli/lib.sh tests/cli/training.sh tests/cli/rows.awk tests/cli/install.sh examples/api/quantize.c

installcheck-local:
	@$(AM_TESTS_ENVIRONMENT) CC='$(CC)'; export CC; \
	$(SHELL) $(srcdir)/tests/cli/install.sh '$(DESTDIR)$(prefix)'
