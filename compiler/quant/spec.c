/* spec.c - what the rules ask for, resolved layer by layer; command line settings as rules. */
#include "compiler/quant/spec.h"

#include <string.h>

#include "compiler/front/literal.h"
#include "compiler/quant/rule.h"

quant_spec *spec_new(qctx *ctx)
{
    return ARENA_NEW(ctx->a, quant_spec);
}

const char *spec_observer_name(spec_observer o)
{
    static const char *const names[] = {"minmax", "moving_average", "percentile", "mse", "kl", "robust"};
    return names[o];
}

static const spec_settings built_in[] = {
    [SPEC_WEIGHT] =
        {.bits = 8, .symmetric = true, .per_channel = true, .observer = SPEC_MSE, .type = IR_I8},
    [SPEC_ACTIVATION] = {.bits = 8, .observer = SPEC_MSE, .type = IR_I8},
    [SPEC_BIAS] = {.bits = 32, .symmetric = true, .type = IR_I32},
};

/* A range, an exact scale and a calibration are three ways to one thing: the last one stated wins.
 */
static unsigned displaced(unsigned set)
{
    const unsigned ways = SPEC_RANGE | SPEC_SCALE | SPEC_OBSERVER;
    return set & ways ? ways : 0;
}

static void override(spec_settings *to, const spec_settings *s)
{
    to->set = (to->set & ~displaced(s->set)) | s->set;
    if (s->set & SPEC_BITS)
        to->bits = s->bits;
    if (s->set & (SPEC_BITS | SPEC_TYPE))
        to->type = s->type;
    if (s->set & SPEC_GRID)
        to->grid = s->grid;
    if (s->set & SPEC_SYMMETRIC)
        to->symmetric = s->symmetric;
    if (s->set & SPEC_PER_CHANNEL)
        to->per_channel = s->per_channel;
    if (s->set & SPEC_RANGE) {
        to->lo = s->lo;
        to->hi = s->hi;
    }
    if (s->set & SPEC_OBSERVER) {
        to->observer = s->observer;
        to->percentile = s->percentile;
    }
    if (s->set & SPEC_SCHEME)
        to->scheme = s->scheme;
    if (s->set & SPEC_CODEBOOK_FIT) {
        to->fit = s->fit;
        to->entries = s->entries;
        to->n_entries = s->n_entries;
    }
    if (s->set & SPEC_TABLE)
        to->table_per_channel = s->table_per_channel;
    if (s->set & SPEC_POW2)
        to->pow2 = s->pow2;
    if (s->set & SPEC_ROUND)
        to->round = s->round;
    if (s->set & SPEC_BIAS_CORRECT)
        to->bias_correct = s->bias_correct;
    if (s->set & SPEC_DEVIATION)
        to->deviation = s->deviation;
    if (s->set & SPEC_EQUALIZE)
        to->equalize = s->equalize;
    if (s->set & SPEC_SCALE) {
        to->scale = s->scale;
        to->zero = s->zero;
    }
}

spec_settings spec_for(const quant_spec *s, const char *layer, spec_part part)
{
    spec_settings result = built_in[part];
    for (int of_layer = 0; of_layer < 2; of_layer++) {
        for (int i = 0; i < s->rules.n; i++) {
            const spec_rule *r = &s->rules.v[i];
            bool mine = of_layer ? r->layer && layer && !strcmp(r->layer, layer) : !r->layer;
            if (mine && r->part == part)
                override(&result, &r->s);
        }
    }
    return result;
}

/* ---- command line -------------------------------------------------------------------------- */

typedef struct option {
    qctx *ctx;
    const source *src; /* "--range c1=-1:1", what carets point into */
    const char *which;
    uint32_t at; /* where the option's value begins in src */
    ast_value *items[2];
    int n;
} option;

static ast_value *value_at(option *o, ast_vkind kind, uint32_t begin, uint32_t end)
{
    ast_value *v = ARENA_NEW(o->ctx->a, ast_value);
    v->kind = kind;
    v->loc = (qloc){o->src, begin, end};
    v->text = arena_strndup(o->ctx->a, o->src->text + begin, end - begin);
    return v;
}

static bool fail(option *o, uint32_t begin, uint32_t end, const char *expected)
{
    qloc loc = {o->src, begin, end > begin ? end : begin + 1};
    diag_add(o->ctx, D_BAD_SETTING_OPTION, loc, "no value of --%s", o->which);
    diag_expected(o->ctx, "%s", expected);
    return false;
}

static bool number_at(option *o, uint32_t begin, uint32_t end, ast_value **v)
{
    *v = value_at(o, AST_V_NUMBER, begin, end);
    return literal_number(o->ctx, o->src->text + begin, end - begin, &(*v)->number,
                          &(*v)->integer) == LITERAL_OK;
}

