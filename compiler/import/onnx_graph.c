/* onnx_graph.c - what every operator's import is made of: operands, names, IR operators, problems.
 */
#include "compiler/import/onnx.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- problems ------------------------------------------------------------------------------ */

bool onx_cannot(onx_model *m, const onx_node *node, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    problem_add(m->ctx, &m->problems, node, hint, fmt, ap);
    va_end(ap);
    return false;
}

const char *onx_shown(qctx *ctx, const char *name)
{
    char *s = arena_strdup(ctx->a, name);
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < 32 || *p == 127)
            *p = '?';
    return strlen(s) > 80 ? arena_printf(ctx->a, "%.80s…", s) : s;
}

const char *onx_dims_str(qctx *ctx, const onx_dims *d)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < d->rank; i++)
        buf_printf(&b, "%s%lld", i ? "x" : "", (long long)d->dim[i]);
    return d->rank ? buf_str(&b) : "scalar";
}

/* Graph inputs that a DequantizeLinear makes weights of; the first one's name, or NULL. */
static const char *codes_needed(onx_model *m, const onx_value *v)
{
    const onx_node *dq = onx_producer(m, v);
    const char *first = NULL;
    for (int i = 0; dq && !strcmp(dq->type, "DequantizeLinear") && i < dq->n_in; i++) {
        const onx_value *x = onx_in(m, dq, i);
        if (!x || !x->is_input || x->bound)
            continue;
        *VEC_PUSH(m->ctx->a, &m->needed) = dq->in[i];
        first = first ? first : onx_shown(m->ctx, x->name);
    }
    return first;
}

bool onx_needs(onx_model *m, const onx_node *node, int operand, const char *what)
{
    const onx_value *v = onx_in(m, node, operand);
    const char *name = v ? onx_shown(m->ctx, v->name) : "";
    if (!v)
        return onx_cannot(m, node, NULL, "it has no %s", what);
    const char *codes = codes_needed(m, v);
    if (codes)
        return onx_cannot(m, node,
                          arena_printf(m->ctx->a, "--bind %s=FILE makes it a constant", codes),
                          "its %s is made of '%s', an input of the model", what, codes);
    if (!v->is_input)
        return onx_cannot(m, node, "run the exporter's constant folding",
                          "its %s '%s' is no constant", what, name);
    *VEC_PUSH(m->ctx->a, &m->needed) = node->in[operand];
    return onx_cannot(m, node, arena_printf(m->ctx->a, "--bind %s=FILE makes it a constant", name),
                      "its %s '%s' is an input of the model", what, name);
}

/* ---- operands ------------------------------------------------------------------------------ */

onx_value *onx_in(const onx_model *m, const onx_node *node, int i)
{
    return i < node->n_in && node->in[i] >= 0 ? &m->values.v[node->in[i]] : NULL;
}

onx_value *onx_out(onx_model *m, const onx_node *node, int i)
{
    return i < node->n_out && node->out[i] >= 0 ? &m->values.v[node->out[i]] : NULL;
}

onx_value *onx_act(onx_model *m, const onx_node *node, int i)
{
    onx_value *v = onx_in(m, node, i);
    if (v && v->known)
        return v;
    if (!v)
        onx_cannot(m, node, NULL, "its operand %d is left out", i + 1);
    else
        onx_cannot(m, node, "compute it in the model before", "its operand '%s' is a constant",
                   onx_shown(m->ctx, v->name));
    return NULL;
}

const onx_const *onx_const_in(onx_model *m, const onx_node *node, int i, const char *what)
{
    const onx_const *c = i < node->n_in ? onx_constant(m, node->in[i]) : NULL;
    if (!c)
        onx_needs(m, node, i, what);
    return c;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), k = strlen(tail);
    return n > k && !strcmp(s + n - k, tail);
}

