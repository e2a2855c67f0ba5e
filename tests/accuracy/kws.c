/* kws.c - the kws protocol of the accuracy figures, on 1,000 real utterances.
 *
 * Fold A = rows 0-499, B = 500-999. For each of five seeds: 200 rows of one fold, without labels,
 * calibrate; the other fold is scored; the folds swap; the 1,000 predictions are pooled. Six pairs of
 * byte-identical rows enter no fit. Held out by utterance, not by speaker. Predictions come from the
 * emitted C (system compiler, else libtcc); the first rows of each fold are compared with the reference
 * interpreter bit for bit. Skips (77) without the shared data. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/jit/engine.h"
#include "compiler/base/rng.h"
#include "compiler/pipeline.h"
#include "runtime/interp.h"

enum { ROWS = 1000, FOLD = 500, CALIBRATE = 200, SEEDS = 5, CLASSES = 12, IN = 490, SPOT = 5 };
static const int doubles[] = {196, 249, 252, 316, 347, 565, 586, 594, 714, 811, 857, 899};

/* Bounds of the issue that this test stands for. */
static const double MEDIAN_AGREEMENT = 98.8, WORST_AGREEMENT = 98.3, ACCURACY_LOSS = 0.5;

typedef struct bench {
    qctx *ctx;
    net *net;
    port_map all;
    int32_t *labels;
    int float_guess[ROWS];
    double float_accuracy;
} bench;

static int argmax_float(const float *v)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static int argmax_code(const int8_t *v)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static void die(qctx *ctx, const char *what)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    fprintf(stderr, "%s%s\n", buf_str(&b), what);
    exit(1);
}

static engine *best_engine(qctx *ctx, const ir_graph *g, bool is_float)
{
    emit_options o;
    emit_options_init(&o);
    o.emit_float = is_float;
    engine_kind kind = engine_available(ENGINE_CC) ? ENGINE_CC : ENGINE_JIT;
    engine *e = engine_new(ctx, g, kind, &o, "-O2");
    if (!e)
        die(ctx, "no engine");
    return e;
}

static void run_float(bench *b)
{
    engine *e = best_engine(b->ctx, b->net->floating, true);
    float in[IN], out[CLASSES];
    int right = 0;
    for (int r = 0; r < ROWS; r++) {
        port_row_real(&b->all, r, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){out}) != 0)
            die(b->ctx, "float net refused its arguments");
        b->float_guess[r] = argmax_float(out);
        right += b->float_guess[r] == b->labels[r];
    }
    b->float_accuracy = 100.0 * right / ROWS;
}

static bool is_double(int row)
{
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (doubles[i] == row)
            return true;
    return false;
}

/* 200 seeded rows of the fold that starts at `start` as a data set of their own. */
static dataset *subset(bench *b, int start, uint64_t seed)
{
    int perm[FOLD], n = 0;
    rng r;
    rng_seed(&r, seed * 2 + (start > 0));
    rng_shuffle(&r, perm, FOLD);
    int8_t *data = arena_alloc(b->ctx->a, CALIBRATE * IN);
    for (int i = 0; i < FOLD && n < CALIBRATE; i++)
        if (!is_double(start + perm[i]))
            memcpy(data + IN * n++, (const int8_t *)b->all.data->data + IN * (start + perm[i]), IN);
    dataset *d = arena_memdup(b->ctx->a, b->all.data, sizeof *d);
    d->data = data;
    d->rows = n;
    d->dim[0] = n;
    return d;
}

static ir_graph *quantize(bench *b, dataset *d)
{
    port_map m;
    net *n = b->net;
    act_range *ranges = ARENA_ARRAY(b->ctx->a, act_range, n->floating->tensors.n);
    if (!port_map_make(b->ctx, n->floating->inputs.v[0], d, NULL, &m) ||
        !calibrate(b->ctx, n->floating, n->spec, &m, ranges))
        die(b->ctx, "calibration failed");
    ir_graph *g = choose_quantization(b->ctx, n->floating, n->spec, ranges);
    if (!g || !legalize(b->ctx, g, IR_NUM_Q32) || !prove_bounds(b->ctx, g, false))
        die(b->ctx, "quantization failed");
    return g;
}

