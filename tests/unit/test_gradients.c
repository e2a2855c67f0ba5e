/* test_gradients.c - the trainer's engine: its forward against the float interpreter, its backward
 * against finite differences, operator by operator; the same bits with any number of threads. */
#include "tests/unit/cm.h"

#include <math.h>

#include "compiler/train/internal.h"
#include "tests/unit/float_nets.h"

enum { ROWS = 19 }; /* two shards, the second one short */

static int setup(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    qctx_free(*state);
    return 0;
}

/* Inputs of all rows, distinct, 0.03 apart and never within 0.01 of 0 nor of each other, so that no
 * finite difference crosses the kink of a relu or of a maximum. */
static void fill_inputs(qctx *ctx, tengine *e, const ir_graph *g, uint64_t seed)
{
    rng r;
    rng_seed(&r, seed);
    for (int k = 0; k < g->inputs.n; k++) {
        int n = (int)ir_elems(&g->inputs.v[k]->shape);
        int *order = ARENA_ARRAY(ctx->a, int, n);
        float *x = tengine_input(e, k);
        for (int row = 0; row < ROWS; row++) {
            rng_shuffle(&r, order, n);
            for (int i = 0; i < n; i++)
                x[row * n + i] = 0.03f * ((float)(order[i] - n / 2) + 0.5f);
        }
    }
}

/* The loss Σ r·y, r fixed numbers; its gradient goes to the engine. */
static double loss(tengine *e, bool training, float *gradient)
{
    rng r;
    rng_seed(&r, 99);
    tengine_forward(e, ROWS, training, 7);
    int64_t n = ROWS * tengine_outputs(e);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double weight = 2 * rng_double(&r) - 1;
        sum += weight * (double)tengine_output(e)[i];
        if (gradient)
            gradient[i] = (float)weight;
    }
    return sum;
}

/* Central difference of *v against its gradient. */
static void check_one(tengine *e, bool training, float *v, float gradient, const char *what,
                      int64_t i)
{
    const float step = 0x1p-8f;
    float kept = *v;
    *v = kept + step;
    double up = loss(e, training, NULL);
    *v = kept - step;
    double down = loss(e, training, NULL);
    *v = kept;
    double difference = (up - down) / (2 * (double)step);
    double allowed = 2e-3 * (1 + fabs(difference)) + 0.01 * fabs(difference);
    if (fabs(difference - (double)gradient) > allowed)
        fail_msg("%s[%lld]: gradient %g, finite difference %g", what, (long long)i,
                 (double)gradient, difference);
}

static tengine *engine_of(qctx *ctx, const ir_graph *g, int threads)
{
    tengine_options o = {.batch = ROWS, .threads = threads, .norm_momentum = 0.1,
                         .input_gradient = true};
    tengine *e = tengine_new(ctx, g, &o);
    assert_non_null(e);
    return e;
}

static void check_gradients(qctx *ctx, tengine *e, const ir_graph *g, bool training)
{
    int64_t n_theta, n_running, n_in = ROWS * ir_elems(&g->inputs.v[0]->shape);
    float *theta = tengine_theta(e, &n_theta);
    fill_inputs(ctx, e, g, 3);
    float *running = tengine_running(e, &n_running);
    float *kept = arena_memdup(ctx->a, running, (size_t)n_running * sizeof *running);
    loss(e, training, tengine_output_gradient(e));
    const float *backward = tengine_backward(e, ROWS);
    float *dtheta = arena_memdup(ctx->a, backward, (size_t)n_theta * sizeof *dtheta);
    float *dx = arena_memdup(ctx->a, tengine_input_gradient(e), (size_t)n_in * sizeof *dx);
    memcpy(running, kept, (size_t)n_running * sizeof *running);
    for (int64_t i = 0; i < n_theta; i += 1 + n_theta / 40)
        check_one(e, training, &theta[i], dtheta[i], "theta", i);
    for (int64_t i = 0; i < n_in; i += 1 + n_in / 60)
        check_one(e, training, &tengine_input(e, 0)[i], dx[i], "input", i);
}

/* The forward of row 0 and of the last against the interpreter, to rounding. */
static void check_forward(qctx *ctx, tengine *e, const ir_graph *g)
{
    fill_inputs(ctx, e, g, 3);
    tengine_forward(e, ROWS, false, 0);
    int64_t n = tengine_outputs(e);
    for (int row = 0; row < ROWS; row += ROWS - 1) {
        const void *in[4];
        for (int k = 0; k < g->inputs.n; k++)
            in[k] = tengine_input(e, k) + row * ir_elems(&g->inputs.v[k]->shape);
        void *out = ARENA_ARRAY(ctx->a, float, n);
        interp_run(interp_new(ctx, g), in, &out);
        for (int64_t i = 0; i < n; i++)
            assert_float_equal(tengine_output(e)[row * n + i], ((float *)out)[i],
                               1e-4f * (1 + fabsf(((float *)out)[i])));
    }
}

