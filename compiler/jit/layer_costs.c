/* layer_costs.c - what each layer of the emitted C costs, measured through NAME_profile. */
#include "compiler/jit/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/base/file.h"

enum { LEAST_RUNS = 20, MOST_RUNS = 2000 };
#define SECONDS 0.25 /* that the runs of one variant take, between LEAST_RUNS and MOST_RUNS */

/* ---- on this machine ------------------------------------------------------------------------ */

typedef struct stopwatch {
    double *run; /* [ops], of the run that goes on */
    double since;
} stopwatch;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void layer_done(void *user, int op, const void *out, uint32_t bytes)
{
    stopwatch *w = user;
    (void)out;
    (void)bytes;
    double t = now();
    w->run[op] += t - w->since;
    w->since = now();
}

/* Codes that come out of nowhere but the same every time (MINSTD), one buffer a port. */
static void **port_buffers(arena *a, const ir_tensor *const *ports, int n)
{
    void **buffers = ARENA_ARRAY(a, void *, n);
    uint32_t x = 1;
    for (int i = 0; i < n; i++) {
        size_t bytes = (size_t)ir_elems(&ports[i]->shape) * ir_type_size(ports[i]->type);
        unsigned char *b = arena_alloc(a, bytes);
        for (size_t k = 0; k < bytes; k++) {
            x = (uint32_t)((uint64_t)x * 16807 % 2147483647);
            b[k] = (unsigned char)(x >> 16);
        }
        buffers[i] = b;
    }
    return buffers;
}

static bool timed(qctx *ctx, const cost_request *want, double *cost)
{
    const ir_graph *g = want->graph;
    size_t bytes = (size_t)g->ops.n * sizeof *cost;
    stopwatch w = {ARENA_ARRAY(ctx->a, double, g->ops.n), 0};
    engine *e = engine_listening(ctx, g, ENGINE_CC, want->options, want->cflags, layer_done, &w);
    if (!e)
        return false;
    void **in = port_buffers(ctx->a, (const ir_tensor *const *)g->inputs.v, g->inputs.n);
    void **out = port_buffers(ctx->a, (const ir_tensor *const *)g->outputs.v, g->outputs.n);
    double begin = now();
    for (int run = 0; run < LEAST_RUNS || (run < MOST_RUNS && now() - begin < 1e9 * SECONDS);
         run++) {
        memset(w.run, 0, bytes);
        w.since = now();
        engine_run(e, (const void *const *)in, out);
        for (int i = 0; i < g->ops.n; i++)
            cost[i] = run == 0 || w.run[i] < cost[i] ? w.run[i] : cost[i];
    }
    return true;
}

/* ---- by a command ---------------------------------------------------------------------------- */

static bool read_costs(qctx *ctx, const source *src, int n, double *cost)
{
    int lines = 0;
    for (const char *p = src->text; p && *p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, "layer ", 6))
            continue;
        char *end;
        long i = strtol(p + 6, &end, 10);
        double v = strtod(end, &end);
        if (i < 0 || i >= n || !isfinite(v) || v < 0 || (*end && *end != '\n')) {
            diag_add(ctx, D_KERNEL_COSTS, loc_none(), "'%.60s' is no cost of one of %d layers",
                     arena_strndup(ctx->a, p, strcspn(p, "\n")), n);
            diag_expected(ctx, "lines `layer NUMBER COST`, from layer 0 on");
            return false;
        }
        cost[i] += v;
        lines++;
    }
    if (!lines)
        diag_add(ctx, D_KERNEL_COSTS, loc_none(),
                 "the measuring command wrote no line `layer NUMBER COST`");
    return lines > 0;
}

static bool commanded(qctx *ctx, const cost_request *want, double *cost)
{
    static const char *const none[] = {NULL};
    emit_options o = *want->options;
    o.prefix = "net";
    o.profile = o.io_in_arena = true;
    o.static_arena = o.float_io = o.selftest = o.split_weights = o.want_header = false;
    o.section = NULL;
    emit_result r;
    if (!emit_c(ctx, want->graph, &o, &r))
        return false;
    cc_request how = {want->command, "", none, NULL};
    cc_job *job = cc_run_by(ctx, &how, r.c, "costs");
    const source *src = job ? file_read(ctx, job->output) : NULL;
    bool ok = src && read_costs(ctx, src, want->graph->ops.n, cost);
    if (job)
        cc_done(job);
    return ok;
}

bool layer_costs(qctx *ctx, const cost_request *want, double *cost)
{
    for (int i = 0; i < want->graph->ops.n; i++)
        cost[i] = 0;
    return want->command ? commanded(ctx, want, cost) : timed(ctx, want, cost);
}
