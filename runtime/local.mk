# The arithmetic contract and the reference interpreters.
libqcc_core_la_SOURCES += \
	runtime/arith.h \
	runtime/blas_float.c \
	runtime/interp.c runtime/interp.h \
	runtime/real.c runtime/real.h \
	runtime/ref.h \
	runtime/ref_float.c \
	runtime/ref_float_conv.c \
	runtime/ref_float_pool.c \
	runtime/ref_int.c \
	runtime/ref_int_conv.c \
	runtime/ref_int_pool.c \
	runtime/ref_int_softmax.c \
	runtime/ref_l2.c \
	runtime/ref_resize.c \
	runtime/ref_shape.c \
	runtime/unary.c
