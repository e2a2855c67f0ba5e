/* tflite_fold.c - shape computations done at import: SHAPE, STRIDED_SLICE, PACK and their like on small
 * whole numbers, which converters leave in front of a RESHAPE. */
#include "compiler/import/tflite.h"

static bool set_ints(tfl_model *m, const tfl_op *op, const int32_t *v, int n)
{
    tfl_tensor *t = tfl_out(m, op, 0);
    t->ints = arena_memdup(m->ctx->a, v, (size_t)n * sizeof *v);
    t->n_ints = n;
    return true;
}

static bool is_int(const tfl_tensor *t) { return t->type == TFL_INT32 || t->type == TFL_INT64; }

static bool known(const tfl_model *m, const tfl_op *op)
{
    for (int i = 0; i < op->n_in; i++)
        if (!tfl_in(m, op, i) || tfl_in(m, op, i)->n_ints < 0)
            return false;
    return op->n_in > 0;
}

static bool fold_shape(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *t = tfl_in(m, op, 0);
    return tfl_elems(t) > 0 && set_ints(m, op, t->dim, t->rank);
}

/* One dimension; a mask's bit 0 leaves the begin or end open. */
static bool fold_slice(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *x = tfl_in(m, op, 0);
    if (op->n_in != 4 || x->rank != 1 || tfl_in(m, op, 1)->n_ints != 1 ||
        tfl_in(m, op, 2)->n_ints != 1 || tfl_in(m, op, 3)->n_ints != 1)
        return false;
    int32_t begin = tfl_in(m, op, 1)->ints[0], end = tfl_in(m, op, 2)->ints[0];
    int32_t stride = tfl_in(m, op, 3)->ints[0], n = x->n_ints, v[TFL_MAX_INTS];
    bool shrink = fb_int32(&m->file, op->options, SLICE_SHRINK_MASK, 0) & 1;
    int others = fb_int32(&m->file, op->options, SLICE_ELLIPSIS_MASK, 0) |
                 fb_int32(&m->file, op->options, SLICE_NEW_AXIS_MASK, 0);
    if (others || stride < 1 || begin < -n || begin > n || end < -n)
        return false;
    begin += begin < 0 ? n : 0;
    end += end < 0 ? n : 0;
    if (fb_int32(&m->file, op->options, SLICE_BEGIN_MASK, 0) & 1)
        begin = 0;
    if (fb_int32(&m->file, op->options, SLICE_END_MASK, 0) & 1 || end > n)
        end = n;
    if (shrink)
        end = begin < n ? begin + 1 : begin;
    int count = 0;
    for (int64_t i = begin; i < end; i += stride)
        v[count++] = x->ints[i];
    return set_ints(m, op, v, count);
}

/* PACK of scalars, CONCATENATION of lists: one behind the other. */
static bool fold_join(tfl_model *m, const tfl_op *op)
{
    int32_t v[TFL_MAX_INTS];
    int n = 0;
    for (int i = 0; i < op->n_in; i++) {
        const tfl_tensor *t = tfl_in(m, op, i);
        if (t->rank > 1 || n + t->n_ints > TFL_MAX_INTS)
            return false;
        for (int k = 0; k < t->n_ints; k++)
            v[n++] = t->ints[k];
    }
    return set_ints(m, op, v, n);
}

static bool fold_copy(tfl_model *m, const tfl_op *op)
{
    return set_ints(m, op, tfl_in(m, op, 0)->ints, tfl_in(m, op, 0)->n_ints);
}

static bool fold_product(tfl_model *m, const tfl_op *op)
{
    const tfl_tensor *t = tfl_in(m, op, 0);
    int64_t p = 1;
    for (int i = 0; i < t->n_ints; i++) {
        p *= t->ints[i];
        if (t->rank != 1 || p > INT32_MAX || p < INT32_MIN)
            return false;
    }
    const int32_t v = (int32_t)p;
    return set_ints(m, op, &v, 1);
}

static const struct {
    int code;
    bool (*fold)(tfl_model *, const tfl_op *);
} rows[] = {
    {TFL_OP_STRIDED_SLICE, fold_slice}, {TFL_OP_PACK, fold_join},
    {TFL_OP_CONCATENATION, fold_join},  {TFL_OP_CAST, fold_copy},
    {TFL_OP_REDUCE_PROD, fold_product}, {TFL_OP_SQUEEZE, fold_copy},
    {TFL_OP_EXPAND_DIMS, fold_copy},
};

bool tfl_fold(tfl_model *m, const tfl_op *op)
{
    if (op->n_out != 1 || !is_int(tfl_out(m, op, 0)))
        return false;
    if (op->code == TFL_OP_SHAPE && op->n_in == 1 && tfl_in(m, op, 0))
        return fold_shape(m, op);
    if (!known(m, op))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == op->code)
            return rows[i].fold(m, op);
    return false;
}
