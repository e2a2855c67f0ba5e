/* test_emit_frame.c - the frame of the emitted C: names, macros, arrays, header, options, and odd
 * graphs run under every frame option, against the interpreter. */
#include "tests/unit/cm.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/emit/frame.h"
#include "compiler/jit/engine.h"
#include "compiler/quant/grid.h"
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

static emit_options defaults(void)
{
    emit_options o;
    emit_options_init(&o);
    o.want_header = true;
    return o;
}

static emit_result emitted(qctx *ctx, const ir_graph *g, const emit_options *o)
{
    emit_result r;
    assert_true(emit_c(ctx, g, o, &r));
    assert_int_equal(diag_errors(ctx), 0);
    return r;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is missing in:\n%s", part, text);
}

static void lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' should not be in:\n%s", part, text);
}

/* ---- graphs with odd ports ----------------------------------------------------------------- */

static ir_graph *plain(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "plain");
    b.type = type;
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 12, 0, 0));
    gb_output(&b, gb_dense(&b, "y", gb_dense(&b, "h", x, 20), 5));
    return gb_done(&b);
}

static ir_graph *input_is_output(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "pass");
    b.type = type;
    gb_output(&b, gb_input(&b, "x", gb_shape(1, 9, 0, 0)));
    return gb_done(&b);
}

static ir_graph *reshaped_input_is_output(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "view");
    b.type = type;
    ir_tensor *x = gb_input(&b, "x", gb_shape(2, 3, 4, 0));
    gb_output(&b, gb_reshape(&b, "y", x, gb_shape(1, 12, 0, 0)));
    gb_output(&b, gb_relu(&b, "z", x));
    return gb_done(&b);
}

static ir_graph *same_output_twice(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "twice");
    b.type = type;
    ir_tensor *y = gb_relu(&b, "y", gb_input(&b, "x", gb_shape(1, 10, 0, 0)));
    gb_output(&b, y);
    gb_output(&b, y);
    gb_output(&b, gb_reshape(&b, "flat", y, gb_shape(2, 2, 5, 0)));
    return gb_done(&b);
}

static ir_graph *output_is_read_further(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "further");
    b.type = type;
    ir_tensor *h = gb_dense(&b, "h", gb_input(&b, "x", gb_shape(1, 7, 0, 0)), 16);
    gb_output(&b, h);
    ir_tensor *r = gb_relu(&b, "r", h);
    gb_output(&b, gb_add(&b, "y", h, r));
    return gb_done(&b);
}

static ir_graph *unused_input(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "unused");
    b.type = type;
    gb_input(&b, "nobody", gb_shape(1, 40, 0, 0));
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    gb_input(&b, "nobody2", gb_shape(1, 3, 0, 0));
    gb_output(&b, gb_relu(&b, "y", gb_relu(&b, "r", x)));
    return gb_done(&b);
}

static ir_graph *unread_result(qctx *ctx, ir_type type)
{
    gb b = gb_new(ctx, "dead");
    b.type = type;
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    gb_dense(&b, "nobody", x, 30);
    gb_output(&b, gb_add(&b, "y", x, x));
    return gb_done(&b);
}

typedef ir_graph *make_fn(qctx *ctx, ir_type type);
static make_fn *const zoo[] = {
    plain, input_is_output, reshaped_input_is_output, same_output_twice, output_is_read_further,
    unused_input, unread_result,
};
#define ZOO (sizeof zoo / sizeof *zoo)

/* ---- running under every option ------------------------------------------------------------ */

static const void **random_inputs(qctx *ctx, const ir_graph *g, uint64_t seed)
{
    rng r;
    rng_seed(&r, seed);
    const void **in = ARENA_ARRAY(ctx->a, const void *, g->inputs.n);
    for (int k = 0; k < g->inputs.n; k++) {
        unsigned char *row = arena_alloc(ctx->a, (size_t)port_bytes(g->inputs.v[k]));
        for (int64_t i = 0; i < port_bytes(g->inputs.v[k]); i++)
            row[i] = (unsigned char)rng_below(&r, 256);
        for (int64_t i = 0; g->inputs.v[k]->type == IR_F32 && i < ir_elems(&g->inputs.v[k]->shape); i++)
            ((float *)(void *)row)[i] = (float)rng_double(&r) * 4 - 2;
        in[k] = row;
    }
    return in;
}

