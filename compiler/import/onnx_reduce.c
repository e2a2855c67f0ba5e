/* onnx_reduce.c - reductions over any dimensions, and softmax along one.
 *
 * The dimensions that stay come last (softmax: first), the others in front of them: R x 1 x K is
 * reduced over R, by the global pools where they do. */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

/* ---- axes ---------------------------------------------------------------------------------- */

/* Bit k: dimension k is reduced. Axes are an operand of newer models, an attribute of older ones.
 */
static bool take_axes(onx_model *m, const onx_node *node, const onx_value *x, unsigned *over)
{
    int64_t axis[ONX_MAX_RANK];
    int n = onx_ints(node, "axes", ONX_MAX_RANK, axis);
    if (onx_in(m, node, 1)) {
        const onx_const *c = onx_const_in(m, node, 1, "axes");
        if (!c)
            return false;
        n = c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : (int)c->n;
        for (int i = 0; i < n && i < ONX_MAX_RANK; i++)
            axis[i] = onx_as_int(c->v[i]);
    }
    *over = 0;
    for (int i = 0; i < n && i < ONX_MAX_RANK; i++) {
        int k = onx_axis(axis[i], x->d.rank);
        if (k < 0)
            return onx_cannot(m, node, NULL, "its axis %lld is not one of %d dimensions",
                              (long long)axis[i], x->d.rank);
        *over |= 1u << k;
    }
    if (n <= 0 && !onx_int(node, "noop_with_empty_axes", 0))
        *over = (1u << x->d.rank) - 1;
    if (n > ONX_MAX_RANK || (x->batch && (*over & 1)))
        return onx_cannot(m, node, "export the model with batch size 1",
                          "it reduces over the batch");
    return true;
}

/* The IR's sequence with those of `over` in front (or behind); neighbours keep their order. */
static int sequence(const onx_value *x, unsigned over, bool front, int *dims)
{
    int n, own[ONX_MAX_RANK], at = 0;
    if (!onx_dim_order(x, &n, own)) {
        n = 0;
        for (int i = x->batch; i < x->d.rank; i++)
            own[n++] = i;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++)
            if ((over >> own[i] & 1) == (pass == 0 ? front : !front))
                dims[at++] = own[i];
    return n;
}

static int64_t size_over(const onx_value *x, unsigned over)
{
    int64_t n = 1;
    for (int i = x->batch; i < x->d.rank; i++)
        n *= over >> i & 1 ? x->d.dim[i] : 1;
    return n;
}

/* ---- reductions ---------------------------------------------------------------------------- */

static ir_tensor *squared(onx_model *m, const onx_node *node, ir_tensor *x)
{
    const ir_attrs at = {.groups = 1};
    ir_tensor *in[2] = {x, x};
    return onx_emit(m, node, OP_MUL, NULL, &at, 2, in, NULL);
}

static ir_tensor *absolute(onx_model *m, const onx_node *node, ir_tensor *x)
{
    const ir_attrs at = {.groups = 1};
    ir_tensor *in[2] = {x, onx_scaled(m, node, x, -1, 0)};
    return in[1] ? onx_emit(m, node, OP_MAXIMUM, NULL, &at, 2, in, NULL) : NULL;
}

typedef ir_tensor *(*step)(onx_model *, const onx_node *, ir_tensor *);
static const struct reduction {
    const char *type;
    step before;
    ir_opkind kind;
} reductions[] = {
    {"ReduceMean", NULL, OP_GLOBAL_AVGPOOL},
    {"ReduceSum", NULL, OP_REDUCE_SUM},
    {"ReduceMax", NULL, OP_GLOBAL_MAXPOOL},
    {"ReduceMin", NULL, OP_REDUCE_MIN},
    {"ReduceL1", absolute, OP_REDUCE_SUM},
    {"ReduceSumSquare", squared, OP_REDUCE_SUM},
};

