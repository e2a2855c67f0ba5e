/* judge.c - losses and hits on rows that select. */
#include "compiler/train/judge.h"

#include <string.h>

loss_batch rows_wanted(const train_rows *r, const float *teacher, const int32_t *order, int64_t at,
                       int n, int64_t outputs, int32_t *labels, float *targets)
{
    for (int i = 0; i < n; i++) {
        int32_t row = rows_number(r, order, at + i);
        if (r->labels)
            labels[i] = r->labels[row];
        if (teacher)
            memcpy(targets + i * outputs, teacher + row * outputs,
                   (size_t)outputs * sizeof *targets);
        for (int64_t k = 0; k < outputs && r->targets; k++)
            targets[i * outputs + k] =
                (float)dtype_value(r->targets->dtype, r->targets->data, row * outputs + k);
    }
    return (loss_batch){.rows = n,
                        .labels = r->labels ? labels : NULL,
                        .targets = teacher || r->targets ? targets : NULL};
}

static void mix_target(const dataset *d, int32_t row, double share, int64_t outputs, float *target)
{
    for (int64_t k = 0; k < outputs; k++)
        target[k] = (float)(share * (double)target[k] +
                            (1 - share) * dtype_value(d->dtype, d->data, row * outputs + k));
}

void rows_mix(const train_rows *r, const int32_t *order, int64_t at, int64_t outputs,
              int32_t *others, float *shares, float *targets, loss_batch *b)
{
    if (!r->vary)
        return;
    for (int i = 0; i < b->rows; i++) {
        int32_t partner;
        double share = rows_share(r, rows_number(r, order, at + i), &partner);
        shares[i] = (float)share;
        if (r->labels)
            others[i] = r->labels[partner];
        if (r->targets && share < 1)
            mix_target(r->targets, partner, share, outputs, targets + i * outputs);
    }
    b->shares = shares;
    b->others = r->labels ? others : NULL;
}

float_judge float_judge_new(qctx *ctx, tengine *e, const train_rows *rows, const loss_spec *loss,
                            int batch)
{
    return (float_judge){.e = e,
                         .rows = rows,
                         .loss = *loss,
                         .batch = batch,
                         .labels = ARENA_ARRAY(ctx->a, int32_t, batch),
                         .targets = ARENA_ARRAY(ctx->a, float, batch *tengine_outputs(e))};
}

/* Of the n rows from `at` on, which the engine has just run. */
static void note_hits(const float_judge *j, int64_t at, int n)
{
    int64_t outputs = tengine_outputs(j->e);
    for (int i = 0; i < n; i++)
        j->hits[at + i] =
            loss_row(&j->loss, tengine_output(j->e) + i * outputs, outputs, &j->labels[i], NULL)
                .right != 0;
}

bool judge_float(void *user, fit_score *score)
{
    const float_judge *j = user;
    loss_sum sum = {0, 0};
    for (int64_t at = 0; at < j->rows->n; at += j->batch) {
        int n = (int)(j->rows->n - at < j->batch ? j->rows->n - at : j->batch);
        rows_load(j->rows, j->e, NULL, at, n);
        tengine_forward(j->e, n, false, 0);
        loss_batch b = rows_wanted(j->rows, j->teacher, NULL, at, n, tengine_outputs(j->e),
                                   j->labels, j->targets);
        loss_sum part = loss_of(j->e, &j->loss, &b, false, 1);
        sum.loss += part.loss;
        sum.right += part.right;
        if (j->hits)
            note_hits(j, at, n);
    }
    double n = (double)j->rows->n;
    *score = (fit_score){sum.loss / n, (double)sum.right / n, sum.right};
    return true;
}

const float *teacher_outputs(qctx *ctx, tengine *e, const train_rows *rows, int batch)
{
    int64_t outputs = tengine_outputs(e), all = rows->ports->rows;
    float *y = ARENA_ARRAY(ctx->a, float, all *outputs);
    for (int64_t at = 0; at < rows->n; at += batch) {
        int n = (int)(rows->n - at < batch ? rows->n - at : batch);
        rows_load(rows, e, NULL, at, n);
        tengine_forward(e, n, false, 0);
        tengine_share_output(e);
        for (int i = 0; i < n; i++)
            memcpy(y + rows_number(rows, NULL, at + i) * outputs, tengine_output(e) + i * outputs,
                   (size_t)outputs * sizeof *y);
    }
    return y;
}
