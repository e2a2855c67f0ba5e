/* onnx_move.c - operators that move elements, or only say otherwise what they are. */
#include <string.h>

#include "compiler/import/onnx.h"

/* ---- nothing moves ------------------------------------------------------------------------- */

bool onx_identity(onx_model *m, const onx_node *node)
{
    onx_value *x = onx_act(m, node, 0), *mask = onx_out(m, node, 1);
    if (!x)
        return false;
    if (mask && (mask->readers || mask->is_output))
        return onx_cannot(m, node, NULL, "its mask is read");
    if (onx_in(m, node, 2) && !strcmp(node->type, "Dropout")) {
        const onx_const *training = onx_const_in(m, node, 2, "training_mode");
        if (!training || training->v[0] != 0)
            return training &&
                   onx_cannot(m, node, "export the model for inference", "it is in training mode");
    }
    return onx_done_like(m, node, x->ir, x);
}

/* x in dims d. Rows of the host stay rows. */
static bool in_dims(onx_model *m, const onx_node *node, const onx_value *x, const onx_dims *d)
{
    onx_value y = *x;
    if (onx_count(d) != onx_count(&x->d))
        return onx_cannot(m, node, NULL, "it makes %s of %s", onx_dims_str(m->ctx, d),
                          onx_dims_str(m->ctx, &x->d));
    if (x->batch && (!d->rank || d->dim[0] != x->d.dim[0]))
        return onx_cannot(m, node, "export the model with batch size 1",
                          "it puts the batch elsewhere");
    if (!onx_lay_reshape(&y.lay, d, x->batch)) {
        y = *x;
        if (!onx_make_plain(m, node, &y))
            return false;
        int dims[ONX_MAX_RANK], n = 0;
        for (int i = x->batch; i < d->rank; i++)
            dims[n++] = i;
        y.lay = onx_lay_of(d, x->batch, n, dims);
    }
    return onx_done(m, node, 0, y.ir, d, y.lay, x->batch);
}

static bool reshape_dims(onx_model *m, const onx_node *node, const onx_value *x, onx_dims *d)
{
    int64_t to[ONX_MAX_RANK + 1], known = 1, have = onx_count(&x->d);
    int n = onx_ints(node, "shape", ONX_MAX_RANK, to), open = -1;
    const onx_const *c = onx_in(m, node, 1) ? onx_const_in(m, node, 1, "shape") : NULL;
    if (onx_in(m, node, 1) && !c)
        return false;
    if (c)
        n = c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : (int)c->n;
    if (n < 0 || n > ONX_MAX_RANK)
        return onx_cannot(m, node, NULL, "its shape has no number of dimensions in 0..%d",
                          ONX_MAX_RANK);
    d->rank = n;
    for (int i = 0; i < n; i++) {
        int64_t v = c ? onx_as_int(c->v[i]) : to[i];
        if (v == 0 && !onx_int(node, "allowzero", 0) && i < x->d.rank)
            v = x->d.dim[i];
        if (v < -1 || v == 0 || v > INT32_MAX || (v == -1 && open >= 0))
            return onx_cannot(m, node, NULL, "its shape has the size %lld", (long long)v);
        if (v == -1)
            open = i;
        else if ((known *= v) > INT32_MAX)
            return onx_cannot(m, node, NULL, "its shape has too many elements");
        d->dim[i] = v;
    }
    if (open >= 0)
        d->dim[open] = have / known ? have / known : 1;
    return true;
}

static bool flatten_dims(onx_model *m, const onx_node *node, const onx_value *x, onx_dims *d)
{
    int64_t axis = onx_int(node, "axis", 1);
    axis += axis < 0 ? x->d.rank : 0;
    if (axis < 0 || axis > x->d.rank)
        return onx_cannot(m, node, NULL, "its axis is not one of %d dimensions", x->d.rank);
    *d = (onx_dims){2, {1, 1}};
    for (int i = 0; i < x->d.rank; i++)
        d->dim[i >= axis] *= x->d.dim[i];
    return true;
}

/* Bits of the axes that Squeeze and Unsqueeze name, for `rank` dimensions. -1: after onx_cannot;
 * -2: none. */
