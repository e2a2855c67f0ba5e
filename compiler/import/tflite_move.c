/* tflite_move.c - operators that move elements: SLICE, STRIDED_SLICE, SPLIT, PACK, UNPACK,
 * TRANSPOSE.
 *
 * The IR has no batch dimension. What leaves the first dimension (of 1) alone works on the tensor
 * as it is; anything else on the whole shape, by reshapes, which cost nothing. */
#include "compiler/import/tflite.h"

/* The operand with all its dimensions (`whole`), or without its batch. NULL after tfl_cannot. */
static ir_tensor *operand(tfl_model *m, const tfl_op *op, const tfl_tensor *t, bool whole)
{
    ir_shape s = {.rank = t->rank};
    if (!whole)
        return t->ir;
    if (t->rank < 1 || t->rank > IR_MAX_RANK || tfl_elems(t) != ir_elems(&t->ir->shape)) {
        tfl_cannot(m, op, NULL, "%s has %d dimensions, or no fixed shape", tfl_tensor_str(m, t),
                   t->rank);
        return NULL;
    }
    for (int i = 0; i < t->rank; i++)
        s.dim[i] = t->dim[i];
    return tfl_reshaped(m, op, t->ir, &s);
}

bool tfl_has_batch(const tfl_tensor *t)
{
    return t->rank >= 2 && t->dim[0] == 1;
}

/* The kernels copy codes: other scales would mean other values. */
bool tfl_check_scales(tfl_model *m, const tfl_op *op, const tfl_tensor *from,
                         const tfl_tensor *to)
{
    ir_quant *q = m->quantized ? tfl_activation_quant(m, op, to) : NULL;
    if (!m->quantized)
        return true;
    if (q && q->scale[0] == from->ir->quant->scale[0] && q->zero[0] == from->ir->quant->zero[0])
        return true;
    return q && tfl_cannot(m, op, "convert the model again: converters give all of them one scale",
                           "%s and %s have two scales, which the operator ignores",
                           tfl_tensor_str(m, from), tfl_tensor_str(m, to));
}

/* The operator, and a reshape to the shape that the file gives its result where they differ. */
bool tfl_emit_shaped(tfl_model *m, const tfl_op *op, ir_opkind kind, const ir_attrs *at, int n,
                      ir_tensor *const *in, tfl_tensor *to)
{
    ir_shape want;
    const char *name = tfl_result_name(m, op, to);
    ir_tensor *out = tfl_temporary(m, op, kind, name, at, n, in, to);
    if (!out)
        return false;
    if (tfl_shape(to, &want) && ir_shape_eq(&want, &out->shape)) {
        out->tflite_index = to->index;
        to->ir = out;
        return true;
    }
    if (tfl_elems(to) != ir_elems(&out->shape))
        return tfl_cannot(m, op, "convert the model with fixed shapes and batch size 1",
                          "its result is %s by its attributes, and not so in the file",
                          ir_shape_str(m->ctx->a, &out->shape));
    const ir_attrs back = {.groups = 1, .to = want};
    return tfl_emit(m, op, OP_RESHAPE, tfl_fresh_name(m, name, "shaped"), &back, 1, &out, to);
}

static bool check_counts(tfl_model *m, const tfl_op *op, int n_in, int n_out)
{
    bool ok = op->n_in == n_in && (n_out == 0 ? op->n_out >= 1 : op->n_out == n_out);
    for (int i = 0; ok && i < n_in; i++)
        ok = tfl_in(m, op, i) != NULL;
    return ok || tfl_cannot(m, op, NULL, "it has %d operands and %d results", op->n_in, op->n_out);
}

/* ---- slices -------------------------------------------------------------------------------- */

/* Begin, end and step for each of the file's dimensions → the operator. */
static bool emit_slice(tfl_model *m, const tfl_op *op, const tfl_tensor *x, ir_attrs *at,
                       tfl_tensor *to)
{
    bool batch =
        tfl_has_batch(x) && (at->begin.dim[0] == 0 || at->begin.dim[0] == -1) && at->step.dim[0] > 0;
    ir_shape *lists[] = {&at->begin, &at->end, &at->step};
    for (int k = 0; k < 3; k++) {
        lists[k]->rank = x->rank - batch;
        for (int i = 0; batch && i < lists[k]->rank; i++)
            lists[k]->dim[i] = lists[k]->dim[i + 1];
    }
    ir_tensor *in = operand(m, op, x, tfl_has_batch(x) && !batch);
    return in && tfl_check_scales(m, op, x, to) && tfl_emit_shaped(m, op, OP_SLICE, at, 1, &in, to);
}

