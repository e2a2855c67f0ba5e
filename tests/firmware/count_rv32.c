/* count_rv32.c - count.h on RISC-V: under -icount shift=0 QEMU's counter of retired instructions counts
 * them one by one. count.c is for Cortex-M. */
#include "count.h"

static uint64_t empty; /* instructions of two readings with nothing in between */

__attribute__((noinline)) uint64_t count_ticks(void)
{
    uint32_t low, high, again;
    do
        __asm__ volatile(".option push\n.option arch, +zicsr\n"
                         "csrr %0, minstreth\n"
                         "csrr %1, minstret\n"
                         "csrr %2, minstreth\n"
                         ".option pop"
                         : "=r"(high), "=r"(low), "=r"(again));
    while (high != again);
    return (uint64_t)high << 32 | low;
}

__attribute__((noinline)) void count_loop(uint32_t n)
{
    __asm__ volatile("0:\taddi %0, %0, -1\n"
                     "\tbnez %0, 0b"
                     : "+r"(n));
}

static __attribute__((noinline)) uint64_t ticks_of_loop(uint32_t n)
{
    uint64_t before = count_ticks();
    count_loop(n);
    return count_ticks() - before;
}

/* Two instructions an iteration: without -icount the counter counts something else. */
int count_start(void)
{
    uint64_t before = count_ticks();
    empty = count_ticks() - before;
    return ticks_of_loop(3000) - ticks_of_loop(1000) == 4000 ? 0 : -1;
}

uint64_t count_between(uint64_t before, uint64_t after)
{
    return after - before > empty ? after - before - empty : 0;
}

uint32_t count_grain_milli(void)
{
    return 1000;
}
