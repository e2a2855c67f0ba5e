/* helpers_mve.c - what Helium kernels are made of. They are used behind MVE_GUARD only, so there is
 * no second form. */
#include "compiler/emit/helpers_mve.h"

#define BEHIND_GUARD(text) "#if " MVE_GUARD "\n" text "#endif\n"

const char helper_mve[] =
    BEHIND_GUARD("#define $U$_INLINE static inline __attribute__((always_inline))\n");

const char helper_mve_tile2[] = BEHIND_GUARD(
    "/* A tile: two windows (at r1 and r3) with four filters, whose weights (at r5) take turns by\n"
    " * blocks of sixteen terms. FIRST starts the sums with a block, NEXT adds one; they read at "
    "a\n"
    " * distance from r1 and r3, or move these on (STEP), and always move r5 on. END makes two "
    "vectors\n"
    " * of the sums. VMLADAV sums into even registers only, and the tile needs all of them, so "
    "the\n"
    " * others are fixed too. */\n"
    "#define $U$_MVE_TILE2(mul, x0, x1) \\\n"
    "    \"vldrb.8 q0, \" x0 \"\\n\\t\" \"vldrb.8 q1, \" x1 \"\\n\\t\" \\\n"
    "    \"vldrb.8 q2, [r5], #16\\n\\t\" mul \" r0, q0, q2\\n\\t\" mul \" r8, q1, q2\\n\\t\" \\\n"
    "    \"vldrb.8 q3, [r5], #16\\n\\t\" mul \" r2, q0, q3\\n\\t\" mul \" r10, q1, q3\\n\\t\" \\\n"
    "    \"vldrb.8 q2, [r5], #16\\n\\t\" mul \" r4, q0, q2\\n\\t\" mul \" r12, q1, q2\\n\\t\" \\\n"
    "    \"vldrb.8 q3, [r5], #16\\n\\t\" mul \" r6, q0, q3\\n\\t\" mul \" lr, q1, q3\\n\\t\"\n"
    "#define $U$_MVE_FIRST2(at) $U$_MVE_TILE2(\"vmladav.s8\", \"[r1, #\" #at \"]\", \"[r3, #\" #at "
    "\"]\")\n"
    "#define $U$_MVE_NEXT2(at) $U$_MVE_TILE2(\"vmladava.s8\", \"[r1, #\" #at \"]\", \"[r3, #\" #at "
    "\"]\")\n"
    "#define $U$_MVE_FIRST_STEP2 $U$_MVE_TILE2(\"vmladav.s8\", \"[r1], #16\", \"[r3], #16\")\n"
    "#define $U$_MVE_NEXT_STEP2 $U$_MVE_TILE2(\"vmladava.s8\", \"[r1], #16\", \"[r3], #16\")\n"
    "#define $U$_MVE_END2 \\\n"
    "    \"vmov %e[s0], r0, r2\\n\\t\" \"vmov %f[s0], r4, r6\\n\\t\" \\\n"
    "    \"vmov %e[s1], r8, r10\\n\\t\" \"vmov %f[s1], r12, lr\"\n"
    "#define $U$_MVE_CLOBBERS2 \\\n"
    "    \"r0\", \"r2\", \"r4\", \"r6\", \"r8\", \"r10\", \"r12\", \"lr\", \"q0\", \"q1\", \"q2\", "
    "\"q3\", \"cc\", \"memory\"\n");

const char helper_mve_tile1[] = BEHIND_GUARD(
    "/* A tile: one window (at r1) with four filters, whose weights (at r5) take turns by blocks "
    "of\n"
    " * sixteen terms. */\n"
    "#define $U$_MVE_TILE1(mul, x0) \\\n"
    "    \"vldrb.8 q0, \" x0 \"\\n\\t\" \\\n"
    "    \"vldrb.8 q1, [r5], #16\\n\\t\" mul \" r0, q0, q1\\n\\t\" \\\n"
    "    \"vldrb.8 q2, [r5], #16\\n\\t\" mul \" r2, q0, q2\\n\\t\" \\\n"
    "    \"vldrb.8 q1, [r5], #16\\n\\t\" mul \" r4, q0, q1\\n\\t\" \\\n"
    "    \"vldrb.8 q2, [r5], #16\\n\\t\" mul \" r6, q0, q2\\n\\t\"\n"
    "#define $U$_MVE_FIRST1(at) $U$_MVE_TILE1(\"vmladav.s8\", \"[r1, #\" #at \"]\")\n"
    "#define $U$_MVE_NEXT1(at) $U$_MVE_TILE1(\"vmladava.s8\", \"[r1, #\" #at \"]\")\n"
    "#define $U$_MVE_FIRST_STEP1 $U$_MVE_TILE1(\"vmladav.s8\", \"[r1], #16\")\n"
    "#define $U$_MVE_NEXT_STEP1 $U$_MVE_TILE1(\"vmladava.s8\", \"[r1], #16\")\n"
    "#define $U$_MVE_END1 \"vmov %e[s0], r0, r2\\n\\t\" \"vmov %f[s0], r4, r6\"\n"
    "#define $U$_MVE_CLOBBERS1 \\\n"
    "    \"r0\", \"r2\", \"r4\", \"r6\", \"q0\", \"q1\", \"q2\", \"cc\", \"memory\"\n");

