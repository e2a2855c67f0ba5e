/* onnx_eltwise.c - operators that work element by element.
 *
 * What the IR has no operator for is composed: Abs, Neg, Clip, HardSigmoid, ThresholdedRelu's kin.
 * A constant operand becomes a batch norm over as many last elements as it has values, which folds
 * into the layer before it, or else is a 1x1 depthwise convolution. */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

/* ---- one operand --------------------------------------------------------------------------- */

bool onx_unary(onx_model *m, const onx_node *node)
{
    static const struct {
        const char *type;
        ir_opkind kind;
        double alpha;
    } kinds[] = {
        {"Relu", OP_RELU, 0}, {"LeakyRelu", OP_LEAKY_RELU, 0.01}, {"Sigmoid", OP_SIGMOID, 0},
        {"Tanh", OP_TANH, 0}, {"HardSwish", OP_HARD_SWISH, 0},    {"Elu", OP_ELU, 1}};
    ir_attrs at = {.groups = 1};
    onx_value *x = onx_act(m, node, 0);
    size_t i = 0;
    if (!x)
        return false;
    while (strcmp(kinds[i].type, node->type) != 0)
        i++;
    if (kinds[i].alpha != 0) {
        at.alpha = onx_float(node, "alpha", kinds[i].alpha);
        if (!(fabs(at.alpha) <= 1e6))
            return onx_cannot(m, node, NULL, "its alpha is %g", at.alpha);
    }
    if (kinds[i].kind == OP_RELU && onx_fuse_act(m, node, x, IR_ACT_RELU))
        return onx_done_like(m, node, x->ir, x);
    return onx_done_like(m, node, onx_emit(m, node, kinds[i].kind, NULL, &at, 1, &x->ir, NULL), x);
}

static ir_tensor *two(onx_model *m, const onx_node *node, ir_opkind kind, ir_tensor *a,
                      ir_tensor *b)
{
    const ir_attrs at = {.groups = 1};
    ir_tensor *in[2] = {a, b};
    return a && b ? onx_emit(m, node, kind, NULL, &at, 2, in, NULL) : NULL;
}

static ir_tensor *relu(onx_model *m, const onx_node *node, ir_tensor *x)
{
    return x ? onx_emit1(m, node, OP_RELU, x) : NULL;
}

/* |x| = max(x, −x) */
static ir_tensor *absolute(onx_model *m, const onx_node *node, ir_tensor *x)
{
    return two(m, node, OP_MAXIMUM, x, onx_scaled(m, node, x, -1, 0));
}

static ir_tensor *negated(onx_model *m, const onx_node *node, ir_tensor *x)
{
    return onx_scaled(m, node, x, -1, 0);
}

/* min(1, max(0, αx + β)) = relu6(6αx + 6β)/6 */
static ir_tensor *hard_sigmoid(onx_model *m, const onx_node *node, ir_tensor *x)
{
    double alpha = onx_float(node, "alpha", 0.2), beta = onx_float(node, "beta", 0.5);
    ir_tensor *y = onx_scaled(m, node, x, 6 * alpha, 6 * beta);
    y = y ? onx_emit1(m, node, OP_RELU6, y) : NULL;
    return y ? onx_scaled(m, node, y, 1.0 / 6, 0) : NULL;
}

static ir_tensor *elu(onx_model *m, const onx_node *node, ir_tensor *x, double alpha)
{
    const ir_attrs at = {.groups = 1, .alpha = alpha};
    if (fabs(alpha) <= 1e6)
        return x ? onx_emit(m, node, OP_ELU, NULL, &at, 1, &x, NULL) : NULL;
    onx_cannot(m, node, NULL, "its alpha is %g", alpha);
    return NULL;
}

/* γ·elu(x) with α */
static ir_tensor *selu(onx_model *m, const onx_node *node, ir_tensor *x)
{
    double gamma = onx_float(node, "gamma", 1.0507009873554805);
    ir_tensor *y = elu(m, node, x, onx_float(node, "alpha", 1.6732632423543772));
    return y ? onx_scaled(m, node, y, gamma, 0) : NULL;
}

