/* equalize.c - channels balanced across layers: cross-layer equalization (Nagel, van Baalen,
 * Blankevoort, Welling, "Data-free quantization through weight equalization and bias correction",
 * ICCV 2019).
 *
 * Where a layer's output channel c passes only through what commutes with positive factors (relu,
 * leaky relu, pools, reshapes, pads) to one layer that reads it, its weights and bias are divided
 * by s_c and the reader's weights for c multiplied: the net computes the same. s_c = sqrt(r1/r2)
 * makes the largest weights r1 of the channel and r2 of its reader equal; pairs follow each other
 * in order until the factors settle. */
#include <math.h>

#include "compiler/quant/internal.h"

enum { ROUNDS = 40 };
/* All factors of a round inside 1 ± this: settled. */
#define SETTLED 1e-4
/* A channel is moved by at most this in one round. */
#define MOST_FACTOR 1e6

typedef struct pair {
    const ir_op *from, *to;
} pair;

/* ---- which layers pair up -------------------------------------------------------------------- */

static bool is_weighted(const ir_op *op)
{
    return ir_opinfos[op->kind].flags & OPF_W;
}

/* φ(s·v) = s·φ(v) for every s > 0, channel by channel. */
static bool commutes(const ir_op *op)
{
    switch (op->kind) {
    case OP_MAXPOOL:
    case OP_AVGPOOL:
    case OP_GLOBAL_MAXPOOL:
    case OP_GLOBAL_AVGPOOL:
    case OP_PAD:
    case OP_RELU:
    case OP_LEAKY_RELU:
        return op->at.act != IR_ACT_RELU6;
    case OP_RESHAPE:
        return true; /* checked: the last dimension stays innermost */
    default:
        return false;
    }
}

/* The only operator that reads t, or NULL. */
static const ir_op *only_reader(const ir_graph *g, const ir_tensor *t)
{
    if (ir_uses(g, t) != 1)
        return NULL;
    for (int i = 0; i < g->ops.n; i++)
        for (int k = 0; k < g->ops.v[i]->n_in; k++)
            if (g->ops.v[i]->in[k] == t)
                return g->ops.v[i];
    return NULL;
}

static int last_dim(const ir_tensor *t)
{
    return t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
}

/* Whether channel c of the writer is elements c, c + channels, … of what the reader sums over. */
static bool channels_line_up(const ir_op *to, int channels)
{
    if (to->kind == OP_DENSE)
        return last_dim(to->in[0]) % channels == 0;
    return last_dim(to->in[0]) == channels;
}

static const ir_op *partner(const ir_graph *g, const ir_op *from)
{
    int channels = ir_weight(from)->shape.dim[0];
    const ir_op *op = from->at.act == IR_ACT_RELU6 ? NULL : only_reader(g, from->out[0]);
    while (op && !is_weighted(op)) {
        if (!commutes(op) || (op->kind != OP_RESHAPE && last_dim(op->in[0]) != channels))
            return NULL;
        op = only_reader(g, op->out[0]);
    }
    return op && channels_line_up(op, channels) ? op : NULL;
}

/* ---- factors --------------------------------------------------------------------------------- */

static int64_t inputs_of(const ir_op *op)
{
    const ir_shape *w = &ir_weight(op)->shape;
    return ir_elems(w) / w->dim[0];
}

/* The channel of the input that weight i of the operator multiplies. */
static int input_channel(const ir_op *op, int64_t i, int channels)
{
    int64_t k = inputs_of(op);
    if (op->kind == OP_DENSE)
        return (int)(i % k % channels);
    int filters = ir_weight(op)->shape.dim[0], per = ir_weight(op)->shape.dim[3];
    return (int)(i / k / (filters / op->at.groups) * per + i % per);
}

static void largest_of_rows(const ir_op *op, double *r)
{
    const float *w = ir_weight(op)->data;
    int64_t k = inputs_of(op);
    for (int64_t i = 0; i < ir_elems(&ir_weight(op)->shape); i++)
        r[i / k] = fmax(r[i / k], fabs((double)w[i]));
}

static void largest_of_inputs(const ir_op *op, int channels, double *r)
{
    const float *w = ir_weight(op)->data;
    for (int64_t i = 0; i < ir_elems(&ir_weight(op)->shape); i++) {
        int c = input_channel(op, i, channels);
        r[c] = fmax(r[c], fabs((double)w[i]));
    }
}

static void scale_pair(const pair *p, const double *s)
{
    int channels = ir_weight(p->from)->shape.dim[0];
    float *w = (float *)ir_weight(p->from)->data, *next = (float *)ir_weight(p->to)->data;
    int64_t k = inputs_of(p->from);
    for (int64_t i = 0; i < ir_elems(&ir_weight(p->from)->shape); i++)
        w[i] = (float)((double)w[i] / s[i / k]);
    for (int c = 0; ir_bias(p->from) && c < channels; c++) {
        float *b = (float *)ir_bias(p->from)->data;
        b[c] = (float)((double)b[c] / s[c]);
    }
    for (int64_t i = 0; i < ir_elems(&ir_weight(p->to)->shape); i++)
        next[i] = (float)((double)next[i] * s[input_channel(p->to, i, channels)]);
}

static double balanced(double r1, double r2)
{
    if (!(r1 > 0) || !(r2 > 0))
        return 1;
    double s = sqrt(r1 / r2);
    return s > MOST_FACTOR ? MOST_FACTOR : s < 1 / MOST_FACTOR ? 1 / MOST_FACTOR : s;
}

/* The largest |s - 1|. */
static double balance(qctx *ctx, const pair *p)
{
    int channels = ir_weight(p->from)->shape.dim[0];
    double *r1 = ARENA_ARRAY(ctx->a, double, channels), *r2 = ARENA_ARRAY(ctx->a, double, channels);
    double most = 0;
    largest_of_rows(p->from, r1);
    largest_of_inputs(p->to, channels, r2);
    for (int c = 0; c < channels; c++) {
        r1[c] = balanced(r1[c], r2[c]);
        most = fmax(most, fabs(r1[c] - 1));
    }
    scale_pair(p, r1);
    return most;
}

static void own_weights(qctx *ctx, const ir_op *op)
{
    ir_tensor *w = ir_weight(op), *b = ir_bias(op);
    w->data = arena_memdup(ctx->a, w->data, (size_t)ir_elems(&w->shape) * sizeof(float));
    if (b)
        b->data = arena_memdup(ctx->a, b->data, (size_t)ir_elems(&b->shape) * sizeof(float));
}

const ir_graph *equalize(qctx *ctx, const ir_graph *folded, const quant_spec *spec)
{
    ir_graph *g = ir_clone(ctx, folded);
    VEC(pair) pairs = {0};
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        if (!is_weighted(op))
            continue;
        own_weights(ctx, op);
        spec_settings s = spec_for(spec, layer_of_weight(ctx, ir_weight(op)), SPEC_WEIGHT);
        const ir_op *to = s.equalize ? partner(g, op) : NULL;
        if (to)
            *VEC_PUSH(ctx->a, &pairs) = (pair){.from = op, .to = to};
    }
    double most = pairs.n ? 1 : 0;
    for (int round = 0; round < ROUNDS && most > SETTLED; round++) {
        most = 0;
        for (int i = 0; i < pairs.n; i++)
            most = fmax(most, balance(ctx, &pairs.v[i]));
    }
    return pairs.n ? g : folded;
}
