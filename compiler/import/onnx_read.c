/* onnx_read.c - the file's graph as values and nodes, checked: names lead somewhere, nodes stand
 * behind what they read, shapes are small. */
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/import/onnx.h"
#include "compiler/io/dataset.h"

/* ---- values -------------------------------------------------------------------------------- */

static int *find_slot(const onx_model *m, const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *p = name; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    int at = (int)(h & (uint32_t)(m->slots - 1));
    while (m->slot[at] && strcmp(m->values.v[m->slot[at] - 1].name, name) != 0)
        at = (at + 1) & (m->slots - 1);
    return &m->slot[at];
}

static void grow_slots(onx_model *m)
{
    m->slots = m->slots ? 2 * m->slots : 256;
    m->slot = ARENA_ARRAY(m->ctx->a, int, m->slots);
    for (int i = 0; i < m->values.n; i++)
        *find_slot(m, m->values.v[i].name) = i + 1;
}

int onx_value_of(onx_model *m, const char *name)
{
    if (2 * (m->values.n + 1) > m->slots)
        grow_slots(m);
    int *slot = find_slot(m, name);
    if (!*slot) {
        *VEC_PUSH(m->ctx->a, &m->values) = (onx_value){.name = name, .producer = -1};
        *slot = m->values.n;
    }
    return *slot - 1;
}

static bool broken(onx_model *m, const char *fmt, const char *name)
{
    diag_add(m->ctx, D_ONNX_BROKEN, loc_file(m->src), fmt, onx_shown(m->ctx, name));
    return false;
}

/* ---- attributes ---------------------------------------------------------------------------- */

const Onnx__AttributeProto *onx_attr(const onx_node *node, const char *name)
{
    for (size_t i = 0; i < node->p->n_attribute; i++)
        if (node->p->attribute[i]->name && !strcmp(node->p->attribute[i]->name, name))
            return node->p->attribute[i];
    return NULL;
}

int64_t onx_int(const onx_node *node, const char *name, int64_t fallback)
{
    const Onnx__AttributeProto *a = onx_attr(node, name);
    return a && a->has_i ? a->i : fallback;
}

double onx_float(const onx_node *node, const char *name, double fallback)
{
    const Onnx__AttributeProto *a = onx_attr(node, name);
    return a && a->has_f ? (double)a->f : fallback;
}

const char *onx_string(onx_model *m, const onx_node *node, const char *name, const char *fallback)
{
    const Onnx__AttributeProto *a = onx_attr(node, name);
    return a && a->has_s ? arena_strndup(m->ctx->a, (const char *)a->s.data, a->s.len) : fallback;
}

int onx_ints(const onx_node *node, const char *name, int most, int64_t *v)
{
    const Onnx__AttributeProto *a = onx_attr(node, name);
    if (!a)
        return -1;
    for (size_t i = 0; i < a->n_ints && i < (size_t)most; i++)
        v[i] = a->ints[i];
    return a->n_ints > (size_t)most ? most + 1 : (int)a->n_ints;
}

/* ---- ports --------------------------------------------------------------------------------- */

/* A dimension that has a name, or nothing, is 1: the host runs rows one by one. */
static bool read_shape(onx_model *m, const Onnx__ValueInfoProto *info, onx_value *v)
{
    const Onnx__TypeProto__Tensor *t =
        info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            ? info->type->tensor_type
            : NULL;
    v->in_type = t ? t->elem_type : 0;
    v->in_dims.rank = 0;
    if (!t || !t->shape || t->shape->n_dim > ONX_MAX_RANK) {
        v->in_dims.rank = -1;
        return true;
    }
    for (size_t i = 0; i < t->shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = t->shape->dim[i];
        bool stated = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        v->in_dims.dim[v->in_dims.rank++] = stated ? d->dim_value : 1;
        if (stated && (d->dim_value < 0 || d->dim_value > INT32_MAX))
            return broken(m, "the input '%s' has an impossible size", v->name);
    }
    return onx_count(&v->in_dims) >= 0 ||
           broken(m, "the input '%s' has 2^31 elements or more", v->name);
}

