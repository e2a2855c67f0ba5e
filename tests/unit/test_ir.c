/* test_ir.c - shapes, graph surgery, the verifier. */
#include "tests/unit/cm.h"

#include "compiler/ir/words.h"
#include "compiler/quant/grid.h"
#include "tests/unit/ir_build.h"

static void assert_shape(const ir_shape *s, const ir_shape *want)
{
    assert_int_equal(s->rank, want->rank);
    for (int i = 0; i < s->rank; i++)
        assert_int_equal(s->dim[i], want->dim[i]);
}

static void assert_last_diag(const qctx *ctx, diag_id id)
{
    assert_true(diag_count(ctx) > 0);
    assert_string_equal(diag_slug(diag_get(ctx, diag_count(ctx) - 1)->id), diag_slug(id));
}

/* ---- windows ------------------------------------------------------------------------------- */

typedef struct window_case {
    ir_opkind kind;
    int in[3], kernel[2], stride[2], dilation[2];
    ir_padmode mode;
    int pad[4];
    bool ceil;
    int groups, filters;
    int out[3], resolved[4];
} window_case;

/* Worked out by hand: ⌊(n + pads − ((k−1)·d + 1)) / s⌋ + 1; same: ⌈n/s⌉ places, the surplus at the
 * end. */
static const window_case windows[] = {
    {OP_CONV2D, {28, 28, 1}, {5, 5}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 1, 6, {24, 24, 6}, {0}},
    {OP_CONV2D, {28, 28, 1}, {5, 5}, {1, 1}, {1, 1}, IR_PAD_EXPLICIT, {2, 2, 2, 2}, false, 1, 6,
     {28, 28, 6}, {2, 2, 2, 2}},
    /* odd sizes, stride 2x1: height total pad (4-1)*2+3-7 = 2, width 9+3-1-9 = 2 */
    {OP_CONV2D, {7, 9, 3}, {3, 3}, {2, 1}, {1, 1}, IR_PAD_SAME, {0}, false, 1, 5, {4, 9, 5}, {1, 1, 1, 1}},
    /* even kernel: 1 before, 2 after */
    {OP_CONV2D, {7, 9, 3}, {4, 3}, {2, 1}, {1, 1}, IR_PAD_SAME, {0}, false, 1, 5, {4, 9, 5}, {1, 2, 1, 1}},
    /* even size, stride 2: (14-1)*2+3-28 = 1, all of it at the end */
    {OP_CONV2D, {28, 28, 1}, {3, 3}, {2, 2}, {1, 1}, IR_PAD_SAME, {0}, false, 1, 2, {14, 14, 2}, {0, 1, 0, 1}},
    /* dilation: extents 5 and 4 */
    {OP_CONV2D, {8, 6, 3}, {3, 2}, {1, 1}, {2, 3}, IR_PAD_EXPLICIT, {2, 1, 0, 1}, false, 1, 5, {7, 4, 5}, {2, 1, 0, 1}},
    {OP_CONV2D, {7, 9, 2}, {2, 3}, {1, 1}, {3, 1}, IR_PAD_SAME, {0}, false, 1, 2, {7, 9, 2}, {1, 2, 1, 1}},
    /* stride beyond the kernel: `same` never pads negatively */
    {OP_CONV2D, {7, 7, 1}, {1, 1}, {3, 3}, {1, 1}, IR_PAD_SAME, {0}, false, 1, 1, {3, 3, 1}, {0}},
    {OP_CONV2D, {4, 7, 6}, {2, 3}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 2, 4, {3, 5, 4}, {0}},
    {OP_CONV2D, {5, 5, 4}, {3, 3}, {1, 1}, {1, 1}, IR_PAD_SAME, {0}, false, 4, 8, {5, 5, 8}, {1, 1, 1, 1}},
    {OP_MAXPOOL, {28, 27, 6}, {2, 2}, {2, 2}, {1, 1}, IR_PAD_VALID, {0}, false, 0, 0, {14, 13, 6}, {0}},
    {OP_MAXPOOL, {28, 27, 6}, {2, 2}, {2, 2}, {1, 1}, IR_PAD_VALID, {0}, true, 0, 0, {14, 14, 6}, {0}},
    /* torch drops the last window of the width: it would begin at 6 = 5 + 1 */
    {OP_AVGPOOL, {8, 5, 2}, {3, 2}, {2, 2}, {1, 1}, IR_PAD_EXPLICIT, {1, 1, 1, 1}, true, 0, 0, {5, 3, 2}, {1, 1, 1, 1}},
    {OP_AVGPOOL, {8, 5, 2}, {3, 2}, {2, 2}, {1, 1}, IR_PAD_EXPLICIT, {1, 1, 1, 1}, false, 0, 0, {4, 3, 2}, {1, 1, 1, 1}},
    {OP_AVGPOOL, {5, 5, 2}, {3, 3}, {2, 2}, {1, 1}, IR_PAD_SAME, {0}, false, 0, 0, {3, 3, 2}, {1, 1, 1, 1}},
};

