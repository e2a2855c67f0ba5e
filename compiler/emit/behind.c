/* behind.c - how far below its input an operator's output has to begin, so that it can be written
 * over what was read already (diagonal memory optimisation). */
#include "compiler/emit/frame.h"
#include "compiler/emit/ops.h"
#include "compiler/emit/target.h"

static kernel_order order_of(const emitter *e, const ir_op *op, int *lines)
{
    if (!op->q || emit_op_is_nop(op) || op->in[0]->shape.rank != 3 || op->in[0]->kind == IR_CONST)
        return ORDER_UNKNOWN;
    return emit_order(e, op, lines);
}

/* First cell of the input that the window of output cell (y, x) holds, or one before it. */
static int64_t first_cell(const window *w, int y, int x)
{
    int iy = y * w->sh - w->pt, ix = x * w->sw - w->pl;
    iy = iy < 0 ? 0 : iy < w->h ? iy : w->h - 1;
    ix = ix < 0 ? 0 : ix < w->w ? ix : w->w - 1;
    return (int64_t)iy * w->w + ix;
}

/* The first cell whose window may still be read when the codes of cell p are written. */
static int still_read(const window *w, int p, int lines)
{
    int row = p / w->ow;
    return lines > 0 ? row / lines * lines * w->ow : p > 0 ? p - 1 : 0;
}

/* The largest of (end of the codes of cell p) - (first code read for cells from still_read on). */
bool emit_writes_behind(const emitter *e, const ir_op *op, int64_t *ahead)
{
    int lines = 0;
    kernel_order order = order_of(e, op, &lines);
    if (order != ORDER_CELLS && order != ORDER_LINES)
        return false;
    lines = order == ORDER_LINES ? lines : 0;
    window w;
    window_init(&w, op);
    int64_t in_bytes = (int64_t)ir_type_size(op->in[0]->type) * w.c;
    int64_t out_bytes = (int64_t)ir_type_size(op->out[0]->type) * w.o;
    int64_t reads = INT64_MAX, most = INT64_MIN;
    for (int p = w.oh * w.ow - 1; p >= 0; p--) {
        int before = still_read(&w, p, lines);
        int64_t at = first_cell(&w, before / w.ow, before % w.ow) * in_bytes;
        reads = at < reads ? at : reads;
        int64_t distance = (p + 1) * out_bytes - reads;
        most = distance > most ? distance : most;
    }
    *ahead = most;
    return true;
}

bool emit_writes_same(const emitter *e, const ir_op *op, int in)
{
    const ir_shape *x = &op->in[in]->shape, *y = &op->out[0]->shape;
    if (emit_may_alias(e, op, in))
        return true;
    int lines;
    return in == 0 && order_of(e, op, &lines) == ORDER_CHANNELS && x->dim[2] == y->dim[2] &&
           ir_elems(y) <= ir_elems(x) && op->in[0]->type == op->out[0]->type;
}
