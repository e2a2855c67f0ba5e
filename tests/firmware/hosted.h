/* hosted.h - as much of a C library as the batches of tests/emit/test_differential need on a board;
 * stands for <stdio.h>, <stdlib.h> and <string.h> there (hosted.c). */
#ifndef HOSTED_H
#define HOSTED_H

#include <stddef.h>

typedef struct hosted_file FILE;
#define stderr ((FILE *)0)
FILE *fopen(const char *path, const char *mode); /* for reading; one at a time */
size_t fread(void *to, size_t size, size_t n, FILE *f);
int fclose(FILE *f);
int fprintf(FILE *f, const char *format, ...); /* %d only; to the console */

/* From one block that starts anew when all that was taken has been given back. */
void *malloc(size_t bytes);
int posix_memalign(void **p, size_t align, size_t bytes);
void free(void *p);
_Noreturn void exit(int status);

void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
