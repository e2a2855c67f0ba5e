/* test_saved.c - saved pairs: what comes back is what was written, and damage is told. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/emit/emit.h"
#include "compiler/front/front.h"
#include "compiler/quant/internal.h"
#include "tests/unit/float_nets.h"

typedef struct fixture {
    qctx *ctx;
    char dir[64];
    const char *base;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/qcc-saved-XXXXXX");
    f->ctx = qctx_new();
    if (!f->ctx || !mkdtemp(f->dir))
        return -1;
    f->base = arena_printf(f->ctx->a, "%s/net", f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"net.qdl", "net.bin"};
    for (int i = 0; i < 2; i++)
        unlink(arena_printf(f->ctx->a, "%s/%s", f->dir, names[i]));
    int left = rmdir(f->dir); /* nothing else may lie there */
    qctx_free(f->ctx);
    free(f);
    return left;
}

/* ---- kit ----------------------------------------------------------------------------------- */

static spec_settings *rule(qctx *ctx, quant_spec *s, const char *layer, spec_part part,
                           unsigned set)
{
    spec_rule *r = VEC_PUSH(ctx->a, &s->rules);
    r->layer = layer;
    r->part = part;
    r->s.set = set;
    return &r->s;
}

static ir_graph *quantized(net_maker *m, const quant_spec *spec)
{
    qctx *ctx = m->ctx;
    assert_true(pass_fold_bn(ctx, m->g) && pass_fuse(ctx, m->g));
    act_range *ranges = ARENA_ARRAY(ctx->a, act_range, m->g->tensors.n);
    assert_true(calibrate(ctx, m->g, spec, NULL, ranges));
    ir_graph *g = choose_quantization(ctx, m->g, spec, ranges);
    assert_non_null(g);
    assert_true(ir_verify(ctx, g, "choose"));
    g->source_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    return g;
}

/* A net with everything that a pair has to keep: names that need quotes, constants that are not
 * called as their layer, depthwise, groups, pads, two outputs. */
static net_maker rich_net(qctx *ctx)
{
    net_maker m = net_make(ctx);
    ir_tensor *x = net_input(&m, "x", shape3(8, 8, 4));
    ir_tensor *a = net_unary(&m, OP_RELU, "default",
                             net_batch_norm(&m, "n", net_conv(&m, "c1", x, 8, 3, 1, false)));
    ir_tensor *b = net_conv(&m, "b1.dw", net_pad(&m, "pad", a, 1), 8, 3, 8, true);
    ir_tensor *c = net_unary(&m, OP_RELU6, "saved", net_conv(&m, "quantize", b, 4, 1, 2, false));
    ir_tensor *p = net_pool(&m, OP_MAXPOOL, "max", c, 2);
    ir_attrs at = {.axis = 2};
    ir_tensor *k =
        net_op(&m, OP_CONCAT, "k", &at, 2, (ir_tensor *[]){p, net_unary(&m, OP_TANH, "t", p)});
    ir_tensor *f = net_reshape(&m, "f", k, shape1(72));
    net_output(&m, net_unary(&m, OP_SOFTMAX, "s", net_dense(&m, "d\"1", f, 5, true)));
    net_output(&m, net_dense(&m, "model", f, 3, false));
    return m;
}

static const source *read_back(fixture *f, const char *suffix)
{
    const source *s = file_read(f->ctx, arena_printf(f->ctx->a, "%s%s", f->base, suffix));
    assert_non_null(s);
    return s;
}

/* Options come as further rules, as the command line adds them. */
static ir_graph *load_with(fixture *f, const char *which, const char *text)
{
    qctx *ctx = f->ctx;
    const source *src = read_back(f, ".qdl");
    ast_file *file = qdl_parse(ctx, src);
    if (!file)
        return NULL;
    assert_true(file->spec->saved);
    ir_graph *lowered = sema_lower(ctx, file);
    if (!lowered || (which && !spec_option(ctx, file->spec, which, text)) ||
        !sema_check_spec(ctx, lowered, file->spec))
        return NULL;
    tensor_file *t = tensor_file_read(ctx, arena_printf(ctx->a, "%s.bin", f->base), -1);
    ir_graph *g = t ? load_saved(ctx, lowered, file->spec, t) : NULL;
    if (g)
        assert_true(ir_verify(ctx, g, "load"));
    return g;
}

