/* training.c - signals and tables of train, tune and recover. */
#include "compiler/cli/training.h"

#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "compiler/base/file.h"
#include "compiler/train/ranks.h"

bool training_may_write(qctx *ctx, const cli *c)
{
    const training *t = c->training;
    if (!ranks_first())
        return true;
    return (!t->fit.log || file_may_write(ctx, t->fit.log)) &&
           (!t->checkpoint || file_may_write(ctx, t->checkpoint)) &&
           (!c->report || file_may_write(ctx, c->report));
}

const char *run_settings(qctx *ctx, const char *command, const char *model, const training *t,
                         const roles *r, const char *variants)
{
    const fit_options *o = &t->fit;
    return arena_printf(ctx->a,
                        "%s %s %s%s epochs %d batch %d %d %d rate %a momentum %a decay %a clip %a "
                        "loss %d %a %a patience %d init %d seed %llu%s",
                        command, model, r->settings, r->seeded_tenth ? " tenth" : "", o->epochs,
                        o->batch, (int)o->opt.kind, (int)o->opt.schedule, o->opt.rate,
                        o->opt.momentum, o->opt.decay, o->opt.clip, (int)o->loss.kind,
                        o->loss.temperature, o->loss.mix, o->patience, t->init,
                        (unsigned long long)o->seed, variants);
}

int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    n /= ranks_on_machine();
    return n > 1 ? (int)n : 1;
}

/* The one thing that a signal may touch. */
static volatile sig_atomic_t came;

static void note(int number)
{
    (void)number;
    came = 1;
}

void signals_note(void)
{
    struct sigaction s = {.sa_handler = note, .sa_flags = SA_RESETHAND}; /* a second one ends it */
    sigaction(SIGINT, &s, NULL);
    sigaction(SIGTERM, &s, NULL);
}

bool signals_came(void)
{
    return came != 0;
}

/* "12.3 M" */
static const char *bytes_text(qctx *ctx, int64_t bytes)
{
    return bytes < 1000000 ? arena_printf(ctx->a, "%.1f K", (double)bytes / 1e3)
                           : arena_printf(ctx->a, "%.1f M", (double)bytes / 1e6);
}

/* Bytes of the rows as they were read, and of the targets. */
static int64_t bytes_of_rows(const train_rows *rows)
{
    int64_t bytes = 0;
    for (int i = 0; i < rows->n_ports; i++) {
        const dataset *d = rows->ports[i].data;
        bytes += d->rows * d->row_elems * (int64_t)dtype_size(d->dtype);
    }
    const dataset *t = rows->targets;
    return bytes + (t ? t->rows * t->row_elems * (int64_t)dtype_size(t->dtype) : 0);
}

static int64_t bytes_of_data(const roles *r)
{
    int64_t select = r->seeded_tenth ? 0 : bytes_of_rows(&r->select); /* the same rows as train's */
    return bytes_of_rows(&r->train) + select + (r->test.n ? bytes_of_rows(&r->test) : 0);
}

const char *memory_text(const cli *c, qctx *ctx, int64_t bytes)
{
    const fit_options *o = &c->training->fit;
    int n = ranks_launched();
    const char *each = n > 1 ? arena_printf(ctx->a, " in each of %d processes", n) : "";
    return arena_printf(ctx->a, "%s of memory%s for batches of %d on %d thread%s",
                        bytes_text(ctx, bytes), each, o->batch, o->threads,
                        o->threads == 1 ? "" : "s");
}

void tell_memory(const cli *c, qctx *ctx, const roles *r, int64_t bytes)
{
    if (c->quiet)
        return;
    printf("%lld rows train, %lld select%s; %s of data, %s\n", (long long)r->train.n,
           (long long)r->select.n, r->seeded_tenth ? " (a seeded tenth)" : "",
           bytes_text(ctx, bytes_of_data(r)), memory_text(c, ctx, bytes));
    fflush(stdout);
}

static void print_rate(double v)
{
    if (isnan(v))
        printf("  %8s", "-");
    else
        printf("  %7.2f%%", 100 * v);
}

void table_tell(void *user, const fit_epoch *l)
{
    table_user *t = user;
    if (t->quiet)
        return;
    progress_pause(t->ctx);
    if (!t->header)
        puts("epoch  rate       loss      accuracy  select loss  select     seconds");
    t->header = true;
    printf("%5d  %-9.3g", l->epoch, l->rate);
    if (isnan(l->loss))
        printf("  %8s", "-");
    else
        printf("  %8.4f", l->loss);
    print_rate(l->accuracy);
    printf("  %11.4f", l->select_loss);
    print_rate(l->select_accuracy);
    printf("  %7.1f%s\n", l->seconds, l->best ? "  best" : "");
    fflush(stdout);
}

const char *rate_text(qctx *ctx, int64_t right, int64_t rows)
{
    double lo, hi;
    wilson_interval(right, rows, &lo, &hi);
    return arena_printf(ctx->a, "%.2f %% (%.2f … %.2f)", 100 * (double)right / (double)rows,
                        100 * lo, 100 * hi);
}

const char *paired_text(qctx *ctx, const uint8_t *hits, const uint8_t *beside, int64_t rows)
{
    int64_t won = 0, lost = 0;
    for (int64_t i = 0; i < rows; i++) {
        won += hits[i] > beside[i];
        lost += hits[i] < beside[i];
    }
    return arena_printf(ctx->a, "%+.2f points: %lld row%s won, %lld lost, exact McNemar p = %.2g",
                        100 * (double)(won - lost) / (double)rows, (long long)won,
                        won == 1 ? "" : "s", (long long)lost, mcnemar_exact(won, lost));
}
