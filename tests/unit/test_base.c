/* test_base.c - arena, buffers, diagnostics, files, random numbers, SHA-256. */
#include "tests/unit/cm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/base/rng.h"
#include "compiler/base/sha256.h"

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

static void arena_gives_zeroed_aligned_memory(void **state)
{
    arena *a = ((qctx *)*state)->a;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100000, 5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = arena_alloc(a, sizes[i]);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(p[j], 0);
        memset(p, 0xa5, sizes[i]);
    }
}

static int order[8], order_n;
static void note_release(void *p)
{
    order[order_n++] = *(int *)p;
}

static void arena_releases_newest_first(void **state)
{
    (void)state;
    static int one = 1, two = 2;
    arena *a = arena_new();
    order_n = 0;
    arena_defer(a, note_release, &one);
    arena_defer(a, note_release, &two);
    arena_free(a);
    assert_int_equal(order_n, 2);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
}

static void arena_running_out_goes_to_the_guard(void **state)
{
    (void)state;
    for (volatile unsigned long nth = 1; nth <= 5; nth++) {
        arena *a = arena_new();
        volatile int got = 0;
        if (setjmp(*arena_guard(a))) {
            arena_free(a);
            assert_int_equal(got, (int)nth - 1);
            continue;
        }
        arena_fail_at(a, nth);
        for (;;) {
            arena_alloc(a, 10);
            got++;
        }
    }
    arena *a = arena_new();
    if (setjmp(*arena_guard(a)) == 0) {
        arena_calloc(a, SIZE_MAX / 2, 3);
        fail_msg("an overflowing product was served");
    }
    arena_free(a);
}

static void vec_grows(void **state)
{
    arena *a = ((qctx *)*state)->a;
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        *VEC_PUSH(a, &v) = i;
    assert_int_equal(v.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.v[i], i);
}

static void buf_numbers_read_back(void **state)
{
    arena *a = ((qctx *)*state)->a;
    static const double values[] = {0, 1, -1, 0.1, 1.0 / 3, 1e300, 5e-324, 0.5847029089927673};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf b;
        buf_init(&b, a);
        buf_double(&b, values[i]);
        assert_true(strtod(buf_str(&b), NULL) == values[i]);
        assert_non_null(strpbrk(buf_str(&b), ".e"));
        buf_init(&b, a);
        buf_float(&b, (float)values[i] < INFINITY ? (float)values[i] : 1.5F);
        assert_non_null(strpbrk(buf_str(&b), ".e"));
    }
    buf b;
    buf_init(&b, a);
    buf_double(&b, 1);
    assert_string_equal(buf_str(&b), "1.0");
}

static void buf_lines_indent(void **state)
{
    buf b;
    buf_init(&b, ((qctx *)*state)->a);
    b.indent = 4;
    buf_line(&b, "x = %d;", 7);
    buf_line(&b, "%s", "");
    assert_string_equal(buf_str(&b), "    x = 7;\n\n");
}

static void diag_prints_place_quote_and_hint(void **state)
{
    qctx *ctx = *state;
    static const char text[] = "model m {\n    c2 = relu(c9)\n}\n";
    static const source src = {"net.qdl", text, sizeof text - 1};
    diag_add(ctx, D_FILE_NOT_TEXT, (qloc){&src, 24, 26}, "undefined name '%s'", "c9");
    diag_expected(ctx, "a name");
    diag_hint(ctx, "did you mean '%s'?", "c1");
    buf b;
    buf_init(&b, ctx->a);
    diag_print(&b, diag_get(ctx, 0));
    assert_string_equal(buf_str(&b), "net.qdl:2:15: error: undefined name 'c9' [file-not-text]\n"
                                     "    2 |     c2 = relu(c9)\n"
                                     "      |               ^~\n"
                                     "  expected: a name\n"
                                     "  hint: did you mean 'c1'?\n");
}

static void carets_stand_under_characters(void **state)
{
    qctx *ctx = *state;
    static const char text[] = "\"\xe6\x97\xa5\" = relux(\"\xe6\x97\xa5\")\n";
    static const source src = {"net.qdl", text, sizeof text - 1};
    diag_add(ctx, D_FILE_NOT_TEXT, (qloc){&src, 8, 13}, "what");
    diag_add(ctx, D_FILE_NOT_TEXT, (qloc){&src, 14, 19}, "what");
    buf b;
    buf_init(&b, ctx->a);
    diag_print(&b, diag_get(ctx, 0));
    diag_print(&b, diag_get(ctx, 1));
    assert_string_equal(buf_str(&b), "net.qdl:1:7: error: what [file-not-text]\n"
                                     "    1 | \"\xe6\x97\xa5\" = relux(\"\xe6\x97\xa5\")\n"
                                     "      |       ^~~~~\n"
                                     "net.qdl:1:13: error: what [file-not-text]\n"
                                     "    1 | \"\xe6\x97\xa5\" = relux(\"\xe6\x97\xa5\")\n"
                                     "      |             ^~~\n");
}

static void diag_keeps_twenty_errors(void **state)
{
    qctx *ctx = *state;
    for (int i = 0; i < 50; i++)
        diag_add(ctx, D_FILE_OPEN, loc_none(), "error %d", i);
    assert_int_equal(diag_errors(ctx), 50);
    assert_int_equal(diag_count(ctx), 20);
}

