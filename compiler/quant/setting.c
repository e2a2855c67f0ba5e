/* setting.c - the table of settings, and the checks that a setting allows by itself. */
#include "compiler/quant/setting.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { W = 1 << SPEC_WEIGHT, A = 1 << SPEC_ACTIVATION, B = 1 << SPEC_BIAS };

const char *const setting_part_words[SPEC_N_PARTS] = {"weights", "activations", "biases"};

typedef setting_reader reader;

typedef struct setting {
    const char *pattern; /* words; # a number; [] a list */
    unsigned bit, parts;
    void (*apply)(reader *r, spec_settings *s, int value, const ast_value *const *v);
    int value;
} setting;

/* ---- values -------------------------------------------------------------------------------- */

static void bad_value(reader *r, qloc loc, const char *message, const char *expected)
{
    diag_add(r->ctx, D_SETTING_VALUE, loc, "%s", message);
    diag_expected(r->ctx, "%s", expected);
}

/* Widths that codes of each part have, as bits of a mask, and how messages list them. */
static const uint64_t widths[SPEC_N_PARTS] = {0x101fe, 0x10100, 0};
static const char *const width_words[SPEC_N_PARTS] = {"1 to 8, or 16", "8 or 16", "32 or 64"};

static void set_width(reader *r, spec_settings *s, qloc loc, double bits)
{
    bool whole = bits >= 1 && bits <= 64 && bits == floor(bits);
    int n = whole ? (int)bits : 0;
    if (r->part == SPEC_BIAS ? n != 32 && n != 64 : n > 16 || !(widths[r->part] >> n & 1)) {
        diag_add(r->ctx, D_SETTING_BITS, loc, "%s cannot have %.15g bits",
                 setting_part_words[r->part], bits);
        diag_expected(r->ctx, "%s", width_words[r->part]);
        return;
    }
    if (r->part == SPEC_BIAS) {
        s->type = n == 32 ? IR_I32 : IR_I64;
        return;
    }
    s->bits = n;
    s->type = n == 16 ? IR_I16 : IR_I8;
    if (r->part == SPEC_ACTIVATION)
        s->set |= SPEC_TYPE;
}

static void take_bits(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)value;
    set_width(r, s, v[0]->loc, v[0]->number);
}

static void take_scheme(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->scheme = (ir_scheme)value;
}

static void take_grid(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->grid = (ir_grid)value;
}

static void take_symmetric(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->symmetric = value;
}

static void take_per_channel(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)v;
    s->per_channel = value;
    if (value && r->part != SPEC_WEIGHT) {
        diag_add(r->ctx, D_SETTING_PART, r->items[r->at]->loc, "%s have one scale per tensor",
                 setting_part_words[r->part]);
        diag_hint(r->ctx, "settings after `weights` are for weights");
    }
}

static void take_range(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)value;
    bool pair = v[0]->list.n == 2 && v[0]->list.v[0]->kind == AST_V_NUMBER &&
                v[0]->list.v[1]->kind == AST_V_NUMBER;
    if (!pair) {
        bad_value(r, v[0]->loc, "a range has two ends", "two numbers: [LOW, HIGH]");
        return;
    }
    s->lo = v[0]->list.v[0]->number;
    s->hi = v[0]->list.v[1]->number;
    if (!(s->lo < s->hi)) {
        diag_add(r->ctx, D_EMPTY_RANGE, v[0]->loc, "the range's lower end %.9g is not below %.9g",
                 s->lo, s->hi);
        if (s->lo > s->hi)
            diag_hint(r->ctx, "the lower end stands first: [%.9g, %.9g]", s->hi, s->lo);
    }
}

static void take_observer(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    s->observer = (spec_observer)value;
    if (s->observer != SPEC_PERCENTILE)
        return;
    s->percentile = v[0]->number;
    if (!(s->percentile > 50 && s->percentile <= 100))
        bad_value(r, v[0]->loc, arena_printf(r->ctx->a, "no percentile %.9g", s->percentile),
                  "a number above 50, at most 100, such as 99.99");
}

static void take_fit(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->fit = (spec_fit)value;
}

static void take_entries(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    int n = v[0]->list.n;
    if (n < 2 || n > 256) {
        bad_value(r, v[0]->loc, arena_printf(r->ctx->a, "a codebook of %d entries", n),
                  "2 to 256 entries");
        return;
    }
    double *entries = ARENA_ARRAY(r->ctx->a, double, n);
    for (int i = 0; i < n; i++) {
        const ast_value *e = v[0]->list.v[i];
        entries[i] = e->number;
        if (e->kind != AST_V_NUMBER || fabs(e->number) > (double)FLT_MAX)
            bad_value(r, e->loc, "a codebook's entries are real numbers", "a number of float32");
    }
    s->fit = (spec_fit)value;
    s->entries = entries;
    s->n_entries = n;
}

