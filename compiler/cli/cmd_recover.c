/* cmd_recover.c - `qcc recover`: what quantization cost and what fine-tuning wins back, beside a
 * control. */
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/cli/recover.h"

static const int shares[] = {1, 10, 100}; /* % of the training rows */
enum { N_SHARES = sizeof shares / sizeof *shares };

static const char *const endings[] = {"qdl", "bin", "c", "html"};
enum { N_ENDINGS = sizeof endings / sizeof *endings };

static const char *path_of(const recovery *r, int ending)
{
    return arena_printf(r->t.ctx->a, "%s.%s", r->t.c->outputs.v[0], endings[ending]);
}

static bool may_write(const recovery *r)
{
    bool ok = true;
    for (int i = 0; i < N_ENDINGS && ok; i++)
        ok = file_may_write(r->t.ctx, path_of(r, i));
    return ok;
}

static tengine *float_engine(recovery *r, bool inference)
{
    tengine_options o = {.batch = r->t.job.fit.batch,
                         .threads = r->t.job.fit.threads,
                         .frozen_norm = true,
                         .inference = inference};
    return tengine_new(r->t.ctx, r->t.n->floating, &o);
}

static void add_row(recovery *r, const state_row *row)
{
    if (!r->table.n)
        print_heads(r);
    *VEC_PUSH(r->t.ctx->a, &r->table) = *row;
    print_row(r, row);
}

/* ---- the states ------------------------------------------------------------------------------ */

static bool given_states(recovery *r)
{
    tengine *e = float_engine(r, true);
    state_row f = {.name = "float"}, q = {.name = "quantized"};
    if (!e)
        return false;
    r->float_test = teacher_outputs(r->t.ctx, e, &r->test, r->t.job.fit.batch);
    r->select_teacher = teacher_outputs(r->t.ctx, e, &r->t.data.select, r->t.job.fit.batch);
    if (!measure_float(r, e, &f) || !measure_float_c(r, &f))
        return false;
    add_row(r, &f);
    if (!measure_integer(r, r->t.n->quantized, &q))
        return false;
    r->best = r->t.n->quantized;
    r->best_row = r->table.n;
    add_row(r, &q);
    return true;
}

static train_rows share_of(const recovery *r, int percent, bool varied)
{
    train_rows rows = r->t.data.train;
    int64_t n = rows.n * percent / 100;
    rows_take(r->t.ctx, &rows, n > 0 ? n : 1, r->t.ctx->seed);
    rows.vary = varied ? r->t.data.train.vary : NULL;
    return rows;
}

static bool is_better(const recovery *r, const fit_score *s)
{
    if (!r->t.job.fit.by_loss && s->right != r->best_score.right)
        return s->right > r->best_score.right;
    return s->loss < r->best_score.loss;
}

/* The first run of its kind tells the memory that the largest of them takes. */
static void ready(void *user, const tune_result *result)
{
    const recovery *r = user;
    const recovery_run *run = &r->runs.v[r->runs.n - 1];
    int64_t more = (r->t.data.train.n - run->rows) * (int64_t)sizeof(int32_t);
    progress_pause(r->t.ctx);
    printf("%s%s\n", run->varied ? "with augmentation: " : "",
           memory_text(r->t.c, r->t.ctx, result->bytes + more));
    fflush(stdout);
}

/* Whether a run gave a state: one that diverged gives the best before that. */
static bool has_state(fit_end end, state_row *row)
{
    row->diverged = end == FIT_DIVERGED;
    return end == FIT_DONE || end == FIT_DIVERGED;
}

static bool tuned_state(recovery *r, int percent, bool varied)
{
    tune_job job = r->t.job;
    job.train = share_of(r, percent, varied);
    state_row row = {.name = "tuned", .rows = job.train.n, .varied = varied};
    run_begin(r, &row, &job.fit);
    tune_result t = tune_net(r->t.ctx, &job, r->told[varied] ? NULL : ready, r);
    r->told[varied] = true;
    progress_pause(r->t.ctx);
    if (!run_end(r, t.log, t.epochs) || !has_state(t.end, &row) ||
        !measure_integer(r, t.quantized, &row))
        return false;
    run_count(r, &t.before);
    if (r->best == r->t.n->quantized)
        r->best_score = t.before;
    if (t.improved && is_better(r, &t.after)) {
        r->best = t.quantized;
        r->best_score = t.after;
        r->best_row = r->table.n;
    }
    add_row(r, &row);
    return true;
}

