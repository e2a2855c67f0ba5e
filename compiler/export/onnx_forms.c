/* onnx_forms.c - the forms of an activation: channels first or last, reals behind their codes.
 *
 * In a quantized model every value that has a code type in the IR passes through QuantizeLinear and
 * DequantizeLinear, whatever moved it, so that ONNX Runtime can run every operator on codes: a pair
 * more with the same scale changes no code. */
#include <string.h>

#include "compiler/export/onnx.h"

/* ---- dimensions ---------------------------------------------------------------------------- */

exo_dims exo_dims_of(const ir_shape *s, exo_form form)
{
    exo_dims d = {s->rank + 1, {1}};
    for (int i = 0; i < s->rank; i++)
        d.dim[1 + i] = s->dim[i];
    for (int i = 0; form == EXO_FIRST && s->rank > 1 && i < s->rank; i++)
        d.dim[1 + i] = s->dim[i ? i - 1 : s->rank - 1];
    return d;
}

int exo_axis(const ir_tensor *t, exo_form form, int k)
{
    bool first = form == EXO_FIRST && t->shape.rank > 1;
    return !first ? 1 + k : k == t->shape.rank - 1 ? 1 : 2 + k;
}

bool exo_same_order(const ir_shape *s)
{
    int64_t channels = s->rank ? s->dim[s->rank - 1] : 1;
    return channels == 1 || ir_elems(s) == channels;
}

/* ---- codes --------------------------------------------------------------------------------- */

bool exo_quantized(const exo_graph *x)
{
    return x->kind != EXPORT_FLOAT;
}

static bool has_codes(const exo_graph *x, const ir_tensor *t)
{
    return exo_quantized(x) && t->quant;
}

/* Scale and zero point of a tensor, made once. */
static const exo_value *quantization(exo_graph *x, const ir_tensor *t)
{
    exo_value *v = &x->values[t->id];
    if (v->scale)
        return v;
    const exo_dims scalar = {0, {0}};
    bool u8 = x->kind == EXPORT_QDQ_U8;
    const uint8_t zero = (uint8_t)(t->quant->zero[0] + (u8 ? 128 : 0));
    v->scale = exo_const(x, exo_name(x, "%s.scale", t->name), EXO_FLOAT, &scalar, t->quant->scale);
    v->zero = exo_const(x, exo_name(x, "%s.zero_point", t->name), u8 ? EXO_UINT8 : EXO_INT8,
                        &scalar, &zero);
    return v;
}

/* The value `name` is `real` after rounding to t's codes. */
static void quantize(exo_graph *x, const ir_tensor *t, const char *real, const char *name)
{
    const exo_value *v = quantization(x, t);
    Onnx__NodeProto *q =
        exo_node(x, "QuantizeLinear", 3, (const char *[]){real, v->scale, v->zero});
    q->output[0] = (char *)(uintptr_t)exo_name(x, "%s.codes", name);
    Onnx__NodeProto *dq =
        exo_node(x, "DequantizeLinear", 3, (const char *[]){q->output[0], v->scale, v->zero});
    dq->output[0] = (char *)(uintptr_t)name;
}

static void name_node(Onnx__NodeProto *n, const char *result)
{
    n->output[0] = (char *)(uintptr_t)result;
    n->name = n->output[0];
}

/* Names the result of a node, behind its codes where t has some. */
static void settle(exo_graph *x, Onnx__NodeProto *n, const ir_tensor *t, const char *name)
{
    name_node(n, has_codes(x, t) ? exo_name(x, "%s.real", name) : name);
    if (has_codes(x, t))
        quantize(x, t, n->output[0], name);
}

/* ---- forms --------------------------------------------------------------------------------- */

static exo_form form_for(const ir_tensor *t, exo_form form)
{
    return t->shape.rank > 1 ? form : EXO_LAST;
}

/* What the form of a tensor is called: the form of the net's ports has the plain name. */
static const char *form_name(exo_graph *x, const ir_tensor *t, exo_form form)
{
    bool port = form == form_for(t, EXO_FIRST);
    return exo_name(x, port ? "%s" : "%s.channels_last", t->name);
}

exo_form exo_form_of(const exo_graph *x, const ir_tensor *t)
{
    return x->values[t->id].name[EXO_FIRST] ? EXO_FIRST : EXO_LAST;
}

Onnx__NodeProto *exo_reshape(exo_graph *x, const char *in, const char *name, const exo_dims *to)
{
    const char *shape = exo_int64s(x, exo_name(x, "%s.shape", name), to->rank, to->dim);
    return exo_node(x, "Reshape", 2, (const char *[]){in, shape});
}

