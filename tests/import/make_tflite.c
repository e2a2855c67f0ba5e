/* make_tflite.c - a FlatBuffer written front to back: parents first, so that every offset leads on. */
#include "tests/import/make_tflite.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/base/rng.h"

/* ---- FlatBuffers --------------------------------------------------------------------------- */

static void put(buf *b, uint64_t v, int n)
{
    for (int i = 0; i < n; i++) {
        char byte = (char)(v >> (8 * i));
        buf_bytes(b, &byte, 1);
    }
}

static void align(buf *b, size_t n)
{
    while (b->n % n)
        put(b, 0, 1);
}

static void patch(buf *b, uint32_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b->p[at + (uint32_t)i] = (char)(v >> (8 * i));
}

void out_point(buf *b, uint32_t at, uint32_t target) { patch(b, at, target - at); }

static int width(char kind) { return kind == 'b' ? 1 : kind == 'l' ? 8 : 4; }

uint32_t out_table(buf *b, out_field *f, int n)
{
    uint16_t slots[32] = {0}, size = 4, count = 0;
    for (int i = 0; i < n; i++) {
        int w = width(f[i].kind);
        size = (uint16_t)((size + w - 1) / w * w);
        slots[f[i].number] = size;
        size = (uint16_t)(size + w);
        count = f[i].number + 1 > count ? (uint16_t)(f[i].number + 1) : count;
    }
    align(b, 4);
    uint32_t vtable = (uint32_t)b->n;
    put(b, 4U + 2U * count, 2);
    put(b, size, 2);
    for (int i = 0; i < count; i++)
        put(b, slots[i], 2);
    align(b, 8);
    uint32_t at = (uint32_t)b->n;
    put(b, at - vtable, 4);
    for (uint32_t i = 4; i < size; i++)
        put(b, 0, 1);
    for (int i = 0; i < n; i++) {
        float v = (float)f[i].value;
        uint64_t bits = (uint64_t)(int64_t)f[i].value;
        if (f[i].kind == 'f')
            memcpy(&bits, &v, sizeof v);
        f[i].at = at + slots[f[i].number];
        for (int k = 0; k < width(f[i].kind) && f[i].kind != 'o'; k++)
            b->p[f[i].at + (uint32_t)k] = (char)(bits >> (8 * k));
    }
    return at;
}

uint32_t out_vector(buf *b, const void *data, uint32_t n, size_t size)
{
    align(b, 4);
    while (size == 8 && (b->n + 4) % 8)
        put(b, 0, 1);
    uint32_t at = (uint32_t)b->n;
    put(b, n, 4);
    for (size_t i = 0; i < n * size; i++)
        put(b, data ? ((const unsigned char *)data)[i] : 0, 1);
    return at;
}

static uint32_t element(uint32_t vector, int i) { return vector + 4 + 4 * (uint32_t)i; }

/* ---- models -------------------------------------------------------------------------------- */

make_model *make_new(qctx *ctx)
{
    make_model *m = ARENA_NEW(ctx->a, make_model);
    m->ctx = ctx;
    return m;
}

static make_tensor *add(make_model *m, const char *name, int type, int rank, const int32_t *dim)
{
    if (m->n_tensors == MAKE_MAX)
        abort();
    make_tensor *t = &m->tensors[m->n_tensors++];
    *t = (make_tensor){.name = name, .type = type, .rank = rank};
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    return t;
}

static uint32_t elems(const make_tensor *t)
{
    uint32_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= (uint32_t)t->dim[i];
    return n;
}

int make_act(make_model *m, const char *name, float scale, int zero, int rank, const int32_t *dim)
{
    make_tensor *t = add(m, name, scale > 0 ? TFL_INT8 : TFL_FLOAT32, rank, dim);
    if (scale > 0) {
        const int64_t z = zero;
        t->n_scales = 1;
        t->scale = arena_memdup(m->ctx->a, &scale, sizeof scale);
        t->zero = arena_memdup(m->ctx->a, &z, sizeof z);
    }
    return m->n_tensors - 1;
}

int make_const(make_model *m, const char *name, int type, int rank, const int32_t *dim, const void *data)
{
    static const int sizes[TFL_TYPE_COUNT] = {
#define TYPE(number, name, size) [number] = size,
        TFL_TYPES(TYPE)
#undef TYPE
    };
    make_tensor *t = add(m, name, type, rank, dim);
    t->bytes = elems(t) * (uint32_t)sizes[type];
    t->data = arena_memdup(m->ctx->a, data, t->bytes);
    return m->n_tensors - 1;
}