static int named_axes(onx_model *m, const onx_node *node, int rank, int *count)
{
    int64_t axis[ONX_MAX_RANK];
    int n = onx_ints(node, "axes", ONX_MAX_RANK, axis), bits = 0;
    const onx_const *c = onx_in(m, node, 1) ? onx_const_in(m, node, 1, "axes") : NULL;
    if (onx_in(m, node, 1) && !c)
        return -1;
    if (c)
        n = c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : (int)c->n;
    if (n < 0)
        return -2;
    *count = n;
    rank = rank < 0 ? -rank - 1 + n : rank; /* of the result of Unsqueeze */
    for (int i = 0; i < n && n <= ONX_MAX_RANK && rank <= ONX_MAX_RANK; i++) {
        int k = onx_axis(c ? onx_as_int(c->v[i]) : axis[i], rank);
        bits = k < 0 || bits < 0 ? -1 : bits | 1 << k;
    }
    if (bits < 0 || n > ONX_MAX_RANK || rank > ONX_MAX_RANK)
        return onx_cannot(m, node, NULL, "its axes are not those of %d dimensions", rank) - 1;
    return bits;
}

static bool squeeze_dims(onx_model *m, const onx_node *node, const onx_value *x, onx_dims *d)
{
    int n, bits = named_axes(m, node, x->d.rank, &n);
    if (bits == -1)
        return false;
    d->rank = 0;
    for (int i = 0; i < x->d.rank; i++) {
        bool out = bits == -2 ? x->d.dim[i] == 1 && !(x->batch && i == 0) : (bits >> i & 1) != 0;
        if (out && x->d.dim[i] != 1)
            return onx_cannot(m, node, NULL, "it squeezes a dimension of %lld",
                              (long long)x->d.dim[i]);
        if (!out)
            d->dim[d->rank++] = x->d.dim[i];
    }
    return true;
}

static bool unsqueeze_dims(onx_model *m, const onx_node *node, const onx_value *x, onx_dims *d)
{
    int n = 0, bits = named_axes(m, node, -x->d.rank - 1, &n), from = 0;
    if (bits < 0)
        return bits == -2 && onx_cannot(m, node, NULL, "it has no axes");
    d->rank = x->d.rank + n;
    for (int i = 0; i < d->rank; i++) {
        if (!(bits >> i & 1) && from == x->d.rank)
            return onx_cannot(m, node, NULL, "it names an axis twice");
        d->dim[i] = bits >> i & 1 ? 1 : x->d.dim[from++];
    }
    return true;
}

bool onx_reshape(onx_model *m, const onx_node *node)
{
    onx_dims d;
    onx_value *x = onx_act(m, node, 0);
    if (!x)
        return false;
    bool ok = !strcmp(node->type, "Reshape")   ? reshape_dims(m, node, x, &d)
              : !strcmp(node->type, "Flatten") ? flatten_dims(m, node, x, &d)
              : !strcmp(node->type, "Squeeze") ? squeeze_dims(m, node, x, &d)
                                               : unsqueeze_dims(m, node, x, &d);
    return ok && in_dims(m, node, x, &d);
}

bool onx_transpose(onx_model *m, const onx_node *node)
{
    int64_t list[ONX_MAX_RANK];
    int perm[ONX_MAX_RANK], n = onx_ints(node, "perm", ONX_MAX_RANK, list);
    unsigned seen = 0;
    onx_value *x = onx_act(m, node, 0);
    if (!x)
        return false;
    onx_dims d = {.rank = x->d.rank};
    for (int i = 0; i < d.rank; i++) {
        perm[i] = n < 0 ? d.rank - 1 - i : n == d.rank ? onx_axis(list[i], d.rank) : -1;
        if (perm[i] < 0 || (seen >> perm[i] & 1))
            return onx_cannot(m, node, NULL, "its perm is no permutation of %d dimensions", d.rank);
        seen |= 1u << perm[i];
        d.dim[i] = x->d.dim[perm[i]];
    }
    if (x->batch && perm[0] != 0)
        return onx_cannot(m, node, "export the model with batch size 1",
                          "it puts the batch elsewhere");
    return onx_done(m, node, 0, x->ir, &d, onx_lay_transpose(x, perm), x->batch);
}

/* ---- concatenation ------------------------------------------------------------------------- */

