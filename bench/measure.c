/* measure.c - what one inference takes: instructions, of each layer too, and stack.
 *
 * The network is compiled with --prefix net --io-in-arena; with -DPROFILE also with --profile, and
 * then the layers are counted. Reads rows of input codes from in.bin, writes the output codes to
 * out.bin and prints facts, one a line: `instructions N` is the fastest row's. */
#include <stdint.h>

#include "count.h"
#include "net.h"
#include "semihosting.h"
#include "stack.h"

static uint8_t arena[NET_ARENA_SIZE] __attribute__((aligned(NET_ARENA_ALIGN)));

static void fact(const char *name, uint64_t value)
{
    semihosting_text(name);
    semihosting_text(" ");
    semihosting_number((uint32_t)value);
    semihosting_text("\n");
}

#ifdef PROFILE
enum { MOST_LAYERS = 256 };

static struct {
    uint64_t least[MOST_LAYERS], now[MOST_LAYERS]; /* of a row */
    char seen[MOST_LAYERS];
    int rows;
    uint64_t since;
} layers;

void net_profile(int layer, const void *out, uint32_t bytes);

/* A layer in bands of rows is heard of once a band. */
void net_profile(int layer, const void *out, uint32_t bytes)
{
    (void)out;
    (void)bytes;
    if (layer < MOST_LAYERS) {
        layers.now[layer] += count_between(layers.since, count_ticks());
        layers.seen[layer] = 1;
    }
    layers.since = count_ticks();
}

static void profile_start(void)
{
    for (int i = 0; i < MOST_LAYERS; i++)
        layers.now[i] = 0;
    layers.since = count_ticks();
}

static void profile_stop(void)
{
    for (int i = 0; i < MOST_LAYERS; i++)
        if (!layers.rows || layers.now[i] < layers.least[i])
            layers.least[i] = layers.now[i];
    layers.rows++;
}

static void profile_say(void)
{
    for (int i = 0; i < MOST_LAYERS; i++)
        if (layers.seen[i]) {
            semihosting_text("layer ");
            semihosting_number((uint32_t)i);
            fact("", layers.least[i]);
        }
}
#else
static void profile_start(void) {}
static void profile_stop(void) {}
static void profile_say(void) {}
#endif

/* stack_measure's form. */
static int run_in_arena(const int8_t *in, int8_t *out, void *memory)
{
    (void)in;
    (void)out;
    return net_run(memory);
}

static int next_row(int file)
{
    return semihosting_read(file, net_input(arena), NET_INPUT_BYTES) == NET_INPUT_BYTES;
}

static int keep_output(int file)
{
    return semihosting_write(file, net_output(arena), NET_OUTPUT_BYTES) != NET_OUTPUT_BYTES;
}

/* SysTick's interrupt would take some of the painted stack. */
static int run_painted(uint32_t *stack)
{
    uint32_t bytes;
#if defined(__arm__)
    __asm__ volatile("cpsid i" ::: "memory");
#endif
    int status = stack_measure(run_in_arena, 0, 0, arena, &bytes);
#if defined(__arm__)
    __asm__ volatile("cpsie i" ::: "memory");
#endif
    *stack = bytes > *stack ? bytes : *stack;
    return status;
}

/* The output of each row is written twice: of the counted run and of the painted one, which reads
 * the row again as a run writes over its input. */
static int run_rows(const char *path, int to, int painted, uint64_t *least, uint32_t *stack)
{
    int rows = 0, failed = 0, from = semihosting_open(path, SEMIHOSTING_READ);
    while (from >= 0 && !failed && next_row(from)) {
        profile_start();
        uint64_t before = count_ticks();
        failed = painted ? run_painted(stack) : net_run(arena);
        uint64_t n = count_between(before, count_ticks());
        profile_stop();
        *least = !painted && (!rows || n < *least) ? n : *least;
        failed |= keep_output(to);
        rows++;
    }
    semihosting_close(from);
    return failed ? -1 : rows;
}

int main(void)
{
    uint64_t least = 0;
    uint32_t stack = 0;
    if (count_start() != 0)
        return 1;
    int to = semihosting_open("out.bin", SEMIHOSTING_WRITE);
    int rows = run_rows("in.bin", to, 0, &least, &stack);
    fact("rows", (uint64_t)rows);
    fact("instructions", least);
    fact("grain_milli", count_grain_milli());
    profile_say();
    if (run_rows("in.bin", to, 1, &least, &stack) != rows)
        return 1;
    semihosting_close(to);
    fact("arena", NET_ARENA_SIZE);
    fact("stack", stack);
    return rows <= 0;
}
