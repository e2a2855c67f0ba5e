/* test_plan.c - layouts of blocks, and the memory plan of whole graphs: nothing that is live is
 * written over, sharing where it is allowed. */
#include "tests/unit/cm.h"

#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/emit/frame.h"
#include "compiler/emit/layout.h"
#include "compiler/emit/target.h"
#include "tests/unit/graphs.h"

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

/* ---- layouts ------------------------------------------------------------------------------- */

static bool live_together(const block *a, const block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool overlap_allowed(const block *v, const int64_t *offset, int out, int in)
{
    if (v[out].input != in + 1)
        return false;
    return (v[out].same && offset[out] == offset[in]) ||
           (v[out].behind && offset[in] - offset[out] >= v[out].ahead);
}

static void check_layout(const block *v, int n, const int64_t *offset, int64_t total)
{
    for (int i = 0; i < n; i++) {
        assert_true(offset[i] >= 0 && offset[i] + v[i].bytes <= total);
        for (int j = 0; j < i; j++)
            if (live_together(&v[i], &v[j]) && !overlap_allowed(v, offset, i, j) &&
                !overlap_allowed(v, offset, j, i))
                assert_true(offset[i] + v[i].bytes <= offset[j] || offset[j] + v[j].bytes <= offset[i]);
    }
}

static block random_block(rng *r, int sizes, int starts, int lengths)
{
    int first = (int)rng_below(r, (uint64_t)starts);
    return (block){.bytes = (int64_t)(rng_below(r, (uint64_t)sizes) + 1) * 8,
                   .first = first,
                   .last = first + (int)rng_below(r, (uint64_t)lengths)};
}

static void layouts_never_overlap(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 7);
    for (int round = 0; round < 400; round++) {
        block v[40];
        int64_t offset[40];
        int n = (int)rng_below(&r, 40) + 1;
        for (int i = 0; i < n; i++) {
            v[i] = random_block(&r, 100, 20, 6);
        }
        int64_t total = layout_blocks(ctx->a, v, n, offset);
        check_layout(v, n, offset, total);
        assert_true(total >= layout_lower_bound(v, n));
    }
}

static void layout_of_a_chain_reaches_the_bound(void **state)
{
    qctx *ctx = *state;
    block v[12];
    int64_t offset[12];
    for (int i = 0; i < 12; i++)
        v[i] = (block){.bytes = (i * 37 % 11 + 1) * 64, .first = i, .last = i + 1};
    assert_int_equal(layout_blocks(ctx->a, v, 12, offset), layout_lower_bound(v, 12));
}

/* A chain in which each block may be written over the one before it, a little below. */
static void chains_written_behind_need_little_more(void **state)
{
    qctx *ctx = *state;
    block v[10];
    int64_t offset[10];
    for (int i = 0; i < 10; i++)
        v[i] = (block){.bytes = 8000, .first = i, .last = i + 1, .input = i, .behind = i > 0, .ahead = 64};
    assert_int_equal(layout_lower_bound(v, 10), 8064);
    int64_t total = layout_blocks(ctx->a, v, 10, offset);
    check_layout(v, 10, offset, total);
    assert_int_equal(total, 8000 + 9 * 64);
}

static void layouts_overlap_only_where_they_may(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 29);
    int saved = 0;
    for (int round = 0; round < 300; round++) {
        block v[24], plain[24];
        int64_t offset[24];
        int n = (int)rng_below(&r, 24) + 1;
        for (int i = 0; i < n; i++) {
            plain[i] = v[i] = random_block(&r, 100, 20, 6);
            if (i == 0 || rng_below(&r, 3) == 0)
                continue;
            plain[i].first = v[i].first = v[i - 1].last;
            plain[i].last = v[i].last = v[i].first + (int)rng_below(&r, 6);
            v[i].input = i;
            v[i].same = v[i].bytes <= v[i - 1].bytes && rng_below(&r, 2);
            v[i].behind = rng_below(&r, 2);
            v[i].ahead = 8 * ((int64_t)rng_below(&r, 60) - 20);
        }
        int64_t total = layout_blocks(ctx->a, v, n, offset);
        check_layout(v, n, offset, total);
        assert_true(total >= layout_lower_bound(v, n));
        saved += total < layout_blocks(ctx->a, plain, n, offset);
    }
    assert_true(saved > 50);
}

