/* tflite_const.c - weights, biases and quantizations, taken over exactly. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/import/tflite.h"
#include "compiler/quant/grid.h"

/* Constants may share a buffer, and a layer gets a copy of its own: together at most this, or so many
 * times the file. */
#define MANY_BYTES ((uint64_t)64 << 20)
enum { MANY_TIMES = 16 };

bool tfl_is_const(const tfl_tensor *t) { return t->data.n || t->reals; }

bool tfl_count_bytes(tfl_model *m, uint64_t bytes)
{
    uint64_t times = (uint64_t)m->file.src->len * MANY_TIMES;
    m->constant_bytes += bytes;
    if (m->constant_bytes > (times > MANY_BYTES ? times : MANY_BYTES))
        fb_break(&m->file, "its layers share constants so often that they are %llu bytes",
                 (unsigned long long)m->constant_bytes);
    return !m->file.broken;
}

/* ---- quantizations ------------------------------------------------------------------------- */

static bool is_scale(float s) { return isfinite(s) && s >= FLT_MIN; }

static int64_t zero_at(const tfl_model *m, const tfl_tensor *t, uint32_t i)
{
    return t->zero.n ? fb_int64_at(&m->file, t->zero, i) : 0;
}

/* Scales and zero points of an int8 tensor along `axis` of the IR; -1: one for all. */
static ir_quant *read_quant(tfl_model *m, const tfl_op *op, const tfl_tensor *t, int axis, bool symmetric)
{
    uint32_t n = t->scale.n;
    const double one = 1;
    ir_quant *q = quant_uniform(m->ctx, IR_GRID_TREAD, symmetric, false, 8, -1, 1, &one, &one);
    float *scale = ARENA_ARRAY(m->ctx->a, float, n);
    int32_t *zero = ARENA_ARRAY(m->ctx->a, int32_t, n), lo, hi;
    for (uint32_t i = 0; i < n; i++) {
        int64_t z = zero_at(m, t, i);
        scale[i] = fb_float_at(&m->file, t->scale, i);
        if (!is_scale(scale[i]) || z < INT8_MIN || z > INT8_MAX) {
            tfl_cannot(m, op, NULL, "%s has the scale %g and zero point %lld, which is no quantization",
                       tfl_tensor_str(m, t), (double)scale[i], (long long)z);
            return NULL;
        }
        zero[i] = (int32_t)z;
    }
    q->axis = n > 1 ? axis : -1;
    q->n = (int)n;
    q->scale = scale;
    q->zero = zero;
    quant_code_range(q, &lo, &hi);
    q->lo = quant_value(q, 0, lo);
    q->hi = quant_value(q, 0, hi);
    return q;
}

ir_quant *tfl_activation_quant(tfl_model *m, const tfl_op *op, const tfl_tensor *t)
{
    if (t->type != TFL_INT8) {
        tfl_cannot(m, op, "convert the whole model to int8, or to float32",
                   "%s is %s in a model with int8 activations", tfl_tensor_str(m, t),
                   tfl_type_name(t->type));
        return NULL;
    }
    if (t->scale.n != 1) {
        tfl_cannot(m, op, NULL, "%s has %u scales; an activation has one", tfl_tensor_str(m, t),
                   (unsigned)t->scale.n);
        return NULL;
    }
    return read_quant(m, op, t, -1, false);
}

bool tfl_same_quant(tfl_model *m, const tfl_op *op, const tfl_tensor *a, const tfl_tensor *b)
{
    ir_quant *qa = m->quantized ? tfl_activation_quant(m, op, a) : NULL;
    ir_quant *qb = m->quantized ? tfl_activation_quant(m, op, b) : NULL;
    if (!m->quantized)
        return true;
    if (!qa || !qb)
        return false;
    return (qa->scale[0] == qb->scale[0] && qa->zero[0] == qb->zero[0]) ||
           tfl_cannot(m, op, "convert the model again: converters give all of them one scale",
                      "%s and %s have two scales, which the operator ignores", tfl_tensor_str(m, a),
                      tfl_tensor_str(m, b));
}

/* ---- elements ------------------------------------------------------------------------------ */

/* IEEE 754 half precision, exact in float32. */
static float half_value(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double v = exponent == 31 ? (fraction ? NAN : INFINITY)
               : exponent     ? ldexp(1024 + fraction, exponent - 25)
                              : ldexp(fraction, -24);
    return (float)(h >> 15 ? -v : v);
}

/* Which of several scales element i has. */
static uint32_t scale_index(const tfl_tensor *t, int64_t i)
{
    if (t->scale.n < 2)
        return 0;
    for (int k = t->rank - 1; k > t->axis; k--)
        i /= t->dim[k];
    return (uint32_t)(i % t->dim[t->axis]);
}

static float element(const tfl_model *m, const tfl_tensor *t, int64_t i)
{
    const unsigned char *p = fb_bytes(&m->file, t->data);
    if (t->type == TFL_FLOAT16)
        return half_value((uint16_t)(p[2 * i] | p[2 * i + 1] << 8));
    if (t->type == TFL_FLOAT32)
        return fb_float_at(&m->file, t->data, (uint32_t)i);
    uint32_t s = scale_index(t, i);
    double code = t->type == TFL_INT8 ? (double)(int8_t)p[i] : (double)p[i];
    return (float)((double)fb_float_at(&m->file, t->scale, s) * (code - (double)zero_at(m, t, s)));
}

