/* tune_kernels.c - --tune-kernels RECORD: what each layer of the emitted C is made by, chosen by
 * measuring.
 *
 * A variant is the whole net with one rule for all layers: the nth kernel that takes a layer, one
 * level of -Os, -O2, -Ospeed up to what was asked for (flash is not spent behind the user's back).
 * Every variant is measured once, layer by layer; each layer takes the cheapest, where that gains
 * enough; the whole is measured again: what does not gain there is dropped, all of it if the sum
 * has grown. The record makes later builds reproducible: its first line names net, target and
 * level, and a line a layer that is not as the target would have it is KERNEL LEVEL COST
 * COST_BEFORE LAYER. */
#include "compiler/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/cli/training.h"
#include "compiler/jit/engine.h"

#define GAIN 0.97 /* of the cost before: less is noise */
#define HOST_FLAGS "-O3 -march=native"

typedef struct variant {
    const char *c;             /* its text: equal ones are measured once */
    const emit_choice *choice; /* [ops] */
    double *cost;              /* [ops] */
} variant;

typedef struct tuner {
    qctx *ctx;
    cli *c;
    const ir_graph *g;
    const char *const *const *kernels; /* emit_result.op_alternatives */
    VEC(variant) tried;
} tuner;

/* A signal ends the command that measures, too: what it left is removed before qcc ends. */
static bool measure(const tuner *t, const emit_options *o, double *cost)
{
    emit_options as_is = *o;
    as_is.profile = true;
    const char *set = getenv("CFLAGS"), *flags = set && *set ? set : HOST_FLAGS;
    if (!layer_costs(t->ctx, &(cost_request){t->g, &as_is, flags, t->c->measure}, cost))
        return false;
    if (signals_came())
        diag_add(t->ctx, D_KERNEL_STOPPED, loc_none(), "a signal ended it: %s was not written",
                 t->c->tune_kernels);
    return !signals_came();
}

static emit_options with(const tuner *t, const emit_choice *choice, int n)
{
    emit_options o = t->c->emit;
    o.choices = choice;
    o.n_choices = n;
    return o;
}

static bool known(const tuner *t, const char *c)
{
    for (int i = 0; i < t->tried.n; i++)
        if (!strcmp(t->tried.v[i].c, c))
            return true;
    return false;
}

/* The option line and the layers' comments are the same in all variants but for the digest. */
static const char *code_of(const char *c)
{
    const char *end = strstr(c, "*/");
    return end ? end : c;
}

static bool try_variant(tuner *t, int nth, emit_opt opt)
{
    int n = t->g->ops.n;
    emit_choice *choice = ARENA_ARRAY(t->ctx->a, emit_choice, n);
    for (int i = 0; i < n; i++) {
        int k = 0;
        while (k < nth && t->kernels[i][k + 1])
            k++;
        choice[i] = (emit_choice){t->g->ops.v[i]->name, t->kernels[i][k], opt};
    }
    emit_options o = with(t, choice, n);
    emit_result r;
    if (!emit_c(t->ctx, t->g, &o, &r))
        return false;
    variant v = {code_of(r.c), choice, ARENA_ARRAY(t->ctx->a, double, n)};
    if (known(t, v.c))
        return true;
    *VEC_PUSH(t->ctx->a, &t->tried) = v;
    return measure(t, &o, v.cost);
}

static int most_kernels(const tuner *t)
{
    int most = 1;
    for (int i = 0; i < t->g->ops.n; i++) {
        int n = 0;
        while (t->kernels[i][n])
            n++;
        most = n > most ? n : most;
    }
    return most;
}

/* The target's own choice comes first. */
static bool try_all(tuner *t)
{
    emit_opt asked = t->c->emit.opt;
    int kernels = most_kernels(t), levels = (int)asked + 1, done = 0;
    for (int nth = 0; nth < kernels; nth++)
        for (int l = levels - 1; l >= 0; l--) {
            if (!try_variant(t, nth, (emit_opt)l))
                return false;
            if (t->ctx->progress)
                t->ctx->progress(t->ctx->progress_user, "measuring kernels",
                                 (double)++done / (kernels * levels));
        }
    return true;
}

static double total(const tuner *t, const double *cost)
{
    double sum = 0;
    for (int i = 0; i < t->g->ops.n; i++)
        sum += cost[i];
    return sum;
}

/* Layers that gain; best[i]: the variant of layer i. */
static int choose(const tuner *t, emit_choice *choices, int *best)
{
    int n = 0;
    for (int i = 0; i < t->g->ops.n; i++) {
        best[i] = 0;
        for (int v = 1; v < t->tried.n; v++)
            if (t->tried.v[v].cost[i] < GAIN * t->tried.v[0].cost[i] &&
                t->tried.v[v].cost[i] < t->tried.v[best[i]].cost[i])
                best[i] = v;
        if (best[i])
            choices[n++] = t->tried.v[best[i]].choice[i];
    }
    return n;
}

/* Those of the choices whose gain is there in the whole net, too. */
static int confirmed(const tuner *t, emit_choice *choices, int *best, const double *cost)
{
    int n = 0;
    for (int i = 0; i < t->g->ops.n; i++) {
        if (cost[i] >= GAIN * t->tried.v[0].cost[i])
            best[i] = 0;
        if (best[i])
            choices[n++] = t->tried.v[best[i]].choice[i];
    }
    return n;
}

/* ---- the record ------------------------------------------------------------------------------ */

