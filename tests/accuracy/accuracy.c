/* accuracy.c - the accuracy figures, a line each: `name target measured pass|miss|skipped`.
 *
 *   accuracy [NAME…]   the figures whose names begin so; all of them
 *
 * Runs go to child processes, one a core, long ones first; their lines come in the order of the
 * tables: first those of rounding, then those of training (tuned.c). The last line counts. Status 1
 * on a miss, 77 where something was skipped. $QCC_SEEDS: calibration subsets; $QCC_TUNE_SEEDS: of
 * training. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/accuracy/bench.h"
#include "tests/accuracy/tuned.h"

typedef enum kind {
    LOSS,
    LOSS_SHOWN,
    LOSS_FULL, /* the same, in the long form or by name only */
    AGREEMENT,
    AGREEMENT_WORST,
    WEIGHTS,
    CONSTANTS,
    SCORE,
    BYTES,
    SQNR_SHOWN /* of each layer, on random inputs */
} kind;

typedef struct figure {
    const char *name, *net, *quant;
    kind kind;
    double target;
    const char *prototype;
} figure;

/* Figures of one net and quantize part stand together: they share a run. The prototype's figures
 * are those of peers.md, section 4. */
static const figure figures[] = {
    {"kws-int8-agreement", "kws", "int8", AGREEMENT, 99.0, "99.1-99.5"},
    {"kws-int8-agreement-worst", "kws", "int8", AGREEMENT_WORST, 98.7, "98.4 of nine choices"},
    {"kws-int8-loss", "kws", "int8", LOSS, 0.3, "91.3 -> 91.3-91.6"},
    {"kws-int4-loss", "kws", "int4", LOSS, 0.7, "91.3 -> 90.9"},
    {"kws-int4-agreement", "kws", "int4", AGREEMENT, 95, "94.6-95.0 at nearest"},
    {"kws-code16-loss", "kws", "code16", LOSS, 2.0, "91.3 -> 89.6"},
    {"dscnn-int8-loss", "dscnn", "int8", LOSS, 0.1, "90.99 -> 90.99"},
    {"dscnn-tensor-loss", "dscnn", "tensor", LOSS_SHOWN, 0, "90.18 -> 40.6; 90.99 -> 75.2"},
    {"dscnn-tensor-equalized-loss", "dscnn", "tensor_equalized", LOSS, 0.5, "90.18 -> 90.1"},
    {"dscnn-pow2-loss", "dscnn", "pow2", LOSS_SHOWN, 0, "90.18 -> 29.7"},
    {"dscnn-pow2-equalized-loss", "dscnn", "pow2_equalized", LOSS, 0.5, "90.18 -> 89.8"},
    {"dscnn-int4-loss", "dscnn", "int4", LOSS, 0.6, "90.18 -> 89.7"},
    {"dscnn-int4-adaround-loss", "dscnn", "int4_adaround", LOSS_FULL, 0, "none"},
    {"dscnn-int8-robust-loss", "dscnn", "int8_robust", LOSS_FULL, 0, "none"},
    {"dscnn-code16-loss", "dscnn", "code16", LOSS, 0.6, "90.18 -> 89.7"},
    {"dscnn-code8-loss", "dscnn", "code8", LOSS, 2.6, "90.18 -> 87.7"},
    {"fashion-lenet-int8-loss", "fashion-lenet", "int8", LOSS, 0.1, "90.21 -> 90.27"},
    {"fashion-lenet-int4-loss", "fashion-lenet", "int4", LOSS, 0.2, "90.21 -> 90.24"},
    {"fashion-lenet-int4-weights", "fashion-lenet", "int4", WEIGHTS, 7.9, "none"},
    {"fashion-lenet-int4-constants", "fashion-lenet", "int4", CONSTANTS, 7.4, "none"},
    {"fashion-lenet-code16-loss", "fashion-lenet", "code16", LOSS, 0.2, "90.21 -> 90.14"},
    {"fashion-lenet-code16-weights", "fashion-lenet", "code16", WEIGHTS, 7.9, "none"},
    {"fashion-lenet-code16-constants", "fashion-lenet", "code16", CONSTANTS, 7.4, "none"},
    {"fashion-lenet-code4-loss", "fashion-lenet", "code4", LOSS, 2, "90.21 -> 88.3"},
    {"fashion-lenet-code4-tenfold", "fashion-lenet", "code4", CONSTANTS, 10, "none"},
    {"mnist-lenet-int8-loss", "mnist-lenet", "int8", LOSS, 0.1, "99.23 -> 99.24"},
    {"mnist-lenet-int4-loss", "mnist-lenet", "int4", LOSS, 0.2, "99.23 -> 99.20"},
    {"mnist-lenet-code16-loss", "mnist-lenet", "code16", LOSS, 0.2, "99.23 -> 99.25"},
    {"mnist-lenet-code4-loss", "mnist-lenet", "code4", LOSS, 2, "99.23 -> 98.9"},
    {"mnist-lenet-code4-tenfold", "mnist-lenet", "code4", CONSTANTS, 10, "none"},
    {"ad-int8-score", "ad", "int8", SCORE, 0.15, "0.107"},
    {"vww-int8-weight-bytes", "vww", "int8", BYTES, 40000, "35250"},
    {"ic-int8-sqnr", "ic_f32", "int8", SQNR_SHOWN, 0, "none"},
    {"vww-int8-sqnr", "vww_f32", "int8", SQNR_SHOWN, 0, "none"},
};
enum { N_FIGURES = sizeof figures / sizeof *figures };

