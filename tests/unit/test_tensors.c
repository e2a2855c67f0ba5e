/* test_tensors.c - weights files: safetensors, .npz, raw float32; good ones and broken ones. */
#include "tests/unit/io_files.h"

#include <math.h>
#include <zip.h>

#include "compiler/io/tensors.h"

/* ---- safetensors -------------------------------------------------------------------------- */

static void build_safetensors(fix *f, const char *json, const void *data, size_t n)
{
    unsigned char len[8] = {0};
    for (int i = 0; i < 8; i++)
        len[i] = (unsigned char)(strlen(json) >> (8 * i));
    buf_init(&f->b, f->ctx->a);
    buf_bytes(&f->b, len, 8);
    buf_puts(&f->b, json);
    buf_bytes(&f->b, data, n);
}

static tensor_file *read_built(fix *f, int64_t raw_count)
{
    return tensor_file_read(f->ctx, put_built(f, "w.bin"), raw_count);
}

static const double special[] = {0, 1, -2, 0.5, -0.09375, 1024};

/* The same six values in every float type; the unaligned byte tensor before them moves them. */
static void safetensors_reads_every_type(void **state)
{
    fix *f = *state;
    static const char json[] =
        "{\"b\":{\"dtype\":\"BF16\",\"shape\":[6],\"data_offsets\":[1,13]},"
        "\"a\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,1]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[13,25]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[25,49]},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[1,6],\"data_offsets\":[49,97]},"
        "\"e\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[97,97]},"
        "\"t\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[97,99]},"
        "\"u\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[99,107]},"
        "\"i\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[107,115]},"
        "\"u16\":{\"dtype\":\"U16\",\"shape\":[1],\"data_offsets\":[115,117]},"
        "\"__metadata__\":{\"format\":\"pt\",\"k\":\"v\"}}  ";
    static const uint16_t bf16[] = {0x0000, 0x3f80, 0xc000, 0x3f00, 0xbdc0, 0x4480};
    static const uint16_t f16[] = {0x0000, 0x3c00, 0xc000, 0x3800, 0xae00, 0x6400};
    float f32[6];
    for (int i = 0; i < 6; i++)
        f32[i] = (float)special[i];
    buf d;
    buf_init(&d, f->ctx->a);
    buf_bytes(&d, "\xfd", 1);
    buf_bytes(&d, bf16, sizeof bf16);
    buf_bytes(&d, f16, sizeof f16);
    buf_bytes(&d, f32, sizeof f32);
    buf_bytes(&d, special, sizeof special);
    buf_bytes(&d, "\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20);
    build_safetensors(f, json, d.p, d.n);
    tensor_file *t = read_built(f, -1);
    assert_clean(f);
    assert_int_equal(t->format, TF_SAFETENSORS);
    assert_int_equal(t->tensors.n, 10);
    for (int k = 1; k < t->tensors.n; k++)
        assert_true(strcmp(t->tensors.v[k - 1].name, t->tensors.v[k].name) < 0);
    static const char *const names[] = {"b", "h", "f", "d"};
    for (int k = 0; k < 4; k++) {
        const named_tensor *x = tensor_file_find(t, names[k]);
        assert_int_equal(x->elems, 6);
        assert_int_equal((uintptr_t)x->data % dtype_size(x->dtype), 0);
        for (int i = 0; i < 6; i++)
            assert_true(tensor_value(x, i) == special[i]);
    }
    assert_int_equal(tensor_file_find(t, "a")->rank, 0);
    assert_true(tensor_value(tensor_file_find(t, "a"), 0) == -3);
    assert_int_equal(tensor_file_find(t, "e")->elems, 0);
    assert_true(tensor_value(tensor_file_find(t, "t"), 1) == 1);
    assert_true(tensor_value(tensor_file_find(t, "u"), 0) == 0x1p64);
    assert_true(tensor_value(tensor_file_find(t, "i"), 0) == -2);
    assert_true(tensor_value(tensor_file_find(t, "u16"), 0) == 65535);
    assert_null(tensor_file_find(t, "missing"));
    assert_int_equal(t->metadata.n, 2);
    assert_string_equal(t->metadata.v[0].key, "format");
    assert_string_equal(t->metadata.v[0].value, "pt");
}

static void half_floats_reach_their_limits(void **state)
{
    (void)state;
    static const struct {
        tensor_dtype dtype;
        uint16_t bits;
        double value;
    } rows[] = {
        {DT_F16, 0x0001, 0x1p-24},    {DT_F16, 0x03ff, 1023 * 0x1p-24}, {DT_F16, 0x0400, 0x1p-14},
        {DT_F16, 0x7bff, 65504},      {DT_F16, 0xfbff, -65504},         {DT_F16, 0x7c00, INFINITY},
        {DT_F16, 0xfc00, -INFINITY},  {DT_F16, 0x3555, 0x1.554p-2},     {DT_BF16, 0x7f80, INFINITY},
        {DT_BF16, 0x0080, 0x1p-126},  {DT_BF16, 0x0001, 0x1p-133},      {DT_BF16, 0xff7f, -0x1.fep127},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        named_tensor t = {.dtype = rows[i].dtype, .elems = 1, .data = &rows[i].bits};
        assert_true(tensor_value(&t, 0) == rows[i].value);
    }
    uint16_t nan = 0x7e01, bnan = 0x7fc0, minus = 0x8000;
    assert_true(isnan(tensor_value(&(named_tensor){.dtype = DT_F16, .data = &nan}, 0)));
    assert_true(isnan(tensor_value(&(named_tensor){.dtype = DT_BF16, .data = &bnan}, 0)));
    assert_true(signbit(tensor_value(&(named_tensor){.dtype = DT_F16, .data = &minus}, 0)));
}

static const struct bad_json {
    const char *json;
    size_t data; /* bytes of data after the header */
    diag_id id;
    const char *text;
} bad[] = {
#define F4 "\"dtype\":\"F32\",\"shape\":[2],"
    {"{", 0, D_SAFETENSORS_HEADER, "broken safetensors header"},
    {"{}x", 0, D_SAFETENSORS_HEADER, "end of file expected"},
    {"{\"a\":1e999}", 0, D_SAFETENSORS_HEADER, "real number overflow"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,8]},\"a\":{" F4 "\"data_offsets\":[0,8]}}", 8,
     D_SAFETENSORS_HEADER, "duplicate"},
    {"{\"a\\u0000\":1}", 0, D_SAFETENSORS_HEADER, "\\u0000"},
    {"{\"\xff\":1}", 0, D_SAFETENSORS_HEADER, "byte 0xff"},
    {"{\"__metadata__\":[]}", 0, D_SAFETENSORS_HEADER, "__metadata__ is not"},
    {"{\"__metadata__\":{\"a\":1}}", 0, D_SAFETENSORS_HEADER, "__metadata__ holds"},
    {"{\"a\":3}", 0, D_SAFETENSORS_TENSOR, "'a': its entry"},
    {"{\"a\":{}}", 0, D_SAFETENSORS_TENSOR, "'a': no dtype"},
    {"{\"a\":{\"dtype\":4}}", 0, D_SAFETENSORS_TENSOR, "'a': no dtype"},
    {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, D_TENSOR_DTYPE,
     "'F8_E4M3'"},
    {"{\"a\\nb\":{\"dtype\":\"Q\\u0007\"}}", 0, D_TENSOR_DTYPE, "'a?b': elements of type 'Q?'"},
    {"{\"a\":{\"dtype\":\"F32\"}}", 0, D_SAFETENSORS_TENSOR, "shape is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":2}}", 0, D_SAFETENSORS_TENSOR, "shape is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1]}}", 0, D_SAFETENSORS_TENSOR, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, D_SAFETENSORS_TENSOR,
     "whole numbers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, D_SAFETENSORS_TENSOR,
     "whole numbers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
     D_SAFETENSORS_TENSOR, "too large"},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0,
     D_SAFETENSORS_TENSOR, "too large"},
    {"{\"a\":{" F4 "\"data_offsets\":[0]}}", 8, D_SAFETENSORS_TENSOR, "data_offsets"},
    {"{\"a\":{" F4 "\"data_offsets\":[8,0]}}", 8, D_SAFETENSORS_TENSOR, "data_offsets"},
    {"{\"a\":{" F4 "\"data_offsets\":[-8,0]}}", 8, D_SAFETENSORS_TENSOR, "data_offsets"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,\"8\"]}}", 8, D_SAFETENSORS_TENSOR, "data_offsets"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,4]}}", 4, D_SAFETENSORS_TENSOR, "its data has 4 bytes"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,8]}}", 7, D_SAFETENSORS_OFFSETS, "ends at byte 8 of 7"},
    {"{\"a\":{" F4 "\"data_offsets\":[9223372036854775799,9223372036854775807]}}", 8,
     D_SAFETENSORS_OFFSETS, "ends at byte"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,8]}}", 9, D_SAFETENSORS_OFFSETS, "1 bytes after"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,8]},\"b\":{" F4 "\"data_offsets\":[4,12]}}", 12,
     D_SAFETENSORS_OFFSETS, "'b': its data overlaps"},
    {"{\"a\":{" F4 "\"data_offsets\":[0,8]},\"b\":{" F4 "\"data_offsets\":[9,17]}}", 17,
     D_SAFETENSORS_OFFSETS, "'b': a hole"},
