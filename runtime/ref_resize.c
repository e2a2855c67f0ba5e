/* ref_resize.c - resize to nearest cells and bilinear, in codes and floats (docs/numerics.md). */
#include <math.h>

#include "runtime/arith.h"
#include "runtime/ref.h"

static int smaller(int a, int b)
{
    return a < b ? a : b;
}
static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Input cells per output cell along axis d, in float32. */
static float cells_per_place(const ir_op *op, int d)
{
    int in = op->in[0]->shape.dim[d], out = op->at.kernel[d];
    bool corners = op->at.align_corners && out > 1;
    volatile float s = corners ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
    return s;
}

static int nearest_cell(const ir_op *op, int d, int o)
{
    volatile float p = (float)o + (op->at.half_pixel ? 0.5f : 0.0f);
    p = p * cells_per_place(op, d);
    int cell = (int)(op->at.align_corners ? floor((double)p + 0.5) : floor((double)p));
    return smaller(cell, op->in[0]->shape.dim[d] - 1);
}

/* Element (y, x, c) of the input. */
static int64_t element(const ir_op *op, int y, int x, int c)
{
    const int32_t *dim = op->in[0]->shape.dim;
    return ((int64_t)y * dim[1] + x) * dim[2] + c;
}

static void nearest(const ref_args *a, bool codes)
{
    const int32_t *out = a->op->out[0]->shape.dim;
    int64_t i = 0;
    for (int y = 0; y < out[0]; y++)
        for (int x = 0; x < out[1]; x++)
            for (int c = 0; c < out[2]; c++, i++) {
                int64_t from =
                    element(a->op, nearest_cell(a->op, 0, y), nearest_cell(a->op, 1, x), c);
                if (codes)
                    ((int32_t *)a->out)[i] = ((const int32_t *)a->in[0])[from];
                else
                    ((float *)a->out)[i] = ((const float *)a->in[0])[from];
            }
}

void ref_int_nearest(const ref_args *a)
{
    nearest(a, true);
}
void ref_float_nearest(const ref_args *a)
{
    nearest(a, false);
}

/* ---- bilinear ----------------------------------------------------------------------------------
 */

/* The two cells beside a place, and the weight of the second. */
typedef struct pair {
    int lo, hi;
    int64_t weight; /* of 1024 */
    double real;
} pair;

static pair pair_of_codes(const ir_op *op, int d, int o)
{
    int64_t in = op->in[0]->shape.dim[d], out = op->at.kernel[d];
    int64_t s = (1024 * in + out / 2) / out;
    if (op->at.align_corners && out > 1)
        s = (1024 * (in - 1) + (out - 1) / 2) / (out - 1);
    int64_t p = o * s + (op->at.half_pixel ? s / 2 - 512 : 0);
    pair r = {.lo = smaller(larger((int)(p / 1024), 0), (int)in - 1),
              .hi = smaller((int)((p + 1023) / 1024), (int)in - 1)};
    r.weight = r.lo == r.hi ? 0 : p - 1024 * r.lo;
    return r;
}

static pair pair_of_reals(const ir_op *op, int d, int o)
{
    int in = op->in[0]->shape.dim[d];
    double s = (double)cells_per_place(op, d), p = o * s;
    if (op->at.half_pixel)
        p = (o + 0.5) * s - 0.5;
    pair r = {.lo = smaller(larger((int)floor(p), 0), in - 1), .hi = smaller((int)ceil(p), in - 1)};
    r.hi = larger(r.hi, 0);
    r.real = r.lo == r.hi ? 0 : p - r.lo;
    return r;
}

static int32_t blend_codes(const ref_args *a, pair y, pair x, int c)
{
    const int32_t *in = a->in[0];
    int64_t s = in[element(a->op, y.lo, x.lo, c)] * (1024 - y.weight) * (1024 - x.weight) +
                in[element(a->op, y.hi, x.lo, c)] * y.weight * (1024 - x.weight) +
                in[element(a->op, y.lo, x.hi, c)] * (1024 - y.weight) * x.weight +
                in[element(a->op, y.hi, x.hi, c)] * y.weight * x.weight;
    if (a->op->q->mode == IR_NUM_TFLM)
        return (int32_t)arith_round_away_shr(s, 20);
    return (int32_t)arith_shr(s + arith_pow2(19), 20);
}

static float blend_reals(const ref_args *a, pair y, pair x, int c)
{
    const float *in = a->in[0];
    double top = (double)in[element(a->op, y.lo, x.lo, c)] * (1 - x.real) +
                 (double)in[element(a->op, y.lo, x.hi, c)] * x.real;
    double bottom = (double)in[element(a->op, y.hi, x.lo, c)] * (1 - x.real) +
                    (double)in[element(a->op, y.hi, x.hi, c)] * x.real;
    return (float)(top * (1 - y.real) + bottom * y.real);
}

void ref_int_bilinear(const ref_args *a)
{
    const int32_t *out = a->op->out[0]->shape.dim;
    int32_t *to = a->out;
    for (int y = 0; y < out[0]; y++)
        for (int x = 0; x < out[1]; x++)
            for (int c = 0; c < out[2]; c++)
                *to++ = blend_codes(a, pair_of_codes(a->op, 0, y), pair_of_codes(a->op, 1, x), c);
}

void ref_float_bilinear(const ref_args *a)
{
    const int32_t *out = a->op->out[0]->shape.dim;
    float *to = a->out;
    for (int y = 0; y < out[0]; y++)
        for (int x = 0; x < out[1]; x++)
            for (int c = 0; c < out[2]; c++)
                *to++ = blend_reals(a, pair_of_reals(a->op, 0, y), pair_of_reals(a->op, 1, x), c);
}

/* ---- sources -----------------------------------------------------------------------------------
 */

/* Height, width and channel of element i of the output. */
static void place_of(const ir_op *op, int64_t i, int at[3])
{
    const int32_t *out = op->out[0]->shape.dim;
    at[2] = (int)(i % out[2]);
    at[1] = (int)(i / out[2] % out[1]);
    at[0] = (int)(i / out[2] / out[1]);
}

int64_t ref_nearest_source(const ir_op *op, int64_t i)
{
    int at[3];
    place_of(op, i, at);
    return element(op, nearest_cell(op, 0, at[0]), nearest_cell(op, 1, at[1]), at[2]);
}

void ref_bilinear_sources(const ir_op *op, int64_t i, int64_t from[4], double share[4])
{
    int at[3];
    place_of(op, i, at);
    pair y = pair_of_reals(op, 0, at[0]), x = pair_of_reals(op, 1, at[1]);
    for (int k = 0; k < 4; k++) {
        from[k] = element(op, k / 2 ? y.hi : y.lo, k % 2 ? x.hi : x.lo, at[2]);
        share[k] = (k / 2 ? y.real : 1 - y.real) * (k % 2 ? x.real : 1 - x.real);
    }
}