const char helper_mve_load2[] = BEHIND_GUARD(
    "/* Codes of a block of two windows, into q0 and q1: at a distance from r1 and r3; those are "
    "moved\n"
    " * on (STEP); zeros. LAST makes zeros of the codes that a mask says. */\n"
    "#define $U$_MVE_LOAD2(at) \"vldrb.8 q0, [r1, #\" #at \"]\\n\\tvldrb.8 q1, [r3, #\" #at "
    "\"]\\n\\t\"\n"
    "#define $U$_MVE_STEP2 \"vldrb.8 q0, [r1], #16\\n\\tvldrb.8 q1, [r3], #16\\n\\t\"\n"
    "#define $U$_MVE_NONE2 \"vmov.i32 q0, #0\\n\\tvmov.i32 q1, #0\\n\\t\"\n"
    "#define $U$_MVE_LAST2 \"vand q0, q0, %q[tail]\\n\\tvand q1, q1, %q[tail]\\n\\t\"\n"
    "#define $U$_MVE_CHANGES2 \\\n"
    "    \"r0\", \"r2\", \"r4\", \"r6\", \"r8\", \"r10\", \"r12\", \"lr\", \"q2\", \"q3\", \"cc\", "
    "\"memory\"\n");

const char helper_mve_load1[] =
    BEHIND_GUARD("/* Codes of a block of a window, into q0: at a distance from r1; that is moved "
                 "on (STEP); zeros.\n"
                 " * LAST makes zeros of the codes that a mask says. */\n"
                 "#define $U$_MVE_LOAD1(at) \"vldrb.8 q0, [r1, #\" #at \"]\\n\\t\"\n"
                 "#define $U$_MVE_STEP1 \"vldrb.8 q0, [r1], #16\\n\\t\"\n"
                 "#define $U$_MVE_NONE1 \"vmov.i32 q0, #0\\n\\t\"\n"
                 "#define $U$_MVE_LAST1 \"vand q0, q0, %q[tail]\\n\\t\"\n"
                 "#define $U$_MVE_CHANGES1 \"r0\", \"r2\", \"r4\", \"r6\", \"q2\", \"q3\", \"cc\", "
                 "\"memory\"\n");

const char helper_mve_sum[] =
    BEHIND_GUARD("/* The sum of n codes. */\n"
                 "static inline int32_t $P$_mve_sum(const int8_t *x, int32_t n)\n"
                 "{\n"
                 "    int32_t sum = 0;\n"
                 "    for (; n > 0; n -= 16, x += 16)\n"
                 "        sum = vaddvaq_s8(sum, vldrbq_z_s8(x, vctp8q((uint32_t)n)));\n"
                 "    return sum;\n"
                 "}\n");

const char helper_mve_copy[] =
    BEHIND_GUARD("/* n codes from one place to another. */\n"
                 "static inline void $P$_mve_copy(int8_t *to, const int8_t *from, int32_t n)\n"
                 "{\n"
                 "    for (; n > 0; n -= 16, to += 16, from += 16) {\n"
                 "        const mve_pred16_t p = vctp8q((uint32_t)n);\n"
                 "        vstrbq_p_s8(to, vldrbq_z_s8(from, p), p);\n"
                 "    }\n"
                 "}\n");

const char helper_mve_fill[] = BEHIND_GUARD(
    "/* n codes, a multiple of 16, all the same. gcc 12 thinks that a predicated store writes\n"
    " * all of its lanes, and would drop what such a store behind this seems to overwrite. */\n"
    "static inline void $P$_mve_fill(int8_t *to, int32_t n, int8_t code)\n"
    "{\n"
    "    for (; n > 0; n -= 16, to += 16)\n"
    "        vstrbq_s8(to, vdupq_n_s8(code));\n"
    "    __asm__ volatile(\"\" ::: \"memory\");\n"
    "}\n");
