/* ir_build.h - float graphs by hand, for the tests of the graph itself. */
#ifndef QCC_TESTS_IR_BUILD_H
#define QCC_TESTS_IR_BUILD_H

#include <string.h>

#include "compiler/quant/grid.h"

typedef struct net_maker { qctx *ctx; ir_graph *g; } net_maker;

static inline net_maker net_make(qctx *ctx)
{
    return (net_maker){ctx, ir_new(ctx, "m")};
}

static inline int setup(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static inline int teardown(void **state)
{
    qctx_free(*state);
    return 0;
}

static inline ir_shape shape(int rank, int a, int b, int c, int d)
{
    return (ir_shape){.rank = rank, .dim = {a, b, c, d}};
}

static inline ir_shape shape3(int h, int w, int c)
{
    return (ir_shape){.rank = 3, .dim = {h, w, c}};
}

static inline ir_tensor *net_input(net_maker *m, const char *name, ir_shape s)
{
    return ir_add_tensor(m->ctx, m->g, name, IR_INPUT, IR_F32, &s, loc_none());
}

static inline ir_tensor *net_const(net_maker *m, const char *layer, const char *part, ir_shape s)
{
    const char *name = arena_printf(m->ctx->a, "%s.%s", layer, part);
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, name, IR_CONST, IR_F32, &s, loc_none());
    float *v = ARENA_ARRAY(m->ctx->a, float, ir_elems(&s));
    for (int64_t i = 0; i < ir_elems(&s); i++)
        v[i] = (float)(i % 7) - 3;
    t->data = v;
    return t;
}

/* NULL when the shapes do not suit. */
static inline ir_tensor *net_op(net_maker *m, ir_opkind kind, const char *name, const ir_attrs *at,
                                int n, ir_tensor *const *in)
{
    ir_shape unknown = {.rank = 0};
    ir_tensor *out = ir_add_tensor(m->ctx, m->g, name, IR_VALUE, IR_F32, &unknown, loc_none());
    ir_op *op = ir_add_op(m->ctx, m->g, kind, name, n, in, 1, &out, loc_none());
    op->at = at ? *at : op->at;
    return ir_infer_shape(m->ctx, op) ? out : NULL;
}

static inline ir_tensor *net_unary(net_maker *m, ir_opkind kind, const char *name, ir_tensor *x)
{
    return net_op(m, kind, name, NULL, 1, &x);
}

static inline ir_tensor *net_reshape(net_maker *m, const char *name, ir_tensor *x, ir_shape to)
{
    ir_attrs at = {.to = to};
    return net_op(m, OP_RESHAPE, name, &at, 1, &x);
}

/* Square kernel, no pads, with bias. */
static inline ir_tensor *net_conv(net_maker *m, const char *name, ir_tensor *x, int filters, int k,
                                  int groups)
{
    ir_attrs at = {.kernel = {k, k}, .stride = {1, 1}, .dilation = {1, 1}, .groups = groups,
                   .filters = filters};
    ir_shape w = {.rank = 4, .dim = {filters, k, k, x->shape.dim[2] / groups}};
    ir_shape b = {.rank = 1, .dim = {filters}};
    ir_tensor *in[3] = {x, net_const(m, name, "weight", w), net_const(m, name, "bias", b)};
    return net_op(m, OP_CONV2D, name, &at, 3, in);
}

/* Without bias. */
static inline ir_tensor *net_dense(net_maker *m, const char *name, ir_tensor *x, int units)
{
    ir_attrs at = {.filters = units};
    ir_shape w = {.rank = 2, .dim = {units, x->shape.dim[x->shape.rank - 1]}};
    ir_tensor *in[2] = {x, net_const(m, name, "weight", w)};
    return net_op(m, OP_DENSE, name, &at, 2, in);
}

static inline ir_tensor *net_batch_norm(net_maker *m, const char *name, ir_tensor *x)
{
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    ir_shape c = {.rank = 1, .dim = {x->shape.dim[x->shape.rank - 1]}};
    ir_tensor *in[5] = {x};
    for (int i = 0; i < 4; i++)
        in[i + 1] = net_const(m, name, parts[i], c);
    return net_op(m, OP_BATCH_NORM, name, NULL, 5, in);
}

static inline void net_output(net_maker *m, ir_tensor *t)
{
    t->is_output = true;
    *VEC_PUSH(m->ctx->a, &m->g->outputs) = t;
}

/* x → c (conv) → r (relu) → f (flatten) → d (dense), which is the output. */
static inline net_maker small_net(qctx *ctx)
{
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(5, 6, 2));
    ir_tensor *c = net_conv(&m, "c", x, 3, 3, 1);
    ir_tensor *r = net_unary(&m, OP_RELU, "r", c);
    ir_tensor *f = net_reshape(&m, "f", r, shape(1, -1, 0, 0, 0));
    net_output(&m, net_dense(&m, "d", f, 4));
    return m;
}

static inline void quantize(qctx *ctx, ir_tensor *t, int axis)
{
    int n = axis < 0 ? 1 : t->shape.dim[axis];
    double *lo = ARENA_ARRAY(ctx->a, double, n), *hi = ARENA_ARRAY(ctx->a, double, n);
    for (int i = 0; i < n; i++) {
        lo[i] = -1;
        hi[i] = 1 + 0.1 * i;
    }
    t->quant = quant_uniform(ctx, IR_GRID_TREAD, axis >= 0, false, 8, axis, n, lo, hi);
    t->type = IR_I8;
    if (!t->data)
        return;
    int8_t *codes = ARENA_ARRAY(ctx->a, int8_t, ir_elems(&t->shape));
    for (int64_t i = 0; i < ir_elems(&t->shape); i++)
        codes[i] = (int8_t)(i % 200 - 100);
    t->data = codes;
}

/* The same net at stage QUANTIZED, with made-up codes. */
static inline ir_graph *quantized_net(qctx *ctx)
{
    ir_graph *g = small_net(ctx).g;
    for (int i = 0; i < g->tensors.n; i++) {
        ir_tensor *t = g->tensors.v[i];
        if (t->kind == IR_CONST && t->shape.rank == 1) {
            t->type = IR_I32;
            t->data = ARENA_ARRAY(ctx->a, int32_t, t->shape.dim[0]);
        } else {
            quantize(ctx, t, t->kind == IR_CONST ? 0 : -1);
        }
    }
    g->stage = IR_QUANTIZED;
    return g;
}

#endif