/* A:B */
static bool range_value(option *o, uint32_t begin, uint32_t end)
{
    const char *text = o->src->text, *colon = memchr(text + begin, ':', end - begin);
    uint32_t middle = colon ? (uint32_t)(colon - text) : end;
    ast_value *list = value_at(o, AST_V_LIST, begin, end), *lo, *hi;
    if (!colon || !number_at(o, begin, middle, &lo) || !number_at(o, middle + 1, end, &hi))
        return fail(o, begin, end, "[LAYER=]LOW:HIGH, such as -1:1 or c1=-0.5:0.5");
    *VEC_PUSH(o->ctx->a, &list->list) = lo;
    *VEC_PUSH(o->ctx->a, &list->list) = hi;
    o->items[o->n++] = list;
    return true;
}

static bool bits_value(option *o, uint32_t begin, uint32_t end)
{
    ast_value *v;
    if (!number_at(o, begin, end, &v) || !v->integer)
        return fail(o, begin, end, "[LAYER=]N, such as 8 or c1=4");
    o->items[o->n++] = v;
    return true;
}

static bool word_value(option *o, uint32_t begin, uint32_t end)
{
    if (begin == end)
        return fail(o, begin, end,
                    !strcmp(o->which, "grid") ? "[LAYER=]tread or [LAYER=]midpoint"
                                              : "q32, tflm, single or onnx");
    o->items[o->n++] = value_at(o, AST_V_WORD, begin, end);
    return true;
}

static const struct option_kind {
    const char *which;
    bool layered;
    bool (*value)(option *o, uint32_t begin, uint32_t end);
} option_kinds[] = {
    {"range", true, range_value},
    {"bits", true, bits_value},
    {"grid", true, word_value},
    {"numerics", false, word_value},
};

/* LAYER or LAYER.weight, LAYER.activation, LAYER.bias; the layer's own name is taken as it is. */
static int layer_path(option *o, uint32_t begin, uint32_t end, ast_name path[2])
{
    static const char *const suffixes[] = {".weight", ".activation", ".bias"};
    const char *text = arena_strndup(o->ctx->a, o->src->text + begin, end - begin);
    qloc loc = {o->src, begin, end};
    size_t n = strlen(text);
    path[0] = (ast_name){text, loc, true};
    path[1] = (ast_name){"weight", loc, false};
    for (int i = 0; i < 3; i++) {
        size_t m = strlen(suffixes[i]);
        if (n <= m || strcmp(text + n - m, suffixes[i]))
            continue;
        path[0].s = arena_strndup(o->ctx->a, text, n - m);
        path[1].s = suffixes[i] + 1;
    }
    return 2;
}

static bool add_option(option *o, quant_spec *s, const struct option_kind *kind)
{
    uint32_t end = (uint32_t)o->src->len, begin = o->at;
    const char *equals = kind->layered ? strrchr(o->src->text + o->at, '=') : NULL;
    ast_name path[2] = {{"default", {o->src, 0, begin}, false},
                        {"weight", {o->src, 0, begin}, false}};
    if (equals) {
        uint32_t stop = (uint32_t)(equals - o->src->text);
        if (stop == begin)
            return fail(o, begin, stop, "a layer's name before `=`");
        layer_path(o, begin, stop, path);
        begin = stop + 1;
    }
    qloc loc = {o->src, o->at, end > o->at ? end : o->at + 1};
    if (kind->layered)
        o->items[o->n++] = value_at(o, AST_V_WORD, 2, 2 + (uint32_t)strlen(o->which));
    if (!kind->value(o, begin, end))
        return false;
    if (kind->layered)
        return spec_add_rule(o->ctx, s, loc, path, 2, o->items, o->n);
    ast_name word = {o->which, loc, false};
    s->has_numerics = false; /* the last one stated wins */
    return spec_add_directive(o->ctx, s, loc, &word, o->items, o->n);
}

bool spec_option(qctx *ctx, quant_spec *s, const char *which, const char *text)
{
    source *src = ARENA_NEW(ctx->a, source);
    src->name = "<command line>";
    src->text = arena_printf(ctx->a, "--%s %s", which, text);
    src->len = strlen(src->text);
    option o = {.ctx = ctx, .src = src, .which = which, .at = (uint32_t)strlen(which) + 3};
    for (size_t i = 0; i < sizeof option_kinds / sizeof *option_kinds; i++)
        if (!strcmp(which, option_kinds[i].which))
            return add_option(&o, s, &option_kinds[i]);
    diag_add(ctx, D_BAD_SETTING_OPTION, loc_file(src), "no setting --%s", which);
    return false;
}
