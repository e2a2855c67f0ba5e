/* bench.c - accuracy of quantized nets over seeds of the calibration subset (contracts.md §5).
 *
 * For each seed 200 rows, without labels, calibrate; predictions come from the emitted C (system
 * compiler, else libtcc), and the first of them are compared with the reference interpreter bit for
 * bit. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/rng.h"
#include "runtime/interp.h"
#include "tests/accuracy/bench.h"

enum { CALIBRATE = 200, SPOT = 5 };

#define FASHION "/usr/share/datasets/fashion-mnist/"

static const bench_net nets[] = {
    {"kws", "%s/tests/accuracy/kws.qdl", "@/data/models/kws_float.safetensors",
     "@/data/kws01/features.npy", "@/data/kws01/labels.npy", NULL, 1000, 12, true},
    {"dscnn", "%s/examples/fashion/dscnn.qdl", "%s/examples/fashion/dscnn.safetensors",
     FASHION "t10k-images-idx3-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz",
     FASHION "train-images-idx3-ubyte.gz", 10000, 10, false},
    {"fashion-lenet", "%s/examples/fashion/lenet.qdl", "%s/examples/fashion/lenet.safetensors",
     FASHION "t10k-images-idx3-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz",
     FASHION "train-images-idx3-ubyte.gz", 10000, 10, false},
    {"mnist-lenet", "%s/examples/mnist/lenet.qdl", "%s/examples/mnist/lenet.safetensors",
     "!/t10k-images-idx3-ubyte", "!/t10k-labels-idx1-ubyte", "!/train-images-idx3-ubyte", 10000, 10,
     false},
};

/* The six pairs of byte-identical rows of kws01: they enter no fit. */
static const int doubles[] = {196, 249, 252, 316, 347, 565, 586, 594, 714, 811, 857, 899};

typedef struct bench {
    qctx *ctx;
    const bench_net *n;
    net *net;
    port_map test;
    dataset *pool; /* rows that calibrate */
    int32_t *labels;
    const int *float_guess;
} bench;

const bench_net *bench_find(const char *name)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (!strcmp(nets[i].name, name))
            return &nets[i];
    return NULL;
}

_Noreturn void bench_die(qctx *ctx, const char *what)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < diag_count(ctx); i++)
        diag_print(&b, diag_get(ctx, i));
    fprintf(stderr, "%s%s\n", buf_str(&b), what);
    exit(1);
}

const char *bench_path(qctx *ctx, const char *pattern)
{
    const char *shared = getenv("QCC_SHARED"), *mnist = getenv("QCC_MNIST");
    if (*pattern == '@')
        return arena_printf(ctx->a, "%s%s", shared ? shared : "/nonexistent", pattern + 1);
    if (*pattern == '!')
        return arena_printf(ctx->a, "%s%s", mnist ? mnist : "/nonexistent", pattern + 1);
    return *pattern == '%' ? arena_printf(ctx->a, "%s%s", getenv("top_srcdir"), pattern + 2)
                           : pattern;
}

const char *bench_missing(const bench_net *n)
{
    qctx *ctx = qctx_new();
    bool there =
        !access(bench_path(ctx, n->test), R_OK) && !access(bench_path(ctx, n->weights), R_OK);
    qctx_free(ctx);
    return there             ? NULL
           : *n->test == '!' ? "no real MNIST (examples/mnist/fetch.sh)"
           : *n->test == '@' ? "no shared data (QCC_SHARED)"
                             : "no dataset-fashion-mnist";
}

/* ---- data ------------------------------------------------------------------------------------ */

static bool enters_no_fit(const bench_net *n, int row)
{
    for (size_t i = 0; n->folds && i < sizeof doubles / sizeof *doubles; i++)
        if (doubles[i] == row)
            return true;
    return false;
}

