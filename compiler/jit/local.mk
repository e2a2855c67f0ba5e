libqcc_core_la_SOURCES += \
	compiler/jit/cc.c compiler/jit/engine.c compiler/jit/engine.h compiler/jit/internal.h \
	compiler/jit/layer_costs.c compiler/jit/objsize.c compiler/jit/target_size.c compiler/jit/tcc.c
