/* start_aarch64.c - from reset to main on an AArch64 core at EL1, and a last word on a fault.
 *
 * The board's memory is mapped to itself as ordinary memory: without a translation all of it would be
 * device memory, where unaligned accesses fault. */
#include <stdint.h>

#include "semihosting.h"

/* Places that the linker script (sections.ld) knows. */
extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
void start(void);
void fault_handler(void);

/* Nothing runs before the vector registers are there: compilers use them where they like. gcc knows no naked
 * functions on this processor. */
__asm__(".pushsection .vectors, \"ax\"\n"
        ".global reset_handler\n"
        "reset_handler:\n\t"
        "mov x0, #(3 << 20)\n\t"
        "msr cpacr_el1, x0\n\t"
        "isb\n\t"
        "ldr x0, =stack_top\n\t"
        "mov sp, x0\n\t"
        "ldr x0, =fault_vectors\n\t"
        "msr vbar_el1, x0\n\t"
        "b start\n\t"
        ".ltorg\n\t"
        ".balign 2048\n"
        "fault_vectors:\n\t"
        ".rept 16\n\t"
        ".balign 128\n\t"
        "b fault_handler\n\t"
        ".endr\n"
        ".popsection");

/* One gigabyte from 0x40000000 on: a block of the first level with 4 KB granules and 32 bits of address. */
static void map_memory(void)
{
    enum { BLOCK = 1, SHAREABLE = 3 << 8, ACCESSED = 1 << 10 };
    static uint64_t table[4] __attribute__((aligned(64)));
    table[1] = 0x40000000u | BLOCK | SHAREABLE | ACCESSED;
    const uint64_t size = 32, write_back = 1 << 8 | 1 << 10 | SHAREABLE << 4, no_upper = 1 << 23;
    uint64_t control;
    __asm__ volatile("msr mair_el1, %1\n\t"
                     "msr tcr_el1, %2\n\t"
                     "msr ttbr0_el1, %3\n\t"
                     "isb\n\t"
                     "mrs %0, sctlr_el1"
                     : "=&r"(control)
                     : "r"((uint64_t)0xff), "r"(size | write_back | no_upper), "r"(table)
                     : "memory");
    const uint64_t translate = 1, caches = 1 << 2 | 1 << 12, aligned_only = 1 << 1;
    control = (control | translate | caches) & ~aligned_only;
    __asm__ volatile("msr sctlr_el1, %0\n\tisb" : : "r"(control) : "memory");
}

__attribute__((used)) void start(void)
{
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    map_memory();
    semihosting_exit(main());
}

__attribute__((used)) void fault_handler(void)
{
    uint64_t cause;
    __asm__ volatile("mrs %0, esr_el1" : "=r"(cause));
    semihosting_text("fault: syndrome ");
    semihosting_number((uint32_t)cause);
    semihosting_text("\n");
    semihosting_exit(1);
}
