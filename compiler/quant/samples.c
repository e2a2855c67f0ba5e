/* samples.c - places of a layer's output, kept one by one. */
#include "compiler/quant/samples.h"

#include <math.h>

/* Places of a half, and doubles that the inputs of a half may take. */
enum { MOST_PLACES = 4096, MOST_DOUBLES = 1 << 22 };

static void make_room(qctx *ctx, double **v, int n, int64_t *room, int64_t want)
{
    if (want <= *room)
        return;
    *room = want;
    for (int i = 0; i < n; i++)
        v[i] = arena_alloc(ctx->a, (size_t)want * sizeof **v);
}

void samples_start(qctx *ctx, samples *s, const ir_op *op, int64_t rows)
{
    s->k = moments_inputs(op);
    s->groups = moments_groups(op);
    s->act = op->at.act;
    int64_t all = (rows + 1) / 2 * moments_places(op);
    s->per = ir_weight(op)->shape.dim[0] / s->groups;
    s->most = MOST_DOUBLES / ((int64_t)s->k * s->groups);
    s->most = s->most > MOST_PLACES ? MOST_PLACES : s->most < 1 ? 1 : s->most;
    s->most = s->most > all ? all : s->most;
    for (int h = 0; h < MOMENTS_HALVES; h++)
        s->n[h] = 0;
    make_room(ctx, &s->z, 1, &s->room_z, s->k);
    make_room(ctx, s->x, MOMENTS_HALVES, &s->room_x, s->groups * s->most * s->k);
    make_room(ctx, s->y, MOMENTS_HALVES, &s->room_y, s->groups * s->most * s->per);
}

double samples_act(const samples *s, double v)
{
    if (s->act == IR_ACT_NONE)
        return v;
    return v < 0 ? 0 : s->act == IR_ACT_RELU6 && v > 6 ? 6 : v;
}

static void add_place(samples *s, const ir_op *op, int half, int64_t place, const float *x,
                      const float *xq)
{
    const float *w = ir_weight(op)->data, *b = ir_bias(op) ? ir_bias(op)->data : NULL;
    for (int g = 0; g < s->groups; g++) {
        int64_t at = g * s->most + s->n[half];
        double *y = s->y[half] + at * s->per;
        moments_gather(op, s->k, place, g, x, s->z);
        moments_gather(op, s->k, place, g, xq, s->x[half] + at * s->k);
        for (int c = 0; c < s->per; c++) {
            int channel = g * s->per + c;
            double sum = b ? (double)b[channel] : 0;
            for (int i = 0; i < s->k; i++)
                sum += (double)w[(int64_t)channel * s->k + i] * s->z[i];
            y[c] = samples_act(s, sum);
        }
    }
    s->n[half]++;
}

void samples_add(samples *s, const ir_op *op, int64_t row, int64_t rows, const float *x,
                 const float *xq)
{
    int half = row % 2 ? MOMENTS_JUDGE : MOMENTS_FIT;
    int64_t mine = rows / 2 + (half == MOMENTS_FIT ? rows % 2 : 0), places = moments_places(op);
    /* place j of the half is taken where it begins a new one of `most` equal parts */
    for (int64_t p = 0; p < places; p++) {
        int64_t j = row / 2 * places + p;
        if (s->n[half] < s->most && j * s->most / (mine * places) >= s->n[half])
            add_place(s, op, half, p, x, xq);
    }
}

double samples_error(const samples *s, int half, int c, const double *w, double bias)
{
    const double *x = s->x[half] + (int64_t)(c / s->per) * s->most * s->k;
    const double *y = s->y[half] + (int64_t)(c / s->per) * s->most * s->per + c % s->per;
    double error = 0;
    for (int64_t n = 0; n < s->n[half]; n++) {
        double sum = bias;
        for (int i = 0; i < s->k; i++)
            sum += w[i] * x[n * s->k + i];
        double d = samples_act(s, sum) - y[n * s->per];
        error += d * d;
    }
    return error / (double)(s->n[half] ? s->n[half] : 1);
}

double samples_signal(const samples *s, int half, int c)
{
    const double *y = s->y[half] + (int64_t)(c / s->per) * s->most * s->per + c % s->per;
    double sum = 0, square = 0, n = (double)(s->n[half] ? s->n[half] : 1);
    for (int64_t i = 0; i < s->n[half]; i++) {
        sum += y[i * s->per];
        square += y[i * s->per] * y[i * s->per];
    }
    return fmax(square / n - sum / n * (sum / n), 0);
}
