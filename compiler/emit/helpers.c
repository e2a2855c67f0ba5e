/* helpers.c - the arithmetic of emitted code: small static functions, printed where they are used.
 *
 * Each restates a function of docs/numerics.md without undefined behaviour for every argument that
 * its comment admits. They are the one place of the emitted file that leans on what C99 leaves to
 * the implementation: the arithmetic shift (6.5.7) and the conversion of large unsigned numbers to
 * signed (6.3.1.3), both as every supported compiler has them. */
#include "compiler/emit/helpers_dsp.h"
#include "compiler/emit/helpers_mve.h"
#include "compiler/emit/neon.h"
#include "compiler/emit/ops.h"
#include "compiler/emit/levels.h"
#include "compiler/emit/x86.h"

/* Helpers that a helper calls. */
#define NEEDS(...) (const emit_helper[]){__VA_ARGS__, EH_COUNT}
#define BYTES EH_DSP_LOAD, EH_DSP_EVEN, EH_DSP_ODD, EH_DSP_SMLAD
#define HALVES EH_DSP_LOAD16, EH_DSP_SMLAD

typedef struct helper {
    const char *suffix;
    const emit_helper *needs; /* ended by EH_COUNT; NULL: none */
    const char *text;
    int constants; /* bytes of its tables */
} helper;

