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

/* Bytes in the arena and in tensors are told apart by numbers; whoever moves them keeps these. */
typedef struct memory {
    int64_t *holds;  /* [bytes] number of the byte that is there */
    int64_t **value; /* [tensors.n] numbers of a tensor's bytes */
    int64_t bytes, numbers;
} memory;

static void check_read(const memory *m, const ir_tensor *t)
{
    if (t->view.buffer < 0)
        return;
    assert_true(t->view.offset >= 0 && t->view.offset + port_bytes(t) <= m->bytes);
    assert_memory_equal(m->holds + t->view.offset, m->value[t->id],
                        (size_t)port_bytes(t) * sizeof *m->holds);
}

/* Where input k of a concat goes, in bytes from the output's beginning. */
static int64_t part_offset(const ir_op *op, int k)
{
    int64_t at = 0;
    for (int i = 0; i < k; i++)
        at += port_bytes(op->in[i]);
    return at;
}

static bool is_in_place(const ir_op *op, int k)
{
    const ir_tensor *in = op->in[k], *out = op->out[0];
    return op->kind == OP_CONCAT && in->view.buffer >= 0 && in->view.buffer == out->view.buffer &&
           in->view.offset == out->view.offset + part_offset(op, k);
}

/* An output may lie on an input where the operator allows it: exactly, or behind what is read; or
 * around it. */
static void check_sharing(const emitter *e, const ir_op *op)
{
    const ir_tensor *out = op->out[0];
    for (int k = 0; k < op->n_in; k++) {
        const ir_tensor *in = op->in[k];
        if (in->kind == IR_CONST || in->view.buffer < 0 || out->view.buffer < 0)
            continue;
        bool apart = in->view.offset + port_bytes(in) <= out->view.offset ||
                     out->view.offset + port_bytes(out) <= in->view.offset;
        bool again = false; /* another place of the concat has it */
        for (int i = 0; i < op->n_in; i++)
            again |= op->in[i]->view.offset == in->view.offset && is_in_place(op, i);
        int64_t ahead = 0;
        bool same = in->view.offset == out->view.offset && port_bytes(out) <= port_bytes(in) &&
                    emit_writes_same(e, op, k);
        bool behind = k == 0 && emit_writes_behind(e, op, &ahead) &&
                      in->view.offset - out->view.offset >= ahead;
        assert_true(apart || same || behind || again);
    }
}

static void make_value(qctx *ctx, memory *m, const ir_op *op, const ir_tensor *t)
{
    int64_t n = port_bytes(t), *v = m->value[t->id] = ARENA_ARRAY(ctx->a, int64_t, n);
    for (int64_t i = 0; i < n; i++)
        v[i] = ++m->numbers;
    if (op && emit_op_is_nop(op))
        m->value[t->id] = m->value[op->in[0]->id];
    for (int k = 0; op && op->kind == OP_CONCAT && k < op->n_in; k++)
        memcpy(v + part_offset(op, k), m->value[op->in[k]->id],
               (size_t)port_bytes(op->in[k]) * sizeof *v);
}

static void write_tensor(memory *m, const ir_tensor *t)
{
    if (t->view.buffer >= 0)
        memcpy(m->holds + t->view.offset, m->value[t->id],
               (size_t)port_bytes(t) * sizeof *m->holds);
}

/* Plays the plan on an arena that remembers whose each byte is. Gives the number of inputs that lie
 * in their concats. */
static int check_plan(qctx *ctx, ir_graph *g, bool io_in_arena)
{
    emit_options o;
    emit_options_init(&o);
    const emitter e = {.ctx = ctx, .g = g, .o = &o};
    int in_place = 0;
    int64_t bound, bytes = plan_memory(ctx, g, io_in_arena, &bound);
    memory m = {ARENA_ARRAY(ctx->a, int64_t, bytes), ARENA_ARRAY(ctx->a, int64_t *, g->tensors.n),
                bytes, 0};
    assert_true(bytes >= bound);
    for (int i = 0; i < g->inputs.n; i++) {
        assert_int_equal(g->inputs.v[i]->view.buffer, io_in_arena ? 0 : -1);
        make_value(ctx, &m, NULL, g->inputs.v[i]);
        write_tensor(&m, g->inputs.v[i]);
    }
    for (int i = 0; i < g->ops.n; i++) {
        const ir_op *op = g->ops.v[i];
        for (int k = 0; k < op->n_in; k++)
            if (op->in[k]->kind != IR_CONST)
                check_read(&m, op->in[k]);
        make_value(ctx, &m, op, op->out[0]);
        if (emit_op_is_nop(op)) {
            assert_int_equal(op->in[0]->view.buffer, op->out[0]->view.buffer);
            assert_int_equal(op->in[0]->view.offset, op->out[0]->view.offset);
            continue;
        }
        for (int k = 0; k < op->n_in; k++)
            in_place += is_in_place(op, k);
        check_sharing(&e, op);
        write_tensor(&m, op->out[0]);
    }
    for (int i = 0; i < g->outputs.n; i++)
        check_read(&m, g->outputs.v[i]);
    return in_place;
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
    int in_place = 0;
    for (int round = 0; round < 300; round++) {
        qctx *ctx = qctx_new();
        ir_graph *g = random_graph(ctx, &r);
        in_place += check_plan(ctx, g, round % 2);
        qctx_free(ctx);
    }
    assert_true(in_place > 100);
}

