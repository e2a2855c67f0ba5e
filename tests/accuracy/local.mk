check_PROGRAMS += tests/accuracy/kws
tests_accuracy_kws_SOURCES = tests/accuracy/kws.c
tests_accuracy_kws_LDADD = libqcc_core.la
TESTS += tests/accuracy/kws
EXTRA_DIST += tests/accuracy/kws.qdl
