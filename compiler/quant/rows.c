/* rows.c - the calibration rows as the float net sees them: data, or noise where there is none. */
#include "compiler/quant/rows.h"

#include "compiler/quant/grid.h"

enum { NOISE_ROWS = 64 };

/* The reals that an input may take without data: what it declares, else [-1, 1]. */
static void input_range(const ir_tensor *t, double *lo, double *hi)
{
    *lo = -1;
    *hi = 1;
    if (t->declared && t->quant) {
        int32_t first, last;
        quant_code_range(t->quant, &first, &last);
        *lo = quant_value(t->quant, 0, first);
        *hi = quant_value(t->quant, 0, last);
    } else if (t->real_lo < t->real_hi) {
        *lo = t->real_lo;
        *hi = t->real_hi;
    }
}

/* What reaches the net behind a declared port: the value of the nearest code. */
static void through_port(const ir_tensor *t, float *v, int64_t n)
{
    const ir_quant *q = t->quant;
    int32_t lo, hi;
    quant_code_range(q, &lo, &hi);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)quant_value(q, 0, port_quantize(v[i], q->scale[0], q->zero[0], lo, hi));
}

void rows_read(calib_rows *r, int port, int64_t row, float *v)
{
    const ir_tensor *t = r->g->inputs.v[port];
    int64_t n = ir_elems(&t->shape);
    if (r->ports) {
        port_row_real(&r->ports[port], row, v);
    } else {
        double lo, hi;
        input_range(t, &lo, &hi);
        for (int64_t i = 0; i < n; i++)
            v[i] = (float)(lo + (hi - lo) * rng_double(&r->noise));
    }
    if (t->declared && t->quant)
        through_port(t, v, n);
}

void rows_restart(calib_rows *r)
{
    rng_seed(&r->noise, r->ctx->seed);
}

static int64_t count_rows(qctx *ctx, const ir_graph *g, const port_map *ports)
{
    if (!ports) {
        diag_add(ctx, D_CALIBRATION_NONE, loc_none(),
                 "no calibration data: ranges come from noise over the inputs' declared range");
        diag_hint(ctx, "give some hundred typical inputs with --calibrate FILE");
        return NOISE_ROWS;
    }
    for (int p = 0; p < g->inputs.n; p++)
        if (ports[p].rows < 1 || ports[p].rows != ports[0].rows) {
            diag_add(ctx, D_CALIBRATION_ROWS, loc_none(),
                     "input '%s' has %lld calibration rows, '%s' has %lld", g->inputs.v[p]->name,
                     (long long)ports[p].rows, g->inputs.v[0]->name, (long long)ports[0].rows);
            return -1;
        }
    return g->inputs.n ? ports[0].rows : 0;
}

bool rows_open(qctx *ctx, const ir_graph *g, const port_map *ports, calib_rows *r)
{
    *r = (calib_rows){.ctx = ctx, .g = g, .ports = ports, .n = count_rows(ctx, g, ports)};
    rows_restart(r);
    return r->n >= 0;
}
