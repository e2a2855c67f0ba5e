/* safetensors.c - reading safetensors.
 *
 * Eight bytes N (little-endian), N bytes of JSON, then the data. The JSON is an object: names to
 * {"dtype", "shape", "data_offsets": [begin, end]}, offsets counted from the end of the header and
 * covering the data exactly; "__metadata__" maps strings to strings. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/io/internal.h"

enum { LENGTH_BYTES = 8, MAX_HEADER = 100 * 1000 * 1000 };
static const char metadata_key[] = "__metadata__";

static uint64_t header_length(const source *src)
{
    uint64_t n = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | (unsigned char)src->text[i];
    return n;
}

bool is_safetensors(const source *src)
{
    return src->len > LENGTH_BYTES && header_length(src) <= src->len - LENGTH_BYTES &&
           src->text[LENGTH_BYTES] == '{';
}

/* ---- reading ------------------------------------------------------------------------------ */

/* One tensor's place in the data; sorted to find overlaps and holes. */
typedef struct extent {
    uint64_t begin, end;
    const char *name;
} extent;

typedef struct reader {
    qctx *ctx;
    const source *src;
    tensor_file *f;
    const char *data; /* after the header */
    uint64_t bytes;   /* of the data */
    VEC(extent) extents;
} reader;

static void drop_json(void *p)
{
    json_t **slot = p;
    json_decref(*slot);
    *slot = NULL;
}

static bool header_error(const reader *r, const char *what, const char *expected)
{
    diag_add(r->ctx, D_SAFETENSORS_HEADER, loc_file(r->src), "broken safetensors header: %s", what);
    if (expected)
        diag_expected(r->ctx, "%s", expected);
    return false;
}

static bool tensor_error(const reader *r, diag_id id, const char *name, const char *what,
                         const char *expected)
{
    diag_add(r->ctx, id, loc_file(r->src), "tensor '%s': %s", shown_name(r->ctx->a, name), what);
    diag_expected(r->ctx, "%s", expected);
    return false;
}

static bool read_metadata(reader *r, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return header_error(r, "__metadata__ is not an object", "an object of strings");
    json_object_foreach(object, key, value) {
        if (!json_is_string(value))
            return header_error(r, "__metadata__ holds something else than strings",
                                "an object of strings");
        int i = r->f->metadata.n;
        VEC_PUSH(r->ctx->a, &r->f->metadata)->key = arena_strdup(r->ctx->a, key);
        r->f->metadata.v[i].value = arena_strdup(r->ctx->a, json_string_value(value));
    }
    return true;
}

static bool read_dtype(reader *r, json_t *entry, named_tensor *t)
{
    json_t *word = json_object_get(entry, "dtype");
    if (!json_is_string(word))
        return tensor_error(r, D_SAFETENSORS_TENSOR, t->name, "no dtype", "a string like \"F32\"");
    if (dtype_of_name(json_string_value(word), &t->dtype))
        return true;
    return tensor_error(r, D_TENSOR_DTYPE, t->name,
                        arena_printf(r->ctx->a, "elements of type '%s'",
                                     shown_name(r->ctx->a, json_string_value(word))),
                        "F32, F16, BF16, F64, BOOL, I8, U8, I16, U16, I32, U32, I64 or U64");
}

static bool read_shape(reader *r, json_t *entry, named_tensor *t, size_t *bytes)
{
    static const char expected[] = "an array of at most 8 whole numbers";
    json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > IO_MAX_RANK)
        return tensor_error(r, D_SAFETENSORS_TENSOR, t->name, "its shape is missing or no array",
                            expected);
    t->rank = (int)json_array_size(shape);
    t->dim = ARENA_ARRAY(r->ctx->a, int64_t, t->rank);
    for (int i = 0; i < t->rank; i++) {
        json_t *v = json_array_get(shape, (size_t)i);
        if (!json_is_integer(v) || json_integer_value(v) < 0)
            return tensor_error(r, D_SAFETENSORS_TENSOR, t->name,
                                "its shape holds something else than whole numbers", expected);
        t->dim[i] = json_integer_value(v);
    }
    if (dims_product(t->rank, t->dim, dtype_size(t->dtype), &t->elems, bytes))
        return true;
    return tensor_error(r, D_SAFETENSORS_TENSOR, t->name,
                        arena_printf(r->ctx->a, "shape %s is too large",
                                     dims_str(r->ctx->a, t->rank, t->dim)), "at most 2 GiB");
}

