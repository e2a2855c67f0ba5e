/* rescale.c - channels of a net rescaled by seeded factors. */
#include <math.h>

#include "compiler/base/rng.h"
#include "tests/accuracy/rescale.h"

enum { SEED = 1 };
static const double MOST = 16;

static const ir_op *reader(const ir_graph *g, const ir_tensor *t)
{
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_in; k++)
            if (g->ops.v[i]->in[k] == t)
                return g->ops.v[i];
    return NULL;
}

/* The layer with weights that reads what relu makes of a batch norm's result, behind a pool or not.
 */
static const ir_op *layer_behind(const ir_graph *g, const ir_op *norm)
{
    const ir_op *op = reader(g, norm->out[0]);
    if (!op || op->kind != OP_RELU)
        return NULL;
    do
        op = reader(g, op->out[0]);
    while (op && (op->kind == OP_GLOBAL_AVGPOOL || op->kind == OP_RESHAPE));
    return op && (op->kind == OP_CONV2D || op->kind == OP_DENSE) ? op : NULL;
}

/* Weights [out, …, in / groups] that read channel c become f times smaller. */
static void take_back(const ir_op *op, int c, double f)
{
    const ir_shape *s = &ir_weight(op)->shape;
    float *w = (float *)ir_weight(op)->data;
    int64_t in = s->dim[s->rank - 1], taps = ir_elems(s) / s->dim[0] / in;
    bool depthwise = op->kind == OP_CONV2D && ir_is_depthwise(op);
    for (int o = 0; o < s->dim[0]; o++)
        for (int64_t k = 0; k < taps; k++)
            if (!depthwise || o == c)
                w[(o * taps + k) * in + (depthwise ? 0 : c)] /= (float)f;
}

void rescale_write(const bench_net *n, const char *path)
{
    qctx *ctx = qctx_new();
    net_options o = {0};
    named_tensor *tensors;
    int count;
    rng r;
    net *t = net_load(ctx, bench_path(ctx, n->qdl), bench_path(ctx, n->weights), &o);
    if (!t)
        bench_die(ctx, "cannot load the net");
    const ir_graph *g = t->lowered;
    rng_seed(&r, SEED);
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *norm = g->ops.v[i];
        const ir_op *next = norm->kind == OP_BATCH_NORM ? layer_behind(g, norm) : NULL;
        for (int c = 0; next && c < norm->in[1]->shape.dim[0]; c++) {
            double f = pow(MOST, 2 * rng_double(&r) - 1);
            ((float *)norm->in[1]->data)[c] *= (float)f;
            ((float *)norm->in[2]->data)[c] *= (float)f;
            take_back(next, c, f);
        }
    }
    if (!weights_export(ctx, g, &tensors, &count) ||
        !safetensors_write(ctx, path, tensors, count, NULL, 0))
        bench_die(ctx, "cannot write the rescaled weights");
    qctx_free(ctx);
}
