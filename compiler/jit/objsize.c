/* objsize.c - flash and RAM of emitted C as the system compiler compiles it: `cc -c`, then the
 * section headers of the object (ELF, both classes, both byte orders), every access checked. */
#include "compiler/jit/internal.h"

#include <string.h>

#include "compiler/base/file.h"

enum { SHT_PROGBITS = 1, SHT_NOBITS = 8, SHF_ALLOC = 2, SHT_INIT_ARRAY = 14 };
static const uint64_t MAX_BSS = UINT32_MAX; /* of one section */

typedef struct elf {
    const uint8_t *p;
    size_t len;
    bool wide, big; /* 64-bit class; most significant byte first */
} elf;

typedef struct section {
    uint64_t name, type, flags, offset, size;
} section;

static bool inside(const elf *f, uint64_t offset, uint64_t n)
{
    return offset <= f->len && n <= f->len - offset;
}

/* n bytes at an offset that was checked. */
static uint64_t field(const elf *f, uint64_t offset, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | f->p[offset + (uint64_t)(f->big ? i : n - 1 - i)];
    return v;
}

static section section_at(const elf *f, uint64_t at)
{
    if (f->wide)
        return (section){field(f, at, 4), field(f, at + 4, 4), field(f, at + 8, 8),
                         field(f, at + 24, 8), field(f, at + 32, 8)};
    return (section){field(f, at, 4), field(f, at + 4, 4), field(f, at + 8, 4),
                     field(f, at + 16, 4), field(f, at + 20, 4)};
}

/* Unwind tables and notes are no part of a firmware image. */
static bool is_counted(const char *name)
{
    static const char *const left_out[] = {".eh_frame", ".note", ".ARM.ex", ".gcc_except_table"};
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (!strncmp(name, left_out[i], strlen(left_out[i])))
            return false;
    return true;
}

static const char *name_of(const elf *f, const section *names, uint64_t at)
{
    if (at >= names->size || !inside(f, names->offset, names->size) ||
        !memchr(f->p + names->offset + at, 0, (size_t)(names->size - at)))
        return "";
    return (const char *)f->p + names->offset + at;
}

/* false where the section lies outside the file. */
static bool count(const elf *f, const section *s, const section *names, int64_t *flash, int64_t *bss)
{
    if (!(s->flags & SHF_ALLOC) || !is_counted(name_of(f, names, s->name)))
        return true;
    if (s->type == SHT_NOBITS) {
        *bss += (int64_t)(s->size & MAX_BSS);
        return s->size <= MAX_BSS;
    }
    if (s->type != SHT_PROGBITS && s->type != SHT_INIT_ARRAY)
        return true;
    if (!inside(f, s->offset, s->size))
        return false;
    *flash += (int64_t)s->size;
    return true;
}

bool elf_sizes(const void *file, size_t len, int64_t *flash, int64_t *bss)
{
    elf f = {file, len, false, false};
    if (len < 64 || memcmp(file, "\177ELF", 4) != 0 || f.p[4] < 1 || f.p[4] > 2 || f.p[5] < 1 || f.p[5] > 2)
        return false;
    f.wide = f.p[4] == 2;
    f.big = f.p[5] == 2;
    uint64_t table = f.wide ? field(&f, 0x28, 8) : field(&f, 0x20, 4);
    uint64_t size = field(&f, f.wide ? 0x3a : 0x2e, 2), n = field(&f, f.wide ? 0x3c : 0x30, 2);
    uint64_t names_at = field(&f, f.wide ? 0x3e : 0x32, 2);
    if (size < (f.wide ? 64U : 40U) || !inside(&f, table, n * size) || names_at >= n)
        return false;
    section names = section_at(&f, table + names_at * size);
    *flash = *bss = 0;
    for (uint64_t i = 0; i < n; i++) {
        section s = section_at(&f, table + i * size);
        if (!count(&f, &s, &names, flash, bss))
            return false;
    }
    return true;
}

bool object_sizes(qctx *ctx, const char *c_text, const char *cflags, int64_t *flash, int64_t *bss)
{
    static const char *const extra[] = {"-std=c99", "-w", "-x", "c", "-c", NULL};
    cc_job *job = cc_run(ctx, c_text, cflags ? cflags : "-Os", extra, "net.o");
    if (!job)
        return false;
    const source *object = file_read(ctx, job->output);
    cc_done(job);
    if (!object)
        return false;
    if (elf_sizes(object->text, object->len, flash, bss))
        return true;
    diag_add(ctx, D_ENGINE_UNAVAILABLE, loc_none(), "the compiler's object is no ELF file that can be read");
    return false;
}
