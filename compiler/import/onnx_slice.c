/* onnx_slice.c - parts of an activation: Slice, Split, Gather of single elements. */
#include <string.h>

#include "compiler/import/onnx.h"

/* Elements begin, begin + step, … of each dimension, `count` of them. */
typedef struct part {
    int64_t begin[ONX_MAX_RANK], step[ONX_MAX_RANK], count[ONX_MAX_RANK];
} part;

static part whole(const onx_value *x)
{
    part p;
    for (int i = 0; i < x->d.rank; i++) {
        p.begin[i] = 0;
        p.step[i] = 1;
        p.count[i] = x->d.dim[i];
    }
    return p;
}

/* Result i: that part of x, in dims d (of as many elements). */
static bool take(onx_model *m, const onx_node *node, int i, const onx_value *x, const part *p,
                 const onx_dims *d)
{
    onx_value y = *x;
    onx_dims full = x->d;
    ir_attrs at = {.groups = 1};
    ir_shape shape;
    int n, dims[ONX_MAX_RANK];
    bool all = true;
    if (!onx_take_dims(m, node, &y, 0, &n, dims, &shape))
        return false;
    at.begin.rank = at.end.rank = at.step.rank = n;
    for (int k = 0; k < n; k++) {
        int from = dims[k];
        int64_t end = p->begin[from] + p->count[from] * p->step[from];
        at.begin.dim[k] = (int32_t)p->begin[from];
        at.end.dim[k] = end < 0 ? -INT32_MAX : (int32_t)end;
        at.step.dim[k] = (int32_t)p->step[from];
        all = all && p->count[from] == x->d.dim[from] && p->step[from] == 1;
    }
    for (int k = 0; k < x->d.rank; k++)
        full.dim[k] = p->count[k];
    ir_tensor *in = onx_in_dims(m, node, &y, n, dims, &shape);
    in = in && !all ? onx_emit(m, node, OP_SLICE, NULL, &at, 1, &in, NULL) : in;
    onx_lay lay = onx_lay_of(&full, x->batch, n, dims);
    if (!in || !onx_lay_reshape(&lay, d, x->batch))
        return in && onx_cannot(m, node, NULL, "its result has another number of elements");
    return onx_done(m, node, i, in, d, lay, x->batch);
}

/* ---- Slice --------------------------------------------------------------------------------- */

typedef struct bounds {
    int n;
    int64_t start[ONX_MAX_RANK], end[ONX_MAX_RANK], axis[ONX_MAX_RANK], step[ONX_MAX_RANK];
} bounds;

static bool list(onx_model *m, const onx_node *node, int operand, const char *name, int want,
                 int64_t *v)
{
    int64_t own[ONX_MAX_RANK + 1];
    int n = operand ? -1 : 0;
    const onx_const *c = onx_in(m, node, operand) ? onx_const_in(m, node, operand, name) : NULL;
    if (onx_in(m, node, operand) && !c)
        return false;
    n = c ? (int)(c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : c->n)
          : onx_ints(node, name, ONX_MAX_RANK, own);
    if (n < 0) /* absent: what is there already */
        return true;
    if (n != want)
        return onx_cannot(m, node, NULL, "its %s has %d numbers, not %d", name, n, want);
    for (int i = 0; i < n; i++)
        v[i] = c ? onx_as_int(c->v[i]) : own[i];
    return true;
}

static bool take_bounds(onx_model *m, const onx_node *node, const onx_value *x, bounds *b)
{
    int64_t own[ONX_MAX_RANK + 1];
    const onx_const *c = onx_in(m, node, 1) ? onx_const_in(m, node, 1, "starts") : NULL;
    if (onx_in(m, node, 1) && !c)
        return false;
    b->n = c ? (int)(c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : c->n)
             : onx_ints(node, "starts", ONX_MAX_RANK, own);
    if (b->n < 0 || b->n > x->d.rank)
        return onx_cannot(m, node, NULL, "it has bounds for %d of %d dimensions", b->n, x->d.rank);
    for (int i = 0; i < b->n; i++) {
        b->axis[i] = i;
        b->step[i] = 1;
    }
    return list(m, node, 1, "starts", b->n, b->start) && list(m, node, 2, "ends", b->n, b->end) &&
           list(m, node, 3, "axes", b->n, b->axis) && list(m, node, 4, "steps", b->n, b->step);
}