/* 200 seeded rows of pool[start, start + count) as a data set of their own. */
static dataset *subset(bench *b, int start, int count, uint64_t seed)
{
    const dataset *pool = b->pool;
    size_t row = (size_t)pool->row_elems * dtype_size(pool->dtype);
    int *perm = ARENA_ARRAY(b->ctx->a, int, count), n = 0;
    rng r;
    rng_seed(&r, seed * 2 + (start > 0));
    rng_shuffle(&r, perm, count);
    char *data = arena_alloc(b->ctx->a, CALIBRATE * row);
    for (int i = 0; i < count && n < CALIBRATE; i++)
        if (!enters_no_fit(b->n, start + perm[i]))
            memcpy(data + row * (size_t)n++,
                   (const char *)pool->data + row * (size_t)(start + perm[i]), row);
    dataset *d = arena_memdup(b->ctx->a, pool, sizeof *d);
    d->data = data;
    d->rows = n;
    d->dim[0] = n;
    return d;
}

static bench load(const bench_net *n, const char *quant)
{
    bench b = {.ctx = qctx_new(), .n = n};
    if (!b.ctx)
        exit(99);
    net_options o = {0};
    if (quant)
        o.quant_file =
            arena_printf(b.ctx->a, "%s/tests/accuracy/quant/%s.qdl", getenv("top_srcdir"), quant);
    b.net = net_load(b.ctx, bench_path(b.ctx, n->qdl), bench_path(b.ctx, n->weights), &o);
    dataset *d = b.net ? dataset_read(b.ctx, bench_path(b.ctx, n->test), false) : NULL;
    if (!d || !port_map_make(b.ctx, b.net->floating->inputs.v[0], d, NULL, &b.test) ||
        !labels_read(b.ctx, bench_path(b.ctx, n->labels), n->classes, n->rows, &b.labels))
        bench_die(b.ctx, "cannot load the net and its data");
    b.pool = n->train && quant ? dataset_read(b.ctx, bench_path(b.ctx, n->train), false) : d;
    if (!b.pool)
        bench_die(b.ctx, "cannot load the training data");
    return b;
}

void bench_write_fold(const bench_net *n, int start, int end, const char *path)
{
    qctx *ctx = qctx_new();
    const dataset *d = dataset_read(ctx, bench_path(ctx, n->test), false);
    if (!d)
        bench_die(ctx, "cannot load the rows");
    size_t row = (size_t)d->row_elems * dtype_size(d->dtype);
    char *data = arena_alloc(ctx->a, row * (size_t)(end - start));
    int64_t dim[8] = {0};
    for (int r = start; r < end; r++)
        if (!enters_no_fit(n, r))
            memcpy(data + row * (size_t)dim[0]++, (const char *)d->data + row * (size_t)r, row);
    memcpy(dim + 1, d->dim + 1, (size_t)(d->rank - 1) * sizeof *dim);
    if (!npy_write(ctx, path, d->dtype, d->rank, dim, data))
        bench_die(ctx, "cannot write the rows of a fold");
    qctx_free(ctx);
}

/* ---- runs ------------------------------------------------------------------------------------ */

engine *bench_engine(qctx *ctx, const ir_graph *g, bool is_float)
{
    emit_options o;
    emit_options_init(&o);
    o.emit_float = is_float;
    engine *e = engine_new(ctx, g, engine_available(ENGINE_CC) ? ENGINE_CC : ENGINE_JIT, &o, "-O2");
    if (!e)
        bench_die(ctx, "no engine");
    return e;
}

static int argmax_float(const float *v, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static int argmax_code(const int8_t *v, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

int bench_float(const bench_net *n, int *guess)
{
    bench b = load(n, NULL);
    engine *e = bench_engine(b.ctx, b.net->floating, true);
    float *in = ARENA_ARRAY(b.ctx->a, float, b.pool->row_elems), out[64];
    int right = 0;
    for (int r = 0; r < n->rows; r++) {
        port_row_real(&b.test, r, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){out}) != 0)
            bench_die(b.ctx, "the float net refused its arguments");
        guess[r] = argmax_float(out, n->classes);
        right += guess[r] == b.labels[r];
    }
    qctx_free(b.ctx);
    return right;
}