static void check(qctx *ctx, net_maker *m, ir_tensor *out)
{
    assert_non_null(out);
    net_output(m, out);
    tengine *e = engine_of(ctx, m->g, 1);
    check_forward(ctx, e, m->g);
    check_gradients(ctx, e, m->g, false);
    check_gradients(ctx, e, m->g, true);
}

static ir_tensor *conv(net_maker *m, const char *name, ir_tensor *x, int filters, int groups,
                       ir_attrs at, bool bias)
{
    int depth = x->shape.dim[2] / groups;
    at.padmode = IR_PAD_EXPLICIT;
    at.groups = groups;
    at.filters = filters;
    ir_shape w = {.rank = 4, .dim = {filters, at.kernel[0], at.kernel[1], depth}};
    ir_tensor *in[3] = {x, net_const(m, name, "weight", w, -0.5, 0.5), NULL};
    if (bias)
        in[2] = net_const(m, name, "bias", shape1(filters), -0.3, 0.3);
    return net_op(m, OP_CONV2D, name, &at, bias ? 3 : 2, in);
}

#define AT(KH, KW, SY, SX, DY, DX, ...)                                                            \
    (ir_attrs){.kernel = {KH, KW}, .stride = {SY, SX}, .dilation = {DY, DX}, .pad = {__VA_ARGS__}}

static void convolution(void **state)
{
    static const ir_attrs shapes[] = {
        {.kernel = {3, 2}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 0, 0, 2}},
        {.kernel = {2, 3}, .stride = {2, 3}, .dilation = {1, 1}, .pad = {0, 1, 2, 1}},
        {.kernel = {3, 2}, .stride = {2, 1}, .dilation = {2, 3}, .pad = {2, 2, 1, 1}},
        {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
        {.kernel = {1, 1}, .stride = {2, 2}, .dilation = {1, 1}},
    };
    static const int groups[] = {1, 2, 4}; /* the last: depthwise */
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int k = 0; k < 3; k++)
            for (int times = 1; times <= 2; times++) { /* depthwise with a multiplier, too */
                net_maker m = net_make(*state);
                ir_tensor *x = net_input(&m, "x", shape3(6, 7, 4));
                check(*state, &m, conv(&m, "c", x, 4 * times, groups[k], shapes[i], i % 2 == 0));
            }
}

/* One channel is laid out otherwise (planes), with pads that keep whole rows of windows outside,
 * too. */
static void convolution_of_one_channel(void **state)
{
    static const ir_attrs shapes[] = {
        {.kernel = {3, 2}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {1, 0, 0, 2}},
        {.kernel = {2, 3}, .stride = {2, 3}, .dilation = {1, 1}, .pad = {4, 1, 5, 1}},
        {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {2, 4}, .pad = {2, 2, 3, 1}},
        {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .pad = {0, 0, 8, 9}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(6, 7, 1));
        check(*state, &m, conv(&m, "c", x, 5, 1, shapes[i], i % 2 == 0));
    }
}

static void depthwise_of_many_channels(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 5, 19)); /* a block of 16 and a rest */
    check(*state, &m, conv(&m, "c", x, 19, 19, AT(3, 3, 1, 1, 1, 1, 1, 1, 1, 1), true));
}

static void dense(void **state)
{
    net_maker m = net_make(*state), n = net_make(*state);
    check(*state, &m, net_dense(&m, "d", net_input(&m, "x", shape1(9)), 5, true));
    ir_shape matrix = {.rank = 2, .dim = {3, 6}};
    check(*state, &n, net_dense(&n, "d", net_input(&n, "x", matrix), 4, false));
}

static void batch_norm(void **state)
{
    net_maker m = net_make(*state), n = net_make(*state);
    check(*state, &m, net_batch_norm(&m, "b", net_input(&m, "x", shape3(3, 2, 5))));
    check(*state, &n, net_batch_norm(&n, "b", net_input(&n, "x", shape1(4))));
}