/* Codes of one quantization: that of all operands alike, or of the result. */
static bool requantized(onx_model *m, const onx_node *node, int n, ir_tensor **in)
{
    const ir_attrs at = {.groups = 1};
    bool alike = true;
    for (int i = 0; i < n && m->quantized; i++)
        alike = alike && onx_same_quant(in[i]->quant, in[0]->quant);
    const ir_quant *q = alike ? NULL : onx_target_quant(m, node);
    for (int i = 0; i < n && q; i++)
        if (!onx_same_quant(in[i]->quant, q) &&
            !(in[i] = onx_emit(m, node, OP_REQUANTIZE, NULL, &at, 1, &in[i], q)))
            return false;
    return alike || q;
}

/* All in the sequence of the largest. */
bool onx_concat(onx_model *m, const onx_node *node)
{
    ir_tensor *in[ONX_MAX_OPERANDS];
    onx_value all[ONX_MAX_OPERANDS];
    int n = node->n_in, dims[ONX_MAX_RANK], rank, first = 0;
    ir_shape shape;
    ir_attrs at = {.groups = 1};
    if (n < 1 || n > IR_MAX_INPUTS)
        return onx_cannot(m, node, NULL, "it has %d operands", n);
    for (int i = 0; i < n; i++) {
        const onx_value *x = onx_act(m, node, i);
        if (!x)
            return false;
        all[i] = *x;
        first = onx_count(&all[i].d) > onx_count(&all[first].d) ? i : first;
    }
    onx_dims d = all[0].d;
    int axis = onx_axis(onx_int(node, "axis", 1), d.rank);
    if (axis < 0 || (axis == 0 && all[0].batch))
        return onx_cannot(m, node, "export the model with batch size 1",
                          "it concatenates along the batch, or along none of %d dimensions",
                          d.rank);
    if (!onx_take_dims(m, node, &all[first], 1u << axis, &rank, dims, &shape))
        return false;
    d.dim[axis] = 0;
    for (int i = 0; i < rank; i++)
        at.axis = dims[i] == axis ? i : at.axis;
    for (int i = 0; i < n; i++) {
        bool fits = all[i].d.rank == d.rank && all[i].batch == all[0].batch;
        for (int k = 0; fits && k < d.rank; k++)
            fits = k == axis || all[i].d.dim[k] == d.dim[k];
        if (!fits)
            return onx_cannot(m, node, NULL, "its operands are %s and %s",
                              onx_dims_str(m->ctx, &all[0].d), onx_dims_str(m->ctx, &all[i].d));
        d.dim[axis] += all[i].d.dim[axis];
        shape.dim[at.axis] = (int32_t)all[i].d.dim[axis];
        in[i] = onx_in_dims(m, node, &all[i], rank, dims, &shape);
        if (!in[i])
            return false;
    }
    if (!requantized(m, node, n, in))
        return false;
    ir_tensor *y = n == 1 ? in[0] : onx_emit(m, node, OP_CONCAT, NULL, &at, n, in, in[0]->quant);
    return onx_done(m, node, 0, y, &d, onx_lay_of(&d, all[0].batch, rank, dims), all[0].batch);
}

/* ---- pads ---------------------------------------------------------------------------------- */

static bool take_pads(onx_model *m, const onx_node *node, int rank, int64_t *pads)
{
    int n = onx_ints(node, "pads", 2 * ONX_MAX_RANK, pads);
    const onx_const *c = onx_in(m, node, 1) ? onx_const_in(m, node, 1, "pads") : NULL;
    const char *mode = onx_string(m, node, "mode", "constant");
    double value = onx_float(node, "value", 0);
    if (onx_in(m, node, 1) && !c)
        return false;
    if (onx_in(m, node, 2)) {
        const onx_const *v = onx_const_in(m, node, 2, "value");
        if (!v || v->n != 1)
            return v && onx_cannot(m, node, NULL, "its value is no single number");
        value = v->v[0];
    }
    if (c)
        n = c->n > 2 * ONX_MAX_RANK ? -1 : (int)c->n;
    for (int i = 0; c && i < n; i++)
        pads[i] = onx_as_int(c->v[i]);
    if (strcmp(mode, "constant") != 0 || value != 0)
        return onx_cannot(m, node, "pad with zeros", "it pads with something else than zeros");
    if (n != 2 * rank || onx_in(m, node, 3))
        return onx_cannot(m, node, NULL, "its pads are not two numbers for each of %d dimensions",
                          rank);
    for (int i = 0; i < n; i++)
        if (pads[i] < 0 || pads[i] > 32767)
            return onx_cannot(m, node, NULL, "its pads are not in 0..32767");
    return true;
}

