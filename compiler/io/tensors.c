/* tensors.c - weights files: told apart by content, looked up by name. */
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/io/internal.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_tensor *)a)->name, ((const named_tensor *)b)->name);
}

bool tensors_sort(qctx *ctx, tensor_file *f)
{
    if (f->tensors.n > 1)
        qsort(f->tensors.v, (size_t)f->tensors.n, sizeof *f->tensors.v, by_name);
    for (int i = 1; i < f->tensors.n; i++) {
        const char *name = f->tensors.v[i].name;
        if (strcmp(name, f->tensors.v[i - 1].name))
            continue;
        diag_add(ctx, D_TENSOR_NAME, loc_file(f->src), "two tensors are called '%s'",
                 shown_name(ctx->a, name));
        diag_expected(ctx, "each name once");
        return false;
    }
    return true;
}

const named_tensor *tensor_file_find(const tensor_file *f, const char *name)
{
    named_tensor key = {.name = name};
    return f->tensors.n ? bsearch(&key, f->tensors.v, (size_t)f->tensors.n, sizeof key, by_name)
                        : NULL;
}

static bool raw_read(qctx *ctx, const source *src, int64_t count, tensor_file *f)
{
    f->format = TF_RAW;
    f->raw = aligned_elements(ctx->a, src->text, src->len, sizeof(float));
    f->raw_count = count;
    return true;
}

static bool is_raw(const source *src, int64_t count)
{
    return count >= 0 && (uint64_t)count <= IO_MAX_BYTES && src->len == (uint64_t)count * sizeof(float);
}

/* Where the file looks like one of the formats but is none, says how. */
static void add_hint(qctx *ctx, const source *src)
{
    if (src->len > 8 && src->text[8] == '{')
        diag_hint(ctx, "it begins like safetensors, but is shorter than its header says: truncated?");
    else if (is_npy(src->text, src->len))
        diag_hint(ctx, "this is a single .npy array; numpy.savez stores named ones");
    else if (src->len >= 2 && !memcmp(src->text, "PK", 2))
        diag_hint(ctx, "this is a zip archive, but an empty or split one");
    else if (is_gzip(src))
        diag_hint(ctx, "this is a gzip file: expand it first");
    else if (src->len >= 2 && !memcmp(src->text, "\x80\x02", 2))
        diag_hint(ctx, "this looks like a Python pickle; save the state_dict with "
                       "safetensors.torch.save_file");
}

static bool unknown_format(qctx *ctx, const source *src, int64_t raw_count)
{
    diag_add(ctx, D_WEIGHTS_FORMAT, loc_file(src), "not a weights file: %zu bytes", src->len);
    if (raw_count >= 0)
        diag_expected(ctx, "safetensors, .npz, or raw float32 of exactly %llu bytes (%lld parameters)",
                      (unsigned long long)raw_count * sizeof(float), (long long)raw_count);
    else
        diag_expected(ctx, "safetensors or .npz (raw float32 cannot be used here)");
    add_hint(ctx, src);
    return false;
}

tensor_file *tensor_file_read(qctx *ctx, const char *path, int64_t raw_count)
{
    const source *src = file_read(ctx, path);
    return src ? tensor_file_parse(ctx, src, raw_count) : NULL;
}

tensor_file *tensor_file_parse(qctx *ctx, const source *src, int64_t raw_count)
{
    tensor_file *f = ARENA_NEW(ctx->a, tensor_file);
    f->src = src;
    bool ok = is_zip(src)                  ? npz_read(ctx, src, f)
              : is_safetensors(src)        ? safetensors_read(ctx, src, f)
              : is_raw(src, raw_count)     ? raw_read(ctx, src, raw_count, f)
                                           : unknown_format(ctx, src, raw_count);
    return ok ? f : NULL;
}