/* α·elu(x/α) */
static ir_tensor *celu(onx_model *m, const onx_node *node, ir_tensor *x)
{
    double alpha = onx_float(node, "alpha", 1);
    ir_tensor *y = elu(m, node, onx_scaled(m, node, x, 1 / alpha, 0), 1);
    return y ? onx_scaled(m, node, y, alpha, 0) : NULL;
}

bool onx_composed(onx_model *m, const onx_node *node)
{
    static const struct {
        const char *type;
        ir_tensor *(*make)(onx_model *, const onx_node *, ir_tensor *);
    } kinds[] = {{"Abs", absolute},
                 {"Neg", negated},
                 {"HardSigmoid", hard_sigmoid},
                 {"Selu", selu},
                 {"Celu", celu}};
    onx_value *x = onx_act(m, node, 0);
    size_t i = 0;
    while (strcmp(kinds[i].type, node->type) != 0)
        i++;
    return x && onx_done_like(m, node, kinds[i].make(m, node, x->ir), x);
}

/* ---- limits -------------------------------------------------------------------------------- */

/* The limits are operands, or attributes of old models. */
static bool limit(onx_model *m, const onx_node *node, int operand, const char *name, double none,
                  double *v)
{
    *v = onx_float(node, name, none);
    if (!onx_in(m, node, operand))
        return true;
    const onx_const *c = onx_const_in(m, node, operand, name);
    if (!c || c->n != 1)
        return c && onx_cannot(m, node, NULL, "its limit %s is no single number", name);
    *v = c->v[0];
    return true;
}

/* max(x, lo) = relu(x − lo) + lo; min(x, hi) = hi − relu(hi − x) */
static ir_tensor *limited(onx_model *m, const onx_node *node, ir_tensor *x, double lo, double hi)
{
    if (lo > -(double)INFINITY && x) {
        x = relu(m, node, lo != 0 ? onx_scaled(m, node, x, 1, -lo) : x);
        x = x && lo != 0 ? onx_scaled(m, node, x, 1, lo) : x;
    }
    if (hi < (double)INFINITY && x) {
        x = relu(m, node, onx_scaled(m, node, x, -1, hi));
        x = x ? onx_scaled(m, node, x, -1, hi) : NULL;
    }
    return x;
}

bool onx_clip(onx_model *m, const onx_node *node)
{
    double lo, hi;
    bool ok = limit(m, node, 1, "min", -(double)INFINITY, &lo);
    ok = limit(m, node, 2, "max", (double)INFINITY, &hi) && ok;
    onx_value *x = ok ? onx_act(m, node, 0) : NULL;
    if (!x)
        return false;
    const double most = 3.4028234663852886e38; /* PyTorch writes float32's ends for "none" */
    lo = lo <= -most ? -(double)INFINITY : lo;
    hi = hi >= most ? (double)INFINITY : hi;
    if (isnan(lo) || isnan(hi) || lo > hi)
        return onx_cannot(m, node, NULL, "its limits are %g and %g", lo, hi);
    if (lo == 0 && hi == 6 && onx_fuse_act(m, node, x, IR_ACT_RELU6))
        return onx_done_like(m, node, x->ir, x);
    if (lo == 0 && hi == 6)
        return onx_done_like(m, node, onx_emit1(m, node, OP_RELU6, x->ir), x);
    if (lo == 0 && !(hi < (double)INFINITY) && onx_fuse_act(m, node, x, IR_ACT_RELU))
        return onx_done_like(m, node, x->ir, x);
    if (m->quantized && (lo != 0 || hi < (double)INFINITY))
        return onx_cannot(m, node, "limits of 0 and 6, or of 0 alone, are exact",
                          "it limits codes to %g…%g", lo, hi);
    return onx_done_like(m, node, limited(m, node, x->ir, lo, hi), x);
}

/* ---- a constant operand -------------------------------------------------------------------- */

typedef struct with_const {
    const onx_value *x;
    const onx_const *c;
    int tail;        /* how many last factors of the sequence the constant goes along */
    int64_t n;       /* their elements */
    const double *v; /* [n] in the sequence */
} with_const;

