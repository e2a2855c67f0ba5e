/* count.h - executed instructions under QEMU's -icount shift=0, on any Cortex-M board.
 *
 * One instruction is then 1 ns of virtual time, and SysTick, which runs at the board's clock, tells
 * the time: at 25 MHz a tick is 40 instructions. What a tick is worth is measured at start with
 * loops of known length, so that no board's clock need be known here. Instructions, not cycles. */
#ifndef COUNT_H
#define COUNT_H

#include <stdint.h>

/* Starts the timer and calibrates it. 0, or -1 where ticks and instructions are not in proportion
 * (QEMU without -icount). */
int count_start(void);
uint64_t count_ticks(void);
/* Instructions between two readings, less what the readings themselves take; right to a grain. */
uint64_t count_between(uint64_t before, uint64_t after);
/* Instructions a tick, in thousandths. */
uint32_t count_grain_milli(void);
/* Executes 2 * n instructions, and a handful around them. */
void count_loop(uint32_t n);

#endif
