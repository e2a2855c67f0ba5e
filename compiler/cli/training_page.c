/* training_page.c - loss and accuracy over the epochs, as charts. */
#include "compiler/cli/training_page.h"

#include <math.h>

#include "compiler/report/chart.h"

typedef double value(const fit_epoch *line);

static double loss(const fit_epoch *l)
{
    return l->loss;
}

static double select_loss(const fit_epoch *l)
{
    return l->select_loss;
}

static double accuracy(const fit_epoch *l)
{
    return 100 * l->accuracy;
}

static double select_accuracy(const fit_epoch *l)
{
    return 100 * l->select_accuracy;
}

static chart_series series(page *p, const run_log *r, const char *name, value *of)
{
    double *x = ARENA_ARRAY(p->ctx->a, double, r->n), *y = ARENA_ARRAY(p->ctx->a, double, r->n);
    for (int i = 0; i < r->n; i++) {
        x[i] = r->line[i].epoch;
        y[i] = of(&r->line[i]);
    }
    return (chart_series){.name = name, .x = x, .y = y, .n = r->n};
}

static void curves(page *p, const char *title, const char *label, const run_log *runs, int n,
                   value *trained, value *select)
{
    chart_series *s = ARENA_ARRAY(p->ctx->a, chart_series, n + 1);
    int k = 0;
    if (n == 1)
        s[k++] = series(p, runs, "training rows", trained);
    for (int i = 0; i < n; i++)
        s[k++] = series(p, &runs[i], n == 1 ? "rows that select" : runs[i].name, select);
    const char *about =
        n == 1 ? "On the training rows as they came, and on the rows that select. "
                 "Epoch 0: before the first step."
               : "Of each run, on the rows that select. Epoch 0: before the first step.";
    chart_lines(p, title, about, "epoch", label, s, k);
}

void training_curves(page *p, const char *title, const char *what, const run_log *runs, int n)
{
    arena *a = p->ctx->a;
    curves(p, arena_printf(a, "%sLoss over the epochs", title), "loss", runs, n, loss, select_loss);
    if (what)
        curves(p, arena_printf(a, "%s%c%s over the epochs", title, what[0] - 'a' + 'A', what + 1),
               arena_printf(a, "%s, %%", what), runs, n, accuracy, select_accuracy);
}