static bool read_ports(onx_model *m, const Onnx__GraphProto *g)
{
    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__TensorProto *t = g->initializer[i];
        if (!t->name || !*t->name)
            return broken(m, "an initializer has no name%s", "");
        int k = onx_value_of(m, t->name); /* which may move the values */
        m->values.v[k].proto = t;
    }
    for (size_t i = 0; i < g->n_input; i++) {
        const char *name = g->input[i]->name;
        if (!name || !*name)
            return broken(m, "an input has no name%s", "");
        int k = onx_value_of(m, name);
        onx_value *v = &m->values.v[k];
        if (v->is_input)
            return broken(m, "two inputs are called '%s'", name);
        if (v->proto) /* old files list their constants among the inputs */
            continue;
        v->is_input = true;
        if (!read_shape(m, g->input[i], v))
            return false;
        *VEC_PUSH(m->ctx->a, &m->inputs) = k;
    }
    return true;
}

/* Arrays of --bind take the place of inputs. */
static bool bind_inputs(onx_model *m)
{
    for (int b = 0; b < m->o->binds.n; b++) {
        int at = -1;
        for (int i = 0; i < m->inputs.n; i++)
            if (!strcmp(m->values.v[m->inputs.v[i]].name, m->o->binds.v[b].name))
                at = i;
        if (at < 0) {
            diag_add(m->ctx, D_IMPORT_BIND, loc_file(m->src),
                     "--bind %s: the model has no such input",
                     onx_shown(m->ctx, m->o->binds.v[b].name));
            return false;
        }
        m->values.v[m->inputs.v[at]].bound = m->o->binds.v[b].value;
        for (int i = at + 1; i < m->inputs.n; i++)
            m->inputs.v[i - 1] = m->inputs.v[i];
        m->inputs.n--;
    }
    return true;
}

/* ---- nodes --------------------------------------------------------------------------------- */

static bool read_operands(onx_model *m, onx_node *node, bool *defined)
{
    const Onnx__NodeProto *p = node->p;
    node->in = ARENA_ARRAY(m->ctx->a, int, p->n_input);
    node->out = ARENA_ARRAY(m->ctx->a, int, p->n_output);
    node->n_in = (int)p->n_input;
    node->n_out = (int)p->n_output;
    for (int i = 0; i < node->n_in; i++) {
        node->in[i] = *p->input[i] ? onx_value_of(m, p->input[i]) : -1;
        const onx_value *v = node->in[i] < 0 ? NULL : &m->values.v[node->in[i]];
        if (v && !v->is_input && !v->proto && !defined[node->in[i]])
            return broken(m, "nothing in front of its reader makes the value '%s'", v->name);
    }
    for (int i = 0; i < node->n_out; i++) {
        node->out[i] = *p->output[i] ? onx_value_of(m, p->output[i]) : -1;
        if (node->out[i] < 0)
            continue;
        const onx_value *v = &m->values.v[node->out[i]];
        if (v->is_input || v->proto || defined[node->out[i]])
            return broken(m, "the value '%s' is made twice", v->name);
        defined[node->out[i]] = true;
    }
    return true;
}

static bool read_nodes(onx_model *m, const Onnx__GraphProto *g)
{
    size_t names = g->n_initializer + g->n_input + g->n_output;
    if (g->n_node > ONX_MAX_NODES)
        return broken(m, "the graph has more than 10000 nodes%s", "");
    for (size_t i = 0; i < g->n_node; i++)
        names += g->node[i]->n_input + g->node[i]->n_output;
    if (names > ONX_MAX_VALUES)
        return broken(m, "the graph has more than 2^17 names of values%s", "");
    bool *defined = ARENA_ARRAY(m->ctx->a, bool, names + (size_t)m->values.n + 1);
    m->nodes = ARENA_ARRAY(m->ctx->a, onx_node, g->n_node);
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *p = g->node[i];
        onx_node *node = &m->nodes[m->n_nodes++];
        *node =
            (onx_node){.index = (int)i,
                       .p = p,
                       .type = p->op_type ? p->op_type : "",
                       .domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : ""};
        if (!read_operands(m, node, defined))
            return false;
    }
    for (size_t i = 0; i < g->n_output; i++) {
        const char *name = g->output[i]->name;
        int k = name && *name ? onx_value_of(m, name) : -1;
        if (k < 0 || !(defined[k] || m->values.v[k].is_input || m->values.v[k].proto))
            return broken(m, "nothing makes the output '%s'", name ? name : "");
        m->values.v[k].is_output = true;
        *VEC_PUSH(m->ctx->a, &m->outputs) = k;
    }
    return true;
}

