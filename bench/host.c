/* host.c - times programs that run the same network on this machine, in turn, on one core.
 *
 *   host ROUNDS CHANNELS IN.npy OUT.npy FLOAT_IN.npy FLOAT_OUT.npy {KIND NAME FILE}…     (float
 * ones: - for none)
 *
 * CHANNELS: of the input. KINDs: qcc (a library of emitted C; the first must be one), lite8, lite32
 * (TensorFlow Lite with XNNPACK), ort8, ort32 (ONNX Runtime, ports in float32), xnnpack, onednn
 * (layers one by one). First each runs the rows of the codes, or, kinds with 32 in their names, of
 * the reals; then in each round each runs a slice of about 200 us, the first run of which is not
 * timed. Prints a line for each, with tabs: kind, name, least and median mean of a slice (us), rows
 * checked, the largest difference, its unit. A program that cannot run: kind, name, `-` and why. */
#define _GNU_SOURCE
#include "host.h"

#include <dlfcn.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RIVALS = 16, SLICE_US = 200 };

typedef struct rows {
    int n, size; /* size: elements of a row */
    bool reals;
    void *data; /* NULL: none */
} rows;

typedef struct race {
    int rounds, n;
    rows codes[2], floats[2]; /* in, out */
    rival all[RIVALS];
    double *took[RIVALS];
    ports p;
} race;

/* ---- small things ------------------------------------------------------------------------------
 */

bool host_find(void *library, const char *name, void *to)
{
    void *address = dlsym(library, name);
    memcpy(to, &address, sizeof address);
    return address != NULL;
}

void *host_alloc(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes / 64 + 2) * 64);
    if (!p)
        abort();
    memset(p, 1, (bytes / 64 + 2) * 64);
    return p;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* The last core that this process may use: threads of libraries inherit it. */
static void pin(void)
{
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu)
        if (CPU_ISSET(cpu, &set)) {
            CPU_ZERO(&set);
            CPU_SET(cpu, &set);
            sched_setaffinity(0, sizeof set, &set);
            return;
        }
}

static rows read_rows(const char *path)
{
    rows r = {0};
    FILE *f = strcmp(path, "-") ? fopen(path, "rb") : NULL;
    if (!f)
        return r;
    unsigned char start[10];
    char header[65536];
    size_t size = fread(start, 1, 10, f) == 10 ? start[8] + 256u * start[9] : 0;
    header[fread(header, 1, size, f)] = 0;
    char *at = strstr(header, "'shape': (");
    r.reals = strstr(header, "<f4") != NULL;
    if (at) {
        r.n = (int)strtol(at + 10, &at, 10);
        for (r.size = 1; *at == ',';
             r.size *= *at == ')' || *at == ',' ? 1 : (int)strtol(at, &at, 10))
            at += 1 + (at[1] == ' ');
        size = (size_t)r.n * (size_t)r.size * (r.reals ? 4 : 1);
        r.data = host_alloc(size);
        if (fread(r.data, 1, size, f) != size)
            r.data = NULL;
    }
    fclose(f);
    return r;
}

/* ---- results -----------------------------------------------------------------------------------
 */

/* Place of element i (channels last, c of them) where channels come first. */
static int place(const rival *r, int i, int n, int c)
{
    return r->channels_first ? i % c * (n / c) + i / c : i;
}

static void put_row(const race *g, rival *r, const rows *from, int row, int c)
{
    for (int i = 0; i < r->n_in; ++i) {
        int k = place(r, i, r->n_in, c);
        size_t at = (size_t)row * (size_t)from->size + (size_t)i;
        if (!r->reals)
            ((int8_t *)r->in)[k] = ((int8_t *)from->data)[at];
        else if (from->reals)
            ((float *)r->in)[k] = ((float *)from->data)[at];
        else
            ((float *)r->in)[k] =
                g->p.in_scale * (float)(((int8_t *)from->data)[at] - g->p.in_zero);
    }
}

/* The largest difference to a row of codes, in codes, or of reals, in parts of the largest
 * magnitude. */
static double row_difference(const race *g, const rival *r, const rows *want, int row)
{
    double worst = 0, most = 1e-30;
    for (int i = 0; i < r->n_out; ++i) {
        size_t at = (size_t)row * (size_t)want->size + (size_t)i;
        double v = r->reals ? ((float *)r->out)[i] : ((int8_t *)r->out)[i];
        double w = want->reals ? ((float *)want->data)[at] : ((int8_t *)want->data)[at];
        if (r->reals && !want->reals)
            v = fmin(127, fmax(-128, round(v / (double)g->p.out_scale) + g->p.out_zero));
        most = fmax(most, fabs(w));
        worst = fabs(v - w) <= worst ? worst : fabs(v - w); /* NaN shows */
    }
    return want->reals ? worst / most : worst;
}