static void take_table(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->table_per_channel = value;
}

static void take_pow2(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->pow2 = value;
}

static void take_round(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->round = (spec_round)value;
}

static void take_bias_correct(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->bias_correct = value;
}

static void take_deviation(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->deviation = value;
}

static void take_equalize(reader *r, spec_settings *s, int value, const ast_value *const *v)
{
    (void)r, (void)v;
    s->equalize = value;
}

static void take_scale(reader *r, spec_settings *s, int has_zero, const ast_value *const *v)
{
    bool fits = v[0]->number >= (double)FLT_MIN && v[0]->number <= (double)FLT_MAX;
    if (!fits) {
        diag_add(r->ctx, D_BAD_SCALE, v[0]->loc, "%.9g is no scale", v[0]->number);
        diag_expected(r->ctx, "a number above 0 that float32 holds");
        return;
    }
    s->scale = (double)(float)v[0]->number;
    if (!has_zero)
        return;
    if (v[1]->integer && fabs(v[1]->number) <= INT32_MAX) {
        s->zero = (int32_t)v[1]->number;
    } else {
        diag_add(r->ctx, D_BAD_SCALE, v[1]->loc, "%.9g is no zero point", v[1]->number);
        diag_expected(r->ctx, "a whole number of 32 bits");
    }
}

static const setting settings[] = {
    {"bits #", SPEC_BITS, W | A | B, take_bits, 0},
    {"# bits", SPEC_BITS, W | A | B, take_bits, 0},
    {"uniform", SPEC_SCHEME, W | A, take_scheme, IR_Q_UNIFORM},
    {"codebook", SPEC_SCHEME, W, take_scheme, IR_Q_CODEBOOK},
    {"grid tread", SPEC_GRID, W, take_grid, IR_GRID_TREAD},
    {"grid midpoint", SPEC_GRID, W, take_grid, IR_GRID_MIDPOINT},
    {"symmetric", SPEC_SYMMETRIC, W | A, take_symmetric, true},
    {"asymmetric", SPEC_SYMMETRIC, W | A, take_symmetric, false},
    {"per channel", SPEC_PER_CHANNEL, W | A, take_per_channel, true},
    {"per tensor", SPEC_PER_CHANNEL, W | A, take_per_channel, false},
    {"scale per channel", SPEC_PER_CHANNEL, W | A, take_per_channel, true},
    {"scale per tensor", SPEC_PER_CHANNEL, W | A, take_per_channel, false},
    {"scale #", SPEC_SCALE, W | A, take_scale, false},
    {"scale # zero #", SPEC_SCALE, W | A, take_scale, true},
    {"range []", SPEC_RANGE, W | A, take_range, 0},
    {"calibrate minmax", SPEC_OBSERVER, W | A, take_observer, SPEC_MINMAX},
    {"calibrate moving_average", SPEC_OBSERVER, W | A, take_observer, SPEC_MOVING_AVERAGE},
    {"calibrate percentile #", SPEC_OBSERVER, W | A, take_observer, SPEC_PERCENTILE},
    {"calibrate mse", SPEC_OBSERVER, W | A, take_observer, SPEC_MSE},
    {"calibrate kl", SPEC_OBSERVER, W | A, take_observer, SPEC_KL},
    {"calibrate robust", SPEC_OBSERVER, A, take_observer, SPEC_ROBUST},
    {"power of two", SPEC_POW2, W | A, take_pow2, true},
    {"table per layer", SPEC_TABLE, W, take_table, false},
    {"table per channel", SPEC_TABLE, W, take_table, true},
    {"kmeans", SPEC_CODEBOOK_FIT, W, take_fit, SPEC_FIT_KMEANS},
    {"quantile", SPEC_CODEBOOK_FIT, W, take_fit, SPEC_FIT_QUANTILE},
    {"apot", SPEC_CODEBOOK_FIT, W, take_fit, SPEC_FIT_APOT},
    {"round nearest", SPEC_ROUND, W, take_round, SPEC_NEAREST},
    {"round gptq", SPEC_ROUND, W, take_round, SPEC_GPTQ},
    {"round adaround", SPEC_ROUND, W, take_round, SPEC_ADAROUND},
    {"bias_correct", SPEC_BIAS_CORRECT, W, take_bias_correct, true},
    {"no bias_correct", SPEC_BIAS_CORRECT, W, take_bias_correct, false},
    {"match_deviation", SPEC_DEVIATION, W, take_deviation, true},
    {"no match_deviation", SPEC_DEVIATION, W, take_deviation, false},
    {"equalize", SPEC_EQUALIZE, W, take_equalize, true},
    {"no equalize", SPEC_EQUALIZE, W, take_equalize, false},
    {"entries []", SPEC_CODEBOOK_FIT, W, take_entries, SPEC_FIT_EXPLICIT},
};

