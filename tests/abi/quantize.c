/* quantize.c - NAME_quantize_input against a slow statement of the rule, on many floats: float32
 * quotient, half away from zero, clamp, NaN gives the zero point. */
#include <stdio.h>
#include <string.h>

#include "x.h"

#ifdef WIDE
#define P(x) wide_##x
#define M(x) WIDE_##x
typedef int16_t code_t;
enum { LO = -32768, HI = 32767 };
#else
#define P(x) lenet_##x
#define M(x) LENET_##x
typedef int8_t code_t;
enum { LO = -128, HI = 127 };
#endif

/* In exact double arithmetic on the float32 quotient. */
static int slow(float v)
{
    float scale = (float)M(INPUT_SCALE), quotient = v / scale;
    double q = (double)quotient, whole;
    if (quotient != quotient)
        return M(INPUT_ZERO_POINT);
    if (q > 1e6)
        return HI;
    if (q < -1e6)
        return LO;
    whole = (double)(int32_t)q;
    if (q - whole >= 0.5)
        whole += 1;
    else if (q - whole <= -0.5)
        whole -= 1;
    whole += M(INPUT_ZERO_POINT);
    return whole < LO ? LO : whole > HI ? HI : (int)whole;
}

static int check(float v)
{
    code_t code = 0;
    P(quantize_input)(&v, &code, 1);
    if (code == slow(v))
        return 0;
    printf("%.9g becomes %d, not %d\n", (double)v, (int)code, slow(v));
    return 1;
}

int main(void)
{
    uint32_t bits, state = 1, i;
    int wrong = 0;
    int32_t k;
    float v;
    for (i = 0; i < 2000000U && wrong < 10; i++) {
        state = state * 1664525U + 1013904223U;
        bits = state ^ state >> 13;
        memcpy(&v, &bits, sizeof v);
        wrong += check(v);
    }
    for (k = -600; k <= 600 && wrong < 10; k++) { /* at and beside every tie */
        v = (float)M(INPUT_SCALE) * ((float)k + 0.5F);
        memcpy(&bits, &v, sizeof bits);
        for (i = 0; i < 9; i++) {
            uint32_t near = bits + i - 4U;
            memcpy(&v, &near, sizeof v);
            wrong += check(v);
        }
    }
    return wrong ? 1 : 0;
}