static void frozen_batch_norm(void **state)
{
    net_maker m = net_make(*state);
    net_output(&m, net_batch_norm(&m, "b", net_input(&m, "x", shape3(3, 2, 5))));
    tengine_options o = {.batch = ROWS, .threads = 1, .frozen_norm = true, .input_gradient = true};
    tengine *e = tengine_new(*state, m.g, &o);
    int64_t n;
    float *running = tengine_running(e, &n), first = running[0];
    check_gradients(*state, e, m.g, true);
    assert_true(running[0] == first);
}

/* The running statistics move towards those of the batch, the variance unbiased. */
static void batch_norm_keeps_statistics(void **state)
{
    net_maker m = net_make(*state);
    net_output(&m, net_batch_norm(&m, "b", net_input(&m, "x", shape1(1))));
    tengine *e = engine_of(*state, m.g, 1);
    int64_t n;
    float *running = tengine_running(e, &n), mean = running[0], var = running[1];
    assert_int_equal(n, 2);
    for (int i = 0; i < 4; i++)
        tengine_input(e, 0)[i] = (float)i;
    tengine_forward(e, 4, true, 0);
    assert_float_equal(running[0], 0.9f * mean + 0.1f * 1.5f, 1e-6);
    assert_float_equal(running[1], 0.9f * var + 0.1f * 5.0f / 3, 1e-6);
}

static void unary(void **state)
{
    static const ir_opkind kinds[] = {OP_RELU,       OP_RELU6,     OP_SIGMOID, OP_TANH,
                                      OP_HARD_SWISH, OP_SOFTMAX,   OP_ELU,     OP_GELU,
                                      OP_GELU_TANH,  OP_REQUANTIZE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(2, 3, 4));
        /* scaled, so that relu6 and hard_swish reach their bends, midway between two inputs; a dense
         * layer behind, so that the output is no softmax */
        ir_tensor *c = conv(&m, "c", x, 4, 4, AT(1, 1, 1, 1, 1, 1, 0), false);
        float *w = (float *)ir_weight(c->producer)->data;
        ir_attrs at = {.alpha = 1.3}; /* of elu */
        for (int k = 0; k < 4; k++)
            w[k] = kinds[i] == OP_RELU6 || kinds[i] == OP_HARD_SWISH ? 50 : 3;
        check(*state, &m, net_dense(&m, "d", net_op(&m, kinds[i], "y", &at, 1, &c), 3, true));
    }
}

static void leaky_relu(void **state)
{
    net_maker m = net_make(*state);
    ir_attrs at = {.alpha = 0.3};
    ir_tensor *x = net_input(&m, "x", shape1(7));
    check(*state, &m, net_op(&m, OP_LEAKY_RELU, "y", &at, 1, &x));
}

static void pools(void **state)
{
    static const ir_attrs shapes[] = {
        {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}},
        {.kernel = {3, 2}, .stride = {1, 2}, .dilation = {1, 1}, .pad = {1, 2, 1, 0}},
        {.kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .count_all = true},
        {.kernel = {2, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {0, 1, 1, 1}, .ceil_mode = true,
         .count_all = true},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = OP_MAXPOOL; kind <= OP_AVGPOOL; kind++) {
            net_maker m = net_make(*state);
            ir_attrs at = shapes[i];
            at.padmode = IR_PAD_EXPLICIT;
            at.count_all &= kind == OP_AVGPOOL;
            ir_tensor *x = net_input(&m, "x", shape3(5, 6, 3));
            check(*state, &m, net_op(&m, (ir_opkind)kind, "y", &at, 1, &x));
        }
    for (int kind = OP_GLOBAL_AVGPOOL; kind <= OP_GLOBAL_MAXPOOL; kind++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(5, 6, 3));
        check(*state, &m, net_op(&m, (ir_opkind)kind, "y", NULL, 1, &x));
    }
}

/* Operands of equal shapes, repeated along others, and the same one twice. */
static void sums_and_products(void **state)
{
    const ir_shape column = {.rank = 3, .dim = {3, 1, 4}};
    static const ir_opkind kinds[] = {OP_ADD, OP_SUB, OP_MUL, OP_MINIMUM, OP_MAXIMUM, OP_PRELU};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int form = 0; form < 4; form++) {
            ir_opkind kind = kinds[i];
            if (kind == OP_PRELU && form == 3) /* slopes repeat along x, not the other way round */
                continue;
            net_maker m = net_make(*state);
            ir_tensor *x = net_input(&m, "x", form == 3 ? shape1(4) : shape3(3, 2, 4));
            ir_tensor *y = form == 0   ? x
                           : form == 1 ? net_input(&m, "y", shape3(3, 2, 4))
                           : form == 2 ? net_input(&m, "y", column)
                                       : net_input(&m, "y", shape3(2, 3, 4));
            check(*state, &m, net_binary(&m, kind, "z", x, y));
        }
}