static ir_tensor *reduce(onx_model *m, const onx_node *node, const struct reduction *r,
                         ir_tensor *x)
{
    const ir_attrs at = {.groups = 1, .axes = {2, {0, 1}}};
    x = r->before ? r->before(m, node, x) : x;
    return x ? onx_emit(m, node, r->kind, NULL, &at, 1, &x, NULL) : NULL;
}

static onx_dims reduced_dims(const onx_node *node, const onx_value *x, unsigned over)
{
    onx_dims d = {0};
    for (int i = 0; i < x->d.rank; i++) {
        if (!(over >> i & 1))
            d.dim[d.rank++] = x->d.dim[i];
        else if (onx_int(node, "keepdims", 1))
            d.dim[d.rank++] = 1;
    }
    return d;
}

/* Height and width of an image may be pooled as they are. */
static ir_shape pooled_shape(const onx_value *x, int64_t n, int64_t rest, int64_t front)
{
    int64_t dims[] = {n, 1, rest};
    const ir_shape *s = &x->ir->shape;
    bool image =
        s->rank == 3 && s->dim[2] == rest && (int64_t)s->dim[0] * s->dim[1] == n && front == 2;
    return image ? *s : onx_shape(3, dims);
}

bool onx_reduce(onx_model *m, const onx_node *node)
{
    unsigned over;
    int dims[ONX_MAX_RANK], n_front = 0;
    onx_value *x = onx_act(m, node, 0);
    if (!x || !take_axes(m, node, x, &over))
        return false;
    size_t k = 0;
    while (strcmp(reductions[k].type, node->type) != 0)
        k++;
    int n = sequence(x, over, true, dims);
    for (int i = 0; i < n; i++)
        n_front += over >> dims[i] & 1;
    int64_t many = size_over(x, over), rest = ir_elems(&x->ir->shape) / many;
    const ir_shape shape = pooled_shape(x, many, rest, n_front);
    ir_tensor *y = onx_in_dims(m, node, x, n, dims, &shape);
    y = y ? reduce(m, node, &reductions[k], y) : NULL;
    if (!y)
        return false;
    onx_value kept = {.d = x->d, .batch = x->batch};
    for (int i = 0; i < x->d.rank; i++)
        kept.d.dim[i] = over >> i & 1 ? 1 : x->d.dim[i];
    onx_dims d = reduced_dims(node, x, over);
    return onx_done(m, node, 0, y, &d, onx_lay_of(&kept.d, x->batch, n - n_front, dims + n_front),
                    x->batch);
}

/* ---- softmax ------------------------------------------------------------------------------- */

/* Until version 12 softmax goes over all dimensions from the axis on. */
bool onx_softmax(onx_model *m, const onx_node *node)
{
    onx_value *x = onx_act(m, node, 0);
    bool old = m->opset < 13;
    int dims[ONX_MAX_RANK], axis = x ? onx_axis(onx_int(node, "axis", old ? 1 : -1), x->d.rank) : 0;
    if (!x)
        return false;
    if (axis < 0 || (x->batch && axis == 0))
        return onx_cannot(m, node, "export the model with batch size 1",
                          "its axis is the batch, or none of %d dimensions", x->d.rank);
    unsigned over = 1u << axis;
    for (int i = axis; old && i < x->d.rank; i++)
        over |= 1u << i;
    int n = sequence(x, over, false, dims);
    int64_t many = size_over(x, over), rest = ir_elems(&x->ir->shape) / many,
            sizes[] = {rest, many};
    const ir_shape shape = rest == 1 ? onx_shape(1, &many) : onx_shape(2, sizes);
    ir_tensor *in = onx_in_dims(m, node, x, n, dims, &shape);
    ir_tensor *y = in ? onx_emit1(m, node, OP_SOFTMAX, in) : NULL;
    return onx_done(m, node, 0, y, &x->d, onx_lay_of(&x->d, x->batch, n, dims), x->batch);
}

