/* ports.c - how the rows of a dataset become a model's input (contracts.md §1, `run`). */
#include <math.h>
#include <string.h>

#include "compiler/io/internal.h"
#include "compiler/quant/grid.h"

/* ---- shape -------------------------------------------------------------------------------- */

int port_host_shape(const ir_shape *s, bool nchw, int64_t *dim)
{
    for (int i = 0; i < s->rank; i++)
        dim[i] = s->dim[i];
    if (nchw && s->rank > 1) {
        dim[0] = s->dim[s->rank - 1];
        for (int i = 1; i < s->rank; i++)
            dim[i] = s->dim[i - 1];
    }
    return s->rank;
}

static bool same_dims(int rank, const int64_t *dim, int want_rank, const int64_t *want)
{
    return rank == want_rank && (rank == 0 || !memcmp(dim, want, sizeof *dim * (size_t)rank));
}

/* Dimensions of 1 left out of both: order of elements and their number stay the same. */
static int squeeze(int rank, const int64_t *dim, int64_t *out)
{
    int n = 0;
    for (int i = 0; i < rank; i++) {
        if (dim[i] != 1)
            out[n++] = dim[i];
    }
    return n;
}

static bool same_squeezed(int rank, const int64_t *dim, int want_rank, const int64_t *want)
{
    int64_t a[IO_MAX_RANK], b[IO_MAX_RANK];
    int na = squeeze(rank, dim, a), nb = squeeze(want_rank, want, b);
    return same_dims(na, a, nb, b);
}

/* Rows with the exact shape, or the whole file as one row; then both again where dimensions of 1
 * may be absent; at last a flat row, as CSV has them. */
static bool match_rows(const dataset *d, int want_rank, const int64_t *want, int64_t elems,
                       bool *leading)
{
    *leading = true;
    if (same_dims(d->rank - 1, d->dim + 1, want_rank, want))
        return true;
    if (same_dims(d->rank, d->dim, want_rank, want)) {
        *leading = false;
        return true;
    }
    if (same_squeezed(d->rank - 1, d->dim + 1, want_rank, want))
        return true;
    if (same_squeezed(d->rank, d->dim, want_rank, want)) {
        *leading = false;
        return true;
    }
    return d->format == DF_CSV && d->row_elems == elems;
}

/* Layers have ports too, where a file holds reference values of them. */
static const char *port_word(const ir_tensor *port) { return port->producer ? "layer" : "input"; }

static bool shape_error(qctx *ctx, const ir_tensor *port, const dataset *d, int rank,
                        const int64_t *dim, const char *layout)
{
    diag_add(ctx, D_INPUT_SHAPE, loc_file(d->src), "an array of shape %s does not fit %s '%s'",
             dims_str(ctx->a, d->rank, d->dim), port_word(port), port->name);
    diag_expected(ctx, "rows of shape %s (%s; a leading dimension counts rows)",
                  dims_str(ctx->a, rank, dim), layout);
    return false;
}

static bool match_shape(qctx *ctx, const ir_tensor *port, const dataset *d, const char *layout,
                        port_map *m)
{
    int64_t dim[IO_MAX_RANK];
    bool nchw = !strcmp(layout, "nchw"), leading;
    int rank = port_host_shape(&port->shape, nchw, dim);
    int64_t channels = port->shape.rank ? port->shape.dim[port->shape.rank - 1] : 1;
    if (!match_rows(d, rank, dim, ir_elems(&port->shape), &leading))
        return shape_error(ctx, port, d, rank, dim, layout);
    if (!leading && d->rows != d->dim[0]) {
        diag_add(ctx, D_DATA_SLICE, loc_file(d->src),
                 "the file holds one row without a leading dimension: it cannot be sliced");
        diag_expected(ctx, "an array whose first dimension counts rows");
        return false;
    }
    m->rows = leading ? d->rows : 1;
    m->from_nchw = nchw && port->shape.rank > 1 && channels > 1;
    return true;
}

/* ---- type --------------------------------------------------------------------------------- */

static bool type_error(qctx *ctx, const ir_tensor *port, const dataset *d, const char *why,
                       const char *expected)
{
    diag_add(ctx, D_INPUT_TYPE, loc_file(d->src), "%s elements do not fit %s '%s': %s",
             dtype_name(d->dtype), port_word(port), port->name, why);
    diag_expected(ctx, "%s", expected);
    return false;
}