static ir_tensor *window_op(net_maker *m, const window_case *c)
{
    ir_shape unknown = {0};
    ir_tensor *in[3] = {net_input(m, "x", shape3(c->in[0], c->in[1], c->in[2]))};
    int n = 1;
    if (c->kind == OP_CONV2D) {
        in[n++] = ir_add_tensor(m->ctx, m->g, "c.weight", IR_CONST, IR_F32, &unknown, loc_none());
        in[n++] = ir_add_tensor(m->ctx, m->g, "c.bias", IR_CONST, IR_F32, &unknown, loc_none());
    }
    ir_attrs at = {.padmode = c->mode, .ceil_mode = c->ceil, .groups = c->groups, .filters = c->filters};
    memcpy(at.kernel, c->kernel, sizeof at.kernel);
    memcpy(at.stride, c->stride, sizeof at.stride);
    memcpy(at.dilation, c->dilation, sizeof at.dilation);
    memcpy(at.pad, c->pad, sizeof at.pad);
    return net_op(m, c->kind, "c", &at, n, in);
}

static void windows_have_the_shapes_worked_out_by_hand(void **state)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        const window_case *c = &windows[i];
        net_maker m = net_make(*state);
        ir_tensor *y = window_op(&m, c);
        assert_non_null(y);
        ir_shape want = shape(3, c->out[0], c->out[1], c->out[2], 0);
        assert_shape(&y->shape, &want);
        assert_int_equal(y->producer->at.padmode, IR_PAD_EXPLICIT);
        for (int k = 0; k < 4; k++)
            assert_int_equal(y->producer->at.pad[k], c->resolved[k]);
        if (c->kind != OP_CONV2D)
            continue;
        ir_shape w = shape(4, c->filters, c->kernel[0], c->kernel[1], c->in[2] / c->groups);
        ir_shape b = shape(1, c->filters, 0, 0, 0);
        assert_shape(&ir_weight(y->producer)->shape, &w);
        assert_shape(&ir_bias(y->producer)->shape, &b);
    }
}

static void windows_that_cannot_be_are_refused(void **state)
{
    static const struct { window_case c; diag_id id; } bad[] = {
        {{OP_CONV2D, {4, 9, 1}, {5, 5}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 1, 1, {0}, {0}}, D_KERNEL_TOO_LARGE},
        {{OP_CONV2D, {9, 4, 1}, {1, 3}, {1, 1}, {1, 2}, IR_PAD_VALID, {0}, false, 1, 1, {0}, {0}}, D_KERNEL_TOO_LARGE},
        {{OP_MAXPOOL, {8, 8, 1}, {2, 2}, {2, 2}, {1, 1}, IR_PAD_EXPLICIT, {2, 0, 0, 0}, false, 0, 0, {0}, {0}}, D_PAD_TOO_LARGE},
        {{OP_AVGPOOL, {8, 8, 1}, {2, 2}, {2, 2}, {1, 1}, IR_PAD_EXPLICIT, {0, 0, 0, 2}, false, 0, 0, {0}, {0}}, D_PAD_TOO_LARGE},
        {{OP_CONV2D, {8, 8, 6}, {1, 1}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 4, 8, {0}, {0}}, D_BAD_GROUPS},
        {{OP_CONV2D, {8, 8, 6}, {1, 1}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 3, 8, {0}, {0}}, D_BAD_GROUPS},
        /* weights of 32767 * 32767 * 2 elements; a result of 2^31 */
        {{OP_CONV2D, {32767, 32767, 2}, {32767, 32767}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 1, 2, {0}, {0}}, D_SHAPE_TOO_LARGE},
        {{OP_CONV2D, {256, 256, 1}, {1, 1}, {1, 1}, {1, 1}, IR_PAD_VALID, {0}, false, 1, 32768, {0}, {0}}, D_SHAPE_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        net_maker m = net_make(*state);
        assert_null(window_op(&m, &bad[i].c));
        assert_last_diag(*state, bad[i].id);
    }
}

/* ---- other shapes -------------------------------------------------------------------------- */

static void dense_works_on_the_last_axis(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape(2, 3, 5, 0, 0));
    ir_tensor *y = net_dense(&m, "f", x, 4);
    ir_shape want = shape(2, 3, 4, 0, 0), w = shape(2, 4, 5, 0, 0);
    assert_shape(&y->shape, &want);
    assert_shape(&ir_weight(y->producer)->shape, &w);
    assert_int_equal(ir_macs(y->producer), 3 * 4 * 5);
}

