/* stack.c - see stack.h. */
#include "stack.h"

extern uint32_t stack_bottom[]; /* of the linker script */

static const uint32_t paint = 0xC5A3C5A3u;

__attribute__((noinline)) int stack_measure(run_function *run, const int8_t *in, int8_t *out,
                                            void *arena, uint32_t *bytes)
{
    uintptr_t sp;
#if defined(__riscv)
    __asm__ volatile("mv %0, sp" : "=r"(sp));
#else
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#endif
    /* Below sp nothing is in use: this function calls nobody but `run`. */
    volatile uint32_t *p = stack_bottom;
    while ((uintptr_t)p < sp)
        *p++ = paint;
    int status = run(in, out, arena);
    p = stack_bottom;
    while ((uintptr_t)p < sp && *p == paint)
        p++;
    *bytes = (uint32_t)(sp - (uintptr_t)p);
    return status;
}
