/* flatbuffer.h - reading FlatBuffers (https://flatbuffers.dev/internals) that nobody vouches for.
 *
 * Nothing is read before its place was compared with the file's size. The first thing that lies
 * outside, or overlaps what it cannot, is told once (`flatbuffer`); from then on the file is broken
 * and every reader gives nothing: absent tables, empty vectors, fallbacks. So callers read on and ask
 * fb_broken at the end of a step.
 *
 * Tables may share parts and point to one another in circles: readers follow one offset a call, so
 * that only a caller who walks without an end could hang. Counts are bounded by the file's size; who
 * reads a vector for each element of another one bounds their product itself. */
#ifndef QCC_FLATBUFFER_H
#define QCC_FLATBUFFER_H

#include "compiler/base/ctx.h"

typedef struct fb_file {
    qctx *ctx;
    const source *src;
    bool broken;
} fb_file;

/* Bytes from the start of the file; 0: absent (the root's offset stands there, so nothing else). */
typedef struct fb_table {
    uint32_t at, vtable;
} fb_table;

typedef struct fb_vector {
    uint32_t at; /* of the first element */
    uint32_t n;
} fb_vector;

/* The root table of a file with this identifier of four characters; absent after a diagnostic. */
fb_table fb_root(fb_file *f, const char *identifier);
static inline bool fb_present(fb_table t) { return t.at != 0; }

/* Fields are numbered in the order of the schema; a union takes two numbers, its type's and its own. */
bool fb_has(fb_file *f, fb_table t, int field);
int8_t fb_int8(fb_file *f, fb_table t, int field, int8_t fallback);
uint8_t fb_uint8(fb_file *f, fb_table t, int field, uint8_t fallback);
int32_t fb_int32(fb_file *f, fb_table t, int field, int32_t fallback);
uint32_t fb_uint32(fb_file *f, fb_table t, int field, uint32_t fallback);
uint64_t fb_uint64(fb_file *f, fb_table t, int field, uint64_t fallback);
float fb_float(fb_file *f, fb_table t, int field, float fallback);
fb_table fb_subtable(fb_file *f, fb_table t, int field);
/* A copy of at most `limit` bytes that ends at the first NUL; "" where absent. */
const char *fb_string(fb_file *f, fb_table t, int field, uint32_t limit);
/* Elements of `size` bytes; n = 0 where absent. */
fb_vector fb_vector_of(fb_file *f, fb_table t, int field, size_t size);

/* Elements of vectors, i < n. Bytes need no alignment. */
fb_table fb_table_at(fb_file *f, fb_vector v, uint32_t i);
int32_t fb_int32_at(const fb_file *f, fb_vector v, uint32_t i);
int64_t fb_int64_at(const fb_file *f, fb_vector v, uint32_t i);
float fb_float_at(const fb_file *f, fb_vector v, uint32_t i);
const void *fb_bytes(const fb_file *f, fb_vector v);

/* Breaks the file: for contents that no reader can go on with. */
void fb_break(fb_file *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
