/* health_words.c - what is to be told of the calibration rows. */
#include <inttypes.h>

#include "compiler/report/errors.h"

enum { FEW_ROWS = 100 };
#define MUCH_DRIFT 0.25
#define MUCH_GROWTH 0.05
#define MUCH_SHIFT 4.0
#define MUCH_CLIPPING 0.01
#define LITTLE_COVERAGE 0.25

static double drift_of(const layer_health *l)
{
    return l->drift;
}

static double growth_of(const layer_health *l)
{
    return l->growth;
}

static double shift_of(const layer_health *l)
{
    return l->shift;
}

static double clipping_of(const layer_health *l)
{
    return l->clipped;
}

static double waste_of(const layer_health *l)
{
    return l->constant ? 0 : 1 - l->covered;
}

static const struct {
    double (*of)(const layer_health *l);
    double limit, factor;
    const char *text; /* its %g: the figure times factor; its %s: the activation */
} rules[] = {
    {drift_of, MUCH_DRIFT, 100,
     "The extremes of the two halves differ by up to %.3g %% of a range (%s): shuffle, or give "
     "more "
     "rows."},
    {shift_of, MUCH_SHIFT, 1,
     "The means of the two halves differ by %.3g standard errors (%s): the rows are sorted, or "
     "come "
     "from two sources; shuffle them."},
    {growth_of, MUCH_GROWTH, 100,
     "The last quarter widened a range by %.3g %% (%s): more rows would widen it further."},
    {clipping_of, MUCH_CLIPPING, 100,
     "%.3g %% of the values of %s are clipped: a wider range (`calibrate minmax`) may serve "
     "better."},
    {waste_of, 1 - LITTLE_COVERAGE, 100,
     "%.3g %% of the codes of %s never occur: its range is wider than its values."},
};

int health_words(qctx *ctx, const health *h, const char *words[HEALTH_WORDS])
{
    int n = 0;
    if (h->rows < FEW_ROWS)
        words[n++] = arena_printf(ctx->a, "%" PRId64 " rows are few: %d or more are better.",
                                  h->rows, FEW_ROWS);
    if (h->repeated)
        words[n++] = arena_printf(ctx->a, "%" PRId64 " rows repeat an earlier one.", h->repeated);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        const layer_health *worst = NULL;
        for (int i = 0; i < h->n; i++)
            if (!worst || rules[r].of(&h->v[i]) > rules[r].of(worst))
                worst = &h->v[i];
        double v = worst ? rules[r].of(worst) : 0;
        if (v > rules[r].limit)
            words[n++] = arena_printf(ctx->a, rules[r].text, rules[r].factor * v, worst->t->name);
    }
    for (int i = 0; i < h->n && n < HEALTH_WORDS; i++)
        if (h->v[i].constant) {
            words[n++] = arena_printf(ctx->a, "%s is the same in all rows.", h->v[i].t->name);
            break;
        }
    return n;
}