/* Whether the constant differs along a factor of x. */
static bool goes_along(const onx_value *x, const onx_dims *c, int factor)
{
    for (int i = x->batch; i < x->d.rank; i++) {
        int first = 0, end = onx_factors(x, i, &first), k = c->rank - (x->d.rank - i);
        if (factor >= first && factor < end)
            return k >= 0 && c->dim[k] > 1;
    }
    return false;
}

static bool lay_out(onx_model *m, const onx_node *node, with_const *w)
{
    const onx_value *x = w->x;
    onx_dims d, rows = x->d;
    if (w->c->n < 1 || !onx_broadcast_dims(&x->d, &w->c->d, &d) ||
        onx_count(&d) != onx_count(&x->d) || d.rank != x->d.rank)
        return onx_cannot(m, node, "give both operands one shape", "its operands are %s and %s",
                          onx_dims_str(m->ctx, &x->d), onx_dims_str(m->ctx, &w->c->d));
    if (x->batch && w->c->d.rank == x->d.rank && w->c->d.dim[0] != 1)
        return onx_cannot(m, node, "export the model with batch size 1",
                          "its constant differs from row to row");
    if (x->batch)
        rows.dim[0] = 1;
    w->tail = 0;
    for (int i = 0; i < x->lay.n && !w->tail; i++)
        if (goes_along(x, &w->c->d, x->lay.order[i]))
            w->tail = x->lay.n - i;
    w->n = 1;
    for (int i = x->lay.n - w->tail; i < x->lay.n; i++)
        w->n *= x->lay.size[x->lay.order[i]];
    double *v = ARENA_ARRAY(m->ctx->a, double, w->n);
    for (int64_t i = 0; i < w->n; i++) /* with all the factors before the tail at 0 */
        v[i] =
            w->c->v[onx_broadcast_index(&rows, &w->c->d, onx_origin(x, x->lay.n, x->lay.order, i))];
    w->v = v;
    return true;
}

/* The layer without bias that made x for nobody else. */
static ir_op *open_layer(const onx_model *m, const onx_value *x, int64_t n)
{
    ir_op *p = x->ir->producer;
    bool layer = p && (p->kind == OP_CONV2D || p->kind == OP_DENSE) && p->n_in == 2 &&
                 x->readers == 1 && !x->is_output && p->at.filters == n && !m->quantized;
    return layer && x->ir->shape.dim[x->ir->shape.rank - 1] == n ? p : NULL;
}

static bool into_bias(onx_model *m, const onx_node *node, ir_op *layer, const with_const *w,
                      double sign)
{
    const ir_shape shape = {.rank = 1, .dim = {(int32_t)w->n}};
    float *v = ARENA_ARRAY(m->ctx->a, float, w->n);
    for (int64_t i = 0; i < w->n; i++)
        v[i] = (float)(sign * w->v[i]);
    ir_tensor *in[3] = {layer->in[0], layer->in[1],
                        onx_add_const(m, layer->name, "bias", IR_F32, &shape, v)};
    layer->in = arena_memdup(m->ctx->a, in, sizeof in);
    layer->n_in = 3;
    return onx_done_like(m, node, w->x->ir, w->x);
}

/* y = k·x + b, per element of the constant. first: the constant is the first operand. */
static bool factors(onx_model *m, const onx_node *node, const with_const *w, bool first, float *k,
                    float *b)
{
    const char *t = node->type;
    for (int64_t i = 0; i < w->n; i++) {
        double c = w->v[i];
        k[i] = (float)(!strcmp(t, "Mul")            ? c
                       : !strcmp(t, "Div")          ? 1 / c
                       : !strcmp(t, "Sub") && first ? -1
                                                    : 1);
        b[i] = (float)(!strcmp(t, "Sub") && !first              ? -c
                       : !strcmp(t, "Mul") || !strcmp(t, "Div") ? 0
                                                                : c);
        if (!isfinite(k[i]) || !isfinite(b[i]))
            return onx_cannot(m, node, NULL, "its constant gives a factor beyond float32");
    }
    return true;
}

