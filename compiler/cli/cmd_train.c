/* cmd_train.c - `qcc train`: float weights from scratch, or further from given ones. */
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/base/sha256.h"
#include "compiler/cli/training.h"
#include "compiler/cli/training_page.h"
#include "compiler/train/init.h"
#include "compiler/train/ranks.h"

typedef struct run {
    qctx *ctx;
    cli *c;
    training *t;
    net *n;
    roles data;
    const char *variants; /* the augmentation of the training rows, "" none */
    tengine *e;
    fit f;
    const char *out;
} run;

/* The inputs themselves as targets: a net that gives back what it gets. */
static const float *inputs_as_targets(run *r, const train_rows *rows)
{
    int64_t n = ir_elems(&rows->ports->port->shape);
    float *all = ARENA_ARRAY(r->ctx->a, float, rows->ports->rows *n);
    for (int64_t i = 0; i < rows->ports->rows; i++)
        port_row_real(rows->ports, i, all + i * n);
    return all;
}

static bool check_loss(run *r)
{
    const ir_graph *g = r->n->lowered;
    if (r->t->fit.loss.kind != LOSS_SQUARED || r->data.train.targets ||
        ir_elems(&g->inputs.v[0]->shape) == ir_elems(&g->outputs.v[0]->shape))
        return true;
    diag_add(r->ctx, D_TRAIN_LABELS, loc_none(),
             "--loss mse without --labels wants outputs of the input's size");
    diag_hint(r->ctx, "--labels FILE gives target outputs, a row for each of --data");
    return false;
}

static bool load(run *r)
{
    cli *c = r->c;
    const char *weights = c->operands.n > 1 ? c->operands.v[1] : NULL;
    r->n = net_load(r->ctx, c->operands.v[0], weights, &c->net);
    if (!r->n)
        return false;
    if (r->n->saved) {
        diag_add(r->ctx, D_SAVED_OPTION, loc_file(r->n->file->src),
                 "a saved pair has no float weights");
        diag_hint(r->ctx, "train the original model; `qcc tune` takes a saved pair");
        return false;
    }
    if (!tengine_trains(r->ctx, r->n->lowered)) /* before labels are held against its outputs */
        return false;
    init_weights(r->ctx, r->n->lowered, r->t->init < 0 ? 0 : r->t->init, r->ctx->seed);
    return roles_read(r->ctx, c, r->n->lowered, r->t->fit.loss.kind != LOSS_SQUARED, &r->data) &&
           check_loss(r) && roles_vary(r->ctx, c, r->n, r->n->lowered, &r->data, &r->variants);
}

static const char *settings(run *r)
{
    sha256 s;
    char hex[65];
    sha256_init(&s);
    sha256_update(&s, r->n->file->src->text, r->n->file->src->len);
    sha256_hex(&s, hex);
    return run_settings(r->ctx, "train", hex, r->t, &r->data, r->variants);
}

static void set_up_fit(run *r, float_judge *judge, table_user *table)
{
    fit_options *o = &r->t->fit;
    o->seed = r->ctx->seed;
    o->checkpoint =
        r->t->checkpoint ? r->t->checkpoint : arena_printf(r->ctx->a, "%s.ckpt", r->out);
    o->settings = settings(r);
    o->stopped = signals_came;
    o->tell = table_tell;
    o->user = table;
    o->judge_start = r->c->operands.n > 1;
    o->by_loss = o->loss.kind == LOSS_SQUARED;
    r->f = (fit){.ctx = r->ctx,
                 .o = *o,
                 .e = r->e,
                 .rows = r->data.train,
                 .judge = judge_float,
                 .judge_user = judge};
    *judge = float_judge_new(r->ctx, r->e, &r->data.select, &o->loss, o->batch);
    if (o->loss.kind == LOSS_SQUARED && !r->data.train.targets) {
        r->f.teacher = inputs_as_targets(r, &r->data.train);
        r->f.echo = true;
        judge->teacher =
            r->data.seeded_tenth ? r->f.teacher : inputs_as_targets(r, &r->data.select);
    }
}

/* The best weights, from the engine through the graph into the file. */
static bool save(run *r)
{
    ir_graph *g = r->n->lowered;
    named_tensor *t;
    int n;
    for (int i = 0; i < g->tensors.n; i++) {
        ir_tensor *c = g->tensors.v[i];
        float *data =
            c->kind == IR_CONST ? ARENA_ARRAY(r->ctx->a, float, ir_elems(&c->shape)) : NULL;
        if (data && tengine_read(r->e, c, data))
            c->data = data;
    }
    bool ok = !ranks_first() || (weights_export(r->ctx, g, &t, &n) &&
                                 safetensors_write(r->ctx, r->out, t, n, NULL, 0));
    return ranks_agree(r->ctx, ok);
}

