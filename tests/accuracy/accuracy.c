/* accuracy.c - the accuracy figures, a line each: `name target measured pass|miss|skipped`.
 *
 *   accuracy [NAME…]   the figures whose names begin so; all of them
 *
 * Runs go to child processes, one a core; their lines come in the order of the table. The last line
 * counts. Status 1 on a miss, 77 where something was skipped. $QCC_SEEDS: calibration subsets. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/accuracy/bench.h"

typedef enum kind {
    LOSS,
    LOSS_SHOWN,
    AGREEMENT,
    AGREEMENT_WORST,
    WEIGHTS,
    CONSTANTS,
    SCORE,
    BYTES
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
    int first;
    FILE *out;
    pid_t pid;
    int status; /* of the process */
} job;

static void start(job *j, int seeds)
{
    j->out = tmpfile();
    if (!j->out)
        exit(99);
    fflush(NULL);
    j->pid = fork();
    if (j->pid != 0)
        return;
    dup2(fileno(j->out), STDOUT_FILENO);
    run(j->first, seeds);
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

static bool asked_for(int argc, char **argv, int first)
{
    bool any = argc < 2;
    for (int a = 1; a < argc; a++)
        for (int i = first; i < first + run_length(first); i++)
            any |= !strncmp(figures[i].name, argv[a], strlen(argv[a]));
    return any;
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
    job jobs[N_FIGURES];
    int n = 0, pass = 0, miss = 0, skipped = 0, running = 0;
    const char *text = getenv("QCC_SEEDS");
    int seeds = text ? atoi(text) : 5;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!getenv("top_srcdir") || seeds < 1 || seeds > BENCH_MOST_SEEDS) {
        fputs("accuracy: run by `make accuracy`; QCC_SEEDS is 1 to 25\n", stderr);
        return 99;
    }
    for (int i = 0; i < N_FIGURES; i += run_length(i))
        if (asked_for(argc, argv, i))
            jobs[n++] = (job){.first = i};
    for (int i = 0; i < n; i++) {
        if (running == (cores > 1 ? cores : 1)) {
            await(jobs, n);
            running--;
        }
        start(&jobs[i], seeds);
        running++;
    }
    for (; running > 0; running--)
        await(jobs, n);
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
            printf("# %s: the run failed\n", figures[jobs[i].first].name);
            miss++;
        }
    }
    printf("# accuracy: %d pass, %d miss, %d skipped\n", pass, miss, skipped);
    return miss ? 1 : skipped ? 77 : 0;
}
