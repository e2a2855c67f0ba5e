/* fit.c - epochs, steps, judgements. */
#include "compiler/train/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compiler/base/rng.h"
#include "compiler/train/judge.h"
#include "compiler/train/ranks.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t steps_per_epoch(const fit *f)
{
    return (f->rows.n + f->o.batch - 1) / f->o.batch;
}

/* ---- the best so far ------------------------------------------------------------------------- */

static void keep_best(fit *f)
{
    int64_t n, r;
    float *theta = tengine_theta(f->e, &n), *running = tengine_running(f->e, &r);
    memcpy(f->best_theta, theta, (size_t)n * sizeof *theta);
    memcpy(f->best_running, running, (size_t)r * sizeof *running);
}

static void take_best(fit *f)
{
    int64_t n, r;
    float *theta = tengine_theta(f->e, &n), *running = tengine_running(f->e, &r);
    if (f->best_epoch < 0)
        return;
    memcpy(theta, f->best_theta, (size_t)n * sizeof *theta);
    memcpy(running, f->best_running, (size_t)r * sizeof *running);
}

static bool is_better(const fit *f, const fit_score *s)
{
    if (f->best_epoch < 0 || (!f->o.by_loss && s->right != f->best.right))
        return f->best_epoch < 0 || s->right > f->best.right;
    return s->loss < f->best.loss;
}

static void tell_kept(fit *f)
{
    diag_hint(f->ctx, "everything is in %s: the same command with --resume goes on",
              f->o.checkpoint);
}

static bool is_stopped(const fit *f)
{
    return f->o.stopped && ranks_any(f->ctx->ranks, f->o.stopped());
}

/* A state that cannot be judged (steps that no multiplier holds, say) is no better than one that is
 * not finite: what was best before it is kept. */
static fit_end unjudged(fit *f)
{
    if (is_stopped(f)) { /* the checkpoint before it has all steps */
        diag_add(f->ctx, D_TRAIN_INTERRUPTED, loc_none(), "interrupted while epoch %d was judged",
                 f->epoch);
        if (f->o.checkpoint && f->epoch > 0)
            tell_kept(f);
        return FIT_STOPPED;
    }
    if (f->best_epoch < 0)
        return FIT_FAILED;
    diag_hint(f->ctx, "a lower --rate or --clip 1 may help; the best weights so far are kept");
    return FIT_DIVERGED;
}

