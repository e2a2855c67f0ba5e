/* npz.c - .npz: a zip archive of .npy arrays, stored or deflated, read through libzip. */
#include <string.h>
#include <zip.h>

#include "compiler/io/internal.h"

/* Deflate expands at most 1032 times; an entry that claims more lies. */
enum { MOST_EXPANSION = 1032 };

/* What libzip holds for us. Deferred before it is filled. */
typedef struct archive {
    qctx *ctx;
    const source *src;
    zip_t *zip;
    zip_file_t *entry;
    zip_error_t error; /* of opening */
    uint64_t total; /* expanded bytes so far */
} archive;

static void close_entry(archive *z)
{
    if (z->entry)
        zip_fclose(z->entry);
    z->entry = NULL;
}

static void close_archive(void *p)
{
    archive *z = p;
    close_entry(z);
    if (z->zip)
        zip_discard(z->zip);
    z->zip = NULL;
    zip_error_fini(&z->error);
}

bool is_zip(const source *src)
{
    return src->len >= 4 && !memcmp(src->text, "PK\3\4", 4);
}

static bool archive_error(archive *z, const char *what)
{
    diag_add(z->ctx, D_NPZ_ARCHIVE, loc_file(z->src), "broken .npz file: %s", what);
    diag_expected(z->ctx, "a complete zip archive of .npy arrays");
    return false;
}

static bool entry_error(archive *z, const char *name, const io_error *e)
{
    diag_add(z->ctx, e->id, loc_file(z->src), "entry '%s': %s", shown_name(z->ctx->a, name), e->what);
    if (e->expected)
        diag_expected(z->ctx, "%s", e->expected);
    return false;
}

static bool open_archive(archive *z)
{
    zip_error_init(&z->error);
    zip_source_t *s = zip_source_buffer_create(z->src->text, z->src->len, 0, &z->error);
    if (s) {
        z->zip = zip_open_from_source(s, ZIP_RDONLY, &z->error);
        if (!z->zip)
            zip_source_free(s);
    }
    return z->zip || archive_error(z, zip_error_strerror(&z->error));
}

/* The name without .npy, or NULL. */
static const char *array_name(arena *a, const char *entry)
{
    size_t n = strlen(entry);
    return n > 4 && !strcmp(entry + n - 4, ".npy") ? arena_strndup(a, entry, n - 4) : NULL;
}

static bool check_entry(archive *z, const zip_stat_t *st)
{
    static const zip_uint64_t wanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    io_error e = {D_NPZ_ENTRY, NULL, NULL};
    if ((st->valid & wanted) != wanted)
        e.what = "its size is not known";
    else if (st->encryption_method != ZIP_EM_NONE)
        e = (io_error){D_NPZ_ENTRY, "it is encrypted", "an archive without a password"};
    else if (st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE)
        e = (io_error){D_NPZ_ENTRY, "it is compressed by an unusual method", "stored or deflated"};
    else if (st->size > IO_MAX_BYTES - z->total)
        e = (io_error){D_NPZ_ENTRY, "the archive expands too far", "at most 2 GiB in all"};
    else if (st->size / MOST_EXPANSION > st->comp_size)
        e = (io_error){D_NPZ_ENTRY, "it claims more bytes than its compressed data can hold", NULL};
    return !e.what || entry_error(z, st->name, &e);
}

/* Exactly n bytes of the open entry. */
static bool take(archive *z, const char *name, void *p, size_t n)
{
    size_t got = 0;
    while (got < n) {
        zip_int64_t r = zip_fread(z->entry, (char *)p + got, n - got);
        if (r <= 0) {
            io_error e = {D_NPZ_ENTRY, "it is truncated or corrupt",
                          arena_printf(z->ctx->a, "%zu bytes more", n - got)};
            return entry_error(z, name, &e);
        }
        got += (size_t)r;
    }
    return true;
}

/* Reading to the end makes libzip compare sizes and checksum. */
static bool at_end(archive *z, const char *name)
{
    char more;
    io_error e = {D_NPZ_ENTRY, "its size or checksum is wrong", NULL};
    return zip_fread(z->entry, &more, 1) == 0 || entry_error(z, name, &e);
}

