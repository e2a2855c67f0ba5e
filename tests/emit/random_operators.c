/* random_operators.c - operators of random nets, each with attributes that suit its input. */
#include "tests/emit/random_maker.h"

static ir_tensor *append(maker *m, ir_opkind kind, const ir_attrs *at, int n_in, ir_tensor **in,
                         ir_quant *q)
{
    ir_shape none = {0, {0}};
    ir_tensor *out = draw_activation(m, IR_VALUE, ir_opinfos[kind].word, &none, q);
    ir_op *op = ir_add_op(m->ctx, m->g, kind, out->name, n_in, in, 1, &out, loc_none());
    op->at = *at;
    if (!ir_infer_shape(m->ctx, op))
        return NULL;
    return out;
}

static ir_attrs plain(maker *m)
{
    ir_attrs at = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1,
                   .padmode = IR_PAD_EXPLICIT, .act = IR_ACT_NONE};
    if (one_in(m, 3))
        at.act = one_in(m, 2) ? IR_ACT_RELU : IR_ACT_RELU6;
    if (poor_one_in(m, 2))
        at.act = IR_ACT_RELU;
    return at;
}

/* Kernel, strides, pads and dilation that fit an axis of `size` cells. */
/* One place of the window, over all of the input, as the last layers of many nets have it. */
static void draw_whole(ir_attrs *at, const ir_shape *x)
{
    for (int a = 0; a < 2; ++a) {
        at->kernel[a] = x->dim[a];
        at->dilation[a] = at->stride[a] = 1;
        at->pad[2 * a] = at->pad[2 * a + 1] = 0;
    }
}

static void draw_window(maker *m, ir_attrs *at, const ir_shape *x, bool conv)
{
    if (conv && one_in(m, 6)) {
        draw_whole(at, x);
        return;
    }
    for (int a = 0; a < 2; ++a) {
        int size = x->dim[a];
        at->dilation[a] = conv && one_in(m, 5) ? between(m, 2, 3) : 1;
        at->kernel[a] = one_in(m, 3) ? 1 : between(m, 1, 5);
        int pad = conv && one_in(m, 10) ? 6 : at->kernel[a] - 1;
        at->pad[2 * a] = one_in(m, 2) ? 0 : between(m, 0, pad);
        at->pad[2 * a + 1] = one_in(m, 2) ? 0 : between(m, 0, pad);
        int room = size + at->pad[2 * a] + at->pad[2 * a + 1];
        if ((at->kernel[a] - 1) * at->dilation[a] + 1 > room)
            at->dilation[a] = 1;
        if (at->kernel[a] > room)
            at->kernel[a] = room;
        if (!conv && at->pad[2 * a] >= at->kernel[a])
            at->pad[2 * a] = at->kernel[a] - 1;
        if (!conv && at->pad[2 * a + 1] >= at->kernel[a])
            at->pad[2 * a + 1] = at->kernel[a] - 1;
        room = size + at->pad[2 * a] + at->pad[2 * a + 1];
        if (at->kernel[a] > room)
            at->kernel[a] = room;
        at->stride[a] = one_in(m, conv ? 3 : 2) ? between(m, 2, 3) : 1;
    }
}

static ir_tensor *weighted(maker *m, ir_opkind kind, const ir_attrs *at, ir_tensor *x,
                           const ir_shape *shape)
{
    const char *base = arena_printf(m->ctx->a, "%s%d", ir_opinfos[kind].word, m->names);
    ir_quant *wq = draw_weight_quant(m, shape->dim[0]);
    ir_tensor *in[3] = {x, draw_weights(m, base, shape, wq), NULL};
    int n = 2;
    if (!one_in(m, 4))
        in[n++] = draw_biases(m, base, shape->dim[0]);
    int64_t terms = ir_elems(shape) / shape->dim[0];
    return append(m, kind, at, n, in, draw_act_quant(m, draw_layer_scale(m, (double)x->quant->scale[0], wq, terms)));
}

