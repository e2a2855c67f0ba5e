/* test_legalize.c - integer parameters: what legalize bakes is what the oracle's formulas mean, what
 * bounds promise holds for the worst inputs, and what has no formula is refused. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/arith.h"
#include "tests/unit/nets.h"

static const ir_numerics all_modes[] = { IR_NUM_Q32, IR_NUM_TFLM, IR_NUM_SINGLE, IR_NUM_ONNX };

static int below(rng *r, int n) { return (int)rng_below(r, (uint64_t)n); }

/* ---- random convolutions -------------------------------------------------------------------------- */

typedef struct conv_case {
    net_kit k;
    ir_op *op;
    ir_tensor *x, *w, *b;
} conv_case;

/* Weights on any uniform grid; scales per channel or one. */
static ir_tensor *random_weights(net_kit *k, rng *r, ir_shape shape)
{
    int filters = shape.dim[0], bits = 1 + below(r, 8);
    bool symmetric = below(r, 2), channels = below(r, 2);
    ir_grid grid = bits == 1 || below(r, 2) ? IR_GRID_MIDPOINT : IR_GRID_TREAD;
    int n = channels ? filters : 1;
    double *lo = ARENA_ARRAY(k->ctx->a, double, n), *hi = ARENA_ARRAY(k->ctx->a, double, n);
    for (int i = 0; i < n; i++) {
        lo[i] = -0.1 - rng_double(r);
        hi[i] = symmetric ? -lo[i] : 0.2 + rng_double(r);
    }
    ir_tensor *w = kit_tensor(k, IR_CONST, IR_I8, shape);
    w->quant = quant_uniform(k->ctx, grid, symmetric, false, bits, channels ? 0 : -1, n, lo, hi);
    int8_t *codes = ARENA_ARRAY(k->ctx->a, int8_t, ir_elems(&shape));
    for (int64_t i = 0; i < ir_elems(&shape); i++)
        codes[i] = (int8_t)quant_encode(w->quant, quant_channel(w->quant, &shape, i),
                                        2.4 * (rng_double(r) - 0.5), NULL);
    w->data = codes;
    return w;
}

static conv_case random_conv(rng *r, ir_type type, float out_scale)
{
    conv_case c = { .k = kit_new(IR_QUANTIZED) };
    int groups = 1 + below(r, 3), deep = 1 + below(r, 3), filters = groups * (1 + below(r, 2));
    int height = 3 + below(r, 4), width = 2 + below(r, 5);
    ir_attrs at = { .groups = groups, .stride = { 1 + below(r, 2), 1 + below(r, 3) },
                    .dilation = { 1 + below(r, 2), 1 }, .act = (ir_act)below(r, 3) };
    for (int i = 0; i < 4; i++)
        at.pad[i] = below(r, 3);
    at.pad[0] += 1;
    c.x = kit_input(&c.k, SHAPE(height, width, groups * deep), 0.05f, below(r, 256) - 128);
    c.x->type = type;
    c.w = random_weights(&c.k, r, SHAPE(filters, 1 + below(r, 2), 1 + below(r, 2), deep));
    int32_t bias[6];
    for (int i = 0; i < filters; i++)
        bias[i] = below(r, 2001) - 1000;
    c.b = kit_const(&c.k, IR_I32, SHAPE(filters), bias);
    c.op = kit_op(&c.k, OP_CONV2D, at, 3, (ir_tensor *[]){ c.x, c.w, c.b }, out_scale,
                  below(r, 256) - 128);
    c.op->out[0]->type = type;
    if (type == IR_I16)
        c.x->quant->bits = c.op->out[0]->quant->bits = 16;
    kit_output(&c.k, c.op);
    return c;
}

