# Where a quantized net's error comes from, what the calibration rows are worth, and the report as a page.
libqcc_core_la_SOURCES += \
	compiler/report/chart.c compiler/report/chart.h compiler/report/chart_lines.c \
	compiler/report/errors.c compiler/report/errors.h \
	compiler/report/health.c compiler/report/health_words.c \
	compiler/report/histogram.c compiler/report/histogram.h compiler/report/histogram_draw.c \
	compiler/report/page.c compiler/report/page.h compiler/report/page_style.c \
	compiler/report/section_errors.c compiler/report/section_memory.c compiler/report/section_values.c \
	compiler/report/sections.h
