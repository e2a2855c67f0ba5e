/* internal.h - what the readers of this folder share; nobody else includes it. */
#ifndef QCC_IO_INTERNAL_H
#define QCC_IO_INTERNAL_H

#include "compiler/io/dataset.h"

enum { IO_MAX_RANK = 8 };
/* No file expands to more than this (2 GiB): what file_read takes uncompressed. */
#define IO_MAX_BYTES ((uint64_t)2 << 30)

/* ---- dtype.c ------------------------------------------------------------------------------ */

bool dtype_is_float(tensor_dtype t);
/* Integers proper: BOOL is none. */
bool dtype_is_int(tensor_dtype t);
/* The type that safetensors spells so; false if there is none. */
bool dtype_of_name(const char *word, tensor_dtype *t);
/* Product of dimensions (each ≥ 0) and of that with the element's size; false on overflow of
 * int64 or beyond IO_MAX_BYTES. A zero dimension gives 0, however large the others are. */
bool dims_product(int rank, const int64_t *dim, size_t elem, int64_t *elems, size_t *bytes);
/* p itself when aligned to elem bytes, else a copy that is. */
const void *aligned_elements(arena *a, const void *p, size_t bytes, size_t elem);
/* Reverses the bytes of n elements. */
void swap_elements(void *p, size_t n, size_t elem);
/* "[2, 3]" */
const char *dims_str(arena *a, int rank, const int64_t *dim);
/* A name from a file as it may stand in a message: control characters shown as '?', cut at 80. */
const char *shown_name(arena *a, const char *name);

/* ---- npy.c: the .npy format, alone or as an entry of a .npz -------------------------------- */

/* Why a file is refused, without a place: the caller knows file and entry. */
typedef struct io_error {
    diag_id id;
    const char *what;     /* continues "NAME: " */
    const char *expected; /* or NULL */
} io_error;

typedef struct npy_header {
    tensor_dtype dtype;
    bool swap;    /* elements are big-endian */
    bool fortran; /* first index varies fastest */
    int rank;
    int64_t dim[IO_MAX_RANK];
    int64_t elems;
    size_t bytes;  /* of the data */
    size_t offset; /* of the data from the start of the file */
} npy_header;

enum { NPY_PREFIX = 12 }; /* bytes that npy_data_offset wants to see */
bool is_npy(const void *p, size_t n);
/* Where the data begins, from the first n ≥ NPY_PREFIX bytes (fewer: an error); 0 with *e set. */
size_t npy_data_offset(arena *a, const void *p, size_t n, io_error *e);
/* Parses the header that stands in the first `offset` bytes at p. */
bool npy_parse(arena *a, const void *p, size_t offset, npy_header *h, io_error *e);
/* The h->bytes at raw as native, aligned, row-major elements; raw may be changed in place when it
 * is the caller's own copy. */
const void *npy_elements(arena *a, const npy_header *h, const void *raw);

/* ---- readers ------------------------------------------------------------------------------ */

bool is_safetensors(const source *src);
bool safetensors_read(qctx *ctx, const source *src, tensor_file *f);
bool is_zip(const source *src);
bool npz_read(qctx *ctx, const source *src, tensor_file *f);
/* Sorts by name and refuses a name that appears twice. */
bool tensors_sort(qctx *ctx, tensor_file *f);

bool is_gzip(const source *src);
/* Expands a gzip file (several members too). Stops without error after `limit` bytes when
 * stop_at_limit, else more than that is an error. The result has src's name. */
const source *gunzip(qctx *ctx, const source *src, uint64_t limit, bool stop_at_limit);

/* What a data file holds, before slicing. */
typedef struct data_array {
    data_format format;
    tensor_dtype dtype;
    int rank; /* ≥ 1 */
    int64_t dim[IO_MAX_RANK];
    const void *data;
    const int32_t *labels; /* [dim[0]] or NULL */
} data_array;

enum { IDX_MAX_HEADER = 4 + 4 * IO_MAX_RANK };
bool is_idx(const source *src);
/* Bytes that an IDX file of this beginning has, or 0 when the header is broken or incomplete. */
uint64_t idx_file_bytes(const source *src);
bool idx_read(qctx *ctx, const source *src, data_array *d);

typedef enum csv_use {
    CSV_DATA,        /* a column called "label" holds labels, all others are data */
    CSV_LABEL_FIRST, /* the same; without a header line the first column holds labels */
    CSV_LABELS       /* only labels matter: the column called "label", or the only one */
} csv_use;
bool csv_read(qctx *ctx, const source *src, csv_use use, data_array *d);

#endif
