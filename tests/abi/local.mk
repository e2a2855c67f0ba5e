ABI_TESTS = tests/abi/warnings.sh tests/abi/undefined.sh tests/abi/header.sh tests/abi/run.sh \
	tests/abi/options.sh tests/abi/stack.sh
TESTS += $(ABI_TESTS)
EXTRA_DIST += $(ABI_TESTS) tests/abi/lib.sh tests/abi/modes.c tests/abi/ports.c tests/abi/ports.qdl \
	tests/abi/bands.c tests/abi/profile.c tests/abi/quantize.c tests/abi/schemes.qdl tests/abi/short.qdl tests/abi/tails.qdl tests/abi/two_nets.c tests/abi/wide.qdl
