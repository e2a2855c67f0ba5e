/* run_net.c - any network with one input and one output, compiled by qcc --prefix net, on any board.
 *
 * Reads rows of input codes from in.bin (with -DREAL of float32, which net_quantize_input makes codes
 * of), writes the output codes to out.bin, and prints, one fact a line, what a run takes. With
 * -DSELFTEST net_selftest comes first. */
#include <stdint.h>

#include "count.h"
#include "net.h"
#include "semihosting.h"
#include "stack.h"

static uint8_t arena[NET_ARENA_SIZE] __attribute__((aligned(NET_ARENA_ALIGN)));
static int8_t in[NET_INPUT_BYTES] __attribute__((aligned(NET_INPUT_ALIGN)));
static int8_t out[NET_OUTPUT_BYTES] __attribute__((aligned(NET_OUTPUT_ALIGN)));

static int next_row(int file)
{
#ifdef REAL
    static float real[NET_INPUT_SIZE];
    if (semihosting_read(file, real, sizeof real) != sizeof real)
        return 0;
    net_quantize_input(real, in, NET_INPUT_SIZE);
    return 1;
#else
    return semihosting_read(file, in, sizeof in) == sizeof in;
#endif
}

static void fact(const char *name, uint64_t value)
{
    semihosting_text(name);
    semihosting_text(" ");
    semihosting_number((uint32_t)value);
    semihosting_text("\n");
}

/* SysTick's interrupt would take some of the painted stack; boards of RISC-V have none running. */
static int run_painted(uint32_t *stack)
{
#if defined(__arm__)
    __asm__ volatile("cpsid i" ::: "memory");
#endif
    int status = stack_measure(net_run, in, out, arena, stack);
#if defined(__arm__)
    __asm__ volatile("cpsie i" ::: "memory");
#endif
    return status;
}

struct facts {
    uint32_t rows, stack;
    uint64_t least, most; /* instructions of one run */
};

static int run_row(struct facts *f)
{
    uint32_t stack;
    uint64_t before = count_ticks();
    int status = net_run(in, out, arena);
    uint64_t n = count_between(before, count_ticks());
    f->least = !f->rows || n < f->least ? n : f->least;
    f->most = n > f->most ? n : f->most;
    status |= run_painted(&stack);
    f->stack = stack > f->stack ? stack : f->stack;
    f->rows++;
    return status;
}

int main(void)
{
    struct facts f = {0, 0, 0, 0};
    int counted = count_start() == 0, failed = 0;
#ifdef SELFTEST
    int wrong = net_selftest(arena);
    fact("selftest", (uint64_t)wrong);
    failed |= wrong;
#endif
    int from = semihosting_open("in.bin", SEMIHOSTING_READ);
    int to = semihosting_open("out.bin", SEMIHOSTING_WRITE);
    failed |= from < 0 || to < 0;
    while (!failed && next_row(from)) {
        failed |= run_row(&f);
        failed |= semihosting_write(to, out, sizeof out) != sizeof out;
    }
    semihosting_close(to);
    fact("rows", f.rows);
    fact("arena", NET_ARENA_SIZE);
    fact("stack", f.stack);
    if (counted) {
        fact("instructions", f.least);
        fact("instructions_most", f.most);
        fact("grain_milli", count_grain_milli());
    }
    return failed || !f.rows;
}
