/* cmd_tune.c - `qcc tune`: a quantized net that lost accuracy gets it back. */
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/cli/search.h"
#include "compiler/cli/training_page.h"
#include "compiler/cli/tuning.h"
#include "compiler/train/ranks.h"

typedef tuning run;

bool tuning_load(run *r)
{
    cli *c = r->c;
    c->net.seed_given = false; /* a saved pair has use for it here: the order of rows */
    r->n = cli_net(r->ctx, c, true);
    if (!r->n || !tengine_trains(r->ctx, r->n->prepared))
        return false;
    if (r->n->quantized->states.n) {
        diag_add(r->ctx, D_TRAIN_OPERATOR, loc_file(r->n->file->src),
                 "a net with states cannot be tuned");
        return false;
    }
    return roles_read(r->ctx, c, r->n->quantized, false, &r->data) &&
           roles_vary(r->ctx, c, r->n, r->n->quantized, &r->data, &r->variants);
}

bool tuning_test_labels(const run *r)
{
    if (r->data.test.labels)
        return true;
    diag_add(r->ctx, D_TRAIN_LABELS, loc_none(), "--test has no labels");
    diag_hint(r->ctx, "give them with --test-labels");
    return false;
}

/* Without --loss: what the float net gives, half of it from labels where there are some. */
static void choose_loss(run *r)
{
    loss_spec *s = &r->t->fit.loss;
    bool labels = r->data.train.labels && r->data.select.labels;
    if (!r->t->loss_given)
        s->kind = LOSS_DISTILL;
    if (!r->t->mix_given)
        s->mix = 0.5;
    if (s->kind == LOSS_DISTILL && (!labels || s->mix == 0)) {
        s->mix = 0;
        r->data.train.labels = r->data.select.labels = NULL;
    }
}

static bool check_loss(run *r)
{
    const loss_spec *s = &r->t->fit.loss;
    if (s->kind != LOSS_CROSS_ENTROPY || (r->data.train.labels && r->data.select.labels))
        return true;
    diag_add(r->ctx, D_TRAIN_LABELS, loc_none(),
             "--loss ce needs the labels of --data and --select");
    diag_hint(r->ctx, "without --loss the float net teaches");
    return false;
}

static const char *settings(run *r)
{
    char model[65];
    ir_canonical_sha256(r->ctx, r->n->quantized, model);
    return run_settings(r->ctx, "tune", model, r->t, &r->data, r->variants);
}

/* Where the net is large or rows are many, C of the system compiler judges, else libtcc's. */
static bool choose_engine(run *r)
{
    int64_t macs = 0;
    if (!cli_engine(r->c, &r->job.engine))
        return false;
    for (int i = 0; i < r->n->quantized->ops.n; i++)
        macs += ir_macs(r->n->quantized->ops.v[i]);
    if (!r->c->engine && macs * r->data.select.n > 200000000 && engine_available(ENGINE_CC))
        r->job.engine = ENGINE_CC;
    return true;
}

bool tuning_choose(run *r)
{
    choose_loss(r);
    return check_loss(r) && choose_engine(r);
}

/* Of all weights: coarse grids need larger steps. */
static int least_bits(const ir_graph *g)
{
    int bits = 16;
    for (int i = 0; i < g->ops.n; i++)
        if (ir_opinfos[g->ops.v[i]->kind].flags & OPF_W && ir_weight(g->ops.v[i])->quant)
            bits = ir_weight(g->ops.v[i])->quant->bits < bits ? ir_weight(g->ops.v[i])->quant->bits
                                                              : bits;
    return bits;
}

void tuning_set_up(run *r, table_user *table)
{
    fit_options *o = &r->t->fit;
    if (!r->t->rate_given)
        o->opt.rate = least_bits(r->n->quantized) < 3 ? 0.0005 : 0.0002;
    if (!r->t->schedule_given)
        o->opt.schedule = OPT_COSINE;
    if (!r->t->temperature_given)
        o->loss.temperature = 2;
    o->seed = r->ctx->seed;
    o->threads = o->threads ? o->threads : processors();
    o->by_loss = o->loss.kind == LOSS_SQUARED || !r->data.select.labels;
    o->checkpoint = r->t->checkpoint ? r->t->checkpoint
                                     : arena_printf(r->ctx->a, "%s.ckpt", r->c->outputs.v[0]);
    o->settings = settings(r);
    o->stopped = signals_came;
    o->tell = table_tell;
    o->user = table;
    bool alone = o->loss.kind == LOSS_CROSS_ENTROPY || r->data.train.targets;
    r->job = (tune_job){.prepared = r->n->prepared,
                        .quantized = r->n->quantized,
                        .teacher = alone ? NULL : r->n->floating,
                        .train = r->data.train,
                        .select = r->data.select,
                        .fit = *o,
                        .engine = r->job.engine};
}

