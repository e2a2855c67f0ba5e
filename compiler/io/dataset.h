/* dataset.h - rows of inputs and labels: .npy, IDX (plain or gzip), CSV with a label column. */
#ifndef QCC_DATASET_H
#define QCC_DATASET_H

#include "compiler/io/tensors.h"

typedef enum data_format { DF_NPY, DF_IDX, DF_CSV } data_format;

typedef struct dataset {
    const source *src;
    const char *path;
    data_format format;
    tensor_dtype dtype;  /* CSV: DT_F32 */
    int rank;            /* ≥ 1, first dimension = rows (as in the file, before slicing) */
    int64_t dim[8];
    int64_t rows;        /* after FILE:OFFSET+COUNT */
    int64_t first_row;   /* OFFSET: row of the file that data begins with; for messages */
    int64_t row_elems;   /* elements of one row */
    const void *data;    /* rows * row_elems elements */
    const int32_t *labels; /* CSV with a label column: rows labels, else NULL */
    bool codes;          /* set by the caller for CSV with --codes */
    char sha256[65];     /* of the selected rows' bytes: "the same content in two roles" */
} dataset;

/* spec is FILE or FILE:OFFSET+COUNT (a file whose name holds a colon wins if it exists). CSV: one
 * row a line, comma separated, optional header line; a column called "label" (or, without a header,
 * the first column when label_column is true) holds the label. */
dataset *dataset_read(qctx *ctx, const char *spec, bool label_column);
/* Labels: a rank-1 integer .npy/IDX or a one-column CSV. Every label is in [0, classes). */
bool labels_read(qctx *ctx, const char *spec, int classes, int64_t want_rows, int32_t **labels);

/* The labels that came with a CSV (if any): every one in [0, classes)? */
bool dataset_labels_check(qctx *ctx, const dataset *d, int classes);

/* How rows of a dataset become a model's input port t: checks shape (with or without a leading
 * dimension of rows; the host layout nchw or nhwc; trailing dimension 1 may be absent) and type
 * (contracts.md §1, `run`). The port must have a quantization for codes to make sense. */
typedef struct port_map {
    const ir_tensor *port;
    const dataset *data;
    bool codes;          /* rows are codes, else real values */
    bool from_nchw;      /* transpose each row C,H,W → H,W,C */
    int64_t rows;
} port_map;
bool port_map_make(qctx *ctx, const ir_tensor *port, const dataset *d, const char *layout,
                   port_map *m);
/* Row r as real values (codes are dequantized by the port's quantization)… */
void port_row_real(const port_map *m, int64_t row, float *out);
/* …and as the codes that the C takes (int8 or int16 in a buffer of the port's type), float values
 * quantized exactly as the emitted NAME_quantize_input does. */
void port_row_codes(const port_map *m, int64_t row, void *out);

/* A row as the host stores it, as it is in the C or with channels first (nchw): its dimensions and rank,
 * and where element i of the C's stands. */
int port_host_shape(const ir_shape *s, bool nchw, int64_t *dim);
int64_t port_host_index(const ir_shape *s, bool nchw, int64_t i);

/* Writes a .npy (format 1.0, C order). dtype any of ours but BF16. */
bool npy_write(qctx *ctx, const char *path, tensor_dtype dtype, int rank, const int64_t *dim,
               const void *data);

#endif