static ir_graph *load(fixture *f)
{
    return load_with(f, NULL, NULL);
}

static const char *hash(qctx *ctx, const ir_graph *g)
{
    char *hex = arena_alloc(ctx->a, 65);
    ir_canonical_sha256(ctx, g, hex);
    return hex;
}

static const char *emitted(qctx *ctx, const ir_graph *q)
{
    emit_options o;
    emit_result r;
    ir_graph *g = ir_clone(ctx, q);
    emit_options_init(&o);
    assert_true(legalize(ctx, g, g->numerics));
    assert_true(emit_c(ctx, g, &o, &r));
    return r.c;
}

/* There and back: the same model, the same C, and the same files when it is saved again. */
static void round_trip(fixture *f, const ir_graph *g)
{
    qctx *ctx = f->ctx;
    assert_true(save_pair(ctx, g, f->base));
    const source *qdl = read_back(f, ".qdl"), *bin = read_back(f, ".bin");
    ir_graph *back = load(f);
    for (int i = 0; i < diag_count(ctx) && !back; i++)
        print_message("%s\n", diag_get(ctx, i)->message);
    assert_non_null(back);
    assert_string_equal(hash(ctx, g), hash(ctx, back));
    assert_string_equal(g->source_sha256, back->source_sha256);
    assert_true(save_pair(ctx, back, f->base));
    const source *qdl2 = read_back(f, ".qdl"), *bin2 = read_back(f, ".bin");
    assert_string_equal(qdl->text, qdl2->text);
    assert_int_equal(bin->len, bin2->len);
    assert_memory_equal(bin->text, bin2->text, bin->len);
    assert_string_equal(emitted(ctx, g), emitted(ctx, back));
}

static void newest_is(qctx *ctx, const char *slug, const char *says)
{
    assert_true(diag_count(ctx) > 0);
    const diag *d = diag_get(ctx, diag_count(ctx) - 1);
    if (strcmp(diag_slug(d->id), slug) || !strstr(d->message, says))
        print_message("want [%s] %s, got [%s] %s\n", slug, says, diag_slug(d->id), d->message);
    assert_string_equal(diag_slug(d->id), slug);
    assert_non_null(strstr(d->message, says));
}

/* ---- round trips --------------------------------------------------------------------------- */

static void a_rich_net_comes_back(void **state)
{
    fixture *f = *state;
    net_maker m = rich_net(f->ctx);
    round_trip(f, quantized(&m, spec_new(f->ctx)));
}

static void every_width_and_grid_comes_back(void **state)
{
    fixture *f = *state;
    for (int bits = 1; bits <= 8; bits++)
        for (int grid = bits == 1; grid < 2; grid++)
            for (int mode = 0; mode < 4; mode++) {
                net_maker m = rich_net(f->ctx);
                quant_spec *spec = spec_new(f->ctx);
                spec_settings *s = rule(f->ctx, spec, NULL, SPEC_WEIGHT,
                                        SPEC_BITS | SPEC_GRID | SPEC_SYMMETRIC | SPEC_PER_CHANNEL);
                s->bits = bits;
                s->grid = (ir_grid)grid;
                s->symmetric = mode & 1;
                s->per_channel = mode & 2;
                round_trip(f, quantized(&m, spec));
            }
}

static void declared_inputs_come_back(void **state)
{
    fixture *f = *state;
    for (int kind = 0; kind < 3; kind++) {
        net_maker m = net_make(f->ctx);
        ir_tensor *x = net_input(&m, "x", shape1(6));
        x->declared = true;
        x->u8_port = kind != 1;
        if (kind < 2) {
            x->real_lo = -0.1;
            x->real_hi = 1;
        }
        x->quant = quant_port(f->ctx, -0.1, 1, NULL);
        net_output(&m, net_dense(&m, "d", x, 4, true));
        round_trip(f, quantized(&m, spec_new(f->ctx)));
    }
}

