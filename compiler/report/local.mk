# Where a quantized net's error comes from, and what the calibration rows are worth.
libqcc_core_la_SOURCES += compiler/report/errors.c compiler/report/errors.h compiler/report/health.c