/* The constant as an operand, [n]. shift: of codes; quant NULL: reals. */
static ir_tensor *operand_of(onx_model *m, const onx_node *node, int i, const with_const *w, const ir_quant *q, int shift)
{
    const ir_shape shape = {.rank = 1, .dim = {(int32_t)w->n}};
    const char *name = onx_fresh(m, onx_layer_name(m, node, onx_in(m, node, i)), "constant");
    float *v = ARENA_ARRAY(m->ctx->a, float, w->n);
    int8_t *codes = ARENA_ARRAY(m->ctx->a, int8_t, w->n);
    for (int64_t k = 0; k < w->n; k++) {
        v[k] = (float)w->v[k];
        codes[k] = q ? (int8_t)((int32_t)w->v[k] - shift) : 0;
    }
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, name, IR_CONST, q ? IR_I8 : IR_F32, &shape, loc_file(m->src));
    t->data = q ? (const void *)codes : v;
    t->quant = (ir_quant *)(uintptr_t)q;
    t->wname = name;
    return t;
}

/* x with the constant's elements as its last dimension. */
static ir_tensor *with_tail(onx_model *m, const onx_node *node, const with_const *w)
{
    ir_tensor *x = w->x->ir;
    int64_t dims[] = {ir_elems(&x->shape) / w->n, w->n};
    if (w->n == 1 || x->shape.dim[x->shape.rank - 1] == w->n)
        return x;
    const ir_shape shape = onx_shape(2, dims);
    return onx_reshaped(m, node, x, &shape);
}

static ir_opkind kind_of(const onx_node *node);

/* Codes: the operator itself, its constant an operand of codes. */
static bool with_codes(onx_model *m, const onx_node *node, onx_value *x, bool first)
{
    const ir_attrs at = {.groups = 1};
    with_const w = {.x = x};
    ir_quant *q;
    int shift, i = first ? 0 : 1;
    if (!strcmp(node->type, "Div"))
        return onx_cannot(m, node, "multiply by the inverse", "it divides codes");
    w.c = onx_const_codes(m, node, i, &q, &shift);
    if (!w.c || !lay_out(m, node, &w))
        return false;
    ir_tensor *in[2];
    in[1 - i] = with_tail(m, node, &w);
    in[i] = operand_of(m, node, i, &w, q, shift);
    return in[1 - i] && onx_done_like(m, node, onx_emit(m, node, kind_of(node), NULL, &at, 2, in, NULL), x);
}

static bool with_constant(onx_model *m, const onx_node *node, onx_value *x, const onx_const *c,
                          bool first)
{
    with_const w = {.x = x, .c = c};
    bool sum = !strcmp(node->type, "Add") || !strcmp(node->type, "Sub");
    if (m->quantized)
        return with_codes(m, node, x, first);
    if (!sum && strcmp(node->type, "Mul") != 0 && (strcmp(node->type, "Div") != 0 || first))
        return onx_cannot(m, node, NULL, "its operand %d is a constant", first ? 1 : 2);
    if (!lay_out(m, node, &w))
        return false;
    ir_op *layer = sum && !first ? open_layer(m, x, w.n) : NULL;
    if (layer)
        return into_bias(m, node, layer, &w, !strcmp(node->type, "Sub") ? -1 : 1);
    float *k = ARENA_ARRAY(m->ctx->a, float, w.n), *b = ARENA_ARRAY(m->ctx->a, float, w.n);
    int64_t dims[] = {ir_elems(&x->ir->shape) / w.n, w.n};
    const ir_shape shape =
        x->ir->shape.dim[x->ir->shape.rank - 1] == w.n ? x->ir->shape : onx_shape(2, dims);
    const char *name = onx_layer_name(m, node, NULL);
    ir_tensor *in = factors(m, node, &w, first, k, b) ? onx_reshaped(m, node, x->ir, &shape) : NULL;
    return in && onx_done_like(m, node, onx_affine(m, node, name, in, k, b), x);
}

/* ---- two activations ----------------------------------------------------------------------- */

