/* onnx_dense.c - Gemm and MatMul with constant weights, BatchNormalization. */
#include <string.h>

#include "compiler/import/onnx.h"

enum { MAX_UNITS = 16777216 };

/* A matrix product with a constant: rows of the last dimension of x, K → N. */
typedef struct product {
    const onx_value *x;
    const onx_const *w;
    bool transposed; /* w is [N, K], else [K, N] */
    double scale, beta;
    int64_t k, n;
    int bias; /* an operand, or -1 */
} product;

/* The last dimension's factors stand behind all others, in any sequence: the weights' columns
 * follow it. Else x is brought to the sequence of its dimensions. */
static bool take_columns(onx_model *m, const onx_node *node, onx_value *x)
{
    int first = 0, end = onx_factors(x, x->d.rank - 1, &first);
    for (int i = x->lay.n - (end - first); i < x->lay.n; i++)
        if (x->lay.order[i] < first)
            return onx_make_plain(m, node, x);
    return true;
}

static const int32_t *dense_places(onx_model *m, const product *p, const onx_value *x)
{
    int32_t *place = ARENA_ARRAY(m->ctx->a, int32_t, p->k * p->n);
    int first = 0, end = onx_factors(x, x->d.rank - 1, &first);
    const int *tail = x->lay.order + x->lay.n - (end - first);
    for (int64_t j = 0; j < p->k; j++) {
        int64_t column = onx_origin(x, end - first, tail, j);
        for (int64_t o = 0; o < p->n; o++)
            place[o * p->k + j] = (int32_t)(p->transposed ? o * p->k + column : column * p->n + o);
    }
    return place;
}

static bool emit_product(onx_model *m, const onx_node *node, product *p, const onx_dims *d)
{
    onx_value x = *p->x;
    if (p->k != x.d.dim[x.d.rank - 1] || p->n < 1 || p->n > MAX_UNITS)
        return onx_cannot(m, node, NULL, "weights %s do not suit its input %s",
                          onx_dims_str(m->ctx, &p->w->d), onx_dims_str(m->ctx, &x.d));
    if (!take_columns(m, node, &x))
        return false;
    int64_t rows = ir_elems(&x.ir->shape) / p->k, dims[] = {rows, p->k};
    const ir_shape shape = rows == 1 ? onx_shape(1, &p->k) : onx_shape(2, dims);
    const ir_attrs at = {.filters = (int)p->n, .native_columns = true};
    const onx_layer l = {.name = onx_layer_name(m, node, onx_in(m, node, 1)),
                         .weight = 1,
                         .bias = p->bias,
                         .shape = {.rank = 2, .dim = {(int32_t)p->n, (int32_t)p->k}},
                         .place = dense_places(m, p, &x),
                         .axis = p->w->d.rank > 1 && !p->transposed,
                         .alpha = p->scale,
                         .beta = p->beta};
    ir_tensor *in[3] = {onx_reshaped(m, node, x.ir, &shape)};
    int n;
    if (!in[0] || !onx_layer_consts(m, node, &l, in, &n))
        return false;
    ir_tensor *y = onx_emit(m, node, OP_DENSE, l.name, &at, n, in, NULL);
    int first = 0, end = onx_factors(&x, x.d.rank - 1, &first);
    onx_lay lay = x.lay;
    lay.n -= end - first; /* the last dimension's factors are the last, also in the sequence */
    if (p->n > 1) {
        lay.size[lay.n] = (int32_t)p->n;
        lay.order[lay.n] = lay.n;
        lay.n++;
    }
    return onx_done(m, node, 0, y, d, lay, x.batch);
}

/* ---- Gemm ---------------------------------------------------------------------------------- */

/* beta·C, one value or one a column. false after onx_cannot. */
static bool gemm_bias(onx_model *m, const onx_node *node, product *p)
{
    p->beta = onx_float(node, "beta", 1);
    if (!onx_in(m, node, 2))
        return true;
    const onx_const *c = onx_const_in(m, node, 2, "bias");
    if (!c)
        return false;
    if (c->n != 1 && (c->n != p->n || c->d.dim[c->d.rank - 1] != p->n))
        return onx_cannot(m, node, "add it by an Add",
                          "its bias is %s, with other values in each row",
                          onx_dims_str(m->ctx, &c->d));
    p->bias = 2;
    return true;
}

