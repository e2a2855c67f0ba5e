/* tflite_read.c - the tables of a .tflite file, checked for what every later step relies on: numbers
 * of tensors exist, constants have the bytes that their shapes want, every tensor is written once and
 * before it is read. */
#include "compiler/import/tflite.h"

#include <string.h>

static const struct { const char *name; size_t size; } types[TFL_TYPE_COUNT] = {
#define TYPE(number, name, size) [number] = {#name, size},
    TFL_TYPES(TYPE)
#undef TYPE
};

static const char *const codes[TFL_OP_COUNT] = {
#define CODE(number, name) [number] = #name,
    TFL_CODES(CODE)
#undef CODE
};

const char *tfl_type_name(int type)
{
    return type >= 0 && type < TFL_TYPE_COUNT ? types[type].name : "an unknown type";
}

size_t tfl_type_size(int type)
{
    return type >= 0 && type < TFL_TYPE_COUNT ? types[type].size : 0;
}

const char *tfl_code_name(int code)
{
    return code >= 0 && code < TFL_OP_COUNT && codes[code] ? codes[code] : "an unknown operator";
}

int64_t tfl_elems(const tfl_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] < 1 || n > INT32_MAX / t->dim[i])
            return -1;
        n *= t->dim[i];
    }
    return n;
}

/* ---- tensors ------------------------------------------------------------------------------- */

static void read_shape(tfl_model *m, fb_table t, tfl_tensor *to)
{
    fb_vector v = fb_vector_of(&m->file, t, TENSOR_SHAPE, 4);
    if (v.n > TFL_MAX_RANK) {
        fb_break(&m->file, "tensor %d has %u dimensions", to->index, (unsigned)v.n);
        return;
    }
    to->rank = (int)v.n;
    for (uint32_t i = 0; i < v.n; i++)
        to->dim[i] = fb_int32_at(&m->file, v, i);
}

static void read_quantization(tfl_model *m, fb_table t, tfl_tensor *to)
{
    fb_table q = fb_subtable(&m->file, t, TENSOR_QUANTIZATION);
    to->scale = fb_vector_of(&m->file, q, QUANT_SCALE, 4);
    to->zero = fb_vector_of(&m->file, q, QUANT_ZERO_POINT, 8);
    to->axis = fb_int32(&m->file, q, QUANT_DIMENSION, 0);
    if (to->zero.n && to->zero.n != to->scale.n)
        fb_break(&m->file, "tensor %d has %u scales and %u zero points", to->index,
                 (unsigned)to->scale.n, (unsigned)to->zero.n);
}

static void read_data(tfl_model *m, fb_table t, fb_vector buffers, tfl_tensor *to)
{
    uint32_t number = fb_uint32(&m->file, t, TENSOR_BUFFER, 0);
    if (number >= buffers.n) {
        if (number)
            fb_break(&m->file, "tensor %d is in buffer %u of %u", to->index, (unsigned)number,
                     (unsigned)buffers.n);
        return;
    }
    fb_table b = fb_table_at(&m->file, buffers, number);
    to->data = fb_vector_of(&m->file, b, BUFFER_DATA, 1);
    if (!to->data.n && fb_uint64(&m->file, b, BUFFER_OFFSET, 0) > 1)
        fb_break(&m->file, "buffer %u stands outside of the FlatBuffer, as in models beyond 2 GiB",
                 (unsigned)number);
    size_t size = tfl_type_size(to->type);
    int64_t n = tfl_elems(to);
    if (to->data.n && size && (n < 0 || (uint64_t)n * size != to->data.n))
        fb_break(&m->file, "tensor %d has %u bytes of data, which do not fill its shape", to->index,
                 (unsigned)to->data.n);
}

