/* random_values.c - tensors of random nets: quantizations, activations, weights, biases. */
#include "tests/emit/random_maker.h"

#include "compiler/quant/grid.h"

/* ---- tensors ------------------------------------------------------------------------------ */

static const char *name(maker *m, const char *word)
{
    return arena_printf(m->ctx->a, "%s%d", word, m->names++);
}

static ir_quant *new_quant(maker *m, int n, int axis)
{
    ir_quant *q = ARENA_NEW(m->ctx->a, ir_quant);
    q->axis = axis;
    q->n = n;
    q->bits = 8;
    q->symmetric = true;
    q->scale = ARENA_ARRAY(m->ctx->a, float, n);
    q->zero = ARENA_ARRAY(m->ctx->a, int32_t, n);
    return q;
}

/* const in ir_quant; the maker has just made these. */
static float *scales(const ir_quant *q)
{
    return (float *)(uintptr_t)q->scale;
}

int32_t *draw_zeros(const ir_quant *q)
{
    return (int32_t *)(uintptr_t)q->zero;
}

ir_quant *draw_act_quant(maker *m, double scale)
{
    static const int32_t special[] = {-128, 127, 0, -1};
    ir_quant *q = new_quant(m, 1, -1);
    q->bits = m->wide ? 16 : 8;
    q->symmetric = false;
    scales(q)[0] = (float)scale;
    draw_zeros(q)[0] = one_in(m, 2) ? special[below(m, 4)] : between(m, -128, 127);
    if (m->wide && one_in(m, 3))
        draw_zeros(q)[0] = between(m, -32768, 32767);
    if (poor_one_in(m, 2)) /* relu leaves nothing of a channel below it */
        draw_zeros(q)[0] = -128;
    return q;
}

ir_tensor *draw_activation(maker *m, ir_tkind kind, const char *word, const ir_shape *s, ir_quant *q)
{
    ir_type type = q->bits == 16 ? IR_I16 : IR_I8;
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, name(m, word), kind, type, s, loc_none());
    t->quant = q;
    return t;
}

static ir_tensor *constant(maker *m, const char *base, const char *what, ir_type type,
                           const ir_shape *s, const void *data)
{
    const char *full = arena_printf(m->ctx->a, "%s.%s", base, what);
    ir_tensor *t = ir_add_tensor(m->ctx, m->g, full, IR_CONST, type, s, loc_none());
    t->data = data;
    return t;
}

/* ---- weights ------------------------------------------------------------------------------ */

/* A codebook of 2 to 64 entries of int8, or more of int16. */
static ir_quant *weight_codebook(maker *m, int channels)
{
    bool large = one_in(m, 4) && !m->wide, each = !one_in(m, 3);
    ir_quant *q = new_quant(m, each ? channels : 1, each ? 0 : -1);
    q->scheme = IR_Q_CODEBOOK;
    q->entries = large ? between(m, 65, 256) : one_in(m, 4) ? between(m, 2, 64) : 16;
    for (q->bits = 1; 1 << q->bits < q->entries;)
        q->bits++;
    q->table_type = large ? IR_I16 : IR_I8;
    q->table_per_channel = each && one_in(m, 3);
    int64_t n = (int64_t)q->entries * (q->table_per_channel ? channels : 1);
    int16_t *table = ARENA_ARRAY(m->ctx->a, int16_t, n);
    for (int64_t i = 0; i < n; ++i)
        table[i] = (int16_t)(large ? between(m, -8191, 8191) : between(m, -128, 127));
    q->table = table;
    double base = power(m, -10, -4);
    for (int c = 0; c < q->n; ++c)
        scales(q)[c] = (float)(base * power(m, -1, 1));
    return q;
}

/* A grid for weights of n channels. */
static ir_quant *weight_quant(maker *m, int channels)
{
    static const int bits[] = {8, 8, 4, 4, 3, 2, 7, 16, 1};
    bool each = !one_in(m, 3);
    ir_quant *q = new_quant(m, each ? channels : 1, each ? 0 : -1);
    q->grid = one_in(m, 4) ? IR_GRID_MIDPOINT : IR_GRID_TREAD;
    q->symmetric = !one_in(m, 4);
    q->bits = bits[below(m, q->grid == IR_GRID_MIDPOINT ? 9 : 8)];
    if (m->wide && q->bits == 16)
        q->bits = 4;
    double base = power(m, -10, -4);
    for (int c = 0; c < q->n; ++c) {
        scales(q)[c] = (float)(base * power(m, -1, 1));
        if (c > 0 && poor_one_in(m, 3)) /* a multiplier near 1e-9, or none */
            scales(q)[c] *= poor_one_in(m, 2) ? 0x1p-28f : 0x1p-70f;
        if (q->grid == IR_GRID_MIDPOINT)
            draw_zeros(q)[c] = q->symmetric ? -(1 << q->bits) : between(m, -300, 300);
        else
            draw_zeros(q)[c] = q->symmetric ? 0 : between(m, -(1 << (q->bits - 1)), (1 << (q->bits - 1)) - 1);
    }
    return q;
}

