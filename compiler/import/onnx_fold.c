/* onnx_fold.c - nodes that compute with constants only: chains of Shape, Gather, Concat, Unsqueeze
 * that exporters write for the shape of a Reshape, and weights that are made from others.
 *
 * In double; results of type float are rounded to float32, integers are whole numbers below 2^53.
 */
#include <math.h>
#include <string.h>

#include "compiler/import/onnx.h"

enum { MAX_OPERANDS = 16, BOOL = 9 };

typedef struct fold {
    onx_model *m;
    const onx_node *node;
    const onx_const *in[MAX_OPERANDS];
    onx_dims d;
    int type;
    double *v; /* of the result */
} fold;

static bool is_float(int type)
{
    return type == 1 || type == 10 || type == 11 || type == 16;
}

/* Room for the result in f->d; false where it is too much. */
static bool room(fold *f, int type)
{
    int64_t n = onx_count(&f->d);
    if (n < 0 || f->d.rank > ONX_MAX_RANK || n > ONX_MAX_FOLDED - f->m->folded)
        return false;
    f->m->folded += n;
    f->type = type;
    f->v = ARENA_ARRAY(f->m->ctx->a, double, n);
    return true;
}

/* ---- making -------------------------------------------------------------------------------- */

static bool constant(fold *f)
{
    const Onnx__AttributeProto *a = onx_attr(f->node, "value");
    const char *why;
    const onx_const *c = a && a->t ? onx_unpack(f->m->ctx, a->t, &why) : NULL;
    if (c) {
        f->d = c->d;
        f->type = c->type;
        f->v = (double *)(uintptr_t)c->v;
        return true;
    }
    bool floats = (a = onx_attr(f->node, "value_float")) || (a = onx_attr(f->node, "value_floats"));
    if (!floats && !(a = onx_attr(f->node, "value_int")) && !(a = onx_attr(f->node, "value_ints")))
        return false;
    bool list = a->name[strlen(a->name) - 1] == 's';
    f->d.rank = list;
    f->d.dim[0] = (int64_t)(floats ? a->n_floats : a->n_ints);
    if (!room(f, floats ? ONX_FLOAT : ONX_INT64))
        return false;
    for (int64_t i = 0; i < (list ? f->d.dim[0] : 1); i++)
        f->v[i] = !list    ? (floats ? (double)a->f : (double)a->i)
                  : floats ? (double)a->floats[i]
                           : (double)a->ints[i];
    return true;
}

static bool dims_of(fold *f, const onx_const *c)
{
    if (c->n > ONX_MAX_RANK)
        return false;
    f->d.rank = (int)c->n;
    for (int i = 0; i < f->d.rank; i++) {
        f->d.dim[i] = onx_as_int(c->v[i]);
        if (f->d.dim[i] < 0)
            return false;
    }
    return true;
}

static bool constant_of_shape(fold *f)
{
    const Onnx__AttributeProto *a = onx_attr(f->node, "value");
    const char *why;
    const onx_const *c = a && a->t ? onx_unpack(f->m->ctx, a->t, &why) : NULL;
    if ((a && (!c || c->n != 1)) || !dims_of(f, f->in[0]) || !room(f, c ? c->type : ONX_FLOAT))
        return false;
    for (int64_t i = 0; i < onx_count(&f->d); i++)
        f->v[i] = c ? c->v[0] : 0;
    return true;
}

static bool range(fold *f)
{
    if (f->in[0]->n != 1 || f->in[1]->n != 1 || f->in[2]->n != 1)
        return false;
    double start = f->in[0]->v[0], step = f->in[2]->v[0];
    double n = ceil((f->in[1]->v[0] - start) / step);
    if (!(n < ONX_MAX_FOLDED))
        return false;
    f->d = (onx_dims){1, {n > 0 ? (int64_t)n : 0}};
    if (!room(f, f->in[0]->type))
        return false;
    for (int64_t i = 0; i < f->d.dim[0]; i++)
        f->v[i] = start + (double)i * step;
    return true;
}

/* ---- other dimensions, the same elements --------------------------------------------------- */

static bool same_elements(fold *f)
{
    f->type = f->in[0]->type;
    f->v = (double *)(uintptr_t)f->in[0]->v;
    return onx_count(&f->d) == f->in[0]->n && f->d.rank <= ONX_MAX_RANK;
}

static bool identity(fold *f)
{
    f->d = f->in[0]->d;
    return same_elements(f);
}

