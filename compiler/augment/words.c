/* words.c - steps of augmentation from their words, in QDL and on the command line. */
#include <math.h>
#include <string.h>

#include "compiler/augment/internal.h"
#include "compiler/front/ast.h"
#include "compiler/front/literal.h"
#include "compiler/base/diag.h"

const aug_word aug_words[AUG_N_KINDS] = {
    [AUG_ROTATE] = {"rotate", AUG_AROUND, -180, 180, 3, 1, "`rotate 10` (degrees)"},
    [AUG_FLIP] = {"flip", AUG_AXES, 0, 0, 3, 0.5, "`flip h`, `flip v` or `flip hv`"},
    [AUG_CROP] = {"crop", AUG_COUNT, 1, 4096, 2, 1, "`crop 2` (pixels)"},
    [AUG_SHIFT] = {"shift", AUG_AROUND, -1, 1, 2, 1, "`shift 0.1` (of the height and the width)"},
    [AUG_SCALE] = {"scale", AUG_AROUND_1, 0.0625, 16, 3, 1, "`scale 0.1` or `scale [0.9, 1.1]`"},
    [AUG_SHEAR] = {"shear", AUG_AROUND, -80, 80, 3, 1, "`shear 10` (degrees)"},
    [AUG_BRIGHTNESS] = {"brightness", AUG_AROUND, -1, 1, 1, 1,
                        "`brightness 0.2` (of the input's range)"},
    [AUG_CONTRAST] = {"contrast", AUG_AROUND_1, 0, 16, 1, 1,
                      "`contrast 0.2` or `contrast [0.8, 1.2]`"},
    [AUG_NOISE] = {"noise", AUG_AMOUNT, 0, 1, 1, 1, "`noise 0.02` (of the input's range)"},
    [AUG_CUTOUT] = {"cutout", AUG_COUNT, 1, 4096, 3, 1, "`cutout 8` (pixels)"},
    [AUG_MIXUP] = {"mixup", AUG_AMOUNT, 0, 1, 1, 1, "`mixup 0.2`"},
    [AUG_TIME_SHIFT] = {"time_shift", AUG_COUNT, 1, 1 << 20, 2, 1, "`time_shift 4` (frames)"},
    [AUG_TIME_MASK] = {"time_mask", AUG_COUNT, 1, 1 << 20, 2, 1, "`time_mask 8` (frames)"},
    [AUG_FREQ_MASK] = {"freq_mask", AUG_COUNT, 1, 1 << 20, 2, 1, "`freq_mask 2` (coefficients)"},
};

const char *aug_name(aug_kind kind)
{
    return aug_words[kind].name;
}

const char *aug_text(qctx *ctx, const aug_spec *s)
{
    buf b;
    buf_init(&b, ctx->a);
    for (int i = 0; i < s->steps.n; i++) {
        const aug_step *t = &s->steps.v[i];
        buf_printf(&b, " %s %a %a %d%d %a", aug_name(t->kind), t->lo, t->hi, t->horizontal,
                   t->vertical, t->probability);
    }
    if (s->steps.n)
        buf_printf(&b, " fill %d%d %a time %d", s->has_fill, s->edge, s->fill, s->time_is_width);
    return buf_str(&b);
}

/* A value as both the QDL and the command line give it. */
typedef struct value {
    qloc loc;
    const char *word; /* or NULL */
    double a, b;
    int numbers; /* 0: a word; 1: a; 2: [a, b] */
    bool whole;
} value;

static bool bad(qctx *ctx, qloc loc, const aug_word *w, const char *message)
{
    diag_add(ctx, D_AUGMENT_VALUE, loc, "%s: %s", w->name, message);
    diag_expected(ctx, "%s", w->example);
    return false;
}

static bool take_axes(qctx *ctx, const aug_word *w, const value *v, aug_step *s)
{
    s->horizontal = v->word && (!strcmp(v->word, "h") || !strcmp(v->word, "hv"));
    s->vertical = v->word && (!strcmp(v->word, "v") || !strcmp(v->word, "hv"));
    return s->horizontal || s->vertical || bad(ctx, v->loc, w, "its axes are h, v or hv");
}

