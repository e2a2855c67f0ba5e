/* tuned.c - figures of nets that `qcc tune` and `qcc train` made, by the recipes of
 * tests/accuracy/tune.
 *
 * A recipe is a shell file that runs qcc and leaves a saved pair; it sees the training data (kws:
 * the fold that is not scored, without labels) and chooses its checkpoint on rows of that. What is
 * measured is the emitted C of the pair on the test rows. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/cli/cli.h"
#include "tests/accuracy/bench.h"
#include "tests/accuracy/rescale.h"
#include "tests/accuracy/tuned.h"

typedef enum kind {
    LOSS,     /* points below the float net, at most */
    SHOWN,    /* the same without a target */
    ACCURACY, /* per cent, at least */
    GAIN      /* points that augmentation wins, of the seed where it wins least */
} kind;

typedef struct tuned {
    const char *name, *net, *recipe;
    kind kind;
    double target;
    bool rescaled; /* the synthetic net of rescale.h */
    const char *note;
} tuned;

static const tuned figures[] = {
    {"dscnn-int4-tuned-loss", "dscnn", "dscnn-int4", LOSS, 0.6, false, "prototype 0.5"},
    {"dscnn-code4-tuned-loss", "dscnn", "dscnn-code4", LOSS, 4, false,
     "prototype 3.8 at 15 epochs"},
    {"dscnn-tensor-tuned-loss", "dscnn", "dscnn-tensor", LOSS, 1, false, "naive start"},
    {"dscnn-rescaled-tensor-tuned-loss", "dscnn", "dscnn-rescaled", SHOWN, 0, true,
     "naive start, channels rescaled (synthetic)"},
    {"kws-int4-tuned-loss", "kws", "kws-int4", LOSS, 0.5, false, "prototype -0.1"},
    {"kws-int3-tuned-loss", "kws", "kws-int3", LOSS, 1.5, false, "prototype 0.8"},
    {"kws-code4-tuned-loss", "kws", "kws-code4", LOSS, 5.5, false, "prototype 3.6"},
    {"mnist-lenet-code4-tuned", "mnist-lenet", "mnist-lenet-code4", ACCURACY, 98.9, false,
     "prototype 99.0"},
    {"mnist-lenet-scratch", "mnist-lenet", "mnist-lenet-scratch", ACCURACY, 99.0, false,
     "5 epochs"},
    {"fashion-lenet-scratch", "fashion-lenet", "fashion-lenet-scratch", ACCURACY, 90.0, false,
     "15 epochs"},
    {"mnist-lenet-1000-augmented", "mnist-lenet", "mnist-lenet-1000", GAIN, 0.1, false,
     "1 bit, 1,000 training images"},
};
enum { N_FIGURES = sizeof figures / sizeof *figures, PATH = 256 };

typedef struct place {
    char folder[PATH], out[PATH], fold[PATH], weights[PATH];
} place;

int tuned_count(void)
{
    return N_FIGURES;
}

const char *tuned_name(int figure)
{
    return figures[figure].name;
}

double tuned_target(int figure)
{
    return figures[figure].target;
}

const char *tuned_missing(int figure)
{
    return bench_missing(bench_find(figures[figure].net));
}

/* ---- recipes --------------------------------------------------------------------------------- */

static void enter(place *p)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(p->folder, sizeof p->folder - 16, "%s/qcc-accuracy.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(p->folder)) {
        perror("accuracy");
        exit(99);
    }
    snprintf(p->out, sizeof p->out, "%.240s/net", p->folder);
    snprintf(p->fold, sizeof p->fold, "%.240s/fold.npy", p->folder);
    snprintf(p->weights, sizeof p->weights, "%.240s/rescaled", p->folder);
}

static void leave(const place *p)
{
    static const char *const names[] = {"net.qdl", "net.bin", "net.float", "fold.npy", "rescaled"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH + 16];
        snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
        unlink(path);
    }
    rmdir(p->folder);
}

/* step: tune (or train), or quantize: the net that tuning starts from. */
static void follow(const tuned *t, const place *p, const char *step, int seed)
{
    char text[PATH + 64];
    snprintf(text, sizeof text, "%d", seed);
    setenv("SEED", text, 1);
    setenv("STEP", step, 1);
    setenv("OUT", p->out, 1);
    setenv("FIT", p->fold, 1);
    if (t->rescaled)
        setenv("WEIGHTS", p->weights, 1);
    fflush(NULL);
    snprintf(text, sizeof text, "sh \"$top_srcdir/tests/accuracy/tune/%s.sh\" >&2", t->recipe);
    if (system(text) != 0) {
        fprintf(stderr, "accuracy: %s: the recipe failed\n", t->name);
        leave(p);
        exit(1);
    }
}

/* A net that one seed gives, beside what another one guesses; the kws protocol: two, each made of
 * the fold that the other scores. guess: NULL, or its own. */
static bench_hits make(const tuned *t, const place *p, const char *step, int seed,
                       const int *beside, int *guess)
{
    const bench_net *n = bench_find(t->net);
    int half = n->rows / 2;
    bench_hits h = {.guess = guess};
    for (int fold = 0; fold <= n->folds; fold++) {
        int fit = fold ? half : 0, start = n->folds && !fold ? half : 0;
        if (n->folds)
            bench_write_fold(n, fit, fit + half, p->fold);
        follow(t, p, step, seed);
        bench_score_pair(n, p->out, beside, start, start + (n->folds ? half : n->rows), &h);
    }
    return h;
}

