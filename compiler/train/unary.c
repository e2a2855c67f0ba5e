/* unary.c - functions of one element, softmax over the last axis, dropout.
 *
 * relu and relu6 work in place: where they clip, the result is a bound, and the gradient is zero. */
#include <math.h>

#include "compiler/base/rng.h"
#include "compiler/train/internal.h"

static int64_t count(const tcall *c)
{
    return c->rows * c->node->out->n;
}

TRAIN_CLONES
void relu_forward(const tcall *c)
{
    const float *x = c->x[0];
    float *y = c->y;
    int64_t n = count(c);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

TRAIN_CLONES
void relu_backward(const tcall *c)
{
    const float *y = c->y, *dy = c->dy;
    float *dx = c->dx[0];
    int64_t n = dx ? count(c) : 0;
    for (int64_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0;
}

TRAIN_CLONES
void relu6_forward(const tcall *c)
{
    const float *x = c->x[0];
    float *y = c->y;
    int64_t n = count(c);
    for (int64_t i = 0; i < n; i++) {
        float v = x[i] > 0 ? x[i] : 0;
        y[i] = v < 6 ? v : 6;
    }
}

TRAIN_CLONES
void relu6_backward(const tcall *c)
{
    const float *y = c->y, *dy = c->dy;
    float *dx = c->dx[0];
    int64_t n = dx ? count(c) : 0;
    for (int64_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 && y[i] < 6 ? dy[i] : 0;
}

void leaky_forward(const tcall *c)
{
    float a = (float)c->node->op->at.alpha;
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = c->x[0][i] < 0 ? a * c->x[0][i] : c->x[0][i];
}

void leaky_backward(const tcall *c)
{
    float a = (float)c->node->op->at.alpha;
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++)
        c->dx[0][i] = c->x[0][i] < 0 ? a * c->dy[i] : c->dy[i];
}

void sigmoid_forward(const tcall *c)
{
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = 1 / (1 + expf(-c->x[0][i]));
}

void sigmoid_backward(const tcall *c)
{
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++)
        c->dx[0][i] = c->dy[i] * c->y[i] * (1 - c->y[i]);
}

void tanh_forward(const tcall *c)
{
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = tanhf(c->x[0][i]);
}

void tanh_backward(const tcall *c)
{
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++)
        c->dx[0][i] = c->dy[i] * (1 - c->y[i] * c->y[i]);
}

/* v·min(6, max(0, v + 3))/6 */
void swish_forward(const tcall *c)
{
    for (int64_t i = 0; i < count(c); i++) {
        float v = c->x[0][i], gate = v + 3 < 0 ? 0 : v + 3 > 6 ? 6 : v + 3;
        c->y[i] = v * gate / 6;
    }
}

void swish_backward(const tcall *c)
{
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++) {
        float v = c->x[0][i];
        c->dx[0][i] = c->dy[i] * (v <= -3 ? 0 : v >= 3 ? 1 : (2 * v + 3) / 6);
    }
}

/* α·(e^v − 1) below 0 */
void elu_forward(const tcall *c)
{
    float a = (float)c->node->op->at.alpha;
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = c->x[0][i] < 0 ? a * expm1f(c->x[0][i]) : c->x[0][i];
}

void elu_backward(const tcall *c)
{
    float a = (float)c->node->op->at.alpha;
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++)
        c->dx[0][i] = c->x[0][i] < 0 ? c->dy[i] * a * expf(c->x[0][i]) : c->dy[i];
}

/* v·Φ(v) */
void gelu_forward(const tcall *c)
{
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = c->x[0][i] * (1 + erff(c->x[0][i] * 0.70710678f)) / 2;
}

void gelu_backward(const tcall *c)
{
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++) {
        float v = c->x[0][i], below = (1 + erff(v * 0.70710678f)) / 2;
        c->dx[0][i] = c->dy[i] * (below + v * 0.39894228f * expf(-v * v / 2));
    }
}

/* v·(1 + tanh(√(2/π)·(v + 0.044715·v³)))/2 */
static float gelu_gate(float v)
{
    return tanhf(0.79788456f * (v + 0.044715f * v * v * v));
}

