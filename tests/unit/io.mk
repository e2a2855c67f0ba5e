check_PROGRAMS += tests/unit/test_tensors tests/unit/test_dataset
tests_unit_test_tensors_SOURCES = tests/unit/test_tensors.c tests/unit/io_files.h
tests_unit_test_tensors_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_tensors_LDADD = $(TEST_LIBS)
tests_unit_test_dataset_SOURCES = tests/unit/test_dataset.c tests/unit/io_files.h
tests_unit_test_dataset_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_dataset_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_tensors tests/unit/test_dataset
