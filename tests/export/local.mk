# Nets written as models of other tools, and read again.
if HAVE_ONNX
if HAVE_CMOCKA
check_PROGRAMS += tests/export/test_export
tests_export_test_export_SOURCES = tests/export/test_export.c tests/emit/random_net.c tests/emit/random_net.h
tests_export_test_export_CFLAGS = $(TEST_CFLAGS)
tests_export_test_export_LDADD = $(TEST_LIBS) -lm
TESTS += tests/export/test_export
endif
endif