static const helper helpers[EH_COUNT] = {
    [EH_CLAMP] = {"clamp", NULL,
        "static inline int32_t $P$_clamp(int32_t v, int32_t lo, int32_t hi)\n"
        "{\n"
        "    return v < lo ? lo : v > hi ? hi : v;\n"
        "}\n"},
    [EH_ASR32] = {"asr32", NULL,
        "/* floor(v / 2^n), 0 <= n <= 31. C99 leaves the shift of a negative number to the compiler;\n"
        " * all that this file is meant for shift the sign in. */\n"
        "static inline int32_t $P$_asr32(int32_t v, int n)\n"
        "{\n"
        "    return v >> n;\n"
        "}\n"},
    [EH_ASR] = {"asr", NULL,
        "/* floor(v / 2^n), 0 <= n <= 63. C99 leaves the shift of a negative number to the compiler;\n"
        " * all that this file is meant for shift the sign in. */\n"
        "static inline int64_t $P$_asr(int64_t v, int n)\n"
        "{\n"
        "    return v >> n;\n"
        "}\n"},
    [EH_SHL] = {"shl", NULL,
        "/* v * 2^n, 0 <= n <= 31, where the product is known to fit. */\n"
        "static inline int32_t $P$_shl(int32_t v, int n)\n"
        "{\n"
        "    return (int32_t)((uint32_t)v << n);\n"
        "}\n"},
    [EH_SHL_SAT] = {"shl_sat", NULL,
        "/* v * 2^n limited to 32 bits, 0 <= n <= 31. */\n"
        "static inline int32_t $P$_shl_sat(int64_t v, int n)\n"
        "{\n"
        "    const int32_t top = INT32_MAX >> n;\n"
        "    if (v > top)\n"
        "        return INT32_MAX;\n"
        "    if (v < -(int64_t)top - 1)\n"
        "        return INT32_MIN;\n"
        "    return (int32_t)((uint32_t)(int32_t)v << n);\n"
        "}\n"},
    [EH_NARROW] = {"narrow", NEEDS(EH_ASR),
        "/* v / 2^n, nearest, ties up, where the quotient is known to fit 32 bits; 0 <= n <= 62. */\n"
        "static inline int32_t $P$_narrow(int64_t v, int n)\n"
        "{\n"
        "    return (int32_t)$P$_asr(v + ((INT64_C(1) << n) >> 1), n);\n"
        "}\n"},
    [EH_ROUND_AWAY] = {"round_away", NEEDS(EH_ASR32),
        "/* v / 2^n, nearest, ties away from zero; 0 <= n <= 31 (gemmlowp: RoundingDivideByPOT). */\n"
        "static inline int32_t $P$_round_away(int32_t v, int n)\n"
        "{\n"
        "    const int32_t mask = (int32_t)((UINT32_C(1) << n) - 1u);\n"
        "    const int32_t rest = v & mask;\n"
        "    return $P$_asr32(v, n) + (rest > (mask >> 1) + (v < 0) ? 1 : 0);\n"
        "}\n"},
    [EH_DOUBLING_HIGH] = {"doubling_high", NEEDS(EH_ASR),
        "/* a * b / 2^31, nearest, ties up; not both -2^31 (gemmlowp:\n"
        " * SaturatingRoundingDoublingHighMul). */\n"
        "static inline int32_t $P$_doubling_high(int32_t a, int32_t b)\n"
        "{\n"
        "    return (int32_t)$P$_asr((int64_t)a * b + (INT64_C(1) << 30), 31);\n"
        "}\n"},
    [EH_Q32] = {"q32", NEEDS(EH_ASR),
        "/* zero point + acc * mult / 2^32, nearest, ties up; offset = zero point * 2^32 + 2^31. */\n"
        "static inline int32_t $P$_q32(int32_t acc, int32_t mult, int64_t offset)\n"
        "{\n"
        "    return (int32_t)$P$_asr((int64_t)acc * mult + offset, 32);\n"
        "}\n"},
    [EH_TFLM_MULTIPLY] = {"tflm", NEEDS(EH_DOUBLING_HIGH, EH_ROUND_AWAY),
        "/* acc * mult / 2^(31 + right) with TensorFlow Lite Micro's two roundings. */\n"
        "static inline int32_t $P$_tflm(int32_t acc, int32_t mult, int right)\n"
        "{\n"
        "    return $P$_round_away($P$_doubling_high(acc, mult), right);\n"
        "}\n"},
    [EH_SINGLE_MULTIPLY] = {"single", NEEDS(EH_ASR),
        "/* acc * mult / 2^right with one rounding, ties up; 31 <= right <= 62. */\n"
        "static inline int32_t $P$_single(int32_t acc, int32_t mult, int right)\n"
        "{\n"
        "    return (int32_t)$P$_asr((int64_t)acc * mult + (INT64_C(1) << (right - 1)), right);\n"
        "}\n"},
    [EH_SINGLE_SATURATE] = {"single_sat", NEEDS(EH_ASR),
        "/* acc * mult / 2^right with one rounding, ties up, limited to 32 bits; 1 <= right <= 62. */\n"
        "static inline int32_t $P$_single_sat(int32_t acc, int32_t mult, int right)\n"
        "{\n"
        "    const int64_t v = $P$_asr((int64_t)acc * mult + (INT64_C(1) << (right - 1)), right);\n"
        "    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;\n"
        "}\n"},
    [EH_RINT] = {"rint", NULL,
        "/* Nearest integer, ties to even, limited to +-2^30. Only comparisons see v, so that no\n"
        " * compiler can contract the product it comes from with an addition. */\n"
        "static inline int32_t $P$_rint(float v)\n"
        "{\n"
        "    if (v >= 1073741824.0f)\n"
        "        return 1073741824;\n"
        "    if (!(v > -1073741824.0f))\n"
        "        return -1073741824;\n"
        "    const int32_t i = (int32_t)v;\n"
        "    const float up = (float)i + 0.5f, down = (float)i - 0.5f;\n"
        "    if (v > up || (v == up && (i & 1)))\n"
        "        return i + 1;\n"
        "    return v < down || (v == down && (i & 1)) ? i - 1 : i;\n"
        "}\n"},
    [EH_EXP_NEGATIVE] = {"exp_negative", NEEDS(EH_ROUND_AWAY, EH_DOUBLING_HIGH),
        "/* e^a in Q0.31 for a <= 0 in Q5.26 (gemmlowp: exp_on_negative_values). */\n"
        "static int32_t $P$_exp_negative(int32_t a)\n"
        "{\n"
        "    static const int32_t factor[7] = { /* e^(-2^i), i = -2 ... 4 */\n"
        "        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242\n"
        "    };\n"
        "    if (a == 0)\n"
        "        return INT32_MAX;\n"
        "    /* -1/4 <= low < 0; the rest is a multiple of 1/4 */\n"
        "    const int32_t low = (a & 0xffffff) - 0x1000000;\n"
        "    const int32_t rest = low - a;\n"
        "    const int32_t x = low * 32 + (1 << 28);\n"
        "    const int32_t x2 = $P$_doubling_high(x, x);\n"
        "    const int32_t x3 = $P$_doubling_high(x2, x);\n"
        "    const int32_t x4 = $P$_round_away($P$_doubling_high(x2, x2), 2);\n"
        "    const int32_t tail = $P$_round_away($P$_doubling_high(x4 + x3, 715827883) + x2, 1);\n"
        "    int32_t e = 1895147668 + $P$_doubling_high(1895147668, x + tail);\n"
        "    for (int i = 0; i < 7; ++i)\n"
        "        if (rest & (INT32_C(1) << (24 + i)))\n"
        "            e = $P$_doubling_high(e, factor[i]);\n"
        "    return e;\n"
        "}\n", 7 * sizeof(int32_t)},
    [EH_RECIPROCAL] = {"reciprocal", NEEDS(EH_DOUBLING_HIGH, EH_SHL_SAT),
        "/* 2/(1 + a) in Q2.29 for 0 <= a <= 1 in Q0.31: three Newton-Raphson steps. */\n"
        "static int32_t $P$_reciprocal(int32_t a)\n"
        "{\n"
        "    const int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);\n"
        "    int32_t x = 1515870810 + $P$_doubling_high(half, -1010580540); /* 48/17, -32/17 */\n"
        "    for (int i = 0; i < 3; ++i) {\n"
        "        const int32_t error = (1 << 29) - $P$_doubling_high(half, x);\n"
        "        x += $P$_shl_sat($P$_doubling_high(x, error), 2);\n"
        "    }\n"
        "    return x;\n"
        "}\n"},
    [EH_EXPF] = {"expf", NULL,
        "/* e^v, relative error about 2^-23; 0 below -87, limited to e^88 above. */\n"
        "static float $P$_expf(float v)\n"
        "{\n"
        "    if (!(v > -87.0f))\n"
        "        return 0.0f;\n"
        "    if (v > 88.0f)\n"
        "        v = 88.0f;\n"
        "    const int32_t n = (int32_t)(v * 1.44269504f + (v < 0.0f ? -0.5f : 0.5f));\n"
        "    const float r = (v - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;\n"
        "    float p = 1.0f / 5040.0f;\n"
        "    p = p * r + 1.0f / 720.0f;\n"
        "    p = p * r + 1.0f / 120.0f;\n"
        "    p = p * r + 1.0f / 24.0f;\n"
        "    p = p * r + 1.0f / 6.0f;\n"
        "    p = p * r + 0.5f;\n"
        "    p = p * r + 1.0f;\n"
        "    p = p * r + 1.0f;\n"
        "    union { uint32_t bits; float value; } power; /* 2^n, -126 <= n <= 127 */\n"
        "    power.bits = (uint32_t)(n + 127) << 23;\n"
        "    return p * power.value;\n"
        "}\n"},
    [EH_TANHF] = {"tanhf", NEEDS(EH_EXPF),
        "/* Hyperbolic tangent, absolute error about 2^-22. */\n"
        "static float $P$_tanhf(float v)\n"
        "{\n"
        "    const float m = v < 0.0f ? -v : v;\n"
        "    if (m < 0.04f)\n"
        "        return v - v * v * v * (1.0f / 3.0f);\n"
        "    const float t = 1.0f - 2.0f / ($P$_expf(2.0f * m) + 1.0f);\n"
        "    return v < 0.0f ? -t : t;\n"
        "}\n"},
    [EH_ERFF] = {"erff", NEEDS(EH_EXPF),
        "/* Error function, absolute error about 2^-22 (Abramowitz and Stegun, 7.1.26). */\n"
        "static float $P$_erff(float v)\n"
        "{\n"
        "    const float m = v < 0.0f ? -v : v;\n"
        "    const float t = 1.0f / (1.0f + 0.3275911f * m);\n"
        "    float p = 1.061405429f;\n"
        "    p = p * t - 1.453152027f;\n"
        "    p = p * t + 1.421413741f;\n"
        "    p = p * t - 0.284496736f;\n"
        "    p = p * t + 0.254829592f;\n"
        "    const float r = 1.0f - p * t * $P$_expf(-m * m);\n"
        "    return v < 0.0f ? -r : r;\n"
        "}\n"},
    [EH_SQRTF] = {"sqrtf", NULL,
        "/* Square root, relative error about 2^-22; 0 below the smallest normal number. */\n"
        "static float $P$_sqrtf(float v)\n"
        "{\n"
        "    union { uint32_t bits; float value; } x; /* half the exponent, then Newton */\n"
        "    if (!(v >= 1.17549435e-38f))\n"
        "        return 0.0f;\n"
        "    x.value = v;\n"
        "    x.bits = (x.bits >> 1) + UINT32_C(0x1fbd1df5);\n"
        "    for (int i = 0; i < 3; ++i)\n"
        "        x.value = 0.5f * (x.value + v / x.value);\n"
        "    return x.value;\n"
        "}\n"},
    [EH_INV_SQRT] = {"inv_sqrt", NEEDS(EH_SHL_SAT, EH_DOUBLING_HIGH, EH_ROUND_AWAY),
        "/* 1/sqrt(v) = result/2^31 / 2^shift; 1 for v <= 1. Five Newton-Raphson steps in Q3.28\n"
        " * (TensorFlow Lite: GetInvSqrtQuantizedMultiplierExp). */\n"
        "static int32_t $P$_inv_sqrt(int32_t v, int *shift)\n"
        "{\n"
        "    *shift = 0;\n"
        "    if (v <= 1)\n"
        "        return INT32_MAX;\n"
        "    int n = 11;\n"
        "    for (; v >= (1 << 29); v /= 4)\n"
        "        ++n;\n"
        "    for (; v < (1 << 27); v *= 4)\n"
        "        --n;\n"
        "    const int32_t half = $P$_round_away(v / 2, 1);\n"
        "    int32_t x = 1 << 28;\n"
        "    for (int i = 0; i < 5; ++i) {\n"
        "        const int32_t cube = $P$_shl_sat($P$_doubling_high($P$_doubling_high(x, x), x), 6);\n"
        "        const int32_t step = $P$_doubling_high(402653184, x) - $P$_doubling_high(half, cube);\n"
        "        x = $P$_shl_sat(step, 3);\n"
        "    }\n"
        "    x = $P$_doubling_high(x, 1518500250); /* sqrt(1/2) */\n"
        "    *shift = n > 0 ? n : 0;\n"
        "    return n < 0 ? x * (1 << -n) : x;\n"
        "}\n"},
    [EH_DSP] = {"dsp", NULL, helper_dsp},
    [EH_DSP_WORD] = {"word", NEEDS(EH_DSP), helper_dsp_word},
    [EH_DSP_PACK] = {"pack", NULL, helper_dsp_pack},
    [EH_DSP_EVEN] = {"even", NEEDS(EH_DSP), helper_dsp_even},
    [EH_DSP_ODD] = {"odd", NEEDS(EH_DSP), helper_dsp_odd},
    [EH_DSP_SMLAD] = {"smlad", NEEDS(EH_DSP), helper_dsp_smlad},
    [EH_DSP_NEXT] = {"next", NEEDS(EH_DSP), helper_dsp_next},
    [EH_DSP_LOAD] = {"load", NEEDS(EH_DSP, EH_DSP_WORD), helper_dsp_load},
    [EH_DSP_LOAD16] = {"load16", NEEDS(EH_DSP, EH_DSP_PACK), helper_dsp_load16},
    [EH_DSP_WIDEN] = {"widen", NEEDS(EH_DSP_WORD, EH_DSP_EVEN, EH_DSP_ODD), helper_dsp_widen},
    [EH_DSP_TILE22] = {"tile22", NEEDS(BYTES, EH_DSP_NEXT), helper_dsp_tile22},
    [EH_DSP_TILE14] = {"tile14", NEEDS(BYTES, EH_DSP_NEXT), helper_dsp_tile14},
    [EH_DSP_WIDE22] = {"wide22", NEEDS(HALVES, EH_DSP_NEXT), helper_dsp_wide22},
    [EH_DSP_WIDE14] = {"wide14", NEEDS(HALVES, EH_DSP_NEXT), helper_dsp_wide14},
    [EH_DSP_SMMLAR] = {"smmlar", NEEDS(EH_DSP), helper_dsp_smmlar},
    [EH_DSP_SMMLA] = {"smmla", NEEDS(EH_DSP), helper_dsp_smmla},
    [EH_DSP_TFLM] = {"fast_tflm", NEEDS(EH_DSP_SMMLAR, EH_ASR32), helper_dsp_fast_tflm},
    [EH_DSP_SINGLE] = {"fast_single", NEEDS(EH_DSP_SMMLA, EH_ASR32), helper_dsp_fast_single},
    [EH_DSP_SMLABB] = {"smlabb", NEEDS(EH_DSP), helper_dsp_smlabb},
    [EH_DSP_SMLABT] = {"smlabt", NEEDS(EH_DSP), helper_dsp_smlabt},
    [EH_DSP_SMLATB] = {"smlatb", NEEDS(EH_DSP), helper_dsp_smlatb},
    [EH_DSP_SMLATT] = {"smlatt", NEEDS(EH_DSP), helper_dsp_smlatt},
    [EH_DSP_MAX4] = {"max4", NEEDS(EH_DSP), helper_dsp_max4},
    [EH_DSP_MIN4] = {"min4", NEEDS(EH_DSP), helper_dsp_min4},
    [EH_DSP_ADD_EVEN] = {"add_even", NEEDS(EH_DSP), helper_dsp_add_even},
    [EH_DSP_ADD_ODD] = {"add_odd", NEEDS(EH_DSP), helper_dsp_add_odd},
    [EH_DSP_BOTH] = {"both", NEEDS(EH_DSP, EH_DSP_PACK), helper_dsp_both},
    [EH_DSP_SSAT8] = {"ssat8", NEEDS(EH_DSP), helper_dsp_ssat8},
    [EH_DSP_TWO] = {"two", NEEDS(EH_DSP, EH_DSP_PACK), helper_dsp_two},
    [EH_DSP_ADD2] = {"add2", NEEDS(EH_DSP), helper_dsp_add2},
    [EH_APART] = {"apart", NULL,
        "/* $U$_APART: a function that is not inlined, so that its loop has all registers. $U$_KEEP(v): v\n"
        " * is in a register from here on, its value unknown to the compiler. */\n"
        "#if defined(__GNUC__) && !defined(__TINYC__)\n"
        "#define $U$_APART static __attribute__((noinline))\n"
        "#define $U$_KEEP(v) __asm__(\"\" : \"+r\"(v))\n"
        "#else\n"
        "#define $U$_APART static\n"
        "#define $U$_KEEP(v) (void)(v)\n"
        "#endif\n"},
    [EH_TIE] = {"tie", NULL,
        "/* $U$_TIE(a, b): what is made of either from here on waits for both, so that few values are under way\n"
        " * at once. */\n"
        "#if defined(__GNUC__) && !defined(__TINYC__)\n"
        "#define $U$_TIE(a, b) __asm__(\"\" : \"+r\"(a), \"+r\"(b))\n"
        "#else\n"
        "#define $U$_TIE(a, b) ((void)(a), (void)(b))\n"
        "#endif\n"},
    [EH_LONG_LOW] = {"low", NULL,
        "/* Of two sums in one, 2^(n-1) + low + high * 2^n, -2^(n-1) <= low < 2^(n-1): 2^(n-1) + low. */\n"
        "static inline int32_t $P$_low(int64_t sum, int n)\n"
        "{\n"
        "    return (int32_t)((uint32_t)sum & ((UINT32_C(1) << n) - 1u));\n"
        "}\n"},
    [EH_LONG_HIGH] = {"high", NEEDS(EH_ASR),
        "/* Of the same: high. */\n"
        "static inline int32_t $P$_high(int64_t sum, int n)\n"
        "{\n"
        "    return (int32_t)$P$_asr(sum, n);\n"
        "}\n"},
    [EH_V6M] = {"v6m", NULL, helper_v6m},
    [EH_TRIPLE] = {"triple", NEEDS(EH_ASR32), helper_triple},
    [EH_SIX] = {"six", NEEDS(EH_V6M), helper_six},
    [EH_THREE] = {"three", NEEDS(EH_V6M), helper_three},
    [EH_FOUR] = {"four", NEEDS(EH_V6M), helper_four},
    [EH_QUAD] = {"quad", NULL, helper_quad},
    [EH_EIGHT] = {"eight", NEEDS(EH_V6M), helper_eight},
    [EH_SMALL] = {"small", NEEDS(EH_ASR32), helper_small},
    [EH_SMALL_TFLM] = {"small_tflm", NEEDS(EH_SMALL), helper_small_tflm},
    [EH_MVE] = {"mve", NULL, helper_mve},
    [EH_MVE_TILE2] = {"mve_tile2", NEEDS(EH_MVE), helper_mve_tile2},
    [EH_MVE_TILE1] = {"mve_tile1", NEEDS(EH_MVE), helper_mve_tile1},
    [EH_MVE_LOAD2] = {"mve_load2", NEEDS(EH_MVE), helper_mve_load2},
    [EH_MVE_LOAD1] = {"mve_load1", NEEDS(EH_MVE), helper_mve_load1},
    [EH_MVE_SUM] = {"mve_sum", NULL, helper_mve_sum},
    [EH_MVE_COPY] = {"mve_copy", NULL, helper_mve_copy},
    [EH_MVE_FILL] = {"mve_fill", NULL, helper_mve_fill},
    [EH_X86_RUN_TIME] = {"level", NULL, helper_x86_run_time},
    [EH_X86_LEVEL] = {"lanes", NULL, helper_x86_level},
    [EH_X86] = {"lanes", NEEDS(EH_X86_LEVEL), helper_x86},
    [EH_X86_DOT] = {"dot", NEEDS(EH_X86), helper_x86_dot},
    [EH_X86_SHIFTED] = {"shifted", NEEDS(EH_X86), helper_x86_shifted},
    [EH_X86_QUADS] = {"quads", NEEDS(EH_X86_DOT), helper_x86_quads},
    [EH_X86_LEVELS] = {"levels", NEEDS(EH_X86_PACKED), helper_x86_levels},
    [EH_X86_LOOK64] = {"look64", NEEDS(EH_X86_LEVELS), helper_x86_look64},
    [EH_X86_LOOK_OWN] = {"look_own", NEEDS(EH_X86_LEVELS), helper_x86_look_own},
    [EH_X86_PAIR] = {"two", NEEDS(EH_X86), helper_x86_pair},
    [EH_X86_WIDENED] = {"widened", NEEDS(EH_X86), helper_x86_widened},
    [EH_X86_COPIED] = {"copied", NEEDS(EH_X86), helper_x86_copied},
    [EH_X86_ROWS] = {"rows", NEEDS(EH_X86), helper_x86_rows},
    [EH_X86_ROWS_WIDE] = {"rows_wide", NEEDS(EH_X86), helper_x86_rows_wide},
    [EH_X86_LOOK_WIDE] = {"look_wide", NEEDS(EH_X86), helper_x86_look_wide},
    [EH_X86_STORE_WIDE] = {"store_wide", NEEDS(EH_X86), helper_x86_store_wide},
    [EH_X86_WIDE] = {"wide", NEEDS(EH_X86), helper_x86_wide},
    [EH_X86_UPPER] = {"upper", NEEDS(EH_X86), helper_x86_upper},
    [EH_X86_DOUBLED] = {"doubled", NEEDS(EH_X86), helper_x86_doubled},
    [EH_X86_SHIFT] = {"shift", NEEDS(EH_X86), helper_x86_shift},
    [EH_X86_TIES] = {"ties", NEEDS(EH_X86), helper_x86_ties},
    [EH_X86_PACKED] = {"packed", NEEDS(EH_X86), helper_x86_packed},
    [EH_NEON] = {"word", NULL, helper_neon},
    [EH_NEON_DOT] = {"sums", NEEDS(EH_NEON), helper_neon_dot},
    [EH_NEON_SOME] = {"some", NEEDS(EH_NEON), helper_neon_some},
    [EH_NEON_COPY] = {"copied", NULL, helper_neon_copy},
    [EH_NEON_FILL] = {"filled", NULL, helper_neon_fill},
    [EH_NEON_TAPS] = {"taps", NULL, helper_neon_taps},
    [EH_NEON_WIDENED] = {"widened", NULL, helper_neon_widened},
    [EH_NEON_MOVED] = {"moved", NULL, helper_neon_moved},
    [EH_NEON_STORE] = {"store", NEEDS(EH_NEON), helper_neon_store},
};