static double worst_loss(const bench_result *r)
{
    return r->loss[r->seeds - 1];
}

static void line(const figure *f, const char *sign, double measured, bool pass, const char *more)
{
    printf("%-32s %2s%-7g %9.3f %-7s # %s; prototype %s\n", f->name, sign, f->target, measured,
           pass ? "pass" : "miss", more, f->prototype);
}

static void judge(const figure *f, const bench_result *r)
{
    char more[160];
    int mid = r->seeds / 2;
    double loss = r->loss[mid], agreement = r->agreement[mid];
    const double slack = 1e-9;
    snprintf(more, sizeof more, "float %.2f, median of %d, best %.2f, worst %.2f",
             r->float_accuracy, r->seeds, r->loss[0], worst_loss(r));
    switch (f->kind) {
    case LOSS:
        line(f, "<=", loss, loss <= f->target + slack, more);
        break;
    case LOSS_SHOWN:
    case LOSS_FULL:
        printf("# %s: %.2f points (%s); prototype %s\n", f->name, loss, more, f->prototype);
        break;
    case AGREEMENT:
    case AGREEMENT_WORST:
        snprintf(more, sizeof more, "median %.2f of %d, best %.2f, worst %.2f", agreement, r->seeds,
                 r->agreement[r->seeds - 1], r->agreement[0]);
        agreement = f->kind == AGREEMENT ? agreement : r->agreement[0];
        line(f, ">=", agreement, agreement >= f->target - slack, more);
        break;
    case WEIGHTS:
        line(f, ">=", r->weight_ratio, r->weight_ratio >= f->target, "times smaller than float");
        break;
    case CONSTANTS:
        line(f, ">=", r->constant_ratio, r->constant_ratio >= f->target,
             "times smaller than float");
        break;
    case SCORE:
    case BYTES:
    case SQNR_SHOWN:
        break;
    }
}

static bool same_run(const figure *a, const figure *b)
{
    return !strcmp(a->net, b->net) && !strcmp(a->quant, b->quant);
}

static int run_length(int first)
{
    int n = 1;
    while (first + n < N_FIGURES && same_run(&figures[first], &figures[first + n]))
        n++;
    return n;
}

static void skip(int first, const char *why)
{
    for (int i = 0; i < run_length(first); i++)
        printf("%-32s   %-7g         - skipped # %s\n", figures[first + i].name,
               figures[first + i].target, why);
}

/* The models of the shared data that have a protocol of their own. */
static void run_other(const figure *f)
{
    const bench_net *any = bench_find("kws");
    if (bench_missing(any)) {
        skip((int)(f - figures), bench_missing(any));
    } else if (f->kind == SQNR_SHOWN) {
        char model[64], rows[64];
        snprintf(model, sizeof model, "@/data/models/%s.tflite", f->net);
        snprintf(rows, sizeof rows, "@/data/golden/%s.in.npy", f->net);
        bench_sqnr(f->name, model, rows, f->quant);
    } else if (f->kind == SCORE) {
        double score = bench_ad(f->quant);
        line(f, "<=", score, score < f->target, "RMS error of the score / its deviation");
    } else {
        double bytes = bench_weight_bytes("@/data/models/vww_f32.tflite", f->quant);
        line(f, "<=", bytes, bytes <= f->target, "constant channels removed where qcc can");
    }
}

static void run(int first, int seeds)
{
    const figure *f = &figures[first];
    const bench_net *n = bench_find(f->net);
    bench_result r;
    if (!n) {
        run_other(f);
        return;
    }
    if (bench_missing(n)) {
        skip(first, bench_missing(n));
        return;
    }
    bench_run(n, f->quant, seeds, &r);
    for (int i = 0; i < run_length(first); i++)
        judge(&figures[first + i], &r);
}

