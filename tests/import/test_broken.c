/* test_broken.c - .tflite files that are cut off, changed, or made to hurt: each is imported, or refused
 * with errors that say why; nothing crashes, hangs, reads outside or takes memory without end. Run it
 * under sanitizers (./configure --enable-sanitizers). The models of the shared data join where they are. */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/base/rng.h"
#include "compiler/pipeline.h"
#include "tests/import/models.h"

/* ---- the reader ---------------------------------------------------------------------------- */

#include "compiler/import/flatbuffer.h"

typedef struct bytes_case {
    unsigned char bytes[64];
    size_t n;
    const char *says; /* NULL: fine */
} bytes_case;

/* Root table at 12, its list of fields at 8. */
#define HEAD 12, 0, 0, 0, 'T', 'F', 'L', '3'
static const bytes_case cases[] = {
    {{0}, 0, "identifier"},
    {{HEAD}, 7, "identifier"},
    {{12, 0, 0, 0, 'T', 'F', 'L', '2', 4, 0, 4, 0, 4, 0, 0, 0}, 16, "identifier"},
    {{HEAD, 4, 0, 4, 0, 4, 0, 0, 0}, 16, NULL},
    {{HEAD, 4, 0, 4, 0, 4, 0, 0, 0}, 15, "outside"},
    {{0, 0, 0, 0, 'T', 'F', 'L', '3', 4, 0, 4, 0, 4, 0, 0, 0}, 16, "outside"},
    {{255, 255, 255, 255, 'T', 'F', 'L', '3', 4, 0, 4, 0, 4, 0, 0, 0}, 16, "outside"},
    {{HEAD, 4, 0, 4, 0, 13, 0, 0, 0}, 16, "field list outside"},          /* before the file */
    {{HEAD, 4, 0, 4, 0, 252, 255, 255, 255}, 16, "field list outside"},   /* behind it */
    {{HEAD, 4, 0, 4, 0, 0, 0, 0, 128}, 16, "field list outside"},
    {{HEAD, 5, 0, 4, 0, 4, 0, 0, 0}, 16, "impossible size"},
    {{HEAD, 2, 0, 4, 0, 4, 0, 0, 0}, 16, "impossible size"},
    {{HEAD, 10, 0, 4, 0, 4, 0, 0, 0}, 16, "impossible size"},
    {{HEAD, 4, 0, 3, 0, 4, 0, 0, 0}, 16, "impossible size"},
    {{HEAD, 4, 0, 5, 0, 4, 0, 0, 0}, 16, "impossible size"},
    {{HEAD, 4, 0, 4, 0, 0, 0, 0, 0}, 16, NULL}, /* a table that is its own list: 0 0 0 0 → impossible */
};

static void tables_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        /* exactly as long as it is, so that a sanitizer sees a byte too many */
        char *copy = malloc(cases[i].n ? cases[i].n : 1);
        assert_non_null(copy);
        memcpy(copy, cases[i].bytes, cases[i].n);
        const source src = {"x.tflite", copy, cases[i].n};
        fb_file f = {ctx, &src, false};
        fb_table t = fb_root(&f, "TFL3");
        bool self = i == sizeof cases / sizeof *cases - 1;
        if (self || cases[i].says) {
            assert_true(f.broken && !fb_present(t));
            assert_int_equal(diag_count(ctx), 1);
            assert_int_equal(diag_get(ctx, 0)->id, D_FLATBUFFER);
            if (cases[i].says && !strstr(diag_get(ctx, 0)->message, cases[i].says))
                fail_msg("case %zu: %s", i, diag_get(ctx, 0)->message);
            /* all that follows is empty and told by the first message */
            assert_int_equal(fb_vector_of(&f, t, 0, 4).n, 0);
            assert_int_equal(fb_int32(&f, t, 0, 5), 5);
        } else {
            assert_false(f.broken);
        }
        free(copy);
        qctx_free(ctx);
    }
}