static Onnx__NodeProto *turned(exo_graph *x, const ir_tensor *t, const char *in, const char *name,
                               exo_form to)
{
    int rank = t->shape.rank;
    int64_t perm[IR_MAX_RANK + 1] = {0};
    if (exo_same_order(&t->shape)) {
        const exo_dims d = exo_dims_of(&t->shape, to);
        return exo_reshape(x, in, name, &d);
    }
    for (int k = 0; k < rank; k++) /* perm: of each dimension, where it was */
        perm[exo_axis(t, to, k)] = exo_axis(t, to == EXO_FIRST ? EXO_LAST : EXO_FIRST, k);
    Onnx__NodeProto *n = exo_node1(x, "Transpose", in);
    exo_set_ints(x, n, "perm", rank + 1, perm);
    return n;
}

const char *exo_constant(exo_graph *x, const ir_tensor *t, exo_form form, const exo_dims *d)
{
    bool coded = has_codes(x, t), u8 = coded && x->kind == EXPORT_QDQ_U8;
    size_t size = coded ? 1 : 4;
    int64_t n = ir_elems(&t->shape), last = t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
    uint8_t *data = arena_alloc(x->ctx->a, (size_t)n * size);
    for (int64_t i = 0; i < n; i++) { /* element i of the IR */
        int64_t at = form_for(t, form) == EXO_FIRST ? i % last * (n / last) + i / last : i;
        memcpy(data + (size_t)at * size, (const uint8_t *)t->data + (size_t)i * size, size);
        data[at] = (uint8_t)(data[at] + (u8 ? 128 : 0));
    }
    const char *name = exo_name(x, "%s", t->name);
    if (!coded)
        return exo_const(x, name, EXO_FLOAT, d, data);
    const exo_value *v = quantization(x, t);
    exo_const(x, name, u8 ? EXO_UINT8 : EXO_INT8, d, data);
    Onnx__NodeProto *dq =
        exo_node(x, "DequantizeLinear", 3, (const char *[]){name, v->scale, v->zero});
    name_node(dq, exo_name(x, "%s.real", name));
    return dq->output[0];
}

const char *exo_get(exo_graph *x, const ir_tensor *t, exo_form form)
{
    exo_value *v = &x->values[t->id];
    form = form_for(t, form);
    if (!v->name[form] && t->kind == IR_CONST) {
        const exo_dims d = exo_dims_of(&t->shape, form);
        v->name[form] = exo_constant(x, t, form, &d);
    } else if (!v->name[form]) {
        const char *name = form_name(x, t, form);
        settle(x, turned(x, t, v->name[!form], name, form), t, name);
        v->name[form] = name;
    }
    return v->name[form];
}

const char *exo_flat(exo_graph *x, const ir_tensor *t)
{
    const char *const *name = x->values[t->id].name;
    if (!name[EXO_LAST] && name[EXO_FIRST] && exo_same_order(&t->shape))
        return name[EXO_FIRST];
    return exo_get(x, t, EXO_LAST);
}

/* ---- results ------------------------------------------------------------------------------- */

const char *exo_step(exo_graph *x, Onnx__NodeProto *n, const ir_op *op, const char *what,
                     const ir_tensor *like)
{
    const char *name = exo_name(x, "%s.%s", op->name, what);
    settle(x, n, like, name);
    return name;
}

Onnx__NodeProto *exo_acted(exo_graph *x, const ir_op *op, Onnx__NodeProto *n)
{
    if (op->at.act == IR_ACT_NONE)
        return n;
    name_node(n, exo_name(x, "%s.sum", op->name));
    const char *in = n->output[0];
    if (op->at.act == IR_ACT_RELU)
        return exo_node1(x, "Relu", in);
    return exo_node(x, "Clip", 3,
                    (const char *[]){in, exo_real(x, exo_name(x, "%s.min", op->name), 0),
                                     exo_real(x, exo_name(x, "%s.max", op->name), 6)});
}

bool exo_done(exo_graph *x, const ir_op *op, Onnx__NodeProto *n, exo_form form)
{
    return exo_result(x, op, exo_acted(x, op, n), form);
}

bool exo_result(exo_graph *x, const ir_op *op, Onnx__NodeProto *n, exo_form form)
{
    const ir_tensor *t = op->out[0];
    form = form_for(t, form);
    const char *name = form_name(x, t, form);
    settle(x, n, t, name);
    x->values[t->id].name[form] = name;
    return true;
}

void exo_define(exo_graph *x, const ir_tensor *t, const char *real, const char *name, exo_form form)
{
    quantize(x, t, real, name);
    x->values[t->id].name[form_for(t, form)] = name;
}
