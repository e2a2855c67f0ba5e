/* test_differential.c - emitted C against the reference interpreter, bit for bit, on random nets.
 *
 * libtcc runs nets one by one in this process. For system compilers, batches of nets are one
 * translation unit with a main that reads inputs and wanted outputs from a file; every buffer is a
 * block of its own, so that the sanitizers see each access outside. QCC_LONG=1 runs many times more,
 * QCC_SEED=N starts elsewhere, QCC_KEEP=1 keeps the batches' files. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/jit/engine.h"
#include "compiler/quant/quant.h"
#include "runtime/interp.h"
#include "tests/emit/random_net.h"

enum { ROWS = 5, BATCH = 36 };

typedef struct sample {
    ir_graph *g;
    emit_options o;
    void **in[ROWS], **out[ROWS];
    double *peaks[ROWS]; /* float nets: [tensor id], the largest magnitude that the interpreter met */
} sample;

/* ---- samples ------------------------------------------------------------------------------ */

static bool is_long(void)
{
    const char *s = getenv("QCC_LONG");
    return s && *s && *s != '0';
}

static uint64_t first_seed(void)
{
    const char *s = getenv("QCC_SEED");
    return s ? strtoull(s, NULL, 10) : 1;
}

static int64_t bytes_of(const ir_tensor *t)
{
    return ir_elems(&t->shape) * (int64_t)ir_type_size(t->type);
}

/* Options that change how operators are printed, or where their operands are. */
static void draw_options(qctx *ctx, emit_options *o, rng *r)
{
    static const int unroll[] = {-1, -1, -1, -1, 0, 3, 9, 40};
    emit_options_init(o);
    o->opt = (emit_opt)rng_below(r, 3);
    o->unroll = unroll[rng_below(r, 8)];
    o->weights = rng_below(r, 4) == 0 ? EMIT_STRING : EMIT_DECIMAL;
    o->io_in_arena = rng_below(r, 3) == 0; /* where outputs may lie over inputs */
    o->static_arena = rng_below(r, 8) == 0;
    int n;
    const char *const *targets = emit_target_names(ctx, &n);
    o->target = targets[rng_below(r, 2) ? rng_below(r, (uint64_t)n) : 0];
    o->ram_min = rng_below(r, 3) == 0;
    o->chain_rows = (int)rng_below(r, 5); /* nets this small seldom gain by bands */
}

static double largest(const float *v, int64_t n)
{
    double top = 1e-3;
    for (int64_t i = 0; i < n; ++i)
        top = fmax(top, fabs((double)v[i]));
    return top;
}

static void note_peak(void *user, const ir_op *op, const ir_tensor *out, float *data)
{
    (void)op;
    double *peaks = *(double **)user;
    peaks[out->id] = largest(data, ir_elems(&out->shape));
}

static void fill_rows(qctx *ctx, sample *s, rng *r)
{
    const ir_graph *g = s->g;
    interp *it = interp_new(ctx, g);
    double *peaks;
    interp_set_edit(it, note_peak, &peaks);
    for (int row = 0; row < ROWS; ++row) {
        peaks = s->peaks[row] = ARENA_ARRAY(ctx->a, double, g->tensors.n);
        s->in[row] = ARENA_ARRAY(ctx->a, void *, g->inputs.n);
        s->out[row] = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
        for (int k = 0; k < g->inputs.n; ++k) {
            s->in[row][k] = arena_alloc(ctx->a, (size_t)bytes_of(g->inputs.v[k]));
            random_row(g->inputs.v[k], row, r, s->in[row][k]);
        }
        for (int k = 0; k < g->outputs.n; ++k)
            s->out[row][k] = arena_alloc(ctx->a, (size_t)bytes_of(g->outputs.v[k]));
        interp_run(it, (const void *const *)s->in[row], s->out[row]);
    }
}