int make_weights(make_model *m, const char *name, int rank, const int32_t *dim, int axis, uint32_t n,
                 float scale)
{
    make_tensor *t = add(m, name, TFL_INT8, rank, dim);
    rng r;
    rng_seed(&r, (uint64_t)m->n_tensors);
    int8_t *codes = ARENA_ARRAY(m->ctx->a, int8_t, elems(t));
    float *scales = ARENA_ARRAY(m->ctx->a, float, n);
    for (uint32_t i = 0; i < elems(t); i++)
        codes[i] = (int8_t)((int)rng_below(&r, 255) - 127);
    for (uint32_t i = 0; i < n; i++)
        scales[i] = scale * (1 + 0.25f * (float)i);
    t->data = codes;
    t->bytes = elems(t);
    t->n_scales = n;
    t->scale = scales;
    t->zero = ARENA_ARRAY(m->ctx->a, int64_t, n);
    t->axis = axis;
    return m->n_tensors - 1;
}

int make_floats(make_model *m, const char *name, int rank, const int32_t *dim)
{
    make_tensor like = {.rank = rank};
    memcpy(like.dim, dim, (size_t)rank * sizeof *dim);
    rng r;
    rng_seed(&r, (uint64_t)m->n_tensors);
    float *v = ARENA_ARRAY(m->ctx->a, float, elems(&like));
    for (uint32_t i = 0; i < elems(&like); i++)
        v[i] = (float)(rng_double(&r) - 0.5);
    return make_const(m, name, TFL_FLOAT32, rank, dim, v);
}

int make_bias(make_model *m, const char *name, int32_t n)
{
    rng r;
    rng_seed(&r, (uint64_t)m->n_tensors);
    int32_t *v = ARENA_ARRAY(m->ctx->a, int32_t, n);
    for (int i = 0; i < n; i++)
        v[i] = (int32_t)rng_below(&r, 2001) - 1000;
    return make_const(m, name, TFL_INT32, 1, &n, v);
}

make_op *make_operator(make_model *m, int code, const int32_t *in, int out)
{
    if (m->n_ops == MAKE_MAX)
        abort();
    make_op *op = &m->ops[m->n_ops++];
    *op = (make_op){.code = code, .n_out = out >= 0, .out = {out}};
    while (in[op->n_in] != -2) {
        op->in[op->n_in] = in[op->n_in];
        op->n_in++;
    }
    return op;
}

void make_result(make_model *m, int out)
{
    make_op *op = &m->ops[m->n_ops - 1];
    op->out[op->n_out++] = out;
}

void make_option(make_op *op, int type, int field, char kind, double value)
{
    op->options_type = type;
    op->options[op->n_options++] = (out_field){.number = field, .kind = kind, .value = value};
}

void make_ports(make_model *m, int input, int output)
{
    if (input >= 0)
        m->inputs[m->n_inputs++] = input;
    if (output >= 0)
        m->outputs[m->n_outputs++] = output;
}

/* ---- the file ------------------------------------------------------------------------------ */

static void put_string(buf *b, uint32_t at, const char *s)
{
    out_point(b, at, out_vector(b, s, (uint32_t)strlen(s), 1));
    put(b, 0, 1);
}

static void put_quantization(buf *b, uint32_t at, const make_tensor *t)
{
    out_field q[] = {{QUANT_SCALE, 'o', 0, 0}, {QUANT_ZERO_POINT, 'o', 0, 0}, {QUANT_DIMENSION, 'i', t->axis, 0}};
    out_point(b, at, out_table(b, q, 3));
    out_point(b, q[0].at, out_vector(b, t->scale, t->n_scales, 4));
    out_point(b, q[1].at, out_vector(b, t->zero, t->zero ? t->n_scales : 0, 8));
}

/* Buffer i + 1 is tensor i's, as converters have it; buffer 0 is empty. */
static void put_tensor(buf *b, uint32_t at, const make_model *m, int first, int i)
{
    const make_tensor *t = &m->tensors[i];
    out_field f[6] = {{TENSOR_SHAPE, 'o', 0, 0}, {TENSOR_TYPE, 'b', t->type, 0}, {TENSOR_BUFFER, 'i', first + i + 1, 0},
                      {TENSOR_NAME, 'o', 0, 0}, {TENSOR_IS_VARIABLE, 'b', t->variable, 0},
                      {TENSOR_QUANTIZATION, 'o', 0, 0}};
    out_point(b, at, out_table(b, f, t->n_scales ? 6 : 5));
    out_point(b, f[0].at, out_vector(b, t->dim, (uint32_t)t->rank, 4));
    put_string(b, f[3].at, t->name);
    if (t->n_scales)
        put_quantization(b, f[5].at, t);
}

