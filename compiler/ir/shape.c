/* shape.c - shapes of results, one rule an operator.
 *
 * All sums and products are taken in 64 bits from factors of at most 2^31, and checked before they
 * are stored. A rule checks every condition that later stages rely on. */
#include "compiler/ir/ir.h"

typedef struct rule {
    qctx *ctx;
    ir_op *op;
    const ir_shape *x; /* the first input's shape */
} rule;

/* ---- diagnostics --------------------------------------------------------------------------- */

static const char *word(const rule *r)
{
    return ir_opinfos[r->op->kind].word;
}

static const char *shape_str(const rule *r, const ir_shape *s)
{
    return ir_shape_str(r->ctx->a, s);
}

static bool too_large(const rule *r, const char *what)
{
    diag_add(r->ctx, D_SHAPE_TOO_LARGE, r->op->loc, "%s of '%s' has 2^31 elements or more", what,
             r->op->name);
    return false;
}

static bool want_rank3(const rule *r)
{
    if (r->x->rank == 3)
        return true;
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "%s takes a tensor of height, width, channels; "
             "'%s' is %s", word(r), r->op->in[0]->name, shape_str(r, r->x));
    diag_hint(r->ctx, "reshape(%s, [height, width, channels]) makes one", r->op->in[0]->name);
    return false;
}

static bool want_rank1(const rule *r)
{
    if (r->x->rank >= 1)
        return true;
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "%s takes a tensor with at least one dimension; "
             "'%s' is a scalar", word(r), r->op->in[0]->name);
    return false;
}

/* ---- storing results ----------------------------------------------------------------------- */

static bool set_shape(const rule *r, ir_shape *to, const char *what, int rank, const int64_t *dim)
{
    int64_t n = 1;
    to->rank = rank;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 1 || dim[i] > INT32_MAX / n)
            return too_large(r, what);
        n *= dim[i];
        to->dim[i] = (int32_t)dim[i];
    }
    return true;
}

static bool set_out(const rule *r, int rank, const int64_t *dim)
{
    return set_shape(r, &r->op->out[0]->shape, "the result", rank, dim);
}

static bool copy_out(const rule *r)
{
    r->op->out[0]->shape = *r->x;
    return true;
}

/* A weight, bias or statistic: filled in while its rank is 0, else compared. */
static bool want_const(const rule *r, int input, int rank, const int64_t *dim)
{
    if (input >= r->op->n_in)
        return true;
    ir_tensor *t = r->op->in[input];
    ir_shape want;
    if (!set_shape(r, &want, "a weight", rank, dim))
        return false;
    if (t->shape.rank == 0)
        t->shape = want;
    if (ir_shape_eq(&t->shape, &want))
        return true;
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "'%s' is %s, but '%s' needs %s", t->name,
             shape_str(r, &t->shape), r->op->name, shape_str(r, &want));
    return false;
}

/* ---- windows ------------------------------------------------------------------------------- */

/* One axis of a sliding window: what goes in, and the result. */
typedef struct window {
    int64_t size, kernel, stride, dilation;
    int64_t before, after; /* pads */
    int64_t out;
} window;

static int64_t extent(const window *w)
{
    return (w->kernel - 1) * w->dilation + 1;
}

/* TensorFlow's `same`: ⌈size/stride⌉ places; the surplus goes to the end. */
static void pad_same(window *w)
{
    int64_t out = (w->size + w->stride - 1) / w->stride;
    int64_t total = (out - 1) * w->stride + extent(w) - w->size;
    total = total > 0 ? total : 0;
    w->before = total / 2;
    w->after = total - w->before;
}

/* With `ceil` a last window may reach beyond the pads, but must begin inside the tensor or its
 * leading pad, as PyTorch has it. */
static void count_places(window *w, bool ceil_mode)
{
    int64_t room = w->size + w->before + w->after - extent(w);
    w->out = (room + (ceil_mode ? w->stride - 1 : 0)) / w->stride + 1;
    if (ceil_mode && (w->out - 1) * w->stride >= w->size + w->before)
        w->out--;
}

