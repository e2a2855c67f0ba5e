/* progress.c - a progress bar on standard error, only where that is a terminal. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compiler/cli/cli.h"

enum { BAR = 30 };
static const double REDRAW_SECONDS = 0.1;

typedef struct bar {
    double drawn_at;
    bool visible;
} bar;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw(void *user, const char *what, double done)
{
    bar *b = user;
    double t = now();
    if (t - b->drawn_at < REDRAW_SECONDS)
        return;
    b->drawn_at = t;
    b->visible = true;
    int full = (int)(done * BAR + 0.5);
    full = full < 0 ? 0 : full > BAR ? BAR : full;
    fprintf(stderr, "\r%-24.24s [%.*s%*s] %3d %%", what, full, "##############################",
            BAR - full, "", (int)(done * 100));
    fflush(stderr);
}

void progress_start(qctx *ctx, const cli *c)
{
    if (c->quiet || !isatty(STDERR_FILENO))
        return;
    ctx->progress_user = ARENA_NEW(ctx->a, bar);
    ctx->progress = draw;
}

void progress_end(qctx *ctx)
{
    bar *b = ctx->progress_user;
    if (b && b->visible)
        fprintf(stderr, "\r%70s\r", "");
    ctx->progress = NULL;
}
