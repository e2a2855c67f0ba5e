/* dataset.c - rows of inputs and labels from .npy, IDX (plain or gzip) and CSV files. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/base/sha256.h"
#include "compiler/io/internal.h"

/* ---- FILE[:OFFSET+COUNT] ------------------------------------------------------------------ */

typedef struct data_spec {
    const char *path;
    bool sliced;
    int64_t offset, count;
} data_spec;

static bool parse_count(const char **p, int64_t *v)
{
    const char *begin = *p;
    *v = 0;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, **p - '0', v))
            *v = INT64_MAX; /* beyond every file; reported as such */
    }
    return *p > begin;
}

/* A file whose own name is the whole spec wins; a colon without OFFSET+COUNT belongs to the name. */
static data_spec parse_spec(qctx *ctx, const char *spec)
{
    data_spec s = {.path = spec};
    const char *colon = strrchr(spec, ':');
    if (!colon || access(spec, F_OK) == 0)
        return s;
    const char *p = colon + 1;
    if (parse_count(&p, &s.offset) && *p++ == '+' && parse_count(&p, &s.count) && !*p) {
        s.path = arena_strndup(ctx->a, spec, (size_t)(colon - spec));
        s.sliced = true;
    }
    return s;
}

static bool slice(qctx *ctx, const source *src, const data_spec *s, int64_t rows, int64_t *first,
                  int64_t *count)
{
    *first = s->sliced ? s->offset : 0;
    *count = s->sliced ? s->count : rows;
    if (*count >= 1 && *first <= rows && *count <= rows - *first)
        return true;
    if (!s->sliced) {
        diag_add(ctx, D_DATA_EMPTY, loc_file(src), "the file has no rows");
        diag_expected(ctx, "at least one row");
        return false;
    }
    if (s->count < 1)
        diag_add(ctx, D_DATA_SLICE, loc_file(src), "no rows are asked for");
    else
        diag_add(ctx, D_DATA_SLICE, loc_file(src), "rows %lld+%lld are asked for, the file has %lld",
                 (long long)s->offset, (long long)s->count, (long long)rows);
    diag_expected(ctx, "FILE:OFFSET+COUNT with OFFSET + COUNT at most %lld and COUNT at least 1",
                  (long long)rows);
    return false;
}

/* ---- reading by content ------------------------------------------------------------------- */

static bool npy_error(qctx *ctx, const source *src, const io_error *e)
{
    diag_add(ctx, e->id, loc_file(src), "%s", e->what);
    if (e->expected)
        diag_expected(ctx, "%s", e->expected);
    return false;
}

static bool npy_read(qctx *ctx, const source *src, data_array *d)
{
    io_error e;
    npy_header h;
    size_t offset = npy_data_offset(ctx->a, src->text, src->len, &e);
    if (offset > src->len) {
        e = (io_error){D_NPY_HEADER, "truncated inside the .npy header", NULL};
        offset = 0;
    }
    if (!offset || !npy_parse(ctx->a, src->text, offset, &h, &e))
        return npy_error(ctx, src, &e);
    if (src->len - offset != h.bytes) {
        e = (io_error){D_NPY_SIZE,
                       arena_printf(ctx->a, "%s .npy array: %zu bytes of elements",
                                    src->len - offset < h.bytes ? "truncated" : "overlong",
                                    src->len - offset),
                       arena_printf(ctx->a, "%zu bytes for %s elements of shape %s", h.bytes,
                                    dtype_name(h.dtype), dims_str(ctx->a, h.rank, h.dim))};
        return npy_error(ctx, src, &e);
    }
    *d = (data_array){.format = DF_NPY, .dtype = h.dtype, .rank = h.rank ? h.rank : 1};
    memcpy(d->dim, h.dim, sizeof d->dim);
    d->dim[0] = h.rank ? h.dim[0] : 1;
    d->data = npy_elements(ctx->a, &h, src->text + offset);
    return true;
}

/* How far a gzip file may expand: what the header of the array in it claims. */
static const source *expand(qctx *ctx, const source *src)
{
    const source *head = gunzip(ctx, src, IDX_MAX_HEADER, true);
    if (!head)
        return NULL;
    uint64_t bytes = idx_file_bytes(head);
    if (is_idx(head) && !bytes)
        return head; /* idx_read says what is wrong with its header */
    return gunzip(ctx, src, bytes ? bytes : IO_MAX_BYTES, false);
}

static bool unknown_format(qctx *ctx, const source *src)
{
    if (src->len == 0)
        diag_add(ctx, D_DATA_EMPTY, loc_file(src), "the file is empty");
    else
        diag_add(ctx, D_DATA_FORMAT, loc_file(src), "not a data file: %zu bytes", src->len);
    diag_expected(ctx, "a .npy array, an IDX file (plain or gzip), or CSV text");
    if (is_zip(src))
        diag_hint(ctx, "a .npz holds several arrays: give one of them as .npy");
    return false;
}

/* Text that may be CSV: no NULs, no control characters near its beginning, and no byte at its very
 * beginning that starts no UTF-8 character. */
static bool is_text(const source *s)
{
    enum { LOOK = 256 };
    if (s->len == 0 || ((unsigned char)s->text[0] & 0xc0) == 0x80 || memchr(s->text, 0, s->len))
        return false;
    for (size_t i = 0; i < s->len && i < LOOK; i++) {
        if ((unsigned char)s->text[i] < 32 && !strchr("\t\r\n", s->text[i]))
            return false;
    }
    return true;
}