/* LpNormalization of order 2. */
bool onx_lp_norm(onx_model *m, const onx_node *node)
{
    onx_value *x = onx_act(m, node, 0);
    int dims[ONX_MAX_RANK], axis = x ? onx_axis(onx_int(node, "axis", -1), x->d.rank) : 0;
    if (!x)
        return false;
    if (axis < 0 || (x->batch && axis == 0) || onx_int(node, "p", 2) != 2)
        return onx_cannot(m, node, "order 2, beside the batch, can be imported",
                          "its axis is the batch, or its order is not 2");
    int n = sequence(x, 1u << axis, false, dims);
    int64_t many = size_over(x, 1u << axis), sizes[] = {ir_elems(&x->ir->shape) / many, many};
    const ir_shape shape = onx_shape(2, sizes);
    ir_tensor *in = onx_in_dims(m, node, x, n, dims, &shape);
    ir_tensor *y = in ? onx_emit1(m, node, OP_L2_NORM, in) : NULL;
    return onx_done(m, node, 0, y, &x->d, onx_lay_of(&x->d, x->batch, n, dims), x->batch);
}

/* ---- the largest's index ------------------------------------------------------------------- */

/* Nothing moves indices: x's dimensions in the order that leaves those of the port, the axis last
 * where it does not stay. */
static bool as_port(onx_model *m, const onx_node *node, const onx_value *x, int axis, bool keep,
                    int *n, int *dims, ir_shape *shape)
{
    int first = x->batch || (x->d.rank > 1 && x->d.dim[0] == 1);
    if (axis < first || x->d.rank - first > IR_MAX_RANK)
        return onx_cannot(m, node, NULL, "it works along the batch, or on too many dimensions");
    *n = 0;
    for (int i = first; i < x->d.rank; i++)
        if (keep || i != axis)
            dims[(*n)++] = i;
    if (m->nchw && *n > 1) {
        int channels = dims[0];
        memmove(dims, dims + 1, (size_t)(*n - 1) * sizeof *dims);
        dims[*n - 1] = channels;
    }
    if (!keep)
        dims[(*n)++] = axis;
    shape->rank = *n;
    for (int i = 0; i < *n; i++)
        shape->dim[i] = (int32_t)x->d.dim[dims[i]];
    return true;
}

/* The first one's where several are equal. A float net gives it as a float. */
bool onx_argmax(onx_model *m, const onx_node *node)
{
    int n, dims[ONX_MAX_RANK];
    ir_shape shape;
    ir_attrs at = {.groups = 1, .keep = true};
    onx_value *operand = onx_act(m, node, 0);
    if (!operand)
        return false;
    onx_value x = *operand;
    int axis = onx_axis(onx_int(node, "axis", 0), x.d.rank);
    const onx_value *out = onx_out(m, node, 0);
    if (axis < 0 || (x.batch && axis == 0))
        return onx_cannot(m, node, "export the model with batch size 1",
                          "its axis is the batch, or none of %d dimensions", x.d.rank);
    if (onx_int(node, "select_last_index", 0) || (out && out->readers))
        return onx_cannot(m, node, "end the model before it",
                          "it takes the last of equals, or is read");
    at.keep = !m->quantized || onx_int(node, "keepdims", 1);
    if (m->quantized ? !as_port(m, node, &x, axis, at.keep, &n, dims, &shape)
                     : !onx_take_dims(m, node, &x, 1u << axis, &n, dims, &shape))
        return false;
    for (int i = 0; i < n; i++)
        at.axis = dims[i] == axis ? i : at.axis;
    ir_tensor *in = onx_in_dims(m, node, &x, n, dims, &shape);
    ir_tensor *y = in ? onx_emit(m, node, OP_ARGMAX, NULL, &at, 1, &in, NULL) : NULL;
    onx_dims full = x.d, d = reduced_dims(node, &x, 1u << axis);
    full.dim[axis] = 1;
    return onx_done(m, node, 0, y, &d, onx_lay_of(&full, x.batch, n, dims), x.batch);
}