static bool known_lists(tfl_model *m, const tfl_op *op, const tfl_tensor *x, int first, int n)
{
    bool ok = x->rank >= 1 && x->rank <= IR_MAX_RANK;
    for (int k = first; ok && k < first + n; k++)
        ok = tfl_in(m, op, k)->n_ints == x->rank;
    return ok ||
           tfl_cannot(m, op, NULL, "its numbers are no constants, one for each dimension of %s",
                      tfl_tensor_str(m, x));
}

bool tfl_strided_slice(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!check_counts(m, op, 4, 1) || !tfl_options(m, op, OPTIONS_STRIDED_SLICE) ||
        !known_lists(m, op, tfl_in(m, op, 0), 1, 3))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0);
    int begin_open = fb_int32(&m->file, op->options, SLICE_BEGIN_MASK, 0);
    int end_open = fb_int32(&m->file, op->options, SLICE_END_MASK, 0);
    int shrink = fb_int32(&m->file, op->options, SLICE_SHRINK_MASK, 0);
    if (fb_int32(&m->file, op->options, SLICE_ELLIPSIS_MASK, 0) ||
        fb_int32(&m->file, op->options, SLICE_NEW_AXIS_MASK, 0))
        return tfl_cannot(m, op, "write the slice without them", "it has an ellipsis or new axes");
    for (int i = 0; i < x->rank; i++) {
        int32_t begin = tfl_in(m, op, 1)->ints[i], step = tfl_in(m, op, 3)->ints[i];
        bool back = step < 0;
        if (step == 0 || step == INT32_MIN)
            return tfl_cannot(m, op, NULL, "its stride is %d", (int)step);
        at.step.dim[i] = shrink >> i & 1 ? 1 : step;
        at.begin.dim[i] = begin_open >> i & 1 ? (back ? INT32_MAX : 0) : begin;
        at.end.dim[i] =
            end_open >> i & 1 ? (back ? -INT32_MAX : INT32_MAX) : tfl_in(m, op, 2)->ints[i];
        if (shrink >> i & 1)
            at.end.dim[i] = begin == -1 ? INT32_MAX : begin + 1;
    }
    return emit_slice(m, op, x, &at, tfl_out(m, op, 0));
}

bool tfl_slice(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!check_counts(m, op, 3, 1) || !known_lists(m, op, tfl_in(m, op, 0), 1, 2))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0);
    for (int i = 0; i < x->rank; i++) {
        int64_t begin = tfl_in(m, op, 1)->ints[i], size = tfl_in(m, op, 2)->ints[i];
        if (begin < 0 || size < -1 || begin + size > x->dim[i])
            return tfl_cannot(m, op, NULL, "it takes more than there is of %s",
                              tfl_tensor_str(m, x));
        at.step.dim[i] = 1;
        at.begin.dim[i] = (int32_t)begin;
        at.end.dim[i] = size < 0 ? x->dim[i] : (int32_t)(begin + size);
    }
    return emit_slice(m, op, x, &at, tfl_out(m, op, 0));
}

/* Result k of a split or unpack: [from, from + size) along the axis. */
static bool emit_part(tfl_model *m, const tfl_op *op, const tfl_tensor *x, int axis, int64_t from,
                      int64_t size, int k)
{
    ir_attrs at = {.groups = 1};
    for (int i = 0; i < x->rank; i++) {
        at.step.dim[i] = 1;
        at.end.dim[i] = x->dim[i];
    }
    at.begin.dim[axis] = (int32_t)from;
    at.end.dim[axis] = (int32_t)(from + size);
    return emit_slice(m, op, x, &at, tfl_out(m, op, k));
}

/* An axis counted from the front; -1 after tfl_cannot. */
int tfl_axis(tfl_model *m, const tfl_op *op, int axis, int rank)
{
    int from_front = axis + (axis < 0 ? rank : 0);
    if (rank >= 1 && rank <= IR_MAX_RANK && from_front >= 0 && from_front < rank)
        return from_front;
    tfl_cannot(m, op, NULL, "its axis %d is not one of %d dimensions", axis, rank);
    return -1;
}

static int one_int(const tfl_tensor *t)
{
    return t->n_ints == 1 ? t->ints[0] : INT32_MIN / 2;
}

