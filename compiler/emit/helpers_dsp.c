/* helpers_dsp.c - what kernels for Cortex-M with the DSP extension are made of.
 *
 * Each instruction has a second form in plain C, so that these files compile and give the same
 * codes everywhere, under sanitizers too. gcc 12 makes none of them from C (SMLAD, SMMLAR, SXTB16
 * with a rotation, LDRD with a step), hence the assembly. The C forms mask where a cast to uint16_t
 * would do: tcc 0.9.27 forgets that cast between others. */
#include "compiler/emit/helpers_dsp.h"

const char helper_dsp[] =
    "/* With the DSP extension (Cortex-M4, M7, M33) the functions below are one instruction each;\n"
    " * elsewhere plain C stands in. */\n"
    "#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN) && "
    "!defined(__TINYC__)\n"
    "#define $U$_DSP 1\n"
    "#define $U$_INLINE static inline __attribute__((always_inline))\n"
    "#define $U$_OUTLINE static __attribute__((noinline))\n"
    "#else\n"
    "#define $U$_DSP 0\n"
    "#define $U$_INLINE static inline\n"
    "#define $U$_OUTLINE static\n"
    "#endif\n";

const char helper_dsp_word[] =
    "/* Four codes as a word, the first in its lowest byte; p may have any alignment. */\n"
    "$U$_INLINE uint32_t $P$_word(const int8_t *p)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t w;\n"
    "    __builtin_memcpy(&w, p, sizeof w);\n"
    "    return w;\n"
    "#else\n"
    "    return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] "
    "<< 16 |\n"
    "           (uint32_t)(uint8_t)p[3] << 24;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_pack[] = "/* Two numbers of 16 bits as a word. */\n"
                               "static inline uint32_t $P$_pack(int32_t low, int32_t high)\n"
                               "{\n"
                               "    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;\n"
                               "}\n";

const char helper_dsp_even[] =
    "/* Bytes 0 and 2 of w, widened to two numbers of 16 bits. */\n"
    "$U$_INLINE uint32_t $P$_even(uint32_t w)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"sxtb16 %0, %1\" : \"=r\"(r) : \"r\"(w));\n"
    "    return r;\n"
    "#else\n"
    "    return ((uint32_t)(int8_t)w & 0xffffu) | (uint32_t)(int8_t)(w >> 16) << 16;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_odd[] =
    "/* Bytes 1 and 3 of w, widened to two numbers of 16 bits. */\n"
    "$U$_INLINE uint32_t $P$_odd(uint32_t w)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"sxtb16 %0, %1, ror #8\" : \"=r\"(r) : \"r\"(w));\n"
    "    return r;\n"
    "#else\n"
    "    return ((uint32_t)(int8_t)(w >> 8) & 0xffffu) | (uint32_t)(int8_t)(w >> 24) << 16;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_smlad[] =
    "/* sum + a.low * b.low + a.high * b.high, modulo 2^32. */\n"
    "$U$_INLINE int32_t $P$_smlad(uint32_t a, uint32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlad %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t low = (int16_t)a * (int16_t)b, high = (int16_t)(a >> 16) * (int16_t)(b >> "
    "16);\n"
    "    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_next[] =
    "/* Two words; gives the place after them. p is aligned to 4. */\n"
    "$U$_INLINE const uint32_t *$P$_next(const uint32_t *p, uint32_t *a, uint32_t *b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    __asm__(\"ldrd %0, %1, [%2], #8\" : \"=r\"(*a), \"=r\"(*b), \"+r\"(p) : \"m\"(*(const "
    "uint32_t(*)[2])p));\n"
    "    return p;\n"
    "#else\n"
    "    *a = p[0];\n"
    "    *b = p[1];\n"
    "    return p + 2;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_load[] =
    "/* Eight weights as two words; gives the place after them. p is aligned to 4. */\n"
    "$U$_INLINE const int8_t *$P$_load(const int8_t *p, uint32_t *a, uint32_t *b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    __asm__(\"ldrd %0, %1, [%2], #8\" : \"=r\"(*a), \"=r\"(*b), \"+r\"(p) : \"m\"(*(const "
    "int8_t(*)[8])p));\n"
    "    return p;\n"
    "#else\n"
    "    *a = $P$_word(p);\n"
    "    *b = $P$_word(p + 4);\n"
    "    return p + 8;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_load16[] =
    "/* Four weights of 16 bits as two words; gives the place after them. p is aligned to 4. */\n"
    "$U$_INLINE const int16_t *$P$_load16(const int16_t *p, uint32_t *a, uint32_t *b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    __asm__(\"ldrd %0, %1, [%2], #8\" : \"=r\"(*a), \"=r\"(*b), \"+r\"(p) : \"m\"(*(const "
    "int16_t(*)[4])p));\n"
    "    return p;\n"
    "#else\n"
    "    *a = $P$_pack(p[0], p[1]);\n"
    "    *b = $P$_pack(p[2], p[3]);\n"
    "    return p + 4;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_widen[] =
    "/* Four codes, widened, into the two halves of a window's quad. */\n"
    "$U$_INLINE void $P$_widen(const int8_t *in, uint32_t *even, uint32_t *odd)\n"
    "{\n"
    "    const uint32_t w = $P$_word(in);\n"
    "    *even = $P$_even(w);\n"
    "    *odd = $P$_odd(w);\n"
    "}\n";

