/* training_flips.c - whether mirror images cost: measured before the run, on rows that select.
 *
 * A mirrored digit has the label of its original, but looks like another class or like none. What
 * that costs the simplest learner is cheap to see: rows of the selection split get the class of
 * their nearest training row (Euclidean distance; Cover and Hart 1967), once of the training rows
 * as they are and once with the mirror image of each beside it. Where significantly more rows are
 * lost than won (exact McNemar test of the pairs), a warning gives the figures. Classes that a
 * mirror spares (clothes) lose no more than they win. */
#include <math.h>

#include "compiler/base/rng.h"
#include "compiler/cli/training.h"

enum { MOST_ROWS = 2000, BLOCK = 28 };
static const double SURE = 0.01; /* p of the test, below which the warning comes */

typedef struct sample {
    int n;
    float *x; /* [n][elems] */
    int32_t *label;
} sample;

/* At most MOST_ROWS seeded rows. */
static sample take(qctx *ctx, const train_rows *r, int64_t elems, uint64_t seed)
{
    train_rows some = *r;
    rows_take(ctx, &some, MOST_ROWS, seed);
    sample s = {(int)some.n, ARENA_ARRAY(ctx->a, float, some.n *elems),
                ARENA_ARRAY(ctx->a, int32_t, some.n)};
    for (int i = 0; i < s.n; i++) {
        port_row_real(r->ports, some.which[i], s.x + i * elems);
        s.label[i] = r->labels[some.which[i]];
    }
    return s;
}

static sample mirror(qctx *ctx, const sample *s, const ir_tensor *port, bool vertical)
{
    int64_t elems = ir_elems(&port->shape);
    aug_spec flip = {.steps = {0}};
    *VEC_PUSH(ctx->a, &flip.steps) = (aug_step){
        .kind = AUG_FLIP, .probability = 1, .vertical = vertical, .horizontal = !vertical};
    augmenter *a = aug_new(ctx, &flip, port);
    sample m = {s->n, ARENA_ARRAY(ctx->a, float, s->n *elems), s->label};
    for (int i = 0; i < s->n; i++)
        aug_row(a, (aug_key){0}, s->x + i * elems, m.x + i * elems);
    return m;
}

/* Squared distance, or some number of at least `most` as soon as it is known to be that. */
static float distance(const float *x, const float *y, int64_t n, float most)
{
    float sum = 0;
    for (int64_t at = 0; at < n && sum < most; at += BLOCK)
        for (int64_t i = at; i < at + BLOCK && i < n; i++)
            sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

/* Label of the row of s that is nearest to x and nearer than *nearest, which it becomes; else
 * `label`. */
static int32_t nearest(const sample *s, const float *x, int64_t elems, float *nearest,
                       int32_t label)
{
    for (int i = 0; i < s->n; i++) {
        float d = distance(x, s->x + i * elems, elems, *nearest);
        if (d < *nearest) {
            *nearest = d;
            label = s->label[i];
        }
    }
    return label;
}

static void judge(qctx *ctx, const sample *train, const sample *select, const ir_tensor *port,
                  const aug_step *step, bool vertical)
{
    int64_t elems = ir_elems(&port->shape);
    sample mirrored = mirror(ctx, train, port, vertical);
    int plain = 0, lost = 0, won = 0;
    for (int i = 0; i < select->n; i++) {
        const float *x = select->x + i * elems;
        float far = INFINITY;
        int32_t first = nearest(train, x, elems, &far, -1);
        int32_t then = nearest(&mirrored, x, elems, &far, first);
        bool was = first == select->label[i], is = then == select->label[i];
        plain += was;
        lost += was && !is;
        won += is && !was;
    }
    double p = mcnemar_exact(won, lost);
    if (lost <= won || p >= SURE)
        return;
    diag_add(ctx, D_TRAIN_FLIP, step->loc,
             "flip %s costs on the rows that select: the nearest of %d training rows gives %.2f %% "
             "of %d rows their "
             "class, %.2f %% with mirror images among them (%d lost, %d won, p %.1g)",
             vertical ? "v" : "h", train->n, 100.0 * plain / select->n, select->n,
             100.0 * (plain - lost + won) / select->n, lost, won, p);
    diag_hint(ctx, "leave it out where a mirrored row is not of its class, as with digits");
}

void flips_judge(qctx *ctx, const aug_spec *spec, const roles *r)
{
    const ir_tensor *port = r->train.ports->port;
    const aug_step *step[2] = {NULL, NULL}; /* horizontal, vertical */
    for (int i = 0; i < spec->steps.n; i++) {
        const aug_step *s = &spec->steps.v[i];
        step[0] = s->kind == AUG_FLIP && s->horizontal ? s : step[0];
        step[1] = s->kind == AUG_FLIP && s->vertical ? s : step[1];
    }
    if ((!step[0] && !step[1]) || !r->train.labels || !r->select.labels)
        return;
    int64_t elems = ir_elems(&port->shape);
    sample train = take(ctx, &r->train, elems, ctx->seed);
    sample select = take(ctx, &r->select, elems, ctx->seed);
    for (int v = 0; v < 2; v++)
        if (step[v])
            judge(ctx, &train, &select, port, step[v], v);
}
