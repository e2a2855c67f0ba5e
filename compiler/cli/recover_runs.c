/* recover_runs.c - the runs of recover: their checkpoints, their lines in one log. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/cli/recover.h"

static const char *checkpoint_of(const recovery *r, int run)
{
    return arena_printf(r->t.ctx->a, "%s.%d", r->checkpoints, run + 1);
}

static void put_lines(buf *b, const recovery_run *run)
{
    for (int i = 0; i < run->log.n; i++) {
        buf_printf(b, "%s,%lld,%s,", strcmp(run->name, "tuned") ? "control" : run->name,
                   (long long)run->rows, run->varied ? "yes" : "no");
        fit_put_line(b, &run->log.v[i]);
    }
}

/* The whole log so far, where one is asked for. */
static bool write_log(recovery *r)
{
    const char *path = r->t.t->fit.log;
    buf b;
    if (!path)
        return true;
    buf_init(&b, r->t.ctx->a);
    buf_puts(&b, "state,rows,augmented," FIT_LOG_HEADS);
    for (int i = 0; i < r->runs.n; i++)
        put_lines(&b, &r->runs.v[i]);
    return file_write(r->t.ctx, path, b.p, b.n);
}

/* fit_options.tell */
static void note_epoch(void *user, const fit_epoch *line)
{
    recovery *r = user;
    *VEC_PUSH(r->t.ctx->a, &r->runs.v[r->runs.n - 1].log) = *line;
    write_log(r); /* that it fails is told when the run ends */
}

void run_begin(recovery *r, const state_row *row, fit_options *o)
{
    *VEC_PUSH(r->t.ctx->a, &r->runs) =
        (recovery_run){.name = row->name, .rows = row->rows, .varied = row->varied};
    o->checkpoint = checkpoint_of(r, r->runs.n - 1);
    o->resume = r->resume && !access(o->checkpoint, F_OK);
    o->settings = arena_printf(r->t.ctx->a, "%s run %d", o->settings, r->runs.n);
    o->log = NULL;
    o->tell = note_epoch;
    o->user = r;
}

bool run_end(recovery *r, const fit_epoch *line, int n)
{
    recovery_run *run = &r->runs.v[r->runs.n - 1];
    run->log.n = 0;
    for (int i = 0; i < n; i++)
        *VEC_PUSH(r->t.ctx->a, &run->log) = line[i];
    return write_log(r);
}

void run_count(const recovery *r, fit_score *s)
{
    s->right = llround(s->accuracy * (double)r->t.data.select.n);
}

bool runs_may_write(recovery *r)
{
    r->checkpoints = r->t.t->checkpoint
                         ? r->t.t->checkpoint
                         : arena_printf(r->t.ctx->a, "%s.ckpt", r->t.c->outputs.v[0]);
    r->resume = r->t.t->fit.resume;
    return training_may_write(r->t.ctx, r->t.c) && file_may_write(r->t.ctx, checkpoint_of(r, 0));
}

void runs_forget(const recovery *r)
{
    for (int i = 0; i < r->runs.n; i++)
        unlink(checkpoint_of(r, i));
}