static ir_tensor *make_conv(maker *m, ir_tensor *x)
{
    static const int many[] = {16, 32, 48, 19, 40};
    ir_attrs at = plain(m);
    int c = x->shape.dim[2];
    draw_window(m, &at, &x->shape, true);
    at.filters = between(m, 1, 13);
    if (one_in(m, 3)) { /* depthwise */
        at.groups = c;
        at.filters = c * (one_in(m, 3) ? between(m, 2, 3) : 1);
    } else if (c > 1 && one_in(m, 4)) {
        at.groups = c % 2 == 0 ? 2 : c % 3 == 0 ? 3 : 1;
        at.filters *= at.groups;
    } else if (one_in(m, 4)) {
        at.filters = many[below(m, 5)];
    }
    ir_shape s = {4, {at.filters, at.kernel[0], at.kernel[1], c / at.groups}};
    return weighted(m, OP_CONV2D, &at, x, &s);
}

static ir_tensor *make_dense(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.filters = between(m, 1, 21);
    ir_shape s = {2, {at.filters, x->shape.dim[x->shape.rank - 1]}};
    return weighted(m, OP_DENSE, &at, x, &s);
}

static ir_tensor *make_pool(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    draw_window(m, &at, &x->shape, false);
    at.ceil_mode = one_in(m, 2);
    at.count_all = one_in(m, 2);
    if (m->mode == IR_NUM_ONNX && one_in(m, 3))
        return append(m, OP_AVGPOOL, &at, 1, &x, draw_act_quant(m, (double)x->quant->scale[0] * power(m, -2, 2)));
    return append(m, one_in(m, 2) ? OP_MAXPOOL : OP_AVGPOOL, &at, 1, &x, x->quant);
}

static ir_tensor *make_global(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.keep = one_in(m, 2);
    if (one_in(m, 3))
        return append(m, OP_GLOBAL_MAXPOOL, &at, 1, &x, x->quant);
    ir_quant *q = one_in(m, 2) ? x->quant : draw_act_quant(m, (double)x->quant->scale[0] * power(m, -3, 2));
    return append(m, OP_GLOBAL_AVGPOOL, &at, 1, &x, q);
}

/* A constant that is an operand. */
static ir_tensor *operand_constant(maker *m, const ir_shape *s, double scale)
{
    ir_quant *q = draw_act_quant(m, scale);
    int64_t n = ir_elems(s);
    int8_t *codes = ARENA_ARRAY(m->ctx->a, int8_t, n);
    int16_t *wide = ARENA_ARRAY(m->ctx->a, int16_t, n);
    for (int64_t i = 0; i < n; ++i) {
        wide[i] = (int16_t)between(m, INT16_MIN, INT16_MAX);
        codes[i] = (int8_t)between(m, INT8_MIN, INT8_MAX);
    }
    ir_tensor *t = draw_activation(m, IR_CONST, "constant", s, q);
    t->wname = t->name;
    t->data = q->bits == 16 ? (const void *)wide : codes;
    return t;
}

/* Another operand for x: an input of the same shape or one that is broadcast, or x. */
static ir_tensor *operand(maker *m, ir_tensor *x)
{
    if (one_in(m, 4))
        return x;
    ir_shape s = x->shape;
    for (int i = 0; i < s.rank && one_in(m, 2); ++i)
        s.dim[i] = one_in(m, 2) ? 1 : s.dim[i];
    if (one_in(m, 4)) {
        s.rank = 1;
        s.dim[0] = x->shape.dim[x->shape.rank - 1];
    }
    if (one_in(m, 3))
        return operand_constant(m, &s, (double)x->quant->scale[0] * power(m, -2, 2));
    return draw_activation(m, IR_INPUT, "side", &s, draw_act_quant(m, (double)x->quant->scale[0] * power(m, -2, 2)));
}