static bool check_window(const rule *r, const window *w, const char *axis)
{
    int64_t padded = w->size + w->before + w->after;
    if (extent(w) > padded) {
        diag_add(r->ctx, D_KERNEL_TOO_LARGE, r->op->loc,
                 "the kernel covers %lld cells in %s; '%s' has %lld with its pads",
                 (long long)extent(w), axis, r->op->in[0]->name, (long long)padded);
        diag_hint(r->ctx, "`pad same` or a smaller kernel fits");
        return false;
    }
    bool pool = r->op->kind != OP_CONV2D;
    if (pool && (w->before >= w->kernel || w->after >= w->kernel)) {
        diag_add(r->ctx, D_PAD_TOO_LARGE, r->op->loc,
                 "a pad of %lld in %s would give a window of %lld no cell of the tensor",
                 (long long)(w->before >= w->kernel ? w->before : w->after), axis,
                 (long long)w->kernel);
        return false;
    }
    return true;
}

/* Height or width (a = 0, 1) of a convolution or pool; resolves its pads. */
static bool slide(const rule *r, int a, window *w)
{
    ir_attrs *at = &r->op->at;
    *w = (window){.size = r->x->dim[a], .kernel = at->kernel[a], .stride = at->stride[a],
                  .dilation = at->dilation[a] ? at->dilation[a] : 1};
    if (at->padmode == IR_PAD_EXPLICIT) {
        w->before = at->pad[2 * a];
        w->after = at->pad[2 * a + 1];
    } else if (at->padmode == IR_PAD_SAME) {
        pad_same(w);
    }
    if (!check_window(r, w, a ? "width" : "height"))
        return false;
    count_places(w, at->ceil_mode);
    return true;
}

static bool slide_both(const rule *r, window w[2])
{
    if (!slide(r, 0, &w[0]) || !slide(r, 1, &w[1]))
        return false;
    ir_attrs *at = &r->op->at;
    at->padmode = IR_PAD_EXPLICIT;
    for (int i = 0; i < 4; i++)
        at->pad[i] = (int)(i % 2 ? w[i / 2].after : w[i / 2].before);
    return true;
}

/* ---- the rules ----------------------------------------------------------------------------- */

static bool check_groups(const rule *r)
{
    int channels = r->x->dim[2], groups = r->op->at.groups, filters = r->op->at.filters;
    if (groups >= 1 && channels % groups == 0 && filters % groups == 0)
        return true;
    diag_add(r->ctx, D_BAD_GROUPS, r->op->loc,
             "groups %d divides not both the %d channels of '%s' and the %d filters", groups,
             channels, r->op->in[0]->name, filters);
    return false;
}

static bool conv2d(const rule *r)
{
    window w[2];
    if (!want_rank3(r) || !check_groups(r) || !slide_both(r, w))
        return false;
    const ir_attrs *at = &r->op->at;
    const int64_t out[3] = {w[0].out, w[1].out, at->filters};
    const int64_t weight[4] = {at->filters, at->kernel[0], at->kernel[1],
                               r->x->dim[2] / at->groups};
    return want_const(r, 1, 4, weight) && want_const(r, 2, 1, &out[2]) && set_out(r, 3, out);
}

static bool dense(const rule *r)
{
    if (!want_rank1(r))
        return false;
    int64_t out[IR_MAX_RANK], last = r->x->rank - 1;
    for (int i = 0; i < last; i++)
        out[i] = r->x->dim[i];
    out[last] = r->op->at.filters;
    const int64_t weight[2] = {out[last], r->x->dim[last]};
    return want_const(r, 1, 2, weight) && want_const(r, 2, 1, weight) &&
           set_out(r, r->x->rank, out);
}

static bool pool(const rule *r)
{
    window w[2];
    if (!want_rank3(r) || !slide_both(r, w))
        return false;
    const int64_t out[3] = {w[0].out, w[1].out, r->x->dim[2]};
    return set_out(r, 3, out);
}

static bool global_pool(const rule *r)
{
    if (!want_rank3(r))
        return false;
    const int64_t kept[3] = {1, 1, r->x->dim[2]};
    return r->op->at.keep ? set_out(r, 3, kept) : set_out(r, 1, &kept[2]);
}