static void int16_and_wide_biases_come_back(void **state)
{
    fixture *f = *state;
    net_maker m = net_make(f->ctx);
    ir_tensor *x = net_input(&m, "x", shape1(6));
    net_output(&m, net_dense(&m, "d", net_dense(&m, "c", x, 4, true), 3, true));
    quant_spec *spec = spec_new(f->ctx);
    rule(f->ctx, spec, NULL, SPEC_ACTIVATION, SPEC_BITS)->bits = 16;
    spec_settings *s = rule(f->ctx, spec, "c", SPEC_WEIGHT, SPEC_RANGE);
    s->lo = -1e-8;
    s->hi = 1e-8;
    ir_graph *g = quantized(&m, spec);
    assert_int_equal(ir_bias(g->ops.v[0])->type, IR_I64);
    round_trip(f, g);
}

static void sixteen_bit_weights_come_back(void **state)
{
    fixture *f = *state;
    net_maker m = net_make(f->ctx);
    net_output(&m, net_dense(&m, "d", net_input(&m, "x", shape1(6)), 4, true));
    quant_spec *spec = spec_new(f->ctx);
    rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_BITS)->bits = 16;
    ir_graph *g = quantized(&m, spec), *back;
    assert_int_equal(ir_weight(g->ops.v[0])->type, IR_I16);
    assert_true(save_pair(f->ctx, g, f->base));
    back = load(f);
    assert_non_null(back);
    assert_string_equal(hash(f->ctx, g), hash(f->ctx, back));
}

static void pow2_and_numerics_come_back(void **state)
{
    fixture *f = *state;
    net_maker m = rich_net(f->ctx);
    quant_spec *spec = spec_new(f->ctx);
    rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_POW2)->pow2 = true;
    spec->has_numerics = true;
    spec->numerics = IR_NUM_TFLM;
    round_trip(f, quantized(&m, spec));
    const ir_graph *back = load(f);
    assert_int_equal(back->numerics, IR_NUM_TFLM);
    assert_true(ir_weight(back->ops.v[0])->quant->pow2);
}

/* ---- packing ------------------------------------------------------------------------------- */

static void packing_is_as_the_contract_says(void **state)
{
    (void)state;
    uint8_t out[4];
    const float one = 1;
    const int32_t none = 0;
    ir_quant q = {.bits = 3, .symmetric = true, .axis = -1, .n = 1, .scale = &one, .zero = &none};
    const int8_t codes[5] = {1, -1, 3, -3, 2}; /* fields 1 7 3 5 2 */
    pack_row(&q, codes, 5, out);
    assert_int_equal(packed_row_bytes(5, 3), 2);
    assert_int_equal(out[0], 0xf9); /* 001, 111, low bits of 011 */
    assert_int_equal(out[1], 0x2a); /* 0, 101, 010 from below */
    q = (ir_quant){
        .grid = IR_GRID_MIDPOINT, .bits = 2, .symmetric = true, .axis = -1, .n = 1, .scale = &one};
    const int8_t odd[4] = {-3, -1, 1, 3}; /* k = 0 1 2 3 */
    pack_row(&q, odd, 4, out);
    assert_int_equal(out[0], 0xe4);
}

static void packing_and_unpacking_are_inverse(void **state)
{
    fixture *f = *state;
    rng r;
    rng_seed(&r, 6);
    for (int i = 0; i < 2000; i++) {
        int bits = 1 + (int)rng_below(&r, 7), n = 1 + (int)rng_below(&r, 40);
        bool symmetric = rng_below(&r, 2);
        ir_grid grid = bits == 1 ? IR_GRID_MIDPOINT : (ir_grid)rng_below(&r, 2);
        const double lo = -1, hi = 1.3;
        const ir_quant *q = quant_uniform(f->ctx, grid, symmetric, false, bits, -1, 1, &lo, &hi);
        int8_t codes[40], back[40];
        uint8_t packed[40];
        for (int k = 0; k < n; k++)
            codes[k] = (int8_t)quant_encode(q, 0, 2.6 * rng_double(&r) - 1.3, NULL);
        pack_row(q, codes, n, packed);
        assert_true(unpack_row(q, packed, n, back));
        assert_memory_equal(codes, back, (size_t)n);
    }
}