/* ---- figures --------------------------------------------------------------------------------- */

static double mean(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

/* Standard deviation, of n − 1. */
static double deviation(const double *v, int n)
{
    double m = mean(v, n), sum = 0;
    for (int i = 0; i < n; i++)
        sum += (v[i] - m) * (v[i] - m);
    return n > 1 ? sqrt(sum / (n - 1)) : 0;
}

static void line(const tuned *t, double measured, const char *more)
{
    bool most = t->kind == LOSS;
    if (t->kind == SHOWN) {
        printf("# %s: %.2f points (%s); %s\n", t->name, measured, more, t->note);
        return;
    }
    bool pass = most ? measured <= t->target + 1e-9 : measured >= t->target - 1e-9;
    printf("%-32s %2s%-7g %9.3f %-7s # %s; %s\n", t->name, most ? "<=" : ">=", t->target, measured,
           pass ? "pass" : "miss", more, t->note);
}

static void spread(char *text, size_t size, const double *v, int n)
{
    if (n == 1)
        snprintf(text, size, "seed 1");
    else
        snprintf(text, size, "mean of seeds 1-%d, deviation %.2f", n, deviation(v, n));
}

/* What a pair gives beside the float net: the last seed's interval, difference and its p. */
static void details(char *text, size_t size, const bench_net *n, const bench_hits *h,
                    int float_right)
{
    double lo, hi, rows = n->rows;
    wilson_interval(h->right, n->rows, &lo, &hi);
    snprintf(text, size, "float %.2f, %.2f (%.2f-%.2f), p %.2g", 100 * float_right / rows,
             100 * h->right / rows, 100 * lo, 100 * hi, mcnemar_exact(h->won, h->lost));
}

static void run_rate(const tuned *t, const place *p, int seeds)
{
    const bench_net *n = bench_find(t->net);
    int *guess = calloc((size_t)n->rows, sizeof *guess);
    double rate[TUNED_MOST_SEEDS];
    char seen[96], about[160], start[64] = "";
    bench_hits h = {0};
    if (!guess)
        exit(99);
    int right = bench_float(n, guess);
    double at_float = 100.0 * right / n->rows;
    bool loss = t->kind != ACCURACY;
    if (loss) {
        h = make(t, p, "quantize", 1, guess, NULL);
        snprintf(start, sizeof start, "started at %.2f; ", 100.0 * h.right / n->rows);
    }
    for (int s = 0; s < seeds; s++) {
        h = make(t, p, "tune", s + 1, guess, NULL);
        rate[s] = 100.0 * h.right / n->rows;
        rate[s] = loss ? at_float - rate[s] : rate[s];
    }
    spread(seen, sizeof seen, rate, seeds);
    details(about, sizeof about, n, &h, right);
    char more[400];
    snprintf(more, sizeof more, "%s; %s%s, %lld bytes of weights", seen, start, about,
             (long long)(h.weight_bytes / (n->folds ? 2 : 1)));
    line(t, mean(rate, seeds), more);
    free(guess);
}

/* What one seed gives in per cent with and without augmentation; the p of their difference. */
static double gain_of(const tuned *t, const place *p, int seed, const int *float_guess,
                      double *plain, double *varied)
{
    const bench_net *n = bench_find(t->net);
    int *without = calloc((size_t)n->rows, sizeof *without);
    if (!without)
        exit(99);
    setenv("AUGMENT", "", 1);
    *plain = 100.0 * make(t, p, "tune", seed, float_guess, without).right / n->rows;
    setenv("AUGMENT", "yes", 1);
    bench_hits h = make(t, p, "tune", seed, without, NULL);
    *varied = 100.0 * h.right / n->rows;
    free(without);
    return mcnemar_exact(h.won, h.lost);
}

/* With and without augmentation, always over three seeds. */
static void run_gain(const tuned *t, const place *p)
{
    const bench_net *n = bench_find(t->net);
    enum { K = TUNED_MOST_SEEDS };
    double plain[K], varied[K], gain[K], least = 100, most_p = 0;
    int *guess = calloc((size_t)n->rows, sizeof *guess);
    if (!guess)
        exit(99);
    double at_float = 100.0 * bench_float(n, guess) / n->rows;
    double start = 100.0 * make(t, p, "quantize", 1, guess, NULL).right / n->rows;
    for (int s = 0; s < K; s++) {
        most_p = fmax(most_p, gain_of(t, p, s + 1, guess, &plain[s], &varied[s]));
        gain[s] = varied[s] - plain[s];
        least = fmin(least, gain[s]);
    }
    char more[400];
    snprintf(
        more, sizeof more,
        "least of seeds 1-%d, mean %.2f, deviation %.2f, p at most %.2g; float %.2f, started at "
        "%.2f, without %.2f +- %.2f, with %.2f +- %.2f",
        K, mean(gain, K), deviation(gain, K), most_p, at_float, start, mean(plain, K),
        deviation(plain, K), mean(varied, K), deviation(varied, K));
    line(t, least, more);
    free(guess);
}

void tuned_run(int figure, int seeds)
{
    const tuned *t = &figures[figure];
    place p;
    enter(&p);
    if (t->rescaled)
        rescale_write(bench_find(t->net), p.weights);
    if (t->kind == GAIN)
        run_gain(t, &p);
    else
        run_rate(t, &p, seeds);
    leave(&p);
}