const char helper_dsp_tile22[] =
    "/* Four terms of two windows with two filters; sum[2 * window + filter]. */\n"
    "$U$_INLINE void $P$_tile22(const int8_t **w, const uint32_t **x, int32_t *sum)\n"
    "{\n"
    "    uint32_t w0, w1, a, b;\n"
    "    *w = $P$_load(*w, &w0, &w1);\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    uint32_t u = $P$_even(w0), v = $P$_even(w1);\n"
    "    sum[0] = $P$_smlad(u, a, sum[0]);\n"
    "    sum[1] = $P$_smlad(v, a, sum[1]);\n"
    "    sum[2] = $P$_smlad(u, b, sum[2]);\n"
    "    sum[3] = $P$_smlad(v, b, sum[3]);\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    u = $P$_odd(w0);\n"
    "    v = $P$_odd(w1);\n"
    "    sum[0] = $P$_smlad(u, a, sum[0]);\n"
    "    sum[1] = $P$_smlad(v, a, sum[1]);\n"
    "    sum[2] = $P$_smlad(u, b, sum[2]);\n"
    "    sum[3] = $P$_smlad(v, b, sum[3]);\n"
    "}\n";

const char helper_dsp_tile14[] =
    "/* Four terms of one window with four filters. */\n"
    "$U$_INLINE void $P$_tile14(const int8_t **w, const uint32_t **x, int32_t *sum)\n"
    "{\n"
    "    uint32_t w0, w1, a, b;\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    *w = $P$_load(*w, &w0, &w1);\n"
    "    sum[0] = $P$_smlad($P$_even(w0), a, sum[0]);\n"
    "    sum[0] = $P$_smlad($P$_odd(w0), b, sum[0]);\n"
    "    sum[1] = $P$_smlad($P$_even(w1), a, sum[1]);\n"
    "    sum[1] = $P$_smlad($P$_odd(w1), b, sum[1]);\n"
    "    *w = $P$_load(*w, &w0, &w1);\n"
    "    sum[2] = $P$_smlad($P$_even(w0), a, sum[2]);\n"
    "    sum[2] = $P$_smlad($P$_odd(w0), b, sum[2]);\n"
    "    sum[3] = $P$_smlad($P$_even(w1), a, sum[3]);\n"
    "    sum[3] = $P$_smlad($P$_odd(w1), b, sum[3]);\n"
    "}\n";

const char helper_dsp_wide22[] =
    "/* Four terms of two windows with two filters of 16 bits; sum[2 * window + filter]. */\n"
    "$U$_INLINE void $P$_wide22(const int16_t **w, const uint32_t **x, int32_t *sum)\n"
    "{\n"
    "    uint32_t u, v, a, b;\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    sum[0] = $P$_smlad(u, a, sum[0]);\n"
    "    sum[1] = $P$_smlad(v, a, sum[1]);\n"
    "    sum[2] = $P$_smlad(u, b, sum[2]);\n"
    "    sum[3] = $P$_smlad(v, b, sum[3]);\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    sum[0] = $P$_smlad(u, a, sum[0]);\n"
    "    sum[1] = $P$_smlad(v, a, sum[1]);\n"
    "    sum[2] = $P$_smlad(u, b, sum[2]);\n"
    "    sum[3] = $P$_smlad(v, b, sum[3]);\n"
    "}\n";