/* True if b, aligned at the last dimension, repeats along a without changing its shape. */
static bool broadcasts(const ir_shape *b, const ir_shape *a)
{
    if (b->rank > a->rank)
        return false;
    for (int i = 1; i <= b->rank; i++)
        if (b->dim[b->rank - i] != 1 && b->dim[b->rank - i] != a->dim[a->rank - i])
            return false;
    return true;
}

static bool binary(const rule *r)
{
    const ir_shape *y = &r->op->in[1]->shape;
    if (!broadcasts(y, r->x) && !broadcasts(r->x, y)) {
        diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc,
                 "%s of '%s' (%s) and '%s' (%s): neither shape repeats to the other's", word(r),
                 r->op->in[0]->name, shape_str(r, r->x), r->op->in[1]->name, shape_str(r, y));
        return false;
    }
    r->op->out[0]->shape = broadcasts(y, r->x) ? *r->x : *y;
    return true;
}

/* The slopes repeat along x, never x along them. */
static bool prelu(const rule *r)
{
    const ir_shape *slope = &r->op->in[1]->shape;
    if (broadcasts(slope, r->x))
        return copy_out(r);
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "prelu of '%s' (%s): slopes of %s do not repeat to its shape",
             r->op->in[0]->name, shape_str(r, r->x), shape_str(r, slope));
    return false;
}

static bool same_but_axis(const ir_shape *a, const ir_shape *b, int axis)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (i != axis && a->dim[i] != b->dim[i])
            return false;
    return true;
}

static bool fold_axis(const rule *r, int *axis)
{
    if (*axis < -r->x->rank || *axis >= r->x->rank) {
        diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "axis %d is not one of '%s' (%s)", *axis,
                 r->op->in[0]->name, shape_str(r, r->x));
        return false;
    }
    *axis += *axis < 0 ? r->x->rank : 0;
    return true;
}

static bool concat(const rule *r)
{
    if (!want_rank1(r) || !fold_axis(r, &r->op->at.axis))
        return false;
    int64_t out[IR_MAX_RANK];
    for (int i = 0; i < r->x->rank; i++)
        out[i] = r->x->dim[i];
    for (int k = 1; k < r->op->n_in; k++) {
        const ir_shape *s = &r->op->in[k]->shape;
        if (!same_but_axis(r->x, s, r->op->at.axis)) {
            diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc,
                     "concat of '%s' (%s) and '%s' (%s): shapes differ beside axis %d",
                     r->op->in[0]->name, shape_str(r, r->x), r->op->in[k]->name, shape_str(r, s),
                     r->op->at.axis);
            return false;
        }
        out[r->op->at.axis] += s->dim[r->op->at.axis];
    }
    return set_out(r, r->x->rank, out);
}

/* The -1 of a target becomes what is left over; the number of elements stays. */
static bool reshape(const rule *r)
{
    ir_shape *to = &r->op->at.to;
    int64_t have = ir_elems(r->x), known = 1;
    int open = -1;
    for (int i = 0; i < to->rank && known <= have; i++) {
        if (to->dim[i] == -1)
            open = i;
        else
            known *= to->dim[i];
    }
    if (known > have || have % known != 0 || (open < 0 && known != have)) {
        diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc,
                 "'%s' has %lld elements (%s), which do not fill that shape", r->op->in[0]->name,
                 (long long)have, shape_str(r, r->x));
        return false;
    }
    if (open >= 0)
        to->dim[open] = (int32_t)(have / known);
    r->op->out[0]->shape = *to;
    return true;
}

static bool pad(const rule *r)
{
    if (!want_rank3(r))
        return false;
    const int *p = r->op->at.pad;
    const int64_t out[3] = {(int64_t)r->x->dim[0] + p[0] + p[1],
                            (int64_t)r->x->dim[1] + p[2] + p[3], r->x->dim[2]};
    return set_out(r, 3, out);
}

