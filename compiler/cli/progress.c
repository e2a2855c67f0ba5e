/* progress.c - a progress bar on standard error, only where that is a terminal. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compiler/cli/cli.h"
#include "compiler/train/ranks.h"

enum { BAR = 30 };
static const double REDRAW_SECONDS = 0.1;

typedef struct bar {
    double drawn_at, began;
    bool visible;
} bar;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Time left, judged by what is done, once there is something to judge by. */
static void print_left(double spent, double done)
{
    if (spent < 2 || done <= 0 || done >= 1)
        return;
    int64_t left = (int64_t)(spent / done * (1 - done) + 0.5);
    if (left >= 60)
        fprintf(stderr, ", %lld min %02lld s left", (long long)(left / 60), (long long)(left % 60));
    else
        fprintf(stderr, ", %lld s left", (long long)left);
}

static void draw(void *user, const char *what, double done)
{
    bar *b = user;
    double t = now();
    b->began = b->began > 0 ? b->began : t;
    if (t - b->drawn_at < REDRAW_SECONDS)
        return;
    b->drawn_at = t;
    b->visible = true;
    int full = (int)(done * BAR + 0.5);
    full = full < 0 ? 0 : full > BAR ? BAR : full;
    fprintf(stderr, "\r\033[K%-24.48s [%.*s%*s] %3d %%", what, full, "##############################",
            BAR - full, "", (int)(done * 100));
    print_left(t - b->began, done);
    fflush(stderr);
}

void progress_start(qctx *ctx, const cli *c)
{
    if (c->quiet || !isatty(STDERR_FILENO) || !ranks_first())
        return;
    ctx->progress_user = ARENA_NEW(ctx->a, bar);
    ctx->progress = draw;
}

void progress_pause(qctx *ctx)
{
    bar *b = ctx->progress_user;
    if (b && b->visible)
        fputs("\r\033[K", stderr);
}

void progress_end(qctx *ctx)
{
    progress_pause(ctx);
    ctx->progress = NULL;
}