const char helper_dsp_wide14[] =
    "/* Four terms of one window with four filters of 16 bits. */\n"
    "$U$_INLINE void $P$_wide14(const int16_t **w, const uint32_t **x, int32_t *sum)\n"
    "{\n"
    "    uint32_t u, v, a, b;\n"
    "    *x = $P$_next(*x, &a, &b);\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    sum[0] = $P$_smlad(u, a, sum[0]);\n"
    "    sum[0] = $P$_smlad(v, b, sum[0]);\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    sum[1] = $P$_smlad(u, a, sum[1]);\n"
    "    sum[1] = $P$_smlad(v, b, sum[1]);\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    sum[2] = $P$_smlad(u, a, sum[2]);\n"
    "    sum[2] = $P$_smlad(v, b, sum[2]);\n"
    "    *w = $P$_load16(*w, &u, &v);\n"
    "    sum[3] = $P$_smlad(u, a, sum[3]);\n"
    "    sum[3] = $P$_smlad(v, b, sum[3]);\n"
    "}\n";

const char helper_dsp_smmlar[] =
    "/* sum + a * b / 2^32, nearest, ties up, where that fits 32 bits. */\n"
    "$U$_INLINE int32_t $P$_smmlar(int32_t a, int32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smmlar %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int64_t half = sum * (INT64_C(1) << 32) + (INT64_C(1) << 31); /* SMLAL starts from it */\n"
    "    return (int32_t)((half + (int64_t)a * b) >> 32);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_smmla[] =
    "/* sum + floor(a * b / 2^32), where that fits 32 bits. */\n"
    "$U$_INLINE int32_t $P$_smmla(int32_t a, int32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smmla %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    return (int32_t)(((int64_t)a * b + sum * (INT64_C(1) << 32)) >> 32);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_fast_tflm[] =
    "/* zero + acc * mult / 2^(32 + right) with TensorFlow Lite Micro's two roundings, acc being "
    "twice the\n"
    " * accumulator, |acc| < 2^31 and 1 <= right <= 23: half of the second rounding's unit is "
    "taken away for\n"
    " * negative numbers, the zero point is added before the shift. */\n"
    "$U$_INLINE int32_t $P$_fast_tflm(int32_t acc, int32_t mult, int right, int32_t zero)\n"
    "{\n"
    "    const int32_t half = (2 * zero + 1) * (1 << (right - 1)) + $P$_asr32(acc, 31);\n"
    "    return $P$_asr32($P$_smmlar(acc, mult, half), right);\n"
    "}\n";

const char helper_dsp_fast_single[] =
    "/* zero + acc * mult / 2^(32 + right) with one rounding, ties up; 1 <= right <= 23. */\n"
    "$U$_INLINE int32_t $P$_fast_single(int32_t acc, int32_t mult, int right, int32_t zero)\n"
    "{\n"
    "    const int32_t half = (2 * zero + 1) * (1 << (right - 1));\n"
    "    return $P$_asr32($P$_smmla(acc, mult, half), right);\n"
    "}\n";

const char helper_dsp_smlabb[] =
    "/* sum + a.low * b.low, modulo 2^32. */\n"
    "$U$_INLINE int32_t $P$_smlabb(uint32_t a, uint32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlabb %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t product = (int16_t)a * (int16_t)b;\n"
    "    return (int32_t)((uint32_t)sum + (uint32_t)product);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_smlabt[] =
    "/* sum + a.low * b.high, modulo 2^32. */\n"
    "$U$_INLINE int32_t $P$_smlabt(uint32_t a, uint32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlabt %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t product = (int16_t)a * (int16_t)(b >> 16);\n"
    "    return (int32_t)((uint32_t)sum + (uint32_t)product);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_smlatb[] =
    "/* sum + a.high * b.low, modulo 2^32. */\n"
    "$U$_INLINE int32_t $P$_smlatb(uint32_t a, uint32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlatb %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t product = (int16_t)(a >> 16) * (int16_t)b;\n"
    "    return (int32_t)((uint32_t)sum + (uint32_t)product);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_smlatt[] =
    "/* sum + a.high * b.high, modulo 2^32. */\n"
    "$U$_INLINE int32_t $P$_smlatt(uint32_t a, uint32_t b, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlatt %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(a), \"r\"(b), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t product = (int16_t)(a >> 16) * (int16_t)(b >> 16);\n"
    "    return (int32_t)((uint32_t)sum + (uint32_t)product);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_both[] =
    "/* Two neighbouring numbers of 16 bits as a word; p is aligned to 4. */\n"
    "$U$_INLINE uint32_t $P$_both(const int16_t *p)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t w;\n"
    "    __builtin_memcpy(&w, p, sizeof w);\n"
    "    return w;\n"
    "#else\n"
    "    return $P$_pack(p[0], p[1]);\n"
    "#endif\n"
    "}\n";