static bool read_header(archive *z, const zip_stat_t *st, npy_header *h)
{
    arena *a = z->ctx->a;
    unsigned char prefix[NPY_PREFIX];
    io_error e;
    if (st->size < NPY_PREFIX) {
        e = (io_error){D_NPY_HEADER, "too short for a .npy array", NULL};
        return entry_error(z, st->name, &e);
    }
    if (!take(z, st->name, prefix, sizeof prefix))
        return false;
    size_t offset = npy_data_offset(a, prefix, sizeof prefix, &e);
    if (!offset)
        return entry_error(z, st->name, &e);
    if (offset < NPY_PREFIX || offset > st->size) {
        e = (io_error){D_NPY_HEADER, "truncated inside the .npy header", NULL};
        return entry_error(z, st->name, &e);
    }
    unsigned char *head = arena_alloc(a, offset);
    memcpy(head, prefix, sizeof prefix);
    if (!take(z, st->name, head + sizeof prefix, offset - sizeof prefix))
        return false;
    if (!npy_parse(a, head, offset, h, &e))
        return entry_error(z, st->name, &e);
    if (h->bytes == st->size - offset)
        return true;
    e = (io_error){D_NPY_SIZE,
                   arena_printf(a, "%llu bytes of elements", (unsigned long long)(st->size - offset)),
                   arena_printf(a, "%zu bytes for %s elements of shape %s", h->bytes,
                                dtype_name(h->dtype), dims_str(a, h->rank, h->dim))};
    return entry_error(z, st->name, &e);
}

static bool read_array(archive *z, const zip_stat_t *st, named_tensor *t)
{
    npy_header h;
    if (!read_header(z, st, &h))
        return false;
    void *raw = arena_alloc(z->ctx->a, h.bytes);
    if (!take(z, st->name, raw, h.bytes) || !at_end(z, st->name))
        return false;
    t->dtype = h.dtype;
    t->rank = h.rank;
    t->dim = arena_memdup(z->ctx->a, h.dim, sizeof *h.dim * (size_t)h.rank);
    t->elems = h.elems;
    t->data = npy_elements(z->ctx->a, &h, raw);
    return true;
}

static bool read_entry(archive *z, zip_uint64_t index, tensor_file *f)
{
    arena *a = z->ctx->a;
    zip_stat_t st;
    zip_stat_init(&st);
    if (zip_stat_index(z->zip, index, ZIP_FL_ENC_RAW, &st) != 0 || !st.name)
        return archive_error(z, "an entry cannot be read");
    named_tensor t = {.name = array_name(a, st.name)};
    if (!t.name) {
        entry_error(z, st.name, &(io_error){D_NPZ_ENTRY, "not a .npy array",
                                            "only entries called NAME.npy, as numpy.savez writes"});
        if (strstr(st.name, "data.pkl"))
            diag_hint(z->ctx, "this looks like a PyTorch checkpoint; save its state_dict with "
                              "safetensors.torch.save_file");
        return false;
    }
    if (!check_entry(z, &st))
        return false;
    z->total += st.size;
    z->entry = zip_fopen_index(z->zip, index, 0);
    if (!z->entry)
        return entry_error(z, st.name,
                           &(io_error){D_NPZ_ENTRY, arena_strdup(a, zip_strerror(z->zip)), NULL});
    bool ok = read_array(z, &st, &t);
    close_entry(z);
    if (ok)
        *VEC_PUSH(a, &f->tensors) = t;
    return ok;
}

bool npz_read(qctx *ctx, const source *src, tensor_file *f)
{
    archive *z = ARENA_NEW(ctx->a, archive);
    z->ctx = ctx;
    z->src = src;
    arena_defer(ctx->a, close_archive, z);
    f->format = TF_NPZ;
    bool ok = open_archive(z);
    zip_int64_t n = ok ? zip_get_num_entries(z->zip, 0) : 0;
    for (zip_int64_t i = 0; ok && i < n; i++)
        ok = read_entry(z, (zip_uint64_t)i, f);
    close_archive(z);
    return ok && tensors_sort(ctx, f);
}