/* Judges the present state and notes the line. */
static fit_end judge(fit *f, fit_epoch line)
{
    fit_score s;
    if (!f->judge(f->judge_user, &s))
        return unjudged(f);
    line.select_loss = s.loss;
    line.select_accuracy = s.accuracy;
    line.best = isfinite(s.loss) && is_better(f, &s);
    if (line.best) {
        f->best = s;
        f->best_epoch = line.epoch;
        keep_best(f);
    }
    *VEC_PUSH(f->ctx->a, &f->log) = line;
    if (f->o.tell)
        f->o.tell(f->o.user, &line);
    return !f->o.log || fit_write_log(f) ? FIT_DONE : FIT_FAILED;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void shuffle(fit *f)
{
    rng r;
    rng_seed(&r, f->o.seed * 0x9e3779b97f4a7c15u + (uint64_t)f->epoch);
    rng_shuffle(&r, f->order, (int)f->rows.n);
}

/* The layer whose gradient (or NULL) is not finite, or NULL. */
static const ir_op *bad_gradient(const fit *f, const float *g)
{
    const tparam *p;
    int n = tengine_params(f->e, &p);
    for (int i = n - 1; i >= 0 && g; i--)
        for (int64_t k = 0; k < p[i].count; k++)
            if (!isfinite(g[p[i].offset + k]))
                return p[i].op;
    return NULL;
}

/* g: the step's gradient, or NULL where the loss alone tells. */
static bool diverged(fit *f, int rows, const float *g)
{
    const ir_op *op = tengine_not_finite(f->e, rows);
    op = op ? op : bad_gradient(f, g);
    diag_add(f->ctx, D_TRAIN_DIVERGED, op ? op->loc : loc_none(),
             "training diverged in step %lld of epoch %d: %s%s%s", (long long)f->step + 1,
             f->epoch + 1, op ? "'" : "the loss", op ? op->name : "",
             op ? "' gives values or gradients that are not finite" : " is not finite");
    diag_hint(f->ctx, "a lower --rate or --clip 1 may help%s",
              f->best_epoch >= 0 ? "; the best weights so far are kept" : "");
    return false;
}

/* Loads a batch and says what it should give. */
static loss_batch load(fit *f, int64_t at, int rows)
{
    int64_t outputs = tengine_outputs(f->e);
    bool live = f->rows.vary && (f->live_teacher || f->echo);
    if (f->rows.vary)
        f->rows.vary->epoch = (uint64_t)f->epoch;
    loss_batch b = rows_wanted(&f->rows, live ? NULL : f->teacher, f->order, at, rows, outputs,
                               f->labels, f->targets);
    rows_load(&f->rows, f->e, f->order, at, rows);
    rows_mix(&f->rows, f->order, at, outputs, f->others, f->shares, f->targets, &b);
    if (live && f->live_teacher) {
        train_rows real = f->rows; /* of the same variants, not through codes */
        real.through_codes = false;
        rows_load(&real, f->live_teacher, f->order, at, rows);
        tengine_forward(f->live_teacher, rows, false, 0);
        b.targets = tengine_output(f->live_teacher);
    } else if (live) {
        memcpy(f->targets, tengine_input(f->e, 0), (size_t)(rows * outputs) * sizeof(float));
        b.targets = f->targets;
    }
    return b;
}

static bool step(fit *f, int64_t steps)
{
    int64_t at = f->step * f->o.batch, n;
    int rows = (int)(f->rows.n - at < f->o.batch ? f->rows.n - at : f->o.batch);
    uint64_t number = (uint64_t)(f->epoch * steps + f->step);
    loss_batch b = load(f, at, rows);
    tengine_forward(f->e, rows, true, f->o.seed * 0x2545f4914f6cdd1du + number);
    loss_sum s = loss_of(f->e, &f->o.loss, &b, true, 1);
    if (!isfinite(s.loss))
        return diverged(f, rows, NULL);
    float *theta = tengine_theta(f->e, &n), *g = (float *)tengine_backward(f->e, rows);
    double rate = opt_rate(&f->o.opt, (int64_t)number, steps * f->o.epochs);
    if (!isfinite(opt_step(&f->opt, theta, g, rate)))
        return diverged(f, rows, g);
    f->loss_sum += s.loss;
    f->right_sum += (double)s.right;
    f->rows_sum += rows;
    f->step++;
    return true;
}

static void show(const fit *f, int64_t steps)
{
    if (!f->ctx->progress)
        return;
    char what[80];
    snprintf(what, sizeof what, "epoch %d of %d, loss %.4f, %.2f %%", f->epoch + 1, f->o.epochs,
             f->loss_sum / f->rows_sum, 100 * f->right_sum / f->rows_sum);
    double done = (double)(f->epoch * steps + f->step) / (double)(steps * f->o.epochs);
    f->ctx->progress(f->ctx->progress_user, what, done);
}

static fit_end interrupted(fit *f)
{
    bool kept = f->o.checkpoint && checkpoint_write(f);
    diag_add(f->ctx, D_TRAIN_INTERRUPTED, loc_none(), "interrupted in epoch %d, step %lld",
             f->epoch + 1, (long long)f->step);
    if (kept)
        tell_kept(f);
    return FIT_STOPPED;
}

static fit_end run_epoch(fit *f)
{
    int64_t steps = steps_per_epoch(f);
    double start = now();
    shuffle(f);
    while (f->step < steps) {
        if (is_stopped(f))
            return interrupted(f);
        if (!step(f, steps))
            return FIT_DIVERGED;
        show(f, steps);
    }
    /* Judging takes long: what ends it loses no step. */
    if (f->o.checkpoint && !checkpoint_write(f))
        return FIT_FAILED;
    int64_t last = (f->epoch + 1) * steps - 1;
    fit_epoch line = {.epoch = f->epoch + 1,
                      .rate = opt_rate(&f->o.opt, last, steps * f->o.epochs),
                      .loss = f->loss_sum / f->rows_sum,
                      .accuracy = f->right_sum / f->rows_sum,
                      .seconds = now() - start};
    f->loss_sum = f->right_sum = f->rows_sum = 0;
    f->step = 0;
    f->epoch++;
    fit_end end = judge(f, line);
    if (end == FIT_DONE && f->o.checkpoint && !checkpoint_write(f))
        end = FIT_FAILED;
    return end;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void set_up(fit *f)
{
    arena *a = f->ctx->a;
    int64_t n, r, outputs = tengine_outputs(f->e);
    tengine_theta(f->e, &n);
    tengine_running(f->e, &r);
    opt_new(f->ctx, &f->opt, f->e, &f->o.opt);
    f->best_theta = ARENA_ARRAY(a, float, n);
    f->best_running = ARENA_ARRAY(a, float, r);
    f->best_epoch = -1;
    f->order = ARENA_ARRAY(a, int32_t, f->rows.n);
    f->labels = ARENA_ARRAY(a, int32_t, f->o.batch);
    f->targets = ARENA_ARRAY(a, float, f->o.batch *outputs);
    f->others = ARENA_ARRAY(a, int32_t, f->o.batch);
    f->shares = ARENA_ARRAY(a, float, f->o.batch);
}

int64_t fit_bytes(const fit *f)
{
    int64_t n, r;
    tengine_theta(f->e, &n);
    tengine_running(f->e, &r);
    int64_t floats =
        n * (f->o.opt.kind == OPT_ADAM ? 3 : 2) + r + f->o.batch * tengine_outputs(f->e);
    int64_t teacher = f->live_teacher ? tengine_bytes(f->live_teacher) : 0;
    floats += f->teacher ? f->rows.ports->rows * tengine_outputs(f->e) : 0;
    return (floats + f->rows.n + 3 * (int64_t)f->o.batch) * (int64_t)sizeof(float) + teacher +
           rows_variants_bytes(f->rows.vary, f->o.batch);
}

fit_end fit_run(fit *f)
{
    set_up(f);
    if (f->o.resume && !checkpoint_read(f))
        return FIT_FAILED;
    fit_end end = FIT_DONE;
    if (f->o.judge_start && f->log.n == 0)
        end = judge(f, (fit_epoch){.loss = NAN, .accuracy = NAN});
    while (end == FIT_DONE && f->epoch < f->o.epochs) {
        if (f->o.patience > 0 && f->epoch - f->best_epoch >= f->o.patience)
            break;
        end = run_epoch(f);
    }
    if (end != FIT_STOPPED)
        take_best(f);
    return end;
}