#undef F4
};

static void safetensors_refuses_broken_headers(void **state)
{
    fix *f = *state;
    static const char zeros[32];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fresh(f);
        build_safetensors(f, bad[i].json, zeros, bad[i].data);
        assert_null(read_built(f, -1));
        assert_error(f, bad[i].id, bad[i].text);
        assert_error(f, bad[i].id, "w.bin: error: ");
    }
}

static void safetensors_refuses_huge_headers(void **state)
{
    fix *f = *state;
    const char *path = in_dir(f, "huge");
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    uint64_t n = 100000001;
    assert_int_equal(fwrite(&n, 1, 8, out), 8);
    fputc('{', out);
    assert_int_equal(fseek(out, (long)n + 7, SEEK_SET), 0);
    fputc('}', out);
    fclose(out);
    assert_null(tensor_file_read(f->ctx, path, -1));
    assert_error(f, D_SAFETENSORS_HEADER, "100000001 bytes long");
}

static bool touch(fix *f, const char *path)
{
    tensor_file *t = tensor_file_read(f->ctx, path, -1);
    volatile double sum = 0;
    for (int i = 0; t && i < t->tensors.n; i++) {
        for (int64_t k = 0; k < t->tensors.v[i].elems; k++)
            sum = sum + tensor_value(&t->tensors.v[i], k);
    }
    return t != NULL;
}

