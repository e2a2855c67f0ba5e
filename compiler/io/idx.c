/* idx.c - the IDX format of the MNIST files: two zero bytes, a type code, the rank, one big-endian
 * 32-bit size per dimension, then the elements, big-endian, row-major. */
#include <string.h>

#include "compiler/io/internal.h"

static const struct {
    unsigned char code;
    tensor_dtype dtype;
} codes[] = {
    {0x08, DT_U8}, {0x09, DT_I8}, {0x0b, DT_I16}, {0x0c, DT_I32}, {0x0d, DT_F32}, {0x0e, DT_F64},
};

static bool dtype_of_code(unsigned char code, tensor_dtype *t)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].code == code) {
            *t = codes[i].dtype;
            return true;
        }
    }
    return false;
}

/* Four bytes are told apart from text (no NULs) and from most else by their zeros. */
bool is_idx(const source *src)
{
    const unsigned char *p = (const unsigned char *)src->text;
    return src->len >= 4 && p[0] == 0 && p[1] == 0 && p[2] >= 0x08 && p[2] <= 0x0e;
}

/* NULL when the header is whole and its sizes make sense, else what is wrong with it. */
static const char *parse(const source *src, data_array *d, size_t *offset, size_t *bytes)
{
    const unsigned char *p = (const unsigned char *)src->text;
    int64_t elems;
    *d = (data_array){.format = DF_IDX};
    if (!dtype_of_code(p[2], &d->dtype))
        return "unknown type code";
    d->rank = p[3];
    if (d->rank < 1 || d->rank > IO_MAX_RANK)
        return "a rank that is not in 1 to 8";
    *offset = 4 + 4 * (size_t)d->rank;
    if (src->len < *offset)
        return "truncated inside the header";
    for (int i = 0; i < d->rank; i++) {
        const unsigned char *q = p + 4 + 4 * i;
        d->dim[i] = (int64_t)q[0] << 24 | q[1] << 16 | q[2] << 8 | q[3];
    }
    return dims_product(d->rank, d->dim, dtype_size(d->dtype), &elems, bytes)
               ? NULL
               : "its dimensions make more than 2 GiB";
}

uint64_t idx_file_bytes(const source *src)
{
    data_array d;
    size_t offset, bytes;
    return is_idx(src) && !parse(src, &d, &offset, &bytes) ? (uint64_t)offset + bytes : 0;
}

bool idx_read(qctx *ctx, const source *src, data_array *d)
{
    size_t offset, bytes;
    const char *wrong = parse(src, d, &offset, &bytes);
    if (wrong) {
        diag_add(ctx, D_IDX_HEADER, loc_file(src), "broken IDX header: %s", wrong);
        diag_expected(ctx, "00 00, type code 08, 09, 0b, 0c, 0d or 0e, rank 1 to 8, a big-endian "
                           "32-bit size per dimension");
        return false;
    }
    if (src->len - offset != bytes) {
        diag_add(ctx, D_IDX_SIZE, loc_file(src), "%s IDX file: %zu bytes of elements",
                 src->len - offset < bytes ? "truncated" : "overlong", src->len - offset);
        diag_expected(ctx, "%zu bytes for %s elements of shape %s", bytes, dtype_name(d->dtype),
                      dims_str(ctx->a, d->rank, d->dim));
        return false;
    }
    size_t elem = dtype_size(d->dtype);
    d->data = src->text + offset;
    if (elem > 1) {
        void *copy = arena_memdup(ctx->a, d->data, bytes);
        swap_elements(copy, bytes / elem, elem);
        d->data = copy;
    }
    return true;
}
