/* expect.c - syntax errors in human words: what stood there, what could have stood there, and hints
 * for the slips that the grammar can tell. */
#include <string.h>

#include "compiler/front/parse.h"
#include "grammar/qdl.h"

/* What bison could have taken, as bits of the classes below. */
enum {
    E_END = 1 << 0,
    E_NEWLINE = 1 << 1,
    E_WORD = 1 << 2,
    E_STRING = 1 << 3,
    E_NUMBER = 1 << 4,
    E_LIST = 1 << 5,
    E_PIPE = 1 << 6,
    E_RBRACE = 1 << 7,
    E_RPAREN = 1 << 8,
    E_COMMA = 1 << 9,
    E_EQUALS = 1 << 10,
    E_COLON = 1 << 11,
    E_MODEL = 1 << 12,
    E_LPAREN = 1 << 13,
    E_RBRACKET = 1 << 14,
    E_LBRACE = 1 << 15,
    E_DOT = 1 << 16,
    E_SILENT = 1 << 17
};

/* Aliases of qdl.y → classes, in the order in which they are printed. E_SILENT: told by another. */
static const struct {
    const char *alias;
    unsigned bit;
} classes[] = {
    {"a name", E_WORD},       {"a quoted name", E_STRING},
    {"a number", E_NUMBER},   {"a size such as 3x3", E_SILENT},
    {"`model`", E_MODEL},     {"`block`", E_SILENT},
    {"`quantize`", E_SILENT}, {"`input`", E_SILENT},
    {"`output`", E_SILENT},   {"`return`", E_SILENT},
    {"`weights`", E_SILENT},  {"`x`", E_SILENT},
    {"`state`", E_SILENT},    {"`:=`", E_SILENT},
    {"`augment`", E_SILENT},
    {"`[`", E_LIST},          {"`=`", E_EQUALS},
    {"`:`", E_COLON},         {"`.`", E_DOT},
    {"`(`", E_LPAREN},        {"`{`", E_LBRACE},
    {"`|>`", E_PIPE},         {"`,`", E_COMMA},
    {"`)`", E_RPAREN},        {"`]`", E_RBRACKET},
    {"`;`", E_SILENT},        {"the end of the line", E_NEWLINE},
    {"`}`", E_RBRACE},        {"the end of the file", E_END},
};

enum { N_CLASSES = sizeof classes / sizeof *classes };

static unsigned class_bits(const char *const *names, int n)
{
    unsigned bits = 0;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < N_CLASSES; c++)
            if (!strcmp(names[i], classes[c].alias))
                bits |= classes[c].bit;
    return bits;
}

static const char *const statements[] = {"input", "state", "output", "return", "weights"};
static const char *const sections[] = {"model", "block", "quantize", "augment"};
static const char *const directives[] = {"numerics", "saved", "default"};

static const char *statement_words(const qdl_parser *ps)
{
    switch (ps->section) {
    case T_BLOCK:
        return "NAME = …, `return` or `}`";
    case T_AUGMENT:
        return "a step such as `rotate 10`, or `}`";
    case T_QUANTIZE:
        return "`default`, a layer's name, `numerics` or `}`";
    default:
        return "`input`, NAME = …, `output`, `weights native` or `}`";
    }
}

/* Sums of classes that have a word of their own: where all of `has` and none of `lacks` is
 * expected, `gone` is told by `text`; NULL: a setting or an argument. */
static const struct {
    unsigned has, lacks, gone;
    const char *text;
} sums[] = {
    {E_WORD | E_STRING | E_NUMBER | E_LIST | E_LPAREN, 0, E_WORD | E_STRING | E_NUMBER | E_LIST,
     "an attribute's value"},
    {E_WORD | E_STRING | E_NUMBER | E_LIST, E_COLON, E_WORD | E_STRING | E_NUMBER | E_LIST, NULL},
    {E_WORD | E_STRING | E_NUMBER | E_LIST | E_COLON, 0, E_WORD | E_STRING | E_NUMBER | E_LIST,
     "a value"},
    {E_WORD | E_NUMBER | E_LIST, E_STRING, E_WORD | E_NUMBER | E_LIST, "a number, a list"},
    {E_WORD | E_NUMBER, E_STRING, E_WORD | E_NUMBER, "a number"},
    {E_WORD | E_NEWLINE, E_STRING | E_NUMBER, E_WORD, "`real`, `scale`, `layout`"},
    {E_WORD | E_EQUALS, E_STRING | E_NUMBER, E_WORD, "`native`"},
    {E_STRING, 0, E_STRING | E_WORD, "a name"},
};

static void put_item(buf *b, int *count, const char *text)
{
    if (*count)
        buf_puts(b, ", ");
    buf_puts(b, text);
    ++*count;
}