/* Real output without rounding: dequantized inputs scattered through dequantized weights. */
static void conv_in_reals(const conv_case *c, const int32_t *in, double *out)
{
    const int32_t *xd = c->x->shape.dim, *wd = c->w->shape.dim, *od = c->op->out[0]->shape.dim;
    const ir_attrs *at = &c->op->at;
    int per_group = od[2] / at->groups;
    double sx = (double)c->x->quant->scale[0];
    for (int64_t i = 0; i < ir_elems(&c->op->out[0]->shape); i++) {
        int o = (int)(i % od[2]);
        double sw = (double)c->w->quant->scale[c->w->quant->n > 1 ? o : 0];
        out[i] = ((const int32_t *)c->b->data)[o] * sx * sw;
    }
    for (int i = 0; i < xd[0] * xd[1] * xd[2]; i++) {
        int ch = i % xd[2], x = i / xd[2] % xd[1], y = i / xd[2] / xd[1];
        double v = sx * (in[i] - c->x->quant->zero[0]);
        for (int o = 0; o < od[2]; o++)
            for (int t = 0; t < wd[1] * wd[2]; t++) {
                int oy = y + at->pad[0] - t / wd[2] * at->dilation[0];
                int ox = x + at->pad[2] - t % wd[2] * at->dilation[1];
                if (o / per_group != ch / wd[3] || oy < 0 || ox < 0 || oy % at->stride[0] ||
                    ox % at->stride[1] || oy / at->stride[0] >= od[0] || ox / at->stride[1] >= od[1])
                    continue;
                int64_t wi = ((int64_t)o * wd[1] * wd[2] + t) * wd[3] + ch % wd[3];
                out[((oy / at->stride[0]) * od[1] + ox / at->stride[1]) * od[2] + o] +=
                    v * quant_value(c->w->quant, o, ((const int8_t *)c->w->data)[wi]);
            }
    }
}

/* One accumulator as emitted code takes it: folded bias, raw codes, padding at the zero point. */
static int64_t folded_acc(const conv_case *c, const int32_t *in, int64_t element)
{
    const ir_iparams *q = c->op->q;
    const ir_attrs *at = &c->op->at;
    const int32_t *xd = c->x->shape.dim, *wd = c->w->shape.dim, *od = c->op->out[0]->shape.dim;
    int o = (int)(element % od[2]), ox = (int)(element / od[2] % od[1]), oy = (int)(element / od[2] / od[1]);
    int64_t acc = q->bias[o];
    for (int t = 0; t < wd[1] * wd[2] * wd[3]; t++) {
        int y = oy * at->stride[0] - at->pad[0] + t / wd[3] / wd[2] * at->dilation[0];
        int x = ox * at->stride[1] - at->pad[2] + t / wd[3] % wd[2] * at->dilation[1];
        int ch = o / (od[2] / at->groups) * wd[3] + t % wd[3];
        bool inside = y >= 0 && y < xd[0] && x >= 0 && x < xd[1];
        int32_t code = inside ? in[(y * xd[1] + x) * xd[2] + ch] : q->in_zero[0];
        int32_t w = ((const int8_t *)c->w->data)[(int64_t)o * wd[1] * wd[2] * wd[3] + t];
        acc += (int64_t)(q->wmul * w + q->wadd + (q->wzero ? q->wzero[o] : 0)) * code;
    }
    assert_true(acc <= q->bound[o] && -acc <= q->bound[o]);
    return acc;
}

static int32_t requantized(const ir_iparams *q, int o, int64_t acc)
{
    int64_t v;
    if (q->mode == IR_NUM_ONNX) {
        v = arith_scale_onnx(acc, q->out.fscale[o]);
    } else if (q->mode == IR_NUM_Q32) {
        int64_t a = arith_round_up_shr(acc, q->out.down[o]) * arith_pow2(q->out.shift[o]);
        a = q->out.sat[o] ? arith_sat32(a) : a;
        assert_true(a == (int32_t)a); /* what was dropped cannot be needed */
        v = arith_shr(a * q->out.mult[o] + arith_pow2(31), 32);
    } else {
        int64_t left = q->mode == IR_NUM_TFLM && q->out.shift[o] > 0 ? q->out.shift[o] : 0;
        assert_true(q->out.sat[o] || acc * arith_pow2((int)left) == (int32_t)(acc * arith_pow2((int)left)));
        v = arith_scale_q31(acc, q->out.mult[o], q->out.shift[o], q->mode == IR_NUM_SINGLE);
    }
    return (int32_t)arith_clamp(v + q->out_zero, q->lo, q->hi);
}