/* Constants stay; slopes of prelu are trained. */
static void constant_operands(void **state)
{
    static const ir_opkind kinds[] = {OP_SUB, OP_MUL, OP_MAXIMUM, OP_PRELU};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(3, 2, 4));
        ir_tensor *k = net_const(&m, "k", "weight", shape1(4), -0.5, 0.5);
        check(*state, &m, net_binary(&m, kinds[i], "z", x, k));
        const tparam *p;
        assert_int_equal(tengine_params(engine_of(*state, m.g, 1), &p), kinds[i] == OP_PRELU);
    }
}

static void moves(void **state)
{
    net_maker s = net_make(*state), t = net_make(*state), d = net_make(*state);
    ir_tensor *x = net_input(&s, "x", shape3(5, 4, 3));
    ir_attrs slice = {.begin = {3, {4, 1, 0}}, .end = {3, {0, 4, 3}}, .step = {3, {-2, 2, 1}}};
    check(*state, &s, net_op(&s, OP_SLICE, "y", &slice, 1, &x));
    x = net_input(&t, "x", shape3(5, 4, 3));
    ir_attrs turned = {.axes = {3, {2, 0, 1}}};
    check(*state, &t, net_op(&t, OP_TRANSPOSE, "y", &turned, 1, &x));
    x = net_input(&d, "x", shape3(3, 4, 2));
    ir_tensor *apart = net_op(&d, OP_DILATE, "y", &(ir_attrs){.stride = {2, 3}}, 1, &x);
    check(*state, &d, conv(&d, "c", apart, 3, 1, AT(3, 2, 1, 1, 1, 1, 1, 1, 1, 1), true));
}

static void resizing(void **state)
{
    for (int form = 0; form < 6; form++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(4, 5, 2));
        ir_attrs at = {.kernel = {form < 3 ? 7 : 3, 6},
                       .align_corners = form % 3 == 1,
                       .half_pixel = form % 3 == 2};
        check(*state, &m, net_op(&m, OP_RESIZE_BILINEAR, "y", &at, 1, &x));
        net_maker n = net_make(*state);
        x = net_input(&n, "x", shape3(4, 5, 2));
        check(*state, &n, net_op(&n, OP_RESIZE_NEAREST, "y", &at, 1, &x));
    }
}

static void reductions(void **state)
{
    static const ir_shape axes[] = {{1, {1}}, {2, {0, 2}}, {3, {0, 1, 2}}};
    for (int kind = OP_REDUCE_SUM; kind <= OP_REDUCE_MIN; kind++)
        for (int i = 0; i < 3; i++) {
            net_maker m = net_make(*state);
            ir_tensor *x = net_input(&m, "x", shape3(3, 4, 2));
            ir_attrs at = {.axes = axes[i], .keep = i == 1};
            check(*state, &m, net_op(&m, (ir_opkind)kind, "y", &at, 1, &x));
        }
}

static void lengths(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(2, 3, 5));
    check(*state, &m, net_unary(&m, OP_L2_NORM, "y", x));
}

/* What has no gradient is named: each operator of the table is trained or refused. */
static void others_are_refused(void **state)
{
    for (int kind = 0; kind < OP_COUNT; kind++)
        assert_int_equal(!train_kernels[kind].forward, kind == OP_ARGMAX || kind == OP_ASSIGN);
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape1(5));
    net_output(&m, net_op(&m, OP_ARGMAX, "y", &(ir_attrs){.axis = 0}, 1, &x));
    tengine_options o = {.batch = ROWS, .threads = 1};
    assert_null(tengine_new(*state, m.g, &o));
    assert_int_equal(diag_get(*state, 0)->id, D_TRAIN_OPERATOR);
    assert_non_null(strstr(diag_get(*state, 0)->message, "argmax"));
}

static void concatenation(void **state)
{
    for (int axis = 0; axis < 3; axis++) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(3, 2, 4));
        ir_tensor *in[3] = {x, net_unary(&m, OP_TANH, "t", x), x};
        ir_attrs at = {.axis = axis};
        check(*state, &m, net_op(&m, OP_CONCAT, "c", &at, 3, in));
    }
}

