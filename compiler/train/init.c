/* init.c - He's and Glorot's initialisations. */
#include "compiler/train/init.h"

#include <math.h>

#include "compiler/base/rng.h"

const char *const init_words[] = {"he", "he-uniform", "glorot", "glorot-normal", NULL};

/* Standard normal (Box and Muller 1958). */
static double normal(rng *r)
{
    double u = 1 - rng_double(r), v = rng_double(r);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

/* Deviation of the weights of a layer. */
static double deviation(const ir_op *op, int how)
{
    const ir_shape *s = &op->in[1]->shape;
    double inputs = (double)ir_elems(s) / s->dim[0], outputs = s->dim[0];
    if (op->kind == OP_CONV2D)
        outputs *= (double)s->dim[1] * s->dim[2] / op->at.groups;
    return how < 2 ? sqrt(2 / inputs) : sqrt(2 / (inputs + outputs));
}

static void fill_weights(qctx *ctx, const ir_op *op, int how, rng *r)
{
    ir_tensor *t = op->in[1];
    int64_t n = ir_elems(&t->shape);
    float *data = ARENA_ARRAY(ctx->a, float, n);
    double d = deviation(op, how), uniform = d * sqrt(3);
    for (int64_t i = 0; i < n; i++)
        data[i] = (float)(how == 0 || how == 3 ? d * normal(r) : uniform * (2 * rng_double(r) - 1));
    t->data = data;
}

static void fill(qctx *ctx, ir_tensor *t, float value)
{
    int64_t n = ir_elems(&t->shape);
    float *data = ARENA_ARRAY(ctx->a, float, n);
    for (int64_t i = 0; i < n; i++)
        data[i] = value;
    t->data = data;
}

void init_weights(qctx *ctx, ir_graph *g, int how, uint64_t seed)
{
    rng r;
    rng_seed(&r, seed);
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        bool norm = op->kind == OP_BATCH_NORM;
        if (op->kind == OP_PRELU && op->in[1]->kind == IR_CONST && !op->in[1]->data)
            fill(ctx, op->in[1], 0.25F);
        if (!(ir_opinfos[op->kind].flags & OPF_W))
            continue;
        for (int k = 1; k < op->n_in; k++) {
            if (op->in[k]->data)
                continue;
            if (k == 1 && !norm)
                fill_weights(ctx, op, how, &r);
            else
                fill(ctx, op->in[k], norm && (k == 1 || k == 4));
        }
    }
}