void gelu_tanh_forward(const tcall *c)
{
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = c->x[0][i] * (1 + gelu_gate(c->x[0][i])) / 2;
}

void gelu_tanh_backward(const tcall *c)
{
    for (int64_t i = 0; i < count(c) && c->dx[0]; i++) {
        float v = c->x[0][i], t = gelu_gate(v);
        float inner = 0.79788456f * (1 + 3 * 0.044715f * v * v);
        c->dx[0][i] = c->dy[i] * (1 + t + v * (1 - t * t) * inner) / 2;
    }
}

static int64_t last_axis(const tnode *n)
{
    const ir_shape *s = n->in_shape[0];
    return s->rank ? s->dim[s->rank - 1] : 1;
}

void softmax_forward(const tcall *c)
{
    int64_t n = last_axis(c->node);
    for (int64_t at = 0; at < count(c); at += n) {
        const float *x = c->x[0] + at;
        float top = x[0], sum = 0;
        for (int64_t i = 1; i < n; i++)
            top = x[i] > top ? x[i] : top;
        for (int64_t i = 0; i < n; i++)
            sum += c->y[at + i] = expf(x[i] - top);
        for (int64_t i = 0; i < n; i++)
            c->y[at + i] /= sum;
    }
}

void softmax_backward(const tcall *c)
{
    int64_t n = last_axis(c->node);
    for (int64_t at = 0; at < count(c) && c->dx[0]; at += n) {
        const float *y = c->y + at, *dy = c->dy + at;
        float dot = 0;
        for (int64_t i = 0; i < n; i++)
            dot += y[i] * dy[i];
        for (int64_t i = 0; i < n; i++)
            c->dx[0][at + i] = y[i] * (dy[i] - dot);
    }
}

/* ---- l2_norm: rows of the last axis over their length, at least 1e-6 ------------------------- */

static float length(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return (float)fmax(sqrt(sum), 1e-6);
}

void l2_forward(const tcall *c)
{
    int64_t n = last_axis(c->node);
    for (int64_t at = 0; at < count(c); at += n) {
        float l = length(c->x[0] + at, n);
        for (int64_t i = 0; i < n; i++)
            c->y[at + i] = c->x[0][at + i] / l;
    }
}

void l2_backward(const tcall *c)
{
    int64_t n = last_axis(c->node);
    for (int64_t at = 0; at < count(c) && c->dx[0]; at += n) {
        const float *y = c->y + at, *dy = c->dy + at;
        float l = length(c->x[0] + at, n), dot = 0;
        for (int64_t i = 0; i < n; i++)
            dot += y[i] * dy[i];
        for (int64_t i = 0; i < n; i++)
            c->dx[0][at + i] = (dy[i] - y[i] * dot) / l;
    }
}

/* ---- dropout (Srivastava et al. 2014), inverted: what is kept is divided by 1 − rate -------- */

/* The same draws in both directions: by step, node and shard. */
static void draw(const tcall *c, const float *from, float *to)
{
    rng r;
    rng_seed(&r, c->seed + (uint64_t)c->node->seed * 1000003u + (uint64_t)c->shard);
    double rate = c->node->op->at.alpha;
    float keep = (float)(1 / (1 - rate));
    uint64_t limit = (uint64_t)(rate * 4294967296.0);
    for (int64_t i = 0; i < count(c); i++)
        to[i] = (rng_next(&r) >> 32) < limit ? 0 : from[i] * keep;
}

void dropout_forward(const tcall *c)
{
    if (c->training) {
        draw(c, c->x[0], c->y);
        return;
    }
    for (int64_t i = 0; i < count(c); i++)
        c->y[i] = c->x[0][i];
}

void dropout_backward(const tcall *c)
{
    if (c->dx[0] && c->training)
        draw(c, c->dy, c->dx[0]);
    for (int64_t i = 0; i < count(c) && c->dx[0] && !c->training; i++)
        c->dx[0][i] = c->dy[i];
}