/* The float net, trained by the same loss, teacher, rows, epochs and augmentation. */
static bool control_state(recovery *r, bool varied)
{
    const tune_job *job = &r->t.job;
    tengine *e = float_engine(r, false), *teacher = job->teacher ? float_engine(r, true) : NULL;
    if (!e || (job->teacher && !teacher))
        return false;
    float_judge judge = float_judge_new(r->t.ctx, e, &job->select, &job->fit.loss, job->fit.batch);
    fit f = {.ctx = r->t.ctx,
             .o = job->fit,
             .e = e,
             .rows = share_of(r, 100, varied),
             .judge = judge_float,
             .judge_user = &judge};
    if (teacher) {
        judge.teacher = r->select_teacher;
        f.live_teacher = varied ? teacher : NULL;
        f.teacher = varied ? NULL : teacher_outputs(r->t.ctx, teacher, &f.rows, job->fit.batch);
    }
    f.o.judge_start = true;
    state_row row = {.name = "control, float",
                     .rows = f.rows.n,
                     .varied = varied,
                     .bytes = r->table.v[0].bytes,
                     .seconds = r->table.v[0].seconds};
    run_begin(r, &row, &f.o);
    bool done = has_state(fit_run(&f), &row);
    done = run_end(r, f.log.v, f.log.n) && done && measure_float(r, e, &row);
    progress_pause(r->t.ctx);
    if (done)
        add_row(r, &row);
    return done;
}

static bool all_states(recovery *r)
{
    bool ok = given_states(r), varies = r->t.data.train.vary != NULL;
    for (int varied = 0; varied <= varies; varied++) {
        for (int i = 0; i < N_SHARES && ok; i++)
            ok = tuned_state(r, shares[i], varied);
        ok = ok && control_state(r, varied);
    }
    return ok;
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool write_all(recovery *r)
{
    qctx *ctx = r->t.ctx;
    buf qdl, bin;
    emit_result c;
    buf_init(&qdl, ctx->a);
    buf_init(&bin, ctx->a);
    const ir_graph *legal = recovery_legal(r, r->best);
    if (!legal || !emit_c(ctx, legal, &r->t.c->emit, &c) || !format_pair(ctx, r->best, &qdl, &bin))
        return false;
    const char *html = recovery_page(r);
    const file_out out[N_ENDINGS] = {{path_of(r, 0), qdl.p, qdl.n},
                                     {path_of(r, 1), bin.p, bin.n},
                                     {path_of(r, 2), c.c, strlen(c.c)},
                                     {path_of(r, 3), html, strlen(html)}};
    return file_write_all(ctx, out, N_ENDINGS);
}

static bool prepare(recovery *r)
{
    if (!tuning_load(&r->t) || !may_write(r) || !runs_may_write(r) || !tuning_test_labels(&r->t) ||
        !tuning_choose(&r->t))
        return false;
    tuning_set_up(&r->t, NULL);
    r->test = r->unlabelled = r->t.data.test;
    r->unlabelled.labels = NULL;
    return true;
}

static void tell_rows(const recovery *r)
{
    printf("%lld rows train, %lld select%s, %lld test; %d epoch%s of each run\n",
           (long long)r->t.data.train.n, (long long)r->t.data.select.n,
           r->t.data.seeded_tenth ? " (a seeded tenth)" : "", (long long)r->test.n,
           r->t.job.fit.epochs, r->t.job.fit.epochs == 1 ? "" : "s");
    if (!r->t.data.train.vary)
        puts("no augmentation is stated (--augment): rows are tuned on as they are");
    fflush(stdout);
}

int cmd_recover(qctx *ctx, cli *c)
{
    recovery r = {.t = {.ctx = ctx, .c = c, .t = training_options(ctx, c)}};
    if (!c->data)
        return cli_usage(c, "no --data: the rows to tune on");
    if (!r.t.t->test)
        return cli_usage(c, "no --test: the rows that every state is measured on");
    if (c->outputs.n != 1)
        return cli_usage(c,
                         c->outputs.n ? "more than one -o" : "no -o: the name of what is written");
    if (r.t.t->fit.loss.kind == LOSS_SQUARED)
        return cli_usage(c, "--loss mse has no classes: `qcc tune` takes it");
    signals_note();
    if (!prepare(&r))
        return EXIT_BAD_INPUT;
    tell_rows(&r);
    if (!all_states(&r) || !write_all(&r))
        return EXIT_BAD_INPUT;
    progress_end(ctx);
    runs_forget(&r);
    print_pairings(&r);
    printf("%s.qdl, .bin, .c, .html: %s, the best on the rows that select\n", c->outputs.v[0],
           state_text(&r, &r.table.v[r.best_row]));
    return any_diverged(&r) ? EXIT_BAD_INPUT : EXIT_DONE;
}