static bool reshape(fold *f)
{
    int64_t known = 1;
    int open = -1;
    const onx_const *shape = f->in[1];
    if (!shape || shape->n > ONX_MAX_RANK)
        return false;
    f->d.rank = (int)shape->n;
    for (int i = 0; i < f->d.rank; i++) {
        int64_t v = onx_as_int(shape->v[i]);
        f->d.dim[i] = v == 0 && i < f->in[0]->d.rank ? f->in[0]->d.dim[i] : v;
        if (f->d.dim[i] == -1)
            open = i;
        else if (f->d.dim[i] < 0 || f->d.dim[i] > INT32_MAX || (known *= f->d.dim[i]) > INT32_MAX)
            return false;
    }
    if (open >= 0 && known > 0)
        f->d.dim[open] = f->in[0]->n / known;
    return (open < 0 || known > 0) && same_elements(f);
}

/* Bits of axes, of an operand or an attribute; -1: none named, -2: wrong ones. */
static int axes(const fold *f, int rank)
{
    int64_t axis[ONX_MAX_RANK];
    int n = onx_ints(f->node, "axes", ONX_MAX_RANK, axis), bits = 0;
    const onx_const *c = f->in[1];
    if (c)
        n = c->n > ONX_MAX_RANK ? ONX_MAX_RANK + 1 : (int)c->n;
    if (n < 0 || n > ONX_MAX_RANK)
        return n < 0 ? -1 : -2;
    rank = rank < 0 ? -rank - 1 + n : rank;
    for (int i = 0; i < n; i++) {
        int k = onx_axis(c ? onx_as_int(c->v[i]) : axis[i], rank);
        if (k < 0)
            return -2;
        bits |= 1 << k;
    }
    return bits;
}

static bool squeeze(fold *f)
{
    const onx_dims *x = &f->in[0]->d;
    int bits = axes(f, x->rank);
    f->d.rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (bits == -1 ? x->dim[i] != 1 : !(bits >> i & 1))
            f->d.dim[f->d.rank++] = x->dim[i];
    return bits != -2 && same_elements(f);
}

static bool unsqueeze(fold *f)
{
    const onx_dims *x = &f->in[0]->d;
    int bits = axes(f, -x->rank - 1), n = 0;
    if (bits < 0)
        return false;
    for (int k = bits; k; k &= k - 1)
        n++;
    if (x->rank + n > ONX_MAX_RANK)
        return false;
    f->d.rank = x->rank + n;
    for (int i = 0, from = 0; i < f->d.rank; i++)
        f->d.dim[i] = bits >> i & 1 || from >= x->rank ? 1 : x->dim[from++];
    return same_elements(f);
}

/* ---- moving elements ----------------------------------------------------------------------- */

static bool transpose(fold *f)
{
    const onx_dims *x = &f->in[0]->d;
    int64_t perm[ONX_MAX_RANK], stride[ONX_MAX_RANK + 1];
    int n = onx_ints(f->node, "perm", ONX_MAX_RANK, perm);
    f->d.rank = x->rank;
    stride[x->rank] = 1;
    for (int i = x->rank - 1; i >= 0; i--)
        stride[i] = stride[i + 1] * x->dim[i];
    for (int i = 0; i < x->rank; i++) {
        perm[i] = n < 0 ? x->rank - 1 - i : perm[i];
        if ((n >= 0 && n != x->rank) || perm[i] < 0 || perm[i] >= x->rank)
            return false;
        f->d.dim[i] = x->dim[perm[i]];
    }
    if (onx_count(&f->d) != f->in[0]->n || !room(f, f->in[0]->type))
        return false;
    for (int64_t i = 0; i < f->in[0]->n; i++) {
        int64_t from = 0, left = i;
        for (int k = x->rank - 1; k >= 0; k--) {
            from += left % f->d.dim[k] * stride[perm[k] + 1];
            left /= f->d.dim[k];
        }
        f->v[i] = f->in[0]->v[from];
    }
    return true;
}

static bool expand(fold *f)
{
    onx_dims to = {0};
    fold shape = *f;
    if (!f->in[1] || !dims_of(&shape, f->in[1]))
        return false;
    to = shape.d;
    if (!onx_broadcast_dims(&f->in[0]->d, &to, &f->d) || !room(f, f->in[0]->type))
        return false;
    for (int64_t i = 0; i < onx_count(&f->d); i++)
        f->v[i] = f->in[0]->v[onx_broadcast_index(&f->d, &f->in[0]->d, i)];
    return true;
}

