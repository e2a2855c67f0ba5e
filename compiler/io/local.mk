# Files of tensors and rows, read and written.
libqcc_core_la_SOURCES += \
	compiler/io/csv.c \
	compiler/io/dataset.c compiler/io/dataset.h \
	compiler/io/dtype.c \
	compiler/io/gzip.c \
	compiler/io/idx.c \
	compiler/io/internal.h \
	compiler/io/npy.c \
	compiler/io/npz.c \
	compiler/io/ports.c \
	compiler/io/safetensors.c \
	compiler/io/safetensors_write.c \
	compiler/io/tensors.c compiler/io/tensors.h
