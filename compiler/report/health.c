/* health.c - what the calibration rows are worth: coverage, drift between halves, clipping, growth.
 */
#include <math.h>
#include <string.h>

#include "compiler/base/sha256.h"
#include "compiler/quant/grid.h"
#include "compiler/quant/rows.h"
#include "compiler/report/errors.h"
#include "runtime/interp.h"

enum { PARTS = 256 };

typedef struct watch {
    double lo[3], hi[3]; /* first half of the rows, second half, the first three quarters */
    bool seen[3];
    int64_t values, outside;
    double sum[2], square[2]; /* of the rows' means, by half */
    bool part[PARTS];
} watch;

typedef struct checker {
    const net *n;
    int64_t row, rows;
    watch *w; /* by tensor */
} checker;

static void widen(watch *w, int which, double lo, double hi)
{
    w->lo[which] = w->seen[which] ? fmin(w->lo[which], lo) : lo;
    w->hi[which] = w->seen[which] ? fmax(w->hi[which], hi) : hi;
    w->seen[which] = true;
}

static void look(checker *c, const ir_tensor *t, const float *v)
{
    watch *w = &c->w[t->id];
    const ir_quant *q = c->n->quantized->tensors.v[t->id]->quant;
    int32_t first, last;
    quant_code_range(q, &first, &last);
    double half = (double)q->scale[0] / 2, begin = quant_value(q, 0, first) - half,
           end = quant_value(q, 0, last) + half, lo = (double)v[0], hi = lo, mean = 0;
    for (int64_t i = 0; i < ir_elems(&t->shape); i++) {
        double x = (double)v[i], at = (x - begin) / (end - begin) * PARTS;
        lo = fmin(lo, x);
        hi = fmax(hi, x);
        mean += x / (double)ir_elems(&t->shape);
        w->outside += x < begin || x > end;
        w->values++;
        w->part[at < 0 ? 0 : at >= PARTS ? PARTS - 1 : (int)at] = true;
    }
    int part = c->row * 2 < c->rows ? 0 : 1;
    widen(w, part, lo, hi);
    w->sum[part] += mean;
    w->square[part] += mean * mean;
    if (c->row * 4 < c->rows * 3)
        widen(w, 2, lo, hi);
}

static void look_at_output(void *user, const ir_op *op, const ir_tensor *out, const void *data)
{
    (void)op;
    look(user, out, data);
}

/* Welch's statistic of the rows' means, first half against second; 0 where it cannot be taken. */
static double mean_shift(const watch *w, int64_t rows)
{
    double n[2] = {(double)((rows + 1) / 2), (double)(rows / 2)}, mean[2], spread = 0;
    if (rows < 4)
        return 0;
    for (int i = 0; i < 2; i++) {
        mean[i] = w->sum[i] / n[i];
        spread += fmax(w->square[i] / n[i] - mean[i] * mean[i], 0) / (n[i] - 1);
    }
    return spread > 0 ? fabs(mean[0] - mean[1]) / sqrt(spread) : 0;
}

static layer_health judge(const ir_tensor *t, const watch *w, int64_t rows)
{
    layer_health h = {.t = t,
                      .lo = fmin(w->lo[0], w->seen[1] ? w->lo[1] : w->lo[0]),
                      .hi = fmax(w->hi[0], w->seen[1] ? w->hi[1] : w->hi[0])};
    double range = h.hi - h.lo;
    for (int i = 0; i < PARTS; i++)
        h.covered += w->part[i] ? 1.0 / PARTS : 0;
    h.clipped = (double)w->outside / (double)w->values;
    if (w->seen[1] && range > 0)
        h.drift = fmax(fabs(w->lo[0] - w->lo[1]), fabs(w->hi[0] - w->hi[1])) / range;
    if (w->seen[2] && range > 0)
        h.growth = (range - (w->hi[2] - w->lo[2])) / range;
    h.shift = mean_shift(w, rows);
    h.constant = !(range > 0);
    return h;
}

static bool was_before(qctx *ctx, char (**hashes)[65], int64_t row, const float *v, int64_t n)
{
    sha256 s;
    sha256_init(&s);
    sha256_update(&s, v, (size_t)n * sizeof *v);
    sha256_hex(&s, (*hashes)[row]);
    (void)ctx;
    for (int64_t i = 0; i < row; i++)
        if (!strcmp((*hashes)[i], (*hashes)[row]))
            return true;
    return false;
}

bool check_health(qctx *ctx, const net *n, const port_map *ports, health *h)
{
    const ir_graph *g = n->prepared;
    calib_rows rows;
    int diags = ctx->diags.n, warnings = ctx->warnings;
    if (!rows_open(ctx, g, ports, &rows))
        return false;
    ctx->diags.n = diags; /* missing data was said when it was calibrated */
    ctx->warnings = warnings;
    checker c = {.n = n, .rows = rows.n, .w = ARENA_ARRAY(ctx->a, watch, g->tensors.n)};
    interp *it = interp_new(ctx, g);
    float **in = ARENA_ARRAY(ctx->a, float *, g->inputs.n);
    void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
    char(*hashes)[65] = arena_calloc(ctx->a, (size_t)rows.n + 1, sizeof *hashes);
    *h = (health){.rows = rows.n, .v = ARENA_ARRAY(ctx->a, layer_health, g->tensors.n)};
    for (int p = 0; p < g->inputs.n; p++)
        in[p] = ARENA_ARRAY(ctx->a, float, ir_elems(&g->inputs.v[p]->shape));
    for (int k = 0; k < g->outputs.n; k++)
        out[k] = ARENA_ARRAY(ctx->a, float, ir_elems(&g->outputs.v[k]->shape));
    interp_set_hook(it, look_at_output, &c);
    for (c.row = 0; c.row < rows.n; c.row++) {
        for (int p = 0; p < g->inputs.n; p++) {
            rows_read(&rows, p, c.row, in[p]);
            look(&c, g->inputs.v[p], in[p]);
        }
        h->repeated += g->inputs.n == 1 &&
                       was_before(ctx, &hashes, c.row, in[0], ir_elems(&g->inputs.v[0]->shape));
        interp_run(it, (const void *const *)in, out);
    }
    for (int i = 0; i < g->tensors.n; i++)
        if (c.w[i].values)
            h->v[h->n++] = judge(g->tensors.v[i], &c.w[i], rows.n);
    return true;
}