static bool read_offsets(reader *r, json_t *entry, named_tensor *t, size_t bytes)
{
    json_t *pair = json_object_get(entry, "data_offsets");
    json_t *begin = json_array_get(pair, 0), *end = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return tensor_error(r, D_SAFETENSORS_TENSOR, t->name, "its data_offsets are missing or broken",
                            "[begin, end] with 0 <= begin <= end");
    extent x = {(uint64_t)json_integer_value(begin), (uint64_t)json_integer_value(end), t->name};
    if (x.end > r->bytes)
        return tensor_error(r, D_SAFETENSORS_OFFSETS, t->name,
                            arena_printf(r->ctx->a, "its data ends at byte %llu of %llu",
                                         (unsigned long long)x.end, (unsigned long long)r->bytes),
                            "offsets inside the file (is it truncated?)");
    if (x.end - x.begin != bytes)
        return tensor_error(r, D_SAFETENSORS_TENSOR, t->name,
                            arena_printf(r->ctx->a, "its data has %llu bytes",
                                         (unsigned long long)(x.end - x.begin)),
                            arena_printf(r->ctx->a, "%zu bytes for %s elements of shape %s", bytes,
                                         dtype_name(t->dtype), dims_str(r->ctx->a, t->rank, t->dim)));
    *VEC_PUSH(r->ctx->a, &r->extents) = x;
    t->data = aligned_elements(r->ctx->a, r->data + x.begin, bytes, dtype_size(t->dtype));
    return true;
}

static bool read_tensor(reader *r, const char *name, json_t *entry)
{
    named_tensor t = {.name = arena_strdup(r->ctx->a, name)};
    size_t bytes;
    if (!json_is_object(entry))
        return tensor_error(r, D_SAFETENSORS_TENSOR, name, "its entry is no object",
                            "an object with dtype, shape, data_offsets");
    if (!read_dtype(r, entry, &t) || !read_shape(r, entry, &t, &bytes) ||
        !read_offsets(r, entry, &t, bytes))
        return false;
    *VEC_PUSH(r->ctx->a, &r->f->tensors) = t;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The format allows neither overlaps nor holes: every byte belongs to exactly one tensor. */
static bool check_cover(reader *r)
{
    uint64_t at = 0;
    if (r->extents.n > 1)
        qsort(r->extents.v, (size_t)r->extents.n, sizeof *r->extents.v, by_place);
    for (int i = 0; i < r->extents.n; i++) {
        const extent *x = &r->extents.v[i];
        if (x->begin != at)
            return tensor_error(r, D_SAFETENSORS_OFFSETS, x->name,
                                x->begin < at ? "its data overlaps another tensor's"
                                              : "a hole in the data before it",
                                arena_printf(r->ctx->a, "data from byte %llu on",
                                             (unsigned long long)at));
        at = x->end;
    }
    if (at == r->bytes)
        return true;
    diag_add(r->ctx, D_SAFETENSORS_OFFSETS, loc_file(r->src),
             "%llu bytes after the data of the last tensor", (unsigned long long)(r->bytes - at));
    diag_expected(r->ctx, "tensors that cover the data exactly");
    return false;
}

static bool read_entries(reader *r, json_t *root)
{
    const char *name;
    json_t *entry;
    json_object_foreach(root, name, entry) {
        bool meta = !strcmp(name, metadata_key);
        if (meta ? !read_metadata(r, entry) : !read_tensor(r, name, entry))
            return false;
    }
    return check_cover(r) && tensors_sort(r->ctx, r->f);
}

bool safetensors_read(qctx *ctx, const source *src, tensor_file *f)
{
    uint64_t n = header_length(src);
    reader r = {.ctx = ctx, .src = src, .f = f};
    r.data = src->text + LENGTH_BYTES + n;
    r.bytes = src->len - LENGTH_BYTES - n;
    if (n > MAX_HEADER)
        return header_error(&r, arena_printf(ctx->a, "%llu bytes long", (unsigned long long)n),
                            "at most 100,000,000 bytes");
    json_t **slot = ARENA_NEW(ctx->a, json_t *);
    arena_defer(ctx->a, drop_json, slot);
    json_error_t error;
    *slot = json_loadb(src->text + LENGTH_BYTES, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    f->format = TF_SAFETENSORS;
    bool ok = *slot ? read_entries(&r, *slot)
                    : header_error(&r, shown_name(ctx->a, error.text),
                                   arena_printf(ctx->a, "JSON (it breaks at byte %d of the header)",
                                                error.position));
    drop_json(slot);
    return ok;
}
