/* evaluate.c - one combination of schemes: its quantize part, its net, its run over the rows. */
#include <math.h>
#include <string.h>

#include "compiler/quant/grid.h"
#include "compiler/search/internal.h"

/* Best first. All are rounded on the data; the base is the first. */
static const char *const schemes[] = {
    "int8", "codebook 4 bits, scale per channel, table per layer, kmeans",
    "int4", "codebook 3 bits, scale per channel, table per layer, kmeans",
    "int3", "codebook 2 bits, scale per channel, table per layer, kmeans",
    "int2",
};
const int search_n_schemes = sizeof schemes / sizeof *schemes;

const char *search_scheme_names(qctx *ctx)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < search_n_schemes; i++)
        buf_printf(&b, "%s%d %.*s", i ? ", " : "", i, (int)strcspn(schemes[i], ","), schemes[i]);
    return buf_str(&b);
}

double search_lower_bound(int64_t hits, int64_t rows)
{
    const double z = 1.959963984540054; /* Wilson (1927), as in `eval` */
    double n = (double)rows, p = (double)hits / n;
    double centre = p + z * z / (2 * n), half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return fmax((centre - half) / (1 + z * z / n), 0);
}

/* ---- the quantize part ----------------------------------------------------------------------- */

const char *search_rules(const searcher *s, qctx *ctx, const char *choice)
{
    buf b;
    buf_init(&b, ctx->a);
    buf_printf(&b, "quantize {\n    default : round gptq, bias_correct\n");
    for (int l = 0; l < s->layers; l++) {
        if (s->fixed[l])
            continue;
        buf_printf(&b, "    ");
        ir_print_name(&b, s->layer[l]);
        buf_printf(&b, ".weight : %s\n", schemes[choice[l] - '0']);
    }
    buf_printf(&b, "}\n");
    return buf_str(&b);
}

/* The net's own spec with the rules of a choice behind it. */
static quant_spec *spec_of(const searcher *s, qctx *ctx, const char *choice)
{
    source *src = ARENA_NEW(ctx->a, source);
    src->name = "<search>";
    src->text = search_rules(s, ctx, choice);
    src->len = strlen(src->text);
    ast_file *f = qdl_parse(ctx, src);
    quant_spec *spec = arena_memdup(ctx->a, s->n->spec, sizeof *spec);
    if (!f)
        return NULL;
    const quant_spec *own = s->n->spec;
    memset(&spec->rules, 0, sizeof spec->rules);
    for (int i = 0; i < own->rules.n; i++)
        *VEC_PUSH(ctx->a, &spec->rules) = own->rules.v[i];
    for (int i = 0; i < f->spec->rules.n; i++)
        *VEC_PUSH(ctx->a, &spec->rules) = f->spec->rules.v[i];
    return spec;
}

static bool states_scheme(const quant_spec *spec, const char *layer)
{
    const unsigned mine = SPEC_BITS | SPEC_SCHEME | SPEC_RANGE | SPEC_SCALE | SPEC_GRID;
    for (int i = 0; i < spec->rules.n; i++) {
        const spec_rule *r = &spec->rules.v[i];
        if (r->layer && r->part == SPEC_WEIGHT && r->s.set & mine && !strcmp(r->layer, layer))
            return true;
    }
    return false;
}

/* ---- running --------------------------------------------------------------------------------- */

static int argmax(const float *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return (int)best;
}

static bool float_outputs(searcher *s)
{
    const ir_graph *g = s->n->floating;
    int64_t n = ir_elems(&g->outputs.v[0]->shape);
    emit_options o = s->o->emit;
    o.emit_float = true;
    engine_kind kind = engine_available(ENGINE_CC) ? ENGINE_CC : s->o->engine;
    port_map m;
    engine *e = engine_new(s->ctx, g, kind, &o, "-O2");
    if (!e || !port_map_make(s->ctx, g->inputs.v[0], s->o->select, s->o->layout, &m))
        return false;
    float *in = ARENA_ARRAY(s->ctx->a, float, ir_elems(&g->inputs.v[0]->shape));
    s->rows = m.rows;
    s->floats = ARENA_ARRAY(s->ctx->a, float *, m.rows);
    for (int64_t row = 0; row < m.rows; row++) {
        s->floats[row] = ARENA_ARRAY(s->ctx->a, float, n);
        port_row_real(&m, row, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){s->floats[row]}) != 0)
            return false;
    }
    return true;
}

/* Outputs of all rows against the float ones. */
static bool score(const searcher *s, qctx *ctx, const ir_graph *g, search_point *p)
{
    const ir_tensor *out = g->outputs.v[0];
    int64_t n = ir_elems(&out->shape);
    double noise = 0, power = 0;
    port_map m;
    engine *e = engine_new(ctx, g, s->o->engine, &s->o->emit, NULL);
    if (!e || !port_map_make(ctx, g->inputs.v[0], s->o->select, s->o->layout, &m))
        return false;
    void *in = arena_calloc(ctx->a, (size_t)ir_elems(&g->inputs.v[0]->shape), sizeof(int16_t));
    void *codes = arena_calloc(ctx->a, (size_t)n, sizeof(int16_t));
    float *real = ARENA_ARRAY(ctx->a, float, n);
    for (int64_t row = 0; row < s->rows; row++) {
        const float *f = s->floats[row];
        port_row_codes(&m, row, in);
        if (engine_run(e, (const void *[]){in}, (void *[]){codes}) != 0)
            return false;
        for (int64_t i = 0; i < n; i++) {
            int code = out->type == IR_I16 ? ((int16_t *)codes)[i] : ((int8_t *)codes)[i];
            real[i] = (float)quant_value(out->quant, 0, code);
            noise += ((double)real[i] - (double)f[i]) * ((double)real[i] - (double)f[i]);
            power += (double)f[i] * (double)f[i];
        }
        int guess = argmax(real, n);
        p->agree += guess == argmax(f, n);
        p->right += s->o->labels && guess == s->o->labels[row];
    }
    p->error = power > 0 ? noise / power : 0;
    return true;
}