static void **room(qctx *ctx, const ir_graph *g)
{
    void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
    for (int k = 0; k < g->outputs.n; k++)
        out[k] = arena_alloc(ctx->a, (size_t)port_bytes(g->outputs.v[k]));
    return out;
}

static void same_outputs(const ir_graph *g, void *const *got, void *const *want)
{
    for (int k = 0; k < g->outputs.n; k++) {
        const ir_tensor *t = g->outputs.v[k];
        if (t->type != IR_F32) {
            assert_memory_equal(got[k], want[k], (size_t)port_bytes(t));
            continue;
        }
        for (int64_t i = 0; i < ir_elems(&t->shape); i++)
            assert_true(fabsf(((float *)got[k])[i] - ((float *)want[k])[i]) < 1e-3F);
    }
}

static void runs_like_the_interpreter(qctx *ctx, const ir_graph *g, const emit_options *o, engine_kind kind)
{
    engine *oracle = engine_new(ctx, g, ENGINE_INTERPRETER, NULL, NULL);
    engine *e = engine_new(ctx, g, kind, o, "-O1");
    void **want = room(ctx, g), **got = room(ctx, g);
    if (!e)
        fail_msg("%s", diag_count(ctx) ? diag_get(ctx, 0)->message : "no engine");
    for (uint64_t seed = 0; seed < 3; seed++) {
        const void **in = random_inputs(ctx, g, seed);
        assert_int_equal(engine_run(oracle, in, want), 0);
        assert_int_equal(engine_run(e, in, got), 0);
        same_outputs(g, got, want);
    }
    if (o->selftest) {
        void *address = engine_symbol(e, "selftest");
        int (*with_arena)(void *), (*alone)(void);
        memcpy(&with_arena, &address, sizeof address);
        memcpy(&alone, &address, sizeof address);
        void *memory = arena_alloc(ctx->a, (size_t)engine_arena_bytes(e));
        assert_int_equal(o->static_arena ? alone() : with_arena(memory), 0);
        if (!o->static_arena)
            assert_int_equal(with_arena(NULL), 1);
    }
}

/* Bit i of the combination turns flag i on. */
static emit_options combination(unsigned bits)
{
    emit_options o = defaults();
    o.io_in_arena = bits & 1;
    o.static_arena = bits & 2;
    o.float_io = bits & 4;
    o.selftest = bits & 8;
    o.weights = bits & 16 ? EMIT_STRING : EMIT_DECIMAL;
    return o;
}

static void zoo_runs_in_process(ir_type type)
{
    if (!engine_available(ENGINE_JIT))
        skip();
    for (size_t z = 0; z < ZOO; z++)
        for (unsigned bits = 0; bits < 32; bits++) {
            qctx *ctx = qctx_new();
            emit_options o = combination(bits);
            runs_like_the_interpreter(ctx, zoo[z](ctx, type), &o, ENGINE_JIT);
            qctx_free(ctx);
        }
}

static void odd_graphs_run_under_every_option(void **state)
{
    (void)state;
    zoo_runs_in_process(IR_I8);
}

static void odd_float_graphs_run_under_every_option(void **state)
{
    (void)state;
    zoo_runs_in_process(IR_F32);
}

static void odd_graphs_run_under_the_system_compiler(void **state)
{
    if (!engine_available(ENGINE_CC))
        skip();
    for (size_t z = 0; z < ZOO; z++) {
        emit_options o = combination(z % 2 ? 13 : 10);
        runs_like_the_interpreter(*state, zoo[z](*state, IR_I8), &o, ENGINE_CC);
    }
}

/* ---- state --------------------------------------------------------------------------------- */

/* y = x + s, then s = relu(y). */
static ir_graph *accumulator(qctx *ctx)
{
    gb b = gb_new(ctx, "sums");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 4, 0, 0));
    ir_shape shape = x->shape;
    ir_tensor *s = ir_add_tensor(ctx, b.g, "s", IR_STATE, IR_I8, &shape, loc_none());
    s->quant = x->quant;
    ir_state *slot = ARENA_NEW(ctx->a, ir_state);
    slot->tensor = s;
    *VEC_PUSH(ctx->a, &b.g->states) = slot;
    ir_tensor *y = gb_add(&b, "y", x, s);
    ir_tensor *r = gb_relu(&b, "r", y);
    ir_add_op(ctx, b.g, OP_ASSIGN, "s", 1, &r, 1, &s, loc_none());
    gb_output(&b, y);
    return gb_done(&b);
}

