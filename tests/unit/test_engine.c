/* test_engine.c - the engines: one graph, three ways to run it; refusals; temporary files; sizes of
 * objects from hostile ELF files. */
#include "tests/unit/cm.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/rng.h"
#include "compiler/jit/internal.h"
#include "tests/unit/graphs.h"

static int setup(void **state)
{
    *state = qctx_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    unsetenv("CC");
    unsetenv("TMPDIR");
    qctx_free(*state);
    return 0;
}

enum { IN = 24, OUT = 6 };

static ir_graph *small(qctx *ctx)
{
    gb b = gb_new(ctx, "small");
    ir_tensor *x = gb_input(&b, "x", gb_shape(1, IN, 0, 0));
    gb_output(&b, gb_dense(&b, "y", gb_relu(&b, "r", gb_dense(&b, "h", x, 30)), OUT));
    return gb_done(&b);
}

static void run_rows(engine *e, int8_t out[20][OUT])
{
    rng r;
    rng_seed(&r, 5);
    for (int row = 0; row < 20; row++) {
        int8_t in[IN];
        for (int i = 0; i < IN; i++)
            in[i] = (int8_t)((int)rng_below(&r, 256) - 128);
        assert_int_equal(engine_run(e, (const void *[]){in}, (void *[]){out[row]}), 0);
    }
}

static void engines_agree(void **state)
{
    qctx *ctx = *state;
    const ir_graph *g = small(ctx);
    static int8_t want[20][OUT], got[20][OUT];
    run_rows(engine_new(ctx, g, ENGINE_INTERPRETER, NULL, NULL), want);
    for (engine_kind kind = ENGINE_JIT; kind <= ENGINE_CC; kind++) {
        if (!engine_available(kind))
            continue;
        engine *e = engine_new(ctx, g, kind, NULL, NULL);
        assert_non_null(e);
        memset(got, 77, sizeof got);
        run_rows(e, got);
        assert_memory_equal(got, want, sizeof want);
        assert_true(engine_arena_bytes(e) >= 30);
        assert_non_null(engine_symbol(e, "run"));
        assert_null(engine_symbol(e, "selftest"));
        const int8_t in[IN] = {0};
        double seconds = engine_time(e, (const void *[]){in}, (void *[]){got[0]}, 9);
        assert_true(seconds >= 0 && seconds < 1);
    }
    engine *oracle = engine_new(ctx, g, ENGINE_INTERPRETER, NULL, NULL);
    assert_null(engine_symbol(oracle, "run"));
    assert_int_equal(engine_arena_bytes(oracle), 0);
    assert_true(engine_available(ENGINE_INTERPRETER));
}

static void function_pointers_keep_the_abi(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_JIT))
        skip();
    engine *e = engine_new(ctx, small(ctx), ENGINE_JIT, NULL, NULL);
    void *address = engine_symbol(e, "run"), *memory = arena_alloc(ctx->a, 4096);
    int (*run)(const int8_t *, int8_t *, void *);
    memcpy(&run, &address, sizeof address);
    int8_t in[IN] = {0}, out[OUT];
    assert_int_equal(run(in, out, memory), 0);
    assert_int_equal(run(NULL, out, memory), -1);
    assert_int_equal(run(in, NULL, memory), -1);
    assert_int_equal(run(in, out, NULL), -1);
    assert_int_equal(run(in, out, (char *)memory + 8), -1);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void expect_diag(qctx *ctx, diag_id id, const char *part)
{
    assert_int_equal(diag_count(ctx), 1);
    assert_int_equal(diag_get(ctx, 0)->id, id);
    assert_non_null(strstr(diag_get(ctx, 0)->message, part));
}

static void broken_text_is_told_with_the_message(void **state)
{
    (void)state;
    if (tcc_is_available()) {
        qctx *ctx = qctx_new();
        assert_null(tcc_load(ctx, "int f(void) { return undeclared_thing; }\n"));
        expect_diag(ctx, D_ENGINE_COMPILE, "undeclared_thing");
        qctx_free(ctx);
        ctx = qctx_new();
        assert_null(tcc_load(ctx, "extern int missing(void); int f(void) { return missing(); }\n"));
        expect_diag(ctx, D_ENGINE_COMPILE, "missing");
        qctx_free(ctx);
    }
    if (cc_is_available()) {
        qctx *ctx = qctx_new();
        assert_null(cc_load(ctx, "int f(void) { return undeclared_thing; }\n", "-O0"));
        expect_diag(ctx, D_ENGINE_COMPILE, "undeclared_thing");
        qctx_free(ctx);
    }
}

static void a_missing_compiler_is_told(void **state)
{
    qctx *ctx = *state;
    setenv("CC", "/nonexistent/compiler -m64", 1);
    assert_false(engine_available(ENGINE_CC));
    assert_null(engine_new(ctx, small(ctx), ENGINE_CC, NULL, NULL));
    expect_diag(ctx, D_ENGINE_UNAVAILABLE, "/nonexistent/compiler");
    int64_t flash, bss;
    assert_false(object_sizes(ctx, "int x;\n", NULL, &flash, &bss));
}

