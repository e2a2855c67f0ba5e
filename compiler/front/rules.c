/* rules.c - the quantize part against the graph: do its layers exist, and have they these parts? */
#include <math.h>
#include <string.h>

#include "compiler/front/internal.h"

typedef struct rules {
    qctx *ctx;
    const ir_graph *g;
    name_map tensors;  /* name → id */
    name_map aliases;  /* other name → number of the alias */
} rules;

static void index_names(rules *r)
{
    for (int i = 0; i < r->g->tensors.n; i++)
        name_map_put(r->ctx, &r->tensors, r->g->tensors.v[i]->name, i);
    for (int i = 0; i < r->g->aliases.n; i++)
        name_map_put(r->ctx, &r->aliases, r->g->aliases.v[i].name, i);
}

static const ir_tensor *find(const rules *r, const char *name)
{
    int id = name_map_get(&r->tensors, name);
    return id < 0 ? NULL : r->g->tensors.v[id];
}

static const ir_tensor *find_part(const rules *r, const char *layer, const char *part)
{
    return find(r, arena_printf(r->ctx->a, "%s.%s", layer, part));
}

static bool is_layer(const rules *r, const char *name)
{
    const ir_tensor *t = find(r, name);
    return (t && (t->kind != IR_CONST || ir_is_operand(t))) || find_part(r, name, "weight");
}

static void unknown_layer(rules *r, const spec_rule *rule)
{
    const char **known = ARENA_ARRAY(r->ctx->a, const char *, r->g->tensors.n + r->g->aliases.n);
    int n = 0;
    for (int i = 0; i < r->g->tensors.n; i++)
        if (r->g->tensors.v[i]->kind != IR_CONST || ir_is_operand(r->g->tensors.v[i]))
            known[n++] = r->g->tensors.v[i]->name;
    for (int i = 0; i < r->g->aliases.n; i++)
        known[n++] = r->g->aliases.v[i].name;
    diag_add(r->ctx, D_UNKNOWN_LAYER, rule->loc, "the model has no layer '%s'", rule->layer);
    const char *near = nearest_name(rule->layer, known, n);
    if (near)
        diag_hint(r->ctx, "did you mean '%s'?", near);
}

/* What a block returned goes by the name of the layer that made it. */
static void resolve_alias(const rules *r, spec_rule *rule)
{
    int i = is_layer(r, rule->layer) ? -1 : name_map_get(&r->aliases, rule->layer);
    if (i >= 0)
        rule->layer = r->g->aliases.v[i].of;
}

/* A convolution without bias gets one from the batch norm behind it. */
static bool has_bias(const rules *r, const char *layer)
{
    const ir_tensor *w = find_part(r, layer, "weight");
    if (find_part(r, layer, "bias"))
        return true;
    for (int i = 0; w && i < r->g->ops.n; i++) {
        const ir_op *op = r->g->ops.v[i];
        const ir_op *before = op->n_in ? op->in[0]->producer : NULL;
        if (op->kind == OP_BATCH_NORM && before && ir_weight(before) == w)
            return true;
    }
    return false;
}

static bool check_part(rules *r, const spec_rule *rule)
{
    static const char *const parts[] = {[SPEC_WEIGHT] = "weights", [SPEC_ACTIVATION] = "activation",
                                        [SPEC_BIAS] = "bias"};
    bool has = rule->part == SPEC_ACTIVATION ||
               (rule->part == SPEC_WEIGHT ? find_part(r, rule->layer, "weight") != NULL
                                          : has_bias(r, rule->layer));
    if (!has)
        diag_add(r->ctx, D_NO_SUCH_PART, rule->loc, "the layer '%s' has no %s", rule->layer,
                 parts[rule->part]);
    return has;
}

static bool check_layer(rules *r, spec_rule *rule)
{
    resolve_alias(r, rule);
    if (is_layer(r, rule->layer))
        return check_part(r, rule);
    unknown_layer(r, rule);
    return false;
}

static bool bad_setting(rules *r, const spec_rule *rule, const char *what, const char *expected)
{
    diag_add(r->ctx, D_BAD_SETTING, rule->loc, "%s", what);
    diag_expected(r->ctx, "%s", expected);
    return false;
}

static bool check_settings(rules *r, const spec_rule *rule)
{
    const spec_settings *s = &rule->s;
    bool ok = true;
    if (s->set & SPEC_RANGE && !(s->lo < s->hi && isfinite(s->lo) && isfinite(s->hi)))
        ok = bad_setting(r, rule, "an empty range", "range [lo, hi] with lo < hi");
    if (s->set & SPEC_BITS && rule->part != SPEC_BIAS && (s->bits < 1 || s->bits > 8) &&
        s->bits != 16)
        ok = bad_setting(r, rule, "a width that does not exist", "1 to 8 or 16 bits");
    if (s->set & SPEC_SCALE && !(s->scale > 0 && isfinite(s->scale)))
        ok = bad_setting(r, rule, "a scale that is none", "scale S with S > 0");
    if (rule->part == SPEC_ACTIVATION && s->set & SPEC_SCHEME && s->scheme == IR_Q_CODEBOOK)
        ok = bad_setting(r, rule, "activations have no codebooks", "a uniform grid");
    return ok;
}

bool sema_check_spec(qctx *ctx, const ir_graph *g, quant_spec *spec)
{
    rules r = {.ctx = ctx, .g = g};
    bool ok = true;
    index_names(&r);
    for (int i = 0; i < spec->rules.n; i++) {
        spec_rule *rule = &spec->rules.v[i];
        ok &= check_settings(&r, rule);
        if (rule->layer)
            ok &= check_layer(&r, rule);
    }
    return ok;
}