/* A tensor holds what stays, some of it for the multiple alone. */
static void check_spared(const ir_graph *lean, uint64_t seed)
{
    for (int i = 0; i < lean->tensors.n; ++i) {
        const ir_tensor *t = lean->tensors.v[i];
        int spared = 0, kept = 0;
        for (int c = 0; t->channels && c < t->channels->n; ++c) {
            spared += t->channels->spared[c] != IR_KEPT;
            kept += t->channels->gone[c] == IR_KEPT;
            if (t->channels->spared[c] != IR_KEPT && t->channels->gone[c] != IR_KEPT)
                fail_msg("lean: seed %llu: channel %d of %s is left out and kept", (unsigned long long)seed, c, t->name);
        }
        if (t->channels && kept != t->shape.dim[t->shape.rank - 1])
            fail_msg("lean: seed %llu: %s holds %d channels", (unsigned long long)seed, t->name, kept);
        if (spared > 0 && t->channels->multiple < 2)
            fail_msg("lean: seed %llu: %s keeps what may go", (unsigned long long)seed, t->name);
    }
}

/* The interpreter on a lean graph gives the codes of the whole one. */
static void lean_agrees(qctx *ctx, const sample *s, const ir_graph *lean, uint64_t seed)
{
    const ir_graph *g = s->g;
    interp *it = lean ? interp_new(ctx, lean) : NULL;
    if (lean)
        check_spared(lean, seed);
    for (int row = 0; it && row < ROWS; ++row) {
        void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
        for (int k = 0; k < g->outputs.n; ++k)
            out[k] = arena_alloc(ctx->a, (size_t)bytes_of(g->outputs.v[k]));
        interp_run(it, (const void *const *)s->in[row], out);
        for (int k = 0; k < g->outputs.n; ++k)
            if (memcmp(out[k], s->out[row][k], (size_t)bytes_of(g->outputs.v[k])) != 0)
                fail_msg("lean: seed %llu row %d output %d differs", (unsigned long long)seed, row, k);
    }
}

/* Only ratios of scales, and formulas that a mode does not have, may be refused. */
static bool refused_properly(qctx *ctx, uint64_t seed)
{
    for (int i = 0; i < diag_count(ctx); ++i) {
        const diag *d = diag_get(ctx, i);
        bool proper = d->severity != DIAG_ERROR || d->id == D_SCALE_RATIO || d->id == D_NUMERICS_REFUSED;
        if (!proper)
            fail_msg("seed %llu: %s", (unsigned long long)seed, d->message);
    }
    return false;
}

/* The net of a seed with its rows; false where the seed gives none. */
static bool make_sample(qctx *ctx, uint64_t seed, sample *s)
{
    *s = (sample){.g = random_net(ctx, seed)};
    if (!s->g)
        return refused_properly(ctx, seed);
    rng r;
    rng_seed(&r, seed ^ 0x5eed);
    draw_options(ctx, &s->o, &r);
    fill_rows(ctx, s, &r);
    lean_agrees(ctx, s, s->g->lean, seed);
    ir_graph *rounded = s->g->lean ? lean_graph(ctx, s->g, 2 + (int)(seed % 7)) : NULL;
    if (rounded && !ir_verify(ctx, rounded, "lean"))
        fail_msg("lean: seed %llu: no graph", (unsigned long long)seed);
    lean_agrees(ctx, s, rounded, seed);
    return true;
}

/* ---- libtcc, in this process -------------------------------------------------------------- */

static void check_row(qctx *ctx, engine *e, const sample *s, int row, uint64_t seed)
{
    const ir_graph *g = s->g;
    void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
    for (int k = 0; k < g->outputs.n; ++k)
        out[k] = arena_alloc(ctx->a, (size_t)bytes_of(g->outputs.v[k]));
    assert_int_equal(engine_run(e, (const void *const *)s->in[row], out), 0);
    for (int k = 0; k < g->outputs.n; ++k)
        if (memcmp(out[k], s->out[row][k], (size_t)bytes_of(g->outputs.v[k])) != 0)
            fail_msg("tcc: seed %llu row %d output %d differs", (unsigned long long)seed, row, k);
}

static bool run_with_tcc(uint64_t seed)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    sample s;
    bool made = make_sample(ctx, seed, &s);
    if (made) {
        engine *e = engine_new(ctx, s.g, ENGINE_JIT, &s.o, NULL);
        if (!e)
            fail_msg("tcc: seed %llu: %s", (unsigned long long)seed, diag_get(ctx, diag_count(ctx) - 1)->message);
        for (int row = 0; row < ROWS; ++row)
            check_row(ctx, e, &s, row, seed);
    }
    qctx_free(ctx);
    return made;
}