static int8_t clamped(int v)
{
    return (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
}

static void state_survives_until_reset(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_JIT))
        skip();
    ir_graph *g = accumulator(ctx);
    emit_options o = defaults();
    emit_result r = emitted(ctx, g, &o);
    has(r.header, "struct sums_state {\n    int8_t s0[4]; /* s */\n};");
    has(r.header, "void sums_reset(struct sums_state *state);");
    has(r.header, "int sums_run(struct sums_state *state, const int8_t *in0, int8_t *out0, void *arena);");
    engine *e = engine_new(ctx, g, ENGINE_JIT, &o, NULL);
    assert_non_null(e);
    const int8_t in[4] = {10, -20, 100, -3};
    for (int round = 0; round < 2; round++) {
        int8_t want[4] = {-3, -3, -3, -3}, out[4];
        for (int step = 0; step < 5; step++) {
            assert_int_equal(engine_run(e, (const void *[]){in}, (void *[]){out}), 0);
            for (int i = 0; i < 4; i++) {
                want[i] = clamped(in[i] + want[i] + 3);
                assert_int_equal(out[i], want[i]);
                want[i] = want[i] < -3 ? -3 : want[i];
            }
        }
        engine_reset(e);
    }
}

/* ---- float ports --------------------------------------------------------------------------- */

typedef int run_float_fn(const float *in, float *out, void *arena);

static void float_ports_quantize_as_the_grid_does(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_JIT))
        skip();
    gb b = gb_new(ctx, "pass");
    gb_output(&b, gb_relu(&b, "y", gb_input(&b, "x", gb_shape(1, 8, 0, 0))));
    ir_graph *g = gb_done(&b);
    emit_options o = defaults();
    o.float_io = true;
    engine *e = engine_new(ctx, g, ENGINE_JIT, &o, NULL);
    void *address = engine_symbol(e, "run_float"), *memory = arena_alloc(ctx->a, 4096);
    run_float_fn *run;
    memcpy(&run, &address, sizeof address);
    const float in[8] = {0.03125F, 0.09375F, -0.03125F, 1e30F, -1e30F, INFINITY, NAN, 0.031249998F};
    float out[8];
    assert_int_equal(run(in, out, memory), 0);
    for (int i = 0; i < 8; i++) {
        int32_t code = port_quantize(in[i], 0.0625F, -3, -128, 127);
        assert_true(out[i] == (float)(code < -3 ? 0 : code + 3) * 0.0625F);
    }
    assert_int_equal(run(NULL, out, memory), -1);
    assert_int_equal(run(in, (float *)(void *)((char *)out + 1), memory), -1);
    assert_int_equal(run(in, out, (char *)memory + 8), -1);
}

/* ---- header -------------------------------------------------------------------------------- */