static void check_conv(conv_case *c, rng *r)
{
    enum { MOST = 1024 };
    int32_t in[MOST];
    int16_t typed[MOST];
    int16_t out[MOST];
    double real[MOST];
    bool wide = c->x->type == IR_I16;
    int64_t n = ir_elems(&c->x->shape), m = ir_elems(&c->op->out[0]->shape);
    assert_true(n <= MOST && m <= MOST);
    int extreme = below(r, 3);
    for (int64_t i = 0; i < n; i++) {
        int32_t top = wide ? 32768 : 128;
        in[i] = extreme ? (below(r, 2) ? -top : top - 1) : below(r, 2 * top) - top;
        if (wide)
            typed[i] = (int16_t)in[i];
        else
            ((int8_t *)typed)[i] = (int8_t)in[i];
    }
    kit_run(&c->k, (const void *[]){ typed }, out);
    conv_in_reals(c, in, real);
    const ir_iparams *q = c->op->q;
    for (int64_t i = 0; i < m; i++) {
        int o = (int)(i % c->op->out[0]->shape.dim[2]);
        int32_t got = wide ? out[i] : ((const int8_t *)out)[i];
        assert_int_equal(got, requantized(q, o, folded_acc(c, in, i)));
        double want = real[i] / (double)c->op->out[0]->quant->scale[0] + q->out_zero;
        want = fmin(q->hi, fmax(q->lo, want));
        assert_true(fabs(got - want) <= 1 + fabs(want) * 1e-6);
    }
}

static void convolutions_on_every_grid(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 11);
    for (int i = 0; i < 400; i++) {
        conv_case c = random_conv(&r, IR_I8, (float)ldexp(1 + rng_double(&r), below(&r, 14) - 10));
        assert_true(legalize(c.k.ctx, c.k.g, all_modes[i % 4]));
        assert_int_equal(c.k.g->stage, IR_LEGAL);
        assert_int_equal(diag_count(c.k.ctx), 0);
        check_conv(&c, &r);
        kit_free(&c.k);
    }
}

static void convolutions_of_int16(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 12);
    int wide = 0;
    for (int i = 0; i < 200; i++) {
        conv_case c = random_conv(&r, IR_I16, (float)ldexp(1 + rng_double(&r), below(&r, 8) - 6));
        assert_true(legalize(c.k.ctx, c.k.g, i % 2 ? IR_NUM_ONNX : IR_NUM_Q32));
        wide += c.op->q->acc_type == IR_I64;
        assert_int_equal(c.op->q->out_zero, c.op->out[0]->quant->zero[0]);
        check_conv(&c, &r);
        kit_free(&c.k);
    }
    assert_true(wide < 200);
}

/* ---- bounds ----------------------------------------------------------------------------------------- */

typedef struct dense_case {
    net_kit k;
    ir_op *op;
} dense_case;

/* One dense layer of n inputs whose weights are all w, with bias b. */
static dense_case dense_of(int n, int8_t w, int64_t b, float out_scale)
{
    dense_case d = { .k = kit_new(IR_QUANTIZED) };
    int8_t *codes = ARENA_ARRAY(d.k.ctx->a, int8_t, n);
    memset(codes, (uint8_t)w, (size_t)n);
    ir_tensor *t[3] = { kit_input(&d.k, SHAPE(n), 0.5f, -128),
                        kit_weights(&d.k, SHAPE(1, n), codes, 0.5f),
                        kit_const(&d.k, IR_I64, SHAPE(1), &b) };
    d.op = kit_op(&d.k, OP_DENSE, (ir_attrs){ 0 }, 3, t, out_scale, 0);
    kit_output(&d.k, d.op);
    return d;
}

static void bound_is_the_contracts(void **state)
{
    (void)state;
    dense_case d = dense_of(10, -3, 50, 1);
    assert_true(legalize(d.k.ctx, d.k.g, IR_NUM_Q32));
    const ir_iparams *q = d.op->q;
    assert_int_equal(q->bias[0], 50 - 128 * 30); /* −zx·Σw = −(−128)(−30) */
    assert_int_equal(q->bound[0], 128 * 30 - 50 + 128 * 30);
    assert_int_equal(q->acc_type, IR_I32);
    assert_int_equal(q->bias_type, IR_I32);
    kit_free(&d.k);
}

/* Behind a relu with zero point −128 all codes arrive; with zero point 100 only 100…127. */
static void bound_knows_the_relu(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    const int8_t one[] = { 1 };
    ir_tensor *t[2] = { kit_input(&k, SHAPE(1), 1, 0), kit_weights(&k, SHAPE(1, 1), one, 1) };
    ir_op *a = kit_op(&k, OP_DENSE, (ir_attrs){ .act = IR_ACT_RELU }, 2, t, 1, 100);
    ir_tensor *u[2] = { a->out[0], t[1] };
    ir_op *b = kit_op(&k, OP_DENSE, (ir_attrs){ 0 }, 2, u, 1, 0);
    kit_output(&k, b);
    assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
    assert_int_equal(a->q->lo, 100);
    assert_int_equal(b->q->bias[0], -100);
    assert_int_equal(b->q->bound[0], 100 + 127);
    kit_free(&k);
}

