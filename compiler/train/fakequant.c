/* fakequant.c - the arithmetic of fake quantization (qat.h).
 *
 * With t = x/s, code = clamp(⌊t + ½⌋ + z) and y = s·(code − z):
 *   dy/dx = 1 inside, 0 where clipped;
 *   s·dy/ds = y − x inside, y where clipped;
 *   dy/dz = 0 inside, −s where clipped.
 * Weights: v = s·L(code); dv/dw and s·dv/ds alike; a codebook's entry i takes s·Σ dv over its
 * weights. Biases lie on the grid s_in·s_w and pass their gradient on. */
#include <math.h>

#include "compiler/quant/grid.h"
#include "compiler/train/fakequant.h"
#include "compiler/train/internal.h"

/* How many codes a zero point moves where its parameter moves by 1: with the learning rates of
 * weights it takes a hundred steps or so for one. */
#define ZERO_UNIT 16.0

static float clampf(float v, float lo, float hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void qat_begin_step(qat *q, const float *theta)
{
    for (int i = 0; i < q->acts.n; i++) {
        qact *a = q->acts.v[i];
        if (a->at < 0)
            continue;
        a->scale = (float)((double)a->start * exp((double)theta[a->at]));
        double zero = a->zero_start + ZERO_UNIT * (a->zero_at < 0 ? 0 : (double)theta[a->zero_at]);
        a->zero = clampf((float)round(zero), a->lo, a->hi);
    }
    for (int i = 0; i < q->weights.n; i++) {
        qweight *w = q->weights.v[i];
        for (int k = 0; k < w->now.n; k++)
            w->scale[k] = (float)((double)w->start[k] * exp((double)theta[w->at + k]));
        for (int k = 0; k < w->n_table; k++) {
            double v = w->table_start[k] + w->table_unit * (double)theta[w->table_at + k];
            double limit = w->now.table_type == IR_I8 ? 127 : 32767;
            w->table[k] = (int16_t)fmin(fmax(round(v), -limit), limit);
        }
    }
}

/* ---- activations --------------------------------------------------------------------------- */

TRAIN_CLONES
void qat_forward(const qact *q, int64_t n, const float *x, float *y)
{
    float inv = 1 / q->scale, lo = q->lo - q->zero, hi = q->hi - q->zero, s = q->scale;
    for (int64_t i = 0; i < n; i++) {
        float code = floorf(x[i] * inv + 0.5f);
        code = code < lo ? lo : code;
        code = code > hi ? hi : code;
        y[i] = s * code;
    }
}

TRAIN_CLONES
void qat_backward(const qact *q, int64_t n, const float *x, const float *dy, float *dx,
                  float *dtheta)
{
    float inv = 1 / q->scale, lo = q->lo - q->zero, hi = q->hi - q->zero, s = q->scale;
    double step = 0, zero = 0;
    for (int64_t i = 0; i < n; i++) {
        float code = floorf(x[i] * inv + 0.5f);
        bool clipped = code < lo || code > hi;
        float y = s * (code < lo ? lo : code > hi ? hi : code);
        if (dx)
            dx[i] = clipped ? 0 : dy[i];
        step += (double)(dy[i] * (clipped ? y : y - x[i]));
        zero -= clipped ? (double)(dy[i] * s) : 0;
    }
    if (q->at >= 0)
        dtheta[q->at] += (float)step;
    if (q->zero_at >= 0)
        dtheta[q->zero_at] += (float)(zero * ZERO_UNIT);
}

void quant_forward(const tcall *c)
{
    qat_forward(c->node->quant, c->rows * c->node->out->n, c->x[0], c->y);
}

void quant_backward(const tcall *c)
{
    qat_backward(c->node->quant, c->rows * c->node->out->n, c->x[0], c->dy, c->dx[0], c->dtheta);
}

/* ---- weights ------------------------------------------------------------------------------- */

static int channel(const qweight *q, int64_t i)
{
    return (int)(i / q->row);
}

static double on_grid(const qweight *q, int c, float w, int32_t *code, bool *clipped)
{
    *clipped = false;
    *code = quant_encode(&q->now, c, (double)w, clipped);
    *clipped &= q->n_table == 0; /* beyond a table's ends lies half of what its last entries stand for */
    return quant_value(&q->now, c, *code);
}

void qat_quantize_weights(const qweight *q, const float *w, const float *b, float *out)
{
    int64_t n = q->row * q->channels;
    for (int64_t i = 0; i < n; i++) {
        int32_t code;
        bool clipped;
        out[i] = (float)on_grid(q, channel(q, i), w[i], &code, &clipped);
    }
    for (int c = 0; b && c < q->channels; c++) {
        double step = (double)q->in->scale * (double)q->scale[q->now.n > 1 ? c : 0];
        out[n + c] = (float)(round((double)b[c] / step) * step);
    }
}

void qat_weight_gradient(const qweight *q, const float *w, float *dw, float *dtheta)
{
    for (int64_t i = 0; i < q->row * q->channels; i++) {
        int32_t code;
        bool clipped;
        int c = channel(q, i), s = q->now.n > 1 ? c : 0;
        double v = on_grid(q, c, w[i], &code, &clipped);
        dtheta[q->at + s] += (float)((double)dw[i] * (clipped ? v : v - (double)w[i]));
        if (q->n_table) {
            int64_t entry = (q->now.table_per_channel ? (int64_t)c * q->now.entries : 0) + code;
            dtheta[q->table_at + entry] += (float)((double)dw[i] * (double)q->scale[s] * q->table_unit);
        }
        if (clipped && (dw[i] > 0) != (w[i] > 0)) /* what leads further out leads nowhere */
            dw[i] = 0;
    }
}