/* c: channels of the input, where the order of r is another. */
static void check(const race *g, rival *r, int c, char *text, size_t size)
{
    const rows *pair = strstr(r->kind, "32") && g->floats[0].data ? g->floats : g->codes;
    snprintf(text, size, "0\t-\t-");
    if (r->parts)
        return;
    if (r->n_in != pair[0].size || r->n_out != pair[1].size) {
        snprintf(text, size, "0\t-\tports of %d and %d elements, not %d and %d", r->n_in, r->n_out,
                 pair[0].size, pair[1].size);
        return;
    }
    double worst = 0;
    for (int row = 0; row < pair[0].n; ++row) {
        put_row(g, r, &pair[0], row, c);
        r->run(r);
        double d = row_difference(g, r, &pair[1], row);
        worst = d <= worst ? worst : d;
    }
    snprintf(text, size, "%d\t%.3g\t%s", pair[0].n, worst,
             pair[1].reals ? "of the largest" : "codes");
}

/* ---- times -------------------------------------------------------------------------------------
 */

/* Mean of n runs, in us, after one that is not counted: the others have used the caches. */
static double slice(rival *r, int n)
{
    r->run(r);
    double since = now();
    for (int i = 0; i < n; ++i)
        r->run(r);
    return (now() - since) / n;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_all(race *g)
{
    int runs[RIVALS];
    for (int i = 0; i < g->n; ++i) {
        double once = fmin(slice(&g->all[i], 3), slice(&g->all[i], 3));
        runs[i] = once < SLICE_US ? (int)(SLICE_US / once) + 1 : 1;
        g->took[i] = host_alloc((size_t)g->rounds * sizeof(double));
    }
    for (int round = 0; round < g->rounds; ++round)
        for (int i = 0; i < g->n; ++i) {
            int k = (i + round) % g->n;
            g->took[k][round] = slice(&g->all[k], runs[k]);
        }
    for (int i = 0; i < g->n; ++i)
        qsort(g->took[i], (size_t)g->rounds, sizeof(double), compare);
}

/* ---- the command line --------------------------------------------------------------------------
 */

static const char *open_rival(rival *r)
{
    static const struct {
        const char *kind;
        rival_open *open;
    } kinds[] = {{"qcc", open_qcc},      {"lite8", open_lite}, {"lite32", open_lite},
                 {"ort8", open_ort},     {"ort32", open_ort},  {"xnnpack", open_xnnpack},
                 {"onednn", open_onednn}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        if (!strcmp(kinds[i].kind, r->kind))
            return kinds[i].open(r);
    return "no such kind";
}

int main(int argc, char **argv)
{
    static race g;
    static char checked[RIVALS][160];
    if (argc < 10 || argc % 3 != 1 || (argc - 7) / 3 > RIVALS) {
        fprintf(stderr,
                "usage: host ROUNDS CHANNELS IN OUT FLOAT_IN FLOAT_OUT {KIND NAME FILE}...\n");
        return 2;
    }
    pin();
    g.rounds = atoi(argv[1]);
    for (int i = 0; i < 2; ++i) {
        g.codes[i] = read_rows(argv[3 + i]);
        g.floats[i] = read_rows(argv[5 + i]);
    }
    for (int i = 7; i + 2 < argc; i += 3) {
        rival *r = &g.all[g.n];
        *r = (rival){.kind = argv[i], .name = argv[i + 1], .file = argv[i + 2]};
        const char *why = open_rival(r);
        if (why) {
            printf("%s\t%s\t-\t%s\n", r->kind, r->name, why);
            continue;
        }
        if (g.n == 0)
            g.p = qcc_ports(r);
        check(&g, r, atoi(argv[2]), checked[g.n], sizeof checked[0]);
        ++g.n;
    }
    time_all(&g);
    for (int i = 0; i < g.n; ++i)
        printf("%s\t%s\t%.3f\t%.3f\t%s\n", g.all[i].kind, g.all[i].name, g.took[i][0],
               g.took[i][g.rounds / 2], checked[i]);
    return 0;
}