static void build_small(fix *f)
{
    static const float data[] = {1, 2, 3, 4};
    build_safetensors(f, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                         "\"b.w\":{\"dtype\":\"I16\",\"shape\":[2,2],\"data_offsets\":[8,16]},"
                         "\"__metadata__\":{\"x\":\"y\"}}", data, 16);
}

static void safetensors_survives_damage(void **state)
{
    fix *f = *state;
    build_small(f);
    void *bytes = malloc(f->b.n);
    size_t n = f->b.n;
    memcpy(bytes, f->b.p, n);
    torment(f, bytes, n, 1500, touch, false);
    fresh(f);
    starve(f, put(f, "whole", bytes, n), touch);
    free(bytes);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void safetensors_written_is_sorted_and_the_same(void **state)
{
    fix *f = *state;
    static const float w[] = {1.5F, -2, 3};
    static const int8_t c[] = {-1, 2, 3};
    int64_t three = 3, row[] = {1, 3};
    named_tensor t[] = {{"z.w", DT_F32, 1, &three, 3, w},
                        {"a\"\\\n\xc3\xa4", DT_I8, 2, row, 3, c},
                        {"empty", DT_F64, 1, (int64_t[]){0}, 0, NULL}};
    static const char *const meta[][2] = {{"source", "b"}, {"qcc", "1 \"x\""}};
    const char *path = in_dir(f, "out.bin");
    assert_true(safetensors_write(f->ctx, path, t, 3, meta, 2));
    const source *s = file_read(f->ctx, path);
    static const char head[] =
        "{\"__metadata__\":{\"qcc\":\"1 \\\"x\\\"\",\"source\":\"b\"},"
        "\"a\\\"\\\\\\u000a\xc3\xa4\":{\"dtype\":\"I8\",\"shape\":[1,3],\"data_offsets\":[0,3]},"
        "\"empty\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[3,3]},"
        "\"z.w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[3,15]}}";
    assert_memory_equal(s->text + 8, head, sizeof head - 1);
    assert_int_equal((s->len - 15) % 8, 0);
    tensor_file *back = tensor_file_read(f->ctx, path, -1);
    assert_clean(f);
    assert_memory_equal(tensor_file_find(back, "z.w")->data, w, sizeof w);
    assert_memory_equal(tensor_file_find(back, "a\"\\\n\xc3\xa4")->data, c, sizeof c);
    assert_int_equal(back->metadata.n, 2);
    named_tensor swapped[] = {t[2], t[1], t[0]};
    static const char *const other[][2] = {{"qcc", "1 \"x\""}, {"source", "b"}};
    buf b;
    buf_init(&b, f->ctx->a);
    assert_true(safetensors_format(f->ctx, &b, swapped, 3, other, 2));
    assert_int_equal(b.n, s->len);
    assert_memory_equal(b.p, s->text, b.n);
}

static void safetensors_without_tensors_reads_back(void **state)
{
    fix *f = *state;
    const char *path = in_dir(f, "none.bin");
    assert_true(safetensors_write(f->ctx, path, NULL, 0, NULL, 0));
    tensor_file *t = tensor_file_read(f->ctx, path, -1);
    assert_clean(f);
    assert_int_equal(t->tensors.n, 0);
    assert_null(tensor_file_find(t, "a"));
}

static void names_that_cannot_be_saved_are_refused(void **state)
{
    fix *f = *state;
    static const char *const names[][2] = {
        {"a", "a"}, {"a", "__metadata__"}, {"a", "\xff"}, {"\xc3", "b"}};
    int64_t one = 1;
    float v = 1;
    for (size_t i = 0; i < 4; i++) {
        fresh(f);
        named_tensor t[] = {{names[i][0], DT_F32, 1, &one, 1, &v}, {names[i][1], DT_F32, 1, &one, 1, &v}};
        const char *path = in_dir(f, "never.bin");
        assert_false(safetensors_write(f->ctx, path, t, 2, NULL, 0));
        assert_error(f, D_TENSOR_NAME, "cannot be saved");
        assert_int_equal(access(path, F_OK), -1);
    }
    fresh(f);
    static const char *const twice[][2] = {{"k", "1"}, {"k", "2"}}, *const latin[][2] = {{"k", "\xe4"}};
    assert_false(safetensors_write(f->ctx, in_dir(f, "n"), NULL, 0, twice, 2));
    assert_error(f, D_TENSOR_NAME, "appears twice");
    fresh(f);
    assert_false(safetensors_write(f->ctx, in_dir(f, "n"), NULL, 0, latin, 1));
    assert_error(f, D_TENSOR_NAME, "not UTF-8");
}

static void unwritable_outputs_are_reported(void **state)
{
    fix *f = *state;
    assert_false(safetensors_write(f->ctx, in_dir(f, "no/such/dir"), NULL, 0, NULL, 0));
    assert_error(f, D_FILE_WRITE, "cannot write");
}

/* ---- npz ---------------------------------------------------------------------------------- */

/* An archive of one entry for each pair (name, f->b at that time). */
static const char *put_zip(fix *f, const char *name, const char *entry, const void *p, size_t n,
                           bool deflated, bool encrypted)
{
    const char *path = in_dir(f, name);
    int e;
    zip_t *z = zip_open(path, ZIP_CREATE, &e);
    assert_non_null(z);
    zip_source_t *s = zip_source_buffer(z, p, n, 0);
    zip_int64_t i = zip_file_add(z, entry, s, ZIP_FL_ENC_UTF_8);
    assert_true(i >= 0);
    zip_set_file_compression(z, (zip_uint64_t)i, deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    if (encrypted)
        assert_int_equal(zip_file_set_encryption(z, (zip_uint64_t)i, ZIP_EM_TRAD_PKWARE, "pw"), 0);
    assert_int_equal(zip_close(z), 0);
    return path;
}

static const char *put_npy_zip(fix *f, bool deflated)
{
    static const int16_t data[] = {1, 2, 3, 4, 5, 6};
    build_npy(f, 1, NPY_DICT("<i2", "(2, 3)"), data, sizeof data);
    put_zip(f, "w.npz", "c1.weight.npy", f->b.p, f->b.n, deflated, false);
    static const double d = -0.5;
    build_npy(f, 2, NPY_DICT("<f8", "()"), &d, sizeof d);
    return put_zip(f, "w.npz", "a/b.npy", f->b.p, f->b.n, deflated, false);
}

static void npz_reads_stored_and_deflated(void **state)
{
    fix *f = *state;
    for (int deflated = 0; deflated < 2; deflated++) {
        tensor_file *t = tensor_file_read(f->ctx, put_npy_zip(f, deflated), -1);
        assert_clean(f);
        assert_int_equal(t->format, TF_NPZ);
        assert_int_equal(t->tensors.n, 2);
        assert_string_equal(t->tensors.v[0].name, "a/b");
        assert_int_equal(t->tensors.v[0].rank, 0);
        assert_true(tensor_value(&t->tensors.v[0], 0) == -0.5);
        assert_int_equal(t->tensors.v[1].dim[1], 3);
        assert_true(tensor_value(tensor_file_find(t, "c1.weight"), 5) == 6);
        assert_int_equal(unlink(in_dir(f, "w.npz")), 0);
    }
}

static void npz_converts_order_of_bytes_and_elements(void **state)
{
    fix *f = *state;
    /* a[i][j][k] = 100 i + 10 j + k of shape 2,3,2, first index fastest, big-endian */
    unsigned char data[24];
    for (int k = 0, at = 0; k < 2; k++)
        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 2; i++, at += 2) {
                data[at] = 0;
                data[at + 1] = (unsigned char)(100 * i + 10 * j + k);
            }
    build_npy(f, 3, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 2), }", data, 24);
    tensor_file *t = tensor_file_read(
        f->ctx, put_zip(f, "w.npz", "a.npy", f->b.p, f->b.n, true, false), -1);
    assert_clean(f);
    for (int64_t n = 0; n < 12; n++)
        assert_true(tensor_value(t->tensors.v, n) == (double)(100 * (n / 6) + 10 * (n / 2 % 3) + n % 2));
}

