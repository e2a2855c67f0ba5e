/* optimizer.c - Adam, SGD with momentum, schedules of rates. */
#include "compiler/train/optimizer.h"

#include <math.h>

#include "compiler/train/internal.h"

const char *const opt_kind_words[] = {"adam", "sgd", NULL};
const char *const opt_schedule_words[] = {"onecycle", "cosine", "step", "constant", NULL};

static const double PI = 3.14159265358979323846;

/* From a to b along half a cosine; t in [0, 1]. */
static double between(double a, double b, double t)
{
    return b + (a - b) * (1 + cos(PI * t)) / 2;
}

static double one_cycle(double rate, double at)
{
    const double up = 0.3, low = rate / 25, end = low / 1e4;
    return at < up ? between(low, rate, at / up) : between(rate, end, (at - up) / (1 - up));
}

double opt_rate(const opt_options *o, int64_t step, int64_t steps)
{
    double at = steps > 1 ? (double)step / (double)(steps - 1) : 0;
    switch (o->schedule) {
    case OPT_ONECYCLE:
        return one_cycle(o->rate, at);
    case OPT_COSINE:
        return between(o->rate, 0, (double)step / (double)steps);
    case OPT_STEP:
        return o->rate * pow(0.1, floor((double)step / (double)steps / o->step_share + 1e-9));
    case OPT_CONSTANT:
        break;
    }
    return o->rate;
}

void opt_new(qctx *ctx, optimizer *p, const tengine *e, const opt_options *o)
{
    *p = (optimizer){.o = *o};
    p->n_param = tengine_params(e, &p->param);
    tengine_theta((tengine *)e, &p->n);
    p->m = ARENA_ARRAY(ctx->a, float, p->n);
    p->unit = tengine_units(e);
    p->v = o->kind == OPT_ADAM ? ARENA_ARRAY(ctx->a, float, p->n) : NULL;
}

/* Norm of g, which is shortened to the limit. */
static double clip(const optimizer *p, float *g)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++)
        sum += (double)g[i] * (double)g[i];
    double norm = sqrt(sum);
    if (p->o.clip > 0 && norm > p->o.clip)
        for (int64_t i = 0; i < p->n; i++)
            g[i] *= (float)(p->o.clip / norm);
    return norm;
}

/* SGD: part of the gradient. Adam: straight from the weights. */
static void decay(const optimizer *p, float *theta, float *g, double rate)
{
    for (int k = 0; k < p->n_param && p->o.decay > 0; k++) {
        const tparam *t = &p->param[k];
        float d = (float)p->o.decay, direct = (float)(1 - rate * p->o.decay);
        for (int64_t i = t->offset; i < t->offset + t->count && t->decays; i++) {
            g[i] += p->o.kind == OPT_SGD ? d * theta[i] : 0;
            theta[i] *= p->o.kind == OPT_SGD ? 1 : direct;
        }
    }
}

TRAIN_CLONES
static void adam(int64_t n, const float *g, float *restrict m, float *restrict v,
                 float *restrict theta, const float *restrict unit, float b1, float step, float scale2)
{
    const float b2 = 0.999f, eps = 1e-8f;
    for (int64_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        theta[i] -= step * unit[i] * m[i] / (sqrtf(v[i] * scale2) + eps);
    }
}

TRAIN_CLONES
static void sgd(int64_t n, const float *g, float *restrict m, float *restrict theta, float momentum,
                float rate)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = momentum * m[i] + g[i];
        theta[i] -= rate * m[i];
    }
}

double opt_step(optimizer *p, float *theta, float *g, double rate)
{
    double norm = clip(p, g), t = (double)++p->steps_done;
    decay(p, theta, g, rate);
    if (p->o.kind == OPT_SGD)
        sgd(p->n, g, p->m, theta, (float)p->o.momentum, (float)rate);
    else
        adam(p->n, g, p->m, p->v, theta, p->unit, (float)p->o.momentum,
             (float)(rate / (1 - pow(p->o.momentum, t))), (float)(1 / (1 - pow(0.999, t))));
    return norm;
}
