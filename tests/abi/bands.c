/* bands.c - with --ram=min a layer is heard of once a band of rows: its bytes, one band after
 * another, are those of the whole layer. */
#include <string.h>

#include "bands.h"
#include "whole.h"

enum { LAYERS = 8, MOST = 8192 };

static int8_t heard[2][LAYERS][MOST];
static uint32_t bytes_of[2][LAYERS], calls[LAYERS];

static void note(int net, int layer, const void *out, uint32_t bytes)
{
    if (layer >= LAYERS || bytes_of[net][layer] + bytes > MOST)
        return;
    memcpy(&heard[net][layer][bytes_of[net][layer]], out, bytes);
    bytes_of[net][layer] += bytes;
}

void whole_profile(int layer, const void *out, uint32_t bytes)
{
    note(0, layer, out, bytes);
}

void bands_profile(int layer, const void *out, uint32_t bytes)
{
    note(1, layer, out, bytes);
    calls[layer]++;
}

int main(void)
{
    static uint64_t arena[WHOLE_ARENA_SIZE / 8 + 2];
    static int8_t in[WHOLE_INPUT_SIZE], out[2][WHOLE_OUTPUT_SIZE];
    void *a = ((uintptr_t)arena & 15U) ? (void *)(arena + 1) : (void *)arena;
    for (int i = 0; i < WHOLE_INPUT_SIZE; i++)
        in[i] = (int8_t)(i * 37 % 256 - 128);
    if (BANDS_ARENA_SIZE >= WHOLE_ARENA_SIZE || whole_run(in, out[0], a) != 0 ||
        bands_run(in, out[1], a) != 0)
        return 1;
    if (memcmp(bytes_of[0], bytes_of[1], sizeof bytes_of[0]) != 0 || calls[0] < 2)
        return 2;
    return memcmp(heard[0], heard[1], sizeof heard[0]) != 0 ||
           memcmp(out[0], out[1], sizeof out[0]) != 0;
}
