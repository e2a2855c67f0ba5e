/* rule.c - one rule of the quantize part, and the checks that a rule allows by itself. What depends
 * on the layer or on other rules is checked where the rules are resolved. */
#include "compiler/quant/rule.h"

#include <string.h>

#include "compiler/quant/setting.h"

typedef setting_reader reader;

/* ---- what excludes what -------------------------------------------------------------------- */

static void conflict(reader *r, int part, unsigned a, unsigned b, const char *message)
{
    diag_add(r->ctx, D_SETTING_CONFLICT, setting_place(r, part, b), "%s", message);
    diag_note_at(r->ctx, setting_place(r, part, a), "the other one");
}

static const struct {
    unsigned a, b;
    const char *message;
} exclusive[] = {
    {SPEC_RANGE, SPEC_OBSERVER, "a range that is given is not calibrated"},
    {SPEC_RANGE, SPEC_SCALE, "a range and an exact scale"},
    {SPEC_OBSERVER, SPEC_SCALE, "an exact scale is not calibrated"},
};

static void check_codebook(reader *r, int part)
{
    const spec_settings *s = &r->s[part];
    bool codebook = s->scheme == IR_Q_CODEBOOK;
    if (!codebook && s->set & SPEC_CODEBOOK_FIT)
        conflict(r, part, SPEC_SCHEME, SPEC_CODEBOOK_FIT, "a uniform grid has no codebook to fit");
    if (!codebook && s->set & SPEC_TABLE)
        conflict(r, part, SPEC_SCHEME, SPEC_TABLE, "a uniform grid has no table");
    if (codebook && s->set & SPEC_GRID)
        conflict(r, part, SPEC_SCHEME, SPEC_GRID, "a codebook has no grid");
    if (codebook && s->set & SPEC_SYMMETRIC)
        conflict(r, part, SPEC_SCHEME, SPEC_SYMMETRIC,
                 "a codebook is neither symmetric nor asymmetric");
    if (codebook && s->set & SPEC_BITS && s->bits > 8)
        conflict(r, part, SPEC_SCHEME, SPEC_BITS, "a codebook has at most 8 bits");
}

static void check_part(reader *r, int part)
{
    const spec_settings *s = &r->s[part];
    for (size_t i = 0; i < sizeof exclusive / sizeof *exclusive; i++)
        if ((s->set & exclusive[i].a) && (s->set & exclusive[i].b))
            conflict(r, part, exclusive[i].a, exclusive[i].b, exclusive[i].message);
    if (s->set & SPEC_SCHEME)
        check_codebook(r, part);
    if (s->set & SPEC_CODEBOOK_FIT && s->set & SPEC_BITS && s->bits <= 8 &&
        s->n_entries > 1 << s->bits)
        conflict(r, part, SPEC_BITS, SPEC_CODEBOOK_FIT, "more entries than codes of this width");
    if (s->set & SPEC_BITS && s->bits == 1 && s->set & SPEC_GRID && s->grid == IR_GRID_TREAD)
        conflict(r, part, SPEC_BITS, SPEC_GRID, "1 bit exists on the midpoint grid only");
    if (s->set & SPEC_PER_CHANNEL && s->per_channel && s->set & SPEC_SCALE)
        conflict(r, part, SPEC_PER_CHANNEL, SPEC_SCALE, "one scale for scales per channel");
    bool midpoint = s->set & SPEC_GRID && s->grid == IR_GRID_MIDPOINT; /* zero is no code there */
    if (s->set & SPEC_SYMMETRIC && s->symmetric && s->zero && !midpoint)
        conflict(r, part, SPEC_SYMMETRIC, SPEC_SCALE, "a symmetric grid has zero point 0");
}

/* ---- rules --------------------------------------------------------------------------------- */

/* The layer of a path (NULL: default); fixes the part where the path names it. */
static const char *read_path(reader *r, const ast_name *path, int n)
{
    static const char *const suffixes[SPEC_N_PARTS] = {"weight", "activation", "bias"};
    for (int p = 0; p < SPEC_N_PARTS && n > 1 && !path[n - 1].quoted; p++)
        if (!strcmp(path[n - 1].s, suffixes[p])) {
            r->part = (spec_part)p;
            r->fixed = r->named = true;
        }
    n -= r->fixed;
    if (n == 1 && !path[0].quoted && !strcmp(path[0].s, "default"))
        return NULL;
    buf b;
    buf_init(&b, r->ctx->a);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "." : "", path[i].s);
    return buf_str(&b);
}

