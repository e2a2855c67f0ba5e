/* count_aarch64.c - count.h on AArch64: under -icount shift=0 QEMU's cycle counter counts instructions one by
 * one. count.c is for Cortex-M. */
#include "count.h"

static uint64_t empty; /* instructions of two readings with nothing in between */

__attribute__((noinline)) uint64_t count_ticks(void)
{
    uint64_t n;
    __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(n) : : "memory");
    return n;
}

__attribute__((noinline)) void count_loop(uint32_t n)
{
    __asm__ volatile("0:\tsubs %w0, %w0, #1\n"
                     "\tb.ne 0b"
                     : "+r"(n)
                     :
                     : "cc");
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
    const uint64_t run = 1 | 1 << 6 /* all 64 bits */, cycles = (uint64_t)1 << 31;
    __asm__ volatile("msr pmccfiltr_el0, xzr\n\t"
                     "msr pmcntenset_el0, %1\n\t"
                     "msr pmcr_el0, %0\n\t"
                     "isb"
                     :
                     : "r"(run), "r"(cycles));
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