/* A table whose codes are all near 0, but real zero, which pads hold, is the code −128. */
static void bound_knows_the_pads(void **state)
{
    (void)state;
    for (int pad = 0; pad < 2; pad++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *x = kit_input(&k, SHAPE(1, 1, 1), 0.0001f, 0);
        ir_op *a = kit_op(&k, OP_SIGMOID, (ir_attrs){ 0 }, 1, &x, 1.0f / 256, -128);
        ir_tensor *u[2] = { a->out[0], kit_weights(&k, SHAPE(1, 1, 1, 1), (const int8_t[]){ 3 }, 1) };
        ir_op *b = kit_op(&k, OP_CONV2D, (ir_attrs){ .pad = { pad, 0, 0, 0 } }, 2, u, 1, 0);
        kit_output(&k, b);
        assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
        int64_t most = 1; /* sigmoid(±0.0128)·256 − 128 */
        assert_true(b->q->bound[0] == 3 * 128 + 3 * (pad ? 128 : most));
        kit_free(&k);
    }
}

/* A ratio of 2^18: the shift to the left overflows for large accumulators, and saturates. */
static void large_ratios_saturate(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        dense_case d = dense_of(64, 127, -64 * 127 * 128, 0x1p-20f);
        assert_true(legalize(d.k.ctx, d.k.g, all_modes[m]));
        assert_true(d.op->q->ratio[0] == 0x1p18);
        if (all_modes[m] == IR_NUM_Q32 || all_modes[m] == IR_NUM_TFLM)
            assert_int_equal(d.op->q->out.sat[0], 1);
        int8_t in[64], out;
        for (int sign = -1; sign <= 1; sign++) {
            memset(in, sign == 1 ? 127 : sign == 0 ? 0 : 0x80, sizeof in);
            kit_run(&d.k, (const void *[]){ in }, &out);
            assert_int_equal(out, sign == 1 ? 127 : sign == 0 ? 0 : -128);
        }
        kit_free(&d.k);
    }
}

static void bound_counts_the_sum_of_inputs(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    const double lo = -0.2, hi = 1.0;
    ir_tensor *x = kit_input(&k, SHAPE(4), 1, 0);
    ir_tensor *w = kit_const(&k, IR_I8, SHAPE(1, 4), (int8_t[]){ 1, -2, 3, -4 });
    w->quant = quant_uniform(k.ctx, IR_GRID_MIDPOINT, false, false, 8, -1, 1, &lo, &hi);
    ir_op *op = kit_op(&k, OP_DENSE, (ir_attrs){ 0 }, 2, (ir_tensor *[]){ x, w }, 1, 0);
    kit_output(&k, op);
    assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
    assert_int_equal(op->q->wmul, 2);
    assert_int_equal(op->q->wadd, 257 + w->quant->zero[0]);
    assert_int_equal(op->q->bound[0], 128 * (2 * 10 + 4 * abs(op->q->wadd)));
    kit_free(&k);
}

/* 140,000 weights of 127 exceed int32: wider, said, and pre-shifted. */
static void beyond_int32(void **state)
{
    (void)state;
    enum { N = 140000 };
    for (int m = 0; m < 4; m++) {
        dense_case d = dense_of(N, 127, 0, 40000);
        assert_true(legalize(d.k.ctx, d.k.g, all_modes[m]));
        const ir_iparams *q = d.op->q;
        int64_t bound = (int64_t)2 * 128 * 127 * N;
        assert_true(q->bound[0] == bound);
        assert_int_equal(q->acc_type, IR_I64);
        assert_int_equal(q->bias_type, IR_I64);
        assert_true(kit_has(&d.k, D_ACC_WIDE));
        if (all_modes[m] == IR_NUM_Q32)
            assert_int_equal(q->out.down[0], arith_q32_down(bound));
        int8_t *in = ARENA_ARRAY(d.k.ctx->a, int8_t, N), out;
        memset(in, 127, N);
        kit_run(&d.k, (const void *[]){ in }, &out);
        /* 255·127·N/4/40000 = 28336 clamps; 40·127/4/40000 is 0 */
        assert_int_equal(out, 127);
        memset(in, -128, N);
        memset(in, -127, 40);
        kit_run(&d.k, (const void *[]){ in }, &out);
        assert_int_equal(out, 0);
        assert_true(prove_bounds(d.k.ctx, d.k.g, false));
        assert_int_equal(diag_warnings(d.k.ctx), 1); /* said once */
        assert_false(prove_bounds(d.k.ctx, d.k.g, true));
        assert_true(kit_has(&d.k, D_ACC_STRICT));
        kit_free(&d.k);
    }
}