/* The whole file; *src becomes what diagnostics about rows should point at. */
static bool read_array(qctx *ctx, const data_spec *spec, csv_use use, const source **src,
                       data_array *d)
{
    *src = file_read(ctx, spec->path);
    if (!*src && !spec->sliced && strchr(spec->path, ':'))
        diag_hint(ctx, "some rows of a file are written FILE:OFFSET+COUNT, as in train.npy:0+200");
    if (*src && is_gzip(*src))
        *src = expand(ctx, *src);
    if (!*src)
        return false;
    const source *s = *src;
    if (is_npy(s->text, s->len))
        return npy_read(ctx, s, d);
    if (is_idx(s))
        return idx_read(ctx, s, d);
    if (is_text(s) && !is_zip(s))
        return csv_read(ctx, s, use, d);
    return unknown_format(ctx, s);
}

/* ---- rows --------------------------------------------------------------------------------- */

/* Every value is finite and inside float32, in which nets compute. */
static bool check_values(qctx *ctx, const dataset *d)
{
    if (!dtype_is_float(d->dtype))
        return true;
    for (int64_t i = 0; i < d->rows * d->row_elems; i++) {
        double v = dtype_value(d->dtype, d->data, i);
        if (fabs(v) <= (double)FLT_MAX)
            continue;
        diag_add(ctx, D_DATA_VALUE, loc_file(d->src), "%s in row %lld",
                 isnan(v) ? "NaN" : isinf(v) ? "infinity" : "a value beyond float32",
                 (long long)(d->first_row + i / d->row_elems));
        diag_expected(ctx, "finite float32 values (rows count from 0)");
        return false;
    }
    return true;
}

static void hash_rows(dataset *d)
{
    sha256 s;
    sha256_init(&s);
    sha256_update(&s, d->data, (size_t)(d->rows * d->row_elems) * dtype_size(d->dtype));
    sha256_hex(&s, d->sha256);
}

static bool row_elems(qctx *ctx, const source *src, const data_array *a, int64_t *n)
{
    size_t bytes;
    if (dims_product(a->rank - 1, a->dim + 1, dtype_size(a->dtype), n, &bytes) && *n > 0 &&
        a->dim[0] > 0)
        return true;
    diag_add(ctx, D_DATA_EMPTY, loc_file(src), "an array of shape %s holds no values",
             dims_str(ctx->a, a->rank, a->dim));
    diag_expected(ctx, "at least one row");
    return false;
}

dataset *dataset_read(qctx *ctx, const char *spec, bool label_column)
{
    data_spec s = parse_spec(ctx, spec);
    data_array a;
    dataset *d = ARENA_NEW(ctx->a, dataset);
    if (!read_array(ctx, &s, label_column ? CSV_LABEL_FIRST : CSV_DATA, &d->src, &a) ||
        !row_elems(ctx, d->src, &a, &d->row_elems) ||
        !slice(ctx, d->src, &s, a.dim[0], &d->first_row, &d->rows))
        return NULL;
    size_t skip = (size_t)(d->first_row * d->row_elems) * dtype_size(a.dtype);
    d->path = s.path;
    d->format = a.format;
    d->dtype = a.dtype;
    d->rank = a.rank;
    memcpy(d->dim, a.dim, sizeof a.dim);
    d->data = (const char *)a.data + skip;
    d->labels = a.labels ? a.labels + d->first_row : NULL;
    if (!check_values(ctx, d))
        return NULL;
    hash_rows(d);
    return d;
}

/* ---- labels ------------------------------------------------------------------------------- */

static bool labels_type_error(qctx *ctx, const source *src, const data_array *a)
{
    diag_add(ctx, D_LABELS_TYPE, loc_file(src), "%s elements of shape %s are no labels",
             dtype_name(a->dtype), dims_str(ctx->a, a->rank, a->dim));
    diag_expected(ctx, "one whole number a row: an integer array of one dimension, or CSV");
    return false;
}

static bool label_range_error(qctx *ctx, const source *src, double v, int64_t row, int classes)
{
    diag_add(ctx, D_LABELS_RANGE, loc_file(src), "the label %.0f in row %lld is no class", v,
             (long long)row);
    diag_expected(ctx, "0 to %d, as the model has %d classes (rows count from 0)", classes - 1,
                  classes);
    return false;
}

bool labels_read(qctx *ctx, const char *spec, int classes, int64_t want_rows, int32_t **labels)
{
    data_spec s = parse_spec(ctx, spec);
    const source *src;
    data_array a;
    int64_t first, count;
    if (!read_array(ctx, &s, CSV_LABELS, &src, &a))
        return false;
    if (!a.labels && (a.rank != 1 || !dtype_is_int(a.dtype)))
        return labels_type_error(ctx, src, &a);
    if (!slice(ctx, src, &s, a.dim[0], &first, &count))
        return false;
    if (want_rows >= 0 && count != want_rows) {
        diag_add(ctx, D_LABELS_COUNT, loc_file(src), "%lld labels for %lld rows", (long long)count,
                 (long long)want_rows);
        diag_expected(ctx, "one label a row; FILE:OFFSET+COUNT takes some of them");
        return false;
    }
    int32_t *out = ARENA_ARRAY(ctx->a, int32_t, count);
    for (int64_t i = 0; i < count; i++) {
        double v = a.labels ? a.labels[first + i] : dtype_value(a.dtype, a.data, first + i);
        if (!(v >= 0 && v < classes))
            return label_range_error(ctx, src, v, first + i, classes);
        out[i] = (int32_t)v;
    }
    *labels = out;
    return true;
}

bool dataset_labels_check(qctx *ctx, const dataset *d, int classes)
{
    for (int64_t i = 0; d->labels && i < d->rows; i++) {
        if (d->labels[i] < 0 || d->labels[i] >= classes)
            return label_range_error(ctx, d->src, d->labels[i], d->first_row + i, classes);
    }
    return true;
}
