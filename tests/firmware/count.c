/* count.c - see count.h. */
#include "count.h"

/* SysTick, the same on every Cortex-M: 24 bits, downwards. */
#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
enum { PERIOD = 1 << 24, ENABLE = 1, INTERRUPT = 2, CORE_CLOCK = 4 };

void systick_handler(void);

enum {
    /* Iterations of the calibrating loops, two instructions each. Their difference, 400,000
     * instructions, is a whole number of ticks at 16, 25, 32 and 64 MHz. */
    SHORT = 1000,
    LONG = SHORT + 200000,
    PHASES = 32,          /* readings, each at another place within a tick, that are averaged */
};

static struct {
    volatile uint32_t wraps;
    uint64_t ticks;       /* of 2 * (LONG - SHORT) instructions */
    uint64_t empty;       /* instructions of two readings with nothing in between */
} timer;

/* Every 16.8 million ticks: some ten instructions in 671 million. */
void systick_handler(void)
{
    timer.wraps++;
}

__attribute__((noinline)) uint64_t count_ticks(void)
{
    uint32_t wraps, value;
    do {
        wraps = timer.wraps;
        value = SYST_CVR;
    } while (wraps != timer.wraps);
    return (uint64_t)wraps * PERIOD + (PERIOD - 1u - value);
}

__attribute__((noinline)) void count_loop(uint32_t n)
{
    __asm__ volatile(".syntax unified\n"
                     "0:\tsubs %0, %0, #1\n"
                     "\tbne 0b"
                     : "+l"(n)
                     :
                     : "cc");
}

/* Ticks of a loop, PHASES times over. A reading cuts off a part of a tick; as the loop starts at
 * ever other parts of one (the reading of `before` shifts it, and so does the extra loop), the cut
 * parts average out. */
static uint64_t ticks_of_loops(uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        count_loop(1 + phase);
        uint64_t before = count_ticks();
        count_loop(n);
        sum += count_ticks() - before;
    }
    return sum;
}

/* Rounded; `times` as many ticks as there were. */
static uint64_t instructions(uint64_t ticks, uint32_t times)
{
    uint64_t divisor = timer.ticks * times;
    return (ticks * 2u * (LONG - SHORT) + divisor / 2u) / divisor;
}

int count_start(void)
{
    SYST_RVR = PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = ENABLE | INTERRUPT | CORE_CLOCK;
    uint64_t first = count_ticks();
    while (count_ticks() - first < 2) /* the first period starts at the second tick */
        ;
    /* The difference of two loops: what stands around them drops out. */
    uint64_t brief = ticks_of_loops(SHORT);
    timer.ticks = (ticks_of_loops(LONG) - brief + PHASES / 2) / PHASES;
    uint64_t twice = (ticks_of_loops(2 * LONG - SHORT) - brief + PHASES / 2) / PHASES;
    if (!timer.ticks || twice > 2 * timer.ticks + 1 || twice + 1 < 2 * timer.ticks)
        return -1;
    timer.empty = instructions(brief, PHASES) - 2u * SHORT;
    return 0;
}

uint64_t count_between(uint64_t before, uint64_t after)
{
    uint64_t n = instructions(after - before, 1);
    return n > timer.empty ? n - timer.empty : 0;
}

uint32_t count_grain_milli(void)
{
    return (uint32_t)(2000ull * (LONG - SHORT) / timer.ticks);
}