static void npz_refuses_what_is_not_arrays(void **state)
{
    fix *f = *state;
    static const float v[] = {1, 2};
    static const struct {
        const char *entry, *dict;
        size_t data;
        bool encrypted;
        diag_id id;
        const char *text;
    } rows[] = {
        {"a.txt", NPY_DICT("<f4", "(2,)"), 8, false, D_NPZ_ENTRY, "'a.txt': not a .npy"},
        {"archive/data.pkl", NPY_DICT("<f4", "(2,)"), 8, false, D_NPZ_ENTRY, "PyTorch checkpoint"},
        {".npy", NPY_DICT("<f4", "(2,)"), 8, false, D_NPZ_ENTRY, "'.npy': not a .npy"},
        {"a.npy", NPY_DICT("<f4", "(2,)"), 8, true, D_NPZ_ENTRY, "'a.npy': it is encrypted"},
        {"a.npy", NPY_DICT("<f4", "(2,)"), 4, false, D_NPY_SIZE, "'a.npy': 4 bytes of elements"},
        {"a.npy", NPY_DICT("<f4", "(1,)"), 8, false, D_NPY_SIZE, "'a.npy': 8 bytes of elements"},
        {"a.npy", NPY_DICT("|O", "(2,)"), 8, false, D_TENSOR_DTYPE, "'a.npy': an array of Python objects"},
        {"a.npy", NPY_DICT("<U2", "(1,)"), 8, false, D_TENSOR_DTYPE, "elements of type '<U2'"},
        {"a.npy", NPY_DICT("<c8", "(1,)"), 8, false, D_TENSOR_DTYPE, "elements of type '<c8'"},
        {"a.npy", "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, false,
         D_TENSOR_DTYPE, "records"},
        {"a.npy", NPY_DICT("<f4", "(4294967296, 4294967296)"), 8, false, D_NPY_SIZE, "too large"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        build_npy(f, 1, rows[i].dict, v, rows[i].data);
        const char *path =
            put_zip(f, "w.npz", rows[i].entry, f->b.p, f->b.n, true, rows[i].encrypted);
        assert_null(tensor_file_read(f->ctx, path, -1));
        assert_error(f, rows[i].id, rows[i].text);
        assert_int_equal(unlink(path), 0);
    }
    fresh(f);
    assert_null(tensor_file_read(f->ctx, put_zip(f, "s.npz", "a.npy", "\x93NUM", 4, false, false), -1));
    assert_error(f, D_NPY_HEADER, "too short");
    fresh(f);
    assert_null(tensor_file_read(
        f->ctx, put_zip(f, "n.npz", "a.npy", "this is no array", 16, false, false), -1));
    assert_error(f, D_NPY_HEADER, "not a .npy array");
}

/* libzip's source that yields 64 MiB of zeros after a header for two floats. */
typedef struct bomb {
    const char *head;
    size_t head_len;
    uint64_t at, size;
} bomb;

static zip_int64_t bomb_read(void *user, void *data, zip_uint64_t len, zip_source_cmd_t cmd)
{
    bomb *b = user;
    if (cmd == ZIP_SOURCE_SUPPORTS)
        return ZIP_SOURCE_SUPPORTS_READABLE;
    if (cmd == ZIP_SOURCE_STAT)
        return sizeof(zip_stat_t);
    if (cmd == ZIP_SOURCE_OPEN)
        b->at = 0;
    if (cmd != ZIP_SOURCE_READ)
        return 0;
    uint64_t n = b->size - b->at < len ? b->size - b->at : len;
    for (uint64_t i = 0; i < n; i++)
        ((char *)data)[i] = b->at + i < b->head_len ? b->head[b->at + i] : 0;
    b->at += n;
    return (zip_int64_t)n;
}

static void npz_stops_at_the_header_of_a_bomb(void **state)
{
    fix *f = *state;
    build_npy(f, 1, NPY_DICT("<f4", "(2,)"), NULL, 0);
    bomb b = {f->b.p, f->b.n, 0, 64 << 20};
    const char *path = in_dir(f, "bomb.npz");
    int e;
    zip_t *z = zip_open(path, ZIP_CREATE, &e);
    zip_int64_t i = zip_file_add(z, "a.npy", zip_source_function(z, bomb_read, &b), 0);
    zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_DEFLATE, 9);
    assert_int_equal(zip_close(z), 0);
    size_t before = arena_used(f->ctx->a);
    assert_null(tensor_file_read(f->ctx, path, -1));
    assert_error(f, D_NPY_SIZE, "67108736 bytes of elements");
    assert_true(arena_used(f->ctx->a) - before < 100000);
}