/* Every order of greedy placement leaves a hole here; the search finds the packing. */
static void layout_search_beats_greedy(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 3);
    int reached = 0, rounds = 300;
    for (int round = 0; round < rounds; round++) {
        block v[8];
        int64_t offset[8];
        for (int i = 0; i < 8; i++) {
            v[i] = random_block(&r, 30, 8, 4);
        }
        reached += layout_blocks(ctx->a, v, 8, offset) == layout_lower_bound(v, 8);
    }
    assert_in_range(reached, rounds * 97 / 100, rounds);
}

static void empty_layout_needs_nothing(void **state)
{
    qctx *ctx = *state;
    assert_int_equal(layout_blocks(ctx->a, NULL, 0, NULL), 0);
    assert_int_equal(layout_lower_bound(NULL, 0), 0);
}

/* ---- operators that write behind their reads ------------------------------------------------ */

/* Whether a cell of the window of output cell p was written over by the codes of cells 0…done, the
 * output beginning `ahead` bytes below the input. */
static bool was_overwritten(const ir_op *op, int p, int done, int64_t ahead)
{
    const int32_t *in = op->in[0]->shape.dim, *out = op->out[0]->shape.dim;
    int y = p / out[1] * op->at.stride[0] - op->at.pad[0], x = p % out[1] * op->at.stride[1] - op->at.pad[2];
    int64_t end = (int64_t)(done + 1) * out[2] - ahead; /* from the input's beginning */
    for (int iy = y; iy < y + op->at.kernel[0]; iy++)
        for (int ix = x; ix < x + op->at.kernel[1]; ix++)
            if (iy >= 0 && iy < in[0] && ix >= 0 && ix < in[1] && ((int64_t)iy * in[1] + ix) * in[2] < end)
                return true;
    return false;
}

/* The codes of cells 0…p may be written once the windows of all cells before p - 1 were read. */
static bool loses_a_code(const ir_op *op, int64_t ahead)
{
    int cells = op->out[0]->shape.dim[0] * op->out[0]->shape.dim[1];
    for (int p = 0; p < cells; p++)
        for (int later = p > 0 ? p - 1 : 0; later < cells; later++)
            if (was_overwritten(op, later, p, ahead))
                return true;
    return false;
}

static void draw_pool(rng *r, ir_op *op)
{
    op->at.padmode = IR_PAD_EXPLICIT;
    for (int a = 0; a < 2; a++) {
        op->at.kernel[a] = (int)rng_below(r, 3) + 1;
        op->at.stride[a] = (int)rng_below(r, 2) + 1;
        op->at.pad[2 * a] = (int)rng_below(r, (uint64_t)op->at.kernel[a]);
        op->at.pad[2 * a + 1] = (int)rng_below(r, (uint64_t)op->at.kernel[a]);
    }
}

static void distances_keep_what_is_read(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 5);
    emit_options o;
    emit_options_init(&o);
    int tight = 0, rounds = 200;
    for (int round = 0; round < rounds; round++) {
        gb b = gb_new(ctx, "window");
        int h = (int)rng_below(&r, 6) + 3, w = (int)rng_below(&r, 6) + 3;
        ir_tensor *x = gb_input(&b, "x", gb_shape(3, h, w, (int)rng_below(&r, 4) + 1));
        ir_tensor out = {.type = IR_I8}, *outs = &out;
        ir_iparams q = {.hi = 1};
        ir_op op = {.kind = OP_MAXPOOL, .n_in = 1, .n_out = 1, .in = &x, .out = &outs, .q = &q};
        draw_pool(&r, &op);
        assert_true(ir_infer_shape(ctx, &op));
        const emitter e = {.ctx = ctx, .g = b.g, .o = &o};
        int64_t ahead = 0;
        assert_true(emit_writes_behind(&e, &op, &ahead));
        assert_false(loses_a_code(&op, ahead));
        tight += loses_a_code(&op, ahead - 1);
    }
    assert_in_range(tight, rounds / 2, rounds);
}

