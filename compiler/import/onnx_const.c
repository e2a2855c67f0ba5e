/* onnx_const.c - constant tensors: their elements as doubles, their dimensions and indices. */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

int64_t onx_count(const onx_dims *d)
{
    int64_t n = 1;
    bool empty = false;
    for (int i = 0; i < d->rank; i++)
        empty = empty || d->dim[i] == 0;
    for (int i = 0; i < d->rank && !empty; i++) {
        if (d->dim[i] < 0 || d->dim[i] > INT32_MAX / n)
            return -1;
        n *= d->dim[i];
    }
    return empty ? 0 : n;
}

int64_t onx_as_int(double v)
{
    const double limit = 4611686018427387904.0; /* 2^62 */
    return v >= limit    ? (int64_t)1 << 62
           : v <= -limit ? -((int64_t)1 << 62)
           : isnan(v)    ? 0
                         : (int64_t)v;
}

int onx_axis(int64_t axis, int rank)
{
    axis += axis < 0 ? rank : 0;
    return axis >= 0 && axis < rank ? (int)axis : -1;
}

/* ---- repeating, as numpy does -------------------------------------------------------------- */

bool onx_broadcast_dims(const onx_dims *a, const onx_dims *b, onx_dims *out)
{
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= out->rank; i++) {
        int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1,
                y = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[out->rank - i] = x == 1 ? y : x;
    }
    return true;
}

int64_t onx_broadcast_index(const onx_dims *d, const onx_dims *from, int64_t i)
{
    int64_t index = 0, stride = 1;
    for (int k = 1; k <= from->rank; k++) {
        int64_t at = i % d->dim[d->rank - k];
        i /= d->dim[d->rank - k];
        index += from->dim[from->rank - k] == 1 ? 0 : at * stride;
        stride *= from->dim[from->rank - k];
    }
    return index;
}

/* ---- unpacking ----------------------------------------------------------------------------- */

static double half_value(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double v = exponent == 31 ? (fraction ? NAN : INFINITY)
               : exponent     ? ldexp(1024 + fraction, exponent - 25)
                              : ldexp(fraction, -24);
    return h >> 15 ? -v : v;
}

static double bfloat_value(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

#define READ(type)                                                                                 \
    {                                                                                              \
        type v;                                                                                    \
        memcpy(&v, p, sizeof v);                                                                   \
        return (double)v;                                                                          \
    }
static double f32(const void *p) READ(float) static double u8(const void *p)
    READ(uint8_t) static double i8(const void *p) READ(int8_t) static double u16(const void *p)
        READ(uint16_t) static double i16(const void *p)
            READ(int16_t) static double i32(const void *p)
                READ(int32_t) static double i64(const void *p)
                    READ(int64_t) static double f64(const void *p)
                        READ(double) static double u32(const void *p)
                            READ(uint32_t) static double u64(const void *p)
                                READ(uint64_t) static double f16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return half_value(v);
}
static double bf16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return bfloat_value(v);
}
static double truth(const void *p)
{
    return *(const unsigned char *)p != 0;
}

/* Which of the typed fields holds elements that are not raw. */
enum field { NOWHERE, FLOATS, INT32S, INT64S, DOUBLES, UINT64S };

static const struct kind {
    const char *name;
    size_t size; /* of a raw element; 0: no numbers */
    double (*raw)(const void *);
    enum field field;
} kinds[] = {
    {"undefined", 0, NULL, NOWHERE},  {"float", 4, f32, FLOATS},    {"uint8", 1, u8, INT32S},
    {"int8", 1, i8, INT32S},          {"uint16", 2, u16, INT32S},   {"int16", 2, i16, INT32S},
    {"int32", 4, i32, INT32S},        {"int64", 8, i64, INT64S},    {"string", 0, NULL, NOWHERE},
    {"bool", 1, truth, INT32S},       {"float16", 2, f16, INT32S},  {"double", 8, f64, DOUBLES},
    {"uint32", 4, u32, UINT64S},      {"uint64", 8, u64, UINT64S},  {"complex64", 0, NULL, NOWHERE},
    {"complex128", 0, NULL, NOWHERE}, {"bfloat16", 2, bf16, INT32S}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

const char *onx_type_name(int type)
{
    return type > 0 && type < N_KINDS ? kinds[type].name : "of no known type";
}

static size_t field_count(const Onnx__TensorProto *t, enum field f)
{
    const size_t n[] = {[NOWHERE] = 0,
                        [FLOATS] = t->n_float_data,
                        [INT32S] = t->n_int32_data,
                        [INT64S] = t->n_int64_data,
                        [DOUBLES] = t->n_double_data,
                        [UINT64S] = t->n_uint64_data};
    return n[f];
}

static double field_value(const Onnx__TensorProto *t, const struct kind *k, int64_t i)
{
    switch (k->field) {
    case FLOATS:
        return (double)t->float_data[i];
    case INT32S: /* half precision stands here by its bits */
        return k->raw == f16 || k->raw == bf16 ? k->raw(&(uint16_t){(uint16_t)t->int32_data[i]})
                                               : (double)t->int32_data[i];
    case INT64S:
        return (double)t->int64_data[i];
    case DOUBLES:
        return t->double_data[i];
    default:
        return (double)t->uint64_data[i];
    }
}

static bool read_dims(const Onnx__TensorProto *t, onx_dims *d)
{
    if (t->n_dims > ONX_MAX_RANK)
        return false;
    d->rank = (int)t->n_dims;
    for (int i = 0; i < d->rank; i++)
        d->dim[i] = t->dims[i];
    return onx_count(d) >= 0;
}

const onx_const *onx_unpack(qctx *ctx, const Onnx__TensorProto *t, const char **why)
{
    onx_dims d;
    int type = t->data_type;
    *why = t->n_external_data || (t->has_data_location && t->data_location)
               ? "it lies in a file of its own"
           : type < 0 || type >= N_KINDS || !kinds[type].size ? "it holds no numbers"
           : !read_dims(t, &d) ? "it has more than 8 dimensions or 2^31 elements"
                               : NULL;
    if (*why)
        return NULL;
    const struct kind *k = &kinds[type];
    int64_t n = onx_count(&d);
    bool raw = t->has_raw_data && t->raw_data.len;
    if (raw ? t->raw_data.len != (size_t)n * k->size : field_count(t, k->field) != (size_t)n) {
        *why = "its data is not as long as its shape says";
        return NULL;
    }
    double *v = ARENA_ARRAY(ctx->a, double, n);
    for (int64_t i = 0; i < n; i++)
        v[i] = raw ? k->raw(t->raw_data.data + (size_t)i * k->size) : field_value(t, k, i);
    onx_const *c = ARENA_NEW(ctx->a, onx_const);
    *c = (onx_const){type, d, n, v};
    return c;
}

const onx_const *onx_constant(onx_model *m, int value)
{
    if (value < 0)
        return NULL;
    onx_value *v = &m->values.v[value];
    const char *why;
    if (!v->c && v->bound)
        v->c = v->bound;
    if (!v->c && v->proto && !v->bad) {
        v->c = onx_unpack(m->ctx, v->proto, &why);
        v->bad = !v->c;
        if (v->bad) /* told once */
            onx_cannot(m, NULL, NULL, "the constant '%s': %s", onx_shown(m->ctx, v->name), why);
    }
    return v->c;
}
