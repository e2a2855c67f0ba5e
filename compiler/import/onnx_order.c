/* onnx_order.c - in which order the elements of activations lie.
 *
 * ONNX writes images channels first, the IR channels last. An activation's dimensions are kept as a
 * product of factors, and the IR has these factors in a sequence of its own (onx_lay). So Transpose
 * changes only what is known of the sequence, Reshape, Flatten, Squeeze and Unsqueeze only what is
 * known of the dimensions; elements move where an operator asks for a sequence that its operand has
 * not. */
#include <string.h>

#include "compiler/import/onnx.h"

onx_lay onx_lay_of(const onx_dims *d, bool batch, int n, const int *dims)
{
    onx_lay lay = {0};
    int factor[ONX_MAX_RANK];
    for (int i = batch; i < d->rank; i++) {
        factor[i] = d->dim[i] > 1 ? lay.n : -1;
        if (d->dim[i] > 1)
            lay.size[lay.n++] = (int32_t)d->dim[i];
    }
    for (int i = 0, at = 0; i < n; i++)
        if (d->dim[dims[i]] > 1)
            lay.order[at++] = factor[dims[i]];
    return lay;
}

int onx_factors(const onx_value *x, int k, int *first)
{
    int f = 0;
    for (int i = x->batch; i <= k; i++) {
        int64_t left = x->d.dim[i];
        *first = f;
        while (left > 1)
            left /= x->lay.size[f++];
    }
    if (k < x->batch)
        *first = 0;
    return f;
}

/* Factor f becomes `outer` times the rest, side by side in the sequence. */
static bool split(onx_lay *lay, int f, int32_t outer)
{
    if (lay->n == ONX_MAX_FACTORS)
        return false;
    memmove(&lay->size[f + 1], &lay->size[f], (size_t)(lay->n - f) * sizeof *lay->size);
    lay->size[f + 1] /= outer;
    lay->size[f] = outer;
    int at = 0;
    for (int i = 0; i < lay->n; i++) {
        lay->order[i] += lay->order[i] > f;
        if (lay->order[i] == f)
            at = i;
    }
    memmove(&lay->order[at + 2], &lay->order[at + 1],
            (size_t)(lay->n - at - 1) * sizeof *lay->order);
    lay->order[at + 1] = f + 1;
    lay->n++;
    return true;
}

bool onx_lay_reshape(onx_lay *lay, const onx_dims *to, bool batch)
{
    int f = 0;
    for (int i = batch; i < to->rank; i++) {
        int64_t left = to->dim[i];
        while (left > 1) {
            if (f == lay->n)
                return false;
            int64_t size = lay->size[f];
            if (left % size != 0 && (size % left != 0 || !split(lay, f, (int32_t)left)))
                return false;
            left /= lay->size[f++];
        }
    }
    return f == lay->n;
}

onx_lay onx_lay_transpose(const onx_value *x, const int *perm)
{
    onx_lay lay = {.n = x->lay.n};
    int moved[ONX_MAX_FACTORS], at = 0;
    for (int i = 0; i < x->d.rank; i++) {
        int first = 0, end = perm[i] < x->batch ? 0 : onx_factors(x, perm[i], &first);
        for (int f = first; f < end; f++) {
            moved[f] = at;
            lay.size[at++] = x->lay.size[f];
        }
    }
    for (int i = 0; i < lay.n; i++)
        lay.order[i] = moved[x->lay.order[i]];
    return lay;
}

bool onx_dim_order(const onx_value *x, int *n, int *dims)
{
    *n = 0;
    for (int i = 0; i < x->lay.n;) {
        int k = x->batch, first = 0, end = 0;
        for (; k < x->d.rank; k++) {
            end = onx_factors(x, k, &first);
            if (x->lay.order[i] >= first && x->lay.order[i] < end)
                break;
        }
        for (int f = first; f < end; f++, i++)
            if (i >= x->lay.n || x->lay.order[i] != f)
                return false;
        dims[(*n)++] = k;
    }
    return true;
}

int64_t onx_origin(const onx_value *x, int n, const int *order, int64_t i)
{
    int64_t at[ONX_MAX_FACTORS] = {0}, origin = 0;
    bool counted[ONX_MAX_FACTORS] = {false};
    for (int k = n - 1; k >= 0; k--) {
        at[order[k]] = i % x->lay.size[order[k]];
        i /= x->lay.size[order[k]];
        counted[order[k]] = true;
    }
    for (int f = 0; f < x->lay.n; f++)
        if (counted[f])
            origin = origin * x->lay.size[f] + at[f];
    return origin;
}

