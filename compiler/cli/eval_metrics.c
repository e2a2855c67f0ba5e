/* eval_metrics.c - from the outputs of float and quantized nets to the figures of `qcc eval`. */
#include <math.h>
#include <stdlib.h>

#include "compiler/cli/eval.h"

static int32_t argmax(const float *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return (int32_t)best;
}

static bool ends_in(const ir_graph *g, ir_opkind kind)
{
    const ir_op *op = g->outputs.v[0]->producer;
    return op && op->kind == kind;
}

/* -log of the probability of the label; outputs that are no probabilities go through softmax. */
static double cross_entropy(const float *v, int64_t n, int32_t label, bool probabilities)
{
    if (probabilities)
        return -log(fmax((double)v[label], 1.0 / 512));
    double top = (double)v[argmax(v, n)], sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)v[i] - top);
    return log(sum) - ((double)v[label] - top);
}

/* One output: the probability of class 1, or its logit. */
static double binary_entropy(double v, int32_t label, bool probability)
{
    double p = probability ? v : 1 / (1 + exp(-v));
    return -log(fmax(label ? p : 1 - p, 1.0 / 512));
}

static double reconstruction_error(const float *x, const float *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    return sum / (double)n;
}

void eval_judge(const eval *e, eval_side *s, int64_t row, const float *x, const float *y)
{
    int64_t n = e->elements;
    bool probability = ends_in(e->f.g, e->reading == EVAL_ONE ? OP_SIGMOID : OP_SOFTMAX);
    double loss = 0;
    int32_t label = e->labels ? e->labels[row] : 0;
    switch (e->reading) {
    case EVAL_CLASSES:
        s->guess[row] = argmax(y, n);
        loss = cross_entropy(y, n, label, probability);
        if (s->score)
            s->score[row] = (double)y[1] - (double)y[0];
        break;
    case EVAL_ONE:
        s->guess[row] = (double)y[0] > (probability ? 0.5 : 0);
        loss = binary_entropy((double)y[0], label, probability);
        s->score[row] = (double)y[0];
        break;
    case EVAL_RECONSTRUCTION:
        s->guess[row] = argmax(y, n);
        s->score[row] = reconstruction_error(x, y, n);
        break;
    }
    if (!e->labels)
        return;
    s->right += s->guess[row] == label;
    s->loss += loss;
}

/* ---- all rows -------------------------------------------------------------------------------- */

static void compare(const eval *e, const int32_t *a, const int32_t *b, int64_t *agree,
                    int64_t *only_a, int64_t *only_b)
{
    for (int64_t r = 0; r < e->rows; r++) {
        *agree += a[r] == b[r];
        if (!e->labels)
            continue;
        bool first = a[r] == e->labels[r], second = b[r] == e->labels[r];
        *only_a += first && !second;
        *only_b += second && !first;
    }
}

/* RMS of the differences of scores over the deviation of the float ones. */
static double score_error(const eval *e, const double *f, const double *q)
{
    double n = (double)e->rows, sum = 0, square = 0, error = 0;
    for (int64_t r = 0; r < e->rows; r++) {
        sum += f[r];
        square += f[r] * f[r];
        error += (q[r] - f[r]) * (q[r] - f[r]);
    }
    double variance = square / n - (sum / n) * (sum / n);
    return variance > 0 ? sqrt(error / n / variance) : NAN;
}

void eval_compare(qctx *ctx, eval *e)
{
    e->f.loss /= (double)e->rows;
    e->f.auc = eval_auc(ctx, e->labels, e->f.score, e->rows);
    for (int i = 0; i < e->n_runs; i++) {
        eval_run *r = &e->runs[i];
        int64_t alike = 0;
        r->q.loss /= (double)e->rows;
        r->q.auc = eval_auc(ctx, e->labels, r->q.score, e->rows);
        r->sqnr_db = r->noise > 0 ? 10 * log10(r->signal / r->noise) : INFINITY;
        r->rmse = sqrt(r->noise / ((double)e->rows * (double)e->elements));
        r->score_error = e->f.score ? score_error(e, e->f.score, r->q.score) : NAN;
        compare(e, e->f.guess, r->q.guess, &r->agree, &r->only_float, &r->only_quantized);
        compare(e, e->runs[0].q.guess, r->q.guess, &alike, &r->only_first, &r->only_this);
    }
}

int64_t *eval_confusion(qctx *ctx, const eval *e, const eval_side *s)
{
    int64_t *m = ARENA_ARRAY(ctx->a, int64_t, (int64_t)e->classes * e->classes);
    for (int64_t r = 0; r < e->rows; r++)
        m[(int64_t)e->labels[r] * e->classes + s->guess[r]]++;
    return m;
}

/* ---- area under the ROC curve ------------------------------------------------------------------
 */

typedef struct scored {
    double score;
    bool positive;
} scored;

static int by_score(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

double eval_auc(qctx *ctx, const int32_t *labels, const double *score, int64_t rows)
{
    double positives = 0, ranks = 0;
    if (!labels || !score)
        return NAN;
    scored *v = ARENA_ARRAY(ctx->a, scored, rows);
    for (int64_t i = 0; i < rows; i++) {
        if (labels[i] != 0 && labels[i] != 1)
            return NAN;
        v[i] = (scored){score[i], labels[i] == 1};
        positives += labels[i];
    }
    double negatives = (double)rows - positives;
    if (positives == 0 || negatives == 0)
        return NAN;
    qsort(v, (size_t)rows, sizeof *v, by_score);
    for (int64_t i = 0, end; i < rows; i = end) { /* equal scores share their mean rank */
        for (end = i + 1; end < rows && !(v[end].score > v[i].score);)
            end++;
        for (int64_t k = i; k < end; k++)
            ranks += v[k].positive ? (double)(i + 1 + end) / 2 : 0;
    }
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}