const char *const emit_helper_suffixes[] = {
    "clamp", "asr32", "asr", "shl", "shl_sat", "narrow", "round_away", "doubling_high", "q32",
    "tflm", "single", "single_sat", "rint", "exp_negative", "reciprocal", "expf", "tanhf", "erff", "sqrtf",
    "inv_sqrt", "dsp", "word",
    "pack", "even", "odd", "smlad", "next", "load", "load16", "widen", "tile22", "tile14", "wide22",
    "wide14", "smmlar", "smmla", "fast_tflm", "fast_single", "smlabb", "smlabt", "smlatb", "smlatt", "both", "ssat8", "two",
    "add2", "max4", "min4", "add_even", "add_odd", "apart", "low", "high", "v6m", "triple", "six", "three", "quad", "eight",
    "small", "small_tflm", "mve", "mve_tile2", "mve_tile1", "mve_copy",
    "mve_fill",
    "tie", "mve_load2", "mve_load1", "mve_sum", "levels", "look64",
    "level", "lanes", "dot", "shifted", "quads", "wide", "upper", "doubled", "shift", "ties", "packed",
    "look_own", "widened", "rows", "rows_wide", "look_wide", "store_wide",
    "sums", "some", "copied", "moved", "filled", "taps",
    /* beside the helpers of these names */ "bytes", "weights", "codes", "store", "four", "quads64", "pairs", "begin", "end", NULL};

