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