static int64_t bytes_of(const ir_tensor *t)
{
    return ir_elems(&t->shape) * (int64_t)ir_type_size(t->type);
}

/* What the caller holds: ports and states. */
static int64_t caller_bytes(const ir_graph *g)
{
    int64_t bytes = 0;
    for (int i = 0; i < g->inputs.n; i++)
        bytes += bytes_of(g->inputs.v[i]);
    for (int i = 0; i < g->outputs.n; i++)
        bytes += bytes_of(g->outputs.v[i]);
    for (int i = 0; i < g->states.n; i++)
        bytes += bytes_of(g->states.v[i]->tensor);
    return bytes;
}

/* Constants as the emitter stores them, code and stack as the target's compiler makes them. */
static bool measure_sizes(searcher *s, qctx *ctx, const ir_graph *g, search_point *p)
{
    emit_result r;
    target_size t;
    if (!target_sizes(ctx, &(target_request){g, &s->o->emit, "-Os", s->helpers < 0}, &r, &t))
        return false;
    s->code = t.code;
    if (s->helpers < 0) { /* the first, in the context of the search */
        s->helpers = t.helpers;
        s->how = t;
    } else
        s->code += s->helpers;
    s->stack = t.stack;
    p->flash = r.constant_bytes + s->code;
    p->ram = r.arena_bytes + caller_bytes(g) + (t.stack > 0 ? t.stack : 0);
    return true;
}

/* Errors of a run's context, for the user. */
static void hand_over(qctx *to, const qctx *from)
{
    for (int i = 0; i < diag_count(from); i++) {
        const diag *d = diag_get(from, i);
        if (d->severity == DIAG_ERROR)
            diag_add(to, d->id, loc_none(), "%s", arena_strdup(to->a, d->message));
    }
}

static bool run_fresh(searcher *s, qctx *ctx, const char *choice, search_point *p)
{
    net n = *s->n;
    n.spec = spec_of(s, ctx, choice);
    memset(&n.rounding, 0, sizeof n.rounding);
    return n.spec && net_choose(ctx, &n, s->ports, false) && measure_sizes(s, ctx, n.legal, p) &&
           score(s, ctx, n.legal, p);
}

bool search_run(searcher *s, const char *choice, search_point *p)
{
    *p = (search_point){.choice = arena_strdup(s->ctx->a, choice)};
    if (memo_find(s, choice, p))
        return true;
    qctx *own = qctx_new(); /* a run's memory is given back */
    if (!own || setjmp(*arena_guard(own->a))) {
        qctx_free(own);
        arena_exhausted(s->ctx->a);
    }
    own->seed = s->ctx->seed;
    own->threads = s->ctx->threads;
    bool ok = run_fresh(s, own, choice, p);
    if (!ok) {
        s->failed = true;
        hand_over(s->ctx, own);
    }
    qctx_free(own);
    s->runs++;
    if (ok && !memo_find(s, choice, p) && !memo_note(s, p))
        s->failed = true;
    return ok && !s->failed;
}

bool search_measure(searcher *s, const ir_graph *legal, search_point *p)
{
    return measure_sizes(s, s->ctx, legal, p);
}

bool search_apply(searcher *s, const char *choice)
{
    s->n->spec = spec_of(s, s->ctx, choice);
    s->n->rounding.n = 0;
    return s->n->spec && net_choose(s->ctx, s->n, s->ports, false);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void find_layers(searcher *s)
{
    const ir_graph *g = s->n->floating;
    s->layer = ARENA_ARRAY(s->ctx->a, const char *, g->ops.n);
    s->fixed = ARENA_ARRAY(s->ctx->a, bool, g->ops.n);
    for (int i = 0; i < g->ops.n; i++) {
        if (!(ir_opinfos[g->ops.v[i]->kind].flags & OPF_W))
            continue;
        const char *name = layer_of_weight(s->ctx, ir_weight(g->ops.v[i]));
        s->fixed[s->layers] = states_scheme(s->n->spec, name);
        s->layer[s->layers++] = name;
    }
}

bool search_start(qctx *ctx, net *n, const port_map *ports, const search_options *o, searcher *s)
{
    *s = (searcher){.ctx = ctx, .n = n, .ports = ports, .o = o, .helpers = -1};
    char hash[65];
    find_layers(s);
    if (!net_calibrate_ports(ctx, n, ports) || !float_outputs(s))
        return false;
    quant_spec *own =
        n->spec; /* the base net names the search: weights, ranges and rules are in it */
    char *base = arena_alloc(ctx->a, (size_t)s->layers + 1);
    memset(base, '0', (size_t)s->layers);
    bool ok = search_apply(s, base);
    n->spec = own;
    if (!ok)
        return false;
    ir_canonical_sha256(ctx, n->quantized, hash);
    /* who tells code and stack; the helpers that all runs share */
    search_point size = {0};
    if (!measure_sizes(s, ctx, n->legal, &size))
        return false;
    s->identity = arena_printf(ctx->a, "%s on %s%s, %s by %s", hash, o->select->sha256,
                               o->labels ? " with labels" : "", o->emit.target,
                               s->how.by ? s->how.by : "nobody");
    memo_read(s);
    return true;
}