_Static_assert(sizeof emit_helper_suffixes / sizeof *emit_helper_suffixes > EH_COUNT,
               "one suffix a helper");

void emit_use_helper(emitter *e, emit_helper h)
{
    if (e->helpers.has[h])
        return;
    e->helpers.has[h] = true;
    e->constant_bytes += helpers[h].constants;
    for (const emit_helper *n = helpers[h].needs; n && *n != EH_COUNT; ++n)
        emit_use_helper(e, *n);
}

const char *emit_shared_helpers(const emitter *e)
{
    buf b;
    buf_init(&b, e->ctx->a);
    for (int h = 0; h < EH_X86_RUN_TIME; ++h)
        if (e->helpers.has[h])
            buf_printf(&b, "%s_%s ", e->prefix, helpers[h].suffix);
    return buf_str(&b);
}

/* Those of x86-64, for each level. */
static void put_level_helpers(emitter *e, buf *out)
{
    buf_puts(out, "#if defined(__GNUC__) && defined(__x86_64__) && defined(__SSE2__) && !defined(__TINYC__)\n");
    for (int level = 0; level < EMIT_LEVELS; ++level) {
        text t;
        text_init(&t, out);
        text_set(&t, "P", "%s", emit_level_prefix(e, level, false));
        text_set(&t, "U", "%s", emit_level_prefix(e, level, true));
        emit_level_begin(out, level);
        emit_level_define(e, out, level);
        for (int h = EH_X86; h <= EH_X86_PACKED; ++h)
            if (e->helpers.has[h])
                text_put(&t, helpers[h].text);
        emit_level_end(out, level);
    }
    buf_puts(out, "#endif\n\n");
}

void emit_helpers(emitter *e, buf *out)
{
    bool levels = emit_has_levels(e);
    text t;
    text_init(&t, out);
    text_set(&t, "P", "%s", e->prefix);
    text_set(&t, "U", "%s", e->upper);
    /* compilers warn of functions that only the other side of a guard would call */
    bool guarded = e->guard && *e->guard;
    for (int h = 0; h < EH_COUNT; ++h) {
        if (!e->helpers.has[h] && !e->fallback.has[h])
            continue;
        if (levels && h == EH_X86_RUN_TIME)
            put_level_helpers(e, out);
        if (levels && h > EH_X86_RUN_TIME && h <= EH_X86_PACKED)
            continue;
        bool elsewhere = guarded && !e->helpers.has[h];
        if (elsewhere)
            buf_printf(out, "#if !(%s)\n", e->guard);
        text_put(&t, helpers[h].text);
        buf_line(out, "%s", elsewhere ? "#endif\n" : "");
    }
}
