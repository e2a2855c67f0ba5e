/* npy.c - the .npy format: header and elements.
 *
 * "\x93NUMPY", version (1.0, 2.0 or 3.0), length of the header (2 bytes, from 2.0 on 4), the header:
 * a Python dict {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, then the elements. */
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/io/internal.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC_BYTES = 6, MAX_HEADER = 1 << 20 };

bool is_npy(const void *p, size_t n)
{
    return n >= MAGIC_BYTES && !memcmp(p, magic, MAGIC_BYTES);
}

static bool refuse(io_error *e, diag_id id, const char *what, const char *expected)
{
    *e = (io_error){id, what, expected};
    return false;
}

size_t npy_data_offset(arena *a, const void *bytes, size_t n, io_error *e)
{
    const unsigned char *p = bytes;
    if (!is_npy(p, n)) {
        refuse(e, D_NPY_HEADER, "not a .npy array", "the bytes \\x93NUMPY at its beginning");
        return 0;
    }
    if (n < NPY_PREFIX) {
        refuse(e, D_NPY_HEADER, "truncated inside the .npy header", NULL);
        return 0;
    }
    if (p[6] < 1 || p[6] > 3 || p[7] != 0) {
        refuse(e, D_NPY_HEADER, arena_printf(a, ".npy format version %d.%d", p[6], p[7]),
               "version 1.0, 2.0 or 3.0");
        return 0;
    }
    size_t len = p[8] | (size_t)p[9] << 8;
    size_t at = 10;
    if (p[6] > 1) {
        len |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
        at = 12;
    }
    if (len < 2 || len > MAX_HEADER) {
        refuse(e, D_NPY_HEADER, arena_printf(a, "a .npy header of %zu bytes", len),
               "2 bytes to 1 MiB");
        return 0;
    }
    return at + len;
}

/* ---- the dict ----------------------------------------------------------------------------- */

typedef struct scanner {
    arena *a;
    const char *p, *end;
} scanner;

static void blanks(scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n'))
        s->p++;
}

static bool take(scanner *s, char c)
{
    blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool word(scanner *s, const char *w)
{
    blanks(s);
    size_t n = strlen(w);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n))
        return false;
    s->p += n;
    return true;
}

/* A quoted string without escapes; NULL if there is none. */
static const char *string(scanner *s)
{
    blanks(s);
    if (s->p == s->end || (*s->p != '\'' && *s->p != '"'))
        return NULL;
    const char *begin = s->p + 1, *close = memchr(begin, *s->p, (size_t)(s->end - begin));
    if (!close || memchr(begin, '\\', (size_t)(close - begin)) ||
        memchr(begin, 0, (size_t)(close - begin)))
        return NULL;
    s->p = close + 1;
    return arena_strndup(s->a, begin, (size_t)(close - begin));
}

static bool whole_number(scanner *s, int64_t *v)
{
    blanks(s);
    const char *begin = s->p;
    *v = 0;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *s->p - '0', v))
            return false;
    }
    if (s->p == begin)
        return false;
    if (s->p < s->end && *s->p == 'L') /* as Python 2 wrote them */
        s->p++;
    return true;
}

static bool parse_shape(scanner *s, npy_header *h, io_error *e)
{
    static const char expected[] = "a tuple of whole numbers, like (2, 3)";
    if (!take(s, '('))
        return refuse(e, D_NPY_HEADER, "the .npy header's shape is broken", expected);
    while (!take(s, ')')) {
        int64_t v;
        if (!whole_number(s, &v))
            return refuse(e, D_NPY_HEADER, "the .npy header's shape is broken", expected);
        if (h->rank == IO_MAX_RANK)
            return refuse(e, D_NPY_HEADER, "the array has too many dimensions", "at most 8");
        h->dim[h->rank++] = v;
        if (!take(s, ',') && (s->p == s->end || *s->p != ')'))
            return refuse(e, D_NPY_HEADER, "the .npy header's shape is broken", expected);
    }
    return true;
}

static const struct {
    char code[3];
    tensor_dtype dtype;
} codes[] = {
    {"f4", DT_F32}, {"f2", DT_F16}, {"f8", DT_F64}, {"i1", DT_I8},  {"u1", DT_U8},  {"i2", DT_I16},
    {"u2", DT_U16}, {"i4", DT_I32}, {"u4", DT_U32}, {"i8", DT_I64}, {"u8", DT_U64}, {"b1", DT_BOOL},
};

static bool parse_descr(scanner *s, npy_header *h, io_error *e)
{
    static const char expected[] =
        "float16, float32, float64, bool, or a signed or unsigned integer of 8 to 64 bits";
    blanks(s);
    if (s->p < s->end && *s->p == '[')
        return refuse(e, D_TENSOR_DTYPE, "an array of records (a structured type)", expected);
    const char *descr = string(s);
    if (!descr)
        return refuse(e, D_NPY_HEADER, "the .npy header's descr is broken", "'<f4' or the like");
    if (strchr("<>|=", descr[0]) && strchr(descr, 'O'))
        return refuse(e, D_TENSOR_DTYPE, "an array of Python objects", expected);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        size_t size = dtype_size(codes[i].dtype);
        bool order = descr[0] == '<' || descr[0] == '>' || (descr[0] == '|' && size == 1);
        if (order && !strcmp(descr + 1, codes[i].code)) {
            h->dtype = codes[i].dtype;
            h->swap = descr[0] == '>' && size > 1;
            return true;
        }
    }
    return refuse(e, D_TENSOR_DTYPE,
                  arena_printf(s->a, "elements of type '%s'", shown_name(s->a, descr)), expected);
}

static bool parse_order(scanner *s, npy_header *h, io_error *e)
{
    h->fortran = word(s, "True");
    return h->fortran || word(s, "False") ||
           refuse(e, D_NPY_HEADER, "the .npy header's fortran_order is broken", "True or False");
}

