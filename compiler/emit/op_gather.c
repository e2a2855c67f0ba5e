/* op_gather.c - slice and transpose: the output in order, each element from its place in the input.
 *
 * Dimensions that are walked as one are one loop: a slice along the first axis is a single run. */
#include "compiler/emit/ops.h"

static void natural_strides(const ir_shape *s, int64_t *stride)
{
    int64_t n = 1;
    for (int d = s->rank - 1; d >= 0; --d) {
        stride[d] = n;
        n *= s->dim[d];
    }
}

/* Steps of the input for each dimension of the output, and the first element's place. */
static void find_steps(const ir_op *op, int64_t *step, int64_t *base)
{
    const ir_shape *in = &op->in[0]->shape;
    int64_t stride[IR_MAX_RANK];
    natural_strides(in, stride);
    *base = 0;
    for (int d = 0; d < in->rank; ++d) {
        bool slice = op->kind == OP_SLICE;
        step[d] = slice ? stride[d] * op->at.step.dim[d] : stride[op->at.axes.dim[d]];
        *base += slice ? stride[d] * op->at.begin.dim[d] : 0;
    }
}

/* ---- loops -------------------------------------------------------------------------------- */

void gather_push(walk *g, int64_t size, int64_t step)
{
    if (size == 1)
        return;
    if (g->n > 0 && g->step[g->n - 1] == step * size) {
        g->size[g->n - 1] *= size;
        g->step[g->n - 1] = step;
        return;
    }
    g->size[g->n] = size;
    g->step[g->n++] = step;
}

const char *gather_index(arena *a, const walk *g)
{
    buf b;
    buf_init(&b, a);
    if (g->base || g->n == 0)
        buf_printf(&b, "%lld", (long long)g->base);
    for (int i = 0; i < g->n; ++i) {
        int64_t step = g->step[i] < 0 ? -g->step[i] : g->step[i];
        buf_puts(&b, g->step[i] < 0 ? " - " : b.n ? " + " : "");
        buf_printf(&b, step == 1 ? "%c%d" : "%c%d * %lld", g->letter, i, (long long)step);
    }
    return buf_str(&b);
}

static int open_for(text *t, const walk *g, int i, int columns, const char *end)
{
    text_set(t, "i", "%c%d", g->letter, i);
    text_set(t, "size", "%lld", (long long)g->size[i]);
    text_set(t, "end", "%s", end);
    text_put_at(t, columns, "for (int32_t $i$ = 0; $i$ < $size$; ++$i$)$end$\n");
    return columns + 4;
}

int gather_for(text *t, const walk *g, int columns)
{
    for (int i = 0; i < g->n; ++i)
        columns = open_for(t, g, i, columns, "");
    return columns;
}

int gather_loops(text *t, const walk *g, int columns)
{
    for (int i = 0; i < g->n; ++i)
        columns = open_for(t, g, i, columns, " {");
    return columns;
}

void gather_close(text *t, const walk *g, int columns)
{
    for (int i = g->n - 1; i >= 0; --i)
        text_put_at(t, columns + 4 * i, "}\n");
}

/* ---- slice, transpose --------------------------------------------------------------------- */

static walk loops_of(const ir_op *op)
{
    const ir_shape *out = &op->out[0]->shape;
    int64_t step[IR_MAX_RANK];
    walk g = {.letter = 'i'};
    find_steps(op, step, &g.base);
    for (int d = 0; d < out->rank; ++d)
        gather_push(&g, out->dim[d], step[d]);
    return g;
}

bool print_gather(emitter *e, const ir_op *op)
{
    walk g = loops_of(op);
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "index", "%s", gather_index(e->ctx->a, &g));
    text_put_at(&t, gather_for(&t, &g, 4), "*out++ = $x0$[$index$];\n");
    op_close(&t);
    return true;
}
