/* fold_bn.c - batch norm into the weights before it.
 *
 * Inference batch norm is y = k·x + (β − k·μ) with k = γ / √(σ² + ε), a value per channel. Behind a
 * convolution or dense layer that nothing else reads it scales that layer's rows; anywhere else it
 * becomes a 1×1 depthwise convolution, so that no batch norm is left. All in double, rounded once
 * to float32. */
#include <math.h>
#include <string.h>

#include "compiler/quant/quant.h"

typedef struct affine {
    double *k, *b;
} affine; /* y[c] = k[c] * x[c] + b[c] */

static const float *floats(const ir_tensor *t)
{
    return t->data;
}

/* false after a diagnostic: a channel without a finite factor. */
static bool channel_factors(qctx *ctx, const ir_op *bn, int n, affine *f)
{
    const float *gamma = floats(bn->in[1]), *beta = floats(bn->in[2]);
    const float *mean = floats(bn->in[3]), *var = floats(bn->in[4]);
    f->k = ARENA_ARRAY(ctx->a, double, n);
    f->b = ARENA_ARRAY(ctx->a, double, n);
    for (int c = 0; c < n; c++) {
        double spread = (double)var[c] + bn->at.eps;
        if (!(spread > 0)) {
            diag_add(ctx, D_BATCH_NORM_FOLD, bn->loc,
                     "batch norm '%s' cannot be folded: '%s'[%d] is %g, with eps not above 0",
                     bn->name, bn->in[4]->name, c, (double)var[c]);
            return false;
        }
        f->k[c] = gamma[c] / sqrt(spread);
        f->b[c] = beta[c] - f->k[c] * mean[c];
    }
    return true;
}

static bool store(qctx *ctx, const ir_op *bn, int c, double v, float *out)
{
    *out = (float)v;
    if (isfinite(*out))
        return true;
    diag_add(ctx, D_BATCH_NORM_FOLD, bn->loc,
             "batch norm '%s' cannot be folded: channel %d gets a weight beyond float32", bn->name,
             c);
    return false;
}

/* A constant of its own for `op` in place of t, so that another reader of t keeps its values. */
static ir_tensor *own_const(qctx *ctx, ir_graph *g, ir_tensor *t, const ir_op *op,
                            const char *suffix, const ir_shape *shape, const float *data)
{
    if (!t || ir_uses(g, t) > 1) {
        const char *name = arena_printf(ctx->a, "%s%s", op->name, suffix);
        while (ir_find_tensor(g, name))
            name = arena_printf(ctx->a, "%s'", name);
        t = ir_add_tensor(ctx, g, name, IR_CONST, IR_F32, shape, op->loc);
    }
    t->shape = *shape;
    t->data = data;
    return t;
}

static ir_tensor *bias_of(qctx *ctx, ir_graph *g, ir_op *op, int channels, const float *data)
{
    ir_shape shape = {.rank = 1, .dim = {channels}};
    ir_tensor *b = ir_bias(op);
    ir_op named = *op;
    named.name = layer_of_weight(ctx, ir_weight(op));
    b = own_const(ctx, g, b, &named, ".bias", &shape, data);
    ir_tensor *in[3] = {op->in[0], op->in[1], b};
    op->in = arena_memdup(ctx->a, in, sizeof in);
    op->n_in = 3;
    return b;
}

/* w[o] *= k[o], b[o] = k[o]·b[o] + shift. Without data (structure only) just the bias appears. */
static bool fold_into(qctx *ctx, ir_graph *g, ir_op *op, const ir_op *bn)
{
    ir_tensor *w = ir_weight(op), *bias = ir_bias(op);
    int channels = w->shape.dim[0];
    int64_t row = ir_elems(&w->shape) / channels;
    float *weights = NULL, *biases = NULL;
    if (w->data) {
        affine f;
        const float *old = w->data, *old_bias = bias ? bias->data : NULL;
        weights = ARENA_ARRAY(ctx->a, float, ir_elems(&w->shape));
        biases = ARENA_ARRAY(ctx->a, float, channels);
        if (!channel_factors(ctx, bn, channels, &f))
            return false;
        for (int c = 0; c < channels; c++) {
            for (int64_t i = c * row; i < (c + 1) * row; i++)
                if (!store(ctx, bn, c, old[i] * f.k[c], &weights[i]))
                    return false;
            double b = f.b[c] + (old_bias ? f.k[c] * old_bias[c] : 0);
            if (!store(ctx, bn, c, b, &biases[c]))
                return false;
        }
    }
    bias_of(ctx, g, op, channels, biases);
    op->in[1] = own_const(ctx, g, w, op, ".weight", &w->shape, weights);
    op->out[0] = bn->out[0];
    op->out[0]->producer = op;
    op->name = op->out[0]->name;
    return true;
}