enum { N_SETTINGS = sizeof settings / sizeof *settings, MAX_OPERANDS = 2 };

/* ---- matching ------------------------------------------------------------------------------ */

/* The word of a pattern at p, its length in *n; NULL at the end. */
static const char *pattern_word(const char *p, size_t *n)
{
    p += strspn(p, " ");
    *n = strcspn(p, " ");
    return *n ? p : NULL;
}

static bool item_fits(const ast_value *item, const char *word, size_t n)
{
    if (*word == '#')
        return item->kind == AST_V_NUMBER;
    if (*word == '[')
        return item->kind == AST_V_LIST;
    return item->kind == AST_V_WORD && strlen(item->text) == n && !memcmp(item->text, word, n);
}

/* How many items match the pattern from its start; *next: the first word that did not, or NULL. */
static int match(const reader *r, const char *pattern, const char **next,
                 const ast_value **operands)
{
    int matched = 0, n_operands = 0;
    size_t n;
    const char *word;
    for (const char *p = pattern; (word = pattern_word(p, &n)); p = word + n) {
        const ast_value *item = r->at + matched < r->n ? r->items[r->at + matched] : NULL;
        if (!item || !item_fits(item, word, n))
            break;
        if ((*word == '#' || *word == '[') && n_operands < MAX_OPERANDS)
            operands[n_operands++] = item;
        matched++;
    }
    *next = word;
    return matched;
}

static const char *item_text(const reader *r, const ast_value *v)
{
    return arena_strndup(r->ctx->a, v->loc.src->text + v->loc.begin, v->loc.end - v->loc.begin);
}

static const char *next_word(const reader *r, const char *next)
{
    size_t n = strcspn(next, " ");
    if (*next == '#')
        return "a number";
    if (*next == '[')
        return "a list in [ ]";
    return arena_printf(r->ctx->a, "`%.*s`", (int)n, next);
}

/* A setting begun and not ended: what could have followed the `matched` items. */
static void report_partial(const reader *r, int matched)
{
    const char *seen[N_SETTINGS], *plain[N_SETTINGS];
    int n = 0;
    for (int i = 0; i < N_SETTINGS; i++) {
        const char *next;
        const ast_value *operands[MAX_OPERANDS];
        if (match(r, settings[i].pattern, &next, operands) != matched || !next)
            continue;
        const char *word = next_word(r, next);
        bool known = false;
        for (int k = 0; k < n; k++)
            known |= !strcmp(seen[k], word);
        if (known)
            continue;
        plain[n] = arena_strndup(r->ctx->a, next, strcspn(next, " "));
        seen[n++] = word;
    }
    int last = r->at + matched;
    const ast_value *item = last < r->n ? r->items[last] : r->items[r->n - 1];
    const char *before = item_text(r, r->items[last - 1]);
    if (last < r->n)
        diag_add(r->ctx, D_SETTING_VALUE, item->loc, "'%s' cannot follow `%s`", item_text(r, item),
                 before);
    else
        diag_add(r->ctx, D_SETTING_VALUE, item->loc, "nothing follows `%s`", before);
    buf b;
    buf_init(&b, r->ctx->a);
    for (int k = 0; k < n; k++)
        buf_printf(&b, "%s%s", k == 0 ? "" : k == n - 1 ? " or " : ", ", seen[k]);
    diag_expected(r->ctx, "%s", buf_str(&b));
    const char *near =
        last < r->n && item->kind == AST_V_WORD ? nearest_name(item->text, plain, n) : NULL;
    if (near)
        diag_hint(r->ctx, "did you mean '%s'?", near);
}

static void report_unknown(const reader *r, const ast_value *item)
{
    const char *words[N_SETTINGS + SPEC_N_PARTS + 3];
    int n = 0;
    for (int i = 0; i < N_SETTINGS; i++)
        words[n++] =
            arena_strndup(r->ctx->a, settings[i].pattern, strcspn(settings[i].pattern, " "));
    for (int i = 0; i < SPEC_N_PARTS; i++)
        words[n++] = setting_part_words[i];
    words[n++] = "int8";
    words[n++] = "int4";
    words[n++] = "int16";
    diag_add(r->ctx, D_UNKNOWN_SETTING, item->loc, "'%s' is no setting", item_text(r, item));
    const char *near = item->kind == AST_V_WORD ? nearest_name(item->text, words, n) : NULL;
    if (near)
        diag_hint(r->ctx, "did you mean '%s'?", near);
    else if (item->kind == AST_V_LIST)
        diag_hint(r->ctx, item->list.n == 2 ? "a range is written `range [LOW, HIGH]`"
                                            : "a table is written `codebook entries [ … ]`");
}

