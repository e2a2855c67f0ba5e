/* onnx_build.c - a ModelProto in the arena. */
#include "config.h"

#include "compiler/export/onnx.h"

#include <ctype.h>
#include <string.h>

/* ---- names --------------------------------------------------------------------------------- */

static int slot_of(const exo_graph *x, const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *p = name; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    int at = (int)(h & (uint32_t)(x->size_names - 1));
    while (x->names[at] && strcmp(x->names[at], name) != 0)
        at = (at + 1) & (x->size_names - 1);
    return at;
}

static bool take_name(exo_graph *x, const char *name)
{
    if (2 * (x->n_names + 1) > x->size_names) {
        const char **old = x->names;
        int size = x->size_names;
        x->size_names = size ? 2 * size : 256;
        x->names = ARENA_ARRAY(x->ctx->a, const char *, x->size_names);
        for (int i = 0; i < size; i++)
            if (old[i])
                x->names[slot_of(x, old[i])] = old[i];
    }
    const char **slot = &x->names[slot_of(x, name)];
    bool free = !*slot;
    *slot = name;
    x->n_names += free;
    return free;
}

const char *exo_name(exo_graph *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *base = arena_strdup(x->ctx->a, arena_vprintf(x->ctx->a, fmt, ap));
    va_end(ap);
    for (char *p = base; *p; p++)
        if (!isascii((unsigned char)*p) || !isprint((unsigned char)*p))
            *p = '?';
    const char *name = base;
    for (int i = 2; !take_name(x, name); i++)
        name = arena_printf(x->ctx->a, "%s_%d", base, i);
    return name;
}

/* ---- lists --------------------------------------------------------------------------------- */

/* Appends to a repeated field; rooms are powers of two, so that long lists stay linear. */
#define ADD(x, list, n, item)                                                                      \
    do {                                                                                           \
        if (((n) & ((n)-1)) == 0)                                                                  \
            (list) = arena_grow((x)->ctx->a, (list), (n) * sizeof *(list),                         \
                                ((n) ? 2 * (n) : 1) * sizeof *(list));                             \
        (list)[(n)++] = (item);                                                                    \
    } while (0)

static char *text(exo_graph *x, const char *s)
{
    return arena_strdup(x->ctx->a, s);
}

/* ---- nodes --------------------------------------------------------------------------------- */

Onnx__NodeProto *exo_node(exo_graph *x, const char *type, int n, const char *const *in)
{
    Onnx__NodeProto *node = ARENA_NEW(x->ctx->a, Onnx__NodeProto);
    onnx__node_proto__init(node);
    node->op_type = text(x, type);
    for (int i = 0; i < n; i++)
        ADD(x, node->input, node->n_input, text(x, in[i] ? in[i] : ""));
    ADD(x, node->output, node->n_output, text(x, ""));
    ADD(x, x->graph.node, x->graph.n_node, node);
    return node;
}

Onnx__NodeProto *exo_node1(exo_graph *x, const char *type, const char *in)
{
    return exo_node(x, type, 1, &in);
}

static Onnx__AttributeProto *attribute(exo_graph *x, Onnx__NodeProto *n, const char *name,
                                       Onnx__AttributeProto__AttributeType type)
{
    Onnx__AttributeProto *a = ARENA_NEW(x->ctx->a, Onnx__AttributeProto);
    onnx__attribute_proto__init(a);
    a->name = text(x, name);
    a->has_type = true;
    a->type = type;
    ADD(x, n->attribute, n->n_attribute, a);
    return a;
}

