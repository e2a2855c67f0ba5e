# Models of other tools: read, refused, and bit-exact against reference outputs.
IMPORT_MADE = tests/import/make_tflite.c tests/import/make_tflite.h \
	tests/import/models.c tests/import/models_moves.c tests/import/models.h tests/import/model_pieces.h
if HAVE_CMOCKA
check_PROGRAMS += tests/import/test_tflite tests/import/test_refused tests/import/test_broken tests/import/test_exact
tests_import_test_tflite_SOURCES = tests/import/test_tflite.c tests/import/made.h $(IMPORT_MADE)
tests_import_test_tflite_CFLAGS = $(TEST_CFLAGS)
tests_import_test_tflite_LDADD = $(TEST_LIBS) -lm
tests_import_test_refused_SOURCES = tests/import/test_refused.c tests/import/made.h $(IMPORT_MADE)
tests_import_test_refused_CFLAGS = $(TEST_CFLAGS)
tests_import_test_refused_LDADD = $(TEST_LIBS) -lm
tests_import_test_broken_SOURCES = tests/import/test_broken.c $(IMPORT_MADE)
tests_import_test_broken_CFLAGS = $(TEST_CFLAGS)
tests_import_test_broken_LDADD = $(TEST_LIBS) -lm
tests_import_test_exact_SOURCES = tests/import/test_exact.c tests/unit/context.h
tests_import_test_exact_CFLAGS = $(TEST_CFLAGS)
tests_import_test_exact_LDADD = $(TEST_LIBS) -lm
TESTS += tests/import/test_tflite tests/import/test_refused tests/import/test_broken tests/import/test_exact
check_PROGRAMS += tests/import/test_witness
tests_import_test_witness_SOURCES = tests/import/test_witness.c $(IMPORT_MADE)
tests_import_test_witness_CFLAGS = $(TEST_CFLAGS)
tests_import_test_witness_LDADD = $(TEST_LIBS) -lm
check_PROGRAMS += tests/import/single_ops
tests_import_single_ops_SOURCES = tests/import/single_ops.c tests/import/single_models.c tests/import/single_models.h \
	tests/import/make_tflite.c tests/import/make_tflite.h
tests_import_single_ops_CFLAGS = $(TEST_CFLAGS)
tests_import_single_ops_LDADD = $(TEST_LIBS) -lm
TESTS += tests/import/witness.sh
endif
if HAVE_ONNX
check_PROGRAMS += tests/import/test_onnx_nodes
tests_import_test_onnx_nodes_SOURCES = tests/import/test_onnx_nodes.c
tests_import_test_onnx_nodes_CFLAGS = $(AM_CFLAGS)
tests_import_test_onnx_nodes_LDADD = libqcc_core.la -lm
TESTS += tests/import/test_onnx_nodes
if HAVE_CMOCKA
check_PROGRAMS += tests/import/test_onnx
tests_import_test_onnx_SOURCES = tests/import/test_onnx.c tests/unit/context.h tests/import/make_onnx.c tests/import/make_onnx.h
tests_import_test_onnx_CFLAGS = $(TEST_CFLAGS)
tests_import_test_onnx_LDADD = $(TEST_LIBS) -lm
check_PROGRAMS += tests/import/test_onnx_codes
tests_import_test_onnx_codes_SOURCES = tests/import/test_onnx_codes.c tests/unit/context.h tests/import/make_onnx.c tests/import/make_onnx.h
tests_import_test_onnx_codes_CFLAGS = $(TEST_CFLAGS)
tests_import_test_onnx_codes_LDADD = $(TEST_LIBS) -lm
TESTS += tests/import/test_onnx tests/import/test_onnx_codes
endif
endif
EXTRA_DIST += tests/import/onnx_nodes.txt
TESTS += tests/import/boards.sh
EXTRA_DIST += tests/import/boards.sh tests/import/witness.sh
# TensorFlow Lite's library, which the long form of that test fetches once.
DISTCLEANFILES += tests/import/libtensorflowlite_c.so