/* Sizes in the central directory that the compressed data cannot hold. */
static void npz_refuses_impossible_sizes(void **state)
{
    fix *f = *state;
    static const struct {
        uint32_t claim;
        const char *text;
    } rows[] = {{0x7fffff00, "more bytes than its compressed data can hold"},
                {0xfffffff0, "expands too far"}};
    for (size_t i = 0; i < 2; i++) {
        fresh(f);
        static const float v[] = {1, 2};
        build_npy(f, 1, NPY_DICT("<f4", "(2,)"), v, 8);
        const char *path = put_zip(f, "w.npz", "a.npy", f->b.p, f->b.n, true, false);
        const source *s = file_read(f->ctx, path);
        char *bytes = arena_memdup(f->ctx->a, s->text, s->len), *at = bytes + s->len - 4;
        while (memcmp(at, "PK\1\2", 4))
            at--;
        memcpy(at + 24, &rows[i].claim, 4);
        assert_null(tensor_file_read(f->ctx, put(f, "w.npz", bytes, s->len), -1));
        assert_error(f, D_NPZ_ENTRY, rows[i].text);
        assert_int_equal(unlink(path), 0);
    }
}

static void npz_refuses_a_wrong_checksum(void **state)
{
    fix *f = *state;
    const char *path = put_npy_zip(f, false);
    const source *s = file_read(f->ctx, path);
    char *bytes = arena_memdup(f->ctx->a, s->text, s->len), *at = bytes;
    while (memcmp(at, "\1\0\2\0\3\0\4\0", 8))
        at++;
    *at = 9;
    assert_null(tensor_file_read(f->ctx, put(f, "w.npz", bytes, s->len), -1));
    assert_error(f, D_NPZ_ENTRY, "'c1.weight.npy': ");
}

