# Nets written as models of other tools, and read again.
if HAVE_ONNX
if HAVE_CMOCKA
check_PROGRAMS += tests/export/test_export
tests_export_test_export_SOURCES = tests/export/test_export.c tests/unit/context.h $(RANDOM_NETS)
tests_export_test_export_CFLAGS = $(TEST_CFLAGS)
tests_export_test_export_LDADD = $(TEST_LIBS) -lm
TESTS += tests/export/test_export
endif
endif
# In ONNX Runtime, which npm brings: the long form.
TESTS += tests/export/ort.sh
EXTRA_DIST += tests/export/ort.sh tests/export/ort.js tests/npm.sh
distclean-local: distclean-npm
distclean-npm:
	rm -rf tests/npm
.PHONY: distclean-npm
