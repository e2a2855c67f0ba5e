/* bands_choose.c - which operators become chains, for the least arena: every run of operators is a
 * candidate. The lower bounds of their plans say which are planned in full; one chain after another
 * is taken while it saves memory, and its bands are made as high as costs none. */
#include "compiler/emit/bands.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 40, MANY_OPS = 100, LONGEST_OF_MANY = 10, PLANNED = 12, HIGHEST = 16, CHAINS = 4 };

/* Bytes of a chain's variables: a function may need 512 of stack, and what compilers put there besides
 * was up to 152 (gcc 12 for rv32, -O2). */
enum { MOST_VARIABLES = 512 - 160 };

typedef struct candidate {
    int first, last;
    int64_t bound;
} candidate;

typedef struct chooser {
    emitter *e;
    ir_graph *g;
    plan_request *r;
    int64_t *scratch;      /* [ops.n] of the operators as they are now */
    int64_t *band_scratch; /* [ops.n] of a band of one row; -1: not asked yet */
    int64_t *asked;        /* [ops.n] what the plan in hand is asked for */
} chooser;

static int64_t step_scratch(chooser *s, const band_step *step, int height)
{
    if (height != 1)
        return emit_scratch(s->e, step->op);
    int64_t *known = &s->band_scratch[step->op->id];
    if (*known < 0)
        *known = emit_scratch(s->e, step->op);
    return *known;
}

/* Bytes of the variables of a chain, which may all stand on the stack. */
static int64_t stack_of(const band_chain *c)
{
    int variables = c->map.n;
    for (int i = 0; i < c->step.n; i++)
        variables += c->step.v[i].n + c->step.v[i].counted;
    return (int64_t)variables * 4;
}

static band_chain *with_chain(chooser *s, int first, int last, int height)
{
    band_chain *c = bands_chain(s->e, first, last, height);
    if (!c || stack_of(c) > MOST_VARIABLES)
        return NULL;
    memcpy(s->asked, s->scratch, (size_t)s->g->ops.n * sizeof *s->asked);
    for (int i = 0; i < c->step.n; i++)
        if (c->step.v[i].op)
            s->asked[c->step.v[i].op->id] = step_scratch(s, &c->step.v[i], height);
    bands_apply(s->e, s->g, c);
    return c;
}

static int64_t planned_bytes(chooser *s, int first, int last, int height)
{
    if (!with_chain(s, first, last, height))
        return INT64_MAX;
    int64_t bytes = plan_places(s->e->ctx, s->g, s->r)->arena_bytes;
    bands_undo(s->e, s->g);
    return bytes;
}

static int compare(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    int la = a->last - a->first, lb = b->last - b->first;
    if (a->bound != b->bound)
        return a->bound < b->bound ? -1 : 1;
    return la != lb ? la - lb : a->first - b->first;
}

/* Chains whose bound is below `bytes`, best first. */
static int find_candidates(chooser *s, int64_t bytes, candidate *v)
{
    int n = 0, ops = s->g->ops.n, longest = ops > MANY_OPS ? LONGEST_OF_MANY : LONGEST;
    for (int first = 0; first < ops; first++)
        for (int last = first + 1; last < ops && last < first + longest; last++) {
            if (!with_chain(s, first, last, 1))
                continue;
            int64_t bound = plan_bound(s->e->ctx, s->g, s->r);
            bands_undo(s->e, s->g);
            if (bound < bytes)
                v[n++] = (candidate){first, last, bound};
        }
    qsort(v, (size_t)n, sizeof *v, compare);
    return n;
}

/* The highest bands that need no more memory. */
static int height_of(chooser *s, int first, int last, int64_t bytes)
{
    int best = 1;
    for (int height = 2; height <= HIGHEST; height++)
        if (planned_bytes(s, first, last, height) <= bytes)
            best = height;
    return best;
}

/* Takes the chain that saves most; the arena's bytes with it, or those without. */
static int64_t take_one(chooser *s, int64_t bytes)
{
    candidate *v = ARENA_ARRAY(s->e->ctx->a, candidate, (int64_t)s->g->ops.n * LONGEST), best = {0};
    int64_t least = bytes;
    int n = find_candidates(s, bytes, v);
    for (int i = 0; i < n && i < PLANNED && v[i].bound < least; i++) {
        int64_t with = planned_bytes(s, v[i].first, v[i].last, 1);
        const band_chain *c = bands_chain(s->e, v[i].first, v[i].last, 1);
        if (with < least && with + stack_of(c) < bytes) {
            least = with;
            best = v[i];
        }
    }
    if (least < bytes)
        with_chain(s, best.first, best.last, height_of(s, best.first, best.last, least));
    return least;
}

static void take_longest(chooser *s, int height)
{
    for (int first = 0, last; first < s->g->ops.n; first = last + 1)
        for (last = s->g->ops.n - 1; last > first; last--)
            if (with_chain(s, first, last, height))
                break;
}

void bands_choose(emitter *e, ir_graph *g, plan_request *r)
{
    plan_request own = *r;
    chooser s = {.e = e, .g = g, .r = &own};
    int n = g->ops.n;
    s.scratch = plan_scratch(e);
    s.asked = ARENA_ARRAY(e->ctx->a, int64_t, n);
    s.band_scratch = ARENA_ARRAY(e->ctx->a, int64_t, n);
    for (int i = 0; i < n; i++)
        s.band_scratch[i] = -1;
    if (e->o->chain_rows > 0) {
        take_longest(&s, e->o->chain_rows);
        return;
    }
    own.scratch = s.scratch;
    int64_t bytes = plan_places(e->ctx, g, &own)->arena_bytes;
    int64_t whole = bytes;
    own.scratch = s.asked;
    for (int k = 0; k < CHAINS; k++) {
        int64_t with = take_one(&s, bytes);
        if (with >= bytes)
            break;
        bytes = with;
        memcpy(s.scratch, s.asked, (size_t)n * sizeof *s.scratch);
    }
    if (e->bands && e->bands->chain.n == 0)
        e->bands = NULL; /* none saves memory */
    else if (e->bands)
        e->bands->whole = whole;
}