const float *tfl_reals(tfl_model *m, const tfl_op *op, const tfl_tensor *t)
{
    if (t->reals)
        return t->reals;
    int64_t n = tfl_elems(t);
    bool quantized = t->type == TFL_INT8 || t->type == TFL_UINT8;
    bool scales = t->scale.n == 1 || (t->axis >= 0 && t->axis < t->rank && t->scale.n > 0 &&
                                      (int64_t)t->scale.n == t->dim[t->axis]);
    if (n < 0 || !t->data.n || !(t->type == TFL_FLOAT32 || t->type == TFL_FLOAT16 ||
                                 (quantized && scales))) {
        tfl_cannot(m, op, NULL, "%s is no constant of numbers that qcc reads (%s)",
                   tfl_tensor_str(m, t), tfl_type_name(t->type));
        return NULL;
    }
    if (!tfl_count_bytes(m, (uint64_t)n * sizeof(float)))
        return NULL;
    float *v = ARENA_ARRAY(m->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        v[i] = element(m, t, i);
    return v;
}

/* ---- layers -------------------------------------------------------------------------------- */

static ir_tensor *add_const(tfl_model *m, const char *layer, const char *part, ir_type type,
                            const ir_shape *shape, const void *data)
{
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, arena_printf(m->ctx->a, "%s.%s", layer, part), IR_CONST,
                                 type, shape, loc_file(m->file.src));
    t->data = data;
    return t;
}

static ir_tensor *float_weight(tfl_model *m, const tfl_op *op, const char *layer, const tfl_tensor *t,
                               const ir_shape *shape, const int32_t *place)
{
    if (!t->reals && t->type != TFL_FLOAT32 && t->type != TFL_FLOAT16) {
        tfl_cannot(m, op, "convert the model to float32, or to int8 with its activations",
                   "the weights %s are %s while the activations are float32 (dynamic range quantization)",
                   tfl_tensor_str(m, t), tfl_type_name(t->type));
        return NULL;
    }
    const float *v = tfl_reals(m, op, t);
    int64_t n = ir_elems(shape);
    if (!v || !tfl_count_bytes(m, (uint64_t)n * sizeof(float)))
        return NULL;
    float *data = ARENA_ARRAY(m->ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        data[i] = v[place ? place[i] : i];
    return add_const(m, layer, "weight", IR_F32, shape, data);
}

/* What the kernels of TensorFlow Lite assume of an int8 layer's weights. */
static bool check_weight(tfl_model *m, const tfl_op *op, const tfl_tensor *t, int32_t channels, int axis)
{
    const char *name = tfl_tensor_str(m, t);
    if (t->type != TFL_INT8)
        return tfl_cannot(m, op, "convert the model with int8 weights", "the weights %s are %s", name,
                          tfl_type_name(t->type));
    if (t->scale.n != 1 && (t->scale.n != (uint32_t)channels || t->axis != axis))
        return tfl_cannot(m, op, NULL, "the weights %s have %u scales along dimension %d, %d channels",
                          name, (unsigned)t->scale.n, t->axis, (int)channels);
    for (uint32_t i = 0; i < t->zero.n; i++)
        if (zero_at(m, t, i) != 0 && (op->code != TFL_OP_FULLY_CONNECTED || t->zero.n > 1) &&
            op->code != TFL_OP_MUL)
            return tfl_cannot(m, op, NULL, "the weights %s have a zero point that is not 0", name);
    return true;
}

static ir_tensor *quantized_weight(tfl_model *m, const tfl_op *op, const char *layer,
                                   const tfl_tensor *t, const ir_shape *shape, const int32_t *place,
                                   int axis)
{
    int64_t n = ir_elems(shape);
    if (!check_weight(m, op, t, shape->dim[0], axis) || !tfl_count_bytes(m, (uint64_t)n))
        return NULL;
    const int8_t *codes = fb_bytes(&m->file, t->data);
    int8_t *data = ARENA_ARRAY(m->ctx->a, int8_t, n);
    bool symmetric = true; /* whose grid has no code -128 */
    for (int64_t i = 0; i < n; i++) {
        data[i] = codes[place ? place[i] : i];
        symmetric = symmetric && data[i] != INT8_MIN;
    }
    for (uint32_t i = 0; i < t->zero.n; i++)
        symmetric = symmetric && zero_at(m, t, i) == 0;
    ir_quant *q = read_quant(m, op, t, 0, symmetric);
    if (!q)
        return NULL;
    ir_tensor *w = add_const(m, layer, "weight", IR_I8, shape, data);
    w->quant = q;
    return w;
}

ir_tensor *tfl_weight(tfl_model *m, const tfl_op *op, const char *layer, tfl_tensor *t,
                      const ir_shape *shape, const int32_t *place, int axis)
{
    return m->quantized ? quantized_weight(m, op, layer, t, shape, place, axis)
                        : float_weight(m, op, layer, t, shape, place);
}

ir_tensor *tfl_bias(tfl_model *m, const tfl_op *op, const char *layer, tfl_tensor *t, int channels)
{
    const ir_shape shape = {.rank = 1, .dim = {channels}};
    if (!tfl_is_const(t) || tfl_elems(t) != channels) {
        tfl_cannot(m, op, NULL, "the bias %s is no constant of %d numbers", tfl_tensor_str(m, t),
                   channels);
        return NULL;
    }
    if (!tfl_count_bytes(m, (uint64_t)channels * 4))
        return NULL;
    if (!m->quantized) {
        const float *v = tfl_reals(m, op, t);
        return v ? add_const(m, layer, "bias", IR_F32, &shape, v) : NULL;
    }
    if (t->type != TFL_INT32) {
        tfl_cannot(m, op, NULL, "the bias %s is %s, not INT32", tfl_tensor_str(m, t),
                   tfl_type_name(t->type));
        return NULL;
    }
    int32_t *v = ARENA_ARRAY(m->ctx->a, int32_t, channels);
    for (int i = 0; i < channels; i++)
        v[i] = fb_int32_at(&m->file, t->data, (uint32_t)i);
    return add_const(m, layer, "bias", IR_I32, &shape, v);
}