/* A list with one number for each dimension of x. */
static bool want_list(const rule *r, const ir_shape *list, const char *name)
{
    if (list->rank == r->x->rank)
        return true;
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "%s of '%s' has %d numbers, '%s' %d dimensions (%s)",
             name, r->op->name, list->rank, r->op->in[0]->name, r->x->rank, shape_str(r, r->x));
    return false;
}

/* A bound of a slice as numpy takes it: negative counts from the end; beyond the tensor is its edge. */
static int64_t slice_bound(int64_t v, int64_t size, bool backwards)
{
    v += v < 0 ? size : 0;
    int64_t lo = backwards ? -1 : 0, hi = backwards ? size - 1 : size;
    return v < lo ? lo : v > hi ? hi : v;
}

/* Dimension d of a slice; resolves its numbers. How many indices it takes, 0: none. */
static int64_t slice_dimension(ir_attrs *at, int d, int64_t size)
{
    int64_t step = at->step.dim[d];
    int64_t begin = slice_bound(at->begin.dim[d], size, step < 0);
    int64_t end = slice_bound(at->end.dim[d], size, step < 0);
    int64_t n = step > 0 ? (end - begin + step - 1) / step : (begin - end - step - 1) / -step;
    if (n < 1)
        return 0;
    int64_t last = begin + (n - 1) * step;
    end = step > 0 ? last + 1 : last - 1;
    at->begin.dim[d] = (int32_t)begin;
    at->end.dim[d] = (int32_t)(end < 0 ? -size - 1 : end);
    return n;
}

static bool slice(const rule *r)
{
    ir_attrs *at = &r->op->at;
    int64_t out[IR_MAX_RANK];
    bool stated = at->step.rank > 0;
    while (!stated && at->step.rank < r->x->rank)
        at->step.dim[at->step.rank++] = 1;
    if (!want_rank1(r) || !want_list(r, &at->begin, "begin") || !want_list(r, &at->end, "end") ||
        !want_list(r, &at->step, "stride"))
        return false;
    for (int d = 0; d < r->x->rank; d++) {
        out[d] = at->step.dim[d] ? slice_dimension(at, d, r->x->dim[d]) : 0;
        if (out[d] > 0)
            continue;
        diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "'%s' takes nothing along dimension %d of '%s' (%s)",
                 r->op->name, d, r->op->in[0]->name, shape_str(r, r->x));
        return false;
    }
    return set_out(r, r->x->rank, out);
}

static bool transpose(const rule *r)
{
    const ir_shape *axes = &r->op->at.axes;
    int64_t out[IR_MAX_RANK];
    unsigned seen = 0;
    if (!want_rank1(r) || !want_list(r, axes, "axes"))
        return false;
    for (int d = 0; d < axes->rank; d++) {
        int from = axes->dim[d];
        if (from < 0 || from >= axes->rank || seen >> from & 1U) {
            diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc,
                     "axes of '%s' do not name each dimension of '%s' (%s) once", r->op->name,
                     r->op->in[0]->name, shape_str(r, r->x));
            return false;
        }
        seen |= 1U << from;
        out[d] = r->x->dim[from];
    }
    return set_out(r, axes->rank, out);
}

static bool batch_norm(const rule *r)
{
    if (!want_rank1(r))
        return false;
    const int64_t channels = r->x->dim[r->x->rank - 1];
    for (int i = 1; i < 5; i++)
        if (!want_const(r, i, 1, &channels))
            return false;
    return copy_out(r);
}

/* The shape without the dimensions of `mask`, or with 1 in their place; [1] where none is left. */
static bool set_reduced(const rule *r, unsigned mask)
{
    int64_t out[IR_MAX_RANK] = {1};
    int rank = 0;
    for (int d = 0; d < r->x->rank; d++)
        if (!(mask >> d & 1U) || r->op->at.keep)
            out[rank++] = mask >> d & 1U ? 1 : r->x->dim[d];
    return set_out(r, rank ? rank : 1, out);
}

/* Sorts the axes and counts them from the front. */
static bool reduce(const rule *r)
{
    ir_shape *axes = &r->op->at.axes;
    unsigned mask = 0;
    int n = 0;
    if (!want_rank1(r))
        return false;
    for (int i = 0; i < axes->rank; i++) {
        int axis = axes->dim[i];
        if (!fold_axis(r, &axis))
            return false;
        mask |= 1U << axis;
    }
    for (int d = 0; d < r->x->rank; d++)
        if (mask >> d & 1U)
            axes->dim[n++] = d;
    axes->rank = n;
    return set_reduced(r, mask);
}