static void files_hold_pytorchs_order(void **state)
{
    fixture *f = *state;
    net_maker m = net_make(f->ctx);
    net_output(&m, net_conv(&m, "c", net_input(&m, "x", shape3(4, 5, 3)), 2, 3, 1, true));
    ir_graph *g = quantized(&m, spec_new(f->ctx));
    assert_true(save_pair(f->ctx, g, f->base));
    tensor_file *t = tensor_file_read(f->ctx, arena_printf(f->ctx->a, "%s.bin", f->base), -1);
    const named_tensor *w = tensor_file_find(t, "c.weight");
    const int8_t *ours = ir_weight(g->ops.v[0])->data, *theirs = w->data;
    assert_int_equal(w->dim[0], 2);
    assert_int_equal(w->dim[1], 3);
    for (int o = 0; o < 2; o++)
        for (int i = 0; i < 3; i++)
            for (int c = 0; c < 9; c++)
                assert_int_equal(theirs[(o * 3 + i) * 9 + c], ours[(o * 9 + c) * 3 + i]);
    assert_int_equal(tensor_file_find(t, "c.weight_scale")->dtype, DT_F32);
    assert_int_equal(tensor_file_find(t, "c.bias")->dtype, DT_I32);
}

/* ---- the float twin ------------------------------------------------------------------------ */

static void the_float_twin_computes_with_the_rounded_weights(void **state)
{
    fixture *f = *state;
    net_maker m = rich_net(f->ctx);
    ir_graph *g = quantized(&m, spec_new(f->ctx)), *twin = dequantized_float(f->ctx, g);
    assert_true(ir_verify(f->ctx, twin, "twin"));
    assert_int_equal(twin->stage, IR_FOLDED);
    const float *want = net_run(f->ctx, m.g, 3), *got = net_run(f->ctx, twin, 3);
    for (int i = 0; i < 5; i++)
        assert_true(fabsf(want[i] - got[i]) < 0.02f);
    const ir_op *op = g->ops.v[0];
    const int8_t *codes = ir_weight(op)->data;
    const float *w = ir_weight(twin->ops.v[0])->data, *b = ir_bias(twin->ops.v[0])->data;
    assert_true(w[5] == (float)quant_value(ir_weight(op)->quant, 0, codes[5]));
    double unit = (double)op->in[0]->quant->scale[0] * (double)ir_weight(op)->quant->scale[2];
    assert_true(b[2] == (float)(unit * ((const int32_t *)ir_bias(op)->data)[2]));
}

/* ---- writing ------------------------------------------------------------------------------- */

static void both_files_or_none(void **state)
{
    fixture *f = *state;
    qctx *ctx = f->ctx;
    net_maker m = rich_net(ctx);
    ir_graph *g = quantized(&m, spec_new(ctx));
    assert_false(save_pair(ctx, g, arena_printf(ctx->a, "%s/no/such/folder/q", f->dir)));
    newest_is(ctx, "file-write", "cannot write");
    const char *qdl = arena_printf(ctx->a, "%s.qdl", f->base),
               *bin = arena_printf(ctx->a, "%s.bin", f->base);
    assert_int_equal(mkdir(qdl, 0755), 0); /* the second file cannot be written */
    assert_false(save_pair(ctx, g, f->base));
    newest_is(ctx, "file-write", "cannot write");
    assert_int_not_equal(access(bin, F_OK), 0);
    assert_true(file_write(ctx, bin, "old", 3));
    assert_false(save_pair(ctx, g, f->base));
    assert_string_equal(read_back(f, ".bin")->text, "old");
    assert_int_equal(rmdir(qdl), 0);
    assert_true(save_pair(ctx, g, f->base));
    assert_true(read_back(f, ".bin")->len > 100);
}