static void pre_shift_keeps_the_value(void **state)
{
    (void)state;
    enum { N = 140000 };
    dense_case d = dense_of(N, 127, 0, 40000000);
    assert_true(legalize(d.k.ctx, d.k.g, IR_NUM_Q32));
    int8_t *in = ARENA_ARRAY(d.k.ctx->a, int8_t, N), out;
    for (int code = -128; code <= 127; code += 5) {
        memset(in, (uint8_t)code, N);
        kit_run(&d.k, (const void *[]){ in }, &out);
        double want = (code + 128.0) * 127 * N / 4 / 40000000;
        assert_true(fabs(out - want) <= 0.75 + d.op->q->ratio[0] * 2);
    }
    kit_free(&d.k);
}

static void hopeless_accumulators_are_refused(void **state)
{
    (void)state;
    dense_case d = dense_of(4, 127, INT64_MAX / 2, 1);
    assert_false(legalize(d.k.ctx, d.k.g, IR_NUM_Q32));
    assert_true(kit_has(&d.k, D_ACC_RANGE));
    kit_free(&d.k);
}

static void proving_again_changes_nothing(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 13);
    conv_case c = random_conv(&r, IR_I8, 0.01f);
    assert_true(legalize(c.k.ctx, c.k.g, IR_NUM_Q32));
    ir_iparams before = *c.op->q;
    assert_true(prove_bounds(c.k.ctx, c.k.g, true));
    for (int i = 0; i < before.channels; i++) {
        assert_int_equal(before.out.mult[i], c.op->q->out.mult[i]);
        assert_int_equal(before.out.shift[i], c.op->q->out.shift[i]);
        assert_true(before.bound[i] == c.op->q->bound[i] && before.bias[i] == c.op->q->bias[i]);
    }
    kit_free(&c.k);
}

/* ---- modes ------------------------------------------------------------------------------------------ */

/* tflm takes a per-tensor dense layer's scale product in float32 first. */
static void dense_product_in_float(void **state)
{
    (void)state;
    const float in = 0.1f, weight = 0.3f, out = 0.7f;
    volatile float product = in * weight;
    double rounded = (double)product / (double)out;
    double exact = ((double)in * (double)weight) / (double)out;
    assert_true(rounded != exact);
    for (int m = 0; m < 4; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        const int8_t one[] = { 1, 1 };
        ir_tensor *t[2] = { kit_input(&k, SHAPE(1), in, 0), kit_weights(&k, SHAPE(2, 1), one, weight) };
        ir_op *op = kit_op(&k, OP_DENSE, (ir_attrs){ 0 }, 2, t, out, 0);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, all_modes[m]));
        volatile float quotient = product / out;
        double want = all_modes[m] == IR_NUM_Q32 ? exact : all_modes[m] == IR_NUM_ONNX ? (double)quotient
                                                                                       : rounded;
        assert_true(op->q->ratio[0] == want);
        kit_free(&k);
    }
}

static void mean_divides_the_multiplier(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, SHAPE(5, 5, 2), 0.5f, 3);
    ir_op *op = kit_op(&k, OP_GLOBAL_AVGPOOL, (ir_attrs){ 0 }, 1, &x, 0.5f, 3);
    kit_output(&k, op);
    assert_true(legalize(k.ctx, k.g, IR_NUM_TFLM));
    /* M = 1 = 2^30·2^(1−31); ⌊log2 25⌋ = 4: ⌊2^34/25⌋, shift 1 − 4 */
    assert_int_equal(op->q->out.mult[0], 687194767);
    assert_int_equal(op->q->out.shift[0], -3);
    assert_int_equal(op->q->bias[0], -75);
    kit_free(&k);
}

/* M = 2^-30 leaves room for a shift of 2 only: the multiplier loses bits, as in TFLite. */
static void mean_of_tiny_ratios(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, SHAPE(5, 5, 2), 0x1p-30f, 0);
    ir_op *op = kit_op(&k, OP_GLOBAL_AVGPOOL, (ir_attrs){ 0 }, 1, &x, 1, 0);
    kit_output(&k, op);
    assert_true(legalize(k.ctx, k.g, IR_NUM_SINGLE));
    assert_int_equal(op->q->out.mult[0], ((int64_t)1 << 32) / 25);
    assert_int_equal(op->q->out.shift[0], -31);
    kit_free(&k);
}

