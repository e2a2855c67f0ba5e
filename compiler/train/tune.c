/* tune.c - the run of fine-tuning: engine, start, judgements by the integer net. */
#include "compiler/train/tune.h"

#include <math.h>
#include <string.h>

#include "compiler/base/apart.h"
#include "compiler/quant/grid.h"
#include "compiler/quant/quant.h"
#include "compiler/train/integer.h"

typedef struct tuner {
    qctx *ctx;
    const tune_job *job;
    qat *q;
    tengine *e;
    const float *teacher, *select_teacher;
    tengine *live_teacher; /* of rows that vary */
    fit_score present;     /* of the latest judgement */
    bool started; /* the net that was given has been judged */
    tune_result *r;
} tuner;

static tengine *teacher_engine(tuner *t)
{
    tengine_options o = {
        .batch = t->job->fit.batch, .threads = t->job->fit.threads, .inference = true};
    return tengine_new(t->ctx, t->job->teacher, &o);
}

static const float *outputs_of_teacher(tuner *t, const train_rows *rows)
{
    tengine *e = teacher_engine(t);
    train_rows real = *rows;
    real.through_codes = false;
    return e ? teacher_outputs(t->ctx, e, &real, t->job->fit.batch) : NULL;
}

static bool set_up(tuner *t)
{
    const tune_job *j = t->job;
    t->q = qat_new(t->ctx, j->prepared, j->quantized);
    tengine_options o = {
        .batch = j->fit.batch, .threads = j->fit.threads, .frozen_norm = true, .qat = t->q};
    t->e = tengine_new(t->ctx, j->prepared, &o);
    if (!t->e)
        return false;
    qat_start(t->q, t->e);
    if (!j->teacher)
        return true;
    t->select_teacher = outputs_of_teacher(t, &j->select);
    if (j->train.vary)
        t->live_teacher = teacher_engine(t);
    else
        t->teacher = outputs_of_teacher(t, &j->train);
    return t->select_teacher && (t->live_teacher || t->teacher);
}

static bool score_of(tuner *t, const ir_graph *g)
{
    const tune_job *j = t->job;
    return g && tune_score_until(t->ctx, g, j->engine, &j->select, t->select_teacher, &j->fit.loss,
                                 j->fit.stopped, &t->present);
}

/* The integer net of the present weights. */
static bool judge_present(qctx *own, void *user)
{
    tuner *t = user;
    return score_of(t, qat_graph(own, t->q, t->e));
}

/* A fit_judge. */
static bool judge(void *user, fit_score *score)
{
    tuner *t = user;
    if (t->started ? !qctx_apart(t->ctx, judge_present, t) : !score_of(t, t->job->quantized))
        return false;
    *score = t->present;
    if (!t->started)
        t->r->before = *score;
    t->started = true;
    return true;
}

tune_result tune_net(qctx *ctx, const tune_job *job,
                     void (*ready)(void *user, const tune_result *r), void *user)
{
    tune_result r = {.end = FIT_FAILED, .quantized = job->quantized};
    tuner t = {.ctx = ctx, .job = job, .r = &r};
    if (!set_up(&t))
        return r;
    fit f = {.ctx = ctx,
             .o = job->fit,
             .e = t.e,
             .rows = job->train,
             .teacher = t.teacher,
             .live_teacher = t.live_teacher,
             .judge = judge,
             .judge_user = &t};
    f.rows.through_codes = true;
    f.o.judge_start = true;
    r.bytes = tengine_bytes(t.e) + fit_bytes(&f);
    if (ready)
        ready(user, &r);
    t.started = job->fit.resume; /* then the log holds the first judgement */
    r.end = fit_run(&f);
    r.log = f.log.v;
    r.epochs = f.log.n;
    if (r.end == FIT_FAILED || r.end == FIT_STOPPED)
        return r;
    if (job->fit.resume && f.log.n) /* what the run began with */
        r.before = (fit_score){f.log.v[0].select_loss, f.log.v[0].select_accuracy, 0};
    r.best_epoch = f.best_epoch;
    r.improved = f.best_epoch > 0;
    r.after = f.best;
    r.quantized = r.improved ? qat_graph(ctx, t.q, t.e) : job->quantized;
    if (r.quantized)
        r.differing = integer_difference(ctx, t.q, t.e, r.quantized, &job->select, &r.codes);
    else
        r.end = FIT_FAILED;
    return r;
}
