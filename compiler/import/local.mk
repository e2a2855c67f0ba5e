# Models of other tools, turned into pairs of QDL and weights.
libqcc_core_la_SOURCES += \
	compiler/import/flatbuffer.c compiler/import/flatbuffer.h \
	compiler/import/import.c compiler/import/import.h \
	compiler/import/names.c compiler/import/names.h \
	compiler/import/problems.c compiler/import/problems.h \
	compiler/import/save_float.c \
	compiler/import/tflite.c compiler/import/tflite.h \
	compiler/import/tflite_const.c \
	compiler/import/tflite_fold.c \
	compiler/import/tflite_layers.c compiler/import/tflite_move.c compiler/import/tflite_state.c compiler/import/tflite_reduce.c \
	compiler/import/tflite_operand.c compiler/import/tflite_space.c \
	compiler/import/tflite_ops.c \
	compiler/import/tflite_read.c \
	compiler/import/tflite_schema.h

if HAVE_ONNX
# The schema of the machine, turned into C in the build folder. The generated code answers for its own
# warnings.
ONNX_PB = compiler/import/onnx.pb-c.c compiler/import/onnx.pb-c.h
BUILT_SOURCES += $(ONNX_PB)
CLEANFILES += $(ONNX_PB)
compiler/import/onnx.pb-c.c: $(ONNX_PROTO)
	$(AM_V_GEN)$(MKDIR_P) compiler/import && \
	$(PROTOC_C) --proto_path="$$(dirname $(ONNX_PROTO))" --c_out=compiler/import "$$(basename $(ONNX_PROTO))"
compiler/import/onnx.pb-c.h: compiler/import/onnx.pb-c.c
noinst_LTLIBRARIES += libqcc_onnx.la
nodist_libqcc_onnx_la_SOURCES = $(ONNX_PB)
libqcc_onnx_la_SOURCES =
libqcc_onnx_la_CFLAGS = $(AM_CFLAGS) -w
libqcc_core_la_LIBADD += libqcc_onnx.la $(PROTOBUF_C_LIBS)
AM_CFLAGS += $(PROTOBUF_C_CFLAGS)
libqcc_core_la_SOURCES += \
	compiler/import/onnx.c compiler/import/onnx.h \
	compiler/import/onnx_const.c \
	compiler/import/onnx_dense.c \
	compiler/import/onnx_eltwise.c \
	compiler/import/onnx_fold.c \
	compiler/import/onnx_gelu.c \
	compiler/import/onnx_graph.c \
	compiler/import/onnx_move.c \
	compiler/import/onnx_ops.c \
	compiler/import/onnx_order.c \
	compiler/import/onnx_qdq.c compiler/import/onnx_qlinear.c \
	compiler/import/onnx_read.c \
	compiler/import/onnx_reduce.c compiler/import/onnx_resize.c \
	compiler/import/onnx_slice.c \
	compiler/import/onnx_transposed.c \
	compiler/import/onnx_window.c \
	compiler/import/onnx_wire.c
else
libqcc_core_la_SOURCES += compiler/import/onnx_none.c
endif