static void names_that_appear_twice_are_refused(void **state)
{
    fix *f = *state;
    build_npy(f, 1, NPY_DICT("<f4", "(0,)"), NULL, 0);
    put_zip(f, "two.npz", "x1.npy", f->b.p, f->b.n, false, false);
    put_zip(f, "two.npz", "x2.npy", f->b.p, f->b.n, false, false);
    const source *s = file_read(f->ctx, in_dir(f, "two.npz"));
    char *bytes = arena_memdup(f->ctx->a, s->text, s->len);
    for (size_t i = 0; i + 6 <= s->len; i++) {
        if (!memcmp(bytes + i, "x2.npy", 6))
            bytes[i + 1] = '1';
    }
    assert_null(tensor_file_read(f->ctx, put(f, "twice.npz", bytes, s->len), -1));
    assert_error(f, D_TENSOR_NAME, "two tensors are called 'x1'");
}

static void npz_survives_damage(void **state)
{
    fix *f = *state;
    for (int deflated = 0; deflated < 2; deflated++) {
        const char *path = put_npy_zip(f, deflated);
        const source *s = file_read(f->ctx, path);
        size_t n = s->len;
        void *bytes = malloc(n);
        memcpy(bytes, s->text, n);
        assert_int_equal(unlink(path), 0);
        torment(f, bytes, n, 800, touch, false);
        fresh(f);
        starve(f, put(f, "whole", bytes, n), touch);
        free(bytes);
    }
}