static void ready(void *user, const tune_result *result)
{
    const run *r = user;
    tell_memory(r->c, r->ctx, &r->data, result->bytes);
}

/* What the share of right rows is of. */
static const char *judged_by(const run *r)
{
    return r->data.select.labels ? "accuracy" : "agreement";
}

static void print_score(const char *when, const run *r, const fit_score *s)
{
    const char *what = judged_by(r);
    if (r->t->fit.loss.kind == LOSS_SQUARED)
        printf("select, %s: loss %.6g\n", when, s->loss);
    else
        printf("select, %s: %s %.2f %%, loss %.4f\n", when, what, 100 * s->accuracy, s->loss);
}

enum { FLOAT, BEFORE, AFTER, N_STATES };
static const char *const state_names[] = {"float", "quantized", "tuned"};

/* Rows of --test with labels, what each state gives of them; rows 0: none are told. */
typedef struct tested {
    int64_t rows;
    fit_score score[N_STATES];
    uint8_t *hits[N_STATES];
} tested;

static bool test(run *r, const ir_graph *after, tested *t)
{
    const loss_spec *s = &r->t->fit.loss;
    const train_rows *rows = &r->data.test;
    *t = (tested){0};
    if (!rows->n || !rows->labels || s->kind == LOSS_SQUARED)
        return true;
    t->rows = rows->n;
    loss_spec ce = {.kind = LOSS_CROSS_ENTROPY, .temperature = 1};
    tengine_options o = {.batch = r->t->fit.batch, .threads = r->t->fit.threads, .inference = true};
    tengine *e = tengine_new(r->ctx, r->n->floating, &o);
    if (!e)
        return false;
    float_judge j = float_judge_new(r->ctx, e, rows, &ce, o.batch);
    for (int i = 0; i < N_STATES; i++)
        t->hits[i] = ARENA_ARRAY(r->ctx->a, uint8_t, rows->n);
    j.hits = t->hits[FLOAT];
    return judge_float(&j, &t->score[FLOAT]) &&
           tune_score(r->ctx, r->n->quantized, r->job.engine, rows, NULL, &ce, t->hits[BEFORE],
                      &t->score[BEFORE]) &&
           tune_score(r->ctx, after, r->job.engine, rows, NULL, &ce, t->hits[AFTER],
                      &t->score[AFTER]);
}

static void print_result(const run *r, const tune_result *t, const tested *on_test)
{
    print_score("before", r, &t->before);
    print_score("after", r, &t->after);
    if (!t->improved)
        puts("nothing better was found: the net is as it was");
    printf("activation codes that the training forward gives differently: %.3f %% of %lld\n",
           100 * t->differing, (long long)t->codes);
    if (on_test->rows)
        printf("test, %lld rows:\n", (long long)on_test->rows);
    for (int i = 0; on_test->rows && i < N_STATES; i++)
        printf("  %-9s %s\n", state_names[i],
               rate_text(r->ctx, on_test->score[i].right, on_test->rows));
    for (int i = BEFORE; on_test->rows && i >= FLOAT; i--)
        printf("  tuned against %s: %s\n", state_names[i],
               paired_text(r->ctx, on_test->hits[AFTER], on_test->hits[i], on_test->rows));
}