static void tcc_agrees(void **state)
{
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    int n = is_long() ? 4000 : 400, made = 0; /* some draws are refused */
    for (int i = 0; i < n; ++i)
        made += run_with_tcc(first_seed() + (uint64_t)i);
    assert_true(made > n * 3 / 4);
}

/* A target with kernels of its own, in their plain C form, at every level: a level's own text shows in
 * few shapes, which draws of target and level together would hardly meet. */
static void run_levels(const char *target, uint64_t seed)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    sample s;
    bool made = make_sample(ctx, seed, &s);
    for (int level = EMIT_OS; made && level <= EMIT_OSPEED; ++level) {
        s.o.target = target;
        s.o.opt = (emit_opt)level;
        engine *e = engine_new(ctx, s.g, ENGINE_JIT, &s.o, NULL);
        if (!e)
            fail_msg("%s: seed %llu: %s", target, (unsigned long long)seed,
                     diag_get(ctx, diag_count(ctx) - 1)->message);
        for (int row = 0; row < ROWS; ++row)
            check_row(ctx, e, &s, row, seed);
    }
    qctx_free(ctx);
}

static void kernels_agree_at_every_level(void **state)
{
    static const struct {
        const char *target;
        int nets;
    } rows[] = {{"cortex-m4", 600}, {"cortex-m3", 300}, {"cortex-m0", 300}, {"rv32", 200}};
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    for (size_t r = 0; r < sizeof rows / sizeof *rows; ++r)
        for (int i = 0; i < rows[r].nets * (is_long() ? 10 : 1); ++i)
            run_levels(rows[r].target, first_seed() + 100000 + (uint64_t)i);
}

/* Layers in bands of rows, wherever they can be. */
static bool run_bands(uint64_t seed)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    sample s;
    emit_result c = {0};
    bool made = make_sample(ctx, seed, &s);
    s.o.ram_min = true;
    s.o.chain_rows = 1 + (int)(seed % 4);
    if (made)
        assert_true(emit_c(ctx, s.g, &s.o, &c));
    if (c.n_chains > 0) {
        engine *e = engine_new(ctx, s.g, ENGINE_JIT, &s.o, NULL);
        if (!e)
            fail_msg("bands: seed %llu: %s", (unsigned long long)seed, diag_get(ctx, diag_count(ctx) - 1)->message);
        for (int row = 0; row < ROWS; ++row)
            check_row(ctx, e, &s, row, seed);
    }
    qctx_free(ctx);
    return c.n_chains > 0;
}

enum { IN_PLACE, IN_WINDOWS, AROUND, IN_CELLS, WAYS };

/* Inputs that a concat's note says are copied, each with its reason. */
static int copied(const char *note)
{
    int n = 0;
    for (const char *at = note; (at = strstr(at, " (")) != NULL; ++at)
        ++n;
    return n;
}

/* Concats and pads that copy nothing, by how they come to that; maps of which some channels are in
 * place. */
static void count_ways(const ir_graph *g, const emit_result *c, int *ways)
{
    static const char *const notes[] = {
        "no copy: in place", "no copy: in the windows of its readers", "no copy: around its input"};
    for (int i = 0; i < g->ops.n; ++i) {
        const ir_op *op = g->ops.v[i];
        const ir_shape *out = &op->out[0]->shape;
        for (int k = IN_PLACE; k < IN_CELLS; ++k)
            ways[k] += c->op_notes[i] && !strcmp(c->op_notes[i], notes[k]);
        bool cells = op->kind == OP_CONCAT && op->at.axis == 2 && out->dim[0] * out->dim[1] > 1;
        ways[IN_CELLS] += cells && copied(c->op_notes[i]) < op->n_in;
    }
}