static void reshape_and_pad(void **state)
{
    net_maker m = net_make(*state);
    ir_attrs at = {.pad = {1, 0, 2, 3}};
    ir_tensor *x = net_input(&m, "x", shape3(3, 2, 4));
    ir_tensor *p = net_op(&m, OP_PAD, "p", &at, 1, &x);
    check(*state, &m, net_dense(&m, "d", net_reshape(&m, "r", p, shape1(4 * 7 * 4)), 3, true));
}

/* A residual block: a value with two readers, in-place activations before and behind it. */
static void branches(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 4, 3));
    ir_tensor *a = net_unary(&m, OP_RELU, "a", net_conv(&m, "c1", x, 3, 1, 1, true));
    ir_tensor *b = net_batch_norm(&m, "n", net_conv(&m, "c2", a, 3, 1, 1, false));
    ir_tensor *s = net_unary(&m, OP_SIGMOID, "s", net_binary(&m, OP_ADD, "y", a, b));
    ir_tensor *flat = net_reshape(&m, "r", s, shape1(48));
    check(*state, &m, net_dense(&m, "d", net_unary(&m, OP_TANH, "t", flat), 3, true));
}

/* The same values are dropped in both directions; the rest is scaled up; evaluation drops none. */
static void dropout(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape1(200));
    ir_tensor *y = net_op(&m, OP_DROPOUT, "y", &(ir_attrs){.alpha = 0.25}, 1, &x);
    net_output(&m, net_reshape(&m, "z", y, shape1(200)));
    tengine *e = engine_of(*state, m.g, 1);
    check_gradients(*state, e, m.g, true);
    int64_t dropped = 0, n = ROWS * 200;
    tengine_forward(e, ROWS, true, 5);
    for (int64_t i = 0; i < n; i++) {
        float v = tengine_input(e, 0)[i];
        dropped += tengine_output(e)[i] == 0;
        assert_true(tengine_output(e)[i] == 0 || fabsf(tengine_output(e)[i] * 0.75f - v) < 1e-5f);
    }
    assert_in_range(dropped, n / 5, n * 3 / 10);
    tengine_forward(e, ROWS, false, 5);
    assert_memory_equal(tengine_output(e), tengine_input(e, 0), (size_t)n * sizeof(float));
}

/* The final softmax belongs to the loss. */
static void logits_before_softmax(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *d = net_dense(&m, "d", net_input(&m, "x", shape1(4)), 3, true);
    net_output(&m, net_unary(&m, OP_SOFTMAX, "s", d));
    tengine *e = engine_of(*state, m.g, 1);
    fill_inputs(*state, e, m.g, 1);
    tengine_forward(e, ROWS, false, 0);
    assert_ptr_equal(tengine_output(e), tengine_values(e, d));
}

/* Gradients, bit by bit, with one thread, two, and more than there are shards. */
static void threads_do_not_matter(void **state)
{
    float *first = NULL;
    for (int threads = 1; threads <= 5; threads += 2) {
        net_maker m = net_make(*state);
        ir_tensor *x = net_input(&m, "x", shape3(6, 6, 4));
        ir_tensor *c = net_batch_norm(&m, "n", net_conv(&m, "c", x, 4, 3, 4, false));
        ir_tensor *r = net_unary(&m, OP_RELU, "r", c);
        ir_tensor *p = net_pool(&m, OP_MAXPOOL, "p", net_conv(&m, "e", r, 5, 3, 1, true), 2);
        ir_tensor *o = net_op(&m, OP_DROPOUT, "o", &(ir_attrs){.alpha = 0.3}, 1, &p);
        net_output(&m, net_dense(&m, "d", net_reshape(&m, "f", o, shape1(5)), 3, true));
        tengine *e = engine_of(*state, m.g, threads);
        fill_inputs(*state, e, m.g, 8);
        loss(e, true, tengine_output_gradient(e));
        int64_t n;
        tengine_theta(e, &n);
        const float *g = tengine_backward(e, ROWS);
        if (first)
            assert_memory_equal(first, g, (size_t)n * sizeof *g);
        first = arena_memdup(((qctx *)*state)->a, g, (size_t)n * sizeof *g);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(convolution),
        T(convolution_of_one_channel),
        T(depthwise_of_many_channels),
        T(dense),
        T(batch_norm),
        T(frozen_batch_norm),
        T(batch_norm_keeps_statistics),
        T(unary),
        T(leaky_relu),
        T(pools),
        T(sums_and_products),
        T(concatenation),
        T(constant_operands),
        T(moves),
        T(resizing),
        T(reductions),
        T(lengths),
        T(others_are_refused),
        T(reshape_and_pad),
        T(branches),
        T(dropout),
        T(logits_before_softmax),
        T(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
