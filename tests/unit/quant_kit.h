/* quant_kit.h - what the tests of calibration and choice share: rules, rows, a small net. */
#ifndef QCC_TESTS_UNIT_QUANT_KIT_H
#define QCC_TESTS_UNIT_QUANT_KIT_H

#include "tests/unit/cm.h"

#include "compiler/quant/quant.h"
#include "tests/unit/float_nets.h"

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

static inline spec_settings *rule(qctx *ctx, quant_spec *s, const char *layer, spec_part part,
                           unsigned set)
{
    spec_rule *r = VEC_PUSH(ctx->a, &s->rules);
    r->layer = layer;
    r->part = part;
    r->s.set = set;
    return &r->s;
}

static inline void ready(net_maker *m)
{
    assert_true(pass_fold_bn(m->ctx, m->g) && pass_fuse(m->ctx, m->g));
    assert_true(ir_verify(m->ctx, m->g, "fuse"));
}

/* Float rows for input 0, drawn from [lo, hi). */
static inline dataset *rows_of(qctx *ctx, const ir_tensor *t, int rows, double lo, double hi)
{
    rng r;
    rng_seed(&r, 77);
    int64_t n = ir_elems(&t->shape);
    float *v = ARENA_ARRAY(ctx->a, float, rows *n);
    for (int64_t i = 0; i < rows * n; i++)
        v[i] = (float)(lo + (hi - lo) * rng_double(&r));
    return rows_data(ctx, t, rows, v);
}

static inline act_range *calibrated(qctx *ctx, const ir_graph *g, const quant_spec *spec, double lo,
                             double hi)
{
    port_map m;
    act_range *ranges = ARENA_ARRAY(ctx->a, act_range, g->tensors.n);
    assert_true(
        port_map_make(ctx, g->inputs.v[0], rows_of(ctx, g->inputs.v[0], 40, lo, hi), NULL, &m));
    assert_true(calibrate(ctx, g, spec, &m, ranges));
    return ranges;
}

static inline ir_graph *chosen(qctx *ctx, const ir_graph *g, const quant_spec *spec)
{
    ir_graph *q = choose_quantization(ctx, g, spec, calibrated(ctx, g, spec, -1, 1));
    if (q)
        assert_true(ir_verify(ctx, q, "choose"));
    return q;
}

static inline const ir_quant *quant_of(const ir_graph *g, const char *name)
{
    const ir_tensor *t = ir_find_tensor(g, name);
    assert_non_null(t);
    assert_non_null(t->quant);
    return t->quant;
}

static inline bool same(const ir_quant *a, const ir_quant *b)
{
    return a->scale[0] == b->scale[0] && a->zero[0] == b->zero[0] && a->bits == b->bits;
}

static inline void newest_is(qctx *ctx, const char *slug, const char *says)
{
    assert_true(diag_count(ctx) > 0);
    const diag *d = diag_get(ctx, diag_count(ctx) - 1);
    assert_string_equal(diag_slug(d->id), slug);
    assert_non_null(strstr(d->message, says));
}

/* conv, relu → maxpool → flatten → dense */
static inline net_maker small_net(qctx *ctx)
{
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(6, 6, 2));
    ir_tensor *c = net_unary(&m, OP_RELU, "c", net_conv(&m, "c.conv2d", x, 4, 3, 1, true));
    ir_tensor *f = net_reshape(&m, "f", net_pool(&m, OP_MAXPOOL, "p", c, 2), shape1(16));
    net_output(&m, net_dense(&m, "d", f, 5, true));
    ready(&m);
    return m;
}

#endif
