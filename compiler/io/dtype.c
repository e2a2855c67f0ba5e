/* dtype.c - element types of data files: sizes, names, conversion, byte order. */
#include <math.h>
#include <string.h>

#include "compiler/io/internal.h"

/* Elements are handed on in the host's order and files are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian host is assumed");

#define LOADER(name, type) \
    static double load_##name(const unsigned char *p) \
    { \
        type v; \
        memcpy(&v, p, sizeof v); \
        return (double)v; \
    }
LOADER(f32, float)
LOADER(f64, double)
LOADER(i8, int8_t)
LOADER(u8, uint8_t)
LOADER(i16, int16_t)
LOADER(u16, uint16_t)
LOADER(i32, int32_t)
LOADER(u32, uint32_t)
LOADER(i64, int64_t)
LOADER(u64, uint64_t)

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static double load_f16(const unsigned char *p)
{
    unsigned bits = p[0] | (unsigned)p[1] << 8, exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
               : exponent     ? ldexp(fraction | 1024, (int)exponent - 25)
                              : ldexp(fraction, -24);
    return bits >> 15 ? -v : v;
}

/* The upper half of a binary32. */
static double load_bf16(const unsigned char *p)
{
    uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 24;
    float v;
    memcpy(&v, &bits, sizeof v);
    return (double)v;
}

static double load_bool(const unsigned char *p)
{
    return *p != 0;
}

typedef enum kind { KIND_FLOAT, KIND_INT, KIND_BOOL } kind;

static const struct {
    const char *name;
    size_t size;
    kind kind;
    double (*load)(const unsigned char *p);
} types[] = {
    [DT_F32] = {"F32", 4, KIND_FLOAT, load_f32},   [DT_F16] = {"F16", 2, KIND_FLOAT, load_f16},
    [DT_BF16] = {"BF16", 2, KIND_FLOAT, load_bf16}, [DT_F64] = {"F64", 8, KIND_FLOAT, load_f64},
    [DT_I8] = {"I8", 1, KIND_INT, load_i8},        [DT_U8] = {"U8", 1, KIND_INT, load_u8},
    [DT_I16] = {"I16", 2, KIND_INT, load_i16},     [DT_U16] = {"U16", 2, KIND_INT, load_u16},
    [DT_I32] = {"I32", 4, KIND_INT, load_i32},     [DT_U32] = {"U32", 4, KIND_INT, load_u32},
    [DT_I64] = {"I64", 8, KIND_INT, load_i64},     [DT_U64] = {"U64", 8, KIND_INT, load_u64},
    [DT_BOOL] = {"BOOL", 1, KIND_BOOL, load_bool},
};

size_t dtype_size(tensor_dtype t)
{
    return types[t].size;
}

const char *dtype_name(tensor_dtype t)
{
    return types[t].name;
}

bool dtype_is_float(tensor_dtype t)
{
    return types[t].kind == KIND_FLOAT;
}

bool dtype_is_int(tensor_dtype t)
{
    return types[t].kind == KIND_INT;
}

bool dtype_of_name(const char *word, tensor_dtype *t)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!strcmp(types[i].name, word)) {
            *t = (tensor_dtype)i;
            return true;
        }
    }
    return false;
}

double dtype_value(tensor_dtype t, const void *p, int64_t i)
{
    return types[t].load((const unsigned char *)p + (size_t)i * types[t].size);
}

double tensor_value(const named_tensor *t, int64_t i)
{
    return dtype_value(t->dtype, t->data, i);
}

bool dims_product(int rank, const int64_t *dim, size_t elem, int64_t *elems, size_t *bytes)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] == 0) {
            *elems = 0;
            *bytes = 0;
            return true;
        }
    }
    for (int i = 0; i < rank; i++) {
        if (__builtin_mul_overflow(n, dim[i], &n))
            return false;
    }
    *elems = n;
    return !__builtin_mul_overflow((uint64_t)n, elem, bytes) && *bytes <= IO_MAX_BYTES;
}

const void *aligned_elements(arena *a, const void *p, size_t bytes, size_t elem)
{
    return (uintptr_t)p % elem ? arena_memdup(a, p, bytes) : p;
}

void swap_elements(void *p, size_t n, size_t elem)
{
    unsigned char *e = p;
    for (size_t i = 0; i < n; i++, e += elem) {
        for (size_t lo = 0, hi = elem - 1; lo < hi; lo++, hi--) {
            unsigned char keep = e[lo];
            e[lo] = e[hi];
            e[hi] = keep;
        }
    }
}

const char *dims_str(arena *a, int rank, const int64_t *dim)
{
    buf b;
    buf_init(&b, a);
    buf_puts(&b, "[");
    for (int i = 0; i < rank; i++)
        buf_printf(&b, "%s%lld", i ? ", " : "", (long long)dim[i]);
    buf_puts(&b, "]");
    return buf_str(&b);
}

const char *shown_name(arena *a, const char *name)
{
    enum { LONGEST = 80 };
    size_t n = strlen(name), keep = n < LONGEST ? n : LONGEST;
    while (keep > 0 && keep < n && ((unsigned char)name[keep] & 0xc0) == 0x80)
        keep--; /* whole UTF-8 characters */
    char *s = arena_strndup(a, name, keep);
    for (char *c = s; *c; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
    }
    return n <= LONGEST ? s : arena_printf(a, "%s...", s);
}