static void header_has_every_macro(void **state)
{
    qctx *ctx = *state;
    gb b = gb_new(ctx, "Two ports");
    ir_tensor *x = gb_input(&b, "image", gb_shape(3, 2, 3, 4)), *y = gb_input(&b, "other", gb_shape(1, 5, 0, 0));
    x->u8_port = true;
    gb_output(&b, gb_relu(&b, "a", x));
    gb_output(&b, gb_relu(&b, "b", y));
    emit_options o = defaults();
    const char *h = emitted(ctx, gb_done(&b), &o).header;
    static const char *const parts[] = {
        "#define TWO_PORTS_ABI_VERSION 1\n", "#define TWO_PORTS_ARENA_SIZE 8\n",
        "#define TWO_PORTS_ARENA_ALIGN 16\n", "#define TWO_PORTS_INPUT_SIZE 24\n",
        "#define TWO_PORTS_INPUT_BYTES 24\n", "#define TWO_PORTS_INPUT_ALIGN 1\n",
        "#define TWO_PORTS_INPUT_SCALE 0.0625\n", "#define TWO_PORTS_INPUT_ZERO_POINT -3\n",
        "#define TWO_PORTS_INPUT1_SIZE 5\n", "#define TWO_PORTS_OUTPUT_SIZE 24\n",
        "#define TWO_PORTS_OUTPUT1_ZERO_POINT -3\n", "a code of 0..255 enters as code - 128",
        "int Two_ports_run(const int8_t *in0, const int8_t *in1, int8_t *out0, int8_t *out1, void *arena);",
        "static inline void Two_ports_quantize_input(const float *real, int8_t *code, int32_t n)",
        "static inline void Two_ports_quantize_input1(", "static inline void Two_ports_dequantize_output(",
        "static inline void Two_ports_dequantize_output1(", "extern \"C\" {", "#ifndef TWO_PORTS_H\n",
        "#include <stdint.h>\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        has(h, parts[i]);
}

static void options_change_the_signature(void **state)
{
    qctx *ctx = *state;
    ir_graph *g = plain(ctx, IR_I8);
    emit_options o = defaults();
    o.static_arena = true;
    has(emitted(ctx, g, &o).header, "int plain_run(const int8_t *in0, int8_t *out0);");
    has(emitted(ctx, g, &o).header, "one thread");
    has(emitted(ctx, g, &o).c, "static uint64_t plain_arena[");
    o = defaults();
    o.io_in_arena = true;
    const char *h = emitted(ctx, g, &o).header;
    has(h, "int plain_run(void *arena);");
    has(h, "int8_t *plain_input(void *arena);");
    has(h, "int8_t *plain_output(void *arena);");
    o.static_arena = o.selftest = o.float_io = true;
    h = emitted(ctx, g, &o).header;
    has(h, "int plain_run(void);");
    has(h, "int8_t *plain_input(void);");
    has(h, "int plain_selftest(void);");
    has(h, "int plain_run_float(const float *in0, float *out0);");
    o = defaults();
    o.profile = true;
    has(emitted(ctx, g, &o).header, "void plain_profile(int layer, const void *out, uint32_t bytes);");
    has(emitted(ctx, g, &o).c, "plain_profile(1, out0, 5U);");
}

static void float_ports_of_a_float_net(void **state)
{
    emit_options o = defaults();
    emit_result r = emitted(*state, plain(*state, IR_F32), &o);
    has(r.header, "int plain_run(const float *in0, float *out0, void *arena);");
    has(r.header, "#define PLAIN_INPUT_SCALE 1.0\n");
    has(r.header, "plain_quantize_input(const float *real, float *code, int32_t n)");
    has(r.c, "--emit-float");
}

static ir_graph *wide(qctx *ctx)
{
    gb b = gb_new(ctx, "wide");
    b.type = IR_I16;
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 6, 0, 0));
    gb_output(&b, gb_relu(&b, "z", gb_reshape(&b, "y", x, gb_shape(2, 2, 3, 0))));
    return gb_done(&b);
}

static void sixteen_bit_ports_are_aligned_to_two(void **state)
{
    emit_options o = defaults();
    emit_result r = emitted(*state, wide(*state), &o);
    has(r.header, "#define WIDE_INPUT_BYTES 12\n");
    has(r.header, "#define WIDE_INPUT_ALIGN 2\n");
    has(r.header, "wide_run(const int16_t *in0, int16_t *out0, void *arena);");
    has(r.c, "((uintptr_t)in0 & 1U) != 0U");
}

/* ---- header comment ------------------------------------------------------------------------ */

static void comment_states_provenance(void **state)
{
    qctx *ctx = *state;
    ir_graph *g = plain(ctx, IR_I8);
    char hex[65];
    ir_canonical_sha256(ctx, g, hex);
    g->source_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    emit_options o = defaults();
    o.prefix = "mine";
    o.unroll = INT_MAX;
    o.section = ".weights";
    const char *c = emitted(ctx, g, &o).c;
    has(c, "options: --target generic -O2 --weights=decimal --unroll=full --section .weights --prefix mine\n");
    has(c, hex);
    has(c, g->source_sha256);
    has(c, "numerics: q32");
    has(c, "0 h");
    has(c, "dense");
    has(c, "__attribute__((section(\".weights\")))");
    has(c, "int mine_run(");
}

static void seed_and_paths_leave_no_trace(void **state)
{
    qctx *ctx = *state;
    ir_graph *g = plain(ctx, IR_I8);
    emit_options o = defaults();
    o.selftest = true;
    const char *first = emitted(ctx, g, &o).c;
    ctx->seed = 99;
    ctx->threads = 7;
    assert_string_equal(emitted(ctx, g, &o).c, first);
    o.want_header = false;
    assert_string_equal(emitted(ctx, g, &o).c, first);
}