static void report_empty(qctx *ctx, qloc loc)
{
    diag_add(ctx, D_SETTING_VALUE, loc, "a rule without a setting");
    diag_expected(ctx, "a setting such as `int8` or `range [-1, 1]`");
}

bool spec_add_rule(qctx *ctx, quant_spec *s, qloc loc, const ast_name *path, int n_path,
                   ast_value *const *items, int n_items)
{
    int errors = ctx->errors;
    reader *r = ARENA_NEW(ctx->a, reader);
    r->ctx = ctx;
    r->items = items;
    r->n = n_items;
    const char *layer = read_path(r, path, n_path);
    while (r->at < r->n)
        setting_read(r);
    unsigned stated = 0;
    for (int p = 0; p < SPEC_N_PARTS; p++) {
        check_part(r, p);
        stated |= r->s[p].set;
    }
    if (!stated && ctx->errors == errors)
        report_empty(ctx, loc);
    if (ctx->errors != errors)
        return false;
    for (int p = 0; p < SPEC_N_PARTS; p++)
        if (r->s[p].set)
            *VEC_PUSH(ctx->a, &s->rules) = (spec_rule){loc, layer, (spec_part)p, r->s[p]};
    return true;
}

/* ---- directives ---------------------------------------------------------------------------- */

static bool take_numerics(qctx *ctx, quant_spec *s, qloc loc, const ast_value *v)
{
    static const ir_numerics modes[] = {IR_NUM_Q32, IR_NUM_TFLM, IR_NUM_SINGLE, IR_NUM_ONNX};
    const char *names[4];
    for (int i = 0; i < 4; i++) {
        names[i] = ir_numerics_name(modes[i]);
        if (v->kind != AST_V_WORD || strcmp(v->text, names[i]))
            continue;
        s->has_numerics = true;
        s->numerics = modes[i];
        s->numerics_loc = loc;
        return true;
    }
    diag_add(ctx, D_UNKNOWN_NUMERICS, v->loc, "no such numerics");
    diag_expected(ctx, "`q32`, `tflm`, `single` or `onnx`");
    const char *near = v->kind == AST_V_WORD ? nearest_name(v->text, names, 4) : NULL;
    if (near)
        diag_hint(ctx, "did you mean '%s'?", near);
    return false;
}

static bool take_saved(qctx *ctx, quant_spec *s, qloc loc, const ast_value *v)
{
    if (v->kind != AST_V_STRING || strlen(v->text) != 64 ||
        strspn(v->text, "0123456789abcdef") != 64) {
        diag_add(ctx, D_SAVED_HASH, v->loc, "`saved` without the hash of the original files");
        diag_expected(ctx, "64 hexadecimal digits in quotes");
        return false;
    }
    s->saved = true;
    s->source_sha256 = v->text;
    s->saved_loc = loc;
    return true;
}

static const struct directive {
    const char *word;
    bool (*take)(qctx *ctx, quant_spec *s, qloc loc, const ast_value *v);
} directives[] = {{"numerics", take_numerics}, {"saved", take_saved}};

static bool report_directive(qctx *ctx, const ast_name *word)
{
    static const char *const words[] = {"numerics", "saved"};
    diag_add(ctx, D_UNKNOWN_WORD, word->loc, "a rule without `:`, and '%s' is no other statement",
             word->s);
    diag_expected(ctx, "LAYER : SETTINGS, or `numerics MODE`");
    const char *near = nearest_name(word->s, words, 2);
    if (near)
        diag_hint(ctx, "did you mean '%s'?", near);
    else
        diag_hint(ctx, "what a rule is for is followed by `:`");
    return false;
}

bool spec_add_directive(qctx *ctx, quant_spec *s, qloc loc, const ast_name *word,
                        ast_value *const *items, int n_items)
{
    const struct directive *d = NULL;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (!strcmp(word->s, directives[i].word))
            d = &directives[i];
    if (!d)
        return report_directive(ctx, word);
    if (n_items > 1) {
        diag_add(ctx, D_SETTING_VALUE, items[1]->loc, "`%s` takes one value", word->s);
        diag_expected(ctx, "the end of the line");
        return false;
    }
    bool again = d->take == take_saved ? s->saved : s->has_numerics;
    if (again) {
        diag_add(ctx, D_SETTING_TWICE, loc, "a second `%s`", word->s);
        diag_note_at(ctx, d->take == take_saved ? s->saved_loc : s->numerics_loc, "the first one");
        return false;
    }
    return d->take(ctx, s, loc, items[0]);
}
