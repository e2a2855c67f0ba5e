/* samples.c - random nets with rows and what the interpreter gives for them. */
#include "tests/emit/samples.h"

#include "tests/unit/cm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/quant/quant.h"
#include "runtime/interp.h"
#include "tests/emit/random_net.h"

bool is_long(void)
{
    const char *s = getenv("QCC_LONG");
    return s && *s && *s != '0';
}

uint64_t first_seed(void)
{
    const char *s = getenv("QCC_SEED");
    return s ? strtoull(s, NULL, 10) : 1;
}

int64_t bytes_of(const ir_tensor *t)
{
    return ir_elems(&t->shape) * (int64_t)ir_type_size(t->type);
}

/* Options that change how operators are printed, or where their operands are. */
static void draw_options(qctx *ctx, emit_options *o, rng *r)
{
    static const int unroll[] = {-1, -1, -1, -1, 0, 3, 9, 40};
    emit_options_init(o);
    o->opt = (emit_opt)rng_below(r, 3);
    o->unroll = unroll[rng_below(r, 8)];
    o->weights = rng_below(r, 4) == 0 ? EMIT_STRING : EMIT_DECIMAL;
    o->io_in_arena = rng_below(r, 3) == 0; /* where outputs may lie over inputs */
    o->static_arena = rng_below(r, 8) == 0;
    int n;
    const char *const *targets = emit_target_names(ctx, &n);
    o->target = targets[rng_below(r, 2) ? rng_below(r, (uint64_t)n) : 0];
    o->ram_min = rng_below(r, 3) == 0;
    o->chain_rows = (int)rng_below(r, 5); /* nets this small seldom gain by bands */
}

double largest_of(const float *v, int64_t n)
{
    double top = 1e-3;
    for (int64_t i = 0; i < n; ++i)
        top = fmax(top, fabs((double)v[i]));
    return top;
}

static void note_peak(void *user, const ir_op *op, const ir_tensor *out, float *data)
{
    (void)op;
    double *peaks = *(double **)user;
    peaks[out->id] = largest_of(data, ir_elems(&out->shape));
}

static void fill_rows(qctx *ctx, sample *s, rng *r)
{
    const ir_graph *g = s->g;
    interp *it = interp_new(ctx, g);
    double *peaks;
    interp_set_edit(it, note_peak, &peaks);
    for (int row = 0; row < ROWS; ++row) {
        peaks = s->peaks[row] = ARENA_ARRAY(ctx->a, double, g->tensors.n);
        s->in[row] = ARENA_ARRAY(ctx->a, void *, g->inputs.n);
        s->out[row] = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
        for (int k = 0; k < g->inputs.n; ++k) {
            s->in[row][k] = arena_alloc(ctx->a, (size_t)bytes_of(g->inputs.v[k]));
            random_row(g->inputs.v[k], row, r, s->in[row][k]);
        }
        for (int k = 0; k < g->outputs.n; ++k)
            s->out[row][k] = arena_alloc(ctx->a, (size_t)bytes_of(g->outputs.v[k]));
        interp_run(it, (const void *const *)s->in[row], s->out[row]);
    }
}

/* A tensor holds what stays, some of it for the multiple alone. */
static void check_spared(const ir_graph *lean, uint64_t seed)
{
    for (int i = 0; i < lean->tensors.n; ++i) {
        const ir_tensor *t = lean->tensors.v[i];
        int spared = 0, kept = 0;
        for (int c = 0; t->channels && c < t->channels->n; ++c) {
            spared += t->channels->spared[c] != IR_KEPT;
            kept += t->channels->gone[c] == IR_KEPT;
            if (t->channels->spared[c] != IR_KEPT && t->channels->gone[c] != IR_KEPT)
                fail_msg("lean: seed %llu: channel %d of %s is left out and kept", (unsigned long long)seed, c, t->name);
        }
        if (t->channels && kept != t->shape.dim[t->shape.rank - 1])
            fail_msg("lean: seed %llu: %s holds %d channels", (unsigned long long)seed, t->name, kept);
        if (spared > 0 && t->channels->multiple < 2)
            fail_msg("lean: seed %llu: %s keeps what may go", (unsigned long long)seed, t->name);
    }
}

/* The interpreter on a lean graph gives the codes of the whole one. */
static void lean_agrees(qctx *ctx, const sample *s, const ir_graph *lean, uint64_t seed)
{
    const ir_graph *g = s->g;
    interp *it = lean ? interp_new(ctx, lean) : NULL;
    if (lean)
        check_spared(lean, seed);
    for (int row = 0; it && row < ROWS; ++row) {
        void **out = ARENA_ARRAY(ctx->a, void *, g->outputs.n);
        for (int k = 0; k < g->outputs.n; ++k)
            out[k] = arena_alloc(ctx->a, (size_t)bytes_of(g->outputs.v[k]));
        interp_run(it, (const void *const *)s->in[row], out);
        for (int k = 0; k < g->outputs.n; ++k)
            if (memcmp(out[k], s->out[row][k], (size_t)bytes_of(g->outputs.v[k])) != 0)
                fail_msg("lean: seed %llu row %d output %d differs", (unsigned long long)seed, row, k);
    }
}

/* Only ratios of scales, and formulas that a mode does not have, may be refused. */
static bool refused_properly(qctx *ctx, uint64_t seed)
{
    for (int i = 0; i < diag_count(ctx); ++i) {
        const diag *d = diag_get(ctx, i);
        bool proper = d->severity != DIAG_ERROR || d->id == D_SCALE_RATIO || d->id == D_NUMERICS_REFUSED;
        if (!proper)
            fail_msg("seed %llu: %s", (unsigned long long)seed, d->message);
    }
    return false;
}

bool make_sample(qctx *ctx, uint64_t seed, sample *s)
{
    *s = (sample){.g = random_net(ctx, seed)};
    if (!s->g)
        return refused_properly(ctx, seed);
    rng r;
    rng_seed(&r, seed ^ 0x5eed);
    draw_options(ctx, &s->o, &r);
    fill_rows(ctx, s, &r);
    lean_agrees(ctx, s, s->g->lean, seed);
    ir_graph *rounded = s->g->lean ? lean_graph(ctx, s->g, 2 + (int)(seed % 7)) : NULL;
    if (rounded && !ir_verify(ctx, rounded, "lean"))
        fail_msg("lean: seed %llu: no graph", (unsigned long long)seed);
    lean_agrees(ctx, s, rounded, seed);
    return true;
}

void make_float_sample(qctx *ctx, uint64_t seed, sample *s)
{
    *s = (sample){.g = random_float_net(ctx, seed)};
    assert_non_null(s->g);
    rng r;
    rng_seed(&r, seed ^ 0xf10a7);
    draw_options(ctx, &s->o, &r);
    s->o.weights = EMIT_DECIMAL;
    s->o.no_libm = rng_below(&r, 2) == 0;
    fill_rows(ctx, s, &r);
}
