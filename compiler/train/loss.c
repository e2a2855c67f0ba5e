/* loss.c - cross-entropy, squared error, distillation. */
#include "compiler/train/loss.h"

#include <math.h>
#include <string.h>

const char *const loss_words[] = {"ce", "mse", "distill", NULL};

static int64_t largest(const float *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* log Σ exp(v/T) */
static double log_sum(const float *v, int64_t n, double t)
{
    double top = (double)v[largest(v, n)] / t, sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)v[i] / t - top);
    return top + log(sum);
}

/* −log p(label); g += scale·dloss/dy. One output is the logit of class 1. */
static double cross_entropy(const float *y, int64_t n, int32_t label, float *g, double scale)
{
    if (n == 1) {
        double z = label ? (double)y[0] : -(double)y[0];
        double p = 1 / (1 + exp(-z));
        if (g)
            g[0] += (float)(scale * (label ? p - 1 : 1 - p));
        return z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z;
    }
    double all = log_sum(y, n, 1);
    for (int64_t i = 0; i < n && g; i++)
        g[i] += (float)(scale * (exp((double)y[i] - all) - (i == label)));
    return all - (double)y[label];
}

static double squared(const float *y, int64_t n, const float *target, float *g, double scale)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)y[i] - (double)target[i];
        sum += d * d;
        if (g)
            g[i] += (float)(scale * 2 * d / (double)n);
    }
    return sum / (double)n;
}

/* T²·Σ p·(log p − log q); its gradient is T·(q − p). One output: squares. */
static double distill(const float *y, int64_t n, const float *target, double t, float *g,
                      double scale)
{
    if (n == 1)
        return squared(y, n, target, g, scale);
    double of_y = log_sum(y, n, t), of_target = log_sum(target, n, t), sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double log_q = (double)y[i] / t - of_y, log_p = (double)target[i] / t - of_target;
        sum += exp(log_p) * (log_p - log_q);
        if (g)
            g[i] += (float)(scale * t * (exp(log_q) - exp(log_p)));
    }
    return t * t * sum;
}

static bool is_right(const float *y, int64_t n, const int32_t *label, const float *target)
{
    if (n == 1)
        return (y[0] > 0) == (label ? *label != 0 : target[0] > 0);
    return largest(y, n) == (label ? *label : largest(target, n));
}

/* Labels of a row: its own, and with mixup its partner's with the rest of the share. */
typedef struct row_labels {
    const int32_t *label, *other; /* or NULL */
    double share;
} row_labels;

static double mixed_entropy(const float *y, int64_t n, row_labels l, float *g, double scale)
{
    if (!l.other || l.share == 1)
        return cross_entropy(y, n, *l.label, g, scale);
    return l.share * cross_entropy(y, n, *l.label, g, scale * l.share) +
           (1 - l.share) * cross_entropy(y, n, *l.other, g, scale * (1 - l.share));
}

static loss_sum row_loss(const loss_spec *s, const float *y, int64_t n, row_labels l,
                         const float *target, float *g, double scale)
{
    loss_sum r = {0, 0};
    double mix = s->kind == LOSS_CROSS_ENTROPY ? 1 : l.label ? s->mix : 0;
    if (g)
        memset(g, 0, (size_t)n * sizeof *g);
    if (s->kind == LOSS_SQUARED)
        return (loss_sum){squared(y, n, target, g, scale), 0};
    if (mix > 0)
        r.loss += mix * mixed_entropy(y, n, l, g, scale * mix);
    if (mix < 1)
        r.loss += (1 - mix) * distill(y, n, target, s->temperature, g, scale * (1 - mix));
    r.right = is_right(y, n, l.label, target);
    return r;
}

loss_sum loss_row(const loss_spec *s, const float *y, int64_t n, const int32_t *label,
                  const float *target)
{
    return row_loss(s, y, n, (row_labels){label, NULL, 1}, target, NULL, 0);
}

enum { MOST_SHARDS = 4096 };

typedef struct job {
    tengine *e;
    const loss_spec *s;
    const loss_batch *b;
    float *g;
    double scale;
    loss_sum part[MOST_SHARDS];
} job;

static void shard_loss(void *user, int shard, int first, int rows)
{
    job *j = user;
    int64_t n = tengine_outputs(j->e);
    loss_sum sum = {0, 0};
    for (int i = first; i < first + rows; i++) {
        row_labels l = {j->b->labels ? &j->b->labels[i] : NULL,
                        j->b->others ? &j->b->others[i] : NULL,
                        j->b->others ? (double)j->b->shares[i] : 1};
        loss_sum one = row_loss(
            j->s, tengine_output(j->e) + i * n, n, l,
            j->b->targets ? j->b->targets + i * n : NULL, j->g ? j->g + i * n : NULL, j->scale);
        sum.loss += one.loss;
        sum.right += one.right;
    }
    j->part[shard] = sum;
}

loss_sum loss_of(tengine *e, const loss_spec *s, const loss_batch *b, bool gradient, double scale)
{
    job j = {.e = e,
             .s = s,
             .b = b,
             .g = gradient ? tengine_output_gradient(e) : NULL,
             .scale = scale / b->rows};
    loss_sum sum = {0, 0};
    tengine_each_shard(e, b->rows, shard_loss, &j);
    tengine_share_shards(e, b->rows, j.part, sizeof *j.part);
    for (int k = 0; k < (b->rows + TRAIN_SHARD - 1) / TRAIN_SHARD; k++) {
        sum.loss += j.part[k].loss;
        sum.right += j.part[k].right;
    }
    return sum;
}
