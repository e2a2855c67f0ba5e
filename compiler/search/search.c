/* search.c - sensitivity, knapsack, greedy repair. */
#include "compiler/search/search.h"

#include <math.h>
#include <string.h>

#include "compiler/search/internal.h"

/* Combinations of the front that are run, and runs that repair takes at most. */
enum { FRONT_RUNS = 9, REPAIR_RUNS = 40 };

/* ---- limits ------------------------------------------------------------------------------------
 */

/* What is asked of a point: hits of all rows, and which share of them. */
static double rate_limit(const searcher *s)
{
    return s->o->min_accuracy > 0 ? s->o->min_accuracy : s->o->min_agreement;
}

static int64_t hits(const searcher *s, const search_point *p)
{
    return s->o->min_accuracy > 0 ? p->right : p->agree;
}

static bool fits(const searcher *s, const search_point *p)
{
    return (s->o->max_flash == 0 || p->flash <= s->o->max_flash) &&
           (s->o->max_ram == 0 || p->ram <= s->o->max_ram);
}

/* How far beyond the limits: 1 where it just fits. */
static double excess(const searcher *s, const search_point *p)
{
    double flash = s->o->max_flash ? (double)p->flash / (double)s->o->max_flash : 0;
    double ram = s->o->max_ram ? (double)p->ram / (double)s->o->max_ram : 0;
    return fmax(flash, ram);
}

static bool bound_holds(const searcher *s, const search_point *p)
{
    return search_lower_bound(hits(s, p), s->rows) >= rate_limit(s);
}

/* Whether a is the better answer. In the budget first; then, where a rate is asked for, met before
 * not met, of two that meet it the smaller, else the one with more hits; then the smaller error. */
static bool better(const searcher *s, const search_point *a, const search_point *b)
{
    if (fits(s, a) != fits(s, b))
        return fits(s, a);
    if (!fits(s, a))
        return excess(s, a) < excess(s, b);
    if (rate_limit(s) > 0) {
        bool x = bound_holds(s, a), y = bound_holds(s, b);
        if (x != y)
            return x;
        if (x && s->o->max_flash == 0)
            return a->flash < b->flash;
        if (!x && hits(s, a) != hits(s, b))
            return hits(s, a) > hits(s, b);
    }
    return a->error < b->error;
}

/* ---- stages ------------------------------------------------------------------------------------
 */

static bool run_choice(searcher *s, const char *choice, search_point *p, double from, double to)
{
    if (s->ctx->progress)
        s->ctx->progress(s->ctx->progress_user, "search", (from + to) / 2);
    return search_run(s, choice, p);
}

/* What each scheme of each layer adds to the error of the base, and which bytes it takes. */
static bool measure(searcher *s, const search_point *base, knapsack_option *options)
{
    int n = search_n_schemes;
    for (int l = 0; l < s->layers; l++) {
        for (int k = 0; k < n; k++) {
            search_point p;
            char *choice = arena_memdup(s->ctx->a, base->choice, (size_t)s->layers + 1);
            choice[l] = (char)('0' + k);
            options[l * n + k] = (knapsack_option){-1, 0};
            if (k > 0 && s->fixed[l])
                continue;
            double done = 0.7 * (l * n + k) / (s->layers * n);
            if (!run_choice(s, choice, &p, done, done))
                return false;
            /* the base's bytes are shared out so that sums are those of the net */
            options[l * n + k] =
                (knapsack_option){p.flash - base->flash + (l == 0 ? base->flash : 0) + s->offset,
                                  fmax(p.error - base->error, 0) + (l == 0 ? base->error : 0)};
        }
    }
    return true;
}

static void note(searcher *s, search_result *r, const search_point *p)
{
    for (int i = 0; i < r->pareto.n; i++)
        if (!strcmp(r->pareto.v[i].choice, p->choice))
            return;
    *VEC_PUSH(s->ctx->a, &r->pareto) = *p;
}

/* Runs combinations of the front spread over it, and the largest that the budget allows. */
static bool run_front(searcher *s, const knapsack_state *front, int n, search_result *r)
{
    int last = -1, inside = -1;
    for (int i = 0; i < n; i++)
        if (s->o->max_flash && front[i].bytes - s->offset * s->layers <= s->o->max_flash)
            inside = i;
    for (int i = 0; i <= FRONT_RUNS; i++) {
        int at = i == FRONT_RUNS ? inside : (int)((int64_t)i * (n - 1) / (FRONT_RUNS - 1));
        search_point p;
        if (at < 0 || at == last)
            continue;
        last = at;
        double done = 0.7 + 0.15 * i / FRONT_RUNS;
        if (!run_choice(s, front[at].choice, &p, done, done))
            return false;
        note(s, r, &p);
        if (better(s, &p, &r->chosen))
            r->chosen = p;
    }
    return true;
}