static void a_compiler_that_makes_nothing_is_told(void **state)
{
    qctx *ctx = *state;
    setenv("CC", "true", 1);
    assert_null(engine_new(ctx, small(ctx), ENGINE_CC, NULL, NULL));
    expect_diag(ctx, D_ENGINE_UNAVAILABLE, "cannot load");
}

/* No shell sees $CC or the flags: `;` is an argument like any other. */
static void no_shell_is_involved(void **state)
{
    qctx *ctx = *state;
    setenv("CC", "false ; true", 1);
    assert_null(engine_new(ctx, small(ctx), ENGINE_CC, NULL, "$(true) `true`"));
    expect_diag(ctx, D_ENGINE_COMPILE, "status 1");
}

static void too_many_flags_are_told(void **state)
{
    qctx *ctx = *state;
    char flags[400];
    memset(flags, 0, sizeof flags);
    for (int i = 0; i < 99; i++)
        strcat(flags, "-g ");
    assert_null(engine_new(ctx, small(ctx), ENGINE_CC, NULL, flags));
    expect_diag(ctx, D_ENGINE_UNAVAILABLE, "64 words");
}

/* ---- temporary files ----------------------------------------------------------------------- */

static int entries(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    int n = -2; /* . and .. */
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void no_temporary_file_stays(void **state)
{
    (void)state;
    char dir[] = "/tmp/qcc-engine-XXXXXX";
    assert_non_null(mkdtemp(dir));
    setenv("TMPDIR", dir, 1);
    static const char *const compilers[] = {"cc", "false", "true", "/nonexistent/cc"};
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++) {
        setenv("CC", compilers[i], 1);
        qctx *ctx = qctx_new();
        engine_new(ctx, small(ctx), ENGINE_CC, NULL, "-O0");
        int64_t flash, bss;
        object_sizes(ctx, "int x;\n", "-O0", &flash, &bss);
        assert_int_equal(entries(dir), 0);
        qctx_free(ctx);
        assert_int_equal(entries(dir), 0);
    }
    rmdir(dir);
}

static void an_unwritable_temporary_directory_is_told(void **state)
{
    qctx *ctx = *state;
    setenv("TMPDIR", "/nonexistent/tmp", 1);
    assert_null(engine_new(ctx, small(ctx), ENGINE_CC, NULL, NULL));
    expect_diag(ctx, D_ENGINE_UNAVAILABLE, "temporary directory");
}

/* ---- sizes --------------------------------------------------------------------------------- */

static void object_sizes_count_code_constants_and_zeroes(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_CC))
        skip();
    int64_t small_flash, small_bss, flash, bss;
    assert_true(object_sizes(ctx, "int f(int x) { return x; }\n", "-Os", &small_flash, &small_bss));
    assert_in_range(small_flash, 1, 64);
    assert_int_equal(small_bss, 0);
    static const char more[] =
        "int f(int x) { return x; }\n"
        "const unsigned char weights[1000] __attribute__((section(\".flash\"))) = {1};\n"
        "int initialised[10] = {1};\nint zeroed[25];\n";
    assert_true(object_sizes(ctx, more, "-Os", &flash, &bss));
    assert_in_range(flash, small_flash + 1040, small_flash + 1040 + 32);
    assert_in_range(bss, 100, 128);
}

static void broken_objects_are_refused(void **state)
{
    qctx *ctx = *state;
    if (!engine_available(ENGINE_CC))
        skip();
    static const char *const extra[] = {"-c", NULL};
    cc_job *job = cc_run(ctx, "const int t[100] = {1}; int f(int x) { return t[x]; }\n", "-O1", extra, "x.o");
    assert_non_null(job);
    FILE *f = fopen(job->output, "rb");
    assert_non_null(f);
    static unsigned char file[65536];
    size_t len = fread(file, 1, sizeof file, f);
    fclose(f);
    cc_done(job);
    int64_t flash, bss;
    assert_true(elf_sizes(file, len, &flash, &bss));
    for (size_t cut = 0; cut < len; cut += 7) {
        unsigned char *exact = malloc(cut + 1); /* so that a sanitizer sees any read beyond */
        memcpy(exact, file, cut);
        elf_sizes(exact, cut, &flash, &bss);
        free(exact);
    }
    rng r;
    rng_seed(&r, 1);
    for (int round = 0; round < 20000; round++) {
        unsigned char *bad = malloc(len);
        memcpy(bad, file, len);
        for (int k = 0; k < 4; k++)
            bad[rng_below(&r, round % 2 ? 64 : len)] = (unsigned char)rng_next(&r);
        if (elf_sizes(bad, len, &flash, &bss))
            assert_true(flash >= 0 && bss >= 0);
        free(bad);
    }
    assert_false(elf_sizes("", 0, &flash, &bss));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(engines_agree), T(function_pointers_keep_the_abi), T(broken_text_is_told_with_the_message),
        T(a_missing_compiler_is_told), T(a_compiler_that_makes_nothing_is_told), T(no_shell_is_involved),
        T(too_many_flags_are_told), T(no_temporary_file_stays),
        T(an_unwritable_temporary_directory_is_told), T(object_sizes_count_code_constants_and_zeroes),
        T(broken_objects_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
