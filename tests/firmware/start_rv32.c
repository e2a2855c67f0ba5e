/* start_rv32.c - from reset to main on a RISC-V core, and a last word on a trap. start.c is for Cortex-M. */
#include <stdint.h>

#include "semihosting.h"

/* Places that the linker script (sections.ld) knows. */
extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
void reset_handler(void);
void fault_handler(void);

__attribute__((naked, section(".vectors"), used)) void reset_entry(void)
{
    __asm__ volatile(".option push\n.option arch, +zicsr\n"
                     "la sp, stack_top\n"
                     "la t0, fault_handler\n"
                     "csrw mtvec, t0\n"
                     "j reset_handler\n"
                     ".option pop");
}

void reset_handler(void)
{
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    semihosting_exit(main());
}

/* mtvec takes a multiple of 4. */
__attribute__((aligned(4))) void fault_handler(void)
{
    uint32_t cause;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, mcause\n.option pop" : "=r"(cause));
    semihosting_text("fault: cause ");
    semihosting_number(cause);
    semihosting_text("\n");
    semihosting_exit(1);
}
