/* libtcc_shared.c - lets Debian's libtcc.a (position-independent executable code, no shared library)
 * be part of a shared library.
 *
 * Its code reaches libc's variables directly, which only the main program may do. The linker is told
 * to wrap them (--wrap, local.mk), so that it reaches these copies; they are set once, when the library
 * is loaded, and never change. */
#include "config.h"

#ifdef HAVE_LIBTCC
#include <stdio.h>

#define HIDDEN __attribute__((visibility("hidden")))

extern FILE *__real_stdout, *__real_stderr;
extern char **__real_environ;
extern FILE *__wrap_stdout, *__wrap_stderr;
extern char **__wrap_environ;
HIDDEN FILE *__wrap_stdout, *__wrap_stderr;
HIDDEN char **__wrap_environ;

__attribute__((constructor)) static void set_copies(void)
{
    __wrap_stdout = __real_stdout;
    __wrap_stderr = __real_stderr;
    __wrap_environ = __real_environ;
}
#endif