/* Slopes: constants mostly, one for each channel or for all, or an input. */
static ir_tensor *make_prelu(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    ir_shape s = {1, {one_in(m, 4) ? 1 : x->shape.dim[x->shape.rank - 1]}};
    ir_tensor *slope = one_in(m, 4) ? draw_activation(m, IR_INPUT, "slope", &s, draw_act_quant(m, power(m, -10, -5)))
                                    : operand_constant(m, &s, power(m, -10, -5));
    ir_tensor *in[2] = {x, slope};
    return append(m, OP_PRELU, &at, 2, in, draw_act_quant(m, (double)x->quant->scale[0] * power(m, -1, 2)));
}

static ir_tensor *make_eltwise(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    ir_tensor *y = operand(m, x), *in[2] = {x, y};
    if (one_in(m, 2))
        in[0] = y, in[1] = x;
    double a = (double)x->quant->scale[0], b = (double)y->quant->scale[0];
    static const ir_opkind kinds[] = {OP_ADD, OP_ADD, OP_MUL, OP_SUB, OP_MINIMUM, OP_MAXIMUM};
    if (!m->wide && one_in(m, 5))
        return make_prelu(m, x);
    ir_opkind kind = kinds[below(m, 6)];
    double scale = kind != OP_MUL ? fmax(a, b) * power(m, -1, 3) : a * b * power(m, 3, 8);
    if ((kind == OP_MINIMUM || kind == OP_MAXIMUM) && one_in(m, 2))
        return append(m, kind, &at, 2, in, x->quant);
    return append(m, kind, &at, 2, in, draw_act_quant(m, scale));
}

static ir_tensor *make_concat(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    at.axis = below(m, x->shape.rank);
    ir_tensor *in[3] = {x, x, x};
    int n = between(m, 1, 3);
    for (int i = 1; i < n; ++i) {
        ir_shape s = x->shape;
        s.dim[at.axis] = between(m, 1, 6);
        in[i] = one_in(m, 4) ? x : one_in(m, 4) ? operand_constant(m, &s, (double)x->quant->scale[0]) : draw_activation(m, IR_INPUT, "part", &s, one_in(m, 3) ? x->quant :
                                   draw_act_quant(m, (double)x->quant->scale[0] * power(m, -2, 2)));
    }
    ir_quant *q = one_in(m, 2) ? x->quant : draw_act_quant(m, (double)x->quant->scale[0] * power(m, -2, 3));
    return append(m, OP_CONCAT, &at, n, in, q);
}

static ir_tensor *make_pad(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    for (int i = 0; i < 4; ++i)
        at.pad[i] = one_in(m, 2) ? 0 : between(m, 1, 3);
    return append(m, OP_PAD, &at, 1, &x, x->quant);
}

static ir_tensor *make_reshape(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    at.to = (ir_shape){1, {(int32_t)ir_elems(&x->shape)}};
    return append(m, OP_RESHAPE, &at, 1, &x, x->quant);
}

static ir_tensor *make_slice(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .begin = x->shape, .end = x->shape, .step = x->shape};
    for (int d = 0; d < x->shape.rank; ++d) {
        int size = x->shape.dim[d], first = below(m, size), last = between(m, first, size - 1);
        bool backwards = one_in(m, 4);
        if (one_in(m, 3))
            first = 0, last = size - 1;
        at.step.dim[d] = one_in(m, 2) ? 1 : between(m, 1, 3);
        at.begin.dim[d] = backwards ? last : one_in(m, 2) ? first : first - size;
        at.end.dim[d] = backwards ? first - 1 - size * (first == 0) : last + 1 + size * one_in(m, 4);
        at.step.dim[d] *= backwards ? -1 : 1;
    }
    return append(m, OP_SLICE, &at, 1, &x, x->quant);
}

static ir_tensor *make_transpose(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .axes = {.rank = x->shape.rank}};
    for (int d = 0; d < x->shape.rank; ++d) {
        int k = below(m, d + 1); /* an unbiased shuffle */
        at.axes.dim[d] = at.axes.dim[k];
        at.axes.dim[k] = d;
    }
    return append(m, OP_TRANSPOSE, &at, 1, &x, x->quant);
}

