/* hosted.c - see hosted.h. */
#include "hosted.h"

#include <stdarg.h>
#include <stdint.h>

#include "semihosting.h"

enum { POOL = 1 << 18, ALIGN = 64 };

struct hosted_file {
    int handle;
};

/* The batch's main, under another name. */
int batch_main(int argc, char **argv);

FILE *fopen(const char *path, const char *mode)
{
    static FILE file;
    (void)mode;
    file.handle = semihosting_open(path, SEMIHOSTING_READ);
    return file.handle < 0 ? NULL : &file;
}

size_t fread(void *to, size_t size, size_t n, FILE *f)
{
    return size && n ? semihosting_read(f->handle, to, size * n) / size : 0;
}

int fclose(FILE *f)
{
    semihosting_close(f->handle);
    return 0;
}

int fprintf(FILE *f, const char *format, ...)
{
    va_list ap;
    (void)f;
    va_start(ap, format);
    for (; *format; format++) {
        const char letter[2] = {*format, 0};
        if (*format != '%') {
            semihosting_text(letter);
            continue;
        }
        semihosting_number((uint32_t)va_arg(ap, int));
        format++;
    }
    va_end(ap);
    return 0;
}

static struct {
    size_t used, first; /* first: end of the oldest block, a net's state, which is freed last */
    int blocks;
} pool;

void *malloc(size_t bytes)
{
    static uint8_t memory[POOL] __attribute__((aligned(ALIGN)));
    size_t size = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (size > POOL - pool.used)
        return NULL;
    void *p = memory + pool.used;
    pool.used += size;
    if (pool.blocks == 0)
        pool.first = pool.used;
    pool.blocks++;
    return p;
}

int posix_memalign(void **p, size_t align, size_t bytes)
{
    *p = align <= ALIGN ? malloc(bytes) : NULL;
    return *p == NULL;
}

void free(void *p)
{
    if (p && --pool.blocks <= 1)
        pool.used = pool.blocks ? pool.first : 0;
}

void exit(int status)
{
    semihosting_exit(status);
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    for (; n && *x == *y; n--, x++, y++)
        ;
    return n ? *x - *y : 0;
}

int main(void)
{
    char name[] = "batch", rows[] = "rows.bin", *argv[] = {name, rows, NULL};
    return batch_main(2, argv);
}
