/* eval_data.c - the rows and labels of `qcc eval`. */
#include <stdlib.h>
#include <string.h>

#include "compiler/cli/eval.h"

/* The port of the first quantized net: codes in the data mean its codes. */
static bool map_data(qctx *ctx, cli *c, eval *e, dataset **data)
{
    if (e->f.g->inputs.n != 1) {
        diag_add(ctx, D_DATA_PORTS, loc_none(), "eval reads one data file; the model has %d inputs",
                 e->f.g->inputs.n);
        return false;
    }
    *data = dataset_read(ctx, c->data, c->labels == NULL);
    if (!*data)
        return false;
    (*data)->codes = (*data)->codes || (c->net.codes && (*data)->format == DF_CSV);
    const char *layout = c->net.layout ? c->net.layout : e->f.g->layout;
    for (int i = 0; i < e->n_runs; i++)
        if (!port_map_make(ctx, e->runs[i].q.g->inputs.v[0], *data, layout, &e->runs[i].port))
            return false;
    e->rows = e->runs[0].port.rows;
    return true;
}

/* A label is the number of an output's element as the host has them; with channels first that is another
 * than the C's. */
static void labels_from_host(qctx *ctx, const cli *c, eval *e)
{
    const ir_shape *s = &e->f.g->outputs.v[0]->shape;
    const char *layout = c->net.layout ? c->net.layout : e->f.g->layout;
    if (!e->labels || strcmp(layout, "nchw") != 0 || s->rank < 2)
        return;
    int32_t *of_host = ARENA_ARRAY(ctx->a, int32_t, e->classes);
    int32_t *labels = ARENA_ARRAY(ctx->a, int32_t, e->rows);
    for (int32_t i = 0; i < e->classes; i++)
        of_host[port_host_index(s, true, i)] = i;
    for (int64_t row = 0; row < e->rows; row++)
        labels[row] = of_host[e->labels[row]];
    e->labels = labels;
}

static bool read_labels(qctx *ctx, cli *c, eval *e, const dataset *data)
{
    if (c->labels) {
        int32_t *labels;
        if (!labels_read(ctx, c->labels, e->classes, e->rows, &labels))
            return false;
        e->labels = labels;
    } else if (data->labels) {
        e->labels = data->labels;
        return dataset_labels_check(ctx, data, e->classes);
    }
    return true;
}

static uint64_t row_hash(const dataset *d, int64_t row)
{
    size_t bytes = (size_t)d->row_elems * dtype_size(d->dtype);
    const unsigned char *p = (const unsigned char *)d->data + (size_t)row * bytes;
    uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * 0x100000001b3U;
    return h;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void cli_warn_shared_rows(qctx *ctx, const dataset *a, const char *role_a, const dataset *b,
                          const char *role_b)
{
    if (a->dtype != b->dtype || a->row_elems != b->row_elems)
        return;
    uint64_t *seen = ARENA_ARRAY(ctx->a, uint64_t, a->rows);
    for (int64_t i = 0; i < a->rows; i++)
        seen[i] = row_hash(a, i);
    qsort(seen, (size_t)a->rows, sizeof *seen, by_value);
    int64_t shared = 0;
    for (int64_t i = 0; i < b->rows; i++) {
        uint64_t h = row_hash(b, i);
        shared += bsearch(&h, seen, (size_t)a->rows, sizeof *seen, by_value) != NULL;
    }
    if (shared)
        diag_add(ctx, D_DATA_ROLES, loc_none(), "%lld of the %lld rows of %s also stand in %s",
                 (long long)shared, (long long)b->rows, role_b, role_a);
}

/* A figure on rows that calibrate is no held-out figure. */
static void warn_shared_rows(qctx *ctx, const cli *c, const dataset *data)
{
    const dataset *cal = c->net.calibrate ? dataset_read(ctx, c->net.calibrate, false) : NULL;
    if (cal)
        cli_warn_shared_rows(ctx, cal, "--calibrate", data, "--data");
}

bool eval_data(qctx *ctx, cli *c, eval *e)
{
    dataset *data;
    if (!map_data(ctx, c, e, &data) || !read_labels(ctx, c, e, data))
        return false;
    labels_from_host(ctx, c, e);
    warn_shared_rows(ctx, c, data);
    return true;
}