/* One table with one field of each kind, written and read; then each vector one element too long. */
static void fields_are_checked(void **state)
{
    (void)state;
    qctx *ctx = qctx_new();
    buf b;
    assert_non_null(ctx);
    buf_init(&b, ctx->a);
    buf_bytes(&b, "\0\0\0\0TFL3", 8);
    out_field fields[] = {{0, 'i', -7, 0}, {1, 'b', -3, 0}, {2, 'f', 0.5, 0}, {3, 'l', 1e12, 0}, {5, 'o', 0, 0}, {6, 'o', 0, 0}};
    out_point(&b, 0, out_table(&b, fields, 6));
    out_point(&b, fields[4].at, out_vector(&b, "text\0more", 9, 1));
    uint32_t ints = out_vector(&b, DIMS(4, 5, -6), 3, 4);
    out_point(&b, fields[5].at, ints);
    source src = {"x.tflite", buf_str(&b), b.n};
    fb_file f = {ctx, &src, false};
    fb_table t = fb_root(&f, "TFL3");
    assert_int_equal(fb_int32(&f, t, 0, 0), -7);
    assert_int_equal(fb_int8(&f, t, 1, 0), -3);
    assert_int_equal(fb_uint8(&f, t, 1, 0), 253);
    assert_true(fb_float(&f, t, 2, 0) == 0.5f);
    assert_true(fb_uint64(&f, t, 3, 0) == 1000000000000U);
    assert_int_equal(fb_int32(&f, t, 4, 42), 42);
    assert_int_equal(fb_int32(&f, t, 400, 42), 42);
    assert_string_equal(fb_string(&f, t, 5, 100), "text");
    assert_string_equal(fb_string(&f, t, 5, 2), "te");
    assert_string_equal(fb_string(&f, t, 4, 2), "");
    fb_vector v = fb_vector_of(&f, t, 6, 4);
    assert_int_equal(v.n, 3);
    assert_int_equal(fb_int32_at(&f, v, 2), -6);
    assert_int_equal(fb_vector_of(&f, t, 4, 4).n, 0);
    assert_false(f.broken);
    assert_int_equal(fb_uint64(&f, t, 6, 9), 9); /* 8 bytes would leave the table */
    assert_true(f.broken);
    f.broken = false;
    b.p[ints] = 4;
    assert_int_equal(fb_vector_of(&f, t, 6, 4).n, 0);
    assert_true(f.broken);
    f.broken = false;
    memset(b.p + ints, 255, 4); /* 2^32 - 1 elements of any size */
    assert_int_equal(fb_vector_of(&f, t, 6, 8).n, 0);
    assert_true(f.broken);
    qctx_free(ctx);
}

/* ---- whole files --------------------------------------------------------------------------- */

static void show(const qctx *ctx, const char *what)
{
    fprintf(stderr, "%s:\n", what);
    for (int i = 0; i < diag_count(ctx); i++)
        fprintf(stderr, "  %s\n", diag_get(ctx, i)->message);
}

/* Imports bytes [0, n) as a file of exactly that length; at most `most` errors when it is refused. */
static bool try_bytes(const char *bytes, size_t n, int most)
{
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    const source src = {"x.tflite", copy, n};
    const import_options plain = {0};
    const net_options none = {0};
    imported *pair = import_source(ctx, &src, "m", &plain);
    net *loaded = pair ? net_load_imported(ctx, pair, &none) : NULL;
    bool ok = loaded && (!pair->quantized || net_quantize(ctx, loaded, &none));
    if (!ok && (diag_errors(ctx) < 1 || diag_errors(ctx) > most)) {
        show(ctx, "errors of a refused file");
        fail_msg("%d errors, at most %d wanted", diag_errors(ctx), most);
    }
    for (int i = 0; i < diag_count(ctx); i++)
        if (diag_get(ctx, i)->id == D_INTERNAL_IR) {
            show(ctx, "an internal error");
            fail();
        }
    free(copy);
    qctx_free(ctx);
    return ok;
}

