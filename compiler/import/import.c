/* import.c - a model's file to a pair in memory. */
#include "compiler/import/import.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "compiler/base/file.h"
#include "compiler/base/sha256.h"
#include "compiler/quant/quant.h"

static const struct format {
    const char *ending, *tool;
    ir_graph *(*import)(qctx *, const source *, const char *, const import_options *);
} formats[] = {
    {".tflite", "TensorFlow Lite", import_tflite},
    {".onnx", "ONNX", import_onnx},
};

static const struct format *find_format(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t k = strlen(formats[i].ending);
        if (n > k && !strcasecmp(path + n - k, formats[i].ending))
            return &formats[i];
    }
    return NULL;
}

bool import_takes(const char *path) { return find_format(path) != NULL; }

bool import_binds(qctx *ctx, const char *path)
{
    const struct format *f = find_format(path);
    if (f && f->import == import_onnx)
        return true;
    diag_add(ctx, D_IMPORT_BIND, loc_none(), "--bind is for inputs of .onnx models, which %s is not",
             path);
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *import_model_name(qctx *ctx, const char *path)
{
    const char *base = base_name(path);
    const struct format *f = find_format(path);
    size_t n = strlen(base) - (f ? strlen(f->ending) : 0);
    return n ? arena_strndup(ctx->a, base, n) : "net";
}

static const source *text_source(qctx *ctx, const char *name, const buf *b)
{
    source *s = ARENA_NEW(ctx->a, source);
    *s = (source){.name = name, .text = buf_str(b), .len = b->n};
    return s;
}

/* A file's name as it may stand in a comment of a text in ASCII. */
static const char *comment_name(qctx *ctx, const char *path)
{
    char *s = arena_strdup(ctx->a, base_name(path));
    for (char *p = s; *p; p++)
        if (!isascii((unsigned char)*p) || !isprint((unsigned char)*p))
            *p = '?';
    return s;
}

static const char *file_sha256(qctx *ctx, const source *file)
{
    sha256 s;
    char *hex = arena_alloc(ctx->a, 65);
    sha256_init(&s);
    sha256_update(&s, file->text, file->len);
    sha256_hex(&s, hex);
    return hex;
}

imported *import_model(qctx *ctx, const char *path, const char *name, const import_options *o)
{
    const source *file = file_read(ctx, path);
    return file ? import_source(ctx, file, name, o) : NULL;
}

imported *import_source(qctx *ctx, const source *file, const char *name, const import_options *o)
{
    const char *path = file->name;
    const struct format *f = find_format(path);
    ir_graph *g = f ? f->import(ctx, file, name, o) : NULL;
    if (!g)
        return NULL;
    if (o->layout)
        g->layout = o->layout;
    buf qdl, weights;
    buf_init(&qdl, ctx->a);
    buf_init(&weights, ctx->a);
    imported *pair = ARENA_NEW(ctx->a, imported);
    pair->quantized = g->stage == IR_QUANTIZED;
    g->source_sha256 = file_sha256(ctx, file);
    const char *comment =
        arena_printf(ctx->a, "Imported by qcc from %s (%s, float32).\nSHA-256 of that file: %s",
                     comment_name(ctx, path), f->tool, g->source_sha256);
    bool ok = pair->quantized ? format_pair(ctx, g, &qdl, &weights)
                              : format_float(ctx, g, comment, &qdl, &weights);
    pair->qdl = text_source(ctx, arena_printf(ctx->a, "%s (as QDL)", path), &qdl);
    pair->weights = text_source(ctx, arena_printf(ctx->a, "%s (its weights)", path), &weights);
    return ok ? pair : NULL;
}
