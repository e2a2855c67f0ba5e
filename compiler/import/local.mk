# Models of other tools, turned into pairs of QDL and weights.
libqcc_core_la_SOURCES += \
	compiler/import/flatbuffer.c compiler/import/flatbuffer.h \
	compiler/import/import.c compiler/import/import.h \
	compiler/import/names.c compiler/import/names.h \
	compiler/import/save_float.c \
	compiler/import/tflite.c compiler/import/tflite.h \
	compiler/import/tflite_const.c \
	compiler/import/tflite_fold.c \
	compiler/import/tflite_layers.c compiler/import/tflite_move.c compiler/import/tflite_state.c \
	compiler/import/tflite_ops.c \
	compiler/import/tflite_read.c \
	compiler/import/tflite_schema.h