/* Exhaustive at int8: within half a code and 2^-12 of the real sum, in int32 by any order. */
static void add_stays_in_int32(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 14);
    for (int i = 0; i < 40; i++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *t[2];
        for (int j = 0; j < 2; j++)
            t[j] = kit_input(&k, SHAPE(1), (float)ldexp(1 + rng_double(&r), below(&r, 3) - 2),
                             below(&r, 256) - 128);
        ir_op *op = kit_op(&k, OP_ADD, (ir_attrs){ 0 }, 2, t, (float)(1.5 + rng_double(&r)),
                           below(&r, 256) - 128);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
        const ir_iparams *q = op->q;
        double step = (double)op->out[0]->quant->scale[0];
        assert_true(q->bound[0] <= INT32_MAX && q->right_shift >= 19);
        for (int x1 = -128; x1 < 128; x1 += 3)
            for (int x2 = -128; x2 < 128; x2 += 5) {
                int64_t a = q->bias[0] + (int64_t)x1 * q->in[0].mult[0];
                int64_t sum = a + (int64_t)x2 * q->in[1].mult[0];
                assert_true(a == (int32_t)a && sum == (int32_t)sum);
                double want = ((double)t[0]->quant->scale[0] * (x1 - q->in_zero[0]) +
                               (double)t[1]->quant->scale[0] * (x2 - q->in_zero[1])) / step;
                assert_true(fabs((double)arith_shr(sum, q->right_shift) - q->out_zero - want) <=
                            0.5 + ldexp(255, -q->right_shift));
            }
        kit_free(&k);
    }
}

static void softmax_tables(void **state)
{
    (void)state;
    for (int n = 1; n <= 4096; n *= 8) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *x = kit_input(&k, SHAPE(n), 0.0625f, 0);
        ir_op *op = kit_op(&k, OP_SOFTMAX, (ir_attrs){ 0 }, 1, &x, 1.0f / 256, -128);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
        const int32_t *e = op->q->exp_table;
        assert_true((e[0] & (e[0] - 1)) == 0);
        assert_true(256 * (int64_t)e[0] + n * (int64_t)e[0] / 2 <= UINT32_MAX);
        assert_true(n * (int64_t)e[0] <= UINT32_MAX);
        for (int d = 0; d < 256; d++)
            assert_true(fabs(e[d] - exp(-0.0625 * d) * e[0]) <= 0.5 + 1e-6);
        kit_free(&k);
    }
}

/* ---- refusals --------------------------------------------------------------------------------------- */

/* A net of one operator on one int8 input; whether legalize takes it, and the diagnostic if not. */
static void unary_refusal(ir_numerics mode, ir_opkind kind, ir_shape shape, const float s[2],
                          const int32_t z[2], ir_type type, diag_id id)
{
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, shape, s[0], z[0]);
    ir_op *op = kit_op(&k, kind, (ir_attrs){ .alpha = 0.1 }, 1, &x, s[1], z[1]);
    x->type = op->out[0]->type = type;
    x->quant->bits = op->out[0]->quant->bits = type == IR_I16 ? 16 : 8;
    kit_output(&k, op);
    assert_false(legalize(k.ctx, k.g, mode));
    assert_true(diag_errors(k.ctx) > 0);
    assert_true(kit_has(&k, id));
    assert_int_equal(k.g->stage, IR_QUANTIZED);
    kit_free(&k);
}

#define S(a, b) ((const float[]){ a, b })
#define Z(a, b) ((const int32_t[]){ a, b })

static void fixed_outputs(void **state)
{
    (void)state;
    unary_refusal(IR_NUM_TFLM, OP_SIGMOID, SHAPE(4), S(0.1f, 0.01f), Z(0, -128), IR_I8,
                  D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_SINGLE, OP_TANH, SHAPE(4), S(0.1f, 1.0f / 128), Z(0, 1), IR_I8,
                  D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_Q32, OP_SOFTMAX, SHAPE(4), S(0.1f, 1.0f / 256), Z(0, 0), IR_I8,
                  D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_Q32, OP_SOFTMAX, SHAPE(4097), S(0.1f, 1.0f / 256), Z(0, -128), IR_I8,
                  D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_TFLM, OP_SOFTMAX, SHAPE(4096), S(0.1f, 1.0f / 256), Z(0, -128), IR_I8,
                  D_NUMERICS_REFUSED);
}

