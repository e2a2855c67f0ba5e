/* modes.c - one net in four shapes of its interface gives the same codes: plain, static arena, ports in
 * the arena, float ports. Built with -DNET=name; the four C files have prefixes a_, b_, c_, d_. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "a.h"
#include "b.h"
#include "c.h"
#include "d.h"

static uint64_t arena_a[A_ARENA_SIZE / 8 + 2], arena_c[C_ARENA_SIZE / 8 + 2], arena_d[D_ARENA_SIZE / 8 + 2];

/* The first place in an array that is aligned as an arena has to be. */
static void *aligned(uint64_t *p)
{
    return ((uintptr_t)p & 15U) ? (void *)(p + 1) : (void *)p;
}

static int fail(const char *what)
{
    printf("%s\n", what);
    return 1;
}

int main(void)
{
    static int8_t in[A_INPUT_SIZE], out_a[A_OUTPUT_SIZE], out_b[A_OUTPUT_SIZE];
    static float real_in[A_INPUT_SIZE], real_out[A_OUTPUT_SIZE], want[A_OUTPUT_SIZE];
    void *a = aligned(arena_a), *c = aligned(arena_c), *d = aligned(arena_d);
    uint32_t state = 7;
    int round, i;
    for (round = 0; round < 20; round++) {
        for (i = 0; i < A_INPUT_SIZE; i++) {
            state = state * 1664525U + 1013904223U;
            in[i] = (int8_t)((int32_t)(state >> 24) - 128);
            real_in[i] = (float)A_INPUT_SCALE * (float)(in[i] - A_INPUT_ZERO_POINT);
        }
        memset(a, round, A_ARENA_SIZE); /* its content is undefined before */
        memset(d, round, D_ARENA_SIZE);
        if (a_run(in, out_a, a) != 0 || b_run(in, out_b) != 0)
            return fail("a run failed");
        if (memcmp(out_a, out_b, sizeof out_a) != 0)
            return fail("--static-arena differs");
        memcpy(c_input(c), in, sizeof in);
        if (c_run(c) != 0 || memcmp(out_a, c_output(c), sizeof out_a) != 0)
            return fail("--io-in-arena differs");
        a_dequantize_output(out_a, want, A_OUTPUT_SIZE);
        if (d_run_float(real_in, real_out, d) != 0 || memcmp(real_out, want, sizeof want) != 0)
            return fail("--float-io differs");
        if (d_run(in, out_b, d) != 0 || memcmp(out_a, out_b, sizeof out_a) != 0)
            return fail("NAME_run beside --float-io differs");
    }
    if (a_run(NULL, out_a, a) != -1 || a_run(in, NULL, a) != -1 || a_run(in, out_a, NULL) != -1)
        return fail("a null pointer was taken");
    if (a_run(in, out_a, (char *)a + 1) != -1 || c_run((char *)c + 8) != -1 || c_run(NULL) != -1)
        return fail("a misaligned arena was taken");
    if (d_run_float(NULL, real_out, d) != -1 || d_run_float(real_in, (float *)(void *)((char *)real_out + 1), d) != -1)
        return fail("a bad float port was taken");
    return 0;
}
