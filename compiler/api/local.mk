libqcc_core_la_SOURCES += \
	compiler/pipeline.c compiler/pipeline.h \
	compiler/api/number.c compiler/api/number.h

lib_LTLIBRARIES += libqcc.la
libqcc_la_SOURCES = compiler/api/qcc.c compiler/api/libtcc_shared.c
libqcc_la_LIBADD = libqcc_core.la
libqcc_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
if HAVE_LIBTCC
# libtcc is a static library only: its names stay inside, and see libtcc_shared.c for the wraps.
libqcc_la_LDFLAGS += -Wl,--exclude-libs,libtcc.a \
	-Wl,--wrap,stdout -Wl,--wrap,stderr -Wl,--wrap,environ
endif
include_HEADERS += compiler/api/qcc.h
pkgconfig_DATA += compiler/api/qcc.pc