/* lo and hi of a step from its one or two numbers. */
static void take_range(const aug_word *w, const value *v, aug_step *s)
{
    double centre = w->form == AUG_AROUND_1;
    bool counted = w->form == AUG_COUNT || w->form == AUG_AMOUNT;
    s->lo = v->numbers == 2 ? v->a : counted ? 0 : centre - v->a;
    s->hi = v->numbers == 2 ? v->b : centre + v->a;
}

static bool take_value(qctx *ctx, aug_kind kind, const value *v, aug_step *s)
{
    const aug_word *w = &aug_words[kind];
    if (w->form == AUG_AXES)
        return take_axes(ctx, w, v, s);
    bool counted = w->form == AUG_COUNT || w->form == AUG_AMOUNT;
    if (v->numbers == 0)
        return bad(ctx, v->loc, w, "it wants a number");
    if (counted && v->numbers == 2)
        return bad(ctx, v->loc, w, "one number, not a range");
    if (w->form == AUG_COUNT && !v->whole)
        return bad(ctx, v->loc, w, "a whole number is wanted");
    if (v->numbers == 1 && !(v->a > 0))
        return bad(ctx, v->loc, w, "a number above 0 is wanted");
    take_range(w, v, s);
    if (!(s->lo <= s->hi))
        return bad(ctx, v->loc, w, "the range's lower end is above its upper one");
    double lowest = counted ? 0 : w->lowest;
    if (!(s->lo >= lowest && s->hi <= w->highest)) {
        diag_add(ctx, D_AUGMENT_VALUE, v->loc, "%s: it draws from %g to %g", w->name, s->lo, s->hi);
        diag_expected(ctx, "nothing outside %g to %g", lowest, w->highest);
        return false;
    }
    return true;
}

static bool add_step(qctx *ctx, aug_spec *spec, aug_kind kind, qloc loc, const value *v,
                     double probability)
{
    aug_step s = {.kind = kind, .loc = loc, .probability = aug_words[kind].probability};
    if (probability > 0)
        s.probability = probability;
    if (!v->numbers && !v->word)
        return bad(ctx, loc, &aug_words[kind], "it wants a value");
    if (!take_value(ctx, kind, v, &s))
        return false;
    for (int i = 0; i < spec->steps.n; i++)
        if (kind == AUG_MIXUP && spec->steps.v[i].kind == kind)
            return bad(ctx, loc, &aug_words[kind], "once is enough");
    *VEC_PUSH(ctx->a, &spec->steps) = s;
    return true;
}

/* The step of this name, or AUG_N_KINDS after a diagnostic. */
static aug_kind find_kind(qctx *ctx, const char *name, qloc loc)
{
    const char *names[AUG_N_KINDS + 2];
    for (int k = 0; k < AUG_N_KINDS; k++) {
        if (!strcmp(aug_words[k].name, name))
            return (aug_kind)k;
        names[k] = aug_words[k].name;
    }
    names[AUG_N_KINDS] = "fill";
    names[AUG_N_KINDS + 1] = "time";
    diag_add(ctx, D_AUGMENT_STEP, loc, "'%s' is no step of augmentation", name);
    buf b;
    buf_init(&b, ctx->a);
    for (int k = 0; k < AUG_N_KINDS; k++)
        buf_printf(&b, "%s%s", k ? ", " : "", names[k]);
    diag_expected(ctx, "%s", buf_str(&b));
    const char *near = nearest_name(name, names, AUG_N_KINDS + 2);
    if (near)
        diag_hint(ctx, "did you mean '%s'?", near);
    return AUG_N_KINDS;
}

static bool set_fill(qctx *ctx, aug_spec *s, const value *v)
{
    s->edge = v->word && !strcmp(v->word, "edge");
    s->has_fill = v->numbers == 1;
    s->fill = v->a;
    if (s->edge || (s->has_fill && fabs(v->a) <= 1e30))
        return true;
    diag_add(ctx, D_AUGMENT_VALUE, v->loc, "fill: a real value, or `edge`");
    return false;
}

static bool set_time(qctx *ctx, aug_spec *s, const value *v)
{
    s->time_is_width = v->word && !strcmp(v->word, "width");
    if (s->time_is_width || (v->word && !strcmp(v->word, "height")))
        return true;
    diag_add(ctx, D_AUGMENT_VALUE, v->loc, "time: it runs along the `height` or the `width`");
    return false;
}

