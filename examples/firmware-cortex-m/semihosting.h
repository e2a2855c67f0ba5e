/* semihosting.h - text, files and the exit status of a program that runs under QEMU or a debugger.
 *
 * Without one of them attached the first call faults: real firmware has a serial port here. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

void semihosting_text(const char *text);
void semihosting_number(uint32_t value);
_Noreturn void semihosting_exit(int status);

/* Files of the host, in the folder that QEMU was started in. A negative handle: not to be had. */
enum { SEMIHOSTING_READ = 1, SEMIHOSTING_WRITE = 5 };
int semihosting_open(const char *path, int mode);
/* Bytes that were moved; fewer than wanted at the end of a file. */
uint32_t semihosting_read(int file, void *to, uint32_t bytes);
uint32_t semihosting_write(int file, const void *from, uint32_t bytes);
void semihosting_close(int file);

#endif
