/* test_api.c - libqcc as a program uses it: order of calls, errors, files, the JIT. */
#include "config.h"

#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/api/qcc.h"

static char qdl[4096], weights[4096], dir[64];

static const char *in_dir(const char *name)
{
    static char path[4][160];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static int group_setup(void **state)
{
    (void)state;
    const char *top = getenv("top_srcdir");
    if (!top)
        return -1;
    snprintf(qdl, sizeof qdl, "%s/examples/fashion/dscnn.qdl", top);
    snprintf(weights, sizeof weights, "%s/examples/fashion/dscnn.safetensors", top);
    strcpy(dir, "/tmp/qcc-api-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int group_teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"a.qdl", "a.bin", "b.qdl", "b.bin", "a.c", "a.h", "b.c"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_dir(names[i]));
    return rmdir(dir);
}

static qcc_net *loaded(void)
{
    qcc_net *q = NULL;
    assert_int_equal(qcc_load(&q, qdl, weights), QCC_OK);
    assert_non_null(q);
    return q;
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *p = calloc(1, 1 << 22);
    assert_true(fread(p, 1, (1 << 22) - 1, f) > 0);
    fclose(f);
    return p;
}

static void assert_same_file(const char *a, const char *b)
{
    char *x = slurp(a), *y = slurp(b);
    assert_memory_equal(x, y, 1 << 22);
    free(x);
    free(y);
}

static void load_errors_come_with_diagnostics(void **state)
{
    (void)state;
    qcc_net *q = NULL;
    assert_int_equal(qcc_load(&q, "/nonexistent.qdl", weights), QCC_BAD_INPUT);
    assert_non_null(q);
    assert_int_equal(qcc_errors(q), 1);
    assert_non_null(strstr(qcc_diagnostics(q), "/nonexistent.qdl"));
    assert_int_equal(qcc_quantize(q), QCC_WRONG_USAGE);
    assert_int_equal(qcc_set_quantization_params(q, -1, 1, 8), QCC_WRONG_USAGE);
    qcc_free(q);
    assert_int_equal(qcc_load(NULL, qdl, weights), QCC_WRONG_USAGE);
    assert_int_equal(qcc_load(&q, NULL, weights), QCC_WRONG_USAGE);
    qcc_free(NULL);
}

static void calls_out_of_order_are_refused(void **state)
{
    (void)state;
    qcc_net *q = loaded();
    qcc_function run;
    qcc_port port;
    assert_int_equal(qcc_save(q, in_dir("a")), QCC_WRONG_USAGE);
    assert_int_equal(qcc_emit_c(q, in_dir("a.c"), NULL), QCC_WRONG_USAGE);
    assert_int_equal(qcc_jit(q, &run, NULL, NULL), QCC_WRONG_USAGE);
    assert_int_equal(qcc_input(q, 0, &port), QCC_WRONG_USAGE);
    assert_int_equal(qcc_set_option(q, "colour", "red"), QCC_WRONG_USAGE);
    assert_int_equal(qcc_quantize(q), QCC_OK);
    assert_int_equal(qcc_quantize(q), QCC_WRONG_USAGE);
    assert_int_equal(qcc_set_quantization_params(q, -1, 1, 8), QCC_WRONG_USAGE);
    assert_int_equal(qcc_input(q, 1, &port), QCC_WRONG_USAGE);
    assert_int_equal(access(in_dir("a.c"), F_OK), -1);
    qcc_free(q);
}

static void bad_values_are_told(void **state)
{
    (void)state;
    static const struct { double lo, hi; int bits; } bad[] = {
        {1, -1, 8}, {0, 0, 8}, {NAN, 1, 8}, {-INFINITY, 1, 8}, {-1, 1, 0}, {-1, 1, 33}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        qcc_net *q = loaded();
        assert_int_equal(qcc_set_quantization_params(q, bad[i].lo, bad[i].hi, bad[i].bits), QCC_BAD_INPUT);
        assert_true(strlen(qcc_diagnostics(q)) > 0);
        qcc_free(q);
    }
    qcc_net *q = loaded();
    assert_int_equal(qcc_set_option(q, "seed", "minus"), QCC_BAD_INPUT);
    assert_non_null(strstr(qcc_diagnostics(q), "bad-option"));
    assert_int_equal(qcc_set_option(q, "bits", "nolayer=4"), QCC_BAD_INPUT);
    assert_non_null(strstr(qcc_diagnostics(q), "nolayer"));
    qcc_free(q);
}

static void the_four_calls_save_a_pair_that_reloads(void **state)
{
    (void)state;
    qcc_net *q = loaded();
    assert_int_equal(qcc_set_quantization_params(q, -0.5, 0.5, 8), QCC_OK);
    assert_int_equal(qcc_quantize(q), QCC_OK);
    assert_int_equal(qcc_save(q, in_dir("a")), QCC_OK);
    assert_int_equal(qcc_emit_c(q, in_dir("a.c"), in_dir("a.h")), QCC_OK);
    qcc_free(q);
    assert_int_equal(qcc_load(&q, in_dir("a.qdl"), in_dir("a.bin")), QCC_OK);
    assert_int_equal(qcc_quantize(q), QCC_OK);
    assert_int_equal(qcc_save(q, in_dir("b")), QCC_OK);
    assert_int_equal(qcc_emit_c(q, in_dir("b.c"), NULL), QCC_OK);
    assert_int_equal(qcc_save(q, "/nonexistent/dir/x"), QCC_BAD_INPUT);
    qcc_free(q);
    assert_same_file(in_dir("a.qdl"), in_dir("b.qdl"));
    assert_same_file(in_dir("a.bin"), in_dir("b.bin"));
}

static void the_jit_hands_out_a_function(void **state)
{
    (void)state;
    qcc_net *q = loaded();
    qcc_function function;
    size_t size, align;
    qcc_port in, out;
    assert_int_equal(qcc_quantize(q), QCC_OK);
#ifndef HAVE_LIBTCC
    assert_int_equal(qcc_jit(q, &function, &size, &align), QCC_BAD_INPUT);
    qcc_free(q);
    skip();
#endif
    assert_int_equal(qcc_jit(q, &function, &size, &align), QCC_OK);
    assert_int_equal(qcc_input(q, 0, &in), QCC_OK);
    assert_int_equal(qcc_output(q, 0, &out), QCC_OK);
    assert_int_equal(in.elements, 784);
    assert_int_equal(out.elements, 10);
    assert_int_equal(in.zero_point, -128);
    int (*run)(const int8_t *, int8_t *, void *) = (int (*)(const int8_t *, int8_t *, void *))function;
    int8_t *input = calloc(in.elements, 1), output[2][10];
    void *arena = aligned_alloc(64, (size + 127) / 64 * 64);
    memset(arena, 0x55, size);
    assert_int_equal(run(input, output[0], arena), 0);
    memset(arena, 0xaa, size); /* the arena's content before a call does not matter */
    assert_int_equal(run(input, output[1], arena), 0);
    assert_memory_equal(output[0], output[1], 10);
    assert_int_equal(run(NULL, output[0], arena), -1);
    assert_int_equal(run(input, output[0], NULL), -1);
    assert_int_equal(run(input, output[0], (char *)arena + 1), -1);
    free(arena);
    free(input);
    qcc_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_errors_come_with_diagnostics),
        cmocka_unit_test(calls_out_of_order_are_refused),
        cmocka_unit_test(bad_values_are_told),
        cmocka_unit_test(the_four_calls_save_a_pair_that_reloads),
        cmocka_unit_test(the_jit_hands_out_a_function),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
