/* test_differential.c - emitted C against the reference interpreter, bit for bit, on random nets.
 *
 * libtcc runs nets one by one in this process, system compilers get batches of them (batches.h). QCC_LONG=1
 * runs many times more, QCC_SEED=N starts elsewhere, QCC_KEEP=1 keeps the batches' files. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/jit/engine.h"
#include "runtime/interp.h"
#include "tests/emit/batches.h"
#include "tests/emit/random_net.h"
#include "tests/emit/samples.h"

enum { BATCH = 36 };

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
    double limit = 1e-4 * largest_of(want, ir_elems(&t->shape));
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
    sample s;
    make_float_sample(ctx, seed, &s);
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

/* ---- system compilers ------------------------------------------------------------------------- */

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
        seed = write_batch(dir, first, BATCH, target, kernels, false);
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
    write_batch(arg[0], strtoull(arg[1], NULL, 10), atoi(arg[2]), arg[3], n > 4 ? arg[4] : "", true);
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