static void run_uncopied(const char *target, uint64_t seed, int *ways)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    sample s;
    emit_result c;
    int found[WAYS] = {0};
    bool made = make_sample(ctx, seed, &s);
    s.o.target = target;
    s.o.ram_min = false;
    if (made) {
        assert_true(emit_c(ctx, s.g, &s.o, &c));
        count_ways(s.g, &c, found);
    }
    if (found[IN_PLACE] + found[IN_WINDOWS] + found[AROUND] + found[IN_CELLS] > 0) {
        engine *e = engine_new(ctx, s.g, ENGINE_JIT, &s.o, NULL);
        if (!e)
            fail_msg("%s: seed %llu: %s", target, (unsigned long long)seed,
                     diag_get(ctx, diag_count(ctx) - 1)->message);
        for (int row = 0; row < ROWS; ++row)
            check_row(ctx, e, &s, row, seed);
    }
    for (int k = 0; k < WAYS; ++k)
        ways[k] += found[k];
    qctx_free(ctx);
}

/* Concats and pads without copies, of rows and of channels. */
static void concats_and_pads_agree(void **state)
{
    static const char *const targets[] = {"generic", "cortex-m4"};
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    int n = is_long() ? 6000 : 600;
    for (int t = 0; t < 2; ++t) {
        int ways[WAYS] = {0};
        for (int i = 0; i < n; ++i)
            run_uncopied(targets[t], first_seed() + 500000 + (uint64_t)i, ways);
        print_message(
            "[ note ] %s: %d concats in place, %d of channels, %d pads in windows, %d around\n",
            targets[t], ways[IN_PLACE], ways[IN_CELLS], ways[IN_WINDOWS], ways[AROUND]);
        for (int k = 0; k < WAYS; ++k)
            assert_true(ways[k] > n / 100);
    }
}

static void rows_stream_in_bands(void **state)
{
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    int n = is_long() ? 4000 : 300, chains = 0;
    for (int i = 0; i < n; ++i)
        chains += run_bands(first_seed() + 300000 + (uint64_t)i);
    assert_true(chains > n / 6);
}

/* ---- floats: close to the interpreter's ---------------------------------------------------- */

/* Near the output's own largest value; a mean of values that cancel keeps their rounding errors, so it
 * may also be off by 4e-6 (some 30 roundings) of the largest that it averages. */
static double float_limit(const ir_tensor *t, const float *want, const double *peaks)
{
    double limit = 1e-4 * largest(want, ir_elems(&t->shape));
    if (t->producer && t->producer->kind == OP_GLOBAL_AVGPOOL)
        limit = fmax(limit, 4e-6 * peaks[t->producer->in[0]->id]);
    return limit;
}

static void check_floats(const ir_tensor *t, const float *got, const float *want, double limit, uint64_t seed)
{
    for (int64_t i = 0; i < ir_elems(&t->shape); ++i)
        if (!(fabs((double)got[i] - (double)want[i]) <= limit))
            fail_msg("float: seed %llu '%s'[%lld] is %g, not %g", (unsigned long long)seed, t->name,
                     (long long)i, (double)got[i], (double)want[i]);
}

static void run_float(uint64_t seed)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    sample s = {.g = random_float_net(ctx, seed)};
    assert_non_null(s.g);
    rng r;
    rng_seed(&r, seed ^ 0xf10a7);
    draw_options(ctx, &s.o, &r);
    s.o.weights = EMIT_DECIMAL;
    s.o.no_libm = rng_below(&r, 2) == 0;
    fill_rows(ctx, &s, &r);
    engine *e = engine_new(ctx, s.g, ENGINE_JIT, &s.o, NULL);
    if (!e)
        fail_msg("float: seed %llu: %s", (unsigned long long)seed, diag_get(ctx, diag_count(ctx) - 1)->message);
    for (int row = 0; row < ROWS; ++row) {
        void **out = ARENA_ARRAY(ctx->a, void *, s.g->outputs.n);
        for (int k = 0; k < s.g->outputs.n; ++k)
            out[k] = arena_alloc(ctx->a, (size_t)bytes_of(s.g->outputs.v[k]));
        assert_int_equal(engine_run(e, (const void *const *)s.in[row], out), 0);
        for (int k = 0; k < s.g->outputs.n; ++k)
            check_floats(s.g->outputs.v[k], out[k], s.out[row][k],
                         float_limit(s.g->outputs.v[k], s.out[row][k], s.peaks[row]), seed);
    }
    qctx_free(ctx);
}