/* Lines of a block may be written while any window of the block is still read. */
static bool loses_a_line(const ir_op *op, int lines, int64_t ahead)
{
    const int32_t *out = op->out[0]->shape.dim;
    for (int first = 0; first < out[0]; first += lines) {
        int end = first + lines < out[0] ? first + lines : out[0];
        for (int later = first * out[1]; later < out[0] * out[1]; later++)
            if (was_overwritten(op, later, end * out[1] - 1, ahead))
                return true;
    }
    return false;
}

/* The depthwise kernel of cores without SIMD, on maps of which a channel is no single plane. */
static void distances_keep_blocks_of_lines(void **state)
{
    qctx *ctx = *state;
    rng r;
    rng_seed(&r, 6);
    emit_options o;
    emit_options_init(&o);
    o.target = "cortex-m0";
    int tight = 0, met = 0, rounds = 60;
    for (int round = 0; round < rounds; round++) {
        gb b = gb_new(ctx, "lines");
        int h = (int)rng_below(&r, 20) + 20, w = (int)rng_below(&r, 16) + 20;
        ir_tensor *x = gb_input(&b, "x", gb_shape(3, h, w, 2));
        ir_tensor out = {.type = IR_I8}, *outs = &out, weight = {.type = IR_I8, .kind = IR_CONST};
        ir_tensor *ins[] = {x, &weight};
        ir_iparams q = {.hi = 1, .wmul = 1, .acc_type = IR_I32, .channels = 2};
        ir_op op = {.kind = OP_CONV2D, .n_in = 2, .n_out = 1, .in = ins, .out = &outs, .q = &q};
        draw_pool(&r, &op);
        op.at.groups = op.at.filters = 2;
        op.at.dilation[0] = op.at.dilation[1] = 1;
        weight.shape = gb_shape(4, 2, op.at.kernel[0], op.at.kernel[1]);
        weight.shape.dim[3] = 1;
        assert_true(ir_infer_shape(ctx, &op));
        const emitter e = {.ctx = ctx, .g = b.g, .o = &o};
        int64_t ahead = 0;
        int lines;
        if (emit_order(&e, &op, &lines) != ORDER_LINES)
            continue;
        met++;
        assert_true(emit_writes_behind(&e, &op, &ahead));
        assert_false(loses_a_line(&op, lines, ahead));
        tight += loses_a_line(&op, lines, ahead - 1);
    }
    assert_in_range(met, rounds / 4, rounds);
    assert_in_range(tight, met / 2, met);
}

/* ---- graphs -------------------------------------------------------------------------------- */

/* The tensor whose memory a chain of reshapes shares. */
static const ir_tensor *origin(const ir_tensor *t)
{
    while (t->producer && emit_op_is_nop(t->producer))
        t = t->producer->in[0];
    return t;
}

typedef struct memory {
    const ir_tensor **owner; /* [bytes] whose value a byte of the arena holds */
    int64_t bytes;
} memory;

static void check_read(const memory *m, const ir_tensor *t)
{
    if (t->view.buffer < 0)
        return;
    assert_true(t->view.offset >= 0 && t->view.offset + port_bytes(t) <= m->bytes);
    for (int64_t i = 0; i < port_bytes(t); i++)
        assert_ptr_equal(m->owner[t->view.offset + i], origin(t));
}

/* An output may lie on an input where the operator allows it: exactly, or behind what is read. */
static void check_sharing(const emitter *e, const ir_op *op)
{
    const ir_tensor *out = op->out[0];
    for (int k = 0; k < op->n_in; k++) {
        const ir_tensor *in = op->in[k];
        if (in->kind == IR_CONST || in->view.buffer < 0 || out->view.buffer < 0)
            continue;
        bool apart = in->view.offset + port_bytes(in) <= out->view.offset ||
                     out->view.offset + port_bytes(out) <= in->view.offset;
        int64_t ahead = 0;
        bool same = in->view.offset == out->view.offset && port_bytes(out) <= port_bytes(in) &&
                    emit_writes_same(e, op, k);
        bool behind = k == 0 && emit_writes_behind(e, op, &ahead) &&
                      in->view.offset - out->view.offset >= ahead;
        assert_true(apart || same || behind);
    }
}