static const char *head_of(const tuner *t, const net *n)
{
    char hash[65];
    ir_canonical_sha256(t->ctx, n->quantized, hash);
    return arena_printf(t->ctx->a, "# kernels chosen by measuring; model %s, --target %s %s\n",
                        hash, t->c->emit.target, emit_opt_word(t->c->emit.opt));
}

static bool bad_record(const tuner *t, const char *what)
{
    diag_add(t->ctx, D_KERNEL_RECORD, loc_none(), "%s: %s", t->c->tune_kernels, what);
    diag_hint(t->ctx, "remove the file to measure anew, or name another");
    return false;
}

/* The layer of that name, -1: none. */
static int layer_at(const tuner *t, const char *name)
{
    for (int i = 0; i < t->g->ops.n; i++)
        if (!strcmp(t->g->ops.v[i]->name, name))
            return i;
    return -1;
}

static bool takes(const tuner *t, int layer, const char *kernel)
{
    for (const char *const *k = t->kernels[layer]; *k; k++)
        if (!strcmp(*k, kernel))
            return true;
    return false;
}

/* KERNEL LEVEL COST COST_BEFORE LAYER, the name to the end of the line. */
static bool read_line(const tuner *t, char *line, emit_choice *to)
{
    char *field[5] = {line};
    for (int i = 1; i < 5; i++) {
        field[i] = strchr(field[i - 1], ' ');
        if (!field[i])
            return bad_record(t, arena_printf(t->ctx->a, "'%.60s' lacks a field", line));
        *field[i]++ = '\0';
    }
    int layer = layer_at(t, field[4]), opt = EMIT_OS;
    while (opt <= EMIT_OSPEED && strcmp(field[1], emit_opt_word((emit_opt)opt)))
        opt++;
    if (layer < 0 || opt > EMIT_OSPEED || !takes(t, layer, field[0]))
        return bad_record(t, arena_printf(t->ctx->a, "no layer '%.60s' that %.40s takes at %.20s",
                                          field[4], field[0], field[1]));
    *to = (emit_choice){t->g->ops.v[layer]->name, arena_strdup(t->ctx->a, field[0]), (emit_opt)opt};
    return true;
}

static bool read_record(tuner *t, const net *n)
{
    const source *src = file_read(t->ctx, t->c->tune_kernels);
    if (!src)
        return false;
    const char *head = head_of(t, n);
    char *text = arena_strndup(t->ctx->a, src->text, src->len);
    if (strncmp(text, head, strlen(head)))
        return bad_record(t, "it is of another net, target or level, or no record at all");
    emit_choice *choices = ARENA_ARRAY(t->ctx->a, emit_choice, (int)src->len / 8 + 1);
    int count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (*line != '#' && !read_line(t, line, &choices[count++]))
            return false;
    t->c->emit.choices = choices;
    t->c->emit.n_choices = count;
    return true;
}

static bool write_record(const tuner *t, const net *n, const int *best, double before, double after)
{
    buf b;
    buf_init(&b, t->ctx->a);
    buf_puts(&b, head_of(t, n));
    buf_printf(&b, "# by %s: %.9g, before %.9g; KERNEL LEVEL COST BEFORE LAYER\n",
               t->c->measure ? "a command, in its unit" : "the host's compiler, in nanoseconds",
               after, before);
    for (int i = 0; i < t->g->ops.n; i++) {
        const variant *v = &t->tried.v[best[i]];
        if (best[i])
            buf_printf(&b, "%s %s %.9g %.9g %s\n", v->choice[i].kernel,
                       emit_opt_word(v->choice[i].opt), v->cost[i], t->tried.v[0].cost[i],
                       v->choice[i].layer);
    }
    return file_write(t->ctx, t->c->tune_kernels, buf_str(&b), b.n);
}

static bool measure_all(tuner *t, const net *n)
{
    int ops = t->g->ops.n, *best = ARENA_ARRAY(t->ctx->a, int, ops);
    emit_choice *choices = ARENA_ARRAY(t->ctx->a, emit_choice, ops);
    double *cost = ARENA_ARRAY(t->ctx->a, double, ops);
    if (!try_all(t))
        return false;
    int count = choose(t, choices, best);
    double before = total(t, t->tried.v[0].cost), after = before;
    if (count > 0) {
        emit_options o = with(t, choices, count);
        if (!measure(t, &o, cost))
            return false;
        after = total(t, cost);
        count = confirmed(t, choices, best, cost);
    }
    if (after > before) { /* layers lean on each other: caches, memory */
        memset(best, 0, (size_t)ops * sizeof *best);
        count = 0;
        after = before;
    }
    t->c->emit.choices = choices;
    t->c->emit.n_choices = count;
    return write_record(t, n, best, before, after);
}

/* The record has a name of its own. */
static bool record_is_apart(qctx *ctx, const cli *c)
{
    const char *const others[] = {c->outputs.v[0], c->header, c->split_weights, c->report};
    file_out out[1 + sizeof others / sizeof *others] = {{.path = c->tune_kernels}};
    int n = 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i])
            out[n++].path = others[i];
    return file_outputs_apart(ctx, out, n);
}

bool cli_tune_kernels(qctx *ctx, cli *c, const net *n)
{
    if (!c->tune_kernels)
        return true;
    tuner t = {.ctx = ctx, .c = c, .g = n->legal};
    emit_result r;
    if (!record_is_apart(ctx, c) || !emit_c(ctx, t.g, &c->emit, &r))
        return false;
    t.kernels = r.op_alternatives;
    if (access(c->tune_kernels, F_OK) == 0)
        return read_record(&t, n);
    if (!file_may_write(ctx, c->tune_kernels))
        return false;
    signals_note();
    return measure_all(&t, n);
}
