/* random_net.c - random integer nets, valid by construction (random_net.h). Their tensors are drawn in
 * random_values.c, their operators in random_operators.c. */
#include "tests/emit/random_maker.h"

#include "compiler/quant/quant.h"

static void add_output(maker *m, ir_tensor *t)
{
    if (t->is_output)
        return;
    t->is_output = true;
    *VEC_PUSH(m->ctx->a, &m->g->outputs) = t;
}

static ir_tensor *first_input(maker *m)
{
    static const int channels[] = {1, 2, 3, 4, 5, 6, 8, 12, 16, 17, 32};
    ir_shape s = {3, {between(m, 1, 9), between(m, 1, 9), channels[below(m, 11)]}};
    if (one_in(m, 6))
        s = (ir_shape){1, {between(m, 1, 60)}};
    if (one_in(m, 40))
        s = (ir_shape){1, {between(m, 500, 1200)}};
    return draw_activation(m, IR_INPUT, "x", &s, draw_act_quant(m, power(m, -7, -1)));
}

/* A QUANTIZED graph of 1 to 4 operators, or NULL. */
static ir_graph *draw_net(qctx *ctx, uint64_t seed, maker *m)
{
    *m = (maker){.ctx = ctx};
    rng_seed(&m->r, seed);
    rng_seed(&m->p, seed ^ 0x9002);
    m->poor = rng_below(&m->p, 3) == 0;
    rng_seed(&m->b, seed ^ 0xb4a2);
    m->joined = rng_below(&m->b, 3) == 0;
    m->g = ir_new(ctx, arena_printf(ctx->a, "net%llu", (unsigned long long)seed));
    m->g->stage = IR_QUANTIZED;
    m->mode = (ir_numerics)below(m, 4);
    m->wide = (m->mode == IR_NUM_Q32 || m->mode == IR_NUM_ONNX) && one_in(m, 5);
    ir_tensor *x = first_input(m);
    int n = between(m, 1, 4) + m->poor;
    for (int i = 0; i < n && x; ++i) {
        x = draw_operator(m, x);
        if (x && one_in(m, 6))
            add_output(m, x);
    }
    if (!x)
        return NULL;
    add_output(m, x);
    return ir_verify(ctx, m->g, "random") ? m->g : NULL;
}

ir_graph *random_net(qctx *ctx, uint64_t seed)
{
    maker m;
    ir_graph *g = draw_net(ctx, seed, &m);
    if (!g || !legalize(ctx, g, m.mode) || !ir_verify(ctx, g, "legalize"))
        return NULL;
    g->lean = lean_graph(ctx, g, 1);
    return !g->lean || ir_verify(ctx, g->lean, "lean") ? g : NULL;
}

/* ---- float -------------------------------------------------------------------------------- */

/* Replaces a constant's codes by values in [-1, 1) / √terms. */
static void make_real(maker *m, ir_tensor *t)
{
    int64_t n = ir_elems(&t->shape);
    double scale = 1 / sqrt((double)(t->shape.rank > 1 ? n / t->shape.dim[0] : 1));
    float *v = ARENA_ARRAY(m->ctx->a, float, n);
    for (int64_t i = 0; i < n; ++i)
        v[i] = (float)((2 * rng_double(&m->r) - 1) * scale);
    t->data = v;
}

ir_graph *random_float_net(qctx *ctx, uint64_t seed)
{
    maker m;
    ir_graph *g = draw_net(ctx, seed, &m);
    for (int i = 0; g && i < g->tensors.n; ++i) {
        ir_tensor *t = g->tensors.v[i];
        t->type = IR_F32;
        t->quant = NULL;
        if (t->kind == IR_CONST)
            make_real(&m, t);
    }
    if (g)
        g->stage = IR_FOLDED;
    return g && ir_verify(ctx, g, "random float") ? g : NULL;
}

void random_row(const ir_tensor *t, int row, rng *r, void *codes)
{
    for (int64_t i = 0; i < ir_elems(&t->shape) && t->type == IR_F32; ++i)
        ((float *)codes)[i] = (float)(4 * rng_double(r) - 2);
    if (t->type == IR_F32)
        return;
    int lo = t->type == IR_I16 ? INT16_MIN : INT8_MIN, hi = -(lo + 1);
    for (int64_t i = 0; i < ir_elems(&t->shape); ++i) {
        int v = row == 1 ? lo : row == 2 ? hi : lo + (int)rng_below(r, (uint64_t)(hi - lo + 1));
        if (t->type == IR_I16)
            ((int16_t *)codes)[i] = (int16_t)v;
        else
            ((int8_t *)codes)[i] = (int8_t)v;
    }
}