static void write_tensor(memory *m, const ir_tensor *t)
{
    for (int64_t i = 0; i < port_bytes(t) && t->view.buffer >= 0; i++)
        m->owner[t->view.offset + i] = t;
}

/* Plays the plan on an arena that remembers whose each byte is. */
static void check_plan(qctx *ctx, ir_graph *g, bool io_in_arena)
{
    emit_options o;
    emit_options_init(&o);
    const emitter e = {.ctx = ctx, .g = g, .o = &o};
    int64_t bound, bytes = plan_memory(ctx, g, io_in_arena, &bound);
    memory m = {ARENA_ARRAY(ctx->a, const ir_tensor *, bytes), bytes};
    assert_true(bytes >= bound);
    for (int i = 0; i < g->inputs.n; i++) {
        assert_int_equal(g->inputs.v[i]->view.buffer, io_in_arena ? 0 : -1);
        write_tensor(&m, g->inputs.v[i]);
    }
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        for (int k = 0; k < op->n_in; k++)
            check_read(&m, op->in[k]);
        if (emit_op_is_nop(op)) {
            assert_int_equal(op->in[0]->view.buffer, op->out[0]->view.buffer);
            assert_int_equal(op->in[0]->view.offset, op->out[0]->view.offset);
            continue;
        }
        check_sharing(&e, op);
        write_tensor(&m, op->out[0]);
    }
    for (int i = 0; i < g->outputs.n; i++)
        check_read(&m, g->outputs.v[i]);
}

static ir_graph *random_graph(qctx *ctx, rng *r)
{
    gb b = gb_new(ctx, "random");
    ir_tensor *v[64];
    int n = 0, inputs = (int)rng_below(r, 3) + 1, ops = (int)rng_below(r, 18) + 1;
    for (int i = 0; i < inputs; i++, n++)
        v[n] = gb_input(&b, arena_printf(ctx->a, "in%d", i), gb_shape(1, 8 + 4 * i, 0, 0));
    for (int i = 0; i < ops; i++) {
        const char *name = arena_printf(ctx->a, "t%d", i);
        ir_tensor *x = v[rng_below(r, (uint64_t)n)], *y = v[rng_below(r, (uint64_t)n)];
        switch (rng_below(r, 5)) {
        case 0: v[n++] = gb_relu(&b, name, x); break;
        case 1: v[n++] = gb_add(&b, name, x, ir_shape_eq(&x->shape, &y->shape) ? y : x); break;
        case 2: v[n++] = gb_reshape(&b, name, x, x->shape); break;
        case 3: v[n++] = gb_dense(&b, name, x, (int)rng_below(r, 40) + 1); break;
        default: v[n++] = ir_elems(&x->shape) < 200 ? gb_concat(&b, name, x, y) : gb_relu(&b, name, x); break;
        }
    }
    gb_output(&b, v[n - 1]);
    for (uint64_t i = 0; i < rng_below(r, 3); i++)
        gb_output(&b, v[rng_below(r, (uint64_t)n)]);
    return gb_done(&b);
}

static void plans_of_random_graphs_hold(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 11);
    for (int round = 0; round < 300; round++) {
        qctx *ctx = qctx_new();
        ir_graph *g = random_graph(ctx, &r);
        check_plan(ctx, g, round % 2);
        qctx_free(ctx);
    }
}