/* The emitted C of a LEGAL graph on rows [start, end). */
static void score(bench *b, const ir_graph *g, int start, int end, bench_hits *h)
{
    qctx *ctx = b->ctx;
    engine *e = bench_engine(ctx, g, false);
    interp *oracle = interp_new(ctx, g);
    port_map test = b->test;
    test.port = g->inputs.v[0];
    int8_t *in = ARENA_ARRAY(ctx->a, int8_t, ir_elems(&test.port->shape)), out[64], want[64];
    for (int r = start; r < end; r++) {
        port_row_codes(&test, r, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){out}) != 0)
            bench_die(ctx, "the net refused its arguments");
        if (r < start + SPOT) {
            interp_run(oracle, (const void *[]){in}, (void *[]){want});
            if (memcmp(out, want, (size_t)b->n->classes) != 0)
                bench_die(ctx, "emitted C and the reference interpreter differ");
        }
        int guess = argmax_code(out, b->n->classes);
        bool right = guess == b->labels[r], was = b->float_guess[r] == b->labels[r];
        h->agree += guess == b->float_guess[r];
        h->right += right;
        h->lost += was && !right;
        h->won += right && !was;
        if (h->guess)
            h->guess[r] = guess;
    }
}

/* Calibrates on d, scores rows [start, end). */
static void round_and_score(bench *b, dataset *d, int start, int end, bench_hits *h)
{
    port_map m;
    if (!port_map_make(b->ctx, b->net->floating->inputs.v[0], d, NULL, &m) ||
        !net_quantize_ports(b->ctx, b->net, &m, false))
        bench_die(b->ctx, "quantization failed");
    score(b, b->net->legal, start, end, h);
}

void bench_score_pair(const bench_net *n, const char *pair, const int *float_guess, int start,
                      int end, bench_hits *h)
{
    bench b = load(n, NULL);
    net_options o = {0};
    b.float_guess = float_guess;
    net *saved = net_load(b.ctx, arena_printf(b.ctx->a, "%s.qdl", pair),
                          arena_printf(b.ctx->a, "%s.bin", pair), &o);
    if (!saved || !net_quantize(b.ctx, saved, &o))
        bench_die(b.ctx, "cannot load the saved pair");
    score(&b, saved->legal, start, end, h);
    model_sizes(b.ctx, saved->legal, NULL, &h->weight_bytes, &h->constant_bytes);
    qctx_free(b.ctx);
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static void sizes(const bench *b, bench_result *r)
{
    emit_options o;
    emit_result f, q;
    int64_t fw, fc, qw, qc;
    emit_options_init(&o);
    model_sizes(b->ctx, b->net->legal, NULL, &qw, &qc);
    model_sizes(b->ctx, b->net->floating, NULL, &fw, &fc);
    if (!emit_c(b->ctx, b->net->legal, &o, &q))
        bench_die(b->ctx, "cannot emit");
    o.emit_float = true;
    if (!emit_c(b->ctx, b->net->floating, &o, &f))
        bench_die(b->ctx, "cannot emit");
    r->weight_ratio = (double)fw / (double)qw;
    r->constant_ratio = (double)f.constant_bytes / (double)q.constant_bytes;
}

void bench_run(const bench_net *n, const char *quant, int seeds, bench_result *r)
{
    int *guess = calloc((size_t)n->rows, sizeof *guess), half = n->rows / 2;
    if (!guess)
        exit(99);
    *r = (bench_result){.seeds = seeds, .float_accuracy = 100.0 * bench_float(n, guess) / n->rows};
    for (int s = 0; s < seeds; s++) {
        bench b = load(n, quant); /* a context for each seed: memory is given back */
        bench_hits h = {0};
        uint64_t seed = (uint64_t)s + 1;
        b.float_guess = guess;
        if (n->folds) {
            round_and_score(&b, subset(&b, 0, half, seed), half, n->rows, &h);
            round_and_score(&b, subset(&b, half, half, seed), 0, half, &h);
        } else {
            round_and_score(&b, subset(&b, 0, (int)b.pool->rows, seed), 0, n->rows, &h);
        }
        r->agreement[s] = 100.0 * h.agree / n->rows;
        r->loss[s] = r->float_accuracy - 100.0 * h.right / n->rows;
        sizes(&b, r);
        qctx_free(b.ctx);
    }
    qsort(r->agreement, (size_t)seeds, sizeof *r->agreement, ascending);
    qsort(r->loss, (size_t)seeds, sizeof *r->loss, ascending);
    free(guess);
}