static const struct {
    const char *key;
    bool (*parse)(scanner *s, npy_header *h, io_error *e);
} entries[] = {
    {"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};
enum { ENTRIES = sizeof entries / sizeof *entries, ALL_SEEN = (1 << ENTRIES) - 1 };

static bool parse_entry(scanner *s, npy_header *h, unsigned *seen, io_error *e)
{
    const char *key = string(s);
    int i = 0;
    while (key && i < ENTRIES && strcmp(key, entries[i].key))
        i++;
    if (!key || i == ENTRIES || *seen & 1U << i || !take(s, ':'))
        return refuse(e, D_NPY_HEADER, "the .npy header has an unknown, doubled or broken entry",
                      "descr, fortran_order and shape, once each");
    *seen |= 1U << i;
    return entries[i].parse(s, h, e);
}

bool npy_parse(arena *a, const void *p, size_t offset, npy_header *h, io_error *e)
{
    static const char expected[] = "a dict with descr, fortran_order and shape, once each";
    const char *text = p;
    scanner s = {a, text + (text[6] == 1 ? 10 : 12), text + offset};
    unsigned seen = 0;
    *h = (npy_header){.offset = offset};
    if (!take(&s, '{'))
        return refuse(e, D_NPY_HEADER, "the .npy header is not a dict", expected);
    while (!take(&s, '}')) {
        if (!parse_entry(&s, h, &seen, e))
            return false;
        blanks(&s);
        if (!take(&s, ',') && (s.p == s.end || *s.p != '}'))
            return refuse(e, D_NPY_HEADER, "the .npy header is broken after an entry", expected);
    }
    blanks(&s);
    if (s.p != s.end || seen != ALL_SEEN)
        return refuse(e, D_NPY_HEADER, "the .npy header is incomplete or goes on after its dict",
                      expected);
    if (!dims_product(h->rank, h->dim, dtype_size(h->dtype), &h->elems, &h->bytes))
        return refuse(e, D_NPY_SIZE,
                      arena_printf(a, "an array of shape %s is too large",
                                   dims_str(a, h->rank, h->dim)), "at most 2 GiB");
    return true;
}

/* ---- elements ----------------------------------------------------------------------------- */

/* Column-major to row-major: walks the result, keeping the source's offset by a counter of indices. */
static const void *from_fortran(arena *a, const npy_header *h, const unsigned char *in)
{
    size_t elem = dtype_size(h->dtype);
    unsigned char *out = arena_alloc(a, h->bytes);
    int64_t stride[IO_MAX_RANK], index[IO_MAX_RANK] = {0}, at = 0, step = 1;
    for (int d = 0; d < h->rank; d++) {
        stride[d] = step;
        step *= h->dim[d];
    }
    for (int64_t i = 0; i < h->elems; i++) {
        memcpy(out + (size_t)i * elem, in + (size_t)at * elem, elem);
        for (int d = h->rank - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < h->dim[d])
                break;
            at -= stride[d] * h->dim[d];
            index[d] = 0;
        }
    }
    return out;
}

const void *npy_elements(arena *a, const npy_header *h, const void *raw)
{
    size_t elem = dtype_size(h->dtype);
    if (h->elems == 0)
        return arena_alloc(a, 0);
    if (h->swap) {
        void *copy = arena_memdup(a, raw, h->bytes);
        swap_elements(copy, (size_t)h->elems, elem);
        raw = copy;
    }
    return h->fortran && h->rank > 1 ? from_fortran(a, h, raw)
                                     : aligned_elements(a, raw, h->bytes, elem);
}

/* ---- writing ------------------------------------------------------------------------------ */

static const char *npy_code(tensor_dtype t)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].dtype == t)
            return codes[i].code;
    }
    return NULL;
}

static bool cannot_write(qctx *ctx, const char *path, const char *what)
{
    source *s = ARENA_NEW(ctx->a, source);
    s->name = arena_strdup(ctx->a, path);
    diag_add(ctx, D_TENSOR_DTYPE, loc_file(s), "%s", what);
    return false;
}

/* The header is padded so that the elements begin at a multiple of 64, as numpy.save does. */
bool npy_write(qctx *ctx, const char *path, tensor_dtype dtype, int rank, const int64_t *dim,
               const void *data)
{
    enum { ALIGN = 64, FIXED = 10 };
    const char *code = npy_code(dtype);
    int64_t elems;
    size_t bytes;
    if (!code)
        return cannot_write(ctx, path, arena_printf(ctx->a, "a .npy file cannot hold elements of type %s",
                                                    dtype_name(dtype)));
    if (!dims_product(rank, dim, dtype_size(dtype), &elems, &bytes))
        return cannot_write(ctx, path, "an array of more than 2 GiB cannot be written");
    buf head, b;
    buf_init(&head, ctx->a);
    buf_printf(&head, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
               dtype_size(dtype) == 1 ? '|' : '<', code);
    for (int i = 0; i < rank; i++)
        buf_printf(&head, "%s%lld", i ? ", " : "", (long long)dim[i]);
    buf_puts(&head, rank == 1 ? ",), }" : "), }");
    while ((FIXED + head.n + 1) % ALIGN)
        buf_puts(&head, " ");
    buf_puts(&head, "\n");
    buf_init(&b, ctx->a);
    buf_bytes(&b, magic, MAGIC_BYTES);
    unsigned char rest[4] = {1, 0, (unsigned char)(head.n & 255), (unsigned char)(head.n >> 8)};
    buf_bytes(&b, rest, sizeof rest);
    buf_bytes(&b, head.p, head.n);
    buf_bytes(&b, data, bytes);
    return file_write(ctx, path, b.p, b.n);
}