/* Factors of x cut where those of y are cut, and the other way round; false: no common ones. */
static bool common_factors(const onx_value *x, const onx_value *y, onx_lay *a, onx_lay *b)
{
    onx_dims cuts = {0};
    *a = x->lay;
    *b = y->lay;
    for (int i = 0; i < b->n && cuts.rank < ONX_MAX_RANK; i++)
        cuts.dim[cuts.rank++] = b->size[i];
    if (b->n > ONX_MAX_RANK || !onx_lay_reshape(a, &cuts, false) || a->n > ONX_MAX_RANK)
        return false;
    for (cuts.rank = 0; cuts.rank < a->n; cuts.rank++)
        cuts.dim[cuts.rank] = a->size[cuts.rank];
    return onx_lay_reshape(b, &cuts, false) && a->n == b->n;
}

/* Of equal shapes: y in x's sequence and IR shape. */
static ir_tensor *like(onx_model *m, const onx_node *node, onx_value *x, onx_value *y)
{
    onx_value a = *x, b = *y;
    if (!common_factors(x, y, &a.lay, &b.lay)) {
        if (!onx_make_plain(m, node, x) || !onx_make_plain(m, node, &b))
            return NULL;
        return onx_reshaped(m, node, b.ir, &x->ir->shape);
    }
    return onx_in_order(m, node, &b, b.lay.n, a.lay.order, &x->ir->shape);
}

/* One factor a dimension; the sequence stays where it is one of dimensions. */
static bool whole_dims(onx_model *m, const onx_node *node, onx_value *x, int *n, int *dims)
{
    if (!onx_dim_order(x, n, dims)) {
        if (!onx_make_plain(m, node, x))
            return false;
        onx_dim_order(x, n, dims);
    }
    x->lay = onx_lay_of(&x->d, x->batch, *n, dims);
    return true;
}

/* y repeats along x: IR shapes with 1 where it does. */
static bool repeat_along(onx_model *m, const onx_node *node, onx_value *x, onx_value *y,
                         ir_tensor *in[2])
{
    int n, dims[ONX_MAX_RANK], own[ONX_MAX_RANK], n_own = 0, lack = x->d.rank - y->d.rank, unused;
    if (!whole_dims(m, node, x, &n, dims) || !whole_dims(m, node, y, &unused, own))
        return false;
    ir_shape a = {.rank = 0}, b = {.rank = 0};
    for (int i = 0; i < n; i++) {
        int k = dims[i] - lack;
        bool has = k >= 0 && y->d.dim[k] > 1, before = b.rank && b.dim[b.rank - 1] > 1;
        if (has)
            own[n_own++] = k;
        if (!i || has != before) {
            if (a.rank == IR_MAX_RANK)
                return onx_cannot(m, node, NULL, "its operands repeat in more than %d dimensions",
                                  IR_MAX_RANK);
            a.dim[a.rank++] = b.dim[b.rank++] = 1;
        }
        a.dim[a.rank - 1] *= (int32_t)x->d.dim[dims[i]];
        b.dim[b.rank - 1] *= has ? (int32_t)y->d.dim[k] : 1;
    }
    if (!a.rank)
        a = b = (ir_shape){.rank = 1, .dim = {1}};
    in[0] = onx_reshaped(m, node, x->ir, &a);
    in[1] = onx_in_dims(m, node, y, n_own, own, &b);
    return in[0] && in[1];
}

/* x has the shape of the result; false after onx_cannot. */
static bool operands(onx_model *m, const onx_node *node, onx_value *x, onx_value *y,
                     ir_tensor *in[2])
{
    onx_dims d;
    if (!onx_broadcast_dims(&x->d, &y->d, &d) || d.rank != x->d.rank ||
        memcmp(d.dim, x->d.dim, sizeof *d.dim * (size_t)d.rank) != 0)
        return onx_cannot(m, node, "one operand may repeat along the other",
                          "its operands are %s and %s", onx_dims_str(m->ctx, &x->d),
                          onx_dims_str(m->ctx, &y->d));
    if (y->batch && (!x->batch || x->d.rank != y->d.rank))
        return onx_cannot(m, node, "export the model with batch size 1", "it combines rows");
    bool same = x->d.rank == y->d.rank && x->batch == y->batch &&
                !memcmp(x->d.dim, y->d.dim, sizeof *d.dim * (size_t)d.rank);
    in[0] = x->ir;
    if (!same)
        return repeat_along(m, node, x, y, in);
    in[1] = like(m, node, x, y);
    in[0] = x->ir;
    return in[1] != NULL;
}

