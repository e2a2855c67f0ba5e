# The generator of random nets, which other tests draw from, too.
RANDOM_NETS = tests/emit/random_net.c tests/emit/random_net.h tests/emit/random_maker.h \
	tests/emit/random_operators.c tests/emit/random_values.c
check_PROGRAMS += tests/emit/test_print tests/emit/test_helpers tests/emit/test_differential
tests_emit_test_print_SOURCES = tests/emit/test_print.c
tests_emit_test_print_CFLAGS = $(TEST_CFLAGS)
tests_emit_test_print_LDADD = $(TEST_LIBS)
tests_emit_test_helpers_SOURCES = tests/emit/test_helpers.c
tests_emit_test_helpers_CFLAGS = $(TEST_CFLAGS)
tests_emit_test_helpers_LDADD = $(TEST_LIBS) -lm
tests_emit_test_differential_SOURCES = tests/emit/test_differential.c tests/emit/samples.c tests/emit/samples.h \
	tests/emit/batches.c tests/emit/batches.h $(RANDOM_NETS)
tests_emit_test_differential_CFLAGS = $(TEST_CFLAGS)
tests_emit_test_differential_LDADD = $(TEST_LIBS) -lm
TESTS += tests/emit/test_print tests/emit/test_helpers tests/emit/test_differential