static bool add_line(qctx *ctx, aug_spec *s, const char *word, qloc loc, const value *v,
                     double probability)
{
    if (!strcmp(word, "fill"))
        return set_fill(ctx, s, v);
    if (!strcmp(word, "time"))
        return set_time(ctx, s, v);
    aug_kind kind = find_kind(ctx, word, loc);
    return kind != AUG_N_KINDS && add_step(ctx, s, kind, loc, v, probability);
}

/* ---- QDL: WORD VALUE [probability P] -------------------------------------------------------- */

static bool from_ast(const ast_value *item, value *v)
{
    *v = (value){.loc = item->loc};
    if (item->kind == AST_V_WORD) {
        v->word = item->text;
        return true;
    }
    if (item->kind == AST_V_NUMBER) {
        v->a = item->number;
        v->numbers = 1;
        v->whole = item->integer;
        return true;
    }
    bool pair = item->kind == AST_V_LIST && item->list.n == 2 &&
                item->list.v[0]->kind == AST_V_NUMBER && item->list.v[1]->kind == AST_V_NUMBER;
    if (pair) {
        v->a = item->list.v[0]->number;
        v->b = item->list.v[1]->number;
        v->numbers = 2;
    }
    return pair;
}

bool aug_add(qctx *ctx, aug_spec *s, const ast_name *word, ast_value *const *items, int n)
{
    value v;
    if (!from_ast(items[0], &v)) {
        diag_add(ctx, D_AUGMENT_VALUE, items[0]->loc,
                 "%s: a number, a word or a range [A, B] is wanted", word->s);
        return false;
    }
    double probability = 0;
    if (n > 1) {
        const ast_value *p = n == 3 ? items[2] : NULL;
        bool good = p && items[1]->kind == AST_V_WORD && !strcmp(items[1]->text, "probability") &&
                    p->kind == AST_V_NUMBER && p->number > 0 && p->number <= 1;
        if (!good) {
            diag_add(ctx, D_AUGMENT_VALUE, items[1]->loc,
                     "%s: only `probability P`, above 0 and at most 1, follows", word->s);
            return false;
        }
        probability = p->number;
    }
    return add_line(ctx, s, word->s, word->loc, &v, probability);
}

/* ---- --augment ------------------------------------------------------------------------------ */

static bool read_number(qctx *ctx, const char *s, size_t n, double *v, bool *whole)
{
    return n > 0 && literal_number(ctx, s, n, v, whole) == LITERAL_OK;
}

/* VALUE, A:B or a word. */
static value from_text(qctx *ctx, const char *s, size_t n)
{
    value v = {.loc = loc_none()};
    const char *colon = memchr(s, ':', n);
    bool whole;
    if (colon && read_number(ctx, s, (size_t)(colon - s), &v.a, &whole) &&
        read_number(ctx, colon + 1, n - (size_t)(colon + 1 - s), &v.b, &whole))
        v.numbers = 2;
    else if (!colon && read_number(ctx, s, n, &v.a, &v.whole))
        v.numbers = 1;
    else
        v.word = arena_printf(ctx->a, "%.*s", (int)n, s);
    return v;
}

static bool bad_probability(qctx *ctx, const char *text)
{
    diag_add(ctx, D_AUGMENT_VALUE, loc_none(),
             "--augment: '%s' is no probability above 0 and at most 1", text);
    return false;
}

static bool add_text(qctx *ctx, aug_spec *s, char *item)
{
    double probability = 0;
    bool whole;
    char *at = strchr(item, '@');
    if (at) {
        *at = '\0';
        if (!read_number(ctx, at + 1, strlen(at + 1), &probability, &whole) ||
            !(probability > 0 && probability <= 1))
            return bad_probability(ctx, at + 1);
    }
    char *equals = strchr(item, '=');
    value v = {.loc = loc_none()};
    if (equals) {
        *equals = '\0';
        v = from_text(ctx, equals + 1, strlen(equals + 1));
    }
    return add_line(ctx, s, item, loc_none(), &v, probability);
}

bool aug_option(qctx *ctx, aug_spec *s, const char *text)
{
    char *copy = arena_printf(ctx->a, "%s", text);
    bool ok = true;
    for (char *item = copy, *next; item; item = next) {
        next = strchr(item, ',');
        if (next)
            *next++ = '\0';
        ok &= add_text(ctx, s, item);
    }
    return ok;
}