/* A ring buffer along the first dimension: what was kept and x, of which the last rows are kept. */
static ir_tensor *make_stream(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .axis = 0}, cut = {.groups = 1};
    ir_shape s = x->shape;
    s.dim[0] = between(m, 1, 4);
    double scale = (double)x->quant->scale[0];
    ir_quant *all_quant = one_in(m, 2) ? x->quant : draw_act_quant(m, scale * power(m, -1, 1));
    ir_tensor *state = draw_activation(m, IR_STATE, "state", &s,
                                  one_in(m, 3) ? draw_act_quant(m, scale * power(m, -1, 1)) : all_quant);
    ir_state *slot = ARENA_NEW(m->ctx->a, ir_state);
    slot->tensor = state;
    *VEC_PUSH(m->ctx->a, &m->g->states) = slot;
    ir_tensor *parts[2] = {state, x};
    ir_tensor *all = append(m, OP_CONCAT, &at, 2, parts, all_quant);
    if (!all)
        return NULL;
    cut.begin = (ir_shape){.rank = s.rank};
    cut.begin.dim[0] = all->shape.dim[0] - s.dim[0];
    cut.end = all->shape;
    ir_attrs copy = {.groups = 1, .to = s}; /* read before the assignment, used after it */
    ir_tensor *before = one_in(m, 2) ? append(m, OP_RESHAPE, &copy, 1, &state, state->quant) : NULL;
    ir_tensor *kept = append(m, OP_SLICE, &cut, 1, &all, all_quant);
    if (!kept)
        return NULL;
    ir_add_op(m->ctx, m->g, OP_ASSIGN, state->name, 1, &kept, 1, &state, loc_none())->at.groups = 1;
    ir_tensor *both[2] = {all, before};
    return before ? append(m, OP_CONCAT, &at, 2, both, all_quant) : all;
}

static ir_tensor *make_reduce(maker *m, ir_tensor *x)
{
    static const ir_opkind kinds[] = {OP_REDUCE_SUM, OP_REDUCE_MEAN, OP_REDUCE_MEAN, OP_REDUCE_MAX, OP_REDUCE_MIN};
    ir_attrs at = {.groups = 1, .keep = one_in(m, 2), .axes = {.rank = between(m, 1, x->shape.rank)}};
    for (int i = 0; i < at.axes.rank; ++i)
        at.axes.dim[i] = between(m, -x->shape.rank, x->shape.rank - 1); /* one twice is one */
    ir_opkind kind = kinds[below(m, 5)];
    double scale = (double)x->quant->scale[0];
    bool own = kind == OP_REDUCE_SUM || (kind == OP_REDUCE_MEAN && one_in(m, 2));
    ir_quant *q = own ? draw_act_quant(m, scale * power(m, kind == OP_REDUCE_SUM ? 0 : -3, 2)) : x->quant;
    return append(m, kind, &at, 1, &x, q);
}

static ir_tensor *make_resize(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .align_corners = one_in(m, 3)};
    at.half_pixel = !at.align_corners && one_in(m, 2);
    for (int a = 0; a < 2; ++a)
        at.kernel[a] = one_in(m, 3) ? x->shape.dim[a] * between(m, 1, 2) : between(m, 1, 13);
    return append(m, one_in(m, 2) ? OP_RESIZE_NEAREST : OP_RESIZE_BILINEAR, &at, 1, &x, x->quant);
}

static ir_tensor *make_dilate(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .stride = {between(m, 1, 3), between(m, 1, 3)}};
    return append(m, OP_DILATE, &at, 1, &x, x->quant);
}

/* The indices are an output: nothing computes with them. */
static ir_tensor *make_argmax(maker *m, ir_tensor *x)
{
    ir_attrs at = {.groups = 1, .keep = one_in(m, 2), .axis = below(m, x->shape.rank)};
    ir_tensor *t = append(m, OP_ARGMAX, &at, 1, &x, x->quant);
    t->type = IR_I32;
    t->quant = NULL;
    t->is_output = true;
    *VEC_PUSH(m->ctx->a, &m->g->outputs) = t;
    return x;
}

