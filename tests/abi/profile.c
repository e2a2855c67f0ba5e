/* profile.c - the hook is called once a layer, in order, with the layer's bytes. */
#include <string.h>

#include "x.h"

static int next;
static uint32_t sizes[64];

void lenet_profile(int layer, const void *out, uint32_t bytes)
{
    volatile const int8_t *p = (const int8_t *)out;
    int8_t last = p[bytes - 1]; /* all of it is there */
    (void)last;
    if (layer == next && layer < 64)
        sizes[next++] = bytes;
}

int main(void)
{
    static const uint32_t want[8] = {4704, 1176, 1600, 400, 400, 120, 84, 10};
    static uint64_t arena[LENET_ARENA_SIZE / 8 + 2];
    static int8_t in[LENET_INPUT_SIZE], out[LENET_OUTPUT_SIZE];
    void *a = ((uintptr_t)arena & 15U) ? (void *)(arena + 1) : (void *)arena;
    if (lenet_run(in, out, a) != 0 || next != 8)
        return 1;
    return memcmp(sizes, want, sizeof want) != 0;
}