/* ---- damage -------------------------------------------------------------------------------- */

typedef struct pair {
    VEC(named_tensor) t;
} pair;

/* The tensors of the saved .bin, their data copied so that a test may change it. */
static pair tensors_of(fixture *f)
{
    pair p = {0};
    tensor_file *t = tensor_file_read(f->ctx, arena_printf(f->ctx->a, "%s.bin", f->base), -1);
    for (int i = 0; i < t->tensors.n; i++) {
        named_tensor n = t->tensors.v[i];
        n.data = arena_memdup(f->ctx->a, n.data, (size_t)n.elems * dtype_size(n.dtype));
        *VEC_PUSH(f->ctx->a, &p.t) = n;
    }
    return p;
}

static named_tensor *find(pair *p, const char *name)
{
    for (int i = 0; i < p->t.n; i++)
        if (!strcmp(p->t.v[i].name, name))
            return &p->t.v[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void rewrite(fixture *f, const pair *p)
{
    assert_true(safetensors_write(f->ctx, arena_printf(f->ctx->a, "%s.bin", f->base), p->t.v,
                                  p->t.n, NULL, 0));
}

static void drop(fixture *f, pair *p, const char *name)
{
    (void)f;
    named_tensor *t = find(p, name);
    *t = p->t.v[--p->t.n];
}

static void add_extra(fixture *f, pair *p, const char *name)
{
    named_tensor extra = *find(p, name);
    extra.name = "extra.weight";
    *VEC_PUSH(f->ctx->a, &p->t) = extra;
}

static void flip_shape(fixture *f, pair *p, const char *name)
{
    named_tensor *t = find(p, name);
    int64_t dim[1] = {t->elems};
    (void)f;
    t->rank = t->rank == 1 ? 2 : 1;
    t->dim = t->rank == 1 ? arena_memdup(f->ctx->a, dim, sizeof dim)
                          : arena_memdup(f->ctx->a, (int64_t[]){1, t->elems}, 2 * sizeof *dim);
}

static void to_u8(fixture *f, pair *p, const char *name)
{
    (void)f;
    find(p, name)->dtype = DT_U8;
}

static void put_float(fixture *f, pair *p, const char *name)
{
    (void)f;
    ((float *)find(p, name)->data)[1] = NAN;
}

static void put_negative(fixture *f, pair *p, const char *name)
{
    (void)f;
    ((float *)find(p, name)->data)[0] = -0.5f;
}

static void put_bytes(fixture *f, pair *p, const char *name)
{
    (void)f;
    memset((void *)find(p, name)->data, 0x80, 4);
}

static const struct damage {
    void (*hurt)(fixture *f, pair *p, const char *name);
    const char *name, *says;
    int bits;
    bool symmetric;
} damages[] = {
    {drop, "c.weight", "lacks the tensor 'c.weight'", 8, true},
    {drop, "c.bias", "lacks the tensor 'c.bias'", 8, true},
    {drop, "c.weight_scale", "lacks the tensor 'c.weight_scale'", 8, true},
    {drop, "c.weight_zero_point", "lacks the tensor 'c.weight_zero_point'", 8, false},
    {add_extra, "c.weight", "'extra.weight'", 8, true},
    {flip_shape, "c.weight", "should have the shape", 8, true},
    {flip_shape, "c.bias", "should have the shape", 8, true},
    {flip_shape, "c.weight", "should have the shape", 3, true},
    {to_u8, "c.weight", "holds U8, not I8", 8, true},
    {put_float, "c.weight_scale", "no scale", 8, true},
    {put_negative, "c.weight_scale", "no scale", 8, true},
    {put_bytes, "c.weight_zero_point", "no zero point", 8, false},
    {put_bytes, "c.weight", "no code of its grid", 8, true},       /* -128 */
    {put_bytes, "c.weight", "no packing of 4-bit codes", 4, true}, /* -8 */
};

static void wrong_tensors_are_told(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        const struct damage *d = &damages[i];
        net_maker m = net_make(f->ctx);
        net_output(&m, net_conv(&m, "c", net_input(&m, "x", shape3(4, 5, 3)), 4, 3, 1, true));
        quant_spec *spec = spec_new(f->ctx);
        spec_settings *s = rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_BITS | SPEC_SYMMETRIC);
        s->bits = d->bits;
        s->symmetric = d->symmetric;
        assert_true(save_pair(f->ctx, quantized(&m, spec), f->base));
        pair p = tensors_of(f);
        d->hurt(f, &p, d->name);
        rewrite(f, &p);
        assert_null(load(f));
        newest_is(f->ctx, "saved-tensor", d->says);
        f->ctx->errors = 0; /* the limit of errors is not the matter here */
    }
}