static void elementwise_chain_runs_in_place(void **state)
{
    gb b = gb_new(*state, "chain");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 32, 0, 0));
    ir_tensor *a = gb_concat(&b, "a", x, x), *c = gb_relu(&b, "c", a), *d = gb_relu(&b, "d", c);
    gb_output(&b, gb_concat(&b, "y", d, d));
    int64_t bound;
    assert_int_equal(plan_memory(*state, gb_done(&b), false, &bound), 64);
    assert_int_equal(bound, 64);
    assert_int_equal(a->view.offset, d->view.offset);
    assert_int_equal(a->view.buffer, 0);
}

/* b is read again later, so relu may not write over it. */
static void live_input_is_not_written_over(void **state)
{
    gb b = gb_new(*state, "residual");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 32, 0, 0));
    ir_tensor *a = gb_concat(&b, "a", x, x), *c = gb_relu(&b, "c", a), *s = gb_add(&b, "s", a, c);
    gb_output(&b, gb_concat(&b, "y", s, s));
    assert_int_equal(plan_memory(*state, gb_done(&b), false, NULL), 128);
    assert_int_not_equal(a->view.offset, c->view.offset);
    assert_true(s->view.offset == a->view.offset || s->view.offset == c->view.offset);
}

static void ports_in_the_arena_are_overwritten(void **state)
{
    gb b = gb_new(*state, "io");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 64, 0, 0)), *y = gb_relu(&b, "y", x);
    gb_output(&b, y);
    assert_int_equal(plan_memory(*state, gb_done(&b), true, NULL), 64);
    assert_int_equal(x->view.buffer, 0);
    assert_int_equal(y->view.offset, x->view.offset);
    assert_int_equal(plan_memory(*state, b.g, false, NULL), 0);
    assert_int_equal(x->view.buffer, -1);
}

static void views_have_natural_strides(void **state)
{
    gb b = gb_new(*state, "strides");
    ir_tensor *x = gb_input(&b, "x", gb_shape(3, 4, 5, 6));
    gb_output(&b, gb_relu(&b, "y", x));
    plan_memory(*state, gb_done(&b), false, NULL);
    assert_int_equal(x->view.stride[0], 30);
    assert_int_equal(x->view.stride[1], 6);
    assert_int_equal(x->view.stride[2], 1);
}

/* Two large results at once in the net's order; one after the other in the emitted C, where they keep
 * their numbers. */
static void branches_run_one_after_the_other(void **state)
{
    gb b = gb_new(*state, "branches");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 64, 0, 0));
    ir_tensor *large0 = gb_dense(&b, "large0", x, 400), *large1 = gb_dense(&b, "large1", x, 400);
    ir_tensor *small0 = gb_dense(&b, "small0", large0, 8), *small1 = gb_dense(&b, "small1", large1, 8);
    gb_output(&b, gb_add(&b, "y", small0, small1));
    ir_graph *g = gb_done(&b);
    emit_options o;
    emit_result r;
    emit_options_init(&o);
    o.profile = true;
    int64_t own = plan_memory(*state, g, false, NULL);
    assert_true(emit_c(*state, g, &o, &r));
    assert_int_equal(r.arena_own_order, own);
    assert_int_equal(r.arena_bytes, own - 392 * (int64_t)ir_type_size(x->type));
    const char *at = r.c;
    static const char *const calls[] = {"_profile(0, ", "_profile(2, ", "_profile(1, ", "_profile(3, ", "_profile(4, "};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        at = strstr(at, calls[i]);
        assert_non_null(at);
    }
    for (int i = 0; i < r.n_blocks; i++)
        if (!r.blocks[i].scratch && !strcmp(r.blocks[i].name, "large1"))
            assert_true(r.blocks[i].first == 1 && r.blocks[i].last == 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(layouts_never_overlap), T(layout_of_a_chain_reaches_the_bound), T(layout_search_beats_greedy),
        T(chains_written_behind_need_little_more), T(layouts_overlap_only_where_they_may),
        T(distances_keep_what_is_read), T(distances_keep_blocks_of_lines),
        T(empty_layout_needs_nothing), T(plans_of_random_graphs_hold), T(elementwise_chain_runs_in_place),
        T(live_input_is_not_written_over), T(ports_in_the_arena_are_overwritten),
        T(views_have_natural_strides), T(branches_run_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
