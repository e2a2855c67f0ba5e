/* bench.h - accuracy of quantized nets: nets, data, calibration subsets, runs over seeds. */
#ifndef QCC_ACCURACY_BENCH_H
#define QCC_ACCURACY_BENCH_H

#include "compiler/jit/engine.h"
#include "compiler/pipeline.h"

enum { BENCH_MOST_SEEDS = 25 };

typedef struct bench_net {
    const char *name, *qdl, *weights; /* paths; %s is $top_srcdir, or $QCC_SHARED for a leading @ */
    const char *test, *labels, *train; /* data; a leading ! is the folder of real MNIST */
    int rows, classes;
    bool folds; /* the kws protocol: calibrate on one half of test, score on the other, swap */
} bench_net;

/* What one net under one quantize part gives, in percent; seeds ascending. */
typedef struct bench_result {
    int seeds;
    double agreement[BENCH_MOST_SEEDS], loss[BENCH_MOST_SEEDS]; /* loss: float less quantized */
    double float_accuracy;
    double weight_ratio, constant_ratio; /* float bytes / quantized bytes */
} bench_result;

/* What a quantized net gives on some rows, beside the labels and the float net. */
typedef struct bench_hits {
    int agree, right;
    int won, lost; /* right where the float net is wrong, and the other way round */
    int64_t weight_bytes, constant_bytes;
    int *guess; /* NULL, or where the class of each row goes */
} bench_hits;

const bench_net *bench_find(const char *name);
/* NULL, or why the net cannot be run here. */
const char *bench_missing(const bench_net *n);
/* Path of a pattern of bench_net. */
const char *bench_path(qctx *ctx, const char *pattern);
/* quant: name of a file in tests/accuracy/quant. Ends the process after a diagnostic. */
void bench_run(const bench_net *n, const char *quant, int seeds, bench_result *r);
/* Classes that the float net's C gives for all rows; how many are right. */
int bench_float(const bench_net *n, int *guess);
/* Adds what the emitted C of the saved pair pair.qdl, pair.bin gives on rows [start, end) to h. */
void bench_score_pair(const bench_net *n, const char *pair, const int *float_guess, int start,
                      int end, bench_hits *h);
/* Rows [start, end) of the net's test file, without those that enter no fit, as a .npy. */
void bench_write_fold(const bench_net *n, int start, int end, const char *path);
/* The ad protocol: RMS error of the score in standard deviations of the float score. */
double bench_ad(const char *quant);
/* Weight bytes of a model under a quantize part, calibrated on noise. */
double bench_weight_bytes(const char *model, const char *quant);
/* Prints the SQNR of each layer of a model on these rows, which calibrate too: a line `# NAME: …`
 * each. */
void bench_sqnr(const char *name, const char *model, const char *rows, const char *quant);
_Noreturn void bench_die(qctx *ctx, const char *what);
engine *bench_engine(qctx *ctx, const ir_graph *g, bool is_float);

#endif
