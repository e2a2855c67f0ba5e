/* test_count.c - the counter of count.h: loops of known length, and the same again. */
#include "count.h"
#include "semihosting.h"

/* The last one is longer than the 2^24 ticks after which SysTick starts over, at 25 and 32 MHz. */
static const uint32_t lengths[] = {1, 5000, 5000, 123456, 123456, 10000000, 10000000, 340000000};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static void say(const char *before, uint64_t number)
{
    semihosting_text(before);
    semihosting_number((uint32_t)number);
}

/* Whether a loop's instructions are counted right, to a grain; also the loop's own few around. */
static int is_right(uint32_t n)
{
    uint64_t before = count_ticks();
    count_loop(n);
    uint64_t counted = count_between(before, count_ticks()), executed = 2ull * n;
    uint64_t grain = count_grain_milli() / 1000u + 1u;
    say("", executed);
    say(" instructions, counted ", counted);
    semihosting_text("\n");
    return counted <= executed + grain && counted + grain >= executed;
}

int main(void)
{
    int failed = count_start();
    say("grain_milli ", count_grain_milli());
    semihosting_text("\n");
    for (int i = 0; i < LENGTHS && !failed; i++)
        failed |= !is_right(lengths[i]);
    return failed;
}