static void floats_agree(void **state)
{
    (void)state;
    if (!engine_available(ENGINE_JIT))
        skip();
    for (int i = 0; i < (is_long() ? 2000 : 200); ++i)
        run_float(first_seed() + (uint64_t)i);
}

/* ---- batches for a system compiler -------------------------------------------------------- */

static const char batch_main[] =
    "#include <stdio.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "static void *block(size_t n) { void *p = malloc(n ? n : 1); if (!p) exit(3); return p; }\n"
    "static void get(void *p, size_t n, FILE *f) { if (fread(p, 1, n, f) != n) exit(3); }\n"
    "typedef int call(void *, const void *const *, void *const *, void *);\n"
    "typedef void reset(void *);\n"
    "static int check(int seed, call *run, reset *first, long state_bytes, int n_in, const long *in_bytes, int n_out,\n"
    "    const long *out_bytes, long arena_bytes, FILE *f)\n"
    "{\n"
    "    int bad = 0, row, k;\n"
    "    void *state = block((size_t)state_bytes);\n"
    "    first(state);\n"
    "    for (row = 0; row < ROWS; row++) {\n"
    "        void *in[8], *out[8], *want[8], *arena = NULL;\n"
    "        if (posix_memalign(&arena, 64, (size_t)arena_bytes)) exit(3);\n"
    "        memset(arena, 0x5a + row, (size_t)arena_bytes);\n"
    "        for (k = 0; k < n_in; k++) get(in[k] = block((size_t)in_bytes[k]), (size_t)in_bytes[k], f);\n"
    "        for (k = 0; k < n_out; k++) {\n"
    "            get(want[k] = block((size_t)out_bytes[k]), (size_t)out_bytes[k], f);\n"
    "            memset(out[k] = block((size_t)out_bytes[k]), 0x33, (size_t)out_bytes[k]);\n"
    "        }\n"
    "        if (run(state, (const void *const *)in, out, arena) != 0) bad = 1;\n"
    "        for (k = 0; k < n_out; k++)\n"
    "            if (memcmp(out[k], want[k], (size_t)out_bytes[k]) != 0) {\n"
    "                fprintf(stderr, \"seed %d row %d output %d differs\\n\", seed, row, k);\n"
    "                bad = 1;\n"
    "            }\n"
    "        for (k = 0; k < n_in; k++) free(in[k]);\n"
    "        for (k = 0; k < n_out; k++) { free(out[k]); free(want[k]); }\n"
    "        free(arena);\n"
    "    }\n"
    "    free(state);\n"
    "    return bad;\n"
    "}\n";

static void put_bytes(buf *b, const char *word, ir_tensor *const *v, int n)
{
    buf_printf(b, "        static const long %s[] = {", word);
    for (int k = 0; k < n; ++k)
        buf_printf(b, "%lld, ", (long long)bytes_of(v[k]));
    buf_puts(b, "0};\n");
}

/* Whether one of the net's operators has a kernel whose name begins so. */
static bool has_kernel(const ir_graph *g, const emit_result *c, const char *kernels)
{
    for (int i = 0; i < g->ops.n; ++i)
        if (c->op_kernels[i] && !strncmp(c->op_kernels[i], kernels, strlen(kernels)))
            return true;
    return false;
}

/* Whether a row of the net fits the boards' memory (tests/firmware/hosted.c): arena, inputs, outputs and
 * the outputs that are wanted. */
static bool fits_board(const ir_graph *g, const emit_result *c)
{
    int64_t bytes = c->arena_bytes;
    for (int k = 0; k < g->inputs.n; ++k)
        bytes += bytes_of(g->inputs.v[k]);
    for (int k = 0; k < g->outputs.n; ++k)
        bytes += 2 * bytes_of(g->outputs.v[k]);
    return bytes <= 220000;
}

/* Appends one net to the batch: its C, its call in main, its rows; not one without such a kernel, or too
 * large for a board. */
