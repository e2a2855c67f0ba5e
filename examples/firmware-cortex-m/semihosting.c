/* semihosting.c - Arm's semihosting calls: a breakpoint that the debugger (here QEMU) answers. */
#include "semihosting.h"

enum {
    SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
    STOPPED_APPLICATION_EXIT = 0x20026,
};

static uint32_t call(uint32_t operation, const void *argument)
{
#if defined(__aarch64__)
    register uint32_t r0 __asm__("w0") = operation;
    register const void *r1 __asm__("x1") = argument;
    __asm__ volatile("hlt 0xf000" : "+r"(r0) : "r"(r1) : "memory");
#elif defined(__riscv)
    /* RISC-V has taken Arm's calls over; three instructions of 4 bytes make the breakpoint theirs. */
    register uint32_t r0 __asm__("a0") = operation;
    register const void *r1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 31\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(r0)
                     : "r"(r1)
                     : "memory");
#else
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
#endif
    return r0;
}

/* The calls take an array of words, whatever these stand for. */
static uint32_t call_words(uint32_t operation, uintptr_t a, uintptr_t b, uintptr_t c)
{
    uintptr_t words[3] = {a, b, c};
    return call(operation, words);
}

void semihosting_text(const char *text)
{
    call(SYS_WRITE0, text);
}

void semihosting_number(uint32_t value)
{
    char digits[11];
    char *p = digits + sizeof digits;
    *--p = '\0';
    do
        *--p = (char)('0' + value % 10u);
    while (value /= 10u);
    semihosting_text(p);
}

_Noreturn void semihosting_exit(int status)
{
    for (;;)
        call_words(SYS_EXIT_EXTENDED, STOPPED_APPLICATION_EXIT, (uintptr_t)status, 0);
}

int semihosting_open(const char *path, int mode)
{
    uint32_t length = 0;
    while (path[length])
        length++;
    return (int)call_words(SYS_OPEN, (uintptr_t)path, (uintptr_t)mode, length);
}

uint32_t semihosting_read(int file, void *to, uint32_t bytes)
{
    return bytes - call_words(SYS_READ, (uintptr_t)file, (uintptr_t)to, bytes);
}

uint32_t semihosting_write(int file, const void *from, uint32_t bytes)
{
    return bytes - call_words(SYS_WRITE, (uintptr_t)file, (uintptr_t)from, bytes);
}

void semihosting_close(int file)
{
    call_words(SYS_CLOSE, (uintptr_t)file, 0, 0);
}