/* A table of so many entries, in a net whose indices have 4 bits and reach 15. */
static void cut_table(fixture *f, pair *p, int64_t entries)
{
    named_tensor *t = find(p, "d.weight_codebook");
    int8_t *wider = ARENA_ARRAY(f->ctx->a, int8_t, entries);
    for (int64_t i = 0; i < entries && i < t->elems; i++)
        wider[i] = ((const int8_t *)t->data)[i];
    t->data = wider;
    t->elems = entries;
    t->dim = arena_memdup(f->ctx->a, &entries, sizeof entries);
}

static void wrong_tables_are_told(void **state)
{
    static const struct {
        int64_t entries;
        const char *says;
    } tables[] = {{1, "1 entries, not 2 to 16"},
                  {17, "17 entries, not 2 to 16"},
                  {9, "no packing of 4-bit codes"}};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        net_maker m = net_make(f->ctx);
        net_output(&m, net_dense(&m, "d", net_input(&m, "x", shape1(40)), 3, true));
        quant_spec *spec = spec_new(f->ctx);
        spec_settings *s = rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_SCHEME | SPEC_BITS);
        s->scheme = IR_Q_CODEBOOK;
        s->bits = 4;
        assert_true(save_pair(f->ctx, quantized(&m, spec), f->base));
        pair p = tensors_of(f);
        cut_table(f, &p, tables[i].entries);
        rewrite(f, &p);
        assert_null(load(f));
        newest_is(f->ctx, "saved-tensor", tables[i].says);
        f->ctx->errors = 0;
    }
}

/* Every flipped byte of the .bin is an error or another valid model; never a crash. */
static void any_byte_may_be_wrong(void **state)
{
    fixture *f = *state;
    net_maker m = net_make(f->ctx);
    net_output(&m, net_dense(&m, "d", net_input(&m, "x", shape1(4)), 3, true));
    quant_spec *spec = spec_new(f->ctx);
    rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_BITS)->bits = 5;
    ir_graph *g = quantized(&m, spec);
    assert_true(save_pair(f->ctx, g, f->base));
    const source *bin = read_back(f, ".bin");
    const char *path = arena_printf(f->ctx->a, "%s.bin", f->base);
    int refused = 0;
    for (size_t i = 0; i < bin->len; i++) {
        char *bad = arena_memdup(f->ctx->a, bin->text, bin->len);
        bad[i] ^= 0x81;
        assert_true(file_write(f->ctx, path, bad, bin->len));
        ir_graph *back = load(f);
        refused += back == NULL;
        f->ctx->errors = 0;
    }
    assert_true(refused > 50);
    for (size_t n = 0; n < bin->len; n += 7) {
        assert_true(file_write(f->ctx, path, bin->text, n));
        assert_null(load(f));
        f->ctx->errors = 0;
    }
}

