/* two_nets.c - two nets in one program on one arena, each as if it were alone. */
#include <string.h>

#include "dscnn.h"
#include "lenet.h"

#define LARGER (LENET_ARENA_SIZE > DSCNN_ARENA_SIZE ? LENET_ARENA_SIZE : DSCNN_ARENA_SIZE)

static uint64_t shared[LARGER / 8 + 2], own[LENET_ARENA_SIZE / 8 + 2];

static void *aligned(uint64_t *p)
{
    return ((uintptr_t)p & 15U) ? (void *)(p + 1) : (void *)p;
}

int main(void)
{
    static int8_t in[LENET_INPUT_SIZE], first[LENET_OUTPUT_SIZE], again[LENET_OUTPUT_SIZE],
        other[DSCNN_OUTPUT_SIZE];
    int i;
    for (i = 0; i < LENET_INPUT_SIZE; i++)
        in[i] = (int8_t)(i % 251 - 125);
    if (lenet_run(in, first, aligned(own)) != 0 || lenet_selftest(aligned(shared)) != 0)
        return 1;
    for (i = 0; i < 3; i++) {
        if (dscnn_run(in, other, aligned(shared)) != 0 || lenet_run(in, again, aligned(shared)) != 0)
            return 2;
        if (memcmp(first, again, sizeof first) != 0)
            return 3;
    }
    return dscnn_selftest(aligned(shared));
}