/* ---- processes ------------------------------------------------------------------------------- */

typedef struct job {
    int first; /* figure of the table, or of tuned.c */
    bool tuned;
    FILE *out;
    pid_t pid;
    int status; /* of the process */
} job;

static int seeds_of(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static const char *name_of(const job *j)
{
    return j->tuned ? tuned_name(j->first) : figures[j->first].name;
}

static void run_tuned(int row)
{
    const char *missing = tuned_missing(row);
    if (missing)
        printf("%-32s   %-7g         - skipped # %s\n", tuned_name(row), tuned_target(row),
               missing);
    else
        tuned_run(row, seeds_of("QCC_TUNE_SEEDS", 1));
}

static double seconds(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           1e-6 * (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void start(job *j)
{
    struct rusage own, children;
    j->out = tmpfile();
    if (!j->out)
        exit(99);
    fflush(NULL);
    j->pid = fork();
    if (j->pid != 0)
        return;
    dup2(fileno(j->out), STDOUT_FILENO);
    if (j->tuned)
        run_tuned(j->first);
    else
        run(j->first, seeds_of("QCC_SEEDS", 5));
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    printf("# %s: %.0f s of one core\n", name_of(j), seconds(&own) + seconds(&children));
    exit(fflush(stdout) ? 99 : 0);
}

static void await(job *jobs, int n)
{
    int status;
    pid_t pid = wait(&status);
    for (int i = 0; i < n; i++)
        if (jobs[i].pid == pid)
            jobs[i].status = WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static bool begins_so(const char *name, int argc, char **argv)
{
    bool any = argc < 2;
    for (int a = 1; a < argc; a++)
        any |= !strncmp(name, argv[a], strlen(argv[a]));
    return any;
}

static int take_jobs(job *jobs, int argc, char **argv)
{
    int n = 0;
    for (int i = 0; i < N_FIGURES; i += run_length(i)) {
        bool any = false;
        if (figures[i].kind == LOSS_FULL && argc < 2 && !getenv("QCC_FULL"))
            continue;
        for (int k = i; k < i + run_length(i); k++)
            any |= begins_so(figures[k].name, argc, argv);
        if (any)
            jobs[n++] = (job){.first = i};
    }
    for (int i = 0; i < tuned_count(); i++)
        if (begins_so(tuned_name(i), argc, argv))
            jobs[n++] = (job){.first = i, .tuned = true};
    return n;
}

/* One a core; training takes longest and goes first. */
static void run_jobs(job *jobs, int n)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int running = 0;
    for (int i = 0; i < 2 * n; i++) {
        job *j = &jobs[i % n];
        if (j->tuned != (i < n))
            continue;
        if (running == (cores > 1 ? cores : 1)) {
            await(jobs, n);
            running--;
        }
        start(j);
        running++;
    }
    for (; running > 0; running--)
        await(jobs, n);
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, word)); p++)
        n++;
    return n;
}

int main(int argc, char **argv)
{
    int n = 0, pass = 0, miss = 0, skipped = 0;
    int seeds = seeds_of("QCC_SEEDS", 5), tune_seeds = seeds_of("QCC_TUNE_SEEDS", 1);
    if (!getenv("top_srcdir") || !getenv("QCC") || seeds < 1 || seeds > BENCH_MOST_SEEDS ||
        tune_seeds < 1 || tune_seeds > TUNED_MOST_SEEDS) {
        fputs("accuracy: run by `make accuracy`; QCC_SEEDS is 1 to 25, QCC_TUNE_SEEDS 1 to 3\n",
              stderr);
        return 99;
    }
    job *jobs = calloc((size_t)(N_FIGURES + tuned_count()), sizeof *jobs);
    if (!jobs)
        return 99;
    n = take_jobs(jobs, argc, argv);
    run_jobs(jobs, n);
    for (int i = 0; i < n; i++) {
        char row[512];
        rewind(jobs[i].out);
        while (fgets(row, sizeof row, jobs[i].out)) {
            fputs(row, stdout);
            pass += *row != '#' && count(row, " pass ");
            miss += *row != '#' && count(row, " miss ");
            skipped += *row != '#' && count(row, " skipped ");
        }
        if (jobs[i].status) {
            printf("# %s: the run failed\n", name_of(&jobs[i]));
            miss++;
        }
    }
    free(jobs);
    printf("# accuracy: %d pass, %d miss, %d skipped\n", pass, miss, skipped);
    return miss ? 1 : skipped ? 77 : 0;
}