void exo_set_int(exo_graph *x, Onnx__NodeProto *n, const char *name, int64_t v)
{
    Onnx__AttributeProto *a = attribute(x, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    a->has_i = true;
    a->i = v;
}

void exo_set_ints(exo_graph *x, Onnx__NodeProto *n, const char *name, int count, const int64_t *v)
{
    Onnx__AttributeProto *a = attribute(x, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    a->n_ints = (size_t)count;
    a->ints = arena_memdup(x->ctx->a, v, (size_t)count * sizeof *v);
}

void exo_set_float(exo_graph *x, Onnx__NodeProto *n, const char *name, double v)
{
    Onnx__AttributeProto *a = attribute(x, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    a->has_f = true;
    a->f = (float)v;
}

void exo_set_text(exo_graph *x, Onnx__NodeProto *n, const char *name, const char *v)
{
    Onnx__AttributeProto *a = attribute(x, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    a->has_s = true;
    a->s.len = strlen(v);
    a->s.data = (uint8_t *)text(x, v);
}

/* ---- initializers -------------------------------------------------------------------------- */

static size_t element_size(int type)
{
    return type == EXO_INT64 ? 8 : type == EXO_FLOAT || type == EXO_INT32 ? 4 : 1;
}

/* raw_data is little-endian, whatever the machine is. */
static void put_bytes(uint8_t *to, const void *from, int64_t n, size_t size)
{
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *p = (const uint8_t *)from + (size_t)i * size;
        uint64_t wide = 0;
        uint32_t word = 0;
        memcpy(&wide, p, size == 8 ? 8 : 0);
        memcpy(&word, p, size == 4 ? 4 : 0);
        uint64_t v = size == 8 ? wide : size == 4 ? word : *p;
        for (size_t k = 0; k < size; k++)
            to[(size_t)i * size + k] = (uint8_t)(v >> 8 * k);
    }
}

const char *exo_const(exo_graph *x, const char *name, int type, const exo_dims *d, const void *data)
{
    Onnx__TensorProto *t = ARENA_NEW(x->ctx->a, Onnx__TensorProto);
    int64_t n = 1;
    onnx__tensor_proto__init(t);
    t->name = text(x, name);
    t->has_data_type = true;
    t->data_type = type;
    t->n_dims = (size_t)d->rank;
    t->dims = arena_memdup(x->ctx->a, d->dim, (size_t)d->rank * sizeof *d->dim);
    for (int i = 0; i < d->rank; i++)
        n *= d->dim[i];
    t->has_raw_data = true;
    t->raw_data.len = (size_t)n * element_size(type);
    t->raw_data.data = arena_alloc(x->ctx->a, t->raw_data.len + 1);
    put_bytes(t->raw_data.data, data, n, element_size(type));
    ADD(x, x->graph.initializer, x->graph.n_initializer, t);
    return t->name;
}

const char *exo_int64s(exo_graph *x, const char *name, int n, const int64_t *v)
{
    const exo_dims d = {1, {n}};
    return exo_const(x, name, EXO_INT64, &d, v);
}

const char *exo_real(exo_graph *x, const char *name, double v)
{
    const exo_dims scalar = {0, {0}};
    const float f = (float)v;
    return exo_const(x, name, EXO_FLOAT, &scalar, &f);
}

/* ---- ports, the file ----------------------------------------------------------------------- */

static Onnx__TypeProto *tensor_type(exo_graph *x, int type, const exo_dims *d)
{
    Onnx__TypeProto *p = ARENA_NEW(x->ctx->a, Onnx__TypeProto);
    Onnx__TypeProto__Tensor *t = ARENA_NEW(x->ctx->a, Onnx__TypeProto__Tensor);
    Onnx__TensorShapeProto *s = ARENA_NEW(x->ctx->a, Onnx__TensorShapeProto);
    onnx__type_proto__init(p);
    onnx__type_proto__tensor__init(t);
    onnx__tensor_shape_proto__init(s);
    p->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    p->tensor_type = t;
    t->has_elem_type = true;
    t->elem_type = type;
    t->shape = s;
    for (int i = 0; i < d->rank; i++) {
        Onnx__TensorShapeProto__Dimension *k =
            ARENA_NEW(x->ctx->a, Onnx__TensorShapeProto__Dimension);
        onnx__tensor_shape_proto__dimension__init(k);
        k->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        k->dim_value = d->dim[i];
        ADD(x, s->dim, s->n_dim, k);
    }
    return p;
}

void exo_port(exo_graph *x, bool output, const char *name, int type, const exo_dims *d)
{
    Onnx__ValueInfoProto *v = ARENA_NEW(x->ctx->a, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(v);
    v->name = text(x, name);
    v->type = tensor_type(x, type, d);
    if (output)
        ADD(x, x->graph.output, x->graph.n_output, v);
    else
        ADD(x, x->graph.input, x->graph.n_input, v);
}

/* The version of the format that came with an operator set. */
static int64_t ir_version(int opset)
{
    return opset >= 19 ? 9 : opset >= 15 ? 8 : 7;
}

void exo_pack(exo_graph *x, buf *out)
{
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto set, *sets[1] = {&set};
    onnx__model_proto__init(&model);
    onnx__operator_set_id_proto__init(&set);
    set.domain = text(x, "");
    set.has_version = true;
    set.version = x->opset;
    model.has_ir_version = true;
    model.ir_version = ir_version(x->opset);
    model.n_opset_import = 1;
    model.opset_import = sets;
    model.producer_name = text(x, "qcc");
    model.producer_version = text(x, PACKAGE_VERSION);
    model.graph = &x->graph;
    size_t n = onnx__model_proto__get_packed_size(&model);
    uint8_t *bytes = arena_alloc(x->ctx->a, n + 1);
    onnx__model_proto__pack(&model, bytes);
    buf_bytes(out, bytes, n);
}