/* What the run gave on rows of a role. */
static const char *score_text(run *r, const fit_score *s, int64_t rows)
{
    if (r->t->fit.loss.kind == LOSS_SQUARED)
        return arena_printf(r->ctx->a, "loss %.6g on %lld rows", s->loss, (long long)rows);
    return arena_printf(r->ctx->a, "accuracy %s, loss %.4f on %lld rows",
                        rate_text(r->ctx, s->right, rows), s->loss, (long long)rows);
}

/* The page of --report, where that is asked for; test: of --test, or NULL. */
static bool write_page(run *r, const fit_score *test)
{
    bool classes = r->t->fit.loss.kind != LOSS_SQUARED;
    if (!r->c->report || !ranks_first())
        return true;
    page *p = page_new(r->ctx, r->n->lowered->name, "Training from scratch.");
    page_section(p, "result", "What was reached");
    page_text(p, "Rows that select: %s, after epoch %d, the best.",
              score_text(r, &r->f.best, r->data.select.n), r->f.best_epoch);
    if (test)
        page_text(p, "Rows of --test: %s.", score_text(r, test, r->data.test.n));
    page_section(p, "curve", "The run");
    run_log log = {"run", r->f.log.v, r->f.log.n};
    training_curves(p, "", classes ? "accuracy" : NULL, &log, 1);
    const char *text = page_finish(p);
    return file_write(r->ctx, r->c->report, text, strlen(text));
}

/* On --test, and the page. */
static bool report(run *r)
{
    fit_score s;
    if (!r->data.test.n)
        return write_page(r, NULL);
    float_judge j = float_judge_new(r->ctx, r->e, &r->data.test, &r->t->fit.loss, r->t->fit.batch);
    if (r->t->fit.loss.kind == LOSS_SQUARED && !r->data.test.targets)
        j.teacher = inputs_as_targets(r, &r->data.test);
    judge_float(&j, &s);
    printf("test: %s\n", score_text(r, &s, r->data.test.n));
    return write_page(r, &s);
}

static int train(run *r)
{
    float_judge judge;
    table_user table = {r->ctx, r->c->quiet, false};
    tengine_options o = {
        .batch = r->t->fit.batch, .threads = r->t->fit.threads, .norm_momentum = 0.1};
    r->e = tengine_new(r->ctx, r->n->lowered, &o);
    if (!r->e)
        return EXIT_BAD_INPUT;
    set_up_fit(r, &judge, &table);
    tell_memory(r->c, r->ctx, &r->data, tengine_bytes(r->e) + fit_bytes(&r->f));
    fit_end end = fit_run(&r->f);
    progress_end(r->ctx);
    bool worth = end == FIT_DONE || (end == FIT_DIVERGED && r->f.best_epoch >= 0);
    if (!worth || !save(r) || end != FIT_DONE)
        return EXIT_BAD_INPUT;
    if (!r->t->checkpoint && ranks_first())
        unlink(r->f.o.checkpoint);
    return report(r) ? EXIT_DONE : EXIT_BAD_INPUT;
}

int cmd_train(qctx *ctx, cli *c)
{
    run r = {.ctx = ctx, .c = c, .t = training_options(ctx, c)};
    if (!c->data)
        return cli_usage(c, "no --data: the rows to train on");
    if (c->outputs.n != 1)
        return cli_usage(c, c->outputs.n ? "more than one -o" : "no -o: where the weights go");
    if (r.t->fit.loss.kind == LOSS_DISTILL)
        return cli_usage(c, "--loss distill needs a float net to learn from: `qcc tune`");
    if (c->operands.n > 1 && r.t->init >= 0)
        return cli_usage(c, "weights are given: --init would do nothing");
    r.out = c->outputs.v[0];
    if (!r.t->fit.threads)
        r.t->fit.threads = processors();
    signals_note();
    if (!ranks_join(ctx))
        return EXIT_BAD_INPUT;
    bool ok =
        load(&r) && (!ranks_first() || file_may_write(ctx, r.out)) && training_may_write(ctx, c);
    int status = ranks_agree(ctx, ok) ? train(&r) : EXIT_BAD_INPUT;
    ranks_leave(ctx);
    return status;
}
