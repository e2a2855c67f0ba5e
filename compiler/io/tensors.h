/* tensors.h - files of named tensors: safetensors, .npz, raw float32; told apart by content.
 *
 * Formats: https://github.com/huggingface/safetensors (README, "Format"); NumPy enhancement
 * proposal 1 (.npy); PKZIP. Contract: contracts.md §2. */
#ifndef QCC_TENSORS_H
#define QCC_TENSORS_H

#include "compiler/base/ctx.h"
#include "compiler/ir/ir.h"

typedef enum tensor_dtype {
    DT_F32, DT_F16, DT_BF16, DT_F64, DT_I8, DT_U8, DT_I16, DT_U16, DT_I32, DT_U32, DT_I64, DT_U64,
    DT_BOOL
} tensor_dtype;
size_t dtype_size(tensor_dtype t);
const char *dtype_name(tensor_dtype t); /* "F32", as safetensors spells it */

typedef struct named_tensor {
    const char *name;
    tensor_dtype dtype;
    int rank;
    int64_t *dim;     /* [rank] */
    int64_t elems;    /* product, checked against overflow */
    const void *data; /* elems little-endian elements, aligned to the element's size, row-major */
} named_tensor;

typedef enum tensor_format { TF_SAFETENSORS, TF_NPZ, TF_RAW } tensor_format;

typedef struct tensor_file {
    const source *src;
    tensor_format format;
    VEC(named_tensor) tensors; /* in order of name; TF_RAW: none, see raw */
    const float *raw;          /* TF_RAW: all values in order of declaration */
    int64_t raw_count;
    VEC(struct { const char *key; const char *value; }) metadata; /* safetensors __metadata__ */
} tensor_file;

/* Reads a weights file. raw_count: how many parameters a raw float32 file must have (< 0: raw files
 * are not accepted). NULL with one diagnostic that names the three formats if it is none of them,
 * or what is wrong in the one that it is. */
tensor_file *tensor_file_read(qctx *ctx, const char *path, int64_t raw_count);
/* The same of a file in memory. */
tensor_file *tensor_file_parse(qctx *ctx, const source *src, int64_t raw_count);
const named_tensor *tensor_file_find(const tensor_file *f, const char *name);

/* Element i of the elements at p as double. */
double dtype_value(tensor_dtype t, const void *p, int64_t i);
/* Value i of any numeric tensor as double (exact; I64/U64 beyond 2^53 round to nearest). */
double tensor_value(const named_tensor *t, int64_t i);

/* Writes safetensors: header keys sorted, data in that order, header padded with spaces so that
 * data is 8-byte aligned: the same bytes for the same tensors. metadata pairs may be NULL. */
bool safetensors_write(qctx *ctx, const char *path, const named_tensor *t, int n,
                       const char *const (*metadata)[2], int n_meta);
/* The same into memory (for writers that publish several files together). */
bool safetensors_format(qctx *ctx, buf *out, const named_tensor *t, int n,
                        const char *const (*metadata)[2], int n_meta);

#endif