static const struct edit {
    const char *from, *to, *slug, *says;
} edits[] = {
    {"d : activations int8 asymmetric scale", "d : activations int8 asymmetric # scale",
     "saved-rule", "states no scale of"},
    {"    d : activations", "    # d :", "saved-rule", "states no quantization of 'd'"},
    {"x : activations int8 asymmetric scale",
     "x : activations int8 asymmetric scale 1 zero 0 # scale", "saved-rule", "two quantizations"},
    {"d : activations int8 asymmetric scale",
     "d : activations int8 asymmetric scale 1 zero 300 # scale", "saved-rule",
     "cannot have the scale"},
    {"d.weight : int8", "d.weight : int1", "saved-rule", "cannot be quantized so"},
    {"d.weight : int8", "d.weight : int4", "saved-tensor", "holds I8, not U8"},
    {"d.bias : int32", "d.bias : int64", "saved-tensor", "holds I32, not I64"},
    {"numerics q32", "numerics tflm", "saved-option", "saved with q32"},
    {"d = dense(x, 3", "d = dense(x, 3) |> batch_norm(weights \"bn\"", "saved-rule",
     "no batch_norm"},
    {"d.weight : int8 symmetric", "d.weight : codebook 4 bits", "saved-tensor", "lacks"},
    {"d.weight : int8 symmetric per channel",
     "d.weight : codebook 4 bits table per channel scale 1 #", "saved-tensor",
     "tables per channel need"},
};

static void wrong_rules_are_told(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        const struct edit *e = &edits[i];
        net_maker m = net_make(f->ctx);
        net_output(&m, net_dense(&m, "d", net_input(&m, "x", shape1(4)), 3, true));
        assert_true(save_pair(f->ctx, quantized(&m, spec_new(f->ctx)), f->base));
        const char *text = read_back(f, ".qdl")->text, *at = strstr(text, e->from);
        if (!at)
            fail_msg("no '%s' in:\n%s", e->from, text);
        const char *changed = arena_printf(f->ctx->a, "%.*s%s%s", (int)(at - text), text, e->to,
                                           at + strlen(e->from));
        assert_true(file_write(f->ctx, arena_printf(f->ctx->a, "%s.qdl", f->base), changed,
                               strlen(changed)));
        if (load(f))
            fail_msg("loaded with '%s'", e->to);
        newest_is(f->ctx, e->slug, e->says);
        f->ctx->errors = 0;
    }
}

/* ---- options ------------------------------------------------------------------------------- */

static const struct option {
    const char *which, *text;
    bool allowed;
} options[] = {
    {"bits", "8", true},           {"bits", "d=8", true},       {"grid", "tread", true},
    {"numerics", "q32", true},     {"range", "-0.5:0.5", true}, {"range", "d=-0.5:0.5", true},
    {"bits", "4", false},          {"bits", "d=7", false},      {"grid", "midpoint", false},
    {"numerics", "single", false}, {"range", "-1:1", false},    {"range", "d=-0.25:0.25", false},
};

static void options_may_only_repeat_what_is_there(void **state)
{
    fixture *f = *state;
    net_maker m = net_make(f->ctx);
    net_output(&m, net_dense(&m, "d", net_input(&m, "x", shape1(4)), 3, true));
    quant_spec *spec = spec_new(f->ctx);
    spec_settings *s = rule(f->ctx, spec, NULL, SPEC_WEIGHT, SPEC_RANGE);
    s->lo = -0.5;
    s->hi = 0.5;
    ir_graph *g = quantized(&m, spec);
    assert_true(save_pair(f->ctx, g, f->base));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const ir_graph *back = load_with(f, options[i].which, options[i].text);
        assert_int_equal(back != NULL, options[i].allowed);
        if (back)
            assert_string_equal(hash(f->ctx, back), hash(f->ctx, g));
        else
            newest_is(f->ctx, "saved-option", "");
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_rich_net_comes_back),
        T(every_width_and_grid_comes_back),
        T(declared_inputs_come_back),
        T(int16_and_wide_biases_come_back),
        T(sixteen_bit_weights_come_back),
        T(pow2_and_numerics_come_back),
        T(packing_is_as_the_contract_says),
        T(packing_and_unpacking_are_inverse),
        T(files_hold_pytorchs_order),
        T(the_float_twin_computes_with_the_rounded_weights),
        T(both_files_or_none),
        T(wrong_tensors_are_told),
        T(wrong_tables_are_told),
        T(any_byte_may_be_wrong),
        T(wrong_rules_are_told),
        T(options_may_only_repeat_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
