/* test_ports.c - how rows of data files become a model's input: shapes, layouts, codes, reals. */
#include "tests/unit/io_files.h"

#include <math.h>

#include "compiler/io/dataset.h"
#include "compiler/quant/grid.h"

/* An input of the given shape, quantized asymmetrically over [lo, hi]. */
static ir_tensor *make_port(fix *f, int rank, const int32_t *dim, int bits, double lo, double hi)
{
    ir_tensor *t = ARENA_NEW(f->ctx->a, ir_tensor);
    t->name = "image";
    t->kind = IR_INPUT;
    t->type = bits > 8 ? IR_I16 : IR_I8;
    t->shape.rank = rank;
    for (int i = 0; i < rank; i++)
        t->shape.dim[i] = dim[i];
    t->quant = quant_uniform(f->ctx, IR_GRID_TREAD, false, false, bits, -1, 1, &lo, &hi);
    return t;
}

static ir_tensor *u8_port(fix *f, int rank, const int32_t *dim)
{
    ir_tensor *t = make_port(f, rank, dim, 8, 0, 1);
    t->u8_port = true;
    t->declared = true;
    return t;
}

static dataset *array(fix *f, const char *dict, const void *p, size_t n)
{
    build_npy(f, 1, dict, p, n);
    dataset *d = dataset_read(f->ctx, put_built(f, "d.npy"), false);
    assert_clean(f);
    return d;
}

/* ---- shapes ------------------------------------------------------------------------------- */