/* Are the file's elements codes, and are they of a type that says which codes are meant? */
static bool match_type(qctx *ctx, const ir_tensor *port, const dataset *d, port_map *m)
{
    m->codes = d->codes || !dtype_is_float(d->dtype);
    if (!m->codes)
        return true;
    if (d->codes && d->format != DF_CSV && dtype_is_float(d->dtype))
        return type_error(ctx, port, d, "floating-point numbers are no codes",
                          "an integer array, or real values without --codes");
    if (d->dtype == DT_U8 && !port->u8_port)
        return type_error(ctx, port, d, "8-bit unsigned codes belong to an input declared as u8",
                          "signed integers (the codes that the C takes) or real values");
    if (d->dtype == DT_BOOL || d->dtype == DT_U16 || d->dtype == DT_U32 || d->dtype == DT_U64)
        return type_error(ctx, port, d, "no codes have this type",
                          "u8, i8, i16 or i32 codes, or float real values");
    if (!port->quant)
        return type_error(ctx, port, d, "codes have no meaning before the input is quantized",
                          "real values, or an input declared with a real range or a scale");
    return true;
}

/* Codes in the file to codes of the C: u8 codes and the CSV codes of a u8 port are shifted by 128. */
static int32_t code_shift(const port_map *m)
{
    bool declared = m->data->dtype == DT_U8 || (m->data->format == DF_CSV && m->port->u8_port);
    return m->codes && declared ? 128 : 0;
}

static bool check_codes(qctx *ctx, const port_map *m)
{
    const dataset *d = m->data;
    if (!m->codes || d->dtype == DT_U8 || (d->dtype == DT_I8 && m->port->quant->bits >= 8))
        return true;
    double half = ldexp(1, m->port->quant->bits - 1), shift = code_shift(m);
    for (int64_t i = 0; i < d->rows * d->row_elems; i++) {
        double v = dtype_value(d->dtype, d->data, i);
        if (v == floor(v) && v - shift >= -half && v - shift <= half - 1)
            continue;
        diag_add(ctx, D_INPUT_CODE, loc_file(d->src), "%.10g in row %lld is no code of %s '%s'", v,
                 (long long)(d->first_row + i / d->row_elems), port_word(m->port), m->port->name);
        diag_expected(ctx, "whole numbers from %.0f to %.0f (rows count from 0)", shift - half,
                      shift + half - 1);
        return false;
    }
    return true;
}

bool port_map_make(qctx *ctx, const ir_tensor *port, const dataset *d, const char *layout,
                   port_map *m)
{
    *m = (port_map){.port = port, .data = d};
    if (!layout)
        layout = "nhwc";
    if (strcmp(layout, "nhwc") && strcmp(layout, "nchw")) {
        diag_add(ctx, D_INPUT_LAYOUT, loc_none(), "unknown layout '%s'",
                 shown_name(ctx->a, layout));
        diag_expected(ctx, "nhwc or nchw");
        return false;
    }
    return match_shape(ctx, port, d, layout, m) && match_type(ctx, port, d, m) && check_codes(ctx, m);
}

/* ---- rows --------------------------------------------------------------------------------- */

int64_t port_host_index(const ir_shape *s, bool nchw, int64_t i)
{
    int64_t channels = s->rank > 1 ? s->dim[s->rank - 1] : 1;
    return nchw ? i % channels * (ir_elems(s) / channels) + i / channels : i;
}

static double row_value(const port_map *m, int64_t elems, int64_t row, int64_t i)
{
    return dtype_value(m->data->dtype, m->data->data, row * elems + port_host_index(&m->port->shape, m->from_nchw, i));
}

void port_row_real(const port_map *m, int64_t row, float *out)
{
    int64_t elems = ir_elems(&m->port->shape);
    int32_t shift = code_shift(m);
    for (int64_t i = 0; i < elems; i++) {
        double v = row_value(m, elems, row, i);
        out[i] = (float)(m->codes ? quant_value(m->port->quant, 0, (int32_t)v - shift) : v);
    }
}

/* The limits are those of the code's type, as in the emitted NAME_quantize_input, even where the grid
 * is symmetric and leaves the lowest code out. */
void port_row_codes(const port_map *m, int64_t row, void *out)
{
    const ir_quant *q = m->port->quant;
    int64_t elems = ir_elems(&m->port->shape);
    int32_t shift = code_shift(m), zero = q->zero ? q->zero[0] : 0;
    int32_t lo = -((int32_t)1 << (q->bits - 1)), hi = -lo - 1;
    for (int64_t i = 0; i < elems; i++) {
        double v = row_value(m, elems, row, i);
        int32_t code = m->codes ? (int32_t)v - shift
                                : port_quantize((float)v, q->scale[0], zero, lo, hi);
        if (q->bits > 8)
            ((int16_t *)out)[i] = (int16_t)code;
        else
            ((int8_t *)out)[i] = (int8_t)code;
    }
}
