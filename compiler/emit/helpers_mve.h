/* helpers_mve.h - texts of what Helium kernels are made of. */
#ifndef QCC_EMIT_HELPERS_MVE_H
#define QCC_EMIT_HELPERS_MVE_H

/* gcc and those that understand its assembly; arm_mve.h refuses big-endian cores. */
#define MVE_GUARD                                                                                  \
    "defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1) && defined(__GNUC__) && "               \
    "!defined(__ARM_BIG_ENDIAN) && !defined(__TINYC__)"
#define MVE_INCLUDES                                                                               \
    "#if " MVE_GUARD "\n"                                                                          \
    "#ifndef __clang__\n"                                                                          \
    "/* gcc 12 misjudges the length of what it vectorizes for Helium: branches out of range. */\n" \
    "#pragma GCC optimize(\"no-tree-vectorize\")\n"                                                \
    "#endif\n"                                                                                     \
    "#include <arm_mve.h>\n"                                                                       \
    "#endif\n"

extern const char helper_mve[];
extern const char helper_mve_tile2[];
extern const char helper_mve_tile1[];
extern const char helper_mve_load2[];
extern const char helper_mve_load1[];
extern const char helper_mve_sum[];
extern const char helper_mve_copy[];
extern const char helper_mve_fill[];

#endif
