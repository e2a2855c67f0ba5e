check_PROGRAMS += tests/unit/test_stats tests/unit/test_api
tests_unit_test_stats_SOURCES = tests/unit/test_stats.c compiler/cli/stats.c compiler/cli/eval_metrics.c
tests_unit_test_stats_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_stats_LDADD = $(TEST_LIBS)
tests_unit_test_api_SOURCES = tests/unit/test_api.c
tests_unit_test_api_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_api_LDADD = libqcc.la $(CMOCKA_LIBS)
TESTS += tests/unit/test_stats tests/unit/test_api

check_PROGRAMS += tests/unit/test_chaos
tests_unit_test_chaos_SOURCES = tests/unit/test_chaos.c
tests_unit_test_chaos_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_chaos_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_chaos