static void rows_come_with_and_without_a_leading_dimension(void **state)
{
    fix *f = *state;
    static const float v[24];
    static const struct {
        const char *dict;
        int rank;
        int32_t dim[3];
        const char *layout;
        int64_t rows; /* 0: refused */
    } rows[] = {
        {NPY_DICT("<f4", "(2, 3, 2, 2)"), 3, {3, 2, 2}, "nhwc", 2},
        {NPY_DICT("<f4", "(2, 2, 3, 2)"), 3, {3, 2, 2}, "nchw", 2},
        {NPY_DICT("<f4", "(6, 2, 2)"), 3, {6, 2, 2}, NULL, 1},
        {NPY_DICT("<f4", "(2, 6, 2)"), 3, {6, 2, 2}, "nchw", 1},
        {NPY_DICT("<f4", "(4, 3, 2)"), 3, {3, 2, 1}, "nhwc", 4},
        {NPY_DICT("<f4", "(4, 3, 2)"), 3, {3, 2, 1}, "nchw", 4},
        {NPY_DICT("<f4", "(4, 1, 3, 2)"), 3, {3, 2, 1}, "nchw", 4},
        {NPY_DICT("<f4", "(4, 3, 2, 1)"), 3, {3, 2, 1}, "nhwc", 4},
        {NPY_DICT("<f4", "(6, 4)"), 3, {6, 4, 1}, "nhwc", 1},
        {NPY_DICT("<f4", "(1, 6, 4)"), 3, {6, 4, 1}, "nhwc", 1},
        {NPY_DICT("<f4", "(24,)"), 1, {24}, "nhwc", 1},
        {NPY_DICT("<f4", "(3, 8)"), 1, {8}, "nchw", 3},
        {NPY_DICT("<f4", "(24,)"), 1, {1}, "nhwc", 24},
        {NPY_DICT("<f4", "(24,)"), 0, {0}, "nhwc", 24},
        {NPY_DICT("<f4", "(2, 6, 2)"), 2, {6, 2}, "nhwc", 2},
        {NPY_DICT("<f4", "(2, 2, 6)"), 2, {6, 2}, "nchw", 2},
        {NPY_DICT("<f4", "(2, 12)"), 3, {3, 2, 2}, "nhwc", 0},
        {NPY_DICT("<f4", "(2, 2, 3, 2)"), 3, {3, 2, 2}, "nhwc", 0},
        {NPY_DICT("<f4", "(2, 3, 4)"), 3, {3, 2, 1}, "nhwc", 0},
        {NPY_DICT("<f4", "(3, 8)"), 1, {24}, "nhwc", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        port_map m;
        fresh(f);
        dataset *d = array(f, rows[i].dict, v, sizeof v);
        ir_tensor *port = make_port(f, rows[i].rank, rows[i].dim, 8, -1, 1);
        assert_int_equal(port_map_make(f->ctx, port, d, rows[i].layout, &m), rows[i].rows > 0);
        if (rows[i].rows) {
            assert_clean(f);
            assert_int_equal(m.rows, rows[i].rows);
            assert_false(m.codes);
        } else {
            assert_error(f, D_INPUT_SHAPE, "does not fit input 'image'");
        }
    }
}

static void shape_errors_say_what_is_expected(void **state)
{
    fix *f = *state;
    static const float v[12];
    port_map m;
    dataset *d = array(f, NPY_DICT("<f4", "(1, 2, 6)"), v, sizeof v);
    assert_false(port_map_make(f->ctx, make_port(f, 3, (int32_t[]){3, 2, 4}, 8, 0, 1), d, "nchw", &m));
    assert_error(f, D_INPUT_SHAPE, "d.npy: error: an array of shape [1, 2, 6]");
    assert_error(f, D_INPUT_SHAPE, "rows of shape [4, 3, 2] (nchw");
}

static void a_single_row_cannot_be_sliced(void **state)
{
    fix *f = *state;
    static const float v[12];
    port_map m;
    build_npy(f, 1, NPY_DICT("<f4", "(3, 4)"), v, sizeof v);
    const char *path = put_built(f, "d.npy");
    dataset *d = dataset_read(f->ctx, arena_printf(f->ctx->a, "%s:0+2", path), false);
    assert_false(port_map_make(f->ctx, make_port(f, 2, (int32_t[]){3, 4}, 8, 0, 1), d, NULL, &m));
    assert_error(f, D_DATA_SLICE, "cannot be sliced");
}

static void unknown_layouts_are_refused(void **state)
{
    fix *f = *state;
    static const float v[4];
    port_map m;
    dataset *d = array(f, NPY_DICT("<f4", "(1, 4)"), v, sizeof v);
    assert_false(port_map_make(f->ctx, make_port(f, 1, (int32_t[]){4}, 8, 0, 1), d, "chwn", &m));
    assert_error(f, D_INPUT_LAYOUT, "unknown layout 'chwn'");
}

static void nchw_rows_are_transposed(void **state)
{
    fix *f = *state;
    float v[2 * 2 * 3 * 4], real[24];
    /* v[n][c][h][w] = 1000 n + 100 c + 10 h + w */
    for (int i = 0; i < 48; i++)
        v[i] = (float)(1000 * (i / 24) + 100 * (i / 12 % 2) + 10 * (i / 4 % 3) + i % 4);
    port_map m;
    dataset *d = array(f, NPY_DICT("<f4", "(2, 2, 3, 4)"), v, sizeof v);
    ir_tensor *port = make_port(f, 3, (int32_t[]){3, 4, 2}, 16, 0, 2000);
    assert_true(port_map_make(f->ctx, port, d, "nchw", &m));
    assert_true(m.from_nchw);
    port_row_real(&m, 1, real);
    for (int i = 0; i < 24; i++)
        assert_true(real[i] == (float)(1000 + 100 * (i % 2) + 10 * (i / 8) + i / 2 % 4));
    int16_t codes[24];
    port_row_codes(&m, 1, codes);
    for (int i = 0; i < 24; i++)
        assert_int_equal(codes[i], port_quantize(real[i], port->quant->scale[0],
                                                 port->quant->zero[0], INT16_MIN, INT16_MAX));
}

/* ---- codes and reals ---------------------------------------------------------------------- */

static void bytes_are_declared_codes_of_a_u8_input(void **state)
{
    fix *f = *state;
    port_map m;
    ir_tensor *port = u8_port(f, 1, (int32_t[]){4});
    dataset *d = array(f, NPY_DICT("|u1", "(1, 4)"), "\0\1\x80\xff", 4);
    assert_true(port_map_make(f->ctx, port, d, NULL, &m));
    assert_true(m.codes);
    int8_t codes[4];
    float real[4];
    port_row_codes(&m, 0, codes);
    port_row_real(&m, 0, real);
    static const int8_t want[] = {-128, -127, 0, 127};
    assert_memory_equal(codes, want, 4);
    assert_true(real[0] == 0 && fabs(real[3] - 1.0) < 1e-6 && fabs(real[2] - 128.0 / 255) < 1e-6);
}

static void idx_bytes_are_codes_too(void **state)
{
    fix *f = *state;
    port_map m;
    dataset *d = dataset_read(
        f->ctx, put(f, "d.idx", "\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\2\1\2\3\xff", 20), false);
    assert_true(port_map_make(f->ctx, u8_port(f, 3, (int32_t[]){1, 2, 1}), d, NULL, &m));
    int8_t codes[2];
    port_row_codes(&m, 1, codes);
    assert_true(m.rows == 2 && codes[0] == 3 - 128 && codes[1] == 127);
}

/* Signed codes are those that the C takes, for a u8 input as well. */
static void signed_codes_are_those_of_the_c(void **state)
{
    fix *f = *state;
    static const struct {
        const char *dict;
        const char *bytes; /* -128, 5, 127 */
        size_t n;
    } rows[] = {{NPY_DICT("|i1", "(3,)"), "\x80\5\x7f", 3},
                {NPY_DICT("<i2", "(3,)"), "\x80\xff\5\0\x7f\0", 6},
                {NPY_DICT(">i4", "(3,)"), "\xff\xff\xff\x80\0\0\0\5\0\0\0\x7f", 12}};
    for (size_t i = 0; i < 3; i++) {
        for (int u8 = 0; u8 < 2; u8++) {
            port_map m;
            ir_tensor *port = u8 ? u8_port(f, 1, (int32_t[]){3})
                                 : make_port(f, 1, (int32_t[]){3}, 8, -1, 3);
            dataset *d = array(f, rows[i].dict, rows[i].bytes, rows[i].n);
            assert_true(port_map_make(f->ctx, port, d, NULL, &m));
            int8_t codes[3];
            float real[3];
            port_row_codes(&m, 0, codes);
            port_row_real(&m, 0, real);
            assert_true(codes[0] == -128 && codes[1] == 5 && codes[2] == 127);
            for (int k = 0; k < 3; k++)
                assert_true(real[k] == (float)quant_value(port->quant, 0, codes[k]));
        }
    }
}

static void sixteen_bit_ports_take_wide_codes(void **state)
{
    fix *f = *state;
    static const int32_t v[] = {-32768, 32767, 300};
    port_map m;
    dataset *d = array(f, NPY_DICT("<i4", "(3,)"), v, sizeof v);
    assert_true(port_map_make(f->ctx, make_port(f, 1, (int32_t[]){3}, 16, -1, 1), d, NULL, &m));
    int16_t codes[3];
    port_row_codes(&m, 0, codes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(codes[i], v[i]);
}

static void codes_out_of_range_name_their_row(void **state)
{
    fix *f = *state;
    static const struct {
        int32_t v;
        const char *text;
    } rows[] = {{128, "128 in row 2 is no code of input 'image'"},
                {-129, "whole numbers from -128 to 127"},
                {INT32_MAX, "2147483647 in row 2"}};
    for (size_t i = 0; i < 3; i++) {
        int32_t v[6] = {0, 0, 0, 0, 0, rows[i].v};
        port_map m;
        fresh(f);
        dataset *d = array(f, NPY_DICT("<i4", "(3, 2)"), v, sizeof v);
        assert_false(port_map_make(f->ctx, make_port(f, 1, (int32_t[]){2}, 8, 0, 1), d, NULL, &m));
        assert_error(f, D_INPUT_CODE, rows[i].text);
    }
}

static void csv_holds_reals_or_codes(void **state)
{
    fix *f = *state;
    static const int32_t shape[] = {1, 2, 2};
    port_map m;
    int8_t codes[4];
    dataset *d = dataset_read(f->ctx, put_text(f, "d.csv", "0,1,128,255\n0,0.6,1,2\n"), false);
    ir_tensor *port = u8_port(f, 3, shape);
    assert_true(port_map_make(f->ctx, port, d, NULL, &m));
    assert_true(!m.codes && m.rows == 2);
    port_row_codes(&m, 1, codes);
    assert_true(codes[0] == -128 && codes[1] == 25 && codes[2] == 127 && codes[3] == 127);
    d->codes = true;
    d->rows = 1;
    assert_true(port_map_make(f->ctx, port, d, "nchw", &m));
    assert_true(m.codes && m.from_nchw);
    port_row_codes(&m, 0, codes); /* c0: 0 1, c1: 128 255 */
    assert_true(codes[0] == -128 && codes[1] == 0 && codes[2] == -127 && codes[3] == 127);
    d->rows = 2;
    assert_false(port_map_make(f->ctx, port, d, NULL, &m));
    assert_error(f, D_INPUT_CODE, "0.6000000238 in row 1 is no code");
    assert_error(f, D_INPUT_CODE, "whole numbers from 0 to 255");
    fresh(f);
    d = dataset_read(f->ctx, put_text(f, "d.csv", "-128,5\n"), false);
    d->codes = true;
    assert_true(port_map_make(f->ctx, make_port(f, 1, (int32_t[]){2}, 8, -1, 1), d, NULL, &m));
    port_row_codes(&m, 0, codes);
    assert_true(codes[0] == -128 && codes[1] == 5);
}

static void reals_of_every_type_are_quantized_as_the_c_does(void **state)
{
    fix *f = *state;
    static const double v[] = {-2, -0.7, 0, 0.30000001, 0.5, 7};
    float single[6];
    for (int i = 0; i < 6; i++)
        single[i] = (float)v[i];
    static const int32_t shape[] = {6};
    for (int wide = 0; wide < 2; wide++) {
        port_map m;
        ir_tensor *port = make_port(f, 1, shape, 8, -1, 1);
        dataset *d = wide ? array(f, NPY_DICT("<f8", "(6,)"), v, sizeof v)
                          : array(f, NPY_DICT("<f4", "(6,)"), single, sizeof single);
        assert_true(port_map_make(f->ctx, port, d, NULL, &m));
        int8_t codes[6];
        float real[6];
        port_row_codes(&m, 0, codes);
        port_row_real(&m, 0, real);
        for (int i = 0; i < 6; i++) {
            assert_true(real[i] == single[i]);
            assert_int_equal(codes[i], port_quantize(single[i], port->quant->scale[0],
                                                     port->quant->zero[0], -128, 127));
        }
        assert_true(codes[0] == -128 && codes[5] == 127);
    }
}

static void types_that_say_no_codes_are_refused(void **state)
{
    fix *f = *state;
    static const struct {
        const char *dict;
        bool u8, quantized, codes;
        const char *text;
    } rows[] = {
        {NPY_DICT("|u1", "(1, 1)"), false, true, false, "an input declared as u8"},
        {NPY_DICT("|b1", "(1, 1)"), true, true, false, "BOOL elements do not fit input 'image'"},
        {NPY_DICT("<u2", "(1, 1)"), true, true, false, "U16 elements"},
        {NPY_DICT("<u4", "(1, 1)"), false, true, false, "U32 elements"},
        {NPY_DICT("<u8", "(1, 1)"), false, true, false, "U64 elements"},
        {NPY_DICT("|i1", "(1, 1)"), false, false, false, "before the input is quantized"},
        {NPY_DICT("<f4", "(1, 1)"), false, true, true, "floating-point numbers are no codes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        port_map m;
        fresh(f);
        size_t sizes[] = {1, 1, 2, 4, 8, 1, 4};
        dataset *d = array(f, rows[i].dict, "\0\0\0\0\0\0\0\0", sizes[i]);
        d->codes = rows[i].codes;
        ir_tensor *port = make_port(f, 1, (int32_t[]){1}, 8, 0, 1);
        port->u8_port = rows[i].u8;
        port->quant = rows[i].quantized ? port->quant : NULL;
        assert_false(port_map_make(f->ctx, port, d, NULL, &m));
        assert_error(f, D_INPUT_TYPE, rows[i].text);
    }
}

/* Reals need no quantization: a float net may read them. */
static void reals_need_no_quantization(void **state)
{
    fix *f = *state;
    static const float v[] = {1.5F, -2};
    port_map m;
    ir_tensor *port = make_port(f, 1, (int32_t[]){2}, 8, 0, 1);
    port->quant = NULL;
    assert_true(port_map_make(f->ctx, port, array(f, NPY_DICT("<f4", "(1, 2)"), v, 8), NULL, &m));
    float real[2];
    port_row_real(&m, 0, real);
    assert_memory_equal(real, v, sizeof v);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rows_come_with_and_without_a_leading_dimension),
        T(shape_errors_say_what_is_expected),
        T(a_single_row_cannot_be_sliced),
        T(unknown_layouts_are_refused),
        T(nchw_rows_are_transposed),
        T(bytes_are_declared_codes_of_a_u8_input),
        T(idx_bytes_are_codes_too),
        T(signed_codes_are_those_of_the_c),
        T(sixteen_bit_ports_take_wide_codes),
        T(codes_out_of_range_name_their_row),
        T(csv_holds_reals_or_codes),
        T(reals_of_every_type_are_quantized_as_the_c_does),
        T(types_that_say_no_codes_are_refused),
        T(reals_need_no_quantization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
