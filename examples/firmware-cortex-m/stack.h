/* stack.h - how deep a network's run goes: the free stack is painted, then looked at. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

typedef int run_function(const int8_t *in, int8_t *out, void *arena);

/* Calls run(in, out, arena), returns what it returned; *bytes is the stack that it and all that it
 * called took below the caller's. No interrupt may come in between. */
int stack_measure(run_function *run, const int8_t *in, int8_t *out, void *arena, uint32_t *bytes);

#endif