static bool combine(onx_model *m, const onx_node *node, ir_opkind kind, onx_value *a, onx_value *b,
                    onx_value *out)
{
    const ir_attrs at = {.groups = 1};
    onx_value x = *a, y = *b;
    bool swap = onx_count(&b->d) > onx_count(&a->d) || (b->batch && !a->batch);
    ir_tensor *in[2], *turned[2];
    if (!(swap ? operands(m, node, &y, &x, in) : operands(m, node, &x, &y, in)))
        return false;
    turned[0] = in[swap];
    turned[1] = in[!swap];
    *out = swap ? y : x;
    out->ir = onx_emit(m, node, kind, NULL, &at, 2, turned, NULL);
    return out->ir != NULL;
}

static ir_opkind kind_of(const onx_node *node)
{
    static const struct {
        const char *type;
        ir_opkind kind;
    } kinds[] = {{"Add", OP_ADD}, {"Sum", OP_ADD},     {"Mean", OP_ADD},   {"Sub", OP_SUB},
                 {"Mul", OP_MUL}, {"Min", OP_MINIMUM}, {"Max", OP_MAXIMUM}};
    size_t i = 0;
    while (strcmp(kinds[i].type, node->type) != 0)
        i++;
    return kinds[i].kind;
}

bool onx_binary(onx_model *m, const onx_node *node)
{
    onx_value out;
    if (node->n_in != 2 || node->in[0] < 0 || node->in[1] < 0)
        return onx_cannot(m, node, NULL, "it has %d operands", node->n_in);
    for (int i = 0; i < 2; i++) {
        const onx_const *c = onx_constant(m, node->in[i]);
        if (c)
            return onx_act(m, node, 1 - i) &&
                   with_constant(m, node, onx_in(m, node, 1 - i), c, i == 0);
    }
    if (!strcmp(node->type, "Div"))
        return onx_needs(m, node, 1, "divisor");
    onx_value *a = onx_act(m, node, 0), *b = a ? onx_act(m, node, 1) : NULL;
    return b && combine(m, node, kind_of(node), a, b, &out) && onx_done_like(m, node, out.ir, &out);
}

/* Sum, Mean, Min, Max of any number. */
bool onx_variadic(onx_model *m, const onx_node *node)
{
    onx_value sum = {0}, out;
    for (int i = 0; i < node->n_in; i++) {
        onx_value *x = onx_act(m, node, i);
        if (!x)
            return false;
        if (!i)
            sum = *x;
        else if (!combine(m, node, kind_of(node), &sum, x, &out))
            return false;
        else
            sum = out;
    }
    if (!node->n_in || (m->quantized && node->n_in != 2))
        return onx_cannot(m, node, NULL, "it has %d operands", node->n_in);
    if (!strcmp(node->type, "Mean") && node->n_in > 1)
        sum.ir = onx_scaled(m, node, sum.ir, 1.0 / node->n_in, 0);
    return onx_done_like(m, node, sum.ir, &sum);
}

/* Until version 7 slopes are those of dimension 1. */
bool onx_prelu(onx_model *m, const onx_node *node)
{
    const ir_attrs at = {.groups = 1};
    ir_quant *q = NULL;
    int shift = 0;
    const onx_const *c = m->quantized ? onx_const_codes(m, node, 1, &q, &shift) : onx_const_in(m, node, 1, "slope");
    onx_value *x = c ? onx_act(m, node, 0) : NULL;
    if (!x)
        return false;
    onx_const slopes = *c;
    for (int i = 1; m->opset < 7 && c->d.rank == 1 && c->n > 1 && i < x->d.rank - 1; i++)
        slopes.d.dim[slopes.d.rank++] = 1;
    with_const w = {.x = x, .c = &slopes};
    if (!lay_out(m, node, &w))
        return false;
    ir_tensor *in[2] = {with_tail(m, node, &w), operand_of(m, node, 1, &w, q, shift)};
    return in[0] && onx_done_like(m, node, onx_emit(m, node, OP_PRELU, NULL, &at, 2, in, NULL), x);
}