static ir_quant *fixed_quant(maker *m, double scale, int32_t zero)
{
    ir_quant *q = draw_act_quant(m, scale);
    draw_zeros(q)[0] = zero;
    return q;
}

static ir_tensor *make_unary(maker *m, ir_tensor *x)
{
    static const ir_opkind kinds[] = {OP_RELU, OP_RELU6, OP_LEAKY_RELU, OP_SIGMOID, OP_TANH, OP_HARD_SWISH,
                                      OP_REQUANTIZE, OP_ELU, OP_GELU, OP_GELU_TANH};
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    at.alpha = one_in(m, 4) ? -0.3 : 0.01 + 0.3 * rng_double(&m->r);
    ir_opkind kind = kinds[below(m, m->wide ? 2 : 10)];
    if (kind == OP_ELU && one_in(m, 2))
        at.alpha = 1;
    ir_quant *q = m->wide || one_in(m, 4) ? x->quant
                                          : draw_act_quant(m, (double)x->quant->scale[0] * power(m, -1, 1));
    if (kind == OP_SIGMOID)
        q = fixed_quant(m, 1.0 / 256, -128);
    if (kind == OP_TANH)
        q = fixed_quant(m, 1.0 / 128, 0);
    return append(m, kind, &at, 1, &x, q);
}

static ir_tensor *make_softmax(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    if (m->wide)
        return make_unary(m, x);
    if (one_in(m, 3))
        return append(m, OP_L2_NORM, &at, 1, &x, fixed_quant(m, 1.0 / 128, 0));
    return append(m, OP_SOFTMAX, &at, 1, &x, fixed_quant(m, 1.0 / 256, -128));
}

/* ---- branches, pads before windows ---------------------------------------------------------- */

/* A convolution that keeps rows and columns. */
static ir_tensor *branch_conv(maker *m, ir_tensor *x, ir_quant *q)
{
    ir_attrs at = plain(m);
    int c = x->shape.dim[2], most = one_in(m, 3) ? 17 : 6;
    bool depthwise = one_in(m, 3);
    at.kernel[0] = one_in(m, 2) ? 1 : 3;
    at.kernel[1] = one_in(m, 2) ? at.kernel[0] : 1;
    for (int i = 0; i < 4; ++i)
        at.pad[i] = at.kernel[i / 2] / 2;
    at.groups = depthwise ? c : 1;
    at.filters = depthwise ? c * between(m, 1, 2) : between(m, 1, most);
    ir_shape s = {4, {at.filters, at.kernel[0], at.kernel[1], c / at.groups}};
    const char *base = arena_printf(m->ctx->a, "branch%d", m->names);
    ir_quant *wq = draw_weight_quant(m, s.dim[0]);
    ir_tensor *in[3] = {x, draw_weights(m, base, &s, wq), draw_biases(m, base, s.dim[0])};
    return append(m, OP_CONV2D, &at, 3, in, q);
}

static ir_tensor *branch_pool(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    for (int i = 0; i < 4; ++i) {
        at.kernel[i / 2] = 3;
        at.pad[i] = 1;
    }
    at.count_all = one_in(m, 2);
    return append(m, one_in(m, 2) ? OP_MAXPOOL : OP_AVGPOOL, &at, 1, &x, x->quant);
}

/* One branch of x, mostly with the quantization q. */
static ir_tensor *make_branch(maker *m, ir_tensor *x, ir_quant *q)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    ir_quant *own = one_in(m, 5) ? draw_act_quant(m, (double)q->scale[0] * power(m, -1, 1)) : q;
    if (one_in(m, 8))
        return x;
    if (x->shape.rank == 3 && one_in(m, 4))
        return branch_pool(m, x);
    if (x->shape.rank == 3 && !one_in(m, 4))
        return branch_conv(m, x, own);
    if (one_in(m, 3)) {
        ir_tensor *in[2] = {x, x};
        return append(m, OP_ADD, &at, 2, in, own);
    }
    return append(m, m->wide ? OP_RELU : OP_REQUANTIZE, &at, 1, &x, m->wide ? x->quant : own);
}