static void npz_archive_without_directory_is_refused(void **state)
{
    fix *f = *state;
    assert_null(tensor_file_read(f->ctx, put(f, "w.npz", "PK\3\4 and no more", 16), -1));
    assert_error(f, D_NPZ_ARCHIVE, "broken .npz file");
}

/* ---- raw, and telling apart ---------------------------------------------------------------- */

static void raw_floats_are_told_by_their_size(void **state)
{
    fix *f = *state;
    static const float v[] = {1, -2, 0.5F};
    tensor_file *t = tensor_file_read(f->ctx, put(f, "w.bin", v, sizeof v), 3);
    assert_clean(f);
    assert_int_equal(t->format, TF_RAW);
    assert_int_equal(t->raw_count, 3);
    assert_memory_equal(t->raw, v, sizeof v);
    assert_null(tensor_file_find(t, "a"));
}

static void anything_else_names_the_three_formats(void **state)
{
    fix *f = *state;
    static const struct {
        const char *bytes;
        size_t n;
        int64_t raw_count;
        const char *text;
    } rows[] = {
        {"", 0, 3, "safetensors, .npz, or raw float32 of exactly 12 bytes (3 parameters)"},
        {"", 0, -1, "safetensors or .npz"},
        {"abcdefgh", 8, 3, "not a weights file: 8 bytes"},
        {"abcdefgh", 8, INT64_MAX / 2 + 3, "not a weights file: 8 bytes"},
        {"\x99\0\0\0\0\0\0\0{\"a\":1}", 15, 3, "truncated?"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, 3, "truncated?"},
        {"\x93NUMPY\1\0", 8, 3, "single .npy"},
        {"PK\5\6", 4, 3, "zip archive"},
        {"\x1f\x8b\x08", 3, 3, "gzip"},
        {"\x80\x02}q", 4, 3, "pickle"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh(f);
        assert_null(tensor_file_read(f->ctx, put(f, "w", rows[i].bytes, rows[i].n), rows[i].raw_count));
        assert_error(f, D_WEIGHTS_FORMAT, rows[i].text);
    }
}

static void missing_files_and_folders_are_reported(void **state)
{
    fix *f = *state;
    assert_null(tensor_file_read(f->ctx, in_dir(f, "missing.bin"), 3));
    assert_error(f, D_FILE_OPEN, "missing.bin: error: cannot open");
    fresh(f);
    assert_null(tensor_file_read(f->ctx, f->dir, 3));
    assert_error(f, D_FILE_OPEN, "cannot open");
}

/* ---- files that numpy and torch wrote ------------------------------------------------------- */

static tensor_file *fixture(fix *f, const char *name, int64_t raw_count)
{
    const char *top = getenv("top_srcdir");
    tensor_file *t = tensor_file_read(
        f->ctx, arena_printf(f->ctx->a, "%s/tests/torch/%s", top ? top : ".", name), raw_count);
    assert_clean(f);
    return t;
}

static void one_net_is_the_same_in_every_format(void **state)
{
    fix *f = *state;
    tensor_file *want = fixture(f, "formats.safetensors", -1);
    static const char *const names[] = {"formats_f16.safetensors", "formats_bf16.safetensors",
                                        "formats_f64.safetensors", "formats.npz",
                                        "formats_deflated.npz"};
    int64_t floats = 0;
    for (int k = 0; k < want->tensors.n; k++)
        floats += want->tensors.v[k].dtype == DT_F32 ? want->tensors.v[k].elems : 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tensor_file *t = fixture(f, names[i], -1);
        assert_int_equal(t->tensors.n, want->tensors.n);
        for (int k = 0; k < t->tensors.n; k++) {
            const named_tensor *a = &want->tensors.v[k], *b = &t->tensors.v[k];
            assert_string_equal(a->name, b->name);
            assert_int_equal(a->rank, b->rank);
            for (int d = 0; d < a->rank; d++)
                assert_int_equal(a->dim[d], b->dim[d]);
            for (int64_t e = 0; e < a->elems; e++)
                assert_true(tensor_value(a, e) == tensor_value(b, e));
        }
    }
    tensor_file *raw = fixture(f, "formats.bin", floats);
    assert_int_equal(raw->format, TF_RAW);
    const named_tensor *first = tensor_file_find(want, "c1.weight");
    assert_memory_equal(raw->raw, first->data, (size_t)first->elems * 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(safetensors_reads_every_type),
        cmocka_unit_test(half_floats_reach_their_limits),
        T(safetensors_refuses_broken_headers),
        T(safetensors_refuses_huge_headers),
        T(safetensors_survives_damage),
        T(safetensors_written_is_sorted_and_the_same),
        T(safetensors_without_tensors_reads_back),
        T(names_that_cannot_be_saved_are_refused),
        T(unwritable_outputs_are_reported),
        T(npz_reads_stored_and_deflated),
        T(npz_converts_order_of_bytes_and_elements),
        T(npz_refuses_what_is_not_arrays),
        T(npz_stops_at_the_header_of_a_bomb),
        T(npz_refuses_impossible_sizes),
        T(npz_refuses_a_wrong_checksum),
        T(names_that_appear_twice_are_refused),
        T(npz_survives_damage),
        T(npz_archive_without_directory_is_refused),
        T(raw_floats_are_told_by_their_size),
        T(anything_else_names_the_three_formats),
        T(missing_files_and_folders_are_reported),
        T(one_net_is_the_same_in_every_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