/* Nodes whose results reach an output; what makes a value, and what reads it. */
static void mark_live(onx_model *m)
{
    for (int i = m->n_nodes - 1; i >= 0; i--) {
        onx_node *node = &m->nodes[i];
        for (int k = 0; k < node->n_out; k++) {
            onx_value *v = onx_out(m, node, k);
            node->live = node->live || (v && (v->is_output || v->readers));
            if (v)
                v->producer = i;
        }
        for (int k = 0; node->live && k < node->n_in; k++) {
            onx_value *v = onx_in(m, node, k);
            if (v) {
                v->readers++;
                v->reader = i;
            }
        }
    }
}

const onx_node *onx_producer(const onx_model *m, const onx_value *v)
{
    return v->producer >= 0 ? &m->nodes[v->producer] : NULL;
}

const onx_node *onx_sole_reader(const onx_model *m, const onx_value *v)
{
    return v->readers == 1 && !v->is_output ? &m->nodes[v->reader] : NULL;
}

bool onx_read(onx_model *m)
{
    m->proto = onx_unpack_model(m->ctx, m->src);
    if (!m->proto)
        return false;
    for (size_t i = 0; i < m->proto->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *s = m->proto->opset_import[i];
        if (!s->domain || !*s->domain || !strcmp(s->domain, "ai.onnx"))
            m->opset = s->version;
    }
    const Onnx__GraphProto *g = m->proto->graph;
    if (!read_ports(m, g) || !read_nodes(m, g) || !bind_inputs(m))
        return false;
    onx_take_apart(m);
    mark_live(m);
    m->quantized = onx_is_quantized(m);
    return true;
}

/* ---- --bind -------------------------------------------------------------------------------- */

static const onx_const *bind_array(qctx *ctx, const char *path)
{
    dataset *d = dataset_read(ctx, path, false);
    if (!d)
        return NULL;
    static const int types[] = {
        [DT_F32] = 1, [DT_F16] = 10, [DT_BF16] = 16, [DT_F64] = 11, [DT_I8] = 3,
        [DT_U8] = 2,  [DT_I16] = 5,  [DT_U16] = 4,   [DT_I32] = 6,  [DT_U32] = 12,
        [DT_I64] = 7, [DT_U64] = 13, [DT_BOOL] = 9};
    onx_const *c = ARENA_NEW(ctx->a, onx_const);
    c->type = types[d->dtype];
    c->d.rank = d->rank;
    for (int i = 0; i < d->rank && i < ONX_MAX_RANK; i++)
        c->d.dim[i] = d->dim[i];
    c->n = onx_count(&c->d);
    double *v = ARENA_ARRAY(ctx->a, double, c->n);
    const named_tensor t = {.dtype = d->dtype, .elems = c->n, .data = d->data};
    for (int64_t i = 0; i < c->n; i++)
        v[i] = tensor_value(&t, i);
    c->v = v;
    return c;
}

static const onx_const *bind_tensor(qctx *ctx, const char *path)
{
    const source *src = file_read(ctx, path);
    const Onnx__TensorProto *t = src ? onx_unpack_tensor(ctx, src) : NULL;
    const char *why = NULL;
    const onx_const *c = t ? onx_unpack(ctx, t, &why) : NULL;
    if (t && !c)
        diag_add(ctx, D_IMPORT_BIND, loc_file(src), "no array that can be bound: %s", why);
    return c;
}

bool import_bind(qctx *ctx, const char *text, import_options *o)
{
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text || !equals[1]) {
        diag_add(ctx, D_IMPORT_BIND, loc_none(), "--bind %s is not NAME=FILE",
                 onx_shown(ctx, text));
        return false;
    }
    size_t n = strlen(equals + 1);
    bool pb = n > 3 && !strcmp(equals + 1 + n - 3, ".pb");
    const onx_const *c = pb ? bind_tensor(ctx, equals + 1) : bind_array(ctx, equals + 1);
    if (c)
        *VEC_PUSH(ctx->a, &o->binds) =
            (import_binding){arena_strndup(ctx->a, text, (size_t)(equals - text)), c};
    return c != NULL;
}