static bool same_but(const ir_shape *a, const ir_shape *b, int axis)
{
    bool same = a->rank == b->rank;
    for (int d = 0; same && d < a->rank; ++d)
        same = d == axis || a->dim[d] == b->dim[d];
    return same;
}

/* Branches of x, or of one another, joined by a concat of rows or of channels. */
static ir_tensor *make_branches(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    at.axis = one_in(m, 2) ? 0 : x->shape.rank - 1;
    ir_quant *q =
        one_in(m, 2) ? x->quant : draw_act_quant(m, (double)x->quant->scale[0] * power(m, -1, 4));
    ir_tensor *in[4];
    int n = between(m, 2, 4);
    for (int i = 0; i < n; ++i) {
        in[i] = make_branch(m, i > 0 && one_in(m, 4) ? in[i - 1] : x, q);
        if (!in[i] || !same_but(&in[i]->shape, &in[0]->shape, at.axis))
            in[i] = i > 0 ? in[0] : x;
    }
    ir_tensor *y = append(m, OP_CONCAT, &at, n, in, one_in(m, 6) ? x->quant : q);
    if (!y || one_in(m, 2))
        return y;
    ir_tensor *more[2] = {y, make_branch(m, y, q)};
    bool fits = more[1] && same_but(&more[1]->shape, &y->shape, at.axis);
    return fits ? append(m, OP_CONCAT, &at, 2, more, q) : y;
}

static ir_tensor *make_window(maker *m, ir_tensor *x)
{
    return one_in(m, 2) ? make_conv(m, x) : make_pool(m, x);
}

/* A pad that one window or two read, or one of rows alone. */
static ir_tensor *make_padded(maker *m, ir_tensor *x)
{
    ir_attrs at = plain(m);
    at.act = IR_ACT_NONE;
    bool rows = one_in(m, 3);
    if (one_in(m, 2))
        x = make_branch(
            m, x, one_in(m, 2) ? x->quant : draw_act_quant(m, (double)x->quant->scale[0] * 4));
    for (int i = 0; x && i < 4; ++i)
        at.pad[i] = (rows && i >= 2) || one_in(m, 4) ? 0 : between(m, 1, 2);
    ir_tensor *y = x ? append(m, OP_PAD, &at, 1, &x, x->quant) : NULL;
    if (!y || one_in(m, 4))
        return y;
    ir_tensor *first = make_window(m, y);
    if (first && one_in(m, 3)) {
        first->is_output = true;
        *VEC_PUSH(m->ctx->a, &m->g->outputs) = first;
        first = make_window(m, y);
    }
    return first;
}

/* ---- any of them --------------------------------------------------------------------------- */

typedef ir_tensor *(*make_fn)(maker *m, ir_tensor *x);

/* Operators for tensors of height, width, channels, and those for all. */
static const make_fn spatial[] = {make_conv, make_conv, make_conv, make_pool, make_pool, make_global,
                                  make_pad, make_resize, make_dilate};
static const make_fn any[] = {make_dense, make_eltwise, make_eltwise, make_concat, make_unary,
                              make_unary, make_reshape, make_softmax, make_slice, make_transpose, make_stream,
                              make_reduce, make_reduce, make_argmax};

ir_tensor *draw_operator(maker *m, ir_tensor *x)
{
    if (x->shape.rank == 3 && poor_one_in(m, 2))
        return make_conv(m, x);
    if (m->joined && rng_below(&m->b, 2) == 0)
        return x->shape.rank == 3 && one_in(m, 3) ? make_padded(m, x) : make_branches(m, x);
    if (x->shape.rank == 3 && !one_in(m, 3))
        return spatial[below(m, sizeof spatial / sizeof *spatial)](m, x);
    return any[below(m, sizeof any / sizeof *any)](m, x);
}