static bool add_sample(qctx *ctx, const sample *s, uint64_t seed, const char *kernels, bool board, buf *code,
                       buf *calls, buf *data)
{
    const ir_graph *g = s->g;
    emit_result c;
    assert_true(emit_c(ctx, g, &s->o, &c));
    if (!has_kernel(g, &c, kernels) || (board && !fits_board(g, &c)))
        return false;
    buf_puts(code, c.c);
    buf_puts(code, emit_adapter(ctx, g, &s->o));
    buf_puts(calls, "    {\n");
    put_bytes(calls, "in", g->inputs.v, g->inputs.n);
    put_bytes(calls, "out", g->outputs.v, g->outputs.n);
    const char *p = emit_prefix(ctx, g, &s->o);
    buf_printf(calls, "        bad |= check(%llu, %s_engine_call, %s_engine_reset, %s_engine_state_bytes(), %d, in, %d, out, %lld, f);\n    }\n",
               (unsigned long long)seed, p, p, p, g->inputs.n, g->outputs.n,
               (long long)(c.arena_bytes > 0 ? c.arena_bytes : 1));
    for (int row = 0; row < ROWS; ++row) {
        for (int k = 0; k < g->inputs.n; ++k)
            buf_bytes(data, s->in[row][k], (size_t)bytes_of(g->inputs.v[k]));
        for (int k = 0; k < g->outputs.n; ++k)
            buf_bytes(data, s->out[row][k], (size_t)bytes_of(g->outputs.v[k]));
    }
    return true;
}

static void write_file(const char *path, const buf *b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(buf_str(b), 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

/* Nets from `seed` on as dir/nets.c, dir/batch.c (which includes them) and dir/rows.bin; gives the seed after the last one. target: all for one, or NULL: drawn. kernels: "neon" leaves nets out that have no kernel named so, "" none. */
static uint64_t write_batch(const char *dir, uint64_t seed, int n, const char *target, const char *kernels)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    buf code, calls, data;
    buf_init(&code, ctx->a);
    buf_init(&calls, ctx->a);
    buf_init(&data, ctx->a);
    while (n > 0) {
        sample s;
        if (make_sample(ctx, seed, &s)) {
            s.o.target = target ? target : s.o.target;
            n -= add_sample(ctx, &s, seed, kernels, target != NULL, &code, &calls, &data);
        }
        ++seed;
    }
    write_file(arena_printf(ctx->a, "%s/nets.c", dir), &code);
    buf_init(&code, ctx->a);
    buf_printf(&code, "#include \"nets.c\"\nenum { ROWS = %d };\n%s", ROWS, batch_main);
    buf_printf(&code, "int main(int argc, char **argv)\n{\n    int bad = argc < 2;\n"
                      "    FILE *f = bad ? NULL : fopen(argv[1], \"rb\");\n    if (!f) return 3;\n%s"
                      "    fclose(f);\n    return bad;\n}\n", buf_str(&calls));
    write_file(arena_printf(ctx->a, "%s/batch.c", dir), &code);
    write_file(arena_printf(ctx->a, "%s/rows.bin", dir), &data);
    qctx_free(ctx);
    return seed;
}

static int shell(const char *dir, const char *fmt, ...)
{
    char command[1024];
    int n = snprintf(command, sizeof command, "cd '%s' && ", dir);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command + n, sizeof command - (size_t)n, fmt, ap);
    va_end(ap);
    return system(command);
}

static bool have(const char *compiler)
{
    return shell("/", "command -v %s >/dev/null 2>&1", compiler) == 0;
}

#define WARNINGS "-std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wconversion -Wshadow " \
                 "-Werror -Wno-overlength-strings "

#define SANITIZERS "-fsanitize=address,undefined -fno-sanitize-recover=all"

/* What is done with a compiler's output: OBJECT, nothing (its processor is not here). */
enum use { RUN, OBJECT, EMULATE };

/* One way to compile. */
struct config {
    const char *compiler, *flags;
    enum use use;
};

#define EMULATOR "qemu-aarch64"

