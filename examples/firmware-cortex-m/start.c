/* start.c - from reset to main: vector table, initialised data, FPU, and a last word on a fault. */
#include <stdint.h>

#include "semihosting.h"

/* Places that the linker script (sections.ld) knows. */
extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
void reset_handler(void);
void fault_handler(void);

/* A project with a tick or a serial port defines these itself. */
__attribute__((weak)) void systick_handler(void);
__attribute__((weak)) void pendsv_handler(void);
__attribute__((weak)) void svc_handler(void);

/* What the core reads at reset: the stack pointer, then the handlers of exceptions 1 to 15. */
struct vector_table {
    uint32_t *stack;
    void (*handler[15])(void);
};

extern const struct vector_table vectors;
__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    stack_top,
    {
        reset_handler,
        fault_handler, /* 2: NMI */
        fault_handler, /* 3: HardFault; the next four escalate to it until they are enabled */
        fault_handler, /* 4: MemManage */
        fault_handler, /* 5: BusFault */
        fault_handler, /* 6: UsageFault */
        fault_handler, /* 7: SecureFault */
        0, 0, 0,
        svc_handler,
        fault_handler, /* 12: DebugMonitor */
        0,
        pendsv_handler,
        systick_handler,
    },
};

/* Coprocessors 10 and 11 are the FPU (and Helium): without access its first instruction faults. */
static void enable_fpu(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    volatile uint32_t *cpacr = (volatile uint32_t *)0xE000ED88u;
    *cpacr |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

/* Not inlined: compilers make vector instructions of these loops, which may not move before the access. */
__attribute__((noinline)) static void start(void)
{
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    semihosting_exit(main());
}

void reset_handler(void)
{
    enable_fpu();
    start();
}

void fault_handler(void)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    semihosting_text("fault: exception ");
    semihosting_number(exception & 0x1FFu);
    semihosting_text("\n");
    semihosting_exit(1);
}