static void nearest_name_finds_typos(void **state)
{
    (void)state;
    static const char *const names[] = {"conv2d", "depthwise", "dense", "maxpool"};
    assert_string_equal(nearest_name("conv2", names, 4), "conv2d");
    assert_string_equal(nearest_name("depthwsie", names, 4), "depthwise");
    assert_null(nearest_name("softmax", names, 4));
    assert_null(nearest_name("x", names, 4));
    char longname[500];
    memset(longname, 'a', sizeof longname - 1);
    longname[sizeof longname - 1] = '\0';
    assert_null(nearest_name(longname, names, 4));
}

static char *temp_dir(void)
{
    static char dir[64];
    strcpy(dir, "/tmp/qcc-base-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static void expect_diag(qctx *ctx, diag_id id)
{
    assert_int_equal(diag_count(ctx), 1);
    assert_int_equal(diag_get(ctx, 0)->id, id);
}

static void file_round_trip(void **state)
{
    qctx *ctx = *state;
    char path[128];
    char *dir = temp_dir();
    snprintf(path, sizeof path, "%s/f", dir);
    assert_true(file_write(ctx, path, "a\0b", 3));
    const source *s = file_read(ctx, path);
    assert_int_equal(s->len, 3);
    assert_memory_equal(s->text, "a\0b", 4);
    assert_null(file_read_text(ctx, path));
    expect_diag(ctx, D_FILE_NOT_TEXT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void file_missing_and_directory_are_told(void **state)
{
    assert_null(file_read(*state, "/nonexistent/x"));
    expect_diag(*state, D_FILE_OPEN);
    qctx *ctx = qctx_new();
    assert_null(file_read(ctx, "/tmp"));
    expect_diag(ctx, D_FILE_OPEN);
    qctx_free(ctx);
}

static void file_too_large_is_told(void **state)
{
    char path[128];
    char *dir = temp_dir();
    snprintf(path, sizeof path, "%s/big", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(truncate(path, (off_t)3 << 30), 0); /* sparse */
    assert_null(file_read(*state, path));
    expect_diag(*state, D_FILE_TOO_LARGE);
    unlink(path);
    rmdir(dir);
}

static void file_unreadable_content_is_told(void **state)
{
    /* /proc/self/mem opens and fails at its first read */
    assert_null(file_read(*state, "/proc/self/mem"));
    expect_diag(*state, D_FILE_READ);
}

static void file_write_failures_leave_nothing(void **state)
{
    qctx *ctx = *state;
    assert_false(file_write(ctx, "/nonexistent/dir/f", "x", 1));
    expect_diag(ctx, D_FILE_WRITE);
    qctx *full = qctx_new();
    assert_false(file_write(full, "/dev/full", "x", 1));
    expect_diag(full, D_FILE_WRITE);
    qctx_free(full);
    qctx *dir = qctx_new();
    assert_false(file_write(dir, "/tmp", "x", 1));
    expect_diag(dir, D_FILE_WRITE);
    qctx_free(dir);
}

static void file_write_spares_what_was_read(void **state)
{
    char path[128];
    char *dir = temp_dir();
    snprintf(path, sizeof path, "%s/f", dir);
    assert_true(file_write(*state, path, "x", 1));
    assert_non_null(file_read(*state, path));
    assert_true(file_write(*state, path, "y", 1)); /* its own output, though read again */
    qctx *other = qctx_new();
    assert_string_equal(file_read(other, path)->text, "y");
    assert_false(file_write(other, path, "z", 1));
    expect_diag(other, D_OUTPUT_IS_INPUT);
    qctx_free(other);
    assert_string_equal(file_read(*state, path)->text, "y");
    unlink(path);
    rmdir(dir);
}

static void file_write_follows_the_umask(void **state)
{
    char path[128];
    char *dir = temp_dir();
    snprintf(path, sizeof path, "%s/f", dir);
    mode_t old = umask(022);
    assert_true(file_write(*state, path, "x", 1));
    umask(old);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    unlink(path);
    rmdir(dir);
}

static void sha256_known_answers(void **state)
{
    (void)state;
    static const struct { const char *text; int times; const char *hex; } cases[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sha256 s;
        char hex[65];
        sha256_init(&s);
        for (int k = 0; k < cases[i].times; k++)
            sha256_update(&s, cases[i].text, strlen(cases[i].text));
        sha256_hex(&s, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void rng_is_fixed_and_uniform(void **state)
{
    (void)state;
    rng r;
    rng_seed(&r, 1);
    uint64_t first = rng_next(&r);
    rng_seed(&r, 1);
    assert_true(rng_next(&r) == first);
    rng_seed(&r, 2);
    assert_true(rng_next(&r) != first);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    int perm[100], seen[100] = {0};
    rng_shuffle(&r, perm, 100);
    for (int i = 0; i < 100; i++)
        seen[perm[i]]++;
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    for (int i = 0; i < 1000; i++) {
        double d = rng_double(&r);
        assert_true(d >= 0 && d < 1);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(arena_gives_zeroed_aligned_memory), T(arena_releases_newest_first),
        T(arena_running_out_goes_to_the_guard), T(vec_grows), T(buf_numbers_read_back),
        T(buf_lines_indent), T(diag_prints_place_quote_and_hint),
        T(carets_stand_under_characters), T(diag_keeps_twenty_errors),
        T(nearest_name_finds_typos), T(file_round_trip), T(file_missing_and_directory_are_told),
        T(file_too_large_is_told), T(file_unreadable_content_is_told),
        T(file_write_failures_leave_nothing), T(file_write_spares_what_was_read),
        T(file_write_follows_the_umask),
        T(sha256_known_answers), T(rng_is_fixed_and_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
