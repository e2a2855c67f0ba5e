/* safetensors_write.c - writing safetensors: the same bytes for the same tensors.
 *
 * __metadata__ comes first, its keys sorted; then the tensors, sorted by name, with their data in
 * that order and no holes; the header is padded with spaces to a multiple of eight. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/io/internal.h"

typedef struct pair {
    const char *key, *value;
} pair;

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const named_tensor *const *)a)->name, (*(const named_tensor *const *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

/* Appends s as a JSON string; UTF-8 passes through. */
static void put_string(buf *b, const char *s)
{
    buf_puts(b, "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_printf(b, "\\%c", *s);
        else if ((unsigned char)*s < 32)
            buf_printf(b, "\\u%04x", (unsigned)*s);
        else
            buf_bytes(b, s, 1);
    }
    buf_puts(b, "\"");
}

static bool is_utf8(const char *s)
{
    json_t *j = json_string(s); /* jansson refuses what is not */
    json_decref(j);
    return j != NULL;
}

static bool name_error(qctx *ctx, const char *name, const char *what)
{
    diag_add(ctx, D_TENSOR_NAME, loc_none(), "a tensor cannot be saved as '%s': %s",
             shown_name(ctx->a, name), what);
    diag_expected(ctx, "names in UTF-8, each once, none of them __metadata__");
    return false;
}

static bool put_metadata(qctx *ctx, buf *b, const char *const (*metadata)[2], int n)
{
    pair *pairs = ARENA_ARRAY(ctx->a, pair, n);
    for (int i = 0; i < n; i++) {
        pairs[i] = (pair){metadata[i][0], metadata[i][1]};
        if (!is_utf8(pairs[i].key) || !is_utf8(pairs[i].value))
            return name_error(ctx, pairs[i].key, "its metadata is not UTF-8");
    }
    if (n > 1)
        qsort(pairs, (size_t)n, sizeof *pairs, by_key);
    buf_puts(b, "\"__metadata__\":{");
    for (int i = 0; i < n; i++) {
        if (i > 0 && !strcmp(pairs[i].key, pairs[i - 1].key))
            return name_error(ctx, pairs[i].key, "a key of its metadata appears twice");
        buf_puts(b, i ? "," : "");
        put_string(b, pairs[i].key);
        buf_puts(b, ":");
        put_string(b, pairs[i].value);
    }
    buf_puts(b, "}");
    return true;
}

static void put_entry(buf *b, const named_tensor *t, uint64_t begin, uint64_t end)
{
    put_string(b, t->name);
    buf_printf(b, ":{\"dtype\":\"%s\",\"shape\":[", dtype_name(t->dtype));
    for (int i = 0; i < t->rank; i++)
        buf_printf(b, "%s%lld", i ? "," : "", (long long)t->dim[i]);
    buf_printf(b, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
               (unsigned long long)end);
}

static uint64_t data_bytes(const named_tensor *t)
{
    return (uint64_t)t->elems * dtype_size(t->dtype);
}

static bool put_entries(qctx *ctx, buf *b, const named_tensor *const *sorted, int n, bool comma)
{
    uint64_t at = 0;
    for (int i = 0; i < n; i++) {
        const char *name = sorted[i]->name;
        if (!is_utf8(name) || !strcmp(name, "__metadata__"))
            return name_error(ctx, name, "that is not a name in UTF-8, or it is reserved");
        if (i > 0 && !strcmp(name, sorted[i - 1]->name))
            return name_error(ctx, name, "another tensor has that name");
        buf_puts(b, comma || i ? "," : "");
        put_entry(b, sorted[i], at, at + data_bytes(sorted[i]));
        at += data_bytes(sorted[i]);
    }
    return true;
}

bool safetensors_format(qctx *ctx, buf *out, const named_tensor *t, int n,
                        const char *const (*metadata)[2], int n_meta)
{
    const named_tensor **sorted = ARENA_ARRAY(ctx->a, const named_tensor *, n);
    for (int i = 0; i < n; i++)
        sorted[i] = &t[i];
    if (n > 1)
        qsort(sorted, (size_t)n, sizeof *sorted, by_name);
    buf head;
    buf_init(&head, ctx->a);
    buf_puts(&head, "{");
    if (n_meta > 0 && !put_metadata(ctx, &head, metadata, n_meta))
        return false;
    if (!put_entries(ctx, &head, sorted, n, n_meta > 0))
        return false;
    buf_puts(&head, "}");
    while (head.n % 8)
        buf_puts(&head, " ");
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)head.n >> (8 * i));
    buf_bytes(out, length, sizeof length);
    buf_bytes(out, head.p, head.n);
    for (int i = 0; i < n; i++)
        buf_bytes(out, sorted[i]->data, (size_t)data_bytes(sorted[i]));
    return true;
}

bool safetensors_write(qctx *ctx, const char *path, const named_tensor *t, int n,
                       const char *const (*metadata)[2], int n_meta)
{
    buf b;
    buf_init(&b, ctx->a);
    return safetensors_format(ctx, &b, t, n, metadata, n_meta) && file_write(ctx, path, b.p, b.n);
}