static bool gather(fold *f)
{
    const onx_const *x = f->in[0], *at = f->in[1];
    int axis = onx_axis(onx_int(f->node, "axis", 0), x->d.rank);
    int64_t inner = 1;
    if (!at || axis < 0 || x->d.rank + at->d.rank - 1 > ONX_MAX_RANK)
        return false;
    f->d.rank = 0;
    for (int i = 0; i < axis; i++)
        f->d.dim[f->d.rank++] = x->d.dim[i];
    for (int i = 0; i < at->d.rank; i++)
        f->d.dim[f->d.rank++] = at->d.dim[i];
    for (int i = axis + 1; i < x->d.rank; i++)
        inner *= f->d.dim[f->d.rank++] = x->d.dim[i];
    if (!room(f, x->type))
        return false;
    for (int64_t i = 0; i < onx_count(&f->d); i++) {
        int64_t k = onx_as_int(at->v[i / inner % at->n]), outer = i / inner / at->n;
        k += k < 0 ? x->d.dim[axis] : 0;
        if (k < 0 || k >= x->d.dim[axis])
            return false;
        f->v[i] = x->v[(outer * x->d.dim[axis] + k) * inner + i % inner];
    }
    return true;
}

static bool concat(fold *f)
{
    const onx_const *x = f->in[0];
    int axis = onx_axis(onx_int(f->node, "axis", 1), x->d.rank);
    int64_t inner = 1, total = 0, outer = 1;
    if (axis < 0)
        return false;
    for (int i = 0; i < x->d.rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : x->d.dim[i];
    for (int k = 0; k < f->node->n_in; k++) {
        const onx_const *c = f->in[k];
        if (c->d.rank != x->d.rank || c->n != outer * c->d.dim[axis] * inner)
            return false;
        total += c->d.dim[axis];
    }
    f->d = x->d;
    f->d.dim[axis] = total;
    if (!room(f, x->type))
        return false;
    for (int64_t o = 0, to = 0; o < outer; o++)
        for (int k = 0; k < f->node->n_in; k++)
            for (int64_t n = f->in[k]->d.dim[axis] * inner, i = 0; i < n; i++)
                f->v[to++] = f->in[k]->v[o * n + i];
    return true;
}

/* A slice of one axis: how many elements, and the first; step is brought within ±(n + 1), where
 * larger ones take no other elements. */
static int64_t slice_count(int64_t n, int64_t *first, int64_t last, int64_t *step)
{
    int64_t least = *step < 0 ? -1 : 0, most = *step < 0 ? n - 1 : n, s = *step;
    int64_t a = *first < 0 ? *first + n : *first, b = last < 0 ? last + n : last;
    *step = s = s < -n - 1 ? -n - 1 : s > n + 1 ? n + 1 : s;
    *first = a = a < 0 ? 0 : a > most ? most : a;
    b = b < least ? least : b > most ? most : b;
    int64_t span = s < 0 ? a - b : b - a, size = s < 0 ? -s : s;
    return span > 0 ? (span + size - 1) / size : 0;
}

/* Of one axis, any step: PyTorch turns the pads of F.pad around with -1. */
static bool slice(fold *f)
{
    const onx_const *x = f->in[0];
    int64_t of[5] = {0, 0, 0, 0, 1}; /* start, end, axis, step, as operands 1 to 4 */
    for (int i = 1; i < 5; i++) {
        if (f->in[i] && f->in[i]->n != 1)
            return false;
        if (f->in[i])
            of[i] = onx_as_int(f->in[i]->v[0]);
    }
    int rank = x->d.rank;
    int64_t axis = of[3] + (of[3] < 0 ? rank : 0), first = of[1], step = of[4];
    if (axis < 0 || axis >= rank || !step)
        return false;
    int64_t n = x->d.dim[axis], count = slice_count(n, &first, of[2], &step), inner = 1;
    f->d = x->d;
    f->d.dim[axis] = count;
    if (!room(f, x->type))
        return false;
    for (int64_t i = axis + 1; i < rank; i++)
        inner *= x->d.dim[i];
    for (int64_t i = 0; i < onx_count(&f->d); i++) {
        int64_t row = i / inner, k = first + row % count * step;
        f->v[i] = x->v[(row / count * n + k) * inner + i % inner];
    }
    return true;
}

/* ---- arithmetic ---------------------------------------------------------------------------- */

static double apply(const char *op, int type, double a, double b)
{
    switch (*op) {
    case 'A':
        return a + b;
    case 'S':
        return a - b;
    case 'M':
        return !strcmp(op, "Mul")   ? a * b
               : !strcmp(op, "Min") ? fmin(a, b)
               : !strcmp(op, "Max") ? fmax(a, b)
                                    : fmod(a, b);
    case 'D':
        return is_float(type) ? a / b : b != 0 ? trunc(a / b) : 0;
    case 'P':
        return pow(a, b);
    default: /* Equal */
        return a == b;
    }
}

static double rounded(int type, double v)
{
    return type == ONX_FLOAT ? (double)(float)v : v;
}

static bool arithmetic(fold *f)
{
    const onx_const *a = f->in[0], *b = f->in[1];
    bool truth = !strcmp(f->node->type, "Equal");
    if (!b || !onx_broadcast_dims(&a->d, &b->d, &f->d) || !room(f, truth ? BOOL : a->type))
        return false;
    for (int64_t i = 0; i < onx_count(&f->d); i++)
        f->v[i] = rounded(f->type,
                          apply(f->node->type, a->type, a->v[onx_broadcast_index(&f->d, &a->d, i)],
                                b->v[onx_broadcast_index(&f->d, &b->d, i)]));
    return true;
}

static bool where(fold *f)
{
    onx_dims d;
    const onx_const *a = f->in[1], *b = f->in[2];
    if (!a || !b || !onx_broadcast_dims(&a->d, &b->d, &d) ||
        !onx_broadcast_dims(&d, &f->in[0]->d, &f->d) || !room(f, a->type))
        return false;
    for (int64_t i = 0; i < onx_count(&f->d); i++) {
        bool yes = f->in[0]->v[onx_broadcast_index(&f->d, &f->in[0]->d, i)] != 0;
        const onx_const *c = yes ? a : b;
        f->v[i] = c->v[onx_broadcast_index(&f->d, &c->d, i)];
    }
    return true;
}

static double opposite(double v)
{
    return -v;
}
static double inverse(double v)
{
    return 1 / v;
}

static bool function(fold *f)
{
    static const struct {
        const char *type;
        double (*fn)(double);
    } functions[] = {{"Neg", opposite}, {"Sqrt", sqrt}, {"Reciprocal", inverse},
                     {"Floor", floor},  {"Ceil", ceil}, {"Abs", fabs}};
    size_t k = 0;
    while (strcmp(functions[k].type, f->node->type) != 0)
        k++;
    f->d = f->in[0]->d;
    if (!room(f, f->in[0]->type))
        return false;
    for (int64_t i = 0; i < f->in[0]->n; i++)
        f->v[i] = rounded(f->type, functions[k].fn(f->in[0]->v[i]));
    return true;
}

static bool cast(fold *f)
{
    int to = (int)onx_int(f->node, "to", 0);
    bool whole = to == ONX_INT64 || to == ONX_INT32;
    f->d = f->in[0]->d;
    if ((!whole && !is_float(to) && to != BOOL) || to == 16 || to == 10 || !room(f, to))
        return false;
    for (int64_t i = 0; i < f->in[0]->n; i++) {
        double v = f->in[0]->v[i];
        f->v[i] = whole ? (isnan(v) ? 0 : trunc(v)) : to == BOOL ? v != 0 : rounded(to, v);
    }
    return true;
}

/* ---- quantizing ---------------------------------------------------------------------------- */

/* Which of several scales element i has; -1: they do not suit. */
static int64_t scale_index(const fold *f, int64_t i)
{
    const onx_const *x = f->in[0], *s = f->in[1];
    int axis = onx_axis(onx_int(f->node, "axis", 1), x->d.rank);
    if (f->node->made) /* of QLinearConv: the channels are first; of a matrix: last */
        axis = x->d.rank > 2 ? 0 : x->d.rank - 1;
    if (s->n == 1)
        return 0;
    if (axis < 0 || s->n != x->d.dim[axis])
        return -1;
    for (int k = x->d.rank - 1; k > axis; k--)
        i /= x->d.dim[k];
    return i % s->n;
}

/* Of constants: weights that are stored as codes, or as reals in front of a QuantizeLinear. */
static bool quantizing(fold *f)
{
    const onx_const *x = f->in[0], *z = f->in[2];
    bool to_codes = !strcmp(f->node->type, "QuantizeLinear");
    int type = !to_codes ? ONX_FLOAT : z ? z->type : ONX_UINT8;
    double lo = type == ONX_INT8 ? -128 : 0, hi = type == ONX_INT8 ? 127 : 255;
    f->d = x->d;
    if ((z && z->n != f->in[1]->n) || (to_codes && type != ONX_INT8 && type != ONX_UINT8) ||
        !room(f, type))
        return false;
    for (int64_t i = 0; i < x->n; i++) {
        int64_t k = scale_index(f, i);
        if (k < 0)
            return false;
        double zero = z ? z->v[k] : 0;
        float s = (float)f->in[1]->v[k];
        float v = to_codes ? (float)x->v[i] / s : s * (float)(x->v[i] - zero);
        f->v[i] = to_codes ? fmin(hi, fmax(lo, nearbyint((double)v) + zero)) : (double)v;
    }
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct row {
    const char *type;
    bool (*fold)(fold *);
    int least; /* operands */
} rows[] = {
    {"Constant", constant, 0},
    {"ConstantOfShape", constant_of_shape, 1},
    {"Range", range, 3},
    {"Identity", identity, 1},
    {"Reshape", reshape, 2},
    {"Squeeze", squeeze, 1},
    {"Unsqueeze", unsqueeze, 1},
    {"Transpose", transpose, 1},
    {"Expand", expand, 2},
    {"Gather", gather, 2},
    {"Concat", concat, 1},
    {"Slice", slice, 3},
    {"Add", arithmetic, 2},
    {"Sub", arithmetic, 2},
    {"Mul", arithmetic, 2},
    {"Div", arithmetic, 2},
    {"Mod", arithmetic, 2},
    {"Min", arithmetic, 2},
    {"Max", arithmetic, 2},
    {"Pow", arithmetic, 2},
    {"Equal", arithmetic, 2},
    {"Where", where, 3},
    {"Neg", function, 1},
    {"Sqrt", function, 1},
    {"Reciprocal", function, 1},
    {"Floor", function, 1},
    {"Ceil", function, 1},
    {"Abs", function, 1},
    {"QuantizeLinear", quantizing, 2},
    {"DequantizeLinear", quantizing, 2},
    {"Cast", cast, 1},
};

static bool give(onx_model *m, const onx_node *node, onx_const c)
{
    onx_value *v = onx_out(m, node, 0);
    c.n = onx_count(&c.d);
    if (v)
        v->c = arena_memdup(m->ctx->a, &c, sizeof c);
    return v != NULL;
}

/* Shape and Size of an activation are constants too; not where rows of the host are counted. */
static bool fold_shape(onx_model *m, const onx_node *node)
{
    const onx_value *x = onx_in(m, node, 0);
    bool size = !strcmp(node->type, "Size");
    if ((!size && strcmp(node->type, "Shape") != 0) || !x)
        return false;
    const onx_const *c = onx_constant(m, node->in[0]);
    const onx_dims *d = c ? &c->d : x->known ? &x->d : NULL;
    if (!d)
        return false;
    int64_t start = onx_int(node, "start", 0), end = onx_int(node, "end", d->rank);
    start += start < 0 ? d->rank : 0;
    end += end < 0 ? d->rank : 0;
    start = start < 0 ? 0 : start > d->rank ? d->rank : start;
    end = end < start ? start : end > d->rank ? d->rank : end;
    double *v = ARENA_ARRAY(m->ctx->a, double, ONX_MAX_RANK);
    for (int64_t i = start; i < end; i++)
        v[i - start] = (double)d->dim[i];
    if (size)
        v[0] = (double)onx_count(d);
    return give(
        m, node,
        (onx_const){ONX_INT64, size ? (onx_dims){.rank = 0} : (onx_dims){1, {end - start}}, 0, v});
}

bool onx_fold(onx_model *m, const onx_node *node)
{
    fold f = {.m = m, .node = node};
    if (*node->domain)
        return false;
    if (fold_shape(m, node))
        return true;
    const struct row *r = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].type, node->type))
            r = &rows[i];
    if (!r || node->n_in < r->least || node->n_in > MAX_OPERANDS || node->n_out != 1)
        return false;
    for (int i = 0; i < node->n_in; i++) {
        f.in[i] = onx_constant(m, node->in[i]);
        if (!f.in[i] && (node->in[i] >= 0 || i < r->least))
            return false;
    }
    return r->fold(&f) && give(m, node, (onx_const){f.type, f.d, 0, f.v});
}