static void comments_cannot_be_broken_out_of(void **state)
{
    qctx *ctx = *state;
    gb b = gb_new(ctx, "evil */ int x; /*");
    ir_tensor *x = gb_input(&b, "in */ int y; /*\n#error", gb_shape(1, 8, 0, 0));
    gb_output(&b, gb_relu(&b, "a */ int z; /*", x));
    emit_options o = defaults();
    emit_result r = emitted(ctx, gb_done(&b), &o);
    lacks(r.c, "evil */");
    lacks(r.c, "in */");
    lacks(r.c, "a */");
    lacks(r.c, "\n#error");
    lacks(r.header, "in */");
}

/* ---- names --------------------------------------------------------------------------------- */

static void names_never_collide(void **state)
{
    static const char *const layers[] = {
        "run", "t", "a.b", "a_b", "a/b", "input", "state", "selftest", "", "1st", "ALIGN", "clamp",
        "MAX", "H", "\xc3\xa9t\xc3\xa9", "copy", "engine_call", "INPUT_SIZE",
    };
    qctx *ctx = *state;
    gb b = gb_new(ctx, "INT8");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 8, 0, 0));
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        x = gb_dense(&b, *layers[i] ? layers[i] : "\"", x, 8);
    gb_output(&b, x);
    ir_graph *g = gb_done(&b);
    emit_options o = defaults();
    if (!engine_available(ENGINE_JIT))
        skip();
    runs_like_the_interpreter(ctx, g, &o, ENGINE_JIT);
    lacks(emitted(ctx, g, &o).c, "void INT8_run(");
    lacks(emitted(ctx, g, &o).c, "INT8_MAX(");
    o.prefix = "int8";
    runs_like_the_interpreter(ctx, g, &o, ENGINE_JIT);
    o.prefix = "static";
    runs_like_the_interpreter(ctx, g, &o, ENGINE_JIT);
}

static void model_names_become_identifiers(void **state)
{
    qctx *ctx = *state;
    static const struct { const char *model, *prefix; } cases[] = {
        {"lenet", "lenet"}, {"my-net.v2", "my_net_v2"}, {"28x28", "m28x28"}, {"\xc3\xa9", "net"},
        {"", "net"}, {"__x", "x"}, {"int", "int"}, {"a  b", "a_b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ir_graph *g = ir_new(ctx, cases[i].model);
        emit_options o = defaults();
        assert_string_equal(emit_prefix(ctx, g, &o), cases[i].prefix);
    }
}

static diag_id refused(const ir_graph *(*make)(qctx *), const emit_options *o)
{
    qctx *ctx = qctx_new();
    emit_result r;
    assert_false(emit_c(ctx, make(ctx), o, &r));
    assert_int_equal(diag_count(ctx), 1);
    diag_id id = diag_get(ctx, 0)->id;
    qctx_free(ctx);
    return id;
}

static const ir_graph *plain8(qctx *ctx)
{
    return plain(ctx, IR_I8);
}

static void bad_prefixes_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1a", "a b", "a-b", "a;int x", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        emit_options o = defaults();
        o.prefix = bad[i];
        assert_int_equal(refused(plain8, &o), D_PREFIX_INVALID);
    }
}

static void bad_sections_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ".a\"", ".a b", "*/", ".a\\", "\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        emit_options o = defaults();
        o.section = bad[i];
        assert_int_equal(refused(plain8, &o), D_SECTION_INVALID);
    }
}

static void unknown_targets_are_told(void **state)
{
    (void)state;
    emit_options o = defaults();
    o.target = "genric";
    assert_int_equal(refused(plain8, &o), D_TARGET_UNKNOWN);
}

static const ir_graph *huge(qctx *ctx)
{
    gb b = gb_new(ctx, "huge");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 1 << 30, 0, 0));
    ir_tensor *y = gb_relu(&b, "y", x), *z = gb_relu(&b, "z", x);
    gb_output(&b, gb_add(&b, "w", y, gb_add(&b, "v", y, z)));
    return gb_done(&b);
}

static void arenas_beyond_32_bits_are_told(void **state)
{
    (void)state;
    emit_options o = defaults();
    assert_int_equal(refused(huge, &o), D_ARENA_TOO_LARGE);
}

/* ---- arrays -------------------------------------------------------------------------------- */