static int64_t limited(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

bool onx_slice(onx_model *m, const onx_node *node)
{
    bounds b;
    onx_value *x = onx_act(m, node, 0);
    if (!x || !take_bounds(m, node, x, &b))
        return false;
    part p = whole(x);
    for (int i = 0; i < b.n; i++) {
        int k = onx_axis(b.axis[i], x->d.rank);
        if (k < 0 || b.step[i] == 0 || (x->batch && k == 0))
            return onx_cannot(m, node, NULL,
                              "it has no step, cuts the batch, or names an axis that is not there");
        int64_t size = x->d.dim[k], step = limited(b.step[i], -INT32_MAX, INT32_MAX);
        int64_t start = b.start[i] + (b.start[i] < 0 ? size : 0),
                end = b.end[i] + (b.end[i] < 0 ? size : 0);
        start = step > 0 ? limited(start, 0, size) : limited(start, 0, size - 1);
        end = step > 0 ? limited(end, 0, size) : limited(end, -1, size - 1);
        p.count[k] = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        p.begin[k] = start;
        p.step[k] = p.count[k] == 1 ? 1 : step;
        if (p.count[k] < 1)
            return onx_cannot(m, node, NULL, "its result is empty");
    }
    onx_dims d = x->d;
    for (int k = 0; k < d.rank; k++)
        d.dim[k] = p.count[k];
    return take(m, node, 0, x, &p, &d);
}

/* ---- Split --------------------------------------------------------------------------------- */

bool onx_split(onx_model *m, const onx_node *node)
{
    int64_t sizes[ONX_MAX_OPERANDS], at = 0;
    onx_value *x = onx_act(m, node, 0);
    int n = onx_ints(node, "split", ONX_MAX_OPERANDS, sizes), axis = 0;
    const onx_const *c = x && onx_in(m, node, 1) ? onx_const_in(m, node, 1, "split") : NULL;
    if (!x || (onx_in(m, node, 1) && !c))
        return false;
    axis = onx_axis(onx_int(node, "axis", 0), x->d.rank);
    if (axis < 0 || (x->batch && !axis) || node->n_out < 1 || node->n_out > ONX_MAX_OPERANDS)
        return onx_cannot(m, node, NULL, "it cuts the batch, or along none of %d dimensions",
                          x->d.rank);
    if (c)
        n = c->n > ONX_MAX_OPERANDS ? -2 : (int)c->n;
    int64_t each = (x->d.dim[axis] + node->n_out - 1) / node->n_out;
    for (int i = 0; i < node->n_out && (n == -1 || n == node->n_out); i++) {
        sizes[i] = n == -1 ? limited(x->d.dim[axis] - i * each, 0, each)
                   : c     ? onx_as_int(c->v[i])
                           : sizes[i];
        part p = whole(x);
        onx_dims d = x->d;
        p.begin[axis] = at;
        p.count[axis] = d.dim[axis] = sizes[i];
        if (sizes[i] < 1 || sizes[i] > x->d.dim[axis] - at)
            return onx_cannot(m, node, NULL,
                              "a part is empty, or the parts are larger than the whole");
        at += sizes[i];
        if (!take(m, node, i, x, &p, &d))
            return false;
    }
    return at == x->d.dim[axis] || onx_cannot(m, node, NULL, "its parts are not the whole");
}

/* ---- Gather -------------------------------------------------------------------------------- */

/* Of one element, or of some at equal distances: a slice. */
bool onx_gather(onx_model *m, const onx_node *node)
{
    const onx_const *c = onx_const_in(m, node, 1, "indices");
    onx_value *x = c ? onx_act(m, node, 0) : NULL;
    int axis = x ? onx_axis(onx_int(node, "axis", 0), x->d.rank) : 0;
    if (!x)
        return false;
    if (axis < 0 || (x->batch && !axis) || c->n < 1 || c->d.rank + x->d.rank - 1 > ONX_MAX_RANK)
        return onx_cannot(m, node, NULL,
                          "it takes nothing, rows of the batch, or along no dimension");
    part p = whole(x);
    int64_t size = x->d.dim[axis], last = 0;
    for (int64_t i = 0; i < c->n; i++) {
        int64_t k = onx_as_int(c->v[i]);
        k += k < 0 ? size : 0;
        if (k < 0 || k >= size)
            return onx_cannot(m, node, NULL, "its index %lld is not one of %lld", (long long)k,
                              (long long)size);
        if (i == 0)
            p.begin[axis] = k;
        if (i == 1)
            p.step[axis] = k - last;
        if (i && (k - last != p.step[axis] || k == last))
            return onx_cannot(m, node, "split and concatenate",
                              "its indices are not at equal distances");
        last = k;
    }
    p.count[axis] = c->n;
    onx_dims d = {.rank = x->d.rank + c->d.rank - 1};
    for (int i = 0; i < d.rank; i++)
        d.dim[i] = i < axis               ? x->d.dim[i]
                   : i < axis + c->d.rank ? c->d.dim[i - axis]
                                          : x->d.dim[i - c->d.rank + 1];
    return take(m, node, 0, x, &p, &d);
}