static void score_fold(bench *b, int calibrated, uint64_t seed, int *agree, int *right)
{
    ir_graph *g = quantize(b, subset(b, calibrated, seed));
    engine *e = best_engine(b->ctx, g, false);
    interp *oracle = interp_new(b->ctx, g);
    int start = FOLD - calibrated;
    for (int r = start; r < start + FOLD; r++) {
        int8_t in[IN], out[CLASSES], want[CLASSES];
        port_row_codes(&b->all, r, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){out}) != 0)
            die(b->ctx, "net refused its arguments");
        if (r < start + SPOT) {
            interp_run(oracle, (const void *[]){in}, (void *[]){want});
            if (memcmp(out, want, CLASSES) != 0)
                die(b->ctx, "emitted C and the reference interpreter differ");
        }
        int guess = argmax_code(out);
        *agree += guess == b->float_guess[r];
        *right += guess == b->labels[r];
    }
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static int judge(const bench *b, double *agreement, double *accuracy)
{
    qsort(agreement, SEEDS, sizeof *agreement, ascending);
    qsort(accuracy, SEEDS, sizeof *accuracy, ascending);
    double median = agreement[SEEDS / 2], middle = accuracy[SEEDS / 2];
    printf("kws int8: agreement median %.1f worst %.1f best %.1f; accuracy median %.1f worst %.1f "
           "best %.1f; float %.1f\n", median, agreement[0], agreement[SEEDS - 1], middle, accuracy[0],
           accuracy[SEEDS - 1], b->float_accuracy);
    bool ok = median >= MEDIAN_AGREEMENT - 1e-9 && agreement[0] >= WORST_AGREEMENT - 1e-9 &&
              middle >= b->float_accuracy - ACCURACY_LOSS - 1e-9;
    if (!ok)
        fprintf(stderr, "FAIL: wanted agreement %.1f median, %.1f worst, accuracy within %.1f of float\n",
                MEDIAN_AGREEMENT, WORST_AGREEMENT, ACCURACY_LOSS);
    return ok ? 0 : 1;
}

static void load(bench *b, const char *shared, const char *top)
{
    char path[3][4096];
    snprintf(path[0], sizeof path[0], "%s/tests/accuracy/kws.qdl", top);
    snprintf(path[1], sizeof path[1], "%s/data/models/kws_float.safetensors", shared);
    snprintf(path[2], sizeof path[2], "%s/data/kws01/features.npy", shared);
    net_options o = {0};
    b->net = net_load(b->ctx, path[0], path[1], &o);
    dataset *d = b->net ? dataset_read(b->ctx, path[2], false) : NULL;
    if (!d || !port_map_make(b->ctx, b->net->floating->inputs.v[0], d, NULL, &b->all))
        die(b->ctx, "cannot load");
    snprintf(path[2], sizeof path[2], "%s/data/kws01/labels.npy", shared);
    if (!labels_read(b->ctx, path[2], CLASSES, ROWS, &b->labels))
        die(b->ctx, "cannot load the labels");
}

int main(void)
{
    const char *shared = getenv("QCC_SHARED"), *top = getenv("top_srcdir");
    char probe[4096];
    snprintf(probe, sizeof probe, "%s/data/kws01/features.npy", shared ? shared : "");
    if (!shared || !top || access(probe, R_OK) != 0) {
        fprintf(stderr, "SKIP: no shared data (QCC_SHARED)\n");
        return 77;
    }
    bench b = {.ctx = qctx_new()};
    if (!b.ctx)
        return 99;
    load(&b, shared, top);
    run_float(&b);
    double agreement[SEEDS], accuracy[SEEDS];
    for (int s = 0; s < SEEDS; s++) {
        int agree = 0, right = 0;
        score_fold(&b, 0, (uint64_t)s + 1, &agree, &right);
        score_fold(&b, FOLD, (uint64_t)s + 1, &agree, &right);
        agreement[s] = 100.0 * agree / ROWS;
        accuracy[s] = 100.0 * right / ROWS;
        printf("seed %d: agreement %.1f accuracy %.1f\n", s + 1, agreement[s], accuracy[s]);
    }
    int status = judge(&b, agreement, accuracy);
    qctx_free(b.ctx);
    return status;
}