static ir_tensor *binary(net_maker *m, ir_shape a, ir_shape b)
{
    ir_tensor *in[2] = {net_input(m, "a", a), net_input(m, "b", b)};
    return net_op(m, OP_ADD, "s", NULL, 2, in);
}

static void sums_repeat_one_operand(void **state)
{
    net_maker m = net_make(*state);
    ir_shape map = shape(3, 4, 5, 3, 0);
    assert_shape(&binary(&m, map, map)->shape, &map);
    assert_shape(&binary(&m, map, shape(3, 1, 1, 3, 0))->shape, &map);
    assert_shape(&binary(&m, shape(1, 3, 0, 0, 0), map)->shape, &map);
    assert_shape(&binary(&m, map, shape(0, 0, 0, 0, 0))->shape, &map);
    assert_null(binary(&m, map, shape(3, 4, 5, 2, 0)));
    assert_last_diag(*state, D_SHAPE_MISMATCH);
    /* both would repeat */
    assert_null(binary(&m, shape(2, 4, 1, 0, 0), shape(2, 1, 5, 0, 0)));
}

static ir_tensor *concat(net_maker *m, ir_shape a, ir_shape b, int axis)
{
    ir_tensor *in[2] = {net_input(m, "a", a), net_input(m, "b", b)};
    ir_attrs at = {.axis = axis};
    return net_op(m, OP_CONCAT, "s", &at, 2, in);
}

static void concat_adds_along_its_axis(void **state)
{
    net_maker m = net_make(*state);
    ir_shape want = shape(3, 4, 5, 7, 0);
    ir_tensor *y = concat(&m, shape(3, 4, 5, 3, 0), shape(3, 4, 5, 4, 0), -1);
    assert_shape(&y->shape, &want);
    assert_int_equal(y->producer->at.axis, 2);
    want = shape(3, 9, 5, 3, 0);
    assert_shape(&concat(&m, shape(3, 4, 5, 3, 0), shape(3, 5, 5, 3, 0), 0)->shape, &want);
    assert_null(concat(&m, shape(3, 4, 5, 3, 0), shape(3, 4, 6, 3, 0), 0));
    assert_null(concat(&m, shape(3, 4, 5, 3, 0), shape(2, 4, 5, 0, 0), 0));
    assert_null(concat(&m, shape(2, 4, 5, 0, 0), shape(2, 4, 5, 0, 0), 2));
    assert_null(concat(&m, shape(2, 4, 5, 0, 0), shape(2, 4, 5, 0, 0), -3));
    assert_int_equal(diag_errors(*state), 4);
}

static void reshape_fills_what_is_left_over(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape(3, 4, 5, 6, 0));
    ir_shape want = shape(2, 12, 10, 0, 0);
    ir_tensor *y = net_reshape(&m, "r", x, shape(2, -1, 10, 0, 0));
    assert_shape(&y->shape, &want);
    assert_int_equal(y->producer->at.to.dim[0], 12);
    want = shape(1, 120, 0, 0, 0);
    assert_shape(&net_reshape(&m, "f", x, shape(1, -1, 0, 0, 0))->shape, &want);
    assert_null(net_reshape(&m, "g", x, shape(2, -1, 7, 0, 0)));
    assert_null(net_reshape(&m, "h", x, shape(2, 10, 10, 0, 0)));
    assert_null(net_reshape(&m, "i", x, shape(2, INT32_MAX, INT32_MAX, 0, 0)));
    assert_int_equal(diag_errors(*state), 3);
}