static const char *const shared_models[] = {"kws_int8", "sww_int8", "ic_int8", "ad_int8", "vww_int8"};

/* A model of the shared data; NULL where there is none. */
static const source *shared(qctx *ctx, int i)
{
    const char *dir = getenv("QCC_SHARED");
    if (!dir)
        return NULL;
    const char *path = arena_printf(ctx->a, "%s/data/models/%s.tflite", dir, shared_models[i]);
    return access(path, R_OK) == 0 ? file_read(ctx, path) : NULL;
}

static void cut_off_files_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < n_sample_models(); i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        const source *s = make_finish(sample_at(i)->build(ctx));
        for (size_t n = 0; n < s->len; n += 16)
            assert_false(try_bytes(s->text, n, 1));
        assert_true(try_bytes(s->text, s->len, 0));
        qctx_free(ctx);
    }
    for (int i = 0; i < 5; i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        const source *s = shared(ctx, i);
        for (size_t n = 0; s && n < s->len; n += 64)
            assert_false(try_bytes(s->text, n, 1));
        qctx_free(ctx);
    }
}

/* Four bytes somewhere become another number. */
static void mutate(rng *r, char *bytes, size_t n)
{
    static const uint32_t odd[] = {0, 1, 2, 3, 4, 8, 16, 127, 128, 255, 256, 0x7fff, 0xffff, 0x7fffffff,
                                   0x80000000, 0xffffffff, 0xfffffffe, 0xfffffff0, 0x40000000, 0x10000};
    for (uint64_t k = 1 + rng_below(r, 3); k > 0; k--) {
        size_t at = (size_t)rng_below(r, n - 3), width = 1 + (size_t)rng_below(r, 4);
        uint32_t v = rng_below(r, 2) ? odd[rng_below(r, sizeof odd / sizeof *odd)] : (uint32_t)rng_next(r);
        for (size_t i = 0; i < width; i++)
            bytes[at + i] = (char)(v >> (8 * i));
    }
}

enum { OF_SAMPLES = 150, OF_SHARED = 40, ANY = 1000000 };

static int mutate_file(const source *s, int times, uint64_t seed, size_t first)
{
    rng r;
    rng_seed(&r, seed);
    char *copy = malloc(s->len);
    assert_non_null(copy);
    int taken = 0;
    for (int i = 0; i < times; i++) {
        memcpy(copy, s->text, s->len);
        mutate(&r, copy + first, s->len - first);
        taken += try_bytes(copy, s->len, ANY);
    }
    free(copy);
    return taken;
}

static void changed_files_are_imported_or_refused(void **state)
{
    (void)state;
    int taken = 0, tried = 0;
    for (int i = 0; i < n_sample_models(); i++, tried += OF_SAMPLES) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        taken += mutate_file(make_finish(sample_at(i)->build(ctx)), OF_SAMPLES, (uint64_t)i, 0);
        qctx_free(ctx);
    }
    assert_in_range(taken, tried / 50, tried - tried / 20); /* both happen */
    for (int i = 0; i < 2; i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        const source *s = shared(ctx, i);
        if (s) /* tables stand behind the weights */
            mutate_file(s, OF_SHARED, (uint64_t)i, s->len / 2);
        qctx_free(ctx);
    }
}

/* ---- files that are made to hurt ----------------------------------------------------------- */

static const char *first_error(const make_model *m)
{
    qctx *ctx = m->ctx;
    const import_options plain = {0};
    assert_null(import_source(ctx, make_finish(m), "m", &plain));
    assert_int_equal(diag_errors(ctx), 1);
    assert_int_equal(diag_get(ctx, 0)->id, D_FLATBUFFER);
    return diag_get(ctx, 0)->message;
}