static const struct config configs[] = {
    {"gcc", WARNINGS "-O0", RUN},
    {"gcc", WARNINGS "-O2", RUN},
    {"gcc", WARNINGS "-O3 -march=native", RUN},
    {"gcc", WARNINGS "-O1 " SANITIZERS, RUN},
    {"clang", WARNINGS "-O2", RUN},
    {"clang", WARNINGS "-O1 -fsanitize=undefined -fno-sanitize-recover=all", RUN},
    {"arm-none-eabi-gcc", WARNINGS "-O2 -mcpu=cortex-m4 -mthumb -ffreestanding", OBJECT},
    {"arm-none-eabi-gcc", WARNINGS "-O2 -mcpu=cortex-m55 -mthumb -mfloat-abi=hard -ffreestanding", OBJECT},
};

/* The levels of x86-64, and what its plain C is. */
static const struct config levels[] = {
    {"gcc", WARNINGS "-O3 -march=native", RUN},
    {"gcc", WARNINGS "-O2 -mavx2", RUN},
    {"gcc", WARNINGS "-O2", RUN},
    {"clang", WARNINGS "-O2 -march=native", RUN},
    {"gcc", WARNINGS "-O1 -march=native " SANITIZERS, RUN},
    {"gcc", WARNINGS "-O1 -mavx2 " SANITIZERS, RUN},
};

/* Levels chosen at run time: the best, and others. The long form has them all. */
static const struct config dispatched[] = {
    {"gcc", WARNINGS "-O1", RUN},
    {"gcc", WARNINGS "-O1 -DQCC_LEVEL=8", RUN},
    {"clang", WARNINGS "-O1 -DQCC_LEVEL=4", RUN},
    {"gcc", WARNINGS "-O1 " SANITIZERS, RUN},
    {"gcc", WARNINGS "-O1 -DQCC_LEVEL=8 " SANITIZERS, RUN},
    {"gcc", WARNINGS "-O3 -march=native -DQCC_LEVEL=4", RUN},
};

/* The levels of aarch64; with sanitizers in the long form. */
#define AARCH64(flags) {"aarch64-linux-gnu-gcc", WARNINGS flags, EMULATE}
static const struct config arms[] = {
    AARCH64("-O2 -march=armv8.2-a+dotprod"),
    AARCH64("-O2 -march=armv8-a"),
    AARCH64("-O1 -march=armv8.2-a+dotprod " SANITIZERS),
    AARCH64("-O1 -march=armv8-a " SANITIZERS),
    AARCH64("-O3 -march=armv8.2-a+dotprod"),
    AARCH64("-O0 -march=armv8-a"),
};

static void run_config(const char *dir, const struct config *c, uint64_t seed)
{
    if (!have(c->compiler) || (c->use == EMULATE && !have(EMULATOR))) {
        print_message("[ note ] no %s%s: not compared\n", c->compiler, c->use == EMULATE ? ", or no " EMULATOR : "");
        return;
    }
    if (shell(dir, "%s %s %s", c->compiler, c->flags, c->use == OBJECT ? "-c nets.c" : "-o batch batch.c") != 0)
        fail_msg("%s %s rejects the nets from seed %llu", c->compiler, c->flags, (unsigned long long)seed);
    if (c->use != OBJECT && shell(dir, "%s./batch rows.bin", c->use == EMULATE ? "ASAN_OPTIONS=detect_leaks=0 " EMULATOR " -cpu max -L /usr/aarch64-linux-gnu " : "") != 0)
        fail_msg("%s %s: nets from seed %llu differ", c->compiler, c->flags, (unsigned long long)seed);
}

static void compare_batches(const struct config *c, int n, uint64_t seed, const char *target, const char *kernels)
{
    char dir[] = "/tmp/qcc-differential-XXXXXX";
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < (is_long() ? 20 * n : n); ++i) {
        uint64_t first = seed;
        seed = write_batch(dir, first, BATCH, target, kernels);
        run_config(dir, &c[i % n], first);
    }
    if (!getenv("QCC_KEEP"))
        shell(dir, "rm -f batch batch.c nets.c nets.o rows.bin && rmdir '%s'", dir);
}

static void compilers_agree(void **state)
{
    (void)state;
    compare_batches(configs, sizeof configs / sizeof *configs, first_seed(), NULL, "");
}

static void levels_of_x86_agree(void **state)
{
    (void)state;
#ifdef __x86_64__
    compare_batches(levels, sizeof levels / sizeof *levels, first_seed() + 200000, "x86-64", "x86");
#else
    skip();
#endif
}

