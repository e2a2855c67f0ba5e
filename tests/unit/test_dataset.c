/* test_dataset.c - data files: .npy, IDX (plain or gzip), CSV, labels, slices. */
#include "tests/unit/io_files.h"

#include <locale.h>
#include <math.h>

#include "compiler/io/dataset.h"

static double at(const dataset *d, int64_t i)
{
    named_tensor t = {.dtype = d->dtype, .data = d->data};
    return tensor_value(&t, i);
}

static dataset *read_text(fix *f, const char *text, bool label_column)
{
    return dataset_read(f->ctx, put_text(f, "d.csv", text), label_column);
}

/* ---- npy ---------------------------------------------------------------------------------- */

static void npy_of_every_type_and_version(void **state)
{
    fix *f = *state;
    static const struct {
        const char *dict;
        const char *bytes; /* of the values 1 and 2 */
        size_t n;
    } rows[] = {
        {NPY_DICT("<f4", "(2,)"), "\0\0\x80\x3f\0\0\0\x40", 8},
        {NPY_DICT(">f4", "(2,)"), "\x3f\x80\0\0\x40\0\0\0", 8},
        {NPY_DICT("<f2", "(2,)"), "\0\x3c\0\x40", 4},
        {NPY_DICT("<f8", "(2,)"), "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40", 16},
        {NPY_DICT("|i1", "(2,)"), "\1\2", 2},
        {NPY_DICT(">u1", "(2,)"), "\1\2", 2},
        {NPY_DICT("<i2", "(2,)"), "\1\0\2\0", 4},
        {NPY_DICT(">u2", "(2,)"), "\0\1\0\2", 4},
        {NPY_DICT("<i4", "(2,)"), "\1\0\0\0\2\0\0\0", 8},
        {NPY_DICT(">u4", "(2,)"), "\0\0\0\1\0\0\0\2", 8},
        {NPY_DICT("<i8", "(2,)"), "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16},
        {NPY_DICT(">u8", "(2,)"), "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16},
        {"{\"shape\":(2L,),'fortran_order':True,'descr':'|u1'}", "\1\2", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int version = 1; version <= 3; version++) {
            build_npy(f, version, rows[i].dict, rows[i].bytes, rows[i].n);
            dataset *d = dataset_read(f->ctx, put_built(f, "d.npy"), false);
            assert_clean(f);
            assert_int_equal(d->format, DF_NPY);
            assert_int_equal(d->rank, 1);
            assert_int_equal(d->rows, 2);
            assert_int_equal(d->row_elems, 1);
            assert_int_equal((uintptr_t)d->data % dtype_size(d->dtype), 0);
            assert_true(at(d, 0) == 1 && at(d, 1) == 2);
            assert_null(d->labels);
        }
    }
}

static void npy_scalar_is_one_row(void **state)
{
    fix *f = *state;
    build_npy(f, 1, NPY_DICT("|u1", "()"), "\7", 1);
    dataset *d = dataset_read(f->ctx, put_built(f, "d.npy"), false);
    assert_clean(f);
    assert_true(d->rank == 1 && d->rows == 1 && d->row_elems == 1 && at(d, 0) == 7);
}

static void npy_refuses_broken_headers(void **state)
{
    fix *f = *state;
    static const struct {
        const char *dict;
        diag_id id;
        const char *text;
    } rows[] = {
        {"['descr']", D_NPY_HEADER, "not a dict"},
        {"{'descr' '<f4'}", D_NPY_HEADER, "unknown, doubled or broken entry"},
        {"{'x': 1}", D_NPY_HEADER, "unknown, doubled or broken entry"},
        {"{descr: '<f4'}", D_NPY_HEADER, "unknown, doubled or broken entry"},
        {"{'descr': '<f4', 'descr': '<f4'}", D_NPY_HEADER, "unknown, doubled"},
        {"{'descr': '<f4' 'shape': (1,)}", D_NPY_HEADER, "broken after an entry"},
        {"{'descr': '<f4', 'shape': (1,)}", D_NPY_HEADER, "incomplete"},
        {NPY_DICT("<f4", "(1,)") " x", D_NPY_HEADER, "goes on"},
        {"{'descr': 4}", D_NPY_HEADER, "descr is broken"},
        {"{'descr': '<f\\x34'}", D_NPY_HEADER, "descr is broken"},
        {"{'descr': '<f4", D_NPY_HEADER, "descr is broken"},
        {"{'fortran_order': Maybe}", D_NPY_HEADER, "fortran_order"},
        {NPY_DICT("<f4", "[1]"), D_NPY_HEADER, "shape is broken"},
        {NPY_DICT("<f4", "(-1,)"), D_NPY_HEADER, "shape is broken"},
        {NPY_DICT("<f4", "(1 2)"), D_NPY_HEADER, "shape is broken"},
        {NPY_DICT("<f4", "(1"), D_NPY_HEADER, "shape is broken"},
        {NPY_DICT("<f4", "(18446744073709551617,)"), D_NPY_HEADER, "shape is broken"},
        {NPY_DICT("<f4", "(1,1,1,1,1,1,1,1,1)"), D_NPY_HEADER, "too many dimensions"},
        {NPY_DICT("<f4", "(536870913,)"), D_NPY_SIZE, "too large"},
        {NPY_DICT("<f4", "(2, 3)"), D_NPY_SIZE, "truncated .npy array: 4 bytes"},
        {NPY_DICT("|u1", "(3,)"), D_NPY_SIZE, "overlong .npy array: 4 bytes"},
        {NPY_DICT("<f4", "(0, 3)"), D_NPY_SIZE, "overlong"},
        {NPY_DICT("|O", "(1,)"), D_TENSOR_DTYPE, "Python objects"},
        {NPY_DICT("<f3", "(1,)"), D_TENSOR_DTYPE, "'<f3'"},
        {NPY_DICT("f4", "(1,)"), D_TENSOR_DTYPE, "'f4'"},
        {NPY_DICT("|f4", "(1,)"), D_TENSOR_DTYPE, "'|f4'"},
        {NPY_DICT("<M8[s]", "(1,)"), D_TENSOR_DTYPE, "'<M8[s]'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        build_npy(f, 1, rows[i].dict, "\0\0\0\0", 4);
        assert_null(dataset_read(f->ctx, put_built(f, "d.npy"), false));
        assert_error(f, rows[i].id, rows[i].text);
        assert_error(f, rows[i].id, "d.npy: error: ");
    }
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } heads[] = {{"\x93NUMPY\1", 7, "truncated"},
                 {"\x93NUMPY\4\0\2\0{}xxxx", 16, "version 4.0"},
                 {"\x93NUMPY\1\1\2\0{}xxxx", 16, "version 1.1"},
                 {"\x93NUMPY\1\0\0\0xxxxxx", 16, "header of 0 bytes"},
                 {"\x93NUMPY\1\0\xff\xff{}xx", 14, "truncated"},
                 {"\x93NUMPY\2\0\xff\xff\xff\xff{}xx", 16, "header of 4294967295 bytes"}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        fresh(f);
        assert_null(dataset_read(f->ctx, put(f, "d.npy", heads[i].bytes, heads[i].n), false));
        assert_error(f, D_NPY_HEADER, heads[i].text);
    }
}

static void empty_arrays_are_refused(void **state)
{
    fix *f = *state;
    static const char *const shapes[] = {NPY_DICT("<f4", "(0,)"), NPY_DICT("<f4", "(0, 3)"),
                                         NPY_DICT("<f4", "(3, 0)"),
                                         NPY_DICT("<f4", "(9223372036854775807, 9, 0)")};
    for (size_t i = 0; i < 4; i++) {
        fresh(f);
        build_npy(f, 1, shapes[i], NULL, 0);
        assert_null(dataset_read(f->ctx, put_built(f, "d.npy"), false));
        assert_error(f, D_DATA_EMPTY, "holds no values");
    }
    fresh(f);
    assert_null(dataset_read(f->ctx, put(f, "d.npy", "", 0), false));
    assert_error(f, D_DATA_EMPTY, "the file is empty");
}

static void values_that_are_not_finite_name_their_row(void **state)
{
    fix *f = *state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {{NAN, "NaN in row 2"}, {INFINITY, "infinity in row 2"},
                {-INFINITY, "infinity in row 2"}, {1e39, "beyond float32 in row 2"}};
    for (size_t i = 0; i < 4; i++) {
        double v[8] = {0};
        v[5] = rows[i].v;
        fresh(f);
        build_npy(f, 1, NPY_DICT("<f8", "(4, 2)"), v, sizeof v);
        const char *path = put_built(f, "d.npy");
        assert_null(dataset_read(f->ctx, path, false));
        assert_error(f, D_DATA_VALUE, rows[i].text);
        fresh(f);
        path = in_dir(f, "d.npy");
        assert_null(dataset_read(f->ctx, arena_printf(f->ctx->a, "%s:1+2", path), false));
        assert_error(f, D_DATA_VALUE, rows[i].text);
        fresh(f);
        path = in_dir(f, "d.npy");
        assert_non_null(dataset_read(f->ctx, arena_printf(f->ctx->a, "%s:3+1", path), false));
        assert_clean(f);
    }
}

static void written_npy_is_what_numpy_writes(void **state)
{
    fix *f = *state;
    static const float v[] = {1, 2, 3, 4, 5, 6};
    const char *path = in_dir(f, "o.npy");
    assert_true(npy_write(f->ctx, path, DT_F32, 2, (int64_t[]){2, 3}, v));
    const source *s = file_read(f->ctx, path);
    static const char head[] =
        "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    assert_int_equal(s->len, 128 + sizeof v);
    assert_memory_equal(s->text, head, sizeof head - 1);
    assert_int_equal(s->text[127], '\n');
    assert_memory_equal(s->text + 128, v, sizeof v);
    assert_true(npy_write(f->ctx, path, DT_I8, 1, (int64_t[]){3}, "\1\2\3"));
    assert_non_null(strstr(file_read(f->ctx, path)->text + 10, "'|i1', 'fortran_order': False, "
                                                               "'shape': (3,), }"));
    for (int t = DT_F32; t <= DT_BOOL; t++) {
        if (t == DT_BF16)
            continue;
        assert_true(npy_write(f->ctx, path, (tensor_dtype)t, 0, NULL, "\1\0\0\0\0\0\0\0"));
        dataset *d = dataset_read(f->ctx, path, false);
        assert_clean(f);
        assert_int_equal(d->dtype, t);
    }
}

static void arrays_that_cannot_be_written_are_refused(void **state)
{
    fix *f = *state;
    assert_false(npy_write(f->ctx, in_dir(f, "o.npy"), DT_BF16, 1, (int64_t[]){1}, "\0\0"));
    assert_error(f, D_TENSOR_DTYPE, "o.npy: error: a .npy file cannot hold elements of type BF16");
    fresh(f);
    assert_false(npy_write(f->ctx, in_dir(f, "o.npy"), DT_F32, 1, (int64_t[]){INT64_MAX}, "\0\0"));
    assert_error(f, D_TENSOR_DTYPE, "more than 2 GiB");
    fresh(f);
    assert_false(npy_write(f->ctx, in_dir(f, "no/o.npy"), DT_I8, 1, (int64_t[]){1}, "\0"));
    assert_error(f, D_FILE_WRITE, "cannot write");
}

/* ---- IDX ---------------------------------------------------------------------------------- */

static void build_idx(fix *f, int type, int rank, const uint32_t *dim, const void *data, size_t n)
{
    buf_init(&f->b, f->ctx->a);
    buf_bytes(&f->b, (char[]){0, 0, (char)type, (char)rank}, 4);
    for (int i = 0; i < rank; i++) {
        unsigned char be[4] = {(unsigned char)(dim[i] >> 24), (unsigned char)(dim[i] >> 16),
                               (unsigned char)(dim[i] >> 8), (unsigned char)dim[i]};
        buf_bytes(&f->b, be, 4);
    }
    buf_bytes(&f->b, data, n);
}

static void idx_of_every_type_plain_and_gzip(void **state)
{
    fix *f = *state;
    static const struct {
        int code;
        tensor_dtype dtype;
        const char *bytes; /* of -2 (u8: 254) and 3 */
    } rows[] = {{8, DT_U8, "\xfe\3"},
                {9, DT_I8, "\xfe\3"},
                {11, DT_I16, "\xff\xfe\0\3"},
                {12, DT_I32, "\xff\xff\xff\xfe\0\0\0\3"},
                {13, DT_F32, "\xc0\0\0\0\x40\x40\0\0"},
                {14, DT_F64, "\xc0\0\0\0\0\0\0\0\x40\x08\0\0\0\0\0\0"}};
    for (size_t i = 0; i < 6; i++) {
        for (int zipped = 0; zipped < 2; zipped++) {
            build_idx(f, rows[i].code, 3, (uint32_t[]){2, 1, 1}, rows[i].bytes,
                      2 * dtype_size(rows[i].dtype));
            if (zipped)
                gzip_built(f);
            dataset *d = dataset_read(f->ctx, put_built(f, "d"), false);
            assert_clean(f);
            assert_int_equal(d->format, DF_IDX);
            assert_int_equal(d->dtype, rows[i].dtype);
            assert_int_equal(d->rank, 3);
            assert_int_equal((uintptr_t)d->data % dtype_size(d->dtype), 0);
            assert_true(at(d, 0) == (i ? -2 : 254) && at(d, 1) == 3);
        }
    }
}

static void idx_refuses_broken_files(void **state)
{
    fix *f = *state;
    static const struct {
        const char *bytes;
        size_t n;
        diag_id id;
        const char *text;
    } rows[] = {
        {"\0\0\x08", 3, D_DATA_FORMAT, "not a data file"},
        {"\0\0\x0a\1\0\0\0\0", 8, D_IDX_HEADER, "unknown type code"},
        {"\0\0\x08\0", 4, D_IDX_HEADER, "rank"},
        {"\0\0\x08\x09", 4, D_IDX_HEADER, "rank"},
        {"\0\0\x08\2\0\0\0\1", 8, D_IDX_HEADER, "truncated inside the header"},
        {"\0\0\x0e\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, D_IDX_HEADER, "2 GiB"},
        {"\0\0\x08\1\0\0\0\3ab", 10, D_IDX_SIZE, "truncated IDX file: 2 bytes"},
        {"\0\0\x08\1\0\0\0\1ab", 10, D_IDX_SIZE, "overlong IDX file: 2 bytes"},
        {"\0\0\x08\1\0\0\0\0", 8, D_DATA_EMPTY, "shape [0] holds no values"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int zipped = 0; zipped < 2; zipped++) {
            fresh(f);
            buf_bytes(&f->b, rows[i].bytes, rows[i].n);
            if (zipped)
                gzip_built(f);
            assert_null(dataset_read(f->ctx, put_built(f, "d.idx"), false));
            if (zipped && strstr(rows[i].text, "overlong"))
                assert_error(f, D_GZIP_DATA, "more bytes than expected");
            else
                assert_error(f, rows[i].id, rows[i].text);
        }
    }
}

static void gzip_of_several_members_is_one_file(void **state)
{
    fix *f = *state;
    build_idx(f, 8, 1, (uint32_t[]){4}, "ab", 2);
    gzip_built(f);
    char *first = arena_memdup(f->ctx->a, f->b.p, f->b.n);
    size_t n = f->b.n;
    buf_init(&f->b, f->ctx->a);
    buf_puts(&f->b, "cd");
    gzip_built(f);
    buf both;
    buf_init(&both, f->ctx->a);
    buf_bytes(&both, first, n);
    buf_bytes(&both, f->b.p, f->b.n);
    dataset *d = dataset_read(f->ctx, put(f, "d.gz", both.p, both.n), false);
    assert_clean(f);
    assert_int_equal(d->rows, 4);
    assert_memory_equal(d->data, "abcd", 4);
}

static void gzip_refuses_broken_files(void **state)
{
    fix *f = *state;
    static unsigned char noise[70000];
    rng r;
    rng_seed(&r, 3);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)rng_next(&r);
    build_idx(f, 8, 1, (uint32_t[]){sizeof noise}, noise, sizeof noise);
    gzip_built(f);
    size_t n = f->b.n;
    char *whole = malloc(n + 5);
    memcpy(whole, f->b.p, n);
    memcpy(whole + n, "junk", 5);
    assert_null(dataset_read(f->ctx, put(f, "d.gz", whole, n + 4), false));
    assert_error(f, D_GZIP_DATA, "bytes after the end");
    static const struct {
        size_t cut; /* bytes missing at the end */
        size_t flip; /* bytes from the end of a bit that is changed */
        const char *text;
    } rows[] = {{1, 0, "truncated"}, {8, 0, "truncated"}, {40000, 0, "truncated"},
                {0, 1, "corrupt"},   {0, 6, "corrupt"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        whole[n - rows[i].flip] ^= (char)(rows[i].flip ? 1 : 0);
        assert_null(dataset_read(f->ctx, put(f, "d.gz", whole, n - rows[i].cut), false));
        whole[n - rows[i].flip] ^= (char)(rows[i].flip ? 1 : 0);
        assert_error(f, D_GZIP_DATA, rows[i].text);
    }
    fresh(f);
    assert_non_null(dataset_read(f->ctx, put(f, "d.gz", whole, n), false));
    assert_clean(f);
    free(whole);
}

/* ---- CSV ---------------------------------------------------------------------------------- */

static void csv_reads_plain_numbers(void **state)
{
    fix *f = *state;
    dataset *d = read_text(f, "\xef\xbb\xbf\n1, -2.5,\t+3e2 \r\n\r\n  \n-.5,1234567,12345678\n7.,0,1e-50", false);
    assert_clean(f);
    assert_int_equal(d->format, DF_CSV);
    assert_int_equal(d->dtype, DT_F32);
    assert_true(d->rows == 3 && d->row_elems == 3 && d->rank == 2 && !d->labels);
    static const float want[] = {1, -2.5F, 300, -0.5F, 1234567, 12345678, 7, 0, 0};
    assert_memory_equal(d->data, want, sizeof want);
}

static void csv_takes_labels_from_their_column(void **state)
{
    fix *f = *state;
    static const struct {
        const char *text;
        bool label_column;
    } rows[] = {{"x,Label,y\n1,7,2\n3,0,4\n", false}, {"x,label,y\n1,7,2\n3,0,4\n", true},
                {"label,0,1\n7,1,2\n0,3,4\n", true},  {"7,1,2\n0,3,4\n", true}};
    static const float want[] = {1, 2, 3, 4};
    for (size_t i = 0; i < 4; i++) {
        dataset *d = read_text(f, rows[i].text, rows[i].label_column);
        assert_clean(f);
        assert_true(d->rows == 2 && d->row_elems == 2);
        assert_memory_equal(d->data, want, sizeof want);
        assert_true(d->labels[0] == 7 && d->labels[1] == 0);
        assert_true(dataset_labels_check(f->ctx, d, 8));
    }
    dataset *d = read_text(f, "7,1,2\n0,3,4\n", true);
    assert_false(dataset_labels_check(f->ctx, d, 7));
    assert_error(f, D_LABELS_RANGE, "the label 7 in row 0");
}

static void csv_header_without_label_is_skipped(void **state)
{
    fix *f = *state;
    dataset *d = read_text(f, "width,height\n3,4\n", false);
    assert_clean(f);
    assert_true(d->rows == 1 && d->row_elems == 2 && !d->labels);
}

static void csv_reads_the_same_in_every_locale(void **state)
{
    fix *f = *state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
    for (int i = 0; i < 4 && !setlocale(LC_ALL, names[i]); i++)
        ;
    dataset *d = read_text(f, "0.25,1e-1\n", false);
    setlocale(LC_ALL, "C");
    assert_clean(f);
    assert_true(at(d, 0) == 0.25 && at(d, 1) == (double)0.1F);
}

static void csv_refuses_broken_files(void **state)
{
    fix *f = *state;
    static const struct {
        const char *text;
        bool label_column;
        diag_id id;
        const char *message;
    } rows[] = {
        {"1,2\n3,x\n", false, D_CSV_FIELD, "d.csv:2:3: error: 'x' is not a number"},
        {"1,2\n3,\n", false, D_CSV_FIELD, "d.csv:2:3: error: an empty field"},
        {"1,2,\n", false, D_CSV_FIELD, "d.csv:1:5: error: an empty field"},
        {"1,x\n2,3\n", false, D_CSV_FIELD, "d.csv:1:3: error: 'x' is not a number"},
        {"1\n0x10\n", false, D_CSV_FIELD, "'0x10' is not a number"},
        {"1\n1e\n", false, D_CSV_FIELD, "'1e' is not a number"},
        {"1\n.\n", false, D_CSV_FIELD, "'.' is not a number"},
        {"1\n1.2.3\n", false, D_CSV_FIELD, "'1.2.3' is not a number"},
        {"nan,1\n", false, D_CSV_FIELD, "d.csv:1:1: error: 'nan' is not a number"},
        {"NaN\n1\n", false, D_CSV_FIELD, "d.csv:1:1: error: 'NaN' is not a number"},
        {"1\n-inf\n", false, D_CSV_FIELD, "'-inf' is not a number"},
        {"1\n1e39\n", false, D_CSV_FIELD, "d.csv:2:1: error: '1e39' is beyond float32"},
        {"1;2\n3;4\n", false, D_CSV_FIELD, "separated by commas"},
        {"1,2\n\n3\n", false, D_CSV_RAGGED, "d.csv:3:1: error: a row of 1 field ["},
        {"1,2\n3,4,5\n", false, D_CSV_RAGGED, "expected: 2, as in the first line"},
        {"1,2\n3,\"4\"\n", false, D_CSV_QUOTE, "d.csv:2:3: error: quotes"},
        {"\"a\",\"b\"\n1,2\n", false, D_CSV_QUOTE, "d.csv:1:1: error: quotes"},
        {"label\n1\n", false, D_DATA_EMPTY, "no column but the label"},
        {"1\n2\n", true, D_DATA_EMPTY, "no column but the label"},
        {"a,b\n", false, D_DATA_EMPTY, "no rows of data"},
        {"\n\n", false, D_DATA_EMPTY, "no rows of data"},
        {"label,x,label\n1,2,3\n", false, D_CSV_LABEL, "d.csv:1:9: error: a second column"},
        {"a,b\n1,2\n", true, D_CSV_LABEL, "no column is called 'label'"},
        {"label,x\n1.5,2\n", false, D_CSV_LABEL, "d.csv:2:1: error: the label '1.5'"},
        {"label,x\n-1,2\n", false, D_CSV_LABEL, "the label '-1'"},
        {"label,x\n,2\n", false, D_CSV_LABEL, "the label ''"},
        {"label,x\n2147483648,2\n", false, D_CSV_LABEL, "the label '2147483648'"},
        {"label,x\n\"1\",2\n", false, D_CSV_QUOTE, "d.csv:2:1: error: quotes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        assert_null(read_text(f, rows[i].text, rows[i].label_column));
        assert_error(f, rows[i].id, rows[i].message);
    }
}

static void anything_else_names_the_three_formats(void **state)
{
    fix *f = *state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } rows[] = {{"\0\0\0\0\0", 5, "a .npy array, an IDX file (plain or gzip), or CSV text"},
                {"\x93NUM", 4, "not a data file: 4 bytes"},
                {"1,2\n3,\0\n", 8, "not a data file: 8 bytes"},
                {"PK\3\4....", 8, "a .npz holds several arrays"},
                {"\x89PNG\r\n\x1a\n", 8, "not a data file"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        assert_null(dataset_read(f->ctx, put(f, "d", rows[i].bytes, rows[i].n), false));
        assert_error(f, D_DATA_FORMAT, rows[i].text);
    }
}

/* ---- slices ------------------------------------------------------------------------------- */

static void slices_take_some_rows(void **state)
{
    fix *f = *state;
    const char *path = put_text(f, "d.csv", "label,x\n0,10\n1,11\n2,12\n3,13\n");
    dataset *all = dataset_read(f->ctx, path, false);
    dataset *d = dataset_read(f->ctx, arena_printf(f->ctx->a, "%s:1+2", path), false);
    dataset *again = dataset_read(f->ctx, arena_printf(f->ctx->a, "%s:0+4", path), false);
    assert_clean(f);
    assert_true(d->rows == 2 && d->dim[0] == 4 && d->first_row == 1);
    assert_true(at(d, 0) == 11 && at(d, 1) == 12 && d->labels[0] == 1 && d->labels[1] == 2);
    assert_string_equal(d->path, path);
    assert_string_equal(all->sha256, again->sha256);
    assert_string_not_equal(all->sha256, d->sha256);
    assert_int_equal(strlen(d->sha256), 64);
}

static void slices_outside_are_refused(void **state)
{
    fix *f = *state;
    static const struct {
        const char *slice;
        diag_id id;
        const char *text;
    } rows[] = {
        {":3+2", D_DATA_SLICE, "rows 3+2 are asked for, the file has 4"},
        {":4+1", D_DATA_SLICE, "rows 4+1"},
        {":0+5", D_DATA_SLICE, "COUNT at most 4"},
        {":0+0", D_DATA_SLICE, "no rows are asked for"},
        {":99999999999999999999+1", D_DATA_SLICE, "the file has 4"},
        {":1+9223372036854775807", D_DATA_SLICE, "the file has 4"},
        {":1", D_FILE_OPEN, "OFFSET+COUNT"},
        {":1+", D_FILE_OPEN, "OFFSET+COUNT"},
        {":-1+2", D_FILE_OPEN, "OFFSET+COUNT"},
        {":1+2x", D_FILE_OPEN, "OFFSET+COUNT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        const char *path = put_text(f, "d.csv", "1\n2\n3\n4\n");
        assert_null(dataset_read(f->ctx, arena_printf(f->ctx->a, "%s%s", path, rows[i].slice), false));
        assert_error(f, rows[i].id, rows[i].text);
    }
}

static void a_name_with_a_colon_wins_if_it_exists(void **state)
{
    fix *f = *state;
    put_text(f, "d", "1\n2\n3\n");
    dataset *d = dataset_read(f->ctx, put_text(f, "d:1+1", "7\n8\n"), false);
    assert_clean(f);
    assert_true(d->rows == 2 && at(d, 0) == 7);
    d = dataset_read(f->ctx, in_dir(f, "d:2+1"), false);
    assert_clean(f);
    assert_true(d->rows == 1 && at(d, 0) == 3);
    d = dataset_read(f->ctx, in_dir(f, "d:1+1:1+1"), false);
    assert_clean(f);
    assert_true(d->rows == 1 && at(d, 0) == 8);
}

/* ---- labels ------------------------------------------------------------------------------- */

static void labels_come_from_every_format(void **state)
{
    fix *f = *state;
    const char *paths[6];
    build_npy(f, 1, NPY_DICT("<i8", "(2,)"), "\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
    paths[0] = put_built(f, "l.npy");
    build_idx(f, 8, 1, (uint32_t[]){2}, "\3\1", 2);
    paths[1] = put_built(f, "l.idx");
    gzip_built(f);
    paths[2] = put_built(f, "l.gz");
    paths[3] = put_text(f, "l.csv", "class\n3\n1\n");
    paths[4] = put_text(f, "m.csv", "3\n1\n");
    paths[5] = put_text(f, "n.csv", "text,label\nabc,3\ndef,1\n");
    for (int i = 0; i < 6; i++) {
        int32_t *labels;
        assert_true(labels_read(f->ctx, paths[i], 4, i % 2 ? 2 : -1, &labels));
        assert_clean(f);
        assert_true(labels[0] == 3 && labels[1] == 1);
        assert_true(labels_read(f->ctx, arena_printf(f->ctx->a, "%s:1+1", paths[i]), 4, 1, &labels));
        assert_int_equal(labels[0], 1);
    }
}

static void labels_that_do_not_fit_are_refused(void **state)
{
    fix *f = *state;
    static const struct {
        const char *dict;
        size_t n;
        int64_t rows;
        diag_id id;
        const char *text;
    } rows[] = {
        {NPY_DICT("<f4", "(2,)"), 8, 2, D_LABELS_TYPE, "F32 elements of shape [2] are no labels"},
        {NPY_DICT("|b1", "(2,)"), 2, 2, D_LABELS_TYPE, "BOOL elements"},
        {NPY_DICT("|u1", "(2, 1)"), 2, 2, D_LABELS_TYPE, "shape [2, 1]"},
        {NPY_DICT("|i1", "(2,)"), 2, 3, D_LABELS_COUNT, "2 labels for 3 rows"},
        {NPY_DICT("|i1", "(2,)"), 2, 2, D_LABELS_RANGE, "the label -1 in row 1 is no class"},
        {NPY_DICT("|u1", "(2,)"), 2, 2, D_LABELS_RANGE, "the label 255 in row 1"},
        {NPY_DICT("<u8", "(2,)"), 16, 2, D_LABELS_RANGE, "in row 0"},
        {NPY_DICT("|u1", "(0,)"), 0, 0, D_DATA_EMPTY, "the file has no rows"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t *labels;
        fresh(f);
        build_npy(f, 1, rows[i].dict, "\0\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0", rows[i].n);
        assert_false(labels_read(f->ctx, put_built(f, "l.npy"), 10, rows[i].rows, &labels));
        assert_error(f, rows[i].id, rows[i].text);
    }
    int32_t *labels;
    fresh(f);
    assert_false(labels_read(f->ctx, put_text(f, "l.csv", "1,2\n"), 10, -1, &labels));
    assert_error(f, D_CSV_LABEL, "one column, or a header line with 'label'");
    fresh(f);
    assert_false(labels_read(f->ctx, put_text(f, "l.csv", "1\nx\n"), 10, -1, &labels));
    assert_error(f, D_CSV_LABEL, "l.csv:2:1: error: the label 'x'");
    fresh(f);
    assert_false(labels_read(f->ctx, in_dir(f, "none"), 10, -1, &labels));
    assert_error(f, D_FILE_OPEN, "cannot open");
}

/* ---- damage ------------------------------------------------------------------------------- */

static bool touch(fix *f, const char *path)
{
    dataset *d = dataset_read(f->ctx, path, false);
    volatile double sum = 0;
    for (int64_t i = 0; d && i < d->rows * d->row_elems; i++)
        sum = sum + at(d, i);
    return d != NULL;
}

static void suffer(fix *f, int rounds, bool prefixes_may_pass)
{
    size_t n = f->b.n;
    void *bytes = malloc(n);
    memcpy(bytes, f->b.p, n);
    torment(f, bytes, n, rounds, touch, prefixes_may_pass);
    fresh(f);
    starve(f, put(f, "whole", bytes, n), touch);
    free(bytes);
}

static void every_format_survives_damage(void **state)
{
    fix *f = *state;
    static const double v[] = {1, 2, 3, 4};
    build_npy(f, 1, "{'descr': '>f8', 'fortran_order': True, 'shape': (2, 2), }", v, sizeof v);
    memset(f->b.p + f->b.n - 32, 0x3f, 32);
    suffer(f, 1000, false);
    build_idx(f, 12, 2, (uint32_t[]){2, 2}, v, 16);
    suffer(f, 1000, false);
    build_idx(f, 11, 2, (uint32_t[]){2, 2}, v, 8);
    gzip_built(f);
    suffer(f, 1000, false);
    fresh(f);
    buf_puts(&f->b, "label,x,y\n1,2.5,-3e4\n2,7,8\r\n\n3,9,10.25\n");
    suffer(f, 1000, true);
}

static void fashion_mnist_is_read(void **state)
{
    fix *f = *state;
    static const char dir[] = "/usr/share/datasets/fashion-mnist/t10k-";
    if (access(arena_printf(f->ctx->a, "%slabels-idx1-ubyte.gz", dir), R_OK) != 0)
        skip();
    int32_t *labels;
    dataset *d =
        dataset_read(f->ctx, arena_printf(f->ctx->a, "%simages-idx3-ubyte.gz", dir), false);
    assert_clean(f);
    assert_true(d->rows == 10000 && d->row_elems == 784 && d->rank == 3 && d->dtype == DT_U8);
    bool ok = labels_read(f->ctx, arena_printf(f->ctx->a, "%slabels-idx1-ubyte.gz:0+10000", dir), 10,
                          d->rows, &labels);
    assert_clean(f);
    assert_true(ok);
    int count[10] = {0};
    for (int i = 0; i < 10000; i++)
        count[labels[i]]++;
    for (int i = 0; i < 10; i++)
        assert_int_equal(count[i], 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(npy_of_every_type_and_version),
        T(npy_scalar_is_one_row),
        T(npy_refuses_broken_headers),
        T(empty_arrays_are_refused),
        T(values_that_are_not_finite_name_their_row),
        T(written_npy_is_what_numpy_writes),
        T(arrays_that_cannot_be_written_are_refused),
        T(idx_of_every_type_plain_and_gzip),
        T(idx_refuses_broken_files),
        T(gzip_of_several_members_is_one_file),
        T(gzip_refuses_broken_files),
        T(csv_reads_plain_numbers),
        T(csv_takes_labels_from_their_column),
        T(csv_header_without_label_is_skipped),
        T(csv_reads_the_same_in_every_locale),
        T(csv_refuses_broken_files),
        T(anything_else_names_the_three_formats),
        T(slices_take_some_rows),
        T(slices_outside_are_refused),
        T(a_name_with_a_colon_wins_if_it_exists),
        T(labels_come_from_every_format),
        T(labels_that_do_not_fit_are_refused),
        T(every_format_survives_damage),
        T(fashion_mnist_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