static void split_weights_leave_only_declarations(void **state)
{
    qctx *ctx = *state;
    emit_options o = defaults();
    o.split_weights = true;
    emit_result r = emitted(ctx, plain(ctx, IR_I8), &o);
    has(r.c, "extern const int8_t plain_h_weight[240];\n");
    lacks(r.c, "plain_h_weight[240] =");
    has(r.weights_c, "\nconst int8_t plain_h_weight[240] =");
    has(r.weights_c, "#define PLAIN_ALIGN(n)");
    lacks(r.weights_c, "static const");
}

static void sizes_count_what_is_baked(void **state)
{
    qctx *ctx = *state;
    int64_t weights, constants;
    model_sizes(ctx, plain(ctx, IR_I8), NULL, &weights, &constants);
    assert_int_equal(weights, 12 * 20 + 20 * 5);
    assert_true(constants >= weights + 4 * 25);
    model_sizes(ctx, plain(ctx, IR_F32), NULL, &weights, &constants);
    assert_int_equal(weights, 4 * (12 * 20 + 20 * 5));
    assert_int_equal(constants, weights + 4 * 25);
}

static emitter bare(qctx *ctx, const ir_graph *g, const emit_options *o)
{
    emitter e = {.ctx = ctx, .g = g, .o = o};
    buf_init(&e.data, ctx->a);
    buf_init(&e.weights_unit, ctx->a);
    assert_true(emit_names_init(&e));
    return e;
}

static void extreme_elements_are_legal_c(void **state)
{
    qctx *ctx = *state;
    emit_options o = defaults();
    emitter e = bare(ctx, ir_new(ctx, "n"), &o);
    const int32_t v32[] = {INT32_MIN, INT32_MAX, 0, -1};
    const int64_t v64[] = {INT64_MIN, INT64_MAX, (int64_t)INT32_MIN};
    const float f32[] = {1.0F, -0.1F, 1e-40F, 3.4028235e38F};
    assert_string_equal(emit_array(&e, EMIT_CONSTANT, "a", IR_I32, v32, 4, "c"), "n_a");
    emit_array(&e, EMIT_CONSTANT, "b", IR_I64, v64, 3, "c");
    emit_array(&e, EMIT_CONSTANT, "f", IR_F32, f32, 4, "c");
    has(buf_str(&e.data), "(-2147483647 - 1), 2147483647, 0, -1\n");
    has(buf_str(&e.data), "(-9223372036854775807 - 1), 9223372036854775807, -2147483648\n");
    has(buf_str(&e.data), "1.0F, -0.1F, 1e-40F, 3.4028235e+38F\n");
    assert_int_equal(e.constant_bytes, 16 + 24 + 16);
    assert_int_equal(e.weight_bytes, 0);
}

static void strings_hold_every_byte(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_JIT))
        skip();
    gb b = gb_new(ctx, "bytes");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, 255, 0, 0)), *y = gb_dense(&b, "y", x, 2);
    int8_t *w = ARENA_ARRAY(ctx->a, int8_t, 510);
    for (int i = 0; i < 510; i++)
        w[i] = (int8_t)(i % 255 - 127);
    ((ir_tensor *)ir_weight(y->producer))->data = w;
    gb_output(&b, y);
    ir_graph *g = gb_done(&b);
    emit_options o = defaults();
    o.weights = EMIT_STRING;
    const char *c = emitted(ctx, g, &o).c;
    has(c, "-Wno-overlength-strings");
    has(c, ">\\?@AB"); /* no trigraph */
    runs_like_the_interpreter(ctx, g, &o, ENGINE_JIT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(odd_graphs_run_under_every_option), T(odd_float_graphs_run_under_every_option),
        T(odd_graphs_run_under_the_system_compiler), T(state_survives_until_reset), T(float_ports_quantize_as_the_grid_does),
        T(header_has_every_macro), T(options_change_the_signature), T(float_ports_of_a_float_net),
        T(sixteen_bit_ports_are_aligned_to_two), T(comment_states_provenance),
        T(seed_and_paths_leave_no_trace), T(comments_cannot_be_broken_out_of), T(names_never_collide),
        T(model_names_become_identifiers), T(bad_prefixes_are_told), T(bad_sections_are_told),
        T(unknown_targets_are_told), T(arenas_beyond_32_bits_are_told),
        T(split_weights_leave_only_declarations), T(sizes_count_what_is_baked),
        T(extreme_elements_are_legal_c), T(strings_hold_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