static void pads_and_global_pools(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(4, 5, 6));
    ir_attrs at = {.pad = {1, 2, 3, 4}};
    ir_shape want = shape(3, 7, 12, 6, 0);
    assert_shape(&net_op(&m, OP_PAD, "p", &at, 1, &x)->shape, &want);
    want = shape(1, 6, 0, 0, 0);
    assert_shape(&net_unary(&m, OP_GLOBAL_AVGPOOL, "g", x)->shape, &want);
    at = (ir_attrs){.keep = true};
    want = shape(3, 1, 1, 6, 0);
    assert_shape(&net_op(&m, OP_GLOBAL_MAXPOOL, "k", &at, 1, &x)->shape, &want);
    ir_tensor *flat = net_input(&m, "flat", shape(1, 9, 0, 0, 0));
    assert_null(net_unary(&m, OP_GLOBAL_AVGPOOL, "bad", flat));
    assert_last_diag(*state, D_SHAPE_MISMATCH);
    ir_tensor *scalar = net_input(&m, "scalar", shape(0, 0, 0, 0, 0));
    assert_null(net_unary(&m, OP_SOFTMAX, "bad", scalar));
}

static void weights_of_another_shape_are_refused(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape(1, 5, 0, 0, 0));
    ir_tensor *in[2] = {x, net_const(&m, "f", "weight", shape(2, 4, 6, 0, 0))};
    ir_attrs at = {.filters = 4};
    assert_null(net_op(&m, OP_DENSE, "f", &at, 2, in));
    assert_last_diag(*state, D_SHAPE_MISMATCH);
}

static void counts_of_work(void **state)
{
    net_maker m = net_make(*state);
    ir_tensor *x = net_input(&m, "x", shape3(5, 6, 4));
    ir_tensor *c = net_conv(&m, "c", x, 8, 3, 1), *d = net_conv(&m, "d", x, 8, 3, 4);
    assert_int_equal(ir_macs(c->producer), 3 * 4 * 8 * 3 * 3 * 4);
    assert_int_equal(ir_macs(d->producer), 3 * 4 * 8 * 3 * 3 * 1);
    assert_false(ir_is_depthwise(c->producer));
    assert_true(ir_is_depthwise(d->producer));
    assert_int_equal(ir_macs(net_unary(&m, OP_RELU, "r", c)->producer), 0);
    assert_null(ir_weight(net_unary(&m, OP_RELU, "s", c)->producer));
}

/* ---- surgery ------------------------------------------------------------------------------- */

static void uses_count_readers_and_outputs(void **state)
{
    net_maker m = small_net(*state);
    ir_tensor *x = ir_find_tensor(m.g, "x"), *d = ir_find_tensor(m.g, "d");
    assert_int_equal(ir_uses(m.g, x), 1);
    assert_int_equal(ir_uses(m.g, d), 1);
    ir_tensor *twice[2] = {d, d};
    net_op(&m, OP_ADD, "e", NULL, 2, twice);
    assert_int_equal(ir_uses(m.g, d), 2);
    assert_int_equal(ir_uses(m.g, ir_find_tensor(m.g, "e")), 0);
    assert_null(ir_find_tensor(m.g, "nowhere"));
}

static void a_clone_shares_nothing_that_changes(void **state)
{
    ir_graph *g = quantized_net(*state), *c = ir_clone(*state, g);
    assert_true(ir_verify(*state, c, "clone"));
    assert_int_equal(c->tensors.n, g->tensors.n);
    for (int i = 0; i < g->tensors.n; i++) {
        assert_ptr_not_equal(c->tensors.v[i], g->tensors.v[i]);
        assert_ptr_equal(c->tensors.v[i]->data, g->tensors.v[i]->data);
        if (g->tensors.v[i]->quant)
            assert_ptr_not_equal(c->tensors.v[i]->quant, g->tensors.v[i]->quant);
    }
    for (int i = 0; i < c->ops.n; i++)
        assert_ptr_equal(c->ops.v[i]->out[0]->producer, c->ops.v[i]);
    char before[65], after[65];
    ir_canonical_sha256(*state, g, before);
    c->ops.v[0]->at.act = IR_ACT_RELU;
    c->tensors.v[0]->quant->bits = 4;
    ir_canonical_sha256(*state, g, after);
    assert_string_equal(before, after);
}