ir_quant *draw_weight_quant(maker *m, int channels)
{
    return one_in(m, 4) ? weight_codebook(m, channels) : weight_quant(m, channels);
}

/* Zeros in some filters, input channels, rows and columns of the kernel. */
static void make_poor(maker *m, const ir_shape *s, int8_t *codes, int16_t *wide)
{
    bool dead[4][64] = {0};
    for (int d = 0; d < s->rank; ++d)
        for (int k = 0; k < s->dim[d] && k < 64; ++k)
            dead[d][k] = poor_one_in(m, 5);
    for (int64_t i = 0; i < ir_elems(s); ++i) {
        int64_t rest = i;
        for (int d = s->rank - 1; d >= 0; rest /= s->dim[d], --d)
            if (rest % s->dim[d] < 64 && dead[d][rest % s->dim[d]])
                codes[i] = 0, wide[i] = 0;
    }
}

/* Codes that verify's rule for the grid allows: symmetric midpoint below 8 bits has odd ones only. */
ir_tensor *draw_weights(maker *m, const char *base, const ir_shape *s, ir_quant *q)
{
    int64_t n = ir_elems(s);
    int8_t *codes = ARENA_ARRAY(m->ctx->a, int8_t, n);
    int16_t *wide = ARENA_ARRAY(m->ctx->a, int16_t, n);
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    bool odd = q->grid == IR_GRID_MIDPOINT && q->symmetric && q->bits <= 7;
    int extreme = one_in(m, 8) ? between(m, 1, 2) : 0;
    for (int64_t i = 0; i < n; ++i) {
        int32_t v = extreme == 1 ? lo : extreme == 2 ? hi : between(m, lo, hi);
        codes[i] = (int8_t)(odd && v % 2 == 0 ? v + 1 : v);
        wide[i] = (int16_t)v;
    }
    if (!odd && q->scheme == IR_Q_UNIFORM)
        make_poor(m, s, codes, wide);
    ir_tensor *t = q->bits > 8 ? constant(m, base, "weight", IR_I16, s, wide)
                   : q->scheme == IR_Q_CODEBOOK ? constant(m, base, "weight", IR_U8, s, codes)
                                                : constant(m, base, "weight", IR_I8, s, codes);
    t->quant = q;
    return t;
}

/* Small, or near ±2^30, or beyond int32. */
ir_tensor *draw_biases(maker *m, const char *base, int channels)
{
    ir_shape s = {1, {channels}};
    bool huge = one_in(m, 24), large = one_in(m, 12);
    int64_t *wide = ARENA_ARRAY(m->ctx->a, int64_t, channels);
    int32_t *narrow = ARENA_ARRAY(m->ctx->a, int32_t, channels);
    for (int c = 0; c < channels; ++c) {
        int64_t v = between(m, -20000, 20000);
        if (large && one_in(m, 2))
            v *= 50000;
        if (poor_one_in(m, 4))
            v = (poor_one_in(m, 2) ? 1 : -1) * (INT64_C(1) << 30) + between(m, -9, 9);
        narrow[c] = (int32_t)v;
        wide[c] = v * between(m, -400000, 400000);
    }
    return huge ? constant(m, base, "bias", IR_I64, &s, wide)
                : constant(m, base, "bias", IR_I32, &s, narrow);
}

/* Scale of the output of a layer of K terms: most sums land inside the codes, some far outside. */
double draw_layer_scale(maker *m, double in, const ir_quant *w, int64_t terms)
{
    double ratio = 128 / (2 * 5400 * sqrt((double)terms)) * power(m, -3, 3) *
                   (w->bits < 5 ? 8 : 1) * (m->wide && one_in(m, 2) ? 0.004 * 256 : 1);
    if (one_in(m, 12))
        ratio = power(m, -36, 6);
    return in * (double)w->scale[0] / ratio;
}