/* "/features/0" of a node called "/features/0/Conv". */
static const char *scope_of(onx_model *m, const onx_node *node)
{
    const char *name = node->p->name ? node->p->name : "";
    const char *slash = strrchr(name, '/');
    bool kind = slash && slash > name && !strncmp(slash + 1, node->type, strlen(node->type));
    return kind ? arena_strndup(m->ctx->a, name, (size_t)(slash - name)) : name;
}

const char *onx_layer_name(onx_model *m, const onx_node *node, const onx_value *weights)
{
    static const char *const parts[] = {".weight", ".weight_quantized", "_weight", "/kernel",
                                        "_quantized"};
    const char *name = NULL, *word = import_word(m->ctx, node->type);
    for (size_t i = 0; weights && !name && i < sizeof parts / sizeof *parts; i++)
        if (ends_with(weights->name, parts[i]))
            name =
                arena_strndup(m->ctx->a, weights->name, strlen(weights->name) - strlen(parts[i]));
    if (!name)
        name = scope_of(m, node);
    if (!*name || !*import_word(m->ctx, name) || (*name >= '0' && *name <= '9'))
        name = onx_out(m, node, 0) ? onx_out(m, node, 0)->name : word;
    if (*name >= '0' && *name <= '9')
        name = word;
    return import_name(m->ctx, &m->names, name, NULL, NULL, *word ? word : "layer");
}

const char *onx_fresh(onx_model *m, const char *base, const char *suffix)
{
    return import_name(m->ctx, &m->names, arena_printf(m->ctx->a, "%s_%s", base, suffix), NULL,
                       NULL, suffix);
}

/* ---- IR ------------------------------------------------------------------------------------ */

ir_shape onx_shape(int n, const int64_t *dim)
{
    ir_shape s = {.rank = n};
    for (int i = 0; i < n; i++)
        s.dim[i] = (int32_t)dim[i];
    return s;
}

ir_tensor *onx_emit(onx_model *m, const onx_node *node, ir_opkind kind, const char *name,
                    const ir_attrs *at, int n_in, ir_tensor *const *in, const ir_quant *quant)
{
    const ir_shape unknown = {.rank = 0};
    if (!name && node)
        name = onx_layer_name(m, node, NULL);
    else if (!name)
        name = onx_fresh(m, in[0]->name, ir_opinfos[kind].word);
    bool index = kind == OP_ARGMAX && m->quantized;
    if (m->quantized && in[0]->type == IR_I32) {
        onx_cannot(m, node, "end the model at the indices", "it would move indices");
        return NULL;
    }
    if (m->quantized && !quant && !index)
        quant = (ir_opinfos[kind].flags & OPF_P) && kind != OP_GLOBAL_AVGPOOL
                    ? in[0]->quant
                    : onx_target_quant(m, node);
    if (m->quantized && !quant && !index)
        return NULL;
    ir_type type = index ? IR_I32 : quant ? IR_I8 : IR_F32;
    ir_tensor *out = ir_add_tensor(m->ctx, m->g, name, IR_VALUE, type, &unknown,
                                   loc_file(m->src));
    out->quant = (ir_quant *)(uintptr_t)quant;
    ir_op *op = ir_add_op(m->ctx, m->g, kind, name, n_in, in, 1, &out, loc_file(m->src));
    op->at = *at;
    if (ir_infer_shape(m->ctx, op))
        return out;
    onx_cannot(m, node, NULL, "its shapes do not fit");
    return NULL;
}

ir_tensor *onx_emit1(onx_model *m, const onx_node *node, ir_opkind kind, ir_tensor *x)
{
    const ir_attrs at = {.groups = 1};
    return onx_emit(m, node, kind, NULL, &at, 1, &x, NULL);
}