static void elementwise_chain_runs_in_place(void **state)
{
    gb b = gb_new(*state, "chain");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 32, 0, 0));
    ir_tensor *a = gb_concat(&b, "a", x, x), *c = gb_relu(&b, "c", a), *d = gb_relu(&b, "d", c);
    gb_output(&b, gb_add(&b, "y", d, d));
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
    gb_output(&b, gb_add(&b, "y", s, s));
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

/* ---- concats and pads without copies -------------------------------------------------------- */

/* a and c are written where they stand in y: 32 + 32 bytes, not 32 + 32 + 64. d takes its place. */
static void concat_is_where_its_inputs_are(void **state)
{
    gb b = gb_new(*state, "joined");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 32, 0, 0));
    ir_tensor *a = gb_relu(&b, "a", x), *c = gb_relu(&b, "c", x), *y = gb_concat(&b, "y", a, c);
    ir_tensor *d = gb_relu(&b, "d", y);
    gb_output(&b, gb_add(&b, "z", d, d));
    int64_t bound;
    assert_int_equal(plan_memory(*state, gb_done(&b), false, &bound), 64);
    assert_int_equal(bound, 64);
    assert_int_equal(a->view.offset, y->view.offset);
    assert_int_equal(c->view.offset, y->view.offset + 32);
    assert_int_equal(d->view.offset, y->view.offset);
}

/* c is read once more after the concat of a and c, inside that of y and e: one block of 8 + 8 + 8.
 */
static void concats_of_concats_nest(void **state)
{
    gb b = gb_new(*state, "nested");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    ir_tensor *a = gb_relu(&b, "a", x), *c = gb_relu(&b, "c", x), *y = gb_concat(&b, "y", a, c);
    ir_tensor *e = gb_relu(&b, "e", c), *z = gb_concat(&b, "z", e, y);
    gb_output(&b, gb_add(&b, "out", z, z));
    assert_int_equal(plan_memory(*state, gb_done(&b), false, NULL), 24);
    assert_int_equal(e->view.offset, 0);
    assert_int_equal(y->view.offset, 8);
    assert_int_equal(a->view.offset, 8);
    assert_int_equal(c->view.offset, 16);
}

/* At the port of an output too; x and the first a have to be copied. */
static void what_is_left_is_copied(void **state)
{
    gb b = gb_new(*state, "left");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    ir_tensor *a = gb_relu(&b, "a", x), *y = gb_concat(&b, "y", x, a),
              *z = gb_concat(&b, "z", y, a);
    gb_output(&b, z);
    emit_options o;
    emit_result r;
    emit_options_init(&o);
    assert_true(emit_c(*state, gb_done(&b), &o, &r));
    assert_int_equal(r.arena_bytes, 8); /* none, but arrays of no bytes are not C */
    assert_non_null(strstr(r.c, "    left_a(in0, out0 + 16);\n"
                                "    left_y(in0, out0 + 16, out0);\n"
                                "    return 0;\n"));
    assert_string_equal(r.op_notes[1],
                        "copies x (an input of the net), a (in another place already)");
    assert_string_equal(r.op_notes[2], "no copy: in place");
}

/* The block of y, live from a on, would be beside h and k: 400 bytes and not 8, and the 800 of k's
 * scratch. */
static void concat_copies_where_its_block_would_live_long(void **state)
{
    gb b = gb_new(*state, "long");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    ir_tensor *a = gb_relu(&b, "a", x), *h = gb_dense(&b, "h", x, 400),
              *k = gb_dense(&b, "k", h, 400);
    ir_tensor *c = gb_dense(&b, "c", k, 392), *y = gb_concat(&b, "y", a, c);
    gb_output(&b, gb_add(&b, "z", y, y));
    int64_t bound;
    assert_int_equal(plan_memory(*state, gb_done(&b), false, &bound), 8 + 400 + 400 + 800);
    assert_int_equal(bound, 8 + 400 + 400 + 800);
    assert_int_not_equal(a->view.offset, y->view.offset);
}

static ir_tensor *any_op(gb *b, ir_opkind kind, const char *name, int n, ir_tensor **in, const ir_attrs *at)
{
    ir_tensor *t = ir_add_tensor(b->ctx, b->g, name, IR_VALUE, in[0]->type, &in[0]->shape, loc_none());
    t->quant = in[0]->quant;
    ir_op *op = ir_add_op(b->ctx, b->g, kind, name, n, in, 1, &t, loc_none());
    op->at = *at;
    assert_true(ir_infer_shape(b->ctx, op));
    return t;
}

static ir_tensor *window_op(gb *b, ir_opkind kind, const char *name, ir_tensor *x, int size, int rows, int columns)
{
    return any_op(b, kind, name, 1, &x,
                        &(ir_attrs){.kernel = {size, size}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1,
                                    .padmode = IR_PAD_EXPLICIT, .pad = {rows, rows, columns, columns}});
}

