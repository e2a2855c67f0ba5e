/* ad.c - the models of the shared data that are scored without classes.
 *
 * The ad protocol: calibrate on the windows inside frames 0-99 of one real feature file, score
 * those inside 100-199. The score is the mean squared reconstruction error of a window. ic and vww
 * have random inputs only: their numerics, layer by layer. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/file.h"
#include "compiler/quant/grid.h"
#include "compiler/report/errors.h"
#include "runtime/interp.h"
#include "tests/accuracy/bench.h"

enum { FRAMES = 200, BINS = 128, WINDOW = 5 * BINS, WINDOWS = 96, SECOND = 100 * BINS, SPOT = 5 };

static double score_of(const float *x, const float *y)
{
    double sum = 0;
    for (int i = 0; i < WINDOW; i++)
        sum += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    return sum / WINDOW;
}

/* Each window starts one frame after the one before. */
static port_map windows(qctx *ctx, const ir_tensor *t, const float *frames)
{
    float *v = ARENA_ARRAY(ctx->a, float, WINDOWS *WINDOW);
    for (int i = 0; i < WINDOWS; i++)
        memcpy(v + i * WINDOW, frames + i * BINS, WINDOW * sizeof *v);
    dataset *d = ARENA_NEW(ctx->a, dataset);
    source *src = ARENA_NEW(ctx->a, source);
    src->name = "windows";
    *d = (dataset){.src = src,
                   .path = "windows",
                   .dtype = DT_F32,
                   .rank = 2,
                   .dim = {WINDOWS, WINDOW},
                   .rows = WINDOWS,
                   .row_elems = WINDOW,
                   .data = v};
    port_map m;
    if (!port_map_make(ctx, t, d, NULL, &m))
        bench_die(ctx, "windows do not fit the model's input");
    return m;
}

/* oracle: gives the same codes, or the process ends; NULL where that was seen of enough windows. */
static void run_quantized(qctx *ctx, engine *e, interp *oracle, const ir_graph *g, const float *x,
                          float *y)
{
    int8_t in[WINDOW], out[WINDOW], want[WINDOW];
    const ir_quant *iq = g->inputs.v[0]->quant, *oq = g->outputs.v[0]->quant;
    for (int i = 0; i < WINDOW; i++)
        in[i] = (int8_t)port_quantize(x[i], iq->scale[0], iq->zero[0], -128, 127);
    if (engine_run(e, (const void *[]){in}, (void *[]){out}) != 0)
        bench_die(ctx, "the net refused its arguments");
    if (oracle) {
        interp_run(oracle, (const void *[]){in}, (void *[]){want});
        if (memcmp(out, want, sizeof out) != 0)
            bench_die(ctx, "emitted C and the reference interpreter differ");
    }
    for (int i = 0; i < WINDOW; i++)
        y[i] = (float)quant_value(oq, 0, out[i]);
}

static net *load(qctx *ctx, const char *model, const char *quant)
{
    net_options o = {0};
    o.quant_file =
        arena_printf(ctx->a, "%s/tests/accuracy/quant/%s.qdl", getenv("top_srcdir"), quant);
    net *n = net_load(ctx, bench_path(ctx, model), NULL, &o);
    if (!n)
        bench_die(ctx, "cannot import");
    return n;
}

double bench_ad(const char *quant)
{
    qctx *ctx = qctx_new();
    net *n = load(ctx, "@/data/models/ad_f32.tflite", quant);
    const source *s = file_read(ctx, bench_path(ctx, "@/data/ad01/normal_id_01_00000000.f32"));
    if (!s || s->len != FRAMES * BINS * sizeof(float))
        bench_die(ctx, "no feature file of 200 frames");
    float *frames = arena_memdup(ctx->a, s->text, s->len), y[WINDOW];
    port_map m = windows(ctx, n->floating->inputs.v[0], frames);
    if (!net_quantize_ports(ctx, n, &m, false))
        bench_die(ctx, "quantization failed");
    engine *fe = bench_engine(ctx, n->floating, true), *qe = bench_engine(ctx, n->legal, false);
    interp *oracle = interp_new(ctx, n->legal);
    double sum = 0, square = 0, error = 0;
    for (int i = 0; i < WINDOWS; i++) {
        const float *x = frames + SECOND + i * BINS;
        if (engine_run(fe, (const void *[]){x}, (void *[]){y}) != 0)
            bench_die(ctx, "the float net refused its arguments");
        double f = score_of(x, y);
        run_quantized(ctx, qe, i < SPOT ? oracle : NULL, n->legal, x, y);
        double d = score_of(x, y) - f;
        sum += f;
        square += f * f;
        error += d * d;
    }
    double mean = sum / WINDOWS, deviation = sqrt(square / WINDOWS - mean * mean);
    qctx_free(ctx);
    return sqrt(error / WINDOWS) / deviation;
}

double bench_weight_bytes(const char *model, const char *quant)
{
    qctx *ctx = qctx_new();
    net *n = load(ctx, model, quant);
    int64_t weights, constants;
    if (!net_quantize_ports(ctx, n, NULL, false))
        bench_die(ctx, "quantization failed");
    model_sizes(ctx, n->legal, NULL, &weights, &constants);
    qctx_free(ctx);
    return (double)weights;
}

void bench_sqnr(const char *name, const char *model, const char *rows, const char *quant)
{
    qctx *ctx = qctx_new();
    net *n = load(ctx, model, quant);
    dataset *d = dataset_read(ctx, bench_path(ctx, rows), false);
    port_map m;
    layer_error *e;
    if (!d || !port_map_make(ctx, n->floating->inputs.v[0], d, NULL, &m))
        bench_die(ctx, "cannot load the rows");
    if (!net_quantize_ports(ctx, n, &m, false) || !explain_errors(ctx, n, &m, &e))
        bench_die(ctx, "quantization failed");
    for (int i = 0; i < n->prepared->ops.n; i++)
        printf("# %s: %s %.2f dB\n", name, e[i].op->name, e[i].sqnr_db);
    qctx_free(ctx);
}