static void int16_without_a_formula(void **state)
{
    (void)state;
    unary_refusal(IR_NUM_Q32, OP_SIGMOID, SHAPE(4), S(0.1f, 0.1f), Z(0, 0), IR_I16, D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_TFLM, OP_MAXPOOL, SHAPE(1, 1, 1), S(1, 1), Z(0, 0), IR_I16,
                  D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_Q32, OP_RELU, SHAPE(4), S(0.1f, 0.2f), Z(0, 0), IR_I16, D_NUMERICS_REFUSED);
    unary_refusal(IR_NUM_Q32, OP_RELU, SHAPE(4), S(0.1f, 0.1f), Z(0, 0), IR_I32, D_NUMERICS_REFUSED);
}

static void relu_of_int16_clamps(void **state)
{
    (void)state;
    net_kit k = kit_new(IR_QUANTIZED);
    ir_tensor *x = kit_input(&k, SHAPE(3), 0.01f, 5);
    ir_op *op = kit_op(&k, OP_RELU6, (ir_attrs){ 0 }, 1, &x, 0.01f, 5);
    x->type = op->out[0]->type = IR_I16;
    x->quant->bits = op->out[0]->quant->bits = 16;
    kit_output(&k, op);
    assert_true(legalize(k.ctx, k.g, IR_NUM_Q32));
    int16_t out[3];
    kit_run(&k, (const void *[]){ (int16_t[]){ -30000, 77, 30000 } }, out);
    assert_int_equal(out[0], 5);
    assert_int_equal(out[1], 77);
    assert_int_equal(out[2], 605);
    kit_free(&k);
}

static void moved_codes_keep_their_quantization(void **state)
{
    (void)state;
    unary_refusal(IR_NUM_Q32, OP_MAXPOOL, SHAPE(2, 2, 1), S(0.1f, 0.2f), Z(0, 0), IR_I8, D_QUANT_MISMATCH);
    unary_refusal(IR_NUM_TFLM, OP_AVGPOOL, SHAPE(2, 2, 1), S(0.1f, 0.1f), Z(0, 1), IR_I8,
                  D_QUANT_MISMATCH);
    unary_refusal(IR_NUM_ONNX, OP_PAD, SHAPE(2, 2, 1), S(0.1f, 0.2f), Z(0, 0), IR_I8, D_QUANT_MISMATCH);
}

/* TFLite takes pools whose scales differ by 1e-6; q32 does not. */
static void pools_of_tflm_take_nearly_equal_scales(void **state)
{
    (void)state;
    for (int m = 0; m < 2; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *x = kit_input(&k, SHAPE(2, 2, 1), 0.1f, 0);
        ir_op *op = kit_op(&k, OP_AVGPOOL, (ir_attrs){ 0 }, 1, &x, 0.1000005f, 0);
        kit_output(&k, op);
        assert_true(legalize(k.ctx, k.g, m ? IR_NUM_TFLM : IR_NUM_Q32) == (m == 1));
        kit_free(&k);
    }
}

static void ratios_out_of_range(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        dense_case d = dense_of(4, 1, 0, 1e-12f);
        assert_false(legalize(d.k.ctx, d.k.g, all_modes[m]));
        assert_true(kit_has(&d.k, D_SCALE_RATIO));
        kit_free(&d.k);
    }
    unary_refusal(IR_NUM_TFLM, OP_RELU, SHAPE(4), S(1, 1e-12f), Z(0, 0), IR_I8, D_SCALE_RATIO);
    unary_refusal(IR_NUM_TFLM, OP_SIGMOID, SHAPE(4), S(1e-12f, 1.0f / 256), Z(0, -128), IR_I8,
                  D_SCALE_RATIO);
    unary_refusal(IR_NUM_TFLM, OP_HARD_SWISH, SHAPE(4), S(128, 0.5f), Z(0, 0), IR_I8, D_SCALE_RATIO);
    unary_refusal(IR_NUM_TFLM, OP_HARD_SWISH, SHAPE(4), S(1e-9f, 1e-9f), Z(0, 0), IR_I8, D_SCALE_RATIO);
    unary_refusal(IR_NUM_TFLM, OP_SOFTMAX, SHAPE(4), S(1e-12f, 1.0f / 256), Z(0, -128), IR_I8,
                  D_SCALE_RATIO);
    for (int m = 0; m < 3; m++) {
        net_kit k = kit_new(IR_QUANTIZED);
        ir_tensor *t[2] = { kit_input(&k, SHAPE(2), 1e9f, 0), kit_input(&k, SHAPE(2), 1, 0) };
        kit_output(&k, kit_op(&k, OP_ADD, (ir_attrs){ 0 }, 2, t, 1e-9f, 0));
        assert_false(legalize(k.ctx, k.g, all_modes[m]));
        assert_true(kit_has(&k, D_SCALE_RATIO));
        kit_free(&k);
    }
}

