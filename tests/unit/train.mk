# The trainer. OpenMP is linked by its flag.
TRAIN_TEST_LIBS = libqcc_train.la $(TEST_LIBS) $(OPENMP_CFLAGS)
check_PROGRAMS += tests/unit/test_gradients
tests_unit_test_gradients_SOURCES = tests/unit/test_gradients.c tests/unit/float_nets.h
tests_unit_test_gradients_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_gradients_LDADD = $(TRAIN_TEST_LIBS)
TESTS += tests/unit/test_gradients
check_PROGRAMS += tests/unit/test_vary
tests_unit_test_vary_SOURCES = tests/unit/test_vary.c tests/unit/float_nets.h tests/unit/qdl.h tests/unit/context.h
tests_unit_test_vary_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_vary_LDADD = $(TRAIN_TEST_LIBS)
TESTS += tests/unit/test_vary
check_PROGRAMS += tests/unit/test_fakequant
tests_unit_test_fakequant_SOURCES = tests/unit/test_fakequant.c
tests_unit_test_fakequant_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_fakequant_LDADD = $(TRAIN_TEST_LIBS)
TESTS += tests/unit/test_fakequant