/* "a, b or c". */
static const char *join(qctx *ctx, unsigned bits, const char *sum)
{
    const char *items[N_CLASSES + 1];
    int n = 0;
    if (sum)
        items[n++] = sum;
    for (int c = 0; c < N_CLASSES; c++)
        if (classes[c].bit != E_SILENT && bits & classes[c].bit)
            items[n++] = classes[c].alias;
    buf b;
    buf_init(&b, ctx->a);
    int count = 0;
    for (int i = 0; i + 1 < n; i++)
        put_item(&b, &count, items[i]);
    if (n)
        buf_printf(&b, "%s%s", n > 1 ? " or " : "", items[n - 1]);
    return buf_str(&b);
}

static const char *expected_words(const qdl_parser *ps, unsigned bits)
{
    bool at_start = ps->stmt_tokens == 1;
    if (bits & E_MODEL && bits & E_END)
        return "`model`, `block`, `quantize`, `augment` or the end of the file";
    if (at_start && bits & E_WORD && bits & E_RBRACE)
        return statement_words(ps);
    const char *sum = NULL;
    bits &= ~(unsigned)(E_MODEL | E_SILENT);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        if ((bits & sums[i].has) != sums[i].has || bits & sums[i].lacks)
            continue;
        sum = sums[i].text ? sums[i].text : ps->section == T_QUANTIZE ? "a setting" : "an argument";
        bits &= ~sums[i].gone;
        break;
    }
    return join(ps->ctx, bits, sum);
}

/* What stood there: 'text', cut and without control characters. */
static const char *found(qdl_parser *ps, qloc loc)
{
    if (ps->prev.kind == T_END)
        return "end of the file";
    if (ps->prev.kind == T_NEWLINE)
        return "end of the line";
    int n = (int)(loc.end - loc.begin < 40 ? loc.end - loc.begin : 40);
    if (n == 0)
        return "end of what stands here";
    char *s = arena_printf(ps->ctx->a, "'%.*s'", n, ps->src->text + loc.begin);
    for (char *c = s; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
    return s;
}

/* The bracket that an error inside it, on another line, may be the fault of. */
static void note_open_bracket(qdl_parser *ps, qloc loc)
{
    int d = ps->depth_before;
    if (d == 0 || ps->open[d - 1].kind == T_LBRACE || ps->depth < d)
        return;
    qloc open = ps->open[d - 1].loc;
    if (memchr(ps->src->text + open.end, '\n', loc.begin - open.end))
        diag_note_at(ps->ctx, open, "this bracket is still open");
}

static const char *near_word(const qdl_parser *ps)
{
    if (ps->first_word.kind != T_WORD)
        return NULL;
    const char *s = ps->first_word.v.name.s;
    if (ps->depth_before == 0)
        return nearest_name(s, sections, 4);
    if (ps->section == T_AUGMENT)
        return NULL;
    if (ps->section == T_QUANTIZE)
        return nearest_name(s, directives, 3);
    return nearest_name(s, statements, 4);
}

/* Hints for known slips, most telling first. */
static void add_hint(qdl_parser *ps, unsigned bits)
{
    bool bracket = bits & E_RPAREN && !(bits & E_END);
    const char *near = ps->stmt_tokens == 2 && ps->depth_before <= 1 ? near_word(ps) : NULL;
    int kind = ps->prev.kind;
    if (near)
        diag_hint(ps->ctx, "did you mean '%s'?", near);
    else if ((kind == T_EQUALS || kind == T_COLON) && bracket)
        diag_hint(ps->ctx, "attributes are written `kernel 3x3`, with a blank between");
    else if (kind == T_COLON && bits & E_EQUALS)
        diag_hint(ps->ctx, "inputs are declared as `input NAME : TYPE[DIMS]`");
    else if (kind == T_LBRACE && ps->depth_before > 1)
        diag_hint(ps->ctx, "lists are written with [ and ]");
    else if (kind == T_DOT || ps->before.kind == T_DOT)
        diag_hint(ps->ctx, "names with dots or digits in front are quoted: \"features.0\"");
    else if (kind == T_STRING && bracket)
        diag_hint(ps->ctx, "attribute names are not quoted");
}

void qdl_syntax_error(qdl_parser *ps, qloc loc, const char *const *names, int n)
{
    if (ps->stopped)
        return;
    if (ps->prev.fault.any) { /* told what is wrong with it already */
        qdl_recover(ps);
        return;
    }
    qdl_fail(ps, D_SYNTAX, loc, "unexpected %s", found(ps, loc));
    unsigned bits = class_bits(names, n);
    if (n)
        diag_expected(ps->ctx, "%s", expected_words(ps, bits));
    note_open_bracket(ps, loc);
    add_hint(ps, bits);
    qdl_recover(ps);
}