/* ---- moving elements ----------------------------------------------------------------------- */

/* Neighbours in both sequences are one dimension of the transpose. */
static bool merge(const onx_value *x, const int *want, ir_shape *from, ir_shape *axes)
{
    int place[ONX_MAX_FACTORS], group[ONX_MAX_FACTORS];
    for (int i = 0; i < x->lay.n; i++)
        place[want[i]] = i;
    from->rank = axes->rank = 0;
    for (int i = 0; i < x->lay.n; i++) {
        int f = x->lay.order[i];
        bool next = i && place[f] == place[x->lay.order[i - 1]] + 1;
        if (!next && from->rank == IR_MAX_RANK)
            return false;
        if (!next)
            from->dim[from->rank++] = 1;
        group[f] = from->rank - 1;
        from->dim[from->rank - 1] *= x->lay.size[f];
    }
    for (int i = 0; i < x->lay.n; i++)
        if (!i || group[want[i]] != group[want[i - 1]])
            axes->dim[axes->rank++] = group[want[i]];
    return true;
}

ir_tensor *onx_in_order(onx_model *m, const onx_node *node, const onx_value *x, int n,
                        const int *want, const ir_shape *shape)
{
    ir_shape from;
    ir_attrs at = {.groups = 1};
    if (!memcmp(want, x->lay.order, sizeof *want * (size_t)n))
        return onx_reshaped(m, node, x->ir, shape);
    if (!merge(x, want, &from, &at.axes)) {
        onx_cannot(m, node, NULL, "it needs a transpose of more than %d dimensions", IR_MAX_RANK);
        return NULL;
    }
    ir_tensor *y = onx_reshaped(m, node, x->ir, &from);
    if (y)
        m->moved += (double)ir_elems(&y->shape);
    y = y ? onx_emit(m, node, OP_TRANSPOSE, NULL, &at, 1, &y, y->quant) : NULL;
    return y ? onx_reshaped(m, node, y, shape) : NULL;
}

ir_tensor *onx_in_dims(onx_model *m, const onx_node *node, const onx_value *x, int n,
                       const int *dims, const ir_shape *shape)
{
    int want[ONX_MAX_FACTORS], k = 0;
    for (int i = 0; i < n; i++) {
        int first = 0, end = onx_factors(x, dims[i], &first);
        for (int f = first; f < end; f++)
            want[k++] = f;
    }
    return onx_in_order(m, node, x, k, want, shape);
}

bool onx_make_plain(onx_model *m, const onx_node *node, onx_value *x)
{
    int want[ONX_MAX_FACTORS], dims[ONX_MAX_RANK], n = 0;
    for (int f = 0; f < x->lay.n; f++)
        want[f] = f;
    const ir_shape flat = {.rank = 1, .dim = {(int32_t)ir_elems(&x->ir->shape)}};
    ir_tensor *ir = onx_in_order(m, node, x, x->lay.n, want, &flat);
    if (!ir)
        return false;
    for (int i = x->batch; i < x->d.rank; i++)
        dims[n++] = i;
    x->ir = ir;
    x->lay = onx_lay_of(&x->d, x->batch, n, dims);
    return true;
}

/* Where a dimension of one element goes: behind the rest where channels stand, else in front of the
 * first dimension that follows it in ONNX. Its elements do not move either way. */
static int place_for(int dim, int n, const int *dims)
{
    for (int i = 0; i < n; i++)
        if (dims[i] > dim && (i == 0 || dims[i - 1] < dim))
            return dim == 1 && n > 1 ? n : i;
    return n;
}

bool onx_take_dims(onx_model *m, const onx_node *node, onx_value *x, unsigned must, int *n,
                   int *dims, ir_shape *shape)
{
    if (!onx_dim_order(x, n, dims)) {
        if (!onx_make_plain(m, node, x))
            return false;
        onx_dim_order(x, n, dims);
    }
    for (int k = x->batch; k < x->d.rank; k++) {
        if (!(must >> k & 1) || x->d.dim[k] > 1)
            continue;
        int at = place_for(k, *n, dims);
        memmove(&dims[at + 1], &dims[at], (size_t)(*n - at) * sizeof *dims);
        dims[at] = k;
        ++*n;
    }
    if (*n > IR_MAX_RANK)
        return onx_cannot(m, node, NULL, "its input has more than %d dimensions", IR_MAX_RANK);
    *shape = (ir_shape){.rank = *n};
    for (int i = 0; i < *n; i++)
        shape->dim[i] = (int32_t)x->d.dim[dims[i]];
    if (!*n)
        *shape = (ir_shape){.rank = 1, .dim = {1}};
    return true;
}