ir_tensor *onx_reshaped(onx_model *m, const onx_node *node, ir_tensor *x, const ir_shape *shape)
{
    if (ir_shape_eq(&x->shape, shape))
        return x;
    const ir_attrs at = {.groups = 1, .to = *shape};
    /* a reshape that only this importer put there is read through */
    if (x->producer && x->producer->kind == OP_RESHAPE &&
        ir_shape_eq(&x->producer->in[0]->shape, shape))
        return x->producer->in[0];
    return onx_emit(m, node, OP_RESHAPE,
                    onx_fresh(m, x->name, shape->rank == 1 ? "flat" : "reshaped"), &at, 1, &x,
                    x->quant);
}

ir_tensor *onx_add_const(onx_model *m, const char *layer, const char *part, ir_type type,
                         const ir_shape *shape, const void *data)
{
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, arena_printf(m->ctx->a, "%s.%s", layer, part),
                                 IR_CONST, type, shape, loc_file(m->src));
    t->data = data;
    return t;
}

static const float *filled(onx_model *m, int n, const float *v, float value)
{
    float *all = ARENA_ARRAY(m->ctx->a, float, n);
    for (int i = 0; i < n; i++)
        all[i] = v ? v[i] : value;
    return all;
}

ir_tensor *onx_affine(onx_model *m, const onx_node *node, const char *name, ir_tensor *x,
                      const float *k, const float *b)
{
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    const float fallback[] = {1, 0, 0, 1};
    const ir_attrs at = {.groups = 1, .eps = 0};
    const ir_shape shape = {.rank = 1, .dim = {x->shape.dim[x->shape.rank - 1]}};
    ir_tensor *in[5] = {x};
    if (m->quantized) {
        onx_cannot(m, node, "compute it before quantizing, or in the layer before",
                   "it is composed of steps on reals, and its input is in codes");
        return NULL;
    }
    for (int i = 0; i < 4; i++)
        in[i + 1] = onx_add_const(m, name, parts[i], IR_F32, &shape,
                                  filled(m, shape.dim[0],
                                         i == 0   ? k
                                         : i == 1 ? b
                                                  : NULL,
                                         fallback[i]));
    return onx_emit(m, node, OP_BATCH_NORM, name, &at, 5, in, NULL);
}

ir_tensor *onx_scaled(onx_model *m, const onx_node *node, ir_tensor *x, double k, double b)
{
    const ir_shape shape = x->shape, column = {.rank = 2, .dim = {(int32_t)ir_elems(&shape), 1}};
    const float kf = (float)k, bf = (float)b;
    const char *name = onx_layer_name(m, node, NULL);
    if (!isfinite(kf) || !isfinite(bf)) {
        onx_cannot(m, node, NULL, "it needs a factor beyond float32");
        return NULL;
    }
    ir_tensor *y = onx_reshaped(m, node, x, &column);
    y = y ? onx_affine(m, node, name, y, &kf, &bf) : NULL;
    return y ? onx_reshaped(m, node, y, &shape) : NULL;
}

/* ---- results ------------------------------------------------------------------------------- */

bool onx_done(onx_model *m, const onx_node *node, int i, ir_tensor *ir, const onx_dims *d,
              onx_lay lay, bool batch)
{
    onx_value *v = onx_out(m, node, i);
    if (!ir)
        return false;
    if (!v)
        return true;
    int64_t n = onx_count(d);
    if (batch && n > 0)
        n /= d->dim[0];
    if (n != ir_elems(&ir->shape))
        return onx_cannot(m, node, NULL, "its result has %lld elements, by its attributes %lld",
                          (long long)ir_elems(&ir->shape), (long long)n);
    v->known = true;
    v->ir = ir;
    v->d = *d;
    v->lay = lay;
    v->batch = batch;
    const onx_value *x = node ? onx_in(m, node, 0) : NULL;
    v->real = !x || !x->known || x->real;
    v->code_type = x ? x->code_type : 0;
    return true;
}

bool onx_done_like(onx_model *m, const onx_node *node, ir_tensor *ir, const onx_value *x)
{
    return onx_done(m, node, 0, ir, &x->d, x->lay, x->batch);
}
