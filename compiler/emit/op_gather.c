/* op_gather.c - slice and transpose: the output in order, each element from its place in the input.
 *
 * Dimensions that are walked as one are one loop: a slice along the first axis is a single run. */
#include "compiler/emit/ops.h"

/* Loops from outside to inside, with the steps that they make in the input. */
typedef struct gather {
    int n;
    int64_t size[IR_MAX_RANK], step[IR_MAX_RANK], base;
} gather;

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

static gather loops_of(const ir_op *op)
{
    const ir_shape *out = &op->out[0]->shape;
    int64_t step[IR_MAX_RANK];
    gather g = {0};
    find_steps(op, step, &g.base);
    for (int d = 0; d < out->rank; ++d) {
        if (out->dim[d] == 1)
            continue;
        if (g.n > 0 && g.step[g.n - 1] == step[d] * out->dim[d]) {
            g.size[g.n - 1] *= out->dim[d];
            g.step[g.n - 1] = step[d];
            continue;
        }
        g.size[g.n] = out->dim[d];
        g.step[g.n++] = step[d];
    }
    return g;
}

/* "5 + i0 * 12 - i1" */
static const char *index_text(arena *a, const gather *g)
{
    buf b;
    buf_init(&b, a);
    if (g->base || g->n == 0)
        buf_printf(&b, "%lld", (long long)g->base);
    for (int i = 0; i < g->n; ++i) {
        int64_t step = g->step[i] < 0 ? -g->step[i] : g->step[i];
        buf_puts(&b, g->step[i] < 0 ? " - " : b.n ? " + " : "");
        buf_printf(&b, step == 1 ? "i%d" : "i%d * %lld", i, (long long)step);
    }
    return buf_str(&b);
}

bool print_gather(emitter *e, const ir_op *op)
{
    gather g = loops_of(op);
    text t;
    op_begin(e, op, &t);
    op_comment(e, op, &t);
    op_open(e, op, &t);
    text_set(&t, "index", "%s", index_text(e->ctx->a, &g));
    for (int i = 0; i < g.n; ++i) {
        text_set(&t, "i", "%d", i);
        text_set(&t, "n", "%lld", (long long)g.size[i]);
        text_put_at(&t, 4 + 4 * i, "for (int32_t i$i$ = 0; i$i$ < $n$; ++i$i$)\n");
    }
    text_put_at(&t, 4 + 4 * g.n, "*out++ = $x0$[$index$];\n");
    op_close(&t);
    return true;
}