bool onx_gemm(onx_model *m, const onx_node *node)
{
    product p = {
        .w = onx_const_in(m, node, 1, "weight"), .scale = onx_float(node, "alpha", 1), .bias = -1};
    p.transposed = onx_int(node, "transB", 0) != 0;
    onx_value *x = p.w ? onx_act(m, node, 0) : NULL;
    if (!p.w || !x)
        return false;
    if (x->d.rank != 2 || p.w->d.rank != 2)
        return onx_cannot(m, node, NULL, "its operands are %s and %s", onx_dims_str(m->ctx, &x->d),
                          onx_dims_str(m->ctx, &p.w->d));
    onx_value turned = *x;
    if (onx_int(node, "transA", 0)) {
        const int perm[] = {1, 0};
        if (x->batch)
            return onx_cannot(m, node, "export the model with batch size 1",
                              "it transposes the batch");
        turned.lay = onx_lay_transpose(x, perm);
        turned.d = (onx_dims){2, {x->d.dim[1], x->d.dim[0]}};
    }
    p.x = &turned;
    p.k = p.w->d.dim[p.transposed];
    p.n = p.w->d.dim[!p.transposed];
    const onx_dims d = {2, {turned.d.dim[0], p.n}};
    return gemm_bias(m, node, &p) && emit_product(m, node, &p, &d);
}

/* ---- MatMul -------------------------------------------------------------------------------- */

bool onx_matmul(onx_model *m, const onx_node *node)
{
    product p = {.w = onx_const_in(m, node, 1, "second operand"), .scale = 1, .bias = -1};
    onx_value *x = p.w ? onx_act(m, node, 0) : NULL;
    if (!x)
        return false;
    int rank = p.w->d.rank;
    if (rank < 1 || p.w->n < 1 || x->d.rank < 1 || (x->d.rank == 1 && x->batch))
        return onx_cannot(m, node, NULL, "it multiplies scalars");
    p.k = p.w->d.dim[rank > 1 ? rank - 2 : 0];
    p.n = rank > 1 ? p.w->d.dim[rank - 1] : 1;
    if (p.w->n != p.k * p.n || rank > (x->d.rank > 2 ? x->d.rank : 2))
        return onx_cannot(m, node, "one matrix for all can be imported",
                          "its weights %s are several matrices", onx_dims_str(m->ctx, &p.w->d));
    p.x = x;
    onx_dims d = x->d;
    d.rank -= rank == 1;
    if (rank > 1)
        d.dim[d.rank - 1] = p.n;
    return emit_product(m, node, &p, &d);
}

/* ---- BatchNormalization -------------------------------------------------------------------- */

bool onx_batch_norm(onx_model *m, const onx_node *node)
{
    static const char *const what[] = {"", "scale", "bias", "mean", "variance"};
    static const char *const parts[] = {"", "weight", "bias", "running_mean", "running_var"};
    const onx_const *c[5];
    for (int i = 1; i < 5; i++)
        if (!(c[i] = onx_const_in(m, node, i, what[i])))
            return false;
    const onx_value *x = onx_act(m, node, 0);
    if (!x)
        return false;
    if (onx_int(node, "training_mode", 0))
        return onx_cannot(m, node, "export the model for inference", "it is in training mode");
    int64_t channels = x->d.rank > 1 ? x->d.dim[1] : 1;
    double eps = onx_float(node, "epsilon", 1e-5);
    int n = 0, dims[ONX_MAX_RANK];
    for (int i = 1; i < 5; i++)
        if (c[i]->n != channels)
            return onx_cannot(m, node, NULL, "its %s is %s, for %lld channels", what[i],
                              onx_dims_str(m->ctx, &c[i]->d), (long long)channels);
    if (m->quantized)
        return onx_cannot(m, node, "fold it before quantizing",
                          "it takes reals, its input is in codes");
    if (x->d.rank < 2 || !(eps >= 0 && eps <= 1e6))
        return onx_cannot(m, node, NULL, "its input is %s, its epsilon %g",
                          onx_dims_str(m->ctx, &x->d), eps);
    for (int i = x->batch; i < x->d.rank; i++)
        if (i != 1)
            dims[n++] = i;
    dims[n++] = 1;
    int64_t sizes[] = {ir_elems(&x->ir->shape) / channels, channels};
    ir_shape shape = x->ir->shape.rank && x->ir->shape.dim[x->ir->shape.rank - 1] == channels
                         ? x->ir->shape
                         : onx_shape(2, sizes);
    ir_tensor *in[5] = {onx_in_dims(m, node, x, n, dims, &shape)};
    if (!in[0])
        return false;
    const char *name = onx_layer_name(m, node, onx_in(m, node, 1));
    const ir_shape one = {.rank = 1, .dim = {(int32_t)channels}};
    for (int i = 1; i < 5; i++) {
        float *v = ARENA_ARRAY(m->ctx->a, float, channels);
        for (int64_t k = 0; k < channels; k++)
            v[k] = (float)c[i]->v[k];
        in[i] = onx_add_const(m, name, parts[i], IR_F32, &one, v);
    }
    const ir_attrs at = {.groups = 1, .eps = eps};
    ir_tensor *y = onx_emit(m, node, OP_BATCH_NORM, name, &at, 5, in, NULL);
    return onx_done(m, node, 0, y, &x->d, onx_lay_of(&x->d, x->batch, n, dims), x->batch);
}
