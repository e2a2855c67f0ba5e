/* vary.c - rows that vary from epoch to epoch, and mixup of rows and targets. */
#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/train/rows.h"

static int64_t scratch_floats(int64_t elems, int batch)
{
    return (int64_t)((batch + TRAIN_SHARD - 1) / TRAIN_SHARD) * 2 * elems;
}

row_variants *rows_variants(qctx *ctx, const augmenter *a, const ir_tensor *port, uint64_t seed,
                            int batch)
{
    row_variants *v = ARENA_NEW(ctx->a, row_variants);
    int64_t elems = ir_elems(&port->shape);
    *v = (row_variants){.a = a,
                        .seed = seed,
                        .elems = elems,
                        .scratch = ARENA_ARRAY(ctx->a, float, scratch_floats(elems, batch))};
    return v;
}

int64_t rows_variants_bytes(const row_variants *v, int batch)
{
    return v ? scratch_floats(v->elems, batch) * (int64_t)sizeof(float) : 0;
}

static aug_key key_of(const row_variants *v, int32_t row)
{
    return (aug_key){v->seed, v->epoch, (uint64_t)row};
}

double rows_share(const train_rows *r, int32_t row, int32_t *partner)
{
    int64_t place;
    *partner = row;
    if (!r->vary)
        return 1;
    double share = aug_partner(r->vary->a, key_of(r->vary, row), r->n, &place);
    if (share < 1)
        *partner = r->which[place];
    return share;
}

void rows_vary(const train_rows *r, int shard, int32_t row, float *x)
{
    const row_variants *v = r->vary;
    float *in = v->scratch + (int64_t)shard * 2 * v->elems, *other = in + v->elems;
    int32_t partner;
    double share = rows_share(r, row, &partner);
    port_row_real(r->ports, row, in);
    aug_row(v->a, key_of(v, row), in, x);
    if (share == 1)
        return;
    port_row_real(r->ports, partner, in);
    aug_row(v->a, key_of(v, partner), in, other);
    for (int64_t i = 0; i < v->elems; i++)
        x[i] = (float)(share * (double)x[i] + (1 - share) * (double)other[i]);
}

void rows_round(const ir_quant *q, float *x, int64_t n)
{
    int32_t zero = q->zero ? q->zero[0] : 0;
    int32_t lo = -((int32_t)1 << (q->bits - 1)), hi = -lo - 1;
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)quant_value(q, 0, port_quantize(x[i], q->scale[0], zero, lo, hi));
}
