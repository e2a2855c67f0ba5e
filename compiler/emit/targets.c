/* targets.c - the table of targets. */
#include "compiler/emit/helpers_mve.h"
#include "compiler/emit/neon.h"
#include "compiler/emit/target.h"

#include <string.h>

/* A core's general registers, less stack pointer and program counter. */
#define THUMB2 .registers = 14, .load = 100
#define PLAIN THUMB2, .pair_load = 200, .multiply = 100, .lanes = 1

static const emit_target targets[] = {
    {"generic", "portable C99 for any processor", NULL, NULL, {PLAIN, .multiple = 16}},
    {"cortex-m0",
     "ARMv6-M: Cortex-M0, M0+, M1",
     NULL,
     word_kernels,
     {.registers = 8, .load = 100, .pair_load = 200, .multiply = 300, .lanes = 1, .narrow = true}},
    {"cortex-m3", "ARMv7-M: Cortex-M3", NULL, cortex_m3_kernels, {PLAIN, .long_sums = true}},
    {"cortex-m4",
     "ARMv7E-M and ARMv8-M with DSP: Cortex-M4, M7, M33",
     NULL,
     cortex_m4_kernels,
     {THUMB2, .pair_load = 100, .multiply = 100, .lanes = 2, .multiple = 2}},
    {"cortex-m55",
     "ARMv8.1-M with Helium: Cortex-M55, M85",
     MVE_INCLUDES,
     cortex_m55_kernels,
     {THUMB2, .pair_load = 100, .multiply = 100, .lanes = 16, .multiple = 4}},
    {"rv32",
     "RISC-V RV32IMC",
     NULL,
     word_kernels,
     {.registers = 27, .load = 100, .pair_load = 200, .multiply = 200, .lanes = 1}},
    {"x86-64",
     "SSE2, AVX2 or AVX512-VNNI, as the compiler is told",
     "#if defined(__SSE2__) && !defined(__TINYC__)\n"
     "#include <immintrin.h>\n"
     "#endif\n",
     x86_kernels,
     {PLAIN, .align = 64, .stack = 4096, .multiple = 4}},
    {"x86-64-dispatch",
     "the same, chosen at run time",
     "#if defined(__GNUC__) && defined(__x86_64__) && defined(__SSE2__) && !defined(__TINYC__)\n"
     "#include <immintrin.h>\n"
     "#endif\n",
     x86_dispatch_kernels,
     {PLAIN, .align = 64, .stack = 4096, .multiple = 4}},
    {"aarch64",
     "NEON, with dot products where the compiler has them",
     NEON_INCLUDES,
     aarch64_kernels,
     {PLAIN, .align = 16, .stack = 1024, .multiple = 4}},
};
enum { TARGETS = sizeof targets / sizeof *targets };

const emit_target *emit_find_target(const char *name)
{
    for (int i = 0; i < TARGETS; ++i)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}

const char *const *emit_target_names(qctx *ctx, int *n)
{
    const char **names = ARENA_ARRAY(ctx->a, const char *, TARGETS);
    for (int i = 0; i < TARGETS; ++i)
        names[i] = targets[i].name;
    *n = TARGETS;
    return names;
}