static void result_table(page *p, const run *r, const tune_result *t, const tested *on_test)
{
    static const char *const heads[] = {"state", "rows", ">loss", ">share of right rows"};
    const char *what = judged_by(r);
    bool classes = r->t->fit.loss.kind != LOSS_SQUARED;
    const fit_score *select[] = {NULL, &t->before, &t->after};
    page_table(p, "Before and after", false, heads, 4);
    for (int i = BEFORE; i < N_STATES; i++) {
        page_cell(p, "%s", state_names[i]);
        page_cell(p, "%lld that select", (long long)r->data.select.n);
        page_cell(p, "%.6g", select[i]->loss);
        page_cell(p, classes ? "%.2f %% (%s)" : "-", 100 * select[i]->accuracy, what);
    }
    for (int i = 0; on_test->rows && i < N_STATES; i++) {
        page_cell(p, "%s", state_names[i]);
        page_cell(p, "%lld of --test", (long long)on_test->rows);
        page_cell(p, "%.6g", on_test->score[i].loss);
        page_cell(p, "%s (accuracy)", rate_text(r->ctx, on_test->score[i].right, on_test->rows));
    }
    page_table_end(p);
    for (int i = BEFORE; on_test->rows && i >= FLOAT; i--)
        page_text(p, "Tuned against %s, the same rows of --test: %s.", state_names[i],
                  paired_text(r->ctx, on_test->hits[AFTER], on_test->hits[i], on_test->rows));
}

/* The page of --report, where that is asked for. */
static bool write_page(const run *r, const tune_result *t, const tested *on_test)
{
    if (!r->c->report || !ranks_first())
        return true;
    page *p = page_new(r->ctx, r->n->quantized->name, "Fine-tuning of the quantized net.");
    page_section(p, "result", "What it won");
    result_table(p, r, t, on_test);
    if (!t->improved)
        page_note(p, "Nothing better was found on the rows that select: the net is as it was.");
    page_text(p,
              "Written: the state of epoch %d, the best on the rows that select. %.3f %% of "
              "%lld activation codes differ between the training forward and the integer net.",
              t->best_epoch, 100 * t->differing, (long long)t->codes);
    page_section(p, "curve", "The run");
    run_log log = {"run", t->log, t->epochs};
    training_curves(p, "", r->t->fit.loss.kind == LOSS_SQUARED ? NULL : judged_by(r), &log, 1);
    const char *text = page_finish(p);
    return file_write(r->ctx, r->c->report, text, strlen(text));
}

static int tune(run *r)
{
    table_user table = {r->ctx, r->c->quiet, false};
    if (!tuning_choose(r))
        return EXIT_BAD_INPUT;
    tuning_set_up(r, &table);
    tune_result t = tune_net(r->ctx, &r->job, ready, r);
    progress_end(r->ctx);
    if (t.end == FIT_FAILED || t.end == FIT_STOPPED ||
        !ranks_agree(r->ctx, !ranks_first() || save_pair(r->ctx, t.quantized, r->c->outputs.v[0])))
        return EXIT_BAD_INPUT;
    if (t.end == FIT_DONE && !r->t->checkpoint && ranks_first())
        unlink(r->job.fit.checkpoint);
    tested on_test = {0};
    if ((!r->c->quiet || r->c->report) && !test(r, t.quantized, &on_test))
        return EXIT_BAD_INPUT;
    if (!r->c->quiet)
        print_result(r, &t, &on_test);
    if (!write_page(r, &t, &on_test))
        return EXIT_BAD_INPUT;
    return t.end == FIT_DONE ? EXIT_DONE : EXIT_BAD_INPUT;
}

static bool may_write(const run *r)
{
    const char *base = r->c->outputs.v[0];
    if (!ranks_first())
        return true;
    return file_may_write(r->ctx, arena_printf(r->ctx->a, "%s.qdl", base)) &&
           file_may_write(r->ctx, arena_printf(r->ctx->a, "%s.bin", base)) &&
           training_may_write(r->ctx, r->c);
}

int cmd_tune(qctx *ctx, cli *c)
{
    run r = {.ctx = ctx, .c = c, .t = training_options(ctx, c)};
    if (!c->data)
        return cli_usage(c, "no --data: the rows to tune on");
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: the saved pair's name");
    signals_note();
    if (!ranks_join(ctx))
        return EXIT_BAD_INPUT;
    bool ok = tuning_load(&r) && may_write(&r) &&
              (!r.t->test || r.t->fit.loss.kind == LOSS_SQUARED || tuning_test_labels(&r));
    int status = ranks_agree(ctx, ok) ? tune(&r) : EXIT_BAD_INPUT;
    ranks_leave(ctx);
    return status;
}