const char helper_dsp_ssat8[] = "/* v limited to 8 bits. */\n"
                                "$U$_INLINE int32_t $P$_ssat8(int32_t v)\n"
                                "{\n"
                                "#if defined(__ARM_FEATURE_SAT) && defined(__GNUC__) && !defined(__TINYC__)\n"
                                "    int32_t r;\n"
                                "    __asm__(\"ssat %0, #8, %1\" : \"=r\"(r) : \"r\"(v));\n"
                                "    return r;\n"
                                "#else\n"
                                "    return v < -128 ? -128 : v > 127 ? 127 : v;\n"
                                "#endif\n"
                                "}\n";

const char helper_dsp_two[] =
    "/* Four neighbouring numbers of 16 bits as two words; p is aligned to 4. */\n"
    "$U$_INLINE void $P$_two(const int16_t *p, uint32_t *a, uint32_t *b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    typedef uint64_t two __attribute__((may_alias, aligned(4)));\n"
    "    __asm__(\"ldrd %0, %1, %2\" : \"=r\"(*a), \"=r\"(*b) : \"Uv\"(*(const two *)(const void "
    "*)p));\n"
    "#else\n"
    "    *a = $P$_pack(p[0], p[1]);\n"
    "    *b = $P$_pack(p[2], p[3]);\n"
    "#endif\n"
    "}\n";

/* The sum must not be of uint32_t: gcc 12.2 miscompiles two such sums in a loop for x86-64. */
const char helper_dsp_add2[] =
    "/* sum + w.low + w.high, which is known to fit. */\n"
    "$U$_INLINE int32_t $P$_add2(uint32_t w, int32_t sum)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    int32_t r;\n"
    "    __asm__(\"smlad %0, %1, %2, %3\" : \"=r\"(r) : \"r\"(w), \"r\"(0x10001), \"r\"(sum));\n"
    "    return r;\n"
    "#else\n"
    "    return sum + ((int16_t)w + (int16_t)(w >> 16));\n"
    "#endif\n"
    "}\n";

const char helper_dsp_max4[] =
    "/* Of each of four bytes, signed, the larger. */\n"
    "$U$_INLINE uint32_t $P$_max4(uint32_t a, uint32_t b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"ssub8 %0, %1, %2\\n\\tsel %0, %1, %2\" : \"=&r\"(r) : \"r\"(a), \"r\"(b) : \"cc\");\n"
    "    return r;\n"
    "#else\n"
    "    uint32_t r = 0;\n"
    "    for (int i = 0; i < 32; i += 8)\n"
    "        r |= ((int8_t)(a >> i) > (int8_t)(b >> i) ? a : b) & UINT32_C(255) << i;\n"
    "    return r;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_min4[] =
    "/* Of each of four bytes, signed, the smaller. */\n"
    "$U$_INLINE uint32_t $P$_min4(uint32_t a, uint32_t b)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"ssub8 %0, %1, %2\\n\\tsel %0, %2, %1\" : \"=&r\"(r) : \"r\"(a), \"r\"(b) : \"cc\");\n"
    "    return r;\n"
    "#else\n"
    "    uint32_t r = 0;\n"
    "    for (int i = 0; i < 32; i += 8)\n"
    "        r |= ((int8_t)(a >> i) < (int8_t)(b >> i) ? a : b) & UINT32_C(255) << i;\n"
    "    return r;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_add_even[] =
    "/* Two sums of 16 bits, to which bytes 0 and 2 of w are added. */\n"
    "$U$_INLINE uint32_t $P$_add_even(uint32_t sums, uint32_t w)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"sxtab16 %0, %1, %2\" : \"=r\"(r) : \"r\"(sums), \"r\"(w));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t low = (int16_t)sums + (int8_t)w, high = (int16_t)(sums >> 16) + (int8_t)(w >> 16);\n"
    "    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;\n"
    "#endif\n"
    "}\n";

const char helper_dsp_add_odd[] =
    "/* Two sums of 16 bits, to which bytes 1 and 3 of w are added. */\n"
    "$U$_INLINE uint32_t $P$_add_odd(uint32_t sums, uint32_t w)\n"
    "{\n"
    "#if $U$_DSP\n"
    "    uint32_t r;\n"
    "    __asm__(\"sxtab16 %0, %1, %2, ror #8\" : \"=r\"(r) : \"r\"(sums), \"r\"(w));\n"
    "    return r;\n"
    "#else\n"
    "    const int32_t low = (int16_t)sums + (int8_t)(w >> 8), high = (int16_t)(sums >> 16) + (int8_t)(w >> 24);\n"
    "    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;\n"
    "#endif\n"
    "}\n";