static void compact_drops_and_renumbers(void **state)
{
    net_maker m = small_net(*state);
    ir_op *relu = ir_find_tensor(m.g, "r")->producer, *flatten = ir_find_tensor(m.g, "f")->producer;
    bool dead[4] = {0};
    dead[relu->id] = true;
    flatten->in[0] = ir_find_tensor(m.g, "c");
    ir_compact(*state, m.g, dead);
    assert_null(ir_find_tensor(m.g, "r"));
    assert_int_equal(m.g->ops.n, 3);
    assert_int_equal(flatten->id, 1);
    assert_true(ir_verify(*state, m.g, "test"));
}

static void unused_results_can_be_removed(void **state)
{
    net_maker m = small_net(*state);
    ir_tensor *side = net_unary(&m, OP_TANH, "side", ir_find_tensor(m.g, "c"));
    net_dense(&m, "lost", side, 3);
    int ops = m.g->ops.n;
    ir_remove_unused(*state, m.g);
    assert_int_equal(m.g->ops.n, ops - 2);
    assert_null(ir_find_tensor(m.g, "lost.weight"));
    assert_non_null(ir_find_tensor(m.g, "x"));
    assert_true(ir_verify(*state, m.g, "test"));
}

/* ---- the verifier -------------------------------------------------------------------------- */

static void bad_name(qctx *ctx, ir_graph *g) { (void)ctx; g->tensors.v[1]->name = "x"; }
static void bad_number(qctx *ctx, ir_graph *g) { (void)ctx; g->tensors.v[1]->id = 0; }
static void bad_op_number(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->id = 3; }
static void bad_arity(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[1]->n_in = 0; }
static void bad_shape(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->shape.dim[0]++; }
static void bad_rank(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->shape.rank = 6; }
static void bad_dim(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "x")->shape.dim[1] = 0; }
static void bad_stride(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->at.stride[1] = 0; }
static void bad_pad(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->at.pad[2] = -1; }
static void bad_mode(qctx *ctx, ir_graph *g) { (void)ctx; g->ops.v[0]->at.padmode = IR_PAD_SAME; }
static void bad_output(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->is_output = true; }
static void bad_input(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "c")->kind = IR_INPUT; }
static void bad_producer(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "c")->producer = g->ops.v[1]; }
static void bad_type(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "c")->type = IR_I8; }

static void bad_order(qctx *ctx, ir_graph *g)
{
    (void)ctx;
    ir_op *first = g->ops.v[0];
    g->ops.v[0] = g->ops.v[1];
    g->ops.v[1] = first;
    g->ops.v[0]->id = 0;
    g->ops.v[1]->id = 1;
}

static void bad_stranger(qctx *ctx, ir_graph *g)
{
    g->ops.v[1]->in[0] = arena_memdup(ctx->a, g->ops.v[1]->in[0], sizeof(ir_tensor));
}

static void bad_writer(qctx *ctx, ir_graph *g)
{
    (void)ctx;
    g->ops.v[1]->out[0] = g->ops.v[0]->out[0];
}

static void bad_unwritten(qctx *ctx, ir_graph *g)
{
    ir_shape s = shape(1, 3, 0, 0, 0);
    ir_add_tensor(ctx, g, "stray", IR_VALUE, IR_F32, &s, loc_none());
}

/* What each check of verify.c must find. */
static void (*const float_faults[])(qctx *, ir_graph *) = {
    bad_name, bad_number, bad_op_number, bad_arity, bad_shape, bad_rank, bad_dim, bad_stride, bad_pad,
    bad_mode, bad_output, bad_input, bad_producer, bad_type, bad_order, bad_stranger, bad_writer,
    bad_unwritten,
};

static void left_unfolded(qctx *ctx, ir_graph *g)
{
    (void)ctx;
    g->ops.v[1]->name = "other";
}

