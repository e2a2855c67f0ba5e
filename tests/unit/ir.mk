check_PROGRAMS += tests/unit/test_ir tests/unit/test_sema tests/unit/test_weights tests/unit/test_torch \
	tests/unit/test_mutate tests/unit/test_canonical tests/unit/test_sema_spec
tests_unit_test_ir_SOURCES = tests/unit/test_ir.c tests/unit/ir_build.h
tests_unit_test_ir_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_ir_LDADD = $(TEST_LIBS)
tests_unit_test_canonical_SOURCES = tests/unit/test_canonical.c tests/unit/ir_build.h
tests_unit_test_canonical_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_canonical_LDADD = $(TEST_LIBS)
tests_unit_test_sema_SOURCES = tests/unit/test_sema.c tests/unit/lowered.h tests/unit/context.h
tests_unit_test_sema_spec_SOURCES = tests/unit/test_sema_spec.c tests/unit/lowered.h tests/unit/context.h
tests_unit_test_sema_spec_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_sema_spec_LDADD = $(TEST_LIBS)
tests_unit_test_sema_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_sema_LDADD = $(TEST_LIBS)
tests_unit_test_weights_SOURCES = tests/unit/test_weights.c
tests_unit_test_weights_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_weights_LDADD = $(TEST_LIBS)
tests_unit_test_torch_SOURCES = tests/unit/test_torch.c
tests_unit_test_torch_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_torch_LDADD = $(TEST_LIBS)
tests_unit_test_mutate_SOURCES = tests/unit/test_mutate.c
tests_unit_test_mutate_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mutate_LDADD = $(TEST_LIBS)
TESTS += tests/unit/test_ir tests/unit/test_sema tests/unit/test_weights tests/unit/test_torch \
	tests/unit/test_mutate tests/unit/test_canonical tests/unit/test_sema_spec