static void put_operator(buf *b, uint32_t at, const make_model *m, int first, int i)
{
    make_op op = m->ops[i];
    out_field f[5] = {{OPERATOR_OPCODE, 'i', first + i, 0}, {OPERATOR_INPUTS, 'o', 0, 0}, {OPERATOR_OUTPUTS, 'o', 0, 0},
                      {OPERATOR_OPTIONS_TYPE, 'b', op.options_type, 0}, {OPERATOR_OPTIONS, 'o', 0, 0}};
    out_field shared = {VAR_SHARED_NAME, 'o', 0, 0};
    out_point(b, at, out_table(b, f, op.n_options || op.shared_name ? 5 : 3));
    out_point(b, f[1].at, out_vector(b, op.in, (uint32_t)op.n_in, 4));
    out_point(b, f[2].at, out_vector(b, op.out, (uint32_t)op.n_out, 4));
    if (op.shared_name) {
        out_point(b, f[4].at, out_table(b, &shared, 1));
        put_string(b, shared.at, op.shared_name);
    } else if (op.n_options) {
        out_point(b, f[4].at, out_table(b, op.options, op.n_options));
    }
}

static void put_code(buf *b, uint32_t at, const make_op *op)
{
    out_field f[3] = {{OPCODE_OLD_BUILTIN, 'b', op->code < 127 ? op->code : 127, 0},
                      {OPCODE_BUILTIN, 'i', op->code, 0}, {OPCODE_CUSTOM, 'o', 0, 0}};
    out_point(b, at, out_table(b, f, op->custom ? 3 : 2));
    if (op->custom)
        put_string(b, f[2].at, op->custom);
}

static void put_buffers(buf *b, uint32_t at, const make_model *m)
{
    int own = m->n_tensors, n = own + (m->init ? m->init->n_tensors : 0);
    uint32_t v = out_vector(b, NULL, (uint32_t)n + 1, 4);
    out_point(b, at, v);
    for (int i = 0; i <= n; i++) {
        const make_tensor *t = i > own ? &m->init->tensors[i - own - 1] : i ? &m->tensors[i - 1] : NULL;
        out_field f = {BUFFER_DATA, 'o', 0, 0};
        bool data = t && t->data;
        out_point(b, element(v, i), out_table(b, &f, data));
        if (data)
            out_point(b, f.at, out_vector(b, t->data, t->bytes, 1));
    }
}

/* before: the model whose codes and buffers come first, or NULL. */
static void put_graph(buf *b, uint32_t at, const make_model *m, const make_model *before)
{
    out_field f[] = {{SUBGRAPH_TENSORS, 'o', 0, 0}, {SUBGRAPH_INPUTS, 'o', 0, 0}, {SUBGRAPH_OUTPUTS, 'o', 0, 0},
                     {SUBGRAPH_OPERATORS, 'o', 0, 0}};
    out_point(b, at, out_table(b, f, 4));
    uint32_t v = out_vector(b, NULL, (uint32_t)m->n_tensors, 4);
    out_point(b, f[0].at, v);
    out_point(b, f[1].at, out_vector(b, m->inputs, (uint32_t)m->n_inputs, 4));
    out_point(b, f[2].at, out_vector(b, m->outputs, (uint32_t)m->n_outputs, 4));
    for (int i = 0; i < m->n_tensors; i++)
        put_tensor(b, element(v, i), m, before ? before->n_tensors : 0, i);
    v = out_vector(b, NULL, (uint32_t)m->n_ops, 4);
    out_point(b, f[3].at, v);
    for (int i = 0; i < m->n_ops; i++)
        put_operator(b, element(v, i), m, before ? before->n_ops : 0, i);
}

const source *make_finish(const make_model *m)
{
    buf b;
    buf_init(&b, m->ctx->a);
    put(&b, 0, 4);
    buf_bytes(&b, TFL_IDENTIFIER, 4);
    out_field f[] = {{MODEL_VERSION, 'i', m->version ? m->version : TFL_VERSION, 0},
                     {MODEL_OPERATOR_CODES, 'o', 0, 0}, {MODEL_SUBGRAPHS, 'o', 0, 0}, {MODEL_BUFFERS, 'o', 0, 0}};
    out_point(&b, 0, out_table(&b, f, 4));
    int own = m->n_ops, n = own + (m->init ? m->init->n_ops : 0);
    uint32_t v = out_vector(&b, NULL, (uint32_t)n, 4);
    out_point(&b, f[1].at, v);
    for (int i = 0; i < n; i++)
        put_code(&b, element(v, i), i < own ? &m->ops[i] : &m->init->ops[i - own]);
    v = out_vector(&b, NULL, m->init ? 2 : 1, 4);
    out_point(&b, f[2].at, v);
    put_graph(&b, element(v, 0), m, NULL);
    if (m->init)
        put_graph(&b, element(v, 1), m->init, m);
    put_buffers(&b, f[3].at, m);
    source *s = ARENA_NEW(m->ctx->a, source);
    *s = (source){.name = "made.tflite", .text = buf_str(&b), .len = b.n};
    return s;
}

const char *make_file(const make_model *m, const char *folder, const char *name)
{
    const char *path = arena_printf(m->ctx->a, "%s/%s.tflite", folder, name);
    const source *s = make_finish(m);
    return file_write(m->ctx, path, s->text, s->len) ? path : NULL;
}