bool tfl_split(tfl_model *m, const tfl_op *op)
{
    bool sizes = op->code == TFL_OP_SPLIT_V;
    if (!check_counts(m, op, sizes ? 3 : 2, 0))
        return false;
    const tfl_tensor *x = tfl_in(m, op, sizes ? 0 : 1), *stated = tfl_in(m, op, 1);
    int axis = tfl_axis(m, op, one_int(tfl_in(m, op, sizes ? 2 : 0)), x->rank);
    if (axis < 0)
        return false;
    int64_t whole = x->dim[axis], from = 0, open = whole;
    if (sizes ? stated->n_ints != op->n_out : whole % op->n_out != 0)
        return tfl_cannot(m, op, NULL, "%d results do not fill %s", op->n_out,
                          tfl_tensor_str(m, x));
    for (int k = 0; sizes && k < op->n_out; k++)
        open -= stated->ints[k] > 0 ? stated->ints[k] : 0;
    for (int k = 0; k < op->n_out; k++) {
        int64_t size = !sizes ? whole / op->n_out : stated->ints[k] < 0 ? open : stated->ints[k];
        if (size < 1 || from + size > whole)
            return tfl_cannot(m, op, NULL, "its sizes do not fill %s", tfl_tensor_str(m, x));
        if (!emit_part(m, op, x, axis, from, size, k))
            return false;
        from += size;
    }
    return true;
}

bool tfl_unpack(tfl_model *m, const tfl_op *op)
{
    if (!check_counts(m, op, 1, 0) || !tfl_options(m, op, OPTIONS_UNPACK))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0);
    int axis = tfl_axis(m, op, fb_int32(&m->file, op->options, UNPACK_AXIS, 0), x->rank);
    if (axis < 0)
        return false;
    if (x->dim[axis] != op->n_out)
        return tfl_cannot(m, op, NULL, "%d results do not fill %s", op->n_out,
                          tfl_tensor_str(m, x));
    for (int k = 0; k < op->n_out; k++)
        if (!emit_part(m, op, x, axis, k, 1, k))
            return false;
    return true;
}

/* ---- pack, transpose ----------------------------------------------------------------------- */

/* Operands with a dimension of 1 more, side by side along it. */
bool tfl_pack(tfl_model *m, const tfl_op *op)
{
    ir_tensor *in[IR_MAX_INPUTS];
    tfl_tensor *to = tfl_out(m, op, 0);
    if (!check_counts(m, op, op->n_in, 1) || op->n_in < 1 || !tfl_options(m, op, OPTIONS_PACK))
        return false;
    int axis = tfl_axis(m, op, fb_int32(&m->file, op->options, PACK_AXIS, 0), to->rank);
    if (axis < 0)
        return false;
    bool batch = tfl_has_batch(to) && axis > 0;
    for (int k = 0; k < op->n_in; k++) {
        const tfl_tensor *t = tfl_in(m, op, k);
        ir_shape s = {0};
        if (!t->ir || t->rank != to->rank - 1 || !tfl_check_scales(m, op, t, to))
            return tfl_cannot(m, op, NULL, "%s is a constant, or has another shape",
                              tfl_tensor_str(m, t));
        for (int i = batch; i < to->rank; i++)
            s.dim[s.rank++] = i == axis ? 1 : t->dim[i - (i > axis)];
        if (ir_elems(&s) != ir_elems(&t->ir->shape))
            return tfl_cannot(m, op, NULL, "%s has another shape", tfl_tensor_str(m, t));
        in[k] = tfl_reshaped(m, op, t->ir, &s);
        if (!in[k])
            return false;
    }
    const ir_attrs at = {.groups = 1, .axis = axis - batch};
    return tfl_emit_shaped(m, op, OP_CONCAT, &at, op->n_in, in, to);
}

bool tfl_transpose(tfl_model *m, const tfl_op *op)
{
    ir_attrs at = {.groups = 1};
    if (!check_counts(m, op, 2, 1) || !known_lists(m, op, tfl_in(m, op, 0), 1, 0))
        return false;
    const tfl_tensor *x = tfl_in(m, op, 0), *axes = tfl_in(m, op, 1);
    unsigned seen = 0;
    for (int i = 0; i < axes->n_ints; i++)
        seen |= axes->ints[i] >= 0 && axes->ints[i] < x->rank ? 1U << axes->ints[i] : 0;
    if (axes->n_ints != x->rank || seen != (1U << x->rank) - 1)
        return tfl_cannot(m, op, NULL, "its axes are no constant permutation of the %d of %s",
                          x->rank, tfl_tensor_str(m, x));
    bool batch = tfl_has_batch(x) && axes->ints[0] == 0;
    at.axes.rank = x->rank - batch;
    for (int i = 0; i < at.axes.rank; i++)
        at.axes.dim[i] = axes->ints[i + batch] - batch;
    ir_tensor *in = operand(m, op, x, tfl_has_batch(x) && !batch);
    return in && tfl_check_scales(m, op, x, tfl_out(m, op, 0)) &&
           tfl_emit_shaped(m, op, OP_TRANSPOSE, &at, 1, &in, tfl_out(m, op, 0));
}
