# Grids, passes over the float graph, the quantizer, saved pairs.
check_PROGRAMS += tests/unit/test_codebook tests/unit/test_grid tests/unit/test_observers tests/unit/test_passes \
	tests/unit/test_quant tests/unit/test_quant_refused tests/unit/test_refine tests/unit/test_saved tests/unit/test_search
tests_unit_test_codebook_SOURCES = tests/unit/test_codebook.c
tests_unit_test_codebook_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_codebook_LDADD = $(TEST_LIBS)
tests_unit_test_grid_SOURCES = tests/unit/test_grid.c
tests_unit_test_grid_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_grid_LDADD = $(TEST_LIBS)
tests_unit_test_observers_SOURCES = tests/unit/test_observers.c
tests_unit_test_observers_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_observers_LDADD = $(TEST_LIBS)
tests_unit_test_passes_SOURCES = tests/unit/test_passes.c tests/unit/float_nets.h
tests_unit_test_passes_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_passes_LDADD = $(TEST_LIBS)
tests_unit_test_quant_SOURCES = tests/unit/test_quant.c tests/unit/quant_kit.h tests/unit/float_nets.h
tests_unit_test_quant_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_quant_LDADD = $(TEST_LIBS)
tests_unit_test_quant_refused_SOURCES = tests/unit/test_quant_refused.c tests/unit/quant_kit.h tests/unit/float_nets.h
tests_unit_test_quant_refused_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_quant_refused_LDADD = $(TEST_LIBS)
tests_unit_test_refine_SOURCES = tests/unit/test_refine.c tests/unit/float_nets.h
tests_unit_test_refine_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_refine_LDADD = $(TEST_LIBS)
tests_unit_test_saved_SOURCES = tests/unit/test_saved.c tests/unit/float_nets.h
tests_unit_test_saved_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_saved_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_codebook tests/unit/test_grid tests/unit/test_observers \
	tests/unit/test_passes tests/unit/test_quant tests/unit/test_quant_refused tests/unit/test_refine tests/unit/test_saved tests/unit/test_search
tests_unit_test_search_SOURCES = tests/unit/test_search.c
tests_unit_test_search_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_search_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_adaround
TESTS += tests/unit/test_adaround
tests_unit_test_adaround_SOURCES = tests/unit/test_adaround.c
tests_unit_test_adaround_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_adaround_LDADD = $(TEST_LIBS)