/* Single layers to their other schemes, as long as that gives a better answer. */
static bool repair(searcher *s, const knapsack_option *options, search_result *r)
{
    int runs = 0;
    bool moved = true;
    while (moved && runs < REPAIR_RUNS) {
        moved = false;
        for (int i = 0; i < s->layers * search_n_schemes && runs < REPAIR_RUNS; i++) {
            int l = i / search_n_schemes, k = i % search_n_schemes;
            search_point p;
            if (options[i].bytes < 0 || r->chosen.choice[l] == '0' + k)
                continue;
            int64_t change =
                options[i].bytes - options[l * search_n_schemes + r->chosen.choice[l] - '0'].bytes;
            bool shrinks = rate_limit(s) > 0 && s->o->max_flash == 0 && bound_holds(s, &r->chosen);
            if (shrinks ? change >= 0
                        : s->o->max_flash > 0 && r->chosen.flash + change > s->o->max_flash)
                continue;
            char *choice = arena_memdup(s->ctx->a, r->chosen.choice, (size_t)s->layers + 1);
            choice[l] = (char)('0' + k);
            double done = 0.85 + 0.15 * runs++ / REPAIR_RUNS;
            if (!run_choice(s, choice, &p, done, done))
                return false;
            note(s, r, &p);
            if (better(s, &p, &r->chosen)) {
                r->chosen = p;
                moved = true;
            }
        }
    }
    return true;
}

/* What no other point beats in both flash and error; by flash. */
static void keep_pareto(search_result *r)
{
    int n = 0;
    for (int i = 1; i < r->pareto.n; i++)
        for (int k = i; k > 0 && r->pareto.v[k].flash < r->pareto.v[k - 1].flash; k--) {
            search_point t = r->pareto.v[k];
            r->pareto.v[k] = r->pareto.v[k - 1];
            r->pareto.v[k - 1] = t;
        }
    for (int i = 0; i < r->pareto.n; i++)
        if (n == 0 || r->pareto.v[i].error < r->pareto.v[n - 1].error)
            r->pareto.v[n++] = r->pareto.v[i];
    r->pareto.n = n;
}

static void conclude(searcher *s, search_result *r)
{
    keep_pareto(r);
    r->fits = fits(s, &r->chosen);
    r->reached = (double)hits(s, &r->chosen) >= rate_limit(s) * (double)s->rows;
    r->met = bound_holds(s, &r->chosen);
    r->runs = s->runs;
    r->remembered = s->remembered;
    r->rows = s->rows;
    r->by = s->how.by;
    r->missing = s->how.missing;
    r->quantize = search_rules(s, s->ctx, r->chosen.choice);
}

bool search_quantization(qctx *ctx, net *n, const port_map *ports, const search_options *o,
                         search_result *r)
{
    searcher *s = ARENA_NEW(ctx->a, searcher);
    search_point base;
    *r = (search_result){.has_labels = o->labels != NULL};
    if (!search_start(ctx, n, ports, o, s))
        return false;
    char *choice = arena_alloc(ctx->a, (size_t)s->layers + 1);
    memset(choice, '0', (size_t)s->layers);
    if (!search_run(s, choice, &base))
        return false;
    note(s, r, &base);
    r->chosen = base;
    /* options may be smaller than the base: the offset keeps their bytes above 0 */
    s->offset = base.flash;
    knapsack_option *options =
        ARENA_ARRAY(ctx->a, knapsack_option, (int64_t)s->layers * search_n_schemes);
    knapsack_state *front;
    if (!measure(s, &base, options))
        return false;
    int states = knapsack(ctx, s->layers, search_n_schemes, options, &front);
    if (!run_front(s, front, states, r) || !repair(s, options, r))
        return false;
    conclude(s, r);
    if (!search_apply(s, r->chosen.choice) || !search_measure(s, n->legal, &r->chosen))
        return false;
    r->code = s->code;
    r->stack = s->stack;
    return true;
}
