# Augmentation.
check_PROGRAMS += tests/unit/test_augment
TESTS += tests/unit/test_augment
tests_unit_test_augment_SOURCES = tests/unit/test_augment.c tests/unit/qdl.h tests/unit/context.h
tests_unit_test_augment_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_augment_LDADD = $(TEST_LIBS)
