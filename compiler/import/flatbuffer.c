/* flatbuffer.c - offsets, vtables and vectors, each compared with the file's size before use.
 *
 * All offsets are relative and little-endian. A table begins with the distance back to its vtable;
 * a vtable holds its own size, the table's size and, for each field, the distance from the table's
 * start (0: the field is absent). */
#include "compiler/import/flatbuffer.h"

#include <string.h>

enum { VTABLE_HEAD = 4, ROOT = 4, IDENTIFIER = 4 };

void fb_break(fb_file *f, const char *fmt, ...)
{
    if (f->broken)
        return;
    f->broken = true;
    va_list ap;
    va_start(ap, fmt);
    diag_add(f->ctx, D_FLATBUFFER, loc_file(f->src), "broken file: %s",
             arena_vprintf(f->ctx->a, fmt, ap));
    va_end(ap);
    diag_hint(f->ctx, "was it cut off or changed on its way here?");
}

/* ---- bytes --------------------------------------------------------------------------------- */

static uint64_t little(const fb_file *f, uint64_t at, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)f->src->text[at + (uint64_t)i] << (8 * i);
    return v;
}

static bool inside(const fb_file *f, uint64_t at, uint64_t n)
{
    return at <= f->src->len && n <= f->src->len - at;
}

/* Where the offset at `at` leads, to at least `n` bytes; 0 after a diagnostic. */
static uint32_t follow(fb_file *f, uint32_t at, uint64_t n, const char *what)
{
    uint64_t to = at + little(f, at, 4);
    if (to > at && to <= UINT32_MAX && inside(f, to, n))
        return (uint32_t)to;
    fb_break(f, "the offset at byte %u leads to a %s outside of it (%zu bytes)", (unsigned)at, what,
             f->src->len);
    return 0;
}

/* ---- tables -------------------------------------------------------------------------------- */

static fb_table table_at(fb_file *f, uint32_t at)
{
    const fb_table absent = {0, 0};
    if (!at)
        return absent;
    int64_t vtable = (int64_t)at - (int32_t)(uint32_t)little(f, at, 4);
    if (vtable < 0 || !inside(f, (uint64_t)vtable, VTABLE_HEAD)) {
        fb_break(f, "the table at byte %u has its field list outside of it", (unsigned)at);
        return absent;
    }
    uint64_t size = little(f, (uint64_t)vtable, 2), bytes = little(f, (uint64_t)vtable + 2, 2);
    if (size < VTABLE_HEAD || size % 2 || !inside(f, (uint64_t)vtable, size) || bytes < 4 ||
        !inside(f, at, bytes)) {
        fb_break(f, "the table at byte %u has an impossible size", (unsigned)at);
        return absent;
    }
    return (fb_table){at, (uint32_t)vtable};
}

fb_table fb_root(fb_file *f, const char *identifier)
{
    const fb_table absent = {0, 0};
    if (f->src->len < ROOT + IDENTIFIER || memcmp(f->src->text + ROOT, identifier, IDENTIFIER) != 0) {
        fb_break(f, "it does not have the identifier '%s' of its format", identifier);
        return absent;
    }
    return table_at(f, follow(f, 0, ROOT, "table"));
}

/* Place of a field of `size` bytes; 0: absent, or broken. */
static uint32_t field_at(fb_file *f, fb_table t, int field, uint64_t size)
{
    if (f->broken || !t.at)
        return 0;
    uint64_t entry = VTABLE_HEAD + 2 * (uint64_t)field;
    if (entry + 2 > little(f, t.vtable, 2))
        return 0;
    uint64_t offset = little(f, t.vtable + entry, 2), bytes = little(f, t.vtable + 2, 2);
    if (!offset)
        return 0;
    if (offset >= 4 && offset + size <= bytes)
        return (uint32_t)(t.at + offset);
    fb_break(f, "field %d of the table at byte %u lies outside of the table", field, (unsigned)t.at);
    return 0;
}

bool fb_has(fb_file *f, fb_table t, int field) { return field_at(f, t, field, 1) != 0; }

int8_t fb_int8(fb_file *f, fb_table t, int field, int8_t fallback)
{
    uint32_t at = field_at(f, t, field, 1);
    return at ? (int8_t)(uint8_t)little(f, at, 1) : fallback;
}

uint8_t fb_uint8(fb_file *f, fb_table t, int field, uint8_t fallback)
{
    uint32_t at = field_at(f, t, field, 1);
    return at ? (uint8_t)little(f, at, 1) : fallback;
}

int32_t fb_int32(fb_file *f, fb_table t, int field, int32_t fallback)
{
    return (int32_t)fb_uint32(f, t, field, (uint32_t)fallback);
}

uint32_t fb_uint32(fb_file *f, fb_table t, int field, uint32_t fallback)
{
    uint32_t at = field_at(f, t, field, 4);
    return at ? (uint32_t)little(f, at, 4) : fallback;
}

uint64_t fb_uint64(fb_file *f, fb_table t, int field, uint64_t fallback)
{
    uint32_t at = field_at(f, t, field, 8);
    return at ? little(f, at, 8) : fallback;
}

static float float_at(const fb_file *f, uint64_t at)
{
    uint32_t bits = (uint32_t)little(f, at, 4);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

float fb_float(fb_file *f, fb_table t, int field, float fallback)
{
    uint32_t at = field_at(f, t, field, 4);
    return at ? float_at(f, at) : fallback;
}

fb_table fb_subtable(fb_file *f, fb_table t, int field)
{
    uint32_t at = field_at(f, t, field, 4);
    return table_at(f, at ? follow(f, at, 4, "table") : 0);
}

/* ---- vectors ------------------------------------------------------------------------------- */

fb_vector fb_vector_of(fb_file *f, fb_table t, int field, size_t size)
{
    const fb_vector empty = {0, 0};
    uint32_t at = field_at(f, t, field, 4);
    uint32_t to = at ? follow(f, at, 4, "vector") : 0;
    if (!to)
        return empty;
    uint32_t n = (uint32_t)little(f, to, 4);
    if (!inside(f, (uint64_t)to + 4, (uint64_t)n * size)) {
        fb_break(f, "the vector at byte %u has %u elements and ends outside of it", (unsigned)to,
                 (unsigned)n);
        return empty;
    }
    return (fb_vector){to + 4, n};
}

const char *fb_string(fb_file *f, fb_table t, int field, uint32_t limit)
{
    fb_vector v = fb_vector_of(f, t, field, 1);
    return v.n ? arena_strndup(f->ctx->a, f->src->text + v.at, v.n < limit ? v.n : limit) : "";
}

fb_table fb_table_at(fb_file *f, fb_vector v, uint32_t i)
{
    return table_at(f, f->broken ? 0 : follow(f, v.at + 4 * i, 4, "table"));
}

int32_t fb_int32_at(const fb_file *f, fb_vector v, uint32_t i)
{
    return (int32_t)(uint32_t)little(f, v.at + 4 * (uint64_t)i, 4);
}

int64_t fb_int64_at(const fb_file *f, fb_vector v, uint32_t i)
{
    return (int64_t)little(f, v.at + 8 * (uint64_t)i, 8);
}

float fb_float_at(const fb_file *f, fb_vector v, uint32_t i)
{
    return float_at(f, v.at + 4 * (uint64_t)i);
}

const void *fb_bytes(const fb_file *f, fb_vector v) { return f->src->text + v.at; }