/* Small constants of whole numbers: shapes, axes, pads. */
static void read_ints(tfl_model *m, tfl_tensor *t)
{
    int64_t n = tfl_elems(t);
    t->n_ints = -1;
    if (!t->data.n || n < 0 || n > TFL_MAX_INTS || (t->type != TFL_INT32 && t->type != TFL_INT64))
        return;
    int32_t *v = ARENA_ARRAY(m->ctx->a, int32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        int64_t x = t->type == TFL_INT32 ? fb_int32_at(&m->file, t->data, i)
                                         : fb_int64_at(&m->file, t->data, i);
        v[i] = (int32_t)(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
    }
    t->ints = v;
    t->n_ints = (int)n;
}

static bool read_tensors(tfl_model *m, fb_table root, fb_table graph)
{
    fb_vector v = fb_vector_of(&m->file, graph, SUBGRAPH_TENSORS, 4);
    fb_vector buffers = fb_vector_of(&m->file, root, MODEL_BUFFERS, 4);
    if (v.n > TFL_MAX_TENSORS)
        fb_break(&m->file, "it has %u tensors; at most %d are read", (unsigned)v.n, TFL_MAX_TENSORS);
    if (m->file.broken)
        return false;
    m->n_tensors = (int)v.n;
    m->tensors = ARENA_ARRAY(m->ctx->a, tfl_tensor, v.n);
    for (uint32_t i = 0; i < v.n && !m->file.broken; i++) {
        fb_table t = fb_table_at(&m->file, v, i);
        tfl_tensor *to = &m->tensors[i];
        to->index = (int)i;
        to->type = fb_int8(&m->file, t, TENSOR_TYPE, TFL_FLOAT32);
        to->name = fb_string(&m->file, t, TENSOR_NAME, TFL_MAX_NAME);
        to->variable = fb_uint8(&m->file, t, TENSOR_IS_VARIABLE, 0) != 0;
        to->sparse = fb_has(&m->file, t, TENSOR_SPARSITY);
        read_shape(m, t, to);
        read_quantization(m, t, to);
        read_data(m, t, buffers, to);
        read_ints(m, to);
    }
    return !m->file.broken;
}

/* ---- operators ----------------------------------------------------------------------------- */

/* A list of numbers of tensors; -1 is allowed where `optional`. */
static int32_t *read_indices(tfl_model *m, fb_table t, int field, uint32_t limit, bool optional,
                             int *n, const char *what)
{
    fb_vector v = fb_vector_of(&m->file, t, field, 4);
    if (v.n > limit)
        fb_break(&m->file, "%s are %u tensors; at most %u are read", what, (unsigned)v.n,
                 (unsigned)limit);
    if (m->file.broken)
        v.n = 0;
    int32_t *list = ARENA_ARRAY(m->ctx->a, int32_t, v.n);
    for (uint32_t i = 0; i < v.n; i++) {
        list[i] = fb_int32_at(&m->file, v, i);
        if (list[i] >= m->n_tensors || list[i] < (optional ? -1 : 0))
            fb_break(&m->file, "%s name tensor %d of %d", what, (int)list[i], m->n_tensors);
    }
    *n = (int)v.n;
    return list;
}

static void read_code(tfl_model *m, fb_table t, fb_vector opcodes, tfl_op *op)
{
    uint32_t number = fb_uint32(&m->file, t, OPERATOR_OPCODE, 0);
    if (number >= opcodes.n) {
        fb_break(&m->file, "operator %d has code number %u of %u", op->index, (unsigned)number,
                 (unsigned)opcodes.n);
        return;
    }
    fb_table c = fb_table_at(&m->file, opcodes, number);
    int old = fb_int8(&m->file, c, OPCODE_OLD_BUILTIN, 0);
    int code = fb_int32(&m->file, c, OPCODE_BUILTIN, 0);
    op->code = code > old ? code : old;
    op->custom = fb_string(&m->file, c, OPCODE_CUSTOM, TFL_MAX_NAME);
}

static bool read_operators(tfl_model *m, fb_table root, fb_table graph)
{
    fb_vector v = fb_vector_of(&m->file, graph, SUBGRAPH_OPERATORS, 4);
    fb_vector opcodes = fb_vector_of(&m->file, root, MODEL_OPERATOR_CODES, 4);
    if (v.n > TFL_MAX_OPERATORS)
        fb_break(&m->file, "it has %u operators; at most %d are read", (unsigned)v.n,
                 TFL_MAX_OPERATORS);
    if (m->file.broken)
        return false;
    m->n_ops = (int)v.n;
    m->ops = ARENA_ARRAY(m->ctx->a, tfl_op, v.n);
    for (uint32_t i = 0; i < v.n && !m->file.broken; i++) {
        fb_table t = fb_table_at(&m->file, v, i);
        tfl_op *op = &m->ops[i];
        op->index = (int)i;
        read_code(m, t, opcodes, op);
        const char *what = arena_printf(m->ctx->a, "the operands of operator %d", op->index);
        op->in = read_indices(m, t, OPERATOR_INPUTS, IR_MAX_INPUTS, true, &op->n_in, what);
        what = arena_printf(m->ctx->a, "the results of operator %d", op->index);
        op->out = read_indices(m, t, OPERATOR_OUTPUTS, IR_MAX_INPUTS, false, &op->n_out, what);
        op->options_type = fb_uint8(&m->file, t, OPERATOR_OPTIONS_TYPE, OPTIONS_NONE);
        op->options = fb_subtable(&m->file, t, OPERATOR_OPTIONS);
    }
    return !m->file.broken;
}

/* ---- order --------------------------------------------------------------------------------- */

static bool written_before_read(tfl_model *m)
{
    bool *written = ARENA_ARRAY(m->ctx->a, bool, m->n_tensors);
    for (int i = 0; i < m->n_inputs; i++) {
        if (written[m->inputs[i]] || m->tensors[m->inputs[i]].data.n)
            fb_break(&m->file, "tensor %d is an input twice, or a constant too", (int)m->inputs[i]);
        written[m->inputs[i]] = true;
    }
    for (int i = 0; i < m->n_tensors; i++)
        written[i] = written[i] || m->tensors[i].data.n || m->tensors[i].variable;
    for (int i = 0; i < m->n_ops; i++) {
        const tfl_op *op = &m->ops[i];
        for (int k = 0; k < op->n_in; k++)
            if (op->in[k] >= 0 && !written[op->in[k]])
                fb_break(&m->file, "operator %d reads tensor %d, which nothing before it has written",
                         i, (int)op->in[k]);
        for (int k = 0; k < op->n_out; k++) {
            if (written[op->out[k]] && !m->tensors[op->out[k]].variable)
                fb_break(&m->file, "operator %d writes tensor %d, which has its value already", i,
                         (int)op->out[k]);
            written[op->out[k]] = true;
        }
    }
    for (int i = 0; i < m->n_outputs; i++)
        if (!written[m->outputs[i]])
            fb_break(&m->file, "nothing writes the output tensor %d", (int)m->outputs[i]);
    return !m->file.broken;
}

static void mark_live(tfl_model *m)
{
    bool *needed = ARENA_ARRAY(m->ctx->a, bool, m->n_tensors);
    for (int i = 0; i < m->n_outputs; i++)
        needed[m->outputs[i]] = true;
    for (int i = m->n_ops - 1; i >= 0; i--) {
        tfl_op *op = &m->ops[i];
        op->live = op->n_out == 0; /* what gives no result is there for its effect */
        for (int k = 0; k < op->n_out; k++)
            op->live = op->live || needed[op->out[k]] || m->tensors[op->out[k]].variable;
        for (int k = 0; op->live && k < op->n_in; k++)
            if (op->in[k] >= 0) {
                needed[op->in[k]] = true;
                m->tensors[op->in[k]].readers++;
            }
    }
}

bool tfl_read(tfl_model *m)
{
    fb_table root = fb_root(&m->file, TFL_IDENTIFIER);
    uint32_t version = fb_uint32(&m->file, root, MODEL_VERSION, 0);
    fb_vector graphs = fb_vector_of(&m->file, root, MODEL_SUBGRAPHS, 4);
    if (!m->file.broken && version != TFL_VERSION)
        fb_break(&m->file, "version %u of the schema; 3 is read", (unsigned)version);
    if (!m->file.broken && !graphs.n)
        fb_break(&m->file, "it holds no graph");
    if (m->file.broken)
        return false;
    fb_table graph = fb_table_at(&m->file, graphs, 0);
    if (!read_tensors(m, root, graph) || !read_operators(m, root, graph))
        return false;
    m->inputs = read_indices(m, graph, SUBGRAPH_INPUTS, IR_MAX_INPUTS, false, &m->n_inputs, "the inputs");
    m->outputs =
        read_indices(m, graph, SUBGRAPH_OUTPUTS, IR_MAX_INPUTS, false, &m->n_outputs, "the outputs");
    if (m->file.broken || !written_before_read(m))
        return false;
    mark_live(m);
    return true;
}