/* Moves the operator that was appended last to place `at`, in front of those there. */
static void move_last_to(ir_graph *g, int at)
{
    ir_op *op = g->ops.v[g->ops.n - 1];
    memmove(&g->ops.v[at + 1], &g->ops.v[at], (size_t)(g->ops.n - 1 - at) * sizeof *g->ops.v);
    g->ops.v[at] = op;
    for (int i = at; i < g->ops.n; i++)
        g->ops.v[i]->id = i;
}

static const char *fresh_name(qctx *ctx, const ir_graph *g, const char *base, const char *word)
{
    const char *name = arena_printf(ctx->a, "%s.%s", base, word);
    for (int i = 1; ir_find_tensor(g, name); i++)
        name = arena_printf(ctx->a, "%s.%s%d", base, word, i);
    return name;
}

/* Inserts a reshape of x to `shape` before op number `at`. out NULL: a new tensor. */
static ir_tensor *insert_reshape(qctx *ctx, ir_graph *g, int at, ir_tensor *x, ir_tensor *out,
                                 const char *base, const ir_shape *shape, qloc loc)
{
    if (!out)
        out = ir_add_tensor(ctx, g, fresh_name(ctx, g, base, "reshape"), IR_VALUE, IR_F32, shape,
                            loc);
    ir_op *op = ir_add_op(ctx, g, OP_RESHAPE, out->name, 1, &x, 1, &out, loc);
    op->at.to = *shape;
    move_last_to(g, at);
    return out;
}

/* The batch norm itself turns into a 1×1 depthwise convolution; ranks other than 3 pass through
 * [rows, 1, C]. */
static bool make_depthwise(qctx *ctx, ir_graph *g, ir_op *bn)
{
    ir_shape shape = bn->in[0]->shape;
    int channels = shape.rank ? shape.dim[shape.rank - 1] : 1;
    ir_shape wshape = {.rank = 4, .dim = {channels, 1, 1, 1}};
    ir_shape bshape = {.rank = 1, .dim = {channels}};
    float *weights = NULL, *biases = NULL;
    if (bn->in[1]->data) {
        affine f;
        if (!channel_factors(ctx, bn, channels, &f))
            return false;
        weights = ARENA_ARRAY(ctx->a, float, channels);
        biases = ARENA_ARRAY(ctx->a, float, channels);
        for (int c = 0; c < channels; c++)
            if (!store(ctx, bn, c, f.k[c], &weights[c]) || !store(ctx, bn, c, f.b[c], &biases[c]))
                return false;
    }
    ir_tensor *w = own_const(ctx, g, bn->in[1], bn, ".weight", &wshape, weights);
    ir_tensor *b = own_const(ctx, g, bn->in[2], bn, ".bias", &bshape, biases);
    ir_tensor *x = bn->in[0], *y = bn->out[0];
    if (shape.rank != 3) {
        ir_shape flat = {.rank = 3, .dim = {(int32_t)(ir_elems(&shape) / channels), 1, channels}};
        x = insert_reshape(ctx, g, bn->id, x, NULL, bn->name, &flat, bn->loc);
        ir_tensor *z = ir_add_tensor(ctx, g, fresh_name(ctx, g, bn->name, "conv2d"), IR_VALUE,
                                     IR_F32, &flat, bn->loc);
        insert_reshape(ctx, g, bn->id + 1, z, y, bn->name, &y->shape, bn->loc);
        y = z;
    }
    ir_tensor *in[3] = {x, w, b};
    bn->kind = OP_CONV2D;
    bn->in = arena_memdup(ctx->a, in, sizeof in);
    bn->n_in = 3;
    bn->out[0] = y;
    bn->name = y->name;
    y->producer = bn;
    bn->at = (ir_attrs){.kernel = {1, 1},
                        .stride = {1, 1},
                        .dilation = {1, 1},
                        .padmode = IR_PAD_EXPLICIT,
                        .groups = channels,
                        .depthwise = true,
                        .filters = channels};
    return true;
}

/* The convolution or dense layer that this batch norm can disappear into, or NULL. */
static ir_op *foldable_producer(const ir_graph *g, const ir_op *bn)
{
    ir_op *p = bn->in[0]->producer;
    bool weighted = p && (p->kind == OP_CONV2D || p->kind == OP_DENSE);
    if (!weighted || p->at.act != IR_ACT_NONE || ir_uses(g, p->out[0]) != 1)
        return NULL;
    return p;
}

bool pass_fold_bn(qctx *ctx, ir_graph *g)
{
    VEC(bool) dead = {0};
    for (int i = 0; i < g->ops.n; i++) {
        ir_op *op = g->ops.v[i];
        if (op->kind != OP_BATCH_NORM)
            continue;
        ir_op *p = foldable_producer(g, op);
        if (!(p ? fold_into(ctx, g, p, op) : make_depthwise(ctx, g, op)))
            return false;
    }
    while (dead.n < g->ops.n) {
        const ir_op *op = g->ops.v[dead.n];
        *VEC_PUSH(ctx->a, &dead) = op->kind == OP_BATCH_NORM;
    }
    ir_compact(ctx, g, dead.v);
    return true;
}