/* Pools of 4x4x2 write channels 0, 1 and 4, 5 of 4x4x6, the relu of x is copied between: 96 bytes for the map
 * and 32 for the relu, with whose 8 of scratch an average pool does, as it is made before. */
static void channels_are_written_into_cells(void **state)
{
    gb b = gb_new(*state, "cells");
    ir_tensor *x = gb_input(&b, "x", gb_shape(3, 4, 4, 2));
    ir_tensor *a = window_op(&b, OP_MAXPOOL, "a", x, 3, 1, 1), *c = window_op(&b, OP_AVGPOOL, "c", x, 3, 1, 1);
    ir_tensor *r = gb_relu(&b, "r", x), *in[] = {a, r, c};
    ir_tensor *y = any_op(&b, OP_CONCAT, "y", 3, in, &(ir_attrs){.axis = 2, .groups = 1});
    gb_output(&b, gb_add(&b, "z", y, y));
    ir_graph *g = gb_done(&b);
    int64_t bound;
    assert_int_equal(plan_memory(*state, g, false, &bound), 96 + 32);
    assert_true(bound <= 96 + 32);
    assert_int_equal(a->view.offset, y->view.offset);
    assert_int_equal(c->view.offset, y->view.offset + 4);
    assert_int_equal(c->view.stride[1], 6);
    assert_int_equal(c->view.stride[0], 24);
    assert_int_equal(r->view.stride[1], 2);
    emit_options o;
    emit_result e;
    emit_options_init(&o);
    assert_true(emit_c(*state, g, &o, &e));
    assert_string_equal(e.op_notes[3], "copies r (channels, its kernel leaves no gaps)");
    assert_non_null(strstr(e.c, "++x, out += 6"));
    o.profile = true; /* whose callback is told of 32 bytes */
    assert_true(emit_c(*state, g, &o, &e));
    assert_null(strstr(e.c, "++x, out += 6"));
}

/* Two rows of 12 bytes stand in four: 48 bytes for both. */
static void pad_of_rows_is_around_its_input(void **state)
{
    gb b = gb_new(*state, "rows");
    ir_tensor *x = gb_input(&b, "x", gb_shape(3, 2, 3, 4));
    ir_tensor *a = gb_relu(&b, "a", x), *p = window_op(&b, OP_PAD, "p", a, 1, 1, 0);
    gb_output(&b, gb_add(&b, "y", p, p));
    assert_int_equal(plan_memory(*state, gb_done(&b), false, NULL), 48);
    assert_int_equal(a->view.offset, p->view.offset + 12);
}

/* The map of 4x4x2 and the pool's sums, 32 + 8 bytes; the padded one of 6x6x2 with them, 32 + 72.
 * Maxima leave padding out, which is the same only where no code is below zero. */
static void pads_go_into_windows(void **state)
{
    static const struct {
        ir_opkind pool;
        bool above_zero, whole;
        int64_t bytes;
        const char *note;
    } rows[] = {{OP_AVGPOOL, false, false, 40, "no copy: in the windows of its readers"},
                {OP_MAXPOOL, true, false, 32, "no copy: in the windows of its readers"},
                {OP_MAXPOOL, false, false, 72, "copies x (an input of the net)"},
                {OP_AVGPOOL, false, true, 104, "copies a (strided)"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gb b = gb_new(*state, "padded");
        ir_tensor *x = gb_input(&b, "x", gb_shape(3, 4, 4, 2));
        bool direct = rows[i].pool == OP_MAXPOOL && !rows[i].above_zero;
        ir_tensor *p = window_op(&b, OP_PAD, "p", direct ? x : gb_relu(&b, "a", x), 1, 1, 1);
        gb_output(&b, window_op(&b, rows[i].pool, "y", p, 3, 0, 0));
        emit_options o;
        emit_result r;
        emit_options_init(&o);
        o.whole_layers = rows[i].whole;
        assert_true(emit_c(*state, gb_done(&b), &o, &r));
        assert_int_equal(r.arena_bytes, rows[i].bytes);
        assert_string_equal(r.op_notes[direct ? 0 : 1], rows[i].note);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(layouts_never_overlap),
        T(layout_of_a_chain_reaches_the_bound),
        T(layout_search_beats_greedy),
        T(chains_written_behind_need_little_more),
        T(layouts_overlap_only_where_they_may),
        T(distances_keep_what_is_read),
        T(distances_keep_blocks_of_lines),
        T(empty_layout_needs_nothing),
        T(plans_of_random_graphs_hold),
        T(elementwise_chain_runs_in_place),
        T(live_input_is_not_written_over),
        T(ports_in_the_arena_are_overwritten),
        T(views_have_natural_strides),
        T(branches_run_one_after_the_other),
        T(concat_is_where_its_inputs_are),
        T(concats_of_concats_nest),
        T(what_is_left_is_copied),
        T(concat_copies_where_its_block_would_live_long),
        T(pad_of_rows_is_around_its_input),
        T(channels_are_written_into_cells), T(pads_go_into_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