/* ---- settings ------------------------------------------------------------------------------ */

static int bit_index(unsigned bit)
{
    int i = 0;
    while (bit >> i != 1)
        i++;
    return i;
}

/* Notes that a bit of the current part is stated by the items from r->at; false where it was. */
static bool state_bit(reader *r, unsigned bit, unsigned parts, qloc loc)
{
    spec_settings *s = &r->s[r->part];
    if (!(parts >> r->part & 1)) {
        diag_add(r->ctx, D_SETTING_PART, loc, "%s have no such setting",
                 setting_part_words[r->part]);
        if (!r->fixed)
            diag_hint(
                r->ctx,
                "settings after `weights` are for weights, after `activations` for activations");
        return false;
    }
    qloc *where = &r->where[r->part][bit_index(bit)];
    if (s->set & bit) {
        diag_add(r->ctx, D_SETTING_TWICE, loc, "stated twice for the %s of one rule",
                 setting_part_words[r->part]);
        diag_note_at(r->ctx, *where, "the first one");
        return false;
    }
    s->set |= bit;
    *where = loc;
    return true;
}

/* intN. */
static bool read_int_word(reader *r)
{
    const ast_value *item = r->items[r->at];
    if (item->kind != AST_V_WORD || strncmp(item->text, "int", 3) || !item->text[3] ||
        strspn(item->text + 3, "0123456789") != strlen(item->text + 3))
        return false;
    double bits = 0;
    for (const char *c = item->text + 3; *c; c++)
        bits = bits * 10 + (*c - '0');
    r->at++;
    unsigned bit = r->part == SPEC_BIAS ? SPEC_TYPE : SPEC_BITS;
    if (state_bit(r, bit, W | A | B, item->loc))
        set_width(r, &r->s[r->part], item->loc, bits);
    return true;
}

static bool read_part_word(reader *r)
{
    const ast_value *item = r->items[r->at];
    for (int p = 0; p < SPEC_N_PARTS; p++) {
        if (item->kind != AST_V_WORD || strcmp(item->text, setting_part_words[p]))
            continue;
        r->at++;
        if (r->fixed && r->part != (spec_part)p) {
            diag_add(r->ctx, D_SETTING_PART, item->loc, "this rule is for the %s of its layer",
                     setting_part_words[r->part]);
            return true;
        }
        r->part = (spec_part)p;
        r->named = true;
        return true;
    }
    return false;
}

/* Whether a word begins a setting of its own, so that reading may go on there after an error. */
static bool begins_setting(const ast_value *item)
{
    if (item->kind != AST_V_WORD)
        return false;
    if (!strncmp(item->text, "int", 3))
        return true;
    for (int p = 0; p < SPEC_N_PARTS; p++)
        if (!strcmp(item->text, setting_part_words[p]))
            return true;
    for (int i = 0; i < N_SETTINGS; i++)
        if (item_fits(item, settings[i].pattern, strcspn(settings[i].pattern, " ")))
            return true;
    return false;
}

static void read_words(reader *r)
{
    const setting *full = NULL;
    const ast_value *operands[MAX_OPERANDS] = {NULL, NULL}, *tried[MAX_OPERANDS];
    int best = 0, length = 0;
    for (int i = 0; i < N_SETTINGS; i++) {
        const char *next;
        int matched = match(r, settings[i].pattern, &next, tried);
        if (matched > best)
            best = matched;
        if (!next && matched > length) {
            full = &settings[i];
            length = matched;
            memcpy(operands, tried, sizeof operands);
        }
    }
    if (best == 0) {
        report_unknown(r, r->items[r->at++]);
        return;
    }
    if (length < best) {
        report_partial(r, best);
        r->at += best;
        r->at += r->at < r->n && !begins_setting(r->items[r->at]);
        return;
    }
    /* What is calibrated without a part being named is activations. */
    if (full->bit == SPEC_OBSERVER && !r->named)
        r->part = SPEC_ACTIVATION;
    unsigned bit = full->bit == SPEC_BITS && r->part == SPEC_BIAS ? SPEC_TYPE : full->bit;
    qloc loc = loc_span(r->items[r->at]->loc, r->items[r->at + length - 1]->loc);
    if (state_bit(r, bit, full->parts, loc))
        full->apply(r, &r->s[r->part], full->value, operands);
    r->at += length;
    if (!r->named)
        r->part = SPEC_WEIGHT;
}

void setting_read(reader *r)
{
    if (!read_part_word(r) && !read_int_word(r))
        read_words(r);
}

qloc setting_place(const reader *r, int part, unsigned bit)
{
    return r->where[part][bit_index(bit)];
}