static void no_quant(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->quant = NULL; }
static void bad_zero(qctx *ctx, ir_graph *g)
{
    int32_t *zero = ARENA_NEW(ctx->a, int32_t);
    *zero = 200;
    ir_find_tensor(g, "r")->quant->zero = zero;
}
static void bad_scale(qctx *ctx, ir_graph *g)
{
    float *scale = ARENA_NEW(ctx->a, float);
    *scale = 0;
    ir_find_tensor(g, "r")->quant->scale = scale;
}
static void bad_code(qctx *ctx, ir_graph *g)
{
    ir_tensor *w = ir_find_tensor(g, "d.weight");
    int8_t *codes = arena_memdup(ctx->a, w->data, (size_t)ir_elems(&w->shape));
    codes[5] = -128; /* symmetric codes end at -127 */
    w->data = codes;
}
static void bad_count(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "d.weight")->quant->n = 3; }
static void no_codes(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "d.weight")->data = NULL; }
static void bad_bias(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "c.bias")->type = IR_I16; }
static void bad_width(qctx *ctx, ir_graph *g) { (void)ctx; ir_find_tensor(g, "r")->type = IR_I16; }
static void not_legal(qctx *ctx, ir_graph *g) { (void)ctx; g->stage = IR_LEGAL; }

static void (*const integer_faults[])(qctx *, ir_graph *) = {
    left_unfolded, no_quant, bad_zero, bad_scale, bad_code, bad_count, no_codes, bad_bias, bad_width,
    not_legal,
};

static void assert_caught(qctx *ctx, const ir_graph *g)
{
    int errors = diag_errors(ctx);
    assert_false(ir_verify(ctx, g, "sabotage"));
    assert_true(diag_errors(ctx) > errors);
    const diag *d = ctx->newest;
    assert_int_equal(d->id, D_INTERNAL_IR);
    assert_non_null(strstr(d->message, "sabotage"));
}

static void the_verifier_catches_broken_graphs(void **state)
{
    assert_true(ir_verify(*state, small_net(*state).g, "test"));
    assert_true(ir_verify(*state, quantized_net(*state), "test"));
    for (size_t i = 0; i < sizeof float_faults / sizeof *float_faults; i++) {
        ir_graph *g = small_net(*state).g;
        float_faults[i](*state, g);
        assert_caught(*state, g);
    }
    for (size_t i = 0; i < sizeof integer_faults / sizeof *integer_faults; i++) {
        ir_graph *g = quantized_net(*state);
        integer_faults[i](*state, g);
        assert_caught(*state, g);
    }
}

static void a_folded_graph_has_no_batch_norm(void **state)
{
    net_maker m = net_make(*state);
    net_output(&m, net_batch_norm(&m, "b", net_input(&m, "x", shape3(2, 3, 4))));
    assert_true(ir_verify(*state, m.g, "test"));
    m.g->stage = IR_FOLDED;
    assert_caught(*state, m.g);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void every_operator_has_a_word(void **state)
{
    (void)state;
    for (int k = 0; k < OP_COUNT; k++) {
        const ir_word *w = ir_find_word(ir_opinfos[k].word);
        if (k == OP_ASSIGN) { /* a statement of its own, `s := …` */
            assert_null(w);
            continue;
        }
        assert_non_null(w);
        assert_int_equal(w->kind, k);
    }
    assert_null(ir_find_word("conv3d"));
    for (int i = 0; i < ir_words_count(); i++)
        for (const ir_attr *a = ir_words[i].attrs; a && a->name; a++)
            assert_true(a->field < sizeof(ir_attrs));
}

static void types_and_modes_have_names(void **state)
{
    (void)state;
    assert_string_equal(ir_type_name(IR_I16), "i16");
    assert_int_equal(ir_type_size(IR_I64), 8);
    assert_string_equal(ir_numerics_name(IR_NUM_SINGLE), "single");
    ir_shape s = shape(3, 2, 3, 4, 0), scalar = shape(0, 0, 0, 0, 0);
    arena *a = ((qctx *)*state)->a;
    assert_string_equal(ir_shape_str(a, &s), "2x3x4");
    assert_string_equal(ir_shape_str(a, &scalar), "scalar");
    assert_int_equal(ir_elems(&scalar), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(windows_have_the_shapes_worked_out_by_hand),
        T(windows_that_cannot_be_are_refused),
        T(dense_works_on_the_last_axis),
        T(sums_repeat_one_operand),
        T(concat_adds_along_its_axis),
        T(reshape_fills_what_is_left_over),
        T(pads_and_global_pools),
        T(weights_of_another_shape_are_refused),
        T(counts_of_work),
        T(uses_count_readers_and_outputs),
        T(a_clone_shares_nothing_that_changes),
        T(compact_drops_and_renumbers),
        T(unused_results_can_be_removed),
        T(the_verifier_catches_broken_graphs),
        T(a_folded_graph_has_no_batch_norm),
        T(every_operator_has_a_word),
        T(types_and_modes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
