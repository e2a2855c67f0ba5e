/* rows.c - rows of data into an engine. */
#include "compiler/train/rows.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/rng.h"
#include "compiler/quant/grid.h"

train_rows rows_all(qctx *ctx, const port_map *ports, int n_ports, const int32_t *labels)
{
    train_rows r = {.ports = ports, .n_ports = n_ports, .labels = labels, .n = ports->rows};
    int32_t *which = ARENA_ARRAY(ctx->a, int32_t, r.n);
    for (int64_t i = 0; i < r.n; i++)
        which[i] = (int32_t)i;
    r.which = which;
    return r;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int32_t *shuffled(qctx *ctx, const train_rows *r, uint64_t seed)
{
    rng random;
    rng_seed(&random, seed);
    int *order = ARENA_ARRAY(ctx->a, int, r->n);
    int32_t *which = ARENA_ARRAY(ctx->a, int32_t, r->n);
    rng_shuffle(&random, order, (int)r->n);
    for (int64_t i = 0; i < r->n; i++)
        which[i] = r->which[order[i]];
    return which;
}

void rows_split(qctx *ctx, train_rows *train, train_rows *select, uint64_t seed)
{
    int32_t *which = shuffled(ctx, train, seed);
    int64_t tenth = train->n / 10 > 0 ? train->n / 10 : 1;
    qsort(which, (size_t)tenth, sizeof *which, by_number);
    qsort(which + tenth, (size_t)(train->n - tenth), sizeof *which, by_number);
    *select = *train;
    select->which = which;
    select->n = tenth;
    train->which = which + tenth;
    train->n -= tenth;
}

void rows_take(qctx *ctx, train_rows *r, int64_t count, uint64_t seed)
{
    if (count >= r->n)
        return;
    int32_t *which = shuffled(ctx, r, seed);
    qsort(which, (size_t)count, sizeof *which, by_number);
    r->which = which;
    r->n = count;
}

int32_t rows_number(const train_rows *r, const int32_t *order, int64_t i)
{
    return r->which[order ? order[i] : i];
}

typedef struct loading {
    const train_rows *r;
    tengine *e;
    const int32_t *order;
    int64_t at;
} loading;

static void through_codes(const port_map *p, int64_t row, float *x)
{
    int64_t n = ir_elems(&p->port->shape);
    bool wide = p->port->quant->bits > 8;
    int8_t *codes = (int8_t *)x; /* narrower than floats: read from the end */
    port_row_codes(p, row, codes);
    for (int64_t i = n - 1; i >= 0; i--) {
        int16_t code = codes[i];
        if (wide)
            memcpy(&code, codes + 2 * i, sizeof code);
        x[i] = (float)quant_value(p->port->quant, 0, code);
    }
}

static void load_shard(void *user, int shard, int first, int rows)
{
    const loading *l = user;
    for (int k = 0; k < l->r->n_ports; k++) {
        const port_map *p = &l->r->ports[k];
        int64_t n = ir_elems(&p->port->shape);
        for (int i = first; i < first + rows; i++) {
            float *x = tengine_input(l->e, k) + i * n;
            int32_t row = rows_number(l->r, l->order, l->at + i);
            if (l->r->vary) {
                rows_vary(l->r, shard, row, x);
                if (l->r->through_codes)
                    rows_round(p->port->quant, x, n);
            } else if (l->r->through_codes)
                through_codes(p, row, x);
            else
                port_row_real(p, row, x);
        }
    }
}

void rows_load(const train_rows *r, tengine *e, const int32_t *order, int64_t at, int n)
{
    tengine_each_shard(e, n, load_shard, &(loading){r, e, order, at});
}
