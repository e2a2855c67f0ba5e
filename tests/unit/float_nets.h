/* float_nets.h - small float nets built by hand, for tests of passes and of the quantizer. */
#ifndef QCC_TESTS_FLOAT_NETS_H
#define QCC_TESTS_FLOAT_NETS_H

#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/io/dataset.h"
#include "compiler/ir/ir.h"
#include "runtime/interp.h"

typedef struct net_maker {
    qctx *ctx;
    ir_graph *g;
    rng r;
} net_maker;

static inline net_maker net_make(qctx *ctx)
{
    net_maker m = {.ctx = ctx, .g = ir_new(ctx, "m")};
    m.g->stage = IR_LOWERED;
    rng_seed(&m.r, 42);
    return m;
}

static inline ir_shape shape1(int n)
{
    return (ir_shape){.rank = 1, .dim = {n}};
}

static inline ir_shape shape3(int h, int w, int c)
{
    return (ir_shape){.rank = 3, .dim = {h, w, c}};
}

static inline ir_tensor *net_input(net_maker *m, const char *name, ir_shape s)
{
    return ir_add_tensor(m->ctx, m->g, name, IR_INPUT, IR_F32, &s, loc_none());
}

/* Uniform in [lo, hi). */
static inline ir_tensor *net_const(net_maker *m, const char *layer, const char *part, ir_shape s,
                                   double lo, double hi)
{
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, arena_printf(m->ctx->a, "%s.%s", layer, part),
                                 IR_CONST, IR_F32, &s, loc_none());
    float *v = ARENA_ARRAY(m->ctx->a, float, ir_elems(&s));
    for (int64_t i = 0; i < ir_elems(&s); i++)
        v[i] = (float)(lo + (hi - lo) * rng_double(&m->r));
    t->data = v;
    return t;
}

/* An operator with one output whose shape is inferred. */
static inline ir_tensor *net_op(net_maker *m, ir_opkind kind, const char *name, const ir_attrs *at,
                                int n, ir_tensor *const *in)
{
    ir_shape none = {.rank = 0};
    ir_tensor *out = ir_add_tensor(m->ctx, m->g, name, IR_VALUE, IR_F32, &none, loc_none());
    ir_op *op = ir_add_op(m->ctx, m->g, kind, name, n, in, 1, &out, loc_none());
    if (at)
        op->at = *at;
    if (!ir_infer_shape(m->ctx, op))
        return NULL;
    return out;
}

static inline ir_tensor *net_unary(net_maker *m, ir_opkind kind, const char *name, ir_tensor *x)
{
    return net_op(m, kind, name, NULL, 1, &x);
}

static inline ir_tensor *net_binary(net_maker *m, ir_opkind kind, const char *name, ir_tensor *a,
                                    ir_tensor *b)
{
    return net_op(m, kind, name, NULL, 2, (ir_tensor *[]){a, b});
}

static inline ir_tensor *net_reshape(net_maker *m, const char *name, ir_tensor *x, ir_shape to)
{
    ir_attrs at = {.to = to};
    return net_op(m, OP_RESHAPE, name, &at, 1, &x);
}

static inline ir_tensor *net_pad(net_maker *m, const char *name, ir_tensor *x, int by)
{
    ir_attrs at = {.pad = {by, by, by, by}};
    return net_op(m, OP_PAD, name, &at, 1, &x);
}

static inline ir_tensor *net_pool(net_maker *m, ir_opkind kind, const char *name, ir_tensor *x,
                                  int k)
{
    ir_attrs at = {
        .kernel = {k, k}, .stride = {k, k}, .dilation = {1, 1}, .padmode = IR_PAD_EXPLICIT};
    return net_op(m, kind, name, &at, 1, &x);
}

static inline ir_tensor *net_conv(net_maker *m, const char *name, ir_tensor *x, int filters, int k,
                                  int groups, bool bias)
{
    int depth = x->shape.dim[2] / groups;
    ir_attrs at = {.kernel = {k, k},
                   .stride = {1, 1},
                   .dilation = {1, 1},
                   .padmode = IR_PAD_EXPLICIT,
                   .groups = groups,
                   .filters = filters,
                   .depthwise = groups > 1 && depth == 1};
    ir_shape w = {.rank = 4, .dim = {filters, k, k, depth}};
    ir_tensor *in[3] = {x, net_const(m, name, "weight", w, -0.5, 0.5), NULL};
    if (bias)
        in[2] = net_const(m, name, "bias", shape1(filters), -0.3, 0.3);
    return net_op(m, OP_CONV2D, name, &at, bias ? 3 : 2, in);
}

static inline ir_tensor *net_dense(net_maker *m, const char *name, ir_tensor *x, int units,
                                   bool bias)
{
    int n = x->shape.dim[x->shape.rank - 1];
    ir_attrs at = {.filters = units};
    ir_shape w = {.rank = 2, .dim = {units, n}};
    ir_tensor *in[3] = {x, net_const(m, name, "weight", w, -0.4, 0.4), NULL};
    if (bias)
        in[2] = net_const(m, name, "bias", shape1(units), -0.3, 0.3);
    return net_op(m, OP_DENSE, name, &at, bias ? 3 : 2, in);
}

static inline ir_tensor *net_batch_norm(net_maker *m, const char *name, ir_tensor *x)
{
    ir_shape c = shape1(x->shape.dim[x->shape.rank - 1]);
    ir_tensor *in[5] = {
        x, net_const(m, name, "weight", c, -2, 2), net_const(m, name, "bias", c, -1, 1),
        net_const(m, name, "running_mean", c, -1, 1), net_const(m, name, "running_var", c, 0.1, 3)};
    ir_attrs at = {.eps = 1e-3};
    return net_op(m, OP_BATCH_NORM, name, &at, 5, in);
}

static inline void net_output(net_maker *m, ir_tensor *t)
{
    t->is_output = true;
    *VEC_PUSH(m->ctx->a, &m->g->outputs) = t;
}

/* The values of output 0 for inputs drawn from [-1, 1) by `seed`. */
static inline float *net_run(qctx *ctx, const ir_graph *g, uint64_t seed)
{
    rng r;
    rng_seed(&r, seed);
    const void **in = ARENA_ARRAY(ctx->a, const void *, g->inputs.n);
    void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
    for (int i = 0; i < g->inputs.n; i++) {
        int64_t n = ir_elems(&g->inputs.v[i]->shape);
        float *v = ARENA_ARRAY(ctx->a, float, n);
        for (int64_t k = 0; k < n; k++)
            v[k] = (float)(2 * rng_double(&r) - 1);
        in[i] = v;
    }
    for (int i = 0; i < g->outputs.n; i++)
        out[i] = ARENA_ARRAY(ctx->a, float, ir_elems(&g->outputs.v[i]->shape));
    interp_run(interp_new(ctx, g), in, out);
    return out[0];
}

/* A data set of such rows for input t; v: all their values. */
static inline dataset *rows_data(qctx *ctx, const ir_tensor *t, int rows, float *v)
{
    dataset *d = ARENA_NEW(ctx->a, dataset);
    source *src = ARENA_NEW(ctx->a, source);
    src->name = "rows";
    *d = (dataset){.src = src, .path = "rows", .dtype = DT_F32, .rank = 1 + t->shape.rank, .rows = rows,
                   .row_elems = ir_elems(&t->shape), .data = v};
    d->dim[0] = rows;
    for (int i = 0; i < t->shape.rank; i++)
        d->dim[i + 1] = t->shape.dim[i];
    return d;
}

#endif
