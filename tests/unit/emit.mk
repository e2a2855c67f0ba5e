check_PROGRAMS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c tests/unit/graphs.c tests/unit/graphs.h
tests_unit_test_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_plan_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_plan

check_PROGRAMS += tests/unit/test_emit_frame
tests_unit_test_emit_frame_SOURCES = tests/unit/test_emit_frame.c tests/unit/graphs.c tests/unit/graphs.h
tests_unit_test_emit_frame_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_emit_frame_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_emit_frame

check_PROGRAMS += tests/unit/test_engine
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c tests/unit/graphs.c tests/unit/graphs.h
tests_unit_test_engine_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_engine_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_engine