static void version_four(make_model *m) { m->version = 4; }
static void reads_nothing(make_model *m) { m->ops[0].in[0] = make_act(m, "nobody", 0.1f, 0, 4, DIMS(1, 5, 4, 3)); }
static void reads_far(make_model *m) { m->ops[0].in[0] = 1000; }
static void writes_input(make_model *m) { m->ops[0].out[0] = m->inputs[0]; }
static void writes_const(make_model *m) { m->ops[0].out[0] = 1; }
static void writes_missing(make_model *m) { m->ops[0].out[0] = -1; }
static void two_inputs(make_model *m) { make_ports(m, m->inputs[0], -1); }
static void output_unwritten(make_model *m) { m->outputs[0] = make_act(m, "nobody", 0.1f, 0, 1, DIMS(1)); }
static void short_data(make_model *m) { m->tensors[1].bytes--; }
static void huge_shape(make_model *m)
{
    for (int i = 0; i < 4; i++)
        m->tensors[1].dim[i] = 1 << 30;
}
static void negative_shape(make_model *m) { m->tensors[1].dim[0] = -6; }
static void nine_dimensions(make_model *m) { m->tensors[0].rank = 9; }
static void cycle(make_model *m)
{
    int x = make_act(m, "a", 0.1f, 0, 4, DIMS(1, 5, 4, 3));
    make_operator(m, TFL_OP_RELU, INS(m->outputs[0]), x);
    m->ops[0].in[0] = x;
}

static void broken_models_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct { void (*change)(make_model *); const char *says; } rows[] = {
        {version_four, "version 4 of the schema"},
        {reads_nothing, "reads tensor 4, which nothing before it has written"},
        {reads_far, "name tensor 1000 of 4"},
        {writes_input, "writes tensor 0, which has its value already"},
        {writes_const, "writes tensor 1, which has its value already"},
        {writes_missing, "name tensor -1 of 4"},
        {two_inputs, "an input twice"},
        {output_unwritten, "nothing writes the output tensor 4"},
        {short_data, "107 bytes of data, which do not fill its shape"},
        {huge_shape, "do not fill its shape"},
        {negative_shape, "do not fill its shape"},
        {nine_dimensions, "tensor 0 has 9 dimensions"},
        {cycle, "reads tensor 4, which nothing before it has written"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        qctx *ctx = qctx_new();
        assert_non_null(ctx);
        make_model *m = sample_conv(ctx);
        rows[i].change(m);
        const char *message = first_error(m);
        if (!strstr(message, rows[i].says))
            fail_msg("no \"%s\" in %s", rows[i].says, message);
        qctx_free(ctx);
    }
}

/* 10,000 operators of which each wants its own copy of the same large constant. */
static void shared_constants_have_a_limit(void **state)
{
    (void)state;
    enum { OPS = 100, SIZE = 1 << 20 };
    qctx *ctx = qctx_new();
    assert_non_null(ctx);
    make_model *m = make_new(ctx);
    int x = make_act(m, "x", 0.1f, 0, 2, DIMS(1, 1024));
    int w = make_weights(m, "w", 2, DIMS(1024, 1024), 0, 1, 0.01f);
    make_ports(m, x, -1);
    for (int i = 0; i < 28; i++) {
        int y = make_act(m, "y", 0.1f, 0, 2, DIMS(1, 1024));
        make_operator(m, TFL_OP_FULLY_CONNECTED, INS(x, w), y);
        x = y;
    }
    make_ports(m, -1, x);
    qctx *again = qctx_new();
    assert_non_null(again);
    const import_options plain = {0};
    assert_non_null(import_source(again, make_finish(m), "m", &plain)); /* 28 times is fine */
    qctx_free(again);
    qctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(fields_are_checked),
        cmocka_unit_test(cut_off_files_are_refused),
        cmocka_unit_test(changed_files_are_imported_or_refused),
        cmocka_unit_test(broken_models_say_what_is_wrong),
        cmocka_unit_test(shared_constants_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