/* Each net has a kernel of the target's. */
static void levels_of_aarch64_agree(void **state)
{
    (void)state;
    compare_batches(arms, is_long() ? sizeof arms / sizeof *arms : 2, first_seed() + 300000, "aarch64", "neon");
}

static void levels_at_run_time_agree(void **state)
{
    (void)state;
#ifdef __x86_64__
    compare_batches(dispatched, is_long() ? sizeof dispatched / sizeof *dispatched : 3, first_seed() + 400000,
                    "x86-64-dispatch", "x86");
#else
    skip();
#endif
}

/* ---- forms of weights that vector kernels take ------------------------------------------------ */

enum { FORM_16_BITS, FORM_OFFSET, FORM_LARGE_CODEBOOK, FORM_OWN_TABLES, FORM_WIDE_CODES, FORMS };

static bool has_form(const ir_op *op, int form)
{
    const ir_quant *q = ir_weight(op)->quant;
    switch (form) {
    case FORM_16_BITS:
        return q->bits == 16 && q->symmetric;
    case FORM_OFFSET: /* midpoint or asymmetric: levels are not the codes */
        return q->scheme == IR_Q_UNIFORM && q->bits == 8 && (q->grid == IR_GRID_MIDPOINT || !q->symmetric);
    case FORM_LARGE_CODEBOOK:
        return q->scheme == IR_Q_CODEBOOK && q->entries > 64;
    case FORM_OWN_TABLES:
        return q->scheme == IR_Q_CODEBOOK && q->table_per_channel;
    default:
        return op->in[0]->type == IR_I16;
    }
}

/* The nets that levels_of_… compare (aarch64: in the long form all of these) hold every form, convolutions
 * and dense layers as well as depthwise ones, with a kernel of the target's. */
static void forms_are_drawn(const char *target, const char *kernels, uint64_t seed)
{
    int drawn[2][FORMS] = {{0}};
    for (int n = 0; n < 6 * BATCH; ++seed) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        sample s;
        emit_result c;
        if (make_sample(ctx, seed, &s)) {
            s.o.target = target;
            assert_true(emit_c(ctx, s.g, &s.o, &c));
            n += has_kernel(s.g, &c, kernels);
            for (int i = 0; i < s.g->ops.n; ++i) {
                const ir_op *op = s.g->ops.v[i];
                for (int f = 0; f < FORMS && ir_weight(op); ++f)
                    drawn[ir_is_depthwise(op)][f] +=
                        has_form(op, f) && c.op_kernels[i] && !strncmp(c.op_kernels[i], kernels, strlen(kernels));
            }
        }
        qctx_free(ctx);
    }
    for (int depthwise = 0; depthwise < 2; ++depthwise)
        for (int f = 0; f < FORMS; ++f)
            if (drawn[depthwise][f] == 0)
                fail_msg("%s: no net has form %d%s", target, f, depthwise ? ", depthwise" : "");
}

static void forms_are_drawn_for_vectors(void **state)
{
    (void)state;
    forms_are_drawn("x86-64", "x86", first_seed() + 200000);
    forms_are_drawn("aarch64", "neon", first_seed() + 300000);
}

/* `--write DIR SEED N TARGET [KERNELS]`: a batch for processors that are not here (tests/firmware). */
static int write_for_target(int n, char **arg)
{
    write_batch(arg[0], strtoull(arg[1], NULL, 10), atoi(arg[2]), arg[3], n > 4 ? arg[4] : "");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 6 && !strcmp(argv[1], "--write"))
        return write_for_target(argc - 2, argv + 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcc_agrees),
        cmocka_unit_test(rows_stream_in_bands),
        cmocka_unit_test(concats_and_pads_agree),
        cmocka_unit_test(kernels_agree_at_every_level),
        cmocka_unit_test(floats_agree),
        cmocka_unit_test(compilers_agree),
        cmocka_unit_test(forms_are_drawn_for_vectors),
        cmocka_unit_test(levels_of_x86_agree),
        cmocka_unit_test(levels_at_run_time_agree),
        cmocka_unit_test(levels_of_aarch64_agree),
    };
    return cmocka_run_group_tests_name("differential", tests, NULL, NULL);
}
