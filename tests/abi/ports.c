/* ports.c - the odd ports of ports.qdl, by hand. */
#include <stdio.h>
#include <string.h>

#include "x.h"

enum { N = PORTS_INPUT_SIZE };

static uint64_t memory[PORTS_ARENA_SIZE / 8 + 2];

int main(void)
{
    int8_t a[N], nobody[PORTS_INPUT1_SIZE] = {0}, b[N];
    int8_t r[N], same_a[N], r2[N], flat_a[N], sum[N];
    void *arena = ((uintptr_t)memory & 15U) ? (void *)(memory + 1) : (void *)memory;
    int i, code;
    for (i = 0; i < N; i++) {
        a[i] = (int8_t)(i * 11 - 120);
        b[i] = (int8_t)(100 - i * 9);
    }
    if (ports_run(a, nobody, b, r, same_a, r2, flat_a, sum, arena) != 0)
        return 1;
    if (ports_run(a, NULL, b, r, same_a, r2, flat_a, sum, arena) != -1)
        return 2;
    if (memcmp(a, same_a, N) != 0 || memcmp(a, flat_a, N) != 0 || memcmp(r, r2, N) != 0)
        return 3;
    for (i = 0; i < N; i++) { /* r has a's range or its own: compare as reals */
        double real_a = PORTS_INPUT_SCALE * (a[i] - PORTS_INPUT_ZERO_POINT), want = real_a > 0 ? real_a : 0;
        double got = PORTS_OUTPUT_SCALE * (r[i] - PORTS_OUTPUT_ZERO_POINT);
        if (got - want > 0.51 * PORTS_OUTPUT_SCALE || want - got > 0.51 * PORTS_OUTPUT_SCALE) {
            printf("relu of %d is %d\n", a[i], r[i]);
            return 4;
        }
    }
    for (i = 0; i < N; i++) {
        double x = PORTS_OUTPUT_SCALE * (r[i] - PORTS_OUTPUT_ZERO_POINT);
        double y = PORTS_INPUT2_SCALE * (b[i] - PORTS_INPUT2_ZERO_POINT);
        double exact = (x + y) / PORTS_OUTPUT4_SCALE + PORTS_OUTPUT4_ZERO_POINT;
        code = sum[i];
        if ((code < 127 && exact - code > 0.76) || (code > -128 && code - exact > 0.76)) {
            printf("sum %d is %d, not %f\n", i, code, exact);
            return 5;
        }
    }
    return 0;
}
