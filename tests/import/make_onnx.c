/* make_onnx.c - ModelProto by hand. */
#include "tests/import/make_onnx.h"

#include <string.h>

/* Appends a pointer to a repeated field. */
#define ADD(b, field, count, item)                                                                 \
    do {                                                                                           \
        (field) = arena_grow((b)->ctx->a, (field), (count) * sizeof *(field),                      \
                             ((count) + 1) * sizeof *(field));                                     \
        (field)[(count)++] = (item);                                                               \
    } while (0)

static char *text(made_onnx *b, const char *s)
{
    return arena_strdup(b->ctx->a, s);
}

made_onnx *onnx_new(qctx *ctx)
{
    made_onnx *b = ARENA_NEW(ctx->a, made_onnx);
    b->ctx = ctx;
    b->opset = 13;
    onnx__model_proto__init(&b->model);
    onnx__graph_proto__init(&b->graph);
    b->model.graph = &b->graph;
    return b;
}

static Onnx__ValueInfoProto *info(made_onnx *b, const char *name)
{
    Onnx__ValueInfoProto *v = ARENA_NEW(b->ctx->a, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(v);
    v->name = text(b, name);
    return v;
}

void onnx_input(made_onnx *b, const char *name, int type, int rank, const int64_t *dim)
{
    Onnx__ValueInfoProto *v = info(b, name);
    v->type = ARENA_NEW(b->ctx->a, Onnx__TypeProto);
    onnx__type_proto__init(v->type);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    Onnx__TypeProto__Tensor *t = v->type->tensor_type =
        ARENA_NEW(b->ctx->a, Onnx__TypeProto__Tensor);
    onnx__type_proto__tensor__init(t);
    t->has_elem_type = true;
    t->elem_type = type;
    t->shape = ARENA_NEW(b->ctx->a, Onnx__TensorShapeProto);
    onnx__tensor_shape_proto__init(t->shape);
    for (int i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *d =
            ARENA_NEW(b->ctx->a, Onnx__TensorShapeProto__Dimension);
        onnx__tensor_shape_proto__dimension__init(d);
        d->value_case = dim[i] ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                               : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        if (dim[i])
            d->dim_value = dim[i];
        else
            d->dim_param = text(b, "N");
        ADD(b, t->shape->dim, t->shape->n_dim, d);
    }
    ADD(b, b->graph.input, b->graph.n_input, v);
}

void onnx_output(made_onnx *b, const char *name)
{
    ADD(b, b->graph.output, b->graph.n_output, info(b, name));
}

void onnx_init(made_onnx *b, const char *name, int type, int rank, const int64_t *dim,
               const void *data, size_t bytes)
{
    Onnx__TensorProto *t = ARENA_NEW(b->ctx->a, Onnx__TensorProto);
    onnx__tensor_proto__init(t);
    t->name = text(b, name);
    t->has_data_type = true;
    t->data_type = type;
    t->n_dims = (size_t)rank;
    t->dims = arena_memdup(b->ctx->a, dim, (size_t)rank * sizeof *dim);
    t->has_raw_data = true;
    t->raw_data.len = bytes;
    t->raw_data.data = arena_memdup(b->ctx->a, data, bytes);
    ADD(b, b->graph.initializer, b->graph.n_initializer, t);
}

const float *onnx_floats(made_onnx *b, const char *name, rng *r, int rank, const int64_t *dim)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dim[i];
    float *v = ARENA_ARRAY(b->ctx->a, float, n);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(2 * rng_double(r) - 1);
    onnx_init(b, name, ONX_FLOAT, rank, dim, v, n * sizeof *v);
    return v;
}

void onnx_int64s(made_onnx *b, const char *name, int n, const int64_t *v)
{
    onnx_init(b, name, ONX_INT64, D(n), v, (size_t)n * sizeof *v);
}

void onnx_scalar(made_onnx *b, const char *name, float v)
{
    onnx_init(b, name, ONX_FLOAT, 0, NULL, &v, 4);
}

void onnx_code(made_onnx *b, const char *name, int type, int v)
{
    unsigned char code = (unsigned char)v;
    onnx_init(b, name, type, 0, NULL, &code, 1);
}

static void words(made_onnx *b, const char *list, char ***v, size_t *n)
{
    while (*list) {
        size_t k = strcspn(list, " ");
        bool none = k == 1 && *list == '-';
        ADD(b, *v, *n, arena_strndup(b->ctx->a, list, none ? 0 : k));
        list += k + (list[k] == ' ');
    }
}

Onnx__NodeProto *onnx_add_node(made_onnx *b, const char *type, const char *in, const char *out)
{
    Onnx__NodeProto *n = ARENA_NEW(b->ctx->a, Onnx__NodeProto);
    onnx__node_proto__init(n);
    n->op_type = text(b, type);
    words(b, in, &n->input, &n->n_input);
    words(b, out, &n->output, &n->n_output);
    ADD(b, b->graph.node, b->graph.n_node, n);
    return n;
}

static Onnx__AttributeProto *attribute(made_onnx *b, Onnx__NodeProto *n, const char *name)
{
    Onnx__AttributeProto *a = ARENA_NEW(b->ctx->a, Onnx__AttributeProto);
    onnx__attribute_proto__init(a);
    a->name = text(b, name);
    ADD(b, n->attribute, n->n_attribute, a);
    return a;
}

void onnx_set_int(made_onnx *b, Onnx__NodeProto *n, const char *name, int64_t v)
{
    Onnx__AttributeProto *a = attribute(b, n, name);
    a->has_i = true;
    a->i = v;
}

void onnx_set_ints(made_onnx *b, Onnx__NodeProto *n, const char *name, int count, const int64_t *v)
{
    Onnx__AttributeProto *a = attribute(b, n, name);
    a->n_ints = (size_t)count;
    a->ints = arena_memdup(b->ctx->a, v, (size_t)count * sizeof *v);
}

void onnx_set_float(made_onnx *b, Onnx__NodeProto *n, const char *name, float v)
{
    Onnx__AttributeProto *a = attribute(b, n, name);
    a->has_f = true;
    a->f = v;
}

void onnx_set_text(made_onnx *b, Onnx__NodeProto *n, const char *name, const char *v)
{
    Onnx__AttributeProto *a = attribute(b, n, name);
    a->has_s = true;
    a->s.len = strlen(v);
    a->s.data = arena_memdup(b->ctx->a, v, strlen(v));
}

const source *onnx_finish(made_onnx *b)
{
    Onnx__OperatorSetIdProto set, *sets[1] = {&set};
    onnx__operator_set_id_proto__init(&set);
    set.has_version = true;
    set.version = b->opset;
    b->model.n_opset_import = 1;
    b->model.opset_import = sets;
    size_t n = onnx__model_proto__get_packed_size(&b->model);
    char *bytes = arena_alloc(b->ctx->a, n + 1);
    onnx__model_proto__pack(&b->model, (uint8_t *)bytes);
    source *s = ARENA_NEW(b->ctx->a, source);
    *s = (source){.name = "made.onnx", .text = bytes, .len = n};
    return s;
}
