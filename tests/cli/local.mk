CLI_TESTS = tests/cli/usage.sh tests/cli/bad_input.sh tests/cli/saved.sh tests/cli/engines.sh \
	tests/cli/eval.sh
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) tests/cli/lib.sh tests/cli/rows.awk