static bool argmax(const rule *r)
{
    return want_rank1(r) && fold_axis(r, &r->op->at.axis) && set_reduced(r, 1U << r->op->at.axis);
}

static bool resize(const rule *r)
{
    const ir_attrs *at = &r->op->at;
    const int64_t out[3] = {at->kernel[0], at->kernel[1], r->x->rank == 3 ? r->x->dim[2] : 1};
    if (!want_rank3(r))
        return false;
    if (!at->align_corners || !at->half_pixel)
        return set_out(r, 3, out);
    diag_add(r->ctx, D_BAD_VALUE, r->op->loc, "%s of '%s' has `align corners` and `half pixel`", word(r),
             r->op->name);
    diag_expected(r->ctx, "one of them, or none");
    return false;
}

static bool dilate(const rule *r)
{
    if (!want_rank3(r))
        return false;
    const int *s = r->op->at.stride;
    const int64_t out[3] = {((int64_t)r->x->dim[0] - 1) * s[0] + 1, ((int64_t)r->x->dim[1] - 1) * s[1] + 1,
                            r->x->dim[2]};
    return set_out(r, 3, out);
}

/* The result is there already: a state. */
static bool assign(const rule *r)
{
    const ir_tensor *to = r->op->out[0];
    if (!want_rank1(r))
        return false;
    if (ir_shape_eq(r->x, &to->shape))
        return true;
    diag_add(r->ctx, D_SHAPE_MISMATCH, r->op->loc, "'%s' (%s) is assigned to the state '%s' (%s)",
             r->op->in[0]->name, shape_str(r, r->x), to->name, shape_str(r, &to->shape));
    return false;
}

static bool softmax(const rule *r)
{
    return want_rank1(r) && copy_out(r);
}

static bool (*const rules[OP_COUNT])(const rule *) = {
    [OP_CONV2D] = conv2d,         [OP_DENSE] = dense,
    [OP_MAXPOOL] = pool,          [OP_AVGPOOL] = pool,
    [OP_GLOBAL_AVGPOOL] = global_pool, [OP_GLOBAL_MAXPOOL] = global_pool,
    [OP_ADD] = binary,            [OP_MUL] = binary,
    [OP_CONCAT] = concat,         [OP_RESHAPE] = reshape,
    [OP_PAD] = pad,               [OP_BATCH_NORM] = batch_norm,
    [OP_RELU] = copy_out,         [OP_RELU6] = copy_out,
    [OP_LEAKY_RELU] = copy_out,   [OP_SIGMOID] = copy_out,
    [OP_TANH] = copy_out,         [OP_HARD_SWISH] = copy_out,
    [OP_SOFTMAX] = softmax,       [OP_SUB] = binary,
    [OP_MINIMUM] = binary,        [OP_MAXIMUM] = binary,
    [OP_SLICE] = slice,           [OP_TRANSPOSE] = transpose,
    [OP_REQUANTIZE] = copy_out,   [OP_ASSIGN] = assign,
    [OP_REDUCE_SUM] = reduce,     [OP_REDUCE_MEAN] = reduce,
    [OP_REDUCE_MAX] = reduce,     [OP_REDUCE_MIN] = reduce,
    [OP_ARGMAX] = argmax,         [OP_ELU] = copy_out,
    [OP_RESIZE_NEAREST] = resize, [OP_RESIZE_BILINEAR] = resize,
    [OP_L2_NORM] = softmax,
    [OP_DILATE] = dilate,         [OP_PRELU] = prelu,
    [OP_DROPOUT] = copy_out,
    [OP_GELU] = copy_out,         [OP_GELU_TANH] = copy_out,
};

bool ir_infer_shape(qctx *ctx, ir_op *op)
{
    rule r = {ctx, op, &op->in[0]->shape};
    return rules[op->kind](&r);
}