/* Two dimensions at a time, which stand first: pads of height and width stay where they are. */
bool onx_pad(onx_model *m, const onx_node *node)
{
    int64_t pads[2 * ONX_MAX_RANK];
    int dims[ONX_MAX_RANK], n = 0, padded[2], k = 0;
    onx_value *x = onx_act(m, node, 0);
    if (!x || !take_pads(m, node, x->d.rank, pads))
        return false;
    onx_dims d = x->d;
    ir_attrs at = {.groups = 1};
    for (int i = 0; i < d.rank; i++) {
        d.dim[i] += pads[i] + pads[i + d.rank];
        if (d.dim[i] == x->d.dim[i])
            continue;
        if (k == 2 || (x->batch && !i))
            return onx_cannot(m, node, "pad twice",
                              "it pads the batch, or more than two dimensions");
        at.pad[2 * k] = (int)pads[i];
        at.pad[2 * k + 1] = (int)pads[i + d.rank];
        padded[k++] = i;
    }
    int64_t sizes[3] = {1, 1, ir_elems(&x->ir->shape)};
    for (int i = 0; i < k; i++) {
        dims[n++] = padded[i];
        sizes[i] = x->d.dim[padded[i]];
        sizes[2] /= sizes[i];
    }
    int order[ONX_MAX_RANK], own = 0;
    onx_value y = *x;
    ir_shape unused;
    if (!onx_take_dims(m, node, &y, 0, &own, order, &unused))
        return false;
    for (int i = 0; i < own; i++)
        if (!(k && order[i] == padded[0]) && !(k > 1 && order[i] == padded[1]))
            dims[n++] = order[i];
    const ir_shape shape = onx_shape(3, sizes);
    ir_tensor *in = onx_in_dims(m, node, &y, n, dims, &shape);
    in = in && k ? onx_emit(m, node, OP_PAD, NULL, &at, 1, &in, NULL) : in;
    return onx_done(m, node, 0, in, &d, onx_lay_of(&d, x->batch, n, dims), x->batch);
}

/* ---- DepthToSpace, SpaceToDepth ------------------------------------------------------------ */

/* A reshape to six dimensions, a transpose, a reshape: none of them moves anything yet. */
bool onx_depth_space(onx_model *m, const onx_node *node)
{
    int64_t b = onx_int(node, "blocksize", 0);
    onx_value *x = onx_act(m, node, 0);
    bool to_space = !strcmp(node->type, "DepthToSpace");
    bool crd = !strcmp(onx_string(m, node, "mode", "DCR"), "CRD");
    if (!x)
        return false;
    int64_t unit = to_space ? 1 : b;
    if (x->d.rank != 4 || b < 1 || b > 32767 || x->d.dim[1] % (to_space ? b * b : 1) ||
        x->d.dim[2] % unit || x->d.dim[3] % unit)
        return onx_cannot(m, node, NULL, "its blocksize %lld does not suit %s", (long long)b,
                          onx_dims_str(m->ctx, &x->d));
    int64_t n = x->d.dim[0], c = x->d.dim[1], h = x->d.dim[2], w = x->d.dim[3], c2 = c / (b * b);
    onx_dims six =
        to_space ? crd ? (onx_dims){6, {n, c2, b, b, h, w}} : (onx_dims){6, {n, b, b, c2, h, w}}
                 : (onx_dims){6, {n, c, h / b, b, w / b, b}};
    onx_dims d = to_space ? (onx_dims){4, {n, c2, h * b, w * b}}
                          : (onx_dims){4, {n, c * b * b, h / b, w / b}};
    static const int perms[3][6] = {{0, 3, 4, 1, 5, 2}, {0, 1, 4, 2, 5, 3}, {0, 3, 5, 1, 2, 4}};
    onx_value y = *x;
    if (!onx_lay_reshape(&y.lay, &six, x->batch))
        return onx_cannot(m, node, NULL, "its input is laid out otherwise");
    y.d = six;
    const int *perm = perms[!to_space ? 2 : crd];
    onx_value z = y;
    for (int i = 0; i < 6; i++)
        z.d.dim[i] = six.dim[perm[i]];
    z.lay = onx_lay_transpose(&y, perm);
    if (!onx_lay_reshape(&z.lay, &d, x->batch))
        return onx_cannot(m, node, NULL, "its input is laid out otherwise");
    return onx_done(m, node, 0, x->ir, &d, z.lay, x->batch);
}
