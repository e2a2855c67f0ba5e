# Nets as models of other tools.
libqcc_core_la_SOURCES += compiler/export/export.h
if HAVE_ONNX
libqcc_core_la_SOURCES += \
	compiler/export/onnx.c compiler/export/onnx.h \
	compiler/export/onnx_build.c \
	compiler/export/onnx_eltwise.c \
	compiler/export/onnx_forms.c \
	compiler/export/onnx_layers.c \
	compiler/export/onnx_move.c \
	compiler/export/onnx_window.c
else
libqcc_core_la_SOURCES += compiler/export/onnx_none.c
endif