/* Levels come from the table: 1·7 + 2·(−90) + 1·7 of codes {0, 1, 1, 0}. */
static void bound_of_a_codebook(void **state)
{
    (void)state;
    static const int16_t table[] = { 7, -90 };
    static const uint8_t codes[] = { 0, 1, 1, 0 };
    dense_case d = dense_of(4, 1, 50, 1);
    ir_tensor *w = d.op->in[1];
    w->type = IR_U8;
    w->data = codes;
    w->quant->scheme = IR_Q_CODEBOOK;
    w->quant->bits = 1;
    w->quant->entries = 2;
    w->quant->table = table;
    w->quant->table_type = IR_I8;
    assert_true(legalize(d.k.ctx, d.k.g, IR_NUM_Q32));
    assert_int_equal(d.op->q->bias[0], 50 + 128 * (14 - 180)); /* −zx·ΣL */
    assert_int_equal(d.op->q->bound[0], 128 * 166 - 50 + 128 * (14 + 180));
    const int8_t in[] = { -128, -127, -125, 127 }; /* less zx: 0 1 3 255; acc = 50 − 90·4 + 7·255 */
    int8_t out;
    kit_run(&d.k, (const void *[]){ in }, &out); /* M = ½·½: 1475/4 = 368.75 saturates */
    assert_int_equal(out, 127);
    kit_free(&d.k);
}

/* 16 × 16 bits is refused, in uniform weights and in codebooks. */
static void wide_levels_need_int8_activations(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        dense_case d = dense_of(4, 1, 0, 1);
        ir_tensor *w = d.op->in[1];
        int16_t *wide = arena_calloc(d.k.ctx->a, 4, sizeof *wide);
        bool int16 = i >= 2;
        if (i % 2) {
            w->quant->scheme = IR_Q_CODEBOOK;
            w->quant->entries = 4;
            w->quant->table = wide;
            w->quant->table_type = IR_I16;
            w->type = IR_U8;
        } else {
            w->quant->bits = 16;
            w->type = IR_I16;
            w->data = wide;
        }
        if (int16) {
            d.op->in[0]->type = IR_I16;
            d.op->in[0]->quant->bits = 16;
        }
        assert_int_equal(legalize(d.k.ctx, d.k.g, IR_NUM_Q32), !int16);
        assert_int_equal(kit_has(&d.k, D_NUMERICS_REFUSED), int16);
        kit_free(&d.k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_on_every_grid),
        cmocka_unit_test(convolutions_of_int16),
        cmocka_unit_test(bound_is_the_contracts),
        cmocka_unit_test(bound_knows_the_relu),
        cmocka_unit_test(bound_knows_the_pads),
        cmocka_unit_test(large_ratios_saturate),
        cmocka_unit_test(bound_counts_the_sum_of_inputs),
        cmocka_unit_test(beyond_int32),
        cmocka_unit_test(pre_shift_keeps_the_value),
        cmocka_unit_test(hopeless_accumulators_are_refused),
        cmocka_unit_test(proving_again_changes_nothing),
        cmocka_unit_test(dense_product_in_float),
        cmocka_unit_test(mean_divides_the_multiplier),
        cmocka_unit_test(mean_of_tiny_ratios),
        cmocka_unit_test(add_stays_in_int32),
        cmocka_unit_test(softmax_tables),
        cmocka_unit_test(fixed_outputs),
        cmocka_unit_test(int16_without_a_formula),
        cmocka_unit_test(relu_of_int16_clamps),
        cmocka_unit_test(moved_codes_keep_their_quantization),
        cmocka_unit_test(pools_of_tflm_take_nearly_equal_scales),
        cmocka_unit_test(ratios_out_of_range),
        cmocka_unit_test(bound_of_a_codebook),
        cmocka_unit_test(wide_levels_need_int8_activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
